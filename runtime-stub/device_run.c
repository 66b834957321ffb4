/* device_run.c - a plan as one submission to a queue: uploads, zeros, each arm's launches, downloads.
 *
 * Arguments in host memory get device memory for the time of the launch, one block together with the temps; buffers of
 * the context are used where they lie. Everything that can be refused is refused before anything is submitted. */
#include <string.h>

#include "runtime-stub/device.h"

enum { MAX_ARGS_BYTES = 4096 }; /* what every CUDA device takes */

struct run {
    vyre_context *c;
    const struct device_driver *d;
    struct plan *plan;
    struct device_job *job;
    struct device_block *block;
    uint64_t *at; /* per buffer of the plan: the device's address */
    uint32_t n_args, n_buffers;
    uint32_t n_traps, n_traps_per_step; /* records of all steps, and of each */
    uint32_t since;                     /* the first step behind the last one that waited for all before it */
    struct device_nodes *nodes;         /* NULL: launches are queued at once */
    uint64_t traced_ns, n_moved;        /* of a trace: when its last event ended; bytes since */
    struct outcome *o;
};

static const struct vyre_meta_buffer *meta_buffer(const struct vyre_unit *u, uint32_t i)
{
    return &u->module->meta.buffers[u->meta->first_buffer + i];
}

static uint64_t buffer_bytes(const struct run *r, uint32_t i)
{
    return r->plan->buffers[i].count * meta_buffer(r->plan->unit, i)->elem_bytes;
}

static bool is_written(const struct vyre_meta_buffer *b)
{
    return b->access == VYRE_ACCESS_WRITE || b->access == VYRE_ACCESS_READ_WRITE;
}

/* -- what is refused --------------------------------------------------------------------------- */

static vyre_status check_launch(struct run *r, const struct launch *l)
{
    const struct device_program *p = device_program_get(r->c, l->program, r->o);
    const uint32_t *size = l->program->meta->workgroup;
    if (!p) return r->o->status;
    if (p->head->args_bytes > MAX_ARGS_BYTES)
        return outcome_fail(r->o, VYRE_ERROR_UNSUPPORTED, "%s: its arguments take %u bytes, and %s takes %d",
                            unit_name(l->program), p->head->args_bytes, r->c->device, MAX_ARGS_BYTES);
    for (uint32_t i = 0; i < p->head->n_tables; i++)
        if (!device_table_get(r->c, l->program->module, p->tables[i], r->o)) return r->o->status;
    if (!(p->head->flags & VYRE_DEVICE_TRAPS)) return VYRE_OK;
    if (r->n_traps_per_step < unit_n_trap_arms(l->program)) r->n_traps_per_step = unit_n_trap_arms(l->program);
    r->n_traps = r->plan->unit->n_steps * r->n_traps_per_step;
    if (l->n_groups < UINT32_MAX / ((uint64_t)size[0] * size[1] * size[2])) return VYRE_OK;
    return outcome_fail(r->o, VYRE_ERROR_GRID,
                        "%s: may trap, and 2^32 - 1 or more invocations cannot be told apart on %s",
                        unit_name(l->program), r->c->device);
}

static vyre_status check_all(struct run *r)
{
    vyre_status status = VYRE_OK;
    for (uint32_t i = 0; i < r->plan->unit->n_steps && !status; i++)
        status = check_launch(r, &r->plan->launches[i]);
    return status;
}

/* -- places ------------------------------------------------------------------------------------ */

/* Where a buffer of the context is, when programs may have it there. */
static uint64_t find_place(const struct run *r, uint32_t i)
{
    const vyre_buffer *b = i < r->n_args ? r->plan->held[i] : NULL;
    if (!r->plan->buffers[i].count) return r->c->gpu->nothing.address;
    if (!b || !b->device) return 0;
    uint64_t address = device_address(b, r->plan->buffers[i].bytes);
    return address % VYRE_DEVICE_ALIGN ? 0 : address;
}

