/* regex_class.c - escapes, and classes of bytes in brackets, as PCRE has them without Unicode: letters are those of ASCII. */
#include <string.h>

#include "tools/vyre-gen/regex.h"

/* ---- sets ---- */

static void add_range(struct byte_set *set, uint32_t from, uint32_t to)
{
    for (uint32_t c = from; c <= to; c++)
        set_add(set, c);
}

static void add_set(struct byte_set *set, const struct byte_set *more)
{
    for (uint32_t i = 0; i < 4; i++)
        set->bits[i] |= more->bits[i];
}

static void invert(struct byte_set *set)
{
    for (uint32_t i = 0; i < 4; i++)
        set->bits[i] = ~set->bits[i];
}

void set_fold(struct byte_set *set)
{
    for (uint32_t c = 'a'; c <= 'z'; c++) {
        if (!set_has(set, c) && !set_has(set, c ^ 32)) continue;
        set_add(set, c);
        set_add(set, c ^ 32);
    }
}

/* Named classes as ranges of bytes. */
struct named_class {
    const char *name;
    unsigned char ranges[5][2]; /* up to one of zeros */
};

static void add_ranges(struct byte_set *set, const struct named_class *named)
{
    for (uint32_t i = 0; i < 5 && named->ranges[i][1]; i++)
        add_range(set, named->ranges[i][0], named->ranges[i][1]);
}

