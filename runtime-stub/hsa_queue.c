/* hsa_queue.c - an HSA queue that keeps an order: dispatches that wait are packets with the barrier bit, copies wait for the
 * signal of what was before them, and a dispatch behind a copy waits for it in a barrier packet.
 *
 * The device is told of packets once for all that were written, before anything waits for them: one batch.
 *
 * A device that fails never completes its signals; the runtime tells so on a thread of its own, and every wait looks at
 * that from time to time. */
#include <sched.h>
#include <string.h>

#include "runtime-stub/hsa.h"

enum { KERNARG_BYTES = 64 << 10, LOOKS_PER_SECOND = 20 };
static const hsa_signal_t no_signal;

/* -- failures ---------------------------------------------------------------------------------- */

static void note_failure(hsa_status_t status, hsa_queue_t *queue, void *ctx)
{
    struct device_queue *q = ctx;
    (void)queue;
    atomic_store(&q->error, status ? status : HSA_STATUS_ERROR);
}

static vyre_status fail_lost(vyre_context *c, struct outcome *o, hsa_status_t error)
{
    struct outcome why;
    hsa_fail(c, &why, error, "the queue");
    return outcome_fail(o, VYRE_ERROR_DEVICE_LOST, "%s has failed: %.500s", c->device, why.message);
}

/* A copy that failed has a negative signal (hsa_amd_memory_async_copy). */
static vyre_status look_for_failures(vyre_context *c, struct device_queue *q, struct outcome *o)
{
    hsa_status_t error = atomic_load(&q->error);
    if (error) return fail_lost(c, o, error);
    for (uint32_t i = 0; i < q->n_used; i++)
        if (hsa_of(c)->call.SignalLoad(q->signals[i]) < 0)
            return outcome_fail(o, VYRE_ERROR_DEVICE_LOST, "%s has failed: a copy ended in an error", c->device);
    return VYRE_OK;
}

static vyre_status wait_for(vyre_context *c, struct device_queue *q, hsa_signal_t signal, struct outcome *o)
{
    struct hsa *h = hsa_of(c);
    vyre_status status = VYRE_OK;
    while (!status) {
        int64_t value = h->call.SignalWait(signal, HSA_SIGNAL_CONDITION_LT, 1, h->ticks_per_second / LOOKS_PER_SECOND,
                                           HSA_WAIT_STATE_BLOCKED);
        status = look_for_failures(c, q, o);
        if (value == 0) break;
    }
    return status;
}

/* -- signals ----------------------------------------------------------------------------------- */

static vyre_status drain(vyre_context *c, struct device_queue *q, struct outcome *o);

static vyre_status create_signal(vyre_context *c, int64_t value, hsa_signal_t *signal, struct outcome *o)
{
    *signal = no_signal;
    hsa_status_t e = hsa_of(c)->call.SignalCreate(value, 0, NULL, signal);
    if (e) return hsa_fail(c, o, e, "hsa_signal_create");
    return signal->handle ? VYRE_OK : outcome_fail(o, VYRE_ERROR_SYSTEM, "hsa_signal_create: it gives no signal");
}

/* A signal of 1, which falls to 0 when what it is given to is done. */
static vyre_status take_signal(vyre_context *c, struct device_queue *q, hsa_signal_t *signal, struct outcome *o)
{
    struct hsa *h = hsa_of(c);
    if (q->n_used == q->n_signals) {
        vyre_status status = create_signal(c, 1, &q->signals[q->n_signals], o);
        if (status) return status;
        q->n_signals++;
    } else {
        h->call.SignalStore(q->signals[q->n_used], 1);
    }
    q->is_timed[q->n_used] = q->is_copy[q->n_used] = false;
    *signal = q->signals[q->n_used++];
    return VYRE_OK;
}

/* Before something that takes up to two signals. */
static vyre_status reserve_signals(vyre_context *c, struct device_queue *q, struct outcome *o)
{
    return q->n_used + 2 < HSA_MAX_SIGNALS ? VYRE_OK : drain(c, q, o);
}

/* -- packets ----------------------------------------------------------------------------------- */

static void lock_callers(vyre_context *c, const struct device_queue *q, int lock)
{
    const struct hsa *h = hsa_of(c);
    if (q->is_callers && h->queue_lock) h->queue_lock(h->queue_lock_ctx, lock);
}

