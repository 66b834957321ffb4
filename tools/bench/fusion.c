/* fusion.c - pipelines with their handoffs on the chip against the same arm by arm, in turns. Prints a line of JSON for each.
 *
 *   fusion N_THREADS ROUNDS BYTES TEXT.b64 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apart.h"
#include "fusion.h"
#include "measure.h"

enum { MAX_MATCHES = 1 << 20, MAX_ROUNDS = 1000 };

struct inputs {
    size_t n; /* bytes */
    unsigned char *text, *digits;
    uint32_t *numbers;
};
/* What a pipeline leaves. */
struct results {
    uint32_t count, sum, *positions, *numbers;
};
struct pipeline {
    const char *name;
    vyre_status (*run[2])(const struct inputs *in, struct results *out); /* fused, apart */
    double handed_over;                                                  /* bytes, per byte of input */
};

static vyre_context *context;

#define BASE64(NAME, PREFIX)                                                                                           \
    static vyre_status NAME(const struct inputs *in, struct results *out)                                              \
    {                                                                                                                  \
        return PREFIX##base64_scan(                                                                                    \
            context, &(struct PREFIX##base64_scan_args){.text = vyre_host(in->text, in->n),                            \
                                                        .count = vyre_host(&out->count, 1),                            \
                                                        .positions = vyre_host(out->positions, MAX_MATCHES)});         \
    }
#define HEX(NAME, PREFIX)                                                                                              \
    static vyre_status NAME(const struct inputs *in, struct results *out)                                              \
    {                                                                                                                  \
        return PREFIX##hex_checksum(context, &(struct PREFIX##hex_checksum_args){.text = vyre_host(in->digits, in->n), \
                                                                                 .sum = vyre_host(&out->sum, 1)});     \
    }
#define MAPS(NAME, PREFIX)                                                                                             \
    static vyre_status NAME(const struct inputs *in, struct results *out)                                              \
    {                                                                                                                  \
        return PREFIX##three_maps(context,                                                                             \
                                  &(struct PREFIX##three_maps_args){.a = vyre_host(in->numbers, in->n / 4),            \
                                                                    .b = vyre_host(out->numbers, in->n / 4)});         \
    }
/* Each result in half of the numbers. */
#define SCANNERS(NAME, PREFIX)                                                                                         \
    static vyre_status NAME(const struct inputs *in, struct results *out)                                              \
    {                                                                                                                  \
        size_t rows = in->n / 64;                                                                                      \
        return PREFIX##two_scanners(                                                                                   \
            context, &(struct PREFIX##two_scanners_args){.text = vyre_host(in->digits, in->n),                         \
                                                         .sums = vyre_host(out->numbers, rows),                        \
                                                         .most = vyre_host(out->numbers + rows, rows)});               \
    }
BASE64(base64_fused, )
BASE64(base64_apart, apart_)
HEX(hex_fused, )
HEX(hex_apart, apart_)
MAPS(maps_fused, )
MAPS(maps_apart, apart_)
SCANNERS(scanners_fused, )
SCANNERS(scanners_apart, apart_)

/* Each temp is written and read once, and a common input once instead of twice. */
static const struct pipeline pipelines[] = {
    {"base64 and scan for 10 literals", {base64_fused, base64_apart}, 0.75 * 2},
    {"hex and xor-checksum", {hex_fused, hex_apart}, 0.5 * 2},
    {"three maps", {maps_fused, maps_apart}, 2.0 * 2},
    {"two scanners, a loop each", {scanners_fused, scanners_apart}, 1.0},
};

static void fail(const char *what)
{
    fprintf(stderr, "fusion: %s\n", what);
    exit(1);
}

static void *allocate(size_t n)
{
    void *p = calloc(n, 1);
    if (!p) fail("out of memory");
    return p;
}

