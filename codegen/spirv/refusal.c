/* refusal.c - what is known of a program before any SPIR-V is made: whether it can have some, and for which devices. */
#include "codegen/spirv/spirv.h"

#include "ir/build.h"
#include "ir/facts.h"
#include "ir/ops.h"
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

/* -- what a device of words alone has other code for */

static bool is_small(const struct ir_buffer *b)
{
    return ir_scalar_infos[b->elem.scalar].mem_bytes < 4;
}

static bool is_wide(ir_type t)
{
    return ir_scalar_infos[t.scalar].mem_bytes == 8;
}

struct sizes {
    bool small, wide, wide_atomics;
};

static void note_expr(void *ctx, struct ir_expr **place)
{
    struct sizes *found = ctx;
    const struct ir_expr *x = *place;
    found->small |= x->op == IR_OP_LOAD && x->buffer->space == IR_SPACE_DATA && is_small(x->buffer);
    found->wide |= is_wide(x->type);
}

static void note_stmt(void *ctx, struct ir_stmt *s)
{
    struct sizes *found = ctx;
    if (s->kind == IR_STMT_COPY_ASYNC) {
        found->small |= s->copy.src->space == IR_SPACE_DATA && is_small(s->copy.src);
        found->wide |= is_wide(s->copy.src->elem);
    }
    found->wide_atomics |= s->kind == IR_STMT_ATOMIC && is_wide(s->atomic.buffer->elem);
}

bool spirv_has_other_than_words(const struct ir_program *p)
{
    struct sizes found = {0};
    struct ir_block *body = (struct ir_block *)&p->body; /* only looked at */
    for (uint32_t i = 0; i < p->buffers.n; i++) {
        found.small |= is_small(p->buffers.at[i]);
        found.wide |= is_wide(p->buffers.at[i]->elem);
    }
    for (uint32_t i = 0; i < p->params.n; i++)
        found.wide |= is_wide(p->params.at[i]->type);
    ir_walk_exprs(body, note_expr, &found);
    ir_walk_stmts(body, note_stmt, &found);
    return found.small || (found.wide && !found.wide_atomics);
}

/* -- what a launch may be too large for */

/* maxStorageBufferRange is at least this (Vulkan 1.3, 33.1). */
enum { BOUND_BYTES = 1 << 27, FEW_ROUNDS = 1024 };

/* By itself: whoever has many short loops in each other has copies of the innermost. */
static void find_long_loop(void *ctx, struct ir_stmt *s)
{
    bool is_for = s->kind == IR_STMT_FOR && ir_is_const(s->for_.from) && ir_is_const(s->for_.to);
    if (s->kind != IR_STMT_FOR && s->kind != IR_STMT_WHILE && s->kind != IR_STMT_COPY_ASYNC) return;
    *(bool *)ctx |= !is_for || s->for_.to->bits - s->for_.from->bits > FEW_ROUNDS;
}

bool spirv_may_be_large(const struct ir_program *p)
{
    for (uint32_t i = 0; i < p->buffers.n; i++) {
        const struct ir_buffer *b = p->buffers.at[i];
        if (!b->sized || b->count * ir_type_mem_bytes(b->elem) > BOUND_BYTES) return true;
    }
    bool found = ir_has_loop_copies(p);
    ir_walk_stmts((struct ir_block *)&p->body, find_long_loop, &found); /* only looked at */
    return found;
}

/* -- subgroups */

static void find_subgroup_operation(void *ctx, struct ir_expr **place)
{
    *(bool *)ctx |= (ir_op_infos[(*place)->op].traits & IR_TRAIT_SUBGROUP) != 0;
}

/* Full subgroups of a given size need a width that is a multiple (Vulkan 1.3, VUID-VkPipelineShaderStageCreateInfo-pNext-02757). */
bool spirv_may_have_subgroups(const struct ir_program *p)
{
    bool found = false;
    ir_walk_exprs((struct ir_block *)&p->body, find_subgroup_operation, &found); /* only looked at */
    return found && p->workgroup[0] % IR_SUBGROUP_SIZE == 0;
}
