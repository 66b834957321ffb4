/* chunks.c - runs a unit over data that is larger than what is to be in memory at once.
 *
 *     read 0, start 0 | read 1, start 1, wait 0, write 0 | read 2, start 2, wait 1, write 1 | ...
 *
 * There are several of everything that a chunk has alone: one is read and written by the calling thread while others are computed. Two
 * are enough where a chunk takes long; on the processor chunks are short, and the time that it takes to wake a thread is not to be
 * waited for, so that some more are under way. */
#include <string.h>

#include "runtime-stub/chunks.h"

enum { FEW_SLOTS = 2, MOST_SLOTS = 4, STAGING_BYTES = 1 << 20 };
static const uint64_t default_budget_bytes = 64 << 20, cache_budget_bytes = 16 << 20;
typedef unsigned long long ull;

/* A chunk on its way. */
struct slot {
    struct part *arms, *buffers;
    vyre_buffer **memory;  /* per argument that has parts, and is not used in place; as large as was needed so far */
    struct block **blocks; /* what that memory is on the processor: kept by the context, since new pages cost much */
    vyre_event *event;     /* NULL: nothing runs */
};

struct run {
    vyre_context *c;
    struct chunk_shape shape;
    const vyre_chunks *options;
    const unsigned char *args; /* the user's */
    unsigned char *chunk_args; /* of the pipeline */
    vyre_stream *stream;
    vyre_buffer **whole; /* per argument: on a device, what stays there; else NULL */
    uint64_t *written;   /* per output: elements that were handed over */
    struct slot slots[MOST_SLOTS];
    uint32_t n_slots;
    unsigned char *staging; /* between callbacks and a device */
    uint64_t n_chunks, n_finished;
    struct outcome *o;
};

static const struct vyre_meta_buffer *meta_buffer(const struct run *r, uint32_t i)
{
    return &r->shape.unit->module->meta.buffers[r->shape.unit->meta->first_buffer + i];
}

static const char *name_of(const struct run *r, uint32_t i)
{
    return unit_string(r->shape.unit, meta_buffer(r, i)->name);
}

static vyre_span span_of(const struct run *r, uint32_t i)
{
    vyre_span span;
    memcpy(&span, r->args + meta_buffer(r, i)->arg_offset, sizeof span);
    return span;
}

/* The last failed call on the context was one of ours: its message becomes the run's. */
static vyre_status pass_on(struct run *r, vyre_status status)
{
    return status ? outcome_fail(r->o, status, "%.900s", vyre_context_message(r->c)) : VYRE_OK;
}

/* -- moving bytes: callbacks and memory of the user on one side, a slot's on the other ------------------- */

static vyre_status read_user(struct run *r, uint32_t i, uint64_t at, void *to, uint64_t n_bytes)
{
    vyre_span span = span_of(r, i);
    if (span.host) {
        memcpy(to, (const char *)span.host + at, n_bytes);
        return VYRE_OK;
    }
    if (!r->options->read(r->options->ctx, i, at, to, n_bytes)) return VYRE_OK;
    return outcome_fail(r->o, VYRE_ERROR_IO, "%s: '%s' could not be read at byte %llu", r->shape.name, name_of(r, i),
                        (ull)at);
}

static vyre_status write_user(struct run *r, uint32_t i, uint64_t at, const void *from, uint64_t n_bytes)
{
    vyre_span span = span_of(r, i);
    if (span.host) {
        memcpy((char *)span.host + at, from, n_bytes);
        return VYRE_OK;
    }
    if (!r->options->write(r->options->ctx, i, at, from, n_bytes)) return VYRE_OK;
    return outcome_fail(r->o, VYRE_ERROR_IO, "%s: '%s' could not be written at byte %llu", r->shape.name, name_of(r, i),
                        (ull)at);
}

static uint64_t piece(uint64_t left)
{
    return left < STAGING_BYTES ? left : STAGING_BYTES;
}

