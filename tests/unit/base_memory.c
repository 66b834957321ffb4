/* Memory, arenas and vectors: alignment, zeroing, limits, and that failing anywhere leaks nothing. */
#include "ir/base/memory.h"

#include "ir/base/arena.h"
#include "ir/base/out.h"
#include "ir/base/vec.h"
#include "tests/unit/test.h"

static struct memory memory;

static bool is_zero(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i]) return false;
    return true;
}

static void objects_are_aligned_zeroed_and_apart(void)
{
    struct arena arena;
    arena_init(&arena, &memory);
    char *previous_end = NULL;
    for (size_t size = 0; size < 20000; size = size * 5 / 4 + 1) {
        char *object = arena_alloc(&arena, size);
        CHECK((uintptr_t)object % 16 == 0);
        CHECK(is_zero(object, size));
        CHECK(object != previous_end || !size);
        memset(object, 0xff, size);
        previous_end = object + size;
    }
    arena_release(&arena);
    CHECK_UINT(memory.live_bytes, 0);
    CHECK(memory.peak_bytes >= 20000);
    CHECK_STRING(arena_printf(&arena, "%s-%d", "again", 7), "again-7");
    CHECK_STRING(arena_copy(&arena, "abcdef", 3), "abc");
    CHECK_STRING(arena_copy(&arena, NULL, 0), "");
    arena_release(&arena);
    CHECK_UINT(memory.live_bytes, 0);
}

static void big_objects_do_not_waste_the_open_chunk(void)
{
    struct arena arena;
    arena_init(&arena, &memory);
    char *first = arena_alloc(&arena, 16);
    arena_alloc(&arena, 1 << 22);
    char *second = arena_alloc(&arena, 16);
    CHECK(second > first && second - first < 4096);
    arena_release(&arena);
}

static void vectors_grow(void)
{
    struct arena arena;
    arena_init(&arena, &memory);
    VEC(uint32_t) list = {0};
    for (uint32_t i = 0; i < 1000; i++)
        vec_push(&arena, &list, i * 3);
    CHECK_UINT(list.n, 1000);
    bool right = true;
    for (uint32_t i = 0; i < list.n; i++)
        right &= list.at[i] == i * 3;
    CHECK(right);
    arena_release(&arena);
}

static void use_some_memory(void)
{
    struct arena arena;
    struct out out;
    arena_init(&arena, &memory);
    out_init(&out, &memory);
    for (int i = 0; i < 50; i++) {
        arena_alloc(&arena, 3000);
        out_printf(&out, "line %d\n", i);
    }
    out_release(&out);
    arena_release(&arena);
}

/* Makes allocation n fail; true when the work needed that many. */
static bool fails_at(uint64_t n)
{
    memory = (struct memory){.fail_at = n};
    if (setjmp(memory.recover)) {
        memory_release_all(&memory);
        return true;
    }
    use_some_memory();
    return false;
}

static void every_failing_allocation_is_survived(void)
{
    uint64_t n = 1;
    while (fails_at(n)) {
        CHECK_UINT(memory.live_bytes, 0);
        CHECK(!memory.blocks);
        n++;
    }
    CHECK(n > 10);
    CHECK_UINT(memory.n_allocs, n - 1);
}

struct counted_cleanup {
    struct memory_cleanup cleanup;
    int *n_runs;
};

static void count_run(struct memory_cleanup *cleanup)
{
    ++*((struct counted_cleanup *)cleanup)->n_runs;
}

static void fail_with_cleanups(int *n_runs)
{
    struct counted_cleanup outer = {{.run = count_run}, n_runs}, inner = outer;
    memory_push_cleanup(&memory, &outer.cleanup);
    memory_push_cleanup(&memory, &inner.cleanup);
    memory_pop_cleanup(&memory);
    memory_fail(&memory);
}

static void cleanups_run_once_before_control_leaves(void)
{
    static int n_runs;
    memory = (struct memory){0};
    if (!setjmp(memory.recover)) fail_with_cleanups(&n_runs);
    CHECK_INT(n_runs, 1);
    CHECK(!memory.cleanups);
}

static bool passes_limit(size_t limit_bytes)
{
    memory = (struct memory){.limit_bytes = limit_bytes};
    if (setjmp(memory.recover)) {
        memory_release_all(&memory);
        return false;
    }
    use_some_memory();
    return true;
}

static void limits_hold(void)
{
    CHECK(!passes_limit(10000));
    CHECK(memory.peak_bytes <= 10000);
    CHECK(passes_limit(1000000));
}

static bool array_is_refused(size_t n, size_t elem_bytes)
{
    struct arena arena;
    memory = (struct memory){0};
    if (setjmp(memory.recover)) {
        memory_release_all(&memory);
        return true;
    }
    arena_init(&arena, &memory);
    arena_array(&arena, n, elem_bytes);
    arena_release(&arena);
    return false;
}

static void overflowing_sizes_are_refused(void)
{
    CHECK(array_is_refused(SIZE_MAX / 2, 4));
    CHECK(array_is_refused(SIZE_MAX, 1));
    CHECK(array_is_refused(SIZE_MAX / 3, 1));
    CHECK(!array_is_refused(0, SIZE_MAX));
}

int main(void)
{
    if (setjmp(memory.recover)) return 1;
    objects_are_aligned_zeroed_and_apart();
    big_objects_do_not_waste_the_open_chunk();
    vectors_grow();
    every_failing_allocation_is_survived();
    cleanups_run_once_before_control_leaves();
    limits_hold();
    overflowing_sizes_are_refused();
    return test_finish();
}
