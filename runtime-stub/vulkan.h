/* vulkan.h - what the files of the Vulkan backend share. Not for users.
 *
 *   vulkan_open.c     the driver's library, an instance, a device that can run our code; or why not
 *   vulkan_memory.c   buffers and where they lie
 *   vulkan_program.c  a program's image as a pipeline
 *   vulkan_run.c      a plan as one submission
 *
 * Sections cited are those of the Vulkan 1.3 specification. */
#ifndef VYRE_VULKAN_H
#define VYRE_VULKAN_H

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan_core.h>

#include "runtime-stub/runtime.h"

struct vulkan_calls {
#define VULKAN(scope, name) PFN_vk##name name;
#include "runtime-stub/vulkan.def"
};

/* Memory of the device. */
struct vulkan_memory {
    VkBuffer buffer;
    VkDeviceMemory memory;
    unsigned char *mapped; /* NULL where the host cannot reach it */
    uint64_t n_bytes;      /* usable */
};

/* How programs' modules are to be specialised, and what may not be asked of the device. */
struct vulkan_abilities {
    VkBool32 exact[EXACT_COUNT]; /* the specialisation constants; under the lock */
    bool int64, float64, int64_atomics;
};

/* What one submission needs, kept for the next. */
struct vulkan_job {
    struct vulkan_job *next;
    VkCommandPool pool;
    VkCommandBuffer commands;
    VkFence fence;
    VkQueryPool timestamps;
};

struct vulkan {
    void *library;
    PFN_vkGetInstanceProcAddr get_proc;
    struct vulkan_calls vk;
    VkInstance instance;
    VkPhysicalDevice physical;
    VkDevice device;
    VkQueue queue;
    uint32_t queue_family;
    bool owns_instance, owns_device;
    VkPhysicalDeviceLimits limits;
    VkPhysicalDeviceMemoryProperties memory_types;
    struct vulkan_abilities abilities;
    uint8_t fingerprint[FINGERPRINT_BYTES];
    pthread_mutex_t queue_lock; /* of the queue: external synchronisation is ours (3.6) */
    pthread_mutex_t lock;       /* of what follows */
    struct vulkan_job *free_jobs;
    struct vulkan_memory nothing; /* stands in for buffers without elements: no binding is empty */
};

/* -- vulkan_open.c */
/* Our status for the driver's, with the call's name in the message. */
vyre_status vulkan_fail(struct vulkan *v, struct outcome *o, VkResult result, const char *call);

/* -- vulkan_memory.c */
enum vulkan_place { VULKAN_ON_DEVICE, VULKAN_UPLOAD, VULKAN_READBACK };
vyre_status vulkan_allocate(vyre_context *c, enum vulkan_place place, uint64_t n_bytes, struct vulkan_memory *memory,
                            struct outcome *o);
void vulkan_release(vyre_context *c, struct vulkan_memory *memory);
vyre_status vulkan_buffer_create(vyre_buffer *b, struct outcome *o);
void vulkan_buffer_destroy(vyre_buffer *b);
vyre_status vulkan_buffer_copy(vyre_buffer *b, void *to, const void *from, uint64_t n_bytes, struct outcome *o);

/* -- vulkan_program.c */
/* What a module has on the device: vulkan_load. */
struct vulkan_module {
    struct vulkan_program *programs;
    struct vulkan_memory *tables;
    uint32_t n_tables;
};

struct vulkan_program {
    VkShaderModule module;
    VkDescriptorSetLayout set_layout;
    VkPipelineLayout layout;
    VkPipeline pipeline;
    const struct vyre_spirv_head *head; /* in the image */
    const uint32_t *buffer_bindings, *tables, *param_offsets;
};
/* The program's pipeline, made on first use. NULL: *o says why. */
const struct vulkan_program *vulkan_program_get(vyre_context *c, const struct vyre_unit *program, struct outcome *o);
/* The k-th DATA image of the module in device memory. NULL: *o says why. */
const struct vulkan_memory *vulkan_table_get(vyre_context *c, struct module *m, uint32_t number, struct outcome *o);
bool vulkan_load(struct module *m);
void vulkan_unload(struct module *m);

/* -- vulkan_job.c */
vyre_status vulkan_take_job(vyre_context *c, struct vulkan_job **job, struct outcome *o);
void vulkan_give_job(vyre_context *c, struct vulkan_job *job);
vyre_status vulkan_begin(vyre_context *c, struct vulkan_job *job, struct outcome *o);
/* Ends the commands, submits them, and waits. */
vyre_status vulkan_finish(vyre_context *c, struct vulkan_job *job, struct outcome *o);
void vulkan_free_jobs(vyre_context *c);

/* -- vulkan_run.c */
vyre_status vulkan_run(vyre_context *c, struct plan *plan, struct outcome *o);

#endif
