/* context.c - makes contexts from options and the environment, and keeps what went wrong on them, thread by thread. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime-stub/runtime.h"

/* -- failures ---------------------------------------------------------------------------------- */

uint64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

vyre_status outcome_fail(struct outcome *o, vyre_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(o->message, sizeof o->message, format, args);
    va_end(args);
    return o->status = status;
}

/* The calling thread's record, or NULL. Under the lock. */
static struct thread_failure *find_failure(vyre_context *c)
{
    struct thread_failure *f = c->failures;
    while (f && !pthread_equal(f->thread, pthread_self()))
        f = f->next;
    return f;
}

/* Under the lock. NULL when there is no memory: then the status has to say it all. */
static struct thread_failure *add_failure(vyre_context *c)
{
    struct thread_failure *f = memory_get(&c->allocator, sizeof *f, _Alignof(struct thread_failure));
    if (!f) return NULL;
    f->thread = pthread_self();
    f->outcome = (struct outcome){.status = VYRE_OK};
    f->next = c->failures;
    return c->failures = f;
}

vyre_status context_report(vyre_context *c, const struct outcome *o)
{
    if (!o->status || !c) return o->status;
    pthread_mutex_lock(&c->lock);
    struct thread_failure *f = find_failure(c);
    if (!f) f = add_failure(c);
    if (f) f->outcome = *o;
    pthread_mutex_unlock(&c->lock);
    context_log(c, VYRE_LOG_ERROR, "%s: %s", vyre_status_name(o->status), o->message);
    return o->status;
}

vyre_status context_fail(vyre_context *c, vyre_status status, const char *format, ...)
{
    struct outcome o = {.status = status};
    va_list args;
    va_start(args, format);
    vsnprintf(o.message, sizeof o.message, format, args);
    va_end(args);
    return context_report(c, &o);
}

const char *vyre_context_message(vyre_context *context)
{
    if (!context) return "";
    pthread_mutex_lock(&context->lock);
    struct thread_failure *f = find_failure(context);
    pthread_mutex_unlock(&context->lock);
    return f ? f->outcome.message : "";
}

vyre_status vyre_context_trap(vyre_context *context, vyre_trap *trap)
{
    if (!context || !trap) return VYRE_ERROR_INVALID_ARGUMENT;
    pthread_mutex_lock(&context->lock);
    struct thread_failure *f = find_failure(context);
    pthread_mutex_unlock(&context->lock);
    if (!f || f->outcome.status != VYRE_ERROR_TRAP) return VYRE_ERROR_INVALID_ARGUMENT;
    *trap = f->outcome.trap;
    return VYRE_OK;
}

void context_log(vyre_context *c, vyre_log_level level, const char *format, ...)
{
    char line[MESSAGE_BYTES + 64];
    va_list args;
    if ((uint32_t)level >= c->log_level) return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (c->log)
        c->log(c->log_ctx, level, line);
    else
        fprintf(stderr, "vyre: %s\n", line);
}

vyre_status context_note(vyre_context *c, vyre_status status)
{
    if (status == VYRE_ERROR_DEVICE_LOST) atomic_store(&c->is_lost, true);
    return status;
}

vyre_status context_check(vyre_context *c, const char *what, struct outcome *o)
{
    if (!atomic_load_explicit(&c->is_lost, memory_order_relaxed)) return VYRE_OK;
    return outcome_fail(o, VYRE_ERROR_DEVICE_LOST,
                        "%s: %s was lost before: destroy what was made from this context, and make another", what,
                        c->device);
}

/* -- options and environment ------------------------------------------------------------------- */

static const char *read_environment(const char *name)
{
    const char *text = secure_getenv(name);
    return text && *text ? text : NULL;
}

/* A decimal number up to `max`; *number stays when the variable is not set. */
static vyre_status read_number(const char *name, uint32_t max, uint32_t *number, struct outcome *o)
{
    const char *text = read_environment(name);
    char *end;
    if (!text) return VYRE_OK;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno || *end || value > max || *text == '-')
        return outcome_fail(o, VYRE_ERROR_INVALID_ARGUMENT, "%s='%s': must be a number from 0 to %u", name, text, max);
    *number = (uint32_t)value;
    return VYRE_OK;
}

enum { MAX_THREADS = 4096 };

