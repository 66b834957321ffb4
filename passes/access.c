/* access.c - walks a program and collects its accesses with the conditions under which they happen.
 *
 * One pass in the order of the text. At every point there is a set of those who may be there, and whether it has only
 * those. A loop is looked at once, for any of its rounds: what its body assigns is unknown in it, unless it only counts
 * up and the number of rounds is bounded. A trap makes the buffers' contents unspecified, so those who trapped need not
 * be followed. */
#include "passes/access_isl.h"

#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"
#include "passes/access_collect.h"
#include "passes/access_form.h"
#include "passes/access_memo.h"

/* -- one access -------------------------------------------------------------------------------------------------- */

/* Does it depend on a dimension that may take fewer values than its bounds allow? */
static bool has_inexact_dim(struct access_walk *w, isl_set *set)
{
    for (uint32_t i = 0; i < w->dims.n; i++) {
        int at = isl_set_find_dim_by_id(set, isl_dim_param, w->dims.at[i].id);
        if (at >= 0 && !w->dims.at[i].exact &&
            isl_set_involves_dims(set, isl_dim_param, (unsigned)at, 1) != isl_bool_false)
            return true;
    }
    return false;
}

static isl_map *move_to(isl_map *map, enum isl_dim_type to, isl_id *id)
{
    int at = isl_map_find_dim_by_id(map, isl_dim_param, id);
    isl_id_free(id);
    if (at < 0) return isl_map_free(map);
    return isl_map_move_dims(map, to, (unsigned)isl_map_dim(map, to), isl_dim_param, (unsigned)at, 1);
}

/* The ids of invocations become the left side, e the right one, all other unknowns go. */
static isl_map *make_map(struct access_walk *w, isl_set *set, isl_id *element)
{
    for (uint32_t i = 0; i < w->dims.n; i++) {
        int at = isl_set_find_dim_by_id(set, isl_dim_param, w->dims.at[i].id);
        if (at >= 0) set = isl_set_project_out(set, isl_dim_param, (unsigned)at, 1);
    }
    isl_map *map = isl_map_from_domain(isl_set_coalesce(set));
    uint32_t n_axes = w->facts->one_dimensional ? 1 : 3;
    for (int local = 0; local < 2; local++)
        for (uint32_t axis = 0; axis < n_axes; axis++)
            map = move_to(map, isl_dim_in, access_invocation_id(w, local, axis));
    return move_to(map, isl_dim_out, element);
}

static isl_set *outside_of(struct access_walk *w, isl_pw_aff *index, isl_pw_aff *length)
{
    isl_set *below = isl_pw_aff_lt_set(isl_pw_aff_copy(index), access_const(w, 0));
    return isl_set_union(below, isl_pw_aff_ge_set(isl_pw_aff_copy(index), isl_pw_aff_copy(length)));
}

/* The buffer's access that comes next in the text. Takes `index`, which may be NULL: any element. */
static void relate_access(struct access_walk *w, isl_pw_aff *index)
{
    while (w->facts->accesses.at[w->next].buffer != w->buffer)
        w->next++;
    struct access *a = &w->facts->accesses.at[w->next++];
    isl_pw_aff *length = access_length(w, a->buffer);
    isl_id *element = isl_id_alloc(w->isl, "e", NULL);
    isl_pw_aff *e = access_id_value(w, element);
    isl_set *set = isl_set_copy(w->path);
    a->known = index != NULL;
    a->in_bounds = index && access_is_impossible(w, outside_of(w, index, length));
    if (index) set = isl_set_intersect(set, isl_pw_aff_eq_set(isl_pw_aff_copy(e), index));
    a->exact = a->known && w->exact && !has_inexact_dim(w, set);
    set = isl_set_intersect(set, isl_set_copy(w->context));
    set = isl_set_intersect(set, isl_pw_aff_ge_set(isl_pw_aff_copy(e), access_const(w, 0)));
    set = isl_set_intersect(set, isl_pw_aff_lt_set(e, length));
    a->relation = ARENA_NEW(w->arena, struct access_relation);
    a->relation->map = make_map(w, set, element);
    if (!a->relation->map) {
        a->known = a->exact = a->in_bounds = false;
        w->solver->exhausted = true;
    }
    vec_push(w->arena, &w->solver->maps, a->relation->map);
}

static void visit_load(void *ctx, struct ir_expr **place)
{
    struct access_walk *w = ctx;
    const struct ir_expr *e = *place;
    if (e->op == IR_OP_LOAD && e->buffer == w->buffer) relate_access(w, access_value(w, e->args[0]));
}

