/* devices.c cuda|hsa - what is chosen and why, what is sent to the device, and each refusal by itself. */
#include "tests/exec/mock/world.h"

#include <stdarg.h>
#include <unistd.h>

enum { N = 1000, ROOM = 1200 };

static const char *backend;
static bool is_cuda;
static struct vyre_module *module;
static char reason[1200];

static vyre_status create(vyre_options options, vyre_context **c)
{
    options.size = sizeof options;
    if (!options.backends) options.backends = backend;
    options.message = reason;
    options.message_bytes = sizeof reason;
    *reason = 0;
    return vyre_context_create(&options, c);
}

static vyre_context *open_context(void)
{
    vyre_context *c = NULL;
    CHECK_INT(create((vyre_options){0}, &c), VYRE_OK);
    return c;
}

/* The status and the reason of a context that cannot be. */
static void refuses(vyre_options options, vyre_status status, const char *text)
{
    vyre_context *c;
    if (!CHECK_INT(create(options, &c), status) || !CHECK(strstr(reason, text) != NULL))
        fprintf(stderr, "    '%s' instead of '%s'\n", reason, text);
    vyre_context_destroy(c);
}

static void ends_clean(void)
{
    if (!CHECK_INT(world_mock->n_live, 0) || !CHECK_UINT(world_mock->n_misuses, 0))
        fprintf(stderr, "    %s\n", world_mock->misuse);
}

/* -- choosing ---------------------------------------------------------------------------------- */

static void tell(vyre_context *c, const char *device, const char *level)
{
    vyre_context_info info = {.size = sizeof info};
    CHECK_INT(vyre_context_get_info(c, &info), VYRE_OK);
    CHECK_INT(info.backend, is_cuda ? VYRE_BACKEND_CUDA : VYRE_BACKEND_HSA);
    CHECK_STRING(info.device, device);
    CHECK_STRING(info.level, level);
    CHECK_UINT(info.usable, 1);
}

static void chooses_devices(void)
{
    vyre_context *c;
    world_reset();
    CHECK_INT(create((vyre_options){0}, &c), VYRE_OK);
    tell(c, is_cuda ? "Mock GPU 0" : "Mock GPU 0 (gfx1030)", is_cuda ? "ptx:sm_86" : "amdgcn:gfx1030");
    vyre_context_destroy(c);
    CHECK_INT(create((vyre_options){.device = "#1"}, &c), VYRE_OK);
    tell(c, is_cuda ? "Mock GPU 1" : "Mock GPU 1 (gfx1030)", is_cuda ? "ptx:sm_86" : "amdgcn:gfx1030");
    vyre_context_destroy(c);
    CHECK_INT(create((vyre_options){.device = "gpu 1"}, &c), VYRE_OK);
    vyre_context_destroy(c);
    refuses((vyre_options){.device = "#2"}, VYRE_ERROR_NO_DEVICE, "device is called '#2'");
    refuses((vyre_options){.device = "Radeon"}, VYRE_ERROR_NO_DEVICE, "device is called 'Radeon'");
    world_mock->n_devices = 0;
    refuses((vyre_options){0}, VYRE_ERROR_NO_DEVICE, "there is no");
    ends_clean();
}

static void refuses_old_drivers(void)
{
    world_reset();
    world_mock->version = is_cuda ? 10020 : 0;
    refuses((vyre_options){0}, VYRE_ERROR_DRIVER_TOO_OLD,
            is_cuda ? "CUDA 10.2, and 11.0 is needed" : "is 0.1, and 1.1 is needed");
    world_reset();
    if (is_cuda) {
        world_mock->major = 6;
        world_mock->minor = 1;
        refuses((vyre_options){0}, VYRE_ERROR_NO_DEVICE, "Mock GPU 1 is sm_61, and code is made for sm_75");
        world_reset();
        world_mock->max_groups = 0;
        refuses((vyre_options){0}, VYRE_ERROR_NO_DEVICE, "limits of Mock GPU 1 that make no sense");
    } else {
        world_mock->isa = "nothing of ours";
        refuses((vyre_options){0}, VYRE_ERROR_NO_DEVICE, "runs no code that the runtime names");
    }
    ends_clean();
}

