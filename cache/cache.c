/* cache.c - the folder: finding and keeping entries. */
#include "cache/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cache/internal.h"

/* ---- opening ---- */

/* Makes each folder of the path that is not there. The path has no slash at its end, and is written to and restored. */
static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0777);
        *slash = '/';
    }
    mkdir(path, 0700);
}

static const char *refuse(int folder)
{
    struct stat info;
    if (folder < 0) {
        return errno == ELOOP     ? "it is a symbolic link"
               : errno == ENOTDIR ? "it is no folder, or a symbolic link"
               : errno == EACCES  ? "it may not be opened"
               : errno == ENOENT  ? "it cannot be made"
                                  : "it cannot be opened";
    }
    if (fstat(folder, &info)) return "it cannot be looked at";
    if (info.st_uid != geteuid()) return "it belongs to another user";
    return info.st_mode & S_IWOTH ? "everybody may write there" : NULL;
}

void cache_open(struct cache *c, struct memory *mem, const char *path, uint64_t limit_bytes)
{
    size_t n = strlen(path);
    *c = (struct cache){.mem = mem, .folder = -1, .limit_bytes = limit_bytes, .refusal = "there is no memory"};
    /* With a slash behind it a link would be followed. */
    while (n > 1 && path[n - 1] == '/')
        n--;
    char *name = memory_try_alloc(mem, n + 1);
    if (!name) return;
    memcpy(name, path, n + 1);
    name[n] = 0;
    if (n) make_folders(name);
    c->folder = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    c->refusal = refuse(c->folder);
    memory_free(mem, name, n + 1);
    if (!c->refusal || c->folder < 0) return;
    close(c->folder);
    c->folder = -1;
}

void cache_close(struct cache *c)
{
    if (c->folder < 0) return;
    cache_counts_add(c->folder, &c->counts);
    close(c->folder);
    c->folder = -1;
}

/* ---- finding ---- */

bool cache_is_own(const struct stat *info)
{
    return S_ISREG(info->st_mode) && info->st_uid == geteuid() && !(info->st_mode & (S_IWGRP | S_IWOTH));
}

static bool read_all(int fd, char *bytes, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t step = read(fd, bytes + done, n - done);
        if (step < 0 && errno == EINTR) continue;
        if (step <= 0) return false;
        done += (size_t)step;
    }
    return true;
}

static bool read_entry(struct cache *c, int fd, const struct cache_key *key, struct out *payload)
{
    struct stat info;
    if (fstat(fd, &info) || !cache_is_own(&info) || info.st_size < 0 || (uint64_t)info.st_size > 2 * CACHE_MAX_ENTRY)
        return false;
    size_t n = (size_t)info.st_size;
    char *bytes = memory_try_alloc(c->mem, n);
    if (!bytes) return false;
    bool ok = read_all(fd, bytes, n) && cache_entry_read(key, bytes, n, payload);
    memory_free(c->mem, bytes, n);
    return ok;
}

static bool find_entry(struct cache *c, const struct cache_key *key, struct out *payload)
{
    char name[CACHE_NAME_BYTES];
    if (c->folder < 0) return false;
    cache_name(key, name);
    int fd = openat(c->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); /* nor does a pipe hold us up */
    if (fd < 0) return false;
    bool ok = read_entry(c, fd, key, payload);
    if (ok && futimens(fd, NULL)) errno = 0; /* used now; where that cannot be noted it goes sooner, no more */
    close(fd);
    return ok;
}

bool cache_find(struct cache *c, const struct cache_key *key, struct out *payload)
{
    bool hit = find_entry(c, key, payload);
    ++*(hit ? &c->counts.hits : &c->counts.misses);
    return hit;
}

/* ---- keeping ---- */

static bool write_all(int fd, const char *bytes, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t step = write(fd, bytes + done, n - done);
        if (step < 0 && errno == EINTR) continue;
        if (step <= 0) return false;
        done += (size_t)step;
    }
    return true;
}

/* A file that did not exist; machines that share the folder may have processes of one number. */
static int open_temporary(int folder, char *name, size_t n)
{
    int fd = -1;
    errno = EEXIST;
    for (unsigned i = 0; i < 1000 && fd < 0 && errno == EEXIST; i++) {
        snprintf(name, n, ".vyre-%ld-%u", (long)getpid(), i);
        fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    }
    return fd;
}

/* Flushed before it gets its name: a name never stands for what a power cut left. */
static bool write_entry(struct cache *c, const char *name, const struct out *entry)
{
    char temporary[48];
    int fd = open_temporary(c->folder, temporary, sizeof temporary);
    if (fd < 0) return false;
    bool ok = write_all(fd, entry->bytes, entry->n) && !fsync(fd);
    ok &= !close(fd);
    ok = ok && !renameat(c->folder, temporary, c->folder, name);
    if (!ok) unlinkat(c->folder, temporary, 0);
    return ok;
}

void cache_store(struct cache *c, const struct cache_key *key, const struct out *payload)
{
    char name[CACHE_NAME_BYTES];
    struct out entry;
    if (c->folder < 0) return;
    out_init(&entry, c->mem);
    cache_name(key, name);
    if (cache_entry_write(key, payload, &entry) && entry.n <= c->limit_bytes && write_entry(c, name, &entry)) {
        c->counts.stores++;
        cache_prune(c, c->limit_bytes);
    }
    out_release(&entry);
}
