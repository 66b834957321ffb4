/* source.c - texts and the places in them. */
#include "ir/base/source.h"

#include <errno.h>
#include <string.h>

#include "ir/base/out.h"

void sources_init(struct sources *s, struct arena *arena)
{
    *s = (struct sources){.arena = arena};
}

/* One number past each text is its end, so that no two files share a position. */
static uint32_t next_base(const struct sources *s)
{
    if (!s->files.n) return 1;
    const struct source_file *last = s->files.at[s->files.n - 1];
    return last->base + last->size_bytes + 1;
}

static uint32_t bytes_left(const struct sources *s)
{
    return UINT32_MAX - 1 - next_base(s);
}

struct source_file *sources_add(struct sources *s, const char *name, const char *text, size_t size_bytes)
{
    if (size_bytes > bytes_left(s)) return NULL;
    struct source_file *file = ARENA_NEW(s->arena, struct source_file);
    file->name = arena_copy(s->arena, name, strlen(name));
    file->text = arena_copy(s->arena, text, size_bytes);
    file->size_bytes = (uint32_t)size_bytes;
    file->base = next_base(s);
    vec_push(s->arena, &s->files, file);
    return file;
}

int sources_read(struct sources *s, const char *path, struct source_file **file)
{
    struct out text;
    out_init(&text, s->arena->mem);
    int error = out_read_file(&text, path, bytes_left(s));
    if (!error) *file = sources_add(s, strcmp(path, "-") ? path : "<stdin>", text.bytes, text.n);
    out_release(&text);
    return error;
}

struct source_file *sources_find(const struct sources *s, uint32_t position)
{
    uint32_t low = 0, high = s->files.n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (s->files.at[middle]->base <= position)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? s->files.at[low - 1] : NULL;
}

static void find_lines(struct arena *arena, struct source_file *file)
{
    vec_push(arena, &file->line_starts, 0);
    const char *end = file->text + file->size_bytes;
    for (const char *at = file->text; at < end && (at = memchr(at, '\n', (size_t)(end - at))); at++)
        vec_push(arena, &file->line_starts, (uint32_t)(at + 1 - file->text));
}

/* The index of the last line that starts at or before this offset. */
static uint32_t find_line(const struct source_file *file, uint32_t offset)
{
    uint32_t low = 0, high = file->line_starts.n;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (file->line_starts.at[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static uint32_t line_size(const struct source_file *file, uint32_t start)
{
    const char *text = file->text + start;
    uint32_t left = file->size_bytes - start;
    const char *newline = left ? memchr(text, '\n', left) : NULL;
    uint32_t n = newline ? (uint32_t)(newline - text) : left;
    return n && text[n - 1] == '\r' ? n - 1 : n;
}

struct src_place source_locate(const struct sources *s, uint32_t position)
{
    struct source_file *file = sources_find(s, position);
    if (!file) return (struct src_place){0};
    if (!file->line_starts.n) find_lines(s->arena, file);
    uint32_t offset = position - file->base;
    if (offset > file->size_bytes) offset = file->size_bytes;
    uint32_t line = find_line(file, offset), start = file->line_starts.at[line];
    return (struct src_place){
        .file = file,
        .line = line + 1,
        .column = offset - start + 1,
        .line_text = file->text + start,
        .line_bytes = line_size(file, start),
    };
}
