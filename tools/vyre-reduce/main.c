/* main.c - vyre-reduce: the smallest program for which a command still succeeds.
 *
 *   vyre-reduce wrong.vir -o small.vir -- sh -c '! vyre-run {} --check a=random:u32[64]'
 *
 * The command is to succeed, with exit status 0, for texts that show the fault. Each step of reduce.h is tried at all its
 * places; what the command accepts is the new program. When no step helps any more the program is as small as this tool
 * can make it. Every text that the command sees is valid, and the best so far is in the output at any time. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "frontend/frontend.h"
#include "ir/print.h"
#include "ir/walk.h"
#include "tools/vyre-reduce/reduce.h"

enum { DEFAULT_SECONDS = 20, LONGEST_ROW = 32 };

const struct reduce_step reduce_steps[] = {
    {"items", true, step_remove_items},          {"statements", true, step_remove_stmts},
    {"blocks", false, step_unwrap_stmts},        {"buffers and params", true, step_remove_interface},
    {"expressions", false, step_simplify_exprs}, {"sizes", false, step_shrink_sizes},
    {"constants", false, step_halve_constants},
};
const uint32_t n_reduce_steps = sizeof reduce_steps / sizeof *reduce_steps;

struct reduction {
    struct tool *tool;
    struct judge judge;
    const char *input, *output;
    struct out best;
    bool shows; /* a line about the progress */
};

/* -- texts ----------------------------------------------------------------------------------------------- */

/* A module read from a text, with all that it needs; NULL when it is refused. */
struct reading {
    struct arena arena;
    struct intern names;
    struct sources sources;
    struct diags diags;
    struct ir_module *module;
};

static void read_text(struct reduction *r, struct reading *at, const struct out *text)
{
    struct frontend_options options = {.include_dirs = r->tool->include_dirs.at,
                                       .n_include_dirs = r->tool->include_dirs.n};
    arena_init(&at->arena, &r->tool->mem);
    sources_init(&at->sources, &at->arena);
    intern_init(&at->names, &at->arena);
    diags_init(&at->diags, &at->arena, &at->sources);
    at->diags.no_warnings = true;
    struct source_file *file = sources_add(&at->sources, r->input, text->bytes, text->n);
    at->module = frontend_read(&at->arena, &at->names, &at->sources, &at->diags, file, &options);
}

static bool is_valid(struct reduction *r, const struct out *text)
{
    struct reading at;
    read_text(r, &at, text);
    bool ok = at.module != NULL;
    arena_release(&at.arena);
    return ok;
}

static void count_stmt(void *ctx, struct ir_stmt *s)
{
    (void)s;
    ++*(uint32_t *)ctx;
}

static uint32_t count_stmts(struct reduction *r, const struct out *text)
{
    struct reading at;
    uint32_t n = 0;
    read_text(r, &at, text);
    for (uint32_t k = 0; at.module && k < at.module->programs.n; k++)
        ir_walk_stmts(&at.module->programs.at[k]->body, count_stmt, &n);
    arena_release(&at.arena);
    return n;
}

/* -- trying ---------------------------------------------------------------------------------------------- */

static void accept(struct reduction *r, const struct out *text)
{
    r->best.n = 0;
    out_bytes(&r->best, text->bytes, text->n);
    if (strcmp(r->output, "-")) tool_write_file(r->tool, r->output, &r->best);
}

enum trial { TRIAL_NO_PLACE, TRIAL_REFUSED, TRIAL_ACCEPTED };

/* The best text with one step applied: is it valid, different, and still of interest? */
static enum trial try_step(struct reduction *r, const struct reduce_step *step, uint32_t first, uint32_t n)
{
    struct reading at;
    struct out text;
    enum trial result = TRIAL_REFUSED;
    out_init(&text, &r->tool->mem);
    read_text(r, &at, &r->best);
    if (!step->apply(at.module, first, n)) {
        result = TRIAL_NO_PLACE;
    } else {
        ir_print_module(at.module, &text);
        bool differs = text.n != r->best.n || memcmp(text.bytes, r->best.bytes, text.n);
        if (differs && text.n && is_valid(r, &text) && judge_text(r->tool, &r->judge, &text)) {
            accept(r, &text);
            result = TRIAL_ACCEPTED;
        }
    }
    arena_release(&at.arena);
    out_release(&text);
    return result;
}

