/* plan.h - how a program with barriers runs on a processor without any: as phases between them, each over all invocations of the
 * workgroup before the next begins. Knows nothing of LLVM.
 *
 *   for k in 0u32..8 {                         once per workgroup: the loop contains a barrier
 *     let s = 128u >> k;                       in the phase
 *     if lid.x < s { t[lid.x] = ... }          in the phase
 *     barrier;                                 ends it
 *   }
 *
 * Statements that run once per workgroup are "raised". So are loops without barriers whose rounds have nothing to do with each other: a
 * round of all invocations, then the next, goes through memory in order. The locals their conditions need are scalars of the workgroup, and what defines those is
 * raised too. All other locals belong to invocations; those that several phases use are kept in scratch memory. */
#ifndef VYREC_LLVM_PLAN_H
#define VYREC_LLVM_PLAN_H

#include "ir/base/map.h"
#include "ir/ir.h"

struct plan {
    struct arena *arena;
    const struct ir_program *program;
    bool has_phases;                  /* any barrier at all; without, nothing below is set */
    uint32_t n_launch_phases;         /* 1 + grid barriers */
    bool keeps_alive;                 /* lanes may end before the last phase */
    bool *scalars;                    /* locals by index: one value per workgroup */
    bool *crossing;                   /* locals by index: used in several phases */
    bool *crossing_arrays;            /* arrays by index */
    struct map raised;                /* statement -> key present */
    bool *shared;                     /* lets by index: computed from what all invocations of a workgroup share */
    uint32_t *loop_of_local, n_loops; /* while looking at a loop's body: its number for what is declared in it */
    bool changed, has_raised_while;
    /* while numbering phases */
    uint32_t phase, n_raised_loops;
    uint32_t *phase_of_local, *phase_of_array; /* 1 + the first phase that uses it; 0: none yet */
};

void plan_compute(struct plan *plan, struct arena *arena, const struct ir_program *p);
bool plan_is_raised(const struct plan *plan, const struct ir_stmt *s);
/* A raised let or var that only reads scalars: it runs before the phase around it, instead of splitting it. */
bool plan_is_hoisted(const struct plan *plan, const struct ir_stmt *s);
bool plan_is_scalar(const struct plan *plan, const struct ir_local *local);
bool plan_crosses(const struct plan *plan, const struct ir_local *local);
/* The phase that starts at this statement (which is not raised, or hoisted) ends before the returned one; NULL: with the block. */
struct ir_stmt *plan_phase_end(const struct plan *plan, struct ir_stmt *first);

#endif
