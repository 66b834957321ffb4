/* heap.c - see heap.h.
 *
 *   [size | back] block ...       `back`: bytes from where the memory begins to here, more than a header where it was aligned
 *
 * Sizes, header included, are rounded up to one of some classes: multiples of 16 up to 1024, then eight for each power of two.
 * A class has a list of free blocks for each thread. */
#define _GNU_SOURCE /* mremap, MAP_POPULATE */
#include "driver/heap.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum {
    GRAIN = 16,
    FINE_BYTES = 1024,
    N_FINE = FINE_BYTES / GRAIN + 1,
    STEPS = 8, /* per power of two */
    N_CLASSES = N_FINE + STEPS * 10,
    NO_CLASS = 255, /* of large blocks */
    PAGE_BYTES = 4096,
    HUGE_BYTES = 2 << 20,
    FIRST_PIECE_BYTES = 384 << 10,
    LEAST_PIECE_BYTES = 256 << 10,
    MOST_PIECE_BYTES = 4 << 20,
    LEAST_REGION_BYTES = 8 << 20
};
_Static_assert(N_CLASSES <= NO_CLASS, "a class is a byte");
_Static_assert(FINE_BYTES << 10 == HEAP_LARGE_BYTES, "the classes end where large blocks begin");

struct header {
    uint64_t size_bytes : 40, class : 8, back : 16; /* of the memory that it begins in, or lies in; from its start */
};
struct free_block {
    struct free_block *next;
};
struct heap {
    char *at, *end; /* of the piece that blocks are taken from */
    size_t taken_bytes;
    struct free_block *lists[N_CLASSES];
};
static _Thread_local struct heap own;

static struct header *header_of(const void *block)
{
    return (struct header *)block - 1;
}

static size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) & ~(to - 1);
}

/* The class of a size in bytes, which becomes that of the class. */
static uint32_t find_class(size_t *size)
{
    if (*size <= FINE_BYTES) {
        *size = round_up(*size, GRAIN);
        return (uint32_t)(*size / GRAIN);
    }
    uint32_t power = 63 - (uint32_t)__builtin_clzll(*size - 1); /* 2^power < size <= 2^(power + 1) */
    size_t step = ((size_t)1 << power) / STEPS;
    *size = round_up(*size, step);
    return N_FINE + (power - 10) * STEPS + (uint32_t)((*size - ((size_t)1 << power)) / step) - 1;
}

static void *put_header(char *memory, size_t size_bytes, uint32_t class)
{
    *(struct header *)memory = (struct header){.size_bytes = size_bytes, .class = class, .back = 0};
    return memory + sizeof(struct header);
}

/* -- the system ------------------------------------------------------------------------------------------------------- */

