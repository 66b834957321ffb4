/* chunk_units.c - says of a unit whether it can run over its data in chunks, and makes the pipeline that runs one.
 *
 *     buffer text : read u8[] streaming;         param first, n, all, origin, total : u32;
 *     let i = gid.x;                             let i = gid.x + first * 64;
 *     if i < len(text) {               =>        if i < total {
 *       ... text[i + 1] ...                        ... text[i + 1 - origin] ...
 *
 * A launch runs workgroups first, first + 1, ... of the whole grid on the elements from `origin` on. An index outside of what
 * is there means the same as one outside the whole buffer, so all that is to be shown is that what a workgroup touches
 * lies in a window that moves with its number (access.h): the runtime has that part there. What several chunks share, such as
 * counters, stays from chunk to chunk: running workgroups one part after the other is one of the orders that a launch may take. */
#include "passes/chunk_units.h"

#include <string.h>

#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"
#include "passes/access.h"
#include "passes/chunk_shift.h"
#include "passes/chunk_written.h"

/* An arm of the unit, or the program that is the unit. */
struct chunk_arm {
    const char *name;
    struct ir_program *program;
    const struct ir_arm *arm; /* NULL: a program by itself */
    const struct access_facts *facts;
    struct ir_program *made;
};

struct chunker {
    struct ir_module *m;
    struct arena *arena;
    struct access_solver *solver;
    struct ir_chunks *chunks;
    struct ir_buffer *const *buffers; /* arguments, then temps */
    uint32_t n_arguments;
    struct ir_param *const *params;
    uint32_t n_params;
    VEC(struct chunk_arm) arms;
    struct ir_param **arm_params, **buffer_params; /* of the pipeline that is made */
    struct map moved;                              /* of the unit to that pipeline */
};

/* Which of the unit's buffers the formal stands for. */
static uint32_t actual_of(const struct chunk_arm *a, const struct ir_buffer *formal)
{
    return a->arm ? a->arm->args.at[formal->index].buffer->index : formal->index;
}

/* -- roles ------------------------------------------------------------------------------------- */

static enum ir_chunk_role find_role(const struct chunker *k, uint32_t i)
{
    const struct ir_buffer *b = k->buffers[i];
    if (i >= k->n_arguments) return IR_CHUNK_TEMP;
    if (!chunk_is_streamed(b)) return IR_CHUNK_WHOLE;
    if (b->access == IR_ACCESS_READ) return IR_CHUNK_INPUT;
    return b->access == IR_ACCESS_WRITE ? IR_CHUNK_OUTPUT : IR_CHUNK_WHOLE;
}

/* -- what refuses ------------------------------------------------------------------------------ */

static const char *say(const struct chunker *k, const char *format, const char *name)
{
    (void)k;
    return arena_printf(k->m->arena, format, name);
}

struct arm_check {
    const struct chunker *k;
    const struct chunk_arm *arm;
    const char *refusal;
};

static void check_stmt(void *ctx, struct ir_stmt *s)
{
    struct arm_check *c = ctx;
    if (s->kind == IR_STMT_GRID_BARRIER) c->refusal = say(c->k, "'%s' has a grid_barrier", c->arm->program->name);
    bool tells = ((s->kind == IR_STMT_TRAP || s->kind == IR_STMT_TELL) && s->trap.told.invocation) ||
                 (s->kind == IR_STMT_WHILE && s->while_.told.invocation);
    if (tells) c->refusal = say(c->k, "'%s' traps as invocations that are not its own", c->arm->program->name);
    if (s->kind != IR_STMT_COPY_ASYNC) return;
    const struct ir_buffer *ends[] = {s->copy.dst, s->copy.src};
    for (uint32_t i = 0; i < 2; i++)
        if (ends[i]->space == IR_SPACE_STORAGE && c->k->chunks->roles[actual_of(c->arm, ends[i])] != IR_CHUNK_WHOLE)
            c->refusal = say(c->k, "'%s' is copied by copy_async", ends[i]->name);
}

/* How an arm uses a buffer of the unit. */
struct use {
    bool reads, writes, adds; /* loads, stores, atomics */
};

