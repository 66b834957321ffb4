/* uniform.c - which values all invocations of a workgroup share, and which statements they reach together.
 *
 * Everything is taken to be uniform until shown otherwise; then two work lists carry the news to a fixpoint:
 *
 *   a local that differs       ->  what is computed from it differs; a branch or loop that asks it diverges
 *   a branch or loop diverges  ->  variables of the outside that are assigned in it differ;
 *                                  a break in it makes its loop diverge: not all leave in the same round;
 *                                  after a continue in it, the rest of the round is without some;
 *                                  after a return in it, all that follows is, and every round of the loops around
 *
 * Invocations that returned or trapped never read a variable again, so neither makes a *value* differ. Trapped ones
 * still take part in barriers, so a trap does not make a *statement* divergent either; a return does. Each local and
 * each branch is processed once: linear, times the nesting. */
#include "ir/facts.h"
#include "ir/flat.h"
#include "ir/ops.h"
#include "ir/walk.h"

struct analysis {
    struct ir_uniformity *u;
    struct arena *arena;
    struct ir_flat flat;
    uint32_t *declared_at;  /* by local: the position of its declaration */
    uint32_t *uses_begin;   /* by local, and one more: its part of `uses` */
    uint32_t *uses;         /* positions of statements that read it */
    uint32_t *split_by;     /* by statement: the one that makes this branch or loop diverge, or IR_FLAT_NONE */
    uint32_t *thinned_from; /* by loop: from here to its end some have gone on to the next round; IR_FLAT_NONE: all are
                               here */
    uint32_t *thinned_by;   /* by loop: the continue */
    uint32_t thinned_body_from, thinned_body_by; /* the same for the body and return */
    VEC(uint32_t) differing;                     /* locals to process */
    VEC(uint32_t) diverging;                     /* branches and loops to process */
};

/* -- values ------------------------------------------------------------------------------------------------- */

static bool is_one_subgroup(const struct ir_program *p)
{
    return (uint64_t)p->workgroup[0] * p->workgroup[1] * p->workgroup[2] <= IR_SUBGROUP_SIZE;
}

static bool is_load_uniform(const struct ir_uniformity *u, const struct ir_buffer *b)
{
    if (b->space == IR_SPACE_DATA) return true;
    return b->space == IR_SPACE_STORAGE && !u->buffer_written[b->index];
}

static bool is_one_invocation(const struct ir_program *p)
{
    return (uint64_t)p->workgroup[0] * p->workgroup[1] * p->workgroup[2] == 1;
}

static bool is_id_uniform(const struct ir_uniformity *u, const struct ir_expr *e)
{
    if (e->op == IR_OP_LANE) return is_one_invocation(u->program);
    if (e->op == IR_OP_GID && u->of_grid) return false;
    return u->program->workgroup[e->component] == 1;
}

static bool are_args_uniform(const struct ir_uniformity *u, const struct ir_expr *e)
{
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!ir_expr_is_uniform(u, e->args[i])) return false;
    return true;
}

/* Subgroup results are the same within a subgroup at most, and those of SHUFFLE only when all look at one lane. */
static bool is_subgroup_op_uniform(const struct ir_uniformity *u, const struct ir_expr *e)
{
    if (!is_one_subgroup(u->program) || u->of_grid) return false;
    if (e->op == IR_OP_SHUFFLE) return ir_expr_is_uniform(u, e->args[1]);
    return !(ir_op_infos[e->op].traits & IR_TRAIT_LANE);
}

bool ir_expr_is_uniform(const struct ir_uniformity *u, const struct ir_expr *e)
{
    uint32_t traits = ir_op_infos[e->op].traits;
    if (e->op == IR_OP_LOCAL) return u->local_uniform[e->local->index];
    if (e->op == IR_OP_LOAD && !is_load_uniform(u, e->buffer)) return false;
    if (traits & IR_TRAIT_SUBGROUP) return is_subgroup_op_uniform(u, e);
    if (traits & IR_TRAIT_LANE) return is_id_uniform(u, e);
    if (e->op == IR_OP_WID && u->of_grid) return false;
    return are_args_uniform(u, e);
}

