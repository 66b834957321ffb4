/* emit_values.c - registers: their types, constants, the ranges of small integers, and f16, bf16 as bit patterns.
 *
 * The conversions are integer arithmetic, because SPIR-V leaves the rounding of OpFConvert and PackHalf2x16 to the device. */
#include "codegen/spirv/emit_pair.h"

spv_id spirv_reg_type(struct spirv *e, enum ir_scalar s)
{
    const struct ir_scalar_info *info = &ir_scalar_infos[s];
    if (info->kind == IR_KIND_BOOL) return spv_type_bool(&e->m);
    if (info->kind == IR_KIND_FLOAT) return spv_type_float(&e->m, info->bits == 64 ? 64 : 32);
    if (info->bits < 64) return spv_type_uint(&e->m, 32);
    return e->has_pairs ? SPV_TYPE(&e->m, SpvOpTypeVector, spv_type_uint(&e->m, 32), 2) : spv_type_uint(&e->m, 64);
}

spv_id spirv_half(struct spirv *e, spv_id a, uint32_t which)
{
    spv_id type = spv_type_uint(&e->m, 32);
    if (e->has_pairs) return SPV_OP(&e->m, SpvOpCompositeExtract, type, a, which);
    spv_id shift = spv_const_u32(&e->m, 32);
    spv_id shifted = which ? SPV_OP(&e->m, SpvOpShiftRightLogical, spv_type_uint(&e->m, 64), a, shift) : a;
    return SPV_OP(&e->m, SpvOpUConvert, type, shifted);
}

spv_id spirv_join(struct spirv *e, spv_id low, spv_id high)
{
    spv_id type = spirv_reg_type(e, IR_U64);
    if (e->has_pairs) return SPV_OP(&e->m, SpvOpCompositeConstruct, type, low, high);
    spv_id wide = SPV_OP(&e->m, SpvOpUConvert, type, high);
    spv_id up = SPV_OP(&e->m, SpvOpShiftLeftLogical, type, wide, spv_const_u32(&e->m, 32));
    return SPV_OP(&e->m, SpvOpBitwiseOr, type, up, SPV_OP(&e->m, SpvOpUConvert, type, low));
}

spv_id spirv_u32(struct spirv *e, SpvOp op, spv_id a, spv_id b)
{
    return SPV_OP(&e->m, op, spv_type_uint(&e->m, 32), a, b);
}

spv_id spirv_test(struct spirv *e, SpvOp op, spv_id a, spv_id b)
{
    return SPV_OP(&e->m, op, spv_type_bool(&e->m), a, b);
}

spv_id spirv_select(struct spirv *e, spv_id type, spv_id c, spv_id a, spv_id b)
{
    if (e->has_pairs && type == spirv_reg_type(e, IR_U64)) return spirv_pair_select(e, c, a, b);
    return SPV_OP(&e->m, SpvOpSelect, type, c, a, b);
}

spv_id spirv_hide(struct spirv *e, enum ir_scalar s, spv_id value)
{
    const struct ir_scalar_info *info = &ir_scalar_infos[s];
    if (!e->hidden_zero || info->kind == IR_KIND_BOOL || (info->kind != IR_KIND_FLOAT && info->bits < 32)) return value;
    bool is_wide = info->bits == 64, is_float = info->kind == IR_KIND_FLOAT;
    spv_id type = spirv_reg_type(e, is_wide ? IR_U64 : IR_U32);
    spv_id zero = is_wide ? spirv_join(e, e->hidden_zero, e->hidden_zero) : e->hidden_zero;
    spv_id bits = is_float ? SPV_OP(&e->m, SpvOpBitcast, type, value) : value;
    bits = SPV_OP(&e->m, SpvOpBitwiseOr, type, bits, zero);
    return is_float ? SPV_OP(&e->m, SpvOpBitcast, spirv_reg_type(e, s), bits) : bits;
}

spv_id spirv_choose(struct spirv *e, enum ir_scalar s, spv_id c, spv_id a, spv_id b)
{
    return spirv_select(e, spirv_reg_type(e, s), c, spirv_hide(e, s, a), b);
}

static spv_id word(struct spirv *e, uint32_t value)
{
    return spv_const_u32(&e->m, value);
}

static spv_id select_u32(struct spirv *e, spv_id c, spv_id a, spv_id b)
{
    return spirv_select(e, spv_type_uint(&e->m, 32), c, a, b);
}

static spv_id bits_of(struct spirv *e, spv_id f)
{
    return SPV_OP(&e->m, SpvOpBitcast, spv_type_uint(&e->m, 32), f);
}

static spv_id float_of(struct spirv *e, spv_id bits)
{
    return SPV_OP(&e->m, SpvOpBitcast, spv_type_float(&e->m, 32), bits);
}

/* -- f16: 1 sign, 5 exponent, 10 fraction bits */

