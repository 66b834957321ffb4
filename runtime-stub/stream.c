/* stream.c - streams, which are a queue and a thread that works it off, and events, which tell when a piece of work is
 * done. */
#include <signal.h>
#include <string.h>

#include "runtime-stub/runtime.h"

struct vyre_event {
    _Atomic uint32_t refs; /* the user's, and one per task that completes it or waits for it */
    vyre_context *context;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_done;
    uint64_t queued_ns, end_ns, device_ns;
    struct outcome outcome;
};

struct vyre_stream {
    _Atomic uint32_t refs;
    vyre_context *context;
    vyre_stream *next; /* in the context's list; under its lock */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct task *first, **last;
    uint64_t n_queued, n_done;
    bool must_end, has_error, is_default; /* the context's own */
    struct outcome error;                 /* the first, of work without an event, since the last wait */
};

/* -- events ------------------------------------------------------------------------------------ */

static vyre_event *new_event(vyre_context *c)
{
    vyre_event *e = memory_get(&c->allocator, sizeof *e, _Alignof(vyre_event));
    if (!e) return NULL;
    memset(e, 0, sizeof *e);
    atomic_init(&e->refs, 1);
    e->context = c;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->changed, NULL);
    context_keep(c);
    return e;
}

static void unref_event(vyre_event *e)
{
    if (!e || atomic_fetch_sub_explicit(&e->refs, 1, memory_order_acq_rel) != 1) return;
    vyre_context *c = e->context;
    pthread_cond_destroy(&e->changed);
    pthread_mutex_destroy(&e->lock);
    memory_put(&c->allocator, e, sizeof *e, _Alignof(vyre_event));
    context_drop(c);
}

