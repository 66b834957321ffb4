/* hsa_open.c - finds an AMD device that can run what vyrec compiles, or says why there is none. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "runtime-stub/hsa.h"

enum { MAX_AGENTS = 64, MAX_QUEUE_PACKETS = 1024 };

/* -- errors ------------------------------------------------------------------------------------ */

static const struct error_row {
    hsa_status_t number;
    vyre_status status;
    const char *name, *text;
} error_rows[] = {
#define HSA_ERROR(NAME, number, STATUS, text) {number, VYRE_##STATUS, "HSA_STATUS_" #NAME, text},
#include "runtime-stub/hsa.def"
};

vyre_status hsa_fail(const vyre_context *c, struct outcome *o, hsa_status_t status, const char *call)
{
    const char *text = NULL;
    for (size_t i = 0; i < sizeof error_rows / sizeof *error_rows; i++)
        if (error_rows[i].number == status)
            return outcome_fail(o, error_rows[i].status, "%s: %s (0x%x): %s%s", call, error_rows[i].name,
                                (unsigned)status, error_rows[i].text,
                                error_rows[i].status == VYRE_ERROR_DEVICE_LOST ? ": the device is lost to this context"
                                                                               : "");
    const struct hsa *h = hsa_of(c);
    if (!h->call.StatusString || h->call.StatusString(status, &text) || !text) text = "an unknown error";
    return outcome_fail(o, VYRE_ERROR_SYSTEM, "%s: %s (0x%x)", call, text, (unsigned)status);
}

/* -- the library ------------------------------------------------------------------------------- */

static vyre_status find_calls(struct hsa *h, struct outcome *o)
{
#define HSA(Name, symbol, result, parameters)                                                                          \
    *(void **)&h->call.Name = dlsym(h->library, symbol);                                                               \
    if (!h->call.Name)                                                                                                 \
        return outcome_fail(o, VYRE_ERROR_DRIVER_TOO_OLD,                                                              \
                            "libhsa-runtime64.so.1 has no " symbol ": install a newer ROCm");
#include "runtime-stub/hsa.def"
    return VYRE_OK;
}

static vyre_status open_library(vyre_context *c, struct hsa *h, struct outcome *o)
{
    uint16_t major = 0, minor = 0;
    h->library = driver_open("libhsa-runtime64.so.1", "ROCm's HSA runtime", o);
    if (!h->library) return o->status;
    vyre_status status = find_calls(h, o);
    if (status) return status;
    hsa_status_t e = h->call.Init();
    if (e == HSA_STATUS_ERROR_OUT_OF_RESOURCES)
        return outcome_fail(o, VYRE_ERROR_NO_DEVICE,
                            "there is no AMD device, or /dev/kfd may not be opened by this user");
    if (e) return hsa_fail(c, o, e, "hsa_init");
    h->is_open = true;
    e = h->call.SystemGetInfo(HSA_SYSTEM_INFO_VERSION_MAJOR, &major);
    if (!e) e = h->call.SystemGetInfo(HSA_SYSTEM_INFO_VERSION_MINOR, &minor);
    if (!e) e = h->call.SystemGetInfo(HSA_SYSTEM_INFO_TIMESTAMP_FREQUENCY, &h->ticks_per_second);
    if (e) return hsa_fail(c, o, e, "hsa_system_get_info");
    if (major < 1 || (major == 1 && minor < 1))
        return outcome_fail(o, VYRE_ERROR_DRIVER_TOO_OLD,
                            "the HSA runtime is %u.%u, and 1.1 is needed: install a newer ROCm", major, minor);
    if (h->ticks_per_second) return VYRE_OK;
    return outcome_fail(o, VYRE_ERROR_NO_DEVICE, "the HSA runtime's clock has no frequency");
}

/* -- agents ------------------------------------------------------------------------------------ */

struct agents {
    struct hsa *h;
    hsa_agent_t gpus[MAX_AGENTS], host;
    uint32_t n_gpus;
    bool has_host;
};

static hsa_status_t note_agent(hsa_agent_t agent, void *ctx)
{
    struct agents *a = ctx;
    int type = -1;
    hsa_status_t e = a->h->call.AgentGetInfo(agent, HSA_AGENT_INFO_DEVICE, &type);
    if (e) return e;
    if (type == HSA_DEVICE_TYPE_GPU && a->n_gpus < MAX_AGENTS) a->gpus[a->n_gpus++] = agent;
    if (type == HSA_DEVICE_TYPE_CPU && !a->has_host) {
        a->host = agent;
        a->has_host = true;
    }
    return HSA_STATUS_SUCCESS;
}

