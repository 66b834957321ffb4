/* emit_pair.c - see emit_pair.h. Bitwise operations work on the vectors as they are, the others on words; a division is a call. */
#include "codegen/spirv/emit_pair.h"

#include "codegen/spirv/plant.h"

static spv_id word(struct spirv *e, uint32_t value)
{
    return spv_const_u32(&e->m, value);
}

static spv_id low(struct spirv *e, spv_id a)
{
    return spirv_half(e, a, 0);
}

static spv_id high(struct spirv *e, spv_id a)
{
    return spirv_half(e, a, 1);
}

static spv_id pick_word(struct spirv *e, spv_id c, spv_id a, spv_id b)
{
    return spirv_select(e, spv_type_uint(&e->m, 32), c, a, b);
}

/* -- sums and products ----------------------------------------------------------------------------------------------- */

struct two_words {
    spv_id low, high;
};

static struct two_words extended(struct spirv *e, SpvOp op, spv_id a, spv_id b)
{
    spv_id type = spv_type_uint(&e->m, 32), both = SPV_TYPE(&e->m, SpvOpTypeStruct, type, type);
    spv_id result = SPV_OP(&e->m, op, both, a, b);
    return (struct two_words){SPV_OP(&e->m, SpvOpCompositeExtract, type, result, 0),
                              SPV_OP(&e->m, SpvOpCompositeExtract, type, result, 1)};
}

/* The upper words take part in the same operation, and then the carry does. */
static spv_id add_or_subtract(struct spirv *e, SpvOp op, spv_id a, spv_id b)
{
    SpvOp with_carry = op == SpvOpIAdd ? SpvOpIAddCarry : SpvOpISubBorrow;
    struct two_words lower = extended(e, with_carry, low(e, a), low(e, b));
    spv_id upper = spirv_u32(e, op, high(e, a), high(e, b));
    return spirv_join(e, lower.low, PLANT(PAIR_CARRY, spirv_u32(e, op, upper, lower.high), upper));
}

static spv_id multiply(struct spirv *e, spv_id a, spv_id b)
{
    struct two_words lower = extended(e, SpvOpUMulExtended, low(e, a), low(e, b));
    spv_id crossed = spirv_u32(e, SpvOpIAdd, spirv_u32(e, SpvOpIMul, low(e, a), high(e, b)),
                               spirv_u32(e, SpvOpIMul, high(e, a), low(e, b)));
    return spirv_join(e, lower.low, spirv_u32(e, SpvOpIAdd, lower.high, crossed));
}

/* -- shifts: within the words by the amount modulo 32, then by a whole word where it has bit 5 ------------------------- */

/* What leaves a word that is shifted by n < 32 the other way: nothing for 0. */
static spv_id spilled(struct spirv *e, SpvOp other_way, spv_id v, spv_id n)
{
    spv_id rest = spirv_u32(e, SpvOpBitwiseXor, n, word(e, 31));
    return spirv_u32(e, other_way, spirv_u32(e, other_way, v, word(e, 1)), rest);
}

static spv_id is_whole_word(struct spirv *e, spv_id n)
{
    return spirv_test(e, PLANT(PAIR_SHIFT, SpvOpUGreaterThanEqual, SpvOpULessThan), n,
                      word(e, PLANT(PAIR_SHIFT, 32, 0)));
}

static spv_id shift_left(struct spirv *e, spv_id a, spv_id n)
{
    spv_id part = spirv_u32(e, SpvOpBitwiseAnd, n, word(e, 31)), far = is_whole_word(e, n);
    spv_id lower = spirv_u32(e, SpvOpShiftLeftLogical, low(e, a), part);
    spv_id upper = spirv_u32(e, SpvOpBitwiseOr, spirv_u32(e, SpvOpShiftLeftLogical, high(e, a), part),
                             spilled(e, SpvOpShiftRightLogical, low(e, a), part));
    return spirv_join(e, pick_word(e, far, word(e, 0), lower), pick_word(e, far, lower, upper));
}

