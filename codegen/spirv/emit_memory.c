/* emit_memory.c - arrays of all spaces: loads that give 0 and stores that do nothing out of bounds, bytes in devices without 8-bit
 * storage or in too little workgroup memory, zeroed workgroup and private arrays.
 *
 * An index is compared with the element count first; what is then addressed always exists, because no binding is empty. */
#include "codegen/spirv/emit_int.h"
#include "codegen/spirv/plant.h"

#include "ir/facts.h"

static spv_id word(struct spirv *e, uint32_t value)
{
    return spv_const_u32(&e->m, value);
}

struct spirv_array *spirv_array_get(struct spirv *e, const struct ir_buffer *b)
{
    for (uint32_t i = 0; i < e->arrays.n; i++)
        if (e->arrays.at[i].buffer == b) return &e->arrays.at[i];
    bug("no array for '%s'", b->name);
}

/* -- addresses */

/* `unit` is a word, or 64 bits wide where the array is reached by its address, to end beyond 4 GiB. */
static spv_id unit_pointer(struct spirv *e, const struct spirv_array *a, spv_id unit)
{
    spv_id type = spv_type_pointer(&e->m, a->storage, a->unit_type);
    if (a->address) {
        uint32_t unit_bytes = PLANT(ADDRESS_UNIT, a->unit_bits / 8, a->unit_bits == 16 ? 1 : a->unit_bits / 8);
        spv_id offset = spirv_int_raw(e, IR_U64, SpvOpIMul, unit, spirv_const(e, IR_U64, unit_bytes));
        return SPV_OP(&e->m, SpvOpConvertUToPtr, type, spirv_int_raw(e, IR_U64, SpvOpIAdd, a->address, offset));
    }
    if (!a->is_block) return SPV_OP(&e->m, SpvOpAccessChain, type, a->variable, unit);
    return SPV_OP(&e->m, SpvOpAccessChain, type, a->variable, word(e, 0), unit);
}

/* Where component c of element `index` begins, in units. */
static spv_id unit_index(struct spirv *e, const struct spirv_array *a, spv_id index, uint32_t c)
{
    enum ir_scalar s = a->address ? IR_U64 : IR_U32;
    if (PLANT(ADDRESS_WIDTH, false, a->address)) index = spirv_u32(e, SpvOpBitwiseAnd, index, word(e, UINT16_MAX));
    if (a->address) index = SPV_OP(&e->m, SpvOpUConvert, spirv_reg_type(e, s), index);
    spv_id first = a->units == 1 ? index : spirv_int_raw(e, s, SpvOpIMul, index, spirv_const(e, s, a->units));
    return c ? spirv_int_raw(e, s, SpvOpIAdd, first, spirv_const(e, s, c)) : first;
}

/* Elements narrower than the units they share: the unit's number and the bit where the element begins. */
struct packed_place {
    spv_id unit, shift;
};

static struct packed_place find_packed(struct spirv *e, const struct spirv_array *a, spv_id index)
{
    uint32_t bits = ir_scalar_infos[a->buffer->elem.scalar].mem_bytes * 8u;
    uint32_t log_per_unit = bits == 8 ? 2 : 1;
    spv_id within = spirv_u32(e, SpvOpBitwiseAnd, index, word(e, (1u << log_per_unit) - 1));
    return (struct packed_place){spirv_u32(e, SpvOpShiftRightLogical, index, word(e, log_per_unit)),
                                 spirv_u32(e, SpvOpIMul, within, word(e, bits))};
}

static spv_id element_mask(const struct spirv_array *a, struct spirv *e)
{
    return word(e, ir_scalar_infos[a->buffer->elem.scalar].mem_bytes == 1 ? 0xFF : 0xFFFF);
}

/* -- loads */

static spv_id load_unit(struct spirv *e, const struct spirv_array *a, spv_id unit)
{
    spv_id pointer = unit_pointer(e, a, unit), value;
    if (a->address)
        value = SPV_OP(&e->m, SpvOpLoad, a->unit_type, pointer, SpvMemoryAccessAlignedMask, a->unit_bits / 8);
    else
        value = SPV_OP(&e->m, SpvOpLoad, a->unit_type, pointer);
    return a->unit_bits < 32 ? SPV_OP(&e->m, SpvOpUConvert, spv_type_uint(&e->m, 32), value) : value;
}

