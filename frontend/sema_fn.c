/* sema_fn.c - functions: each is checked once by itself, against its parameters, so a fault in it is reported where it
 * is and not at each call; calls are checked against the parameters too. What a call becomes is in sema_inline.c. */
#include <string.h>

#include "frontend/sema.h"
#include "ir/build.h"
#include "ir/ops.h"

/* -- declarations ------------------------------------------------------------------------------------------- */

static bool check_param(struct sema *s, const struct syn_decl *d, struct fn_param *param)
{
    param->name = d->name;
    param->is_buffer = d->kind == SYN_DECL_BUFFER;
    if (!sema_type(s, d->type, &param->type)) return false;
    if (!param->is_buffer) return true;
    if (!sema_access(s, d->access, &param->access)) return false;
    param->sized = d->count;
    return !d->count || sema_count(s, d->count, "a number of elements", 1, UINT32_MAX, &param->count);
}

static const struct syn_stmt *last_of(const struct fn *fn)
{
    return fn->syn->body.last;
}

static bool only_last_returns(const struct fn *fn)
{
    if (!last_of(fn) || last_of(fn)->kind != SYN_RETURN) return false;
    for (const struct syn_stmt *stmt = fn->syn->body.first; stmt->next; stmt = stmt->next)
        if (stmt->flags & SYN_MAY_RETURN) return false;
    return true;
}

void sema_fn_declare(struct sema *s, const struct syn_item *item)
{
    struct fn *fn = ARENA_NEW(s->arena, struct fn);
    uint32_t n = 0;

    fn->syn = item;
    for (const struct syn_decl *d = item->params.first; d; d = d->next)
        n++;
    fn->params = ARENA_ARRAY(s->arena, struct fn_param, n);
    for (const struct syn_decl *d = item->params.first; d; d = d->next)
        if (!check_param(s, d, &fn->params[fn->n_params++])) fn->is_bad = true;
    if (item->type && !sema_type(s, item->type, &fn->result)) fn->is_bad = true;
    fn->ends_in_return = only_last_returns(fn);
    fn->is_expression = fn->ends_in_return && last_of(fn) == item->body.first && last_of(fn)->value;
    fn->needs_flag = sema_fn_needs_flag(item->body.first, false);
    sema_declare(s, SYMBOL_FN, item->name)->fn = fn;
    vec_push(s->arena, &s->fns, fn);
}

/* -- a function by itself ----------------------------------------------------------------------------------- */

static void declare_params(struct sema *s, struct fn *fn)
{
    for (uint32_t i = 0; i < fn->n_params; i++) {
        struct fn_param *param = &fn->params[i];
        const char *name = param->name.name->text;
        struct symbol *sym = sema_declare(s, param->is_buffer ? SYMBOL_BUFFER : SYMBOL_VALUE, param->name);

        if (param->is_buffer) {
            sym->buffer.access = param->access;
            sym->buffer.at = ir_buffer_new(s->m, name, IR_SPACE_STORAGE, param->access, param->type, param->name.range);
            sym->buffer.at->sized = param->sized;
            sym->buffer.at->count = param->count;
        } else {
            struct ir_local *local = ir_local_new(s->program, name, param->type, false, param->name.range);
            sym->value.expr = ir_get_local(s->m, local, param->name.range);
            sym->value.n_uses = &param->n_uses;
        }
    }
}

static bool block_never_falls(const struct syn_block *b)
{
    for (const struct syn_stmt *stmt = b->first; stmt; stmt = stmt->next)
        if (stmt->flags & SYN_NEVER_FALLS) return true;
    return false;
}

