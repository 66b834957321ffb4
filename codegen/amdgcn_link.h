/* amdgcn_link.h - a relocatable object of AMDGPU as the shared object that loaders take. Knows nothing of LLVM. */
#ifndef VYREC_CODEGEN_AMDGCN_LINK_H
#define VYREC_CODEGEN_AMDGCN_LINK_H

#include "ir/base/out.h"

/* Appends the linked code object. The object is our own: what it cannot hold is a bug. */
void amdgcn_link(const void *object, size_t n_bytes, struct arena *scratch, struct out *out);

#endif
