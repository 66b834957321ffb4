/* tools.c - see tools.h. */
#include "codegen/spirv/tools.h"

#include <stdlib.h>

#include <spirv-tools/libspirv.h>

uint32_t *spirv_optimize(const uint32_t *words, size_t n, uint32_t level, size_t *n_out); /* optimizer.cc */

const char *spirv_tools_find_fault(const uint32_t *words, size_t n, struct arena *arena)
{
    spv_context context = spvContextCreate(SPV_ENV_VULKAN_1_2);
    spv_diagnostic fault = NULL;
    const char *text = NULL;
    if (spvValidateBinary(context, words, n, &fault) != SPV_SUCCESS)
        text = arena_printf(arena, "word %zu: %s", fault ? fault->position.index : 0, fault ? fault->error : "?");
    spvDiagnosticDestroy(fault);
    spvContextDestroy(context);
    return text;
}

static void validate(const uint32_t *words, size_t n, const struct ir_program *p, const char *when)
{
    struct arena arena;
    arena_init(&arena, p->module->arena->mem);
    const char *fault = spirv_tools_find_fault(words, n, &arena);
    if (fault) bug("SPIR-V of '%s' is not valid %s: %s", p->name, when, fault);
    arena_release(&arena);
}

/* Validates what is handed on; what goes into the optimizer only where it refuses that, to say what is wrong with it. */
void spirv_tools_finish(const uint32_t *words, uint32_t n, const struct ir_program *p,
                        const struct spirv_options *options, struct out *out)
{
    size_t n_optimized = 0;
    uint32_t *optimized = options->opt_level ? spirv_optimize(words, n, options->opt_level, &n_optimized) : NULL;
    if (!optimized) validate(words, n, p, "as emitted");
    if (!optimized && options->opt_level) bug("the optimizer refuses the SPIR-V of '%s'", p->name);
    if (optimized) validate(optimized, n_optimized, p, "after the optimizer");
    if (optimized)
        out_bytes(out, optimized, n_optimized * 4);
    else
        out_bytes(out, words, (size_t)n * 4);
    free(optimized);
}
