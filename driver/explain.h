/* explain.h - --explain: what passes made of each pipeline, as tables or as a picture. */
#ifndef VYREC_DRIVER_EXPLAIN_H
#define VYREC_DRIVER_EXPLAIN_H

#include "driver/tool.h"
#include "passes/launches.h"

enum explain { EXPLAIN_NOT, EXPLAIN_TEXT, EXPLAIN_SVG };

/* One pipeline. */
struct explained {
    struct ir_pipeline *before, *after; /* of two modules */
    struct launches written, compiled;
    uint64_t *lens, *params; /* the sizes that figures are for, by index of `before` */
};
/* What was before the passes, what they made of it, and what they said of the things they left alone. */
struct explanation {
    struct tool *tool;
    VEC(struct explained) pipelines;
    const struct diags *reasons;
};

/* `sizes`: NAME=N each, of buffers and params. Everything lives in the arena of `after`. */
void explain_begin(struct explanation *x, struct tool *tool, struct ir_module *before, struct ir_module *after,
                   const struct diags *reasons, const char *const *sizes, uint32_t n_sizes);
void explain_print_text(const struct explanation *x, struct out *out);
void explain_print_svg(const struct explanation *x, struct out *out);

/* -- the inside ---------------------------------------------------------------------------------------------- */

/* The launch that does an arm of the text, or NULL: nobody runs it. */
const struct ir_arm *explain_find_launch(const struct explained *e, const char *name);
/* A buffer of the compiled pipeline; NULL: it is not needed any more. */
const struct ir_buffer *explain_find_buffer(const struct explained *e, const char *name);
/* What the launch planner says of the arms as they were written: explain_plan.c. */
void explain_print_plan(const struct explanation *x, const struct explained *e, struct out *out);
/* False where the sizes give no number. */
bool explain_eval(const struct explained *e, const struct traffic *t, uint64_t *bytes);

#endif
