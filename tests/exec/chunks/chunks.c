/* chunks.c BACKEND [far] - data in chunks against the same data at once: every result is the same to the byte, hits are neither lost
 * nor found twice, wherever the borders are; with `far`, in 10 GB too. Callbacks are asked for what they should be, and their errors end the run. */
#include <stdlib.h>
#include <string.h>

#include "chunks.h"
#include "tests/unit/test.h"

enum { MANY = 30000, LONG = 300000, ROUNDS = 12, CANARY = 0x5C };

static vyre_context *context;
static uint32_t state = 12345;

static uint32_t random_below(uint32_t n)
{
    state = state * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)(state ^ state >> 15) * n >> 32);
}

/* A file that is not in memory. */
struct source {
    const unsigned char *bytes;
    uint64_t n_bytes, n_read, furthest, fails_at;
};
struct sink {
    unsigned char *bytes;
    uint64_t n_bytes, next;
    bool out_of_order;
};
struct io {
    struct source source;
    struct sink sink;
    uint64_t last_done, total, n_told, cancels_at;
};

static int read_some(void *ctx, uint32_t buffer, uint64_t at, void *to, uint64_t n)
{
    struct source *s = &((struct io *)ctx)->source;
    (void)buffer;
    if (!CHECK(at <= s->n_bytes && n <= s->n_bytes - at)) return 1;
    if (s->fails_at && at + n > s->fails_at) return 1;
    memcpy(to, s->bytes + at, n);
    s->n_read += n;
    return 0;
}

static int write_some(void *ctx, uint32_t buffer, uint64_t at, const void *from, uint64_t n)
{
    struct sink *s = &((struct io *)ctx)->sink;
    (void)buffer;
    if (!CHECK(at <= s->n_bytes && n <= s->n_bytes - at)) return 1;
    s->out_of_order |= at != s->next;
    memcpy(s->bytes + at, from, n);
    s->next = at + n;
    return 0;
}

static int tell(void *ctx, uint64_t done, uint64_t total)
{
    struct io *io = ctx;
    CHECK(done >= io->last_done && done <= total);
    io->last_done = done;
    io->total = total;
    return ++io->n_told == io->cancels_at;
}

static vyre_chunks chunks_of(struct io *io, uint64_t budget, uint64_t least)
{
    return (vyre_chunks){.size = sizeof(vyre_chunks),
                         .budget_bytes = budget,
                         .min_chunks = least,
                         .ctx = io,
                         .read = read_some,
                         .write = write_some,
                         .progress = tell};
}