static void look_at_loads(struct access_walk *w, struct ir_stmt *s)
{
    struct ir_expr **places[4];
    uint32_t n = ir_stmt_exprs(s, places);
    for (uint32_t i = 0; i < n; i++)
        ir_walk_expr(places[i], visit_load, w);
}

/* -- what blocks do ------------------------------------------------------------------------------------------------ */

struct effects {
    struct access_walk *w;
    bool leaves; /* breaks, continues, returns */
    bool returns;
    bool breaks;
    VEC(const struct ir_stmt *) assigns; /* ASSIGN, and ATOMIC to a variable */
};

static void note_effect(void *ctx, struct ir_stmt *s)
{
    struct effects *e = ctx;
    if (s->kind == IR_STMT_RETURN) e->returns = e->leaves = true;
    if (s->kind == IR_STMT_BREAK) e->breaks = e->leaves = true;
    if (s->kind == IR_STMT_CONTINUE) e->leaves = true;
    bool assigns = s->kind == IR_STMT_ASSIGN || (s->kind == IR_STMT_ATOMIC && s->atomic.result && !s->atomic.declares);
    if (assigns) vec_push(e->w->arena, &e->assigns, s);
}

static void find_effects(struct access_walk *w, const struct ir_block *b, struct effects *e)
{
    e->w = w;
    ir_walk_stmts((struct ir_block *)b, note_effect, e);
}

static void set_local(struct access_walk *w, const struct ir_local *l, isl_pw_aff *value)
{
    isl_pw_aff_free(w->locals[l->index]);
    w->locals[l->index] = value;
}

static isl_pw_aff *copy_of(isl_pw_aff *value)
{
    return value ? isl_pw_aff_copy(value) : NULL;
}

/* -- loops ------------------------------------------------------------------------------------------------------------ */

enum { MAX_COUNTERS = 64 }; /* in a loop that assigns more often, nothing is followed */

/* c of `v = v + c`, once per round; 0 for anything else. */
static uint64_t find_increment(const struct ir_stmt *s, const struct ir_block *body)
{
    if (s->kind != IR_STMT_ASSIGN) return 0;
    for (const struct ir_block *b = s->parent; b != body; b = b->owner->parent)
        if (b->owner->kind == IR_STMT_FOR || b->owner->kind == IR_STMT_WHILE) return 0;
    const struct ir_expr *e = s->let.value;
    if (e->op != IR_OP_ADD || e->args[0]->op != IR_OP_LOCAL || e->args[0]->local != s->let.local) return 0;
    return ir_is_const(e->args[1]) && !ir_type_is_signed(e->type) && e->args[1]->bits < 1u << 20 ? e->args[1]->bits : 0;
}

/* What one round can add to the variable at most, or 0 when it does something else to it. */
static uint64_t find_growth(const struct effects *e, const struct ir_local *l, const struct ir_block *body)
{
    uint64_t sum = 0;
    if (e->assigns.n > MAX_COUNTERS) return 0;
    for (uint32_t i = 0; i < e->assigns.n; i++) {
        const struct ir_stmt *s = e->assigns.at[i];
        if (ir_stmt_written_local(s) != l) continue;
        uint64_t c = find_increment(s, body);
        if (!c) return 0;
        sum += c;
    }
    return sum;
}

static bool is_listed_before(const struct effects *e, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++)
        if (ir_stmt_written_local(e->assigns.at[i]) == ir_stmt_written_local(e->assigns.at[at])) return true;
    return false;
}

/* Variables that the body assigns: unknown, or between what they were and what so many rounds can add. */
static void forget_assigned(struct access_walk *w, const struct effects *e, const struct ir_block *body,
                            uint64_t rounds)
{
    for (uint32_t i = 0; i < e->assigns.n; i++) {
        const struct ir_local *l = ir_stmt_written_local(e->assigns.at[i]);
        isl_pw_aff *before = w->locals[l->index];
        if (e->assigns.n <= MAX_COUNTERS && is_listed_before(e, i)) continue;
        uint64_t growth = before && rounds < 1u << 20 ? find_growth(e, l, body) : 0;
        if (growth) {
            isl_val *most = isl_val_int_from_ui(w->isl, growth * rounds);
            isl_pw_aff *high = isl_pw_aff_add_constant_val(isl_pw_aff_copy(before), most);
            isl_pw_aff *end = isl_pw_aff_add_constant_val(isl_pw_aff_copy(high), isl_val_one(w->isl));
            end = isl_pw_aff_add_constant_val(
                end, isl_val_neg(isl_val_2exp(isl_val_int_from_ui(w->isl, ir_type_info(l->type)->bits))));
            bool fits = access_is_impossible(w, isl_pw_aff_gt_set(end, access_const(w, 0)));
            isl_pw_aff *value = fits ? access_new_dim(w, l->name, before, high, false) : NULL;
            isl_pw_aff_free(high);
            set_local(w, l, value);
        } else {
            set_local(w, l, NULL);
        }
    }
}

