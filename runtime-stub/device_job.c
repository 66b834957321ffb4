/* device_job.c - what a launch needs beside its memory: a queue of the driver's, pinned memory for copies, records of
 * traps. Kept from one launch to the next.
 *
 * Copies go through two halves of pinned memory: while the device copies one, the host fills or empties the other. Small
 * ones lie side by side in a half, and nothing waits. */
#include <string.h>

#include "runtime-stub/device.h"

enum { HALF_BYTES = 1 << 20 };

static const struct device_driver *driver_of(const vyre_context *c)
{
    return c->gpu->driver;
}

/* -- life -------------------------------------------------------------------------------------- */

static void destroy_job(vyre_context *c, struct device_job *job)
{
    const struct device_driver *d = driver_of(c);
    if (job->queue) d->queue_destroy(c, job->queue);
    d->release(c, &job->staging);
    d->release(c, &job->traps);
    d->release(c, &job->seen_traps);
    memory_put(&c->allocator, job->addresses, job->n_addresses * sizeof *job->addresses, _Alignof(uint64_t));
    if (job->nodes) memory_put(&c->allocator, job->nodes, sizeof *job->nodes, 16);
    memory_put(&c->allocator, job, sizeof *job, _Alignof(struct device_job));
}

static vyre_status create_job(vyre_context *c, bool is_callers, struct device_job **job, struct outcome *o)
{
    struct device_job *j = memory_get(&c->allocator, sizeof *j, _Alignof(struct device_job));
    if (!j) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory to launch");
    memset(j, 0, sizeof *j);
    j->is_callers = is_callers;
    vyre_status status = driver_of(c)->queue_create(c, is_callers, &j->queue, o);
    if (status)
        destroy_job(c, j);
    else
        *job = j;
    return status;
}

static struct device_job *take_free(vyre_context *c, bool is_callers)
{
    pthread_mutex_lock(&c->gpu->lock);
    struct device_job **at = &c->gpu->free_jobs;
    while (*at && (*at)->is_callers != is_callers)
        at = &(*at)->next;
    struct device_job *job = *at;
    if (job) *at = job->next;
    pthread_mutex_unlock(&c->gpu->lock);
    return job;
}

vyre_status device_job_take(vyre_context *c, bool is_callers, struct device_job **job, struct outcome *o)
{
    is_callers = is_callers && c->gpu->has_callers_queue;
    *job = take_free(c, is_callers);
    return *job ? VYRE_OK : create_job(c, is_callers, job, o);
}

void device_job_give(vyre_context *c, struct device_job *job, bool has_failed)
{
    if (has_failed) {
        destroy_job(c, job);
        return;
    }
    pthread_mutex_lock(&c->gpu->lock);
    job->next = c->gpu->free_jobs;
    c->gpu->free_jobs = job;
    pthread_mutex_unlock(&c->gpu->lock);
}

void device_jobs_free(vyre_context *c)
{
    while (c->gpu->free_jobs) {
        struct device_job *job = c->gpu->free_jobs;
        c->gpu->free_jobs = job->next;
        destroy_job(c, job);
    }
}

/* -- copies ------------------------------------------------------------------------------------ */

static void empty_half(struct device_job *job, uint32_t half)
{
    for (uint32_t i = 0; i < job->n_pending[half]; i++)
        memcpy(job->pending[half][i].to, job->pending[half][i].from, job->pending[half][i].n_bytes);
    job->n_pending[half] = 0;
}

/* The other half, after the device is done with it. */
static vyre_status flip(vyre_context *c, struct device_job *job, struct outcome *o)
{
    vyre_status status = driver_of(c)->mark(c, job->queue, job->half, o);
    if (status) return status;
    job->is_marked[job->half] = true;
    job->half ^= 1;
    job->used = 0;
    if (!job->is_marked[job->half]) return VYRE_OK;
    job->is_marked[job->half] = false;
    status = driver_of(c)->wait(c, job->queue, job->half, o);
    if (!status) empty_half(job, job->half);
    return status;
}

vyre_status device_job_staging(vyre_context *c, struct device_job *job, struct outcome *o)
{
    if (job->staging.address) return VYRE_OK;
    return driver_of(c)->allocate(c, DEVICE_PINNED, DEVICE_HALVES * HALF_BYTES, &job->staging, o);
}

