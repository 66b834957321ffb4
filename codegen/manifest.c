/* manifest.c - the interface of an object as JSON, for build tools and bindings: docs/manifest.schema.json describes
 * it. */
#include <string.h>

#include "codegen/container.h"
#include "ir/base/json.h"
#include "ir/ops.h"
#include "ir/print.h"

enum { MANIFEST_VERSION = 1 };

static void write_expr(struct json *j, const char *key, const struct ir_expr *e)
{
    struct out text;
    out_init(&text, j->out->mem);
    ir_print_expr(e, &text);
    json_string_n(j, key, text.bytes, text.n);
    out_release(&text);
}

static void write_workgroup(struct json *j, const struct ir_program *p)
{
    uint32_t size[3];
    interface_workgroup(p, size);
    json_open(j, "workgroup", "[");
    for (uint32_t i = 0; i < 3; i++)
        json_number(j, NULL, size[i]);
    json_close(j, "]");
}

static void write_buffer(struct json *j, const struct ir_buffer *b, const struct interface_field *f)
{
    json_open(j, NULL, "{");
    json_string(j, "name", b->name);
    if (f) json_string(j, "field", f->name);
    if (f) json_number(j, "offset", f->offset);
    json_string(j, "type", ir_type_text(b->elem));
    json_number(j, "elem_bytes", ir_type_mem_bytes(b->elem));
    json_string(j, "access", ir_access_texts[b->access]);
    json_number(j, "align_bytes", interface_align_bytes(b));
    if (b->count_expr) {
        write_expr(j, "count", b->count_expr);
    } else if (b->sized) {
        json_number(j, "count", b->count);
    }
    if (b->binding >= 0) json_number(j, "binding", (uint64_t)b->binding);
    if (b->streaming) json_flag(j, "streaming", true);
    if (b->live_out) json_flag(j, "live_out", true);
    if (b->has_bytes) {
        json_number(j, "bytes_begin", b->bytes_begin);
        json_number(j, "bytes_end", b->bytes_end);
    }
    json_close(j, "}");
}

static void write_param(struct json *j, const struct interface_field *f)
{
    json_open(j, NULL, "{");
    json_string(j, "name", f->param->name);
    json_string(j, "field", f->name);
    json_number(j, "offset", f->offset);
    json_string(j, "type", ir_type_text(f->param->type));
    json_string(j, "c_type", interface_types[f->param->type.scalar].c_type);
    json_close(j, "}");
}

static void write_fields(struct json *j, const struct interface_unit *u)
{
    json_string(j, "symbol", u->symbol);
    json_number(j, "args_bytes", u->args_bytes);
    json_open(j, "buffers", "[");
    for (uint32_t i = 0; i < u->n_buffers; i++)
        write_buffer(j, u->fields[i].buffer, &u->fields[i]);
    json_close(j, "]");
    json_open(j, "params", "[");
    for (uint32_t i = 0; i < u->n_params; i++)
        write_param(j, &u->fields[u->n_buffers + i]);
    json_close(j, "]");
}

static void write_program(struct json *j, const struct interface_unit *u)
{
    json_open(j, NULL, "{");
    json_string(j, "name", u->name);
    write_fields(j, u);
    write_workgroup(j, u->program);
    json_open(j, "dispatch", "[");
    for (uint32_t i = 0; i < u->program->n_dispatch; i++) {
        write_expr(j, NULL, u->program->dispatch[i]);
    }
    json_close(j, "]");
    if (u->program->op_name) json_string(j, "op", u->program->op_name);
    if (u->program->self_exclusive) json_flag(j, "self_exclusive", true);
    if (u->program->has_window) json_number(j, "window", u->program->window);
    json_close(j, "}");
}

static void write_arm(struct json *j, const struct ir_arm *arm)
{
    json_open(j, NULL, "{");
    json_string(j, "arm", arm->name);
    json_string(j, "program", arm->program->name);
    json_open(j, "args", "{");
    for (uint32_t i = 0; i < arm->args.n; i++) {
        const struct ir_arg *a = &arm->args.at[i];
        if (a->buffer)
            json_string(j, a->name, a->buffer->name);
        else
            write_expr(j, a->name, a->value);
    }
    json_close(j, "}");
    json_close(j, "}");
}

static void write_steps(struct json *j, const struct ir_pipeline *p)
{
    json_open(j, "steps", "[");
    IR_EACH_STMT(s, &p->body)
    {
        if (s->kind == IR_STMT_ARM) write_arm(j, s->arm);
        if (s->kind != IR_STMT_HOST) continue;
        json_open(j, NULL, "{");
        json_string(j, "host", s->host.buffer->name);
        json_close(j, "}");
    }
    json_close(j, "]");
}

static void write_pipeline(struct json *j, const struct interface_unit *u)
{
    json_open(j, NULL, "{");
    json_string(j, "name", u->name);
    write_fields(j, u);
    if (u->pipeline->budget_bytes) json_number(j, "budget_bytes", u->pipeline->budget_bytes);
    json_open(j, "temps", "[");
    for (uint32_t i = 0; i < u->pipeline->temps.n; i++)
        write_buffer(j, u->pipeline->temps.at[i], NULL);
    json_close(j, "]");
    write_steps(j, u->pipeline);
    json_close(j, "}");
}

static void write_units(struct json *j, const struct interface *face, const char *key, bool programs)
{
    json_open(j, key, "[");
    for (uint32_t i = 0; i < face->n_units; i++) {
        const struct interface_unit *u = &face->units[i];
        if (programs && u->program && !u->internal) write_program(j, u);
        if (!programs && u->pipeline && !u->internal) write_pipeline(j, u);
    }
    json_close(j, "]");
}

static void write_targets(struct json *j, const struct target_set *targets)
{
    json_open(j, "targets", "[");
    for (uint32_t t = 0; t < TARGET_COUNT; t++) {
        if (!targets->has[t]) continue;
        json_open(j, NULL, "{");
        json_string(j, "triple", target_infos[t].triple);
        json_string(j, "arch", target_infos[t].arch);
        json_close(j, "}");
    }
    json_close(j, "]");
}

static void write_data(struct json *j, const struct ir_module *m)
{
    json_open(j, "data", "[");
    for (uint32_t i = 0; i < m->data.n; i++) {
        const struct ir_data *d = m->data.at[i];
        json_open(j, NULL, "{");
        json_string(j, "name", d->buffer.name);
        json_string(j, "type", ir_type_text(d->buffer.elem));
        json_number(j, "count", d->buffer.count);
        json_close(j, "}");
    }
    json_close(j, "]");
}

void manifest_write(const struct ir_module *m, const struct codegen_options *options, const struct interface *face,
                    struct out *out)
{
    struct json j = {.out = out};
    const char *source = options->source_name ? options->source_name : "";
    const char *slash = strrchr(source, '/');
    json_open(&j, NULL, "{");
    json_number(&j, "manifest", MANIFEST_VERSION);
    json_string(&j, "source", slash ? slash + 1 : source);
    write_targets(&j, options->targets);
    write_data(&j, m);
    write_units(&j, face, "programs", true);
    write_units(&j, face, "pipelines", false);
    json_close(&j, "}");
}
