/* refusal.c - programs that have no SPIR-V code, because no Vulkan device can be relied on for what they do. */
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
