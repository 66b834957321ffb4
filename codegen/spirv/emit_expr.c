/* emit_expr.c - expressions. Operations work on one component at a time through the handler part_NAME, and what has a
 * shape of its own through whole_NAME; both names are pasted from ops.def, so that a missing one does not compile. */
#include "codegen/spirv/emit_float.h"

typedef spv_value whole_handler(struct spirv *e, const struct ir_expr *x);

static spv_value one(spv_id id)
{
    return (spv_value){{id}};
}

static spv_id word(struct spirv *e, uint32_t value)
{
    return spv_const_u32(&e->m, value);
}

/* -- operations of a shape of their own */

static spv_value whole_CONST(struct spirv *e, const struct ir_expr *x)
{
    return one(spirv_const(e, x->type.scalar, x->bits));
}

static spv_value whole_LOCAL(struct spirv *e, const struct ir_expr *x)
{
    spv_value v = {{0}};
    for (int c = 0; c < x->type.lanes; c++)
        v.at[c] = SPV_OP(&e->m, SpvOpLoad, spirv_reg_type(e, x->type.scalar), e->locals[x->local->index].at[c]);
    return v;
}

static spv_value whole_PARAM(struct spirv *e, const struct ir_expr *x)
{
    return e->params[x->param->index];
}

static spv_value whole_LEN(struct spirv *e, const struct ir_expr *x)
{
    return one(spirv_array_get(e, x->buffer)->len);
}

static spv_value whole_GID(struct spirv *e, const struct ir_expr *x)
{
    return one(e->gid[x->component]);
}

static spv_value whole_LID(struct spirv *e, const struct ir_expr *x)
{
    return one(e->lid[x->component]);
}

static spv_value whole_WID(struct spirv *e, const struct ir_expr *x)
{
    return one(e->wid[x->component]);
}

static spv_value whole_WORKGROUP_SIZE(struct spirv *e, const struct ir_expr *x)
{
    return one(word(e, e->program->workgroup[x->component]));
}

static spv_value whole_NUM_WORKGROUPS(struct spirv *e, const struct ir_expr *x)
{
    return one(e->groups[x->component]);
}

static spv_value whole_LANE(struct spirv *e, const struct ir_expr *x)
{
    (void)x;
    return one(spirv_u32(e, SpvOpBitwiseAnd, e->linear_lid, word(e, IR_SUBGROUP_SIZE - 1)));
}

static spv_value whole_SUBGROUP_SIZE(struct spirv *e, const struct ir_expr *x)
{
    (void)x;
    return one(word(e, IR_SUBGROUP_SIZE));
}

static spv_value whole_LOAD(struct spirv *e, const struct ir_expr *x)
{
    return spirv_load(e, x->buffer, spirv_scalar(e, x->args[0]), x->in_bounds);
}

static spv_value whole_VEC(struct spirv *e, const struct ir_expr *x)
{
    spv_value v = {{0}};
    for (int c = 0; c < x->n_args; c++)
        v.at[c] = spirv_scalar(e, x->args[c]);
    return v;
}

static spv_value whole_EXTRACT(struct spirv *e, const struct ir_expr *x)
{
    return one(spirv_expr(e, x->args[0]).at[x->component]);
}

static spv_value whole_CAST(struct spirv *e, const struct ir_expr *x)
{
    spv_value v = spirv_expr(e, x->args[0]);
    for (int c = 0; c < x->type.lanes; c++)
        v.at[c] = spirv_cast(e, x->args[0]->type.scalar, x->type.scalar, v.at[c]);
    return v;
}

/* A signed register is sign-extended; in memory are the type's bits alone. */
static spv_id low_bits(struct spirv *e, enum ir_scalar s, spv_id bits)
{
    uint32_t width = ir_scalar_infos[s].bits;
    return width < 32 ? spirv_u32(e, SpvOpBitwiseAnd, bits, word(e, (1u << width) - 1)) : bits;
}

