/* op_float.c - float operations on scalars or vectors, exact: no fast-math flags, nothing fused. f16 and bf16 are f32 here; the
 * caller rounds. Which NaN comes out is open until it reaches memory or a bitcast. */
#include "codegen/llvm/lower.h"

static LLVMBuilderRef builder(const struct operands *o)
{
    return o->l->b;
}
static LLVMValueRef call_unary(struct operands *o, const char *intrinsic)
{
    return build_call(o->l, intrinsic, o->llvm, &o->a, 1);
}

LLVMValueRef op_fadd(struct operands *o)
{
    return LLVMBuildFAdd(builder(o), o->a, o->b, "");
}
LLVMValueRef op_fsub(struct operands *o)
{
    return LLVMBuildFSub(builder(o), o->a, o->b, "");
}
LLVMValueRef op_fmul(struct operands *o)
{
    return LLVMBuildFMul(builder(o), o->a, o->b, "");
}
LLVMValueRef op_fdiv(struct operands *o)
{
    return LLVMBuildFDiv(builder(o), o->a, o->b, "");
}
LLVMValueRef op_fneg(struct operands *o)
{
    return LLVMBuildFNeg(builder(o), o->a, "");
}
LLVMValueRef op_fabs(struct operands *o)
{
    return call_unary(o, "llvm.fabs");
}
LLVMValueRef op_sqrt(struct operands *o)
{
    return call_unary(o, "llvm.sqrt");
}
LLVMValueRef op_floor(struct operands *o)
{
    return call_unary(o, "llvm.floor");
}
LLVMValueRef op_ceil(struct operands *o)
{
    return call_unary(o, "llvm.ceil");
}
LLVMValueRef op_round(struct operands *o)
{
    return call_unary(o, "llvm.roundeven");
}
LLVMValueRef op_trunc(struct operands *o)
{
    return call_unary(o, "llvm.trunc");
}
LLVMValueRef op_fma(struct operands *o)
{
    return float_fma(o->l, o->a, o->b, o->c);
}

LLVMValueRef op_recip(struct operands *o)
{
    return LLVMBuildFDiv(builder(o), const_float_like(o->llvm, 1), o->a, "");
}
LLVMValueRef op_rsqrt(struct operands *o)
{
    return LLVMBuildFDiv(builder(o), const_float_like(o->llvm, 1), op_sqrt(o), "");
}

LLVMValueRef op_is_nan(struct operands *o)
{
    return LLVMBuildFCmp(builder(o), LLVMRealUNO, o->a, o->a, "");
}

static LLVMValueRef compare_with_infinity(struct operands *o, LLVMRealPredicate predicate)
{
    return LLVMBuildFCmp(builder(o), predicate, op_fabs(o), const_float_like(o->llvm, __builtin_inf()), "");
}

LLVMValueRef op_is_inf(struct operands *o)
{
    return compare_with_infinity(o, LLVMRealOEQ);
}
LLVMValueRef op_is_finite(struct operands *o)
{
    return compare_with_infinity(o, LLVMRealOLT);
}

static LLVMValueRef as_bits(struct lower *l, LLVMValueRef v)
{
    LLVMTypeRef type = LLVMTypeOf(v);
    return LLVMBuildBitCast(l->b, v, type_like(type, type_int(l, type_bits(type))), "");
}

/* a where a `better` b, else b, and so b where one is NaN; then a where b is NaN. Equal numbers are the same bits but for zeros, of which `zeros`
 * makes the right one. Not llvm.minimumnum: on processors with AVX-512 DQ LLVM 22 lets a NaN through when it knows that the other is none. */
static LLVMValueRef choose(struct operands *o, LLVMRealPredicate better, LLVMOpcode zeros)
{
    LLVMBuilderRef b = builder(o);
    LLVMValueRef ordered = LLVMBuildSelect(b, LLVMBuildFCmp(b, better, o->a, o->b, ""), o->a, o->b, "");
    LLVMValueRef same = LLVMBuildBinOp(b, zeros, as_bits(o->l, o->a), as_bits(o->l, o->b), "");
    LLVMValueRef equal = LLVMBuildFCmp(b, LLVMRealOEQ, o->a, o->b, "");
    LLVMValueRef number = LLVMBuildSelect(b, equal, LLVMBuildBitCast(b, same, o->llvm, ""), ordered, "");
    return LLVMBuildSelect(b, LLVMBuildFCmp(b, LLVMRealUNO, o->b, o->b, ""), o->a, number, "");
}

static LLVMValueRef choose_in_hardware(struct operands *o, const char *intrinsic)
{
    LLVMValueRef args[2] = {o->a, o->b};
    bool has = o->l->features->float_choices && type_bits(o->llvm) == 32;
    return has ? build_call(o->l, intrinsic, o->llvm, args, 2) : NULL;
}

LLVMValueRef op_fmin(struct operands *o)
{
    LLVMValueRef least = choose_in_hardware(o, "llvm.minimumnum");
    return least ? least : choose(o, LLVMRealOLT, LLVMOr);
}
LLVMValueRef op_fmax(struct operands *o)
{
    LLVMValueRef most = choose_in_hardware(o, "llvm.maximumnum");
    return most ? most : choose(o, LLVMRealOGT, LLVMAnd);
}

