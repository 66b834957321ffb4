/* shape.c - which locals are shared by the lanes of a group, linear in the lane, or varying.
 *
 *   let q = gid.x * 4;               linear, 4
 *   var n = 0u;                      uniform: all lanes add together
 *   for k in 0u32..4 { n = n + k; }
 *   if text[q] == 65u8 { n = 7; }    now it is not: only some lanes assign
 *
 * A local is assigned "together" when between its declaration and the assignment no construct parts the lanes that comes
 * together again later: an `if` on a varying condition, a loop that lanes leave or go on in one by one. Each such construct is a
 * scope. Lanes that return or trap never come back, so they part nothing.
 *
 * Shapes only ever go from known to varying, so walking the body until nothing changes ends; loops make it a few rounds. After
 * MAX_ROUNDS whatever still changes is varying at once. */
#include "codegen/llvm/shape.h"

#include "ir/ops.h"
#include "ir/traps.h"

enum { MAX_ROUNDS = 12 };

int64_t shape_wrap(ir_type type, int64_t stride)
{
    uint32_t unused = 64 - ir_type_info(type)->bits;
    return (int64_t)((uint64_t)stride << unused) >> unused;
}

/* -- expressions ----------------------------------------------------------------------------------------------- */

static struct shape linear(ir_type type, int64_t stride)
{
    return (struct shape){false, shape_wrap(type, stride)};
}

/* Unsigned, because strides wrap. */
static int64_t product(int64_t a, uint64_t b)
{
    return (int64_t)((uint64_t)a * b);
}

static struct shape shape_of_sum(const struct ir_expr *e, struct shape a, struct shape b)
{
    uint64_t x = (uint64_t)a.stride, y = (uint64_t)b.stride;
    return linear(e->type, (int64_t)(e->op == IR_OP_ADD ? x + y : x - y));
}

static struct shape shape_of_product(const struct ir_expr *e, struct shape a, struct shape b)
{
    if (ir_type_info(e->type)->kind == IR_KIND_FLOAT) return SHAPE_VARYING;
    if (e->args[1]->op == IR_OP_CONST) return linear(e->type, product(a.stride, e->args[1]->bits));
    if (e->args[0]->op == IR_OP_CONST) return linear(e->type, product(b.stride, e->args[0]->bits));
    return SHAPE_VARYING;
}

static struct shape shape_of_shift(const struct ir_expr *e, struct shape a)
{
    if (e->args[1]->op != IR_OP_CONST) return SHAPE_VARYING;
    return linear(e->type, product(a.stride, UINT64_C(1) << (e->args[1]->bits & (ir_type_info(e->type)->bits - 1u))));
}

/* Of integer operations on operands of which at least one is linear. Must not be sharper than value_combine. */
static struct shape shape_of_linear(const struct ir_expr *e, const struct shape *args)
{
    if (e->type.lanes != 1 || !ir_type_is_int(e->type) || !ir_type_is_int(e->args[0]->type)) return SHAPE_VARYING;
    switch (e->op) {
    case IR_OP_ADD:
    case IR_OP_SUB:
        return shape_of_sum(e, args[0], args[1]);
    case IR_OP_NEG:
    case IR_OP_NOT:
        return linear(e->type, product(args[0].stride, ~UINT64_C(0)));
    case IR_OP_MUL:
        return shape_of_product(e, args[0], args[1]);
    case IR_OP_SHL:
        return shape_of_shift(e, args[0]);
    case IR_OP_CAST:
        return ir_type_info(e->type)->bits <= ir_type_info(e->args[0]->type)->bits ? linear(e->type, args[0].stride)
                                                                                   : SHAPE_VARYING;
    default:
        return SHAPE_VARYING;
    }
}

static bool differs_by_itself(const struct ir_expr *e)
{
    return (e->op == IR_OP_LOAD && e->buffer->space == IR_SPACE_PRIVATE) || e->op == IR_OP_SHUFFLE ||
           e->op == IR_OP_SCAN_ADD;
}

