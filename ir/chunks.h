/* chunks.h - how a program or pipeline runs over data that is larger than what is in memory at once.
 *
 * Its arguments with `streaming` are cut into chunks; for each chunk the runtime launches `pipeline`, which stands for the
 * unit on a part of its grids and of its data. Made by passes/chunk_units.c after all passes, written into objects by
 * codegen/metadata.c; never printed. */
#ifndef VYREC_IR_CHUNKS_H
#define VYREC_IR_CHUNKS_H

#include "ir/ir.h"

enum ir_chunk_role {
    IR_CHUNK_WHOLE, /* stays as it is from the first chunk to the last; what is only written becomes read_write */
    IR_CHUNK_INPUT, /* a part of it for each chunk */
    IR_CHUNK_OUTPUT,
    IR_CHUNK_TEMP, /* made anew for each chunk */
};

/* Workgroup g of an arm touches elements from floor(numerator * g / denominator) + low on, `count` of them, and no others. */
struct ir_chunk_window {
    uint32_t arm, buffer; /* buffer: of the unit, temps behind arguments */
    bool is_store;
    uint64_t numerator, denominator, count;
    int64_t low;
};

struct ir_chunk_arm {
    bool repeats; /* writes temps alone: what a chunk needs of its neighbours is made twice */
};

/* Params of `pipeline`, all u32 but the first: those of the unit; for each arm its first workgroup, the invocations of this
 * part of it, all its workgroups, and how many steps behind the beginning all that counts from; for each buffer that is not WHOLE its
 * first element here, the elements of all of it, and the elements here. */
/* Elements of any buffer, invocations of any grid, less the steps: so indices that wrap around at 2^32 are far from all that
 * there is. */
#define IR_CHUNK_MOST_ELEMENTS UINT64_C(0xC0000000)
/* What lies in a chunk ends at so many; an end that is not in it is at least IR_CHUNK_FAR behind. */
#define IR_CHUNK_MOST_POSITION UINT64_C(0x80000000)
#define IR_CHUNK_FAR UINT64_C(0x20000000)
enum { IR_CHUNK_ARM_PARAMS = 4, IR_CHUNK_BUFFER_PARAMS = 3 };

struct ir_chunks {
    const struct ir_program *program; /* the unit: one of the two */
    const struct ir_pipeline *of;
    const struct ir_pipeline *plan; /* whose arms and temps are meant: `of`, or as it was written; NULL for a program */
    const char *refusal;            /* why it cannot; NULL: it can, and all that follows is there */
    struct ir_pipeline *pipeline;
    enum ir_chunk_role *roles; /* per buffer */
    struct ir_chunk_arm *arms;
    uint32_t n_buffers, n_arms;
    VEC(struct ir_chunk_window) windows;
    /* Ids and lengths may be less by any number of steps (passes/chunk_shift.c), as long as `margin` steps are left in front. */
    const char *near_only; /* why not; NULL: they may, and the rest is there */
    uint64_t *arm_weights; /* workgroups per step; 0: this arm's ids stay as they are */
    uint64_t *buffer_weights;
    uint64_t margin, heaviest; /* heaviest: no position grows by as much with a step */
};

/* A pipeline before any pass. */
struct ir_written {
    const struct ir_pipeline *of;
    struct ir_pipeline *copy;
};

struct ir_chunk_list {
    VEC(struct ir_written) written;
    bool is_made;
    VEC(struct ir_chunks *) all; /* of units that have an argument with `streaming` */
};

#endif
