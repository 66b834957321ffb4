/* entry_x86.h - functions of a few instructions as machine code of x86-64: those that users call, and kernels that leave all to
 * another. LLVM would take a tenth of the time of a small program for them. */
#ifndef VYREC_CODEGEN_ENTRY_X86_H
#define VYREC_CODEGEN_ENTRY_X86_H

#include "codegen/join.h"
#include "codegen/object.h"

/* `descriptor` is the symbol of the struct vyre_module. */
struct join_addition entry_make_x86(const struct object_entry *entry, const char *descriptor, struct arena *arena);
/* A kernel, vyre_cpu_kernel, that calls `singles` for the invocations of its workgroups. */
struct join_addition entry_make_kernel_x86(const char *symbol, const char *singles, uint32_t workgroup_size,
                                           struct arena *arena);

#endif
