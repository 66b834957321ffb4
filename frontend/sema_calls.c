/* sema_calls.c - what is written as a call and gives a value: builtins, casts, vectors, bitcasts, len, functions. */
#include <string.h>

#include "frontend/sema.h"
#include "ir/build.h"
#include "ir/ops.h"

static const ir_type untyped;

enum { MAX_BUILTIN_ARGS = 4 };

/* What each operand of a signature is: T the type that all T share, U a u32, B a bool. */
static const char *const shapes[] = {
    [IR_SIG_NONE] = "B",    [IR_SIG_T_T] = "T",       [IR_SIG_T_TT] = "TT", [IR_SIG_T_TTT] = "TTT",
    [IR_SIG_T_TU] = "TU",   [IR_SIG_B_TT] = "TT",     [IR_SIG_B_T] = "T",   [IR_SIG_U_T] = "T",
    [IR_SIG_T_TUU] = "TUU", [IR_SIG_T_TTUU] = "TTUU", [IR_SIG_U_UU] = "UU", [IR_SIG_U_UUU] = "UUU",
    [IR_SIG_T_BTT] = "BTT",
};

bool sema_arg_count(struct sema *s, const struct syn_expr *e, const char *name, uint32_t n)
{
    if (e->n_args == n) return true;
    diag_report(s->diags, DIAG_ARGUMENT_COUNT, e->range, name, n, n == 1 ? "" : "s", e->n_args);
    return false;
}

/* -- builtins ----------------------------------------------------------------------------------------------- */

/* Literals wait until an operand with a type of its own has been seen; then all of them take that. */
static bool check_operands(struct sema *s, const struct syn_expr *e, const char *shape, ir_type shared,
                           struct ir_expr **args)
{
    struct ir_stmt *after[MAX_BUILTIN_ARGS];
    bool known = false, ok = true, is_float = false;

    for (uint32_t i = 0; i < e->n_args; i++) {
        args[i] = NULL;
        if (shape[i] == 'T' && e->args[i]->flags & SYN_FLAG_UNTYPED) {
            is_float |= (e->args[i]->flags & SYN_FLAG_FLOAT) != 0;
            continue;
        }
        args[i] = sema_expr(s, e->args[i], shape[i] == 'U' ? IR_TYPE(U32) : shape[i] == 'T' ? shared : untyped);
        after[i] = s->block->last;
        if (!args[i]) ok = false;
        if (args[i] && shape[i] == 'T' && !known) {
            shared = args[i]->type;
            known = true;
        }
    }
    if (!known && shared.scalar == IR_NONE && is_float) shared = IR_TYPE(F32);
    for (uint32_t i = e->n_args; ok && i-- > 0;) {
        args[i] = args[i] ? sema_keep(s, args[i], after[i]) : sema_expr(s, e->args[i], shared);
        ok = args[i];
    }
    return ok;
}

/* The operand that does not fit: because of its own type, or because it differs from the one before. */
static void report_operand(struct sema *s, const struct syn_expr *e, enum ir_op op, const ir_type *types, uint32_t bad)
{
    const char *shape = shapes[ir_op_infos[op].sig], *name = e->name->text;

    if (shape[bad] == 'U') {
        diag_report(s->diags, DIAG_TYPE_MISMATCH, e->args[bad]->range, "u32", ir_type_text(types[bad]));
        return;
    }
    if (shape[bad] == 'B') {
        diag_report(s->diags, DIAG_TYPE_MISMATCH, e->args[bad]->range, "bool", ir_type_text(types[bad]));
        return;
    }
    for (uint32_t i = 0; i < bad; i++) {
        if (shape[i] != 'T' || ir_type_equal(types[i], types[bad])) continue;
        diag_report(s->diags, DIAG_OPERANDS_DIFFER, e->range, name, ir_type_text(types[i]), ir_type_text(types[bad]));
        return;
    }
    diag_report(s->diags, DIAG_OPERAND_TYPE, e->args[bad]->range, name, ir_type_text(types[bad]));
}

static bool result_type(enum ir_op op, const ir_type *types, ir_type *type, uint32_t *bad)
{
    if (op != IR_OP_BALLOT) return ir_op_result_type(op, types, type, bad);
    *bad = 0;
    *type = IR_TYPE(U32);
    return ir_type_equal(types[0], IR_TYPE(BOOL));
}

static bool gives_shared_type(enum ir_sig sig)
{
    return sig != IR_SIG_B_TT && sig != IR_SIG_B_T && sig != IR_SIG_U_T;
}

static struct ir_expr *check_builtin(struct sema *s, const struct syn_expr *e, enum ir_op op, ir_type want)
{
    enum ir_sig sig = ir_op_infos[op].sig;
    struct ir_expr *args[MAX_BUILTIN_ARGS];
    ir_type types[MAX_BUILTIN_ARGS], type;
    uint32_t bad;

    if (!sema_arg_count(s, e, e->name->text, ir_op_infos[op].n_args)) return NULL;
    if (!check_operands(s, e, shapes[sig], gives_shared_type(sig) ? want : untyped, args)) return NULL;
    for (uint32_t i = 0; i < e->n_args; i++)
        types[i] = args[i]->type;
    if (result_type(op, types, &type, &bad)) return ir_expr_new(s->m, op, type, args, e->n_args, e->range);
    report_operand(s, e, op, types, bad);
    return NULL;
}

