/* manifest.c - the interface of an object as JSON, for build tools and bindings: docs/manifest.schema.json describes it. */
#include <string.h>

#include "codegen/container.h"
#include "ir/ops.h"
#include "ir/print.h"

enum { MANIFEST_VERSION = 1 };

/* Writes `"key": ` with a comma in front of all but the first member. */
struct writer {
    struct out *out;
    uint32_t indent;
    bool first;
};

static void begin_item(struct writer *w)
{
    out_printf(w->out, "%s\n%*s", w->first ? "" : ",", (int)(2 * w->indent), "");
    w->first = false;
}

static void write_key(struct writer *w, const char *key)
{
    begin_item(w);
    out_printf(w->out, "\"%s\": ", key);
}

static void open_nest(struct writer *w, const char *bracket)
{
    out_text(w->out, bracket);
    w->indent++;
    w->first = true;
}

static void close_nest(struct writer *w, const char *bracket)
{
    w->indent--;
    if (!w->first) out_printf(w->out, "\n%*s", (int)(2 * w->indent), "");
    out_text(w->out, bracket);
    w->first = false;
}

static void write_string(struct writer *w, const char *key, const char *text)
{
    write_key(w, key);
    out_json_string(w->out, text, strlen(text));
}

static void write_number(struct writer *w, const char *key, uint64_t value)
{
    write_key(w, key);
    out_printf(w->out, "%llu", (unsigned long long)value);
}

static void write_flag(struct writer *w, const char *key, bool value)
{
    write_key(w, key);
    out_text(w->out, value ? "true" : "false");
}

static void write_expr(struct writer *w, const struct ir_expr *e)
{
    struct out text;
    out_init(&text, w->out->mem);
    ir_print_expr(e, &text);
    out_json_string(w->out, text.bytes, text.n);
    out_release(&text);
}

static void write_triple(struct writer *w, const char *key, const uint32_t size[3])
{
    write_key(w, key);
    out_printf(w->out, "[%u, %u, %u]", size[0], size[1], size[2]);
}

static void write_buffer(struct writer *w, const struct ir_buffer *b, const struct interface_field *f)
{
    begin_item(w);
    open_nest(w, "{");
    write_string(w, "name", b->name);
    if (f) write_string(w, "field", f->name);
    if (f) write_number(w, "offset", f->offset);
    write_string(w, "type", ir_type_text(b->elem));
    write_number(w, "elem_bytes", ir_type_mem_bytes(b->elem));
    write_string(w, "access", ir_access_texts[b->access]);
    write_number(w, "align_bytes", interface_align_bytes(b));
    if (b->count_expr) {
        write_key(w, "count");
        write_expr(w, b->count_expr);
    } else if (b->sized) {
        write_number(w, "count", b->count);
    }
    if (b->binding >= 0) write_number(w, "binding", (uint64_t)b->binding);
    if (b->streaming) write_flag(w, "streaming", true);
    if (b->live_out) write_flag(w, "live_out", true);
    if (b->has_bytes) {
        write_number(w, "bytes_begin", b->bytes_begin);
        write_number(w, "bytes_end", b->bytes_end);
    }
    close_nest(w, "}");
}

static void write_param(struct writer *w, const struct interface_field *f)
{
    begin_item(w);
    open_nest(w, "{");
    write_string(w, "name", f->param->name);
    write_string(w, "field", f->name);
    write_number(w, "offset", f->offset);
    write_string(w, "type", ir_type_text(f->param->type));
    write_string(w, "c_type", interface_types[f->param->type.scalar].c_type);
    close_nest(w, "}");
}

static void write_fields(struct writer *w, const struct interface_unit *u)
{
    write_string(w, "symbol", u->symbol);
    write_number(w, "args_bytes", u->args_bytes);
    write_key(w, "buffers");
    open_nest(w, "[");
    for (uint32_t i = 0; i < u->n_buffers; i++) write_buffer(w, u->fields[i].buffer, &u->fields[i]);
    close_nest(w, "]");
    write_key(w, "params");
    open_nest(w, "[");
    for (uint32_t i = 0; i < u->n_params; i++) write_param(w, &u->fields[u->n_buffers + i]);
    close_nest(w, "]");
}