static vyre_status run(vyre_status (*describe)(vyre_context *, const vyre_unit **), const void *args, struct io *io,
                       uint64_t budget, uint64_t least)
{
    const vyre_unit *unit;
    vyre_chunks chunks = chunks_of(io, budget, least);
    CHECK_INT(describe(context, &unit), VYRE_OK);
    vyre_status status = vyre_unit_run_chunks(unit, args, &chunks);
    if (status && status != VYRE_ERROR_TRAP && status != VYRE_ERROR_IO && status != VYRE_ERROR_CANCELLED)
        fprintf(stderr, "    %s\n", vyre_context_message(context));
    return status;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Lengths of every kind, borders anywhere. */
static uint32_t pick_length(uint32_t round)
{
    static const uint32_t few[] = {0, 1, 2, 63, 64, 65, 129};
    return round < 7 ? few[round] : 1000 + random_below(MANY - 1000);
}

static void fill_text(unsigned char *text, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        text[i] = (unsigned char)(97 + random_below(3) % 2 + random_below(20) / 19);
}

static uint64_t count_chunks(void)
{
    vyre_context_stats stats = {.size = sizeof stats};
    CHECK_INT(vyre_context_get_stats(context, &stats), VYRE_OK);
    return stats.chunks;
}

static void finds_all(void)
{
    static unsigned char text[MANY];
    static uint32_t want[MANY], got[MANY];
    for (uint32_t round = 0; round < ROUNDS + 7; round++) {
        uint32_t n = pick_length(round), n_want = 0, n_got = 0;
        fill_text(text, n);
        struct find_args args = {
            .text = vyre_host(text, n), .hits = vyre_host(want, MANY), .count = vyre_host(&n_want, 1)};
        CHECK_INT(find(context, &args), VYRE_OK);
        struct io io = {.source = {.bytes = text, .n_bytes = n}};
        uint64_t n_chunks = count_chunks();
        memset(got, CANARY, sizeof got);
        args =
            (struct find_args){.text = vyre_host(NULL, n), .hits = vyre_host(got, MANY), .count = vyre_host(&n_got, 1)};
        CHECK_INT(run(find_unit, &args, &io, 1 << 20, 1 + random_below(60)), VYRE_OK);
        CHECK_UINT(n_got, n_want);
        qsort(want, n_want, sizeof *want, compare);
        qsort(got, n_got, sizeof *got, compare);
        CHECK(!memcmp(got, want, n_want * sizeof *got));
        CHECK(n_want == MANY || got[n_want] == CANARY * 0x01010101u);
        CHECK_UINT(count_chunks(), n_chunks + io.n_told);
        CHECK(io.source.n_read >= n && io.source.n_read <= n + io.n_told * 4);
        CHECK(io.last_done == io.total && io.total == n);
    }
}

static void packs_all(void)
{
    static unsigned char text[MANY], want[MANY], got[MANY];
    for (uint32_t round = 0; round < ROUNDS + 7; round++) {
        uint32_t n = pick_length(round), n_bytes = (n + 3) / 4 + random_below(80);
        fill_text(text, n);
        struct pack_args args = {.text = vyre_host(text, n), .bytes = vyre_host(want, n_bytes), .bias = round};
        CHECK_INT(pack(context, &args), VYRE_OK);
        struct io io = {.sink = {.bytes = got, .n_bytes = n_bytes}};
        memset(got, CANARY, sizeof got);
        args.bytes = vyre_host(NULL, n_bytes);
        CHECK_INT(run(pack_unit, &args, &io, 4096, 1 + random_below(40)), VYRE_OK);
        CHECK(!memcmp(got, want, n_bytes) && !io.sink.out_of_order && io.sink.next == n_bytes);
        CHECK(got[n_bytes] == CANARY);
    }
}

typedef vyre_status same_unit(vyre_context *, const vyre_unit **);

/* Programs of a read and a write buffer of words of one length. */
static void same_words(same_unit *describe, uint64_t budget)
{
    static uint32_t from[MANY], want[MANY], got[MANY];
    static unsigned char odd[MANY * sizeof *from + 1]; /* where no launch takes words, but a copy does */
    for (uint32_t round = 0; round < ROUNDS + 7; round++) {
        uint32_t n = pick_length(round);
        const vyre_unit *unit;
        for (uint32_t i = 0; i < n; i++)
            from[i] = random_below(1000);
        CHECK_INT(describe(context, &unit), VYRE_OK);
        struct spill_args args = {.from = vyre_host(from, n), .to = vyre_host(want, n)};
        CHECK_INT(vyre_unit_run(unit, &args), VYRE_OK);
        struct io io = {.source = {.bytes = (unsigned char *)from, .n_bytes = n * 4ull},
                        .sink = {.bytes = (unsigned char *)got, .n_bytes = n * 4ull}};
        memset(got, CANARY, sizeof got);
        memcpy(odd + 1, from, n * sizeof *from);
        void *const places[] = {NULL, from, odd + 1};
        args = (struct spill_args){.from = vyre_host(places[round % 3], n), .to = vyre_host(round % 2 ? got : NULL, n)};
        CHECK_INT(run(describe, &args, &io, budget, 1 + random_below(90)), VYRE_OK);
        CHECK(!memcmp(got, want, n * sizeof *got) && !io.sink.out_of_order);
        CHECK(n == MANY || got[n] == CANARY * 0x01010101u);
    }
}

static void chains_all(void)
{
    static unsigned char text[MANY];
    for (uint32_t round = 0; round < ROUNDS + 7; round++) {
        uint32_t n = pick_length(round), want[4] = {round, 1, 2, 3}, got[4] = {round, 1, 2, 3};
        fill_text(text, n);
        struct chain_args args = {.text = vyre_host(text, n), .count = vyre_host(want, 4), .wanted = round};
        CHECK_INT(chain(context, &args), VYRE_OK);
        struct io io = {.source = {.bytes = text, .n_bytes = n}};
        args.text = vyre_host(NULL, n);
        args.count = vyre_host(got, 4);
        CHECK_INT(run(chain_unit, &args, &io, 16384, 1 + random_below(30)), VYRE_OK);
        CHECK(!memcmp(got, want, sizeof got));
    }
}

/* -- arms that passes have joined by windows ------------------------------------------------------ */

static void fill_letters(unsigned char *text, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        text[i] = (unsigned char)(64 + random_below(3) * random_below(22));
}

static void seeks_all(void)
{
    static unsigned char text[LONG];
    static uint32_t want[LONG], got[LONG];
    for (uint32_t round = 0; round < 2 * ROUNDS + 7; round++) {
        uint32_t n = round < 7 ? pick_length(round) : LONG / 2 + random_below(LONG / 2), n_want = 0, n_got = 0;
        fill_letters(text, n);
        struct seek_packed_args args = {
            .text = vyre_host(text, n), .hits = vyre_host(want, LONG), .count = vyre_host(&n_want, 1)};
        CHECK_INT(seek_packed(context, &args), VYRE_OK);
        struct io io = {.source = {.bytes = text, .n_bytes = n}};
        args = (struct seek_packed_args){
            .text = vyre_host(NULL, n), .hits = vyre_host(got, LONG), .count = vyre_host(&n_got, 1)};
        CHECK_INT(run(round % 2 ? seek_or_stop_unit : seek_packed_unit, &args, &io, 1 << 20, 2 + random_below(60)),
                  VYRE_OK);
        CHECK(n < LONG / 2 || (n_want && io.n_told > 1));
        if (!CHECK_UINT(n_got, n_want)) continue;
        qsort(want, n_want, sizeof *want, compare);
        qsort(got, n_got, sizeof *got, compare);
        CHECK(!memcmp(got, want, n_want * sizeof *got));
    }
}

static void folds_all(void)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    static unsigned char text[LONG];
    for (uint32_t round = 0; round < 2 * ROUNDS + 7; round++) {
        uint32_t n = round < 7 ? pick_length(round) : LONG / 2 + random_below(LONG / 2), want[2] = {round, 1},
                 got[2] = {round, 1};
        for (uint32_t i = 0; i < n; i++)
            text[i] = (unsigned char)digits[random_below(22)];
        struct fold_hex_args args = {.text = vyre_host(text, n), .sum = vyre_host(want, 2)};
        CHECK_INT(fold_hex(context, &args), VYRE_OK);
        struct io io = {.source = {.bytes = text, .n_bytes = n}};
        args = (struct fold_hex_args){.text = vyre_host(NULL, n), .sum = vyre_host(got, 2)};
        CHECK_INT(run(fold_hex_unit, &args, &io, 1 << 20, 2 + random_below(60)), VYRE_OK);
        CHECK(n < LONG / 2 || io.n_told > 1);
        CHECK_UINT(got[0], want[0]);
        CHECK_UINT(got[1], want[1]);
    }
}

