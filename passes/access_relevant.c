/* access_relevant.c - see access_relevant.h.
 *
 * From the last statement to the first, so that what an index is made of is known to be relevant before its definition comes up;
 * what loops carry around needs another look, and where a few looks do not settle it everything is relevant. */
#include "passes/access_relevant.h"

#include "ir/ops.h"
#include "ir/walk.h"

enum { MAX_LOOKS = 4 };

struct look {
    struct access_relevance *relevance;
    const struct ir_buffer *buffer;
    bool changed;
    bool found; /* a load, in the expressions looked at */
};

static void mark_local(void *ctx, struct ir_expr **place)
{
    struct look *look = ctx;
    const struct ir_expr *e = *place;
    if (e->op != IR_OP_LOCAL || look->relevance->locals[e->local->index]) return;
    look->relevance->locals[e->local->index] = look->changed = true;
}

static void mark_expr(struct look *look, struct ir_expr *e)
{
    ir_walk_expr(&e, mark_local, look);
}

static void mark_load(void *ctx, struct ir_expr **place)
{
    struct look *look = ctx;
    const struct ir_expr *e = *place;
    if (e->op != IR_OP_LOAD || e->buffer != look->buffer) return;
    look->found = true;
    mark_expr(look, e->args[0]);
}

static bool mark_loads(struct look *look, struct ir_stmt *s)
{
    struct ir_expr **places[4];
    look->found = false;
    for (uint32_t i = 0, n = ir_stmt_exprs(s, places); i < n; i++)
        ir_walk_expr(places[i], mark_load, look);
    return look->found;
}

/* The statement's own part: an access, a jump, or a value that decides about them. */
static bool mark_own(struct look *look, struct ir_stmt *s)
{
    const struct ir_local *written = ir_stmt_written_local(s);
    bool relevant = mark_loads(look, s) || (ir_stmt_infos[s->kind].traits & IR_STMT_TRAIT_JUMP);
    switch (s->kind) {
    case IR_STMT_STORE:
        if (s->store.buffer != look->buffer) return relevant;
        mark_expr(look, s->store.index);
        return true;
    case IR_STMT_ATOMIC:
        relevant |= written && look->relevance->locals[written->index];
        if (s->atomic.buffer != look->buffer) return relevant;
        mark_expr(look, s->atomic.index);
        return true;
    case IR_STMT_COPY_ASYNC:
        return relevant || s->copy.src == look->buffer || s->copy.dst == look->buffer;
    case IR_STMT_LET:
    case IR_STMT_VAR:
    case IR_STMT_ASSIGN:
        if (!look->relevance->locals[written->index]) return relevant;
        mark_expr(look, s->let.value);
        return true;
    default:
        return relevant;
    }
}

/* What decides how often the blocks inside are run. */
static void mark_conditions(struct look *look, struct ir_stmt *s)
{
    struct ir_expr **places[4];
    for (uint32_t i = 0, n = ir_stmt_exprs(s, places); i < n; i++)
        mark_expr(look, *places[i]);
}

static bool mark_block(struct look *look, struct ir_block *b)
{
    bool any = false;
    for (struct ir_stmt *s = b->last; s; s = s->prev) {
        struct ir_block *inner[2];
        bool inside = false;
        for (uint32_t n = ir_stmt_blocks(s, inner); n--;)
            inside |= mark_block(look, inner[n]);
        if (inside) mark_conditions(look, s);
        if (mark_own(look, s) || inside) {
            map_set(&look->relevance->stmts, s, s);
            any = true;
        }
    }
    return any;
}

void access_relevance_compute(struct access_relevance *r, struct arena *arena, const struct ir_program *p,
                              const struct ir_buffer *buffer)
{
    struct look look = {.relevance = r, .buffer = buffer, .changed = true};
    r->locals = ARENA_ARRAY(arena, bool, p->locals.n + 1);
    map_init(&r->stmts, arena);
    for (int i = 0; i < MAX_LOOKS && look.changed; i++) {
        look.changed = false;
        mark_block(&look, (struct ir_block *)&p->body);
    }
    r->all = look.changed;
}

bool access_is_relevant(const struct access_relevance *r, const struct ir_stmt *s)
{
    return r->all || map_find(&r->stmts, s);
}
