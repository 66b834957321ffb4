/* promote_temps.c - a temp of which each workgroup touches a part of its own becomes an array of the workgroup, or of the invocation.
 *
 *   pipeline p(...) {                                     pipeline p(...) {
 *     temp t : u32[len(a)];                                 arm sort = p_sort(a: a, b: b, ...);
 *     arm sort = sort_rows(a: a, t: t, b: b);             }
 *   }                                                     program p_sort {
 *   program sort_rows {                              =>     ...
 *     ...                                                   workgroup t : u32[64];
 *     buffer t : read_write u32[];                          let t_begin = wid.x * 64;
 *     t[gid.x] = a[gid.x];                                  t[lid.x] = a[gid.x];
 *     barrier;                                              barrier;
 *     b[gid.x] = t[wid.x * 64 + (63 - lid.x)];              b[gid.x] = t[63 - lid.x];
 *   }                                                     }
 *
 * The temp must be used by one arm alone, and no workgroup may touch an element that another one writes (access_find_sharing): then
 * what a workgroup reads it wrote itself, or it is the zero that temps and arrays begin with. Barriers stay where the program has
 * them: without one between a write and another invocation's read the program had a race before too. An array has room for the window
 * of what a workgroup may touch; stores past the temp's end are left out, and then loads from there find zeros.
 *
 * Accesses are looked at with a bound on time, and rewritten in linear time. */
#include "ir/build.h"
#include "ir/limits.h"
#include "ir/ops.h"
#include "ir/traps.h"
#include "ir/walk.h"
#include "passes/handoff.h"
#include "passes/host_size.h"
#include "passes/lone_temp.h"
#include "passes/plant.h"
#include "passes/program_uses.h"
#include "passes/traffic.h"

enum { DEFAULT_BUDGET_BYTES = 16384, MAX_PRIVATE_BYTES = 64 };

/* Why a temp stays in memory, and what would change that. */
#define OBSTACLES(ROW)                                                                                                 \
    ROW(SEEN, "its length or its contents are needed outside of the arm", "let the arm alone use it")                  \
    ROW(DIMENSIONS, "the arm has workgroups or a dispatch of more than one dimension", "use gid.x alone")              \
    ROW(GRID_BARRIER, "the program has a `grid_barrier`, behind which workgroup memory is gone",                       \
        "split the program at its `grid_barrier`")                                                                     \
    ROW(COPIED, "a `copy_async` reads or writes it", "load and store its elements")                                    \
    ROW(SHARED, "a workgroup may touch an element that another one writes",                                            \
        "let each workgroup use elements of its own, at indices made of `wid`, `lid`, loops and constants")            \
    ROW(UNBOUNDED, "how far a workgroup's elements lie apart has no bound",                                            \
        "bound the distance from the workgroup's first element by a constant")                                         \
    ROW(PAST_END, "an atomic may be past its end", "let a guard compare the index with its length")                    \
    ROW(BUDGET, "the workgroup memory does not fit the budget",                                                        \
        "use smaller workgroups, or allow more with promote_temps(budget=N)")

enum obstacle {
    NO_OBSTACLE,
#define ROW(NAME, why, edit) NAME,
    OBSTACLES(ROW)
#undef ROW
};
static const struct {
    const char *why, *edit;
} obstacles[] = {{NULL, NULL},
#define ROW(NAME, why, edit) {why, edit},
                 OBSTACLES(ROW)
#undef ROW
};

/* A temp, and what becomes of it. */
struct promotion {
    struct ir_buffer *temp;
    enum obstacle obstacle;
    struct src_range at; /* of the obstacle */
    bool is_private;     /* an array of each invocation */
    bool stores_in_bounds;
    struct access_window window; /* elements of a workgroup, or of an invocation */
};

struct promoter {
    struct pass_run *run;
    struct ir_pipeline *p;
    struct temp_users users;
    struct access_solver *solver;
    uint64_t budget_bytes;
    struct map added_bytes; /* program -> workgroup memory of what is promoted in it */
};

/* -- what a program does with it ------------------------------------------------------------------------------- */

struct look {
    const struct ir_buffer *buffer;
    struct src_range copy, grid_barrier;
    bool writes, copies, has_grid_barrier;
};

static void look_at_stmt(void *ctx, struct ir_stmt *s)
{
    struct look *l = ctx;
    if (s->kind == IR_STMT_COPY_ASYNC && (s->copy.dst == l->buffer || s->copy.src == l->buffer))
        l->copies = true, l->copy = s->range;
    if (s->kind == IR_STMT_GRID_BARRIER) l->has_grid_barrier = true, l->grid_barrier = s->range;
}