/* What ends one run ends that in chunks, in the same arm and invocation. */
static void stops_in_arms(void)
{
    static unsigned char text[MANY];
    static uint32_t hits[MANY];
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t count = 0, at = random_below(MANY / 4 * 4);
        vyre_trap want, got;
        fill_letters(text, MANY);
        text[at] = 200;
        struct seek_or_stop_args args = {
            .text = vyre_host(text, MANY), .hits = vyre_host(hits, MANY), .count = vyre_host(&count, 1)};
        CHECK_INT(seek_or_stop(context, &args), VYRE_ERROR_TRAP);
        CHECK_INT(vyre_context_trap(context, &want), VYRE_OK);
        CHECK_UINT(want.invocation, at / 4);
        struct io io = {.n_told = 0};
        CHECK_INT(run(seek_or_stop_unit, &args, &io, 1 << 20, 2 + random_below(60)), VYRE_ERROR_TRAP);
        CHECK_INT(vyre_context_trap(context, &got), VYRE_OK);
        CHECK_UINT(got.invocation, want.invocation);
        CHECK_UINT(got.code, want.code);
        CHECK_STRING(got.arm, want.arm);
        CHECK_STRING(got.program, want.program);
    }
}

/* -- data that is longer than ids reach --------------------------------------------------------------- */

