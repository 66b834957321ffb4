/* run_vulkan.c - the executor of exec-ops-vulkan: the Vulkan device, through the runtime. Without a device nothing is
 * tested, which the status 77 says. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime-stub/vyrert.h"
#include "tests/exec/ops/run.h"

/* What objects call must be in this program, whether or not anything else here calls it. */
extern const void *const runtime_entries[];
const void *const runtime_entries[] = {(const void *)(uintptr_t)vyre_rt_run, (const void *)(uintptr_t)vyre_rt_run_async,
                                       (const void *)(uintptr_t)vyre_rt_workspace,
                                       (const void *)(uintptr_t)vyre_rt_unit};

enum { STATUS_SKIPPED = 77 };

static vyre_context *context;
static void *batch_library;

void executor_add_targets(struct target_set *targets)
{
    targets->has[TARGET_SPIRV_VULKAN_1_2] = targets->has[TARGET_SPIRV_VULKAN_1_2_WORDS] = true;
}

bool executor_open(void *library, const char *entry)
{
    char message[512] = "";
    vyre_options options = {
        .size = sizeof options, .backends = "vulkan", .strict = 1, .message = message, .message_bytes = sizeof message};
    (void)entry;
    batch_library = library;
    now_level = "vulkan";
    vyre_status status = vyre_context_create(&options, &context);
    if (!status) return true;
    printf("skipped: %s\n", message);
    exit(status == VYRE_ERROR_NO_DEVICE || status == VYRE_ERROR_DRIVER_MISSING ? STATUS_SKIPPED : 1);
}

void executor_close(void)
{
    vyre_context_destroy(context);
    context = NULL;
}

static const vyre_unit *find_unit(const char *name)
{
    char symbol[256];
    vyre_status (*describe)(vyre_context *, const vyre_unit **);
    const vyre_unit *unit = NULL;
    snprintf(symbol, sizeof symbol, "%s_unit", name);
    *(void **)&describe = dlsym(batch_library, symbol);
    if (!describe || describe(context, &unit)) fprintf(stderr, "%s: %s\n", symbol, vyre_context_message(context));
    return unit;
}

/* The argument struct of the generated header, filled in by its description. */
static void *make_args(const struct launch *l, const vyre_unit *unit)
{
    vyre_unit_info info = {.size = sizeof info};
    vyre_unit_get_info(unit, &info);
    unsigned char *args = calloc(1, info.args_bytes);
    if (!args) abort();
    for (uint32_t k = 0; k < l->test->n_buffers; k++) {
        vyre_buffer_arg b = {.size = sizeof b};
        vyre_unit_buffer(unit, k, &b);
        vyre_span span = vyre_host(l->memory[k].bytes, l->test->buffers[k].count);
        memcpy(args + b.arg_offset, &span, sizeof span);
    }
    for (uint32_t k = 0; k < l->program->params.n; k++) {
        vyre_param_arg p = {.size = sizeof p};
        vyre_unit_param(unit, k, &p);
        memcpy(args + p.arg_offset, &l->test->params[k], p.param_bytes); /* little-endian, as all hosts are */
    }
    return args;
}

/* What the device cannot do exactly is refused: *refused is set. */
static bool launch_device(const struct launch *l, const vyre_unit *unit, bool *refused)
{
    void *args = make_args(l, unit);
    vyre_event *event = NULL;
    vyre_status status = vyre_unit_run_async(unit, NULL, args, &event);
    if (!status) status = vyre_event_wait(event);
    *refused = status == VYRE_ERROR_UNSUPPORTED;
    if (status) fprintf(stderr, "vulkan %s: %s\n", l->test->name, vyre_event_message(event));
    vyre_event_destroy(event);
    free(args);
    return !status;
}

void executor_run(struct batch *b, struct launch *want, uint32_t number)
{
    if (codegen_device_refusal(want->program)) return;
    const vyre_unit *unit = find_unit(want->test->name);
    struct launch got = {want->test, want->program, {{0}}};
    (void)number;
    now_level = "vulkan";
    launch_prepare(&got);
    bool refused = false, equal = unit && launch_device(&got, unit, &refused) && compare(want, &got);
    for (uint32_t i = 0; i < want->test->n_buffers; i++)
        equal &= fenced_is_whole(&got.memory[i]);
    launch_release(&got);
    if (refused) return;
    b->n_passed += equal;
    b->n_failed += !equal;
}
