/* access_memo.h - what a solver has found out before. Pipelines repeat themselves: a thousand arms are few programs, run with the same
 * lengths and params but for names, and then their facts are the same, and so are the answers about any two of them.
 *
 * Knows nothing of isl. */
#ifndef VYREC_PASSES_ACCESS_MEMO_H
#define VYREC_PASSES_ACCESS_MEMO_H

#include "passes/access.h"

/* Arms of one program with the same lengths and params. */
struct access_shape;

/* One of the functions of access.h with its arguments; what it does not have is zero. */
struct access_question {
    enum access_topic {
        ACCESS_CONFLICT,
        ACCESS_SHARING,
        ACCESS_INJECTIVE,
        ACCESS_COVERED,
        ACCESS_ELEMENTS,
        ACCESS_PRODUCERS
    } topic;
    const struct access_facts *other;
    const struct ir_buffer *first, *second;
    enum access_kind kind;
    uint64_t unit;
};
struct access_answer {
    union {
        struct access_conflict conflict;
        enum access_hazard hazard;
        bool yes;
        struct access_window window;
    };
};

/* The facts of an arm as those of another one with the same shape, or NULL. */
struct access_facts *access_recall_facts(struct access_solver *solver, const struct ir_pipeline *pipeline,
                                         const struct ir_arm *arm);
void access_remember_facts(struct access_facts *facts);
/* NULL: not asked before. */
const struct access_answer *access_recall(const struct access_facts *facts, const struct access_question *q);
void access_remember(const struct access_facts *facts, const struct access_question *q, struct access_answer answer);

#endif
