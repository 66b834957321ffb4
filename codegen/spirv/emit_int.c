/* emit_int.c - integer operations whose answer SPIR-V leaves open, or that it does not have. */
#include "codegen/spirv/emit_int.h"

#include "codegen/spirv/emit_pair.h"

static spv_id reg(struct spirv *e, enum ir_scalar s)
{
    return spirv_reg_type(e, s);
}

static uint32_t reg_bits(enum ir_scalar s)
{
    return spirv_is_wide(s) ? 64 : 32;
}

static uint32_t width(enum ir_scalar s)
{
    return ir_scalar_infos[s].bits;
}

static spv_id word(struct spirv *e, uint32_t value)
{
    return spv_const_u32(&e->m, value);
}

spv_id spirv_int_const(struct spirv *e, enum ir_scalar s, uint64_t value)
{
    return spirv_is_wide(s) ? spirv_const(e, s, value) : spv_const_u32(&e->m, (uint32_t)value);
}

static spv_id raw(struct spirv *e, enum ir_scalar s, SpvOp op, spv_id a, spv_id b)
{
    if (e->has_pairs && spirv_is_wide(s)) return spirv_pair_op(e, op, a, b);
    return SPV_OP(&e->m, op, reg(e, s), a, b);
}

static spv_id test(struct spirv *e, enum ir_scalar s, SpvOp op, spv_id a, spv_id b)
{
    return e->has_pairs && spirv_is_wide(s) ? spirv_pair_test(e, op, a, b) : spirv_test(e, op, a, b);
}

spv_id spirv_int_raw(struct spirv *e, enum ir_scalar s, SpvOp op, spv_id a, spv_id b)
{
    return raw(e, s, op, a, b);
}

spv_id spirv_int_test(struct spirv *e, enum ir_scalar s, SpvOp op, spv_id a, spv_id b)
{
    return test(e, s, op, a, b);
}

static spv_id pick(struct spirv *e, enum ir_scalar s, spv_id c, spv_id a, spv_id b)
{
    return spirv_select(e, reg(e, s), c, a, b);
}

spv_id spirv_int_op(struct spirv *e, enum ir_scalar s, SpvOp op, spv_id a, spv_id b)
{
    return spirv_wrap(e, s, raw(e, s, op, a, b));
}

static uint64_t least(enum ir_scalar s)
{
    return spirv_is_signed(s) ? ~UINT64_C(0) << (width(s) - 1) : 0;
}

static uint64_t greatest(enum ir_scalar s)
{
    return ~UINT64_C(0) >> (64 - width(s) + spirv_is_signed(s));
}

static SpvOp less_than(enum ir_scalar s)
{
    return spirv_is_signed(s) ? SpvOpSLessThan : SpvOpULessThan;
}

/* The bits of the type alone, zero-extended. */
static spv_id pattern(struct spirv *e, enum ir_scalar s, spv_id a)
{
    if (!spirv_is_signed(s) || width(s) >= 32) return a;
    return raw(e, s, SpvOpBitwiseAnd, a, word(e, (1u << width(s)) - 1));
}

/* -- division: the divisor 0, and MIN / -1, are kept from the instruction */

static spv_id divide_signed(struct spirv *e, enum ir_scalar s, spv_id a, spv_id b)
{
    spv_id zero = spirv_int_const(e, s, 0), one = spirv_int_const(e, s, 1), minus = spirv_int_const(e, s, ~UINT64_C(0));
    spv_id by_zero = test(e, s, SpvOpIEqual, b, zero), by_minus = test(e, s, SpvOpIEqual, b, minus);
    spv_id safe = pick(e, s, spirv_test(e, SpvOpLogicalOr, by_zero, by_minus), one, b);
    spv_id quotient = raw(e, s, SpvOpSDiv, a, safe);
    spv_id negated = spirv_wrap(e, s, raw(e, s, SpvOpISub, zero, a));
    return pick(e, s, by_zero, zero, pick(e, s, by_minus, negated, quotient));
}

