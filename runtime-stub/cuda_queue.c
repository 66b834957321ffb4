/* cuda_queue.c - a CUDA stream: copies, zeros, launches, waiting, times. */
#include <string.h>

#include "runtime-stub/cuda.h"

/* -- life -------------------------------------------------------------------------------------- */

static CUresult create_objects(struct cuda *d, struct device_queue *q)
{
    CUresult e = 0;
    if (!q->is_callers) e = d->cu.StreamCreate(&q->stream, CU_STREAM_NON_BLOCKING);
    for (uint32_t i = 0; i < DEVICE_HALVES && !e; i++)
        e = d->cu.EventCreate(&q->marks[i], CU_EVENT_DISABLE_TIMING);
    if (!e) e = d->cu.EventCreate(&q->begin, CU_EVENT_DEFAULT);
    if (!e) e = d->cu.EventCreate(&q->end, CU_EVENT_DEFAULT);
    return e;
}

vyre_status cuda_queue_create(vyre_context *c, bool is_callers, struct device_queue **queue, struct outcome *o)
{
    struct cuda *d = cuda_of(c);
    struct device_queue *q = memory_get(&c->allocator, sizeof *q, _Alignof(struct device_queue));
    if (!q) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory for a stream");
    *q = (struct device_queue){.stream = is_callers ? d->callers : NULL, .is_callers = is_callers};
    CUresult e = create_objects(d, q);
    if (!e) return *queue = q, VYRE_OK;
    cuda_queue_destroy(c, q);
    return cuda_fail(c, o, e, "making a CUDA stream");
}

void cuda_queue_destroy(vyre_context *c, struct device_queue *q)
{
    struct cuda *d = cuda_of(c);
    cuda_graphs_destroy(c, q);
    const CUevent events[] = {q->marks[0], q->marks[1], q->begin, q->end};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (events[i]) d->cu.EventDestroy(events[i]);
    if (q->stream && !q->is_callers) d->cu.StreamDestroy(q->stream);
    memory_put(&c->allocator, q, sizeof *q, _Alignof(struct device_queue));
}

/* -- work -------------------------------------------------------------------------------------- */

vyre_status cuda_copy(vyre_context *c, struct device_queue *q, enum device_way way, uint64_t to, uint64_t from,
                      uint64_t n_bytes, struct outcome *o)
{
    struct cuda *d = cuda_of(c);
    CUresult e = 0;
    switch (way) {
    case DEVICE_TO:
        e = d->cu.MemcpyHtoDAsync(to, (const void *)(uintptr_t)from, n_bytes, q->stream);
        return e ? cuda_fail(c, o, e, "cuMemcpyHtoDAsync") : VYRE_OK;
    case DEVICE_FROM:
        e = d->cu.MemcpyDtoHAsync((void *)(uintptr_t)to, from, n_bytes, q->stream);
        return e ? cuda_fail(c, o, e, "cuMemcpyDtoHAsync") : VYRE_OK;
    case DEVICE_WITHIN:
        e = d->cu.MemcpyDtoDAsync(to, from, n_bytes, q->stream);
        break;
    }
    return e ? cuda_fail(c, o, e, "cuMemcpyDtoDAsync") : VYRE_OK;
}

vyre_status cuda_fill(vyre_context *c, struct device_queue *q, uint64_t at, uint64_t n_bytes, struct outcome *o)
{
    CUresult e = cuda_of(c)->cu.MemsetD8Async(at, 0, n_bytes, q->stream);
    return e ? cuda_fail(c, o, e, "cuMemsetD8Async") : VYRE_OK;
}

vyre_status cuda_launch(vyre_context *c, struct device_queue *q, const struct device_launch *l, struct outcome *o)
{
    size_t n_bytes = l->program->head->args_bytes;
    void *extra[] = {(void *)CU_LAUNCH_PARAM_BUFFER_POINTER, (void *)(uintptr_t)l->args,
                     (void *)CU_LAUNCH_PARAM_BUFFER_SIZE, &n_bytes, (void *)CU_LAUNCH_PARAM_END};
    CUfunction function = (CUfunction)(uintptr_t)l->program->function;
    CUresult e = cuda_of(c)->cu.LaunchKernel(function, l->groups[0], l->groups[1], l->groups[2], l->workgroup[0],
                                             l->workgroup[1], l->workgroup[2], 0, q->stream, NULL, extra);
    return e ? cuda_fail(c, o, e, "cuLaunchKernel") : VYRE_OK;
}

vyre_status cuda_mark(vyre_context *c, struct device_queue *q, uint32_t half, struct outcome *o)
{
    CUresult e = cuda_of(c)->cu.EventRecord(q->marks[half], q->stream);
    return e ? cuda_fail(c, o, e, "cuEventRecord") : VYRE_OK;
}

vyre_status cuda_wait(vyre_context *c, struct device_queue *q, uint32_t half, struct outcome *o)
{
    CUresult e = cuda_of(c)->cu.EventSynchronize(q->marks[half]);
    return e ? cuda_fail(c, o, e, "cuEventSynchronize") : VYRE_OK;
}

/* -- times and the end ------------------------------------------------------------------------- */

vyre_status cuda_time(vyre_context *c, struct device_queue *q, enum device_time when, struct outcome *o)
{
    CUresult e = cuda_of(c)->cu.EventRecord(when == DEVICE_BEGIN ? q->begin : q->end, q->stream);
    return e ? cuda_fail(c, o, e, "cuEventRecord") : VYRE_OK;
}

/* The caller's stream may have got other work meanwhile, which is not waited for. */
static vyre_status wait_all(vyre_context *c, struct device_queue *q, struct outcome *o)
{
    if (!q->is_callers) {
        CUresult e = cuda_of(c)->cu.StreamSynchronize(q->stream);
        return e ? cuda_fail(c, o, e, "cuStreamSynchronize") : VYRE_OK;
    }
    vyre_status status = cuda_mark(c, q, 0, o);
    return status ? status : cuda_wait(c, q, 0, o);
}

vyre_status cuda_finish(vyre_context *c, struct device_queue *q, uint64_t *device_ns, struct outcome *o)
{
    float milliseconds = 0;
    vyre_status status = wait_all(c, q, o);
    if (status || !device_ns) return status;
    CUresult e = cuda_of(c)->cu.EventElapsedTime(&milliseconds, q->begin, q->end);
    if (e) return cuda_fail(c, o, e, "cuEventElapsedTime");
    *device_ns = milliseconds > 0 ? (uint64_t)((double)milliseconds * 1e6) : 0;
    return VYRE_OK;
}
