/* report.c - what a program does with a match. In all texts `NAME_` is the prefix that was asked for. */
#include "tools/vyre-gen/gen.h"

struct report_kind {
    const char *suffix, *buffers, *open, *match;
};

static const struct report_kind kinds[REPORT_KINDS] = {
    [REPORT_COUNT] = {"count", "  buffer total    : read_write u64[1];    // grows by the number of matches\n",
                      "  var matches = 0u32;\n", NULL},
    [REPORT_FIND] = {"find",
                     "  buffer total    : read_write u64[2];    // [0] grows by the number of matches, [1] by those "
                     "that did not fit\n"
                     "  buffer patterns : read_write u32[];     // of each match: the number of the literal, from 0\n"
                     "  buffer ends     : read_write u32[];     // and where its last byte is\n",
                     "  let room = u64(min(len(patterns), len(ends)));\n",
                     "let slot = atomic_add(total[0], 1, relaxed);\n"
                     "if slot < room {\n"
                     "  patterns[u32(slot)] = pattern;\n"
                     "  ends[u32(slot)] = last;\n"
                     "} else {\n"
                     "  atomic_add(total[1], 1, relaxed);\n"
                     "}\n"},
    [REPORT_PRESENCE] =
        {"presence",
         "  buffer begins   : read u32[];           // where each region begins, ascending; it ends at the next, the "
         "last with the text\n"
         "  buffer total    : read_write u64[2];    // [0] grows by the matches inside regions, [1] by those for which "
         "`present` is too short\n"
         "  buffer present  : read_write u32[];     // %u words for each region: a bit for each literal\n",
         "",
         "var low = 0u32;                           // regions that begin at or before `start`\n"
         "var high = len(begins);\n"
         "while low < high max 32 {\n"
         "  let middle = low + (high - low) / 2;\n"
         "  if begins[middle] <= start {\n"
         "    low = middle + 1;\n"
         "  } else {\n"
         "    high = middle;\n"
         "  }\n"
         "}\n"
         "if low != 0 && (low == len(begins) || last < begins[low]) {\n"
         "  atomic_add(total[0], 1, relaxed);\n"
         "  if low <= len(present) / %u {\n"
         "    atomic_or(present[(low - 1) * %u + pattern / 32], 1 << (pattern %% 32), relaxed);\n"
         "  } else {\n"
         "    atomic_add(total[1], 1, relaxed);\n"
         "  }\n"
         "}\n"},
};

static uint32_t words_per_region(const struct scanner *s)
{
    return (s->list->literals.n + 31) / 32;
}

/* Lines, each after the indent; %u is the number of words per region. */
static void print_lines(struct scanner *s, const char *indent, const char *text)
{
    bool at_start = true;
    for (; *text; text++) {
        if (at_start) out_text(s->out, indent);
        at_start = *text == '\n';
        if (*text == '%' && text[1] == 'u')
            out_printf(s->out, "%u", words_per_region(s)), text++;
        else if (*text == '%')
            out_bytes(s->out, ++text, 1);
        else
            out_bytes(s->out, text, 1);
    }
}

void report_begin(struct scanner *s, enum report report, const char *layout)
{
    out_printf(s->out, "\nprogram %s_%s {\n%s  buffer text     : read u8[];\n", s->request->name, kinds[report].suffix,
               layout);
    print_lines(s, "", kinds[report].buffers);
}

void report_open(struct scanner *s, enum report report)
{
    out_text(s->out, kinds[report].open);
}

void report_match(struct scanner *s, enum report report, const char *indent)
{
    if (report == REPORT_COUNT)
        out_printf(s->out, "%smatches = matches + 1;\n", indent);
    else
        print_lines(s, indent, kinds[report].match);
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