static int compare_wide(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* On data that ids reach all of it is the same as at once. */
static void counts_far(void)
{
    static unsigned char from[MANY];
    static uint64_t want[MANY], got[MANY];
    for (uint32_t round = 0; round < 3 * ROUNDS + 7; round++) {
        uint32_t n = pick_length(round), n_to = (n + 2) / 3, want_counts[16] = {round}, got_counts[16] = {round};
        for (uint32_t i = 0; i < n; i++)
            from[i] = (unsigned char)random_below(256);
        struct count_far_args args = {.from = vyre_host(from, n),
                                      .to = vyre_host(want, n_to),
                                      .counts = vyre_host(want_counts, 16),
                                      .bias = round};
        CHECK_INT(count_far(context, &args), VYRE_OK);
        struct io io = {.source = {.bytes = from, .n_bytes = n}, .sink = {(unsigned char *)got, n_to * 8ull, 0, false}};
        args.from = vyre_host(NULL, n);
        args.to = vyre_host(NULL, n_to);
        args.counts = vyre_host(got_counts, 16);
        memset(got, CANARY, sizeof got);
        CHECK_INT(run(count_far_unit, &args, &io, 1 << 20, 1 + random_below(60)), VYRE_OK);
        CHECK(!memcmp(got, want, n_to * sizeof *got) && !io.sink.out_of_order);
        CHECK(!memcmp(got_counts, want_counts, sizeof want_counts));
    }
}

static void echoes_far(void)
{
    static unsigned char from[MANY];
    for (uint32_t round = 0; round < ROUNDS + 7; round++) {
        uint32_t n = pick_length(round), want[2] = {0}, got[2] = {0};
        for (uint32_t i = 0; i < n; i++)
            from[i] = (unsigned char)random_below(2);
        struct echo_far_args args = {.from = vyre_host(from, n), .sum = vyre_host(want, 2)};
        CHECK_INT(echo_far(context, &args), VYRE_OK);
        struct io io = {.source = {.bytes = from, .n_bytes = n}};
        args = (struct echo_far_args){.from = vyre_host(NULL, n), .sum = vyre_host(got, 2)};
        CHECK_INT(run(echo_far_unit, &args, &io, 1 << 20, 1 + random_below(60)), VYRE_OK);
        CHECK_UINT(got[0], want[0]);
        CHECK_UINT(got[1], want[1]);
    }
}

/* A file of zeros, but for three bytes at each of some places. */
struct planted {
    uint64_t n_bytes;
    const uint64_t *places;
    uint32_t n_places;
    const char *bytes;
};

static int read_planted(void *ctx, uint32_t buffer, uint64_t at, void *to, uint64_t n)
{
    const struct planted *p = ctx;
    (void)buffer;
    if (!CHECK(at <= p->n_bytes && n <= p->n_bytes - at)) return 1;
    memset(to, 0, n);
    for (uint32_t i = 0; i < p->n_places; i++)
        for (uint32_t k = 0; k < 4; k++)
            if (p->places[i] + k >= at && p->places[i] + k < at + n) ((char *)to)[p->places[i] + k - at] = p->bytes[k];
    return 0;
}

/* Near where ids and signed ids end, at borders of chunks, and at both ends; all a multiple of 4. */
static const uint64_t far_bytes = UINT64_C(10) << 30;
static const uint64_t places[] = {0,
                                  8,
                                  (4 << 20) - 4,
                                  4 << 20,
                                  UINT64_C(0x7FFFFFFC),
                                  UINT64_C(0x80000000),
                                  UINT64_C(0xBFFFFFFC),
                                  UINT64_C(0xC0000000),
                                  UINT64_C(0xFFFFFFF8),
                                  UINT64_C(0xFFFFFFFC),
                                  UINT64_C(0x100000000),
                                  UINT64_C(0x155555550),
                                  UINT64_C(0x155555558),
                                  UINT64_C(0x1FFFFFFFC),
                                  UINT64_C(0x200000000),
                                  (UINT64_C(10) << 30) - 4};
enum { N_PLACES = sizeof places / sizeof *places };

static vyre_status run_far(vyre_status (*describe)(vyre_context *, const vyre_unit **), const void *args,
                           struct planted *data)
{
    vyre_chunks chunks = {.size = sizeof chunks, .budget_bytes = 64 << 20, .ctx = data, .read = read_planted};
    const vyre_unit *unit;
    CHECK_INT(describe(context, &unit), VYRE_OK);
    vyre_status status = vyre_unit_run_chunks(unit, args, &chunks);
    if (status) fprintf(stderr, "    %s\n", vyre_context_message(context));
    return status;
}

static void finds_far(void)
{
    uint64_t hits[N_PLACES + 1] = {0};
    uint32_t count = 0;
    struct planted data = {far_bytes, places, N_PLACES, "xaba"};
    struct find_far_args args = {
        .text = vyre_host(NULL, far_bytes), .hits = vyre_host(hits, N_PLACES + 1), .count = vyre_host(&count, 1)};
    CHECK_INT(run_far(find_far_unit, &args, &data), VYRE_OK);
    if (!CHECK_UINT(count, N_PLACES)) return;
    qsort(hits, count, sizeof *hits, compare_wide);
    for (uint32_t i = 0; i < count; i++)
        CHECK_UINT(hits[i], places[i] + 3);
}

/* Four letters are three bytes: 0x41, 0x41, 0x42 here; their positions pass 2^32 too. */
static void seeks_far(void)
{
    uint64_t hits[N_PLACES + 1] = {0};
    uint32_t count = 0;
    struct planted data = {far_bytes, places, N_PLACES, "\x10\x14\x05\x02"};
    struct seek_unpacked_args args = {
        .text = vyre_host(NULL, far_bytes), .hits = vyre_host(hits, N_PLACES + 1), .count = vyre_host(&count, 1)};
    CHECK_INT(run_far(seek_unpacked_unit, &args, &data), VYRE_OK);
    if (!CHECK_UINT(count, N_PLACES)) return;
    qsort(hits, count, sizeof *hits, compare_wide);
    for (uint32_t i = 0; i < count; i++)
        CHECK_UINT(hits[i], places[i] / 4 * 3 * 256 + 0x42);
}

/* It can be longer than ids reach: asked to end at once, it does. */
static int end_at_once(void *ctx, uint64_t done, uint64_t total)
{
    (void)ctx;
    (void)done;
    (void)total;
    return 1;
}

static int write_nothing(void *ctx, uint32_t buffer, uint64_t at, const void *from, uint64_t n)
{
    (void)ctx;
    (void)buffer;
    (void)at;
    (void)from;
    (void)n;
    return 0;
}

static void accepts_far(void)
{
    uint32_t counts[16] = {0};
    const vyre_unit *unit;
    struct planted data = {far_bytes, places, N_PLACES, "xaba"};
    vyre_chunks chunks = {
        .size = sizeof chunks, .ctx = &data, .read = read_planted, .write = write_nothing, .progress = end_at_once};
    struct count_far_args args = {.from = vyre_host(NULL, far_bytes),
                                  .to = vyre_host(NULL, (far_bytes + 2) / 3),
                                  .counts = vyre_host(counts, 16)};
    CHECK_INT(count_far_unit(context, &unit), VYRE_OK);
    if (!CHECK_INT(vyre_unit_run_chunks(unit, &args, &chunks), VYRE_ERROR_CANCELLED))
        fprintf(stderr, "    %s\n", vyre_context_message(context));
    /* Where an output ends long before the data does, its end cannot be near both. */
    args.to = vyre_host(NULL, 100);
    CHECK_INT(vyre_unit_run_chunks(unit, &args, &chunks), VYRE_ERROR_LENGTH);
    CHECK(strstr(vyre_context_message(context), "do not go along the data together") != NULL);
}

/* The arguments of each of these begin with a text and a counter, and nothing of them is looked at. */
static void refuses_far(void)
{
    static const struct {
        vyre_status (*describe)(vyre_context *, const vyre_unit **);
        const char *why;
    } rows[] = {
        {keeps_unit, "'keeps' keeps a position in 32 bits of 'last': make it 64 with u64()"},
        {asks_unit, "'asks' computes '>=' of a position"},
        {mixes_unit, "'mixes' computes '^' of a position"},
        {measures_unit, "'measures' computes '%' of a position"},
        {halves_unit, "'halves' computes '<' of a position"},
        {strays_unit, "how far a position of 'strays' is from its workgroup is not known"},
        {reaches_unit, "'reaches' has a grid that does not grow with the data"},
        {looks_up_unit, "what 'looks_up' reads of 'table' does not move with it"},
    };
    for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t words[2] = {0};
        const vyre_unit *unit;
        CHECK_INT(rows[i].describe(context, &unit), VYRE_OK);
        CHECK_INT(vyre_unit_has_chunks(unit), VYRE_OK);
        struct looks_up_args args = {
            .from = vyre_host(NULL, far_bytes), .table = vyre_host(words, 1), .sum = vyre_host(words + 1, 1)};
        struct planted data = {far_bytes, places, N_PLACES, "xaba"};
        vyre_chunks chunks = {.size = sizeof chunks, .ctx = &data, .read = read_planted};
        CHECK_INT(vyre_unit_run_chunks(unit, &args, &chunks), VYRE_ERROR_LENGTH);
        if (!CHECK(strstr(vyre_context_message(context), rows[i].why) != NULL))
            fprintf(stderr, "    '%s' instead of '%s'\n", vyre_context_message(context), rows[i].why);
    }
}