static spv_value whole_BITCAST(struct spirv *e, const struct ir_expr *x)
{
    spv_value v = spirv_expr(e, x->args[0]);
    for (int c = 0; c < x->type.lanes; c++) {
        spv_id bits = spirv_to_memory(e, x->args[0]->type.scalar, v.at[c]);
        v.at[c] = spirv_from_memory(e, x->type.scalar, low_bits(e, x->type.scalar, bits));
    }
    return v;
}

static spv_value whole_BALLOT(struct spirv *e, const struct ir_expr *x)
{
    return spirv_subgroup(e, x);
}

/* -- operations on one component; `s` is the type of the first operand, or of the second for select */

static spv_id plain(struct spirv *e, enum ir_scalar s, SpvOp on_ints, SpvOp on_floats, const spv_id *a)
{
    if (!spirv_is_float(s)) return spirv_int_op(e, s, on_ints, a[0], a[1]);
    return spirv_float_op(e, s, on_floats, spirv_hide(e, s, a[0]), spirv_hide(e, s, a[1]));
}

static spv_id compare(struct spirv *e, enum ir_scalar s, SpvOp on_unsigned, SpvOp on_signed, SpvOp on_floats,
                      const spv_id *a)
{
    if (spirv_is_float(s)) return spirv_test(e, on_floats, a[0], a[1]);
    return spirv_int_test(e, s, spirv_is_signed(s) ? on_signed : on_unsigned, a[0], a[1]);
}

static spv_id bitwise(struct spirv *e, enum ir_scalar s, SpvOp on_bools, SpvOp on_ints, const spv_id *a)
{
    return SPV_OP(&e->m, s == IR_BOOL ? on_bools : on_ints, spirv_reg_type(e, s), a[0], a[1]);
}

#define PART(NAME, ...)                                                                                                \
    static spv_id part_##NAME(struct spirv *e, enum ir_scalar s, const spv_id *a)                                      \
    {                                                                                                                  \
        return __VA_ARGS__;                                                                                            \
    }

PART(ADD, plain(e, s, SpvOpIAdd, SpvOpFAdd, a))
PART(SUB, plain(e, s, SpvOpISub, SpvOpFSub, a))
PART(MUL, plain(e, s, SpvOpIMul, SpvOpFMul, a))
PART(DIV, spirv_is_float(s) ? spirv_float_div(e, s, a) : spirv_int_div(e, s, a))
PART(NEG, spirv_is_float(s) ? spirv_float_neg(e, s, a) : spirv_int_op(e, s, SpvOpISub, spirv_int_const(e, s, 0), a[0]))
PART(AND, bitwise(e, s, SpvOpLogicalAnd, SpvOpBitwiseAnd, a))
PART(OR, bitwise(e, s, SpvOpLogicalOr, SpvOpBitwiseOr, a))
PART(XOR, bitwise(e, s, SpvOpLogicalNotEqual, SpvOpBitwiseXor, a))
PART(NOT, spirv_wrap(e, s, SPV_OP(&e->m, SpvOpNot, spirv_reg_type(e, s), a[0])))
PART(LNOT, SPV_OP(&e->m, SpvOpLogicalNot, spirv_reg_type(e, s), a[0]))
PART(EQ, s == IR_BOOL ? spirv_test(e, SpvOpLogicalEqual, a[0], a[1])
                      : compare(e, s, SpvOpIEqual, SpvOpIEqual, SpvOpFOrdEqual, a))
PART(NE, s == IR_BOOL ? spirv_test(e, SpvOpLogicalNotEqual, a[0], a[1])
                      : compare(e, s, SpvOpINotEqual, SpvOpINotEqual, SpvOpFUnordNotEqual, a))