/* From the user's byte `at` on to the buffer's first. */
static vyre_status fill_input(struct run *r, uint32_t i, vyre_buffer *b, uint64_t at, uint64_t n_bytes)
{
    vyre_status status = VYRE_OK;
    if (!b->is_remote) return n_bytes ? read_user(r, i, at, b->bytes, n_bytes) : VYRE_OK;
    for (uint64_t done = 0; done < n_bytes && !status; done += STAGING_BYTES) {
        uint64_t n = piece(n_bytes - done);
        status = read_user(r, i, at + done, r->staging, n);
        if (!status) status = pass_on(r, vyre_buffer_write(b, done, r->staging, n));
    }
    return status;
}

static vyre_status take_output(struct run *r, uint32_t i, vyre_buffer *b, uint64_t from, uint64_t at, uint64_t n_bytes)
{
    vyre_status status = VYRE_OK;
    if (!b->is_remote) return n_bytes ? write_user(r, i, at, b->bytes + from, n_bytes) : VYRE_OK;
    for (uint64_t done = 0; done < n_bytes && !status; done += STAGING_BYTES) {
        uint64_t n = piece(n_bytes - done);
        status = pass_on(r, vyre_buffer_read(b, from + done, r->staging, n));
        if (!status) status = write_user(r, i, at + done, r->staging, n);
    }
    return status;
}

static vyre_status zero(struct run *r, vyre_buffer *b, uint64_t from, uint64_t n_bytes)
{
    vyre_status status = VYRE_OK;
    if (!b->is_remote) {
        if (n_bytes) memset(b->bytes + from, 0, n_bytes);
        return VYRE_OK;
    }
    memset(r->staging, 0, STAGING_BYTES);
    for (uint64_t done = 0; done < n_bytes && !status; done += STAGING_BYTES)
        status = pass_on(r, vyre_buffer_write(b, from + done, r->staging, piece(n_bytes - done)));
    return status;
}

/* What nobody writes is zeros. */
static vyre_status write_zeros(struct run *r, uint32_t i, uint64_t at, uint64_t n_bytes)
{
    vyre_status status = VYRE_OK;
    memset(r->staging, 0, STAGING_BYTES);
    for (uint64_t done = 0; done < n_bytes && !status; done += STAGING_BYTES)
        status = write_user(r, i, at + done, r->staging, piece(n_bytes - done));
    return status;
}

/* -- outputs: in order, each element once ------------------------------------------------------ */

/* Hands over what no later chunk can change: up to `end`. */
static vyre_status flush_output(struct run *r, uint32_t i, const struct slot *s, uint64_t end)
{
    uint64_t size = chunk_elem_bytes(&r->shape, i), *written = &r->written[i];
    struct part p = s ? s->buffers[i] : (struct part){end, end};
    if (end <= *written) return VYRE_OK;
    uint64_t gap = p.first > *written ? (p.first < end ? p.first : end) : *written;
    vyre_status status = write_zeros(r, i, *written * size, (gap - *written) * size);
    if (gap > *written) *written = gap;
    uint64_t upto = p.end < end ? p.end : end;
    if (!status && s && upto > *written) {
        status =
            take_output(r, i, s->memory[i], (*written - p.first) * size, *written * size, (upto - *written) * size);
        *written = upto;
    }
    return status;
}

/* What the chunk before has written into this one's part comes along, the rest is zeros. */
static vyre_status begin_output(struct run *r, uint32_t i, const struct slot *before, const struct slot *s)
{
    uint64_t size = chunk_elem_bytes(&r->shape, i), kept = 0;
    struct part p = s->buffers[i], b = before ? before->buffers[i] : (struct part){0, 0};
    vyre_status status = VYRE_OK;
    if (b.end > p.first && part_count(b)) kept = (b.end < p.end ? b.end : p.end) - p.first;
    for (uint64_t done = 0; done < kept * size && !status; done += STAGING_BYTES) {
        uint64_t n = piece(kept * size - done);
        status = pass_on(r, vyre_buffer_read(before->memory[i], (p.first - b.first) * size + done, r->staging, n));
        if (!status) status = pass_on(r, vyre_buffer_write(s->memory[i], done, r->staging, n));
    }
    return status ? status : zero(r, s->memory[i], kept * size, (part_count(p) - kept) * size);
}

/* Whether this chunk begins with what the one before is still to write. */
static bool overlaps(const struct run *r, const struct slot *before, const struct slot *s)
{
    for (uint32_t i = 0; before && i < r->shape.unit->meta->n_buffers; i++)
        if (chunk_role_of(&r->shape, i) == CHUNK_OUTPUT && part_count(before->buffers[i]) &&
            part_count(s->buffers[i]) && before->buffers[i].end > s->buffers[i].first)
            return true;
    return false;
}

