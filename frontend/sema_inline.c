/* sema_inline.c - the body of a function goes into the program, with structured control flow only.
 *
 *   fn f(x : u32) -> u32 {          var f_result = 0u32;
 *     if x == 0 { return 7; }       if x == 0u32 {
 *     g(x);                           f_result = 7u32;
 *     return x;                     } else {
 *   }                                 ... g ...
 *                                     f_result = x;
 *                                   }
 *
 * What follows an `if` one side of which always returns goes to the other side. A return in a loop is a break. Where
 * neither is enough, a variable remembers that the function has returned, and what follows is under `if !f_done`. */
#include "frontend/sema.h"
#include "ir/build.h"

static bool never_falls(const struct syn_block *b)
{
    for (const struct syn_stmt *stmt = b ? b->first : NULL; stmt; stmt = stmt->next)
        if (stmt->flags & SYN_NEVER_FALLS) return true;
    return false;
}

static bool may_return(const struct syn_block *b)
{
    for (const struct syn_stmt *stmt = b ? b->first : NULL; stmt; stmt = stmt->next)
        if (stmt->flags & SYN_MAY_RETURN) return true;
    return false;
}

static bool is_loop(const struct syn_stmt *stmt)
{
    return stmt->kind == SYN_FOR || stmt->kind == SYN_WHILE;
}

/* One side always leaves, the other never returns: what follows belongs to the other. */
static bool then_leaves(const struct syn_stmt *stmt)
{
    return stmt->kind == SYN_IF && never_falls(stmt->body) && !may_return(stmt->else_body);
}

static bool else_leaves(const struct syn_stmt *stmt)
{
    return stmt->kind == SYN_IF && never_falls(stmt->else_body) && !may_return(stmt->body);
}

bool sema_fn_needs_flag(const struct syn_stmt *first, bool in_loop)
{
    for (const struct syn_stmt *stmt = first; stmt; stmt = stmt->next) {
        if (!(stmt->flags & SYN_MAY_RETURN) || stmt->kind == SYN_RETURN) continue;
        if (in_loop ? is_loop(stmt) : stmt->next && !then_leaves(stmt) && !else_leaves(stmt)) return true;
        if (stmt->body && sema_fn_needs_flag(stmt->body->first, in_loop || is_loop(stmt))) return true;
        if (stmt->else_body && sema_fn_needs_flag(stmt->else_body->first, in_loop)) return true;
    }
    return false;
}

/* -- returns ------------------------------------------------------------------------------------------------ */

static void append_assign(struct sema *s, struct ir_local *local, struct ir_expr *value, struct src_range range)
{
    struct ir_stmt *assign = sema_append(s, IR_STMT_ASSIGN, range);

    assign->let.local = local;
    assign->let.value = value;
}

static struct ir_expr *check_result(struct sema *s, const struct syn_stmt *stmt, const struct fn *fn)
{
    const char *name = fn->syn->name.name->text;

    if (stmt->value && fn->result.scalar) return sema_expr_of(s, stmt->value, fn->result);
    if (stmt->value)
        diag_report(s->diags, DIAG_RETURN_VALUE, stmt->range, name, "nothing", "a value");
    else if (fn->result.scalar)
        diag_report(s->diags, DIAG_RETURN_VALUE, stmt->range, name, ir_type_text(fn->result), "nothing");
    return NULL;
}

void sema_fn_return(struct sema *s, const struct syn_stmt *stmt)
{
    struct frame *frame = s->frame;
    struct ir_expr *value = check_result(s, stmt, frame->fn);

    if (s->checking) return;
    if (frame->fn->ends_in_return) {
        frame->value = value;
        return;
    }
    if (value) append_assign(s, frame->result, value, stmt->range);
    if (frame->done && (frame->followed || frame->loops > 1))
        append_assign(s, frame->done, ir_const(s->m, IR_TYPE(BOOL), 1, stmt->range), stmt->range);
    if (frame->loops) sema_append(s, IR_STMT_BREAK, stmt->range);
}

/* -- what follows a return ----------------------------------------------------------------------------------- */

/* An inner loop was left because of a return: so is the one around it. */
static void append_leave(struct sema *s, struct src_range range)
{
    struct ir_stmt *guard = sema_append(s, IR_STMT_IF, range);
    struct ir_block *outer;

    guard->if_.cond = ir_get_local(s->m, s->frame->done, range);
    if (!sema_open_block(s, &guard->if_.then_block, range, &outer)) return;
    sema_append(s, IR_STMT_BREAK, range);
    sema_close_block(s, outer);
}

static void append_unless_done(struct sema *s, const struct syn_stmt *rest)
{
    struct ir_expr *done = ir_get_local(s->m, s->frame->done, rest->range);
    struct ir_stmt *guard = sema_append(s, IR_STMT_IF, rest->range);
    struct ir_block *outer;

    guard->if_.cond = ir_unary(s->m, IR_OP_LNOT, done, rest->range);
    if (!sema_open_block(s, &guard->if_.then_block, rest->range, &outer)) return;
    sema_fn_stmts(s, rest);
    sema_close_block(s, outer);
}

