/* library.c - contexts, modules and outputs. */
#include <string.h>

#include "cache/cache.h"
#include "ir/print.h"
#include "library/internal.h"
#include "passes/chunk_units.h"

const char *vyrec_status_name(vyrec_status status)
{
    switch (status) {
    case VYREC_OK:
        return "VYREC_OK";
    case VYREC_REPORTED:
        return "VYREC_REPORTED";
    case VYREC_NO_MEMORY:
        return "VYREC_NO_MEMORY";
    case VYREC_INVALID:
        return "VYREC_INVALID";
    }
    return "unknown status";
}

const char *vyrec_version(void)
{
    return VYRE_VERSION;
}

/* ---- contexts ---- */

void vyrec_options_init(vyrec_options *options)
{
    *options = (vyrec_options){.size = sizeof *options, .level = 2, .cache_limit = CACHE_DEFAULT_LIMIT};
}

static const char *copy_text(struct arena *arena, const char *text)
{
    return text ? arena_copy(arena, text, strlen(text)) : NULL;
}

static void copy_options(vyrec_context *c, const vyrec_options *options)
{
    const char **dirs = ARENA_ARRAY(&c->arena, const char *, options->n_include_dirs + 1);
    c->options = *options;
    c->options.targets = copy_text(&c->arena, options->targets);
    c->options.cpu_triple = copy_text(&c->arena, options->cpu_triple);
    c->options.prefix = copy_text(&c->arena, options->prefix ? options->prefix : "");
    c->options.passes = copy_text(&c->arena, options->passes);
    c->options.cache_dir = copy_text(&c->arena, options->cache_dir);
    for (size_t i = 0; i < options->n_include_dirs; i++)
        dirs[i] = copy_text(&c->arena, options->include_dirs[i]);
    c->options.include_dirs = dirs;
}

/* The sets of targets and passes that the options name; what makes no sense is reported. */
static void check_options(struct work *w)
{
    vyrec_context *c = (vyrec_context *)(uintptr_t)w->context; /* under construction */
    const char *bad;
    struct pass_settings passes = work_passes(&c->options);
    if (!target_set_default(&c->targets, c->options.cpu_triple))
        diag_report(&w->diags, DIAG_UNKNOWN_TRIPLE, SRC_NONE, c->options.cpu_triple);
    if (c->options.targets) memset(&c->targets, 0, sizeof c->targets);
    if (c->options.targets &&
        !target_set_parse(&c->targets, c->options.targets, c->options.cpu_triple, &w->arena, &bad))
        diag_report(&w->diags, DIAG_UNKNOWN_TARGET, SRC_NONE, bad);
    pass_settings_check(&passes, &w->diags, &w->arena);
}

static bool fill_context(vyrec_context *c, const vyrec_options *options)
{
    if (setjmp(c->mem.recover)) return false;
    arena_init(&c->arena, &c->mem);
    copy_options(c, options);
    return true;
}

vyrec_status vyrec_context_create(const vyrec_options *options, vyrec_context **context)
{
    if (!context) return VYREC_INVALID;
    *context = NULL;
    if (!options || options->size != sizeof *options || options->level > 3) return VYREC_INVALID;
    vyrec_context *c = handle_new(sizeof *c);
    struct work w = {.context = c, .run = check_options};
    vyrec_status status = c && fill_context(c, options) ? work_do(&w) : VYREC_NO_MEMORY;
    if (status)
        handle_release(c);
    else
        *context = c;
    return status;
}

void vyrec_context_destroy(vyrec_context *context)
{
    handle_release(context);
}

/* ---- modules: the text, known to be right. Each compilation reads it again, so that nothing is shared ---- */

static void read_module(struct work *w)
{
    if (!work_read(w, w->module->name, w->module->text, w->module->size_bytes)) w->status = VYREC_REPORTED;
}

vyrec_module *module_new(const vyrec_context *context, const char *name, const char *text, size_t size_bytes)
{
    vyrec_module *m = handle_new(sizeof *m);
    if (!m) return NULL;
    m->context = context;
    m->name = memory_try_alloc(&m->mem, strlen(name) + 1);
    m->text = memory_try_alloc(&m->mem, size_bytes + 1);
    m->size_bytes = size_bytes;
    if (!m->name || !m->text) {
        handle_release(m);
        return NULL;
    }
    strcpy(m->name, name);
    if (size_bytes) memcpy(m->text, text, size_bytes);
    return m;
}

vyrec_status vyrec_module_parse(vyrec_context *context, const char *name, const char *text, size_t size,
                                vyrec_module **module)
{
    if (!module) return VYREC_INVALID;
    *module = NULL;
    if (!context || !name || (!text && size)) return VYREC_INVALID;
    vyrec_module *m = module_new(context, name, text, size);
    struct work w = {.context = context, .run = read_module, .module = m};
    vyrec_status status = m ? work_do(&w) : VYREC_NO_MEMORY;
    if (status)
        handle_release(m);
    else
        *module = m;
    return status;
}

void vyrec_module_destroy(vyrec_module *module)
{
    handle_release(module);
}

/* ---- compiling ---- */

