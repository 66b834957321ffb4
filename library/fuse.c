/* fuse.c - parts that arrive late, as one launch where that is legal. */
#include <stdio.h>
#include <string.h>

#include "ir/print.h"
#include "library/internal.h"

/* What the pass says of the first arm that stays apart: "...: grid_order: it reads what ...". */
static void copy_reason(struct work *w)
{
    vyrec_fusion *f = w->fusion;
    for (uint32_t i = 0; i < w->diags.list.n; i++) {
        const struct diag *d = w->diags.list.at[i];
        const char *name = d->id == DIAG_NOT_FUSED ? strstr(d->text, "': ") : NULL; /* behind the second arm */
        if (!name) continue;
        size_t n = strcspn(name + 3, ":");
        snprintf(f->reason, sizeof f->reason, "%.*s", (int)n, name + 3);
        snprintf(f->message, sizeof f->message, "%s", d->text);
        return;
    }
}

static uint32_t count_launches(const struct ir_pipeline *p)
{
    uint32_t n = 0;
    IR_EACH_STMT(s, &p->body) n += s->kind == IR_STMT_ARM;
    return n;
}

static void fuse_module(struct work *w)
{
    const struct pass_settings settings = {.list = "fuse_programs", .missed = "fuse_programs"};
    struct out log, text;
    struct ir_module *m = work_read(w, w->module->name, w->module->text, w->module->size_bytes);
    if (!m) return;
    out_init(&log, &w->mem);
    out_init(&text, &w->mem);
    w->diags.list.n = 0; /* told when the parts were parsed */
    w->diags.remarks = true;
    passes_run(m, &settings, &w->diags, &log);
    w->fusion->n_launches = m->pipelines.n ? count_launches(m->pipelines.at[m->pipelines.n - 1]) : 0;
    if (w->fusion->n_launches > 1) {
        copy_reason(w);
    } else {
        ir_print_module(m, &text);
        w->fusion->fused = module_new(w->context, w->module->name, text.bytes, text.n);
        if (!w->fusion->fused) memory_fail(&w->mem);
    }
    w->diags.list.n = 0; /* the reason is in the result */
}

/* All parts and the pipeline as one text. */
static vyrec_status join_parts(vyrec_context *context, const vyrec_module *const *parts, size_t n_parts,
                               const char *pipeline, vyrec_module **joined)
{
    struct memory mem = {0};
    struct out text;
    out_init(&text, &mem);
    if (setjmp(mem.recover)) {
        memory_release_all(&mem);
        return VYREC_NO_MEMORY;
    }
    for (size_t i = 0; i < n_parts; i++) {
        out_bytes(&text, parts[i]->text, parts[i]->size_bytes);
        out_text(&text, "\n");
    }
    out_text(&text, pipeline);
    vyrec_status status =
        vyrec_module_parse(context, n_parts ? parts[0]->name : "pipeline", text.bytes, text.n, joined);
    memory_release_all(&mem);
    return status;
}

vyrec_status vyre_try_fuse(vyrec_context *context, const vyrec_module *const *parts, size_t n_parts,
                           const char *pipeline, vyrec_fusion *fusion)
{
    if (!fusion) return VYREC_INVALID;
    *fusion = (vyrec_fusion){0};
    if (!context || !pipeline || (!parts && n_parts)) return VYREC_INVALID;
    for (size_t i = 0; i < n_parts; i++)
        if (!parts[i]) return VYREC_INVALID;
    vyrec_status status = join_parts(context, parts, n_parts, pipeline, &fusion->sequence);
    struct work w = {.context = context, .run = fuse_module, .module = fusion->sequence, .fusion = fusion};
    if (!status) status = work_do(&w);
    if (status) vyrec_fusion_release(fusion);
    return status;
}

void vyrec_fusion_release(vyrec_fusion *fusion)
{
    if (!fusion) return;
    vyrec_module_destroy(fusion->fused);
    vyrec_module_destroy(fusion->sequence);
    *fusion = (vyrec_fusion){0};
}
