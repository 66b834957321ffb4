/* chunk_written.h - pipelines as they were before the passes, for chunk_units.c. */
#ifndef VYREC_PASSES_CHUNK_WRITTEN_H
#define VYREC_PASSES_CHUNK_WRITTEN_H

#include "ir/chunks.h"

/* Before the first pass: keeps a copy of each pipeline that could run in chunks. Makes m->chunks; does nothing where it is. */
void chunk_written_keep(struct ir_module *m, struct arena *scratch);
/* The copy, where it has other arms than the pipeline has now, and can be run; else NULL. */
struct ir_pipeline *chunk_written_find(const struct ir_module *m, const struct ir_pipeline *p);
/* Makes it a pipeline of the module, for the runtime alone. */
struct ir_pipeline *chunk_written_add(struct ir_module *m, const struct ir_pipeline *written, const char *name);

static inline bool chunk_is_streamed(const struct ir_buffer *b)
{
    return b->streaming && !b->sized && b->space == IR_SPACE_STORAGE;
}
/* Whether one of them can be cut as an input. */
bool chunk_has_input(struct ir_buffer *const *buffers, uint32_t n);

#endif
