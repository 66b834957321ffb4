/* vulkan_run.c - a plan as one submission: uploads, zeros, each arm's dispatches with barriers between, downloads.
 *
 * Arguments in host memory get device memory for the time of the launch; buffers of the context are used where they
 * lie. */
#include <string.h>

#include "runtime-stub/vulkan.h"

typedef unsigned long long ull;
enum { MAX_DESCRIPTORS = 512, LAUNCH_WORDS = 7 };

/* Where a buffer of the plan is for this launch. */
struct placed {
    VkBuffer buffer;
    uint64_t offset;
    struct vulkan_memory device;  /* ours, when the argument is host memory, or a temp */
    struct vulkan_memory staging; /* on the host's side, where `device` cannot be mapped */
};

struct run {
    vyre_context *c;
    struct vulkan *v;
    struct plan *plan;
    struct vulkan_job *job;
    struct placed *placed; /* per buffer of the plan */
    uint32_t n_buffers, n_args;
    VkDescriptorPool descriptors;
    struct vulkan_memory traps; /* struct vyre_trap_record per launch */
    struct vulkan_memory args;  /* launch words that are too many for push constants */
    uint64_t args_used;
    struct outcome *o;
};

static const struct vyre_meta_buffer *meta_buffer(const struct vyre_unit *u, uint32_t i)
{
    return &u->module->meta.buffers[u->meta->first_buffer + i];
}

static uint64_t buffer_bytes(const struct run *r, uint32_t i)
{
    return r->plan->buffers[i].count * meta_buffer(r->plan->unit, i)->elem_bytes;
}

static bool is_written(const struct vyre_meta_buffer *b)
{
    return b->access == VYRE_ACCESS_WRITE || b->access == VYRE_ACCESS_READ_WRITE;
}

/* -- places */

static vyre_status check_range(struct run *r, uint32_t i)
{
    const struct vyre_unit *u = r->plan->unit;
    if (buffer_bytes(r, i) <= r->v->limits.maxStorageBufferRange) return VYRE_OK;
    return outcome_fail(r->o, VYRE_ERROR_LENGTH,
                        "%s: '%s' has %llu bytes, and %s reaches %u of a buffer: give it the data in "
                        "pieces, or run on another device",
                        unit_name(u), unit_string(u, meta_buffer(u, i)->name), (ull)buffer_bytes(r, i), r->c->device,
                        r->v->limits.maxStorageBufferRange);
}

/* A buffer of the context, where its offset is one that descriptors may have. */
static bool use_in_place(struct run *r, uint32_t i)
{
    if (i >= r->n_args || !r->plan->held[i] || !r->plan->held[i]->device) return false;
    const vyre_buffer *b = r->plan->held[i];
    const struct vulkan_memory *memory = b->device;
    uint64_t offset = r->plan->buffers[i].bytes ? (uint64_t)((unsigned char *)r->plan->buffers[i].bytes - b->bytes) : 0;
    if (offset % r->v->limits.minStorageBufferOffsetAlignment) return false;
    r->placed[i].buffer = memory->buffer;
    r->placed[i].offset = offset;
    return true;
}

static vyre_status place(struct run *r, uint32_t i)
{
    struct placed *p = &r->placed[i];
    vyre_status status = check_range(r, i);
    if (status || use_in_place(r, i)) return status;
    if (!buffer_bytes(r, i)) {
        p->buffer = r->v->nothing.buffer;
        return VYRE_OK;
    }
    status = vulkan_allocate(r->c, VULKAN_ON_DEVICE, buffer_bytes(r, i), &p->device, r->o);
    if (status) return status;
    p->buffer = p->device.buffer;
    if (p->device.mapped || i >= r->n_args) return VYRE_OK;
    return vulkan_allocate(r->c, VULKAN_READBACK, buffer_bytes(r, i), &p->staging, r->o);
}

static vyre_status place_all(struct run *r)
{
    uint32_t n_traps = r->plan->unit->n_steps;
    vyre_status status = VYRE_OK;
    for (uint32_t i = 0; i < r->n_buffers && !status; i++)
        status = place(r, i);
    if (!status) status = vulkan_allocate(r->c, VULKAN_READBACK, (uint64_t)n_traps * 256, &r->traps, r->o);
    if (!status) memset(r->traps.mapped, 0, r->traps.n_bytes);
    return status;
}

/* -- recording */

