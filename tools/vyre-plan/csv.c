/* csv.c - lists of stages. Blanks around numbers and empty lines mean nothing; everything else is said to be wrong at
 * its place. */
#include <string.h>

#include "tools/vyre-plan/plan.h"

enum { N_COLUMNS = 6 };
static const char *const columns[N_COLUMNS] = {"id", "layout", "input", "output", "scratch", "host"};

struct reader {
    const struct source_file *file;
    struct arena *arena;
    struct diags *diags;
    const char *at, *end; /* the rest of the text */
    bool ok;
};
struct field {
    const char *at;
    size_t n;
};

static struct src_range range_of(const struct reader *r, const char *at, size_t n)
{
    uint32_t begin = r->file->base + (uint32_t)(at - r->file->text);
    return (struct src_range){begin, begin + (uint32_t)n};
}

__attribute__((format(printf, 3, 4))) static void fail(struct reader *r, struct field field, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diag_report(r->diags, DIAG_STAGE_LIST, range_of(r, field.at, field.n), arena_vprintf(r->arena, format, args));
    va_end(args);
    r->ok = false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct field trim(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    while (end > at && is_blank(end[-1]))
        end--;
    return (struct field){at, (size_t)(end - at)};
}

/* The next line that is not empty, split at commas; the number of fields, at most one more than there are columns. 0 at
 * the end. */
static uint32_t next_line(struct reader *r, struct field fields[N_COLUMNS + 1], struct field *line)
{
    while (r->at < r->end) {
        const char *stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
        if (!stop) stop = r->end;
        *line = trim(r->at, stop);
        r->at = stop + (stop < r->end);
        if (!line->n) continue;
        uint32_t n = 0;
        for (const char *at = line->at, *end = at + line->n; at <= end && n <= N_COLUMNS; n++) {
            const char *comma = memchr(at, ',', (size_t)(end - at));
            if (!comma) comma = end;
            fields[n] = trim(at, comma);
            at = comma + 1;
        }
        return n;
    }
    return 0;
}

static bool is_header(const struct field *fields, uint32_t n)
{
    bool equal = n == N_COLUMNS;
    for (uint32_t i = 0; equal && i < N_COLUMNS; i++)
        equal = fields[i].n == strlen(columns[i]) && !memcmp(fields[i].at, columns[i], fields[i].n);
    return equal;
}

static uint64_t read_number(struct reader *r, struct field field, uint32_t column)
{
    uint64_t value = 0;
    bool fits = true, digits = field.n > 0;
    for (size_t i = 0; i < field.n && digits; i++) {
        digits = field.at[i] >= '0' && field.at[i] <= '9';
        fits &= !__builtin_mul_overflow(value, 10, &value) &&
                !__builtin_add_overflow(value, (uint64_t)(field.at[i] - '0'), &value);
    }
    if (!digits)
        fail(r, field, "'%.*s' is not a whole number for '%s'", (int)field.n, field.at, columns[column]);
    else if (!fits)
        fail(r, field, "%.*s does not fit '%s': it is 2^64 or more", (int)field.n, field.at, columns[column]);
    else if (column == N_COLUMNS - 1 && value > 1)
        fail(r, field, "'host' is 0 or 1, not %.*s", (int)field.n, field.at);
    return value;
}

static void read_stage(struct reader *r, const struct field *fields, struct stage_list *list)
{
    uint64_t v[N_COLUMNS];
    for (uint32_t i = 0; i < N_COLUMNS; i++)
        v[i] = read_number(r, fields[i], i);
    struct plan_stage stage = {v[0], v[1], v[2], v[3], v[4], v[5] != 0};
    vec_push(r->arena, &list->stages, stage);
}

bool csv_read(const struct source_file *file, struct arena *arena, struct diags *diags, struct stage_list *list)
{
    struct reader r = {file, arena, diags, file->text, file->text + file->size_bytes, true};
    struct field fields[N_COLUMNS + 1], line = {file->text, 0};
    uint32_t n = next_line(&r, fields, &line);
    if (!is_header(fields, n)) fail(&r, line, "the first line is not id,layout,input,output,scratch,host");
    while (r.ok && (n = next_line(&r, fields, &line))) {
        if (n == N_COLUMNS)
            read_stage(&r, fields, list);
        else
            fail(&r, line, "a stage has %d columns, and here are %s", N_COLUMNS, n < N_COLUMNS ? "fewer" : "more");
    }
    return r.ok;
}
