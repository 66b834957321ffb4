/* runtime_launch.c - launches on the CPU with kernels in C: what is computed, and every way in which a launch is
 * refused. */
#include "tests/unit/test.h"

#include <pthread.h>
#include <stdlib.h>

#include "tests/unit/runtime_module.h"

enum { GROUP = 64, N = 100000 };

/* -- kernels ----------------------------------------------------------------------------------- */

static uint64_t invocation_end(const struct vyre_cpu_launch *l, uint64_t first, uint64_t n)
{
    uint64_t end = (first + n) * GROUP;
    return end < l->buffers[0].count ? end : l->buffers[0].count;
}

/* to[i] = from[i] + bias */
static void add_kernel(const struct vyre_cpu_launch *l, uint64_t first, uint64_t n, void *scratch)
{
    const uint32_t *from = l->buffers[0].bytes;
    uint32_t *to = l->buffers[1].bytes;
    (void)scratch;
    for (uint64_t i = first * GROUP; i < invocation_end(l, first, n); i++)
        if (i < l->buffers[1].count) to[i] = from[i] + (uint32_t)l->params[0];
}

/* Every third element of `to`, so that the others show whether they were zeroed. */
static void third_kernel(const struct vyre_cpu_launch *l, uint64_t first, uint64_t n, void *scratch)
{
    uint32_t *to = l->buffers[0].bytes;
    (void)scratch;
    for (uint64_t i = first * GROUP; i < invocation_end(l, first, n); i++)
        if (i % 3 == 0) to[i] = 1;
}

static void trap_kernel(const struct vyre_cpu_launch *l, uint64_t first, uint64_t n, void *scratch)
{
    const uint32_t *from = l->buffers[0].bytes;
    (void)scratch;
    for (uint64_t i = first * GROUP; i < invocation_end(l, first, n); i++)
        if (from[i]) l->trap(l->trap_ctx, i, from[i]);
}

/* Phase 0 leaves a number of its own in each workgroup's scratch, phase 1 reads it and the left neighbour's output. */
static void phases_kernel(const struct vyre_cpu_launch *l, uint64_t first, uint64_t n, void *scratch)
{
    uint32_t *to = l->buffers[0].bytes;
    for (uint64_t g = 0; g < n; g++) {
        uint64_t *own = (uint64_t *)((char *)scratch + g * l->scratch_stride_bytes);
        if (l->phase == 0) {
            *own = (first + g) * 7;
            to[first + g] = 1;
        } else {
            to[l->groups[0] + first + g] = (uint32_t)*own + to[(first + g + 1) % l->groups[0]];
        }
    }
}

/* -- a module ---------------------------------------------------------------------------------- */

enum unit { ADD, THIRD, TRAP, PHASES, SIZED, UNWRITTEN_TAIL, HUGE_GRID, TWICE, STOP, TEMPS, SAME, BUDGET };

static void add_program(const char *name, uint64_t count)
{
    module_program(name, add_kernel, 1, 0, GROUP);
    module_buffer("from", VYRE_TYPE_U32, VYRE_ACCESS_READ, count);
    module_buffer("to", VYRE_TYPE_U32, VYRE_ACCESS_READ_WRITE, count);
    module_param("bias", VYRE_TYPE_U32, 4);
    module_dispatch(module_len(0));
}

static void make_programs(void)
{
    add_program("add", 0);
    module_program("third", third_kernel, 1, 64, GROUP);
    module_buffer("to", VYRE_TYPE_U32, VYRE_ACCESS_WRITE, 0);
    module_dispatch(module_len(0));
    module_program("trap", trap_kernel, 1, 0, GROUP);
    module_buffer("codes", VYRE_TYPE_U32, VYRE_ACCESS_READ, 0);
    module_dispatch(module_len(0));
    module_program("phases", phases_kernel, 2, 64, 1);
    module_buffer("to", VYRE_TYPE_U32, VYRE_ACCESS_READ_WRITE, 0);
    module_len(0);
    module_const(2);
    module_dispatch(module_op(VYRE_META_OP_DIV, VYRE_TYPE_U32, 0) - 2);
    add_program("sized", 100);
    module_program("unwritten_tail", third_kernel, 1, 0, GROUP);
    struct vyre_meta_buffer *b = module_buffer("to", VYRE_TYPE_U32, VYRE_ACCESS_WRITE, 0);
    b->prefix = module_finish(module_const(90));
    module_dispatch(module_const(0));
    module_program("huge_grid", trap_kernel, 1, 0, GROUP);
    module_buffer("codes", VYRE_TYPE_U32, VYRE_ACCESS_READ, 0);
    module_param("n", VYRE_TYPE_U64, 8);
    module_dispatch(module_op(VYRE_META_OP_PARAM, VYRE_TYPE_U64, 0));
}

