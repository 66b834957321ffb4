/* explain.c - --explain as tables: before and after, for each pipeline. See explain.h. */
#include "driver/explain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ir/print.h"

enum { DEFAULT_COUNT = 1 << 20 }; /* elements of a buffer of which nothing is said */

/* -- sizes ---------------------------------------------------------------------------------------------------- */

static void set_size(struct explained *e, const char *word, bool *known)
{
    size_t n = strcspn(word, "=");
    const struct ir_pipeline *p = e->before;
    uint64_t value = word[n] ? strtoull(word + n + 1, NULL, 10) : 0;
    for (uint32_t i = 0; i < p->buffers.n; i++)
        if (strlen(p->buffers.at[i]->name) == n && !memcmp(p->buffers.at[i]->name, word, n))
            e->lens[i] = value, *known = true;
    for (uint32_t i = 0; i < p->params.n; i++)
        if (strlen(p->params.at[i]->name) == n && !memcmp(p->params.at[i]->name, word, n))
            e->params[i] = value, *known = true;
}

static void set_defaults(struct explained *e, struct arena *arena)
{
    const struct ir_pipeline *p = e->before;
    e->lens = ARENA_ARRAY(arena, uint64_t, p->buffers.n + 1);
    e->params = ARENA_ARRAY(arena, uint64_t, p->params.n + 1);
    for (uint32_t i = 0; i < p->buffers.n; i++)
        e->lens[i] = p->buffers.at[i]->sized ? p->buffers.at[i]->count : DEFAULT_COUNT;
    for (uint32_t i = 0; i < p->params.n; i++)
        e->params[i] = 1;
}

static bool is_count(const char *word)
{
    size_t n = strcspn(word, "=");
    return n && word[n] && word[n + 1] && !word[n + 1 + strspn(word + n + 1, "0123456789")];
}

static void set_sizes(struct explanation *x, const char *const *sizes, uint32_t n_sizes)
{
    for (uint32_t i = 0; i < n_sizes; i++) {
        bool known = false;
        for (uint32_t k = 0; k < x->pipelines.n && is_count(sizes[i]); k++)
            set_size(&x->pipelines.at[k], sizes[i], &known);
        if (!known)
            diag_report(&x->tool->diags, DIAG_BAD_SIZE, SRC_NONE, sizes[i],
                        is_count(sizes[i]) ? "no pipeline has a buffer or param of this name" : "it is no name=count");
    }
}

/* Lengths of temps are expanded in formulas, so only parameters are asked for. */
static uint64_t get_len(void *ctx, const struct ir_buffer *b)
{
    return ((const struct explained *)ctx)->lens[b->index];
}

static uint64_t get_param(void *ctx, const struct ir_param *p)
{
    return ((const struct explained *)ctx)->params[p->index];
}

bool explain_eval(const struct explained *e, const struct traffic *t, uint64_t *bytes)
{
    struct ir_host_env env = {(void *)e, get_len, get_param};
    return traffic_eval(t, &env, bytes);
}

/* -- what became of what ---------------------------------------------------------------------------------------- */

const struct ir_arm *explain_find_launch(const struct explained *e, const char *name)
{
    for (uint32_t i = 0; i < e->compiled.list.n; i++)
        if (launch_does(e->compiled.list.at[i].arm, name)) return e->compiled.list.at[i].arm;
    return NULL;
}

const struct ir_buffer *explain_find_buffer(const struct explained *e, const char *name)
{
    const struct ir_pipeline *p = e->after;
    for (uint32_t i = 0; i < p->buffers.n + p->temps.n; i++) {
        const struct ir_buffer *b = i < p->buffers.n ? p->buffers.at[i] : p->temps.at[i - p->buffers.n];
        if (!strcmp(b->name, name)) return b;
    }
    return NULL;
}

void explain_begin(struct explanation *x, struct tool *tool, struct ir_module *before, struct ir_module *after,
                   const struct diags *reasons, const char *const *sizes, uint32_t n_sizes)
{
    *x = (struct explanation){.tool = tool, .reasons = reasons};
    for (uint32_t i = 0; i < before->pipelines.n; i++) {
        struct explained e = {.before = before->pipelines.at[i], .after = after->pipelines.at[i]};
        launches_summarize(&e.written, before, e.before);
        launches_summarize(&e.compiled, after, e.after);
        set_defaults(&e, after->arena);
        vec_push(after->arena, &x->pipelines, e);
    }
    set_sizes(x, sizes, n_sizes);
}

/* -- tables ------------------------------------------------------------------------------------------------------ */

static void print_numbers(struct out *out, const char *what, uint64_t before, uint64_t after)
{
    out_printf(out, "  %-22s %16" PRIu64 " %16" PRIu64 "\n", what, before, after);
}

static void print_traffic(const struct explained *e, const char *what, const struct traffic *before,
                          const struct traffic *after, struct out *out)
{
    uint64_t x, y;
    if (explain_eval(e, before, &x) && explain_eval(e, after, &y))
        print_numbers(out, what, x, y);
    else
        out_printf(out, "  %-22s %16s %16s\n", what, "too many", "too many");
}

