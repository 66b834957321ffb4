/* device_program.c - a program's image for CUDA or HSA: checked, loaded on first use, and kept with the module. */
#include <string.h>

#include "runtime-stub/device.h"

/* -- the image: everything in it is checked before it is believed ------------------------------ */

static bool fits(uint64_t offset, uint64_t n, uint64_t elem_bytes, uint64_t total)
{
    return offset <= total && n <= (total - offset) / elem_bytes;
}

/* Bytes of the arguments before the params (vyre_device.h). */
static uint64_t fixed_bytes(const struct vyre_device_head *h)
{
    return 8 * ((uint64_t)h->n_buffers + h->n_tables + 1) + 24 + 4 * (uint64_t)h->n_buffers;
}

static bool check_head(const struct vyre_device_head *h, uint64_t n_bytes, const struct vyre_meta_unit *u)
{
    if (n_bytes < sizeof *h || h->head_bytes < sizeof *h || h->head_bytes % 4) return false;
    if (!fits(h->head_bytes, (uint64_t)h->n_tables + h->n_params, 4, n_bytes)) return false;
    if (!fits(h->code_offset, h->code_bytes, 1, n_bytes) || !h->code_bytes || h->code_offset % 16) return false;
    if (h->n_buffers != u->n_buffers || h->n_params != u->n_params || h->args_bytes % 8) return false;
    return fits(fixed_bytes(h), 0, 1, h->args_bytes);
}

static bool check_lists(const struct device_program *p, const struct vyre_unit *u)
{
    const struct vyre_device_head *h = p->head;
    const struct vyre_meta_param *params = u->module->meta.params + u->meta->first_param;
    for (uint32_t i = 0; i < h->n_tables; i++)
        if (p->tables[i] >= ((const struct device_module *)u->module->device)->n_tables) return false;
    for (uint32_t i = 0; i < h->n_params; i++) {
        uint32_t size = params[i].bytes <= 4 ? 4 : 8;
        if (p->params[i] % size || p->params[i] < fixed_bytes(h) || !fits(p->params[i], 1, size, h->args_bytes))
            return false;
    }
    return true;
}

/* PTX and names are read up to their NUL, which must be there. */
static bool open_image(const unsigned char *bytes, uint64_t n_bytes, const struct vyre_unit *u,
                       struct device_program *p)
{
    const struct vyre_device_head *h = (const struct vyre_device_head *)bytes;
    if (!check_head(h, n_bytes, u->meta)) return false;
    *p = (struct device_program){
        .head = h, .tables = (const uint32_t *)(bytes + h->head_bytes), .code = bytes + h->code_offset};
    p->params = p->tables + h->n_tables;
    p->kernel = (const char *)bytes + h->kernel_offset;
    if (h->kernel_offset >= n_bytes || !memchr(p->kernel, 0, n_bytes - h->kernel_offset)) return false;
    return check_lists(p, u);
}

static vyre_status check_device(const vyre_context *c, const struct vyre_unit *u, const struct vyre_device_head *h,
                                struct outcome *o)
{
    const struct device *d = c->gpu;
    const uint32_t *size = u->meta->workgroup, *max = d->max_workgroup;
    if (size[0] > max[0] || size[1] > max[1] || size[2] > max[2] ||
        (uint64_t)size[0] * size[1] * size[2] > d->max_invocations)
        return outcome_fail(o, VYRE_ERROR_UNSUPPORTED,
                            "%s: a workgroup of %u x %u x %u is too large for %s: at most %u invocations", unit_name(u),
                            size[0], size[1], size[2], c->device, d->max_invocations);
    if (h->workgroup_bytes > d->workgroup_bytes)
        return outcome_fail(o, VYRE_ERROR_UNSUPPORTED, "%s: needs %u bytes of workgroup memory, and %s has %llu",
                            unit_name(u), h->workgroup_bytes, c->device, (unsigned long long)d->workgroup_bytes);
    return VYRE_OK;
}

/* -- on first use ------------------------------------------------------------------------------ */

