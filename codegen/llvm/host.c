/* host.c - the module of an object: kernels for each chosen level, the container, the descriptor that leads from one to
 * the other, and the functions that users call. Everything but those is local; nothing needs a dynamic relocation. */
#include "codegen/llvm/emit.h"

#include <string.h>

#include "codegen/descriptor.h"
#include "codegen/entry_x86.h"
#include "runtime-stub/vyre_cpu.h"

/* -- levels -------------------------------------------------------------------------------------------------------- */

/* Rows are TARGET_NAME; other families have none. */
static const struct lower_features level_features[TARGET_COUNT] = {
    [TARGET_CPU_X86_64_V2] = {.cpu = "x86-64-v2",
                              .vector_bytes = 16,
                              .byte_shuffle = "llvm.x86.ssse3.pshuf.b.128",
                              .shuffle_bytes = 16},
    [TARGET_CPU_X86_64_V3] = {.cpu = "x86-64-v3",
                              .features = "+fast-gather",
                              .vector_bytes = 32,
                              .gathers = true,
                              .masked_stores = true,
                              .fma = true,
                              .half_conversions = true,
                              .byte_shuffle = "llvm.x86.avx2.pshuf.b",
                              .shuffle_bytes = 32},
    [TARGET_CPU_X86_64_V4] = {.cpu = "x86-64-v4",
                              .vector_width = "512",
                              .features = "+fast-gather",
                              .vector_bytes = 64,
                              .gathers = true,
                              .scatters = true,
                              .masked_stores = true,
                              .fma = true,
                              .half_conversions = true,
                              .byte_shuffle = "llvm.x86.avx512.pshuf.b.512",
                              .shuffle_bytes = 64,
                              .byte_pack = "llvm.x86.avx512.packuswb.512"},
    [TARGET_CPU_AARCH64] = {.cpu = "generic",
                            .vector_bytes = 16,
                            .fma = true,
                            .half_conversions = true,
                            .byte_shuffle = "llvm.aarch64.neon.tbl1",
                            .shuffle_bytes = 16,
                            .shuffle_checks_index = true},
};

const struct lower_features *host_level_features(enum target_id level)
{
    return &level_features[level];
}

void function_add_text(struct lower *l, LLVMValueRef fn, const char *key, const char *value)
{
    LLVMAttributeRef a =
        LLVMCreateStringAttribute(l->context, key, (unsigned)strlen(key), value, (unsigned)strlen(value));
    LLVMAddAttributeAtIndex(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, a);
}

static void add_flag_attribute(LLVMContextRef context, LLVMValueRef fn, const char *name)
{
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    LLVMAddAttributeAtIndex(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(context, kind, 0));
}

void function_set_features(struct lower *l, LLVMValueRef fn)
{
    function_add_text(l, fn, "target-cpu", l->features->cpu);
    if (l->features->features) function_add_text(l, fn, "target-features", l->features->features);
    if (l->features->vector_width) {
        function_add_text(l, fn, "prefer-vector-width", l->features->vector_width);
        function_add_text(l, fn, "min-legal-vector-width", l->features->vector_width);
    }
    function_add_text(l, fn, "no-builtins", ""); /* no loop becomes a call of memcpy */
    add_flag_attribute(l->context, fn, "nounwind");
    if (!l->optimize) {
        add_flag_attribute(l->context, fn, "noinline");
        add_flag_attribute(l->context, fn, "optnone");
    }
}

/* -- globals
 * -------------------------------------------------------------------------------------------------------------------
 */

/* An LLVM module. Objects have one for each level, so that they can be made side by side, and the first has what belongs
 * to all levels; where the least has nothing else, the next one too. Texts are one. */