/* The order asked for, and why each that was passed over cannot be used. */
static void falls_back_in_order(void)
{
    char order[32];
    const char *name, *why;
    vyre_status status;
    vyre_context *c;
    world_reset();
    world_mock->n_devices = 0;
    snprintf(order, sizeof order, "%s,cpu", backend);
    CHECK_INT(create((vyre_options){.backends = order}, &c), VYRE_OK);
    vyre_context_info info = {.size = sizeof info};
    CHECK_INT(vyre_context_get_info(c, &info), VYRE_OK);
    CHECK_INT(info.backend, VYRE_BACKEND_CPU);
    CHECK_INT(vyre_context_candidate(c, 0, &name, &status, &why), VYRE_OK);
    CHECK_STRING(name, backend);
    CHECK_INT(status, VYRE_ERROR_NO_DEVICE);
    CHECK(strstr(why, "there is no") != NULL);
    vyre_context_destroy(c);
    world_mock->n_devices = 1;
    CHECK_INT(create((vyre_options){.backends = order}, &c), VYRE_OK);
    CHECK_INT(vyre_context_get_info(c, &info), VYRE_OK);
    CHECK_UINT(info.n_candidates, 1);
    vyre_context_destroy(c);
    ends_clean();
}

/* -- launching --------------------------------------------------------------------------------- */

static uint32_t from[ROOM], to[ROOM];

static void fill(void)
{
    for (uint32_t i = 0; i < ROOM; i++) {
        from[i] = i * 7;
        to[i] = 0xAAAAAAAA;
    }
}

static vyre_status scale(vyre_context *c, uint32_t n, uint32_t n_to)
{
    struct scale_args args = {vyre_host(from, n), vyre_host(to, n_to), 5};
    fill();
    return vyre_rt_run(c, module, SCALE, &args);
}

/* The part of the record that a call begins, or "". */
static const char *find_call(const char *text)
{
    const char *at = strstr(world_mock->log, text);
    return at ? at : "";
}