/* Tells the device of all packets so far. */
static void ring(vyre_context *c, struct device_queue *q)
{
    if (!q->has_packets) return;
    hsa_of(c)->call.SignalStore(q->queue->doorbell_signal, (int64_t)q->last_packet);
    q->has_packets = false;
}

/* The header makes the packet the device's, so it is written last (2.6.1). */
static vyre_status push_packet(vyre_context *c, struct device_queue *q, const union hsa_packet *packet,
                               struct outcome *o)
{
    struct hsa *h = hsa_of(c);
    vyre_status status = VYRE_OK;
    lock_callers(c, q, 1);
    uint64_t at = h->call.QueueAddWriteIndex(q->queue, 1);
    while (!status && at - h->call.QueueLoadReadIndex(q->queue) >= q->queue->size) {
        ring(c, q);
        status = look_for_failures(c, q, o);
        sched_yield();
    }
    if (!status) {
        union hsa_packet *to = (union hsa_packet *)q->queue->base_address + (at & (q->queue->size - 1));
        memcpy((char *)to + sizeof to->start, (const char *)packet + sizeof to->start, sizeof *to - sizeof to->start);
        __atomic_store_n(&to->start, packet->start, __ATOMIC_RELEASE);
        q->last_packet = at;
        q->has_packets = true;
    }
    lock_callers(c, q, 0);
    return status;
}

/* Waits on the device for `wait`, if any, and for all packets before it; then `done` falls, if any. */
static vyre_status push_barrier(vyre_context *c, struct device_queue *q, hsa_signal_t wait, hsa_signal_t done,
                                struct outcome *o)
{
    union hsa_packet packet;
    memset(&packet, 0, sizeof packet);
    packet.barrier.header = HSA_PACKET_TYPE_BARRIER_AND | HSA_PACKET_BARRIER | HSA_PACKET_FENCES;
    packet.barrier.waits[0] = wait;
    packet.barrier.done = done;
    return push_packet(c, q, &packet, o);
}

/* `last` becomes the signal of all that was dispatched. */
static vyre_status sign_dispatches(vyre_context *c, struct device_queue *q, struct outcome *o)
{
    hsa_signal_t done;
    if (!q->has_dispatches) return VYRE_OK;
    vyre_status status = take_signal(c, q, &done, o);
    if (!status) status = push_barrier(c, q, no_signal, done, o);
    if (status) return status;
    q->last = done;
    q->has_dispatches = false;
    return VYRE_OK;
}

/* -- the end of what is queued ----------------------------------------------------------------- */

static vyre_status add_times(vyre_context *c, struct device_queue *q, struct outcome *o)
{
    struct hsa *h = hsa_of(c);
    for (uint32_t i = 0; i < q->n_used; i++) {
        struct hsa_times t = {0, 0};
        if (!q->is_timed[i]) continue;
        hsa_status_t e = h->call.DispatchTime(h->agent, q->signals[i], &t);
        if (e) return hsa_fail(c, o, e, "hsa_amd_profiling_get_dispatch_time");
        if (t.begin < q->times.begin) q->times.begin = t.begin;
        if (t.end > q->times.end) q->times.end = t.end;
    }
    return VYRE_OK;
}

/* Waits for everything; all signals and arguments are free again. */
static vyre_status drain(vyre_context *c, struct device_queue *q, struct outcome *o)
{
    vyre_status status = VYRE_OK;
    if (q->has_dispatches) {
        hsa_of(c)->call.SignalStore(q->end, 1);
        status = push_barrier(c, q, no_signal, q->end, o);
        q->last = q->end;
    }
    ring(c, q);
    if (!status && q->last.handle) status = wait_for(c, q, q->last, o);
    if (!status) status = add_times(c, q, o);
    q->has_dispatches = false;
    q->last = no_signal;
    for (uint32_t i = 0; i < DEVICE_HALVES; i++)
        q->marks[i] = no_signal;
    q->kernarg_used = 0;
    if (!status) q->n_used = 0;
    return status;
}

/* -- life -------------------------------------------------------------------------------------- */

