/* check_expr.c - expressions: what they load, constant indices and divisors, where subgroup operations stand.
 *
 * One walk folds constants through the evaluator on the way up, so `4 - 2 * 2` is a zero divisor too. */
#include "ir/check.h"
#include "ir/walk.h"

/* The place in the program whose invocations evaluate an expression. */
struct point {
    bool uniform;
    struct src_range cause;
};

static void report_subgroup(struct checker *c, const struct ir_expr *e, const struct point *at)
{
    struct diag *d = diag_report(c->diags, DIAG_SUBGROUP_DIVERGENT, e->range, ir_op_infos[e->op].text);
    diag_add_note(c->diags, d, at->cause, "the invocations of a workgroup may part here");
}

static void check_load(struct checker *c, const struct ir_expr *e)
{
    if (!ir_access_reads(e->buffer->access)) {
        struct diag *d = diag_report(c->diags, DIAG_READ_OF_WRITE, e->range, e->buffer->name);
        diag_add_note(c->diags, d, e->buffer->range, "declared here");
    }
}

static bool has_zero_lane(ir_type type, const struct ir_value *v)
{
    for (uint32_t i = 0; i < type.lanes; i++)
        if (v->lane[i] == 0) return true;
    return false;
}

static bool is_foldable(const struct ir_expr *e)
{
    uint32_t traits = ir_op_infos[e->op].traits;
    return e->n_args && !(traits & (IR_TRAIT_LOADS | IR_TRAIT_SUBGROUP));
}

static struct ir_value fold(const struct ir_expr *e, const struct ir_value *args)
{
    ir_type types[4];
    for (uint32_t i = 0; i < e->n_args; i++)
        types[i] = e->args[i]->type;
    return ir_op_eval((enum ir_op)e->op, e->type, e->component, types, args, e->n_args);
}

static bool find_leaf_value(const struct ir_expr *e, struct ir_value *value)
{
    *value = (struct ir_value){{e->op == IR_OP_CONST ? e->bits : 0}};
    if (e->op == IR_OP_LEN && e->buffer->sized && !e->buffer->count_expr && e->buffer->count <= UINT32_MAX) {
        value->lane[0] = e->buffer->count;
        return true;
    }
    return e->op == IR_OP_CONST;
}

static void check_divisor(struct checker *c, const struct ir_expr *e, const struct ir_value *divisor)
{
    bool divides = (e->op == IR_OP_DIV || e->op == IR_OP_REM) && ir_type_is_int(e->type);
    if (divides && has_zero_lane(e->type, divisor))
        diag_report(c->diags, DIAG_ZERO_DIVISOR, e->args[1]->range, ir_op_infos[e->op].text);
}

static void check_index(struct checker *c, const struct ir_buffer *b, const struct ir_expr *index, uint64_t value)
{
    if (!b->sized || value < b->count) return;
    struct diag *d = diag_report(c->diags, DIAG_INDEX_OUT_OF_RANGE, index->range, (unsigned long long)value, b->name,
                                 (unsigned long long)b->count);
    diag_add_note(c->diags, d, b->range, "declared here");
}

/* Pushes the value onto c->values (anything when it is not constant). True when it is constant. */
static bool check_expr(struct checker *c, const struct ir_expr *e, const struct point *at)
{
    uint32_t base = c->values.n, constant_args = 0;
    for (uint32_t i = 0; i < e->n_args; i++)
        constant_args |= (uint32_t)check_expr(c, e->args[i], at) << i;

    struct ir_value value;
    bool constant = find_leaf_value(e, &value);
    if (e->op == IR_OP_LOAD) {
        check_load(c, e);
        if (constant_args) check_index(c, e->buffer, e->args[0], c->values.at[base].lane[0]);
    }
    if (constant_args & 2) check_divisor(c, e, &c->values.at[base + 1]);
    if (ir_op_infos[e->op].traits & IR_TRAIT_SUBGROUP && !at->uniform) report_subgroup(c, e, at);
    if (is_foldable(e) && constant_args == (1u << e->n_args) - 1) {
        value = fold(e, &c->values.at[base]);
        constant = true;
    }
    c->values.n = base;
    vec_push(c->arena, &c->values, value);
    return constant;
}

static bool check_root(struct checker *c, const struct ir_expr *e, const struct point *at, uint64_t *value)
{
    c->values.n = 0;
    bool constant = check_expr(c, e, at);
    *value = c->values.at[0].lane[0];
    return constant;
}

/* The condition of a loop is evaluated in every round, everything else once, with the statement. */
static struct point find_point(const struct checker *c, const struct ir_stmt *s, const struct ir_expr *e)
{
    const struct ir_uniformity *u = &c->uniformity;
    if (s->kind == IR_STMT_WHILE && e == s->while_.cond)
        return (struct point){ir_block_is_uniform(u, &s->while_.body), ir_block_divergence_cause(u, &s->while_.body)};
    return (struct point){ir_stmt_is_uniform(u, s), ir_divergence_cause(u, s)};
}

/* The buffer that an expression of the statement is an index into, or NULL. */
static const struct ir_buffer *find_indexed(const struct ir_stmt *s, const struct ir_expr *e)
{
    if (s->kind == IR_STMT_STORE && e == s->store.index) return s->store.buffer;
    if (s->kind == IR_STMT_ATOMIC && e == s->atomic.index) return s->atomic.buffer;
    return NULL;
}

void check_stmt_exprs(struct checker *c, struct ir_stmt *s)
{
    struct ir_expr **places[4];
    uint32_t n = ir_stmt_exprs(s, places);
    for (uint32_t i = 0; i < n; i++) {
        const struct ir_expr *e = *places[i];
        const struct ir_buffer *indexed = find_indexed(s, e);
        struct point at = find_point(c, s, e);
        uint64_t value;
        if (check_root(c, e, &at, &value) && indexed) check_index(c, indexed, e, value);
    }
}

void check_host_expr(struct checker *c, const struct ir_expr *e)
{
    uint64_t value;
    check_root(c, e, &(struct point){.uniform = true}, &value);
}
