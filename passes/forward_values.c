/* forward_values.c - a temp of which each invocation touches its own element alone becomes a variable.
 *
 *   pipeline p(...) {                              pipeline p(...) {
 *     temp t : u32[len(a)];                          arm both = p_both(a: a, b: b, t_len: len(a));
 *     arm both = p_both(a: a, t: t, b: b);         }
 *   }                                              program p_both {
 *   program p_both {                          =>     ...
 *     ...                                            var t = 0u32;
 *     t[gid.x] = a[gid.x] * 3;                       t = select(gid.x < t_len, a[gid.x] * 3, 0u32);
 *     b[gid.x] = t[gid.x] + 1;                       b[gid.x] = t + 1;
 *   }                                              }
 *
 * The variable is that element: it begins as zero, and stays so where the index is past the end. The temp must be used by one arm
 * alone, whose program the compiler made for it, and at no other index than gid.x of a launch in one row. Linear, times the
 * number of temps that are looked at in one program. */
#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"
#include "passes/host_size.h"
#include "passes/pass.h"
#include "passes/program_uses.h"
#include "passes/plant.h"

/* Who uses a temp. */
struct temp_users {
    struct ir_arm *arm;
    struct ir_buffer *formal;
    uint32_t n_args;
    bool elsewhere; /* shown to the host, or its length is needed */
};

struct forwarder {
    struct pass_run *run;
    struct ir_pipeline *p;
    struct temp_users *users; /* by index of the pipeline's buffers */
    struct map n_arms;        /* program -> number of arms, in all pipelines */
};

/* -- who uses what ------------------------------------------------------------------------------------------- */

static void note_len(void *ctx, struct ir_expr **place)
{
    struct temp_users *users = ctx;
    if ((*place)->op == IR_OP_LEN) users[(*place)->buffer->index].elsewhere = true;
}

static void note_arm(struct forwarder *f, struct ir_arm *arm)
{
    for (uint32_t i = 0; i < arm->args.n; i++) {
        struct ir_arg *a = &arm->args.at[i];
        if (a->value) ir_walk_expr(&a->value, note_len, f->users);
        if (!a->buffer) continue;
        struct temp_users *u = &f->users[a->buffer->index];
        u->arm = arm;
        u->formal = a->formal_buffer;
        u->n_args++;
    }
}

static void note_stmt(struct forwarder *f, struct ir_stmt *s)
{
    if (s->kind == IR_STMT_ARM) note_arm(f, s->arm);
    if (s->kind == IR_STMT_HOST) f->users[s->host.buffer->index].elsewhere = true;
    if (s->kind == IR_STMT_COLLECTIVE) {
        f->users[s->collective.dst->index].elsewhere = true;
        if (s->collective.src) f->users[s->collective.src->index].elsewhere = true;
    }
}

static void count_arms(struct forwarder *f)
{
    map_init(&f->n_arms, f->run->scratch);
    for (uint32_t i = 0; i < f->run->module->pipelines.n; i++) {
        IR_EACH_STMT(s, &f->run->module->pipelines.at[i]->body)
        {
            if (s->kind != IR_STMT_ARM) continue;
            uintptr_t n = (uintptr_t)map_find(&f->n_arms, s->arm->program);
            map_set(&f->n_arms, s->arm->program, (void *)(n + 1));
        }
    }
}

static void find_users(struct forwarder *f)
{
    struct ir_pipeline *p = f->p;
    f->users = ARENA_ARRAY(f->run->scratch, struct temp_users, p->buffers.n + p->temps.n + 1);
    IR_EACH_STMT(s, &p->body) note_stmt(f, s);
    for (uint32_t i = 0; i < p->temps.n; i++)
        if (p->temps.at[i]->count_expr) ir_walk_expr(&p->temps.at[i]->count_expr, note_len, f->users);
}

/* -- may it become a variable? ------------------------------------------------------------------------------- */

struct own_check {
    const struct ir_buffer *buffer;
    struct ir_expr **lets;
    bool other; /* an access that is not of the own element */
    struct src_range at;
};

static void note_other(struct own_check *c, struct src_range at)
{
    if (!c->other) c->at = at;
    c->other = true;
}

static void check_load(void *ctx, struct ir_expr **place)
{
    struct own_check *c = ctx;
    const struct ir_expr *e = *place;
    if (e->op == IR_OP_LOAD && e->buffer == c->buffer && !is_gid_x(e->args[0], c->lets)) note_other(c, e->range);
}

