/* reflect.c - reflect FILE...: for every program of the files, what SPIRV-Cross reads out of its module is what our own list of bindings says:
 * sets, bindings, names, who writes, the size of the workgroup and of the push constants. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/spirv/cross.h"
#include "frontend/frontend.h"
#include "ir/ops.h"
#include "tests/unit/test.h"

struct expected {
    const char *name;
    uint32_t binding;
    bool read_only;
};

static const struct spirv_resource *find(const struct spirv_reflection *r, uint32_t binding)
{
    for (uint32_t i = 0; i < r->buffers.n; i++)
        if (r->buffers.at[i].binding == binding) return &r->buffers.at[i];
    return NULL;
}

/* The optimizer drops what is never used: what is there must be right, and what is written must be there. */
static uint32_t check_binding(const struct spirv_reflection *r, struct expected e, bool must_be_there)
{
    const struct spirv_resource *found = find(r, e.binding);
    if (must_be_there) CHECK(found != NULL);
    if (!found) return 0;
    CHECK_UINT(found->set, 0);
    CHECK(!e.name || !strcmp(found->name, e.name));
    CHECK(found->read_only == e.read_only);
    return 1;
}

static void check_program(const struct ir_program *p, uint32_t opt_level, struct arena *arena, struct memory *memory)
{
    struct spirv_options options = {
        .version = 0x00010300, .opt_level = opt_level, .storage_8bit = true, .storage_16bit = true, .int64 = true};
    struct spirv_interface face;
    struct spirv_reflection r;
    struct out words;
    uint32_t n = 0;
    out_init(&words, memory);
    spirv_emit_program(p, &options, arena, &words, &face);
    CHECK(spirv_cross_reflect((const void *)words.bytes, words.n / 4, arena, &r));
    CHECK(!strcmp(r.entry, "main"));
    for (uint32_t i = 0; i < 3; i++)
        CHECK_UINT(r.workgroup[i], p->workgroup[i]);
    for (uint32_t i = 0; i < p->buffers.n; i++) {
        const struct ir_buffer *b = p->buffers.at[i];
        bool writes = ir_access_writes(b->access);
        n += check_binding(&r, (struct expected){b->name, face.buffers[i], !writes}, writes || !opt_level);
    }
    for (uint32_t i = 0; i < face.tables.n; i++)
        n += check_binding(&r, (struct expected){NULL, face.data[i], true}, !opt_level);
    if (face.trap != SPIRV_NONE) n += check_binding(&r, (struct expected){NULL, face.trap, false}, true);
    if (face.args != SPIRV_NONE) n += check_binding(&r, (struct expected){NULL, face.args, false}, true);
    CHECK_UINT(r.buffers.n, n);
    if (!opt_level) CHECK_UINT(r.push_bytes, face.args == SPIRV_NONE ? face.args_bytes : 0);
    out_release(&words);
}

static void check_file(const char *path)
{
    struct memory memory = {0};
    struct arena arena;
    struct sources sources;
    struct intern names;
    struct diags diags;
    struct source_file *file;
    struct frontend_options options = {.no_data_files = true};
    if (setjmp(memory.recover)) exit(1);
    arena_init(&arena, &memory);
    sources_init(&sources, &arena);
    intern_init(&names, &arena);
    diags_init(&diags, &arena, &sources);
    CHECK(!sources_read(&sources, path, &file));
    struct ir_module *m = frontend_read(&arena, &names, &sources, &diags, file, &options);
    CHECK(m != NULL);
    for (uint32_t i = 0; m && i < m->programs.n; i++) {
        if (spirv_refusal(m->programs.at[i])) continue;
        check_program(m->programs.at[i], 0, &arena, &memory);
        check_program(m->programs.at[i], 2, &arena, &memory);
        printf("%s: %s\n", path, m->programs.at[i]->name);
    }
    arena_release(&arena);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        check_file(argv[i]);
    CHECK(argc > 1);
    return test_finish();
}