struct part {
    struct emitter emitter;
    struct lower l;
};
/* What groups of lanes of a program are left to. */
struct singles {
    bool exist, are_all; /* are_all: the least level has no lanes, all its groups are left to them */
    struct cpu_kernel kernel;
};
struct llvm_host {
    struct memory_cleanup cleanup; /* while LLVM's objects are alive */
    const struct codegen_options *options;
    struct arena *scratch;
    struct part *parts;
    uint32_t n_parts, n_open, n_lowered, n_levels, opt_level;
    enum target_id least; /* TARGET_COUNT: none is chosen */
    bool joins;           /* the parts become one by codegen/join.c, which adds what is no code of kernels */
    bool shares_first;    /* the first part has two levels */
    struct lower *l;      /* of the first part */
    const struct ir_module *m;
    const struct object_contents *contents;
    LLVMValueRef container, descriptor; /* in the first part, where they are needed there */
    struct cpu_kernel *kernels;         /* [programs][VYRE_CPU_LEVELS] */
    struct descriptor_kernel *rows;     /* the same with names */
    struct singles *singles;            /* [programs], in the first part */
    uint32_t level_mask;
};

/* What other parts use, too: it is local in the object. */
static void set_shared(const struct llvm_host *h, LLVMValueRef global)
{
    if (!h->joins) {
        LLVMSetLinkage(global, LLVMInternalLinkage);
    } else {
        LLVMSetLinkage(global, LLVMExternalLinkage);
        LLVMSetVisibility(global, LLVMHiddenVisibility);
    }
}

static const char container_name[] = "vyre.container";

/* In the first part: what is loaded from known places of a table is known. An object has it from join.c. */
static void add_container(struct llvm_host *h)
{
    LLVMValueRef bytes = LLVMConstStringInContext2(h->l->context, (const char *)h->contents->container,
                                                   h->contents->container_bytes, true);
    h->container = LLVMAddGlobal(h->l->module, LLVMTypeOf(bytes), container_name);
    LLVMSetInitializer(h->container, bytes);
    LLVMSetGlobalConstant(h->container, true);
    LLVMSetAlignment(h->container, 64);
    LLVMSetSection(h->container, ".vyre.images");
    set_shared(h, h->container);
    if (h->joins) LLVMSetLinkage(h->container, LLVMAvailableExternallyLinkage);
}

/* The container in a part; declared there where another part has it. */
static LLVMValueRef container_in(struct llvm_host *h, struct lower *l)
{
    if (l == h->l) return h->container;
    LLVMValueRef g = LLVMAddGlobal(l->module, type_int(l, 8), container_name);
    LLVMSetGlobalConstant(g, true);
    LLVMSetAlignment(g, 64);
    set_shared(h, g);
    return g;
}

static void set_data(struct llvm_host *h, struct lower *l)
{
    l->data = ARENA_ARRAY(l->arena, struct array, h->m->data.n + 1);
    LLVMValueRef container = h->m->data.n ? container_in(h, l) : NULL;
    for (uint32_t i = 0; i < h->m->data.n; i++) {
        const struct ir_buffer *b = &h->m->data.at[i]->buffer;
        LLVMValueRef offset = LLVMConstInt(type_int(l, 64), h->contents->data_offsets[i], false);
        l->data[i] = (struct array){b, LLVMConstInBoundsGEP2(type_int(l, 8), container, &offset, 1),
                                    const_int(l, 64, b->count), false};
    }
}

/* -- the descriptor: struct vyre_module ---------------------------------------------------------------------------- */

static const char descriptor_name[] = "vyre.module";
enum { MODULE_WORDS = 6, CODE_BYTES = sizeof(struct vyre_cpu_code) };

/* to - (descriptor + offset), as the linker will know it */
static LLVMValueRef distance(struct llvm_host *h, LLVMValueRef to, uint64_t offset)
{
    struct lower *l = h->l;
    LLVMTypeRef i64 = type_int(l, 64);
    LLVMValueRef at = const_int(l, 64, offset);
    LLVMValueRef from = LLVMConstInBoundsGEP2(type_int(l, 8), h->descriptor, &at, 1);
    LLVMValueRef difference = LLVMConstSub(LLVMConstPtrToInt(to, i64), LLVMConstPtrToInt(from, i64));
    return LLVMConstTrunc(difference, type_int(l, 32));
}

static LLVMTypeRef code_type(struct lower *l)
{
    LLVMTypeRef fields[3] = {type_int(l, 32), type_int(l, 32), type_int(l, 64)};
    return LLVMStructTypeInContext(l->context, fields, 3, false);
}

static LLVMTypeRef descriptor_type(struct llvm_host *h)
{
    struct lower *l = h->l;
    LLVMTypeRef fields[2] = {LLVMArrayType2(type_int(l, 32), MODULE_WORDS),
                             LLVMArrayType2(code_type(l), h->m->programs.n * VYRE_CPU_LEVELS)};
    return LLVMStructTypeInContext(l->context, fields, 2, false);
}

