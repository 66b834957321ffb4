/* scanners.c - measures what vyre-gen makes of three lists of literals against Vectorscan and against Aho-Corasick in C with six interleaved streams.
 *
 * `scanners FOLDER THREADS ROUNDS TEXT BYTES KIND`: FOLDER holds set10.txt, set100.txt and setall.txt. Each way counts all matches in the first
 * BYTES of the text (KIND plain), or in what these are in base64 (KIND base64): ours is one launch then, the others decode block by block into a
 * buffer that stays in the cache, and scan that. The counts are compared, then each way is run ROUNDS times, in turns. A line of JSON per list
 * and way. */
#include <pthread.h>
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
#include "base64_vbmi.h"
#include "scanners.h"

enum {
    BLOCK_BYTES = 96 << 10,
    GROUP_BYTES = 48,
    CARRY_BYTES = 4096
}; /* a block of decoded bytes, in whole groups of the decoder's */
enum { MAX_ROUNDS = 1000, MAX_LITERALS = 4096, MAX_THREADS = 256, STREAMS = 6, SETS = 3 };
enum way { WAY_VYRE, WAY_VECTORSCAN, WAY_AHO_CORASICK, WAYS };
static const char *const way_names[WAYS] = {"vyre", "vectorscan", "aho_corasick"};
static const char *const set_names[SETS] = {"set10", "set100", "setall"};

struct automaton {
    unsigned char class_of[256];
    uint32_t n_classes, n_states, first_final; /* of premultiplied states */
    uint32_t *next;                            /* premultiplied by the number of classes */
    uint32_t *n_out;                           /* by state */
};
struct set {
    char *names[MAX_LITERALS];
    unsigned n;
    size_t longest;
    struct automaton automaton;
#if HAS_VECTORSCAN
    hs_database_t *database;
    hs_scratch_t *scratch[MAX_THREADS];
#endif
};
static struct set sets[SETS];
static const unsigned char *text, *encoded; /* encoded: NULL where the text is scanned as it is */
static size_t text_bytes;
static unsigned n_threads;
static vyre_context *context;

static void fail(const char *what)
{
    fprintf(stderr, "scanners: %s\n", what);
    exit(1);
}

static void read_list(struct set *s, const char *folder, const char *name)
{
    char path[4096], line[4096];
    snprintf(path, sizeof(path), "%s/%s.txt", folder, name);
    FILE *file = fopen(path, "r");
    if (!file) fail(path);
    while (s->n < MAX_LITERALS && fgets(line, sizeof(line), file)) {
        size_t n = strcspn(line, "\n");
        line[n] = 0;
        s->names[s->n++] = strdup(line);
        if (n > s->longest) s->longest = n;
    }
    fclose(file);
}

/* ---- Aho-Corasick ---- */

struct trie {
    uint32_t *next, *suffix, *order, *n_out;
    uint32_t n;
};

static void fill_trie(struct trie *t, struct automaton *a, const struct set *s)
{
    uint32_t tail = 0;
    t->n = 1;
    for (unsigned i = 0; i < s->n; i++) {
        uint32_t state = 0;
        for (const unsigned char *c = (const unsigned char *)s->names[i]; *c; c++) {
            uint32_t *next = &t->next[state * a->n_classes + a->class_of[*c]];
            if (!*next) *next = t->n++;
            state = *next;
        }
        t->n_out[state]++;
    }
    for (uint32_t c = 0; c < a->n_classes; c++)
        if (t->next[c]) t->order[tail++] = t->next[c];
    for (uint32_t head = 0; head < tail; head++) {
        uint32_t state = t->order[head], suffix = t->suffix[state];
        t->n_out[state] += t->n_out[suffix];
        for (uint32_t c = 0; c < a->n_classes; c++) {
            uint32_t *next = &t->next[state * a->n_classes + c], other = t->next[suffix * a->n_classes + c];
            if (*next)
                t->suffix[*next] = other, t->order[tail++] = *next;
            else
                *next = other;
        }
    }
}

