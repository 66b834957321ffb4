/* sema_stmts.c - statements. Each is appended when its expressions have been checked, so what they need comes before
 * it. */
#include "frontend/sema.h"
#include "ir/build.h"
#include "ir/ops.h"

static const ir_type untyped;

struct ir_stmt *sema_append(struct sema *s, enum ir_stmt_kind kind, struct src_range range)
{
    struct ir_stmt *stmt = ir_stmt_new(s->m, kind, range);

    ir_block_append(s->block, stmt);
    return stmt;
}

/* -- blocks ------------------------------------------------------------------------------------------------- */

bool sema_open_block(struct sema *s, struct ir_block *into, struct src_range range, struct ir_block **outer)
{
    if (s->nesting == IR_MAX_NESTING) {
        diag_report(s->diags, DIAG_BLOCK_DEPTH, range, IR_MAX_NESTING);
        return false;
    }
    if (!sema_enter(s, range)) return false;
    s->nesting++;
    *outer = s->block;
    s->block = into;
    return true;
}

void sema_close_block(struct sema *s, struct ir_block *outer)
{
    s->block = outer;
    s->nesting--;
    sema_leave(s);
}

void sema_stmts(struct sema *s, const struct syn_stmt *first)
{
    if (s->frame) {
        sema_fn_stmts(s, first);
        return;
    }
    for (const struct syn_stmt *stmt = first; stmt; stmt = stmt->next)
        sema_stmt(s, stmt);
}

/* In a scope of its own. */
static void check_block(struct sema *s, struct ir_block *into, const struct syn_block *b)
{
    struct ir_block *outer;
    uint32_t scope = sema_open_scope(s);

    if (!sema_open_block(s, into, b->range, &outer)) return;
    sema_stmts(s, b->first);
    sema_close_block(s, outer);
    sema_close_scope(s, scope);
}

/* -- values ------------------------------------------------------------------------------------------------- */

/* The name is declared after its value, which cannot mean it, and also when the value is faulty. */
static void check_let(struct sema *s, const struct syn_stmt *stmt)
{
    bool is_var = stmt->kind == SYN_VAR;
    ir_type type;
    bool typed = stmt->type && sema_type(s, stmt->type, &type);
    struct ir_expr *value = NULL;
    struct symbol *sym;
    struct ir_stmt *let;

    if (!is_var && !stmt->type && sema_is_atomic(stmt->value)) {
        sema_atomic_let(s, stmt);
        return;
    }
    if (typed)
        value = sema_expr_of(s, stmt->value, type);
    else
        value = sema_expr(s, stmt->value, untyped);
    sym = sema_declare(s, value ? SYMBOL_LOCAL : SYMBOL_BAD, stmt->name);
    if (!value) return;
    let = sema_append(s, is_var ? IR_STMT_VAR : IR_STMT_LET, stmt->range);
    let->let.local = sym->local =
        ir_local_new(s->program, stmt->name.name->text, value->type, is_var, stmt->name.range);
    let->let.value = value;
}

static struct ir_local *find_variable(struct sema *s, struct syn_ref name)
{
    struct symbol *sym = sema_lookup(s, name);
    struct diag *d;

    if (!sym) return NULL;
    if (sym->kind == SYMBOL_LOCAL && sym->local->is_mutable) return sym->local;
    d = diag_report(s->diags, DIAG_NOT_ASSIGNABLE, name.range, name.name->text, symbol_kind_text(sym->kind));
    if (sym->range.end) diag_add_note(s->diags, d, sym->range, "'%s' is declared here", name.name->text);
    return NULL;
}

static void check_variable(struct sema *s, const struct syn_stmt *stmt)
{
    struct ir_local *local = find_variable(s, sema_name_of(stmt->place));
    struct ir_expr *value;
    struct ir_stmt *assign;

    if (sema_is_atomic(stmt->value)) {
        if (local) sema_atomic_assign(s, stmt, local);
        return;
    }
    value = local ? sema_expr_of(s, stmt->value, local->type) : sema_expr(s, stmt->value, untyped);
    if (!local || !value) return;
    assign = sema_append(s, IR_STMT_ASSIGN, stmt->range);
    assign->let.local = local;
    assign->let.value = value;
}

