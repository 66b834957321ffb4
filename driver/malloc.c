/* malloc.c - heap.h in the place of the C library's allocator. Only in programs without shared libraries, where nobody else brings
 * one: all of its names must be here. */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

#include "driver/heap.h"

static void *checked(void *block)
{
    if (!block) errno = ENOMEM;
    return block;
}

void *malloc(size_t n)
{
    return checked(heap_alloc(n));
}
void free(void *block)
{
    heap_free(block);
}
void *calloc(size_t count, size_t n)
{
    return checked(n && count > SIZE_MAX / n ? NULL : heap_alloc_zeros(count * n));
}
void *realloc(void *block, size_t n)
{
    return checked(heap_resize(block, n));
}
void *memalign(size_t alignment, size_t n)
{
    return checked(heap_alloc_aligned(n, alignment));
}
void *aligned_alloc(size_t alignment, size_t n)
{
    return memalign(alignment, n);
}
int posix_memalign(void **block, size_t alignment, size_t n)
{
    void *found = heap_alloc_aligned(n, alignment);
    if (found) *block = found;
    return found ? 0 : ENOMEM;
}
void *valloc(size_t n)
{
    return memalign(HEAP_MOST_ALIGNMENT, n);
}
void *pvalloc(size_t n)
{
    return valloc((n + HEAP_MOST_ALIGNMENT - 1) & ~(size_t)(HEAP_MOST_ALIGNMENT - 1));
}
size_t malloc_usable_size(void *block)
{
    return block ? heap_usable_bytes(block) : 0;
}
/* LLVM asks when it reports on itself. */
struct mallinfo2 mallinfo2(void)
{
    return (struct mallinfo2){0};
}
