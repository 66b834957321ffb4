/* sema_exprs.c - expressions: names, operators, elements, components.
 *
 * A literal without suffix takes the type that its context needs. The syntax tree knows which operands are made of such
 * literals alone, so of two operands the one with a type of its own is checked first and gives its type to the other.
 */
#include "frontend/sema.h"
#include "ir/build.h"
#include "ir/ops.h"

static const ir_type untyped;

/* -- what an expression may depend on ------------------------------------------------------------------------- */

bool sema_is_leaf(const struct ir_expr *e)
{
    return !e->n_args;
}

/* Variables cannot change inside one statement; memory and the set of lanes can, by what a call does. */
bool sema_is_stable(const struct ir_expr *e)
{
    if (ir_op_infos[e->op].traits & (IR_TRAIT_LOADS | IR_TRAIT_SUBGROUP)) return false;
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!sema_is_stable(e->args[i])) return false;
    return true;
}

struct ir_expr *sema_spill(struct sema *s, struct ir_expr *e, const char *name)
{
    struct ir_stmt *let;

    if (s->pure_only) {
        if (!s->pure_reported) diag_report(s->diags, DIAG_STATEMENT_IN_CONDITION, e->range);
        s->pure_reported = true;
        return e;
    }
    let = sema_append(s, IR_STMT_LET, e->range);
    let->let.local = ir_local_new(s->program, name, e->type, false, e->range);
    let->let.value = e;
    return ir_get_local(s->m, let->let.local, e->range);
}

static bool only_names_values(const struct ir_stmt *first)
{
    for (; first; first = first->next)
        if (first->kind != IR_STMT_LET && first->kind != IR_STMT_VAR && first->kind != IR_STMT_ASSIGN) return false;
    return true;
}

struct ir_expr *sema_keep(struct sema *s, struct ir_expr *e, struct ir_stmt *after)
{
    struct ir_stmt *first = after ? after->next : s->block->first, *let;

    if (only_names_values(first) || sema_is_stable(e)) return e;
    let = ir_stmt_new(s->m, IR_STMT_LET, e->range);
    let->let.local = ir_local_new(s->program, "operand", e->type, false, e->range);
    let->let.value = e;
    ir_insert_before(first, let);
    return ir_get_local(s->m, let->let.local, e->range);
}

/* -- names -------------------------------------------------------------------------------------------------- */

/* Bits of infinity and of the quiet NaN, rounded from f64. */
static uint64_t special_bits(ir_type type, bool is_nan)
{
    struct ir_value v = {{is_nan ? 0x7FF8000000000000u : 0x7FF0000000000000u}};
    ir_type from = IR_TYPE(F64);

    return type.scalar == IR_F64 ? v.lane[0] : ir_op_eval(IR_OP_CAST, type, 0, &from, &v, 1).lane[0];
}

static struct ir_expr *check_special(struct sema *s, const struct syn_expr *e, ir_type want, bool negative)
{
    const struct symbol *sym = e->name->symbol;
    ir_type type = want;
    uint64_t bits;

    if (sym->literal.scalar)
        type = (ir_type){(uint8_t)sym->literal.scalar, 1};
    else if (type.scalar == IR_NONE)
        type = IR_TYPE(F32);
    if (!ir_type_is_float(type) || type.lanes != 1) {
        diag_report(s->diags, DIAG_LITERAL_TYPE, e->range, "a float", ir_type_text(type));
        return NULL;
    }
    bits = special_bits(type, sym->literal.is_nan);
    if (negative && !sym->literal.is_nan) {
        struct ir_value v = {{bits}};
        bits = ir_op_eval(IR_OP_NEG, type, 0, &type, &v, 1).lane[0];
    }
    return ir_const(s->m, type, bits, e->range);
}

static struct ir_expr *get_value(struct sema *s, struct symbol *sym, struct src_range range)
{
    struct ir_expr *e;

    if (sym->value.n_uses) ++*sym->value.n_uses;
    if (sym->value.may_move) return sym->value.expr;
    e = ir_expr_copy(s->m, sym->value.expr);
    if (sema_is_leaf(e)) e->range = range;
    return e;
}

static struct ir_expr *check_id(struct sema *s, struct syn_ref name, const struct symbol *sym)
{
    if (sym->op == IR_OP_LANE || sym->op == IR_OP_SUBGROUP_SIZE) return ir_id(s->m, sym->op, 0, name.range);
    diag_report(s->diags, DIAG_NEEDS_COMPONENT, name.range, name.name->text);
    return NULL;
}

