/* settings.c - from vyrec's options to what is to be made. */
#include <string.h>

#include "driver/vyrec.h"

static const struct {
    const char *text;
    enum emit emit;
} emits[] = {
    {"obj", EMIT_OBJECT},        {"vir", EMIT_VIR},
    {"llvm", EMIT_LLVM},         {"ptx", EMIT_PTX},
    {"amdgcn", EMIT_AMDGCN},     {"amdgcn-obj", EMIT_AMDGCN_OBJECT},
    {"spirv", EMIT_SPIRV},       {"spirv-text", EMIT_SPIRV_TEXT},
    {"glsl", EMIT_GLSL},         {"hlsl", EMIT_HLSL},
    {"msl", EMIT_MSL},           {"bindings", EMIT_BINDINGS},
    {"header", EMIT_HEADER},     {"cpu-asm", EMIT_CPU_ASM},
    {"manifest", EMIT_MANIFEST},
};

static enum emit find_emit(const char *text)
{
    for (size_t i = 0; i < sizeof emits / sizeof emits[0]; i++)
        if (!strcmp(emits[i].text, text)) return emits[i].emit;
    bug("options.def knows --emit=%s, settings.c does not", text);
}

/* The names that --target takes, for suggestions: "cpu", "all", "cpu:x86-64-v3". */
static const char *suggest_target(struct arena *arena, const char *bad)
{
    static const char *const families[] = {
        [TARGET_FAMILY_CPU] = "cpu",
        [TARGET_FAMILY_PTX] = "ptx",
        [TARGET_FAMILY_AMDGCN] = "amdgcn",
        [TARGET_FAMILY_SPIRV] = "spirv",
    };
    const char *names[TARGET_COUNT + 2] = {"all", "cpu"};
    for (int i = 0; i < TARGET_COUNT; i++)
        names[i + 2] = arena_printf(arena, "%s:%s", families[target_infos[i].family], target_infos[i].text);
    return diag_nearest(bad, names, TARGET_COUNT + 2);
}

static void add_targets(struct tool *tool, struct settings *settings, const char *list)
{
    const char *bad;
    if (target_set_parse(&settings->targets, list, settings->cpu_triple, &tool->arena, &bad)) {
        if (settings->targets.newer_ptx)
            diag_report(&tool->diags, DIAG_NEWER_PTX, SRC_NONE, settings->targets.newer_ptx, target_newest_ptx()->text);
        settings->targets.newer_ptx = NULL;
        return;
    }
    struct diag *g = diag_report(&tool->diags, DIAG_UNKNOWN_TARGET, SRC_NONE, bad);
    const char *near = suggest_target(&tool->arena, bad);
    if (near) diag_add_fix(&tool->diags, g, SRC_NONE, NULL, "did you mean '%s'?", near);
}

static void add_depend_target(struct tool *tool, struct settings *settings, const char *name, bool quote)
{
    struct out text;
    out_init(&text, &tool->mem);
    if (quote)
        depfile_quote(name, &text);
    else
        out_text(&text, name);
    vec_push(&tool->arena, &settings->depend_targets, arena_copy(&tool->arena, text.bytes, text.n));
    out_release(&text);
}

static void apply(struct tool *tool, struct settings *settings, const struct option_use *use)
{
    switch (use->id) {
    case OPTION_ID_EXPLAIN_FUSION:
        settings->explain = use->argument && !strcmp(use->argument, "svg") ? EXPLAIN_SVG : EXPLAIN_TEXT;
        break;
    case OPTION_ID_VERIFY_FUSION:
        settings->verifies_fusion = true;
        settings->n_verified = use->argument ? use->number : VERIFY_FUSION_DEFAULT;
        break;
    case OPTION_ID_EXPLAIN_SIZE:
        vec_push(&tool->arena, &settings->explain_sizes, use->argument);
        break;
    case OPTION_ID_OUTPUT:
        settings->output = use->argument;
        break;
    case OPTION_ID_COMPILE:
        break;
    case OPTION_ID_ASSEMBLY:
        settings->emit = EMIT_CPU_ASM;
        break;
    case OPTION_ID_EMIT:
        settings->emit = find_emit(use->argument);
        break;
    case OPTION_ID_HEADER:
        settings->header = use->argument;
        break;
    case OPTION_ID_MANIFEST:
        settings->manifest = use->argument;
        break;
    case OPTION_ID_ONLY_PROGRAM:
        settings->program = use->argument;
        break;
    case OPTION_ID_PREFIX:
        settings->prefix = use->argument;
        break;
    case OPTION_ID_OPTIMIZE:
        settings->opt_level = (uint32_t)(*use->argument - '0');
        break;
    case OPTION_ID_DEBUG:
        settings->debug_info = true;
        break;
    case OPTION_ID_CHECK_CLAIMS:
        settings->checks_claims = true;
        break;
    case OPTION_ID_TARGET:
        break; /* choose_targets, when the host is known */
    case OPTION_ID_PTXAS:
        settings->ptxas = use->argument;
        break;
    case OPTION_ID_CPU_TRIPLE:
        settings->cpu_triple = use->argument;
        break;
    case OPTION_ID_DEPEND:
        settings->depend = DEPEND_ONLY;
        break;
    case OPTION_ID_DEPEND_ALSO:
        settings->depend = DEPEND_ALSO;
        break;
    case OPTION_ID_DEPEND_FILE:
        settings->depend_file = use->argument;
        break;
    case OPTION_ID_DEPEND_TARGET:
        add_depend_target(tool, settings, use->argument, false);
        break;
    case OPTION_ID_DEPEND_QUOTED:
        add_depend_target(tool, settings, use->argument, true);
        break;
    case OPTION_ID_DEPEND_PHONY:
        settings->depend_phony = true;
        break;
    default:
        break; /* tool.c's */
    }
}

