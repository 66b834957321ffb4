/* syntax.c - the nodes of the syntax tree. Each is made once, from complete parts, so what is known of the parts
 * (depth, returns, calls) is carried upwards here, and nobody has to walk the tree to find it. */
#include "frontend/syntax.h"

#include <string.h>

#include "frontend/symbol.h"
#include "ir/ops.h"

/* -- expressions -------------------------------------------------------------------------------------------- */

static struct syn_expr *new_expr(struct parser *p, enum syn_expr_kind kind, uint32_t n_args, struct src_range range)
{
    struct syn_expr *e = arena_alloc(p->arena, sizeof *e + n_args * sizeof e->args[0]);

    e->kind = (uint8_t)kind;
    e->n_args = n_args;
    e->range = range;
    e->depth = 1;
    return e;
}

static void set_arg(struct parser *p, struct syn_expr *e, uint32_t i, struct syn_expr *arg)
{
    e->args[i] = arg;
    e->flags |= arg->flags & SYN_FLAG_HAS_CALL;
    if (e->depth > arg->depth) return;
    if (arg->depth < IR_MAX_EXPR_DEPTH) {
        e->depth = arg->depth + 1;
        return;
    }
    /* The tree is cut here, so that what walks it stays within the limit too; with the error nothing comes of it. */
    if (!p->too_deep) diag_report(p->diags, DIAG_EXPRESSION_DEPTH, e->range, IR_MAX_EXPR_DEPTH);
    p->too_deep = true;
    e->args[i] = new_expr(p, SYN_NUMBER, 0, arg->range);
    e->depth = 2;
}

/* An operation is as untyped as the operands that decide its type, `first` to the one before `end`. */
static void take_untyped(struct syn_expr *e, uint32_t first, uint32_t end)
{
    uint8_t is_float = 0;

    for (uint32_t i = first; i < end; i++) {
        if (!(e->args[i]->flags & SYN_FLAG_UNTYPED)) return;
        is_float |= e->args[i]->flags & SYN_FLAG_FLOAT;
    }
    e->flags |= SYN_FLAG_UNTYPED | is_float;
}

static void take_untyped_by_signature(struct syn_expr *e, enum ir_op op)
{
    switch (ir_op_infos[op].sig) {
    case IR_SIG_T_T:
    case IR_SIG_T_TU:
    case IR_SIG_T_TUU:
        take_untyped(e, 0, 1);
        break;
    case IR_SIG_T_TT:
    case IR_SIG_T_TTUU:
        take_untyped(e, 0, 2);
        break;
    case IR_SIG_T_TTT:
        take_untyped(e, 0, 3);
        break;
    case IR_SIG_T_BTT:
        take_untyped(e, 1, 3);
        break;
    default:
        break;
    }
}

uint32_t syn_push(struct parser *p, uint32_t mark, struct syn_expr *e)
{
    vec_push(p->arena, &p->pending, e);
    return mark;
}

/* A node of what is pending from `mark` on. */
static struct syn_expr *take_pending(struct parser *p, enum syn_expr_kind kind, uint32_t mark, struct src_range range)
{
    struct syn_expr *e = new_expr(p, kind, p->pending.n - mark, range);

    for (uint32_t i = 0; i < e->n_args; i++)
        set_arg(p, e, i, p->pending.at[mark + i]);
    p->pending.n = mark;
    return e;
}

/* Suffixed numbers name their type after their digits; a float without suffix has a point or an exponent. What is no
 * number at all is told when its value is asked for. */
static uint8_t number_flags(const char *text, size_t size_bytes)
{
    uint8_t flags = SYN_FLAG_UNTYPED;
    char mark = size_bytes > 2 && text[0] == '0' ? text[1] | 32 : 0;
    bool is_hex = mark == 'x', is_based = is_hex || mark == 'o' || (mark == 'b' && text[2] != 'f');

    if (text[0] == '\'') return flags;
    for (size_t i = is_based ? 2 : 0; i < size_bytes; i++) {
        char c = text[i] | 32;
        if (text[i] == '.' || (c == 'e' && !is_based))
            flags |= SYN_FLAG_FLOAT;
        else if (c == 'u' || c == 'i' || (!is_hex && (c == 'f' || c == 'b')))
            return 0;
    }
    return flags;
}