static void print_totals(const struct explained *e, struct out *out)
{
    const struct launches *a = &e->written, *b = &e->compiled;
    out_printf(out, "  %-22s %16s %16s\n", "", "as written", "as compiled");
    print_numbers(out, "launches", a->list.n, b->list.n);
    print_numbers(out, "temps", e->before->temps.n, e->after->temps.n);
    print_traffic(e, "bytes of temps", &a->temps, &b->temps, out);
    print_traffic(e, "bytes moved", &a->traffic, &b->traffic, out);
    print_numbers(out, "workgroup bytes", a->most_workgroup_bytes, b->most_workgroup_bytes);
    print_numbers(out, "barriers", a->n_barriers, b->n_barriers);
}

static void print_formulas(const struct explained *e, struct out *out)
{
    const char *before = "  sizes: ";
    out_text(out, "\n  bytes moved, as written:  ");
    traffic_print(&e->written.traffic, out);
    out_text(out, "\n  bytes moved, as compiled: ");
    traffic_print(&e->compiled.traffic, out);
    out_text(out, "\n");
    for (uint32_t i = 0; i < e->before->buffers.n; i++, before = ", ")
        out_printf(out, "%slen(%s) = %" PRIu64, before, e->before->buffers.at[i]->name, e->lens[i]);
    for (uint32_t i = 0; i < e->before->params.n; i++, before = ", ")
        out_printf(out, "%s%s = %" PRIu64, before, e->before->params.at[i]->name, e->params[i]);
    if (*before == ',') out_text(out, "\n");
}

static void print_buffers(const struct ir_arm *arm, const char *what, bool (*is_so)(enum ir_access), struct out *out)
{
    const char *before = what;
    for (uint32_t i = 0; i < arm->program->buffers.n; i++) {
        bool seen = false;
        for (uint32_t k = 0; k < i; k++)
            seen |= arm->args.at[k].buffer == arm->args.at[i].buffer && is_so(arm->args.at[k].formal_buffer->access);
        if (seen || !is_so(arm->args.at[i].formal_buffer->access)) continue;
        out_printf(out, "%s%s", before, arm->args.at[i].buffer->name);
        before = ", ";
    }
}

static bool reads(enum ir_access access)
{
    return ir_access_reads(access);
}

static bool writes(enum ir_access access)
{
    return ir_access_writes(access);
}

static void print_launch(const struct explained *e, const struct launch_summary *s, struct out *out)
{
    const char *before = ": ";
    out_printf(out, "  launch %s", s->arm->name);
    for (uint32_t i = 0; i < e->written.list.n; i++) {
        const char *name = e->written.list.at[i].arm->name;
        if (!strcmp(name, s->arm->name) || explain_find_launch(e, name) != s->arm) continue;
        out_printf(out, "%s%s", before, name);
        before = ", ";
    }
    print_buffers(s->arm, "; reads ", reads, out);
    print_buffers(s->arm, "; writes ", writes, out);
    out_text(out, "; moves ");
    traffic_print(&s->traffic, out);
    out_text(out, " bytes");
    if (s->workgroup_bytes) out_printf(out, "; %" PRIu64 " workgroup bytes", s->workgroup_bytes);
    if (s->n_barriers) out_printf(out, "; %" PRIu32 " barriers", s->n_barriers);
    out_text(out, "\n");
}

static void print_launches(const struct explained *e, struct out *out)
{
    out_text(out, "\n");
    for (uint32_t i = 0; i < e->compiled.list.n; i++) {
        const struct launch_summary *s = &e->compiled.list.at[i];
        if (s->boundary && s->boundary->kind == IR_STMT_HOST)
            out_printf(out, "  the host looks at %s\n", s->boundary->host.buffer->name);
        else if (s->boundary)
            out_text(out, "  machines exchange what they have\n");
        print_launch(e, s, out);
    }
    for (uint32_t i = 0; i < e->written.list.n; i++)
        if (!explain_find_launch(e, e->written.list.at[i].arm->name))
            out_printf(out, "  arm %s is not run\n", e->written.list.at[i].arm->name);
    for (uint32_t i = 0; i < e->before->temps.n; i++)
        if (!explain_find_buffer(e, e->before->temps.at[i]->name))
            out_printf(out, "  temp %s needs no memory\n", e->before->temps.at[i]->name);
}

/* Why there is more than one launch: what passes said of places in this pipeline. */
static void print_reasons(const struct explanation *x, const struct explained *e, struct out *out)
{
    bool first = true;
    if (e->compiled.list.n < 2) return;
    for (uint32_t i = 0; i < x->reasons->list.n; i++) {
        const struct diag *g = x->reasons->list.at[i];
        if (g->range.begin < e->before->range.begin || g->range.begin >= e->before->range.end) continue;
        struct src_place at = source_locate(x->tool->diags.sources, g->range.begin);
        out_printf(out, "%s  line %" PRIu32 ": %s [%s]\n", first ? "\n" : "", at.line, g->text, diag_infos[g->id].code);
        first = false;
    }
}

void explain_print_text(const struct explanation *x, struct out *out)
{
    for (uint32_t i = 0; i < x->pipelines.n; i++) {
        const struct explained *e = &x->pipelines.at[i];
        out_printf(out, "%spipeline %s\n", i ? "\n" : "", e->before->name);
        print_totals(e, out);
        print_formulas(e, out);
        print_launches(e, out);
        explain_print_plan(x, e, out);
        print_reasons(x, e, out);
    }
    if (!x->pipelines.n) out_text(out, "there is no pipeline, so there is nothing to fuse\n");
}
