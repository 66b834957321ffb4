/* bounds_length.c - see bounds_length.h.
 *
 *   if quad < len(text) / 4 { ... text[quad * 4 + k] ... }      k below 4
 *
 * From small < great follows small * c + k < great * c for each k below c: so asked is whether c times `great` is at most the length.
 * Lets stand for what they are; and what an arm gives stands for a param or a length: `plain_length`, of which the arm says
 * `len(text) / 4 * 3`. Quotients round down and products may wrap around, which makes them less, never more. A step for each node of the
 * expressions, times the arms; not more than a few hundred. */
#include "passes/bounds_length.h"

#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"
#include "passes/host_size.h"
#include "passes/plant.h"

enum { MAX_DEPTH = 16, MAX_TERMS = 8, MAX_VISITS = 200 };

/* -- who runs a program ----------------------------------------------------------------------------------------------- */

static void note_arm(void *ctx, struct ir_stmt *s)
{
    struct program_runs *r = ctx;
    if (s->kind != IR_STMT_ARM || !s->arm->program->internal) return;
    struct arm_list *list = map_find(&r->arms, s->arm->program);
    if (!list) {
        list = ARENA_NEW(r->arena, struct arm_list);
        map_set(&r->arms, s->arm->program, list);
    }
    vec_push(r->arena, &list->all, s->arm);
}

void program_runs_find(struct program_runs *r, struct arena *arena, const struct ir_module *m)
{
    r->arena = arena;
    map_init(&r->arms, arena);
    for (uint32_t i = 0; i < m->pipelines.n; i++)
        ir_walk_stmts(&m->pipelines.at[i]->body, note_arm, r);
}

/* -- values ----------------------------------------------------------------------------------------------------------- */

/* An expression of the program, or of the pipeline behind one of its arms. */
struct value {
    const struct ir_expr *e;
    const struct ir_arm *arm; /* NULL: `e` is in terms of the pipeline, or nothing is known of who runs the program */
};

/* One that is asked: lets may stand for more and more of themselves, so the work is bounded. */
struct question {
    const struct bounds_lengths *l;
    uint32_t n_visits;
};

static struct value resolve_length(struct value v)
{
    const struct ir_buffer *b = v.e->buffer;
    if (v.arm && b->space == IR_SPACE_STORAGE && !b->sized) b = arm_buffer(v.arm, b);
    return b->count_expr ? (struct value){b->count_expr, NULL} : v;
}

/* What stands behind lets, params and lengths of temps. */
static struct value resolve(struct question *q, struct value v)
{
    for (uint32_t depth = 0; depth < MAX_DEPTH; depth++) {
        struct value next = v;
        if (v.e->op == IR_OP_LOCAL && q->l->lets[v.e->local->index] && ir_expr_is_fixed(q->l->lets[v.e->local->index]))
            next.e = q->l->lets[v.e->local->index];
        else if (v.e->op == IR_OP_PARAM && v.arm)
            next = (struct value){arm_value(v.arm, v.e->param), NULL};
        else if (v.e->op == IR_OP_LEN)
            next = resolve_length(v);
        if (next.e == v.e) break;
        v = next;
    }
    return v;
}

static struct value operand(struct value v, uint32_t i)
{
    return (struct value){v.e->args[i], v.arm};
}

/* The array that a length is of, as the pipeline knows it; its count where that is constant. */
static const struct ir_buffer *array_of(struct value v)
{
    const struct ir_buffer *b = v.e->buffer;
    return v.arm && b->space == IR_SPACE_STORAGE && !b->sized ? arm_buffer(v.arm, b) : b;
}

static bool is_constant(struct value v, uint64_t *value)
{
    const struct ir_buffer *b = v.e->op == IR_OP_LEN ? array_of(v) : NULL;
    if (!ir_is_const(v.e) && !(b && b->sized && !b->count_expr)) return false;
    *value = b ? b->count : v.e->bits;
    return true;
}

/* The host computes in 64 bits what the program lets wrap around: of these the program's value is at most the host's. */
static bool is_less_by_wrapping(const struct ir_expr *e)
{
    bool divides = e->op == IR_OP_DIV || e->op == IR_OP_SHR;
    return e->op == IR_OP_ADD || e->op == IR_OP_MUL || e->op == IR_OP_MIN || e->op == IR_OP_MAX ||
           (divides && ir_is_const(e->args[1]));
}

/* Are they equal; or, of a value of the program and one of the host, is the former at most the latter? */
static bool is_equal(struct question *q, struct value a, struct value b)
{
    uint64_t x, y;
    if (++q->n_visits > MAX_VISITS) return false;
    a = resolve(q, a);
    b = resolve(q, b);
    if (is_constant(a, &x)) return is_constant(b, &y) && x == y;
    if (a.e->op != b.e->op || !ir_type_equal(a.e->type, b.e->type) || a.e->n_args != b.e->n_args) return false;
    if (a.e->op == IR_OP_LEN) return array_of(a) == array_of(b);
    if (!a.e->n_args) return ir_expr_equal(a.e, b.e);
    if (!ir_expr_is_fixed(a.e) || a.e->op == IR_OP_EXTRACT) return ir_expr_equal(a.e, b.e);
    if ((a.arm != NULL) != (b.arm != NULL) && !is_less_by_wrapping(a.e)) return false;
    for (uint32_t i = 0; i < a.e->n_args; i++)
        if (!is_equal(q, operand(a, i), operand(b, i))) return false;
    return true;
}

