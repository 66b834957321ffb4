/* op_eval_float.c - float arithmetic. f16, bf16 and f32 compute in float, f64 in double, each basic operation rounded
 * once to nearest even (which the build asks of the C compiler with -ffp-contract=off and SSE or NEON arithmetic).
 * Whatever is exact, like comparing and rounding to integral values, goes through double for all formats.
 *
 * Every NaN result is the one quiet NaN of its format: nothing depends on which NaN a processor makes. */
#include "ir/op_eval.h"

#include <string.h>
#include <tgmath.h>

/* -- formats --------------------------------------------------------------------------------------------------- */

struct format {
    uint32_t mantissa_bits; /* without the hidden one */
    int32_t bias;
};

static struct format format_of(enum ir_scalar s)
{
    static const struct format formats[IR_SCALAR_COUNT] = {
        [IR_F16] = {10, 15}, [IR_BF16] = {7, 127}, [IR_F32] = {23, 127}, [IR_F64] = {52, 1023}};
    return formats[s];
}

static uint64_t sign_bit(enum ir_scalar s)
{
    return UINT64_C(1) << (scalar_bits(s) - 1);
}

static uint64_t infinity_bits(enum ir_scalar s)
{
    uint32_t mantissa = format_of(s).mantissa_bits;
    return ((UINT64_C(1) << (scalar_bits(s) - 1 - mantissa)) - 1) << mantissa;
}

uint64_t eval_float_quiet_nan(enum ir_scalar s)
{
    return infinity_bits(s) | UINT64_C(1) << (format_of(s).mantissa_bits - 1);
}

bool eval_float_is_nan(enum ir_scalar s, uint64_t bits)
{
    return (bits & (sign_bit(s) - 1)) > infinity_bits(s);
}

uint64_t eval_float_canonical(enum ir_scalar s, uint64_t bits)
{
    return eval_float_is_nan(s, bits) ? eval_float_quiet_nan(s) : bits;
}

