/* bounds.h - indices that are always below the length of what they are used on.
 *
 * `b[i, in_bounds]` claims that, so that no code compares them. Whatever makes a claim, the pass drop_bounds_checks or a user, it is
 * proved from the text of its program, and of all arms that run it where nobody else may, for every launch that is not refused: what a
 * tool reads it proves again. The interpreter looks at each all the same. */
#ifndef VYREC_PASSES_BOUNDS_H
#define VYREC_PASSES_BOUNDS_H

#include "passes/bounds_length.h"
#include "passes/value_range.h"

struct access;

enum bounds_reason {
    BOUNDS_PROVED,
    BOUNDS_LOADED,  /* the index is made of what is loaded */
    BOUNDS_UNKNOWN, /* nothing that is known of it is below the length */
};
struct bounds_finding {
    const struct access *access;
    enum bounds_reason reason;
};
struct bounds_findings {
    VEC(struct bounds_finding) all; /* of loads, stores and atomics, in the order of the text */
};

/* Of a module, program after program in their order: what was found is a question of what came before, since all together have so many
 * operations of the library of integer sets. */
struct bounds_prover {
    struct arena *arena;
    struct table_ranges tables;
    struct program_runs runs;
    unsigned long operations_left;
};
void bounds_prover_init(struct bounds_prover *p, struct arena *arena, const struct ir_module *m);
/* Linear in the program times its arrays, apart from the library. The findings live in the prover's arena. */
void bounds_prove(struct bounds_prover *prover, const struct ir_program *program, struct bounds_findings *f);

/* Of an access: the claim, to be read and set. */
bool *bounds_claim_of(const struct access *a);
/* Takes all claims of a program back. */
void bounds_forget(struct ir_program *p);
/* Proves the claims of a module that was read; reports those that are not proved, and is false then. */
bool bounds_check_claims(struct ir_module *m, struct diags *diags, struct arena *arena);

#endif
