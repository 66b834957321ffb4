/* vulkan_run.c - a plan as one submission: uploads, zeros, each arm's dispatches with barriers between, downloads.
 *
 * The commands of a recording are kept as long as its params stay; then a launch is memory copied in, a submission, a wait, and
 * memory copied out. */
#include <string.h>

#include "runtime-stub/vulkan.h"

enum { LAUNCH_WORDS = 7, TIMESTAMPS = 2 };

struct run {
    vyre_context *c;
    struct vulkan *v;
    struct plan *plan;
    struct vulkan_recording *recording;
    VkCommandBuffer commands;
    uint32_t since; /* the first step behind the last barrier */
    struct outcome *o;
};

static const struct vyre_meta_buffer *argument(const struct run *r, uint32_t i)
{
    return vulkan_meta_buffer(r->plan->unit, i);
}

/* -- recording --------------------------------------------------------------------------------- */

static void barrier(struct run *r, VkPipelineStageFlags from, VkAccessFlags wrote, VkPipelineStageFlags to,
                    VkAccessFlags next)
{
    VkMemoryBarrier memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER, .srcAccessMask = wrote, .dstAccessMask = next};
    r->v->vk.CmdPipelineBarrier(r->commands, from, to, 0, 1, &memory, 0, NULL, 0, NULL);
}

static void barrier_before_shaders(struct run *r)
{
    barrier(r, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
            VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
            VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT);
}

static void barrier_before_fills(struct run *r)
{
    barrier(r, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
            VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
            VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT);
}

static void record_copy(struct run *r, VkBuffer from, uint64_t from_offset, VkBuffer to, uint64_t to_offset,
                        uint64_t n_bytes)
{
    VkBufferCopy copy = {from_offset, to_offset, n_bytes};
    r->v->vk.CmdCopyBuffer(r->commands, from, to, 1, &copy);
}

/* What is only written needs no upload. */
static void record_uploads(struct run *r)
{
    for (uint32_t i = 0; i < r->recording->n_args; i++) {
        const struct vulkan_placed *p = &r->recording->placed[i];
        if (argument(r, i)->access == VYRE_ACCESS_WRITE || !p->device.buffer) continue;
        if (p->source)
            record_copy(r, p->source, p->source_offset, p->buffer, 0, p->n_bytes);
        else if (p->staging.buffer)
            record_copy(r, p->staging.buffer, 0, p->buffer, 0, p->n_bytes);
    }
}

static void record_downloads(struct run *r)
{
    barrier(r, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
            VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
            VK_PIPELINE_STAGE_TRANSFER_BIT | VK_PIPELINE_STAGE_HOST_BIT,
            VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT | VK_ACCESS_HOST_READ_BIT);
    bool any = false;
    for (uint32_t i = 0; i < r->recording->n_args; i++) {
        const struct vulkan_placed *p = &r->recording->placed[i];
        if (!vulkan_is_written(argument(r, i)) || !p->device.buffer || (!p->source && !p->staging.buffer)) continue;
        any = true;
        if (p->source)
            record_copy(r, p->buffer, 0, p->source, p->source_offset, p->n_bytes);
        else
            record_copy(r, p->buffer, 0, p->staging.buffer, 0, p->n_bytes);
    }
    if (any)
        barrier(r, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT, VK_PIPELINE_STAGE_HOST_BIT,
                VK_ACCESS_HOST_READ_BIT);
}

/* The first byte of a step's argument that must be zero: of its elements, or of all where it is a temp in memory that another
 * had before. */
static uint64_t find_zeros(const struct run *r, uint32_t step, uint32_t i)
{
    const struct launch *l = &r->plan->launches[step];
    const struct temp_life *t = plan_new_temp(r->plan->unit, step, i);
    if (t && t->needs_zeros && !t->is_first) return 0;
    return l->zero_from[i] * vulkan_meta_buffer(l->program, i)->elem_bytes;
}

/* Fills begin and end on 4 bytes (20.4): what lies before zero_from is written by the program afterwards, but what lies behind the end
 * may be somebody else's. */
