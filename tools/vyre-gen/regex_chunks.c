/* regex_chunks.c - programs that follow all positions through all of the text, a chunk to an invocation: for patterns that nothing rare begins, and
 * that have too many states for a table. */
#include "tools/vyre-gen/regex.h"

enum { CHUNK_BYTES = 1024 };

void bounds_print(struct regex_set *set, enum report report, const char *place, const char *indent)
{
    struct scanner *s = &set->s;
    if (report != REPORT_PRESENCE) {
        print_text(s, indent, "let from = 0u32;\nlet end = len(text);\n");
        return;
    }
    report_search(s, place, indent);
    print_text(s, indent,
               "var from = 0u32;\n"
               "if low != 0 {\n"
               "  from = begins[low - 1];\n"
               "}\n"
               "var end = len(text);                      // the region's end: each is a text by itself\n"
               "if low < len(begins) {\n"
               "  end = min(end, begins[low]);\n"
               "}\n");
}

void bounds_print_border(struct regex_set *set, enum report report, const char *clear, const char *indent)
{
    struct scanner *s = &set->s;
    if (report != REPORT_PRESENCE) return;
    print_text(s, indent,
               "if i == end {\n"
               "  for passed in low..len(begins) {\n"
               "    if begins[passed] > i {\n"
               "      break;\n"
               "    }\n"
               "    low = passed + 1;\n"
               "  }\n"
               "  end = select(low < len(begins), min(len(text), begins[low]), len(text));\n"
               "%s%s"
               "}\n",
               set->has_before ? "  kind = 0;\n" : "", clear);
}

/* What stands before a chunk. */
void chunks_print_begin(struct regex_set *set, enum report report)
{
    struct scanner *s = &set->s;
    print_text(s, "  ",
               "let begin = gid.x * %u;\n"
               "let stop = begin + min(%u, sat_sub(len(text), begin));\n",
               CHUNK_BYTES, CHUNK_BYTES);
    bounds_print(set, report, "begin", "  ");
    if (set->has_before) print_text(s, "  ", "var kind = select(begin == from, 0, u32(@_kind[text[begin - 1]]));\n");
}

void chunks_print_layout(struct regex_set *set, enum report report, uint32_t rows)
{
    struct scanner *s = &set->s;
    report_begin(s, report,
                 arena_printf(s->arena, "  workgroup 64;\n  dispatch len(text) / %u + 1%s;\n", CHUNK_BYTES,
                              rows > 1 ? arena_printf(s->arena, ", %u", rows) : ""));
}

void positions_print_program(struct regex_set *set, enum report report)
{
    struct scanner *s = &set->s;
    uint32_t word = set->part_word[PART_POSITIONS], n = set->part_word[PART_POSITIONS + 1] - word;
    chunks_print_layout(set, report, n);
    report_open(s, report);
    print_text(s, "  ", "let word = gid.y + %u;\n", word);
    follow_print_lets(set, "  ");
    chunks_print_begin(set, report);
    print_text(s, "  ", "var state = 0u64;\nfor i in begin..stop {\n");
    bounds_print_border(set, report, "  state = 0;\n", "    ");
    follow_print_main(set, report, "    ");
    print_text(s, "  ", "}\nvar i = stop;\n");
    follow_print_tail(set, report, "  ");
    report_close(s, report, false);
    out_text(s->out, "}\n");
}

void wide_print_list(struct regex_set *set)
{
    VEC(uint32_t) list = {0};
    for (uint32_t i = 0; i < set->list->patterns.n; i++)
        if (set->list->patterns.at[i].part == PART_WIDE) vec_push(set->s.arena, &list, i);
    print_text(&set->s, "", "\n// Patterns of several words that are followed through all of the text.\n");
    print_table(&set->s, "wide", list.at, list.n, 8);
}

void wide_print_program(struct regex_set *set, enum report report)
{
    struct scanner *s = &set->s;
    uint32_t n = 0;
    for (uint32_t i = 0; i < set->list->patterns.n; i++)
        n += set->list->patterns.at[i].part == PART_WIDE;
    chunks_print_layout(set, report, n);
    wide_print_locals(set);
    report_open(s, report);
    print_text(s, "  ",
               "let chosen = u32(@_wide[gid.y]);\n"
               "let word = u32(@_word[chosen]);\n"
               "let n_words = u32(@_n_words[chosen]);\n");
    chunks_print_begin(set, report);
    print_text(s, "  ", "for i in begin..stop {\n");
    bounds_print_border(set, report, "  for k in 0u32..n_words {\n    states[k] = 0;\n  }\n", "    ");
    wide_print_main(set, report, "    ");
    print_text(s, "  ", "}\nvar i = stop;\n");
    wide_print_tail(set, report, "  ");
    report_close(s, report, false);
    out_text(s->out, "}\n");
}
