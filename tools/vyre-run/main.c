/* main.c - vyre-run: runs a program or pipeline of a .vir file or an object, on the CPU or in the interpreter.
 *
 *   vyre-run scan.vir --pipeline=scan_base64 text=@file hits=u32[1024] limit=1000 --dump=hits
 *
 * Exit status: 0 it ran; 1 a fault, a trap, a race, or --check found a difference; 2 the command line is wrong. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codegen/codegen.h"
#include "driver/pass_options.h"
#include "ir/build.h"
#include "tools/vyre-run/run.h"
#include "passes/chunk_units.h"

enum { DEFAULT_BENCH_RUNS = 11, DEFAULT_CHUNK_BYTES = 64 << 20 };

struct session {
    struct run run;
    struct tool *tool;
    struct ir_module *module; /* NULL: an object was given */
    struct out object;
    struct run_unit unit;
    struct library *library; /* NULL: interpreted */
    struct compiled *compiled;
    /* options */
    const char *name;
    enum run_unit_kind kind;
    bool interpret, check, probes, stats;
    uint64_t chunk_bytes; /* 0: chunks where they help */
    uint32_t n_bench, opt_level;
    bool checks_claims;
    struct pass_settings passes;
    struct ir_run_options interp;
    struct compiled_options compile;
    VEC(const char *) dumps;
};

/* -- options --------------------------------------------------------------------------------------------- */

static enum ir_schedule find_schedule(const char *word)
{
    static const char *const words[] = {
        [IR_SCHEDULE_FORWARD] = "forward",
        [IR_SCHEDULE_REVERSED] = "reversed",
        [IR_SCHEDULE_RANDOM] = "random",
        [IR_SCHEDULE_INTERLEAVED] = "interleaved",
    };
    uint32_t k = 0;
    while (strcmp(words[k], word))
        k++; /* the options' table lets nothing else through */
    return (enum ir_schedule)k;
}

static void apply(struct session *s, const struct option_use *use)
{
    struct arena *arena = s->run.arena;
    switch (use->id) {
    case OPTION_ID_RUN_PROGRAM:
        s->name = use->argument;
        s->kind = RUN_PROGRAM;
        break;
    case OPTION_ID_RUN_PIPELINE:
        s->name = use->argument;
        s->kind = RUN_PIPELINE;
        break;
    case OPTION_ID_RUN_BACKEND:
        s->interpret = !strcmp(use->argument, "interp");
        s->compile.backend = use->argument;
        break;
    case OPTION_ID_RUN_DUMP:
        vec_push(arena, &s->dumps, use->argument);
        break;
    case OPTION_ID_RUN_CHECK:
        s->check = true;
        break;
    case OPTION_ID_RUN_BENCH:
        s->n_bench = use->argument ? use->number : DEFAULT_BENCH_RUNS;
        break;
    case OPTION_ID_RUN_SCHEDULE:
        s->interp.schedule = find_schedule(use->argument);
        break;
    case OPTION_ID_RUN_SEED:
        s->interp.seed = use->number;
        break;
    case OPTION_ID_RUN_RACES:
        s->interp.detect_races = true;
        break;
    case OPTION_ID_RUN_CPU_LEVEL:
        s->compile.cpu_level = *use->argument == 'v' ? arena_printf(arena, "x86-64-%s", use->argument) : use->argument;
        break;
    case OPTION_ID_RUN_PROBES:
        s->probes = true;
        break;
    case OPTION_ID_RUN_CHUNKS:
        s->chunk_bytes = use->argument ? use->bytes : DEFAULT_CHUNK_BYTES;
        break;
    case OPTION_ID_RUN_TUNE:
        s->compile.tunes = true;
        break;
    case OPTION_ID_RUN_STATS:
        s->stats = true;
        break;
    case OPTION_ID_RUN_THREADS:
        s->compile.threads = use->number;
        break;
    case OPTION_ID_OPTIMIZE:
        s->opt_level = (uint32_t)(*use->argument - '0');
        break;
    case OPTION_ID_CHECK_CLAIMS:
        s->checks_claims = true;
        break;
    default:
        break; /* the driver's own */
    }
}

/* -- from the input to something that can run ------------------------------------------------------------ */

static bool is_object(const char *path)
{
    size_t n = strlen(path);
    return n > 2 && !strcmp(path + n - 2, ".o");
}

static bool read_object(struct session *s, const char *path)
{
    int error = out_read_file(&s->object, path, SIZE_MAX / 4);
    if (error)
        return run_fail(&s->run, "check the path and its permissions", "cannot read '%s': %s", path, strerror(error));
    if (s->interpret || s->check || s->interp.detect_races)
        return run_fail(&s->run, "give the .vir file instead",
                        "'%s' is an object, and the interpreter needs the text of the program", path);
    return true;
}

