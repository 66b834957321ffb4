/* op_math.h - exp, sin and the other transcendental functions on f32, written once, so that all targets give the same
 * bits.
 *
 * The text is straight-line code over a small algebra of exact operations. It has no include guard: whoever includes it
 * first defines the algebra below, so op_eval_math.c gets C functions on float, an emitter functions that build
 * instructions on scalars or vectors (values are then LLVMValueRef, or ids of SPIR-V). For each NAME in exp exp2 log
 * log2 sin cos tan asin acos atan sinh cosh tanh there is `static M_FLOAT math_NAME(M_CONTEXT M_FLOAT x)`. No branch,
 * no table in memory, no f64; loops unroll in the making.
 *
 *   M_CONTEXT M_CONTEXT_ARG  a leading parameter and argument with their comma (`struct emitter *e,`, `e,`), or none
 *   M_FLOAT M_UINT M_BOOL    the types of values: f32, u32, and conditions
 *   M_F(c) M_U(c)            constants: c is a C constant expression of type float, or one of type uint32_t
 *   M_FADD M_FSUB M_FMUL M_FDIV(a, b)  M_FFMA(a, b, c)  M_FSQRT(a)
 *                            IEEE-754, rounded once to nearest even, subnormals kept; FFMA is a * b + c, rounded once
 *   M_FLT M_FLE M_FEQ(a, b)  ordered comparisons: false with NaN
 *   M_ULT M_UEQ(a, b)        unsigned comparisons
 *   M_FSELECT(c, a, b)  M_USELECT(c, a, b)       a where c, else b
 *   M_UADD M_USUB M_UMUL(a, b)  M_UMUL_HI(a, b)  modulo 2^32; the upper 32 bits of the product
 *   M_UAND M_UOR M_UXOR(a, b)
 *   M_USHL M_USHR M_SSHR(a, n)  shifts, SSHR of the sign; n is an M_UINT and below 32
 *   M_BITS(f)  M_FROM_BITS(u)   the same 32 bits as the other type
 *   M_S2F(u)                    the signed value of u rounded to nearest even
 *
 * Conversions from float to integer are not needed: adding 1.5 * 2^23 leaves the rounded value in the low bits. Which
 * NaN comes out is left open; whoever includes this makes it the one quiet NaN where it can be seen. Errors are
 * measured over all inputs: docs/math-accuracy.md. */

/* -- helpers --------------------------------------------------------------------------------------------------- */

#define MATH_CALL(name, ...) math_##name(M_CONTEXT_ARG __VA_ARGS__)

/* Adding it rounds to an integral value, which is then the low bits minus those of this number. */
#define MATH_ROUNDER 0x1.8p23f

static inline M_FLOAT math_abs(M_CONTEXT M_FLOAT x)
{
    return M_FROM_BITS(M_UAND(M_BITS(x), M_U(0x7FFFFFFFu)));
}
static inline M_UINT math_sign(M_CONTEXT M_FLOAT x)
{
    return M_UAND(M_BITS(x), M_U(0x80000000u));
}

/* x with its sign flipped where the top bit of `sign` is set; the other bits of it are 0. */
static inline M_FLOAT math_flip(M_CONTEXT M_FLOAT x, M_UINT sign)
{
    return M_FROM_BITS(M_UXOR(M_BITS(x), sign));
}

static inline M_FLOAT math_neg(M_CONTEXT M_FLOAT x)
{
    return MATH_CALL(flip, x, M_U(0x80000000u));
}

/* a * b - c and c - a * b */
static inline M_FLOAT math_mul_sub(M_CONTEXT M_FLOAT a, M_FLOAT b, M_FLOAT c)
{
    return M_FFMA(a, b, MATH_CALL(neg, c));
}
static inline M_FLOAT math_sub_mul(M_CONTEXT M_FLOAT c, M_FLOAT a, M_FLOAT b)
{
    return M_FFMA(MATH_CALL(neg, a), b, c);
}

/* One step of Horner's rule with a constant. */
static inline M_FLOAT math_horner(M_CONTEXT M_FLOAT sum, M_FLOAT x, float c)
{
    return M_FFMA(sum, x, M_F(c));
}

/* The sum a + b for |a| >= |b| or a = 0, and in *rest what rounding lost. */
static inline M_FLOAT math_sum(M_CONTEXT M_FLOAT a, M_FLOAT b, M_FLOAT *rest)
{
    M_FLOAT sum = M_FADD(a, b);
    *rest = M_FSUB(b, M_FSUB(sum, a));
    return sum;
}

