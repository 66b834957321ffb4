/* frontend_rounds.c - ir_rounds_bound: the bound where there is one, and the nearest text that has none. */
#include "ir/facts.h"
#include "ir/ops.h"
#include "tests/unit/text_fixture.h"

enum { NONE = -1, LEN = 100, PARAM = 7 };

/* With 100 elements in `b`, and 7 for `n`; NONE: no bound. */
static const struct {
    const char *text;
    int64_t rounds;
} bounds[] = {
    {"b[0] = 1;", 0},
    {"for i in 0u32..10 { b[i] = 1; }", 11},
    {"for i in 3u32..10 step 4 { b[i] = 1; }", 3},
    {"for i in 10u32..3 { b[i] = 1; }", 1},
    {"for i in -5i32..5 { b[0] = 1; }", NONE}, /* signed, from below 0 */
    {"for i in 0i32..5 { b[0] = 1; }", 6},
    {"for i in 0u32..len(b) { b[i] = 1; }", LEN + 1},
    {"for i in 0u32..n { b[i] = 1; }", PARAM + 1},
    {"for i in 0u32..b[0] { b[i] = 1; }", NONE},
    {"for i in 0u32..min(b[0], 20) { b[i] = 1; }", 21},
    {"for i in 0u32..b[0] & 15 { b[i] = 1; }", 16},
    {"for i in 0u32..b[0] % 9 { b[i] = 1; }", 9},
    {"for i in 0u32..u32(u8(b[0])) { b[i] = 1; }", 256},
    {"for i in 0u32..len(b) / 3 + n * 2 { b[i] = 1; }", LEN / 3 + PARAM * 2 + 1},
    {"for i in 0u32..len(b) - n { b[i] = 1; }", NONE}, /* it may wrap */
    {"for i in 0u32..len(b) >> 2 { b[i] = 1; }", (LEN >> 2) + 1},
    {"let e = n + 1; for i in 0u32..e { b[i] = 1; }", PARAM + 2},
    {"var e = n; e = b[0]; for i in 0u32..e { b[i] = 1; }", NONE},
    {"for i in 0u32..4 { for k in 0u32..5 { b[k] = i; } }", 4 * (1 + 5 + 1) + 1},
    {"for i in 0u32..4 { for k in i..i + 3 { b[k] = i; } }", 4 * (1 + 3 + 1) + 1},
    {"let s = gid.x * 9; let e = s + 3; for k in s..e { b[k] = 1; }", 4},
    {"let s = gid.x * 9; let e = min(s + 3, len(b)); for k in s..e { b[k] = 1; }", 4},
    {"var s = b[0]; let e = s + 3; s = 0; for k in s..e { b[k] = 1; }", NONE}, /* no longer from s */
    {"for i in 0u32..lid.x { b[i] = 1; }", 33},
    {"for i in 0u32..gid.x { b[i] = 1; }", LEN + 32 + 1},
    {"if b[0] == 1 { for i in 0u32..4 { b[i] = 1; } } else { for i in 0u32..5 { b[i] = 1; } }", 11},
    {"var k = 0u32; while b[k] > 0 max 12 { k = k + 1; }", 13},
    {"var k = 0u32; while b[k] > 0 max b[1] { k = k + 1; }", NONE},
    {"for i in 0u32..4 { for k in 0u32..b[0] { b[k] = i; } }", NONE},
    {"for i in 0u64..u64(n) * 4000000000 { b[0] = 1; }", (int64_t)PARAM * 4000000000 + 1},
};

/* With copies of the bodies that can have them. */
static const struct {
    const char *text;
    int64_t rounds;
} copied[] = {
    {"for i in 0u32..8 { b[i] = 1; }", 2},
    {"for i in 0u32..7 { b[i] = 1; }", 1},
    {"for i in 0u32..n { if b[i] == 3 { break; } b[i] = 1; }", PARAM / 8 + 1},
    {"for i in 0u32..n { if b[i] == 3 { continue; } b[i] = 1; }", PARAM + 1},
    {"for i in 0u32..4 { for k in 0u32..50 { b[k] = i; } }", 4 * (1 + 50 / 8 + 1) + 1},
    {"var k = 0u32; while b[k] > 0 max 100 { k = k + 1; }", 100 / 8 + 1},
    {"for i in 0u32..40 { b[i] = b[i + 1] * b[i + 2] * b[i + 3] * b[i + 4] * b[i + 5] * b[i + 6] * b[i + 7] * b[i + 8] "
     "* "
     "b[i + 9] * b[i + 10] * b[i + 11] * b[i + 12] * b[i + 13] * b[i + 14] * b[i + 15] * b[i + 16]; }",
     40 / 2 + 1},
};

static uint64_t give_len(void *ctx, const struct ir_buffer *b)
{
    (void)ctx, (void)b;
    return LEN;
}

static uint64_t give_param(void *ctx, const struct ir_param *p)
{
    (void)ctx, (void)p;
    return PARAM;
}

static int64_t bound_of(struct texts *t, const char *text, bool with_copies)
{
    static const char *const head =
        "program t { workgroup 32; dispatch len(b); buffer b : read_write u32[]; param n : u32; ";
    static const struct ir_host_env env = {.len = give_len, .param = give_param};
    struct ir_module *m = texts_read_two(t, head, text);
    struct ir_expr *bound = ir_rounds_bound(m, m->programs.at[0], with_copies, &t->arena);
    uint64_t value;
    return bound && ir_host_eval(bound, &env, &value) ? (int64_t)value : NONE;
}

int main(void)
{
    struct texts t;
    texts_init(&t);
    for (uint32_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        int64_t got = bound_of(&t, bounds[i].text, false);
        if (!CHECK(got == bounds[i].rounds))
            fprintf(stderr, "%lld rounds, not %lld: %s\n", (long long)got, (long long)bounds[i].rounds, bounds[i].text);
    }
    for (uint32_t i = 0; i < sizeof copied / sizeof *copied; i++) {
        int64_t got = bound_of(&t, copied[i].text, true);
        if (!CHECK(got == copied[i].rounds))
            fprintf(stderr, "%lld rounds, not %lld: %s\n", (long long)got, (long long)copied[i].rounds, copied[i].text);
    }
    arena_release(&t.arena);
    return test_finish();
}
