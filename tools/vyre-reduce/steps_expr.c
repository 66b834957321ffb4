/* steps_expr.c - steps over expressions: an operand in place of its operation, 0 in place of anything, smaller numbers. */
#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"
#include "tools/vyre-reduce/reduce.h"

struct walk {
    struct ir_module *m;
    uint32_t next, at;
    bool hit;
    void (*change)(struct walk *w, struct ir_expr **place);
};

/* Expressions are changed one at a time: a place inside a replaced one would be gone. */
static bool is_chosen(struct walk *w)
{
    bool chosen = !w->hit && w->next++ == w->at;
    w->hit |= chosen;
    return chosen;
}

struct ir_expr *reduce_zero(struct ir_module *m, ir_type type)
{
    struct ir_expr *parts[4], *zero = ir_const(m, (ir_type){type.scalar, 1}, 0, SRC_NONE);
    for (uint32_t k = 0; k < 4; k++)
        parts[k] = k ? ir_expr_copy(m, zero) : zero;
    return type.lanes == 1 ? zero : ir_expr_new(m, IR_OP_VEC, type, parts, type.lanes, SRC_NONE);
}

/* Operations before their operands, so that large trees go first. */
static void visit(struct walk *w, struct ir_expr **place)
{
    w->change(w, place);
    for (uint32_t k = 0; k < (*place)->n_args && !w->hit; k++)
        visit(w, &(*place)->args[k]);
}

static void visit_stmt(void *ctx, struct ir_stmt *s)
{
    struct walk *w = ctx;
    struct ir_expr **places[4];
    uint32_t n = ir_stmt_exprs(s, places);
    for (uint32_t k = 0; k < n && !w->hit; k++)
        visit(w, places[k]);
}

static bool walk_module(struct walk *w)
{
    for (uint32_t k = 0; k < w->m->programs.n; k++)
        ir_walk_stmts(&w->m->programs.at[k]->body, visit_stmt, w);
    return w->hit;
}

static bool is_vector_of_constants(const struct ir_expr *e)
{
    bool all = e->op == IR_OP_VEC;
    for (uint32_t k = 0; all && k < e->n_args; k++)
        all = ir_is_const(e->args[k]);
    return all;
}

static void simplify(struct walk *w, struct ir_expr **place)
{
    struct ir_expr *e = *place;
    for (uint32_t k = 0; k < e->n_args; k++)
        if (ir_type_equal(e->args[k]->type, e->type) && is_chosen(w)) *place = e->args[k];
    if (!ir_is_const(e) && !is_vector_of_constants(e) && is_chosen(w)) *place = reduce_zero(w->m, e->type);
}

bool step_simplify_exprs(struct ir_module *m, uint32_t first, uint32_t n)
{
    struct walk w = {.m = m, .at = first, .change = simplify};
    (void)n;
    return walk_module(&w);
}

/* To 0, to half of it, to one less; floats to 0 and 1 only. */
static void shrink_constant(struct walk *w, struct ir_expr **place)
{
    struct ir_expr *e = *place;
    if (!ir_is_const(e) || !e->bits) return;
    if (is_chosen(w)) *place = ir_const(w->m, e->type, 0, SRC_NONE);
    if (!ir_type_is_int(e->type)) return;
    if (e->bits > 1 && is_chosen(w)) *place = ir_const(w->m, e->type, e->bits / 2, SRC_NONE);
    if (e->bits > 1 && is_chosen(w)) *place = ir_const(w->m, e->type, e->bits - 1, SRC_NONE);
}

bool step_halve_constants(struct ir_module *m, uint32_t first, uint32_t n)
{
    struct walk w = {.m = m, .at = first, .change = shrink_constant};
    (void)n;
    return walk_module(&w);
}
