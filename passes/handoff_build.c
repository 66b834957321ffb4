/* handoff_build.c - the fused program: both bodies with their buffers, arrays, params and locals, and an arm that runs it.
 *
 * What depends on the form is in handoff_body.c; here is what both bodies are made of. */
#include "passes/handoff_build.h"

#include <string.h>

#include "ir/build.h"
#include "ir/ops.h"
#include "ir/traps.h"
#include "ir/walk.h"
#include "passes/host_size.h"
#include "passes/plant.h"
#include "passes/program_uses.h"
#include "passes/returns.h"
#include "passes/trap_arms.h"

/* -- names ----------------------------------------------------------------------------------------------------- */

/* A word of the language: names are put together from names, so they could be one. */
static bool is_reserved(const char *name)
{
    for (int i = 0; i < IR_OP_COUNT; i++)
        if (!strcmp(ir_op_infos[i].text, name)) return true;
    for (int i = 0; i < IR_STMT_COUNT; i++)
        if (!strcmp(ir_stmt_infos[i].text, name)) return true;
    static const char *const words[] = {
#define ATOMIC(NAME, text, floats, help) text,
#define ORDER(NAME, text) text,
#include "ir/atomics.def"
#define SPACE(NAME, text, shared, help) text,
#define ACCESS(NAME, text, reads, writes, help) text,
#define COLLECTIVE(NAME, text, help) text,
#include "ir/spaces.def"
        "live_out",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i], name)) return true;
    return !strncmp(name, "inf_", 4) || !strncmp(name, "nan_", 4);
}

static bool is_name_taken(const struct fused *f, const char *name)
{
    return map_find(&f->names, name) || map_find(&f->m->item_names, name) || is_reserved(name);
}

const char *fused_name(struct fused *f, const char *name)
{
    struct ir_module *m = f->m;
    const char *chosen = intern_string(m->names, name);
    for (uint32_t i = 1; is_name_taken(f, chosen); i++)
        chosen = intern_string(m->names, arena_printf(m->arena, "%s_%u", name, (unsigned)i));
    map_set(&f->names, chosen, f);
    return chosen;
}

static const char *item_name(struct ir_module *m, const char *name)
{
    const char *chosen = intern_string(m->names, name);
    for (uint32_t i = 1; map_find(&m->item_names, chosen) || is_reserved(chosen); i++)
        chosen = intern_string(m->names, arena_printf(m->arena, "%s_%u", name, (unsigned)i));
    return chosen;
}

/* -- declarations ------------------------------------------------------------------------------------------------ */

static struct ir_buffer *add_buffer(struct fused *f, const struct ir_buffer *formal, struct ir_buffer *given)
{
    struct ir_buffer *b = ARENA_NEW(f->m->arena, struct ir_buffer);
    *b = *formal;
    b->name = fused_name(f, formal->name);
    b->index = f->program->buffers.n;
    b->binding = -1;
    vec_push(f->m->arena, &f->program->buffers, b);
    struct ir_arg a = {.name = b->name, .range = given->range, .formal_buffer = b, .buffer = given};
    vec_push(f->m->arena, &f->buffer_args, a);
    return b;
}

/* A buffer that both read, declared alike, is one. */
static struct ir_buffer *find_common(const struct fused *f, const struct ir_buffer *formal,
                                     const struct ir_buffer *given)
{
    for (uint32_t i = 0; i < f->buffer_args.n; i++) {
        struct ir_buffer *b = f->buffer_args.at[i].formal_buffer;
        bool alike = b->access == formal->access && b->sized == formal->sized && b->count == formal->count &&
                     b->align_bytes == formal->align_bytes && b->streaming == formal->streaming;
        if (f->buffer_args.at[i].buffer == given && alike && !ir_access_writes(formal->access)) return b;
    }
    return NULL;
}

static struct ir_buffer *add_array(struct fused *f, const char *name, enum ir_space space, ir_type elem, uint64_t count)
{
    struct ir_buffer *b = ir_buffer_new(f->m, fused_name(f, name), space, IR_ACCESS_READ_WRITE, elem, SRC_NONE);
    b->sized = true;
    b->count = count;
    b->index = f->program->arrays.n;
    vec_push(f->m->arena, &f->program->arrays, b);
    return b;
}

