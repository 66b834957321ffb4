/* work.c - one call: its memory, its stack, its messages. */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "frontend/frontend.h"
#include "passes/bounds.h"
#include "library/internal.h"

/* As the tools have: the deepest nesting the language allows fits, whatever stack the caller has. */
enum { STACK_BYTES = 64 << 20 };

/* ---- handles ---- */

void *handle_new(size_t size_bytes)
{
    struct memory mem = {0};
    struct memory *handle = memory_try_alloc(&mem, size_bytes);
    if (handle) *handle = mem;
    return handle;
}

void handle_release(void *handle)
{
    if (!handle) return;
    struct memory mem = *(struct memory *)handle; /* not where it lies: that goes too */
    memory_release_all(&mem);
}

/* ---- messages ---- */

static void tell(const struct work *w, const struct diag *d)
{
    static const char *const severities[] = {
        [DIAG_SEVERITY_REMARK] = "remark",
        [DIAG_SEVERITY_WARNING] = "warning",
        [DIAG_SEVERITY_ERROR] = "error",
        [DIAG_SEVERITY_FATAL] = "fatal error",
    };
    struct src_place place = source_locate(&w->sources, d->range.begin);
    vyrec_message message = {
        .severity = severities[d->severity],
        .code = diag_infos[d->id].code,
        .text = d->text,
        .fix = d->fix ? d->fix : diag_infos[d->id].fix,
        .file = place.file ? place.file->name : NULL,
        .line = place.file ? place.line : 0,
        .column = place.file ? place.column : 0,
    };
    w->context->options.report(w->context->options.user, &message);
}

static void tell_all(const struct work *w)
{
    for (uint32_t i = 0; w->context->options.report && i < w->diags.list.n; i++)
        tell(w, w->diags.list.at[i]);
}

/* ---- the call ---- */

static void run_guarded(struct work *w)
{
    if (setjmp(w->mem.recover)) {
        w->status = VYREC_NO_MEMORY;
        return;
    }
    arena_init(&w->arena, &w->mem);
    intern_init(&w->names, &w->arena);
    sources_init(&w->sources, &w->arena);
    diags_init(&w->diags, &w->arena, &w->sources);
    w->run(w);
    if (w->diags.n_errors) w->status = VYREC_REPORTED;
}

static void *run_in_thread(void *work)
{
    run_guarded(work);
    return NULL;
}

static bool run_on_own_stack(struct work *w)
{
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes)) return false;
    bool started =
        !pthread_attr_setstacksize(&attributes, STACK_BYTES) && !pthread_create(&thread, &attributes, run_in_thread, w);
    pthread_attr_destroy(&attributes);
    if (started) pthread_join(thread, NULL);
    return started;
}

vyrec_status work_do(struct work *w)
{
    if (!run_on_own_stack(w)) run_guarded(w);
    /* Finding the lines of places may take memory. */
    if (w->status != VYREC_NO_MEMORY) {
        if (!setjmp(w->mem.recover))
            tell_all(w);
        else
            w->status = VYREC_NO_MEMORY;
    }
    memory_release_all(&w->mem);
    return w->status;
}

struct ir_module *work_read(struct work *w, const char *name, const char *text, size_t size_bytes)
{
    const vyrec_options *o = &w->context->options;
    struct frontend_options options = {.include_dirs = o->include_dirs, .n_include_dirs = (uint32_t)o->n_include_dirs};
    struct source_file *file = sources_add(&w->sources, name, text, size_bytes);
    if (file) {
        struct ir_module *m = frontend_read(&w->arena, &w->names, &w->sources, &w->diags, file, &options);
        return m && bounds_check_claims(m, &w->diags, &w->arena) ? m : NULL;
    }
    diag_report(&w->diags, DIAG_CANNOT_READ, SRC_NONE, name, strerror(EFBIG));
    return NULL;
}

struct pass_settings work_passes(const vyrec_options *options)
{
    return (struct pass_settings){.level = options->level, .list = options->passes};
}
