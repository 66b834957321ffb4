/* main.c - vyre-fuzz: random well-defined programs, run by everything that can run them.
 *
 *   vyre-fuzz --seed=7 --count=100 --keep=/tmp/failures
 *
 * The last line is `N passed, N failed`; the exit status 1 when anything failed. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "driver/tool.h"
#include "tools/vyre-fuzz/differ.h"

enum { DEFAULT_PROGRAMS = 24, DEFAULT_STATEMENTS = 40, LEAST_STATEMENTS = 4 };

/* Compiled code that crashes takes us along; where it was is all that can still be said. */
static void report_crash(int signal_number)
{
    char line[256];
    int n = snprintf(line, sizeof line, "seed %" PRIu64 ": %s on %s: signal %d\n", fuzz_place.seed,
                     fuzz_place.unit ? fuzz_place.unit : "?", fuzz_place.executor ? fuzz_place.executor : "?",
                     signal_number);
    if (n > 0 && write(STDOUT_FILENO, line, (size_t)n) < 0) _exit(1);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void watch_crashes(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    for (size_t k = 0; k < sizeof signals / sizeof *signals; k++)
        signal(signals[k], report_crash);
}

static bool print_modules(struct tool *tool, uint64_t seed, uint32_t count, const struct fuzz_options *options)
{
    struct out out;
    out_init(&out, &tool->mem);
    for (uint32_t k = 0; k < count; k++) {
        if (count > 1) out_printf(&out, "// seed %" PRIu64 "\n", seed + k);
        fuzz_print(&tool->mem, seed + k, options, &out);
    }
    bool ok = tool_write_file(tool, "-", &out);
    out_release(&out);
    return ok;
}

static void print_counts(uint64_t seed, const struct fuzz_counts *c)
{
    printf("seeds %" PRIu64 " to %" PRIu64 ": %" PRIu64 " modules, %" PRIu64 " refused; %" PRIu64
           " programs and pipelines, %" PRIu64 " trapped, %" PRIu64 " refused by the device, %" PRIu64
           " too long to compare\n",
           seed, seed + c->modules - 1, c->modules, c->invalid, c->programs, c->trapped, c->unsupported, c->too_long);
    printf("%" PRIu64 " of %" PRIu64 " statements ran; agreed:", c->reached, c->statements);
    for (uint32_t k = 0; fuzz_executor_name(k); k++)
        printf("%s %s %" PRIu64, k ? "," : "", fuzz_executor_name(k), c->on_executor[k]);
    printf("\n");
    features_print(&c->features);
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", c->passed, c->failed);
}

/* `count` modules, or as many as `seconds` allow. */
static bool run_modules(struct tool *tool, uint64_t seed, uint32_t count, uint32_t seconds,
                        const struct fuzz_options *options)
{
    struct fuzz_counts c = {0};
    struct progress progress;
    watch_crashes();
    progress_begin(&progress, "fuzzing");
    double ends = now_seconds() + seconds;
    for (uint32_t k = 0; seconds ? now_seconds() < ends : k < count; k++) {
        progress_report(&progress, k, seconds ? 0 : count);
        fuzz_module(&tool->mem, seed + k, options, &c);
    }
    progress_end(&progress);
    print_counts(seed, &c);
    return !c.failed && c.passed;
}

enum { TOOL_SKIPPED = 77 }; /* as tests say it */

static bool start_emulator(struct fuzz_options *options)
{
    const char *reason;
    options->ptx = ptx_emulator_start(&reason);
    if (!options->ptx) printf("skipped: %s\n", reason);
    return options->ptx != NULL;
}

static int work(struct tool *tool)
{
    struct fuzz_options options = {.size = {DEFAULT_PROGRAMS, DEFAULT_STATEMENTS}, .run_cpu = true};
    uint32_t seed = 1, count = 1, seconds = 0;
    bool print = false, run_ptx = false;
    for (uint32_t k = 0; k < tool->options.uses.n; k++) {
        const struct option_use *use = &tool->options.uses.at[k];
        switch (use->id) {
        case OPTION_ID_RUN_SEED:
            seed = use->number;
            break;
        case OPTION_ID_FUZZ_COUNT:
            count = use->number;
            break;
        case OPTION_ID_FUZZ_SECONDS:
            seconds = use->number;
            break;
        case OPTION_ID_FUZZ_PROGRAMS:
            options.size.n_programs = use->number;
            break;
        case OPTION_ID_FUZZ_STATEMENTS:
            options.size.most_statements = use->number < LEAST_STATEMENTS ? LEAST_STATEMENTS : use->number;
            break;
        case OPTION_ID_FUZZ_LEVELS:
            options.one_level = !strcmp(use->argument, "one");
            break;
        case OPTION_ID_FUZZ_PRINT:
            print = true;
            break;
        case OPTION_ID_FUZZ_RUN:
            options.run_cpu = !strcmp(use->argument, "cpu");
            if (!strcmp(use->argument, "vulkan") || !strcmp(use->argument, "cuda")) options.device = use->argument;
            run_ptx = !strcmp(use->argument, "ptx");
            break;
        case OPTION_ID_FUZZ_HANDOFFS:
            options.handoffs = true;
            break;
        case OPTION_ID_FUZZ_KEEP:
            options.keep_dir = use->argument;
            break;
        default:
            break; /* the driver's own */
        }
    }
    if (run_ptx && !start_emulator(&options)) return TOOL_SKIPPED;
    bool ok = print ? print_modules(tool, seed, count, &options) : run_modules(tool, seed, count, seconds, &options);
    ptx_emulator_stop(options.ptx);
    return ok ? TOOL_SUCCESS : TOOL_REPORTED;
}

int main(int argc, char **argv)
{
    return tool_main(TOOL_FUZZ, argc, argv, work);
}
