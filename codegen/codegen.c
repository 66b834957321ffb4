/* codegen.c - the one entry of the emitters: checks what needs more than IR, then hands over to the writer of the form
 * asked for. */
#include "codegen/codegen.h"

#include "codegen/container.h"
#include "codegen/llvm/llvm.h"
#include "codegen/spirv/spirv.h"
#include "ir/base/json.h"
#include "ir/ops.h"

/* Collectives parse and check, but there is nothing to lower them to yet. */
static bool check_collectives(const struct ir_module *m, struct diags *diags)
{
    bool ok = true;
    for (uint32_t i = 0; i < m->pipelines.n; i++) {
        IR_EACH_STMT(s, &m->pipelines.at[i]->body)
        {
            if (s->kind != IR_STMT_COLLECTIVE) continue;
            diag_report(diags, DIAG_NEEDS_COMMUNICATOR, s->range, ir_collective_texts[s->collective.op]);
            ok = false;
        }
    }
    return ok;
}

/* What is not for the CPU is made while LLVM is at work on that. */
static bool emit_host(const struct ir_module *m, const struct codegen_options *options, const struct interface *face,
                      struct diags *diags, struct arena *scratch, struct out *out)
{
    struct object_contents contents;
    struct out container;
    struct llvm_host *host = llvm_host_begin(m, options, scratch);
    out_init(&container, out->mem);
    bool ok = object_collect(m, options, face, diags, scratch, &container, &contents);
    if (ok)
        llvm_host_finish(host, &contents, out);
    else
        llvm_host_give_up(host);
    out_release(&container);
    return ok;
}

static bool emit_images(const struct ir_module *m, const struct codegen_options *options, const struct interface *face,
                        struct diags *diags, struct arena *scratch, struct out *out)
{
    struct object_contents contents;
    return object_collect(m, options, face, diags, scratch, out, &contents);
}

/* For the greatest chosen target of the family, or else for its first. */
static bool emit_device(const struct ir_module *m, const struct codegen_options *options, enum target_family family,
                        struct arena *scratch, struct out *out)
{
    uint32_t which = TARGET_COUNT;
    for (uint32_t t = TARGET_COUNT; t-- > 0;) {
        if (target_infos[t].family != family) continue;
        which = t;
        if (options->targets->has[t]) break;
    }
    llvm_write_device_code(m, (enum target_id)which, options, scratch, out);
    return true;
}

/* -- SPIR-V and what is made from it */

static const struct form {
    enum spirv_form form;
    const char *name;    /* for messages */
    const char *comment; /* that a line about a program begins with; NULL: the form has none, and holds one program */
} forms[] = {
    [CODEGEN_EMIT_SPIRV] = {SPIRV_FORM_BINARY, "SPIR-V", NULL},
    [CODEGEN_EMIT_SPIRV_TEXT] = {SPIRV_FORM_TEXT, "SPIR-V", "; "},
    [CODEGEN_EMIT_GLSL] = {SPIRV_FORM_GLSL, "GLSL", "// "},
    [CODEGEN_EMIT_HLSL] = {SPIRV_FORM_HLSL, "HLSL", "// "},
    [CODEGEN_EMIT_MSL] = {SPIRV_FORM_MSL, "MSL", "// "},
    [CODEGEN_EMIT_BINDINGS] = {SPIRV_FORM_BINDINGS, "SPIR-V", ""},
};

struct form_writer {
    const struct form *form;
    struct spirv_options options;
    struct diags *diags;
    struct arena *scratch;
    struct json list;
    struct out *out;
    uint32_t n_programs, n_written;
};

/* A program that has no such form is an error where it is the only one, else a warning. */
static void write_form(struct form_writer *w, const struct ir_program *p)
{
    size_t start = w->out->n;
    if (w->form->comment && *w->form->comment)
        out_printf(w->out, "%s%sprogram %s\n", w->n_written ? "\n" : "", w->form->comment, p->name);
    const char *reason = spirv_write_form(p, w->form->form, w->options, w->scratch, &w->list, w->out);
    w->n_written += !reason;
    if (!reason) return;
    w->out->n = start;
    diag_report(w->diags, w->n_programs == 1 ? DIAG_NO_SUCH_FORM : DIAG_NO_DEVICE_CODE, p->range, p->name,
                w->form->name, reason);
}

static bool emit_forms(const struct ir_module *m, const struct codegen_options *options, struct diags *diags,
                       struct arena *scratch, struct out *out)
{
    struct form_writer w = {
        .form = &forms[options->emit],
        .options = {.version = 0x00010300, .opt_level = options->opt_level, .debug_info = options->debug_info},
        .diags = diags,
        .scratch = scratch,
        .list.out = out,
        .out = out,
        .n_programs = m->programs.n};
    bool is_list = w.form->form == SPIRV_FORM_BINDINGS;
    if (!w.form->comment && m->programs.n != 1) {
        diag_report(diags, DIAG_ONE_PROGRAM_ONLY, SRC_NONE, m->programs.n);
        return false;
    }
    if (is_list) json_open(&w.list, NULL, "[");
    for (uint32_t i = 0; i < m->programs.n; i++)
        write_form(&w, m->programs.at[i]);
    if (is_list) json_close(&w.list, "]");
    return !diags->n_errors;
}

bool codegen_emit(const struct ir_module *m, const struct codegen_options *options, struct diags *diags,
                  struct arena *scratch, struct out *out)
{
    struct interface face;
    if (!check_collectives(m, diags) || !interface_build(&face, m, options->prefix, diags, scratch)) return false;
    switch (options->emit) {
    case CODEGEN_EMIT_HEADER:
        header_write(m, options, &face, out);
        return true;
    case CODEGEN_EMIT_MANIFEST:
        manifest_write(m, options, &face, out);
        return true;
    case CODEGEN_EMIT_PTX:
        return emit_device(m, options, TARGET_FAMILY_PTX, scratch, out);
    case CODEGEN_EMIT_AMDGCN:
    case CODEGEN_EMIT_AMDGCN_OBJECT:
        return emit_device(m, options, TARGET_FAMILY_AMDGCN, scratch, out);
    case CODEGEN_EMIT_SPIRV:
    case CODEGEN_EMIT_SPIRV_TEXT:
    case CODEGEN_EMIT_GLSL:
    case CODEGEN_EMIT_HLSL:
    case CODEGEN_EMIT_MSL:
    case CODEGEN_EMIT_BINDINGS:
        return emit_forms(m, options, diags, scratch, out);
    case CODEGEN_EMIT_IMAGES:
        return emit_images(m, options, &face, diags, scratch, out);
    case CODEGEN_EMIT_OBJECT:
    case CODEGEN_EMIT_CPU_ASM:
    case CODEGEN_EMIT_LLVM:
        return emit_host(m, options, &face, diags, scratch, out);
    }
    return false;
}
