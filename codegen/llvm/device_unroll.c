/* device_unroll.c - loops of a few rounds over neighbouring elements, written out: LLVM would do it too, but behind the point where rows are
 * found. Only loops that touch a[x + i], x a multiple of two and i the loop's variable; the program as it was read is left alone. */
#include "codegen/llvm/device.h"
#include "ir/build.h"
#include "ir/walk.h"

enum { MOST_ROUNDS = 16, MOST_STATEMENTS = 128 };

struct unroll {
    struct ir_module module; /* of the copy's nodes: only its arena is used */
    struct ir_program *program;
    struct index_facts facts;
};

/* -- which loops ------------------------------------------------------------------------------------------------------------------ */

struct survey {
    const struct index_facts *facts;
    const struct ir_local *counter;
    uint32_t n_statements;
    bool has_jumps, has_rows;
};

static bool is_counter(const struct survey *s, const struct ir_expr *e)
{
    return e->op == IR_OP_LOCAL && e->local == s->counter;
}

static void survey_access(struct survey *s, const struct ir_buffer *b, const struct ir_expr *index)
{
    if (index->op != IR_OP_ADD || b->space == IR_SPACE_PRIVATE || ir_type_mem_bytes(b->elem) > 8) return;
    for (uint32_t i = 0; i < 2; i++)
        s->has_rows |= is_counter(s, index->args[i]) && index_zeros(s->facts, index->args[1 - i]) > 0;
}

static void survey_expr(void *ctx, struct ir_expr **place)
{
    if ((*place)->op == IR_OP_LOAD) survey_access(ctx, (*place)->buffer, (*place)->args[0]);
}

static void survey_stmt(void *ctx, struct ir_stmt *stmt)
{
    struct survey *s = ctx;
    s->n_statements++;
    s->has_jumps |= stmt->kind == IR_STMT_BREAK || stmt->kind == IR_STMT_CONTINUE || stmt->kind == IR_STMT_FOR ||
                    stmt->kind == IR_STMT_WHILE;
    if (stmt->kind == IR_STMT_STORE) survey_access(s, stmt->store.buffer, stmt->store.index);
}

/* How often the loop goes round, where it is to be written out; else 0. */
static uint64_t count_rounds(const struct unroll *u, struct ir_stmt *loop)
{
    struct survey s = {.facts = &u->facts, .counter = loop->for_.local};
    if (!ir_is_const(loop->for_.from) || !ir_is_const(loop->for_.to) || loop->for_.step != 1) return 0;
    uint64_t from = loop->for_.from->bits, to = loop->for_.to->bits;
    if (ir_type_is_signed(loop->for_.local->type) || to <= from || to - from > MOST_ROUNDS) return 0;
    ir_walk_stmts(&loop->for_.body, survey_stmt, &s);
    ir_walk_exprs(&loop->for_.body, survey_expr, &s);
    return s.has_rows && !s.has_jumps && s.n_statements * (to - from) <= MOST_STATEMENTS ? to - from : 0;
}

/* -- writing out ------------------------------------------------------------------------------------------------------------------ */

struct renaming {
    struct unroll *unroll;
    struct map moved;
};

/* Each round has locals of its own; names do not matter to LLVM. */
static struct ir_local *copy_local(struct unroll *u, const struct ir_local *old)
{
    struct ir_local *local = ARENA_NEW(u->module.arena, struct ir_local);
    *local = *old;
    local->index = u->program->locals.n;
    vec_push(u->module.arena, &u->program->locals, local);
    return local;
}

static void rename_local(void *ctx, struct ir_stmt *s)
{
    struct renaming *r = ctx;
    bool declares =
        s->kind == IR_STMT_LET || s->kind == IR_STMT_VAR || (s->kind == IR_STMT_ATOMIC && s->atomic.declares);
    const struct ir_local *old = declares ? ir_stmt_written_local(s) : NULL;
    if (old) map_set(&r->moved, old, copy_local(r->unroll, old));
}

static void write_round(struct unroll *u, struct ir_stmt *loop, uint64_t value)
{
    struct renaming r = {.unroll = u};
    struct ir_block round = {0};
    struct ir_stmt *let = ir_stmt_new(&u->module, IR_STMT_LET, loop->range), *next;
    map_init(&r.moved, u->module.arena);
    let->let.local = copy_local(u, loop->for_.local);
    let->let.value = ir_const(&u->module, loop->for_.local->type, value, loop->range);
    map_set(&r.moved, loop->for_.local, let->let.local);
    ir_insert_before(loop, let);
    ir_walk_stmts(&loop->for_.body, rename_local, &r);
    ir_block_copy(&u->module, &loop->for_.body, &round, &r.moved);
    for (struct ir_stmt *s = round.first; s; s = next) {
        next = s->next;
        ir_remove(s);
        ir_insert_before(loop, s);
    }
}

static void unroll_block(struct unroll *u, struct ir_block *block)
{
    struct ir_stmt *next;
    for (struct ir_stmt *s = block->first; s; s = next) {
        struct ir_block *blocks[2];
        next = s->next;
        uint32_t n = ir_stmt_blocks(s, blocks);
        for (uint32_t i = 0; i < n; i++)
            unroll_block(u, blocks[i]);
        uint64_t rounds = s->kind == IR_STMT_FOR ? count_rounds(u, s) : 0;
        for (uint64_t k = 0; k < rounds; k++)
            write_round(u, s, s->for_.from->bits + k);
        if (rounds) ir_remove(s);
    }
}

/* -- the way in ------------------------------------------------------------------------------------------------------------------- */

struct any {
    const struct unroll *unroll;
    bool found;
};

static void find_any(void *ctx, struct ir_stmt *s)
{
    struct any *any = ctx;
    any->found |= s->kind == IR_STMT_FOR && count_rounds(any->unroll, s);
}

const struct ir_program *device_unroll(const struct ir_program *p, struct arena *arena)
{
    struct unroll u = {.module = *p->module, .program = ARENA_NEW(arena, struct ir_program)};
    struct any any = {.unroll = &u};
    struct map none;
    index_facts_find(&u.facts, arena, p);
    ir_walk_stmts((struct ir_block *)&p->body, find_any, &any); /* only looked at */
    if (!any.found) return p;
    u.module.arena = arena;
    u.module.copies_claims = true; /* about all rounds, so about each */
    *u.program = *p;
    u.program->locals.at = NULL;
    u.program->locals.n = u.program->locals.cap = 0;
    for (uint32_t i = 0; i < p->locals.n; i++)
        vec_push(arena, &u.program->locals, p->locals.at[i]);
    u.program->body = (struct ir_block){0};
    map_init(&none, arena);
    ir_block_copy(&u.module, &p->body, &u.program->body, &none);
    index_facts_find(&u.facts, arena, u.program);
    unroll_block(&u, &u.program->body);
    return u.program;
}