static struct ir_expr *check_name(struct sema *s, const struct syn_expr *e, ir_type want)
{
    struct syn_ref name = sema_name_of(e);
    struct symbol *sym = sema_lookup(s, name);

    if (!sym) return NULL;
    switch (sym->kind) {
    case SYMBOL_LITERAL:
        return check_special(s, e, want, false);
    case SYMBOL_LOCAL:
        return ir_get_local(s->m, sym->local, e->range);
    case SYMBOL_PARAM:
        return ir_get_param(s->m, sym->param, e->range);
    case SYMBOL_VALUE:
        return get_value(s, sym, e->range);
    case SYMBOL_ID:
        return check_id(s, name, sym);
    default:
        sema_report_kind(s, name, sym, "a value");
        return NULL;
    }
}

/* -- memory ------------------------------------------------------------------------------------------------- */

struct ir_buffer *sema_buffer_of(const struct symbol *sym)
{
    return sym->kind == SYMBOL_DATA ? &sym->data->buffer : sym->buffer.at;
}

struct symbol *sema_buffer(struct sema *s, struct syn_ref name)
{
    struct symbol *sym = sema_lookup(s, name);

    if (!sym || sym->kind == SYMBOL_BUFFER || (sym->kind == SYMBOL_DATA && sym->data)) return sym;
    if (sym->kind != SYMBOL_DATA) sema_report_kind(s, name, sym, "a buffer, table or array");
    return NULL;
}

/* A function may do with a buffer what its parameter says, whatever it is called with. What a program may do with its
 * own buffers is checked on the IR. */
bool sema_check_access(struct sema *s, const struct symbol *sym, struct syn_ref name, bool writes)
{
    enum ir_access access = sym->kind == SYMBOL_DATA ? IR_ACCESS_READ : sym->buffer.access;

    if (!s->frame || (writes ? ir_access_writes(access) : ir_access_reads(access))) return true;
    diag_report(s->diags, DIAG_PARAMETER_ACCESS, name.range, name.name->text, ir_access_texts[access],
                writes ? "write" : "read");
    return false;
}

static struct ir_expr *check_index(struct sema *s, const struct syn_expr *e)
{
    struct ir_expr *index = sema_expr(s, e, IR_TYPE(U32));

    if (!index || ir_type_equal(index->type, IR_TYPE(U32))) return index;
    if (ir_type_equal(index->type, IR_TYPE(U8)) || ir_type_equal(index->type, IR_TYPE(U16)))
        return ir_expr_new(s->m, IR_OP_CAST, IR_TYPE(U32), &index, 1, e->range);
    diag_report(s->diags, DIAG_TYPE_MISMATCH, e->range, "a u32 as index", ir_type_text(index->type));
    return NULL;
}

bool sema_claims_bounds(struct sema *s, const struct syn_expr *element)
{
    bool claims = element->flags & SYN_FLAG_IN_BOUNDS;

    s->m->has_claims |= claims;
    return claims;
}

static struct ir_expr *check_load(struct sema *s, const struct syn_expr *e)
{
    struct syn_ref name = sema_name_of(e);
    struct symbol *sym = sema_buffer(s, name);
    struct ir_expr *index = check_index(s, e->args[0]);

    if (!sym || !index || !sema_check_access(s, sym, name, false)) return NULL;
    struct ir_expr *load = ir_load(s->m, sema_buffer_of(sym), index, e->range);
    load->in_bounds = sema_claims_bounds(s, e);
    return load;
}

/* -- components --------------------------------------------------------------------------------------------- */

/* Which component the name says, below n; reports and gives n when it says none. */
static uint32_t component_of(struct sema *s, struct syn_ref name, uint32_t n, const char *whose)
{
    static const char letters[] = "xyzw";

    for (uint32_t i = 0; i < n; i++)
        if (name.name->text[0] == letters[i] && !name.name->text[1]) return i;
    diag_report(s->diags, DIAG_NO_COMPONENT, name.range, whose, name.name->text);
    return n;
}

static bool is_id(const struct syn_expr *e)
{
    const struct symbol *sym = e->kind == SYN_NAME ? e->name->symbol : NULL;

    return sym && sym->kind == SYMBOL_ID && sym->op != IR_OP_LANE && sym->op != IR_OP_SUBGROUP_SIZE;
}