static void check_write(void *ctx, struct ir_stmt *s)
{
    struct own_check *c = ctx;
    bool copies = s->kind == IR_STMT_COPY_ASYNC && (s->copy.dst == c->buffer || s->copy.src == c->buffer);
    bool counts = s->kind == IR_STMT_ATOMIC && s->atomic.buffer == c->buffer;
    bool stores = s->kind == IR_STMT_STORE && s->store.buffer == c->buffer;
    if (copies || counts || (stores && !is_gid_x(s->store.index, c->lets))) note_other(c, s->range);
}

/* NULL, or why not; then *at is the place. */
static const char *find_obstacle(struct forwarder *f, const struct ir_buffer *temp, struct src_range *at)
{
    const struct temp_users *u = &f->users[temp->index];
    struct ir_program *program = u->arm->program;
    *at = temp->range;
    if (temp->live_out || u->elsewhere) return "its length or its contents are needed outside of the arm";
    if (!program->internal || (uintptr_t)map_find(&f->n_arms, program) != 1) return "its program may run elsewhere too";
    if (!is_in_one_row(program)) return "the launch is not in one row";
    if (temp->elem.lanes != 1) return "its elements are vectors";
    struct own_check c = {.buffer = u->formal, .lets = collect_lets(f->run->scratch, program)};
    ir_walk_stmts(&program->body, check_write, &c);
    ir_walk_exprs(&program->body, check_load, &c);
    if (c.other) *at = c.at;
    return PLANT(FORWARD_OTHER_ELEMENT, c.other, false) ? "an invocation may touch another element than its own" : NULL;
}

/* -- making it one ------------------------------------------------------------------------------------------- */

struct rewrite {
    struct ir_module *m;
    struct ir_program *p;
    struct ir_arm *arm;
    struct ir_buffer *temp, *formal;
    struct ir_local *variable;
    struct ir_param *length; /* NULL until it is needed */
};

static const char *choose_name(struct rewrite *r, const char *wanted)
{
    const char *name = intern_string(r->m->names, wanted);
    for (uint32_t n = 1; map_find(&r->p->local_names, name) || map_find(&r->m->item_names, name); n++)
        name = intern_string(r->m->names, arena_printf(r->m->arena, "%s_%u", wanted, n));
    return name;
}

/* The number of elements that the temp would have: a constant, or a param that the host computes. */
static struct ir_expr *get_length(struct rewrite *r)
{
    if (r->formal->sized) return ir_const_u32(r->m, (uint32_t)r->formal->count);
    if (!r->length) {
        const char *name = choose_name(r, arena_printf(r->m->arena, "%s_len", r->formal->name));
        r->length = ir_param_new(r->m, name, IR_TYPE(U32), r->temp->range);
        r->length->index = r->p->params.n;
        vec_push(r->m->arena, &r->p->params, r->length);
        struct ir_arg a = {
            .name = name, .range = r->arm->range, .formal_param = r->length, .value = host_size_length(r->m, r->temp)};
        vec_push(r->m->arena, &r->arm->args, a);
    }
    return ir_get_param(r->m, r->length, SRC_NONE);
}

/* Operands come before operations, and may have become less deep. */
static void replace_expr(void *ctx, struct ir_expr **place)
{
    struct rewrite *r = ctx;
    struct ir_expr *e = *place;
    e->depth = 1;
    for (uint32_t i = 0; i < e->n_args; i++)
        if (e->args[i]->depth >= e->depth) e->depth = (uint16_t)(e->args[i]->depth + 1);
    if (e->op == IR_OP_LOAD && e->buffer == r->formal) *place = ir_get_local(r->m, r->variable, e->range);
    if (e->op == IR_OP_LEN && e->buffer == r->formal) *place = get_length(r);
}

/* Is the statement inside `if gid.x < len(buffer)`? */
static bool is_guarded(const struct ir_stmt *s, const struct ir_buffer *b, struct ir_expr **lets)
{
    for (const struct ir_block *in = s->parent; in->owner; in = in->owner->parent) {
        const struct ir_stmt *o = in->owner;
        if (o->kind != IR_STMT_IF || in != &o->if_.then_block || o->if_.cond->op != IR_OP_LT) continue;
        const struct ir_expr *bound = o->if_.cond->args[1];
        if (is_gid_x(o->if_.cond->args[0], lets) && bound->op == IR_OP_LEN && bound->buffer == b) return true;
    }
    return false;
}

struct store_list {
    struct rewrite *r;
    struct arena *scratch;
    VEC(struct ir_stmt *) plain, checked;
    struct ir_expr **lets;
};

static void list_store(void *ctx, struct ir_stmt *s)
{
    struct store_list *l = ctx;
    if (s->kind != IR_STMT_STORE || s->store.buffer != l->r->formal) return;
    if (is_guarded(s, l->r->formal, l->lets))
        vec_push(l->scratch, &l->plain, s);
    else
        vec_push(l->scratch, &l->checked, s);
}

