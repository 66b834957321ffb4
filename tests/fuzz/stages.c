/* stages.c - any bytes as a list of stages: refused with a message, or planned by both policies for several budgets,
 * the better one never worse. */
#include <stdlib.h>

#include "tools/vyre-plan/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes);

static void plan(struct launch_planner *planner, const struct stage_list *list, uint64_t budget_bytes)
{
    struct launch_plan greedy, best;
    uint32_t n = list->stages.n;
    bool has_greedy = !plan_launches(planner, list->stages.at, n, budget_bytes, PLAN_GREEDY, &greedy);
    bool has_best = !plan_launches(planner, list->stages.at, n, budget_bytes, PLAN_BEST, &best);
    if (!has_greedy) return;
    if (!has_best || best.n_groups > greedy.n_groups || best.n_groups + best.n_avoided_launches != n) abort();
    if (best.n_groups == greedy.n_groups && best.avoided_bytes < greedy.avoided_bytes) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    static const uint64_t budgets[] = {0, 1, 128, 65536, (uint64_t)1 << 63, UINT64_MAX};
    struct memory mem = {0};
    struct arena arena;
    struct sources sources;
    struct diags diags;
    struct stage_list list = {0};
    struct launch_planner planner;
    if (setjmp(mem.recover)) abort();
    arena_init(&arena, &mem);
    sources_init(&sources, &arena);
    diags_init(&diags, &arena, &sources);
    launch_planner_init(&planner, &mem);
    struct source_file *file = sources_add(&sources, "stages.csv", (const char *)bytes, size_bytes);
    bool ok = file && csv_read(file, &arena, &diags, &list);
    if (ok == (diags.n_errors > 0)) abort();
    for (size_t i = 0; ok && i < sizeof budgets / sizeof budgets[0]; i++)
        plan(&planner, &list, budgets[i]);
    launch_planner_release(&planner);
    arena_release(&arena);
    if (mem.live_bytes) abort();
    return 0;
}