static void barrier(struct run *r, VkPipelineStageFlags from, VkAccessFlags wrote, VkPipelineStageFlags to,
                    VkAccessFlags next)
{
    VkMemoryBarrier memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER, .srcAccessMask = wrote, .dstAccessMask = next};
    r->v->vk.CmdPipelineBarrier(r->job->commands, from, to, 0, 1, &memory, 0, NULL, 0, NULL);
}

static void barrier_before_shaders(struct run *r)
{
    barrier(r, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
            VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
            VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT);
}

static void barrier_before_fills(struct run *r)
{
    barrier(r, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT,
            VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT);
}

/* What is only written needs no upload. */
static void record_uploads(struct run *r)
{
    for (uint32_t i = 0; i < r->n_args; i++) {
        struct placed *p = &r->placed[i];
        if (!p->device.buffer || meta_buffer(r->plan->unit, i)->access == VYRE_ACCESS_WRITE) continue;
        unsigned char *to = p->device.mapped ? p->device.mapped : p->staging.mapped;
        memcpy(to, r->plan->buffers[i].bytes, buffer_bytes(r, i));
        if (p->device.mapped) continue;
        VkBufferCopy copy = {.size = p->staging.n_bytes};
        r->v->vk.CmdCopyBuffer(r->job->commands, p->staging.buffer, p->device.buffer, 1, &copy);
    }
}

static void record_downloads(struct run *r)
{
    barrier(r, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
            VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
            VK_PIPELINE_STAGE_TRANSFER_BIT | VK_PIPELINE_STAGE_HOST_BIT,
            VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_HOST_READ_BIT);
    for (uint32_t i = 0; i < r->n_args; i++) {
        struct placed *p = &r->placed[i];
        if (!p->staging.buffer || !is_written(meta_buffer(r->plan->unit, i))) continue;
        VkBufferCopy copy = {.size = p->staging.n_bytes};
        r->v->vk.CmdCopyBuffer(r->job->commands, p->device.buffer, p->staging.buffer, 1, &copy);
    }
    barrier(r, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT, VK_PIPELINE_STAGE_HOST_BIT,
            VK_ACCESS_HOST_READ_BIT);
}

static void fetch_results(struct run *r)
{
    for (uint32_t i = 0; i < r->n_args; i++) {
        struct placed *p = &r->placed[i];
        if (!p->device.buffer || !is_written(meta_buffer(r->plan->unit, i))) continue;
        memcpy(r->plan->buffers[i].bytes, p->device.mapped ? p->device.mapped : p->staging.mapped, buffer_bytes(r, i));
    }
}

/* Which buffer of the plan the launch's i-th is. */
static uint32_t plan_buffer(const struct run *r, uint32_t step, uint32_t i)
{
    uint32_t first = r->plan->unit->steps[step].first_arg;
    return first == NONE_BOUND ? i : r->plan->unit->module->meta.args[first + i].value;
}

/* Fills start and end on 4 bytes: what lies before zero_from is written by the program afterwards. */
static bool record_zeros(struct run *r, uint32_t step)
{
    const struct launch *l = &r->plan->launches[step];
    bool any = false;
    for (uint32_t i = 0; i < l->program->meta->n_buffers; i++) {
        uint64_t elem = meta_buffer(l->program, i)->elem_bytes, from = l->zero_from[i] * elem,
                 to = l->buffers[i].count * elem;
        if (from >= to) continue;
        const struct placed *p = &r->placed[plan_buffer(r, step, i)];
        if (!any) barrier_before_fills(r);
        any = true;
        from &= ~(uint64_t)3;
        r->v->vk.CmdFillBuffer(r->job->commands, p->buffer, p->offset + from, (to - from + 3) & ~(uint64_t)3, 0);
    }
    return any;
}

static bool record_temp_zeros(struct run *r)
{
    bool any = false;
    for (uint32_t i = r->n_args; i < r->n_buffers; i++) {
        if (!r->placed[i].device.buffer || !r->plan->unit->temp_needs_zeros[i - r->n_args]) continue;
        r->v->vk.CmdFillBuffer(r->job->commands, r->placed[i].buffer, 0, VK_WHOLE_SIZE, 0);
        any = true;
    }
    return any;
}

/* -- descriptors and launch words */

struct writes {
    VkWriteDescriptorSet sets[MAX_DESCRIPTORS];
    VkDescriptorBufferInfo infos[MAX_DESCRIPTORS];
    uint32_t n;
};

