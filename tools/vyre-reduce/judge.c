/* judge.c - runs the user's command on a text. It is started in a group of its own, so that all it started ends with it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/vyre-reduce/reduce.h"

extern char **environ;

bool judge_open(struct tool *tool, struct judge *j)
{
    const char *base = getenv("TMPDIR");
    char *folder = arena_printf(&tool->arena, "%s/vyre-reduce-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder)) {
        diag_report(&tool->diags, DIAG_CANNOT_WRITE, SRC_NONE, folder, strerror(errno));
        return false;
    }
    j->folder = folder;
    j->file = arena_printf(&tool->arena, "%s/input.vir", folder);
    return true;
}

void judge_close(struct judge *j)
{
    unlink(j->file);
    rmdir(j->folder);
}

/* The word with each `{}` replaced by the file. */
static char *fill_word(struct tool *tool, const struct judge *j, const char *word, bool *filled)
{
    const char *mark = strstr(word, "{}");
    if (!mark) return (char *)(uintptr_t)word;
    *filled = true;
    return arena_printf(&tool->arena, "%.*s%s%s", (int)(mark - word), word, j->file,
                        fill_word(tool, j, mark + 2, filled));
}

static char **fill_words(struct tool *tool, const struct judge *j)
{
    char **argv = ARENA_ARRAY(&tool->arena, char *, j->n_words + 2);
    bool filled = false;
    for (uint32_t k = 0; k < j->n_words; k++)
        argv[k] = fill_word(tool, j, j->words[k], &filled);
    if (!filled) argv[j->n_words] = (char *)(uintptr_t)j->file;
    return argv;
}

static bool start(char **argv, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    int error = posix_spawnp(child, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return !error;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Looks again after a tenth of what has passed already, so that waiting adds little to short runs and long ones. */
static int wait_for(pid_t child, uint32_t seconds)
{
    int status = 0;
    double began = now();
    while (waitpid(child, &status, WNOHANG) == 0) {
        double passed = now() - began;
        if (passed > seconds) {
            kill(-child, SIGKILL);
            waitpid(child, &status, 0);
            return -1;
        }
        long ns = (long)(passed * 1e8) + 100000;
        nanosleep(&(struct timespec){.tv_nsec = ns < 50000000 ? ns : 50000000}, NULL);
    }
    kill(-child, SIGKILL); /* what it left behind */
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool judge_text(struct tool *tool, struct judge *j, const struct out *text)
{
    pid_t child;
    char **argv = fill_words(tool, j);
    int error = out_write_file(text, j->file, false);
    if (error) diag_report(&tool->diags, DIAG_CANNOT_WRITE, SRC_NONE, j->file, strerror(error));
    if (error || !start(argv, &child)) {
        j->broken = true;
        return false;
    }
    j->n_runs++;
    return wait_for(child, j->seconds) == 0;
}
