/* float_cast.c - between formats of floats, and between floats and integers. f16 and bf16 are f32 in registers: only here do their bits
 * appear. Nothing calls a library: what the processor lacks is done in integers. */
#include "codegen/llvm/lower.h"

static LLVMTypeRef int_like(struct lower *l, LLVMValueRef v, uint32_t bits)
{
    return type_like(LLVMTypeOf(v), type_int(l, bits));
}

static LLVMTypeRef float_like(struct lower *l, LLVMValueRef v, enum ir_scalar s)
{
    return type_like(LLVMTypeOf(v), type_value(l, s));
}

static LLVMValueRef as_bits(struct lower *l, LLVMValueRef v)
{
    return LLVMBuildBitCast(l->b, v, int_like(l, v, type_bits(LLVMTypeOf(v))), "");
}

static LLVMValueRef as_float(struct lower *l, LLVMValueRef v)
{
    return LLVMBuildBitCast(l->b, v, float_like(l, v, IR_F32), "");
}

static LLVMValueRef is_nan(struct lower *l, LLVMValueRef v)
{
    return LLVMBuildFCmp(l->b, LLVMRealUNO, v, v, "");
}

static LLVMValueRef same(LLVMValueRef v, uint64_t constant)
{
    return const_like(LLVMTypeOf(v), constant);
}

static LLVMValueRef and_bits(struct lower *l, LLVMValueRef v, uint64_t mask)
{
    return LLVMBuildAnd(l->b, v, same(v, mask), "");
}
static LLVMValueRef add_bits(struct lower *l, LLVMValueRef v, uint64_t n)
{
    return LLVMBuildAdd(l->b, v, same(v, n), "");
}
static LLVMValueRef shift_down(struct lower *l, LLVMValueRef v, uint32_t n)
{
    return LLVMBuildLShr(l->b, v, same(v, n), "");
}
static LLVMValueRef shift_up(struct lower *l, LLVMValueRef v, uint32_t n)
{
    return LLVMBuildShl(l->b, v, same(v, n), "");
}

static LLVMValueRef is_below(struct lower *l, LLVMValueRef v, uint64_t limit)
{
    return LLVMBuildICmp(l->b, LLVMIntULT, v, same(v, limit), "");
}

/* As integers: of a select between floats LLVM may think that any NaN is as good as another. */
LLVMValueRef float_canonical_bits(struct lower *l, LLVMValueRef v)
{
    LLVMValueRef bits = as_bits(l, v);
    uint64_t quiet = type_bits(LLVMTypeOf(v)) == 64 ? UINT64_C(0x7FF8000000000000) : UINT64_C(0x7FC00000);
    return LLVMBuildSelect(l->b, is_nan(l, v), same(bits, quiet), bits, "");
}

/* -- f16 --------------------------------------------------------------------------------------------------------- */

static LLVMValueRef half_bits_in_hardware(struct lower *l, LLVMValueRef v)
{
    LLVMTypeRef half = type_like(LLVMTypeOf(v), LLVMHalfTypeInContext(l->context));
    return LLVMBuildBitCast(l->b, LLVMBuildFPTrunc(l->b, v, half, ""), int_like(l, v, 16), "");
}

/* Of a magnitude below 2^-14: adding 0.5 lines the units of the last place up, and rounds. */
static LLVMValueRef subnormal_half(struct lower *l, LLVMValueRef magnitude)
{
    LLVMValueRef v = as_float(l, magnitude), half = const_float_like(LLVMTypeOf(v), 0.5);
    LLVMValueRef bits = as_bits(l, LLVMBuildFAdd(l->b, v, half, ""));
    return LLVMBuildSub(l->b, bits, same(bits, 0x3F000000), "");
}

