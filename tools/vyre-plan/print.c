/* print.c - a plan as text, and as JSON with the members groups, launches, avoided_launches and avoided_bytes. */
#include <inttypes.h>

#include "ir/base/json.h"
#include "tools/vyre-plan/plan.h"

static void print_group(const struct stage_list *list, const struct plan_group *group, uint32_t number, struct out *out)
{
    out_printf(out, "launch %u:", number);
    for (uint32_t i = group->first; i < group->first + group->n_stages; i++)
        if (list->names.n)
            out_printf(out, " %s", list->names.at[i]);
        else
            out_printf(out, " %" PRIu64, list->stages.at[i].id);
    out_printf(out, "  (layout %" PRIu64 ", %" PRIu64 " bytes, %" PRIu64 " avoided)\n", group->layout, group->bytes,
               group->avoided_bytes);
}

void plan_print_text(const struct stage_list *list, const struct launch_plan *plan, struct out *out)
{
    for (uint32_t i = 0; i < plan->n_groups; i++)
        print_group(list, &plan->groups[i], i + 1, out);
    out_printf(out, "%u launches, %u avoided, %" PRIu64 " bytes avoided\n", plan->n_groups, plan->n_avoided_launches,
               plan->avoided_bytes);
}

static void print_group_json(const struct stage_list *list, const struct plan_group *group, struct json *j)
{
    json_open(j, NULL, "{");
    json_open(j, "stage_ids", "[");
    for (uint32_t i = group->first; i < group->first + group->n_stages; i++)
        json_number(j, NULL, list->stages.at[i].id);
    json_close(j, "]");
    json_number(j, "layout", group->layout);
    json_number(j, "bytes", group->bytes);
    json_number(j, "avoided_bytes", group->avoided_bytes);
    json_close(j, "}");
}

void plan_print_json(const struct stage_list *list, const struct launch_plan *plan, struct out *out)
{
    struct json j = {.out = out};
    json_open(&j, NULL, "{");
    json_open(&j, "groups", "[");
    for (uint32_t i = 0; i < plan->n_groups; i++)
        print_group_json(list, &plan->groups[i], &j);
    json_close(&j, "]");
    json_number(&j, "launches", plan->n_groups);
    json_number(&j, "avoided_launches", plan->n_avoided_launches);
    json_number(&j, "avoided_bytes", plan->avoided_bytes);
    json_close(&j, "}");
}

void fault_print_json(enum plan_status status, const struct plan_fault *fault, struct out *out)
{
    struct json j = {.out = out};
    json_open(&j, NULL, "{");
    json_string(&j, "error", plan_status_names[status]);
    if (status == PLAN_DUPLICATE_STAGE || status == PLAN_STAGE_OVER_BUDGET || status == PLAN_BYTE_COUNT_OVERFLOW)
        json_number(&j, "stage", fault->stage_id);
    if (status == PLAN_STAGE_OVER_BUDGET) {
        json_number(&j, "needs", fault->needs_bytes);
        json_number(&j, "budget", fault->budget_bytes);
    }
    if (fault->sum) json_string(&j, "sum", fault->sum);
    json_close(&j, "}");
}
