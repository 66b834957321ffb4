/* sema_nested.c - pipelines as arms of others.
 *
 *     pipeline inner (a : read u8[], n : u32) {       pipeline outer (text : read u8[], out : write u8[]) {
 *       temp t : u8[n];                                 temp x_t : u8[len(text)];
 *       arm f = first(a: a, t: t);                      arm x_f = first(a: text, t: x_t);
 *       ...                                      gives  ...
 *     }                                               }
 *     pipeline outer (text : read u8[], out : write u8[]) {
 *       arm x = inner(a: text, n: len(text));
 *     }
 *
 * The inner one's steps take the place of the arm, its temps get names of their own, its parameters give way to the arguments. So each is
 * checked after those that it runs; chains of them may be as long as memory lasts. */
#include <string.h>

#include "frontend/sema.h"
#include "ir/build.h"

/* -- the order ----------------------------------------------------------------------------------------------- */

struct caller {
    const struct syn_item *item;
    struct ir_pipeline *pipeline;
    struct caller *from;         /* who asked for it first */
    const struct syn_stmt *next; /* the first step that has not been looked at */
    enum { NOT_SEEN, ON_THE_WAY, DONE } visit;
};

struct callers {
    struct sema *s;
    struct map by_pipeline;
};

static struct caller *find_called(const struct callers *c, const struct syn_stmt *stmt)
{
    const struct symbol *sym = stmt->kind == SYN_ARM ? stmt->value->name->symbol : NULL;

    return sym && sym->kind == SYMBOL_PIPELINE ? map_find(&c->by_pipeline, sym->pipeline) : NULL;
}

static void report_cycle(struct sema *s, struct caller *from, struct caller *to, const struct syn_stmt *stmt)
{
    const char *chain = to->pipeline->name;

    for (struct caller *at = from; at != to; at = at->from) {
        chain = arena_printf(s->arena, "%s, %s", at->pipeline->name, chain);
        at->item->name.name->symbol->kind = SYMBOL_BAD;
    }
    to->item->name.name->symbol->kind = SYMBOL_BAD;
    diag_report(s->diags, DIAG_PIPELINE_CYCLE, stmt->value->range, to->pipeline->name,
                arena_printf(s->arena, "%s, %s", to->pipeline->name, chain));
}

/* The newest pipeline's next step; returns the pipeline to go on with. */
static struct caller *look_further(struct callers *c, struct caller *at)
{
    const struct syn_stmt *stmt = at->next;
    struct caller *called;

    if (!stmt) {
        at->visit = DONE;
        if (at->item->name.name->symbol->kind == SYMBOL_PIPELINE) sema_pipeline(c->s, at->item, at->pipeline);
        return at->from;
    }
    at->next = stmt->next;
    called = find_called(c, stmt);
    if (!called || called->visit == DONE) return at;
    if (called->visit == ON_THE_WAY) {
        report_cycle(c->s, at, called, stmt);
        return at;
    }
    called->visit = ON_THE_WAY;
    called->from = at;
    return called;
}

void sema_pipelines(struct sema *s, const struct syn_item *const *pipelines, uint32_t n)
{
    struct caller *all = ARENA_ARRAY(s->arena, struct caller, n);
    struct callers c = {.s = s};

    map_init(&c.by_pipeline, s->arena);
    for (uint32_t i = 0; i < n; i++) {
        all[i] =
            (struct caller){.item = pipelines[i], .pipeline = s->m->pipelines.at[i], .next = pipelines[i]->body.first};
        map_set(&c.by_pipeline, all[i].pipeline, &all[i]);
    }
    for (uint32_t i = 0; i < n; i++) {
        struct caller *at = all[i].visit == NOT_SEEN ? &all[i] : NULL;
        if (at) at->visit = ON_THE_WAY;
        while (at)
            at = look_further(&c, at);
    }
}

/* -- putting one into another --------------------------------------------------------------------------------- */

struct nesting {
    struct sema *s;
    const struct ir_arm *call;
    const struct ir_pipeline *inner;
    struct ir_pipeline *into;
    struct map moved; /* buffers and temps of the inner one -> those that stand for them */
    struct map given; /* its buffers and params -> their argument */
};

static struct ir_buffer *move_buffer(const struct nesting *n, const struct ir_buffer *b)
{
    return map_find(&n->moved, b);
}

/* Depth is that of two expressions within the limits, so it is recomputed, and looked at. */
static struct ir_expr *move_expr(const struct nesting *n, const struct ir_expr *e)
{
    struct ir_module *m = n->s->m;
    struct ir_expr *args[SEMA_MAX_OPERANDS], *moved;

    if (e->op == IR_OP_PARAM) return ir_expr_copy(m, ((struct ir_arg *)map_find(&n->given, e->param))->value);
    if (e->op == IR_OP_LEN) return ir_len(m, move_buffer(n, e->buffer), e->range);
    if (!e->n_args) return ir_expr_copy(m, e);
    for (uint32_t i = 0; i < e->n_args; i++)
        args[i] = move_expr(n, e->args[i]);
    moved = ir_expr_new(m, e->op, e->type, args, e->n_args, e->range);
    moved->component = e->component;
    return moved;
}

static struct ir_expr *move_checked(struct nesting *n, const struct ir_expr *e)
{
    struct ir_expr *moved = move_expr(n, e);

