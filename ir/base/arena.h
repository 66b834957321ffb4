/* arena.h - memory with a named lifetime: module, pass or scratch. Freed all at once. */
#ifndef VYREC_BASE_ARENA_H
#define VYREC_BASE_ARENA_H

#include <stdarg.h>

#include "ir/base/memory.h"

struct arena_chunk;
struct arena {
    struct memory *mem;
    struct arena_chunk *chunks; /* newest first */
    char *next, *end;           /* free part of the newest chunk */
};

void arena_init(struct arena *a, struct memory *mem);
/* Frees everything; the arena may be used again. */
void arena_release(struct arena *a);
/* Zeroed, aligned to 16 bytes, never NULL (see memory.h). */
void *arena_alloc(struct arena *a, size_t size_bytes);
#define ARENA_NEW(a, T) ((T *)arena_alloc((a), sizeof(T)))
#define ARENA_ARRAY(a, T, n) ((T *)arena_array((a), (n), sizeof(T)))
void *arena_array(struct arena *a, size_t n, size_t elem_bytes); /* checks n * elem_bytes */
/* A NUL-terminated copy of n bytes. */
char *arena_copy(struct arena *a, const char *text, size_t n);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

#endif