/* -- conversions -------------------------------------------------------------------------------------------- */

/* A literal without suffix is read as the type itself, so u64(1) << 40 needs no cast. */
static struct ir_expr *check_cast(struct sema *s, const struct syn_expr *e, enum ir_scalar to)
{
    ir_type type = {(uint8_t)to, 1}, want = type;
    const struct syn_expr *arg;
    struct ir_expr *value;

    if (!sema_arg_count(s, e, e->name->text, 1)) return NULL;
    arg = e->args[0];
    if (to == IR_BOOL || (arg->flags & SYN_FLAG_FLOAT && !ir_type_is_float(type))) want = untyped;
    value = sema_expr(s, arg, want);
    if (!value) return NULL;
    if (value->type.lanes != 1) {
        diag_report(s->diags, DIAG_CAST, e->range, ir_type_text(value->type), ir_type_text(type));
        return NULL;
    }
    if (arg->flags & SYN_FLAG_UNTYPED && ir_type_equal(value->type, type)) return value;
    return ir_expr_new(s->m, IR_OP_CAST, type, &value, 1, e->range);
}

struct ir_expr *sema_bitcast(struct sema *s, const struct syn_expr *e)
{
    struct ir_expr *value;
    ir_type type, from;

    if (!sema_type(s, e->type, &type) || !sema_arg_count(s, e, "bitcast", 1)) return NULL;
    value = sema_expr(s, e->args[0], untyped);
    if (!value) return NULL;
    from = value->type;
    if (type.scalar != IR_BOOL && from.scalar != IR_BOOL && type.lanes == from.lanes &&
        ir_type_info(type)->bits == ir_type_info(from)->bits)
        return ir_expr_new(s->m, IR_OP_BITCAST, type, &value, 1, e->range);
    diag_report(s->diags, DIAG_BITCAST_WIDTH, e->range, ir_type_text(from), ir_type_text(type));
    return NULL;
}

/* vec4<f32>(v): every component converted. */
static struct ir_expr *check_vector_cast(struct sema *s, const struct syn_expr *e, ir_type type)
{
    struct ir_expr *value = sema_expr(s, e->args[0], untyped);

    if (!value) return NULL;
    if (value->type.lanes == type.lanes) return ir_expr_new(s->m, IR_OP_CAST, type, &value, 1, e->range);
    if (value->type.lanes == 1)
        sema_arg_count(s, e, ir_type_text(type), type.lanes);
    else
        diag_report(s->diags, DIAG_CAST, e->range, ir_type_text(value->type), ir_type_text(type));
    return NULL;
}

struct ir_expr *sema_vec(struct sema *s, const struct syn_expr *e)
{
    struct operand operands[4] = {{0}};
    struct ir_expr *lanes[4];
    ir_type type;

    if (!sema_type(s, e->type, &type)) return NULL;
    if (e->n_args == 1) return check_vector_cast(s, e, type);
    if (!sema_arg_count(s, e, ir_type_text(type), type.lanes)) return NULL;
    for (uint32_t i = 0; i < type.lanes; i++)
        operands[i] = (struct operand){e->args[i], {type.scalar, 1}, false};
    if (!sema_operands(s, operands, type.lanes, lanes)) return NULL;
    return ir_expr_new(s->m, IR_OP_VEC, type, lanes, type.lanes, e->range);
}

/* -- the rest ----------------------------------------------------------------------------------------------- */

static struct ir_expr *check_len(struct sema *s, const struct syn_expr *e)
{
    struct symbol *sym;

    if (!sema_arg_count(s, e, "len", 1)) return NULL;
    if (e->args[0]->kind != SYN_NAME) {
        diag_report(s->diags, DIAG_BUFFER_NAME, e->args[0]->range);
        return NULL;
    }
    sym = sema_buffer(s, sema_name_of(e->args[0]));
    return sym ? ir_len(s->m, sema_buffer_of(sym), e->range) : NULL;
}

static struct ir_expr *check_fn(struct sema *s, const struct syn_expr *e, struct fn *fn)
{
    bool ok;
    struct ir_expr *value = sema_fn_call(s, e, fn, &ok);

    if (ok && !value) diag_report(s->diags, DIAG_NO_VALUE, e->range, e->name->text);
    return value;
}

struct ir_expr *sema_call(struct sema *s, const struct syn_expr *e, ir_type want)
{
    struct syn_ref name = sema_name_of(e);
    struct symbol *sym = sema_lookup(s, name);

    if (!sym) return NULL;
    switch (sym->kind) {
    case SYMBOL_OP:
        return check_builtin(s, e, sym->op, want);
    case SYMBOL_TYPE:
        return check_cast(s, e, sym->scalar);
    case SYMBOL_LEN:
        return check_len(s, e);
    case SYMBOL_FN:
        return check_fn(s, e, sym->fn);
    case SYMBOL_ATOMIC:
        diag_report(s->diags, DIAG_ATOMIC_IN_EXPRESSION, e->range, name.name->text);
        return NULL;
    default:
        sema_report_kind(s, name, sym, "a function");
        return NULL;
    }
}
