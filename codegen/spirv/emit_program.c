/* emit_program.c - one program as one module: bindings, push constants, ids, the entry point. */
#include "codegen/spirv/emit.h"

#include "codegen/spirv/tools.h"
#include "ir/build.h"
#include "ir/facts.h"
#include "ir/walk.h"
#include "runtime-stub/vyre_container.h"

enum { PUSH_CONSTANT_BYTES = 128, WORD_GROUPS = 0, WORD_BASE = 3, WORD_ZERO = 6, WORD_LENGTHS = 7 };

static spv_id word(struct spirv *e, uint32_t value)
{
    return spv_const_u32(&e->m, value);
}

/* -- what the program uses */

struct usage {
    struct spirv *e;
    bool traps, barriers, subgroups, loops;
    bool ends;        /* an invocation may, by a trap */
    bool other_traps; /* than those in trap_codes */
    bool wide_atomics;
};

/* Invocations that trap with one of few constant codes are told apart by 32-bit atomics, which all devices have. */
static void note_trap(struct usage *u, const struct ir_expr *code, uint32_t arm)
{
    uint32_t value = code ? (uint32_t)code->bits : 1; /* of a `while` that used up its rounds */
    u->traps = true;
    if (code && !ir_is_const(code)) u->other_traps = true;
    for (uint32_t i = 0; i < u->e->interface->trap_codes.n; i++)
        if (u->e->interface->trap_codes.at[i].code == value && u->e->interface->trap_codes.at[i].arm == arm) return;
    if (u->e->interface->trap_codes.n == VYRE_SPIRV_MAX_TRAP_CODES) u->other_traps = true;
    if (!u->other_traps) vec_push(u->e->arena, &u->e->interface->trap_codes, ((struct spirv_trap_code){arm, value}));
}

static void note_table(struct spirv *e, const struct ir_buffer *b)
{
    for (uint32_t i = 0; i < e->interface->tables.n; i++)
        if (&e->interface->tables.at[i]->buffer == b) return;
    vec_push(e->arena, &e->interface->tables, b->data);
}

static void note_expr(void *ctx, struct ir_expr **place)
{
    struct usage *u = ctx;
    const struct ir_expr *x = *place;
    if ((x->op == IR_OP_LOAD || x->op == IR_OP_LEN) && x->buffer->space == IR_SPACE_DATA) note_table(u->e, x->buffer);
    if (ir_op_infos[x->op].traits & IR_TRAIT_SUBGROUP) u->subgroups = true;
}

static void note_stmt(void *ctx, struct ir_stmt *s)
{
    struct usage *u = ctx;
    if (s->kind == IR_STMT_TRAP || s->kind == IR_STMT_TELL) note_trap(u, s->trap.code, s->trap.told.arm);
    if (s->kind == IR_STMT_WHILE) note_trap(u, NULL, s->while_.told.arm);
    u->ends |= s->kind == IR_STMT_TRAP || (s->kind == IR_STMT_WHILE && !s->while_.told.goes_on);
    if (s->kind == IR_STMT_ATOMIC && ir_type_info(s->atomic.buffer->elem)->bits == 64) u->wide_atomics = true;
    if (s->kind == IR_STMT_BARRIER) u->barriers = true;
    if (s->kind == IR_STMT_FOR || s->kind == IR_STMT_WHILE || s->kind == IR_STMT_COPY_ASYNC) u->loops = true;
    if (s->kind == IR_STMT_COPY_ASYNC && s->copy.src->space == IR_SPACE_DATA) note_table(u->e, s->copy.src);
}

/* -- bindings: those given are kept, the others take the lowest free ones in order */

static uint32_t next_binding(const struct ir_program *p, uint32_t *from)
{
    for (;; (*from)++) {
        bool taken = false;
        for (uint32_t i = 0; i < p->buffers.n; i++)
            taken |= p->buffers.at[i]->binding == (int32_t)*from;
        if (!taken) return (*from)++;
    }
}

