/* steps_body.c - steps over statements: without them, or without what is around others. */
#include "ir/build.h"
#include "ir/walk.h"
#include "tools/vyre-reduce/reduce.h"

/* A walk over the statements of all programs that knows which of them are meant. */
struct walk {
    struct ir_module *m;
    struct ir_program *program;
    uint32_t next, first, n;
    bool hit;
    const struct ir_local *gone; /* while its uses are replaced */
};

static bool is_chosen(struct walk *w)
{
    uint32_t at = w->next++;
    bool chosen = at >= w->first && at - w->first < w->n;
    w->hit |= chosen;
    return chosen;
}

static bool walk_programs(struct walk *w, void (*visit)(void *ctx, struct ir_stmt *s))
{
    for (uint32_t k = 0; k < w->m->programs.n; k++) {
        w->program = w->m->programs.at[k];
        ir_walk_stmts(&w->program->body, visit, w);
    }
    return w->hit;
}

/* -- removing: reads of what a removed statement declares become zeros, assignments to it go too ----------- */

static void replace_use(void *ctx, struct ir_expr **place)
{
    struct walk *w = ctx;
    if ((*place)->op == IR_OP_LOCAL && (*place)->local == w->gone) *place = reduce_zero(w->m, (*place)->type);
}

static void drop_assignment(void *ctx, struct ir_stmt *s)
{
    struct walk *w = ctx;
    if (s->kind == IR_STMT_ASSIGN && s->let.local == w->gone) ir_remove(s);
    if (s->kind == IR_STMT_ATOMIC && s->atomic.result == w->gone) s->atomic.result = NULL;
}

static bool declares(const struct ir_stmt *s)
{
    return s->kind == IR_STMT_LET || s->kind == IR_STMT_VAR ||
           (s->kind == IR_STMT_ATOMIC && s->atomic.declares && s->atomic.result);
}

static void forget_local(struct walk *w, struct ir_stmt *s)
{
    if (!declares(s)) return;
    w->gone = ir_stmt_written_local(s);
    ir_walk_exprs(&w->program->body, replace_use, w);
    ir_walk_stmts(s->parent, drop_assignment, w);
}

static void remove_stmt(void *ctx, struct ir_stmt *s)
{
    struct walk *w = ctx;
    if (!is_chosen(w) || !s->parent) return;
    forget_local(w, s);
    ir_remove(s);
}

/* A statement before those inside it, so that whole blocks go first. */
bool step_remove_stmts(struct ir_module *m, uint32_t first, uint32_t n)
{
    struct walk w = {.m = m, .first = first, .n = n};
    return walk_programs(&w, remove_stmt);
}

/* -- unwrapping: what was inside stands in place of the statement; an atomic goes without its result ------- */

/* Jumps of the loop that is no longer around; those of loops inside it stay. */
static void drop_jumps(struct ir_block *b)
{
    for (struct ir_stmt *s = b->first, *next; s; s = next) {
        struct ir_block *inner[2];
        next = s->next;
        uint32_t n = s->kind == IR_STMT_FOR || s->kind == IR_STMT_WHILE ? 0 : ir_stmt_blocks(s, inner);
        for (uint32_t k = 0; k < n; k++)
            drop_jumps(inner[k]);
        if (s->kind == IR_STMT_BREAK || s->kind == IR_STMT_CONTINUE) ir_remove(s);
    }
}

static void move_before(struct ir_stmt *at, struct ir_block *from)
{
    for (struct ir_stmt *s = from->first, *next; s; s = next) {
        next = s->next;
        ir_remove(s);
        ir_insert_before(at, s);
    }
}

/* The loop's variable, at its first value. */
static void name_first_value(struct walk *w, struct ir_stmt *loop)
{
    struct ir_stmt *let = ir_stmt_new(w->m, IR_STMT_LET, SRC_NONE);
    let->let.local = loop->for_.local;
    let->let.value = loop->for_.from;
    ir_insert_before(loop, let);
}

static void unwrap_block(struct walk *w, struct ir_stmt *s, struct ir_block *block)
{
    bool is_loop = s->kind == IR_STMT_FOR || s->kind == IR_STMT_WHILE;
    if (is_loop) drop_jumps(block);
    if (s->kind == IR_STMT_FOR) name_first_value(w, s);
    move_before(s, block);
    ir_remove(s);
}

static void unwrap_stmt(void *ctx, struct ir_stmt *s)
{
    struct walk *w = ctx;
    struct ir_block *blocks[2];
    uint32_t n = ir_stmt_blocks(s, blocks);
    if (s->kind == IR_STMT_IF && s->if_.has_else && is_chosen(w)) {
        s->if_.has_else = false;
        s->if_.else_block = (struct ir_block){.owner = s};
    }
    if (s->kind == IR_STMT_ATOMIC && s->atomic.result && is_chosen(w)) {
        forget_local(w, s);
        s->atomic.result = NULL;
    }
    for (uint32_t k = 0; k < n; k++)
        if (blocks[k]->first && is_chosen(w)) {
            unwrap_block(w, s, blocks[k]);
            return;
        }
}

bool step_unwrap_stmts(struct ir_module *m, uint32_t first, uint32_t n)
{
    struct walk w = {.m = m, .first = first, .n = n};
    return walk_programs(&w, unwrap_stmt);
}
