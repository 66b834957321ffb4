/* main.c - counts the bytes of a file, or of 5 MB made up here, with histogram.vir and again with a loop, and compares.
 * `histogram [FILE]` */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "histogram.h"

enum { MADE_UP_BYTES = 5000011 };

/* The file's bytes, or made-up ones with long runs, which are the hard case for counters in memory. NULL on failure. */
static unsigned char *read_bytes(const char *path, size_t *n)
{
    FILE *file = path ? fopen(path, "rb") : NULL;
    if (path && (!file || fseek(file, 0, SEEK_END))) {
        return NULL;
    }
    *n = path ? (size_t)ftell(file) : MADE_UP_BYTES;
    unsigned char *bytes = malloc(*n + 1);
    if (!bytes) {
        return NULL;
    }
    if (path) {
        rewind(file);
        *n = fread(bytes, 1, *n, file);
        fclose(file);
        return bytes;
    }
    for (size_t i = 0; i < *n; i++) {
        bytes[i] = (unsigned char)(i / 100000 % 2 ? i / 1000 : i * i >> 7);
    }
    return bytes;
}

int main(int argc, char **argv)
{
    size_t n;
    unsigned char *bytes = read_bytes(argc > 1 ? argv[1] : NULL, &n);
    uint32_t counts[256] = {0}, expected[256] = {0};
    if (!bytes) {
        fputs("histogram: cannot read the file\n", stderr);
        return 1;
    }
    for (size_t i = 0; i < n; i++) {
        expected[bytes[i]]++;
    }

    vyre_context *context;
    if (vyre_context_create(NULL, &context)) {
        fputs("histogram: no context\n", stderr);
        return 1;
    }
    struct histogram_args args = {.bytes = vyre_host(bytes, n), .counts = vyre_host(counts, 256)};
    if (histogram(context, &args)) {
        fprintf(stderr, "histogram: %s\n", vyre_context_message(context));
        return 1;
    }
    vyre_context_destroy(context);
    free(bytes);

    int most = 0;
    for (int i = 1; i < 256; i++) {
        most = counts[i] > counts[most] ? i : most;
    }
    int same = memcmp(counts, expected, sizeof(counts)) == 0;
    printf("%zu bytes, most often byte %d, %u times: %s\n", n, most, counts[most], same ? "as by a loop" : "WRONG");
    return !same;
}
