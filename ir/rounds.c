/* rounds.c - how often an invocation goes around its loops, all of them together: see facts.h.
 *
 *   for i in 0..len(a) step 2 {          =>   (len(a) + 1) / 2 * (1 + (8 + 1)) + 1
 *     for k in i..i + 8 { ... }
 *   }
 *
 * What a value is at most is an expression over lengths and params in checked 64 bits: where device arithmetic wraps, the
 * true sum or product is only greater, so it stays a bound. A difference has one only where it is `to - from` of a loop and
 * `to` is `from` plus something. */
#include "ir/build.h"
#include "ir/facts.h"
#include "ir/ops.h"
#include "ir/walk.h"

enum {
    MAX_NODES = 400, /* of the bound: lets put in may multiply it, and its depth has a limit */
    MAX_LETS = 64    /* looked through on the way to one value */
};

struct rounds {
    struct ir_module *m;
    const struct ir_program *program;
    const struct ir_expr **lets; /* by local: the value of a let, or the end of a loop variable's range; or NULL */
    uint32_t n_nodes, n_lets;
    bool with_copies;
};

/* -- sums and products of u64 host expressions; NULL is "no bound", and spreads ------------------------------------- */

static struct ir_expr *constant(struct rounds *r, uint64_t value)
{
    return ir_const(r->m, IR_TYPE(U64), value, SRC_NONE); /* hangs on a sum or product, which is counted */
}

static struct ir_expr *join(struct rounds *r, enum ir_op op, struct ir_expr *a, struct ir_expr *b)
{
    if (!a || !b || ++r->n_nodes > MAX_NODES) return NULL;
    struct ir_expr *args[] = {a, b};
    return ir_expr_new(r->m, op, IR_TYPE(U64), args, 2, SRC_NONE);
}

static bool are_constants(const struct ir_expr *a, const struct ir_expr *b)
{
    return a && b && ir_is_const(a) && ir_is_const(b);
}

static struct ir_expr *sum(struct rounds *r, struct ir_expr *a, struct ir_expr *b)
{
    uint64_t value;
    if (!are_constants(a, b)) return join(r, IR_OP_ADD, a, b);
    return __builtin_add_overflow(a->bits, b->bits, &value) ? NULL : constant(r, value);
}

static struct ir_expr *product(struct rounds *r, struct ir_expr *a, struct ir_expr *b)
{
    uint64_t value;
    if (!are_constants(a, b)) return join(r, IR_OP_MUL, a, b);
    return __builtin_mul_overflow(a->bits, b->bits, &value) ? NULL : constant(r, value);
}

static struct ir_expr *quotient(struct rounds *r, struct ir_expr *a, uint64_t by)
{
    if (by == 1) return a;
    return a && ir_is_const(a) ? constant(r, a->bits / by) : join(r, IR_OP_DIV, a, constant(r, by));
}

/* The lesser; where one has no bound, the other's. */
static struct ir_expr *lesser(struct rounds *r, struct ir_expr *a, struct ir_expr *b)
{
    if (!a || !b) return a ? a : b;
    return are_constants(a, b) ? (a->bits < b->bits ? a : b) : join(r, IR_OP_MIN, a, b);
}

static struct ir_expr *greater(struct rounds *r, struct ir_expr *a, struct ir_expr *b)
{
    return are_constants(a, b) ? (a->bits > b->bits ? a : b) : join(r, IR_OP_MAX, a, b);
}

/* -- the most that a value can be ------------------------------------------------------------------------------------ */

static struct ir_expr *most(struct rounds *r, const struct ir_expr *e);

/* Of narrow types their greatest value; a bound of 2^32 says no more than none. */
static struct ir_expr *most_of_type(struct rounds *r, ir_type t)
{
    uint32_t bits = ir_type_info(t)->bits - (ir_type_is_signed(t) ? 1u : 0u);
    return ir_type_is_int(t) && bits <= 16 ? constant(r, ((uint64_t)1 << bits) - 1) : NULL;
}

static struct ir_expr *most_of_constant(struct rounds *r, const struct ir_expr *e)
{
    bool is_negative = ir_type_is_signed(e->type) && e->bits >> (ir_type_info(e->type)->bits - 1) & 1;
    return constant(r, is_negative ? 0 : e->bits);
}

