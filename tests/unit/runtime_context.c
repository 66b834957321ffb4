/* runtime_context.c - how contexts are made: options and environment, what is picked and why not, logs, traces,
 * introspection. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/runtime_module.h"

static void fill_kernel(const struct vyre_cpu_launch *l, uint64_t first, uint64_t n, void *scratch)
{
    (void)scratch, (void)first, (void)n;
    memset(l->buffers[0].bytes, 1, l->buffers[0].count);
}

enum unit { FILL, BOTH };

static struct vyre_module *make_module(void)
{
    module_begin();
    module_program("fill", fill_kernel, 1, 0, 32);
    module_buffer("to", VYRE_TYPE_U8, VYRE_ACCESS_READ_WRITE, 16);
    module_dispatch(module_len(0));
    module_unit("both");
    module_buffer("here", VYRE_TYPE_U8, VYRE_ACCESS_READ_WRITE, 0);
    module_param("scale", VYRE_TYPE_F32, 4);
    module_arm("one", FILL);
    module_arg(0);
    module_last()->budget_bytes = 77;
    return module_end();
}

static const struct vyre_module *m;
static char reason[512];

/* A context from options that are zero but for what `set` sets; the reason when there is none. */
static vyre_status create(vyre_options options, vyre_context **c)
{
    options.size = sizeof options;
    options.message = reason;
    options.message_bytes = sizeof reason;
    *reason = 0;
    return vyre_context_create(&options, c);
}

static vyre_status try_options(vyre_options options)
{
    vyre_context *c = (vyre_context *)reason;
    vyre_status status = create(options, &c);
    CHECK(!c == (status != VYRE_OK));
    CHECK(!*reason == (status == VYRE_OK));
    vyre_context_destroy(c);
    return status;
}

/* -- options ----------------------------------------------------------------------------------- */