static LLVMValueRef code_row(struct llvm_host *h, uint32_t i)
{
    const struct cpu_kernel *k = &h->kernels[i];
    struct lower *l = h->l;
    LLVMValueRef fields[3] = {const_int(l, 32, 0), const_int(l, 32, k->n_phases), const_int(l, 64, k->scratch_bytes)};
    if (k->fn) fields[0] = distance(h, k->fn, MODULE_WORDS * 4 + (uint64_t)i * CODE_BYTES);
    return LLVMConstStructInContext(l->context, fields, 3, false);
}

static void add_descriptor(struct llvm_host *h)
{
    struct lower *l = h->l;
    uint32_t n = h->m->programs.n * VYRE_CPU_LEVELS;
    LLVMTypeRef type = descriptor_type(h);
    h->descriptor = LLVMAddGlobal(l->module, type, descriptor_name);
    LLVMValueRef *rows = ARENA_ARRAY(l->arena, LLVMValueRef, n + 1);
    for (uint32_t i = 0; i < n; i++)
        rows[i] = code_row(h, i);
    LLVMValueRef words[MODULE_WORDS] = {const_int(l, 32, VYRE_MODULE_MAGIC), const_int(l, 32, VYRE_MODULE_VERSION),
                                        distance(h, h->container, 8),        const_int(l, 32, h->m->programs.n),
                                        const_int(l, 32, h->level_mask),     const_int(l, 32, 0)};
    LLVMValueRef fields[2] = {LLVMConstArray2(type_int(l, 32), words, MODULE_WORDS),
                              LLVMConstArray2(code_type(l), rows, n)};
    LLVMSetInitializer(h->descriptor, LLVMConstStructInContext(l->context, fields, 2, false));
    LLVMSetGlobalConstant(h->descriptor, true);
    LLVMSetAlignment(h->descriptor, 16);
    set_shared(h, h->descriptor);
}

/* -- entry functions ----------------------------------------------------------------------------------------------- */

/* int32_t symbol(ctx, rest...) { return runtime_symbol(ctx, &module, unit, rest...); } */
static void add_entry(struct llvm_host *h, const struct object_entry *e)
{
    struct lower *l = h->l;
    uint32_t n_params = 1 + e->n_rest, n_args = 3 + e->n_rest;
    LLVMTypeRef *params = ARENA_ARRAY(l->arena, LLVMTypeRef, n_args), i32 = type_int(l, 32);
    LLVMValueRef *args = ARENA_ARRAY(l->arena, LLVMValueRef, n_args);
    for (uint32_t i = 0; i < n_args; i++)
        params[i] = type_ptr(l);
    LLVMValueRef fn = LLVMAddFunction(l->module, e->symbol, LLVMFunctionType(i32, params, n_params, false));
    LLVMSetSection(fn, arena_printf(l->arena, ".text.%s", e->symbol));
    add_flag_attribute(l->context, fn, "nounwind");
    LLVMPositionBuilderAtEnd(l->b, LLVMAppendBasicBlockInContext(l->context, fn, "entry"));
    args[0] = LLVMGetParam(fn, 0);
    args[1] = h->descriptor;
    args[2] = const_int(l, 32, e->unit);
    params[2] = i32;
    for (uint32_t i = 0; i < e->n_rest; i++)
        args[3 + i] = LLVMGetParam(fn, 1 + i);
    LLVMTypeRef runtime_type = LLVMFunctionType(i32, params, n_args, false);
    LLVMValueRef runtime = LLVMGetNamedFunction(l->module, e->runtime_symbol);
    if (!runtime) runtime = LLVMAddFunction(l->module, e->runtime_symbol, runtime_type);
    LLVMValueRef call = LLVMBuildCall2(l->b, runtime_type, runtime, args, n_args, "");
    LLVMSetTailCall(call, true);
    LLVMBuildRet(l->b, call);
}

static const char *singles_name(const struct llvm_host *h, const struct ir_program *p)
{
    return arena_printf(h->l->arena, "vyre.%s.singles", p->name);
}