static void write_program(struct writer *w, const struct interface_unit *u)
{
    uint32_t size[3];
    interface_workgroup(u->program, size);
    begin_item(w);
    open_nest(w, "{");
    write_string(w, "name", u->name);
    write_fields(w, u);
    write_triple(w, "workgroup", size);
    write_key(w, "dispatch");
    open_nest(w, "[");
    for (uint32_t i = 0; i < u->program->n_dispatch; i++) {
        begin_item(w);
        write_expr(w, u->program->dispatch[i]);
    }
    close_nest(w, "]");
    if (u->program->op_name) write_string(w, "op", u->program->op_name);
    if (u->program->self_exclusive) write_flag(w, "self_exclusive", true);
    if (u->program->has_window) write_number(w, "window", u->program->window);
    close_nest(w, "}");
}

static void write_arm(struct writer *w, const struct ir_arm *arm)
{
    begin_item(w);
    open_nest(w, "{");
    write_string(w, "arm", arm->name);
    write_string(w, "program", arm->program->name);
    write_key(w, "args");
    open_nest(w, "{");
    for (uint32_t i = 0; i < arm->args.n; i++) {
        const struct ir_arg *a = &arm->args.at[i];
        begin_item(w);
        out_json_string(w->out, a->name, strlen(a->name));
        out_text(w->out, ": ");
        if (a->buffer) out_json_string(w->out, a->buffer->name, strlen(a->buffer->name));
        else write_expr(w, a->value);
    }
    close_nest(w, "}");
    close_nest(w, "}");
}

static void write_steps(struct writer *w, const struct ir_pipeline *p)
{
    write_key(w, "steps");
    open_nest(w, "[");
    IR_EACH_STMT(s, &p->body) {
        if (s->kind == IR_STMT_ARM) write_arm(w, s->arm);
        if (s->kind != IR_STMT_HOST) continue;
        begin_item(w);
        open_nest(w, "{");
        write_string(w, "host", s->host.buffer->name);
        close_nest(w, "}");
    }
    close_nest(w, "]");
}

static void write_pipeline(struct writer *w, const struct interface_unit *u)
{
    begin_item(w);
    open_nest(w, "{");
    write_string(w, "name", u->name);
    write_fields(w, u);
    if (u->pipeline->budget_bytes) write_number(w, "budget_bytes", u->pipeline->budget_bytes);
    write_key(w, "temps");
    open_nest(w, "[");
    for (uint32_t i = 0; i < u->pipeline->temps.n; i++) write_buffer(w, u->pipeline->temps.at[i], NULL);
    close_nest(w, "]");
    write_steps(w, u->pipeline);
    close_nest(w, "}");
}

static void write_units(struct writer *w, const struct interface *face, const char *key, bool programs)
{
    write_key(w, key);
    open_nest(w, "[");
    for (uint32_t i = 0; i < face->n_units; i++) {
        const struct interface_unit *u = &face->units[i];
        if (programs && u->program) write_program(w, u);
        if (!programs && u->pipeline) write_pipeline(w, u);
    }
    close_nest(w, "]");
}

static void write_targets(struct writer *w, const struct target_set *targets)
{
    write_key(w, "targets");
    open_nest(w, "[");
    for (uint32_t t = 0; t < TARGET_COUNT; t++) {
        if (!targets->has[t]) continue;
        begin_item(w);
        open_nest(w, "{");
        write_string(w, "triple", target_infos[t].triple);
        write_string(w, "arch", target_infos[t].arch);
        close_nest(w, "}");
    }
    close_nest(w, "]");
}

static void write_data(struct writer *w, const struct ir_module *m)
{
    write_key(w, "data");
    open_nest(w, "[");
    for (uint32_t i = 0; i < m->data.n; i++) {
        const struct ir_data *d = m->data.at[i];
        begin_item(w);
        open_nest(w, "{");
        write_string(w, "name", d->buffer.name);
        write_string(w, "type", ir_type_text(d->buffer.elem));
        write_number(w, "count", d->buffer.count);
        close_nest(w, "}");
    }
    close_nest(w, "]");
}

void manifest_write(const struct ir_module *m, const struct codegen_options *options, const struct interface *face,
                    struct out *out)
{
    struct writer w = {.out = out, .first = true};
    const char *source = options->source_name ? options->source_name : "";
    const char *slash = strrchr(source, '/');
    open_nest(&w, "{");
    write_number(&w, "manifest", MANIFEST_VERSION);
    write_string(&w, "source", slash ? slash + 1 : source);
    write_targets(&w, options->targets);
    write_data(&w, m);
    write_units(&w, face, "programs", true);
    write_units(&w, face, "pipelines", false);
    close_nest(&w, "}");
    out_text(out, "\n");
}