static struct ir_expr *make_zero(struct rewrite *r)
{
    return ir_const(r->m, r->temp->elem, 0, SRC_NONE);
}

/* A store past the end does nothing, and a load there gives zero. */
static void replace_store(struct rewrite *r, struct ir_stmt *s, bool checked)
{
    struct ir_stmt *assign = ir_stmt_new(r->m, IR_STMT_ASSIGN, s->range);
    assign->let.local = r->variable;
    assign->let.value = s->store.value;
    ir_insert_before(s, assign);
    ir_remove(s);
    if (!checked) return;
    struct ir_expr *inside = ir_binary(r->m, IR_OP_LT, s->store.index, get_length(r), SRC_NONE);
    if (s->store.value->depth < IR_MAX_EXPR_DEPTH) {
        struct ir_expr *args[] = {inside, s->store.value, make_zero(r)};
        assign->let.value = ir_expr_new(r->m, IR_OP_SELECT, r->temp->elem, args, 3, s->range);
        return;
    }
    struct ir_stmt *test = ir_stmt_new(r->m, IR_STMT_IF, s->range);
    test->if_.cond = inside;
    ir_insert_before(assign, test);
    ir_remove(assign);
    ir_block_append(&test->if_.then_block, assign);
}

static void remove_formal(struct rewrite *r)
{
    uint32_t at = r->formal->index;
    for (uint32_t i = at; i + 1 < r->p->buffers.n; i++) {
        r->p->buffers.at[i] = r->p->buffers.at[i + 1];
        r->p->buffers.at[i]->index = i;
    }
    r->p->buffers.n--;
    for (uint32_t i = at; i + 1 < r->arm->args.n; i++)
        r->arm->args.at[i] = r->arm->args.at[i + 1];
    r->arm->args.n--;
}

static void forward(struct forwarder *f, struct ir_buffer *temp)
{
    struct temp_users *u = &f->users[temp->index];
    struct rewrite r = {.m = f->run->module, .p = u->arm->program, .arm = u->arm, .temp = temp, .formal = u->formal};
    struct store_list l = {.r = &r, .scratch = f->run->scratch, .lets = collect_lets(f->run->scratch, r.p)};
    r.variable = ir_local_new(r.p, r.formal->name, temp->elem, true, temp->range);
    r.variable->name = r.formal->name; /* which the buffer needs no more */
    ir_walk_stmts(&r.p->body, list_store, &l);
    for (uint32_t i = 0; i < l.plain.n; i++)
        replace_store(&r, l.plain.at[i], false);
    for (uint32_t i = 0; i < l.checked.n; i++)
        replace_store(&r, l.checked.at[i], PLANT(FORWARD_PAST_END, true, false));
    ir_walk_exprs(&r.p->body, replace_expr, &r);
    for (uint32_t d = 0; d < r.p->n_dispatch; d++)
        ir_walk_expr(&r.p->dispatch[d], replace_expr, &r);
    struct ir_stmt *var = ir_stmt_new(r.m, IR_STMT_VAR, temp->range);
    var->let.local = r.variable;
    var->let.value = PLANT(FORWARD_ZERO, make_zero(&r), ir_const(r.m, temp->elem, 1, SRC_NONE));
    ir_insert_before(r.p->body.first, var);
    remove_formal(&r);
    pass_drop_facts(f->run, r.p);
    pass_remark_done(f->run, DIAG_FORWARDED, temp->range, temp->name, u->arm->name);
    pass_count(f->run, "temps in registers", 1);
}

enum pass_result forward_values(struct pass_run *run, struct ir_pipeline *p)
{
    struct forwarder f = {.run = run, .p = p};
    uint32_t n_kept = 0, n_before = p->temps.n;
    if (!n_before) return PASS_SKIPPED;
    find_users(&f);
    count_arms(&f);
    bool *forwarded = ARENA_ARRAY(run->scratch, bool, n_before);
    for (uint32_t i = 0; i < n_before; i++) {
        struct ir_buffer *t = p->temps.at[i];
        struct src_range at;
        if (f.users[t->index].n_args != 1) continue;
        const char *why = find_obstacle(&f, t, &at);
        forwarded[i] = !why;
        if (why)
            pass_remark_missed(run, DIAG_NOT_FORWARDED, at, t->name, f.users[t->index].arm->name, why);
        else
            forward(&f, t);
    }
    for (uint32_t i = 0; i < n_before; i++) {
        if (forwarded[i]) continue;
        p->temps.at[i]->index = p->buffers.n + n_kept;
        p->temps.at[n_kept++] = p->temps.at[i];
    }
    p->temps.n = n_kept;
    return n_kept < n_before ? PASS_CHANGED : PASS_UNCHANGED;
}
