/* vulkan_memory.c - device memory, and host memory that the device reaches. */
#include <string.h>
#include <sys/mman.h>

#include "runtime-stub/vulkan.h"

/* Wanted properties, best first; the last of each is always there (11.2.1). */
static const VkMemoryPropertyFlags choices[3][3] = {
    [VULKAN_ON_DEVICE] = {VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                              VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
                          VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, 0},
    [VULKAN_UPLOAD] = {VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
                       VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
                       VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT},
    [VULKAN_READBACK] = {VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT |
                             VK_MEMORY_PROPERTY_HOST_CACHED_BIT,
                         VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
                         VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT},
};

static VkMemoryPropertyFlags type_flags(const struct vulkan *v, uint32_t type)
{
    return v->memory_types.memoryTypes[type].propertyFlags;
}

static uint32_t find_type(const struct vulkan *v, uint32_t allowed, VkMemoryPropertyFlags wanted)
{
    for (uint32_t i = 0; i < v->memory_types.memoryTypeCount; i++)
        if (allowed >> i & 1 && (type_flags(v, i) & wanted) == wanted) return i;
    return UINT32_MAX;
}

/* The first of the choices that has a type and room. */
static VkResult allocate_memory(struct vulkan *v, enum vulkan_place place, const VkMemoryRequirements *need,
                                uint32_t *type, VkDeviceMemory *memory)
{
    VkResult r = VK_ERROR_OUT_OF_DEVICE_MEMORY;
    for (uint32_t i = 0; i < 3 && r; i++) {
        *type = find_type(v, need->memoryTypeBits, choices[place][i]);
        if (*type == UINT32_MAX) continue;
        VkMemoryAllocateFlagsInfo flags = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
                                           .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT};
        VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                     .pNext = v->abilities.addresses ? &flags : NULL,
                                     .allocationSize = need->size,
                                     .memoryTypeIndex = *type};
        r = v->vk.AllocateMemory(v->device, &info, NULL, memory);
    }
    return r;
}

static VkResult bind_memory(struct vulkan *v, uint32_t type, struct vulkan_memory *m)
{
    VkResult r = v->vk.BindBufferMemory(v->device, m->buffer, m->memory, 0);
    if (r || !(type_flags(v, type) & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT)) return r;
    return v->vk.MapMemory(v->device, m->memory, 0, VK_WHOLE_SIZE, 0, (void **)&m->mapped);
}

vyre_status vulkan_allocate(vyre_context *c, enum vulkan_place place, uint64_t n_bytes, struct vulkan_memory *m,
                            struct outcome *o)
{
    struct vulkan *v = c->vulkan;
    VkMemoryRequirements need;
    uint32_t type = 0;
    memset(m, 0, sizeof *m);
    m->n_bytes = (n_bytes + 63) & ~(uint64_t)63; /* fills, copies and words of packed bytes end on 4 */
    if (!m->n_bytes) m->n_bytes = 64;
    VkBufferCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                               .size = m->n_bytes,
                               .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                                        VK_BUFFER_USAGE_TRANSFER_DST_BIT};
    if (v->abilities.addresses) info.usage |= VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;
    VkResult r = v->vk.CreateBuffer(v->device, &info, NULL, &m->buffer);
    if (!r) {
        v->vk.GetBufferMemoryRequirements(v->device, m->buffer, &need);
        r = allocate_memory(v, place, &need, &type, &m->memory);
    }
    if (!r) r = bind_memory(v, type, m);
    if (!r) return VYRE_OK;
    vulkan_release(c, m);
    return vulkan_fail(v, o, r, "allocating device memory");
}

void vulkan_release(vyre_context *c, struct vulkan_memory *m)
{
    struct vulkan *v = c->vulkan;
    if (m->buffer && !m->is_callers) v->vk.DestroyBuffer(v->device, m->buffer, NULL);
    if (m->memory) v->vk.FreeMemory(v->device, m->memory, NULL); /* unmaps it */
    memset(m, 0, sizeof *m);
}

/* -- buffers of the context */

