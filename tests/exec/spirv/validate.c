/* validate.c - validate [--level=N] FILE...: for every program of the files, at each level of optimisation or at one, with and without lines of the source, in each of the
 * forms that objects hold: the module as it was emitted, and what the optimizer of SPIRV-Tools makes of it, pass the validator. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/spirv/spirv.h"
#include "codegen/spirv/tools.h"
#include "frontend/frontend.h"
#include "passes/manager.h"
#include "tests/unit/test.h"

enum { LEVELS = 4 };

static bool is_any(const struct ir_program *p)
{
    (void)p;
    return true;
}

static const struct form {
    const char *name;
    struct spirv_options options;
    bool (*is_needed)(const struct ir_program *p);
} forms[] = {
#define ALL_SIZES .version = 0x00010300, .storage_8bit = true, .storage_16bit = true, .int64 = true
    {"bindings", {ALL_SIZES}, is_any},
    {"words", {.version = 0x00010300}, spirv_has_other_than_words},
    {"addresses", {ALL_SIZES, .is_large = true}, is_any},
    {"subgroups", {ALL_SIZES, .has_subgroups = true}, spirv_may_have_subgroups},
    {"arguments in a buffer", {ALL_SIZES, .args_in_buffer = true}, is_any},
};
enum { FORMS = sizeof forms / sizeof *forms };

static uint32_t n_modules;

static void check_words(const struct out *module, const struct ir_program *p, const struct form *f, uint32_t level,
                        struct arena *arena)
{
    const char *fault = spirv_tools_find_fault((const void *)module->bytes, module->n / 4, arena);
    if (fault) printf("%s, %s, -O%u: %s\n", p->name, f->name, level, fault);
    CHECK(!fault);
    n_modules++;
}

/* What the optimizer gets is what level 0 gives: nothing else looks at the level. */
static void check_form(const struct ir_program *p, const struct form *f, uint32_t level, struct arena *arena)
{
    struct spirv_options options = f->options;
    struct spirv_interface face;
    options.debug_info = level % 2 == 1;
    options.leaves_width = level % 2 == 0;
    for (uint32_t optimised = 0; optimised <= (level ? 1 : 0); optimised++) {
        struct out module;
        options.opt_level = optimised ? level : 0;
        out_init(&module, arena->mem);
        spirv_emit_program(p, &options, arena, &module, &face);
        check_words(&module, p, f, options.opt_level, arena);
        out_release(&module);
    }
}

static void check_file(const char *path, uint32_t level)
{
    struct memory memory = {0};
    struct arena arena;
    struct sources sources;
    struct intern names;
    struct diags diags;
    struct source_file *file;
    struct out log;
    struct frontend_options options = {.no_data_files = true};
    struct pass_settings passes = {.level = level};
    if (setjmp(memory.recover)) exit(1);
    arena_init(&arena, &memory);
    sources_init(&sources, &arena);
    intern_init(&names, &arena);
    diags_init(&diags, &arena, &sources);
    out_init(&log, &memory);
    diags.no_warnings = true;
    CHECK(!sources_read(&sources, path, &file));
    struct ir_module *m = frontend_read(&arena, &names, &sources, &diags, file, &options);
    if (!m) printf("%s does not read\n", path);
    CHECK(m != NULL);
    if (m) passes_run(m, &passes, &diags, &log);
    for (uint32_t i = 0; m && i < m->programs.n; i++)
        for (uint32_t k = 0; k < FORMS && !spirv_refusal(m->programs.at[i]); k++)
            if (forms[k].is_needed(m->programs.at[i])) check_form(m->programs.at[i], &forms[k], level, &arena);
    out_release(&log);
    arena_release(&arena);
}

/* The validator looks: a module without an entry point is refused. */
static void check_validator(void)
{
    static const uint32_t without_entry[] = {0x07230203, 0x00010300, 0, 5, 0, 0x00020011, 1, 0x0003000E, 0, 1};
    struct memory memory = {0};
    struct arena arena;
    if (setjmp(memory.recover)) exit(1);
    arena_init(&arena, &memory);
    CHECK(spirv_tools_find_fault(without_entry, sizeof without_entry / 4, &arena) != NULL);
    arena_release(&arena);
}

int main(int argc, char **argv)
{
    static const char option[] = "--level=";
    bool has_level = argc > 1 && !strncmp(argv[1], option, sizeof option - 1);
    uint32_t first = has_level ? (uint32_t)atoi(argv[1] + sizeof option - 1) : 0, end = has_level ? first + 1 : LEVELS;
    check_validator();
    for (int i = 1 + has_level; i < argc; i++)
        for (uint32_t level = first; level < end; level++)
            check_file(argv[i], level);
    CHECK(n_modules > 0);
    printf("%u modules\n", (unsigned)n_modules);
    return test_finish();
}
