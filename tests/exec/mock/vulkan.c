/* vulkan.c - libvulkan.so.1 as the runtime uses it. Copies and fills are done when a fence is waited for; dispatches are
 * recorded and compute nothing. Calls that cannot fail are not counted. */
#define VK_NO_PROTOTYPES
#include <vulkan/vulkan_core.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/exec/mock/mock.h"

#define CALL(...) MOCK_CALL(VkResult, __VA_ARGS__)
enum { MAX_COMMANDS = 256, MAX_PENDING = 16 };

enum kind { COPY, FILL };
struct command {
    enum kind kind;
    VkBuffer from, to;
    VkDeviceSize from_at, to_at, n_bytes;
};
struct commands {
    VkCommandPool pool;
    uint32_t n;
    struct command list[MAX_COMMANDS];
};
struct buffer {
    VkDeviceSize n_bytes;
    VkDeviceMemory memory;
};
struct fence {
    bool is_done;
    struct commands *pending[MAX_PENDING];
    uint32_t n_pending;
};
struct pool {
    struct commands *commands;
};

void mock_clear(void) {}

static VkResult done(VkResult r)
{
    mock_end();
    return r;
}

#define HANDLE(thing) ((void *)(uintptr_t)(thing))

/* -- what is created and destroyed ------------------------------------------------------------- */

