/* speed.c - bandwidth of copies and of xor against the driver's own copy, and what a launch costs beside a plain one. */
#include <stdio.h>
#include <string.h>

#include "tests/exec/gpu/check.h"

enum { BANDWIDTH_ROUNDS = 20, LAUNCH_ROUNDS = 2000 };

static const char text[] = "program copy_bytes {\n"
                           "  workgroup 256;\n"
                           "  dispatch len(to);\n"
                           "  buffer from : read u8[];\n"
                           "  buffer to : write u8[];\n"
                           "  to[gid.x] = from[gid.x];\n"
                           "}\n"
                           "program copy_vectors {\n"
                           "  workgroup 256;\n"
                           "  dispatch len(to);\n"
                           "  buffer from : read vec4<u32>[];\n"
                           "  buffer to : write vec4<u32>[];\n"
                           "  to[gid.x] = from[gid.x];\n"
                           "}\n"
                           "program xor_bytes {\n"
                           "  workgroup 256;\n"
                           "  dispatch len(to);\n"
                           "  buffer from : read u8[];\n"
                           "  buffer key : read u8[];\n"
                           "  buffer to : write u8[];\n"
                           "  to[gid.x] = from[gid.x] ^ key[gid.x];\n"
                           "}\n"
                           "program xor_vectors {\n"
                           "  workgroup 256;\n"
                           "  dispatch len(to);\n"
                           "  buffer from : read vec4<u32>[];\n"
                           "  buffer key : read vec4<u32>[];\n"
                           "  buffer to : write vec4<u32>[];\n"
                           "  to[gid.x] = from[gid.x] ^ key[gid.x];\n"
                           "}\n"
                           "program nothing {\n"
                           "  workgroup 64;\n"
                           "  dispatch 64;\n"
                           "  buffer to : read_write u32[];\n"
                           "  to[gid.x] = to[gid.x] + 1;\n"
                           "}\n";

/* -- on buffers of the device ------------------------------------------------------------------ */

enum { MAX_BUFFERS_OF_ROW = 3 };
struct launch_of_row {
    const vyre_unit *unit;
    vyre_buffer *buffers[MAX_BUFFERS_OF_ROW];
    uint32_t n;
    unsigned char args[512];
};

static bool prepare(struct program *p, vyre_context *c, const char *name, uint64_t bytes, struct launch_of_row *l)
{
    struct run_unit unit;
    vyre_unit_info info = {.size = sizeof info};
    *l = (struct launch_of_row){0};
    if (!unit_from_object(&p->run, compiled_any_unit(p->compiled), name, RUN_PROGRAM, &unit)) return false;
    l->unit = unit.compiled;
    vyre_unit_get_info(l->unit, &info);
    if (info.args_bytes > sizeof l->args || info.n_buffers > MAX_BUFFERS_OF_ROW) return false;
    for (uint32_t k = 0; k < info.n_buffers; k++) {
        vyre_buffer_arg b = {.size = sizeof b};
        vyre_unit_buffer(l->unit, k, &b);
        if (vyre_buffer_create(c, VYRE_BUFFER_DEVICE, bytes, &l->buffers[l->n])) return false;
        vyre_span span = vyre_device(l->buffers[l->n++], 0, bytes / b.elem_bytes);
        memcpy(l->args + b.arg_offset, &span, sizeof span);
    }
    return true;
}

static void release(struct launch_of_row *l)
{
    for (uint32_t k = 0; k < l->n; k++)
        vyre_buffer_destroy(l->buffers[k]);
}

/* The least time on the device; 0 where a launch fails. */
static uint64_t least_device_ns(const struct launch_of_row *l)
{
    uint64_t least = 0;
    for (uint32_t i = 0; i < BANDWIDTH_ROUNDS; i++) {
        vyre_event *event = NULL;
        uint64_t wall_ns = 0, device_ns = 0;
        if (vyre_unit_run_async(l->unit, NULL, l->args, &event)) return 0;
        vyre_status status = vyre_event_wait(event);
        vyre_event_times(event, &wall_ns, &device_ns);
        vyre_event_destroy(event);
        if (status || !device_ns) return 0;
        if (!least || device_ns < least) least = device_ns;
    }
    return least;
}

