/* launches.h - which arms of a text a launch does, once passes have joined them, and what the launches of a pipeline cost. */
#ifndef VYREC_PASSES_LAUNCHES_H
#define VYREC_PASSES_LAUNCHES_H

#include "passes/traffic.h"

/* Is the arm the one of this name, or did passes put that into it? Passes keep names as those of regions. */
bool launch_does(const struct ir_arm *arm, const char *name);

struct launch_summary {
    const struct ir_arm *arm;
    struct traffic traffic;
    uint64_t workgroup_bytes;
    uint32_t n_barriers;            /* that stand in the text; a grid barrier is one too */
    const struct ir_stmt *boundary; /* `host` or a collective before it, or NULL */
};
struct launches {
    struct ir_pipeline *pipeline;
    VEC(struct launch_summary) list;
    struct traffic traffic, temps; /* temps: their bytes */
    uint64_t most_workgroup_bytes;
    uint32_t n_barriers;
};
/* Lives in the module's arena. */
void launches_summarize(struct launches *l, struct ir_module *m, struct ir_pipeline *p);

#endif
