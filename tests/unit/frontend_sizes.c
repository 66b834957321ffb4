/* frontend_sizes.c - host arithmetic is checked, and a launch has exactly the workgroups it needs or is refused. */
#include "ir/interp.h"
#include "ir/ops.h"
#include "tests/unit/text_fixture.h"

#define REFUSED UINT64_MAX

/* The params of every text here, and the lengths of its buffers a and b. */
static const uint64_t params[] = {7, 0, (uint64_t)1 << 40, 0xFFFFFFFFu /* -1 */};
static const struct ir_run_buffer lengths[] = {{NULL, 1000}, {NULL, UINT32_MAX}};
#define HEAD                                                                                                           \
    "buffer a : read u32[]; buffer b : write u32[]; param n : u32; param zero : u32; param wide : u64; param minus : " \
    "i32; "

static const struct {
    const char *dispatch;
    uint64_t value;
} values[] = {
    {"len(a) + n", 1007},
    {"len(a) - n", 993},
    {"n - len(a)", REFUSED},
    {"zero - 1", REFUSED},
    {"len(b) + 1", (uint64_t)1 << 32}, /* exact, past 32 bits */
    {"len(b) * len(b)", (uint64_t)UINT32_MAX * UINT32_MAX},
    {"len(b) * len(b) * len(b)", REFUSED},
    {"len(b) * 8 / 8", UINT32_MAX},
    {"len(a) / 3", 333},
    {"len(a) % 3", 1},
    {"len(a) / zero", REFUSED},
    {"len(a) % zero", REFUSED},
    {"len(a) << 4", 16000},
    {"len(b) << 31", (uint64_t)UINT32_MAX << 31},
    {"len(a) << 32", REFUSED}, /* the program would take it modulo the width */
    {"len(a) >> 3", 125},
    {"len(a) & 7", 0},
    {"len(a) | 7", 1007},
    {"len(a) ^ 8", 992},
    {"min(len(a), n)", 7},
    {"max(len(a), n)", 1000},
    {"select(len(a) > n, n, 3)", 7},
    {"select(!(len(a) > n) || n == 3 && n != 4, n, 3)", 3},
    {"u32(wide)", REFUSED},
    {"u32(wide >> 20)", 1 << 20},
    {"u32(minus)", REFUSED},
    {"u32(minus > -2i32)", REFUSED},
    {"u32(u8(len(a)))", REFUSED},
    {"u32(len(a) == 1000)", 1},
};

static uint64_t get_len(void *ctx, const struct ir_buffer *b)
{
    (void)ctx;
    return lengths[b->index].count;
}

static uint64_t get_param(void *ctx, const struct ir_param *p)
{
    (void)ctx;
    return params[p->index];
}

static void check_values(struct texts *t)
{
    struct ir_host_env env = {NULL, get_len, get_param};
    for (uint32_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const char *text = arena_printf(&t->arena, "program t { " HEAD "dispatch %s; }", values[i].dispatch);
        const struct ir_program *p = texts_read(t, text)->programs.at[0];
        uint64_t value;
        if (!ir_host_eval(p->dispatch[0], &env, &value)) value = REFUSED;
        if (!CHECK_UINT(value, values[i].value)) fprintf(stderr, "in: %s\n", values[i].dispatch);
    }
}

static const struct {
    const char *head;
    bool fits;
    uint32_t groups[3];
} launches[] = {
    {"workgroup 64; dispatch 0;", true, {0, 1, 1}},
    {"workgroup 64; dispatch 1;", true, {1, 1, 1}},
    {"workgroup 64; dispatch 64;", true, {1, 1, 1}},
    {"workgroup 64; dispatch 65;", true, {2, 1, 1}},
    {"dispatch 65;", true, {2, 1, 1}}, /* 64 without being told */
    {"workgroup 8, 8, 2; dispatch 9, 8, 3;", true, {2, 1, 2}},
    {"workgroup 8, 8; dispatch 9;", true, {2, 1, 1}},
    {"workgroup 64;", true, {67108864, 1, 1}}, /* the largest written buffer, b */
    {"workgroup 64; dispatch len(b) + 1;", true, {67108864, 1, 1}},
    {"workgroup 64; dispatch len(b) + 2;", false, {0}}, /* the last gid would not be a u32 */
    {"workgroup 1; dispatch len(b) + 1;", false, {0}},  /* 2^32 groups */
    {"workgroup 1000; dispatch len(b);", false, {0}},
    {"workgroup 64; dispatch len(b), len(b), 1;", true, {67108864, 4294967295u, 1}},
    {"workgroup 64; dispatch len(b), len(b), 2;", false, {0}}, /* the linear id would not fit 64 bits */
    {"workgroup 64; dispatch zero - 1;", false, {0}},
};

static void check_launches(struct texts *t)
{
    for (uint32_t i = 0; i < sizeof launches / sizeof launches[0]; i++) {
        const char *text = arena_printf(&t->arena, "program t { " HEAD "%s }", launches[i].head);
        uint32_t groups[3];
        bool fits = ir_launch_size(texts_read(t, text)->programs.at[0], lengths, params, groups);
        bool same = fits == launches[i].fits && (!fits || !memcmp(groups, launches[i].groups, sizeof groups));
        if (!CHECK(same))
            fprintf(stderr, "in: %s: %d, %u %u %u\n", launches[i].head, fits, groups[0], groups[1], groups[2]);
    }
}

/* A declared count is the length, whatever is given. */
static void check_declared_counts(struct texts *t)
{
    uint32_t groups[3];
    const struct ir_program *p =
        texts_read(t,
                   "program t { workgroup 4; dispatch len(a) * 2; buffer a : read u32[10]; buffer b : write u32[]; }")
            ->programs.at[0];
    CHECK(ir_launch_size(p, lengths, params, groups));
    CHECK_UINT(groups[0], 5);
}

int main(void)
{
    struct texts t;
    texts_init(&t);
    check_values(&t);
    check_launches(&t);
    check_declared_counts(&t);
    arena_release(&t.arena);
    return test_finish();
}
