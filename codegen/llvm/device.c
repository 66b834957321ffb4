/* device.c - a program as a kernel of a GPU: parameters, ids, arrays, traps. A trap ends the invocation; barriers of both families wait for those
 * alone that have not ended. */
#include "codegen/llvm/device.h"

#include <string.h>

#include "ir/facts.h"
#include "ir/walk.h"
#include "runtime-stub/vyre_device.h"

static LLVMValueRef word(struct lower *l, uint32_t v)
{
    return const_int(l, 32, v);
}

static LLVMValueRef multiply(struct lower *l, LLVMValueRef a, LLVMValueRef b)
{
    return LLVMBuildMul(l->b, a, b, "");
}

static LLVMValueRef add(struct lower *l, LLVMValueRef a, LLVMValueRef b)
{
    return LLVMBuildAdd(l->b, a, b, "");
}

/* -- what the program uses ------------------------------------------------------------------------------------------------------ */

struct usage {
    struct arena *arena;
    struct device_tables *tables;
    bool traps, ends; /* an invocation may end by one */
};

static void note_table(struct usage *u, const struct ir_buffer *b)
{
    if (b->space != IR_SPACE_DATA) return;
    for (uint32_t i = 0; i < u->tables->n; i++)
        if (&u->tables->at[i]->buffer == b) return;
    vec_push(u->arena, u->tables, b->data);
}

static void note_expr(void *ctx, struct ir_expr **place)
{
    const struct ir_expr *e = *place;
    if (e->op == IR_OP_LOAD || e->op == IR_OP_LEN) note_table(ctx, e->buffer);
}

static void note_stmt(void *ctx, struct ir_stmt *s)
{
    struct usage *u = ctx;
    if (s->kind == IR_STMT_TRAP || s->kind == IR_STMT_TELL || s->kind == IR_STMT_WHILE) u->traps = true;
    u->ends |= s->kind == IR_STMT_TRAP || (s->kind == IR_STMT_WHILE && !s->while_.told.goes_on);
    if (s->kind == IR_STMT_COPY_ASYNC) note_table(u, s->copy.src);
}

static struct usage find_usage(const struct ir_program *p, struct arena *arena, struct device_tables *tables)
{
    struct usage u = {.arena = arena, .tables = tables};
    struct ir_block *body = (struct ir_block *)&p->body; /* only looked at */
    ir_walk_exprs(body, note_expr, &u);
    ir_walk_stmts(body, note_stmt, &u);
    return u;
}

void llvm_find_device_tables(const struct ir_program *p, struct arena *arena, struct device_tables *tables)
{
    *tables = (struct device_tables){0};
    find_usage(p, arena, tables);
}

/* -- parameters: the argument block of vyre_device.h ---------------------------------------------------------------------------- */

/* Where each group of parameters begins, in the order of the block. */
struct places {
    uint32_t tables, trap, groups, base, lengths, params, n;
};

static struct places place_params(const struct ir_program *p, const struct device_interface *interface)
{
    struct places at = {.tables = p->buffers.n};
    at.trap = at.tables + interface->tables.n;
    at.groups = at.trap + 1;
    at.base = at.groups + 3;
    at.lengths = at.base + 3;
    at.params = at.lengths + p->buffers.n;
    at.n = at.params + p->params.n;
    return at;
}

static uint32_t slot_bytes(const struct ir_param *p)
{
    return ir_type_mem_bytes(p->type) <= 4 ? 4 : 8;
}

static void lay_out_args(struct lower *l, const struct places *at, struct device_interface *interface)
{
    const struct ir_program *p = l->program;
    uint32_t bytes = at->groups * 8 + (at->params - at->groups) * 4;
    interface->params = ARENA_ARRAY(l->arena, uint32_t, p->params.n + 1);
    for (uint32_t i = 0; i < p->params.n; i++) {
        uint32_t size = slot_bytes(p->params.at[i]);
        bytes = (bytes + size - 1) & ~(size - 1);
        interface->params[i] = bytes;
        bytes += size;
    }
    interface->args_bytes = (bytes + 7) & ~7u;
}

static LLVMTypeRef kernel_type(struct lower *l, const struct places *at)
{
    LLVMTypeRef *types = ARENA_ARRAY(l->arena, LLVMTypeRef, at->n),
                global = LLVMPointerTypeInContext(l->context, SPACE_GLOBAL);
    for (uint32_t i = 0; i < at->n; i++)
        types[i] = i < at->groups                                           ? global
                   : i < at->params                                         ? type_int(l, 32)
                   : slot_bytes(l->program->params.at[i - at->params]) == 4 ? type_int(l, 32)
                                                                            : type_int(l, 64);
    return LLVMFunctionType(LLVMVoidTypeInContext(l->context), types, at->n, false);
}

