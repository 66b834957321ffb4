/* scan.c - finds matches with the pipeline of secrets.vir.
 *
 * Files are laid one after the other into a chunk, a byte 0 between, and a full chunk is one call. A file that does not fit is cut into parts that
 * overlap: a part has what is around a match on both sides, and each match counts in the one part whose own bytes its last byte is among. A part
 * begins where no run of base64 characters is cut, or in a run that is long beyond measure at a whole group of it, so that blocks are decoded alike. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "example.h"
#include "secrets.h"

enum {
    MARK_BYTES = 4096,
    AROUND = 32,     /* bytes before and behind a match that its score is made from */
    BEFORE = 256,    /* of a part: a match and what is before it, in base64 with the line before */
    BEHIND = 64,     /* what is behind a match, in base64 */
    LONG_RUN = 4096, /* more than this is not scanned twice for the sake of a run's beginning */
};

/* Some bytes of a file in the chunk. */
struct part {
    uint32_t file;
    size_t at, n;              /* in the chunk */
    uint64_t begin;            /* in the file */
    uint64_t own, own_end;     /* in the file: the bytes that are this part's */
    uint64_t line, line_begin; /* of the first byte: its line, and where in the file that begins */
};

/* Matches of one text, as the device lists them. */
struct list {
    uint64_t found[2];
    uint32_t room, *patterns, *ends;
    float *entropies, *scores;
};

/* Up to a place in the chunk: line feeds, and what follows the last one, 0 without any. */
struct mark {
    size_t n_lines, line_at;
};

struct scanner {
    vyre_context *context;
    const struct literals *literals;
    struct matches *matches;
    char *chunk;
    size_t used, room;
    struct part *parts;
    struct mark *marks; /* of every MARK_BYTES of the chunk */
    uint32_t n_parts, parts_room;
    struct list plain, blocks;
    uint32_t n_groups, groups_room, *places;
};

/* -- lists that grow ----------------------------------------------------------------------------------------- */

static void list_reserve(struct list *l, uint64_t room)
{
    if (room <= l->room) {
        return;
    }
    l->room = (uint32_t)room;
    l->patterns = grow(l->patterns, room * sizeof *l->patterns);
    l->ends = grow(l->ends, room * sizeof *l->ends);
    l->entropies = grow(l->entropies, room * sizeof *l->entropies);
    l->scores = grow(l->scores, room * sizeof *l->scores);
}

static void list_free(struct list *l)
{
    free(l->patterns);
    free(l->ends);
    free(l->entropies);
    free(l->scores);
}

static void groups_reserve(struct scanner *s, uint32_t room)
{
    if (room > s->groups_room) {
        s->groups_room = room;
        s->places = grow(s->places, room * sizeof *s->places);
    }
}

/* -- a call -------------------------------------------------------------------------------------------------- */

static bool call(struct scanner *s)
{
    struct list *p = &s->plain, *b = &s->blocks;
    p->found[0] = p->found[1] = b->found[0] = b->found[1] = 0;
    struct secrets_args args = {
        .text = vyre_host(s->chunk, s->used),
        .found = vyre_host(p->found, 2),
        .patterns = vyre_host(p->patterns, p->room),
        .ends = vyre_host(p->ends, p->room),
        .entropies = vyre_host(p->entropies, p->room),
        .scores = vyre_host(p->scores, p->room),
        .n_groups = vyre_host(&s->n_groups, 1),
        .places = vyre_host(s->places, s->groups_room),
        .block_found = vyre_host(b->found, 2),
        .block_patterns = vyre_host(b->patterns, b->room),
        .block_ends = vyre_host(b->ends, b->room),
        .block_entropies = vyre_host(b->entropies, b->room),
        .block_scores = vyre_host(b->scores, b->room),
    };
    if (!secrets(s->context, &args)) {
        return true;
    }
    fprintf(stderr, "secrets: %s\n", vyre_context_message(s->context));
    return false;
}

/* Again with more room while something did not fit: nothing is ever cut off. */
static bool call_until_all_fit(struct scanner *s)
{
    for (;;) {
        if (!call(s)) {
            return false;
        }
        if (!s->plain.found[1] && !s->blocks.found[1] && s->n_groups <= s->groups_room) {
            return true;
        }
        list_reserve(&s->plain, s->plain.found[0]);
        list_reserve(&s->blocks, s->blocks.found[0]);
        groups_reserve(s, s->n_groups);
    }
}

/* -- what was found ------------------------------------------------------------------------------------------- */

static const struct part *find_part(const struct scanner *s, size_t at)
{
    uint32_t low = 0, high = s->n_parts;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (s->parts[middle].at <= at) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return &s->parts[low];
}

static struct mark go_on(struct mark m, const char *text, size_t from, size_t to)
{
    for (const char *at = text + from; (at = memchr(at, '\n', (size_t)(text + to - at))); at++) {
        m.n_lines++;
        m.line_at = (size_t)(at + 1 - text);
    }
    return m;
}

/* So that a match in a long file need not count all lines before it. */
static void set_marks(struct scanner *s)
{
    s->marks[0] = (struct mark){0};
    for (size_t i = 0; (i + 1) * MARK_BYTES <= s->used; i++) {
        s->marks[i + 1] = go_on(s->marks[i], s->chunk, i * MARK_BYTES, (i + 1) * MARK_BYTES);
    }
}

static struct mark find_mark(const struct scanner *s, size_t at)
{
    return go_on(s->marks[at / MARK_BYTES], s->chunk, at / MARK_BYTES * MARK_BYTES, at);
}

