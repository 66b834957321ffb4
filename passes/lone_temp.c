/* lone_temp.c - see lone_temp.h. Linear in arms, and in the buffers of a program for each temp that leaves it. */
#include "passes/lone_temp.h"

#include "ir/build.h"
#include "ir/walk.h"
#include "passes/host_size.h"

/* -- who uses what ------------------------------------------------------------------------------------------- */

static void note_len(void *ctx, struct ir_expr **place)
{
    struct temp_user *list = ctx;
    if ((*place)->op == IR_OP_LEN) list[(*place)->buffer->index].elsewhere = true;
}

static void note_arm(struct temp_users *users, struct ir_arm *arm)
{
    for (uint32_t i = 0; i < arm->args.n; i++) {
        struct ir_arg *a = &arm->args.at[i];
        if (a->value) ir_walk_expr(&a->value, note_len, users->list);
        if (!a->buffer) continue;
        struct temp_user *u = &users->list[a->buffer->index];
        u->arm = arm;
        u->formal = a->formal_buffer;
        u->n_args++;
    }
}

static void note_stmt(struct temp_users *users, struct ir_stmt *s)
{
    if (s->kind == IR_STMT_ARM) note_arm(users, s->arm);
    if (s->kind == IR_STMT_HOST) users->list[s->host.buffer->index].elsewhere = true;
    if (s->kind == IR_STMT_COLLECTIVE) {
        users->list[s->collective.dst->index].elsewhere = true;
        if (s->collective.src) users->list[s->collective.src->index].elsewhere = true;
    }
}

static void count_arms(struct temp_users *users, struct arena *arena, const struct ir_module *m)
{
    map_init(&users->n_arms, arena);
    for (uint32_t i = 0; i < m->pipelines.n; i++) {
        IR_EACH_STMT(s, &m->pipelines.at[i]->body)
        {
            if (s->kind != IR_STMT_ARM) continue;
            uintptr_t n = (uintptr_t)map_find(&users->n_arms, s->arm->program);
            map_set(&users->n_arms, s->arm->program, (void *)(n + 1));
        }
    }
}

void temp_users_find(struct temp_users *users, struct arena *arena, struct ir_pipeline *p)
{
    users->list = ARENA_ARRAY(arena, struct temp_user, p->buffers.n + p->temps.n + 1);
    IR_EACH_STMT(s, &p->body) note_stmt(users, s);
    for (uint32_t i = 0; i < p->temps.n; i++)
        if (p->temps.at[i]->count_expr) ir_walk_expr(&p->temps.at[i]->count_expr, note_len, users->list);
    count_arms(users, arena, p->module);
}

bool temp_users_own_program(const struct temp_users *users, const struct ir_program *p)
{
    return p->internal && (uintptr_t)map_find(&users->n_arms, p) == 1;
}

/* -- the way out ----------------------------------------------------------------------------------------------- */

const char *lone_temp_name(const struct lone_temp *t, const char *wanted)
{
    const char *name = intern_string(t->m->names, wanted);
    for (uint32_t n = 1; map_find(&t->p->local_names, name) || map_find(&t->m->item_names, name); n++)
        name = intern_string(t->m->names, arena_printf(t->m->arena, "%s_%u", wanted, n));
    return name;
}

struct ir_param *lone_temp_add_param(struct lone_temp *t, const char *name, struct ir_expr *value)
{
    struct ir_param *param = ir_param_new(t->m, lone_temp_name(t, name), IR_TYPE(U32), t->temp->range);
    param->index = t->p->params.n;
    vec_push(t->m->arena, &t->p->params, param);
    struct ir_arg a = {.name = param->name, .range = t->arm->range, .formal_param = param, .value = value};
    vec_push(t->m->arena, &t->arm->args, a);
    return param;
}

struct ir_expr *lone_temp_length(struct lone_temp *t)
{
    if (t->formal->sized) return ir_const_u32(t->m, (uint32_t)t->formal->count);
    if (!t->length) {
        const char *name = arena_printf(t->m->arena, "%s_len", t->formal->name);
        t->length = lone_temp_add_param(t, name, host_size_length(t->m, t->temp));
    }
    return ir_get_param(t->m, t->length, SRC_NONE);
}

void lone_temp_remove(struct lone_temp *t)
{
    uint32_t at = t->formal->index;
    for (uint32_t i = at; i + 1 < t->p->buffers.n; i++) {
        t->p->buffers.at[i] = t->p->buffers.at[i + 1];
        t->p->buffers.at[i]->index = i;
    }
    t->p->buffers.n--;
    for (uint32_t i = at; i + 1 < t->arm->args.n; i++)
        t->arm->args.at[i] = t->arm->args.at[i + 1];
    t->arm->args.n--;
}

uint32_t lone_temps_remove(struct ir_pipeline *p, const bool *gone)
{
    uint32_t n_before = p->temps.n, n_kept = 0;
    for (uint32_t i = 0; i < n_before; i++) {
        if (gone[i]) continue;
        p->temps.at[i]->index = p->buffers.n + n_kept;
        p->temps.at[n_kept++] = p->temps.at[i];
    }
    p->temps.n = n_kept;
    return n_before - n_kept;
}