static vyre_status make(vyre_context *c, const struct vyre_unit *u, struct device_program *p, struct outcome *o)
{
    uint64_t n_bytes = 0;
    struct device_program made;
    const unsigned char *bytes = module_image(u->module, c->gpu->driver->rank, 0, unit_name(u), &n_bytes, o);
    if (!bytes) return o->status;
    if (!open_image(bytes, n_bytes, u, &made))
        return outcome_fail(o, VYRE_ERROR_BAD_MODULE, "%s: its image for %s is damaged: compile the object again",
                            unit_name(u), c->device);
    vyre_status status = check_device(c, u, made.head, o);
    if (!status) status = c->gpu->driver->load(c, u, &made, o);
    if (status)
        c->gpu->driver->unload(c, &made);
    else
        *p = made;
    return status;
}

const struct device_program *device_program_get(vyre_context *c, const struct vyre_unit *u, struct outcome *o)
{
    struct device_program *p = &((struct device_module *)u->module->device)->programs[u->index];
    vyre_status status = VYRE_OK;
    pthread_mutex_lock(&c->gpu->loading);
    if (!p->head) status = make(c, u, p, o);
    pthread_mutex_unlock(&c->gpu->loading);
    return status ? NULL : p;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

uint32_t device_max_width(vyre_context *c, const struct vyre_unit *u)
{
    struct outcome ignored;
    const struct device *d = c->gpu;
    if (d->driver->enter(c, &ignored)) return 0;
    const struct device_program *p = device_program_get(c, u, &ignored);
    d->driver->leave(c);
    if (!p || !(p->head->flags & VYRE_DEVICE_FREE_WIDTH)) return 0;
    uint32_t most = least(p->head->max_width, least(d->max_workgroup[0], d->max_invocations));
    return p->max_invocations ? least(most, p->max_invocations) : most;
}

static vyre_status upload_table(vyre_context *c, struct device_memory *m, const void *bytes, uint64_t n_bytes,
                                struct outcome *o)
{
    struct device_job *job;
    vyre_status status = device_job_take(c, false, &job, o);
    if (status) return status;
    status = device_end(c, job, NULL, device_upload(c, job, m->address, bytes, n_bytes, o), o);
    device_job_give(c, job, status != VYRE_OK);
    return status;
}

uint64_t device_table_get(vyre_context *c, struct module *m, uint32_t number, struct outcome *o)
{
    struct device_memory *table = &((struct device_module *)m->device)->tables[number];
    vyre_status status = VYRE_OK;
    pthread_mutex_lock(&c->gpu->loading);
    if (!table->address) {
        uint64_t n_bytes = 0;
        const void *bytes = module_table(m, number, &n_bytes);
        status = c->gpu->driver->allocate(c, DEVICE_LOCAL, device_round(n_bytes + 1), table, o);
        if (!status) status = upload_table(c, table, bytes, n_bytes, o);
        if (status) c->gpu->driver->release(c, table);
    }
    uint64_t address = table->address;
    pthread_mutex_unlock(&c->gpu->loading);
    return status ? 0 : address;
}

/* -- modules ----------------------------------------------------------------------------------- */

static size_t module_bytes(uint32_t n_programs, uint32_t n_tables)
{
    return sizeof(struct device_module) + n_programs * sizeof(struct device_program) +
           n_tables * sizeof(struct device_memory);
}

bool device_load(struct module *m)
{
    uint32_t n_tables = 0, n_programs = m->meta.head->n_programs;
    uint64_t n_bytes;
    while (module_table(m, n_tables, &n_bytes))
        n_tables++;
    struct device_module *d = memory_get(&m->context->allocator, module_bytes(n_programs, n_tables), 16);
    if (!d) return false;
    memset(d, 0, module_bytes(n_programs, n_tables));
    d->programs = (struct device_program *)(d + 1);
    d->tables = (struct device_memory *)(d->programs + n_programs);
    d->n_tables = n_tables;
    m->device = d;
    return true;
}

void device_unload(struct module *m)
{
    vyre_context *c = m->context;
    struct device_module *d = m->device;
    struct outcome ignored;
    uint32_t n_programs = m->meta.head->n_programs;
    bool entered = !c->gpu->driver->enter(c, &ignored);
    for (uint32_t i = 0; i < n_programs; i++)
        c->gpu->driver->unload(c, &d->programs[i]);
    for (uint32_t i = 0; i < d->n_tables; i++)
        c->gpu->driver->release(c, &d->tables[i]);
    if (entered) c->gpu->driver->leave(c);
    memory_put(&c->allocator, d, module_bytes(n_programs, d->n_tables), 16);
}
