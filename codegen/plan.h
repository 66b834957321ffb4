/* plan.h - the launch plan of a pipeline as an object carries it: what each launch waits for, and which temps share
 * memory. */
#ifndef VYREC_CODEGEN_PLAN_H
#define VYREC_CODEGEN_PLAN_H

#include "ir/ir.h"

struct plan_launch {
    const struct ir_arm *arm;
    VEC(uint32_t) deps; /* earlier launches, in the order of the text, that must have ended */
};

struct plan {
    VEC(struct plan_launch) launches;
    uint32_t *slots; /* per temp: temps of one slot are never alive at once */
    uint32_t n_slots;
};

/* Linear in the arguments of all arms, but for choosing among slots that are free. */
void plan_find(const struct ir_pipeline *p, struct arena *arena, struct plan *plan);

#endif