/* The f32 pattern of an f16 pattern: normal numbers shift and rebias; subnormals are fraction * 2^-24, exact in f32. */
static spv_id widen_half(struct spirv *e, spv_id h)
{
    spv_id sign = spirv_u32(e, SpvOpShiftLeftLogical, spirv_u32(e, SpvOpBitwiseAnd, h, word(e, 0x8000)), word(e, 16));
    spv_id magnitude = spirv_u32(e, SpvOpBitwiseAnd, h, word(e, 0x7FFF));
    spv_id shifted = spirv_u32(e, SpvOpShiftLeftLogical, magnitude, word(e, 13));
    spv_id normal = spirv_u32(e, SpvOpIAdd, shifted, word(e, 112u << 23));
    spv_id special = spirv_u32(e, SpvOpIAdd, shifted, word(e, 224u << 23));
    spv_id count = SPV_OP(&e->m, SpvOpConvertUToF, spv_type_float(&e->m, 32), magnitude);
    spv_id scaled = SPV_OP(&e->m, SpvOpFMul, spv_type_float(&e->m, 32), count, spv_const_f32(&e->m, 0x33800000));
    spv_id is_small = spirv_test(e, SpvOpULessThan, magnitude, word(e, 0x0400));
    spv_id is_special = spirv_test(e, SpvOpUGreaterThanEqual, magnitude, word(e, 0x7C00));
    spv_id result = select_u32(e, is_small, bits_of(e, scaled), select_u32(e, is_special, special, normal));
    return spirv_u32(e, SpvOpBitwiseOr, result, sign);
}

/* The low n bits of v are dropped, rounding to nearest even: (v + half - 1 + lowest kept bit) >> n. n is below 32. */
static spv_id round_shift(struct spirv *e, spv_id v, spv_id n)
{
    spv_id one = word(e, 1);
    spv_id kept = spirv_u32(e, SpvOpBitwiseAnd, spirv_u32(e, SpvOpShiftRightLogical, v, n), one);
    spv_id half = spirv_u32(e, SpvOpShiftRightLogical, spirv_u32(e, SpvOpShiftLeftLogical, one, n), one);
    spv_id bias = spirv_u32(e, SpvOpIAdd, spirv_u32(e, SpvOpISub, half, one), kept);
    return spirv_u32(e, SpvOpShiftRightLogical, spirv_u32(e, SpvOpIAdd, v, bias), n);
}

/* The f16 pattern nearest to an f32 pattern; NaN becomes 0x7E00. */
static spv_id narrow_half(struct spirv *e, spv_id f)
{
    spv_id sign = spirv_u32(e, SpvOpBitwiseAnd, spirv_u32(e, SpvOpShiftRightLogical, f, word(e, 16)), word(e, 0x8000));
    spv_id magnitude = spirv_u32(e, SpvOpBitwiseAnd, f, word(e, 0x7FFFFFFF));
    spv_id normal = round_shift(e, spirv_u32(e, SpvOpISub, magnitude, word(e, 112u << 23)), word(e, 13));
    /* Below 2^-14: the fraction with its leading one, shifted to units of 2^-24; below 2^-25 nothing is left. */
    spv_id exponent = spirv_u32(e, SpvOpShiftRightLogical, magnitude, word(e, 23));
    spv_id fraction =
        spirv_u32(e, SpvOpBitwiseOr, spirv_u32(e, SpvOpBitwiseAnd, magnitude, word(e, 0x7FFFFF)), word(e, 0x800000));
    spv_id far = spirv_test(e, SpvOpULessThan, exponent, word(e, 102));
    spv_id distance = select_u32(e, far, word(e, 25), spirv_u32(e, SpvOpISub, word(e, 126), exponent));
    spv_id amount = spirv_u32(e, SpvOpBitwiseAnd, distance, word(e, 31));
    spv_id small = select_u32(e, far, word(e, 0), round_shift(e, fraction, amount));
    spv_id is_small = spirv_test(e, SpvOpULessThan, magnitude, word(e, 113u << 23));
    spv_id is_large =
        spirv_test(e, SpvOpUGreaterThanEqual, magnitude, word(e, 0x477FF000)); /* 65520 rounds to infinity */
    spv_id is_nan = spirv_test(e, SpvOpUGreaterThan, magnitude, word(e, 0x7F800000));
    spv_id result = select_u32(e, is_large, word(e, 0x7C00), select_u32(e, is_small, small, normal));
    return select_u32(e, is_nan, word(e, 0x7E00), spirv_u32(e, SpvOpBitwiseOr, result, sign));
}

