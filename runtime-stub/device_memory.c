/* device_memory.c - memory of devices that have addresses: blocks kept from launch to launch, and the buffers of users.
 *
 * The device's addresses are none of the host's (unified addressing), so a buffer's `bytes` are the device's addresses,
 * and overlap is found as it is between memory of the host. */
#include <string.h>

#include "runtime-stub/device.h"

enum { MAX_KEPT_BLOCKS = 16 };

static const struct device_driver *driver_of(const vyre_context *c)
{
    return c->gpu->driver;
}

/* -- opening and closing ----------------------------------------------------------------------- */

static vyre_status open_entered(vyre_context *c, struct outcome *o)
{
    return driver_of(c)->allocate(c, DEVICE_LOCAL, DEVICE_PIECE, &c->gpu->nothing, o);
}

vyre_status device_open(vyre_context *c, struct outcome *o)
{
    pthread_mutex_init(&c->gpu->lock, NULL);
    pthread_mutex_init(&c->gpu->loading, NULL);
    vyre_status status = driver_of(c)->enter(c, o);
    if (!status) {
        status = open_entered(c, o);
        driver_of(c)->leave(c);
    }
    if (!status) return VYRE_OK;
    pthread_mutex_destroy(&c->gpu->loading);
    pthread_mutex_destroy(&c->gpu->lock);
    return status;
}

static void free_block(vyre_context *c, struct device_block *block)
{
    driver_of(c)->release(c, &block->memory);
    memory_put(&c->allocator, block, sizeof *block, _Alignof(struct device_block));
}

static void free_blocks(vyre_context *c)
{
    pthread_mutex_lock(&c->gpu->lock);
    struct device_block *blocks = c->gpu->blocks;
    c->gpu->blocks = NULL;
    c->gpu->n_blocks = 0;
    pthread_mutex_unlock(&c->gpu->lock);
    while (blocks) {
        struct device_block *next = blocks->next;
        free_block(c, blocks);
        blocks = next;
    }
}

void device_close(vyre_context *c)
{
    struct outcome ignored;
    bool entered = !driver_of(c)->enter(c, &ignored); /* a lost device's memory is given back all the same */
    device_jobs_free(c);
    free_blocks(c);
    driver_of(c)->release(c, &c->gpu->nothing);
    if (entered) driver_of(c)->leave(c);
    pthread_mutex_destroy(&c->gpu->loading);
    pthread_mutex_destroy(&c->gpu->lock);
}

/* -- blocks ------------------------------------------------------------------------------------ */

static bool fits(const struct device_block *block, uint64_t n_bytes)
{
    return block->memory.n_bytes >= n_bytes && block->memory.n_bytes / 4 <= n_bytes + 16384;
}

static struct device_block *take_kept(vyre_context *c, uint64_t n_bytes)
{
    struct device_block **best = NULL, *block = NULL;
    pthread_mutex_lock(&c->gpu->lock);
    for (struct device_block **at = &c->gpu->blocks; *at; at = &(*at)->next)
        if (fits(*at, n_bytes) && (!best || (*at)->memory.n_bytes < (*best)->memory.n_bytes)) best = at;
    if (best) {
        block = *best;
        *best = block->next;
        c->gpu->n_blocks--;
    }
    pthread_mutex_unlock(&c->gpu->lock);
    return block;
}

/* What is kept makes room, where there is none. */
static vyre_status allocate_block(vyre_context *c, uint64_t n_bytes, struct device_memory *m, struct outcome *o)
{
    vyre_status status = driver_of(c)->allocate(c, DEVICE_LOCAL, n_bytes, m, o);
    if (status != VYRE_ERROR_DEVICE_MEMORY) return status;
    free_blocks(c);
    o->status = VYRE_OK;
    return driver_of(c)->allocate(c, DEVICE_LOCAL, n_bytes, m, o);
}

vyre_status device_block_acquire(vyre_context *c, uint64_t n_bytes, struct device_block **block, struct outcome *o)
{
    *block = take_kept(c, n_bytes);
    if (*block) return VYRE_OK;
    struct device_block *b = memory_get(&c->allocator, sizeof *b, _Alignof(struct device_block));
    if (!b) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory to launch");
    memset(b, 0, sizeof *b);
    vyre_status status = allocate_block(c, n_bytes, &b->memory, o);
    if (status)
        memory_put(&c->allocator, b, sizeof *b, _Alignof(struct device_block));
    else
        *block = b;
    return status;
}

void device_block_release(vyre_context *c, struct device_block *block)
{
    if (!block) return;
    pthread_mutex_lock(&c->gpu->lock);
    bool is_kept = c->gpu->n_blocks < MAX_KEPT_BLOCKS;
    if (is_kept) {
        block->next = c->gpu->blocks;
        c->gpu->blocks = block;
        c->gpu->n_blocks++;
    }
    pthread_mutex_unlock(&c->gpu->lock);
    if (!is_kept) free_block(c, block);
}

