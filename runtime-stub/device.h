/* device.h - what CUDA and HSA share: devices whose memory has addresses, and programs that take one block of arguments
 * (vyre_device.h). Not for users.
 *
 *   device_memory.c   memory kept from launch to launch, and the buffers of users
 *   device_job.c      a queue of the driver's with what a launch needs beside it; copies through pinned memory
 *   device_program.c  which image is taken, and what it says
 *   device_run.c      a plan as one submission
 *
 * What differs is struct device_driver, in cuda_*.c and hsa_*.c. */
#ifndef VYRE_RUNTIME_DEVICE_H
#define VYRE_RUNTIME_DEVICE_H

#include "runtime-stub/runtime.h"
#include "runtime-stub/vyre_device.h"

struct device_queue; /* the driver's: what is queued happens in order, one thing after the other */

enum device_place {
    DEVICE_LOCAL,
    DEVICE_PINNED, /* of the host, and the device reaches it */
};
enum device_way { DEVICE_TO, DEVICE_FROM, DEVICE_WITHIN }; /* from pinned memory, to it, or on the device */
enum device_time { DEVICE_BEGIN, DEVICE_END };

struct device_memory {
    uint64_t address;      /* the device's; 0: there is none */
    unsigned char *mapped; /* the host's; NULL where it cannot reach it */
    uint64_t n_bytes;
    bool is_callers; /* never released */
};

/* A program's image, and what the driver made of it. */
struct device_program {
    const struct vyre_device_head *head; /* NULL: not made yet */
    const uint32_t *tables, *params;
    const char *kernel;
    const void *code;
    void *loaded;                        /* the driver's module or executable */
    uint64_t function;                   /* what is launched */
    uint32_t group_bytes, private_bytes; /* HSA: for the dispatch packet */
    uint32_t max_invocations;            /* CUDA: that registers leave room for; 0: the driver has not said */
};

/* One part of a launch. */
struct device_launch {
    const struct device_program *program;
    uint32_t groups[3], workgroup[3];
    const void *args; /* of program->head->args_bytes */
    bool is_timed;
    bool waits; /* for all launches before it */
};

/* A launch or zeros between the copies of a plan, kept until all of them are known. */
struct device_node {
    uint32_t step;
    struct device_launch launch; /* program NULL: zeros */
    uint64_t at, n_bytes;        /* that are zeroed, before the step's launches */
};
enum { DEVICE_MAX_NODES = 256, DEVICE_MAX_GRAPH_STEPS = 128, DEVICE_GRAPH_ARGS_BYTES = 32 << 10 };
struct device_nodes {
    const struct vyre_unit *unit;
    uint32_t n, n_args_bytes;
    struct device_node at[DEVICE_MAX_NODES];
    _Alignas(16) unsigned char args[DEVICE_GRAPH_ARGS_BYTES];
};

enum { DEVICE_HALVES = 2 };

/* Functions return a status and fill *o when they fail. All but enter are called between enter and leave. */
struct device_driver {
    image_rank *rank;
    vyre_status (*enter)(vyre_context *c, struct outcome *o); /* the device becomes the thread's */
    void (*leave)(vyre_context *c);
    vyre_status (*allocate)(vyre_context *c, enum device_place place, uint64_t n_bytes, struct device_memory *m,
                            struct outcome *o);
    void (*release)(vyre_context *c, struct device_memory *m); /* memory without an address is nothing */
    /* Whether an address of the caller's is memory of this device. */
    vyre_status (*adopt)(vyre_context *c, uint64_t address, struct outcome *o);
    /* Makes `loaded`, `function` and what follows of the other fields. */
    vyre_status (*load)(vyre_context *c, const struct vyre_unit *u, struct device_program *p, struct outcome *o);
    void (*unload)(vyre_context *c, struct device_program *p); /* of what load has made, if anything */
    vyre_status (*queue_create)(vyre_context *c, bool is_callers, struct device_queue **q, struct outcome *o);
    void (*queue_destroy)(vyre_context *c, struct device_queue *q); /* waits for nothing */
    vyre_status (*copy)(vyre_context *c, struct device_queue *q, enum device_way way, uint64_t to, uint64_t from,
                        uint64_t n_bytes, struct outcome *o);
    vyre_status (*fill)(vyre_context *c, struct device_queue *q, uint64_t at, uint64_t n_bytes,
                        struct outcome *o); /* with zeros */
    vyre_status (*launch)(vyre_context *c, struct device_queue *q, const struct device_launch *l, struct outcome *o);
    /* All of them as one submission in the order of their steps' dependencies. False in *is_done, and nothing has happened, where
     * they should be launched one by one. NULL: the driver has no such thing. */
    vyre_status (*launch_graph)(vyre_context *c, struct device_queue *q, const struct device_nodes *nodes,
                                bool *is_done, struct outcome *o);
    /* A mark in the queue for one of the two halves, and waiting for what was queued before it. */
    vyre_status (*mark)(vyre_context *c, struct device_queue *q, uint32_t half, struct outcome *o);
    vyre_status (*wait)(vyre_context *c, struct device_queue *q, uint32_t half, struct outcome *o);
    vyre_status (*time)(vyre_context *c, struct device_queue *q, enum device_time when, struct outcome *o);
    /* Waits for everything; device_ns, unless NULL, gets the time from BEGIN to END. */
    vyre_status (*finish)(vyre_context *c, struct device_queue *q, uint64_t *device_ns, struct outcome *o);
};