/* The bf16 pattern nearest to an f32 pattern: its upper half, rounded; NaN becomes 0x7FC0. */
static spv_id narrow_bfloat(struct spirv *e, spv_id f)
{
    spv_id magnitude = spirv_u32(e, SpvOpBitwiseAnd, f, word(e, 0x7FFFFFFF));
    spv_id is_nan = spirv_test(e, SpvOpUGreaterThan, magnitude, word(e, 0x7F800000));
    return select_u32(e, is_nan, word(e, 0x7FC0), round_shift(e, f, word(e, 16)));
}

/* -- constants */

static spv_id const_wide(struct spirv *e, uint64_t bits)
{
    if (!e->has_pairs) return spv_const_u64(&e->m, bits);
    spv_id low = word(e, (uint32_t)bits), high = word(e, (uint32_t)(bits >> 32));
    return SPV_TYPE(&e->m, SpvOpConstantComposite, spirv_reg_type(e, IR_U64), low, high);
}

spv_id spirv_const(struct spirv *e, enum ir_scalar s, uint64_t bits)
{
    const struct ir_scalar_info *info = &ir_scalar_infos[s];
    if (info->kind == IR_KIND_BOOL) return spv_const_bool(&e->m, bits != 0);
    if (info->kind == IR_KIND_FLOAT) {
        if (s == IR_F64) return spv_const_f64(&e->m, bits);
        if (s == IR_F32) return spv_const_f32(&e->m, (uint32_t)bits);
        struct ir_value v = {{bits}};
        ir_type from = {(uint8_t)s, 1};
        return spv_const_f32(&e->m, (uint32_t)ir_op_eval(IR_OP_CAST, IR_TYPE(F32), 0, &from, &v, 1).lane[0]);
    }
    if (info->bits == 64) return const_wide(e, bits);
    uint32_t low = (uint32_t)bits;
    if (info->kind == IR_KIND_SINT && info->bits < 32) {
        uint32_t shift = 32u - info->bits;
        low = (uint32_t)((int32_t)(low << shift) >> shift);
    }
    return spv_const_u32(&e->m, low);
}

/* -- ranges */

spv_id spirv_wrap(struct spirv *e, enum ir_scalar s, spv_id value)
{
    const struct ir_scalar_info *info = &ir_scalar_infos[s];
    if (s == IR_F16) return float_of(e, widen_half(e, narrow_half(e, bits_of(e, value))));
    if (s == IR_BF16)
        return float_of(e, spirv_u32(e, SpvOpShiftLeftLogical, narrow_bfloat(e, bits_of(e, value)), word(e, 16)));
    if (info->kind == IR_KIND_BOOL || info->kind == IR_KIND_FLOAT || info->bits >= 32) return value;
    if (info->kind == IR_KIND_UINT) return spirv_u32(e, SpvOpBitwiseAnd, value, word(e, (1u << info->bits) - 1));
    spv_id shift = word(e, 32u - info->bits);
    return spirv_u32(e, SpvOpShiftRightArithmetic, spirv_u32(e, SpvOpShiftLeftLogical, value, shift), shift);
}

spv_id spirv_canonical_nan(struct spirv *e, enum ir_scalar s, spv_id value)
{
    spv_id type = spirv_reg_type(e, s);
    spv_id quiet = s == IR_F64 ? spv_const_f64(&e->m, 0x7FF8000000000000) : spv_const_f32(&e->m, 0x7FC00000);
    spv_id is_nan = SPV_OP(&e->m, SpvOpIsNan, spv_type_bool(&e->m), value);
    return spirv_select(e, type, is_nan, quiet, value);
}

spv_id spirv_to_memory(struct spirv *e, enum ir_scalar s, spv_id value)
{
    switch (s) {
    case IR_BOOL:
        return select_u32(e, value, word(e, 1), word(e, 0));
    case IR_F16:
        return narrow_half(e, bits_of(e, value));
    case IR_BF16:
        return narrow_bfloat(e, bits_of(e, value));
    case IR_F32:
        return bits_of(e, spirv_canonical_nan(e, s, value));
    case IR_F64:
        return SPV_OP(&e->m, SpvOpBitcast, spirv_reg_type(e, IR_U64), spirv_canonical_nan(e, s, value));
    default:
        return value;
    }
}

spv_id spirv_from_memory(struct spirv *e, enum ir_scalar s, spv_id bits)
{
    switch (s) {
    case IR_BOOL:
        return spirv_test(e, SpvOpINotEqual, bits, word(e, 0));
    case IR_F16:
        return float_of(e, widen_half(e, bits));
    case IR_BF16:
        return float_of(e, spirv_u32(e, SpvOpShiftLeftLogical, bits, word(e, 16)));
    case IR_F32:
        return float_of(e, bits);
    case IR_F64:
        return SPV_OP(&e->m, SpvOpBitcast, spv_type_float(&e->m, 64), bits);
    case IR_I8:
    case IR_I16:
        return spirv_wrap(e, s, bits);
    default:
        return bits;
    }
}
