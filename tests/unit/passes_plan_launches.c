/* The launch planner: the table of its contract, its errors, memory that runs out, and both policies against all plans
 * of short random lists. */
#include "passes/plan_launches.h"
#include "tests/unit/test.h"

enum { N_RANDOM_LISTS = 100000, MAX_STAGES = 12 };

static struct memory memory;
static struct launch_planner planner;
static struct launch_plan plan;

#define PLAN(stages, budget, policy)                                                                                   \
    plan_launches(&planner, (stages), sizeof(stages) / sizeof *(stages), (budget), (policy), &plan)

static const struct plan_stage chain[] = {{1, 7, 64, 32, 8, 0}, {2, 7, 32, 48, 8, 0}, {3, 7, 48, 16, 8, 0}};

/* ---- the contract ---- */

static void stages_join(void)
{
    CHECK_INT(PLAN(chain, 256, PLAN_GREEDY), PLAN_OK);
    CHECK_UINT(plan.n_groups, 1);
    CHECK_UINT(plan.n_avoided_launches, 2);
    CHECK_UINT(plan.avoided_bytes, 80);
    CHECK_UINT(plan.groups[0].n_stages, 3);
    CHECK_UINT(plan.groups[0].layout, 7);
    CHECK_UINT(plan.groups[0].bytes, 184);
    CHECK_UINT(plan.groups[0].avoided_bytes, 80);
    CHECK_INT(PLAN(chain, 184, PLAN_GREEDY), PLAN_OK);
    CHECK_UINT(plan.n_groups, 1);
    CHECK_INT(PLAN(chain, 183, PLAN_GREEDY), PLAN_OK);
    CHECK_UINT(plan.n_groups, 2);
    CHECK_UINT(plan.groups[0].bytes, 160);
    CHECK_UINT(plan.groups[1].first, 2);
    CHECK_UINT(plan.groups[1].bytes, 72);
    CHECK_UINT(plan.groups[1].avoided_bytes, 0);
}

static void bytes_are_used_again(void)
{
    CHECK_INT(PLAN(chain, 104, PLAN_BEST), PLAN_OK);
    CHECK_UINT(plan.n_groups, 1);
    CHECK_UINT(plan.groups[0].bytes, 104);
    CHECK_UINT(plan.avoided_bytes, 80);
    CHECK_INT(PLAN(chain, 104, PLAN_GREEDY), PLAN_OK);
    CHECK_UINT(plan.n_groups, 3);
}

static void layouts_and_the_host_separate(void)
{
    const struct plan_stage stages[] = {
        {1, 7, 64, 32, 8, 0}, {2, 8, 32, 48, 8, 0}, {3, 8, 48, 16, 8, 1}, {4, 9, 16, 16, 8, 0}};
    for (enum plan_policy policy = PLAN_GREEDY; policy <= PLAN_BEST; policy++) {
        CHECK_INT(PLAN(stages, 128, policy), PLAN_OK);
        CHECK_UINT(plan.n_groups, 4);
        CHECK_UINT(plan.n_avoided_launches, 0);
        CHECK_UINT(plan.avoided_bytes, 0);
    }
}

static void faults_are_named(void)
{
    const struct plan_stage large[] = {{9, 7, 64, 32, 64, 0}}, twice[] = {{1, 7, 1, 1, 1, 0}, {1, 7, 1, 1, 1, 0}};
    for (enum plan_policy policy = PLAN_GREEDY; policy <= PLAN_BEST; policy++) {
        CHECK_INT(PLAN(large, 128, policy), PLAN_STAGE_OVER_BUDGET);
        CHECK_UINT(planner.fault.stage_id, 9);
        CHECK_UINT(planner.fault.needs_bytes, 160);
        CHECK_UINT(planner.fault.budget_bytes, 128);
        CHECK_UINT(plan.n_groups, 0);
        CHECK_INT(PLAN(twice, 64, policy), PLAN_DUPLICATE_STAGE);
        CHECK_UINT(planner.fault.stage_id, 1);
        CHECK_INT(PLAN(chain, 0, policy), PLAN_ZERO_BUDGET);
        CHECK_INT(plan_launches(&planner, NULL, 0, 0, policy, &plan), PLAN_ZERO_BUDGET);
        CHECK_INT(plan_launches(&planner, NULL, 0, 1, policy, &plan), PLAN_OK);
        CHECK_UINT(plan.n_groups + plan.n_avoided_launches + plan.avoided_bytes, 0);
    }
    CHECK_STRING(plan_status_names[PLAN_STAGE_OVER_BUDGET], "stage_over_budget");
    CHECK_STRING(plan_status_names[PLAN_BYTE_COUNT_OVERFLOW], "byte_count_overflow");
}

