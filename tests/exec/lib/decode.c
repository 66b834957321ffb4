/* decode.c - runs the decoders of examples/lib. Standard input has one case after the other, `NAME PARAM N` on a line and then N bytes; standard
 * output gets for each a line `LENGTH FAULTS FIRST` and then LENGTH bytes. For lz4 the bytes begin with the room of the result: 4 bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "all.h"

struct run {
    vyre_context *context;
    const unsigned char *text;
    uint32_t n, param;
    unsigned char *plain; /* of 4 bytes for each of the text, and some */
    uint32_t n_plain, report[3];
};

/* A pipeline with text, plain and report; `sized` is the length of plain. */
#define DECODER(name, sized, ...)                                                                                      \
    static vyre_status run_##name(struct run *r)                                                                       \
    {                                                                                                                  \
        r->n_plain = (sized);                                                                                          \
        struct name##_args args = {.text = vyre_host((void *)r->text, r->n),                                           \
                                   .plain = vyre_host(r->plain, r->n_plain),                                           \
                                   .report = vyre_host(r->report, 3),                                                  \
                                   __VA_ARGS__};                                                                       \
        return name(r->context, &args);                                                                                \
    }
DECODER(base64_decode, (r->n + 3) / 4 * 3, )
DECODER(base64url_decode, (r->n + 3) / 4 * 3, )
DECODER(base64_decode_lines, (r->n + 3) / 4 * 3, )
DECODER(hex_decode, r->n / 2, )
DECODER(hex_decode_lines, r->n / 2, )
DECODER(url_decode, r->n, .plus = r->param)
DECODER(utf16_decode, (r->n + 1) / 2 * 3, .big_endian = r->param)
DECODER(json_decode, r->n, )

/* The text cut in two blocks would be two texts: here it is one block, between a byte before and one behind. */
static vyre_status run_lz4_decode(struct run *r)
{
    uint32_t room, results[2];
    memcpy(&room, r->text, sizeof room);
    uint32_t blocks[] = {4, r->n, 1, 1 + room};
    r->n_plain = room + 2;
    r->plain[0] = r->plain[room + 1] = 0xA5;
    struct lz4_decode_args args = {.packed = vyre_host((void *)r->text, r->n),
                                   .blocks = vyre_host(blocks, 4),
                                   .plain = vyre_host(r->plain, r->n_plain),
                                   .results = vyre_host(results, 2)};
    vyre_status status = lz4_decode(r->context, &args);
    if (r->plain[0] != 0xA5 || r->plain[room + 1] != 0xA5) status = VYRE_ERROR_INVALID_ARGUMENT;
    memmove(r->plain, r->plain + 1, room);
    r->report[0] = results[0];
    r->report[1] = results[1] != UINT32_MAX;
    r->report[2] = results[1];
    return status;
}

/* Numbers of 32 bits, and the sum of all at the end. */
static vyre_status run_prefix(struct run *r)
{
    r->n_plain = r->n + 4;
    struct prefix_args args = {
        .values = vyre_host((void *)r->text, r->n / 4), .sums = vyre_host(r->plain, r->n / 4 + 1), .largest = r->param};
    r->report[0] = r->n_plain;
    r->report[1] = 0;
    r->report[2] = UINT32_MAX;
    return prefix(r->context, &args);
}

static const struct {
    const char *name;
    vyre_status (*run)(struct run *r);
} decoders[] = {
    {"base64_decode", run_base64_decode},
    {"base64url_decode", run_base64url_decode},
    {"base64_decode_lines", run_base64_decode_lines},
    {"hex_decode", run_hex_decode},
    {"hex_decode_lines", run_hex_decode_lines},
    {"url_decode", run_url_decode},
    {"utf16_decode", run_utf16_decode},
    {"json_decode", run_json_decode},
    {"lz4_decode", run_lz4_decode},
    {"prefix", run_prefix},
};

static int run_case(struct run *r, const char *name)
{
    for (size_t i = 0; i < sizeof decoders / sizeof decoders[0]; i++) {
        if (strcmp(decoders[i].name, name)) continue;
        if (decoders[i].run(r)) {
            fprintf(stderr, "%s: %s\n", name, vyre_context_message(r->context));
            return 1;
        }
        printf("%u %u %u\n", r->report[0], r->report[1], r->report[2]);
        return fwrite(r->plain, 1, r->report[0], stdout) != r->report[0];
    }
    return 1;
}

int main(void)
{
    struct run r = {0};
    char name[32];
    int failed = vyre_context_create(NULL, &r.context) != VYRE_OK;
    while (!failed && scanf("%31s %u %u", name, &r.param, &r.n) == 3 && getchar() == '\n') {
        unsigned char *text = malloc(r.n + 1);
        r.plain = malloc(4 * (size_t)r.n + (1 << 20));
        failed = !text || !r.plain || fread(text, 1, r.n, stdin) != r.n;
        r.text = text;
        if (!failed) failed = run_case(&r, name);
        free(text);
        free(r.plain);
    }
    vyre_context_destroy(r.context);
    return failed;
}