static void record_zero_bytes(struct run *r, const struct vulkan_placed *p, uint64_t from, uint64_t to)
{
    uint64_t first = from & ~(uint64_t)3, last = to & ~(uint64_t)3;
    if (first < last) r->v->vk.CmdFillBuffer(r->commands, p->buffer, p->offset + first, last - first, 0);
    if (last < to) record_copy(r, r->v->nothing.buffer, 0, p->buffer, p->offset + last, to - last);
}

static bool record_zeros(struct run *r, uint32_t step)
{
    const struct launch *l = &r->plan->launches[step];
    bool any = false;
    for (uint32_t i = 0; i < l->program->meta->n_buffers; i++) {
        uint64_t elem = vulkan_meta_buffer(l->program, i)->elem_bytes, from = find_zeros(r, step, i),
                 to = l->buffers[i].count * elem;
        if (from >= to) continue;
        const struct vulkan_placed *p = &r->recording->placed[vulkan_plan_buffer(r->plan->unit, step, i)];
        if (!any) barrier_before_fills(r);
        any = true;
        record_zero_bytes(r, p, from, to);
    }
    return any;
}

/* Of those that nothing has to end for. */
static void record_temp_zeros(struct run *r)
{
    const struct vulkan_recording *k = r->recording;
    for (uint32_t i = k->n_args; i < k->n_buffers; i++) {
        const struct temp_life *t = &r->plan->unit->temps[i - k->n_args];
        if (k->placed[i].n_bytes && t->needs_zeros && t->is_first)
            r->v->vk.CmdFillBuffer(r->commands, k->placed[i].buffer, 0, (k->placed[i].n_bytes + 3) & ~(uint64_t)3, 0);
    }
}

/* -- launch words ------------------------------------------------------------------------------ */

static uint64_t find_address(struct run *r, uint32_t i)
{
    const struct vulkan_placed *p = &r->recording->placed[i];
    VkBufferDeviceAddressInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO, .buffer = p->buffer};
    return r->v->vk.GetBufferDeviceAddress(r->v->device, &info) + p->offset;
}

/* One dispatch's words: groups of the whole launch, first group of this part, lengths, params, addresses. */
static void fill_words(struct run *r, uint32_t step, const struct vulkan_program *p, const uint32_t *base,
                       unsigned char *words)
{
    const struct launch *l = &r->plan->launches[step];
    memset(words, 0, p->head->args_bytes);
    memcpy(words, l->groups, 12);
    memcpy(words + 12, base, 12);
    for (uint32_t i = 0; i < p->head->n_buffers; i++) {
        uint32_t count = (uint32_t)l->buffers[i].count;
        memcpy(words + (LAUNCH_WORDS + i) * 4, &count, 4);
    }
    for (uint32_t i = 0; i < p->head->n_params; i++) {
        uint32_t room = p->head->args_bytes - p->param_offsets[i];
        memcpy(words + p->param_offsets[i], &l->params[i],
               room < 8 || l->program->module->meta.params[l->program->meta->first_param + i].bytes <= 4 ? 4 : 8);
    }
    for (uint32_t i = 0; i < p->head->n_buffers && p->head->flags & VYRE_SPIRV_ADDRESSES; i++) {
        uint64_t address = find_address(r, vulkan_plan_buffer(r->plan->unit, step, i));
        memcpy(words + p->buffer_bindings[i], &address, sizeof address);
    }
}

/* -- dispatches: in parts, where the grid is larger than the device takes at once --------------- */

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Workgroups first_x up to end_x, in x, of all in y and z. */
static void dispatch_parts(struct run *r, uint32_t step, const struct vulkan_program *p, uint32_t first_x,
                           uint32_t end_x)
{
    const struct launch *l = &r->plan->launches[step];
    const uint32_t *max = r->v->limits.maxComputeWorkGroupCount;
    unsigned char words[256];
    uint32_t base[3];
    for (base[2] = 0; base[2] < l->groups[2]; base[2] += min_u32(max[2], l->groups[2] - base[2])) {
        for (base[1] = 0; base[1] < l->groups[1]; base[1] += min_u32(max[1], l->groups[1] - base[1])) {
            for (base[0] = first_x; base[0] < end_x; base[0] += min_u32(max[0], end_x - base[0])) {
                if (p->head->args_binding == VYRE_SPIRV_NONE) {
                    fill_words(r, step, p, base, words);
                    r->v->vk.CmdPushConstants(r->commands, p->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                                              (p->head->args_bytes + 3) & ~3u, words);
                }
                r->v->vk.CmdDispatch(r->commands, min_u32(max[0], end_x - base[0]),
                                     min_u32(max[1], l->groups[1] - base[1]), min_u32(max[2], l->groups[2] - base[2]));
            }
        }
    }
}

