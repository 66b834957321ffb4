/* tool.c - the life of a tool, from its command line to its exit status. */
#include "driver/tool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "frontend/frontend.h"
#include "passes/bounds.h"

/* The deepest nesting the language allows fits, in debug builds too, whatever `ulimit -s` says. */
enum { STACK_BYTES = 64 << 20, CRASH_STACK_BYTES = 64 << 10 };

static void write_all(int fd, const char *text, size_t n)
{
    while (n) {
        ssize_t done = write(fd, text, n);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return;
        text += done;
        n -= (size_t)done;
    }
}

void tool_print_log(const struct out *log)
{
    write_all(STDERR_FILENO, log->bytes, log->n);
}

/* ---- options that all tools have ---- */

/* The message with `...` for what it names. */
static void print_pattern(const char *format, struct out *out)
{
    while (*format) {
        size_t n = strcspn(format, "%");
        out_bytes(out, format, n);
        format += n;
        if (!*format) break;
        out_text(out, format[1] == '%' ? "%" : "...");
        format += 1 + strspn(format + 1, "0123456789.*lhzjt");
        format += *format != 0;
    }
}

static void print_explanation(const struct diag_info *row, struct out *out)
{
    out_printf(out, "%s: ", row->code);
    print_pattern(row->text, out);
    out_printf(out, "\n\n%s\n", row->explanation);
    if (*row->fix) out_printf(out, "\nfix: %s\n", row->fix);
}

static void explain_code(struct tool *tool, const char *code, struct out *out)
{
    const struct diag_info *row = diag_find_code(code);
    if (row)
        print_explanation(row, out);
    else
        diag_report(&tool->diags, DIAG_UNKNOWN_CODE, SRC_NONE, code);
}

/* The text of an option that asks for one, to `out`; false for all others. */
static bool print_information(struct tool *tool, const struct option_use *use, struct out *out)
{
    switch (use->id) {
    case OPTION_ID_HELP:
        options_print_help(tool->id, out);
        return true;
    case OPTION_ID_VERSION:
        out_printf(out, "%s %s\n", tool_name(tool->id), VYRE_VERSION);
        return true;
    case OPTION_ID_PRINT_MAN:
        options_print_man(tool->id, out);
        return true;
    case OPTION_ID_PRINT_COMPLETION:
        options_print_completion(tool->id, use->argument, out);
        return true;
    case OPTION_ID_EXPLAIN:
        explain_code(tool, use->argument, out);
        return true;
    default:
        return false;
    }
}

/* -W... of one warning. */
static void set_warning(struct tool *tool, const char *name, bool off, bool as_error)
{
    enum diag_id id = diag_find_name(name);
    bool is_group = !strcmp(name, "all") || !strcmp(name, "extra"); /* what makefiles pass to every compiler */
    if (id == DIAG_COUNT || diag_infos[id].severity != DIAG_SEVERITY_WARNING) {
        if (!is_group || as_error) diag_report(&tool->diags, DIAG_UNKNOWN_WARNING, SRC_NONE, name);
        return;
    }
    tool->diags.off[id] = off;
    if (as_error) tool->diags.as_error[id] = true;
}

static enum diag_format find_format(const char *word)
{
    return !strcmp(word, "json") ? DIAG_FORMAT_JSON : !strcmp(word, "sarif") ? DIAG_FORMAT_SARIF : DIAG_FORMAT_TEXT;
}

static enum tool_colour find_colour(const char *word)
{
    if (!word || !strcmp(word, "always")) return TOOL_COLOUR_ALWAYS;
    return !strcmp(word, "never") ? TOOL_COLOUR_NEVER : TOOL_COLOUR_AUTO;
}

static void apply_common(struct tool *tool, const struct option_use *use)
{
    switch (use->id) {
    case OPTION_ID_NO_WARNINGS:
        tool->diags.no_warnings = true;
        break;
    case OPTION_ID_WERROR:
        tool->diags.werror = true;
        break;
    case OPTION_ID_NO_WERROR:
        tool->diags.werror = false;
        break;
    case OPTION_ID_WERROR_ONE:
        set_warning(tool, use->argument, false, true);
        break;
    case OPTION_ID_WARNING_OFF:
        set_warning(tool, use->argument, true, false);
        break;
    case OPTION_ID_WARNING_ON:
        set_warning(tool, use->argument, false, false);
        break;
    case OPTION_ID_MAX_ERRORS:
        tool->diags.max_errors = use->number;
        break;
    case OPTION_ID_FORMAT:
        tool->format = find_format(use->argument);
        break;
    case OPTION_ID_COLOUR:
        tool->colour = find_colour(use->argument);
        break;
    case OPTION_ID_NO_COLOUR:
        tool->colour = TOOL_COLOUR_NEVER;
        break;
    case OPTION_ID_INCLUDE:
        vec_push(&tool->arena, &tool->include_dirs, use->argument);
        break;
    default:
        break; /* the tool's own */
    }
}