static bool unite(struct access_window *a, const struct access_window *b)
{
    if (!a->known || !b->known || a->numerator != b->numerator || a->denominator != b->denominator) return false;
    int64_t end = a->low + (int64_t)a->count, other = b->low + (int64_t)b->count;
    if (other > end) end = other;
    if (b->low < a->low) a->low = b->low;
    a->count = (uint64_t)(end - a->low) - PLANT(PROMOTE_SHORT, 0, end - a->low > 1);
    return true;
}

/* What a unit touches. */
static bool fit_window(const struct access_facts *f, const struct ir_buffer *b, uint64_t unit, struct access_window *w)
{
    struct access_window loads = access_find_elements(f, b, ACCESS_LOAD, unit);
    *w = access_find_elements(f, b, ACCESS_STORE, unit);
    return unite(w, &loads);
}

static uint64_t size_of(const struct promotion *t)
{
    return t->window.count * ir_type_mem_bytes(t->temp->elem);
}

/* Are all accesses of the kind proved to be before the end? The first that is not is the place. */
static bool is_in_bounds(const struct access_facts *f, const struct ir_buffer *b, enum access_kind kind,
                         struct src_range *at)
{
    for (uint32_t i = 0; i < f->accesses.n; i++) {
        const struct access *a = &f->accesses.at[i];
        if (a->buffer != b || a->kind != kind || access_is_in_bounds(f, a)) continue;
        *at = a->range;
        return false;
    }
    return true;
}

static bool has_atomics(const struct access_facts *f, const struct ir_buffer *b)
{
    for (uint32_t i = 0; i < f->accesses.n; i++)
        if (f->accesses.at[i].buffer == b && f->accesses.at[i].kind == ACCESS_ATOMIC) return true;
    return false;
}

/* The first access whose index is not followed, else the first of all. */
static struct src_range find_suspect(const struct access_facts *f, const struct ir_buffer *b)
{
    struct src_range first = b->range;
    for (uint32_t i = f->accesses.n; i--;) {
        const struct access *a = &f->accesses.at[i];
        if (a->buffer != b) continue;
        if (!access_is_known(f, a)) return a->range;
        first = a->range;
    }
    return first;
}

/* A short temp as a whole: at its end windows have no slope. */
static bool take_all(const struct promoter *m, struct promotion *t)
{
    const struct ir_expr *length = host_size_length(m->run->module, t->temp);
    if (!ir_is_const(length) || !length->bits) return false;
    t->window = (struct access_window){.known = true, .denominator = 1, .count = length->bits};
    return true;
}

/* Which array, and how long. */
static enum obstacle choose_array(struct promoter *m, const struct access_facts *f, const struct ir_buffer *formal,
                                  struct promotion *t)
{
    enum access_hazard sharing = access_find_sharing(f, formal);
    t->at = find_suspect(f, formal);
    if (sharing == ACCESS_HAZARD_GRID) return SHARED;
    if (sharing == ACCESS_HAZARD_NONE && !has_atomics(f, formal)) {
        t->is_private = fit_window(f, formal, 1, &t->window) && size_of(t) <= MAX_PRIVATE_BYTES;
        if (t->is_private) return NO_OBSTACLE;
    }
    if (!fit_window(f, formal, f->program->workgroup[0], &t->window) && !take_all(m, t)) return UNBOUNDED;
    uint64_t added = (uintptr_t)map_find(&m->added_bytes, f->program);
    t->at = t->temp->range;
    if (t->window.count > m->budget_bytes ||
        program_array_bytes(f->program, IR_SPACE_WORKGROUP) + added + size_of(t) > m->budget_bytes)
        return BUDGET;
    map_set(&m->added_bytes, f->program, (void *)(uintptr_t)(added + size_of(t)));
    return NO_OBSTACLE;
}

static void find_write(void *ctx, struct ir_stmt *s)
{
    struct look *l = ctx;
    l->writes |= ir_stmt_written_buffer(s) == l->buffer;
}

/* One that is never written is zeros, which all invocations know to be the same. */
static bool is_scratch(const struct temp_user *u)
{
    struct look l = {.buffer = u->formal};
    if (u->n_args == 1) ir_walk_stmts(&u->arm->program->body, find_write, &l);
    return l.writes;
}

