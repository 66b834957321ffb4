/* main.c - finds literals in base64 text with the pipeline of scan_base64.vir.
 * `scan_base64 LITERALS.txt FILE [REPEAT]` prints a line `offset:literal` for each match, in order of offset, and a
 * summary to stderr. LITERALS.txt is the list that the object was built with. With REPEAT the work is done so many
 * times, and the median time is said. A file that is longer than 64 MiB is read in pieces while it is searched, and never
 * whole in memory. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scan_base64.h"

enum { MAX_LITERALS = 255, MAX_LISTED = 1 << 20, MAX_REPEAT = 1000, LONG_BYTES = 64 << 20, CHUNK_BYTES = 64 << 20 };

struct match {
    uint64_t position;
    uint32_t which;
};

static int compare_matches(const void *a, const void *b)
{
    const struct match *x = a, *y = b;
    if (x->position != y->position) {
        return x->position < y->position ? -1 : 1;
    }
    return x->which < y->which ? -1 : x->which > y->which;
}

static int compare_seconds(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* An open file and its length; NULL on failure. */
static FILE *open_file(const char *path, uint64_t *n)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseeko(file, 0, SEEK_END)) {
        return NULL;
    }
    *n = (uint64_t)ftello(file);
    return file;
}

/* Its first n bytes, NUL-terminated; NULL on failure. */
static char *read_file(FILE *file, uint64_t n)
{
    char *text = malloc(n + 1);
    rewind(file);
    if (!text || fread(text, 1, n, file) != n) {
        return NULL;
    }
    text[n] = 0;
    return text;
}

/* The length without line breaks at the end. */
static uint64_t trim(FILE *file, uint64_t n)
{
    while (n && !fseeko(file, (off_t)n - 1, SEEK_SET) && fgetc(file) == '\n') {
        n--;
    }
    return n;
}

/* vyre_chunks.read: the runtime asks for one piece while it searches another. */
static int read_piece(void *file, uint32_t buffer, uint64_t at, void *to, uint64_t n)
{
    (void)buffer;
    return fseeko(file, (off_t)at, SEEK_SET) || fread(to, 1, n, file) != n;
}

/* All at once where the text is in memory, else in chunks. */
static vyre_status run(vyre_context *context, const struct scan_base64_args *args, FILE *file)
{
    const vyre_unit *unit;
    vyre_chunks chunks = {.size = sizeof(chunks), .budget_bytes = CHUNK_BYTES, .ctx = file, .read = read_piece};
    if (args->text.host) {
        return scan_base64(context, args);
    }
    vyre_status status = scan_base64_unit(context, &unit);
    return status ? status : vyre_unit_run_chunks(unit, args, &chunks);
}

/* Cuts the list into its lines. */
static uint32_t split_lines(char *list, const char *lines[MAX_LITERALS])
{
    uint32_t n = 0;
    for (char *line = strtok(list, "\n"); line && n < MAX_LITERALS; line = strtok(NULL, "\n")) {
        lines[n++] = line;
    }
    return n;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Runs the pipeline `repeat` times; the median of the times in seconds, or less than 0 after an error that was
 * reported. */
static double scan(vyre_context *context, const struct scan_base64_args *args, FILE *file, int repeat)
{
    static double seconds[MAX_REPEAT];
    for (int i = 0; i < repeat; i++) {
        *(uint32_t *)args->count.host = 0;
        double start = seconds_now();
        vyre_status status = run(context, args, file);
        seconds[i] = seconds_now() - start;
        if (status) {
            fprintf(stderr, "scan_base64: %s\n", vyre_context_message(context));
            return -1;
        }
    }
    qsort(seconds, (size_t)repeat, sizeof(*seconds), compare_seconds);
    return seconds[repeat / 2];
}

/* Prints the matches in order, and to stderr how often each literal was found. */
static void print_matches(struct match *matches, uint32_t n, const char *const *literals, uint32_t n_literals)
{
    uint32_t found[MAX_LITERALS] = {0};
    qsort(matches, n, sizeof(*matches), compare_matches);
    for (uint32_t i = 0; i < n; i++) {
        printf("%" PRIu64 ":%s\n", matches[i].position, literals[matches[i].which]);
        found[matches[i].which]++;
    }
    for (uint32_t i = 0; i < n_literals; i++) {
        fprintf(stderr, "%10u  %s\n", found[i], literals[i]);
    }
}

int main(int argc, char **argv)
{
    static uint64_t positions[MAX_LISTED];
    static uint32_t which[MAX_LISTED];
    static struct match matches[MAX_LISTED];
    const char *literals[MAX_LITERALS];
    uint64_t list_bytes, text_bytes;
    uint32_t count = 0;
    int repeat = argc == 4 ? atoi(argv[3]) : 1;
    if (argc < 3 || argc > 4 || repeat < 1 || repeat > MAX_REPEAT) {
        fputs("usage: scan_base64 LITERALS.txt FILE [REPEAT]\n", stderr);
        return 2;
    }
    FILE *list_file = open_file(argv[1], &list_bytes), *file = open_file(argv[2], &text_bytes);
    char *list = list_file ? read_file(list_file, list_bytes) : NULL, *text = NULL;
    if (file) {
        text_bytes = trim(file, text_bytes);
        text = text_bytes < LONG_BYTES ? read_file(file, text_bytes) : NULL;
    }
    if (!list || !file || (!text && text_bytes < LONG_BYTES)) {
        perror(list ? argv[2] : argv[1]);
        return 1;
    }
    uint32_t n_literals = split_lines(list, literals);
    if (text_bytes % 4) {
        fprintf(stderr, "scan_base64: %s: not base64: its length is not a multiple of 4\n", argv[2]);
        return 1;
    }

    vyre_context *context;
    if (vyre_context_create(NULL, &context)) {
        fputs("scan_base64: no context\n", stderr);
        return 1;
    }
    struct scan_base64_args args = {.text = vyre_host(text, text_bytes),
                                    .count = vyre_host(&count, 1),
                                    .positions = vyre_host(positions, MAX_LISTED),
                                    .which = vyre_host(which, MAX_LISTED)};
    double seconds = scan(context, &args, file, repeat);
    vyre_context_destroy(context);
    if (seconds < 0) {
        return 1;
    }

    uint32_t listed = count < MAX_LISTED ? count : MAX_LISTED;
    for (uint32_t i = 0; i < listed; i++) {
        matches[i] = (struct match){positions[i], which[i]};
    }
    print_matches(matches, listed, literals, n_literals);
    fprintf(stderr, "%10u  in all, %u of them listed\n", count, listed);
    fprintf(stderr, "%.1f MB of base64 decoded and searched in %.1f ms: %.2f GB/s\n", (double)text_bytes * 1e-6,
            seconds * 1e3, (double)text_bytes / seconds * 1e-9);
    fclose(list_file);
    fclose(file);
    free(text);
    free(list);
    return 0;
}
