/* program.c - from .vir text to images in this process, open on the device. */
#include <stdio.h>
#include <string.h>

#include "frontend/frontend.h"
#include "tests/exec/gpu/check.h"

/* What the backend's devices take: those targets that --target=all means. */
static void choose_targets(const char *backend, struct target_set *targets)
{
    enum target_family family = !strcmp(backend, "cuda")  ? TARGET_FAMILY_PTX
                                : !strcmp(backend, "hsa") ? TARGET_FAMILY_AMDGCN
                                                          : TARGET_FAMILY_SPIRV;
    for (uint32_t t = 0; t < TARGET_COUNT; t++)
        targets->has[t] = target_infos[t].family == family && target_infos[t].in_all;
}

static bool load(struct program *p, const struct settings *s)
{
    struct target_set targets = {0};
    struct out images;
    struct codegen_options options = {
        .emit = CODEGEN_EMIT_IMAGES, .opt_level = 2, .prefix = "", .source_name = "check.vir", .targets = &targets};
    choose_targets(s->backend, &targets);
    out_init(&images, p->arena.mem);
    bool ok = codegen_emit(p->module, &options, &p->diags, &p->arena, &images) &&
              library_load_images(&p->run, &images, p->module->programs.n, &p->library) &&
              compiled_open(&p->run, p->library, &(struct compiled_options){.backend = s->backend, .strict = true},
                            &p->compiled);
    out_release(&images);
    return ok;
}

bool program_open(struct program *p, struct memory *mem, const struct settings *s, const char *name, const char *text,
                  size_t n)
{
    struct frontend_options reading = {0};
    struct out messages;
    *p = (struct program){.run = {.arena = &p->arena, .tool = "gpu-check"}};
    arena_init(&p->arena, mem);
    sources_init(&p->sources, &p->arena);
    intern_init(&p->names, &p->arena);
    diags_init(&p->diags, &p->arena, &p->sources);
    p->diags.no_warnings = true;
    struct source_file *file = sources_add(&p->sources, name, text, n);
    p->module = file ? frontend_read(&p->arena, &p->names, &p->sources, &p->diags, file, &reading) : NULL;
    bool ok = p->module && load(p, s);
    out_init(&messages, mem);
    diags_print(&p->diags, DIAG_FORMAT_TEXT, false, &messages);
    if (messages.n) fputs(messages.bytes, stderr);
    out_release(&messages);
    return ok;
}

void program_close(struct program *p)
{
    if (p->compiled) compiled_close(p->compiled);
    if (p->library) library_unload(p->library);
    arena_release(&p->arena);
}

const char *program_ptx(struct program *p)
{
    struct target_set targets = {0};
    struct out text;
    struct codegen_options options = {
        .emit = CODEGEN_EMIT_PTX, .opt_level = 2, .prefix = "", .source_name = "check.vir", .targets = &targets};
    targets.has[TARGET_PTX_SM_75] = true;
    out_init(&text, p->arena.mem);
    bool ok = codegen_emit(p->module, &options, &p->diags, &p->arena, &text);
    const char *copy = ok ? arena_copy(&p->arena, text.bytes, text.n) : NULL;
    out_release(&text);
    return copy;
}