/* A stage too large to start a group is none when it joins one. */
static void large_inputs_can_stay(void)
{
    const struct plan_stage stages[] = {{1, 7, 8, 8, 8, 0}, {2, 7, 1000, 8, 8, 0}};
    CHECK_INT(PLAN(stages, 64, PLAN_GREEDY), PLAN_OK);
    CHECK_UINT(plan.n_groups, 1);
    CHECK_INT(PLAN(stages, 24, PLAN_BEST), PLAN_OK);
    CHECK_UINT(plan.n_groups, 1);
    CHECK_INT(PLAN(stages, 24, PLAN_GREEDY), PLAN_STAGE_OVER_BUDGET);
    CHECK_UINT(planner.fault.stage_id, 2);
    CHECK_UINT(planner.fault.needs_bytes, 1016);
}

static void sums_are_checked(void)
{
    const uint64_t most = UINT64_MAX;
    const struct plan_stage start[] = {{1, 7, most, 1, 0, 0}}, join[] = {{1, 7, 0, most, 0, 0}, {2, 7, 0, 1, 0, 0}};
    const struct plan_stage avoided[] = {
        {1, 7, 0, most, 0, 0}, {2, 7, 0, 0, 0, 0}, {3, 8, 0, 1, 0, 0}, {4, 8, 0, 0, 0, 0}};
    /* Four joins would avoid 2^64 bytes. */
    const uint64_t half = (uint64_t)1 << 63;
    const struct plan_stage long_chain[] = {
        {1, 7, 1, half - 1, 0, 0}, {2, 7, 1, 1, 0, 0},        {3, 7, 1, half - 1, 0, 0},
        {4, 7, 1, 1, 0, 0},        {5, 7, 1, half - 1, 0, 0},
    };
    for (enum plan_policy policy = PLAN_GREEDY; policy <= PLAN_BEST; policy++) {
        CHECK_INT(PLAN(start, most, policy), PLAN_BYTE_COUNT_OVERFLOW);
        CHECK_STRING(planner.fault.sum, "input + output + scratch");
        CHECK_INT(PLAN(join, most, policy), PLAN_BYTE_COUNT_OVERFLOW);
        CHECK_UINT(planner.fault.stage_id, 2);
        CHECK_INT(PLAN(avoided, most, policy), PLAN_BYTE_COUNT_OVERFLOW);
        CHECK_STRING(planner.fault.sum, "avoided bytes");
        CHECK_UINT(planner.fault.stage_id, 4);
    }
    CHECK_INT(PLAN(long_chain, half, PLAN_GREEDY), PLAN_OK);
    CHECK_UINT(plan.n_groups, 5);
    CHECK_INT(plan_launches(&planner, long_chain, 4, half, PLAN_BEST, &plan), PLAN_OK);
    CHECK_UINT(plan.n_groups, 1);
    CHECK_UINT(plan.avoided_bytes, UINT64_MAX);
    CHECK_INT(PLAN(long_chain, half, PLAN_BEST), PLAN_OK);
    CHECK_UINT(plan.n_groups, 5);
}

/* ---- memory ---- */

/* False when the allocation with this number was not asked for. */
static bool plan_with_failure(uint64_t fail_at)
{
    struct memory limited = {.fail_at = fail_at};
    launch_planner_init(&planner, &limited);
    enum plan_status status = PLAN(chain, 256, PLAN_GREEDY);
    limited.fail_at = 0;
    if (status) {
        CHECK_INT(status, PLAN_OUT_OF_MEMORY);
        CHECK_INT(PLAN(chain, 256, PLAN_GREEDY), PLAN_OK);
    }
    CHECK_UINT(plan.avoided_bytes, 80);
    uint64_t n_allocs = limited.n_allocs;
    CHECK_INT(PLAN(chain, 184, PLAN_BEST), PLAN_OK);
    CHECK_UINT(limited.n_allocs, n_allocs); /* what there is is used again */
    launch_planner_release(&planner);
    CHECK_UINT(limited.live_bytes, 0);
    return status != PLAN_OK;
}

