/* hsa.h - what the files of the HSA backend share. Not for users.
 *
 *   hsa_open.c    the library, an agent; or why not
 *   hsa_memory.c  memory pools and code objects
 *   hsa_queue.c   a queue: copies, zeros, dispatches, signals, times
 *
 * Types and numbers are those of the "HSA Runtime Programmer's Reference Manual" 1.2 and of hsa_ext_amd.h, declared here
 * so that nothing of ROCm is needed to build; sections cited are the manual's. */
#ifndef VYRE_HSA_H
#define VYRE_HSA_H

#include "runtime-stub/device.h"

typedef int hsa_status_t;
typedef struct hsa_agent_s {
    uint64_t handle;
} hsa_agent_t;
typedef struct hsa_isa_s {
    uint64_t handle;
} hsa_isa_t;
typedef struct hsa_signal_s {
    uint64_t handle;
} hsa_signal_t;
typedef struct hsa_amd_memory_pool_s {
    uint64_t handle;
} hsa_amd_memory_pool_t;
typedef struct hsa_code_object_reader_s {
    uint64_t handle;
} hsa_code_object_reader_t;
typedef struct hsa_executable_s {
    uint64_t handle;
} hsa_executable_t;
typedef struct hsa_executable_symbol_s {
    uint64_t handle;
} hsa_executable_symbol_t;

/* 2.5.1 */
typedef struct hsa_queue_s {
    uint32_t type, features;
    void *base_address; /* of packets */
    hsa_signal_t doorbell_signal;
    uint32_t size, reserved;
    uint64_t id;
} hsa_queue_t;

/* 2.6.2.1, and the barrier-AND packet of 2.6.2.3: both are 64 bytes. */
union hsa_packet {
    uint32_t start; /* header, and above it setup */
    struct {
        uint16_t header, setup, workgroup[3], reserved0;
        uint32_t grid[3], private_bytes, group_bytes;
        uint64_t kernel_object;
        void *kernarg;
        uint64_t reserved2;
        hsa_signal_t done;
    } dispatch;
    struct {
        uint16_t header, reserved0;
        uint32_t reserved1;
        hsa_signal_t waits[5];
        uint64_t reserved2;
        hsa_signal_t done;
    } barrier;
};
_Static_assert(sizeof(union hsa_packet) == 64, "an AQL packet");

struct hsa_times {
    uint64_t begin, end; /* in ticks of the system's clock */
};

enum {
    HSA_STATUS_SUCCESS = 0,
    HSA_STATUS_INFO_BREAK = 1,
    HSA_SYSTEM_INFO_VERSION_MAJOR = 0,
    HSA_SYSTEM_INFO_VERSION_MINOR = 1,
    HSA_SYSTEM_INFO_TIMESTAMP_FREQUENCY = 3,
    HSA_AGENT_INFO_NAME = 0,
    HSA_AGENT_INFO_WORKGROUP_MAX_DIM = 7,
    HSA_AGENT_INFO_WORKGROUP_MAX_SIZE = 8,
    HSA_AGENT_INFO_QUEUE_MAX_SIZE = 14,
    HSA_AGENT_INFO_DEVICE = 17,
    HSA_AMD_AGENT_INFO_PRODUCT_NAME = 0xA009,
    HSA_DEVICE_TYPE_CPU = 0,
    HSA_DEVICE_TYPE_GPU = 1,
    HSA_ISA_INFO_NAME_LENGTH = 0,
    HSA_ISA_INFO_NAME = 1,
    HSA_AMD_MEMORY_POOL_INFO_SEGMENT = 0,
    HSA_AMD_MEMORY_POOL_INFO_GLOBAL_FLAGS = 1,
    HSA_AMD_MEMORY_POOL_INFO_SIZE = 2,
    HSA_AMD_MEMORY_POOL_INFO_RUNTIME_ALLOC_ALLOWED = 5,
    HSA_AMD_SEGMENT_GLOBAL = 0,
    HSA_AMD_SEGMENT_GROUP = 3,
    HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_KERNARG_INIT = 1,
    HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_FINE_GRAINED = 2,
    HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_COARSE_GRAINED = 4,
    HSA_SIGNAL_CONDITION_LT = 2,
    HSA_WAIT_STATE_BLOCKED = 0,
    HSA_QUEUE_TYPE_MULTI = 0,
    HSA_PACKET_TYPE_INVALID = 1,
    HSA_PACKET_TYPE_KERNEL_DISPATCH = 2,
    HSA_PACKET_TYPE_BARRIER_AND = 3,
    HSA_PACKET_BARRIER = 1 << 8,          /* waits for all packets before it */
    HSA_PACKET_FENCES = 2 << 9 | 2 << 11, /* acquires from, and releases to, the whole system */
    HSA_PROFILE_FULL = 1,
    HSA_DEFAULT_FLOAT_ROUNDING_MODE_DEFAULT = 0,
    HSA_EXECUTABLE_SYMBOL_INFO_KERNARG_BYTES = 11,
    HSA_EXECUTABLE_SYMBOL_INFO_GROUP_BYTES = 13,
    HSA_EXECUTABLE_SYMBOL_INFO_PRIVATE_BYTES = 14,
    HSA_EXECUTABLE_SYMBOL_INFO_KERNEL_OBJECT = 22,
};
enum {
#define HSA_ERROR(NAME, number, STATUS, text) HSA_STATUS_##NAME = number,
#include "runtime-stub/hsa.def"
};

