/* process.c - see process.h. What goes in and comes out are files in memory: nothing is left in any folder, and neither side waits for the other. */
#define _GNU_SOURCE /* memfd_create, posix_spawn_file_actions_addchdir_np, environ */
#include "ir/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_INPUT = 3 /* as PROCESS_INPUT_PATH says */, LEAST_FD = 10 /* above those that the child gets */ };
enum { FILE_INPUT, FILE_OUT, FILE_SAID, N_FILES };

static int open_file(const char *name)
{
    int low = memfd_create(name, MFD_CLOEXEC);
    int fd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, LEAST_FD);
    if (low >= 0) close(low);
    return fd;
}

static bool write_all(int fd, const char *bytes, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t written = write(fd, bytes + at, n - at);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        at += (size_t)written;
    }
    return !lseek(fd, 0, SEEK_SET);
}

static bool read_all(int fd, struct out *out)
{
    char bytes[65536];
    ssize_t n;
    if (lseek(fd, 0, SEEK_SET)) return false;
    while ((n = read(fd, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0) out_bytes(out, bytes, (size_t)n);
    return !n;
}

/* 0, or an error's number. */
static int start(const struct process *p, const int *files, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    const char *program = p->program ? p->program : p->words[0];
    char *path = p->folder && strchr(program, '/') ? realpath(program, NULL) : NULL;
    int fault = posix_spawn_file_actions_init(&actions);
    if (!fault) {
        if (p->folder) fault = posix_spawn_file_actions_addchdir_np(&actions, p->folder);
        if (!fault) fault = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (!fault) fault = posix_spawn_file_actions_adddup2(&actions, files[FILE_OUT], STDOUT_FILENO);
        if (!fault) fault = posix_spawn_file_actions_adddup2(&actions, files[FILE_SAID], STDERR_FILENO);
        if (!fault && p->input) fault = posix_spawn_file_actions_adddup2(&actions, files[FILE_INPUT], CHILD_INPUT);
        if (!fault)
            fault = posix_spawnp(child, path ? path : program, &actions, NULL, (char **)(uintptr_t)p->words, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    free(path);
    return fault;
}

/* As shells tell it; -1 with errno. */
static int wait_for(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) != child)
        if (errno != EINTR) return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run_with_files(const struct process *p, const int *files, struct out *out, struct out *said)
{
    pid_t child;
    if (p->input && !write_all(files[FILE_INPUT], p->input, p->n_input)) return -1;
    int fault = start(p, files, &child);
    if (fault) {
        errno = fault;
        return -1;
    }
    int status = wait_for(child);
    if (status >= 0 && !(read_all(files[FILE_OUT], out) && (out == said || read_all(files[FILE_SAID], said))))
        return -1;
    return status;
}

/* Closed also where memory runs out meanwhile. */
struct files {
    struct memory_cleanup cleanup;
    int at[N_FILES];
};

static void close_files(struct memory_cleanup *cleanup)
{
    struct files *f = (struct files *)cleanup;
    if (f->at[FILE_SAID] == f->at[FILE_OUT]) f->at[FILE_SAID] = -1;
    for (int i = 0; i < N_FILES; i++)
        if (f->at[i] >= 0) close(f->at[i]);
}

int process_run(const struct process *p, struct out *out, struct out *said)
{
    struct files f = {{.run = close_files}, {p->input ? open_file("input") : -1, open_file("output"), -1}};
    int status = -1;
    f.at[FILE_SAID] = out == said ? f.at[FILE_OUT] : open_file("said");
    memory_push_cleanup(out->mem, &f.cleanup);
    if ((!p->input || f.at[FILE_INPUT] >= 0) && f.at[FILE_OUT] >= 0 && f.at[FILE_SAID] >= 0)
        status = run_with_files(p, f.at, out, said);
    int error = errno;
    memory_pop_cleanup(out->mem);
    close_files(&f.cleanup);
    errno = error;
    return status;
}

void process_explain(int status, struct out *said)
{
    size_t line = said->n ? strcspn(said->bytes, "\n") : 0;
    if (status < 0) {
        said->n = 0;
        out_text(said, strerror(errno));
    } else if (line) {
        said->bytes[said->n = line] = 0;
    } else {
        said->n = 0;
        out_printf(said, "it ends with status %d and says nothing", status);
    }
}