/* -- a chunk ----------------------------------------------------------------------------------- */

static void give_up_memory(struct run *r, struct slot *s, uint32_t i)
{
    vyre_buffer_destroy(s->memory[i]);
    block_release(r->c, s->blocks[i]);
    s->memory[i] = NULL;
    s->blocks[i] = NULL;
}

static vyre_status reserve(struct run *r, struct slot *s, uint32_t i)
{
    uint64_t n_bytes = part_count(s->buffers[i]) * chunk_elem_bytes(&r->shape, i);
    if (s->memory[i] && s->memory[i]->n_bytes >= n_bytes) return VYRE_OK;
    give_up_memory(r, s, i);
    if (r->c->backend != &cpu_backend)
        return pass_on(r, vyre_buffer_create(r->c, VYRE_BUFFER_DEVICE, n_bytes, &s->memory[i]));
    s->blocks[i] = block_acquire(r->c, n_bytes, meta_buffer(r, i)->align_bytes);
    if (!s->blocks[i])
        return outcome_fail(r->o, VYRE_ERROR_OUT_OF_MEMORY, "%s: no memory for a part of '%s'", r->shape.name,
                            name_of(r, i));
    return pass_on(r, vyre_buffer_wrap_host(r->c, s->blocks[i]->bytes, n_bytes, &s->memory[i]));
}

/* Whether the processor can have the input where it lies. */
static bool is_in_place(const struct run *r, uint32_t i)
{
    const void *host = span_of(r, i).host;
    return host && r->c->backend == &cpu_backend && chunk_role_of(&r->shape, i) == CHUNK_INPUT &&
           (uintptr_t)host % meta_buffer(r, i)->align_bytes == 0;
}

static vyre_status read_inputs(struct run *r, struct slot *s)
{
    vyre_status status = VYRE_OK;
    for (uint32_t i = 0; i < r->shape.unit->meta->n_buffers && !status; i++) {
        enum chunk_role role = chunk_role_of(&r->shape, i);
        uint64_t size = chunk_elem_bytes(&r->shape, i);
        if (role == CHUNK_WHOLE || is_in_place(r, i)) continue;
        status = reserve(r, s, i);
        if (!status && role == CHUNK_INPUT)
            status = fill_input(r, i, s->memory[i], s->buffers[i].first * size, part_count(s->buffers[i]) * size);
    }
    return status;
}

static vyre_status begin_outputs(struct run *r, const struct slot *before, struct slot *s)
{
    vyre_status status = VYRE_OK;
    for (uint32_t i = 0; i < r->shape.unit->meta->n_buffers && !status; i++)
        if (chunk_role_of(&r->shape, i) == CHUNK_OUTPUT) status = begin_output(r, i, before, s);
    return status;
}

/* Of an empty part nobody asks where it begins. */
static uint64_t first_of(struct part p, uint64_t weight, uint64_t steps)
{
    return part_count(p) ? p.first - steps * weight : 0;
}

/* The params of the pipeline behind those of the unit, in the order of ir/chunks.h. */
static void pass_params(struct run *r, const struct slot *s)
{
    const struct chunk_shape *k = &r->shape;
    const struct vyre_meta_param *p = k->pipeline->module->meta.params + k->pipeline->meta->first_param;
    const struct vyre_meta_param *theirs = k->unit->module->meta.params + k->unit->meta->first_param;
    uint32_t n = k->unit->meta->n_params;
    uint64_t steps = chunk_find_steps(k, s->arms, s->buffers);
    for (uint32_t i = 0; i < n; i++)
        memcpy(r->chunk_args + p[i].arg_offset, r->args + theirs[i].arg_offset, p[i].bytes);
    for (uint32_t a = 0; a < k->n_arms; a++) {
        const struct launch *l = &k->whole->launches[a];
        uint64_t weight = chunk_arm_weight(k, a);
        const uint64_t values[] = {first_of(s->arms[a], weight, steps),
                                   part_count(s->arms[a]) * l->program->meta->workgroup[0],
                                   chunk_find_end(k, l->n_groups, weight, steps), steps};
        for (uint32_t i = 0; i < VYRE_META_ARM_PARAMS; i++)
            memcpy(r->chunk_args + p[n++].arg_offset, &values[i], sizeof(uint32_t));
    }
    for (uint32_t b = 0; b < k->n_buffers; b++) {
        uint64_t weight = chunk_buffer_weight(k, b);
        const uint64_t values[] = {first_of(s->buffers[b], weight, steps),
                                   chunk_find_end(k, k->whole->buffers[b].count, weight, steps),
                                   part_count(s->buffers[b])};
        for (uint32_t i = 0; i < VYRE_META_BUFFER_PARAMS && chunk_role_of(k, b) != CHUNK_WHOLE; i++)
            memcpy(r->chunk_args + p[n++].arg_offset, &values[i], sizeof(uint32_t));
    }
}

