/* vulkan_place.c - what a launch needs on the device: memory for arguments of the host and for temps, descriptors, trap records.
 *
 * A launch leaves all of it, commands included, for the next one of the same unit with the same buffers and lengths. */
#include <string.h>

#include "runtime-stub/vulkan.h"

typedef unsigned long long ull;
enum { MAX_DESCRIPTORS = 512, MAX_KEPT = 32 };
static const uint64_t max_kept_bytes = 256 << 20;

/* -- where a buffer of the plan is ------------------------------------------------------------- */

static const struct vulkan_memory *context_memory(const struct plan *plan, uint32_t i)
{
    return plan->held[i] ? plan->held[i]->device : NULL;
}

static uint64_t offset_in_buffer(const struct plan *plan, uint32_t i)
{
    const unsigned char *at = plan->buffers[i].bytes;
    return (at ? (uint64_t)(at - plan->held[i]->bytes) : 0) + context_memory(plan, i)->base;
}

static vyre_status refuse_range(vyre_context *c, const struct plan *plan, uint32_t i, uint64_t n_bytes,
                                struct outcome *o)
{
    const struct vyre_unit *u = plan->unit;
    return outcome_fail(o, VYRE_ERROR_LENGTH,
                        "%s: '%s' has %llu bytes, and %s reaches %u of a buffer: give it the data in "
                        "pieces, or run on another device",
                        unit_name(u), unit_string(u, vulkan_meta_buffer(u, i)->name), (ull)n_bytes, c->device,
                        c->vulkan->limits.maxStorageBufferRange);
}

/* The step's first buffer that cannot be bound whole, of those of the plan; or NONE_BOUND. */
static uint32_t find_long_buffer(const vyre_context *c, const struct plan *plan, uint32_t step, uint64_t *n_bytes)
{
    const struct launch *l = &plan->launches[step];
    for (uint32_t i = 0; i < l->program->meta->n_buffers; i++) {
        *n_bytes = l->buffers[i].count * vulkan_meta_buffer(l->program, i)->elem_bytes;
        if (*n_bytes > c->vulkan->limits.maxStorageBufferRange) return vulkan_plan_buffer(plan->unit, step, i);
    }
    return NONE_BOUND;
}

/* Which steps run in code for large launches, besides those whose loops have to. */
static vyre_status choose_code(vyre_context *c, const struct plan *plan, struct outcome *o)
{
    for (uint32_t step = 0; step < plan->unit->n_steps; step++) {
        struct launch *l = &plan->launches[step];
        uint64_t n_bytes = 0;
        uint32_t is_long = find_long_buffer(c, plan, step, &n_bytes);
        if (l->is_large || (is_long == NONE_BOUND && c->vulkan->abilities.bindings)) continue;
        l->is_large = vulkan_has_large(c, l->program);
        if (is_long != NONE_BOUND && !l->is_large) return refuse_range(c, plan, is_long, n_bytes, o);
    }
    return VYRE_OK;
}

static vyre_status place_own(vyre_context *c, struct vulkan_recording *r, uint32_t i, uint64_t n_bytes, bool is_staged,
                             struct outcome *o)
{
    struct vulkan_placed *p = &r->placed[i];
    vyre_status status = vulkan_allocate(c, VULKAN_ON_DEVICE, n_bytes, &p->device, o);
    p->buffer = p->device.buffer;
    r->device_bytes += p->device.n_bytes;
    if (status || p->device.mapped || !is_staged) return status;
    r->device_bytes += n_bytes;
    return vulkan_allocate(c, VULKAN_READBACK, n_bytes, &p->staging, o);
}

/* Descriptors begin at multiples of a number. Zeroing ends on whole words, and may not reach what follows. */
static bool is_out_of_place(const vyre_context *c, const struct plan *plan, uint32_t i, uint64_t n_bytes)
{
    uint64_t offset = offset_in_buffer(plan, i), align = c->vulkan->limits.minStorageBufferOffsetAlignment;
    if (offset % align || offset % 4) return true;
    bool ends_ours = !context_memory(plan, i)->is_callers && offset + n_bytes == plan->held[i]->n_bytes;
    return n_bytes % 4 && !ends_ours && vulkan_is_written(vulkan_meta_buffer(plan->unit, i));
}

