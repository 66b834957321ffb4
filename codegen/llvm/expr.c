/* expr.c - expressions: operands left to right, then the handler that the row of ops.def names. Elementwise operations stay scalar while
 * all operands are shared by the lanes. */
#include "codegen/llvm/lower.h"

typedef struct value lower_function(struct lower *l, const struct ir_expr *e, const struct value *args);

/* -- elementwise operations ------------------------------------------------------------------------------------ */

/* One component, with the operands as scalars or all as vectors. A scalar beside vec2 or vec4 serves every component. */
static LLVMValueRef apply(struct lower *l, const struct ir_expr *e, const struct value *args, uint32_t component,
                          op_function *function)
{
    struct operands o = {.l = l,
                         .type = (enum ir_scalar)args[e->op == IR_OP_SELECT].type.scalar,
                         .result = (enum ir_scalar)e->type.scalar};
    LLVMValueRef *const places[4] = {&o.a, &o.b, &o.c, &o.d};
    for (uint32_t i = 0; i < e->n_args; i++)
        *places[i] = args[i].at[args[i].type.lanes == 1 ? 0 : component];
    o.llvm = LLVMTypeOf(o.a);
    return function(&o);
}

static struct value lower_elementwise(struct lower *l, const struct ir_expr *e, const struct value *args,
                                      op_function *function)
{
    struct value operands[4], result = {.type = e->type, .shape = SHAPE_UNIFORM, .scale = 1};
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!value_is_uniform(&args[i])) result.shape = SHAPE_VARYING;
    for (uint32_t i = 0; i < e->n_args; i++)
        operands[i] = result.shape.varying ? value_widen(l, args[i]) : args[i];
    for (uint32_t c = 0; c < e->type.lanes; c++)
        result.at[c] = apply(l, e, operands, c, function);
    return result;
}

/* The same, rounded to the type when that is f16 or bf16. */
static struct value lower_rounding(struct lower *l, const struct ir_expr *e, const struct value *args,
                                   op_function *function)
{
    struct value v = lower_elementwise(l, e, args, function);
    for (uint32_t c = 0; c < e->type.lanes; c++)
        v.at[c] = value_round(l, (enum ir_scalar)e->type.scalar, v.at[c]);
    return v;
}

#define HANDLER(NAME)                                                                                                  \
    static struct value lower_##NAME(struct lower *l, const struct ir_expr *e, const struct value *args)
#define ELEMENTWISE(NAME, function)                                                                                    \
    HANDLER(NAME)                                                                                                      \
    {                                                                                                                  \
        return lower_elementwise(l, e, args, function);                                                                \
    }
#define ROUNDING(NAME, function)                                                                                       \
    HANDLER(NAME)                                                                                                      \
    {                                                                                                                  \
        return lower_rounding(l, e, args, function);                                                                   \
    }
#define BY_KIND(NAME, of_int, of_float)                                                                                \
    HANDLER(NAME)                                                                                                      \
    {                                                                                                                  \
        return ir_type_is_float(args[0].type) ? lower_elementwise(l, e, args, of_float)                                \
                                              : lower_elementwise(l, e, args, of_int);                                 \
    }
#define BY_KIND_ROUNDING(NAME, of_int, of_float)                                                                       \
    HANDLER(NAME)                                                                                                      \
    {                                                                                                                  \
        return ir_type_is_float(args[0].type) ? lower_rounding(l, e, args, of_float)                                   \
                                              : lower_elementwise(l, e, args, of_int);                                 \
    }

BY_KIND_ROUNDING(ADD, op_add, op_fadd)
BY_KIND_ROUNDING(SUB, op_sub, op_fsub)
BY_KIND_ROUNDING(MUL, op_mul, op_fmul)
BY_KIND_ROUNDING(DIV, op_div, op_fdiv)
BY_KIND(NEG, op_neg, op_fneg)
BY_KIND(MIN, op_min, op_fmin)
BY_KIND(MAX, op_max, op_fmax)
BY_KIND(ABS, op_abs, op_fabs)
BY_KIND(SIGN, op_sign, op_fsign)
ELEMENTWISE(REM, op_rem)
ELEMENTWISE(AND, op_and)
ELEMENTWISE(OR, op_or)
ELEMENTWISE(XOR, op_xor)
ELEMENTWISE(NOT, op_not)
ELEMENTWISE(SHL, op_shl)
ELEMENTWISE(SHR, op_shr)
ELEMENTWISE(LNOT, op_not)
ELEMENTWISE(LAND, op_and)
ELEMENTWISE(LOR, op_or)
ELEMENTWISE(EQ, op_eq)
ELEMENTWISE(NE, op_ne)
ELEMENTWISE(LT, op_lt)
ELEMENTWISE(LE, op_le)
ELEMENTWISE(GT, op_gt)
ELEMENTWISE(GE, op_ge)
ELEMENTWISE(ABS_DIFF, op_abs_diff)
ELEMENTWISE(SAT_ADD, op_sat_add)
ELEMENTWISE(SAT_SUB, op_sat_sub)
ELEMENTWISE(SAT_MUL, op_sat_mul)
ELEMENTWISE(MUL_HI, op_mul_hi)
ELEMENTWISE(ROTL, op_rotl)
ELEMENTWISE(ROTR, op_rotr)
ELEMENTWISE(POPCOUNT, op_popcount)
ELEMENTWISE(CLZ, op_clz)
ELEMENTWISE(CTZ, op_ctz)
ELEMENTWISE(REVERSE_BITS, op_reverse_bits)
ELEMENTWISE(EXTRACT_BITS, op_extract_bits)
ELEMENTWISE(INSERT_BITS, op_insert_bits)
ELEMENTWISE(CAST, op_cast)
ELEMENTWISE(BITCAST, op_bitcast)
ELEMENTWISE(SELECT, op_select)
ELEMENTWISE(UNPACK4, op_unpack4)
ELEMENTWISE(UNPACK8, op_unpack8)
ELEMENTWISE(DOT4_U8, op_dot4_u8)
ELEMENTWISE(FLOOR, op_floor)
ELEMENTWISE(CEIL, op_ceil)
ELEMENTWISE(ROUND, op_round)
ELEMENTWISE(TRUNC, op_trunc)
ELEMENTWISE(IS_NAN, op_is_nan)
ELEMENTWISE(IS_INF, op_is_inf)
ELEMENTWISE(IS_FINITE, op_is_finite)
ROUNDING(FMA, op_fma)
ROUNDING(SQRT, op_sqrt)
ROUNDING(RSQRT, op_rsqrt)
ROUNDING(RECIP, op_recip)
ROUNDING(EXP, op_exp)
ROUNDING(EXP2, op_exp2)
ROUNDING(LOG, op_log)
ROUNDING(LOG2, op_log2)
ROUNDING(SIN, op_sin)
ROUNDING(COS, op_cos)
ROUNDING(TAN, op_tan)
ROUNDING(ASIN, op_asin)
ROUNDING(ACOS, op_acos)
ROUNDING(ATAN, op_atan)
ROUNDING(SINH, op_sinh)
ROUNDING(COSH, op_cosh)
ROUNDING(TANH, op_tanh)