static bool is_moved(const struct run *r, uint32_t i)
{
    return i < r->n_args && !find_place(r, i);
}

/* One block: temps where the plan has put them, then the arguments that must be moved. */
static vyre_status place_all(struct run *r)
{
    uint64_t n_bytes = device_round(r->plan->temps_bytes), at = n_bytes;
    for (uint32_t i = 0; i < r->n_args; i++)
        if (is_moved(r, i)) n_bytes += device_round(buffer_bytes(r, i)); /* each below 2^37 bytes */
    vyre_status status = device_job_reserve(r->c, r->job, r->n_buffers, r->o);
    if (!status && n_bytes) status = device_job_staging(r->c, r->job, r->o);
    if (!status && n_bytes) status = device_block_acquire(r->c, n_bytes, &r->block, r->o);
    if (status) return status;
    r->at = r->job->addresses;
    for (uint32_t i = 0; i < r->n_buffers; i++) {
        r->at[i] = find_place(r, i);
        if (r->at[i]) continue;
        if (i >= r->n_args) {
            r->at[i] = r->block->memory.address + r->plan->temp_offsets[i - r->n_args];
            continue;
        }
        r->at[i] = r->block->memory.address + at;
        at += device_round(buffer_bytes(r, i));
    }
    return VYRE_OK;
}

/* -- moving arguments there and back ----------------------------------------------------------- */

/* Of host memory, or within the device where an argument begins between two multiples of 16 bytes. */
static vyre_status move_in(struct run *r, uint32_t i)
{
    const vyre_buffer *b = r->plan->held[i];
    const void *bytes = r->plan->buffers[i].bytes;
    r->n_moved += buffer_bytes(r, i);
    if (!b || !b->device) return device_upload(r->c, r->job, r->at[i], bytes, buffer_bytes(r, i), r->o);
    return r->d->copy(r->c, r->job->queue, DEVICE_WITHIN, r->at[i], device_address(b, bytes), buffer_bytes(r, i), r->o);
}

static vyre_status move_out(struct run *r, uint32_t i)
{
    const vyre_buffer *b = r->plan->held[i];
    void *bytes = r->plan->buffers[i].bytes;
    r->n_moved += buffer_bytes(r, i);
    if (!b || !b->device) return device_download(r->c, r->job, bytes, r->at[i], buffer_bytes(r, i), r->o);
    return r->d->copy(r->c, r->job->queue, DEVICE_WITHIN, device_address(b, bytes), r->at[i], buffer_bytes(r, i), r->o);
}

/* What is only written needs no way in. */
static vyre_status move_all_in(struct run *r)
{
    vyre_status status = VYRE_OK;
    for (uint32_t i = 0; i < r->n_args && !status; i++)
        if (is_moved(r, i) && meta_buffer(r->plan->unit, i)->access != VYRE_ACCESS_WRITE) status = move_in(r, i);
    return status;
}

static vyre_status move_all_out(struct run *r)
{
    vyre_status status = VYRE_OK;
    for (uint32_t i = 0; i < r->n_args && !status; i++)
        if (is_moved(r, i) && is_written(meta_buffer(r->plan->unit, i))) status = move_out(r, i);
    return status;
}

/* -- zeros ------------------------------------------------------------------------------------- */

/* Which buffer of the plan the launch's i-th is. */
static uint32_t plan_buffer(const struct run *r, uint32_t step, uint32_t i)
{
    uint32_t first = r->plan->unit->steps[step].first_arg;
    return first == NONE_BOUND ? i : r->plan->unit->module->meta.args[first + i].value;
}

/* Of those in memory that no other temp had before. */
static vyre_status zero_temps(struct run *r)
{
    vyre_status status = VYRE_OK;
    for (uint32_t i = r->n_args; i < r->n_buffers && !status; i++) {
        const struct temp_life *t = &r->plan->unit->temps[i - r->n_args];
        if (t->needs_zeros && t->is_first && buffer_bytes(r, i))
            status = r->d->fill(r->c, r->job->queue, r->at[i], buffer_bytes(r, i), r->o);
    }
    return status;
}

