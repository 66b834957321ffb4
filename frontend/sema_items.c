/* sema_items.c - the items of a file and the declarations of programs.
 *
 * Items see each other whatever their order. So first all of them are declared, then what they say of themselves
 * (tables, functions' parameters, programs' buffers), then bodies. */
#include <string.h>

#include "frontend/sema.h"
#include "ir/build.h"
#include "ir/ops.h"

struct item {
    const struct syn_item *syn;
    struct symbol *symbol;
};

/* -- arrays and their attributes ---------------------------------------------------------------------------- */

static bool has_args(struct sema *s, const struct syn_attr *a, uint32_t n, const char *what)
{
    if (a->n_args == n) return true;
    diag_report(s->diags, DIAG_ATTRIBUTE_ARGUMENT, a->range, a->name.name->text, what);
    return false;
}

static void set_binding(struct sema *s, const struct syn_attr *a, struct ir_buffer *b)
{
    uint64_t value;

    if (has_args(s, a, 1, "a number") && sema_count(s, a->args[0], "a binding", 0, INT32_MAX, &value))
        b->binding = (int32_t)value;
}

static void set_align(struct sema *s, const struct syn_attr *a, struct ir_buffer *b)
{
    uint64_t value;

    if (has_args(s, a, 1, "a number of bytes") && sema_count(s, a->args[0], "an alignment", 1, 1u << 30, &value))
        b->align_bytes = (uint32_t)value;
}

static void set_streaming(struct sema *s, const struct syn_attr *a, struct ir_buffer *b)
{
    b->streaming = has_args(s, a, 0, "nothing");
}

static void set_live_out(struct sema *s, const struct syn_attr *a, struct ir_buffer *b)
{
    b->live_out = has_args(s, a, 0, "nothing");
}

static void set_no_zeros(struct sema *s, const struct syn_attr *a, struct ir_buffer *b)
{
    b->no_zeros = has_args(s, a, 0, "nothing");
}

static void set_bytes(struct sema *s, const struct syn_attr *a, struct ir_buffer *b)
{
    if (!has_args(s, a, 1, "a range of bytes, a..b")) return;
    if (a->args[0]->kind != SYN_RANGE) {
        diag_report(s->diags, DIAG_ATTRIBUTE_ARGUMENT, a->range, "bytes", "a range of bytes, a..b");
        return;
    }
    b->has_bytes = sema_count(s, a->args[0]->args[0], "a number of bytes", 0, UINT64_MAX, &b->bytes_begin) &&
                   sema_count(s, a->args[0]->args[1], "a number of bytes", 0, UINT64_MAX, &b->bytes_end);
}

static const struct {
    const char *name;
    void (*set)(struct sema *s, const struct syn_attr *a, struct ir_buffer *b);
} buffer_attrs[] = {
    {"binding", set_binding},   {"align", set_align}, {"streaming", set_streaming},
    {"live_out", set_live_out}, {"bytes", set_bytes}, {"no_zeros", set_no_zeros},
};
enum { N_BUFFER_ATTRS = sizeof buffer_attrs / sizeof buffer_attrs[0] };

static bool is_repeated(struct sema *s, const struct syn_attr *first, const struct syn_attr *a)
{
    for (; first != a; first = first->next) {
        if (first->name.name != a->name.name) continue;
        diag_report(s->diags, DIAG_GIVEN_TWICE, a->range, a->name.name->text);
        return true;
    }
    return false;
}

static void report_attribute(struct sema *s, const struct syn_attr *a, const char *const *names, uint32_t n)
{
    struct diag *d = diag_report(s->diags, DIAG_UNKNOWN_ATTRIBUTE, a->name.range, a->name.name->text);
    const char *near = diag_nearest(a->name.name->text, names, n);

    if (near) diag_add_fix(s->diags, d, a->name.range, near, "did you mean '%s'?", near);
}

static void check_buffer_attrs(struct sema *s, const struct syn_attrs *attrs, struct ir_buffer *b)
{
    const char *names[N_BUFFER_ATTRS];

    for (const struct syn_attr *a = attrs->first; a; a = a->next) {
        uint32_t i = 0;
        while (i < N_BUFFER_ATTRS && strcmp(buffer_attrs[i].name, a->name.name->text))
            i++;
        if (i < N_BUFFER_ATTRS) {
            if (!is_repeated(s, attrs->first, a)) buffer_attrs[i].set(s, a, b);
            continue;
        }
        for (i = 0; i < N_BUFFER_ATTRS; i++)
            names[i] = buffer_attrs[i].name;
        report_attribute(s, a, names, N_BUFFER_ATTRS);
    }
}

/* Of the declaration; the symbol stays bad when its type is unknown. */
struct ir_buffer *sema_array(struct sema *s, const struct syn_decl *d, enum ir_space space, struct symbol *sym)
{
    enum ir_access access = space == IR_SPACE_DATA ? IR_ACCESS_READ : IR_ACCESS_READ_WRITE;
    struct ir_buffer *b;
    ir_type elem;
    bool ok = sema_type(s, d->type, &elem);