/* A side of an if: its own statements in a scope of their own, then, in the same block, those that follow the if. */
static void append_side(struct sema *s, struct ir_block *into, const struct syn_block *side,
                        const struct syn_stmt *rest, struct src_range range)
{
    struct ir_block *outer;
    uint32_t scope = sema_open_scope(s);

    if (!sema_open_block(s, into, range, &outer)) return;
    if (side) sema_fn_stmts(s, side->first);
    sema_close_scope(s, scope);
    if (rest) sema_fn_stmts(s, rest);
    sema_close_block(s, outer);
}

static void append_split(struct sema *s, const struct syn_stmt *stmt)
{
    bool to_else = then_leaves(stmt);
    struct ir_expr *cond = sema_expr_of(s, stmt->value, IR_TYPE(BOOL));
    struct ir_stmt *made = sema_append(s, IR_STMT_IF, stmt->range);

    made->if_.cond = cond;
    made->if_.has_else = true;
    append_side(s, &made->if_.then_block, stmt->body, to_else ? NULL : stmt->next, stmt->range);
    append_side(s, &made->if_.else_block, stmt->else_body, to_else ? stmt->next : NULL, stmt->range);
}

/* -- statements --------------------------------------------------------------------------------------------- */

static bool jumps(const struct syn_stmt *stmt)
{
    return stmt->flags & SYN_NEVER_FALLS || stmt->kind == SYN_BREAK || stmt->kind == SYN_CONTINUE;
}

static void check_stmts(struct sema *s, const struct syn_stmt *first)
{
    for (const struct syn_stmt *stmt = first; stmt; stmt = stmt->next) {
        sema_stmt(s, stmt);
        if (jumps(stmt) && stmt->next) diag_report(s->diags, DIAG_UNREACHABLE, stmt->next->range);
    }
}

void sema_fn_stmts(struct sema *s, const struct syn_stmt *first)
{
    if (s->checking) {
        check_stmts(s, first);
        return;
    }
    for (const struct syn_stmt *stmt = first; stmt; stmt = stmt->next) {
        bool returns = stmt->flags & SYN_MAY_RETURN && stmt->kind != SYN_RETURN;
        if (returns && !s->frame->loops && stmt->next && (then_leaves(stmt) || else_leaves(stmt))) {
            append_split(s, stmt);
            return;
        }
        bool guarded = returns && !s->frame->loops && stmt->next;
        s->frame->followed += guarded;
        sema_stmt(s, stmt);
        s->frame->followed -= guarded;
        if (guarded) {
            append_unless_done(s, stmt->next);
            return;
        }
        if (returns && is_loop(stmt) && s->frame->loops) append_leave(s, stmt->range);
    }
}

/* -- the call ----------------------------------------------------------------------------------------------- */

static struct ir_local *append_variable(struct sema *s, const char *suffix, struct ir_expr *first,
                                        const struct syn_item *fn)
{
    struct ir_stmt *var = sema_append(s, IR_STMT_VAR, first->range);
    const char *name = arena_printf(s->arena, "%s_%s", fn->name.name->text, suffix);

    var->let.local = ir_local_new(s->program, intern_string(s->m->names, name), first->type, true, first->range);
    var->let.value = first;
    return var->let.local;
}

/* The body's names mean the arguments; what they meant to the caller comes back with the end of the scope. */
static void bind(struct sema *s, const struct fn *fn, struct symbol *args)
{
    for (uint32_t i = 0; i < fn->n_params; i++) {
        struct name *name = fn->params[i].name.name;
        struct scope_entry entry = {name, name->symbol};

        args[i].frame = s->frame;
        vec_push(s->arena, &s->scope, entry);
        name->symbol = &args[i];
    }
}

static struct ir_expr *inline_body(struct sema *s, struct fn *fn, struct src_range range)
{
    struct frame *frame = s->frame;
    const struct syn_stmt *first = fn->syn->body.first;

    if (fn->is_expression) return sema_expr_of(s, first->value, fn->result);
    if (!fn->ends_in_return && fn->result.scalar)
        frame->result = append_variable(s, "result", sema_zero(s, fn->result, range), fn->syn);
    if (fn->needs_flag) frame->done = append_variable(s, "done", ir_const(s->m, IR_TYPE(BOOL), 0, range), fn->syn);
    sema_fn_stmts(s, first);
    return frame->result ? ir_get_local(s->m, frame->result, range) : frame->value;
}

struct ir_expr *sema_fn_inline(struct sema *s, struct fn *fn, const struct syn_expr *call, struct symbol *args,
                               bool *ok)
{
    struct frame frame = {.caller = s->frame, .fn = fn};
    uint32_t scope = sema_open_scope(s);
    struct ir_expr *value;

    if (s->pure_only && !fn->is_expression) {
        if (!s->pure_reported) diag_report(s->diags, DIAG_STATEMENT_IN_CONDITION, call->range);
        s->pure_reported = true;
        *ok = false;
        return NULL;
    }
    if (!sema_enter(s, call->range)) {
        *ok = false;
        return NULL;
    }
    s->frame = &frame;
    bind(s, fn, args);
    value = inline_body(s, fn, call->range);
    sema_close_scope(s, scope);
    s->frame = frame.caller;
    sema_leave(s);
    if (fn->result.scalar && !value) *ok = false;
    return value;
}
