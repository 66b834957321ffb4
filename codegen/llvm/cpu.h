/* cpu.h - private to cpu.c, workgroup.c and layout.c: the frame of a CPU kernel. */
#ifndef VYREC_LLVM_CPU_H
#define VYREC_LLVM_CPU_H

#include "codegen/llvm/lower.h"

/* How invocations become lanes. */
struct lane_layout {
    const struct ir_program *program;
    uint32_t width;
    uint32_t size[3];                 /* of a workgroup */
    uint32_t n_invocations, n_groups; /* of a workgroup; groups of lanes, the last maybe partial */
    /* Workgroups do not matter to the program: one row of invocations, gid.x upwards, over all workgroups of a call. */
    bool is_flat;
};

/* Where things lie in a workgroup's scratch memory. Offsets in bytes. */
struct scratch_layout {
    uint64_t bytes;        /* all, a multiple of 64 */
    uint64_t *arrays;      /* by index; WORKGROUP, and PRIVATE ones that are not on the stack */
    uint64_t zeroed_bytes; /* the first so many are zero when a workgroup starts */
    uint64_t alive;        /* one u64 of lane bits per group */
    uint64_t *locals;      /* by index: crossing ones, n_groups times the slot */
    uint64_t *scalars;     /* by index: scalar ones of programs with several launch phases */
};

struct cpu_frame {
    struct lane_layout lanes;
    struct scratch_layout scratch;
    LLVMValueRef launch, first, n, base; /* arguments; base: scratch of the workgroup now */
    LLVMValueRef counts[3];              /* i32: workgroups of the launch */
    LLVMValueRef wid[3];                 /* i32 */
    LLVMValueRef lane0;                  /* i32: linear local id of lane 0, or gid.x of it when flat */
    LLVMBasicBlockRef workgroup_end;
};

static inline struct cpu_frame *frame_of(struct lower *l)
{
    return l->frame;
}

struct lane_layout lanes_choose(const struct ir_program *p, const struct lower_features *features,
                                const struct plan *plan, bool optimize, uint32_t max_width);
/* The lanes for the statements from `first` to `end`, between barriers: more than elsewhere where they compute with bytes alone, and
 * no lane keeps anything from or for another phase. */
uint32_t lanes_of_phase(struct lower *l, const struct ir_stmt *first, const struct ir_stmt *end);
struct shape lanes_shape_of_id(const void *layout, enum ir_op op, uint32_t component);
void scratch_layout_compute(struct lower *l, struct scratch_layout *s);
LLVMValueRef scratch_at(struct lower *l, uint64_t offset);
/* Zeroes the arrays of each invocation that live no longer than its group. */
void open_private_arrays(struct lower *l);
/* All phases of one workgroup. */
void workgroup_lower(struct lower *l);
/* One group of lanes does the statements from `first` to `end`. `partial` is the mask of the lanes there are; NULL: all. */
void group_lower(struct lower *l, struct ir_stmt *first, const struct ir_stmt *end, LLVMValueRef partial);

#endif
