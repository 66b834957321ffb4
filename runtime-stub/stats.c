/* stats.c - what a context has done so far, in numbers that do not depend on the clock. */
#include <string.h>

#include "runtime-stub/runtime.h"

static void add(vyre_context *c, enum counter counter, uint64_t n)
{
    struct context_counters *all = &c->counters;
    if (!n) return;
    if (pthread_equal(pthread_self(), all->owner)) {
        uint64_t before = atomic_load_explicit(&all->of_owner[counter], memory_order_relaxed);
        atomic_store_explicit(&all->of_owner[counter], before + n, memory_order_relaxed);
    } else {
        atomic_fetch_add_explicit(&all->of_others[counter], n, memory_order_relaxed);
    }
}

static uint64_t get(const vyre_context *c, enum counter counter)
{
    return atomic_load_explicit(&c->counters.of_owner[counter], memory_order_relaxed) +
           atomic_load_explicit(&c->counters.of_others[counter], memory_order_relaxed);
}

void stats_add_run(vyre_context *c, const struct plan *plan, vyre_status status)
{
    uint64_t n_groups = 0, n_read = 0, n_written = 0;
    add(c, COUNTER_runs, 1);
    add(c, COUNTER_failures, status != VYRE_OK);
    if (status) return;
    for (uint32_t i = 0; i < plan->unit->n_steps; i++)
        n_groups += plan->launches[i].n_groups;
    for (uint32_t i = 0; i < plan->unit->meta->n_buffers; i++) {
        const struct vyre_meta_buffer *b = &plan->unit->module->meta.buffers[plan->unit->meta->first_buffer + i];
        uint64_t n_bytes = plan->buffers[i].count * b->elem_bytes;
        n_read += b->access == VYRE_ACCESS_WRITE ? 0 : n_bytes;
        n_written += b->access == VYRE_ACCESS_WRITE || b->access == VYRE_ACCESS_READ_WRITE ? n_bytes : 0;
    }
    add(c, COUNTER_launches, plan->unit->n_steps);
    add(c, COUNTER_workgroups, n_groups);
    add(c, COUNTER_read_bytes, n_read);
    add(c, COUNTER_written_bytes, n_written);
    add(c, COUNTER_temp_bytes, plan->temps_bytes);
}

void stats_add_upload(vyre_context *c, uint64_t n_bytes)
{
    add(c, COUNTER_uploaded_bytes, n_bytes);
}

void stats_add_download(vyre_context *c, uint64_t n_bytes)
{
    add(c, COUNTER_downloaded_bytes, n_bytes);
}

void stats_add_sweep(vyre_context *c)
{
    add(c, COUNTER_tuner_sweeps, 1);
}

void stats_add_cache(vyre_context *c, bool is_hit)
{
    add(c, is_hit ? COUNTER_cache_hits : COUNTER_cache_misses, 1);
}

void stats_add_chunk(vyre_context *c)
{
    add(c, COUNTER_chunks, 1);
}

void stats_add_tuned(vyre_context *c)
{
    add(c, COUNTER_tuned_launches, 1);
}

void stats_add_fallback(vyre_context *c)
{
    add(c, COUNTER_fallbacks, 1);
}

vyre_status vyre_context_get_stats(vyre_context *context, vyre_context_stats *stats)
{
    if (!context) return VYRE_ERROR_INVALID_ARGUMENT;
    if (!stats || stats->size < sizeof stats->size)
        return context_fail(context, VYRE_ERROR_INVALID_ARGUMENT, "vyre_context_get_stats: set stats->size first");
    size_t room = stats->size;
    vyre_context_stats mine = {.size = room,
#define COUNTER(name) .name = get(context, COUNTER_##name),
                               CONTEXT_COUNTERS(COUNTER)
#undef COUNTER
    };
    memset(stats, 0, room);
    memcpy(stats, &mine, room < sizeof mine ? room : sizeof mine);
    return VYRE_OK;
}
