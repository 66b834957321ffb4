/* cuda.c - libcuda.so.1 as the runtime uses it. A stream is a list of operations that are done when somebody waits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime-stub/cuda.h"
#include "tests/exec/mock/mock.h"

#pragma GCC diagnostic ignored "-Wmissing-prototypes" /* of the driver's own names, which no header of ours has */
#define API __attribute__((visibility("default")))
#define CALL(...) MOCK_CALL(CUresult, __VA_ARGS__)
enum { MAX_OPERATIONS = 4096, MAX_STACK = 16, ARGS_BYTES = 4096 };

enum kind { OP_COPY, OP_FILL, OP_LAUNCH, OP_EVENT };
struct operation {
    enum kind kind;
    CUstream stream;
    CUdeviceptr to, from;
    size_t n_bytes;
    CUevent event;
    struct CUfunc_st *function;
    uint32_t groups[3], workgroup[3];
    unsigned char args[ARGS_BYTES];
};

struct CUctx_st {
    int device;
};
struct CUmod_st {
    char text[256];
};
struct CUfunc_st {
    char name[200];
};
struct CUstream_st {
    unsigned flags;
};
struct CUevent_st {
    uint64_t ticks;
    bool is_done;
};

static struct operation *operations;
static size_t n_operations;
static CUcontext primary[8];
static int n_retained[8];
static _Thread_local CUcontext stack[MAX_STACK];
static _Thread_local int depth;
static uint64_t clock_ticks;

void mock_clear(void)
{
    free(operations);
    operations = NULL;
    n_operations = 0;
    clock_ticks = 0;
    memset(primary, 0, sizeof primary);
    memset(n_retained, 0, sizeof n_retained);
}

static CUresult done(CUresult e)
{
    mock_end();
    return e;
}

static bool has_context(void)
{
    return depth > 0 && stack[depth - 1];
}
#define NEEDS_CONTEXT                                                                                                  \
    if (!has_context()) return done(CUDA_ERROR_INVALID_CONTEXT)

/* A program that closes the driver has no pointer to them any more. */
__attribute__((destructor)) static void free_operations(void)
{
    free(operations);
}

/* -- streams ----------------------------------------------------------------------------------- */

static struct operation *push(CUstream stream, enum kind kind)
{
    if (stream) mock_find(stream, "stream");
    if (!operations) operations = malloc(MAX_OPERATIONS * sizeof *operations);
    if (!operations || n_operations == MAX_OPERATIONS) abort();
    struct operation *op = &operations[n_operations++];
    memset(op, 0, offsetof(struct operation, args));
    op->stream = stream;
    op->kind = kind;
    return op;
}

static void perform(const struct operation *op)
{
    void *to = NULL, *from = NULL;
    clock_ticks += 1000;
    switch (op->kind) {
    case OP_COPY:
        to = mock_bytes(op->to, op->n_bytes, "copying to");
        from = mock_bytes(op->from, op->n_bytes, "copying from");
        if (to && from) memmove(to, from, op->n_bytes);
        break;
    case OP_FILL:
        to = mock_bytes(op->to, op->n_bytes, "filling");
        if (to) memset(to, 0, op->n_bytes);
        break;
    case OP_LAUNCH:
        if (mock.run) mock.run(mock.run_ctx, op->function->name, op->groups, op->workgroup, op->args, op->n_bytes);
        break;
    case OP_EVENT:
        op->event->ticks = clock_ticks;
        op->event->is_done = true;
        break;
    }
}

/* All operations of the stream, up to its last record of the event when there is one. */
static void work_off(CUstream stream, CUevent until)
{
    size_t kept = 0, end = until ? 0 : n_operations;
    for (size_t i = 0; until && i < n_operations; i++)
        if (operations[i].kind == OP_EVENT && operations[i].event == until) {
            end = i + 1;
            stream = operations[i].stream;
        }
    for (size_t i = 0; i < n_operations; i++) {
        if (i < end && operations[i].stream == stream)
            perform(&operations[i]);
        else
            operations[kept++] = operations[i];
    }
    n_operations = kept;
}

/* What a device that is lost does not do any more. */
static void forget(void)
{
    n_operations = 0;
}

