/* atomic.c - read-modify-writes of one element, and copies. Lanes take their turns in order. Workgroup memory on a processor where a workgroup
 * runs on one thread needs no atomic instructions. */
#include <string.h>

#include "codegen/llvm/lower.h"

struct access {
    const struct array *array;
    struct ir_stmt *s;
    enum ir_scalar scalar;
    bool plain; /* no other thread sees the memory */
};

static LLVMAtomicOrdering ordering(const struct access *a)
{
    static const LLVMAtomicOrdering orders[] = {
        [IR_ORDER_RELAXED] = LLVMAtomicOrderingMonotonic,     [IR_ORDER_ACQUIRE] = LLVMAtomicOrderingAcquire,
        [IR_ORDER_RELEASE] = LLVMAtomicOrderingRelease,       [IR_ORDER_ACQ_REL] = LLVMAtomicOrderingAcquireRelease,
        [IR_ORDER_SEQ_CST] = LLVMAtomicOrderingSequentiallyConsistent,
    };
    return orders[a->s->atomic.order];
}

/* A failed exchange only loads. */
static LLVMAtomicOrdering failure_ordering(LLVMAtomicOrdering success)
{
    if (success == LLVMAtomicOrderingRelease || success == LLVMAtomicOrderingMonotonic)
        return LLVMAtomicOrderingMonotonic;
    return success == LLVMAtomicOrderingSequentiallyConsistent ? success : LLVMAtomicOrderingAcquire;
}

/* -- one element ------------------------------------------------------------------------------------------------------------- */

/* The only operation on floats. */
static LLVMValueRef add_bits(struct lower *l, LLVMValueRef old, LLVMValueRef v)
{
    LLVMValueRef sum = LLVMBuildFAdd(l->b, value_from_memory(l, IR_F32, old), value_from_memory(l, IR_F32, v), "");
    return value_to_memory(l, IR_F32, sum);
}

/* What the operation leaves, from what was there; all in the form of memory. */
static LLVMValueRef combine(struct lower *l, const struct access *a, LLVMValueRef old, LLVMValueRef expected, LLVMValueRef v)
{
    struct operands o = {.l = l, .type = a->scalar, .result = a->scalar, .llvm = LLVMTypeOf(old), .a = old, .b = v};
    switch (a->s->atomic.op) {
    case IR_ATOMIC_ADD: return a->scalar == IR_F32 ? add_bits(l, old, v) : op_add(&o);
    case IR_ATOMIC_SUB: return op_sub(&o);
    case IR_ATOMIC_MIN: return op_min(&o);
    case IR_ATOMIC_MAX: return op_max(&o);
    case IR_ATOMIC_AND: return op_and(&o);
    case IR_ATOMIC_OR: return op_or(&o);
    case IR_ATOMIC_XOR: return op_xor(&o);
    case IR_ATOMIC_EXCHANGE: return v;
    case IR_ATOMIC_CAS: return LLVMBuildSelect(l->b, LLVMBuildICmp(l->b, LLVMIntEQ, old, expected, ""), v, old, "");
    }
    bug("no such atomic operation: %d", (int)a->s->atomic.op);
}

static LLVMValueRef update_plain(struct lower *l, const struct access *a, LLVMValueRef at, LLVMValueRef expected, LLVMValueRef v)
{
    uint32_t align_bytes = ir_scalar_infos[a->scalar].mem_bytes;
    LLVMValueRef old = build_load(l, type_memory(l, a->scalar), at, align_bytes);
    build_store(l, combine(l, a, old, expected, v), at, align_bytes);
    return old;
}

static LLVMAtomicRMWBinOp instruction_of(const struct access *a)
{
    bool is_signed = ir_scalar_infos[a->scalar].kind == IR_KIND_SINT;
    switch (a->s->atomic.op) {
    case IR_ATOMIC_ADD: return LLVMAtomicRMWBinOpAdd;
    case IR_ATOMIC_SUB: return LLVMAtomicRMWBinOpSub;
    case IR_ATOMIC_MIN: return is_signed ? LLVMAtomicRMWBinOpMin : LLVMAtomicRMWBinOpUMin;
    case IR_ATOMIC_MAX: return is_signed ? LLVMAtomicRMWBinOpMax : LLVMAtomicRMWBinOpUMax;
    case IR_ATOMIC_AND: return LLVMAtomicRMWBinOpAnd;
    case IR_ATOMIC_OR: return LLVMAtomicRMWBinOpOr;
    case IR_ATOMIC_XOR: return LLVMAtomicRMWBinOpXor;
    default: return LLVMAtomicRMWBinOpXchg;
    }
}

static LLVMValueRef compare_exchange(struct lower *l, const struct access *a, LLVMValueRef at, LLVMValueRef expected, LLVMValueRef v)
{
    LLVMAtomicOrdering order = ordering(a);
    return LLVMBuildAtomicCmpXchg(l->b, at, expected, v, order, failure_ordering(order), false);
}