static void pass_buffers(struct run *r, const struct slot *s)
{
    const struct vyre_unit *u = r->shape.pipeline;
    const struct vyre_meta_buffer *theirs = u->module->meta.buffers + u->meta->first_buffer;
    for (uint32_t i = 0; i < u->meta->n_buffers; i++) {
        vyre_span span = span_of(r, i);
        if (is_in_place(r, i))
            span.host = (char *)span.host + s->buffers[i].first * theirs[i].elem_bytes;
        else if (chunk_role_of(&r->shape, i) != CHUNK_WHOLE)
            span = vyre_device(s->memory[i], 0, part_count(s->buffers[i]));
        else if (r->whole[i])
            span = vyre_device(r->whole[i], 0, r->shape.whole->buffers[i].count);
        if (chunk_role_of(&r->shape, i) != CHUNK_WHOLE) span.count = part_count(s->buffers[i]);
        memcpy(r->chunk_args + theirs[i].arg_offset, &span, sizeof span);
    }
}

static vyre_status start(struct run *r, struct slot *s)
{
    pass_buffers(r, s);
    pass_params(r, s);
    stats_add_chunk(r->c);
    return pass_on(r, vyre_unit_run_async(r->shape.pipeline, r->stream, r->chunk_args, &s->event));
}

static bool tells(const struct vyre_unit *u, const struct vyre_meta_unit *m, const vyre_trap *trap)
{
    for (uint32_t i = 0; i < m->n_trap_arms; i++) {
        const struct vyre_meta_trap_arm *of = &u->module->meta.trap_arms[m->first_trap_arm + i];
        if (!strcmp(unit_string(u, of->arm), trap->arm) && !strcmp(unit_string(u, of->program), trap->program))
            return true;
    }
    return false;
}

/* The invocation of the whole grid. */
static void place_trap(const struct run *r, const struct slot *s, vyre_trap *trap)
{
    const struct vyre_unit *u = r->shape.pipeline;
    for (uint32_t a = 0; a < r->shape.n_arms; a++) {
        const struct vyre_meta_unit *m = u->module->units[u->steps[a].program].meta;
        if (!tells(u, m, trap)) continue;
        trap->invocation += s->arms[a].first * m->workgroup[0];
        return;
    }
}

static vyre_status end_event(struct run *r, struct slot *s)
{
    vyre_status status = s->event ? vyre_event_wait(s->event) : VYRE_OK;
    if (status == VYRE_ERROR_TRAP && !vyre_event_trap(s->event, &r->o->trap)) {
        place_trap(r, s, &r->o->trap);
        outcome_fail(r->o, status, "%s%s%s: '%s' executed trap(%u) in invocation %llu: what it writes is unspecified",
                     r->shape.name, *r->o->trap.arm ? ", arm " : "", r->o->trap.arm, r->o->trap.program,
                     r->o->trap.code, (ull)r->o->trap.invocation);
    } else if (status) {
        outcome_fail(r->o, status, "%.900s", vyre_event_message(s->event));
    }
    vyre_event_destroy(s->event);
    s->event = NULL;
    return status;
}

