/* program_uses.h - what a program does, as far as it matters to whoever puts it into one launch with others. One walk. */
#ifndef VYREC_PASSES_PROGRAM_USES_H
#define VYREC_PASSES_PROGRAM_USES_H

#include "ir/ir.h"

/* How a program, or several in a row, touch a buffer. */
struct buffer_use {
    bool reads, writes;
    bool own;     /* only element gid.x, of a launch in one row */
    bool atomics; /* and nothing but them where `plain` is not set */
    bool plain;
    bool mixed;                   /* atomics of several kinds, with results, or whose order shows in the sum */
    enum ir_atomic op;            /* of the atomics */
    struct src_range read, write; /* the first of each, for messages */
};

struct program_uses {
    struct buffer_use *buffers; /* by index */
    bool fixed_size;            /* looks at lid, wid, or is made of workgroups in another way */
    bool has_barrier, has_grid_barrier, has_subgroup;
    uint32_t n_returns;
    bool in_one_row;       /* the grid and the workgroup have one dimension */
    struct src_range trap; /* the first place that may trap; SRC_NONE without */
    bool may_trap;
    uint32_t n_stmts, nesting;
    uint64_t workgroup_bytes, local_bytes;
};

void program_uses_compute(struct program_uses *u, struct arena *arena, struct ir_program *p);
/* The two one after the other. */
struct buffer_use buffer_use_join(const struct buffer_use *a, const struct buffer_use *b);

/* What must lie between two uses of one buffer, the first in an earlier arm: nothing, the order of one invocation's text, a barrier, or
 * a launch. */
enum hazard { HAZARD_NONE, HAZARD_INVOCATION, HAZARD_WORKGROUP, HAZARD_GRID };
enum hazard buffer_use_hazard(const struct buffer_use *a, const struct buffer_use *b);

/* What its arrays of a space take, without gaps between them: 0 when it has none. */
uint64_t program_array_bytes(const struct ir_program *p, enum ir_space space);

/* Is there an operation in it that all invocations of the workgroup have to reach? */
bool has_subgroup_operation(struct ir_expr *e);

/* Is the value gid.x? `lets`: by local, what a `let` was given; NULL for others. */
bool is_gid_x(const struct ir_expr *e, struct ir_expr *const *lets);
struct ir_expr **collect_lets(struct arena *arena, struct ir_program *p);
bool is_in_one_row(const struct ir_program *p);

#endif
