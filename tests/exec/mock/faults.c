/* faults.c cuda|hsa|vulkan - every call of a driver fails in every way, one at a time: a proper error, a context that says what
 * it is good for, nothing lost, what is only read unchanged. Then every allocation of the host fails. */
#include "tests/exec/mock/world.h"

#include <stdarg.h>

typedef long long ll;
enum { N = 200, CANARY = 0x5a5a5a5a };

struct failing {
    int64_t error;
    vyre_status status; /* of calls that use the device */
    const char *name;
};
static const struct failing cuda_errors[] = {
#define CUDA_ERROR(NAME, number, STATUS, text) {number, VYRE_##STATUS, "CUDA_ERROR_" #NAME},
#include "runtime-stub/cuda.def"
    {12345, VYRE_ERROR_SYSTEM, "CUDA_ERROR_OF_THE_MOCK"},
    {MOCK_LIE, VYRE_OK, ""},
};
static const struct failing hsa_errors[] = {
#define HSA_ERROR(NAME, number, STATUS, text) {number, VYRE_##STATUS, "HSA_STATUS_" #NAME},
#include "runtime-stub/hsa.def"
    {12345, VYRE_ERROR_SYSTEM, "an error of the mock"},
    {MOCK_LIE, VYRE_OK, ""},
};

/* Calls of Vulkan that create something have no outputs to lie about: who is told of success has a handle. */
static const struct failing vulkan_errors[] = {
    {-1, VYRE_ERROR_OUT_OF_MEMORY, "(-1)"},
    {-2, VYRE_ERROR_DEVICE_MEMORY, "(-2)"},
    {-3, VYRE_ERROR_SYSTEM, "(-3)"},
    {-4, VYRE_ERROR_DEVICE_LOST, "(-4)"},
    {-9, VYRE_ERROR_SYSTEM, ""},
    {-10, VYRE_ERROR_DEVICE_MEMORY, "(-10)"},
    {-12, VYRE_ERROR_DEVICE_MEMORY, "(-12)"},
    {-13, VYRE_ERROR_SYSTEM, "(-13)"},
};

static const char *backend;
static enum world_unit unit = BOTH;
static bool is_computing = true; /* the mock of Vulkan is not */
static struct vyre_module *module;
static char reason[1200];

/* -- memory of the host that fails too --------------------------------------------------------- */

static _Atomic int64_t n_blocks, allocations_left;
static _Atomic bool was_refused;

static void *get_block(void *ctx, size_t bytes, size_t alignment)
{
    void *block = NULL;
    (void)ctx;
    if (allocations_left && !--allocations_left) {
        was_refused = true;
        return NULL;
    }
    if (posix_memalign(&block, alignment < sizeof(void *) ? sizeof(void *) : alignment, bytes)) return NULL;
    n_blocks++;
    return block;
}

static void put_block(void *ctx, void *block, size_t bytes, size_t alignment)
{
    (void)ctx, (void)bytes, (void)alignment;
    n_blocks--;
    free(block);
}

static const vyre_allocator allocator = {NULL, get_block, put_block};

/* -- one use of everything --------------------------------------------------------------------- */

struct use {
    vyre_context *c;
    vyre_buffer *device, *mapped;
    vyre_stream *stream;
    vyre_event *event;
    uint32_t from[N + 2], to[N + 2];
    vyre_status status; /* the first failure */
    bool was_usable;
};

/* Notes the first failure and its message; true while all is well. */
static bool note(struct use *u, vyre_status status)
{
    if (!status || u->status) return !u->status;
    u->status = status;
    if (u->c) snprintf(reason, sizeof reason, "%s", vyre_context_message(u->c));
    return false;
}

static void fill(struct use *u)
{
    for (uint32_t i = 0; i < N + 2; i++)
        u->from[i] = u->to[i] = i == 0 || i == N + 1 ? CANARY : i * 5;
}

static bool is_untouched(const struct use *u)
{
    for (uint32_t i = 1; i <= N; i++)
        if (u->from[i] != i * 5) return false;
    return u->from[0] == CANARY && u->from[N + 1] == CANARY && u->to[0] == CANARY && u->to[N + 1] == CANARY;
}

