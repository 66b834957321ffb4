/* descriptor.h - struct vyre_module, from which the runtime finds what an object holds, as bytes of x86-64. */
#ifndef VYREC_CODEGEN_DESCRIPTOR_H
#define VYREC_CODEGEN_DESCRIPTOR_H

#include "codegen/join.h"

/* A program's kernel for a level. */
struct descriptor_kernel {
    const char *symbol; /* NULL: there is none */
    uint32_t n_phases;
    uint64_t scratch_bytes;
};
struct descriptor {
    const char *symbol, *container;          /* of itself, and of what it leads to */
    const struct descriptor_kernel *kernels; /* [n_programs][VYRE_CPU_LEVELS] */
    uint32_t n_programs, level_mask;
};

struct join_addition descriptor_make_x86(const struct descriptor *d, struct arena *arena);

#endif
