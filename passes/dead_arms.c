/* dead_arms.c - removes arms whose results nobody can see, and temps that no arm uses.
 *
 *   temp t : u32[len(a)];                    arm last = copy(from: a, to: b);
 *   temp u : u32[len(a)];              =>
 *   arm first = copy(from: a, to: t);
 *   arm last  = copy(from: a, to: b);
 *
 * From the last arm to the first: an arm stays when it may trap, or writes what a caller, the host or a later arm that stays may
 * read. Linear. */
#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"
#include "passes/pass.h"
#include "passes/plant.h"

static void note_trap(void *ctx, struct ir_stmt *s)
{
    bool *traps = ctx;
    if (s->kind == IR_STMT_TRAP || s->kind == IR_STMT_TELL || s->kind == IR_STMT_WHILE) *traps = true;
}

static bool may_trap(struct ir_program *p)
{
    bool traps = false;
    ir_walk_stmts(&p->body, note_trap, &traps);
    return traps;
}

static bool writes_seen(const struct ir_arm *arm, const bool *seen)
{
    for (uint32_t i = 0; i < arm->args.n; i++) {
        const struct ir_arg *a = &arm->args.at[i];
        if (a->formal_buffer && ir_access_writes(a->formal_buffer->access) && seen[a->buffer->index]) return true;
    }
    return false;
}

static void see_reads(const struct ir_arm *arm, bool *seen)
{
    for (uint32_t i = 0; i < arm->args.n; i++) {
        const struct ir_arg *a = &arm->args.at[i];
        if (a->formal_buffer && ir_access_reads(a->formal_buffer->access)) seen[a->buffer->index] = true;
    }
}

static void see_stmt(const struct ir_stmt *s, bool *seen)
{
    if (s->kind == IR_STMT_ARM && PLANT(DEAD_ARM_THAT_IS_READ, true, false)) see_reads(s->arm, seen);
    if (s->kind == IR_STMT_HOST) seen[s->host.buffer->index] = true;
    if (s->kind == IR_STMT_COLLECTIVE) {
        seen[s->collective.dst->index] = true;
        if (s->collective.src) seen[s->collective.src->index] = true;
    }
}

static uint32_t remove_arms(struct pass_run *run, struct ir_pipeline *p)
{
    bool *seen = ARENA_ARRAY(run->scratch, bool, p->buffers.n + p->temps.n);
    uint32_t n_removed = 0;
    for (uint32_t i = 0; i < p->buffers.n + p->temps.n; i++)
        seen[i] = i < p->buffers.n || p->temps.at[i - p->buffers.n]->live_out;
    for (struct ir_stmt *s = p->body.last, *prev; s; s = prev) {
        prev = s->prev;
        if (s->kind != IR_STMT_ARM || writes_seen(s->arm, seen) ||
            PLANT(DEAD_ARM_THAT_TRAPS, may_trap(s->arm->program), false)) {
            see_stmt(s, seen);
            continue;
        }
        pass_remark_done(run, DIAG_DEAD_ARM, s->range, s->arm->name);
        ir_remove(s);
        n_removed++;
    }
    pass_count(run, "arms removed", n_removed);
    return n_removed;
}

/* -- temps ---------------------------------------------------------------------------------------------------- */

static void note_len(void *ctx, struct ir_expr **place)
{
    bool *used = ctx;
    if ((*place)->op == IR_OP_LEN) used[(*place)->buffer->index] = true;
}

static void note_uses(struct ir_stmt *s, bool *used)
{
    if (s->kind == IR_STMT_HOST) used[s->host.buffer->index] = true;
    if (s->kind == IR_STMT_COLLECTIVE) {
        used[s->collective.dst->index] = true;
        if (s->collective.src) used[s->collective.src->index] = true;
    }
    for (uint32_t i = 0; s->kind == IR_STMT_ARM && i < s->arm->args.n; i++) {
        struct ir_arg *a = &s->arm->args.at[i];
        if (a->buffer) used[a->buffer->index] = true;
        if (a->value) ir_walk_expr(&a->value, note_len, used);
    }
}

static uint32_t remove_temps(struct pass_run *run, struct ir_pipeline *p)
{
    bool *used = ARENA_ARRAY(run->scratch, bool, p->buffers.n + p->temps.n);
    uint32_t n_kept = 0, n_before = p->temps.n;
    IR_EACH_STMT(s, &p->body) note_uses(s, used);
    for (uint32_t i = p->temps.n; i--;)
        if (used[p->buffers.n + i] && p->temps.at[i]->count_expr)
            ir_walk_expr(&p->temps.at[i]->count_expr, note_len, used);
    for (uint32_t i = 0; i < p->temps.n; i++) {
        struct ir_buffer *t = p->temps.at[i];
        if (!used[p->buffers.n + i] && !t->live_out) continue;
        t->index = p->buffers.n + n_kept;
        p->temps.at[n_kept++] = t;
    }
    p->temps.n = n_kept;
    pass_count(run, "temps removed", n_before - n_kept);
    return n_before - n_kept;
}

enum pass_result dead_arms(struct pass_run *run, struct ir_pipeline *p)
{
    if (!p->temps.n) return PASS_SKIPPED;
    uint32_t n_removed = remove_arms(run, p);
    return remove_temps(run, p) + n_removed ? PASS_CHANGED : PASS_UNCHANGED;
}
