/* buffer.c - memory that a context knows: made, wrapped, mapped, copied. On the CPU every kind is memory of the host.
 */
#include <string.h>

#include "runtime-stub/runtime.h"

typedef unsigned long long ull;
enum { BUFFER_ALIGN = 256 };

static vyre_buffer *new_buffer(vyre_context *c, vyre_buffer_kind kind, uint64_t n_bytes)
{
    vyre_buffer *b = memory_get(&c->allocator, sizeof *b, _Alignof(vyre_buffer));
    if (!b) return NULL;
    memset(b, 0, sizeof *b);
    atomic_init(&b->state, BUFFER_HAS_HANDLE);
    b->context = c;
    b->kind = kind;
    b->n_bytes = n_bytes;
    context_keep(c);
    return b;
}

static void free_buffer(vyre_buffer *b)
{
    vyre_context *c = b->context;
    if (c->backend->buffer_destroy) c->backend->buffer_destroy(b);
    block_destroy(c, b->own);
    memory_put(&c->allocator, b, sizeof *b, _Alignof(vyre_buffer));
    context_drop(c);
}

/* One atomic addition, since launches do this for each buffer; of a mapped one it is taken back. */
bool buffer_hold(vyre_buffer *b)
{
    if (!(atomic_fetch_add_explicit(&b->state, 1, memory_order_acquire) & BUFFER_IS_MAPPED)) return true;
    buffer_drop(b);
    return false;
}

void buffer_drop(vyre_buffer *b)
{
    uint64_t before = atomic_fetch_sub_explicit(&b->state, 1, memory_order_acq_rel);
    if ((before & ~BUFFER_IS_MAPPED) == 1) free_buffer(b);
}

/* -- making ------------------------------------------------------------------------------------ */

/* Memory of the backend's, or of the host; zeroed. */
static void create_memory(vyre_buffer *b, struct outcome *o)
{
    const struct backend *backend = b->context->backend;
    o->status = VYRE_OK;
    if (context_check(b->context, "vyre_buffer_create", o)) return;
    if (backend->buffer_create) {
        context_note(b->context, backend->buffer_create(b, o));
        return;
    }
    b->own = block_create(b->context, b->n_bytes, BUFFER_ALIGN);
    if (!b->own) {
        o->status = VYRE_ERROR_OUT_OF_MEMORY;
        return;
    }
    b->bytes = b->own->bytes;
    if (!b->own->is_zero) memset(b->bytes, 0, b->n_bytes);
}

vyre_status vyre_buffer_create(vyre_context *context, vyre_buffer_kind kind, uint64_t bytes, vyre_buffer **buffer)
{
    if (!context || !buffer)
        return context_fail(context, VYRE_ERROR_INVALID_ARGUMENT, "vyre_buffer_create: a null pointer");
    *buffer = NULL;
    if (kind != VYRE_BUFFER_DEVICE && kind != VYRE_BUFFER_MAPPED)
        return context_fail(context, VYRE_ERROR_INVALID_ARGUMENT,
                            "vyre_buffer_create: kind %d: only DEVICE and MAPPED can be "
                            "created, the others are wrapped",
                            (int)kind);
    vyre_buffer *b = new_buffer(context, kind, bytes);
    struct outcome o = {.status = VYRE_ERROR_OUT_OF_MEMORY};
    if (b) create_memory(b, &o);
    if (!b || o.status) {
        vyre_buffer_destroy(b);
        return context_fail(context, o.status == VYRE_ERROR_OUT_OF_MEMORY ? VYRE_ERROR_DEVICE_MEMORY : o.status,
                            "no memory for a buffer of %llu bytes%s%s", (ull)bytes, *o.message ? ": " : "", o.message);
    }
    *buffer = b;
    return VYRE_OK;
}

vyre_status vyre_buffer_wrap_host(vyre_context *context, void *memory, uint64_t bytes, vyre_buffer **buffer)
{
    if (!context || !buffer || (!memory && bytes))
        return context_fail(context, VYRE_ERROR_INVALID_ARGUMENT, "vyre_buffer_wrap_host: a null pointer");
    *buffer = NULL;
    if ((uintptr_t)memory > UINTPTR_MAX - bytes)
        return context_fail(context, VYRE_ERROR_OVERFLOW,
                            "vyre_buffer_wrap_host: %llu bytes pass the end of the address space", (ull)bytes);
    vyre_buffer *b = new_buffer(context, VYRE_BUFFER_HOST, bytes);
    if (!b) return context_fail(context, VYRE_ERROR_OUT_OF_MEMORY, "no memory for a buffer's description");
    b->bytes = memory;
    *buffer = b;
    return VYRE_OK;
}

