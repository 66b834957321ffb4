/* op_eval.c - the one evaluator: what every operation means, on bit patterns. Constant folding, the interpreter and the
 * fuzzer's oracle call it; every emitter must agree with it bit for bit.
 *
 * Each row of ops.def names a handler here, eval_NAME: a row without one does not compile. Vectors are done component
 * by component. Integer arithmetic is in op_eval_int.c, floats in op_eval_float.c and op_eval_math.c. */
#include "ir/op_eval.h"

/* -- what differs by the kind of T ----------------------------------------------------------------------------- */

static uint64_t by_kind(const struct operands *o, eval_function *of_int, eval_function *of_float)
{
    return (scalar_is_float(o->type) ? of_float : of_int)(o);
}

static uint64_t wrapping_add(const struct operands *o)
{
    return eval_int_wrap(o->type, o->a + o->b);
}
static uint64_t wrapping_sub(const struct operands *o)
{
    return eval_int_wrap(o->type, o->a - o->b);
}
static uint64_t wrapping_mul(const struct operands *o)
{
    return eval_int_wrap(o->type, o->a * o->b);
}
static uint64_t wrapping_neg(const struct operands *o)
{
    return eval_int_wrap(o->type, -o->a);
}
static uint64_t lesser(const struct operands *o)
{
    return eval_int_less(o->type, o->b, o->a) ? o->b : o->a;
}
static uint64_t greater(const struct operands *o)
{
    return eval_int_less(o->type, o->a, o->b) ? o->b : o->a;
}

static bool is_equal(const struct operands *o)
{
    if (scalar_is_float(o->type)) return eval_float_value(o->type, o->a) == eval_float_value(o->type, o->b);
    return o->a == o->b;
}

static bool is_less(enum ir_scalar s, uint64_t a, uint64_t b)
{
    return scalar_is_float(s) ? eval_float_value(s, a) < eval_float_value(s, b) : eval_int_less(s, a, b);
}

/* -- handlers -------------------------------------------------------------------------------------------------- */

static uint64_t eval_ADD(const struct operands *o)
{
    return by_kind(o, wrapping_add, eval_float_add);
}
static uint64_t eval_SUB(const struct operands *o)
{
    return by_kind(o, wrapping_sub, eval_float_sub);
}
static uint64_t eval_MUL(const struct operands *o)
{
    return by_kind(o, wrapping_mul, eval_float_mul);
}
static uint64_t eval_DIV(const struct operands *o)
{
    return by_kind(o, eval_int_div, eval_float_div);
}
static uint64_t eval_NEG(const struct operands *o)
{
    return by_kind(o, wrapping_neg, eval_float_neg);
}
static uint64_t eval_MIN(const struct operands *o)
{
    return by_kind(o, lesser, eval_float_min);
}
static uint64_t eval_MAX(const struct operands *o)
{
    return by_kind(o, greater, eval_float_max);
}
static uint64_t eval_ABS(const struct operands *o)
{
    return by_kind(o, eval_int_abs, eval_float_abs);
}
static uint64_t eval_SIGN(const struct operands *o)
{
    return by_kind(o, eval_int_sign, eval_float_sign);
}

static uint64_t eval_AND(const struct operands *o)
{
    return o->a & o->b;
}
static uint64_t eval_OR(const struct operands *o)
{
    return o->a | o->b;
}
static uint64_t eval_XOR(const struct operands *o)
{
    return o->a ^ o->b;
}
static uint64_t eval_NOT(const struct operands *o)
{
    return eval_int_wrap(o->type, ~o->a);
}
static uint64_t eval_LNOT(const struct operands *o)
{
    return !o->a;
}
static uint64_t eval_LAND(const struct operands *o)
{
    return o->a & o->b;
}
static uint64_t eval_LOR(const struct operands *o)
{
    return o->a | o->b;
}

static uint64_t eval_EQ(const struct operands *o)
{
    return is_equal(o);
}
static uint64_t eval_NE(const struct operands *o)
{
    return !is_equal(o);
}
static uint64_t eval_LT(const struct operands *o)
{
    return is_less(o->type, o->a, o->b);
}
static uint64_t eval_GT(const struct operands *o)
{
    return is_less(o->type, o->b, o->a);
}
static uint64_t eval_LE(const struct operands *o)
{
    return is_less(o->type, o->a, o->b) || is_equal(o);
}
static uint64_t eval_GE(const struct operands *o)
{
    return is_less(o->type, o->b, o->a) || is_equal(o);
}

static uint64_t eval_IS_NAN(const struct operands *o)
{
    return eval_float_is_nan(o->type, o->a);
}
static uint64_t eval_IS_INF(const struct operands *o)
{
    return __builtin_isinf(eval_float_value(o->type, o->a)) != 0;
}
static uint64_t eval_IS_FINITE(const struct operands *o)
{
    return __builtin_isfinite(eval_float_value(o->type, o->a)) != 0;
}