static void assign_bindings(struct spirv *e, bool traps)
{
    const struct ir_program *p = e->program;
    struct spirv_interface *to = e->interface;
    uint32_t next = 0;
    to->data = ARENA_ARRAY(e->arena, uint32_t, to->tables.n);
    for (uint32_t i = 0; i < p->buffers.n && !to->has_addresses; i++)
        to->buffers[i] = p->buffers.at[i]->binding >= 0 ? (uint32_t)p->buffers.at[i]->binding : next_binding(p, &next);
    for (uint32_t i = 0; i < to->tables.n; i++)
        to->data[i] = next_binding(p, &next);
    to->trap = traps ? next_binding(p, &next) : SPIRV_NONE;
    bool pushed = to->args_bytes <= PUSH_CONSTANT_BYTES && !e->options->args_in_buffer;
    to->args = pushed ? SPIRV_NONE : next_binding(p, &next);
}

static void lay_out_args(struct spirv *e)
{
    const struct ir_program *p = e->program;
    bool has_addresses = e->interface->has_addresses = e->options->is_large && p->buffers.n;
    uint32_t bytes = (WORD_LENGTHS + p->buffers.n) * 4;
    e->interface->params = ARENA_ARRAY(e->arena, uint32_t, p->params.n);
    for (uint32_t i = 0; i < p->params.n; i++) {
        uint32_t size = ir_type_mem_bytes(p->params.at[i]->type) <= 4 ? 4 : 8;
        bytes = (bytes + size - 1) & ~(size - 1);
        e->interface->params[i] = bytes;
        bytes += size;
    }
    bytes = has_addresses ? (bytes + 7) & ~7u : bytes;
    e->interface->buffers = ARENA_ARRAY(e->arena, uint32_t, p->buffers.n);
    for (uint32_t i = 0; i < p->buffers.n && has_addresses; i++, bytes += 8)
        e->interface->buffers[i] = bytes;
    e->interface->args_bytes = bytes;
}

/* -- variables */

/* A block with an array of `unit`s, n being 0 for one sized at run time, and perhaps a word at an offset behind. */
static spv_id block_with_word(struct spirv *e, spv_id unit, uint32_t unit_bytes, uint32_t n, uint32_t word_at)
{
    struct spv_module *m = &e->m;
    uint32_t operands[] = {unit, n ? word(e, n) : 0};
    spv_id array = spv_type_unshared(m, n ? SpvOpTypeArray : SpvOpTypeRuntimeArray, operands, n ? 2 : 1);
    SPV_DECORATE(m, array, SpvDecorationArrayStride, unit_bytes);
    uint32_t members[] = {array, spv_type_uint(m, 32)};
    spv_id block = spv_type_unshared(m, SpvOpTypeStruct, members, word_at ? 2 : 1);
    SPV_DECORATE(m, block, SpvDecorationBlock);
    SPV_PUT(m, &m->sections[SPV_DECORATIONS], SpvOpMemberDecorate, block, 0, SpvDecorationOffset, 0);
    if (word_at) SPV_PUT(m, &m->sections[SPV_DECORATIONS], SpvOpMemberDecorate, block, 1, SpvDecorationOffset, word_at);
    return block;
}

static spv_id block_type(struct spirv *e, spv_id unit, uint32_t unit_bytes, uint32_t n)
{
    return block_with_word(e, unit, unit_bytes, n, 0);
}

static spv_id bind_variable(struct spirv *e, spv_id variable, uint32_t binding)
{
    SPV_DECORATE(&e->m, variable, SpvDecorationDescriptorSet, 0);
    SPV_DECORATE(&e->m, variable, SpvDecorationBinding, binding);
    return variable;
}

static spv_id input(struct spirv *e, SpvBuiltIn which, spv_id type, const char *name)
{
    spv_id variable = spv_variable(&e->m, SpvStorageClassInput, type);
    SPV_DECORATE(&e->m, variable, SpvDecorationBuiltIn, (uint32_t)which);
    spv_name(&e->m, variable, name);
    vec_push(e->arena, &e->entry_interface, variable);
    return SPV_OP(&e->m, SpvOpLoad, type, variable);
}

/* How wide the units are that a storage buffer's elements are made of. */
static uint32_t unit_bits_of(struct spirv *e, ir_type elem)
{
    uint32_t bits = ir_scalar_infos[elem.scalar].mem_bytes * 8u;
    if ((bits == 8 && !e->options->storage_8bit) || (bits == 16 && !e->options->storage_16bit)) return 32;
    if (bits == 64 && e->has_pairs) return 32;
    if (bits < 32) e->interface->uses_small_storage = true;
    if (bits == 8) {
        spv_capability(&e->m, SpvCapabilityStorageBuffer8BitAccess);
        spv_extension(&e->m, "SPV_KHR_8bit_storage");
    }
    if (bits == 16) spv_capability(&e->m, SpvCapabilityStorageBuffer16BitAccess);
    return bits;
}