static bool is_right(const struct use *u)
{
    for (uint32_t i = 1; i <= N && is_computing; i++)
        if (u->to[i] != i * 5 + world_table[(i * 15) % 4]) return false;
    return true;
}

static vyre_status create(struct use *u)
{
    vyre_options options = {.size = sizeof options,
                            .backends = backend,
                            .allocator = &allocator,
                            .strict = 1, /* the CPU must not stand in */
                            .message = reason,
                            .message_bytes = sizeof reason};
    *reason = 0;
    return vyre_context_create(&options, &u->c);
}

static vyre_status run_hosts(struct use *u)
{
    fill(u);
    struct scale_args args = {vyre_host(u->from + 1, N), vyre_host(u->to + 1, N), 3};
    return vyre_rt_run(u->c, module, unit, &args);
}

static vyre_status run_queued(struct use *u)
{
    struct scale_args args = {vyre_device(u->device, 0, N), vyre_device(u->mapped, 0, N), 3};
    vyre_status status = vyre_rt_run_async(u->c, module, unit, u->stream, &args, &u->event);
    return status ? status : vyre_event_wait(u->event);
}

static void use_buffers(struct use *u)
{
    uint64_t wall_ns, device_ns;
    if (!note(u, vyre_buffer_create(u->c, VYRE_BUFFER_DEVICE, sizeof u->from, &u->device))) return;
    if (!note(u, vyre_buffer_create(u->c, VYRE_BUFFER_MAPPED, sizeof u->from, &u->mapped))) return;
    if (!note(u, vyre_buffer_write(u->device, 0, u->from + 1, N * sizeof u->from[0]))) return;
    if (!note(u, vyre_stream_create(u->c, &u->stream)) || !note(u, run_queued(u))) return;
    note(u, vyre_event_times(u->event, &wall_ns, &device_ns));
    note(u, vyre_buffer_read(u->device, 0, u->to + 1, N * sizeof u->from[0]));
    if (world_mock->fail_at == 0)
        for (uint32_t i = 1; i <= N; i++)
            if (u->to[i] != i * 5) note(u, VYRE_ERROR_CHECK);
}

static void destroy(struct use *u)
{
    vyre_event_destroy(u->event);
    vyre_stream_destroy(u->stream);
    vyre_buffer_destroy(u->mapped);
    vyre_buffer_destroy(u->device);
    vyre_context_destroy(u->c);
}

static void check_state(struct use *u, int64_t error)
{
    vyre_context_info info = {.size = sizeof info};
    CHECK_INT(vyre_context_get_info(u->c, &info), VYRE_OK);
    CHECK(!u->status || info.usable == (u->status != VYRE_ERROR_DEVICE_LOST));
    world_mock->fail_at = 0;
    allocations_left = 0;
    vyre_status again = run_hosts(u);
    if (!info.usable) {
        CHECK_INT(again, VYRE_ERROR_DEVICE_LOST);
        CHECK(strstr(vyre_context_message(u->c), "lost before"));
    } else if (error != MOCK_LIE) { /* a lie that made something wrong lasts as long as the thing */
        if (!CHECK_INT(again, VYRE_OK)) fprintf(stderr, "    %s\n", vyre_context_message(u->c));
        CHECK(is_right(u));
    }
}

/* The status of everything; what the driver knows of us is nothing afterwards. */
static vyre_status use_all(int64_t error)
{
    struct use u = {.status = VYRE_OK};
    if (note(&u, create(&u)) && note(&u, run_hosts(&u))) {
        if (error != MOCK_LIE) CHECK(is_right(&u));
        fill(&u);
        use_buffers(&u);
    }
    CHECK(!u.c || is_untouched(&u));
    if (u.c) check_state(&u, error);
    destroy(&u);
    CHECK_INT(n_blocks, 0);
    return u.status;
}

/* -- all failures ------------------------------------------------------------------------------ */