static bool is_used_before(const struct run *r, uint32_t step, uint32_t buffer)
{
    for (uint32_t s = 0; s < step; s++)
        for (uint32_t i = 0; i < r->plan->launches[s].program->meta->n_buffers; i++)
            if (plan_buffer(r, s, i) == buffer) return true;
    return false;
}

/* Whether the zeros that a step needs can be made before anything else: nobody has put anything there. */
static bool is_early(const struct run *r, uint32_t step, uint32_t buffer)
{
    if (buffer >= r->n_args && !r->plan->unit->temps[buffer - r->n_args].is_first) return false;
    if (meta_buffer(r->plan->unit, buffer)->access != VYRE_ACCESS_WRITE && buffer < r->n_args) return false;
    return !is_used_before(r, step, buffer);
}

/* What was kept so far is queued, and nothing more is kept. */
static vyre_status queue_nodes(struct run *r)
{
    const struct device_nodes *nodes = r->nodes;
    vyre_status status = VYRE_OK;
    r->nodes = NULL;
    for (uint32_t i = 0; nodes && i < nodes->n && !status; i++) {
        const struct device_node *n = &nodes->at[i];
        status = n->launch.program ? r->d->launch(r->c, r->job->queue, &n->launch, r->o)
                                   : r->d->fill(r->c, r->job->queue, n->at, n->n_bytes, r->o);
    }
    return status;
}

/* Room for one more that takes so many bytes of arguments; NULL: there is none, or nothing is kept. */
static struct device_node *add_node(struct run *r, uint32_t step, uint32_t args_bytes)
{
    struct device_nodes *nodes = r->nodes;
    if (!nodes || nodes->n == DEVICE_MAX_NODES || args_bytes > DEVICE_GRAPH_ARGS_BYTES - nodes->n_args_bytes)
        return NULL;
    struct device_node *node = &nodes->at[nodes->n++];
    *node = (struct device_node){.step = step};
    return node;
}

static vyre_status fill(struct run *r, uint32_t step, uint64_t at, uint64_t n_bytes)
{
    struct device_node *node = add_node(r, step, 0);
    if (node) {
        node->at = at;
        node->n_bytes = n_bytes;
        return VYRE_OK;
    }
    vyre_status status = queue_nodes(r);
    return status ? status : r->d->fill(r->c, r->job->queue, at, n_bytes, r->o);
}

static vyre_status launch(struct run *r, uint32_t step, const struct device_launch *l)
{
    uint32_t n_bytes = l->program->head->args_bytes;
    struct device_node *node = add_node(r, step, n_bytes);
    if (node) {
        node->launch = *l;
        node->launch.args = memcpy(r->nodes->args + r->nodes->n_args_bytes, l->args, n_bytes);
        r->nodes->n_args_bytes += (n_bytes + 15) & ~15u;
        return VYRE_OK;
    }
    vyre_status status = queue_nodes(r);
    return status ? status : r->d->launch(r->c, r->job->queue, l, r->o);
}

/* The first byte of a step's argument that must be zero: of its elements, or of all where it is a temp in memory that another
 * had before. */
static uint64_t find_zeros(const struct run *r, uint32_t step, uint32_t i)
{
    const struct launch *l = &r->plan->launches[step];
    const struct temp_life *t = plan_new_temp(r->plan->unit, step, i);
    if (t && t->needs_zeros && !t->is_first) return 0;
    return l->zero_from[i] * meta_buffer(l->program, i)->elem_bytes;
}

static vyre_status zero_unwritten(struct run *r, uint32_t step, bool early)
{
    const struct launch *l = &r->plan->launches[step];
    vyre_status status = VYRE_OK;
    for (uint32_t i = 0; i < l->program->meta->n_buffers && !status; i++) {
        uint64_t from = find_zeros(r, step, i), to = l->buffers[i].count * meta_buffer(l->program, i)->elem_bytes;
        uint32_t b = plan_buffer(r, step, i);
        if (from < to && is_early(r, step, b) == early) status = fill(r, step, r->at[b] + from, to - from);
    }
    return status;
}

