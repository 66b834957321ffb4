/* sort.c - see sort.h. */
#include "driver/sort.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct sort {
    char *at, *spare; /* n elements each */
    size_t *starts;   /* of runs: indices, and n after the last */
    size_t n, n_runs, width;
    sort_compare *compare;
};

static void find_runs(struct sort *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const char *element = s->at + i * s->width;
        if (!i || s->compare(element - s->width, element) > 0) s->starts[s->n_runs++] = i;
    }
    s->starts[s->n_runs] = s->n;
}

static char *copy_element(char *to, const char *from, size_t width)
{
    if (width == 3 * sizeof(uint32_t))
        memcpy(to, from, 3 * sizeof(uint32_t));
    else
        memcpy(to, from, width);
    return to + width;
}

/* The runs from `begin` to `middle` and from there to `end` become one. */
static void merge(struct sort *s, size_t begin, size_t middle, size_t end)
{
    size_t width = s->width, n_left = (middle - begin) * width;
    const char *left = s->spare, *left_end = s->spare + n_left;
    const char *right = s->at + middle * width, *right_end = s->at + end * width;
    char *to = s->at + begin * width;
    memcpy(s->spare, to, n_left);
    while (left < left_end && right < right_end) {
        bool is_left = s->compare(left, right) <= 0;
        to = copy_element(to, is_left ? left : right, width);
        left += is_left ? width : 0;
        right += is_left ? 0 : width;
    }
    memcpy(to, left, (size_t)(left_end - left));
}

/* Neighbours in pairs, until there is one run. */
static void merge_runs(struct sort *s)
{
    while (s->n_runs > 1) {
        size_t n = 0;
        for (size_t i = 0; i < s->n_runs; i += 2) {
            if (i + 1 < s->n_runs) merge(s, s->starts[i], s->starts[i + 1], s->starts[i + 2]);
            s->starts[n++] = s->starts[i];
        }
        s->starts[n] = s->n;
        s->n_runs = n;
    }
}

bool sort_elements(void *elements, size_t n, size_t width, sort_compare *compare)
{
    struct sort s = {.at = elements, .n = n, .width = width, .compare = compare};
    if (n < 2) return true;
    s.spare = malloc(n * width);
    s.starts = s.spare ? malloc((n + 1) * sizeof *s.starts) : NULL;
    bool ok = s.starts != NULL;
    if (ok) {
        find_runs(&s);
        merge_runs(&s);
    }
    free(s.starts);
    free(s.spare);
    return ok;
}
