/* kernels.h - what is measured, and the ways of doing it. */
#ifndef VYREC_BENCH_KERNELS_H
#define VYREC_BENCH_KERNELS_H

#include "loops.h"

enum kernel { KERNEL_XOR, KERNEL_DECODE, KERNEL_HISTOGRAM, KERNEL_REDUCE, KERNEL_SCAN, KERNEL_LAUNCH, KERNEL_COUNT };

/* One problem: inputs, shared by all ways of solving it, and the result of one of them. */
struct job {
    enum kernel kernel;
    size_t n; /* elements of the first input: bytes, or numbers of KERNEL_REDUCE */
    const void *a, *b;
    void *out; /* out_bytes, cleared before each run that is compared */
    size_t out_bytes;
    const struct loop_tables *tables;
    unsigned char *plain; /* KERNEL_SCAN in C: the decoded bytes */
};

/* A way of doing it. Each function returns 0, or not after an error that was reported. */
struct way {
    const char *name;
    int (*open)(unsigned n_threads, const char *folder); /* 77: not there */
    int (*run)(struct job *job);
    void (*close)(void);
};
extern const struct way way_vyre, way_c, way_opencl;

#endif
