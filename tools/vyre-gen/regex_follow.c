/* regex_follow.c - text that follows matches byte by byte. A word has a bit for each position; a byte moves the bits, adds those that a match may
 * begin with, and keeps those that take it.
 *
 * What makes parts of the text independent of each other: of the matches with one end, that with the latest beginning is the one that counts. So who
 * follows matches that began in its part goes on past the part's end, and follows beside them, as `later`, all that begin after it: an end counts where
 * the first have it and the second have not. It stops where all that is open is open in the second as well.
 *
 * Loops are counted ones that are left, which never trap: so no lane is kept from running by what another one did. */
#include "tools/vyre-gen/regex.h"

void follow_print_functions(struct regex_set *set)
{
    struct scanner *s = &set->s;
    print_text(s, "",
               "\n// Where the positions of a word lead to.\n"
               "fn @_follow(state : u64, chain : u64, loops : u64%s) -> u64 {\n",
               set->has_special ? ", special : u64, row : u32" : "");
    if (!set->has_special) {
        print_text(s, "", "  return (state & chain) << 1 | state & loops;\n}\n");
        return;
    }
    print_text(s, "",
               "  var next = (state & chain) << 1 | state & loops;\n"
               "  var rest = state & special;\n"
               "  for special_position in 0u32..popcount(rest) {\n"
               "    next = next | @_follows[row + popcount(special & ~rest & (rest - 1))];\n"
               "    rest = rest & (rest - 1);\n"
               "  }\n"
               "  return next;\n"
               "}\n");
}

void follow_print_lets(struct regex_set *set, const char *indent)
{
    struct scanner *s = &set->s;
    print_text(s, indent,
               "let chain = @_chain[word];\n"
               "let loops = @_loops[word];\n"
               "let ending = @_ends[word];\n");
    if (set->has_special) print_text(s, indent, "let special = @_special[word];\nlet row = u32(@_rows[word]);\n");
    if (!set->has_before) print_text(s, indent, "let first = @_first[word];\n");
}

/* Sets a variable to where it leads to. */
static void print_step(struct regex_set *set, const char *indent, const char *variable, const char *more)
{
    print_text(&set->s, indent, "%s = (@_follow(%s, chain, loops%s)%s) & accepted;\n", variable, variable,
               set->has_special ? ", special, row" : "", more);
}

static const char *first_positions(const struct regex_set *set)
{
    if (!set->has_before) return " | first";
    return arena_printf(set->s.arena, " | @_first[kind * %u + word]", set->n_words);
}

void follow_print_kind(struct regex_set *set, const char *indent)
{
    if (set->has_before) print_text(&set->s, indent, "kind = u32(@_kind[text[i]]);\n");
}

/* Text before the first region has none. */
void follow_print_match(struct regex_set *set, enum report report, const char *indent)
{
    struct scanner *s = &set->s;
    if (report == REPORT_FIND) print_text(s, indent, "let last = i;\n");
    if (report == REPORT_PRESENCE) print_text(s, indent, "if low != 0 {\n");
    report_inside(s, report, report == REPORT_PRESENCE ? arena_printf(s->arena, "%s  ", indent) : indent);
    if (report == REPORT_PRESENCE) print_text(s, indent, "}\n");
}

void follow_print_behind(struct regex_set *set, const char *indent)
{
    print_text(&set->s, indent,
               "var behind = 0u32;                        // what stands behind byte i\n"
               "if i + 1 != end {\n"
               "  behind = u32(@_kind[text[i + 1]]) + 1;\n"
               "  if behind == %u && i + 2 == end {\n"
               "    behind = %u;\n"
               "  }\n"
               "}\n",
               BEHIND_NEWLINE, BEHIND_LAST_NEWLINE);
}

void follow_print_report(struct regex_set *set, enum report report, const char *indent, bool has_later)
{
    struct scanner *s = &set->s;
    const char *inner = arena_printf(s->arena, "%s  ", indent), *loop = arena_printf(s->arena, "%s    ", indent);
    print_text(s, indent, "if (state & ending) != 0 {\n");
    if (set->has_behind) {
        follow_print_behind(set, inner);
        print_text(s, inner, "let may_end = @_last[behind * %u + word];\n", set->n_words);
    }
    const char *ends = set->has_behind ? "may_end" : "ending";
    print_text(s, inner, "var rest = state & %s;\n", ends);
    print_text(s, inner, "for ended in 0u32..64 {\n  if rest == 0 {\n    break;\n  }\n");
    print_text(s, loop, "let pattern = u32(@_pattern[word * 64 + ctz(rest)]);\nlet own = @_own[pattern];\n");
    if (has_later) print_text(s, loop, "if (later & own & %s) == 0 {\n", ends);
    follow_print_match(set, report, has_later ? arena_printf(s->arena, "%s  ", loop) : loop);
    if (has_later) print_text(s, loop, "}\n");
    print_text(s, loop, "rest = rest & ~own;\n");
    print_text(s, inner, "}\n");
    print_text(s, indent, "}\n");
}

void follow_print_byte(struct regex_set *set, const char *indent)
{
    print_text(&set->s, indent, "let accepted = @_accepted[word * %u + u32(@_class[text[i]])];\n", set->classes.n);
}

void follow_print_main(struct regex_set *set, enum report report, const char *indent)
{
    follow_print_byte(set, indent);
    print_step(set, indent, "state", first_positions(set));
    follow_print_kind(set, indent);
    follow_print_report(set, report, indent, false);
}