/* In a module of its own, which is thrown away. */
static void check_alone(struct sema *s, struct fn *fn)
{
    struct ir_module *m = s->m;
    struct frame frame = {.fn = fn};
    uint32_t n_errors = s->diags->n_errors, scope = sema_open_scope(s);

    s->m = ir_module_new(s->arena, m->names, m->sources);
    s->program = ir_program_new(s->m, fn->syn->name.name->text, fn->syn->range);
    s->block = &s->program->body;
    s->frame = &frame;
    s->checking = fn;
    s->nesting = 1;
    declare_params(s, fn);
    sema_stmts(s, fn->syn->body.first);
    if (fn->result.scalar && !block_never_falls(&fn->syn->body))
        diag_report(s->diags, DIAG_MISSING_RETURN, fn->syn->name.range, fn->syn->name.name->text);
    sema_close_scope(s, scope);
    s->nesting = 0;
    s->checking = NULL;
    s->frame = NULL;
    s->m = m;
    if (s->diags->n_errors != n_errors) fn->is_bad = true;
}

/* -- recursion ---------------------------------------------------------------------------------------------- */

struct call_path {
    struct fn **at;
    uint32_t n, cap;
};

/* The functions from `first` to the end of the path call each other in a circle. */
static void report_cycle(struct sema *s, const struct call_path *path, struct fn *first)
{
    uint32_t begin = path->n;
    const char *text = "";
    struct fn *last = path->at[path->n - 1];
    struct diag *d;

    while (path->at[begin - 1] != first)
        begin--;
    for (uint32_t i = begin - 1; i < path->n; i++) {
        path->at[i]->is_bad = true;
        text = arena_printf(s->arena, "%s%s -> ", text, path->at[i]->syn->name.name->text);
    }
    d = diag_report(s->diags, DIAG_RECURSION, last->call_places.at[last->next_call - 1], first->syn->name.name->text,
                    arena_printf(s->arena, "%s%s", text, first->syn->name.name->text));
    for (uint32_t i = begin - 1; i + 1 < path->n; i++)
        diag_add_note(s->diags, d, path->at[i]->call_places.at[path->at[i]->next_call - 1], "'%s' calls '%s' here",
                      path->at[i]->syn->name.name->text, path->at[i + 1]->syn->name.name->text);
}

/* Depth first, with the path in a list: a chain of functions may be longer than any stack. */
static void find_cycles(struct sema *s, struct fn *from)
{
    struct call_path path = {0};

    from->visit = 1;
    vec_push(s->arena, &path, from);
    while (path.n) {
        struct fn *fn = path.at[path.n - 1], *next;
        if (fn->next_call == fn->calls.n) {
            fn->visit = 2;
            path.n--;
            continue;
        }
        next = fn->calls.at[fn->next_call++];
        if (next->visit == 1) report_cycle(s, &path, next);
        if (next->visit) continue;
        next->visit = 1;
        vec_push(s->arena, &path, next);
    }
}

void sema_fn_check_all(struct sema *s)
{
    for (uint32_t i = 0; i < s->fns.n; i++)
        if (!s->fns.at[i]->is_bad) check_alone(s, s->fns.at[i]);
    for (uint32_t i = 0; i < s->fns.n; i++)
        if (!s->fns.at[i]->visit) find_cycles(s, s->fns.at[i]);
}

/* -- calls -------------------------------------------------------------------------------------------------- */

static bool access_allows(enum ir_access actual, enum ir_access wanted)
{
    if (wanted == IR_ACCESS_UNIFORM) return actual == IR_ACCESS_UNIFORM;
    if (wanted != IR_ACCESS_WRITE && !ir_access_reads(actual)) return false;
    return wanted == IR_ACCESS_READ || ir_access_writes(actual);
}

