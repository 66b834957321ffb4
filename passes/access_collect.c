/* access_collect.c - see access_collect.h. The walk of access.c meets them in the same order. */
#include "passes/access_collect.h"

#include "ir/walk.h"

bool access_is_followed(const struct ir_buffer *b)
{
    return b->space == IR_SPACE_STORAGE;
}

struct collection {
    struct access_facts *facts;
    struct arena *arena;
    const struct ir_stmt *stmt;
};

static void add(struct collection *c, struct access a)
{
    a.stmt = c->stmt;
    if (c->facts->follows_arrays || access_is_followed(a.buffer)) vec_push(c->arena, &c->facts->accesses, a);
}

static void add_load(void *ctx, struct ir_expr **place)
{
    const struct ir_expr *e = *place;
    if (e->op != IR_OP_LOAD) return;
    add(ctx, (struct access){.kind = ACCESS_LOAD, .buffer = e->buffer, .load = e, .range = e->range});
}

static void add_stmt(void *ctx, struct ir_stmt *s)
{
    struct collection *c = ctx;
    struct ir_expr **places[4];
    c->stmt = s;
    for (uint32_t i = 0, n = ir_stmt_exprs(s, places); i < n; i++)
        ir_walk_expr(places[i], add_load, c);
    if (s->kind == IR_STMT_STORE)
        add(c, (struct access){.kind = ACCESS_STORE, .buffer = s->store.buffer, .range = s->range});
    if (s->kind == IR_STMT_ATOMIC)
        add(c, (struct access){.kind = ACCESS_ATOMIC, .buffer = s->atomic.buffer, .range = s->range});
    if (s->kind != IR_STMT_COPY_ASYNC) return;
    add(c, (struct access){.kind = ACCESS_LOAD, .buffer = s->copy.src, .range = s->range});
    add(c, (struct access){.kind = ACCESS_STORE, .buffer = s->copy.dst, .range = s->range});
}

void access_collect(struct access_facts *facts, struct arena *arena)
{
    struct collection c = {.facts = facts, .arena = arena};
    ir_walk_stmts((struct ir_block *)&facts->program->body, add_stmt, &c);
}
