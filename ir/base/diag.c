/* diag.c - collecting messages. How they look is the business of diag_text.c and diag_json.c. */
#include "ir/base/diag.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct diag_info diag_infos[DIAG_COUNT] = {
#define DIAG(NAME, code, severity, text, fix, explanation)                                                             \
    [DIAG_##NAME] = {#NAME, code, DIAG_SEVERITY_##severity, text, fix, explanation},
#include "ir/base/diag.def"
};

enum { DEFAULT_MAX_ERRORS = 20, LONGEST_SUGGESTION = 63 };

const struct diag_info *diag_find_code(const char *code)
{
    for (int i = 0; i < DIAG_COUNT; i++)
        if (!strcasecmp(diag_infos[i].code, code)) return &diag_infos[i];
    return NULL;
}

/* Is `option`, as written in -Wno-OPTION, the name of this row? */
static bool is_option_name(const char *option, const char *row_name)
{
    for (; *option && *row_name; option++, row_name++)
        if (*option != (*row_name == '_' ? '-' : tolower((unsigned char)*row_name))) return false;
    return *option == *row_name;
}

enum diag_id diag_find_name(const char *name)
{
    for (int i = 0; i < DIAG_COUNT; i++)
        if (is_option_name(name, diag_infos[i].name) || !strcasecmp(diag_infos[i].code, name)) return (enum diag_id)i;
    return DIAG_COUNT;
}

void diags_init(struct diags *d, struct arena *arena, struct sources *sources)
{
    *d = (struct diags){.arena = arena, .sources = sources, .max_errors = DEFAULT_MAX_ERRORS};
    map_init(&d->places, arena);
}

static enum diag_severity severity_now(const struct diags *d, enum diag_id id)
{
    enum diag_severity severity = diag_infos[id].severity;
    bool raise = severity == DIAG_SEVERITY_WARNING && (d->werror || d->as_error[id]);
    return raise ? DIAG_SEVERITY_ERROR : severity;
}

static bool is_wanted(const struct diags *d, enum diag_id id)
{
    switch (diag_infos[id].severity) {
    case DIAG_SEVERITY_REMARK:
        return d->remarks;
    case DIAG_SEVERITY_WARNING:
        return !d->no_warnings && !d->off[id];
    default:
        return true;
    }
}

/* Whether one more may be kept; counts it in any case. */
static bool count(struct diags *d, enum diag_severity severity)
{
    if (severity == DIAG_SEVERITY_WARNING) d->n_warnings++;
    if (severity < DIAG_SEVERITY_ERROR) return true;
    d->n_errors++;
    return !d->max_errors || d->n_errors <= d->max_errors;
}

/* A range as a key that is never equal for two ranges. */
_Static_assert(sizeof(void *) >= 8, "a source range fits a pointer");
static const void *place_key(struct src_range range)
{
    return (const void *)((uintptr_t)range.begin << 32 | range.end);
}

static bool is_repeated(const struct diags *d, enum diag_id id, struct src_range range)
{
    if (!range.end) return false;
    for (const struct diag *g = map_find(&d->places, place_key(range)); g; g = g->same_place)
        if (g->id == id) return true;
    return false;
}

static struct diag *keep(struct diags *d, enum diag_id id, struct src_range range)
{
    struct diag *g = ARENA_NEW(d->arena, struct diag);
    *g = (struct diag){.id = id, .range = range, .fix = diag_infos[id].fix};
    if (range.end) {
        g->same_place = map_find(&d->places, place_key(range));
        map_set(&d->places, place_key(range), g);
    }
    vec_push(d->arena, &d->list, g);
    return g;
}

struct diag *diag_report_v(struct diags *d, enum diag_id id, struct src_range range, va_list args)
{
    enum diag_severity severity = severity_now(d, id);
    d->dropped = (struct diag){.id = id, .severity = severity, .range = range, .text = "", .fix = ""};
    if (!is_wanted(d, id) || is_repeated(d, id, range) || !count(d, severity)) return &d->dropped;
    struct diag *g = keep(d, id, range);
    g->severity = severity;
    g->text = arena_vprintf(d->arena, diag_infos[id].text, args);
    return g;
}

struct diag *diag_report(struct diags *d, enum diag_id id, struct src_range range, ...)
{
    va_list args;
    va_start(args, range);
    struct diag *g = diag_report_v(d, id, range, args);
    va_end(args);
    return g;
}

void diag_add_note(struct diags *d, struct diag *to, struct src_range range, const char *format, ...)
{
    if (to == &d->dropped) return;
    va_list args;
    va_start(args, format);
    struct diag_note note = {range, arena_vprintf(d->arena, format, args)};
    va_end(args);
    vec_push(d->arena, &to->notes, note);
}

void diag_add_fix(struct diags *d, struct diag *to, struct src_range range, const char *replacement, const char *format,
                  ...)
{
    if (to == &d->dropped) return;
    va_list args;
    va_start(args, format);
    to->fix = arena_vprintf(d->arena, format, args);
    va_end(args);
    to->fix_range = range;
    to->replacement = replacement ? arena_copy(d->arena, replacement, strlen(replacement)) : NULL;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Damerau-Levenshtein distance: insertions, deletions, replacements, and swaps of neighbours. */
static uint32_t edit_distance(const char *a, uint32_t n_a, const char *b, uint32_t n_b)
{
    uint32_t rows[3][LONGEST_SUGGESTION + 1]; /* row i is at i % 3 */
    for (uint32_t k = 0; k <= n_b; k++)
        rows[0][k] = k;
    for (uint32_t i = 1; i <= n_a; i++) {
        uint32_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (uint32_t k = 1; k <= n_b; k++) {
            row[k] = least(above[k - 1] + (a[i - 1] != b[k - 1]), least(above[k], row[k - 1]) + 1);
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                row[k] = least(row[k], two_above[k - 2] + 1);
        }
    }
    return rows[n_a % 3][n_b];
}

const char *diag_nearest(const char *name, const char *const *candidates, uint32_t n)
{
    size_t name_bytes = strlen(name);
    if (!name_bytes || name_bytes > LONGEST_SUGGESTION) return NULL;
    const char *best = NULL;
    uint32_t best_distance = (uint32_t)(name_bytes + 2) / 3 + 1; /* a third of the letters may be wrong */
    for (uint32_t i = 0; i < n; i++) {
        size_t bytes = strlen(candidates[i]);
        if (bytes > LONGEST_SUGGESTION) continue;
        uint32_t distance = edit_distance(name, (uint32_t)name_bytes, candidates[i], (uint32_t)bytes);
        if (distance >= best_distance || distance >= bytes) continue;
        best = candidates[i];
        best_distance = distance;
    }
    return best;
}

_Noreturn void bug_at(const char *file, int line, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "internal error: %s:%d: ", file, line);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nThis is a fault of the compiler, not of the program; please report it with the input.\n");
    out_remove_unfinished();
    _Exit(70);
}