static struct use find_use(const struct chunk_arm *a, uint32_t buffer)
{
    struct use u = {false, false, false};
    for (uint32_t i = 0; i < a->facts->accesses.n; i++) {
        const struct access *x = &a->facts->accesses.at[i];
        if (x->buffer->space != IR_SPACE_STORAGE || actual_of(a, x->buffer) != buffer) continue;
        u.reads |= x->kind == ACCESS_LOAD;
        u.writes |= x->kind == ACCESS_STORE;
        u.adds |= x->kind == ACCESS_ATOMIC;
    }
    return u;
}

/* One arm makes it, later ones read it; or, of an output, nobody reads it. */
static const char *check_made(struct chunker *k, uint32_t buffer)
{
    const char *name = k->buffers[buffer]->name;
    uint32_t n_makers = 0;
    for (uint32_t i = 0; i < k->arms.n; i++) {
        struct use u = find_use(&k->arms.at[i], buffer);
        if (u.adds) return say(k, "'%s' is changed by atomics", name);
        if (u.reads && (u.writes || !n_makers))
            return say(k, "'%s' is read by the arm that writes it, or before", name);
        if (u.reads && k->chunks->roles[buffer] == IR_CHUNK_OUTPUT) return say(k, "'%s' is written and read", name);
        n_makers += u.writes;
    }
    return n_makers > 1 ? say(k, "'%s' is written by several arms", name) : NULL;
}

/* What one arm changes in memory that stays, no other may see: it would see it too early. */
static const char *check_whole(struct chunker *k, uint32_t buffer)
{
    uint32_t n_users = 0;
    bool is_changed = false;
    for (uint32_t i = 0; i < k->arms.n; i++) {
        struct use u = find_use(&k->arms.at[i], buffer);
        n_users += u.reads || u.writes || u.adds;
        is_changed |= u.writes || u.adds;
    }
    return is_changed && n_users > 1
               ? say(k, "'%s' is changed by one arm and used by another", k->buffers[buffer]->name)
               : NULL;
}

static const char *check_buffers(struct chunker *k)
{
    const char *refusal = NULL;
    for (uint32_t i = 0; i < k->chunks->n_buffers && !refusal; i++) {
        enum ir_chunk_role role = k->chunks->roles[i];
        if (role == IR_CHUNK_WHOLE) refusal = check_whole(k, i);
        if (role == IR_CHUNK_OUTPUT || role == IR_CHUNK_TEMP) refusal = check_made(k, i);
    }
    return refusal;
}

/* An arm that makes temps must be able to make some of their elements twice. */
static const char *check_maker(struct chunker *k, uint32_t arm)
{
    bool makes_temps = false, changes_others = false;
    for (uint32_t b = 0; b < k->chunks->n_buffers; b++) {
        struct use u = find_use(&k->arms.at[arm], b);
        makes_temps |= u.writes && k->chunks->roles[b] == IR_CHUNK_TEMP;
        changes_others |= (u.writes || u.adds) && k->chunks->roles[b] != IR_CHUNK_TEMP;
    }
    k->chunks->arms[arm].repeats = makes_temps;
    return makes_temps && changes_others ? say(k, "'%s' writes a temp and something else", k->arms.at[arm].name) : NULL;
}

static const char *check_arm(struct chunker *k, uint32_t i)
{
    struct chunk_arm *a = &k->arms.at[i];
    if (!a->facts->one_dimensional) return say(k, "'%s' has more than one dimension", a->program->name);
    struct arm_check check = {k, a, NULL};
    ir_walk_stmts(&a->program->body, check_stmt, &check);
    return check.refusal ? check.refusal : check_maker(k, i);
}

/* -- windows ----------------------------------------------------------------------------------- */

static const char *add_window(struct chunker *k, uint32_t arm, const struct ir_buffer *formal, enum access_kind kind)
{
    const struct chunk_arm *a = &k->arms.at[arm];
    struct access_window w = access_find_elements(a->facts, formal, kind, a->program->workgroup[0]);
    if (!w.known || !w.numerator)
        return say(k, "which elements of '%s' a workgroup touches does not move with its number", formal->name);
    struct ir_chunk_window window = {.arm = arm,
                                     .buffer = actual_of(a, formal),
                                     .is_store = kind == ACCESS_STORE,
                                     .numerator = w.numerator,
                                     .denominator = w.denominator,
                                     .low = w.low,
                                     .count = w.count};
    vec_push(k->m->arena, &k->chunks->windows, window);
    return NULL;
}