    n->s->n_inlined++;
    if (moved->depth > IR_MAX_EXPR_DEPTH)
        diag_report(n->s->diags, DIAG_EXPRESSION_DEPTH, n->call->range, IR_MAX_EXPR_DEPTH);
    return moved;
}

/* "x_t", or "x_t_1" and so on where that is a name already. */
static const char *make_name(struct nesting *n, const char *inner, struct map *taken, bool is_visible)
{
    struct sema *s = n->s;
    const char *text = arena_printf(s->arena, "%s_%s", n->call->name, inner), *tried = text;
    struct name *name = parser_name(s->p, text, strlen(text));

    for (uint32_t i = 1; map_find(taken, name->text) || (is_visible && name->symbol); i++) {
        tried = arena_printf(s->arena, "%s_%u", text, i);
        name = parser_name(s->p, tried, strlen(tried));
    }
    map_set(taken, name->text, name);
    return name->text;
}

static void move_temp(struct nesting *n, const struct ir_buffer *temp)
{
    struct sema *s = n->s;
    struct ir_buffer *moved = ARENA_NEW(s->m->arena, struct ir_buffer);

    *moved = *temp;
    moved->name = make_name(n, temp->name, &s->temp_names, true);
    moved->index = n->into->buffers.n + n->into->temps.n;
    map_set(&n->moved, temp, moved);
    vec_push(s->m->arena, &n->into->temps, moved);
    s->n_inlined++;
    if (!temp->count_expr) return;
    moved->count_expr = move_checked(n, temp->count_expr);
    if (!ir_is_const(moved->count_expr)) return;
    moved->count = moved->count_expr->bits;
    moved->count_expr = NULL;
}

/* What an argument of the call gives is reported there, if it does not fit. */
static struct ir_arg move_arg(struct nesting *n, struct ir_arg arg)
{
    const struct ir_arg *given = arg.buffer ? map_find(&n->given, arg.buffer) : NULL;

    if (given) arg.range = given->range;
    if (arg.buffer) arg.buffer = move_buffer(n, arg.buffer);
    if (arg.value) arg.value = move_checked(n, arg.value);
    return arg;
}

static void move_arm(struct nesting *n, struct ir_stmt *to, const struct ir_arm *arm)
{
    struct sema *s = n->s;

    to->arm = ARENA_NEW(s->m->arena, struct ir_arm);
    to->arm->name = make_name(n, arm->name, &s->arm_names, false);
    to->arm->range = arm->range;
    to->arm->program = arm->program;
    for (uint32_t i = 0; i < arm->args.n; i++) {
        struct ir_arg moved = move_arg(n, arm->args.at[i]);
        vec_push(s->m->arena, &to->arm->args, moved);
    }
    s->n_inlined += arm->args.n + 1;
}

static void move_step(struct nesting *n, const struct ir_stmt *step)
{
    struct ir_stmt *to = sema_append(n->s, step->kind, step->range);

    if (step->kind == IR_STMT_ARM) move_arm(n, to, step->arm);
    if (step->kind == IR_STMT_HOST) to->host.buffer = move_buffer(n, step->host.buffer);
    if (step->kind != IR_STMT_COLLECTIVE) return;
    to->collective.op = step->collective.op;
    to->collective.dst = move_buffer(n, step->collective.dst);
    if (step->collective.src) to->collective.src = move_buffer(n, step->collective.src);
}

/* len() of a buffer with a declared count is that count, whatever is given. */
static void check_count(struct sema *s, const struct ir_arg *arg)
{
    const struct ir_buffer *formal = arg->formal_buffer, *given = arg->buffer;

    if (!formal->sized || (given->sized && !given->count_expr && given->count == formal->count)) return;
    diag_report(s->diags, DIAG_ARM_OTHER_COUNT, arg->range, given->name, (unsigned long long)formal->count,
                formal->name);
}

static void bind_argument(struct nesting *n, struct ir_arg *arg)
{
    map_set(&n->given, arg->formal_buffer ? (const void *)arg->formal_buffer : arg->formal_param, arg);
    if (!arg->formal_buffer) return;
    map_set(&n->moved, arg->formal_buffer, arg->buffer);
    check_count(n->s, arg);
}

/* Pipelines that run each other twice, ten levels deep, become a thousand copies. */
static bool has_room(struct sema *s, const struct ir_pipeline *p, struct src_range range)
{
    uint64_t n = p->temps.n;

    IR_EACH_STMT(step, &p->body) n += 1 + (step->kind == IR_STMT_ARM ? step->arm->args.n : 0);
    if (s->n_inlined + n <= s->max_inlined) return true;
    if (!s->inlined_reported) diag_report(s->diags, DIAG_INLINE_SIZE, range, s->max_inlined);
    s->inlined_reported = true;
    return false;
}

void sema_pipeline_inline(struct sema *s, const struct ir_arm *call, const struct ir_pipeline *p,
                          struct ir_pipeline *into)
{
    struct nesting n = {.s = s, .call = call, .inner = p, .into = into};

    map_init(&n.moved, s->arena);
    map_init(&n.given, s->arena);
    for (uint32_t i = 0; i < call->args.n; i++)
        bind_argument(&n, &call->args.at[i]);
    if (!has_room(s, p, call->range)) return;
    for (uint32_t i = 0; i < p->temps.n; i++)
        move_temp(&n, p->temps.at[i]);
    IR_EACH_STMT(step, &p->body) move_step(&n, step);
}
