/* access_memo.c - see access_memo.h. Lists are short, and the oldest entry makes room: whoever asks about a thousand different arms asks
 * about neighbours. */
#include "passes/access_memo.h"

#include "ir/build.h"
#include "passes/access_isl.h"

enum { MAX_SHAPES = 16, MAX_ANSWERS = 64 };

struct known_answer {
    struct access_question question;
    const struct access_shape *other;
    struct access_answer answer;
};
struct access_shape {
    const struct access_facts *facts;
    VEC(struct known_answer) answers;
    uint32_t oldest_answer;
};
struct access_shapes {
    VEC(struct access_shape *) list;
    uint32_t oldest;
};

/* -- facts ------------------------------------------------------------------------------------------------------- */

static bool has_equal_length(const struct ir_buffer *a, const struct ir_buffer *b)
{
    if (a == b) return true;
    if (a->sized != b->sized) return false;
    if (a->count_expr || b->count_expr)
        return a->count_expr && b->count_expr && ir_expr_equal(a->count_expr, b->count_expr);
    return a->sized && a->count == b->count;
}

static bool has_equal_args(const struct ir_arm *a, const struct ir_arm *b)
{
    for (uint32_t i = 0; i < a->args.n; i++) {
        const struct ir_arg *x = &a->args.at[i], *y = &b->args.at[i];
        if (x->buffer && !has_equal_length(x->buffer, y->buffer)) return false;
        if (x->value && !ir_expr_equal(x->value, y->value)) return false;
    }
    return true;
}

struct access_facts *access_recall_facts(struct access_solver *solver, const struct ir_pipeline *pipeline,
                                         const struct ir_arm *arm)
{
    const struct access_shapes *known = map_find(&solver->shapes, arm->program);
    for (uint32_t i = 0; known && i < known->list.n; i++) {
        const struct access_facts *f = known->list.at[i]->facts;
        if (f->pipeline != pipeline || !has_equal_args(f->arm, arm)) continue;
        struct access_facts *copy = ARENA_NEW(solver->arena, struct access_facts);
        *copy = *f;
        copy->arm = arm;
        return copy;
    }
    return NULL;
}

void access_remember_facts(struct access_facts *facts)
{
    struct access_solver *solver = facts->solver;
    struct access_shapes *known = map_find(&solver->shapes, facts->program);
    facts->shape = ARENA_NEW(solver->arena, struct access_shape);
    facts->shape->facts = facts;
    if (!known) {
        known = ARENA_NEW(solver->arena, struct access_shapes);
        map_set(&solver->shapes, facts->program, known);
    }
    if (known->list.n < MAX_SHAPES)
        vec_push(solver->arena, &known->list, facts->shape);
    else
        known->list.at[known->oldest++ % MAX_SHAPES] = facts->shape;
}

/* -- answers ------------------------------------------------------------------------------------------------------- */

static bool is_equal(const struct access_question *a, const struct access_question *b)
{
    return a->topic == b->topic && a->first == b->first && a->second == b->second && a->kind == b->kind &&
           a->unit == b->unit;
}

static const struct access_shape *shape_of(const struct access_facts *f)
{
    return f ? f->shape : NULL;
}

const struct access_answer *access_recall(const struct access_facts *facts, const struct access_question *q)
{
    const struct access_shape *shape = facts->shape;
    for (uint32_t i = 0; shape && i < shape->answers.n; i++) {
        const struct known_answer *known = &shape->answers.at[i];
        if (known->other == shape_of(q->other) && is_equal(&known->question, q)) return &known->answer;
    }
    return NULL;
}

void access_remember(const struct access_facts *facts, const struct access_question *q, struct access_answer answer)
{
    struct access_shape *shape = facts->shape;
    struct known_answer new = {*q, shape_of(q->other), answer};
    if (!shape || (q->other && !new.other) || access_solver_is_exhausted(facts->solver)) return;
    if (shape->answers.n < MAX_ANSWERS)
        vec_push(facts->solver->arena, &shape->answers, new);
    else
        shape->answers.at[shape->oldest_answer++ % MAX_ANSWERS] = new;
}