/* -- the module
 * ---------------------------------------------------------------------------------------------------------------------
 */

/* Nearly all processors have more than the least level: where there are others, and time to compile matters, it has lanes only
 * where these are many. */
enum { MAX_SPARED_LANES = 4 };

/* True where the least level of all programs has no lanes. */
static bool choose_singles(struct llvm_host *h)
{
    struct lower *l = h->l;
    bool may_spare = h->least == TARGET_CPU_X86_64_V2 && h->n_levels > 1 && h->opt_level <= 2, are_all = true;
    h->singles = ARENA_ARRAY(l->arena, struct singles, h->m->programs.n + 1);
    if (h->least == TARGET_COUNT) return false;
    l->features = &level_features[h->least];
    for (uint32_t i = 0; i < h->m->programs.n; i++) {
        const struct ir_program *p = h->m->programs.at[i];
        struct singles *s = &h->singles[i];
        s->exist = cpu_has_singles(l, p);
        s->are_all = may_spare && s->exist && cpu_count_lanes(l, p) <= MAX_SPARED_LANES;
        are_all &= s->are_all;
    }
    return are_all;
}

/* In the first part, with what the least level has. */
static void lower_singles(struct llvm_host *h)
{
    h->l->features = &level_features[h->least];
    for (uint32_t i = 0; i < h->m->programs.n; i++) {
        const struct ir_program *p = h->m->programs.at[i];
        if (!h->singles[i].exist) continue;
        h->singles[i].kernel = cpu_lower_singles(h->l, p, singles_name(h, p));
        set_shared(h, h->singles[i].kernel.fn);
    }
}

static LLVMValueRef singles_in(struct llvm_host *h, struct lower *l, uint32_t program)
{
    if (l == h->l || !h->singles[program].exist) return h->singles[program].kernel.fn;
    LLVMValueRef fn = cpu_declare_singles(l, singles_name(h, h->m->programs.at[program]));
    set_shared(h, fn);
    return fn;
}

/* Without lanes nothing is left to do for LLVM but where its text is asked for. */
static struct cpu_kernel lower_kernel(struct llvm_host *h, struct lower *l, enum target_id id, uint32_t program,
                                      const char *name)
{
    const struct ir_program *p = h->m->programs.at[program];
    struct cpu_kernel kernel = h->singles[program].kernel;
    if (id != h->least || !h->singles[program].are_all)
        kernel = cpu_lower_program(l, p, name);
    else if (!h->joins)
        kernel.fn = cpu_lower_through_singles(l, p, name);
    else
        return kernel;
    set_shared(h, kernel.fn);
    return kernel;
}

static void lower_level(struct llvm_host *h, struct lower *l, enum target_id id)
{
    l->features = &level_features[id];
    for (uint32_t i = 0; i < h->m->programs.n; i++) {
        const struct ir_program *p = h->m->programs.at[i];
        const char *name = arena_printf(l->arena, "vyre.%s.%s", p->name, target_infos[id].text);
        l->singles = singles_in(h, l, i);
        struct cpu_kernel kernel = lower_kernel(h, l, id, i, name);
        uint32_t at = i * VYRE_CPU_LEVELS + (uint32_t)target_infos[id].level;
        h->kernels[at] = kernel;
        h->rows[at] = (struct descriptor_kernel){name, kernel.n_phases, kernel.scratch_bytes};
    }
    h->level_mask |= 1u << target_infos[id].level;
}

static bool is_chosen(const struct target_set *targets, uint32_t t)
{
    return targets->has[t] && target_infos[t].family == TARGET_FAMILY_CPU;
}

static void end_part(struct part *part)
{
    debug_end(part->l.debug);
    part->l.debug = NULL;
    part->emitter.has_counted_loops = part->l.has_counted_loops;
}

static void prepare_levels(struct llvm_host *h)
{
    size_t n = (size_t)h->m->programs.n * VYRE_CPU_LEVELS + 1;
    for (uint32_t i = 0; i < h->n_parts; i++)
        set_data(h, &h->parts[i].l);
    h->kernels = ARENA_ARRAY(h->l->arena, struct cpu_kernel, n);
    h->rows = ARENA_ARRAY(h->l->arena, struct descriptor_kernel, n);
}

