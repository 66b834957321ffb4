/* liveness.c - which locals may still be read after a statement: see facts.h for what is kept and why. */
#include "ir/facts.h"
#include "ir/flat.h"
#include "ir/walk.h"

struct liveness_builder {
    struct ir_liveness *l;
    const struct ir_flat *flat;
    uint32_t at;      /* the statement whose expressions are visited */
    bool every_round; /* it is a loop, and they are evaluated in each of its rounds */
};

/* The outermost loop around the reader that the declaration stands outside of. */
static uint32_t find_repeating_loop(const struct liveness_builder *b, uint32_t declared)
{
    uint32_t loop = b->every_round ? b->at : b->flat->stmts.at[b->at].loop, found = IR_FLAT_NONE;
    for (; loop != IR_FLAT_NONE && loop > declared; loop = b->flat->stmts.at[loop].loop)
        found = loop;
    return found;
}

static void extend_to_loop(struct liveness_builder *b, struct ir_live_interval *i, uint32_t loop)
{
    if (i->loop != IR_FLAT_NONE && i->loop >= loop) return;
    i->loop = loop;
    i->loop_end = b->flat->stmts.at[loop].end;
}

static void visit_read(void *ctx, struct ir_expr **place)
{
    struct liveness_builder *b = ctx;
    if ((*place)->op != IR_OP_LOCAL) return;
    struct ir_live_interval *i = &b->l->locals[(*place)->local->index];
    uint32_t loop = find_repeating_loop(b, i->declared);
    if (b->at > i->last_use) i->last_use = b->at;
    if (loop != IR_FLAT_NONE) extend_to_loop(b, i, loop);
}

/* A loop counts on with its variable after each round. */
static void declare_loop_variable(struct liveness_builder *b, const struct ir_stmt *s)
{
    struct ir_live_interval *i = &b->l->locals[s->for_.local->index];
    i->declared = b->at;
    extend_to_loop(b, i, b->at);
}

static void visit_stmt(struct liveness_builder *b, struct ir_stmt *s)
{
    struct ir_expr **places[4];
    struct ir_local *l = ir_stmt_written_local(s);
    bool declares =
        s->kind == IR_STMT_LET || s->kind == IR_STMT_VAR || (s->kind == IR_STMT_ATOMIC && s->atomic.declares);
    uint32_t n = ir_stmt_exprs(s, places);
    for (uint32_t i = 0; i < n; i++) {
        b->every_round = s->kind == IR_STMT_WHILE && *places[i] != s->while_.max;
        ir_walk_expr(places[i], visit_read, b);
    }
    if (l && declares) b->l->locals[l->index].declared = b->at;
    if (s->kind == IR_STMT_FOR) declare_loop_variable(b, s);
}

void ir_liveness_compute(struct ir_liveness *l, struct arena *arena, const struct ir_program *p)
{
    struct ir_flat flat;
    struct liveness_builder b = {.l = l, .flat = &flat};
    ir_flatten(&flat, arena, &p->body);
    l->program = p;
    map_init(&l->positions, arena);
    l->ends = ARENA_ARRAY(arena, uint32_t, flat.stmts.n);
    l->locals = ARENA_ARRAY(arena, struct ir_live_interval, p->locals.n);
    for (uint32_t i = 0; i < p->locals.n; i++)
        l->locals[i] = (struct ir_live_interval){.declared = IR_FLAT_NONE, .loop = IR_FLAT_NONE};
    for (; b.at < flat.stmts.n; b.at++) {
        map_set(&l->positions, flat.stmts.at[b.at].stmt, (void *)((uintptr_t)b.at + 1));
        l->ends[b.at] = flat.stmts.at[b.at].end;
        visit_stmt(&b, flat.stmts.at[b.at].stmt);
    }
}

bool ir_is_live_after(const struct ir_liveness *l, const struct ir_stmt *s, const struct ir_local *local)
{
    const struct ir_live_interval *i = &l->locals[local->index];
    uint32_t position = (uint32_t)((uintptr_t)map_find(&l->positions, s) - 1), end = l->ends[position];
    bool inside_loop = i->loop != IR_FLAT_NONE && position > i->loop && position < i->loop_end;
    bool before_loop = i->loop != IR_FLAT_NONE && end <= i->loop;
    if (i->declared == IR_FLAT_NONE || position < i->declared) return false;
    return end <= i->last_use || inside_loop || before_loop;
}