/* mid = from + bias; to = mid + bias, in a temp of len(from) elements. */
static void make_twice(const char *name, uint32_t second)
{
    module_unit(name);
    module_buffer("from", VYRE_TYPE_U32, VYRE_ACCESS_READ, 0);
    module_buffer("to", VYRE_TYPE_U32, VYRE_ACCESS_WRITE, 0);
    module_param("bias", VYRE_TYPE_U32, 4);
    module_temp("mid", VYRE_TYPE_U32, module_len(0));
    module_arm("first", ADD);
    module_arg(0);
    module_arg(2);
    module_value(module_op(VYRE_META_OP_PARAM, 0, 0));
    module_arm("second", second);
    module_arg(2);
    if (second == TRAP) return;
    module_arg(1);
    module_op(VYRE_META_OP_PARAM, VYRE_TYPE_U32, 0);
    module_const(1);
    module_value(module_op(VYRE_META_OP_ADD, VYRE_TYPE_U32, 0) - 2);
}

static struct vyre_module *make_module(void)
{
    module_begin();
    make_programs();
    make_twice("twice", ADD);
    make_twice("stop", TRAP);
    module_arm("never", THIRD);
    module_arg(1);
    module_unit("temps");
    module_buffer("to", VYRE_TYPE_U32, VYRE_ACCESS_READ_WRITE, 0);
    module_temp("zeros", VYRE_TYPE_U32, module_len(0));
    module_arm("only", ADD);
    module_arg(1);
    module_arg(0);
    module_value(module_const(5));
    module_unit("same");
    module_buffer("both", VYRE_TYPE_U32, VYRE_ACCESS_READ_WRITE, 0);
    module_arm("only", ADD);
    module_arg(0);
    module_arg(0);
    module_value(module_const(5));
    make_twice("budget", ADD);
    module_last()->budget_bytes = 4096;
    return module_end();
}

struct add_args {
    vyre_span from, to;
    uint32_t bias;
};
struct to_args {
    vyre_span to;
};
struct grid_args {
    vyre_span codes;
    uint64_t n;
};

static vyre_context *open_context(uint32_t threads)
{
    vyre_context *c = NULL;
    vyre_options options = {.size = sizeof options, .backends = "cpu", .threads = threads};
    CHECK_INT(vyre_context_create(&options, &c), VYRE_OK);
    return c;
}

/* -- what is computed -------------------------------------------------------------------------- */

static void checks_add(vyre_context *c, const struct vyre_module *m, uint32_t unit, uint32_t n, uint32_t bias,
                       uint32_t sum)
{
    uint32_t *from = calloc(n + 1, 4), *to = calloc(n + 1, 4);
    bool same = true;
    for (uint32_t i = 0; i < n; i++)
        from[i] = i * 2654435761u;
    to[n] = 77;
    struct add_args args = {vyre_host(from, n), vyre_host(to, n), bias};
    CHECK_INT(vyre_rt_run(c, m, unit, &args), VYRE_OK);
    for (uint32_t i = 0; i < n; i++)
        same &= to[i] == from[i] + sum;
    CHECK(same);
    CHECK_UINT(to[n], 77);
    free(from);
    free(to);
}

static void checks_sums(vyre_context *c, const struct vyre_module *m)
{
    static const uint32_t sizes[] = {0, 1, 63, 64, 65, 1000, N};
    for (uint32_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        checks_add(c, m, ADD, sizes[i], 5, 5);
        checks_add(c, m, TWICE, sizes[i], 5, 11);
    }
}

