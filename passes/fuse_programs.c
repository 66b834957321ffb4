/* fuse_programs.c - several arms of a pipeline in one launch: docs/passes.md has the rules, and the names of refusals.
 *
 *   arm first  = scale(from: a, to: t);
 *   arm second = shift(from: t, to: b);      =>      arm first_and_second = p_first_and_second(a: a, t: t, b: b);
 *
 * From the first arm to the last, each joins the launch of those before it when everything that a complete launch of its own would
 * do is proved to stay; fusion.h has the parts. Linear in arms and statements. */
#include <string.h>

#include "ir/build.h"
#include "ir/ops.h"
#include "passes/fusion.h"
#include "passes/manager.h"

enum { PROOF_OPERATIONS = ACCESS_DEFAULT_OPERATIONS / 4 };

static const char *const refusal_names[] = {[FUSE_ALLOWED] = "",
#define ROW(NAME, text, fix) [FUSE_##NAME] = text,
                                            FUSE_REFUSALS(ROW)
#undef ROW
};
static const char *const refusal_fixes[] = {[FUSE_ALLOWED] = "",
#define ROW(NAME, text, fix) [FUSE_##NAME] = fix,
                                            FUSE_REFUSALS(ROW)
#undef ROW
};

struct fuser {
    struct pass_run *run;
    struct ir_pipeline *p;
    struct map uses; /* program -> struct program_uses */
    bool *touched;   /* by index of buffers: by what stands before the group */
    struct fuse_group group;
    struct access_solver *solver;
    bool changed;
};

static const struct program_uses *get_uses(struct fuser *f, struct ir_program *p)
{
    struct program_uses *uses = map_find(&f->uses, p);
    if (uses) return uses;
    uses = ARENA_NEW(f->run->scratch, struct program_uses);
    program_uses_compute(uses, f->run->scratch, p);
    map_set(&f->uses, p, uses);
    return uses;
}

/* -- remarks ----------------------------------------------------------------------------------------------- */

static void add_places(struct fuser *f, struct diag *g, const struct fuse_reason *why, const struct ir_stmt *earlier)
{
    diag_add_note(f->run->diags, g, earlier->range, "arm '%s' is here", earlier->arm->name);
    if (why->there.end) diag_add_note(f->run->diags, g, why->there, "%s", why->there_text);
    if (why->here.end) diag_add_note(f->run->diags, g, why->here, "%s", why->here_text);
    diag_add_fix(f->run->diags, g, SRC_NONE, NULL, "%s", refusal_fixes[why->refusal]);
}

static void report_refusal(struct fuser *f, const struct ir_stmt *s, const struct fuse_reason *why)
{
    const struct ir_stmt *earlier = why->earlier ? why->earlier : f->group.members.at[f->group.members.n - 1].stmt;
    struct diag *g = pass_remark_missed(f->run, DIAG_NOT_FUSED, s->range, s->arm->name, earlier->arm->name,
                                        refusal_names[why->refusal], why->text);
    add_places(f, g, why, earlier);
    pass_note_stakes(f->run, g, f->p, earlier->arm, s->arm);
}

static void report_fused(struct fuser *f, const struct ir_arm *arm)
{
    const struct fuse_group *g = &f->group;
    const struct ir_stmt *last = g->members.at[g->members.n - 1].stmt;
    struct diag *d = pass_remark_done(f->run, DIAG_FUSED, g->members.at[0].stmt->range,
                                      g->members.at[0].stmt->arm->name, last->arm->name, arm->name);
    for (uint32_t i = 1; i < g->members.n; i++)
        diag_add_note(f->run->diags, d, g->members.at[i].stmt->range, "with arm '%s'",
                      g->members.at[i].stmt->arm->name);
}

/* -- groups ------------------------------------------------------------------------------------------------ */

static void touch(struct fuser *f, const struct ir_arm *arm)
{
    for (uint32_t i = 0; i < arm->program->buffers.n; i++)
        f->touched[arm->args.at[i].buffer->index] = true;
}

static void end_group(struct fuser *f)
{
    for (uint32_t i = 0; i < f->group.members.n; i++)
        touch(f, f->group.members.at[i].stmt->arm);
    if (f->group.members.n > 1) {
        pass_count(f->run, "launches saved", f->group.members.n - 1);
        report_fused(f, fuse_build(&f->group));
        f->changed = true;
    }
    fuse_group_init(&f->group, f->run, f->p, f->touched, f->solver);
}

static void take_arm(struct fuser *f, struct ir_stmt *s)
{
    const struct program_uses *uses = get_uses(f, s->arm->program);
    struct fuse_reason why = fuse_group_add(&f->group, s, uses);
    if (!why.refusal) return;
    report_refusal(f, s, &why);
    pass_count(f->run, refusal_names[why.refusal], 1);
    end_group(f);
    fuse_group_add(&f->group, s, uses);
}

/* What the host or other ranks see ends a launch. */
static void take_boundary(struct fuser *f, const struct ir_stmt *s)
{
    end_group(f);
    if (s->kind == IR_STMT_HOST) f->touched[s->host.buffer->index] = true;
    if (s->kind == IR_STMT_COLLECTIVE) {
        f->touched[s->collective.dst->index] = true;
        if (s->collective.src) f->touched[s->collective.src->index] = true;
    }
}

enum pass_result fuse_programs(struct pass_run *run, struct ir_pipeline *p)
{
    struct fuser f = {.run = run, .p = p};
    if (p->body.first == p->body.last) return PASS_SKIPPED;
    f.solver = access_solver_new(run->scratch, PROOF_OPERATIONS);
    map_init(&f.uses, run->scratch);
    f.touched = ARENA_ARRAY(run->scratch, bool, p->buffers.n + p->temps.n + 1);
    fuse_group_init(&f.group, run, p, f.touched, f.solver);
    for (struct ir_stmt *s = p->body.first, *next; s; s = next) {
        next = s->next;
        if (s->kind == IR_STMT_ARM)
            take_arm(&f, s);
        else
            take_boundary(&f, s);
    }
    end_group(&f);
    access_solver_free(f.solver);
    return f.changed ? PASS_CHANGED : PASS_UNCHANGED;
}