static void walk_block(struct access_walk *w, const struct ir_block *b);

static uint64_t count_rounds(const struct ir_stmt *s)
{
    if (s->kind == IR_STMT_WHILE) return ir_is_const(s->while_.max) ? s->while_.max->bits : UINT64_MAX;
    if (!ir_is_const(s->for_.from) || !ir_is_const(s->for_.to)) return UINT64_MAX;
    uint64_t from = s->for_.from->bits, to = s->for_.to->bits;
    return from < to && to - from < 1u << 20 ? (to - from - 1) / s->for_.step + 1 : from < to ? UINT64_MAX : 0;
}

/* from <= i < to, and from + a multiple of the step. */
static void enter_for(struct access_walk *w, const struct ir_stmt *s)
{
    isl_pw_aff *from = access_value(w, s->for_.from), *to = access_value(w, s->for_.to);
    isl_pw_aff *i = access_new_dim(w, s->for_.local->name, NULL, NULL, true);
    if (!from || !to) w->exact = false;
    if (from && s->for_.step > 1) {
        isl_pw_aff *rest = isl_pw_aff_sub(isl_pw_aff_copy(i), isl_pw_aff_copy(from));
        rest = isl_pw_aff_mod_val(rest, isl_val_int_from_ui(w->isl, s->for_.step));
        w->path = isl_set_intersect(w->path, isl_pw_aff_eq_set(rest, access_const(w, 0)));
    }
    if (!from && !ir_type_is_signed(s->for_.local->type)) from = access_const(w, 0);
    if (from) w->path = isl_set_intersect(w->path, isl_pw_aff_ge_set(isl_pw_aff_copy(i), from));
    if (to) w->path = isl_set_intersect(w->path, isl_pw_aff_lt_set(isl_pw_aff_copy(i), to));
    bool open = !to; /* the type is the only bound */
    if (open) isl_pw_aff_free(i), i = NULL;
    set_local(w, s->for_.local, i);
}

static void enter_while(struct access_walk *w, struct ir_stmt *s)
{
    w->exact = false;
    look_at_loads(w, s);
    struct access_cond c = access_cond_of(w, s->while_.cond);
    w->path = isl_set_intersect(w->path, isl_set_copy(c.yes));
    access_cond_free(&c);
}

static void walk_loop(struct access_walk *w, struct ir_stmt *s)
{
    struct effects e = {0};
    const struct ir_block *body = s->kind == IR_STMT_FOR ? &s->for_.body : &s->while_.body;
    isl_set *before = isl_set_copy(w->path);
    bool exact = w->exact;
    find_effects(w, body, &e);
    if (s->kind == IR_STMT_FOR) look_at_loads(w, s);
    forget_assigned(w, &e, body, count_rounds(s));
    isl_pw_aff **after = ARENA_ARRAY(w->arena, isl_pw_aff *, e.assigns.n + 1);
    for (uint32_t i = 0; i < e.assigns.n; i++)
        after[i] = copy_of(w->locals[ir_stmt_written_local(e.assigns.at[i])->index]);
    if (e.breaks || e.returns) w->exact = false;
    if (s->kind == IR_STMT_FOR)
        enter_for(w, s);
    else
        enter_while(w, s);
    walk_block(w, body);
    for (uint32_t i = 0; i < e.assigns.n; i++)
        set_local(w, ir_stmt_written_local(e.assigns.at[i]), after[i]);
    isl_set_free(w->path);
    w->path = before;
    w->exact = exact && !e.returns;
}

/* -- branches ----------------------------------------------------------------------------------------------------------- */

struct branch {
    isl_set *path;       /* at its end */
    bool exact, ends;    /* ends: by a jump, always */
    isl_pw_aff **values; /* of the assigned variables */
};

static bool ends_by_jump(const struct ir_block *b)
{
    return b->last && ir_stmt_infos[b->last->kind].traits & IR_STMT_TRAIT_JUMP;
}

