/* traps.h - can a program trap? */
#ifndef VYREC_IR_TRAPS_H
#define VYREC_IR_TRAPS_H

#include "ir/ir.h"

/* False when a `while` is known to end before it has used up its `max` rounds. */
bool ir_while_may_trap(const struct ir_stmt *loop);
/* True when there is a `trap`, or a `while` that may. */
bool ir_program_may_trap(const struct ir_program *p);

#endif
