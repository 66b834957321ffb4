/* plan_stages.h - the arms of a pipeline as stages of the launch planner: input is what an arm reads, output what it writes, scratch the
 * memory of one workgroup; arms of one workgroup shape have one layout. */
#ifndef VYREC_PASSES_PLAN_STAGES_H
#define VYREC_PASSES_PLAN_STAGES_H

#include "ir/ir.h"
#include "passes/plan_launches.h"

struct plan_stages {
    VEC(struct plan_stage) list; /* ids count from 1 */
    VEC(const struct ir_arm *) arms;
};

/* `lens`: elements by index of buffers, then temps. */
void plan_stages_find(const struct ir_pipeline *p, const uint64_t *lens, struct arena *arena,
                      struct plan_stages *stages);
/* Fills in those of temps, from what is known of buffers and params (by index). The temp whose count is none; NULL: all have one. */
const struct ir_buffer *plan_stages_size_temps(const struct ir_pipeline *p, uint64_t *lens, const uint64_t *params);

#endif
