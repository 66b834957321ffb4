/* vulkan_trace.c - when the device did what: timestamps between the parts of a submission, on the clock of the host.
 *
 *   submitted |  uploads | step 0 | step 1 | ... | downloads | the fence was seen
 *
 * The device's clock has a zero of its own. The last timestamp is taken for the moment in which the end of the submission was seen,
 * so all parts are late by the same fraction of a millisecond. Steps that nothing orders may run at once: then what a trace
 * shows of each is the time between the ends of two. */
#include "runtime-stub/vulkan.h"

static uint32_t n_times(const struct vulkan_recording *r)
{
    return VULKAN_TRACE_STEPS + r->unit->n_steps + 1;
}

vyre_status vulkan_trace_begin(vyre_context *c, struct vulkan_recording *r, struct outcome *o)
{
    struct vulkan *v = c->vulkan;
    VkQueryPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                  .queryType = VK_QUERY_TYPE_TIMESTAMP,
                                  .queryCount = n_times(r)};
    if (!c->trace || !v->has_timestamps) return VYRE_OK;
    VkResult result = v->vk.CreateQueryPool(v->device, &info, NULL, &r->trace_times);
    return result ? vulkan_fail(v, o, result, "vkCreateQueryPool") : VYRE_OK;
}

void vulkan_trace_reset(vyre_context *c, const struct vulkan_recording *r, VkCommandBuffer commands)
{
    if (r->trace_times) c->vulkan->vk.CmdResetQueryPool(commands, r->trace_times, 0, n_times(r));
}

void vulkan_trace_mark(vyre_context *c, const struct vulkan_recording *r, VkCommandBuffer commands, uint32_t which)
{
    if (r->trace_times)
        c->vulkan->vk.CmdWriteTimestamp(commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, r->trace_times, which);
}

/* -- reading ----------------------------------------------------------------------------------- */

/* A submission on the host's clock. */
struct timeline {
    struct vulkan *v;
    const struct vulkan_trace_times *host;
    uint64_t *ticks; /* NULL: the device tells nothing */
    uint32_t n;
};

/* Never before the submission, nor before an earlier part. */
static uint64_t time_of(const struct timeline *t, uint32_t which)
{
    if (!t->ticks)
        return which == VULKAN_TRACE_START || which == VULKAN_TRACE_UPLOADS ? t->host->submit_ns : t->host->end_ns;
    uint64_t before_end = (t->ticks[t->n - 1] - t->ticks[which]) & t->v->timestamp_mask;
    double ns = (double)before_end * (double)t->v->limits.timestampPeriod;
    double most = (double)(t->host->end_ns - t->host->submit_ns);
    return t->host->end_ns - (uint64_t)(ns < most ? ns : most);
}

static bool read_ticks(struct timeline *t, const struct vulkan_recording *r, struct block *block)
{
    t->ticks = block->bytes;
    return !t->v->vk.GetQueryPoolResults(t->v->device, r->trace_times, 0, t->n, t->n * sizeof *t->ticks, t->ticks,
                                         sizeof *t->ticks, VK_QUERY_RESULT_64_BIT);
}

static void write_parts(vyre_context *c, const struct timeline *t, const struct plan *plan)
{
    const char *name = unit_name(plan->unit);
    trace_add_move(c->trace, TRACE_UPLOAD, name, t->host->in_ns, time_of(t, VULKAN_TRACE_UPLOADS), t->host->n_uploaded);
    for (uint32_t i = 0; i < plan->unit->n_steps; i++)
        trace_add_launch(c->trace, &plan->launches[i], time_of(t, VULKAN_TRACE_STEPS + i - 1),
                         time_of(t, VULKAN_TRACE_STEPS + i));
    trace_add_move(c->trace, TRACE_DOWNLOAD, name, time_of(t, VULKAN_TRACE_STEPS + plan->unit->n_steps - 1),
                   t->host->out_ns, t->host->n_downloaded);
}

void vulkan_trace_write(vyre_context *c, const struct vulkan_recording *r, const struct plan *plan,
                        const struct vulkan_trace_times *times)
{
    struct timeline t = {.v = c->vulkan, .host = times, .n = n_times(r)};
    if (!c->trace) return;
    struct block *block = r->trace_times ? block_acquire(c, t.n * sizeof *t.ticks, 16) : NULL;
    if (block && !read_ticks(&t, r, block)) t.ticks = NULL;
    write_parts(c, &t, plan);
    block_release(c, block);
}
