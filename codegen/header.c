/* header.c - the C99 and C++ header of an object: for each program and pipeline an argument struct and its functions.
 */
#include <ctype.h>
#include <string.h>

#include "codegen/container.h"
#include "ir/ops.h"
#include "ir/print.h"

static const char *base_name(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path ? path : "";
}

/* VYRE_SCAN_BASE64_H for out/scan_base64.h, and for scan_base64.vir when the header has no name yet. */
static void write_guard(const struct codegen_options *options, struct out *out)
{
    const char *name = base_name(options->header_name ? options->header_name : options->source_name);
    const char *dot = strrchr(name, '.');
    size_t n = dot && dot != name ? (size_t)(dot - name) : strlen(name);
    out_text(out, "VYRE_");
    for (size_t i = 0; i < n; i++) {
        char c = isalnum((unsigned char)name[i]) ? (char)toupper((unsigned char)name[i]) : '_';
        out_bytes(out, &c, 1);
    }
    out_text(out, "_H");
}

/* A name from outside in a comment: nothing that ends the comment, no control characters. */
static void write_comment_text(const char *text, struct out *out)
{
    for (const char *c = text; *c; c++)
        out_bytes(out, (unsigned char)*c < 32 || *c == '*' || *c == '/' ? "?" : c, 1);
}

/* The length rule, and what holds beyond the element's own alignment. */
static void write_buffer_comment(const struct ir_buffer *b, struct out *out)
{
    out_printf(out, "/* %s %s", ir_access_texts[b->access], ir_type_text(b->elem));
    if (b->sized)
        out_printf(out, "[%llu]: at least %llu elements, and only these are used", (unsigned long long)b->count,
                   (unsigned long long)b->count);
    else
        out_text(out, "[]: any number of elements");
    out_printf(out, "; aligned to %u", interface_align_bytes(b));
    if (b->access == IR_ACCESS_WRITE) out_text(out, "; elements that are not written become 0");
    if (b->has_bytes)
        out_printf(out, "; bytes %llu..%llu come back", (unsigned long long)b->bytes_begin,
                   (unsigned long long)b->bytes_end);
    if (b->streaming) out_text(out, "; streaming");
    out_text(out, " */");
}

static void write_struct(const struct interface_unit *u, struct out *out)
{
    out_printf(out, "struct %s_args {\n", u->symbol);
    for (uint32_t i = 0; i < u->n_buffers + u->n_params; i++) {
        const struct interface_field *f = &u->fields[i];
        if (f->buffer) {
            out_printf(out, "    vyre_span %s; ", f->name);
            write_buffer_comment(f->buffer, out);
        } else {
            out_printf(out, "    %s %s; /* %s */", interface_types[f->param->type.scalar].c_type, f->name,
                       ir_type_text(f->param->type));
        }
        out_text(out, "\n");
    }
    if (!u->n_buffers && !u->n_params) out_text(out, "    char none; /* C has no empty structs */\n");
    out_printf(out, "};\ntypedef char %s_args_size[sizeof(struct %s_args) == %llu ? 1 : -1];\n", u->symbol, u->symbol,
               (unsigned long long)u->args_bytes);
}

static void write_functions(const struct interface_unit *u, struct out *out)
{
    for (uint32_t e = 0; e < INTERFACE_ENTRY_COUNT; e++) {
        out_printf(out, "vyre_status %s%s(vyre_context *ctx, ", u->symbol, interface_entry_infos[e].suffix);
        for (const char *c = interface_entry_infos[e].params; *c; c++) {
            if (c[0] == '%' && c[1] == 's')
                out_text(out, (c++, u->symbol));
            else
                out_bytes(out, c, 1);
        }
        out_text(out, ");\n");
    }
    out_text(out, "\n");
}

static void write_program_comment(const struct ir_program *p, struct out *out)
{
    uint32_t size[3];
    interface_workgroup(p, size);
    out_printf(out, "/* program %s: workgroups of %u x %u x %u; ", p->name, size[0], size[1], size[2]);
    if (!p->n_dispatch) out_text(out, "an invocation for each element of the largest written buffer");
    for (uint32_t i = 0; i < p->n_dispatch; i++) {
        out_text(out, i ? ", " : "invocations: ");
        ir_print_expr(p->dispatch[i], out);
    }
    out_text(out, " */\n");
}

static void write_pipeline_comment(const struct ir_pipeline *p, struct out *out)
{
    out_printf(out, "/* pipeline %s:", p->name);
    bool first = true;
    IR_EACH_STMT(s, &p->body)
    {
        if (s->kind != IR_STMT_ARM) continue;
        out_printf(out, "%s %s", first ? "" : ",", s->arm->program->name);
        first = false;
    }
    if (first) out_text(out, " no arms");
    if (p->budget_bytes) out_printf(out, "; temps of at most %llu bytes", (unsigned long long)p->budget_bytes);
    out_text(out, " */\n");
}

static const char help[] = " *\n"
                           " * NAME(ctx, &args)                        runs it and waits\n"
                           " * NAME_async(ctx, stream, &args, &event)  checks the arguments, queues it and returns; "
                           "stream and event may be NULL\n"
                           " * NAME_workspace(ctx, &args, &bytes)      memory it will need besides its arguments\n"
                           " * NAME_unit(ctx, &unit)                   its description: see vyre_unit_get_info\n"
                           " *\n"
                           " * All return VYRE_OK (0) or an error, for which vyre_context_message(ctx) has the reason. "
                           "vyrert.h tells the rest. */\n";

void header_write(const struct ir_module *m, const struct codegen_options *options, const struct interface *face,
                  struct out *out)
{
    (void)m;
    out_text(out, "/* What the object compiled from ");
    write_comment_text(base_name(options->source_name), out);
    out_text(out, " defines. Written by vyrec; do not edit.\n");
    out_text(out, help);
    out_text(out, "#ifndef ");
    write_guard(options, out);
    out_text(out, "\n#define ");
    write_guard(options, out);
    out_text(out, "\n\n#include <vyrert.h>\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    for (uint32_t i = 0; i < face->n_units; i++) {
        const struct interface_unit *u = &face->units[i];
        if (u->internal) continue;
        if (u->program)
            write_program_comment(u->program, out);
        else
            write_pipeline_comment(u->pipeline, out);
        write_struct(u, out);
        write_functions(u, out);
    }
    out_text(out, "#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}
