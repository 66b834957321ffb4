/* ir_op_eval.c - what each operation means: the table of corner cases in the language reference line by line, known
 * answers, and comparison with independent formulations (the C compiler's integers and floats, its _Float16, glibc's
 * fma). */
#include "ir/ops.h"

#include <math.h>

#include "tests/unit/test.h"

/* -- one call of the evaluator --------------------------------------------------------------------------------- */

static uint64_t eval(enum ir_op op, enum ir_scalar result, enum ir_scalar s, uint64_t a, uint64_t b, uint64_t c,
                     uint64_t d)
{
    struct ir_value args[4] = {{{a}}, {{b}}, {{c}}, {{d}}};
    ir_type types[4] = {{(uint8_t)s, 1}, {(uint8_t)s, 1}, {(uint8_t)s, 1}, {(uint8_t)s, 1}};
    return ir_op_eval(op, (ir_type){(uint8_t)result, 1}, 0, types, args, ir_op_infos[op].n_args).lane[0];
}

#define EVAL1(OP, S, a) eval(IR_OP_##OP, IR_##S, IR_##S, (a), 0, 0, 0)
#define EVAL2(OP, S, a, b) eval(IR_OP_##OP, IR_##S, IR_##S, (a), (b), 0, 0)
#define EVAL3(OP, S, a, b, c) eval(IR_OP_##OP, IR_##S, IR_##S, (a), (b), (c), 0)
#define EVAL4(OP, S, a, b, c, d) eval(IR_OP_##OP, IR_##S, IR_##S, (a), (b), (c), (d))
#define CAST(TO, FROM, a) eval(IR_OP_CAST, IR_##TO, IR_##FROM, (a), 0, 0, 0)
#define BITCAST(TO, FROM, a) eval(IR_OP_BITCAST, IR_##TO, IR_##FROM, (a), 0, 0, 0)
#define COMPARE(OP, S, a, b) eval(IR_OP_##OP, IR_BOOL, IR_##S, (a), (b), 0, 0)

