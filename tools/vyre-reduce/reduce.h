/* reduce.h - the parts of vyre-reduce: steps (transformations of a module), judge (the command that says whether a text
 * still fails), main (which steps are tried in which order).
 *
 * A step has places, numbered from 0 in the order of the text. Applied to a fresh copy of the module it changes the
 * thing at one place, or at some places in a row, and always makes the program smaller or simpler: so trying comes to
 * an end. What a step leaves need not be valid; what does not read back is never given to the command. */
#ifndef VYREC_TOOLS_REDUCE_H
#define VYREC_TOOLS_REDUCE_H

#include "driver/tool.h"

struct reduce_step {
    const char *what;                                               /* "statements" */
    bool in_rows;                                                   /* neighbours may go together */
    bool (*apply)(struct ir_module *m, uint32_t first, uint32_t n); /* false when there is no such place */
};
/* Coarse ones first. */
extern const struct reduce_step reduce_steps[];
extern const uint32_t n_reduce_steps;

/* The steps: steps_items.c */
bool step_remove_items(struct ir_module *m, uint32_t first, uint32_t n);
bool step_remove_interface(struct ir_module *m, uint32_t first, uint32_t n);
bool step_shrink_sizes(struct ir_module *m, uint32_t first, uint32_t n);
/* steps_body.c */
bool step_remove_stmts(struct ir_module *m, uint32_t first, uint32_t n);
bool step_unwrap_stmts(struct ir_module *m, uint32_t first, uint32_t n);
/* steps_expr.c */
bool step_simplify_exprs(struct ir_module *m, uint32_t first, uint32_t n);
bool step_halve_constants(struct ir_module *m, uint32_t first, uint32_t n);

/* The value 0 of any type. */
struct ir_expr *reduce_zero(struct ir_module *m, ir_type type);

/* The command, and what to give it. */
struct judge {
    const char *const *words; /* `{}` in a word stands for the file; without one, the file comes last */
    uint32_t n_words;
    uint32_t seconds; /* that a run may take: past them it counts as not failing */
    const char *folder, *file;
    uint32_t n_runs;
    bool broken; /* it could not be started */
};
/* Makes the folder for the texts. False, reported, when that fails. */
bool judge_open(struct tool *tool, struct judge *j);
/* Whether the command succeeds, which is to say: this text is still of interest. */
bool judge_text(struct tool *tool, struct judge *j, const struct out *text);
void judge_close(struct judge *j);

#endif
