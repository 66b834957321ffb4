/* memory.c - memory from the context's allocator, and blocks that stay with the context from launch to launch.
 *
 * Large blocks of the default allocator come from mmap: they are zero without being touched, and ask for huge pages. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "runtime-stub/runtime.h"

enum { MAX_KEPT_BLOCKS = 16 };
static const size_t map_from_bytes = 1 << 20, huge_page_bytes = 2 << 20, page_bytes = 4096;

static void *get_from_libc(void *ctx, size_t bytes, size_t alignment)
{
    void *block = NULL;
    (void)ctx;
    if (alignment < sizeof(void *)) alignment = sizeof(void *);
    return posix_memalign(&block, alignment, bytes) ? NULL : block;
}

static void put_to_libc(void *ctx, void *block, size_t bytes, size_t alignment)
{
    (void)ctx, (void)bytes, (void)alignment;
    free(block);
}

void allocator_init(vyre_allocator *allocator, const vyre_allocator *given)
{
    static const vyre_allocator libc = {NULL, get_from_libc, put_to_libc};
    *allocator = given ? *given : libc;
}

void *memory_get(const vyre_allocator *allocator, size_t bytes, size_t alignment)
{
    if (bytes > SIZE_MAX / 2) return NULL;
    return allocator->alloc(allocator->ctx, bytes ? bytes : 1, alignment);
}

void memory_put(const vyre_allocator *allocator, void *block, size_t bytes, size_t alignment)
{
    if (block) allocator->free(allocator->ctx, block, bytes ? bytes : 1, alignment);
}

/* -- blocks ------------------------------------------------------------------------------------ */

static bool must_map(const vyre_context *c, size_t bytes, size_t alignment)
{
    return c->allocator.alloc == get_from_libc && bytes >= map_from_bytes && alignment <= 4096;
}

/* Whole huge pages begin where a huge page can: what lies before that, and behind the block, is given back. */
static void *map_zeros(size_t bytes)
{
    size_t whole = (bytes + page_bytes - 1) / page_bytes * page_bytes;
    size_t spare = whole >= huge_page_bytes ? huge_page_bytes : 0;
    char *memory = mmap(NULL, whole + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    if (!spare) return memory;
    size_t before = -(uintptr_t)memory % huge_page_bytes;
    if (before) munmap(memory, before);
    if (before < spare) munmap(memory + before + whole, spare - before);
    madvise(memory + before, whole, MADV_HUGEPAGE); /* advice: a refusal changes nothing */
    return memory + before;
}

struct block *block_create(vyre_context *c, size_t bytes, size_t alignment)
{
    struct block *block = memory_get(&c->allocator, sizeof *block, _Alignof(struct block));
    if (!block) return NULL;
    *block = (struct block){.n_bytes = bytes, .alignment = alignment, .is_mapped = must_map(c, bytes, alignment)};
    block->is_zero = block->is_mapped;
    block->bytes = block->is_mapped ? map_zeros(bytes) : memory_get(&c->allocator, bytes, alignment);
    if (block->bytes) return block;
    memory_put(&c->allocator, block, sizeof *block, _Alignof(struct block));
    return NULL;
}

void block_destroy(vyre_context *c, struct block *block)
{
    if (!block) return;
    if (block->is_mapped)
        munmap(block->bytes, block->n_bytes);
    else
        memory_put(&c->allocator, block->bytes, block->n_bytes, block->alignment);
    memory_put(&c->allocator, block, sizeof *block, _Alignof(struct block));
}

/* A kept block is taken when it is large enough and not wastefully larger. */
static bool fits(const struct block *block, size_t bytes, size_t alignment)
{
    return block->n_bytes >= bytes && block->n_bytes / 4 <= bytes + 16384 && (uintptr_t)block->bytes % alignment == 0;
}

/* Unlinks the smallest kept block that fits; NULL when none does. */
static struct block *take_kept(vyre_context *c, size_t bytes, size_t alignment)
{
    struct block **best = NULL;
    for (struct block **at = &c->blocks; *at; at = &(*at)->next)
        if (fits(*at, bytes, alignment) && (!best || (*at)->n_bytes < (*best)->n_bytes)) best = at;
    if (!best) return NULL;
    struct block *block = *best;
    *best = block->next;
    c->n_blocks--;
    return block;
}

struct block *block_acquire(vyre_context *c, size_t bytes, size_t alignment)
{
    if (bytes > SIZE_MAX / 2) return NULL;
    bytes = (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE + CACHE_LINE;
    if (alignment < CACHE_LINE) alignment = CACHE_LINE;
    pthread_mutex_lock(&c->lock);
    struct block *block = take_kept(c, bytes, alignment);
    pthread_mutex_unlock(&c->lock);
    if (!block) block = block_create(c, bytes, alignment);
    if (block) return block;
    blocks_free(c);
    return block_create(c, bytes, alignment);
}

/* Unlinks the block that was kept longest, which is the last. */
static struct block *take_oldest(vyre_context *c)
{
    struct block **at = &c->blocks;
    while ((*at)->next)
        at = &(*at)->next;
    struct block *oldest = *at;
    *at = NULL;
    c->n_blocks--;
    return oldest;
}

void block_release(vyre_context *c, struct block *block)
{
    if (!block) return;
    struct block *oldest = NULL;
    block->is_zero = false;
    pthread_mutex_lock(&c->lock);
    block->next = c->blocks;
    c->blocks = block;
    if (++c->n_blocks > MAX_KEPT_BLOCKS) oldest = take_oldest(c);
    pthread_mutex_unlock(&c->lock);
    if (oldest) block_destroy(c, oldest);
}

void blocks_free(vyre_context *c)
{
    pthread_mutex_lock(&c->lock);
    struct block *blocks = c->blocks;
    c->blocks = NULL;
    c->n_blocks = 0;
    pthread_mutex_unlock(&c->lock);
    while (blocks) {
        struct block *next = blocks->next;
        block_destroy(c, blocks);
        blocks = next;
    }
}
