/* arena.c - bump allocation in chunks that double up to a limit. Under AddressSanitizer the unused part of a chunk is
 * poisoned and a gap follows each object, so that running past an object is found as if it came from malloc. */
#include "ir/base/arena.h"

#include <stdio.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif
#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
enum { GAP_BYTES = 16 };
#else
#define ASAN_POISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
enum { GAP_BYTES = 0 };
#endif

enum { ALIGNMENT = 16, FIRST_CHUNK_BYTES = 4096, LAST_CHUNK_BYTES = 1 << 20 };

struct arena_chunk {
    struct arena_chunk *older;
    size_t size_bytes; /* with this head, a multiple of ALIGNMENT */
};
_Static_assert(sizeof(struct arena_chunk) % ALIGNMENT == 0, "objects of a chunk are aligned");

void arena_init(struct arena *a, struct memory *mem)
{
    *a = (struct arena){.mem = mem};
}

void arena_release(struct arena *a)
{
    while (a->chunks) {
        struct arena_chunk *chunk = a->chunks;
        a->chunks = chunk->older;
        ASAN_UNPOISON_MEMORY_REGION(chunk, chunk->size_bytes);
        memory_free(a->mem, chunk, chunk->size_bytes);
    }
    a->next = a->end = NULL;
}

static size_t next_chunk_bytes(const struct arena *a)
{
    if (!a->chunks) return FIRST_CHUNK_BYTES;
    return a->chunks->size_bytes < LAST_CHUNK_BYTES / 2 ? a->chunks->size_bytes * 2 : LAST_CHUNK_BYTES;
}

static struct arena_chunk *make_chunk(struct arena *a, size_t size_bytes)
{
    struct arena_chunk *chunk = memory_alloc(a->mem, size_bytes);
    chunk->size_bytes = size_bytes;
    ASAN_POISON_MEMORY_REGION(chunk + 1, size_bytes - sizeof *chunk);
    return chunk;
}

/* An object that would waste most of a chunk gets one of its own, behind the newest, which stays open. */
static void *alloc_alone(struct arena *a, size_t size_bytes)
{
    struct arena_chunk *chunk = make_chunk(a, sizeof *chunk + size_bytes);
    struct arena_chunk **link = a->chunks ? &a->chunks->older : &a->chunks;
    chunk->older = *link;
    *link = chunk;
    return chunk + 1;
}

static void *alloc_rounded(struct arena *a, size_t size_bytes)
{
    if (size_bytes <= (size_t)(a->end - a->next)) {
        void *object = a->next;
        a->next += size_bytes;
        return object;
    }
    size_t chunk_bytes = next_chunk_bytes(a);
    if (size_bytes > chunk_bytes / 4) return alloc_alone(a, size_bytes);
    struct arena_chunk *chunk = make_chunk(a, chunk_bytes);
    chunk->older = a->chunks;
    a->chunks = chunk;
    a->next = (char *)(chunk + 1) + size_bytes;
    a->end = (char *)chunk + chunk_bytes;
    return chunk + 1;
}

void *arena_alloc(struct arena *a, size_t size_bytes)
{
    if (size_bytes > SIZE_MAX / 4) memory_fail(a->mem);
    size_t rounded = (size_bytes + GAP_BYTES + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *object = alloc_rounded(a, rounded ? rounded : ALIGNMENT);
    ASAN_UNPOISON_MEMORY_REGION(object, size_bytes);
    return object;
}

void *arena_array(struct arena *a, size_t n, size_t elem_bytes)
{
    size_t size_bytes;
    if (__builtin_mul_overflow(n, elem_bytes, &size_bytes)) memory_fail(a->mem);
    return arena_alloc(a, size_bytes);
}

char *arena_copy(struct arena *a, const char *text, size_t n)
{
    if (n == SIZE_MAX) memory_fail(a->mem);
    char *copy = arena_alloc(a, n + 1);
    if (n) memcpy(copy, text, n);
    return copy;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(a, format, args);
    va_end(args);
    return text;
}

char *arena_vprintf(struct arena *a, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n < 0) memory_fail(a->mem);
    char *text = arena_alloc(a, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    return text;
}
