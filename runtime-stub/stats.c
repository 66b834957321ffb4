/* stats.c - what a context has done so far, in numbers that do not depend on the clock. */
#include <string.h>

#include "runtime-stub/runtime.h"

static void add(_Atomic uint64_t *counter, uint64_t n)
{
    if (n) atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

void stats_add_run(vyre_context *c, const struct plan *plan, vyre_status status)
{
    uint64_t n_groups = 0, n_read = 0, n_written = 0;
    add(&c->counters.runs, 1);
    add(&c->counters.failures, status != VYRE_OK);
    if (status) return;
    for (uint32_t i = 0; i < plan->unit->n_steps; i++)
        n_groups += plan->launches[i].n_groups;
    for (uint32_t i = 0; i < plan->unit->meta->n_buffers; i++) {
        const struct vyre_meta_buffer *b = &plan->unit->module->meta.buffers[plan->unit->meta->first_buffer + i];
        uint64_t n_bytes = plan->buffers[i].count * b->elem_bytes;
        n_read += b->access == VYRE_ACCESS_WRITE ? 0 : n_bytes;
        n_written += b->access == VYRE_ACCESS_WRITE || b->access == VYRE_ACCESS_READ_WRITE ? n_bytes : 0;
    }
    add(&c->counters.launches, plan->unit->n_steps);
    add(&c->counters.workgroups, n_groups);
    add(&c->counters.read_bytes, n_read);
    add(&c->counters.written_bytes, n_written);
    add(&c->counters.temp_bytes, plan->temps_bytes);
}

void stats_add_upload(vyre_context *c, uint64_t n_bytes)
{
    add(&c->counters.uploaded_bytes, n_bytes);
}

void stats_add_download(vyre_context *c, uint64_t n_bytes)
{
    add(&c->counters.downloaded_bytes, n_bytes);
}

void stats_add_sweep(vyre_context *c)
{
    add(&c->counters.tuner_sweeps, 1);
}

void stats_add_cache(vyre_context *c, bool is_hit)
{
    add(is_hit ? &c->counters.cache_hits : &c->counters.cache_misses, 1);
}

void stats_add_chunk(vyre_context *c)
{
    add(&c->counters.chunks, 1);
}

void stats_add_tuned(vyre_context *c)
{
    add(&c->counters.tuned_launches, 1);
}

void stats_add_fallback(vyre_context *c)
{
    add(&c->counters.fallbacks, 1);
}

vyre_status vyre_context_get_stats(vyre_context *context, vyre_context_stats *stats)
{
    if (!context) return VYRE_ERROR_INVALID_ARGUMENT;
    if (!stats || stats->size < sizeof stats->size)
        return context_fail(context, VYRE_ERROR_INVALID_ARGUMENT, "vyre_context_get_stats: set stats->size first");
    size_t room = stats->size;
    vyre_context_stats mine = {.size = room,
#define COUNTER(name) .name = atomic_load_explicit(&context->counters.name, memory_order_relaxed),
                               CONTEXT_COUNTERS(COUNTER)
#undef COUNTER
    };
    memset(stats, 0, room);
    memcpy(stats, &mine, room < sizeof mine ? room : sizeof mine);
    return VYRE_OK;
}
