/* run_cpu.c - the executor of exec-ops: the machine code of each level that this processor has. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "ir/interp.h"
#include "runtime-stub/cpu_helper.h"
#include "tests/exec/ops/run.h"

static const struct vyre_module *loaded;

/* -- a launch ------------------------------------------------------------------------------------------------------ */

static void count_trap(void *ctx, uint64_t invocation, uint32_t code)
{
    (void)invocation, (void)code;
    *(bool *)ctx = true;
}

/* The kernel, in two pieces, as threads would take them. */
static bool launch_code(struct launch *l, const struct vyre_cpu_code *code)
{
    struct vyre_cpu_buffer buffers[MAX_BUFFERS];
    struct ir_run_buffer sizes[MAX_BUFFERS];
    bool trapped = false;
    struct vyre_cpu_launch launch = {.buffers = buffers,
                                     .params = l->test->params,
                                     .trap = count_trap,
                                     .trap_ctx = &trapped,
                                     .helpers = &cpu_helpers};
    vyre_cpu_kernel *kernel = (vyre_cpu_kernel *)((uintptr_t)&code->kernel + (uintptr_t)(intptr_t)code->kernel);
    for (uint32_t i = 0; i < l->test->n_buffers; i++) {
        buffers[i] = (struct vyre_cpu_buffer){l->memory[i].bytes, l->test->buffers[i].count};
        sizes[i] = (struct ir_run_buffer){l->memory[i].bytes, l->test->buffers[i].count};
    }
    if (!ir_launch_size(l->program, sizes, l->test->params, launch.groups)) return false;
    uint64_t n = (uint64_t)launch.groups[0] * launch.groups[1] * launch.groups[2], half = n / 2;
    struct fenced scratch = fenced_new(code->scratch_bytes);
    kernel(&launch, 0, half, scratch.bytes);
    kernel(&launch, half, n - half, scratch.bytes);
    bool whole = fenced_is_whole(&scratch);
    fenced_free(&scratch);
    for (uint32_t i = 0; i < l->test->n_buffers; i++)
        whole &= fenced_is_whole(&l->memory[i]);
    if (trapped || !whole)
        fprintf(stderr, "%s %s: %s\n", now_level, l->test->name, trapped ? "trapped" : "wrote before a buffer");
    return whole && !trapped;
}

/* -- loading ------------------------------------------------------------------------------------------------------- */

/* The generated entry functions call these with the module, which is all that is wanted from them. */
int32_t vyre_rt_run(const struct vyre_module **found, const struct vyre_module *module, uint32_t unit,
                    const void *args);
int32_t vyre_rt_run(const struct vyre_module **found, const struct vyre_module *module, uint32_t unit, const void *args)
{
    (void)unit, (void)args;
    *found = module;
    return 0;
}
#define UNUSED_ENTRY(name)                                                                                             \
    void name(void);                                                                                                   \
    void name(void)                                                                                                    \
    {                                                                                                                  \
        abort();                                                                                                       \
    }
UNUSED_ENTRY(vyre_rt_run_async)
UNUSED_ENTRY(vyre_rt_workspace)
UNUSED_ENTRY(vyre_rt_unit)

void executor_add_targets(struct target_set *targets)
{
    (void)targets;
}

bool executor_open(void *library, const char *entry)
{
    int32_t (*run)(const struct vyre_module **, const void *) =
        (int32_t (*)(const struct vyre_module **, const void *))dlsym(library, entry);
    run(&loaded, NULL);
    return loaded != NULL;
}

void executor_close(void)
{
    loaded = NULL;
}

/* -- levels -------------------------------------------------------------------------------------------------------- */

static bool host_has(enum vyre_cpu_level level)
{
    switch (level) {
#ifdef __x86_64__
    case VYRE_CPU_X86_64_V2:
        return __builtin_cpu_supports("x86-64-v2");
    case VYRE_CPU_X86_64_V3:
        return __builtin_cpu_supports("x86-64-v3");
    case VYRE_CPU_X86_64_V4:
        return __builtin_cpu_supports("x86-64-v4");
#endif
#ifdef __aarch64__
    case VYRE_CPU_AARCH64:
        return true;
#endif
    default:
        return false;
    }
}

static const char *level_name(enum vyre_cpu_level level)
{
    for (uint32_t i = 0; i < TARGET_COUNT; i++) {
        if (target_infos[i].family == TARGET_FAMILY_CPU && target_infos[i].level == (int)level)
            return target_infos[i].text;
    }
    return "?";
}

void executor_run(struct batch *b, struct launch *want, uint32_t unit)
{
    for (enum vyre_cpu_level level = 0; level < VYRE_CPU_LEVELS; level++) {
        const struct vyre_cpu_code *code = &loaded->code[unit * VYRE_CPU_LEVELS + level];
        if (!host_has(level)) continue;
        now_level = level_name(level);
        struct launch got = {want->test, want->program, {{0}}};
        launch_prepare(&got);
        bool equal = code->kernel != 0 && launch_code(&got, code) && compare(want, &got);
        launch_release(&got);
        b->n_passed += equal;
        b->n_failed += !equal;
    }
}
