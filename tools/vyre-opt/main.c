/* main.c - vyre-opt: text to text. Reads a program, checks it, runs the passes that are asked for, and prints it in its
 * canonical form. */
#include "driver/pass_options.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "tools/vyre-opt/opt.h"

struct request {
    const char *output;
    bool verifies, prints_stats, prints_facts;
    struct pass_settings passes;
};

static struct request read_request(struct tool *tool)
{
    struct request r = {.output = "-"};
    pass_options_read(tool, 0, &r.passes);
    for (uint32_t i = 0; i < tool->options.uses.n; i++) {
        const struct option_use *use = &tool->options.uses.at[i];
        if (use->id == OPTION_ID_OUTPUT) r.output = use->argument;
        if (use->id == OPTION_ID_VERIFY_EACH) r.verifies = true;
        if (use->id == OPTION_ID_PRINT_STATS) r.prints_stats = true;
        if (use->id == OPTION_ID_PRINT_FACTS) r.prints_facts = true;
    }
    return r;
}

static void verify(struct tool *tool, const struct ir_module *m)
{
    struct out faults;
    out_init(&faults, &tool->mem);
    if (!ir_verify_module(m, &faults)) bug("the program is not sound:\n%s", faults.bytes);
    if (!pass_options_read_back(tool, m, &faults)) bug("the printed text does not read back:\n%s", faults.bytes);
    out_release(&faults);
}

static void process(struct tool *tool, const struct request *r, struct arena *arena, struct ir_module *m)
{
    struct out text, stats;
    out_init(&text, &tool->mem);
    out_init(&stats, &tool->mem);
    out_text(&text, "");
    out_text(&stats, "");
    if (r->verifies) verify(tool, m);
    bool ok = pass_options_run(tool, &r->passes, m);
    ir_print_module(m, &text);
    if (r->prints_stats) stats_print(m, arena, &stats);
    if (r->prints_facts) facts_print(m, arena, &stats);
    if (ok) tool_write_file(tool, r->output, r->prints_stats || r->prints_facts ? &stats : &text);
    out_release(&stats);
    out_release(&text);
}

static int optimise(struct tool *tool)
{
    if (pass_options_print(tool, 0)) return TOOL_SUCCESS;
    struct request r = read_request(tool);
    uint32_t n_inputs = tool->options.inputs.n;
    if (!n_inputs) diag_report(&tool->diags, DIAG_NO_INPUT, SRC_NONE);
    if (n_inputs > 1) diag_report(&tool->diags, DIAG_ONE_INPUT_ONLY, SRC_NONE, n_inputs);
    if (tool->diags.n_errors) return TOOL_USAGE;
    struct arena arena;
    struct intern names;
    arena_init(&arena, &tool->mem);
    intern_init(&names, &arena);
    struct ir_module *m = tool_read_module(tool, &arena, &names, tool->options.inputs.at[0]);
    if (m && !tool->diags.n_errors) process(tool, &r, &arena, m);
    arena_release(&arena);
    return TOOL_SUCCESS;
}

int main(int argc, char **argv)
{
    return tool_main(TOOL_OPT, argc, argv, optimise);
}
