/* memory.c - every block has a header in a list, so that giving up in the middle of anything leaks nothing. */
#include "ir/base/memory.h"

#include <stdalign.h>
#include <stdlib.h>

struct memory_block {
    alignas(16) struct memory_block *previous, *next; /* newer, older */
    size_t size_bytes;
};

static int must_fail(const struct memory *mem, size_t size_bytes)
{
    if (mem->fail_at && (mem->fail_from_then ? mem->n_allocs >= mem->fail_at : mem->n_allocs == mem->fail_at)) return 1;
    return mem->limit_bytes && (size_bytes > mem->limit_bytes || mem->live_bytes > mem->limit_bytes - size_bytes);
}

void *memory_try_alloc(struct memory *mem, size_t size_bytes)
{
    mem->n_allocs++;
    if (must_fail(mem, size_bytes) || size_bytes > SIZE_MAX / 2) return NULL;
    struct memory_block *block = calloc(1, sizeof *block + size_bytes);
    if (!block) return NULL;
    block->size_bytes = size_bytes;
    block->next = mem->blocks;
    if (block->next) block->next->previous = block;
    mem->blocks = block;
    mem->live_bytes += size_bytes;
    if (mem->live_bytes > mem->peak_bytes) mem->peak_bytes = mem->live_bytes;
    return block + 1;
}

void *memory_alloc(struct memory *mem, size_t size_bytes)
{
    void *block = memory_try_alloc(mem, size_bytes);
    if (!block) memory_fail(mem);
    return block;
}

void memory_free(struct memory *mem, void *block, size_t size_bytes)
{
    if (!block) return;
    struct memory_block *head = (struct memory_block *)block - 1;
    if (head->size_bytes != size_bytes) abort(); /* a caller that forgot what it asked for, or wrote before its block */
    *(head->previous ? &head->previous->next : &mem->blocks) = head->next;
    if (head->next) head->next->previous = head->previous;
    mem->live_bytes -= size_bytes;
    free(head);
}

void memory_release_all(struct memory *mem)
{
    while (mem->blocks)
        memory_free(mem, mem->blocks + 1, mem->blocks->size_bytes);
}

void memory_push_cleanup(struct memory *mem, struct memory_cleanup *cleanup)
{
    cleanup->outer = mem->cleanups;
    mem->cleanups = cleanup;
}

void memory_pop_cleanup(struct memory *mem)
{
    mem->cleanups = mem->cleanups->outer;
}

_Noreturn void memory_fail(struct memory *mem)
{
    while (mem->cleanups) {
        struct memory_cleanup *cleanup = mem->cleanups;
        memory_pop_cleanup(mem);
        cleanup->run(cleanup);
    }
    longjmp(mem->recover, 1);
}