/* Addresses for a buffer that the host cannot reach, so that places in it can be compared; nothing lies there. */
static void *reserve_addresses(uint64_t n_bytes)
{
    void *at = mmap(NULL, n_bytes ? n_bytes : 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

static vyre_status zero_remote(vyre_context *c, const struct vulkan_memory *m, struct outcome *o)
{
    struct vulkan_job *job;
    vyre_status status = vulkan_take_job(c, &job, o);
    if (status) return status;
    status = vulkan_begin(c, job, o);
    if (!status) {
        c->vulkan->vk.CmdFillBuffer(job->commands, m->buffer, 0, VK_WHOLE_SIZE, 0);
        status = vulkan_finish(c, job, o);
    }
    vulkan_give_job(c, job);
    return status;
}

vyre_status vulkan_buffer_create(vyre_buffer *b, struct outcome *o)
{
    vyre_context *c = b->context;
    struct vulkan_memory *m = memory_get(&c->allocator, sizeof *m, _Alignof(struct vulkan_memory));
    if (!m) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory for a buffer's description");
    vyre_status status =
        vulkan_allocate(c, b->kind == VYRE_BUFFER_MAPPED ? VULKAN_READBACK : VULKAN_ON_DEVICE, b->n_bytes, m, o);
    if (!status && m->mapped) {
        memset(m->mapped, 0, b->n_bytes);
        b->bytes = m->mapped;
    } else if (!status) {
        b->is_remote = true;
        b->bytes = reserve_addresses(b->n_bytes);
        status =
            b->bytes ? zero_remote(c, m, o) : outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no addresses for a buffer");
    }
    b->device = m;
    if (status) vulkan_buffer_destroy(b);
    return status;
}

/* Nothing is known of where the caller's buffer lies, so that it is copied by the device. */
vyre_status vulkan_buffer_wrap(vyre_buffer *b, vyre_native_kind kind, uint64_t handle, uint64_t offset_bytes,
                               struct outcome *o)
{
    vyre_context *c = b->context;
    if (kind != VYRE_NATIVE_VULKAN_BUFFER)
        return outcome_fail(
            o, VYRE_ERROR_UNSUPPORTED,
            "vyre_buffer_wrap_native: kind %d is of another backend than this context's, which is vulkan", (int)kind);
    if (!handle) return outcome_fail(o, VYRE_ERROR_INVALID_ARGUMENT, "vyre_buffer_wrap_native: the VkBuffer is 0");
    struct vulkan_memory *m = memory_get(&c->allocator, sizeof *m, _Alignof(struct vulkan_memory));
    if (!m) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory for a buffer's description");
    *m = (struct vulkan_memory){.n_bytes = b->n_bytes, .base = offset_bytes, .is_callers = true};
    memcpy(&m->buffer, &handle, sizeof m->buffer);
    b->device = m;
    b->is_remote = true;
    b->bytes = reserve_addresses(b->n_bytes);
    return b->bytes ? VYRE_OK : outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no addresses for a buffer");
}

void vulkan_buffer_destroy(vyre_buffer *b)
{
    if (!b->device) return;
    vulkan_forget_recordings(b->context, ((struct vulkan_memory *)b->device)->buffer);
    if (b->is_remote && b->bytes) munmap(b->bytes, b->n_bytes ? b->n_bytes : 1);
    vulkan_release(b->context, b->device);
    memory_put(&b->context->allocator, b->device, sizeof(struct vulkan_memory), _Alignof(struct vulkan_memory));
    b->device = NULL;
}

static vyre_status copy_staged(vyre_context *c, struct vulkan_memory *remote, struct vulkan_memory *staging,
                               uint64_t offset, uint64_t n_bytes, bool to_remote, struct outcome *o)
{
    struct vulkan_job *job;
    vyre_status status = vulkan_take_job(c, &job, o);
    if (status) return status;
    status = vulkan_begin(c, job, o);
    if (!status) {
        VkBufferCopy copy = {to_remote ? 0 : offset, to_remote ? offset : 0, n_bytes};
        c->vulkan->vk.CmdCopyBuffer(job->commands, to_remote ? staging->buffer : remote->buffer,
                                    to_remote ? remote->buffer : staging->buffer, 1, &copy);
        status = vulkan_finish(c, job, o);
    }
    vulkan_give_job(c, job);
    return status;
}

vyre_status vulkan_buffer_copy(vyre_buffer *b, void *to, const void *from, uint64_t n_bytes, struct outcome *o)
{
    vyre_context *c = b->context;
    uintptr_t at = (uintptr_t)to, begin = (uintptr_t)b->bytes;
    bool to_remote = at >= begin && at < begin + b->n_bytes;
    uint64_t offset = (to_remote ? at : (uintptr_t)from) - begin + ((struct vulkan_memory *)b->device)->base;
    struct vulkan_memory staging;
    vyre_status status = vulkan_allocate(c, to_remote ? VULKAN_UPLOAD : VULKAN_READBACK, n_bytes, &staging, o);
    if (status) return status;
    if (to_remote) memcpy(staging.mapped, from, n_bytes);
    status = copy_staged(c, b->device, &staging, offset, n_bytes, to_remote, o);
    if (!status && !to_remote) memcpy(to, staging.mapped, n_bytes);
    vulkan_release(c, &staging);
    return status;
}