/* Without a recover point: a planner that jumped there would crash. */
static void memory_may_run_out(void)
{
    uint64_t n = 1;
    while (plan_with_failure(n))
        n++;
    CHECK_UINT(n, 3);
}

/* A planner takes long lists: it is linear. */
static void lists_may_be_long(void)
{
    enum { N = 300000 };
    struct plan_stage *stages = memory_alloc(&memory, N * sizeof *stages);
    for (uint32_t i = 0; i < N; i++)
        stages[i] = (struct plan_stage){(uint64_t)i << 32, 7, 4, 4, 4, false};
    CHECK_INT(plan_launches(&planner, stages, N, 12, PLAN_BEST, &plan), PLAN_OK);
    CHECK_UINT(plan.n_groups, 1);
    CHECK_UINT(plan.avoided_bytes, 4 * (N - 1));
    CHECK_INT(plan_launches(&planner, stages, N, 20, PLAN_GREEDY, &plan), PLAN_OK);
    CHECK_UINT(plan.n_groups, N / 2);
    stages[N - 1].id = 0;
    CHECK_INT(plan_launches(&planner, stages, N, 12, PLAN_BEST, &plan), PLAN_DUPLICATE_STAGE);
    memory_free(&memory, stages, N * sizeof *stages);
}

/* ---- against all plans ---- */

struct cost {
    uint32_t n_launches;
    uint64_t kept_bytes; /* outputs that reach memory */
    uint64_t held_bytes; /* the sum of what the groups hold */
};

static bool is_less(struct cost a, struct cost b)
{
    if (a.n_launches != b.n_launches) return a.n_launches < b.n_launches;
    if (a.kept_bytes != b.kept_bytes) return a.kept_bytes < b.kept_bytes;
    return a.held_bytes < b.held_bytes;
}

/* By first and last stage: the most that is alive at once in such a group; more than any budget where the stages may
 * not be one launch. */
struct peaks {
    uint64_t of[MAX_STAGES][MAX_STAGES];
};

/* By the definition: each buffer is alive from its writer to its reader. */
static uint64_t count_alive(const struct plan_stage *stages, uint32_t from, uint32_t now)
{
    uint64_t alive = stages[now].scratch_bytes + (now == from ? stages[from].input_bytes : 0);
    for (uint32_t writer = from; writer <= now; writer++)
        if (writer == now || writer + 1 == now) alive += stages[writer].output_bytes;
    return alive;
}

static void find_peaks(const struct plan_stage *stages, uint32_t n, struct peaks *peaks)
{
    for (uint32_t from = 0; from < n; from++) {
        uint64_t peak = 0;
        for (uint32_t now = from; now < n; now++) {
            uint64_t alive = count_alive(stages, from, now);
            if (now > from && (stages[now].host || stages[now].layout != stages[from].layout)) alive = UINT64_MAX;
            if (alive > peak) peak = alive;
            peaks->of[from][now] = peak;
        }
    }
}

/* The cost of the plan that is cut before stage i where bit i is set; false when it is none. */
static bool cost_cuts(const struct plan_stage *stages, uint32_t n, uint32_t cuts, const struct peaks *peaks,
                      uint64_t budget, struct cost *cost)
{
    uint32_t from = 0;
    *cost = (struct cost){0};
    for (uint32_t i = 0; i < n; i++) {
        if (i + 1 < n && !(cuts >> (i + 1) & 1)) continue;
        if (peaks->of[from][i] > budget) return false;
        cost->n_launches++;
        cost->kept_bytes += stages[i].output_bytes;
        cost->held_bytes += peaks->of[from][i];
        from = i + 1;
    }
    return true;
}