/* -- spreading ---------------------------------------------------------------------------------------------- */

static void mark_differing(struct analysis *a, const struct ir_local *l)
{
    if (!a->u->local_uniform[l->index]) return;
    a->u->local_uniform[l->index] = false;
    vec_push(a->arena, &a->differing, l->index);
}

static void mark_diverging(struct analysis *a, uint32_t at, uint32_t by)
{
    if (a->split_by[at] != IR_FLAT_NONE) return;
    a->split_by[at] = by;
    vec_push(a->arena, &a->diverging, at);
}

/* The statement at `at` reads something that has changed. */
static void update_stmt(struct analysis *a, uint32_t at)
{
    const struct ir_stmt *s = a->flat.stmts.at[at].stmt;
    const struct ir_uniformity *u = a->u;
    switch (s->kind) {
    case IR_STMT_LET:
    case IR_STMT_VAR:
    case IR_STMT_ASSIGN:
        if (u->local_uniform[s->let.local->index] && !ir_expr_is_uniform(u, s->let.value))
            mark_differing(a, s->let.local);
        break;
    case IR_STMT_IF:
        if (a->split_by[at] == IR_FLAT_NONE && !ir_expr_is_uniform(u, s->if_.cond)) mark_diverging(a, at, at);
        break;
    case IR_STMT_FOR:
        /* With one `from` for all, those who are in a round have counted alike, wherever they stop. */
        if (!ir_expr_is_uniform(u, s->for_.from)) mark_differing(a, s->for_.local);
        if (!u->local_uniform[s->for_.local->index] || !ir_expr_is_uniform(u, s->for_.to)) mark_diverging(a, at, at);
        break;
    case IR_STMT_WHILE:
        /* Who reaches `max` traps, so `max` splits nobody off. */
        if (a->split_by[at] == IR_FLAT_NONE && !ir_expr_is_uniform(u, s->while_.cond)) mark_diverging(a, at, at);
        break;
    case IR_STMT_ATOMIC:
        if (s->atomic.result) mark_differing(a, s->atomic.result);
        break;
    default:
        break;
    }
}

static uint32_t find_outermost_loop(const struct analysis *a, uint32_t at)
{
    uint32_t outermost = IR_FLAT_NONE;
    for (uint32_t loop = a->flat.stmts.at[at].loop; loop != IR_FLAT_NONE; loop = a->flat.stmts.at[loop].loop)
        outermost = loop;
    return outermost;
}

/* Some return at `at` while others go on: from `after` on, or from the first round of the outermost loop on, some are
 * missing. */
static void thin_body(struct analysis *a, uint32_t at, uint32_t after)
{
    uint32_t loop = find_outermost_loop(a, at), from = loop == IR_FLAT_NONE ? after : loop + 1;
    if (from >= a->thinned_body_from) return;
    a->thinned_body_from = from;
    a->thinned_body_by = at;
}

/* A variable from before position `from` is assigned by only some of those who read it later. */
static void update_assigned(struct analysis *a, uint32_t at, uint32_t from)
{
    const struct ir_stmt *s = a->flat.stmts.at[at].stmt;
    struct ir_local *l = ir_stmt_written_local(s);
    if (l && a->declared_at[l->index] < from) mark_differing(a, l);
}

/* From `from` to the end of the loop some are missing, who took the continue at `by`. What was thinned before stays
 * done. */
static void thin_loop(struct analysis *a, uint32_t loop, uint32_t from, uint32_t by)
{
    uint32_t to = a->flat.stmts.at[loop].end;
    if (a->thinned_from[loop] < to) to = a->thinned_from[loop];
    if (from >= a->thinned_from[loop]) return;
    a->thinned_from[loop] = from;
    a->thinned_by[loop] = by;
    for (uint32_t i = from; i < to; i++) {
        const struct ir_flat_stmt *f = &a->flat.stmts.at[i];
        update_assigned(a, i, from);
        if (f->stmt->kind == IR_STMT_BREAK && f->loop == loop) mark_diverging(a, loop, i);
        if (f->stmt->kind == IR_STMT_RETURN) thin_body(a, i, i + 1);
    }
}

