/* handoff_build.h - what handoff_build.c and handoff_body.c share: a fused program in the making. */
#ifndef VYREC_PASSES_HANDOFF_BUILD_H
#define VYREC_PASSES_HANDOFF_BUILD_H

#include "passes/handoff.h"

/* One of the two programs. */
struct fused_part {
    struct ir_arm *arm;
    struct map moved;           /* its buffers, arrays, params and locals -> those of the fused program */
    struct ir_expr *dispatch;   /* its invocations, in terms of the pipeline */
    struct ir_param *groups;    /* its workgroups, where they are not those of the fused program */
    struct ir_param *last;      /* its last invocation, if there is any workgroup; NULL: not asked for */
    struct ir_local *gid, *wid; /* what it takes for its ids; NULL: those of the fused program */
    bool may_trap;
    uint32_t first_trap_arm; /* where it may: of those of the fused program */
};

/* A part of indices that has a name: what lies side by side is seen to. */
struct fused_index {
    const struct ir_expr *value;
    struct ir_stmt *let;
};

struct fused {
    struct handoff *h;
    struct ir_module *m;
    struct ir_program *program;
    const char *arm_name;
    struct fused_part first, second;
    VEC(struct ir_arg) buffer_args, param_args;
    struct map names;                     /* taken by buffers, arrays and params */
    struct map lets;                      /* local -> value, for handoff_index */
    VEC(struct fused_index) indices;      /* of the body that is being copied */
    struct ir_local *own_begin, *own_end; /* which producers are the workgroup's own */
    struct ir_expr *owned;                /* whether this producer is the workgroup's own, to be copied; NULL: it is */
};

const char *fused_name(struct fused *f, const char *name);
struct ir_param *fused_add_param(struct fused *f, const char *name, ir_type type, struct ir_expr *value);
struct ir_stmt *fused_let(struct fused *f, const char *name, struct ir_expr *value);
/* Copies and rewrites a part's body. `again`: an invocation may run it more than once; `last`: nothing follows it, so it may
 * return. */
void fused_append_body(struct fused *f, struct fused_part *part, struct ir_block *to, bool again, bool last);

/* The dispatch, and the params that say how many workgroups each part has. */
void fused_choose_dispatch(struct fused *f);
void fused_write_body(struct fused *f);
/* Afterwards: private tiles that are only indexed by constants become variables. */
void fused_use_registers(struct fused *f);

#endif
