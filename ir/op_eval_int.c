/* op_eval_int.c - integer arithmetic of every width, on 64-bit patterns. Wide intermediate results are 128 bits, so
 * that no case needs its own reasoning about overflow. */
#include "ir/op_eval.h"

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

uint64_t eval_int_wrap(enum ir_scalar s, uint64_t v)
{
    uint32_t unused = 64 - scalar_bits(s);
    return v << unused >> unused;
}

int64_t eval_int_signed(enum ir_scalar s, uint64_t v)
{
    uint32_t unused = 64 - scalar_bits(s);
    return (int64_t)(v << unused) >> unused;
}

/* The mathematical value. */
static int128 value_of(enum ir_scalar s, uint64_t v)
{
    return scalar_is_signed(s) ? (int128)eval_int_signed(s, v) : (int128)eval_int_wrap(s, v);
}

static int128 least_of(enum ir_scalar s)
{
    return scalar_is_signed(s) ? -((int128)1 << (scalar_bits(s) - 1)) : 0;
}

static int128 greatest_of(enum ir_scalar s)
{
    return ((int128)1 << (scalar_bits(s) - (scalar_is_signed(s) ? 1 : 0))) - 1;
}

static uint64_t clamp(enum ir_scalar s, int128 v)
{
    if (v < least_of(s)) v = least_of(s);
    if (v > greatest_of(s)) v = greatest_of(s);
    return eval_int_wrap(s, (uint64_t)v);
}

bool eval_int_less(enum ir_scalar s, uint64_t a, uint64_t b)
{
    return value_of(s, a) < value_of(s, b);
}

uint64_t eval_int_div(const struct operands *o)
{
    int128 a = value_of(o->type, o->a), b = value_of(o->type, o->b);
    if (b == 0) return scalar_is_signed(o->type) ? 0 : eval_int_wrap(o->type, ~UINT64_C(0));
    return eval_int_wrap(o->type, (uint64_t)(a / b));
}

uint64_t eval_int_rem(const struct operands *o)
{
    int128 a = value_of(o->type, o->a), b = value_of(o->type, o->b);
    return b == 0 ? 0 : eval_int_wrap(o->type, (uint64_t)(a % b));
}

/* Shift amounts count modulo the width, which is a power of two. */
static uint32_t amount(const struct operands *o)
{
    return (uint32_t)o->b & (scalar_bits(o->type) - 1);
}

uint64_t eval_int_shl(const struct operands *o)
{
    return eval_int_wrap(o->type, o->a << amount(o));
}
uint64_t eval_int_shr(const struct operands *o)
{
    return eval_int_wrap(o->type, (uint64_t)(value_of(o->type, o->a) >> amount(o)));
}

uint64_t eval_int_abs(const struct operands *o)
{
    return eval_int_signed(o->type, o->a) < 0 ? eval_int_wrap(o->type, -o->a) : o->a;
}

uint64_t eval_int_abs_diff(const struct operands *o)
{
    return eval_int_wrap(o->type, eval_int_less(o->type, o->a, o->b) ? o->b - o->a : o->a - o->b);
}

uint64_t eval_int_sat_add(const struct operands *o)
{
    return clamp(o->type, value_of(o->type, o->a) + value_of(o->type, o->b));
}

uint64_t eval_int_sat_sub(const struct operands *o)
{
    return clamp(o->type, value_of(o->type, o->a) - value_of(o->type, o->b));
}

uint64_t eval_int_sat_mul(const struct operands *o)
{
    if (!scalar_is_signed(o->type)) { /* 2^64 - 1 squared passes the signed 128 bits */
        uint128 product = (uint128)o->a * o->b, most = (uint128)greatest_of(o->type);
        return (uint64_t)(product < most ? product : most);
    }
    return clamp(o->type, value_of(o->type, o->a) * value_of(o->type, o->b));
}

uint64_t eval_int_mul_hi(const struct operands *o)
{
    uint128 product =
        scalar_is_signed(o->type) ? (uint128)(value_of(o->type, o->a) * value_of(o->type, o->b)) : (uint128)o->a * o->b;
    return eval_int_wrap(o->type, (uint64_t)(product >> scalar_bits(o->type)));
}

static uint64_t rotate_left(enum ir_scalar s, uint64_t v, uint32_t n)
{
    return n == 0 ? v : eval_int_wrap(s, v << n | v >> (scalar_bits(s) - n));
}

uint64_t eval_int_rotl(const struct operands *o)
{
    return rotate_left(o->type, o->a, amount(o));
}

uint64_t eval_int_rotr(const struct operands *o)
{
    uint32_t bits = scalar_bits(o->type);
    return rotate_left(o->type, o->a, (bits - amount(o)) & (bits - 1));
}

uint64_t eval_int_popcount(const struct operands *o)
{
    return (uint64_t)__builtin_popcountll(o->a);
}

uint64_t eval_int_clz(const struct operands *o)
{
    uint32_t bits = scalar_bits(o->type);
    return o->a == 0 ? bits : (uint64_t)__builtin_clzll(o->a) - (64 - bits);
}

uint64_t eval_int_ctz(const struct operands *o)
{
    return o->a == 0 ? scalar_bits(o->type) : (uint64_t)__builtin_ctzll(o->a);
}

uint64_t eval_int_reverse_bits(const struct operands *o)
{
    uint64_t result = 0;
    for (uint32_t i = 0, bits = scalar_bits(o->type); i < bits; i++)
        result |= (o->a >> i & 1) << (bits - 1 - i);
    return result;
}

/* A field of bits: the offset and count of an operation, kept within the width. */
struct field {
    uint32_t offset, count;
    uint64_t mask; /* count ones */
};

static struct field clamp_field(enum ir_scalar s, uint64_t offset, uint64_t count)
{
    uint32_t bits = scalar_bits(s);
    struct field f = {.offset = (uint32_t)(offset < bits ? offset : bits)};
    f.count = (uint32_t)(count < bits - f.offset ? count : bits - f.offset);
    f.mask = f.count == 0 ? 0 : ~UINT64_C(0) >> (64 - f.count);
    return f;
}

uint64_t eval_int_extract_bits(const struct operands *o)
{
    struct field f = clamp_field(o->type, o->b, o->c);
    if (f.count == 0) return 0;
    uint64_t v = o->a >> f.offset & f.mask;
    bool negative = scalar_is_signed(o->type) && (v >> (f.count - 1) & 1);
    return eval_int_wrap(o->type, negative ? v | ~f.mask : v);
}

uint64_t eval_int_insert_bits(const struct operands *o)
{
    struct field f = clamp_field(o->type, o->c, o->d);
    if (f.count == 0) return o->a;
    return (o->a & ~(f.mask << f.offset)) | (o->b & f.mask) << f.offset;
}

uint64_t eval_int_sign(const struct operands *o)
{
    int64_t v = eval_int_signed(o->type, o->a);
    return eval_int_wrap(o->type, (uint64_t)((v > 0) - (v < 0)));
}