/* -- rows -------------------------------------------------------------------------------------- */

static double gb_per_s(uint64_t bytes, uint64_t ns)
{
    return ns ? (double)bytes / (double)ns : 0;
}

/* Bandwidth counts what is read and what is written. */
static bool print_bandwidth(struct program *p, vyre_context *c, const char *name, uint64_t bytes, double driver)
{
    struct launch_of_row l;
    char check[64];
    snprintf(check, sizeof check, "bandwidth: %s", name);
    uint64_t ns = prepare(p, c, name, bytes, &l) ? least_device_ns(&l) : 0;
    double ours = gb_per_s(bytes * l.n, ns);
    release(&l);
    if (!ns)
        print_row(CHECK_WRONG, check, "does not run: %s", vyre_context_message(c));
    else if (driver > 0)
        print_row(CHECK_RIGHT, check, "%8.1f GB/s, %5.1f %% of the driver's copy", ours, 100 * ours / driver);
    else
        print_row(CHECK_RIGHT, check, "%8.1f GB/s", ours);
    return ns > 0;
}

static uint64_t time_our_launches(const struct launch_of_row *l)
{
    static uint64_t times[LAUNCH_ROUNDS];
    for (uint32_t i = 0; i < LAUNCH_ROUNDS; i++) {
        uint64_t begin = now_ns();
        if (vyre_unit_run(l->unit, l->args)) return 0;
        times[i] = now_ns() - begin;
    }
    return median(times, LAUNCH_ROUNDS);
}

static bool print_launches(struct program *p, vyre_context *c, struct nvidia *driver)
{
    enum { BUFFER_BYTES = 256 };
    struct launch_of_row l;
    const char *ptx = driver ? program_ptx(p) : NULL;
    uint64_t plain = ptx ? nvidia_launch_ns(driver, ptx, "vyre_nothing", LAUNCH_ROUNDS) : 0;
    uint64_t ours = prepare(p, c, "nothing", BUFFER_BYTES, &l) ? time_our_launches(&l) : 0;
    release(&l);
    if (!ours || (driver && !plain))
        print_row(CHECK_WRONG, "launch, waited for", "does not run: %s", vyre_context_message(c));
    else if (driver)
        print_row(CHECK_RIGHT, "launch, waited for", "%.2f us, %.2f by plain calls of the driver: %+.2f us",
                  (double)ours / 1e3, (double)plain / 1e3, ((double)ours - (double)plain) / 1e3);
    else
        print_row(CHECK_RIGHT, "launch, waited for", "%.2f us", (double)ours / 1e3);
    return ours && (!driver || plain);
}

uint32_t check_speed(struct memory *mem, const struct settings *s)
{
    static const char *const rows[] = {"copy_bytes", "copy_vectors", "xor_bytes", "xor_vectors"};
    uint64_t bytes = (uint64_t)s->megabytes << 20;
    struct program p;
    uint32_t n_wrong = 0;
    bool is_open = program_open(&p, mem, s, "speed.vir", text, sizeof text - 1);
    struct nvidia *driver = is_open && !strcmp(s->backend, "cuda") ? nvidia_open() : NULL;
    double best = driver ? gb_per_s(2 * bytes, nvidia_copy_ns(driver, bytes, BANDWIDTH_ROUNDS)) : 0;
    if (!is_open) {
        print_row(CHECK_WRONG, "speed", "the programs do not compile");
        n_wrong = 1;
    } else {
        vyre_context *c = compiled_context(p.compiled);
        if (best > 0) print_row(CHECK_RIGHT, "bandwidth: driver's copy", "%8.1f GB/s, %u MB", best, s->megabytes);
        for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++)
            n_wrong += !print_bandwidth(&p, c, rows[i], bytes, best);
        n_wrong += !print_launches(&p, c, driver);
    }
    nvidia_close(driver);
    program_close(&p);
    return n_wrong;
}