/* Before the copies: a device may have to finish all that is queued before it can fill. */
static vyre_status zero_early(struct run *r)
{
    vyre_status status = zero_temps(r);
    for (uint32_t i = 0; i < r->plan->unit->n_steps && !status; i++)
        status = zero_unwritten(r, i, true);
    return status;
}

/* -- launches: in parts, where the grid is larger than the device takes at once ---------------- */

struct arguments {
    _Alignas(16) unsigned char bytes[MAX_ARGS_BYTES];
    uint32_t *base; /* in it */
};

static vyre_status fill_arguments(struct run *r, uint32_t step, const struct device_program *p, struct arguments *a)
{
    const struct launch *l = &r->plan->launches[step];
    const struct vyre_device_head *h = p->head;
    const struct vyre_meta_param *params = l->program->module->meta.params + l->program->meta->first_param;
    uint64_t *address = (uint64_t *)a->bytes;
    memset(a->bytes, 0, h->args_bytes);
    for (uint32_t i = 0; i < h->n_buffers; i++)
        *address++ = r->at[plan_buffer(r, step, i)];
    for (uint32_t i = 0; i < h->n_tables; i++)
        if (!(*address++ = device_table_get(r->c, l->program->module, p->tables[i], r->o))) return r->o->status;
    if (h->flags & VYRE_DEVICE_TRAPS)
        *address = r->job->traps.address + (uint64_t)step * r->n_traps_per_step * sizeof(struct vyre_trap_record);
    uint32_t *words = (uint32_t *)(address + 1);
    memcpy(words, l->groups, sizeof l->groups);
    a->base = words + 3;
    for (uint32_t i = 0; i < h->n_buffers; i++)
        words[6 + i] = (uint32_t)l->buffers[i].count;
    for (uint32_t i = 0; i < h->n_params; i++)
        memcpy(a->bytes + p->params[i], &l->params[i], params[i].bytes <= 4 ? 4 : 8);
    return VYRE_OK;
}

/* Workgroups of the next part in dimension `i`. */
static uint32_t part_of(const struct run *r, const struct launch *l, const uint32_t *base, uint32_t i)
{
    const struct device *d = r->c->gpu;
    uint64_t n = l->groups[i] - base[i], most = d->max_grid / l->program->meta->workgroup[i];
    if (n > d->max_groups[i]) n = d->max_groups[i];
    return (uint32_t)(n < most ? n : most);
}

/* To the next part, x fastest; false after the last. */
static bool advance(const struct launch *l, uint32_t *base, const uint32_t *part)
{
    for (uint32_t i = 0; i < 3; i++) {
        base[i] += part[i];
        if (base[i] < l->groups[i]) return true;
        base[i] = 0;
    }
    return false;
}

/* Invocations from `first` up to `end` in workgroups of one width, and what is left of them for narrower ones. */
static vyre_status launch_row(struct run *r, uint32_t step, struct device_launch *part, struct arguments *a,
                              uint64_t *first, uint64_t end)
{
    const struct device *d = r->c->gpu;
    uint32_t width = part->workgroup[0];
    vyre_status status = VYRE_OK;
    while (!status && (end - *first) / width) {
        uint64_t n = (end - *first) / width, most = d->max_grid / width;
        if (n > d->max_groups[0]) n = d->max_groups[0];
        part->groups[0] = (uint32_t)(n < most ? n : most);
        a->base[0] = (uint32_t)*first;
        a->base[1] = width;
        status = launch(r, step, part);
        part->waits = false;
        *first += (uint64_t)part->groups[0] * width;
    }
    return status;
}

