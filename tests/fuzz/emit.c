/* emit.c - fuzz target: any bytes as a .vir file that is compiled for one processor of each family, chosen by the bytes.
 *
 * What the reader takes, the passes and every emitter take too: an emitter that meets something that it did not expect
 * calls bug(), LLVM's and SPIR-V's validators do so for it. For libFuzzer there is a mutator that knows the language:
 * lines of random programs, words in the place of words of the same kind. */
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen.h"
#include "frontend/frontend.h"
#include "ir/verify.h"
#include "passes/manager.h"

enum { MEMORY_LIMIT = 1 << 28, MAX_INLINED = 1 << 12, MAX_TEXT_BYTES = 1 << 14, MAX_DATA_BYTES = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes);

struct compilation {
    struct arena arena;
    struct intern names;
    struct sources sources;
    struct diags diags;
    struct ir_module *module;
    uint32_t choice; /* what is chosen by the bytes */
};

static uint32_t hash_bytes(const uint8_t *bytes, size_t n)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return hash ^ hash >> 15;
}

static uint32_t choose(struct compilation *c, uint32_t n)
{
    c->choice = c->choice * 1664525u + 1013904223u;
    return (c->choice >> 16) % n;
}

/* One of the family's. */
static enum target_id choose_target(struct compilation *c, enum target_family family)
{
    for (;;) {
        enum target_id t = (enum target_id)choose(c, TARGET_COUNT);
        if (target_infos[t].family == family && strcmp(target_infos[t].arch, "aarch64")) return t;
    }
}

static void emit(struct compilation *c, enum codegen_emit form, enum target_family family)
{
    struct target_set targets = {0};
    struct out code;
    struct codegen_options options = {.emit = form,
                                      .opt_level = choose(c, 3),
                                      .debug_info = choose(c, 4) == 0,
                                      .prefix = "",
                                      .source_name = "fuzz.vir",
                                      .targets = &targets};
    targets.has[choose_target(c, family)] = true;
    out_init(&code, c->arena.mem);
    if (!codegen_emit(c->module, &options, &c->diags, &c->arena, &code) && !c->diags.n_errors) abort();
    out_release(&code);
}

static void emit_all(struct compilation *c)
{
    static const enum codegen_emit forms[] = {CODEGEN_EMIT_SPIRV_TEXT, CODEGEN_EMIT_GLSL,     CODEGEN_EMIT_HLSL,
                                              CODEGEN_EMIT_MSL,        CODEGEN_EMIT_BINDINGS, CODEGEN_EMIT_HEADER,
                                              CODEGEN_EMIT_MANIFEST};
    emit(c, CODEGEN_EMIT_IMAGES, TARGET_FAMILY_SPIRV);
    emit(c, forms[choose(c, sizeof forms / sizeof *forms)], TARGET_FAMILY_SPIRV);
    emit(c, CODEGEN_EMIT_IMAGES, TARGET_FAMILY_PTX);
    emit(c, CODEGEN_EMIT_IMAGES, TARGET_FAMILY_AMDGCN);
    emit(c, CODEGEN_EMIT_OBJECT, TARGET_FAMILY_CPU);
}

static void run_passes(struct compilation *c)
{
    struct pass_settings settings = {.level = choose(c, 4), .verify_each = true};
    struct out log;
    out_init(&log, c->arena.mem);
    passes_run(c->module, &settings, &c->diags, &log);
    out_release(&log);
}

