/* hsa_memory.c - memory of an AMD device's pools and of the host's, and code objects. */
#include <string.h>

#include "runtime-stub/hsa.h"

/* -- memory ------------------------------------------------------------------------------------ */

/* The device may use memory of the host's pools only when told so. */
static vyre_status allocate(vyre_context *c, hsa_amd_memory_pool_t pool, bool is_hosts, uint64_t n_bytes,
                            struct device_memory *m, struct outcome *o)
{
    struct hsa *h = hsa_of(c);
    void *memory = NULL;
    hsa_status_t e = h->call.PoolAllocate(pool, n_bytes, 0, &memory);
    if (e) return hsa_fail(c, o, e, "hsa_amd_memory_pool_allocate");
    if (!memory)
        return outcome_fail(o, VYRE_ERROR_DEVICE_MEMORY,
                            "hsa_amd_memory_pool_allocate: the runtime says that it has memory, and gives none");
    if (is_hosts) e = h->call.AllowAccess(1, &h->agent, NULL, memory);
    if (e) {
        h->call.PoolFree(memory);
        return hsa_fail(c, o, e, "hsa_amd_agents_allow_access");
    }
    *m = (struct device_memory){
        .address = (uint64_t)(uintptr_t)memory, .mapped = is_hosts ? memory : NULL, .n_bytes = n_bytes};
    return VYRE_OK;
}

vyre_status hsa_allocate(vyre_context *c, enum device_place place, uint64_t n_bytes, struct device_memory *m,
                         struct outcome *o)
{
    const struct hsa *h = hsa_of(c);
    return allocate(c, place == DEVICE_LOCAL ? h->local : h->pinned, place == DEVICE_PINNED, n_bytes, m, o);
}

vyre_status hsa_allocate_kernarg(vyre_context *c, uint64_t n_bytes, struct device_memory *m, struct outcome *o)
{
    return allocate(c, hsa_of(c)->kernarg, true, n_bytes, m, o);
}

void hsa_release(vyre_context *c, struct device_memory *m)
{
    if (m->address) hsa_of(c)->call.PoolFree((void *)(uintptr_t)m->address);
    *m = (struct device_memory){0};
}

/* -- code -------------------------------------------------------------------------------------- */

static vyre_status refuse(vyre_context *c, const struct vyre_unit *u, hsa_status_t e, const char *call,
                          struct outcome *o)
{
    struct outcome why;
    vyre_status status = hsa_fail(c, &why, e, call);
    if (status == VYRE_ERROR_SYSTEM) status = VYRE_ERROR_IMAGE_REFUSED;
    return outcome_fail(o, status, "'%s' on %s: %.600s", unit_name(u), c->device, why.message);
}

/* The executable keeps its own copy: the reader is not needed afterwards (2.7.4). */
static hsa_status_t load_code(struct hsa *h, const struct device_program *p, hsa_executable_t executable)
{
    hsa_code_object_reader_t reader = {0};
    hsa_status_t e = h->call.ReaderCreate(p->code, p->head->code_bytes, &reader);
    if (e) return e;
    e = h->call.ExecutableLoad(executable, h->agent, reader, NULL, NULL);
    if (!e) e = h->call.ExecutableFreeze(executable, NULL);
    h->call.ReaderDestroy(reader);
    return e;
}

/* The kernel's descriptor is a symbol of its own: "name.kd". */
static vyre_status find_kernel(vyre_context *c, const struct vyre_unit *u, hsa_executable_t executable,
                               struct device_program *p, struct outcome *o)
{
    struct hsa *h = hsa_of(c);
    hsa_executable_symbol_t symbol = {0};
    size_t n = strlen(p->kernel), n_bytes = n + sizeof ".kd";
    uint32_t kernarg_bytes = 0;
    char *name = memory_get(&c->allocator, n_bytes, 1);
    if (!name) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory to load '%s'", unit_name(u));
    memcpy(name, p->kernel, n);
    memcpy(name + n, ".kd", sizeof ".kd");
    hsa_status_t e = h->call.ExecutableSymbol(executable, name, &h->agent, &symbol);
    memory_put(&c->allocator, name, n_bytes, 1);
    if (e) return refuse(c, u, e, "hsa_executable_get_symbol_by_name", o);
    e = h->call.SymbolGetInfo(symbol, HSA_EXECUTABLE_SYMBOL_INFO_KERNEL_OBJECT, &p->function);
    if (!e) e = h->call.SymbolGetInfo(symbol, HSA_EXECUTABLE_SYMBOL_INFO_GROUP_BYTES, &p->group_bytes);
    if (!e) e = h->call.SymbolGetInfo(symbol, HSA_EXECUTABLE_SYMBOL_INFO_PRIVATE_BYTES, &p->private_bytes);
    if (!e) e = h->call.SymbolGetInfo(symbol, HSA_EXECUTABLE_SYMBOL_INFO_KERNARG_BYTES, &kernarg_bytes);
    if (e) return refuse(c, u, e, "hsa_executable_symbol_get_info", o);
    if (p->function && kernarg_bytes <= p->head->args_bytes) return VYRE_OK;
    return outcome_fail(o, VYRE_ERROR_IMAGE_REFUSED,
                        "'%s' on %s: its code has no kernel, or wants %u bytes of arguments instead of %u",
                        unit_name(u), c->device, kernarg_bytes, p->head->args_bytes);
}

vyre_status hsa_load(vyre_context *c, const struct vyre_unit *u, struct device_program *p, struct outcome *o)
{
    struct hsa *h = hsa_of(c);
    hsa_executable_t executable = {0};
    hsa_status_t e =
        h->call.ExecutableCreate(HSA_PROFILE_FULL, HSA_DEFAULT_FLOAT_ROUNDING_MODE_DEFAULT, NULL, &executable);
    if (e) return refuse(c, u, e, "hsa_executable_create_alt", o);
    p->loaded = (void *)(uintptr_t)executable.handle;
    e = load_code(h, p, executable);
    if (e) return refuse(c, u, e, "hsa_executable_load_agent_code_object", o);
    return find_kernel(c, u, executable, p, o);
}

void hsa_unload(vyre_context *c, struct device_program *p)
{
    if (p->loaded) hsa_of(c)->call.ExecutableDestroy((hsa_executable_t){(uint64_t)(uintptr_t)p->loaded});
    p->loaded = NULL;
}