/* The part of a level, which `rank` others are below. */
static uint32_t part_of(const struct llvm_host *h, uint32_t rank)
{
    return h->n_parts == 1 || !rank ? 0 : rank - h->shares_first;
}

static void lower_part(struct llvm_host *h, uint32_t part)
{
    uint32_t rank = 0;
    if (!part && h->least < TARGET_COUNT) lower_singles(h);
    for (uint32_t t = 0; t < TARGET_COUNT; t++)
        if (is_chosen(h->options->targets, t) && part_of(h, rank++) == part)
            lower_level(h, &h->parts[part].l, (enum target_id)t);
    LLVMSetCurrentDebugLocation2(h->parts[part].l.b, NULL);
    end_part(&h->parts[part]);
}

/* The worker has a target machine: that which was made for the layout of modules is the last part's, which this thread does. */
static void give_worker(struct llvm_host *h, struct emitter *e)
{
    struct emitter *last = &h->parts[h->n_parts - 1].emitter;
    LLVMTargetMachineRef machine = e->machine;
    e->machine = NULL;
    if (machine && e == last)
        LLVMDisposeTargetMachine(machine);
    else if (machine)
        last->machine = machine;
    worker_give(h->options->worker, e);
}

/* The next `n` parts, those first that LLVM works on longest: others are lowered meanwhile. This thread does the last itself, unless
 * another is ready for it: for the second level, or the only one. */
static void lower_parts(struct llvm_host *h, uint32_t n)
{
    for (; n && h->n_lowered < h->n_parts; n--) {
        uint32_t part = h->shares_first ? h->n_lowered : h->n_parts - 1 - h->n_lowered;
        lower_part(h, part);
        h->n_lowered++;
        if (h->options->worker && part == part_of(h, h->n_levels > 1))
            give_worker(h, &h->parts[part].emitter);
        else if (h->n_lowered < h->n_parts)
            emitter_start(&h->parts[part].emitter);
    }
}

/* What joining would add. */
static void complete_text(struct llvm_host *h)
{
    add_descriptor(h);
    for (uint32_t i = 0; i < h->contents->n_entries; i++)
        add_entry(h, &h->contents->entries[i]);
}

/* -- opening, running, closing ------------------------------------------------------------------------------------- */

static void open_part(struct llvm_host *h, const struct codegen_options *options, struct arena *scratch)
{
    struct part *part = &h->parts[h->n_open];
    struct lower *l = &part->l;
    emitter_open(&part->emitter, options, h->n_open ? &h->parts->emitter : NULL);
    l->context = part->emitter.context;
    l->module = part->emitter.module;
    l->b = LLVMCreateBuilderInContext(l->context);
    l->arena = scratch;
    l->optimize = options->opt_level > 0;
    l->checks_claims = options->checks_claims;
    h->n_open++;
    if (options->debug_info) l->debug = debug_begin(scratch, l->module, h->m, options->source_name, l->optimize, false);
}

static void release(struct llvm_host *h)
{
    for (uint32_t i = 0; i < h->n_open; i++) {
        emitter_wait(&h->parts[i].emitter);
        end_part(&h->parts[i]);
        LLVMDisposeBuilder(h->parts[i].l.b);
        emitter_close(&h->parts[i].emitter);
    }
}

/* Memory ran out in the middle. */
static void abandon(struct memory_cleanup *cleanup)
{
    release((struct llvm_host *)cleanup);
}

static uint32_t count_levels(const struct target_set *targets)
{
    uint32_t n = 0;
    for (uint32_t t = 0; t < TARGET_COUNT; t++)
        n += is_chosen(targets, t);
    return n;
}

/* TARGET_COUNT: none is chosen. */
static enum target_id find_least(const struct target_set *targets)
{
    uint32_t t = 0;
    while (t < TARGET_COUNT && !is_chosen(targets, t))
        t++;
    return (enum target_id)t;
}

static void finish_parts(struct llvm_host *h, struct arena *scratch)
{
    struct emitter **emitters = ARENA_ARRAY(scratch, struct emitter *, h->n_parts);
    for (uint32_t i = 0; i < h->n_parts; i++)
        emitters[i] = &h->parts[i].emitter;
    emitters_finish(emitters, h->n_parts);
}

