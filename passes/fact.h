/* fact.h - the cache of facts: see pass.h for how a pass asks. */
#ifndef VYREC_PASSES_FACT_H
#define VYREC_PASSES_FACT_H

#include "passes/pass.h"

struct pass_facts {
    struct arena arena;                /* of everything computed */
    struct map known[PASS_FACT_COUNT]; /* program -> fact */
    VEC(struct ir_program *) programs; /* that any fact is known of, in order of asking */
    struct map listed;
};

void pass_facts_init(struct pass_facts *f, struct memory *mem);
void pass_facts_release(struct pass_facts *f);
const void *pass_facts_get(struct pass_facts *f, enum pass_fact fact, struct ir_program *p);
/* Forgets what is not in `keeps` about a program; NULL: about all. */
void pass_facts_drop(struct pass_facts *f, const struct ir_program *p, uint32_t keeps);
/* Recomputes what is known; the first fact that is not as it was told, or PASS_FACT_COUNT, and of which program. */
enum pass_fact pass_facts_check(struct pass_facts *f, const struct ir_program **of);
extern const char *const pass_fact_names[PASS_FACT_COUNT];

#endif