struct hsa_calls {
#define HSA(Name, symbol, result, parameters) result(*Name) parameters;
#include "runtime-stub/hsa.def"
};

enum { HSA_MAX_ISAS = 8, HSA_NAME_BYTES = 64 };

struct hsa {
    struct device device; /* first: vyre_context.gpu points at it */
    void *library;
    bool is_open; /* hsa_init has counted us */
    struct hsa_calls call;
    hsa_agent_t agent, host;
    char processors[HSA_MAX_ISAS][HSA_NAME_BYTES]; /* "gfx90a": whose code the agent runs, best first */
    uint32_t n_processors;
    hsa_amd_memory_pool_t local, pinned, kernarg;
    uint64_t ticks_per_second;
    uint32_t queue_packets;
    hsa_queue_t *callers;                    /* NULL: none was given */
    void (*queue_lock)(void *ctx, int lock); /* around the caller's queue; may be NULL */
    void *queue_lock_ctx;
};

enum { HSA_MAX_SIGNALS = 256 };

struct device_queue {
    hsa_queue_t *queue;
    bool is_callers;
    _Atomic hsa_status_t error; /* of the queue, told by the runtime's own thread */
    struct device_memory kernarg;
    uint64_t kernarg_used;
    hsa_signal_t signals[HSA_MAX_SIGNALS]; /* made when they are first needed */
    bool is_timed[HSA_MAX_SIGNALS];        /* of a dispatch whose times count */
    bool is_copy[HSA_MAX_SIGNALS];
    uint32_t n_signals, n_used;
    hsa_signal_t end;    /* of all dispatches: waiting for them must not fail for want of a signal */
    bool has_dispatches; /* since the last signal */
    hsa_signal_t last;   /* of the last copy or barrier; 0: everything before is done, or waits in the queue's order */
    hsa_signal_t marks[DEVICE_HALVES];
    struct hsa_times times;
    uint64_t last_packet;
    bool has_packets; /* that the device was not told of */
};

static inline struct hsa *hsa_of(const vyre_context *c)
{
    return (struct hsa *)c->gpu;
}

/* -- hsa_open.c */
/* Our status for the runtime's, with its name and number in the message. */
vyre_status hsa_fail(const vyre_context *c, struct outcome *o, hsa_status_t status, const char *call);

/* -- hsa_memory.c */
vyre_status hsa_allocate(vyre_context *c, enum device_place place, uint64_t n_bytes, struct device_memory *m,
                         struct outcome *o);
vyre_status hsa_allocate_kernarg(vyre_context *c, uint64_t n_bytes, struct device_memory *m, struct outcome *o);
void hsa_release(vyre_context *c, struct device_memory *m);
vyre_status hsa_load(vyre_context *c, const struct vyre_unit *u, struct device_program *p, struct outcome *o);
void hsa_unload(vyre_context *c, struct device_program *p);

/* -- hsa_queue.c */
vyre_status hsa_queue_open(vyre_context *c, bool is_callers, struct device_queue **queue, struct outcome *o);
void hsa_queue_close(vyre_context *c, struct device_queue *q);
vyre_status hsa_copy(vyre_context *c, struct device_queue *q, enum device_way way, uint64_t to, uint64_t from,
                     uint64_t n_bytes, struct outcome *o);
vyre_status hsa_fill(vyre_context *c, struct device_queue *q, uint64_t at, uint64_t n_bytes, struct outcome *o);
vyre_status hsa_launch(vyre_context *c, struct device_queue *q, const struct device_launch *l, struct outcome *o);
vyre_status hsa_mark(vyre_context *c, struct device_queue *q, uint32_t half, struct outcome *o);
vyre_status hsa_wait(vyre_context *c, struct device_queue *q, uint32_t half, struct outcome *o);
vyre_status hsa_finish(vyre_context *c, struct device_queue *q, uint64_t *device_ns, struct outcome *o);

#endif