/* -- what goes wrong --------------------------------------------------------------------------- */

static void tells_traps(void)
{
    static uint32_t from[MANY];
    uint32_t seen = 0;
    vyre_trap trap;
    memset(from, 0, sizeof from);
    from[17000] = from[25001] = UINT32_MAX;
    struct stop_at_args args = {.from = vyre_host(from, MANY), .seen = vyre_host(&seen, 1)};
    struct io io = {.n_told = 0};
    CHECK_INT(run(stop_at_unit, &args, &io, 0, 37), VYRE_ERROR_TRAP);
    CHECK_INT(vyre_context_trap(context, &trap), VYRE_OK);
    CHECK_UINT(trap.code, 9);
    CHECK_UINT(trap.invocation, 17000);
    CHECK_STRING(trap.program, "stop_at");
    CHECK(io.n_told < 37);
}

static void stops_when_asked(void)
{
    static unsigned char text[MANY];
    uint32_t hits[10], count = 0;
    struct find_args args = {.text = vyre_host(NULL, MANY), .hits = vyre_host(hits, 10), .count = vyre_host(&count, 1)};
    struct io broken = {.source = {.bytes = text, .n_bytes = MANY, .fails_at = MANY / 2}};
    CHECK_INT(run(find_unit, &args, &broken, 0, 20), VYRE_ERROR_IO);
    CHECK(strstr(vyre_context_message(context), "'text' could not be read at byte") != NULL);
    struct io tired = {.source = {.bytes = text, .n_bytes = MANY}, .cancels_at = 5};
    CHECK_INT(run(find_unit, &args, &tired, 0, 20), VYRE_ERROR_CANCELLED);
    CHECK_UINT(tired.n_told, 5);
}

