/* load_images.c - a batch as images for a device alone: nothing is linked, and no C compiler is needed. */
#include <stdlib.h>

#include "tests/exec/ops/run.h"
#include "tools/vyre-run/run.h"

const enum codegen_emit batch_form = CODEGEN_EMIT_IMAGES;

static struct memory memory;
static struct arena arena;

void *batch_load(const struct out *code, uint32_t n_programs)
{
    struct library *library;
    if (setjmp(memory.recover)) return NULL;
    arena_init(&arena, &memory);
    struct run run = {.arena = &arena, .tool = "exec-ops"};
    return library_load_images(&run, code, n_programs, &library) ? library : NULL;
}

void batch_unload(void *library)
{
    library_unload(library);
    arena_release(&arena);
}
