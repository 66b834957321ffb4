/* handoff_legal.c - may a producer and a consumer become one launch at all, whatever the form? First what shows on the pipeline
 * alone, then what the access facts say. */
#include "passes/handoff.h"

#include "ir/ops.h"
#include "ir/traps.h"
#include "ir/walk.h"
#include "passes/host_size.h"
#include "passes/plant.h"
#include "passes/trap_arms.h"

/* A chain grows up to so many statements, so that a thousand arms are not looked at a thousand times. */
enum { MAX_CHAIN_STMTS = 150, MAX_STMTS = 4000, MAX_NESTING = IR_MAX_NESTING - 16, MAX_DEPTH = IR_MAX_EXPR_DEPTH - 64 };

struct ir_arm *handoff_first(const struct handoff *h)
{
    return h->producer->arm;
}

struct ir_arm *handoff_second(const struct handoff *h)
{
    return h->consumer->arm;
}

/* -- who touches a buffer of the pipeline ------------------------------------------------------------------------- */

static bool is_used_by_arm(const struct ir_arm *arm, const struct ir_buffer *b, bool reads, bool writes)
{
    for (uint32_t i = 0; i < arm->args.n; i++) {
        const struct ir_arg *a = &arm->args.at[i];
        if (!a->formal_buffer || a->buffer != b) continue;
        if ((reads && ir_access_reads(a->formal_buffer->access)) ||
            (writes && ir_access_writes(a->formal_buffer->access)))
            return true;
    }
    return false;
}

static bool is_used_by(const struct ir_stmt *s, const struct ir_buffer *b, bool reads, bool writes)
{
    switch (s->kind) {
    case IR_STMT_ARM:
        return is_used_by_arm(s->arm, b, reads, writes);
    case IR_STMT_HOST:
        return s->host.buffer == b && reads;
    case IR_STMT_COLLECTIVE:
        return s->collective.dst == b || s->collective.src == b;
    default:
        return false;
    }
}

/* Does one of the two write what the other one uses? */
static bool depends(const struct ir_stmt *s, const struct ir_arm *arm)
{
    for (uint32_t i = 0; i < arm->args.n; i++) {
        const struct ir_arg *a = &arm->args.at[i];
        if (!a->formal_buffer) continue;
        bool writes = ir_access_writes(a->formal_buffer->access);
        if (is_used_by(s, a->buffer, writes, true)) return true;
    }
    return false;
}

/* -- between the two ------------------------------------------------------------------------------------------------ */

/* The first arm that traps is told, and nothing behind it happens. */
static bool orders_traps(const struct ir_stmt *s, const struct ir_arm *arm)
{
    return ir_program_may_trap(arm->program) && (s->kind != IR_STMT_ARM || ir_program_may_trap(s->arm->program));
}

static bool may_pass(const struct handoff *h, const struct ir_arm *arm)
{
    for (const struct ir_stmt *s = h->producer->next; s != h->consumer; s = s->next)
        if (PLANT(HANDOFF_BETWEEN, depends(s, arm), false) || PLANT(HANDOFF_TRAP_ORDER, orders_traps(s, arm), false))
            return false;
    return true;
}

static enum handoff_refusal check_between(struct handoff *h)
{
    bool down = may_pass(h, handoff_first(h)), up = may_pass(h, handoff_second(h));
    h->consumer_moves = !down;
    if (down || up) return HANDOFF_FINE;
    for (const struct ir_stmt *s = h->producer->next; s != h->consumer; s = s->next) {
        if (s->kind == IR_STMT_HOST) return HANDOFF_HOST;
        if (s->kind == IR_STMT_COLLECTIVE) return HANDOFF_COLLECTIVE;
    }
    return HANDOFF_BETWEEN;
}

/* Does anybody look at the buffer after the producer, the consumer aside? */
static bool is_kept(const struct handoff *h, const struct ir_buffer *b, const struct ir_buffer *written)
{
    if (PLANT(HANDOFF_KEPT, b->index < h->pipeline->buffers.n, false) || b->live_out || written->live_out) return true;
    for (const struct ir_stmt *s = h->producer->next; s; s = s->next) {
        if (s == h->consumer) continue;
        if (is_used_by(s, b, true, false)) return true;
        if (is_used_by(s, b, false, true)) return false; /* `write`: what was there before is gone */
    }
    return false;
}

/* -- programs ---------------------------------------------------------------------------------------------------------- */

struct shape {
    uint32_t n_stmts, depth;
    bool has_grid_barrier;
};