/* Waits for a chunk, and hands over what the one after it cannot change. `next` NULL: there is none. */
static vyre_status finish(struct run *r, struct slot *s, const struct slot *next)
{
    vyre_status status = end_event(r, s);
    for (uint32_t i = 0; i < r->shape.unit->meta->n_buffers && !status; i++) {
        if (chunk_role_of(&r->shape, i) != CHUNK_OUTPUT) continue;
        uint64_t end = next && part_count(next->buffers[i]) ? next->buffers[i].first : s->buffers[i].end;
        if (next && !part_count(next->buffers[i])) end = s->buffers[i].end;
        status = flush_output(r, i, s, end);
    }
    return status;
}

/* -- all chunks -------------------------------------------------------------------------------- */

static vyre_status tell(struct run *r, uint64_t k)
{
    uint64_t all = 0;
    if (!r->options->progress) return VYRE_OK;
    for (uint32_t i = 0; i < r->shape.unit->meta->n_buffers; i++)
        if (chunk_role_of(&r->shape, i) == CHUNK_INPUT)
            all += r->shape.whole->buffers[i].count * chunk_elem_bytes(&r->shape, i);
    uint64_t done = (uint64_t)((double)all * (double)(k + 1) / (double)r->n_chunks);
    if (!r->options->progress(r->options->ctx, k + 1 == r->n_chunks ? all : done, all)) return VYRE_OK;
    return outcome_fail(r->o, VYRE_ERROR_CANCELLED, "%s: its progress callback asked for the end", r->shape.name);
}

/* Some arm may have far more or less to do in the same part of the data than others. */
static vyre_status check_near(struct run *r, const struct slot *s)
{
    if (chunk_is_near(&r->shape, s->arms, s->buffers)) return VYRE_OK;
    return outcome_fail(r->o, VYRE_ERROR_LENGTH, "%s: its arms do not go along the data together: give it less at once",
                        r->shape.name);
}

/* A chunk without workgroups that write an output passes on what the one before has written of it. */
static void pass_outputs_on(const struct run *r, const struct slot *before, struct slot *s)
{
    for (uint32_t i = 0; before && i < r->shape.unit->meta->n_buffers; i++)
        if (chunk_role_of(&r->shape, i) == CHUNK_OUTPUT && !part_count(s->buffers[i]))
            s->buffers[i] = before->buffers[i];
}

static struct slot *slot_of(struct run *r, uint64_t k)
{
    return &r->slots[k % r->n_slots];
}

/* Waits for the chunks up to number `end` and hands their outputs over, in order. Of the last that was started nothing is known that
 * comes behind it; of the last of all there is nothing. */
static vyre_status finish_up_to(struct run *r, uint64_t end)
{
    vyre_status status = VYRE_OK;
    for (; r->n_finished < end && !status; r->n_finished++) {
        uint64_t k = r->n_finished;
        status = finish(r, slot_of(r, k), k + 1 < r->n_chunks ? slot_of(r, k + 1) : NULL);
        if (!status && k + 1 < r->n_chunks) status = tell(r, k);
    }
    return status;
}

static vyre_status run_chunk(struct run *r, uint64_t k)
{
    struct slot *s = slot_of(r, k), *before = k ? slot_of(r, k - 1) : NULL;
    chunk_find_parts(&r->shape, k, r->n_chunks, s->arms, s->buffers);
    pass_outputs_on(r, before, s);
    vyre_status status = check_near(r, s);
    if (!status) status = read_inputs(r, s);
    if (!status && overlaps(r, before, s)) status = finish_up_to(r, k);
    if (!status) status = begin_outputs(r, before, s);
    if (!status) status = start(r, s);
    if (!status && k + 2 > r->n_slots) status = finish_up_to(r, k + 2 - r->n_slots);
    return status;
}

static vyre_status run_all(struct run *r)
{
    vyre_status status = VYRE_OK;
    for (uint64_t k = 0; k < r->n_chunks && !status; k++)
        status = run_chunk(r, k);
    if (!status) status = finish_up_to(r, r->n_chunks);
    for (uint32_t i = 0; i < r->shape.unit->meta->n_buffers && !status; i++)
        if (chunk_role_of(&r->shape, i) == CHUNK_OUTPUT)
            status = flush_output(r, i, NULL, r->shape.whole->buffers[i].count);
    if (!status) status = tell(r, r->n_chunks - 1);
    return status;
}

/* -- arguments that stay ----------------------------------------------------------------------- */

