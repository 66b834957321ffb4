/* runtime_stream.c - streams, events and buffers: order, independence, errors that come later, and ends in any order.
 */
#include "tests/unit/test.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "tests/unit/runtime_module.h"

/* A sanitizer gives up where libc says no, unless told otherwise. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}

/* -- kernels ----------------------------------------------------------------------------------- */

/* Holds a launch back until the test opens the gate. */
static _Atomic uint32_t gate_open;

static void gate_kernel(const struct vyre_cpu_launch *l, uint64_t first, uint64_t n, void *scratch)
{
    (void)l, (void)first, (void)n, (void)scratch;
    while (!atomic_load(&gate_open))
        sched_yield();
}

/* state = state * 10 + digit: shows the order of launches. */
static void digit_kernel(const struct vyre_cpu_launch *l, uint64_t first, uint64_t n, void *scratch)
{
    (void)first, (void)n, (void)scratch;
    uint32_t *state = l->buffers[0].bytes;
    *state = *state * 10 + (uint32_t)l->params[0];
}

static void trap_kernel(const struct vyre_cpu_launch *l, uint64_t first, uint64_t n, void *scratch)
{
    (void)n, (void)scratch;
    l->trap(l->trap_ctx, first, 42);
}

enum unit { GATE, DIGIT, TRAP };
struct digit_args {
    vyre_span state;
    uint32_t digit;
};

static struct vyre_module *make_module(void)
{
    module_begin();
    module_program("gate", gate_kernel, 1, 0, 1);
    module_dispatch(module_const(1));
    module_program("digit", digit_kernel, 1, 0, 1);
    module_buffer("state", VYRE_TYPE_U32, VYRE_ACCESS_READ_WRITE, 1);
    module_param("digit", VYRE_TYPE_U32, 4);
    module_dispatch(module_const(1));
    module_program("trap", trap_kernel, 1, 0, 1);
    module_dispatch(module_const(1));
    return module_end();
}

static const struct vyre_module *m;
static const char nothing;

static vyre_context *open_context(void)
{
    vyre_context *c = NULL;
    vyre_options options = {.size = sizeof options, .backends = "cpu", .threads = 2};
    CHECK_INT(vyre_context_create(&options, &c), VYRE_OK);
    return c;
}

static vyre_event *launch_digit(vyre_context *c, vyre_stream *s, vyre_span state, uint32_t digit)
{
    struct digit_args args = {state, digit};
    vyre_event *event = NULL;
    CHECK_INT(vyre_rt_run_async(c, m, DIGIT, s, &args, &event), VYRE_OK);
    args.digit = 9; /* the struct was copied */
    return event;
}

/* -- tests ------------------------------------------------------------------------------------- */

static void keeps_order(vyre_context *c)
{
    vyre_stream *s;
    uint32_t state = 0, seen = 0;
    vyre_buffer *b;
    vyre_event *done;
    CHECK_INT(vyre_stream_create(c, &s), VYRE_OK);
    CHECK_INT(vyre_buffer_create(c, VYRE_BUFFER_DEVICE, 4, &b), VYRE_OK);
    atomic_store(&gate_open, 0);
    CHECK_INT(vyre_rt_run_async(c, m, GATE, s, &nothing, NULL), VYRE_OK);
    state = 1;
    CHECK_INT(vyre_buffer_write_async(b, s, 0, &state, 4, NULL), VYRE_OK);
    vyre_event *two = launch_digit(c, s, vyre_device(b, 0, 1), 2);
    vyre_event_destroy(launch_digit(c, s, vyre_device(b, 0, 1), 3)); /* done all the same */
    CHECK_INT(vyre_buffer_read_async(b, s, 0, &seen, 4, &done), VYRE_OK);
    CHECK_INT(vyre_event_query(two), VYRE_ERROR_NOT_READY);
    CHECK_INT(vyre_event_times(two, NULL, NULL), VYRE_ERROR_NOT_READY);
    CHECK_INT(vyre_buffer_map(b, VYRE_MAP_READ, (void **)&(void *){NULL}), VYRE_ERROR_MAPPED); /* in use */
    vyre_buffer_destroy(b); /* work in flight keeps it */
    CHECK_UINT(seen, 0);
    atomic_store(&gate_open, 1);
    CHECK_INT(vyre_event_wait(done), VYRE_OK);
    CHECK_UINT(seen, 123);
    CHECK_INT(vyre_event_query(two), VYRE_OK);
    uint64_t wall = 0, device = 0;
    CHECK_INT(vyre_event_times(two, &wall, &device), VYRE_OK);
    CHECK(wall >= device);
    CHECK_STRING(vyre_event_message(two), "");
    vyre_event_destroy(two);
    vyre_event_destroy(done);
    vyre_stream_destroy(s);
}