static struct ir_expr *check_member(struct sema *s, const struct syn_expr *e)
{
    const struct syn_expr *whole = e->args[0];
    struct ir_expr *vector, *result;
    uint32_t component;

    if (is_id(whole)) {
        component = component_of(s, sema_name_of(e), 3, whole->name->text);
        return component < 3 ? ir_id(s->m, whole->name->symbol->op, (uint8_t)component, e->range) : NULL;
    }
    vector = sema_expr(s, whole, untyped);
    if (!vector) return NULL;
    if (vector->type.lanes == 1) {
        diag_report(s->diags, DIAG_NO_COMPONENT, sema_name_of(e).range, ir_type_text(vector->type), e->name->text);
        return NULL;
    }
    component = component_of(s, sema_name_of(e), vector->type.lanes, ir_type_text(vector->type));
    if (component >= vector->type.lanes) return NULL;
    result = ir_expr_new(s->m, IR_OP_EXTRACT, (ir_type){vector->type.scalar, 1}, &vector, 1, e->range);
    result->component = (uint8_t)component;
    return result;
}

/* -- operators ---------------------------------------------------------------------------------------------- */

static struct ir_expr *check_unary(struct sema *s, const struct syn_expr *e, ir_type want)
{
    const struct syn_expr *arg = e->args[0];
    bool may_fold = e->op == IR_OP_NEG && !(arg->flags & SYN_FLAG_PAREN);
    const struct symbol *sym = arg->kind == SYN_NAME ? arg->name->symbol : NULL;
    struct ir_expr *a;
    ir_type type;
    uint32_t bad;

    if (may_fold && arg->kind == SYN_NUMBER) {
        a = sema_number(s, arg, want, true);
        if (a) a->range = e->range;
        return a;
    }
    if (may_fold && sym && sym->kind == SYMBOL_LITERAL) return check_special(s, arg, want, true);
    a = sema_expr(s, arg, e->op == IR_OP_LNOT ? untyped : want);
    if (!a) return NULL;
    if (ir_op_result_type(e->op, &a->type, &type, &bad)) return ir_unary(s->m, e->op, a, e->range);
    diag_report(s->diags, DIAG_OPERAND_TYPE, e->range, ir_op_infos[e->op].text, ir_type_text(a->type));
    return NULL;
}

static void report_operands(struct sema *s, const struct syn_expr *e, const struct ir_expr *a, const struct ir_expr *b,
                            uint32_t bad)
{
    const char *text = ir_op_infos[e->op].text;
    ir_type ok;
    uint32_t unused;
    ir_type same[2] = {a->type, a->type};

    if (bad == 0 || (ir_op_infos[e->op].sig != IR_SIG_T_TU && !ir_op_result_type(e->op, same, &ok, &unused)))
        diag_report(s->diags, DIAG_OPERAND_TYPE, e->args[0]->range, text, ir_type_text(a->type));
    else if (ir_op_infos[e->op].sig == IR_SIG_T_TU)
        diag_report(s->diags, DIAG_TYPE_MISMATCH, e->args[1]->range, "u32 as amount", ir_type_text(b->type));
    else
        diag_report(s->diags, DIAG_OPERANDS_DIFFER, e->range, text, ir_type_text(a->type), ir_type_text(b->type));
}

/* The operands in the order of the text, but a literal after the operand that gives it its type. */
static bool check_pair(struct sema *s, const struct syn_expr *e, ir_type want, struct ir_expr **a, struct ir_expr **b)
{
    const struct syn_expr *left = e->args[0], *right = e->args[1];
    struct ir_stmt *after_left;

    if (left->flags & SYN_FLAG_UNTYPED && !(right->flags & SYN_FLAG_UNTYPED)) {
        *b = sema_expr(s, right, want);
        *a = *b ? sema_expr(s, left, (*b)->type) : NULL;
        return *a;
    }
    if (left->flags & right->flags & SYN_FLAG_UNTYPED && want.scalar == IR_NONE &&
        (left->flags | right->flags) & SYN_FLAG_FLOAT)
        want = IR_TYPE(F32);
    *a = sema_expr(s, left, want);
    after_left = s->block->last;
    *b = sema_expr(s, right, *a ? (*a)->type : want);
    if (!*a || !*b) return false;
    *a = sema_keep(s, *a, after_left);
    return true;
}

static struct ir_expr *check_shift(struct sema *s, const struct syn_expr *e, ir_type want, struct ir_expr **b)
{
    struct ir_expr *a = sema_expr(s, e->args[0], want);
    struct ir_stmt *after = s->block->last;