/* Each costs the host an evaluation per launch: those of one value are one. */
struct ir_param *fused_add_param(struct fused *f, const char *name, ir_type type, struct ir_expr *value)
{
    for (uint32_t i = 0; i < f->param_args.n; i++) {
        const struct ir_arg *other = &f->param_args.at[i];
        if (ir_type_equal(other->formal_param->type, type) && ir_expr_equal(other->value, value))
            return other->formal_param;
    }
    struct ir_param *p = ir_param_new(f->m, fused_name(f, name), type, SRC_NONE);
    p->index = f->program->params.n;
    vec_push(f->m->arena, &f->program->params, p);
    struct ir_arg a = {.name = p->name, .formal_param = p, .value = value};
    vec_push(f->m->arena, &f->param_args, a);
    return p;
}

/* Both parts may be the same program. */
static bool is_tile(const struct fused *f, const struct fused_part *part, const struct ir_buffer *formal)
{
    for (uint32_t i = 0; i < f->h->tiles.n; i++) {
        const struct handoff_tile *t = &f->h->tiles.at[i];
        if (formal == (part == &f->first ? t->written : t->read)) return true;
    }
    return false;
}

static void add_declarations(struct fused *f, struct fused_part *part)
{
    const struct ir_program *p = part->arm->program;
    for (uint32_t i = 0; i < part->arm->args.n; i++) {
        const struct ir_arg *a = &part->arm->args.at[i];
        if (a->formal_buffer && !is_tile(f, part, a->formal_buffer)) {
            struct ir_buffer *b = find_common(f, a->formal_buffer, a->buffer);
            map_set(&part->moved, a->formal_buffer, b ? b : add_buffer(f, a->formal_buffer, a->buffer));
        }
        if (a->formal_param) {
            struct ir_expr *value = a->value->op == IR_OP_CONST || a->value->op == IR_OP_PARAM
                                        ? ir_expr_copy(f->m, a->value)
                                        : host_size_of_arm(f->m, NULL, a->value);
            map_set(&part->moved, a->formal_param,
                    fused_add_param(f, a->formal_param->name, a->formal_param->type, value));
        }
    }
    for (uint32_t i = 0; i < p->arrays.n; i++) {
        const struct ir_buffer *b = p->arrays.at[i];
        struct ir_buffer *array = add_array(f, b->name, b->space, b->elem, b->count);
        array->align_bytes = b->align_bytes;
        map_set(&part->moved, b, array);
    }
}

static void add_locals(struct fused *f, struct fused_part *part)
{
    const struct ir_program *p = part->arm->program;
    for (uint32_t i = 0; i < p->locals.n; i++) {
        const struct ir_local *l = p->locals.at[i];
        map_set(&part->moved, l, ir_local_new(f->program, l->name, l->type, l->is_mutable, l->range));
    }
}

/* The array, the memory when it is kept, and the length that both programs see. */
static void add_tile(struct fused *f, struct handoff_tile *t)
{
    if (t->kept || !t->read) t->memory = add_buffer(f, t->written, t->buffer);
    if (t->read) {
        enum ir_space space = t->is_private ? IR_SPACE_PRIVATE : IR_SPACE_WORKGROUP;
        t->array = add_array(f, t->buffer->name, space, t->buffer->elem, t->window.count);
        if (t->memory && !t->memory->sized) {
            t->length = ir_len(f->m, t->memory, SRC_NONE);
        } else {
            const char *name = arena_printf(f->m->arena, "%s_length", t->buffer->name);
            struct ir_param *p = fused_add_param(f, name, IR_TYPE(U32), host_size_length(f->m, t->buffer));
            t->length = ir_get_param(f->m, p, SRC_NONE);
        }
    }
    map_set(&f->first.moved, t->written, t->array ? t->array : t->memory);
    if (t->read) map_set(&f->second.moved, t->read, t->array);
}

/* -- expressions ------------------------------------------------------------------------------------------------- */

static struct handoff_tile *find_tile_of_array(const struct fused *f, const struct ir_buffer *array)
{
    for (uint32_t i = 0; array && i < f->h->tiles.n; i++)
        if (f->h->tiles.at[i].array == array) return &f->h->tiles.at[i];
    return NULL;
}

struct rewriting {
    struct fused *f;
    const struct fused_part *part;
    struct ir_stmt *at; /* the statement */
};

static struct ir_expr *get(struct fused *f, struct ir_local *l)
{
    return ir_get_local(f->m, l, SRC_NONE);
}