static void check_store(struct sema *s, const struct syn_stmt *stmt)
{
    struct syn_ref name = sema_name_of(stmt->place);
    struct symbol *sym = sema_buffer(s, name);
    struct ir_buffer *buffer = sym ? sema_buffer_of(sym) : NULL;
    const struct operand operands[2] = {{stmt->place->args[0], IR_TYPE(U32), true},
                                        {stmt->value, buffer ? buffer->elem : untyped, false}};
    struct ir_expr *values[2];
    struct ir_stmt *store;

    if (!buffer) return;
    if (sym->kind == SYMBOL_DATA) {
        diag_report(s->diags, DIAG_NOT_ASSIGNABLE, name.range, name.name->text, symbol_kind_text(sym->kind));
        return;
    }
    if (!sema_check_access(s, sym, name, true) || !sema_operands(s, operands, 2, values)) return;
    store = sema_append(s, IR_STMT_STORE, stmt->range);
    store->store.buffer = buffer;
    store->store.index = values[0];
    store->store.value = values[1];
    store->store.in_bounds = sema_claims_bounds(s, stmt->place);
}

/* -- control flow ------------------------------------------------------------------------------------------- */

static void check_if(struct sema *s, const struct syn_stmt *stmt)
{
    struct ir_expr *cond = sema_expr_of(s, stmt->value, IR_TYPE(BOOL));
    struct ir_stmt *made = sema_append(s, IR_STMT_IF, stmt->range);

    made->if_.cond = cond;
    made->if_.has_else = stmt->else_body;
    check_block(s, &made->if_.then_block, stmt->body);
    if (stmt->else_body) check_block(s, &made->if_.else_block, stmt->else_body);
}

/* Both bounds have one integer type; a literal takes that of the other. */
static bool check_bounds(struct sema *s, const struct syn_stmt *stmt, struct ir_expr **from, struct ir_expr **to)
{
    bool to_first = stmt->value->flags & SYN_FLAG_UNTYPED && !(stmt->to->flags & SYN_FLAG_UNTYPED);
    struct ir_stmt *after;

    if (to_first) *to = sema_expr(s, stmt->to, untyped);
    *from = sema_expr(s, stmt->value, to_first && *to ? (*to)->type : untyped);
    after = s->block->last;
    if (!to_first) *to = sema_expr(s, stmt->to, *from ? (*from)->type : untyped);
    if (!*from || !*to) return false;
    *from = sema_keep(s, *from, after);
    if (!ir_type_is_int((*from)->type) || (*from)->type.lanes != 1) {
        diag_report(s->diags, DIAG_TYPE_MISMATCH, stmt->value->range, "an integer", ir_type_text((*from)->type));
        return false;
    }
    if (ir_type_equal((*from)->type, (*to)->type)) return true;
    diag_report(s->diags, DIAG_OPERANDS_DIFFER, src_join(stmt->value->range, stmt->to->range), "..",
                ir_type_text((*from)->type), ir_type_text((*to)->type));
    return false;
}

static bool check_step(struct sema *s, const struct syn_expr *e, ir_type type, uint64_t *step)
{
    uint64_t bits, most = UINT64_MAX >> (64 - ir_type_info(type)->bits);
    ir_type found;

    *step = 1;
    if (!e) return true;
    if (!sema_constant(s, e, type, "the step of a loop", &bits, &found)) return false;
    if (!ir_type_equal(found, type)) {
        diag_report(s->diags, DIAG_TYPE_MISMATCH, e->range, ir_type_text(type), ir_type_text(found));
        return false;
    }
    if (ir_type_is_signed(type)) most >>= 1;
    if (!bits || bits > most) {
        diag_report(s->diags, DIAG_BAD_STEP, e->range);
        return false;
    }
    *step = bits;
    return true;
}

static void check_loop_body(struct sema *s, struct ir_block *into, const struct syn_block *body)
{
    uint32_t *loops = s->frame ? &s->frame->loops : &s->loops;

    ++*loops;
    check_block(s, into, body);
    --*loops;
}