#define OBJECT(Name, Type, Owner, what, n_bytes)                                                                       \
    static VkResult Create##Name(Owner owner, const Vk##Name##CreateInfo *info, const VkAllocationCallbacks *a,        \
                                 Type *thing)                                                                          \
    {                                                                                                                  \
        (void)owner, (void)info, (void)a;                                                                              \
        CALL("vkCreate" #Name);                                                                                        \
        *thing = (Type)(uintptr_t)mock_new(MOCK_OBJECT, what, n_bytes);                                                \
        return done(VK_SUCCESS);                                                                                       \
    }                                                                                                                  \
    static void Destroy##Name(Owner owner, Type thing, const VkAllocationCallbacks *a)                                 \
    {                                                                                                                  \
        (void)owner, (void)a;                                                                                          \
        pthread_mutex_lock(&mock_lock);                                                                                \
        mock_record("vkDestroy" #Name);                                                                                \
        if (thing) mock_free(HANDLE(thing), what);                                                                     \
        mock_end();                                                                                                    \
    }

OBJECT(ShaderModule, VkShaderModule, VkDevice, "shader module", 16)
OBJECT(DescriptorSetLayout, VkDescriptorSetLayout, VkDevice, "set layout", 16)
OBJECT(PipelineLayout, VkPipelineLayout, VkDevice, "pipeline layout", 16)
OBJECT(DescriptorPool, VkDescriptorPool, VkDevice, "descriptor pool", 16)
OBJECT(QueryPool, VkQueryPool, VkDevice, "query pool", 16)
OBJECT(Fence, VkFence, VkDevice, "fence", sizeof(struct fence))

/* Features of an extension are asked for with the extension. */
static VkResult CreateDevice(VkPhysicalDevice physical, const VkDeviceCreateInfo *info, const VkAllocationCallbacks *a,
                             VkDevice *device)
{
    bool has_sizes = false;
    (void)physical, (void)a;
    CALL("vkCreateDevice %u extensions", info->enabledExtensionCount);
    for (uint32_t i = 0; i < info->enabledExtensionCount; i++)
        has_sizes |= !strcmp(info->ppEnabledExtensionNames[i], "VK_EXT_subgroup_size_control");
    for (const VkBaseInStructure *s = info->pNext; s; s = s->pNext)
        if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES && !has_sizes)
            mock_misuse("features of an extension that is not enabled");
    *device = mock_new(MOCK_OBJECT, "device", 16);
    return done(VK_SUCCESS);
}

static void DestroyDevice(VkDevice device, const VkAllocationCallbacks *a)
{
    (void)a;
    pthread_mutex_lock(&mock_lock);
    mock_record("vkDestroyDevice");
    mock_free(device, "device");
    mock_end();
}

static VkResult CreateInstance(const VkInstanceCreateInfo *info, const VkAllocationCallbacks *a, VkInstance *instance)
{
    (void)a;
    CALL("vkCreateInstance %u", info->pApplicationInfo->apiVersion);
    *instance = mock_new(MOCK_OBJECT, "instance", 16);
    return done(VK_SUCCESS);
}

static void DestroyInstance(VkInstance instance, const VkAllocationCallbacks *a)
{
    (void)a;
    pthread_mutex_lock(&mock_lock);
    mock_free(instance, "instance");
    mock_end();
}

static VkResult CreateComputePipelines(VkDevice device, VkPipelineCache cache, uint32_t n,
                                       const VkComputePipelineCreateInfo *info, const VkAllocationCallbacks *a,
                                       VkPipeline *pipeline)
{
    (void)device, (void)cache, (void)a;
    CALL("vkCreateComputePipelines %u %s", n, info->stage.pName);
    mock_find(HANDLE(info->stage.module), "shader module");
    mock_find(HANDLE(info->layout), "pipeline layout");
    *pipeline = (VkPipeline)(uintptr_t)mock_new(MOCK_OBJECT, "pipeline", 16);
    return done(VK_SUCCESS);
}

static void DestroyPipeline(VkDevice device, VkPipeline pipeline, const VkAllocationCallbacks *a)
{
    (void)device, (void)a;
    pthread_mutex_lock(&mock_lock);
    if (pipeline) mock_free(HANDLE(pipeline), "pipeline");
    mock_end();
}

/* -- the driver and its device ----------------------------------------------------------------- */

static VkResult EnumerateInstanceVersion(uint32_t *version)
{
    CALL("vkEnumerateInstanceVersion");
    *version = mock.version < 10000 ? VK_API_VERSION_1_1 : VK_API_VERSION_1_3;
    return done(VK_SUCCESS);
}

static VkResult EnumeratePhysicalDevices(VkInstance instance, uint32_t *n, VkPhysicalDevice *devices)
{
    CALL("vkEnumeratePhysicalDevices");
    mock_find(instance, "instance");
    *n = (uint32_t)mock.n_devices;
    for (int i = 0; i < mock.n_devices; i++)
        devices[i] = (VkPhysicalDevice)(uintptr_t)(i + 1);
    return done(VK_SUCCESS);
}

/* Of 32 lanes, by an extension. */
static VkResult EnumerateDeviceExtensionProperties(VkPhysicalDevice device, const char *layer, uint32_t *n,
                                                   VkExtensionProperties *list)
{
    (void)device, (void)layer;
    CALL("vkEnumerateDeviceExtensionProperties");
    if (list && *n) list[0] = (VkExtensionProperties){"VK_EXT_subgroup_size_control", 2};
    *n = 1;
    return done(VK_SUCCESS);
}

static void tell_subgroups(VkBaseOutStructure *s)
{
    VkPhysicalDeviceSubgroupProperties *lanes = (void *)s;
    VkPhysicalDeviceSubgroupSizeControlProperties *sizes = (void *)s;
    if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES) {
        lanes->subgroupSize = 32;
        lanes->supportedStages = VK_SHADER_STAGE_COMPUTE_BIT;
        lanes->supportedOperations =
            VK_SUBGROUP_FEATURE_BASIC_BIT | VK_SUBGROUP_FEATURE_BALLOT_BIT | VK_SUBGROUP_FEATURE_SHUFFLE_BIT;
    }
    if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES) {
        sizes->minSubgroupSize = sizes->maxSubgroupSize = 32;
        sizes->maxComputeWorkgroupSubgroups = 32;
        sizes->requiredSubgroupSizeStages = VK_SHADER_STAGE_COMPUTE_BIT;
    }
}

