/* handoff_registers.c - private tiles that are indexed by constants alone become variables.
 *
 *   local plain : u32[1];                          var plain_0 = 0u32;
 *   plain[0u32] = 2u32 * from[gid.x];      =>      plain_0 = 2u32 * from[gid.x];
 *   to[gid.x] = plain[0u32];                       to[gid.x] = plain_0;
 *
 * Linear. */
#include "passes/handoff_build.h"

#include "ir/build.h"
#include "ir/walk.h"

struct registers {
    struct fused *f;
    struct ir_buffer *array;
    struct ir_local **vars; /* by element */
    bool constant;
};

static void check_load(void *ctx, struct ir_expr **place)
{
    struct registers *r = ctx;
    if ((*place)->op == IR_OP_LOAD && (*place)->buffer == r->array && !ir_is_const((*place)->args[0]))
        r->constant = false;
}

static void check_store(void *ctx, struct ir_stmt *s)
{
    struct registers *r = ctx;
    if (s->kind == IR_STMT_STORE && s->store.buffer == r->array && !ir_is_const(s->store.index)) r->constant = false;
}

static void replace_load(void *ctx, struct ir_expr **place)
{
    struct registers *r = ctx;
    struct ir_expr *e = *place;
    ir_expr_update_depth(e);
    if (e->op == IR_OP_LOAD && e->buffer == r->array)
        *place = ir_get_local(r->f->m, r->vars[e->args[0]->bits], e->range);
}

static void replace_store(void *ctx, struct ir_stmt *s)
{
    struct registers *r = ctx;
    if (s->kind != IR_STMT_STORE || s->store.buffer != r->array) return;
    struct ir_stmt *assign = ir_stmt_new(r->f->m, IR_STMT_ASSIGN, s->range);
    assign->let.local = r->vars[s->store.index->bits];
    assign->let.value = s->store.value;
    ir_insert_before(s, assign);
    ir_remove(s);
}

static void declare_vars(struct registers *r)
{
    struct ir_block *body = &r->f->program->body;
    r->vars = ARENA_ARRAY(r->f->m->arena, struct ir_local *, r->array->count);
    for (uint32_t i = 0; i < r->array->count; i++) {
        struct ir_stmt *var = ir_stmt_new(r->f->m, IR_STMT_VAR, SRC_NONE);
        const char *name = arena_printf(r->f->m->arena, "%s_%u", r->array->name, (unsigned)i);
        var->let.local = r->vars[i] = ir_local_new(r->f->program, name, r->array->elem, true, SRC_NONE);
        var->let.value = ir_zero(r->f->m, r->array->elem);
        ir_insert_before(body->first, var);
    }
}

static void remove_array(struct ir_program *p, const struct ir_buffer *array)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->arrays.n; i++) {
        if (p->arrays.at[i] == array) continue;
        p->arrays.at[i]->index = n;
        p->arrays.at[n++] = p->arrays.at[i];
    }
    p->arrays.n = n;
}

struct use_count {
    const struct ir_local *local;
    uint32_t n;
};

static void count_use(void *ctx, struct ir_expr **place)
{
    struct use_count *u = ctx;
    u->n += (*place)->op == IR_OP_LOCAL && (*place)->local == u->local;
}

/* Where indices became constants, nobody asks where the window begins. */
static void remove_unused_begin(struct fused *f, const struct handoff_tile *t)
{
    struct use_count u = {t->begin, 0};
    ir_walk_exprs(&f->program->body, count_use, &u);
    if (u.n) return;
    for (struct ir_stmt *s = f->program->body.first; s; s = s->next) {
        if (s->kind != IR_STMT_LET || s->let.local != t->begin) continue;
        ir_remove(s);
        return;
    }
}

void fused_use_registers(struct fused *f)
{
    for (uint32_t i = 0; i < f->h->tiles.n; i++) {
        const struct handoff_tile *t = &f->h->tiles.at[i];
        struct registers r = {.f = f, .array = t->array, .constant = true};
        if (!t->read) continue;
        ir_walk_exprs(&f->program->body, check_load, &r);
        ir_walk_stmts(&f->program->body, check_store, &r);
        if (t->is_private && r.constant) {
            declare_vars(&r);
            ir_walk_exprs(&f->program->body, replace_load, &r);
            ir_walk_stmts(&f->program->body, replace_store, &r);
            remove_array(f->program, t->array);
        }
        remove_unused_begin(f, t);
    }
}
