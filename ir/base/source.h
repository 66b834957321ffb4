/* source.h - the text that was read, and places in it.
 *
 * A place is a byte range in one numbering over all files of a compilation, as in clang: 8 bytes in each node, no
 * file pointer. 0..0 is "no place" (made by the compiler). */
#ifndef VYREC_BASE_SOURCE_H
#define VYREC_BASE_SOURCE_H

#include <stdbool.h>

#include "ir/base/vec.h"

struct src_range {
    uint32_t begin, end; /* half-open */
};
#define SRC_NONE ((struct src_range){0, 0})

struct source_file {
    const char *name; /* as the user gave it; "<stdin>" for - */
    const char *text; /* size_bytes bytes and a NUL that is not part of it */
    uint32_t size_bytes;
    uint32_t base;             /* the number of its first byte, at least 1 */
    VEC(uint32_t) line_starts; /* filled on first use */
};

struct sources {
    struct arena *arena;
    VEC(struct source_file *) files;
};

struct src_place {
    const struct source_file *file; /* NULL for SRC_NONE */
    uint32_t line, column;          /* from 1; columns count bytes */
    const char *line_text;          /* not NUL-terminated */
    uint32_t line_bytes;
};

void sources_init(struct sources *s, struct arena *arena);
/* Takes over neither string: both are copied. NULL when all texts together would pass 2^32 - 2 bytes. */
struct source_file *sources_add(struct sources *s, const char *name, const char *text, size_t size_bytes);
/* Reads a whole file ("-" is standard input). 0 or an errno value (EFBIG past 4 GiB). */
int sources_read(struct sources *s, const char *path, struct source_file **file);
/* The file that a position lies in; NULL for none. */
struct source_file *sources_find(const struct sources *s, uint32_t position);
struct src_place source_locate(const struct sources *s, uint32_t position);
static inline struct src_range src_join(struct src_range a, struct src_range b)
{
    if (!a.end) return b;
    if (!b.end) return a;
    return (struct src_range){a.begin < b.begin ? a.begin : b.begin, a.end > b.end ? a.end : b.end};
}

#endif
