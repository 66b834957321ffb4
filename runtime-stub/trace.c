/* trace.c - writes what ran, and when, as a file that chrome://tracing and Perfetto open.
 *
 * The file is complete JSON after each event: the closing bracket is written behind every event and overwritten by the
 * next, so a process that dies leaves a trace that can be read. Contexts that would write the same file take numbers:
 * out.json, out.json.2, out.json.3. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime-stub/runtime.h"

typedef unsigned long long ull;
enum { MAX_TRACES = 100, LINE_BYTES = 1024 };

struct trace {
    vyre_context *context;
    pthread_mutex_t lock;
    int file;
    off_t end; /* where the closing bracket stands */
    bool has_events, has_failed;
};

/* Opens and locks the path, or the path with a number when another trace has it. -1, errno set. */
static int open_file(const char *path)
{
    char numbered[4096];
    for (int i = 1; i <= MAX_TRACES; i++) {
        int n = snprintf(numbered, sizeof numbered, i == 1 ? "%s" : "%s.%d", path, i);
        if (n < 0 || (size_t)n >= sizeof numbered) return errno = ENAMETOOLONG, -1;
        int file = open(numbered, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (file < 0) return -1;
        if (!flock(file, LOCK_EX | LOCK_NB)) return file;
        int error = errno;
        close(file);
        if (error != EWOULDBLOCK) return errno = error, -1;
    }
    return errno = EBUSY, -1;
}

static bool write_at(int file, const char *text, size_t n, off_t at)
{
    while (n) {
        ssize_t done = pwrite(file, text, n, at);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        text += done;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

vyre_status trace_open(vyre_context *c, const char *path, struct trace **trace, struct outcome *o)
{
    static const char start[] = "[\n]\n";
    *trace = NULL;
    if (!path) return VYRE_OK;
    struct trace *t = memory_get(&c->allocator, sizeof *t, _Alignof(struct trace));
    if (!t) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory for the trace");
    *t = (struct trace){.context = c, .file = open_file(path), .end = 2};
    if (t->file < 0 || ftruncate(t->file, 0) || !write_at(t->file, start, sizeof start - 1, 0)) {
        outcome_fail(o, VYRE_ERROR_IO, "cannot write the trace '%s': %s", path, strerror(errno));
        if (t->file >= 0) close(t->file);
        memory_put(&c->allocator, t, sizeof *t, _Alignof(struct trace));
        return o->status;
    }
    pthread_mutex_init(&t->lock, NULL);
    *trace = t;
    return VYRE_OK;
}

void trace_close(struct trace *t)
{
    if (!t) return;
    close(t->file);
    pthread_mutex_destroy(&t->lock);
    memory_put(&t->context->allocator, t, sizeof *t, _Alignof(struct trace));
}

/* Names are identifiers of the language: nothing in them needs escaping. Times without floats: locales write them
 * differently. */
static int format_event(char *line, const struct trace *t, const char *category, const char *name, const char *arm,
                        uint64_t begin_ns, uint64_t end_ns, uint64_t n_groups)
{
    return snprintf(line, LINE_BYTES,
                    "%s{\"name\": \"%.200s%s%.200s\", \"cat\": \"%s\", \"ph\": \"X\", \"ts\": %llu.%03llu, "
                    "\"dur\": %llu.%03llu, \"pid\": %ld, \"tid\": %ld, \"args\": {\"workgroups\": %llu}}\n]\n",
                    t->has_events ? ",\n" : "", arm, *arm ? ": " : "", name, category, (ull)(begin_ns / 1000),
                    (ull)(begin_ns % 1000), (ull)((end_ns - begin_ns) / 1000), (ull)((end_ns - begin_ns) % 1000),
                    (long)getpid(), (long)syscall(SYS_gettid), (ull)n_groups);
}

void trace_add(struct trace *t, const char *category, const char *name, const char *arm, uint64_t begin_ns,
               uint64_t end_ns, uint64_t n_groups)
{
    char line[LINE_BYTES];
    bool ok = true;
    if (!t) return;
    pthread_mutex_lock(&t->lock);
    int n = format_event(line, t, category, name, arm, begin_ns, end_ns, n_groups);
    if (n > 0 && n < LINE_BYTES && !t->has_failed) {
        off_t at = t->has_events ? t->end - 1 : t->end; /* the comma takes the place of the line's end */
        ok = write_at(t->file, line, (size_t)n, at);
        t->end = at + n - 2;
        t->has_events = true;
        t->has_failed = !ok;
    }
    pthread_mutex_unlock(&t->lock);
    if (!ok) context_log(t->context, VYRE_LOG_ERROR, "the trace cannot be written: %s", strerror(errno));
}