static bool is_written(const struct vyre_meta_buffer *b)
{
    return b->access == VYRE_ACCESS_WRITE || b->access == VYRE_ACCESS_READ_WRITE;
}

static vyre_status zero_buffer(struct run *r, const vyre_span *span, uint64_t n_bytes)
{
    if (n_bytes > span->buffer->n_bytes || span->offset_bytes > span->buffer->n_bytes - n_bytes)
        return VYRE_OK; /* the first chunk refuses it */
    return zero(r, span->buffer, span->offset_bytes, n_bytes);
}

/* Memory of the host goes to a device once; what is only written starts as zeros. */
static vyre_status begin_whole(struct run *r, uint32_t i)
{
    vyre_span span = span_of(r, i);
    const struct vyre_meta_buffer *b = meta_buffer(r, i);
    uint64_t n_bytes = r->shape.whole->buffers[i].count * b->elem_bytes;
    bool is_new = b->access == VYRE_ACCESS_WRITE;
    if (!span.buffer && !span.host && n_bytes)
        return outcome_fail(r->o, VYRE_ERROR_INVALID_ARGUMENT, "%s: '%s' is a null pointer, and has no parts",
                            r->shape.name, name_of(r, i));
    if (span.buffer) return is_new ? zero_buffer(r, &span, n_bytes) : VYRE_OK;
    if (r->c->backend == &cpu_backend) {
        if (is_new && n_bytes) memset(span.host, 0, n_bytes);
        return VYRE_OK;
    }
    vyre_status status = pass_on(r, vyre_buffer_create(r->c, VYRE_BUFFER_DEVICE, n_bytes, &r->whole[i]));
    if (status || is_new || !n_bytes) return status;
    return pass_on(r, vyre_buffer_write(r->whole[i], 0, span.host, n_bytes));
}

static vyre_status end_whole(struct run *r, uint32_t i)
{
    vyre_span span = span_of(r, i);
    uint64_t n_bytes = r->shape.whole->buffers[i].count * meta_buffer(r, i)->elem_bytes;
    if (!r->whole[i] || !n_bytes || !is_written(meta_buffer(r, i))) return VYRE_OK;
    return pass_on(r, vyre_buffer_read(r->whole[i], 0, span.host, n_bytes));
}

static vyre_status each_whole(struct run *r, vyre_status (*act)(struct run *r, uint32_t i))
{
    vyre_status status = VYRE_OK;
    for (uint32_t i = 0; i < r->shape.unit->meta->n_buffers && !status; i++)
        if (chunk_role_of(&r->shape, i) == CHUNK_WHOLE) status = act(r, i);
    return status;
}

/* -- what is refused --------------------------------------------------------------------------- */

static vyre_status check_span(struct run *r, uint32_t i)
{
    vyre_span span = span_of(r, i);
    enum chunk_role role = chunk_role_of(&r->shape, i);
    if (role == CHUNK_WHOLE || !span.count || span.host) return VYRE_OK;
    if (span.buffer)
        return outcome_fail(r->o, VYRE_ERROR_INVALID_ARGUMENT,
                            "%s: '%s' is in a buffer: an argument that has parts is memory of the host, or NULL",
                            r->shape.name, name_of(r, i));
    if (role == CHUNK_INPUT ? r->options->read != NULL : r->options->write != NULL) return VYRE_OK;
    return outcome_fail(r->o, VYRE_ERROR_INVALID_ARGUMENT, "%s: '%s' is NULL, and there is no function to %s it",
                        r->shape.name, name_of(r, i), role == CHUNK_INPUT ? "read" : "write");
}

static bool share_memory(const struct run *r, uint32_t i, uint32_t k)
{
    const struct vyre_cpu_buffer *counts = r->shape.whole->buffers;
    const char *a = span_of(r, i).host, *b = span_of(r, k).host;
    uint64_t n_a = counts[i].count * meta_buffer(r, i)->elem_bytes,
             n_b = counts[k].count * meta_buffer(r, k)->elem_bytes;
    return a && b && n_a && n_b && (uintptr_t)a < (uintptr_t)b + n_b && (uintptr_t)b < (uintptr_t)a + n_a;
}

