/* chunk_units.h - finds which programs and pipelines can run over their data in chunks: ir/chunks.h. */
#ifndef VYREC_PASSES_CHUNK_UNITS_H
#define VYREC_PASSES_CHUNK_UNITS_H

#include "ir/chunks.h"

/* Of each unit that has a `streaming` argument: how it runs in chunks, or why it cannot. Appends to the module what the runtime
 * launches for a chunk, so it comes after all passes. Sets m->chunks. */
void chunk_units_make(struct ir_module *m, struct arena *scratch);

#endif
