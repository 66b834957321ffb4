/* main.c - adds up numbers with the pipeline of reduce.vir and again with a loop, and compares. `reduce [COUNT]` */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "reduce.h"

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoull(argv[1], NULL, 0) : 10000019;
    uint32_t *numbers = malloc(n * sizeof(*numbers) + 1);
    uint64_t total, expected = 0;
    if (!numbers) {
        fputs("reduce: out of memory\n", stderr);
        return 1;
    }
    for (size_t i = 0; i < n; i++) {
        numbers[i] = (uint32_t)i * 2654435761u;
        expected += numbers[i];
    }

    vyre_context *context;
    if (vyre_context_create(NULL, &context)) {
        fputs("reduce: no context\n", stderr);
        return 1;
    }
    struct reduce_args args = {.numbers = vyre_host(numbers, n), .total = vyre_host(&total, 1)};
    if (reduce(context, &args)) {
        fprintf(stderr, "reduce: %s\n", vyre_context_message(context));
        return 1;
    }
    vyre_context_destroy(context);
    free(numbers);
    printf("%zu numbers, sum %" PRIu64 ": %s\n", n, total, total == expected ? "as by a loop" : "WRONG");
    return total != expected;
}
