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
enum { MAX_TRACES = 100, LINE_BYTES = 4096, ROOM_BYTES = 128, NAME_BYTES = 200 };

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

/* -- events ------------------------------------------------------------------------------------ */

/* What is written so far of an event; n past the end: it did not fit. */
struct line {
    char text[LINE_BYTES];
    size_t n;
};

static void put(struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct line *l, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = l->n < LINE_BYTES ? vsnprintf(l->text + l->n, LINE_BYTES - l->n, format, args) : 0;
    va_end(args);
    l->n = n < 0 ? LINE_BYTES : l->n + (size_t)n;
}

/* Names are identifiers of the language, but what an object says is not checked for that. */
static void put_name(struct line *l, const char *name, size_t n)
{
    for (size_t i = 0; i < n && i < NAME_BYTES; i++) {
        bool is_plain = (unsigned char)name[i] >= ' ' && name[i] != '"' && name[i] != '\\';
        put(l, "%c", is_plain ? name[i] : '_');
    }
}

/* ["first", "second", ...]: as many as fit. */
static void put_names(struct line *l, const char *names)
{
    const char *separator = "";
    put(l, "[");
    while (*names) {
        size_t n = strcspn(names, " ");
        if (l->n + n > LINE_BYTES - ROOM_BYTES) break;
        put(l, "%s\"", separator);
        put_name(l, names, n);
        put(l, "\"");
        separator = ", ";
        names += n + (names[n] == ' ');
    }
    put(l, "]");
}

static void put_facts(struct line *l, const struct trace_event *e)
{
    const char *separator = "";
    put(l, "{");
    if (e->n_groups) put(l, "\"workgroups\": %llu", (ull)e->n_groups);
    if (e->n_groups) separator = ", ";
    if (e->n_bytes) put(l, "%s\"bytes\": %llu", separator, (ull)e->n_bytes);
    if (e->n_bytes) separator = ", ";
    if (!e->arms || !*e->arms) {
        put(l, "}");
        return;
    }
    put(l, "%s\"arms\": ", separator);
    put_names(l, e->arms);
    put(l, "}");
}

/* Times without floats: locales write them differently. */
static void put_event(struct line *l, const struct trace_event *e)
{
    bool has_arm = e->arm && *e->arm;
    uint64_t ns = e->end_ns > e->begin_ns ? e->end_ns - e->begin_ns : 0;
    put(l, "{\"name\": \"");
    if (has_arm) put_name(l, e->arm, strlen(e->arm));
    put(l, "%s", has_arm ? ": " : "");
    put_name(l, e->name, strlen(e->name));
    put(l,
        "\", \"cat\": \"%s\", \"ph\": \"X\", \"ts\": %llu.%03llu, \"dur\": %llu.%03llu, \"pid\": %ld, \"tid\": %ld, "
        "\"args\": ",
        e->category, (ull)(e->begin_ns / 1000), (ull)(e->begin_ns % 1000), (ull)(ns / 1000), (ull)(ns % 1000),
        (long)getpid(), (long)syscall(SYS_gettid));
    put_facts(l, e);
    put(l, "}\n]\n");
}

void trace_add(struct trace *t, const struct trace_event *event)
{
    struct line line;
    bool ok = true;
    if (!t) return;
    line.n = 0;
    pthread_mutex_lock(&t->lock);
    put(&line, "%s", t->has_events ? ",\n" : "");
    put_event(&line, event);
    if (line.n < LINE_BYTES && !t->has_failed) {
        off_t at = t->has_events ? t->end - 1 : t->end; /* the comma takes the place of the line's end */
        ok = write_at(t->file, line.text, line.n, at);
        t->end = at + (off_t)line.n - 2;
        t->has_events = true;
        t->has_failed = !ok;
    }
    pthread_mutex_unlock(&t->lock);
    if (!ok) context_log(t->context, VYRE_LOG_ERROR, "the trace cannot be written: %s", strerror(errno));
}

void trace_add_launch(struct trace *t, const struct launch *l, uint64_t begin_ns, uint64_t end_ns)
{
    if (!t) return;
    const char *arms = unit_string(l->program, l->program->meta->arms);
    trace_add(t, &(struct trace_event){.category = "launch",
                                       .name = unit_name(l->program),
                                       .arm = l->arm,
                                       .arms = *arms ? arms : l->arm,
                                       .begin_ns = begin_ns,
                                       .end_ns = end_ns,
                                       .n_groups = l->n_groups});
}

void trace_add_move(struct trace *t, const char *category, const char *name, uint64_t begin_ns, uint64_t end_ns,
                    uint64_t n_bytes)
{
    if (n_bytes)
        trace_add(t,
                  &(struct trace_event){
                      .category = category, .name = name, .begin_ns = begin_ns, .end_ns = end_ns, .n_bytes = n_bytes});
}