static bool is_in_flight(CUdeviceptr at)
{
    const char *name = mock_name(at);
    char mine[40];
    snprintf(mine, sizeof mine, "%s", name);
    for (size_t i = 0; i < n_operations; i++) {
        size_t n = strlen(mine);
        const CUdeviceptr used[] = {operations[i].to, operations[i].from};
        for (int k = 0; k < 2; k++) {
            const char *here = mock_name(used[k]);
            if (used[k] && !strncmp(here, mine, n) && (!here[n] || here[n] == '+')) return true;
        }
    }
    return false;
}

/* -- the driver -------------------------------------------------------------------------------- */

API CUresult cuInit(unsigned flags)
{
    CALL("cuInit %u", flags);
    return done(0);
}

API CUresult cuDriverGetVersion(int *version)
{
    CALL("cuDriverGetVersion");
    *version = mock.version;
    return done(0);
}

/* Not counted: it only tells about a failure. */
API CUresult cuGetErrorName(CUresult error, const char **name)
{
    *name = error == 12345 ? "CUDA_ERROR_OF_THE_MOCK" : NULL;
    return 0;
}

API CUresult cuDeviceGetCount(int *count)
{
    CALL("cuDeviceGetCount");
    *count = mock.n_devices;
    return done(0);
}

API CUresult cuDeviceGet(CUdevice *device, int ordinal)
{
    CALL("cuDeviceGet %d", ordinal);
    *device = ordinal;
    return done(ordinal < mock.n_devices ? 0 : CUDA_ERROR_INVALID_DEVICE);
}

API CUresult cuDeviceGetName(char *name, int n_bytes, CUdevice device)
{
    CALL("cuDeviceGetName %d", device);
    snprintf(name, (size_t)n_bytes, "Mock GPU %d", device);
    return done(0);
}

API CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device)
{
    CALL("cuDeviceGetAttribute %d %d", attribute, device);
    static const int rows[][2] = {{CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 1024},
                                  {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X, 1024},
                                  {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X + 1, 1024},
                                  {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X + 2, 64},
                                  {CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING, 1}};
    *value = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i][0] == attribute) *value = rows[i][1];
    if (attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) *value = mock.major;
    if (attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR) *value = mock.minor;
    if (attribute == CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK) *value = mock.shared_bytes;
    if (attribute >= CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X && attribute < CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X + 3)
        *value = mock.max_groups;
    return done(0);
}

/* -- contexts ---------------------------------------------------------------------------------- */

API CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
    CALL("cuDevicePrimaryCtxRetain %d", device);
    if (!n_retained[device]++) {
        primary[device] = mock_new(MOCK_OBJECT, "context", sizeof **context);
        primary[device]->device = device;
    }
    *context = primary[device];
    return done(0);
}

API CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device)
{
    int64_t e = mock_begin_release("cuDevicePrimaryCtxRelease %d", device);
    if (!n_retained[device])
        mock_misuse("a context that nobody retains is released");
    else if (!--n_retained[device])
        mock_free(primary[device], "context");
    return done((CUresult)e);
}

API CUresult cuCtxCreate_v2(CUcontext *context, unsigned flags, CUdevice device)
{
    CALL("cuCtxCreate %u %d", flags, device);
    *context = mock_new(MOCK_OBJECT, "context", sizeof **context);
    (*context)->device = device;
    return done(0);
}

API CUresult cuCtxDestroy_v2(CUcontext context)
{
    int64_t e = mock_begin_release("cuCtxDestroy");
    mock_free(context, "context");
    return done((CUresult)e);
}

API CUresult cuCtxPushCurrent_v2(CUcontext context)
{
    CALL("cuCtxPushCurrent");
    if (!context || !mock_find(context, "context") || depth == MAX_STACK) return done(CUDA_ERROR_INVALID_CONTEXT);
    stack[depth++] = context;
    return done(0);
}

API CUresult cuCtxPopCurrent_v2(CUcontext *context)
{
    int64_t e = mock_begin_release("cuCtxPopCurrent");
    if (!depth) return done(CUDA_ERROR_INVALID_CONTEXT);
    *context = stack[--depth];
    return done((CUresult)e);
}

