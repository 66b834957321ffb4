/* heap.h - memory for a process that runs for milliseconds: what `malloc` is in a vyrec that is linked statically.
 *
 * A thread takes what it needs from pieces that the system has filled at once, and keeps what it frees for itself: no locks, and a
 * tenth of the calls of the system. Nothing goes back before the end but large blocks. */
#ifndef VYREC_HEAP_H
#define VYREC_HEAP_H

#include <stddef.h>

enum {
    HEAP_LARGE_BYTES = 1 << 20, /* from here on a block is the system's own */
    HEAP_MOST_ALIGNMENT = 4096
};

/* All give NULL where there is no memory. Blocks are aligned to 16 bytes; a block may be freed by any thread. */
void *heap_alloc(size_t n_bytes);
void *heap_alloc_zeros(size_t n_bytes);
void *heap_alloc_aligned(size_t n_bytes, size_t alignment); /* a power of two */
void *heap_resize(void *block, size_t n_bytes);             /* NULL: as heap_alloc; else what was there stays */
void heap_free(void *block);                                /* NULL does nothing */
size_t heap_usable_bytes(const void *block);

#endif
