/* vyrert.h - the runtime that programs compiled by vyrec are linked with: contexts, buffers, streams, events, launches.
 *
 *     cc main.c prog.o -lvyrert
 *
 * The header that vyrec writes for prog.vir includes this one and declares a function and an argument struct for each
 * program and pipeline. A whole use is:
 *
 *     vyre_context *ctx;
 *     if (vyre_context_create(NULL, &ctx)) ...
 *     struct scan_args args = { .text = vyre_host(text, n), .hits = vyre_host(hits, 1024), .limit = 1000 };
 *     vyre_status status = scan(ctx, &args);
 *     if (status) fprintf(stderr, "%s\n", vyre_context_message(ctx));
 *     vyre_context_destroy(ctx);
 *
 * Errors: every call that can fail returns a vyre_status: 0, or a negative code. The context keeps, for each thread,
 * the message of that thread's last failed call, with cause and fix. A call that fails has changed nothing, except that
 * a launch that trapped, lost its device, or was given up by the driver on the way, has left the buffers it writes in an
 * unspecified state.
 *
 * Threads: all calls may be made from any thread at any time, on one context or several, but an object may be destroyed
 * only once and not be used in a call that begins afterwards. There is no global state; nothing is printed unless
 * VYRE_LOG asks for it; no disk is touched unless a trace or a cache is asked for.
 *
 * Ownership: what a `create` or `wrap` call gives belongs to the caller until it is given to the matching `destroy`;
 * work in flight keeps what it uses alive. Strings handed out belong to the object they were asked of.
 *
 * Sizes: counts are elements, `_bytes` are bytes, `_ns` are nanoseconds. All hosts are 64-bit and little-endian. */
#ifndef VYRERT_H
#define VYRERT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define VYRE_API __attribute__((visibility("default")))
#else
#define VYRE_API
#endif

/* The interface described here. The runtime's own, which is at least that of every object it accepts: vyre_version().
 */
#define VYRE_VERSION_MAJOR 0
#define VYRE_VERSION_MINOR 1
/* major * 1000 + minor of the runtime that was linked. */
VYRE_API uint32_t vyre_version(void);

/* -- status ------------------------------------------------------------------------------------ */

typedef enum vyre_status {
    VYRE_OK = 0,
    VYRE_ERROR_INVALID_ARGUMENT = -1, /* a null pointer, a size or a flag that means nothing */
    VYRE_ERROR_OUT_OF_MEMORY = -2,    /* of the host */
    VYRE_ERROR_DEVICE_MEMORY = -3,    /* out of device memory */
    VYRE_ERROR_NO_BACKEND = -4,       /* none of those asked for can be used: the message says why for each */
    VYRE_ERROR_NO_DEVICE = -5,        /* the driver has no device, or none of the name asked for */
    VYRE_ERROR_DRIVER_MISSING = -6,   /* its library is not installed */
    VYRE_ERROR_DRIVER_TOO_OLD = -7,
    VYRE_ERROR_DEVICE_LOST = -8,    /* the context cannot be used any more */
    VYRE_ERROR_BAD_MODULE = -9,     /* the object's container is damaged, or made for a newer runtime */
    VYRE_ERROR_NO_IMAGE = -10,      /* the object has no code for this device */
    VYRE_ERROR_IMAGE_REFUSED = -11, /* the driver did not accept the code */
    VYRE_ERROR_LENGTH = -12,        /* a buffer is shorter or longer than its rule allows */
    VYRE_ERROR_ALIASING = -13,      /* two buffers overlap and one of them is written */
    VYRE_ERROR_MISALIGNED = -14,    /* memory is not aligned to its elements, or as the program asks */
    VYRE_ERROR_OVERFLOW = -15,      /* a size computed from lengths and params does not fit, or divides by zero */
    VYRE_ERROR_GRID = -16,          /* the launch has more invocations than ids can number, or than the device allows */
    VYRE_ERROR_BUDGET = -17,        /* the pipeline's temps need more than its budget */
    VYRE_ERROR_TRAP = -18,          /* the program executed trap(code): see vyre_trap */
    VYRE_ERROR_UNSUPPORTED = -19,   /* this backend cannot do it */
    VYRE_ERROR_NOT_READY = -20,     /* vyre_event_query: not done yet */
    VYRE_ERROR_IO = -21,            /* a file that was asked for (trace, cache) cannot be written */
    VYRE_ERROR_WRONG_CONTEXT = -22, /* a buffer, stream or event of another context */
    VYRE_ERROR_MAPPED = -23,        /* the buffer is mapped, or is not */
    VYRE_ERROR_CHECK = -24,         /* VYRE_CHECK found a byte that differs between two executors */
    VYRE_ERROR_SYSTEM = -25,        /* the operating system refused a thread or a lock */
    VYRE_ERROR_CANCELLED = -26      /* a callback asked for the end */
} vyre_status;