static bool has_access(const struct chunk_arm *a, const struct ir_buffer *formal, enum access_kind kind)
{
    for (uint32_t i = 0; i < a->facts->accesses.n; i++)
        if (a->facts->accesses.at[i].buffer == formal && a->facts->accesses.at[i].kind == kind) return true;
    return false;
}

static const char *find_windows(struct chunker *k, uint32_t arm)
{
    const struct chunk_arm *a = &k->arms.at[arm];
    const char *refusal = NULL;
    for (uint32_t i = 0; i < a->program->buffers.n && !refusal; i++) {
        const struct ir_buffer *formal = a->program->buffers.at[i];
        if (k->chunks->roles[actual_of(a, formal)] == IR_CHUNK_WHOLE) continue;
        if (has_access(a, formal, ACCESS_LOAD)) refusal = add_window(k, arm, formal, ACCESS_LOAD);
        if (!refusal && has_access(a, formal, ACCESS_STORE)) refusal = add_window(k, arm, formal, ACCESS_STORE);
    }
    return refusal;
}

static const char *find_refusal(struct chunker *k)
{
    const char *refusal = NULL;
    for (uint32_t i = 0; i < k->arms.n && !refusal; i++)
        refusal = check_arm(k, i);
    if (!refusal) refusal = check_buffers(k);
    for (uint32_t i = 0; i < k->arms.n && !refusal; i++)
        refusal = find_windows(k, i);
    return refusal;
}

/* -- the program of an arm --------------------------------------------------------------------- */

static const char *new_name(struct chunker *k, const char *base, const char *what)
{
    const char *name = intern_string(k->m->names, arena_printf(k->arena, "%s_%s", base, what));
    for (uint32_t i = 2; map_find(&k->m->item_names, name); i++)
        name = intern_string(k->m->names, arena_printf(k->arena, "%s_%s_%u", base, what, i));
    return name;
}

struct variant {
    struct chunker *k;
    uint32_t arm;
    struct ir_program *program;
    struct ir_param *first, *n, *all, *steps;
    struct map wides;                    /* conversions of positions to 64 bits: how much they grow by with a step */
    struct ir_param **origins, **totals; /* per buffer; NULL: it is whole */
};

static struct ir_param *add_param(struct variant *v, const char *name)
{
    struct ir_module *m = v->k->m;
    struct ir_param *p = ir_param_new(m, intern_string(m->names, name), IR_TYPE(U32), SRC_NONE);
    p->index = v->program->params.n;
    vec_push(m->arena, &v->program->params, p);
    return p;
}

static struct ir_expr *get(const struct variant *v, struct ir_param *p)
{
    return ir_get_param(v->k->m, p, SRC_NONE);
}

static struct ir_expr *join(const struct variant *v, enum ir_op op, struct ir_expr *a, struct ir_expr *b)
{
    return ir_binary(v->k->m, op, a, b, a->range);
}

static struct ir_param *origin_of(const struct variant *v, const struct ir_buffer *b)
{
    return b->space == IR_SPACE_STORAGE ? v->origins[b->index] : NULL;
}

/* A position in 64 bits counts from the beginning of the data. */
static struct ir_expr *add_steps(const struct variant *v, struct ir_expr *e, uint64_t weight)
{
    struct ir_module *m = v->k->m;
    struct ir_expr *steps = get(v, v->steps), *wide = ir_expr_new(m, IR_OP_CAST, e->type, &steps, 1, e->range);
    return join(v, IR_OP_ADD, e, join(v, IR_OP_MUL, wide, ir_const(m, e->type, weight, e->range)));
}

