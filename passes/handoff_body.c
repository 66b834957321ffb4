/* handoff_body.c - the bodies of fused programs, form by form.
 *
 *   in place                      recomputed                          window
 *
 *   region "decode" { ... }       region "decode" {                   region "decode" {
 *   barrier;                        for k in 0..2 {                     for round in 0..2 {
 *   region "scan" { ... }             let p = gid.x + k;                  let k = part * 256 + lid.x;
 *                                     if p / 64 < groups { ... }          let p = wid.x * 256 + k;
 *                                   }                                     if k < 260 && p / 64 < groups { ... }
 *                                 }                                     }
 *                                 region "scan" { ... }               }
 *                                                                     barrier;
 *                                                                     region "scan" { ... }
 *
 * The barrier stands only where something crosses invocations. */
#include "passes/handoff_build.h"

#include "ir/build.h"
#include "ir/ops.h"
#include "passes/host_size.h"
#include "passes/plant.h"

/* -- small parts ------------------------------------------------------------------------------------------------- */

static struct ir_expr *u32(struct fused *f, uint64_t value)
{
    return ir_const_u32(f->m, (uint32_t)value);
}

static struct ir_expr *u64(struct fused *f, uint64_t value)
{
    return ir_const(f->m, IR_TYPE(U64), value, SRC_NONE);
}

static struct ir_expr *binary(struct fused *f, enum ir_op op, struct ir_expr *a, struct ir_expr *b)
{
    return ir_binary(f->m, op, a, b, SRC_NONE);
}

static struct ir_expr *cast(struct fused *f, ir_type type, struct ir_expr *e)
{
    return ir_expr_new(f->m, IR_OP_CAST, type, &e, 1, SRC_NONE);
}

static struct ir_expr *id(struct fused *f, enum ir_op op)
{
    return ir_id(f->m, op, 0, SRC_NONE);
}

static struct ir_expr *local(struct fused *f, struct ir_local *l)
{
    return ir_get_local(f->m, l, SRC_NONE);
}

static struct ir_stmt *append_if(struct fused *f, struct ir_block *to, struct ir_expr *cond)
{
    struct ir_stmt *s = ir_stmt_new(f->m, IR_STMT_IF, SRC_NONE);
    s->if_.cond = cond;
    ir_block_append(to, s);
    return s;
}

static struct ir_stmt *append_for(struct fused *f, struct ir_block *to, const char *name, struct ir_expr *rounds)
{
    struct ir_stmt *s = ir_stmt_new(f->m, IR_STMT_FOR, SRC_NONE);
    s->for_.local = ir_local_new(f->program, name, IR_TYPE(U32), false, SRC_NONE);
    s->for_.from = u32(f, 0);
    s->for_.to = rounds;
    ir_block_append(to, s);
    return s;
}

static struct ir_block *append_region(struct fused *f, const char *name)
{
    struct ir_stmt *s = ir_stmt_new(f->m, IR_STMT_REGION, SRC_NONE);
    s->scope.name = name;
    ir_block_append(&f->program->body, s);
    return &s->scope.body;
}

static void append_barrier(struct fused *f)
{
    ir_block_append(&f->program->body, ir_stmt_new(f->m, IR_STMT_BARRIER, SRC_NONE));
}

static struct ir_local *append_let(struct fused *f, struct ir_block *to, const char *name, struct ir_expr *value)
{
    struct ir_stmt *s = fused_let(f, name, value);
    ir_block_append(to, s);
    return s->let.local;
}

/* -- windows as code ------------------------------------------------------------------------------------------------ */

/* floor(unit * numerator / denominator), at most 2^32 - 1 where it does not fit: `fits` says that it always does. */
static struct ir_expr *scaled(struct fused *f, struct ir_expr *unit, const struct access_window *w, bool fits)
{
    if (w->denominator == 1 && w->numerator == 0) return u32(f, 0);
    if (w->denominator == 1 && fits) return w->numerator == 1 ? unit : binary(f, IR_OP_MUL, unit, u32(f, w->numerator));
    struct ir_expr *wide = binary(f, IR_OP_MUL, cast(f, IR_TYPE(U64), unit), u64(f, w->numerator));
    if (w->denominator != 1) wide = binary(f, IR_OP_DIV, wide, u64(f, w->denominator));
    if (!fits) wide = binary(f, IR_OP_MIN, wide, u64(f, UINT32_MAX));
    return cast(f, IR_TYPE(U32), wide);
}

/* The element at index 0, modulo 2^32. */
static struct ir_expr *window_begin(struct fused *f, struct ir_expr *unit, const struct access_window *w)
{
    struct ir_expr *e = scaled(f, unit, w, true);
    if (w->low > 0) return binary(f, IR_OP_ADD, e, u32(f, (uint64_t)w->low));
    return w->low < 0 ? binary(f, IR_OP_SUB, e, u32(f, (uint64_t)-w->low)) : e;
}