/* Walks the block for those in `condition` (taken) and puts variables and path back as they were. */
static struct branch walk_branch(struct access_walk *w, const struct ir_block *b, isl_set *condition, bool exact,
                                 const struct effects *e)
{
    struct branch r = {.ends = ends_by_jump(b), .values = ARENA_ARRAY(w->arena, isl_pw_aff *, e->assigns.n + 1)};
    isl_pw_aff **before = ARENA_ARRAY(w->arena, isl_pw_aff *, e->assigns.n + 1);
    isl_set *outer = isl_set_copy(w->path);
    bool outer_exact = w->exact;
    for (uint32_t i = 0; i < e->assigns.n; i++)
        before[i] = copy_of(w->locals[ir_stmt_written_local(e->assigns.at[i])->index]);
    w->path = isl_set_intersect(w->path, condition);
    w->exact = outer_exact && exact;
    walk_block(w, b);
    r.path = w->path;
    r.exact = w->exact;
    for (uint32_t i = 0; i < e->assigns.n; i++)
        r.values[i] = copy_of(w->locals[ir_stmt_written_local(e->assigns.at[i])->index]);
    for (uint32_t i = 0; i < e->assigns.n; i++)
        set_local(w, ir_stmt_written_local(e->assigns.at[i]), before[i]);
    w->path = outer;
    w->exact = outer_exact;
    return r;
}

/* What a variable is after both branches; takes the values. */
static isl_pw_aff *join_values(const struct access_cond *c, const struct branch *yes, isl_pw_aff *a,
                               const struct branch *no, isl_pw_aff *b)
{
    if (yes->ends || no->ends) {
        isl_pw_aff_free(yes->ends ? a : b);
        return yes->ends ? b : a;
    }
    if (!c->exact || !a || !b) {
        isl_pw_aff_free(a);
        return isl_pw_aff_free(b);
    }
    return isl_pw_aff_union_add(isl_pw_aff_intersect_domain(a, isl_set_copy(c->yes)),
                                isl_pw_aff_intersect_domain(b, isl_set_copy(c->no)));
}

static void walk_if(struct access_walk *w, struct ir_stmt *s)
{
    struct effects e = {0};
    look_at_loads(w, s);
    struct access_cond c = access_cond_of(w, s->if_.cond);
    find_effects(w, &s->if_.then_block, &e);
    find_effects(w, &s->if_.else_block, &e);
    struct branch yes = walk_branch(w, &s->if_.then_block, isl_set_copy(c.yes), c.exact, &e);
    struct branch no = walk_branch(w, &s->if_.else_block, isl_set_copy(c.no), c.exact, &e);
    for (uint32_t i = 0; i < e.assigns.n; i++)
        set_local(w, ir_stmt_written_local(e.assigns.at[i]), join_values(&c, &yes, yes.values[i], &no, no.values[i]));
    if (e.leaves || yes.ends || no.ends) {
        isl_set_free(w->path);
        w->path = isl_set_coalesce(isl_set_union(yes.path, no.path));
        /* Those who trap need not be followed, so an unknown condition for a trap leaves exactness as it was. */
        if (e.leaves) w->exact = yes.exact && no.exact;
    } else {
        isl_set_free(yes.path);
        isl_set_free(no.path);
    }
    access_cond_free(&c);
}

/* -- statements ------------------------------------------------------------------------------------------------------------ */

static bool is_fixed(const struct ir_expr *e)
{
    if (e->op == IR_OP_LOCAL && e->local->is_mutable) return false;
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!is_fixed(e->args[i])) return false;
    return true;
}

static void walk_let(struct access_walk *w, struct ir_stmt *s)
{
    look_at_loads(w, s);
    set_local(w, s->let.local, access_value(w, s->let.value));
    if (s->kind == IR_STMT_LET && s->let.local->type.scalar == IR_BOOL && is_fixed(s->let.value))
        w->lets[s->let.local->index] = s->let.value;
}

static void walk_effect(struct access_walk *w, struct ir_stmt *s)
{
    look_at_loads(w, s);
    if (s->kind == IR_STMT_STORE && s->store.buffer == w->buffer) relate_access(w, access_value(w, s->store.index));
    if (s->kind == IR_STMT_ATOMIC && s->atomic.buffer == w->buffer) relate_access(w, access_value(w, s->atomic.index));
    if (s->kind == IR_STMT_COPY_ASYNC && s->copy.src == w->buffer) relate_access(w, NULL);
    if (s->kind == IR_STMT_COPY_ASYNC && s->copy.dst == w->buffer) relate_access(w, NULL);
    if (s->kind == IR_STMT_ATOMIC && s->atomic.result) set_local(w, s->atomic.result, NULL);
    if (!(ir_stmt_infos[s->kind].traits & IR_STMT_TRAIT_JUMP)) return;
    isl_set_free(w->path);
    w->path = isl_set_empty(isl_space_set_alloc(w->isl, 0, 0));
}

