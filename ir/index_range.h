/* index_range.h - the values that an unsigned expression can take, supposing that nothing wraps. For advice and for
 * errors about likely faults, not for proofs. */
#ifndef VYREC_IR_INDEX_RANGE_H
#define VYREC_IR_INDEX_RANGE_H

#include "ir/ir.h"

struct index_range {
    uint64_t low, high; /* both included */
};

struct index_ranges {
    const struct ir_program *program;
    struct index_range *locals; /* by index: filled as declarations are passed in the order of the text */
};

void index_ranges_init(struct index_ranges *r, struct arena *arena, const struct ir_program *p);
/* Notes what a LET or FOR defines. Variables can be anything. */
void index_ranges_pass(struct index_ranges *r, const struct ir_stmt *s);
struct index_range index_range_of(const struct index_ranges *r, const struct ir_expr *e);
static inline bool index_ranges_meet(struct index_range a, struct index_range b)
{
    return a.low <= b.high && b.low <= a.high;
}

#endif
