/* op_soft.h - fma, division and square root on f32 from integer operations, for devices that round them otherwise than
 * IEEE-754.
 *
 * Written over the algebra of op_math.h, whose macros must be defined; needs no M_FFMA, M_FDIV or M_FSQRT. Functions:
 *   static M_FLOAT math_soft_fma(M_CONTEXT M_FLOAT a, b, c), math_soft_div(M_CONTEXT M_FLOAT a, b),
 * math_soft_sqrt(M_CONTEXT M_FLOAT x)
 *
 * A finite number that is not 0 is unpacked to sign, exponent e and a significand of 24 bits with its top bit set:
 * (-1)^sign * significand * 2^(e - 150). Results are made with a top bit at bit 31 and everything below the last bit
 * that matters jammed into bit 0, then rounded once. Straight-line code: the loops below have constant bounds and
 * unroll. */

struct math_soft_number {
    M_UINT exponent, significand; /* the exponent biased, as a signed number in an unsigned one */
};

struct math_soft_wide {
    M_UINT high, low;
};

static inline M_UINT math_soft_magnitude(M_CONTEXT M_FLOAT x)
{
    return M_UAND(M_BITS(x), M_U(0x7FFFFFFF));
}

/* Not for 0, infinities and NaN. */
static inline struct math_soft_number math_soft_unpack(M_CONTEXT M_FLOAT x)
{
    M_BOOL is_subnormal = M_ULT(math_soft_magnitude(M_CONTEXT_ARG x), M_U(0x00800000));
    M_UINT bits = math_soft_magnitude(M_CONTEXT_ARG M_FSELECT(is_subnormal, M_FMUL(x, M_F(0x1p24f)), x));
    M_UINT exponent = M_USHR(bits, M_U(23));
    return (struct math_soft_number){
        M_USELECT(is_subnormal, M_USUB(exponent, M_U(24)), exponent),
        M_UOR(M_UAND(bits, M_U(0x007FFFFF)), M_U(0x00800000)),
    };
}

/* v >> n with the bits that fall out jammed into bit 0; any n. */
static inline M_UINT math_soft_jam(M_CONTEXT M_UINT v, M_UINT n)
{
    M_BOOL is_far = M_ULT(M_U(31), n);
    M_UINT amount = M_UAND(n, M_U(31));
    M_UINT kept = M_USHR(v, amount), lost = M_USUB(v, M_USHL(kept, amount));
    M_UINT whole = M_USELECT(is_far, M_U(0), kept), rest = M_USELECT(is_far, v, lost);
    return M_USELECT(M_UEQ(rest, M_U(0)), whole, M_UOR(whole, M_U(1)));
}

/* The number with this sign (bit 31 of `sign`) whose top bit, bit 31 of `significand`, is worth 2^(exponent - 127),
 * rounded to nearest even; subnormal and infinite where it must be. */
static inline M_FLOAT math_soft_pack(M_CONTEXT M_UINT sign, M_UINT exponent, M_UINT significand)
{
    M_UINT flip = M_U(0x80000000);
    M_BOOL is_subnormal = M_ULT(M_UXOR(exponent, flip), M_UXOR(M_U(1), flip)); /* exponent < 1, signed */
    M_UINT shifted = math_soft_jam(M_CONTEXT_ARG significand, M_USUB(M_U(1), exponent));
    M_UINT aligned = M_USELECT(is_subnormal, shifted, significand);
    M_UINT kept = M_USHR(aligned, M_U(8)), rest = M_UAND(aligned, M_U(0xFF));
    M_UINT half_up = M_UADD(rest, M_U(0x7F)),
           odd = M_UAND(kept, M_U(1)); /* rest + 127 + odd carries into bit 8 when it rounds up */
    M_UINT rounded = M_UADD(kept, M_USHR(M_UADD(half_up, odd), M_U(8)));
    M_UINT field = M_USELECT(is_subnormal, M_U(0), M_USUB(exponent, M_U(1)));
    M_UINT bits = M_UADD(M_USHL(field, M_U(23)), rounded); /* the top bit of a normal significand adds 1 to the field */
    M_BOOL is_infinite = M_ULT(M_U(0x80000000u + 254), M_UXOR(exponent, flip)); /* exponent > 254, signed */
    return M_FROM_BITS(M_UOR(M_USELECT(is_infinite, M_U(0x7F800000), bits), M_UAND(sign, flip)));
}

