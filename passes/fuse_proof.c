/* fuse_proof.c - what the access facts know of a buffer that two arms touch at other elements than gid.x.
 *
 * Looked at only where the cheap look of program_uses.c says "whole grid". The solver of the pipeline bounds them all, so that a thousand
 * arms stay linear. */
#include "passes/access.h"
#include "passes/fusion.h"

enum { MAX_PROVED_STMTS = 200, MAX_PROVED_MEMBERS = 8 };

/* The worst that lies between a member and the new arm because of one buffer, under all names that they have for it. */
static enum access_hazard find_hazard(const struct access_facts *first, const struct access_facts *second,
                                      const struct ir_buffer *actual)
{
    enum access_hazard worst = ACCESS_HAZARD_NONE;
    for (uint32_t i = 0; i < first->arm->program->buffers.n; i++) {
        if (first->arm->args.at[i].buffer != actual) continue;
        for (uint32_t k = 0; k < second->arm->program->buffers.n && worst != ACCESS_HAZARD_GRID; k++) {
            if (second->arm->args.at[k].buffer != actual) continue;
            struct access_conflict c = access_find_conflict(first, first->arm->args.at[i].formal_buffer, second,
                                                            second->arm->args.at[k].formal_buffer);
            if (c.hazard > worst) worst = c.hazard;
        }
    }
    return worst;
}

static bool has_buffer(const struct ir_arm *arm, const struct ir_buffer *actual)
{
    for (uint32_t i = 0; i < arm->program->buffers.n; i++)
        if (arm->args.at[i].buffer == actual) return true;
    return false;
}

static enum hazard worst_of(enum hazard worst, enum access_hazard h)
{
    static const enum hazard as[] = {
        [ACCESS_HAZARD_NONE] = HAZARD_NONE,
        [ACCESS_HAZARD_INVOCATION] = HAZARD_INVOCATION,
        [ACCESS_HAZARD_WORKGROUP] = HAZARD_WORKGROUP,
        [ACCESS_HAZARD_GRID] = HAZARD_GRID,
    };
    return as[h] > worst ? as[h] : worst;
}

/* Are there too many, or too large arms? */
static bool is_too_much(const struct fuse_group *g, const struct fuse_member *new, const struct ir_buffer *actual)
{
    uint32_t n = 0;
    bool large = new->uses->n_stmts > MAX_PROVED_STMTS;
    for (uint32_t i = 0; i < g->members.n; i++) {
        if (!has_buffer(g->members.at[i].stmt->arm, actual)) continue;
        large |= g->members.at[i].uses->n_stmts > MAX_PROVED_STMTS;
        n++;
    }
    return large || n > MAX_PROVED_MEMBERS;
}

enum hazard fuse_prove_hazard(const struct fuse_group *g, const struct fuse_member *new, const struct ir_buffer *actual)
{
    enum hazard worst = HAZARD_NONE;
    if (is_too_much(g, new, actual)) return HAZARD_GRID;
    struct access_solver *solver = g->solver;
    access_solver_begin(solver);
    const struct access_facts *second = access_of_arm(solver, g->pipeline, new->stmt->arm);
    for (uint32_t i = 0; i < g->members.n && worst != HAZARD_GRID; i++) {
        const struct ir_arm *arm = g->members.at[i].stmt->arm;
        if (!has_buffer(arm, actual)) continue;
        worst = worst_of(worst, find_hazard(access_of_arm(solver, g->pipeline, arm), second, actual));
    }
    if (access_solver_is_exhausted(solver)) worst = HAZARD_GRID;
    return worst;
}