/* Exactly the invocations of the declared workgroups: as many wide ones as there are, then declared ones. */
static vyre_status dispatch_wide(struct run *r, uint32_t step, const struct vulkan_program *p)
{
    const struct launch *l = &r->plan->launches[step];
    uint64_t size = l->program->meta->workgroup[0], all = l->groups[0] * size, n_wide = all / l->width;
    while (n_wide * l->width % size) /* the others begin with a declared one */
        n_wide--;
    VkPipeline wide = vulkan_pipeline_get(r->c, p, l->width, r->o);
    if (!wide) return r->o->status;
    r->v->vk.CmdBindPipeline(r->commands, VK_PIPELINE_BIND_POINT_COMPUTE, wide);
    dispatch_parts(r, step, p, 0, (uint32_t)n_wide);
    r->v->vk.CmdBindPipeline(r->commands, VK_PIPELINE_BIND_POINT_COMPUTE, p->pipeline);
    dispatch_parts(r, step, p, (uint32_t)(n_wide * l->width / size), l->groups[0]);
    return VYRE_OK;
}

static vyre_status check_parts(struct run *r, const struct launch *l, const struct vulkan_program *p)
{
    const uint32_t *max = r->v->limits.maxComputeWorkGroupCount, *size = l->program->meta->workgroup;
    uint64_t n_invocations = (uint64_t)size[0] * size[1] * size[2]; /* of a group: at most a few thousand */
    if (p->head->trap_binding != VYRE_SPIRV_NONE && l->n_groups >= UINT32_MAX / n_invocations)
        return outcome_fail(r->o, VYRE_ERROR_GRID,
                            "%s: may trap, and 2^32 - 1 or more invocations cannot be told apart on %s",
                            unit_name(l->program), r->c->device);
    bool in_one = l->groups[0] <= max[0] && l->groups[1] <= max[1] && l->groups[2] <= max[2];
    if (in_one || p->head->args_binding == VYRE_SPIRV_NONE) return VYRE_OK;
    return outcome_fail(r->o, VYRE_ERROR_GRID,
                        "%s: %u x %u x %u workgroups are more than %s takes at once, and its params are too "
                        "many for a launch in parts",
                        unit_name(l->program), l->groups[0], l->groups[1], l->groups[2], r->c->device);
}

static vyre_status record_launch(struct run *r, uint32_t step)
{
    static const uint32_t no_base[3];
    const struct launch *l = &r->plan->launches[step];
    const struct vulkan_program *p = vulkan_step_program(r->c, r->recording, step, r->o);
    if (!p) return r->o->status;
    if (record_zeros(r, step) || !step || plan_waits(r->plan->unit, step, r->since)) {
        barrier_before_shaders(r);
        r->since = step;
    }
    if (!l->n_groups) return VYRE_OK;
    vyre_status status = check_parts(r, l, p);
    if (status) return status;
    if (p->head->args_binding != VYRE_SPIRV_NONE)
        fill_words(r, step, p, no_base, r->recording->args.mapped + r->recording->args_at[step]);
    r->v->vk.CmdBindPipeline(r->commands, VK_PIPELINE_BIND_POINT_COMPUTE, p->pipeline);
    r->v->vk.CmdBindDescriptorSets(r->commands, VK_PIPELINE_BIND_POINT_COMPUTE, p->layout, 0, 1,
                                   &r->recording->sets[step], 0, NULL);
    if (l->width) return dispatch_wide(r, step, p);
    dispatch_parts(r, step, p, 0, l->groups[0]);
    return VYRE_OK;
}

static void record_timestamp(struct run *r, VkPipelineStageFlagBits stage, uint32_t which)
{
    if (!r->v->has_timestamps) return;
    if (!which) r->v->vk.CmdResetQueryPool(r->commands, r->recording->job->timestamps, 0, TIMESTAMPS);
    r->v->vk.CmdWriteTimestamp(r->commands, stage, r->recording->job->timestamps, which);
}