    *b = sema_expr(s, e->args[1], IR_TYPE(U32));
    return a && *b ? sema_keep(s, a, after) : NULL;
}

static struct ir_expr *check_binary(struct sema *s, const struct syn_expr *e, ir_type want)
{
    enum ir_sig sig = ir_op_infos[e->op].sig;
    struct ir_expr *a, *b;
    ir_type types[2], type;
    uint32_t bad;

    if (sig == IR_SIG_T_TU)
        a = check_shift(s, e, want, &b);
    else if (!check_pair(s, e, sig == IR_SIG_B_TT ? untyped : want, &a, &b))
        a = NULL;
    if (!a) return NULL;
    types[0] = a->type;
    types[1] = b->type;
    if (ir_op_result_type(e->op, types, &type, &bad)) return ir_binary(s->m, e->op, a, b, e->range);
    report_operands(s, e, a, b, bad);
    return NULL;
}

/* -- all of them -------------------------------------------------------------------------------------------- */

static struct ir_expr *check_kind(struct sema *s, const struct syn_expr *e, ir_type want)
{
    switch ((enum syn_expr_kind)e->kind) {
    case SYN_NUMBER:
        return sema_number(s, e, want, false);
    case SYN_BOOL:
        return ir_const(s->m, IR_TYPE(BOOL), e->value, e->range);
    case SYN_NAME:
        return check_name(s, e, want);
    case SYN_UNARY:
        return check_unary(s, e, want);
    case SYN_BINARY:
        return check_binary(s, e, want);
    case SYN_CALL:
        return sema_call(s, e, want);
    case SYN_VEC:
        return sema_vec(s, e);
    case SYN_BITCAST:
        return sema_bitcast(s, e);
    case SYN_INDEX:
        return check_load(s, e);
    case SYN_MEMBER:
        return check_member(s, e);
    default:
        bug("a node of kind %u is no expression", e->kind);
    }
}

struct ir_expr *sema_expr(struct sema *s, const struct syn_expr *e, ir_type want)
{
    struct ir_expr *result;

    if (want.scalar == IR_NONE && e->flags & SYN_FLAG_FLOAT && e->flags & SYN_FLAG_UNTYPED) want = IR_TYPE(F32);
    if (!sema_count_inlined(s, e->range) || !sema_enter(s, e->range)) return NULL;
    result = check_kind(s, e, want);
    sema_leave(s);
    if (!result || result->depth <= IR_MAX_EXPR_DEPTH) return result;
    diag_report(s->diags, DIAG_EXPRESSION_DEPTH, e->range, IR_MAX_EXPR_DEPTH);
    return NULL;
}

struct ir_expr *sema_expr_of(struct sema *s, const struct syn_expr *e, ir_type type)
{
    struct ir_expr *result = sema_expr(s, e, type);

    if (!result || ir_type_equal(result->type, type)) return result;
    diag_report(s->diags, DIAG_TYPE_MISMATCH, e->range, ir_type_text(type), ir_type_text(result->type));
    return NULL;
}

bool sema_operands(struct sema *s, const struct operand *list, uint32_t n, struct ir_expr **result)
{
    struct ir_stmt *after[SEMA_MAX_OPERANDS];
    bool ok = true;

    for (uint32_t i = 0; i < n; i++) {
        result[i] = list[i].is_index ? check_index(s, list[i].syn) : sema_expr_of(s, list[i].syn, list[i].type);
        after[i] = s->block->last;
        ok &= result[i] != NULL;
    }
    for (uint32_t i = n; ok && i-- > 0;)
        result[i] = sema_keep(s, result[i], after[i]);
    return ok;
}

/* -- host expressions --------------------------------------------------------------------------------------- */

static bool is_host(struct sema *s, const struct ir_expr *e)
{
    bool is_own = e->op != IR_OP_LEN || e->buffer->space == IR_SPACE_STORAGE;

    if (!(ir_op_infos[e->op].traits & IR_TRAIT_HOST) || !is_own) {
        diag_report(s->diags, DIAG_NOT_HOST, e->range);
        return false;
    }
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!is_host(s, e->args[i])) return false;
    return true;
}

struct ir_expr *sema_host_expr(struct sema *s, const struct syn_expr *e, ir_type want)
{
    struct ir_expr *value;

    s->no_calls = true;
    value = sema_expr(s, e, want);
    s->no_calls = false;
    return value && is_host(s, value) ? value : NULL;
}
