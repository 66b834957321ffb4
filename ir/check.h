/* check.h - what the files check*.c share: each looks at one family of rules of ir_check_module and reports the user's
 * faults. */
#ifndef VYREC_IR_CHECK_H
#define VYREC_IR_CHECK_H

#include "ir/facts.h"
#include "ir/ops.h"

struct checker {
    struct diags *diags;
    struct arena *arena; /* for tables as large as the program */
    const struct ir_program *program;
    struct ir_uniformity uniformity;
    struct ir_uniformity grid_uniformity; /* computed when the first grid_barrier asks */
    VEC(struct ir_value) values;          /* check_expr.c: of the constant operands seen */
};

/* The expressions of a statement: loads, constant indices, divisors, subgroup operations. */
void check_stmt_exprs(struct checker *c, struct ir_stmt *s);
/* A host expression of a program or pipeline. */
void check_host_expr(struct checker *c, const struct ir_expr *e);
/* What a statement does to memory: stores, atomics, copies, their buffers and indices. */
void check_access(struct checker *c, const struct ir_stmt *s);
/* Buffers and arrays: attributes, bindings, sizes. */
void check_declarations(struct checker *c);
/* The attributes of one buffer. */
void check_attributes(struct checker *c, const struct ir_buffer *b);
/* Plain and atomic access to one buffer without a barrier between. */
void check_atomic_phases(struct checker *c);
void check_pipeline(struct checker *c, const struct ir_pipeline *p);

#endif
