/* bounds_guard.h - accesses that stand where a condition has said `index < len(b)`, also of variables that are not assigned since. */
#ifndef VYREC_PASSES_BOUNDS_GUARD_H
#define VYREC_PASSES_BOUNDS_GUARD_H

#include "ir/facts.h"

struct bounds_guards {
    struct ir_liveness order;       /* for the positions of statements */
    const struct ir_expr **lets;    /* by index of a local: what a let is; or NULL */
    struct position_list *assigned; /* by index of a local: where, in order */
};
void bounds_guards_find(struct bounds_guards *g, struct arena *arena, const struct ir_program *p);
bool bounds_is_guarded(const struct bounds_guards *g, const struct ir_stmt *s, const struct ir_expr *index,
                       const struct ir_buffer *b);

#endif
