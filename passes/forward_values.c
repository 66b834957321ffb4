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
#include "passes/lone_temp.h"
#include "passes/pass.h"
#include "passes/plant.h"
#include "passes/program_uses.h"

struct forwarder {
    struct pass_run *run;
    struct ir_pipeline *p;
    struct temp_users users;
};

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
    const struct temp_user *u = &f->users.list[temp->index];
    struct ir_program *program = u->arm->program;
    *at = temp->range;
    if (temp->live_out || u->elsewhere) return "its length or its contents are needed outside of the arm";
    if (!temp_users_own_program(&f->users, program)) return "its program may run elsewhere too";
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
    struct lone_temp out;
    struct ir_local *variable;
};

/* Operands come before operations, and may have become less deep. */
static void replace_expr(void *ctx, struct ir_expr **place)
{
    struct rewrite *r = ctx;
    struct ir_expr *e = *place;
    ir_expr_update_depth(e);
    if (e->op == IR_OP_LOAD && e->buffer == r->out.formal) *place = ir_get_local(r->m, r->variable, e->range);
    if (e->op == IR_OP_LEN && e->buffer == r->out.formal) *place = lone_temp_length(&r->out);
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
    if (s->kind != IR_STMT_STORE || s->store.buffer != l->r->out.formal) return;
    if (is_guarded(s, l->r->out.formal, l->lets))
        vec_push(l->scratch, &l->plain, s);
    else
        vec_push(l->scratch, &l->checked, s);
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
    struct ir_expr *inside = ir_binary(r->m, IR_OP_LT, s->store.index, lone_temp_length(&r->out), SRC_NONE);
    if (s->store.value->depth < IR_MAX_EXPR_DEPTH) {
        struct ir_expr *args[] = {inside, s->store.value, ir_zero(r->m, r->out.temp->elem)};
        assign->let.value = ir_expr_new(r->m, IR_OP_SELECT, r->out.temp->elem, args, 3, s->range);
        return;
    }
    struct ir_stmt *test = ir_stmt_new(r->m, IR_STMT_IF, s->range);
    test->if_.cond = inside;
    ir_insert_before(assign, test);
    ir_remove(assign);
    ir_block_append(&test->if_.then_block, assign);
}

static void forward(struct forwarder *f, struct ir_buffer *temp)
{
    struct temp_user *u = &f->users.list[temp->index];
    struct rewrite r = {.m = f->run->module};
    r.out = (struct lone_temp){.m = r.m, .p = u->arm->program, .arm = u->arm, .temp = temp, .formal = u->formal};
    struct store_list l = {.r = &r, .scratch = f->run->scratch, .lets = collect_lets(f->run->scratch, r.out.p)};
    r.variable = ir_local_new(r.out.p, r.out.formal->name, temp->elem, true, temp->range);
    r.variable->name = r.out.formal->name; /* which the buffer needs no more */
    ir_walk_stmts(&r.out.p->body, list_store, &l);
    for (uint32_t i = 0; i < l.plain.n; i++)
        replace_store(&r, l.plain.at[i], false);
    for (uint32_t i = 0; i < l.checked.n; i++)
        replace_store(&r, l.checked.at[i], PLANT(FORWARD_PAST_END, true, false));
    ir_walk_exprs(&r.out.p->body, replace_expr, &r);
    for (uint32_t d = 0; d < r.out.p->n_dispatch; d++)
        ir_walk_expr(&r.out.p->dispatch[d], replace_expr, &r);
    struct ir_stmt *var = ir_stmt_new(r.m, IR_STMT_VAR, temp->range);
    var->let.local = r.variable;
    var->let.value = PLANT(FORWARD_ZERO, ir_zero(r.m, temp->elem), ir_const(r.m, temp->elem, 1, SRC_NONE));
    ir_insert_before(r.out.p->body.first, var);
    lone_temp_remove(&r.out);
    pass_drop_facts(f->run, r.out.p);
    pass_remark_done(f->run, DIAG_FORWARDED, temp->range, temp->name, u->arm->name);
    pass_count(f->run, "temps in registers", 1);
}

enum pass_result forward_values(struct pass_run *run, struct ir_pipeline *p)
{
    struct forwarder f = {.run = run, .p = p};
    if (!p->temps.n) return PASS_SKIPPED;
    temp_users_find(&f.users, run->scratch, p);
    bool *forwarded = ARENA_ARRAY(run->scratch, bool, p->temps.n);
    for (uint32_t i = 0; i < p->temps.n; i++) {
        struct ir_buffer *t = p->temps.at[i];
        const struct temp_user *u = &f.users.list[t->index];
        struct src_range at;
        if (u->n_args != 1) continue;
        const char *why = find_obstacle(&f, t, &at);
        forwarded[i] = !why;
        if (why)
            pass_remark_missed(run, DIAG_NOT_FORWARDED, at, t->name, u->arm->name, why);
        else
            forward(&f, t);
    }
    return lone_temps_remove(p, forwarded) ? PASS_CHANGED : PASS_UNCHANGED;
}