/* pi/2 = PI_2_HIGH + PI_2_LOW */
#define MATH_PI_2_HIGH 0x1.921fb6p+0f
#define MATH_PI_2_LOW -0x1.777a5cp-25f

/* pi/2 - (a + b) for a from 0 to 2 and small b */
static inline M_FLOAT math_complement(M_CONTEXT M_FLOAT a, M_FLOAT b)
{
    M_FLOAT rest;
    M_FLOAT sum = MATH_CALL(sum, M_F(MATH_PI_2_HIGH), MATH_CALL(neg, a), &rest);
    return M_FADD(sum, M_FSUB(M_FADD(rest, M_F(MATH_PI_2_LOW)), b));
}

/* -- exponentials ---------------------------------------------------------------------------------------------- */

/* e^r for |r| <= ln(2)/2 */
static inline M_FLOAT math_exp_reduced(M_CONTEXT M_FLOAT r)
{
    M_FLOAT p = M_F(0x1.6ba8cap-13f);
    p = MATH_CALL(horner, p, r, 0x1.6d41d8p-10f);
    p = MATH_CALL(horner, p, r, 0x1.11371ap-7f);
    p = MATH_CALL(horner, p, r, 0x1.5554f2p-5f);
    p = MATH_CALL(horner, p, r, 0x1.55553cp-3f);
    p = MATH_CALL(horner, p, r, 0.5f);
    return M_FADD(M_F(1.0f), M_FFMA(M_FMUL(r, r), p, r));
}

/* x * 2^n for n from -252 to 254 (as signed), x near 1: rounded once, in the second product, where the result is
 * subnormal. */
static inline M_FLOAT math_scale(M_CONTEXT M_FLOAT x, M_UINT n)
{
    M_UINT half = M_SSHR(n, M_U(1)), other = M_USUB(n, half);
    M_FLOAT by_half = M_FROM_BITS(M_USHL(M_UADD(half, M_U(127)), M_U(23)));
    M_FLOAT by_other = M_FROM_BITS(M_USHL(M_UADD(other, M_U(127)), M_U(23)));
    return M_FMUL(M_FMUL(x, by_half), by_other);
}

/* x kept from `low` to `high`; NaN stays NaN. */
static inline M_FLOAT math_clamp(M_CONTEXT M_FLOAT x, float low, float high)
{
    M_FLOAT above = M_FSELECT(M_FLT(x, M_F(low)), M_F(low), x);
    return M_FSELECT(M_FLT(M_F(high), above), M_F(high), above);
}

/* e^x * 2^shift */
static inline M_FLOAT math_exp_scaled(M_CONTEXT M_FLOAT x, M_UINT shift)
{
    x = MATH_CALL(clamp, x, -105.0f, 90.0f); /* beyond, the result is 0 or infinity in any case */
    M_FLOAT biased = M_FFMA(x, M_F(0x1.715476p+0f), M_F(MATH_ROUNDER)); /* x / ln(2) */
    M_FLOAT n = M_FSUB(biased, M_F(MATH_ROUNDER));
    /* ln(2) in two parts; the first has 15 bits, so that n times it is exact. */
    M_FLOAT r = MATH_CALL(sub_mul, MATH_CALL(sub_mul, x, n, M_F(0x1.62e4p-1f)), n, M_F(0x1.7f7d1cp-20f));
    return MATH_CALL(scale, MATH_CALL(exp_reduced, r), M_UADD(M_BITS(biased), M_USUB(shift, M_U(0x4B400000u))));
}

static inline M_FLOAT math_exp(M_CONTEXT M_FLOAT x)
{
    return MATH_CALL(exp_scaled, x, M_U(0));
}

static inline M_FLOAT math_exp2(M_CONTEXT M_FLOAT x)
{
    x = MATH_CALL(clamp, x, -151.0f, 129.0f);
    M_FLOAT biased = M_FADD(x, M_F(MATH_ROUNDER));
    M_FLOAT r = M_FMUL(M_FSUB(x, M_FSUB(biased, M_F(MATH_ROUNDER))), M_F(0x1.62e43p-1f)); /* ln(2) */
    return MATH_CALL(scale, MATH_CALL(exp_reduced, r), M_USUB(M_BITS(biased), M_U(0x4B400000u)));
}

