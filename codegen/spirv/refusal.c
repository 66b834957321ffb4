/* refusal.c - what is known of a program before any SPIR-V is made: whether it can have some, and for which devices. */
#include "codegen/spirv/spirv.h"

#include "ir/walk.h"

/* It would be several launches, and live values would have to survive between them. */
static void find_grid_barrier(void *ctx, struct ir_stmt *s)
{
    if (s->kind == IR_STMT_GRID_BARRIER) *(const char **)ctx = "it has a grid barrier";
}

const char *spirv_refusal(const struct ir_program *p)
{
    const char *reason = NULL;
    struct ir_block *body = (struct ir_block *)&p->body; /* only looked at */
    ir_walk_stmts(body, find_grid_barrier, &reason);
    return reason;
}

static bool is_small(const struct ir_buffer *b)
{
    return ir_scalar_infos[b->elem.scalar].mem_bytes < 4;
}

static void find_small_table(void *ctx, struct ir_expr **place)
{
    const struct ir_expr *x = *place;
    if (x->op == IR_OP_LOAD && x->buffer->space == IR_SPACE_DATA && is_small(x->buffer)) *(bool *)ctx = true;
}

static void find_small_copy(void *ctx, struct ir_stmt *s)
{
    if (s->kind == IR_STMT_COPY_ASYNC && s->copy.src->space == IR_SPACE_DATA && is_small(s->copy.src))
        *(bool *)ctx = true;
}

bool spirv_has_small_storage(const struct ir_program *p)
{
    bool found = false;
    struct ir_block *body = (struct ir_block *)&p->body; /* only looked at */
    for (uint32_t i = 0; i < p->buffers.n; i++)
        found |= is_small(p->buffers.at[i]);
    ir_walk_exprs(body, find_small_table, &found);
    ir_walk_stmts(body, find_small_copy, &found);
    return found;
}
