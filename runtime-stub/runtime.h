/* runtime.h - what the files of the runtime share. Not for users.
 *
 * Rules of this folder: no global mutable state, nothing printed but logs that were asked for, no abort; memory comes
 * from the context's allocator and every allocation may fail. Names without the prefix vyre_ are hidden from those who
 * link. */
#ifndef VYRE_RUNTIME_H
#define VYRE_RUNTIME_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime-stub/container.h"
#include "runtime-stub/qualify.h"
#include "runtime-stub/vyre_cpu.h"
#include "runtime-stub/vyrert.h"

enum { MESSAGE_BYTES = 1024, CACHE_LINE = 64 };

/* -- backends -------------------------------------------------------------------------------------- */

struct settings; /* context.c: options and environment, merged */
struct outcome;
struct plan;
struct module;

/* What runs plans: the processor, or a driver's device. A NULL function has nothing to do. */
struct backend {
    const char *name;
    vyre_backend id;
    vyre_status (*open)(vyre_context *c, const struct settings *s,
                        struct outcome *o); /* on failure nothing stays open */
    void (*close)(vyre_context *c);
    const char *(*level)(const vyre_context *c); /* of the code that is picked */
    bool (*load)(struct module *m); /* what the module needs for this device; false when there is no memory */
    void (*unload)(struct module *m);
    vyre_status (*run)(vyre_context *c, struct plan *plan, struct outcome *o);
    /* Bytes of working memory for the plan; false when they overflow. */
    bool (*scratch_bytes)(vyre_context *c, const struct plan *plan, uint64_t *bytes);
    /* Memory for a buffer, zeroed: sets `bytes` and `device`, and `is_remote` where the host cannot read it. */
    vyre_status (*buffer_create)(vyre_buffer *b, struct outcome *o);
    void (*buffer_destroy)(vyre_buffer *b);
    /* Between host memory and a remote buffer, whichever of the two addresses lies in it. */
    vyre_status (*buffer_copy)(vyre_buffer *b, void *to, const void *from, uint64_t n_bytes, struct outcome *o);
    /* Of a device that is probed before it is relied on: who it is and what drives it, FINGERPRINT_BYTES. `run` may then answer
     * VYRE_ERROR_UNSUPPORTED before it has changed anything, and the CPU runs the plan. */
    void (*fingerprint)(const vyre_context *c, uint8_t *bytes);
    /* Whether code made from now on may rely on an instruction being exact: enum device_exact. */
    void (*specialise)(vyre_context *c, int which, bool is_exact);
    /* The widest workgroups that the program can have instead of the declared ones; 0: none. NULL: the backend cannot. */
    uint32_t (*max_width)(vyre_context *c, const struct vyre_unit *program);
    /* What a program with these needs (needs.def) asks of this device besides. NULL: nothing. */
    uint32_t (*more_needs)(const vyre_context *c, uint32_t needs);
    /* Whether there is code for large launches, which goes around loops less often: vyre_meta_unit.rounds_of_large. NULL: never. */
    bool (*has_large)(vyre_context *c, const struct vyre_unit *program);
    /* After how many rounds in all the device ends loops; before code with loops is made. */
    void (*limit_rounds)(vyre_context *c, uint32_t most);
    /* Makes the buffer, whose n_bytes are set, a part of the caller's driver object. NULL: the backend has none. */
    vyre_status (*buffer_wrap)(vyre_buffer *b, vyre_native_kind kind, uint64_t handle, uint64_t offset_bytes,
                               struct outcome *o);
};
extern const struct backend cpu_backend, cuda_backend, hsa_backend, vulkan_backend;

/* -- memory.c ------------------------------------------------------------------------------------------------------ */

/* A piece of memory that the context keeps for the next launch: temps, scratch, plans too large for the stack. */
struct block {
    struct block *next;
    void *bytes;
    size_t n_bytes, alignment;
    bool is_mapped; /* from mmap, else from the allocator */
    bool is_zero;   /* never handed out before */
};

