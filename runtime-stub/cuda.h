/* cuda.h - what the files of the CUDA backend share. Not for users.
 *
 *   cuda_open.c    the driver's library, a device and its context; or why not
 *   cuda_memory.c  memory and code
 *   cuda_queue.c   streams: copies, zeros, launches, waiting, times
 *   cuda_graph.c   several launches as one
 *
 * Types and numbers are those of the "CUDA Driver API", declared here so that nothing of NVIDIA's is needed to build. */
#ifndef VYRE_CUDA_H
#define VYRE_CUDA_H

#include "runtime-stub/device.h"

typedef int CUresult, CUdevice;
typedef uint64_t CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphNode_st *CUgraphNode;
typedef struct CUgraphExec_st *CUgraphExec;

/* CUDA_KERNEL_NODE_PARAMS_v1 */
struct cuda_kernel_node {
    CUfunction function;
    unsigned groups[3], workgroup[3], shared_bytes;
    void **params, **extra;
};
/* CUDA_MEMSET_NODE_PARAMS_v1 */
struct cuda_memset_node {
    CUdeviceptr to;
    size_t pitch;
    unsigned value, element_bytes;
    size_t width, height;
};

enum {
    CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK = 1,
    CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X = 2, /* y and z follow */
    CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X = 5,  /* y and z follow */
    CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK = 8,
    CU_DEVICE_ATTRIBUTE_COMPUTE_MODE = 20,
    CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING = 41,
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
    CU_COMPUTEMODE_PROHIBITED = 2,
    CU_JIT_ERROR_LOG_BUFFER = 5,
    CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6,
    CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK = 0,
    CU_POINTER_ATTRIBUTE_CONTEXT = 1,
    CU_STREAM_NON_BLOCKING = 1,
    CU_EVENT_DEFAULT = 0,
    CU_EVENT_DISABLE_TIMING = 2,
    CU_MEMHOSTALLOC_PORTABLE = 1,
    CU_MEMHOSTALLOC_DEVICEMAP = 2,
    CU_LAUNCH_PARAM_END = 0,
    CU_LAUNCH_PARAM_BUFFER_POINTER = 1,
    CU_LAUNCH_PARAM_BUFFER_SIZE = 2,
};
enum {
#define CUDA_ERROR(NAME, number, STATUS, text) CUDA_ERROR_##NAME = number,
#include "runtime-stub/cuda.def"
};

struct cuda_calls {
#define CUDA(Name, symbol, parameters) CUresult(*Name) parameters;
#define CUDA_OPTIONAL(Name, symbol, parameters) CUresult(*Name) parameters;
#include "runtime-stub/cuda.def"
};

struct cuda {
    struct device device; /* first: vyre_context.gpu points at it */
    void *library;
    struct cuda_calls cu;
    CUdevice number;
    CUcontext context;
    bool owns_context; /* the primary one, retained */
    CUstream callers;  /* of the context's own order; NULL: none was given */
    uint32_t sm;       /* compute capability, 10 * major + minor */
    bool has_graphs;
};

struct cuda_graph;

struct device_queue {
    CUstream stream;
    bool is_callers;
    CUevent marks[DEVICE_HALVES], begin, end; /* NULL until they are needed */
    struct cuda_graph *graphs;                /* the last one used first */
    uint32_t n_graphs;
};

static inline struct cuda *cuda_of(const vyre_context *c)
{
    return (struct cuda *)c->gpu;
}

/* -- cuda_open.c */
/* Our status for the driver's error, with its name and number in the message. */
vyre_status cuda_fail(const vyre_context *c, struct outcome *o, CUresult error, const char *call);

/* -- cuda_memory.c */
vyre_status cuda_allocate(vyre_context *c, enum device_place place, uint64_t n_bytes, struct device_memory *m,
                          struct outcome *o);
void cuda_release(vyre_context *c, struct device_memory *m);
vyre_status cuda_adopt(vyre_context *c, uint64_t address, struct outcome *o);
vyre_status cuda_load(vyre_context *c, const struct vyre_unit *u, struct device_program *p, struct outcome *o);
void cuda_unload(vyre_context *c, struct device_program *p);

/* -- cuda_queue.c */
vyre_status cuda_queue_create(vyre_context *c, bool is_callers, struct device_queue **queue, struct outcome *o);
void cuda_queue_destroy(vyre_context *c, struct device_queue *q);
vyre_status cuda_copy(vyre_context *c, struct device_queue *q, enum device_way way, uint64_t to, uint64_t from,
                      uint64_t n_bytes, struct outcome *o);
vyre_status cuda_fill(vyre_context *c, struct device_queue *q, uint64_t at, uint64_t n_bytes, struct outcome *o);
vyre_status cuda_launch(vyre_context *c, struct device_queue *q, const struct device_launch *l, struct outcome *o);
vyre_status cuda_mark(vyre_context *c, struct device_queue *q, uint32_t half, struct outcome *o);
vyre_status cuda_wait(vyre_context *c, struct device_queue *q, uint32_t half, struct outcome *o);
vyre_status cuda_time(vyre_context *c, struct device_queue *q, enum device_time when, struct outcome *o);
vyre_status cuda_finish(vyre_context *c, struct device_queue *q, uint64_t *device_ns, struct outcome *o);

/* -- cuda_graph.c */
vyre_status cuda_launch_graph(vyre_context *c, struct device_queue *q, const struct device_nodes *nodes, bool *is_done,
                              struct outcome *o);
void cuda_graphs_destroy(vyre_context *c, struct device_queue *q);

#endif
