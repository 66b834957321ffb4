/* bounds_length.h - what conditions that compare with parts of lengths say: of a program alone, and of one that only pipelines run
 * (#[internal]) also what all arms that run it give for its lengths and params. */
#ifndef VYREC_PASSES_BOUNDS_LENGTH_H
#define VYREC_PASSES_BOUNDS_LENGTH_H

#include "ir/base/map.h"
#include "ir/range.h"

/* Who runs the programs of a module that only pipelines run. */
struct program_runs {
    struct arena *arena;
    struct map arms; /* program -> its struct arm_list */
};
void program_runs_find(struct program_runs *r, struct arena *arena, const struct ir_module *m);

struct arm_list {
    VEC(const struct ir_arm *) all;
};

struct bounds_lengths {
    const struct ir_expr *const *lets; /* by index of a local: what a let is, or NULL */
    const struct ir_ranges *ranges;
    const struct arm_list *arms; /* that run the program, and nobody else does; NULL: anybody may */
};

/* Where small < great: is index < len(b)? */
bool bounds_follow(const struct bounds_lengths *l, const struct ir_expr *small, const struct ir_expr *great,
                   const struct ir_expr *index, const struct ir_buffer *b);

#endif