static bool compile(struct session *s)
{
    struct target_set targets = {0};
    struct codegen_options options = {.emit = CODEGEN_EMIT_OBJECT,
                                      .opt_level = s->opt_level,
                                      .checks_claims = s->checks_claims,
                                      .prefix = "",
                                      .source_name = s->tool->options.inputs.at[0],
                                      .targets = &targets};
    target_set_default(&targets, NULL);
    for (uint32_t t = 0; t < TARGET_COUNT; t++)
        targets.has[t] |= target_infos[t].family == TARGET_FAMILY_SPIRV && !strcmp(s->compile.backend, "vulkan");
    /* The interpreter runs the module as it was written. */
    struct ir_module *compiled = ir_module_copy(s->run.arena, s->module);
    if (!pass_options_run(s->tool, &s->passes, compiled)) return false;
    chunk_units_make(compiled, s->run.arena);
    return codegen_emit(compiled, &options, &s->tool->diags, s->run.arena, &s->object);
}

static bool prepare(struct session *s, const char *path)
{
    struct intern *names = ARENA_NEW(s->run.arena, struct intern);
    intern_init(names, s->run.arena);
    if (is_object(path) ? !read_object(s, path) : !(s->module = tool_read_module(s->tool, s->run.arena, names, path)))
        return false;
    if (s->module && !unit_from_module(&s->run, s->module, s->name, s->kind, &s->unit)) return false;
    if (s->interpret) return true;
    if (s->module && !compile(s)) return false;
    if (!library_load(&s->run, &s->object, &s->library) ||
        !compiled_open(&s->run, s->library, &s->compile, &s->compiled))
        return false;
    struct run_unit linked;
    if (!unit_from_object(&s->run, compiled_any_unit(s->compiled), s->module ? s->unit.name : s->name,
                          s->module ? (s->unit.is_pipeline ? RUN_PIPELINE : RUN_PROGRAM) : s->kind, &linked))
        return false;
    if (s->module)
        s->unit.compiled = linked.compiled;
    else
        s->unit = linked;
    return true;
}

/* -- running --------------------------------------------------------------------------------------------- */

static bool run_once(struct session *s, struct outcome *outcome)
{
    bool ok = s->interpret ? interpreted_run(&s->run, &s->tool->sources, &s->unit, &s->interp, outcome)
                           : compiled_run(&s->run, s->compiled, &s->unit, outcome);
    const struct run_array *overrun = ok ? args_find_overrun(&s->unit) : NULL;
    if (overrun)
        return run_fail(&s->run, "please report this with the program", "something was written behind the end of '%s'",
                        overrun->name);
    return ok;
}

static bool report_trap(const struct session *s, const struct outcome *o)
{
    return run_fail(&s->run, o->trap_code == 1 ? "code 1 is also that of a `while` that used up its rounds" : "",
                    "trap %" PRIu32 " in invocation %" PRIu64 ", %s", o->trap_code, o->trap_invocation, o->trap_place);
}

/* -- --check: the interpreter on a copy ------------------------------------------------------------------ */

static bool report_difference(const struct session *s, const struct run_array *ours, const struct run_array *reference)
{
    uint64_t n = array_bytes(ours), k = 0;
    if (!n || !memcmp(ours->bytes, reference->bytes, n)) return true;
    while (ours->bytes[k] == reference->bytes[k])
        k++;
    return run_fail(
        &s->run, "a program with races, or whose atomics come in an order that shows, may differ: try --races",
        "'%s' differs from the interpreter's at byte %" PRIu64 ", element %" PRIu64 ": 0x%02x instead of 0x%02x",
        ours->name, k, k / ir_type_mem_bytes(ours->elem), ours->bytes[k], reference->bytes[k]);
}

static bool check(struct session *s, const struct outcome *ours)
{
    struct run_unit copy = s->unit;
    struct outcome reference;
    copy.arrays = ARENA_ARRAY(s->run.arena, struct run_array, copy.n_arrays + 1);
    for (uint32_t k = 0; k < copy.n_arrays; k++) {
        copy.arrays[k] = s->unit.arrays[k];
        copy.arrays[k].bytes = arena_alloc(s->run.arena, array_bytes(&copy.arrays[k]));
        memcpy(copy.arrays[k].bytes, copy.arrays[k].initial, array_bytes(&copy.arrays[k]));
    }
    if (!interpreted_run(&s->run, &s->tool->sources, &copy, &s->interp, &reference)) return false;
    if (ours->trapped != reference.trapped || ours->trap_code != reference.trap_code ||
        ours->trap_invocation != reference.trap_invocation ||
        (ours->trapped && strcmp(ours->trap_arm, reference.trap_arm)))
        return run_fail(&s->run, "please report this with the program", "the interpreter %s, the CPU's code %s",
                        reference.trapped ? "traps or traps elsewhere" : "does not trap",
                        ours->trapped ? "traps" : "does not");
    bool same = true;
    for (uint32_t k = 0; !ours->trapped && k < copy.n_arrays; k++)
        same &= report_difference(s, &s->unit.arrays[k], &copy.arrays[k]);
    if (same) printf("check: the same bytes as the interpreter's\n");
    return same;
}