static void GetPhysicalDeviceProperties2(VkPhysicalDevice device, VkPhysicalDeviceProperties2 *p)
{
    VkPhysicalDeviceLimits *l = &p->properties.limits;
    p->properties.apiVersion = VK_API_VERSION_1_2;
    p->properties.deviceType = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
    snprintf(p->properties.deviceName, sizeof p->properties.deviceName, "Mock GPU %d", (int)(uintptr_t)device - 1);
    l->maxStorageBufferRange = 1 << 20;
    l->minStorageBufferOffsetAlignment = 64;
    l->maxComputeWorkGroupInvocations = 1024;
    l->maxComputeSharedMemorySize = (uint32_t)mock.shared_bytes;
    l->maxPushConstantsSize = 128;
    l->timestampPeriod = 1;
    for (int i = 0; i < 3; i++) {
        l->maxComputeWorkGroupCount[i] = (uint32_t)mock.max_groups;
        l->maxComputeWorkGroupSize[i] = 1024;
    }
    for (VkBaseOutStructure *s = p->pNext; s; s = s->pNext) {
        VkPhysicalDeviceFloatControlsProperties *f = (void *)s;
        if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FLOAT_CONTROLS_PROPERTIES)
            f->shaderRoundingModeRTEFloat32 = f->shaderSignedZeroInfNanPreserveFloat32 = VK_TRUE;
        tell_subgroups(s);
    }
}

static void GetPhysicalDeviceFeatures2(VkPhysicalDevice device, VkPhysicalDeviceFeatures2 *features)
{
    (void)device;
    for (VkBaseOutStructure *s = features->pNext; s; s = s->pNext) {
        if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES)
            ((VkPhysicalDeviceVulkan11Features *)s)->storageBuffer16BitAccess = mock.minor != 0;
        if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES)
            ((VkPhysicalDeviceVulkan12Features *)s)->storageBuffer8BitAccess = VK_TRUE;
        if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES) {
            VkPhysicalDeviceSubgroupSizeControlFeatures *f = (void *)s;
            f->subgroupSizeControl = f->computeFullSubgroups = VK_TRUE;
        }
    }
}

/* Memory of the device alone, so that everything is staged; and memory of the host. */
static void GetPhysicalDeviceMemoryProperties(VkPhysicalDevice device, VkPhysicalDeviceMemoryProperties *p)
{
    (void)device;
    memset(p, 0, sizeof *p);
    p->memoryTypeCount = 2;
    p->memoryTypes[0].propertyFlags = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
    p->memoryTypes[1].propertyFlags =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT | VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
}

static void GetPhysicalDeviceQueueFamilyProperties(VkPhysicalDevice device, uint32_t *n, VkQueueFamilyProperties *f)
{
    (void)device;
    *n = 1;
    memset(f, 0, sizeof *f);
    f->queueFlags = VK_QUEUE_COMPUTE_BIT;
    f->queueCount = 1;
    f->timestampValidBits = 64;
}

static void GetDeviceQueue(VkDevice device, uint32_t family, uint32_t i, VkQueue *queue)
{
    (void)family, (void)i;
    *queue = (VkQueue)device;
}

static VkResult DeviceWaitIdle(VkDevice device)
{
    CALL("vkDeviceWaitIdle");
    mock_find(device, "device");
    return done(VK_SUCCESS);
}

/* -- memory ------------------------------------------------------------------------------------ */

static VkResult CreateBuffer(VkDevice device, const VkBufferCreateInfo *info, const VkAllocationCallbacks *a,
                             VkBuffer *b)
{
    (void)device, (void)a;
    CALL("vkCreateBuffer %llu", (unsigned long long)info->size);
    struct buffer *buffer = mock_new(MOCK_OBJECT, "buffer", sizeof *buffer);
    buffer->n_bytes = info->size;
    *b = (VkBuffer)(uintptr_t)buffer;
    return done(VK_SUCCESS);
}

static void DestroyBuffer(VkDevice device, VkBuffer buffer, const VkAllocationCallbacks *a)
{
    (void)device, (void)a;
    pthread_mutex_lock(&mock_lock);
    if (buffer) mock_free(HANDLE(buffer), "buffer");
    mock_end();
}

static void GetBufferMemoryRequirements(VkDevice device, VkBuffer buffer, VkMemoryRequirements *need)
{
    (void)device;
    *need = (VkMemoryRequirements){((struct buffer *)HANDLE(buffer))->n_bytes, 64, 3};
}

static VkDeviceAddress GetBufferDeviceAddress(VkDevice device, const VkBufferDeviceAddressInfo *info)
{
    (void)device;
    return (VkDeviceAddress)(uintptr_t)mock_find(HANDLE(info->buffer), "buffer");
}

