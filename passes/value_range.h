/* value_range.h - between which numbers the values of a program lie, whatever is in memory: proofs. Variables have what all their
 * assignments together may give them, and what a data table gives is what stands in it. Linear in the program and in the tables that it
 * reads. */
#ifndef VYREC_PASSES_VALUE_RANGE_H
#define VYREC_PASSES_VALUE_RANGE_H

#include "ir/range.h"

/* What stands in the tables of a module, found out when it is asked for. */
struct table_ranges {
    struct ir_range *ranges; /* by index of the data */
    bool *known;
};
void table_ranges_init(struct table_ranges *t, struct arena *arena, const struct ir_module *m);

struct value_ranges {
    struct ir_ranges known;
    bool *loaded; /* by index of a local: made of what was loaded */
};
void value_ranges_compute(struct value_ranges *r, struct arena *arena, const struct ir_program *p,
                          struct table_ranges *tables);
static inline struct ir_range value_range_of(const struct value_ranges *r, const struct ir_expr *e)
{
    return ir_range_of(&r->known, e);
}
/* Is it made of what is loaded, here or before? */
bool value_is_loaded(const struct value_ranges *r, const struct ir_expr *e);

#endif