API CUresult cuCtxGetDevice(CUdevice *device)
{
    CALL("cuCtxGetDevice");
    NEEDS_CONTEXT;
    *device = stack[depth - 1]->device;
    return done(0);
}

/* -- code -------------------------------------------------------------------------------------- */

API CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned n_options, int *options, void **values)
{
    CALL("cuModuleLoadDataEx %.60s", (const char *)image);
    NEEDS_CONTEXT;
    for (unsigned i = 0; i + 1 < n_options; i++)
        if (options[i] == CU_JIT_ERROR_LOG_BUFFER && strstr(image, "bad"))
            snprintf(values[i], (size_t)(uintptr_t)values[i + 1], "ptxas error on line 3");
    if (strstr(image, "bad")) return done(CUDA_ERROR_INVALID_PTX);
    *module = mock_new(MOCK_OBJECT, "module", sizeof **module);
    snprintf((*module)->text, sizeof(*module)->text, "%.255s", (const char *)image);
    return done(0);
}

API CUresult cuModuleUnload(CUmodule module)
{
    int64_t e = mock_begin_release("cuModuleUnload");
    mock_free(module, "module");
    return done((CUresult)e);
}

/* A function lives in its module's memory: the name is kept in static slots. */
API CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name)
{
    static struct CUfunc_st functions[64];
    CALL("cuModuleGetFunction %s", name);
    if (!mock_find(module, "module")) return done(CUDA_ERROR_INVALID_HANDLE);
    for (size_t i = 0; i < 64; i++) {
        if (*functions[i].name && strcmp(functions[i].name, name) != 0) continue;
        snprintf(functions[i].name, sizeof functions[i].name, "%s", name);
        *function = &functions[i];
        return done(0);
    }
    return done(CUDA_ERROR_NOT_FOUND);
}

API CUresult cuFuncGetAttribute(int *value, int attribute, CUfunction function)
{
    CALL("cuFuncGetAttribute %d %s", attribute, function->name);
    *value = mock.registers;
    return done(0);
}

/* -- memory ------------------------------------------------------------------------------------ */

static const size_t all_memory = (size_t)1 << 30;

API CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t n_bytes)
{
    CALL("cuMemAlloc %zu", n_bytes);
    NEEDS_CONTEXT;
    if (!n_bytes) return done(CUDA_ERROR_INVALID_VALUE);
    if (n_bytes > all_memory) return done(CUDA_ERROR_OUT_OF_MEMORY);
    *address = (uintptr_t)mock_new(MOCK_DEVICE_MEMORY, "device memory", n_bytes);
    return done(0);
}

API CUresult cuMemFree_v2(CUdeviceptr address)
{
    int64_t e = mock_begin_release("cuMemFree %s", mock_name(address));
    if (is_in_flight(address)) mock_misuse("memory is freed that is in use");
    mock_free((void *)(uintptr_t)address, "device memory");
    return done((CUresult)e);
}

API CUresult cuMemHostAlloc(void **memory, size_t n_bytes, unsigned flags)
{
    CALL("cuMemHostAlloc %zu %u", n_bytes, flags);
    NEEDS_CONTEXT;
    if (n_bytes > all_memory) return done(CUDA_ERROR_OUT_OF_MEMORY);
    *memory = mock_new(MOCK_HOST_MEMORY, "pinned memory", n_bytes);
    return done(0);
}

API CUresult cuMemFreeHost(void *memory)
{
    int64_t e = mock_begin_release("cuMemFreeHost %s", mock_name((uintptr_t)memory));
    if (is_in_flight((uintptr_t)memory)) mock_misuse("pinned memory is freed that is in use");
    mock_free(memory, "pinned memory");
    return done((CUresult)e);
}

API CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *address, void *memory, unsigned flags)
{
    CALL("cuMemHostGetDevicePointer %u", flags);
    *address = (uintptr_t)memory;
    return done(mock_find(memory, "pinned memory") ? 0 : CUDA_ERROR_INVALID_VALUE);
}

API CUresult cuPointerGetAttribute(void *value, int attribute, CUdeviceptr address)
{
    CALL("cuPointerGetAttribute %d", attribute);
    NEEDS_CONTEXT;
    if (!mock.host(address, 1)) return done(CUDA_ERROR_INVALID_VALUE);
    *(CUcontext *)value = stack[depth - 1];
    return done(0);
}

