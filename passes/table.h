/* table.h - passes.def as a table, and what pass.c and manager.c share. Not for passes. */
#ifndef VYREC_PASSES_TABLE_H
#define VYREC_PASSES_TABLE_H

#include "passes/pass.h"

struct pass_info {
    const char *name;
    enum pass_scope scope;
    uint32_t needs, keeps; /* enum pass_fact_set */
    const char *help;
    /* One of the three, by scope. */
    enum pass_result (*on_module)(struct pass_run *run, struct ir_module *m);
    enum pass_result (*on_pipeline)(struct pass_run *run, struct ir_pipeline *p);
    enum pass_result (*on_program)(struct pass_run *run, struct ir_program *p);
};
extern const struct pass_info pass_infos[PASS_COUNT];

/* The pass of this name, or PASS_COUNT. */
enum pass_id pass_find(const char *name, size_t n);
/* Does the extended regular expression (NULL: none) match in the name? */
bool pass_name_matches(const char *expression, enum pass_id id, struct memory *mem);

struct pass_counter {
    enum pass_id pass;
    const char *what;
    uint64_t n;
};
struct pass_counters {
    struct arena *arena;
    VEC(struct pass_counter) list;
};

#endif