/* What a subgroup agrees on is one value: the group is the subgroup. */
static bool is_agreed(const struct ir_expr *e)
{
    return (ir_op_infos[e->op].traits & (IR_TRAIT_SUBGROUP | IR_TRAIT_LANE)) == IR_TRAIT_SUBGROUP;
}

struct shape shape_of_expr(const struct shapes *s, const struct ir_expr *e)
{
    if (e->op == IR_OP_LOCAL) return s->locals[e->local->index];
    if (e->op == IR_OP_GID || e->op == IR_OP_LID || e->op == IR_OP_LANE || e->op == IR_OP_WID)
        return s->of_id(s->of_id_ctx, (enum ir_op)e->op, e->component);
    struct shape args[4];
    bool uniform = true, varying = false;
    for (uint32_t i = 0; i < e->n_args; i++) {
        args[i] = shape_of_expr(s, e->args[i]);
        uniform &= shape_is_uniform(args[i]);
        varying |= args[i].varying;
    }
    if (differs_by_itself(e)) return SHAPE_VARYING;
    if (uniform || is_agreed(e)) return SHAPE_UNIFORM;
    return varying ? SHAPE_VARYING : shape_of_linear(e, args);
}

/* -- statements ------------------------------------------------------------------------------------------------ */

struct walk {
    struct shapes *shapes;
    uint32_t *scope_of_local;
    uint32_t scope, n_scopes;
    struct walk_loop *loop;
    bool hurry;
};
struct walk_loop {
    struct walk_loop *outer;
    struct loop_facts *facts;
    uint32_t body_scope;
};

static void walk_block(struct walk *w, struct ir_block *block);

static void raise(struct walk *w, bool *fact)
{
    w->shapes->changed |= !*fact;
    *fact = true;
}

static void meet(struct walk *w, const struct ir_local *local, struct shape shape)
{
    struct shapes *s = w->shapes;
    struct shape *at = &s->locals[local->index], old = *at;
    if (s->scalar_locals && s->scalar_locals[local->index]) shape = SHAPE_UNIFORM;
    if (!s->known[local->index])
        *at = shape;
    else if (!shape_equal(old, shape))
        *at = SHAPE_VARYING;
    bool moved = !s->known[local->index] || !shape_equal(old, *at);
    if (moved && w->hurry && local->is_mutable) *at = SHAPE_VARYING;
    s->known[local->index] = true;
    s->changed |= moved;
}

static void declare(struct walk *w, const struct ir_local *local, struct shape shape)
{
    w->scope_of_local[local->index] = w->scope;
    meet(w, local, shape);
}

static void assign(struct walk *w, const struct ir_local *local, struct shape shape)
{
    meet(w, local, w->scope_of_local[local->index] == w->scope ? shape : SHAPE_VARYING);
}

static void walk_parted(struct walk *w, struct ir_block *block, bool parted)
{
    uint32_t scope = w->scope;
    if (parted) w->scope = ++w->n_scopes;
    walk_block(w, block);
    w->scope = scope;
}

static void walk_if(struct walk *w, struct ir_stmt *s)
{
    bool parted = !shape_is_uniform(shape_of_expr(w->shapes, s->if_.cond));
    walk_parted(w, &s->if_.then_block, parted);
    if (s->if_.has_else) walk_parted(w, &s->if_.else_block, parted);
}

static struct loop_facts *facts_of(struct walk *w, const struct ir_stmt *s)
{
    struct loop_facts *facts = map_find(&w->shapes->loops, s);
    if (!facts) {
        facts = ARENA_NEW(w->shapes->arena, struct loop_facts);
        map_set(&w->shapes->loops, s, facts);
    }
    return facts;
}

static void walk_loop(struct walk *w, struct ir_stmt *s, struct ir_block *body, bool parted)
{
    struct walk_loop loop = {.outer = w->loop, .facts = facts_of(w, s)};
    if (parted) raise(w, &loop.facts->divergent);
    uint32_t scope = w->scope;
    if (loop.facts->divergent) w->scope = ++w->n_scopes;
    loop.body_scope = w->scope;
    w->loop = &loop;
    if (s->kind == IR_STMT_FOR) declare(w, s->for_.local, shape_of_expr(w->shapes, s->for_.from));
    walk_block(w, body);
    w->loop = loop.outer;
    w->scope = scope;
}