/* -- logarithms ------------------------------------------------------------------------------------------------ */

/* x = (1 + f) * 2^e with 1 + f from sqrt(1/2) to sqrt(2), for x positive and finite. */
static inline M_FLOAT math_log_split(M_CONTEXT M_FLOAT x, M_FLOAT *e)
{
    M_BOOL subnormal = M_ULT(M_BITS(x), M_U(0x00800000u));
    M_UINT bits = M_BITS(M_FSELECT(subnormal, M_FMUL(x, M_F(0x1p23f)), x));
    M_UINT exponent = M_SSHR(M_USUB(bits, M_U(0x3F3504F3u)), M_U(23)); /* sqrt(1/2) */
    *e = M_S2F(M_USUB(exponent, M_USELECT(subnormal, M_U(23), M_U(0))));
    return M_FSUB(M_FROM_BITS(M_USUB(bits, M_USHL(exponent, M_U(23)))), M_F(1.0f));
}

/* log(1 + f) - f */
static inline M_FLOAT math_log_tail(M_CONTEXT M_FLOAT f)
{
    M_FLOAT z = M_FMUL(f, f), p = M_F(0x1.b5437ap-5f);
    p = MATH_CALL(horner, p, f, -0x1.bf1882p-4f);
    p = MATH_CALL(horner, p, f, 0x1.eff910p-4f);
    p = MATH_CALL(horner, p, f, -0x1.01050ap-3f);
    p = MATH_CALL(horner, p, f, 0x1.230334p-3f);
    p = MATH_CALL(horner, p, f, -0x1.552f0ep-3f);
    p = MATH_CALL(horner, p, f, 0x1.99a540p-3f);
    p = MATH_CALL(horner, p, f, -0x1.000070p-2f);
    p = MATH_CALL(horner, p, f, 0x1.555548p-2f);
    return M_FFMA(M_FMUL(f, z), p, M_FMUL(z, M_F(-0.5f)));
}

/* The logarithm where x is not positive and finite. */
static inline M_FLOAT math_log_special(M_CONTEXT M_FLOAT x, M_FLOAT result)
{
    M_FLOAT infinity = M_FROM_BITS(M_U(0x7F800000u)), nan = M_FROM_BITS(M_U(0x7FC00000u));
    M_FLOAT special =
        M_FSELECT(M_FEQ(x, M_F(0.0f)), MATH_CALL(neg, infinity), M_FSELECT(M_FEQ(x, infinity), infinity, nan));
    return M_FSELECT(M_ULT(M_USUB(M_BITS(x), M_U(1)), M_U(0x7F7FFFFFu)), result, special);
}

static inline M_FLOAT math_log(M_CONTEXT M_FLOAT x)
{
    M_FLOAT e, f = MATH_CALL(log_split, x, &e);
    M_FLOAT low = M_FFMA(e, M_F(0x1.7f7d1cp-20f), MATH_CALL(log_tail, f)), rest;
    M_FLOAT sum = MATH_CALL(sum, M_FMUL(e, M_F(0x1.62e4p-1f)), f, &rest); /* the product is exact */
    return MATH_CALL(log_special, x, M_FADD(sum, M_FADD(rest, low)));
}

static inline M_FLOAT math_log2(M_CONTEXT M_FLOAT x)
{
    M_FLOAT e, f = MATH_CALL(log_split, x, &e), rest;
    M_FLOAT scale = M_F(0x1.715476p+0f); /* 1 / ln(2), whose next bits are 0x1.4ae0cp-26 */
    M_FLOAT high = M_FMUL(f, scale);
    M_FLOAT low = M_FFMA(f, M_F(0x1.4ae0cp-26f), MATH_CALL(mul_sub, f, scale, high));
    low = M_FFMA(MATH_CALL(log_tail, f), scale, low);
    M_FLOAT sum = MATH_CALL(sum, e, high, &rest);
    return MATH_CALL(log_special, x, M_FADD(sum, M_FADD(rest, low)));
}

/* -- trigonometric functions ----------------------------------------------------------------------------------- */

/* An angle |x| = quadrant * pi/2 + s * (high + low) with s = -1 where the top bit of `sign` is set, and high up to
 * pi/4. */
struct math_angle {
    M_FLOAT high, low;
    M_UINT quadrant, sign;
};