static void build_automaton(struct set *s)
{
    struct automaton *a = &s->automaton;
    size_t most = 1;
    a->n_classes = 1;
    for (unsigned i = 0; i < s->n; i++) {
        most += strlen(s->names[i]);
        for (const unsigned char *c = (const unsigned char *)s->names[i]; *c; c++)
            if (!a->class_of[*c]) a->class_of[*c] = (unsigned char)a->n_classes++;
    }
    struct trie t = {allocate_pages(most * a->n_classes * 4), allocate_pages(most * 4), allocate_pages(most * 4),
                     allocate_pages(most * 4), 0};
    fill_trie(&t, a, s);
    uint32_t *number = allocate_pages(most * 4), n = 0;
    for (uint32_t i = 0; i < t.n; i++)
        if (!t.n_out[i]) number[i] = n++;
    a->first_final = n * a->n_classes;
    for (uint32_t i = 0; i < t.n; i++)
        if (t.n_out[i]) number[i] = n++;
    a->n_states = t.n;
    a->next = allocate_pages((size_t)t.n * a->n_classes * 4);
    a->n_out = allocate_pages((size_t)t.n * 4);
    for (uint32_t i = 0; i < t.n; i++) {
        a->n_out[number[i]] = t.n_out[i];
        for (uint32_t c = 0; c < a->n_classes; c++)
            a->next[number[i] * a->n_classes + c] = number[t.next[i * a->n_classes + c]] * a->n_classes;
    }
}

static uint32_t warm_up(const struct set *s, const unsigned char *bytes, size_t at)
{
    uint32_t state = 0;
    for (size_t i = at < s->longest ? 0 : at - s->longest + 1; i < at; i++)
        state = s->automaton.next[state + s->automaton.class_of[bytes[i]]];
    return state;
}

/* The matches that end in begin .. end. */
static uint64_t scan_automaton(const struct set *s, const unsigned char *bytes, size_t begin, size_t end)
{
    const struct automaton *a = &s->automaton;
    size_t part = (end - begin) / STREAMS;
    uint32_t state[STREAMS];
    uint64_t count = 0;
    for (unsigned k = 0; k < STREAMS; k++)
        state[k] = warm_up(s, bytes, begin + k * part);
    for (size_t i = 0; i < part; i++)
#pragma GCC unroll 6
        for (unsigned k = 0; k < STREAMS; k++) {
            state[k] = a->next[state[k] + a->class_of[bytes[begin + k * part + i]]];
            if (__builtin_expect(state[k] >= a->first_final, 0)) count += a->n_out[state[k] / a->n_classes];
        }
    for (size_t i = begin + part * STREAMS; i < end; i++) {
        state[STREAMS - 1] = a->next[state[STREAMS - 1] + a->class_of[bytes[i]]];
        if (state[STREAMS - 1] >= a->first_final) count += a->n_out[state[STREAMS - 1] / a->n_classes];
    }
    return count;
}

/* ---- Vectorscan ---- */

#if HAS_VECTORSCAN
struct border {
    uint64_t count;
    unsigned long long after; /* ends at or before it are another part's */
};

static int count_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *border)
{
    struct border *b = border;
    (void)id, (void)from, (void)flags;
    b->count += to > b->after;
    return 0;
}

static void build_vectorscan(struct set *s)
{
    static unsigned flags[MAX_LITERALS], ids[MAX_LITERALS];
    static size_t lengths[MAX_LITERALS];
    hs_compile_error_t *error;
    for (unsigned i = 0; i < s->n; i++) {
        ids[i] = i;
        lengths[i] = strlen(s->names[i]);
    }
    if (hs_compile_lit_multi((const char *const *)s->names, flags, ids, lengths, s->n, HS_MODE_BLOCK, NULL,
                             &s->database, &error))
        fail("hs_compile_lit_multi");
    for (unsigned i = 0; i < n_threads; i++)
        if (hs_alloc_scratch(s->database, &s->scratch[i])) fail("hs_alloc_scratch");
}

