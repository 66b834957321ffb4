/* handoff_plan.c - which form a handoff is given, and its sizes.
 *
 * Where nobody needs what another workgroup produced, every producer runs once, in its own place: values stay in the
 * invocation or in a workgroup array. Otherwise each unit runs the producers that it needs, some of them for the second
 * time: an invocation when they are few and cheap, else a workgroup. There the workgroup's part is made larger, several
 * workgroups of the consumer in turn, as long as that makes it cheaper per element and two such workgroups fit the budget. */
#include "passes/handoff.h"

#include "ir/build.h"
#include "ir/limits.h"
#include "ir/ops.h"
#include "ir/traps.h"
#include "ir/walk.h"
#include "passes/plant.h"
#include "passes/program_uses.h"
#include "passes/told.h"
#include "passes/trap_arms.h"

enum {
    DEFAULT_BUDGET_BYTES = 16384,
    MAX_PRIVATE_BYTES = 64,   /* of one invocation; above, its part of a workgroup array does */
    MAX_RECOMPUTED = 2,       /* producers that one invocation runs */
    MAX_RECOMPUTED_WORK = 40, /* operations in all of them */
    BARRIER_WORK = 1500,      /* operations that a phase more costs a workgroup */
    EDGE_WORK = 15000,        /* and one with neighbours' parts */
    UNKNOWN_ROUNDS = 8,       /* of a loop */
    MAX_AGAIN = 4,            /* times that a producer may run */
    MOST_LANES = 64,          /* of a processor's registers, for bytes */
    LEAST_LANES = 8,
    MORE_FOR_LANES = 32, /* one producer of so many may be run to fill lanes alone */
};

/* A larger tile is made only if a smaller one costs more than that. */
static const double worth_a_tile = 1.04;

struct handoff_budget handoff_budget_of(const struct pass_run *run)
{
    struct handoff_budget b;
    uint64_t bytes = pass_option_number(run, "budget", DEFAULT_BUDGET_BYTES);
    b.bytes = bytes < IR_LIMIT_WORKGROUP_BYTES ? bytes : IR_LIMIT_WORKGROUP_BYTES;
    b.factor = (uint32_t)pass_option_number(run, "factor", 0);
    b.windows = pass_option_number(run, "windows", 1) != 0;
    b.traps = pass_option_number(run, "traps", 0) != 0;
    return b;
}

/* -- what a program does ------------------------------------------------------------------------------------------ */

struct deeds {
    bool synchronises, tells_atomics, has_subgroups; /* tells: their old values, or those of arrays, are of use */
    uint64_t work;                                   /* operations of one invocation, roughly */
};

static void note_op(void *ctx, struct ir_expr **place)
{
    struct deeds *d = ctx;
    d->has_subgroups |= (ir_op_infos[(*place)->op].traits & IR_TRAIT_SUBGROUP) != 0;
}

static void note_deed(void *ctx, struct ir_stmt *s)
{
    struct deeds *d = ctx;
    d->synchronises |= (ir_stmt_infos[s->kind].traits & IR_STMT_TRAIT_SYNC) != 0;
    if (s->kind == IR_STMT_ATOMIC)
        d->tells_atomics |= s->atomic.result != NULL || s->atomic.buffer->space != IR_SPACE_STORAGE;
}

static uint64_t measure_expr(const struct ir_expr *e)
{
    uint64_t work = e->n_args > 0 || e->op == IR_OP_LOAD;
    for (uint32_t i = 0; i < e->n_args; i++)
        work += measure_expr(e->args[i]);
    return work;
}

static uint64_t rounds_of(const struct ir_stmt *s)
{
    if (s->kind == IR_STMT_WHILE) return UNKNOWN_ROUNDS;
    if (s->kind != IR_STMT_FOR) return 1;
    if (!ir_is_const(s->for_.from) || !ir_is_const(s->for_.to)) return UNKNOWN_ROUNDS;
    uint64_t from = s->for_.from->bits, to = s->for_.to->bits;
    return to > from ? (to - from) / s->for_.step + 1 : 0;
}