/* No processor adds floats atomically with our NaN: read, add, exchange, until nobody was in between. */
static LLVMValueRef add_float(struct lower *l, const struct access *a, LLVMValueRef at, LLVMValueRef v)
{
    LLVMTypeRef i32 = type_int(l, 32);
    LLVMBasicBlockRef before = LLVMGetInsertBlock(l->b), again = block_new(l, "again"), done = block_new(l, "added");
    LLVMValueRef first = build_load(l, i32, at, 4);
    LLVMSetOrdering(first, LLVMAtomicOrderingMonotonic);
    block_enter(l, again);
    LLVMValueRef seen = LLVMBuildPhi(l->b, i32, "");
    LLVMValueRef pair = compare_exchange(l, a, at, seen, combine(l, a, seen, NULL, v));
    LLVMValueRef found = LLVMBuildExtractValue(l->b, pair, 0, "");
    LLVMValueRef incoming[2] = {first, found};
    LLVMBasicBlockRef from[2] = {before, LLVMGetInsertBlock(l->b)};
    LLVMAddIncoming(seen, incoming, from, 2);
    block_branch(l, LLVMBuildExtractValue(l->b, pair, 1, ""), done, again);
    block_enter(l, done);
    return found;
}

static LLVMValueRef update_shared(struct lower *l, const struct access *a, LLVMValueRef at, LLVMValueRef expected, LLVMValueRef v)
{
    if (a->scalar == IR_F32)
        return add_float(l, a, at, v);
    if (a->s->atomic.op == IR_ATOMIC_CAS)
        return LLVMBuildExtractValue(l->b, compare_exchange(l, a, at, expected, v), 0, "");
    return LLVMBuildAtomicRMW(l->b, instruction_of(a), at, v, ordering(a), false);
}

/* The old value; where the index lies outside, 0. */
static LLVMValueRef update_one(struct lower *l, const struct access *a, LLVMValueRef index, LLVMValueRef expected, LLVMValueRef v)
{
    LLVMBasicBlockRef before = LLVMGetInsertBlock(l->b), yes = block_new(l, "update"), done = block_new(l, "updated");
    block_branch(l, memory_in_bounds(l, a->array, index), yes, done);
    block_enter(l, yes);
    LLVMValueRef wide = LLVMBuildZExt(l->b, index, type_int(l, 64), "");
    LLVMValueRef at = build_element(l, type_memory(l, a->scalar), a->array->base, wide);
    LLVMValueRef old = a->plain ? update_plain(l, a, at, expected, v) : update_shared(l, a, at, expected, v);
    LLVMBasicBlockRef after = LLVMGetInsertBlock(l->b);
    block_enter(l, done);
    LLVMValueRef result = LLVMBuildPhi(l->b, LLVMTypeOf(old), "");
    LLVMValueRef incoming[2] = {LLVMConstNull(LLVMTypeOf(old)), old};
    LLVMBasicBlockRef from[2] = {before, after};
    LLVMAddIncoming(result, incoming, from, 2);
    return result;
}

/* -- lane after lane ------------------------------------------------------------------------------------------------------------ */

struct lane_loop {
    LLVMBasicBlockRef head, exit;
    LLVMValueRef left_slot, left, lane;
};

/* for (m = exec; m; m &= m - 1) with lane = ctz(m) */
static struct lane_loop begin_lanes(struct lower *l)
{
    LLVMTypeRef bits = type_int(l, l->width);
    struct lane_loop e = {.head = block_new(l, "each_lane"), .exit = block_new(l, "no_lane"), .left_slot = build_alloca(l, bits, "lanes")};
    LLVMBasicBlockRef body = block_new(l, "lane");
    LLVMBuildStore(l->b, l->exec ? mask_bits(l, l->exec) : LLVMConstAllOnes(bits), e.left_slot);
    block_enter(l, e.head);
    e.left = LLVMBuildLoad2(l->b, bits, e.left_slot, "");
    block_branch(l, LLVMBuildICmp(l->b, LLVMIntNE, e.left, LLVMConstNull(bits), ""), body, e.exit);
    block_enter(l, body);
    LLVMValueRef args[2] = {e.left, const_int(l, 1, 1)};
    e.lane = value_resize(l, build_call(l, "llvm.cttz", bits, args, 2), type_int(l, 32), false);
    return e;
}

static void end_lanes(struct lower *l, const struct lane_loop *e)
{
    LLVMValueRef less = LLVMBuildSub(l->b, e->left, LLVMConstInt(LLVMTypeOf(e->left), 1, false), "");
    LLVMBuildStore(l->b, LLVMBuildAnd(l->b, e->left, less, ""), e->left_slot);
    block_jump(l, e->head);
    block_enter(l, e->exit);
}

/* The element of one lane. */
static LLVMValueRef pick(struct lower *l, const struct value *v, LLVMValueRef lane)
{
    if (value_is_uniform(v))
        return v->at[0];
    if (v->shape.varying)
        return LLVMBuildExtractElement(l->b, v->at[0], lane, "");
    LLVMTypeRef type = LLVMTypeOf(v->at[0]);
    LLVMValueRef steps = LLVMBuildMul(l->b, value_resize(l, lane, type, false), const_like(type, (uint64_t)v->shape.stride), "");
    return LLVMBuildAdd(l->b, value_base(l, v), steps, "");
}