/* -- work -------------------------------------------------------------------------------------- */

static CUresult copy(CUdeviceptr to, CUdeviceptr from, size_t n_bytes, CUstream stream)
{
    struct operation *op = push(stream, OP_COPY);
    op->to = to;
    op->from = from;
    op->n_bytes = n_bytes;
    return done(0);
}

API CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t n_bytes, CUstream stream)
{
    const void *bytes = mock.host((uintptr_t)from, n_bytes);
    CALL("cuMemcpyHtoDAsync to %s %zu bytes %08x", mock_name(to), n_bytes, bytes ? mock_hash(bytes, n_bytes) : 0);
    NEEDS_CONTEXT;
    return copy(to, (uintptr_t)from, n_bytes, stream);
}

API CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t n_bytes, CUstream stream)
{
    CALL("cuMemcpyDtoHAsync from %s %zu bytes", mock_name(from), n_bytes);
    NEEDS_CONTEXT;
    return copy((uintptr_t)to, from, n_bytes, stream);
}

API CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t n_bytes, CUstream stream)
{
    CALL("cuMemcpyDtoDAsync to %s from %s %zu bytes", mock_name(to), mock_name(from), n_bytes);
    NEEDS_CONTEXT;
    return copy(to, from, n_bytes, stream);
}

API CUresult cuMemsetD8Async(CUdeviceptr at, unsigned char value, size_t n_bytes, CUstream stream)
{
    CALL("cuMemsetD8Async %s %u %zu bytes", mock_name(at), value, n_bytes);
    NEEDS_CONTEXT;
    struct operation *op = push(stream, OP_FILL);
    op->to = at;
    op->n_bytes = n_bytes;
    return done(0);
}

API CUresult cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                            unsigned block_y, unsigned block_z, unsigned shared_bytes, CUstream stream, void **params,
                            void **extra)
{
    CALL("cuLaunchKernel %s grid %u %u %u block %u %u %u shared %u stream of flags %u%s", function->name, grid_x,
         grid_y, grid_z, block_x, block_y, block_z, shared_bytes, stream ? stream->flags : 0, params ? " params" : "");
    NEEDS_CONTEXT;
    if ((uintptr_t)extra[0] != CU_LAUNCH_PARAM_BUFFER_POINTER || (uintptr_t)extra[2] != CU_LAUNCH_PARAM_BUFFER_SIZE ||
        extra[4] || !grid_x || !grid_y || !grid_z || (unsigned)mock.max_groups < grid_y)
        return done(CUDA_ERROR_INVALID_VALUE);
    struct operation *op = push(stream, OP_LAUNCH);
    op->function = function;
    memcpy(op->groups, (const uint32_t[]){grid_x, grid_y, grid_z}, sizeof op->groups);
    memcpy(op->workgroup, (const uint32_t[]){block_x, block_y, block_z}, sizeof op->workgroup);
    memcpy(&op->n_bytes, extra[3], sizeof op->n_bytes);
    if (op->n_bytes > ARGS_BYTES) return done(CUDA_ERROR_INVALID_VALUE);
    memcpy(op->args, extra[1], op->n_bytes);
    mock_record_words(op->args, op->n_bytes);
    return done(0);
}

/* -- graphs: their nodes happen in any order that their dependencies allow, and here the last one first --- */

#ifndef MOCK_PLAIN /* a driver that has none */
enum { MAX_NODES = 64 };

struct CUgraphNode_st {
    struct operation op;
    CUgraphNode deps[MAX_NODES];
    size_t n_deps;
};
struct CUgraph_st {
    struct CUgraphNode_st nodes[MAX_NODES];
    size_t n;
};
struct CUgraphExec_st {
    CUgraph graph;
    struct operation ops[MAX_NODES];
};

API CUresult cuGraphCreate(CUgraph *graph, unsigned flags)
{
    CALL("cuGraphCreate %u", flags);
    NEEDS_CONTEXT;
    *graph = mock_new(MOCK_OBJECT, "graph", sizeof **graph);
    (*graph)->n = 0;
    return done(0);
}

API CUresult cuGraphDestroy(CUgraph graph)
{
    int64_t e = mock_begin_release("cuGraphDestroy");
    mock_free(graph, "graph");
    return done((CUresult)e);
}

