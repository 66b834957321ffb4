/* traps.h - can a program trap? */
#ifndef VYREC_IR_TRAPS_H
#define VYREC_IR_TRAPS_H

#include "ir/ir.h"

/* False when a `while` is known to end before it has used up its `max` rounds. */
bool ir_while_may_trap(const struct ir_stmt *loop);
/* May it end the invocation? Not where that goes on behind the loop. */
bool ir_while_may_end(const struct ir_stmt *loop);
/* A TRAP, or such a loop. */
bool ir_stmt_may_end(const struct ir_stmt *s);
/* Does the statement tell a trap, or may it? */
bool ir_stmt_may_trap(const struct ir_stmt *s);
/* True when there is a `trap`, a `tell`, or a `while` that may. */
bool ir_program_may_trap(const struct ir_program *p);

#endif