static uint64_t eval_UNPACK4(const struct operands *o)
{
    return o->a >> (o->b & 7) * 4 & 0xF;
}
static uint64_t eval_UNPACK8(const struct operands *o)
{
    return o->a >> (o->b & 3) * 8 & 0xFF;
}

static uint64_t eval_DOT4_U8(const struct operands *o)
{
    uint64_t sum = o->c;
    for (uint32_t shift = 0; shift < 32; shift += 8)
        sum += (o->a >> shift & 0xFF) * (o->b >> shift & 0xFF);
    return eval_int_wrap(IR_U32, sum);
}

static uint64_t eval_SELECT(const struct operands *o)
{
    return o->a ? o->b : o->c;
}

static uint64_t eval_BITCAST(const struct operands *o)
{
    return ir_value_to_memory(o->result, ir_value_to_memory(o->type, o->a));
}

static uint64_t cast_from_float(const struct operands *o)
{
    double v = eval_float_value(o->type, o->a);
    if (o->result == IR_BOOL) return v != 0;
    return scalar_is_float(o->result) ? eval_float_round(o->result, v) : eval_float_to_int(o->result, v);
}

static uint64_t cast_from_int(const struct operands *o)
{
    if (o->result == IR_BOOL) return o->a != 0;
    if (scalar_is_float(o->result)) return eval_float_from_int(o->result, o->type, o->a);
    return eval_int_wrap(o->result, scalar_is_signed(o->type) ? (uint64_t)eval_int_signed(o->type, o->a) : o->a);
}

static uint64_t eval_CAST(const struct operands *o)
{
    return by_kind(o, cast_from_int, cast_from_float);
}

/* Rows of one kind of type go straight to their family. */
#define eval_REM eval_int_rem
#define eval_SHL eval_int_shl
#define eval_SHR eval_int_shr
#define eval_ABS_DIFF eval_int_abs_diff
#define eval_SAT_ADD eval_int_sat_add
#define eval_SAT_SUB eval_int_sat_sub
#define eval_SAT_MUL eval_int_sat_mul
#define eval_MUL_HI eval_int_mul_hi
#define eval_ROTL eval_int_rotl
#define eval_ROTR eval_int_rotr
#define eval_POPCOUNT eval_int_popcount
#define eval_CLZ eval_int_clz
#define eval_CTZ eval_int_ctz
#define eval_REVERSE_BITS eval_int_reverse_bits
#define eval_EXTRACT_BITS eval_int_extract_bits
#define eval_INSERT_BITS eval_int_insert_bits
#define eval_FMA eval_float_fma
#define eval_SQRT eval_float_sqrt
#define eval_RSQRT eval_float_rsqrt
#define eval_RECIP eval_float_recip
#define eval_FLOOR eval_float_floor
#define eval_CEIL eval_float_ceil
#define eval_ROUND eval_float_round_even
#define eval_TRUNC eval_float_trunc
#define eval_EXP eval_math_exp
#define eval_EXP2 eval_math_exp2
#define eval_LOG eval_math_log
#define eval_LOG2 eval_math_log2
#define eval_SIN eval_math_sin
#define eval_COS eval_math_cos
#define eval_TAN eval_math_tan
#define eval_ASIN eval_math_asin
#define eval_ACOS eval_math_acos
#define eval_ATAN eval_math_atan
#define eval_SINH eval_math_sinh
#define eval_COSH eval_math_cosh
#define eval_TANH eval_math_tanh

/* Rows whose value is not a function of their operands' values alone. */
#define eval_CONST NULL
#define eval_LOCAL NULL
#define eval_PARAM NULL
#define eval_LEN NULL
#define eval_GID NULL
#define eval_LID NULL
#define eval_WID NULL
#define eval_WORKGROUP_SIZE NULL
#define eval_NUM_WORKGROUPS NULL
#define eval_LANE NULL
#define eval_SUBGROUP_SIZE NULL
#define eval_LOAD NULL
#define eval_BALLOT NULL
#define eval_SHUFFLE NULL
#define eval_REDUCE_ADD NULL
#define eval_REDUCE_MUL NULL
#define eval_REDUCE_MIN NULL
#define eval_REDUCE_MAX NULL
#define eval_REDUCE_AND NULL
#define eval_REDUCE_OR NULL
#define eval_REDUCE_XOR NULL
#define eval_SCAN_ADD NULL
/* Rows that gather or pick components: see ir_op_eval. */
#define eval_VEC NULL
#define eval_EXTRACT NULL

static eval_function *const handlers[IR_OP_COUNT] = {
#define OP(NAME, text, form, n_args, sig, types, traits, help) [IR_OP_##NAME] = eval_##NAME,
#include "ir/ops.def"
};

/* -- vectors --------------------------------------------------------------------------------------------------- */

