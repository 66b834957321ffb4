/* kernels.c - measures the kernels of the examples, compiled by vyrec, against the same loops in C and in OpenCL C.
 *
 * `kernels FOLDER THREADS ROUNDS TEXT.b64`: FOLDER holds kernels.cl and the tables of scan_base64. For each kernel and
 * size the results of all ways are compared, byte for byte; then each way is run ROUNDS times, in turns. A line of JSON
 * per kernel, size and way. */
#include "kernels.h"
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ROUNDS = 1000, MAX_MATCHES = 1 << 20, MAX_BYTES = 64 << 20 };
static const struct way *const ways[] = {&way_vyre, &way_c, &way_opencl};
enum { N_WAYS = sizeof(ways) / sizeof(ways[0]) };
static int is_open[N_WAYS];
static const char *const names[KERNEL_COUNT] = {"xor",    "base64 decode",          "histogram",
                                                "reduce", "base64 decode and scan", "launch"};

struct inputs {
    unsigned char *a, *b, *text; /* MAX_BYTES each; text is base64 */
    size_t text_bytes;
    struct loop_tables tables;
    void *out[N_WAYS];
    unsigned char *plain;
};

static void *allocate(size_t bytes)
{
    void *memory = aligned_alloc(4096, (bytes + 4096 + 4095) / 4096 * 4096);
    if (!memory) {
        fputs("kernels: out of memory\n", stderr);
        exit(1);
    }
    memset(memory, 0, bytes + 4096);
    return memory;
}

/* Up to max_bytes of a file; the number read in *n. */
static void read_file(const char *folder, const char *name, void *to, size_t max_bytes, size_t *n)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s%s%s", folder, *folder ? "/" : "", name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(1);
    }
    *n = fread(to, 1, max_bytes, file);
    fclose(file);
}

static const void *read_table(const char *folder, const char *name, size_t bytes)
{
    size_t n;
    void *table = allocate(bytes);
    read_file(folder, name, table, bytes, &n);
    return table;
}

static const unsigned char *make_sextets(void)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char *sextets = allocate(256);
    memset(sextets, 255, 256);
    for (unsigned char i = 0; i < 64; i++) {
        sextets[(unsigned char)alphabet[i]] = i;
    }
    sextets['='] = 64;
    return sextets;
}

static void read_inputs(struct inputs *in, const char *folder, const char *text_path)
{
    uint32_t random = 1;
    in->a = allocate(MAX_BYTES);
    in->b = allocate(MAX_BYTES);
    in->text = allocate(MAX_BYTES);
    in->plain = allocate(MAX_BYTES);
    for (size_t i = 0; i < MAX_BYTES; i++) {
        random = random * 1664525u + 1013904223u;
        in->b[i] = (unsigned char)(random >> 24);
    }
    for (int i = 0; i < N_WAYS; i++) {
        in->out[i] = allocate(MAX_BYTES);
    }
    read_file("", text_path, in->text, MAX_BYTES, &in->text_bytes);
    in->text_bytes = in->text_bytes / 4 * 4;
    in->tables = (struct loop_tables){.sextets = make_sextets(),
                                      .literal_bytes = read_table(folder, "literal_bytes.bin", 4096),
                                      .first_of_hash = read_table(folder, "first_of_hash.bin", 4096),
                                      .next_of_hash = read_table(folder, "next_of_hash.bin", 256),
                                      .literal_begin = read_table(folder, "literal_begin.bin", 514)};
    size_t n_quads = in->text_bytes / 4;
    loop_decode(&in->tables, in->text, in->a, 0, n_quads, n_quads); /* real text to count and to xor */
    for (size_t i = n_quads * 3; i < MAX_BYTES; i++) {
        in->a[i] = in->a[i - n_quads * 3];
    }
}

/* The job of one kernel over `bytes` of input. */
static struct job make_job(const struct inputs *in, enum kernel kernel, size_t bytes, int way)
{
    struct job job = {.kernel = kernel,
                      .n = bytes,
                      .a = in->a,
                      .b = in->b,
                      .out = in->out[way],
                      .out_bytes = bytes,
                      .tables = &in->tables,
                      .plain = in->plain};
    if (kernel == KERNEL_DECODE || kernel == KERNEL_SCAN) {
        job.a = in->text;
        job.n = bytes < in->text_bytes ? bytes / 4 * 4 : in->text_bytes;
        job.out_bytes = kernel == KERNEL_SCAN ? 4 + MAX_MATCHES * 4 : job.n / 4 * 3;
    } else if (kernel == KERNEL_HISTOGRAM) {
        job.out_bytes = 1024;
    } else if (kernel == KERNEL_REDUCE) {
        job.n = bytes / 4;
        job.out_bytes = 8;
    }
    return job;
}

