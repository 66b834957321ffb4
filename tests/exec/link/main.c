/* main.c - uses every unit of shapes.vir, and of second.vir with -DSECOND; exit status 0 and "ok" when all is as it
 * must be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shapes.h"
#ifdef SECOND
#include "second.h"
#endif

enum { N = 100000 };

static vyre_context *ctx;
static uint8_t text[N], out[N];

static void require(int ok, const char *what, int line)
{
    if (ok) return;
    printf("line %d: %s: %s\n", line, what, ctx ? vyre_context_message(ctx) : "");
    exit(1);
}
#define REQUIRE(condition) require((condition), #condition, __LINE__)

static void masks(void)
{
    static uint32_t bins[256];
    struct mask_args args = {.text = vyre_host(text, N), .out = vyre_host(out, N)};
    REQUIRE(!mask(ctx, &args));
    for (int i = 0; i < N; i++)
        REQUIRE(out[i] == (uint8_t)(text[i] ^ "vyrec"[i % 5]));

    struct mask_twice_args twice = {.text = vyre_host(text, N), .out = vyre_host(out, N), .bins = vyre_host(bins, 256)};
    uint64_t bytes = 0;
    REQUIRE(!mask_twice_workspace(ctx, &twice, &bytes) && bytes >= N);
    REQUIRE(!mask_twice(ctx, &twice));
    REQUIRE(!memcmp(out, text, N));
    for (int i = 0; i < N; i++)
        bins[text[i]]--;
    for (int i = 0; i < 256; i++)
        REQUIRE(bins[i] == 0);

    memset(out, 1, N);
    vyre_event *event;
    REQUIRE(!mask_twice_async(ctx, NULL, &twice, &event));
    REQUIRE(!vyre_event_wait(event));
    vyre_event_destroy(event);
    REQUIRE(!memcmp(out, text, N));

    twice.bins.count = 255; /* the program needs 256 */
    memset(out, 1, N);
    REQUIRE(mask_twice(ctx, &twice) == VYRE_ERROR_LENGTH && out[0] == 1);
    twice.bins.count = 256;
    static uint8_t large[(1 << 20) + 1];
    twice.text = vyre_host(large, sizeof large);
    REQUIRE(mask_twice(ctx, &twice) == VYRE_ERROR_BUDGET && out[0] == 1);
}

static void looks_up(void)
{
    static uint32_t squares[N];
    struct lookup_args args = {.index = vyre_host(text, N), .out = vyre_host(squares, N)};
    REQUIRE(!lookup(ctx, &args));
    for (int i = 0; i < N; i++)
        REQUIRE(squares[i] == (uint32_t)text[i] * text[i]);
#ifdef SECOND
    struct second_lookup_args other = {.index = vyre_host("\0\3\4", 3), .out = vyre_host(squares, 3)};
    REQUIRE(!second_lookup(ctx, &other));
    REQUIRE(squares[0] == 100 + 'k' && squares[1] == 103 + 'k' && squares[2] == 'k');
#endif
}

static void passes_params(void)
{
    uint64_t seen[17];
    memset(seen, 255, sizeof seen);
    struct all_params_args args = {.out = vyre_host(seen, 17),
                                   .b0 = 7,
                                   .u1 = 200,
                                   .i2 = -3,
                                   .u3 = 60000,
                                   .i4 = -30000,
                                   .u5 = 4000000000u,
                                   .i6 = -5,
                                   .u7 = 0xfedcba9876543210u,
                                   .i8_ = -6,
                                   .h9 = 0x3e00 /* 1.5 */,
                                   .b10 = 0x4020 /* 2.5 */,
                                   .f11 = 3.25f,
                                   .d12 = 4.75};
    REQUIRE(!all_params(ctx, &args));
    const uint64_t want[16] = {1,
                               200,
                               (uint64_t)-3,
                               60000,
                               (uint64_t)-30000,
                               4000000000u,
                               (uint64_t)-5,
                               0xfedcba9876543210u,
                               (uint64_t)-6,
                               6,
                               10,
                               13,
                               19,
                               0,
                               0,
                               0};
    for (int i = 0; i < 16; i++)
        REQUIRE(seen[i] == want[i]);
    REQUIRE(seen[16] == UINT64_MAX);
}

static void traps(void)
{
    vyre_trap trap;
    uint64_t first = 0;
    while (text[first] != 77)
        first++;
    struct guarded_args args = {.text = vyre_host(text, N), .out = vyre_host(out, N), .stop = 77};
    memset(out, 1, N);
    REQUIRE(guarded(ctx, &args) == VYRE_ERROR_TRAP);
    REQUIRE(!vyre_context_trap(ctx, &trap) && trap.code == 77 && trap.invocation == first);
    REQUIRE(!strcmp(trap.arm, "guard") && !strcmp(trap.program, "stop_at"));
    for (int i = 0; i < N; i++)
        REQUIRE(out[i] == 1); /* the second arm did not run */
    args.text.count = first;
    args.out.count = first;
    REQUIRE(!guarded(ctx, &args));
    REQUIRE(out[0] == (text[0] ^ 'v') && out[first] == 1);
}

static void fills_vectors(void)
{
    static float four_of[4 * 1000 + 4];
    struct four_args args = {.out = vyre_host(four_of, 1000), .scale = 1.5f};
    if ((uintptr_t)four_of % 16) args.out = vyre_host(four_of + 4 - (uintptr_t)four_of % 16 / 4, 1000);
    REQUIRE(!four(ctx, &args));
    for (int i = 0; i < 4000; i++)
        REQUIRE(((float *)args.out.host)[i] == 1.5f);
}

int main(void)
{
    char reason[512];
    vyre_options options = {.size = sizeof options, .message = reason, .message_bytes = sizeof reason};
    if (vyre_context_create(&options, &ctx)) {
        printf("no context: %s\n", reason);
        return 1;
    }
    for (int i = 0; i < N; i++)
        text[i] = (uint8_t)((unsigned)i * 2654435761u >> 13);
    struct nothing_args none = {0};
    REQUIRE(!nothing(ctx, &none));
    masks();
    looks_up();
    passes_params();
    traps();
    fills_vectors();
    vyre_context_destroy(ctx);
    puts("ok");
    return 0;
}
