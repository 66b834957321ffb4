/* access_isl.h - what the files access*.c share. Values are functions of parameters (ids of invocations, loop variables, lengths,
 * params); conditions are sets of parameters. What the library returns may be NULL at any time, when its operations are
 * used up: it passes that on, and NULL reads as "unknown". */
#ifndef VYREC_PASSES_ACCESS_ISL_H
#define VYREC_PASSES_ACCESS_ISL_H

#include <isl/aff.h>
#include <isl/ctx.h>
#include <isl/id.h>
#include <isl/ilp.h>
#include <isl/map.h>
#include <isl/options.h>
#include <isl/set.h>
#include <isl/space.h>
#include <isl/val.h>

#include "passes/access.h"
#include "passes/access_relevant.h"

struct access_relation {
    isl_map *map; /* from [w, l], or [w.x, w.y, w.z, l.x, l.y, l.z], to [e]; NULL: unknown */
};

struct access_solver {
    struct memory_cleanup cleanup;
    struct arena *arena;
    isl_ctx *isl;
    uint64_t most; /* elements, invocations; 0: what the language allows */
    bool exhausted;
    bool trusts_windows;
    unsigned long operations, operations_left; /* of this proof; of this one and all to come */
    VEC(isl_map *) maps;                       /* freed in the end */
    VEC(isl_set *) sets;
    struct map shapes; /* from programs: see access_memo.c */
};

/* What is known of one buffer of a program. */
struct access_context {
    bool is_related;   /* the relations are there */
    bool exhausted;    /* as far as the operations went */
    isl_set *set;      /* what always holds of lengths and params */
    isl_set *elements; /* [e] for every element that there is */
};

/* A condition: where it may be true, where it may be false. */
struct access_cond {
    isl_set *yes, *no;
    bool exact; /* the two do not overlap */
};

struct access_dim {
    isl_id *id;
    bool exact; /* takes all values that its constraints leave; otherwise perhaps fewer */
};

/* A walk over a program. */
struct access_walk {
    struct access_solver *solver;
    const struct access_facts *facts;
    const struct ir_buffer *buffer; /* whose accesses get relations */
    uint32_t next;                  /* the first access that the walk has not met */
    struct arena *arena;
    isl_ctx *isl;
    isl_set *context;            /* of lengths and params */
    isl_set *path;               /* where the walk is: a superset of those who get there */
    bool exact;                  /* not more than those */
    isl_pw_aff **locals;         /* by index: values; NULL unknown */
    const struct ir_expr **lets; /* by index: what a let of a bool was given */
    VEC(struct access_dim) dims; /* loop variables and bounded unknowns: projected out in the end */
    uint32_t n_names;            /* of such, for their names */
    struct map known;            /* from lengths and params to their values */
    VEC(isl_pw_aff *) values;    /* of `known` */
    struct access_relevance relevance;
};

/* -- access.c -- */
/* Computes the relations of a buffer, when it has not been done. */
const struct access_context *access_relate(const struct access_facts *facts, const struct ir_buffer *buffer);

/* -- access_value.c -- */
/* A value of the kernel as the language has it, wrapping included; NULL unknown. */
isl_pw_aff *access_value(struct access_walk *w, const struct ir_expr *e);
/* A host expression of the pipeline (or of the program when there is none). */
isl_pw_aff *access_host_value(struct access_walk *w, const struct ir_expr *e);
struct access_cond access_cond_of(struct access_walk *w, const struct ir_expr *e);
void access_cond_free(struct access_cond *c);
isl_pw_aff *access_length(struct access_walk *w, const struct ir_buffer *b);
isl_pw_aff *access_const(struct access_walk *w, int64_t value);
isl_pw_aff *access_id_value(struct access_walk *w, isl_id *id); /* keeps `id` */
isl_id *access_invocation_id(struct access_walk *w, bool local, uint32_t axis);
/* A value from low (kept) to high (kept), inclusive. */
isl_pw_aff *access_new_dim(struct access_walk *w, const char *name, isl_pw_aff *low, isl_pw_aff *high, bool exact);
void access_assume(struct access_walk *w, isl_set *set); /* takes `set`: holds always */
/* Can nobody on the path be in `set` (taken)? */
bool access_is_impossible(struct access_walk *w, isl_set *set);
/* The number of workgroups along an axis; NULL unknown. */
isl_pw_aff *access_groups(struct access_walk *w, uint32_t axis);

#endif
