/* The allocator of programs that are linked statically: alignment, sizes, zeros, and blocks that stay what they are while others come
 * and go, on several threads. */
#include "driver/heap.h"

#include <pthread.h>
#include <stdint.h>

#include "tests/unit/test.h"

static bool has_all(const unsigned char *block, unsigned char value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (block[i] != value) return false;
    return true;
}

static void sizes_and_alignments(void)
{
    for (size_t size = 0; size < (8u << 20); size = size * 9 / 8 + 1) {
        unsigned char *block = heap_alloc(size);
        CHECK(block && (uintptr_t)block % 16 == 0);
        CHECK(heap_usable_bytes(block) >= size);
        memset(block, 0xab, heap_usable_bytes(block));
        unsigned char *other = heap_alloc(size);
        memset(other, 0xcd, heap_usable_bytes(other));
        CHECK(has_all(block, 0xab, size));
        heap_free(block);
        CHECK(has_all(other, 0xcd, size));
        unsigned char *zeros = heap_alloc_zeros(size);
        CHECK(has_all(zeros, 0, size));
        heap_free(zeros);
        heap_free(other);
    }
    heap_free(NULL);
    CHECK(!heap_alloc(SIZE_MAX) && !heap_alloc_zeros(SIZE_MAX - 7) && !heap_resize(NULL, SIZE_MAX / 2));
}

static void aligned_blocks(void)
{
    for (size_t alignment = 1; alignment <= HEAP_MOST_ALIGNMENT; alignment *= 2) {
        for (size_t size = 0; size < (3u << 20); size = size * 3 + 5) {
            unsigned char *block = heap_alloc_aligned(size, alignment);
            CHECK(block && (uintptr_t)block % alignment == 0);
            CHECK(heap_usable_bytes(block) >= size);
            memset(block, 1, heap_usable_bytes(block));
            block = heap_resize(block, size * 2);
            CHECK(has_all(block, 1, size));
            heap_free(block);
        }
    }
    CHECK(!heap_alloc_aligned(1, 2 * HEAP_MOST_ALIGNMENT));
}

static void resized_blocks_keep_their_bytes(void)
{
    static const size_t sizes[] = {10, 1000, 70000, 900000, 3 << 20, 9 << 20, 2 << 20, 600000, 20, 0, 5};
    unsigned char *block = NULL;
    size_t had = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        block = heap_resize(block, sizes[i]);
        CHECK(block && (uintptr_t)block % 16 == 0);
        CHECK(has_all(block, 7, had < sizes[i] ? had : sizes[i]));
        CHECK(!heap_resize(block, SIZE_MAX));
        memset(block, 7, sizes[i]);
        had = sizes[i];
    }
    heap_free(block);
}

enum { N_SLOTS = 200, N_ROUNDS = 20000, N_THREADS = 4 };
struct slot {
    unsigned char *block;
    size_t n;
};

/* Blocks of random sizes, each filled with a value of its own; what one thread leaves another frees. */
static void *churn(void *ctx)
{
    struct slot *slots = ctx;
    uint32_t random = (uint32_t)(uintptr_t)ctx;
    size_t n_wrong = 0;
    for (uint32_t round = 0; round < N_ROUNDS; round++) {
        random = random * 1664525u + 1013904223u;
        struct slot *s = &slots[(random >> 16) % N_SLOTS];
        unsigned char value = (unsigned char)(s - slots);
        n_wrong += s->block && !has_all(s->block, value, s->n);
        heap_free(s->block);
        s->n = (random >> 8) % (round % 100 ? 600 : 200000);
        s->block = heap_alloc(s->n);
        memset(s->block, value, s->n);
    }
    return (void *)n_wrong;
}

static void threads_do_not_meet(void)
{
    static struct slot slots[N_THREADS][N_SLOTS];
    pthread_t threads[N_THREADS];
    for (uint32_t turn = 0; turn < 2; turn++) { /* in the second, other threads go on with the same blocks */
        for (uint32_t i = 0; i < N_THREADS; i++)
            CHECK(!pthread_create(&threads[i], NULL, churn, slots[(i + turn) % N_THREADS]));
        for (uint32_t i = 0; i < N_THREADS; i++) {
            void *n_wrong;
            pthread_join(threads[i], &n_wrong);
            CHECK(!n_wrong);
        }
    }
    for (uint32_t i = 0; i < N_THREADS; i++)
        for (uint32_t k = 0; k < N_SLOTS; k++)
            heap_free(slots[i][k].block);
}

int main(void)
{
    sizes_and_alignments();
    aligned_blocks();
    resized_blocks_keep_their_bytes();
    threads_do_not_meet();
    return test_finish();
}
