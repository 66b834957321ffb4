/* small_file.h - files that caches keep: read whole, written whole. Not for users.
 *
 * What is read is a regular file of the user's own and no link, whoever may write into the folder; what is written appears at once or
 * not at all. */
#ifndef VYRE_RUNTIME_SMALL_FILE_H
#define VYRE_RUNTIME_SMALL_FILE_H

#include <stdbool.h>
#include <stddef.h>

enum small_file_state {
    SMALL_FILE_READ,
    SMALL_FILE_NONE,    /* there is none */
    SMALL_FILE_REFUSED, /* it is a link, another kind of thing, somebody else's, too large, or cannot be read */
};

/* Opens it for small_file_read, and says how many bytes there are: `most` or fewer. The descriptor is the caller's; -1: there is none. */
enum small_file_state small_file_open(const char *path, size_t most, int *file, size_t *n_bytes);
/* All that was there when it was opened; false where it has become shorter or cannot be read. */
bool small_file_read(int file, void *to, size_t n_bytes);
/* Under a name of its own, flushed, renamed. False, errno set: the file is what it was. */
bool small_file_write(const char *path, const void *bytes, size_t n_bytes);

#endif