static void compile(struct memory *mem, const uint8_t *bytes, size_t n)
{
    const struct frontend_options options = {.no_data_files = true, .no_imports = true, .max_inlined = MAX_INLINED};
    struct compilation c = {.choice = hash_bytes(bytes, n)};
    uint64_t data_bytes = 0;
    arena_init(&c.arena, mem);
    intern_init(&c.names, &c.arena);
    sources_init(&c.sources, &c.arena);
    diags_init(&c.diags, &c.arena, &c.sources);
    struct source_file *file = sources_add(&c.sources, "fuzz.vir", (const char *)bytes, n);
    c.module = file ? frontend_read(&c.arena, &c.names, &c.sources, &c.diags, file, &options) : NULL;
    if (!c.module) return;
    for (uint32_t i = 0; i < c.module->data.n; i++)
        data_bytes += c.module->data.at[i]->size_bytes;
    if (data_bytes > MAX_DATA_BYTES) return; /* large ones are only slow */
    run_passes(&c);
    emit_all(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    static struct memory mem;
    mem = (struct memory){.limit_bytes = MEMORY_LIMIT};
    if (size_bytes > MAX_TEXT_BYTES) return 0;
    if (!setjmp(mem.recover)) compile(&mem, bytes, size_bytes);
    memory_release_all(&mem);
    return 0;
}

/* -- the mutator ------------------------------------------------------------------------------- */

#ifdef VYRE_FUZZ
#include <ctype.h>
#include <stdio.h>

#include "ir/ops.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

struct mutation {
    char *text;
    size_t n, max;
    unsigned state;
};

static size_t draw(struct mutation *m, size_t n)
{
    m->state = m->state * 1664525u + 1013904223u;
    return n ? (m->state >> 8) % n : 0;
}

/* Puts `n` bytes in the place of `old` at `at`, as far as there is room. */
static void replace(struct mutation *m, size_t at, size_t old, const char *bytes, size_t n)
{
    if (m->n - old + n > m->max) return;
    char copy[256];
    if (n > sizeof copy) n = sizeof copy;
    memcpy(copy, bytes, n); /* it may lie in the text */
    memmove(m->text + at + n, m->text + at + old, m->n - at - old);
    memcpy(m->text + at, copy, n);
    m->n = m->n - old + n;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* The word at or behind a place that is drawn; its length, 0 where there is none. */
static size_t draw_word(struct mutation *m, size_t *at)
{
    size_t i = draw(m, m->n), n = 0;
    while (i < m->n && !is_word(m->text[i]))
        i++;
    while (i > 0 && i < m->n && is_word(m->text[i - 1]))
        i--;
    while (i + n < m->n && is_word(m->text[i + n]))
        n++;
    *at = i;
    return n;
}

static void swap_words(struct mutation *m)
{
    size_t from, to, n_from = draw_word(m, &from), n_to = draw_word(m, &to);
    if (n_from && n_to && isdigit((unsigned char)m->text[from]) == isdigit((unsigned char)m->text[to]))
        replace(m, to, n_to, m->text + from, n_from);
}

static void change_word(struct mutation *m)
{
    static const char *const numbers[] = {"0",          "1",   "31", "32", "255", "65536", "4294967295u32",
                                          "1u64 << 63", "0.0", "inf"};
    size_t at, n = draw_word(m, &at);
    if (!n) return;
    const char *word = isdigit((unsigned char)m->text[at]) ? numbers[draw(m, sizeof numbers / sizeof *numbers)]
                       : draw(m, 2)                        ? ir_op_infos[draw(m, IR_OP_COUNT)].name
                                                           : ir_scalar_infos[draw(m, IR_SCALAR_COUNT)].text;
    replace(m, at, n, word, strlen(word));
}

static size_t line_at(const struct mutation *m, size_t at, size_t *begin)
{
    size_t end = at;
    while (at > 0 && m->text[at - 1] != '\n')
        at--;
    while (end < m->n && m->text[end] != '\n')
        end++;
    *begin = at;
    return end - at + (end < m->n);
}

static void copy_line(struct mutation *m)
{
    size_t from, to, n = line_at(m, draw(m, m->n), &from);
    line_at(m, draw(m, m->n), &to);
    replace(m, to, 0, m->text + from, n);
}

static void drop_line(struct mutation *m)
{
    size_t at, n = line_at(m, draw(m, m->n), &at);
    replace(m, at, n, "", 0);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static void (*const ways[])(struct mutation *) = {swap_words,  swap_words, change_word,
                                                      change_word, copy_line,  drop_line};
    struct mutation m = {(char *)data, size, max_size, seed};
    if (!size || draw(&m, 16) == 0) return LLVMFuzzerMutate(data, size, max_size);
    for (size_t k = 1 + draw(&m, 3); k && m.n; k--)
        ways[draw(&m, sizeof ways / sizeof *ways)](&m);
    return m.n;
}
#endif