static void append_begins(struct fused *f)
{
    for (uint32_t i = 0; i < f->h->tiles.n; i++) {
        struct handoff_tile *t = &f->h->tiles.at[i];
        if (!t->read) continue;
        struct ir_expr *unit = id(f, t->is_private ? IR_OP_GID : IR_OP_WID);
        const char *name = arena_printf(f->m->arena, "%s_begin", t->buffer->name);
        t->begin = append_let(f, &f->program->body, name, window_begin(f, unit, &t->window));
    }
}

/* -- dispatch ---------------------------------------------------------------------------------------------------------- */

static void add_groups(struct fused *f, struct fused_part *part)
{
    const char *name = arena_printf(f->m->arena, "%s_groups", part->arm->name);
    struct ir_expr *groups = host_size_ceil(f->m, ir_expr_copy(f->m, part->dispatch), part->arm->program->workgroup[0]);
    part->groups = fused_add_param(f, name, IR_TYPE(U32), groups);
}

/* The last producer, for comparisons that whole groups of lanes share: of none, 0. */
static void add_last(struct fused *f, struct fused_part *part)
{
    uint32_t size = part->arm->program->workgroup[0];
    struct ir_expr *all = host_size_ceil(f->m, ir_expr_copy(f->m, part->dispatch), size);
    if (size > 1) all = binary(f, IR_OP_MUL, all, u32(f, size));
    struct ir_expr *last = binary(f, IR_OP_SUB, binary(f, IR_OP_MAX, all, u32(f, 1)), u32(f, 1));
    part->last = fused_add_param(f, arena_printf(f->m->arena, "%s_last", part->arm->name), IR_TYPE(U32), last);
}

static bool is_in_place(const struct fused *f)
{
    return f->h->form == HANDOFF_REGISTERS || f->h->form == HANDOFF_WORKGROUP;
}

/* What has to be started so that all consumers run, and all producers where something of theirs shows. */
static struct ir_expr *choose_invocations(struct fused *f)
{
    struct ir_expr *consumers = ir_expr_copy(f->m, f->second.dispatch);
    if (is_in_place(f)) {
        bool same = ir_expr_equal(f->first.dispatch, f->second.dispatch);
        if (!same) add_groups(f, &f->first);
        if (same || !f->h->owns) return consumers;
        add_groups(f, &f->second);
        return binary(f, IR_OP_MAX, consumers, ir_expr_copy(f->m, f->first.dispatch));
    }
    add_groups(f, &f->first);
    add_last(f, &f->first);
    if (f->h->factor == 1 && !f->h->owns) return consumers;
    add_groups(f, &f->second);
    consumers = host_size_ceil(f->m, consumers, f->h->factor);
    if (!f->h->owns) return consumers;
    return binary(f, IR_OP_MAX, consumers, binary(f, IR_OP_MIN, ir_expr_copy(f->m, f->first.dispatch), u32(f, 1)));
}

void fused_choose_dispatch(struct fused *f)
{
    struct ir_expr *invocations = choose_invocations(f);
    struct ir_param *p = fused_add_param(f, "invocations", IR_TYPE(U32), invocations);
    f->program->dispatch[0] = ir_get_param(f->m, p, SRC_NONE);
    f->program->n_dispatch = 1;
}

/* -- in place ------------------------------------------------------------------------------------------------------------- */

/* Where a part's own workgroups are fewer than those of the fused program. */
static struct ir_block *append_group_guard(struct fused *f, const struct fused_part *part, struct ir_block *to)
{
    if (!part->groups) return to;
    struct ir_expr *groups = ir_get_param(f->m, part->groups, SRC_NONE);
    return &append_if(f, to, binary(f, IR_OP_LT, id(f, IR_OP_WID), groups))->if_.then_block;
}

static void write_in_place(struct fused *f)
{
    struct ir_block *block = append_group_guard(f, &f->first, append_region(f, f->first.arm->name));
    fused_append_body(f, &f->first, block, false, false);
    if (f->h->form == HANDOFF_WORKGROUP && PLANT(HANDOFF_BARRIER, true, false)) append_barrier(f);
    block = append_group_guard(f, &f->second, append_region(f, f->second.arm->name));
    fused_append_body(f, &f->second, block, false, true);
}

/* -- producers again -------------------------------------------------------------------------------------------------------- */

/* The producer runs as invocation p of its own launch, if there is one. Both sides of the comparison are such that lanes
 * which all pass it are found without a mask. */