static void set_line(const struct scanner *s, const struct part *p, struct match *m)
{
    struct mark here = find_mark(s, p->at + (size_t)(m->offset - p->begin));
    bool in_first = here.line_at <= p->at; /* of the part's lines */
    m->line = p->line + here.n_lines - find_mark(s, p->at).n_lines;
    m->column = m->offset + 1 - (in_first ? p->line_begin : p->begin + (here.line_at - p->at));
}

/* `first` and `last` are in the chunk, of the match or of its groups of base64. */
static void take_match(struct scanner *s, const struct list *l, uint32_t i, size_t first, size_t last, bool in_base64)
{
    const struct part *p = find_part(s, last);
    uint64_t end = p->begin + (last - p->at);
    if (end < p->own || end >= p->own_end) {
        return;
    }
    struct match m = {.file = p->file,
                      .literal = l->patterns[i],
                      .offset = p->begin + (first - p->at),
                      .in_base64 = in_base64,
                      .entropy = l->entropies[i],
                      .score = l->scores[i]};
    uint32_t begin = l->ends[i] + 1 - (uint32_t)strlen(s->literals->at[l->patterns[i]]);
    m.occurrence = in_base64 ? begin % 3 : 0;
    set_line(s, p, &m);
    add_match(s->matches, m);
}

static void take_matches(struct scanner *s)
{
    for (uint32_t i = 0; i < s->plain.found[0]; i++) {
        uint32_t last = s->plain.ends[i];
        take_match(s, &s->plain, i, last + 1 - strlen(s->literals->at[s->plain.patterns[i]]), last, false);
    }
    for (uint32_t i = 0; i < s->blocks.found[0]; i++) {
        uint32_t last = s->blocks.ends[i], first = last + 1 - (uint32_t)strlen(s->literals->at[s->blocks.patterns[i]]);
        take_match(s, &s->blocks, i, s->places[first / 3], s->places[last / 3], true);
    }
}

bool scanner_finish(struct scanner *s)
{
    if (s->n_parts) {
        if (!call_until_all_fit(s)) {
            return false;
        }
        set_marks(s);
        take_matches(s);
    }
    s->n_parts = 0;
    s->used = 0;
    return true;
}

/* -- filling chunks ------------------------------------------------------------------------------------------- */

static bool is_base64(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/* Where the part after one that begins at `begin` begins, when its own bytes begin at `own`. */
static size_t next_begin(const char *text, size_t begin, size_t own)
{
    size_t limit = own - BEFORE, run = limit;
    while (run > begin && is_base64(text[run - 1])) {
        run--;
    }
    return limit - run > LONG_RUN || run == begin ? run + (limit - run) / 4 * 4 : run;
}

static void count_lines(struct part *p, const char *text, size_t from, size_t to)
{
    for (const char *at = text + from; (at = memchr(at, '\n', (size_t)(text + to - at))); at++) {
        p->line++;
        p->line_begin = (uint64_t)(at + 1 - text);
    }
}

static void put_part(struct scanner *s, struct part p, const char *text)
{
    if (s->n_parts == s->parts_room) {
        s->parts_room = s->parts_room ? 2 * s->parts_room : 64;
        s->parts = grow(s->parts, s->parts_room * sizeof *s->parts);
    }
    p.at = s->used;
    memcpy(s->chunk + s->used, text + p.begin, p.n);
    s->chunk[s->used + p.n] = 0;
    s->used += p.n + 1;
    s->parts[s->n_parts++] = p;
}

bool scanner_add(struct scanner *s, uint32_t file, const char *text, size_t n)
{
    struct part p = {.file = file, .line = 1};
    if (n + 1 > s->room - s->used && !scanner_finish(s)) {
        return false;
    }
    while (p.begin < n) {
        bool is_last = n - p.begin < s->room;
        p.n = is_last ? n - p.begin : s->room - 1;
        p.own_end = is_last ? n : p.begin + p.n - BEHIND;
        put_part(s, p, text);
        if (is_last) {
            break;
        }
        if (!scanner_finish(s)) {
            return false;
        }
        size_t next = next_begin(text, p.begin, p.own_end);
        count_lines(&p, text, p.begin, next);
        p.begin = next;
        p.own = p.own_end;
    }
    return true;
}

/* -- opening and closing -------------------------------------------------------------------------------------- */

struct scanner *scanner_open(const char *backend, size_t chunk_bytes, const struct literals *literals,
                             struct matches *matches)
{
    struct scanner *s = grow(NULL, sizeof *s);
    char message[400];
    vyre_options options = {
        .size = sizeof options, .backends = backend, .message = message, .message_bytes = sizeof message};
    memset(s, 0, sizeof *s);
    if (vyre_context_create(&options, &s->context)) {
        fprintf(stderr, "secrets: %s\n", message);
        free(s);
        return NULL;
    }
    s->literals = literals;
    s->matches = matches;
    s->room = chunk_bytes;
    s->chunk = grow(NULL, chunk_bytes);
    s->marks = grow(NULL, (chunk_bytes / MARK_BYTES + 1) * sizeof *s->marks);
    list_reserve(&s->plain, 4096);
    list_reserve(&s->blocks, 1024);
    groups_reserve(s, (uint32_t)(chunk_bytes / 64 + 64));
    return s;
}

void scanner_close(struct scanner *s)
{
    vyre_context_destroy(s->context);
    list_free(&s->plain);
    list_free(&s->blocks);
    free(s->places);
    free(s->parts);
    free(s->marks);
    free(s->chunk);
    free(s);
}
