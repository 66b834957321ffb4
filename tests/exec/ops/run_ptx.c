/* run_ptx.c - the executor of exec-ops-ptx: PTX in the emulator, a batch as one module. Without an emulator nothing is tested, which the status 77
 * says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/exec/ops/run.h"
#include "tools/ptx-emulator/emulator.h"

enum { STATUS_SKIPPED = 77 };

static struct ptx_emulator *emulator;
static const struct ir_module *loaded; /* of the batch */
static bool is_understood;

/* What the objects call; nothing here does. */
#define UNUSED_ENTRY(name)                                                                                             \
    void name(void);                                                                                                   \
    void name(void)                                                                                                    \
    {                                                                                                                  \
        abort();                                                                                                       \
    }
UNUSED_ENTRY(vyre_rt_run)
UNUSED_ENTRY(vyre_rt_run_async)
UNUSED_ENTRY(vyre_rt_workspace)
UNUSED_ENTRY(vyre_rt_unit)

void executor_add_targets(struct target_set *targets)
{
    (void)targets;
}

static void stop(void)
{
    ptx_emulator_stop(emulator);
}

bool executor_open(void *library, const char *entry)
{
    const char *reason;
    (void)library, (void)entry;
    loaded = NULL;
    if (emulator) return true;
    emulator = ptx_emulator_start(&reason);
    atexit(stop);
    if (emulator) return true;
    printf("skipped: %s\n", reason);
    exit(STATUS_SKIPPED);
}

void executor_close(void)
{
    loaded = NULL;
}

static enum target_id chosen_target(void)
{
    const char *arch = getenv("VYRE_TEST_PTX_ARCH"), *wanted = arch ? arch : "sm_75";
    for (uint32_t t = 0; t < TARGET_COUNT; t++)
        if (target_infos[t].family == TARGET_FAMILY_PTX && !strcmp(target_infos[t].arch, wanted))
            return (enum target_id)t;
    fprintf(stderr, "no target ptx:%s\n", wanted);
    exit(2);
}

/* All programs of the batch, when its first one runs. */
static void load_module(struct batch *b, const struct ir_module *m)
{
    struct target_set targets = {{false}};
    struct diags diags;
    struct out text;
    targets.has[chosen_target()] = true;
    struct codegen_options options = {.emit = CODEGEN_EMIT_PTX,
                                      .opt_level = b->opt_level,
                                      .prefix = "",
                                      .source_name = "ops.vir",
                                      .targets = &targets};
    diags_init(&diags, &b->arena, m->sources);
    out_init(&text, b->mem);
    loaded = m;
    is_understood =
        codegen_emit(m, &options, &diags, &b->arena, &text) && ptx_emulator_load(emulator, text.bytes, text.n);
    if (!is_understood) fprintf(stderr, "the module of %s: %s\n", now_running, ptx_emulator_message(emulator));
    out_release(&text);
}

static bool launch_kernel(struct batch *b, struct launch *got)
{
    struct ir_run_buffer buffers[MAX_BUFFERS];
    struct ptx_launch launch = {.program = got->program, .buffers = buffers, .params = got->test->params};
    for (uint32_t i = 0; i < got->test->n_buffers; i++)
        buffers[i] = (struct ir_run_buffer){got->memory[i].bytes, got->test->buffers[i].count};
    if (ptx_emulator_run(emulator, &launch, &b->arena) && !launch.trapped) return true;
    fprintf(stderr, "ptx %s: %s\n", got->test->name, launch.trapped ? "trapped" : ptx_emulator_message(emulator));
    return false;
}

void executor_run(struct batch *b, struct launch *want, uint32_t unit)
{
    struct launch got = {want->test, want->program, {{0}}};
    (void)unit;
    now_level = "ptx";
    if (loaded != want->program->module) load_module(b, want->program->module);
    launch_prepare(&got);
    bool equal = is_understood && launch_kernel(b, &got) && compare(want, &got);
    launch_release(&got);
    b->n_passed += equal;
    b->n_failed += !equal;
}
