/* way_vyre.c - the kernels as vyrec compiled them. */
#include "kernels.h"

#include <stdio.h>

#include "histogram.h"
#include "reduce.h"
#include "scan_base64.h"
#include "xor.h"

enum { MAX_MATCHES = 1 << 20 };
static vyre_context *context;

static int open_vyre(unsigned n_threads, const char *folder)
{
    vyre_options options = {.size = sizeof(options), .backends = "cpu", .threads = n_threads};
    (void)folder;
    return vyre_context_create(&options, &context) != VYRE_OK;
}

/* The others' positions have 32 bits: making them so is part of the time that is taken. */
static vyre_status scan(struct job *job)
{
    static uint32_t which[MAX_MATCHES];
    static uint64_t positions[MAX_MATCHES];
    uint32_t *words = job->out;
    vyre_status status = scan_base64(context, &(struct scan_base64_args){.text = vyre_host(job->a, job->n),
                                                                         .count = vyre_host(words, 1),
                                                                         .positions = vyre_host(positions, MAX_MATCHES),
                                                                         .which = vyre_host(which, MAX_MATCHES)});
    for (uint32_t i = 0; i < words[0] && i < MAX_MATCHES; i++)
        words[1 + i] = (uint32_t)positions[i];
    return status;
}

static vyre_status run_kernel(struct job *job)
{
    uint32_t *words = job->out;
    vyre_span a = vyre_host(job->a, job->n), out = vyre_host(job->out, job->out_bytes);
    switch (job->kernel) {
    case KERNEL_XOR:
    case KERNEL_LAUNCH:
        return xor_bytes(context, &(struct xor_bytes_args){.a = a, .b = vyre_host(job->b, job->n), .out = out});
    case KERNEL_DECODE:
        return decode_base64(context, &(struct decode_base64_args){.text = a, .plain = out});
    case KERNEL_HISTOGRAM:
        return histogram(context, &(struct histogram_args){.bytes = a, .counts = vyre_host(words, 256)});
    case KERNEL_REDUCE:
        return reduce(context, &(struct reduce_args){.numbers = a, .total = vyre_host(job->out, 1)});
    default:
        return scan(job);
    }
}

static int run_vyre(struct job *job)
{
    if (run_kernel(job)) {
        fprintf(stderr, "vyre: %s\n", vyre_context_message(context));
        return 1;
    }
    return 0;
}

static void close_vyre(void)
{
    vyre_context_destroy(context);
}

const struct way way_vyre = {"vyre", open_vyre, run_vyre, close_vyre};
