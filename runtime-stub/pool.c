/* pool.c - threads that take chunks of work from whatever jobs there are.
 *
 *     caller                          threads
 *     pool_run: adds the job, wakes   sleep, after looking for jobs a little while
 *     takes chunks                    join the job: take a slot, take chunks until none is left
 *     waits until all have left it
 *
 * Any number of callers at once: each works on its own job, so each makes progress however busy the threads are. With
 * the caller's own executor there are no threads, and its workers are the slots. */
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "runtime-stub/runtime.h"

enum { SPIN_ROUNDS = 2000 };

struct job {
    struct job *next;
    pool_function *run;
    void *ctx;
    uint64_t n_items, chunk;
    uint32_t n_slots;  /* taken so far; under the pool's lock */
    uint32_t n_inside; /* threads that work on it now; under the pool's lock */
    _Alignas(CACHE_LINE) _Atomic uint64_t next_item;
};

struct pool {
    vyre_context *context;
    const vyre_executor *executor; /* or NULL */
    pthread_mutex_t lock;
    pthread_cond_t work, left;
    struct job *jobs;         /* that may have chunks left */
    _Atomic uint32_t n_calls; /* changes when a job is added */
    bool must_end;
    uint32_t n_threads, max_slots;
    size_t n_bytes;
    pthread_t threads[];
};

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void take_chunks(struct job *job, uint32_t slot)
{
    for (;;) {
        uint64_t first = atomic_fetch_add_explicit(&job->next_item, job->chunk, memory_order_relaxed);
        if (first >= job->n_items) return;
        uint64_t n = job->n_items - first;
        job->run(job->ctx, slot, first, n < job->chunk ? n : job->chunk);
    }
}

static bool has_chunks(struct job *job)
{
    return atomic_load_explicit(&job->next_item, memory_order_relaxed) < job->n_items;
}

static void unlink_job(struct pool *pool, struct job *job)
{
    struct job **at = &pool->jobs;
    while (*at && *at != job)
        at = &(*at)->next;
    if (*at) *at = job->next;
}

/* A job that a thread can still help with. Jobs without chunks leave the list. Under the lock. */
static struct job *find_job(struct pool *pool)
{
    for (struct job **at = &pool->jobs; *at;) {
        struct job *job = *at;
        if (!has_chunks(job)) {
            *at = job->next;
            continue;
        }
        if (job->n_slots < pool->max_slots) return job;
        at = &job->next;
    }
    return NULL;
}

/* Looks a short while for a new job: waking a sleeping thread takes longer than many a launch. */
static void spin_for_job(struct pool *pool, uint32_t seen)
{
    for (uint32_t i = 0; i < SPIN_ROUNDS; i++) {
        if (atomic_load_explicit(&pool->n_calls, memory_order_relaxed) != seen) return;
        relax();
    }
}

/* Under the lock. */
static void help(struct pool *pool, struct job *job)
{
    uint32_t slot = job->n_slots++;
    job->n_inside++;
    pthread_mutex_unlock(&pool->lock);
    take_chunks(job, slot);
    pthread_mutex_lock(&pool->lock);
    if (--job->n_inside) return;
    pthread_cond_broadcast(&pool->left);
}

static void *run_thread(void *argument)
{
    struct pool *pool = argument;
    pthread_mutex_lock(&pool->lock);
    while (!pool->must_end) {
        struct job *job = find_job(pool);
        if (job) {
            help(pool, job);
            continue;
        }
        uint32_t seen = atomic_load_explicit(&pool->n_calls, memory_order_relaxed);
        pthread_mutex_unlock(&pool->lock);
        spin_for_job(pool, seen);
        pthread_mutex_lock(&pool->lock);
        if (!pool->must_end && atomic_load_explicit(&pool->n_calls, memory_order_relaxed) == seen)
            pthread_cond_wait(&pool->work, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* Signals are for the program's own threads. */
static void start_threads(struct pool *pool, uint32_t n)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool->n_threads < n && !pthread_create(&pool->threads[pool->n_threads], NULL, run_thread, pool))
        pool->n_threads++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct pool *pool_create(vyre_context *c, uint32_t n_threads, const vyre_executor *executor)
{
    uint32_t n = executor ? 0 : n_threads - 1;
    size_t n_bytes = sizeof(struct pool) + n * sizeof(pthread_t);
    struct pool *pool = memory_get(&c->allocator, n_bytes, _Alignof(struct pool));
    if (!pool) return NULL;
    memset(pool, 0, n_bytes);
    pool->context = c;
    pool->executor = executor;
    pool->n_bytes = n_bytes;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->left, NULL);
    start_threads(pool, n);
    pthread_mutex_lock(&pool->lock);
    pool->max_slots = executor ? executor->n_workers : 1 + pool->n_threads;
    pthread_mutex_unlock(&pool->lock);
    return pool;
}

void pool_destroy(struct pool *pool)
{
    if (!pool) return;
    pthread_mutex_lock(&pool->lock);
    pool->must_end = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (uint32_t i = 0; i < pool->n_threads; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->left);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    memory_put(&pool->context->allocator, pool, pool->n_bytes, _Alignof(struct pool));
}

uint32_t pool_slots(const struct pool *pool)
{
    return pool->max_slots;
}

static void run_in_executor(void *ctx, uint32_t i)
{
    take_chunks(ctx, i);
}

static void add_job(struct pool *pool, struct job *job, uint64_t n_chunks)
{
    pthread_mutex_lock(&pool->lock);
    job->next = pool->jobs;
    pool->jobs = job;
    atomic_fetch_add_explicit(&pool->n_calls, 1, memory_order_relaxed);
    if (n_chunks > pool->n_threads)
        pthread_cond_broadcast(&pool->work);
    else
        for (uint64_t i = 1; i < n_chunks; i++)
            pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->lock);
}

static void leave_job(struct pool *pool, struct job *job)
{
    pthread_mutex_lock(&pool->lock);
    unlink_job(pool, job);
    while (job->n_inside)
        pthread_cond_wait(&pool->left, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

void pool_run(struct pool *pool, uint64_t n_items, uint64_t chunk, pool_function *run, void *ctx)
{
    if (!chunk) chunk = 1;
    if (n_items <= chunk || pool->max_slots == 1) {
        if (n_items) run(ctx, 0, 0, n_items);
        return;
    }
    struct job job = {.run = run, .ctx = ctx, .n_items = n_items, .chunk = chunk, .n_slots = 1};
    uint64_t n_chunks = n_items / chunk + (n_items % chunk != 0);
    if (pool->executor) {
        uint32_t n = n_chunks < pool->max_slots ? (uint32_t)n_chunks : pool->max_slots;
        pool->executor->run(pool->executor->ctx, n, run_in_executor, &job);
        return;
    }
    add_job(pool, &job, n_chunks);
    take_chunks(&job, 0);
    leave_job(pool, &job);
}