struct device_block {
    struct device_block *next;
    struct device_memory memory;
};

/* The start of struct cuda and of struct hsa. */
struct device {
    const struct device_driver *driver;
    char level[64];            /* as in --target */
    uint32_t max_groups[3];    /* of a part */
    uint32_t max_workgroup[3]; /* invocations */
    uint32_t max_invocations;  /* of a workgroup */
    uint64_t max_grid;         /* invocations of a part in one dimension */
    uint64_t workgroup_bytes;
    bool has_callers_queue;
    struct device_memory nothing; /* stands in for buffers without elements */
    pthread_mutex_t lock;         /* of what follows */
    pthread_mutex_t loading;      /* held while a program or table is made */
    struct device_job *free_jobs;
    struct device_block *blocks;
    uint32_t n_blocks;
};

/* -- device_memory.c */
enum { DEVICE_PIECE = 256 }; /* alignment of every piece of memory that is handed out */
static inline uint64_t device_round(uint64_t n_bytes)
{
    return (n_bytes + DEVICE_PIECE - 1) / DEVICE_PIECE * DEVICE_PIECE;
}
/* After the driver is open, and before it is closed. */
vyre_status device_open(vyre_context *c, struct outcome *o);
void device_close(vyre_context *c);
/* Memory of the device with undefined contents; from what is kept, if that fits. */
vyre_status device_block_acquire(vyre_context *c, uint64_t n_bytes, struct device_block **block, struct outcome *o);
void device_block_release(vyre_context *c, struct device_block *block); /* NULL is nothing */
vyre_status device_buffer_create(vyre_buffer *b, struct outcome *o);
void device_buffer_destroy(vyre_buffer *b);
vyre_status device_buffer_copy(vyre_buffer *b, void *to, const void *from, uint64_t n_bytes, struct outcome *o);
/* For memory that `kind` names. */
vyre_status device_buffer_wrap(vyre_buffer *b, uint64_t address, struct outcome *o);
/* Where the device finds what the host counts as `bytes` of the buffer. */
uint64_t device_address(const vyre_buffer *b, const void *bytes);

/* -- device_job.c */

/* A copy to the host that ends in pinned memory and must go on from there. */
struct device_pending {
    void *to;
    const void *from;
    uint64_t n_bytes;
};
enum { DEVICE_MAX_PENDING = 64 };

struct device_job {
    struct device_job *next;
    struct device_queue *queue;
    bool is_callers;
    struct device_memory staging; /* pinned, in two halves; made when it is first needed */
    uint32_t half;
    uint64_t used; /* of the half */
    bool is_marked[DEVICE_HALVES];
    struct device_pending pending[DEVICE_HALVES][DEVICE_MAX_PENDING];
    uint32_t n_pending[DEVICE_HALVES];
    struct device_memory traps, seen_traps; /* struct vyre_trap_record each; the second is pinned */
    bool must_clear_traps;
    uint64_t *addresses; /* per buffer of a plan */
    size_t n_addresses;
    struct device_nodes *nodes; /* made when they are first needed */
};

vyre_status device_job_take(vyre_context *c, bool is_callers, struct device_job **job, struct outcome *o);
/* Keeps the job for the next launch; one that failed is destroyed. Nothing of it may be in flight. */
void device_job_give(vyre_context *c, struct device_job *job, bool has_failed);
void device_jobs_free(vyre_context *c);
/* In the job's order. The host's memory may be used again at once, or is filled when the job has ended well. */
vyre_status device_upload(vyre_context *c, struct device_job *job, uint64_t to, const void *from, uint64_t n_bytes,
                          struct outcome *o);
vyre_status device_download(vyre_context *c, struct device_job *job, void *to, uint64_t from, uint64_t n_bytes,
                            struct outcome *o);
/* Waits for the job, whatever came before: `status` is how that went, and wins. device_ns may be NULL. */
vyre_status device_end(vyre_context *c, struct device_job *job, uint64_t *device_ns, vyre_status status,
                       struct outcome *o);
/* The pinned memory for copies, ahead of what is submitted. */
vyre_status device_job_staging(vyre_context *c, struct device_job *job, struct outcome *o);
/* Room for `n` addresses, and for `n_traps` records, zeros but for those that were not yet looked at. */
vyre_status device_job_reserve(vyre_context *c, struct device_job *job, size_t n, struct outcome *o);
vyre_status device_job_traps(vyre_context *c, struct device_job *job, uint32_t n_traps, struct outcome *o);

/* -- device_program.c */
struct device_module {
    struct device_program *programs;
    struct device_memory *tables;
    uint32_t n_tables;
};
/* The program, made on first use. NULL: *o says why. Between enter and leave. */
const struct device_program *device_program_get(vyre_context *c, const struct vyre_unit *u, struct outcome *o);
/* The widest workgroups that it can have, where launches choose; else 0. */
uint32_t device_max_width(vyre_context *c, const struct vyre_unit *u);
/* The address of the k-th DATA image's copy; 0: *o says why. Between enter and leave. */
uint64_t device_table_get(vyre_context *c, struct module *m, uint32_t number, struct outcome *o);
bool device_load(struct module *m);
void device_unload(struct module *m);

/* -- device_run.c */
vyre_status device_run(vyre_context *c, struct plan *plan, struct outcome *o);

#endif
