/* width.c - whether a program computes the same whatever the width of its workgroups.
 *
 * It may when nothing in it tells one workgroup from another: one dimension, no ids but gid, no workgroup memory, nothing that
 * looks at other lanes or waits for them. */
#include "ir/facts.h"
#include "ir/ops.h"
#include "ir/walk.h"

/* Leaves that tell how invocations are grouped. */
static const bool tells_groups[IR_OP_COUNT] = {
    [IR_OP_LID] = true,  [IR_OP_WID] = true,           [IR_OP_WORKGROUP_SIZE] = true, [IR_OP_NUM_WORKGROUPS] = true,
    [IR_OP_LANE] = true, [IR_OP_SUBGROUP_SIZE] = true,
};

static void look_at_expr(void *ctx, struct ir_expr **place)
{
    bool *is_free = ctx;
    const struct ir_expr *e = *place;
    if (tells_groups[e->op] || ir_op_infos[e->op].traits & IR_TRAIT_SUBGROUP) *is_free = false;
}

static void look_at_stmt(void *ctx, struct ir_stmt *s)
{
    bool *is_free = ctx;
    if (ir_stmt_infos[s->kind].traits & IR_STMT_TRAIT_SYNC) *is_free = false;
}

static bool is_in_one_row(const struct ir_program *p)
{
    for (uint32_t i = 1; i < 3; i++)
        if (p->workgroup[i] != 1 ||
            (i < p->n_dispatch && !(p->dispatch[i]->op == IR_OP_CONST && p->dispatch[i]->bits == 1)))
            return false;
    return true;
}

bool ir_has_free_width(const struct ir_program *p)
{
    bool is_free = is_in_one_row(p);
    struct ir_block *body = (struct ir_block *)(uintptr_t)&p->body; /* it is looked at alone */
    for (uint32_t i = 0; i < p->arrays.n; i++)
        if (p->arrays.at[i]->space == IR_SPACE_WORKGROUP) is_free = false;
    ir_walk_exprs(body, look_at_expr, &is_free);
    ir_walk_stmts(body, look_at_stmt, &is_free);
    return is_free;
}