static VkResult AllocateMemory(VkDevice device, const VkMemoryAllocateInfo *info, const VkAllocationCallbacks *a,
                               VkDeviceMemory *memory)
{
    (void)device, (void)a;
    CALL("vkAllocateMemory %llu type %u", (unsigned long long)info->allocationSize, info->memoryTypeIndex);
    if (info->allocationSize > 1 << 30) return done(VK_ERROR_OUT_OF_DEVICE_MEMORY);
    *memory = (VkDeviceMemory)(uintptr_t)mock_new(MOCK_HOST_MEMORY, "memory", info->allocationSize);
    return done(VK_SUCCESS);
}

static void FreeMemory(VkDevice device, VkDeviceMemory memory, const VkAllocationCallbacks *a)
{
    (void)device, (void)a;
    pthread_mutex_lock(&mock_lock);
    if (memory) mock_free(HANDLE(memory), "memory");
    mock_end();
}

static VkResult BindBufferMemory(VkDevice device, VkBuffer buffer, VkDeviceMemory memory, VkDeviceSize offset)
{
    (void)device;
    CALL("vkBindBufferMemory %llu", (unsigned long long)offset);
    ((struct buffer *)mock_find(HANDLE(buffer), "buffer"))->memory = memory;
    return done(VK_SUCCESS);
}

static VkResult MapMemory(VkDevice device, VkDeviceMemory memory, VkDeviceSize offset, VkDeviceSize n,
                          VkMemoryMapFlags f, void **bytes)
{
    (void)device, (void)n, (void)f;
    CALL("vkMapMemory %llu", (unsigned long long)offset);
    *bytes = mock_find(HANDLE(memory), "memory");
    return done(VK_SUCCESS);
}

/* -- descriptors ------------------------------------------------------------------------------- */

static VkResult AllocateDescriptorSets(VkDevice device, const VkDescriptorSetAllocateInfo *info, VkDescriptorSet *sets)
{
    (void)device;
    CALL("vkAllocateDescriptorSets %u", info->descriptorSetCount);
    mock_find(HANDLE(info->descriptorPool), "descriptor pool");
    for (uint32_t i = 0; i < info->descriptorSetCount; i++)
        sets[i] = (VkDescriptorSet)(uintptr_t)(i + 1);
    return done(VK_SUCCESS);
}

static void UpdateDescriptorSets(VkDevice device, uint32_t n, const VkWriteDescriptorSet *writes, uint32_t n_copies,
                                 const VkCopyDescriptorSet *copies)
{
    (void)device, (void)n_copies, (void)copies;
    pthread_mutex_lock(&mock_lock);
    for (uint32_t i = 0; i < n; i++) {
        const VkDescriptorBufferInfo *b = writes[i].pBufferInfo;
        const struct buffer *buffer = mock_find(HANDLE(b->buffer), "buffer");
        if (buffer && b->range != VK_WHOLE_SIZE && b->offset + b->range > buffer->n_bytes)
            mock_misuse("a descriptor passes its buffer's end");
        if (b->offset % 64) mock_misuse("a descriptor's offset is not aligned");
    }
    mock_end();
}

/* -- commands ---------------------------------------------------------------------------------- */

static VkResult CreateCommandPool(VkDevice device, const VkCommandPoolCreateInfo *info, const VkAllocationCallbacks *a,
                                  VkCommandPool *pool)
{
    (void)device, (void)info, (void)a;
    CALL("vkCreateCommandPool");
    *pool = (VkCommandPool)(uintptr_t)mock_new(MOCK_OBJECT, "command pool", sizeof(struct pool));
    return done(VK_SUCCESS);
}

static void DestroyCommandPool(VkDevice device, VkCommandPool pool, const VkAllocationCallbacks *a)
{
    (void)device, (void)a;
    pthread_mutex_lock(&mock_lock);
    struct pool *p = pool ? mock_find(HANDLE(pool), "command pool") : NULL;
    if (p && p->commands) mock_free(p->commands, "commands");
    if (p) mock_free(p, "command pool");
    mock_end();
}

