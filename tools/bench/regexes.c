/* regexes.c - measures what vyre-gen makes of a list of regular expressions against Vectorscan and PCRE2 with its compiler at run time.
 *
 * `regexes LIST THREADS ROUNDS TEXT BYTES`: LIST has an expression to a line, without flags behind it. Two tasks over the first BYTES of the text:
 *
 *   count      all ends of matches, of our NAME_count and of Vectorscan, in one thread
 *   presence   which parts of 64 KiB, each a text by itself, have which patterns; PCRE2 searches each part for each pattern
 *
 * What the ways find is compared, then each is run ROUNDS times, in turns. A line of JSON per task and way. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __has_include(<hs/hs.h>)
#include <hs/hs.h>
#define HAS_VECTORSCAN 1
#else
#define HAS_VECTORSCAN 0
#endif

#include "measure.h"
#include "regexes.h"

enum { MAX_ROUNDS = 1000, MAX_PATTERNS = 256, MAX_THREADS = 256, PART_BYTES = 1 << 16 };
enum way { WAY_VYRE, WAY_VECTORSCAN, WAY_PCRE2, WAYS };
enum task { TASK_COUNT, TASK_PRESENCE, TASKS };
static const char *const way_names[WAYS] = {"vyre", "vectorscan", "pcre2_jit"};
static const char *const task_names[TASKS] = {"count", "presence"};

static char *patterns[MAX_PATTERNS];
static unsigned n_patterns, n_threads, words_per_part;
static const unsigned char *text;
static size_t text_bytes;
static uint32_t n_parts, *begins, *present[WAYS];
static vyre_context *context;
static pcre2_code *codes[MAX_PATTERNS];

static void fail(const char *what)
{
    fprintf(stderr, "regexes: %s\n", what);
    exit(1);
}

static void read_list(const char *path)
{
    char line[4096];
    FILE *file = fopen(path, "r");
    if (!file) fail(path);
    while (n_patterns < MAX_PATTERNS && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = 0;
        if (*line && *line != '#') patterns[n_patterns++] = strdup(line);
    }
    fclose(file);
    words_per_part = (n_patterns + 31) / 32;
}

static void set_bit(uint32_t *bits, uint32_t part, uint32_t pattern)
{
    bits[part * words_per_part + pattern / 32] |= UINT32_C(1) << pattern % 32;
}

static size_t part_bytes(uint32_t part)
{
    return part + 1 < n_parts ? PART_BYTES : text_bytes - begins[part];
}

/* ---- Vectorscan ---- */

#if HAS_VECTORSCAN
static hs_database_t *databases[TASKS];
static hs_scratch_t *scratch[MAX_THREADS];

static void build_vectorscan(void)
{
    static unsigned flags[MAX_PATTERNS], ids[MAX_PATTERNS];
    for (unsigned task = 0; task < TASKS; task++) {
        hs_compile_error_t *error;
        for (unsigned i = 0; i < n_patterns; i++) {
            ids[i] = i;
            flags[i] = task == TASK_PRESENCE ? HS_FLAG_SINGLEMATCH : 0;
        }
        if (hs_compile_multi((const char *const *)patterns, flags, ids, n_patterns, HS_MODE_BLOCK, NULL,
                             &databases[task], &error))
            fail(error->message);
        for (unsigned i = 0; i < n_threads; i++)
            if (hs_alloc_scratch(databases[task], &scratch[i])) fail("hs_alloc_scratch");
    }
}

static int count_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *count)
{
    (void)id, (void)from, (void)to, (void)flags;
    ++*(uint64_t *)count;
    return 0;
}

static int note_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *part)
{
    (void)from, (void)to, (void)flags;
    set_bit(present[WAY_VECTORSCAN], *(uint32_t *)part, id);
    return 0;
}

static uint64_t count_vectorscan(void)
{
    uint64_t count = 0;
    if (hs_scan(databases[TASK_COUNT], (const char *)text, (unsigned)text_bytes, 0, scratch[0], count_match, &count))
        fail("hs_scan");
    return count;
}

static void search_vectorscan(unsigned thread, uint32_t part)
{
    if (hs_scan(databases[TASK_PRESENCE], (const char *)text + begins[part], (unsigned)part_bytes(part), 0,
                scratch[thread], note_match, &part))
        fail("hs_scan");
}
#else
static void build_vectorscan(void) {}
static uint64_t count_vectorscan(void)
{
    return 0;
}
static void search_vectorscan(unsigned thread, uint32_t part)
{
    (void)thread, (void)part;
}
#endif

/* ---- PCRE2 ---- */

static pcre2_match_data *match_data[MAX_THREADS];

static void build_pcre2(void)
{
    for (unsigned i = 0; i < n_patterns; i++) {
        int error;
        size_t at;
        codes[i] = pcre2_compile((PCRE2_SPTR)patterns[i], PCRE2_ZERO_TERMINATED, 0, &error, &at, NULL);
        if (!codes[i] || pcre2_jit_compile(codes[i], PCRE2_JIT_COMPLETE)) fail(patterns[i]);
    }
    for (unsigned i = 0; i < n_threads; i++)
        match_data[i] = pcre2_match_data_create(1, NULL);
}

static void search_pcre2(unsigned thread, uint32_t part)
{
    for (uint32_t i = 0; i < n_patterns; i++) {
        int n = pcre2_jit_match(codes[i], text + begins[part], part_bytes(part), 0, 0, match_data[thread], NULL);
        if (n >= 0)
            set_bit(present[WAY_PCRE2], part, i);
        else if (n != PCRE2_ERROR_NOMATCH)
            fail("pcre2_jit_match");
    }
}

/* ---- running ---- */