static vyre_status merge_settings(struct settings *s, const vyre_options *options, struct outcome *o)
{
    static const vyre_native no_native;
    uint32_t check = options->check;
    vyre_status status = VYRE_OK;
    *s = (struct settings){.backends = options->backends,
                           .device = options->device,
                           .cpu_level = options->cpu_level,
                           .trace_path = options->trace_path,
                           .threads = options->threads,
                           .log_level = options->log_level,
                           .executor = options->executor,
                           .cache_dir = options->cache_dir,
                           .native = options->native ? options->native : &no_native,
                           .queue_lock = options->queue_lock,
                           .queue_lock_ctx = options->queue_lock_ctx};
    uint32_t strict = options->strict;
    const char *tune = options->tune ? NULL : read_environment("VYRE_AUTOTUNER");
    s->tune = options->tune         ? (options->tune > 1 ? TUNER_ON : TUNER_CACHE)
              : !tune               ? TUNER_OFF
              : !strcmp(tune, "on") ? TUNER_ON
                                    : TUNER_CACHE;
    if (!s->backends) s->backends = read_environment("VYRE_BACKEND");
    if (!s->device) s->device = read_environment("VYRE_DEVICE");
    if (!s->cpu_level) s->cpu_level = read_environment("VYRE_CPU_LEVEL");
    if (!s->trace_path) s->trace_path = read_environment("VYRE_TRACE");
    if (!s->cache_dir) s->cache_dir = read_environment("VYRE_CACHE_DIR");
    if (!s->threads) status = read_number("VYRE_THREADS", MAX_THREADS, &s->threads, o);
    if (!status && !s->log_level) status = read_number("VYRE_LOG", 3, &s->log_level, o);
    if (!status && !check) status = read_number("VYRE_CHECK", 1, &check, o);
    if (!status && !strict) status = read_number("VYRE_STRICT", 1, &strict, o);
    s->check = check != 0;
    s->strict = strict != 0;
    if (!status && s->threads > MAX_THREADS)
        status = outcome_fail(o, VYRE_ERROR_INVALID_ARGUMENT, "%u threads: at most %d", s->threads, MAX_THREADS);
    return status;
}

/* -- choosing a backend ------------------------------------------------------------------------ */

/* In the order of preference. */
static const struct backend *const backends[N_BACKENDS] = {&cuda_backend, &hsa_backend, &vulkan_backend, &cpu_backend};
static const char all_backends[] = "cuda,hsa,vulkan,cpu";

static const struct backend *find_backend(const char *name, size_t n)
{
    for (uint32_t i = 0; i < N_BACKENDS; i++)
        if (strlen(backends[i]->name) == n && !memcmp(backends[i]->name, name, n)) return backends[i];
    return NULL;
}

static void close_backend(vyre_context *c)
{
    if (c->backend) c->backend->close(c);
    c->backend = NULL;
    pool_destroy(c->pool);
    c->pool = NULL;
}

/* Tries a backend and notes how that went. */
static bool try_backend(vyre_context *c, const struct backend *b, const struct settings *s, struct candidate *to)
{
    struct outcome o = {0};
    vyre_status status = b->open(c, s, &o);
    *to = (struct candidate){.name = b->name, .status = status};
    snprintf(to->reason, sizeof to->reason, "%.255s", status ? o.message : c->device);
    if (!status) c->backend = b;
    return !status;
}

static void write_report(vyre_context *c, const struct settings *s)
{
    size_t n = 0;
    for (uint32_t i = 0; i < c->n_candidates && n < sizeof c->report; i++) {
        const struct candidate *k = &c->candidates[i];
        n += (size_t)snprintf(c->report + n, sizeof c->report - n, "%s: %s%s\n", k->name, k->status ? "" : "picked, ",
                              k->reason);
    }
    if (s->check && n < sizeof c->report)
        snprintf(c->report + n, sizeof c->report - n,
                 "check: unsupported, nothing is compared: it needs two executors, and the "
                 "CPU is the only one here\n");
}

static bool is_listed(const vyre_context *c, const struct backend *b)
{
    for (uint32_t i = 0; i < c->n_candidates; i++)
        if (c->candidates[i].name == b->name) return true;
    return false;
}

/* Goes through the list, "cuda, cpu", until one can be used. */
static vyre_status choose_backend(vyre_context *c, const struct settings *s, struct outcome *o)
{
    const char *at = s->backends ? s->backends : all_backends;
    bool picked = false;
    while (*at) {
        size_t n = strcspn(at, ", ");
        const struct backend *b = find_backend(at, n);
        if (n && !b)
            return outcome_fail(o, VYRE_ERROR_INVALID_ARGUMENT, "there is no backend '%.*s': they are %s", (int)n, at,
                                all_backends);
        if (b && !picked && !is_listed(c, b)) picked = try_backend(c, b, s, &c->candidates[c->n_candidates++]);
        at += n + strspn(at + n, ", ");
    }
    write_report(c, s);
    if (picked) return VYRE_OK;
    /* A single candidate's own reason is the best answer. */
    if (c->n_candidates == 1 && c->candidates[0].status != VYRE_ERROR_UNSUPPORTED)
        return outcome_fail(o, c->candidates[0].status, "%s", c->candidates[0].reason);
    return outcome_fail(o, VYRE_ERROR_NO_BACKEND, "no backend can be used:\n%s", c->report);
}

/* -- life -------------------------------------------------------------------------------------- */

static void free_context(vyre_context *c)
{
    vyre_allocator allocator = c->allocator;
    modules_free(c);
    close_backend(c);
    tuner_close(c, c->tuner);
    trace_close(c->trace);
    blocks_free(c);
    while (c->failures) {
        struct thread_failure *next = c->failures->next;
        memory_put(&allocator, c->failures, sizeof *c->failures, _Alignof(struct thread_failure));
        c->failures = next;
    }
    qualification_end(&c->qualification);
    pthread_mutex_destroy(&c->loading);
    pthread_mutex_destroy(&c->lock);
    memory_put(&allocator, c, sizeof *c, _Alignof(vyre_context));
}

