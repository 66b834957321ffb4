/* traps.h - can a program trap? */
#ifndef VYREC_PASSES_TRAPS_H
#define VYREC_PASSES_TRAPS_H

#include "ir/ir.h"

/* True when there is a `trap`, or a `while` that may reach its `max`. */
bool program_may_trap(const struct ir_program *p);

#endif