/* 0 or not finite: what needs no rounding, or none of our own. */
static inline M_BOOL math_soft_is_special(M_CONTEXT M_FLOAT x)
{
    return M_ULT(M_U(0x7F7FFFFE), M_USUB(math_soft_magnitude(M_CONTEXT_ARG x), M_U(1)));
}

/* -- division: 26 digits by restoring division, and whether anything is left */

static inline M_FLOAT math_soft_div(M_CONTEXT M_FLOAT a, M_FLOAT b)
{
    struct math_soft_number n = math_soft_unpack(M_CONTEXT_ARG a), d = math_soft_unpack(M_CONTEXT_ARG b);
    M_BOOL is_below = M_ULT(n.significand, d.significand);
    M_UINT rest = M_USELECT(is_below, M_USHL(n.significand, M_U(1)), n.significand), quotient = M_U(0);
    M_UINT exponent = M_USUB(M_UADD(n.exponent, M_USELECT(is_below, M_U(126), M_U(127))), d.exponent);
    for (int digit = 0; digit < 26; digit++) {
        M_BOOL is_zero = M_ULT(rest, d.significand);
        quotient = M_UOR(M_USHL(quotient, M_U(1)), M_USELECT(is_zero, M_U(0), M_U(1)));
        rest = M_USHL(M_USELECT(is_zero, rest, M_USUB(rest, d.significand)), M_U(1));
    }
    M_UINT sticky = M_USELECT(M_UEQ(rest, M_U(0)), M_U(0), M_U(1));
    M_UINT sign = M_UXOR(M_BITS(a), M_BITS(b));
    M_FLOAT regular = math_soft_pack(M_CONTEXT_ARG sign, exponent, M_UOR(M_USHL(quotient, M_U(6)), sticky));
    /* Otherwise 0, infinity or NaN, by the operands' magnitudes alone. */
    M_UINT an = math_soft_magnitude(M_CONTEXT_ARG a), bn = math_soft_magnitude(M_CONTEXT_ARG b), inf = M_U(0x7F800000);
    M_UINT edge = M_USELECT(M_UEQ(bn, inf), M_U(0), M_USELECT(M_UEQ(an, M_U(0)), M_U(0), inf));
    M_BOOL both = M_UEQ(M_USELECT(M_UEQ(an, bn), M_U(1), M_U(0)), M_U(1)); /* 0 / 0 and infinity / infinity */
    M_BOOL a_nan = M_ULT(inf, an), b_nan = M_ULT(inf, bn);
    M_UINT nan = M_U(0x7FC00000), signed_edge = M_UOR(edge, M_UAND(sign, M_U(0x80000000)));
    M_UINT special = M_USELECT(a_nan, nan, M_USELECT(b_nan, nan, M_USELECT(both, nan, signed_edge)));
    M_FLOAT unless_b = M_FSELECT(math_soft_is_special(M_CONTEXT_ARG b), M_FROM_BITS(special), regular);
    return M_FSELECT(math_soft_is_special(M_CONTEXT_ARG a), M_FROM_BITS(special), unless_b);
}

/* -- square root: 26 digits, two bits of the radicand for each */

static inline M_FLOAT math_soft_sqrt(M_CONTEXT M_FLOAT x)
{
    struct math_soft_number n = math_soft_unpack(M_CONTEXT_ARG x);
    M_BOOL is_odd = M_UEQ(M_UAND(n.exponent, M_U(1)), M_U(0)); /* the exponent without its bias of 127 */
    M_UINT radicand = M_USHL(n.significand, M_USELECT(is_odd, M_U(8), M_U(7)));
    M_UINT exponent = M_UADD(M_SSHR(M_USUB(n.exponent, M_U(127)), M_U(1)), M_U(127));
    M_UINT root = M_U(0), rest = M_U(0);
    for (int digit = 0; digit < 26; digit++) {
        rest = M_UOR(M_USHL(rest, M_U(2)), M_USHR(radicand, M_U(30)));
        radicand = M_USHL(radicand, M_U(2));
        M_UINT trial = M_UOR(M_USHL(root, M_U(2)), M_U(1));
        M_BOOL is_zero = M_ULT(rest, trial);
        rest = M_USELECT(is_zero, rest, M_USUB(rest, trial));
        root = M_UOR(M_USHL(root, M_U(1)), M_USELECT(is_zero, M_U(0), M_U(1)));
    }
    M_UINT sticky = M_USELECT(M_UEQ(rest, M_U(0)), M_U(0), M_U(1));
    M_FLOAT regular = math_soft_pack(M_CONTEXT_ARG M_U(0), exponent, M_UOR(M_USHL(root, M_U(6)), sticky));
    M_UINT bits = M_BITS(x);
    M_BOOL is_negative = M_ULT(M_U(0x80000000), bits),
           is_nan = M_ULT(M_U(0x7F800000), math_soft_magnitude(M_CONTEXT_ARG x));
    M_UINT special = M_USELECT(is_negative, M_U(0x7FC00000), M_USELECT(is_nan, M_U(0x7FC00000), bits));
    M_FLOAT positive = M_FSELECT(math_soft_is_special(M_CONTEXT_ARG x), M_FROM_BITS(special), regular);
    return M_FSELECT(is_negative, M_FROM_BITS(M_U(0x7FC00000)), positive);
}

