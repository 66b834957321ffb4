/* emit_float.c - float operations: IEEE-754 with one answer, where Vulkan leaves precision, NaN and signs of zero open. */
#include "codegen/spirv/emit_float.h"

#include <string.h>

#include "codegen/spirv/emit_pair.h"

static spv_id reg(struct spirv *e, enum ir_scalar s)
{
    return spirv_reg_type(e, s);
}

static spv_id pick(struct spirv *e, enum ir_scalar s, spv_id c, spv_id a, spv_id b)
{
    return spirv_choose(e, s, c, a, b);
}

/* The integer type as wide as the float's register. */
static enum ir_scalar bits_type(enum ir_scalar s)
{
    return s == IR_F64 ? IR_U64 : IR_U32;
}

static spv_id to_bits(struct spirv *e, enum ir_scalar s, spv_id a)
{
    return SPV_OP(&e->m, SpvOpBitcast, reg(e, bits_type(s)), a);
}

static spv_id of_bits(struct spirv *e, enum ir_scalar s, spv_id bits)
{
    return SPV_OP(&e->m, SpvOpBitcast, reg(e, s), bits);
}

static uint64_t sign_mask(enum ir_scalar s)
{
    return s == IR_F64 ? UINT64_C(1) << 63 : UINT64_C(1) << 31;
}

/* A small whole number as a constant of the register's format. */
static spv_id whole(struct spirv *e, enum ir_scalar s, double value)
{
    struct ir_value v = {{0}};
    memcpy(&v.lane[0], &value, sizeof value);
    ir_type from = IR_TYPE(F64);
    enum ir_scalar to = s == IR_F64 ? IR_F64 : IR_F32;
    return spirv_const(e, to, ir_op_eval(IR_OP_CAST, (ir_type){(uint8_t)to, 1}, 0, &from, &v, 1).lane[0]);
}

spv_id spirv_float_op(struct spirv *e, enum ir_scalar s, SpvOp op, spv_id a, spv_id b)
{
    spv_id value = SPV_OP(&e->m, op, reg(e, s), a, b);
    SPV_DECORATE(&e->m, value, SpvDecorationNoContraction);
    return spirv_wrap(e, s, value);
}

spv_id spirv_float_glsl(struct spirv *e, enum ir_scalar s, enum GLSLstd450 op, spv_id a)
{
    return spirv_wrap(e, s, spv_glsl(&e->m, op, reg(e, s), &a, 1));
}

/* Through the bits: OpFNegate of a NaN, and of zero, is the device's choice. */
spv_id spirv_float_neg(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    spv_id mask = spirv_int_const(e, bits_type(s), sign_mask(s));
    return of_bits(e, s, SPV_OP(&e->m, SpvOpBitwiseXor, reg(e, bits_type(s)), to_bits(e, s, a[0]), mask));
}

spv_id spirv_float_abs(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    spv_id mask = spirv_int_const(e, bits_type(s), sign_mask(s) - 1);
    return of_bits(e, s, SPV_OP(&e->m, SpvOpBitwiseAnd, reg(e, bits_type(s)), to_bits(e, s, a[0]), mask));
}

static spv_id exact_or_wide(struct spirv *e, enum ir_scalar s, enum spirv_exact which, SpvOp op, const spv_id *a,
                            uint32_t n)
{
    if (s != IR_F64) return spirv_wrap(e, s, spirv_exact(e, which, a, n));
    return spv_op(&e->m, op, reg(e, s), a, n);
}

spv_id spirv_float_div(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    /* A constant divisor may lose its sign; a f64 that is 0 makes NaN of all in Mesa 22.3. */
    spv_id hidden[] = {spirv_hide(e, s, a[0]), spirv_hide(e, s, a[1])};
    return exact_or_wide(e, s, SPIRV_EXACT_DIV, SpvOpFDiv, hidden, 2);
}

spv_id spirv_float_fma(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    if (s == IR_F64) return spv_glsl(&e->m, GLSLstd450Fma, reg(e, s), a, 3); /* where the runtime finds it exact */
    spv_id hidden[] = {spirv_hide(e, s, a[0]), spirv_hide(e, s, a[1]), spirv_hide(e, s, a[2])};
    return spirv_wrap(e, s, spirv_exact(e, SPIRV_EXACT_FMA, hidden, 3));
}