/* -- leaves ---------------------------------------------------------------------------------------------------- */

HANDLER(CONST)
{
    (void)args;
    return value_uniform(e->type, value_const(l, (enum ir_scalar)e->type.scalar, e->bits));
}

HANDLER(LOCAL)
{
    (void)args;
    return local_read(l, e->local);
}

/* The value in the low bytes of a slot, in the form memory has it. */
HANDLER(PARAM)
{
    (void)args;
    enum ir_scalar s = (enum ir_scalar)e->type.scalar;
    LLVMTypeRef type = type_memory(l, s);
    LLVMValueRef bits = LLVMBuildTrunc(l->b, l->target->param(l, e->param), type_int(l, type_bits(type)), "");
    return value_uniform(e->type, value_from_memory(l, s, bits));
}

HANDLER(LEN)
{
    (void)args;
    LLVMValueRef count = array_of(l, e->buffer)->count;
    return value_uniform(e->type, LLVMBuildTrunc(l->b, count, type_int(l, 32), ""));
}

HANDLER(WORKGROUP_SIZE)
{
    (void)args;
    return value_uniform(e->type, const_int(l, 32, l->program->workgroup[e->component]));
}

HANDLER(SUBGROUP_SIZE)
{
    (void)args;
    return value_uniform(e->type, const_int(l, 32, IR_SUBGROUP_SIZE));
}

static struct value lower_id(struct lower *l, const struct ir_expr *e, const struct value *args)
{
    (void)args;
    return l->target->id(l, (enum ir_op)e->op, e->component);
}
#define lower_GID lower_id
#define lower_LID lower_id
#define lower_WID lower_id
#define lower_NUM_WORKGROUPS lower_id
#define lower_LANE lower_id

/* -- memory and vectors ---------------------------------------------------------------------------------------- */

HANDLER(LOAD)
{
    struct value v;
    if (l->target->load_row && l->target->load_row(l, e, &args[0], &v)) return v;
    struct array a = array_for(l, e->buffer, e->in_bounds, &args[0]);
    return memory_load(l, &a, &args[0]);
}

HANDLER(VEC)
{
    struct value v = {.type = e->type, .shape = SHAPE_UNIFORM, .scale = 1};
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!value_is_uniform(&args[i])) v.shape = SHAPE_VARYING;
    for (uint32_t i = 0; i < e->n_args; i++)
        v.at[i] = (v.shape.varying ? value_widen(l, args[i]) : args[i]).at[0];
    return v;
}

HANDLER(EXTRACT)
{
    (void)l;
    struct value v = args[0];
    v.type = e->type;
    v.at[0] = args[0].at[e->component];
    return v;
}

#define lower_BALLOT subgroup_lower
#define lower_SHUFFLE subgroup_lower
#define lower_REDUCE_ADD subgroup_lower
#define lower_REDUCE_MUL subgroup_lower
#define lower_REDUCE_MIN subgroup_lower
#define lower_REDUCE_MAX subgroup_lower
#define lower_REDUCE_AND subgroup_lower
#define lower_REDUCE_OR subgroup_lower
#define lower_REDUCE_XOR subgroup_lower
#define lower_SCAN_ADD subgroup_lower

static lower_function *const handlers[IR_OP_COUNT] = {
#define OP(NAME, text, form, n_args, sig, types, traits, help) [IR_OP_##NAME] = lower_##NAME,
#include "ir/ops.def"
};

/* -- the way in ------------------------------------------------------------------------------------------------ */

struct value expr_lower(struct lower *l, const struct ir_expr *e)
{
    struct value args[4], result;
    if (e->op == IR_OP_LOAD && table_load(l, e, &result)) return result;
    for (uint32_t i = 0; i < e->n_args; i++)
        args[i] = expr_lower(l, e->args[i]);
    if (value_combine(l, e, args, &result)) return result;
    return handlers[e->op](l, e, args);
}

LLVMValueRef expr_lower_uniform(struct lower *l, const struct ir_expr *e)
{
    struct value v = expr_lower(l, e);
    if (!value_is_uniform(&v))
        bug("program %s: a value that all invocations share differs between lanes", l->program->name);
    return v.at[0];
}