static spv_id load_bits(struct spirv *e, const struct spirv_array *a, spv_id index, uint32_t c)
{
    if (!a->is_packed) return load_unit(e, a, unit_index(e, a, index, c));
    struct packed_place place = find_packed(e, a, index);
    spv_id from = PLANT(PACKED_PLACE, place.shift, word(e, 0));
    spv_id shifted = spirv_u32(e, SpvOpShiftRightLogical, load_unit(e, a, place.unit), from);
    return spirv_u32(e, SpvOpBitwiseAnd, shifted, element_mask(a, e));
}

static bool is_in_halves(const struct spirv_array *a)
{
    return ir_scalar_infos[a->buffer->elem.scalar].mem_bytes * 8u > a->unit_bits;
}

/* Component c as it is in memory, 32 or 64 bits. */
static spv_id load_component(struct spirv *e, const struct spirv_array *a, spv_id index, uint32_t c)
{
    if (!is_in_halves(a)) return load_bits(e, a, index, c);
    spv_id low = load_bits(e, a, index, c * 2);
    return spirv_join(e, low, load_bits(e, a, index, c * 2 + 1));
}

/* All of them. */
static spv_value load_raw(struct spirv *e, const struct ir_buffer *b, spv_id index, bool in_bounds)
{
    struct spirv_array *a = spirv_array_get(e, b);
    spv_id inside = in_bounds ? 0 : spirv_test(e, SpvOpULessThan, index, a->len);
    spv_id safe = in_bounds ? index : spirv_select(e, spv_type_uint(&e->m, 32), inside, index, word(e, 0));
    bool is_wide = ir_scalar_infos[b->elem.scalar].mem_bytes == 8;
    enum ir_scalar bits_type = is_wide ? IR_U64 : IR_U32;
    spv_id zero = spirv_const(e, bits_type, 0);
    spv_value v = {{0}};
    for (uint32_t c = 0; c < b->elem.lanes; c++) {
        spv_id bits = load_component(e, a, safe, c);
        v.at[c] = in_bounds ? bits : spirv_select(e, spirv_reg_type(e, bits_type), inside, bits, zero);
    }
    return v;
}

spv_value spirv_load(struct spirv *e, const struct ir_buffer *b, spv_id index, bool in_bounds)
{
    spv_value v = load_raw(e, b, index, in_bounds && !e->alive);
    for (uint32_t c = 0; c < b->elem.lanes; c++)
        v.at[c] = spirv_from_memory(e, b->elem.scalar, v.at[c]);
    return v;
}

/* -- stores */

static void store_unit(struct spirv *e, const struct spirv_array *a, spv_id unit, spv_id bits)
{
    if (a->unit_bits < 32) bits = SPV_OP(&e->m, SpvOpUConvert, a->unit_type, bits);
    spv_id pointer = unit_pointer(e, a, unit);
    if (a->address)
        SPV_DO(&e->m, SpvOpStore, pointer, bits, SpvMemoryAccessAlignedMask, a->unit_bits / 8);
    else
        SPV_DO(&e->m, SpvOpStore, pointer, bits);
}

/* Other invocations may write the neighbours in the unit at the same time, so the element's bits are cleared, then set, by
 * atomics that leave the others alone. */
static void store_packed(struct spirv *e, const struct spirv_array *a, spv_id index, spv_id bits)
{
    struct packed_place place = find_packed(e, a, index);
    spv_id mask = element_mask(a, e), type = spv_type_uint(&e->m, 32), pointer = unit_pointer(e, a, place.unit);
    spv_id hole = SPV_OP(&e->m, SpvOpNot, type, spirv_u32(e, SpvOpShiftLeftLogical, mask, place.shift));
    spv_id value = spirv_u32(e, SpvOpShiftLeftLogical, spirv_u32(e, SpvOpBitwiseAnd, bits, mask), place.shift);
    bool shared = a->storage == SpvStorageClassWorkgroup;
    spv_id scope = word(e, shared ? SpvScopeWorkgroup : SpvScopeDevice), relaxed = word(e, SpvMemorySemanticsMaskNone);
    SPV_OP(&e->m, SpvOpAtomicAnd, type, pointer, scope, relaxed, PLANT(PACKED_HOLE, hole, word(e, 0)));
    SPV_OP(&e->m, SpvOpAtomicOr, type, pointer, scope, relaxed, value);
}

/* Whether an access that changes memory happens: the index is inside, and the invocation has not ended by a trap. 0: always. */
static spv_id may_write(struct spirv *e, const struct spirv_array *a, spv_id index, bool in_bounds)
{
    if (in_bounds && !e->alive) return 0;
    spv_id inside = spirv_test(e, SpvOpULessThan, index, a->len);
    if (!e->alive) return inside;
    spv_id alive = SPV_OP(&e->m, SpvOpLoad, spv_type_bool(&e->m), e->alive);
    return spirv_test(e, SpvOpLogicalAnd, inside, alive);
}

