/* sema_effects.c - statements that are written as calls: atomics, copies, traps, and functions called for what they do.
 */
#include <string.h>

#include "frontend/sema.h"
#include "ir/build.h"
#include "ir/ops.h"

enum { MAX_ATOMIC_VALUES = 2, N_COPY_ARGS = 6 };

bool sema_is_atomic(const struct syn_expr *e)
{
    return e->kind == SYN_CALL && e->name->symbol && e->name->symbol->kind == SYMBOL_ATOMIC;
}

/* -- atomics ------------------------------------------------------------------------------------------------ */

static bool find_order(const struct syn_expr *e, enum ir_order *order)
{
    static const char *const texts[] = {
#define ORDER(NAME, text) text,
#include "ir/atomics.def"
    };

    if (e->kind != SYN_NAME) return false;
    for (uint32_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(e->name->text, texts[i])) continue;
        *order = (enum ir_order)i;
        return true;
    }
    return false;
}

/* The element: index and buffer. */
static struct symbol *check_element(struct sema *s, const struct syn_expr *e)
{
    const struct syn_expr *element = e->args[0];
    struct syn_ref name;
    struct symbol *sym;

    if (element->kind != SYN_INDEX) {
        diag_report(s->diags, DIAG_ATOMIC_PLACE, element->range, e->name->text);
        return NULL;
    }
    name = sema_name_of(element);
    sym = sema_buffer(s, name);
    if (!sym) return NULL;
    return sema_check_access(s, sym, name, true) && sema_check_access(s, sym, name, false) ? sym : NULL;
}

static struct ir_stmt *check_atomic(struct sema *s, const struct syn_expr *e, struct src_range range)
{
    enum ir_atomic op = e->name->symbol->atomic;
    uint32_t n_values = op == IR_ATOMIC_CAS ? 2 : 1, n = e->n_args;
    enum ir_order order = IR_ORDER_SEQ_CST;
    bool order_given = n == n_values + 2 && find_order(e->args[n - 1], &order);
    struct operand operands[1 + MAX_ATOMIC_VALUES];
    struct ir_expr *values[1 + MAX_ATOMIC_VALUES];
    struct symbol *sym;
    struct ir_stmt *made;

    if (n == n_values + 2 && !order_given) {
        diag_report(s->diags, DIAG_UNKNOWN_ORDER, e->args[n - 1]->range);
        return NULL;
    }
    if (n != n_values + 1 && !order_given) {
        sema_arg_count(s, e, e->name->text, n_values + 1);
        return NULL;
    }
    sym = check_element(s, e);
    if (!sym) return NULL;
    operands[0] = (struct operand){e->args[0]->args[0], IR_TYPE(U32), true};
    for (uint32_t i = 1; i <= n_values; i++)
        operands[i] = (struct operand){e->args[i], sema_buffer_of(sym)->elem, false};
    if (!sema_operands(s, operands, n_values + 1, values)) return NULL;
    made = sema_append(s, IR_STMT_ATOMIC, range);
    made->atomic.op = op;
    made->atomic.order = order;
    made->atomic.order_given = order_given;
    made->atomic.buffer = sema_buffer_of(sym);
    made->atomic.index = values[0];
    made->atomic.in_bounds = sema_claims_bounds(s, e->args[0]);
    made->atomic.expected = op == IR_ATOMIC_CAS ? values[1] : NULL;
    made->atomic.value = values[n_values];
    return made;
}

void sema_atomic_let(struct sema *s, const struct syn_stmt *stmt)
{
    struct ir_stmt *made = check_atomic(s, stmt->value, stmt->range);
    struct symbol *sym = sema_declare(s, made ? SYMBOL_LOCAL : SYMBOL_BAD, stmt->name);

    if (!made) return;
    sym->local = ir_local_new(s->program, stmt->name.name->text, made->atomic.buffer->elem, false, stmt->name.range);
    made->atomic.declares = true;
    made->atomic.result = sym->local;
}

void sema_atomic_assign(struct sema *s, const struct syn_stmt *stmt, struct ir_local *result)
{
    struct ir_stmt *made = check_atomic(s, stmt->value, stmt->range);

    if (!made) return;
    if (!ir_type_equal(made->atomic.buffer->elem, result->type)) {
        diag_report(s->diags, DIAG_TYPE_MISMATCH, stmt->value->range, ir_type_text(result->type),
                    ir_type_text(made->atomic.buffer->elem));
        return;
    }
    made->atomic.result = result;
}

/* -- copies, waits, traps ----------------------------------------------------------------------------------- */

static struct symbol *check_buffer_arg(struct sema *s, const struct syn_expr *e, bool writes)
{
    struct symbol *sym;

    if (e->kind != SYN_NAME) {
        diag_report(s->diags, DIAG_BUFFER_NAME, e->range);
        return NULL;
    }
    sym = sema_buffer(s, sema_name_of(e));
    if (!sym) return NULL;
    if (writes && sym->kind == SYMBOL_DATA) {
        diag_report(s->diags, DIAG_NOT_ASSIGNABLE, e->range, e->name->text, symbol_kind_text(sym->kind));
        return NULL;
    }
    return sema_check_access(s, sym, sema_name_of(e), writes) ? sym : NULL;
}

static bool check_tag(struct sema *s, const struct syn_expr *e, uint32_t *tag)
{
    uint64_t value;

    if (!sema_count(s, e, "a tag", 0, UINT32_MAX, &value)) return false;
    *tag = (uint32_t)value;
    return true;
}