/* The square root before it is rounded to f16 or bf16. */
static spv_id root(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    if (s == IR_F64) {
        return spv_glsl(&e->m, GLSLstd450Sqrt, reg(e, s), a, 1);
    }
    return spirv_exact(e, SPIRV_EXACT_SQRT, a, 1);
}

spv_id spirv_float_sqrt(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    return spirv_wrap(e, s, root(e, s, a));
}

spv_id spirv_float_recip(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    return spirv_float_div(e, s, (spv_id[]){whole(e, s, 1), a[0]});
}

spv_id spirv_float_rsqrt(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    return spirv_float_div(e, s, (spv_id[]){whole(e, s, 1), root(e, s, a)});
}

/* With one NaN the other operand; equal zeros by their signs: or keeps a minus (min), and drops one (max). */
static spv_id choose(struct spirv *e, enum ir_scalar s, const spv_id *a, SpvOp below, SpvOp join)
{
    spv_id ordered = pick(e, s, spirv_test(e, below, a[0], a[1]), a[0], a[1]);
    spv_id joined = SPV_OP(&e->m, join, reg(e, bits_type(s)), to_bits(e, s, a[0]), to_bits(e, s, a[1]));
    spv_id value = pick(e, s, spirv_test(e, SpvOpFOrdEqual, a[0], a[1]), of_bits(e, s, joined), ordered);
    spv_id a_nan = SPV_OP(&e->m, SpvOpIsNan, spv_type_bool(&e->m), a[0]);
    spv_id b_nan = SPV_OP(&e->m, SpvOpIsNan, spv_type_bool(&e->m), a[1]);
    return pick(e, s, a_nan, a[1], pick(e, s, b_nan, a[0], value));
}

spv_id spirv_float_min(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    return choose(e, s, a, SpvOpFOrdLessThan, SpvOpBitwiseOr);
}

spv_id spirv_float_max(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    return choose(e, s, a, SpvOpFOrdGreaterThan, SpvOpBitwiseAnd);
}

spv_id spirv_float_sign(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    spv_id zero = whole(e, s, 0);
    spv_id negative = pick(e, s, spirv_test(e, SpvOpFOrdLessThan, a[0], zero), whole(e, s, -1), a[0]);
    return pick(e, s, spirv_test(e, SpvOpFOrdGreaterThan, a[0], zero), whole(e, s, 1), negative);
}

/* -- conversions */

static spv_id convert(struct spirv *e, SpvOp op, enum ir_scalar to, spv_id a)
{
    return SPV_OP(&e->m, op, reg(e, to), a);
}

/* f64 to f32 rounded to odd: a second rounding, to f16 or bf16, then gives what one would have given (Boldo, Melquiond 2008). */
static spv_id narrow_to_odd(struct spirv *e, spv_id a)
{
    spv_id near = convert(e, SpvOpFConvert, IR_F32, a), back = convert(e, SpvOpFConvert, IR_F64, near);
    spv_id bits = to_bits(e, IR_F32, near), one = spv_const_u32(&e->m, 1);
    spv_id above =
        spirv_test(e, SpvOpFOrdGreaterThan, spirv_float_abs(e, IR_F64, &back), spirv_float_abs(e, IR_F64, &a));
    spv_id below = pick(e, IR_U32, above, spirv_u32(e, SpvOpISub, bits, one), bits);
    spv_id inexact = spirv_test(e, SpvOpFOrdNotEqual, back, a);
    return of_bits(e, IR_F32, pick(e, IR_U32, inexact, spirv_u32(e, SpvOpBitwiseOr, below, one), bits));
}

static spv_id float_to_float(struct spirv *e, enum ir_scalar from, enum ir_scalar to, spv_id a)
{
    if (from == IR_F64 && to == IR_F64) return a;
    if (to == IR_F64) return convert(e, SpvOpFConvert, IR_F64, a);
    if (from != IR_F64) return spirv_wrap(e, to, a);
    return to == IR_F32 ? convert(e, SpvOpFConvert, IR_F32, a) : spirv_wrap(e, to, narrow_to_odd(e, a));
}

