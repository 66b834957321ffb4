/* atomic.c - read-modify-writes of one element, and copies. Lanes take their turns in order. Workgroup memory on a processor where a workgroup
 * runs on one thread needs no atomic instructions. */
#include <string.h>

#include "codegen/llvm/lower.h"
#include "ir/walk.h"

struct access {
    const struct array *array;
    struct ir_stmt *s;
    enum ir_scalar scalar;
    bool plain; /* no other thread sees the memory */
};

static LLVMAtomicOrdering ordering(const struct access *a)
{
    static const LLVMAtomicOrdering orders[] = {
        [IR_ORDER_RELAXED] = LLVMAtomicOrderingMonotonic,
        [IR_ORDER_ACQUIRE] = LLVMAtomicOrderingAcquire,
        [IR_ORDER_RELEASE] = LLVMAtomicOrderingRelease,
        [IR_ORDER_ACQ_REL] = LLVMAtomicOrderingAcquireRelease,
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
static LLVMValueRef combine(struct lower *l, const struct access *a, LLVMValueRef old, LLVMValueRef expected,
                            LLVMValueRef v)
{
    struct operands o = {.l = l, .type = a->scalar, .result = a->scalar, .llvm = LLVMTypeOf(old), .a = old, .b = v};
    switch (a->s->atomic.op) {
    case IR_ATOMIC_ADD:
        return a->scalar == IR_F32 ? add_bits(l, old, v) : op_add(&o);
    case IR_ATOMIC_SUB:
        return op_sub(&o);
    case IR_ATOMIC_MIN:
        return op_min(&o);
    case IR_ATOMIC_MAX:
        return op_max(&o);
    case IR_ATOMIC_AND:
        return op_and(&o);
    case IR_ATOMIC_OR:
        return op_or(&o);
    case IR_ATOMIC_XOR:
        return op_xor(&o);
    case IR_ATOMIC_EXCHANGE:
        return v;
    case IR_ATOMIC_CAS:
        return LLVMBuildSelect(l->b, LLVMBuildICmp(l->b, LLVMIntEQ, old, expected, ""), v, old, "");
    }
    bug("no such atomic operation: %d", (int)a->s->atomic.op);
}

static LLVMValueRef update_plain(struct lower *l, const struct access *a, LLVMValueRef at, LLVMValueRef expected,
                                 LLVMValueRef v)
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
    case IR_ATOMIC_ADD:
        return LLVMAtomicRMWBinOpAdd;
    case IR_ATOMIC_SUB:
        return LLVMAtomicRMWBinOpSub;
    case IR_ATOMIC_MIN:
        return is_signed ? LLVMAtomicRMWBinOpMin : LLVMAtomicRMWBinOpUMin;
    case IR_ATOMIC_MAX:
        return is_signed ? LLVMAtomicRMWBinOpMax : LLVMAtomicRMWBinOpUMax;
    case IR_ATOMIC_AND:
        return LLVMAtomicRMWBinOpAnd;
    case IR_ATOMIC_OR:
        return LLVMAtomicRMWBinOpOr;
    case IR_ATOMIC_XOR:
        return LLVMAtomicRMWBinOpXor;
    default:
        return LLVMAtomicRMWBinOpXchg;
    }
}

/* Who may look at the memory. */
static unsigned scope_of(struct lower *l, const struct access *a)
{
    bool is_shared = a->array->buffer->space == IR_SPACE_WORKGROUP;
    const char *scope = is_shared ? l->target->scope_workgroup : l->target->scope_device;
    return LLVMGetSyncScopeID(l->context, scope ? scope : "", scope ? (unsigned)strlen(scope) : 0);
}

static LLVMValueRef compare_exchange(struct lower *l, const struct access *a, LLVMValueRef at, LLVMValueRef expected,
                                     LLVMValueRef v)
{
    LLVMAtomicOrdering order = ordering(a);
    return LLVMBuildAtomicCmpXchgSyncScope(l->b, at, expected, v, order, failure_ordering(order), scope_of(l, a));
}