/* Temps of one slot share the memory of the first of them, which has room for the largest. */
static vyre_status place_temp(vyre_context *c, struct vulkan_recording *r, const struct plan *plan, uint32_t i,
                              struct outcome *o)
{
    const struct vyre_unit *u = plan->unit;
    uint32_t slot = vulkan_meta_buffer(u, i)->slot, first = r->n_args;
    uint64_t n_bytes = r->placed[i].n_bytes;
    while (vulkan_meta_buffer(u, first)->slot != slot)
        first++;
    if (first < i) {
        r->placed[i].buffer = r->placed[first].buffer;
        return VYRE_OK;
    }
    for (uint32_t k = i + 1; k < r->n_buffers; k++) {
        const struct vyre_meta_buffer *b = vulkan_meta_buffer(u, k);
        if (b->slot == slot && plan->buffers[k].count * b->elem_bytes > n_bytes)
            n_bytes = plan->buffers[k].count * b->elem_bytes;
    }
    r->placed[i].buffer = c->vulkan->nothing.buffer;
    return n_bytes ? place_own(c, r, i, n_bytes, false, o) : VYRE_OK;
}

/* Buffers of the context are used where they lie, if they can be. */
static vyre_status place(vyre_context *c, struct vulkan_recording *r, const struct plan *plan, uint32_t i,
                         struct outcome *o)
{
    struct vulkan_placed *p = &r->placed[i];
    const struct vulkan_memory *memory = i < r->n_args ? context_memory(plan, i) : NULL;
    p->count = plan->buffers[i].count;
    p->n_bytes = p->count * vulkan_meta_buffer(plan->unit, i)->elem_bytes;
    if (i >= r->n_args) return place_temp(c, r, plan, i, o);
    if (memory && is_out_of_place(c, plan, i, p->n_bytes)) {
        p->source = memory->buffer;
        p->source_offset = offset_in_buffer(plan, i);
    } else if (memory) {
        p->buffer = memory->buffer;
        p->offset = offset_in_buffer(plan, i);
        return VYRE_OK;
    }
    if (p->n_bytes) return place_own(c, r, i, p->n_bytes, !p->source, o);
    p->buffer = c->vulkan->nothing.buffer;
    return VYRE_OK;
}

/* -- descriptors and launch words -------------------------------------------------------------- */

static uint64_t words_bytes(const struct vulkan_program *p)
{
    return p->head->args_binding == VYRE_SPIRV_NONE ? 0 : (p->head->args_bytes + 255) & ~(uint64_t)255;
}

const struct vulkan_program *vulkan_step_program(vyre_context *c, const struct vulkan_recording *r, uint32_t step,
                                                 struct outcome *o)
{
    const struct vyre_unit *unit = &r->unit->module->units[r->unit->steps[step].program];
    return vulkan_program_get(c, unit, r->is_large[step], o);
}

/* Room for all steps' sets, and for the words that are not pushed. */
static vyre_status make_room(vyre_context *c, struct vulkan_recording *r, struct outcome *o)
{
    struct vulkan *v = c->vulkan;
    uint32_t n_sets = r->unit->n_steps, n_descriptors = 0;
    uint64_t args_bytes = 0;
    for (uint32_t i = 0; i < n_sets; i++) {
        const struct vulkan_program *p = vulkan_step_program(c, r, i, o);
        if (!p) return o->status;
        n_descriptors += p->head->n_buffers + p->head->n_tables + 2;
        r->args_at[i] = args_bytes;
        args_bytes += words_bytes(p);
    }
    vyre_status status = args_bytes ? vulkan_allocate(c, VULKAN_UPLOAD, args_bytes, &r->args, o) : VYRE_OK;
    if (status) return status;
    VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, n_descriptors};
    VkDescriptorPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                       .maxSets = n_sets,
                                       .poolSizeCount = 1,
                                       .pPoolSizes = &size};
    VkResult result = v->vk.CreateDescriptorPool(v->device, &info, NULL, &r->descriptors);
    return result ? vulkan_fail(v, o, result, "vkCreateDescriptorPool") : VYRE_OK;
}

struct writes {
    VkWriteDescriptorSet sets[MAX_DESCRIPTORS];
    VkDescriptorBufferInfo infos[MAX_DESCRIPTORS];
    uint32_t n;
};

/* Ranges end on whole words, which all of our memory has. */
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

static uint64_t find_record_bytes(const struct vyre_unit *program, const struct vyre_spirv_head *h)
{
    _Static_assert((uint32_t)VULKAN_TRAP_BYTES == (uint32_t)VYRE_SPIRV_CUT_AT,
                   "counts lie behind the records of traps");
    if (h->flags & VYRE_SPIRV_COUNTS_ROUNDS) return VYRE_SPIRV_CUT_AT + 4;
    return h->n_trap_codes ? h->n_trap_codes * 4 : unit_n_trap_arms(program) * sizeof(struct vyre_trap_record);
}