void allocator_init(vyre_allocator *allocator, const vyre_allocator *given);
/* NULL when there is none left. */
void *memory_get(const vyre_allocator *allocator, size_t bytes, size_t alignment);
void memory_put(const vyre_allocator *allocator, void *block, size_t bytes, size_t alignment);
/* A new block of its own; contents undefined unless is_zero. NULL when there is no memory. */
struct block *block_create(vyre_context *c, size_t bytes, size_t alignment);
void block_destroy(vyre_context *c, struct block *block);
/* The same, from those kept. */
struct block *block_acquire(vyre_context *c, size_t bytes, size_t alignment);
void block_release(vyre_context *c, struct block *block);
void blocks_free(vyre_context *c); /* those not in use */

/* -- what went wrong --------------------------------------------------------------------------- */

/* The end of a launch: filled by the backend, kept by an event or by the calling thread. */
struct outcome {
    vyre_status status;
    vyre_trap trap;
    uint64_t device_ns; /* of execution alone, where the device measured it; else 0 */
    char message[MESSAGE_BYTES];
};

/* Sets status and message, and returns the status. */
vyre_status outcome_fail(struct outcome *o, vyre_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* -- driver.c */

/* A driver's library by its ABI name, or NULL with the reason in *o. `install` says what brings it. */
void *driver_open(const char *soname, const char *install, struct outcome *o);
/* Makes it this thread's last failure on the context; returns its status. Does nothing for VYRE_OK. */
vyre_status context_report(vyre_context *c, const struct outcome *o);
vyre_status context_fail(vyre_context *c, vyre_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void context_log(vyre_context *c, vyre_log_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));
uint64_t clock_ns(void); /* monotonic */

/* -- module.c: an object, as one context sees it ----------------------------------------------- */

/* A program's code for the context's processor. */
struct cpu_program {
    vyre_cpu_kernel *kernel; /* NULL: the object has none for it */
    uint32_t n_phases;
    uint64_t scratch_bytes;        /* per workgroup */
    _Atomic uint64_t ns_per_group; /* measured, to tell small launches; 0 before */
};

/* One launch of a unit's plan. */
struct step {
    uint32_t program;   /* unit number */
    uint32_t arm;       /* its name, in the metadata's strings; 0 for a program by itself */
    uint32_t first_arg; /* of an arm; NONE_BOUND for a program by itself */
    uint32_t first_dep, n_deps;
};
enum { NONE_BOUND = UINT32_MAX };

/* When a temp is alive, in steps. */
struct temp_life {
    uint32_t first, last; /* NONE_BOUND: it is never used */
    bool needs_zeros;     /* before its first step: that one does not make it anew */
    bool is_first;        /* nothing was in its slot before */
    bool is_settled;      /* while a unit is loaded: it has its slot */
    bool is_taken;        /* of the slot of this number: it has a temp, */
    uint32_t busy_until;  /* up to this step */
};

/* Whether a program may run on a device that is probed. */
enum fitness { FITNESS_UNKNOWN, FITS, FITS_ROUNDS /* where its loops are short enough in this launch */, UNFIT };

struct vyre_unit {
    struct module *module;
    const struct vyre_meta_unit *meta;
    uint32_t index;
    uint32_t n_steps;
    struct step *steps;
    struct temp_life *temps;
    size_t plan_bytes; /* memory of struct plan's arrays */
    uint32_t temps_align;
    _Atomic int fitness;              /* enum fitness; then the next two are valid */
    uint32_t wrong_probe, max_rounds; /* UNFIT: enum probe_id; FITS_ROUNDS */
};

/* An image's bytes, which follow. */
struct image_copy {
    _Alignas(64) struct image_copy *next;
    uint64_t n_bytes;
};

struct module {
    struct module *next;
    const struct vyre_module *linked;
    vyre_context *context;
    struct metadata_view meta;
    struct cpu_program *programs;
    struct vyre_unit *units;
    void *device;              /* the backend's */
    struct image_copy *images; /* decompressed, kept as long as the module */
    bool has_cpu_code;         /* `programs` are filled in */
    size_t n_bytes;            /* of this block, which holds the arrays too */
};

/* How well the context's device is served by an image of this kind and architecture: the greatest wins, 0 is useless. `wanted` is the
 * backend's own: what it asked module_image for. */
typedef uint32_t image_rank(const vyre_context *c, uint32_t wanted, uint32_t kind, const char *arch);
/* The best image of the program of this name, decompressed into memory of the context's allocator; of equals the first.
 * NULL: *o says why. */
const void *module_image(struct module *m, image_rank *rank, uint32_t wanted, const char *name, uint64_t *n_bytes,
                         struct outcome *o);
bool module_has_image(struct module *m, uint32_t kind, const char *arch, const char *name);
/* The k-th `data` of the object, in place; NULL past the last. */
const void *module_table(struct module *m, uint32_t k, uint64_t *n_bytes);
/* The loaded module, loading it the first time. NULL: reported. */
struct module *module_get(vyre_context *c, const struct vyre_module *linked, struct outcome *o);
void modules_free(vyre_context *c);
static inline const char *unit_string(const struct vyre_unit *u, uint32_t at)
{
    return u->module->meta.strings + at;
}
static inline const char *unit_name(const struct vyre_unit *u)
{
    return unit_string(u, u->meta->name);
}

/* How many arms' traps its program tells apart. */
static inline uint32_t unit_n_trap_arms(const struct vyre_unit *u)
{
    return u->meta->n_trap_arms ? u->meta->n_trap_arms : 1;
}

/* -- plan.c: a unit bound to arguments --------------------------------------------------------- */

struct launch {
    const struct vyre_unit *program;
    const char *arm;
    struct vyre_cpu_buffer *buffers; /* of the program; of temps `bytes` is filled by plan_place_temps */
    uint64_t *params;
    uint64_t *zero_from; /* per buffer: first element that must be zeroed before the launch; its count when none */
    uint32_t groups[3];
    uint64_t n_groups;
    uint32_t width; /* of workgroups that the tuner has chosen instead of the declared one; 0: it has not */
    bool is_large;  /* runs in code for large launches, where the backend has such */
    bool
        is_counted; /* nothing bounds its rounds: what it computes counts only where the device was not the one that ended loops */
    bool was_cut; /* it may have been */
};

#define PLAN_MOST_SIZE (UINT64_C(1) << 44) /* of elements and invocations, where nothing has memory */

struct plan {
    const struct vyre_unit *unit;
    struct vyre_cpu_buffer *buffers; /* arguments, then temps */
    vyre_buffer **held;              /* per argument: the buffer it lies in, or NULL */
    uint64_t *params;
    uint64_t *temp_offsets; /* in the workspace; temps of one slot have the same */
    uint64_t *slot_bytes;
    uint64_t temps_bytes;
    uint64_t scratch_bytes;
    struct launch *launches;
    uint32_t width;  /* of a measurement: 0 for none */
    bool is_sizes;   /* nothing of it has memory, and grids of one dimension may be larger than ids: n_groups */
    bool is_timed;   /* somebody may ask how long the device took */
    bool has_begun;  /* the device may have changed something: no other can run it any more */
    bool is_default; /* runs in the context's own order: in the stream of the driver that the caller gave, if any */
};

/* Checks the arguments against every rule and computes all sizes. `memory` has unit->plan_bytes bytes, aligned to 16.
 * Afterwards the plan holds the buffers it uses until plan_drop; not so on failure. */
vyre_status plan_make(struct plan *plan, void *memory, const struct vyre_unit *unit, const void *args,
                      struct outcome *o);
/* The sizes alone, of arguments that need no memory; temps as large as the unit's whole data makes them. */
vyre_status plan_size(struct plan *plan, void *memory, const struct vyre_unit *unit, const void *args,
                      struct outcome *o);
void plan_drop(struct plan *plan);
void plan_place_temps(struct plan *plan, void *memory);
/* The k-th argument of a step, where that is a temp that nothing has used before; else NULL. */
const struct temp_life *plan_new_temp(const struct vyre_unit *u, uint32_t step, uint32_t k);
/* Whether a step waits for one of those from `since` on: steps in between can run at once. */
bool plan_waits(const struct vyre_unit *u, uint32_t step, uint32_t since);

/* -- buffer.c ---------------------------------------------------------------------------------- */

#define BUFFER_HAS_HANDLE (UINT64_C(1) << 62) /* the user has not destroyed it */
#define BUFFER_IS_MAPPED (UINT64_C(1) << 63)

struct vyre_buffer {
    _Atomic uint64_t
        state; /* these, and how many launches and copies use it now; without a handle and users it is freed */
    vyre_context *context;
    vyre_buffer_kind kind;
    bool is_remote; /* `bytes` are addresses that the host cannot use, only count with */
    void *device;   /* the backend's */
    uint64_t n_bytes;
    unsigned char *bytes;
    struct block *own; /* NULL: the caller's memory */
};
/* Marks it used, so that it stays and cannot be mapped; false when it is mapped. */
bool buffer_hold(vyre_buffer *b);
void buffer_drop(vyre_buffer *b);
/* One of the two addresses lies in the buffer. */
vyre_status buffer_copy(vyre_buffer *b, void *to, const void *from, uint64_t n_bytes, struct outcome *o);

/* -- pool.c: the threads that compute ---------------------------------------------------------- */

/* Runs items first .. first + n - 1; `slot` tells apart those that run at once. */
typedef void pool_function(void *ctx, uint32_t slot, uint64_t first, uint64_t n);
struct pool;
/* `n_threads` counts the caller's. May give fewer when the system has no more. NULL: no memory. */
struct pool *pool_create(vyre_context *c, uint32_t n_threads, const vyre_executor *executor);
void pool_destroy(struct pool *pool);
uint32_t pool_slots(const struct pool *pool); /* calls that may run at once, over all of one pool_run */
/* Runs all items, in chunks, on the caller and on the pool's threads; any number of calls at once. */
void pool_run(struct pool *pool, uint64_t n_items, uint64_t chunk, pool_function *run, void *ctx);

/* -- stream.c ---------------------------------------------------------------------------------- */

void streams_wait(vyre_context *c); /* for all work of all streams */
enum task_kind { TASK_RUN, TASK_COPY, TASK_WAIT };
struct task {
    struct task *next;
    enum task_kind kind;
    size_t n_bytes; /* of this block */
    uint64_t queued_ns;
    vyre_event *event; /* to be completed; or to be waited for: TASK_WAIT. May be NULL */
    struct plan plan;  /* RUN */
    struct {
        vyre_buffer *buffer;
        void *to;
        const void *from;
        uint64_t n_bytes;
    } copy;
};
/* Memory for a task and `extra` bytes behind it, aligned to 16; with an event when `event` is not NULL. NULL: no
 * memory. */
struct task *task_create(vyre_context *c, enum task_kind kind, size_t extra, vyre_event **event);
void *task_extra(struct task *t);
void task_discard(vyre_context *c, struct task *t, vyre_event **event);
/* Hands the task to the stream (NULL: the context's). On failure the task is still the caller's. */
vyre_status stream_submit(vyre_context *c, vyre_stream *stream, struct task *t, struct outcome *o);

/* -- trace.c ----------------------------------------------------------------------------------- */

struct trace;
/* VYRE_OK with *trace NULL when path is. */
vyre_status trace_open(vyre_context *c, const char *path, struct trace **trace, struct outcome *o);
void trace_close(struct trace *trace);
/* One of the calling thread. `arm` and `arms` may be NULL. */
struct trace_event {
    const char *category, *name;
    const char *arm;  /* goes before the name */
    const char *arms; /* names with spaces between */
    uint64_t begin_ns, end_ns;
    uint64_t n_groups, n_bytes; /* 0: not told */
};
/* `trace` may be NULL. */
void trace_add(struct trace *trace, const struct trace_event *event);
/* Of a launch and its arms; of what was moved, unless that is nothing. */
void trace_add_launch(struct trace *trace, const struct launch *l, uint64_t begin_ns, uint64_t end_ns);
void trace_add_move(struct trace *trace, const char *category, const char *name, uint64_t begin_ns, uint64_t end_ns,
                    uint64_t n_bytes);
#define TRACE_UPLOAD "upload"
#define TRACE_DOWNLOAD "download"

/* -- cpu.c, cpu_level.c ------------------------------------------------------------------------ */

/* The best level of this processor and operating system. */
enum vyre_cpu_level cpu_level_detect(void);
bool cpu_level_parse(const char *text, enum vyre_cpu_level *level);
const char *cpu_level_name(enum vyre_cpu_level level);
/* Whether code of `level` runs where `best` is the best. */
bool cpu_level_fits(enum vyre_cpu_level level, enum vyre_cpu_level best);

/* -- cpu.c ------------------------------------------------------------------------------------- */

/* Threads and level for CPU code, of which any context can have some. `level` NULL: the best. */
vyre_status cpu_prepare(vyre_context *c, const char *level, struct outcome *o);
/* Picks the object's code for the level. */
bool cpu_pick_code(struct module *m);

/* -- autotune.c -------------------------------------------------------------------------------- */

enum { TUNER_WIDTHS = 6, TUNER_LEAST_WIDTH = 32 }; /* 32, 64, ... 1024 */
enum tuner_mode { TUNER_OFF, TUNER_CACHE /* widths that are known are used */, TUNER_ON /* others are measured */ };
struct tuner;
/* *tuner is NULL where it is off, or the backend cannot change widths. */
vyre_status tuner_open(vyre_context *c, enum tuner_mode mode, struct tuner **tuner, struct outcome *o);
void tuner_close(vyre_context *c, struct tuner *tuner);
/* Sets the widths of the plan's launches. What goes wrong leaves them as they are declared. */
void tuner_choose(vyre_context *c, struct plan *plan);

/* -- tuner_cache.c: the tuner's file */

enum { TUNER_KEY_BYTES = 3 + 64 + 1 };
struct tuner_entry {
    struct tuner_entry *next;
    char key[TUNER_KEY_BYTES];
    uint32_t width;
};
/* Adds what the file has; a missing one is empty, a bad line is told and left out. */
void tuner_cache_read(vyre_context *c, const char *path, struct tuner_entry **entries);
/* Writes them with what others have written meanwhile. */
void tuner_cache_write(vyre_context *c, const char *path, struct tuner_entry **entries);
void tuner_cache_free(vyre_context *c, struct tuner_entry *entries);
struct tuner_entry *tuner_cache_find(struct tuner_entry *entries, const char *key);
bool tuner_cache_add(vyre_context *c, struct tuner_entry **entries, const char *key, uint32_t width);

/* -- stats.c ----------------------------------------------------------------------------------- */

#define CONTEXT_COUNTERS(COUNTER)                                                                                      \
    COUNTER(runs)                                                                                                      \
    COUNTER(failures)                                                                                                  \
    COUNTER(fallbacks)                                                                                                 \
    COUNTER(launches)                                                                                                  \
    COUNTER(workgroups)                                                                                                \
    COUNTER(read_bytes)                                                                                                \
    COUNTER(written_bytes)                                                                                             \
    COUNTER(temp_bytes)                                                                                                \
    COUNTER(uploaded_bytes)                                                                                            \
    COUNTER(downloaded_bytes)                                                                                          \
    COUNTER(tuned_launches)                                                                                            \
    COUNTER(tuner_sweeps)                                                                                              \
    COUNTER(cache_hits)                                                                                                \
    COUNTER(cache_misses)                                                                                              \
    COUNTER(chunks)
enum counter {
#define COUNTER(name) COUNTER_##name,
    CONTEXT_COUNTERS(COUNTER)
#undef COUNTER
        N_COUNTERS
};
/* The thread that made the context counts for itself, so that it can do without atomic additions. */
struct context_counters {
    pthread_t owner;
    _Atomic uint64_t of_owner[N_COUNTERS], of_others[N_COUNTERS];
};
void stats_add_run(vyre_context *c, const struct plan *plan, vyre_status status);
void stats_add_fallback(vyre_context *c);
void stats_add_sweep(vyre_context *c);
void stats_add_cache(vyre_context *c, bool is_hit);
void stats_add_chunk(vyre_context *c);
void stats_add_tuned(vyre_context *c);
/* What a backend moved between the host and the device. */
void stats_add_upload(vyre_context *c, uint64_t n_bytes);
void stats_add_download(vyre_context *c, uint64_t n_bytes);

/* -- launch.c ---------------------------------------------------------------------------------- */

/* Fills the outcome of a launch that trapped; `arm`: of those that its program stands for, or 0. */
vyre_status launch_trap(const struct plan *plan, const struct launch *l, uint32_t arm, uint32_t code,
                        uint64_t invocation, struct outcome *o);
/* Runs the unit on the calling thread; a failure is not reported to the context. */
vyre_status unit_run_silently(const struct vyre_unit *u, const void *args, struct outcome *o);
/* The same of a program with workgroups of this width, timed. */
/* The same in code for large launches. *was_cut: the device may have ended loops, and what was computed is none of ours. */
vyre_status unit_run_large(const struct vyre_unit *u, const void *args, bool *was_cut, struct outcome *o);
vyre_status unit_run_wide(const struct vyre_unit *u, const void *args, uint32_t width, struct outcome *o);
/* Runs a bound plan on the context's backend, or where that cannot, on the CPU; and traces it. */
vyre_status plan_run(vyre_context *c, struct plan *plan, struct outcome *o);

/* -- context.c --------------------------------------------------------------------------------- */

struct settings {
    const char *backends, *device, *cpu_level, *trace_path;
    const char *cache_dir;
    uint32_t threads, log_level;
    bool check, strict;
    enum tuner_mode tune;
    const vyre_executor *executor;
    const vyre_native *native; /* never NULL */
    void (*queue_lock)(void *ctx, int lock);
    void *queue_lock_ctx;
};

/* The last failure of one thread. */
struct thread_failure {
    struct thread_failure *next;
    pthread_t thread;
    struct outcome outcome;
};

enum { N_BACKENDS = 4, REPORT_BYTES = 2048 };
struct candidate {
    const char *name;
    vyre_status status;
    char reason[256];
};

struct vyre_context {
    _Atomic uint32_t refs; /* the user's, and one per buffer, stream and event */
    vyre_allocator allocator;
    vyre_log_function *log;
    void *log_ctx;
    uint32_t log_level;
    vyre_executor executor; /* `run` NULL: own threads */
    uint32_t threads;       /* wanted for CPU code; 0: one per core */
    bool strict;
    bool is_default;      /* nobody named the backend */
    char cache_dir[1024]; /* "": no disk access */
    struct trace *trace;
    struct tuner *tuner;
    struct context_counters counters;

    struct candidate candidates[N_BACKENDS];
    uint32_t n_candidates;
    char device[128], report[REPORT_BYTES];

    pthread_mutex_t lock; /* of what follows */
    struct thread_failure *failures;
    struct block *blocks;
    uint32_t n_blocks;
    vyre_stream *streams, *default_stream;

    pthread_mutex_t loading; /* held while a module is added */
    struct module *_Atomic modules;

    struct qualification qualification;
    _Atomic bool is_lost; /* the device, for good */
    const struct backend *backend;
    enum vyre_cpu_level level;
    struct pool *pool;     /* CPU, or after a plan had to be run there; else NULL */
    struct vulkan *vulkan; /* Vulkan; else NULL */
    struct device *gpu;    /* CUDA and HSA; else NULL */
};
void context_keep(vyre_context *c);
void context_drop(vyre_context *c);
/* Remembers that the device was lost, when the status says so; returns the status. */
vyre_status context_note(vyre_context *c, vyre_status status);
/* VYRE_ERROR_DEVICE_LOST once it was lost. `what` is for the message. */
vyre_status context_check(vyre_context *c, const char *what, struct outcome *o);

#endif
