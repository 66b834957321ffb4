/* main.c - vyrec: compiles each input by itself, as a C compiler with -c does. */
#include "driver/cached.h"
#include "codegen/codegen.h"
#include "passes/access.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* In the release build: what libraries would take apart at the end is left to the system. */
#ifdef VYREC_ENDS_AT_ONCE
enum { ENDS_AT_ONCE = true };
#else
enum { ENDS_AT_ONCE = false };
#endif

static bool print_targets(struct tool *tool)
{
    bool asked = false;
    for (uint32_t i = 0; i < tool->options.uses.n; i++)
        asked |= tool->options.uses.at[i].id == OPTION_ID_LIST_TARGETS;
    if (!asked) return false;
    struct out text;
    out_init(&text, &tool->mem);
    target_list(&text);
    tool_write_file(tool, "-", &text);
    out_release(&text);
    return true;
}

/* Two inputs of one name in different folders would make one object. */
static bool check_names(struct tool *tool, const struct settings *settings)
{
    struct intern names;
    struct map seen;
    intern_init(&names, &tool->arena);
    map_init(&seen, &tool->arena);
    for (uint32_t i = 0; compile_names_outputs(settings) && i < tool->options.inputs.n; i++) {
        const char *input = tool->options.inputs.at[i];
        const char *name = intern_string(&names, compile_default_name(&tool->arena, input, ".o"));
        if (!strcmp(input, "-")) continue;
        if (map_find(&seen, name)) diag_report(&tool->diags, DIAG_OUTPUT_TWICE, SRC_NONE, name);
        map_set(&seen, name, tool);
    }
    return !tool->diags.n_errors;
}

static int compile_all(struct tool *tool)
{
    struct settings settings;
    if (print_targets(tool) || pass_options_print(tool, VYREC_DEFAULT_LEVEL)) return TOOL_SUCCESS;
    if (!tool->options.inputs.n && cached_look_after(tool)) return tool->diags.n_errors ? TOOL_USAGE : TOOL_SUCCESS;
    if (!settings_read(tool, &settings) || !check_names(tool, &settings)) return TOOL_USAGE;
    for (uint32_t i = 0; i < tool->options.inputs.n; i++) {
        settings.ends_process = ENDS_AT_ONCE && i + 1 == tool->options.inputs.n;
        compile_input(tool, &settings, tool->options.inputs.at[i]);
    }
    cached_look_after(tool);
    return TOOL_SUCCESS;
}

int main(int argc, char **argv)
{
    codegen_on_no_memory(tool_end_without_memory);
    access_on_no_memory(tool_end_without_memory);
    int status = tool_main(TOOL_VYREC, argc, argv, compile_all);
    if (!ENDS_AT_ONCE) return status;
    fflush(NULL);
    _exit(status);
}
