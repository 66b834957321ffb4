/* op_math_c.h - the functions of op_math.h on C floats, for the evaluator and for measuring their errors.
 * To be compiled with -ffp-contract=off. */
#ifndef VYREC_IR_OP_MATH_C_H
#define VYREC_IR_OP_MATH_C_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t bits_of(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static inline float from_bits(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

#define M_CONTEXT
#define M_CONTEXT_ARG
#define M_FLOAT float
#define M_UINT uint32_t
#define M_BOOL bool
#define M_F(c) (c)
#define M_U(c) ((uint32_t)(c))
#define M_FADD(a, b) ((a) + (b))
#define M_FSUB(a, b) ((a) - (b))
#define M_FMUL(a, b) ((a) * (b))
#define M_FDIV(a, b) ((a) / (b))
#define M_FFMA(a, b, c) fmaf(a, b, c)
#define M_FSQRT(a) sqrtf(a)
#define M_FLT(a, b) ((a) < (b))
#define M_FLE(a, b) ((a) <= (b))
#define M_FEQ(a, b) ((a) == (b))
#define M_ULT(a, b) ((a) < (b))
#define M_UEQ(a, b) ((a) == (b))
#define M_FSELECT(c, a, b) ((c) ? (a) : (b))
#define M_USELECT(c, a, b) ((c) ? (a) : (b))
#define M_UADD(a, b) ((a) + (b))
#define M_USUB(a, b) ((a) - (b))
#define M_UMUL(a, b) ((a) * (b))
#define M_UMUL_HI(a, b) ((uint32_t)((uint64_t)(a) * (b) >> 32))
#define M_UAND(a, b) ((a) & (b))
#define M_UOR(a, b) ((a) | (b))
#define M_UXOR(a, b) ((a) ^ (b))
#define M_USHL(a, n) ((a) << (n))
#define M_USHR(a, n) ((a) >> (n))
#define M_SSHR(a, n) ((uint32_t)((int32_t)(a) >> (n)))
#define M_BITS(f) bits_of(f)
#define M_FROM_BITS(u) from_bits(u)
#define M_S2F(u) ((float)(int32_t)(u))
#include "ir/op_math.h"

/* All of them, for tables: MATH(name). */
/* clang-format off */
#define MATH_FUNCTIONS(MATH) \
    MATH(exp) MATH(exp2) MATH(log) MATH(log2) MATH(sin) MATH(cos) MATH(tan) MATH(asin) MATH(acos) MATH(atan) \
    MATH(sinh) MATH(cosh) MATH(tanh)
/* clang-format on */

#endif