/* A length or a param, which the launch knows; a negative param has no value on the host. */
static struct ir_expr *most_of_leaf(struct rounds *r, const struct ir_expr *e)
{
    if (++r->n_nodes > MAX_NODES) return NULL;
    return ir_expr_copy(r->m, e);
}

/* Ids are below the number of invocations, which is rounded up to whole workgroups. */
static struct ir_expr *most_of_gid(struct rounds *r, uint32_t component)
{
    const struct ir_program *p = r->program;
    struct ir_expr *size = constant(r, p->workgroup[component]), *all = NULL;
    r->n_nodes += 16;
    if (component < p->n_dispatch) all = ir_expr_copy(r->m, p->dispatch[component]);
    if (p->n_dispatch) return all ? sum(r, all, size) : size;
    if (component) return size;
    all = constant(r, 0);
    for (uint32_t i = 0; i < p->buffers.n; i++)
        if (ir_access_writes(p->buffers.at[i]->access)) all = greater(r, ir_len(r->m, p->buffers.at[i], SRC_NONE), all);
    return sum(r, all, size);
}

static struct ir_expr *most_of_local(struct rounds *r, const struct ir_local *l)
{
    const struct ir_expr *value = r->lets[l->index];
    return value && ++r->n_lets <= MAX_LETS ? most(r, value) : NULL;
}

static struct ir_expr *most_of_shift(struct rounds *r, const struct ir_expr *e)
{
    if (!ir_is_const(e->args[1])) return e->op == IR_OP_SHR ? most(r, e->args[0]) : NULL;
    uint64_t factor = (uint64_t)1 << (e->args[1]->bits & (ir_type_info(e->type)->bits - 1u));
    struct ir_expr *a = most(r, e->args[0]);
    return e->op == IR_OP_SHR ? quotient(r, a, factor) : product(r, a, constant(r, factor));
}

/* Division by a constant only: x / 0 is all ones. */
static struct ir_expr *most_of_division(struct rounds *r, const struct ir_expr *e)
{
    if (!ir_is_const(e->args[1]) || !e->args[1]->bits) return NULL;
    if (e->op == IR_OP_REM) return constant(r, e->args[1]->bits - 1);
    return quotient(r, most(r, e->args[0]), e->args[1]->bits);
}

static struct ir_expr *most_of_unsigned(struct rounds *r, const struct ir_expr *e)
{
    switch (e->op) {
    case IR_OP_ADD:
    case IR_OP_OR:
    case IR_OP_XOR:
        return sum(r, most(r, e->args[0]), most(r, e->args[1]));
    case IR_OP_MUL:
        return product(r, most(r, e->args[0]), most(r, e->args[1]));
    case IR_OP_AND:
        return lesser(r, most(r, e->args[0]), most(r, e->args[1]));
    case IR_OP_SHL:
    case IR_OP_SHR:
        return most_of_shift(r, e);
    case IR_OP_DIV:
    case IR_OP_REM:
        return most_of_division(r, e);
    case IR_OP_CAST:
        return ir_type_is_int(e->args[0]->type) && !ir_type_is_signed(e->args[0]->type) ? most(r, e->args[0]) : NULL;
    default:
        return NULL;
    }
}

/* Of any integer, negative ones counting as 0. */
static struct ir_expr *most_of_any(struct rounds *r, const struct ir_expr *e)
{
    switch (e->op) {
    case IR_OP_CONST:
        return most_of_constant(r, e);
    case IR_OP_PARAM:
    case IR_OP_LEN:
        return most_of_leaf(r, e);
    case IR_OP_LOCAL:
        return most_of_local(r, e->local);
    case IR_OP_GID:
    case IR_OP_WID:
    case IR_OP_NUM_WORKGROUPS:
        return most_of_gid(r, e->component);
    case IR_OP_LID:
    case IR_OP_WORKGROUP_SIZE:
        return constant(r, r->program->workgroup[e->component]);
    case IR_OP_LANE:
    case IR_OP_SUBGROUP_SIZE:
        return constant(r, IR_SUBGROUP_SIZE);
    case IR_OP_MIN:
        return lesser(r, most(r, e->args[0]), most(r, e->args[1]));
    case IR_OP_MAX:
        return greater(r, most(r, e->args[0]), most(r, e->args[1]));
    case IR_OP_SELECT:
        return greater(r, most(r, e->args[1]), most(r, e->args[2]));
    default:
        return ir_type_is_signed(e->type) ? NULL : most_of_unsigned(r, e);
    }
}

