/* run.h - between run.c, which reads a batch and compares, and the executor that a binary of the test is linked with:
 * run_cpu.c, the machine code of each level; run_device.c, a device through the runtime. */
#ifndef VYREC_TESTS_EXEC_OPS_RUN_H
#define VYREC_TESTS_EXEC_OPS_RUN_H

#include "codegen/codegen.h"
#include "tests/exec/ops/ops.h"

extern const char *now_running, *now_level; /* for messages, also of a crash */

struct fenced {
    unsigned char *map, *bytes;
    size_t map_bytes, n_bytes;
};

struct launch {
    const struct test_case *test;
    const struct ir_program *program;
    struct fenced memory[MAX_BUFFERS];
};

struct fenced fenced_new(size_t n_bytes);
bool fenced_is_whole(const struct fenced *f);
void fenced_free(struct fenced *f);
/* Contents as before a launch; those of `write` buffers are zeroed by whoever launches. */
void launch_prepare(struct launch *l);
void launch_release(struct launch *l);
bool compare(const struct launch *want, const struct launch *got);

/* -- how a batch comes into this process: load_linked.c or load_images.c -- */

extern const enum codegen_emit batch_form;
/* NULL: what is wrong has been said. */
void *batch_load(const struct out *code, uint32_t n_programs);
void batch_unload(void *library);

/* -- the executor -- */

/* Code that it needs beside the CPU's. */
void executor_add_targets(struct target_set *targets);
/* What it needs of a batch's library, in which `entry` is a program. */
bool executor_open(void *library, const char *entry);
void executor_close(void);
/* Runs the unit-th program and counts in the batch how often the result was `want`'s. */
void executor_run(struct batch *b, struct launch *want, uint32_t unit);
/* run_device.c: which one; "vulkan" before anybody says otherwise. */
extern const char *executor_backend;

#endif
