/* amdgcn_link.c */
#include "codegen/amdgcn_link.h"
void amdgcn_link(const void *object, size_t n_bytes, struct arena *scratch, struct out *out)
{
    (void)scratch;
    out_bytes(out, object, n_bytes);
}