/* "amdgcn-amd-amdhsa--gfx90a:sramecc+:xnack-" is code for "gfx90a": ours works with all settings of the features. */
static hsa_status_t note_isa(hsa_isa_t isa, void *ctx)
{
    struct hsa *h = ctx;
    char name[256] = "";
    uint32_t n = 0;
    hsa_status_t e = h->call.IsaGetInfo(isa, HSA_ISA_INFO_NAME_LENGTH, &n);
    if (!e && n < sizeof name) e = h->call.IsaGetInfo(isa, HSA_ISA_INFO_NAME, name);
    if (e || n >= sizeof name) return e;
    const char *processor = strstr(name, "--");
    if (!processor || h->n_processors == HSA_MAX_ISAS) return HSA_STATUS_SUCCESS;
    processor += 2;
    snprintf(h->processors[h->n_processors++], HSA_NAME_BYTES, "%.*s", (int)strcspn(processor, ":"), processor);
    return HSA_STATUS_SUCCESS;
}

struct facts {
    char product[HSA_NAME_BYTES];
    uint16_t max_workgroup[3];
    uint32_t max_invocations, max_packets;
};

static vyre_status ask_agent(vyre_context *c, hsa_agent_t agent, struct facts *f, struct outcome *o)
{
    struct hsa *h = hsa_of(c);
    char product[2 * HSA_NAME_BYTES] = "";
    memset(f, 0, sizeof *f);
    h->n_processors = 0;
    hsa_status_t e = h->call.AgentIterateIsas(agent, note_isa, h);
    if (e && e != HSA_STATUS_INFO_BREAK) return hsa_fail(c, o, e, "hsa_agent_iterate_isas");
    e = h->call.AgentGetInfo(agent, HSA_AMD_AGENT_INFO_PRODUCT_NAME, product);
    if (!e) e = h->call.AgentGetInfo(agent, HSA_AGENT_INFO_WORKGROUP_MAX_DIM, f->max_workgroup);
    if (!e) e = h->call.AgentGetInfo(agent, HSA_AGENT_INFO_WORKGROUP_MAX_SIZE, &f->max_invocations);
    if (!e) e = h->call.AgentGetInfo(agent, HSA_AGENT_INFO_QUEUE_MAX_SIZE, &f->max_packets);
    product[sizeof product - 1] = 0;
    snprintf(f->product, sizeof f->product, "%.*s (%.20s)", HSA_NAME_BYTES - 25, *product ? product : "AMD device",
             h->n_processors ? h->processors[0] : "?");
    return e ? hsa_fail(c, o, e, "hsa_agent_get_info") : VYRE_OK;
}

static vyre_status check_facts(const struct hsa *h, const struct facts *f, struct outcome *o)
{
    bool is_sane = f->max_invocations && f->max_packets && !(f->max_packets & (f->max_packets - 1));
    for (int i = 0; i < 3; i++)
        is_sane = is_sane && f->max_workgroup[i];
    if (!h->n_processors)
        return outcome_fail(o, VYRE_ERROR_NO_DEVICE, "%s runs no code that the runtime names", f->product);
    if (is_sane) return VYRE_OK;
    return outcome_fail(o, VYRE_ERROR_NO_DEVICE, "the HSA runtime gives limits of %s that make no sense", f->product);
}

static bool is_wanted(const char *wanted, uint32_t number, const char *name)
{
    char text[16];
    snprintf(text, sizeof text, "#%u", number);
    return !wanted || !strcmp(wanted, text) || (*wanted != '#' && strcasestr(name, wanted));
}

/* The caller's agent, or the first that is wanted and can be used. */
static vyre_status choose_agent(vyre_context *c, const struct settings *s, struct facts *f, struct outcome *o)
{
    struct hsa *h = hsa_of(c);
    struct agents a = {.h = h};
    uint64_t callers = s->native->hsa_agent;
    const char *wanted = callers ? NULL : s->device;
    hsa_status_t e = h->call.IterateAgents(note_agent, &a);
    if (e && e != HSA_STATUS_INFO_BREAK) return hsa_fail(c, o, e, "hsa_iterate_agents");
    if (!a.has_host) return outcome_fail(o, VYRE_ERROR_NO_DEVICE, "the HSA runtime has no agent for the host");
    h->host = a.host;
    outcome_fail(o, VYRE_ERROR_NO_DEVICE, a.n_gpus ? "no AMD device is called '%s'" : "there is no AMD device",
                 wanted    ? wanted
                 : callers ? "what vyre_native.hsa_agent says"
                           : "");
    for (uint32_t i = 0; i < a.n_gpus; i++) {
        if (callers && a.gpus[i].handle != callers) continue;
        vyre_status status = ask_agent(c, a.gpus[i], f, o);
        if (status) return status;
        h->agent = a.gpus[i];
        if (is_wanted(wanted, i, f->product) && !check_facts(h, f, o)) return o->status = VYRE_OK;
    }
    return o->status;
}