static vyre_status write_set(vyre_context *c, struct vulkan_recording *r, uint32_t step, const struct vulkan_program *p,
                             struct outcome *o)
{
    const struct vyre_unit *u = r->unit;
    struct writes w;
    w.n = 0;
    for (uint32_t i = 0; i < p->head->n_buffers && !(p->head->flags & VYRE_SPIRV_ADDRESSES); i++) {
        const struct vulkan_placed *at = &r->placed[vulkan_plan_buffer(u, step, i)];
        add_write(&w, r->sets[step], p->buffer_bindings[i], at->buffer, at->offset, at->n_bytes);
    }
    for (uint32_t i = 0; i < p->head->n_tables; i++) {
        const struct vulkan_memory *table = vulkan_table_get(c, u->module, p->tables[i * 2], o);
        if (!table) return o->status;
        add_write(&w, r->sets[step], p->tables[i * 2 + 1], table->buffer, 0, 0);
    }
    if (p->head->trap_binding != VYRE_SPIRV_NONE)
        add_write(&w, r->sets[step], p->head->trap_binding, r->traps.buffer, (uint64_t)step * VULKAN_TRAP_STRIDE,
                  find_record_bytes(&u->module->units[u->steps[step].program], p->head));
    if (p->head->args_binding != VYRE_SPIRV_NONE)
        add_write(&w, r->sets[step], p->head->args_binding, r->args.buffer, r->args_at[step], p->head->args_bytes);
    c->vulkan->vk.UpdateDescriptorSets(c->vulkan->device, w.n, w.sets, 0, NULL);
    return VYRE_OK;
}

static vyre_status make_set(vyre_context *c, struct vulkan_recording *r, uint32_t step, struct outcome *o)
{
    struct vulkan *v = c->vulkan;
    const struct vulkan_program *p = vulkan_step_program(c, r, step, o);
    if (!p) return o->status;
    VkDescriptorSetAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                        .descriptorPool = r->descriptors,
                                        .descriptorSetCount = 1,
                                        .pSetLayouts = &p->set_layout};
    VkResult result = v->vk.AllocateDescriptorSets(v->device, &info, &r->sets[step]);
    return result ? vulkan_fail(v, o, result, "vkAllocateDescriptorSets") : write_set(c, r, step, p, o);
}

/* -- making one -------------------------------------------------------------------------------- */

static struct vulkan_recording *new_recording(vyre_context *c, const struct plan *plan)
{
    const struct vyre_unit *u = plan->unit;
    uint32_t n_buffers = u->meta->n_buffers + u->meta->n_temps;
    size_t n_bytes = sizeof(struct vulkan_recording) + n_buffers * sizeof(struct vulkan_placed) +
                     (u->meta->n_params + u->n_steps) * sizeof(uint64_t) +
                     u->n_steps * (sizeof(VkDescriptorSet) + sizeof(uint64_t) + sizeof(bool));
    struct vulkan_recording *r = memory_get(&c->allocator, n_bytes, 16);
    if (!r) return NULL;
    memset(r, 0, n_bytes);
    r->n_bytes = n_bytes;
    r->unit = u;
    r->n_args = u->meta->n_buffers;
    r->n_buffers = n_buffers;
    r->placed = (struct vulkan_placed *)(r + 1);
    r->params = (uint64_t *)(r->placed + n_buffers);
    r->args_at = r->params + u->meta->n_params + u->n_steps;
    r->sets = (VkDescriptorSet *)(r->args_at + u->n_steps);
    r->is_large = (bool *)(r->sets + u->n_steps);
    for (uint32_t i = 0; i < u->n_steps; i++)
        r->is_large[i] = plan->launches[i].is_large;
    return r;
}

static vyre_status fill_recording(vyre_context *c, struct vulkan_recording *r, const struct plan *plan,
                                  struct outcome *o)
{
    uint32_t n_steps = r->unit->n_steps;
    vyre_status status = make_room(c, r, o); /* first, because it tells what the device cannot do */
    for (uint32_t i = 0; i < r->n_buffers && !status; i++)
        status = place(c, r, plan, i, o);
    if (!status) status = vulkan_allocate(c, VULKAN_READBACK, (uint64_t)n_steps * VULKAN_TRAP_STRIDE, &r->traps, o);
    for (uint32_t i = 0; i < n_steps && !status; i++)
        status = make_set(c, r, i, o);
    if (!status) status = vulkan_trace_begin(c, r, o);
    return status ? status : vulkan_take_job(c, &r->job, o);
}

void vulkan_end_recording(vyre_context *c, struct vulkan_recording *r)
{
    struct vulkan *v = c->vulkan;
    for (uint32_t i = 0; i < r->n_buffers; i++) {
        vulkan_release(c, &r->placed[i].device);
        vulkan_release(c, &r->placed[i].staging);
    }
    vulkan_release(c, &r->traps);
    vulkan_release(c, &r->args);
    v->vk.DestroyQueryPool(v->device, r->trace_times, NULL);
    if (r->descriptors) v->vk.DestroyDescriptorPool(v->device, r->descriptors, NULL);
    if (r->job) vulkan_give_job(c, r->job);
    memory_put(&c->allocator, r, r->n_bytes, 16);
}