static void refuses(same_unit *describe, const void *args, const vyre_chunks *chunks, vyre_status status,
                    const char *text)
{
    const vyre_unit *unit;
    CHECK_INT(describe(context, &unit), VYRE_OK);
    if (!CHECK_INT(vyre_unit_run_chunks(unit, args, chunks), status) ||
        !CHECK(strstr(vyre_context_message(context), text) != NULL))
        fprintf(stderr, "    '%s' instead of '%s'\n", vyre_context_message(context), text);
}

static void refuses_all(void)
{
    static uint32_t words[2000];
    const vyre_unit *unit;
    struct io io = {.n_told = 0};
    vyre_chunks chunks = chunks_of(&io, 0, 0), blind = {.size = sizeof blind}, none = {.size = 0},
                tiny = chunks_of(&io, 100, 0);
    struct turn_args words_args = {.from = vyre_host(words, 900), .to = vyre_host(words + 1000, 900)};
    refuses(turn_unit, &words_args, &chunks, VYRE_ERROR_UNSUPPORTED,
            "turn cannot run in chunks: which elements of 'from'");
    refuses(plain_unit, &words_args, &chunks, VYRE_ERROR_UNSUPPORTED,
            "declare the inputs that are to be cut with 'streaming'");
    refuses(smooth_unit, &words_args, &none, VYRE_ERROR_INVALID_ARGUMENT, "set chunks->size");
    refuses(smooth_unit, NULL, &chunks, VYRE_ERROR_INVALID_ARGUMENT, "no arguments");
    refuses(smooth_unit, &words_args, &tiny, VYRE_ERROR_BUDGET, "smallest chunks take more than 100 bytes");
    struct twice_args two = {
        .from = vyre_host(words, 9), .sum = vyre_host(words + 20, 1), .to = vyre_host(words + 40, 9)};
    refuses(twice_unit, &two, &chunks, VYRE_ERROR_UNSUPPORTED, "'sum' is changed by one arm and used by another");
    struct smooth_args no_memory = {.from = vyre_host(NULL, 900), .to = vyre_host(words, 900)};
    refuses(smooth_unit, &no_memory, &blind, VYRE_ERROR_INVALID_ARGUMENT, "no function to read it");
    struct smooth_args shared = {.from = vyre_host(words, 900), .to = vyre_host(words + 899, 900)};
    refuses(smooth_unit, &shared, &chunks, VYRE_ERROR_ALIASING, "overlap");
    struct find_args no_hits = {
        .text = vyre_host(words, 9), .hits = vyre_host(NULL, 9), .count = vyre_host(words + 20, 1)};
    refuses(find_unit, &no_hits, &chunks, VYRE_ERROR_INVALID_ARGUMENT, "has no parts");
    CHECK_INT(find_unit(context, &unit), VYRE_OK);
    CHECK_INT(vyre_unit_has_chunks(unit), VYRE_OK);
    CHECK_INT(turn_unit(context, &unit), VYRE_OK);
    CHECK_INT(vyre_unit_has_chunks(unit), VYRE_ERROR_UNSUPPORTED);
    CHECK_INT(vyre_unit_has_chunks(NULL), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_INT(vyre_unit_run_chunks(NULL, NULL, NULL), VYRE_ERROR_INVALID_ARGUMENT);
}

int main(int argc, char **argv)
{
    char why[512];
    vyre_options options = {.size = sizeof options,
                            .backends = argc > 1 ? argv[1] : "cpu",
                            .threads = 2,
                            .message = why,
                            .message_bytes = sizeof why};
    if (vyre_context_create(&options, &context)) {
        printf("skipped: %s\n", why);
        return 77;
    }
    finds_all();
    packs_all();
    same_words(smooth_unit, 8192);
    same_words(spill_unit, 8192);
    chains_all();
    seeks_all();
    folds_all();
    stops_in_arms();
    counts_far();
    echoes_far();
    accepts_far();
    refuses_far();
    if (argc > 2) {
        finds_far();
        seeks_far();
    }
    tells_traps();
    stops_when_asked();
    refuses_all();
    vyre_context_destroy(context);
    return test_finish();
}