/* -- memory pools ------------------------------------------------------------------------------ */

struct pools {
    struct hsa *h;
    hsa_amd_memory_pool_t coarse, fine, kernarg;
    bool has_coarse, has_fine, has_kernarg;
    size_t group_bytes;
};

static hsa_status_t note_global(struct pools *p, hsa_amd_memory_pool_t pool)
{
    uint32_t flags = 0;
    bool may_allocate = false;
    hsa_status_t e = p->h->call.PoolGetInfo(pool, HSA_AMD_MEMORY_POOL_INFO_GLOBAL_FLAGS, &flags);
    if (!e) e = p->h->call.PoolGetInfo(pool, HSA_AMD_MEMORY_POOL_INFO_RUNTIME_ALLOC_ALLOWED, &may_allocate);
    if (e || !may_allocate) return e;
    if (flags & HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_COARSE_GRAINED && !p->has_coarse)
        p->coarse = pool, p->has_coarse = true;
    if (flags & HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_KERNARG_INIT && !p->has_kernarg)
        p->kernarg = pool, p->has_kernarg = true;
    if (flags & HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_FINE_GRAINED && !p->has_fine) p->fine = pool, p->has_fine = true;
    return HSA_STATUS_SUCCESS;
}

static hsa_status_t note_pool(hsa_amd_memory_pool_t pool, void *ctx)
{
    struct pools *p = ctx;
    int segment = -1;
    hsa_status_t e = p->h->call.PoolGetInfo(pool, HSA_AMD_MEMORY_POOL_INFO_SEGMENT, &segment);
    if (e) return e;
    if (segment == HSA_AMD_SEGMENT_GROUP)
        return p->h->call.PoolGetInfo(pool, HSA_AMD_MEMORY_POOL_INFO_SIZE, &p->group_bytes);
    return segment == HSA_AMD_SEGMENT_GLOBAL ? note_global(p, pool) : HSA_STATUS_SUCCESS;
}

static vyre_status find_pools(vyre_context *c, const struct facts *f, struct outcome *o)
{
    struct hsa *h = hsa_of(c);
    struct pools own = {.h = h}, hosts = {.h = h};
    hsa_status_t e = h->call.IteratePools(h->agent, note_pool, &own);
    if (!e || e == HSA_STATUS_INFO_BREAK) e = h->call.IteratePools(h->host, note_pool, &hosts);
    if (e && e != HSA_STATUS_INFO_BREAK) return hsa_fail(c, o, e, "hsa_amd_agent_iterate_memory_pools");
    if ((!own.has_coarse && !own.has_fine) || !hosts.has_fine || !hosts.has_kernarg)
        return outcome_fail(o, VYRE_ERROR_NO_DEVICE, "%s has no memory of its own, or the host has none for it",
                            f->product);
    h->local = own.has_coarse ? own.coarse : own.fine;
    h->pinned = hosts.fine;
    h->kernarg = hosts.kernarg;
    h->device.workgroup_bytes = own.group_bytes;
    return VYRE_OK;
}

/* -- images ------------------------------------------------------------------------------------ */

static const struct {
    const char *family, *processor;
} generic_rows[] = {
#define HSA_GENERIC(family, processor) {family, processor},
#include "runtime-stub/hsa.def"
};

static bool is_generic_of(const char *family, const char *processor)
{
    for (size_t i = 0; i < sizeof generic_rows / sizeof *generic_rows; i++)
        if (!strcmp(generic_rows[i].family, family) && !strcmp(generic_rows[i].processor, processor)) return true;
    return false;
}

/* Code for exactly this processor, then what the runtime says that it runs, then that of the family. */
static uint32_t rank_image(const vyre_context *c, uint32_t wanted, uint32_t kind, const char *arch)
{
    (void)wanted;
    const struct hsa *h = hsa_of(c);
    if (kind != VYRE_IMAGE_AMDGCN) return 0;
    for (uint32_t i = 0; i < h->n_processors; i++)
        if (!strcmp(h->processors[i], arch)) return HSA_MAX_ISAS + 1 - i;
    return is_generic_of(arch, h->processors[0]);
}

/* -- opening and closing ----------------------------------------------------------------------- */

static vyre_status enter(vyre_context *c, struct outcome *o)
{
    (void)c, (void)o;
    return VYRE_OK;
}

static void leave(vyre_context *c)
{
    (void)c;
}