static CUresult add_node(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps, size_t n_deps,
                         const struct operation *op)
{
    if (!mock_find(graph, "graph") || graph->n == MAX_NODES || n_deps > MAX_NODES)
        return done(CUDA_ERROR_INVALID_VALUE);
    CUgraphNode n = &graph->nodes[graph->n++];
    n->op = *op;
    n->n_deps = n_deps;
    for (size_t i = 0; i < n_deps; i++) {
        mock_record("  waits for node %d", (int)(deps[i] - graph->nodes));
        if (deps[i] < graph->nodes || deps[i] >= n) mock_misuse("a node waits for one that the graph has not");
        n->deps[i] = deps[i];
    }
    *node = n;
    return done(0);
}

static bool fill_launch(struct operation *op, const struct cuda_kernel_node *k)
{
    *op = (struct operation){.kind = OP_LAUNCH, .function = k->function};
    memcpy(op->groups, k->groups, sizeof op->groups);
    memcpy(op->workgroup, k->workgroup, sizeof op->workgroup);
    memcpy(&op->n_bytes, k->extra[3], sizeof op->n_bytes);
    if (op->n_bytes > ARGS_BYTES) return false;
    memcpy(op->args, k->extra[1], op->n_bytes);
    mock_record_words(op->args, op->n_bytes);
    return true;
}

API CUresult cuGraphAddKernelNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps, size_t n_deps,
                                  const struct cuda_kernel_node *params)
{
    struct operation op;
    CALL("cuGraphAddKernelNode %s grid %u block %u", params->function->name, params->groups[0], params->workgroup[0]);
    if (!fill_launch(&op, params)) return done(CUDA_ERROR_INVALID_VALUE);
    return add_node(node, graph, deps, n_deps, &op);
}

API CUresult cuGraphAddMemsetNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps, size_t n_deps,
                                  const struct cuda_memset_node *params, CUcontext context)
{
    CALL("cuGraphAddMemsetNode %s %u %zu bytes", mock_name(params->to), params->value, params->width);
    struct operation op = {.kind = OP_FILL, .to = params->to, .n_bytes = params->width};
    if (!mock_find(context, "context") || params->element_bytes != 1 || params->height != 1)
        return done(CUDA_ERROR_INVALID_VALUE);
    return add_node(node, graph, deps, n_deps, &op);
}

API CUresult cuGraphInstantiate_v2(CUgraphExec *exec, CUgraph graph, CUgraphNode *wrong, char *log, size_t log_bytes)
{
    CALL("cuGraphInstantiate %zu nodes", graph->n);
    (void)wrong, (void)log, (void)log_bytes;
    if (!mock_find(graph, "graph")) return done(CUDA_ERROR_INVALID_VALUE);
    *exec = mock_new(MOCK_OBJECT, "graph to launch", sizeof **exec);
    (*exec)->graph = graph;
    for (size_t i = 0; i < graph->n; i++)
        (*exec)->ops[i] = graph->nodes[i].op;
    return done(0);
}

API CUresult cuGraphExecDestroy(CUgraphExec exec)
{
    int64_t e = mock_begin_release("cuGraphExecDestroy");
    mock_free(exec, "graph to launch");
    return done((CUresult)e);
}

API CUresult cuGraphExecKernelNodeSetParams(CUgraphExec exec, CUgraphNode node, const struct cuda_kernel_node *params)
{
    struct operation op;
    CALL("cuGraphExecKernelNodeSetParams %s grid %u", params->function->name, params->groups[0]);
    if (!mock_find(exec, "graph to launch") || !fill_launch(&op, params)) return done(CUDA_ERROR_INVALID_VALUE);
    struct operation *mine = &exec->ops[node - exec->graph->nodes];
    if (mine->kind != OP_LAUNCH || mine->function != op.function) return done(CUDA_ERROR_INVALID_VALUE);
    *mine = op;
    return done(0);
}