static spv_id divide_unsigned(struct spirv *e, enum ir_scalar s, spv_id a, spv_id b)
{
    spv_id by_zero = test(e, s, SpvOpIEqual, b, spirv_int_const(e, s, 0));
    spv_id safe = pick(e, s, by_zero, spirv_int_const(e, s, 1), b);
    return pick(e, s, by_zero, spirv_int_const(e, s, greatest(s)), raw(e, s, SpvOpUDiv, a, safe));
}

spv_id spirv_int_div(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    return spirv_is_signed(s) ? divide_signed(e, s, a[0], a[1]) : divide_unsigned(e, s, a[0], a[1]);
}

/* From the quotient, because OpSRem is undefined for negative operands in Vulkan. x / 0 is chosen so that x % 0 is 0. */
spv_id spirv_int_rem(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    spv_id product = raw(e, s, SpvOpIMul, spirv_int_div(e, s, a), a[1]);
    spv_id rest = spirv_wrap(e, s, raw(e, s, SpvOpISub, a[0], product));
    spv_id zero = spirv_int_const(e, s, 0);
    return pick(e, s, test(e, s, SpvOpIEqual, a[1], zero), zero, rest);
}

/* -- shifts: the amount is modulo the width */

static spv_id amount(struct spirv *e, enum ir_scalar s, spv_id n)
{
    return spirv_u32(e, SpvOpBitwiseAnd, n, word(e, width(s) - 1));
}

spv_id spirv_int_shl(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    return spirv_int_op(e, s, SpvOpShiftLeftLogical, a[0], amount(e, s, a[1]));
}

spv_id spirv_int_shr(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    SpvOp op = spirv_is_signed(s) ? SpvOpShiftRightArithmetic : SpvOpShiftRightLogical;
    return raw(e, s, op, a[0], amount(e, s, a[1]));
}

static spv_id rotate(struct spirv *e, enum ir_scalar s, spv_id x, spv_id left, spv_id right)
{
    spv_id bits = pattern(e, s, x);
    spv_id up = raw(e, s, SpvOpShiftLeftLogical, bits, left), down = raw(e, s, SpvOpShiftRightLogical, bits, right);
    return spirv_wrap(e, s, raw(e, s, SpvOpBitwiseOr, up, down));
}

spv_id spirv_int_rotl(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    spv_id n = amount(e, s, a[1]);
    return rotate(e, s, a[0], n, amount(e, s, spirv_u32(e, SpvOpISub, word(e, width(s)), n)));
}

spv_id spirv_int_rotr(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    spv_id n = amount(e, s, a[1]);
    return rotate(e, s, a[0], amount(e, s, spirv_u32(e, SpvOpISub, word(e, width(s)), n)), n);
}

/* -- order */

spv_id spirv_int_min(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    return pick(e, s, test(e, s, less_than(s), a[0], a[1]), a[0], a[1]);
}

spv_id spirv_int_max(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    return pick(e, s, test(e, s, less_than(s), a[0], a[1]), a[1], a[0]);
}

static spv_id negate(struct spirv *e, enum ir_scalar s, spv_id a)
{
    return spirv_int_op(e, s, SpvOpISub, spirv_int_const(e, s, 0), a);
}

spv_id spirv_int_abs(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    spv_id negative = test(e, s, less_than(s), a[0], spirv_int_const(e, s, 0));
    return pick(e, s, negative, negate(e, s, a[0]), a[0]);
}

spv_id spirv_int_abs_diff(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    return spirv_int_op(e, s, SpvOpISub, spirv_int_max(e, s, a), spirv_int_min(e, s, a));
}

spv_id spirv_int_sign(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    spv_id zero = spirv_int_const(e, s, 0), one = spirv_int_const(e, s, 1), minus = spirv_int_const(e, s, ~UINT64_C(0));
    spv_id positive = pick(e, s, test(e, s, SpvOpSLessThan, zero, a[0]), one, zero);
    return pick(e, s, test(e, s, SpvOpSLessThan, a[0], zero), minus, positive);
}

/* -- full products */

