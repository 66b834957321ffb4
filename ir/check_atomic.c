/* check_atomic.c - plain and atomic access to one buffer without a barrier between.
 *
 * A phase is what lies between two barriers, in time: the entry of the program begins one, and so does each barrier. An
 * access belongs to every phase that can reach it without another barrier. Two accesses are without a barrier between
 * exactly when they share a phase; loops carry phases around, branches unite them.
 *
 * Every block is walked at most twice: once to learn how its loop changes the phases (ENTRY stands for whatever comes
 * in), once to record accesses. Sets of phases are small; one that would pass MAX_PHASES makes its phases one, which
 * only refuses more. Indices that cannot be equal without wrapping, as `hits[0]` and `hits[slot + 1]`, do not clash. */
#include <stdlib.h>

#include "ir/check.h"
#include "ir/range.h"
#include "ir/walk.h"

enum { ENTRY = 0, MAX_PHASES = 8, MAX_RANGES = 8 };

struct phases {
    uint32_t n; /* 0: cannot be reached */
    uint32_t id[MAX_PHASES];
};

struct access {
    uint32_t buffer, phase; /* `buffer`: number of the buffer among those with atomics */
    uint32_t order;         /* of the text */
    bool atomic;
    struct ir_range index;
    struct src_range range;
};

struct loop_summary {
    struct phases back, left; /* at the end of a round; where breaks leave */
};

struct phase_walk {
    struct checker *c;
    struct map buffers; /* buffer with atomics -> its number + 1 */
    VEC(const struct ir_buffer *) atomic_buffers;
    struct map begun;     /* barrier -> its phase */
    struct map summaries; /* loop -> struct loop_summary */
    VEC(uint32_t) same;   /* union-find over phases */
    VEC(struct access) accesses;
    struct ir_ranges ranges;
    struct phases *continued, *left; /* of the loop being walked */
    bool recording;
    struct phases now;
};

/* -- sets of phases ----------------------------------------------------------------------------------------- */

static uint32_t find_same(struct phase_walk *w, uint32_t phase)
{
    while (w->same.at[phase] != phase)
        phase = w->same.at[phase] = w->same.at[w->same.at[phase]];
    return phase;
}

static bool has_phase(const struct phases *set, uint32_t phase)
{
    for (uint32_t i = 0; i < set->n; i++)
        if (set->id[i] == phase) return true;
    return false;
}

/* All of a full set and one more become one phase; ENTRY stays apart, for it may stand for others. */
static void unite_phases(struct phase_walk *w, struct phases *set, uint32_t phase)
{
    bool has_entry = has_phase(set, ENTRY) || phase == ENTRY;
    uint32_t kept = find_same(w, phase != ENTRY ? phase : set->id[set->id[0] == ENTRY]);
    for (uint32_t i = 0; i < set->n; i++)
        if (set->id[i] != ENTRY) w->same.at[find_same(w, set->id[i])] = kept;
    *set = (struct phases){.n = 1, .id = {kept}};
    if (has_entry) set->id[set->n++] = ENTRY;
}

static void add_phase(struct phase_walk *w, struct phases *set, uint32_t phase)
{
    if (has_phase(set, phase)) return;
    if (set->n == MAX_PHASES)
        unite_phases(w, set, phase);
    else
        set->id[set->n++] = phase;
}

static void add_phases(struct phase_walk *w, struct phases *set, const struct phases *more)
{
    for (uint32_t i = 0; i < more->n; i++)
        add_phase(w, set, more->id[i]);
}

/* What a summary says when `in` comes in. */
static void apply_summary(struct phase_walk *w, struct phases *set, const struct phases *summary,
                          const struct phases *in)
{
    for (uint32_t i = 0; i < summary->n; i++) {
        if (summary->id[i] == ENTRY)
            add_phases(w, set, in);
        else
            add_phase(w, set, summary->id[i]);
    }
}

static uint32_t phase_begun_by(struct phase_walk *w, const struct ir_stmt *barrier)
{
    uint32_t phase = (uint32_t)(uintptr_t)map_find(&w->begun, barrier);
    if (phase) return phase;
    phase = w->same.n;
    vec_push(w->c->arena, &w->same, phase);
    map_set(&w->begun, barrier, (void *)(uintptr_t)phase);
    return phase;
}

/* -- accesses ----------------------------------------------------------------------------------------------- */

