/* returns.c - see returns.h.
 *
 *   if i >= n { return; }                 if i < n {
 *   for k in 0u32..4 {                      var ended = false;
 *     if a[k] == 0 { return; }              for k in 0u32..4 {
 *   }                              =>         if a[k] == 0 { ended = true; break; }
 *   b[i] = 1;                               }
 *                                           if !ended { b[i] = 1; }
 *                                         }
 *
 * What follows an `if` that returns goes into its other branch; only where a loop is left, or what follows cannot be moved there,
 * a variable says that the body has ended. Linear, times the nesting. */
#include "passes/returns.h"
#include "passes/plant.h"

#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"

struct returns {
    struct ir_program *p;
    struct ir_block *body;
    struct ir_local *ended; /* NULL until it is needed */
};

static void count_return(void *ctx, struct ir_stmt *s)
{
    *(uint32_t *)ctx += s->kind == IR_STMT_RETURN;
}

static uint32_t count_returns(struct ir_stmt *s)
{
    struct ir_block *inner[2];
    uint32_t n = s->kind == IR_STMT_RETURN;
    for (uint32_t i = 0, n_inner = ir_stmt_blocks(s, inner); i < n_inner; i++)
        ir_walk_stmts(inner[i], count_return, &n);
    return n;
}

static struct ir_expr *get_ended(struct returns *r)
{
    struct ir_module *m = r->p->module;
    if (!r->ended) {
        struct ir_stmt *var = ir_stmt_new(m, IR_STMT_VAR, SRC_NONE);
        var->let.local = r->ended = ir_local_new(r->p, "ended", IR_TYPE(BOOL), true, SRC_NONE);
        var->let.value = ir_const(m, IR_TYPE(BOOL), 0, SRC_NONE);
        if (r->body->first)
            ir_insert_before(r->body->first, var);
        else
            ir_block_append(r->body, var);
    }
    return ir_get_local(m, r->ended, SRC_NONE);
}

static void insert_ending(struct returns *r, struct ir_stmt *at)
{
    struct ir_module *m = r->p->module;
    struct ir_stmt *assign = ir_stmt_new(m, IR_STMT_ASSIGN, at->range);
    assign->let.local = get_ended(r)->local;
    assign->let.value = ir_const(m, IR_TYPE(BOOL), 1, SRC_NONE);
    ir_insert_before(at, assign);
}

/* Moves all that follows s to the end of another block. */
static void move_rest(struct ir_stmt *s, struct ir_block *to)
{
    while (s->next) {
        struct ir_stmt *moved = s->next;
        ir_remove(moved);
        ir_block_append(to, moved);
    }
}

static struct ir_expr *negate(struct ir_module *m, struct ir_expr *e)
{
    const uint16_t opposites[][2] = {
        {PLANT(RETURN_CONDITION, IR_OP_LT, IR_OP_GT), IR_OP_GE}, {IR_OP_LE, IR_OP_GT}, {IR_OP_EQ, IR_OP_NE}};
    for (uint32_t i = 0; e->n_args == 2 && !ir_type_is_float(e->args[0]->type) && i < 3; i++) {
        if (e->op == opposites[i][0] || e->op == opposites[i][1]) {
            enum ir_op op = (enum ir_op)opposites[i][e->op == opposites[i][0]];
            return ir_binary(m, op, e->args[0], e->args[1], e->range);
        }
    }
    return e->depth < IR_MAX_EXPR_DEPTH ? ir_unary(m, IR_OP_LNOT, e, e->range) : NULL;
}

/* `if c { } else { rest }` as `if !c { rest }`. */
static void turn_round(struct ir_module *m, struct ir_stmt *s)
{
    struct ir_expr *opposite = s->if_.then_block.first ? NULL : negate(m, s->if_.cond);
    if (!opposite || !s->if_.else_block.first) return;
    s->if_.cond = opposite;
    while (s->if_.else_block.first) {
        struct ir_stmt *moved = s->if_.else_block.first;
        ir_remove(moved);
        ir_block_append(&s->if_.then_block, moved);
    }
    s->if_.has_else = false;
}