static void rewrite_expr(void *ctx, struct ir_expr **place)
{
    struct variant *v = ctx;
    const uint64_t *weight = map_find(&v->wides, *place);
    struct ir_expr *e = *place, *first = get(v, v->first);
    if (e->op == IR_OP_GID && !e->component)
        *place = join(v, IR_OP_ADD, e, join(v, IR_OP_MUL, first, ir_const_u32(v->k->m, v->program->workgroup[0])));
    if (e->op == IR_OP_WID && !e->component) *place = join(v, IR_OP_ADD, e, first);
    if (weight) *place = add_steps(v, e, *weight);
    if (e->op == IR_OP_NUM_WORKGROUPS && !e->component) *place = get(v, v->all);
    if (e->op == IR_OP_LEN && origin_of(v, e->buffer)) *place = get(v, v->totals[e->buffer->index]);
    if (e->op == IR_OP_LOAD && origin_of(v, e->buffer))
        e->args[0] = join(v, IR_OP_SUB, e->args[0], get(v, origin_of(v, e->buffer)));
}

static void rewrite_stmt(void *ctx, struct ir_stmt *s)
{
    struct variant *v = ctx;
    if (s->kind == IR_STMT_STORE && origin_of(v, s->store.buffer))
        s->store.index = join(v, IR_OP_SUB, s->store.index, get(v, origin_of(v, s->store.buffer)));
}

static void add_params(struct variant *v)
{
    const struct ir_program *old = v->k->arms.at[v->arm].program;
    v->first = add_param(v, "chunk_first");
    v->n = add_param(v, "chunk_invocations");
    v->all = add_param(v, "chunk_all_groups");
    v->steps = add_param(v, "chunk_steps");
    v->origins = ARENA_ARRAY(v->k->arena, struct ir_param *, old->buffers.n + 1);
    v->totals = ARENA_ARRAY(v->k->arena, struct ir_param *, old->buffers.n + 1);
    for (uint32_t i = 0; i < old->buffers.n; i++) {
        uint32_t actual = actual_of(&v->k->arms.at[v->arm], old->buffers.at[i]);
        v->origins[i] = v->totals[i] = NULL;
        if (v->k->chunks->roles[actual] == IR_CHUNK_WHOLE) continue;
        v->origins[i] = add_param(v, arena_printf(v->k->arena, "chunk_origin_%u", i));
        v->totals[i] = add_param(v, arena_printf(v->k->arena, "chunk_total_%u", i));
    }
}

/* What was only written must not become zero again with every chunk; a temp is made anew. */
static void change_access(struct variant *v)
{
    const struct chunk_arm *a = &v->k->arms.at[v->arm];
    for (uint32_t i = 0; i < a->program->buffers.n; i++) {
        struct ir_buffer *b = v->program->buffers.at[i];
        if (b->access == IR_ACCESS_WRITE && v->k->chunks->roles[actual_of(a, b)] != IR_CHUNK_TEMP)
            b->access = IR_ACCESS_READ_WRITE;
    }
}

static struct chunk_shift_arm shift_arm_of(struct chunker *k, const struct chunk_arm *a, const struct ir_program *p)
{
    uint32_t n_buffers = a->program->buffers.n, n_params = a->program->params.n;
    uint32_t *actual = ARENA_ARRAY(k->arena, uint32_t, n_buffers + 1);
    const struct ir_expr **arguments = ARENA_ARRAY(k->arena, const struct ir_expr *, n_params + 1);
    for (uint32_t i = 0; i < n_buffers; i++)
        actual[i] = actual_of(a, a->program->buffers.at[i]);
    for (uint32_t i = 0; a->arm && i < n_params; i++)
        arguments[i] = a->arm->args.at[n_buffers + i].value;
    return (struct chunk_shift_arm){p, actual, a->arm ? arguments : NULL};
}

static void find_shift(struct chunker *k)
{
    struct chunk_shift_arm *arms = ARENA_ARRAY(k->arena, struct chunk_shift_arm, k->arms.n + 1);
    for (uint32_t i = 0; i < k->arms.n; i++)
        arms[i] = shift_arm_of(k, &k->arms.at[i], k->arms.at[i].program);
    chunk_shift_find(k->chunks, k->m, arms, k->arena);
}

