/* plan.c - see plan.h. Each step walks the body until nothing changes; statements are walked backwards, so that a chain of lets is
 * followed in one round. */
#include "codegen/llvm/plan.h"

#include "ir/ops.h"
#include "ir/traps.h"
#include "ir/walk.h"

bool plan_is_raised(const struct plan *plan, const struct ir_stmt *s)
{
    return plan->has_phases && map_find(&plan->raised, s);
}
bool plan_is_scalar(const struct plan *plan, const struct ir_local *local)
{
    return plan->has_phases && plan->scalars[local->index];
}
bool plan_crosses(const struct plan *plan, const struct ir_local *local)
{
    return plan->has_phases && plan->crossing[local->index];
}

/* -- what is raised ------------------------------------------------------------------------------------------------------ */

static void raise(struct plan *plan, struct ir_stmt *s)
{
    if (map_find(&plan->raised, s)) return;
    map_set(&plan->raised, s, s);
    plan->changed = true;
}

/* With all that it stands in. */
static void raise_path(struct plan *plan, struct ir_stmt *s)
{
    for (; s; s = s->parent->owner)
        raise(plan, s);
}

static void need_expr(struct plan *plan, const struct ir_expr *e)
{
    if (e->op == IR_OP_LOCAL && !plan->scalars[e->local->index]) plan->scalars[e->local->index] = plan->changed = true;
    for (uint32_t i = 0; i < e->n_args; i++)
        need_expr(plan, e->args[i]);
}

/* What a raised statement computes with has to be known once per workgroup. */
static void need_operands(struct plan *plan, struct ir_stmt *s)
{
    struct ir_expr **places[4];
    for (uint32_t i = 0, n = ir_stmt_exprs(s, places); i < n; i++)
        need_expr(plan, *places[i]);
    if (s->kind == IR_STMT_FOR) plan->scalars[s->for_.local->index] = true;
}

static struct ir_stmt *loop_around(const struct ir_stmt *s)
{
    struct ir_stmt *outer = s->parent->owner;
    while (outer && outer->kind != IR_STMT_FOR && outer->kind != IR_STMT_WHILE)
        outer = outer->parent->owner;
    return outer;
}

/* -- loops whose rounds stand for themselves -------------------------------------------------------------------------------- */

static bool is_shared(const struct plan *plan, const struct ir_expr *e)
{
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!is_shared(plan, e->args[i])) return false;
    switch (e->op) {
    case IR_OP_LOCAL:
        return plan->shared[e->local->index];
    case IR_OP_LOAD:
    case IR_OP_GID:
    case IR_OP_LID:
    case IR_OP_LANE:
        return false;
    default:
        return (ir_op_infos[e->op].traits & IR_TRAIT_SUBGROUP) == 0;
    }
}

static void note_shared(void *ctx, struct ir_stmt *s)
{
    struct plan *plan = ctx;
    if (s->kind == IR_STMT_LET) plan->shared[s->let.local->index] = is_shared(plan, s->let.value);
}

/* What the body of a loop uses. */
struct rounds {
    struct plan *plan;
    VEC(const struct ir_local *) outer; /* used there, declared before it */
    bool apart;
};

static void note_inside(void *ctx, struct ir_stmt *s)
{
    const struct ir_local *local = ir_stmt_written_local(s);
    bool declares = s->kind == IR_STMT_LET || s->kind == IR_STMT_VAR || s->kind == IR_STMT_FOR ||
                    (s->kind == IR_STMT_ATOMIC && s->atomic.declares);
    struct plan *plan = ((struct rounds *)ctx)->plan;
    if (local && declares) plan->loop_of_local[local->index] = plan->n_loops;
}

static void note_outer(struct rounds *r, const struct ir_local *local)
{
    if (r->plan->loop_of_local[local->index] == r->plan->n_loops) return;
    r->apart &= r->plan->shared[local->index];
    vec_push(r->plan->arena, &r->outer, local);
}

static void look_at_operand(void *ctx, struct ir_expr **place)
{
    struct rounds *r = ctx;
    const struct ir_expr *e = *place;
    if (e->op == IR_OP_LOCAL) note_outer(r, e->local);
    if (e->op == IR_OP_LOAD && e->buffer->space == IR_SPACE_PRIVATE) r->apart = false;
}

