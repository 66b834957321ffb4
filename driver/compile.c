/* compile.c - one input: read, generate everything in memory, write everything or nothing. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver/cached.h"
#include "ir/build.h"
#include "ir/print.h"
#include "passes/chunk_units.h"

enum { MAX_OUTPUTS = 4 }; /* the main one, header, manifest, rule */

struct compilation {
    struct tool *tool;
    const struct settings *settings;
    const char *input;
    struct arena arena; /* of the module and everything made from it */
    struct ir_module *module;
    struct out contents[MAX_OUTPUTS];
    struct out_file outputs[MAX_OUTPUTS];
    uint32_t n_outputs;
    struct cached cached;
    struct codegen_worker *worker; /* NULL: not begun */
};

static const struct {
    bool is_codegen;
    enum codegen_emit codegen;
    const char *suffix; /* of the file that is made without -o; NULL: standard output */
    bool keep_if_equal;
} kinds[] = {
    [EMIT_OBJECT] = {true, CODEGEN_EMIT_OBJECT, ".o", false},
    [EMIT_VIR] = {false, 0, NULL, false},
    [EMIT_PTX] = {true, CODEGEN_EMIT_PTX, NULL, false},
    [EMIT_AMDGCN] = {true, CODEGEN_EMIT_AMDGCN, ".hsaco", false},
    [EMIT_AMDGCN_OBJECT] = {true, CODEGEN_EMIT_AMDGCN_OBJECT, ".o", false},
    [EMIT_SPIRV] = {true, CODEGEN_EMIT_SPIRV, ".spv", false},
    [EMIT_SPIRV_TEXT] = {true, CODEGEN_EMIT_SPIRV_TEXT, NULL, false},
    [EMIT_GLSL] = {true, CODEGEN_EMIT_GLSL, NULL, false},
    [EMIT_HLSL] = {true, CODEGEN_EMIT_HLSL, NULL, false},
    [EMIT_MSL] = {true, CODEGEN_EMIT_MSL, NULL, false},
    [EMIT_BINDINGS] = {true, CODEGEN_EMIT_BINDINGS, NULL, true},
    [EMIT_LLVM] = {true, CODEGEN_EMIT_LLVM, NULL, false},
    [EMIT_CPU_ASM] = {true, CODEGEN_EMIT_CPU_ASM, ".s", false},
    [EMIT_HEADER] = {true, CODEGEN_EMIT_HEADER, NULL, true},
    [EMIT_MANIFEST] = {true, CODEGEN_EMIT_MANIFEST, NULL, true},
};

/* ---- names ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* A name without its suffix: all before the last dot, unless the name begins with it. */
static int stem_bytes(const char *name)
{
    const char *dot = strrchr(base_name(name), '.');
    return (int)(dot && dot != base_name(name) ? (size_t)(dot - name) : strlen(name));
}

const char *compile_default_name(struct arena *arena, const char *input, const char *suffix)
{
    const char *name = strcmp(input, "-") ? base_name(input) : "stdin";
    return arena_printf(arena, "%.*s%s", stem_bytes(name), name, suffix);
}

bool compile_names_outputs(const struct settings *settings)
{
    return settings->depend != DEPEND_ONLY && !settings->explain && !settings->output &&
           (kinds[settings->emit].suffix || settings->depend == DEPEND_ALSO);
}

static const char *main_output(struct compilation *c)
{
    const char *suffix = kinds[c->settings->emit].suffix;
    if (c->settings->output) return c->settings->output;
    return suffix && strcmp(c->input, "-") ? compile_default_name(&c->arena, c->input, suffix) : "-";
}

/* What a rule is about by default: the output, or the object that is made from this input. */
static const char *rule_target(struct compilation *c)
{
    const char *output = c->settings->output;
    bool is_output = output && strcmp(output, "-") && c->settings->depend == DEPEND_ALSO;
    return is_output ? output : compile_default_name(&c->arena, c->input, ".o");
}

static const char *rule_file(struct compilation *c)
{
    const struct settings *s = c->settings;
    if (s->depend_file) return s->depend_file;
    if (s->depend == DEPEND_ONLY) return s->output ? s->output : "-";
    if (!s->output || !strcmp(s->output, "-")) return compile_default_name(&c->arena, c->input, ".d");
    return arena_printf(&c->arena, "%.*s.d", stem_bytes(s->output), s->output);
}

