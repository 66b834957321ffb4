/* image.c - a program's SPIR-V as an image of the container: struct vyre_spirv_head, its lists, the module. */
#include "codegen/spirv/spirv.h"
#include "runtime-stub/vyre_container.h"

static uint32_t number_of(const struct ir_module *m, const struct ir_data *data)
{
    for (uint32_t i = 0; i < m->data.n; i++)
        if (m->data.at[i] == data) return i;
    bug("'%s' is no data of its module", data->buffer.name);
}

static uint32_t flags_of(const struct spirv_interface *face)
{
    return (face->uses_int64 ? VYRE_SPIRV_INT64 : 0) | (face->uses_float64 ? VYRE_SPIRV_FLOAT64 : 0) |
           (face->uses_int64_atomics ? VYRE_SPIRV_INT64_ATOMICS : 0) | (face->uses_float32 ? VYRE_SPIRV_FLOAT32 : 0) |
           (face->uses_small_storage ? VYRE_SPIRV_SMALL_STORAGE : 0) |
           (face->has_free_width ? VYRE_SPIRV_FREE_WIDTH : 0) | (face->has_addresses ? VYRE_SPIRV_ADDRESSES : 0) |
           (face->has_subgroups ? VYRE_SPIRV_NATIVE_SUBGROUPS : 0) |
           (face->counts_rounds ? VYRE_SPIRV_COUNTS_ROUNDS : 0);
}

static void write_lists(const struct ir_program *p, const struct spirv_interface *face, struct out *out)
{
    for (uint32_t i = 0; i < p->buffers.n; i++)
        out_u32(out, face->buffers[i]);
    for (uint32_t i = 0; i < face->tables.n; i++) {
        out_u32(out, number_of(p->module, face->tables.at[i]));
        out_u32(out, face->data[i]);
    }
    for (uint32_t i = 0; i < p->params.n; i++)
        out_u32(out, face->params[i]);
    for (uint32_t i = 0; i < face->trap_codes.n; i++)
        out_u32(out, face->trap_codes.at[i].code);
    for (uint32_t i = 0; i < face->trap_codes.n; i++)
        out_u32(out, face->trap_codes.at[i].arm);
}

void spirv_write_image(const struct ir_program *p, const struct spirv_options *options, struct arena *scratch,
                       struct out *out)
{
    _Static_assert((uint32_t)VYRE_SPIRV_NONE == (uint32_t)SPIRV_NONE, "both mean no binding");
    struct spirv_interface face;
    struct out module;
    out_init(&module, out->mem);
    struct spirv_options mine = *options;
    mine.leaves_width = true; /* readers of other forms would have to give it */
    spirv_emit_program(p, &mine, scratch, &module, &face);
    uint32_t n_words = p->buffers.n + face.tables.n * 2 + p->params.n + face.trap_codes.n * 2;
    struct vyre_spirv_head head = {.head_bytes = sizeof head,
                                   .module_offset = (uint32_t)sizeof head + n_words * 4,
                                   .module_bytes = (uint32_t)module.n,
                                   .flags = flags_of(&face),
                                   .n_buffers = p->buffers.n,
                                   .n_tables = face.tables.n,
                                   .n_params = p->params.n,
                                   .trap_binding = face.trap,
                                   .args_binding = face.args,
                                   .args_bytes = face.args_bytes,
                                   .workgroup_bytes = face.workgroup_bytes,
                                   .n_trap_codes = face.trap_codes.n};
    out_bytes(out, &head, sizeof head);
    write_lists(p, &face, out);
    out_bytes(out, module.bytes, module.n);
    out_release(&module);
}