/* The upper 32 bits of the pair (a, b) shifted left by n < 32. */
static inline M_UINT math_funnel(M_CONTEXT M_UINT a, M_UINT b, M_UINT n)
{
    return M_UOR(M_USHL(a, n), M_USHR(M_USHR(b, M_U(1)), M_UXOR(n, M_U(31))));
}

/* 96 bits of 2/pi, most significant word first, from bit `start` of 32 zero bits followed by the fraction; start < 160.
 */
static inline void math_two_over_pi(M_CONTEXT M_UINT start, M_UINT window[3])
{
    static const uint32_t words[8] = {0,           0xA2F9836Eu, 0x4E441529u, 0xFC2757D1u,
                                      0xF534DDC0u, 0xDB629599u, 0x3C439041u, 0xFE5163ABu};
    M_BOOL by_4 = M_UEQ(M_UAND(start, M_U(128)), M_U(128)), by_2 = M_UEQ(M_UAND(start, M_U(64)), M_U(64)),
           by_1 = M_UEQ(M_UAND(start, M_U(32)), M_U(32));
    M_UINT w[7];
    for (int i = 0; i < 7; i++)
        w[i] = i < 4 ? M_USELECT(by_4, M_U(words[i + 4]), M_U(words[i])) : M_U(words[i]);
    for (int i = 0; i < 5; i++)
        w[i] = M_USELECT(by_2, w[i + 2], w[i]);
    for (int i = 0; i < 4; i++)
        w[i] = M_USELECT(by_1, w[i + 1], w[i]);
    for (int i = 0; i < 3; i++)
        window[i] = MATH_CALL(funnel, w[i], w[i + 1], M_UAND(start, M_U(31)));
}

/* Payne and Hanek's reduction: the product of the 24-bit significand with just those bits of 2/pi that matter gives |x|
 * / (pi/2) modulo 4 as a fixed-point number with 62 bits of fraction. The nearest that a float comes to a multiple of
 * pi/2 leaves more than 30 of them. */
static inline struct math_angle math_reduce_angle(M_CONTEXT M_FLOAT x)
{
    M_FLOAT size = MATH_CALL(abs, x);
    M_UINT bits = M_BITS(size), window[3];
    MATH_CALL(two_over_pi, M_USUB(M_USHR(bits, M_U(23)), M_U(120)), window);

    M_UINT significand = M_UOR(M_UAND(bits, M_U(0x007FFFFFu)), M_U(0x00800000u));
    M_UINT carry = M_UMUL_HI(significand, window[2]);
    M_UINT low = M_UADD(M_UMUL(significand, window[1]), carry);
    M_UINT overflow = M_USELECT(M_ULT(low, carry), M_U(1), M_U(0));
    M_UINT high = M_UADD(M_UADD(M_UMUL(significand, window[0]), M_UMUL_HI(significand, window[1])), overflow);

    struct math_angle angle;
    angle.quadrant = M_USHR(M_UADD(high, M_U(0x20000000u)), M_U(30));
    M_UINT fraction = M_USUB(high, M_USHL(angle.quadrant, M_U(30)));
    /* The magnitude; the ones' complement is near enough to the negative. */
    M_UINT negative = M_SSHR(fraction, M_U(31));
    angle.sign = M_UAND(negative, M_U(0x80000000u));
    fraction = M_UXOR(fraction, negative);
    low = M_UXOR(low, negative);

    /* To floats in three parts that are exact: 18, 24 and 20 bits. */
    M_FLOAT part_0 = M_FMUL(M_S2F(M_UAND(fraction, M_U(0xFFFFF000u))), M_F(0x1p-30f));
    M_UINT middle = M_UOR(M_USHL(M_UAND(fraction, M_U(0xFFFu)), M_U(12)), M_USHR(low, M_U(20)));
    M_FLOAT part_1 = M_FMUL(M_S2F(middle), M_F(0x1p-42f));
    M_FLOAT part_2 = M_FMUL(M_S2F(M_UAND(low, M_U(0xFFFFFu))), M_F(0x1p-62f));
    M_FLOAT rest, turns_low, turns = MATH_CALL(sum, part_0, part_1, &rest);
    turns = MATH_CALL(sum, turns, M_FADD(rest, part_2), &turns_low);

    M_FLOAT product = M_FMUL(turns, M_F(MATH_PI_2_HIGH));
    M_FLOAT product_low = MATH_CALL(mul_sub, turns, M_F(MATH_PI_2_HIGH), product);
    product_low = M_FFMA(turns, M_F(MATH_PI_2_LOW), product_low);
    product_low = M_FFMA(turns_low, M_F(MATH_PI_2_HIGH), product_low);

    M_BOOL small = M_ULT(bits, M_U(0x3F490FDBu)); /* below pi/4 the angle is its own remainder */
    angle.high = M_FSELECT(small, size, product);
    angle.low = M_FSELECT(small, M_F(0.0f), product_low);
    angle.quadrant = M_USELECT(small, M_U(0), angle.quadrant);
    angle.sign = M_USELECT(small, M_U(0), angle.sign);
    return angle;
}

