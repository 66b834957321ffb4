/* values.c - what the operations are tried on: 24 boundary values of each type, and patterns that visit all exponents.
 */
#include <math.h>
#include <string.h>

#include "tests/exec/ops/ops.h"

/* Cut to the width, these are boundary values of every integer type. */
static const uint64_t integers[N_BOUNDARY] = {
    0,
    1,
    2,
    3,
    7,
    8,
    15,
    16,
    31,
    32,
    33,
    63,
    64,
    100,
    UINT64_C(0x5555555555555555),
    UINT64_C(0xAAAAAAAAAAAAAAAA),
    UINT64_MAX,
    UINT64_MAX - 1,
    0,
    0,
    0,
    0, /* around the sign bit: see boundary_integer */
    UINT64_C(0x80),
    UINT64_C(0x123456789ABCDEF1),
};

static uint64_t boundary_integer(enum ir_scalar s, uint32_t k)
{
    uint64_t top = UINT64_C(1) << (ir_scalar_infos[s].bits - 1);
    switch (k) {
    case 18:
        return top;
    case 19:
        return top + 1;
    case 20:
        return top - 1;
    case 21:
        return top >> 1;
    default:
        return integers[k];
    }
}

/* Decimal values that every format rounds in its way. The bit patterns after them depend on the format. */
static const double decimals[] = {
    0.0,          -0.0,         1.0, -1.0, 0.5, 1.5, 2.5, -3.5, 3.0, 100.0, -127.9, 65504.0, 3.14159265358979,
    4294967296.0, -2147483648.0};

static uint64_t convert(enum ir_scalar to, enum ir_scalar from, uint64_t bits)
{
    struct ir_value v = {{bits}};
    ir_type type = {(uint8_t)from, 1};
    return ir_op_eval(IR_OP_CAST, (ir_type){(uint8_t)to, 1}, 0, &type, &v, 1).lane[0];
}

/* One more than the pattern of infinity is a signalling NaN, one less the largest finite value. */
static uint64_t boundary_pattern(enum ir_scalar s, uint32_t k)
{
    static const uint8_t mantissa_bits[IR_SCALAR_COUNT] = {[IR_F16] = 10, [IR_BF16] = 7, [IR_F32] = 23, [IR_F64] = 52};
    uint64_t one = UINT64_C(1) << mantissa_bits[s], top = UINT64_C(1) << (ir_scalar_infos[s].bits - 1);
    uint64_t infinity = (top - 1) & ~(one - 1);
    const uint64_t patterns[] = {
        1, top | 1, one - 1, one, infinity - 1, infinity, infinity | top, infinity + 1, infinity | top | one >> 1 | 5};
    return patterns[k];
}

static uint64_t boundary_float(enum ir_scalar s, uint32_t k)
{
    uint32_t n = sizeof decimals / sizeof *decimals;
    uint64_t bits;
    if (k >= n) return boundary_pattern(s, k - n);
    memcpy(&bits, &decimals[k], sizeof bits);
    return convert(s, IR_F64, bits);
}

static uint64_t cut(enum ir_scalar s, uint64_t v)
{
    uint32_t unused = 64u - ir_scalar_infos[s].bits;
    return v << unused >> unused;
}

uint64_t boundary_value(enum ir_scalar s, uint32_t k)
{
    k %= N_BOUNDARY;
    if (ir_scalar_infos[s].kind == IR_KIND_FLOAT) return boundary_float(s, k);
    return s == IR_BOOL ? k & 1 : cut(s, boundary_integer(s, k));
}

/* Scrambles k, as SplitMix64 does. */
static uint64_t scramble(uint64_t k)
{
    uint64_t v = (k + 1) * UINT64_C(0x9E3779B97F4A7C15);
    v = (v ^ v >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    v = (v ^ v >> 27) * UINT64_C(0x94D049BB133111EB);
    return v ^ v >> 31;
}

uint64_t random_value(enum ir_scalar s, uint64_t k)
{
    uint64_t v = scramble(k), bits;
    if (ir_scalar_infos[s].kind != IR_KIND_FLOAT || v & 1) return cut(s, v >> 1);
    /* Patterns are of all sizes, so that sums of two seldom meet; these do. */
    double near_one = ldexp((double)((int64_t)v >> 11), (int)(v >> 1 & 15) - 56);
    memcpy(&bits, &near_one, sizeof bits);
    return convert(s, IR_F64, bits);
}

struct case_buffer buffer_new(struct batch *b, ir_type type, uint64_t count)
{
    unsigned char *bytes = b->dry ? NULL : ARENA_ARRAY(&b->arena, unsigned char, count *ir_type_mem_bytes(type));
    return (struct case_buffer){type, count, bytes};
}

void put_value(struct case_buffer *b, uint64_t i, uint32_t component, uint64_t bits)
{
    if (!b->bytes) return;
    uint32_t size = ir_scalar_infos[b->type.scalar].mem_bytes;
    memcpy(b->bytes + (i * b->type.lanes + component) * size, &bits, size); /* little-endian, as the buffers */
}

struct case_buffer buffer_of_boundary(struct batch *b, ir_type type)
{
    struct case_buffer buffer = buffer_new(b, type, N_BOUNDARY);
    for (uint32_t i = 0; i < N_BOUNDARY; i++) {
        for (uint32_t c = 0; c < type.lanes; c++)
            put_value(&buffer, i, c, boundary_value(type.scalar, i + 5 * c));
    }
    return buffer;
}