static void find_wides(struct variant *v)
{
    struct chunk_shift_arm arm = shift_arm_of(v->k, &v->k->arms.at[v->arm], v->program);
    struct chunk_shift_wides wides = {{0}};
    chunk_shift_find_wides(v->k->chunks, v->arm, &arm, v->k->arena, &wides);
    map_init(&v->wides, v->k->arena);
    for (uint32_t i = 0; i < wides.list.n; i++)
        map_set(&v->wides, wides.list.at[i].cast, &wides.list.at[i].weight);
}

static void make_variant(struct chunker *k, uint32_t arm)
{
    struct chunk_arm *a = &k->arms.at[arm];
    struct ir_program *p = a->made = ir_program_copy(k->m, a->program, new_name(k, a->program->name, "chunk"));
    for (uint32_t i = 0; i < p->buffers.n; i++)
        p->buffers.at[i]->no_zeros = false; /* that all workgroups together write it says nothing of a part of them */
    struct variant v = {.k = k, .arm = arm, .program = p};
    p->internal = true;
    p->op_name = NULL;
    if (!p->trap_arms.n)
        vec_push(k->m->arena, &p->trap_arms, ((struct ir_trap_arm){a->arm ? a->name : "", a->program->name}));
    find_wides(&v);
    add_params(&v);
    change_access(&v);
    ir_walk_exprs(&p->body, rewrite_expr, &v);
    ir_walk_stmts(&p->body, rewrite_stmt, &v);
    p->dispatch[0] = get(&v, v.n);
    p->dispatch[1] = p->dispatch[2] = NULL;
    p->n_dispatch = 1;
}

/* -- the pipeline ------------------------------------------------------------------------------ */

static struct ir_param *add_pipeline_param(struct chunker *k, const char *name, ir_type type)
{
    struct ir_pipeline *made = k->chunks->pipeline;
    struct ir_param *p = ir_param_new(k->m, intern_string(k->m->names, name), type, SRC_NONE);
    p->index = made->params.n;
    vec_push(k->m->arena, &made->params, p);
    return p;
}

static void make_params(struct chunker *k)
{
    uint32_t n_arms = k->arms.n * IR_CHUNK_ARM_PARAMS, n_buffers = k->chunks->n_buffers;
    map_init(&k->moved, k->arena);
    for (uint32_t i = 0; i < k->n_params; i++)
        map_set(&k->moved, k->params[i], add_pipeline_param(k, k->params[i]->name, k->params[i]->type));
    k->arm_params = ARENA_ARRAY(k->arena, struct ir_param *, n_arms + 1);
    for (uint32_t i = 0; i < n_arms; i++)
        k->arm_params[i] = add_pipeline_param(k, arena_printf(k->arena, "chunk_arm_%u", i), IR_TYPE(U32));
    k->buffer_params = ARENA_ARRAY(k->arena, struct ir_param *, n_buffers * IR_CHUNK_BUFFER_PARAMS + 1);
    for (uint32_t i = 0; i < n_buffers * IR_CHUNK_BUFFER_PARAMS; i++)
        k->buffer_params[i] = k->chunks->roles[i / IR_CHUNK_BUFFER_PARAMS] == IR_CHUNK_WHOLE
                                  ? NULL
                                  : add_pipeline_param(k, arena_printf(k->arena, "chunk_buffer_%u", i), IR_TYPE(U32));
}

static void make_buffers(struct chunker *k)
{
    struct ir_pipeline *made = k->chunks->pipeline;
    for (uint32_t i = 0; i < k->chunks->n_buffers; i++) {
        struct ir_buffer *b = ARENA_NEW(k->m->arena, struct ir_buffer);
        *b = *k->buffers[i];
        b->index = i;
        map_set(&k->moved, k->buffers[i], b);
        if (b->access == IR_ACCESS_WRITE) b->access = IR_ACCESS_READ_WRITE;
        if (i < k->n_arguments) {
            vec_push(k->m->arena, &made->buffers, b);
            continue;
        }
        b->sized = true;
        b->count_expr = ir_get_param(k->m, k->buffer_params[i * IR_CHUNK_BUFFER_PARAMS + 2], SRC_NONE);
        vec_push(k->m->arena, &made->temps, b);
    }
}