struct syn_expr *syn_leaf(struct parser *p, enum syn_expr_kind kind, struct name *name, struct src_range range)
{
    struct syn_expr *e = new_expr(p, kind, 0, range);
    const struct symbol *s = name ? name->symbol : NULL;

    e->name = name;
    if (kind == SYN_NUMBER)
        e->flags = number_flags(p->file->text + (range.begin - p->file->base), range.end - range.begin);
    if (s && s->kind == SYMBOL_LITERAL && s->literal.scalar == IR_NONE) e->flags = SYN_FLAG_UNTYPED | SYN_FLAG_FLOAT;
    return e;
}

struct syn_expr *syn_bool(struct parser *p, bool value, struct src_range range)
{
    struct syn_expr *e = new_expr(p, SYN_BOOL, 0, range);

    e->value = value;
    return e;
}

struct syn_expr *syn_paren(struct syn_expr *e)
{
    e->flags |= SYN_FLAG_PAREN;
    return e;
}

struct syn_expr *syn_unary(struct parser *p, enum ir_op op, struct syn_expr *a, struct src_range range)
{
    struct syn_expr *e = new_expr(p, SYN_UNARY, 1, range);

    e->op = op;
    set_arg(p, e, 0, a);
    if (op == IR_OP_NEG && a->kind == SYN_NUMBER) e->depth = 1; /* -1 is one literal */
    take_untyped_by_signature(e, op);
    return e;
}

struct syn_expr *syn_binary(struct parser *p, enum ir_op op, struct syn_expr *a, struct syn_expr *b,
                            struct src_range range)
{
    struct syn_expr *e = new_expr(p, SYN_BINARY, 2, range);

    e->op = op;
    set_arg(p, e, 0, a);
    set_arg(p, e, 1, b);
    take_untyped_by_signature(e, op);
    return e;
}

struct syn_expr *syn_wrap(struct parser *p, enum syn_expr_kind kind, struct name *name, struct syn_expr *a,
                          struct src_range range)
{
    struct syn_expr *e = new_expr(p, kind, 1, range);

    e->name = name;
    set_arg(p, e, 0, a);
    if (kind == SYN_MEMBER && a->kind == SYN_NAME) e->depth = 1; /* gid.x is one leaf */
    return e;
}

struct syn_expr *syn_claim(struct parser *p, struct syn_expr *element, struct syn_ref claim)
{
    if (strcmp(claim.name->text, "in_bounds")) diag_report(p->diags, DIAG_UNKNOWN_CLAIM, claim.range, claim.name->text);
    element->flags |= SYN_FLAG_IN_BOUNDS;
    return element;
}

struct syn_expr *syn_range(struct parser *p, struct syn_expr *a, struct syn_expr *b, struct src_range range)
{
    struct syn_expr *e = new_expr(p, SYN_RANGE, 2, range);

    set_arg(p, e, 0, a);
    set_arg(p, e, 1, b);
    return e;
}

struct syn_expr *syn_call(struct parser *p, struct name *name, uint32_t mark, struct src_range range)
{
    struct syn_expr *e = take_pending(p, SYN_CALL, mark, range);
    const struct symbol *s = name->symbol;

    e->name = name;
    if (!s || symbol_is_soft(s)) e->flags |= SYN_FLAG_HAS_CALL;
    if (s && s->kind == SYMBOL_OP && e->n_args == ir_op_infos[s->op].n_args) take_untyped_by_signature(e, s->op);
    return e;
}

struct syn_expr *syn_typed(struct parser *p, enum syn_expr_kind kind, struct syn_type *type, uint32_t mark,
                           struct src_range range)
{
    struct syn_expr *e = take_pending(p, kind, mark, range);

    e->type = type;
    return e;
}

struct syn_expr *syn_list(struct parser *p, uint32_t mark, struct src_range range)
{
    return take_pending(p, SYN_LIST, mark, range);
}