static vyre_status open_queue(vyre_context *c, struct device_queue *q, struct outcome *o)
{
    struct hsa *h = hsa_of(c);
    vyre_status status = hsa_allocate_kernarg(c, KERNARG_BYTES, &q->kernarg, o);
    if (status) return status;
    status = create_signal(c, 0, &q->end, o);
    if (status || q->is_callers) return status;
    hsa_status_t e = h->call.QueueCreate(h->agent, h->queue_packets, HSA_QUEUE_TYPE_MULTI, note_failure, q, UINT32_MAX,
                                         UINT32_MAX, &q->queue);
    if (e) return hsa_fail(c, o, e, "hsa_queue_create");
    e = h->call.ProfilerEnable(q->queue, 1);
    return e ? hsa_fail(c, o, e, "hsa_amd_profiling_set_profiler_enabled") : VYRE_OK;
}

vyre_status hsa_queue_open(vyre_context *c, bool is_callers, struct device_queue **queue, struct outcome *o)
{
    struct device_queue *q = memory_get(&c->allocator, sizeof *q, _Alignof(struct device_queue));
    if (!q) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory for a queue");
    memset(q, 0, sizeof *q);
    atomic_init(&q->error, 0);
    q->is_callers = is_callers;
    q->queue = is_callers ? hsa_of(c)->callers : NULL;
    q->times.begin = UINT64_MAX;
    vyre_status status = open_queue(c, q, o);
    if (!status && (!q->queue || !q->queue->size || !q->queue->base_address))
        status = outcome_fail(o, VYRE_ERROR_SYSTEM, "the HSA runtime gives a queue without packets");
    if (status)
        hsa_queue_close(c, q);
    else
        *queue = q;
    return status;
}

/* Copies that wait for signals of a queue that failed go on, and end; nothing waits for ever. */
static void release_copies(vyre_context *c, struct device_queue *q)
{
    struct hsa *h = hsa_of(c);
    int64_t value = 0;
    if (q->end.handle) h->call.SignalStore(q->end, 0);
    for (uint32_t i = 0; i < q->n_used; i++)
        if (!q->is_copy[i]) h->call.SignalStore(q->signals[i], 0);
    for (uint32_t i = 0; i < q->n_used && value <= 0; i++)
        if (q->is_copy[i])
            value = h->call.SignalWait(q->signals[i], HSA_SIGNAL_CONDITION_LT, 1, h->ticks_per_second,
                                       HSA_WAIT_STATE_BLOCKED);
}

void hsa_queue_close(vyre_context *c, struct device_queue *q)
{
    struct hsa *h = hsa_of(c);
    release_copies(c, q);
    if (q->queue && !q->is_callers) h->call.QueueDestroy(q->queue);
    for (uint32_t i = 0; i < q->n_signals; i++)
        h->call.SignalDestroy(q->signals[i]);
    if (q->end.handle) h->call.SignalDestroy(q->end);
    hsa_release(c, &q->kernarg);
    memory_put(&c->allocator, q, sizeof *q, _Alignof(struct device_queue));
}

/* -- work -------------------------------------------------------------------------------------- */

vyre_status hsa_copy(vyre_context *c, struct device_queue *q, enum device_way way, uint64_t to, uint64_t from,
                     uint64_t n_bytes, struct outcome *o)
{
    struct hsa *h = hsa_of(c);
    hsa_signal_t done;
    vyre_status status = reserve_signals(c, q, o);
    if (!status) status = sign_dispatches(c, q, o);
    if (!status) status = take_signal(c, q, &done, o);
    if (status) return status;
    ring(c, q);
    q->is_copy[q->n_used - 1] = true;
    hsa_status_t e =
        h->call.AsyncCopy((void *)(uintptr_t)to, way == DEVICE_FROM ? h->host : h->agent, (const void *)(uintptr_t)from,
                          way == DEVICE_TO ? h->host : h->agent, n_bytes, q->last.handle != 0, &q->last, done);
    if (e) {
        h->call.SignalStore(done, 0);
        return hsa_fail(c, o, e, "hsa_amd_memory_async_copy");
    }
    q->last = done;
    return VYRE_OK;
}

