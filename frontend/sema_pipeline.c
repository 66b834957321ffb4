/* sema_pipeline.c - pipelines: parameters, temps, and the steps; sema_nested.c puts pipelines into others. Whether an argument suits its program (type, access,
 * size) is a rule of the IR; here it is only found. */
#include <string.h>

#include "frontend/sema.h"
#include "ir/build.h"
#include "ir/ops.h"

/* -- declarations ------------------------------------------------------------------------------------------- */

static void declare_param(struct sema *s, const struct syn_decl *d, struct ir_pipeline *p)
{
    struct ir_param *param = sema_param(s, d);

    if (!param) return;
    param->index = p->params.n;
    vec_push(s->m->arena, &p->params, param);
}

static void declare_buffer(struct sema *s, const struct syn_decl *d, struct ir_pipeline *p)
{
    struct symbol *sym = sema_declare(s, SYMBOL_BAD, d->name);
    struct ir_buffer *b = sema_array(s, d, IR_SPACE_STORAGE, sym);

    if (!b) return;
    sema_array_count(s, d, b);
    b->index = p->buffers.n;
    vec_push(s->m->arena, &p->buffers, b);
}

/* A count that is a number is known now; another is computed by the host at launch. */
static void set_temp_count(struct sema *s, const struct syn_decl *d, struct ir_buffer *b)
{
    struct ir_expr *count = sema_host_expr(s, d->count, IR_TYPE(U32));

    if (!count) return;
    if (!ir_type_equal(count->type, IR_TYPE(U32))) {
        diag_report(s->diags, DIAG_TYPE_MISMATCH, d->count->range, "u32", ir_type_text(count->type));
        return;
    }
    b->sized = true;
    if (ir_is_const(count))
        b->count = count->bits;
    else
        b->count_expr = count;
}

static void declare_temp(struct sema *s, const struct syn_decl *d, struct ir_pipeline *p)
{
    struct symbol *sym = sema_declare(s, SYMBOL_BAD, d->name);
    struct ir_buffer *b = sema_array(s, d, IR_SPACE_STORAGE, sym);

    if (!b) return;
    if (d->count)
        set_temp_count(s, d, b);
    else
        diag_report(s->diags, DIAG_NEEDS_COUNT, d->name.range, d->name.name->text);
    b->index = p->buffers.n + p->temps.n;
    vec_push(s->m->arena, &p->temps, b);
}

static bool find_unit(struct sema *s, struct syn_ref unit, uint64_t *bytes)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } units[] = {
        {"B", 1},
        {"KiB", 1024},
        {"MiB", 1024 * 1024},
        {"GiB", 1024 * 1024 * 1024},
    };

    *bytes = 1;
    if (!unit.name) return true;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(units[i].text, unit.name->text)) continue;
        *bytes = units[i].bytes;
        return true;
    }
    diag_report(s->diags, DIAG_UNKNOWN_UNIT, unit.range, unit.name->text);
    return false;
}

static void set_budget(struct sema *s, const struct syn_decl *d, struct ir_pipeline *p)
{
    uint64_t count, unit;

    if (p->budget_bytes) {
        diag_report(s->diags, DIAG_GIVEN_TWICE, d->range, "budget");
        return;
    }
    if (!find_unit(s, d->name, &unit)) return;
    if (sema_count(s, d->exprs[0], "a budget", 1, UINT64_MAX / unit, &count)) p->budget_bytes = count * unit;
}

/* -- arms --------------------------------------------------------------------------------------------------- */

/* Names are interned, so equal ones are the same pointer. */
static struct ir_arg *find_arg(struct ir_arm *arm, const char *name)
{
    for (uint32_t i = 0; i < arm->args.n; i++)
        if (arm->args.at[i].name == name) return &arm->args.at[i];
    return NULL;
}