static void checks_zeros(vyre_context *c, const struct vyre_module *m)
{
    uint32_t *to = malloc(N * sizeof *to);
    bool same = true;
    memset(to, 255, N * sizeof *to);
    struct to_args args = {vyre_host(to, N)};
    CHECK_INT(vyre_rt_run(c, m, THIRD, &args), VYRE_OK);
    for (uint32_t i = 0; i < N; i++)
        same &= to[i] == (i % 3 == 0);
    CHECK(same);

    memset(to, 255, N * sizeof *to);
    CHECK_INT(vyre_rt_run(c, m, UNWRITTEN_TAIL, &args), VYRE_OK); /* nothing runs, and zeros go from 90 on */
    CHECK_UINT(to[89], UINT32_MAX);
    CHECK_UINT(to[90], 0);
    CHECK_UINT(to[N - 1], 0);

    /* Twice: the second time the temp's memory has been used. */
    for (int round = 0; round < 2; round++) {
        CHECK_INT(vyre_rt_run(c, m, TEMPS, &args), VYRE_OK);
        for (uint32_t i = 0; i < N; i++)
            same &= to[i] == 5;
    }
    CHECK(same);
    free(to);
}

static void checks_phases(vyre_context *c, const struct vyre_module *m)
{
    enum { GROUPS = 1000 };
    static uint32_t to[2 * GROUPS];
    bool same = true;
    memset(to, 0, sizeof to);
    struct to_args args = {vyre_host(to, 2 * GROUPS)};
    CHECK_INT(vyre_rt_run(c, m, PHASES, &args), VYRE_OK);
    for (uint32_t g = 0; g < GROUPS; g++)
        same &= to[GROUPS + g] == g * 7 + 1;
    CHECK(same);
}

static void checks_traps(vyre_context *c, const struct vyre_module *m)
{
    uint32_t *codes = calloc(N, sizeof *codes);
    vyre_trap trap = {0};
    struct to_args args = {vyre_host(codes, N)};
    CHECK_INT(vyre_rt_run(c, m, TRAP, &args), VYRE_OK);
    for (uint32_t i = 777; i < N; i += 3)
        codes[i] = i;
    CHECK_INT(vyre_rt_run(c, m, TRAP, &args), VYRE_ERROR_TRAP);
    CHECK_INT(vyre_context_trap(c, &trap), VYRE_OK);
    CHECK_UINT(trap.invocation, 777);
    CHECK_UINT(trap.code, 777);
    CHECK_STRING(trap.program, "trap");
    CHECK_STRING(trap.arm, "");
    CHECK_STRING(vyre_context_message(c),
                 "trap: 'trap' executed trap(777) in invocation 777: what it writes is unspecified");

    /* A pipeline stops there: the third arm would write `to`. */
    uint32_t to[4] = {9, 9, 9, 9}, from[4] = {0, 0, 3, 4};
    struct add_args stop = {vyre_host(from, 4), vyre_host(to, 4), 0};
    CHECK_INT(vyre_rt_run(c, m, STOP, &stop), VYRE_ERROR_TRAP);
    CHECK_INT(vyre_context_trap(c, &trap), VYRE_OK);
    CHECK_UINT(trap.invocation, 2);
    CHECK_STRING(trap.arm, "second");
    CHECK_UINT(to[0], 9);
    free(codes);
}

static void checks_workspace(vyre_context *c, const struct vyre_module *m)
{
    uint32_t from[10], to[10];
    uint64_t bytes = 1;
    struct add_args args = {vyre_host(from, 10), vyre_host(to, 10), 0};
    CHECK_INT(vyre_rt_workspace(c, m, ADD, &args, &bytes), VYRE_OK);
    CHECK_UINT(bytes, 0);
    CHECK_INT(vyre_rt_workspace(c, m, TWICE, &args, &bytes), VYRE_OK);
    CHECK_UINT(bytes, 40);
    CHECK_INT(vyre_rt_workspace(c, m, TWICE, &args, NULL), VYRE_ERROR_INVALID_ARGUMENT);
}

/* -- what is refused: before the launch, with nothing written ---------------------------------- */

static uint32_t memory[256];

static void refuses(vyre_context *c, const struct vyre_module *m, uint32_t unit, const void *args, vyre_status want,
                    const char *why)
{
    uint64_t bytes;
    memset(memory, 0x5a, sizeof memory);
    vyre_event *event = (vyre_event *)c;
    CHECK_INT(vyre_rt_run(c, m, unit, args), want);
    if (!CHECK(strstr(vyre_context_message(c), why))) fprintf(stderr, "    message: %s\n", vyre_context_message(c));
    CHECK_INT(vyre_rt_run_async(c, m, unit, NULL, args, &event), want);
    CHECK(!event);
    CHECK_INT(vyre_rt_workspace(c, m, unit, args, &bytes), want);
    for (uint32_t i = 0; i < 256; i++)
        if (memory[i] != 0x5a5a5a5a) CHECK_UINT(i, 256);
}

