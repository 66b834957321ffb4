/* diag_text.c - messages for people:
 *
 *   scan.vir:12:9: error: unknown name 'quda' [E0101]
 *      12 |   plain[quda * 3] = 0;
 *         |         ^~~~
 *         = fix: did you mean 'quad'?
 *
 * Bytes that a terminal could take for a command never reach it; a long line is shown around the place only. */
#include <stdlib.h>
#include <string.h>

#include "ir/base/diag_print.h"

enum { SHOWN_COLUMNS = 120, COLUMNS_BEFORE = 40 };

enum colour { COLOUR_NONE, COLOUR_PLACE, COLOUR_REMARK, COLOUR_WARNING, COLOUR_ERROR, COLOUR_NOTE, COLOUR_FIX };
static const char *const escapes[] = {
    [COLOUR_NONE] = "\033[0m",       [COLOUR_PLACE] = "\033[1m",    [COLOUR_REMARK] = "\033[1;34m",
    [COLOUR_WARNING] = "\033[1;35m", [COLOUR_ERROR] = "\033[1;31m", [COLOUR_NOTE] = "\033[1;36m",
    [COLOUR_FIX] = "\033[32m",
};
static const enum colour severity_colours[] = {
    [DIAG_SEVERITY_REMARK] = COLOUR_REMARK,
    [DIAG_SEVERITY_WARNING] = COLOUR_WARNING,
    [DIAG_SEVERITY_ERROR] = COLOUR_ERROR,
    [DIAG_SEVERITY_FATAL] = COLOUR_ERROR,
};
const char *const diag_severity_names[] = {
    [DIAG_SEVERITY_REMARK] = "remark",
    [DIAG_SEVERITY_WARNING] = "warning",
    [DIAG_SEVERITY_ERROR] = "error",
    [DIAG_SEVERITY_FATAL] = "fatal error",
};

struct printer {
    const struct diags *diags;
    struct out *out;
    bool colour;
};

static void set_colour(struct printer *p, enum colour colour)
{
    if (p->colour) out_text(p->out, escapes[colour]);
}

static bool is_control(unsigned char c)
{
    return c < 0x20 || c == 0x7f;
}

/* Text from the user: control characters become visible. */
static void print_safely(struct printer *p, const char *text)
{
    for (; *text; text++) {
        if (is_control((unsigned char)*text))
            out_printf(p->out, "\\x%02x", (unsigned)(unsigned char)*text);
        else
            out_bytes(p->out, text, 1);
    }
}

/* The width of byte c in the printed line: the bytes after the first of a UTF-8 sequence take none. */
static uint32_t width_of(unsigned char c)
{
    return (c & 0xc0) != 0x80;
}

/* A window of the line around the place: all of it when it is short. */
struct window {
    const char *text;
    uint32_t begin, end;     /* bytes of the line shown */
    uint32_t mark, mark_end; /* bytes underlined; mark_end > mark */
};

static struct window choose_window(const struct src_place *place, uint32_t range_bytes)
{
    struct window w = {place->line_text, 0, place->line_bytes, place->column - 1, 0};
    if (w.mark > w.end) w.mark = w.end;
    uint32_t left = w.end - w.mark;
    if (w.mark > SHOWN_COLUMNS - COLUMNS_BEFORE) w.begin = w.mark - COLUMNS_BEFORE;
    if (w.end - w.begin > SHOWN_COLUMNS) w.end = w.begin + SHOWN_COLUMNS;
    while (w.begin && w.begin < w.mark && !width_of((unsigned char)w.text[w.begin]))
        w.begin++;
    while (w.end < place->line_bytes && w.end > w.mark && !width_of((unsigned char)w.text[w.end]))
        w.end--;
    w.mark_end = w.mark + (range_bytes < left ? range_bytes : left);
    if (w.mark_end > w.end) w.mark_end = w.end;
    if (w.mark_end <= w.mark) w.mark_end = w.mark + 1;
    return w;
}

static void print_line(struct printer *p, const struct window *w, uint32_t line)
{
    out_printf(p->out, "%5u | %s", line, w->begin ? "..." : "");
    for (uint32_t i = w->begin; i < w->end; i++) {
        char c = w->text[i];
        out_bytes(p->out, c == '\t' ? " " : is_control((unsigned char)c) ? "?" : &c, 1);
    }
    out_text(p->out, "\n");
}