/* Lengths in what the unit passes to its arms are those of whole buffers. */
static void replace_length(void *ctx, struct ir_expr **place)
{
    const struct chunker *k = ctx;
    struct ir_expr *e = *place;
    if (e->op != IR_OP_LEN || k->chunks->roles[e->buffer->index] == IR_CHUNK_WHOLE) return;
    *place = ir_get_param(k->m, k->buffer_params[e->buffer->index * IR_CHUNK_BUFFER_PARAMS + 1], e->range);
}

static struct ir_expr *pass_param(struct chunker *k, const struct chunk_arm *a, uint32_t i)
{
    if (!a->arm) return ir_get_param(k->m, map_find(&k->moved, k->params[i]), SRC_NONE);
    struct ir_expr *value = ir_expr_copy_moved(k->m, a->arm->args.at[a->program->buffers.n + i].value, &k->moved);
    ir_walk_expr(&value, replace_length, k);
    return value;
}

static void pass_value(struct chunker *k, struct ir_arm *arm, struct ir_expr *value)
{
    struct ir_param *formal = arm->program->params.at[arm->args.n - arm->program->buffers.n];
    struct ir_arg arg = {.name = formal->name, .formal_param = formal, .value = value};
    vec_push(k->m->arena, &arm->args, arg);
}

static void pass_own(struct chunker *k, struct ir_arm *arm, struct ir_param *p)
{
    pass_value(k, arm, ir_get_param(k->m, p, SRC_NONE));
}

static void make_arm(struct chunker *k, uint32_t i)
{
    const struct chunk_arm *a = &k->arms.at[i];
    struct ir_arm *arm = ARENA_NEW(k->m->arena, struct ir_arm);
    *arm = (struct ir_arm){.name = a->name, .program = a->made};
    for (uint32_t b = 0; b < a->program->buffers.n; b++) {
        struct ir_buffer *formal = a->made->buffers.at[b];
        struct ir_arg arg = {.name = formal->name,
                             .formal_buffer = formal,
                             .buffer = map_find(&k->moved, k->buffers[actual_of(a, formal)])};
        vec_push(k->m->arena, &arm->args, arg);
    }
    for (uint32_t p = 0; p < a->program->params.n; p++)
        pass_value(k, arm, pass_param(k, a, p));
    for (uint32_t p = 0; p < IR_CHUNK_ARM_PARAMS; p++)
        pass_own(k, arm, k->arm_params[i * IR_CHUNK_ARM_PARAMS + p]);
    for (uint32_t b = 0; b < a->program->buffers.n; b++) {
        uint32_t actual = actual_of(a, a->program->buffers.at[b]);
        if (k->chunks->roles[actual] == IR_CHUNK_WHOLE) continue;
        pass_own(k, arm, k->buffer_params[actual * IR_CHUNK_BUFFER_PARAMS]);
        pass_own(k, arm, k->buffer_params[actual * IR_CHUNK_BUFFER_PARAMS + 1]);
    }
    struct ir_stmt *s = ir_stmt_new(k->m, IR_STMT_ARM, SRC_NONE);
    s->arm = arm;
    ir_block_append(&k->chunks->pipeline->body, s);
}

static void make_pipeline(struct chunker *k, const char *name)
{
    k->chunks->pipeline = ir_pipeline_new(k->m, new_name(k, name, "chunk"), SRC_NONE);
    k->chunks->pipeline->internal = true;
    make_params(k);
    make_buffers(k);
    for (uint32_t i = 0; i < k->arms.n; i++) {
        make_variant(k, i);
        make_arm(k, i);
    }
}

/* -- units ------------------------------------------------------------------------------------- */

static void add_arms(struct chunker *k, const struct ir_pipeline *p)
{
    IR_EACH_STMT(s, &p->body)
    {
        if (s->kind != IR_STMT_ARM) {
            k->chunks->refusal = "the host looks at a buffer between two arms";
            continue;
        }
        struct chunk_arm a = {.name = s->arm->name,
                              .program = s->arm->program,
                              .arm = s->arm,
                              .facts = access_of_arm(k->solver, p, s->arm)};
        vec_push(k->arena, &k->arms, a);
    }
}