/* Of any other: move the bias and add what rounds to nearest even. A carry reaches the exponent, as it should. */
static LLVMValueRef normal_half(struct lower *l, LLVMValueRef magnitude)
{
    LLVMValueRef odd = and_bits(l, shift_down(l, magnitude, 13), 1);
    LLVMValueRef rebiased = add_bits(l, magnitude, (uint64_t)(uint32_t)((15 - 127) * (1 << 23)) + 0xFFF);
    return shift_down(l, LLVMBuildAdd(l->b, rebiased, odd, ""), 13);
}

static LLVMValueRef half_bits_in_integers(struct lower *l, LLVMValueRef v)
{
    LLVMValueRef bits = as_bits(l, v), magnitude = and_bits(l, bits, 0x7FFFFFFF);
    LLVMValueRef finite = LLVMBuildSelect(l->b, is_below(l, magnitude, 0x38800000), subnormal_half(l, magnitude),
                                          normal_half(l, magnitude), "");
    LLVMValueRef whole = LLVMBuildSelect(l->b, is_below(l, magnitude, 0x47800000), finite, same(bits, 0x7C00), "");
    LLVMValueRef sign = and_bits(l, shift_down(l, bits, 16), 0x8000);
    return LLVMBuildTrunc(l->b, LLVMBuildOr(l->b, whole, sign, ""), int_like(l, v, 16), "");
}

LLVMValueRef float_to_half_bits(struct lower *l, LLVMValueRef v)
{
    LLVMValueRef bits = l->features->half_conversions ? half_bits_in_hardware(l, v) : half_bits_in_integers(l, v);
    return LLVMBuildSelect(l->b, is_nan(l, v), same(bits, 0x7E00), bits, "");
}

/* The exponent field of a half moved up to that of a float is too low by 112; one multiplication by 2^112 is exact, also for subnormals.
 * What was infinite or NaN is then at least 2^16, and gets the float's exponent of all ones. */
static LLVMValueRef half_value_in_integers(struct lower *l, LLVMValueRef bits)
{
    LLVMValueRef wide = LLVMBuildZExt(l->b, bits, int_like(l, bits, 32), "");
    LLVMValueRef small = as_float(l, shift_up(l, and_bits(l, wide, 0x7FFF), 13));
    LLVMValueRef scaled = as_bits(l, LLVMBuildFMul(l->b, small, const_float_like(LLVMTypeOf(small), 0x1p112), ""));
    LLVMValueRef special = LLVMBuildOr(l->b, scaled, same(scaled, 0x7F800000), "");
    LLVMValueRef magnitude = LLVMBuildSelect(l->b, is_below(l, scaled, 0x47800000), scaled, special, "");
    return as_float(l, LLVMBuildOr(l->b, magnitude, shift_up(l, and_bits(l, wide, 0x8000), 16), ""));
}

LLVMValueRef float_from_half_bits(struct lower *l, LLVMValueRef bits)
{
    if (!l->features->half_conversions) return half_value_in_integers(l, bits);
    LLVMTypeRef half = type_like(LLVMTypeOf(bits), LLVMHalfTypeInContext(l->context));
    return LLVMBuildFPExt(l->b, LLVMBuildBitCast(l->b, bits, half, ""), float_like(l, bits, IR_F32), "");
}

/* -- bf16: the upper half of an f32 -------------------------------------------------------------------------------- */

LLVMValueRef float_to_brain_bits(struct lower *l, LLVMValueRef v)
{
    LLVMValueRef bits = as_bits(l, v);
    LLVMValueRef odd = and_bits(l, shift_down(l, bits, 16), 1);
    LLVMValueRef rounded = shift_down(l, add_bits(l, LLVMBuildAdd(l->b, bits, odd, ""), 0x7FFF), 16);
    LLVMValueRef brain = LLVMBuildTrunc(l->b, rounded, int_like(l, v, 16), "");
    return LLVMBuildSelect(l->b, is_nan(l, v), same(brain, 0x7FC0), brain, "");
}