/* An id of the program that the part was, in the fused one. */
static struct ir_expr *rewrite_id(struct fused *f, const struct fused_part *part, struct ir_expr *e)
{
    uint32_t size = part->arm->program->workgroup[0];
    if (e->op == IR_OP_WORKGROUP_SIZE) return ir_const_u32(f->m, part->arm->program->workgroup[e->component]);
    if (e->op != IR_OP_LANE && e->component) return e; /* one row: they are 0, or 1 of them */
    switch (e->op) {
    case IR_OP_GID:
        return part->gid ? get(f, part->gid) : e;
    case IR_OP_WID:
        if (part->wid) return get(f, part->wid);
        return part->gid ? ir_binary(f->m, IR_OP_DIV, get(f, part->gid), ir_const_u32(f->m, size), e->range) : e;
    case IR_OP_LID:
        return part->gid && !part->wid
                   ? ir_binary(f->m, IR_OP_REM, get(f, part->gid), ir_const_u32(f->m, size), e->range)
                   : e;
    case IR_OP_LANE:
        return part->gid && !part->wid
                   ? ir_binary(f->m, IR_OP_REM,
                               ir_binary(f->m, IR_OP_REM, get(f, part->gid), ir_const_u32(f->m, size), e->range),
                               ir_const_u32(f->m, IR_SUBGROUP_SIZE), e->range)
                   : e;
    case IR_OP_NUM_WORKGROUPS:
        return part->groups ? ir_get_param(f->m, part->groups, e->range) : e;
    default:
        return e;
    }
}

static struct ir_expr *rewrite_length(struct fused *f, const struct fused_part *part, struct handoff_tile *t)
{
    const struct ir_buffer *formal = part == &f->first ? t->written : t->read;
    return formal->sized ? ir_const_u32(f->m, (uint32_t)formal->count) : ir_expr_copy(f->m, t->length);
}

/* -- indices of tiles ---------------------------------------------------------------------------------------------- */

static bool is_seen_from(const struct ir_stmt *let, const struct ir_stmt *s)
{
    for (; s; s = s->parent->owner)
        if (s->parent == let->parent) return true;
    return false;
}

/* The local that has the value at s. */
static struct ir_local *name_index(struct fused *f, struct ir_stmt *s, struct ir_expr *value, const char *array)
{
    for (uint32_t i = f->indices.n; i--;) {
        const struct fused_index *known = &f->indices.at[i];
        if (ir_expr_equal(known->value, value) && is_seen_from(known->let, s)) return known->let->let.local;
    }
    struct ir_stmt *let = fused_let(f, arena_printf(f->m->arena, "%s_at", array), value);
    ir_insert_before(s, let);
    vec_push(f->m->arena, &f->indices, ((struct fused_index){value, let}));
    return let->let.local;
}

/* Where an element lies in the tile. Accesses that differ by constants share the name of what they add them to. */
static struct ir_expr *tile_index(struct fused *f, struct ir_stmt *s, struct ir_expr *index,
                                  const struct handoff_tile *t)
{
    uint32_t constant;
    struct ir_expr *e = handoff_index(f->program, index, t->begin, &f->lets, &constant);
    if (ir_is_const(e)) return ir_const_u32(f->m, (uint32_t)e->bits + constant);
    if (e->n_args && ir_expr_is_fixed(e)) e = get(f, name_index(f, s, e, t->buffer->name));
    if (!constant) return e;
    bool negative = constant > INT32_MAX;
    return ir_binary(f->m, negative ? IR_OP_SUB : IR_OP_ADD, e, ir_const_u32(f->m, negative ? -constant : constant),
                     index->range);
}

static bool is_past_end(const struct ir_expr *index, const struct ir_buffer *array)
{
    return ir_is_const(index) && index->bits >= array->count;
}

static void rewrite_expr(void *ctx, struct ir_expr **place)
{
    struct rewriting *r = ctx;
    struct ir_expr *e = *place;
    ir_expr_update_depth(e);
    if (e->op == IR_OP_LEN) {
        struct handoff_tile *t = find_tile_of_array(r->f, e->buffer);
        if (t) *place = rewrite_length(r->f, r->part, t);
    } else if (e->op == IR_OP_LOAD) {
        struct handoff_tile *t = find_tile_of_array(r->f, e->buffer);
        if (!t) return;
        e->args[0] = tile_index(r->f, r->at, e->args[0], t);
        ir_expr_update_depth(e);
        if (is_past_end(e->args[0], t->array)) *place = ir_zero(r->f->m, e->type);
    } else if (e->n_args == 0) {
        *place = rewrite_id(r->f, r->part, e);
    }
}

/* -- statements --------------------------------------------------------------------------------------------------- */

