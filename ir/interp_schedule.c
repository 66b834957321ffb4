/* interp_schedule.c - in which order the invocations of a launch take their steps.
 *
 * Workgroups live in a window of slots; a slot whose workgroup is done takes the next one. Programs with a grid barrier
 * get a slot for each workgroup. What invocations wait for each other for (barriers, subgroup operations) is settled
 * here, after the last of them has arrived. */
#include "ir/interp_code.h"

#include <string.h>

struct window {
    struct launch *launch;
    struct group *groups;
    uint32_t n;
    uint64_t n_started, n_done;
    uint64_t n_at_grid_barrier;
    uint64_t random;
};

uint64_t interp_linear_id(const struct launch *l, uint64_t number)
{
    uint64_t group = number / l->group_size, local = number % l->group_size, id[3], grid[3];
    for (uint32_t k = 0; k < 3; k++) {
        id[k] = group % l->groups[k] * l->size[k] + local % l->size[k];
        grid[k] = (uint64_t)l->groups[k] * l->size[k];
        group /= l->groups[k];
        local /= l->size[k];
    }
    return id[0] + grid[0] * (id[1] + grid[1] * id[2]);
}

/* -- slots ----------------------------------------------------------------------------------------------- */

static void allocate_group(struct launch *l, struct group *g)
{
    const struct code *c = &l->code;
    g->number = GROUP_NONE;
    g->invocations = ARENA_ARRAY(l->arena, struct invocation, l->group_size);
    g->subgroup_waiting = ARENA_ARRAY(l->arena, uint32_t, l->n_subgroups);
    g->subgroup_ended = ARENA_ARRAY(l->arena, uint32_t, l->n_subgroups);
    g->bytes = arena_alloc(l->arena, c->workgroup_bytes);
    if (c->workgroup_shadows) g->shadow = ARENA_ARRAY(l->arena, struct shadow, c->workgroup_shadows);
    struct ir_value *regs = ARENA_ARRAY(l->arena, struct ir_value, (size_t)c->n_regs * l->group_size);
    unsigned char *private_bytes = arena_array(l->arena, c->private_bytes, l->group_size);
    for (uint32_t k = 0; k < l->group_size; k++) {
        g->invocations[k].regs = regs + (size_t)k * c->n_regs;
        g->invocations[k].private_bytes = private_bytes + k * c->private_bytes;
    }
}

static void start_invocation(const struct launch *l, struct group *g, uint32_t position)
{
    struct invocation *i = &g->invocations[position];
    i->pc = 0;
    i->state = INVOCATION_RUNS;
    i->position = position;
    i->lid[0] = position % l->size[0];
    i->lid[1] = position / l->size[0] % l->size[1];
    i->lid[2] = position / l->size[0] / l->size[1];
    i->copies = NULL;
    if (l->code.private_bytes) memset(i->private_bytes, 0, l->code.private_bytes);
}

static void clear_arrays(const struct launch *l, unsigned char *bytes)
{
    const struct ir_program *p = l->program;
    memset(bytes, 0, l->code.workgroup_bytes);
    for (uint32_t k = 0; k < p->arrays.n; k++) {
        const struct array_view *v = &l->code.arrays[k];
        if (p->arrays.at[k]->no_zeros) memset(bytes + v->offset, INTERP_NO_ZERO, v->count * v->elem_bytes);
    }
}

static void start_group(const struct launch *l, struct group *g, uint64_t number)
{
    g->number = number;
    g->wid[0] = (uint32_t)(number % l->groups[0]);
    g->wid[1] = (uint32_t)(number / l->groups[0] % l->groups[1]);
    g->wid[2] = (uint32_t)(number / l->groups[0] / l->groups[1]);
    g->epoch = g->n_blocked = g->n_waiting = g->n_ended = g->cursor = 0;
    g->at_grid_barrier = false;
    memset(g->subgroup_waiting, 0, sizeof *g->subgroup_waiting * l->n_subgroups);
    memset(g->subgroup_ended, 0, sizeof *g->subgroup_ended * l->n_subgroups);
    if (l->code.workgroup_bytes) clear_arrays(l, g->bytes);
    if (g->shadow) memset(g->shadow, 0, sizeof *g->shadow * l->code.workgroup_shadows);
    for (uint32_t k = 0; k < l->group_size; k++)
        start_invocation(l, g, k);
}