static void refuses_lengths(vyre_context *c, const struct vyre_module *m)
{
    struct add_args args = {vyre_host(memory, 100), vyre_host(memory + 100, 99), 0};
    refuses(c, m, SIZED, &args, VYRE_ERROR_LENGTH, "sized: 'to' has 99 elements and needs 100");
    args = (struct add_args){vyre_host(memory, 0), vyre_host(memory + 100, 100), 0};
    refuses(c, m, SIZED, &args, VYRE_ERROR_LENGTH, "'from' has 0 elements");
    args = (struct add_args){vyre_host(memory, UINT64_C(1) << 32), vyre_host(memory, 1), 0};
    refuses(c, m, ADD, &args, VYRE_ERROR_LENGTH, "4294967296 elements");
    args.from.count = UINT64_MAX;
    refuses(c, m, ADD, &args, VYRE_ERROR_LENGTH, "18446744073709551615 elements");
    args.from.count = UINT32_MAX;
    refuses(c, m, ADD, &args, VYRE_ERROR_ALIASING, "overlap");

    /* Of a longer buffer only the declared count is used, however long it claims to be. */
    memset(memory, 0, sizeof memory);
    args = (struct add_args){vyre_host(memory, UINT64_MAX), vyre_host(memory + 100, UINT64_MAX), 3};
    CHECK_INT(vyre_rt_run(c, m, SIZED, &args), VYRE_OK);
    CHECK_UINT(memory[199], 3);
    CHECK_UINT(memory[200], 0);
}

