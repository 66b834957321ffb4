/* main.c - vyre-gen: programs that find things, made from lists of what is to be found.
 *
 *   vyre-gen literals list.txt -o set.vir
 *   vyre-gen regex list.txt -o set.vir */
#include <string.h>

#include "tools/vyre-gen/regex.h"

static enum form read_form(const char *word)
{
    static const char *const words[] = {"auto", "automaton", "buckets", "hash", "positions", "streams"};
    enum form form = FORM_AUTO;
    for (uint32_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (!strcmp(word, words[i])) form = (enum form)i;
    return form;
}

/* What can be made. */
static const struct kind {
    const char *word, *name;
    int (*generate)(struct tool *tool, const struct request *request, const char *path);
} kinds[] = {{"literals", "literals", literals_generate}, {"regex", "patterns", regex_generate}};

static const struct kind *find_kind(const char *word)
{
    for (uint32_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (!strcmp(word, kinds[i].word)) return &kinds[i];
    return NULL;
}

static struct request read_request(const struct tool *tool, const char *name)
{
    struct request r = {.output = "-", .name = name};
    for (uint32_t i = 0; i < tool->options.uses.n; i++) {
        const struct option_use *use = &tool->options.uses.at[i];
        if (use->id == OPTION_ID_OUTPUT) r.output = use->argument;
        if (use->id == OPTION_ID_GEN_NAME) r.name = use->argument;
        if (use->id == OPTION_ID_GEN_DECODE) r.decoder = decoder_find(use->argument);
        if (use->id == OPTION_ID_GEN_FORM) r.form = read_form(use->argument);
        if (use->id == OPTION_ID_GEN_IGNORE_CASE) r.ignore_case = true;
        if (use->id == OPTION_ID_GEN_WHOLE_WORDS) r.whole_words = true;
    }
    return r;
}

static bool is_name(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
    return n && !name[n] && !(*name >= '0' && *name <= '9');
}

static int work(struct tool *tool)
{
    uint32_t n_inputs = tool->options.inputs.n;
    const char *word = n_inputs ? tool->options.inputs.at[0] : "";
    const struct kind *kind = find_kind(word);
    struct request r = read_request(tool, kind ? kind->name : "none");
    if (!kind)
        diag_report(&tool->diags, DIAG_GENERATOR, SRC_NONE, word);
    else if (n_inputs < 2)
        diag_report(&tool->diags, DIAG_NO_INPUT, SRC_NONE);
    else if (n_inputs > 2)
        diag_report(&tool->diags, DIAG_ONE_INPUT_ONLY, SRC_NONE, n_inputs - 1);
    if (!is_name(r.name)) diag_report(&tool->diags, DIAG_BAD_OPTION_VALUE, SRC_NONE, r.name, "--name");
    if (tool->diags.n_errors) return TOOL_USAGE;
    return kind->generate(tool, &r, tool->options.inputs.at[1]);
}

int main(int argc, char **argv)
{
    return tool_main(TOOL_GEN, argc, argv, work);
}