static uint32_t bits32(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static float float32(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float v;
    memcpy(&v, &low, sizeof v);
    return v;
}

static uint64_t bits64(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static const uint32_t quiet_nan = 0x7FC00000, infinity = 0x7F800000, minus_0 = 0x80000000;

/* A sequence of patterns that visits every exponent and both signs. */
static uint64_t next_pattern(uint64_t *state)
{
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t v = *state;
    v = (v ^ v >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    v = (v ^ v >> 27) * UINT64_C(0x94D049BB133111EB);
    return v ^ v >> 31;
}

/* -- integers -------------------------------------------------------------------------------------------------- */

static void check_that_integers_wrap(void)
{
    CHECK_UINT(EVAL2(ADD, U8, 200, 100), 44);
    CHECK_UINT(EVAL2(SUB, U16, 0, 1), 0xFFFF);
    CHECK_UINT(EVAL2(MUL, I32, 0x10000, 0x10000), 0);
    CHECK_UINT(EVAL2(MUL, U64, UINT64_MAX, UINT64_MAX), 1);
    CHECK_UINT(EVAL1(NEG, I8, 0x80), 0x80);
    CHECK_UINT(EVAL1(NOT, U16, 0x00FF), 0xFF00);
}

static void check_division(void)
{
    CHECK_UINT(EVAL2(DIV, U8, 7, 0), 0xFF);
    CHECK_UINT(EVAL2(REM, U8, 7, 0), 0);
    CHECK_UINT(EVAL2(DIV, U64, 7, 0), UINT64_MAX);
    CHECK_UINT(EVAL2(DIV, I32, 7, 0), 0);
    CHECK_UINT(EVAL2(REM, I32, 7, 0), 0);
    CHECK_UINT(EVAL2(DIV, I32, 0x80000000, 0xFFFFFFFF), 0x80000000);
    CHECK_UINT(EVAL2(REM, I32, 0x80000000, 0xFFFFFFFF), 0);
    CHECK_UINT(EVAL2(DIV, I64, UINT64_C(1) << 63, UINT64_MAX), UINT64_C(1) << 63);
    CHECK_UINT(EVAL2(DIV, I8, 0xF9, 2), 0xFD); /* -7 / 2 = -3 */
    CHECK_UINT(EVAL2(REM, I8, 0xF9, 2), 0xFF); /* -7 % 2 = -1 */
    CHECK_UINT(EVAL2(REM, I8, 7, 0xFE), 1);
}

static void check_shifts_and_rotates(void)
{
    CHECK_UINT(EVAL2(SHL, U8, 0x81, 9), 2);
    CHECK_UINT(EVAL2(SHR, U8, 0x81, 8), 0x81);
    CHECK_UINT(EVAL2(SHR, I8, 0x81, 1), 0xC0);
    CHECK_UINT(EVAL2(SHR, U32, 0x80000000, 33), 0x40000000);
    CHECK_UINT(EVAL2(SHL, U64, 1, 63), UINT64_C(1) << 63);
    CHECK_UINT(EVAL2(SHR, I64, UINT64_C(1) << 63, 63), UINT64_MAX);
    CHECK_UINT(EVAL2(ROTL, U8, 0x81, 1), 0x03);
    CHECK_UINT(EVAL2(ROTR, U8, 0x81, 1), 0xC0);
    CHECK_UINT(EVAL2(ROTL, I16, 0x8001, 20), 0x0018);
    CHECK_UINT(EVAL2(ROTR, U32, 0x12345678, 32), 0x12345678);
    CHECK_UINT(EVAL2(ROTL, U64, UINT64_C(0x8000000000000001), 1), 3);
}

static void check_counting_bits(void)
{
    CHECK_UINT(eval(IR_OP_CLZ, IR_U32, IR_U8, 0, 0, 0, 0), 8);
    CHECK_UINT(eval(IR_OP_CTZ, IR_U32, IR_U8, 0, 0, 0, 0), 8);
    CHECK_UINT(eval(IR_OP_CLZ, IR_U32, IR_I64, 0, 0, 0, 0), 64);
    CHECK_UINT(eval(IR_OP_CLZ, IR_U32, IR_U16, 1, 0, 0, 0), 15);
    CHECK_UINT(eval(IR_OP_CTZ, IR_U32, IR_I32, 0x80000000, 0, 0, 0), 31);
    CHECK_UINT(eval(IR_OP_POPCOUNT, IR_U32, IR_I8, 0xFF, 0, 0, 0), 8);
    CHECK_UINT(eval(IR_OP_POPCOUNT, IR_U32, IR_U64, UINT64_MAX, 0, 0, 0), 64);
    CHECK_UINT(EVAL1(REVERSE_BITS, U8, 0x13), 0xC8);
    CHECK_UINT(EVAL1(REVERSE_BITS, U32, 1), 0x80000000);
    CHECK_UINT(EVAL1(REVERSE_BITS, I64, 1), UINT64_C(1) << 63);
}

static void check_bit_fields(void)
{
    CHECK_UINT(EVAL3(EXTRACT_BITS, U32, 0x12345678, 8, 8), 0x56);
    CHECK_UINT(EVAL3(EXTRACT_BITS, I32, 0x0000F000, 12, 4), 0xFFFFFFFF);
    CHECK_UINT(EVAL3(EXTRACT_BITS, I8, 0x70, 4, 4), 0x07);
    CHECK_UINT(EVAL3(EXTRACT_BITS, U32, 0x12345678, 0, 0), 0);
    CHECK_UINT(EVAL3(EXTRACT_BITS, U32, 0x12345678, 24, 100), 0x12);
    CHECK_UINT(EVAL3(EXTRACT_BITS, U32, 0x12345678, 32, 5), 0);
    CHECK_UINT(EVAL3(EXTRACT_BITS, U32, 0x12345678, 0xFFFFFFFF, 0xFFFFFFFF), 0);
    CHECK_UINT(EVAL3(EXTRACT_BITS, U64, UINT64_MAX, 0, 64), UINT64_MAX);
    CHECK_UINT(EVAL4(INSERT_BITS, U32, 0x12345678, 0xFFAB, 8, 8), 0x1234AB78);
    CHECK_UINT(EVAL4(INSERT_BITS, U32, 0x12345678, 0xFFFFFFFF, 8, 0), 0x12345678);
    CHECK_UINT(EVAL4(INSERT_BITS, U8, 0x00, 0xFF, 6, 100), 0xC0);
    CHECK_UINT(EVAL4(INSERT_BITS, U64, 5, UINT64_MAX, 0, 64), UINT64_MAX);
    CHECK_UINT(EVAL4(INSERT_BITS, I32, 5, 7, 32, 1), 5);
}

static void check_packed_integers(void)
{
    CHECK_UINT(EVAL2(UNPACK4, U32, 0x76543210, 3), 3);
    CHECK_UINT(EVAL2(UNPACK4, U32, 0x76543210, 15), 7);
    CHECK_UINT(EVAL2(UNPACK8, U32, 0x76543210, 3), 0x76);
    CHECK_UINT(EVAL2(UNPACK8, U32, 0x76543210, 4), 0x10);
    CHECK_UINT(EVAL3(DOT4_U8, U32, 0xFFFFFFFF, 0xFFFFFFFF, 0), 4 * 255 * 255);
    CHECK_UINT(EVAL3(DOT4_U8, U32, 0x01020304, 0x05060708, 0xFFFFFFFF), 5 + 12 + 21 + 32 - 1);
}

static int clamp_int(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

/* Every pair of bytes against the C compiler's int, both signs. */
static void check_bytes(uint8_t a, uint8_t b)
{
    int x = (int8_t)a, y = (int8_t)b;
    bool ok =
        EVAL2(SAT_ADD, U8, a, b) == (uint64_t)clamp_int(a + b, 0, 255) &&
        EVAL2(SAT_SUB, U8, a, b) == (uint64_t)clamp_int(a - b, 0, 255) &&
        EVAL2(SAT_MUL, U8, a, b) == (uint64_t)clamp_int(a * b, 0, 255) &&
        EVAL2(SAT_ADD, I8, a, b) == (uint8_t)clamp_int(x + y, -128, 127) &&
        EVAL2(SAT_SUB, I8, a, b) == (uint8_t)clamp_int(x - y, -128, 127) &&
        EVAL2(SAT_MUL, I8, a, b) == (uint8_t)clamp_int(x * y, -128, 127) &&
        EVAL2(MUL_HI, U8, a, b) == (uint8_t)(a * b >> 8) && EVAL2(MUL_HI, I8, a, b) == (uint8_t)(x * y >> 8) &&
        EVAL2(ABS_DIFF, U8, a, b) == (uint8_t)(a > b ? a - b : b - a) &&
        EVAL2(ABS_DIFF, I8, a, b) == (uint8_t)(x > y ? x - y : y - x) && EVAL2(MIN, U8, a, b) == (a < b ? a : b) &&
        EVAL2(MAX, I8, a, b) == (x > y ? a : b) && COMPARE(LT, I8, a, b) == (x < y) &&
        COMPARE(LT, U8, a, b) == (a < b) && COMPARE(GE, I8, a, b) == (x >= y) && COMPARE(NE, U8, a, b) == (a != b) &&
        (y == 0 || EVAL2(DIV, I8, a, b) == (uint8_t)(x / y)) && (y == 0 || EVAL2(REM, I8, a, b) == (uint8_t)(x % y)) &&
        EVAL2(SHR, I8, a, b) == (uint8_t)(x >> (b & 7)) && EVAL2(SHL, U8, a, b) == (uint8_t)(a << (b & 7));
    if (!CHECK(ok)) fprintf(stderr, "  with %u and %u\n", a, b);
}

static void check_wide_integers(void)
{
    CHECK_UINT(EVAL2(SAT_MUL, U64, UINT64_MAX, 2), UINT64_MAX);
    CHECK_UINT(EVAL2(SAT_MUL, I64, UINT64_C(1) << 63, UINT64_MAX), INT64_MAX);
    CHECK_UINT(EVAL2(SAT_MUL, I64, UINT64_C(1) << 63, 2), UINT64_C(1) << 63);
    CHECK_UINT(EVAL2(SAT_ADD, U64, UINT64_MAX, 1), UINT64_MAX);
    CHECK_UINT(EVAL2(SAT_SUB, I64, UINT64_C(1) << 63, 1), UINT64_C(1) << 63);
    CHECK_UINT(EVAL2(MUL_HI, U64, UINT64_MAX, UINT64_MAX), UINT64_MAX - 1);
    CHECK_UINT(EVAL2(MUL_HI, I64, UINT64_MAX, UINT64_MAX), 0);
    CHECK_UINT(EVAL2(MUL_HI, I64, UINT64_C(1) << 63, 2), UINT64_MAX);
    CHECK_UINT(EVAL1(ABS, I64, UINT64_C(1) << 63), UINT64_C(1) << 63);
    CHECK_UINT(EVAL1(ABS, I16, 0xFFFE), 2);
    CHECK_UINT(EVAL1(SIGN, I32, 0x80000000), 0xFFFFFFFF);
    CHECK_UINT(EVAL1(SIGN, I8, 100), 1);
}

/* -- floats ---------------------------------------------------------------------------------------------------- */

static void check_f32_against_the_machine(uint32_t a, uint32_t b, uint32_t c)
{
    float x = float32(a), y = float32(b), z = float32(c);
    const struct {
        uint64_t ours;
        float theirs;
    } pairs[] = {
        {EVAL2(ADD, F32, a, b), x + y},
        {EVAL2(SUB, F32, a, b), x - y},
        {EVAL2(MUL, F32, a, b), x * y},
        {EVAL2(DIV, F32, a, b), x / y},
        {EVAL1(SQRT, F32, a), sqrtf(x)},
        {EVAL3(FMA, F32, a, b, c), fmaf(x, y, z)},
        {EVAL1(FLOOR, F32, a), floorf(x)},
        {EVAL1(CEIL, F32, a), ceilf(x)},
        {EVAL1(TRUNC, F32, a), truncf(x)},
        {EVAL1(ROUND, F32, a), nearbyintf(x)},
        {EVAL1(NEG, F32, a), -x},
        {EVAL1(RECIP, F32, a), 1 / x},
        {EVAL1(RSQRT, F32, a), 1 / sqrtf(x)},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        CHECK_UINT(pairs[i].ours, isnan(pairs[i].theirs) ? quiet_nan : bits32(pairs[i].theirs));
}

static void check_f32(void)
{
    static const uint32_t patterns[] = {0,          0x80000000, 1,          0x80000001, 0x007FFFFF,
                                        0x00800000, 0x3F000000, 0x3F800000, 0xBF800001, 0x3FC00000,
                                        0x40200000, 0x4B000001, 0x4B800000, 0x4EFFFFFF, 0x7F7FFFFF,
                                        0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00001, 0x7F800001};
    for (size_t i = 0; i < 20; i++) {
        for (size_t k = 0; k < 20; k++)
            check_f32_against_the_machine(patterns[i], patterns[k], patterns[(i * 7 + k * 3) % 20]);
    }
    uint64_t state = 1;
    for (int i = 0; i < 20000; i++) {
        uint64_t ab = next_pattern(&state);
        check_f32_against_the_machine((uint32_t)ab, (uint32_t)(ab >> 32), (uint32_t)next_pattern(&state));
    }
}

static void check_f64(void)
{
    uint64_t state = 2;
    for (int i = 0; i < 20000; i++) {
        uint64_t a = next_pattern(&state), b = next_pattern(&state), c = next_pattern(&state);
        double x, y, z;
        memcpy(&x, &a, sizeof x);
        memcpy(&y, &b, sizeof y);
        memcpy(&z, &c, sizeof z);
        if (isnan(x) || isnan(y) || isnan(z)) continue;
        CHECK_UINT(EVAL2(ADD, F64, a, b), bits64(x + y));
        CHECK_UINT(EVAL2(DIV, F64, a, b), bits64(x / y));
        CHECK_UINT(EVAL3(FMA, F64, a, b, c), bits64(fma(x, y, z)));
        CHECK_UINT(CAST(F32, F64, a), bits32((float)x));
    }
    CHECK_UINT(EVAL2(SUB, F64, bits64(INFINITY), bits64(INFINITY)), UINT64_C(0x7FF8000000000000));
}

static void check_that_nan_is_one(void)
{
    CHECK_UINT(EVAL2(ADD, F32, 0xFFC12345, bits32(1)), quiet_nan);
    CHECK_UINT(EVAL2(SUB, F32, infinity, infinity), quiet_nan);
    CHECK_UINT(EVAL1(NEG, F32, 0xFFC12345), quiet_nan);
    CHECK_UINT(EVAL1(ABS, F32, 0xFFC12345), quiet_nan);
    CHECK_UINT(EVAL1(SIGN, F32, 0xFF800001), quiet_nan);
    CHECK_UINT(BITCAST(U32, F32, 0xFF800001), quiet_nan);
    CHECK_UINT(BITCAST(U16, F16, 0xFC01), 0x7E00);
    CHECK_UINT(BITCAST(U16, BF16, 0xFF81), 0x7FC0);
    CHECK_UINT(BITCAST(I64, F64, UINT64_C(0xFFF0000000000001)), UINT64_C(0x7FF8000000000000));
    CHECK_UINT(BITCAST(F32, U32, minus_0), minus_0);
    CHECK_UINT(CAST(F16, F64, UINT64_C(0xFFF0000000000001)), 0x7E00);
    CHECK_UINT(ir_value_to_memory(IR_F32, 0xFFFFFFFF), quiet_nan);
    CHECK_UINT(ir_value_to_memory(IR_F32, minus_0), minus_0);
    CHECK_UINT(ir_value_to_memory(IR_U32, 0xFFFFFFFF), 0xFFFFFFFF);
    CHECK_UINT(ir_value_from_memory(IR_BOOL, 0x80000000), 1);
    CHECK_UINT(ir_value_from_memory(IR_BOOL, 0), 0);
}

static void check_min_max_of_floats(void)
{
    CHECK_UINT(EVAL2(MIN, F32, quiet_nan, bits32(1)), bits32(1));
    CHECK_UINT(EVAL2(MIN, F32, bits32(1), 0xFF800001), bits32(1));
    CHECK_UINT(EVAL2(MAX, F32, 0xFF800001, 0x7F800001), quiet_nan);
    CHECK_UINT(EVAL2(MIN, F32, 0, minus_0), minus_0);
    CHECK_UINT(EVAL2(MIN, F32, minus_0, 0), minus_0);
    CHECK_UINT(EVAL2(MAX, F32, 0, minus_0), 0);
    CHECK_UINT(EVAL2(MAX, F32, minus_0, 0), 0);
    CHECK_UINT(EVAL2(MAX, F16, 0xBC00, 0xC000), 0xBC00);
    CHECK_UINT(EVAL2(MIN, F64, bits64(-INFINITY), bits64(3)), bits64(-INFINITY));
}

static void check_classes_and_comparisons(void)
{
    CHECK_UINT(COMPARE(EQ, F32, quiet_nan, quiet_nan), 0);
    CHECK_UINT(COMPARE(NE, F32, quiet_nan, quiet_nan), 1);
    CHECK_UINT(COMPARE(EQ, F32, 0, minus_0), 1);
    CHECK_UINT(COMPARE(LT, F32, minus_0, 0), 0);
    CHECK_UINT(COMPARE(LE, F32, quiet_nan, 0), 0);
    CHECK_UINT(COMPARE(GE, BF16, 0xFF80, 0x7F80), 0);
    CHECK_UINT(COMPARE(IS_NAN, F16, 0x7C01, 0), 1);
    CHECK_UINT(COMPARE(IS_NAN, F16, 0x7C00, 0), 0);
    CHECK_UINT(COMPARE(IS_INF, F64, bits64(-INFINITY), 0), 1);
    CHECK_UINT(COMPARE(IS_FINITE, BF16, 0x7F7F, 0), 1);
    CHECK_UINT(COMPARE(IS_FINITE, F32, quiet_nan, 0), 0);
    CHECK_UINT(EVAL1(SIGN, F32, minus_0), minus_0);
    CHECK_UINT(EVAL1(SIGN, F32, bits32(-3)), bits32(-1));
    CHECK_UINT(EVAL1(ROUND, F32, bits32(2.5f)), bits32(2));
    CHECK_UINT(EVAL1(ROUND, F32, bits32(-3.5f)), bits32(-4));
    CHECK_UINT(EVAL1(ROUND, F32, bits32(-0.25f)), minus_0);
    CHECK_UINT(EVAL1(CEIL, F32, bits32(-0.25f)), minus_0);
}

/* -- conversions ----------------------------------------------------------------------------------------------- */

static void check_casts(void)
{
    CHECK_UINT(CAST(U8, F32, bits32(-1.5f)), 0);
    CHECK_UINT(CAST(U8, F32, bits32(255.9f)), 255);
    CHECK_UINT(CAST(U8, F32, bits32(256)), 255);
    CHECK_UINT(CAST(I8, F32, bits32(-128.9f)), 0x80);
    CHECK_UINT(CAST(I8, F32, bits32(-1000)), 0x80);
    CHECK_UINT(CAST(I32, F32, infinity), 0x7FFFFFFF);
    CHECK_UINT(CAST(I32, F32, quiet_nan), 0);
    CHECK_UINT(CAST(U32, F32, infinity), 0xFFFFFFFF);
    CHECK_UINT(CAST(I64, F64, bits64(-0x1p63)), UINT64_C(1) << 63);
    CHECK_UINT(CAST(I64, F64, bits64(0x1p63)), INT64_MAX);
    CHECK_UINT(CAST(U64, F64, bits64(0x1p64)), UINT64_MAX);
    CHECK_UINT(CAST(U64, F64, bits64(0x1.fffffffffffffp63)), UINT64_C(0xFFFFFFFFFFFFF800));
    CHECK_UINT(CAST(I32, F32, bits32(-1.9f)), 0xFFFFFFFF);
    CHECK_UINT(CAST(U32, I8, 0x80), 0xFFFFFF80);
    CHECK_UINT(CAST(I64, U32, 0xFFFFFFFF), 0xFFFFFFFF);
    CHECK_UINT(CAST(U8, I32, 0xFFFFFF80), 0x80);
    CHECK_UINT(CAST(BOOL, U8, 2), 1);
    CHECK_UINT(CAST(BOOL, F32, minus_0), 0);
    CHECK_UINT(CAST(BOOL, F32, quiet_nan), 1);
    CHECK_UINT(CAST(F32, BOOL, 1), bits32(1));
    CHECK_UINT(CAST(F32, I8, 0xFF), bits32(-1));
    CHECK_UINT(CAST(F32, U32, 0xFFFFFFFF), bits32(0x1p32f));
    CHECK_UINT(CAST(F32, U64, UINT64_C(0x8000008000000001)), bits32(0x1.000002p63f));
    CHECK_UINT(CAST(F64, U64, UINT64_MAX), bits64(0x1p64));
    CHECK_UINT(CAST(F16, I32, 65520), 0x7C00);
    CHECK_UINT(CAST(BF16, U32, 0x01010001), 0x4B80); /* through f32, which makes a tie of it */
}

/* Every pattern of the 16-bit formats there and back, and the first values that round up, down and to even. */
static void check_small_floats(void)
{
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        uint64_t wide = CAST(F32, F16, bits), brain = CAST(F32, BF16, bits);
        CHECK_UINT(CAST(F16, F32, wide), (bits & 0x7FFF) > 0x7C00 ? 0x7E00 : bits);
        CHECK_UINT(CAST(BF16, F32, brain), (bits & 0x7FFF) > 0x7F80 ? 0x7FC0 : bits);
        CHECK_UINT(brain, (bits & 0x7FFF) > 0x7F80 ? quiet_nan : bits << 16);
    }
    CHECK_UINT(CAST(F16, F32, bits32(65519)), 0x7BFF);
    CHECK_UINT(CAST(F16, F32, bits32(65520)), 0x7C00);
    CHECK_UINT(CAST(F16, F32, bits32(0x1p-25f)), 0);
    CHECK_UINT(CAST(F16, F32, bits32(-0x1.000002p-25f)), 0x8001);
    CHECK_UINT(CAST(F16, F32, bits32(0x1.8p-24f)), 2);
    CHECK_UINT(CAST(F16, F32, bits32(0x1.ffcp-15f)), 0x0400);
    CHECK_UINT(CAST(BF16, F32, 0x3F808000), 0x3F80);
    CHECK_UINT(CAST(BF16, F32, 0x3F818000), 0x3F82);
    CHECK_UINT(CAST(BF16, F32, 0x7F7F8000), 0x7F80);
    CHECK_UINT(CAST(BF16, F32, 0x00008001), 1);
    /* Rounding twice, to f32 on the way, would make ties of these. */
    CHECK_UINT(CAST(F16, F64, bits64(0x1.0020000000001p0)), 0x3C01);
    CHECK_UINT(CAST(BF16, F64, bits64(0x1.0100000000001p0)), 0x3F81);
    CHECK_UINT(CAST(F16, F64, bits64(0x1.0000000000001p-25)), 1);
    CHECK_UINT(CAST(F16, F64, 1), 0);
}

static void check_small_arithmetic(void)
{
    CHECK_UINT(EVAL2(ADD, F16, 0x3C00, 0x1000), 0x3C00); /* 1 + 2^-11, a tie */
    CHECK_UINT(EVAL2(MUL, F16, 0x7BFF, 0x4000), 0x7C00);
    CHECK_UINT(EVAL2(DIV, BF16, 0x3F80, 0x4040), 0x3EAB);
    CHECK_UINT(EVAL1(SQRT, F16, 0x4000), 0x3DA8);
    CHECK_UINT(EVAL2(SUB, F16, 0x0001, 0x0002), 0x8001);
#ifdef __FLT16_MAX__
    uint64_t state = 3;
    for (int i = 0; i < 20000; i++) {
        uint64_t random = next_pattern(&state);
        uint16_t a = (uint16_t)random, b = (uint16_t)(random >> 16);
        _Float16 x, y;
        memcpy(&x, &a, sizeof x);
        memcpy(&y, &b, sizeof y);
        _Float16 sum = x + y, product = x * y, quotient = x / y, narrow = (_Float16)float32(random >> 32);
        const struct {
            uint64_t ours;
            _Float16 theirs;
        } pairs[] = {{EVAL2(ADD, F16, a, b), sum},
                     {EVAL2(MUL, F16, a, b), product},
                     {EVAL2(DIV, F16, a, b), quotient},
                     {CAST(F16, F32, random >> 32), narrow}};
        for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
            uint16_t bits;
            memcpy(&bits, &pairs[k].theirs, sizeof bits);
            CHECK_UINT(pairs[k].ours, isnan((float)pairs[k].theirs) ? 0x7E00 : bits);
        }
    }
#endif
}

/* -- transcendental functions: exact points and special values --------------------------------------------------- */

static void check_math(void)
{
    static const struct {
        enum ir_op op;
        uint32_t in, out;
    } points[] = {
        {IR_OP_EXP, 0, 0x3F800000},
        {IR_OP_EXP, 0x80000000, 0x3F800000},
        {IR_OP_EXP, 0x7F800000, 0x7F800000},
        {IR_OP_EXP, 0xFF800000, 0},
        {IR_OP_EXP, 0x42B17218, 0x7F800000},
        {IR_OP_EXP, 0x42B17217, 0x7F7FFF84},
        {IR_OP_EXP, 0xC2D00000, 0},
        {IR_OP_EXP, 0xC2CFF1B4, 1},
        {IR_OP_EXP, 0x7FC00000, 0x7FC00000},
        {IR_OP_EXP2, 0x43000000, 0x7F800000},
        {IR_OP_EXP2, 0xC3150000, 1},
        {IR_OP_EXP2, 0xC3160000, 0},
        {IR_OP_EXP2, 0x40400000, 0x41000000},
        {IR_OP_EXP2, 0xFF800000, 0},
        {IR_OP_EXP2, 0xC3020000, 0x00080000},
        {IR_OP_LOG, 0x3F800000, 0},
        {IR_OP_LOG, 0, 0xFF800000},
        {IR_OP_LOG, 0x80000000, 0xFF800000},
        {IR_OP_LOG, 0xBF800000, 0x7FC00000},
        {IR_OP_LOG, 0x7F800000, 0x7F800000},
        {IR_OP_LOG, 0x80000001, 0x7FC00000},
        {IR_OP_LOG, 0xFF800000, 0x7FC00000},
        {IR_OP_LOG2, 0x41000000, 0x40400000},
        {IR_OP_LOG2, 1, 0xC3150000},
        {IR_OP_LOG2, 0xFFC00000, 0x7FC00000},
        {IR_OP_SIN, 0x80000000, 0x80000000},
        {IR_OP_SIN, 1, 1},
        {IR_OP_SIN, 0x7F800000, 0x7FC00000},
        {IR_OP_SIN, 0x40490FDB, 0xB3BBBD2E},
        {IR_OP_COS, 0, 0x3F800000},
        {IR_OP_COS, 0xFF800000, 0x7FC00000},
        {IR_OP_COS, 0x40490FDB, 0xBF800000},
        {IR_OP_TAN, 0x80000000, 0x80000000},
        {IR_OP_TAN, 0x7FC00000, 0x7FC00000},
        {IR_OP_TAN, 0x80000001, 0x80000001},
        {IR_OP_ASIN, 0x3F800000, 0x3FC90FDB},
        {IR_OP_ASIN, 0xBF800000, 0xBFC90FDB},
        {IR_OP_ASIN, 0x3F800001, 0x7FC00000},
        {IR_OP_ASIN, 0x80000000, 0x80000000},
        {IR_OP_ACOS, 0x3F800000, 0},
        {IR_OP_ACOS, 0xBF800000, 0x40490FDB},
        {IR_OP_ACOS, 0, 0x3FC90FDB},
        {IR_OP_ACOS, 0xC0000000, 0x7FC00000},
        {IR_OP_ATAN, 0x7F800000, 0x3FC90FDB},
        {IR_OP_ATAN, 0xFF800000, 0xBFC90FDB},
        {IR_OP_ATAN, 0x80000000, 0x80000000},
        {IR_OP_ATAN, 0x3F800000, 0x3F490FDB},
        {IR_OP_SINH, 0x80000000, 0x80000000},
        {IR_OP_SINH, 0xFF800000, 0xFF800000},
        {IR_OP_SINH, 0x80000001, 0x80000001},
        {IR_OP_COSH, 0, 0x3F800000},
        {IR_OP_COSH, 0xFF800000, 0x7F800000},
        {IR_OP_COSH, 0x7FC00000, 0x7FC00000},
        {IR_OP_TANH, 0x7F800000, 0x3F800000},
        {IR_OP_TANH, 0xFF800000, 0xBF800000},
        {IR_OP_TANH, 0x80000000, 0x80000000},
        {IR_OP_TANH, 0x7FC00000, 0x7FC00000},
        {IR_OP_TANH, 0x41200000, 0x3F800000},
    };
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        uint64_t got = eval(points[i].op, IR_F32, IR_F32, points[i].in, 0, 0, 0);
        if (!CHECK_UINT(got, points[i].out))
            fprintf(stderr, "  %s(0x%08" PRIx32 ")\n", ir_op_infos[points[i].op].text, points[i].in);
    }
    CHECK_UINT(EVAL1(EXP, F16, 0x3C00), 0x4170); /* e */
    CHECK_UINT(EVAL1(LOG2, BF16, 0x4100), 0x4040);
}

/* -- structure, lanes, atomics --------------------------------------------------------------------------------- */

static void check_vectors(void)
{
    ir_type vec4 = {IR_U32, 4}, vec2 = {IR_F32, 2};
    struct ir_value v[2] = {{{1, 2, 3, 0xFFFFFFFF}}, {{10, 20, 30, 1}}};
    ir_type types[3] = {vec4, vec4, vec4};
    struct ir_value sum = ir_op_eval(IR_OP_ADD, vec4, 0, types, v, 2);
    CHECK(sum.lane[0] == 11 && sum.lane[1] == 22 && sum.lane[2] == 33 && sum.lane[3] == 0);
    CHECK_UINT(ir_op_eval(IR_OP_EXTRACT, IR_TYPE(U32), 2, types, v, 1).lane[0], 3);

    types[1] = IR_TYPE(U32);
    struct ir_value shifted = ir_op_eval(IR_OP_SHL, vec4, 0, types, (struct ir_value[]){v[0], {{4}}}, 2);
    CHECK(shifted.lane[0] == 16 && shifted.lane[3] == 0xFFFFFFF0);

    types[0] = IR_TYPE(BOOL);
    types[1] = types[2] = vec4;
    struct ir_value chosen = ir_op_eval(IR_OP_SELECT, vec4, 0, types, (struct ir_value[]){{{0}}, v[0], v[1]}, 3);
    CHECK(chosen.lane[0] == 10 && chosen.lane[3] == 1);

    ir_type scalars[2] = {IR_TYPE(F32), IR_TYPE(F32)};
    struct ir_value made = ir_op_eval(IR_OP_VEC, vec2, 0, scalars, (struct ir_value[]){{{7}}, {{8}}}, 2);
    CHECK(made.lane[0] == 7 && made.lane[1] == 8 && made.lane[2] == 0);
    CHECK_UINT(ir_op_eval(IR_OP_NEG, vec2, 0, &vec2, &made, 1).lane[1], 0x80000008);
}

static void check_reductions(void)
{
    static const enum ir_op ops[] = {IR_OP_REDUCE_ADD, IR_OP_REDUCE_MUL, IR_OP_REDUCE_MIN, IR_OP_REDUCE_MAX,
                                     IR_OP_REDUCE_AND, IR_OP_REDUCE_OR,  IR_OP_REDUCE_XOR, IR_OP_SCAN_ADD};
    static const uint64_t values[] = {0, 1, 0x80, 0xFFFF, 0x80000000, 0x3F800000, 0x7FC00000, UINT64_C(1) << 63};
    for (size_t o = 0; o < sizeof ops / sizeof *ops; o++) {
        for (enum ir_scalar s = IR_BOOL; s < IR_SCALAR_COUNT; s++) {
            if (!(ir_op_infos[ops[o]].types & 1u << s)) continue;
            for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
                uint64_t v = values[i] << (64 - ir_scalar_infos[s].bits) >> (64 - ir_scalar_infos[s].bits);
                CHECK_UINT(ir_reduce_step(ops[o], s, ir_reduce_identity(ops[o], s), v), ir_value_to_memory(s, v));
            }
        }
    }
    CHECK_UINT(ir_reduce_step(IR_OP_REDUCE_MIN, IR_I16, 0x8000, 0x7FFF), 0x8000);
    CHECK_UINT(ir_reduce_step(IR_OP_SCAN_ADD, IR_U8, 200, 100), 44);
}

static void check_atomics(void)
{
    CHECK_UINT(ir_atomic_eval(IR_ATOMIC_ADD, IR_U32, 0xFFFFFFFF, 0, 2), 1);
    CHECK_UINT(ir_atomic_eval(IR_ATOMIC_ADD, IR_F32, bits32(1), 0, bits32(2)), bits32(3));
    CHECK_UINT(ir_atomic_eval(IR_ATOMIC_SUB, IR_U64, 0, 0, 1), UINT64_MAX);
    CHECK_UINT(ir_atomic_eval(IR_ATOMIC_MIN, IR_I32, 0xFFFFFFFF, 0, 1), 0xFFFFFFFF);
    CHECK_UINT(ir_atomic_eval(IR_ATOMIC_MIN, IR_U32, 0xFFFFFFFF, 0, 1), 1);
    CHECK_UINT(ir_atomic_eval(IR_ATOMIC_MAX, IR_I32, 0xFFFFFFFF, 0, 1), 1);
    CHECK_UINT(ir_atomic_eval(IR_ATOMIC_AND, IR_U32, 6, 0, 3), 2);
    CHECK_UINT(ir_atomic_eval(IR_ATOMIC_OR, IR_U32, 6, 0, 3), 7);
    CHECK_UINT(ir_atomic_eval(IR_ATOMIC_XOR, IR_U32, 6, 0, 3), 5);
    CHECK_UINT(ir_atomic_eval(IR_ATOMIC_EXCHANGE, IR_U32, 6, 0, 3), 3);
    CHECK_UINT(ir_atomic_eval(IR_ATOMIC_CAS, IR_U32, 6, 6, 3), 3);
    CHECK_UINT(ir_atomic_eval(IR_ATOMIC_CAS, IR_U32, 6, 7, 3), 6);
    CHECK(ir_atomic_takes_f32(IR_ATOMIC_ADD) && !ir_atomic_takes_f32(IR_ATOMIC_CAS));
}

/* -- the table's properties, on every operation ---------------------------------------------------------------- */

static uint64_t operand_pattern(enum ir_scalar s, uint64_t *state)
{
    static const uint64_t corners[] = {
        0,      1,      UINT64_MAX, UINT64_C(1) << 63, 0x80,       0x7F,       0x8000,
        0x7C00, 0x7F80, 0x80000000, 0x7F800000,        0x7FC00000, 0x3F800000, UINT64_C(0x7FF0000000000000)};
    uint64_t random = next_pattern(state), unused = 64 - ir_scalar_infos[s].bits;
    uint64_t v = random & 1 ? random >> 1 : corners[(random >> 1) % (sizeof corners / sizeof *corners)];
    return v << unused >> unused;
}

/* Commutative operations commute and those marked ASSOC on integers regroup, bit for bit; and every result is within
 * its width. */
static void check_traits(enum ir_op op, enum ir_scalar s, uint64_t *state)
{
    const struct ir_op_info *info = &ir_op_infos[op];
    ir_type t = {(uint8_t)s, 1}, types[4] = {t, t, t, t}, result;
    uint32_t bad;
    if (!ir_op_result_type(op, types, &result, &bad)) return; /* mixed operands: not commutative */
    for (int i = 0; i < 200; i++) {
        uint64_t a = operand_pattern(s, state), b = operand_pattern(s, state), c = operand_pattern(s, state);
        uint64_t ab = eval(op, result.scalar, s, a, b, c, 0);
        uint32_t bits = ir_scalar_infos[result.scalar].bits;
        bool ok = bits == 64 || ab >> bits == 0;
        if (info->traits & IR_TRAIT_COMM) ok &= ab == eval(op, result.scalar, s, b, a, c, 0);
        if (info->traits & IR_TRAIT_ASSOC && !ir_type_is_float(t)) {
            uint64_t bc = eval(op, result.scalar, s, b, c, 0, 0);
            ok &= eval(op, result.scalar, s, ab, c, 0, 0) == eval(op, result.scalar, s, a, bc, 0, 0);
        }
        if (!CHECK(ok))
            fprintf(stderr, "  %s on %s, 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 "\n", info->name,
                    ir_scalar_infos[s].text, a, b, c);
    }
}

static void check_all_traits(void)
{
    uint64_t state = 4;
    for (enum ir_op op = 0; op < IR_OP_COUNT; op++) {
        if (ir_op_infos[op].sig == IR_SIG_NONE || ir_op_infos[op].traits & IR_TRAIT_SUBGROUP) continue;
        for (enum ir_scalar s = IR_BOOL; s < IR_SCALAR_COUNT; s++) {
            if (ir_op_infos[op].types & 1u << s) check_traits(op, s, &state);
        }
    }
}

static void check_typing(void)
{
    ir_type vec4 = {IR_F32, 4}, result, u32_twice[] = {IR_TYPE(U32), IR_TYPE(U32)};
    uint32_t bad = 0;
    CHECK(ir_op_result_type(IR_OP_LT, u32_twice, &result, &bad) && ir_type_equal(result, IR_TYPE(BOOL)));
    CHECK(ir_op_result_type(IR_OP_FMA, (ir_type[]){vec4, vec4, vec4}, &result, &bad) && ir_type_equal(result, vec4));
    CHECK(ir_op_result_type(IR_OP_SHL, (ir_type[]){IR_TYPE(I8), IR_TYPE(U32)}, &result, &bad) &&
          result.scalar == IR_I8);
    CHECK(ir_op_result_type(IR_OP_SELECT, (ir_type[]){IR_TYPE(BOOL), vec4, vec4}, &result, &bad));
    CHECK(!ir_op_result_type(IR_OP_SHL, (ir_type[]){IR_TYPE(I8), IR_TYPE(I8)}, &result, &bad) && bad == 1);
    CHECK(!ir_op_result_type(IR_OP_ADD, (ir_type[]){IR_TYPE(U32), IR_TYPE(I32)}, &result, &bad) && bad == 1);
    CHECK(!ir_op_result_type(IR_OP_ADD, (ir_type[]){IR_TYPE(BOOL), IR_TYPE(BOOL)}, &result, &bad) && bad == 0);
    CHECK(!ir_op_result_type(IR_OP_EQ, (ir_type[]){vec4, vec4}, &result, &bad) && bad == 0);
    CHECK(!ir_op_result_type(IR_OP_EXP, (ir_type[]){IR_TYPE(F64)}, &result, &bad) && bad == 0);
    CHECK_INT(ir_op_find_call("min"), IR_OP_MIN);
    CHECK_INT(ir_op_find_call("reduce_add"), IR_OP_REDUCE_ADD);
    CHECK_INT(ir_op_find_call("+"), -1);
    CHECK_INT(ir_op_precedence(IR_OP_MUL), 10);
    CHECK_INT(ir_op_precedence(IR_OP_MIN), 0);
    CHECK_STRING(ir_type_text(vec4), "vec4<f32>");
    CHECK_STRING(ir_type_text(IR_TYPE(BF16)), "bf16");
    CHECK_UINT(ir_type_mem_bytes(vec4), 16);
    CHECK_UINT(ir_type_mem_bytes(IR_TYPE(BOOL)), 4);
}

int main(void)
{
    check_that_integers_wrap();
    check_division();
    check_shifts_and_rotates();
    check_counting_bits();
    check_bit_fields();
    check_packed_integers();
    for (int pair = 0; pair < 0x10000; pair++)
        check_bytes((uint8_t)pair, (uint8_t)(pair >> 8));
    check_wide_integers();
    check_f32();
    check_f64();
    check_that_nan_is_one();
    check_min_max_of_floats();
    check_classes_and_comparisons();
    check_casts();
    check_small_floats();
    check_small_arithmetic();
    check_math();
    check_vectors();
    check_reductions();
    check_atomics();
    check_all_traits();
    check_typing();
    return test_finish();
}
