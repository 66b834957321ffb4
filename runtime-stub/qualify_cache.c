/* qualify_cache.c - see qualify_cache.h.
 *
 * The file is struct cache_file as it is: it is read on the machine that wrote it, and believed when it is ours (small_file.h) and
 * size, fingerprint and checksum are right. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime-stub/qualify_cache.h"
#include "runtime-stub/runtime.h"
#include "runtime-stub/small_file.h"

typedef unsigned long long ull;
enum { CACHE_VERSION = 1, PATH_BYTES = 4096 };

struct cache_file {
    char magic[8];
    uint32_t version, n_probes;
    uint64_t probes; /* checksum of the probes' object */
    uint8_t fingerprint[FINGERPRINT_BYTES];
    struct probe_result results[PROBE_COUNT];
    uint64_t checksum; /* of what is before it */
};

/* Everything but results and checksum. */
static void describe(vyre_context *c, struct cache_file *f)
{
    const struct module *m = c->qualification.probes;
    struct container_view view;
    memset(f, 0, sizeof *f);
    memcpy(f->magic, "VYREPROB", 8);
    f->version = CACHE_VERSION;
    f->n_probes = PROBE_COUNT;
    if (m && !container_open((const char *)&m->linked->container + m->linked->container, UINT64_MAX, &view))
        f->probes = vyre_checksum(view.bytes, view.head->size_bytes);
    c->backend->fingerprint(c, f->fingerprint);
}

static bool make_path(vyre_context *c, const struct cache_file *f, char *path)
{
    uint64_t hash = vyre_checksum(f, offsetof(struct cache_file, results));
    int n = snprintf(path, PATH_BYTES, "%s/vyre-%s-%016llx.probes", c->cache_dir, c->backend->name, (ull)hash);
    return n > 0 && n < PATH_BYTES;
}

static bool is_believable(const struct cache_file *theirs, const struct cache_file *mine)
{
    if (memcmp(theirs, mine, offsetof(struct cache_file, results)) != 0) return false;
    if (theirs->checksum != vyre_checksum(theirs, offsetof(struct cache_file, checksum))) return false;
    for (uint32_t i = 0; i < PROBE_COUNT; i++)
        if (theirs->results[i].state > PROBE_WRONG) return false; /* what could not run is tried again */
    return true;
}

void qualify_cache_read(vyre_context *c)
{
    struct cache_file mine, theirs;
    char path[PATH_BYTES];
    size_t n_bytes;
    int file;
    if (!c->cache_dir[0]) return;
    describe(c, &mine);
    if (!make_path(c, &mine, path)) return;
    enum small_file_state state = small_file_open(path, sizeof theirs, &file, &n_bytes);
    bool ok = state == SMALL_FILE_READ && n_bytes == sizeof theirs && small_file_read(file, &theirs, n_bytes);
    if (file >= 0) close(file);
    ok = ok && is_believable(&theirs, &mine);
    stats_add_cache(c, ok);
    if (ok)
        memcpy(c->qualification.results, theirs.results, sizeof theirs.results);
    else if (state != SMALL_FILE_NONE)
        context_log(c, VYRE_LOG_NOTE, "%s is damaged or not ours, and is not used", path);
}

static void fill_results(vyre_context *c, struct cache_file *f)
{
    memcpy(f->results, c->qualification.results, sizeof f->results);
    for (uint32_t i = 0; i < PROBE_COUNT; i++)
        if (f->results[i].state == PROBE_FAILED) f->results[i] = (struct probe_result){0};
    f->checksum = vyre_checksum(f, offsetof(struct cache_file, checksum));
}

void qualify_cache_write(vyre_context *c)
{
    struct cache_file f;
    char path[PATH_BYTES];
    if (!c->cache_dir[0]) return;
    describe(c, &f);
    fill_results(c, &f);
    if (make_path(c, &f, path) && !small_file_write(path, &f, sizeof f))
        context_log(c, VYRE_LOG_NOTE, "%s cannot be written: %s", path, strerror(errno));
}
