/* sweep.c - what is in the folder: its size, what goes first, and the counts of all runs. Linear in the number of
 * entries, and once more where some have to go. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "cache/internal.h"

enum { STALE_SECONDS = 3600 }; /* nobody writes one entry for so long */

struct item {
    char name[CACHE_NAME_BYTES];
    uint64_t n_bytes;
    struct timespec used;
};
struct listing {
    struct memory *mem;
    struct item *at;
    size_t n, n_max;
    uint64_t n_bytes;
};

/* ---- listing ---- */

static bool is_entry_name(const char *name)
{
    size_t n = strspn(name, "0123456789abcdef");
    return n == 2 * CACHE_KEY_BYTES && !strcmp(name + n, ".vyre");
}

static bool add_item(struct listing *l, const char *name, const struct stat *info)
{
    if (l->n == l->n_max) {
        size_t n_max = l->n_max ? 2 * l->n_max : 64;
        struct item *grown = memory_try_alloc(l->mem, n_max * sizeof *grown);
        if (!grown) return false;
        if (l->n) memcpy(grown, l->at, l->n * sizeof *grown);
        memory_free(l->mem, l->at, l->n_max * sizeof *grown);
        l->at = grown;
        l->n_max = n_max;
    }
    struct item *item = &l->at[l->n++];
    strcpy(item->name, name);
    item->n_bytes = (uint64_t)info->st_size;
    item->used = info->st_mtim;
    l->n_bytes += item->n_bytes;
    return true;
}

/* What an interrupted run was writing. */
static void drop_stale(int folder, const char *name)
{
    struct stat info;
    if (!fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) && cache_is_own(&info) &&
        time(NULL) - info.st_mtime > STALE_SECONDS)
        unlinkat(folder, name, 0);
}

/* All entries of this user, as many as there is memory for. */
static void list_entries(int folder, struct listing *l)
{
    struct stat info;
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    if (!dir) {
        if (copy >= 0) close(copy);
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (!strncmp(entry->d_name, ".vyre-", 6)) drop_stale(folder, entry->d_name);
        if (!is_entry_name(entry->d_name) || fstatat(folder, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) ||
            !cache_is_own(&info))
            continue;
        if (!add_item(l, entry->d_name, &info)) break;
    }
    closedir(dir);
}

static void release(struct listing *l)
{
    memory_free(l->mem, l->at, l->n_max * sizeof *l->at);
}

/* ---- dropping ---- */

/* Least recently used first; the name makes the order one. */
static int compare_use(const void *x, const void *y)
{
    const struct item *a = x, *b = y;
    if (a->used.tv_sec != b->used.tv_sec) return a->used.tv_sec < b->used.tv_sec ? -1 : 1;
    if (a->used.tv_nsec != b->used.tv_nsec) return a->used.tv_nsec < b->used.tv_nsec ? -1 : 1;
    return strcmp(a->name, b->name);
}

void cache_prune(struct cache *c, uint64_t limit_bytes)
{
    struct listing l = {.mem = c->mem};
    if (c->folder < 0) return;
    list_entries(c->folder, &l);
    if (l.n_bytes > limit_bytes) qsort(l.at, l.n, sizeof *l.at, compare_use);
    for (size_t i = 0; i < l.n && l.n_bytes > limit_bytes; i++) {
        l.n_bytes -= l.at[i].n_bytes;
        if (!unlinkat(c->folder, l.at[i].name, 0)) c->counts.evictions++;
    }
    release(&l);
}

struct cache_totals cache_measure(struct cache *c)
{
    struct listing l = {.mem = c->mem};
    struct cache_totals totals = {0};
    if (c->folder < 0) return totals;
    list_entries(c->folder, &l);
    totals.n_entries = l.n;
    totals.n_bytes = l.n_bytes;
    cache_counts_read(c->folder, &totals.counts);
    totals.counts.hits += c->counts.hits;
    totals.counts.misses += c->counts.misses;
    totals.counts.stores += c->counts.stores;
    totals.counts.evictions += c->counts.evictions;
    release(&l);
    return totals;
}

/* ---- counts ---- */

/* One line of fixed width, written by one call. */
static const char counts_format[] =
    "hits %20" PRIu64 " misses %20" PRIu64 " stores %20" PRIu64 " evictions %20" PRIu64 "\n";
enum { COUNTS_BYTES = 4 * 20 + 33 };

static int open_counts(int folder, int flags)
{
    struct stat info;
    int fd = openat(folder, "counts", flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd >= 0 && (fstat(fd, &info) || !cache_is_own(&info))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void parse_counts(int fd, struct cache_counts *counts)
{
    static const char *const words[] = {"hits ", " misses ", " stores ", " evictions ", "\n"};
    enum { N_NUMBERS = 4 };
    char text[COUNTS_BYTES + 1] = "", *at = text;
    uint64_t v[N_NUMBERS];
    if (pread(fd, text, COUNTS_BYTES, 0) != COUNTS_BYTES) return;
    for (uint32_t i = 0; i < N_NUMBERS; i++) {
        size_t n = strlen(words[i]);
        if (strncmp(at, words[i], n) != 0) return;
        char *number = at + n;
        v[i] = strtoull(number, &at, 10);
        if (at == number) return;
    }
    if (strcmp(at, words[N_NUMBERS]) != 0) return;
    *counts = (struct cache_counts){v[0], v[1], v[2], v[3]};
}

void cache_counts_read(int folder, struct cache_counts *counts)
{
    int fd = open_counts(folder, O_RDONLY);
    if (fd < 0) return;
    parse_counts(fd, counts);
    close(fd);
}

/* Where another run holds the file, this one is not counted: nobody waits for a count. */
void cache_counts_add(int folder, const struct cache_counts *counts)
{
    char text[COUNTS_BYTES + 1];
    struct cache_counts sum = {0};
    bool any = counts->hits || counts->misses || counts->stores || counts->evictions;
    int fd = any ? open_counts(folder, O_RDWR | O_CREAT) : -1;
    if (fd < 0) return;
    if (!flock(fd, LOCK_EX | LOCK_NB)) {
        parse_counts(fd, &sum);
        snprintf(text, sizeof text, counts_format, sum.hits + counts->hits, sum.misses + counts->misses,
                 sum.stores + counts->stores, sum.evictions + counts->evictions);
        ssize_t written = pwrite(fd, text, COUNTS_BYTES, 0);
        (void)written;
    }
    close(fd);
}