static void takes_the_best_image(void)
{
    const struct {
        int major, minor;
        const char *isa, *cuda_image, *hsa_image;
    } rows[] = {
        {7, 5, "amdgcn-amd-amdhsa--gfx1100", "scale for sm_75: good", "scale for gfx1100: g"},
        {8, 0, "amdgcn-amd-amdhsa--gfx1031", "scale for sm_80: good", "scale for gfx10-3-ge"},
        {8, 9, "amdgcn-amd-amdhsa--gfx1036:xnack-", "scale for sm_89: machine code", "scale for gfx10-3-ge"},
        {12, 1, "amdgcn-amd-amdhsa--gfx10-3-generic", "scale for sm_90: good", "scale for gfx10-3-ge"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world_reset();
        world_mock->major = rows[i].major;
        world_mock->minor = rows[i].minor;
        world_mock->isa = rows[i].isa;
        world_mock->is_recording = true;
        vyre_context *c = open_context();
        CHECK_INT(scale(c, N, N), VYRE_OK);
        if (!CHECK(*find_call(is_cuda ? rows[i].cuda_image : rows[i].hsa_image)))
            fprintf(stderr, "    row %zu:\n%s\n", i, world_mock->log);
        vyre_context_destroy(c);
        ends_clean();
    }
}

static void computes_and_zeroes(void)
{
    world_reset();
    vyre_context *c = open_context();
    for (uint32_t n = 0; n < 140; n += 23) {
        CHECK_INT(scale(c, n, n + 9), VYRE_OK);
        for (uint32_t i = 0; i < ROOM; i++)
            if (!CHECK_UINT(to[i], i < n ? i * 35 : i < n + 9 ? 0 : 0xAAAAAAAA)) break;
    }
    vyre_context_destroy(c);
    ends_clean();
}

/* Large copies go through both halves of the pinned memory several times. */
static void moves_much(void)
{
    enum { MANY = 1 << 20 };
    world_reset();
    vyre_context *c = open_context();
    uint32_t *source = malloc(MANY * 4), *sink = malloc(MANY * 4);
    for (uint32_t i = 0; i < MANY; i++)
        source[i] = i ^ i << 13;
    struct scale_args args = {vyre_host(source, MANY), vyre_host(sink, MANY), 3};
    CHECK_INT(vyre_rt_run(c, module, SCALE, &args), VYRE_OK);
    uint32_t n_wrong = 0;
    for (uint32_t i = 0; i < MANY; i++)
        n_wrong += sink[i] != source[i] * 3;
    CHECK_UINT(n_wrong, 0);
    free(source);
    free(sink);
    vyre_context_destroy(c);
    ends_clean();
}

/* A grid that is too large for the device at once; more launches than a queue has packets. */
static void splits_large_grids(void)
{
    world_reset();
    world_mock->max_groups = 3;
    vyre_context *c = open_context();
    CHECK_INT(scale(c, N, N), VYRE_OK);
    for (uint32_t i = 0; i < N; i++)
        if (!CHECK_UINT(to[i], i * 35)) break;
    vyre_context_destroy(c);
    ends_clean();
}

/* Spans that begin between two multiples of 16 bytes are moved on the device; their neighbours stay. */
static void moves_unaligned_spans(void)
{
    vyre_buffer *b, *d;
    world_reset();
    vyre_context *c = open_context();
    fill();
    CHECK_INT(vyre_buffer_create(c, VYRE_BUFFER_DEVICE, sizeof from, &b), VYRE_OK);
    CHECK_INT(vyre_buffer_create(c, VYRE_BUFFER_MAPPED, sizeof to, &d), VYRE_OK);
    CHECK_INT(vyre_buffer_write(b, 0, from, sizeof from), VYRE_OK);
    CHECK_INT(vyre_buffer_write(d, 0, to, sizeof to), VYRE_OK);
    struct scale_args args = {vyre_device(b, 4, 99), vyre_device(d, 12, 99), 2};
    CHECK_INT(vyre_rt_run(c, module, SCALE, &args), VYRE_OK);
    CHECK_INT(vyre_buffer_read(d, 0, to, sizeof to), VYRE_OK);
    for (uint32_t i = 0; i < ROOM; i++)
        if (!CHECK_UINT(to[i], i >= 3 && i < 102 ? (i - 2) * 14 : 0xAAAAAAAA)) break;
    struct scale_args same = {vyre_device(b, 0, 50), vyre_device(b, 196, 50), 2};
    CHECK_INT(vyre_rt_run(c, module, SCALE, &same), VYRE_ERROR_ALIASING);
    struct scale_args odd = {vyre_device(b, 2, 50), vyre_device(d, 0, 50), 2};
    CHECK_INT(vyre_rt_run(c, module, SCALE, &odd), VYRE_ERROR_MISALIGNED);
    struct scale_args longer = {vyre_device(b, 8, ROOM), vyre_device(d, 0, 50), 2};
    CHECK_INT(vyre_rt_run(c, module, SCALE, &longer), VYRE_ERROR_LENGTH);
    vyre_buffer_destroy(d);
    vyre_buffer_destroy(b);
    vyre_context_destroy(c);
    ends_clean();
}

static void tells_traps(void)
{
    vyre_trap trap;
    world_reset();
    vyre_context *c = open_context();
    fill();
    from[77] = from[900] = TRAP_VALUE;
    struct lookup_args args = {vyre_host(from, N), vyre_host(to, N)};
    CHECK_INT(vyre_rt_run(c, module, LOOKUP, &args), VYRE_ERROR_TRAP);
    CHECK_INT(vyre_context_trap(c, &trap), VYRE_OK);
    CHECK_UINT(trap.code, 7);
    CHECK_UINT(trap.invocation, 77);
    CHECK_STRING(trap.program, "lookup");
    fill();
    CHECK_INT(vyre_rt_run(c, module, LOOKUP, &args), VYRE_OK); /* the record is clean again */
    CHECK_UINT(to[3], 0xAAAAAAAA + world_table[21 % 4]);
    vyre_context_destroy(c);
    ends_clean();
}

static uint32_t count_calls(const char *text)
{
    uint32_t n = 0;
    for (const char *at = world_mock->log; (at = strstr(at, text)); at++)
        n++;
    return n;
}

/* Launches that wait for nobody can end in any order, temps share memory, and sizes change from run to run: the same bytes. A
 * driver that has graphs makes one, and changes it. */
static void runs_plans(void)
{
    static const uint32_t sizes[] = {N, N, 900, 1, 64, 65, N};
    static uint32_t side[ROOM];
    world_reset();
    vyre_context *c = open_context();
    world_mock->is_recording = true;
    for (uint32_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        uint32_t n = sizes[k];
        fill();
        struct reuse_args args = {vyre_host(from, n), vyre_host(to, n), vyre_host(side, n), 3};
        CHECK_INT(vyre_rt_run(c, module, REUSE, &args), VYRE_OK);
        for (uint32_t i = 0; i < ROOM; i++)
            if (!CHECK_UINT(to[i], 0xAAAAAAAA + (i < n ? world_table[i * 21 % 4] + world_table[0] : 0)) ||
                !CHECK_UINT(side[i], i < n ? i * 21 : side[i]))
                break;
    }
    if (count_calls("cuGraphCreate")) {
        CHECK_UINT(count_calls("cuGraphInstantiate 5 nodes"), 1);
        CHECK_UINT(count_calls("cuGraphLaunch"), 6);
        CHECK_UINT(count_calls("cuLaunchKernel"), 4); /* the first run */
        CHECK(count_calls("cuGraphExecKernelNodeSetParams") >= 16);
        CHECK(count_calls("cuGraphExecMemsetNodeSetParams") >= 4);
    }
    vyre_context_destroy(c);
    ends_clean();
}

/* -- refusals: nothing is launched, and the context goes on --------------------------------------- */

static void refuses_launch(vyre_context *c, enum world_unit unit, vyre_status status, const char *text)
{
    struct lookup_args args = {vyre_host(from, N), vyre_host(to, N)};
    fill();
    if (!CHECK_INT(vyre_rt_run(c, module, unit, &args), status) ||
        !CHECK(strstr(vyre_context_message(c), text) != NULL))
        fprintf(stderr, "    '%s' instead of '%s'\n", vyre_context_message(c), text);
    CHECK_UINT(to[0], 0xAAAAAAAA);
    CHECK_INT(scale(c, N, N), VYRE_OK);
}

/* What the device cannot run runs on the CPU, and says why; arguments on the device go there and back. */
static void falls_back_to_the_cpu(void)
{
    vyre_buffer *b;
    vyre_event *event;
    world_reset();
    vyre_context *c = open_context();
    fill();
    CHECK_INT(vyre_buffer_create(c, VYRE_BUFFER_DEVICE, sizeof from, &b), VYRE_OK);
    CHECK_INT(vyre_buffer_write(b, 0, from, sizeof from), VYRE_OK);
    struct lookup_args args = {vyre_device(b, 4, 500), vyre_device(b, 2400, 500)};
    CHECK_INT(vyre_rt_run_async(c, module, WIDE, NULL, &args, &event), VYRE_OK);
    CHECK_INT(vyre_event_wait(event), VYRE_OK);
    CHECK(strstr(vyre_event_message(event), "on the CPU: wide: a workgroup of 2048 x 1 x 1 is too large") != NULL);
    vyre_event_destroy(event);
    CHECK_INT(vyre_buffer_read(b, 2400, to, 500 * sizeof *to), VYRE_OK);
    for (uint32_t i = 0; i < 500; i++)
        if (!CHECK_UINT(to[i], (i + 1) * 7 + 1)) break;
    vyre_context_stats stats = {.size = sizeof stats};
    CHECK_INT(vyre_context_get_stats(c, &stats), VYRE_OK);
    CHECK_UINT(stats.fallbacks, 1);
    vyre_buffer_destroy(b);
    vyre_context_destroy(c);
    ends_clean();
}

/* Parts of what the host has go through memory of the device that the host cannot reach. */
static void runs_chunks(void)
{
    enum { MANY = 700000 };
    static uint32_t source[MANY], sink[MANY + 1];
    const vyre_unit *unit;
    world_reset();
    vyre_context *c = open_context();
    for (uint32_t i = 0; i < MANY; i++)
        source[i] = i ^ i << 11;
    sink[MANY] = 0xAAAAAAAA;
    struct scale_args args = {vyre_host(source, MANY), vyre_host(sink, MANY), 9};
    vyre_chunks chunks = {.size = sizeof chunks, .budget_bytes = 5 << 20};
    CHECK_INT(vyre_rt_unit(c, module, SCALE, &unit), VYRE_OK);
    CHECK_INT(vyre_unit_run_chunks(unit, &args, &chunks), VYRE_OK);
    uint32_t n_wrong = 0;
    for (uint32_t i = 0; i < MANY; i++)
        n_wrong += sink[i] != source[i] * 9;
    CHECK_UINT(n_wrong, 0);
    CHECK_UINT(sink[MANY], 0xAAAAAAAA);
    vyre_context_stats stats = {.size = sizeof stats};
    CHECK_INT(vyre_context_get_stats(c, &stats), VYRE_OK);
    CHECK_UINT(stats.runs, 3);
    vyre_context_destroy(c);
    ends_clean();
}

static vyre_context *open_strict(void)
{
    vyre_context *c = NULL;
    CHECK_INT(create((vyre_options){.strict = 1}, &c), VYRE_OK);
    return c;
}

static void refuses_programs(void)
{
    vyre_buffer *b;
    world_reset();
    vyre_context *c = open_strict();
    refuses_launch(c, WIDE, VYRE_ERROR_UNSUPPORTED, "a workgroup of 2048 x 1 x 1 is too large for Mock GPU 0");
    world_mock->shared_bytes = 32 << 10;
    refuses_launch(c, BAD, VYRE_ERROR_IMAGE_REFUSED, is_cuda ? "CUDA_ERROR_INVALID_PTX (218)" : "INVALID_CODE_OBJECT");
    if (is_cuda) CHECK(strstr(vyre_context_message(c), "ptxas error on line 3") != NULL);
    refuses_launch(c, OTHER, VYRE_ERROR_UNSUPPORTED, "none of 'other'");
    CHECK_INT(vyre_buffer_create(c, VYRE_BUFFER_DEVICE, UINT64_C(1) << 40, &b), VYRE_ERROR_DEVICE_MEMORY);
    CHECK(strstr(vyre_context_message(c), "no memory for a buffer of 1099511627776 bytes") != NULL);
    CHECK_INT(vyre_buffer_create(c, VYRE_BUFFER_DEVICE, UINT64_MAX, &b), VYRE_ERROR_DEVICE_MEMORY);
    vyre_context_destroy(c);
    world_mock->shared_bytes = 32 << 10;
    c = open_strict();
    refuses_launch(c, LARGE, VYRE_ERROR_UNSUPPORTED, "needs 33792 bytes of workgroup memory");
    vyre_context_destroy(c);
    if (is_cuda) {
        world_mock->registers = 32;
        c = open_strict();
        CHECK_INT(scale(c, N, N), VYRE_ERROR_UNSUPPORTED);
        CHECK(strstr(vyre_context_message(c), "registers for 32 invocations") != NULL);
        vyre_context_destroy(c);
    }
    ends_clean();
}

/* Lost in the middle of work: this launch and all later ones say so, what was queued ends, and another context works. */
static void survives_a_lost_device(void)
{
    vyre_buffer *b;
    vyre_event *first, *second;
    world_reset();
    vyre_context *c = open_context(), *other;
    CHECK_INT(scale(c, N, N), VYRE_OK);
    CHECK_INT(vyre_buffer_create(c, VYRE_BUFFER_DEVICE, sizeof from, &b), VYRE_OK);
    struct scale_args args = {vyre_device(b, 0, 100), vyre_device(b, 400, 100), 2};
    world_mock->fail_at = world_mock->n_calls + (is_cuda ? 3 : 10);
    world_mock->error = is_cuda ? 719 : 0x1026;
    world_mock->is_for_good = true;
    CHECK_INT(vyre_rt_run_async(c, module, SCALE, NULL, &args, &first), VYRE_OK);
    CHECK_INT(vyre_event_wait(first), VYRE_ERROR_DEVICE_LOST);
    CHECK_INT(vyre_rt_run_async(c, module, SCALE, NULL, &args, &second), VYRE_OK);
    CHECK_INT(vyre_event_wait(second), VYRE_ERROR_DEVICE_LOST);
    CHECK(strstr(vyre_event_message(second), "Mock GPU 0") && strstr(vyre_event_message(second), "was lost before"));
    CHECK_INT(vyre_buffer_write(b, 0, from, 16), VYRE_ERROR_DEVICE_LOST);
    CHECK_INT(scale(c, N, N), VYRE_ERROR_DEVICE_LOST);
    CHECK_UINT(to[5], 0xAAAAAAAA);
    vyre_context_info info = {.size = sizeof info};
    CHECK_INT(vyre_context_get_info(c, &info), VYRE_OK);
    CHECK_UINT(info.usable, 0);
    world_mock->fail_at = 0;
    CHECK_INT(create((vyre_options){0}, &other), VYRE_OK);
    CHECK_INT(scale(other, N, N), VYRE_OK);
    vyre_event_destroy(first);
    vyre_event_destroy(second);
    vyre_buffer_destroy(b);
    vyre_context_destroy(c);
    vyre_context_destroy(other);
    CHECK_INT(world_mock->n_live, 0);
}

/* -- several devices, events, times --------------------------------------------------------------- */

static void uses_two_devices(void)
{
    vyre_context *a, *b;
    vyre_buffer *mine;
    world_reset();
    CHECK_INT(create((vyre_options){.device = "#0"}, &a), VYRE_OK);
    CHECK_INT(create((vyre_options){.device = "#1"}, &b), VYRE_OK);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_INT(scale(a, N, N), VYRE_OK);
        CHECK_INT(scale(b, N, N), VYRE_OK);
    }
    CHECK_INT(vyre_buffer_create(a, VYRE_BUFFER_DEVICE, 400, &mine), VYRE_OK);
    struct scale_args args = {vyre_device(mine, 0, 50), vyre_host(to, 50), 2};
    CHECK_INT(vyre_rt_run(b, module, SCALE, &args), VYRE_ERROR_WRONG_CONTEXT);
    vyre_buffer_destroy(mine);
    vyre_context_destroy(a);
    CHECK_INT(scale(b, N, N), VYRE_OK);
    vyre_context_destroy(b);
    ends_clean();
}

