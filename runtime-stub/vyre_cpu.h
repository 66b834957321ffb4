/* vyre_cpu.h - how the runtime calls the CPU code in an object: the contract between codegen/llvm/ and
 * runtime-stub/cpu.c. Not for users. All structs are of natural alignment and little-endian. */
#ifndef VYRE_CPU_H
#define VYRE_CPU_H

#include <stdint.h>

/* Instruction set levels that a kernel may have code for, in order of preference within a family. */
enum vyre_cpu_level {
    VYRE_CPU_X86_64_V2, /* SSE4.2, POPCNT */
    VYRE_CPU_X86_64_V3, /* AVX2, BMI2, FMA, F16C */
    VYRE_CPU_X86_64_V4, /* AVX-512 F BW CD DQ VL */
    VYRE_CPU_AARCH64,   /* Armv8.0-A with NEON */
    VYRE_CPU_LEVELS
};

struct vyre_cpu_buffer {
    void *bytes;    /* aligned to the element at least; may be NULL when count is 0 */
    uint64_t count; /* elements, below 2^32; what len() says */
};

/* What kernels call where it is rare or long: the ends of arrays, and scattered stores for processors without. `lanes`
 * are elements side by side. Elements of 1, 2, 4, 8 bytes, or several of 8. */
struct vyre_cpu_helpers {
    /* Elements first .. first + n - 1 of an array, modulo 2^32, to lanes; those that are not below count stay. */
    void (*load_partial)(void *lanes, const void *base, uint64_t count, uint32_t first, uint32_t n,
                         uint32_t element_bytes);
    /* Lanes to these elements, where they are below count and bit k modulo 64 of the mask is set for lane k. The element
     * bytes are the high half of `shape`, n is the low one. */
    void (*store_partial)(const void *lanes, void *base, uint64_t count, uint32_t first, uint64_t shape, uint64_t mask);
    /* Lane k of the mask to base[indices[k]], lowest first. The bytes of an index are the high half of `shape`, 4 or 8;
     * those of an element the low one. */
    void (*store_lanes)(const void *lanes, void *base, const void *indices, uint64_t mask, uint64_t shape);
};

enum { VYRE_CPU_TRAP_ARM_SHIFT = 56 };

struct vyre_cpu_launch {
    const struct vyre_cpu_buffer *buffers; /* in the program's order */
    const uint64_t *params;                /* one 8-byte slot each, value in the low bytes */
    uint32_t groups[3];                    /* workgroups of the launch */
    uint32_t phase;                        /* which part between grid barriers, from 0 */
    uint64_t scratch_stride_bytes; /* from one workgroup's scratch to the next: 0, or scratch_bytes when n_phases > 1 */
    /* Thread-safe; keeps the lowest invocation. Where the program stands for several arms, the bits from VYRE_CPU_TRAP_ARM_SHIFT on
     * are the arm's number: those of the first arm are lower than all others. */
    void (*trap)(void *trap_ctx, uint64_t invocation, uint32_t code);
    void *trap_ctx;
    const struct vyre_cpu_helpers *helpers;
};

/* Runs one phase of workgroups first .. first + n - 1 (linear: x fastest). `scratch` is that of workgroup `first`,
 * aligned to 64 bytes, contents undefined at phase 0. With n_phases > 1 each workgroup keeps its own between phases. */
typedef void vyre_cpu_kernel(const struct vyre_cpu_launch *launch, uint64_t first, uint64_t n, void *scratch);

struct vyre_cpu_code {
    int32_t kernel;         /* from this field to the function; 0: no code for this level */
    uint32_t n_phases;      /* 1 + the number of grid barriers */
    uint64_t scratch_bytes; /* per workgroup, a multiple of 64 */
};

#define VYRE_MODULE_MAGIC 0x646f6d76u /* "vmod" */
#define VYRE_MODULE_VERSION 2u

/* One per object, local, read-only, without dynamic relocations. The entry functions pass its address. */
struct vyre_module {
    uint32_t magic, version;
    int32_t container; /* from this field to the container, vyre_container.h */
    uint32_t n_programs;
    uint32_t level_mask; /* bit l: column l of `code` is filled */
    uint32_t reserved;
    struct vyre_cpu_code code[]; /* [n_programs][VYRE_CPU_LEVELS] */
};

#endif