/* Per element. */
static uint32_t count_units(const struct ir_buffer *b, uint32_t unit_bits)
{
    bool in_halves = ir_scalar_infos[b->elem.scalar].mem_bytes * 8u > unit_bits;
    return b->elem.lanes * (in_halves ? 2u : 1u);
}

static void bind_storage(struct spirv *e, struct spirv_array *a, uint32_t binding)
{
    spv_id block = block_type(e, a->unit_type, a->unit_bits / 8, 0);
    a->variable = bind_variable(e, spv_variable(&e->m, a->storage, block), binding);
    if (!ir_access_writes(a->buffer->access)) SPV_DECORATE(&e->m, a->variable, SpvDecorationNonWritable);
    spv_name(&e->m, a->variable, a->buffer->name);
}

/* A buffer or table: at its binding, or at an address. */
static void declare_storage(struct spirv *e, const struct ir_buffer *b, uint32_t binding, spv_id address, spv_id len)
{
    uint32_t bits = unit_bits_of(e, b->elem);
    struct spirv_array a = {.buffer = b,
                            .len = len,
                            .unit_bits = bits,
                            .units = count_units(b, bits),
                            .is_packed = ir_scalar_infos[b->elem.scalar].mem_bytes * 8u < bits,
                            .is_block = true,
                            .unit_type = spv_type_uint(&e->m, bits),
                            .address = address,
                            .storage = SpvStorageClassStorageBuffer};
    if (address) a.storage = SpvStorageClassPhysicalStorageBuffer;
    vec_push(e->arena, &e->arrays, a);
    if (!address) bind_storage(e, &e->arrays.at[e->arrays.n - 1], binding);
}

/* Workgroup and private arrays have a register-sized unit for each component, which stores need no atomics for. Bytes and halves share
 * units where the workgroup's memory would take more than each device has: passes count on what the elements themselves take. */
enum { SURE_WORKGROUP_BYTES = 16384 };

static uint32_t array_unit_bits(const struct spirv *e, const struct ir_buffer *b)
{
    return ir_scalar_infos[b->elem.scalar].mem_bytes == 8 && !e->has_pairs ? 64 : 32;
}

static bool has_much_workgroup_memory(const struct spirv *e)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < e->program->arrays.n; i++) {
        const struct ir_buffer *b = e->program->arrays.at[i];
        uint32_t bits = array_unit_bits(e, b);
        if (b->space == IR_SPACE_WORKGROUP) bytes += b->count * count_units(b, bits) * (bits / 8);
    }
    return bytes > SURE_WORKGROUP_BYTES;
}

static void declare_array(struct spirv *e, const struct ir_buffer *b, bool packs)
{
    bool shared = b->space == IR_SPACE_WORKGROUP;
    uint32_t bits = array_unit_bits(e, b), elem_bits = ir_scalar_infos[b->elem.scalar].mem_bytes * 8u;
    struct spirv_array a = {.buffer = b,
                            .len = word(e, (uint32_t)b->count),
                            .unit_bits = bits,
                            .units = count_units(b, bits),
                            .is_packed = shared && packs && elem_bits < bits && b->elem.lanes == 1,
                            .unit_type = spv_type_uint(&e->m, bits),
                            .storage = shared ? SpvStorageClassWorkgroup : SpvStorageClassFunction};
    uint32_t n = spirv_array_units(&a);
    a.variable = spv_variable(&e->m, a.storage, SPV_TYPE(&e->m, SpvOpTypeArray, a.unit_type, word(e, n)));
    spv_name(&e->m, a.variable, b->name);
    if (shared) e->interface->workgroup_bytes += n * (bits / 8);
    vec_push(e->arena, &e->arrays, a);
}

static void declare_locals(struct spirv *e)
{
    const struct ir_program *p = e->program;
    e->locals = ARENA_ARRAY(e->arena, spv_value, p->locals.n);
    for (uint32_t i = 0; i < p->locals.n; i++) {
        const struct ir_local *local = p->locals.at[i];
        for (uint32_t c = 0; c < local->type.lanes; c++) {
            spv_id type = spirv_reg_type(e, local->type.scalar);
            e->locals[i].at[c] = spv_variable(&e->m, SpvStorageClassFunction, type);
            if (e->options->debug_info) spv_name(&e->m, e->locals[i].at[c], local->name);
        }
    }
}

