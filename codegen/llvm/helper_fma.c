/* helper_fma.c - a * b + c of doubles, rounded once, for processors without the instruction: in 128-bit integers.
 *
 * Finite operands are taken apart into 53-bit significands. The 106-bit product and c are lined up with 20 and more zero bits below them; what
 * a longer shift loses is kept as one sticky bit, which is enough: where the two nearly cancel, the shift was short. */
#include "codegen/llvm/lower.h"

static LLVMValueRef i64_const(struct lower *l, uint64_t v)
{
    return const_int(l, 64, v);
}
static LLVMValueRef i128_const(struct lower *l, uint64_t v)
{
    return const_int(l, 128, v);
}
static LLVMValueRef choose(struct lower *l, LLVMValueRef c, LLVMValueRef a, LLVMValueRef b)
{
    return LLVMBuildSelect(l->b, c, a, b, "");
}
static LLVMValueRef compare(struct lower *l, LLVMIntPredicate p, LLVMValueRef a, LLVMValueRef b)
{
    return LLVMBuildICmp(l->b, p, a, b, "");
}

static LLVMValueRef to_i128(struct lower *l, LLVMValueRef v)
{
    return LLVMBuildZExt(l->b, v, type_int(l, 128), "");
}

static LLVMValueRef to_i64(struct lower *l, LLVMValueRef v)
{
    return LLVMBuildTrunc(l->b, v, type_int(l, 64), "");
}

static LLVMValueRef count_zeros(struct lower *l, LLVMValueRef v)
{
    LLVMValueRef args[2] = {v, const_int(l, 1, 0)};
    return build_call(l, "llvm.ctlz", LLVMTypeOf(v), args, 2);
}

/* significand * 2^exponent, the significand from 2^52 on */
struct parts {
    LLVMValueRef sign, significand, exponent; /* i64 all */
};

static struct parts take_apart(struct lower *l, LLVMValueRef v)
{
    LLVMValueRef bits = LLVMBuildBitCast(l->b, v, type_int(l, 64), "");
    LLVMValueRef field = LLVMBuildAnd(l->b, LLVMBuildLShr(l->b, bits, i64_const(l, 52), ""), i64_const(l, 0x7FF), "");
    LLVMValueRef fraction = LLVMBuildAnd(l->b, bits, i64_const(l, (UINT64_C(1) << 52) - 1), "");
    LLVMValueRef subnormal = compare(l, LLVMIntEQ, field, i64_const(l, 0));
    LLVMValueRef shift =
        LLVMBuildAnd(l->b, LLVMBuildSub(l->b, count_zeros(l, fraction), i64_const(l, 11), ""), i64_const(l, 63), "");
    LLVMValueRef hidden = LLVMBuildOr(l->b, fraction, i64_const(l, UINT64_C(1) << 52), "");
    struct parts p = {.sign = LLVMBuildLShr(l->b, bits, i64_const(l, 63), "")};
    p.significand = choose(l, subnormal, LLVMBuildShl(l->b, fraction, shift, ""), hidden);
    LLVMValueRef exponent = choose(l, subnormal, LLVMBuildSub(l->b, i64_const(l, 1), shift, ""), field);
    p.exponent = LLVMBuildSub(l->b, exponent, i64_const(l, 1075), "");
    return p;
}

/* v >> n, the last bit set when any lost one was; n is not negative. */
static LLVMValueRef shift_sticky(struct lower *l, LLVMValueRef v, LLVMValueRef n)
{
    LLVMValueRef args[2] = {n, i64_const(l, 127)};
    LLVMValueRef amount = to_i128(l, build_call(l, "llvm.umin", LLVMTypeOf(n), args, 2));
    LLVMValueRef kept = LLVMBuildLShr(l->b, v, amount, "");
    LLVMValueRef lost = compare(l, LLVMIntNE, LLVMBuildShl(l->b, kept, amount, ""), v);
    return LLVMBuildOr(l->b, kept, to_i128(l, lost), "");
}

