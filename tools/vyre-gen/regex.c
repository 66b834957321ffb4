/* regex.c - vyre-gen regex: which part of the patterns is scanned for in which form, and the file that is made. */
#include <string.h>

#include "tools/vyre-gen/regex.h"

/* ---- the choice ---- */

/* For a byte, measured on a processor with AVX-512. */
static const double cycles_per_word = 11, cycles_per_wide = 60;

static bool is_wide(const struct pattern *p)
{
    return p->machine.n > WORD_BITS;
}

static void find_grams(struct regex_set *set)
{
    for (uint32_t i = 0; i < set->list->patterns.n; i++)
        for (uint32_t width = 1; width <= MAX_WIDTH; width++)
            set->list->patterns.at[i].grams[width - 1] =
                grams_choose(set->s.arena, &set->list->patterns.at[i].machine, width);
}

static uint32_t count_part(const struct regex_set *set, enum part_kind part)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < set->list->patterns.n; i++)
        n += set->list->patterns.at[i].part == part;
    return n;
}

/* Where a pattern goes that is neither filtered nor streams. */
static enum part_kind part_of_rest(const struct pattern *p)
{
    return is_wide(p) ? PART_WIDE : PART_STATES;
}

/* Moves the larger half of the patterns that were to be an automaton to positions, or of streams to what else they can be. */
static void halve(struct regex_set *set, enum part_kind part)
{
    uint32_t n = count_part(set, part);
    for (uint32_t moved = 0; moved < (n + 1) / 2; moved++) {
        struct pattern *largest = NULL;
        for (uint32_t i = 0; i < set->list->patterns.n; i++) {
            struct pattern *p = &set->list->patterns.at[i];
            if (p->part == part && (!largest || p->machine.n > largest->machine.n)) largest = p;
        }
        largest->part = part == PART_STREAMS ? part_of_rest(largest) : PART_POSITIONS;
    }
}

/* The cost of the patterns that are streams. */
static double divide_streams(struct regex_set *set)
{
    double cost = 0;
    while (count_part(set, PART_STREAMS) && (cost = streams_cost(set)) < 0)
        halve(set, PART_STREAMS);
    return count_part(set, PART_STREAMS) ? cost : 0;
}

/* The cost of the patterns that have no filter: those that are to be streams, the others as automaton where they suit. */
static double divide_rest(struct regex_set *set)
{
    double cost = divide_streams(set);
    while (count_part(set, PART_STATES) && !states_suit(set))
        halve(set, PART_STATES);
    if (count_part(set, PART_STATES)) cost += states_cost(set);
    for (uint32_t i = 0; i < set->list->patterns.n; i++) {
        const struct pattern *p = &set->list->patterns.at[i];
        if (p->part == PART_POSITIONS) cost += cycles_per_word * p->machine.n / WORD_BITS;
        if (p->part == PART_WIDE) cost += cycles_per_wide;
    }
    return cost;
}

/* Those whose grams are at most this frequent go through the filter; of the others are streams what can be, where that is asked for. The cost of all
 * parts; negative where the filter takes no such list. */
static double divide(struct regex_set *set, double share, bool has_streams)
{
    for (uint32_t i = 0; i < set->list->patterns.n; i++) {
        struct pattern *p = &set->list->patterns.at[i];
        bool filtered = share > 0 && p->grams[MAX_WIDTH - 1].share <= share;
        p->part = filtered ? PART_FILTER : has_streams && streams_suit(set, p) ? PART_STREAMS : part_of_rest(p);
    }
    double filter = count_part(set, PART_FILTER) ? filter_plan(set) : 0;
    return filter < 0 ? -1 : filter + divide_rest(set);
}

/* Tries how frequent the grams of patterns may be that go through the filter, from any to none, and with streams or without. */
static void choose(struct regex_set *set)
{
    static const double shares[] = {1, 0.05, 0.02, 0.005, 0.002, 0.0005, 0};
    enum { N_SHARES = sizeof(shares) / sizeof(shares[0]) };
    double best = 0, best_share = 0;
    bool best_streams = false;
    bool takes_filter = set->list->patterns.n <= MAX_GRAMS;
    if (takes_filter) find_grams(set);
    for (uint32_t i = takes_filter ? 0 : 2 * (N_SHARES - 1), n = 0; i < 2 * N_SHARES; i++) {
        double cost = divide(set, shares[i / 2], i % 2);
        if (cost < 0 || (n++ && cost >= best)) continue;
        best = cost;
        best_share = shares[i / 2];
        best_streams = i % 2;
    }
    divide(set, best_share, best_streams);
}

