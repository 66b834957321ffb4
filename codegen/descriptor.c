/* descriptor.c - see descriptor.h. Distances from their own fields are the linker's. */
#include "codegen/descriptor.h"

#include <elf.h>
#include <stddef.h>

#include "runtime-stub/vyre_cpu.h"

enum { ALIGNMENT = 16 };

static struct join_reference make_distance(size_t offset, const char *symbol)
{
    return (struct join_reference){(uint32_t)offset, R_X86_64_PC32, symbol, 0};
}

struct join_addition descriptor_make_x86(const struct descriptor *d, struct arena *arena)
{
    uint32_t n = d->n_programs * VYRE_CPU_LEVELS, n_references = 0;
    size_t n_bytes = sizeof(struct vyre_module) + n * sizeof(struct vyre_cpu_code);
    struct join_reference *references = ARENA_ARRAY(arena, struct join_reference, n + 1);
    struct vyre_module *m = arena_alloc(arena, n_bytes);
    *m = (struct vyre_module){VYRE_MODULE_MAGIC, VYRE_MODULE_VERSION, 0, d->n_programs, d->level_mask, 0};
    references[n_references++] = make_distance(offsetof(struct vyre_module, container), d->container);
    for (uint32_t i = 0; i < n; i++) {
        const struct descriptor_kernel *k = &d->kernels[i];
        m->code[i] = (struct vyre_cpu_code){0, k->n_phases, k->scratch_bytes};
        if (k->symbol) references[n_references++] = make_distance((size_t)((char *)&m->code[i] - (char *)m), k->symbol);
    }
    return (struct join_addition){.symbol = d->symbol,
                                  .section = ".rodata",
                                  .alignment = ALIGNMENT,
                                  .is_hidden = true,
                                  .bytes = (const char *)m,
                                  .n = n_bytes,
                                  .references = references,
                                  .n_references = n_references};
}
