/* bounds_guard.h - what the conditions around an access say of its index, also of variables that are not assigned since. */
#ifndef VYREC_PASSES_BOUNDS_GUARD_H
#define VYREC_PASSES_BOUNDS_GUARD_H

#include "ir/facts.h"
#include "passes/bounds_length.h"
#include "passes/value_range.h"

struct bounds_guards {
    struct ir_liveness order;       /* for the positions of statements */
    const struct ir_expr **lets;    /* by index of a local: what a let is; or NULL */
    struct position_list *assigned; /* by index of a local: where, in order */
    struct bounds_lengths lengths;
};
/* `arms`: see bounds_length.h. The ranges are looked at when the guards are asked. */
void bounds_guards_find(struct bounds_guards *g, struct arena *arena, const struct ir_program *p,
                        const struct ir_ranges *ranges, const struct arm_list *arms);
bool bounds_is_guarded(const struct bounds_guards *g, const struct ir_stmt *s, const struct ir_expr *index,
                       const struct ir_buffer *b);
/* The greatest value that an expression of a statement can have: what its range and the conditions around say of it, or of what it is
 * the sum or product of. */
uint64_t bounds_most_of(const struct bounds_guards *g, const struct value_ranges *r, const struct ir_stmt *s,
                        const struct ir_expr *e);

#endif