static uint64_t measure_block(const struct ir_block *b)
{
    uint64_t work = 0;
    IR_EACH_STMT(s, b)
    {
        struct ir_expr **places[4];
        struct ir_block *inner[2];
        uint64_t inside = 0;
        work++;
        for (uint32_t i = 0, n = ir_stmt_exprs(s, places); i < n; i++)
            work += measure_expr(*places[i]);
        for (uint32_t i = 0, n = ir_stmt_blocks(s, inner); i < n; i++)
            inside += measure_block(inner[i]);
        uint64_t rounds = rounds_of(s);
        work += inside > 1000000 || rounds > 1000000 ? 1000000 : inside * rounds;
    }
    return work;
}

static struct deeds look_at(struct ir_program *p)
{
    struct deeds d = {0};
    ir_walk_stmts(&p->body, note_deed, &d);
    ir_walk_exprs(&p->body, note_op, &d);
    d.synchronises |= program_array_bytes(p, IR_SPACE_WORKGROUP) > 0;
    d.work = measure_block(&p->body);
    return d;
}

/* -- windows ---------------------------------------------------------------------------------------------------------- */

static bool has_equal_slope(const struct access_window *a, const struct access_window *b)
{
    return a->numerator == b->numerator && a->denominator == b->denominator;
}

static bool unite_windows(struct access_window *a, const struct access_window *b)
{
    if (!a->known || !b->known || !has_equal_slope(a, b)) return a->known = false;
    int64_t end = a->low + (int64_t)a->count, other = b->low + (int64_t)b->count;
    if (other > end) end = other;
    if (b->low < a->low) a->low = b->low;
    a->count = (uint64_t)(end - a->low);
    return true;
}

static uint64_t tile_bytes(const struct handoff_tile *t)
{
    return t->window.count * ir_type_mem_bytes(t->buffer->elem);
}

/* -- every producer in its own place ------------------------------------------------------------------------------------- */

static bool has_access(const struct access_facts *f, const struct ir_buffer *b, enum access_kind kind)
{
    for (uint32_t i = 0; i < f->accesses.n; i++)
        if (f->accesses.at[i].buffer == b && f->accesses.at[i].kind == kind) return true;
    return false;
}

/* Beside plain stores. */
static bool has_other_access(const struct access_facts *f, const struct ir_buffer *b)
{
    return has_access(f, b, ACCESS_LOAD) || has_access(f, b, ACCESS_ATOMIC);
}

/* What the producer itself and the consumer touch, by units of so many invocations. */
static bool fit_own_window(struct handoff *h, struct handoff_tile *t, uint64_t unit)
{
    t->window = access_find_elements(h->first, t->written, ACCESS_STORE, unit);
    struct access_window loads = access_find_elements(h->second, t->read, ACCESS_LOAD, unit);
    if (!unite_windows(&t->window, &loads)) return false;
    if (!has_other_access(h->first, t->written)) return true;
    loads = access_find_elements(h->first, t->written, ACCESS_LOAD, unit);
    return unite_windows(&t->window, &loads);
}

static enum handoff_refusal place_own(struct handoff *h, struct handoff_tile *t, enum access_hazard hazard)
{
    uint64_t size = handoff_second(h)->program->workgroup[0];
    bool shares = access_find_sharing(h->first, t->written) != ACCESS_HAZARD_NONE;
    bool atomics = has_access(h->first, t->written, ACCESS_ATOMIC);
    h->refused_tile = t;
    if (atomics && (t->kept || !t->stores_in_bounds)) return HANDOFF_PRODUCER_ATOMICS;
    if (shares && access_find_sharing(h->first, t->written) == ACCESS_HAZARD_GRID) return HANDOFF_NOT_A_MAP;
    if (hazard == ACCESS_HAZARD_INVOCATION && !shares && !atomics) {
        t->is_private = fit_own_window(h, t, 1) && t->window.denominator == 1 && tile_bytes(t) <= MAX_PRIVATE_BYTES;
        if (t->is_private) return HANDOFF_FINE;
    }
    if (!fit_own_window(h, t, size)) return HANDOFF_UNBOUNDED_WINDOW;
    h->form = HANDOFF_WORKGROUP;
    h->workgroup_bytes += tile_bytes(t);
    return HANDOFF_FINE;
}

