/* spirv.c - how long SPIR-V takes inside a process, validation included: `spirv ROUNDS FILE.vir...`, each of one program, from text to
 * words through the library. Prints a line of JSON: the first round, in which everything is cold, and the median of all. */
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"
#include "vyrec.h"

enum { MAX_ROUNDS = 1000, MAX_TEXT_BYTES = 1 << 16 };

/* The bytes of SPIR-V; 0: it failed. */
static size_t compile(vyrec_context *context, const char *path)
{
    static char text[MAX_TEXT_BYTES];
    vyrec_module *module = NULL;
    vyrec_output *output = NULL;
    size_t n_bytes = 0;
    FILE *file = fopen(path, "r");
    size_t n = file ? fread(text, 1, sizeof text, file) : 0;
    if (file) fclose(file);
    if (n && !vyrec_module_parse(context, path, text, n, &module) && !vyrec_module_compile(module, "spirv", &output))
        vyrec_output_bytes(output, &n_bytes);
    vyrec_output_destroy(output);
    vyrec_module_destroy(module);
    return n_bytes;
}

int main(int argc, char **argv)
{
    static double seconds[MAX_ROUNDS];
    int rounds = argc > 2 ? atoi(argv[1]) : 0;
    size_t n_bytes = 0;
    vyrec_options options;
    vyrec_context *context;
    vyrec_options_init(&options);
    if (rounds < 1 || rounds > MAX_ROUNDS || vyrec_context_create(&options, &context)) {
        fputs("usage: spirv ROUNDS FILE.vir...\n", stderr);
        return 2;
    }
    for (int i = 0; i < rounds; i++) {
        double start = seconds_now();
        n_bytes = 0;
        for (int k = 2; k < argc; k++) {
            size_t n = compile(context, argv[k]);
            if (!n) return 1;
            n_bytes += n;
        }
        seconds[i] = seconds_now() - start;
    }
    double first = seconds[0];
    qsort(seconds, (size_t)rounds, sizeof *seconds, compare_doubles);
    printf("{\"rounds\": %d, \"first_s\": %g, \"median_s\": %g, \"least_s\": %g, \"bytes\": %zu}\n", rounds, first,
           seconds[rounds / 2], seconds[0], n_bytes);
    vyrec_context_destroy(context);
    return 0;
}