static void look_at_expr(void *ctx, struct ir_expr **place)
{
    struct shape *shape = ctx;
    if ((*place)->depth > shape->depth) shape->depth = (*place)->depth;
}

static void look_at_stmt(void *ctx, struct ir_stmt *s)
{
    struct shape *shape = ctx;
    struct ir_expr **places[4];
    uint32_t n = ir_stmt_exprs(s, places);
    shape->n_stmts++;
    shape->has_grid_barrier |= s->kind == IR_STMT_GRID_BARRIER;
    for (uint32_t i = 0; i < n; i++)
        look_at_expr(shape, places[i]);
}

static uint32_t measure_nesting(const struct ir_block *b)
{
    uint32_t deepest = 0;
    IR_EACH_STMT(s, b)
    {
        struct ir_block *inner[2];
        for (uint32_t i = 0, n = ir_stmt_blocks(s, inner); i < n; i++) {
            uint32_t depth = 1 + measure_nesting(inner[i]);
            if (depth > deepest) deepest = depth;
        }
    }
    return deepest;
}

static void count_return(void *ctx, struct ir_stmt *s)
{
    *(uint32_t *)ctx += s->kind == IR_STMT_RETURN;
}

static enum handoff_refusal check_program(struct ir_program *p, uint32_t *n_stmts)
{
    struct shape shape = {0};
    uint32_t n_returns = 0;
    ir_walk_stmts(&p->body, look_at_stmt, &shape);
    ir_walk_stmts(&p->body, count_return, &n_returns);
    *n_stmts += shape.n_stmts;
    if (shape.has_grid_barrier) return HANDOFF_GRID_BARRIER;
    if (p->self_exclusive) return HANDOFF_SELF_EXCLUSIVE;
    if (shape.depth > MAX_DEPTH || n_returns > MAX_NESTING || measure_nesting(&p->body) + n_returns > MAX_NESTING)
        return HANDOFF_TOO_LARGE;
    return HANDOFF_FINE;
}

/* -- tiles ---------------------------------------------------------------------------------------------------------------- */

static const struct ir_buffer *find_formal(const struct ir_arm *arm, const struct ir_buffer *b)
{
    for (uint32_t i = 0; i < arm->args.n; i++)
        if (arm->args.at[i].formal_buffer && arm->args.at[i].buffer == b) return arm->args.at[i].formal_buffer;
    return NULL;
}

static void add_tiles(struct handoff *h)
{
    const struct ir_arm *first = handoff_first(h), *second = handoff_second(h);
    for (uint32_t i = 0; i < first->args.n; i++) {
        const struct ir_arg *a = &first->args.at[i];
        if (!a->formal_buffer || !ir_access_writes(a->formal_buffer->access)) continue;
        struct handoff_tile t = {.buffer = a->buffer, .written = a->formal_buffer};
        t.read = find_formal(second, a->buffer);
        t.kept = is_kept(h, a->buffer, a->formal_buffer);
        h->owns |= t.kept || !t.read; /* stored once: what nobody reads too, where a pass has left it */
        vec_push(h->run->scratch, &h->tiles, t);
    }
}

/* Two names for one buffer in one program, or a declared count in only one of the two: rare, and left alone. */
static bool is_named_twice(const struct ir_arm *arm, const struct ir_buffer *b)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < arm->args.n; i++)
        n += arm->args.at[i].formal_buffer && arm->args.at[i].buffer == b;
    return n > 1;
}

static uint32_t count_trap_arms(const struct ir_arm *arm)
{
    return ir_program_may_trap(arm->program) ? trap_arms_count(arm->program) : 0;
}

enum handoff_refusal handoff_check_shape(struct handoff *h)
{
    uint32_t n_stmts = 0;
    enum handoff_refusal r = check_between(h);
    if (!r) r = check_program(handoff_first(h)->program, &n_stmts);
    if (!r) r = check_program(handoff_second(h)->program, &n_stmts);
    if (!r && count_trap_arms(handoff_first(h)) + count_trap_arms(handoff_second(h)) > IR_MAX_TRAP_ARMS)
        r = HANDOFF_TOO_LARGE;
    bool chain = handoff_first(h)->program->internal || handoff_second(h)->program->internal;
    if (!r && n_stmts > (chain ? MAX_CHAIN_STMTS : MAX_STMTS)) r = HANDOFF_TOO_LARGE;
    if (r) return r;
    add_tiles(h);
    for (uint32_t i = 0; i < h->tiles.n; i++) {
        const struct handoff_tile *t = &h->tiles.at[i];
        if (!t->read) continue;
        h->refused_tile = t;
        if (ir_access_writes(t->read->access)) return HANDOFF_CONSUMER_WRITES;
        if (is_named_twice(handoff_second(h), t->buffer)) return HANDOFF_NAMED_TWICE;
    }
    return HANDOFF_FINE;
}

