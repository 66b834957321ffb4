/* main.c - looks for keys and tokens that services give out, in files.
 * `tokens tokens.txt FILE...` prints `file:line: expression` for each line in which a match of an expression ends, as grep -nP would for each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tokens.h"

struct list {
    char *text, **lines;
    uint64_t *told; /* of each expression: the last line that was told */
    uint32_t n;
};
struct matches {
    uint64_t total[2];
    uint32_t room, *patterns, *ends;
};

static void fail(const char *what)
{
    fprintf(stderr, "tokens: %s\n", what);
    exit(2);
}

static void *grow(void *memory, size_t bytes)
{
    memory = realloc(memory, bytes ? bytes : 1);
    if (!memory) {
        fail("out of memory");
    }
    return memory;
}

static char *read_file(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    size_t room = 1 << 16, got;
    char *bytes = grow(NULL, room);
    if (!file) {
        fail(path);
    }
    for (*n = 0; (got = fread(bytes + *n, 1, room - *n, file)) != 0;) {
        *n += got;
        if (*n == room) {
            bytes = grow(bytes, room *= 2);
        }
    }
    if (ferror(file)) {
        fail(path);
    }
    fclose(file);
    bytes[*n] = 0; /* there is room: else it would have grown */
    return bytes;
}

/* Expressions as vyre-gen counts them: without empty lines and comments. */
static struct list read_list(const char *path)
{
    struct list list = {0};
    size_t n;
    list.text = read_file(path, &n);
    for (char *line = strtok(list.text, "\n"); line; line = strtok(NULL, "\n")) {
        if (*line == '#') {
            continue;
        }
        list.lines = grow(list.lines, (list.n + 1) * sizeof *list.lines);
        list.lines[list.n++] = line;
    }
    list.told = grow(NULL, list.n * sizeof *list.told);
    return list;
}

/* Again with more room when there was not enough. */
static void find(vyre_context *context, const char *text, size_t n, struct matches *m)
{
    do {
        if (m->total[0] > m->room) {
            m->room = (uint32_t)m->total[0];
            m->patterns = grow(m->patterns, m->room * sizeof *m->patterns);
            m->ends = grow(m->ends, m->room * sizeof *m->ends);
        }
        m->total[0] = m->total[1] = 0;
        struct tokens_args args = {.text = vyre_host((void *)(uintptr_t)text, n),
                                   .total = vyre_host(m->total, 2),
                                   .patterns = vyre_host(m->patterns, m->room),
                                   .ends = vyre_host(m->ends, m->room)};
        if (tokens(context, &args)) {
            fail(vyre_context_message(context));
        }
    } while (m->total[1]);
}

static void tell(const char *path, const char *text, const struct list *list, const struct matches *m)
{
    uint64_t line = 1;
    size_t at = 0;
    memset(list->told, 0, list->n * sizeof *list->told);
    for (uint64_t i = 0; i < m->total[0]; i++) {
        for (; at < m->ends[i]; at++) {
            line += text[at] == '\n';
        }
        if (list->told[m->patterns[i]] != line) {
            printf("%s:%llu: %s\n", path, (unsigned long long)line, list->lines[m->patterns[i]]);
        }
        list->told[m->patterns[i]] = line;
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fail("tokens.txt and files are needed");
    }
    struct list list = read_list(argv[1]);
    struct matches m = {.room = 256};
    m.patterns = grow(NULL, m.room * sizeof *m.patterns);
    m.ends = grow(NULL, m.room * sizeof *m.ends);
    vyre_context *context;
    if (vyre_context_create(NULL, &context)) {
        fail("no context");
    }
    for (int i = 2; i < argc; i++) {
        size_t n;
        char *text = read_file(argv[i], &n);
        m.total[0] = 0;
        find(context, text, n, &m);
        tell(argv[i], text, &list, &m);
        free(text);
    }
    vyre_context_destroy(context);
    free(m.patterns);
    free(m.ends);
    free(list.told);
    free(list.lines);
    free(list.text);
    return ferror(stdout) != 0;
}