LLVMValueRef float_from_brain_bits(struct lower *l, LLVMValueRef bits)
{
    return as_float(l, shift_up(l, LLVMBuildZExt(l->b, bits, int_like(l, bits, 32), ""), 16));
}

/* -- casts ------------------------------------------------------------------------------------------------------- */

static bool is_float(enum ir_scalar s)
{
    return ir_scalar_infos[s].kind == IR_KIND_FLOAT;
}

/* A double as f32 rounded to odd, so that rounding once more, to f16 or bf16, is rounding the double. */
static LLVMValueRef narrow_to_odd(struct lower *l, LLVMValueRef v)
{
    LLVMValueRef nearest = LLVMBuildFPTrunc(l->b, v, float_like(l, v, IR_F32), "");
    LLVMValueRef back = LLVMBuildFPExt(l->b, nearest, LLVMTypeOf(v), "");
    LLVMValueRef bits = as_bits(l, nearest);
    LLVMValueRef is_even = LLVMBuildICmp(l->b, LLVMIntEQ, and_bits(l, bits, 1), same(bits, 0), "");
    LLVMValueRef inexact = LLVMBuildFCmp(l->b, LLVMRealONE, back, v, "");
    LLVMValueRef magnitude[2] = {v, back};
    for (uint32_t i = 0; i < 2; i++)
        magnitude[i] = build_call(l, "llvm.fabs", LLVMTypeOf(v), &magnitude[i], 1);
    LLVMValueRef too_large = LLVMBuildFCmp(l->b, LLVMRealOGT, magnitude[1], magnitude[0], "");
    LLVMValueRef step = LLVMBuildSelect(l->b, too_large, same(bits, ~UINT64_C(0)), same(bits, 1), "");
    LLVMValueRef odd = LLVMBuildAdd(l->b, bits, step, "");
    return as_float(l, LLVMBuildSelect(l->b, LLVMBuildAnd(l->b, inexact, is_even, ""), odd, bits, ""));
}

static LLVMValueRef cast_float_to_float(struct operands *o)
{
    struct lower *l = o->l;
    if (o->type == IR_F64 && o->result != IR_F64) {
        LLVMValueRef narrow = o->result == IR_F32 ? LLVMBuildFPTrunc(l->b, o->a, float_like(l, o->a, IR_F32), "")
                                                  : narrow_to_odd(l, o->a);
        return value_round(l, o->result, narrow);
    }
    if (o->result == IR_F64)
        return o->type == IR_F64 ? o->a : LLVMBuildFPExt(l->b, o->a, float_like(l, o->a, IR_F64), "");
    return value_round(l, o->result, o->a);
}

static LLVMValueRef cast_float_to_int(struct operands *o)
{
    struct lower *l = o->l;
    bool is_signed = ir_scalar_infos[o->result].kind == IR_KIND_SINT;
    LLVMTypeRef overloads[2] = {int_like(l, o->a, ir_scalar_infos[o->result].bits), o->llvm};
    return build_call_overloaded(l, is_signed ? "llvm.fptosi.sat" : "llvm.fptoui.sat", overloads, 2, &o->a, 1);
}

static LLVMValueRef cast_int_to_float(struct operands *o)
{
    struct lower *l = o->l;
    LLVMTypeRef type = float_like(l, o->a, o->result);
    bool is_signed = ir_scalar_infos[o->type].kind == IR_KIND_SINT;
    return value_round(l, o->result,
                       is_signed ? LLVMBuildSIToFP(l->b, o->a, type, "") : LLVMBuildUIToFP(l->b, o->a, type, ""));
}

LLVMValueRef float_cast(struct operands *o)
{
    if (o->result == IR_BOOL) return LLVMBuildFCmp(o->l->b, LLVMRealUNE, o->a, LLVMConstNull(o->llvm), "");
    if (!is_float(o->type)) return cast_int_to_float(o);
    return is_float(o->result) ? cast_float_to_float(o) : cast_float_to_int(o);
}