static void complete_event(vyre_event *e, uint64_t queued_ns, uint64_t begin_ns, const struct outcome *o)
{
    pthread_mutex_lock(&e->lock);
    e->queued_ns = queued_ns;
    e->end_ns = clock_ns();
    e->device_ns = o->device_ns ? o->device_ns : e->end_ns - begin_ns; /* of the CPU, all of it is execution */
    e->outcome = *o;
    e->is_done = true;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

static void wait_event(vyre_event *e)
{
    pthread_mutex_lock(&e->lock);
    while (!e->is_done)
        pthread_cond_wait(&e->changed, &e->lock);
    pthread_mutex_unlock(&e->lock);
}

static bool is_done(vyre_event *e)
{
    pthread_mutex_lock(&e->lock);
    bool done = e->is_done;
    pthread_mutex_unlock(&e->lock);
    return done;
}

vyre_status vyre_event_wait(vyre_event *event)
{
    if (!event) return VYRE_ERROR_INVALID_ARGUMENT;
    wait_event(event);
    return context_report(event->context, &event->outcome);
}

vyre_status vyre_event_query(vyre_event *event)
{
    if (!event) return VYRE_ERROR_INVALID_ARGUMENT;
    return is_done(event) ? context_report(event->context, &event->outcome) : VYRE_ERROR_NOT_READY;
}

const char *vyre_event_message(vyre_event *event)
{
    return event && is_done(event) ? event->outcome.message : "";
}

vyre_status vyre_event_times(vyre_event *event, uint64_t *wall_ns, uint64_t *device_ns)
{
    if (!event) return VYRE_ERROR_INVALID_ARGUMENT;
    if (!is_done(event)) return VYRE_ERROR_NOT_READY;
    if (wall_ns) *wall_ns = event->end_ns - event->queued_ns;
    if (device_ns) *device_ns = event->device_ns;
    return VYRE_OK;
}

vyre_status vyre_event_trap(vyre_event *event, vyre_trap *trap)
{
    if (!event || !trap) return VYRE_ERROR_INVALID_ARGUMENT;
    if (!is_done(event)) return VYRE_ERROR_NOT_READY;
    if (event->outcome.status != VYRE_ERROR_TRAP) return VYRE_ERROR_INVALID_ARGUMENT;
    *trap = event->outcome.trap;
    return VYRE_OK;
}

void vyre_event_destroy(vyre_event *event)
{
    unref_event(event);
}

/* -- tasks ------------------------------------------------------------------------------------- */

static size_t head_bytes(void)
{
    return (sizeof(struct task) + 15) / 16 * 16;
}

void *task_extra(struct task *t)
{
    return (char *)t + head_bytes();
}

struct task *task_create(vyre_context *c, enum task_kind kind, size_t extra, vyre_event **event)
{
    size_t n_bytes = head_bytes() + extra;
    struct task *t = memory_get(&c->allocator, n_bytes, 16);
    if (!t) return NULL;
    memset(t, 0, sizeof *t);
    t->kind = kind;
    t->n_bytes = n_bytes;
    if (!event) return t;
    *event = t->event = new_event(c);
    if (t->event) {
        atomic_fetch_add_explicit(&t->event->refs, 1, memory_order_relaxed);
        return t;
    }
    memory_put(&c->allocator, t, n_bytes, 16);
    return NULL;
}

static void free_task(vyre_context *c, struct task *t)
{
    unref_event(t->event);
    memory_put(&c->allocator, t, t->n_bytes, 16);
}

void task_discard(vyre_context *c, struct task *t, vyre_event **event)
{
    if (event) {
        unref_event(*event);
        *event = NULL;
    }
    free_task(c, t);
}

static void perform(vyre_stream *s, struct task *t, struct outcome *o)
{
    vyre_context *c = s->context;
    switch (t->kind) {
    case TASK_RUN:
        t->plan.is_timed = t->event != NULL;
        t->plan.is_default = s->is_default;
        plan_run(c, &t->plan, o);
        plan_drop(&t->plan);
        break;
    case TASK_COPY:
        buffer_copy(t->copy.buffer, t->copy.to, t->copy.from, t->copy.n_bytes, o);
        buffer_drop(t->copy.buffer);
        break;
    case TASK_WAIT:
        wait_event(t->event);
        break;
    }
}

/* -- streams ----------------------------------------------------------------------------------- */

static void keep_error(vyre_stream *s, const struct outcome *o)
{
    pthread_mutex_lock(&s->lock);
    if (!s->has_error) s->error = *o;
    s->has_error = true;
    pthread_mutex_unlock(&s->lock);
}

static void run_task(vyre_stream *s, struct task *t)
{
    struct outcome o = {0};
    uint64_t begin = clock_ns();
    perform(s, t, &o);
    if (t->event && t->kind != TASK_WAIT)
        complete_event(t->event, t->queued_ns, begin, &o);
    else if (o.status)
        keep_error(s, &o);
    free_task(s->context, t);
}

static struct task *next_task(vyre_stream *s)
{
    while (!s->first && !s->must_end)
        pthread_cond_wait(&s->changed, &s->lock);
    struct task *t = s->first;
    if (t && !(s->first = t->next)) s->last = &s->first;
    return t;
}

static void *run_stream(void *argument)
{
    vyre_stream *s = argument;
    struct task *t;
    pthread_mutex_lock(&s->lock);
    while ((t = next_task(s))) {
        pthread_mutex_unlock(&s->lock);
        run_task(s, t);
        pthread_mutex_lock(&s->lock);
        s->n_done++;
        pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* Signals are for the program's own threads. */
static bool start_thread(vyre_stream *s)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool ok = !pthread_create(&s->thread, NULL, run_stream, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

static void unref_stream(vyre_stream *s)
{
    if (atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1) return;
    vyre_context *c = s->context;
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    memory_put(&c->allocator, s, sizeof *s, _Alignof(vyre_stream));
}

static void link_stream(vyre_stream *s)
{
    pthread_mutex_lock(&s->context->lock);
    s->next = s->context->streams;
    s->context->streams = s;
    pthread_mutex_unlock(&s->context->lock);
}

static void unlink_stream(vyre_stream *s)
{
    pthread_mutex_lock(&s->context->lock);
    vyre_stream **at = &s->context->streams;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    pthread_mutex_unlock(&s->context->lock);
}

/* A stream that does not keep the context: the caller sees to that. */
static vyre_status create_stream(vyre_context *c, bool is_default, vyre_stream **stream, struct outcome *o)
{
    vyre_stream *s = memory_get(&c->allocator, sizeof *s, _Alignof(vyre_stream));
    if (!s) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory for a stream");
    memset(s, 0, sizeof *s);
    atomic_init(&s->refs, 1);
    s->context = c;
    s->is_default = is_default;
    s->last = &s->first;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    if (!start_thread(s)) {
        unref_stream(s);
        return outcome_fail(o, VYRE_ERROR_SYSTEM, "the system gives no thread for a stream");
    }
    link_stream(s);
    *stream = s;
    return VYRE_OK;
}

/* Works off what is queued, then ends the thread. */
static void end_stream(vyre_stream *s)
{
    pthread_mutex_lock(&s->lock);
    s->must_end = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    unlink_stream(s);
    unref_stream(s);
}

static void wait_stream(vyre_stream *s)
{
    pthread_mutex_lock(&s->lock);
    for (uint64_t n = s->n_queued; s->n_done < n;)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

/* The context's own stream, made when it is first needed. NULL: *o says why. */
static vyre_stream *get_default(vyre_context *c, struct outcome *o)
{
    pthread_mutex_lock(&c->loading);
    vyre_stream *s = c->default_stream;
    if (!s && !create_stream(c, true, &s, o)) c->default_stream = s;
    pthread_mutex_unlock(&c->loading);
    return s;
}

vyre_status stream_submit(vyre_context *c, vyre_stream *stream, struct task *t, struct outcome *o)
{
    if (stream && stream->context != c)
        return outcome_fail(o, VYRE_ERROR_WRONG_CONTEXT, "the stream belongs to another context");
    if (!stream && !(stream = get_default(c, o))) return o->status;
    t->queued_ns = clock_ns();
    pthread_mutex_lock(&stream->lock);
    *stream->last = t;
    stream->last = &t->next;
    stream->n_queued++;
    pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->lock);
    return VYRE_OK;
}

vyre_status vyre_stream_create(vyre_context *context, vyre_stream **stream)
{
    struct outcome o = {0};
    if (!context) return VYRE_ERROR_INVALID_ARGUMENT;
    if (!stream) return context_fail(context, VYRE_ERROR_INVALID_ARGUMENT, "vyre_stream_create: a null pointer");
    *stream = NULL;
    if (create_stream(context, false, stream, &o)) return context_report(context, &o);
    context_keep(context);
    return VYRE_OK;
}

void vyre_stream_destroy(vyre_stream *stream)
{
    if (!stream) return;
    vyre_context *c = stream->context;
    end_stream(stream);
    context_drop(c);
}

vyre_status vyre_stream_wait(vyre_context *context, vyre_stream *stream)
{
    struct outcome o = {0};
    if (!stream && !context) return VYRE_ERROR_INVALID_ARGUMENT;
    if (stream && context && stream->context != context)
        return context_fail(context, VYRE_ERROR_WRONG_CONTEXT,
                            "vyre_stream_wait: the stream belongs to another context");
    if (!stream) {
        pthread_mutex_lock(&context->loading);
        stream = context->default_stream;
        pthread_mutex_unlock(&context->loading);
        if (!stream) return VYRE_OK; /* nothing was ever submitted to it */
    }
    wait_stream(stream);
    pthread_mutex_lock(&stream->lock);
    if (stream->has_error) o = stream->error;
    stream->has_error = false;
    pthread_mutex_unlock(&stream->lock);
    return context_report(stream->context, &o);
}

vyre_status vyre_stream_wait_event(vyre_context *context, vyre_stream *stream, vyre_event *event)
{
    struct outcome o = {0};
    vyre_context *c = stream ? stream->context : context;
    if (!c) return VYRE_ERROR_INVALID_ARGUMENT;
    if (!event) return context_fail(c, VYRE_ERROR_INVALID_ARGUMENT, "vyre_stream_wait_event: a null pointer");
    if (event->context != c || (context && context != c))
        return context_fail(c, VYRE_ERROR_WRONG_CONTEXT,
                            "vyre_stream_wait_event: stream and event are of different contexts");
    struct task *t = task_create(c, TASK_WAIT, 0, NULL);
    if (!t) return context_fail(c, VYRE_ERROR_OUT_OF_MEMORY, "no memory to queue a wait");
    atomic_fetch_add_explicit(&event->refs, 1, memory_order_relaxed);
    t->event = event;
    if (!stream_submit(c, stream, t, &o)) return VYRE_OK;
    task_discard(c, t, NULL);
    return context_report(c, &o);
}

/* -- the end of a context ---------------------------------------------------------------------- */

static bool is_busy(vyre_stream *s)
{
    pthread_mutex_lock(&s->lock);
    bool busy = s->n_done < s->n_queued;
    pthread_mutex_unlock(&s->lock);
    return busy;
}

static vyre_stream *find_busy(vyre_context *c)
{
    pthread_mutex_lock(&c->lock);
    vyre_stream *s = c->streams;
    while (s && !is_busy(s))
        s = s->next;
    if (s) atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    pthread_mutex_unlock(&c->lock);
    return s;
}

void streams_wait(vyre_context *c)
{
    vyre_stream *s;
    while ((s = find_busy(c))) {
        wait_stream(s);
        unref_stream(s);
    }
    if (c->default_stream) end_stream(c->default_stream);
    c->default_stream = NULL;
}