/* copy_async(dst, dst_index, src, src_index, n, tag) */
static void check_copy(struct sema *s, const struct syn_expr *e, struct src_range range)
{
    struct symbol *dst, *src;
    struct ir_expr *values[3];
    struct ir_stmt *made;
    uint32_t tag;

    if (!sema_arg_count(s, e, "copy_async", N_COPY_ARGS)) return;
    dst = check_buffer_arg(s, e->args[0], true);
    src = check_buffer_arg(s, e->args[2], false);
    const struct operand operands[3] = {
        {e->args[1], IR_TYPE(U32), true}, {e->args[3], IR_TYPE(U32), true}, {e->args[4], IR_TYPE(U32), false}};
    if (!sema_operands(s, operands, 3, values) || !check_tag(s, e->args[5], &tag) || !dst || !src) return;
    if (!ir_type_equal(sema_buffer_of(dst)->elem, sema_buffer_of(src)->elem)) {
        diag_report(s->diags, DIAG_TYPE_MISMATCH, e->args[2]->range, ir_type_text(sema_buffer_of(dst)->elem),
                    ir_type_text(sema_buffer_of(src)->elem));
        return;
    }
    made = sema_append(s, IR_STMT_COPY_ASYNC, range);
    made->copy.dst = sema_buffer_of(dst);
    made->copy.src = sema_buffer_of(src);
    made->copy.dst_index = values[0];
    made->copy.src_index = values[1];
    made->copy.count = values[2];
    made->copy.tag = tag;
}

static void check_wait(struct sema *s, const struct syn_expr *e, struct src_range range)
{
    uint32_t tag;

    if (!sema_arg_count(s, e, "wait", 1) || !check_tag(s, e->args[0], &tag)) return;
    sema_append(s, IR_STMT_WAIT, range)->wait.tag = tag;
}

/* Only what stands for several arms has more to tell than a code. */
static bool check_trap_args(struct sema *s, const struct syn_expr *e)
{
    bool several = s->program && s->program->trap_arms.n;
    return (several && (e->n_args == 2 || e->n_args == 3)) || sema_arg_count(s, e, e->name->text, 1);
}

/* An invocation that goes on must not change which trap is told: passes prove that, nobody else does. */
static bool check_tell_place(struct sema *s, const struct syn_expr *e)
{
    if (s->program && s->program->internal) return true;
    diag_report(s->diags, DIAG_TELL_PLACE, e->range);
    return false;
}

static struct ir_told check_told(struct sema *s, const struct syn_expr *e)
{
    struct ir_told told = {0};
    uint64_t arm;

    if (e->n_args < 2 || !sema_count(s, e->args[1], "the number of an arm", 0, s->program->trap_arms.n - 1, &arm))
        return told;
    told.arm = (uint32_t)arm;
    if (e->n_args == 3) told.invocation = sema_expr_of(s, e->args[2], IR_TYPE(U32));
    return told;
}

struct ir_told sema_while_told(struct sema *s, const struct syn_expr *e)
{
    struct symbol *sym = sema_lookup(s, sema_name_of(e));
    uint64_t code;

    if (!sym) return (struct ir_told){0};
    bool goes_on = sym->kind == SYMBOL_STATEMENT && sym->statement == IR_STMT_TELL;
    if (sym->kind != SYMBOL_STATEMENT || (sym->statement != IR_STMT_TRAP && !goes_on)) {
        sema_report_kind(s, sema_name_of(e), sym, "a trap");
        return (struct ir_told){0};
    }
    if (!check_trap_args(s, e) || !sema_count(s, e->args[0], "the code of a loop's trap", 1, 1, &code) ||
        (goes_on && !check_tell_place(s, e)))
        return (struct ir_told){0};
    struct ir_told told = check_told(s, e);
    told.goes_on = goes_on;
    return told;
}

static void check_trap(struct sema *s, const struct syn_expr *e, enum ir_stmt_kind kind, struct src_range range)
{
    struct ir_expr *code;
    struct ir_told told;
    struct ir_stmt *made;

    if (!check_trap_args(s, e) || (kind == IR_STMT_TELL && !check_tell_place(s, e))) return;
    code = sema_expr_of(s, e->args[0], IR_TYPE(U32));
    told = check_told(s, e);
    if (!code) return;
    made = sema_append(s, kind, range);
    made->trap.code = code;
    made->trap.told = told;
}

/* -- all of them -------------------------------------------------------------------------------------------- */

void sema_effect(struct sema *s, const struct syn_expr *e, struct src_range range)
{
    struct syn_ref name = sema_name_of(e);
    struct symbol *sym = sema_lookup(s, name);
    bool ok;

    if (!sym) return;
    switch (sym->kind) {
    case SYMBOL_ATOMIC:
        check_atomic(s, e, range);
        return;
    case SYMBOL_FN:
        sema_fn_call(s, e, sym->fn, &ok);
        return;
    case SYMBOL_STATEMENT:
        if (sym->statement == IR_STMT_COPY_ASYNC)
            check_copy(s, e, range);
        else if (sym->statement == IR_STMT_WAIT)
            check_wait(s, e, range);
        else
            check_trap(s, e, sym->statement, range);
        return;
    case SYMBOL_COLLECTIVE:
        diag_report(s->diags, DIAG_COLLECTIVE_PLACE, name.range, name.name->text);
        return;
    case SYMBOL_OP:
    case SYMBOL_TYPE:
    case SYMBOL_LEN:
        diag_report(s->diags, DIAG_NO_EFFECT, range, name.name->text);
        return;
    default:
        sema_report_kind(s, name, sym, "a function");
    }
}
