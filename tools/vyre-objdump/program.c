/* program.c - runs a program of another project on bytes in memory. They have no name in any folder, so that nothing has
 * to be taken away afterwards. */
#define _GNU_SOURCE /* memfd_create, environ */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/vyre-objdump/objdump.h"

enum { MAX_ARGUMENTS = 16, CHILD_FILE = 3 /* what it is called in the child */ };
#define CHILD_PATH "/dev/fd/3"

static bool write_all(int fd, struct file_bytes file)
{
    for (size_t at = 0; at < file.n;) {
        ssize_t n = write(fd, file.bytes + at, file.n - at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += (size_t)n;
    }
    return !lseek(fd, 0, SEEK_SET);
}

static bool read_all(int fd, struct out *out)
{
    char bytes[65536];
    ssize_t n;
    if (lseek(fd, 0, SEEK_SET)) return false;
    while ((n = read(fd, bytes, sizeof bytes)) > 0)
        out_bytes(out, bytes, (size_t)n);
    return !n;
}

/* Its exit status, or -1 with errno. */
static int run(const char *const *arguments, const int *fds)
{
    char *words[MAX_ARGUMENTS + 1] = {NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status;
    for (uint32_t i = 0; i < MAX_ARGUMENTS && arguments[i]; i++)
        words[i] = (char *)(strcmp(arguments[i], "{}") ? arguments[i] : CHILD_PATH);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fds[2], STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fds[0], CHILD_FILE);
    int fault = posix_spawnp(&child, words[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    errno = fault;
    if (fault) return -1;
    while (waitpid(child, &status, 0) != child)
        if (errno != EINTR) return -1;
    return status;
}

static bool run_with_files(const char *const *arguments, struct file_bytes file, const int *fds, struct out *out,
                           struct out *fault)
{
    int status = write_all(fds[0], file) ? run(arguments, fds) : -1;
    if (!status && read_all(fds[1], out)) return true;
    if (status < 0)
        out_text(fault, strerror(errno));
    else if (!read_all(fds[2], fault) || !fault->n)
        out_printf(fault, "it ends with status %d and says nothing", status);
    fault->bytes[fault->n = strcspn(fault->bytes, "\n")] = 0;
    return false;
}

bool run_program(const char *const *arguments, struct file_bytes file, struct out *out, struct out *fault)
{
    enum { MIN_FD = 10 }; /* above those that the child gets */
    static const char *const names[] = {"code", "listing", "complaint"};
    int fds[3] = {-1, -1, -1};
    bool ok = true;
    for (int i = 0; i < 3; i++) {
        int fd = memfd_create(names[i], MFD_CLOEXEC);
        fds[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, MIN_FD);
        if (fd >= 0) close(fd);
        ok &= fds[i] >= 0;
    }
    if (ok)
        ok = run_with_files(arguments, file, fds, out, fault);
    else
        out_text(fault, strerror(errno));
    for (int i = 0; i < 3; i++)
        if (fds[i] >= 0) close(fds[i]);
    return ok;
}