/* Lanes may end here, not all at once. */
static void walk_end(struct walk *w)
{
    if (w->scope != 0)
        for (struct walk_loop *loop = w->loop; loop; loop = loop->outer)
            raise(w, &loop->facts->ends);
}

static void walk_while(struct walk *w, struct ir_stmt *s)
{
    struct shape cond = shape_of_expr(w->shapes, s->while_.cond), max = shape_of_expr(w->shapes, s->while_.max);
    walk_loop(w, s, &s->while_.body, !shape_is_uniform(cond) || !shape_is_uniform(max));
    struct loop_facts *facts = facts_of(w, s);
    if (ir_while_may_end(s) && (facts->divergent || w->scope != 0)) {
        raise(w, &facts->ends);
        for (struct walk_loop *loop = w->loop; loop; loop = loop->outer)
            raise(w, &loop->facts->ends);
    }
}

static void walk_jump(struct walk *w)
{
    if (w->loop && w->scope != w->loop->body_scope) raise(w, &w->loop->facts->divergent);
}

static void walk_stmt(struct walk *w, struct ir_stmt *s)
{
    switch (s->kind) {
    case IR_STMT_LET:
    case IR_STMT_VAR:
        declare(w, s->let.local, shape_of_expr(w->shapes, s->let.value));
        break;
    case IR_STMT_ASSIGN:
        assign(w, s->let.local, shape_of_expr(w->shapes, s->let.value));
        break;
    case IR_STMT_ATOMIC:
        if (s->atomic.result) (s->atomic.declares ? declare : assign)(w, s->atomic.result, SHAPE_VARYING);
        break;
    case IR_STMT_IF:
        walk_if(w, s);
        break;
    case IR_STMT_FOR: {
        bool uniform = shape_is_uniform(shape_of_expr(w->shapes, s->for_.from)) &&
                       shape_is_uniform(shape_of_expr(w->shapes, s->for_.to));
        walk_loop(w, s, &s->for_.body, !uniform);
        break;
    }
    case IR_STMT_WHILE:
        walk_while(w, s);
        break;
    case IR_STMT_BREAK:
    case IR_STMT_CONTINUE:
        walk_jump(w);
        break;
    case IR_STMT_RETURN:
    case IR_STMT_TRAP:
        walk_end(w);
        break;
    case IR_STMT_BLOCK:
    case IR_STMT_REGION:
        walk_block(w, &s->scope.body);
        break;
    default:
        break; /* defines no local, has no block */
    }
}

static void walk_block(struct walk *w, struct ir_block *block)
{
    IR_EACH_STMT(s, block)
    walk_stmt(w, s);
}

void shapes_compute(struct shapes *s, struct arena *arena, const struct ir_program *p, shape_of_id *of_id,
                    const void *of_id_ctx, const bool *scalar_locals)
{
    *s = (struct shapes){.arena = arena, .of_id = of_id, .of_id_ctx = of_id_ctx, .scalar_locals = scalar_locals};
    s->locals = ARENA_ARRAY(arena, struct shape, p->locals.n + 1);
    s->known = ARENA_ARRAY(arena, bool, p->locals.n + 1);
    map_init(&s->loops, arena);
    uint32_t *scopes = ARENA_ARRAY(arena, uint32_t, p->locals.n + 1);
    uint32_t round = 0;
    do {
        struct walk w = {.shapes = s, .scope_of_local = scopes, .hurry = ++round > MAX_ROUNDS};
        s->changed = false;
        walk_block(&w, (struct ir_block *)&p->body);
    } while (s->changed);
}

const struct loop_facts *shape_of_loop(const struct shapes *s, const struct ir_stmt *loop)
{
    static const struct loop_facts none = {false, false};
    const struct loop_facts *facts = map_find(&s->loops, loop);
    return facts ? facts : &none;
}