static enum obstacle look_at_temp(struct promoter *m, struct promotion *t)
{
    const struct temp_user *u = &m->users.list[t->temp->index];
    struct look l = {.buffer = u->formal};
    t->at = t->temp->range;
    if (t->temp->live_out || u->formal->live_out || u->elsewhere) return SEEN;
    if (!is_in_one_row(u->arm->program)) return DIMENSIONS;
    ir_walk_stmts(&u->arm->program->body, look_at_stmt, &l);
    t->at = l.has_grid_barrier ? l.grid_barrier : l.copy;
    if (l.has_grid_barrier) return GRID_BARRIER;
    if (l.copies) return COPIED;
    access_solver_begin(m->solver);
    const struct access_facts *f = access_of_arm(m->solver, m->p, u->arm);
    if (!is_in_bounds(f, u->formal, ACCESS_ATOMIC, &t->at)) return PAST_END;
    t->stores_in_bounds = is_in_bounds(f, u->formal, ACCESS_STORE, &t->at);
    return choose_array(m, f, u->formal, t);
}

/* -- the program of its own ---------------------------------------------------------------------------------------- */

static const char *choose_item_name(struct ir_module *m, const char *wanted)
{
    const char *name = intern_string(m->names, wanted);
    for (uint32_t n = 1; map_find(&m->item_names, name); n++)
        name = intern_string(m->names, arena_printf(m->arena, "%s_%u", wanted, n));
    return name;
}

/* A copy of the arm's program that nobody else runs. */
static void make_own_program(struct promoter *m, struct ir_arm *arm)
{
    struct ir_module *module = m->run->module;
    struct ir_program *from = arm->program, *own;
    const char *name = arena_printf(module->arena, "%s_%s", m->p->name, arm->name);
    own = ir_program_copy(module, from, choose_item_name(module, name));
    own->internal = true;
    own->op_name = NULL;
    if (!own->trap_arms.n && ir_program_may_trap(from))
        vec_push(module->arena, &own->trap_arms, ((struct ir_trap_arm){arm->name, from->name}));
    arm->program = own;
    map_set(&m->users.n_arms, own, (void *)1);
    for (uint32_t i = 0; i < own->buffers.n; i++)
        arm->args.at[i].formal_buffer = own->buffers.at[i];
    for (uint32_t i = 0; i < own->params.n; i++)
        arm->args.at[own->buffers.n + i].formal_param = own->params.at[i];
}

/* -- rewriting ------------------------------------------------------------------------------------------------------- */

struct rewrite {
    struct ir_module *m;
    struct lone_temp out;
    const struct promotion *promotion;
    struct ir_buffer *array;
    struct ir_local *begin; /* the element at index 0 of the array */
    struct map lets;        /* local -> value, for handoff_index */
};

/* Where the element lies in the array. */
static struct ir_expr *place_of(struct rewrite *r, struct ir_expr *index)
{
    uint32_t constant;
    struct ir_expr *e = handoff_index(r->out.p, index, r->begin, &r->lets, &constant);
    if (ir_is_const(e)) return ir_const_u32(r->m, (uint32_t)e->bits + constant);
    if (!constant) return e;
    bool negative = constant > INT32_MAX;
    if (e->op == IR_OP_SUB && ir_is_const(e->args[0]) && !negative) /* 0 - x + 63 */
        return ir_binary(r->m, IR_OP_SUB, ir_const_u32(r->m, (uint32_t)e->args[0]->bits + constant), e->args[1],
                         index->range);
    return ir_binary(r->m, negative ? IR_OP_SUB : IR_OP_ADD, e, ir_const_u32(r->m, negative ? -constant : constant),
                     index->range);
}

static bool is_outside(const struct rewrite *r, const struct ir_expr *index)
{
    return ir_is_const(index) && index->bits >= r->array->count;
}

static void rewrite_expr(void *ctx, struct ir_expr **place)
{
    struct rewrite *r = ctx;
    struct ir_expr *e = *place;
    ir_expr_update_depth(e);
    if (e->op == IR_OP_LEN && e->buffer == r->out.formal)
        *place = PLANT(PROMOTE_LENGTH, lone_temp_length(&r->out), ir_const_u32(r->m, (uint32_t)r->array->count));
    if (e->op != IR_OP_LOAD || e->buffer != r->out.formal) return;
    e->buffer = r->array;
    e->args[0] = place_of(r, e->args[0]);
    ir_expr_update_depth(e);
    if (is_outside(r, e->args[0])) *place = ir_zero(r->m, e->type);
}

/* What all invocations have to reach is computed before the guard. */
static void compute_before(struct rewrite *r, struct ir_stmt *s, struct ir_expr **place, const char *name)
{
    if (!has_subgroup_operation(*place)) return;
    struct ir_stmt *let = ir_stmt_new(r->m, IR_STMT_LET, s->range);
    let->let.value = *place;
    let->let.local = ir_local_new(r->out.p, name, (*place)->type, false, s->range);
    ir_insert_before(s, let);
    *place = ir_get_local(r->m, let->let.local, s->range);
}