    if (d->access.name) ok &= sema_access(s, d->access, &access);
    if (!ok) return NULL;
    b = ir_buffer_new(s->m, d->name.name->text, space, access, elem, d->range);
    check_buffer_attrs(s, &d->attrs, b);
    sym->kind = SYMBOL_BUFFER;
    sym->buffer.at = b;
    sym->buffer.access = access;
    return b;
}

void sema_array_count(struct sema *s, const struct syn_decl *d, struct ir_buffer *b)
{
    s->at_launch = b->space == IR_SPACE_STORAGE;
    if (d->count) b->sized = sema_count(s, d->count, "a number of elements", 0, UINT32_MAX, &b->count);
    s->at_launch = false;
}

/* -- the head of a program ---------------------------------------------------------------------------------- */

static void declare_buffer(struct sema *s, const struct syn_decl *d)
{
    struct symbol *sym = sema_declare(s, SYMBOL_BAD, d->name);
    struct ir_buffer *b = sema_array(s, d, IR_SPACE_STORAGE, sym);

    if (!b) return;
    sema_array_count(s, d, b);
    b->index = s->program->buffers.n;
    vec_push(s->m->arena, &s->program->buffers, b);
}

static void declare_array(struct sema *s, const struct syn_decl *d, enum ir_space space)
{
    struct symbol *sym = sema_declare(s, SYMBOL_BAD, d->name);
    struct ir_buffer *b = sema_array(s, d, space, sym);

    if (!b) return;
    sema_array_count(s, d, b);
    if (!d->count) diag_report(s->diags, DIAG_NEEDS_COUNT, d->name.range, d->name.name->text);
    b->index = s->program->arrays.n;
    vec_push(s->m->arena, &s->program->arrays, b);
}

struct ir_param *sema_param(struct sema *s, const struct syn_decl *d)
{
    struct symbol *sym = sema_declare(s, SYMBOL_BAD, d->name);
    ir_type type;

    if (!sema_type(s, d->type, &type)) return NULL;
    sym->kind = SYMBOL_PARAM;
    sym->param = ir_param_new(s->m, d->name.name->text, type, d->range);
    return sym->param;
}

static void declare_param(struct sema *s, const struct syn_decl *d)
{
    struct ir_param *param = sema_param(s, d);

    if (!param) return;
    param->index = s->program->params.n;
    vec_push(s->m->arena, &s->program->params, param);
}

/* At most three sizes, once. */
static bool check_sizes(struct sema *s, const struct syn_decl *d, bool again)
{
    const char *word = d->kind == SYN_DECL_SIZE ? "workgroup" : "dispatch";

    if (again)
        diag_report(s->diags, DIAG_GIVEN_TWICE, d->range, word);
    else if (d->n_exprs > 3)
        diag_report(s->diags, DIAG_TOO_MANY_SIZES, d->range, word, d->n_exprs);
    return !again && d->n_exprs <= 3;
}

static void set_workgroup(struct sema *s, const struct syn_decl *d)
{
    struct ir_program *p = s->program;

    if (!check_sizes(s, d, p->n_workgroup)) return;
    p->n_workgroup = d->n_exprs;
    p->workgroup_range = d->range;
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t value = 1;
        if (i < d->n_exprs) sema_count(s, d->exprs[i], "a workgroup size", 0, UINT32_MAX, &value);
        p->workgroup[i] = (uint32_t)value;
    }
}

static void set_dispatch(struct sema *s, const struct syn_decl *d)
{
    struct ir_program *p = s->program;

    if (!check_sizes(s, d, p->n_dispatch)) return;
    p->n_dispatch = d->n_exprs;
    for (uint32_t i = 0; i < d->n_exprs; i++) {
        p->dispatch[i] = sema_host_expr(s, d->exprs[i], IR_TYPE(U32));
        if (p->dispatch[i] && !ir_type_equal(p->dispatch[i]->type, IR_TYPE(U32)))
            diag_report(s->diags, DIAG_TYPE_MISMATCH, d->exprs[i]->range, "u32", ir_type_text(p->dispatch[i]->type));
    }
}

/* Names first: a dispatch may stand before the buffers it speaks of. */
static void check_head(struct sema *s, const struct syn_item *item)
{
    for (const struct syn_decl *d = item->decls.first; d; d = d->next) {
        switch (d->kind) {
        case SYN_DECL_BUFFER:
            declare_buffer(s, d);
            break;
        case SYN_DECL_WORKGROUP:
            declare_array(s, d, IR_SPACE_WORKGROUP);
            break;
        case SYN_DECL_LOCAL:
            declare_array(s, d, IR_SPACE_PRIVATE);
            break;
        case SYN_DECL_VALUE:
            declare_param(s, d);
            break;
        default:
            break;
        }
    }
    for (const struct syn_decl *d = item->decls.first; d; d = d->next) {
        if (d->kind == SYN_DECL_SIZE) set_workgroup(s, d);
        if (d->kind == SYN_DECL_DISPATCH) set_dispatch(s, d);
    }
}

/* -- attributes of a program -------------------------------------------------------------------------------- */