static void append_producer(struct fused *f, struct ir_block *to, struct ir_expr *p, struct ir_expr *also, bool again)
{
    f->first.gid = append_let(f, to, arena_printf(f->m->arena, "%s_gid", f->first.arm->name), p);
    struct ir_expr *any = binary(f, IR_OP_NE, ir_get_param(f->m, f->first.groups, SRC_NONE), u32(f, 0));
    struct ir_expr *runs = binary(f, IR_OP_LE, local(f, f->first.gid), ir_get_param(f->m, f->first.last, SRC_NONE));
    runs = binary(f, IR_OP_LAND, any, runs);
    if (also) runs = binary(f, IR_OP_LAND, also, runs);
    fused_append_body(f, &f->first, &append_if(f, to, runs)->if_.then_block, again, false);
}

/* Does the number of the first producer of every workgroup fit? */
static bool fits_all(const struct fused *f)
{
    const struct access_window *w = &f->h->producers;
    return w->numerator <= (uint64_t)f->program->workgroup[0] * f->h->factor * w->denominator;
}

/* Below zero there is no producer: modulo 2^32 those have numbers that none has. With `clamps` the window begins at 0 then, and is
 * as long, and what does not fit is 2^32 - 1. */
static struct ir_expr *first_producer(struct fused *f, struct ir_expr *unit, bool clamps)
{
    const struct access_window *w = &f->h->producers;
    struct ir_expr *e = scaled(f, unit, w, !clamps || fits_all(f));
    if (w->low > 0) return binary(f, IR_OP_ADD, e, u32(f, (uint64_t)w->low));
    return w->low < 0 ? binary(f, clamps ? IR_OP_SAT_SUB : IR_OP_SUB, e, u32(f, (uint64_t)-w->low)) : e;
}

static void write_recomputed(struct fused *f)
{
    struct ir_block *block = append_region(f, f->first.arm->name);
    const struct access_window *w = &f->h->producers;
    struct ir_expr *p = first_producer(f, id(f, IR_OP_GID), w->numerator > 1);
    if (w->count == 1) {
        append_producer(f, block, p, NULL, false);
    } else {
        struct ir_stmt *loop = append_for(f, block, "k", u32(f, w->count));
        append_producer(f, &loop->for_.body, binary(f, IR_OP_ADD, p, local(f, loop->for_.local)), NULL, true);
    }
    fused_append_body(f, &f->second, append_region(f, f->second.arm->name), false, true);
}

/* -- windows ------------------------------------------------------------------------------------------------------------------- */