/* The invocations are those of the declared workgroups: what does not fill a wide one runs in declared ones. */
static vyre_status launch_rows(struct run *r, uint32_t step, struct device_launch *part, struct arguments *a)
{
    const struct launch *l = &r->plan->launches[step];
    uint64_t size = l->program->meta->workgroup[0], first = 0, all = l->groups[0] * size, wide = all;
    vyre_status status = VYRE_OK;
    part->groups[1] = part->groups[2] = 1;
    if (l->width) {
        wide = all / l->width * l->width;
        while (wide % size) /* the others begin with a declared one */
            wide -= l->width;
        part->workgroup[0] = l->width;
        status = launch_row(r, step, part, a, &first, wide);
    }
    part->workgroup[0] = (uint32_t)size;
    return status ? status : launch_row(r, step, part, a, &first, all);
}

static vyre_status launch_parts(struct run *r, uint32_t step)
{
    const struct launch *l = &r->plan->launches[step];
    const struct device_program *p = device_program_get(r->c, l->program, r->o);
    struct arguments a;
    vyre_status status = p ? fill_arguments(r, step, p, &a) : r->o->status;
    if (status) return status;
    struct device_launch part = {.program = p,
                                 .args = a.bytes,
                                 .is_timed = r->plan->is_timed,
                                 .waits = !step || plan_waits(r->plan->unit, step, r->since)};
    if (part.waits) r->since = step;
    memcpy(part.workgroup, l->program->meta->workgroup, sizeof part.workgroup);
    if (p->head->flags & VYRE_DEVICE_FREE_WIDTH) return launch_rows(r, step, &part, &a);
    do {
        for (uint32_t i = 0; i < 3; i++)
            part.groups[i] = part_of(r, l, a.base, i);
        status = launch(r, step, &part);
        part.waits = false;
    } while (!status && advance(l, a.base, part.groups));
    return status;
}

/* -- traces: a part of the plan ends before the next begins, so that the clock tells how long it took -- */

/* From the end of the last part to now. */
static uint64_t begin_of_part(struct run *r, uint64_t *end_ns)
{
    uint64_t begin_ns = r->traced_ns;
    *end_ns = r->traced_ns = clock_ns();
    return begin_ns;
}

static vyre_status wait_for_part(struct run *r)
{
    vyre_status status = r->d->mark(r->c, r->job->queue, r->job->half, r->o);
    return status ? status : r->d->wait(r->c, r->job->queue, r->job->half, r->o);
}

static void trace_move(struct run *r, const char *category)
{
    uint64_t end_ns, begin_ns = begin_of_part(r, &end_ns);
    trace_add_move(r->c->trace, category, unit_name(r->plan->unit), begin_ns, end_ns, r->n_moved);
    r->n_moved = 0;
}

static vyre_status trace_uploads(struct run *r)
{
    if (!r->c->trace) return VYRE_OK;
    vyre_status status = wait_for_part(r);
    if (!status) trace_move(r, TRACE_UPLOAD);
    return status;
}

static vyre_status trace_step(struct run *r, uint32_t step)
{
    if (!r->c->trace) return VYRE_OK;
    vyre_status status = wait_for_part(r);
    uint64_t end_ns, begin_ns = begin_of_part(r, &end_ns);
    if (!status) trace_add_launch(r->c->trace, &r->plan->launches[step], begin_ns, end_ns);
    return status;
}

/* Several launches can be one graph of the driver's. Memory for it is no condition. */
static void keep_nodes(struct run *r)
{
    struct device_job *job = r->job;
    if (!r->d->launch_graph || r->plan->unit->n_steps < 2 || r->plan->unit->n_steps > DEVICE_MAX_GRAPH_STEPS) return;
    if (!job->nodes) job->nodes = memory_get(&r->c->allocator, sizeof *job->nodes, 16);
    if (!job->nodes) return;
    job->nodes->unit = r->plan->unit;
    job->nodes->n = job->nodes->n_args_bytes = 0;
    r->nodes = job->nodes;
}

