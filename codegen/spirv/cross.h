/* cross.h - SPIRV-Cross behind two calls: other shading languages from a module's words, and what the module says of itself. */
#ifndef VYREC_SPIRV_CROSS_H
#define VYREC_SPIRV_CROSS_H

#include "codegen/spirv/spirv.h"

/* Appends the module as GLSL, HLSL or MSL. NULL, or why there is no such text (in `arena`). */
const char *spirv_cross_write(const uint32_t *words, size_t n, enum spirv_form form, uint32_t n_bindings,
                              struct arena *arena, struct out *out);

/* What SPIRV-Cross reads out of a module. */
struct spirv_resource {
    const char *name;
    uint32_t set, binding;
    bool read_only;
};
struct spirv_reflection {
    const char *entry;
    uint32_t workgroup[3];
    VEC(struct spirv_resource) buffers; /* storage buffers */
    uint32_t push_bytes;                /* 0: no push constants */
};
/* False when the words are no module. */
bool spirv_cross_reflect(const uint32_t *words, size_t n, struct arena *arena, struct spirv_reflection *reflection);

#endif