static spv_id shift_right(struct spirv *e, SpvOp op, spv_id a, spv_id n)
{
    spv_id part = spirv_u32(e, SpvOpBitwiseAnd, n, word(e, 31)), far = is_whole_word(e, n);
    spv_id upper = spirv_u32(e, op, high(e, a), part);
    spv_id lower = spirv_u32(e, SpvOpBitwiseOr, spirv_u32(e, SpvOpShiftRightLogical, low(e, a), part),
                             spilled(e, SpvOpShiftLeftLogical, high(e, a), part));
    spv_id fill = op == SpvOpShiftRightLogical ? word(e, 0) : spirv_u32(e, op, high(e, a), word(e, 31));
    return spirv_join(e, pick_word(e, far, upper, lower), pick_word(e, far, fill, upper));
}

/* -- order ----------------------------------------------------------------------------------------------------------- */

static spv_id less(struct spirv *e, SpvOp on_upper, spv_id a, spv_id b)
{
    spv_id upper = spirv_test(e, on_upper, high(e, a), high(e, b));
    spv_id equal = spirv_test(e, SpvOpIEqual, high(e, a), high(e, b));
    spv_id lower = spirv_test(e, PLANT(PAIR_ORDER, SpvOpULessThan, on_upper), low(e, a), low(e, b));
    return spirv_test(e, SpvOpLogicalOr, upper, spirv_test(e, SpvOpLogicalAnd, equal, lower));
}

static spv_id negation(struct spirv *e, spv_id c)
{
    return SPV_OP(&e->m, SpvOpLogicalNot, spv_type_bool(&e->m), c);
}

static spv_id equal(struct spirv *e, spv_id a, spv_id b)
{
    return spirv_test(e, SpvOpLogicalAnd, spirv_test(e, SpvOpIEqual, low(e, a), low(e, b)),
                      spirv_test(e, SpvOpIEqual, high(e, a), high(e, b)));
}

spv_id spirv_pair_test(struct spirv *e, SpvOp op, spv_id a, spv_id b)
{
    switch (op) {
    case SpvOpIEqual:
        return equal(e, a, b);
    case SpvOpINotEqual:
        return negation(e, equal(e, a, b));
    case SpvOpULessThan:
    case SpvOpSLessThan:
        return less(e, op, a, b);
    case SpvOpUGreaterThan:
        return less(e, SpvOpULessThan, b, a);
    case SpvOpSGreaterThan:
        return less(e, SpvOpSLessThan, b, a);
    case SpvOpULessThanEqual:
        return negation(e, less(e, SpvOpULessThan, b, a));
    case SpvOpSLessThanEqual:
        return negation(e, less(e, SpvOpSLessThan, b, a));
    case SpvOpUGreaterThanEqual:
        return negation(e, less(e, SpvOpULessThan, a, b));
    case SpvOpSGreaterThanEqual:
        return negation(e, less(e, SpvOpSLessThan, a, b));
    default:
        bug("no comparison %d of pairs", (int)op);
    }
}

spv_id spirv_pair_select(struct spirv *e, spv_id c, spv_id a, spv_id b)
{
    spv_id flags = SPV_TYPE(&e->m, SpvOpTypeVector, spv_type_bool(&e->m), 2); /* a single one needs SPIR-V 1.4 */
    spv_id both = SPV_OP(&e->m, SpvOpCompositeConstruct, flags, c, c);
    return SPV_OP(&e->m, SpvOpSelect, spirv_reg_type(e, IR_U64), both, a, b);
}

/* -- division: digits of 16 bits (Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D; Warren, Hacker's Delight, 9-5) --- */

static spv_id leading_zeros(struct spirv *e, spv_id a)
{
    spv_id msb = spv_glsl(&e->m, GLSLstd450FindUMsb, spv_type_uint(&e->m, 32), &a, 1);
    return spirv_u32(e, SpvOpBitwiseAnd, spirv_u32(e, SpvOpISub, word(e, 31), msb), word(e, 31));
}

