/* trap_arms.c - see trap_arms.h. */
#include "passes/trap_arms.h"

#include "ir/walk.h"

uint32_t trap_arms_count(const struct ir_program *p)
{
    return p->trap_arms.n ? p->trap_arms.n : 1;
}

uint32_t trap_arms_add(struct ir_module *m, struct ir_program *p, const struct ir_arm *arm)
{
    const struct ir_program *of = arm->program;
    uint32_t first = p->trap_arms.n;
    for (uint32_t i = 0; i < of->trap_arms.n; i++)
        vec_push(m->arena, &p->trap_arms, of->trap_arms.at[i]);
    if (!of->trap_arms.n) vec_push(m->arena, &p->trap_arms, ((struct ir_trap_arm){arm->name, of->name}));
    return first;
}

struct ir_told *trap_arms_told(struct ir_stmt *s)
{
    if (s->kind == IR_STMT_TRAP || s->kind == IR_STMT_TELL) return &s->trap.told;
    return s->kind == IR_STMT_WHILE ? &s->while_.told : NULL;
}

static void shift(void *ctx, struct ir_stmt *s)
{
    struct ir_told *told = trap_arms_told(s);
    if (told) told->arm += *(const uint32_t *)ctx;
}

void trap_arms_shift(struct ir_block *body, uint32_t first)
{
    if (first) ir_walk_stmts(body, shift, &first);
}