/* One line of English for a status, in static storage; never NULL. */
VYRE_API const char *vyre_status_string(vyre_status status);
/* "VYRE_ERROR_LENGTH". */
VYRE_API const char *vyre_status_name(vyre_status status);

/* -- context ----------------------------------------------------------------------------------- */

typedef struct vyre_context vyre_context;
typedef struct vyre_buffer vyre_buffer;
typedef struct vyre_stream vyre_stream;
typedef struct vyre_event vyre_event;
typedef struct vyre_unit vyre_unit; /* a program or pipeline of a linked object */

typedef enum vyre_backend {
    VYRE_BACKEND_CPU = 0,
    VYRE_BACKEND_CUDA = 1,
    VYRE_BACKEND_HSA = 2,
    VYRE_BACKEND_VULKAN = 3
} vyre_backend;

/* Where the runtime gets memory of the host from, instead of malloc. Thread-safe. */
typedef struct vyre_allocator {
    void *ctx;
    /* At least `bytes` (not 0) aligned to `alignment` (a power of two), contents undefined; NULL when there is none. */
    void *(*alloc)(void *ctx, size_t bytes, size_t alignment);
    void (*free)(void *ctx, void *block, size_t bytes, size_t alignment);
} vyre_allocator;

/* Whose threads CPU code runs on, instead of a pool of the context's own. */
typedef struct vyre_executor {
    void *ctx;
    uint32_t n_workers; /* how many jobs can run at once, at least 1 */
    /* Calls job(job_ctx, i) once for each i below n (at most n_workers), on any threads, one after the other or at
     * once, and returns when all have returned. May be called from several threads at once. */
    void (*run)(void *ctx, uint32_t n, void (*job)(void *job_ctx, uint32_t i), void *job_ctx);
} vyre_executor;

typedef enum vyre_log_level { VYRE_LOG_ERROR = 0, VYRE_LOG_NOTE = 1, VYRE_LOG_DETAIL = 2 } vyre_log_level;
typedef void vyre_log_function(void *ctx, vyre_log_level level, const char *line);

/* Handles of the caller's own driver objects, for a context that shares them. Unused ones are NULL or 0. The caller
 * keeps them alive as long as the context, and the context never destroys them. */
typedef struct vyre_native {
    void *cuda_context;           /* CUcontext */
    void *cuda_stream;            /* CUstream for the default stream; with cuda_context */
    void *vulkan_instance;        /* VkInstance */
    void *vulkan_physical_device; /* VkPhysicalDevice */
    void *vulkan_device;          /* VkDevice */
    void *vulkan_queue;           /* VkQueue; used under vyre_options.queue_lock when that is given */
    uint32_t vulkan_queue_family;
    uint32_t reserved;
    uint64_t hsa_agent; /* hsa_agent_t.handle */
    void *hsa_queue;    /* hsa_queue_t * */
} vyre_native;

/* All fields may be zero. `size` is sizeof(vyre_options): fields that a later version appends are zero for older
 * callers. Where a field is zero and an environment variable is named, the variable decides (not in set-user-id
 * programs). */