static bool check_buffer_arg(struct sema *s, const struct syn_expr *e, const struct fn_param *param, struct symbol *arg)
{
    struct symbol *sym;
    struct ir_buffer *b;
    enum ir_access access;

    if (e->kind != SYN_NAME) {
        diag_report(s->diags, DIAG_BUFFER_NAME, e->range);
        return false;
    }
    sym = sema_buffer(s, sema_name_of(e));
    if (!sym) return false;
    b = sema_buffer_of(sym);
    access = sym->kind == SYMBOL_DATA ? IR_ACCESS_READ : sym->buffer.access;
    if (!ir_type_equal(b->elem, param->type) || (param->sized && (!b->sized || b->count != param->count))) {
        diag_report(s->diags, DIAG_TYPE_MISMATCH, e->range,
                    arena_printf(s->arena, param->sized ? "%s[%llu]" : "%s[]", ir_type_text(param->type),
                                 (unsigned long long)param->count),
                    arena_printf(s->arena, b->sized ? "%s[%llu]" : "%s[]", ir_type_text(b->elem),
                                 (unsigned long long)b->count));
        return false;
    }
    if (!access_allows(access, param->access)) {
        diag_report(s->diags, DIAG_ARGUMENT_ACCESS, e->range, param->name.name->text, ir_access_texts[param->access],
                    e->name->text, ir_access_texts[access]);
        return false;
    }
    *arg = (struct symbol){.kind = SYMBOL_BUFFER, .range = param->name.range, .buffer = {b, param->access}};
    return true;
}

/* A value goes into the body as it is when it is no work to compute, or when it is used at most once and no statement
 * of the body can come between; else it is computed before. */
static void place_value(struct sema *s, struct fn *fn, const struct fn_param *param, struct symbol *arg)
{
    struct ir_expr *value = arg->value.expr;
    bool has_call;

    if (s->checking || sema_is_leaf(value)) return;
    has_call = fn->is_expression && last_of(fn)->value->flags & SYN_FLAG_HAS_CALL;
    arg->value.may_move = fn->is_expression && param->n_uses <= 1 && (!has_call || sema_is_stable(value));
    if (!arg->value.may_move) arg->value.expr = sema_spill(s, value, param->name.name->text);
}

static bool check_args(struct sema *s, const struct syn_expr *e, struct fn *fn, struct symbol *args)
{
    struct ir_stmt **after = ARENA_ARRAY(s->arena, struct ir_stmt *, fn->n_params);
    bool ok = true;

    for (uint32_t i = 0; i < fn->n_params; i++) {
        const struct fn_param *param = &fn->params[i];
        args[i] = (struct symbol){.kind = SYMBOL_VALUE, .range = param->name.range};
        if (param->is_buffer)
            ok &= check_buffer_arg(s, e->args[i], param, &args[i]);
        else
            ok &= (args[i].value.expr = sema_expr_of(s, e->args[i], param->type)) != NULL;
        after[i] = s->block->last;
    }
    for (uint32_t i = fn->n_params; ok && i-- > 0;)
        if (!fn->params[i].is_buffer) args[i].value.expr = sema_keep(s, args[i].value.expr, after[i]);
    for (uint32_t i = 0; ok && i < fn->n_params; i++)
        if (!fn->params[i].is_buffer) place_value(s, fn, &fn->params[i], &args[i]);
    return ok;
}

struct ir_expr *sema_fn_call(struct sema *s, const struct syn_expr *e, struct fn *fn, bool *ok)
{
    struct symbol *args;

    *ok = false;
    if (s->no_calls) {
        if (s->constant)
            diag_report(s->diags, DIAG_NOT_CONSTANT, e->range, s->constant);
        else
            diag_report(s->diags, DIAG_NOT_HOST, e->range);
        return NULL;
    }
    if (s->checking) {
        vec_push(s->arena, &s->checking->calls, fn);
        vec_push(s->arena, &s->checking->call_places, e->range);
    }
    if (fn->is_bad || !sema_arg_count(s, e, e->name->text, fn->n_params)) return NULL;
    args = ARENA_ARRAY(s->arena, struct symbol, fn->n_params);
    if (!check_args(s, e, fn, args)) return NULL;
    *ok = true;
    if (s->checking) return fn->result.scalar ? sema_zero(s, fn->result, e->range) : NULL;
    return sema_fn_inline(s, fn, e, args, ok);
}
