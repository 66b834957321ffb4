/* Work items: what is reported, what is dropped, and that dropping changes nothing: random lists are computed both ways. */
#include "passes/work_items.h"
#include "tests/unit/test.h"

enum { N_RANDOM_LISTS = 20000, MAX_ARMS = 5, MAX_ITEMS = 6, N_BUFFERS = 4 };

static struct memory memory;
static struct arena arena;

#define ARM(...)                                                                                                       \
    {(const struct work_item[]){__VA_ARGS__},                                                                          \
     sizeof((const struct work_item[]){__VA_ARGS__}) / sizeof(struct work_item)}

static void equal_items_of_earlier_arms_are_reported(void)
{
    const struct work_arm arms[] = {
        ARM({1, 10, 20, 5, true}, {2, 10, 21, 5, true}, {1, 10, 20, 6, true}),
        ARM({2, 10, 21, 9, true}, {3, 10, 22, 0, false}),
        ARM({3, 10, 22, 1, false}, {1, 10, 20, 5, true}, {2, 10, 21, 5, true}),
    };
    struct work_report r;
    work_items_report(&r, &arena, arms, 3);
    CHECK_UINT(r.repeats.n, 4); /* the one within the first arm is none */
    CHECK_UINT(r.repeats.at[0].first_arm, 0);
    CHECK_UINT(r.repeats.at[0].late_arm, 1);
    CHECK_UINT(r.repeats.at[0].late_index, 0);
    CHECK_UINT(r.repeats.at[1].first_arm, 1);
    CHECK_UINT(r.repeats.at[1].late_arm, 2);
    CHECK_UINT(r.repeats.at[3].first_arm, 0); /* not 1, which had it too */
    CHECK_UINT(r.repeats.at[3].late_index, 2);
}

static void what_changes_nothing_is_dropped(void)
{
    const struct work_arm arms[] = {
        ARM({1, 10, 20, 5, true}, {1, 11, 21, 5, true}, {4, 10, 10, 0, true}),
        ARM({1, 11, 21, 5, true}, {1, 10, 20, 5, true}, {1, 11, 21, 6, true}),
    };
    struct work_result r;
    work_items_share(&r, &arena, arms, 2);
    CHECK_UINT(r.drops.n, 1); /* 10 was written since, and 6 is another parameter */
    CHECK_UINT(r.drops.at[0].kept.arm, 0);
    CHECK_UINT(r.drops.at[0].kept.index, 1);
    CHECK_UINT(r.drops.at[0].dropped.arm, 1);
    CHECK_UINT(r.drops.at[0].dropped.index, 0);
    CHECK_UINT(r.arms[1].n, 2);
    CHECK_UINT(r.arms[1].items[0].input, 10);
}

static void what_changes_something_stays(void)
{
    const struct work_arm arms[] = {
        ARM({1, 10, 20, 5, false}, {2, 20, 20, 5, true}, {3, 10, 22, 5, true}, {3, 11, 22, 5, true}),
        ARM({1, 10, 20, 5, false}, {2, 20, 20, 5, true}, {3, 10, 22, 5, true}),
    };
    struct work_result r;
    work_items_share(&r, &arena, arms, 2);
    CHECK_UINT(r.drops.n, 0); /* two atomic adds are two adds; the output is the input; the output was overwritten */
    CHECK(r.arms == arms);    /* nothing is copied */
    work_items_share(&r, &arena, NULL, 0);
    CHECK_UINT(r.drops.n, 0);
}

/* -- random lists ------------------------------------------------------------------------------------------------ */

static uint64_t state = 1;

static uint32_t draw(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    a = (a ^ b) * 0x9E3779B97F4A7C15u;
    return a ^ a >> 29;
}

static void compute(const struct work_arm *arms, uint32_t n_arms, uint64_t buffers[N_BUFFERS])
{
    for (uint32_t b = 0; b < N_BUFFERS; b++)
        buffers[b] = b + 1;
    for (uint32_t a = 0; a < n_arms; a++) {
        for (uint32_t i = 0; i < arms[a].n; i++) {
            const struct work_item *w = &arms[a].items[i];
            uint64_t value = mix(mix(w->operation, w->parameter), buffers[w->input]);
            buffers[w->output] = w->is_function ? value : mix(value, buffers[w->output]);
        }
    }
}

static void dropping_changes_nothing(void)
{
    uint32_t n_drops = 0;
    for (uint32_t round = 0; round < N_RANDOM_LISTS; round++) {
        struct work_item items[MAX_ARMS][MAX_ITEMS];
        struct work_arm arms[MAX_ARMS];
        struct work_result r;
        uint64_t before[N_BUFFERS], after[N_BUFFERS];
        for (uint32_t a = 0; a < MAX_ARMS; a++) {
            arms[a] = (struct work_arm){items[a], draw(MAX_ITEMS + 1)};
            for (uint32_t i = 0; i < arms[a].n; i++) {
                uint32_t operation = draw(3);
                items[a][i] = (struct work_item){operation, draw(N_BUFFERS), draw(N_BUFFERS), draw(2), operation != 2};
            }
        }
        arena_release(&arena);
        work_items_share(&r, &arena, arms, MAX_ARMS);
        compute(arms, MAX_ARMS, before);
        compute(r.arms, MAX_ARMS, after);
        CHECK(!memcmp(before, after, sizeof before));
        n_drops += r.drops.n;
    }
    CHECK(n_drops > N_RANDOM_LISTS / 100);
}

int main(void)
{
    if (setjmp(memory.recover)) return 1;
    arena_init(&arena, &memory);
    equal_items_of_earlier_arms_are_reported();
    what_changes_nothing_is_dropped();
    what_changes_something_stays();
    dropping_changes_nothing();
    arena_release(&arena);
    return test_finish();
}