static bool search_all(const struct plan_stage *stages, uint32_t n, uint64_t budget, struct cost *best)
{
    bool found = false;
    struct peaks peaks;
    find_peaks(stages, n, &peaks);
    for (uint32_t cuts = 0; cuts < 1u << n; cuts += 2) { /* bit 0 stands for no cut */
        struct cost cost;
        if (!cost_cuts(stages, n, cuts, &peaks, budget, &cost) || (found && !is_less(cost, *best))) continue;
        *best = cost;
        found = true;
    }
    return found;
}

static struct cost cost_plan(const struct plan_stage *stages)
{
    struct cost cost = {plan.n_groups, 0, 0};
    for (uint32_t i = 0; i < plan.n_groups; i++) {
        const struct plan_group *group = &plan.groups[i];
        cost.kept_bytes += stages[group->first + group->n_stages - 1].output_bytes;
        cost.held_bytes += group->bytes;
    }
    return cost;
}

static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*state >> 33) % below);
}

static uint32_t draw_stages(uint64_t *state, struct plan_stage *stages)
{
    uint32_t n = 1 + draw(state, MAX_STAGES), n_layouts = 1 + draw(state, 3);
    bool is_chain = draw(state, 2);
    for (uint32_t i = 0; i < n; i++) {
        stages[i] = (struct plan_stage){
            i, draw(state, n_layouts), draw(state, 40), draw(state, 40), draw(state, 20), draw(state, 8) == 0};
        if (i && is_chain) stages[i].input_bytes = stages[i - 1].output_bytes;
    }
    return n;
}

/* The groups hold every stage once, in order, and the totals are those of the groups. */
static void check_totals(const struct plan_stage *stages, uint32_t n)
{
    uint64_t avoided = 0;
    uint32_t next = 0;
    bool sound = true;
    for (uint32_t i = 0; i < plan.n_groups; i++) {
        uint64_t of_group = 0;
        sound &= plan.groups[i].first == next && plan.groups[i].n_stages;
        next += plan.groups[i].n_stages;
        for (uint32_t k = plan.groups[i].first; k + 1 < next; k++)
            of_group += stages[k].output_bytes;
        sound &= of_group == plan.groups[i].avoided_bytes;
        avoided += of_group;
    }
    CHECK(sound && next == n && avoided == plan.avoided_bytes && plan.n_groups + plan.n_avoided_launches == n);
}

static void compare_random_list(uint64_t *state, uint32_t *n_greedy_worse)
{
    struct plan_stage stages[MAX_STAGES];
    struct cost best = {0}, greedy, ours;
    uint32_t n = draw_stages(state, stages);
    uint64_t budget = 20 + draw(state, 200);
    bool exists = search_all(stages, n, budget, &best);
    bool has_greedy = !plan_launches(&planner, stages, n, budget, PLAN_GREEDY, &plan);
    if (has_greedy) check_totals(stages, n);
    greedy = cost_plan(stages);
    CHECK_INT(!plan_launches(&planner, stages, n, budget, PLAN_BEST, &plan), exists);
    if (!exists) {
        CHECK(!has_greedy);
        return;
    }
    check_totals(stages, n);
    ours = cost_plan(stages);
    CHECK(!is_less(best, ours) && !is_less(ours, best));
    CHECK(!has_greedy || (!is_less(greedy, ours) && ours.kept_bytes <= greedy.kept_bytes));
    *n_greedy_worse += !has_greedy || is_less(ours, greedy);
}

static void no_plan_is_better(void)
{
    uint64_t state = 1;
    uint32_t n_greedy_worse = 0;
    for (uint32_t i = 0; i < N_RANDOM_LISTS; i++)
        compare_random_list(&state, &n_greedy_worse);
    CHECK(n_greedy_worse > N_RANDOM_LISTS / 10);
}

int main(void)
{
    if (setjmp(memory.recover)) return 1;
    memory_may_run_out();
    launch_planner_init(&planner, &memory);
    stages_join();
    bytes_are_used_again();
    layouts_and_the_host_separate();
    faults_are_named();
    large_inputs_can_stay();
    sums_are_checked();
    lists_may_be_long();
    no_plan_is_better();
    launch_planner_release(&planner);
    CHECK_UINT(memory.live_bytes, 0);
    return test_finish();
}