/* `if !ended { rest }` behind s. */
static struct ir_block *guard_rest(struct returns *r, struct ir_stmt *s)
{
    struct ir_module *m = r->p->module;
    struct ir_stmt *guard = ir_stmt_new(m, IR_STMT_IF, s->range);
    guard->if_.cond = ir_unary(m, IR_OP_LNOT, get_ended(r), SRC_NONE);
    move_rest(s, &guard->if_.then_block);
    ir_insert_after(s, guard);
    return &guard->if_.then_block;
}

static bool ends_in_return(const struct ir_block *b)
{
    return b->last && b->last->kind == IR_STMT_RETURN;
}

static void end_block(struct returns *r, struct ir_block *b, bool more_follows, bool in_loop);

/* The rest of the block goes where the invocation has not returned. True when nothing needs to be known of it behind s. */
static bool move_into_branch(struct ir_stmt *s)
{
    bool then_ends = ends_in_return(&s->if_.then_block), else_ends = ends_in_return(&s->if_.else_block);
    if (!s->next || then_ends == else_ends) return false;
    struct ir_block *open = then_ends ? &s->if_.else_block : &s->if_.then_block;
    struct ir_block *closed = then_ends ? &s->if_.then_block : &s->if_.else_block;
    uint32_t n_open = 0, n_closed = 0;
    ir_walk_stmts(open, count_return, &n_open);
    ir_walk_stmts(closed, count_return, &n_closed);
    if (n_open || n_closed > 1) return false;
    move_rest(s, open);
    if (then_ends) s->if_.has_else = true;
    return true;
}

static void end_inner(struct returns *r, struct ir_stmt *s, bool more_follows, bool in_loop)
{
    struct ir_block *inner[2];
    bool is_loop = s->kind == IR_STMT_FOR || s->kind == IR_STMT_WHILE;
    for (uint32_t i = 0, n = ir_stmt_blocks(s, inner); i < n; i++)
        end_block(r, inner[i], more_follows, in_loop || is_loop);
}

/* Behind a loop that may have been left by a return, in a loop. */
static void leave_outer_loop(struct returns *r, struct ir_stmt *s)
{
    struct ir_module *m = r->p->module;
    struct ir_stmt *check = ir_stmt_new(m, IR_STMT_IF, s->range);
    check->if_.cond = get_ended(r);
    ir_block_append(&check->if_.then_block, ir_stmt_new(m, IR_STMT_BREAK, s->range));
    ir_insert_after(s, check);
}

static void end_return(struct returns *r, struct ir_stmt *s, bool more_follows, bool in_loop)
{
    if (PLANT(RETURN_ENDS_ALL, more_follows || in_loop, false)) insert_ending(r, s);
    if (in_loop) ir_insert_before(s, ir_stmt_new(r->p->module, IR_STMT_BREAK, s->range));
    ir_remove(s);
}

/* more_follows: behind this block there is more of the body that a return must skip. */
static void end_block(struct returns *r, struct ir_block *b, bool more_follows, bool in_loop)
{
    for (struct ir_stmt *s = b->first, *next; s; s = next) {
        next = s->next;
        if (!count_returns(s)) continue;
        if (s->kind == IR_STMT_RETURN) {
            end_return(r, s, more_follows, in_loop);
            return;
        }
        bool is_loop = s->kind == IR_STMT_FOR || s->kind == IR_STMT_WHILE;
        if (!in_loop && s->kind == IR_STMT_IF && move_into_branch(s)) {
            end_inner(r, s, more_follows, false);
            turn_round(r->p->module, s);
            return;
        }
        end_inner(r, s, more_follows || s->next, in_loop);
        if (in_loop && is_loop) leave_outer_loop(r, s);
        if (in_loop || !s->next) continue;
        end_block(r, guard_rest(r, s), more_follows, false);
        return;
    }
}

void returns_remove(struct ir_program *p, struct ir_block *body)
{
    struct returns r = {.p = p, .body = body};
    end_block(&r, body, false, false);
}
