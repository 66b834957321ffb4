/* regex_parse.c - an expression in the syntax of PCRE as a tree. Greedy and lazy repetitions are the same here, since all ends of matches are
 * looked for; groups capture nothing. Nesting is limited, so recursion is too. */
#include <string.h>

#include "tools/vyre-gen/regex.h"

static struct regex *parse_choice(struct parser *p);

/* ---- faults ---- */

static struct src_range range_of(const struct parser *p, const char *from, const char *to)
{
    const struct source_file *file = p->e->file;
    return (struct src_range){file->base + (uint32_t)(from - file->text), file->base + (uint32_t)(to - file->text)};
}

void parser_fail(struct parser *p, const char *from, const char *to, const char *what)
{
    if (!p->failed) diag_report(&p->tool->diags, DIAG_REGEX_SYNTAX, range_of(p, from, to), p->e->number, what);
    p->failed = true;
    p->at = p->end;
}

void parser_refuse(struct parser *p, const char *from, const char *to, const char *what)
{
    if (!p->failed) diag_report(&p->tool->diags, DIAG_REGEX_UNSUPPORTED, range_of(p, from, to), what, p->e->number);
    p->failed = true;
    p->at = p->end;
}

/* ---- nodes ---- */

static struct regex *new_node(struct parser *p, enum regex_kind kind)
{
    struct regex *r = ARENA_NEW(&p->tool->arena, struct regex);
    r->kind = kind;
    return r;
}

static struct regex *new_set(struct parser *p, const struct byte_set *set)
{
    struct regex *r = new_node(p, REGEX_SET);
    r->set = *set;
    return r;
}

static struct regex *new_byte(struct parser *p, unsigned char c)
{
    struct byte_set set = {{0}};
    set_add(&set, c);
    if (p->flags & FLAG_CASE) set_fold(&set);
    return new_set(p, &set);
}

static struct regex *new_assertion(struct parser *p, uint32_t gaps)
{
    struct regex *r = new_node(p, REGEX_ASSERTION);
    r->gaps = gaps;
    return r;
}

static struct regex *new_dot(struct parser *p)
{
    struct byte_set set;
    memset(&set, 0xFF, sizeof(set));
    if (!(p->flags & FLAG_DOT)) set_remove(&set, '\n');
    return new_set(p, &set);
}

static struct regex *new_line_begin(struct parser *p)
{
    uint32_t lines = 1 << BEFORE_BEGIN | 1 << BEFORE_NEWLINE;
    if (!(p->flags & FLAG_LINES)) return new_assertion(p, gap_pairs(1 << BEFORE_BEGIN, ANY_BEHIND));
    /* A newline that ends the text begins no line. */
    return new_assertion(p, gap_pairs(lines, ANY_BEHIND & ~(UINT32_C(1) << BEHIND_END)) |
                                gap_pairs(1 << BEFORE_BEGIN, 1 << BEHIND_END));
}

static struct regex *new_line_end(struct parser *p)
{
    uint32_t ends = 1 << BEHIND_END | 1 << BEHIND_LAST_NEWLINE;
    if (p->flags & FLAG_LINES) ends |= 1 << BEHIND_NEWLINE;
    return new_assertion(p, gap_pairs(ANY_BEFORE, ends));
}

/* ---- repetitions ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Where the digits end; the number saturates just past the limit. */
static const char *read_number(const char *at, const char *end, uint32_t *value)
{
    for (*value = 0; at < end && is_digit(*at); at++)
        if (*value <= MAX_REPETITION) *value = *value * 10 + (uint32_t)(*at - '0');
    return at;
}

/* Behind the brace that closes {n}, {n,} or {n,m}; NULL where something else begins here. */
static const char *read_counts(const char *at, const char *end, uint32_t *least, uint32_t *most)
{
    const char *digits = at + 1;
    if (at == end || *at != '{') return NULL;
    at = read_number(digits, end, least);
    if (at == digits) return NULL;
    *most = *least;
    if (at < end && *at == ',') {
        digits = at + 1;
        at = read_number(digits, end, most);
        if (at == digits) *most = REPEAT_FOREVER;
    }
    return at < end && *at == '}' ? at + 1 : NULL;
}

/* The same for all quantifiers. */
static const char *read_quantifier(const char *at, const char *end, uint32_t *least, uint32_t *most)
{
    char c = at < end ? *at : 0;
    *least = c == '+';
    *most = c == '?' ? 1 : REPEAT_FOREVER;
    if (c && strchr("*+?", c)) return at + 1;
    return read_counts(at, end, least, most);
}

static bool skip_comment(struct parser *p)
{
    if (p->end - p->at < 3 || memcmp(p->at, "(?#", 3) != 0) return false;
    const char *close = memchr(p->at, ')', (size_t)(p->end - p->at));
    if (!close) parser_fail(p, p->at, p->at + 3, "the comment is not closed");
    if (close) p->at = close + 1;
    return true;
}

static bool starts_with(const struct parser *p, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(p->end - p->at) >= n && !memcmp(p->at, word, n);
}