/* Up to *n_bytes of pinned memory, at *offset; sets how many there are. */
static vyre_status take_staging(vyre_context *c, struct device_job *job, uint64_t *offset, uint64_t *n_bytes,
                                struct outcome *o)
{
    vyre_status status = device_job_staging(c, job, o);
    if (!status && (job->used == HALF_BYTES || job->n_pending[job->half] == DEVICE_MAX_PENDING))
        status = flip(c, job, o);
    if (status) return status;
    *offset = (uint64_t)job->half * HALF_BYTES + job->used;
    if (*n_bytes > HALF_BYTES - job->used) *n_bytes = HALF_BYTES - job->used;
    job->used += device_round(*n_bytes);
    return VYRE_OK;
}

vyre_status device_upload(vyre_context *c, struct device_job *job, uint64_t to, const void *from, uint64_t n_bytes,
                          struct outcome *o)
{
    uint64_t offset, n;
    stats_add_upload(c, n_bytes);
    for (uint64_t at = 0; at < n_bytes; at += n) {
        n = n_bytes - at;
        vyre_status status = take_staging(c, job, &offset, &n, o);
        if (status) return status;
        memcpy(job->staging.mapped + offset, (const char *)from + at, n);
        status = driver_of(c)->copy(c, job->queue, DEVICE_TO, to + at, job->staging.address + offset, n, o);
        if (status) return status;
    }
    return VYRE_OK;
}

vyre_status device_download(vyre_context *c, struct device_job *job, void *to, uint64_t from, uint64_t n_bytes,
                            struct outcome *o)
{
    uint64_t offset, n;
    stats_add_download(c, n_bytes);
    for (uint64_t at = 0; at < n_bytes; at += n) {
        n = n_bytes - at;
        vyre_status status = take_staging(c, job, &offset, &n, o);
        if (!status)
            status = driver_of(c)->copy(c, job->queue, DEVICE_FROM, job->staging.address + offset, from + at, n, o);
        if (status) return status;
        job->pending[job->half][job->n_pending[job->half]++] =
            (struct device_pending){(char *)to + at, job->staging.mapped + offset, n};
    }
    return VYRE_OK;
}

static vyre_status finish(vyre_context *c, struct device_job *job, uint64_t *device_ns, struct outcome *o)
{
    vyre_status status = driver_of(c)->finish(c, job->queue, device_ns, o);
    for (uint32_t half = 0; half < DEVICE_HALVES && !status; half++) {
        empty_half(job, half);
        job->is_marked[half] = false;
    }
    job->used = 0;
    return status;
}

vyre_status device_end(vyre_context *c, struct device_job *job, uint64_t *device_ns, vyre_status status,
                       struct outcome *o)
{
    struct outcome other;
    if (status) job->n_pending[0] = job->n_pending[1] = 0;
    vyre_status finished = finish(c, job, status ? NULL : device_ns, status ? &other : o);
    return status ? status : finished;
}

/* -- room -------------------------------------------------------------------------------------- */

vyre_status device_job_reserve(vyre_context *c, struct device_job *job, size_t n, struct outcome *o)
{
    if (n <= job->n_addresses) return VYRE_OK;
    uint64_t *addresses = memory_get(&c->allocator, n * sizeof *addresses, _Alignof(uint64_t));
    if (!addresses) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory to launch");
    memory_put(&c->allocator, job->addresses, job->n_addresses * sizeof *addresses, _Alignof(uint64_t));
    job->addresses = addresses;
    job->n_addresses = n;
    return VYRE_OK;
}

static vyre_status allocate_traps(vyre_context *c, struct device_job *job, uint64_t n_bytes, struct outcome *o)
{
    const struct device_driver *d = driver_of(c);
    d->release(c, &job->traps);
    d->release(c, &job->seen_traps);
    job->must_clear_traps = true;
    vyre_status status = d->allocate(c, DEVICE_LOCAL, n_bytes, &job->traps, o);
    return status ? status : d->allocate(c, DEVICE_PINNED, n_bytes, &job->seen_traps, o);
}

vyre_status device_job_traps(vyre_context *c, struct device_job *job, uint32_t n_traps, struct outcome *o)
{
    uint64_t n_bytes = device_round(n_traps * sizeof(struct vyre_trap_record));
    vyre_status status = VYRE_OK;
    if (!job->seen_traps.address || job->seen_traps.n_bytes < n_bytes) status = allocate_traps(c, job, n_bytes, o);
    if (status || !job->must_clear_traps) return status;
    job->must_clear_traps = false;
    return driver_of(c)->fill(c, job->queue, job->traps.address, job->traps.n_bytes, o);
}