/* An object has the code of one host. */
static void check_host(struct tool *tool, const struct settings *settings, const struct target_set *of_host)
{
    for (int i = 0; i < TARGET_COUNT; i++) {
        const struct target_info *info = &target_infos[i];
        if (info->family != TARGET_FAMILY_CPU || !settings->targets.has[i] || of_host->has[i]) continue;
        struct diag *g = diag_report(&tool->diags, DIAG_TARGET_OF_OTHER_HOST, SRC_NONE, info->text);
        diag_add_fix(&tool->diags, g, SRC_NONE, NULL,
                     "leave it out, or make an object for its host with --cpu-triple=%s", info->triple);
    }
}

static bool has_cpu(const struct target_set *set)
{
    for (int i = 0; i < TARGET_COUNT; i++)
        if (set->has[i] && target_infos[i].family == TARGET_FAMILY_CPU) return true;
    return false;
}

/* What --target says, and always CPU code: an object runs where no GPU is. */
static void choose_targets(struct tool *tool, struct settings *settings)
{
    struct target_set of_host = {0};
    if (!target_set_default(&of_host, settings->cpu_triple)) {
        diag_report(&tool->diags, DIAG_UNKNOWN_TRIPLE, SRC_NONE, settings->cpu_triple);
        return;
    }
    for (uint32_t i = 0; i < tool->options.uses.n; i++) {
        if (tool->options.uses.at[i].id != OPTION_ID_TARGET) continue;
        add_targets(tool, settings, tool->options.uses.at[i].argument);
    }
    bool needs_cpu = !has_cpu(&settings->targets);
    for (int i = 0; i < TARGET_COUNT; i++)
        settings->targets.has[i] |= needs_cpu && of_host.has[i];
    check_host(tool, settings, &of_host);
}

static void check_inputs(struct tool *tool, const struct settings *settings)
{
    uint32_t n = tool->options.inputs.n;
    const struct {
        const char *option, *name;
    } files[] = {{"-o", settings->output},
                 {"-h", settings->header},
                 {"--manifest", settings->manifest},
                 {"-MF", settings->depend_file}};
    if (!n) diag_report(&tool->diags, DIAG_NO_INPUT, SRC_NONE);
    for (size_t i = 0; n > 1 && i < sizeof files / sizeof files[0]; i++)
        if (files[i].name && strcmp(files[i].name, "-"))
            diag_report(&tool->diags, DIAG_ONE_FILE_FOR_MANY, SRC_NONE, files[i].option, n);
}

static void check_depend(struct tool *tool, const struct settings *settings)
{
    const char *option = settings->depend_file        ? "-MF"
                         : settings->depend_targets.n ? "-MT or -MQ"
                         : settings->depend_phony     ? "-MP"
                                                      : NULL;
    if (option && settings->depend == DEPEND_NO)
        diag_report(&tool->diags, DIAG_OPTION_NEEDS_OTHER, SRC_NONE, option, "-M or -MD");
}

bool settings_read(struct tool *tool, struct settings *settings)
{
    *settings = (struct settings){.prefix = "", .opt_level = VYREC_DEFAULT_LEVEL};
    for (uint32_t i = 0; i < tool->options.uses.n; i++)
        apply(tool, settings, &tool->options.uses.at[i]);
    pass_options_read(tool, settings->opt_level, &settings->passes);
    choose_targets(tool, settings);
    check_inputs(tool, settings);
    check_depend(tool, settings);
    if (settings->explain_sizes.n && !settings->explain)
        diag_report(&tool->diags, DIAG_OPTION_NEEDS_OTHER, SRC_NONE, "--explain-size", "--explain");
    return !tool->diags.n_errors;
}