static void walk_block(struct access_walk *w, const struct ir_block *b)
{
    IR_EACH_STMT(s, b)
    {
        if (w->solver->exhausted) w->exact = false;
        if (!access_is_relevant(&w->relevance, s)) continue;
        switch (s->kind) {
        case IR_STMT_LET:
        case IR_STMT_VAR:
        case IR_STMT_ASSIGN:
            walk_let(w, s);
            break;
        case IR_STMT_IF:
            walk_if(w, s);
            break;
        case IR_STMT_FOR:
        case IR_STMT_WHILE:
            walk_loop(w, s);
            break;
        case IR_STMT_BLOCK:
        case IR_STMT_REGION:
            walk_block(w, &s->scope.body);
            break;
        default:
            walk_effect(w, s);
            break;
        }
    }
}

/* -- the way in --------------------------------------------------------------------------------------------------------------- */

static bool is_one_dimensional(const struct ir_program *p)
{
    if (p->workgroup[1] != 1 || p->workgroup[2] != 1) return false;
    for (uint32_t i = 1; i < p->n_dispatch; i++)
        if (!ir_is_const(p->dispatch[i]) || p->dispatch[i]->bits != 1) return false;
    return true;
}

/* 0 <= w < groups and 0 <= l < size; a launch of more than 2^32 invocations in a dimension is refused. */
static void enter_launch(struct access_walk *w)
{
    uint32_t n_axes = w->facts->one_dimensional ? 1 : 3;
    for (uint32_t axis = 0; axis < n_axes; axis++) {
        uint32_t size = w->facts->program->workgroup[axis];
        isl_id *group_id = access_invocation_id(w, false, axis), *local_id = access_invocation_id(w, true, axis);
        isl_pw_aff *group = access_id_value(w, group_id), *local = access_id_value(w, local_id);
        isl_pw_aff *groups = access_groups(w, axis);
        isl_pw_aff *most = access_const(w, (int64_t)((w->solver->most ? w->solver->most : (uint64_t)1 << 32) / size));
        w->path = isl_set_intersect(w->path, isl_pw_aff_ge_set(isl_pw_aff_copy(local), access_const(w, 0)));
        w->path = isl_set_intersect(w->path, isl_pw_aff_lt_set(local, access_const(w, size)));
        w->path = isl_set_intersect(w->path, isl_pw_aff_ge_set(isl_pw_aff_copy(group), access_const(w, 0)));
        w->path = isl_set_intersect(w->path, isl_pw_aff_lt_set(isl_pw_aff_copy(group), most));
        if (groups)
            w->path = isl_set_intersect(w->path, isl_pw_aff_lt_set(group, groups));
        else
            isl_pw_aff_free(group), w->exact = false;
        isl_id_free(group_id);
        isl_id_free(local_id);
    }
}

enum { MAX_BUDGET_TEMPS = 32 }; /* that are looked at: each arm asks again */

/* The runtime refuses a run whose temps need more than the budget of the pipeline. */
static void assume_budget(struct access_walk *w)
{
    const struct ir_pipeline *p = w->facts->pipeline;
    if (!p || !p->budget_bytes) return;
    for (uint32_t i = 0; i < p->temps.n && i < MAX_BUDGET_TEMPS; i++) {
        const struct ir_expr *count = p->temps.at[i]->count_expr;
        const struct ir_expr *before = i ? p->temps.at[i - 1]->count_expr : NULL;
        if (!count || (before && ir_expr_equal(before, count))) continue;
        isl_pw_aff *n = access_host_value(w, count);
        if (!n) continue;
        uint64_t most = p->budget_bytes / ir_type_mem_bytes(p->temps.at[i]->elem);
        isl_pw_aff *limit = isl_pw_aff_val_on_domain(isl_set_universe(isl_space_set_alloc(w->isl, 0, 0)),
                                                     isl_val_int_from_ui(w->isl, most));
        access_assume(w, isl_pw_aff_le_set(n, limit));
    }
}

