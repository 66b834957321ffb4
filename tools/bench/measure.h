/* measure.h - what programs that measure have in common: the clock, the order of figures, and memory that begins on a page. */
#ifndef VYREC_TOOLS_BENCH_MEASURE_H
#define VYREC_TOOLS_BENCH_MEASURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* For qsort. */
static inline int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Whole pages of zeros, touched once. */
static inline void *allocate_pages(size_t bytes)
{
    size_t whole = (bytes + 4095) / 4096 * 4096;
    void *memory = aligned_alloc(4096, whole);
    if (!memory) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return memset(memory, 0, whole);
}

#endif