static const struct named_class letters[] = {
    {"d", {{'0', '9'}}},
    {"w", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
    {"s", {{'\t', '\r'}, {' ', ' '}}},
    {"h", {{'\t', '\t'}, {' ', ' '}, {0xA0, 0xA0}}},
    {"v", {{'\n', '\r'}, {0x85, 0x85}}},
    {"n", {{'\n', '\n'}}}, /* as \N alone */
};
static const struct named_class posix[] = {
    {"alnum", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
    {"alpha", {{'A', 'Z'}, {'a', 'z'}}},
    {"ascii", {{0, 127}}},
    {"blank", {{'\t', '\t'}, {' ', ' '}}},
    {"cntrl", {{0, 31}, {127, 127}}},
    {"digit", {{'0', '9'}}},
    {"graph", {{33, 126}}},
    {"lower", {{'a', 'z'}}},
    {"print", {{32, 126}}},
    {"punct", {{33, 47}, {58, 64}, {91, 96}, {123, 126}}},
    {"space", {{'\t', '\r'}, {' ', ' '}}},
    {"upper", {{'A', 'Z'}}},
    {"word", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
    {"xdigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
};
enum { N_LETTERS = sizeof(letters) / sizeof(letters[0]), N_POSIX = sizeof(posix) / sizeof(posix[0]) };

/* ---- gaps ---- */

uint32_t gap_pairs(uint32_t before, uint32_t behind)
{
    uint32_t gaps = 0;
    for (uint32_t i = 0; i < N_BEFORE; i++)
        for (uint32_t k = 0; k < N_BEHIND; k++)
            if (before >> i & behind >> k & 1) gaps |= gap_bit(i, k);
    return gaps;
}

enum before byte_kind(unsigned char c)
{
    bool is_word = (c >= '0' && c <= '9') || (fold_byte(c) >= 'a' && fold_byte(c) <= 'z') || c == '_';
    return c == '\n' ? BEFORE_NEWLINE : is_word ? BEFORE_WORD : BEFORE_OTHER;
}

static uint32_t boundary_gaps(void)
{
    uint32_t word_before = 1 << BEFORE_WORD, word_behind = 1 << BEHIND_WORD;
    return gap_pairs(word_before, ANY_BEHIND & ~word_behind) | gap_pairs(ANY_BEFORE & ~word_before, word_behind);
}

static bool find_assertion(char c, uint32_t *gaps)
{
    uint32_t last_line_end = 1 << BEHIND_END | 1 << BEHIND_LAST_NEWLINE;
    switch (c) {
    case 'A':
        *gaps = gap_pairs(1 << BEFORE_BEGIN, ANY_BEHIND);
        return true;
    case 'z':
        *gaps = gap_pairs(ANY_BEFORE, 1 << BEHIND_END);
        return true;
    case 'Z':
        *gaps = gap_pairs(ANY_BEFORE, last_line_end);
        return true;
    case 'b':
        *gaps = boundary_gaps();
        return true;
    case 'B':
        *gaps = ANY_GAP & ~boundary_gaps();
        return true;
    default:
        return false;
    }
}

/* ---- escapes ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Up to `most` digits of this base. */
static uint32_t read_digits(struct parser *p, int base, uint32_t most)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < most && p->at < p->end; i++, p->at++) {
        int digit = hex_digit(*p->at);
        if (digit < 0 || digit >= base) break;
        if (value < ALL_BYTES) value = value * (uint32_t)base + (uint32_t)digit;
    }
    return value;
}

/* \x41, \x{41}, \101 after a zero, \o{101}: behind the letter. */
static unsigned char read_number(struct parser *p, const char *from, int base)
{
    bool braces = p->at < p->end && *p->at == '{' && (base == 16 || p->at[-1] == 'o');
    if (!braces && p->at[-1] == 'o') parser_fail(p, from, p->at, "the braces behind \\o are missing");
    const char *digits = p->at += braces;
    uint32_t value = read_digits(p, base, braces ? UINT32_MAX : 2);
    if (p->failed) return 0;
    if (braces && (p->at == p->end || *p->at != '}' || p->at == digits))
        parser_fail(p, from, p->at, "the number is not one, or not closed");
    else
        p->at += braces;
    if (value >= ALL_BYTES) parser_refuse(p, from, p->at, "a character that is no byte");
    return (unsigned char)value;
}

static unsigned char read_control(struct parser *p, const char *from)
{
    if (p->at == p->end || *p->at < ' ' || *p->at == 127) {
        parser_fail(p, from, p->at, "behind \\c stands a character of ASCII that can be seen");
        return 0;
    }
    unsigned char c = (unsigned char)*p->at++;
    return (c >= 'a' && c <= 'z' ? c ^ 32 : c) ^ 64;
}

static const struct {
    const char *letters, *what;
} refused_escapes[] = {
    {"123456789", "a backreference"},
    {"gk", "a backreference or recursion"},
    {"pPX", "a Unicode property"},
    {"K", "\\K"},
    {"G", "\\G"},
    {"R", "\\R"},
    {"C", "\\C"},
    {"uUlL", "a change of letter case"},
};

static void refuse_escape(struct parser *p, const char *from, bool in_class)
{
    char c = p->at[-1];
    for (size_t i = 0; i < sizeof(refused_escapes) / sizeof(refused_escapes[0]); i++)
        if (strchr(refused_escapes[i].letters, c)) {
            bool octal = in_class && i == 0;
            parser_refuse(p, from, p->at, octal ? "an octal number without \\o{}" : refused_escapes[i].what);
            return;
        }
    parser_fail(p, from, p->at, "this escape means nothing");
}

static bool find_set(char c, bool in_class, struct byte_set *set)
{
    bool negative = c >= 'A' && c <= 'Z';
    char letter = (char)fold_byte((unsigned char)c);
    if (c == 'n' || (c == 'N' && in_class)) return false;
    for (uint32_t i = 0; i < N_LETTERS; i++)
        if (*letters[i].name == letter) {
            add_ranges(set, &letters[i]);
            if (negative) invert(set);
            return true;
        }
    return false;
}

static bool find_byte(struct parser *p, const char *from, bool in_class, unsigned char *byte)
{
    static const char names[] = "aefnrt", bytes[] = "\a\x1B\f\n\r\t";
    char c = p->at[-1];
    const char *name = strchr(names, c);
    bool is_word = byte_kind((unsigned char)c) == BEFORE_WORD && c != '_';
    if (name && c)
        *byte = (unsigned char)bytes[name - names];
    else if (c == 'x')
        *byte = read_number(p, from, 16);
    else if (c == '0' || c == 'o')
        *byte = read_number(p, from, 8);
    else if (c == 'c')
        *byte = read_control(p, from);
    else if (c == 'b' && in_class)
        *byte = '\b';
    else if (!is_word)
        *byte = (unsigned char)c;
    else
        return false;
    return true;
}

struct escape parse_escape(struct parser *p, bool in_class)
{
    struct escape e = {ESCAPE_NONE, 0, {{0}}, 0};
    const char *from = p->at++;
    if (p->at == p->end) {
        parser_fail(p, from, p->end, "a backslash stands at the end");
        return e;
    }
    char c = *p->at++;
    if (find_byte(p, from, in_class, &e.byte))
        e.kind = ESCAPE_BYTE;
    else if (find_set(c, in_class, &e.set))
        e.kind = ESCAPE_SET;
    else if (!in_class && find_assertion(c, &e.gaps))
        e.kind = ESCAPE_GAPS;
    else
        refuse_escape(p, from, in_class);
    return e;
}

/* ---- classes ---- */

/* Whether what begins with [: or its like is closed as such: else the bracket stands for itself. */
static bool is_posix(const char *at, const char *end)
{
    if (end - at < 2 || !strchr(":.=", at[1]) || !at[1]) return false;
    char sign = at[1];
    for (at += 2; end - at >= 2; at++) {
        if (*at == '\\' && (at[1] == ']' || at[1] == '\\'))
            at++;
        else if (*at == ']' || (*at == '[' && at[1] == sign))
            return false;
        else if (*at == sign && at[1] == ']')
            return true;
    }
    return false;
}

/* [:name:] or [:^name:]. Where case is ignored, letters of one case are letters. */
static void add_posix(struct parser *p, struct byte_set *set)
{
    const char *from = p->at, *name = p->at + 2;
    if (from[1] != ':') {
        parser_refuse(p, from, from + 2, "a collating element");
        return;
    }
    bool negative = *name == '^';
    name += negative;
    size_t n = (size_t)((const char *)memchr(name, ':', (size_t)(p->end - name)) - name);
    for (uint32_t i = 0; i < N_POSIX; i++) {
        struct byte_set of = {{0}};
        if (strlen(posix[i].name) != n || memcmp(posix[i].name, name, n) != 0) continue;
        add_ranges(&of, &posix[i]);
        if (p->flags & FLAG_CASE && (!strcmp(posix[i].name, "lower") || !strcmp(posix[i].name, "upper"))) set_fold(&of);
        if (negative) invert(&of);
        add_set(set, &of);
        p->at = name + n + 2;
        return;
    }
    parser_fail(p, from, name + n + 2, "there is no class of this name");
}

/* One byte, or a set that is added at once: false. */
static bool parse_member(struct parser *p, struct byte_set *set, unsigned char *byte)
{
    if (*p->at == '[' && is_posix(p->at, p->end)) {
        add_posix(p, set);
        return false;
    }
    if (*p->at != '\\') {
        *byte = (unsigned char)*p->at++;
        return true;
    }
    const char *from = p->at;
    if (p->end - from > 1 && (from[1] == 'Q' || from[1] == 'E'))
        parser_refuse(p, from, from + 2, "a quotation in a class");
    struct escape e = p->failed ? (struct escape){0} : parse_escape(p, true);
    *byte = e.byte;
    if (e.kind == ESCAPE_SET) add_set(set, &e.set);
    return e.kind == ESCAPE_BYTE;
}

/* A member, or a range of two. A minus is itself at the ends of the class. */
static void parse_members(struct parser *p, struct byte_set *set)
{
    struct byte_set of = {{0}};
    const char *from = p->at;
    unsigned char first = 0, last;
    bool is_byte = parse_member(p, set, &first);
    last = first;
    if (!p->failed && p->end - p->at > 1 && *p->at == '-' && p->at[1] != ']') {
        p->at++;
        if (!is_byte || !parse_member(p, set, &last))
            parser_fail(p, from, p->at, "a range needs a byte on both sides");
        else if (first > last)
            parser_fail(p, from, p->at, "the range is in the wrong order");
    }
    if (p->failed || !is_byte) return;
    add_range(&of, first, last);
    if (p->flags & FLAG_CASE) set_fold(&of);
    add_set(set, &of);
}

struct byte_set parse_class(struct parser *p)
{
    struct byte_set set = {{0}};
    const char *from = p->at++;
    if (is_posix(from, p->end))
        parser_fail(p, from, from + 2, "named classes stand in brackets of their own: [[:digit:]]");
    bool negative = p->at < p->end && *p->at == '^';
    p->at += negative;
    for (bool is_first = true; p->at < p->end && (is_first || *p->at != ']'); is_first = false)
        parse_members(p, &set);
    if (p->at == p->end)
        parser_fail(p, from, from + 1, "the class is not closed");
    else
        p->at++;
    if (negative) invert(&set);
    return set;
}
