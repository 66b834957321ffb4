/* first_write.c - workgroup arrays that nobody sees the zeros of.
 *
 *   partial[lid.x] = sum;        every invocation is here, and fills its element of partial : u64[64]
 *   barrier;
 *   ... partial[lid.x + 32] ...
 *
 * Followed is the text from the beginning on, as long as all invocations do the same. Linear. */
#include "ir/build.h"
#include "ir/facts.h"
#include "ir/ops.h"
#include "ir/traps.h"
#include "ir/walk.h"

struct look {
    const struct ir_buffer *array;
    struct map own; /* lets that are lid.x */
    bool touches;   /* the statement, or one inside, has the array or ends an invocation */
};

static void note_expr(void *ctx, struct ir_expr **place)
{
    struct look *look = ctx;
    look->touches |= (*place)->op == IR_OP_LOAD && (*place)->buffer == look->array;
}

static void note_stmt(void *ctx, struct ir_stmt *s)
{
    struct look *look = ctx;
    look->touches |= ir_stmt_written_buffer(s) == look->array || s->kind == IR_STMT_RETURN || s->kind == IR_STMT_TRAP;
    look->touches |= s->kind == IR_STMT_COPY_ASYNC && s->copy.src == look->array;
    look->touches |= s->kind == IR_STMT_WHILE && ir_while_may_trap(s);
}

static bool touches(struct look *look, struct ir_stmt *s)
{
    struct ir_expr **places[4];
    struct ir_block *inner[2];
    look->touches = false;
    note_stmt(look, s);
    for (uint32_t i = 0, n = ir_stmt_exprs(s, places); i < n; i++)
        ir_walk_expr(places[i], note_expr, look);
    for (uint32_t i = 0, n = ir_stmt_blocks(s, inner); i < n; i++) {
        ir_walk_stmts(inner[i], note_stmt, look);
        ir_walk_exprs(inner[i], note_expr, look);
    }
    return look->touches;
}

static bool is_own(const struct look *look, const struct ir_expr *e)
{
    if (e->op == IR_OP_LOCAL) return map_find(&look->own, e->local) != NULL;
    return e->op == IR_OP_LID && e->component == 0;
}

static bool fills(struct look *look, struct ir_stmt *s)
{
    if (s->kind != IR_STMT_STORE || s->store.buffer != look->array || !is_own(look, s->store.index)) return false;
    look->touches = false;
    ir_walk_expr(&s->store.value, note_expr, look);
    return !look->touches;
}

/* 1: filled before anything else; -1: not; 0: not met. */
static int look_through(struct look *look, struct ir_block *b)
{
    IR_EACH_STMT(s, b)
    {
        if (fills(look, s)) return 1;
        if (s->kind == IR_STMT_BLOCK || s->kind == IR_STMT_REGION) {
            int found = look_through(look, &s->scope.body);
            if (found) return found;
            continue;
        }
        if (touches(look, s)) return -1;
        if (s->kind == IR_STMT_LET && is_own(look, s->let.value)) map_set(&look->own, s->let.local, s);
    }
    return 0;
}

bool ir_array_shows_zeros(const struct ir_program *p, const struct ir_buffer *array, struct arena *scratch)
{
    struct look look = {.array = array};
    if (array->space != IR_SPACE_WORKGROUP || array->count > p->workgroup[0]) return true;
    map_init(&look.own, scratch);
    return look_through(&look, (struct ir_block *)&p->body) != 1;
}