/* Reads the command line. True when there is work to do. */
static bool read_options(struct tool *tool)
{
    struct out information;
    bool informed = false;
    out_init(&information, &tool->mem);
    options_parse(tool->id, tool->argc, tool->argv, &tool->arena, &tool->diags, &tool->options);
    for (uint32_t i = 0; i < tool->options.uses.n; i++)
        apply_common(tool, &tool->options.uses.at[i]);
    for (uint32_t i = 0; i < tool->options.uses.n && !informed; i++)
        informed = print_information(tool, &tool->options.uses.at[i], &information);
    if (tool->diags.n_errors)
        tool->status = TOOL_USAGE;
    else if (informed)
        tool_write_file(tool, "-", &information);
    out_release(&information);
    return !informed && !tool->diags.n_errors;
}

/* ---- messages ---- */

bool tool_wants_colour(const struct tool *tool)
{
    if (tool->colour != TOOL_COLOUR_AUTO) return tool->colour == TOOL_COLOUR_ALWAYS;
    const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return !(no_colour && *no_colour) && terminal && strcmp(terminal, "dumb") && isatty(STDERR_FILENO);
}

static void print_messages(struct tool *tool)
{
    if (!tool->diags.list.n && tool->format != DIAG_FORMAT_SARIF) return;
    struct out text;
    out_init(&text, &tool->mem);
    diags_print(&tool->diags, tool->format, tool_wants_colour(tool), &text);
    write_all(STDERR_FILENO, text.bytes, text.n);
    out_release(&text);
}

/* Without memory there is no rendering; this text is ready. */
static void report_no_memory(const struct tool *tool)
{
    static const char *const texts[] = {
        [DIAG_FORMAT_TEXT] = ": fatal error: out of memory [E0003]\n",
        [DIAG_FORMAT_JSON] = "{\"severity\": \"fatal error\", \"code\": \"E0003\", \"message\": \"out of memory\"}\n",
        [DIAG_FORMAT_SARIF] =
            ("{\"version\": \"2.1.0\", \"runs\": [{\"tool\": {\"driver\": {\"name\": \"vyrec\"}}, \"results\": "
             "[{\"ruleId\": \"E0003\", \"level\": \"error\", \"message\": {\"text\": \"out of memory\"}}]}]}\n"),
    };
    const char *name = tool_name(tool->id);
    if (tool->format == DIAG_FORMAT_TEXT) write_all(STDERR_FILENO, name, strlen(name));
    write_all(STDERR_FILENO, texts[tool->format], strlen(texts[tool->format]));
}

/* ---- files ---- */

struct ir_module *tool_read_module(struct tool *tool, struct arena *arena, struct intern *names, const char *path)
{
    struct source_file *file;
    int error = sources_read(&tool->sources, path, &file);
    if (error) {
        diag_report(&tool->diags, DIAG_CANNOT_READ, SRC_NONE, path, strerror(error));
        return NULL;
    }
    struct frontend_options options = {
        .include_dirs = tool->include_dirs.at,
        .n_include_dirs = tool->include_dirs.n,
    };
    struct ir_module *m = frontend_read(arena, names, &tool->sources, &tool->diags, file, &options);
    return m && bounds_check_claims(m, &tool->diags, arena) ? m : NULL;
}

bool tool_write_files(struct tool *tool, const struct out_file *files, uint32_t n)
{
    uint32_t failed;
    int error = out_write_files(files, n, &tool->mem, &failed);
    if (error) diag_report(&tool->diags, DIAG_CANNOT_WRITE, SRC_NONE, files[failed].path, strerror(error));
    return !error;
}

bool tool_write_file(struct tool *tool, const char *path, const struct out *content)
{
    return tool_write_files(tool, &(struct out_file){.content = content, .path = path}, 1);
}

/* ---- the life of a tool ---- */

static void die_by_signal(int number)
{
    out_remove_unfinished();
    signal(number, SIG_DFL);
    raise(number);
}