static vyre_status launch_kept(struct run *r)
{
    bool is_done = false;
    vyre_status status = VYRE_OK;
    if (r->nodes && r->nodes->n > 1) status = r->d->launch_graph(r->c, r->job->queue, r->nodes, &is_done, r->o);
    return status || is_done ? status : queue_nodes(r);
}

static vyre_status launch_all(struct run *r)
{
    vyre_status status = VYRE_OK;
    if (!r->c->trace) keep_nodes(r);
    for (uint32_t i = 0; i < r->plan->unit->n_steps && !status; i++) {
        status = zero_unwritten(r, i, false);
        if (!status && r->plan->launches[i].n_groups) status = launch_parts(r, i);
        if (!status) status = trace_step(r, i);
    }
    return status ? status : launch_kept(r);
}

/* -- traps ------------------------------------------------------------------------------------- */

static vyre_status fetch_traps(struct run *r)
{
    if (!r->n_traps) return VYRE_OK;
    return r->d->copy(r->c, r->job->queue, DEVICE_FROM, r->job->seen_traps.address, r->job->traps.address,
                      r->n_traps * sizeof(struct vyre_trap_record), r->o);
}

static vyre_status check_traps(struct run *r)
{
    const struct vyre_trap_record *records = (const struct vyre_trap_record *)r->job->seen_traps.mapped;
    for (uint32_t i = 0; i < r->n_traps; i++) {
        if (!records[i].key) continue;
        r->job->must_clear_traps = true;
        return launch_trap(r->plan, &r->plan->launches[i / r->n_traps_per_step], i % r->n_traps_per_step,
                           (uint32_t)records[i].key, (uint32_t)~(records[i].key >> 32), r->o);
    }
    return VYRE_OK;
}

/* -- the whole --------------------------------------------------------------------------------- */

static vyre_status submit(struct run *r)
{
    const bool is_timed = r->plan->is_timed;
    r->plan->has_begun = true;
    vyre_status status = r->n_traps ? device_job_traps(r->c, r->job, r->n_traps, r->o) : VYRE_OK;
    r->traced_ns = r->c->trace ? clock_ns() : 0;
    if (!status) status = zero_early(r);
    if (!status) status = move_all_in(r);
    if (!status) status = trace_uploads(r);
    if (!status && is_timed) status = r->d->time(r->c, r->job->queue, DEVICE_BEGIN, r->o);
    if (!status) status = launch_all(r);
    if (!status && is_timed) status = r->d->time(r->c, r->job->queue, DEVICE_END, r->o);
    if (!status) status = fetch_traps(r);
    if (!status) status = move_all_out(r);
    return status;
}

/* What was submitted before a failure still uses the memory: it is waited for. */
static vyre_status run_job(struct run *r)
{
    vyre_status status = place_all(r);
    if (!status) status = device_end(r->c, r->job, r->plan->is_timed ? &r->o->device_ns : NULL, submit(r), r->o);
    bool has_failed = status != VYRE_OK;
    if (!status && r->c->trace) trace_move(r, TRACE_DOWNLOAD);
    if (!status) status = check_traps(r);
    device_block_release(r->c, r->block);
    device_job_give(r->c, r->job, has_failed);
    return status;
}

vyre_status device_run(vyre_context *c, struct plan *plan, struct outcome *o)
{
    const struct vyre_meta_unit *m = plan->unit->meta;
    struct run r = {.c = c,
                    .d = c->gpu->driver,
                    .plan = plan,
                    .n_args = m->n_buffers,
                    .n_buffers = m->n_buffers + m->n_temps,
                    .o = o};
    if (!plan->unit->n_steps) return VYRE_OK;
    vyre_status status = r.d->enter(c, o);
    if (status) return status;
    o->device_ns = 0;
    status = check_all(&r);
    if (!status) status = device_job_take(c, plan->is_default, &r.job, o);
    if (!status) status = run_job(&r);
    r.d->leave(c);
    return status;
}