static void store_raw(struct spirv *e, const struct spirv_array *a, spv_id index, uint32_t c, spv_id bits)
{
    if (a->is_packed) {
        store_packed(e, a, index, bits);
    } else if (is_in_halves(a)) {
        store_unit(e, a, unit_index(e, a, index, c * 2), spirv_half(e, bits, 0));
        store_unit(e, a, unit_index(e, a, index, c * 2 + 1), spirv_half(e, bits, 1));
    } else {
        store_unit(e, a, unit_index(e, a, index, c), bits);
    }
}

void spirv_store(struct spirv *e, const struct ir_buffer *b, spv_id index, spv_value value, bool in_bounds)
{
    struct spirv_array *a = spirv_array_get(e, b);
    spv_id may = may_write(e, a, index, in_bounds), merge = may ? spirv_if_begin(e, may) : 0;
    for (uint32_t c = 0; c < b->elem.lanes; c++)
        store_raw(e, a, index, c, spirv_to_memory(e, b->elem.scalar, value.at[c]));
    if (may) spirv_if_end(e, merge);
}

void spirv_copy_element(struct spirv *e, const struct ir_buffer *dst, spv_id to, const struct ir_buffer *src,
                        spv_id from)
{
    struct spirv_array *a = spirv_array_get(e, dst);
    spv_value bits = load_raw(e, src, from, false);
    spv_id merge = spirv_if_begin(e, may_write(e, a, to, false));
    for (uint32_t c = 0; c < dst->elem.lanes; c++)
        store_raw(e, a, to, c, bits.at[c]);
    spirv_if_end(e, merge);
}

/* -- read-modify-writes */

static uint32_t order_semantics(enum ir_order order)
{
    switch (order) {
    case IR_ORDER_RELAXED:
        return SpvMemorySemanticsMaskNone;
    case IR_ORDER_ACQUIRE:
        return SpvMemorySemanticsAcquireMask;
    case IR_ORDER_RELEASE:
        return SpvMemorySemanticsReleaseMask;
    /* Vulkan has no sequentially consistent atomics: on one location acquire-release says the same. */
    case IR_ORDER_ACQ_REL:
    case IR_ORDER_SEQ_CST:
        return SpvMemorySemanticsAcquireReleaseMask;
    }
    bug("no memory order %d", (int)order);
}

struct atomic_place {
    spv_id pointer, scope, semantics, type;
    uint32_t flags;
};

static struct atomic_place find_atomic(struct spirv *e, const struct ir_stmt *s, spv_id index)
{
    const struct spirv_array *a = spirv_array_get(e, s->atomic.buffer);
    bool shared = a->storage == SpvStorageClassWorkgroup;
    uint32_t flags = order_semantics(s->atomic.order);
    if (flags) flags |= shared ? SpvMemorySemanticsWorkgroupMemoryMask : SpvMemorySemanticsUniformMemoryMask;
    return (struct atomic_place){unit_pointer(e, a, unit_index(e, a, index, 0)),
                                 word(e, shared ? SpvScopeWorkgroup : SpvScopeDevice), word(e, flags), a->unit_type,
                                 flags};
}

static SpvOp atomic_opcode(enum ir_atomic op, bool is_signed)
{
    switch (op) {
    case IR_ATOMIC_ADD:
        return SpvOpAtomicIAdd;
    case IR_ATOMIC_SUB:
        return SpvOpAtomicISub;
    case IR_ATOMIC_MIN:
        return is_signed ? SpvOpAtomicSMin : SpvOpAtomicUMin;
    case IR_ATOMIC_MAX:
        return is_signed ? SpvOpAtomicSMax : SpvOpAtomicUMax;
    case IR_ATOMIC_AND:
        return SpvOpAtomicAnd;
    case IR_ATOMIC_OR:
        return SpvOpAtomicOr;
    case IR_ATOMIC_XOR:
        return SpvOpAtomicXor;
    case IR_ATOMIC_EXCHANGE:
        return SpvOpAtomicExchange;
    case IR_ATOMIC_CAS:
        return SpvOpAtomicCompareExchange;
    }
    bug("no atomic %d", (int)op);
}

