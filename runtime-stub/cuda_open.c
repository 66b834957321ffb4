/* cuda_open.c - finds an NVIDIA device that can run what vyrec compiles, or says why there is none. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime-stub/cuda.h"

/* 11.0 is the first driver for sm_80, and knows every call of ours. sm_75 is the least that code is made for. */
enum { MIN_DRIVER = 11000, MIN_SM = 75, NAME_BYTES = 100 };

/* -- errors ------------------------------------------------------------------------------------ */

static const struct error_row {
    CUresult number;
    vyre_status status;
    const char *name, *text;
} error_rows[] = {
#define CUDA_ERROR(NAME, number, STATUS, text) {number, VYRE_##STATUS, "CUDA_ERROR_" #NAME, text},
#include "runtime-stub/cuda.def"
};

/* An error that is not in the table leaves the context as it was, as far as anybody knows. */
vyre_status cuda_fail(const vyre_context *c, struct outcome *o, CUresult error, const char *call)
{
    const char *name = NULL;
    for (size_t i = 0; i < sizeof error_rows / sizeof *error_rows; i++)
        if (error_rows[i].number == error)
            return outcome_fail(
                o, error_rows[i].status, "%s: %s (%d): %s%s", call, error_rows[i].name, error, error_rows[i].text,
                error_rows[i].status == VYRE_ERROR_DEVICE_LOST ? ": the device is lost to this context" : "");
    const struct cuda *d = cuda_of(c);
    if (!d->cu.GetErrorName || d->cu.GetErrorName(error, &name) || !name) name = "an unknown error";
    return outcome_fail(o, VYRE_ERROR_SYSTEM, "%s: %s (%d)", call, name, error);
}

/* -- the library ------------------------------------------------------------------------------- */

static vyre_status find_calls(struct cuda *d, struct outcome *o)
{
#define CUDA(Name, symbol, parameters)                                                                                 \
    *(void **)&d->cu.Name = dlsym(d->library, symbol);                                                                 \
    if (!d->cu.Name)                                                                                                   \
        return outcome_fail(o, VYRE_ERROR_DRIVER_TOO_OLD, "libcuda.so.1 has no " symbol ": install a newer driver");
#define CUDA_OPTIONAL(Name, symbol, parameters)                                                                        \
    *(void **)&d->cu.Name = dlsym(d->library, symbol);                                                                 \
    d->has_graphs = d->has_graphs && d->cu.Name;
    d->has_graphs = true;
#include "runtime-stub/cuda.def"
    return VYRE_OK;
}

static vyre_status open_library(vyre_context *c, struct cuda *d, struct outcome *o)
{
    int version = 0;
    d->library = driver_open("libcuda.so.1", "NVIDIA's driver", o);
    if (!d->library) return o->status;
    vyre_status status = find_calls(d, o);
    if (status) return status;
    CUresult e = d->cu.Init(0);
    if (e) return cuda_fail(c, o, e, "cuInit");
    e = d->cu.DriverGetVersion(&version);
    if (e) return cuda_fail(c, o, e, "cuDriverGetVersion");
    if (version >= MIN_DRIVER) return VYRE_OK;
    return outcome_fail(o, VYRE_ERROR_DRIVER_TOO_OLD,
                        "the CUDA driver is made for CUDA %d.%d, and %d.%d is needed: install a newer one",
                        version / 1000, version % 1000 / 10, MIN_DRIVER / 1000, MIN_DRIVER % 1000 / 10);
}

/* -- devices ----------------------------------------------------------------------------------- */

struct facts {
    char name[NAME_BYTES];
    int major, minor, compute_mode, has_unified_addresses, max_invocations, workgroup_bytes;
    int max_workgroup[3], max_groups[3];
};

static vyre_status ask_device(vyre_context *c, CUdevice number, struct facts *f, struct outcome *o)
{
    const struct cuda *d = cuda_of(c);
    const struct {
        int attribute, *to;
    } wanted[] = {
        {CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, &f->major},
        {CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, &f->minor},
        {CU_DEVICE_ATTRIBUTE_COMPUTE_MODE, &f->compute_mode},
        {CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING, &f->has_unified_addresses},
        {CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, &f->max_invocations},
        {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, &f->workgroup_bytes},
        {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X, &f->max_workgroup[0]},
        {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X + 1, &f->max_workgroup[1]},
        {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X + 2, &f->max_workgroup[2]},
        {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X, &f->max_groups[0]},
        {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X + 1, &f->max_groups[1]},
        {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X + 2, &f->max_groups[2]},
    };
    memset(f, 0, sizeof *f);
    CUresult e = d->cu.DeviceGetName(f->name, sizeof f->name - 1, number);
    if (e) return cuda_fail(c, o, e, "cuDeviceGetName");
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted && !e; i++)
        e = d->cu.DeviceGetAttribute(wanted[i].to, wanted[i].attribute, number);
    return e ? cuda_fail(c, o, e, "cuDeviceGetAttribute") : VYRE_OK;
}