static void look_at_stmt(void *ctx, struct ir_stmt *s)
{
    struct rounds *r = ctx;
    struct ir_expr **places[4];
    const struct ir_buffer *buffer = ir_stmt_written_buffer(s);
    const struct ir_local *local = ir_stmt_written_local(s);
    for (uint32_t i = 0, n = ir_stmt_exprs(s, places); i < n; i++)
        ir_walk_expr(places[i], look_at_operand, r);
    if (local) note_outer(r, local);
    if (buffer && buffer->space == IR_SPACE_PRIVATE) r->apart = false;
    bool jumps =
        s->kind == IR_STMT_RETURN || s->kind == IR_STMT_TRAP || s->kind == IR_STMT_BREAK || s->kind == IR_STMT_CONTINUE;
    if (jumps || s->kind == IR_STMT_COPY_ASYNC || (s->kind == IR_STMT_WHILE && ir_while_may_end(s))) r->apart = false;
}

static bool is_at_top(const struct ir_stmt *s)
{
    const struct ir_stmt *owner = s->parent->owner;
    while (owner && (owner->kind == IR_STMT_REGION || owner->kind == IR_STMT_BLOCK))
        owner = owner->parent->owner;
    return !owner;
}

/* No invocation keeps anything from one round for the next. */
static bool has_rounds_apart(struct plan *plan, struct ir_stmt *s)
{
    if (!is_at_top(s) || !is_shared(plan, s->for_.from) || !is_shared(plan, s->for_.to)) return false;
    struct rounds r = {.plan = plan, .apart = true};
    plan->loop_of_local[s->for_.local->index] = ++plan->n_loops;
    ir_walk_stmts(&s->for_.body, note_inside, &r);
    ir_walk_stmts(&s->for_.body, look_at_stmt, &r);
    for (uint32_t i = 0; r.apart && i < r.outer.n; i++)
        plan->scalars[r.outer.at[i]->index] = plan->changed = true;
    return r.apart;
}

static bool must_rise(struct plan *plan, struct ir_stmt *s)
{
    switch (s->kind) {
    case IR_STMT_FOR:
        return !map_find(&plan->raised, s) && has_rounds_apart(plan, s);
    case IR_STMT_BARRIER:
    case IR_STMT_GRID_BARRIER:
        return true;
    case IR_STMT_BREAK:
    case IR_STMT_CONTINUE:
        return map_find(&plan->raised, loop_around(s)) != NULL;
    default: {
        struct ir_local *local = ir_stmt_written_local(s);
        return local && s->kind != IR_STMT_FOR && plan->scalars[local->index];
    }
    }
}

static void raise_block(struct plan *plan, struct ir_block *block)
{
    for (struct ir_stmt *s = block->last; s; s = s->prev) {
        struct ir_block *blocks[2];
        uint32_t n = ir_stmt_blocks(s, blocks);
        while (n)
            raise_block(plan, blocks[--n]);
        if (must_rise(plan, s)) raise_path(plan, s);
        if (map_find(&plan->raised, s)) need_operands(plan, s);
    }
}

/* -- phases ---------------------------------------------------------------------------------------------------------------- */

static bool loads_variable_memory(const struct ir_expr *e)
{
    if (e->op == IR_OP_LOAD && e->buffer->access != IR_ACCESS_READ && e->buffer->access != IR_ACCESS_UNIFORM)
        return true;
    for (uint32_t i = 0; i < e->n_args; i++)
        if (loads_variable_memory(e->args[i])) return true;
    return false;
}

bool plan_is_hoisted(const struct plan *plan, const struct ir_stmt *s)
{
    return (s->kind == IR_STMT_LET || s->kind == IR_STMT_VAR) && plan_is_raised(plan, s) &&
           !loads_variable_memory(s->let.value);
}

struct ir_stmt *plan_phase_end(const struct plan *plan, struct ir_stmt *first)
{
    while (first && (!plan_is_raised(plan, first) || plan_is_hoisted(plan, first)))
        first = first->next;
    return first;
}

static void use_local(struct plan *plan, const struct ir_local *local)
{
    uint32_t *phase = &plan->phase_of_local[local->index];
    if (*phase && *phase != plan->phase) plan->crossing[local->index] = !plan->scalars[local->index];
    *phase = plan->phase;
}

static void use_array(struct plan *plan, const struct ir_buffer *b)
{
    if (b->space != IR_SPACE_PRIVATE) return;
    uint32_t *phase = &plan->phase_of_array[b->index];
    if (plan->n_raised_loops || (*phase && *phase != plan->phase)) plan->crossing_arrays[b->index] = true;
    *phase = plan->phase;
}