static void add_param_attribute(struct lower *l, uint32_t param, const char *name, uint64_t value)
{
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    LLVMAddAttributeAtIndex(l->fn, param + 1, LLVMCreateEnumAttribute(l->context, kind, value));
}

static void describe_pointer(struct lower *l, uint32_t param, bool is_read_only)
{
    add_param_attribute(l, param, "noalias", 0);
    add_param_attribute(l, param, "align", VYRE_DEVICE_ALIGN);
    if (is_read_only) add_param_attribute(l, param, "readonly", 0);
}

static void set_buffers(struct lower *l, const struct places *at, const struct device_interface *interface)
{
    const struct ir_program *p = l->program;
    l->buffers = ARENA_ARRAY(l->arena, struct array, p->buffers.n + 1);
    for (uint32_t i = 0; i < p->buffers.n; i++) {
        const struct ir_buffer *b = p->buffers.at[i];
        LLVMValueRef length = LLVMBuildZExt(l->b, LLVMGetParam(l->fn, at->lengths + i), type_int(l, 64), "");
        l->buffers[i] = (struct array){
            .buffer = b, .base = LLVMGetParam(l->fn, i), .count = b->sized ? const_int(l, 64, b->count) : length};
        describe_pointer(l, i, !ir_access_writes(b->access));
    }
    l->data = ARENA_ARRAY(l->arena, struct array, p->module->data.n + 1);
    for (uint32_t i = 0; i < interface->tables.n; i++) {
        const struct ir_buffer *b = &interface->tables.at[i]->buffer;
        l->data[b->index] = (struct array){
            .buffer = b, .base = LLVMGetParam(l->fn, at->tables + i), .count = const_int(l, 64, b->count)};
        describe_pointer(l, at->tables + i, true);
    }
}

/* -- ids ------------------------------------------------------------------------------------------------------------------------ */

static LLVMValueRef hardware_id(struct lower *l, const char *intrinsic)
{
    return build_call(l, intrinsic, NULL, NULL, 0);
}

/* Of a row of workgroups whose width the launch gives in place of base.y; base.x is an invocation. */
static void set_free_ids(struct lower *l, const struct places *at)
{
    struct device_frame *f = device_frame_of(l);
    LLVMValueRef width = LLVMGetParam(l->fn, at->base + 1);
    for (uint32_t c = 0; c < 3; c++) {
        f->groups[c] = LLVMGetParam(l->fn, at->groups + c);
        f->lid[c] = f->wid[c] = f->gid[c] = word(l, 0);
    }
    f->lid[0] = f->linear_lid = hardware_id(l, f->family->local_id[0]);
    f->wid[0] = hardware_id(l, f->family->workgroup_id[0]);
    f->gid[0] = add(l, add(l, multiply(l, f->wid[0], width), f->lid[0]), LLVMGetParam(l->fn, at->base));
}

static void set_ids(struct lower *l, const struct places *at)
{
    struct device_frame *f = device_frame_of(l);
    const uint32_t *size = l->program->workgroup;
    if (f->has_free_width) {
        set_free_ids(l, at);
        return;
    }
    for (uint32_t c = 0; c < 3; c++) {
        f->groups[c] = LLVMGetParam(l->fn, at->groups + c);
        f->lid[c] = size[c] == 1 ? word(l, 0) : hardware_id(l, f->family->local_id[c]);
        f->wid[c] = add(l, hardware_id(l, f->family->workgroup_id[c]), LLVMGetParam(l->fn, at->base + c));
        f->gid[c] = add(l, multiply(l, f->wid[c], word(l, size[c])), f->lid[c]);
    }
    f->linear_lid = f->lid[2];
    for (uint32_t c = 2; c-- > 0;)
        f->linear_lid = add(l, multiply(l, f->linear_lid, word(l, size[c])), f->lid[c]);
}

static struct value device_id(struct lower *l, enum ir_op op, uint32_t component)
{
    struct device_frame *f = device_frame_of(l);
    switch (op) {
    case IR_OP_GID:
        return value_uniform(IR_TYPE(U32), f->gid[component]);
    case IR_OP_LID:
        return value_uniform(IR_TYPE(U32), f->lid[component]);
    case IR_OP_WID:
        return value_uniform(IR_TYPE(U32), f->wid[component]);
    case IR_OP_NUM_WORKGROUPS:
        return value_uniform(IR_TYPE(U32), f->groups[component]);
    default:
        return value_uniform(IR_TYPE(U32), LLVMBuildAnd(l->b, f->linear_lid, word(l, IR_SUBGROUP_SIZE - 1), ""));
    }
}