static void check_for(struct sema *s, const struct syn_stmt *stmt)
{
    struct ir_expr *from, *to;
    bool ok = check_bounds(s, stmt, &from, &to);
    uint64_t step = 1;
    uint32_t scope;
    struct symbol *sym;
    struct ir_stmt *made;

    if (ok) ok = check_step(s, stmt->step, from->type, &step);
    made = sema_append(s, IR_STMT_FOR, stmt->range);
    scope = sema_open_scope(s);
    sym = sema_declare(s, ok ? SYMBOL_LOCAL : SYMBOL_BAD, stmt->name);
    if (ok) {
        sym->local = ir_local_new(s->program, stmt->name.name->text, from->type, false, stmt->name.range);
        made->for_.local = sym->local;
        made->for_.from = from;
        made->for_.to = to;
        made->for_.step = step;
    }
    check_loop_body(s, &made->for_.body, stmt->body);
    sema_close_scope(s, scope);
}

static void check_while(struct sema *s, const struct syn_stmt *stmt)
{
    struct ir_expr *max = sema_expr_of(s, stmt->to, IR_TYPE(U32)), *cond;
    struct ir_told told = {0};
    struct ir_stmt *made;

    s->pure_only = true;
    s->pure_reported = false;
    cond = sema_expr_of(s, stmt->value, IR_TYPE(BOOL));
    s->pure_only = false;
    if (stmt->step) told = sema_while_told(s, stmt->step);
    made = sema_append(s, IR_STMT_WHILE, stmt->range);
    made->while_.cond = cond;
    made->while_.max = max;
    made->while_.told = told;
    check_loop_body(s, &made->while_.body, stmt->body);
}

static void check_scope(struct sema *s, const struct syn_stmt *stmt)
{
    struct ir_stmt *made = sema_append(s, stmt->kind == SYN_REGION ? IR_STMT_REGION : IR_STMT_BLOCK, stmt->range);

    if (stmt->kind == SYN_REGION) made->scope.name = sema_label(s, stmt->value);
    check_block(s, &made->scope.body, stmt->body);
}

/* In a program's own text this is a rule of the IR; a function must not leave a loop of whoever calls it. */
static void check_jump(struct sema *s, const struct syn_stmt *stmt, enum ir_stmt_kind kind)
{
    if (s->frame && !s->frame->loops) {
        if (s->checking) diag_report(s->diags, DIAG_JUMP_OUTSIDE_LOOP, stmt->range, ir_stmt_infos[kind].text);
        return;
    }
    sema_append(s, kind, stmt->range);
}

static void check_return(struct sema *s, const struct syn_stmt *stmt)
{
    if (s->frame) {
        sema_fn_return(s, stmt);
        return;
    }
    if (stmt->value) diag_report(s->diags, DIAG_RETURN_IN_PROGRAM, stmt->value->range);
    sema_append(s, IR_STMT_RETURN, stmt->range);
}

/* -- all of them -------------------------------------------------------------------------------------------- */

void sema_stmt(struct sema *s, const struct syn_stmt *stmt)
{
    if (!sema_count_inlined(s, stmt->range)) return;
    switch ((enum syn_stmt_kind)stmt->kind) {
    case SYN_LET:
    case SYN_VAR:
        check_let(s, stmt);
        break;
    case SYN_ASSIGN:
        (stmt->place->kind == SYN_NAME ? check_variable : check_store)(s, stmt);
        break;
    case SYN_EXPR:
        sema_effect(s, stmt->value, stmt->range);
        break;
    case SYN_IF:
        check_if(s, stmt);
        break;
    case SYN_FOR:
        check_for(s, stmt);
        break;
    case SYN_WHILE:
        check_while(s, stmt);
        break;
    case SYN_BREAK:
        check_jump(s, stmt, IR_STMT_BREAK);
        break;
    case SYN_CONTINUE:
        check_jump(s, stmt, IR_STMT_CONTINUE);
        break;
    case SYN_RETURN:
        check_return(s, stmt);
        break;
    case SYN_BLOCK:
    case SYN_REGION:
        check_scope(s, stmt);
        break;
    case SYN_BARRIER:
        sema_append(s, IR_STMT_BARRIER, stmt->range);
        break;
    case SYN_GRID_BARRIER:
        sema_append(s, IR_STMT_GRID_BARRIER, stmt->range);
        break;
    case SYN_ARM:
    case SYN_HOST:
        bug("a step of a pipeline in a program");
    }
}