static uint64_t ceil_divide(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

/* With its own part in it, from one multiple of the slope to the next. */
static void widen_to_own_part(struct access_window *w)
{
    if (w->low > 0) {
        w->count += (uint64_t)w->low;
        w->low = 0;
    }
    uint64_t own = ceil_divide(w->numerator, w->denominator) + 1, have = w->count - (uint64_t)-w->low;
    if ((int64_t)have < (int64_t)own) w->count = own + (uint64_t)-w->low;
}

static bool stores(const struct fused *f)
{
    for (uint32_t i = 0; i < f->h->tiles.n; i++)
        if (f->h->tiles.at[i].memory) return true;
    return false;
}

static void append_own_part(struct fused *f, struct ir_block *to, struct ir_local *last)
{
    struct ir_expr *own = scaled(f, id(f, IR_OP_WID), &f->h->producers, fits_all(f));
    f->own_begin = append_let(f, to, "own_begin", own);
    struct ir_expr *next = binary(f, IR_OP_ADD, id(f, IR_OP_WID), u32(f, 1)),
                   *ends[3] = {local(f, last), u32(f, UINT32_MAX)};
    ends[2] = scaled(f, next, &f->h->producers, fits_all(f));
    f->own_end = append_let(f, to, "own_end", ir_expr_new(f->m, IR_OP_SELECT, IR_TYPE(U32), ends, 3, SRC_NONE));
}

/* The last workgroup runs all producers that are left. */
static struct ir_expr *count_rounds(struct fused *f, struct ir_block *to, struct ir_local *first, uint64_t rounds)
{
    uint64_t size = f->program->workgroup[0], producer_size = f->first.arm->program->workgroup[0];
    struct ir_expr *all = cast(f, IR_TYPE(U64), ir_get_param(f->m, f->first.groups, SRC_NONE));
    if (producer_size > 1) all = binary(f, IR_OP_MUL, all, u64(f, producer_size));
    struct ir_expr *left = binary(f, IR_OP_SAT_SUB, all, cast(f, IR_TYPE(U64), local(f, first)));
    left = binary(f, IR_OP_ADD, left, u64(f, size - 1));
    left = cast(f, IR_TYPE(U32), binary(f, IR_OP_DIV, left, u64(f, size)));
    struct ir_expr *next = binary(f, IR_OP_ADD, id(f, IR_OP_WID), u32(f, 1));
    struct ir_local *last = append_let(f, to, "last", binary(f, IR_OP_EQ, next, id(f, IR_OP_NUM_WORKGROUPS)));
    struct ir_expr *args[3] = {local(f, last), binary(f, IR_OP_MAX, left, u32(f, rounds)), u32(f, rounds)};
    struct ir_expr *n = ir_expr_new(f->m, IR_OP_SELECT, IR_TYPE(U32), args, 3, SRC_NONE);
    struct ir_local *n_rounds = append_let(f, to, "parts", n);
    if (stores(f)) append_own_part(f, to, last);
    return local(f, n_rounds);
}

static struct ir_expr *is_own(struct fused *f, struct ir_expr *p)
{
    struct ir_expr *from = binary(f, IR_OP_LE, local(f, f->own_begin), ir_expr_copy(f->m, p));
    return binary(f, IR_OP_LAND, from, binary(f, IR_OP_LT, p, local(f, f->own_end)));
}

/* Workgroups so far out that the number of their first producer does not fit have no producers. */
static struct ir_expr *append_near_end(struct fused *f, struct ir_expr *also)
{
    const struct access_window *w = &f->h->producers;
    if (fits_all(f)) return also;
    uint64_t most = (uint64_t)UINT32_MAX / ceil_divide(w->numerator, w->denominator);
    struct ir_expr *near = binary(f, IR_OP_LE, id(f, IR_OP_WID), u32(f, most));
    return also ? binary(f, IR_OP_LAND, near, also) : near;
}

static void write_fill(struct fused *f)
{
    struct ir_block *block = append_region(f, f->first.arm->name);
    struct access_window *w = &f->h->producers;
    uint64_t size = f->program->workgroup[0];
    if (f->h->owns) widen_to_own_part(w);
    uint64_t rounds = ceil_divide(w->count, size);
    struct ir_local *first = append_let(f, block, "first", first_producer(f, id(f, IR_OP_WID), f->h->owns));
    struct ir_expr *k = id(f, IR_OP_LID), *also = NULL;
    if (rounds > 1 || f->h->owns) {
        struct ir_expr *n = f->h->owns ? count_rounds(f, block, first, rounds) : u32(f, rounds);
        struct ir_stmt *loop = append_for(f, block, "part", n);
        k = binary(f, IR_OP_ADD, binary(f, IR_OP_MUL, local(f, loop->for_.local), u32(f, size)), k);
        block = &loop->for_.body;
    }
    struct ir_local *number = append_let(f, block, "k", k);
    struct ir_expr *p = binary(f, IR_OP_ADD, local(f, first), local(f, number));
    if (stores(f))
        f->owned = is_own(f, ir_expr_copy(f->m, p));
    else if (w->count % size && !f->h->owns)
        also = binary(f, IR_OP_LT, local(f, number), u32(f, w->count));
    append_producer(f, block, p, f->h->owns ? also : append_near_end(f, also), rounds > 1 || f->h->owns);
    f->owned = NULL;
}

/* One workgroup of the consumer after the other. */
static void write_turns(struct fused *f, struct ir_block *block)
{
    uint32_t size = f->program->workgroup[0];
    struct ir_expr *group = id(f, IR_OP_WID);
    if (f->h->factor > 1) {
        struct ir_stmt *loop = append_for(f, block, "turn", u32(f, f->h->factor));
        block = &loop->for_.body;
        group = binary(f, IR_OP_ADD, binary(f, IR_OP_MUL, group, u32(f, f->h->factor)), local(f, loop->for_.local));
    }
    f->second.wid = append_let(f, block, arena_printf(f->m->arena, "%s_wid", f->second.arm->name), group);
    struct ir_expr *gid = binary(f, IR_OP_MUL, local(f, f->second.wid), u32(f, size));
    gid = binary(f, IR_OP_ADD, gid, id(f, IR_OP_LID));
    f->second.gid = append_let(f, block, arena_printf(f->m->arena, "%s_gid", f->second.arm->name), gid);
    struct ir_expr *groups = ir_get_param(f->m, f->second.groups, SRC_NONE);
    struct ir_stmt *runs = append_if(f, block, binary(f, IR_OP_LT, local(f, f->second.wid), groups));
    fused_append_body(f, &f->second, &runs->if_.then_block, false, f->h->factor == 1);
}

static void write_window(struct fused *f)
{
    write_fill(f);
    if (PLANT(HANDOFF_WINDOW_BARRIER, true, false)) append_barrier(f);
    struct ir_block *block = append_region(f, f->second.arm->name);
    if (f->second.groups)
        write_turns(f, block);
    else
        fused_append_body(f, &f->second, block, false, true);
}

void fused_write_body(struct fused *f)
{
    append_begins(f);
    if (is_in_place(f))
        write_in_place(f);
    else if (f->h->form == HANDOFF_RECOMPUTED)
        write_recomputed(f);
    else
        write_window(f);
}
