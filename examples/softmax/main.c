/* main.c - the shares of each row of a matrix, with softmax.vir, compared with a loop in double precision.
 * `softmax [ROWS COLUMNS]` */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "softmax.h"

/* How far the shares of one row are at most from those computed in double, relative to the exact share. */
static double row_error(const float *scores, const float *shares, size_t columns)
{
    double top = -INFINITY, sum = 0, worst = 0;
    for (size_t i = 0; i < columns; i++) {
        top = fmax(top, scores[i]);
    }
    for (size_t i = 0; i < columns; i++) {
        sum += exp(scores[i] - top);
    }
    for (size_t i = 0; i < columns; i++) {
        double exact = exp(scores[i] - top) / sum;
        double error = fabs(shares[i] - exact) / exact;
        worst = error <= worst ? worst : error; /* a NaN is the worst */
    }
    return worst;
}

int main(int argc, char **argv)
{
    size_t rows = argc > 2 ? strtoull(argv[1], NULL, 0) : 301, columns = argc > 2 ? strtoull(argv[2], NULL, 0) : 1000;
    size_t n = rows * columns;
    float *scores = malloc(n * sizeof(float) + 1), *shares = malloc(n * sizeof(float) + 1);
    if (!scores || !shares) {
        fputs("softmax: out of memory\n", stderr);
        return 1;
    }
    for (size_t i = 0; i < n; i++) {
        scores[i] = shares[i] = (float)((uint32_t)i * 2654435761u >> 12) / 65536.0f - 8.0f;
    }

    vyre_context *context;
    if (vyre_context_create(NULL, &context)) {
        fputs("softmax: no context\n", stderr);
        return 1;
    }
    struct softmax_args args = {.values = vyre_host(shares, n), .columns = (uint32_t)columns};
    if (softmax(context, &args)) {
        fprintf(stderr, "softmax: %s\n", vyre_context_message(context));
        return 1;
    }
    vyre_context_destroy(context);

    double worst = 0;
    for (size_t row = 0; row < rows; row++) {
        double error = row_error(scores + row * columns, shares + row * columns, columns);
        worst = error <= worst ? worst : error;
    }
    free(scores);
    free(shares);
    printf("%zu rows of %zu, largest relative error %.2g\n", rows, columns, worst);
    return !(worst < 1e-5);
}