static void add_write(struct writes *w, VkDescriptorSet set, uint32_t binding, VkBuffer buffer, uint64_t offset,
                      uint64_t bytes)
{
    w->infos[w->n] = (VkDescriptorBufferInfo){buffer, offset, (bytes + 3) & ~(uint64_t)3};
    if (!bytes) w->infos[w->n].range = VK_WHOLE_SIZE;
    w->sets[w->n] = (VkWriteDescriptorSet){.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                           .dstSet = set,
                                           .dstBinding = binding,
                                           .descriptorCount = 1,
                                           .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                           .pBufferInfo = &w->infos[w->n]};
    w->n++;
}

static vyre_status write_set(struct run *r, uint32_t step, const struct vulkan_program *p, VkDescriptorSet set,
                             uint64_t args_at)
{
    const struct launch *l = &r->plan->launches[step];
    struct writes w;
    w.n = 0;
    for (uint32_t i = 0; i < p->head->n_buffers; i++) {
        const struct placed *at = &r->placed[plan_buffer(r, step, i)];
        add_write(&w, set, p->buffer_bindings[i], at->buffer, at->offset,
                  l->buffers[i].count * meta_buffer(l->program, i)->elem_bytes);
    }
    for (uint32_t i = 0; i < p->head->n_tables; i++) {
        const struct vulkan_memory *table = vulkan_table_get(r->c, l->program->module, p->tables[i * 2], r->o);
        if (!table) return r->o->status;
        add_write(&w, set, p->tables[i * 2 + 1], table->buffer, 0, 0);
    }
    if (p->head->trap_binding != VYRE_SPIRV_NONE)
        add_write(&w, set, p->head->trap_binding, r->traps.buffer, (uint64_t)step * 256,
                  sizeof(struct vyre_trap_record));
    if (p->head->args_binding != VYRE_SPIRV_NONE)
        add_write(&w, set, p->head->args_binding, r->args.buffer, args_at, p->head->args_bytes);
    r->v->vk.UpdateDescriptorSets(r->v->device, w.n, w.sets, 0, NULL);
    return VYRE_OK;
}

/* One dispatch's words: groups of the whole launch, first group of this part, lengths, params. */
static void fill_words(const struct launch *l, const struct vulkan_program *p, const uint32_t *base,
                       unsigned char *words)
{
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
}

/* -- dispatches: in parts, where the grid is larger than the device takes at once */

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void dispatch_parts(struct run *r, const struct launch *l, const struct vulkan_program *p)
{
    const uint32_t *max = r->v->limits.maxComputeWorkGroupCount;
    unsigned char words[256];
    uint32_t base[3];
    for (base[2] = 0; base[2] < l->groups[2]; base[2] += min_u32(max[2], l->groups[2] - base[2])) {
        for (base[1] = 0; base[1] < l->groups[1]; base[1] += min_u32(max[1], l->groups[1] - base[1])) {
            for (base[0] = 0; base[0] < l->groups[0]; base[0] += min_u32(max[0], l->groups[0] - base[0])) {
                if (p->head->args_binding == VYRE_SPIRV_NONE) {
                    fill_words(l, p, base, words);
                    r->v->vk.CmdPushConstants(r->job->commands, p->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                                              (p->head->args_bytes + 3) & ~3u, words);
                }
                r->v->vk.CmdDispatch(r->job->commands, min_u32(max[0], l->groups[0] - base[0]),
                                     min_u32(max[1], l->groups[1] - base[1]), min_u32(max[2], l->groups[2] - base[2]));
            }
        }
    }
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

static vyre_status allocate_set(struct run *r, const struct vulkan_program *p, VkDescriptorSet *set)
{
    VkDescriptorSetAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                        .descriptorPool = r->descriptors,
                                        .descriptorSetCount = 1,
                                        .pSetLayouts = &p->set_layout};
    VkResult result = r->v->vk.AllocateDescriptorSets(r->v->device, &info, set);
    return result ? vulkan_fail(r->v, r->o, result, "vkAllocateDescriptorSets") : VYRE_OK;
}

static vyre_status record_launch(struct run *r, uint32_t step)
{
    static const uint32_t no_base[3];
    const struct launch *l = &r->plan->launches[step];
    VkDescriptorSet set;
    const struct vulkan_program *p = vulkan_program_get(r->c, l->program, r->o);
    if (!p) return r->o->status;
    record_zeros(r, step);
    barrier_before_shaders(r);
    if (!l->n_groups) return VYRE_OK;
    uint64_t args_at = r->args_used;
    vyre_status status = check_parts(r, l, p);
    if (!status) status = allocate_set(r, p, &set);
    if (!status) status = write_set(r, step, p, set, args_at);
    if (status) return status;
    if (p->head->args_binding != VYRE_SPIRV_NONE) {
        fill_words(l, p, no_base, r->args.mapped + args_at);
        r->args_used += (p->head->args_bytes + 255) & ~(uint64_t)255;
    }
    r->v->vk.CmdBindPipeline(r->job->commands, VK_PIPELINE_BIND_POINT_COMPUTE, p->pipeline);
    r->v->vk.CmdBindDescriptorSets(r->job->commands, VK_PIPELINE_BIND_POINT_COMPUTE, p->layout, 0, 1, &set, 0, NULL);
    dispatch_parts(r, l, p);
    return VYRE_OK;
}