/* -- the start of the entry point: what the launch says, and who this invocation is */

struct arg_words {
    spv_id variable;
    SpvStorageClass storage;
};

static struct arg_words declare_args(struct spirv *e)
{
    bool pushed = e->interface->args == SPIRV_NONE;
    SpvStorageClass storage = pushed ? SpvStorageClassPushConstant : SpvStorageClassStorageBuffer;
    uint32_t n = e->interface->args_bytes / 4;
    spv_id variable = spv_variable(&e->m, storage, block_type(e, spv_type_uint(&e->m, 32), 4, n));
    spv_name(&e->m, variable, "launch");
    if (!pushed) bind_variable(e, variable, e->interface->args);
    return (struct arg_words){variable, storage};
}

static spv_id load_arg(struct spirv *e, struct arg_words args, uint32_t index)
{
    spv_id type = spv_type_uint(&e->m, 32), pointer = spv_type_pointer(&e->m, args.storage, type);
    spv_id at = SPV_OP(&e->m, SpvOpAccessChain, pointer, args.variable, word(e, 0), word(e, index));
    return SPV_OP(&e->m, SpvOpLoad, type, at);
}

static spv_id load_param(struct spirv *e, struct arg_words args, const struct ir_param *p)
{
    uint32_t at = e->interface->params[p->index] / 4;
    spv_id bits = load_arg(e, args, at);
    if (ir_type_mem_bytes(p->type) == 8) {
        spv_id high = load_arg(e, args, at + 1);
        bits = spirv_join(e, bits, high);
    }
    return spirv_from_memory(e, p->type.scalar, bits); /* the slot's other bits are zeros */
}

/* gid.x + size.x * (gid.y + size.y * gid.z): the runtime sees to it that it fits. */
static void compute_linear_gid(struct spirv *e)
{
    e->linear_gid = e->gid[2];
    for (int c = 1; c >= 0; c--) {
        spv_id size = spirv_u32(e, SpvOpIMul, e->groups[c], word(e, e->program->workgroup[c]));
        e->linear_gid = spirv_u32(e, SpvOpIAdd, spirv_u32(e, SpvOpIMul, e->linear_gid, size), e->gid[c]);
    }
}

/* A specialisation constant as the workgroup's width, for programs that leave it free: SPIR-V 1.0, 3.21, WorkgroupSize. */
static void declare_width(struct spirv *e)
{
    struct spv_words *globals = &e->m.sections[SPV_GLOBALS];
    spv_id type = spv_type_uint(&e->m, 32), vector = SPV_TYPE(&e->m, SpvOpTypeVector, type, 3), one = word(e, 1);
    e->interface->has_free_width = e->options->leaves_width && ir_has_free_width(e->program);
    if (!e->interface->has_free_width) return;
    e->width = spv_new_id(&e->m);
    spv_id size = spv_new_id(&e->m);
    SPV_PUT(&e->m, globals, SpvOpSpecConstant, type, e->width, e->program->workgroup[0]);
    SPV_PUT(&e->m, globals, SpvOpSpecConstantComposite, vector, size, e->width, one, one);
    SPV_DECORATE(&e->m, e->width, SpvDecorationSpecId, VYRE_SPIRV_WIDTH_ID);
    SPV_DECORATE(&e->m, size, SpvDecorationBuiltIn, SpvBuiltInWorkgroupSize);
}