/* ---- making ---- */

static struct out *add_output(struct compilation *c, const char *path, bool keep_if_equal)
{
    struct out *content = &c->contents[c->n_outputs];
    out_init(content, &c->tool->mem);
    out_text(content, "");
    c->outputs[c->n_outputs++] = (struct out_file){content, path, keep_if_equal};
    return content;
}

static struct codegen_options codegen_options_of(const struct compilation *c, enum emit emit)
{
    const struct settings *s = c->settings;
    return (struct codegen_options){
        .emit = kinds[emit].codegen,
        .opt_level = s->opt_level,
        .debug_info = s->debug_info,
        .checks_claims = s->checks_claims,
        .cpu_triple = s->cpu_triple,
        .prefix = s->prefix,
        .source_name = c->input,
        .targets = &s->targets,
        .ptxas = s->ptxas,
        .ends_process = s->ends_process,
    };
}

/* A processor that has nothing to do yet gets ready, where it is likely that an object will be made. */
static void begin_worker(struct compilation *c)
{
    const struct settings *s = c->settings;
    if (s->emit != EMIT_OBJECT || s->explain || s->depend == DEPEND_ONLY) return;
    struct codegen_options options = codegen_options_of(c, s->emit);
    c->worker = codegen_begin_worker(&options, &c->arena);
}

/* Makes one output; false when something was reported. */
static bool make_output(struct compilation *c, enum emit emit, const char *path)
{
    struct out *content = add_output(c, path, kinds[emit].keep_if_equal);
    if (c->cached.is_hit) {
        cached_take(&c->cached, content);
        return true;
    }
    if (!kinds[emit].is_codegen) {
        ir_print_module(c->module, content);
        return true;
    }
    if (emit == EMIT_OBJECT) chunk_units_make(c->module, &c->arena);
    struct codegen_options options = codegen_options_of(c, emit);
    options.header_name = emit == EMIT_HEADER && strcmp(path, "-") ? base_name(path) : NULL;
    if (emit == EMIT_OBJECT) options.worker = c->worker;
    return codegen_emit(c->module, &options, &c->tool->diags, &c->arena, content);
}

static void make_rule(struct compilation *c)
{
    struct out *content = add_output(c, rule_file(c), false);
    depfile_print(c->settings, rule_target(c), c->input, c->module->dependencies.at, c->module->dependencies.n,
                  content);
}

static bool make_outputs(struct compilation *c)
{
    const struct settings *s = c->settings;
    bool compiles = s->depend != DEPEND_ONLY;
    bool ok = !compiles || make_output(c, s->emit, main_output(c));
    if (ok && compiles && s->header) ok = make_output(c, EMIT_HEADER, s->header);
    if (ok && compiles && s->manifest) ok = make_output(c, EMIT_MANIFEST, s->manifest);
    if (ok && compiles) cached_keep(&c->cached, c->tool, c->contents, c->n_outputs);
    if (ok && s->depend != DEPEND_NO) make_rule(c);
    return ok;
}

/* ---- checking where they go ---- */

static bool is_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino && S_ISREG(x.st_mode);
}

/* The same name, or two names of one file; standard output and devices may take several texts. */
static bool collide(const char *a, const char *b)
{
    struct stat info;
    if (!strcmp(a, "-") || !strcmp(b, "-") || (!stat(a, &info) && !S_ISREG(info.st_mode))) return false;
    return !strcmp(a, b) || is_same_file(a, b);
}

static bool check_output(struct compilation *c, uint32_t i)
{
    const char *path = c->outputs[i].path;
    struct diags *d = &c->tool->diags;
    if (strcmp(path, "-") && strcmp(c->input, "-") && is_same_file(path, c->input)) {
        diag_report(d, DIAG_OUTPUT_IS_INPUT, SRC_NONE, path);
        return false;
    }
    for (uint32_t k = 0; k < i; k++) {
        if (!collide(path, c->outputs[k].path)) continue;
        diag_report(d, DIAG_OUTPUT_TWICE, SRC_NONE, path);
        return false;
    }
    return true;
}