/* -- fused multiply and add: in 64 bits, as two words */

static inline struct math_soft_wide math_soft_select(M_CONTEXT M_BOOL c, struct math_soft_wide a,
                                                     struct math_soft_wide b)
{
    return (struct math_soft_wide){M_USELECT(c, a.high, b.high), M_USELECT(c, a.low, b.low)};
}

/* Shift left by n below 32. */
static inline struct math_soft_wide math_soft_shift_up(M_CONTEXT struct math_soft_wide v, uint32_t n)
{
    M_UINT carried = n ? M_USHR(v.low, M_U(32 - n)) : M_U(0);
    return (struct math_soft_wide){M_UOR(M_USHL(v.high, M_U(n)), carried), M_USHL(v.low, M_U(n))};
}

/* v >> n with the bits that fall out jammed into bit 0; any n. */
static inline struct math_soft_wide math_soft_jam_wide(M_CONTEXT struct math_soft_wide v, M_UINT n)
{
    M_UINT amount = M_UAND(n, M_U(31)), back = M_UAND(M_USUB(M_U(32), amount), M_U(31)), zero = M_U(0);
    M_UINT lost = M_USUB(v.low, M_USHL(M_USHR(v.low, amount), amount));
    M_UINT carried = M_USELECT(M_UEQ(amount, zero), zero, M_USHL(v.high, back));
    M_UINT low = M_UOR(M_USHR(v.low, amount), carried), sticky = M_USELECT(M_UEQ(lost, zero), zero, M_U(1));
    struct math_soft_wide near = {M_USHR(v.high, amount), M_UOR(low, sticky)};
    M_UINT below = M_USELECT(M_UEQ(v.low, zero), zero, M_U(1));
    struct math_soft_wide far = {zero, M_UOR(math_soft_jam(M_CONTEXT_ARG v.high, M_USUB(n, M_U(32))), below)};
    return math_soft_select(M_CONTEXT_ARG M_ULT(n, M_U(32)), near, far);
}

static inline M_BOOL math_soft_below(M_CONTEXT struct math_soft_wide a, struct math_soft_wide b)
{
    M_UINT low = M_USELECT(M_ULT(a.low, b.low), M_U(1), M_U(0)),
           high = M_USELECT(M_ULT(a.high, b.high), M_U(1), M_U(0));
    return M_UEQ(M_USELECT(M_UEQ(a.high, b.high), low, high), M_U(1));
}

static inline struct math_soft_wide math_soft_add(M_CONTEXT struct math_soft_wide a, struct math_soft_wide b)
{
    M_UINT low = M_UADD(a.low, b.low), carry = M_USELECT(M_ULT(low, a.low), M_U(1), M_U(0));
    return (struct math_soft_wide){M_UADD(M_UADD(a.high, b.high), carry), low};
}

static inline struct math_soft_wide math_soft_sub(M_CONTEXT struct math_soft_wide a, struct math_soft_wide b)
{
    M_UINT borrow = M_USELECT(M_ULT(a.low, b.low), M_U(1), M_U(0));
    return (struct math_soft_wide){M_USUB(M_USUB(a.high, b.high), borrow), M_USUB(a.low, b.low)};
}

/* Shifts left until bit 63 is set, and takes as much off the exponent. Not for 0. */
static inline struct math_soft_wide math_soft_normalize(M_CONTEXT struct math_soft_wide v, M_UINT *exponent)
{
    M_BOOL is_low = M_UEQ(v.high, M_U(0));
    v = math_soft_select(M_CONTEXT_ARG is_low, (struct math_soft_wide){v.low, M_U(0)}, v);
    *exponent = M_USUB(*exponent, M_USELECT(is_low, M_U(32), M_U(0)));
    for (uint32_t n = 16; n; n /= 2) {
        M_BOOL is_small = M_ULT(v.high, M_U(1u << (32 - n)));
        v = math_soft_select(M_CONTEXT_ARG is_small, math_soft_shift_up(M_CONTEXT_ARG v, n), v);
        *exponent = M_USUB(*exponent, M_USELECT(is_small, M_U(n), M_U(0)));
    }
    return v;
}