static void load_ids(struct spirv *e, struct arg_words args)
{
    spv_id type = spv_type_uint(&e->m, 32), vector = SPV_TYPE(&e->m, SpvOpTypeVector, type, 3);
    spv_id wid = input(e, SpvBuiltInWorkgroupId, vector, "workgroup_id");
    spv_id lid = input(e, SpvBuiltInLocalInvocationId, vector, "local_id");
    spv_id exact = spirv_exact_flag(e, SPIRV_EXACT_ZEROS);
    e->hidden_zero = spirv_select(e, type, exact, word(e, 0), load_arg(e, args, WORD_ZERO));
    e->linear_lid = input(e, SpvBuiltInLocalInvocationIndex, type, "local_index");
    for (uint32_t c = 0; c < 3; c++) {
        e->groups[c] = load_arg(e, args, WORD_GROUPS + c);
        e->lid[c] = SPV_OP(&e->m, SpvOpCompositeExtract, type, lid, c);
        spv_id in_part = SPV_OP(&e->m, SpvOpCompositeExtract, type, wid, c);
        e->wid[c] = spirv_u32(e, SpvOpIAdd, in_part, load_arg(e, args, WORD_BASE + c));
        spv_id width = !c && e->width ? e->width : word(e, e->program->workgroup[c]);
        spv_id first = spirv_u32(e, SpvOpIMul, e->wid[c], width);
        e->gid[c] = spirv_u32(e, SpvOpIAdd, first, e->lid[c]);
    }
}

static void declare_counter(struct spirv *e)
{
    spv_id type = spv_type_uint(&e->m, 32);
    e->max_visits = spv_new_id(&e->m);
    SPV_PUT(&e->m, &e->m.sections[SPV_GLOBALS], SpvOpSpecConstant, type, e->max_visits, UINT32_MAX);
    SPV_DECORATE(&e->m, e->max_visits, SpvDecorationSpecId, VYRE_SPIRV_ROUNDS_ID);
    e->visits = spv_variable(&e->m, SpvStorageClassFunction, type);
    SPV_DO(&e->m, SpvOpStore, e->visits, word(e, 0));
}

static void declare_trap(struct spirv *e, const struct usage *u)
{
    bool counts = e->interface->counts_rounds;
    if (!u->traps && !counts) return;
    uint32_t n_codes = e->interface->trap_codes.n, bits = n_codes ? 32 : 64;
    uint32_t n_arms = e->program->trap_arms.n ? e->program->trap_arms.n : 1;
    spv_id type = block_with_word(e, spv_type_uint(&e->m, bits), bits / 8, n_codes ? n_codes : n_arms,
                                  counts ? VYRE_SPIRV_CUT_AT : 0);
    spv_id variable = spv_variable(&e->m, SpvStorageClassStorageBuffer, type);
    spv_name(&e->m, variable, "trap");
    e->trap_record = bind_variable(e, variable, e->interface->trap);
    if (counts) declare_counter(e);
    if (!u->traps) return;
    compute_linear_gid(e);
    if (!u->ends || (!u->barriers && !u->subgroups)) return;
    e->alive = spv_variable(&e->m, SpvStorageClassFunction, spv_type_bool(&e->m));
    SPV_DO(&e->m, SpvOpStore, e->alive, spv_const_bool(&e->m, true));
}

static void declare_exchange(struct spirv *e, const struct usage *u)
{
    e->interface->has_subgroups = u->subgroups && e->options->has_subgroups;
    if (!u->subgroups || e->options->has_subgroups) return;
    const uint32_t *size = e->program->workgroup;
    uint32_t lanes = (size[0] * size[1] * size[2] + IR_SUBGROUP_SIZE - 1) / IR_SUBGROUP_SIZE * IR_SUBGROUP_SIZE;
    spv_id type = SPV_TYPE(&e->m, SpvOpTypeArray, spv_type_uint(&e->m, 32), word(e, lanes * 2));
    e->exchange = spv_variable(&e->m, SpvStorageClassWorkgroup, type);
    e->interface->workgroup_bytes += lanes * 8;
}

static void declare_memory(struct spirv *e, struct arg_words args)
{
    const struct ir_program *p = e->program;
    for (uint32_t i = 0; i < p->buffers.n; i++) {
        const struct ir_buffer *b = p->buffers.at[i];
        spv_id len = b->sized ? word(e, (uint32_t)b->count) : load_arg(e, args, WORD_LENGTHS + i);
        uint32_t at = e->interface->buffers[i];
        spv_id address = 0;
        if (e->interface->has_addresses) {
            spv_id low = load_arg(e, args, at / 4);
            address = spirv_join(e, low, load_arg(e, args, at / 4 + 1));
        }
        declare_storage(e, b, at, address, len);
    }
    for (uint32_t i = 0; i < e->interface->tables.n; i++) {
        const struct ir_buffer *b = &e->interface->tables.at[i]->buffer;
        declare_storage(e, b, e->interface->data[i], 0, word(e, (uint32_t)b->count));
    }
    bool packs = has_much_workgroup_memory(e);
    for (uint32_t i = 0; i < p->arrays.n; i++)
        declare_array(e, p->arrays.at[i], packs);
    e->params = ARENA_ARRAY(e->arena, spv_value, p->params.n);
    for (uint32_t i = 0; i < p->params.n; i++)
        e->params[i].at[0] = load_param(e, args, p->params.at[i]);
}