static struct vulkan_recording *make_recording(vyre_context *c, const struct plan *plan, struct outcome *o)
{
    struct vulkan_recording *r = new_recording(c, plan);
    if (!r) {
        outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "%s: no memory to launch", unit_name(plan->unit));
        return NULL;
    }
    if (!fill_recording(c, r, plan, o)) return r;
    vulkan_end_recording(c, r);
    return NULL;
}

/* -- keeping them ------------------------------------------------------------------------------ */

static bool is_place_of(const struct vulkan_placed *p, const struct plan *plan, uint32_t i)
{
    const struct vulkan_memory *memory = context_memory(plan, i);
    if (p->count != plan->buffers[i].count) return false;
    if (!memory) return p->device.buffer ? !p->source : !p->n_bytes;
    if (p->source) return p->source == memory->buffer && p->source_offset == offset_in_buffer(plan, i);
    return p->buffer == memory->buffer && p->offset == offset_in_buffer(plan, i);
}

/* Counts of temps may follow from params. */
static bool fits_plan(const struct vulkan_recording *r, const struct plan *plan)
{
    if (r->unit != plan->unit) return false;
    for (uint32_t i = 0; i < r->n_args; i++)
        if (!is_place_of(&r->placed[i], plan, i)) return false;
    for (uint32_t i = 0; i < r->unit->n_steps; i++)
        if (r->is_large[i] != plan->launches[i].is_large) return false;
    for (uint32_t i = r->n_args; i < r->n_buffers; i++)
        if (r->placed[i].count != plan->buffers[i].count) return false;
    return true;
}

static struct vulkan_recording *unlink_recording(struct vulkan *v, struct vulkan_recording **at)
{
    struct vulkan_recording *r = *at;
    *at = r->next;
    v->n_recordings--;
    v->recorded_bytes -= r->device_bytes;
    return r;
}

static struct vulkan_recording *find_kept(struct vulkan *v, const struct plan *plan)
{
    struct vulkan_recording **at = &v->recordings;
    while (*at && !fits_plan(*at, plan))
        at = &(*at)->next;
    return *at ? unlink_recording(v, at) : NULL;
}

/* The one that was used longest ago; NULL when there are not too many. */
static struct vulkan_recording *take_oldest(struct vulkan *v)
{
    struct vulkan_recording **at = &v->recordings;
    if (v->n_recordings <= MAX_KEPT && v->recorded_bytes <= max_kept_bytes) return NULL;
    while ((*at)->next)
        at = &(*at)->next;
    return unlink_recording(v, at);
}

struct vulkan_recording *vulkan_take_recording(vyre_context *c, const struct plan *plan, struct outcome *o)
{
    struct vulkan *v = c->vulkan;
    if (choose_code(c, plan, o)) return NULL;
    pthread_mutex_lock(&v->lock);
    struct vulkan_recording *r = find_kept(v, plan);
    pthread_mutex_unlock(&v->lock);
    if (r) return r;
    r = make_recording(c, plan, o);
    if (r || o->status != VYRE_ERROR_DEVICE_MEMORY) return r;
    vulkan_forget_recordings(c, VK_NULL_HANDLE); /* they may hold what is missing */
    o->status = VYRE_OK;
    o->message[0] = 0;
    return make_recording(c, plan, o);
}

void vulkan_give_recording(vyre_context *c, struct vulkan_recording *r)
{
    struct vulkan *v = c->vulkan;
    pthread_mutex_lock(&v->lock);
    r->next = v->recordings;
    v->recordings = r;
    v->n_recordings++;
    v->recorded_bytes += r->device_bytes;
    struct vulkan_recording *oldest = take_oldest(v);
    pthread_mutex_unlock(&v->lock);
    if (oldest) vulkan_end_recording(c, oldest);
}

static bool uses_buffer(const struct vulkan_recording *r, VkBuffer buffer)
{
    for (uint32_t i = 0; i < r->n_args; i++)
        if (r->placed[i].buffer == buffer || r->placed[i].source == buffer) return true;
    return false;
}

void vulkan_forget_recordings(vyre_context *c, VkBuffer buffer)
{
    struct vulkan *v = c->vulkan;
    struct vulkan_recording *forgotten = NULL;
    pthread_mutex_lock(&v->lock);
    for (struct vulkan_recording **at = &v->recordings; *at;) {
        if (buffer && !uses_buffer(*at, buffer)) {
            at = &(*at)->next;
            continue;
        }
        struct vulkan_recording *r = unlink_recording(v, at);
        r->next = forgotten;
        forgotten = r;
    }
    pthread_mutex_unlock(&v->lock);
    while (forgotten) {
        struct vulkan_recording *next = forgotten->next;
        vulkan_end_recording(c, forgotten);
        forgotten = next;
    }
}
