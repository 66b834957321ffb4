/* regex.c - vyre-gen regex: which part of the patterns is scanned for in which form, and the file that is made. */
#include <string.h>

#include "tools/vyre-gen/regex.h"

/* ---- the choice ---- */

static void choose(struct regex_set *set)
{
    for (uint32_t i = 0; i < set->list->patterns.n; i++) {
        struct pattern *p = &set->list->patterns.at[i];
        p->part = p->machine.n > WORD_BITS ? PART_WIDE : PART_POSITIONS;
    }
}

/* ---- text ---- */

static const struct part_form {
    const char *name;
    void (*print_tables)(struct regex_set *set);
    void (*print_program)(struct regex_set *set, enum report report);
} forms[N_PARTS] = {
    [PART_POSITIONS] = {"positions", NULL, positions_print_program},
    [PART_WIDE] = {"wide", wide_print_list, wide_print_program},
};

static void print_head(struct regex_set *set)
{
    print_text(&set->s, "", "// Finds %u regular expressions%s%s. Made by vyre-gen regex.\n//\n", set->s.n_patterns,
               set->s.request->ignore_case ? " of any letter case" : "",
               set->s.request->whole_words ? " as whole words" : "");
}

static void print_report(struct regex_set *set, enum report report)
{
    const char *parts[N_PARTS];
    uint32_t n = 0;
    for (uint32_t i = 0; i < N_PARTS; i++)
        if (set->has_part[i]) parts[n++] = forms[i].name;
    for (uint32_t i = 0; i < N_PARTS; i++) {
        if (!set->has_part[i]) continue;
        set->s.part = n > 1 ? forms[i].name : NULL;
        forms[i].print_program(set, report);
    }
    if (n > 1) report_print_pipeline(&set->s, report, parts, n);
}

static void print_set(struct regex_set *set)
{
    print_head(set);
    words_print_tables(set);
    for (uint32_t i = 0; i < N_PARTS; i++)
        if (set->has_part[i] && forms[i].print_tables) forms[i].print_tables(set);
    follow_print_functions(set);
    if (set->widest) wide_print_functions(set);
    for (uint32_t report = 0; report < REPORT_KINDS; report++)
        print_report(set, (enum report)report);
    sorted_print(&set->s);
}

int regex_generate(struct tool *tool, const struct request *request, const char *path)
{
    struct source_file *file;
    struct pattern_list list = {0};
    int error = sources_read(&tool->sources, path, &file);
    if (error) diag_report(&tool->diags, DIAG_CANNOT_READ, SRC_NONE, path, strerror(error));
    if (error || !regex_list_read(tool, file, request, &list)) return TOOL_SUCCESS; /* reported */
    struct out out;
    out_init(&out, &tool->mem);
    struct regex_set set = {.s = {.tool = tool,
                                  .arena = &tool->arena,
                                  .request = request,
                                  .n_patterns = list.patterns.n,
                                  .noun = "pattern",
                                  .counts_wide = true,
                                  .out = &out},
                            .list = &list};
    choose(&set);
    words_assign(&set);
    print_set(&set);
    tool_write_file(tool, request->output, &out);
    out_release(&out);
    return TOOL_SUCCESS;
}