static void record_access(struct phase_walk *w, const struct ir_buffer *b, const struct ir_expr *index, bool atomic,
                          struct src_range range)
{
    uint32_t number = (uint32_t)(uintptr_t)map_find(&w->buffers, b);
    if (!number) return;
    struct access a = {.buffer = number - 1, .order = w->accesses.n, .atomic = atomic, .range = range};
    a.index = index ? ir_range_of(&w->ranges, index) : (struct ir_range){0, UINT64_MAX};
    for (uint32_t i = 0; i < w->now.n; i++) {
        a.phase = w->now.id[i];
        vec_push(w->c->arena, &w->accesses, a);
    }
}

/* In the order of the text; variables can be anything. */
static void note_range(struct ir_ranges *r, const struct ir_stmt *s)
{
    if (s->kind == IR_STMT_LET) r->locals[s->let.local->index] = ir_range_of(r, s->let.value);
    if (s->kind == IR_STMT_FOR) r->locals[s->for_.local->index] = ir_range_of_loop(r, s);
}

static void visit_load(void *ctx, struct ir_expr **place)
{
    const struct ir_expr *e = *place;
    if (e->op == IR_OP_LOAD) record_access(ctx, e->buffer, e->args[0], false, e->range);
}

static void record_stmt(struct phase_walk *w, struct ir_stmt *s)
{
    struct ir_expr **places[4];
    uint32_t n = w->recording ? ir_stmt_exprs(s, places) : 0;
    for (uint32_t i = 0; i < n; i++)
        ir_walk_expr(places[i], visit_load, w);
    if (!w->recording) return;
    note_range(&w->ranges, s);
    if (s->kind == IR_STMT_STORE) record_access(w, s->store.buffer, s->store.index, false, s->range);
    if (s->kind == IR_STMT_ATOMIC) record_access(w, s->atomic.buffer, s->atomic.index, true, s->range);
    if (s->kind == IR_STMT_COPY_ASYNC) {
        record_access(w, s->copy.dst, NULL, false, s->range);
        record_access(w, s->copy.src, NULL, false, s->range);
    }
}

/* -- the walk ----------------------------------------------------------------------------------------------- */

static void walk_block(struct phase_walk *w, const struct ir_block *b);

static void walk_if(struct phase_walk *w, const struct ir_stmt *s)
{
    struct phases before = w->now;
    walk_block(w, &s->if_.then_block);
    struct phases after_then = w->now;
    w->now = before;
    walk_block(w, &s->if_.else_block);
    add_phases(w, &w->now, &after_then);
}

static const struct ir_block *loop_body(const struct ir_stmt *s)
{
    return s->kind == IR_STMT_FOR ? &s->for_.body : &s->while_.body;
}

/* One round from `in`: where it ends, and where it is left. */
static struct loop_summary walk_round(struct phase_walk *w, const struct ir_stmt *s, struct phases in)
{
    struct loop_summary result = {0};
    struct phases *outer_continued = w->continued, *outer_left = w->left;
    w->continued = &result.back;
    w->left = &result.left;
    w->now = in;
    walk_block(w, loop_body(s));
    add_phases(w, &result.back, &w->now);
    w->continued = outer_continued;
    w->left = outer_left;
    return result;
}

static const struct loop_summary *summarize_loop(struct phase_walk *w, const struct ir_stmt *s)
{
    struct loop_summary *summary = map_find(&w->summaries, s);
    if (summary) return summary;
    struct phases now = w->now;
    bool recording = w->recording;
    summary = ARENA_NEW(w->c->arena, struct loop_summary);
    w->recording = false;
    *summary = walk_round(w, s, (struct phases){.n = 1, .id = {ENTRY}});
    w->recording = recording;
    w->now = now;
    map_set(&w->summaries, s, summary);
    return summary;
}

static void walk_loop(struct phase_walk *w, struct ir_stmt *s)
{
    const struct loop_summary *summary = summarize_loop(w, s);
    struct phases head = w->now, before = w->now;
    apply_summary(w, &head, &summary->back, &before);
    w->now = head;
    record_stmt(w, s);
    if (w->recording) walk_round(w, s, head);
    w->now = head;
    apply_summary(w, &w->now, &summary->left, &head);
}

static void jump_to(struct phase_walk *w, struct phases *target)
{
    if (target) add_phases(w, target, &w->now); /* outside a loop there is none: reported elsewhere */
    w->now.n = 0;
}