/* -- buffers ----------------------------------------------------------------------------------- */

uint64_t device_address(const vyre_buffer *b, const void *bytes)
{
    const struct device_memory *m = b->device;
    return m->address + (uint64_t)((const unsigned char *)bytes - b->bytes);
}

/* A job for copies, in the order of no stream. */
static vyre_status begin(vyre_context *c, struct device_job **job, struct outcome *o)
{
    vyre_status status = driver_of(c)->enter(c, o);
    if (status) return status;
    status = device_job_take(c, false, job, o);
    if (status) driver_of(c)->leave(c);
    return status;
}

static vyre_status end(vyre_context *c, struct device_job *job, vyre_status status, struct outcome *o)
{
    status = device_end(c, job, NULL, status, o);
    device_job_give(c, job, status != VYRE_OK);
    driver_of(c)->leave(c);
    return status;
}

static vyre_status zero(vyre_context *c, const struct device_memory *m, struct outcome *o)
{
    struct device_job *job;
    vyre_status status = begin(c, &job, o);
    if (status) return status;
    return end(c, job, driver_of(c)->fill(c, job->queue, m->address, m->n_bytes, o), o);
}

static vyre_status allocate_buffer(vyre_buffer *b, struct device_memory *m, struct outcome *o)
{
    vyre_context *c = b->context;
    enum device_place place = b->kind == VYRE_BUFFER_MAPPED ? DEVICE_PINNED : DEVICE_LOCAL;
    uint64_t n_bytes = b->n_bytes ? device_round(b->n_bytes) : DEVICE_PIECE;
    if (n_bytes < b->n_bytes) return outcome_fail(o, VYRE_ERROR_DEVICE_MEMORY, "more than there are addresses");
    vyre_status status = driver_of(c)->enter(c, o);
    if (status) return status;
    status = driver_of(c)->allocate(c, place, n_bytes, m, o);
    driver_of(c)->leave(c);
    return status;
}

static struct device_memory *new_memory(vyre_buffer *b)
{
    struct device_memory *m = memory_get(&b->context->allocator, sizeof *m, _Alignof(struct device_memory));
    if (m) memset(m, 0, sizeof *m);
    return b->device = m;
}

vyre_status device_buffer_create(vyre_buffer *b, struct outcome *o)
{
    struct device_memory *m = new_memory(b);
    if (!m) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory for a buffer's description");
    vyre_status status = allocate_buffer(b, m, o);
    b->is_remote = !m->mapped;
    b->bytes = m->mapped ? m->mapped : (unsigned char *)(uintptr_t)m->address;
    if (!status && m->mapped) memset(m->mapped, 0, m->n_bytes);
    if (!status && b->is_remote) status = zero(b->context, m, o);
    if (status) device_buffer_destroy(b);
    return status;
}

void device_buffer_destroy(vyre_buffer *b)
{
    struct device_memory *m = b->device;
    vyre_context *c = b->context;
    struct outcome ignored;
    if (!m) return;
    if (m->address && !m->is_callers) {
        bool entered = !driver_of(c)->enter(c, &ignored);
        driver_of(c)->release(c, m);
        if (entered) driver_of(c)->leave(c);
    }
    memory_put(&c->allocator, m, sizeof *m, _Alignof(struct device_memory));
    b->device = NULL;
}

vyre_status device_buffer_copy(vyre_buffer *b, void *to, const void *from, uint64_t n_bytes, struct outcome *o)
{
    vyre_context *c = b->context;
    uintptr_t at = (uintptr_t)to, first = (uintptr_t)b->bytes;
    struct device_job *job;
    vyre_status status = begin(c, &job, o);
    if (status) return status;
    if (at >= first && at < first + b->n_bytes)
        status = device_upload(c, job, device_address(b, to), from, n_bytes, o);
    else
        status = device_download(c, job, to, device_address(b, from), n_bytes, o);
    return end(c, job, status, o);
}

vyre_status device_buffer_wrap(vyre_buffer *b, uint64_t address, struct outcome *o)
{
    vyre_context *c = b->context;
    if (!address && b->n_bytes)
        return outcome_fail(o, VYRE_ERROR_INVALID_ARGUMENT, "vyre_buffer_wrap_native: the address is 0");
    vyre_status status = driver_of(c)->enter(c, o);
    if (status) return status;
    if (b->n_bytes) status = driver_of(c)->adopt(c, address, o);
    driver_of(c)->leave(c);
    if (status) return status;
    struct device_memory *m = new_memory(b);
    if (!m) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory for a buffer's description");
    *m = (struct device_memory){.address = address, .n_bytes = b->n_bytes, .is_callers = true};
    b->is_remote = true;
    b->bytes = (unsigned char *)(uintptr_t)address;
    return VYRE_OK;
}