static void print_mark(struct printer *p, const struct window *w, enum colour colour)
{
    out_printf(p->out, "      | %s", w->begin ? "   " : "");
    for (uint32_t i = w->begin; i < w->mark; i++)
        if (width_of((unsigned char)w->text[i])) out_text(p->out, " ");
    set_colour(p, colour);
    out_text(p->out, "^");
    for (uint32_t i = w->mark + 1; i < w->mark_end; i++)
        if (width_of((unsigned char)w->text[i])) out_text(p->out, "~");
    set_colour(p, COLOUR_NONE);
    out_text(p->out, "\n");
}

static void print_head(struct printer *p, const struct src_place *place, const char *tool, const char *kind,
                       enum colour colour)
{
    set_colour(p, COLOUR_PLACE);
    if (place->file) {
        print_safely(p, place->file->name);
        out_printf(p->out, ":%u:%u: ", place->line, place->column);
    } else if (tool) {
        out_printf(p->out, "%s: ", tool);
    }
    set_colour(p, colour);
    out_printf(p->out, "%s: ", kind);
    set_colour(p, COLOUR_NONE);
}

static void print_snippet(struct printer *p, const struct src_place *place, struct src_range range, enum colour colour)
{
    if (!place->file) return;
    struct window w = choose_window(place, range.end > range.begin ? range.end - range.begin : 0);
    print_line(p, &w, place->line);
    print_mark(p, &w, colour);
}

static void print_note(struct printer *p, const struct diag_note *note)
{
    struct src_place place = source_locate(p->diags->sources, note->range.begin);
    if (!place.file) out_text(p->out, "      = ");
    print_head(p, &place, NULL, "note", COLOUR_NOTE);
    print_safely(p, note->text);
    out_text(p->out, "\n");
    print_snippet(p, &place, note->range, COLOUR_NOTE);
}

static void print_fix(struct printer *p, const struct diag *g)
{
    if (!g->fix || !*g->fix) return;
    out_text(p->out, "      = ");
    set_colour(p, COLOUR_FIX);
    out_text(p->out, "fix: ");
    set_colour(p, COLOUR_NONE);
    print_safely(p, g->fix);
    out_text(p->out, "\n");
}

static void print_diag(struct printer *p, const struct diag *g)
{
    struct src_place place = source_locate(p->diags->sources, g->range.begin);
    enum colour colour = severity_colours[g->severity];
    print_head(p, &place, p->diags->tool, diag_severity_names[g->severity], colour);
    set_colour(p, COLOUR_PLACE);
    print_safely(p, g->text);
    set_colour(p, COLOUR_NONE);
    out_printf(p->out, " [%s]\n", diag_infos[g->id].code);
    print_snippet(p, &place, g->range, colour);
    for (uint32_t i = 0; i < g->notes.n; i++)
        print_note(p, &g->notes.at[i]);
    print_fix(p, g);
}

void diags_print_text(const struct diags *d, bool colour, struct out *out)
{
    struct printer p = {d, out, colour};
    const struct diag **sorted = diags_sort(d);
    for (uint32_t i = 0; i < d->list.n; i++)
        print_diag(&p, sorted[i]);
    if (!d->max_errors || d->n_errors <= d->max_errors) return;
    uint32_t n_hidden = d->n_errors - d->max_errors;
    out_printf(out, "%u more error%s not shown; -fmax-errors=0 shows all\n", n_hidden, n_hidden == 1 ? "" : "s");
}

struct sort_item {
    const struct diag *diag;
    uint32_t order;
};

static int compare_items(const void *left, const void *right)
{
    const struct sort_item *a = left, *b = right;
    uint32_t x = a->diag->range.begin, y = b->diag->range.begin;
    if (x == y) x = a->order, y = b->order;
    return (x > y) - (x < y);
}

const struct diag **diags_sort(const struct diags *d)
{
    struct sort_item *items = ARENA_ARRAY(d->arena, struct sort_item, d->list.n);
    const struct diag **sorted = ARENA_ARRAY(d->arena, const struct diag *, d->list.n);
    for (uint32_t i = 0; i < d->list.n; i++)
        items[i] = (struct sort_item){d->list.at[i], i};
    qsort(items, d->list.n, sizeof *items, compare_items);
    for (uint32_t i = 0; i < d->list.n; i++)
        sorted[i] = items[i].diag;
    return sorted;
}

void diags_print(const struct diags *d, enum diag_format format, bool colour, struct out *out)
{
    switch (format) {
    case DIAG_FORMAT_TEXT:
        diags_print_text(d, colour, out);
        break;
    case DIAG_FORMAT_JSON:
        diags_print_json(d, out);
        break;
    case DIAG_FORMAT_SARIF:
        diags_print_sarif(d, out);
        break;
    }
}