/* -- the module */

static void declare_environment(struct spirv *e)
{
    struct spv_module *m = &e->m;
    spv_capability(m, SpvCapabilityShader);
    spv_extension(m, "SPV_KHR_storage_buffer_storage_class");
    SpvAddressingModel addressing = SpvAddressingModelLogical;
    if (e->interface->has_addresses) {
        addressing = SpvAddressingModelPhysicalStorageBuffer64;
        spv_capability(m, SpvCapabilityPhysicalStorageBufferAddresses);
        spv_extension(m, "SPV_KHR_physical_storage_buffer");
    }
    SPV_PUT(m, &m->sections[SPV_MEMORY_MODEL], SpvOpMemoryModel, addressing, SpvMemoryModelGLSL450);
}

static void declare_entry(struct spirv *e)
{
    struct spv_module *m = &e->m;
    const uint32_t *size = e->program->workgroup, head[] = {SpvExecutionModelGLCompute, e->main};
    spv_put_string(m, &m->sections[SPV_ENTRY], SpvOpEntryPoint, head, 2, "main", e->entry_interface.at,
                   e->entry_interface.n);
    struct spv_words *modes = &m->sections[SPV_MODES];
    SPV_PUT(m, modes, SpvOpExecutionMode, e->main, SpvExecutionModeLocalSize, size[0], size[1], size[2]);
    if (!m->has_float32 && !m->has_float64) return;
    spv_extension(m, "SPV_KHR_float_controls");
    spv_capability(m, SpvCapabilitySignedZeroInfNanPreserve);
    spv_capability(m, SpvCapabilityRoundingModeRTE);
    for (uint32_t bits = m->has_float32 ? 32 : 64; bits <= (m->has_float64 ? 64u : 32u); bits += 32) {
        SPV_PUT(m, modes, SpvOpExecutionMode, e->main, SpvExecutionModeSignedZeroInfNanPreserve, bits);
        SPV_PUT(m, modes, SpvOpExecutionMode, e->main, SpvExecutionModeRoundingModeRTE, bits);
    }
}

static void emit_main(struct spirv *e, const struct usage *u)
{
    e->main = spv_function_begin(&e->m, e->program->name);
    struct arg_words args = declare_args(e);
    declare_width(e);
    load_ids(e, args);
    declare_memory(e, args);
    declare_locals(e);
    declare_trap(e, u);
    declare_exchange(e, u);
    spirv_zero_private_arrays(e);
    spirv_zero_workgroup_arrays(e);
    spirv_block(e, &e->program->body);
    if (!e->block_ended) spirv_return(e);
    spv_function_end(&e->m);
}

void spirv_emit_program(const struct ir_program *p, const struct spirv_options *options, struct arena *arena,
                        struct out *words, struct spirv_interface *interface)
{
    *interface = (struct spirv_interface){.trap = SPIRV_NONE, .args = SPIRV_NONE};
    struct spirv e = {.arena = arena, .program = p, .options = options, .interface = interface};
    spv_module_init(&e.m, arena, options->version);
    struct usage u = {.e = &e};
    struct ir_block *body = (struct ir_block *)&p->body; /* only looked at */
    ir_walk_exprs(body, note_expr, &u);
    ir_walk_stmts(body, note_stmt, &u);
    if (u.other_traps) interface->trap_codes.n = 0;
    e.has_pairs = !options->int64 && !u.other_traps && !u.wide_atomics;
    lay_out_args(&e);
    interface->counts_rounds = options->is_large && u.loops;
    assign_bindings(&e, u.traps || interface->counts_rounds);
    declare_environment(&e);
    emit_main(&e, &u);
    declare_entry(&e);
    interface->uses_int64 = e.m.has_int64;
    interface->uses_float32 = e.m.has_float32;
    interface->uses_float64 = e.m.has_float64;
    struct spv_words all = {0};
    spv_module_finish(&e.m, &all);
    spirv_tools_finish(all.list.at, all.list.n, p, options, words);
}