typedef struct vyre_options {
    size_t size;
    const char *backends;  /* in order of preference: "cuda,hsa,vulkan,cpu"; VYRE_BACKEND. Default: all, CPU last */
    const char *device;    /* "#1", or part of its name; VYRE_DEVICE. Default: the backend's first */
    uint32_t threads;      /* CPU: threads that compute, the caller's included; VYRE_THREADS. Default: one per core */
    uint32_t log_level;    /* 1 + the vyre_log_level of the most that is logged; VYRE_LOG=1, 2 or 3. Default: nothing */
    const char *cpu_level; /* "x86-64-v2" to v4, or "aarch64"; VYRE_CPU_LEVEL. Default: the best of this CPU */
    vyre_log_function *log; /* NULL: stderr when VYRE_LOG or log_level asks for it. Called from any thread */
    void *log_ctx;
    const vyre_allocator *allocator;         /* copied; NULL: malloc */
    const vyre_executor *executor;           /* copied; NULL: own threads */
    const char *trace_path;                  /* a Chrome trace is written there; VYRE_TRACE. Default: none */
    const char *cache_dir;                   /* drivers' and tuner's caches; VYRE_CACHE_DIR. Default: no disk access */
    const vyre_native *native;               /* copied; NULL: own driver objects */
    void (*queue_lock)(void *ctx, int lock); /* taken (1) and released (0) around each use of a native queue */
    void *queue_lock_ctx;
    uint32_t check;       /* not 0: run everything on the CPU too and compare; VYRE_CHECK=1 */
    uint32_t strict;      /* not 0: what the device cannot do right is an error, not run on the CPU; VYRE_STRICT=1 */
    char *message;        /* not NULL: gets the reason when vyre_context_create fails, NUL-terminated, */
    size_t message_bytes; /* cut to this many bytes */
    uint32_t
        tune; /* widths of workgroups: 1 uses those found before, 2 measures others at their first launch; VYRE_AUTOTUNER=on is 2, any
                    * other word 1. Default: as declared, and no file is looked at */
    uint32_t reserved;
} vyre_options;

/* A context on the first backend and device that can be used. `options` NULL: all defaults. On failure *context is
 * NULL. */
VYRE_API vyre_status vyre_context_create(const vyre_options *options, vyre_context **context);
/* Waits for all work of the context's streams, then ends it. Buffers, streams and events made from it must still be
 * destroyed, before or after. NULL does nothing. Not from a callback of the runtime. */
VYRE_API void vyre_context_destroy(vyre_context *context);

/* Why this thread's last failed call on the context failed: one or more sentences, with the fix. "" if none did. Valid
 * until this thread's next failed call on the context, or its end. */
VYRE_API const char *vyre_context_message(vyre_context *context);

typedef struct vyre_context_info {
    size_t size; /* in: sizeof(vyre_context_info) */
    vyre_backend backend;
    uint32_t threads;      /* CPU: that compute; else 0 */
    const char *device;    /* its name: for the CPU the processor's, for example "CPU x86-64-v4, 2 threads" */
    const char *level;     /* of code that is picked: "x86-64-v4", "sm_90", "gfx942", "vulkan1.2" */
    const char *report;    /* a line for each backend asked for: what was picked, and why not the others; then notes */
    uint32_t n_candidates; /* backends asked for: see vyre_context_candidate */
    uint32_t usable;       /* 0 after VYRE_ERROR_DEVICE_LOST */
} vyre_context_info;
VYRE_API vyre_status vyre_context_get_info(vyre_context *context, vyre_context_info *info);

/* What was done so far; of runs that failed only their number. */
typedef struct vyre_context_stats {
    size_t size;                               /* in: sizeof(vyre_context_stats) */
    uint64_t runs, failures;                   /* programs and pipelines; those that ended with an error or a trap */
    uint64_t fallbacks;                        /* runs that went to the CPU, since the device cannot do them right */
    uint64_t launches, workgroups;             /* of programs: each arm of a pipeline is one */
    uint64_t read_bytes, written_bytes;        /* arguments that may be read, that may be written */
    uint64_t temp_bytes;                       /* of pipelines */
    uint64_t uploaded_bytes, downloaded_bytes; /* arguments between host and device, probes included; 0 on the CPU */
    uint64_t tuned_launches, tuner_sweeps; /* with another width than the declared one; measurements of all widths */
    uint64_t cache_hits, cache_misses;     /* widths, and results of probes: from files or asked for before; or not */
    uint64_t chunks;                       /* of data that is larger than what is to be in memory */
} vyre_context_stats;
VYRE_API vyre_status vyre_context_get_stats(vyre_context *context, vyre_context_stats *stats);
/* The i-th backend that was asked for: its name, VYRE_OK for the one picked or the reason's code, and one line. */
VYRE_API vyre_status vyre_context_candidate(vyre_context *context, uint32_t i, const char **name, vyre_status *status,
                                            const char **reason);