vyre_status vyre_buffer_wrap_native(vyre_context *context, vyre_native_kind kind, uint64_t handle,
                                    uint64_t offset_bytes, uint64_t bytes, vyre_buffer **buffer)
{
    struct outcome o = {.status = VYRE_OK};
    if (!context || !buffer)
        return context_fail(context, VYRE_ERROR_INVALID_ARGUMENT, "vyre_buffer_wrap_native: a null pointer");
    *buffer = NULL;
    if (!context->backend->buffer_wrap)
        return context_fail(context, VYRE_ERROR_UNSUPPORTED,
                            "vyre_buffer_wrap_native: kind %d is of another backend than this "
                            "context's, which is %s: wrap host memory",
                            (int)kind, context->backend->name);
    if (offset_bytes > UINT64_MAX - bytes ||
        (kind != VYRE_NATIVE_VULKAN_BUFFER && handle > UINT64_MAX - offset_bytes - bytes))
        return context_fail(context, VYRE_ERROR_OVERFLOW,
                            "vyre_buffer_wrap_native: %llu bytes from byte %llu on pass the end of the address space",
                            (ull)bytes, (ull)offset_bytes);
    vyre_buffer *b = new_buffer(context, VYRE_BUFFER_NATIVE, bytes);
    if (!b) return context_fail(context, VYRE_ERROR_OUT_OF_MEMORY, "no memory for a buffer's description");
    if (context->backend->buffer_wrap(b, kind, handle, offset_bytes, &o)) {
        vyre_buffer_destroy(b);
        return context_report(context, &o);
    }
    *buffer = b;
    return VYRE_OK;
}

void vyre_buffer_destroy(vyre_buffer *buffer)
{
    if (!buffer) return;
    uint64_t before = atomic_fetch_sub_explicit(&buffer->state, BUFFER_HAS_HANDLE, memory_order_acq_rel);
    if ((before & ~BUFFER_IS_MAPPED) == BUFFER_HAS_HANDLE) free_buffer(buffer);
}

/* -- copies ------------------------------------------------------------------------------------ */

/* Checks a copy's range and holds the buffer. */
static vyre_status hold_range(vyre_buffer *b, uint64_t offset_bytes, const void *host, uint64_t bytes, const char *what)
{
    if (!b) return VYRE_ERROR_INVALID_ARGUMENT;
    if (!host && bytes)
        return context_fail(b->context, VYRE_ERROR_INVALID_ARGUMENT, "%s: the host's memory is null", what);
    if (offset_bytes > b->n_bytes || bytes > b->n_bytes - offset_bytes)
        return context_fail(b->context, VYRE_ERROR_LENGTH,
                            "%s: %llu bytes from byte %llu on, of a buffer of %llu bytes", what, (ull)bytes,
                            (ull)offset_bytes, (ull)b->n_bytes);
    if (!buffer_hold(b))
        return context_fail(b->context, VYRE_ERROR_MAPPED, "%s: the buffer is mapped: unmap it first", what);
    return VYRE_OK;
}

static vyre_status copy_remote(vyre_buffer *b, void *to, const void *from, uint64_t n_bytes, struct outcome *o)
{
    vyre_context *c = b->context;
    bool is_upload = (uintptr_t)to >= (uintptr_t)b->bytes && (uintptr_t)to < (uintptr_t)b->bytes + b->n_bytes;
    uint64_t begin = c->trace ? clock_ns() : 0;
    vyre_status status = context_check(c, "a copy", o);
    if (!status) status = context_note(c, c->backend->buffer_copy(b, to, from, n_bytes, o));
    if (!status && c->trace)
        trace_add_move(c->trace, is_upload ? TRACE_UPLOAD : TRACE_DOWNLOAD, "buffer", begin, clock_ns(), n_bytes);
    return status;
}

vyre_status buffer_copy(vyre_buffer *b, void *to, const void *from, uint64_t n_bytes, struct outcome *o)
{
    if (!n_bytes) return VYRE_OK;
    if (b->is_remote) return copy_remote(b, to, from, n_bytes, o);
    memmove(to, from, n_bytes);
    return VYRE_OK;
}

static vyre_status copy_now(vyre_buffer *b, void *to, const void *from, uint64_t n_bytes)
{
    struct outcome o = {.status = VYRE_OK};
    vyre_status status = buffer_copy(b, to, from, n_bytes, &o);
    return status ? context_report(b->context, &o) : VYRE_OK;
}

vyre_status vyre_buffer_write(vyre_buffer *buffer, uint64_t offset_bytes, const void *from, uint64_t bytes)
{
    vyre_status status = hold_range(buffer, offset_bytes, from, bytes, "vyre_buffer_write");
    if (status) return status;
    status = copy_now(buffer, buffer->bytes + offset_bytes, from, bytes);
    buffer_drop(buffer);
    return status;
}

