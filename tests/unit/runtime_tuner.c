/* runtime_tuner.c - the policy for widths between windows, and the hash of keys. */
#include "runtime-stub/sha256.c" /* the runtime hides it */
#include "runtime-stub/vyrert.h"
#include "tests/unit/test.h"

static const uint64_t ms = 1000000;

static void checks_policy(void)
{
    CHECK_UINT(vyre_width_after(256, 1024, 0, 101 * ms, 200 * ms), 128);
    CHECK_UINT(vyre_width_after(64, 1024, 0, 101 * ms, 200 * ms), 32);
    CHECK_UINT(vyre_width_after(32, 1024, 0, 101 * ms, 200 * ms), 32); /* slow too, and does not grow */
    CHECK_UINT(vyre_width_after(256, 1024, 0, 100 * ms, 200 * ms), 512);
    CHECK_UINT(vyre_width_after(256, 1024, 199999, 0, 200 * ms), 512);
    CHECK_UINT(vyre_width_after(256, 1024, 200000, 0, 200 * ms), 256);
    CHECK_UINT(vyre_width_after(1024, 1024, 0, 0, 200 * ms), 1024);
    CHECK_UINT(vyre_width_after(256, 300, 0, 0, 200 * ms), 256);
    CHECK_UINT(vyre_width_after(256, 1024, 0, 0, 0), 256);
    CHECK_UINT(vyre_width_after(512, UINT32_MAX, 0, 0, UINT64_MAX), 1024);
}

/* FIPS 180-4's own examples: one block, and two. */
static void checks_hash(void)
{
    static const struct {
        const char *text;
        uint8_t first[4], last[4];
    } rows[] = {{"abc", {0xba, 0x78, 0x16, 0xbf}, {0xf2, 0x00, 0x15, 0xad}},
                {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                 {0x24, 0x8d, 0x6a, 0x61},
                 {0x19, 0xdb, 0x06, 0xc1}}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t hash[32];
        struct sha256 s;
        sha256_begin(&s);
        sha256_add(&s, rows[i].text, strlen(rows[i].text));
        sha256_end(&s, hash);
        CHECK(!memcmp(hash, rows[i].first, 4) && !memcmp(hash + 28, rows[i].last, 4));
    }
}

int main(void)
{
    checks_policy();
    checks_hash();
    return test_finish();
}