/* One digit of the quotient: an estimate from the divisor's upper digit is too large by 2 at most. */
static spv_id find_digit(struct spirv *e, spv_id rest, spv_id next, spv_id upper, spv_id lower)
{
    spv_id q = spirv_u32(e, SpvOpUDiv, rest, upper), base = word(e, 0x10000);
    spv_id r = spirv_u32(e, SpvOpISub, rest, spirv_u32(e, SpvOpIMul, q, upper));
    for (int k = 0; k < 2; k++) {
        spv_id have = spirv_u32(e, SpvOpBitwiseOr, spirv_u32(e, SpvOpShiftLeftLogical, r, word(e, 16)), next);
        spv_id over = spirv_test(e, SpvOpUGreaterThan, spirv_u32(e, SpvOpIMul, q, lower), have);
        spv_id wrong = spirv_test(e, SpvOpLogicalOr, spirv_test(e, SpvOpUGreaterThanEqual, q, base), over);
        wrong = spirv_test(e, SpvOpLogicalAnd, wrong, spirv_test(e, SpvOpULessThan, r, base));
        q = spirv_u32(e, SpvOpISub, q, pick_word(e, wrong, word(e, 1), word(e, 0)));
        r = spirv_u32(e, SpvOpIAdd, r, pick_word(e, wrong, upper, word(e, 0)));
    }
    return q;
}

/* (upper, lower) / v, where upper < v: the quotient is a word. */
static spv_id divide_by_word(struct spirv *e, spv_id upper, spv_id lower, spv_id v)
{
    spv_id n = leading_zeros(e, v), half = word(e, 16), mask = word(e, 0xFFFF);
    spv_id u1 = spirv_u32(e, SpvOpBitwiseOr, spirv_u32(e, SpvOpShiftLeftLogical, upper, n),
                          spilled(e, SpvOpShiftRightLogical, lower, n));
    spv_id u0 = spirv_u32(e, SpvOpShiftLeftLogical, lower, n), d = spirv_u32(e, SpvOpShiftLeftLogical, v, n);
    spv_id d1 = spirv_u32(e, SpvOpShiftRightLogical, d, half), d0 = spirv_u32(e, SpvOpBitwiseAnd, d, mask);
    spv_id next = spirv_u32(e, SpvOpShiftRightLogical, u0, half);
    spv_id q1 = find_digit(e, u1, next, d1, d0);
    spv_id rest = spirv_u32(e, SpvOpIAdd, spirv_u32(e, SpvOpShiftLeftLogical, u1, half), next);
    rest = spirv_u32(e, SpvOpISub, rest, spirv_u32(e, SpvOpIMul, q1, d));
    spv_id q0 = find_digit(e, rest, spirv_u32(e, SpvOpBitwiseAnd, u0, mask), d1, d0);
    return spirv_u32(e, SpvOpIAdd, spirv_u32(e, SpvOpShiftLeftLogical, q1, half), q0);
}

/* A divisor of one word leaves a remainder of the upper one, and then a word. One of two words is taken for its upper 32 bits; from what
 * that gives, less one, the remainder tells whether it was right. */
static spv_id divide(struct spirv *e, spv_id a, spv_id b)
{
    spv_id zero = word(e, 0), one = word(e, 1), bl = low(e, b), bh = high(e, b);
    spv_id is_long = spirv_test(e, SpvOpINotEqual, bh, zero), safe = pick_word(e, is_long, one, bl);
    spv_id q_high = spirv_u32(e, SpvOpUDiv, high(e, a), safe);
    spv_id rest = spirv_u32(e, SpvOpISub, high(e, a), spirv_u32(e, SpvOpIMul, q_high, safe));
    spv_id n = leading_zeros(e, bh), half_a = shift_right(e, SpvOpShiftRightLogical, a, one);
    spv_id top = spirv_u32(e, SpvOpBitwiseOr, spirv_u32(e, SpvOpShiftLeftLogical, bh, n),
                           spilled(e, SpvOpShiftRightLogical, bl, n));
    spv_id q = divide_by_word(e, pick_word(e, is_long, high(e, half_a), rest),
                              pick_word(e, is_long, low(e, half_a), low(e, a)), pick_word(e, is_long, top, bl));
    spv_id guess = spirv_u32(e, SpvOpShiftRightLogical, q, spirv_u32(e, SpvOpBitwiseXor, n, word(e, 31)));
    spv_id is_none = spirv_test(e, SpvOpIEqual, guess, zero);
    guess = spirv_u32(e, SpvOpISub, guess, pick_word(e, is_none, zero, one));
    spv_id left = add_or_subtract(e, SpvOpISub, a, multiply(e, spirv_join(e, guess, zero), b));
    spv_id again = spirv_pair_test(e, SpvOpUGreaterThanEqual, left, b);
    guess = spirv_u32(e, SpvOpIAdd, guess, pick_word(e, again, one, zero));
    return spirv_join(e, pick_word(e, is_long, guess, q), pick_word(e, is_long, zero, q_high));
}

