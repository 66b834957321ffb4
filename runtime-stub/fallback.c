/* fallback.c - runs a plan on the CPU that the context's device cannot run right.
 *
 * The whole plan, not single arms: what lies on the device is copied once before and once after. */
#include <string.h>

#include "runtime-stub/runtime.h"

static const struct vyre_meta_buffer *meta_buffer(const struct vyre_unit *u, uint32_t i)
{
    return &u->module->meta.buffers[u->meta->first_buffer + i];
}

static bool is_written(const struct vyre_meta_buffer *b)
{
    return b->access == VYRE_ACCESS_WRITE || b->access == VYRE_ACCESS_READ_WRITE;
}

/* -- the CPU, as a guest in another backend's context ------------------------------------------ */

static vyre_status prepare(vyre_context *c, struct module *m, struct outcome *o)
{
    vyre_status status = VYRE_OK;
    pthread_mutex_lock(&c->loading);
    if (!c->pool) status = cpu_prepare(c, NULL, o);
    if (!status && !m->has_cpu_code) m->has_cpu_code = cpu_pick_code(m);
    pthread_mutex_unlock(&c->loading);
    return status;
}

/* -- buffers ----------------------------------------------------------------------------------- */

/* Host memory that stands for a remote argument. */
struct stand_in {
    struct block *block;
    void *remote;
};

static uint64_t argument_bytes(const struct plan *plan, uint32_t i)
{
    return plan->buffers[i].count * meta_buffer(plan->unit, i)->elem_bytes;
}

static bool is_remote(const struct plan *plan, uint32_t i)
{
    return plan->held[i] && plan->held[i]->is_remote && argument_bytes(plan, i);
}

static vyre_status fetch(vyre_context *c, struct plan *plan, uint32_t i, struct stand_in *s, struct outcome *o)
{
    if (!is_remote(plan, i)) return VYRE_OK;
    s->block = block_acquire(c, argument_bytes(plan, i), CACHE_LINE);
    if (!s->block)
        return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "%s: no memory to run it on the CPU", unit_name(plan->unit));
    s->remote = plan->buffers[i].bytes;
    plan->buffers[i].bytes = s->block->bytes;
    if (meta_buffer(plan->unit, i)->access == VYRE_ACCESS_WRITE) return VYRE_OK;
    return buffer_copy(plan->held[i], s->block->bytes, s->remote, argument_bytes(plan, i), o);
}

static vyre_status put_back(struct plan *plan, uint32_t i, const struct stand_in *s, struct outcome *o)
{
    if (!s->block || !is_written(meta_buffer(plan->unit, i))) return VYRE_OK;
    return buffer_copy(plan->held[i], s->remote, s->block->bytes, argument_bytes(plan, i), o);
}

/* -- the plan ---------------------------------------------------------------------------------- */

/* The launches see the arguments where they are now; temps are placed when it runs. */
static void pass_arguments(struct plan *plan)
{
    plan_place_temps(plan, plan); /* any address will do */
    if (plan->unit->n_steps && plan->unit->steps[0].first_arg == NONE_BOUND)
        memcpy(plan->launches[0].buffers, plan->buffers, plan->unit->meta->n_buffers * sizeof *plan->buffers);
}

static vyre_status run_here(vyre_context *c, struct plan *plan, struct stand_in *stand_ins, struct outcome *o)
{
    vyre_status status = VYRE_OK;
    uint32_t n = plan->unit->meta->n_buffers;
    for (uint32_t i = 0; i < n && !status; i++)
        status = fetch(c, plan, i, &stand_ins[i], o);
    if (!status) {
        pass_arguments(plan);
        if (!cpu_backend.scratch_bytes(c, plan, &plan->scratch_bytes))
            status =
                outcome_fail(o, VYRE_ERROR_OVERFLOW, "%s: its workgroups need more memory than there are addresses",
                             unit_name(plan->unit));
    }
    if (!status) status = cpu_backend.run(c, plan, o);
    for (uint32_t i = 0; i < n && !status; i++)
        status = put_back(plan, i, &stand_ins[i], o);
    for (uint32_t i = 0; i < n; i++)
        if (stand_ins[i].block) block_release(c, stand_ins[i].block);
    return status;
}

static bool has_cpu_code(const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->unit->n_steps; i++)
        if (!plan->unit->module->programs[plan->launches[i].program->index].kernel) return false;
    return true;
}

vyre_status fallback_run(vyre_context *c, struct plan *plan, const char *why, struct outcome *o)
{
    struct module *m = plan->unit->module;
    vyre_status status = prepare(c, m, o);
    if (status) return status;
    if (!has_cpu_code(plan))
        return outcome_fail(o, VYRE_ERROR_UNSUPPORTED, "%.900s; nor has the object CPU code to run instead", why);
    size_t n_bytes = (plan->unit->meta->n_buffers + 1) * sizeof(struct stand_in);
    struct stand_in *stand_ins = memory_get(&c->allocator, n_bytes, _Alignof(struct stand_in));
    if (!stand_ins)
        return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "%s: no memory to run it on the CPU", unit_name(plan->unit));
    memset(stand_ins, 0, n_bytes);
    status = run_here(c, plan, stand_ins, o);
    memory_put(&c->allocator, stand_ins, n_bytes, _Alignof(struct stand_in));
    if (status) return status;
    context_log(c, VYRE_LOG_NOTE, "%s runs on the CPU: %s", unit_name(plan->unit), why);
    outcome_fail(o, VYRE_OK, "on the CPU: %.900s", why);
    return VYRE_OK;
}
