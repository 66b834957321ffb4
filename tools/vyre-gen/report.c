/* report.c - what a program does with a match. In all texts `NAME_` is the prefix that was asked for. */
#include "tools/vyre-gen/gen.h"

struct report_kind {
    const char *suffix, *buffers, *open, *match;
    const char *parameters, *arguments; /* of a pipeline */
};

static const struct report_kind kinds[REPORT_KINDS] = {
    [REPORT_COUNT] = {"count", "  buffer total    : read_write u64[1];    // grows by the number of matches\n",
                      "  var matches = 0u32;\n", NULL, "total : read_write u64[1]", "total: total"},
    [REPORT_FIND] = {"find",
                     "  buffer total    : read_write u64[2];    // [0] grows by the number of matches, [1] by those "
                     "that did not fit\n"
                     "  buffer patterns : read_write u32[];     // of each match: the number of the %n, from 0\n"
                     "  buffer ends     : read_write u32[];     // and where its last byte is\n",
                     "  let room = u64(min(len(patterns), len(ends)));\n",
                     "let slot = atomic_add(total[0], 1, relaxed);\n"
                     "if slot < room {\n"
                     "  patterns[u32(slot)] = pattern;\n"
                     "  ends[u32(slot)] = last;\n"
                     "} else {\n"
                     "  atomic_add(total[1], 1, relaxed);\n"
                     "}\n",
                     "total : read_write u64[2], patterns : read_write u32[], ends : read_write u32[]",
                     "total: total, patterns: patterns, ends: ends"},
    [REPORT_PRESENCE] =
        {"presence",
         "  buffer begins   : read u32[];           // where each region begins, ascending; it ends at the next, the "
         "last with the text\n"
         "  buffer total    : read_write u64[2];    // [0] grows by the matches inside regions, [1] by those for which "
         "`present` is too short\n"
         "  buffer present  : read_write u32[];     // %u words for each region: a bit for each %n\n",
         "",
         "atomic_add(total[0], 1, relaxed);\n"
         "if low <= len(present) / %u {\n"
         "  atomic_or(present[(low - 1) * %u + pattern / 32], 1 << (pattern %% 32), relaxed);\n"
         "} else {\n"
         "  atomic_add(total[1], 1, relaxed);\n"
         "}\n",
         "begins : read u32[], total : read_write u64[2], present : read_write u32[]",
         "begins: begins, total: total, present: present"},
};

static const char search[] = "var low = 0u32;                           // regions that begin at or before `%p`\n"
                             "var high = len(begins);\n"
                             "for halving in 0u32..32 {\n"
                             "  if low >= high {\n"
                             "    break;\n"
                             "  }\n"
                             "  let middle = low + (high - low) / 2;\n"
                             "  if begins[middle] <= %p {\n"
                             "    low = middle + 1;\n"
                             "  } else {\n"
                             "    high = middle;\n"
                             "  }\n"
                             "}\n";

/* Lines, each after the indent: %u is the number of words per region, %n what a pattern is called, %p a place. */
static void print_lines(struct scanner *s, const char *indent, const char *text, const char *place)
{
    bool at_start = true;
    for (; *text; text++) {
        if (at_start) out_text(s->out, indent);
        at_start = *text == '\n';
        char sign = *text == '%' ? *++text : 0;
        if (sign == 'u')
            out_printf(s->out, "%u", (s->n_patterns + 31) / 32);
        else if (sign == 'n' || sign == 'p')
            out_text(s->out, sign == 'n' ? s->noun : place);
        else
            out_bytes(s->out, text, 1);
    }
}

void report_begin(struct scanner *s, enum report report, const char *layout)
{
    out_printf(s->out, "\n%sprogram %s_%s%s {\n%s  buffer text     : read u8[];\n", s->part ? "#[internal]\n" : "",
               s->request->name, kinds[report].suffix, s->part ? arena_printf(s->arena, "_%s", s->part) : "", layout);
    print_lines(s, "", kinds[report].buffers, "");
}

void report_open(struct scanner *s, enum report report)
{
    out_text(s->out, report == REPORT_COUNT && s->counts_wide ? "  var matches = 0u64;\n" : kinds[report].open);
}

void report_search(struct scanner *s, const char *place, const char *indent)
{
    print_lines(s, indent, search, place);
}

void report_inside(struct scanner *s, enum report report, const char *indent)
{
    if (report == REPORT_COUNT)
        out_printf(s->out, "%smatches = matches + 1;\n", indent);
    else
        print_lines(s, indent, kinds[report].match, "");
}

void report_match(struct scanner *s, enum report report, const char *indent)
{
    if (report != REPORT_PRESENCE) {
        report_inside(s, report, indent);
        return;
    }
    report_search(s, "start", indent);
    out_printf(s->out, "%sif low != 0 && (low == len(begins) || last < begins[low]) {\n", indent);
    report_inside(s, report, arena_printf(s->arena, "%s  ", indent));
    out_printf(s->out, "%s}\n", indent);
}

void report_close(struct scanner *s, enum report report, bool has_subgroups)
{
    if (report != REPORT_COUNT) return;
    if (has_subgroups)
        out_text(s->out, "  let sum = reduce_add(matches);\n  if lane == 0 && sum != 0 {\n    atomic_add(total[0], "
                         "u64(sum), relaxed);\n  }\n");
    else
        out_text(s->out, "  if matches != 0 {\n    atomic_add(total[0], u64(matches), relaxed);\n  }\n");
}

void report_print_pipeline(struct scanner *s, enum report report, const char *const *parts, uint32_t n)
{
    const struct report_kind *kind = &kinds[report];
    print_text(s, "", "\npipeline @_%s (text : read u8[], %s) {\n", kind->suffix, kind->parameters);
    for (uint32_t i = 0; i < n; i++)
        print_text(s, "", "  arm %s = @_%s_%s(text: text, %s);\n", parts[i], kind->suffix, parts[i], kind->arguments);
    out_text(s->out, "}\n");
}

const char *report_parameters(enum report report)
{
    return kinds[report].parameters;
}

const char *report_arguments(enum report report)
{
    return kinds[report].arguments;
}

const char *report_suffix(enum report report)
{
    return kinds[report].suffix;
}