static bool check_outputs(struct compilation *c)
{
    bool ok = true;
    for (uint32_t i = 0; i < c->n_outputs; i++)
        ok &= check_output(c, i);
    if (c->settings->emit == EMIT_OBJECT && !c->settings->explain && c->settings->depend != DEPEND_ONLY &&
        !strcmp(c->outputs[0].path, "-") && isatty(STDOUT_FILENO)) {
        diag_report(&c->tool->diags, DIAG_OBJECT_TO_TERMINAL, SRC_NONE);
        return false;
    }
    return ok;
}

/* Leaves the program of --program alone, with the data that it may use. */
static bool keep_program(struct compilation *c)
{
    struct ir_module *m = c->module;
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->items.n; i++) {
        struct ir_item item = m->items.at[i];
        bool keep = item.kind == IR_ITEM_DATA ||
                    (item.kind == IR_ITEM_PROGRAM && !strcmp(item.program->name, c->settings->program));
        if (keep) m->items.at[n++] = item;
    }
    m->items.n = n;
    m->pipelines.n = n = 0;
    for (uint32_t i = 0; i < m->programs.n; i++)
        if (!strcmp(m->programs.at[i]->name, c->settings->program)) m->programs.at[n++] = m->programs.at[i];
    m->programs.n = n;
    if (n)
        m->programs.at[0]->index = 0;
    else
        diag_report(&c->tool->diags, DIAG_NO_SUCH_PROGRAM, SRC_NONE, c->settings->program);
    return n != 0;
}

/* --explain: what passes made of it, instead of an object. */
static bool explain(struct compilation *c)
{
    const struct settings *s = c->settings;
    struct pass_settings passes = s->passes;
    struct diags reasons;
    struct explanation x;
    diags_init(&reasons, &c->arena, &c->tool->sources);
    passes.reasons = &reasons;
    struct ir_module *before = ir_module_copy(&c->arena, c->module);
    if (!pass_options_run(c->tool, &passes, c->module)) return false;
    explain_begin(&x, c->tool, before, c->module, &reasons, s->explain_sizes.at, s->explain_sizes.n);
    struct out *text = add_output(c, s->output ? s->output : "-", false);
    if (s->explain == EXPLAIN_SVG)
        explain_print_svg(&x, text);
    else
        explain_print_text(&x, text);
    return !c->tool->diags.n_errors;
}

/* Runs the passes, and where that was asked for, what they made. */
static bool run_passes(struct compilation *c)
{
    const struct settings *s = c->settings;
    struct ir_module *before = s->verifies_fusion ? ir_module_copy(&c->arena, c->module) : NULL;
    return pass_options_run(c->tool, &s->passes, c->module) &&
           (!before || verify_fusion(c->tool, before, c->module, c->input, s->n_verified));
}

/* The outputs of a module that is sound. */
static bool make_all(struct compilation *c)
{
    const struct settings *s = c->settings;
    if (s->explain) return explain(c);
    cached_begin(&c->cached, c->tool, s, c->input, c->module);
    if (c->cached.is_used && !c->cached.is_hit) begin_worker(c);
    bool ok = c->cached.is_hit || s->depend == DEPEND_ONLY || run_passes(c);
    ok = ok && make_outputs(c);
    cached_end(&c->cached);
    return ok;
}

void compile_input(struct tool *tool, const struct settings *settings, const char *input)
{
    struct compilation c = {.tool = tool, .settings = settings, .input = input};
    struct intern names;
    uint32_t n_errors_before = tool->diags.n_errors;
    arena_init(&c.arena, &tool->mem);
    intern_init(&names, &c.arena);
    if (!cached_is_asked_for(tool)) begin_worker(&c);
    c.module = tool_read_module(tool, &c.arena, &names, input);
    /* With -Werror a warning is an error after the module is ready: it counts like any other. */
    bool sound = c.module && tool->diags.n_errors == n_errors_before;
    if (sound && settings->program) sound = keep_program(&c);
    if (sound && make_all(&c) && check_outputs(&c)) tool_write_files(tool, c.outputs, c.n_outputs);
    codegen_end_worker(c.worker);
    for (uint32_t i = 0; i < c.n_outputs; i++)
        out_release(&c.contents[i]);
    arena_release(&c.arena);
}