static vyre_status record(struct run *r)
{
    vyre_status status = vulkan_begin(r->c, r->recording->job, r->o);
    if (status) return status;
    record_timestamp(r, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT, 0);
    vulkan_trace_reset(r->c, r->recording, r->commands);
    vulkan_trace_mark(r->c, r->recording, r->commands, VULKAN_TRACE_START);
    record_uploads(r);
    record_temp_zeros(r);
    vulkan_trace_mark(r->c, r->recording, r->commands, VULKAN_TRACE_UPLOADS);
    for (uint32_t i = 0; i < r->plan->unit->n_steps && !status; i++) {
        status = record_launch(r, i);
        vulkan_trace_mark(r->c, r->recording, r->commands, VULKAN_TRACE_STEPS + i);
    }
    record_downloads(r);
    vulkan_trace_mark(r->c, r->recording, r->commands, VULKAN_TRACE_STEPS + r->plan->unit->n_steps);
    record_timestamp(r, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, 1);
    return status ? status : vulkan_end(r->c, r->recording->job, r->o);
}

/* The kept commands, where they are for the same params. */
static vyre_status update_commands(struct run *r)
{
    struct vulkan_recording *k = r->recording;
    uint32_t n_params = r->plan->unit->meta->n_params;
    uint64_t *widths = k->params + n_params;
    bool is_same = k->has_commands && (!n_params || !memcmp(k->params, r->plan->params, n_params * sizeof *k->params));
    for (uint32_t i = 0; i < r->plan->unit->n_steps; i++) {
        is_same = is_same && widths[i] == r->plan->launches[i].width;
        widths[i] = r->plan->launches[i].width;
    }
    if (is_same) return VYRE_OK;
    k->has_commands = false;
    vyre_status status = record(r);
    if (n_params) memcpy(k->params, r->plan->params, n_params * sizeof *k->params);
    k->has_commands = !status;
    return status;
}

/* -- memory of the host ------------------------------------------------------------------------ */

static unsigned char *host_side(const struct vulkan_placed *p)
{
    if (!p->device.buffer || p->source) return NULL;
    return p->device.mapped ? p->device.mapped : p->staging.mapped;
}

static uint64_t copy_in(struct run *r)
{
    const struct vulkan_recording *k = r->recording;
    uint64_t n_bytes = 0;
    for (uint32_t i = 0; i < k->n_args; i++) {
        unsigned char *to = host_side(&k->placed[i]);
        if (!to || argument(r, i)->access == VYRE_ACCESS_WRITE) continue;
        memcpy(to, r->plan->buffers[i].bytes, k->placed[i].n_bytes);
        stats_add_upload(r->c, k->placed[i].n_bytes);
        n_bytes += k->placed[i].n_bytes;
    }
    memset(k->traps.mapped, 0, (size_t)r->plan->unit->n_steps * VULKAN_TRAP_STRIDE);
    return n_bytes;
}

static uint64_t copy_out(struct run *r)
{
    const struct vulkan_recording *k = r->recording;
    uint64_t n_bytes = 0;
    for (uint32_t i = 0; i < k->n_args; i++) {
        const unsigned char *from = host_side(&k->placed[i]);
        if (!from || !vulkan_is_written(argument(r, i))) continue;
        memcpy(r->plan->buffers[i].bytes, from, k->placed[i].n_bytes);
        stats_add_download(r->c, k->placed[i].n_bytes);
        n_bytes += k->placed[i].n_bytes;
    }
    return n_bytes;
}

/* The arm's lowest invocation, inverted, and its code; 0: none. */
static uint64_t find_trap(const struct vulkan_program *p, const unsigned char *bytes, uint32_t arm)
{
    const uint32_t *words = (const uint32_t *)bytes;
    uint64_t key = 0;
    if (!p->head->n_trap_codes) return ((const struct vyre_trap_record *)bytes)[arm].key;
    for (uint32_t i = 0; i < p->head->n_trap_codes; i++)
        if (p->trap_code_arms[i] == arm && words[i] > key >> 32) key = (uint64_t)words[i] << 32 | p->trap_codes[i];
    return key;
}

