/* program_uses.c - see program_uses.h. */
#include "passes/program_uses.h"
#include "passes/plant.h"

#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"

struct walk {
    struct program_uses *u;
    struct ir_expr **lets;
};

/* -- own elements ------------------------------------------------------------------------------------------ */

static void note_let(void *ctx, struct ir_stmt *s)
{
    struct ir_expr **lets = ctx;
    if (s->kind == IR_STMT_LET) lets[s->let.local->index] = s->let.value;
}

struct ir_expr **collect_lets(struct arena *arena, struct ir_program *p)
{
    struct ir_expr **lets = ARENA_ARRAY(arena, struct ir_expr *, p->locals.n + 1);
    ir_walk_stmts(&p->body, note_let, lets);
    return lets;
}

static void find_subgroup(void *ctx, struct ir_expr **place)
{
    *(bool *)ctx |= (ir_op_infos[(*place)->op].traits & IR_TRAIT_SUBGROUP) != 0;
}

bool has_subgroup_operation(struct ir_expr *e)
{
    bool found = false;
    ir_walk_expr(&e, find_subgroup, &found);
    return found;
}

bool is_gid_x(const struct ir_expr *e, struct ir_expr *const *lets)
{
    while (e->op == IR_OP_LOCAL && lets[e->local->index])
        e = lets[e->local->index];
    return e->op == IR_OP_GID && e->component == 0;
}

bool is_in_one_row(const struct ir_program *p)
{
    for (uint32_t i = 1; i < 3; i++)
        if (p->workgroup[i] != 1 || (i < p->n_dispatch && !(ir_is_const(p->dispatch[i]) && p->dispatch[i]->bits == 1)))
            return false;
    return true;
}

/* -- accesses ---------------------------------------------------------------------------------------------- */

static struct buffer_use *find_use(const struct walk *w, const struct ir_buffer *b)
{
    return b->space == IR_SPACE_STORAGE ? &w->u->buffers[b->index] : NULL;
}

static void note_access(struct walk *w, const struct ir_buffer *b, const struct ir_expr *index, bool writes,
                        struct src_range at)
{
    struct buffer_use *use = find_use(w, b);
    if (!use) return;
    if (writes && !use->writes) use->write = at;
    if (!writes && !use->reads) use->read = at;
    use->reads |= !writes;
    use->writes |= writes;
    use->plain = true;
    use->own = use->own && index && is_gid_x(index, w->lets);
}

static bool is_order_free(const struct ir_stmt *s)
{
    static const bool free_ops[] = {
        [IR_ATOMIC_ADD] = true, [IR_ATOMIC_SUB] = true,       [IR_ATOMIC_MIN] = true,
        [IR_ATOMIC_MAX] = true, [IR_ATOMIC_AND] = true,       [IR_ATOMIC_OR] = true,
        [IR_ATOMIC_XOR] = true, [IR_ATOMIC_EXCHANGE] = false, [IR_ATOMIC_CAS] = false,
    };
    return free_ops[s->atomic.op] && !s->atomic.result && ir_type_is_int(s->atomic.buffer->elem);
}

static void note_atomic(struct walk *w, const struct ir_stmt *s)
{
    struct buffer_use *use = find_use(w, s->atomic.buffer);
    if (!use) return;
    if (!use->writes) use->write = s->range;
    if (!use->reads) use->read = s->range;
    use->mixed |= !is_order_free(s) || (use->atomics && use->op != s->atomic.op);
    use->atomics = use->reads = use->writes = true;
    use->op = s->atomic.op;
    use->own = use->own && is_gid_x(s->atomic.index, w->lets);
}

static void note_expr(void *ctx, struct ir_expr **place)
{
    struct walk *w = ctx;
    const struct ir_expr *e = *place;
    uint32_t traits = ir_op_infos[e->op].traits;
    if (e->op == IR_OP_LOAD) note_access(w, e->buffer, e->args[0], false, e->range);
    if (e->op == IR_OP_LID || e->op == IR_OP_WID || e->op == IR_OP_WORKGROUP_SIZE || e->op == IR_OP_LANE)
        w->u->fixed_size = true;
    if (traits & IR_TRAIT_SUBGROUP) w->u->fixed_size = w->u->has_subgroup = true;
}