void follow_print_tail(struct regex_set *set, enum report report, const char *indent)
{
    print_text(&set->s, indent,
               "var later = 0u64;                         // of matches that begin at byte i or behind it\n");
    follow_print_rest(set, report, indent);
}

void follow_print_rest(struct regex_set *set, enum report report, const char *indent)
{
    struct scanner *s = &set->s;
    const char *inner = arena_printf(s->arena, "%s  ", indent);
    print_text(s, indent,
               "for following in i..end {\n"
               "  if state == 0 {\n"
               "    break;\n"
               "  }\n");
    follow_print_byte(set, inner);
    print_step(set, inner, "state", "");
    print_step(set, inner, "later", first_positions(set));
    follow_print_kind(set, inner);
    follow_print_report(set, report, inner, true);
    print_text(s, inner, "state = select((state & ~later) == 0, 0, state);\ni = i + 1;\n");
    print_text(s, indent, "}\n");
}

/* ---- patterns of several words ---- */

void wide_print_functions(struct regex_set *set)
{
    struct scanner *s = &set->s;
    print_text(
        s, "",
        "\n// Where the positions of `n_words` words from `word` on lead to, with a byte of this class; `begins` says "
        "whether matches may begin with it.\n"
        "fn @_advance(state : &read_write u64[], next : &read_write u64[], word : u32, n_words : u32, class : u32, "
        "begins : bool, kind : u32) {\n"
        "  var carry = 0u64;\n"
        "  for k in 0u32..n_words {\n"
        "    let moving = state[k] & @_chain[word + k];\n"
        "    next[k] = moving << 1 | carry | state[k] & @_loops[word + k];\n"
        "    carry = moving >> 63;\n"
        "  }\n");
    if (set->has_special)
        print_text(s, "",
                   "  for k in 0u32..n_words {\n"
                   "    let special = @_special[word + k];\n"
                   "    var rest = state[k] & special;\n"
                   "    for special_position in 0u32..popcount(rest) {\n"
                   "      let row = u32(@_rows[word + k]) + popcount(special & ~rest & (rest - 1)) * n_words;\n"
                   "      for j in 0u32..n_words {\n"
                   "        next[j] = next[j] | @_follows[row + j];\n"
                   "      }\n"
                   "      rest = rest & (rest - 1);\n"
                   "    }\n"
                   "  }\n");
    print_text(s, "",
               "  for k in 0u32..n_words {\n"
               "    let first = select(begins, @_first[%sword + k], 0);\n"
               "    state[k] = (next[k] | first) & @_accepted[(word + k) * %u + class];\n"
               "  }\n"
               "}\n",
               set->has_before ? arena_printf(s->arena, "kind * %u + ", set->n_words) : "", set->classes.n);
}

void wide_print_report(struct regex_set *set, enum report report, const char *indent, bool has_later)
{
    struct scanner *s = &set->s;
    const char *inner = arena_printf(s->arena, "%s  ", indent);
    if (set->has_behind) follow_print_behind(set, indent);
    const char *ends =
        set->has_behind ? arena_printf(s->arena, "@_last[behind * %u + word + k]", set->n_words) : "@_ends[word + k]";
    print_text(s, indent, "var found = 0u64;\n%sfor k in 0u32..n_words {\n", has_later ? "var known = 0u64;\n" : "");
    print_text(s, inner, "found = found | states[k] & %s;\n", ends);
    if (has_later) print_text(s, inner, "known = known | laters[k] & %s;\n", ends);
    print_text(s, indent, "}\nif found != 0%s {\n", has_later ? " && known == 0" : "");
    print_text(s, inner, "let pattern = chosen;\n");
    follow_print_match(set, report, inner);
    print_text(s, indent, "}\n");
}

static void print_advance(struct regex_set *set, const char *indent, const char *state, bool begins)
{
    print_text(&set->s, indent, "@_advance(%s, nexts, word, n_words, u32(@_class[text[i]]), %s, %s);\n", state,
               begins ? "true" : "false", set->has_before ? "kind" : "0");
}

void wide_print_main(struct regex_set *set, enum report report, const char *indent)
{
    print_advance(set, indent, "states", true);
    follow_print_kind(set, indent);
    wide_print_report(set, report, indent, false);
}

void wide_print_tail(struct regex_set *set, enum report report, const char *indent)
{
    struct scanner *s = &set->s;
    const char *inner = arena_printf(s->arena, "%s  ", indent);
    print_text(s, indent,
               "var open = 0u64;\n"
               "for k in 0u32..n_words {\n"
               "  open = open | states[k];\n"
               "  laters[k] = 0;\n"
               "}\n"
               "for following in i..end {\n"
               "  if open == 0 {\n"
               "    break;\n"
               "  }\n");
    print_advance(set, inner, "states", false);
    print_advance(set, inner, "laters", true);
    follow_print_kind(set, inner);
    wide_print_report(set, report, inner, true);
    print_text(s, inner,
               "open = 0;\n"
               "for k in 0u32..n_words {\n"
               "  open = open | states[k] & ~laters[k];\n"
               "}\n"
               "i = i + 1;\n");
    print_text(s, indent, "}\n");
}

void wide_print_locals(struct regex_set *set)
{
    if (set->widest)
        print_text(&set->s, "  ", "local states : u64[%u];\nlocal laters : u64[%u];\nlocal nexts  : u64[%u];\n",
                   set->widest, set->widest, set->widest);
}