static void keeps_streams_apart(vyre_context *c)
{
    vyre_stream *held, *other;
    uint32_t state = 0;
    CHECK_INT(vyre_stream_create(c, &held), VYRE_OK);
    CHECK_INT(vyre_stream_create(c, &other), VYRE_OK);
    atomic_store(&gate_open, 0);
    vyre_event *gate;
    CHECK_INT(vyre_rt_run_async(c, m, GATE, held, &nothing, &gate), VYRE_OK);
    vyre_event_destroy(launch_digit(c, other, vyre_host(&state, 1), 1));
    CHECK_INT(vyre_stream_wait(c, other), VYRE_OK); /* however long `held` is held */
    CHECK_UINT(state, 1);

    /* From here on `other` goes on only after the gate. */
    CHECK_INT(vyre_stream_wait_event(c, other, gate), VYRE_OK);
    vyre_event *two = launch_digit(c, other, vyre_host(&state, 1), 2);
    vyre_event_destroy(gate);
    CHECK_INT(vyre_event_query(two), VYRE_ERROR_NOT_READY);
    atomic_store(&gate_open, 1);
    CHECK_INT(vyre_event_wait(two), VYRE_OK);
    CHECK_UINT(state, 12);
    vyre_event_destroy(two);
    vyre_stream_destroy(held);
    vyre_stream_destroy(other);
}