static spv_id extended_half(struct spirv *e, SpvOp op, spv_id a, spv_id b, uint32_t half)
{
    spv_id type = spv_type_uint(&e->m, 32), pair = SPV_TYPE(&e->m, SpvOpTypeStruct, type, type);
    return SPV_OP(&e->m, SpvOpCompositeExtract, type, SPV_OP(&e->m, op, pair, a, b), half);
}

/* Upper 64 bits of an unsigned 64-bit product from four products of 32-bit halves, none of which overflows. */
static spv_id mul_hi_u64(struct spirv *e, spv_id a, spv_id b)
{
    enum ir_scalar s = IR_U64;
    spv_id low = spirv_int_const(e, s, 0xFFFFFFFF), half = word(e, 32);
    spv_id al = raw(e, s, SpvOpBitwiseAnd, a, low), ah = raw(e, s, SpvOpShiftRightLogical, a, half);
    spv_id bl = raw(e, s, SpvOpBitwiseAnd, b, low), bh = raw(e, s, SpvOpShiftRightLogical, b, half);
    spv_id ll = raw(e, s, SpvOpShiftRightLogical, raw(e, s, SpvOpIMul, al, bl), half);
    spv_id middle = raw(e, s, SpvOpIAdd, raw(e, s, SpvOpIMul, ah, bl), ll);
    spv_id carry = raw(e, s, SpvOpIAdd, raw(e, s, SpvOpIMul, al, bh), raw(e, s, SpvOpBitwiseAnd, middle, low));
    spv_id high = raw(e, s, SpvOpIAdd, raw(e, s, SpvOpIMul, ah, bh), raw(e, s, SpvOpShiftRightLogical, middle, half));
    return raw(e, s, SpvOpIAdd, high, raw(e, s, SpvOpShiftRightLogical, carry, half));
}

/* The signed upper half is the unsigned one less b where a is negative, less a where b is. */
static spv_id mul_hi_i64(struct spirv *e, spv_id a, spv_id b)
{
    enum ir_scalar s = IR_I64;
    spv_id top = word(e, 63);
    spv_id a_mask = raw(e, s, SpvOpShiftRightArithmetic, a, top), b_mask = raw(e, s, SpvOpShiftRightArithmetic, b, top);
    spv_id high = raw(e, s, SpvOpISub, mul_hi_u64(e, a, b), raw(e, s, SpvOpBitwiseAnd, a_mask, b));
    return raw(e, s, SpvOpISub, high, raw(e, s, SpvOpBitwiseAnd, b_mask, a));
}

spv_id spirv_int_mul_hi(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    if (s == IR_U64) return mul_hi_u64(e, a[0], a[1]);
    if (s == IR_I64) return mul_hi_i64(e, a[0], a[1]);
    SpvOp extended = spirv_is_signed(s) ? SpvOpSMulExtended : SpvOpUMulExtended;
    if (width(s) == 32) return extended_half(e, extended, a[0], a[1], 1);
    SpvOp shift = spirv_is_signed(s) ? SpvOpShiftRightArithmetic : SpvOpShiftRightLogical;
    return raw(e, s, shift, raw(e, s, SpvOpIMul, a[0], a[1]), word(e, width(s)));
}

/* -- saturation: small types have room in the register, the others look at the signs and the carry */

static spv_id clamp(struct spirv *e, enum ir_scalar s, spv_id v)
{
    spv_id low[] = {v, spirv_int_const(e, s, least(s))};
    spv_id high[] = {spirv_int_max(e, s, low), spirv_int_const(e, s, greatest(s))};
    return spirv_int_min(e, s, high);
}

/* MAX for a positive result that overflowed, MIN for a negative one; `sign` has the true result's sign bit. */
static spv_id limit_by_sign(struct spirv *e, enum ir_scalar s, spv_id sign)
{
    spv_id mask = raw(e, s, SpvOpShiftRightArithmetic, sign, word(e, reg_bits(s) - 1));
    return raw(e, s, SpvOpBitwiseXor, mask, spirv_int_const(e, s, greatest(s)));
}

static spv_id is_negative(struct spirv *e, enum ir_scalar s, spv_id v)
{
    return test(e, s, SpvOpSLessThan, v, spirv_int_const(e, s, 0));
}