struct emitter {
    const char *what;
    bool is_codegen;
    enum codegen_emit emit;
    bool is_costly; /* worth a look into the cache */
};
static const struct emitter emitters[] = {
    {"obj", true, CODEGEN_EMIT_OBJECT, true},
    {"cpu-asm", true, CODEGEN_EMIT_CPU_ASM, true},
    {"llvm", true, CODEGEN_EMIT_LLVM, true},
    {"ptx", true, CODEGEN_EMIT_PTX, true},
    {"amdgcn", true, CODEGEN_EMIT_AMDGCN, true},
    {"header", true, CODEGEN_EMIT_HEADER, false},
    {"manifest", true, CODEGEN_EMIT_MANIFEST, false},
    {"spirv", true, CODEGEN_EMIT_SPIRV, true},
    {"vir", false, 0, false},
};

static const struct emitter *find_emitter(const char *what)
{
    for (size_t i = 0; i < sizeof emitters / sizeof emitters[0]; i++)
        if (!strcmp(emitters[i].what, what)) return &emitters[i];
    return NULL;
}

/* What the result depends on: as driver/cached.c, in the library's terms. */
static struct cache_key hash_work(const struct work *w, const struct ir_module *m)
{
    const vyrec_context *c = w->context;
    struct cache_hash h;
    cache_hash_begin(&h);
    cache_hash_text(&h, "library");
    cache_hash_text(&h, w->what);
    for (int i = 0; i < TARGET_COUNT; i++)
        if (c->targets.has[i]) cache_hash_text(&h, target_infos[i].text);
    cache_hash_text(&h, c->options.cpu_triple);
    cache_hash_text(&h, c->options.prefix);
    cache_hash_text(&h, c->options.passes);
    cache_hash_number(&h, c->options.level);
    cache_hash_number(&h, c->options.debug != 0);
    cache_hash_text(&h, w->module->name);
    cache_hash_bytes(&h, w->module->text, w->module->size_bytes);
    for (uint32_t i = 1; i < m->files.n; i++) {
        cache_hash_text(&h, m->files.at[i]->name); /* debug information names them */
        cache_hash_bytes(&h, m->files.at[i]->text, m->files.at[i]->size_bytes);
    }
    for (uint32_t i = 0; i < m->data.n; i++)
        cache_hash_bytes(&h, m->data.at[i]->bytes, m->data.at[i]->size_bytes);
    return cache_hash_end(&h);
}

static void emit_module(struct work *w, const struct emitter *e, struct ir_module *m, struct out *out)
{
    const vyrec_context *c = w->context;
    struct codegen_options options = {
        .emit = e->emit,
        .opt_level = c->options.level,
        .debug_info = c->options.debug != 0,
        .cpu_triple = c->options.cpu_triple,
        .prefix = c->options.prefix,
        .source_name = w->module->name,
        .targets = &c->targets,
    };
    struct pass_settings passes = work_passes(&c->options);
    struct out log;
    out_init(&log, &w->mem);
    passes_run(m, &passes, &w->diags, &log);
    out_text(out, "");
    if (e->emit == CODEGEN_EMIT_OBJECT && e->is_codegen) chunk_units_make(m, &w->arena);
    if (!e->is_codegen)
        ir_print_module(m, out);
    else if (!codegen_emit(m, &options, &w->diags, &w->arena, out))
        w->status = VYREC_REPORTED;
}

/* With the cache in front. A result that comes with messages is not kept: a hit could not repeat them. */
static void make_bytes(struct work *w, const struct emitter *e, struct ir_module *m, struct out *out)
{
    const vyrec_options *o = &w->context->options;
    struct cache cache;
    struct cache_key key;
    bool is_kept = o->cache_dir && e->is_costly;
    if (is_kept) {
        key = hash_work(w, m);
        cache_open(&cache, &w->mem, o->cache_dir, o->cache_limit);
        w->output->is_cached = cache_find(&cache, &key, out);
        cache_close(&cache);
    }
    if (w->output->is_cached) return;
    uint32_t n_before = w->diags.list.n;
    emit_module(w, e, m, out);
    if (!is_kept || w->status || w->diags.n_errors || w->diags.list.n != n_before) return;
    cache_open(&cache, &w->mem, o->cache_dir, o->cache_limit);
    cache_store(&cache, &key, out);
    cache_close(&cache);
}

static void compile_module(struct work *w)
{
    struct out out;
    out_init(&out, &w->mem);
    struct ir_module *m = work_read(w, w->module->name, w->module->text, w->module->size_bytes);
    if (!m) return;
    w->diags.list.n = 0; /* warnings that vyrec_module_parse has told */
    make_bytes(w, find_emitter(w->what), m, &out);
    if (w->status || w->diags.n_errors) return;
    if (!out_try_reserve(&w->output->bytes, out.n)) memory_fail(&w->mem);
    out_bytes(&w->output->bytes, out.bytes, out.n);
}

vyrec_status vyrec_module_compile(const vyrec_module *module, const char *what, vyrec_output **output)
{
    if (!output) return VYREC_INVALID;
    *output = NULL;
    if (!module || !what || !find_emitter(what)) return VYREC_INVALID;
    vyrec_output *o = handle_new(sizeof *o);
    if (!o) return VYREC_NO_MEMORY;
    out_init(&o->bytes, &o->mem);
    struct work w = {.context = module->context, .run = compile_module, .module = module, .what = what, .output = o};
    vyrec_status status = work_do(&w);
    if (status)
        handle_release(o);
    else
        *output = o;
    return status;
}

const void *vyrec_output_bytes(const vyrec_output *output, size_t *size)
{
    *size = output->bytes.n;
    return output->bytes.bytes;
}

int vyrec_output_is_cached(const vyrec_output *output)
{
    return output->is_cached;
}

void vyrec_output_destroy(vyrec_output *output)
{
    handle_release(output);
}
