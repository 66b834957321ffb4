/* coverage.c - how far from element 0 a launch provably writes every element of a `write` buffer: see facts.h.
 *
 *   dispatch len(text) / 4;                          =>   3 * (len(text) / 4)
 *   let quad = gid.x;
 *   if quad < len(text) / 4 {
 *     for k in 0..3 { plain[quad * 3 + k] = ...; }
 *   }
 *
 * Element i below a * H is written by the invocation i / a, as the offset i % a; no wrapping can come in between, for i
 * fits 32 bits. What must be shown is that this invocation exists, gets to the store, and takes the guards as the host
 * computes them. A guard is computed in wrapping u32 on the device and in checked 64 bits on the host, so one that
 * could wrap is not used. */
#include "ir/build.h"
#include "ir/facts.h"
#include "ir/ops.h"
#include "ir/walk.h"

enum {
    MAX_LOOPS = 4,        /* loops around a store whose variables its index uses */
    MAX_STRIDE = 4096,    /* `a` above */
    MAX_VISITS = 65536,   /* combinations of loop variables looked at for one store */
    MAX_GUARD_NODES = 64, /* of a guard with its lets put in */
};

/* gid * gid.x + sum of loops[i] * the loop's variable + constant, modulo 2^32. */
struct affine {
    bool known;
    uint32_t gid, constant, loops[MAX_LOOPS];
};

struct counted_loop {
    const struct ir_local *variable;
    uint64_t from, to, step;
};

/* The invocations below all of these get here. */
struct guard {
    const struct guard *outer;
    struct ir_expr *below;
};

/* Stores of one stride under one guard, and which offsets below the stride they cover. */
struct group {
    const struct guard *guard;
    uint32_t stride, n_covered;
    bool *covered;
};

struct coverage {
    struct ir_module *m;
    const struct ir_program *program;
    const struct ir_buffer *buffer;
    const struct ir_expr **lets; /* by local: the value of a let, or NULL */
    struct affine *affines;      /* by local */
    struct counted_loop loops[MAX_LOOPS];
    uint32_t n_loops;
    const struct guard *guard;
    bool may_end; /* some invocation may have returned before this point. A trap does not count: after one the buffers
                     are unspecified */
    VEC(struct group) groups;
};

/* -- affine values ------------------------------------------------------------------------------------------ */

static struct affine affine_constant(uint32_t value)
{
    return (struct affine){.known = true, .constant = value};
}

static struct affine affine_sum(struct affine a, struct affine b, uint32_t sign)
{
    struct affine r = {
        .known = a.known && b.known, .gid = a.gid + sign * b.gid, .constant = a.constant + sign * b.constant};
    for (uint32_t i = 0; i < MAX_LOOPS; i++)
        r.loops[i] = a.loops[i] + sign * b.loops[i];
    return r;
}

static bool is_affine_constant(const struct affine *a)
{
    return a->known && !a->gid && !a->loops[0] && !a->loops[1] && !a->loops[2] && !a->loops[3];
}

static struct affine affine_scaled(struct affine a, uint32_t by)
{
    struct affine r = {.known = a.known, .gid = a.gid * by, .constant = a.constant * by};
    for (uint32_t i = 0; i < MAX_LOOPS; i++)
        r.loops[i] = a.loops[i] * by;
    return r;
}

static struct affine affine_product(struct affine a, struct affine b)
{
    if (is_affine_constant(&b)) return affine_scaled(a, b.constant);
    if (is_affine_constant(&a)) return affine_scaled(b, a.constant);
    return (struct affine){0};
}

static struct affine affine_of_local(const struct coverage *c, const struct ir_local *l)
{
    for (uint32_t i = 0; i < c->n_loops; i++) {
        struct affine r = {.known = true};
        if (c->loops[i].variable != l) continue;
        r.loops[i] = 1;
        return r;
    }
    return c->affines[l->index];
}

static struct affine affine_of(const struct coverage *c, const struct ir_expr *e)
{
    if (e->type.scalar != IR_U32 || e->type.lanes != 1) return (struct affine){0};
    switch (e->op) {
    case IR_OP_CONST:
        return affine_constant((uint32_t)e->bits);
    case IR_OP_LOCAL:
        return affine_of_local(c, e->local);
    case IR_OP_GID:
        return (struct affine){.known = e->component == 0, .gid = 1};
    case IR_OP_ADD:
        return affine_sum(affine_of(c, e->args[0]), affine_of(c, e->args[1]), 1);
    case IR_OP_SUB:
        return affine_sum(affine_of(c, e->args[0]), affine_of(c, e->args[1]), UINT32_MAX);
    case IR_OP_MUL:
        return affine_product(affine_of(c, e->args[0]), affine_of(c, e->args[1]));
    case IR_OP_SHL:
        if (!ir_is_const(e->args[1])) return (struct affine){0};
        return affine_scaled(affine_of(c, e->args[0]), (uint32_t)1 << (e->args[1]->bits & 31));
    default:
        return (struct affine){0};
    }
}