static void show(struct reduction *r, const struct reduce_step *step)
{
    if (r->shows) fprintf(stderr, "\r\033[K%u runs, %zu bytes: %s", r->judge.n_runs, r->best.n, step->what);
}

/* All places, in rows of n. After an accepted trial the next place has come to this one's number. */
static bool try_rows(struct reduction *r, const struct reduce_step *step, uint32_t n)
{
    bool changed = false;
    for (uint32_t first = 0; !r->judge.broken && !r->tool->diags.n_errors;) {
        show(r, step);
        enum trial t = try_step(r, step, first, n);
        if (t == TRIAL_NO_PLACE) break;
        changed |= t == TRIAL_ACCEPTED;
        if (t == TRIAL_REFUSED) first += n;
    }
    return changed;
}

static bool try_all(struct reduction *r)
{
    bool changed = false;
    for (uint32_t k = 0; k < n_reduce_steps; k++)
        for (uint32_t n = reduce_steps[k].in_rows ? LONGEST_ROW : 1; n; n /= 2)
            changed |= try_rows(r, &reduce_steps[k], n);
    return changed;
}

/* The text as the printer writes it, so that changes are only what steps do. */
static bool begin(struct reduction *r)
{
    struct intern names;
    struct arena arena;
    arena_init(&arena, &r->tool->mem);
    intern_init(&names, &arena);
    bool no_warnings = r->tool->diags.no_warnings;
    r->tool->diags.no_warnings = true;
    struct ir_module *m = tool_read_module(r->tool, &arena, &names, r->input);
    r->tool->diags.no_warnings = no_warnings;
    if (m) ir_print_module(m, &r->best);
    arena_release(&arena);
    if (!m || !judge_open(r->tool, &r->judge)) return false;
    bool fails = judge_text(r->tool, &r->judge, &r->best);
    if (r->judge.broken && !r->tool->diags.n_errors)
        diag_report(&r->tool->diags, DIAG_CANNOT_START, SRC_NONE, r->judge.words[0]);
    else if (!fails)
        diag_report(&r->tool->diags, DIAG_NOTHING_TO_REDUCE, SRC_NONE, r->input);
    return fails;
}

static void reduce(struct reduction *r)
{
    out_init(&r->best, &r->tool->mem);
    if (begin(r)) {
        const char *name = strcmp(r->output, "-") ? r->output : r->input;
        uint32_t n_before = count_stmts(r, &r->best);
        while (try_all(r) && !r->judge.broken && !r->tool->diags.n_errors)
            continue;
        if (r->shows) fprintf(stderr, "\r\033[K");
        tool_write_file(r->tool, r->output, &r->best);
        fprintf(stderr, "%s: %u statements of %u left, after %u runs\n", name, count_stmts(r, &r->best), n_before,
                r->judge.n_runs);
    }
    if (r->judge.folder) judge_close(&r->judge);
    out_release(&r->best);
}

static int work(struct tool *tool)
{
    struct reduction r = {.tool = tool, .judge.seconds = DEFAULT_SECONDS, .shows = isatty(STDERR_FILENO)};
    for (uint32_t k = 0; k < tool->options.uses.n; k++) {
        const struct option_use *use = &tool->options.uses.at[k];
        if (use->id == OPTION_ID_OUTPUT) r.output = use->argument;
        if (use->id == OPTION_ID_REDUCE_TIMEOUT) r.judge.seconds = use->number;
    }
    if (!tool->options.inputs.n) diag_report(&tool->diags, DIAG_NO_INPUT, SRC_NONE);
    if (tool->options.inputs.n == 1) diag_report(&tool->diags, DIAG_NO_COMMAND, SRC_NONE);
    if (tool->diags.n_errors) return TOOL_USAGE;
    r.input = tool->options.inputs.at[0];
    r.judge.words = tool->options.inputs.at + 1;
    r.judge.n_words = tool->options.inputs.n - 1;
    if (!r.output) r.output = arena_printf(&tool->arena, "%s.reduced", r.input);
    reduce(&r);
    return TOOL_SUCCESS;
}

int main(int argc, char **argv)
{
    return tool_main(TOOL_REDUCE, argc, argv, work);
}