/* The failing order of a compare-exchange may not release. */
static spv_id unequal_semantics(struct spirv *e, const struct atomic_place *p)
{
    uint32_t memory = p->flags & (SpvMemorySemanticsWorkgroupMemoryMask | SpvMemorySemanticsUniformMemoryMask);
    bool acquires = p->flags & (SpvMemorySemanticsAcquireMask | SpvMemorySemanticsAcquireReleaseMask);
    return word(e, acquires ? SpvMemorySemanticsAcquireMask | memory : 0);
}

static spv_id exchange_if_equal(struct spirv *e, const struct atomic_place *p, spv_id value, spv_id expected)
{
    return SPV_OP(&e->m, SpvOpAtomicCompareExchange, p->type, p->pointer, p->scope, p->semantics,
                  unequal_semantics(e, p), value, expected);
}

/* atomic_add on f32, which few devices have exactly: a compare-exchange until nobody was in between. */
static spv_id add_float(struct spirv *e, const struct atomic_place *p, spv_id value)
{
    struct spv_module *m = &e->m;
    spv_id type = spv_type_uint(m, 32), seen = spv_variable(m, SpvStorageClassFunction, type);
    spv_id header = spv_new_id(m), body = spv_new_id(m), next = spv_new_id(m), merge = spv_new_id(m);
    SPV_DO(m, SpvOpStore, seen, SPV_OP(m, SpvOpAtomicLoad, type, p->pointer, p->scope, word(e, 0)));
    spv_branch(m, header);
    spv_label(m, header);
    SPV_DO(m, SpvOpLoopMerge, merge, next, SpvLoopControlMaskNone);
    spv_branch(m, body);
    spv_label(m, body);
    spirv_count_round(e);
    spv_id old = SPV_OP(m, SpvOpLoad, type, seen);
    spv_id sum = spirv_part_of(e, IR_OP_ADD, IR_F32, (spv_id[]){spirv_from_memory(e, IR_F32, old), value});
    spv_id found = exchange_if_equal(e, p, spirv_to_memory(e, IR_F32, sum), old);
    SPV_DO(m, SpvOpStore, seen, found);
    spv_id done = spirv_test(e, SpvOpIEqual, found, old);
    SPV_DO(m, SpvOpBranchConditional, done, merge, next);
    spv_label(m, next);
    spv_branch(m, header);
    spv_label(m, merge);
    return SPV_OP(m, SpvOpLoad, type, seen);
}

static spv_id modify(struct spirv *e, const struct ir_stmt *s, const struct atomic_place *p, spv_id value,
                     spv_id expected)
{
    ir_type elem = s->atomic.buffer->elem;
    if (ir_type_is_float(elem) && s->atomic.op == IR_ATOMIC_ADD) return add_float(e, p, value);
    if (s->atomic.op == IR_ATOMIC_CAS) return exchange_if_equal(e, p, value, expected);
    SpvOp op = atomic_opcode(s->atomic.op, ir_type_is_signed(elem));
    return SPV_OP(&e->m, op, p->type, p->pointer, p->scope, p->semantics, value);
}

/* Relaxed where orders are not to be relied on. Drivers fold the choice when they make the pipeline. */
static spv_id modify_in_loop(struct spirv *e, const struct ir_stmt *s, const struct atomic_place *ordered, spv_id value,
                             spv_id expected)
{
    struct spv_module *m = &e->m;
    struct atomic_place relaxed = *ordered;
    relaxed.flags = 0;
    relaxed.semantics = word(e, SpvMemorySemanticsMaskNone);
    spv_id old = spv_variable(m, SpvStorageClassFunction, ordered->type);
    spv_id yes = spv_new_id(m), no = spv_new_id(m), merge = spv_new_id(m);
    SPV_DO(m, SpvOpSelectionMerge, merge, SpvSelectionControlMaskNone);
    SPV_DO(m, SpvOpBranchConditional, spirv_exact_flag(e, SPIRV_EXACT_ORDERS), yes, no);
    spv_label(m, yes);
    SPV_DO(m, SpvOpStore, old, modify(e, s, ordered, value, expected));
    spv_branch(m, merge);
    spv_label(m, no);
    SPV_DO(m, SpvOpStore, old, modify(e, s, &relaxed, value, expected));
    spv_branch(m, merge);
    spv_label(m, merge);
    return SPV_OP(m, SpvOpLoad, ordered->type, old);
}

