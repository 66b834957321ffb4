/* entry_x86.h - the functions that users call as machine code of x86-64, each five or six instructions: LLVM would take a tenth of the
 * time of a small program for them. */
#ifndef VYREC_CODEGEN_ENTRY_X86_H
#define VYREC_CODEGEN_ENTRY_X86_H

#include "codegen/join.h"
#include "codegen/object.h"

/* `descriptor` is the symbol of the struct vyre_module. */
struct join_function entry_make_x86(const struct object_entry *entry, const char *descriptor, struct arena *arena);

#endif