/* A driver that lies about its limits must not make us divide by zero, or wait for ever. */
static bool are_sane(const struct facts *f)
{
    for (int i = 0; i < 3; i++)
        if (f->max_workgroup[i] <= 0 || f->max_groups[i] <= 0) return false;
    return f->major > 0 && f->minor >= 0 && f->minor < 10 && f->max_invocations > 0 && f->workgroup_bytes >= 0;
}

static vyre_status check_facts(const struct facts *f, struct outcome *o)
{
    if (!are_sane(f))
        return outcome_fail(o, VYRE_ERROR_NO_DEVICE, "the driver gives limits of %s that make no sense", f->name);
    if (f->major * 10 + f->minor < MIN_SM)
        return outcome_fail(o, VYRE_ERROR_NO_DEVICE, "%s is sm_%d%d, and code is made for sm_%d and later", f->name,
                            f->major, f->minor, MIN_SM);
    if (f->compute_mode == CU_COMPUTEMODE_PROHIBITED)
        return outcome_fail(o, VYRE_ERROR_NO_DEVICE, "%s is in compute mode 'prohibited'", f->name);
    if (!f->has_unified_addresses) return outcome_fail(o, VYRE_ERROR_NO_DEVICE, "%s has no unified addresses", f->name);
    return VYRE_OK;
}

static bool is_wanted(const char *wanted, int number, const char *name)
{
    char text[16];
    snprintf(text, sizeof text, "#%d", number);
    return !wanted || !strcmp(wanted, text) || (*wanted != '#' && strcasestr(name, wanted));
}

static vyre_status choose_device(vyre_context *c, const char *wanted, struct facts *f, struct outcome *o)
{
    struct cuda *d = cuda_of(c);
    int n = 0;
    CUresult e = d->cu.DeviceGetCount(&n);
    if (e) return cuda_fail(c, o, e, "cuDeviceGetCount");
    outcome_fail(o, VYRE_ERROR_NO_DEVICE, n > 0 ? "no CUDA device is called '%s'" : "there is no CUDA device",
                 wanted ? wanted : "");
    for (int i = 0; i < n; i++) {
        e = d->cu.DeviceGet(&d->number, i);
        if (e) return cuda_fail(c, o, e, "cuDeviceGet");
        vyre_status status = ask_device(c, d->number, f, o);
        if (status) return status;
        if (is_wanted(wanted, i, f->name) && !check_facts(f, o)) return o->status = VYRE_OK;
    }
    return o->status;
}

/* -- the context ------------------------------------------------------------------------------- */

static vyre_status enter(vyre_context *c, struct outcome *o)
{
    CUresult e = cuda_of(c)->cu.CtxPushCurrent(cuda_of(c)->context);
    return e ? cuda_fail(c, o, e, "cuCtxPushCurrent") : VYRE_OK;
}

static void leave(vyre_context *c)
{
    CUcontext ignored;
    cuda_of(c)->cu.CtxPopCurrent(&ignored);
}

static vyre_status use_callers(vyre_context *c, const struct settings *s, struct facts *f, struct outcome *o)
{
    struct cuda *d = cuda_of(c);
    d->context = s->native->cuda_context;
    d->callers = s->native->cuda_stream;
    d->device.has_callers_queue = d->callers != NULL;
    vyre_status status = enter(c, o);
    if (status) return status;
    CUresult e = d->cu.CtxGetDevice(&d->number);
    status = e ? cuda_fail(c, o, e, "cuCtxGetDevice") : ask_device(c, d->number, f, o);
    if (!status) status = check_facts(f, o);
    leave(c);
    return status;
}

static vyre_status open_context(vyre_context *c, const struct settings *s, struct facts *f, struct outcome *o)
{
    struct cuda *d = cuda_of(c);
    if (s->native->cuda_context) return use_callers(c, s, f, o);
    if (s->native->cuda_stream)
        return outcome_fail(o, VYRE_ERROR_INVALID_ARGUMENT, "vyre_native: cuda_stream needs its cuda_context");
    vyre_status status = choose_device(c, s->device, f, o);
    if (status) return status;
    CUresult e = d->cu.DevicePrimaryCtxRetain(&d->context, d->number);
    if (!e && !d->context) e = CUDA_ERROR_UNKNOWN;
    if (e) return cuda_fail(c, o, e, "cuDevicePrimaryCtxRetain");
    d->owns_context = true;
    return VYRE_OK;
}

