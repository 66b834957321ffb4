/* handoff.h - what the files of decode_scan_fuse share: one handoff from a producer's arm to a consumer's, and the steps to a
 * fused program: is it legal at all (handoff_legal.c), which form is it given (handoff_plan.c), and the program itself
 * (handoff_build.c, handoff_index.c). */
#ifndef VYREC_PASSES_HANDOFF_H
#define VYREC_PASSES_HANDOFF_H

#include "passes/access.h"
#include "passes/pass.h"

/* Why a handoff stays in memory: see refusals.def. */
enum handoff_refusal {
    HANDOFF_FINE,
#define REFUSAL(NAME, why, edit) HANDOFF_##NAME,
#include "passes/refusals.def"
    HANDOFF_REFUSAL_COUNT
};

enum handoff_form {
    HANDOFF_REGISTERS,  /* A: each invocation consumes what it produced */
    HANDOFF_WINDOW,     /* B: each workgroup produces what it consumes, neighbours' parts included */
    HANDOFF_RECOMPUTED, /* C: each invocation produces what it consumes, others' parts included */
    HANDOFF_WORKGROUP,  /* D: each workgroup consumes what it produced */
};

/* A buffer that the producer writes. */
struct handoff_tile {
    struct ir_buffer *buffer;               /* of the pipeline */
    const struct ir_buffer *written, *read; /* the programs' names for it; read: NULL when the consumer does not */
    bool kept;                              /* somebody else looks at it: it is stored to memory too */
    bool is_private;                        /* one per invocation, not per workgroup */
    bool stores_in_bounds;
    struct access_window window;      /* elements of a unit */
    struct ir_buffer *array, *memory; /* in the fused program; memory: when kept */
    struct ir_expr *length;           /* in the fused program, to be copied */
    struct ir_local *begin;           /* the element at index 0 of the array */
};

struct handoff {
    struct pass_run *run;
    struct ir_pipeline *pipeline;
    struct ir_stmt *producer, *consumer; /* ARM */
    bool consumer_moves;                 /* up to the producer; otherwise the producer moves down */
    struct access_facts *first, *second;
    VEC(struct handoff_tile) tiles;
    const struct handoff_tile *refused_tile;
    struct access_conflict conflict; /* that refuses */
    enum handoff_form form;
    uint32_t factor;                /* workgroups of the consumer that one workgroup does in turn */
    bool owns;                      /* each producer runs, and stores to memory once: that shows, or it may trap */
    struct access_window producers; /* global ids that a unit needs */
    uint64_t workgroup_bytes;       /* of the fused program */
};

struct ir_arm *handoff_first(const struct handoff *h);
struct ir_arm *handoff_second(const struct handoff *h);

/* Fills in the tiles. What needs no facts comes first. */
enum handoff_refusal handoff_check_shape(struct handoff *h);
enum handoff_refusal handoff_check_facts(struct handoff *h);
/* Chooses the form and its sizes. */
enum handoff_refusal handoff_plan(struct handoff *h);
/* Makes the fused program and puts an arm of it in the place of both. */
struct ir_stmt *handoff_build(struct handoff *h);

struct handoff_budget {
    uint64_t bytes;  /* of workgroup memory */
    uint32_t factor; /* 0: chosen by cost */
    bool windows;    /* neighbours' parts may be produced once more */
    bool traps;      /* also where an arm may trap: processors keep masks of who did from phase to phase */
};
struct handoff_budget handoff_budget_of(const struct pass_run *run);

const char *handoff_refusal_why(enum handoff_refusal r);
const char *handoff_refusal_edit(enum handoff_refusal r);

/* -- indices -- */
/* Rewrites e as a sum of its linear parts, modulo 2^32, after subtracting `begin`; `lets` maps locals to what their lets were
 * given. The constant part is left out and told apart. */
struct ir_expr *handoff_index(struct ir_program *p, struct ir_expr *e, struct ir_local *begin, const struct map *lets,
                              uint32_t *constant);

#endif