static void use_expr(void *ctx, struct ir_expr **place)
{
    const struct ir_expr *e = *place;
    if (e->op == IR_OP_LOCAL) use_local(ctx, e->local);
    if (e->op == IR_OP_LOAD || e->op == IR_OP_LEN) use_array(ctx, e->buffer);
}

static void use_stmt(void *ctx, struct ir_stmt *s)
{
    struct plan *plan = ctx;
    struct ir_expr **places[4];
    for (uint32_t i = 0, n = ir_stmt_exprs(s, places); i < n; i++)
        ir_walk_expr(places[i], use_expr, plan);
    if (ir_stmt_written_local(s)) use_local(plan, ir_stmt_written_local(s));
    if (ir_stmt_written_buffer(s)) use_array(plan, ir_stmt_written_buffer(s));
    if (s->kind == IR_STMT_COPY_ASYNC) use_array(plan, s->copy.src);
    bool ends = s->kind == IR_STMT_RETURN || s->kind == IR_STMT_TRAP;
    plan->keeps_alive |= ends || (s->kind == IR_STMT_WHILE && ir_while_may_end(s));
}

static void use_tree(struct plan *plan, struct ir_stmt *s)
{
    struct ir_block *blocks[2];
    use_stmt(plan, s);
    for (uint32_t i = 0, n = ir_stmt_blocks(s, blocks); i < n; i++)
        ir_walk_stmts(blocks[i], use_stmt, plan);
}

static void number_phases(struct plan *plan, struct ir_block *block);

static void number_raised(struct plan *plan, struct ir_stmt *s)
{
    struct ir_block *blocks[2];
    bool is_loop = s->kind == IR_STMT_FOR || s->kind == IR_STMT_WHILE;
    plan->n_raised_loops += is_loop;
    plan->n_launch_phases += s->kind == IR_STMT_GRID_BARRIER;
    plan->has_raised_while |= s->kind == IR_STMT_WHILE;
    for (uint32_t i = 0, n = ir_stmt_blocks(s, blocks); i < n; i++)
        number_phases(plan, blocks[i]);
    plan->n_raised_loops -= is_loop;
}

static void number_phases(struct plan *plan, struct ir_block *block)
{
    for (struct ir_stmt *s = block->first; s;) {
        struct ir_stmt *end = plan_phase_end(plan, s);
        plan->phase++;
        for (; s != end; s = s->next)
            if (!plan_is_raised(plan, s)) use_tree(plan, s);
        if (s) {
            number_raised(plan, s);
            s = s->next;
        }
    }
}

/* -- the way in -------------------------------------------------------------------------------------------------------------- */

static void find_barrier(void *ctx, struct ir_stmt *s)
{
    struct plan *plan = ctx;
    plan->has_phases |= s->kind == IR_STMT_BARRIER || s->kind == IR_STMT_GRID_BARRIER;
}

void plan_compute(struct plan *plan, struct arena *arena, const struct ir_program *p)
{
    struct ir_block *body = (struct ir_block *)&p->body;
    *plan = (struct plan){.arena = arena, .program = p, .n_launch_phases = 1};
    ir_walk_stmts(body, find_barrier, plan);
    if (!plan->has_phases) return;
    plan->scalars = ARENA_ARRAY(arena, bool, p->locals.n + 1);
    plan->crossing = ARENA_ARRAY(arena, bool, p->locals.n + 1);
    plan->crossing_arrays = ARENA_ARRAY(arena, bool, p->arrays.n + 1);
    plan->phase_of_local = ARENA_ARRAY(arena, uint32_t, p->locals.n + 1);
    plan->phase_of_array = ARENA_ARRAY(arena, uint32_t, p->arrays.n + 1);
    plan->shared = ARENA_ARRAY(arena, bool, p->locals.n + 1);
    plan->loop_of_local = ARENA_ARRAY(arena, uint32_t, p->locals.n + 1);
    map_init(&plan->raised, arena);
    ir_walk_stmts(body, note_shared, plan);
    do {
        plan->changed = false;
        raise_block(plan, body);
    } while (plan->changed);
    number_phases(plan, body);
    plan->keeps_alive |= plan->has_raised_while && plan->n_launch_phases > 1;
}