/* The error of the table, or another where a call has reasons of its own. */
static void check_failure(const struct failing *f, uint64_t at, vyre_status status)
{
    if (f->error == MOCK_LIE) return;
    bool is_told = !status || strstr(reason, f->name) || status == VYRE_ERROR_NO_DEVICE || strstr(reason, "failed");
    if (!CHECK(is_told && (!status || *reason)))
        fprintf(stderr, "    call %lld, %s: %s, '%s'\n", (ll)at, f->name, vyre_status_name(status), reason);
    if (status && strstr(reason, f->name) && status != f->status && f->status != VYRE_ERROR_SYSTEM &&
        !CHECK(status == VYRE_ERROR_DEVICE_LOST || status == VYRE_ERROR_NO_BACKEND ||
               f->status == VYRE_ERROR_OUT_OF_MEMORY))
        fprintf(stderr, "    call %lld, %s: %s instead of %s, '%s'\n", (ll)at, f->name, vyre_status_name(status),
                vyre_status_name(f->status), reason);
}

static void fail_at(const struct failing *f, uint64_t at, bool for_good)
{
    world_reset();
    world_mock->fail_at = at;
    world_mock->error = f->error;
    world_mock->is_for_good = for_good;
    check_failure(f, at, use_all(f->error));
    bool was_lost = f->status == VYRE_ERROR_DEVICE_LOST || f->error == MOCK_LIE; /* nobody knows what is in flight */
    bool is_clean = f->error == MOCK_LIE ? CHECK(world_mock->n_live <= 0) : CHECK_INT(world_mock->n_live, 0);
    if (!was_lost) is_clean = CHECK_UINT(world_mock->n_misuses, 0) && is_clean;
    if (!is_clean)
        fprintf(stderr, "    call %lld, %s%s: %lld live, %s\n", (ll)at, f->error == MOCK_LIE ? "a lie" : f->name,
                for_good ? " for good" : "", (ll)world_mock->n_live, world_mock->misuse);
}

static void fails_every_call(const struct failing *errors, size_t n_errors)
{
    world_reset();
    CHECK_INT(use_all(0), VYRE_OK);
    uint64_t n_calls = world_mock->n_calls;
    CHECK(n_calls > 60);
    CHECK_INT(world_mock->n_live, 0);
    CHECK_UINT(world_mock->n_misuses, 0);
    for (size_t e = 0; e < n_errors; e++) {
        for (uint64_t at = 1; at <= n_calls; at++)
            fail_at(&errors[e], at, false);
        for (uint64_t at = 1; at <= n_calls && errors[e].status == VYRE_ERROR_DEVICE_LOST; at += 7)
            fail_at(&errors[e], at, true);
    }
    printf("%s: %lld calls, %zu errors\n", backend, (ll)n_calls, n_errors);
}

static void fails_every_allocation(void)
{
    uint64_t n = 0;
    do {
        world_reset();
        was_refused = false;
        allocations_left = (int64_t)++n;
        vyre_status status = use_all(0);
        bool is_said = !status || status == VYRE_ERROR_OUT_OF_MEMORY || status == VYRE_ERROR_DEVICE_MEMORY;
        if (!CHECK(is_said)) fprintf(stderr, "    allocation %lld: %s '%s'\n", (ll)n, vyre_status_name(status), reason);
        CHECK_INT(world_mock->n_live, 0);
        CHECK_UINT(world_mock->n_misuses, 0);
    } while (was_refused && n < 10000);
    CHECK(n > 10 && !was_refused);
}

int main(int argc, char **argv)
{
#define ROWS(table) table, sizeof table / sizeof *table
    static const struct {
        const char *backend, *soname;
        const struct failing *errors;
        size_t n_errors;
    } rows[] = {{"cuda", "libcuda.so.1", ROWS(cuda_errors)},
                {"hsa", "libhsa-runtime64.so.1", ROWS(hsa_errors)},
                {"vulkan", "libvulkan.so.1", ROWS(vulkan_errors)}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (argc < 2 || strcmp(argv[1], rows[i].backend) != 0) continue;
        backend = rows[i].backend;
        is_computing = strcmp(backend, "vulkan") != 0;
        if (!is_computing) unit = SCALE;
        world_open(rows[i].soname);
        module = world_module();
        fails_every_call(rows[i].errors, rows[i].n_errors);
        fails_every_allocation();
    }
    return test_finish();
}