/* \Q and \E. */
static bool skip_quotes(struct parser *p)
{
    bool opens = !p->quoting && starts_with(p, "\\Q"), closes = starts_with(p, "\\E");
    if (!opens && !closes) return false;
    p->quoting = opens;
    p->at += 2;
    return true;
}

static bool skip_blank(struct parser *p)
{
    if (!(p->flags & FLAG_SPACE) || !*p->at || !strchr("# \t\n\v\f\r", *p->at)) return false;
    const char *line_end = *p->at == '#' ? memchr(p->at, '\n', (size_t)(p->end - p->at)) : p->at + 1;
    p->at = line_end ? line_end : p->end;
    return true;
}

/* What stands for nothing: comments, the signs around quotations, blanks where they do not count. */
static void skip_ignored(struct parser *p)
{
    while (p->at < p->end && (skip_quotes(p) || (!p->quoting && (skip_comment(p) || skip_blank(p)))))
        ;
}

static struct regex *parse_quantifier(struct parser *p, struct regex *item)
{
    uint32_t least, most;
    const char *from = p->at, *next = read_quantifier(p->at, p->end, &least, &most);
    if (!next || p->quoting) return item;
    p->at = next;
    if (!item || item->kind == REGEX_ASSERTION)
        parser_fail(p, from, next, "there is nothing that this could repeat");
    else if (least > MAX_REPETITION || (most != REPEAT_FOREVER && most > MAX_REPETITION))
        parser_fail(p, from, next, "a count is greater than 65535");
    else if (least > most)
        parser_fail(p, from, next, "the counts are in the wrong order");
    if (p->at < p->end && *p->at == '+') parser_refuse(p, from, p->at + 1, "a possessive quantifier");
    if (p->failed) return NULL;
    if (p->at < p->end && *p->at == '?') p->at++; /* lazy */
    struct regex *r = new_node(p, REGEX_REPEAT);
    r->least = least;
    r->most = most;
    vec_push(&p->tool->arena, &r->of, item);
    skip_ignored(p);
    if (read_quantifier(p->at, p->end, &least, &most))
        parser_fail(p, p->at, p->at + 1, "there is nothing that this could repeat");
    return r;
}

/* ---- groups ---- */

/* What may stand behind the parenthesis that opens a group, and is refused; longer ones first. */
static const struct {
    const char *open, *what;
} refused_groups[] = {
    {"(?=", "lookahead"},        {"(?!", "lookahead"}, {"(?<=", "lookbehind"},     {"(?<!", "lookbehind"},
    {"(?<*", "lookbehind"},      {"(?*", "lookahead"}, {"(?>", "an atomic group"}, {"(?(", "a conditional group"},
    {"(?C", "a callout"},        {"(?R", "recursion"}, {"(?&", "recursion"},       {"(?P>", "recursion"},
    {"(?P=", "a backreference"}, {"(?+", "recursion"}, {"(*", "a verb"},
};
/* Those that only group. */
static const char *const plain_groups[] = {"(?:", "(?|"};

static bool refuse_group(struct parser *p)
{
    for (size_t i = 0; i < sizeof(refused_groups) / sizeof(refused_groups[0]); i++)
        if (starts_with(p, refused_groups[i].open)) {
            parser_refuse(p, p->at, p->at + strlen(refused_groups[i].open), refused_groups[i].what);
            return true;
        }
    if (p->end - p->at < 3 || p->at[1] != '?') return false;
    bool calls = is_digit(p->at[2]) || (p->at[2] == '-' && p->end - p->at > 3 && is_digit(p->at[3]));
    if (calls) parser_refuse(p, p->at, p->at + 3, "recursion");
    return calls;
}

/* (?<name>, (?'name' and (?P<name> group like ( alone. */
static bool skip_name(struct parser *p)
{
    const char *at = p->at + (starts_with(p, "(?P<") ? 3 : 2), *from;
    if (!starts_with(p, "(?P<") && !starts_with(p, "(?<") && !starts_with(p, "(?'")) return false;
    char close = *at++ == '<' ? '>' : '\'';
    for (from = at; at < p->end && (is_digit(*at) || *at == '_' || (*at | 32) - 'a' + 0u < 26u);)
        at++;
    if (at == p->end || *at != close || at == from || is_digit(*from)) {
        parser_fail(p, p->at, at, "the name of the group is not one, or not closed");
        return true;
    }
    p->at = at + 1;
    return true;
}

static uint32_t flag_of(char c)
{
    return c == 'i' ? FLAG_CASE : c == 'm' ? FLAG_LINES : c == 's' ? FLAG_DOT : c == 'x' ? FLAG_SPACE : 0;
}