static struct ir_expr *most(struct rounds *r, const struct ir_expr *e)
{
    if (!ir_type_is_int(e->type) || e->type.lanes != 1 || r->n_nodes > MAX_NODES) return NULL;
    return lesser(r, most_of_any(r, e), most_of_type(r, e->type));
}

/* -- loops ------------------------------------------------------------------------------------------------------------ */

static const struct ir_expr *behind_lets(struct rounds *r, const struct ir_expr *e)
{
    for (uint32_t i = 0; i < MAX_LETS && e->op == IR_OP_LOCAL && !e->local->is_mutable; i++) {
        if (!r->lets[e->local->index]) return e;
        e = r->lets[e->local->index];
    }
    return e;
}

/* Whether it has the same value here as where a let before it was computed. */
static bool is_stable(const struct ir_expr *e)
{
    if (e->op == IR_OP_LOAD || (e->op == IR_OP_LOCAL && e->local->is_mutable)) return false;
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!is_stable(e->args[i])) return false;
    return true;
}

/* The most of to - from, where it is positive. */
static struct ir_expr *distance(struct rounds *r, const struct ir_expr *from, const struct ir_expr *to)
{
    const struct ir_expr *end = is_stable(from) ? behind_lets(r, to) : to;
    if (end->op == IR_OP_MIN) return lesser(r, distance(r, from, end->args[0]), distance(r, from, end->args[1]));
    if (end->op == IR_OP_ADD && ir_expr_equal(end->args[0], from)) return most(r, end->args[1]);
    if (end->op == IR_OP_ADD && ir_expr_equal(end->args[1], from)) return most(r, end->args[0]);
    if (are_constants(from, end) && !ir_type_is_signed(from->type))
        return constant(r, end->bits > from->bits ? end->bits - from->bits : 0);
    if (!ir_type_is_signed(from->type)) return most(r, end);
    bool starts_at_least_0 = ir_is_const(from) && !(from->bits >> (ir_type_info(from->type)->bits - 1) & 1);
    return starts_at_least_0 ? most(r, end) : NULL;
}

static struct ir_expr *of_block(struct rounds *r, const struct ir_block *b);

/* Once for each round, and once to leave. */
static struct ir_expr *of_loop(struct rounds *r, const struct ir_stmt *s, struct ir_expr *trips,
                               const struct ir_block *body)
{
    uint32_t copies = r->with_copies ? ir_loop_copies(s) : 1;
    struct ir_expr *all = product(r, quotient(r, trips, copies), sum(r, of_block(r, body), constant(r, 1)));
    return sum(r, all, constant(r, 1));
}

static struct ir_expr *of_for(struct rounds *r, const struct ir_stmt *s)
{
    struct ir_expr *span = distance(r, s->for_.from, s->for_.to);
    struct ir_expr *trips = quotient(r, sum(r, span, constant(r, s->for_.step - 1)), s->for_.step);
    r->lets[s->for_.local->index] = s->for_.to;
    return of_loop(r, s, trips, &s->for_.body);
}

static struct ir_expr *of_stmt(struct rounds *r, const struct ir_stmt *s)
{
    r->n_lets = 0;
    switch (s->kind) {
    case IR_STMT_LET:
        r->lets[s->let.local->index] = s->let.value;
        return NULL;
    case IR_STMT_IF:
        return sum(r, of_block(r, &s->if_.then_block), of_block(r, &s->if_.else_block)); /* lanes may take both ways */
    case IR_STMT_FOR:
        return of_for(r, s);
    case IR_STMT_WHILE:
        return of_loop(r, s, most(r, s->while_.max), &s->while_.body);
    case IR_STMT_BLOCK:
    case IR_STMT_REGION:
        return of_block(r, &s->scope.body);
    default:
        return s->kind == IR_STMT_COPY_ASYNC ? sum(r, most(r, s->copy.count), constant(r, 1)) : NULL;
    }
}

