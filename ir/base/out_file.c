/* out_file.c - files that are replaced whole, all or none.
 *
 * Each file goes through three steps: prepare (find out what is there; write the bytes to a temporary name), deliver in
 * place (devices, pipes), rename. A failure leaves every old file as it was, but where the system cannot exchange two names
 * and another file had its new one before. */
#define _GNU_SOURCE /* renameat2 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ir/base/out.h"

enum { COMPARE_STEP_BYTES = 4096, NAME_EXTRA_BYTES = 48 };
enum way { WAY_KEEP, WAY_IN_PLACE, WAY_RENAME };

/* A file under way. Those with a temporary file are in a list, for signal handlers. */
struct job {
    const struct out_file *file;
    enum way way;
    char *temporary, *goal;                /* RENAME: names; NULL until known, or there */
    size_t goal_bytes;                     /* the size of the goal's block; the other's has NAME_EXTRA_BYTES more */
    bool is_new, is_renamed, is_exchanged; /* exchanged: the temporary name has what was there before */
    struct job *volatile next;
};
static struct job *volatile unfinished;

static int write_descriptor(const struct out *o, int fd)
{
    for (size_t done = 0; done < o->n;) {
        ssize_t n = write(fd, o->bytes + done, o->n - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        done += (size_t)n;
    }
    return 0;
}

static int write_and_close(const struct out *o, int fd)
{
    int error = write_descriptor(o, fd);
    return close(fd) && !error ? errno : error;
}

static int write_in_place(const struct out *o, const char *path)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd < 0 ? errno : write_and_close(o, fd);
}

static bool has_same_bytes(const struct out *o, const char *path)
{
    char part[COMPARE_STEP_BYTES];
    size_t done = 0;
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    while ((n = read(fd, part, sizeof part)) > 0 && (size_t)n <= o->n - done &&
           !memcmp(part, o->bytes + done, (size_t)n))
        done += (size_t)n;
    close(fd);
    return n == 0 && done == o->n;
}

/* Where the file behind a symbolic link is, so that the link stays; the path itself when there is no file yet. */
static int find_goal(struct job *job, struct memory *mem, bool exists)
{
    char real[PATH_MAX]; /* not from realpath: memory may run out before that is freed */
    if (exists && !realpath(job->file->path, real)) return errno;
    const char *goal = exists ? real : job->file->path;
    job->goal_bytes = strlen(goal) + 1;
    job->goal = memory_alloc(mem, job->goal_bytes);
    memcpy(job->goal, goal, job->goal_bytes);
    return 0;
}

/* A file that did not exist, in the folder of the goal. Its name is short, so that it fits wherever the goal's own
 * does. */
static int open_temporary(struct job *job, struct memory *mem)
{
    const char *slash = strrchr(job->goal, '/');
    int folder_bytes = slash ? (int)(slash + 1 - job->goal) : 0;
    char *name = memory_alloc(mem, job->goal_bytes + NAME_EXTRA_BYTES);
    unsigned i = 0;
    int fd;
    do {
        sprintf(name, "%.*s.vyre-%ld-%u", folder_bytes, job->goal, (long)getpid(), i++);
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (fd < 0 && errno == EEXIST);
    int error = errno;
    if (fd < 0)
        memory_free(mem, name, job->goal_bytes + NAME_EXTRA_BYTES);
    else
        job->temporary = name;
    errno = error;
    return fd;
}

static int write_temporary(struct job *job, struct memory *mem, const struct stat *old)
{
    int fd = open_temporary(job, mem);
    if (fd < 0) return errno;
    job->next = unfinished;
    unfinished = job;
    int error = old && fchmod(fd, old->st_mode & 0777) ? errno : 0;
    int write_error = write_and_close(job->file->content, fd);
    return error ? error : write_error;
}

static int prepare(struct job *job, struct memory *mem)
{
    const struct out_file *file = job->file;
    struct stat old;
    job->way = WAY_IN_PLACE;
    if (!strcmp(file->path, "-") || !strcmp(file->path, "/dev/stdout")) return 0;
    bool exists = !stat(file->path, &old);
    if (!exists && errno != ENOENT) return errno;
    if (exists && S_ISDIR(old.st_mode)) return EISDIR;
    if (exists && !S_ISREG(old.st_mode)) return 0;
    job->way = WAY_KEEP;
    if (exists && file->keep_if_equal && (uint64_t)old.st_size == file->content->n &&
        has_same_bytes(file->content, file->path))
        return 0;
    job->way = WAY_RENAME;
    job->is_new = !exists;
    int error = find_goal(job, mem, exists);
    if (!error && exists && access(job->goal, W_OK)) error = errno;
    return error ? error : write_temporary(job, mem, exists ? &old : NULL);
}

static int deliver_in_place(const struct job *job)
{
    const char *path = job->file->path;
    if (job->way != WAY_IN_PLACE) return 0;
    if (!strcmp(path, "-") || !strcmp(path, "/dev/stdout")) return write_descriptor(job->file->content, STDOUT_FILENO);
    return write_in_place(job->file->content, path);
}

static bool exchange(struct job *job)
{
    return !renameat2(AT_FDCWD, job->temporary, AT_FDCWD, job->goal, RENAME_EXCHANGE);
}

/* An old file changes names with the new one and is removed afterwards: it can come back, and ext4 writes a file that
 * another is renamed to to the disk at once, which takes ten times as long. Not all file systems can. */
static int rename_temporary(struct job *job)
{
    if (job->way != WAY_RENAME) return 0;
    job->is_exchanged = !job->is_new && exchange(job);
    if (!job->is_exchanged && rename(job->temporary, job->goal)) return errno;
    job->is_renamed = true;
    return 0;
}

static void finish(struct job *job, struct memory *mem, bool failed)
{
    if (failed && job->is_exchanged) exchange(job);
    if (job->is_exchanged || (failed && job->temporary && !job->is_renamed)) unlink(job->temporary);
    if (failed && job->is_renamed && job->is_new) unlink(job->goal);
    memory_free(mem, job->temporary, job->goal_bytes + NAME_EXTRA_BYTES);
    memory_free(mem, job->goal, job->goal_bytes);
}

/* All steps, each for all files, up to the first failure. */
static int write_jobs(struct job *jobs, uint32_t n, struct memory *mem, uint32_t *failed)
{
    int error = 0;
    for (*failed = 0; *failed < n; ++*failed)
        if ((error = prepare(&jobs[*failed], mem))) return error;
    for (*failed = 0; *failed < n; ++*failed)
        if ((error = deliver_in_place(&jobs[*failed]))) return error;
    for (*failed = 0; *failed < n; ++*failed)
        if ((error = rename_temporary(&jobs[*failed]))) return error;
    return 0;
}

int out_write_files(const struct out_file *files, uint32_t n, struct memory *mem, uint32_t *failed)
{
    struct job *jobs = memory_alloc(mem, n * sizeof *jobs);
    for (uint32_t i = 0; i < n; i++)
        jobs[i].file = &files[i];
    int error = write_jobs(jobs, n, mem, failed);
    for (uint32_t i = 0; i < n; i++)
        finish(&jobs[i], mem, error);
    unfinished = NULL;
    memory_free(mem, jobs, n * sizeof *jobs);
    return error;
}

int out_write_file(const struct out *o, const char *path, bool keep_if_equal)
{
    uint32_t failed;
    return out_write_files(&(struct out_file){o, path, keep_if_equal}, 1, o->mem, &failed);
}

void out_remove_unfinished(void)
{
    for (struct job *job = unfinished; job; job = job->next)
        unlink(job->temporary);
    unfinished = NULL;
}
