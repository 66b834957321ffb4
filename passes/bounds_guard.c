/* bounds_guard.c - see bounds_guard.h.
 *
 *   while i < len(text) max 64 {        what the condition says holds until i is assigned:
 *     sum = sum + text[i];              this one needs no check
 *     i = i + 1;
 *     sum = sum + text[i];              this one does
 *   }
 *
 *   if lid.x < half { ... tile[lid.x + half] }     what may be added is at most half - 1 + half
 *
 * From an access outwards, a step for each block around it, times the logarithm of how often a variable is assigned; for sums and
 * products of what is in conditions, once for each part. */
#include "passes/bounds_guard.h"

#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"
#include "passes/plant.h"
#include "passes/positions.h"

struct search {
    struct bounds_guards *g;
    struct arena *arena;
};

static uint32_t position_of(const struct bounds_guards *g, const struct ir_stmt *s)
{
    return (uint32_t)(uintptr_t)map_find(&g->order.positions, s) - 1;
}

static void note_stmt(void *ctx, struct ir_stmt *s)
{
    struct search *search = ctx;
    const struct ir_local *l = ir_stmt_written_local(s);
    if (!l) return;
    if (s->kind == IR_STMT_LET) search->g->lets[l->index] = s->let.value;
    if (l->is_mutable) vec_push(search->arena, &search->g->assigned[l->index].at, position_of(search->g, s));
}

void bounds_guards_find(struct bounds_guards *g, struct arena *arena, const struct ir_program *p,
                        const struct ir_ranges *ranges, const struct arm_list *arms)
{
    struct search search = {g, arena};
    ir_liveness_compute(&g->order, arena, p);
    g->lets = ARENA_ARRAY(arena, const struct ir_expr *, p->locals.n + 1);
    g->assigned = ARENA_ARRAY(arena, struct position_list, p->locals.n + 1);
    g->lengths = (struct bounds_lengths){g->lets, ranges, arms};
    ir_walk_stmts((struct ir_block *)(uintptr_t)&p->body, note_stmt, &search); /* only looked at */
}

/* -- what changes an index -------------------------------------------------------------------------------------------- */

/* Has the index the same value as before, if only statements at these positions were executed? */
static bool is_kept(const struct bounds_guards *g, const struct ir_expr *e, uint32_t first, uint32_t end)
{
    if (e->op == IR_OP_LOAD || ir_op_infos[e->op].traits & IR_TRAIT_SUBGROUP) return false;
    if (e->op == IR_OP_LOCAL) return !positions_any(&g->assigned[e->local->index], first, end);
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!is_kept(g, e->args[i], first, end)) return false;
    return true;
}

/* -- what conditions say ---------------------------------------------------------------------------------------------- */

static bool says_below(const struct bounds_guards *g, const struct ir_expr *cond, bool holds,
                       const struct ir_expr *index, const struct ir_buffer *b)
{
    enum ir_op less = holds ? PLANT(BOUNDS_LAST, IR_OP_LT, IR_OP_LE) : IR_OP_GE, greater = holds ? IR_OP_GT : IR_OP_LE;
    if (cond->op == IR_OP_LNOT) return says_below(g, cond->args[0], !holds, index, b);
    if (cond->op == (holds ? IR_OP_LAND : IR_OP_LOR))
        return says_below(g, cond->args[0], holds, index, b) || says_below(g, cond->args[1], holds, index, b);
    if (cond->op != less && cond->op != greater) return false;
    const struct ir_expr *small = cond->args[cond->op == greater], *great = cond->args[cond->op == less];
    return bounds_follow(&g->lengths, small, great, index, b);
}

/* The conditions that let control come to a statement, from the innermost outwards, as long as an expression has the value that it had there.
 * `holds` tells which way they went. */
struct climb {
    const struct bounds_guards *g;
    const struct ir_expr *e;
    const struct ir_stmt *inner;
    uint32_t here;
    bool holds;
};

static bool is_loop(const struct ir_stmt *s)
{
    return s->kind == IR_STMT_FOR || s->kind == IR_STMT_WHILE;
}

/* The condition of a `while` is evaluated after each round, too. */
static struct climb climb_from(const struct bounds_guards *g, const struct ir_stmt *s, const struct ir_expr *e)
{
    struct climb c = {g, e, s, position_of(g, s), false};
    if (s->kind == IR_STMT_WHILE && !is_kept(g, e, c.here, g->order.ends[c.here])) c.inner = NULL;
    return c;
}