static bool may_loop(const struct ir_stmt *s)
{
    return ir_stmt_infos[s->kind].traits & IR_STMT_TRAIT_BLOCKS || s->kind == IR_STMT_COPY_ASYNC;
}

static struct ir_expr *of_block(struct rounds *r, const struct ir_block *b)
{
    struct ir_expr *all = constant(r, 0);
    IR_EACH_STMT(s, b)
    {
        struct ir_expr *here = of_stmt(r, s);
        if (may_loop(s)) all = here && ir_is_const(here) && !here->bits ? all : sum(r, all, here);
    }
    return all;
}

struct ir_expr *ir_rounds_bound(struct ir_module *m, const struct ir_program *p, bool with_copies,
                                struct arena *scratch)
{
    struct rounds r = {.m = m, .program = p, .with_copies = with_copies};
    r.lets = ARENA_ARRAY(scratch, const struct ir_expr *, p->locals.n + 1);
    return of_block(&r, &p->body);
}

/* -- copies of bodies -------------------------------------------------------------------------------------------------- */

/* What a transcendental function becomes is as long as that of some 50 other nodes. */
enum { MAX_COPIES = 8, COPIED_NODES = 256, FUNCTION_NODES = 50 };

/* Whether another copy cannot follow behind it: `continue` would have to leave what it is in for the middle of a loop, and
 * drivers' compilers take long for many barriers. */
static bool keeps_from_copies(const struct ir_stmt *s)
{
    bool adds_floats =
        s->kind == IR_STMT_ATOMIC && ir_type_is_float(s->atomic.buffer->elem); /* a loop on many devices */
    return s->kind == IR_STMT_FOR || s->kind == IR_STMT_WHILE || s->kind == IR_STMT_COPY_ASYNC ||
           s->kind == IR_STMT_CONTINUE || s->kind == IR_STMT_BARRIER || adds_floats;
}

/* Counts the nodes, as long as there are few and copies are possible; else false. Subgroup operations may have barriers. */
static bool count_nodes(const struct ir_expr *e, uint32_t *n)
{
    *n += ir_op_is_transcendental((enum ir_op)e->op) ? FUNCTION_NODES : 1;
    if (*n > COPIED_NODES / 2 || ir_op_infos[e->op].traits & IR_TRAIT_SUBGROUP) return false;
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!count_nodes(e->args[i], n)) return false;
    return true;
}

static bool count_block(const struct ir_block *b, uint32_t *n)
{
    IR_EACH_STMT(s, b)
    {
        struct ir_stmt *here = (struct ir_stmt *)s; /* only looked at */
        struct ir_expr **places[4];
        struct ir_block *blocks[2];
        uint32_t n_places = ir_stmt_exprs(here, places), n_blocks = ir_stmt_blocks(here, blocks);
        if (keeps_from_copies(s) || ++*n > COPIED_NODES / 2) return false;
        for (uint32_t i = 0; i < n_places; i++)
            if (!count_nodes(*places[i], n)) return false;
        for (uint32_t i = 0; i < n_blocks; i++)
            if (!count_block(blocks[i], n)) return false;
    }
    return true;
}

uint32_t ir_loop_copies(const struct ir_stmt *loop)
{
    uint32_t n = 1, copies = MAX_COPIES;
    if (loop->kind == IR_STMT_WHILE && !count_nodes(loop->while_.cond, &n)) return 1;
    if (!count_block(loop->kind == IR_STMT_FOR ? &loop->for_.body : &loop->while_.body, &n)) return 1;
    while (copies * n > COPIED_NODES)
        copies /= 2;
    return copies;
}

static void find_copies(void *ctx, struct ir_stmt *s)
{
    if (s->kind == IR_STMT_FOR || s->kind == IR_STMT_WHILE) *(bool *)ctx |= ir_loop_copies(s) > 1;
}

bool ir_has_loop_copies(const struct ir_program *p)
{
    bool found = false;
    ir_walk_stmts((struct ir_block *)&p->body, find_copies, &found); /* only looked at */
    return found;
}