LLVMValueRef op_fsign(struct operands *o)
{
    LLVMValueRef zero = LLVMConstNull(o->llvm);
    LLVMValueRef above = LLVMBuildFCmp(builder(o), LLVMRealOGT, o->a, zero, "");
    LLVMValueRef below = LLVMBuildFCmp(builder(o), LLVMRealOLT, o->a, zero, "");
    LLVMValueRef negative = LLVMBuildSelect(builder(o), below, const_float_like(o->llvm, -1), o->a, "");
    return LLVMBuildSelect(builder(o), above, const_float_like(o->llvm, 1), negative, "");
}

/* -- the fused multiply-add, where the processor has none ------------------------------------------------------- */

/* a + b of doubles rounded to odd: truncated, with the last bit set when anything was lost. A later rounding to fewer bits is then the
 * rounding of the exact sum (Boldo and Melquiond). The lost part is Knuth's two-sum. */
static LLVMValueRef add_to_odd(struct lower *l, LLVMValueRef a, LLVMValueRef b)
{
    LLVMTypeRef type = LLVMTypeOf(a);
    LLVMValueRef sum = LLVMBuildFAdd(l->b, a, b, "");
    LLVMValueRef b_part = LLVMBuildFSub(l->b, sum, a, ""), a_part = LLVMBuildFSub(l->b, sum, b_part, "");
    LLVMValueRef lost = LLVMBuildFAdd(l->b, LLVMBuildFSub(l->b, a, a_part, ""), LLVMBuildFSub(l->b, b, b_part, ""), "");
    LLVMValueRef bits = as_bits(l, sum), one = const_like(LLVMTypeOf(bits), 1);
    LLVMValueRef is_even =
        LLVMBuildICmp(l->b, LLVMIntEQ, LLVMBuildAnd(l->b, bits, one, ""), LLVMConstNull(LLVMTypeOf(bits)), "");
    LLVMValueRef zero = LLVMConstNull(type);
    LLVMValueRef inexact = LLVMBuildFCmp(l->b, LLVMRealONE, lost, zero, "");
    /* What was lost points away from zero, or back: the odd neighbour lies on that side. */
    LLVMValueRef outward = LLVMBuildICmp(l->b, LLVMIntEQ, LLVMBuildFCmp(l->b, LLVMRealOGT, lost, zero, ""),
                                         LLVMBuildFCmp(l->b, LLVMRealOGT, sum, zero, ""), "");
    LLVMValueRef step = LLVMBuildSelect(l->b, outward, one, LLVMConstAllOnes(LLVMTypeOf(bits)), "");
    LLVMValueRef odd = LLVMBuildBitCast(l->b, LLVMBuildAdd(l->b, bits, step, ""), type, "");
    return LLVMBuildSelect(l->b, LLVMBuildAnd(l->b, inexact, is_even, ""), odd, sum, "");
}

/* The product of two floats is exact in double. */
static LLVMValueRef fma_through_double(struct lower *l, LLVMValueRef a, LLVMValueRef b, LLVMValueRef c)
{
    LLVMTypeRef type = LLVMTypeOf(a), wide = type_like(type, type_value(l, IR_F64));
    LLVMValueRef product =
        LLVMBuildFMul(l->b, LLVMBuildFPExt(l->b, a, wide, ""), LLVMBuildFPExt(l->b, b, wide, ""), "");
    return LLVMBuildFPTrunc(l->b, add_to_odd(l, product, LLVMBuildFPExt(l->b, c, wide, "")), type, "");
}

static LLVMValueRef fma_by_lanes(struct lower *l, LLVMValueRef a, LLVMValueRef b, LLVMValueRef c)
{
    LLVMTypeRef type = LLVMTypeOf(a);
    if (!type_is_vector(type)) return helper_fma_f64(l, a, b, c);
    LLVMValueRef result = LLVMGetPoison(type);
    for (uint32_t k = 0; k < LLVMGetVectorSize(type); k++) {
        LLVMValueRef lane = const_int(l, 32, k);
        LLVMValueRef v =
            helper_fma_f64(l, LLVMBuildExtractElement(l->b, a, lane, ""), LLVMBuildExtractElement(l->b, b, lane, ""),
                           LLVMBuildExtractElement(l->b, c, lane, ""));
        result = LLVMBuildInsertElement(l->b, result, v, lane, "");
    }
    return result;
}

LLVMValueRef float_fma(struct lower *l, LLVMValueRef a, LLVMValueRef b, LLVMValueRef c)
{
    LLVMTypeRef type = LLVMTypeOf(a);
    if (!l->features->fma) return type_bits(type) == 32 ? fma_through_double(l, a, b, c) : fma_by_lanes(l, a, b, c);
    LLVMValueRef args[3] = {a, b, c};
    return build_call(l, "llvm.fma", type, args, 3);
}