static spv_id divide_unsigned(struct spirv *e, spv_id a, spv_id b)
{
    spv_id type = spirv_reg_type(e, IR_U64), parameters[2];
    if (!e->pair_division) {
        struct spirv_outer outer = spirv_outer_save(e);
        e->pair_division = spv_function_begin_typed(&e->m, "divide_pairs", type, 2, parameters);
        SPV_DO(&e->m, SpvOpReturnValue, divide(e, parameters[0], parameters[1]));
        spv_function_end(&e->m);
        spirv_outer_restore(e, &outer);
    }
    return SPV_OP(&e->m, SpvOpFunctionCall, type, e->pair_division, a, b);
}

/* -a where the sign, a word, is all ones; a where it is 0. */
static spv_id negate_if(struct spirv *e, spv_id sign, spv_id a)
{
    spv_id mask = spirv_join(e, sign, sign);
    return add_or_subtract(e, SpvOpISub, SPV_OP(&e->m, SpvOpBitwiseXor, spirv_reg_type(e, IR_U64), a, mask), mask);
}

static spv_id sign_of(struct spirv *e, spv_id a)
{
    return spirv_u32(e, SpvOpShiftRightArithmetic, high(e, a), word(e, 31));
}

static spv_id divide_signed(struct spirv *e, spv_id a, spv_id b)
{
    spv_id a_sign = sign_of(e, a), b_sign = sign_of(e, b);
    spv_id quotient = divide_unsigned(e, negate_if(e, a_sign, a), negate_if(e, b_sign, b));
    return negate_if(e, spirv_u32(e, SpvOpBitwiseXor, a_sign, b_sign), quotient);
}

spv_id spirv_pair_op(struct spirv *e, SpvOp op, spv_id a, spv_id b)
{
    switch (op) {
    case SpvOpBitwiseAnd:
    case SpvOpBitwiseOr:
    case SpvOpBitwiseXor:
        return SPV_OP(&e->m, op, spirv_reg_type(e, IR_U64), a, b);
    case SpvOpIAdd:
    case SpvOpISub:
        return add_or_subtract(e, op, a, b);
    case SpvOpIMul:
        return multiply(e, a, b);
    case SpvOpUDiv:
        return divide_unsigned(e, a, b);
    case SpvOpSDiv:
        return divide_signed(e, a, b);
    case SpvOpShiftLeftLogical:
        return shift_left(e, a, b);
    case SpvOpShiftRightLogical:
    case SpvOpShiftRightArithmetic:
        return shift_right(e, op, a, b);
    default:
        bug("no operation %d on pairs", (int)op);
    }
}

/* -- conversions ------------------------------------------------------------------------------------------------------- */

static spv_id float_op(struct spirv *e, SpvOp op, spv_id type, spv_id a, spv_id b)
{
    spv_id value = SPV_OP(&e->m, op, type, a, b);
    SPV_DECORATE(&e->m, value, SpvDecorationNoContraction);
    return value;
}

/* 2^exponent, in the format of f64 or f32. */
static spv_id power_of_two(struct spirv *e, bool is_double, int exponent)
{
    if (is_double) return spv_const_f64(&e->m, (uint64_t)(1023 + exponent) << 52);
    return spv_const_f32(&e->m, (uint32_t)(127 + exponent) << 23);
}

