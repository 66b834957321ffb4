/* access.h - affine access facts: which elements of its buffers a program touches, and what follows from that.
 *
 * For each load, store and atomic on a storage buffer there is the relation from invocations to elements, its guards,
 * loops, lengths and params included; for an arm all of it in the names of its pipeline, so that two arms can be
 * compared. Conservative: what is not affine touches any element, and "no" means "not proved". The integer set library
 * that computes this is seen by the files access*.c alone.
 *
 * A solver bounds the time: once its operations are used up, every further relation is unknown and every answer "no".
 * It remembers what it found out, so the programs and pipelines asked about must not change while it lives. */
#ifndef VYREC_PASSES_ACCESS_H
#define VYREC_PASSES_ACCESS_H

#include "ir/ir.h"

struct access_solver;
struct access_relation;

enum access_kind { ACCESS_LOAD, ACCESS_STORE, ACCESS_ATOMIC };

struct access {
    enum access_kind kind;
    const struct ir_buffer *buffer; /* of the program */
    const struct ir_stmt *stmt;
    const struct ir_expr *load; /* LOAD by an expression, else NULL */
    struct src_range range;
    /* Of the relation, once it has been computed: ask access_is_known and access_is_in_bounds. */
    bool known;                       /* the index is affine; otherwise the relation has every element */
    bool exact;                       /* the relation has no more pairs than there are; otherwise it may */
    bool in_bounds;                   /* proved: the index is never past the end */
    struct access_relation *relation; /* NULL before */
};

/* Of one program, or of one arm with the lengths and params that its pipeline gives it. */
struct access_facts {
    struct access_solver *solver;
    const struct ir_program *program;
    const struct ir_pipeline *pipeline; /* NULL: of a program alone */
    const struct ir_arm *arm;
    bool
        one_dimensional; /* workgroups and dispatch have one dimension: invocations are (w, l), otherwise six numbers */
    bool follows_arrays; /* accesses of workgroup and local arrays and of data too */
    VEC(struct access) accesses; /* in the order of the text */
    struct access_context
        *contexts;              /* by index of the program's buffers; then of its arrays, then of the module's data */
    struct access_forms *forms; /* see access_form.h */
    struct access_shape *shape; /* see access_memo.h; NULL: nothing is remembered */
};

enum { ACCESS_DEFAULT_OPERATIONS = 100000 };

struct access_solver *access_solver_new(struct arena *arena, unsigned long max_operations);
/* For another proof: the operations are there again, of which only so many are there in all, and what is known stays known. */
void access_solver_begin(struct access_solver *solver);
/* From now on buffers are taken to have at most so many elements, and grids of one dimension so many invocations: for launches that
 * see to it. */
void access_solver_limit(struct access_solver *solver, uint64_t most);
/* From now on a load whose index cannot be followed, of a program that declares #[window(n)], is taken to be of elements gid.x - n to
 * gid.x, as the language has it. Nobody else may count on a declaration: it is not proved. */
void access_solver_trust_windows(struct access_solver *solver);
bool access_solver_trusts_windows(const struct access_solver *solver);
uint64_t access_solver_most(const struct access_solver *solver); /* UINT32_MAX where nothing was said */
/* How many operations were done for the present proof. */
unsigned long access_solver_count(struct access_solver *solver);
void access_solver_free(struct access_solver *solver); /* and all its facts' relations */
bool access_solver_is_exhausted(const struct access_solver *solver);
/* With the accesses of all arrays: for access_is_in_bounds alone. */
struct access_facts *access_of_arrays(struct access_solver *solver, const struct ir_program *p);
/* Never NULL. Both live in the solver's arena. */
struct access_facts *access_of_program(struct access_solver *solver, const struct ir_program *p);
struct access_facts *access_of_arm(struct access_solver *solver, const struct ir_pipeline *pipeline,
                                   const struct ir_arm *arm);
/* Is the index one that is followed? Otherwise it may be any element. */
bool access_is_known(const struct access_facts *facts, const struct access *a);
/* Do the relations show it, apart from forms (access_form.h)? */
bool access_is_related(const struct access_facts *facts, const struct access *a);
/* Proved: the index is never past the end. */
bool access_is_in_bounds(const struct access_facts *facts, const struct access *a);
/* Every access as a line of text. */
void access_print(const struct access_facts *facts, struct out *out);

/* Proved: every element of a buffer of the program is stored to by some invocation, whatever the lengths and params are. */
bool access_is_written_whole(const struct access_facts *facts, const struct ir_buffer *buffer);

/* -- hazards: what must lie between two arms because of one buffer ------------------------------------------- */

enum access_hazard {
    ACCESS_HAZARD_NONE,
    ACCESS_HAZARD_INVOCATION, /* only invocations of equal ids touch the same element: the order of the text is enough */
    ACCESS_HAZARD_WORKGROUP,  /* only invocations of one workgroup id: a barrier between */
    ACCESS_HAZARD_GRID,       /* any: a launch of its own */
};
struct access_conflict {
    enum access_hazard hazard;
    const struct access *first, *second; /* the pair that asks for it; NULL for none */
};
/* Between an earlier arm (or program) and a later one, over what both know as one buffer: `first_buffer` and
 * `second_buffer` are their programs' names for it. Facts of one solver. Ids are compared as they are, so workgroups of
 * unlike size only have NONE and GRID. Atomics count as reads and writes, but two atomic operations of one kind whose
 * old values nobody uses can come in either order. */
struct access_conflict access_find_conflict(const struct access_facts *first, const struct ir_buffer *first_buffer,
                                            const struct access_facts *second, const struct ir_buffer *second_buffer);
/* Within one program: which invocations may touch an element that another one writes? */
enum access_hazard access_find_sharing(const struct access_facts *facts, const struct ir_buffer *buffer);

/* -- handoffs: a producer writes, a consumer reads; one dimension only ----------------------------------------- */

/* Is each element written by one invocation at most? */
bool access_is_injective(const struct access_facts *facts, const struct ir_buffer *buffer);
/* Is every element that `second` reads certainly written by `first`? */
bool access_is_covered(const struct access_facts *first, const struct ir_buffer *first_buffer,
                       const struct access_facts *second, const struct ir_buffer *second_buffer);

/* What unit u touches lies in the window from floor(numerator * u / denominator) + low, `count` long. */
struct access_window {
    bool known;
    uint64_t numerator, denominator; /* coprime */
    int64_t low;
    uint64_t count; /* at least 1 */
};
/* Units are groups of invocations whose global id divided by `unit` is the same: 1 is an invocation. */
struct access_window access_find_elements(const struct access_facts *facts, const struct ir_buffer *buffer,
                                          enum access_kind kind, uint64_t unit);
/* Which invocations of `first`, by global id, write what a unit of `second` reads. */
struct access_window access_find_producers(const struct access_facts *first, const struct ir_buffer *first_buffer,
                                           const struct access_facts *second, const struct ir_buffer *second_buffer,
                                           uint64_t unit);

/* What the whole process does when the library of integer sets finds no memory for its numbers; by itself it aborts.
 * `handler` must not return, and may not allocate. To be called before anything else, by the tools alone. */
void access_on_no_memory(void (*handler)(void));

#endif
