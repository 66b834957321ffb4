/* reference.c - what secrets.vir finds, found in plain C: literals by their first three bytes, one file at a time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "example.h"

enum { BUCKETS = 1 << 16, BLOCK = 24 };

/* -- literals ----------------------------------------------------------------------------------------------- */

static int32_t first_of[BUCKETS], *next_of;

static unsigned bucket_of(const char *s)
{
    const unsigned char *b = (const unsigned char *)s;
    return (b[0] * 31u + b[1]) * 31u + b[2];
}

static void prepare(const struct literals *literals)
{
    next_of = grow(NULL, literals->n * sizeof *next_of);
    memset(first_of, -1, sizeof first_of);
    for (uint32_t i = 0; i < literals->n; i++) {
        int32_t *first = &first_of[bucket_of(literals->at[i]) % BUCKETS];
        next_of[i] = *first;
        *first = (int32_t)i;
    }
}

/* -- what is around a match --------------------------------------------------------------------------------- */

/* With logarithms of 20 binary places, as examples/lib/entropy.vir has them, and divided by 6 as a feature is. */
static float entropy_around(const unsigned char *text, size_t n, size_t end)
{
    size_t begin = end, stop = end;
    uint32_t counts[256] = {0}, logs = 0, size;
    while (begin > 0 && end - begin < 32 && text[begin - 1]) {
        begin--;
    }
    while (stop < n && stop - end < 32 && text[stop]) {
        stop++;
    }
    size = (uint32_t)(stop - begin);
    for (size_t i = begin; i < stop; i++) {
        counts[text[i]]++;
    }
    for (size_t i = begin; i < stop; i++) {
        logs += (uint32_t)lround(log2(counts[text[i]]) * 0x1p20);
    }
    float entropy = (float)(size * (uint32_t)lround(log2(size) * 0x1p20) - logs) / ((float)size * 0x1p20f);
    entropy = entropy / 6.0f;
    return entropy * 6.0f;
}

/* -- places ------------------------------------------------------------------------------------------------- */

/* Where lines are known to begin, for places in ascending order. */
struct cursor {
    size_t at, line_begin;
    uint64_t line;
};

static void set_line(struct match *m, struct cursor *c, const char *text)
{
    for (const char *end; (end = memchr(text + c->at, '\n', m->offset - c->at)); c->line++) {
        c->at = c->line_begin = (size_t)(end + 1 - text);
    }
    c->at = m->offset;
    m->line = c->line;
    m->column = m->offset - c->line_begin + 1;
}

/* Of a text, or of its blocks with the place of each group of three bytes. */
static void find_all(const struct literals *literals, struct matches *matches, struct match base, const char *text,
                     size_t n, const char *file_text, const uint64_t *places)
{
    struct cursor cursor = {.line = 1};
    for (size_t at = 0; at + 3 <= n; at++) {
        for (int32_t i = first_of[bucket_of(text + at) % BUCKETS]; i >= 0; i = next_of[i]) {
            size_t length = strlen(literals->at[i]);
            if (length > n - at || memcmp(text + at, literals->at[i], length)) {
                continue;
            }
            base.literal = (uint32_t)i;
            base.offset = places ? places[at / 3] : at;
            base.occurrence = places ? at % 3 : 0;
            base.entropy = entropy_around((const unsigned char *)text, n, at + length);
            set_line(&base, &cursor, file_text);
            add_match(matches, base);
        }
    }
}

/* -- base64 ------------------------------------------------------------------------------------------------- */

static int value_of(unsigned char c)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

struct blocks {
    char *plain;
    uint64_t *places;
    size_t n_groups;
};

static void add_group(struct blocks *b, const char *text, size_t at, size_t n)
{
    uint32_t bits = 0;
    for (size_t k = 0; k < 4; k++) {
        bits = bits << 6 | (k < n ? (uint32_t)value_of((unsigned char)text[at + k]) : 0);
    }
    char *to = b->plain + 3 * b->n_groups;
    to[0] = n > 1 ? (char)(bits >> 16) : 0;
    to[1] = n > 2 ? (char)(bits >> 8) : 0;
    to[2] = n > 3 ? (char)bits : 0;
    b->places[b->n_groups++] = at;
}

/* Whether the line that ends before this run is all base64, and of a length that goes on. */
static bool goes_on(const char *text, size_t begin, size_t run_begin, size_t run_end)
{
    size_t length = run_end - run_begin, gap = begin - run_end;
    bool is_line_end =
        (gap == 1 && text[run_end] == '\n') || (gap == 2 && text[run_end] == '\r' && text[run_end + 1] == '\n');
    return is_line_end && (length == 64 || length == 76);
}

static struct blocks decode_blocks(const char *text, size_t n)
{
    struct blocks b = {grow(NULL, n + 3), grow(NULL, (n / 3 + 1) * sizeof *b.places), 0};
    size_t before = 0, before_end = 0; /* the last run */
    for (size_t at = 0; at < n; at++) {
        size_t end = at;
        while (end < n && value_of((unsigned char)text[end]) >= 0) {
            end++;
        }
        if (end == at) {
            continue;
        }
        if (end - at >= BLOCK) {
            if (!(before_end && goes_on(text, at, before, before_end))) {
                add_group(&b, text, at, 0);
            }
            for (size_t i = at; i + 2 <= end; i += 4) {
                add_group(&b, text, i, end - i < 4 ? end - i : 4);
            }
        }
        before = at;
        at = before_end = end;
    }
    return b;
}

/* -- the entry ---------------------------------------------------------------------------------------------- */

void reference_add(const struct literals *literals, struct matches *matches, uint32_t file, const char *text, size_t n)
{
    if (!next_of) {
        prepare(literals);
    }
    struct match base = {.file = file};
    find_all(literals, matches, base, text, n, text, NULL);
    struct blocks blocks = decode_blocks(text, n);
    base.in_base64 = true;
    find_all(literals, matches, base, blocks.plain, 3 * blocks.n_groups, text, blocks.places);
    free(blocks.plain);
    free(blocks.places);
}