static double double_from_bits(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static uint64_t bits_from_double(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

double eval_float_value(enum ir_scalar s, uint64_t bits)
{
    if (s == IR_F64) return double_from_bits(bits);
    struct format f = format_of(s);
    uint64_t magnitude = bits & (sign_bit(s) - 1);
    double v;
    if (magnitude >= infinity_bits(s)) {
        v = magnitude == infinity_bits(s) ? (double)INFINITY : (double)NAN;
    } else {
        int32_t exponent = (int32_t)(magnitude >> f.mantissa_bits);
        uint64_t hidden = exponent ? UINT64_C(1) << f.mantissa_bits : 0;
        uint64_t significand = (magnitude & ((UINT64_C(1) << f.mantissa_bits) - 1)) | hidden;
        v = ldexp((double)significand, (exponent ? exponent : 1) - f.bias - (int32_t)f.mantissa_bits);
    }
    return bits & sign_bit(s) ? -v : v;
}

/* v, to the nearest multiple of 2^n, ties to even. */
static uint64_t shift_rounding(uint64_t v, uint32_t n)
{
    uint64_t kept = v >> n, half = UINT64_C(1) << (n - 1), rest = v & (2 * half - 1);
    return kept + (rest > half || (rest == half && (kept & 1)));
}

/* The magnitude bits of a finite double in a narrower format. */
static uint64_t narrow_magnitude(enum ir_scalar s, uint64_t bits)
{
    struct format f = format_of(s);
    int32_t exponent = (int32_t)(bits >> 52 & 0x7FF) - 1023;
    if (exponent < -1022) return 0; /* a subnormal double is far below every narrower format */
    uint64_t significand = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
    int32_t below = 1 - f.bias - exponent; /* how far the value lies in the subnormals */
    uint32_t shift = 52 - f.mantissa_bits + (below > 0 ? (uint32_t)below : 0);
    uint64_t rounded = shift_rounding(significand, shift < 63 ? shift : 63);
    /* The hidden one, and a carry out of rounding, add to the exponent field. */
    uint64_t magnitude = below > 0 ? rounded : ((uint64_t)(exponent + f.bias - 1) << f.mantissa_bits) + rounded;
    return magnitude < infinity_bits(s) ? magnitude : infinity_bits(s);
}

uint64_t eval_float_round(enum ir_scalar s, double v)
{
    if (isnan(v)) return eval_float_quiet_nan(s);
    uint64_t bits = bits_from_double(v);
    if (s == IR_F64) return bits;
    uint64_t magnitude = isinf(v) ? infinity_bits(s) : narrow_magnitude(s, bits);
    return signbit(v) ? magnitude | sign_bit(s) : magnitude;
}

uint64_t eval_float_to_int(enum ir_scalar to, double v)
{
    uint32_t bits = scalar_bits(to);
    bool is_signed = scalar_is_signed(to);
    double limit = ldexp(1, (int)bits - is_signed); /* the first value too large */
    if (isnan(v)) return 0;
    if (v >= limit)
        return eval_int_wrap(to, (UINT64_C(1) << (bits - 1)) - 1 + (is_signed ? 0 : UINT64_C(1) << (bits - 1)));
    if (is_signed) return eval_int_wrap(to, v < -limit ? UINT64_C(1) << (bits - 1) : (uint64_t)(int64_t)v);
    return v <= -1 ? 0 : (uint64_t)v;
}

uint64_t eval_float_from_int(enum ir_scalar to, enum ir_scalar from, uint64_t v)
{
    bool is_signed = scalar_is_signed(from);
    int64_t as_signed = eval_int_signed(from, v);
    if (to == IR_F64) return bits_from_double(is_signed ? (double)as_signed : (double)v);
    return eval_float_round(to, (double)(is_signed ? (float)as_signed : (float)v));
}

/* -- operations that round ------------------------------------------------------------------------------------- */

/* One expression over v.a, v.b, v.c for both precisions; operands that an operation does not have are 0. The functions
 * of tgmath.h follow the type. */
#define FLOAT_OPERATION(name, expression)                                                                              \
    uint64_t eval_float_##name(const struct operands *o)                                                               \
    {                                                                                                                  \
        struct doubles wide = load_operands(o);                                                                        \
        if (o->type == IR_F64) {                                                                                       \
            struct doubles v = wide;                                                                                   \
            return eval_float_round(IR_F64, expression);                                                               \
        }                                                                                                              \
        struct floats v = {(float)wide.a, (float)wide.b, (float)wide.c};                                               \
        return eval_float_round(o->type, expression);                                                                  \
    }

struct doubles {
    double a, b, c;
};
struct floats {
    float a, b, c;
};

static struct doubles load_operands(const struct operands *o)
{
    return (struct doubles){eval_float_value(o->type, o->a), eval_float_value(o->type, o->b),
                            eval_float_value(o->type, o->c)};
}

FLOAT_OPERATION(add, v.a + v.b)
FLOAT_OPERATION(sub, v.a - v.b)
FLOAT_OPERATION(mul, v.a *v.b)
FLOAT_OPERATION(div, v.a / v.b)
FLOAT_OPERATION(fma, fma(v.a, v.b, v.c))
FLOAT_OPERATION(sqrt, sqrt(v.a))
FLOAT_OPERATION(rsqrt, 1 / sqrt(v.a))
FLOAT_OPERATION(recip, 1 / v.a)

/* -- operations that are exact --------------------------------------------------------------------------------- */

uint64_t eval_float_neg(const struct operands *o)
{
    return eval_float_canonical(o->type, o->a ^ sign_bit(o->type));
}
uint64_t eval_float_abs(const struct operands *o)
{
    return eval_float_canonical(o->type, o->a & ~sign_bit(o->type));
}

/* Orders -0 below +0. NaN is the caller's business. */
static bool is_below(const struct operands *o)
{
    double a = eval_float_value(o->type, o->a), b = eval_float_value(o->type, o->b);
    return a == b ? (o->a & sign_bit(o->type)) > (o->b & sign_bit(o->type)) : a < b;
}

/* With one NaN the other operand, with two NaN. */
static uint64_t choose(const struct operands *o, bool first)
{
    if (eval_float_is_nan(o->type, o->a)) return eval_float_canonical(o->type, o->b);
    return first || eval_float_is_nan(o->type, o->b) ? o->a : o->b;
}

uint64_t eval_float_min(const struct operands *o)
{
    return choose(o, is_below(o));
}
uint64_t eval_float_max(const struct operands *o)
{
    return choose(o, !is_below(o));
}

static uint64_t round_by(const struct operands *o, double (*function)(double))
{
    return eval_float_round(o->type, function(eval_float_value(o->type, o->a)));
}

/* Half to even, whatever the rounding mode of the host. */
static double round_half_even(double v)
{
    double whole = (trunc)(v), rest = fabs(v - whole);
    if (rest > 0.5 || (rest == 0.5 && fmod(whole, 2) != 0)) whole += copysign(1, v);
    return copysign(whole, v);
}

uint64_t eval_float_floor(const struct operands *o)
{
    return round_by(o, (floor));
}
uint64_t eval_float_ceil(const struct operands *o)
{
    return round_by(o, (ceil));
}
uint64_t eval_float_trunc(const struct operands *o)
{
    return round_by(o, (trunc));
}
uint64_t eval_float_round_even(const struct operands *o)
{
    return round_by(o, round_half_even);
}

uint64_t eval_float_sign(const struct operands *o)
{
    double v = eval_float_value(o->type, o->a);
    return eval_float_round(o->type, v > 0 ? 1 : v < 0 ? -1 : v); /* zeros and NaN as they are */
}