/* Not all take the branch, or the same rounds of the loop, at `at`. */
static void process_diverging(struct analysis *a, uint32_t at)
{
    uint32_t end = a->flat.stmts.at[at].end;
    for (uint32_t i = at + 1; i < end; i++) {
        const struct ir_flat_stmt *f = &a->flat.stmts.at[i];
        bool leaves = f->loop != IR_FLAT_NONE && f->loop < at; /* a jump without a loop is check.c's business */
        update_assigned(a, i, at);
        if (f->stmt->kind == IR_STMT_BREAK && leaves) mark_diverging(a, f->loop, i);
        if (f->stmt->kind == IR_STMT_CONTINUE && leaves) thin_loop(a, f->loop, end, i);
        if (f->stmt->kind == IR_STMT_RETURN) thin_body(a, i, end);
    }
}

static void process_differing(struct analysis *a, uint32_t local)
{
    for (uint32_t i = a->uses_begin[local]; i < a->uses_begin[local + 1]; i++)
        update_stmt(a, a->uses[i]);
}

static void spread(struct analysis *a)
{
    for (uint32_t i = 0; i < a->flat.stmts.n; i++)
        update_stmt(a, i);
    while (a->differing.n || a->diverging.n) {
        if (a->differing.n)
            process_differing(a, a->differing.at[--a->differing.n]);
        else
            process_diverging(a, a->diverging.at[--a->diverging.n]);
    }
}

/* -- the tables --------------------------------------------------------------------------------------------- */

struct use_counter {
    struct analysis *a;
    uint32_t at;
    bool fill; /* the first visit counts, the second fills in */
};

static void visit_use(void *ctx, struct ir_expr **place)
{
    struct use_counter *c = ctx;
    if ((*place)->op != IR_OP_LOCAL) return;
    uint32_t *next = &c->a->uses_begin[(*place)->local->index];
    if (c->fill)
        c->a->uses[--*next] = c->at;
    else
        ++*next;
}

static void visit_uses(struct analysis *a, bool fill)
{
    struct use_counter c = {a, 0, fill};
    for (; c.at < a->flat.stmts.n; c.at++) {
        struct ir_expr **places[4];
        uint32_t n = ir_stmt_exprs(a->flat.stmts.at[c.at].stmt, places);
        for (uint32_t i = 0; i < n; i++)
            ir_walk_expr(places[i], visit_use, &c);
    }
}

static void list_uses(struct analysis *a, uint32_t n_locals)
{
    a->uses_begin = ARENA_ARRAY(a->arena, uint32_t, n_locals + 1);
    visit_uses(a, false);
    for (uint32_t i = 0; i < n_locals; i++)
        a->uses_begin[i + 1] += a->uses_begin[i];
    a->uses = ARENA_ARRAY(a->arena, uint32_t, a->uses_begin[n_locals]);
    visit_uses(a, true);
}

static uint32_t *new_positions(struct arena *arena, uint32_t n)
{
    uint32_t *positions = ARENA_ARRAY(arena, uint32_t, n);
    for (uint32_t i = 0; i < n; i++)
        positions[i] = IR_FLAT_NONE;
    return positions;
}

static bool declares_local(const struct ir_stmt *s)
{
    if (s->kind == IR_STMT_ATOMIC) return s->atomic.declares;
    return s->kind == IR_STMT_LET || s->kind == IR_STMT_VAR || s->kind == IR_STMT_FOR;
}

static void fill_tables(struct analysis *a, const struct ir_program *p)
{
    ir_flatten(&a->flat, a->arena, &p->body);
    a->declared_at = ARENA_ARRAY(a->arena, uint32_t, p->locals.n);
    a->split_by = new_positions(a->arena, a->flat.stmts.n);
    a->thinned_from = new_positions(a->arena, a->flat.stmts.n);
    a->thinned_by = new_positions(a->arena, a->flat.stmts.n);
    a->thinned_body_from = IR_FLAT_NONE;
    for (uint32_t i = 0; i < a->flat.stmts.n; i++) {
        const struct ir_stmt *s = a->flat.stmts.at[i].stmt;
        const struct ir_local *l = ir_stmt_written_local(s);
        const struct ir_buffer *b = ir_stmt_written_buffer(s);
        if (l && declares_local(s)) a->declared_at[l->index] = i;
        if (b && b->space == IR_SPACE_STORAGE) a->u->buffer_written[b->index] = true;
    }
    list_uses(a, p->locals.n);
}