/* m * 2^exponent, m from 2^127 on, as the magnitude bits of a double. */
static LLVMValueRef round_magnitude(struct lower *l, LLVMValueRef m, LLVMValueRef exponent)
{
    LLVMValueRef field = LLVMBuildAdd(l->b, exponent, i64_const(l, 127 + 1023), ""), zero = i64_const(l, 0);
    LLVMValueRef too_low = compare(l, LLVMIntSLT, field, i64_const(l, 1));
    LLVMValueRef below = choose(l, too_low, LLVMBuildSub(l->b, i64_const(l, 1), field, ""), zero);
    LLVMValueRef top = shift_sticky(l, shift_sticky(l, m, below),
                                    i64_const(l, 73)); /* two bits and the sticky one below the last place */
    LLVMValueRef low = to_i64(l, top);
    LLVMValueRef q = LLVMBuildLShr(l->b, low, i64_const(l, 2), ""), rest = LLVMBuildAnd(l->b, low, i64_const(l, 3), "");
    LLVMValueRef odd = LLVMBuildAnd(l->b, q, i64_const(l, 1), "");
    LLVMValueRef up = compare(l, LLVMIntUGT, LLVMBuildOr(l->b, rest, odd, ""), i64_const(l, 2));
    q = LLVMBuildAdd(l->b, q, LLVMBuildZExt(l->b, up, type_int(l, 64), ""), "");
    LLVMValueRef base = LLVMBuildShl(l->b, LLVMBuildSub(l->b, field, i64_const(l, 1), ""), i64_const(l, 52), "");
    LLVMValueRef finite = LLVMBuildAdd(l->b, q, choose(l, too_low, zero, base), "");
    LLVMValueRef overflow = compare(l, LLVMIntSGE, field, i64_const(l, 2047));
    return choose(l, overflow, i64_const(l, UINT64_C(0x7FF) << 52), finite);
}

/* For finite operands that are not zero. */
static LLVMValueRef multiply_add_finite(struct lower *l, struct parts a, struct parts b, struct parts c)
{
    LLVMValueRef product = LLVMBuildMul(l->b, to_i128(l, a.significand), to_i128(l, b.significand), "");
    product = LLVMBuildShl(l->b, product, i128_const(l, 20), "");
    LLVMValueRef addend = LLVMBuildShl(l->b, to_i128(l, c.significand), i128_const(l, 72), "");
    LLVMValueRef product_exponent =
        LLVMBuildSub(l->b, LLVMBuildAdd(l->b, a.exponent, b.exponent, ""), i64_const(l, 20), "");
    LLVMValueRef addend_exponent = LLVMBuildSub(l->b, c.exponent, i64_const(l, 72), "");
    LLVMValueRef product_sign = LLVMBuildXor(l->b, a.sign, b.sign, "");

    LLVMValueRef distance = LLVMBuildSub(l->b, product_exponent, addend_exponent, ""), zero = i64_const(l, 0);
    LLVMValueRef product_leads = compare(l, LLVMIntSGE, distance, zero);
    LLVMValueRef exponent = choose(l, product_leads, product_exponent, addend_exponent);
    LLVMValueRef x = shift_sticky(l, product, choose(l, product_leads, zero, LLVMBuildNeg(l->b, distance, "")));
    LLVMValueRef y = shift_sticky(l, addend, choose(l, product_leads, distance, zero));

    LLVMValueRef same_sign = compare(l, LLVMIntEQ, product_sign, c.sign), x_larger = compare(l, LLVMIntUGE, x, y);
    LLVMValueRef difference = choose(l, x_larger, LLVMBuildSub(l->b, x, y, ""), LLVMBuildSub(l->b, y, x, ""));
    LLVMValueRef sum = choose(l, same_sign, LLVMBuildAdd(l->b, x, y, ""), difference);
    LLVMValueRef sign = choose(l, LLVMBuildOr(l->b, same_sign, x_larger, ""), product_sign, c.sign);

    LLVMValueRef zeros = LLVMBuildAnd(l->b, count_zeros(l, sum), i128_const(l, 127), "");
    LLVMValueRef m = LLVMBuildShl(l->b, sum, zeros, "");
    LLVMValueRef magnitude = round_magnitude(l, m, LLVMBuildSub(l->b, exponent, to_i64(l, zeros), ""));
    LLVMValueRef bits = LLVMBuildOr(l->b, magnitude, LLVMBuildShl(l->b, sign, i64_const(l, 63), ""), "");
    return choose(l, compare(l, LLVMIntEQ, sum, i128_const(l, 0)), zero, bits);
}