static void note_exhaustion(struct access_solver *s)
{
    if (isl_ctx_last_error(s->isl) != isl_error_none) s->exhausted = true;
}

static void free_walk(struct access_walk *w)
{
    for (uint32_t i = 0; i < w->facts->program->locals.n; i++)
        isl_pw_aff_free(w->locals[i]);
    for (uint32_t i = 0; i < w->dims.n; i++)
        isl_id_free(w->dims.at[i].id);
    for (uint32_t i = 0; i < w->values.n; i++)
        isl_pw_aff_free(w->values.at[i]);
    isl_set_free(w->path);
}

/* Of the buffer. */
static isl_set *all_elements(struct access_walk *w)
{
    isl_id *element = isl_id_alloc(w->isl, "e", NULL);
    isl_pw_aff *e = access_id_value(w, element);
    isl_set *set = isl_pw_aff_ge_set(isl_pw_aff_copy(e), access_const(w, 0));
    set = isl_set_intersect(set, isl_pw_aff_lt_set(e, access_length(w, w->buffer)));
    isl_map *map = move_to(isl_map_from_domain(set), isl_dim_out, element);
    return isl_map_range(map);
}

static struct access_context *context_of(const struct access_facts *f, const struct ir_buffer *buffer)
{
    const struct ir_program *p = f->program;
    if (buffer->space == IR_SPACE_STORAGE) return &f->contexts[buffer->index];
    return &f->contexts[p->buffers.n + (buffer->space == IR_SPACE_DATA ? p->arrays.n : 0) + buffer->index];
}

static void compute_relations(const struct access_facts *f, const struct ir_buffer *buffer)
{
    struct access_solver *solver = f->solver;
    struct access_walk w = {
        .solver = solver, .facts = f, .buffer = buffer, .arena = solver->arena, .isl = solver->isl, .exact = true};
    w.context = isl_set_universe(isl_space_set_alloc(w.isl, 0, 0));
    w.path = isl_set_copy(w.context);
    w.locals = ARENA_ARRAY(w.arena, isl_pw_aff *, f->program->locals.n + 1);
    w.lets = ARENA_ARRAY(w.arena, const struct ir_expr *, f->program->locals.n + 1);
    map_init(&w.known, w.arena);
    access_relevance_compute(&w.relevance, w.arena, f->program, buffer);
    assume_budget(&w);
    enter_launch(&w);
    walk_block(&w, &f->program->body);
    struct access_context *c = context_of(f, buffer);
    c->elements = all_elements(&w);
    note_exhaustion(solver);
    free_walk(&w);
    c->set = w.context;
    vec_push(solver->arena, &solver->sets, c->set);
    vec_push(solver->arena, &solver->sets, c->elements);
}

const struct access_context *access_relate(const struct access_facts *f, const struct ir_buffer *buffer)
{
    struct access_context *c = context_of(f, buffer);
    if (!c->is_related && !access_solver_is_exhausted(f->solver)) {
        c->is_related = true;
        compute_relations(f, buffer);
        c->exhausted = f->solver->exhausted;
    }
    if (c->exhausted) f->solver->exhausted = true;
    return c;
}

static struct access_facts *new_facts(struct access_solver *solver, struct access_facts facts)
{
    struct access_facts *f = ARENA_NEW(solver->arena, struct access_facts);
    *f = facts;
    f->solver = solver;
    f->one_dimensional = is_one_dimensional(f->program);
    f->forms = access_forms_new(solver->arena, facts.program);
    uint32_t n_arrays = f->follows_arrays ? f->program->arrays.n + f->program->module->data.n : 0;
    f->contexts = ARENA_ARRAY(solver->arena, struct access_context, f->program->buffers.n + n_arrays + 1);
    access_collect(f, solver->arena);
    return f;
}

struct access_facts *access_of_program(struct access_solver *solver, const struct ir_program *p)
{
    return new_facts(solver, (struct access_facts){.program = p});
}

struct access_facts *access_of_arrays(struct access_solver *solver, const struct ir_program *p)
{
    return new_facts(solver, (struct access_facts){.program = p, .follows_arrays = true});
}

struct access_facts *access_of_arm(struct access_solver *solver, const struct ir_pipeline *pipeline,
                                   const struct ir_arm *arm)
{
    struct access_facts *facts = access_recall_facts(solver, pipeline, arm);
    if (facts) return facts;
    facts = new_facts(solver, (struct access_facts){.program = arm->program, .pipeline = pipeline, .arm = arm});
    access_remember_facts(facts);
    return facts;
}