/* A device is not believed: before a program runs first, small programs with known answers (probes) show whether the device does right
 * what this one needs. What it gets wrong is done in another way, or the program runs on the CPU: the log, the event's message and
 * this table say so. */
typedef enum vyre_probe_state {
    VYRE_PROBE_NOT_RUN = 0, /* the CPU is not probed, or the runtime was built without probes */
    VYRE_PROBE_RIGHT = 1,
    VYRE_PROBE_WRONG = 2,
    VYRE_PROBE_FAILED = 3 /* the device lacks what the probe uses */
} vyre_probe_state;
typedef struct vyre_probe_info {
    size_t size;      /* in: sizeof(vyre_probe_info) */
    const char *name; /* "loop_atomics" */
    const char *text; /* what it is about: "atomics in loops that invocations leave one by one" */
    vyre_probe_state state;
    uint32_t limit;  /* WRONG, of a probe that finds one: the most that works; else 0 */
    uint64_t all_ns; /* spent on probes by this context so far */
} vyre_probe_info;
/* What the i-th probe shows, running it when it has not been. VYRE_ERROR_INVALID_ARGUMENT past the last. */
VYRE_API vyre_status vyre_context_probe(vyre_context *context, uint32_t i, vyre_probe_info *info);

/* -- buffers ----------------------------------------------------------------------------------- */

typedef enum vyre_buffer_kind {
    VYRE_BUFFER_DEVICE = 0, /* memory of the device, zeroed; the host reads, writes, and maps it where that works */
    VYRE_BUFFER_MAPPED = 1, /* memory that both reach: vyre_buffer_map is free */
    VYRE_BUFFER_HOST = 2,   /* the caller's memory, wrapped */
    VYRE_BUFFER_NATIVE = 3  /* the caller's driver object, wrapped */
} vyre_buffer_kind;
typedef enum vyre_native_kind {
    VYRE_NATIVE_CUDA_POINTER = 0,  /* CUdeviceptr */
    VYRE_NATIVE_VULKAN_BUFFER = 1, /* VkBuffer with storage and transfer usage */
    VYRE_NATIVE_HSA_POINTER = 2
} vyre_native_kind;
enum { VYRE_MAP_READ = 1, VYRE_MAP_WRITE = 2 };

/* New memory: kind DEVICE or MAPPED, zeroed, aligned to 256 bytes. 0 bytes are allowed. */
VYRE_API vyre_status vyre_buffer_create(vyre_context *context, vyre_buffer_kind kind, uint64_t bytes,
                                        vyre_buffer **buffer);
/* Memory of the caller, which must outlive the buffer and the work that uses it. */
VYRE_API vyre_status vyre_buffer_wrap_host(vyre_context *context, void *memory, uint64_t bytes, vyre_buffer **buffer);
/* `bytes` of a driver object from `offset_bytes` on, which must outlive the buffer and the work that uses it. */
VYRE_API vyre_status vyre_buffer_wrap_native(vyre_context *context, vyre_native_kind kind, uint64_t handle,
                                             uint64_t offset_bytes, uint64_t bytes, vyre_buffer **buffer);
/* Work in flight keeps the memory until it is done. NULL does nothing. */
VYRE_API void vyre_buffer_destroy(vyre_buffer *buffer);