static void refuses_options(void)
{
    vyre_context *c;
    vyre_options options = {.size = 4};
    CHECK_INT(vyre_context_create(&options, &c), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_INT(vyre_context_create(NULL, NULL), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_INT(try_options((vyre_options){.backends = "cpu,opencl"}), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_STRING(reason, "there is no backend 'opencl': they are cuda,hsa,vulkan,cpu");
    CHECK_INT(try_options((vyre_options){.backends = "cuda"}), VYRE_ERROR_DRIVER_MISSING);
    CHECK(strstr(reason, "libcuda.so.1 cannot be opened: install NVIDIA's driver"));
    CHECK_INT(try_options((vyre_options){.backends = "hsa, cuda"}), VYRE_ERROR_NO_BACKEND);
    CHECK(strstr(reason, "hsa: libhsa-runtime64.so.1 cannot") && strstr(reason, "cuda: libcuda.so.1 cannot"));
    CHECK_INT(try_options((vyre_options){.backends = ","}), VYRE_ERROR_NO_BACKEND);
    CHECK_INT(try_options((vyre_options){.device = "#1"}), VYRE_ERROR_NO_BACKEND);
    CHECK_INT(try_options((vyre_options){.backends = "cpu", .device = "#1"}), VYRE_ERROR_NO_DEVICE);
    CHECK(strstr(reason, "there is only #0, 'CPU "));
    CHECK_INT(try_options((vyre_options){.device = "RTX 9090", .backends = "cpu"}), VYRE_ERROR_NO_DEVICE);
    CHECK_INT(try_options((vyre_options){.device = "cpu x86"}),
#if defined(__x86_64__)
              VYRE_OK);
    CHECK_INT(try_options((vyre_options){.backends = "cpu", .cpu_level = "aarch64"}), VYRE_ERROR_NO_BACKEND);
#else
              VYRE_ERROR_NO_BACKEND);
#endif
    CHECK_INT(try_options((vyre_options){.backends = "cpu", .cpu_level = "x86-64-v9"}), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK(strstr(reason, "no CPU level 'x86-64-v9'"));
    CHECK_INT(try_options((vyre_options){.threads = 5000}), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_INT(try_options((vyre_options){.trace_path = "/nowhere/at/all.json"}), VYRE_ERROR_IO);
    CHECK(strstr(reason, "/nowhere/at/all.json': No such file"));
}

static void takes_old_and_new_options(void)
{
    struct {
        vyre_options options;
        char later[64];
    } longer;
    vyre_context *c;
    memset(&longer, 0, sizeof longer);
    longer.options.size = sizeof longer;
    memset(longer.later, 1, sizeof longer.later);
    CHECK_INT(vyre_context_create(&longer.options, &c), VYRE_OK);
    vyre_context_destroy(c);
    longer.options.size = offsetof(vyre_options, device);
    longer.options.backends = "cpu";
    longer.options.device = "#77"; /* past the size: not there */
    CHECK_INT(vyre_context_create(&longer.options, &c), VYRE_OK);
    vyre_context_destroy(c);
}

static void tells_what_was_picked(void)
{
    vyre_context *c;
    const char *name, *why;
    vyre_status status;
    CHECK_INT(create((vyre_options){.backends = "hsa,cpu,cuda", .threads = 3, .check = 1}, &c), VYRE_OK);
    vyre_context_info info = {.size = sizeof info};
    CHECK_INT(vyre_context_get_info(c, &info), VYRE_OK);
    CHECK_INT(info.backend, VYRE_BACKEND_CPU);
    CHECK_UINT(info.threads, 3);
    CHECK_UINT(info.usable, 1);
    CHECK_UINT(info.n_candidates, 2); /* cuda was not needed */
    CHECK(strstr(info.device, "3 threads") && strstr(info.device, info.level));
    CHECK(strstr(info.report, "hsa: libhsa-runtime64.so.1 cannot be opened: install ROCm's HSA runtime"));
    CHECK(strstr(info.report, "\ncpu: picked, CPU "));
    CHECK(strstr(info.report, "check: unsupported"));
    CHECK_INT(vyre_context_candidate(c, 0, &name, &status, &why), VYRE_OK);
    CHECK_STRING(name, "hsa");
    CHECK_INT(status, VYRE_ERROR_DRIVER_MISSING);
    CHECK_INT(vyre_context_candidate(c, 1, &name, &status, NULL), VYRE_OK);
    CHECK_STRING(name, "cpu");
    CHECK_INT(status, VYRE_OK);
    CHECK_INT(vyre_context_candidate(c, 2, &name, &status, &why), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_INT(vyre_context_get_info(c, NULL), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_INT(vyre_context_get_info(NULL, &info), VYRE_ERROR_INVALID_ARGUMENT);
    vyre_context_info part = {.size = offsetof(vyre_context_info, device), .device = "mine"};
    CHECK_INT(vyre_context_get_info(c, &part), VYRE_OK);
    CHECK_STRING(part.device, "mine");
    vyre_context_destroy(c);
}

/* -- the environment --------------------------------------------------------------------------- */

static void reads_the_environment(void)
{
    static const struct {
        const char *name, *value;
        vyre_status want;
    } rows[] = {
        {"VYRE_BACKEND", "cpu", VYRE_OK},
        {"VYRE_BACKEND", "cuda", VYRE_ERROR_DRIVER_MISSING},
        {"VYRE_BACKEND", "", VYRE_OK},
        {"VYRE_BACKEND", "Cpu", VYRE_ERROR_INVALID_ARGUMENT},
        {"VYRE_DEVICE", "#3", VYRE_ERROR_NO_BACKEND},
        {"VYRE_DEVICE", "#0", VYRE_OK},
        {"VYRE_THREADS", "2", VYRE_OK},
        {"VYRE_THREADS", "two", VYRE_ERROR_INVALID_ARGUMENT},
        {"VYRE_THREADS", "-1", VYRE_ERROR_INVALID_ARGUMENT},
        {"VYRE_THREADS", "4097", VYRE_ERROR_INVALID_ARGUMENT},
        {"VYRE_THREADS", "99999999999999999999", VYRE_ERROR_INVALID_ARGUMENT},
        {"VYRE_CPU_LEVEL", "pentium", VYRE_ERROR_NO_BACKEND},
        {"VYRE_LOG", "4", VYRE_ERROR_INVALID_ARGUMENT},
        {"VYRE_CHECK", "1", VYRE_OK},
        {"VYRE_CHECK", "yes", VYRE_ERROR_INVALID_ARGUMENT},
        {"VYRE_TRACE", "/nowhere/at/all.json", VYRE_ERROR_IO},
    };
    for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        setenv(rows[i].name, rows[i].value, 1);
        if (!CHECK_INT(try_options((vyre_options){0}), rows[i].want))
            fprintf(stderr, "    %s=%s: %s\n", rows[i].name, rows[i].value, reason);
        unsetenv(rows[i].name);
    }
    setenv("VYRE_BACKEND", "cuda", 1); /* what the program asks for comes first */
    CHECK_INT(try_options((vyre_options){.backends = "cpu"}), VYRE_OK);
    unsetenv("VYRE_BACKEND");
}

static void runs_every_level(void)
{
    static const char *const levels[] = {"x86-64-v2", "x86-64-v3", "x86-64-v4", "aarch64"};
    uint32_t n_open = 0;
    for (uint32_t i = 0; i < 4; i++) {
        vyre_context *c;
        vyre_context_info info = {.size = sizeof info};
        vyre_status status = create((vyre_options){.backends = "cpu", .cpu_level = levels[i]}, &c);
        CHECK(status == VYRE_OK || status == VYRE_ERROR_NO_BACKEND);
        if (status) continue;
        n_open++;
        vyre_context_get_info(c, &info);
        CHECK_STRING(info.level, levels[i]);
        vyre_context_destroy(c);
    }
    CHECK(n_open >= 1);
}

/* -- logs and traces --------------------------------------------------------------------------- */

struct lines {
    uint32_t n[3];
    char last[512];
};

static void note_line(void *ctx, vyre_log_level level, const char *line)
{
    struct lines *l = ctx;
    l->n[level]++;
    snprintf(l->last, sizeof l->last, "%s", line);
}

static void logs_to_a_callback(void)
{
    struct lines lines = {0};
    vyre_context *c;
    unsigned char to[16];
    vyre_span args = vyre_host(to, 16);
    CHECK_INT(create((vyre_options){.backends = "cpu", .log = note_line, .log_ctx = &lines, .log_level = 3}, &c),
              VYRE_OK);
    CHECK_UINT(lines.n[VYRE_LOG_NOTE], 1);
    CHECK_INT(vyre_rt_run(c, m, FILL, &args), VYRE_OK);
    CHECK_UINT(lines.n[VYRE_LOG_DETAIL], 1);
    CHECK(strstr(lines.last, "fill: VYRE_OK, "));
    args.count = 15;
    CHECK_INT(vyre_rt_run(c, m, FILL, &args), VYRE_ERROR_LENGTH);
    CHECK_UINT(lines.n[VYRE_LOG_ERROR], 1);
    CHECK(strstr(lines.last, "VYRE_ERROR_LENGTH: fill: 'to' has 15"));
    vyre_context_destroy(c);
    memset(&lines, 0, sizeof lines);
    CHECK_INT(create((vyre_options){.backends = "cuda", .log = note_line, .log_ctx = &lines, .log_level = 1}, &c),
              VYRE_ERROR_DRIVER_MISSING);
    CHECK_UINT(lines.n[VYRE_LOG_ERROR], 1);
}

static char trace_path[64];

static size_t read_trace(const char *path, char *text, size_t room)
{
    int file = open(path, O_RDONLY);
    ssize_t n = file < 0 ? -1 : read(file, text, room - 1);
    if (file >= 0) close(file);
    text[n < 0 ? 0 : n] = 0;
    return n < 0 ? 0 : (size_t)n;
}

static uint32_t count_text(const char *text, const char *what)
{
    uint32_t n = 0;
    while ((text = strstr(text, what)))
        n++, text++;
    return n;
}

/* Complete after every event: an array whose brackets and braces match. */
static void checks_json(const char *text, uint32_t n_events)
{
    size_t n = strlen(text);
    CHECK(n > 4 && text[0] == '[' && !strcmp(text + n - 3, "\n]\n"));
    CHECK_UINT(count_text(text, "\"ph\": \"X\""), n_events);
    CHECK_UINT(count_text(text, "},\n{"), n_events ? n_events - 1 : 0);
    CHECK_UINT(count_text(text, "{"), 2 * n_events);
    CHECK_UINT(count_text(text, "}"), 2 * n_events);
}

static void writes_traces(void)
{
    static char text[8192], second_path[80];
    vyre_context *c, *second;
    unsigned char to[16];
    struct {
        vyre_span here;
        float scale;
    } args = {vyre_host(to, 16), 1};
    snprintf(trace_path, sizeof trace_path, "/tmp/vyre_trace_%ld.json", (long)getpid());
    snprintf(second_path, sizeof second_path, "%s.2", trace_path);
    CHECK_INT(create((vyre_options){.backends = "cpu", .trace_path = trace_path}, &c), VYRE_OK);
    CHECK_INT(create((vyre_options){.backends = "cpu", .trace_path = trace_path}, &second), VYRE_OK);
    read_trace(trace_path, text, sizeof text);
    CHECK_STRING(text, "[\n]\n");
    for (uint32_t i = 1; i <= 5; i++) {
        CHECK_INT(vyre_rt_run(c, m, BOTH, &args), VYRE_OK);
        read_trace(trace_path, text, sizeof text);
        checks_json(text, 2 * i);
    }
    CHECK_UINT(count_text(text, "\"name\": \"one: fill\", \"cat\": \"launch\""), 5);
    CHECK_UINT(count_text(text, "\"name\": \"both\", \"cat\": \"run\""), 5);
    CHECK_INT(vyre_rt_run(second, m, FILL, &args), VYRE_OK);
    read_trace(second_path, text, sizeof text);
    checks_json(text, 2);
    vyre_context_destroy(c);
    vyre_context_destroy(second);

    /* An old, longer file is replaced. */
    CHECK_INT(create((vyre_options){.backends = "cpu", .trace_path = trace_path}, &c), VYRE_OK);
    vyre_context_destroy(c);
    read_trace(trace_path, text, sizeof text);
    CHECK_STRING(text, "[\n]\n");
    unlink(trace_path);
    unlink(second_path);
}

/* -- introspection ----------------------------------------------------------------------------- */

static void describes_units(void)
{
    vyre_context *c;
    const vyre_unit *unit, *other;
    CHECK_INT(create((vyre_options){.backends = "cpu"}, &c), VYRE_OK);
    CHECK_INT(vyre_rt_unit(c, m, BOTH, &unit), VYRE_OK);
    CHECK_INT(vyre_unit_sibling(unit, FILL, &other), VYRE_OK);
    vyre_unit_info info = {.size = sizeof info};
    CHECK_INT(vyre_unit_get_info(other, &info), VYRE_OK);
    CHECK_STRING(info.name, "fill");
    CHECK_UINT(info.is_pipeline, 0);
    CHECK_UINT(info.workgroup[0], 32);
    CHECK_INT(vyre_unit_get_info(unit, &info), VYRE_OK);
    CHECK_STRING(info.symbol, "both");
    CHECK_UINT(info.is_pipeline, 1);
    CHECK_UINT(info.n_buffers, 1);
    CHECK_UINT(info.n_params, 1);
    CHECK_UINT(info.args_bytes, 40);
    CHECK_UINT(info.budget_bytes, 77);
    vyre_buffer_arg b = {.size = sizeof b};
    CHECK_INT(vyre_unit_buffer(other, 0, &b), VYRE_OK);
    CHECK_STRING(b.name, "to");
    CHECK_INT(b.type, VYRE_TYPE_U8);
    CHECK_INT(b.access, VYRE_ACCESS_READ_WRITE);
    CHECK_UINT(b.is_sized, 1);
    CHECK_UINT(b.min_count, 16);
    CHECK_UINT(b.elem_bytes, 1);
    vyre_param_arg p = {.size = sizeof p};
    CHECK_INT(vyre_unit_param(unit, 0, &p), VYRE_OK);
    CHECK_STRING(p.name, "scale");
    CHECK_INT(p.type, VYRE_TYPE_F32);
    CHECK_UINT(p.arg_offset, 32);
    CHECK_INT(vyre_unit_param(unit, 1, &p), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_INT(vyre_unit_buffer(unit, 1, &b), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_INT(vyre_unit_get_info(unit, NULL), VYRE_ERROR_INVALID_ARGUMENT);
    info.size = 0;
    CHECK_INT(vyre_unit_get_info(unit, &info), VYRE_ERROR_INVALID_ARGUMENT);
    CHECK_INT(vyre_unit_sibling(unit, 2, &other), VYRE_OK);
    CHECK(!other);
    unsigned char to[16] = {0};
    struct {
        vyre_span here;
        float scale;
    } args = {vyre_host(to, 16), 1};
    CHECK_INT(vyre_unit_run(unit, &args), VYRE_OK);
    CHECK_UINT(to[15], 1);
    CHECK_INT(vyre_unit_run(NULL, &args), VYRE_ERROR_INVALID_ARGUMENT);
    vyre_context_destroy(c);
}

static void names_every_status(void)
{
    for (int s = VYRE_OK; s >= VYRE_ERROR_SYSTEM; s--) {
        CHECK(strcmp(vyre_status_string((vyre_status)s), "unknown status"));
        CHECK(!strncmp(vyre_status_name((vyre_status)s), s ? "VYRE_ERROR_" : "VYRE_OK", 7));
        for (int t = VYRE_OK; t > s; t--)
            CHECK(strcmp(vyre_status_string((vyre_status)s), vyre_status_string((vyre_status)t)));
    }
    CHECK_STRING(vyre_status_string((vyre_status)1), "unknown status");
    CHECK_STRING(vyre_status_string((vyre_status)(VYRE_ERROR_CANCELLED - 1)), "unknown status");
    CHECK_UINT(vyre_version(), VYRE_VERSION_MAJOR * 1000 + VYRE_VERSION_MINOR);
}

/* A container or a module of another version is refused with a reason. */
static void refuses_versions(struct vyre_module *module)
{
    struct vyre_container *head = (struct vyre_container *)module_container;
    const vyre_unit *unit;
    vyre_context *c;
    CHECK_INT(create((vyre_options){.backends = "cpu"}, &c), VYRE_OK);
    head->version++;
    CHECK_INT(vyre_rt_unit(c, module, FILL, &unit), VYRE_ERROR_BAD_MODULE);
    CHECK(strstr(vyre_context_message(c), "its version is not known"));
    head->version--;
    module->version++;
    CHECK_INT(vyre_rt_unit(c, module, FILL, &unit), VYRE_ERROR_BAD_MODULE);
    module->version--;
    module->magic++;
    CHECK_INT(vyre_rt_unit(c, module, FILL, &unit), VYRE_ERROR_BAD_MODULE);
    module->magic--;
    module->n_programs++;
    CHECK_INT(vyre_rt_unit(c, module, FILL, &unit), VYRE_ERROR_BAD_MODULE);
    module->n_programs--;
    CHECK_INT(vyre_rt_unit(c, module, FILL, &unit), VYRE_OK); /* what failed was not kept */
    vyre_context_destroy(c);
}

static void refuses_code_for_others(const struct vyre_module *module)
{
    unsigned char to[16];
    vyre_span args = vyre_host(to, 16);
    vyre_context *c;
    struct vyre_cpu_code saved[VYRE_CPU_LEVELS];
    memcpy(saved, module_memory.code[FILL], sizeof saved);
    for (int level = 0; level < VYRE_CPU_LEVELS; level++)
        module_memory.code[FILL][level].kernel = 0;
    CHECK_INT(create((vyre_options){.backends = "cpu"}, &c), VYRE_OK);
    CHECK_INT(vyre_rt_run(c, module, FILL, &args), VYRE_ERROR_NO_IMAGE);
    CHECK(strstr(vyre_context_message(c), "--target=cpu:"));
    vyre_context_destroy(c);
    memcpy(module_memory.code[FILL], saved, sizeof saved);
}

int main(void)
{
    static const char *const variables[] = {"VYRE_BACKEND", "VYRE_DEVICE", "VYRE_THREADS", "VYRE_CPU_LEVEL",
                                            "VYRE_TRACE",   "VYRE_LOG",    "VYRE_CHECK"};
    for (uint32_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    struct vyre_module *module = make_module();
    m = module;
    refuses_options();
    takes_old_and_new_options();
    tells_what_was_picked();
    reads_the_environment();
    runs_every_level();
    logs_to_a_callback();
    writes_traces();
    describes_units();
    names_every_status();
    refuses_versions(module);
    refuses_code_for_others(module);
    return test_finish();
}
