/* way_c.c - the kernels as loops in C, split evenly between threads that wait for work. */
#include "kernels.h"

#include <pthread.h>
#include <stdbool.h>

enum { MAX_THREADS = 256, MAX_MATCHES = 1 << 20 };
static unsigned n_threads;
static pthread_t threads[MAX_THREADS];
static pthread_barrier_t start, finish;
static struct job *current; /* NULL: the threads end */
static bool scanning;       /* the second half of KERNEL_SCAN */
static uint64_t sums[MAX_THREADS];

static void run_part(struct job *job, unsigned part)
{
    size_t items = job->kernel == KERNEL_DECODE || (job->kernel == KERNEL_SCAN && !scanning) ? job->n / 4 : job->n;
    if (scanning) {
        items = job->n / 4 * 3;
    }
    size_t begin = items * part / n_threads, end = items * (part + 1) / n_threads;
    uint32_t *words = job->out;
    switch (job->kernel) {
    case KERNEL_XOR:
    case KERNEL_LAUNCH:
        loop_xor(job->a, job->b, job->out, begin, end);
        break;
    case KERNEL_DECODE:
        loop_decode(job->tables, job->a, job->out, begin, end, job->n / 4);
        break;
    case KERNEL_HISTOGRAM:
        loop_histogram(job->a, words, begin, end);
        break;
    case KERNEL_REDUCE:
        sums[part] = loop_sum(job->a, begin, end);
        break;
    default:
        if (scanning) {
            loop_scan(job->tables, job->plain, items, words, words + 1, MAX_MATCHES, begin, end);
        } else {
            loop_decode(job->tables, job->a, job->plain, begin, end, job->n / 4);
        }
    }
}

static void *work(void *part)
{
    for (;;) {
        pthread_barrier_wait(&start);
        if (!current) {
            return NULL;
        }
        run_part(current, (unsigned)(uintptr_t)part);
        pthread_barrier_wait(&finish);
    }
}

static void run_all_parts(struct job *job)
{
    current = job;
    if (n_threads > 1) {
        pthread_barrier_wait(&start);
    }
    run_part(job, 0);
    if (n_threads > 1) {
        pthread_barrier_wait(&finish);
    }
}

static int open_c(unsigned wanted, const char *folder)
{
    (void)folder;
    n_threads = wanted < MAX_THREADS ? wanted : MAX_THREADS;
    pthread_barrier_init(&start, NULL, n_threads);
    pthread_barrier_init(&finish, NULL, n_threads);
    for (unsigned i = 1; i < n_threads; i++) {
        if (pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i)) {
            return 1;
        }
    }
    return 0;
}

static int run_c(struct job *job)
{
    scanning = false;
    run_all_parts(job);
    if (job->kernel == KERNEL_SCAN) {
        scanning = true;
        run_all_parts(job);
    }
    if (job->kernel == KERNEL_REDUCE) {
        uint64_t *total = job->out;
        *total = 0;
        for (unsigned i = 0; i < n_threads; i++) {
            *total += sums[i];
        }
    }
    return 0;
}

static void close_c(void)
{
    current = NULL;
    if (n_threads > 1) {
        pthread_barrier_wait(&start);
    }
    for (unsigned i = 1; i < n_threads; i++) {
        pthread_join(threads[i], NULL);
    }
}

const struct way way_c = {"c", open_c, run_c, close_c};