static struct join_addition make_container(const struct llvm_host *h)
{
    return (struct join_addition){.symbol = container_name,
                                  .section = ".vyre.images",
                                  .alignment = 64,
                                  .is_hidden = true,
                                  .bytes = (const char *)h->contents->container,
                                  .n = h->contents->container_bytes};
}

static struct join_addition make_spared_kernel(const struct llvm_host *h, uint32_t program, struct arena *scratch)
{
    const struct ir_program *p = h->m->programs.at[program];
    const struct descriptor_kernel *row = &h->rows[program * VYRE_CPU_LEVELS + (uint32_t)target_infos[h->least].level];
    return entry_make_kernel_x86(row->symbol, singles_name(h, p), p->workgroup[0], scratch);
}

/* Of x86-64. */
static void join_parts(const struct llvm_host *h, const struct join_input *objects, struct arena *scratch,
                       struct out *out)
{
    uint32_t n_entries = h->contents->n_entries, n = 0;
    const struct descriptor descriptor = {descriptor_name, container_name, h->rows, h->m->programs.n, h->level_mask};
    struct join_addition *added = ARENA_ARRAY(scratch, struct join_addition, n_entries + h->m->programs.n + 2);
    for (uint32_t i = 0; i < h->m->programs.n; i++)
        if (h->singles[i].are_all) added[n++] = make_spared_kernel(h, i, scratch);
    added[n++] = descriptor_make_x86(&descriptor, scratch);
    added[n++] = make_container(h);
    for (uint32_t i = 0; i < n_entries; i++)
        added[n++] = entry_make_x86(&h->contents->entries[i], descriptor_name, scratch);
    join_objects(objects, h->n_parts, added, n, scratch, out);
}

static void write_parts(const struct llvm_host *h, struct arena *scratch, struct out *out)
{
    struct join_input *objects = ARENA_ARRAY(scratch, struct join_input, h->n_parts);
    for (uint32_t i = 0; i < h->n_parts; i++) {
        const struct emitter *e = &h->parts[i].emitter;
        if (e->code) objects[i] = (struct join_input){LLVMGetBufferStart(e->code), LLVMGetBufferSize(e->code)};
    }
    if (h->joins)
        join_parts(h, objects, scratch, out);
    else if (h->parts->emitter.text)
        out_text(out, h->parts->emitter.text);
    else
        out_bytes(out, objects->bytes, objects->n);
}

struct llvm_host *llvm_host_begin(const struct ir_module *m, const struct codegen_options *options,
                                  struct arena *scratch)
{
    struct llvm_host *h = ARENA_NEW(scratch, struct llvm_host);
    *h = (struct llvm_host){.cleanup.run = abandon,
                            .options = options,
                            .scratch = scratch,
                            .m = m,
                            .n_parts = 1,
                            .n_levels = count_levels(options->targets),
                            .opt_level = options->opt_level,
                            .least = find_least(options->targets)};
    h->joins = options->emit == CODEGEN_EMIT_OBJECT && h->least != TARGET_CPU_AARCH64 && h->n_levels > 0;
    h->parts = ARENA_ARRAY(scratch, struct part, h->n_levels + 1);
    h->l = &h->parts->l;
    memory_push_cleanup(scratch->mem, &h->cleanup);
    open_part(h, options, scratch);
    h->shares_first = choose_singles(h) && h->joins && h->n_levels > 2;
    if (h->joins) h->n_parts = h->n_levels - h->shares_first;
    while (h->n_open < h->n_parts)
        open_part(h, options, scratch);
    if (h->joins && !m->data.n) {
        prepare_levels(h);
        lower_parts(h, 1);
    }
    return h;
}

void llvm_host_finish(struct llvm_host *h, const struct object_contents *contents, struct out *out)
{
    h->contents = contents;
    if (!h->joins || h->m->data.n) add_container(h);
    if (!h->rows) prepare_levels(h);
    lower_parts(h, h->n_parts);
    if (!h->joins) complete_text(h);
    finish_parts(h, h->scratch);
    write_parts(h, h->scratch, out);
    memory_pop_cleanup(h->scratch->mem);
    if (!h->options->ends_process) release(h);
}

void llvm_host_give_up(struct llvm_host *h)
{
    memory_pop_cleanup(h->scratch->mem);
    release(h);
}
