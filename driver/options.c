/* options.c - from words to options. What an option does is the business of the tool. */
#include "driver/options.h"

#include <stdlib.h>
#include <string.h>

const struct option_row option_rows[] = {
#define OPTION(NAME, spelling, form, argument, tools, group, effect, help)                                             \
    {OPTION_ID_##NAME, spelling, OPTION_##form, argument, tools, OPTION_GROUP_##group, help},
#define OPTION_ALIAS(spelling, form, NAME) {OPTION_ID_##NAME, spelling, OPTION_##form, NULL, 0, 0, NULL},
#include "driver/options.def"
};
const enum option_effect option_effects[OPTION_ID_COUNT] = {
#define OPTION(NAME, spelling, form, argument, tools, group, effect, help) [OPTION_ID_##NAME] = OPTION_##effect,
#include "driver/options.def"
};
const uint32_t n_option_rows = sizeof option_rows / sizeof option_rows[0];

const char *const option_group_titles[OPTION_GROUP_COUNT] = {
#define OPTION_GROUP(NAME, title) title,
#include "driver/options.def"
};

enum { RESPONSE_FILES_NEST = 32, RESPONSE_FILE_BYTES = 64 << 20 };

struct words {
    const char **at;
    uint32_t n, next;
};
struct parser {
    enum tool_id tool;
    struct arena *arena;
    struct diags *diags;
    struct option_list *list;
    uint32_t depth; /* of response files */
    bool options_ended;
};

/* The listed row that this row or alias belongs to. */
static const struct option_row *main_row(const struct option_row *row)
{
    while (!row->help)
        row--;
    return row;
}

static bool is_for(const struct option_row *row, enum tool_id tool)
{
    return main_row(row)->tools & tool;
}

/* Does this word begin with the spelling, and does the rest suit the form? */
static bool matches(const struct option_row *row, const char *word)
{
    size_t n = strlen(row->spelling);
    if (strncmp(word, row->spelling, n)) return false;
    char rest = word[n];
    switch (row->form) {
    case OPTION_FLAG:
        return !rest;
    case OPTION_JOINED:
    case OPTION_SEPARATE:
        return true;
    case OPTION_VALUE:
    case OPTION_EQUALS:
    case OPTION_OPTIONAL:
        return !rest || rest == '=';
    }
    return false;
}

/* The row with the longest spelling that matches: -MF is not -M with an argument. */
static const struct option_row *find_row(enum tool_id tool, const char *word)
{
    const struct option_row *best = NULL;
    for (uint32_t i = 0; i < n_option_rows; i++) {
        const struct option_row *row = &option_rows[i];
        if (!is_for(row, tool) || !matches(row, word)) continue;
        if (!best || strlen(row->spelling) > strlen(best->spelling)) best = row;
    }
    return best;
}

static void report_unknown(struct parser *p, const char *word)
{
    const char *names[sizeof option_rows / sizeof option_rows[0]];
    uint32_t n = 0;
    for (uint32_t i = 0; i < n_option_rows; i++)
        if (is_for(&option_rows[i], p->tool)) names[n++] = option_rows[i].spelling;
    const char *bare = arena_copy(p->arena, word, strcspn(word, "="));
    const char *near = diag_nearest(bare, names, n);
    struct diag *g = diag_report(p->diags, DIAG_UNKNOWN_OPTION, SRC_NONE, word);
    if (near) diag_add_fix(p->diags, g, SRC_NONE, NULL, "did you mean '%s'?", near);
}

/* Is `value` one of the words of "a|b|c"? */
static bool is_choice(const char *choices, const char *value)
{
    size_t n = strlen(value);
    for (const char *at = choices;; at++) {
        size_t word = strcspn(at, "|");
        if (word == n && !memcmp(at, value, n)) return true;
        at += word;
        if (!*at) return false;
    }
}

static bool read_number(const char *text, uint32_t *number)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);
    *number = (uint32_t)v;
    return *text >= '0' && *text <= '9' && !*end && v <= UINT32_MAX;
}

/* A number of bytes, also with K, M or G behind it. */
static bool read_bytes(const char *text, uint64_t *bytes)
{
    static const char units[] = "KMG";
    const char *at = text;
    *bytes = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(*bytes, 10, bytes) || __builtin_add_overflow(*bytes, (uint64_t)(*at - '0'), bytes))
            return false;
    const char *unit = *at ? strchr(units, *at) : NULL;
    if (at == text || (*at && (!unit || at[1]))) return false;
    return !unit || !__builtin_mul_overflow(*bytes, (uint64_t)1 << 10 * (unit - units + 1), bytes);
}

static const char *describe_argument(struct arena *arena, const char *kind)
{
    if (!strcmp(kind, "N")) return "a number below 2^32";
    if (!strcmp(kind, "BYTES")) return "a number of bytes, or one with K, M or G";
    return arena_printf(arena, "one of %s", kind);
}

