/* main.c - vyre-opt: text to text. Reads a program, checks it, and prints it in its canonical form. */
#include <string.h>

#include "driver/tool.h"
#include "frontend/frontend.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "tools/vyre-opt/opt.h"

struct request {
    const char *output;
    bool verifies, prints_stats;
};

static struct request read_request(const struct tool *tool)
{
    struct request r = {.output = "-"};
    for (uint32_t i = 0; i < tool->options.uses.n; i++) {
        const struct option_use *use = &tool->options.uses.at[i];
        if (use->id == OPTION_ID_OUTPUT) r.output = use->argument;
        if (use->id == OPTION_ID_VERIFY_EACH) r.verifies = true;
        if (use->id == OPTION_ID_PRINT_STATS) r.prints_stats = true;
    }
    return r;
}

/* The text of the module, read and printed once more: it must be the same. */
static void verify_text(struct tool *tool, const struct ir_module *m, const struct out *text)
{
    struct arena arena;
    struct intern names;
    struct sources sources;
    struct diags diags;
    struct out again;
    arena_init(&arena, &tool->mem);
    intern_init(&names, &arena);
    sources_init(&sources, &arena);
    diags_init(&diags, &arena, &sources);
    out_init(&again, &tool->mem);
    /* Data comes from the printed text or from the files beside the input, so the text keeps the input's name. */
    struct source_file *file = sources_add(&sources, m->sources->files.at[0]->name, text->bytes, text->n);
    struct frontend_options options = {.include_dirs = tool->include_dirs.at, .n_include_dirs = tool->include_dirs.n};
    struct ir_module *copy = file ? frontend_read(&arena, &names, &sources, &diags, file, &options) : NULL;
    if (copy)
        ir_print_module(copy, &again);
    else
        diags_print(&diags, DIAG_FORMAT_TEXT, false, &again);
    if (!copy || again.n != text->n || (text->n && memcmp(again.bytes, text->bytes, text->n)))
        bug("the printed text does not read back:\n%s\nread back:\n%s", text->bytes, again.bytes ? again.bytes : "");
    out_release(&again);
    arena_release(&arena);
}

static void verify(struct tool *tool, const struct ir_module *m, const struct out *text)
{
    struct out faults;
    out_init(&faults, &tool->mem);
    if (!ir_verify_module(m, &faults)) bug("the program is not sound:\n%s", faults.bytes);
    out_release(&faults);
    verify_text(tool, m, text);
}

static void process(struct tool *tool, const struct request *r, struct arena *arena, const struct ir_module *m)
{
    struct out text, stats;
    out_init(&text, &tool->mem);
    out_init(&stats, &tool->mem);
    out_text(&text, "");
    out_text(&stats, "");
    ir_print_module(m, &text);
    if (r->verifies) verify(tool, m, &text);
    if (r->prints_stats) stats_print(m, arena, &stats);
    tool_write_file(tool, r->output, r->prints_stats ? &stats : &text);
    out_release(&stats);
    out_release(&text);
}

static int optimise(struct tool *tool)
{
    struct request r = read_request(tool);
    uint32_t n_inputs = tool->options.inputs.n;
    if (!n_inputs) diag_report(&tool->diags, DIAG_NO_INPUT, SRC_NONE);
    if (n_inputs > 1) diag_report(&tool->diags, DIAG_ONE_INPUT_ONLY, SRC_NONE, n_inputs);
    if (tool->diags.n_errors) return TOOL_USAGE;
    struct arena arena;
    struct intern names;
    arena_init(&arena, &tool->mem);
    intern_init(&names, &arena);
    const struct ir_module *m = tool_read_module(tool, &arena, &names, tool->options.inputs.at[0]);
    if (m && !tool->diags.n_errors) process(tool, &r, &arena, m);
    arena_release(&arena);
    return TOOL_SUCCESS;
}

int main(int argc, char **argv)
{
    return tool_main(TOOL_OPT, argc, argv, optimise);
}