/* -- --bench --------------------------------------------------------------------------------------------- */

static int compare_times(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void print_times(const char *what, uint64_t *times, uint32_t n, uint64_t bytes)
{
    qsort(times, n, sizeof *times, compare_times);
    uint64_t middle = times[n / 2];
    double median = (double)middle;
    printf("  %-7s median %10.3f ms   least %10.3f ms   most %10.3f ms   %8.3f GB/s\n", what, median / 1e6,
           (double)times[0] / 1e6, (double)times[n - 1] / 1e6, median > 0 ? (double)bytes / median : 0.0);
}

/* Each run starts from the same bytes; filling them in is not timed. */
static bool bench(struct session *s)
{
    uint64_t *wall = ARENA_ARRAY(s->run.arena, uint64_t, s->n_bench),
             *device = ARENA_ARRAY(s->run.arena, uint64_t, s->n_bench);
    struct outcome o;
    for (uint32_t k = 0; k < s->n_bench; k++) {
        args_restore(&s->unit);
        if (!run_once(s, &o) || (o.trapped && !report_trap(s, &o))) return false;
        wall[k] = o.wall_ns;
        device[k] = o.device_ns;
    }
    printf("%s on %s, %u runs, buffers of %" PRIu64 " bytes\n", s->unit.name,
           s->interpret ? "the interpreter" : compiled_device(s->compiled), s->n_bench, unit_bytes(&s->unit));
    print_times("wall", wall, s->n_bench, unit_bytes(&s->unit));
    if (!s->interpret) print_times("device", device, s->n_bench, unit_bytes(&s->unit));
    return true;
}

/* -- all of it ------------------------------------------------------------------------------------------- */

static bool run_session(struct session *s)
{
    const struct option_list *list = &s->tool->options;
    struct outcome outcome;
    if (!prepare(s, list->inputs.at[0])) return false;
    s->unit.chunk_bytes = s->chunk_bytes;
    s->unit.keeps_bytes = s->check;
    if (s->compiled &&
        !chunks_choose(&s->run, &s->unit, list->inputs.at + 1, list->inputs.n - 1, compiled_message(s->compiled)))
        return false;
    if (!args_parse(&s->run, &s->unit, list->inputs.at + 1, list->inputs.n - 1)) return false;
    if (s->probes && s->compiled) compiled_print_probes(s->compiled);
    if (!run_once(s, &outcome) || (s->check && !s->interpret && !check(s, &outcome))) return false;
    bool ok = !outcome.trapped || report_trap(s, &outcome);
    for (uint32_t k = 0; k < s->dumps.n; k++)
        ok &= dump_array(&s->run, &s->unit, s->dumps.at[k]);
    fflush(stdout);
    return ok && (!s->n_bench || bench(s));
}

static int work(struct tool *tool)
{
    struct session s = {.run = {.arena = &tool->arena, .tool = "vyre-run", .colour = tool_wants_colour(tool)},
                        .tool = tool,
                        .opt_level = 2,
                        .compile.backend = "cpu"};
    if (!tool->options.inputs.n) {
        diag_report(&tool->diags, DIAG_NO_INPUT, SRC_NONE);
        return TOOL_USAGE;
    }
    for (uint32_t k = 0; k < tool->options.uses.n; k++)
        apply(&s, &tool->options.uses.at[k]);
    if (!pass_options_read(tool, s.opt_level, &s.passes)) return TOOL_USAGE;
    out_init(&s.object, &tool->mem);
    bool ok = run_session(&s);
    chunks_close_files(&s.unit);
    if (s.stats && s.compiled) compiled_print_stats(s.compiled);
    if (s.compiled) compiled_close(s.compiled);
    if (s.library) library_unload(s.library);
    out_release(&s.object);
    return ok && !tool->diags.n_errors ? TOOL_SUCCESS : TOOL_REPORTED;
}

int main(int argc, char **argv)
{
    return tool_main(TOOL_RUN, argc, argv, work);
}