/* Behind (?: letters, perhaps a minus and more. They hold up to the end of the group around, or of this one after a colon. */
static void parse_flags(struct parser *p)
{
    const char *from = p->at;
    bool off = false;
    p->at += 2;
    if (p->at < p->end && *p->at == '^') {
        p->flags = 0;
        p->at++;
    }
    for (; p->at < p->end && *p->at != ')' && *p->at != ':'; p->at++) {
        uint32_t flag = flag_of(*p->at);
        if (*p->at == '-' && !off) {
            off = true;
        } else if (flag && !(flag == FLAG_SPACE && p->at[-1] == 'x')) { /* xx is something else */
            p->flags = off ? p->flags & ~flag : p->flags | flag;
        } else if (!strchr("nU", *p->at) || !*p->at) { /* those two concern captures and laziness */
            parser_fail(p, from, p->at + 1, "the letter at its end is none of i, m, s, x, n and U");
            return;
        }
    }
    if (p->at == p->end) parser_fail(p, from, p->end, "the group is not closed");
}

static bool skip_plain_group(struct parser *p)
{
    for (size_t i = 0; i < sizeof(plain_groups) / sizeof(plain_groups[0]); i++)
        if (starts_with(p, plain_groups[i])) {
            p->at += strlen(plain_groups[i]);
            return true;
        }
    return false;
}

/* What follows up to the parenthesis that closes the group. */
static struct regex *parse_body(struct parser *p, const char *from)
{
    if (p->depth == MAX_NESTING) parser_fail(p, from, from + 1, "groups are nested deeper than 250");
    p->depth++;
    struct regex *r = parse_choice(p);
    p->depth--;
    if (p->at == p->end)
        parser_fail(p, from, from + 1, "the group is not closed");
    else
        p->at++;
    return r;
}

/* NULL for (?i) and its like, which are nothing by themselves. */
static struct regex *parse_group(struct parser *p)
{
    const char *from = p->at;
    uint32_t flags = p->flags;
    if (refuse_group(p)) return NULL;
    if (!skip_plain_group(p) && !skip_name(p)) {
        if (!starts_with(p, "(?")) {
            p->at++;
        } else {
            parse_flags(p);
            if (p->failed || *p->at++ == ')') return NULL;
        }
    }
    struct regex *r = p->failed ? NULL : parse_body(p, from);
    p->flags = flags;
    return r;
}

/* ---- items ---- */

static struct regex *parse_escaped(struct parser *p)
{
    struct escape e = parse_escape(p, false);
    switch (e.kind) {
    case ESCAPE_BYTE:
        return new_byte(p, e.byte);
    case ESCAPE_SET:
        return new_set(p, &e.set);
    case ESCAPE_GAPS:
        return new_assertion(p, e.gaps);
    case ESCAPE_NONE:
        break;
    }
    return NULL;
}

static struct regex *parse_item(struct parser *p)
{
    uint32_t least, most;
    if (p->quoting) return new_byte(p, (unsigned char)*p->at++);
    switch (*p->at) {
    case '(':
        return parse_group(p);
    case '[': {
        struct byte_set set = parse_class(p);
        return new_set(p, &set);
    }
    case '.':
        p->at++;
        return new_dot(p);
    case '^':
        p->at++;
        return new_line_begin(p);
    case '$':
        p->at++;
        return new_line_end(p);
    case '\\':
        return parse_escaped(p);
    default:
        break;
    }
    if (read_quantifier(p->at, p->end, &least, &most))
        parser_fail(p, p->at, p->at + 1, "there is nothing that this could repeat");
    return p->failed ? NULL : new_byte(p, (unsigned char)*p->at++);
}

static struct regex *parse_sequence(struct parser *p)
{
    struct regex *r = new_node(p, REGEX_SEQUENCE);
    for (skip_ignored(p); p->at < p->end && (p->quoting || (*p->at != '|' && *p->at != ')')); skip_ignored(p)) {
        struct regex *item = parse_item(p);
        skip_ignored(p);
        item = parse_quantifier(p, item);
        if (item) vec_push(&p->tool->arena, &r->of, item);
    }
    return r;
}

static struct regex *parse_choice(struct parser *p)
{
    struct regex *first = parse_sequence(p), *r = first;
    while (p->at < p->end && *p->at == '|' && !p->failed) {
        if (r == first) {
            r = new_node(p, REGEX_CHOICE);
            vec_push(&p->tool->arena, &r->of, first);
        }
        p->at++;
        vec_push(&p->tool->arena, &r->of, parse_sequence(p));
    }
    return r;
}

/* Letters behind the closing slash. */
static void read_flags(struct parser *p)
{
    for (const char *at = p->e->flags; at < p->e->flags_end; at++) {
        uint32_t flag = flag_of(*at);
        if (!flag) parser_fail(p, at, at + 1, "what follows the closing slash are the letters i, m, s and x");
        p->flags |= flag;
    }
}

struct regex *regex_parse(struct tool *tool, const struct expression *e)
{
    struct parser p = {.tool = tool, .e = e, .at = e->at, .end = e->end, .flags = e->ignore_case ? FLAG_CASE : 0};
    read_flags(&p);
    struct regex *r = parse_choice(&p);
    if (p.at < p.end) parser_fail(&p, p.at, p.at + 1, "this closes no group");
    return p.failed ? NULL : r;
}