static VkResult AllocateCommandBuffers(VkDevice device, const VkCommandBufferAllocateInfo *info,
                                       VkCommandBuffer *buffers)
{
    (void)device;
    CALL("vkAllocateCommandBuffers %u", info->commandBufferCount);
    struct commands *c = mock_new(MOCK_OBJECT, "commands", sizeof *c);
    c->pool = info->commandPool;
    ((struct pool *)mock_find(HANDLE(info->commandPool), "command pool"))->commands = c;
    buffers[0] = (VkCommandBuffer)(void *)c;
    return done(VK_SUCCESS);
}

static VkResult BeginCommandBuffer(VkCommandBuffer buffer, const VkCommandBufferBeginInfo *info)
{
    (void)info;
    CALL("vkBeginCommandBuffer");
    ((struct commands *)(void *)buffer)->n = 0;
    return done(VK_SUCCESS);
}

static VkResult EndCommandBuffer(VkCommandBuffer buffer)
{
    (void)buffer;
    CALL("vkEndCommandBuffer");
    return done(VK_SUCCESS);
}

static void add(VkCommandBuffer buffer, struct command command)
{
    struct commands *c = (void *)buffer;
    pthread_mutex_lock(&mock_lock);
    if (c->n == MAX_COMMANDS) abort();
    c->list[c->n++] = command;
    mock_end();
}

static void CmdCopyBuffer(VkCommandBuffer buffer, VkBuffer from, VkBuffer to, uint32_t n, const VkBufferCopy *regions)
{
    for (uint32_t i = 0; i < n; i++)
        add(buffer, (struct command){COPY, from, to, regions[i].srcOffset, regions[i].dstOffset, regions[i].size});
}

static void CmdFillBuffer(VkCommandBuffer buffer, VkBuffer to, VkDeviceSize at, VkDeviceSize n_bytes, uint32_t word)
{
    (void)word;
    if (at % 4 || (n_bytes != VK_WHOLE_SIZE && n_bytes % 4)) mock_misuse("a fill that is not aligned");
    add(buffer, (struct command){FILL, VK_NULL_HANDLE, to, 0, at, n_bytes});
}

static void CmdBindPipeline(VkCommandBuffer buffer, VkPipelineBindPoint point, VkPipeline pipeline)
{
    (void)buffer, (void)point;
    mock_find(HANDLE(pipeline), "pipeline");
}

static void CmdBindDescriptorSets(VkCommandBuffer buffer, VkPipelineBindPoint point, VkPipelineLayout layout,
                                  uint32_t first, uint32_t n, const VkDescriptorSet *sets, uint32_t n_offsets,
                                  const uint32_t *offsets)
{
    (void)buffer, (void)point, (void)first, (void)n, (void)sets, (void)n_offsets, (void)offsets;
    mock_find(HANDLE(layout), "pipeline layout");
}

static void CmdPushConstants(VkCommandBuffer buffer, VkPipelineLayout layout, VkShaderStageFlags stages, uint32_t at,
                             uint32_t n_bytes, const void *bytes)
{
    (void)buffer, (void)layout, (void)stages, (void)at;
    if (n_bytes > 128) mock_misuse("too many push constants");
    mock_record("vkCmdPushConstants %u bytes %08x", n_bytes, mock_hash(bytes, n_bytes));
}

static void CmdDispatch(VkCommandBuffer buffer, uint32_t x, uint32_t y, uint32_t z)
{
    (void)buffer;
    if (x > (uint32_t)mock.max_groups || !x || !y || !z) mock_misuse("a grid that is too large");
    mock_record("vkCmdDispatch %u %u %u", x, y, z);
}

static void CmdPipelineBarrier(VkCommandBuffer buffer, VkPipelineStageFlags from, VkPipelineStageFlags to,
                               VkDependencyFlags flags, uint32_t n, const VkMemoryBarrier *m, uint32_t n_buffers,
                               const VkBufferMemoryBarrier *b, uint32_t n_images, const VkImageMemoryBarrier *i)
{
    (void)buffer, (void)from, (void)to, (void)flags, (void)n, (void)m, (void)n_buffers, (void)b, (void)n_images,
        (void)i;
}

static void CmdResetQueryPool(VkCommandBuffer buffer, VkQueryPool pool, uint32_t first, uint32_t n)
{
    (void)buffer, (void)pool, (void)first, (void)n;
}

static void CmdWriteTimestamp(VkCommandBuffer buffer, VkPipelineStageFlagBits stage, VkQueryPool pool, uint32_t i)
{
    (void)buffer, (void)stage, (void)pool, (void)i;
}

