/* drop_barriers.c - removes barriers between which and the next no invocation needs another one's work.
 *
 *   tile[lid.x] = a[gid.x];              tile[lid.x] = a[gid.x];
 *   barrier;                             barrier;
 *   barrier;                       =>    b[gid.x] = tile[63 - lid.x];
 *   b[gid.x] = tile[63 - lid.x];
 *   barrier;
 *
 * What stands between two barriers is a segment. A barrier stays when the segments before it, back to the last barrier that stays,
 * and the one behind it touch one array or buffer, and one of them writes it. Regions and blocks are looked into; barriers in branches
 * and loops stay. Linear in statements, times the buffers. */
#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"
#include "passes/pass.h"
#include "passes/plant.h"

/* What a segment does with each buffer and workgroup array, storage first. */
struct segment {
    bool *reads, *writes;
};

struct dropper {
    struct pass_run *run;
    struct ir_program *p;
    uint32_t n_objects;
    struct segment before, behind; /* of the barrier in question */
    struct ir_stmt *barrier;       /* or NULL: the first segment */
    bool changed;
};

static struct segment new_segment(struct dropper *d)
{
    return (struct segment){ARENA_ARRAY(d->run->scratch, bool, d->n_objects + 1),
                            ARENA_ARRAY(d->run->scratch, bool, d->n_objects + 1)};
}

/* The place in a segment, or n_objects for what other invocations never see. */
static uint32_t object_of(const struct dropper *d, const struct ir_buffer *b)
{
    if (b->space == IR_SPACE_STORAGE) return b->index;
    return b->space == IR_SPACE_WORKGROUP ? d->p->buffers.n + b->index : d->n_objects;
}

static void note_load(void *ctx, struct ir_expr **place)
{
    struct dropper *d = ctx;
    if ((*place)->op == IR_OP_LOAD) d->behind.reads[object_of(d, (*place)->buffer)] = true;
}

static void note_stmt(void *ctx, struct ir_stmt *s)
{
    struct dropper *d = ctx;
    const struct ir_buffer *written = ir_stmt_written_buffer(s);
    struct ir_expr **places[4];
    for (uint32_t i = 0, n = ir_stmt_exprs(s, places); i < n; i++)
        ir_walk_expr(places[i], note_load, d);
    if (written) d->behind.writes[object_of(d, written)] = true;
    if (s->kind == IR_STMT_COPY_ASYNC) d->behind.reads[object_of(d, s->copy.src)] = true;
}

static bool conflict(const struct dropper *d)
{
    for (uint32_t i = 0; i < d->n_objects; i++) {
        const struct segment *a = &d->before, *b = &d->behind;
        if (a->writes[i] && (b->reads[i] || b->writes[i])) return true;
        if (b->writes[i] && PLANT(BARRIER_WRITE_AFTER_READ, a->reads[i], false)) return true;
    }
    return false;
}

/* The segment behind the barrier is complete. */
static void end_segment(struct dropper *d)
{
    if (d->barrier && conflict(d)) {
        d->before = d->behind;
        d->behind = new_segment(d);
        return;
    }
    if (d->barrier) {
        pass_remark_done(d->run, DIAG_BARRIER_DROPPED, d->barrier->range);
        pass_count(d->run, "barriers dropped", 1);
        ir_remove(d->barrier);
        d->changed = true;
    }
    for (uint32_t i = 0; i < d->n_objects; i++) {
        d->before.reads[i] |= d->behind.reads[i];
        d->before.writes[i] |= d->behind.writes[i];
        d->behind.reads[i] = d->behind.writes[i] = false;
    }
}

static void look_at_block(struct dropper *d, struct ir_block *b)
{
    for (struct ir_stmt *s = b->first, *next; s; s = next) {
        struct ir_block *inner[2];
        next = s->next;
        if (s->kind == IR_STMT_BARRIER) {
            end_segment(d);
            d->barrier = s;
        } else if (s->kind == IR_STMT_REGION || s->kind == IR_STMT_BLOCK) {
            look_at_block(d, &s->scope.body);
        } else {
            note_stmt(d, s);
            for (uint32_t i = 0, n = ir_stmt_blocks(s, inner); i < n; i++)
                ir_walk_stmts(inner[i], note_stmt, d);
        }
    }
}

static void count_barrier(void *ctx, struct ir_stmt *s)
{
    *(uint32_t *)ctx += s->kind == IR_STMT_BARRIER;
}

enum pass_result drop_barriers(struct pass_run *run, struct ir_program *p)
{
    struct dropper d = {.run = run, .p = p, .n_objects = p->buffers.n + p->arrays.n};
    uint32_t n_barriers = 0;
    ir_walk_stmts(&p->body, count_barrier, &n_barriers);
    if (!n_barriers) return PASS_SKIPPED;
    d.before = new_segment(&d);
    d.behind = new_segment(&d);
    look_at_block(&d, &p->body);
    end_segment(&d);
    return d.changed ? PASS_CHANGED : PASS_UNCHANGED;
}
