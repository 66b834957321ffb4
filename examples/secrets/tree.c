/* tree.c - files, and memory for them. */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "example.h"

static struct files found; /* nftw has no argument for it */

void *grow(void *block, size_t bytes)
{
    block = realloc(block, bytes ? bytes : 1);
    if (!block) {
        fputs("secrets: out of memory\n", stderr);
        exit(1);
    }
    return block;
}

char *read_whole(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    size_t room = 1 << 16, got;
    char *text = grow(NULL, room);
    *n = 0;
    while (file && (got = fread(text + *n, 1, room - *n - 1, file)) > 0) {
        *n += got;
        if (*n + 1 == room) {
            text = grow(text, room *= 2);
        }
    }
    if (!file || ferror(file)) {
        fprintf(stderr, "secrets: %s: %s\n", path, strerror(errno));
        free(text);
        text = NULL;
    } else {
        text[*n] = 0;
    }
    if (file) {
        fclose(file);
    }
    return text;
}

struct literals read_literals(const char *path)
{
    struct literals list = {0};
    size_t n;
    char *text = read_whole(path, &n);
    if (!text) {
        exit(1);
    }
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        list.at = grow(list.at, (list.n + 1) * sizeof *list.at);
        list.at[list.n++] = line;
        if (strlen(line) > list.longest) {
            list.longest = (uint32_t)strlen(line);
        }
    }
    return list;
}

static int add_file(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)where;
    if (kind == FTW_F && S_ISREG(info->st_mode)) {
        found.at = grow(found.at, (found.n + 1) * sizeof *found.at);
        found.at[found.n++] = (struct file){strdup(path), (uint64_t)info->st_size};
    }
    return 0;
}

static int compare_paths(const void *a, const void *b)
{
    const struct file *x = a, *y = b;
    return strcmp(x->path, y->path);
}

struct files walk(char *const *paths, int n_paths)
{
    for (int i = 0; i < n_paths; i++) {
        if (nftw(paths[i], add_file, 32, FTW_PHYS)) {
            perror(paths[i]);
        }
    }
    if (found.n) {
        qsort(found.at, found.n, sizeof *found.at, compare_paths);
    }
    return found;
}

void add_match(struct matches *list, struct match m)
{
    if (list->n == list->room) {
        list->room = list->room ? 2 * list->room : 1024;
        list->at = grow(list->at, list->room * sizeof *list->at);
    }
    list->at[list->n++] = m;
}
