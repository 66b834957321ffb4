/* out.h - where text and bytes go: a growing buffer, later written to a file in one step. */
#ifndef VYREC_BASE_OUT_H
#define VYREC_BASE_OUT_H

#include <stdbool.h>

#include "ir/base/arena.h"

struct out {
    struct memory *mem;
    char *bytes; /* always NUL-terminated when not NULL */
    size_t n, cap;
};

void out_init(struct out *o, struct memory *mem);
void out_release(struct out *o);
/* Room for n more bytes and a NUL; false without memory. All others go to `recover` then. */
bool out_try_reserve(struct out *o, size_t n);
void out_bytes(struct out *o, const void *bytes, size_t n);
void out_text(struct out *o, const char *text);
void out_printf(struct out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
void out_u32(struct out *o, uint32_t v); /* little-endian, as all binary output */
void out_u64(struct out *o, uint64_t v);
void out_pad(struct out *o, size_t alignment);                /* zeros up to a multiple of it */
void out_json_string(struct out *o, const char *s, size_t n); /* quoted and escaped; invalid UTF-8 becomes U+FFFD */

/* Appends a whole file; "-" is standard input. 0 or an errno value (EFBIG when more than max_bytes follow). */
int out_read_file(struct out *o, const char *path, size_t max_bytes);
/* A file to be written. "-" is standard output. `keep_if_equal` leaves a file with the same bytes (and its time) alone.
 */
struct out_file {
    const struct out *content;
    const char *path;
    bool keep_if_equal;
};
/* Writes all to temporary names in their folders, then renames them, so that a reader sees an old file or the whole new
 * one. Devices, pipes and standard output are written in place, before any renaming. 0 or an errno value; on failure no
 * new file is left behind, no old one is touched (unless the system refuses a second renaming after a first), and
 * *failed is the file's index. */
int out_write_files(const struct out_file *files, uint32_t n, struct memory *mem, uint32_t *failed);
int out_write_file(const struct out *o, const char *path, bool keep_if_equal); /* one of them */
/* Removes the temporary files of writes that are under way. May be called from a signal handler. */
void out_remove_unfinished(void);

#endif