vyre_status vyre_buffer_read(vyre_buffer *buffer, uint64_t offset_bytes, void *to, uint64_t bytes)
{
    vyre_status status = hold_range(buffer, offset_bytes, to, bytes, "vyre_buffer_read");
    if (status) return status;
    status = copy_now(buffer, to, buffer->bytes + offset_bytes, bytes);
    buffer_drop(buffer);
    return status;
}

/* The buffer is held; `to` and `from` are final. */
static vyre_status submit_copy(vyre_buffer *b, vyre_stream *stream, void *to, const void *from, uint64_t bytes,
                               vyre_event **event)
{
    vyre_context *c = b->context;
    struct outcome o = {0};
    struct task *t = task_create(c, TASK_COPY, 0, event);
    if (!t) {
        buffer_drop(b);
        return context_fail(c, VYRE_ERROR_OUT_OF_MEMORY, "no memory to queue a copy");
    }
    t->copy.buffer = b;
    t->copy.to = to;
    t->copy.from = from;
    t->copy.n_bytes = bytes;
    if (!stream_submit(c, stream, t, &o)) return VYRE_OK;
    task_discard(c, t, event);
    buffer_drop(b);
    return context_report(c, &o);
}

vyre_status vyre_buffer_write_async(vyre_buffer *buffer, vyre_stream *stream, uint64_t offset_bytes, const void *from,
                                    uint64_t bytes, vyre_event **event)
{
    if (event) *event = NULL;
    vyre_status status = hold_range(buffer, offset_bytes, from, bytes, "vyre_buffer_write_async");
    return status ? status : submit_copy(buffer, stream, buffer->bytes + offset_bytes, from, bytes, event);
}

vyre_status vyre_buffer_read_async(vyre_buffer *buffer, vyre_stream *stream, uint64_t offset_bytes, void *to,
                                   uint64_t bytes, vyre_event **event)
{
    if (event) *event = NULL;
    vyre_status status = hold_range(buffer, offset_bytes, to, bytes, "vyre_buffer_read_async");
    return status ? status : submit_copy(buffer, stream, to, buffer->bytes + offset_bytes, bytes, event);
}

/* -- mapping ----------------------------------------------------------------------------------- */

vyre_status vyre_buffer_map(vyre_buffer *buffer, uint32_t map_flags, void **memory)
{
    uint64_t state = BUFFER_HAS_HANDLE; /* and nobody uses it */
    if (!buffer) return VYRE_ERROR_INVALID_ARGUMENT;
    if (!memory || !map_flags || map_flags & ~(uint32_t)(VYRE_MAP_READ | VYRE_MAP_WRITE))
        return context_fail(buffer->context, VYRE_ERROR_INVALID_ARGUMENT,
                            "vyre_buffer_map: no place for the address, or flags "
                            "that mean nothing");
    *memory = NULL;
    if (buffer->is_remote)
        return context_fail(buffer->context, VYRE_ERROR_UNSUPPORTED,
                            "vyre_buffer_map: the host does not reach this memory of %s: "
                            "create the buffer as MAPPED, or read and write it",
                            buffer->context->device);
    if (!atomic_compare_exchange_strong_explicit(&buffer->state, &state, BUFFER_HAS_HANDLE | BUFFER_IS_MAPPED,
                                                 memory_order_acquire, memory_order_relaxed))
        return context_fail(buffer->context, VYRE_ERROR_MAPPED, "vyre_buffer_map: the buffer is %s",
                            state & BUFFER_IS_MAPPED ? "mapped already" : "used by work in flight: wait for its event");
    *memory = buffer->bytes;
    return VYRE_OK;
}

vyre_status vyre_buffer_unmap(vyre_buffer *buffer)
{
    if (!buffer) return VYRE_ERROR_INVALID_ARGUMENT;
    if (!(atomic_fetch_and_explicit(&buffer->state, ~BUFFER_IS_MAPPED, memory_order_release) & BUFFER_IS_MAPPED))
        return context_fail(buffer->context, VYRE_ERROR_MAPPED, "vyre_buffer_unmap: the buffer is not mapped");
    return VYRE_OK;
}

vyre_status vyre_buffer_get_info(vyre_buffer *buffer, vyre_buffer_kind *kind, uint64_t *bytes)
{
    if (!buffer) return VYRE_ERROR_INVALID_ARGUMENT;
    if (kind) *kind = buffer->kind;
    if (bytes) *bytes = buffer->n_bytes;
    return VYRE_OK;
}
