/* bounds_guard.c - see bounds_guard.h.
 *
 *   while i < len(text) max 64 {        what the condition says holds until i is assigned:
 *     sum = sum + text[i];              this one needs no check
 *     i = i + 1;
 *     sum = sum + text[i];              this one does
 *   }
 *
 * From an access outwards, a step for each block around it, times the logarithm of how often a variable is assigned. */
#include "passes/bounds_guard.h"

#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"
#include "passes/plant.h"

struct position_list {
    VEC(uint32_t) at;
};

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

void bounds_guards_find(struct bounds_guards *g, struct arena *arena, const struct ir_program *p)
{
    struct search search = {g, arena};
    ir_liveness_compute(&g->order, arena, p);
    g->lets = ARENA_ARRAY(arena, const struct ir_expr *, p->locals.n + 1);
    g->assigned = ARENA_ARRAY(arena, struct position_list, p->locals.n + 1);
    ir_walk_stmts((struct ir_block *)(uintptr_t)&p->body, note_stmt, &search); /* only looked at */
}

/* -- what changes an index -------------------------------------------------------------------------------------------- */

/* Is the local assigned at a position from `first` up to, not including, `end`? */
static bool is_assigned(const struct position_list *list, uint32_t first, uint32_t end)
{
    uint32_t low = 0, high = list->at.n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (list->at.at[middle] < first)
            low = middle + 1;
        else
            high = middle;
    }
    return low < list->at.n && list->at.at[low] < end;
}

/* Has the index the same value as before, if only statements at these positions were executed? */
static bool is_kept(const struct bounds_guards *g, const struct ir_expr *e, uint32_t first, uint32_t end)
{
    if (e->op == IR_OP_LOAD || ir_op_infos[e->op].traits & IR_TRAIT_SUBGROUP) return false;
    if (e->op == IR_OP_LOCAL) return !is_assigned(&g->assigned[e->local->index], first, end);
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!is_kept(g, e->args[i], first, end)) return false;
    return true;
}

/* -- what conditions say ---------------------------------------------------------------------------------------------- */

/* Is it at most the length of the buffer? */
static bool is_length(const struct bounds_guards *g, const struct ir_expr *e, const struct ir_buffer *b)
{
    const struct ir_expr *let = e->op == IR_OP_LOCAL ? g->lets[e->local->index] : NULL;
    if (let) e = let;
    if (e->op == IR_OP_LEN) return e->buffer == b;
    return ir_is_const(e) && b->sized && e->bits <= b->count;
}

static bool says_below(const struct bounds_guards *g, const struct ir_expr *cond, bool holds,
                       const struct ir_expr *index, const struct ir_buffer *b)
{
    enum ir_op less = holds ? PLANT(BOUNDS_LAST, IR_OP_LT, IR_OP_LE) : IR_OP_GE, greater = holds ? IR_OP_GT : IR_OP_LE;
    if (cond->op == IR_OP_LNOT) return says_below(g, cond->args[0], !holds, index, b);
    if (cond->op == (holds ? IR_OP_LAND : IR_OP_LOR))
        return says_below(g, cond->args[0], holds, index, b) || says_below(g, cond->args[1], holds, index, b);
    if (cond->op != less && cond->op != greater) return false;
    const struct ir_expr *small = cond->args[cond->op == greater], *great = cond->args[cond->op == less];
    return is_length(g, great, b) && ir_expr_equal(small, index);
}

/* Does the statement let control into the block only where index < len(b)? */
static bool guards(const struct bounds_guards *g, const struct ir_stmt *s, const struct ir_block *block,
                   const struct ir_expr *index, const struct ir_buffer *b)
{
    if (s->kind == IR_STMT_WHILE) return says_below(g, s->while_.cond, true, index, b);
    return s->kind == IR_STMT_IF && says_below(g, s->if_.cond, block == &s->if_.then_block, index, b);
}

bool bounds_is_guarded(const struct bounds_guards *g, const struct ir_stmt *s, const struct ir_expr *index,
                       const struct ir_buffer *b)
{
    uint32_t here = position_of(g, s);
    bool again = s->kind == IR_STMT_WHILE; /* its condition is evaluated after each round */
    if (again && !is_kept(g, index, here, g->order.ends[here])) return false;
    for (const struct ir_stmt *inner = s, *outer; (outer = inner->parent->owner); inner = outer) {
        uint32_t from = position_of(g, outer);
        if (!PLANT(BOUNDS_ASSIGNED, is_kept(g, index, from, here), true)) return false;
        if (guards(g, outer, inner->parent, index, b)) return true;
        bool loops = outer->kind == IR_STMT_FOR || outer->kind == IR_STMT_WHILE;
        bool kept = PLANT(BOUNDS_ROUND, is_kept(g, index, from, g->order.ends[from]), true);
        if (loops && !kept) return false; /* by an earlier round */
    }
    return false;
}
