/* walk.c - visiting what is in a program: see walk.h. What a statement contains is told here, once. */
#include "ir/walk.h"

uint32_t ir_stmt_blocks(struct ir_stmt *s, struct ir_block *blocks[2])
{
    switch (s->kind) {
    case IR_STMT_IF:
        blocks[0] = &s->if_.then_block;
        blocks[1] = &s->if_.else_block;
        return 2;
    case IR_STMT_FOR:
        blocks[0] = &s->for_.body;
        return 1;
    case IR_STMT_WHILE:
        blocks[0] = &s->while_.body;
        return 1;
    case IR_STMT_BLOCK:
    case IR_STMT_REGION:
        blocks[0] = &s->scope.body;
        return 1;
    default:
        return 0;
    }
}

static uint32_t list_atomic_exprs(struct ir_stmt *s, struct ir_expr **places[4])
{
    uint32_t n = 0;
    places[n++] = &s->atomic.index;
    if (s->atomic.expected) places[n++] = &s->atomic.expected;
    places[n++] = &s->atomic.value;
    return n;
}

static uint32_t list_copy_exprs(struct ir_stmt *s, struct ir_expr **places[4])
{
    places[0] = &s->copy.dst_index;
    places[1] = &s->copy.src_index;
    places[2] = &s->copy.count;
    return 3;
}

static uint32_t list_pair(struct ir_expr **a, struct ir_expr **b, struct ir_expr **places[4])
{
    places[0] = a;
    places[1] = b;
    return 2;
}

uint32_t ir_stmt_exprs(struct ir_stmt *s, struct ir_expr **places[4])
{
    switch (s->kind) {
    case IR_STMT_LET:
    case IR_STMT_VAR:
    case IR_STMT_ASSIGN:
        places[0] = &s->let.value;
        return 1;
    case IR_STMT_STORE:
        return list_pair(&s->store.index, &s->store.value, places);
    case IR_STMT_IF:
        places[0] = &s->if_.cond;
        return 1;
    case IR_STMT_FOR:
        return list_pair(&s->for_.from, &s->for_.to, places);
    case IR_STMT_WHILE:
        list_pair(&s->while_.max, &s->while_.cond, places); /* max is read once, before */
        places[2] = &s->while_.told.invocation;
        return s->while_.told.invocation ? 3 : 2;
    case IR_STMT_ATOMIC:
        return list_atomic_exprs(s, places);
    case IR_STMT_COPY_ASYNC:
        return list_copy_exprs(s, places);
    case IR_STMT_TRAP:
    case IR_STMT_TELL:
        list_pair(&s->trap.code, &s->trap.told.invocation, places);
        return s->trap.told.invocation ? 2 : 1;
    default:
        return 0;
    }
}

struct ir_buffer *ir_stmt_written_buffer(const struct ir_stmt *s)
{
    switch (s->kind) {
    case IR_STMT_STORE:
        return s->store.buffer;
    case IR_STMT_ATOMIC:
        return s->atomic.buffer;
    case IR_STMT_COPY_ASYNC:
        return s->copy.dst;
    default:
        return NULL;
    }
}

struct ir_local *ir_stmt_written_local(const struct ir_stmt *s)
{
    switch (s->kind) {
    case IR_STMT_LET:
    case IR_STMT_VAR:
    case IR_STMT_ASSIGN:
        return s->let.local;
    case IR_STMT_FOR:
        return s->for_.local;
    case IR_STMT_ATOMIC:
        return s->atomic.result;
    default:
        return NULL;
    }
}

void ir_walk_stmts(struct ir_block *block, void (*visit)(void *ctx, struct ir_stmt *s), void *ctx)
{
    for (struct ir_stmt *s = block->first, *next; s; s = next) {
        struct ir_block *inner[2];
        next = s->next;
        visit(ctx, s);
        uint32_t n_inner = ir_stmt_blocks(s, inner);
        for (uint32_t i = 0; i < n_inner; i++)
            ir_walk_stmts(inner[i], visit, ctx);
    }
}

void ir_walk_expr(struct ir_expr **place, void (*visit)(void *ctx, struct ir_expr **place), void *ctx)
{
    for (uint32_t i = 0; i < (*place)->n_args; i++)
        ir_walk_expr(&(*place)->args[i], visit, ctx);
    visit(ctx, place);
}

struct expr_visitor {
    void (*visit)(void *ctx, struct ir_expr **place);
    void *ctx;
};

static void visit_exprs(void *ctx, struct ir_stmt *s)
{
    struct expr_visitor *v = ctx;
    struct ir_expr **places[4];
    uint32_t n = ir_stmt_exprs(s, places);
    for (uint32_t i = 0; i < n; i++)
        ir_walk_expr(places[i], v->visit, v->ctx);
}

void ir_walk_exprs(struct ir_block *block, void (*visit)(void *ctx, struct ir_expr **place), void *ctx)
{
    ir_walk_stmts(block, visit_exprs, &(struct expr_visitor){visit, ctx});
}