static vyre_status check_spans(struct run *r)
{
    vyre_status status = VYRE_OK;
    uint32_t n = r->shape.unit->meta->n_buffers;
    for (uint32_t i = 0; i < n && !status; i++) {
        status = check_span(r, i);
        for (uint32_t k = 0; k < i && !status; k++)
            if ((is_written(meta_buffer(r, i)) || is_written(meta_buffer(r, k))) && share_memory(r, i, k))
                status = outcome_fail(r->o, VYRE_ERROR_ALIASING,
                                      "%s: '%s' and '%s' overlap, and one of them is written: give them memory of "
                                      "their own",
                                      r->shape.name, name_of(r, k), name_of(r, i));
    }
    return status;
}

static vyre_status refuse_length(struct run *r, const char *name, uint64_t n)
{
    const char *why = unit_string(r->shape.unit, r->shape.row->near_only);
    return outcome_fail(
        r->o, VYRE_ERROR_LENGTH,
        "%s: '%s' has %llu elements or invocations, and in chunks at most %llu are possible%s%s: use larger "
        "elements",
        r->shape.name, name, (ull)n, (ull)VYRE_META_MOST_CHUNK_ELEMENTS, *why ? ", since " : "", why);
}

/* What counts from the beginning, always, ends where ids end. */
static vyre_status check_lengths(struct run *r)
{
    const struct chunk_shape *k = &r->shape;
    for (uint32_t i = 0; i < k->n_buffers; i++) {
        uint64_t n = k->whole->buffers[i].count;
        if (n > VYRE_META_MOST_CHUNK_ELEMENTS && !chunk_buffer_weight(k, i)) return refuse_length(r, name_of(r, i), n);
    }
    for (uint32_t a = 0; a < k->n_arms; a++) {
        const struct launch *l = &k->whole->launches[a];
        uint64_t n = l->n_groups * l->program->meta->workgroup[0];
        if (n > VYRE_META_MOST_CHUNK_ELEMENTS && !chunk_arm_weight(k, a))
            return refuse_length(r, unit_name(l->program), n);
    }
    return VYRE_OK;
}

/* Sets n_chunks and n_slots; 0 chunks: none fits. */
static void fit_chunks(struct run *r, uint32_t n_slots, uint64_t budget)
{
    struct slot *s = &r->slots[0];
    r->n_slots = n_slots;
    r->n_chunks = chunk_count(&r->shape, n_slots, budget, s->arms, s->buffers);
}

/* The processor computes what it has just read out of its cache, so it takes less than it may; a device gets as much as it may. */
static vyre_status choose_count(struct run *r)
{
    uint64_t budget = r->options->budget_bytes ? r->options->budget_bytes : default_budget_bytes;
    struct slot *s = &r->slots[0];
    if (r->c->backend == &cpu_backend)
        fit_chunks(r, MOST_SLOTS, budget < cache_budget_bytes ? budget : cache_budget_bytes);
    if (!r->n_chunks) fit_chunks(r, FEW_SLOTS, budget);
    uint64_t most = 1;
    for (uint32_t a = 0; a < r->shape.n_arms; a++)
        if (r->shape.whole->launches[a].n_groups > most) most = r->shape.whole->launches[a].n_groups;
    if (r->n_chunks && r->n_chunks < r->options->min_chunks)
        r->n_chunks = r->options->min_chunks < most ? r->options->min_chunks : most;
    if (r->n_chunks) return VYRE_OK;
    chunk_find_parts(&r->shape, most / 2, most, s->arms, s->buffers);
    vyre_status status = check_near(r, s);
    if (status) return status;
    return outcome_fail(r->o, VYRE_ERROR_BUDGET,
                        "%s: even its smallest chunks take more than %llu bytes: give it a larger budget",
                        r->shape.name, (ull)budget);
}

/* -- memory for all that ----------------------------------------------------------------------- */

struct carver {
    char *next;
};

static void *carve(struct carver *k, size_t n_bytes)
{
    void *at = k->next;
    k->next += (n_bytes + 15) / 16 * 16;
    return at;
}

