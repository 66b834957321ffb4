/* request.c - see request.h. */
#include "passes/request.h"

#include <string.h>

#include "passes/launches.h"

/* -- the option --------------------------------------------------------------------------------------------- */

void fuse_request_read(struct pass_settings *s, const char *text, struct arena *arena)
{
    struct fuse_request r = {.text = text};
    s->never_fuse = !strcmp(text, "never");
    if (s->never_fuse || !strcmp(text, "auto")) {
        s->fuse.n = 0;
        return;
    }
    for (const char *at = text; *at; at += *at == ',') {
        size_t n = strcspn(at, ",");
        vec_push(arena, &r.arms, arena_copy(arena, at, n));
        at += n;
    }
    vec_push(arena, &s->fuse, r);
}

/* -- which arms are meant ----------------------------------------------------------------------------------- */

static const struct ir_stmt *find_arm(const struct ir_pipeline *p, const char *name)
{
    IR_EACH_STMT(s, &p->body)
    {
        if (s->kind == IR_STMT_ARM && !strcmp(s->arm->name, name)) return s;
    }
    return NULL;
}

static const char *find_missing(const struct ir_pipeline *p, const struct fuse_request *r)
{
    for (uint32_t i = 0; i < r->arms.n; i++)
        if (!find_arm(p, r->arms.at[i])) return r->arms.at[i];
    return NULL;
}

static const char *suggest_arm(const struct ir_module *m, const char *bad, struct arena *arena)
{
    VEC(const char *) names = {0};
    for (uint32_t i = 0; i < m->pipelines.n; i++) {
        IR_EACH_STMT(s, &m->pipelines.at[i]->body)
        {
            if (s->kind == IR_STMT_ARM) vec_push(arena, &names, s->arm->name);
        }
    }
    return diag_nearest(bad, names.at, names.n);
}

static void report_unknown(const struct ir_module *m, const struct fuse_request *r, struct diags *diags,
                           struct arena *arena)
{
    const char *missing = NULL, *why;
    for (uint32_t i = 0; i < r->arms.n && !missing; i++) {
        bool found = false;
        for (uint32_t k = 0; k < m->pipelines.n; k++)
            found |= find_arm(m->pipelines.at[k], r->arms.at[i]) != NULL;
        if (!found) missing = r->arms.at[i];
    }
    why = r->arms.n < 2 ? "it takes at least two"
          : missing     ? arena_printf(arena, "there is no arm '%s'", missing)
                        : "they are in different pipelines";
    struct diag *g = diag_report(diags, DIAG_NO_SUCH_ARMS, SRC_NONE, r->text, why);
    const char *near = missing ? suggest_arm(m, missing, arena) : NULL;
    if (near) diag_add_fix(diags, g, SRC_NONE, NULL, "did you mean '%s'?", near);
}

static struct fuse_wish make_wish(const struct ir_pipeline *p, const struct fuse_request *r, struct arena *arena)
{
    struct fuse_wish w = {r, p, ARENA_ARRAY(arena, struct src_range, r->arms.n)};
    for (uint32_t i = 0; i < r->arms.n; i++)
        w.places[i] = find_arm(p, r->arms.at[i])->range;
    return w;
}

bool fuse_wishes_find(struct fuse_wishes *w, const struct ir_module *m, const struct pass_settings *s,
                      struct diags *diags, struct arena *arena)
{
    bool ok = true;
    for (uint32_t i = 0; i < s->fuse.n; i++) {
        const struct fuse_request *r = &s->fuse.at[i];
        bool found = false;
        for (uint32_t k = 0; k < m->pipelines.n && r->arms.n > 1; k++) {
            if (find_missing(m->pipelines.at[k], r)) continue;
            vec_push(arena, &w->list, make_wish(m->pipelines.at[k], r, arena));
            found = true;
        }
        if (!found) report_unknown(m, r, diags, arena);
        ok &= found;
    }
    return ok;
}

/* -- did they come true? ------------------------------------------------------------------------------------- */

static const struct ir_arm *find_launch(const struct ir_pipeline *p, const char *name)
{
    IR_EACH_STMT(s, &p->body)
    {
        if (s->kind == IR_STMT_ARM && launch_does(s->arm, name)) return s->arm;
    }
    return NULL;
}

static bool overlap(struct src_range a, struct src_range b)
{
    return a.begin < b.end && b.begin < a.end;
}

/* Is a remark about this place, or a place in its notes? */
static bool concerns(const struct diag *why, struct src_range place)
{
    bool found = overlap(why->range, place);
    for (uint32_t i = 0; i < why->notes.n; i++)
        found |= overlap(why->notes.at[i].range, place);
    return found;
}

/* What passes said of both places: all of it, since any of it may be what keeps the arms apart. */
static uint32_t add_reasons(const struct pass_settings *s, struct src_range first, struct src_range second,
                            struct diags *diags, struct diag *g)
{
    uint32_t n = 0;
    for (uint32_t i = 0; s->reasons && i < s->reasons->list.n; i++) {
        const struct diag *why = s->reasons->list.at[i];
        if (!concerns(why, first) || !concerns(why, second)) continue;
        diag_add_note(diags, g, why->range, "%s", why->text);
        for (uint32_t k = 0; k < why->notes.n; k++)
            diag_add_note(diags, g, why->notes.at[k].range, "%s", why->notes.at[k].text);
        if (!n++ && why->fix && *why->fix) diag_add_fix(diags, g, SRC_NONE, NULL, "%s", why->fix);
    }
    return n;
}

/* A look of the host, or an exchange with other machines, between two arms of the text. */
static const struct ir_stmt *find_boundary(const struct fuse_wish *w, struct src_range first, struct src_range second)
{
    IR_EACH_STMT(s, &w->pipeline->body)
    {
        if (s->kind != IR_STMT_ARM && s->range.begin > first.begin && s->range.begin < second.begin) return s;
    }
    return NULL;
}

static void report(const struct fuse_wish *w, uint32_t at, const struct pass_settings *s, struct diags *diags)
{
    struct src_range first = w->places[0], second = w->places[at];
    struct diag *g = diag_report(diags, DIAG_FUSE_IMPOSSIBLE, second, w->request->arms.at[0], w->request->arms.at[at],
                                 w->request->text);
    bool in_order = first.begin < second.begin;
    const struct ir_stmt *boundary = find_boundary(w, in_order ? first : second, in_order ? second : first);
    if (boundary)
        diag_add_note(diags, g, boundary->range, "the host or other machines look at buffers between them");
    else if (!add_reasons(s, first, second, diags, g) && !add_reasons(s, second, second, diags, g))
        diag_add_note(diags, g, SRC_NONE, "no pass that fuses arms got to them: see --print-passes");
}

bool fuse_wishes_check(const struct fuse_wishes *w, const struct pass_settings *s, struct diags *diags)
{
    bool ok = true;
    for (uint32_t i = 0; i < w->list.n; i++) {
        const struct fuse_wish *wish = &w->list.at[i];
        const struct ir_arm *first = find_launch(wish->pipeline, wish->request->arms.at[0]);
        for (uint32_t k = 1; k < wish->request->arms.n; k++) {
            if (first && find_launch(wish->pipeline, wish->request->arms.at[k]) == first) continue;
            report(wish, k, s, diags);
            ok = false;
            break;
        }
    }
    return ok;
}