PART(LT, compare(e, s, SpvOpULessThan, SpvOpSLessThan, SpvOpFOrdLessThan, a))
PART(LE, compare(e, s, SpvOpULessThanEqual, SpvOpSLessThanEqual, SpvOpFOrdLessThanEqual, a))
PART(GT, compare(e, s, SpvOpUGreaterThan, SpvOpSGreaterThan, SpvOpFOrdGreaterThan, a))
PART(GE, compare(e, s, SpvOpUGreaterThanEqual, SpvOpSGreaterThanEqual, SpvOpFOrdGreaterThanEqual, a))
PART(SELECT, spirv_choose(e, s, a[0], a[1], a[2]))
PART(MIN, spirv_is_float(s) ? spirv_float_min(e, s, a) : spirv_int_min(e, s, a))
PART(MAX, spirv_is_float(s) ? spirv_float_max(e, s, a) : spirv_int_max(e, s, a))
PART(ABS, spirv_is_float(s) ? spirv_float_abs(e, s, a) : spirv_int_abs(e, s, a))
PART(SIGN, spirv_is_float(s) ? spirv_float_sign(e, s, a) : spirv_int_sign(e, s, a))
PART(FLOOR, spirv_float_glsl(e, s, GLSLstd450Floor, a[0]))
PART(CEIL, spirv_float_glsl(e, s, GLSLstd450Ceil, a[0]))
PART(ROUND, spirv_float_glsl(e, s, GLSLstd450RoundEven, a[0]))
PART(TRUNC, spirv_float_glsl(e, s, GLSLstd450Trunc, a[0]))
PART(IS_NAN, (void)s, SPV_OP(&e->m, SpvOpIsNan, spv_type_bool(&e->m), a[0]))
PART(IS_INF, (void)s, SPV_OP(&e->m, SpvOpIsInf, spv_type_bool(&e->m), a[0]))
PART(IS_FINITE, SPV_OP(&e->m, SpvOpLogicalNot, spv_type_bool(&e->m),
                       spirv_test(e, SpvOpLogicalOr, part_IS_NAN(e, s, a), part_IS_INF(e, s, a))))
PART(SHUFFLE, (void)e, (void)s, a[0])

#define MATH(NAME) PART(NAME, spirv_wrap(e, s, spirv_math(e, IR_OP_##NAME, spirv_hide(e, s, a[0]))))
/* clang-format off */
MATH(EXP) MATH(EXP2) MATH(LOG) MATH(LOG2) MATH(SIN) MATH(COS) MATH(TAN) MATH(ASIN) MATH(ACOS) MATH(ATAN)
MATH(SINH) MATH(COSH) MATH(TANH)
    /* clang-format on */

    /* Field k of width bits of a word; k is taken modulo their number. */
    static spv_id unpack(struct spirv *e, const spv_id *a, uint32_t bits)
{
    spv_id k = spirv_u32(e, SpvOpBitwiseAnd, a[1], word(e, 32 / bits - 1));
    spv_id shifted = spirv_u32(e, SpvOpShiftRightLogical, a[0], spirv_u32(e, SpvOpIMul, k, word(e, bits)));
    return spirv_u32(e, SpvOpBitwiseAnd, shifted, word(e, (1u << bits) - 1));
}

PART(UNPACK4, (void)s, unpack(e, a, 4))
PART(UNPACK8, (void)s, unpack(e, a, 8))

static spv_id part_DOT4_U8(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    (void)s;
    spv_id sum = a[2];
    for (uint32_t k = 0; k < 4; k++) {
        spv_id x = unpack(e, (spv_id[]){a[0], word(e, k)}, 8), y = unpack(e, (spv_id[]){a[1], word(e, k)}, 8);
        sum = spirv_u32(e, SpvOpIAdd, sum, spirv_u32(e, SpvOpIMul, x, y));
    }
    return sum;
}