static struct inputs make_inputs(const char *path, size_t n)
{
    struct inputs in = {.n = n / 16 * 16, .text = allocate(n), .digits = allocate(n), .numbers = allocate(n)};
    FILE *file = fopen(path, "rb");
    size_t have = file ? fread(in.text, 1, in.n, file) / 4 * 4 : 0;
    if (!have) fail("cannot read the text");
    fclose(file);
    for (size_t i = have; i < in.n; i++)
        in.text[i] = in.text[i - have];
    uint32_t random = 1;
    for (size_t i = 0; i < in.n; i++) {
        random = random * 1664525u + 1013904223u;
        in.digits[i] = (unsigned char)"0123456789abcdef"[random >> 28];
    }
    memcpy(in.numbers, in.digits, in.n);
    return in;
}

static void run(const struct pipeline *p, int way, const struct inputs *in, struct results *out)
{
    out->count = out->sum = 0;
    if (p->run[way](in, out)) fail(vyre_context_message(context));
}

static uint64_t count_launches(const struct pipeline *p, int way, const struct inputs *in, struct results *out)
{
    vyre_context_stats before = {.size = sizeof(before)}, after = {.size = sizeof(after)};
    vyre_context_get_stats(context, &before);
    run(p, way, in, out);
    vyre_context_get_stats(context, &after);
    return after.launches - before.launches;
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Matches come in any order. */
static void compare(const struct inputs *in, struct results *a, struct results *b)
{
    size_t n = a->count < MAX_MATCHES ? a->count : MAX_MATCHES;
    qsort(a->positions, n, sizeof(*a->positions), compare_numbers);
    qsort(b->positions, n, sizeof(*b->positions), compare_numbers);
    if (a->count != b->count || a->sum != b->sum || memcmp(a->positions, b->positions, n * 4) ||
        memcmp(a->numbers, b->numbers, in->n))
        fail("fused and apart differ");
}

static void measure(const struct pipeline *p, const struct inputs *in, int rounds, unsigned n_threads)
{
    static double seconds[2][MAX_ROUNDS];
    static struct results out[2];
    uint64_t launches[2];
    for (int way = 0; way < 2; way++) {
        if (!out[way].numbers) out[way].numbers = allocate(in->n);
        if (!out[way].positions) out[way].positions = allocate((size_t)MAX_MATCHES * 4);
        launches[way] = count_launches(p, way, in, &out[way]);
    }
    compare(in, &out[0], &out[1]);
    for (int i = 0; i < rounds; i++)
        for (int way = 0; way < 2; way++) {
            double start = seconds_now();
            run(p, way, in, &out[way]);
            seconds[way][i] = seconds_now() - start;
        }
    for (int way = 0; way < 2; way++)
        qsort(seconds[way], (size_t)rounds, sizeof(double), compare_doubles);
    printf("{\"pipeline\": \"%s\", \"bytes\": %zu, \"threads\": %u, \"launches\": %llu, \"launches_apart\": %llu, "
           "\"bytes_removed\": %.0f, \"median_s\": %.9f, \"least_s\": %.9f, \"apart_median_s\": %.9f, "
           "\"apart_least_s\": %.9f}\n",
           p->name, in->n, n_threads, (unsigned long long)launches[0], (unsigned long long)launches[1],
           (double)in->n * p->handed_over, seconds[0][rounds / 2], seconds[0][0], seconds[1][rounds / 2],
           seconds[1][0]);
}

int main(int argc, char **argv)
{
    if (argc != 5) fail("usage: fusion N_THREADS ROUNDS BYTES TEXT.b64");
    unsigned n_threads = (unsigned)atoi(argv[1]);
    int rounds = atoi(argv[2]);
    if (rounds < 1 || rounds > MAX_ROUNDS) fail("between 1 and 1000 rounds");
    struct inputs in = make_inputs(argv[4], (size_t)atoll(argv[3]));
    vyre_options options = {.size = sizeof(options), .backends = "cpu", .threads = n_threads};
    if (vyre_context_create(&options, &context)) fail("no context");
    for (size_t i = 0; i < sizeof(pipelines) / sizeof(*pipelines); i++)
        measure(&pipelines[i], &in, rounds, n_threads);
    vyre_context_destroy(context);
    return 0;
}
