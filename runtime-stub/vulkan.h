/* vulkan.h - what the files of the Vulkan backend share. Not for users.
 *
 *   vulkan_open.c     the driver's library, an instance, a device that can run our code; or why not
 *   vulkan_memory.c   buffers and where they lie
 *   vulkan_program.c  a program's image as a pipeline
 *   vulkan_place.c    what a launch needs on the device: memory, descriptors; kept for the next launch alike
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
    uint64_t base;         /* where ours begins: in a buffer of the caller's, which is not ours to destroy */
    bool is_callers;
};

/* How programs' modules are to be specialised, and what may not be asked of the device. */
struct vulkan_abilities {
    VkBool32 exact[EXACT_COUNT]; /* the specialisation constants; under the lock */
    bool int64, float32, float64, int64_atomics, small_storage;
    bool addresses; /* of buffers, in code for large launches */
    bool subgroups; /* of 32 lanes, full, where they are asked for */
    uint32_t
        max_visits; /* of loops' starts, by one invocation, that cannot have reached the device's limit of rounds */
    bool bindings;  /* of buffers that are short enough; false: addresses wherever there is code for them */
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
    uint32_t max_subgroups; /* of a workgroup */
    uint32_t n_lanes;       /* that go around loops together, and are counted together */
    uint32_t api_version;   /* that we asked for */
    bool owns_instance, owns_device;
    VkPhysicalDeviceLimits limits;
    VkPhysicalDeviceMemoryProperties memory_types;
    bool has_timestamps;
    uint64_t timestamp_mask; /* of the bits that are valid */
    struct vulkan_abilities abilities;
    uint8_t fingerprint[FINGERPRINT_BYTES];
    void (*queue_lock_of_caller)(void *ctx, int lock); /* NULL: nobody else uses the queue */
    void *queue_lock_ctx;
    pthread_mutex_t queue_lock; /* of the queue: external synchronisation is ours (3.6) */
    pthread_mutex_t lock;       /* of what follows */
    struct vulkan_job *free_jobs;
    struct vulkan_recording *recordings; /* not in use, the last one used first */
    uint32_t n_recordings;
    uint64_t recorded_bytes;      /* of device memory that they hold */
    struct vulkan_memory nothing; /* zeros; stands in for buffers without elements: no binding is empty */
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
vyre_status vulkan_buffer_wrap(vyre_buffer *b, vyre_native_kind kind, uint64_t handle, uint64_t offset_bytes,
                               struct outcome *o);
vyre_status vulkan_buffer_copy(vyre_buffer *b, void *to, const void *from, uint64_t n_bytes, struct outcome *o);

/* -- vulkan_program.c */
/* The images that a program may have. */
enum vulkan_form { VULKAN_PLAIN, VULKAN_WORDS, VULKAN_LARGE, VULKAN_SUBGROUPS, VULKAN_FORM_COUNT };
/* Which one serves the device best, by the program's needs (needs.def). */
enum vulkan_form vulkan_form_of(const struct vulkan *v, uint32_t needs);
/* What a module has on the device: vulkan_load. */
struct vulkan_module {
    struct vulkan_program *programs; /* two for each: as it is mostly run, and for large launches */
    struct vulkan_memory *tables;
    uint32_t n_tables;
};

struct vulkan_program {
    VkShaderModule module;
    VkDescriptorSetLayout set_layout;
    VkPipelineLayout layout;
    VkPipeline pipeline;
    VkPipeline wide[TUNER_WIDTHS]; /* with workgroups of 32, 64, ... invocations; made when they are first needed */
    const struct vyre_spirv_head *head; /* in the image */
    const uint32_t *buffer_bindings, *tables, *param_offsets, *trap_codes, *trap_code_arms;
    enum { LARGE_UNKNOWN, LARGE_NONE, LARGE_THERE } has_large; /* in the first of two */
};
/* The program's pipeline, made on first use. NULL: *o says why. */
const struct vulkan_program *vulkan_program_get(vyre_context *c, const struct vyre_unit *program, bool is_large,
                                                struct outcome *o);
/* Whether the object has code of it for large launches, and the device runs such. */
bool vulkan_has_large(vyre_context *c, const struct vyre_unit *program);
/* The k-th DATA image of the module in device memory. NULL: *o says why. */
const struct vulkan_memory *vulkan_table_get(vyre_context *c, struct module *m, uint32_t number, struct outcome *o);
/* With workgroups of another width than the declared one, 32, 64, ... 1024. NULL: *o says why. */
VkPipeline vulkan_pipeline_get(vyre_context *c, const struct vulkan_program *program, uint32_t width,
                               struct outcome *o);
uint32_t vulkan_max_width(vyre_context *c, const struct vyre_unit *program);
bool vulkan_load(struct module *m);
void vulkan_unload(struct module *m);

/* -- vulkan_job.c */
vyre_status vulkan_take_job(vyre_context *c, struct vulkan_job **job, struct outcome *o);
void vulkan_give_job(vyre_context *c, struct vulkan_job *job);
vyre_status vulkan_begin(vyre_context *c, struct vulkan_job *job, struct outcome *o);
vyre_status vulkan_end(vyre_context *c, struct vulkan_job *job, struct outcome *o);
/* Submits the ended commands, and waits. May be done again. */
vyre_status vulkan_submit(vyre_context *c, struct vulkan_job *job, struct outcome *o);
/* Both. */
vyre_status vulkan_finish(vyre_context *c, struct vulkan_job *job, struct outcome *o);
void vulkan_free_jobs(vyre_context *c);

/* -- vulkan_place.c */

/* Where a buffer of the plan is. */
struct vulkan_placed {
    VkBuffer buffer;
    uint64_t offset, n_bytes, count;
    struct vulkan_memory device;  /* ours, when the argument is host memory, or a temp */
    struct vulkan_memory staging; /* on the host's side, where `device` cannot be mapped */
    VkBuffer source; /* a buffer of the context that lies where no descriptor may begin: copied to `device` and back */
    uint64_t source_offset;
};

/* A unit bound to buffers, and the commands that run it. */
struct vulkan_recording {
    struct vulkan_recording *next;
    const struct vyre_unit *unit;
    struct vulkan_job *job;
    struct vulkan_placed *placed; /* per buffer of the plan, temps included */
    uint32_t n_args, n_buffers;
    uint64_t *params; /* of the commands, then the widths of all steps */
    bool has_commands;
    VkDescriptorPool descriptors;
    VkDescriptorSet *sets;      /* per step */
    bool *is_large;             /* per step: which code it runs */
    struct vulkan_memory traps; /* struct vyre_trap_record, those of a step at 256 bytes */
    struct vulkan_memory args;  /* launch words that are too many for push constants */
    uint64_t *args_at;          /* per step */
    uint64_t device_bytes;
    VkQueryPool trace_times; /* of a context with a trace: before and after the uploads, after each step, after all */
    size_t n_bytes;          /* of this block */
};
enum { VULKAN_TRAP_STRIDE = 256, VULKAN_TRAP_BYTES = VYRE_META_MAX_TRAP_ARMS * 8 };

/* The program of a step of the recording. NULL: *o says why. */
const struct vulkan_program *vulkan_step_program(vyre_context *c, const struct vulkan_recording *r, uint32_t step,
                                                 struct outcome *o);
static inline const struct vyre_meta_buffer *vulkan_meta_buffer(const struct vyre_unit *u, uint32_t i)
{
    return &u->module->meta.buffers[u->meta->first_buffer + i];
}
static inline bool vulkan_is_written(const struct vyre_meta_buffer *b)
{
    return b->access == VYRE_ACCESS_WRITE || b->access == VYRE_ACCESS_READ_WRITE;
}
/* Which buffer of the plan the step's i-th is. */
static inline uint32_t vulkan_plan_buffer(const struct vyre_unit *u, uint32_t step, uint32_t i)
{
    uint32_t first = u->steps[step].first_arg;
    return first == NONE_BOUND ? i : u->module->meta.args[first + i].value;
}
/* One kept from a launch with the same buffers and lengths, or a new one without commands. NULL: *o says why. */
struct vulkan_recording *vulkan_take_recording(vyre_context *c, const struct plan *plan, struct outcome *o);
void vulkan_give_recording(vyre_context *c, struct vulkan_recording *r);
void vulkan_end_recording(vyre_context *c, struct vulkan_recording *r); /* instead of giving it back */
/* Forgets those that use the buffer; NULL: all. */
void vulkan_forget_recordings(vyre_context *c, VkBuffer buffer);

/* -- vulkan_trace.c: does nothing in contexts without a trace */
vyre_status vulkan_trace_begin(vyre_context *c, struct vulkan_recording *r, struct outcome *o);
void vulkan_trace_reset(vyre_context *c, const struct vulkan_recording *r, VkCommandBuffer commands);
/* When all that was recorded before has ended: the uploads, a step, all. */
enum { VULKAN_TRACE_START, VULKAN_TRACE_UPLOADS, VULKAN_TRACE_STEPS };
void vulkan_trace_mark(vyre_context *c, const struct vulkan_recording *r, VkCommandBuffer commands, uint32_t which);
/* The clock before the copies in, before the submission, after it, after the copies out; and bytes copied. */
struct vulkan_trace_times {
    uint64_t in_ns, submit_ns, end_ns, out_ns, n_uploaded, n_downloaded;
};
void vulkan_trace_write(vyre_context *c, const struct vulkan_recording *r, const struct plan *plan,
                        const struct vulkan_trace_times *times);

/* -- vulkan_run.c */
vyre_status vulkan_run(vyre_context *c, struct plan *plan, struct outcome *o);

#endif
