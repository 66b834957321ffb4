/* regex.c - vyre-gen regex: which part of the patterns is scanned for in which form, and the file that is made. */
#include <string.h>

#include "tools/vyre-gen/regex.h"

/* ---- the choice ---- */

/* For a byte, measured on a processor with AVX-512. */
static const double CYCLES_PER_WORD = 6, CYCLES_PER_WIDE = 30;

static enum part_kind without_filter(const struct pattern *p)
{
    return p->machine.n > WORD_BITS ? PART_WIDE : PART_POSITIONS;
}

static void find_grams(struct regex_set *set)
{
    for (uint32_t i = 0; i < set->list->patterns.n; i++)
        for (uint32_t width = 1; width <= MAX_WIDTH; width++)
            set->list->patterns.at[i].grams[width - 1] =
                grams_choose(set->s.arena, &set->list->patterns.at[i].machine, width);
}

/* Those whose grams are at most this frequent go through the filter. The cost of all parts; negative where the filter takes no such list. */
static double divide(struct regex_set *set, double share)
{
    double cost = 0;
    bool has_filter = false;
    for (uint32_t i = 0; i < set->list->patterns.n; i++) {
        struct pattern *p = &set->list->patterns.at[i];
        p->part = p->grams[MAX_WIDTH - 1].share <= share ? PART_FILTER : without_filter(p);
        if (p->part == PART_FILTER)
            has_filter = true;
        else
            cost += p->part == PART_WIDE ? CYCLES_PER_WIDE : CYCLES_PER_WORD * p->machine.n / WORD_BITS;
    }
    if (!has_filter) return cost;
    double filter = filter_plan(set);
    return filter < 0 ? -1 : cost + filter;
}

/* Tries how frequent the grams of patterns may be that go through the filter, from any to none. */
static void choose(struct regex_set *set)
{
    static const double shares[] = {1, 0.05, 0.02, 0.005, 0.002, 0.0005, 0};
    double best = 0, best_share = -1;
    bool any_filter = set->list->patterns.n <= MAX_GRAMS && set->s.request->form != FORM_POSITIONS;
    if (any_filter) find_grams(set);
    for (size_t i = 0; any_filter && i < sizeof(shares) / sizeof(shares[0]); i++) {
        double cost = divide(set, shares[i]);
        if (cost < 0 || (best_share >= 0 && cost >= best)) continue;
        best = cost;
        best_share = shares[i];
        if (set->s.request->form == FORM_BUCKETS) break;
    }
    if (best_share >= 0) divide(set, best_share);
    for (uint32_t i = 0; best_share < 0 && i < set->list->patterns.n; i++)
        set->list->patterns.at[i].part = without_filter(&set->list->patterns.at[i]);
}

/* ---- text ---- */

static const struct part_form {
    const char *name;
    void (*print_tables)(struct regex_set *set);
    void (*print_program)(struct regex_set *set, enum report report);
} forms[N_PARTS] = {
    [PART_FILTER] = {"filter", filter_print_tables, filter_print_programs},
    [PART_POSITIONS] = {"positions", NULL, positions_print_program},
    [PART_WIDE] = {"wide", wide_print_list, wide_print_program},
};

static void print_head(struct regex_set *set)
{
    print_text(&set->s, "", "// Finds %u regular expressions%s%s. Made by vyre-gen regex.\n//\n", set->s.n_patterns,
               set->s.request->ignore_case ? " of any letter case" : "",
               set->s.request->whole_words ? " as whole words" : "");
}

static void print_part_list(struct regex_set *set, enum part_kind part)
{
    print_text(&set->s, "", "// %s:", forms[part].name);
    for (uint32_t i = 0; i < set->s.n_patterns; i++)
        if (set->list->patterns.at[i].part == part) print_text(&set->s, "", " %u", i);
    print_text(&set->s, "", "\n");
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
    for (uint32_t i = 0; i < N_PARTS; i++)
        if (set->has_part[i]) print_part_list(set, (enum part_kind)i);
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
