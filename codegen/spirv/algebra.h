/* algebra.h - the algebra of ir/op_math.h as SPIR-V instructions: values are ids. Included by the files that build its functions. */
#ifndef VYREC_SPIRV_ALGEBRA_H
#define VYREC_SPIRV_ALGEBRA_H

#include "codegen/spirv/emit_float.h"

#define M_CONTEXT struct spirv *spv,
#define M_CONTEXT_ARG spv,
#define M_FLOAT spv_id
#define M_UINT spv_id
#define M_BOOL spv_id

static inline spv_id float_const(struct spirv *e, float c)
{
    uint32_t bits;
    _Static_assert(sizeof bits == sizeof c, "f32");
    __builtin_memcpy(&bits, &c, sizeof bits);
    return spv_const_f32(&e->m, bits);
}

static inline spv_id bits_as(struct spirv *e, enum ir_scalar to, spv_id a)
{
    return SPV_OP(&e->m, SpvOpBitcast, spirv_reg_type(e, to), a);
}

#define M_F(c) float_const(spv, c)
#define M_U(c) spv_const_u32(&spv->m, c)
#define M_FADD(a, b) spirv_float_op(spv, IR_F32, SpvOpFAdd, a, b)
#define M_FSUB(a, b) spirv_float_op(spv, IR_F32, SpvOpFSub, a, b)
#define M_FMUL(a, b) spirv_float_op(spv, IR_F32, SpvOpFMul, a, b)
#define M_FDIV(a, b) spirv_exact(spv, SPIRV_EXACT_DIV, (const spv_id[]){a, b}, 2)
#define M_FFMA(a, b, c) spirv_exact(spv, SPIRV_EXACT_FMA, (const spv_id[]){a, b, c}, 3)
#define M_FSQRT(a) spirv_exact(spv, SPIRV_EXACT_SQRT, (const spv_id[]){a}, 1)
#define M_FLT(a, b) spirv_test(spv, SpvOpFOrdLessThan, a, b)
#define M_FLE(a, b) spirv_test(spv, SpvOpFOrdLessThanEqual, a, b)
#define M_FEQ(a, b) spirv_test(spv, SpvOpFOrdEqual, a, b)
#define M_ULT(a, b) spirv_test(spv, SpvOpULessThan, a, b)
#define M_UEQ(a, b) spirv_test(spv, SpvOpIEqual, a, b)
#define M_FSELECT(c, a, b) spirv_choose(spv, IR_F32, c, a, b)
#define M_USELECT(c, a, b) spirv_select(spv, spv_type_uint(&spv->m, 32), c, a, b)
#define M_UADD(a, b) spirv_u32(spv, SpvOpIAdd, a, b)
#define M_USUB(a, b) spirv_u32(spv, SpvOpISub, a, b)
#define M_UMUL(a, b) spirv_u32(spv, SpvOpIMul, a, b)
#define M_UMUL_HI(a, b) spirv_int_mul_hi(spv, IR_U32, (const spv_id[]){a, b})
#define M_UAND(a, b) spirv_u32(spv, SpvOpBitwiseAnd, a, b)
#define M_UOR(a, b) spirv_u32(spv, SpvOpBitwiseOr, a, b)
#define M_UXOR(a, b) spirv_u32(spv, SpvOpBitwiseXor, a, b)
#define M_USHL(a, n) spirv_u32(spv, SpvOpShiftLeftLogical, a, n)
#define M_USHR(a, n) spirv_u32(spv, SpvOpShiftRightLogical, a, n)
#define M_SSHR(a, n) spirv_u32(spv, SpvOpShiftRightArithmetic, a, n)
#define M_BITS(f) bits_as(spv, IR_U32, f)
#define M_FROM_BITS(u) bits_as(spv, IR_F32, u)
#define M_S2F(u) SPV_OP(&spv->m, SpvOpConvertSToF, spv_type_float(&spv->m, 32), u)

#endif
