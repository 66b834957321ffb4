/* cache.h - results of earlier compilations, in a folder.
 *
 * The cache is never needed: whatever is wrong with the folder or an entry is a miss, and storing may fail silently.
 * An entry is trusted only when it is a regular file of this user that nobody else can write, with its key, length and
 * checksum right. Entries are written to a temporary file, flushed and renamed, so neither a kill nor another compiler
 * can leave half of one. What a program means is no business of this folder: keys and payloads are bytes.
 *
 *   folder/<64 hex digits>.vyre     an entry
 *   folder/.vyre-<pid>-<n>          one that is being written
 *   folder/counts                   hits, misses, stores, evictions of all runs */
#ifndef VYREC_CACHE_CACHE_H
#define VYREC_CACHE_CACHE_H

#include <sha2.h>

#include "ir/base/out.h"

enum { CACHE_KEY_BYTES = 32, CACHE_NAME_BYTES = 2 * CACHE_KEY_BYTES + 6 }; /* with ".vyre" and NUL */
#define CACHE_DEFAULT_LIMIT ((uint64_t)256 << 20)
#define CACHE_MAX_ENTRY ((uint64_t)1 << 30) /* bytes of one payload */

struct cache_key {
    uint8_t bytes[CACHE_KEY_BYTES];
};
struct cache_counts {
    uint64_t hits, misses, stores, evictions;
};
struct cache {
    struct memory *mem;
    int folder;                 /* descriptor; -1: the cache is not used */
    const char *refusal;        /* why not: "it is a symbolic link"; NULL when used */
    uint64_t limit_bytes;       /* of all entries together */
    struct cache_counts counts; /* of this session */
};

/* -- keys: SHA-256 over the version of the cache and of the compiler, and everything added, each with its length */
struct cache_hash {
    SHA2_CTX sha;
};
void cache_hash_begin(struct cache_hash *h);
void cache_hash_bytes(struct cache_hash *h, const void *bytes, size_t n);
void cache_hash_text(struct cache_hash *h, const char *text); /* NULL differs from "" */
void cache_hash_number(struct cache_hash *h, uint64_t number);
struct cache_key cache_hash_end(struct cache_hash *h);

/* -- the folder. Opening makes it where there is none, and never fails: a cache that is refused misses always. */
void cache_open(struct cache *c, struct memory *mem, const char *path, uint64_t limit_bytes);
/* Adds what was counted to the counts in the folder, and closes. */
void cache_close(struct cache *c);

/* True with a hit: its bytes are appended to the payload, which is untouched otherwise. Marks the entry as used. */
bool cache_find(struct cache *c, const struct cache_key *key, struct out *payload);
/* Keeps a payload, and drops the entries that were not used for the longest time until all fit the limit. */
void cache_store(struct cache *c, const struct cache_key *key, const struct out *payload);

/* -- looking after it */
struct cache_totals {
    uint64_t n_entries, n_bytes;
    struct cache_counts counts; /* of all runs that could be counted */
};
struct cache_totals cache_measure(struct cache *c);
/* Drops the least recently used entries until the rest has at most this many bytes, and what interrupted runs left. */
void cache_prune(struct cache *c, uint64_t limit_bytes);

/* -- the form of an entry */
/* Appends the entry with this payload. False without memory, or when it is too large. */
bool cache_entry_write(const struct cache_key *key, const struct out *payload, struct out *entry);
/* Checks everything; appends the payload of a sound entry. False otherwise, or without memory. */
bool cache_entry_read(const struct cache_key *key, const void *bytes, size_t n, struct out *payload);

/* -- a payload of several pieces */
void cache_piece_add(struct out *payload, const void *bytes, size_t n);
/* The next piece from *at on, which is moved behind it; false when there is none. */
bool cache_piece_next(const struct out *payload, size_t *at, const char **bytes, size_t *n);

#endif
