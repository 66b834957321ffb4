/* unit.c - tells what a linked object's programs and pipelines are, for tools that drive any object. */
#include <string.h>

#include "runtime-stub/runtime.h"

/* Copies a description as far as the caller's struct, whose first field is its size, goes. */
static vyre_status give(const struct vyre_unit *u, void *to, void *description, size_t n_bytes)
{
    size_t room;
    if (!to) return context_fail(u->module->context, VYRE_ERROR_INVALID_ARGUMENT, "no place for the description");
    memcpy(&room, to, sizeof room);
    if (room < sizeof room)
        return context_fail(u->module->context, VYRE_ERROR_INVALID_ARGUMENT, "set the description's size field first");
    memcpy(description, &room, sizeof room);
    if (room > n_bytes) memset((char *)to + n_bytes, 0, room - n_bytes);
    memcpy(to, description, room < n_bytes ? room : n_bytes);
    return VYRE_OK;
}

static vyre_status refuse_index(const struct vyre_unit *u, const char *what, uint32_t i, uint32_t n)
{
    return context_fail(u->module->context, VYRE_ERROR_INVALID_ARGUMENT, "%s has %u %ss, and number %u was asked for",
                        unit_name(u), n, what, i);
}

vyre_status vyre_unit_sibling(const vyre_unit *unit, uint32_t i, const vyre_unit **other)
{
    if (!unit || !other) return VYRE_ERROR_INVALID_ARGUMENT;
    *other = i < unit->module->meta.head->units.n ? &unit->module->units[i] : NULL;
    return VYRE_OK;
}

vyre_status vyre_unit_get_info(const vyre_unit *unit, vyre_unit_info *info)
{
    if (!unit) return VYRE_ERROR_INVALID_ARGUMENT;
    const struct vyre_meta_unit *m = unit->meta;
    vyre_unit_info description = {.name = unit_string(unit, m->name),
                                  .symbol = unit_string(unit, m->symbol),
                                  .is_pipeline = unit->index >= unit->module->meta.head->n_programs,
                                  .n_buffers = m->n_buffers,
                                  .n_params = m->n_params,
                                  .workgroup = {m->workgroup[0], m->workgroup[1], m->workgroup[2]},
                                  .args_bytes = m->args_bytes,
                                  .budget_bytes = m->budget_bytes};
    return give(unit, info, &description, sizeof description);
}

vyre_status vyre_unit_buffer(const vyre_unit *unit, uint32_t i, vyre_buffer_arg *arg)
{
    if (!unit) return VYRE_ERROR_INVALID_ARGUMENT;
    if (i >= unit->meta->n_buffers) return refuse_index(unit, "buffer", i, unit->meta->n_buffers);
    const struct vyre_meta_buffer *b = &unit->module->meta.buffers[unit->meta->first_buffer + i];
    vyre_buffer_arg description = {.name = unit_string(unit, b->name),
                                   .type = (vyre_type)b->type,
                                   .lanes = b->lanes,
                                   .access = (vyre_access)b->access,
                                   .elem_bytes = b->elem_bytes,
                                   .align_bytes = b->align_bytes,
                                   .is_sized = (b->flags & VYRE_META_SIZED) != 0,
                                   .min_count = b->count,
                                   .arg_offset = b->arg_offset,
                                   .is_streaming = (b->flags & VYRE_META_STREAMING) != 0};
    return give(unit, arg, &description, sizeof description);
}

vyre_status vyre_unit_param(const vyre_unit *unit, uint32_t i, vyre_param_arg *arg)
{
    if (!unit) return VYRE_ERROR_INVALID_ARGUMENT;
    if (i >= unit->meta->n_params) return refuse_index(unit, "param", i, unit->meta->n_params);
    const struct vyre_meta_param *p = &unit->module->meta.params[unit->meta->first_param + i];
    vyre_param_arg description = {.name = unit_string(unit, p->name),
                                  .type = (vyre_type)p->type,
                                  .param_bytes = p->bytes,
                                  .arg_offset = p->arg_offset};
    return give(unit, arg, &description, sizeof description);
}