/* Copies between the host and a part of the buffer; done on return. They wait for no stream: use the events. */
VYRE_API vyre_status vyre_buffer_write(vyre_buffer *buffer, uint64_t offset_bytes, const void *from, uint64_t bytes);
VYRE_API vyre_status vyre_buffer_read(vyre_buffer *buffer, uint64_t offset_bytes, void *to, uint64_t bytes);
/* The same in a stream's order. The host's memory belongs to the copy until the event (may be NULL, as in launches). */
VYRE_API vyre_status vyre_buffer_write_async(vyre_buffer *buffer, vyre_stream *stream, uint64_t offset_bytes,
                                             const void *from, uint64_t bytes, vyre_event **event);
VYRE_API vyre_status vyre_buffer_read_async(vyre_buffer *buffer, vyre_stream *stream, uint64_t offset_bytes, void *to,
                                            uint64_t bytes, vyre_event **event);
/* The bytes in the host's address space until unmapped; while mapped, no launch may use the buffer (VYRE_ERROR_MAPPED).
 */
VYRE_API vyre_status vyre_buffer_map(vyre_buffer *buffer, uint32_t map_flags, void **memory);
VYRE_API vyre_status vyre_buffer_unmap(vyre_buffer *buffer);
VYRE_API vyre_status vyre_buffer_get_info(vyre_buffer *buffer, vyre_buffer_kind *kind,
                                          uint64_t *bytes); /* either may be NULL */

/* -- arguments --------------------------------------------------------------------------------- */

/* One buffer argument: `count` elements in memory of the host (buffer is NULL), or in a buffer from offset_bytes on.
 * A program uses at most 2^32 - 1 elements. Memory of `read` and `uniform` arguments is never written. */
typedef struct vyre_span {
    void *host;
    vyre_buffer *buffer;
    uint64_t offset_bytes;
    uint64_t count;
} vyre_span;

static inline vyre_span vyre_host(const void *memory, uint64_t count)
{
    vyre_span span;
    span.host = (void *)(uintptr_t)memory;
    span.buffer = NULL;
    span.offset_bytes = 0;
    span.count = count;
    return span;
}

static inline vyre_span vyre_device(vyre_buffer *buffer, uint64_t offset_bytes, uint64_t count)
{
    vyre_span span;
    span.host = NULL;
    span.buffer = buffer;
    span.offset_bytes = offset_bytes;
    span.count = count;
    return span;
}

/* -- streams and events ------------------------------------------------------------------------ */

/* A stream does its work in the order of submission; different streams are independent. A NULL stream in an async call
 * is the context's own. */
VYRE_API vyre_status vyre_stream_create(vyre_context *context, vyre_stream **stream);
/* Waits for its work. NULL does nothing. */
VYRE_API void vyre_stream_destroy(vyre_stream *stream);
/* Until all work submitted so far is done. The first error since the last wait, of work that was submitted without an
 * event; that error's message becomes the caller's. `context` is needed for a NULL stream only. */
VYRE_API vyre_status vyre_stream_wait(vyre_context *context, vyre_stream *stream);
/* What is submitted later starts after the event; an error of the event does not spread. */
VYRE_API vyre_status vyre_stream_wait_event(vyre_context *context, vyre_stream *stream, vyre_event *event);

/* Until its work is done; the status of that work. */
VYRE_API vyre_status vyre_event_wait(vyre_event *event);
/* As vyre_event_wait, without waiting: VYRE_ERROR_NOT_READY. */
VYRE_API vyre_status vyre_event_query(vyre_event *event);
/* The message of the work's error; why the CPU did it, where the context's device could not; else, or before it is done, "". */
VYRE_API const char *vyre_event_message(vyre_event *event);
/* wall_ns from submission to the end, device_ns of execution alone. VYRE_ERROR_NOT_READY before. Either may be NULL. */
VYRE_API vyre_status vyre_event_times(vyre_event *event, uint64_t *wall_ns, uint64_t *device_ns);
VYRE_API void vyre_event_destroy(vyre_event *event); /* does not wait. NULL does nothing */

/* -- traps ------------------------------------------------------------------------------------- */

typedef struct vyre_trap {
    uint32_t code; /* of trap(code); 1 also for a `while` that used up its rounds */
    uint32_t reserved;
    uint64_t invocation; /* the lowest that trapped: linear global id, x fastest */
    const char *program; /* names; arm is "" when a program was launched by itself */
    const char *arm;
} vyre_trap;