static void tells_errors_later(vyre_context *c)
{
    vyre_stream *s;
    vyre_event *event;
    vyre_trap trap;
    uint32_t state = 0;
    CHECK_INT(vyre_stream_create(c, &s), VYRE_OK);
    CHECK_INT(vyre_rt_run_async(c, m, TRAP, s, &nothing, &event), VYRE_OK);
    CHECK_INT(vyre_event_wait(event), VYRE_ERROR_TRAP);
    CHECK_INT(vyre_event_trap(event, &trap), VYRE_OK);
    CHECK_UINT(trap.code, 42);
    CHECK_STRING(trap.program, "trap");
    CHECK(strstr(vyre_event_message(event), "trap(42)"));
    CHECK_STRING(vyre_context_message(c), vyre_event_message(event));
    vyre_event_destroy(event);
    CHECK_INT(vyre_stream_wait(c, s), VYRE_OK); /* the event had it */

    CHECK_INT(vyre_rt_run_async(c, m, TRAP, s, &nothing, NULL), VYRE_OK);
    vyre_event *after = launch_digit(c, s, vyre_host(&state, 1), 5);
    CHECK_INT(vyre_stream_wait(c, s), VYRE_ERROR_TRAP);
    CHECK_INT(vyre_stream_wait(c, s), VYRE_OK);
    CHECK_INT(vyre_event_trap(after, &trap), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_UINT(state, 5); /* the stream goes on */
    vyre_event_destroy(after);
    vyre_stream_destroy(s);
}

static void uses_the_own_stream(vyre_context *c)
{
    uint32_t state = 0;
    CHECK_INT(vyre_stream_wait(c, NULL), VYRE_OK);
    for (uint32_t i = 1; i <= 5; i++)
        vyre_event_destroy(launch_digit(c, NULL, vyre_host(&state, 1), i));
    CHECK_INT(vyre_stream_wait(c, NULL), VYRE_OK);
    CHECK_UINT(state, 12345);
    CHECK_INT(vyre_stream_wait(NULL, NULL), VYRE_ERROR_INVALID_ARGUMENT);
}

static void refuses_strangers(vyre_context *c)
{
    vyre_context *other = open_context();
    vyre_stream *s;
    vyre_event *event = NULL;
    uint32_t state = 0;
    struct digit_args args = {vyre_host(&state, 1), 1};
    CHECK_INT(vyre_stream_create(other, &s), VYRE_OK);
    CHECK_INT(vyre_rt_run_async(c, m, DIGIT, s, &args, &event), VYRE_ERROR_WRONG_CONTEXT);
    CHECK(!event);
    CHECK_INT(vyre_rt_run_async(other, m, DIGIT, s, &args, &event), VYRE_OK);
    CHECK_INT(vyre_stream_wait_event(c, NULL, event), VYRE_ERROR_WRONG_CONTEXT);
    CHECK_INT(vyre_stream_wait_event(c, s, event), VYRE_ERROR_WRONG_CONTEXT);
    CHECK_INT(vyre_stream_wait_event(c, NULL, NULL), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_INT(vyre_stream_wait(c, s), VYRE_ERROR_WRONG_CONTEXT);
    CHECK_INT(vyre_event_wait(event), VYRE_OK);
    CHECK_UINT(state, 1);
    vyre_event_destroy(event);
    vyre_stream_destroy(s);
    vyre_context_destroy(other);
    CHECK_INT(vyre_event_wait(NULL), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_INT(vyre_event_query(NULL), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_STRING(vyre_event_message(NULL), "");
    CHECK_INT(vyre_stream_create(c, NULL), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_INT(vyre_stream_create(NULL, &s), VYRE_ERROR_INVALID_ARGUMENT);
    vyre_event_destroy(NULL);
    vyre_stream_destroy(NULL);
    vyre_buffer_destroy(NULL);
    vyre_context_destroy(NULL);
}

static void uses_buffers(vyre_context *c)
{
    vyre_buffer *b, *wrapped;
    unsigned char mine[300], back[300] = {0};
    vyre_buffer_kind kind;
    uint64_t bytes;
    void *mapped;
    memset(mine, 7, sizeof mine);
    CHECK_INT(vyre_buffer_create(c, VYRE_BUFFER_MAPPED, 300, &b), VYRE_OK);
    CHECK_INT(vyre_buffer_read(b, 0, back, 300), VYRE_OK);
    for (int i = 0; i < 300; i++)
        CHECK_UINT(back[i], 0);
    CHECK_INT(vyre_buffer_write(b, 100, mine, 100), VYRE_OK);
    CHECK_INT(vyre_buffer_map(b, VYRE_MAP_READ | VYRE_MAP_WRITE, &mapped), VYRE_OK);
    CHECK_UINT((uintptr_t)mapped % 256, 0);
    CHECK_UINT(((unsigned char *)mapped)[99], 0);
    CHECK_UINT(((unsigned char *)mapped)[100], 7);
    CHECK_INT(vyre_buffer_read(b, 0, back, 1), VYRE_ERROR_MAPPED);
    CHECK_INT(vyre_buffer_map(b, VYRE_MAP_READ, &mapped), VYRE_ERROR_MAPPED);
    CHECK_INT(vyre_buffer_unmap(b), VYRE_OK);
    CHECK_INT(vyre_buffer_unmap(b), VYRE_ERROR_MAPPED);
    CHECK_INT(vyre_buffer_map(b, 0, &mapped), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_INT(vyre_buffer_write(b, 201, mine, 100), VYRE_ERROR_LENGTH);
    CHECK_INT(vyre_buffer_write(b, UINT64_MAX, mine, 1), VYRE_ERROR_LENGTH);
    CHECK_INT(vyre_buffer_write(b, 300, mine, 0), VYRE_OK);
    CHECK_INT(vyre_buffer_read(b, 0, NULL, 1), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_INT(vyre_buffer_read(b, 0, NULL, 0), VYRE_OK);
    CHECK_INT(vyre_buffer_read_async(b, NULL, 1, back, 300, NULL), VYRE_ERROR_LENGTH);
    CHECK_INT(vyre_buffer_get_info(b, &kind, &bytes), VYRE_OK);
    CHECK_INT(kind, VYRE_BUFFER_MAPPED);
    CHECK_UINT(bytes, 300);

    CHECK_INT(vyre_buffer_wrap_host(c, mine, 300, &wrapped), VYRE_OK);
    CHECK_INT(vyre_buffer_write(wrapped, 0, back, 1), VYRE_OK);
    CHECK_UINT(mine[0], 0);
    CHECK_UINT(mine[1], 7);
    vyre_buffer_destroy(wrapped);
    CHECK_INT(vyre_buffer_wrap_host(c, NULL, 1, &wrapped), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_INT(vyre_buffer_wrap_host(c, mine, UINT64_MAX, &wrapped), VYRE_ERROR_OVERFLOW);
    CHECK_INT(vyre_buffer_wrap_native(c, VYRE_NATIVE_CUDA_POINTER, 1, 0, 1, &wrapped), VYRE_ERROR_UNSUPPORTED);
    CHECK(!wrapped);
    CHECK_INT(vyre_buffer_create(c, VYRE_BUFFER_HOST, 1, &wrapped), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_INT(vyre_buffer_create(c, VYRE_BUFFER_DEVICE, UINT64_MAX / 2, &wrapped), VYRE_ERROR_DEVICE_MEMORY);
    CHECK_INT(vyre_buffer_create(c, VYRE_BUFFER_DEVICE, UINT64_MAX, &wrapped), VYRE_ERROR_DEVICE_MEMORY);
    CHECK_INT(vyre_buffer_create(NULL, VYRE_BUFFER_DEVICE, 1, &wrapped), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_INT(vyre_buffer_create(c, VYRE_BUFFER_DEVICE, 0, &wrapped), VYRE_OK);
    vyre_buffer_destroy(wrapped);
    vyre_buffer_destroy(b);
}

/* A context that ends first: what was made from it stays valid, and what was queued is done. */
static void ends_in_any_order(void)
{
    vyre_context *c = open_context();
    vyre_stream *s;
    vyre_buffer *b;
    uint32_t state = 0, own = 0;
    unsigned char byte = 1;
    CHECK_INT(vyre_stream_create(c, &s), VYRE_OK);
    CHECK_INT(vyre_buffer_create(c, VYRE_BUFFER_DEVICE, 1, &b), VYRE_OK);
    atomic_store(&gate_open, 0);
    CHECK_INT(vyre_rt_run_async(c, m, GATE, s, &nothing, NULL), VYRE_OK);
    vyre_event *event = launch_digit(c, s, vyre_host(&state, 1), 8);
    vyre_event_destroy(launch_digit(c, NULL, vyre_host(&own, 1), 8));
    atomic_store(&gate_open, 1);
    vyre_context_destroy(c);
    CHECK_UINT(state, 8);
    CHECK_UINT(own, 8);
    CHECK_INT(vyre_event_wait(event), VYRE_OK);
    CHECK_INT(vyre_buffer_read(b, 0, &byte, 1), VYRE_OK);
    CHECK_UINT(byte, 0);
    vyre_stream_destroy(s);
    vyre_event_destroy(event);
    vyre_buffer_destroy(b);
}

/* -- many threads ------------------------------------------------------------------------------ */

static _Atomic uint32_t n_bad;

static void *submit_many(void *argument)
{
    vyre_context *c = argument;
    vyre_stream *s;
    n_bad += vyre_stream_create(c, &s) != VYRE_OK;
    for (uint32_t round = 0; round < 100; round++) {
        uint32_t state = 0;
        vyre_buffer *b;
        vyre_event *event;
        n_bad += vyre_buffer_create(c, VYRE_BUFFER_DEVICE, 4, &b) != VYRE_OK;
        for (uint32_t d = 1; d < 5; d++) {
            struct digit_args args = {vyre_device(b, 0, 1), d};
            n_bad += vyre_rt_run_async(c, m, DIGIT, s, &args, NULL) != VYRE_OK;
        }
        n_bad += vyre_buffer_read_async(b, s, 0, &state, 4, &event) != VYRE_OK;
        vyre_buffer_destroy(b);
        n_bad += vyre_stream_wait_event(c, NULL, event) != VYRE_OK; /* all threads on the context's own stream */
        n_bad += vyre_stream_wait(c, NULL) != VYRE_OK;
        n_bad += state != 1234;
        vyre_event_destroy(event);
    }
    vyre_stream_destroy(s);
    return NULL;
}

static void serves_many_threads(void)
{
    enum { THREADS = 5 };
    pthread_t threads[THREADS];
    vyre_context *c = open_context();
    for (int i = 0; i < THREADS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, submit_many, c), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_UINT(n_bad, 0);
    vyre_context_destroy(c);
}

int main(void)
{
    m = make_module();
    vyre_context *c = open_context();
    keeps_order(c);
    keeps_streams_apart(c);
    tells_errors_later(c);
    uses_the_own_stream(c);
    refuses_strangers(c);
    uses_buffers(c);
    vyre_context_destroy(c);
    ends_in_any_order();
    serves_many_threads();
    return test_finish();
}
