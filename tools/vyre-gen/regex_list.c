/* regex_list.c - lists of regular expressions: one to a line, as it is or as /expression/flags. Empty lines and those that begin with # do not count. */
#include <string.h>

#include "tools/vyre-gen/regex.h"

struct reader {
    struct tool *tool;
    const struct source_file *file;
    const struct request *request;
    struct pattern_list *list;
    uint32_t n; /* patterns so far, those with faults too */
};

static struct src_range range_of(const struct reader *r, const char *from, const char *to)
{
    uint32_t base = r->file->base;
    return (struct src_range){base + (uint32_t)(from - r->file->text), base + (uint32_t)(to - r->file->text)};
}

static bool take_slashes(struct reader *r, const char *at, const char *end, struct expression *e)
{
    const char *close = end;
    while (close > at + 1 && close[-1] != '/')
        close--;
    if (close <= at + 1) {
        diag_report(&r->tool->diags, DIAG_REGEX_SYNTAX, range_of(r, at, at + 1), e->number,
                    "the second slash is missing");
        return false;
    }
    e->at = at + 1;
    e->end = close - 1;
    e->flags = close;
    return true;
}

static void read_line(void *reader, const char *at, const char *end)
{
    struct reader *r = reader;
    if (at == end || *at == '#') return;
    struct pattern p = {.range = range_of(r, at, end)};
    p.expression = (struct expression){.file = r->file,
                                       .at = at,
                                       .end = end,
                                       .flags = end,
                                       .flags_end = end,
                                       .ignore_case = r->request->ignore_case,
                                       .number = ++r->n};
    if (end - at > MAX_LITERAL_BYTES) {
        diag_report(&r->tool->diags, DIAG_LITERAL_LIMIT, p.range, "this pattern", (uint32_t)(end - at),
                    (uint32_t)MAX_LITERAL_BYTES);
        return;
    }
    if (*at == '/' && !take_slashes(r, at, end, &p.expression)) return;
    vec_push(&r->tool->arena, &r->list->patterns, p);
}

/* Two lines are the same where their bytes are. */
static void find_duplicates(struct reader *r)
{
    uint32_t n = r->list->patterns.n;
    struct literal *lines = ARENA_ARRAY(&r->tool->arena, struct literal, n);
    for (uint32_t i = 0; i < n; i++) {
        struct src_range range = r->list->patterns.at[i].range;
        const char *text = r->file->text + (range.begin - r->file->base);
        lines[i] = (struct literal){.bytes = (const unsigned char *)text, .n = range.end - range.begin, .range = range};
    }
    list_find_duplicates(r->tool, lines, n, "pattern");
}

static void read_pattern(struct reader *r, struct pattern *p)
{
    struct regex *tree = regex_parse(r->tool, &p->expression);
    if (tree) machine_build(r->tool, r->request, &p->expression, tree, &p->machine);
}

bool regex_list_read(struct tool *tool, const struct source_file *file, const struct request *request,
                     struct pattern_list *list)
{
    struct reader r = {tool, file, request, list, 0};
    uint32_t n_errors = tool->diags.n_errors;
    if (!list_read_lines(tool, file, read_line, &r)) return false;
    if (file->size_bytes && !list->patterns.n && tool->diags.n_errors == n_errors)
        diag_report(&tool->diags, DIAG_EMPTY_LIST, SRC_NONE, file->name);
    if (list->patterns.n > MAX_PATTERNS) {
        diag_report(&tool->diags, DIAG_REGEX_COUNT, SRC_NONE, list->patterns.n, (uint32_t)MAX_PATTERNS);
        return false;
    }
    find_duplicates(&r);
    for (uint32_t i = 0; i < list->patterns.n; i++)
        read_pattern(&r, &list->patterns.at[i]);
    return tool->diags.n_errors == n_errors;
}