/* Of this thread's last failed launch on the context when that was VYRE_ERROR_TRAP, else VYRE_ERROR_INVALID_ARGUMENT.
 */
VYRE_API vyre_status vyre_context_trap(vyre_context *context, vyre_trap *trap);
VYRE_API vyre_status vyre_event_trap(vyre_event *event, vyre_trap *trap);

/* -- what is in a linked object ---------------------------------------------------------------- */

typedef enum vyre_type {
    VYRE_TYPE_BOOL = 1,
    VYRE_TYPE_U8 = 2,
    VYRE_TYPE_I8 = 3,
    VYRE_TYPE_U16 = 4,
    VYRE_TYPE_I16 = 5,
    VYRE_TYPE_U32 = 6,
    VYRE_TYPE_I32 = 7,
    VYRE_TYPE_U64 = 8,
    VYRE_TYPE_I64 = 9,
    VYRE_TYPE_F16 = 10,
    VYRE_TYPE_BF16 = 11,
    VYRE_TYPE_F32 = 12,
    VYRE_TYPE_F64 = 13
} vyre_type;
typedef enum vyre_access {
    VYRE_ACCESS_READ = 0,  /* never written */
    VYRE_ACCESS_WRITE = 1, /* never read; elements that are not written become zero */
    VYRE_ACCESS_READ_WRITE = 2,
    VYRE_ACCESS_UNIFORM = 3 /* small and read-only */
} vyre_access;

typedef struct vyre_unit_info {
    size_t size;        /* in: sizeof(vyre_unit_info) */
    const char *name;   /* in the .vir text */
    const char *symbol; /* of the function in the generated header */
    uint32_t is_pipeline;
    uint32_t n_buffers;
    uint32_t n_params;
    uint32_t workgroup[3]; /* programs */
    uint64_t args_bytes;   /* of the argument struct */
    uint64_t budget_bytes; /* pipelines; 0: none */
} vyre_unit_info;
typedef struct vyre_buffer_arg {
    size_t size; /* in: sizeof(vyre_buffer_arg) */
    const char *name;
    vyre_type type;
    uint32_t lanes; /* 1, or 2 and 4 for vectors */
    vyre_access access;
    uint32_t elem_bytes;  /* of an element: lanes included */
    uint32_t align_bytes; /* that the memory must have */
    uint32_t is_sized; /* the length rule: at least min_count elements, of which only those are used; else any count */
    uint64_t min_count;
    uint64_t arg_offset; /* of the vyre_span in the argument struct */
    uint32_t
        is_streaming; /* declared so: has parts where the unit runs in chunks, if it is `read` or `write` and not sized */
    uint32_t reserved;
} vyre_buffer_arg;
typedef struct vyre_param_arg {
    size_t size; /* in: sizeof(vyre_param_arg) */
    const char *name;
    vyre_type type; /* in the struct bool is uint32_t, f16 and bf16 are uint16_t, the others the C type of that width */
    uint32_t param_bytes; /* there */
    uint64_t arg_offset;
} vyre_param_arg;

/* The units of the object that `unit` belongs to, programs first; *other is NULL past the last. */
VYRE_API vyre_status vyre_unit_sibling(const vyre_unit *unit, uint32_t i, const vyre_unit **other);
VYRE_API vyre_status vyre_unit_get_info(const vyre_unit *unit, vyre_unit_info *info);
VYRE_API vyre_status vyre_unit_buffer(const vyre_unit *unit, uint32_t i, vyre_buffer_arg *arg);
VYRE_API vyre_status vyre_unit_param(const vyre_unit *unit, uint32_t i, vyre_param_arg *arg);
/* The launches of the generated header, for callers that fill the argument struct by its description. */
VYRE_API vyre_status vyre_unit_run(const vyre_unit *unit, const void *args);
VYRE_API vyre_status vyre_unit_run_async(const vyre_unit *unit, vyre_stream *stream, const void *args,
                                         vyre_event **event);
VYRE_API vyre_status vyre_unit_workspace(const vyre_unit *unit, const void *args, uint64_t *bytes);