/* No processor adds floats atomically with our NaN: read, add, exchange, until nobody was in between. */
static LLVMValueRef add_float(struct lower *l, const struct access *a, LLVMValueRef at, LLVMValueRef v)
{
    LLVMTypeRef i32 = type_int(l, 32);
    LLVMBasicBlockRef before = LLVMGetInsertBlock(l->b), again = block_new(l, "again"), done = block_new(l, "added");
    LLVMValueRef first = build_load(l, i32, at, 4);
    LLVMSetOrdering(first, LLVMAtomicOrderingMonotonic);
    LLVMSetAtomicSyncScopeID(first, scope_of(l, a));
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

static LLVMValueRef update_shared(struct lower *l, const struct access *a, LLVMValueRef at, LLVMValueRef expected,
                                  LLVMValueRef v)
{
    if (a->scalar == IR_F32) return add_float(l, a, at, v);
    if (a->s->atomic.op == IR_ATOMIC_CAS)
        return LLVMBuildExtractValue(l->b, compare_exchange(l, a, at, expected, v), 0, "");
    return LLVMBuildAtomicRMWSyncScope(l->b, instruction_of(a), at, v, ordering(a), scope_of(l, a));
}

/* The old value of an element that is there. */
static LLVMValueRef update_element(struct lower *l, const struct access *a, LLVMValueRef index, LLVMValueRef expected,
                                   LLVMValueRef v)
{
    LLVMValueRef wide = LLVMBuildZExt(l->b, index, type_int(l, 64), "");
    LLVMValueRef at = build_element(l, type_memory(l, a->scalar), a->array->base, wide);
    return a->plain ? update_plain(l, a, at, expected, v) : update_shared(l, a, at, expected, v);
}

/* The old value where `wanted` and the index lies inside, else 0. */
static LLVMValueRef update_checked(struct lower *l, const struct access *a, LLVMValueRef wanted, LLVMValueRef index,
                                   LLVMValueRef expected, LLVMValueRef v)
{
    LLVMBasicBlockRef before = LLVMGetInsertBlock(l->b), yes = block_new(l, "update"), done = block_new(l, "updated");
    LLVMValueRef inside = memory_in_bounds(l, a->array, index);
    block_branch(l, wanted ? LLVMBuildAnd(l->b, wanted, inside, "") : inside, yes, done);
    block_enter(l, yes);
    LLVMValueRef old = update_element(l, a, index, expected, v);
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

/* for (m = mask; m; m &= m - 1) with lane = ctz(m) */
static struct lane_loop begin_lanes(struct lower *l, LLVMValueRef mask)
{
    LLVMTypeRef bits = type_int(l, l->width);
    struct lane_loop e = {.head = block_new(l, "each_lane"),
                          .exit = block_new(l, "no_lane"),
                          .left_slot = build_alloca(l, bits, "lanes")};
    LLVMBasicBlockRef body = block_new(l, "lane");
    LLVMBuildStore(l->b, mask ? mask_bits(l, mask) : LLVMConstAllOnes(bits), e.left_slot);
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
    if (value_is_uniform(v)) return v->at[0];
    if (v->shape.varying) return LLVMBuildExtractElement(l->b, v->at[0], lane, "");
    LLVMTypeRef type = LLVMTypeOf(v->at[0]);
    LLVMValueRef steps =
        LLVMBuildMul(l->b, value_resize(l, lane, type, false), const_like(type, (uint64_t)v->shape.stride), "");
    return LLVMBuildAdd(l->b, value_base(l, v), steps, "");
}

/* What the lanes bring, as it is in memory. */
struct request {
    struct value v;
    LLVMValueRef
        lanes; /* alloca of all lanes' for a loop over them: a vector would go through memory in each round; or NULL */
};
struct requests {
    struct request index, expected, v;
    LLVMValueRef results; /* alloca of the old values */
};

static void spread(struct lower *l, struct request *r)
{
    if (!r->v.shape.varying) return;
    r->lanes = build_alloca(l, LLVMTypeOf(r->v.at[0]), "lanes");
    LLVMBuildStore(l->b, r->v.at[0], r->lanes);
}

static LLVMValueRef take(struct lower *l, const struct request *r, LLVMValueRef lane)
{
    if (!r->lanes) return pick(l, &r->v, lane);
    LLVMTypeRef type = LLVMGetElementType(LLVMTypeOf(r->v.at[0]));
    LLVMValueRef at = build_element(l, type, r->lanes, value_resize(l, lane, type_int(l, 64), false));
    return LLVMBuildLoad2(l->b, type, at, "");
}

static void update_lane(struct lower *l, const struct access *a, const struct requests *r, LLVMValueRef lane)
{
    LLVMValueRef expected = a->s->atomic.expected ? take(l, &r->expected, lane) : NULL;
    LLVMValueRef old = update_element(l, a, take(l, &r->index, lane), expected, take(l, &r->v, lane));
    if (!a->s->atomic.result) return;
    LLVMValueRef so_far = LLVMBuildLoad2(l->b, type_lanes(l, LLVMTypeOf(old)), r->results, "");
    LLVMBuildStore(l->b, LLVMBuildInsertElement(l->b, so_far, old, lane, ""), r->results);
}

enum { MAX_STRAIGHT = 32 };

/* An integer that LLVM knows nothing of: assembly of no instructions. */
static LLVMValueRef make_opaque(struct lower *l, LLVMValueRef v)
{
    LLVMTypeRef type = LLVMTypeOf(v), fn_type = LLVMFunctionType(type, &type, 1, false);
    LLVMValueRef nothing = LLVMGetInlineAsm(fn_type, "", 0, "=r,0", 4, false, false, LLVMInlineAsmDialectATT, false);
    return LLVMBuildCall2(l->b, fn_type, nothing, &v, 1, "");
}

/* Indices are taken out of their vector two at a time, which is half the work for the one port that can; LLVM would undo that. */
static void update_all_lanes(struct lower *l, const struct access *a, const struct requests *r)
{
    struct value index = value_widen(l, r->index.v);
    LLVMValueRef pairs = LLVMBuildBitCast(l->b, index.at[0], LLVMVectorType(type_int(l, 64), l->width / 2), "");
    for (uint32_t k = 0; k < l->width; k += 2) {
        LLVMValueRef pair = make_opaque(l, LLVMBuildExtractElement(l->b, pairs, const_int(l, 32, k / 2), ""));
        LLVMValueRef parts[2] = {pair, LLVMBuildLShr(l->b, pair, const_int(l, 64, 32), "")};
        for (uint32_t i = 0; i < 2; i++) {
            struct requests one = *r;
            one.index.v = value_uniform(IR_TYPE(U32), LLVMBuildTrunc(l->b, parts[i], type_int(l, 32), ""));
            update_lane(l, a, &one, const_int(l, 32, k + i));
        }
    }
}

/* When all lanes take part, which they mostly do, they are written out; otherwise one loop goes over those that do. */
static struct value update_lanes(struct lower *l, const struct access *a, struct requests *r)
{
    LLVMTypeRef type = type_lanes(l, type_memory(l, a->scalar));
    struct value wide = value_widen(l, r->index.v);
    LLVMValueRef mask = mask_and(l, l->exec, memory_in_bounds(l, a->array, wide.at[0]));
    LLVMBasicBlockRef all = block_new(l, "all_lanes"), some = block_new(l, "some_lanes"),
                      done = block_new(l, "updated");
    r->results = build_alloca(l, type, "old");
    LLVMBuildStore(l->b, LLVMConstNull(type), r->results);
    if (!l->exec && l->width <= MAX_STRAIGHT && l->optimize) {
        block_branch_likely(l, mask_is_full(l, mask), all, some);
        block_enter(l, all);
        update_all_lanes(l, a, r);
        block_jump(l, done);
        LLVMPositionBuilderAtEnd(l->b, some);
    } else {
        LLVMDeleteBasicBlock(all);
        block_enter(l, some);
    }
    spread(l, &r->index);
    spread(l, &r->expected);
    spread(l, &r->v);
    struct lane_loop e = begin_lanes(l, mask);
    update_lane(l, a, r, e.lane);
    end_lanes(l, &e);
    block_enter(l, done);
    return value_varying(a->s->atomic.buffer->elem,
                         value_from_memory(l, a->scalar, LLVMBuildLoad2(l->b, type, r->results, "")));
}

/* -- one element for all lanes ------------------------------------------------------------------------------------------------------ */

static const char *reduction_of(const struct access *a)
{
    bool is_signed = ir_scalar_infos[a->scalar].kind == IR_KIND_SINT;
    switch (a->s->atomic.op) {
    case IR_ATOMIC_ADD:
    case IR_ATOMIC_SUB:
        return "llvm.vector.reduce.add";
    case IR_ATOMIC_MIN:
        return is_signed ? "llvm.vector.reduce.smin" : "llvm.vector.reduce.umin";
    case IR_ATOMIC_MAX:
        return is_signed ? "llvm.vector.reduce.smax" : "llvm.vector.reduce.umax";
    case IR_ATOMIC_AND:
        return "llvm.vector.reduce.and";
    case IR_ATOMIC_OR:
        return "llvm.vector.reduce.or";
    case IR_ATOMIC_XOR:
        return "llvm.vector.reduce.xor";
    default:
        return NULL;
    }
}

static uint64_t identity_of(const struct access *a)
{
    static const enum ir_op ops[] = {[IR_ATOMIC_ADD] = IR_OP_REDUCE_ADD, [IR_ATOMIC_SUB] = IR_OP_REDUCE_ADD,
                                     [IR_ATOMIC_MIN] = IR_OP_REDUCE_MIN, [IR_ATOMIC_MAX] = IR_OP_REDUCE_MAX,
                                     [IR_ATOMIC_AND] = IR_OP_REDUCE_AND, [IR_ATOMIC_OR] = IR_OP_REDUCE_OR,
                                     [IR_ATOMIC_XOR] = IR_OP_REDUCE_XOR};
    return ir_reduce_identity(ops[a->s->atomic.op], a->scalar);
}

/* Nobody looks at the old values: the lanes agree among themselves first. */
static bool may_combine_lanes(const struct access *a, const struct value *index)
{
    return value_is_uniform(index) && !a->s->atomic.result && a->scalar != IR_F32 && reduction_of(a);
}

static void update_combined(struct lower *l, const struct access *a, const struct requests *r)
{
    struct value wide = value_widen(l, r->v.v);
    LLVMTypeRef type = LLVMTypeOf(wide.at[0]);
    LLVMValueRef parts =
        l->exec ? LLVMBuildSelect(l->b, l->exec, wide.at[0], const_like(type, identity_of(a)), "") : wide.at[0];
    LLVMValueRef total = build_call(l, reduction_of(a), type, &parts, 1);
    update_checked(l, a, l->exec ? mask_any(l, l->exec) : NULL, r->index.v.at[0], NULL, total);
}

/* -- totals --------------------------------------------------------------------------------------------------------------------------- */

/* Where a program does nothing else with a buffer, nobody can see when its atomics happen. A kernel then keeps what they bring in variables, and
 * brings it to memory at its end: a locked instruction takes as long as many a group does. */

struct total_uses {
    struct ir_stmt **first; /* by buffer: an atomic like all others of it */
    bool *other;            /* it is used otherwise */
};

static bool is_total(const struct ir_stmt *s)
{
    return s->kind == IR_STMT_ATOMIC && !s->atomic.result && s->atomic.order == IR_ORDER_RELAXED &&
           s->atomic.op != IR_ATOMIC_EXCHANGE && s->atomic.op != IR_ATOMIC_CAS && s->atomic.index->op == IR_OP_CONST &&
           s->atomic.buffer->elem.scalar != IR_F32;
}

static void note_use(struct total_uses *u, const struct ir_buffer *b)
{
    if (b->space == IR_SPACE_STORAGE) u->other[b->index] = true;
}

static void note_expr(void *ctx, struct ir_expr **place)
{
    if ((*place)->op == IR_OP_LOAD) note_use(ctx, (*place)->buffer);
}

static void note_stmt(void *ctx, struct ir_stmt *s)
{
    struct total_uses *u = ctx;
    const struct ir_buffer *b = ir_stmt_written_buffer(s);
    if (s->kind == IR_STMT_COPY_ASYNC) {
        note_use(u, s->copy.src);
        note_use(u, s->copy.dst);
    }
    if (!b || b->space != IR_SPACE_STORAGE) return;
    if (!is_total(s)) {
        u->other[b->index] = true;
        return;
    }
    struct ir_stmt **first = &u->first[b->index];
    if (!*first) *first = s;
    u->other[b->index] |= (*first)->atomic.op != s->atomic.op;
}

static const bool *find_other_uses(struct lower *l)
{
    struct ir_block *body = (struct ir_block *)&l->program->body; /* only looked at */
    struct total_uses u = {ARENA_ARRAY(l->arena, struct ir_stmt *, l->program->buffers.n + 1),
                           ARENA_ARRAY(l->arena, bool, l->program->buffers.n + 1)};
    ir_walk_exprs(body, note_expr, &u);
    ir_walk_stmts(body, note_stmt, &u);
    return u.other;
}

/* The variable for this many lanes. A body may be made several times. */
static LLVMValueRef total_slot(struct lower *l, const struct access *a, LLVMTypeRef type)
{
    for (uint32_t i = 0; i < l->totals.n; i++)
        if (l->totals.at[i].s == a->s && l->totals.at[i].type == type) return l->totals.at[i].slot;
    struct total total = {a->s, type, build_variable(l, const_like(type, identity_of(a)), "total")};
    vec_push(l->arena, &l->totals, total);
    return total.slot;
}

static bool add_to_total(struct lower *l, const struct access *a, struct value v)
{
    if (!l->optimize || l->target->is_device || a->plain || !is_total(a->s)) return false;
    if (!l->other_uses) l->other_uses = find_other_uses(l);
    if (l->other_uses[a->s->atomic.buffer->index]) return false;
    LLVMValueRef brought = value_widen(l, v).at[0];
    LLVMTypeRef type = LLVMTypeOf(brought);
    if (l->exec) brought = LLVMBuildSelect(l->b, l->exec, brought, const_like(type, identity_of(a)), "");
    LLVMValueRef slot = total_slot(l, a, type), so_far = LLVMBuildLoad2(l->b, type, slot, "");
    bool subtracts = a->s->atomic.op == IR_ATOMIC_SUB; /* the total is subtracted at the end */
    LLVMValueRef sum = subtracts ? LLVMBuildAdd(l->b, so_far, brought, "") : combine(l, a, so_far, NULL, brought);
    LLVMBuildStore(l->b, sum, slot);
    return true;
}

void atomic_lower_totals(struct lower *l)
{
    l->exec = NULL;
    l->width = 1;
    for (uint32_t i = 0; i < l->totals.n; i++) {
        const struct total *t = &l->totals.at[i];
        struct access a = {.s = t->s, .scalar = (enum ir_scalar)t->s->atomic.buffer->elem.scalar};
        struct value index = value_uniform(IR_TYPE(U32), const_int(l, 32, t->s->atomic.index->bits));
        struct array array = array_for(l, t->s->atomic.buffer, t->s->atomic.in_bounds, &index);
        a.array = &array;
        LLVMValueRef total = LLVMBuildLoad2(l->b, t->type, t->slot, "");
        if (LLVMGetTypeKind(t->type) == LLVMVectorTypeKind) total = build_call(l, reduction_of(&a), t->type, &total, 1);
        LLVMValueRef identity = const_like(LLVMTypeOf(total), identity_of(&a));
        LLVMValueRef any = LLVMBuildICmp(l->b, LLVMIntNE, total, identity, "");
        update_checked(l, &a, any, index.at[0], NULL, total);
    }
}

/* Operands in the form of memory; linear ones stay what they are. */
static struct value memory_form(struct lower *l, const struct access *a, struct value v)
{
    if (v.shape.stride) return v;
    v.at[0] = value_to_memory(l, a->scalar, v.at[0]);
    return v;
}

void atomic_lower(struct lower *l, struct ir_stmt *s)
{
    struct access a = {.s = s, .scalar = (enum ir_scalar)s->atomic.buffer->elem.scalar};
    l->untouched = false;
    a.plain = s->atomic.buffer->space != IR_SPACE_STORAGE && l->target->shared_is_private;
    struct requests r = {.index.v = expr_lower(l, s->atomic.index)};
    struct array array = array_for(l, s->atomic.buffer, s->atomic.in_bounds, &r.index.v);
    struct value old;
    a.array = &array;
    if (s->atomic.expected) r.expected.v = memory_form(l, &a, expr_lower(l, s->atomic.expected));
    r.v.v = memory_form(l, &a, expr_lower(l, s->atomic.value));
    if (add_to_total(l, &a, r.v.v)) return;
    if (l->width > 1 && may_combine_lanes(&a, &r.index.v)) {
        update_combined(l, &a, &r);
        return;
    }
    if (l->width == 1) {
        LLVMValueRef found =
            update_checked(l, &a, NULL, r.index.v.at[0], s->atomic.expected ? r.expected.v.at[0] : NULL, r.v.v.at[0]);
        old = value_uniform(s->atomic.buffer->elem, value_from_memory(l, a.scalar, found));
    } else {
        old = update_lanes(l, &a, &r);
    }
    if (s->atomic.result) (s->atomic.declares ? local_declare : local_assign)(l, s->atomic.result, old);
}

/* -- copies ------------------------------------------------------------------------------------------------------------------------- */

/* The array as unsigned integers of the same size: a copy takes the bytes as they are, whatever NaN they make. */
static struct array bytes_of(struct lower *l, const struct ir_buffer *b)
{
    static const enum ir_scalar by_bytes[] = {[1] = IR_U8, [2] = IR_U16, [4] = IR_U32, [8] = IR_U64};
    struct array a = *array_of(l, b);
    struct ir_buffer *plain = ARENA_NEW(l->arena, struct ir_buffer);
    *plain = *b;
    plain->elem.scalar = (uint8_t)by_bytes[ir_scalar_infos[b->elem.scalar].mem_bytes];
    a.buffer = plain;
    return a;
}

void copy_element(struct lower *l, struct ir_stmt *s, LLVMValueRef to, LLVMValueRef from)
{
    struct value source = value_uniform(IR_TYPE(U32), from), target = value_uniform(IR_TYPE(U32), to);
    struct array taken = bytes_of(l, s->copy.src), given = bytes_of(l, s->copy.dst);
    struct value v = memory_load(l, &taken, &source);
    memory_store(l, &given, &target, &v);
}

/* base + i, or an index that is out of bounds everywhere when that passes 32 bits. */
LLVMValueRef copy_index(struct lower *l, LLVMValueRef base, LLVMValueRef i)
{
    LLVMValueRef args[2] = {base, i};
    return build_call(l, "llvm.uadd.sat", type_int(l, 32), args, 2);
}

/* Elements one by one, lane after lane: there is nothing asynchronous to use, and what `wait` promises holds at once. */
static void copy_elements(struct lower *l, struct ir_stmt *s, LLVMValueRef to, LLVMValueRef from, LLVMValueRef n,
                          LLVMValueRef lane)
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
    copy_element(l, s, copy_index(l, to, i), copy_index(l, from, i));
    l->exec = exec;
    LLVMBuildStore(l->b, LLVMBuildAdd(l->b, i, const_int(l, 32, 1), ""), slot);
    block_jump(l, head);
    block_enter(l, exit);
}

void copy_lower(struct lower *l, struct ir_stmt *s)
{
    struct value to = expr_lower(l, s->copy.dst_index), from = expr_lower(l, s->copy.src_index),
                 n = expr_lower(l, s->copy.count);
    l->untouched = false;
    if (l->target->copy && l->target->copy(l, s, to.at[0], from.at[0], n.at[0])) return;
    if (l->width == 1) {
        copy_elements(l, s, to.at[0], from.at[0], n.at[0], NULL);
        return;
    }
    struct lane_loop e = begin_lanes(l, l->exec);
    copy_elements(l, s, pick(l, &to, e.lane), pick(l, &from, e.lane), pick(l, &n, e.lane), e.lane);
    end_lanes(l, &e);
}
