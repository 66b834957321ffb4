/* flat.c - see flat.h. Recursion is bounded by the nesting of blocks. */
#include "ir/flat.h"

#include "ir/walk.h"

static void flatten_block(struct ir_flat *f, struct arena *arena, const struct ir_block *b, uint32_t parent,
                          uint32_t loop)
{
    IR_EACH_STMT(s, b)
    {
        struct ir_block *inner[2];
        uint32_t here = f->stmts.n, n_inner = ir_stmt_blocks(s, inner);
        bool is_loop = s->kind == IR_STMT_FOR || s->kind == IR_STMT_WHILE;
        struct ir_flat_stmt flat = {.stmt = s, .parent = parent, .loop = loop};
        vec_push(arena, &f->stmts, flat);
        for (uint32_t i = 0; i < n_inner; i++)
            flatten_block(f, arena, inner[i], here, is_loop ? here : loop);
        f->stmts.at[here].end = f->stmts.n;
    }
}

void ir_flatten(struct ir_flat *f, struct arena *arena, const struct ir_block *body)
{
    *f = (struct ir_flat){0};
    flatten_block(f, arena, body, IR_FLAT_NONE, IR_FLAT_NONE);
}
