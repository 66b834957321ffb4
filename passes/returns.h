/* returns.h - a body without `return`, so that something can follow it. */
#ifndef VYREC_PASSES_RETURNS_H
#define VYREC_PASSES_RETURNS_H

#include "ir/ir.h"

/* Rewrites the block, a whole body, so that every way through it ends at its end. Adds at most as many levels of nesting as it has
 * returns. */
void returns_remove(struct ir_program *p, struct ir_block *body);

#endif