/* False when no workgroup is left; the slot is then free. */
static bool start_next_group(struct window *w, struct group *g)
{
    struct launch *l = w->launch;
    g->number = GROUP_NONE;
    if (w->n_started == l->n_groups) return false;
    uint64_t number = w->n_started++;
    start_group(l, g, l->options->schedule == IR_SCHEDULE_REVERSED ? l->n_groups - 1 - number : number);
    return true;
}

/* -- meetings -------------------------------------------------------------------------------------------- */

static void fail_deadlock(struct launch *l)
{
    l->result->status = IR_RUN_DEADLOCK;
    l->stop = true;
}

/* All that have not ended wait at barriers: it must be one and the same, and none may have left by `return`. */
static void pass_barrier(struct window *w, struct group *g)
{
    struct launch *l = w->launch;
    uint32_t pc = UINT32_MAX;
    for (uint32_t k = 0; k < l->group_size; k++) {
        const struct invocation *i = &g->invocations[k];
        bool returned = i->state == INVOCATION_ENDED && l->code.insts.at[i->pc].code == CODE_END;
        if (returned || (i->state == INVOCATION_AT_BARRIER && pc != UINT32_MAX && pc != i->pc)) {
            fail_deadlock(l);
            return;
        }
        if (i->state == INVOCATION_AT_BARRIER) pc = i->pc;
    }
    g->epoch++;
    if (l->code.insts.at[pc].code == CODE_GRID_BARRIER && !g->at_grid_barrier) {
        g->at_grid_barrier = true;
        w->n_at_grid_barrier++;
        return;
    }
    g->n_blocked = 0;
    for (uint32_t k = 0; k < l->group_size; k++)
        if (g->invocations[k].state == INVOCATION_AT_BARRIER) {
            g->invocations[k].state = INVOCATION_RUNS;
            g->invocations[k].pc++;
        }
}

/* Every workgroup is done or waits at the grid barrier: nothing before it can race with anything after it. */
static void pass_grid_barrier(struct window *w)
{
    struct launch *l = w->launch;
    for (uint32_t k = 0; k < l->program->buffers.n; k++)
        if (l->storage[k].shadow) memset(l->storage[k].shadow, 0, sizeof(struct shadow) * l->storage[k].count);
    for (uint32_t k = 0; k < w->n; k++)
        if (w->groups[k].number != GROUP_NONE) {
            pass_barrier(w, &w->groups[k]);
            w->groups[k].at_grid_barrier = false;
        }
    w->n_at_grid_barrier = 0;
}

static const struct ir_value *find_lane_value(const struct launch *l, const struct invocation *i, operand o)
{
    return o < 0 ? &l->code.pool.at[~o] : &i->regs[o];
}

/* What the lanes of a subgroup bring to an operation. */
struct lanes {
    struct invocation *of[IR_SUBGROUP_SIZE]; /* NULL: takes no part */
    uint64_t value[IR_SUBGROUP_SIZE];        /* one component; the identity where there is no lane */
};

static uint64_t count_ballot(const struct launch *l, const struct lanes *lanes, const struct inst *at)
{
    uint64_t bits = 0;
    for (uint32_t k = 0; k < IR_SUBGROUP_SIZE; k++)
        if (lanes->of[k] && find_lane_value(l, lanes->of[k], at->args[0])->lane[0]) bits |= (uint64_t)1 << k;
    return bits;
}

static void shuffle_lanes(const struct launch *l, struct lanes *lanes, const struct inst *at)
{
    uint64_t source[IR_SUBGROUP_SIZE];
    memcpy(source, lanes->value, sizeof source);
    for (uint32_t k = 0; k < IR_SUBGROUP_SIZE; k++)
        if (lanes->of[k])
            lanes->value[k] = source[find_lane_value(l, lanes->of[k], at->args[1])->lane[0] % IR_SUBGROUP_SIZE];
}

/* Lane k + lane k + 16, then 8, 4, 2, 1. */
static void reduce_lanes(struct lanes *lanes, const struct inst *at)
{
    uint64_t *v = lanes->value;
    for (uint32_t distance = IR_SUBGROUP_SIZE / 2; distance; distance /= 2)
        for (uint32_t k = 0; k < distance; k++)
            v[k] = ir_reduce_step(at->op, at->type.scalar, v[k], v[k + distance]);
    for (uint32_t k = 1; k < IR_SUBGROUP_SIZE; k++)
        v[k] = v[0];
}

