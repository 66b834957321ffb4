/* streaming.c FILE BUDGET ROUNDS - a file through a budget of memory, against reading it and computing alone. One thread computes while the
 * calling one reads. Reading alone is done twice: into one MiB again and again, which stays in a cache, and into memory that is as large
 * as what a run in chunks has under way. Prints one JSON object. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "measure.h"
#include "streaming.h"

enum { READ_BYTES = 1 << 20, RING_BYTES = 16 << 20, MOST_ROUNDS = 100 };

struct bench {
    vyre_context *context;
    const vyre_unit *unit;
    int file;
    uint64_t n_bytes, budget;
    unsigned char *memory; /* half the budget, as a chunk has */
    uint32_t n_found;
};

static void fail(const struct bench *b, const char *what)
{
    fprintf(stderr, "%s: %s\n", what, b->context ? vyre_context_message(b->context) : "");
    exit(1);
}

static void read_at(const struct bench *b, void *to, uint64_t at, uint64_t n)
{
    for (uint64_t done = 0; done < n;) {
        ssize_t here = pread(b->file, (char *)to + done, n - done, (off_t)(at + done));
        if (here <= 0) fail(b, "the file");
        done += (uint64_t)here;
    }
}

static int read_part(void *ctx, uint32_t buffer, uint64_t at, void *to, uint64_t n)
{
    (void)buffer;
    read_at(ctx, to, at, n);
    return 0;
}

static double time_reading(const struct bench *b, uint64_t room)
{
    double begin = seconds_now();
    for (uint64_t at = 0; at < b->n_bytes; at += READ_BYTES)
        read_at(b, b->memory + at % room, at, b->n_bytes - at < READ_BYTES ? b->n_bytes - at : READ_BYTES);
    return seconds_now() - begin;
}

static double time_computing(struct bench *b)
{
    double begin = seconds_now();
    uint64_t piece = b->budget / 2;
    for (uint64_t at = 0; at < b->n_bytes; at += piece) {
        uint64_t n = b->n_bytes - at < piece ? b->n_bytes - at : piece;
        struct count_aba_args args = {.words = vyre_host(b->memory, n / 4), .count = vyre_host(&b->n_found, 1)};
        if (count_aba(b->context, &args)) fail(b, "count_aba");
    }
    return seconds_now() - begin;
}

static double time_streaming(struct bench *b)
{
    vyre_chunks chunks = {.size = sizeof chunks, .budget_bytes = b->budget, .ctx = b, .read = read_part};
    struct count_aba_args args = {.words = vyre_host(NULL, b->n_bytes / 4), .count = vyre_host(&b->n_found, 1)};
    double begin = seconds_now();
    b->n_found = 0;
    if (vyre_unit_run_chunks(b->unit, &args, &chunks)) fail(b, "vyre_unit_run_chunks");
    return seconds_now() - begin;
}

static double least(double *times, int n)
{
    qsort(times, (size_t)n, sizeof *times, compare_doubles);
    return times[0];
}

/* Of all threads: what a run costs beside the two. */
static double processor_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

int main(int argc, char **argv)
{
    static double reading[MOST_ROUNDS], filling[MOST_ROUNDS], computing[MOST_ROUNDS], streaming[MOST_ROUNDS],
        apart[MOST_ROUNDS], together[MOST_ROUNDS];
    struct bench b = {.budget = argc > 2 ? strtoull(argv[2], NULL, 10) : 64 << 20};
    int n = argc > 3 ? atoi(argv[3]) : 3;
    struct stat about;
    vyre_options options = {.size = sizeof options, .backends = "cpu", .threads = 1};
    if (n < 1 || n > MOST_ROUNDS) n = 3;
    b.file = argc > 1 ? open(argv[1], O_RDONLY) : -1;
    if (b.file < 0 || fstat(b.file, &about)) fail(&b, "the file cannot be opened");
    b.n_bytes = (uint64_t)about.st_size / 4 * 4;
    b.memory = calloc(1, b.budget / 2);
    if (!b.memory || vyre_context_create(&options, &b.context) || count_aba_unit(b.context, &b.unit))
        fail(&b, "context");
    read_at(&b, b.memory, 0, b.budget / 2 < b.n_bytes ? b.budget / 2 : b.n_bytes);
    for (int i = 0; i < n; i++) {
        double begin = processor_seconds();
        reading[i] = time_reading(&b, READ_BYTES);
        computing[i] = time_computing(&b);
        double middle = processor_seconds();
        streaming[i] = time_streaming(&b);
        apart[i] = middle - begin;
        together[i] = processor_seconds() - middle;
        filling[i] = time_reading(&b, RING_BYTES);
    }
    double r = least(reading, n), f = least(filling, n), c = least(computing, n), s = least(streaming, n);
    printf("{\"bytes\": %llu, \"budget\": %llu, \"found\": %u, \"read_s\": %.4f, \"fill_s\": %.4f, \"compute_s\": "
           "%.4f, \"stream_s\": %.4f, "
           "\"ratio\": %.3f, \"fill_ratio\": %.3f, \"processor_ratio\": %.3f}\n",
           (unsigned long long)b.n_bytes, (unsigned long long)b.budget, b.n_found, r, f, c, s, s / (r > c ? r : c),
           s / (f > c ? f : c), least(together, n) / least(apart, n));
    return 0;
}
