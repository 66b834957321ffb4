/* example.h - what the parts of this example share: files, matches, and the two ways to find them. */
#ifndef SECRETS_EXAMPLE_H
#define SECRETS_EXAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct literals {
    char **at;
    uint32_t n, longest;
};

struct file {
    char *path;
    uint64_t size_bytes; /* when the tree was walked */
};
struct files {
    struct file *at;
    uint32_t n;
};

struct match {
    uint32_t file, literal;
    uint64_t
        offset; /* in the file: where the literal begins, or the group of base64 characters that its first byte is in */
    uint64_t line, column;
    uint32_t occurrence; /* in base64: which byte of the group */
    bool in_base64;
    float entropy, score;
};
struct matches {
    struct match *at;
    size_t n, room;
};

/* -- tree.c: files. All end the program with a message when memory runs out or the list of literals cannot be read. */
void *grow(void *block, size_t bytes);
char *read_whole(const char *path, size_t *n); /* NUL-terminated; NULL when it cannot be read */
struct literals read_literals(const char *path);
/* All regular files at and below the paths, in order of their names. */
struct files walk(char *const *paths, int n_paths);
void add_match(struct matches *list, struct match m);

/* -- scan.c: with the pipeline of secrets.vir. Texts go there in chunks, one call for many small files. */
struct scanner;
struct scanner *scanner_open(const char *backend, size_t chunk_bytes, const struct literals *literals,
                             struct matches *matches);
/* False after an error that was reported. */
bool scanner_add(struct scanner *s, uint32_t file, const char *text, size_t n);
bool scanner_finish(struct scanner *s);
void scanner_close(struct scanner *s);

/* -- reference.c: the same in plain C, one file at a time, without scores */
void reference_add(const struct literals *literals, struct matches *matches, uint32_t file, const char *text, size_t n);

#endif
