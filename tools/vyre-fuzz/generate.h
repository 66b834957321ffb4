/* generate.h - random programs that have one answer: no races, no order that shows, no undefined corner.
 *
 * What makes them so:
 *   - of a buffer that it writes, an invocation touches its own elements only (own * OWN_ELEMENTS + 0 .. OWN_ELEMENTS -
 * 1), or far out of bounds;
 *   - a workgroup array is in one of three phases: every invocation keeps to its own elements, or all read anywhere, or
 * all change it by one and the same order-free atomic. Only a barrier in uniform control flow changes the phase, and
 * loops and branches end in the phase in which they began; after a grid barrier the same holds for storage;
 *   - results of shared atomics are not used; f32 sums are of small integers;
 *   - loops are short, and `while` counts down. */
#ifndef VYREC_TOOLS_GENERATE_H
#define VYREC_TOOLS_GENERATE_H

#include "ir/build.h"
#include "ir/ops.h"

/* SplitMix64. */
struct random {
    uint64_t state;
};
uint64_t random_draw(struct random *r);
uint32_t random_below(struct random *r, uint32_t n);
static inline uint32_t random_between(struct random *r, uint32_t least, uint32_t most)
{
    return least + random_below(r, most - least + 1);
}
static inline bool random_chance(struct random *r, uint32_t percent)
{
    return random_below(r, 100) < percent;
}

struct generate_size {
    uint32_t n_programs;      /* and a third as many pipelines */
    uint32_t most_statements; /* of a program; below SMALL_STATEMENTS expressions and launches are small too */
};
/* The module has items data0, data1, ..., program0, ... and pipeline0, ... */
void generate_module(struct ir_module *m, struct random *r, const struct generate_size *size);
/* The text of a pipeline `flow` and its programs: see gen_handoff.c. And the words that vyre-run takes for it. */
void generate_handoffs(struct random *r, struct out *out);
void generate_handoff_words(struct arena *arena, struct random *r, const struct ir_pipeline *p, const char **words);
/* A pipeline over programs that the module has. */
void generate_pipeline(struct ir_module *m, struct random *r, const char *name);
/* NAME=VALUE words for vyre-run, one for each buffer and param of a program or pipeline. Buffers whose names begin with
 * "sum" get zeros, as sums of floats do not depend on the order only while they are exact. */
const char *generate_buffer_word(struct arena *arena, struct random *r, const struct ir_buffer *b);
const char *generate_param_word(struct arena *arena, struct random *r, const struct ir_param *p);

/* -- the inside ------------------------------------------------------------------------------------------ */

enum { OWN_ELEMENTS = 3, MAX_EXPR_DEPTH = 5, SMALL_EXPR_DEPTH = 3, MAX_LOAD_DEPTH = 2, SMALL_STATEMENTS = 20 };

/* Who may touch an array now. */
enum phase { PHASE_OWN, PHASE_READ, PHASE_ATOMIC };

struct gen_array {
    struct ir_buffer *buffer;
    enum phase phase;
    enum ir_atomic op; /* in PHASE_ATOMIC */
    bool own_atomics;  /* atomics of any kind, on own elements; nothing else touches it */
    bool fixed;        /* the phase never changes */
};

struct gen_local {
    struct ir_local *local;
    bool uniform;
};

struct gen {
    struct ir_module *m;
    struct ir_program *p;
    struct random *random;
    VEC(struct gen_array) arrays;        /* all that may be touched */
    VEC(struct gen_local) visible;       /* locals, as a stack */
    struct ir_block *block;              /* where statements go */
    struct ir_local *own, *own_in_group; /* linear ids; in uses multiplied by OWN_ELEMENTS */
    uint32_t nesting, loop_depth;
    uint32_t load_depth; /* loads in indices of loads */
    uint32_t budget;     /* statements that may still be made */
    uint32_t expr_depth; /* of the deepest expressions */
    bool uniform;        /* all invocations of the workgroup are here together */
    bool in_loop;        /* a loop that may be left by break and continue, without synchronisation in it */
    bool at_end;         /* no synchronisation follows: return is allowed */
};

ir_type gen_type(struct gen *g);
struct ir_expr *gen_const(struct gen *g, ir_type type);
/* An expression of this type. `uniform`: the same for all invocations of the workgroup. */
struct ir_expr *gen_expr(struct gen *g, ir_type type, uint32_t depth, bool uniform);
struct ir_expr *gen_own_index(struct gen *g, const struct ir_buffer *b);
struct ir_expr *gen_any_index(struct gen *g, const struct ir_buffer *b, bool uniform);
/* Statements into g->block until the budget is used up, or `most` of them. */
void gen_stmts(struct gen *g, uint32_t most);
void gen_declare_ids(struct gen *g);

#endif
