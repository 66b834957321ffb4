/* access_collect.h - the accesses of a program, in the order of the text, before anything is known of them. Knows nothing of isl. */
#ifndef VYREC_PASSES_ACCESS_COLLECT_H
#define VYREC_PASSES_ACCESS_COLLECT_H

#include "passes/access.h"

bool access_is_followed(const struct ir_buffer *b);
/* Of a statement: first the loads in its expressions, then what it does itself. */
void access_collect(struct access_facts *facts, struct arena *arena);

#endif