/* One slot for each buffer and param of a program or pipeline, in its order. */
static void add_formals(struct sema *s, struct ir_arm *arm, struct ir_buffer *const *buffers, uint32_t n_buffers,
                        struct ir_param *const *params, uint32_t n_params)
{
    for (uint32_t i = 0; i < n_buffers; i++) {
        struct ir_arg arg = {.name = buffers[i]->name, .formal_buffer = buffers[i]};
        vec_push(s->m->arena, &arm->args, arg);
    }
    for (uint32_t i = 0; i < n_params; i++) {
        struct ir_arg arg = {.name = params[i]->name, .formal_param = params[i]};
        vec_push(s->m->arena, &arm->args, arg);
    }
}

static struct ir_buffer *get_buffer(struct sema *s, const struct syn_expr *e)
{
    struct symbol *sym;

    if (e->kind != SYN_NAME) {
        diag_report(s->diags, DIAG_BUFFER_NAME, e->range);
        return NULL;
    }
    sym = sema_lookup(s, sema_name_of(e));
    if (sym && sym->kind == SYMBOL_BUFFER) return sym->buffer.at;
    if (sym) sema_report_kind(s, sema_name_of(e), sym, "a buffer of the pipeline");
    return NULL;
}

static void report_argument(struct sema *s, const struct ir_arm *arm, const char *callee, struct syn_ref name)
{
    const char **names = ARENA_ARRAY(s->arena, const char *, arm->args.n), *near;
    struct diag *d = diag_report(s->diags, DIAG_UNKNOWN_ARGUMENT, name.range, callee, name.name->text);

    for (uint32_t i = 0; i < arm->args.n; i++)
        names[i] = arm->args.at[i].name;
    near = diag_nearest(name.name->text, names, arm->args.n);
    if (near) diag_add_fix(s->diags, d, name.range, near, "did you mean '%s'?", near);
}

static void set_argument(struct sema *s, struct ir_arm *arm, const char *callee, const struct syn_expr *named)
{
    struct syn_ref name = sema_name_of(named);
    struct ir_arg *arg = find_arg(arm, name.name->text);

    if (!arg) {
        report_argument(s, arm, callee, name);
        return;
    }
    if (arg->range.end) {
        diag_report(s->diags, DIAG_GIVEN_TWICE, named->range, arg->name);
        return;
    }
    arg->range = named->range;
    if (arg->formal_buffer) {
        arg->buffer = get_buffer(s, named->args[0]);
        return;
    }
    arg->value = sema_host_expr(s, named->args[0], arg->formal_param->type);
}

/* A program, or a pipeline whose arms take the place of this one. */
static const struct symbol *find_callee(struct sema *s, const struct syn_expr *call)
{
    struct syn_ref name = sema_name_of(call);
    struct symbol *sym = sema_lookup(s, name);

    if (!sym || sym->kind == SYMBOL_PROGRAM || sym->kind == SYMBOL_PIPELINE) return sym;
    sema_report_kind(s, name, sym, "a program or pipeline");
    return NULL;
}

/* Nothing refers to an arm, so its name need only differ from those of the pipeline's other arms. */
static void check_arm_name(struct sema *s, const struct syn_stmt *stmt)
{
    const char *name = stmt->name.name->text;
    const struct syn_stmt *before = map_find(&s->arm_names, name);
    struct diag *d;

    map_set(&s->arm_names, name, (void *)stmt);
    if (!before) return;
    d = diag_report(s->diags, DIAG_NAME_TAKEN, stmt->name.range, name);
    diag_add_note(s->diags, d, before->name.range, "'%s' is declared here, as an arm", name);
}

/* False when an argument is missing or wrong. */
static bool set_arguments(struct sema *s, struct ir_arm *arm, const char *callee, const struct syn_expr *call)
{
    uint32_t n_errors = s->diags->n_errors;

    for (uint32_t i = 0; i < call->n_args; i++)
        set_argument(s, arm, callee, call->args[i]);
    for (uint32_t i = 0; i < arm->args.n; i++)
        if (!arm->args.at[i].range.end)
            diag_report(s->diags, DIAG_MISSING_ARGUMENT, call->range, callee, arm->args.at[i].name);
    return s->diags->n_errors == n_errors;
}