static void measures_the_device(void)
{
    uint64_t wall_ns = 0, device_ns = 0;
    vyre_event *event;
    vyre_stream *stream;
    world_reset();
    vyre_context *c = open_context();
    fill();
    struct scale_args args = {vyre_host(from, N), vyre_host(to, N), 5};
    CHECK_INT(vyre_stream_create(c, &stream), VYRE_OK);
    CHECK_INT(vyre_rt_run_async(c, module, BOTH, stream, &args, &event), VYRE_OK);
    CHECK_INT(vyre_event_wait(event), VYRE_OK);
    CHECK_INT(vyre_event_times(event, &wall_ns, &device_ns), VYRE_OK);
    /* The mocks' clocks: two launches and the marks around them, at 1000 a piece; or from dispatch to dispatch. */
    CHECK(device_ns >= 1500 && device_ns <= 8000);
    CHECK(wall_ns > 0);
    vyre_event_destroy(event);
    vyre_stream_destroy(stream);
    vyre_context_destroy(c);
    ends_clean();
}

/* -- widths of workgroups ---------------------------------------------------------------------- */

/* A launch whose invocations do not fill wide workgroups: the same bytes, and each invocation once. */
static void runs_any(vyre_context *c, uint32_t width)
{
    enum { FEW = 1100, DECLARED = (FEW + WORLD_GROUP - 1) / WORLD_GROUP * WORLD_GROUP };
    fill();
    struct lookup_args args = {vyre_host(from, FEW), vyre_host(to, FEW)};
    memset(&world_any, 0, sizeof world_any);
    CHECK_INT(vyre_rt_run(c, module, ANY, &args), VYRE_OK);
    for (uint32_t i = 0; i < FEW; i++)
        if (!CHECK_UINT(to[i], from[i] + 3)) break;
    if (!width) return;
    CHECK_UINT(world_any.n_invocations, DECLARED);
    CHECK_UINT(world_any.widths, width | (DECLARED % width ? WORLD_GROUP : 0));
}

