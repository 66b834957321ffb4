/* object.h - what an object holds besides machine code: handed by codegen/object.c to the emitter that writes the ELF
 * file. */
#ifndef VYREC_CODEGEN_OBJECT_H
#define VYREC_CODEGEN_OBJECT_H

#include "codegen/codegen.h"

/* A global function of the generated header: `int32_t symbol(ctx, rest...)`, which is
 * `return runtime_symbol(ctx, &module, unit, rest...)`; all arguments are pointers. */
struct object_entry {
    const char *symbol, *runtime_symbol;
    uint32_t unit;   /* index in the container's metadata: programs first, then pipelines */
    uint32_t n_rest; /* pointer arguments after ctx */
};

struct object_contents {
    const unsigned char *container; /* goes to section .vyre.images, aligned to 64 */
    uint64_t container_bytes;
    const uint64_t *data_offsets; /* per ir_data: where its bytes lie in the container, uncompressed, 64-byte aligned,
                                     followed by at least 64 readable bytes */
    const struct object_entry *entries;
    uint32_t n_entries;
};

#endif