API CUresult cuGraphExecMemsetNodeSetParams(CUgraphExec exec, CUgraphNode node, const struct cuda_memset_node *params,
                                            CUcontext context)
{
    CALL("cuGraphExecMemsetNodeSetParams %s %zu bytes", mock_name(params->to), params->width);
    if (!mock_find(exec, "graph to launch") || !mock_find(context, "context")) return done(CUDA_ERROR_INVALID_VALUE);
    struct operation *mine = &exec->ops[node - exec->graph->nodes];
    if (mine->kind != OP_FILL) return done(CUDA_ERROR_INVALID_VALUE);
    mine->to = params->to;
    mine->n_bytes = params->width;
    return done(0);
}

static bool is_ready(const struct CUgraph_st *graph, const bool *is_done, size_t i)
{
    for (size_t k = 0; k < graph->nodes[i].n_deps; k++)
        if (!is_done[graph->nodes[i].deps[k] - graph->nodes]) return false;
    return !is_done[i];
}

API CUresult cuGraphLaunch(CUgraphExec exec, CUstream stream)
{
    bool is_done[MAX_NODES] = {false};
    CALL("cuGraphLaunch stream of flags %u", stream ? stream->flags : 0);
    NEEDS_CONTEXT;
    if (!mock_find(exec, "graph to launch")) return done(CUDA_ERROR_INVALID_HANDLE);
    for (size_t n = 0; n < exec->graph->n; n++) {
        size_t i = exec->graph->n - 1;
        while (!is_ready(exec->graph, is_done, i))
            i--;
        is_done[i] = true;
        struct operation *op = push(stream, exec->ops[i].kind);
        *op = exec->ops[i];
        op->stream = stream;
    }
    return done(0);
}
#endif

/* -- streams and events ------------------------------------------------------------------------ */

API CUresult cuStreamCreate(CUstream *stream, unsigned flags)
{
    CALL("cuStreamCreate %u", flags);
    NEEDS_CONTEXT;
    *stream = mock_new(MOCK_OBJECT, "stream", sizeof **stream);
    (*stream)->flags = flags;
    return done(0);
}

API CUresult cuStreamDestroy_v2(CUstream stream)
{
    int64_t e = mock_begin_release("cuStreamDestroy");
    work_off(stream, NULL);
    mock_free(stream, "stream");
    return done((CUresult)e);
}

API CUresult cuStreamSynchronize(CUstream stream)
{
    int64_t e = mock_begin("cuStreamSynchronize");
    if (e) forget();
    if (e) return done(e == MOCK_LIE ? 0 : (CUresult)e);
    NEEDS_CONTEXT;
    if (stream) mock_find(stream, "stream");
    work_off(stream, NULL);
    return done(0);
}

API CUresult cuEventCreate(CUevent *event, unsigned flags)
{
    CALL("cuEventCreate %u", flags);
    NEEDS_CONTEXT;
    *event = mock_new(MOCK_OBJECT, "event", sizeof **event);
    return done(0);
}

API CUresult cuEventDestroy_v2(CUevent event)
{
    int64_t e = mock_begin_release("cuEventDestroy");
    mock_free(event, "event");
    return done((CUresult)e);
}

API CUresult cuEventRecord(CUevent event, CUstream stream)
{
    CALL("cuEventRecord");
    NEEDS_CONTEXT;
    if (!mock_find(event, "event")) return done(CUDA_ERROR_INVALID_HANDLE);
    event->is_done = false;
    push(stream, OP_EVENT)->event = event;
    return done(0);
}

API CUresult cuEventSynchronize(CUevent event)
{
    int64_t e = mock_begin("cuEventSynchronize");
    if (e) forget();
    if (e) return done(e == MOCK_LIE ? 0 : (CUresult)e);
    if (!mock_find(event, "event")) return done(CUDA_ERROR_INVALID_HANDLE);
    work_off(NULL, event);
    return done(0);
}

#ifndef MOCK_OLD /* a driver that lacks a call */
API CUresult cuEventElapsedTime(float *milliseconds, CUevent begin, CUevent end)
{
    CALL("cuEventElapsedTime");
    if (!mock_find(begin, "event") || !mock_find(end, "event")) return done(CUDA_ERROR_INVALID_HANDLE);
    if (!begin->is_done || !end->is_done) return done(600 /* not ready */);
    *milliseconds = (float)(end->ticks - begin->ticks) / 1e6f;
    return done(0);
}
#endif