/* Toward zero within the range, its ends outside, 0 for NaN. The instruction sees only values that it defines. */
static spv_id float_to_int(struct spirv *e, enum ir_scalar from, enum ir_scalar to, spv_id a)
{
    bool is_signed = spirv_is_signed(to);
    uint32_t bits = ir_scalar_infos[to].bits;
    double limit = (double)(UINT64_C(1) << (bits - 1)) * (is_signed ? 1 : 2);
    spv_id top = whole(e, from, limit), bottom = whole(e, from, is_signed ? -limit : 0);
    spv_id below_top = spirv_test(e, SpvOpFOrdLessThan, a, top);
    spv_id above_bottom = spirv_test(e, SpvOpFOrdGreaterThanEqual, a, bottom);
    spv_id safe = pick(e, from, spirv_test(e, SpvOpLogicalAnd, below_top, above_bottom), a, whole(e, from, 0));
    spv_id inside = e->has_pairs && spirv_is_wide(to)
                        ? spirv_pair_from_float(e, from, is_signed, safe)
                        : convert(e, is_signed ? SpvOpConvertFToS : SpvOpConvertFToU, to, safe);
    uint64_t greatest = ~UINT64_C(0) >> (64 - bits + is_signed);
    spv_id too_large = spirv_test(e, SpvOpFOrdGreaterThanEqual, a, top);
    spv_id value = pick(e, to, too_large, spirv_int_const(e, to, greatest), inside);
    spv_id least = spirv_int_const(e, to, is_signed ? ~greatest : 0);
    return pick(e, to, spirv_test(e, SpvOpFOrdLessThan, a, bottom), least, value);
}

/* From its halves: Mesa 22.3 takes a constant for less than any OpSConvert of 32 bits to 64. */
static spv_id widen_signed(struct spirv *e, spv_id a)
{
    return spirv_join(e, a, spirv_u32(e, SpvOpShiftRightArithmetic, a, spv_const_u32(&e->m, 31)));
}

static spv_id int_to_int(struct spirv *e, enum ir_scalar from, enum ir_scalar to, spv_id a)
{
    if (spirv_is_wide(from) == spirv_is_wide(to)) return spirv_wrap(e, to, a);
    if (spirv_is_wide(from)) return spirv_wrap(e, to, spirv_half(e, a, 0));
    if (spirv_is_signed(from)) return widen_signed(e, a);
    return e->has_pairs ? spirv_join(e, a, spv_const_u32(&e->m, 0)) : convert(e, SpvOpUConvert, to, a);
}

/* To f16 and bf16 by way of f32, as the language has it. */
static spv_id int_to_float(struct spirv *e, enum ir_scalar from, enum ir_scalar to, spv_id a)
{
    bool is_signed = spirv_is_signed(from);
    if (e->has_pairs && spirv_is_wide(from)) return spirv_wrap(e, to, spirv_pair_to_float(e, to, is_signed, a));
    return spirv_wrap(e, to, convert(e, is_signed ? SpvOpConvertSToF : SpvOpConvertUToF, to, a));
}

static spv_id to_bool(struct spirv *e, enum ir_scalar from, spv_id a)
{
    if (from == IR_BOOL) return a;
    if (spirv_is_float(from)) return spirv_test(e, SpvOpFUnordNotEqual, a, whole(e, from, 0));
    return spirv_int_test(e, from, SpvOpINotEqual, a, spirv_int_const(e, from, 0));
}

static spv_id from_bool(struct spirv *e, enum ir_scalar to, spv_id a)
{
    if (spirv_is_float(to)) return pick(e, to, a, whole(e, to, 1), whole(e, to, 0));
    return pick(e, to, a, spirv_int_const(e, to, 1), spirv_int_const(e, to, 0));
}

spv_id spirv_cast(struct spirv *e, enum ir_scalar from, enum ir_scalar to, spv_id a)
{
    if (to == IR_BOOL) return to_bool(e, from, a);
    if (from == IR_BOOL) return from_bool(e, to, a);
    if (spirv_is_float(from)) return spirv_is_float(to) ? float_to_float(e, from, to, a) : float_to_int(e, from, to, a);
    return spirv_is_float(to) ? int_to_float(e, from, to, a) : int_to_int(e, from, to, a);
}