static VkResult GetQueryPoolResults(VkDevice device, VkQueryPool pool, uint32_t first, uint32_t n, size_t n_bytes,
                                    void *data, VkDeviceSize stride, VkQueryResultFlags flags)
{
    (void)device, (void)pool, (void)first, (void)stride, (void)flags;
    CALL("vkGetQueryPoolResults %u", n);
    memset(data, 0, n_bytes);
    for (uint32_t i = 0; i < n && (i + 1) * sizeof(uint64_t) <= n_bytes; i++)
        ((uint64_t *)data)[i] = (i + 1) * 1000;
    return done(VK_SUCCESS);
}

/* -- submission -------------------------------------------------------------------------------- */

static unsigned char *bytes_of(VkBuffer buffer, VkDeviceSize at, VkDeviceSize *n)
{
    const struct buffer *b = mock_find(HANDLE(buffer), "buffer");
    unsigned char *bytes = b ? mock_find(HANDLE(b->memory), "memory") : NULL;
    if (bytes && *n == VK_WHOLE_SIZE) *n = b->n_bytes - at;
    if (bytes && at + *n > b->n_bytes) mock_misuse("a command passes its buffer's end");
    return bytes && at + *n <= b->n_bytes ? bytes + at : NULL;
}

static void perform(const struct command *c)
{
    VkDeviceSize n = c->n_bytes;
    unsigned char *to = bytes_of(c->to, c->to_at, &n);
    const unsigned char *from = c->kind == COPY ? bytes_of(c->from, c->from_at, &n) : NULL;
    if (to && from) memmove(to, from, n);
    if (to && c->kind == FILL) memset(to, 0, n);
}

static VkResult QueueSubmit(VkQueue queue, uint32_t n, const VkSubmitInfo *infos, VkFence fence)
{
    CALL("vkQueueSubmit %u", n);
    struct fence *f = mock_find(HANDLE(fence), "fence");
    mock_find(queue, "device");
    for (uint32_t i = 0; f && i < n && f->n_pending < MAX_PENDING; i++)
        f->pending[f->n_pending++] = (struct commands *)(void *)infos[i].pCommandBuffers[0];
    return done(VK_SUCCESS);
}

static VkResult WaitForFences(VkDevice device, uint32_t n, const VkFence *fences, VkBool32 all, uint64_t limit)
{
    (void)device, (void)n, (void)all, (void)limit;
    CALL("vkWaitForFences");
    struct fence *f = mock_find(HANDLE(fences[0]), "fence");
    for (uint32_t i = 0; f && i < f->n_pending; i++)
        for (uint32_t k = 0; k < f->pending[i]->n; k++)
            perform(&f->pending[i]->list[k]);
    if (f) f->n_pending = 0;
    return done(VK_SUCCESS);
}

static VkResult ResetFences(VkDevice device, uint32_t n, const VkFence *fences)
{
    (void)device, (void)n, (void)fences;
    CALL("vkResetFences");
    return done(VK_SUCCESS);
}

/* -- finding all that ---------------------------------------------------------------------------- */

static PFN_vkVoidFunction GetDeviceProcAddr(VkDevice device, const char *name);

static const struct {
    const char *name;
    PFN_vkVoidFunction function;
} entries[] = {
#define VULKAN(scope, name) {"vk" #name, (PFN_vkVoidFunction)name},
#include "runtime-stub/vulkan.def"
};

static PFN_vkVoidFunction find(const char *name)
{
#ifdef MOCK_OLD /* a driver that lacks a call */
    if (!strcmp(name, "vkCmdFillBuffer")) return NULL;
#endif
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (!strcmp(entries[i].name, name)) return entries[i].function;
    return NULL;
}

static PFN_vkVoidFunction GetDeviceProcAddr(VkDevice device, const char *name)
{
    (void)device;
    return find(name);
}

__attribute__((visibility("default"))) PFN_vkVoidFunction vkGetInstanceProcAddr(VkInstance instance, const char *name);
PFN_vkVoidFunction vkGetInstanceProcAddr(VkInstance instance, const char *name)
{
    (void)instance;
    return find(name);
}
