/* interp.h - the reference interpreter: what a program means. Small, slow, independent of passes and emitters.
 *
 * A pipeline runs arm by arm, each a complete launch, temps starting as zeros. */
#ifndef VYREC_IR_INTERP_H
#define VYREC_IR_INTERP_H

#include "ir/ir.h"

enum ir_schedule {
    IR_SCHEDULE_FORWARD, /* invocation after invocation, each up to the next barrier */
    IR_SCHEDULE_REVERSED,
    IR_SCHEDULE_RANDOM,      /* one step of a random invocation at a time, by seed */
    IR_SCHEDULE_INTERLEAVED, /* workgroups in lockstep, one memory access each in turn */
};

struct ir_run_buffer {
    void *bytes;    /* count * mem_bytes; the caller's */
    uint64_t count; /* elements, below 2^32 */
};

struct ir_run_options {
    enum ir_schedule schedule;
    uint64_t seed;
    bool detect_races;
    uint64_t max_steps; /* 0: no limit. Past it the run ends with IR_RUN_TOO_LONG */
    void (*progress)(void *ctx, uint64_t done, uint64_t total); /* workgroups; may be NULL */
    void *progress_ctx;
};

enum ir_run_status {
    IR_RUN_OK,
    IR_RUN_TRAP,
    IR_RUN_RACE,
    IR_RUN_TOO_LONG,
    IR_RUN_BAD_SIZE,
    IR_RUN_DEADLOCK,
    IR_RUN_OUT_OF_BOUNDS, /* an index past the end where the text says `in_bounds` */
    IR_RUN_UNSUPPORTED,
};

struct ir_race {
    struct src_range first, second;
    const struct ir_buffer *buffer;
    uint64_t index;
    uint64_t first_invocation, second_invocation; /* linear global ids */
};

struct ir_run_result {
    enum ir_run_status status;
    uint32_t trap_code;
    uint32_t trap_arm;        /* of those that the program stands for, the first that has one */
    uint64_t trap_invocation; /* of that arm: linear global id, the lowest that trapped */
    const char *trap_of;      /* in pipelines: that arm's name, as the pipeline was written */
    struct src_range trap_range;
    struct ir_race race;
    const char *message; /* one line for BAD_SIZE, UNSUPPORTED and OUT_OF_BOUNDS, in the arena */
    uint64_t n_steps;
    uint32_t n_statements, n_reached; /* those that compute something, and those of them that ran */
};

/* `buffers` and `params` (bits) in the program's or pipeline's order. A `write` buffer is zeroed first. After a trap
 * the launch still completes; a pipeline's later arms do not run. Race detection covers storage and workgroup memory.
 */
struct ir_run_result ir_run_program(struct arena *arena, const struct ir_program *p,
                                    const struct ir_run_buffer *buffers, const uint64_t *params,
                                    const struct ir_run_options *options);
struct ir_run_result ir_run_pipeline(struct arena *arena, const struct ir_pipeline *p,
                                     const struct ir_run_buffer *buffers, const uint64_t *params,
                                     const struct ir_run_options *options);
/* The workgroup counts of a launch from its lengths and params; false when a size overflows or passes a limit. */
bool ir_launch_size(const struct ir_program *p, const struct ir_run_buffer *buffers, const uint64_t *params,
                    uint32_t groups[3]);

#endif
