/* host_size.h - sizes of arms, as host expressions over the lengths and params of their pipeline. */
#ifndef VYREC_PASSES_HOST_SIZE_H
#define VYREC_PASSES_HOST_SIZE_H

#include "ir/ir.h"

/* What the arm gives for a buffer or param of its program. */
struct ir_buffer *arm_buffer(const struct ir_arm *arm, const struct ir_buffer *formal);
const struct ir_expr *arm_value(const struct ir_arm *arm, const struct ir_param *formal);

/* A host expression of the program in terms of the pipeline; lengths of temps become what they are computed from. */
struct ir_expr *host_size_of_arm(struct ir_module *m, const struct ir_arm *arm, const struct ir_expr *e);
/* The invocations that the arm asks for in dimension 0 to 2, in terms of the pipeline. */
struct ir_expr *host_size_dispatch(struct ir_module *m, const struct ir_arm *arm, uint32_t dimension);
/* The elements of a buffer of the pipeline, likewise. */
struct ir_expr *host_size_length(struct ir_module *m, struct ir_buffer *b);
/* Is a size provably at least `whole`, both in terms of one pipeline or program? */
bool host_size_reaches(const struct ir_expr *size, const struct ir_expr *whole);
/* Does the arm provably write every element of the buffer that it gives for a `write` formal, so that its zeros do not show? */
bool host_size_is_covered(struct ir_module *m, const struct ir_arm *arm, const struct ir_buffer *formal);
/* ceil(e / by). */
struct ir_expr *host_size_ceil(struct ir_module *m, struct ir_expr *e, uint32_t by);

#endif