static LLVMValueRef load_param(struct lower *l, const struct ir_param *p)
{
    return value_resize(l, device_frame_of(l)->params[p->index], type_int(l, 64), false);
}

static void device_barrier(struct lower *l)
{
    device_frame_of(l)->family->barrier(l);
}

/* -- traps: the greatest of all keys stays, see struct vyre_trap_record ---------------------------------------------------------- */

static LLVMValueRef linear_invocation(struct lower *l, LLVMValueRef lane)
{
    struct device_frame *f = device_frame_of(l);
    const uint32_t *size = l->program->workgroup;
    (void)lane; /* an invocation is its own */
    LLVMValueRef id = f->gid[2];
    for (uint32_t c = 2; c-- > 0;)
        id = add(l, multiply(l, id, multiply(l, f->groups[c], word(l, size[c]))), f->gid[c]);
    return id;
}

static LLVMValueRef widen(struct lower *l, LLVMValueRef v)
{
    return LLVMBuildZExt(l->b, v, type_int(l, 64), "");
}

static void report_trap(struct lower *l, LLVMValueRef invocation, LLVMValueRef code, uint32_t arm)
{
    struct device_frame *f = device_frame_of(l);
    LLVMValueRef upper = LLVMBuildShl(l->b, widen(l, LLVMBuildNot(l->b, invocation, "")), const_int(l, 64, 32), "");
    LLVMValueRef key = LLVMBuildOr(l->b, upper, widen(l, code), "");
    unsigned scope = LLVMGetSyncScopeID(l->context, f->family->scope_device, (unsigned)strlen(f->family->scope_device));
    LLVMValueRef record = build_element(l, type_int(l, 64), f->trap, const_int(l, 64, arm));
    LLVMBuildAtomicRMWSyncScope(l->b, LLVMAtomicRMWBinOpUMax, record, key, LLVMAtomicOrderingMonotonic, scope);
}

/* -- arrays ---------------------------------------------------------------------------------------------------------------------- */

static uint64_t padded_bytes(const struct ir_buffer *b)
{
    uint64_t align = VYRE_DEVICE_ALIGN;
    return (b->count * ir_type_mem_bytes(b->elem) + align - 1) / align * align;
}

static LLVMValueRef declare_shared(struct lower *l, const struct ir_buffer *b)
{
    LLVMTypeRef type = LLVMArrayType2(type_int(l, 32), padded_bytes(b) / 4);
    const char *name = arena_printf(l->arena, "vyre_%s_%s", l->program->name, b->name);
    LLVMValueRef array = LLVMAddGlobalInAddressSpace(l->module, type, name, SPACE_SHARED);
    LLVMSetInitializer(array, LLVMGetPoison(type)); /* the hardware's memory cannot have one */
    LLVMSetExternallyInitialized(array, true);      /* where no zeros are written, what is there is some value */
    LLVMSetLinkage(array, LLVMInternalLinkage);
    LLVMSetAlignment(array, VYRE_DEVICE_ALIGN);
    return array;
}

/* for (i = linear_lid; i < n_words; i += n_invocations) array[i] = 0 */
static void zero_shared(struct lower *l, LLVMValueRef array, uint64_t n_words)
{
    struct device_frame *f = device_frame_of(l);
    LLVMTypeRef i32 = type_int(l, 32);
    LLVMBasicBlockRef head = block_new(l, "zero"), body = block_new(l, "word"), done = block_new(l, "zeroed");
    LLVMValueRef slot = build_alloca(l, i32, "i");
    LLVMBuildStore(l->b, f->linear_lid, slot);
    block_enter(l, head);
    LLVMValueRef i = LLVMBuildLoad2(l->b, i32, slot, "");
    block_branch(l, LLVMBuildICmp(l->b, LLVMIntULT, i, word(l, (uint32_t)n_words), ""), body, done);
    block_enter(l, body);
    build_store(l, word(l, 0), build_element(l, i32, array, widen(l, i)), 4);
    LLVMBuildStore(l->b, add(l, i, word(l, f->n_invocations)), slot);
    block_jump(l, head);
    block_enter(l, done);
}

static LLVMValueRef declare_private(struct lower *l, const struct ir_buffer *b)
{
    LLVMTypeRef type = LLVMArrayType2(type_int(l, 32), padded_bytes(b) / 4);
    LLVMValueRef array = build_alloca(l, type, b->name);
    LLVMSetAlignment(array, VYRE_DEVICE_ALIGN);
    LLVMBuildMemSet(l->b, array, const_int(l, 8, 0), const_int(l, 64, padded_bytes(b)), VYRE_DEVICE_ALIGN);
    return array;
}