/* sin(high + low), 0 <= high <= pi/4 */
static inline M_FLOAT math_sin_reduced(M_CONTEXT M_FLOAT high, M_FLOAT low)
{
    M_FLOAT z = M_FMUL(high, high), p = M_F(0x1.7c2c4ep-19f);
    p = MATH_CALL(horner, p, z, -0x1.a05954p-13f);
    p = MATH_CALL(horner, p, z, 0x1.111174p-7f);
    p = MATH_CALL(horner, p, z, -0x1.555556p-3f);
    M_FLOAT slope = M_FFMA(z, M_F(-0.5f), M_F(1.0f));
    return M_FADD(high, M_FFMA(M_FMUL(high, z), p, M_FMUL(low, slope)));
}

/* cos(high + low), 0 <= high <= pi/4 */
static inline M_FLOAT math_cos_reduced(M_CONTEXT M_FLOAT high, M_FLOAT low)
{
    M_FLOAT z = M_FMUL(high, high), p = M_F(-0x1.361c22p-22f), rest;
    p = MATH_CALL(horner, p, z, 0x1.a071c6p-16f);
    p = MATH_CALL(horner, p, z, -0x1.6c175ep-10f);
    p = MATH_CALL(horner, p, z, 0x1.555556p-5f);
    M_FLOAT sum = MATH_CALL(sum, M_F(1.0f), M_FMUL(z, M_F(-0.5f)), &rest);
    M_FLOAT tail = M_FFMA(M_FMUL(z, z), p, MATH_CALL(sub_mul, rest, high, low));
    return M_FADD(sum, tail);
}

/* The result, or NaN where x is infinite or NaN. */
static inline M_FLOAT math_if_finite(M_CONTEXT M_FLOAT x, M_FLOAT result)
{
    M_BOOL finite = M_ULT(M_UAND(M_BITS(x), M_U(0x7FFFFFFFu)), M_U(0x7F800000u));
    return M_FSELECT(finite, result, M_FROM_BITS(M_U(0x7FC00000u)));
}

/* sin(|x| + turn * pi/2) */
static inline M_FLOAT math_sin_turned(M_CONTEXT M_FLOAT x, uint32_t turn)
{
    struct math_angle angle = MATH_CALL(reduce_angle, x);
    M_UINT quadrant = M_UADD(angle.quadrant, M_U(turn));
    M_FLOAT sine = MATH_CALL(flip, MATH_CALL(sin_reduced, angle.high, angle.low), angle.sign);
    M_FLOAT cosine = MATH_CALL(cos_reduced, angle.high, angle.low);
    M_BOOL even = M_UEQ(M_UAND(quadrant, M_U(1)), M_U(0));
    M_UINT sign = M_USHL(M_UAND(quadrant, M_U(2)), M_U(30));
    return MATH_CALL(if_finite, x, MATH_CALL(flip, M_FSELECT(even, sine, cosine), sign));
}

static inline M_FLOAT math_sin(M_CONTEXT M_FLOAT x)
{
    return MATH_CALL(flip, MATH_CALL(sin_turned, x, 0), MATH_CALL(sign, x));
}

static inline M_FLOAT math_cos(M_CONTEXT M_FLOAT x)
{
    return MATH_CALL(sin_turned, x, 1);
}