static void rewrite_store(struct rewrite *r, struct ir_stmt *s)
{
    compute_before(r, s, &s->store.index, "at");
    compute_before(r, s, &s->store.value, "value");
    struct ir_expr *index = s->store.index;
    if (PLANT(PROMOTE_PAST_END, !r->promotion->stores_in_bounds, false)) {
        struct ir_stmt *guard = ir_stmt_new(r->m, IR_STMT_IF, s->range);
        struct ir_expr *length = lone_temp_length(&r->out);
        guard->if_.cond = ir_binary(r->m, IR_OP_LT, ir_expr_copy(r->m, index), length, s->range);
        ir_insert_before(s, guard);
        ir_remove(s);
        ir_block_append(&guard->if_.then_block, s);
    }
    s->store.buffer = r->array;
    s->store.index = place_of(r, index);
    if (is_outside(r, s->store.index)) ir_remove(s);
}

static void rewrite_stmt(void *ctx, struct ir_stmt *s)
{
    struct rewrite *r = ctx;
    struct ir_expr **places[4];
    for (uint32_t i = 0, n = ir_stmt_exprs(s, places); i < n; i++)
        ir_walk_expr(places[i], rewrite_expr, r);
    if (s->kind == IR_STMT_LET) map_set(&r->lets, s->let.local, s->let.value);
    if (s->kind == IR_STMT_STORE && s->store.buffer == r->out.formal) rewrite_store(r, s);
    if (s->kind != IR_STMT_ATOMIC || s->atomic.buffer != r->out.formal) return;
    s->atomic.buffer =
        r->array; /* a constant stays no constant: it may be outside where the statement is not reached */
    s->atomic.index =
        ir_binary(r->m, IR_OP_SUB, s->atomic.index, ir_get_local(r->m, r->begin, SRC_NONE), s->atomic.index->range);
}

/* floor(unit * numerator / denominator) + low, modulo 2^32. */
static struct ir_expr *make_begin(struct rewrite *r)
{
    const struct access_window *w = &r->promotion->window;
    struct ir_module *m = r->m;
    struct ir_expr *e = ir_id(m, r->promotion->is_private ? IR_OP_GID : IR_OP_WID, 0, SRC_NONE);
    if (!w->numerator) {
        e = ir_const_u32(m, 0);
    } else if (w->denominator == 1) {
        if (w->numerator > 1) e = ir_binary(m, IR_OP_MUL, e, ir_const_u32(m, (uint32_t)w->numerator), SRC_NONE);
    } else {
        e = ir_expr_new(m, IR_OP_CAST, IR_TYPE(U64), &e, 1, SRC_NONE);
        e = ir_binary(m, IR_OP_MUL, e, ir_const(m, IR_TYPE(U64), w->numerator, SRC_NONE), SRC_NONE);
        e = ir_binary(m, IR_OP_DIV, e, ir_const(m, IR_TYPE(U64), w->denominator, SRC_NONE), SRC_NONE);
        e = ir_expr_new(m, IR_OP_CAST, IR_TYPE(U32), &e, 1, SRC_NONE);
    }
    if (!w->low) return e;
    uint32_t distance = (uint32_t)(w->low < 0 ? -w->low : w->low);
    return ir_binary(m, w->low < 0 ? IR_OP_SUB : IR_OP_ADD, e, ir_const_u32(m, distance), SRC_NONE);
}

static void declare(struct rewrite *r)
{
    struct ir_module *m = r->m;
    struct lone_temp *t = &r->out;
    enum ir_space space = r->promotion->is_private ? IR_SPACE_PRIVATE : IR_SPACE_WORKGROUP;
    r->array = ir_buffer_new(m, t->formal->name, space, IR_ACCESS_READ_WRITE, t->temp->elem, t->temp->range);
    r->array->sized = true;
    r->array->count = r->promotion->window.count;
    r->array->index = t->p->arrays.n;
    vec_push(m->arena, &t->p->arrays, r->array);
    struct ir_stmt *let = ir_stmt_new(m, IR_STMT_LET, SRC_NONE);
    let->let.value = make_begin(r);
    r->begin = ir_local_new(t->p, arena_printf(m->arena, "%s_begin", t->formal->name), IR_TYPE(U32), false, SRC_NONE);
    let->let.local = r->begin;
    map_set(&r->lets, r->begin, let->let.value);
    if (t->p->body.first)
        ir_insert_before(t->p->body.first, let);
    else
        ir_block_append(&t->p->body, let);
}