static void look_at(struct chunker *k, const char *name)
{
    struct ir_chunks *c = k->chunks;
    c->n_arms = k->arms.n;
    c->roles = ARENA_ARRAY(k->m->arena, enum ir_chunk_role, c->n_buffers + 1);
    c->arms = ARENA_ARRAY(k->m->arena, struct ir_chunk_arm, c->n_arms + 1);
    for (uint32_t i = 0; i < c->n_buffers; i++)
        c->roles[i] = find_role(k, i);
    if (!c->refusal) c->refusal = find_refusal(k);
    if (c->refusal && access_solver_is_exhausted(k->solver)) c->refusal = "it is too large to be looked through";
    if (c->refusal) return;
    if (c->plan != c->of) c->plan = chunk_written_add(k->m, c->plan, new_name(k, name, "written"));
    find_shift(k);
    make_pipeline(k, name);
}

static struct chunker begin(struct ir_module *m, struct arena *scratch)
{
    struct chunker k = {.m = m, .arena = scratch, .chunks = ARENA_NEW(m->arena, struct ir_chunks)};
    k.solver = access_solver_new(scratch, ACCESS_DEFAULT_OPERATIONS);
    access_solver_limit(k.solver, IR_CHUNK_MOST_ELEMENTS);
    return k;
}

static void look_at_program(struct ir_module *m, struct arena *scratch, struct ir_program *p)
{
    if (p->internal || !chunk_has_input(p->buffers.at, p->buffers.n)) return;
    struct chunker k = begin(m, scratch);
    k.chunks->program = p;
    k.chunks->n_buffers = k.n_arguments = p->buffers.n;
    k.buffers = p->buffers.at;
    k.params = p->params.at;
    k.n_params = p->params.n;
    struct chunk_arm a = {.name = p->name, .program = p, .facts = access_of_program(k.solver, p)};
    vec_push(scratch, &k.arms, a);
    look_at(&k, p->name);
    vec_push(m->arena, &m->chunks->all, k.chunks);
    access_solver_free(k.solver);
}

/* `plan` is the pipeline, or what it was. */
static struct ir_chunks *look_at_plan(struct ir_module *m, struct arena *scratch, const struct ir_pipeline *p,
                                      const struct ir_pipeline *plan)
{
    struct chunker k = begin(m, scratch);
    struct ir_buffer **buffers = ARENA_ARRAY(scratch, struct ir_buffer *, plan->buffers.n + plan->temps.n + 1);
    for (uint32_t i = 0; i < plan->buffers.n + plan->temps.n; i++)
        buffers[i] = i < plan->buffers.n ? plan->buffers.at[i] : plan->temps.at[i - plan->buffers.n];
    k.chunks->of = p;
    k.chunks->plan = plan;
    k.chunks->n_buffers = plan->buffers.n + plan->temps.n;
    k.n_arguments = plan->buffers.n;
    k.buffers = buffers;
    k.params = plan->params.at;
    k.n_params = plan->params.n;
    add_arms(&k, plan);
    look_at(&k, p->name);
    access_solver_free(k.solver);
    return k.chunks;
}

/* Arms that passes have joined take less memory and time than those they were: these come second. */
static void look_at_pipeline(struct ir_module *m, struct arena *scratch, const struct ir_pipeline *p)
{
    if (!chunk_has_input(p->buffers.at, p->buffers.n)) return;
    struct ir_chunks *c = look_at_plan(m, scratch, p, p);
    const struct ir_pipeline *written = c->refusal ? chunk_written_find(m, p) : NULL;
    if (written) c = look_at_plan(m, scratch, p, written);
    vec_push(m->arena, &m->chunks->all, c);
}

void chunk_units_make(struct ir_module *m, struct arena *scratch)
{
    uint32_t n_programs = m->programs.n, n_pipelines = m->pipelines.n;
    chunk_written_keep(m, scratch);
    if (m->chunks->is_made) return;
    m->chunks->is_made = true;
    for (uint32_t i = 0; i < n_programs; i++)
        look_at_program(m, scratch, m->programs.at[i]);
    for (uint32_t i = 0; i < n_pipelines; i++)
        look_at_pipeline(m, scratch, m->pipelines.at[i]);
}
