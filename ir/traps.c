/* traps.c - see traps.h. A `while` ends in time when it asks for `v < K`, every round adds to v, and there are K rounds:
 *
 *   while n < 9 && text[i + n] != 0 max 9 { n = n + 1; }
 */
#include "ir/traps.h"

#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"

struct changes {
    const struct ir_local *local;
    uint32_t n_assigns, n_continues;
};

static void count_change(void *ctx, struct ir_stmt *s)
{
    struct changes *c = ctx;
    if (s->kind != IR_STMT_LET && s->kind != IR_STMT_VAR && ir_stmt_written_local(s) == c->local) c->n_assigns++;
    if (s->kind == IR_STMT_CONTINUE) c->n_continues++;
}

static bool is_counter_step(const struct ir_stmt *s, const struct ir_local *l)
{
    if (s->kind != IR_STMT_ASSIGN || s->let.local != l || s->let.value->op != IR_OP_ADD) return false;
    const struct ir_expr *e = s->let.value;
    /* Small steps, so that nothing wraps around on the way to K. */
    return e->args[0]->op == IR_OP_LOCAL && e->args[0]->local == l && ir_is_const(e->args[1]) &&
           e->args[1]->bits >= 1 && e->args[1]->bits <= 65536;
}

/* Does every round add to the variable, and nothing else change it? */
static bool grows_each_round(const struct ir_stmt *loop, const struct ir_local *l)
{
    struct changes c = {.local = l};
    ir_walk_stmts((struct ir_block *)&loop->while_.body, count_change, &c);
    if (c.n_assigns != 1 || c.n_continues) return false;
    IR_EACH_STMT(s, &loop->while_.body)
    {
        if (is_counter_step(s, l)) return true;
    }
    return false;
}

static bool is_bounded_by(const struct ir_stmt *loop, const struct ir_expr *cond)
{
    if (cond->op == IR_OP_LAND) return is_bounded_by(loop, cond->args[0]) || is_bounded_by(loop, cond->args[1]);
    if (cond->op != IR_OP_LT || cond->args[0]->op != IR_OP_LOCAL || !ir_is_const(cond->args[1])) return false;
    const struct ir_local *l = cond->args[0]->local;
    bool followed = l->is_mutable && l->type.scalar == IR_U32 && l->type.lanes == 1;
    return followed && cond->args[1]->bits <= INT32_MAX && loop->while_.max->bits >= cond->args[1]->bits &&
           grows_each_round(loop, l);
}

bool ir_while_may_trap(const struct ir_stmt *loop)
{
    return !ir_is_const(loop->while_.max) || !is_bounded_by(loop, loop->while_.cond);
}

bool ir_while_may_end(const struct ir_stmt *loop)
{
    return !loop->while_.told.goes_on && ir_while_may_trap(loop);
}

bool ir_stmt_may_end(const struct ir_stmt *s)
{
    return s->kind == IR_STMT_TRAP || (s->kind == IR_STMT_WHILE && ir_while_may_end(s));
}

bool ir_stmt_may_trap(const struct ir_stmt *s)
{
    return s->kind == IR_STMT_TRAP || s->kind == IR_STMT_TELL || (s->kind == IR_STMT_WHILE && ir_while_may_trap(s));
}

static void look_for_trap(void *ctx, struct ir_stmt *s)
{
    *(bool *)ctx |= ir_stmt_may_trap(s);
}

bool ir_program_may_trap(const struct ir_program *p)
{
    bool traps = false;
    ir_walk_stmts((struct ir_block *)&p->body, look_for_trap, &traps);
    return traps;
}