static void note_trap(struct walk *w, struct src_range at)
{
    if (!w->u->may_trap) w->u->trap = at;
    w->u->may_trap = true;
}

static void note_stmt(void *ctx, struct ir_stmt *s)
{
    struct walk *w = ctx;
    w->u->n_stmts++;
    switch (s->kind) {
    case IR_STMT_STORE:
        note_access(w, s->store.buffer, s->store.index, true, s->range);
        break;
    case IR_STMT_ATOMIC:
        note_atomic(w, s);
        break;
    case IR_STMT_COPY_ASYNC:
        note_access(w, s->copy.dst, NULL, true, s->range);
        note_access(w, s->copy.src, NULL, false, s->range);
        break;
    case IR_STMT_WHILE:
    case IR_STMT_TRAP:
    case IR_STMT_TELL:
        note_trap(w, s->range);
        break;
    case IR_STMT_RETURN:
        w->u->n_returns++;
        break;
    case IR_STMT_BARRIER:
        w->u->has_barrier = w->u->fixed_size = true;
        break;
    case IR_STMT_GRID_BARRIER:
        w->u->has_grid_barrier = w->u->fixed_size = true;
        break;
    default:
        break;
    }
}

/* -- the whole --------------------------------------------------------------------------------------------- */

static uint32_t measure_nesting(const struct ir_block *b)
{
    uint32_t most = 0;
    IR_EACH_STMT(s, b)
    {
        struct ir_block *inner[2];
        for (uint32_t i = 0, n = ir_stmt_blocks(s, inner); i < n; i++) {
            uint32_t depth = 1 + measure_nesting(inner[i]);
            if (depth > most) most = depth;
        }
    }
    return most;
}

uint64_t program_array_bytes(const struct ir_program *p, enum ir_space space)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < p->arrays.n; i++) /* within the limits of the checker */
        if (p->arrays.at[i]->space == space) sum += p->arrays.at[i]->count * ir_type_mem_bytes(p->arrays.at[i]->elem);
    return sum;
}

void program_uses_compute(struct program_uses *u, struct arena *arena, struct ir_program *p)
{
    *u = (struct program_uses){.in_one_row = is_in_one_row(p)};
    u->buffers = ARENA_ARRAY(arena, struct buffer_use, p->buffers.n + 1);
    for (uint32_t i = 0; i < p->buffers.n; i++)
        u->buffers[i].own = u->in_one_row;
    struct walk w = {u, collect_lets(arena, p)};
    ir_walk_stmts(&p->body, note_stmt, &w);
    ir_walk_exprs(&p->body, note_expr, &w);
    u->nesting = measure_nesting(&p->body);
    u->workgroup_bytes = program_array_bytes(p, IR_SPACE_WORKGROUP);
    u->local_bytes = program_array_bytes(p, IR_SPACE_PRIVATE);
    u->fixed_size |= u->workgroup_bytes > 0;
}

struct buffer_use buffer_use_join(const struct buffer_use *a, const struct buffer_use *b)
{
    struct buffer_use both = *a;
    if (!a->reads) both.read = b->read;
    if (!a->writes) both.write = b->write;
    both.mixed = a->mixed || b->mixed || (a->atomics && b->atomics && a->op != b->op);
    both.op = a->atomics ? a->op : b->op;
    both.reads |= b->reads;
    both.writes |= b->writes;
    both.own = a->own && b->own;
    both.atomics |= b->atomics;
    both.plain |= b->plain;
    return both;
}

enum hazard buffer_use_hazard(const struct buffer_use *a, const struct buffer_use *b)
{
    bool after_write = a->writes && (b->reads || PLANT(FUSE_WRITE_AFTER_WRITE, b->writes, false));
    bool after_read = a->reads && PLANT(FUSE_WRITE_AFTER_READ, b->writes, false);
    if (!after_write && !after_read) return HAZARD_NONE;
    if (a->atomics || b->atomics) {
        bool commute = (PLANT(FUSE_ATOMIC_AND_PLAIN, !a->plain && !b->plain, true)) && !a->mixed && !b->mixed &&
                       PLANT(FUSE_ATOMIC_KINDS, a->op == b->op, true);
        return commute ? HAZARD_NONE : HAZARD_GRID;
    }
    return PLANT(FUSE_OTHER_ELEMENT, a->own && b->own, true) ? HAZARD_INVOCATION : HAZARD_GRID;
}
