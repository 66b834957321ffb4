/* jobs.c - see jobs.h. Each thread takes the next piece until there are none; the calling one too. */
#include "codegen/jobs.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_THREADS = 32, STACK_BYTES = 8 << 20 };

struct queue {
    job_run *run;
    char *jobs;
    size_t job_bytes;
    uint32_t n, next; /* next: atomic */
    struct memory *memories;
    bool *failed;
};

static void do_job(struct queue *q, uint32_t i)
{
    struct memory *mem = &q->memories[i];
    if (setjmp(mem->recover))
        q->failed[i] = true;
    else
        q->run(q->jobs + i * q->job_bytes, mem);
}

static void *take_jobs(void *queue)
{
    struct queue *q = queue;
    for (;;) {
        uint32_t n_taken = __atomic_fetch_add(&q->next, 1, __ATOMIC_RELAXED);
        if (n_taken >= q->n) return NULL;
        do_job(q, q->n - 1 - n_taken);
    }
}

static uint32_t start_threads(struct queue *q, pthread_t *threads)
{
    long n_processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t wanted = n_processors > MAX_THREADS ? MAX_THREADS : n_processors < 1 ? 1 : (uint32_t)n_processors, n = 0;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES); /* LLVM's passes are recursive */
    while (n + 1 < wanted && n + 1 < q->n && !pthread_create(&threads[n], &attributes, take_jobs, q))
        n++;
    pthread_attr_destroy(&attributes);
    return n;
}

static void run_in_place(struct memory *mem, job_run *run, job_finish *finish, char *jobs, size_t job_bytes, uint32_t n,
                         void *ctx)
{
    for (uint32_t i = 0; i < n; i++) {
        run(jobs + i * job_bytes, mem);
        finish(jobs + i * job_bytes, ctx);
    }
}

void jobs_run(struct memory *mem, job_run *run, job_finish *finish, void *jobs, size_t job_bytes, uint32_t n, void *ctx)
{
    pthread_t threads[MAX_THREADS];
    if (n < 2 || mem->fail_at || mem->limit_bytes) {
        run_in_place(mem, run, finish, jobs, job_bytes, n, ctx);
        return;
    }
    struct queue q = {.run = run, .jobs = jobs, .job_bytes = job_bytes, .n = n};
    q.memories = memory_alloc(mem, n * sizeof *q.memories);
    q.failed = memory_alloc(mem, n * sizeof *q.failed);
    uint32_t n_threads = start_threads(&q, threads);
    take_jobs(&q);
    for (uint32_t i = 0; i < n_threads; i++)
        pthread_join(threads[i], NULL);
    bool any_failed = false;
    for (uint32_t i = 0; i < n; i++)
        any_failed |= q.failed[i];
    for (uint32_t i = 0; i < n; i++) {
        if (!any_failed) finish(q.jobs + i * job_bytes, ctx);
        memory_release_all(&q.memories[i]);
    }
    memory_free(mem, q.memories, n * sizeof *q.memories);
    memory_free(mem, q.failed, n * sizeof *q.failed);
    if (any_failed) memory_fail(mem);
}
