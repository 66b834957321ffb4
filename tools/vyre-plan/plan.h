/* plan.h - the parts of vyre-plan: stages from CSV or from a pipeline, and the plan as text or JSON. */
#ifndef VYREC_TOOLS_VYRE_PLAN_PLAN_H
#define VYREC_TOOLS_VYRE_PLAN_PLAN_H

#include "driver/tool.h"
#include "passes/plan_launches.h"

struct stage_list {
    VEC(struct plan_stage) stages;
    VEC(const char *) names; /* of the arms of a pipeline; empty for CSV */
    uint64_t budget_bytes;   /* the pipeline's; 0: none */
};

/* Reads id,layout,input,output,scratch,host. False when something was reported. */
bool csv_read(const struct source_file *file, struct arena *arena, struct diags *diags, struct stage_list *list);
/* The arms of a pipeline, with sizes as NAME=COUNT words. False when something was reported. */
bool pipeline_read(struct tool *tool, const struct ir_module *m, const char *name, const char *const *sizes,
                   uint32_t n_sizes, struct stage_list *list);

void plan_print_text(const struct stage_list *list, const struct launch_plan *plan, struct out *out);
void plan_print_json(const struct stage_list *list, const struct launch_plan *plan, struct out *out);
void fault_print_json(enum plan_status status, const struct plan_fault *fault, struct out *out);

#endif
