/* list.c - lists of literals: one to a line, any bytes; \xHH, \n, \r, \t and \\ stand for bytes. A line may end in CR LF. */
#include <string.h>

#include "tools/vyre-gen/gen.h"

struct reader {
    struct tool *tool;
    const struct source_file *file;
    bool ignore_case;
    struct literal_list *list;
};

unsigned char fold_byte(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 32) : c;
}

static struct src_range range_of(const struct reader *r, const char *from, const char *to)
{
    uint32_t base = r->file->base;
    return (struct src_range){base + (uint32_t)(from - r->file->text), base + (uint32_t)(to - r->file->text)};
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* The byte that the escape at `at` stands for, and where the text goes on; NULL where it is none. */
static const char *read_escape(const char *at, const char *end, unsigned char *byte)
{
    static const char letters[] = "nrt\\", bytes[] = "\n\r\t\\";
    if (end - at >= 4 && at[1] == 'x' && hex_digit(at[2]) >= 0 && hex_digit(at[3]) >= 0) {
        *byte = (unsigned char)(hex_digit(at[2]) * 16 + hex_digit(at[3]));
        return at + 4;
    }
    const char *letter = end - at >= 2 && at[1] ? strchr(letters, at[1]) : NULL;
    if (!letter) return NULL;
    *byte = (unsigned char)bytes[letter - letters];
    return at + 2;
}

static bool read_bytes(struct reader *r, const char *at, const char *end, struct literal *l)
{
    unsigned char *bytes = ARENA_ARRAY(&r->tool->arena, unsigned char, (size_t)(end - at) + 1);
    l->bytes = bytes;
    while (at < end) {
        unsigned char c = (unsigned char)*at;
        const char *next = c == '\\' ? read_escape(at, end, &c) : at + 1;
        if (!next) {
            int shown = end - at < 4 ? (int)(end - at) : at[1] == 'x' ? 4 : 2;
            diag_report(&r->tool->diags, DIAG_LITERAL_ESCAPE, range_of(r, at, at + shown), shown, at);
            return false;
        }
        bytes[l->n++] = r->ignore_case ? fold_byte(c) : c;
        at = next;
    }
    return true;
}

static void read_line(void *reader, const char *at, const char *end)
{
    struct reader *r = reader;
    struct diags *diags = &r->tool->diags;
    struct literal l = {.range = range_of(r, at, end)};
    if (at == end) {
        diag_report(diags, DIAG_EMPTY_LITERAL, range_of(r, at, at + 1), r->list->literals.n + 1);
    } else if (read_bytes(r, at, end, &l)) {
        if (l.n > MAX_LITERAL_BYTES)
            diag_report(diags, DIAG_LITERAL_LIMIT, l.range, "this literal", l.n, (uint32_t)MAX_LITERAL_BYTES);
        vec_push(&r->tool->arena, &r->list->literals, l);
    }
}

/* ---- duplicates ---- */

static uint32_t hash_literal(const struct literal *l)
{
    uint32_t hash = 0x811C9DC5u;
    for (uint32_t i = 0; i < l->n; i++)
        hash = (hash ^ l->bytes[i]) * 0x01000193u;
    return hash ^ hash >> 15;
}

void list_find_duplicates(struct tool *tool, const struct literal *literals, uint32_t n, const char *noun)
{
    uint32_t n_slots = 16;
    while (n_slots < 2 * n)
        n_slots *= 2;
    uint32_t *slots = ARENA_ARRAY(&tool->arena, uint32_t, n_slots);
    for (uint32_t i = 0; i < n; i++) {
        const struct literal *l = &literals[i], *same = NULL;
        uint32_t at = hash_literal(l) & (n_slots - 1);
        for (; slots[at] && !same; at = (at + 1) & (n_slots - 1)) {
            const struct literal *other = &literals[slots[at] - 1];
            if (other->n == l->n && !memcmp(other->bytes, l->bytes, l->n)) same = other;
        }
        if (!same) {
            slots[at] = i + 1;
            continue;
        }
        struct diag *d = diag_report(&tool->diags, DIAG_DUPLICATE_LITERAL, l->range, noun);
        diag_add_note(&tool->diags, d, same->range, "it stands here already");
    }
}

/* ---- */

static void measure(struct literal_list *list)
{
    list->shortest = UINT32_MAX;
    for (uint32_t i = 0; i < list->literals.n; i++) {
        uint32_t n = list->literals.at[i].n;
        if (n < list->shortest) list->shortest = n;
        if (n > list->longest) list->longest = n;
        list->n_bytes += n;
    }
}

bool list_read_lines(struct tool *tool, const struct source_file *file,
                     void (*read)(void *context, const char *at, const char *end), void *context)
{
    const char *at = file->text, *end = at + file->size_bytes;
    if (at == end) diag_report(&tool->diags, DIAG_EMPTY_LIST, SRC_NONE, file->name);
    if (file->size_bytes > MAX_LIST_BYTES) {
        diag_report(&tool->diags, DIAG_LITERAL_LIMIT, SRC_NONE, file->name, file->size_bytes, (uint32_t)MAX_LIST_BYTES);
        return false;
    }
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at)), *next = stop ? stop + 1 : end;
        if (!stop) stop = end;
        if (stop > at && stop[-1] == '\r') stop--;
        read(context, at, stop);
        at = next;
    }
    return true;
}

bool list_read(struct tool *tool, const struct source_file *file, bool ignore_case, struct literal_list *list)
{
    struct reader r = {tool, file, ignore_case, list};
    uint32_t n_errors = tool->diags.n_errors;
    if (!list_read_lines(tool, file, read_line, &r)) return false;
    list_find_duplicates(tool, list->literals.at, list->literals.n, "literal");
    measure(list);
    return tool->diags.n_errors == n_errors;
}
