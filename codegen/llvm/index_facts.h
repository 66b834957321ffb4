/* index_facts.h - what the text of an index tells: a power of two that divides it, and how far it lies from another. Numbers are modulo 2^32, as
 * indices are, which keeps both. Knows nothing of LLVM. */
#ifndef VYREC_LLVM_INDEX_FACTS_H
#define VYREC_LLVM_INDEX_FACTS_H

#include "ir/ir.h"

struct index_facts {
    const struct ir_stmt **definitions; /* by local index: its LET or FOR, the only one; NULL: not known */
};
void index_facts_find(struct index_facts *f, struct arena *arena, const struct ir_program *p);
/* The value is a multiple of 2 to this power; at most the width of its type, which 0 has. */
uint32_t index_zeros(const struct index_facts *f, const struct ir_expr *e);

/* root + offset. Two indices in one run of statements with equal roots differ by what their offsets do. */
struct index_form {
    const struct ir_expr *root; /* NULL: 0 */
    uint32_t offset;
    uint32_t zeros; /* the root is a multiple of 2 to this power */
};
/* False: its parts may change between one place and another. */
bool index_form_of(const struct index_facts *f, const struct ir_expr *e, struct index_form *form);
bool index_roots_equal(const struct index_form *a, const struct index_form *b);

#endif