/* Hillis and Steele: in each round, lane k adds what lane k - distance had before it. */
static void scan_lanes(struct lanes *lanes, const struct inst *at)
{
    uint64_t *v = lanes->value;
    for (uint32_t distance = 1; distance < IR_SUBGROUP_SIZE; distance *= 2)
        for (uint32_t k = IR_SUBGROUP_SIZE; k-- > distance;)
            v[k] = ir_reduce_step(at->op, at->type.scalar, v[k], v[k - distance]);
}

static void combine_component(const struct launch *l, struct lanes *lanes, const struct inst *at, uint32_t component)
{
    uint64_t identity = at->op == IR_OP_SHUFFLE ? 0 : ir_reduce_identity(at->op, at->type.scalar);
    for (uint32_t k = 0; k < IR_SUBGROUP_SIZE; k++)
        lanes->value[k] = lanes->of[k] ? find_lane_value(l, lanes->of[k], at->args[0])->lane[component] : identity;
    if (at->op == IR_OP_SHUFFLE)
        shuffle_lanes(l, lanes, at);
    else if (at->op == IR_OP_SCAN_ADD)
        scan_lanes(lanes, at);
    else
        reduce_lanes(lanes, at);
}

static void evaluate_subgroup(const struct launch *l, const struct lanes *lanes, const struct inst *at)
{
    struct ir_value results[IR_SUBGROUP_SIZE];
    for (uint32_t c = 0; c < at->type.lanes; c++) {
        struct lanes work = *lanes;
        if (at->op == IR_OP_BALLOT) {
            work.value[0] = count_ballot(l, lanes, at);
            for (uint32_t k = 1; k < IR_SUBGROUP_SIZE; k++)
                work.value[k] = work.value[0];
        } else {
            combine_component(l, &work, at, c);
        }
        for (uint32_t k = 0; k < IR_SUBGROUP_SIZE; k++)
            results[k].lane[c] = work.value[k];
    }
    for (uint32_t k = 0; k < IR_SUBGROUP_SIZE; k++)
        if (lanes->of[k]) lanes->of[k]->regs[at->dst] = results[k];
}

/* All lanes that have not ended wait at a subgroup operation: it must be one and the same. */
static void pass_subgroup(struct launch *l, struct group *g, uint32_t subgroup)
{
    struct lanes lanes = {0};
    uint32_t first = subgroup * IR_SUBGROUP_SIZE, pc = UINT32_MAX;
    for (uint32_t k = 0; k < IR_SUBGROUP_SIZE && first + k < l->group_size; k++) {
        struct invocation *i = &g->invocations[first + k];
        if (i->state != INVOCATION_AT_SUBGROUP) continue;
        if (pc != UINT32_MAX && pc != i->pc) {
            fail_deadlock(l);
            return;
        }
        pc = i->pc;
        lanes.of[k] = i;
    }
    evaluate_subgroup(l, &lanes, &l->code.insts.at[pc]);
    for (uint32_t k = 0; k < IR_SUBGROUP_SIZE; k++)
        if (lanes.of[k]) {
            lanes.of[k]->state = INVOCATION_RUNS;
            lanes.of[k]->pc++;
        }
    g->n_waiting -= g->subgroup_waiting[subgroup];
    g->subgroup_waiting[subgroup] = 0;
}

static uint32_t count_lanes(const struct launch *l, uint32_t subgroup)
{
    uint32_t left = l->group_size - subgroup * IR_SUBGROUP_SIZE;
    return left < IR_SUBGROUP_SIZE ? left : IR_SUBGROUP_SIZE;
}

static void finish_group(struct window *w, struct group *g)
{
    struct launch *l = w->launch;
    w->n_done++;
    if (l->options->progress) l->options->progress(l->options->progress_ctx, w->n_done, l->n_groups);
    start_next_group(w, g);
}

/* After the invocation has stopped: whatever only it was waited for goes on. */
static void settle(struct window *w, struct group *g, const struct invocation *i)
{
    struct launch *l = w->launch;
    uint32_t subgroup = i->position / IR_SUBGROUP_SIZE, waiting = g->subgroup_waiting[subgroup];
    if (i->state == INVOCATION_RUNS) return;
    if (waiting && waiting + g->subgroup_ended[subgroup] == count_lanes(l, subgroup))
        pass_subgroup(l, g, subgroup);
    else if (g->n_ended == l->group_size)
        finish_group(w, g);
    else if (g->n_blocked && g->n_blocked + g->n_ended == l->group_size)
        pass_barrier(w, g);
    else if (g->n_blocked + g->n_waiting + g->n_ended == l->group_size)
        fail_deadlock(l); /* some wait at a subgroup operation, the others at a barrier */
    if (w->n_at_grid_barrier && w->n_at_grid_barrier + w->n_done == l->n_groups) pass_grid_barrier(w);
}