static bool is_gid(const struct coverage *c, const struct ir_expr *e)
{
    struct affine a = affine_of(c, e);
    a.gid -= 1;
    return is_affine_constant(&a) && a.constant == 0;
}

/* -- guards ------------------------------------------------------------------------------------------------- */

/* Where the host can compute it at all, it computes what the device does. */
static bool is_exact_on_host(const struct ir_expr *e)
{
    if (e->type.lanes != 1 || ir_type_is_float(e->type) || ir_type_is_signed(e->type)) return false;
    return ir_op_infos[e->op].traits & IR_TRAIT_HOST && e->op != IR_OP_ADD && e->op != IR_OP_MUL && e->op != IR_OP_SHL;
}

/* A copy in which every let is replaced by its value; NULL when the host cannot compute it. */
static struct ir_expr *make_host_expr(struct coverage *c, const struct ir_expr *e, uint32_t *n_nodes)
{
    struct ir_expr *args[4];
    if (++*n_nodes > MAX_GUARD_NODES) return NULL;
    if (e->op == IR_OP_LOCAL) {
        const struct ir_expr *value = c->lets[e->local->index];
        return value ? make_host_expr(c, value, n_nodes) : NULL;
    }
    if (!is_exact_on_host(e)) return NULL;
    for (uint32_t i = 0; i < e->n_args; i++) {
        args[i] = make_host_expr(c, e->args[i], n_nodes);
        if (!args[i]) return NULL;
    }
    struct ir_expr *copy = ir_expr_new(c->m, (enum ir_op)e->op, e->type, args, e->n_args, e->range);
    copy->bits = e->bits; /* the widest of the payloads */
    return copy;
}

/* H of `gid.x < H` or `H > gid.x`, for the host; else NULL. */
static struct ir_expr *find_bound(struct coverage *c, const struct ir_expr *cond)
{
    uint32_t n_nodes = 0;
    if (cond->op == IR_OP_LT && is_gid(c, cond->args[0])) return make_host_expr(c, cond->args[1], &n_nodes);
    if (cond->op == IR_OP_GT && is_gid(c, cond->args[1])) return make_host_expr(c, cond->args[0], &n_nodes);
    return NULL;
}

/* -- stores ------------------------------------------------------------------------------------------------- */

static struct group *get_group(struct coverage *c, uint32_t stride)
{
    for (uint32_t i = 0; i < c->groups.n; i++)
        if (c->groups.at[i].guard == c->guard && c->groups.at[i].stride == stride) return &c->groups.at[i];
    struct group g = {.guard = c->guard, .stride = stride, .covered = ARENA_ARRAY(c->m->arena, bool, stride)};
    vec_push(c->m->arena, &c->groups, g);
    return &c->groups.at[c->groups.n - 1];
}

static void cover_offset(struct group *g, uint32_t offset)
{
    if (offset >= g->stride || g->covered[offset]) return;
    g->covered[offset] = true;
    g->n_covered++;
}

static uint64_t count_rounds(const struct counted_loop *l)
{
    return l->from < l->to ? (l->to - l->from - 1) / l->step + 1 : 0;
}

/* All values of the loops' variables in turn: the number of the visit, digit by digit. */
static void visit_store(struct coverage *c, const struct affine *index)
{
    uint64_t n_visits = 1;
    for (uint32_t i = 0; i < c->n_loops; i++) {
        uint64_t rounds = count_rounds(&c->loops[i]);
        if (rounds == 0 || rounds > MAX_VISITS || (n_visits *= rounds) > MAX_VISITS) return;
    }
    struct group *g = get_group(c, index->gid);
    for (uint64_t visit = 0; visit < n_visits; visit++) {
        uint64_t rest = visit;
        uint32_t offset = index->constant;
        for (uint32_t i = 0; i < c->n_loops; i++) {
            uint64_t rounds = count_rounds(&c->loops[i]);
            offset += index->loops[i] * (uint32_t)(c->loops[i].from + rest % rounds * c->loops[i].step);
            rest /= rounds;
        }
        cover_offset(g, offset);
    }
}

static void look_at_store(struct coverage *c, const struct ir_stmt *s)
{
    struct affine index = affine_of(c, s->store.index);
    if (s->store.buffer != c->buffer || c->may_end) return;
    if (index.known && index.gid >= 1 && index.gid <= MAX_STRIDE) visit_store(c, &index);
}

/* -- the walk ----------------------------------------------------------------------------------------------- */

static void look_at_block(struct coverage *c, const struct ir_block *b);

struct jumps {
    bool any;  /* out of a block */
    bool ends; /* the invocation, other than by a trap */
};

static void note_jump(void *ctx, struct ir_stmt *s)
{
    struct jumps *j = ctx;
    if (ir_stmt_infos[s->kind].traits & IR_STMT_TRAIT_JUMP) j->any = true;
    if (s->kind == IR_STMT_RETURN) j->ends = true;
}

static struct jumps find_jumps(const struct ir_block *b)
{
    struct jumps j = {0};
    ir_walk_stmts((struct ir_block *)b, note_jump, &j);
    return j;
}