/* Each candidate is sent; the mocks' clocks go by launches, so the first of those that need one wins. */
static void measures_widths(uint32_t registers, uint32_t widths)
{
    vyre_context_stats stats = {.size = sizeof stats};
    vyre_context *c = NULL;
    world_reset();
    world_mock->registers = (int)registers;
    CHECK_INT(create((vyre_options){.tune = 2}, &c), VYRE_OK);
    runs_any(c, 0);
    CHECK_UINT(world_any.widths, widths);
    runs_any(c, 32);
    CHECK_INT(vyre_context_get_stats(c, &stats), VYRE_OK);
    CHECK_UINT(stats.tuner_sweeps, 1);
    CHECK_UINT(stats.tuned_launches, 2);
    vyre_context_destroy(c);
    ends_clean();
}

static void chooses_widths(void)
{
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    measures_widths(1024, 32 | 64 | 128 | 256 | 512 | 1024);
    measures_widths(256, is_cuda ? 32 | 64 | 128 | 256 : 32 | 64 | 128 | 256 | 512 | 1024);
    world_reset();
    vyre_context *c = open_context();
    runs_any(c, WORLD_GROUP);
    vyre_context_destroy(c);
    ends_clean();
}

/* A width that is known, whatever is left over, and grids that are larger than the device takes at once. */
static void keeps_widths(void)
{
    char folder[] = "/tmp/vyre-widths-XXXXXX", path[128], text[256];
    if (!CHECK(mkdtemp(folder) != NULL)) return;
    setenv("XDG_CACHE_HOME", folder, 1);
    measures_widths(1024, 32 | 64 | 128 | 256 | 512 | 1024);
    snprintf(path, sizeof path, "%s/vyre/tuner/%s.toml", folder, is_cuda ? "Mock_GPU_0" : "Mock_GPU_0__gfx1030_");
    for (uint32_t width = 32; width <= 1024; width *= 2) {
        FILE *file = fopen(path, "r+");
        if (!CHECK(file != NULL) || !CHECK(fgets(text, sizeof text, file) != NULL)) break;
        rewind(file);
        fprintf(file, "%.69s = [%u, 1, 1]\n", text, width);
        CHECK_INT(ftruncate(fileno(file), ftell(file)), 0);
        fclose(file);
        vyre_context *c = NULL;
        world_reset();
        world_mock->max_groups = 3;
        CHECK_INT(create((vyre_options){.tune = 1}, &c), VYRE_OK);
        runs_any(c, width);
        vyre_context_destroy(c);
        ends_clean();
    }
    unsetenv("XDG_CACHE_HOME");
    snprintf(text, sizeof text, "rm -r %s", folder);
    CHECK_INT(system(text), 0);
}