static void refuses_pointers(vyre_context *c, const struct vyre_module *m)
{
    struct add_args args = {vyre_host(NULL, 1), vyre_host(memory, 1), 0};
    refuses(c, m, ADD, &args, VYRE_ERROR_INVALID_ARGUMENT, "'from' is a null pointer with 1 elements");
    args = (struct add_args){vyre_host((char *)memory + 2, 1), vyre_host(memory + 4, 1), 0};
    refuses(c, m, ADD, &args, VYRE_ERROR_MISALIGNED, "not a multiple of 4");
    args = (struct add_args){vyre_host((void *)(UINTPTR_MAX - 7), 3), vyre_host(memory, 1), 0};
    refuses(c, m, ADD, &args, VYRE_ERROR_OVERFLOW, "address space");
    args = (struct add_args){vyre_host(NULL, 0), vyre_host(NULL, 0), 0};
    CHECK_INT(vyre_rt_run(c, m, ADD, &args), VYRE_OK);
    args = (struct add_args){vyre_host((void *)1, 0), vyre_host(memory, 0), 0};
    CHECK_INT(vyre_rt_run(c, m, ADD, &args), VYRE_OK);
    refuses(c, m, ADD, NULL, VYRE_ERROR_INVALID_ARGUMENT, "argument struct is a null pointer");
    refuses(c, NULL, ADD, &args, VYRE_ERROR_INVALID_ARGUMENT, "object is a null pointer");
    refuses(c, m, 99, &args, VYRE_ERROR_INVALID_ARGUMENT, "number 99");
    CHECK_INT(vyre_rt_run(NULL, m, ADD, &args), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_INT(vyre_rt_run_async(NULL, m, ADD, NULL, &args, NULL), VYRE_ERROR_INVALID_ARGUMENT);
}

static void refuses_overlap(vyre_context *c, const struct vyre_module *m)
{
    struct add_args args = {vyre_host(memory, 10), vyre_host(memory + 9, 10), 0};
    refuses(c, m, ADD, &args, VYRE_ERROR_ALIASING, "'from' and 'to' overlap");
    args = (struct add_args){vyre_host(memory + 9, 10), vyre_host(memory, 10), 0};
    refuses(c, m, TWICE, &args, VYRE_ERROR_ALIASING, "overlap");
    args = (struct add_args){vyre_host(memory, 10), vyre_host(memory + 10, 10), 0};
    CHECK_INT(vyre_rt_run(c, m, ADD, &args), VYRE_OK);
    struct to_args same = {vyre_host(memory, 10)};
    refuses(c, m, SAME, &same, VYRE_ERROR_ALIASING, "same, arm only: 'to' gets the same buffer");
    same.to.count = 0;
    CHECK_INT(vyre_rt_run(c, m, SAME, &same), VYRE_OK);
}

static void refuses_sizes(vyre_context *c, const struct vyre_module *m)
{
    struct grid_args grid = {vyre_host(memory, 0), (UINT64_C(1) << 32) + 1};
    refuses(c, m, HUGE_GRID, &grid, VYRE_ERROR_GRID, "ids are 32 bits");
    grid.n = UINT64_MAX;
    refuses(c, m, HUGE_GRID, &grid, VYRE_ERROR_GRID, "18446744073709551615 invocations");
    struct add_args args = {vyre_host(memory, 4), vyre_host(memory + 4, 4), UINT32_MAX};
    refuses(c, m, TWICE, &args, VYRE_ERROR_OVERFLOW, "twice, arm second: the value for 'bias'");
    uint32_t *large = malloc(4100);
    args = (struct add_args){vyre_host(large, 1025), vyre_host(memory, 1), 0};
    refuses(c, m, BUDGET, &args, VYRE_ERROR_BUDGET, "temps need 4100 bytes, and its budget is 4096");
    free(large);
    memset(memory, 0, sizeof memory);
    struct to_args empty = {vyre_host(memory, 0)};
    CHECK_INT(vyre_rt_run(c, m, PHASES, &empty), VYRE_OK);
}

static void refuses_buffers(vyre_context *c, const struct vyre_module *m)
{
    vyre_context *other = open_context(1);
    vyre_buffer *b, *foreign;
    void *mapped;
    CHECK_INT(vyre_buffer_create(c, VYRE_BUFFER_DEVICE, 400, &b), VYRE_OK);
    CHECK_INT(vyre_buffer_create(other, VYRE_BUFFER_DEVICE, 400, &foreign), VYRE_OK);
    struct add_args args = {vyre_device(foreign, 0, 10), vyre_host(memory, 10), 0};
    refuses(c, m, ADD, &args, VYRE_ERROR_WRONG_CONTEXT, "another context");
    args.from = vyre_device(b, 0, 101);
    refuses(c, m, ADD, &args, VYRE_ERROR_LENGTH, "404 bytes from byte 0 on, of a buffer of 400");
    args.from = vyre_device(b, 396, 2);
    refuses(c, m, ADD, &args, VYRE_ERROR_LENGTH, "8 bytes from byte 396 on");
    args.from = vyre_device(b, UINT64_MAX, 1);
    refuses(c, m, ADD, &args, VYRE_ERROR_LENGTH, "from byte 18446744073709551615");
    args.from = vyre_device(b, 2, 1);
    refuses(c, m, ADD, &args, VYRE_ERROR_MISALIGNED, "multiple of 4");
    args = (struct add_args){vyre_device(b, 0, 10), vyre_device(b, 20, 10), 0};
    refuses(c, m, ADD, &args, VYRE_ERROR_ALIASING, "overlap");
    CHECK_INT(vyre_buffer_map(b, VYRE_MAP_READ, &mapped), VYRE_OK);
    args = (struct add_args){vyre_device(b, 0, 10), vyre_host(memory, 10), 0};
    refuses(c, m, ADD, &args, VYRE_ERROR_MAPPED, "unmap it");
    CHECK_INT(vyre_buffer_unmap(b), VYRE_OK);
    CHECK_INT(vyre_rt_run(c, m, ADD, &args), VYRE_OK);
    CHECK_INT(vyre_buffer_map(b, VYRE_MAP_READ, &mapped), VYRE_OK); /* nothing refused has kept it */
    vyre_buffer_destroy(b);
    vyre_buffer_destroy(foreign);
    vyre_context_destroy(other);
}

/* -- memory that runs out ---------------------------------------------------------------------- */

struct failing {
    _Atomic uint64_t n;
    uint64_t fail_at;
    _Atomic int64_t live;
};

static void *get_or_fail(void *ctx, size_t bytes, size_t alignment)
{
    struct failing *f = ctx;
    void *block = NULL;
    if (++f->n == f->fail_at) return NULL;
    if (alignment < sizeof(void *)) alignment = sizeof(void *);
    if (posix_memalign(&block, alignment, bytes)) return NULL;
    f->live++;
    return memset(block, 0xee, bytes);
}

static void put_back(void *ctx, void *block, size_t bytes, size_t alignment)
{
    struct failing *f = ctx;
    (void)bytes, (void)alignment;
    f->live--;
    free(block);
}

/* Everything that asks for memory, once; true when nothing failed. */
static bool use_all(const vyre_allocator *allocator, const struct vyre_module *m)
{
    vyre_options options = {.size = sizeof options, .backends = "cpu", .threads = 1, .allocator = allocator};
    uint32_t from[100] = {1}, to[100];
    struct add_args args = {vyre_host(from, 100), vyre_host(to, 100), 1};
    vyre_context *c = NULL;
    vyre_event *event = NULL;
    vyre_buffer *buffer = NULL;
    vyre_status status = vyre_context_create(&options, &c);
    if (!status) status = vyre_rt_run(c, m, TWICE, &args);
    if (!status) status = vyre_buffer_create(c, VYRE_BUFFER_DEVICE, 400, &buffer);
    args.from = vyre_device(buffer, 0, 100);
    if (!status) status = vyre_rt_run_async(c, m, ADD, NULL, &args, &event);
    if (!status) status = vyre_event_wait(event);
    if (!status) status = vyre_buffer_read_async(buffer, NULL, 0, to, 400, NULL);
    if (!status) status = vyre_stream_wait(c, NULL);
    CHECK(!status || status == VYRE_ERROR_OUT_OF_MEMORY || status == VYRE_ERROR_DEVICE_MEMORY);
    CHECK(!status == (to[0] == 0) || status);
    vyre_event_destroy(event);
    vyre_buffer_destroy(buffer);
    vyre_context_destroy(c);
    return !status;
}

static void checks_failing_memory(const struct vyre_module *m)
{
    uint64_t n_failed = 0;
    for (uint64_t at = 1;; at++) {
        struct failing f = {.fail_at = at};
        vyre_allocator allocator = {&f, get_or_fail, put_back};
        bool ok = use_all(&allocator, m);
        CHECK_INT(f.live, 0);
        n_failed += !ok;
        if (f.n < at) break; /* it was never asked that often */
    }
    CHECK(n_failed > 8);
}

/* -- several threads on one context, several contexts ------------------------------------------ */

struct worker {
    vyre_context *c;
    const struct vyre_module *m;
    uint32_t n_bad;
};

static void *launch_many(void *argument)
{
    struct worker *w = argument;
    uint32_t from[500], to[500], short_to[10];
    for (uint32_t i = 0; i < 500; i++)
        from[i] = i;
    for (uint32_t round = 0; round < 200; round++) {
        struct add_args args = {vyre_host(from, 500), vyre_host(to, 500), round};
        w->n_bad += vyre_rt_run(w->c, w->m, TWICE, &args) != VYRE_OK || to[499] != 499 + 2 * round + 1;
        struct add_args bad = {vyre_host(from, 500), vyre_host(short_to, round % 10), 0};
        w->n_bad += vyre_rt_run(w->c, w->m, SIZED, &bad) != VYRE_ERROR_LENGTH;
        char want[32];
        snprintf(want, sizeof want, "'to' has %u elements", round % 10);
        w->n_bad += !strstr(vyre_context_message(w->c), want); /* each thread has its own message */
    }
    return NULL;
}

static void checks_threads(const struct vyre_module *m)
{
    enum { WORKERS = 6 };
    vyre_context *contexts[2] = {open_context(3), open_context(2)};
    struct worker workers[WORKERS];
    pthread_t threads[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){contexts[i % 2], m, 0};
        CHECK_INT(pthread_create(&threads[i], NULL, launch_many, &workers[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_UINT(workers[i].n_bad, 0);
    }
    vyre_context_destroy(contexts[0]);
    vyre_context_destroy(contexts[1]);
}

/* -- the caller's own executor ----------------------------------------------------------------- */

static void run_backwards(void *ctx, uint32_t n, void (*job)(void *job_ctx, uint32_t i), void *job_ctx)
{
    *(uint32_t *)ctx += n;
    while (n--)
        job(job_ctx, n);
}

static void checks_executor(const struct vyre_module *m)
{
    uint32_t n_jobs = 0;
    vyre_executor executor = {&n_jobs, 4, run_backwards};
    vyre_options options = {.size = sizeof options, .backends = "cpu", .executor = &executor};
    vyre_context *c;
    CHECK_INT(vyre_context_create(&options, &c), VYRE_OK);
    checks_add(c, m, TWICE, N, 1, 3);
    CHECK(n_jobs > 0);
    vyre_context_info info = {.size = sizeof info};
    CHECK_INT(vyre_context_get_info(c, &info), VYRE_OK);
    CHECK_UINT(info.threads, 4);
    vyre_context_destroy(c);
    executor.n_workers = 0;
    CHECK_INT(vyre_context_create(&options, &c), VYRE_ERROR_INVALID_ARGUMENT);
}

/* -- damage ------------------------------------------------------------------------------------ */

static void checks_damage(const struct vyre_module *m)
{
    struct vyre_container *head = (struct vyre_container *)module_container;
    uint64_t n = head->size_bytes - VYRE_CONTAINER_TAIL, n_refused = 0, n_covered = 0;
    for (uint64_t i = 0; i < n; i++) {
        bool is_padding = i >= head->head_bytes && i < 192;
        if (i >= 192 && i >= 192 + ((struct vyre_image *)(module_container + 64))->stored_bytes) break;
        vyre_context *c = open_context(1);
        const vyre_unit *unit;
        module_container[i] ^= (unsigned char)(1u << i % 8);
        vyre_status status = vyre_rt_unit(c, m, ADD, &unit);
        module_container[i] ^= (unsigned char)(1u << i % 8);
        n_covered += !is_padding;
        n_refused += status == VYRE_ERROR_BAD_MODULE && !is_padding;
        vyre_context_destroy(c);
    }
    CHECK(n_covered > 1000);
    CHECK_UINT(n_refused, n_covered);
}

/* Metadata that contradicts itself, under checksums that are right: refused or harmless. */
static void checks_lies(const struct vyre_module *m)
{
    unsigned char saved[MODULE_BYTES];
    uint64_t n_refused = 0, n_bytes = ((struct vyre_image *)(module_container + 64))->stored_bytes;
    memcpy(saved, module_container, sizeof saved);
    uint32_t from[100] = {0}, to[100];
    for (uint64_t i = 192; i < 192 + n_bytes; i++) {
        vyre_context *c = open_context(1);
        const vyre_unit *unit;
        module_container[i] ^= 0x81;
        module_seal();
        vyre_status status = vyre_rt_unit(c, m, ADD, &unit);
        n_refused += status == VYRE_ERROR_BAD_MODULE;
        struct add_args args = {vyre_host(from, 10), vyre_host(to, 10), 1};
        uint64_t bytes;
        if (!status && i < 192 + sizeof(struct vyre_meta)) vyre_rt_workspace(c, m, TWICE, &args, &bytes);
        memcpy(module_container, saved, sizeof saved);
        vyre_context_destroy(c);
    }
    CHECK(n_refused > n_bytes / 4);
}

/* Two temps that are alive at once in one slot: the object cannot be used. */
static void checks_slots(void)
{
    const vyre_unit *unit;
    for (uint32_t slot = 0; slot < 3; slot++) {
        module_begin();
        make_programs();
        module_unit("two_temps");
        module_buffer("to", VYRE_TYPE_U32, VYRE_ACCESS_READ_WRITE, 0);
        module_temp("a", VYRE_TYPE_U32, module_len(0));
        module_temp("b", VYRE_TYPE_U32, module_len(0));
        module_tables.buffers[module_tables.n_buffers - 1].slot = slot;
        module_arm("only", ADD);
        module_arg(1);
        module_arg(2);
        module_value(module_const(5));
        vyre_context *c = open_context(1);
        CHECK_INT(vyre_rt_unit(c, module_end(), 0, &unit), slot == 1 ? VYRE_OK : VYRE_ERROR_BAD_MODULE);
        if (!slot) CHECK(strstr(vyre_context_message(c), "same memory at the same time") != NULL);
        vyre_context_destroy(c);
    }
}

static void checks_all(const struct vyre_module *m, uint32_t threads)
{
    vyre_context *c = open_context(threads);
    checks_sums(c, m);
    checks_zeros(c, m);
    checks_phases(c, m);
    checks_traps(c, m);
    checks_workspace(c, m);
    refuses_lengths(c, m);
    refuses_pointers(c, m);
    refuses_overlap(c, m);
    refuses_sizes(c, m);
    refuses_buffers(c, m);
    vyre_context_destroy(c);
}

int main(void)
{
    struct vyre_module *m = make_module();
    checks_all(m, 1);
    checks_all(m, 4);
    checks_failing_memory(m);
    checks_threads(m);
    checks_executor(m);
    checks_damage(m);
    checks_lies(m);
    checks_slots(); /* the last: it makes another module */
    return test_finish();
}