/* Filling is the host's, in words: it waits for what is queued. */
vyre_status hsa_fill(vyre_context *c, struct device_queue *q, uint64_t at, uint64_t n_bytes, struct outcome *o)
{
    static const uint32_t zero = 0;
    struct hsa *h = hsa_of(c);
    uint64_t end = at + n_bytes, first = (at + 3) & ~UINT64_C(3), last = end & ~UINT64_C(3);
    if (first > end) first = end;
    if (last < first) last = first;
    vyre_status status = drain(c, q, o);
    if (status) return status;
    hsa_status_t e = 0;
    if (at < first) e = h->call.MemoryCopy((void *)(uintptr_t)at, &zero, first - at);
    if (!e && first < last) e = h->call.MemoryFill((void *)(uintptr_t)first, 0, (last - first) / 4);
    if (!e && last < end) e = h->call.MemoryCopy((void *)(uintptr_t)last, &zero, end - last);
    return e ? hsa_fail(c, o, e, "hsa_amd_memory_fill") : VYRE_OK;
}

/* A place for the arguments in memory that the device reads. */
static vyre_status place_arguments(vyre_context *c, struct device_queue *q, const struct device_launch *l, void **to,
                                   struct outcome *o)
{
    uint64_t n_bytes = l->program->head->args_bytes;
    vyre_status status = VYRE_OK;
    if (q->kernarg_used + n_bytes > KERNARG_BYTES) status = drain(c, q, o);
    if (status) return status;
    *to = q->kernarg.mapped + q->kernarg_used;
    memcpy(*to, l->args, n_bytes);
    q->kernarg_used += (n_bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    return VYRE_OK;
}

static void fill_dispatch(union hsa_packet *packet, const struct device_launch *l, void *kernarg, hsa_signal_t done)
{
    memset(packet, 0, sizeof *packet);
    packet->dispatch.header = HSA_PACKET_TYPE_KERNEL_DISPATCH | (l->waits ? HSA_PACKET_BARRIER : 0) | HSA_PACKET_FENCES;
    packet->dispatch.setup = 3; /* dimensions */
    for (int i = 0; i < 3; i++) {
        packet->dispatch.workgroup[i] = (uint16_t)l->workgroup[i];
        packet->dispatch.grid[i] = l->groups[i] * l->workgroup[i];
    }
    packet->dispatch.private_bytes = l->program->private_bytes;
    packet->dispatch.group_bytes = l->program->group_bytes;
    packet->dispatch.kernel_object = l->program->function;
    packet->dispatch.kernarg = kernarg;
    packet->dispatch.done = done;
}

vyre_status hsa_launch(vyre_context *c, struct device_queue *q, const struct device_launch *l, struct outcome *o)
{
    union hsa_packet packet;
    hsa_signal_t done = no_signal;
    void *kernarg = NULL;
    bool is_timed = l->is_timed && !q->is_callers; /* the caller's queue is not profiled unasked */
    vyre_status status = reserve_signals(c, q, o);
    if (!status) status = place_arguments(c, q, l, &kernarg, o);
    if (!status && q->last.handle) status = push_barrier(c, q, q->last, no_signal, o);
    if (!status && is_timed) status = take_signal(c, q, &done, o);
    if (status) return status;
    if (is_timed) q->is_timed[q->n_used - 1] = true;
    fill_dispatch(&packet, l, kernarg, done);
    q->last = no_signal;
    q->has_dispatches = true;
    return push_packet(c, q, &packet, o);
}

vyre_status hsa_mark(vyre_context *c, struct device_queue *q, uint32_t half, struct outcome *o)
{
    vyre_status status = reserve_signals(c, q, o);
    if (!status) status = sign_dispatches(c, q, o);
    ring(c, q);
    if (!status) q->marks[half] = q->last;
    return status;
}

vyre_status hsa_wait(vyre_context *c, struct device_queue *q, uint32_t half, struct outcome *o)
{
    return q->marks[half].handle ? wait_for(c, q, q->marks[half], o) : VYRE_OK;
}

vyre_status hsa_finish(vyre_context *c, struct device_queue *q, uint64_t *device_ns, struct outcome *o)
{
    vyre_status status = drain(c, q, o);
    if (!status && device_ns)
        *device_ns =
            q->times.begin < q->times.end
                ? (uint64_t)((double)(q->times.end - q->times.begin) * 1e9 / (double)hsa_of(c)->ticks_per_second)
                : 0;
    q->times = (struct hsa_times){UINT64_MAX, 0};
    return status;
}