/* -- what is sent ------------------------------------------------------------------------------ */

/* Every call of two launches of a pipeline, in order, with what it is given, as kept in records/: the first makes what the
 * second finds. */
static void sends_what_is_recorded(const char *folder, const char *name)
{
    static char want[MOCK_LOG_BYTES];
    char path[1024];
    world_reset();
    vyre_context *c = open_context();
    struct scale_args args = {vyre_host(from, N), vyre_host(to, N), 5};
    world_mock->is_recording = true;
    for (int i = 0; i < 2; i++) {
        fill();
        CHECK_INT(vyre_rt_run(c, module, BOTH, &args), VYRE_OK);
    }
    snprintf(path, sizeof path, "%s/both.%s.txt", folder, name);
    FILE *file = fopen(path, "r");
    if (CHECK(file != NULL)) {
        want[fread(want, 1, sizeof want - 1, file)] = 0;
        fclose(file);
    }
    CHECK_STRING(world_mock->log, want);
    vyre_context_destroy(c);
    ends_clean();
}

int main(int argc, char **argv)
{
    is_cuda = argc > 1 && !strcmp(argv[1], "cuda");
    backend = is_cuda ? "cuda" : "hsa";
    world_open(is_cuda ? "libcuda.so.1" : "libhsa-runtime64.so.1");
    module = world_module();
    chooses_devices();
    refuses_old_drivers();
    falls_back_in_order();
    takes_the_best_image();
    computes_and_zeroes();
    moves_much();
    splits_large_grids();
    moves_unaligned_spans();
    tells_traps();
    runs_plans();
    runs_chunks();
    falls_back_to_the_cpu();
    refuses_programs();
    survives_a_lost_device();
    uses_two_devices();
    measures_the_device();
    chooses_widths();
    keeps_widths();
    sends_what_is_recorded(argc > 2 ? argv[2] : ".", argc > 3 ? argv[3] : backend);
    return test_finish();
}
