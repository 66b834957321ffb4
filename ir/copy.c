/* copy.c - deep copies of programs and modules. Names and places stay the originals'; nothing else is shared. */
#include "ir/build.h"
#include "ir/walk.h"

struct copier {
    struct ir_module *m; /* where the copy goes */
    struct map moved;    /* old buffer, param or local -> its copy; what is absent stays as it is (data) */
    struct map programs; /* old program -> its copy, for arms */
};

static void *find_moved(const struct copier *c, const void *old)
{
    void *copy = map_find(&c->moved, old);
    return copy ? copy : (void *)old;
}

static void redirect_leaf(void *ctx, struct ir_expr **place)
{
    const struct copier *c = ctx;
    struct ir_expr *e = *place;
    if (e->op == IR_OP_LOCAL) e->local = find_moved(c, e->local);
    if (e->op == IR_OP_PARAM) e->param = find_moved(c, e->param);
    if (e->op == IR_OP_LOAD || e->op == IR_OP_LEN) e->buffer = find_moved(c, e->buffer);
}

static struct ir_expr *copy_expr(struct copier *c, const struct ir_expr *e)
{
    if (!e) return NULL;
    struct ir_expr *copy = ir_expr_copy(c->m, e);
    ir_walk_expr(&copy, redirect_leaf, c);
    return copy;
}

static struct ir_buffer *copy_buffer(struct copier *c, const struct ir_buffer *b)
{
    struct ir_buffer *copy = ARENA_NEW(c->m->arena, struct ir_buffer);
    *copy = *b;
    copy->count_expr = copy_expr(c, b->count_expr);
    map_set(&c->moved, b, copy);
    return copy;
}

static struct ir_param *copy_param(struct copier *c, const struct ir_param *p)
{
    struct ir_param *copy = ARENA_NEW(c->m->arena, struct ir_param);
    *copy = *p;
    map_set(&c->moved, p, copy);
    return copy;
}

static struct ir_arm *copy_arm(struct copier *c, const struct ir_arm *arm)
{
    struct ir_arm *copy = ARENA_NEW(c->m->arena, struct ir_arm);
    struct ir_program *program = map_find(&c->programs, arm->program);
    *copy = (struct ir_arm){.name = arm->name, .range = arm->range, .program = program ? program : arm->program};
    for (uint32_t i = 0; i < arm->args.n; i++) {
        struct ir_arg a = arm->args.at[i];
        if (a.formal_buffer) a.formal_buffer = find_moved(c, a.formal_buffer);
        if (a.formal_param) a.formal_param = find_moved(c, a.formal_param);
        if (a.buffer) a.buffer = find_moved(c, a.buffer);
        a.value = copy_expr(c, a.value);
        vec_push(c->m->arena, &copy->args, a);
    }
    return copy;
}

/* The buffers and locals that a statement names beside its expressions. */
static void redirect_stmt(struct copier *c, struct ir_stmt *s)
{
    switch (s->kind) {
    case IR_STMT_LET:
    case IR_STMT_VAR:
    case IR_STMT_ASSIGN:
        s->let.local = find_moved(c, s->let.local);
        break;
    case IR_STMT_STORE:
        s->store.in_bounds &= c->m->copies_claims; /* about another place */
        s->store.buffer = find_moved(c, s->store.buffer);
        break;
    case IR_STMT_FOR:
        s->for_.local = find_moved(c, s->for_.local);
        break;
    case IR_STMT_ATOMIC:
        s->atomic.in_bounds &= c->m->copies_claims;
        s->atomic.buffer = find_moved(c, s->atomic.buffer);
        if (s->atomic.result) s->atomic.result = find_moved(c, s->atomic.result);
        break;
    case IR_STMT_COPY_ASYNC:
        s->copy.dst = find_moved(c, s->copy.dst);
        s->copy.src = find_moved(c, s->copy.src);
        break;
    case IR_STMT_ARM:
        s->arm = copy_arm(c, s->arm);
        break;
    case IR_STMT_HOST:
        s->host.buffer = find_moved(c, s->host.buffer);
        break;
    case IR_STMT_COLLECTIVE:
        s->collective.dst = find_moved(c, s->collective.dst);
        if (s->collective.src) s->collective.src = find_moved(c, s->collective.src);
        break;
    default:
        break;
    }
}

static void copy_block(struct copier *c, const struct ir_block *from, struct ir_block *to);

static struct ir_stmt *copy_stmt(struct copier *c, struct ir_stmt *s)
{
    struct ir_stmt *copy = ir_stmt_new(c->m, s->kind, s->range);
    struct ir_expr **places[4];
    struct ir_block *from[2], *to[2];

    *copy = *s;
    copy->parent = NULL;
    copy->prev = copy->next = NULL;
    redirect_stmt(c, copy);
    uint32_t n_exprs = ir_stmt_exprs(copy, places);
    for (uint32_t i = 0; i < n_exprs; i++)
        *places[i] = copy_expr(c, *places[i]);
    uint32_t n_blocks = ir_stmt_blocks(s, from);
    ir_stmt_blocks(copy, to);
    for (uint32_t i = 0; i < n_blocks; i++) {
        *to[i] = (struct ir_block){.owner = copy};
        copy_block(c, from[i], to[i]);
    }
    return copy;
}

static void copy_block(struct copier *c, const struct ir_block *from, struct ir_block *to)
{
    IR_EACH_STMT(s, from) ir_block_append(to, copy_stmt(c, s));
}