#define part_LAND part_AND
#define part_LOR part_OR
#define part_REM spirv_int_rem
#define part_SHL spirv_int_shl
#define part_SHR spirv_int_shr
#define part_ABS_DIFF spirv_int_abs_diff
#define part_SAT_ADD spirv_int_sat_add
#define part_SAT_SUB spirv_int_sat_sub
#define part_SAT_MUL spirv_int_sat_mul
#define part_MUL_HI spirv_int_mul_hi
#define part_ROTL spirv_int_rotl
#define part_ROTR spirv_int_rotr
#define part_POPCOUNT spirv_int_popcount
#define part_CLZ spirv_int_clz
#define part_CTZ spirv_int_ctz
#define part_REVERSE_BITS spirv_int_reverse_bits
#define part_EXTRACT_BITS spirv_int_extract_bits
#define part_INSERT_BITS spirv_int_insert_bits
#define part_FMA spirv_float_fma
#define part_SQRT spirv_float_sqrt
#define part_RSQRT spirv_float_rsqrt
#define part_RECIP spirv_float_recip

/* Of a reduction the part is the step that joins two lanes' values. */
#define part_REDUCE_ADD part_ADD
#define part_REDUCE_MUL part_MUL
#define part_REDUCE_MIN part_MIN
#define part_REDUCE_MAX part_MAX
#define part_REDUCE_AND part_AND
#define part_REDUCE_OR part_OR
#define part_REDUCE_XOR part_XOR
#define part_SCAN_ADD part_ADD

struct handlers {
    whole_handler *whole;
    spirv_part *part;
};

#define BY_NONE(NAME) {.whole = whole_##NAME}
#define BY_PART(NAME) {.part = part_##NAME}
#define BY_T_T BY_PART
#define BY_T_TT BY_PART
#define BY_T_TTT BY_PART
#define BY_T_TU BY_PART
#define BY_B_TT BY_PART
#define BY_B_T BY_PART
#define BY_U_T BY_PART
#define BY_T_TUU BY_PART
#define BY_T_TTUU BY_PART
#define BY_U_UU BY_PART
#define BY_U_UUU BY_PART
#define BY_T_BTT BY_PART

static const struct handlers handlers[IR_OP_COUNT] = {
#define OP(NAME, text, form, n_args, sig, types, traits, help) [IR_OP_##NAME] = BY_##sig(NAME),
#include "ir/ops.def"
};

spv_id spirv_part_of(struct spirv *e, enum ir_op op, enum ir_scalar s, const spv_id *args)
{
    return handlers[op].part(e, s, args);
}

/* Of constants alone: not left to the driver, which may see it otherwise. */
static bool fold(struct spirv *e, const struct ir_expr *x, spv_value *value)
{
    struct ir_value values[4] = {{{0}}};
    ir_type types[4];
    for (int k = 0; k < x->n_args; k++) {
        if (x->args[k]->op != IR_OP_CONST) return false;
        values[k].lane[0] = x->args[k]->bits;
        types[k] = x->args[k]->type;
    }
    uint64_t bits = ir_op_eval(x->op, x->type, x->component, types, values, x->n_args).lane[0];
    *value = one(spirv_const(e, x->type.scalar, bits));
    return true;
}

/* Each component of the operands in turn; a scalar operand (a condition, a shift amount) serves all. */
static spv_value by_component(struct spirv *e, const struct ir_expr *x)
{
    spv_value operands[4] = {{{0}}}, result = {{0}};
    if (fold(e, x, &result)) return result;
    for (int k = 0; k < x->n_args; k++)
        operands[k] = spirv_expr(e, x->args[k]);
    enum ir_scalar s = x->args[x->op == IR_OP_SELECT ? 1 : 0]->type.scalar;
    for (int c = 0; c < x->type.lanes; c++) {
        spv_id a[4] = {0};
        for (int k = 0; k < x->n_args; k++)
            a[k] = operands[k].at[x->args[k]->type.lanes > 1 ? c : 0];
        result.at[c] = handlers[x->op].part(e, s, a);
    }
    return result;
}

spv_value spirv_expr(struct spirv *e, const struct ir_expr *x)
{
    if (handlers[x->op].whole) return handlers[x->op].whole(e, x);
    if (ir_op_infos[x->op].traits & IR_TRAIT_SUBGROUP) return spirv_subgroup(e, x);
    return by_component(e, x);
}

spv_id spirv_scalar(struct spirv *e, const struct ir_expr *x)
{
    return spirv_expr(e, x).at[0];
}
