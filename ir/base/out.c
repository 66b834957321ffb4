/* out.c - growing buffers, and whole files read into and written from them. */
#include "ir/base/out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_STEP_BYTES = 1 << 16, COMPARE_STEP_BYTES = 4096 };

/* The temporary file of the write under way, for out_remove_unfinished. */
static const char *volatile unfinished;

void out_init(struct out *o, struct memory *mem)
{
    *o = (struct out){.mem = mem};
}

void out_release(struct out *o)
{
    memory_free(o->mem, o->bytes, o->cap);
    out_init(o, o->mem);
}

/* Room for n more bytes and a NUL. */
static void reserve(struct out *o, size_t n)
{
    if (o->bytes && n < o->cap - o->n) return;
    if (n > SIZE_MAX / 4 - o->n) memory_fail(o->mem);
    size_t cap = o->cap ? o->cap * 2 : 256;
    if (cap < o->n + n + 1) cap = o->n + n + 1;
    char *grown = memory_alloc(o->mem, cap);
    if (o->n) memcpy(grown, o->bytes, o->n);
    memory_free(o->mem, o->bytes, o->cap);
    o->bytes = grown;
    o->cap = cap;
}

void out_bytes(struct out *o, const void *bytes, size_t n)
{
    reserve(o, n);
    if (n) memcpy(o->bytes + o->n, bytes, n);
    o->n += n;
    o->bytes[o->n] = 0;
}

void out_text(struct out *o, const char *text)
{
    out_bytes(o, text, strlen(text));
}

void out_printf(struct out *o, const char *format, ...)
{
    va_list args;
    reserve(o, 128);
    va_start(args, format);
    int n = vsnprintf(o->bytes + o->n, o->cap - o->n, format, args);
    va_end(args);
    if (n < 0) memory_fail(o->mem);
    if ((size_t)n >= o->cap - o->n) {
        reserve(o, (size_t)n);
        va_start(args, format);
        vsnprintf(o->bytes + o->n, o->cap - o->n, format, args);
        va_end(args);
    }
    o->n += (size_t)n;
}

static void add_little_endian(struct out *o, uint64_t v, size_t n)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < n; i++) bytes[i] = (unsigned char)(v >> 8 * i);
    out_bytes(o, bytes, n);
}

void out_u32(struct out *o, uint32_t v)
{
    add_little_endian(o, v, 4);
}

void out_u64(struct out *o, uint64_t v)
{
    add_little_endian(o, v, 8);
}

void out_pad(struct out *o, size_t alignment)
{
    size_t n = (alignment - o->n % alignment) % alignment;
    reserve(o, n);
    memset(o->bytes + o->n, 0, n + 1);
    o->n += n;
}

/* The size of the well-formed UTF-8 sequence at s (Unicode, table 3-7), or 0. */
static size_t utf8_size(const unsigned char *s, size_t n)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high, size;
    } rows[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (s[0] < rows[i].first_low || s[0] > rows[i].first_high || n < rows[i].size) continue;
        if (rows[i].size > 1 && (s[1] < rows[i].second_low || s[1] > rows[i].second_high)) return 0;
        for (size_t k = 2; k < rows[i].size; k++)
            if ((s[k] & 0xc0) != 0x80) return 0;
        return rows[i].size;
    }
    return 0;
}

static void add_json_char(struct out *o, const char *s, size_t size)
{
    static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *at = size == 1 && *s ? strchr(escaped, *s) : NULL;
    if (!size) out_text(o, "\xef\xbf\xbd");
    else if (at) out_printf(o, "\\%c", letters[at - escaped]);
    else if (size == 1 && ((unsigned char)*s < 0x20 || *s == 0x7f)) out_printf(o, "\\u%04x", (unsigned)*s);
    else out_bytes(o, s, size);
}

void out_json_string(struct out *o, const char *s, size_t n)
{
    out_text(o, "\"");
    for (size_t i = 0; i < n;) {
        size_t size = utf8_size((const unsigned char *)s + i, n - i);
        add_json_char(o, s + i, size);
        i += size ? size : 1;
    }
    out_text(o, "\"");
}

/* Reads on to the end of the file. */
static int read_descriptor(struct out *o, int fd, size_t max_bytes)
{
    struct stat info;
    size_t start = o->n;
    if (!fstat(fd, &info) && S_ISREG(info.st_mode) && info.st_size > 0) {
        if ((uint64_t)info.st_size > max_bytes) return EFBIG;
        reserve(o, (size_t)info.st_size + 1);
    }
    for (;;) {
        if (o->cap - o->n < 2) reserve(o, READ_STEP_BYTES);
        ssize_t n = read(fd, o->bytes + o->n, o->cap - o->n - 1);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        if (!n) break;
        o->n += (size_t)n;
        if (o->n - start > max_bytes) return EFBIG;
    }
    o->bytes[o->n] = 0;
    return 0;
}

int out_read_file(struct out *o, const char *path, size_t max_bytes)
{
    reserve(o, READ_STEP_BYTES);
    if (!strcmp(path, "-")) return read_descriptor(o, STDIN_FILENO, max_bytes);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno;
    int error = read_descriptor(o, fd, max_bytes);
    close(fd);
    return error;
}

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
    while ((n = read(fd, part, sizeof part)) > 0 && (size_t)n <= o->n - done && !memcmp(part, o->bytes + done, (size_t)n))
        done += (size_t)n;
    close(fd);
    return n == 0 && done == o->n;
}

/* A file that did not exist, in the folder of `path`, whose name goes to `name` (room for path and 32 bytes). Its name is short, so
 * that it fits wherever the file's own name does. -1 and errno on failure. */
static int open_temporary(const char *path, char *name)
{
    const char *slash = strrchr(path, '/');
    int folder_bytes = slash ? (int)(slash + 1 - path) : 0;
    for (unsigned i = 0;; i++) {
        sprintf(name, "%.*s.vyre-%ld-%u", folder_bytes, path, (long)getpid(), i);
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
}

static int write_and_rename(const struct out *o, const char *path, const struct stat *old)
{
    char *name = memory_alloc(o->mem, strlen(path) + 32);
    int fd = open_temporary(path, name);
    int error = fd < 0 ? errno : 0;
    if (!error) {
        unfinished = name;
        if (old && fchmod(fd, old->st_mode & 0777)) error = errno;
        int write_error = write_and_close(o, fd);
        if (!error) error = write_error;
        if (!error && rename(name, path)) error = errno;
        if (error) unlink(name);
        unfinished = NULL;
    }
    memory_free(o->mem, name, strlen(path) + 32);
    return error;
}

/* The file behind a symbolic link is replaced, not the link. */
static int replace_file(const struct out *o, const char *path, const struct stat *old)
{
    char *real = realpath(path, NULL);
    if (!real) return errno;
    int error = access(real, W_OK) ? errno : write_and_rename(o, real, old);
    free(real);
    return error;
}

int out_write_file(const struct out *o, const char *path, bool keep_if_equal)
{
    struct stat old;
    if (!strcmp(path, "-") || !strcmp(path, "/dev/stdout")) return write_descriptor(o, STDOUT_FILENO);
    if (stat(path, &old)) return errno == ENOENT ? write_and_rename(o, path, NULL) : errno;
    if (!S_ISREG(old.st_mode)) return write_in_place(o, path);
    if (keep_if_equal && (uint64_t)old.st_size == o->n && has_same_bytes(o, path)) return 0;
    return replace_file(o, path, &old);
}

void out_remove_unfinished(void)
{
    if (unfinished) unlink(unfinished);
}