static void set_limits(vyre_context *c, const struct facts *f)
{
    struct device *d = c->gpu;
    for (int i = 0; i < 3; i++) {
        d->max_workgroup[i] = (uint32_t)f->max_workgroup[i];
        d->max_groups[i] = (uint32_t)f->max_groups[i];
    }
    d->max_invocations = (uint32_t)f->max_invocations;
    d->max_grid = UINT64_MAX;
    d->workgroup_bytes = (uint64_t)f->workgroup_bytes;
    cuda_of(c)->sm = (uint32_t)(f->major * 10 + f->minor);
    snprintf(d->level, sizeof d->level, "ptx:sm_%u", cuda_of(c)->sm);
    snprintf(c->device, sizeof c->device, "%s", f->name);
}

/* "sm_86" is 86; names with more behind the number are for one device alone, and none of ours. */
static uint32_t parse_sm(const char *arch)
{
    char *end;
    if (strncmp(arch, "sm_", 3) != 0 || arch[3] < '0' || arch[3] > '9') return UINT32_MAX;
    unsigned long sm = strtoul(arch + 3, &end, 10);
    return *end || sm > 100000 ? UINT32_MAX : (uint32_t)sm;
}

/* Machine code of exactly this device, or else the PTX that knows most of it. */
static uint32_t rank_image(const vyre_context *c, uint32_t wanted, uint32_t kind, const char *arch)
{
    (void)wanted;
    uint32_t sm = parse_sm(arch), mine = cuda_of(c)->sm;
    if (kind == VYRE_IMAGE_CUBIN) return sm == mine ? UINT32_MAX : 0;
    return kind == VYRE_IMAGE_PTX && sm <= mine ? sm : 0;
}

/* -- opening and closing ----------------------------------------------------------------------- */

static const struct device_driver cuda_driver = {.rank = rank_image,
                                                 .enter = enter,
                                                 .leave = leave,
                                                 .allocate = cuda_allocate,
                                                 .release = cuda_release,
                                                 .adopt = cuda_adopt,
                                                 .load = cuda_load,
                                                 .unload = cuda_unload,
                                                 .queue_create = cuda_queue_create,
                                                 .queue_destroy = cuda_queue_destroy,
                                                 .copy = cuda_copy,
                                                 .fill = cuda_fill,
                                                 .launch = cuda_launch,
                                                 .launch_graph = cuda_launch_graph,
                                                 .mark = cuda_mark,
                                                 .wait = cuda_wait,
                                                 .time = cuda_time,
                                                 .finish = cuda_finish};

/* The driver's library stays loaded until nothing of ours can call it. */
static void close_driver(vyre_context *c)
{
    struct cuda *d = cuda_of(c);
    if (d->owns_context) d->cu.DevicePrimaryCtxRelease(d->number);
    if (d->library) dlclose(d->library);
    memory_put(&c->allocator, d, sizeof *d, _Alignof(struct cuda));
    c->gpu = NULL;
}

static void cuda_close(vyre_context *c)
{
    device_close(c);
    close_driver(c);
}

static vyre_status cuda_open(vyre_context *c, const struct settings *s, struct outcome *o)
{
    struct facts facts;
    struct cuda *d = memory_get(&c->allocator, sizeof *d, _Alignof(struct cuda));
    if (!d) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory for the CUDA backend");
    memset(d, 0, sizeof *d);
    d->device.driver = &cuda_driver;
    c->gpu = &d->device;
    vyre_status status = open_library(c, d, o);
    if (!status) status = open_context(c, s, &facts, o);
    if (!status) {
        set_limits(c, &facts);
        status = device_open(c, o);
    }
    if (status) close_driver(c);
    return status;
}

static const char *level_name(const vyre_context *c)
{
    return c->gpu->level;
}

static vyre_status wrap(vyre_buffer *b, vyre_native_kind kind, uint64_t handle, uint64_t offset_bytes,
                        struct outcome *o)
{
    if (kind == VYRE_NATIVE_CUDA_POINTER) return device_buffer_wrap(b, handle + offset_bytes, o);
    return outcome_fail(o, VYRE_ERROR_UNSUPPORTED,
                        "vyre_buffer_wrap_native: kind %d is of another backend than this context's, which is cuda",
                        (int)kind);
}

const struct backend cuda_backend = {.name = "cuda",
                                     .id = VYRE_BACKEND_CUDA,
                                     .open = cuda_open,
                                     .close = cuda_close,
                                     .level = level_name,
                                     .load = device_load,
                                     .unload = device_unload,
                                     .run = device_run,
                                     .buffer_create = device_buffer_create,
                                     .buffer_destroy = device_buffer_destroy,
                                     .buffer_copy = device_buffer_copy,
                                     .buffer_wrap = wrap,
                                     .max_width = device_max_width};
