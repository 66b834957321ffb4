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
void out_bytes(struct out *o, const void *bytes, size_t n);
void out_text(struct out *o, const char *text);
void out_printf(struct out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
void out_u32(struct out *o, uint32_t v); /* little-endian, as all binary output */
void out_u64(struct out *o, uint64_t v);
void out_pad(struct out *o, size_t alignment);              /* zeros up to a multiple of it */
void out_json_string(struct out *o, const char *s, size_t n); /* quoted and escaped; invalid UTF-8 becomes U+FFFD */

/* Appends a whole file; "-" is standard input. 0 or an errno value (EFBIG when more than max_bytes follow). */
int out_read_file(struct out *o, const char *path, size_t max_bytes);
/* Writes to a temporary name in the same folder, then renames, so that a reader sees the old file or the whole new one.
 * "-" is standard output. Devices and pipes are written in place. `keep_if_equal` leaves a file with the same bytes (and its time) alone.
 * 0 or an errno value; on failure nothing new is left behind. */
int out_write_file(const struct out *o, const char *path, bool keep_if_equal);
/* Removes the temporary file of a write that is under way, if one is. May be called from a signal handler. */
void out_remove_unfinished(void);

#endif
