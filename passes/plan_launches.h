/* plan_launches.h - adjacent stages become one launch where a budget of bytes allows it.
 *
 * A stage is one launch by itself: it reads `input_bytes`, writes `output_bytes`, and needs `scratch_bytes` while it
 * runs. The order of stages is kept. A group is one launch; its first stage reads its input from memory, each further
 * one what the stage before it wrote, which never reaches memory: those bytes are avoided. docs/planner.md has the
 * rules of both policies. */
#ifndef VYREC_PASSES_PLAN_LAUNCHES_H
#define VYREC_PASSES_PLAN_LAUNCHES_H

#include <stdbool.h>

#include "ir/base/memory.h"

struct plan_stage {
    uint64_t id;
    uint64_t layout; /* hash of how its memory is laid out: only equal ones join */
    uint64_t input_bytes, output_bytes, scratch_bytes;
    bool host; /* the boundary before it must be visible to the host */
};

struct plan_group {
    uint32_t first, n_stages; /* stages[first .. first + n_stages - 1] */
    uint64_t layout;
    uint64_t bytes; /* GREEDY: the input of the first stage and all scratch and output; BEST: the most alive at once */
    uint64_t avoided_bytes;
};

struct launch_plan {
    const struct plan_group *groups; /* the planner's, until its next call */
    uint32_t n_groups;               /* launches */
    uint32_t n_avoided_launches;
    uint64_t avoided_bytes;
};

/* What can go wrong, and how it is named to users. */
#define PLAN_STATUSES(X)                                                                                               \
    X(OK, "ok")                                                                                                        \
    X(ZERO_BUDGET, "zero_budget")                                                                                      \
    X(DUPLICATE_STAGE, "duplicate_stage")                                                                              \
    X(STAGE_OVER_BUDGET, "stage_over_budget")                                                                          \
    X(BYTE_COUNT_OVERFLOW, "byte_count_overflow")                                                                      \
    X(OUT_OF_MEMORY, "out_of_memory")
enum plan_status {
#define PLAN_STATUS(NAME, text) PLAN_##NAME,
    PLAN_STATUSES(PLAN_STATUS)
#undef PLAN_STATUS
};
extern const char *const plan_status_names[];

enum plan_policy {
    PLAN_GREEDY, /* from left to right; a group holds the sum of what its stages need */
    PLAN_BEST,   /* fewest launches, then most bytes avoided; bytes are used again once nothing reads them */
};

struct plan_fault {
    uint64_t stage_id;    /* DUPLICATE_STAGE, STAGE_OVER_BUDGET, BYTE_COUNT_OVERFLOW of a stage */
    uint64_t needs_bytes; /* STAGE_OVER_BUDGET */
    uint64_t budget_bytes;
    const char *sum; /* BYTE_COUNT_OVERFLOW: "input + output + scratch" */
};

/* Holds the scratch space of a planner from call to call. */
struct launch_planner {
    struct memory *mem;
    struct plan_group *groups;
    uint32_t *seen; /* hash table of stages by id: index + 1 */
    uint32_t n_groups_max, n_seen_max;
    struct plan_fault fault; /* of the last call that failed */
};

void launch_planner_init(struct launch_planner *p, struct memory *mem);
void launch_planner_release(struct launch_planner *p);
/* Plans n stages, fewer than 2^30, in linear time. On any status but PLAN_OK `plan` is empty and `p->fault` says more;
 * the planner can be used again. A failed allocation is PLAN_OUT_OF_MEMORY, never a jump to mem->recover. */
enum plan_status plan_launches(struct launch_planner *p, const struct plan_stage *stages, uint32_t n,
                               uint64_t budget_bytes, enum plan_policy policy, struct launch_plan *plan);

#endif
