/* range.h - between which numbers the values of unsigned expressions lie: the arithmetic of intervals, for proofs and for advice. What
 * an arithmetic operation gives that may wrap around is anything of its type in a proof; advice, and errors about likely faults, suppose
 * that nothing wraps. */
#ifndef VYREC_IR_RANGE_H
#define VYREC_IR_RANGE_H

#include "ir/ir.h"

struct ir_range {
    uint64_t low, high; /* both included; of values of signed, float and vector types nothing is known */
};

enum ir_range_rule {
    IR_RANGE_PROVED,
    IR_RANGE_SUPPOSED,
};

/* What is known of a program's values. */
struct ir_ranges {
    const struct ir_program *program;
    enum ir_range_rule rule;
    struct ir_range *locals; /* by index; at first anything of their types */
    /* What stands in a data table; NULL: anything of its type. */
    struct ir_range (*table)(void *ctx, const struct ir_data *);
    void *ctx;
};

bool ir_range_is_followed(ir_type type);
struct ir_range ir_range_whole(ir_type type);
static inline struct ir_range ir_range_exactly(uint64_t value)
{
    return (struct ir_range){value, value};
}
/* The least range that has both in it. */
struct ir_range ir_range_join(struct ir_range a, struct ir_range b);
static inline bool ir_range_meets(struct ir_range a, struct ir_range b)
{
    return a.low <= b.high && b.low <= a.high;
}

void ir_ranges_init(struct ir_ranges *r, struct arena *arena, const struct ir_program *p, enum ir_range_rule rule);
struct ir_range ir_range_of(const struct ir_ranges *r, const struct ir_expr *e);
/* Of the variable of a loop, in its rounds: it is below the end in each. */
struct ir_range ir_range_of_loop(const struct ir_ranges *r, const struct ir_stmt *loop);

#endif
