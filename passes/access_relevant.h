/* access_relevant.h - which statements of a program have a say in what it touches of a buffer: accesses, jumps, and what their indices
 * and conditions are made of. The walk of access.c looks at no others: most of a program computes data. Knows nothing of isl. */
#ifndef VYREC_PASSES_ACCESS_RELEVANT_H
#define VYREC_PASSES_ACCESS_RELEVANT_H

#include "ir/ir.h"

struct access_relevance {
    bool *locals; /* by index */
    struct map stmts;
    bool all; /* too entangled to tell */
};

void access_relevance_compute(struct access_relevance *r, struct arena *arena, const struct ir_program *p,
                              const struct ir_buffer *buffer);
bool access_is_relevant(const struct access_relevance *r, const struct ir_stmt *s);

#endif