/* Room for all launches' sets, and for the words that are not pushed. */
static vyre_status make_room(struct run *r)
{
    uint32_t n_sets = r->plan->unit->n_steps, n_descriptors = 0;
    uint64_t args_bytes = 0;
    for (uint32_t i = 0; i < n_sets; i++) {
        const struct vulkan_program *p = vulkan_program_get(r->c, r->plan->launches[i].program, r->o);
        if (!p) return r->o->status;
        n_descriptors += p->head->n_buffers + p->head->n_tables + 2;
        if (p->head->args_binding != VYRE_SPIRV_NONE) args_bytes += (p->head->args_bytes + 255) & ~(uint64_t)255;
    }
    if (args_bytes) {
        vyre_status status = vulkan_allocate(r->c, VULKAN_UPLOAD, args_bytes, &r->args, r->o);
        if (status) return status;
    }
    VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, n_descriptors};
    VkDescriptorPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                       .maxSets = n_sets + 1,
                                       .poolSizeCount = 1,
                                       .pPoolSizes = &size};
    VkResult result = r->v->vk.CreateDescriptorPool(r->v->device, &info, NULL, &r->descriptors);
    return result ? vulkan_fail(r->v, r->o, result, "vkCreateDescriptorPool") : VYRE_OK;
}

static vyre_status record(struct run *r)
{
    vyre_status status = make_room(r);
    if (!status) status = vulkan_begin(r->c, r->job, r->o);
    if (status) return status;
    record_uploads(r);
    record_temp_zeros(r);
    for (uint32_t i = 0; i < r->plan->unit->n_steps && !status; i++)
        status = record_launch(r, i);
    record_downloads(r);
    return status;
}

/* -- running */

static vyre_status check_traps(struct run *r)
{
    for (uint32_t i = 0; i < r->plan->unit->n_steps; i++) {
        const struct vyre_trap_record *t = (const struct vyre_trap_record *)(r->traps.mapped + (size_t)i * 256);
        if (!t->key) continue;
        return launch_trap(r->plan, &r->plan->launches[i], (uint32_t)t->key, (uint32_t)~(t->key >> 32), r->o);
    }
    return VYRE_OK;
}

static void clean_up(struct run *r)
{
    for (uint32_t i = 0; i < r->n_buffers; i++) {
        vulkan_release(r->c, &r->placed[i].device);
        vulkan_release(r->c, &r->placed[i].staging);
    }
    vulkan_release(r->c, &r->traps);
    vulkan_release(r->c, &r->args);
    r->v->vk.DestroyDescriptorPool(r->v->device, r->descriptors, NULL);
}

static vyre_status run_placed(struct run *r)
{
    vyre_status status = place_all(r);
    if (!status) status = record(r);
    if (!status) status = vulkan_finish(r->c, r->job, r->o);
    if (!status) fetch_results(r);
    if (!status) status = check_traps(r);
    clean_up(r);
    return status;
}

vyre_status vulkan_run(vyre_context *c, struct plan *plan, struct outcome *o)
{
    const struct vyre_meta_unit *m = plan->unit->meta;
    struct run r = {
        .c = c, .v = c->vulkan, .plan = plan, .n_args = m->n_buffers, .n_buffers = m->n_buffers + m->n_temps, .o = o};
    if (!plan->unit->n_steps) return VYRE_OK;
    size_t n_bytes = (r.n_buffers + 1) * sizeof *r.placed;
    r.placed = memory_get(&c->allocator, n_bytes, _Alignof(struct placed));
    if (!r.placed) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "%s: no memory to launch", unit_name(plan->unit));
    memset(r.placed, 0, n_bytes);
    vyre_status status = vulkan_take_job(c, &r.job, o);
    if (!status) {
        status = run_placed(&r);
        vulkan_give_job(c, r.job);
    }
    memory_put(&c->allocator, r.placed, n_bytes, _Alignof(struct placed));
    return status;
}
