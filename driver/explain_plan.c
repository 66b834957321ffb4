/* explain_plan.c - what the launch planner says of a pipeline as it was written, beside what the passes have made of it. */
#include <inttypes.h>
#include <string.h>

#include "driver/explain.h"
#include "passes/plan_stages.h"

/* Stages of one group that the passes have left in several launches. */
static uint32_t count_launches(const struct explained *e, const struct plan_stages *stages,
                               const struct plan_group *group)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < group->n_stages; i++) {
        const struct ir_arm *launch = explain_find_launch(e, stages->arms.at[group->first + i]->name);
        bool seen = !launch;
        for (uint32_t k = 0; k < i && !seen; k++)
            seen = explain_find_launch(e, stages->arms.at[group->first + k]->name) == launch;
        n += !seen;
    }
    return n;
}

static void print_group(const struct explained *e, const struct plan_stages *stages, const struct plan_group *group,
                        struct out *out)
{
    const char *before = "   ";
    uint32_t n = count_launches(e, stages, group);
    for (uint32_t i = 0; i < group->n_stages; i++)
        out_printf(out, "%s %s", before, stages->arms.at[group->first + i]->name), before = ",";
    out_printf(out, ": %" PRIu64 " bytes", group->bytes);
    if (group->avoided_bytes) out_printf(out, ", %" PRIu64 " avoided", group->avoided_bytes);
    if (n > 1) out_printf(out, "; the passes leave %" PRIu32 " launches", n);
    out_text(out, "\n");
}

static void print_plan(const struct explained *e, const struct plan_stages *stages, const struct launch_plan *plan,
                       struct out *out)
{
    if (e->before->budget_bytes)
        out_printf(out, "\n  planned within %" PRIu64 " bytes:", e->before->budget_bytes);
    else
        out_text(out, "\n  planned without a budget:");
    out_printf(out, " %" PRIu32 " launch%s, %" PRIu64 " bytes avoided\n", plan->n_groups,
               plan->n_groups == 1 ? "" : "es", plan->avoided_bytes);
    for (uint32_t i = 0; i < plan->n_groups; i++)
        print_group(e, stages, &plan->groups[i], out);
}

/* Sizes that give no temp, or stages that no budget allows, have no plan. */
static void print_fault(const struct explained *e, const struct plan_stages *stages, enum plan_status status,
                        const struct plan_fault *fault, struct out *out)
{
    if (status == PLAN_STAGE_OVER_BUDGET)
        out_printf(out, "\n  no plan within %" PRIu64 " bytes: arm %s takes %" PRIu64 "\n", e->before->budget_bytes,
                   stages->arms.at[fault->stage_id - 1]->name, fault->needs_bytes);
    else
        out_printf(out, "\n  no plan: %s\n", plan_status_names[status]);
}

void explain_print_plan(const struct explanation *x, const struct explained *e, struct out *out)
{
    const struct ir_pipeline *p = e->before;
    struct arena *arena = &x->tool->arena;
    uint64_t *lens = ARENA_ARRAY(arena, uint64_t, p->buffers.n + p->temps.n + 1);
    struct plan_stages stages = {0};
    struct launch_planner planner;
    struct launch_plan plan;
    memcpy(lens, e->lens, p->buffers.n * sizeof *lens);
    if (plan_stages_size_temps(p, lens, e->params)) return;
    plan_stages_find(p, lens, arena, &stages);
    if (stages.list.n < 2) return;
    launch_planner_init(&planner, &x->tool->mem);
    enum plan_status status = plan_launches(&planner, stages.list.at, stages.list.n,
                                            p->budget_bytes ? p->budget_bytes : UINT64_MAX, PLAN_BEST, &plan);
    if (status)
        print_fault(e, &stages, status, &planner.fault, out);
    else
        print_plan(e, &stages, &plan, out);
    launch_planner_release(&planner);
}