spv_id spirv_int_sat_add(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    spv_id sum = raw(e, s, SpvOpIAdd, a[0], a[1]);
    if (width(s) < 32) return clamp(e, s, sum);
    if (!spirv_is_signed(s))
        return pick(e, s, test(e, s, SpvOpULessThan, sum, a[0]), spirv_int_const(e, s, greatest(s)), sum);
    spv_id changed =
        raw(e, s, SpvOpBitwiseAnd, raw(e, s, SpvOpBitwiseXor, a[0], sum), raw(e, s, SpvOpBitwiseXor, a[1], sum));
    return pick(e, s, is_negative(e, s, changed), limit_by_sign(e, s, a[0]), sum);
}

spv_id spirv_int_sat_sub(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    spv_id difference = raw(e, s, SpvOpISub, a[0], a[1]);
    if (!spirv_is_signed(s))
        return pick(e, s, test(e, s, SpvOpULessThan, a[0], a[1]), spirv_int_const(e, s, 0), difference);
    if (width(s) < 32) return clamp(e, s, difference);
    spv_id differ = raw(e, s, SpvOpBitwiseXor, a[0], a[1]), changed = raw(e, s, SpvOpBitwiseXor, a[0], difference);
    spv_id overflowed = is_negative(e, s, raw(e, s, SpvOpBitwiseAnd, differ, changed));
    return pick(e, s, overflowed, limit_by_sign(e, s, a[0]), difference);
}

spv_id spirv_int_sat_mul(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    spv_id product = raw(e, s, SpvOpIMul, a[0], a[1]);
    if (width(s) < 32) return clamp(e, s, product);
    spv_id high = spirv_int_mul_hi(e, s, a);
    if (!spirv_is_signed(s)) {
        spv_id fits = test(e, s, SpvOpIEqual, high, spirv_int_const(e, s, 0));
        return pick(e, s, fits, product, spirv_int_const(e, s, greatest(s)));
    }
    spv_id extension = raw(e, s, SpvOpShiftRightArithmetic, product, word(e, reg_bits(s) - 1));
    spv_id limit = limit_by_sign(e, s, raw(e, s, SpvOpBitwiseXor, a[0], a[1]));
    return pick(e, s, test(e, s, SpvOpIEqual, high, extension), product, limit);
}

/* -- counting: SPIR-V in Vulkan counts 32-bit integers only */

static spv_id count_ones(struct spirv *e, spv_id a)
{
    return SPV_OP(&e->m, SpvOpBitCount, spv_type_uint(&e->m, 32), a);
}

/* FindUMsb gives -1 for 0, so that 31 minus it is 32. */
static spv_id leading_zeros(struct spirv *e, spv_id a)
{
    spv_id msb = spv_glsl(&e->m, GLSLstd450FindUMsb, spv_type_uint(&e->m, 32), &a, 1);
    return spirv_u32(e, SpvOpISub, word(e, 31), msb);
}

static spv_id trailing_zeros(struct spirv *e, spv_id a)
{
    spv_id lsb = spv_glsl(&e->m, GLSLstd450FindILsb, spv_type_uint(&e->m, 32), &a, 1);
    return pick(e, IR_U32, spirv_test(e, SpvOpIEqual, a, word(e, 0)), word(e, 32), lsb);
}

spv_id spirv_int_popcount(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    if (!spirv_is_wide(s)) return count_ones(e, pattern(e, s, a[0]));
    return spirv_u32(e, SpvOpIAdd, count_ones(e, spirv_half(e, a[0], 0)), count_ones(e, spirv_half(e, a[0], 1)));
}

/* Of a 64-bit value the count in one half, and, where that half is 0, 32 more than in the other. */
static spv_id count_halves(struct spirv *e, spv_id first, spv_id second, spv_id (*count)(struct spirv *, spv_id))
{
    spv_id further = spirv_u32(e, SpvOpIAdd, count(e, second), word(e, 32));
    return pick(e, IR_U32, spirv_test(e, SpvOpIEqual, first, word(e, 0)), further, count(e, first));
}