static int compare_positions(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Runs each way once and compares with the first; false when one differs. */
static int results_agree(struct job jobs[N_WAYS])
{
    for (int i = 0; i < N_WAYS; i++) {
        memset(jobs[i].out, 0, jobs[i].out_bytes);
        int status = is_open[i] ? ways[i]->run(&jobs[i]) : 77;
        if (status == 77) {
            jobs[i].out = NULL;
            continue;
        }
        uint32_t *words = jobs[i].out;
        if (jobs[i].kernel == KERNEL_SCAN && words[0] <= MAX_MATCHES) {
            qsort(words + 1, words[0], sizeof(*words), compare_positions);
        }
        if (status || memcmp(jobs[0].out, jobs[i].out, jobs[0].out_bytes)) {
            fprintf(stderr, "kernels: %s, %zu elements: %s differs from %s\n", names[jobs[0].kernel], jobs[0].n,
                    ways[i]->name, ways[0]->name);
            return 0;
        }
    }
    return 1;
}

/* Small jobs are repeated within a round, so that the clock can see them. */
static double time_once(const struct way *way, struct job *job, int repeat)
{
    double start = seconds_now();
    for (int i = 0; i < repeat; i++) {
        if (job->kernel == KERNEL_SCAN) {
            *(uint32_t *)job->out = 0;
        }
        way->run(job);
    }
    return (seconds_now() - start) / repeat;
}

static void measure(struct job jobs[N_WAYS], int rounds, unsigned n_threads, size_t bytes)
{
    static double seconds[N_WAYS][MAX_ROUNDS];
    int repeat[N_WAYS];
    for (int i = 0; i < N_WAYS; i++) {
        if (jobs[i].out) {
            double once = time_once(ways[i], &jobs[i], 3);
            repeat[i] = once < 0.002 ? (int)(0.004 / (once + 1e-9)) + 1 : 1;
        }
    }
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < N_WAYS; i++) {
            if (jobs[i].out) {
                seconds[i][round] = time_once(ways[i], &jobs[i], repeat[i]);
            }
        }
    }
    for (int i = 0; i < N_WAYS; i++) {
        if (jobs[i].out) {
            qsort(seconds[i], (size_t)rounds, sizeof(double), compare_doubles);
            printf("{\"kernel\": \"%s\", \"bytes\": %zu, \"threads\": %u, \"way\": \"%s\", \"rounds\": %d, "
                   "\"median_s\": %.9g, "
                   "\"p25_s\": %.9g, \"p75_s\": %.9g}\n",
                   names[jobs[i].kernel], bytes, n_threads, ways[i]->name, rounds, seconds[i][rounds / 2],
                   seconds[i][rounds / 4], seconds[i][rounds * 3 / 4]);
            fflush(stdout);
        }
    }
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {256 << 10, MAX_BYTES};
    struct inputs in;
    if (argc != 5) {
        fputs("usage: kernels FOLDER THREADS ROUNDS TEXT.b64\n", stderr);
        return 2;
    }
    unsigned n_threads = (unsigned)atoi(argv[2]);
    int rounds = atoi(argv[3]) < MAX_ROUNDS ? atoi(argv[3]) : MAX_ROUNDS;
    read_inputs(&in, argv[1], argv[4]);
    for (int i = 0; i < N_WAYS; i++) {
        int status = ways[i]->open(n_threads, argv[1]);
        is_open[i] = !status;
        if (status) {
            fprintf(stderr, "kernels: %s is not there and is left out\n", ways[i]->name);
        }
    }
    for (enum kernel kernel = 0; kernel < KERNEL_COUNT; kernel++) {
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
            size_t bytes = kernel == KERNEL_LAUNCH ? 1 : sizes[s];
            struct job jobs[N_WAYS];
            for (int i = 0; i < N_WAYS; i++) {
                jobs[i] = make_job(&in, kernel, bytes, i);
            }
            if (!results_agree(jobs)) {
                return 1;
            }
            if (kernel != KERNEL_LAUNCH || s == 0) {
                measure(jobs, rounds, n_threads, bytes);
            }
        }
    }
    for (int i = 0; i < N_WAYS; i++) {
        if (is_open[i]) {
            ways[i]->close();
        }
    }
    return 0;
}