struct syn_type *syn_type_new(struct parser *p, struct syn_ref scalar, uint8_t lanes, struct src_range range)
{
    struct syn_type *t = ARENA_NEW(p->arena, struct syn_type);

    *t = (struct syn_type){scalar, lanes, range};
    return t;
}

/* -- statements --------------------------------------------------------------------------------------------- */

struct syn_stmt *syn_stmt_new(struct parser *p, enum syn_stmt_kind kind, struct src_range range)
{
    struct syn_stmt *s = ARENA_NEW(p->arena, struct syn_stmt);

    s->kind = (uint8_t)kind;
    s->range = range;
    return s;
}

struct syn_stmt *syn_let(struct parser *p, enum syn_stmt_kind kind, struct syn_ref name, struct syn_type *type,
                         struct syn_expr *value, struct src_range range)
{
    struct syn_stmt *s = syn_named_stmt(p, kind, name, value, range);

    s->type = type;
    return s;
}

struct syn_stmt *syn_assign(struct parser *p, struct syn_expr *place, struct syn_expr *value, struct src_range range)
{
    struct syn_stmt *s = syn_value_stmt(p, SYN_ASSIGN, value, range);

    s->place = place;
    return s;
}

static bool is_trap(const struct syn_expr *e)
{
    const struct symbol *s = e && e->kind == SYN_CALL ? e->name->symbol : NULL;

    return s && s->kind == SYMBOL_STATEMENT && s->statement == IR_STMT_TRAP;
}

struct syn_stmt *syn_value_stmt(struct parser *p, enum syn_stmt_kind kind, struct syn_expr *value,
                                struct src_range range)
{
    struct syn_stmt *s = syn_stmt_new(p, kind, range);

    s->value = value;
    if (kind == SYN_RETURN) s->flags = SYN_MAY_RETURN | SYN_NEVER_FALLS;
    if (kind == SYN_EXPR && is_trap(value)) s->flags = SYN_NEVER_FALLS;
    return s;
}

static bool block_may_return(const struct syn_block *b)
{
    for (const struct syn_stmt *s = b ? b->first : NULL; s; s = s->next)
        if (s->flags & SYN_MAY_RETURN) return true;
    return false;
}

static bool block_never_falls(const struct syn_block *b)
{
    for (const struct syn_stmt *s = b ? b->first : NULL; s; s = s->next)
        if (s->flags & SYN_NEVER_FALLS) return true;
    return false;
}

struct syn_stmt *syn_if(struct parser *p, struct syn_expr *cond, struct syn_block *then_body,
                        struct syn_block *else_body, struct src_range range)
{
    struct syn_stmt *s = syn_value_stmt(p, SYN_IF, cond, range);

    s->body = then_body;
    s->else_body = else_body;
    if (block_may_return(then_body) || block_may_return(else_body)) s->flags |= SYN_MAY_RETURN;
    if (block_never_falls(then_body) && block_never_falls(else_body)) s->flags |= SYN_NEVER_FALLS;
    return s;
}

/* A loop may run no round at all, so it can always be passed. */
static struct syn_stmt *add_loop_body(struct syn_stmt *s, struct syn_block *body)
{
    s->body = body;
    if (block_may_return(body)) s->flags |= SYN_MAY_RETURN;
    return s;
}

struct syn_stmt *syn_for(struct parser *p, struct syn_ref name, struct syn_expr *from, struct syn_expr *to,
                         struct syn_expr *step, struct syn_block *body, struct src_range range)
{
    struct syn_stmt *s = syn_named_stmt(p, SYN_FOR, name, from, range);

    s->to = to;
    s->step = step;
    return add_loop_body(s, body);
}

struct syn_stmt *syn_while(struct parser *p, struct syn_expr *cond, struct syn_expr *max, struct syn_expr *trap,
                           struct syn_block *body, struct src_range range)
{
    struct syn_stmt *s = syn_value_stmt(p, SYN_WHILE, cond, range);

    s->to = max;
    s->step = trap;
    return add_loop_body(s, body);
}