static void walk_stmt(struct phase_walk *w, struct ir_stmt *s)
{
    if (s->kind == IR_STMT_FOR || s->kind == IR_STMT_WHILE) {
        walk_loop(w, s);
        return;
    }
    record_stmt(w, s);
    switch (s->kind) {
    case IR_STMT_IF:
        walk_if(w, s);
        break;
    case IR_STMT_BLOCK:
    case IR_STMT_REGION:
        walk_block(w, &s->scope.body);
        break;
    case IR_STMT_BARRIER:
    case IR_STMT_GRID_BARRIER:
        w->now = (struct phases){.n = 1, .id = {phase_begun_by(w, s)}};
        break;
    case IR_STMT_BREAK:
        jump_to(w, w->left);
        break;
    case IR_STMT_CONTINUE:
        jump_to(w, w->continued);
        break;
    case IR_STMT_RETURN:
    case IR_STMT_TRAP:
        w->now.n = 0;
        break;
    default:
        break;
    }
}

static void walk_block(struct phase_walk *w, const struct ir_block *b)
{
    IR_EACH_STMT(s, b) walk_stmt(w, s);
}

/* -- clashes ------------------------------------------------------------------------------------------------ */

static int compare_accesses(const void *a, const void *b)
{
    const struct access *x = a, *y = b;
    if (x->buffer != y->buffer) return x->buffer < y->buffer ? -1 : 1;
    if (x->phase != y->phase) return x->phase < y->phase ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

/* The atomic accesses of a phase, those beyond MAX_RANGES united with the last. */
static uint32_t list_atomics(const struct access *at, uint32_t n, struct access atomics[MAX_RANGES])
{
    uint32_t n_atomics = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct access *last = &atomics[MAX_RANGES - 1];
        if (!at[i].atomic) continue;
        if (n_atomics < MAX_RANGES) {
            atomics[n_atomics++] = at[i];
            continue;
        }
        if (at[i].index.low < last->index.low) last->index.low = at[i].index.low;
        if (at[i].index.high > last->index.high) last->index.high = at[i].index.high;
    }
    return n_atomics;
}

/* One report for each buffer is enough. True when there was one. */
static bool report_clash(struct phase_walk *w, const struct access *at, uint32_t n)
{
    struct access atomics[MAX_RANGES];
    uint32_t n_atomics = list_atomics(at, n, atomics);
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; !at[i].atomic && k < n_atomics; k++) {
            if (!ir_range_meets(at[i].index, atomics[k].index)) continue;
            const char *name = w->atomic_buffers.at[at[i].buffer]->name;
            struct diag *d = diag_report(w->c->diags, DIAG_PLAIN_AND_ATOMIC, at[i].range, name);
            diag_add_note(w->c->diags, d, atomics[k].range, "the atomic access is here");
            return true;
        }
    }
    return false;
}

static void report_clashes(struct phase_walk *w)
{
    struct access *at = w->accesses.at;
    uint32_t n = w->accesses.n;
    for (uint32_t i = 0; i < n; i++)
        at[i].phase = find_same(w, at[i].phase);
    if (n) qsort(at, n, sizeof *at, compare_accesses);
    for (uint32_t begin = 0, end; begin < n; begin = end) {
        uint32_t buffer = at[begin].buffer;
        for (end = begin + 1; end < n && at[end].buffer == buffer && at[end].phase == at[begin].phase;)
            end++;
        if (!report_clash(w, at + begin, end - begin)) continue;
        while (end < n && at[end].buffer == buffer)
            end++;
    }
}

static void find_atomic(void *ctx, struct ir_stmt *s)
{
    struct phase_walk *w = ctx;
    if (s->kind != IR_STMT_ATOMIC || map_find(&w->buffers, s->atomic.buffer)) return;
    vec_push(w->c->arena, &w->atomic_buffers, s->atomic.buffer);
    map_set(&w->buffers, s->atomic.buffer, (void *)(uintptr_t)w->atomic_buffers.n);
}

void check_atomic_phases(struct checker *c)
{
    struct phase_walk w = {.c = c, .recording = true, .now = {.n = 1, .id = {ENTRY}}};
    struct ir_block *body = (struct ir_block *)&c->program->body;
    map_init(&w.buffers, c->arena);
    map_init(&w.begun, c->arena);
    map_init(&w.summaries, c->arena);
    ir_walk_stmts(body, find_atomic, &w);
    if (!w.atomic_buffers.n) return;
    ir_ranges_init(&w.ranges, c->arena, c->program, IR_RANGE_SUPPOSED);
    vec_push(c->arena, &w.same, ENTRY);
    walk_block(&w, body);
    report_clashes(&w);
}
