/* op_subgroup.c - operations across the 32 lanes of a subgroup, which is the group. Lanes that have ended, or lie past the workgroup, bring
 * the identity of the operation. Float sums go by the tree that the reference fixes. */
#include "codegen/llvm/lower.h"

struct combine {
    struct lower *l;
    const struct ir_expr *e;
    enum ir_scalar scalar;
};

static op_function *step_of(const struct ir_expr *e)
{
    bool is_float = ir_type_is_float(e->type);
    switch (e->op) {
    case IR_OP_REDUCE_ADD:
    case IR_OP_SCAN_ADD:
        return is_float ? op_fadd : op_add;
    case IR_OP_REDUCE_MUL:
        return is_float ? op_fmul : op_mul;
    case IR_OP_REDUCE_MIN:
        return is_float ? op_fmin : op_min;
    case IR_OP_REDUCE_MAX:
        return is_float ? op_fmax : op_max;
    case IR_OP_REDUCE_AND:
        return op_and;
    case IR_OP_REDUCE_OR:
        return op_or;
    case IR_OP_REDUCE_XOR:
        return op_xor;
    default:
        bug("%s combines no lanes", ir_op_infos[e->op].name);
    }
}

static LLVMValueRef combine(const struct combine *c, LLVMValueRef a, LLVMValueRef b)
{
    struct operands o = {.l = c->l, .type = c->scalar, .result = c->scalar, .llvm = LLVMTypeOf(a), .a = a, .b = b};
    return value_round(c->l, c->scalar, step_of(c->e)(&o));
}

static LLVMValueRef identity(const struct combine *c, LLVMTypeRef type)
{
    LLVMValueRef scalar = value_const(c->l, c->scalar, ir_reduce_identity((enum ir_op)c->e->op, c->scalar));
    LLVMValueRef elements[IR_SUBGROUP_SIZE];
    for (uint32_t k = 0; k < LLVMGetVectorSize(type); k++)
        elements[k] = scalar;
    return LLVMConstVector(elements, LLVMGetVectorSize(type));
}

static LLVMValueRef take_lanes(struct lower *l, LLVMValueRef v, uint32_t first, uint32_t n)
{
    return LLVMBuildShuffleVector(l->b, v, LLVMGetPoison(LLVMTypeOf(v)), const_iota(type_int(l, 32), n, first, 1), "");
}

/* Lane k with lane k + 16, then 8, 4, 2, 1. */
static LLVMValueRef reduce(const struct combine *c, LLVMValueRef v)
{
    for (uint32_t n = IR_SUBGROUP_SIZE / 2; n; n /= 2)
        v = combine(c, take_lanes(c->l, v, 0, n), take_lanes(c->l, v, n, n));
    return LLVMBuildExtractElement(c->l->b, v, const_int(c->l, 32, 0), "");
}

/* Each lane with the one `distance` below it; the lanes below that keep what they have. */
static LLVMValueRef scan(const struct combine *c, LLVMValueRef v)
{
    LLVMTypeRef i32 = type_int(c->l, 32);
    for (uint32_t distance = 1; distance < IR_SUBGROUP_SIZE; distance *= 2) {
        LLVMValueRef moved = LLVMBuildShuffleVector(
            c->l->b, v, v, const_iota(i32, IR_SUBGROUP_SIZE, (int64_t)IR_SUBGROUP_SIZE - distance, 1), "");
        LLVMValueRef numbers = const_iota(i32, IR_SUBGROUP_SIZE, 0, 1);
        LLVMValueRef is_low =
            LLVMBuildICmp(c->l->b, LLVMIntULT, numbers, const_like(LLVMTypeOf(numbers), distance), "");
        v = LLVMBuildSelect(c->l->b, is_low, v, combine(c, v, moved), "");
    }
    return v;
}

/* Each lane looks at the lane it names: through memory, since no instruction does it for every type. */
static LLVMValueRef shuffle(struct lower *l, LLVMValueRef v, LLVMValueRef which)
{
    LLVMTypeRef elem = LLVMGetElementType(LLVMTypeOf(v));
    bool is_bool = type_bits(elem) == 1;
    if (is_bool) {
        elem = type_int(l, 8);
        v = value_resize(l, v, elem, false);
    }
    LLVMValueRef table = build_alloca(l, LLVMTypeOf(v), "lanes"), result = LLVMGetPoison(LLVMTypeOf(v));
    LLVMBuildStore(l->b, v, table);
    for (uint32_t k = 0; k < IR_SUBGROUP_SIZE; k++) {
        LLVMValueRef lane = const_int(l, 32, k);
        LLVMValueRef number = LLVMBuildAnd(l->b, LLVMBuildExtractElement(l->b, which, lane, ""),
                                           const_int(l, 32, IR_SUBGROUP_SIZE - 1), "");
        LLVMValueRef at = build_element(l, elem, table, LLVMBuildZExt(l->b, number, type_int(l, 64), ""));
        result = LLVMBuildInsertElement(l->b, result, build_load(l, elem, at, type_bits(elem) / 8), lane, "");
    }
    return is_bool ? LLVMBuildTrunc(l->b, result, type_like(LLVMTypeOf(v), type_int(l, 1)), "") : result;
}

/* The lanes that take no part replaced. */
static LLVMValueRef only_running(struct lower *l, LLVMValueRef v, LLVMValueRef others)
{
    return l->exec ? LLVMBuildSelect(l->b, l->exec, v, others, "") : v;
}

struct value subgroup_lower(struct lower *l, const struct ir_expr *e, const struct value *args)
{
    if (l->target->subgroup) return l->target->subgroup(l, e, args);
    struct value v = value_widen(l, args[0]), result = {.type = e->type, .shape = SHAPE_UNIFORM, .scale = 1};
    struct value which = e->op == IR_OP_SHUFFLE ? value_widen(l, args[1]) : v;
    if (e->op == IR_OP_BALLOT)
        return value_uniform(e->type, mask_bits(l, only_running(l, v.at[0], LLVMConstNull(LLVMTypeOf(v.at[0])))));
    if (e->op == IR_OP_SHUFFLE || e->op == IR_OP_SCAN_ADD) result.shape = SHAPE_VARYING;
    struct combine c = {l, e, (enum ir_scalar)e->type.scalar};
    for (uint32_t i = 0; i < e->type.lanes; i++) {
        LLVMTypeRef type = LLVMTypeOf(v.at[i]);
        if (e->op == IR_OP_SHUFFLE)
            result.at[i] = shuffle(l, only_running(l, v.at[i], LLVMConstNull(type)), which.at[0]);
        else if (e->op == IR_OP_SCAN_ADD)
            result.at[i] = scan(&c, only_running(l, v.at[i], identity(&c, type)));
        else
            result.at[i] = reduce(&c, only_running(l, v.at[i], identity(&c, type)));
    }
    return result;
}
