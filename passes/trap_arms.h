/* trap_arms.h - whose traps a program tells that stands for several arms (struct ir_told). */
#ifndef VYREC_PASSES_TRAP_ARMS_H
#define VYREC_PASSES_TRAP_ARMS_H

#include "ir/ir.h"

/* How many arms' traps the program tells: its own, or those of the arms that it stands for. */
uint32_t trap_arms_count(const struct ir_program *p);
/* `p` tells the traps of this arm too. Returns the number of the first arm that this one stands for. */
uint32_t trap_arms_add(struct ir_module *m, struct ir_program *p, const struct ir_arm *arm);
/* What the statement tells, if it may trap, else NULL. */
struct ir_told *trap_arms_told(struct ir_stmt *s);
/* In a body that was copied: the numbers of the arms begin at `first`. */
void trap_arms_shift(struct ir_block *body, uint32_t first);

#endif