/* Both words are exact, and the upper one's multiple is: only the sum rounds. */
static spv_id to_double(struct spirv *e, bool is_signed, spv_id a)
{
    spv_id type = spv_type_float(&e->m, 64);
    spv_id upper = SPV_OP(&e->m, is_signed ? SpvOpConvertSToF : SpvOpConvertUToF, type, high(e, a));
    spv_id lower = SPV_OP(&e->m, SpvOpConvertUToF, type, low(e, a));
    return float_op(e, SpvOpFAdd, type, float_op(e, SpvOpFMul, type, upper, power_of_two(e, true, 32)), lower);
}

/* The leading 32 bits, the last of them set where more follow, round as the whole does: f32 keeps 24. Then a power of two. */
static spv_id unsigned_to_single(struct spirv *e, spv_id a)
{
    spv_id type = spv_type_float(&e->m, 32), is_short = spirv_test(e, SpvOpIEqual, high(e, a), word(e, 0));
    spv_id in_word = leading_zeros(e, pick_word(e, is_short, low(e, a), high(e, a)));
    spv_id n = spirv_u32(e, SpvOpIAdd, in_word, pick_word(e, is_short, word(e, 32), word(e, 0)));
    spv_id leading = shift_left(e, a, n);
    spv_id follows = spirv_test(e, SpvOpINotEqual, low(e, leading), word(e, 0));
    spv_id digits = spirv_u32(e, SpvOpBitwiseOr, high(e, leading), pick_word(e, follows, word(e, 1), word(e, 0)));
    spv_id exponent = spirv_u32(e, SpvOpISub, word(e, 127 + 32), n);
    spv_id scale = SPV_OP(&e->m, SpvOpBitcast, type, spirv_u32(e, SpvOpShiftLeftLogical, exponent, word(e, 23)));
    return float_op(e, SpvOpFMul, type, SPV_OP(&e->m, SpvOpConvertUToF, type, digits), scale);
}

static spv_id signed_to_single(struct spirv *e, spv_id a)
{
    spv_id word_type = spv_type_uint(&e->m, 32), sign = sign_of(e, a);
    spv_id bits = SPV_OP(&e->m, SpvOpBitcast, word_type, unsigned_to_single(e, negate_if(e, sign, a)));
    bits = spirv_u32(e, SpvOpBitwiseOr, bits, spirv_u32(e, SpvOpBitwiseAnd, sign, word(e, 0x80000000)));
    return SPV_OP(&e->m, SpvOpBitcast, spv_type_float(&e->m, 32), bits);
}

spv_id spirv_pair_to_float(struct spirv *e, enum ir_scalar to, bool is_signed, spv_id a)
{
    if (to == IR_F64) return to_double(e, is_signed, a);
    return is_signed ? signed_to_single(e, a) : unsigned_to_single(e, a);
}

/* The upper word of the magnitude, and what is left without it, which is exact. */
spv_id spirv_pair_from_float(struct spirv *e, enum ir_scalar from, bool is_signed, spv_id a)
{
    bool is_double = from == IR_F64;
    spv_id type = spirv_reg_type(e, from), word_type = spv_type_uint(&e->m, 32);
    spv_id magnitude = spv_glsl(&e->m, GLSLstd450FAbs, type, &a, 1);
    spv_id scaled = float_op(e, SpvOpFMul, type, magnitude, power_of_two(e, is_double, -32));
    spv_id upper = SPV_OP(&e->m, SpvOpConvertFToU, word_type, scaled);
    spv_id whole =
        float_op(e, SpvOpFMul, type, SPV_OP(&e->m, SpvOpConvertUToF, type, upper), power_of_two(e, is_double, 32));
    spv_id lower = SPV_OP(&e->m, SpvOpConvertFToU, word_type, float_op(e, SpvOpFSub, type, magnitude, whole));
    spv_id value = spirv_join(e, lower, upper);
    if (!is_signed) return value;
    spv_id negative = spirv_test(e, SpvOpFOrdLessThan, a, spirv_const(e, is_double ? IR_F64 : IR_F32, 0));
    return negate_if(e, pick_word(e, negative, word(e, UINT32_MAX), word(e, 0)), value);
}