static void set_arrays(struct lower *l, struct device_interface *interface)
{
    const struct ir_program *p = l->program;
    bool any_zeroed = false;
    l->arrays = ARENA_ARRAY(l->arena, struct array, p->arrays.n + 1);
    for (uint32_t i = 0; i < p->arrays.n; i++) {
        const struct ir_buffer *b = p->arrays.at[i];
        bool shared = b->space == IR_SPACE_WORKGROUP;
        LLVMValueRef base = shared ? declare_shared(l, b) : declare_private(l, b);
        l->arrays[i] = (struct array){.buffer = b, .base = base, .count = const_int(l, 64, b->count)};
        if (!shared) continue;
        interface->workgroup_bytes += (uint32_t)padded_bytes(b);
        if (b->no_zeros) continue;
        any_zeroed = true;
        zero_shared(l, base, padded_bytes(b) / 4);
    }
    if (any_zeroed) device_barrier(l);
}

/* -- the kernel -------------------------------------------------------------------------------------------------------------------- */

static void begin_kernel(struct lower *l, const struct places *at, const char *name)
{
    struct device_frame *f = device_frame_of(l);
    l->fn = LLVMAddFunction(l->module, name, kernel_type(l, at));
    LLVMSetFunctionCallConv(l->fn, f->family->calling_convention);
    function_set_features(l, l->fn);
    f->family->prepare_kernel(l);
    LLVMSetCurrentDebugLocation2(l->b, NULL);
    function_open(l);
    debug_function(l, l->fn, l->program);
}

static void lower_body(struct lower *l, const struct places *at, struct device_interface *interface)
{
    struct device_frame *f = device_frame_of(l);
    f->params = ARENA_ARRAY(l->arena, LLVMValueRef, l->program->params.n + 1);
    for (uint32_t i = 0; i < l->program->params.n; i++)
        f->params[i] = LLVMGetParam(l->fn, at->params + i);
    f->trap = LLVMGetParam(l->fn, at->trap);
    set_buffers(l, at, interface);
    set_ids(l, at);
    set_arrays(l, interface);
    l->end = block_new(l, "end");
    stmt_lower_run(l, l->program->body.first, NULL);
    block_enter(l, l->end);
    LLVMBuildRetVoid(l->b);
    LLVMSetCurrentDebugLocation2(l->b, NULL);
}

static struct lower_target make_target(const struct device_family *family)
{
    return (struct lower_target){
        .name = "device",
        .id = device_id,
        .param = load_param,
        .invocation = linear_invocation,
        .barrier = device_barrier,
        .report_trap = report_trap,
        .subgroup = device_subgroup,
        .load_row = device_load_row,
        .store_rows = device_store_rows,
        .forget_rows = device_forget_rows,
        .copy = device_copy,
        .wait = device_wait,
        .is_device = true,
        .scope_device = family->scope_device,
        .scope_workgroup = family->scope_workgroup,
    };
}

void device_lower_program(struct lower *l, const struct ir_program *p, const struct device_family *family,
                          const struct target_info *info, struct device_interface *interface)
{
    struct device_frame frame = {.family = family, .info = info};
    struct lower_target target = make_target(family);
    struct plan plan = {.arena = l->arena, .program = p, .n_launch_phases = 1}; /* barriers are the hardware's */
    *interface = (struct device_interface){.kernel = arena_printf(l->arena, "vyre_%s", p->name)};
    struct usage usage = find_usage(p, l->arena, &interface->tables);
    interface->traps = usage.traps;
    frame.may_end_early = usage.ends;
    frame.n_invocations = p->workgroup[0] * p->workgroup[1] * p->workgroup[2];
    frame.has_free_width = ir_has_free_width(p);
    frame.has_copies = family->has_copies && family->has_copies(info);
    index_facts_find(&frame.facts, l->arena, p);
    device_find_waits(&frame.waits, l->arena, p, &frame.facts);
    l->program = p;
    l->target = &target;
    l->plan = &plan;
    l->frame = &frame;
    l->group_width = l->width = 1;
    l->slots = ARENA_ARRAY(l->arena, struct slot, p->locals.n + 1);
    l->exec = l->ended = NULL;
    l->loop = NULL;
    l->scope = 0;
    struct places at = place_params(p, interface);
    lay_out_args(l, &at, interface);
    begin_kernel(l, &at, interface->kernel);
    interface->max_width = frame.has_free_width ? frame.max_width : 0;
    lower_body(l, &at, interface);
}
