/* op_eval.h - private to op_eval*.c: one scalar step of the evaluator, and the arithmetic it stands on. */
#ifndef VYREC_IR_OP_EVAL_H
#define VYREC_IR_OP_EVAL_H

#include "ir/ops.h"

/* The operands of one component. Patterns are zero-extended; a result may have junk above its width where it is wrapped. */
struct operands {
    enum ir_scalar type;   /* T of the signature */
    enum ir_scalar result; /* of the operation */
    uint64_t a, b, c, d;
};
typedef uint64_t eval_function(const struct operands *o);

static inline uint32_t scalar_bits(enum ir_scalar s) { return ir_scalar_infos[s].bits; }
static inline bool scalar_is_signed(enum ir_scalar s) { return ir_scalar_infos[s].kind == IR_KIND_SINT; }
static inline bool scalar_is_float(enum ir_scalar s) { return ir_scalar_infos[s].kind == IR_KIND_FLOAT; }

/* -- integers and bool: op_eval_int.c */

uint64_t int_wrap(enum ir_scalar s, uint64_t v);   /* the low bits, zero-extended */
int64_t int_signed(enum ir_scalar s, uint64_t v);  /* the low bits, sign-extended */
bool int_less(enum ir_scalar s, uint64_t a, uint64_t b);
eval_function int_div, int_rem, int_shl, int_shr, int_abs, int_abs_diff, int_sat_add, int_sat_sub, int_sat_mul, int_mul_hi,
    int_rotl, int_rotr, int_popcount, int_clz, int_ctz, int_reverse_bits, int_extract_bits, int_insert_bits, int_sign;

/* -- floats: op_eval_float.c */

/* Exact for every format. */
double float_value(enum ir_scalar s, uint64_t bits);
/* Rounds once, to nearest even; NaN becomes the one quiet NaN of the format. */
uint64_t float_round(enum ir_scalar s, double v);
uint64_t float_quiet_nan(enum ir_scalar s);
uint64_t float_canonical(enum ir_scalar s, uint64_t bits); /* NaNs made the one */
bool float_is_nan(enum ir_scalar s, uint64_t bits);
/* Toward zero, saturating, NaN is 0. */
uint64_t float_to_int(enum ir_scalar to, double v);
/* f16 and bf16 through f32. */
uint64_t float_from_int(enum ir_scalar to, enum ir_scalar from, uint64_t v);
eval_function float_add, float_sub, float_mul, float_div, float_neg, float_min, float_max, float_abs, float_fma, float_sqrt,
    float_rsqrt, float_recip, float_floor, float_ceil, float_round_even, float_trunc, float_sign;

/* -- transcendental functions: op_eval_math.c. f16, bf16 and f32 */

eval_function math_eval_exp, math_eval_exp2, math_eval_log, math_eval_log2, math_eval_sin, math_eval_cos, math_eval_tan,
    math_eval_asin, math_eval_acos, math_eval_atan, math_eval_sinh, math_eval_cosh, math_eval_tanh;

#endif
