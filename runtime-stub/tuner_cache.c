/* tuner_cache.c - the file of the tuner, one per device: lines `"key" = [x, y, z]`.
 *
 * It is written whole under a name of its own and renamed; writers take turns by a lock on the folder and keep each other's lines.
 * Whatever cannot be read or written costs nothing but a measurement. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime-stub/runtime.h"
#include "runtime-stub/small_file.h"

enum { PATH_BYTES = 4096, MAX_FILE_BYTES = 4 << 20 };

/* -- entries ----------------------------------------------------------------------------------- */

struct tuner_entry *tuner_cache_find(struct tuner_entry *e, const char *key)
{
    while (e && strcmp(e->key, key) != 0)
        e = e->next;
    return e;
}

bool tuner_cache_add(vyre_context *c, struct tuner_entry **entries, const char *key, uint32_t width)
{
    if (tuner_cache_find(*entries, key)) return true;
    struct tuner_entry *e = memory_get(&c->allocator, sizeof *e, _Alignof(struct tuner_entry));
    if (!e) return false;
    *e = (struct tuner_entry){.next = *entries, .width = width};
    memcpy(e->key, key, sizeof e->key);
    *entries = e;
    return true;
}

void tuner_cache_free(vyre_context *c, struct tuner_entry *e)
{
    while (e) {
        struct tuner_entry *next = e->next;
        memory_put(&c->allocator, e, sizeof *e, _Alignof(struct tuner_entry));
        e = next;
    }
}

/* -- reading ----------------------------------------------------------------------------------- */

static bool is_key(const char *text)
{
    if (memcmp(text, "v1-", 3) != 0) return false;
    for (uint32_t i = 3; i < TUNER_KEY_BYTES - 1; i++)
        if (!strchr("0123456789abcdef", text[i])) return false;
    return true;
}

/* Widths that can be: powers of two from 32 to 1024, in x alone. */
static bool parse_line(const char *line, size_t n, char *key, uint32_t *width)
{
    static const char *const ends[TUNER_WIDTHS] = {"32", "64", "128", "256", "512", "1024"};
    char tail[32];
    if (n < TUNER_KEY_BYTES + 1 || *line != '"' || line[TUNER_KEY_BYTES] != '"' || !is_key(line + 1)) return false;
    memcpy(key, line + 1, TUNER_KEY_BYTES - 1);
    key[TUNER_KEY_BYTES - 1] = 0;
    for (uint32_t i = 0; i < TUNER_WIDTHS; i++) {
        int length = snprintf(tail, sizeof tail, " = [%s, 1, 1]", ends[i]);
        *width = TUNER_LEAST_WIDTH << i;
        if (n - TUNER_KEY_BYTES - 1 == (size_t)length && !memcmp(line + TUNER_KEY_BYTES + 1, tail, (size_t)length))
            return true;
    }
    return false;
}

static void read_lines(vyre_context *c, const char *path, const char *text, size_t n, struct tuner_entry **entries)
{
    uint32_t number = 1, width;
    char key[TUNER_KEY_BYTES];
    for (size_t at = 0; at < n; number++) {
        const char *end = memchr(text + at, '\n', n - at);
        size_t length = end ? (size_t)(end - text) - at : n - at;
        if (length && text[at] != '#') {
            if (!memchr(text + at, 0, length) && parse_line(text + at, length, key, &width))
                tuner_cache_add(c, entries, key, width);
            else
                context_log(c, VYRE_LOG_NOTE, "%s:%u: no width of a workgroup: the line is left out", path, number);
        }
        at += length + 1;
    }
}

void tuner_cache_read(vyre_context *c, const char *path, struct tuner_entry **entries)
{
    size_t n_bytes;
    int file;
    if (small_file_open(path, MAX_FILE_BYTES, &file, &n_bytes) == SMALL_FILE_REFUSED)
        context_log(c, VYRE_LOG_NOTE, "%s is no file of ours, or too large, and is not used", path);
    if (file < 0) return;
    char *text = memory_get(&c->allocator, n_bytes + 1, 1);
    if (text && small_file_read(file, text, n_bytes)) read_lines(c, path, text, n_bytes, entries);
    memory_put(&c->allocator, text, n_bytes + 1, 1);
    close(file);
}

/* -- writing ----------------------------------------------------------------------------------- */

/* The folders above the file; those that are there already are no error. */
static void make_folders(const char *path)
{
    char folder[PATH_BYTES];
    for (size_t i = 1; path[i] && i < sizeof folder; i++) {
        folder[i - 1] = path[i - 1];
        folder[i] = 0;
        if (path[i] == '/') mkdir(folder, 0700);
    }
}

/* The folder, locked; -1. */
static int lock_folder(const char *path)
{
    char folder[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = 0;
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return -1;
    while (flock(file, LOCK_EX))
        if (errno != EINTR) return close(file), -1;
    return file;
}

/* As lines; 0 bytes where there is no room: with `text` NULL they are measured alone. */
static size_t print_entries(const struct tuner_entry *e, char *text, size_t room)
{
    size_t n = 0;
    for (; e; e = e->next) {
        if (e->width < TUNER_LEAST_WIDTH || e->width & (e->width - 1))
            continue; /* a declared one that is no candidate */
        int length = snprintf(text ? text + n : NULL, text ? room - n : 0, "\"%s\" = [%u, 1, 1]\n", e->key, e->width);
        if (length < 0 || (text && (size_t)length >= room - n)) return 0;
        n += (size_t)length;
    }
    return n;
}

static bool write_entries(vyre_context *c, const char *path, const struct tuner_entry *entries)
{
    size_t room = print_entries(entries, NULL, 0) + 1;
    char *text = memory_get(&c->allocator, room, 1);
    errno = ENOMEM;
    if (!text) return false;
    bool ok = small_file_write(path, text, print_entries(entries, text, room));
    memory_put(&c->allocator, text, room, 1);
    return ok;
}

void tuner_cache_write(vyre_context *c, const char *path, struct tuner_entry **entries)
{
    make_folders(path);
    int folder = lock_folder(path);
    if (folder >= 0) tuner_cache_read(c, path, entries);
    if (folder < 0 || !write_entries(c, path, *entries))
        context_log(c, VYRE_LOG_NOTE, "%s cannot be written: %s", path, strerror(errno));
    if (folder >= 0) close(folder);
}