void spirv_atomic(struct spirv *e, const struct ir_stmt *s)
{
    ir_type elem = s->atomic.buffer->elem;
    spv_id index = spirv_scalar(e, s->atomic.index);
    spv_id expected = s->atomic.expected ? spirv_scalar(e, s->atomic.expected) : 0;
    spv_id value = spirv_scalar(e, s->atomic.value);
    spv_id result = s->atomic.result ? e->locals[s->atomic.result->index].at[0] : 0;
    if (ir_scalar_infos[elem.scalar].bits == 64) {
        spv_capability(&e->m, SpvCapabilityInt64Atomics);
        e->interface->uses_int64_atomics = true;
    }
    if (result) SPV_DO(&e->m, SpvOpStore, result, spirv_const(e, elem.scalar, 0));
    spv_id may = may_write(e, spirv_array_get(e, s->atomic.buffer), index, s->atomic.in_bounds);
    spv_id merge = may ? spirv_if_begin(e, may) : 0;
    struct atomic_place place = find_atomic(e, s, index);
    bool is_loop = e->loops.n || (ir_type_is_float(elem) && s->atomic.op == IR_ATOMIC_ADD);
    spv_id old = (place.flags && is_loop ? modify_in_loop : modify)(e, s, &place, value, expected);
    if (result) SPV_DO(&e->m, SpvOpStore, result, spirv_from_memory(e, elem.scalar, old));
    if (may) spirv_if_end(e, merge);
}

/* -- synchronisation and zeroes */

void spirv_barrier(struct spirv *e)
{
    uint32_t semantics = SpvMemorySemanticsAcquireReleaseMask | SpvMemorySemanticsWorkgroupMemoryMask |
                         SpvMemorySemanticsUniformMemoryMask;
    SPV_DO(&e->m, SpvOpControlBarrier, word(e, SpvScopeWorkgroup), word(e, SpvScopeWorkgroup), word(e, semantics));
}

uint32_t spirv_array_units(const struct spirv_array *a)
{
    uint64_t bits = ir_scalar_infos[a->buffer->elem.scalar].mem_bytes * 8u;
    if (a->is_packed) return (uint32_t)((a->buffer->count * bits + a->unit_bits - 1) / a->unit_bits);
    return (uint32_t)a->buffer->count * a->units;
}

/* The invocations of the workgroup share the work: units first, first + size, ... */
static void zero_units(struct spirv *e, const struct spirv_array *a, uint32_t n_units, uint32_t size)
{
    struct spv_module *m = &e->m;
    spv_id type = spv_type_uint(m, 32), at = spv_variable(m, SpvStorageClassFunction, type);
    spv_id header = spv_new_id(m), test = spv_new_id(m), body = spv_new_id(m), next = spv_new_id(m),
           merge = spv_new_id(m);
    SPV_DO(m, SpvOpStore, at, e->linear_lid);
    spv_branch(m, header);
    spv_label(m, header);
    SPV_DO(m, SpvOpLoopMerge, merge, next, SpvLoopControlMaskNone);
    spv_branch(m, test);
    spv_label(m, test);
    spirv_count_round(e);
    spv_id unit = SPV_OP(m, SpvOpLoad, type, at);
    SPV_DO(m, SpvOpBranchConditional, spirv_test(e, SpvOpULessThan, unit, word(e, n_units)), body, merge);
    spv_label(m, body);
    SPV_DO(m, SpvOpStore, unit_pointer(e, a, unit), spv_const_null(m, a->unit_type));
    spv_branch(m, next);
    spv_label(m, next);
    SPV_DO(m, SpvOpStore, at, spirv_u32(e, SpvOpIAdd, unit, word(e, size)));
    spv_branch(m, header);
    spv_label(m, merge);
}

void spirv_zero_workgroup_arrays(struct spirv *e)
{
    const uint32_t *size = e->program->workgroup;
    bool any = false;
    for (uint32_t i = 0; i < e->arrays.n; i++) {
        const struct spirv_array *a = &e->arrays.at[i];
        if (a->storage != SpvStorageClassWorkgroup || a->buffer->no_zeros) continue;
        zero_units(e, a, spirv_array_units(a), size[0] * size[1] * size[2]);
        any = true;
    }
    if (any) spirv_barrier(e);
}

void spirv_zero_private_arrays(struct spirv *e)
{
    for (uint32_t i = 0; i < e->arrays.n; i++) {
        const struct spirv_array *a = &e->arrays.at[i];
        if (a->buffer->space != IR_SPACE_PRIVATE) continue;
        spv_id length = word(e, spirv_array_units(a));
        spv_id type = SPV_TYPE(&e->m, SpvOpTypeArray, a->unit_type, length);
        SPV_DO(&e->m, SpvOpStore, a->variable, spv_const_null(&e->m, type));
    }
}
