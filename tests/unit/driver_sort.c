/* Sorting by the runs that are there: against the order that each element says it has, with equal ones, of several widths. */
#include "driver/sort.h"

#include "tests/unit/test.h"

enum { MOST = 3000, MOST_WORDS = 5 };

/* The key, then where it was; further words repeat the key. */
static int compare_keys(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

static void fill(uint32_t *at, uint32_t n, uint32_t n_words, const uint32_t *keys)
{
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < n_words; k++)
            at[i * n_words + k] = keys[i];
        if (n_words > 1) at[i * n_words + 1] = i;
    }
}

/* Every element comes out once, behind those below it, and behind equal ones that were before it. */
static void check_sorted(const uint32_t *keys, uint32_t n, uint32_t n_words)
{
    static uint32_t at[MOST * MOST_WORDS];
    static bool seen[MOST];
    memset(seen, 0, sizeof seen);
    fill(at, n, n_words, keys);
    CHECK(sort_elements(at, n, n_words * sizeof *at, compare_keys));
    bool in_order = true, is_whole = true;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t *here = at + i * n_words, *before = here - n_words;
        if (i) in_order &= before[0] < here[0] || (before[0] == here[0] && (n_words < 2 || before[1] < here[1]));
        if (n_words < 2) continue;
        is_whole &= here[1] < n && !seen[here[1]] && keys[here[1]] == here[0] &&
                    here[n_words - 1] == (n_words == 2 ? here[1] : here[0]);
        if (here[1] < n) seen[here[1]] = true;
    }
    CHECK(in_order);
    CHECK(is_whole);
}

/* Runs of `run` keys upwards, each from 0 on, among `range` keys. */
static void many_shapes(void)
{
    static uint32_t keys[MOST];
    uint32_t state = 1;
    for (uint32_t n = 0; n <= MOST; n = n * 5 / 4 + 1) {
        for (uint32_t run = 1; run <= MOST; run *= 7) {
            for (uint32_t i = 0; i < n; i++)
                keys[i] = run == 1 ? next_random(&state) % (n + 1) : i % run * 3 + next_random(&state) % 3;
            for (uint32_t n_words = 1; n_words <= MOST_WORDS; n_words++)
                check_sorted(keys, n, n_words);
        }
    }
}

int main(void)
{
    many_shapes();
    return test_finish();
}
