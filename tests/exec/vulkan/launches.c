/* launches.c - launches on the Vulkan device against the CPU: buffers of the device and of the host, at all offsets, again with the
 * same and with other lengths and params, from several threads and contexts, and where the CPU has to help. Exit status 77: there is
 * no device. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launches.h"

enum { N = 1000, ROUNDS = 40, THREADS = 4 };
static _Atomic int n_failed;

static void check(int ok, const char *what, vyre_context *c)
{
    if (ok) return;
    n_failed++;
    fprintf(stderr, "FAILED: %s: %s\n", what, c ? vyre_context_message(c) : "");
}

static vyre_context *open_context(const char *backend)
{
    char message[512] = "";
    vyre_context *c = NULL;
    vyre_options options = {
        .size = sizeof options, .backends = backend, .message = message, .message_bytes = sizeof message};
    vyre_status status = vyre_context_create(&options, &c);
    if (!status) return c;
    printf("skipped: %s\n", message);
    exit(status == VYRE_ERROR_NO_DEVICE || status == VYRE_ERROR_DRIVER_MISSING ? 77 : 1);
}

static vyre_buffer *new_buffer(vyre_context *c, const void *bytes, uint64_t n)
{
    vyre_buffer *b = NULL;
    check(!vyre_buffer_create(c, VYRE_BUFFER_DEVICE, n, &b), "vyre_buffer_create", c);
    check(!vyre_buffer_write(b, 0, bytes, n), "vyre_buffer_write", c);
    return b;
}

static uint32_t word(uint32_t i)
{
    return i * 2654435761u ^ i >> 3;
}

/* -- one launch in its variants ------------------------------------------------------------------ */

/* From element `first` of one buffer to element `first` of another. */
static void run_scale(vyre_context *c, const uint32_t *words, uint32_t first, uint32_t count, uint32_t by)
{
    uint32_t before[N], got[N];
    memset(before, 0xEE, sizeof before);
    vyre_buffer *from = new_buffer(c, words, N * 4), *to = new_buffer(c, before, sizeof before);
    struct scale_args args = {
        .from = vyre_device(from, first * 4, count), .to = vyre_device(to, first * 4, count), .by = by, .plus = 7};
    for (int again = 0; again < 3; again++) {
        args.by = by + (uint32_t)again / 2;
        check(!scale(c, &args), "scale", c);
    }
    check(!vyre_buffer_read(to, 0, got, sizeof got), "vyre_buffer_read", c);
    for (uint32_t i = 0; i < N; i++) {
        uint32_t want = i >= first && i - first < count ? words[i] * args.by + 7 : 0xEEEEEEEE;
        if (got[i] == want) continue;
        fprintf(stderr, "element %u is %u, not %u, at offset %u\n", i, got[i], want, first);
        check(0, "scale", NULL);
        break;
    }
    vyre_buffer_destroy(from);
    vyre_buffer_destroy(to);
}

static void test_offsets(vyre_context *c, const uint32_t *words)
{
    static const uint32_t firsts[] = {0, 1, 3, 4, 16, 64, 65, 900, 999};
    for (uint32_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        run_scale(c, words, firsts[i], N - firsts[i], 3 + i);
        run_scale(c, words, firsts[i], 1, 5);
        run_scale(c, words, firsts[i], 0, 5);
    }
}

static void test_bytes(vyre_context *c)
{
    unsigned char bytes[301], got[301];
    for (uint32_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 7);
    vyre_buffer *b = new_buffer(c, bytes, sizeof bytes);
    for (uint32_t first = 0; first < 70; first += 3) {
        struct bytes_up_args args = {.bytes = vyre_device(b, first, sizeof bytes - 2 * first)};
        check(!bytes_up(c, &args), "bytes_up", c);
        for (uint32_t i = first; i < sizeof bytes - first; i++)
            bytes[i]++;
    }
    check(!vyre_buffer_read(b, 0, got, sizeof got) && !memcmp(got, bytes, sizeof got), "bytes at offsets", c);
    vyre_buffer_destroy(b);
}