void context_keep(vyre_context *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
}

void context_drop(vyre_context *c)
{
    if (atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) == 1) free_context(c);
}

/* Memory of a context, with nothing opened. NULL: none. */
static vyre_context *new_context(const vyre_options *options)
{
    vyre_allocator allocator;
    allocator_init(&allocator, options->allocator);
    vyre_context *c = memory_get(&allocator, sizeof *c, _Alignof(vyre_context));
    if (!c) return NULL;
    memset(c, 0, sizeof *c);
    atomic_init(&c->refs, 1);
    atomic_init(&c->modules, NULL);
    atomic_init(&c->is_lost, false);
    c->counters.owner = pthread_self();
    c->allocator = allocator;
    c->log = options->log;
    c->log_ctx = options->log_ctx;
    pthread_mutex_init(&c->lock, NULL);
    pthread_mutex_init(&c->loading, NULL);
    qualification_init(&c->qualification);
    return c;
}

static vyre_status open_context(vyre_context *c, const vyre_options *options, struct outcome *o)
{
    struct settings s;
    vyre_status status = merge_settings(&s, options, o);
    if (status) return status;
    c->log_level = s.log_level;
    c->threads = s.threads;
    c->strict = s.strict;
    c->is_default = !s.backends;
    if (s.executor) c->executor = *s.executor;
    if (s.cache_dir && strlen(s.cache_dir) < sizeof c->cache_dir) strcpy(c->cache_dir, s.cache_dir);
    if (!add_failure(c)) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory for a context");
    status = trace_open(c, s.trace_path, &c->trace, o);
    if (!status) status = choose_backend(c, &s, o);
    if (!status) status = tuner_open(c, s.tune, &c->tuner, o);
    if (!status)
        context_log(c, VYRE_LOG_NOTE, "%s", c->report);
    else
        context_log(c, VYRE_LOG_ERROR, "%s: %s", vyre_status_name(status), o->message);
    return status;
}

/* The caller's options, as far as they go; later fields are zero. */
static bool read_options(vyre_options *mine, const vyre_options *theirs)
{
    memset(mine, 0, sizeof *mine);
    if (!theirs) return true;
    if (theirs->size < sizeof theirs->size) return false;
    memcpy(mine, theirs, theirs->size < sizeof *mine ? theirs->size : sizeof *mine);
    const vyre_allocator *a = mine->allocator;
    return !a || (a->alloc && a->free);
}

static void give_reason(const vyre_options *options, const char *message)
{
    if (options->message && options->message_bytes) snprintf(options->message, options->message_bytes, "%s", message);
}

vyre_status vyre_context_create(const vyre_options *options, vyre_context **context)
{
    vyre_options mine;
    struct outcome o = {0};
    if (!context) return VYRE_ERROR_INVALID_ARGUMENT;
    *context = NULL;
    if (!read_options(&mine, options)) {
        give_reason(&mine, "vyre_options: set size to sizeof(vyre_options), and both functions of an allocator");
        return VYRE_ERROR_INVALID_ARGUMENT;
    }
    vyre_context *c = new_context(&mine);
    if (!c)
        outcome_fail(&o, VYRE_ERROR_OUT_OF_MEMORY, "no memory for a context");
    else if (!open_context(c, &mine, &o))
        return *context = c, VYRE_OK;
    give_reason(&mine, o.message);
    if (c) context_drop(c);
    return o.status;
}

void vyre_context_destroy(vyre_context *context)
{
    if (!context) return;
    streams_wait(context);
    context_drop(context);
}

/* -- what it is -------------------------------------------------------------------------------- */

vyre_status vyre_context_get_info(vyre_context *context, vyre_context_info *info)
{
    if (!context) return VYRE_ERROR_INVALID_ARGUMENT;
    if (!info || info->size < sizeof info->size)
        return context_fail(context, VYRE_ERROR_INVALID_ARGUMENT, "vyre_context_get_info: set info->size first");
    size_t room = info->size;
    vyre_context_info mine = {.size = room,
                              .backend = context->backend->id,
                              .threads = context->backend == &cpu_backend ? pool_slots(context->pool) : 0,
                              .device = context->device,
                              .level = context->backend->level(context),
                              .report = context->report,
                              .n_candidates = context->n_candidates,
                              .usable = !atomic_load(&context->is_lost)};
    memset(info, 0, room);
    memcpy(info, &mine, room < sizeof mine ? room : sizeof mine);
    return VYRE_OK;
}

vyre_status vyre_context_candidate(vyre_context *context, uint32_t i, const char **name, vyre_status *status,
                                   const char **reason)
{
    if (!context) return VYRE_ERROR_INVALID_ARGUMENT;
    if (i >= context->n_candidates)
        return context_fail(context, VYRE_ERROR_INVALID_ARGUMENT,
                            "%u backends were asked for, and number %u is none of them", context->n_candidates, i);
    if (name) *name = context->candidates[i].name;
    if (status) *status = context->candidates[i].status;
    if (reason) *reason = context->candidates[i].reason;
    return VYRE_OK;
}