/* The first arm of a launch that has one counts. */
static vyre_status check_traps_of(struct run *r, uint32_t step, const unsigned char *bytes)
{
    const struct launch *l = &r->plan->launches[step];
    const struct vulkan_program *p = vulkan_step_program(r->c, r->recording, step, r->o);
    for (uint32_t arm = 0; p && arm < unit_n_trap_arms(l->program); arm++) {
        uint64_t key = find_trap(p, bytes, arm);
        if (key) return launch_trap(r->plan, l, arm, (uint32_t)key, (uint32_t)~(key >> 32), r->o);
    }
    return VYRE_OK;
}

static vyre_status check_traps(struct run *r)
{
    for (uint32_t i = 0; i < r->plan->unit->n_steps; i++) {
        const unsigned char *bytes = r->recording->traps.mapped + (size_t)i * VULKAN_TRAP_STRIDE;
        if (!((const uint64_t *)bytes)[0] && !memcmp(bytes, bytes + 8, VULKAN_TRAP_BYTES - 8)) continue;
        vyre_status status = check_traps_of(r, i, bytes);
        if (status) return status;
    }
    return VYRE_OK;
}

/* The device may have ended loops of a launch that nothing bounds: then nothing that was computed counts. */
static vyre_status check_counts(struct run *r)
{
    for (uint32_t i = 0; i < r->plan->unit->n_steps; i++) {
        struct launch *l = &r->plan->launches[i];
        const unsigned char *record = r->recording->traps.mapped + (size_t)i * VULKAN_TRAP_STRIDE;
        l->was_cut = l->is_counted && *(const uint32_t *)(record + VYRE_SPIRV_CUT_AT);
        if (l->was_cut)
            return outcome_fail(r->o, VYRE_ERROR_UNSUPPORTED,
                                "%s: the loops of '%s' went around more often than %s does for sure (probe rounds)",
                                unit_name(l->program), unit_name(l->program), r->c->device);
    }
    return VYRE_OK;
}

/* -- running ----------------------------------------------------------------------------------- */

static void read_timestamps(struct run *r)
{
    uint64_t times[TIMESTAMPS];
    struct vulkan *v = r->v;
    if (!r->plan->is_timed || !v->has_timestamps) return;
    VkResult result = v->vk.GetQueryPoolResults(v->device, r->recording->job->timestamps, 0, TIMESTAMPS, sizeof times,
                                                times, sizeof *times, VK_QUERY_RESULT_64_BIT);
    if (result) return;
    uint64_t ticks = (times[1] - times[0]) & v->timestamp_mask;
    r->o->device_ns = (uint64_t)((double)ticks * (double)v->limits.timestampPeriod);
}

static uint64_t trace_clock(const struct run *r)
{
    return r->c->trace ? clock_ns() : 0;
}

static vyre_status run_recording(struct run *r)
{
    r->commands = r->recording->job->commands;
    vyre_status status = update_commands(r);
    if (status) return status;
    struct vulkan_trace_times t = {.in_ns = trace_clock(r)};
    t.n_uploaded = copy_in(r);
    t.submit_ns = trace_clock(r);
    status = vulkan_submit(r->c, r->recording->job, r->o);
    if (status) return status;
    t.end_ns = trace_clock(r);
    status = check_counts(r);
    if (status) return status;
    t.n_downloaded = copy_out(r);
    t.out_ns = trace_clock(r);
    read_timestamps(r);
    vulkan_trace_write(r->c, r->recording, r->plan, &t);
    return check_traps(r);
}

vyre_status vulkan_run(vyre_context *c, struct plan *plan, struct outcome *o)
{
    struct run r = {.c = c, .v = c->vulkan, .plan = plan, .o = o};
    if (!plan->unit->n_steps) return VYRE_OK;
    r.recording = vulkan_take_recording(c, plan, o);
    if (!r.recording) return o->status;
    vyre_status status = run_recording(&r);
    if (status && status != VYRE_ERROR_TRAP)
        vulkan_end_recording(c, r.recording);
    else
        vulkan_give_recording(c, r.recording);
    return status;
}