static uint64_t scan_vectorscan(const struct set *s, unsigned thread, const unsigned char *bytes, size_t begin,
                                size_t end)
{
    size_t from = begin < s->longest ? 0 : begin - s->longest + 1;
    struct border b = {0, begin - from};
    if (hs_scan(s->database, (const char *)bytes + from, (unsigned)(end - from), 0, s->scratch[thread], count_match,
                &b))
        fail("hs_scan");
    return b.count;
}
#else
static void build_vectorscan(struct set *s)
{
    (void)s;
}

static uint64_t scan_vectorscan(const struct set *s, unsigned thread, const unsigned char *bytes, size_t begin,
                                size_t end)
{
    (void)s, (void)thread, (void)bytes, (void)begin, (void)end;
    return 0;
}
#endif

/* ---- running ---- */

struct job {
    pthread_t id;
    const struct set *set;
    enum way way;
    unsigned thread;
    uint64_t count;
};

static uint64_t scan(const struct job *job, const unsigned char *bytes, size_t begin, size_t end)
{
    return job->way == WAY_VECTORSCAN ? scan_vectorscan(job->set, job->thread, bytes, begin, end)
                                      : scan_automaton(job->set, bytes, begin, end);
}

/* Block by block, each behind the last bytes of the one before. */
static uint64_t scan_encoded(const struct job *job, size_t begin, size_t end)
{
    static _Thread_local unsigned char buffer[CARRY_BYTES + BLOCK_BYTES + 64];
    unsigned char *block = buffer + CARRY_BYTES;
    size_t longest = job->set->longest, before = (longest + GROUP_BYTES - 1) / GROUP_BYTES * GROUP_BYTES, kept = 0;
    if (before > begin) before = begin;
    if (!decode_groups(encoded + (begin - before) / 3 * 4, before / 3 * 4, block - before)) fail("no base64");
    kept = before;
    uint64_t count = 0;
    for (size_t at = begin, n; at < end; at += n) {
        n = end - at < BLOCK_BYTES ? end - at : BLOCK_BYTES;
        if (!decode_groups(encoded + at / 3 * 4, n / 3 * 4, block)) fail("no base64");
        count += scan(job, block - kept, kept, kept + n);
        kept = n < longest ? n : longest;
        memmove(block - kept, block + n - kept, kept);
    }
    return count;
}

static void *run_job(void *argument)
{
    struct job *job = argument;
    size_t part = text_bytes / n_threads / GROUP_BYTES * GROUP_BYTES, begin = part * job->thread;
    size_t end = job->thread + 1 == n_threads ? text_bytes : begin + part;
    job->count = encoded ? scan_encoded(job, begin, end) : scan(job, text, begin, end);
    return NULL;
}

static uint64_t run_threads(const struct set *s, enum way way)
{
    struct job jobs[MAX_THREADS];
    uint64_t sum = 0;
    for (unsigned i = 0; i < n_threads; i++) {
        jobs[i] = (struct job){.set = s, .way = way, .thread = i};
        if (i && pthread_create(&jobs[i].id, NULL, run_job, &jobs[i])) fail("pthread_create");
    }
    run_job(&jobs[0]);
    for (unsigned i = 0; i < n_threads; i++) {
        if (i) pthread_join(jobs[i].id, NULL);
        sum += jobs[i].count;
    }
    return sum;
}