static void step(struct window *w, struct group *g, struct invocation *i, enum outcome until)
{
    interp_step(w->launch, g, i, until);
    if (!w->launch->stop) settle(w, g, i);
}

/* -- schedules: each gives steps to invocations of the window until all workgroups are done -------------- */

static bool is_over(const struct window *w)
{
    return w->launch->stop || w->n_done == w->launch->n_groups;
}

/* Each invocation in turn, up to where it has to wait. */
static void run_in_order(struct window *w, bool reversed)
{
    for (uint32_t slot = 0; !is_over(w); slot = (slot + 1) % w->n) {
        struct group *g = &w->groups[slot];
        uint64_t number = g->number;
        uint32_t n = number == GROUP_NONE || g->at_grid_barrier ? 0 : w->launch->group_size;
        for (uint32_t k = 0; k < n && g->number == number && !w->launch->stop; k++) {
            struct invocation *i = &g->invocations[reversed ? n - 1 - k : k];
            if (i->state == INVOCATION_RUNS) step(w, g, i, OUTCOME_BLOCKED);
        }
    }
}

static void schedule_FORWARD(struct window *w)
{
    run_in_order(w, false);
}
static void schedule_REVERSED(struct window *w)
{
    run_in_order(w, true);
}

/* SplitMix64. */
static uint64_t draw(struct window *w)
{
    uint64_t z = w->random += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static void schedule_RANDOM(struct window *w)
{
    uint64_t n = (uint64_t)w->n * w->launch->group_size, at = 0;
    while (!is_over(w)) {
        at = draw(w) % n;
        for (uint64_t tried = 0; tried < n; tried++, at = (at + 1) % n) {
            struct group *g = &w->groups[at / w->launch->group_size];
            struct invocation *i = &g->invocations[at % w->launch->group_size];
            if (g->number != GROUP_NONE && i->state == INVOCATION_RUNS) {
                step(w, g, i, OUTCOME_NEXT);
                break;
            }
        }
    }
}

/* The next invocation of the workgroup that can go on, from its cursor; NULL when none can. */
static struct invocation *find_runnable(const struct launch *l, struct group *g)
{
    for (uint32_t tried = 0; tried < l->group_size; tried++) {
        struct invocation *i = &g->invocations[g->cursor];
        if (i->state == INVOCATION_RUNS) return i;
        g->cursor = (g->cursor + 1) % l->group_size;
    }
    return NULL;
}

static void schedule_INTERLEAVED(struct window *w)
{
    for (uint32_t slot = 0; !is_over(w); slot = (slot + 1) % w->n) {
        struct group *g = &w->groups[slot];
        bool idle = g->number == GROUP_NONE || g->at_grid_barrier;
        struct invocation *i = idle ? NULL : find_runnable(w->launch, g);
        if (i) step(w, g, i, OUTCOME_ACCESS);
    }
}

/* How many workgroups are alive at a time: one is enough where nothing is interleaved. */
static uint64_t choose_window(const struct launch *l)
{
    for (uint32_t k = 0; k < l->code.insts.n; k++)
        if (l->code.insts.at[k].code == CODE_GRID_BARRIER) return l->n_groups;
    switch (l->options->schedule) {
    case IR_SCHEDULE_RANDOM:
        return 8;
    case IR_SCHEDULE_INTERLEAVED:
        return 1 + 16384 / l->group_size;
    default:
        return 1;
    }
}

void interp_schedule(struct launch *l)
{
    static void (*const schedules[])(struct window *w) = {
        [IR_SCHEDULE_FORWARD] = schedule_FORWARD,
        [IR_SCHEDULE_REVERSED] = schedule_REVERSED,
        [IR_SCHEDULE_RANDOM] = schedule_RANDOM,
        [IR_SCHEDULE_INTERLEAVED] = schedule_INTERLEAVED,
    };
    struct window w = {.launch = l, .random = l->options->seed};
    uint64_t wanted = choose_window(l);
    w.n = (uint32_t)(wanted < l->n_groups ? wanted : l->n_groups);
    if (!w.n) return;
    w.groups = ARENA_ARRAY(l->arena, struct group, w.n);
    for (uint32_t k = 0; k < w.n; k++) {
        allocate_group(l, &w.groups[k]);
        start_next_group(&w, &w.groups[k]);
    }
    schedules[l->options->schedule](&w);
}