/* a * b + c for finite numbers that are not 0. The product's 48 bits stand at bit 14, the addend's 24 at bit 38, so
 * that both fill 62 bits; the one with the lesser exponent is shifted to the other. Where bits fall out no more than
 * one leading bit cancels. */
static inline M_FLOAT math_soft_fma_regular(M_CONTEXT M_FLOAT a, M_FLOAT b, M_FLOAT c)
{
    struct math_soft_number x = math_soft_unpack(M_CONTEXT_ARG a), y = math_soft_unpack(M_CONTEXT_ARG b);
    struct math_soft_number z = math_soft_unpack(M_CONTEXT_ARG c);
    struct math_soft_wide product = {M_UMUL_HI(x.significand, y.significand), M_UMUL(x.significand, y.significand)};
    struct math_soft_wide addend = {M_USHL(z.significand, M_U(6)), M_U(0)};
    product = math_soft_shift_up(M_CONTEXT_ARG product, 14);
    M_UINT product_scale = M_USUB(M_UADD(x.exponent, y.exponent), M_U(314)),
           addend_scale = M_USUB(z.exponent, M_U(188));
    M_UINT ahead = M_USUB(product_scale, addend_scale);
    M_BOOL is_ahead = M_ULT(ahead, M_U(0x80000000));
    product = math_soft_select(M_CONTEXT_ARG is_ahead, product,
                               math_soft_jam_wide(M_CONTEXT_ARG product, M_USUB(M_U(0), ahead)));
    addend = math_soft_select(M_CONTEXT_ARG is_ahead, math_soft_jam_wide(M_CONTEXT_ARG addend, ahead), addend);
    M_UINT scale = M_USELECT(is_ahead, product_scale, addend_scale);

    M_UINT product_sign = M_UXOR(M_BITS(a), M_BITS(b)), addend_sign = M_BITS(c);
    M_BOOL is_sum = M_ULT(M_UXOR(product_sign, addend_sign), M_U(0x80000000));
    M_BOOL is_below = math_soft_below(M_CONTEXT_ARG product, addend);
    struct math_soft_wide difference =
        math_soft_sub(M_CONTEXT_ARG math_soft_select(M_CONTEXT_ARG is_below, addend, product),
                      math_soft_select(M_CONTEXT_ARG is_below, product, addend));
    struct math_soft_wide total =
        math_soft_select(M_CONTEXT_ARG is_sum, math_soft_add(M_CONTEXT_ARG product, addend), difference);
    M_UINT sign = M_USELECT(is_below, addend_sign, product_sign);
    M_UINT exponent = M_UADD(scale, M_U(190)); /* of bit 63: 63 + 127 */
    struct math_soft_wide top = math_soft_normalize(M_CONTEXT_ARG total, &exponent);
    M_UINT significand = M_USELECT(M_UEQ(top.low, M_U(0)), top.high, M_UOR(top.high, M_U(1)));
    M_FLOAT value = math_soft_pack(M_CONTEXT_ARG sign, exponent, significand);
    return M_FSELECT(M_UEQ(M_UOR(total.high, total.low), M_U(0)), M_F(0.0f), value); /* exact cancellation is +0 */
}

static inline M_FLOAT math_soft_fma(M_CONTEXT M_FLOAT a, M_FLOAT b, M_FLOAT c)
{
    M_FLOAT regular = math_soft_fma_regular(M_CONTEXT_ARG a, b, c);
    M_UINT addend = math_soft_magnitude(M_CONTEXT_ARG c);
    /* A product of 0, infinity or NaN is exact; with an addend of 0 the product is rounded once; an infinite addend, or
     * NaN, wins. */
    M_FLOAT product = M_FMUL(a, b);
    M_FLOAT finite = M_FSELECT(M_UEQ(addend, M_U(0)), product, regular);
    M_FLOAT given = M_FSELECT(M_ULT(addend, M_U(0x7F800000)), finite, c);
    M_FLOAT sum = M_FADD(product, c);
    M_FLOAT unless_b = M_FSELECT(math_soft_is_special(M_CONTEXT_ARG b), sum, given);
    return M_FSELECT(math_soft_is_special(M_CONTEXT_ARG a), sum, unless_b);
}