static void catch_signals(void)
{
    static const int numbers[] = {SIGHUP, SIGINT, SIGTERM, SIGXCPU};
    signal(SIGXFSZ, SIG_IGN); /* the write fails and is reported */
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (signal(numbers[i], die_by_signal) == SIG_IGN) signal(numbers[i], SIG_IGN);
}

/* A crash is our own fault, or that of a library: say so, and leave nothing half-made. */
static void report_crash(int number)
{
    static const char text[] =
        "internal error: the compiler crashed\n"
        "This is a fault of the compiler, not of the program; please report it with the input.\n";
    (void)number;
    write_all(STDERR_FILENO, text, sizeof text - 1);
    out_remove_unfinished();
    _exit(TOOL_INTERNAL);
}

/* On a stack of its own, since the other may have run out. What a sanitizer has set up stays. */
static void catch_crashes(void)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    static char stack[CRASH_STACK_BYTES];
    struct sigaction action = {.sa_handler = report_crash, .sa_flags = SA_ONSTACK | (int)SA_RESETHAND}, old;
    stack_t alternate;
    if (!sigaltstack(NULL, &alternate) && alternate.ss_flags & SS_DISABLE)
        sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (!sigaction(numbers[i], NULL, &old) && old.sa_handler == SIG_DFL) sigaction(numbers[i], &action, NULL);
}

/* A testing aid, described in the manual page: VYRE_FAIL_ALLOCATION=N makes the N-th allocation fail. */
static uint64_t failing_allocation(void)
{
    const char *text = getenv("VYRE_FAIL_ALLOCATION");
    return text ? strtoull(text, NULL, 10) : 0;
}

/* ---- the three steps: read the command line, work, print the messages ---- */

static void begin(struct tool *tool)
{
    arena_init(&tool->arena, &tool->mem);
    sources_init(&tool->sources, &tool->arena);
    diags_init(&tool->diags, &tool->arena, &tool->sources);
    tool->diags.tool = tool_name(tool->id);
    tool->has_work = read_options(tool);
}

static void work(struct tool *tool)
{
    if (tool->has_work) tool->status = tool->work(tool);
}

static void end(struct tool *tool)
{
    if (tool->diags.n_errors && tool->status == TOOL_SUCCESS) tool->status = TOOL_REPORTED;
    print_messages(tool);
}

/* Runs a step unless memory ran out before; when it does now, that is the only message. */
static void guard(struct tool *tool, void (*step)(struct tool *))
{
    if (tool->no_memory) return;
    if (!setjmp(tool->mem.recover)) {
        step(tool);
        return;
    }
    out_remove_unfinished();
    report_no_memory(tool);
    tool->no_memory = true;
    tool->status = TOOL_REPORTED;
}

static void *work_guarded(void *tool)
{
    catch_crashes(); /* the stack for handlers is the thread's */
    guard(tool, work);
    return NULL;
}

/* The stack that a process begins with grows up to a limit that is looked at when it does, and the system leaves more than this
 * free below it: a thread of its own costs a tenth of a millisecond. */
static bool raise_stack_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit)) return false;
    if (limit.rlim_cur >= STACK_BYTES) return true;
    limit.rlim_cur = STACK_BYTES;
    return limit.rlim_max >= STACK_BYTES && !setrlimit(RLIMIT_STACK, &limit);
}

static bool work_on_own_stack(struct tool *tool)
{
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes)) return false;
    bool started = !pthread_attr_setstacksize(&attributes, STACK_BYTES) &&
                   !pthread_create(&thread, &attributes, work_guarded, tool);
    pthread_attr_destroy(&attributes);
    if (started) pthread_join(thread, NULL);
    return started;
}

static struct tool tool;

void tool_end_without_memory(void)
{
    static atomic_flag reported = ATOMIC_FLAG_INIT;
    while (atomic_flag_test_and_set(&reported)) /* another thread was first */
        pause();
    out_remove_unfinished();
    report_no_memory(&tool);
    _exit(TOOL_REPORTED);
}

int tool_main(enum tool_id id, int argc, char **argv, int (*work_of_tool)(struct tool *))
{
    tool =
        (struct tool){.id = id, .argc = argc, .argv = argv, .work = work_of_tool, .mem.fail_at = failing_allocation()};
    catch_signals();
    guard(&tool, begin);
    if (tool.has_work && (raise_stack_limit() || !work_on_own_stack(&tool))) work_guarded(&tool);
    guard(&tool, end);
    memory_release_all(&tool.mem);
    return tool.status;
}