/* False when some handoff goes from workgroup to workgroup, or workgroups are not the same invocations in both. */
static bool stays_in_workgroups(struct handoff *h, enum access_hazard *hazards)
{
    if (handoff_first(h)->program->workgroup[0] != handoff_second(h)->program->workgroup[0]) return false;
    for (uint32_t i = 0; i < h->tiles.n; i++) {
        struct handoff_tile *t = &h->tiles.at[i];
        if (!t->read) continue;
        struct access_conflict c = access_find_conflict(h->first, t->written, h->second, t->read);
        hazards[i] = c.hazard;
        if (c.hazard != ACCESS_HAZARD_GRID) continue;
        h->conflict = c;
        return false;
    }
    return true;
}

/* The producer must not look at what was there before: its array begins with zeros. */
static bool sees_old_contents(const struct handoff *h)
{
    for (uint32_t i = 0; i < h->tiles.n; i++) {
        const struct handoff_tile *t = &h->tiles.at[i];
        if (t->read && t->buffer->index < h->pipeline->buffers.n && has_other_access(h->first, t->written)) return true;
    }
    return false;
}

static enum handoff_refusal plan_in_place(struct handoff *h, const enum access_hazard *hazards, uint64_t budget_bytes)
{
    h->form = HANDOFF_REGISTERS;
    h->factor = 1;
    if (sees_old_contents(h)) return HANDOFF_OLD_CONTENTS;
    for (uint32_t i = 0; i < h->tiles.n; i++) {
        enum handoff_refusal r = h->tiles.at[i].read ? place_own(h, &h->tiles.at[i], hazards[i]) : HANDOFF_FINE;
        if (r) return r;
    }
    return h->workgroup_bytes > budget_bytes ? HANDOFF_BUDGET : HANDOFF_FINE;
}

/* -- producers again -------------------------------------------------------------------------------------------------------- */

static bool reads_what_it_writes(const struct handoff *h)
{
    const struct access_facts *f = h->first;
    for (uint32_t i = 0; i < f->accesses.n; i++)
        for (uint32_t k = 0; k < h->tiles.n; k++)
            if (f->accesses.at[i].buffer == h->tiles.at[k].written && f->accesses.at[i].kind == ACCESS_LOAD)
                return true;
    return false;
}

/* Atomics whose old values nobody uses are left to the owner of the producer, as stores to memory are. In a tile all would be needed. */
static bool has_atomics_again(const struct handoff *h, const struct deeds *deeds)
{
    bool any = deeds->tells_atomics;
    for (uint32_t i = 0; i < h->tiles.n; i++)
        any |= h->tiles.at[i].read && has_access(h->first, h->tiles.at[i].written, ACCESS_ATOMIC);
    return any;
}

/* When an invocation runs it several times, one after the other: the invocation ends where it traps, and a trap of a second arm must
 * not keep the first one from its next time. */
static bool in_trap_order(const struct ir_program *p)
{
    return trap_arms_count(p) == 1 || !ir_program_may_trap(p);
}

static enum handoff_refusal check_map(struct handoff *h, const struct deeds *deeds)
{
    if (!in_trap_order(handoff_first(h)->program)) return HANDOFF_PRODUCER_TRAPS;
    if (has_atomics_again(h, deeds)) return HANDOFF_PRODUCER_ATOMICS;
    if (deeds->synchronises || deeds->has_subgroups) return HANDOFF_PRODUCER_SYNCHRONISES;
    if (reads_what_it_writes(h)) return HANDOFF_PRODUCER_READS;
    for (uint32_t i = 0; i < h->tiles.n; i++) {
        const struct handoff_tile *t = h->refused_tile = &h->tiles.at[i];
        bool only_atomics =
            !has_access(h->first, t->written, ACCESS_STORE) && has_access(h->first, t->written, ACCESS_ATOMIC);
        if (!only_atomics && !access_is_injective(h->first, t->written)) return HANDOFF_NOT_A_MAP;
    }
    return HANDOFF_FINE;
}

/* The windows of all tiles, and the producers that fill them, for units of so many invocations of the consumer. */
static bool fit_windows(struct handoff *h, uint64_t unit)
{
    bool any = false;
    for (uint32_t i = 0; i < h->tiles.n; i++) {
        struct handoff_tile *t = &h->tiles.at[i];
        if (!t->read) continue;
        h->refused_tile = t;
        t->window = access_find_elements(h->second, t->read, ACCESS_LOAD, unit);
        struct access_window producers = access_find_producers(h->first, t->written, h->second, t->read, unit);
        if (!t->window.known || !producers.known) return false;
        producers.count -= PLANT(HANDOFF_HALO, 0, producers.count > 1);
        t->window.count -= PLANT(HANDOFF_WINDOW_SHORT, 0, t->window.count > 1);
        if (!any) h->producers = producers;
        if (any && !unite_windows(&h->producers, &producers)) return false;
        any = true;
    }
    return any;
}

