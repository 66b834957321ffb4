/* form.c - a program's SPIR-V in the form that was asked for: its words, assembly text, another shading language, or the list of its bindings. */
#include "codegen/disassemble.h"
#include "codegen/spirv/cross.h"
#include "codegen/spirv/tools.h"
#include "ir/base/json.h"
#include "ir/ops.h"

/* HLSL has no narrow elements in buffers: they are parts of words; and no packed arrays among its constants, so that the arguments of a
 * launch are a buffer. */
static const bool has_narrow_storage[SPIRV_FORM_COUNT] = {[SPIRV_FORM_BINARY] = true, [SPIRV_FORM_TEXT] = true,
                                                          [SPIRV_FORM_GLSL] = true,   [SPIRV_FORM_HLSL] = false,
                                                          [SPIRV_FORM_MSL] = true,    [SPIRV_FORM_BINDINGS] = true};

/* One more than the greatest binding. */
static uint32_t count_bindings(const struct ir_program *p, const struct spirv_interface *face)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->buffers.n; i++)
        n = face->buffers[i] >= n ? face->buffers[i] + 1 : n;
    for (uint32_t i = 0; i < face->tables.n; i++)
        n = face->data[i] >= n ? face->data[i] + 1 : n;
    if (face->trap != SPIRV_NONE && face->trap >= n) n = face->trap + 1;
    if (face->args != SPIRV_NONE && face->args >= n) n = face->args + 1;
    return n;
}

/* -- bindings -------------------------------------------------------------------------------------------- */

static void write_binding(struct json *j, const char *name, const char *holds, uint32_t binding, bool read_only)
{
    json_open(j, NULL, "{");
    json_string(j, "name", name);
    json_string(j, "holds", holds);
    json_number(j, "set", 0);
    json_number(j, "binding", binding);
    json_number(j, "metal_buffer", binding);
    json_flag(j, "read_only", read_only);
    json_close(j, "}");
}

static void write_bindings(struct json *j, const struct ir_program *p, const struct spirv_interface *face)
{
    json_open(j, "bindings", "[");
    for (uint32_t i = 0; i < p->buffers.n; i++) {
        const struct ir_buffer *b = p->buffers.at[i];
        write_binding(j, b->name, "buffer", face->buffers[i], !ir_access_writes(b->access));
    }
    for (uint32_t i = 0; i < face->tables.n; i++)
        write_binding(j, face->tables.at[i]->buffer.name, "data", face->data[i], true);
    if (face->trap != SPIRV_NONE) write_binding(j, "trap", "trap", face->trap, false);
    if (face->args != SPIRV_NONE) write_binding(j, "launch", "arguments", face->args, true);
    json_close(j, "]");
}

/* The words of the launch: see spirv.h. */
static void write_arguments(struct json *j, const struct ir_program *p, const struct spirv_interface *face)
{
    enum { GROUPS = 0, BASE = 12, ZERO = 24, LENGTHS = 28 };
    json_open(j, "arguments", "{");
    json_string(j, "place", face->args == SPIRV_NONE ? "push_constants" : "buffer");
    json_number(j, "metal_buffer", face->args == SPIRV_NONE ? count_bindings(p, face) : face->args);
    json_number(j, "bytes", face->args_bytes);
    json_number(j, "groups_at", GROUPS);
    json_number(j, "base_at", BASE);
    json_number(j, "zero_at", ZERO);
    json_open(j, "lengths_at", "[");
    for (uint32_t i = 0; i < p->buffers.n; i++)
        json_number(j, NULL, LENGTHS + 4 * i);
    json_close(j, "]");
    json_open(j, "params", "[");
    for (uint32_t i = 0; i < p->params.n; i++) {
        json_open(j, NULL, "{");
        json_string(j, "name", p->params.at[i]->name);
        json_string(j, "type", ir_type_text(p->params.at[i]->type));
        json_number(j, "at", face->params[i]);
        json_close(j, "}");
    }
    json_close(j, "]");
    json_close(j, "}");
}

static void write_manifest(struct json *j, const struct ir_program *p, const struct spirv_interface *face)
{
    json_open(j, NULL, "{");
    json_string(j, "program", p->name);
    json_string(j, "entry", "main");
    json_string(j, "metal_entry", "main0"); /* Metal reserves main */
    json_open(j, "workgroup", "[");
    for (uint32_t i = 0; i < 3; i++)
        json_number(j, NULL, p->workgroup[i]);
    json_close(j, "]");
    json_number(j, "workgroup_bytes", face->workgroup_bytes);
    write_bindings(j, p, face);
    write_arguments(j, p, face);
    json_close(j, "}");
}

/* -- all forms ------------------------------------------------------------------------------------------- */

const char *spirv_write_form(const struct ir_program *p, enum spirv_form form, struct spirv_options options,
                             struct arena *arena, struct json *list, struct out *out)
{
    struct spirv_interface face;
    struct out module;
    const char *reason = spirv_refusal(p);
    if (reason) return reason;
    options.storage_8bit = options.storage_16bit = has_narrow_storage[form];
    options.int64 = true;
    options.args_in_buffer = form == SPIRV_FORM_HLSL;
    out_init(&module, out->mem);
    spirv_emit_program(p, &options, arena, &module, &face);
    const uint32_t *words = (const void *)module.bytes;
    if (form == SPIRV_FORM_BINARY)
        out_bytes(out, module.bytes, module.n);
    else if (form == SPIRV_FORM_TEXT)
        codegen_disassemble_spirv(words, module.n / 4, out);
    else if (form == SPIRV_FORM_BINDINGS)
        write_manifest(list, p, &face);
    else
        reason = spirv_cross_write(words, module.n / 4, form, count_bindings(p, &face), arena, out);
    out_release(&module);
    return reason;
}