/* NULL: there are no more. */
static const struct ir_expr *next_condition(struct climb *c)
{
    const struct bounds_guards *g = c->g;
    while (c->inner) {
        const struct ir_block *block = c->inner->parent;
        const struct ir_stmt *outer = block->owner;
        c->inner = outer;
        if (!outer) break;
        uint32_t from = position_of(g, outer);
        if (!PLANT(BOUNDS_ASSIGNED, is_kept(g, c->e, from, c->here), true)) break;
        if (is_loop(outer) && !PLANT(BOUNDS_ROUND, is_kept(g, c->e, from, g->order.ends[from]), true))
            c->inner = NULL; /* by an earlier round: only the condition of this loop says something */
        c->holds = outer->kind == IR_STMT_WHILE || (outer->kind == IR_STMT_IF && block == &outer->if_.then_block);
        if (outer->kind == IR_STMT_WHILE) return outer->while_.cond;
        if (outer->kind == IR_STMT_IF) return outer->if_.cond;
    }
    c->inner = NULL;
    return NULL;
}

bool bounds_is_guarded(const struct bounds_guards *g, const struct ir_stmt *s, const struct ir_expr *index,
                       const struct ir_buffer *b)
{
    struct climb c = climb_from(g, s, index);
    const struct ir_expr *cond;
    while ((cond = next_condition(&c)))
        if (says_below(g, cond, c.holds, index, b)) return true;
    return false;
}

/* -- the greatest value ----------------------------------------------------------------------------------------------- */

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What a comparison says, turned so that it is true; IR_OP_COUNT: nothing. */
static enum ir_op turn(enum ir_op op, bool holds)
{
    switch (op) {
    case IR_OP_LT:
        return holds ? IR_OP_LT : IR_OP_GE;
    case IR_OP_LE:
        return holds ? IR_OP_LE : IR_OP_GT;
    case IR_OP_GT:
        return holds ? IR_OP_GT : IR_OP_LE;
    case IR_OP_GE:
        return holds ? IR_OP_GE : IR_OP_LT;
    default:
        return holds && op == IR_OP_EQ ? IR_OP_EQ : IR_OP_COUNT;
    }
}

static uint64_t most_said(const struct value_ranges *r, const struct ir_expr *cond, bool holds, const struct ir_expr *e)
{
    if (cond->op == IR_OP_LNOT) return most_said(r, cond->args[0], !holds, e);
    if (cond->op == (holds ? IR_OP_LAND : IR_OP_LOR))
        return lesser(most_said(r, cond->args[0], holds, e), most_said(r, cond->args[1], holds, e));
    enum ir_op op = turn((enum ir_op)cond->op, holds);
    bool is_right = op == IR_OP_GT || op == IR_OP_GE; /* the lesser one */
    if (op == IR_OP_COUNT || !ir_expr_equal(cond->args[is_right], e)) return UINT64_MAX;
    uint64_t most = value_range_of(r, cond->args[!is_right]).high;
    bool is_less = op == IR_OP_LT || op == IR_OP_GT;
    return is_less && most ? most - 1 : most;
}

static uint64_t most_of_sum_or_product(const struct ir_expr *e, uint64_t a, uint64_t b)
{
    uint64_t most;
    bool wraps = e->op == IR_OP_ADD ? __builtin_add_overflow(a, b, &most) : __builtin_mul_overflow(a, b, &most);
    uint64_t greatest = UINT64_MAX >> (64 - ir_type_info(e->type)->bits);
    return PLANT(BOUNDS_WRAP, wraps || most > greatest, false) ? UINT64_MAX : most;
}

uint64_t bounds_most_of(const struct bounds_guards *g, const struct value_ranges *r, const struct ir_stmt *s,
                        const struct ir_expr *e)
{
    uint64_t most = value_range_of(r, e).high;
    if (ir_is_const(e) || e->type.lanes != 1 || ir_type_info(e->type)->kind != IR_KIND_UINT) return most;
    struct climb c = climb_from(g, s, e);
    for (const struct ir_expr *cond; (cond = next_condition(&c));)
        most = lesser(most, most_said(r, cond, c.holds, e));
    if (e->op != IR_OP_ADD && e->op != IR_OP_MUL) return most;
    uint64_t a = bounds_most_of(g, r, s, e->args[0]), b = bounds_most_of(g, r, s, e->args[1]);
    return lesser(most, most_of_sum_or_product(e, a, b));
}
