/* cuda_memory.c - memory of an NVIDIA device and pinned memory of the host, and code. */
#include <string.h>

#include "runtime-stub/cuda.h"

enum { LOG_BYTES = 600 }; /* of the driver's PTX compiler: what fits a message */

/* -- memory ------------------------------------------------------------------------------------ */

static CUresult allocate_pinned(struct cuda *d, uint64_t n_bytes, struct device_memory *m)
{
    void *memory = NULL;
    CUresult e = d->cu.MemHostAlloc(&memory, n_bytes, CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP);
    if (e) return e;
    e = d->cu.MemHostGetDevicePointer(&m->address, memory, 0);
    if (e)
        d->cu.MemFreeHost(memory);
    else
        m->mapped = memory;
    return e;
}

vyre_status cuda_allocate(vyre_context *c, enum device_place place, uint64_t n_bytes, struct device_memory *m,
                          struct outcome *o)
{
    struct cuda *d = cuda_of(c);
    struct device_memory made = {.n_bytes = n_bytes};
    CUresult e = place == DEVICE_LOCAL ? d->cu.MemAlloc(&made.address, n_bytes) : allocate_pinned(d, n_bytes, &made);
    const char *call = place == DEVICE_LOCAL ? "cuMemAlloc" : "cuMemHostAlloc";
    if (e) return cuda_fail(c, o, e, call);
    if (!made.address || (place == DEVICE_PINNED && !made.mapped)) {
        cuda_release(c, &made);
        return outcome_fail(o, VYRE_ERROR_DEVICE_MEMORY, "%s: the driver says that it has memory, and gives none",
                            call);
    }
    *m = made;
    return VYRE_OK;
}

void cuda_release(vyre_context *c, struct device_memory *m)
{
    struct cuda *d = cuda_of(c);
    if (m->mapped)
        d->cu.MemFreeHost(m->mapped);
    else if (m->address)
        d->cu.MemFree(m->address);
    *m = (struct device_memory){0};
}

vyre_status cuda_adopt(vyre_context *c, uint64_t address, struct outcome *o)
{
    CUcontext of = NULL;
    CUresult e = cuda_of(c)->cu.PointerGetAttribute(&of, CU_POINTER_ATTRIBUTE_CONTEXT, address);
    if (e) return cuda_fail(c, o, e, "vyre_buffer_wrap_native: cuPointerGetAttribute");
    if (of == cuda_of(c)->context) return VYRE_OK;
    return outcome_fail(o, VYRE_ERROR_WRONG_CONTEXT,
                        "vyre_buffer_wrap_native: the memory is of another CUDA context: give that one in vyre_native");
}

/* -- code -------------------------------------------------------------------------------------- */

/* The compiler's log is the best reason for a refusal. */
static vyre_status refuse(vyre_context *c, const struct vyre_unit *u, CUresult e, const char *log, struct outcome *o)
{
    struct outcome why;
    vyre_status status = cuda_fail(c, &why, e, "cuModuleLoadDataEx");
    if (status == VYRE_ERROR_SYSTEM) status = VYRE_ERROR_IMAGE_REFUSED;
    return outcome_fail(o, status, "'%s' on %s: %.300s%s%.600s", unit_name(u), c->device, why.message, *log ? ": " : "",
                        log);
}

static vyre_status check_function(vyre_context *c, const struct vyre_unit *u, CUfunction function,
                                  uint32_t *max_invocations, struct outcome *o)
{
    const uint32_t *size = u->meta->workgroup;
    int most = 0;
    CUresult e = cuda_of(c)->cu.FuncGetAttribute(&most, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, function);
    if (e) return cuda_fail(c, o, e, "cuFuncGetAttribute");
    uint64_t n = (uint64_t)size[0] * size[1] * size[2];
    *max_invocations = most > 0 ? (uint32_t)most : 0;
    if (most > 0 && n <= (uint64_t)most) return VYRE_OK;
    return outcome_fail(
        o, VYRE_ERROR_UNSUPPORTED,
        "'%s' has workgroups of %u x %u x %u, and %s has registers for %d invocations of it: make the workgroup "
        "smaller",
        unit_name(u), size[0], size[1], size[2], c->device, most);
}

vyre_status cuda_load(vyre_context *c, const struct vyre_unit *u, struct device_program *p, struct outcome *o)
{
    struct cuda *d = cuda_of(c);
    char log[LOG_BYTES] = "";
    int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void *values[] = {log, (void *)(uintptr_t)(sizeof log - 1)};
    CUmodule module = NULL;
    CUfunction function = NULL;
    CUresult e = d->cu.ModuleLoadDataEx(&module, p->code, 2, options, values);
    if (e) return refuse(c, u, e, log, o);
    p->loaded = module;
    e = d->cu.ModuleGetFunction(&function, module, p->kernel);
    if (!e && !function) e = CUDA_ERROR_NOT_FOUND;
    if (e) return cuda_fail(c, o, e, "cuModuleGetFunction");
    p->function = (uint64_t)(uintptr_t)function;
    return check_function(c, u, function, &p->max_invocations, o);
}

void cuda_unload(vyre_context *c, struct device_program *p)
{
    if (p->loaded) cuda_of(c)->cu.ModuleUnload(p->loaded);
    p->loaded = NULL;
}
