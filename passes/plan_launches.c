/* plan_launches.c - where to cut a list of stages into launches.
 *
 * Why PLAN_BEST needs no search: what a group has alive at a stage is that stage's own scratch and output and what the
 * stage before left for it, so whether a stage can join depends on its neighbour alone, not on where its group began.
 * Every plan must then be cut wherever a stage cannot join, and the plan that is cut nowhere else has the fewest
 * launches and avoids the most bytes; it is the only one with so few. Were a stage at such a cut too large to start a
 * group, no plan would exist. (tests/unit/passes_plan_launches.c compares with all plans of short lists.) */
#include "passes/plan_launches.h"

#include <string.h>

const char *const plan_status_names[] = {
#define PLAN_STATUS(NAME, text) [PLAN_##NAME] = text,
    PLAN_STATUSES(PLAN_STATUS)
#undef PLAN_STATUS
};

enum { MAX_STAGES = 1 << 30 }; /* so that tables twice as large have 32-bit indices */

struct planning {
    struct launch_planner *planner;
    const struct plan_stage *stages;
    uint32_t n;
    uint64_t budget_bytes;
    struct launch_plan *plan;
};

void launch_planner_init(struct launch_planner *p, struct memory *mem)
{
    *p = (struct launch_planner){.mem = mem};
}

void launch_planner_release(struct launch_planner *p)
{
    memory_free(p->mem, p->groups, p->n_groups_max * sizeof *p->groups);
    memory_free(p->mem, p->seen, p->n_seen_max * sizeof *p->seen);
    launch_planner_init(p, p->mem);
}

/* ---- scratch space ---- */

/* Room for n elements, at least doubling; what was there is lost. */
static bool reserve(struct memory *mem, void **at, uint32_t *n_max, uint32_t n, size_t element_bytes)
{
    if (n <= *n_max) return true;
    uint32_t n_new = *n_max ? *n_max : 16;
    while (n_new < n)
        n_new *= 2;
    void *grown = memory_try_alloc(mem, n_new * element_bytes);
    if (!grown) return false;
    memory_free(mem, *at, *n_max * element_bytes);
    *at = grown;
    *n_max = n_new;
    return true;
}

static bool reserve_all(struct launch_planner *p, uint32_t n)
{
    return n <= MAX_STAGES && reserve(p->mem, (void **)&p->groups, &p->n_groups_max, n, sizeof *p->groups) &&
           reserve(p->mem, (void **)&p->seen, &p->n_seen_max, n > 8 ? 2 * n : 16, sizeof *p->seen);
}

/* ---- faults ---- */

static enum plan_status fail_sum(struct planning *g, const struct plan_stage *s, const char *sum)
{
    g->planner->fault = (struct plan_fault){.stage_id = s->id, .budget_bytes = g->budget_bytes, .sum = sum};
    return PLAN_BYTE_COUNT_OVERFLOW;
}

/* Finds the first stage whose id an earlier one has. */
static enum plan_status check_ids(struct planning *g)
{
    struct launch_planner *p = g->planner;
    uint32_t n_slots = 16;
    while (n_slots < 2 * g->n)
        n_slots *= 2;
    memset(p->seen, 0, n_slots * sizeof *p->seen); /* not what a longer list needed */
    for (uint32_t i = 0; i < g->n; i++) {
        uint64_t id = g->stages[i].id;
        uint32_t at = (uint32_t)((id * 0x9e3779b97f4a7c15u) >> 32) & (n_slots - 1); /* Fibonacci hashing */
        for (; p->seen[at]; at = (at + 1) & (n_slots - 1)) {
            if (g->stages[p->seen[at] - 1].id != id) continue;
            p->fault = (struct plan_fault){.stage_id = id, .budget_bytes = g->budget_bytes};
            return PLAN_DUPLICATE_STAGE;
        }
        p->seen[at] = i + 1;
    }
    return PLAN_OK;
}

/* ---- groups ---- */

static bool add3(uint64_t a, uint64_t b, uint64_t c, uint64_t *sum)
{
    return !__builtin_add_overflow(a, b, sum) && !__builtin_add_overflow(*sum, c, sum);
}

static enum plan_status start_group(struct planning *g, uint32_t i)
{
    const struct plan_stage *s = &g->stages[i];
    uint64_t needs;
    if (!add3(s->input_bytes, s->output_bytes, s->scratch_bytes, &needs))
        return fail_sum(g, s, "input + output + scratch");
    if (needs > g->budget_bytes) {
        g->planner->fault = (struct plan_fault){s->id, needs, g->budget_bytes, NULL};
        return PLAN_STAGE_OVER_BUDGET;
    }
    g->planner->groups[g->plan->n_groups++] = (struct plan_group){i, 1, s->layout, needs, 0};
    return PLAN_OK;
}

static enum plan_status join_group(struct planning *g, struct plan_group *group, uint64_t bytes)
{
    const struct plan_stage *s = &g->stages[group->first + group->n_stages], *before = s - 1;
    struct launch_plan *plan = g->plan;
    if (__builtin_add_overflow(plan->avoided_bytes, before->output_bytes, &plan->avoided_bytes))
        return fail_sum(g, s, "avoided bytes");
    group->avoided_bytes += before->output_bytes; /* at most the plan's */
    group->bytes = bytes;
    group->n_stages++;
    plan->n_avoided_launches++;
    return PLAN_OK;
}

/* One step of either policy: stage i joins the last group, or starts another. */
static enum plan_status place_stage(struct planning *g, enum plan_policy policy, uint32_t i)
{
    const struct plan_stage *s = &g->stages[i];
    struct plan_group *group = i ? &g->planner->groups[g->plan->n_groups - 1] : NULL;
    uint64_t alive;
    if (!group || s->host || s->layout != group->layout) return start_group(g, i);
    if (!add3(policy == PLAN_GREEDY ? group->bytes : s[-1].output_bytes, s->scratch_bytes, s->output_bytes, &alive))
        return fail_sum(g, s,
                        policy == PLAN_GREEDY ? "bytes of its group + scratch + output"
                                              : "output before it + scratch + output");
    if (alive > g->budget_bytes) return start_group(g, i);
    return join_group(g, group, alive > group->bytes ? alive : group->bytes);
}

static enum plan_status place_stages(struct planning *g, enum plan_policy policy)
{
    enum plan_status status = PLAN_OK;
    *g->plan = (struct launch_plan){.groups = g->planner->groups};
    for (uint32_t i = 0; i < g->n && !status; i++)
        status = place_stage(g, policy, i);
    return status;
}

enum plan_status plan_launches(struct launch_planner *p, const struct plan_stage *stages, uint32_t n,
                               uint64_t budget_bytes, enum plan_policy policy, struct launch_plan *plan)
{
    struct planning g = {p, stages, n, budget_bytes, plan};
    enum plan_status status;
    p->fault = (struct plan_fault){0};
    *plan = (struct launch_plan){0};
    if (!budget_bytes) return PLAN_ZERO_BUDGET;
    if (!reserve_all(p, n)) return PLAN_OUT_OF_MEMORY;
    status = check_ids(&g);
    if (!status) status = place_stages(&g, policy);
    /* More joins can avoid more bytes than 64 bits count: then the other plan is still a plan. */
    if (status == PLAN_BYTE_COUNT_OVERFLOW && policy == PLAN_BEST) {
        struct plan_fault fault = p->fault;
        if (place_stages(&g, PLAN_GREEDY))
            p->fault = fault;
        else
            status = PLAN_OK;
    }
    if (status) *plan = (struct launch_plan){0};
    return status;
}