/* -- the answers -------------------------------------------------------------------------------------------- */

/* What keeps some from the statement itself: `around` is what keeps them from the one around it or from its block. */
static uint32_t find_split(const struct analysis *a, uint32_t at, uint32_t around)
{
    uint32_t loop = a->flat.stmts.at[at].loop;
    if (around != IR_FLAT_NONE) return around;
    if (loop != IR_FLAT_NONE && at >= a->thinned_from[loop]) return a->thinned_by[loop];
    return at >= a->thinned_body_from ? a->thinned_body_by : IR_FLAT_NONE;
}

static void record_divergence(struct analysis *a)
{
    uint32_t *inside = new_positions(a->arena, a->flat.stmts.n); /* what keeps some from the blocks of a statement */
    for (uint32_t i = 0; i < a->flat.stmts.n; i++) {
        const struct ir_flat_stmt *f = &a->flat.stmts.at[i];
        struct ir_block *blocks[2];
        uint32_t by = find_split(a, i, f->parent == IR_FLAT_NONE ? IR_FLAT_NONE : inside[f->parent]);
        if (by != IR_FLAT_NONE) map_set(&a->u->divergent, f->stmt, a->flat.stmts.at[by].stmt);
        if (by == IR_FLAT_NONE) by = a->split_by[i];
        if (by == IR_FLAT_NONE && i + 1 >= a->thinned_body_from && f->end > i + 1) by = a->thinned_body_by;
        inside[i] = by;
        uint32_t n_blocks = by == IR_FLAT_NONE ? 0 : ir_stmt_blocks(f->stmt, blocks);
        for (uint32_t k = 0; k < n_blocks; k++)
            map_set(&a->u->divergent, blocks[k], a->flat.stmts.at[by].stmt);
    }
}

static void compute(struct ir_uniformity *u, struct arena *arena, const struct ir_program *p, bool of_grid)
{
    struct analysis a = {.u = u, .arena = arena};
    *u = (struct ir_uniformity){.arena = arena, .program = p, .of_grid = of_grid};
    map_init(&u->divergent, arena);
    u->local_uniform = ARENA_ARRAY(arena, bool, p->locals.n);
    u->buffer_written = ARENA_ARRAY(arena, bool, p->buffers.n);
    for (uint32_t i = 0; i < p->locals.n; i++)
        u->local_uniform[i] = true;
    fill_tables(&a, p);
    spread(&a);
    record_divergence(&a);
}

void ir_uniformity_compute(struct ir_uniformity *u, struct arena *arena, const struct ir_program *p)
{
    compute(u, arena, p, false);
}

void ir_grid_uniformity_compute(struct ir_uniformity *u, struct arena *arena, const struct ir_program *p)
{
    compute(u, arena, p, true);
}

bool ir_stmt_is_uniform(const struct ir_uniformity *u, const struct ir_stmt *s)
{
    return !map_find(&u->divergent, s);
}

bool ir_block_is_uniform(const struct ir_uniformity *u, const struct ir_block *b)
{
    return !map_find(&u->divergent, b);
}

static struct src_range find_cause(const struct ir_uniformity *u, const void *node)
{
    const struct ir_stmt *by = map_find(&u->divergent, node);
    if (!by) return SRC_NONE;
    if (by->kind == IR_STMT_IF) return by->if_.cond->range;
    if (by->kind == IR_STMT_WHILE) return by->while_.cond->range;
    if (by->kind != IR_STMT_FOR) return by->range;
    return ir_expr_is_uniform(u, by->for_.from) ? by->for_.to->range : by->for_.from->range;
}

struct src_range ir_divergence_cause(const struct ir_uniformity *u, const struct ir_stmt *s)
{
    return find_cause(u, s);
}

struct src_range ir_block_divergence_cause(const struct ir_uniformity *u, const struct ir_block *b)
{
    return find_cause(u, b);
}
