/* op_eval.h - private to op_eval*.c: one scalar step of the evaluator, and the arithmetic it stands on. */
#ifndef VYREC_IR_OP_EVAL_H
#define VYREC_IR_OP_EVAL_H

#include "ir/ops.h"

/* The operands of one component. Patterns are zero-extended; a result may have junk above its width where it is
 * wrapped. */
struct operands {
    enum ir_scalar type;   /* T of the signature */
    enum ir_scalar result; /* of the operation */
    uint64_t a, b, c, d;
};
typedef uint64_t eval_function(const struct operands *o);

static inline uint32_t scalar_bits(enum ir_scalar s)
{
    return ir_scalar_infos[s].bits;
}
static inline bool scalar_is_signed(enum ir_scalar s)
{
    return ir_scalar_infos[s].kind == IR_KIND_SINT;
}
static inline bool scalar_is_float(enum ir_scalar s)
{
    return ir_scalar_infos[s].kind == IR_KIND_FLOAT;
}

/* -- integers and bool: op_eval_int.c */

uint64_t eval_int_wrap(enum ir_scalar s, uint64_t v);  /* the low bits, zero-extended */
int64_t eval_int_signed(enum ir_scalar s, uint64_t v); /* the low bits, sign-extended */
bool eval_int_less(enum ir_scalar s, uint64_t a, uint64_t b);
eval_function eval_int_div, eval_int_rem, eval_int_shl, eval_int_shr, eval_int_abs, eval_int_abs_diff, eval_int_sat_add,
    eval_int_sat_sub, eval_int_sat_mul, eval_int_mul_hi, eval_int_rotl, eval_int_rotr, eval_int_popcount, eval_int_clz,
    eval_int_ctz, eval_int_reverse_bits, eval_int_extract_bits, eval_int_insert_bits, eval_int_sign;

/* -- floats: op_eval_float.c */

/* Exact for every format. */
double eval_float_value(enum ir_scalar s, uint64_t bits);
/* Rounds once, to nearest even; NaN becomes the one quiet NaN of the format. */
uint64_t eval_float_round(enum ir_scalar s, double v);
uint64_t eval_float_quiet_nan(enum ir_scalar s);
uint64_t eval_float_canonical(enum ir_scalar s, uint64_t bits); /* NaNs made the one */
bool eval_float_is_nan(enum ir_scalar s, uint64_t bits);
/* Toward zero, saturating, NaN is 0. */
uint64_t eval_float_to_int(enum ir_scalar to, double v);
/* f16 and bf16 through f32. */
uint64_t eval_float_from_int(enum ir_scalar to, enum ir_scalar from, uint64_t v);
eval_function eval_float_add, eval_float_sub, eval_float_mul, eval_float_div, eval_float_neg, eval_float_min,
    eval_float_max, eval_float_abs, eval_float_fma, eval_float_sqrt, eval_float_rsqrt, eval_float_recip,
    eval_float_floor, eval_float_ceil, eval_float_round_even, eval_float_trunc, eval_float_sign;

/* -- transcendental functions: op_eval_math.c. f16, bf16 and f32 */

eval_function eval_math_exp, eval_math_exp2, eval_math_log, eval_math_log2, eval_math_sin, eval_math_cos, eval_math_tan,
    eval_math_asin, eval_math_acos, eval_math_atan, eval_math_sinh, eval_math_cosh, eval_math_tanh;

#endif
