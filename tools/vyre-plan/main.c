/* main.c - vyre-plan: which stages, or arms of a pipeline, become one launch under a budget of bytes.
 *
 *   vyre-plan --budget=256 stages.csv
 *   vyre-plan --budget=64M --json scan.vir --pipeline=scan_base64 text=1000000 */
#include <string.h>

#include "tools/vyre-plan/plan.h"

struct request {
    const char *output, *pipeline;
    uint64_t budget_bytes;
    bool has_budget, json;
    enum plan_policy policy;
};

static struct request read_request(const struct tool *tool)
{
    struct request r = {.output = "-", .policy = PLAN_BEST};
    for (uint32_t i = 0; i < tool->options.uses.n; i++) {
        const struct option_use *use = &tool->options.uses.at[i];
        if (use->id == OPTION_ID_OUTPUT) r.output = use->argument;
        if (use->id == OPTION_ID_RUN_PIPELINE) r.pipeline = use->argument;
        if (use->id == OPTION_ID_DUMP_JSON) r.json = true;
        if (use->id == OPTION_ID_PLAN_GREEDY) r.policy = PLAN_GREEDY;
        if (use->id != OPTION_ID_PLAN_BUDGET) continue;
        r.has_budget = true;
        r.budget_bytes = use->bytes;
    }
    return r;
}

static bool is_program(const struct request *r, const char *path)
{
    size_t n = strlen(path);
    return r->pipeline || (n > 4 && !strcmp(path + n - 4, ".vir"));
}

static bool read_stages(struct tool *tool, struct request *r, struct stage_list *list)
{
    const char *path = tool->options.inputs.at[0];
    if (is_program(r, path)) {
        struct intern names;
        intern_init(&names, &tool->arena);
        const struct ir_module *m = tool_read_module(tool, &tool->arena, &names, path);
        return m && !tool->diags.n_errors &&
               pipeline_read(tool, m, r->pipeline, tool->options.inputs.at + 1, tool->options.inputs.n - 1, list);
    }
    struct source_file *file;
    int error = sources_read(&tool->sources, path, &file);
    if (error) diag_report(&tool->diags, DIAG_CANNOT_READ, SRC_NONE, path, strerror(error));
    return !error && csv_read(file, &tool->arena, &tool->diags, list);
}

static void report_fault(struct tool *tool, enum plan_status status, const struct plan_fault *fault, uint32_t n)
{
    unsigned long long id = fault->stage_id, needs = fault->needs_bytes, budget = fault->budget_bytes;
    struct diags *d = &tool->diags;
    switch (status) {
    case PLAN_OK:
        break;
    case PLAN_ZERO_BUDGET:
        diag_report(d, DIAG_ZERO_BUDGET, SRC_NONE);
        break;
    case PLAN_DUPLICATE_STAGE:
        diag_report(d, DIAG_DUPLICATE_STAGE, SRC_NONE, id);
        break;
    case PLAN_STAGE_OVER_BUDGET:
        diag_report(d, DIAG_STAGE_OVER_BUDGET, SRC_NONE, id, needs, budget);
        break;
    case PLAN_BYTE_COUNT_OVERFLOW:
        diag_report(d, DIAG_BYTE_COUNT_OVERFLOW, SRC_NONE, fault->sum, id);
        break;
    case PLAN_OUT_OF_MEMORY:
        diag_report(d, DIAG_PLAN_MEMORY, SRC_NONE, n);
        break;
    }
}

static void plan_stages(struct tool *tool, const struct request *r, const struct stage_list *list)
{
    struct launch_planner planner;
    struct launch_plan plan;
    struct out text;
    launch_planner_init(&planner, &tool->mem);
    out_init(&text, &tool->mem);
    out_text(&text, "");
    enum plan_status status =
        plan_launches(&planner, list->stages.at, list->stages.n, r->budget_bytes, r->policy, &plan);
    report_fault(tool, status, &planner.fault, list->stages.n);
    if (status && r->json)
        fault_print_json(status, &planner.fault, &text);
    else if (!status)
        (r->json ? plan_print_json : plan_print_text)(list, &plan, &text);
    if (!status || r->json) tool_write_file(tool, r->output, &text);
    out_release(&text);
    launch_planner_release(&planner);
}

static int work(struct tool *tool)
{
    struct request r = read_request(tool);
    struct stage_list list = {0};
    uint32_t n_inputs = tool->options.inputs.n;
    if (!n_inputs) diag_report(&tool->diags, DIAG_NO_INPUT, SRC_NONE);
    if (n_inputs > 1 && !is_program(&r, tool->options.inputs.at[0]))
        diag_report(&tool->diags, DIAG_ONE_INPUT_ONLY, SRC_NONE, n_inputs);
    if (tool->diags.n_errors) return TOOL_USAGE;
    if (!read_stages(tool, &r, &list)) return TOOL_SUCCESS; /* reported */
    if (!r.has_budget) r.budget_bytes = list.budget_bytes;
    if (!r.has_budget && !list.budget_bytes) {
        diag_report(&tool->diags, DIAG_NEEDS_OPTION, SRC_NONE, "--budget", "nothing else says what a launch may hold");
        return TOOL_USAGE;
    }
    plan_stages(tool, &r, &list);
    return TOOL_SUCCESS;
}

int main(int argc, char **argv)
{
    return tool_main(TOOL_PLAN, argc, argv, work);
}