struct ir_stmt *fused_let(struct fused *f, const char *name, struct ir_expr *value)
{
    struct ir_stmt *s = ir_stmt_new(f->m, IR_STMT_LET, value->range);
    s->let.local = ir_local_new(f->program, name, value->type, false, value->range);
    s->let.value = value;
    map_set(&f->lets, s->let.local, value);
    return s;
}

static struct ir_stmt *wrap_in_if(struct fused *f, struct ir_stmt *s, struct ir_expr *cond)
{
    struct ir_stmt *guard = ir_stmt_new(f->m, IR_STMT_IF, s->range);
    guard->if_.cond = cond;
    ir_insert_before(s, guard);
    ir_remove(s);
    ir_block_append(&guard->if_.then_block, s);
    return guard;
}

static void keep_in_memory(struct fused *f, struct ir_stmt *before, const struct handoff_tile *t, struct ir_expr *index,
                           struct ir_expr *value)
{
    struct ir_stmt *store = ir_stmt_new(f->m, IR_STMT_STORE, before->range);
    store->store.buffer = t->memory;
    store->store.index = index;
    store->store.value = value;
    ir_insert_before(before, store);
    if (f->owned) wrap_in_if(f, store, ir_expr_copy(f->m, f->owned));
}

/* A store of the producer goes to the tile, past the end nowhere, and to memory where that is kept. */
static void rewrite_tile_store(struct fused *f, struct ir_stmt *s, struct handoff_tile *t)
{
    bool guarded = !t->stores_in_bounds;
    if (guarded || t->memory) {
        struct ir_stmt *at = fused_let(f, "at", s->store.index);
        ir_insert_before(s, at);
        s->store.index = get(f, at->let.local);
        /* What all invocations have to reach is not put behind a guard. */
        if (t->memory || has_subgroup_operation(s->store.value)) {
            struct ir_stmt *value = fused_let(f, "value", s->store.value);
            ir_insert_before(s, value);
            s->store.value = get(f, value->let.local);
        }
        if (t->memory) keep_in_memory(f, s, t, get(f, at->let.local), ir_expr_copy(f->m, s->store.value));
    }
    struct ir_expr *bound = guarded ? ir_binary(f->m, IR_OP_LT, ir_expr_copy(f->m, s->store.index),
                                                rewrite_length(f, &f->first, t), s->range)
                                    : NULL;
    s->store.index = tile_index(f, s, s->store.index, t);
    if (is_past_end(s->store.index, t->array))
        ir_remove(s);
    else if (bound)
        wrap_in_if(f, s, bound);
}

/* A trap is told as the part's own invocation. */
static void rewrite_told(struct fused *f, const struct fused_part *part, struct ir_stmt *s)
{
    struct ir_told *told = trap_arms_told(s);
    bool is_own = part == &f->second && f->h->factor == 1;
    if (!told || !part->may_trap) return;
    told->arm += part->first_trap_arm;
    if (part->gid && !is_own && !told->invocation && PLANT(HANDOFF_TRAPS, true, false))
        told->invocation = get(f, part->gid);
}

static void rewrite_stmt(void *ctx, struct ir_stmt *s)
{
    struct rewriting *r = ctx;
    struct fused *f = r->f;
    struct ir_expr **places[4];
    r->at = s;
    for (uint32_t i = 0, n = ir_stmt_exprs(s, places); i < n; i++)
        ir_walk_expr(places[i], rewrite_expr, r);
    rewrite_told(f, r->part, s);
    if (s->kind == IR_STMT_LET) map_set(&f->lets, s->let.local, s->let.value);
    if (s->kind == IR_STMT_STORE) {
        struct handoff_tile *t = find_tile_of_array(f, s->store.buffer);
        if (t)
            rewrite_tile_store(f, s, t);
        else if (f->owned && s->store.buffer->space == IR_SPACE_STORAGE && r->part == &f->first)
            wrap_in_if(f, s, ir_expr_copy(f->m, f->owned));
    }
    if (s->kind == IR_STMT_ATOMIC) {
        struct handoff_tile *t = find_tile_of_array(f, s->atomic.buffer);
        if (t)
            s->atomic.index = tile_index(f, s, s->atomic.index, t);
        else if (f->owned && s->atomic.buffer->space == IR_SPACE_STORAGE && r->part == &f->first &&
                 PLANT(HANDOFF_ATOMIC_TWICE, true, false))
            wrap_in_if(f, s, ir_expr_copy(f->m, f->owned));
    }
}