/* -- widths ------------------------------------------------------------------------------------ */

/* A policy for a width that may change between two windows of work: what it should be after one of window_ns in which n_items were
 * done, with nothing to do for idle_ns of it. Idle for more than 100 ms: half as wide, not below 32. Else fewer than one item
 * per microsecond: twice as wide, not above max_width. Else the same. */
VYRE_API uint32_t vyre_width_after(uint32_t width, uint32_t max_width, uint64_t n_items, uint64_t idle_ns,
                                   uint64_t window_ns);

/* -- chunks: data larger than what is to be in memory at once --------------------------------------- */

/* A unit whose arguments are declared `streaming` may run over them in chunks, with the same results: where each workgroup
 * reads and writes a window of them that moves with its number, which the compiler proves. Inputs are `read`, outputs `write`, both
 * of any length, also longer than ids reach where positions that are kept are 64 bits (docs/runtime.md). All other arguments are there as
 * a whole, from the first chunk to the last. One chunk is read while those before it are computed; inputs in memory of the host
 * are used where they lie if the processor computes. */
typedef struct vyre_chunks {
    size_t size; /* in: sizeof(vyre_chunks) */
    uint64_t
        budget_bytes;    /* of memory for parts of buffers, of all chunks under way and of temps together; 0: 64 MiB */
    uint64_t min_chunks; /* at least so many, as far as there are workgroups; 0: as few as the budget allows */
    void *ctx;
    /* Called on the calling thread. Not 0 ends the run with VYRE_ERROR_IO.
     * For a streaming input whose span is NULL: `bytes` of argument number `buffer` from offset_bytes on. Offsets grow, but what two
     * chunks need is asked for twice. May be NULL when all spans have memory. */
    int (*read)(void *ctx, uint32_t buffer, uint64_t offset_bytes, void *to, uint64_t bytes);
    /* For a streaming output whose span is NULL: its bytes in order, each once. */
    int (*write)(void *ctx, uint32_t buffer, uint64_t offset_bytes, const void *from, uint64_t bytes);
    /* After each chunk: bytes of streaming inputs that are done, and of all. Not 0: VYRE_ERROR_CANCELLED. May be NULL. */
    int (*progress)(void *ctx, uint64_t done_bytes, uint64_t total_bytes);
} vyre_chunks;
/* VYRE_OK, or VYRE_ERROR_UNSUPPORTED when it cannot run in chunks; the message says why. */
VYRE_API vyre_status vyre_unit_has_chunks(const vyre_unit *unit);
/* As vyre_unit_run. Spans of streaming arguments are memory of the host, or NULL with their count. After VYRE_ERROR_TRAP the trap is
 * that of the first chunk that has one; what was computed is unspecified after every error. */
VYRE_API vyre_status vyre_unit_run_chunks(const vyre_unit *unit, const void *args, const vyre_chunks *chunks);

/* -- called by the functions of generated headers; not by hand --------------------------------- */

struct vyre_module;
/* NAME: runs unit number `unit` of the object and waits. */
VYRE_API vyre_status vyre_rt_run(vyre_context *context, const struct vyre_module *module, uint32_t unit,
                                 const void *args);
/* NAME_async: checks the arguments, copies the struct, and returns; *event (event may be NULL) is the caller's to
 * destroy. Memory and buffers must stay until the work is done. After an error nothing was submitted and *event is
 * NULL. */
VYRE_API vyre_status vyre_rt_run_async(vyre_context *context, const struct vyre_module *module, uint32_t unit,
                                       vyre_stream *stream, const void *args, vyre_event **event);
/* NAME_workspace: bytes of memory that the runtime needs besides the arguments for this launch: temps and scratch. */
VYRE_API vyre_status vyre_rt_workspace(vyre_context *context, const struct vyre_module *module, uint32_t unit,
                                       const void *args, uint64_t *bytes);
/* NAME_unit: the unit's description, valid as long as the context. */
VYRE_API vyre_status vyre_rt_unit(vyre_context *context, const struct vyre_module *module, uint32_t unit,
                                  const vyre_unit **description);

#ifdef __cplusplus
}
#endif

#endif
