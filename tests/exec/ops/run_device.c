/* run_device.c - the executor on a device, through the runtime: of the backend that `executor_backend` names. Without a
 * device nothing is tested, which the status 77 says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/exec/ops/run.h"
#include "tools/vyre-run/run.h"

enum { STATUS_SKIPPED = 77 };

const char *executor_backend = "vulkan";

static struct memory memory; /* of what is below */
static struct arena arena;
static struct compiled *compiled;

void executor_add_targets(struct target_set *targets)
{
    for (uint32_t t = 0; t < TARGET_COUNT; t++) {
        const struct target_info *info = &target_infos[t];
        targets->has[t] |= info->family == TARGET_FAMILY_SPIRV && !strcmp(executor_backend, "vulkan");
        targets->has[t] |= info->family == TARGET_FAMILY_PTX && !strcmp(executor_backend, "cuda") && info->in_all;
        targets->has[t] |= info->family == TARGET_FAMILY_AMDGCN && !strcmp(executor_backend, "hsa") && info->in_all;
    }
}

/* Ends the test where there is no device to test. */
static void find_device(void)
{
    static bool is_found;
    char message[512] = "";
    vyre_context *context;
    vyre_options options = {.size = sizeof options,
                            .backends = executor_backend,
                            .strict = 1,
                            .message = message,
                            .message_bytes = sizeof message};
    if (is_found) return;
    vyre_status status = vyre_context_create(&options, &context);
    if (status) {
        printf("skipped: %s\n", message);
        exit(status == VYRE_ERROR_NO_DEVICE || status == VYRE_ERROR_DRIVER_MISSING ? STATUS_SKIPPED : 1);
    }
    vyre_context_destroy(context);
    is_found = true;
}

bool executor_open(void *library, const char *entry)
{
    struct compiled_options options = {.backend = executor_backend, .strict = true};
    (void)entry;
    find_device();
    now_level = executor_backend;
    compiled = NULL;
    if (setjmp(memory.recover)) return false;
    arena_init(&arena, &memory);
    struct run run = {.arena = &arena, .tool = "exec-ops"};
    return compiled_open(&run, library, &options, &compiled);
}

void executor_close(void)
{
    if (compiled) compiled_close(compiled);
    compiled = NULL;
    arena_release(&arena);
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
    if (status) fprintf(stderr, "%s %s: %s\n", executor_backend, l->test->name, vyre_event_message(event));
    vyre_event_destroy(event);
    free(args);
    return !status;
}

void executor_run(struct batch *b, struct launch *want, uint32_t number)
{
    bool is_vulkan = !strcmp(executor_backend, "vulkan");
    if (is_vulkan ? codegen_device_refusal(want->program) : codegen_kernel_refusal(want->program)) return;
    const vyre_unit *unit = NULL;
    struct launch got = {want->test, want->program, {{0}}};
    vyre_unit_sibling(compiled_any_unit(compiled), number, &unit);
    launch_prepare(&got);
    bool refused = false, equal = unit && launch_device(&got, unit, &refused) && compare(want, &got);
    for (uint32_t i = 0; i < want->test->n_buffers; i++)
        equal &= fenced_is_whole(&got.memory[i]);
    launch_release(&got);
    if (refused) return;
    b->n_passed += equal;
    b->n_failed += !equal;
}
