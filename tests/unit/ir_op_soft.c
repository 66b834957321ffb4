/* op_soft.h against the processor's fma, division and square root, on boundary values in all combinations and at
 * random. */
#include "tests/unit/test.h"

#include <math.h>

#include "ir/op_math_c.h"
#include "ir/op_soft.h"

/* All NaNs count as one. */
static uint32_t result_bits(float f)
{
    return isnan(f) ? 0x7FC00000 : bits_of(f);
}

static void check_one(float got, float want)
{
    if (result_bits(got) != result_bits(want)) CHECK_UINT(result_bits(got), result_bits(want));
}

static void check_all(float a, float b, float c)
{
    check_one(math_soft_fma(a, b, c), fmaf(a, b, c));
    check_one(math_soft_div(a, b), a / b);
    check_one(math_soft_sqrt(c), sqrtf(c));
}

static const uint32_t boundary[] = {
    0x00000000, 0x00000001, 0x00000002, 0x00000003, 0x007FFFFF, 0x00800000, 0x00800001, 0x00FFFFFF,
    0x01000000, 0x0C000001, 0x33800000, 0x33FFFFFF, 0x3F000000, 0x3F7FFFFF, 0x3F800000, 0x3F800001,
    0x3FFFFFFF, 0x40000000, 0x40400000, 0x4B000001, 0x4B7FFFFF, 0x5F000000, 0x7E800000, 0x7F000000,
    0x7F7FFFFE, 0x7F7FFFFF, 0x7F800000, 0x7FC00000, 0x7F800001,
};
enum { N_BOUNDARY = sizeof boundary / sizeof *boundary };

static void agrees_on_boundary_values(void)
{
    for (uint32_t i = 0; i < N_BOUNDARY * N_BOUNDARY * N_BOUNDARY * 8; i++) {
        uint32_t at = i / 8, a = boundary[at % N_BOUNDARY], b = boundary[at / N_BOUNDARY % N_BOUNDARY];
        uint32_t c = boundary[at / N_BOUNDARY / N_BOUNDARY];
        check_all(from_bits(a | i << 31), from_bits(b | (i & 2) << 30), from_bits(c | (i & 4) << 29));
    }
    CHECK(true);
}

static uint64_t state = 1;
static uint32_t random_bits(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 32);
}

/* Any bits; or exponents near each other, where sums cancel and round. */
static void agrees_at_random(void)
{
    for (uint32_t i = 0; i < 2000000; i++) {
        float a = from_bits(random_bits()), b = from_bits(random_bits()), c = from_bits(random_bits());
        check_all(a, b, c);
        float x = from_bits((random_bits() & 0x83FFFFFF) + 0x3E000000),
              y = from_bits((random_bits() & 0x83FFFFFF) + 0x3E000000);
        float near = from_bits(bits_of(-x * y) + (random_bits() & 7) - 3);
        check_all(x, y, near);
        check_all(from_bits(random_bits() & 0x83FFFFFF), y, from_bits(random_bits() & 0x80FFFFFF));
    }
    CHECK(true);
}

int main(void)
{
    agrees_on_boundary_values();
    agrees_at_random();
    return test_finish();
}
