/* qualify_cache.c - see qualify_cache.h.
 *
 * The file is struct cache_file as it is: it is read on the machine that wrote it, and believed when size, fingerprint and checksum
 * are right. It is written under a name of its own, then renamed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime-stub/qualify_cache.h"
#include "runtime-stub/runtime.h"

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

static bool make_path(vyre_context *c, const struct cache_file *f, const char *suffix, char *path)
{
    uint64_t hash = vyre_checksum(f, offsetof(struct cache_file, results));
    int n =
        snprintf(path, PATH_BYTES, "%s/vyre-%s-%016llx.probes%s", c->cache_dir, c->backend->name, (ull)hash, suffix);
    return n > 0 && n < PATH_BYTES;
}

static bool read_all(int file, void *to, size_t n)
{
    size_t got = 0;
    while (got < n) {
        ssize_t here = read(file, (char *)to + got, n - got);
        if (here < 0 && errno == EINTR) continue;
        if (here <= 0) return false;
        got += (size_t)here;
    }
    return true;
}

static bool write_all(int file, const void *from, size_t n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t here = write(file, (const char *)from + done, n - done);
        if (here < 0 && errno == EINTR) continue;
        if (here <= 0) return false;
        done += (size_t)here;
    }
    return true;
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
    if (!c->cache_dir[0]) return;
    describe(c, &mine);
    if (!make_path(c, &mine, "", path)) return;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    if (read_all(file, &theirs, sizeof theirs) && is_believable(&theirs, &mine))
        memcpy(c->qualification.results, theirs.results, sizeof theirs.results);
    else
        context_log(c, VYRE_LOG_NOTE, "%s is damaged, and is not used", path);
    close(file);
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
    char path[PATH_BYTES], temporary[PATH_BYTES], suffix[64];
    if (!c->cache_dir[0]) return;
    describe(c, &f);
    fill_results(c, &f);
    snprintf(suffix, sizeof suffix, ".%ld.%llx", (long)getpid(), (ull)clock_ns());
    if (!make_path(c, &f, "", path) || !make_path(c, &f, suffix, temporary)) return;
    int file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    bool ok = file >= 0 && write_all(file, &f, sizeof f);
    if (file >= 0 && close(file)) ok = false;
    if (ok && !rename(temporary, path)) return;
    context_log(c, VYRE_LOG_NOTE, "%s cannot be written: %s", path, strerror(errno));
    if (file >= 0) unlink(temporary);
}