static uint64_t sum_tile_bytes(const struct handoff *h)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < h->tiles.n; i++)
        if (h->tiles.at[i].read) sum += tile_bytes(&h->tiles.at[i]);
    return sum;
}

static bool try_recompute(struct handoff *h, const struct deeds *deeds)
{
    uint64_t bytes;
    if (h->owns || deeds->work > MAX_RECOMPUTED_WORK || !fit_windows(h, 1)) return false;
    bytes = sum_tile_bytes(h);
    if (h->producers.denominator != 1 || h->producers.count > MAX_RECOMPUTED || bytes > MAX_PRIVATE_BYTES) return false;
    if (h->producers.count * deeds->work > MAX_RECOMPUTED_WORK) return false;
    for (uint32_t i = 0; i < h->tiles.n; i++) {
        if (h->tiles.at[i].read && h->tiles.at[i].window.denominator != 1) return false;
        h->tiles.at[i].is_private = true;
    }
    h->form = HANDOFF_RECOMPUTED;
    h->factor = 1;
    return true;
}

static double slope_of(const struct access_window *w)
{
    return (double)w->numerator / (double)w->denominator;
}

/* Operations per invocation of the consumer, beside its own. Where a workgroup makes what its neighbours make too, its last producers
 * are not those that lie side by side with the next workgroup's. */
static double cost_of(const struct handoff *h, const struct deeds *deeds, uint32_t factor)
{
    double n = (double)h->producers.count + slope_of(&h->producers) * (factor - 1);
    double size = (double)handoff_second(h)->program->workgroup[0] * factor;
    bool has_neighbours = (double)h->producers.count > slope_of(&h->producers);
    return (n * (double)deeds->work + (has_neighbours ? EDGE_WORK : BARRIER_WORK)) / size;
}

static bool fits_twice(const struct handoff *h, uint32_t factor, uint64_t budget_bytes)
{
    double bytes = (double)h->workgroup_bytes;
    for (uint32_t i = 0; i < h->tiles.n; i++) {
        const struct handoff_tile *t = &h->tiles.at[i];
        if (!t->read) continue;
        double count = (double)t->window.count + slope_of(&t->window) * (factor - 1) + 2;
        bytes += count * ir_type_mem_bytes(t->buffer->elem);
    }
    return bytes * 2 <= (double)budget_bytes;
}

/* Several workgroups of the consumer in turn: only when it is not made of workgroups in another way. */
static bool may_take_turns(struct ir_program *p)
{
    struct deeds d = look_at(p);
    return !d.synchronises && !program_array_bytes(p, IR_SPACE_PRIVATE) && in_trap_order(p);
}

/* Small tiles stay near, and their phases overlap: a larger one must be worth it. */
static uint32_t choose_factor(const struct handoff *h, const struct deeds *deeds, struct handoff_budget budget)
{
    static const uint32_t factors[] = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512, 1024};
    enum { N_FACTORS = sizeof factors / sizeof *factors };
    double costs[N_FACTORS], least = 0;
    uint32_t best = 0;
    if (!may_take_turns(handoff_second(h)->program)) return 1;
    if (budget.factor) return budget.factor;
    for (uint32_t i = 0; i < N_FACTORS && (!i || fits_twice(h, factors[i], budget.bytes)); i++) {
        bool whole = factors[i] * h->producers.numerator % h->producers.denominator == 0;
        costs[i] = cost_of(h, deeds, factors[i]) * (whole || !i ? 1 : 1.1);
        if (!i || costs[i] < least) least = costs[best = i];
    }
    for (uint32_t i = best; i--;)
        if (costs[i] <= least * worth_a_tile) best = i;
    return factors[best];
}

/* What so many producers more make. */
static uint64_t more_elements(const struct handoff_tile *t, uint64_t more, uint64_t need)
{
    return (more * t->window.count + need - 1) / need;
}

