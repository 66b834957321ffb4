/* lone_temp.h - temps that one arm alone uses, and how such a temp leaves the arm's program: what is only seen there need not be in
 * memory. */
#ifndef VYREC_PASSES_LONE_TEMP_H
#define VYREC_PASSES_LONE_TEMP_H

#include "ir/ir.h"

/* Who uses a buffer of a pipeline. */
struct temp_user {
    struct ir_arm *arm; /* the last one */
    struct ir_buffer *formal;
    uint32_t n_args;
    bool elsewhere; /* shown to the host or to other machines, or its length is needed */
};
struct temp_users {
    struct temp_user *list; /* by index of the pipeline's buffers, temps included */
    struct map n_arms;      /* program -> number of arms, in all pipelines */
};

void temp_users_find(struct temp_users *users, struct arena *arena, struct ir_pipeline *p);
/* Was the program made for this one arm, so that it may be changed? */
bool temp_users_own_program(const struct temp_users *users, const struct ir_program *p);

/* A temp on its way out of the program. */
struct lone_temp {
    struct ir_module *m;
    struct ir_program *p;
    struct ir_arm *arm;
    struct ir_buffer *temp, *formal;
    struct ir_param *length; /* NULL until it is needed */
};

/* A name that nothing in the program has: the one that is wanted, or with a number behind it. */
const char *lone_temp_name(const struct lone_temp *t, const char *wanted);
/* A new param of the program, with what the arm gives for it. */
struct ir_param *lone_temp_add_param(struct lone_temp *t, const char *name, struct ir_expr *value);
/* The number of elements that the temp would have: a constant, or a param that the host computes. */
struct ir_expr *lone_temp_length(struct lone_temp *t);
/* Nothing in the program looks at it any more. */
void lone_temp_remove(struct lone_temp *t);
/* Of the pipeline: `gone` by position among its temps. Returns how many. */
uint32_t lone_temps_remove(struct ir_pipeline *p, const bool *gone);

#endif
