/* work_items.h - arms as lists of work items: which do what an earlier arm has done, and which need not run again.
 *
 * For whoever builds pipelines from lists of operations: buffers, operations and parameters are numbers here, equal ones being the
 * same. An item reads its input and writes its output, all of it. Both calls are linear in the items. */
#ifndef VYREC_PASSES_WORK_ITEMS_H
#define VYREC_PASSES_WORK_ITEMS_H

#include <stdbool.h>

#include "ir/base/vec.h"

struct work_item {
    uint64_t operation, input, output, parameter;
    bool is_function; /* pure, total and deterministic, without atomics: the output follows from input and parameter */
};
struct work_arm {
    const struct work_item *items;
    uint32_t n;
};

/* An item that an earlier arm has too: the same operation, input and output. */
struct work_repeat {
    uint32_t first_arm, late_arm, late_index; /* first_arm: that had it first of all */
};
struct work_report {
    VEC(struct work_repeat) repeats; /* in order; their number is the total. Repeats within one arm are none */
};
void work_items_report(struct work_report *report, struct arena *arena, const struct work_arm *arms, uint32_t n_arms);

struct work_place {
    uint32_t arm, index; /* as given */
};
struct work_drop {
    struct work_place kept, dropped;
};
struct work_result {
    const struct work_arm *arms; /* those given, where nothing is dropped; else lists in `arena`, the order unchanged */
    VEC(struct work_drop) drops;
};
/* Drops an item when one of an earlier arm equals it, parameter included, it is a function, its input is not its output, and neither
 * input nor output was written since. */
void work_items_share(struct work_result *result, struct arena *arena, const struct work_arm *arms, uint32_t n_arms);

#endif