/* -- lengths ---------------------------------------------------------------------------------------------------------- */

/* A constant factor of a product or quotient, and what else there is; false for others. */
static bool take_factor(const struct ir_expr *e, enum ir_op op, enum ir_op shift, uint32_t *rest, uint64_t *factor)
{
    uint32_t constant = op == IR_OP_MUL && e->n_args == 2 && ir_is_const(e->args[0]) ? 0 : 1;
    if ((e->op != (uint16_t)op && e->op != (uint16_t)shift) || !ir_is_const(e->args[constant])) return false;
    if (e->op == (uint16_t)shift && (constant == 0 || e->args[1]->bits >= 32)) return false;
    *factor = e->op == (uint16_t)shift ? UINT64_C(1) << e->args[1]->bits : e->args[constant]->bits;
    *rest = 1 - constant;
    return *factor > 0;
}

/* Is c times the value at most the length? Of the length, products are exact: the host computes them, and refuses what does not fit. */
static bool is_at_most(struct question *q, struct value v, uint64_t c, struct value length)
{
    uint64_t factor, a, b;
    uint32_t rest;
    if (++q->n_visits > MAX_VISITS || c > UINT32_MAX) return false;
    v = resolve(q, v);
    length = resolve(q, length);
    if (c == 1 && is_equal(q, v, length)) return true;
    if (is_constant(v, &a) && is_constant(length, &b)) return a * c <= b;
    if (!length.arm && take_factor(length.e, IR_OP_MUL, IR_OP_SHL, &rest, &factor) && factor >= c &&
        is_equal(q, v, operand(length, rest)))
        return true;
    if (take_factor(v.e, IR_OP_DIV, IR_OP_SHR, &rest, &factor)) {
        uint64_t up = PLANT(BOUNDS_QUOTIENT, c / factor + (c % factor != 0), 1);
        return is_at_most(q, operand(v, rest), up, length);
    }
    if (take_factor(v.e, IR_OP_MUL, IR_OP_SHL, &rest, &factor))
        return is_at_most(q, operand(v, rest), c * factor, length);
    return v.e->op == IR_OP_MIN && (is_at_most(q, operand(v, 0), c, length) || is_at_most(q, operand(v, 1), c, length));
}

/* -- indices ---------------------------------------------------------------------------------------------------------- */

/* c * small, and the most that the others of the sum give. */
struct sum {
    struct value small;
    uint64_t c, others;
    uint32_t n_terms;
};

/* The c of a term that is c * small; 0: it is not. */
static uint64_t multiple_of(struct question *q, struct value term, struct value small)
{
    uint64_t factor;
    uint32_t rest;
    if (is_equal(q, term, small)) return 1;
    struct value v = resolve(q, term);
    if (!take_factor(v.e, IR_OP_MUL, IR_OP_SHL, &rest, &factor)) return 0;
    return is_equal(q, operand(v, rest), small) ? factor : 0;
}

static void add_terms(struct question *q, struct sum *s, const struct ir_expr *e)
{
    struct value term = {e, NULL}, v = resolve(q, term);
    uint64_t c = multiple_of(q, term, s->small);
    if (++s->n_terms > MAX_TERMS) return;
    if (!c && v.e->op == IR_OP_ADD) {
        add_terms(q, s, v.e->args[0]);
        add_terms(q, s, v.e->args[1]);
    } else {
        s->c += c;
        s->others += c ? 0 : ir_range_of(q->l->ranges, e).high;
    }
}

static bool fits_all(struct question *q, const struct ir_expr *great, uint64_t c, const struct ir_buffer *b)
{
    struct ir_expr length = {.op = IR_OP_LEN, .type = IR_TYPE(U32), .buffer = (struct ir_buffer *)(uintptr_t)b};
    if (!q->l->arms) return is_at_most(q, (struct value){great, NULL}, c, (struct value){&length, NULL});
    for (uint32_t i = 0; i < q->l->arms->all.n; i++) {
        const struct ir_arm *arm = PLANT(BOUNDS_ARMS, q->l->arms->all.at[i], q->l->arms->all.at[0]);
        if (!is_at_most(q, (struct value){great, arm}, c, (struct value){&length, arm})) return false;
    }
    return true;
}

bool bounds_follow(const struct bounds_lengths *l, const struct ir_expr *small, const struct ir_expr *great,
                   const struct ir_expr *index, const struct ir_buffer *b)
{
    struct question q = {l, 0};
    struct sum s = {.small = {small, NULL}};
    if (index->type.scalar != IR_U32 || small->type.scalar != IR_U32 || small->type.lanes != 1) return false;
    add_terms(&q, &s, index);
    return s.n_terms <= MAX_TERMS && s.others < PLANT(BOUNDS_PART, s.c, s.c + 1) && fits_all(&q, great, s.c, b);
}