#define RUN_VYRE(SET)                                                                                                  \
    static vyre_status run_##SET(vyre_span in, vyre_span out, vyre_span report)                                        \
    {                                                                                                                  \
        if (!encoded) return SET##_count(context, &(struct SET##_count_args){.text = in, .total = out});               \
        return SET##_base64_count(context,                                                                             \
                                  &(struct SET##_base64_count_args){.text = in, .report = report, .total = out});      \
    }
RUN_VYRE(set10)
RUN_VYRE(set100)
RUN_VYRE(setall)

static uint64_t run_vyre(unsigned set)
{
    static vyre_status (*const runs[SETS])(vyre_span in, vyre_span out, vyre_span report) = {run_set10, run_set100,
                                                                                             run_setall};
    uint64_t total = 0;
    uint32_t report[3] = {0};
    vyre_span in = encoded ? vyre_host((void *)(uintptr_t)encoded, text_bytes / 3 * 4)
                           : vyre_host((void *)(uintptr_t)text, text_bytes);
    if (runs[set](in, vyre_host(&total, 1), vyre_host(report, 3))) fail(vyre_context_message(context));
    if (report[1]) fail("no base64");
    return total;
}

static uint64_t run(unsigned set, enum way way)
{
    return way == WAY_VYRE ? run_vyre(set) : run_threads(&sets[set], way);
}

static void measure(unsigned set, unsigned rounds)
{
    static double times[WAYS][MAX_ROUNDS];
    uint64_t expected = run(set, WAY_VYRE);
    for (unsigned way = 0; way < WAYS; way++)
        if ((HAS_VECTORSCAN || way != WAY_VECTORSCAN) && run(set, (enum way)way) != expected) fail("the counts differ");
    for (unsigned r = 0; r < rounds; r++)
        for (unsigned way = 0; way < WAYS; way++) {
            if (!HAS_VECTORSCAN && way == WAY_VECTORSCAN) continue;
            double start = seconds_now();
            run(set, (enum way)way);
            times[way][r] = seconds_now() - start;
        }
    for (unsigned way = 0; way < WAYS; way++) {
        if (!HAS_VECTORSCAN && way == WAY_VECTORSCAN) continue;
        qsort(times[way], rounds, sizeof(double), compare_doubles);
        printf("{\"set\": \"%s\", \"kind\": \"%s\", \"decoder\": \"%s\", \"way\": \"%s\", \"threads\": %u, \"bytes\": "
               "%zu, \"matches\": %llu, \"least_s\": "
               "%.9f, \"median_s\": %.9f, "
               "\"p25_s\": %.9f, \"p75_s\": %.9f}\n",
               set_names[set], encoded ? "base64" : "plain", base64_way, way_names[way], n_threads,
               encoded ? text_bytes / 3 * 4 : text_bytes, (unsigned long long)expected, times[way][0],
               times[way][rounds / 2], times[way][rounds / 4], times[way][rounds * 3 / 4]);
    }
}

/* In base64, of whole groups. */
static void encode_text(void)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text_bytes = text_bytes / GROUP_BYTES * GROUP_BYTES;
    unsigned char *out = allocate_pages(text_bytes / 3 * 4 + 64);
    encoded = out;
    for (size_t i = 0; i < text_bytes; i += 3) {
        uint32_t bits = (uint32_t)text[i] << 16 | (uint32_t)text[i + 1] << 8 | text[i + 2];
        for (int k = 18; k >= 0; k -= 6)
            *out++ = (unsigned char)alphabet[bits >> k & 63];
    }
    prepare_decoder();
}

int main(int argc, char **argv)
{
    if (argc != 7) fail("FOLDER THREADS ROUNDS TEXT BYTES KIND are needed");
    n_threads = (unsigned)atoi(argv[2]);
    unsigned rounds = (unsigned)atoi(argv[3]);
    if (!n_threads || n_threads > MAX_THREADS || !rounds || rounds > MAX_ROUNDS) fail("too many threads or rounds");
    FILE *file = fopen(argv[4], "rb");
    size_t most = strtoull(argv[5], NULL, 10);
    unsigned char *bytes = allocate_pages(most + 64);
    if (!file) fail(argv[4]);
    text_bytes = fread(bytes, 1, most, file);
    text = bytes;
    if (!strcmp(argv[6], "base64")) encode_text();
    vyre_options options = {.size = sizeof(options), .backends = "cpu", .threads = n_threads};
    if (vyre_context_create(&options, &context)) fail("no context");
    for (unsigned i = 0; i < SETS; i++) {
        read_list(&sets[i], argv[1], set_names[i]);
        build_automaton(&sets[i]);
        build_vectorscan(&sets[i]);
        measure(i, rounds);
    }
    vyre_context_destroy(context);
    return 0;
}
