/* emulator.h - PTX without a GPU: the emulator `ptxemu` in a process of its own, given one module after the other. It is no part of this project;
 * it is looked for in the folder that VYRE_PTXEMU names, then where the build was told (VYRE_PTXEMU_FOLDER). */
#ifndef VYREC_TOOLS_PTX_EMULATOR_H
#define VYREC_TOOLS_PTX_EMULATOR_H

#include "ir/interp.h"

struct ptx_emulator;
/* NULL: there is none; *reason says so. */
struct ptx_emulator *ptx_emulator_start(const char **reason);
void ptx_emulator_stop(struct ptx_emulator *e);
/* Whether the module's text was understood; else ptx_emulator_message says what was not. */
bool ptx_emulator_load(struct ptx_emulator *e, const void *text, size_t n_bytes);
const char *ptx_emulator_message(const struct ptx_emulator *e);

struct ptx_launch {
    const struct ir_program *program; /* of which the module has the kernel */
    const struct ir_run_buffer *buffers;
    const uint64_t *params;
    uint32_t width; /* of workgroups, where the program leaves it free; 0: the declared one */
    uint32_t seed;  /* not 0: threads run in an order that it chooses */
    bool trapped;   /* the outcome */
    uint32_t trap_arm, trap_code;
    uint64_t trap_invocation;
};
/* As the runtime launches it, in two parts where the grid has several workgroups; buffers change in place. */
bool ptx_emulator_run(struct ptx_emulator *e, struct ptx_launch *launch, struct arena *scratch);

#endif