/* With `bytes` NULL it is measured alone. The staging memory, which few runs touch, is at the end. */
static size_t lay_out(struct run *r, void *bytes)
{
    const struct vyre_meta_unit *m = r->shape.unit->meta;
    struct carver k = {bytes};
    r->chunk_args = carve(&k, r->shape.pipeline->meta->args_bytes);
    r->whole = carve(&k, m->n_buffers * sizeof(vyre_buffer *));
    r->written = carve(&k, m->n_buffers * sizeof(uint64_t));
    for (uint32_t i = 0; i < MOST_SLOTS; i++) {
        r->slots[i].arms = carve(&k, r->shape.n_arms * sizeof(struct part));
        r->slots[i].buffers = carve(&k, r->shape.n_buffers * sizeof(struct part));
        r->slots[i].memory = carve(&k, m->n_buffers * sizeof(vyre_buffer *));
        r->slots[i].blocks = carve(&k, m->n_buffers * sizeof(struct block *));
    }
    r->staging = carve(&k, STAGING_BYTES);
    return (size_t)(k.next - (char *)bytes);
}

static void release(struct run *r)
{
    for (uint32_t i = 0; i < MOST_SLOTS; i++)
        if (r->slots[i].event) {
            vyre_event_wait(r->slots[i].event);
            vyre_event_destroy(r->slots[i].event);
        }
    vyre_stream_destroy(r->stream);
    for (uint32_t b = 0; b < r->shape.unit->meta->n_buffers; b++) {
        vyre_buffer_destroy(r->whole[b]);
        for (uint32_t i = 0; i < MOST_SLOTS; i++)
            give_up_memory(r, &r->slots[i], b);
    }
}

static vyre_status run_in(struct run *r)
{
    vyre_status status = check_spans(r);
    if (!status) status = check_lengths(r);
    if (!status) status = choose_count(r);
    if (!status) status = pass_on(r, vyre_stream_create(r->c, &r->stream));
    if (!status) status = each_whole(r, begin_whole);
    if (!status) status = run_all(r);
    if (!status) status = each_whole(r, end_whole);
    release(r);
    return status;
}

static vyre_status run_sized(struct run *r)
{
    size_t n_bytes = lay_out(r, NULL);
    struct block *block = block_acquire(r->c, n_bytes, 16);
    if (!block) return outcome_fail(r->o, VYRE_ERROR_OUT_OF_MEMORY, "%s: no memory to run it in chunks", r->shape.name);
    memset(block->bytes, 0, n_bytes - STAGING_BYTES);
    lay_out(r, block->bytes);
    vyre_status status = run_in(r);
    block_release(r->c, block);
    return status;
}

/* -- by unit ----------------------------------------------------------------------------------- */

vyre_status vyre_unit_has_chunks(const vyre_unit *unit)
{
    struct chunk_shape shape;
    struct outcome o = {0};
    if (!unit) return VYRE_ERROR_INVALID_ARGUMENT;
    chunk_find_shape(unit, &shape, &o);
    return context_report(unit->module->context, &o);
}

static vyre_status run_unit(const struct vyre_unit *u, const void *args, const vyre_chunks *options, struct outcome *o)
{
    struct run r = {.c = u->module->context, .options = options, .args = args, .o = o};
    struct plan whole;
    vyre_status status = chunk_find_shape(u, &r.shape, o);
    if (status) return status;
    struct block *block = block_acquire(r.c, r.shape.unit->plan_bytes, 16);
    if (!block) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "%s: no memory to run it in chunks", unit_name(u));
    status = plan_size(&whole, block->bytes, r.shape.unit, args, o);
    r.shape.whole = &whole;
    if (!status) status = run_sized(&r);
    block_release(r.c, block);
    return status;
}

vyre_status vyre_unit_run_chunks(const vyre_unit *unit, const void *args, const vyre_chunks *chunks)
{
    vyre_chunks options = {.size = sizeof options};
    struct outcome o = {0};
    if (!unit) return VYRE_ERROR_INVALID_ARGUMENT;
    vyre_context *c = unit->module->context;
    if (!args) return context_fail(c, VYRE_ERROR_INVALID_ARGUMENT, "%s: no arguments", unit_name(unit));
    if (chunks && chunks->size < sizeof chunks->size)
        return context_fail(c, VYRE_ERROR_INVALID_ARGUMENT, "vyre_unit_run_chunks: set chunks->size first");
    if (chunks) memcpy(&options, chunks, chunks->size < sizeof options ? chunks->size : sizeof options);
    run_unit(unit, args, &options, &o);
    return context_report(c, &o);
}