struct job {
    pthread_t id;
    enum way way;
    unsigned thread;
};

static void *run_job(void *argument)
{
    struct job *job = argument;
    uint32_t begin = (uint32_t)((uint64_t)n_parts * job->thread / n_threads);
    uint32_t end = (uint32_t)((uint64_t)n_parts * (job->thread + 1) / n_threads);
    for (uint32_t part = begin; part < end; part++)
        job->way == WAY_PCRE2 ? search_pcre2(job->thread, part) : search_vectorscan(job->thread, part);
    return NULL;
}

static void run_threads(enum way way)
{
    struct job jobs[MAX_THREADS];
    for (unsigned i = 0; i < n_threads; i++) {
        jobs[i] = (struct job){.way = way, .thread = i};
        if (i && pthread_create(&jobs[i].id, NULL, run_job, &jobs[i])) fail("pthread_create");
    }
    run_job(&jobs[0]);
    for (unsigned i = 1; i < n_threads; i++)
        pthread_join(jobs[i].id, NULL);
}

static uint64_t run_vyre(enum task task)
{
    uint64_t total[2] = {0};
    size_t n_words = (size_t)n_parts * words_per_part;
    vyre_span in = vyre_host((void *)(uintptr_t)text, text_bytes);
    vyre_status status =
        task == TASK_COUNT
            ? regexes_count(context, &(struct regexes_count_args){.text = in, .total = vyre_host(total, 1)})
            : regexes_presence(context, &(struct regexes_presence_args){.text = in,
                                                                        .begins = vyre_host(begins, n_parts),
                                                                        .total = vyre_host(total, 2),
                                                                        .present = vyre_host(present[0], n_words)});
    if (status) fail(vyre_context_message(context));
    return total[0];
}

static uint64_t run(enum task task, enum way way)
{
    if (way == WAY_VYRE) return run_vyre(task);
    if (task == TASK_COUNT) return count_vectorscan();
    run_threads(way);
    return 0;
}

static bool is_measured(enum task task, enum way way)
{
    if (way == WAY_VECTORSCAN) return HAS_VECTORSCAN && (task != TASK_COUNT || n_threads == 1);
    return way == WAY_VYRE || task == TASK_PRESENCE;
}

/* What all ways must agree on. */
static uint64_t compare_results(enum task task)
{
    size_t bytes = (size_t)n_parts * words_per_part * sizeof(uint32_t);
    uint64_t expected = run(task, WAY_VYRE), n_bits = 0;
    for (unsigned way = 1; way < WAYS; way++) {
        if (!is_measured(task, (enum way)way)) continue;
        uint64_t other = run(task, (enum way)way);
        if (task == TASK_COUNT && other != expected) fail("the counts differ");
        if (task == TASK_PRESENCE && memcmp(present[0], present[way], bytes) != 0) fail("what is present differs");
    }
    for (size_t i = 0; i < bytes / sizeof(uint32_t); i++)
        n_bits += (unsigned)__builtin_popcount(present[0][i]);
    return task == TASK_COUNT ? expected : n_bits;
}

static void measure(enum task task, unsigned rounds)
{
    static double times[WAYS][MAX_ROUNDS];
    uint64_t found = compare_results(task);
    for (unsigned r = 0; r < rounds; r++)
        for (unsigned way = 0; way < WAYS; way++) {
            if (!is_measured(task, (enum way)way)) continue;
            double start = seconds_now();
            run(task, (enum way)way);
            times[way][r] = seconds_now() - start;
        }
    for (unsigned way = 0; way < WAYS; way++) {
        if (!is_measured(task, (enum way)way)) continue;
        qsort(times[way], rounds, sizeof(double), compare_doubles);
        printf(
            "{\"task\": \"%s\", \"way\": \"%s\", \"threads\": %u, \"bytes\": %zu, \"found\": %llu, \"least_s\": %.9f, "
            "\"median_s\": %.9f, \"p25_s\": %.9f, \"p75_s\": %.9f}\n",
            task_names[task], way_names[way], n_threads, text_bytes, (unsigned long long)found, times[way][0],
            times[way][rounds / 2], times[way][rounds / 4], times[way][rounds * 3 / 4]);
    }
}

static void read_text(const char *path, size_t most)
{
    FILE *file = fopen(path, "rb");
    if (!file) fail(path);
    unsigned char *bytes = allocate_pages(most + 64);
    text_bytes = fread(bytes, 1, most, file);
    fclose(file);
    text = bytes;
    n_parts = (uint32_t)((text_bytes + PART_BYTES - 1) / PART_BYTES);
    begins = allocate_pages(n_parts * sizeof *begins);
    for (uint32_t i = 0; i < n_parts; i++)
        begins[i] = i * PART_BYTES;
    for (unsigned way = 0; way < WAYS; way++)
        present[way] = allocate_pages((size_t)n_parts * words_per_part * sizeof(uint32_t));
}

int main(int argc, char **argv)
{
    if (argc != 6) fail("LIST THREADS ROUNDS TEXT BYTES are needed");
    n_threads = (unsigned)atoi(argv[2]);
    unsigned rounds = (unsigned)atoi(argv[3]);
    if (!n_threads || n_threads > MAX_THREADS || !rounds || rounds > MAX_ROUNDS) fail("too many threads or rounds");
    read_list(argv[1]);
    read_text(argv[4], strtoull(argv[5], NULL, 10));
    vyre_options options = {.size = sizeof(options), .backends = "cpu", .threads = n_threads};
    if (vyre_context_create(&options, &context)) fail("no context");
    build_vectorscan();
    build_pcre2();
    for (unsigned task = 0; task < TASKS; task++)
        measure((enum task)task, rounds);
    vyre_context_destroy(context);
    return 0;
}
