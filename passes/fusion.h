/* fusion.h - the parts of fuse_programs: which arms may share a launch (fuse_group.c), and the program that they become
 * (fuse_build.c). */
#ifndef VYREC_PASSES_FUSION_H
#define VYREC_PASSES_FUSION_H

#include "passes/access.h"
#include "passes/pass.h"
#include "passes/program_uses.h"

/* Why an arm must have a launch of its own. The names are part of what users and tests rely on. */
#define FUSE_REFUSALS(ROW)                                                                                             \
    ROW(SELF_ALIASING, "self_aliasing",                                                                                \
        "give each a pipeline of its own, or drop #[self_exclusive] where it is not needed")                           \
    ROW(ALIASING, "aliasing", "let both declare the buffer with the same length")                                      \
    ROW(OVER_DISPATCH, "over_dispatch", "let the arms ask for grids of one shape")                                     \
    ROW(WORKGROUP_GEOMETRY, "workgroup_geometry", "give both programs the same workgroup size")                        \
    ROW(LAYOUT, "layout", "write every element, or declare the buffer read_write")                                     \
    ROW(GRID_ORDER, "grid_order", "let each invocation read only what it wrote itself, at index gid.x")                \
    ROW(BUDGET, "budget", "use less workgroup memory, or allow more with --passes=fuse_programs(workgroup_bytes=N)")

enum fuse_refusal {
    FUSE_ALLOWED,
#define ROW(NAME, text, fix) FUSE_##NAME,
    FUSE_REFUSALS(ROW)
#undef ROW
};

struct fuse_member {
    struct ir_stmt *stmt;
    const struct program_uses *uses;
    struct ir_expr *extent[3]; /* invocations, in terms of the pipeline */
    bool after_barrier;        /* a barrier stands before it */
};

/* A buffer of the fused program: one that the pipeline has, as several arms see it. */
struct fuse_slot {
    struct ir_buffer *actual;
    bool sized; /* with `count` elements for every member */
    uint64_t count;
    bool reads, writes; /* as the formals declare */
    bool needs_zeros;   /* a member counts on zeros where it does not write */
    uint32_t n_members;
    struct buffer_use use; /* of all members so far */
    uint32_t align_bytes;
    bool uniform, streaming;
    struct ir_buffer *made; /* the fused program's */
};

/* What a refusal is about: the reason in words, and a place of each side (SRC_NONE: the arms themselves). */
struct fuse_reason {
    enum fuse_refusal refusal;
    bool needs_barrier; /* no refusal, if there is a barrier before */
    const char *text;
    const struct ir_stmt *earlier; /* the member it clashes with, or NULL */
    struct src_range here, there;
    const char *here_text, *there_text;
};

struct fuse_group {
    struct pass_run *run;
    struct ir_pipeline *pipeline;
    VEC(struct fuse_member) members;
    VEC(struct fuse_slot) slots;
    struct map first_slot; /* actual -> index + 1 of its slot */
    uint32_t workgroup[3];
    bool fixed_size, one_row, same_sizes, same_extents[3];
    uint32_t n_trap_arms; /* of the members that may trap */
    uint32_t n_stmts, nesting;
    uint64_t workgroup_bytes, local_bytes;
    struct fuse_reason alone;     /* why nothing may join the first member */
    struct access_solver *solver; /* of the pipeline */
    const bool *touched;          /* by index of the pipeline's buffers: something before the group had it */
};

void fuse_group_init(struct fuse_group *g, struct pass_run *run, struct ir_pipeline *p, const bool *touched,
                     struct access_solver *solver);
/* Adds an arm, or says why not and leaves the group as it was. */
struct fuse_reason fuse_group_add(struct fuse_group *g, struct ir_stmt *stmt, const struct program_uses *uses);
/* What must lie between the members and the new arm because of a buffer, as far as can be proved. */
enum hazard fuse_prove_hazard(const struct fuse_group *g, const struct fuse_member *new,
                              const struct ir_buffer *actual);
/* Puts one arm in the place of the members, of which there are at least two. Returns it. */
struct ir_arm *fuse_build(struct fuse_group *g);
struct fuse_slot *fuse_find_slot(const struct fuse_group *g, const struct ir_arm *arm, const struct ir_buffer *formal);

#endif