/* A pipeline whose temps' lengths follow from params, in host memory; the same commands, then others. */
static void run_sums(vyre_context *c, vyre_context *cpu, const uint32_t *words, uint32_t count, uint32_t by, uint32_t n)
{
    uint32_t got[64], want[64];
    memset(got, 1, sizeof got);
    memset(want, 2, sizeof want);
    struct sums_of_scaled_args args = {.from = vyre_host(words, count), .sums = vyre_host(got, 50), .by = by, .n = n};
    check(!sums_of_scaled(c, &args), "sums_of_scaled", c);
    args.sums = vyre_host(want, 50);
    check(!sums_of_scaled(cpu, &args), "sums_of_scaled", cpu);
    check(!memcmp(got, want, 50 * 4), "sums_of_scaled gives the CPU's bytes", NULL);
}

static void test_traps(vyre_context *c, const uint32_t *words)
{
    vyre_buffer *b = new_buffer(c, words, N * 4);
    for (uint32_t at = 990; at <= 1030; at += 5) {
        struct stop_at_args args = {.to = vyre_device(b, 0, N), .at = at};
        vyre_trap trap = {0};
        vyre_status status = stop_at(c, &args);
        if (at >= (N + 63) / 64 * 64) /* whole workgroups */
            check(!status, "no trap", c);
        else
            check(status == VYRE_ERROR_TRAP && !vyre_context_trap(c, &trap) && trap.invocation == at && trap.code == at,
                  "the lowest trap", c);
    }
    vyre_buffer_destroy(b);
}

/* Whoever runs it, the bytes are the same; an event says so where it was not the device. */
static void test_rounds(vyre_context *c, vyre_context *cpu, const uint32_t *words)
{
    static const uint32_t rounds[] = {10, 65535, 65536, 100};
    vyre_buffer *b = new_buffer(c, words, 40);
    uint32_t got[10], want[10];
    memcpy(want, words, sizeof want);
    for (uint32_t i = 0; i < 4; i++) {
        vyre_event *event = NULL;
        struct count_up_args args = {.to = vyre_device(b, 8, 8), .n = rounds[i]};
        check(!count_up_async(c, NULL, &args, &event) && !vyre_event_wait(event), "count_up", c);
        const char *note = vyre_event_message(event);
        check(!*note || (rounds[i] == 65536 && strstr(note, "probe rounds")), note, NULL);
        vyre_event_destroy(event);
        args.to = vyre_host(want + 2, 8);
        check(!count_up(cpu, &args), "count_up", cpu);
    }
    check(!vyre_buffer_read(b, 0, got, sizeof got) && !memcmp(got, want, sizeof got), "rounds", c);
    vyre_buffer_destroy(b);
}

/* -- several at once ------------------------------------------------------------------------------ */

struct worker {
    vyre_context *context;
    const uint32_t *words;
    uint32_t number;
};

static void *work(void *argument)
{
    struct worker *w = argument;
    uint32_t to[N];
    vyre_stream *stream = NULL;
    check(!vyre_stream_create(w->context, &stream), "vyre_stream_create", w->context);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        vyre_event *event = NULL;
        uint32_t count = N - i % 3 * w->number, wrong = 0;
        uint64_t wall = 0, device = 0;
        struct scale_args args = {
            .from = vyre_host(w->words, count), .to = vyre_host(to, count), .by = i / 2, .plus = w->number};
        check(!scale_async(w->context, stream, &args, &event) && !vyre_event_wait(event), "scale_async", w->context);
        check(!vyre_event_times(event, &wall, &device) && device && device <= wall, "times", NULL);
        vyre_event_destroy(event);
        for (uint32_t k = 0; k < count; k++)
            wrong += to[k] != w->words[k] * (i / 2) + w->number;
        check(!wrong, "a launch among others", NULL);
    }
    vyre_stream_destroy(stream);
    return NULL;
}

static void test_threads(vyre_context *a, vyre_context *b, const uint32_t *words)
{
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){i % 2 ? a : b, words, i};
        if (pthread_create(&threads[i], NULL, work, &workers[i])) exit(1);
    }
    for (uint32_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    static uint32_t words[N];
    vyre_context *cpu = open_context("cpu"), *c = open_context("vulkan"), *other = open_context("vulkan");
    for (uint32_t i = 0; i < N; i++)
        words[i] = word(i);
    test_offsets(c, words);
    test_bytes(c);
    for (uint32_t i = 0; i < 12; i++)
        run_sums(c, cpu, words, i % 5 ? N : 700 + i, 1 + i / 4, i % 3);
    test_traps(c, words);
    test_rounds(c, cpu, words);
    test_threads(c, other, words);
    vyre_context_destroy(other);
    vyre_context_destroy(c);
    vyre_context_destroy(cpu);
    printf("%d failed\n", n_failed);
    return n_failed != 0;
}