/* ---- forms that are asked for ---- */

static void take_positions(struct regex_set *set)
{
    for (uint32_t i = 0; i < set->list->patterns.n; i++)
        set->list->patterns.at[i].part = is_wide(&set->list->patterns.at[i]) ? PART_WIDE : PART_POSITIONS;
}

static const char *take_filter(struct regex_set *set)
{
    if (set->list->patterns.n > MAX_GRAMS) return "it takes at most 400 patterns";
    find_grams(set);
    for (uint32_t i = 0; i < set->list->patterns.n; i++)
        set->list->patterns.at[i].part = PART_FILTER;
    return filter_plan(set) < 0 ? "its patterns begin in more than 400 ways" : NULL;
}

/* Whether one pattern by itself is an automaton. */
static bool suits_alone(struct regex_set *set, uint32_t number)
{
    take_positions(set);
    set->list->patterns.at[number].part = PART_STATES;
    return states_suit(set);
}

static const char *take_states(struct regex_set *set)
{
    for (uint32_t i = 0; i < set->list->patterns.n; i++)
        if (is_wide(&set->list->patterns.at[i]))
            return arena_printf(set->s.arena, "pattern %u has more than 64 positions", i + 1);
    for (uint32_t i = 0; i < set->list->patterns.n; i++)
        set->list->patterns.at[i].part = PART_STATES;
    if (states_suit(set)) return NULL;
    for (uint32_t i = 0; i < set->list->patterns.n; i++)
        if (!suits_alone(set, i))
            return arena_printf(set->s.arena, "pattern %u alone has more than 8192 states", i + 1);
    return "its patterns have more than 8192 states together";
}

/* The others are divided as usual. */
static const char *take_streams(struct regex_set *set)
{
    divide(set, 0, true);
    return count_part(set, PART_STREAMS) ? NULL : "none of its patterns can be streams";
}

/* False when something was reported. */
static bool take_form(struct regex_set *set)
{
    static const char *const names[] = {"auto", "automaton", "buckets", "hash", "positions", "streams"};
    enum form form = set->s.request->form;
    const char *why = NULL;
    if (form == FORM_AUTO) choose(set);
    if (form == FORM_AUTOMATON) why = take_states(set);
    if (form == FORM_BUCKETS) why = take_filter(set);
    if (form == FORM_HASH) why = "it is for literals";
    if (form == FORM_POSITIONS) take_positions(set);
    if (form == FORM_STREAMS) why = take_streams(set);
    if (why) diag_report(&set->s.tool->diags, DIAG_FORM_UNSUITED, SRC_NONE, names[form], why);
    return !why;
}

/* ---- text ---- */

static const struct part_form {
    const char *name;
    void (*print_tables)(struct regex_set *set);
    void (*print_program)(struct regex_set *set, enum report report);
} forms[N_PARTS] = {
    [PART_FILTER] = {"filter", filter_print_tables, filter_print_programs},
    [PART_STREAMS] = {"streams", streams_print_tables, streams_print_program},
    [PART_STATES] = {"automaton", states_print_tables, states_print_program},
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
    decoder_print_import(&set->s);
    words_print_tables(set);
    for (uint32_t i = 0; i < N_PARTS; i++)
        if (set->has_part[i] && forms[i].print_tables) forms[i].print_tables(set);
    follow_print_functions(set);
    if (set->widest) wide_print_functions(set);
    for (uint32_t report = 0; report < REPORT_KINDS; report++)
        print_report(set, (enum report)report);
    sorted_print(&set->s);
    decoder_print_pipelines(&set->s);
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
    if (take_form(&set)) {
        words_assign(&set);
        print_set(&set);
        tool_write_file(tool, request->output, &out);
    }
    out_release(&out);
    return TOOL_SUCCESS;
}
