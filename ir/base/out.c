/* out.c - growing buffers, and whole files read into them. */
#include "ir/base/out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_STEP_BYTES = 1 << 16 };

void out_init(struct out *o, struct memory *mem)
{
    *o = (struct out){.mem = mem};
}

void out_release(struct out *o)
{
    memory_free(o->mem, o->bytes, o->cap);
    out_init(o, o->mem);
}

bool out_try_reserve(struct out *o, size_t n)
{
    if (o->bytes && n < o->cap - o->n) return true;
    if (n > SIZE_MAX / 4 - o->n) return false;
    size_t cap = o->cap ? o->cap * 2 : 256;
    if (cap < o->n + n + 1) cap = o->n + n + 1;
    char *grown = memory_try_alloc(o->mem, cap);
    if (!grown) return false;
    if (o->n) memcpy(grown, o->bytes, o->n);
    memory_free(o->mem, o->bytes, o->cap);
    o->bytes = grown;
    o->cap = cap;
    return true;
}

static void reserve(struct out *o, size_t n)
{
    if (!out_try_reserve(o, n)) memory_fail(o->mem);
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
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(v >> 8 * i);
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
    if (!size)
        out_text(o, "\xef\xbf\xbd");
    else if (at)
        out_printf(o, "\\%c", letters[at - escaped]);
    else if (size == 1 && ((unsigned char)*s < 0x20 || *s == 0x7f))
        out_printf(o, "\\u%04x", (unsigned)*s);
    else
        out_bytes(o, s, size);
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
