/* chunk_shift.h - whether a unit computes the same where the ids of a chunk begin anew: then its data may be longer than ids reach.
 *
 *     chunk_shift.c        weights of grids and buffers; the statements
 *     chunk_shift_value.c  what each operation makes of positions */
#ifndef VYREC_PASSES_CHUNK_SHIFT_H
#define VYREC_PASSES_CHUNK_SHIFT_H

#include "ir/chunks.h"

/* An arm of the unit. */
struct chunk_shift_arm {
    const struct ir_program *program;
    const uint32_t *actual;                 /* per buffer of the program: which of the unit's it is */
    const struct ir_expr *const *arguments; /* per param of the program, in terms of the unit; NULL: the unit's own */
};

/* Needs the windows and roles of `c`; sets what it says of steps, or `near_only`. */
void chunk_shift_find(struct ir_chunks *c, const struct ir_module *m, const struct chunk_shift_arm *arms,
                      struct arena *scratch);

/* A conversion of a position to 64 bits, which is to count from the beginning of the data. */
struct chunk_shift_wide {
    const struct ir_expr *cast;
    uint64_t weight; /* it grows by this with each step */
};
struct chunk_shift_wides {
    VEC(struct chunk_shift_wide) list;
};
/* Those in the program of an arm, or in a copy of it: `arm->program` says which. */
void chunk_shift_find_wides(const struct ir_chunks *c, uint32_t index, const struct chunk_shift_arm *arm,
                            struct arena *scratch, struct chunk_shift_wides *wides);

#endif