static const char *one_label(struct sema *s, const struct syn_attr *a)
{
    if (a->n_args == 1 && a->args[0]->kind == SYN_STRING) return sema_label(s, a->args[0]);
    diag_report(s->diags, DIAG_ATTRIBUTE_ARGUMENT, a->range, a->name.name->text, "a string");
    return NULL;
}

static void set_op(struct sema *s, const struct syn_attr *a)
{
    s->program->op_name = one_label(s, a);
}

static void set_arms(struct sema *s, const struct syn_attr *a)
{
    s->program->arms = one_label(s, a);
}

static void set_self_exclusive(struct sema *s, const struct syn_attr *a)
{
    s->program->self_exclusive = has_args(s, a, 0, "nothing");
}

static void set_window(struct sema *s, const struct syn_attr *a)
{
    uint64_t value;

    if (!has_args(s, a, 1, "a number") || !sema_count(s, a->args[0], "a window", 0, UINT32_MAX, &value)) return;
    s->program->has_window = true;
    s->program->window = (uint32_t)value;
}

static void set_internal(struct sema *s, const struct syn_attr *a)
{
    bool names = a->n_args % 2 == 0 && a->n_args <= 2 * IR_MAX_TRAP_ARMS;
    for (uint32_t i = 0; i < a->n_args; i++)
        names = names && a->args[i]->kind == SYN_STRING;
    if (!names && !has_args(s, a, 0, "nothing, or names of arms, each with that of its program")) return;
    s->program->internal = true;
    for (uint32_t i = 0; i + 1 < a->n_args; i += 2) {
        struct ir_trap_arm of = {sema_label(s, a->args[i]), sema_label(s, a->args[i + 1])};
        vec_push(s->m->arena, &s->program->trap_arms, of);
    }
}

static const char *const program_attr_names[] = {"op", "self_exclusive", "window", "internal", "arms"};
static void (*const program_attr_setters[])(struct sema *s, const struct syn_attr *a) = {
    set_op, set_self_exclusive, set_window, set_internal, set_arms};
enum { N_PROGRAM_ATTRS = sizeof program_attr_names / sizeof program_attr_names[0] };

static void check_program_attrs(struct sema *s, const struct syn_attrs *attrs)
{
    for (const struct syn_attr *a = attrs->first; a; a = a->next) {
        uint32_t i = 0;
        while (i < N_PROGRAM_ATTRS && strcmp(program_attr_names[i], a->name.name->text))
            i++;
        if (i == N_PROGRAM_ATTRS)
            report_attribute(s, a, program_attr_names, N_PROGRAM_ATTRS);
        else if (!is_repeated(s, attrs->first, a))
            program_attr_setters[i](s, a);
    }
}

/* -- the order of things ------------------------------------------------------------------------------------- */

/* What a program declares at its head is also what arms speak of, so all heads come before any pipeline. */
static void check_program(struct sema *s, const struct item *item)
{
    uint32_t scope = sema_open_scope(s);

    s->program = item->symbol->program;
    s->block = &s->program->body;
    check_program_attrs(s, &item->syn->attrs);
    check_head(s, item->syn);
    sema_stmts(s, item->syn->body.first);
    sema_close_scope(s, scope);
    s->program = NULL;
}

static void declare_item(struct sema *s, const struct syn_item *syn, struct item *item)
{
    static const enum symbol_kind kinds[] = {
        [SYN_ITEM_DATA] = SYMBOL_DATA,
        [SYN_ITEM_PROGRAM] = SYMBOL_PROGRAM,
        [SYN_ITEM_PIPELINE] = SYMBOL_PIPELINE,
    };
    const char *name = syn->name.name->text;

    item->syn = syn;
    item->symbol = sema_declare(s, kinds[syn->kind], syn->name);
    if (syn->kind == SYN_ITEM_DATA) sema_data(s, syn, item->symbol);
    if (syn->kind == SYN_ITEM_PROGRAM) item->symbol->program = ir_program_new(s->m, name, syn->range);
    if (syn->kind == SYN_ITEM_PIPELINE) item->symbol->pipeline = ir_pipeline_new(s->m, name, syn->range);
}

void sema_items(struct sema *s)
{
    VEC(struct item) items = {0};
    VEC(const struct syn_item *) pipelines = {0};
    struct ir_block none = {0};

    s->block = &none;
    for (const struct syn_item *syn = s->p->items.first; syn; syn = syn->next) {
        struct item item = {0};
        if (syn->kind == SYN_ITEM_FN)
            sema_fn_declare(s, syn);
        else
            declare_item(s, syn, &item);
        if (item.syn) vec_push(s->arena, &items, item);
        if (syn->kind == SYN_ITEM_PIPELINE) vec_push(s->arena, &pipelines, syn);
    }
    sema_fn_check_all(s);
    for (uint32_t i = 0; i < items.n; i++)
        if (items.at[i].syn->kind == SYN_ITEM_PROGRAM) check_program(s, &items.at[i]);
    sema_pipelines(s, pipelines.at, pipelines.n);
}