static uint64_t component_of(ir_type type, const struct ir_value *v, uint32_t lane)
{
    return v->lane[type.lanes == 1 ? 0 : lane]; /* a scalar beside a vector serves every component */
}

static uint64_t eval_component(enum ir_op op, ir_type type, const ir_type *arg_types, const struct ir_value *args,
                               uint32_t n_args, uint32_t lane)
{
    struct operands o = {.result = type.scalar, .type = arg_types[op == IR_OP_SELECT].scalar};
    uint64_t *const places[4] = {&o.a, &o.b, &o.c, &o.d};
    for (uint32_t i = 0; i < n_args; i++)
        *places[i] = component_of(arg_types[i], &args[i], lane);
    return handlers[op](&o);
}

struct ir_value ir_op_eval(enum ir_op op, ir_type type, uint8_t component, const ir_type *arg_types,
                           const struct ir_value *args, uint32_t n_args)
{
    struct ir_value result = {{0}};
    if (op == IR_OP_EXTRACT) {
        result.lane[0] = args[0].lane[component];
    } else if (op == IR_OP_VEC) {
        for (uint32_t i = 0; i < n_args; i++)
            result.lane[i] = args[i].lane[0];
    } else if (handlers[op]) {
        for (uint32_t lane = 0; lane < type.lanes; lane++)
            result.lane[lane] = eval_component(op, type, arg_types, args, n_args, lane);
    } else {
        bug("%s has no value of its own", ir_op_infos[op].name);
    }
    return result;
}

/* -- reductions, atomics, memory ------------------------------------------------------------------------------- */

/* The operation that combines two lanes. */
static enum ir_op combining_op(enum ir_op op)
{
    switch (op) {
    case IR_OP_REDUCE_ADD:
    case IR_OP_SCAN_ADD:
        return IR_OP_ADD;
    case IR_OP_REDUCE_MUL:
        return IR_OP_MUL;
    case IR_OP_REDUCE_MIN:
        return IR_OP_MIN;
    case IR_OP_REDUCE_MAX:
        return IR_OP_MAX;
    case IR_OP_REDUCE_AND:
        return IR_OP_AND;
    case IR_OP_REDUCE_OR:
        return IR_OP_OR;
    case IR_OP_REDUCE_XOR:
        return IR_OP_XOR;
    default:
        bug("%s combines no lanes", ir_op_infos[op].name);
    }
}

uint64_t ir_reduce_step(enum ir_op op, enum ir_scalar s, uint64_t a, uint64_t b)
{
    return handlers[combining_op(op)](&(struct operands){.type = s, .result = s, .a = a, .b = b});
}

static uint64_t eval_float_identity(enum ir_op op, enum ir_scalar s)
{
    switch (combining_op(op)) {
    case IR_OP_ADD:
        return eval_float_round(s, -0.0);
    case IR_OP_MUL:
        return eval_float_round(s, 1);
    default:
        return eval_float_quiet_nan(s); /* min and max give the other operand */
    }
}

uint64_t ir_reduce_identity(enum ir_op op, enum ir_scalar s)
{
    if (scalar_is_float(s)) return eval_float_identity(op, s);
    uint64_t ones = eval_int_wrap(s, ~UINT64_C(0)), top = UINT64_C(1) << (scalar_bits(s) - 1);
    switch (combining_op(op)) {
    case IR_OP_MUL:
        return 1;
    case IR_OP_MIN:
        return scalar_is_signed(s) ? ones ^ top : ones;
    case IR_OP_MAX:
        return scalar_is_signed(s) ? top : 0;
    case IR_OP_AND:
        return ones;
    default:
        return 0;
    }
}

uint64_t ir_atomic_eval(enum ir_atomic op, enum ir_scalar s, uint64_t old, uint64_t expected, uint64_t value)
{
    struct operands o = {.type = s, .result = s, .a = old, .b = value};
    switch (op) {
    case IR_ATOMIC_ADD:
        return eval_ADD(&o);
    case IR_ATOMIC_SUB:
        return eval_SUB(&o);
    case IR_ATOMIC_MIN:
        return eval_MIN(&o);
    case IR_ATOMIC_MAX:
        return eval_MAX(&o);
    case IR_ATOMIC_AND:
        return eval_AND(&o);
    case IR_ATOMIC_OR:
        return eval_OR(&o);
    case IR_ATOMIC_XOR:
        return eval_XOR(&o);
    case IR_ATOMIC_EXCHANGE:
        return value;
    case IR_ATOMIC_CAS:
        return old == expected ? value : old;
    }
    bug("no such atomic operation: %d", (int)op);
}

uint64_t ir_value_to_memory(enum ir_scalar s, uint64_t bits)
{
    return scalar_is_float(s) ? eval_float_canonical(s, bits) : bits;
}

uint64_t ir_value_from_memory(enum ir_scalar s, uint64_t bits)
{
    return s == IR_BOOL ? (uint32_t)bits != 0 : bits;
}