static char *map(size_t n_bytes, int flags)
{
    void *memory = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* A header in front of a block that is aligned to 16. */
static void *alloc_large(size_t size)
{
    size = round_up(size + GRAIN - sizeof(struct header), 4096);
    char *memory = map(size, 0);
    if (!memory) return NULL;
    void *block = put_header(memory + GRAIN - sizeof(struct header), size, NO_CLASS);
    header_of(block)->back = GRAIN - sizeof(struct header);
    return block;
}

static bool is_large(size_t size_bytes)
{
    return size_bytes > HEAP_LARGE_BYTES;
}

/* What pieces of all threads are cut from. Where the system has huge pages, one of them costs a third of what the 512 small ones do
 * that it stands for; but who needs little gets by on what lies in the program, page by page. */
static char first_pages[FIRST_PIECE_BYTES] __attribute__((aligned(PAGE_BYTES)));
static struct region {
    pthread_mutex_t lock;
    char *at, *end;
    bool is_huge;
} region = {PTHREAD_MUTEX_INITIALIZER, first_pages, first_pages + FIRST_PIECE_BYTES, false};

static bool take_region(size_t n_bytes)
{
    size_t n = round_up(n_bytes, HUGE_BYTES);
    n = n < LEAST_REGION_BYTES ? LEAST_REGION_BYTES : n;
    char *memory = map(n + HUGE_BYTES, 0);
    if (!memory) return false;
    region.at = (char *)round_up((uintptr_t)memory, HUGE_BYTES);
    region.end = region.at + n;
    region.is_huge = !madvise(region.at, n, MADV_HUGEPAGE);
    return true;
}

/* Whole pages, all zero, that need no faults where the system can spare them. */
static char *take_pages(size_t n_bytes)
{
    char *memory = NULL;
    bool is_huge = false;
    pthread_mutex_lock(&region.lock);
    if ((size_t)(region.end - region.at) >= n_bytes || take_region(n_bytes)) {
        memory = region.at;
        region.at += n_bytes;
        is_huge = region.is_huge;
    }
    pthread_mutex_unlock(&region.lock);
    if (memory && is_huge) madvise(memory, n_bytes, MADV_POPULATE_WRITE);
    return memory;
}

static bool take_piece(struct heap *h)
{
    size_t n = h->taken_bytes / 8 / LEAST_PIECE_BYTES * LEAST_PIECE_BYTES;
    n = n < LEAST_PIECE_BYTES ? LEAST_PIECE_BYTES : n > MOST_PIECE_BYTES ? MOST_PIECE_BYTES : n;
    char *memory = take_pages(n);
    if (!memory) return false;
    h->at = memory + GRAIN - sizeof(struct header);
    h->end = memory + n;
    h->taken_bytes += n;
    return true;
}

/* Memory for a block with its header, all zero. The rest of a piece that is too small is lost: a quarter of one at most, since what
 * is larger has pages of its own. */
static char *take(struct heap *h, size_t size)
{
    if (size > LEAST_PIECE_BYTES / 4) {
        char *memory = take_pages(round_up(size + GRAIN, PAGE_BYTES));
        return memory ? memory + GRAIN - sizeof(struct header) : NULL;
    }
    if ((size_t)(h->end - h->at) < size && !take_piece(h)) return NULL;
    char *memory = h->at;
    h->at += size;
    return memory;
}

/* -- blocks -------------------------------------------------------------------------------------------------------------- */

/* A block of a size with its header; *is_fresh: all of it is zero. */
static void *alloc_size(size_t size, bool *is_fresh)
{
    struct heap *h = &own;
    if (is_large(size)) {
        *is_fresh = true;
        return alloc_large(size);
    }
    uint32_t class = find_class(&size);
    struct free_block *found = h->lists[class];
    *is_fresh = !found;
    if (found) {
        h->lists[class] = found->next;
        return found;
    }
    char *memory = take(h, size);
    return memory ? put_header(memory, size, class) : NULL;
}

void *heap_alloc(size_t n_bytes)
{
    bool is_fresh;
    return n_bytes < SIZE_MAX / 2 ? alloc_size(n_bytes + sizeof(struct header), &is_fresh) : NULL;
}

void *heap_alloc_zeros(size_t n_bytes)
{
    bool is_fresh;
    void *block = n_bytes < SIZE_MAX / 2 ? alloc_size(n_bytes + sizeof(struct header), &is_fresh) : NULL;
    return !block || is_fresh ? block : memset(block, 0, n_bytes);
}

void heap_free(void *block)
{
    if (!block) return;
    struct header head = *header_of(block);
    char *memory = (char *)header_of(block) - head.back;
    if (head.class == NO_CLASS) {
        munmap(memory, head.size_bytes);
        return;
    }
    if (head.back) put_header(memory, head.size_bytes, head.class);
    struct free_block *freed = (struct free_block *)(memory + sizeof(struct header));
    freed->next = own.lists[head.class];
    own.lists[head.class] = freed;
}

void *heap_alloc_aligned(size_t n_bytes, size_t alignment)
{
    if (alignment <= GRAIN) return heap_alloc(n_bytes);
    if (alignment > HEAP_MOST_ALIGNMENT || n_bytes >= SIZE_MAX / 2) return NULL;
    char *block = heap_alloc(n_bytes + alignment);
    if (!block) return NULL;
    struct header *head = header_of(block);
    size_t moved = round_up((uintptr_t)block, alignment) - (uintptr_t)block;
    if (!moved) return block;
    struct header *inner = header_of(block + moved);
    *inner = (struct header){.size_bytes = head->size_bytes, .class = head->class, .back = head->back + moved};
    return block + moved;
}

size_t heap_usable_bytes(const void *block)
{
    const struct header *head = header_of(block);
    return head->size_bytes - head->back - sizeof *head;
}

static void *resize_large(struct header *head, size_t n_bytes)
{
    size_t before = head->back + sizeof *head, size = round_up(n_bytes + before, 4096);
    char *memory = mremap((char *)head - head->back, head->size_bytes, size, MREMAP_MAYMOVE);
    if (memory == MAP_FAILED) return NULL;
    header_of(memory + before)->size_bytes = size;
    return memory + before;
}

void *heap_resize(void *block, size_t n_bytes)
{
    if (!block || n_bytes >= SIZE_MAX / 2) return block ? NULL : heap_alloc(n_bytes);
    size_t usable = heap_usable_bytes(block);
    if (n_bytes <= usable && n_bytes >= usable / 4) return block;
    if (header_of(block)->class == NO_CLASS && n_bytes >= HEAP_LARGE_BYTES)
        return resize_large(header_of(block), n_bytes);
    void *moved = heap_alloc(n_bytes);
    if (!moved) return NULL;
    memcpy(moved, block, n_bytes < usable ? n_bytes : usable);
    heap_free(block);
    return moved;
}