static inline M_FLOAT math_tan(M_CONTEXT M_FLOAT x)
{
    struct math_angle angle = MATH_CALL(reduce_angle, x);
    M_FLOAT z = M_FMUL(angle.high, angle.high), p = M_F(0x1.1e8f6cp-8f), rest;
    p = MATH_CALL(horner, p, z, 0x1.9cac0ap-14f);
    p = MATH_CALL(horner, p, z, 0x1.62cadep-7f);
    p = MATH_CALL(horner, p, z, 0x1.5cc0d4p-6f);
    p = MATH_CALL(horner, p, z, 0x1.bad9c2p-5f);
    p = MATH_CALL(horner, p, z, 0x1.110d9ep-3f);
    p = MATH_CALL(horner, p, z, 0x1.555560p-2f);
    M_FLOAT slope = M_FADD(z, M_F(1.0f)); /* of the tangent, near enough */
    M_FLOAT tail = M_FFMA(M_FMUL(angle.high, z), p, M_FMUL(angle.low, slope));
    M_FLOAT tangent = MATH_CALL(sum, angle.high, tail, &rest);

    /* In odd quadrants -1 / tan, with one step of Newton's for what rounding lost. */
    M_BOOL odd = M_UEQ(M_UAND(angle.quadrant, M_U(1)), M_U(1));
    M_FLOAT inverse = M_FDIV(M_F(-1.0f), tangent);
    M_FLOAT residue = M_FFMA(inverse, rest, M_FFMA(inverse, tangent, M_F(1.0f)));
    inverse = M_FFMA(inverse, residue, inverse);
    M_UINT sign = M_UXOR(angle.sign, MATH_CALL(sign, x));
    return MATH_CALL(if_finite, x, MATH_CALL(flip, M_FSELECT(odd, inverse, tangent), sign));
}

/* -- their inverses -------------------------------------------------------------------------------------------- */

/* For |x| up to 1/2 *base is |x|; above it sqrt((1 - |x|) / 2), of which the arc sine is half the complement. Returns
 * asin(*base) - *base, counting what the square root's rounding lost. */
static inline M_FLOAT math_asin_tail(M_CONTEXT M_FLOAT size, M_BOOL large, M_FLOAT *base)
{
    M_FLOAT z = M_FSELECT(large, M_FFMA(size, M_F(-0.5f), M_F(0.5f)), M_FMUL(size, size)), p = M_F(0x1.34b724p-5f);
    M_FLOAT root = M_FSQRT(z);
    *base = M_FSELECT(large, root, size);
    M_FLOAT twice = M_FSELECT(M_FEQ(root, M_F(0.0f)), M_F(1.0f), M_FADD(root, root));
    M_FLOAT lost = M_FSELECT(large, M_FDIV(MATH_CALL(sub_mul, z, root, root), twice), M_F(0.0f));
    p = MATH_CALL(horner, p, z, 0x1.d53a0ap-7f);
    p = MATH_CALL(horner, p, z, 0x1.04d244p-5f);
    p = MATH_CALL(horner, p, z, 0x1.6ca758p-5f);
    p = MATH_CALL(horner, p, z, 0x1.3338acp-4f);
    p = MATH_CALL(horner, p, z, 0x1.55554cp-3f);
    return M_FFMA(M_FMUL(*base, z), p, lost);
}

static inline M_FLOAT math_asin(M_CONTEXT M_FLOAT x)
{
    M_FLOAT size = MATH_CALL(abs, x), base;
    M_BOOL large = M_FLT(M_F(0.5f), size);
    M_FLOAT tail = MATH_CALL(asin_tail, size, large, &base);
    M_FLOAT from_top = MATH_CALL(complement, M_FADD(base, base), M_FADD(tail, tail));
    return MATH_CALL(flip, M_FSELECT(large, from_top, M_FADD(base, tail)), MATH_CALL(sign, x));
}

static inline M_FLOAT math_acos(M_CONTEXT M_FLOAT x)
{
    M_FLOAT size = MATH_CALL(abs, x), base;
    M_BOOL large = M_FLT(M_F(0.5f), size);
    M_FLOAT tail = MATH_CALL(asin_tail, size, large, &base);
    M_UINT sign = MATH_CALL(sign, x);
    /* pi/2 - asin(x), or twice the arc sine of the root, or pi less that, which is twice its complement. */
    M_FLOAT middle = MATH_CALL(complement, MATH_CALL(flip, base, sign), MATH_CALL(flip, tail, sign));
    M_FLOAT near_1 = M_FADD(base, tail), near_minus_1 = MATH_CALL(complement, base, tail);
    M_FLOAT half = M_FSELECT(M_UEQ(sign, M_U(0)), near_1, near_minus_1);
    return M_FSELECT(large, M_FADD(half, half), middle);
}

