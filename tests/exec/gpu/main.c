/* main.c - gpu-check [--backend=cuda|vulkan|hsa] [--only=CHECK] [--seconds=N] [--seed=N] [--megabytes=N]
 *
 * Prints one table. Exit status: 0 everything is right, 1 something is not, 2 wrong usage, 3 there is no device. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/exec/gpu/check.h"

enum { STATUS_RIGHT, STATUS_WRONG, STATUS_USAGE, STATUS_NO_DEVICE };

static const struct {
    const char *name;
    uint32_t (*run)(struct memory *mem, const struct settings *s);
} checks[] = {
    {"operations", check_operations}, {"programs", check_programs}, {"random", check_random}, {"speed", check_speed}};
enum { N_CHECKS = sizeof checks / sizeof *checks };

void print_row(enum verdict verdict, const char *check, const char *format, ...)
{
    static const char *const texts[] = {"right", "WRONG", "skipped"};
    va_list args;
    printf("%-26s %-8s ", check, texts[verdict]);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    fflush(stdout);
}

uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int compare_times(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

uint64_t median(uint64_t *times, uint32_t n)
{
    qsort(times, n, sizeof *times, compare_times);
    return times[n / 2];
}

/* -- the command line -------------------------------------------------------------------------- */

static int usage(void)
{
    fprintf(stderr, "usage: gpu-check [--backend=cuda|vulkan|hsa] [--only=operations|programs|random|speed]\n"
                    "                 [--seconds=N] [--seed=N] [--megabytes=N] [--root=FOLDER]\n");
    return STATUS_USAGE;
}

/* A number of 1 to UINT32_MAX. */
static bool read_number(const char *text, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return !errno && *text >= '0' && *text <= '9' && !*end && *number && *number <= UINT32_MAX;
}

static bool is_check(const char *name)
{
    for (uint32_t i = 0; i < N_CHECKS; i++)
        if (!strcmp(name, checks[i].name)) return true;
    return false;
}

static bool is_backend(const char *name)
{
    return !strcmp(name, "cuda") || !strcmp(name, "vulkan") || !strcmp(name, "hsa");
}

static bool read_option(struct settings *s, const char *option)
{
    const char *value = strchr(option, '=');
    uint64_t number = 0;
    if (strncmp(option, "--", 2) || !value) return false;
    size_t n = (size_t)(value++ - option);
#define IS(name) (n == sizeof(name) - 1 && !memcmp(option, name, n))
    if (IS("--backend")) return s->backend = value, is_backend(value);
    if (IS("--only")) return s->only = value, is_check(value);
    if (IS("--root")) return s->root = value, true;
    if (!read_number(value, &number)) return false;
    if (IS("--seed")) return s->seed = number, true;
    if (IS("--seconds")) return s->seconds = (uint32_t)number, true;
    if (IS("--megabytes")) return s->megabytes = (uint32_t)number, true;
#undef IS
    return false;
}

/* The folder that this program lies in: what is carried is beside it. */
static const char *own_folder(void)
{
    static char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    char *end = n > 0 ? strrchr(path, '/') : NULL;
    if (!end) return ".";
    *end = 0;
    return path;
}

/* -- all checks -------------------------------------------------------------------------------- */

static bool find_device(const struct settings *s)
{
    char message[512] = "";
    vyre_context *context;
    vyre_context_info info = {.size = sizeof info};
    vyre_options options = {.size = sizeof options,
                            .backends = s->backend,
                            .strict = 1,
                            .message = message,
                            .message_bytes = sizeof message};
    vyre_status status = vyre_context_create(&options, &context);
    if (status) {
        fprintf(stderr, "gpu-check: no device for the backend '%s': %s\n", s->backend,
                *message ? message : vyre_status_string(status));
        return false;
    }
    vyre_context_get_info(context, &info);
    print_row(CHECK_RIGHT, "device", "%s", info.device);
    vyre_context_destroy(context);
    return true;
}

static uint32_t run_check(uint32_t i, const struct settings *s)
{
    struct memory mem = {0};
    if (setjmp(mem.recover)) {
        print_row(CHECK_WRONG, checks[i].name, "out of memory");
        memory_release_all(&mem);
        return 1;
    }
    uint32_t n = checks[i].run(&mem, s);
    memory_release_all(&mem);
    return n;
}

static uint32_t run_checks(const struct settings *s)
{
    uint32_t n_wrong = 0;
    for (uint32_t i = 0; i < N_CHECKS; i++)
        if (!s->only || !strcmp(s->only, checks[i].name)) n_wrong += run_check(i, s);
    return n_wrong;
}

int main(int argc, char **argv)
{
    struct settings s = {.backend = "cuda", .root = own_folder(), .seed = 1, .seconds = 60, .megabytes = 256};
    for (int i = 1; i < argc; i++)
        if (!read_option(&s, argv[i])) return usage();
    if (!find_device(&s)) return STATUS_NO_DEVICE;
    uint32_t n_wrong = run_checks(&s);
    if (n_wrong)
        printf("%u of the rows are wrong\n", n_wrong);
    else
        printf("everything is right\n");
    return n_wrong ? STATUS_WRONG : STATUS_RIGHT;
}
