/* tools.h - the validator and optimizer of SPIRV-Tools behind one call. */
#ifndef VYREC_SPIRV_TOOLS_H
#define VYREC_SPIRV_TOOLS_H

#include "codegen/spirv/spirv.h"

/* Optimises the words as options->opt_level says, validates what comes of it, and appends that to `out`. An invalid module is our own fault:
 * bug(). */
void spirv_tools_finish(const uint32_t *words, uint32_t n, const struct ir_program *p,
                        const struct spirv_options *options, struct out *out);

/* What the validator says of a module, in `arena`; NULL: it is valid. */
const char *spirv_tools_find_fault(const uint32_t *words, size_t n, struct arena *arena);

#endif