/* What the runtime does not know is found out when it is used. */
static vyre_status adopt(vyre_context *c, uint64_t address, struct outcome *o)
{
    (void)c, (void)address, (void)o;
    return VYRE_OK;
}

/* A dispatch that is timed has signals of its own. */
static vyre_status mark_time(vyre_context *c, struct device_queue *q, enum device_time when, struct outcome *o)
{
    (void)c, (void)q, (void)when, (void)o;
    return VYRE_OK;
}

static const struct device_driver hsa_driver = {.rank = rank_image,
                                                .enter = enter,
                                                .leave = leave,
                                                .allocate = hsa_allocate,
                                                .release = hsa_release,
                                                .adopt = adopt,
                                                .load = hsa_load,
                                                .unload = hsa_unload,
                                                .queue_create = hsa_queue_open,
                                                .queue_destroy = hsa_queue_close,
                                                .copy = hsa_copy,
                                                .fill = hsa_fill,
                                                .launch = hsa_launch,
                                                .mark = hsa_mark,
                                                .wait = hsa_wait,
                                                .time = mark_time,
                                                .finish = hsa_finish};

/* A grid is counted in invocations, of 32 bits (2.6.2.1). */
static void set_limits(vyre_context *c, const struct facts *f)
{
    struct hsa *h = hsa_of(c);
    for (int i = 0; i < 3; i++) {
        h->device.max_workgroup[i] = f->max_workgroup[i];
        h->device.max_groups[i] = UINT32_MAX;
    }
    h->device.max_invocations = f->max_invocations;
    h->device.max_grid = UINT32_MAX;
    h->queue_packets = f->max_packets < MAX_QUEUE_PACKETS ? f->max_packets : MAX_QUEUE_PACKETS;
    snprintf(h->device.level, sizeof h->device.level, "amdgcn:%.50s", h->processors[0]);
    snprintf(c->device, sizeof c->device, "%s", f->product);
}

/* Others may write to it at the same time, unless there is a lock. */
static vyre_status use_callers_queue(struct hsa *h, const struct settings *s, struct outcome *o)
{
    h->callers = s->native->hsa_queue;
    h->device.has_callers_queue = h->callers != NULL;
    h->queue_lock = s->queue_lock;
    h->queue_lock_ctx = s->queue_lock_ctx;
    if (!h->callers) return VYRE_OK;
    if (!s->native->hsa_agent)
        return outcome_fail(o, VYRE_ERROR_INVALID_ARGUMENT, "vyre_native: hsa_queue needs its hsa_agent");
    if (h->callers->type == HSA_QUEUE_TYPE_MULTI || h->queue_lock) return VYRE_OK;
    return outcome_fail(
        o, VYRE_ERROR_INVALID_ARGUMENT,
        "vyre_native: hsa_queue takes packets of one thread only: give vyre_options.queue_lock, or a queue "
        "of type MULTI");
}

static void close_driver(vyre_context *c)
{
    struct hsa *h = hsa_of(c);
    if (h->is_open) h->call.ShutDown();
    if (h->library) dlclose(h->library);
    memory_put(&c->allocator, h, sizeof *h, _Alignof(struct hsa));
    c->gpu = NULL;
}

static void close_hsa(vyre_context *c)
{
    device_close(c);
    close_driver(c);
}

static vyre_status open_hsa(vyre_context *c, const struct settings *s, struct outcome *o)
{
    struct facts facts;
    struct hsa *h = memory_get(&c->allocator, sizeof *h, _Alignof(struct hsa));
    if (!h) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory for the HSA backend");
    memset(h, 0, sizeof *h);
    h->device.driver = &hsa_driver;
    c->gpu = &h->device;
    vyre_status status = use_callers_queue(h, s, o);
    if (!status) status = open_library(c, h, o);
    if (!status) status = choose_agent(c, s, &facts, o);
    if (!status) status = find_pools(c, &facts, o);
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
    if (kind == VYRE_NATIVE_HSA_POINTER) return device_buffer_wrap(b, handle + offset_bytes, o);
    return outcome_fail(o, VYRE_ERROR_UNSUPPORTED,
                        "vyre_buffer_wrap_native: kind %d is of another backend than this context's, which is hsa",
                        (int)kind);
}

const struct backend hsa_backend = {.name = "hsa",
                                    .id = VYRE_BACKEND_HSA,
                                    .open = open_hsa,
                                    .close = close_hsa,
                                    .level = level_name,
                                    .load = device_load,
                                    .unload = device_unload,
                                    .run = device_run,
                                    .buffer_create = device_buffer_create,
                                    .buffer_destroy = device_buffer_destroy,
                                    .buffer_copy = device_buffer_copy,
                                    .buffer_wrap = wrap,
                                    .max_width = device_max_width};
