/* mask.c - which lanes run. */
#include "codegen/llvm/lower.h"

LLVMTypeRef mask_type(struct lower *l)
{
    return type_lanes(l, type_int(l, 1));
}

LLVMValueRef mask_full(struct lower *l)
{
    return LLVMConstAllOnes(mask_type(l));
}

LLVMValueRef mask_and(struct lower *l, LLVMValueRef a, LLVMValueRef b)
{
    if (!a || !b) return a ? a : b;
    return LLVMBuildAnd(l->b, a, b, "");
}

LLVMValueRef mask_and_not(struct lower *l, LLVMValueRef a, LLVMValueRef b)
{
    LLVMValueRef rest = LLVMBuildNot(l->b, b, "");
    return a ? LLVMBuildAnd(l->b, a, rest, "") : rest;
}

LLVMValueRef mask_bits(struct lower *l, LLVMValueRef m)
{
    return l->width == 1 ? m : LLVMBuildBitCast(l->b, m, type_int(l, l->width), "");
}

LLVMValueRef mask_any(struct lower *l, LLVMValueRef m)
{
    if (!m) return const_int(l, 1, 1);
    LLVMValueRef bits = mask_bits(l, m);
    return l->width == 1 ? bits : LLVMBuildICmp(l->b, LLVMIntNE, bits, LLVMConstNull(LLVMTypeOf(bits)), "");
}

LLVMValueRef mask_is_full(struct lower *l, LLVMValueRef m)
{
    LLVMValueRef bits = mask_bits(l, m);
    return l->width == 1 ? bits : LLVMBuildICmp(l->b, LLVMIntEQ, bits, LLVMConstAllOnes(LLVMTypeOf(bits)), "");
}

LLVMValueRef mask_first_lane(struct lower *l, LLVMValueRef m)
{
    if (!m || l->width == 1) return const_int(l, 32, 0);
    LLVMValueRef bits = mask_bits(l, m);
    LLVMValueRef args[2] = {bits, const_int(l, 1, 0)};
    LLVMValueRef lane = build_call(l, "llvm.cttz", LLVMTypeOf(bits), args, 2);
    return value_resize(l, lane, type_int(l, 32), false);
}

LLVMValueRef mask_below(struct lower *l, LLVMValueRef n)
{
    LLVMValueRef limit = value_splat(l, n);
    if (l->width == 1) return LLVMBuildICmp(l->b, LLVMIntNE, n, LLVMConstNull(LLVMTypeOf(n)), "");
    return LLVMBuildICmp(l->b, LLVMIntULT, const_iota(LLVMTypeOf(n), l->width, 0, 1), limit, "");
}