static void copy_declarations(struct copier *c, const struct ir_program *p, struct ir_program *copy)
{
    struct arena *arena = c->m->arena;
    for (uint32_t i = 0; i < p->buffers.n; i++)
        vec_push(arena, &copy->buffers, copy_buffer(c, p->buffers.at[i]));
    for (uint32_t i = 0; i < p->arrays.n; i++)
        vec_push(arena, &copy->arrays, copy_buffer(c, p->arrays.at[i]));
    for (uint32_t i = 0; i < p->params.n; i++)
        vec_push(arena, &copy->params, copy_param(c, p->params.at[i]));
    for (uint32_t i = 0; i < p->locals.n; i++) {
        const struct ir_local *l = p->locals.at[i];
        map_set(&c->moved, l, ir_local_new(copy, l->name, l->type, l->is_mutable, l->range));
    }
}

static struct ir_program *copy_program(struct copier *c, const struct ir_program *p, const char *name)
{
    struct ir_program *copy = ir_program_new(c->m, name, p->range);
    copy->op_name = p->op_name;
    copy->self_exclusive = p->self_exclusive;
    copy->internal = p->internal;
    for (uint32_t i = 0; i < p->trap_arms.n; i++)
        vec_push(c->m->arena, &copy->trap_arms, p->trap_arms.at[i]);
    copy->arms = p->arms;
    copy->has_window = p->has_window;
    copy->window = p->window;
    copy->n_workgroup = p->n_workgroup;
    copy->workgroup_range = p->workgroup_range;
    copy->n_dispatch = p->n_dispatch;
    copy_declarations(c, p, copy);
    for (uint32_t i = 0; i < 3; i++) {
        copy->workgroup[i] = p->workgroup[i];
        copy->dispatch[i] = copy_expr(c, p->dispatch[i]);
    }
    copy_block(c, &p->body, &copy->body);
    map_set(&c->programs, p, copy);
    return copy;
}

struct ir_program *ir_program_copy(struct ir_module *m, const struct ir_program *p, const char *name)
{
    struct copier c = {.m = m};
    map_init(&c.moved, m->arena);
    map_init(&c.programs, m->arena);
    return copy_program(&c, p, name);
}

void ir_block_copy(struct ir_module *m, const struct ir_block *from, struct ir_block *to, const struct map *moved)
{
    struct copier c = {.m = m, .moved = *moved};
    map_init(&c.programs, m->arena);
    copy_block(&c, from, to);
}

struct ir_expr *ir_expr_copy_moved(struct ir_module *m, const struct ir_expr *e, const struct map *moved)
{
    struct copier c = {.m = m, .moved = *moved};
    return copy_expr(&c, e);
}

static void copy_pipeline(struct copier *c, const struct ir_pipeline *p)
{
    struct arena *arena = c->m->arena;
    struct ir_pipeline *copy = ir_pipeline_new(c->m, p->name, p->range);
    for (uint32_t i = 0; i < p->params.n; i++)
        vec_push(arena, &copy->params, copy_param(c, p->params.at[i]));
    for (uint32_t i = 0; i < p->buffers.n; i++)
        vec_push(arena, &copy->buffers, copy_buffer(c, p->buffers.at[i]));
    for (uint32_t i = 0; i < p->temps.n; i++)
        vec_push(arena, &copy->temps, copy_buffer(c, p->temps.at[i]));
    copy->budget_bytes = p->budget_bytes;
    copy_block(c, &p->body, &copy->body);
}

static void copy_data(struct copier *c, const struct ir_data *d)
{
    struct ir_data *copy = ir_data_new(c->m, d->buffer.name, d->buffer.elem, d->buffer.count, d->buffer.range);
    copy->bytes = (const unsigned char *)arena_copy(c->m->arena, (const char *)d->bytes, d->size_bytes);
    copy->size_bytes = d->size_bytes;
    copy->path = d->path;
    copy->written_as_text = d->written_as_text;
    map_set(&c->moved, &d->buffer, &copy->buffer);
}

/* Arms may name a program that is declared later, so all else comes first; then the order of declaration is put back.
 */
static void copy_items(struct copier *c, const struct ir_module *m)
{
    for (uint32_t i = 0; i < m->data.n; i++)
        copy_data(c, m->data.at[i]);
    for (uint32_t i = 0; i < m->programs.n; i++)
        copy_program(c, m->programs.at[i], m->programs.at[i]->name);
    for (uint32_t i = 0; i < m->pipelines.n; i++)
        copy_pipeline(c, m->pipelines.at[i]);
    for (uint32_t i = 0; i < m->items.n; i++) {
        struct ir_item item = m->items.at[i];
        if (item.kind == IR_ITEM_DATA) item.data = c->m->data.at[item.data->buffer.index];
        if (item.kind == IR_ITEM_PROGRAM) item.program = c->m->programs.at[item.program->index];
        if (item.kind == IR_ITEM_PIPELINE) item.pipeline = c->m->pipelines.at[item.pipeline->index];
        c->m->items.at[i] = item;
    }
}

struct ir_module *ir_module_copy(struct arena *arena, const struct ir_module *m)
{
    struct copier c = {.m = ir_module_new(arena, m->names, m->sources)};
    map_init(&c.moved, arena);
    map_init(&c.programs, arena);
    copy_items(&c, m);
    for (uint32_t i = 0; i < m->dependencies.n; i++)
        vec_push(arena, &c.m->dependencies, m->dependencies.at[i]);
    for (uint32_t i = 0; i < m->files.n; i++)
        vec_push(arena, &c.m->files, m->files.at[i]);
    return c.m;
}
