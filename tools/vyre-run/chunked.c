/* chunked.c - units whose `streaming` arguments run in chunks: files are read piece by piece, and never whole. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/vyre-run/run.h"

/* A file of so many bytes or more is long: its run is in chunks when it can be. */
static const uint64_t long_bytes = UINT64_C(64) << 20;

/* Whether a word NAME=@FILE gives a streaming input a long file. */
static bool is_long(const struct run_unit *unit, const char *word)
{
    struct stat about;
    for (uint32_t k = 0; k < unit->n_arrays; k++) {
        size_t n = strlen(unit->arrays[k].name);
        if (!unit->arrays[k].is_streamed || strncmp(word, unit->arrays[k].name, n) || strncmp(word + n, "=@", 2))
            continue;
        return !stat(word + n + 2, &about) && (uint64_t)about.st_size >= long_bytes;
    }
    return false;
}

bool chunks_choose(const struct run *r, struct run_unit *unit, const char *const *words, uint32_t n_words,
                   const char *message)
{
    vyre_status status = vyre_unit_has_chunks(unit->compiled);
    if (status && unit->chunk_bytes) return run_fail(r, "run it without --chunks", "%s", message);
    unit->in_chunks = unit->chunk_bytes != 0;
    for (uint32_t k = 0; k < n_words && !status; k++)
        unit->in_chunks |= is_long(unit, words[k]);
    return true;
}

bool chunks_open_file(const struct run *r, struct run_array *a, const char *path)
{
    struct stat about;
    a->file = open(path, O_RDONLY | O_CLOEXEC);
    if (a->file < 0 || fstat(a->file, &about))
        return run_fail(r, "check the path and its permissions", "cannot read '%s': %s", path, strerror(errno));
    uint64_t n_bytes = (uint64_t)about.st_size, size = ir_type_mem_bytes(a->elem);
    if (n_bytes % size)
        return run_fail(r, "give a file of whole elements",
                        "'%s' has %" PRIu64 " bytes, which is no multiple of the %" PRIu64 " bytes of a %s of '%s'",
                        path, n_bytes, size, ir_type_text(a->elem), a->name);
    a->count = n_bytes / size;
    a->is_in_parts = true;
    posix_fadvise(a->file, 0, 0, POSIX_FADV_SEQUENTIAL);
    return true;
}

void chunks_close_files(struct run_unit *unit)
{
    for (uint32_t k = 0; k < unit->n_arrays; k++)
        if (unit->arrays[k].is_in_parts) close(unit->arrays[k].file);
}

/* -- callbacks of the runtime ------------------------------------------------------------------ */

struct chunk_source {
    const struct run_unit *unit;
    struct progress progress;
};

static int read_part(void *ctx, uint32_t buffer, uint64_t at, void *to, uint64_t n_bytes)
{
    const struct chunk_source *s = ctx;
    for (uint64_t done = 0; done < n_bytes;) {
        ssize_t n = pread(s->unit->arrays[buffer].file, (char *)to + done, n_bytes - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return -1;
        done += (uint64_t)n;
    }
    return 0;
}

static int show(void *ctx, uint64_t done, uint64_t total)
{
    struct chunk_source *s = ctx;
    progress_report(&s->progress, done, total);
    return 0;
}

vyre_status chunks_run(const struct run_unit *unit, const void *args)
{
    struct chunk_source source = {.unit = unit};
    vyre_chunks chunks = {
        .size = sizeof chunks, .budget_bytes = unit->chunk_bytes, .ctx = &source, .read = read_part, .progress = show};
    progress_begin(&source.progress, "running");
    vyre_status status = vyre_unit_run_chunks(unit->compiled, args, &chunks);
    progress_end(&source.progress);
    return status;
}