struct syn_stmt *syn_scope(struct parser *p, struct syn_expr *label, struct syn_block *body, struct src_range range)
{
    struct syn_stmt *s = syn_value_stmt(p, label ? SYN_REGION : SYN_BLOCK, label, range);

    s->body = body;
    if (block_may_return(body)) s->flags |= SYN_MAY_RETURN;
    if (block_never_falls(body)) s->flags |= SYN_NEVER_FALLS;
    return s;
}

struct syn_stmt *syn_named_stmt(struct parser *p, enum syn_stmt_kind kind, struct syn_ref name, struct syn_expr *value,
                                struct src_range range)
{
    struct syn_stmt *s = syn_value_stmt(p, kind, value, range);

    s->name = name;
    return s;
}

void syn_block_append(struct syn_block *b, struct syn_stmt *s)
{
    if (!s) return;
    if (b->last)
        b->last->next = s;
    else
        b->first = s;
    b->last = s;
}

struct syn_block *syn_block_new(struct parser *p, struct syn_block list, struct src_range range)
{
    struct syn_block *b = ARENA_NEW(p->arena, struct syn_block);

    *b = list;
    b->range = range;
    return b;
}

uint32_t syn_open_block(struct parser *p, struct src_range range)
{
    if (p->nesting == IR_MAX_NESTING && !p->too_deep) {
        diag_report(p->diags, DIAG_BLOCK_DEPTH, range, IR_MAX_NESTING);
        p->too_deep = true;
    }
    return p->nesting++;
}

/* -- items -------------------------------------------------------------------------------------------------- */

static struct syn_expr **copy_pending(struct parser *p, uint32_t mark, uint32_t *n)
{
    struct syn_expr **list = ARENA_ARRAY(p->arena, struct syn_expr *, p->pending.n - mark);

    *n = p->pending.n - mark;
    if (*n) memcpy(list, p->pending.at + mark, *n * sizeof *list);
    p->pending.n = mark;
    return list;
}

struct syn_attr *syn_attr_new(struct parser *p, struct syn_ref name, uint32_t mark, struct src_range range)
{
    struct syn_attr *a = ARENA_NEW(p->arena, struct syn_attr);

    a->name = name;
    a->range = range;
    a->args = copy_pending(p, mark, &a->n_args);
    return a;
}

void syn_attrs_append(struct syn_attrs *list, struct syn_attr *a)
{
    if (list->last)
        list->last->next = a;
    else
        list->first = a;
    list->last = a;
}

struct syn_decl *syn_decl_new(struct parser *p, enum syn_decl_kind kind, struct syn_ref name, struct syn_type *type,
                              struct src_range range)
{
    struct syn_decl *d = ARENA_NEW(p->arena, struct syn_decl);

    d->kind = kind;
    d->name = name;
    d->type = type;
    d->range = range;
    return d;
}

struct syn_decl *syn_array(struct parser *p, enum syn_decl_kind kind, struct syn_ref name, struct syn_type *type,
                           struct syn_expr *count, struct syn_attrs attrs, struct src_range range)
{
    struct syn_decl *d = syn_decl_new(p, kind, name, type, range);

    d->count = count;
    d->attrs = attrs;
    return d;
}

struct syn_decl *syn_sizes(struct parser *p, enum syn_decl_kind kind, uint32_t mark, struct src_range range)
{
    struct syn_decl *d = syn_decl_new(p, kind, (struct syn_ref){0}, NULL, range);

    d->exprs = copy_pending(p, mark, &d->n_exprs);
    return d;
}

void syn_decls_append(struct syn_decls *list, struct syn_decl *d)
{
    if (list->last)
        list->last->next = d;
    else
        list->first = d;
    list->last = d;
}

struct syn_item *syn_item_new(struct parser *p, enum syn_item_kind kind, struct syn_ref name, struct src_range range)
{
    struct syn_item *item = ARENA_NEW(p->arena, struct syn_item);

    item->kind = kind;
    item->name = name;
    item->range = range;
    return item;
}

void syn_items_append(struct syn_items *list, struct syn_item *item)
{
    if (!item) return;
    if (list->last)
        list->last->next = item;
    else
        list->first = item;
    list->last = item;
}