static void look_at_for(struct coverage *c, const struct ir_stmt *s)
{
    bool counted = ir_is_const(s->for_.from) && ir_is_const(s->for_.to) && s->for_.local->type.scalar == IR_U32;
    struct jumps jumps = find_jumps(&s->for_.body);
    if (jumps.ends) c->may_end = true;
    if (jumps.any || jumps.ends || !counted || c->n_loops == MAX_LOOPS) return;
    c->loops[c->n_loops++] = (struct counted_loop){s->for_.local, s->for_.from->bits, s->for_.to->bits, s->for_.step};
    look_at_block(c, &s->for_.body);
    c->n_loops--;
}

static void look_at_if(struct coverage *c, const struct ir_stmt *s)
{
    struct ir_expr *below = find_bound(c, s->if_.cond);
    const struct guard *outer = c->guard;
    if (below) {
        struct guard *g = ARENA_NEW(c->m->arena, struct guard);
        *g = (struct guard){outer, below};
        c->guard = g;
        look_at_block(c, &s->if_.then_block);
        c->guard = outer;
    } else if (find_jumps(&s->if_.then_block).ends) {
        c->may_end = true;
    }
    if (find_jumps(&s->if_.else_block).ends) c->may_end = true;
}

/* A value that depends on a loop's variable is only read inside that loop: scopes see to it. */
static void look_at_let(struct coverage *c, const struct ir_stmt *s)
{
    c->lets[s->let.local->index] = s->let.value;
    c->affines[s->let.local->index] = affine_of(c, s->let.value);
}

static void look_at_stmt(struct coverage *c, const struct ir_stmt *s)
{
    switch (s->kind) {
    case IR_STMT_LET:
        look_at_let(c, s);
        break;
    case IR_STMT_STORE:
        look_at_store(c, s);
        break;
    case IR_STMT_IF:
        look_at_if(c, s);
        break;
    case IR_STMT_FOR:
        look_at_for(c, s);
        break;
    case IR_STMT_BLOCK:
    case IR_STMT_REGION:
        look_at_block(c, &s->scope.body);
        break;
    case IR_STMT_WHILE:
        if (find_jumps(&s->while_.body).ends) c->may_end = true;
        break;
    default:
        if (s->kind == IR_STMT_RETURN) c->may_end = true;
        break;
    }
}

static void look_at_block(struct coverage *c, const struct ir_block *b)
{
    IR_EACH_STMT(s, b) look_at_stmt(c, s);
}

/* -- the answer --------------------------------------------------------------------------------------------- */

static struct ir_expr *make_min(struct ir_module *m, struct ir_expr *a, struct ir_expr *b)
{
    return !a || ir_expr_equal(a, b) ? b : ir_binary(m, IR_OP_MIN, a, b, SRC_NONE);
}

/* The invocations in x that a launch has at least: the dispatch, or the elements of the largest written buffer. */
static struct ir_expr *make_dispatch(struct coverage *c)
{
    const struct ir_program *p = c->program;
    struct ir_expr *most = NULL;
    if (p->n_dispatch) return ir_expr_copy(c->m, p->dispatch[0]);
    for (uint32_t i = 0; i < p->buffers.n; i++) {
        if (!ir_access_writes(p->buffers.at[i]->access)) continue;
        struct ir_expr *n = ir_len(c->m, p->buffers.at[i], SRC_NONE);
        most = most ? ir_binary(c->m, IR_OP_MAX, most, n, SRC_NONE) : n;
    }
    return most;
}

static bool is_launched_in_one_row(const struct ir_program *p)
{
    for (uint32_t i = 1; i < p->n_dispatch; i++)
        if (!ir_is_const(p->dispatch[i]) || p->dispatch[i]->bits != 1) return false;
    return true;
}

static struct ir_expr *make_prefix(struct coverage *c, const struct group *g)
{
    struct ir_expr *below = make_dispatch(c);
    for (const struct guard *guard = g->guard; guard; guard = guard->outer)
        below = make_min(c->m, below, ir_expr_copy(c->m, guard->below));
    return g->stride == 1 ? below : ir_binary(c->m, IR_OP_MUL, ir_const_u32(c->m, g->stride), below, SRC_NONE);
}

struct ir_expr *ir_written_prefix(struct ir_module *m, const struct ir_program *p, const struct ir_buffer *b)
{
    struct coverage c = {.m = m, .program = p, .buffer = b};
    if (b->space != IR_SPACE_STORAGE || b->access != IR_ACCESS_WRITE) return NULL;
    if (b->no_zeros) return ir_len(m, (struct ir_buffer *)(uintptr_t)b, SRC_NONE);
    if (!is_launched_in_one_row(p)) return NULL;
    c.lets = ARENA_ARRAY(m->arena, const struct ir_expr *, p->locals.n);
    c.affines = ARENA_ARRAY(m->arena, struct affine, p->locals.n);
    look_at_block(&c, &p->body);
    for (uint32_t i = 0; i < c.groups.n; i++)
        if (c.groups.at[i].n_covered == c.groups.at[i].stride) return make_prefix(&c, &c.groups.at[i]);
    return NULL;
}