static LLVMValueRef is_zero(struct lower *l, LLVMValueRef v)
{
    return LLVMBuildFCmp(l->b, LLVMRealOEQ, v, LLVMConstNull(LLVMTypeOf(v)), "");
}

static LLVMValueRef is_finite(struct lower *l, LLVMValueRef v)
{
    LLVMTypeRef type = LLVMTypeOf(v);
    LLVMValueRef magnitude = build_call(l, "llvm.fabs", type, &v, 1);
    return LLVMBuildFCmp(l->b, LLVMRealOLT, magnitude, LLVMConstReal(type, __builtin_inf()), "");
}

static void fill_fma(struct lower *l, struct helper *h)
{
    LLVMValueRef a = LLVMGetParam(h->fn, 0), b = LLVMGetParam(h->fn, 1), c = LLVMGetParam(h->fn, 2);
    LLVMValueRef finite =
        LLVMBuildAnd(l->b, is_finite(l, a), LLVMBuildAnd(l->b, is_finite(l, b), is_finite(l, c), ""), "");
    LLVMValueRef no_product = LLVMBuildOr(l->b, is_zero(l, a), is_zero(l, b), "");
    LLVMValueRef product = LLVMBuildFMul(l->b, a, b, "");
    LLVMBasicBlockRef easy = block_new(l, "easy"), only_product = block_new(l, "only_product"),
                      next = block_new(l, "next"), hard = block_new(l, "hard");
    /* An infinity, a NaN, or nothing to round but c. */
    block_branch(l, LLVMBuildOr(l->b, LLVMBuildNot(l->b, finite, ""), no_product, ""), easy, next);
    block_enter(l, easy);
    /* The product of finite numbers must not overflow beside an infinite or NaN c. */
    LLVMValueRef c_finite = is_finite(l, c);
    LLVMValueRef product_matters = LLVMBuildOr(
        l->b, c_finite, LLVMBuildNot(l->b, LLVMBuildAnd(l->b, is_finite(l, a), is_finite(l, b), ""), ""), "");
    LLVMBuildRet(l->b, choose(l, product_matters, LLVMBuildFAdd(l->b, product, c, ""), c));
    block_enter(l, next);
    block_branch(l, is_zero(l, c), only_product, hard);
    block_enter(l, only_product);
    LLVMBuildRet(l->b, product);
    block_enter(l, hard);
    LLVMValueRef bits = multiply_add_finite(l, take_apart(l, a), take_apart(l, b), take_apart(l, c));
    LLVMBuildRet(l->b, LLVMBuildBitCast(l->b, bits, LLVMTypeOf(a), ""));
}

LLVMValueRef helper_fma_f64(struct lower *l, LLVMValueRef a, LLVMValueRef b, LLVMValueRef c)
{
    struct helper h;
    LLVMTypeRef type = LLVMTypeOf(a), params[3] = {type, type, type};
    if (helper_begin(l, &h, "vyre.fma_f64", type, params, 3)) {
        fill_fma(l, &h);
        helper_end(l, &h);
    }
    LLVMValueRef args[3] = {a, b, c};
    return LLVMBuildCall2(l->b, h.type, h.fn, args, 3, "");
}
