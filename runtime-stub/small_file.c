/* small_file.c - see small_file.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runtime-stub/small_file.h"

enum { PATH_BYTES = 4096 };

enum small_file_state small_file_open(const char *path, size_t most, int *file, size_t *n_bytes)
{
    struct stat about;
    *n_bytes = 0;
    *file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY); /* a pipe must not hold us up */
    if (*file < 0) return errno == ENOENT || errno == ENOTDIR ? SMALL_FILE_NONE : SMALL_FILE_REFUSED;
    if (!fstat(*file, &about) && S_ISREG(about.st_mode) && about.st_uid == geteuid() && about.st_size >= 0 &&
        (unsigned long long)about.st_size <= most) {
        *n_bytes = (size_t)about.st_size;
        return SMALL_FILE_READ;
    }
    close(*file);
    *file = -1;
    return SMALL_FILE_REFUSED;
}

bool small_file_read(int file, void *to, size_t n_bytes)
{
    size_t got = 0;
    while (got < n_bytes) {
        ssize_t here = read(file, (char *)to + got, n_bytes - got);
        if (here < 0 && errno == EINTR) continue;
        if (here <= 0) return false;
        got += (size_t)here;
    }
    return true;
}

static bool write_all(int file, const char *bytes, size_t n)
{
    while (n) {
        ssize_t here = write(file, bytes, n);
        if (here < 0 && errno == EINTR) continue;
        if (here == 0) errno = ENOSPC;
        if (here <= 0) return false;
        bytes += here;
        n -= (size_t)here;
    }
    return true;
}

/* Beside the file, so that it can be renamed; another process and another moment have another name. */
static bool name_temporary(const char *path, char *temporary)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int n = snprintf(temporary, PATH_BYTES, "%s.%ld.%llx%lx", path, (long)getpid(), (unsigned long long)now.tv_sec,
                     (long)now.tv_nsec);
    if (n > 0 && n < PATH_BYTES) return true;
    errno = ENAMETOOLONG;
    return false;
}

bool small_file_write(const char *path, const void *bytes, size_t n_bytes)
{
    char temporary[PATH_BYTES];
    if (!name_temporary(path, temporary)) return false;
    int file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return false;
    bool ok = write_all(file, bytes, n_bytes) && !fsync(file);
    int error = ok ? 0 : errno;
    if (close(file) && ok) ok = false, error = errno;
    if (ok && rename(temporary, path)) ok = false, error = errno;
    if (ok) return true;
    unlink(temporary);
    errno = error;
    return false;
}