/* Processors run producers by groups of lanes. One of which some lanes are left out costs as much as many whole ones, so some more
 * producers than are needed fill it, and their elements find room. */
static void fill_lanes(struct handoff *h, uint64_t budget_bytes)
{
    uint64_t need = h->producers.count, more = 0, bytes = h->workgroup_bytes;
    for (uint64_t lanes = MOST_LANES; lanes >= LEAST_LANES && !more && need % lanes; lanes /= 2)
        if ((lanes - need % lanes) * MORE_FOR_LANES <= need) more = lanes - need % lanes;
    for (uint32_t i = 0; i < h->tiles.n; i++) {
        const struct handoff_tile *t = &h->tiles.at[i];
        if (t->read) bytes += tile_bytes(t) + more_elements(t, more, need) * ir_type_mem_bytes(t->buffer->elem);
    }
    if (!more || bytes > budget_bytes) return;
    h->producers.count += more;
    for (uint32_t i = 0; i < h->tiles.n; i++)
        h->tiles.at[i].window.count += more_elements(&h->tiles.at[i], more, need);
}

static enum handoff_refusal plan_window(struct handoff *h, const struct deeds *deeds, struct handoff_budget budget)
{
    uint64_t size = handoff_second(h)->program->workgroup[0];
    h->form = HANDOFF_WINDOW;
    if (!fit_windows(h, size)) return HANDOFF_UNBOUNDED_WINDOW;
    h->factor = choose_factor(h, deeds, budget);
    if (h->factor > 1 && (!fit_windows(h, size * h->factor) || h->workgroup_bytes + sum_tile_bytes(h) > budget.bytes)) {
        h->factor = 1;
        if (!fit_windows(h, size)) return HANDOFF_UNBOUNDED_WINDOW;
    }
    if (!h->owns) fill_lanes(h, budget.bytes);
    h->workgroup_bytes += sum_tile_bytes(h);
    if (h->workgroup_bytes > budget.bytes) return HANDOFF_BUDGET;
    double own = slope_of(&h->producers);
    bool again = (double)h->producers.count > MAX_AGAIN * (own > 1 ? own : 1) && h->producers.count > size;
    if (again || (h->owns && h->producers.numerator == 0)) return HANDOFF_TOO_MUCH_AGAIN;
    return HANDOFF_FINE;
}

static enum handoff_refusal plan_again(struct handoff *h, struct handoff_budget budget)
{
    struct deeds deeds = look_at(handoff_first(h)->program);
    enum handoff_refusal r = check_map(h, &deeds);
    if (r) return r;
    return try_recompute(h, &deeds) ? HANDOFF_FINE : plan_window(h, &deeds, budget);
}

/* Nobody ends where a trap is told and the invocation goes on: see tell_traps.c. */
static bool are_traps_told(const struct handoff *h)
{
    return told_check_all(handoff_first(h)->program, h->run->scratch) &&
           told_check_all(handoff_second(h)->program, h->run->scratch);
}

enum handoff_refusal handoff_plan(struct handoff *h)
{
    enum access_hazard *hazards = ARENA_ARRAY(h->run->scratch, enum access_hazard, h->tiles.n + 1);
    struct handoff_budget budget = handoff_budget_of(h->run);
    bool insists = pass_insists(h->run, handoff_first(h), handoff_second(h));
    budget.windows |= insists;
    budget.traps |= insists;
    /* A producer that nobody needs may trap. */
    h->owns |= PLANT(HANDOFF_TRAP_OWNS, ir_program_may_trap(handoff_first(h)->program), false);
    h->workgroup_bytes = program_array_bytes(handoff_first(h)->program, IR_SPACE_WORKGROUP) +
                         program_array_bytes(handoff_second(h)->program, IR_SPACE_WORKGROUP);
    enum handoff_refusal r =
        stays_in_workgroups(h, hazards) ? plan_in_place(h, hazards, budget.bytes) : plan_again(h, budget);
    if (r && access_solver_is_exhausted(h->first->solver)) return HANDOFF_SOLVER_BUDGET;
    if (r || h->form != HANDOFF_WINDOW) return r;
    if (!budget.windows) return HANDOFF_NO_WINDOWS;
    return budget.traps || are_traps_told(h) ? HANDOFF_FINE : HANDOFF_SLOW_TRAPS;
}
