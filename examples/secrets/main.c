/* main.c - looks for literals that give secrets away, in all files of a tree.
 * `secrets [OPTION...] LITERALS.txt PATH...` prints `file:line:column: literal`, where it was found in base64 says so, and what is around it: its
 * entropy in bits per byte, and how much it looks like a key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "example.h"

enum { SMALLEST_CHUNK = 8192 };

struct request {
    const char *backend;
    size_t chunk_bytes;
    double least_score;
    bool reference;
    const char *literals;
    char **paths;
    int n_paths;
};

static void usage(void)
{
    fputs("usage: secrets [OPTION...] LITERALS.txt PATH...\n"
          "  --backend NAME   cpu, vulkan, cuda, hsa, or several with commas between; the first that works (all, by "
          "default)\n"
          "  --score X        only what has at least this score, from 0 to 1\n"
          "  --chunk BYTES    how much is scanned by one call; 16 MiB by default\n"
          "  --reference      in plain C, without scores\n",
          stderr);
    exit(2);
}

static struct request read_request(int argc, char **argv)
{
    struct request r = {.chunk_bytes = 16 << 20};
    int i = 1;
    for (; i < argc && !strncmp(argv[i], "--", 2); i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--reference")) {
            r.reference = true;
            continue;
        }
        if (!strcmp(argv[i], "--backend")) {
            r.backend = value;
        } else if (!strcmp(argv[i], "--score")) {
            r.least_score = atof(value);
        } else if (!strcmp(argv[i], "--chunk")) {
            r.chunk_bytes = strtoull(value, NULL, 0);
        } else {
            usage();
        }
        i++;
    }
    if (argc - i < 2 || r.chunk_bytes < SMALLEST_CHUNK || r.chunk_bytes > UINT32_MAX / 4) {
        usage();
    }
    r.literals = argv[i];
    r.paths = argv + i + 1;
    r.n_paths = argc - i - 1;
    return r;
}

/* -- progress ------------------------------------------------------------------------------------------------ */

struct progress {
    uint64_t done, all;
    double begin, shown;
    bool is_on;
};

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void show_progress(struct progress *p, bool is_last)
{
    static const char bar[] = "########################################";
    double now = seconds_now(), share = p->all ? (double)p->done / (double)p->all : 1;
    if (!p->is_on || (now - p->shown < 0.1 && !is_last)) {
        return;
    }
    p->shown = now;
    int n = (int)((share < 1 ? share : 1) * 40);
    fprintf(stderr, "\r[%.*s%*s] %3.0f %%  %.1f of %.1f MB, %.0f MB/s%s", n, bar, 40 - n, "", share * 100,
            (double)p->done * 1e-6, (double)p->all * 1e-6, (double)p->done * 1e-6 / (now - p->begin + 1e-9),
            is_last ? "\n" : "");
}

/* -- the scan ------------------------------------------------------------------------------------------------ */

static bool scan_files(const struct request *r, const struct files *files, const struct literals *literals,
                       struct scanner *scanner, struct matches *matches)
{
    struct progress progress = {.begin = seconds_now(), .is_on = isatty(STDERR_FILENO)};
    bool ok = true;
    for (uint32_t i = 0; i < files->n; i++) {
        progress.all += files->at[i].size_bytes;
    }
    for (uint32_t i = 0; ok && i < files->n; i++) {
        size_t n;
        char *text = read_whole(files->at[i].path, &n);
        if (text && r->reference) {
            reference_add(literals, matches, i, text, n);
        } else if (text) {
            ok = scanner_add(scanner, i, text, n);
        }
        free(text);
        progress.done += files->at[i].size_bytes;
        show_progress(&progress, false);
    }
    if (ok && scanner) {
        ok = scanner_finish(scanner);
    }
    show_progress(&progress, true);
    return ok;
}

/* -- the report ---------------------------------------------------------------------------------------------- */

#define COMPARE(x, y)                                                                                                  \
    if ((x) != (y)) {                                                                                                  \
        return (x) < (y) ? -1 : 1;                                                                                     \
    }

static int compare_matches(const void *a, const void *b)
{
    const struct match *x = a, *y = b;
    COMPARE(x->file, y->file)
    COMPARE(x->offset, y->offset)
    COMPARE(x->in_base64, y->in_base64)
    COMPARE(x->occurrence, y->occurrence)
    COMPARE(x->literal, y->literal)
    return 0;
}

static void report(const struct request *r, const struct files *files, const struct literals *literals,
                   struct matches *matches)
{
    size_t shown = 0;
    if (matches->n) {
        qsort(matches->at, matches->n, sizeof *matches->at, compare_matches);
    }
    for (size_t i = 0; i < matches->n; i++) {
        const struct match *m = &matches->at[i];
        if (m->score < r->least_score) {
            continue;
        }
        shown++;
        printf("%s:%llu:%llu: %s%s, entropy %.3f", files->at[m->file].path, (unsigned long long)m->line,
               (unsigned long long)m->column, literals->at[m->literal], m->in_base64 ? " in base64" : "",
               (double)m->entropy);
        printf(r->reference ? "\n" : ", score %.2f\n", (double)m->score);
    }
    fprintf(stderr, "%zu of %zu matches in %u files\n", shown, matches->n, files->n);
}

int main(int argc, char **argv)
{
    struct request r = read_request(argc, argv);
    struct literals literals = read_literals(r.literals);
    struct files files = walk(r.paths, r.n_paths);
    struct matches matches = {0};
    struct scanner *scanner = r.reference ? NULL : scanner_open(r.backend, r.chunk_bytes, &literals, &matches);
    if (!r.reference && !scanner) {
        return 1;
    }
    bool ok = scan_files(&r, &files, &literals, scanner, &matches);
    if (ok) {
        report(&r, &files, &literals, &matches);
    }
    if (scanner) {
        scanner_close(scanner);
    }
    for (uint32_t i = 0; i < files.n; i++) {
        free(files.at[i].path);
    }
    free(files.at);
    free(matches.at);
    if (literals.n) {
        free(literals.at[0]);
    }
    free(literals.at);
    return !ok;
}