spv_id spirv_int_clz(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    if (spirv_is_wide(s)) return count_halves(e, spirv_half(e, a[0], 1), spirv_half(e, a[0], 0), leading_zeros);
    spv_id zeros = leading_zeros(e, pattern(e, s, a[0]));
    return width(s) == 32 ? zeros : spirv_u32(e, SpvOpISub, zeros, word(e, 32 - width(s)));
}

spv_id spirv_int_ctz(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    if (spirv_is_wide(s)) return count_halves(e, spirv_half(e, a[0], 0), spirv_half(e, a[0], 1), trailing_zeros);
    if (width(s) == 32) return trailing_zeros(e, a[0]);
    return trailing_zeros(
        e, spirv_u32(e, SpvOpBitwiseOr, a[0], word(e, 1u << width(s)))); /* a stop above the type's bits */
}

static spv_id reverse_word(struct spirv *e, spv_id a)
{
    return SPV_OP(&e->m, SpvOpBitReverse, spv_type_uint(&e->m, 32), a);
}

spv_id spirv_int_reverse_bits(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    if (spirv_is_wide(s))
        return spirv_join(e, reverse_word(e, spirv_half(e, a[0], 1)), reverse_word(e, spirv_half(e, a[0], 0)));
    spv_id reversed = reverse_word(e, a[0]);
    if (width(s) == 32) return reversed;
    return spirv_wrap(e, s, spirv_u32(e, SpvOpShiftRightLogical, reversed, word(e, 32 - width(s))));
}

/* -- fields. Offsets and counts are clamped to the type, shift amounts to the register: a count of 0 gives its answer by select. */

struct field {
    spv_id offset, count, is_empty;
};

static struct field clamp_field(struct spirv *e, enum ir_scalar s, spv_id offset, spv_id count)
{
    struct field f;
    spv_id o[] = {offset, word(e, width(s))};
    f.offset = spirv_int_min(e, IR_U32, o);
    spv_id c[] = {count, spirv_u32(e, SpvOpISub, word(e, width(s)), f.offset)};
    f.count = spirv_int_min(e, IR_U32, c);
    f.is_empty = spirv_test(e, SpvOpIEqual, f.count, word(e, 0));
    return f;
}

static spv_id mask_amount(struct spirv *e, enum ir_scalar s, spv_id n)
{
    return spirv_u32(e, SpvOpBitwiseAnd, n, word(e, reg_bits(s) - 1));
}

spv_id spirv_int_extract_bits(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    struct field f = clamp_field(e, s, a[1], a[2]);
    spv_id above = spirv_u32(e, SpvOpISub, word(e, reg_bits(s)), f.count);
    spv_id up = mask_amount(e, s, spirv_u32(e, SpvOpISub, above, f.offset));
    SpvOp shift = spirv_is_signed(s) ? SpvOpShiftRightArithmetic : SpvOpShiftRightLogical;
    spv_id value = raw(e, s, shift, raw(e, s, SpvOpShiftLeftLogical, a[0], up), mask_amount(e, s, above));
    return pick(e, s, f.is_empty, spirv_int_const(e, s, 0), value);
}

spv_id spirv_int_insert_bits(struct spirv *e, enum ir_scalar s, const spv_id *a)
{
    struct field f = clamp_field(e, s, a[2], a[3]);
    spv_id ones = spirv_int_const(e, s, ~UINT64_C(0)), offset = mask_amount(e, s, f.offset);
    spv_id above = mask_amount(e, s, spirv_u32(e, SpvOpISub, word(e, reg_bits(s)), f.count));
    spv_id low = raw(e, s, SpvOpShiftRightLogical, ones, above);
    spv_id mask = pick(e, s, f.is_empty, spirv_int_const(e, s, 0), raw(e, s, SpvOpShiftLeftLogical, low, offset));
    spv_id inside = raw(e, s, SpvOpBitwiseAnd, raw(e, s, SpvOpShiftLeftLogical, a[1], offset), mask);
    spv_id outside = raw(e, s, SpvOpBitwiseAnd, a[0], SPV_OP(&e->m, SpvOpNot, reg(e, s), mask));
    return spirv_wrap(e, s, raw(e, s, SpvOpBitwiseOr, inside, outside));
}