static inline M_FLOAT math_atan(M_CONTEXT M_FLOAT x)
{
    M_FLOAT size = MATH_CALL(clamp, MATH_CALL(abs, x), 0.0f, 0x1p60f); /* no larger one has another result */
    M_BOOL large = M_FLT(M_F(1.0f), size);
    M_FLOAT inverse = M_FDIV(M_F(1.0f), size);
    M_FLOAT lost = M_FMUL(inverse, MATH_CALL(sub_mul, M_F(1.0f), inverse, size)); /* by rounding the inverse */
    M_FLOAT y = M_FSELECT(large, inverse, size), z = M_FMUL(y, y), p = M_F(-0x1.d3707ap-10f);
    p = MATH_CALL(horner, p, z, 0x1.642cf2p-7f);
    p = MATH_CALL(horner, p, z, -0x1.fd8272p-6f);
    p = MATH_CALL(horner, p, z, 0x1.da2b32p-5f);
    p = MATH_CALL(horner, p, z, -0x1.580940p-4f);
    p = MATH_CALL(horner, p, z, 0x1.c08c4ep-4f);
    p = MATH_CALL(horner, p, z, -0x1.242086p-3f);
    p = MATH_CALL(horner, p, z, 0x1.9991e4p-3f);
    p = MATH_CALL(horner, p, z, -0x1.55553ep-2f);
    M_FLOAT cube = M_FMUL(y, z), slope = M_FFMA(z, M_F(-0.5f), M_F(1.0f)); /* of the arc tangent, near enough */
    M_FLOAT from_top = MATH_CALL(complement, y, M_FFMA(lost, slope, M_FMUL(cube, p)));
    return MATH_CALL(flip, M_FSELECT(large, from_top, M_FFMA(cube, p, y)), MATH_CALL(sign, x));
}

/* -- hyperbolic functions -------------------------------------------------------------------------------------- */

static inline M_FLOAT math_sinh(M_CONTEXT M_FLOAT x)
{
    M_FLOAT size = MATH_CALL(abs, x), z = M_FMUL(size, size), p = M_F(0x1.756c1ep-19f);
    p = MATH_CALL(horner, p, z, 0x1.a022bcp-13f);
    p = MATH_CALL(horner, p, z, 0x1.1110e0p-7f);
    p = MATH_CALL(horner, p, z, 0x1.555556p-3f);
    M_FLOAT small = M_FFMA(M_FMUL(size, z), p, size);
    M_FLOAT half_exp = MATH_CALL(exp_scaled, size, M_U(0xFFFFFFFFu));
    M_FLOAT large = M_FSUB(half_exp, M_FDIV(M_F(0.25f), half_exp));
    return MATH_CALL(flip, M_FSELECT(M_FLT(size, M_F(1.0f)), small, large), MATH_CALL(sign, x));
}

static inline M_FLOAT math_cosh(M_CONTEXT M_FLOAT x)
{
    M_FLOAT half_exp = MATH_CALL(exp_scaled, MATH_CALL(abs, x), M_U(0xFFFFFFFFu));
    return M_FADD(half_exp, M_FDIV(M_F(0.25f), half_exp));
}

static inline M_FLOAT math_tanh(M_CONTEXT M_FLOAT x)
{
    M_FLOAT size = MATH_CALL(clamp, MATH_CALL(abs, x), 0.0f, 10.0f); /* from 9.02 on it is 1 */
    M_FLOAT z = M_FMUL(size, size), p = M_F(0x1.1e6d88p-9f);
    p = MATH_CALL(horner, p, z, -0x1.0d6682p-7f);
    p = MATH_CALL(horner, p, z, 0x1.63d27ep-6f);
    p = MATH_CALL(horner, p, z, -0x1.b9f4bep-5f);
    p = MATH_CALL(horner, p, z, 0x1.111084p-3f);
    p = MATH_CALL(horner, p, z, -0x1.555554p-2f);
    M_FLOAT small = M_FFMA(M_FMUL(size, z), p, size);
    M_FLOAT squared_exp = MATH_CALL(exp_scaled, M_FADD(size, size), M_U(0));
    M_FLOAT large = M_FSUB(M_F(1.0f), M_FDIV(M_F(2.0f), M_FADD(squared_exp, M_F(1.0f))));
    return MATH_CALL(flip, M_FSELECT(M_FLT(size, M_F(0.6f)), small, large), MATH_CALL(sign, x));
}