/* Private arrays begin with zeros for each producer, also where one invocation runs several. */
static void clear_private_arrays(struct fused *f, const struct fused_part *part, struct ir_block *to)
{
    const struct ir_program *p = part->arm->program;
    for (uint32_t i = 0; i < p->arrays.n; i++) {
        if (p->arrays.at[i]->space != IR_SPACE_PRIVATE) continue;
        struct ir_buffer *array = map_find(&part->moved, p->arrays.at[i]);
        struct ir_stmt *loop = ir_stmt_new(f->m, IR_STMT_FOR, SRC_NONE),
                       *store = ir_stmt_new(f->m, IR_STMT_STORE, SRC_NONE);
        loop->for_.local = ir_local_new(f->program, "clear", IR_TYPE(U32), false, SRC_NONE);
        loop->for_.from = ir_const_u32(f->m, 0);
        loop->for_.to = ir_const_u32(f->m, (uint32_t)array->count);
        store->store.buffer = array;
        store->store.index = get(f, loop->for_.local);
        store->store.value = ir_zero(f->m, array->elem);
        ir_block_append(&loop->for_.body, store);
        ir_block_append(to, loop);
    }
}

static void find_return(void *ctx, struct ir_stmt *s)
{
    *(bool *)ctx |= s->kind == IR_STMT_RETURN;
}

void fused_append_body(struct fused *f, struct fused_part *part, struct ir_block *to, bool again, bool last)
{
    struct ir_block body = {.owner = to->owner};
    struct rewriting r = {.f = f, .part = part};
    f->indices.n = 0;
    bool returns = false;
    ir_block_copy(f->m, &part->arm->program->body, &body, &part->moved);
    ir_walk_stmts(&body, find_return, &returns);
    if (returns && !last) returns_remove(f->program, &body);
    ir_walk_stmts(&body, rewrite_stmt, &r);
    if (again) clear_private_arrays(f, part, to);
    while (body.first) {
        struct ir_stmt *s = body.first;
        ir_remove(s);
        ir_block_append(to, s);
    }
}

/* -- the way in ------------------------------------------------------------------------------------------------------ */

static void init_part(struct fused *f, struct fused_part *part, struct ir_arm *arm)
{
    struct ir_expr *dispatch = host_size_dispatch(f->m, arm, 0);
    *part = (struct fused_part){.arm = arm, .dispatch = dispatch, .may_trap = ir_program_may_trap(arm->program)};
    map_init(&part->moved, f->m->arena);
    if (part->may_trap) part->first_trap_arm = trap_arms_add(f->m, f->program, arm);
}

static struct ir_stmt *make_arm(struct fused *f)
{
    struct ir_module *m = f->m;
    struct ir_stmt *s = ir_stmt_new(m, IR_STMT_ARM, src_join(f->h->producer->range, f->h->consumer->range));
    struct ir_arm *arm = ARENA_NEW(m->arena, struct ir_arm);
    s->range = f->h->consumer->range;
    *arm = (struct ir_arm){.name = f->arm_name, .range = s->range, .program = f->program};
    for (uint32_t i = 0; i < f->buffer_args.n; i++)
        vec_push(m->arena, &arm->args, f->buffer_args.at[i]);
    for (uint32_t i = 0; i < f->param_args.n; i++)
        vec_push(m->arena, &arm->args, f->param_args.at[i]);
    s->arm = arm;
    return s;
}

struct ir_stmt *handoff_build(struct handoff *h)
{
    struct fused f = {.h = h, .m = h->run->module};
    struct ir_arm *first = handoff_first(h), *second = handoff_second(h);
    map_init(&f.names, f.m->arena);
    map_init(&f.lets, f.m->arena);
    f.arm_name = item_name(f.m, arena_printf(f.m->arena, "%s_%s", first->name, second->name));
    f.program = ir_program_new(f.m, f.arm_name, second->program->range);
    f.program->internal = true;
    f.program->arms = arena_printf(f.m->arena, "%s %s", ir_arm_written_names(first), ir_arm_written_names(second));
    f.program->workgroup[0] = second->program->workgroup[0];
    f.program->n_workgroup = 1;
    init_part(&f, &f.first, first);
    init_part(&f, &f.second, second);
    add_declarations(&f, &f.first);
    for (uint32_t i = 0; i < h->tiles.n; i++)
        add_tile(&f, &h->tiles.at[i]);
    add_declarations(&f, &f.second);
    fused_choose_dispatch(&f);
    add_locals(&f, &f.first);
    add_locals(&f, &f.second);
    fused_write_body(&f);
    fused_use_registers(&f);
    return make_arm(&f);
}
