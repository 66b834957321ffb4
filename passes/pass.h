/* pass.h - what a pass sees of the manager: facts, remarks, numbers to count, its own options.
 *
 * A pass is one file with one exported function, named as its row in passes.def:
 *
 *   enum pass_result dead_arms(struct pass_run *run, struct ir_pipeline *p);
 *
 * It looks cheaply whether there is anything for it, answers PASS_SKIPPED if not, and else says whether it changed something.
 * What it cannot prove it leaves alone, with a remark. It never reports errors and never fails. Memory that outlives the call
 * comes from the module's arena, all else from run->scratch, which is released after the call. */
#ifndef VYREC_PASSES_PASS_H
#define VYREC_PASSES_PASS_H

#include "ir/facts.h"
#include "ir/ir.h"

enum pass_result { PASS_SKIPPED, PASS_UNCHANGED, PASS_CHANGED };
enum pass_scope { PASS_SCOPE_MODULE, PASS_SCOPE_PIPELINE, PASS_SCOPE_PROGRAM };

enum pass_fact {
#define FACT(NAME, type, help) PASS_FACT_##NAME,
#include "passes/passes.def"
    PASS_FACT_COUNT
};
enum pass_fact_set {
    PASS_FACTS_NONE = 0,
#define FACT(NAME, type, help) PASS_FACTS_##NAME = 1 << PASS_FACT_##NAME,
#include "passes/passes.def"
    PASS_FACTS_ALL = (1 << PASS_FACT_COUNT) - 1,
};

enum pass_id {
#define PASS(name, scope, needs, keeps, help) PASS_ID_##name,
#include "passes/passes.def"
    PASS_COUNT
};

struct pass_facts;
struct pass_settings;
struct pass_counters;

/* One call of a pass. */
struct pass_run {
    enum pass_id id;
    struct ir_module *module;
    struct arena *scratch;
    struct diags *diags;
    const char *options; /* what stood in parentheses behind its name, or "" */
    const struct pass_settings *settings;
    struct pass_facts *facts;
    struct pass_counters *counters;
    bool shows_done, shows_missed; /* -Rpass, -Rpass-missed ask for this pass */
};

#define PASS_ARGUMENT_MODULE struct ir_module *m
#define PASS_ARGUMENT_PIPELINE struct ir_pipeline *p
#define PASS_ARGUMENT_PROGRAM struct ir_program *p
#define PASS(name, scope, needs, keeps, help) enum pass_result name(struct pass_run *run, PASS_ARGUMENT_##scope);
#include "passes/passes.def"

/* -- facts: computed on first use, kept until a pass changes the program without keeping them ------------- */

#define FACT(NAME, type, help) const type *pass_get_##NAME(struct pass_run *run, struct ir_program *p);
#include "passes/passes.def"
/* A pass that goes on after changing a program drops what it knew of it. */
void pass_drop_facts(struct pass_run *run, const struct ir_program *p);

/* -- what it tells --------------------------------------------------------------------------------------- */

/* A remark (a row of diag.def with a code R....), shown when -Rpass= (something was done) or -Rpass-missed= (something
 * could not be proved) asks for this pass. Never NULL; notes and a fix may be added as to any message. */
struct diag *pass_remark_done(struct pass_run *run, enum diag_id id, struct src_range range, ...);
struct diag *pass_remark_missed(struct pass_run *run, enum diag_id id, struct src_range range, ...);
/* Adds what one launch of both arms would spare. */
void pass_note_stakes(struct pass_run *run, struct diag *g, const struct ir_pipeline *p, const struct ir_arm *first,
                      const struct ir_arm *second);
/* Does the user insist (--fuse) on one launch of what these do? Then cost is no reason to refuse. */
bool pass_insists(const struct pass_run *run, const struct ir_arm *first, const struct ir_arm *second);
/* Adds to a number that --stats shows. `what` is static. */
void pass_count(struct pass_run *run, const char *what, uint64_t n);

/* -- its options: `name(a=3;b)` -------------------------------------------------------------------------- */

/* The number given for `key`, or `otherwise`. */
uint64_t pass_option_number(const struct pass_run *run, const char *key, uint64_t otherwise);
bool pass_option_has(const struct pass_run *run, const char *key);

#endif
