/* interpreted.c - running a unit in the reference interpreter. */
#include <inttypes.h>

#include "tools/vyre-run/run.h"

static const char *describe_place(const struct run *r, const struct sources *sources, struct src_range range)
{
    struct src_place p = source_locate(sources, range.begin);
    return p.file ? arena_printf(r->arena, "%s:%u:%u", p.file->name, p.line, p.column) : "an unknown place";
}

static bool fail_race(const struct run *r, const struct sources *sources, const struct ir_race *race)
{
    run_fail(r, "put a barrier between them, make both atomic, or give each invocation its own element",
             "race on '%s[%" PRIu64 "]': invocation %" PRIu64 " at %s and invocation %" PRIu64 " at %s",
             race->buffer->name, race->index, race->first_invocation, describe_place(r, sources, race->first),
             race->second_invocation, describe_place(r, sources, race->second));
    return false;
}

static bool judge(const struct run *r, const struct sources *sources, const struct ir_run_result *result,
                  struct outcome *outcome)
{
    switch (result->status) {
    case IR_RUN_OK:
        return true;
    case IR_RUN_TRAP:
        outcome->trapped = true;
        outcome->trap_code = result->trap_code;
        outcome->trap_invocation = result->trap_invocation;
        outcome->trap_arm = result->trap_of ? result->trap_of : "";
        outcome->trap_place = describe_place(r, sources, result->trap_range);
        return true;
    case IR_RUN_RACE:
        return fail_race(r, sources, &result->race);
    case IR_RUN_DEADLOCK:
        return run_fail(r, "use --races to find what splits the workgroup", "invocations wait at different barriers");
    case IR_RUN_TOO_LONG:
        return run_fail(r, "give a higher limit", "the run took more steps than allowed");
    case IR_RUN_BAD_SIZE:
        return run_fail(r, "", "%s", result->message);
    case IR_RUN_UNSUPPORTED:
        return run_fail(r, "", "%s", result->message);
    case IR_RUN_OUT_OF_BOUNDS:
        return run_fail(r, "", "%s: %s", describe_place(r, sources, result->trap_range), result->message);
    }
    return false;
}

bool interpreted_run(const struct run *r, const struct sources *sources, const struct run_unit *unit,
                     const struct ir_run_options *options, struct outcome *outcome)
{
    struct ir_run_buffer *buffers = ARENA_ARRAY(r->arena, struct ir_run_buffer, unit->n_arrays + 1);
    uint64_t *params = ARENA_ARRAY(r->arena, uint64_t, unit->n_params + 1);
    struct progress progress;
    struct ir_run_options with_progress = *options;
    struct arena scratch;
    for (uint32_t k = 0; k < unit->n_arrays; k++)
        buffers[k] = (struct ir_run_buffer){unit->arrays[k].bytes, unit->arrays[k].count};
    for (uint32_t k = 0; k < unit->n_params; k++)
        params[k] = unit->params[k].bits;
    with_progress.progress = progress_report;
    with_progress.progress_ctx = &progress;
    *outcome = (struct outcome){0};
    arena_init(&scratch, r->arena->mem);
    progress_begin(&progress, "interpreting");
    double started = now_seconds();
    struct ir_run_result result = unit->is_pipeline
                                      ? ir_run_pipeline(&scratch, unit->pipeline, buffers, params, &with_progress)
                                      : ir_run_program(&scratch, unit->program, buffers, params, &with_progress);
    outcome->wall_ns = outcome->device_ns = (uint64_t)((now_seconds() - started) * 1e9);
    progress_end(&progress);
    bool ok = judge(r, sources, &result, outcome);
    arena_release(&scratch);
    return ok;
}
