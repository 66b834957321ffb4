/* drop_zeros.c - arrays and buffers that need not be cleared first, since nobody sees the zeros that they begin with.
 *
 *   workgroup partial : u64[64];                   workgroup partial : u64[64] no_zeros;
 *   partial[lid.x] = sum;                    =>    partial[lid.x] = sum;
 *   barrier;                                       barrier;
 *   ... partial[lid.x + 32] ...                    ... partial[lid.x + 32] ...
 *
 * A workgroup array: every invocation fills its element before anything else is done with it. Followed is the text from the beginning
 * on, as long as all invocations do the same. A `write` buffer: the relations of its stores (access.h) cover all its elements. Linear
 * but for the relations, whose operations are bounded. */
#include "ir/build.h"
#include "ir/ops.h"
#include "ir/traps.h"
#include "ir/walk.h"
#include "passes/access.h"
#include "passes/host_size.h"
#include "passes/pass.h"
#include "passes/plant.h"

/* -- workgroup arrays ------------------------------------------------------------------------------------------------- */

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
    look->touches |= s->kind == IR_STMT_WHILE && ir_while_may_end(s);
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

static bool is_filled(const struct ir_program *p, const struct ir_buffer *array, struct arena *scratch)
{
    struct look look = {.array = array};
    if (array->count > PLANT(ZEROS_SIZE, p->workgroup[0], UINT32_MAX)) return false;
    map_init(&look.own, scratch);
    return look_through(&look, (struct ir_block *)&p->body) == 1;
}

/* -- `write` buffers -------------------------------------------------------------------------------------------------- */

enum {
    MAX_OPERATIONS = 20000,     /* of the library, for one buffer */
    MODULE_OPERATIONS = 400000, /* and for all of them */
};

struct dropper {
    struct pass_run *run;
    unsigned long operations_left;
};

static void find_length(void *ctx, struct ir_expr **place)
{
    struct look *look = ctx;
    look->touches |= (*place)->op == IR_OP_LEN && (*place)->buffer == look->array;
}

/* A buffer that may have any length, of which neither the launch nor the program knows, is sometimes longer than what is written. */
static bool may_be_whole(const struct ir_program *p, const struct ir_buffer *b)
{
    struct look look = {.array = b};
    if (b->sized || !p->n_dispatch) return true;
    for (uint32_t i = 0; i < p->n_dispatch; i++) {
        struct ir_expr *dispatch = p->dispatch[i];
        ir_walk_expr(&dispatch, find_length, &look);
    }
    ir_walk_exprs((struct ir_block *)(uintptr_t)&p->body, find_length, &look); /* only looked at */
    return look.touches;
}

/* What the text tells takes no time, so it is looked at first. */
static bool is_written(struct dropper *d, const struct ir_program *p, struct ir_buffer *b)
{
    struct ir_module *m = d->run->module;
    const struct ir_expr *prefix = ir_written_prefix(m, p, b);
    if (prefix && host_size_reaches(prefix, ir_len(m, b, SRC_NONE))) return true;
    if (d->operations_left < MAX_OPERATIONS || !may_be_whole(p, b)) return false;
    struct access_solver *solver = access_solver_new(d->run->scratch, MAX_OPERATIONS);
    bool whole = access_is_written_whole(access_of_program(solver, p), b);
    d->operations_left -= access_solver_count(solver);
    access_solver_free(solver);
    return PLANT(ZEROS_WRITTEN, whole, true);
}

/* -- the way in ------------------------------------------------------------------------------------------------------- */

static bool drop(struct pass_run *run, struct ir_buffer *b, const char *why)
{
    pass_remark_done(run, DIAG_ZEROS_DROPPED, b->range, b->name, why);
    pass_count(run, "arrays and buffers not cleared", 1);
    b->no_zeros = true;
    return true;
}

static bool keep(struct pass_run *run, const struct ir_buffer *b, const char *why)
{
    pass_remark_missed(run, DIAG_ZEROS_KEPT, b->range, b->name, why);
    return false;
}

static bool look_at_array(struct pass_run *run, struct ir_program *p, struct ir_buffer *b)
{
    if (b->space != IR_SPACE_WORKGROUP || b->no_zeros) return false;
    if (is_filled(p, b, run->scratch)) return drop(run, b, "every invocation fills its element before it is read");
    return keep(run, b, "not every element is proved to be written before it is read");
}

static bool look_at_buffer(struct dropper *d, struct ir_program *p, struct ir_buffer *b)
{
    if (b->access != IR_ACCESS_WRITE || b->no_zeros) return false;
    if (is_written(d, p, b)) return drop(d->run, b, "every element is written");
    return keep(d->run, b, "not every element is proved to be written");
}

enum pass_result drop_zeros(struct pass_run *run, struct ir_module *m)
{
    struct dropper d = {run, MODULE_OPERATIONS};
    bool changed = false;
    for (uint32_t k = 0; k < m->programs.n; k++) {
        struct ir_program *p = m->programs.at[k];
        for (uint32_t i = 0; i < p->arrays.n; i++)
            changed |= look_at_array(run, p, p->arrays.at[i]);
        for (uint32_t i = 0; i < p->buffers.n; i++)
            changed |= look_at_buffer(&d, p, p->buffers.at[i]);
    }
    return changed ? PASS_CHANGED : PASS_UNCHANGED;
}