static void add_use(struct parser *p, const struct option_row *row, const char *argument)
{
    struct option_use use = {.id = row->id, .spelling = row->spelling, .argument = argument};
    const char *kind = main_row(row)->argument;
    bool fits = true;
    if (argument && strchr(kind, '|'))
        fits = is_choice(kind, argument);
    else if (argument && !strcmp(kind, "N"))
        fits = read_number(argument, &use.number);
    else if (argument && !strcmp(kind, "BYTES"))
        fits = read_bytes(argument, &use.bytes);
    if (fits) {
        vec_push(p->arena, &p->list->uses, use);
        return;
    }
    struct diag *g = diag_report(p->diags, DIAG_BAD_OPTION_VALUE, SRC_NONE, argument, row->spelling);
    const char *expected = describe_argument(p->arena, kind);
    diag_add_fix(p->diags, g, SRC_NONE, NULL, "give %s", expected);
}

/* The argument of this option, taking the next word where the form allows it; NULL when it has none. */
static const char *take_argument(const struct option_row *row, const char *word, struct words *words)
{
    const char *rest = word + strlen(row->spelling);
    bool has_equals = row->form >= OPTION_VALUE && *rest == '=';
    if (has_equals) return rest + 1;
    if (*rest) return rest;
    bool may_be_next = row->form == OPTION_SEPARATE || row->form == OPTION_VALUE;
    return may_be_next && words->next < words->n ? words->at[words->next++] : NULL;
}

static void parse_option(struct parser *p, const char *word, struct words *words)
{
    const struct option_row *row = find_row(p->tool, word);
    if (!row) {
        report_unknown(p, word);
        return;
    }
    const char *argument = row->form == OPTION_FLAG ? NULL : take_argument(row, word, words);
    bool needed = row->form != OPTION_FLAG && row->form != OPTION_OPTIONAL;
    if (needed && (!argument || !*argument))
        diag_report(p->diags, DIAG_OPTION_NEEDS_ARGUMENT, SRC_NONE, row->spelling, main_row(row)->argument);
    else
        add_use(p, row, argument);
}

static void parse_words(struct parser *p, struct words *words);

/* False when there is no such file: then the word is an input, as in gcc. */
static bool parse_response_file(struct parser *p, const char *path)
{
    struct out text;
    struct option_list split = {0};
    out_init(&text, p->arena->mem);
    bool readable = !out_read_file(&text, path, RESPONSE_FILE_BYTES);
    if (readable) options_split(p->arena, text.bytes, text.n, &split);
    out_release(&text);
    if (!readable) return false;
    if (p->depth == RESPONSE_FILES_NEST) {
        diag_report(p->diags, DIAG_RESPONSE_FILE_LOOP, SRC_NONE, path);
        return true;
    }
    p->depth++;
    struct words words = {split.inputs.at, split.inputs.n, 0};
    parse_words(p, &words);
    p->depth--;
    return true;
}

static void parse_words(struct parser *p, struct words *words)
{
    while (words->next < words->n) {
        const char *word = words->at[words->next++];
        bool is_option = !p->options_ended && word[0] == '-' && word[1];
        if (is_option && !strcmp(word, "--"))
            p->options_ended = true;
        else if (is_option)
            parse_option(p, word, words);
        else if (p->options_ended || word[0] != '@' || !parse_response_file(p, word + 1))
            vec_push(p->arena, &p->list->inputs, word);
    }
}

void options_parse(enum tool_id tool, int argc, char **argv, struct arena *arena, struct diags *diags,
                   struct option_list *list)
{
    struct parser p = {.tool = tool, .arena = arena, .diags = diags, .list = list};
    struct words words = {(const char **)argv, (uint32_t)argc, 1};
    parse_words(&p, &words);
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Copies one word without its quotes to `word`; gives where the text goes on. */
static const char *split_word(const char *at, const char *end, char **word)
{
    char quote = 0;
    for (; at < end && (quote || !is_blank(*at)); at++) {
        if (*at == '\\' && at + 1 < end)
            *(*word)++ = *++at;
        else if (quote && *at == quote)
            quote = 0;
        else if (!quote && (*at == '"' || *at == '\''))
            quote = *at;
        else
            *(*word)++ = *at;
    }
    return at;
}

void options_split(struct arena *arena, const char *text, size_t size_bytes, struct option_list *words)
{
    const char *at = text, *end = text + size_bytes;
    char *room = arena_alloc(arena, size_bytes + 2); /* each word and its NUL take no more than it and the blank did */
    for (;;) {
        while (at < end && is_blank(*at))
            at++;
        if (at == end) return;
        vec_push(arena, &words->inputs, room);
        at = split_word(at, end, &room);
        *room++ = 0;
    }
}