/* Where no dispatch is written, the length of what is written says how many: perhaps that of the temp. */
static void fix_dispatch(struct rewrite *r)
{
    struct lone_temp *t = &r->out;
    if (!t->p->n_dispatch) {
        struct ir_param *n = lone_temp_add_param(t, "invocations", host_size_dispatch(r->m, t->arm, 0));
        t->p->dispatch[0] = ir_get_param(r->m, n, SRC_NONE);
        t->p->n_dispatch = 1;
        return;
    }
    for (uint32_t d = 0; d < t->p->n_dispatch; d++)
        ir_walk_expr(&t->p->dispatch[d], rewrite_expr, r);
}

static void report(struct promoter *m, const struct promotion *t, const char *arm)
{
    const char *form = t->is_private ? "memory of the invocation" : "workgroup memory";
    pass_remark_done(m->run, DIAG_TEMP_PROMOTED, t->temp->range, t->temp->name, arm, (unsigned long long)size_of(t),
                     form);
    pass_count(m->run, "temps in workgroup memory", 1);
}

static void promote(struct promoter *m, const struct promotion *promotion)
{
    const struct temp_user *u = &m->users.list[promotion->temp->index];
    struct rewrite r = {.m = m->run->module, .promotion = promotion};
    uint32_t position = u->formal->index; /* of a program that may have been copied for another temp */
    for (uint32_t i = 0; i < u->arm->program->buffers.n; i++)
        if (u->arm->args.at[i].buffer == promotion->temp) position = i;
    if (!temp_users_own_program(&m->users, u->arm->program)) make_own_program(m, u->arm);
    r.out = (struct lone_temp){.m = r.m, .p = u->arm->program, .arm = u->arm, .temp = promotion->temp};
    r.out.formal = u->arm->program->buffers.at[position];
    map_init(&r.lets, m->run->scratch);
    declare(&r);
    fix_dispatch(&r);
    ir_walk_stmts(&r.out.p->body, rewrite_stmt, &r);
    lone_temp_remove(&r.out);
    pass_drop_facts(m->run, r.out.p);
    report(m, promotion, u->arm->name);
}

static void report_obstacle(struct promoter *m, const struct promotion *t)
{
    struct traffic bytes = {0};
    struct out formula;
    struct diag *g = pass_remark_missed(m->run, DIAG_TEMP_NOT_PROMOTED, t->at, t->temp->name,
                                        m->users.list[t->temp->index].arm->name, obstacles[t->obstacle].why);
    if (!m->run->shows_missed) return;
    out_init(&formula, m->run->scratch->mem);
    traffic_add_buffer(&bytes, m->run->module, t->temp, 3); /* cleared, written and read */
    traffic_print(&bytes, &formula);
    diag_add_note(m->run->diags, g, t->temp->range, "at stake: up to %s bytes moved", formula.bytes);
    diag_add_fix(m->run->diags, g, SRC_NONE, NULL, "%s", obstacles[t->obstacle].edit);
    out_release(&formula);
}

enum pass_result promote_temps(struct pass_run *run, struct ir_pipeline *p)
{
    struct promoter m = {.run = run, .p = p};
    bool any = false;
    if (!p->temps.n) return PASS_SKIPPED;
    m.budget_bytes = pass_option_number(run, "budget", DEFAULT_BUDGET_BYTES);
    if (m.budget_bytes > IR_LIMIT_WORKGROUP_BYTES) m.budget_bytes = IR_LIMIT_WORKGROUP_BYTES;
    map_init(&m.added_bytes, run->scratch);
    temp_users_find(&m.users, run->scratch, p);
    m.solver = access_solver_new(run->scratch, ACCESS_DEFAULT_OPERATIONS);
    struct promotion *list = ARENA_ARRAY(run->scratch, struct promotion, p->temps.n);
    bool *gone = ARENA_ARRAY(run->scratch, bool, p->temps.n);
    for (uint32_t i = 0; i < p->temps.n; i++) {
        list[i].temp = p->temps.at[i];
        if (!is_scratch(&m.users.list[list[i].temp->index])) continue;
        list[i].obstacle = look_at_temp(&m, &list[i]);
        gone[i] = !list[i].obstacle;
        any = true;
        if (list[i].obstacle) report_obstacle(&m, &list[i]);
    }
    access_solver_free(m.solver); /* whose facts are of programs as they were */
    for (uint32_t i = 0; i < p->temps.n; i++)
        if (gone[i]) promote(&m, &list[i]);
    if (lone_temps_remove(p, gone)) return PASS_CHANGED;
    return any ? PASS_UNCHANGED : PASS_SKIPPED;
}
