/* handoff_index.c - indices into a tile.
 *
 *   let i = wid.x * 1024 + step * 256 + lid.x;                     step * 256 + lid.x + 3
 *   begin = wid.x * 1024;            i + 3 - begin         =>
 *
 * Both are the same modulo 2^32, and the second one shows that it is small and contiguous. Lets are seen through; what is
 * no sum or product with a constant stays as it is. */
#include "passes/handoff.h"

#include "ir/build.h"
#include "ir/ops.h"

enum { MAX_TERMS = 8, MAX_VISITS = 256 };

struct term {
    struct ir_expr *leaf;
    uint32_t factor;
};
struct sum {
    const struct ir_program *program;
    struct term terms[MAX_TERMS];
    uint32_t n, constant, n_visits;
    bool overflows;
    const struct map *lets;
};

static void add_sum(struct sum *s, struct ir_expr *e, uint32_t factor);

static void add_leaf(struct sum *s, struct ir_expr *e, uint32_t factor)
{
    for (uint32_t i = 0; i < s->n; i++) {
        if (!ir_expr_equal(s->terms[i].leaf, e)) continue;
        s->terms[i].factor += factor;
        return;
    }
    if (s->n == MAX_TERMS)
        s->overflows = true;
    else
        s->terms[s->n++] = (struct term){e, factor};
}

static void add_product(struct sum *s, struct ir_expr *e, uint32_t factor)
{
    if (ir_is_const(e->args[1]))
        add_sum(s, e->args[0], factor * (uint32_t)e->args[1]->bits);
    else if (ir_is_const(e->args[0]))
        add_sum(s, e->args[1], factor * (uint32_t)e->args[0]->bits);
    else
        add_leaf(s, e, factor);
}

/* Has it the same value later, and is it a sum? Anything else is computed once, where its let stands. */
static bool is_stable_sum(const struct ir_expr *e)
{
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!is_stable_sum(e->args[i])) return false;
    switch (e->op) {
    case IR_OP_LOCAL:
        return !e->local->is_mutable;
    case IR_OP_CONST:
    case IR_OP_PARAM:
    case IR_OP_ADD:
    case IR_OP_SUB:
    case IR_OP_GID:
    case IR_OP_LID:
    case IR_OP_WID:
        return true;
    case IR_OP_MUL:
        return ir_is_const(e->args[0]) || ir_is_const(e->args[1]);
    case IR_OP_SHL:
        return ir_is_const(e->args[1]);
    default:
        return false;
    }
}

static void add_sum(struct sum *s, struct ir_expr *e, uint32_t factor)
{
    if (++s->n_visits > MAX_VISITS) s->overflows = true;
    if (s->overflows) return;
    switch (e->op) {
    case IR_OP_CONST:
        s->constant += factor * (uint32_t)e->bits;
        break;
    case IR_OP_ADD:
        add_sum(s, e->args[0], factor);
        add_sum(s, e->args[1], factor);
        break;
    case IR_OP_SUB:
        add_sum(s, e->args[0], factor);
        add_sum(s, e->args[1], -factor);
        break;
    case IR_OP_MUL:
        add_product(s, e, factor);
        break;
    case IR_OP_SHL:
        if (ir_is_const(e->args[1]))
            add_sum(s, e->args[0], factor << (e->args[1]->bits & 31));
        else
            add_leaf(s, e, factor);
        break;
    case IR_OP_GID: /* a launch in which this wraps is refused */
        add_leaf(s, ir_id(s->program->module, IR_OP_WID, e->component, e->range),
                 factor * s->program->workgroup[e->component]);
        add_leaf(s, ir_id(s->program->module, IR_OP_LID, e->component, e->range), factor);
        break;
    case IR_OP_LOCAL: {
        struct ir_expr *value = map_find(s->lets, e->local);
        if (value && is_stable_sum(value))
            add_sum(s, value, factor);
        else
            add_leaf(s, e, factor);
        break;
    }
    default:
        add_leaf(s, e, factor);
        break;
    }
}

static struct ir_expr *scale(struct ir_module *m, struct ir_expr *e, uint32_t factor)
{
    return factor == 1 ? e : ir_binary(m, IR_OP_MUL, e, ir_const_u32(m, factor), e->range);
}

/* Positive terms first, so that what is printed reads as one would write it. The constant is left out. */
static struct ir_expr *write_sum(struct ir_module *m, const struct sum *s, struct src_range range)
{
    struct ir_expr *e = NULL;
    for (uint32_t i = 0; i < s->n; i++) {
        uint32_t factor = s->terms[i].factor;
        if (!factor || factor > INT32_MAX) continue;
        struct ir_expr *term = scale(m, ir_expr_copy(m, s->terms[i].leaf), factor);
        e = e ? ir_binary(m, IR_OP_ADD, e, term, range) : term;
    }
    if (!e) e = ir_const_u32(m, 0);
    for (uint32_t i = 0; i < s->n; i++)
        if (s->terms[i].factor > INT32_MAX)
            e = ir_binary(m, IR_OP_SUB, e, scale(m, ir_expr_copy(m, s->terms[i].leaf), -s->terms[i].factor), range);
    return e;
}

struct ir_expr *handoff_index(struct ir_program *p, struct ir_expr *e, struct ir_local *begin, const struct map *lets,
                              uint32_t *constant)
{
    struct ir_module *m = p->module;
    struct ir_expr *first = ir_get_local(m, begin, SRC_NONE);
    struct sum s = {.program = p, .lets = lets};
    add_sum(&s, e, 1);
    add_sum(&s, first, (uint32_t)-1);
    *constant = s.overflows ? 0 : s.constant;
    return s.overflows ? ir_binary(m, IR_OP_SUB, e, first, e->range) : write_sum(m, &s, e->range);
}
