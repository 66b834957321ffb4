/* op_math.c - the transcendental functions of ir/op_math.h, as instructions. */
#include "codegen/llvm/lower.h"

static LLVMBuilderRef builder(const struct operands *o)
{
    return o->l->b;
}
static LLVMTypeRef uint_type(struct operands *o)
{
    return type_like(o->llvm, type_int(o->l, 32));
}

#define M_CONTEXT struct operands *o,
#define M_CONTEXT_ARG o,
#define M_FLOAT LLVMValueRef
#define M_UINT LLVMValueRef
#define M_BOOL LLVMValueRef
#define M_F(c) const_float_like(o->llvm, (double)(c))
#define M_U(c) const_like(uint_type(o), (c))
#define M_FADD(a, b) LLVMBuildFAdd(builder(o), a, b, "")
#define M_FSUB(a, b) LLVMBuildFSub(builder(o), a, b, "")
#define M_FMUL(a, b) LLVMBuildFMul(builder(o), a, b, "")
#define M_FDIV(a, b) LLVMBuildFDiv(builder(o), a, b, "")
#define M_FFMA(a, b, c) float_fma(o->l, a, b, c)
#define M_FSQRT(a) build_call(o->l, "llvm.sqrt", o->llvm, &(LLVMValueRef){a}, 1)
#define M_FLT(a, b) LLVMBuildFCmp(builder(o), LLVMRealOLT, a, b, "")
#define M_FLE(a, b) LLVMBuildFCmp(builder(o), LLVMRealOLE, a, b, "")
#define M_FEQ(a, b) LLVMBuildFCmp(builder(o), LLVMRealOEQ, a, b, "")
#define M_ULT(a, b) LLVMBuildICmp(builder(o), LLVMIntULT, a, b, "")
#define M_UEQ(a, b) LLVMBuildICmp(builder(o), LLVMIntEQ, a, b, "")
#define M_FSELECT(c, a, b) LLVMBuildSelect(builder(o), c, a, b, "")
#define M_USELECT(c, a, b) LLVMBuildSelect(builder(o), c, a, b, "")
#define M_UADD(a, b) LLVMBuildAdd(builder(o), a, b, "")
#define M_USUB(a, b) LLVMBuildSub(builder(o), a, b, "")
#define M_UMUL(a, b) LLVMBuildMul(builder(o), a, b, "")
#define M_UMUL_HI(a, b) upper_product(o, a, b)
#define M_UAND(a, b) LLVMBuildAnd(builder(o), a, b, "")
#define M_UOR(a, b) LLVMBuildOr(builder(o), a, b, "")
#define M_UXOR(a, b) LLVMBuildXor(builder(o), a, b, "")
#define M_USHL(a, n) LLVMBuildShl(builder(o), a, n, "")
#define M_USHR(a, n) LLVMBuildLShr(builder(o), a, n, "")
#define M_SSHR(a, n) LLVMBuildAShr(builder(o), a, n, "")
#define M_BITS(f) LLVMBuildBitCast(builder(o), f, uint_type(o), "")
#define M_FROM_BITS(u) LLVMBuildBitCast(builder(o), u, o->llvm, "")
#define M_S2F(u) LLVMBuildSIToFP(builder(o), u, o->llvm, "")

static LLVMValueRef upper_product(struct operands *o, LLVMValueRef a, LLVMValueRef b)
{
    struct operands product = {.l = o->l, .type = IR_U32, .result = IR_U32, .llvm = uint_type(o), .a = a, .b = b};
    return op_mul_hi(&product);
}

#include "ir/op_math.h"

#define MATH(name)                                                                                                     \
    LLVMValueRef op_##name(struct operands *o)                                                                         \
    {                                                                                                                  \
        return math_##name(o, o->a);                                                                                   \
    }
/* clang-format off */
MATH(exp) MATH(exp2) MATH(log) MATH(log2) MATH(sin) MATH(cos) MATH(tan) MATH(asin) MATH(acos) MATH(atan)
MATH(sinh) MATH(cosh) MATH(tanh)
    /* clang-format on */