static void check_arm(struct sema *s, const struct syn_stmt *stmt, struct ir_pipeline *into)
{
    const struct symbol *callee = find_callee(s, stmt->value);
    struct ir_arm *arm;

    if (!callee) return;
    arm = ARENA_NEW(s->m->arena, struct ir_arm);
    arm->name = stmt->name.name->text;
    arm->range = stmt->range;
    if (callee->kind == SYMBOL_PROGRAM) {
        arm->program = callee->program;
        add_formals(s, arm, arm->program->buffers.at, arm->program->buffers.n, arm->program->params.at,
                    arm->program->params.n);
        set_arguments(s, arm, arm->program->name, stmt->value);
        sema_append(s, IR_STMT_ARM, stmt->range)->arm = arm;
    } else {
        const struct ir_pipeline *p = callee->pipeline;
        add_formals(s, arm, p->buffers.at, p->buffers.n, p->params.at, p->params.n);
        if (set_arguments(s, arm, p->name, stmt->value)) sema_pipeline_inline(s, arm, p, into);
    }
}

/* -- the other steps ---------------------------------------------------------------------------------------- */

static void check_host(struct sema *s, const struct syn_stmt *stmt)
{
    struct symbol *sym = sema_lookup(s, stmt->name);

    if (sym && sym->kind == SYMBOL_BUFFER)
        sema_append(s, IR_STMT_HOST, stmt->range)->host.buffer = sym->buffer.at;
    else if (sym)
        sema_report_kind(s, stmt->name, sym, "a buffer of the pipeline");
}

/* dst and src; broadcast has one buffer that is both. */
static void check_collective(struct sema *s, const struct syn_stmt *stmt)
{
    const struct syn_expr *e = stmt->value;
    struct symbol *sym = sema_lookup(s, sema_name_of(e));
    struct ir_buffer *dst, *src;
    struct ir_stmt *made;

    if (!sym) return;
    if (sym->kind != SYMBOL_COLLECTIVE) {
        sema_report_kind(s, sema_name_of(e), sym, "a collective");
        return;
    }
    if (!sema_arg_count(s, e, e->name->text, sym->collective == IR_COLLECTIVE_BROADCAST ? 1 : 2)) return;
    dst = get_buffer(s, e->args[0]);
    src = e->n_args > 1 ? get_buffer(s, e->args[1]) : NULL;
    if (!dst || (e->n_args > 1 && !src)) return;
    made = sema_append(s, IR_STMT_COLLECTIVE, stmt->range);
    made->collective.op = sym->collective;
    made->collective.dst = dst;
    made->collective.src = src;
}

/* -- the item ----------------------------------------------------------------------------------------------- */

static void check_step(struct sema *s, const struct syn_stmt *stmt, struct ir_pipeline *p)
{
    if (stmt->kind == SYN_ARM)
        check_arm(s, stmt, p);
    else if (stmt->kind == SYN_HOST)
        check_host(s, stmt);
    else
        check_collective(s, stmt);
}

void sema_pipeline(struct sema *s, const struct syn_item *item, struct ir_pipeline *p)
{
    uint32_t scope = sema_open_scope(s);

    map_init(&s->arm_names, s->arena);
    map_init(&s->temp_names, s->arena);
    s->block = &p->body;
    for (const struct syn_decl *d = item->params.first; d; d = d->next)
        (d->kind == SYN_DECL_BUFFER ? declare_buffer : declare_param)(s, d, p);
    for (const struct syn_decl *d = item->decls.first; d; d = d->next)
        (d->kind == SYN_DECL_BUDGET ? set_budget : declare_temp)(s, d, p);
    for (const struct syn_stmt *stmt = item->body.first; stmt; stmt = stmt->next)
        if (stmt->kind == SYN_ARM) check_arm_name(s, stmt);
    for (const struct syn_stmt *stmt = item->body.first; stmt; stmt = stmt->next)
        check_step(s, stmt, p);
    sema_close_scope(s, scope);
}