/* -- facts -------------------------------------------------------------------------------------------------------------------- */

/* Was the buffer all zeros when the producer began? A `write` buffer is zeroed by the launch, a temp before the first arm. */
static bool begins_with_zeros(const struct handoff *h, const struct handoff_tile *t)
{
    if (PLANT(HANDOFF_ZEROS, t->written->access == IR_ACCESS_WRITE, true)) return true;
    if (t->buffer->index < h->pipeline->buffers.n) return false;
    for (const struct ir_stmt *s = h->pipeline->body.first; s != h->producer; s = s->next)
        if (is_used_by(s, t->buffer, false, true)) return false;
    return true;
}

static bool has_unknown(const struct access_facts *f, const struct ir_buffer *b, bool loads)
{
    for (uint32_t i = 0; i < f->accesses.n; i++) {
        const struct access *a = &f->accesses.at[i];
        if (a->buffer == b && (a->kind == ACCESS_LOAD) == loads && !access_is_known(f, a)) return true;
    }
    return false;
}

static bool has_loads(const struct access_facts *f, const struct ir_buffer *b)
{
    for (uint32_t i = 0; i < f->accesses.n; i++)
        if (f->accesses.at[i].buffer == b && f->accesses.at[i].kind != ACCESS_STORE) return true;
    return false;
}

static bool is_all_in_bounds(const struct access_facts *f, const struct ir_buffer *b, bool loads)
{
    for (uint32_t i = 0; i < f->accesses.n; i++) {
        const struct access *a = &f->accesses.at[i];
        if (a->buffer == b && (a->kind == ACCESS_LOAD) == loads && !access_is_in_bounds(f, a)) return false;
    }
    return true;
}

/* Lengths that the two programs see differently show only past the shorter end. */
static bool has_equal_lengths(const struct handoff *h, const struct handoff_tile *t)
{
    if (t->written->sized == t->read->sized && (!t->read->sized || t->written->count == t->read->count)) return true;
    return is_all_in_bounds(h->first, t->written, false) && is_all_in_bounds(h->second, t->read, true);
}

static enum handoff_refusal check_tile(struct handoff *h, struct handoff_tile *t)
{
    h->refused_tile = t;
    t->stores_in_bounds = is_all_in_bounds(h->first, t->written, false);
    if (has_unknown(h->first, t->written, false)) return HANDOFF_UNKNOWN_WRITE;
    if (has_unknown(h->second, t->read, true)) return HANDOFF_UNKNOWN_READ;
    if (!has_equal_lengths(h, t)) return HANDOFF_UNBOUNDED_WINDOW;
    if (begins_with_zeros(h, t)) return HANDOFF_FINE;
    if (has_loads(h->first, t->written)) return HANDOFF_OLD_CONTENTS; /* by the producer itself */
    return PLANT(HANDOFF_COVERED, access_is_covered(h->first, t->written, h->second, t->read), true)
               ? HANDOFF_FINE
               : HANDOFF_OLD_CONTENTS;
}

/* Buffers that the consumer writes must be none of the producer's. */
static enum handoff_refusal check_consumer_writes(struct handoff *h)
{
    const struct ir_arm *first = handoff_first(h), *second = handoff_second(h);
    for (uint32_t i = 0; i < second->args.n; i++) {
        const struct ir_arg *a = &second->args.at[i];
        if (!a->formal_buffer || !ir_access_writes(a->formal_buffer->access)) continue;
        if (PLANT(HANDOFF_SHARED_WRITE, find_formal(first, a->buffer) != NULL, false)) return HANDOFF_SHARED_WRITE;
    }
    return HANDOFF_FINE;
}

enum handoff_refusal handoff_check_facts(struct handoff *h)
{
    enum handoff_refusal r = check_consumer_writes(h);
    if (!r && !(h->first->one_dimensional && h->second->one_dimensional)) r = HANDOFF_DIMENSIONS;
    for (uint32_t i = 0; i < h->tiles.n && !r; i++)
        if (h->tiles.at[i].read) r = check_tile(h, &h->tiles.at[i]);
    if (r && access_solver_is_exhausted(h->first->solver)) return HANDOFF_SOLVER_BUDGET;
    return r;
}
