/* driver.c - the same work by plain calls of NVIDIA's driver: what the runtime is measured against. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "runtime-stub/cuda.h"
#include "tests/exec/gpu/driver.h"

struct nvidia {
    void *library;
    struct cuda_calls cu;
    CUcontext context;
    CUstream stream;
};

static bool find_calls(struct nvidia *d)
{
    bool ok = true;
#define CUDA(Name, symbol, parameters) ok &= (*(void **)&d->cu.Name = dlsym(d->library, symbol)) != NULL;
#define CUDA_OPTIONAL(Name, symbol, parameters)
#include "runtime-stub/cuda.def"
    return ok;
}

/* The first device, as the runtime takes it where nobody says otherwise. */
struct nvidia *nvidia_open(void)
{
    struct nvidia *d = calloc(1, sizeof *d);
    CUdevice device;
    if (d) d->library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (d && d->library && find_calls(d) && !d->cu.Init(0) && !d->cu.DeviceGet(&device, 0) &&
        !d->cu.DevicePrimaryCtxRetain(&d->context, device) && !d->cu.CtxPushCurrent(d->context) &&
        !d->cu.StreamCreate(&d->stream, CU_STREAM_NON_BLOCKING))
        return d;
    nvidia_close(d);
    return NULL;
}

void nvidia_close(struct nvidia *d)
{
    CUcontext popped;
    CUdevice device;
    if (d && d->stream) d->cu.StreamDestroy(d->stream);
    if (d && d->context && !d->cu.CtxGetDevice(&device) && !d->cu.CtxPopCurrent(&popped))
        d->cu.DevicePrimaryCtxRelease(device);
    if (d && d->library) dlclose(d->library);
    free(d);
}

/* -- a copy within the device ------------------------------------------------------------------ */

/* 0 where it fails. */
static uint64_t time_copy(struct nvidia *d, CUevent begin, CUevent end, CUdeviceptr to, CUdeviceptr from, uint64_t n)
{
    float ms = 0;
    bool ok = !d->cu.EventRecord(begin, d->stream) && !d->cu.MemcpyDtoDAsync(to, from, n, d->stream) &&
              !d->cu.EventRecord(end, d->stream) && !d->cu.StreamSynchronize(d->stream) &&
              !d->cu.EventElapsedTime(&ms, begin, end);
    return ok ? (uint64_t)((double)ms * 1e6) : 0;
}

uint64_t nvidia_copy_ns(struct nvidia *d, uint64_t n_bytes, uint32_t rounds)
{
    CUdeviceptr to = 0, from = 0;
    CUevent begin = NULL, end = NULL;
    uint64_t least = 0;
    bool ok = !d->cu.MemAlloc(&to, n_bytes) && !d->cu.MemAlloc(&from, n_bytes) &&
              !d->cu.EventCreate(&begin, CU_EVENT_DEFAULT) && !d->cu.EventCreate(&end, CU_EVENT_DEFAULT);
    for (uint32_t i = 0; ok && i < rounds; i++) {
        uint64_t ns = time_copy(d, begin, end, to, from, n_bytes);
        ok = ns > 0;
        if (!least || ns < least) least = ns;
    }
    if (begin) d->cu.EventDestroy(begin);
    if (end) d->cu.EventDestroy(end);
    if (to) d->cu.MemFree(to);
    if (from) d->cu.MemFree(from);
    return ok ? least : 0;
}

/* -- a launch ---------------------------------------------------------------------------------- */

/* The block of arguments of a program with one buffer and nothing else: runtime-stub/vyre_device.h. */
struct arguments {
    uint64_t buffer, trap;
    uint32_t groups[3], base[3], length, unused;
};

static uint64_t time_launches(struct nvidia *d, CUfunction function, CUdeviceptr buffer, uint32_t rounds)
{
    enum { INVOCATIONS = 64 };
    struct arguments args = {.buffer = buffer, .groups = {1, 1, 1}, .length = INVOCATIONS};
    size_t n_bytes = sizeof args;
    void *extra[] = {(void *)(uintptr_t)CU_LAUNCH_PARAM_BUFFER_POINTER, &args,
                     (void *)(uintptr_t)CU_LAUNCH_PARAM_BUFFER_SIZE, &n_bytes, (void *)(uintptr_t)CU_LAUNCH_PARAM_END};
    uint64_t *times = calloc(rounds, sizeof *times), middle = 0;
    bool ok = times != NULL;
    for (uint32_t i = 0; ok && i < rounds; i++) {
        uint64_t begin = now_ns();
        ok = !d->cu.LaunchKernel(function, 1, 1, 1, INVOCATIONS, 1, 1, 0, d->stream, NULL, extra) &&
             !d->cu.StreamSynchronize(d->stream);
        times[i] = now_ns() - begin;
    }
    if (ok) middle = median(times, rounds);
    free(times);
    return middle;
}

uint64_t nvidia_launch_ns(struct nvidia *d, const char *ptx, const char *kernel, uint32_t rounds)
{
    enum { BUFFER_BYTES = 4096 };
    CUmodule module = NULL;
    CUfunction function = NULL;
    CUdeviceptr buffer = 0;
    uint64_t ns = 0;
    if (!d->cu.ModuleLoadDataEx(&module, ptx, 0, NULL, NULL) && !d->cu.ModuleGetFunction(&function, module, kernel) &&
        !d->cu.MemAlloc(&buffer, BUFFER_BYTES))
        ns = time_launches(d, function, buffer, rounds);
    if (buffer) d->cu.MemFree(buffer);
    if (module) d->cu.ModuleUnload(module);
    return ns;
}