static LLVMValueRef pick_memory_form(struct lower *l, const struct access *a, const struct value *v, LLVMValueRef lane)
{
    return value_to_memory(l, a->scalar, pick(l, v, lane));
}

static struct value update_lanes(struct lower *l, const struct access *a, const struct value *index, const struct value *expected,
                                 const struct value *v)
{
    LLVMTypeRef type = type_lanes(l, type_memory(l, a->scalar));
    LLVMValueRef results = build_alloca(l, type, "old");
    LLVMBuildStore(l->b, LLVMConstNull(type), results);
    struct lane_loop e = begin_lanes(l);
    LLVMValueRef old = update_one(l, a, pick(l, index, e.lane), expected ? pick_memory_form(l, a, expected, e.lane) : NULL,
                                  pick_memory_form(l, a, v, e.lane));
    LLVMValueRef so_far = LLVMBuildLoad2(l->b, type, results, "");
    if (a->s->atomic.result)
        LLVMBuildStore(l->b, LLVMBuildInsertElement(l->b, so_far, old, e.lane, ""), results);
    end_lanes(l, &e);
    return value_varying(a->s->atomic.buffer->elem, value_from_memory(l, a->scalar, LLVMBuildLoad2(l->b, type, results, "")));
}

void atomic_lower(struct lower *l, struct ir_stmt *s)
{
    struct access a = {.array = array_of(l, s->atomic.buffer), .s = s, .scalar = (enum ir_scalar)s->atomic.buffer->elem.scalar};
    a.plain = s->atomic.buffer->space != IR_SPACE_STORAGE && l->target->shared_is_private;
    struct value index = expr_lower(l, s->atomic.index), expected, old;
    if (s->atomic.expected)
        expected = expr_lower(l, s->atomic.expected);
    struct value v = expr_lower(l, s->atomic.value);
    if (l->width == 1) {
        LLVMValueRef wanted = s->atomic.expected ? value_to_memory(l, a.scalar, expected.at[0]) : NULL;
        LLVMValueRef found = update_one(l, &a, index.at[0], wanted, value_to_memory(l, a.scalar, v.at[0]));
        old = value_uniform(s->atomic.buffer->elem, value_from_memory(l, a.scalar, found));
    } else {
        old = update_lanes(l, &a, &index, s->atomic.expected ? &expected : NULL, &v);
    }
    if (s->atomic.result)
        (s->atomic.declares ? local_declare : local_assign)(l, s->atomic.result, old);
}

/* -- copies ------------------------------------------------------------------------------------------------------------------------- */

/* Elements one by one, lane after lane: there is nothing asynchronous to use, and what `wait` promises holds at once. */
static void copy_elements(struct lower *l, struct ir_stmt *s, LLVMValueRef to, LLVMValueRef from, LLVMValueRef n, LLVMValueRef lane)
{
    LLVMTypeRef i32 = type_int(l, 32);
    LLVMBasicBlockRef head = block_new(l, "copy"), body = block_new(l, "element"), exit = block_new(l, "copied");
    LLVMValueRef slot = build_alloca(l, i32, "i"), exec = l->exec;
    LLVMBuildStore(l->b, LLVMConstNull(i32), slot);
    block_enter(l, head);
    LLVMValueRef i = LLVMBuildLoad2(l->b, i32, slot, "");
    block_branch(l, LLVMBuildICmp(l->b, LLVMIntULT, i, n, ""), body, exit);
    block_enter(l, body);
    if (lane) /* only this lane */
        l->exec = LLVMBuildICmp(l->b, LLVMIntEQ, const_iota(i32, l->width, 0, 1), value_splat(l, lane), "");
    struct value source = value_uniform(IR_TYPE(U32), LLVMBuildAdd(l->b, from, i, ""));
    struct value target = value_uniform(IR_TYPE(U32), LLVMBuildAdd(l->b, to, i, ""));
    struct value v = memory_load(l, array_of(l, s->copy.src), &source);
    memory_store(l, array_of(l, s->copy.dst), &target, &v);
    l->exec = exec;
    LLVMBuildStore(l->b, LLVMBuildAdd(l->b, i, const_int(l, 32, 1), ""), slot);
    block_jump(l, head);
    block_enter(l, exit);
}

void copy_lower(struct lower *l, struct ir_stmt *s)
{
    struct value to = expr_lower(l, s->copy.dst_index), from = expr_lower(l, s->copy.src_index), n = expr_lower(l, s->copy.count);
    if (l->width == 1) {
        copy_elements(l, s, to.at[0], from.at[0], n.at[0], NULL);
        return;
    }
    struct lane_loop e = begin_lanes(l);
    copy_elements(l, s, pick(l, &to, e.lane), pick(l, &from, e.lane), pick(l, &n, e.lane), e.lane);
    end_lanes(l, &e);
}
