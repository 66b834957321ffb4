/* told.h - may a trap be told, and its invocation go on? Processors keep no masks then of who has ended, from phase to phase and for
 * stores.
 *
 * Of all traps of a launch the one of the earliest arm counts, and of that arm's the lowest invocation's, with its code. An invocation
 * that goes on computes what nobody specifies, in buffers that nobody may rely on after a trap. So it may where
 *
 *   1. a later trap of the same invocation and arm has the same code;
 *   2. nothing of what it writes decides about a trap of its own arm or an earlier one: those of later arms do not count any more;
 *   3. nor do lanes that would not have taken part in a subgroup operation;
 *   4. what follows, in any invocation, ends soon, whatever the data are.
 *
 * An invocation of a launch does the work of an earlier arm before that of a later one, and that of an arm's lower invocations first:
 * what it goes on with comes later by that order, or is the same invocation's. By induction over the order the first trap is the
 * same. Indices are compared with lengths wherever they come from. */
#ifndef VYREC_PASSES_TOLD_H
#define VYREC_PASSES_TOLD_H

#include "ir/ir.h"

enum told_refusal {
    TOLD_FINE,
#define TOLD(NAME, why, edit) TOLD_##NAME,
#include "passes/told.def"
};

struct told_proof;

/* Looks at the program once; it must not change until the last question. */
struct told_proof *told_begin(const struct ir_program *p, struct arena *scratch);
/* `trap` may end an invocation: a TRAP, or a WHILE. */
enum told_refusal told_check(struct told_proof *t, const struct ir_stmt *trap);
/* All traps of the program. */
bool told_check_all(const struct ir_program *p, struct arena *scratch);

const char *told_refusal_why(enum told_refusal r);
const char *told_refusal_edit(enum told_refusal r);

#endif
