/* plan.c - binds a unit to arguments: checks every rule, and computes every size of every launch, before anything runs.
 *
 * All numbers in the metadata are checked already (metadata.c); what comes from the caller is checked here. Linear in
 * the size of the unit, except that arguments are compared in pairs for overlap. */
#include <string.h>

#include "runtime-stub/runtime.h"

typedef unsigned long long ull;

/* -- memory ------------------------------------------------------------------------------------ */

struct carver {
    char *next;
};

static void *carve(struct carver *k, size_t n, size_t elem_bytes)
{
    void *at = k->next;
    k->next += n * elem_bytes; /* all elements are multiples of 8 bytes */
    return at;
}

static void carve_plan(struct plan *plan, void *memory, const struct vyre_unit *u)
{
    const struct vyre_meta_unit *m = u->meta;
    struct carver k = {memory};
    plan->unit = u;
    plan->temps_bytes = plan->scratch_bytes = 0;
    plan->width = 0;
    plan->is_timed = plan->has_begun = plan->is_sizes = false;
    plan->is_default = true;
    plan->launches = carve(&k, u->n_steps, sizeof *plan->launches);
    plan->buffers = carve(&k, (size_t)m->n_buffers + m->n_temps, sizeof *plan->buffers);
    plan->held = carve(&k, m->n_buffers, sizeof *plan->held);
    plan->params = carve(&k, m->n_params, sizeof *plan->params);
    plan->temp_offsets = carve(&k, m->n_temps, sizeof *plan->temp_offsets);
    plan->slot_bytes = carve(&k, m->n_temps, sizeof *plan->slot_bytes);
    for (uint32_t i = 0; i < u->n_steps; i++) {
        struct launch *l = &plan->launches[i];
        l->program = &u->module->units[u->steps[i].program];
        l->arm = unit_string(u, u->steps[i].arm);
        l->buffers = carve(&k, l->program->meta->n_buffers, sizeof *l->buffers);
        l->zero_from = carve(&k, l->program->meta->n_buffers, sizeof *l->zero_from);
        l->params = carve(&k, l->program->meta->n_params, sizeof *l->params);
    }
}

/* -- arguments --------------------------------------------------------------------------------- */

static const struct vyre_meta_buffer *meta_buffer(const struct vyre_unit *u, uint32_t i)
{
    return &u->module->meta.buffers[u->meta->first_buffer + i];
}

static bool is_written(const struct vyre_meta_buffer *b)
{
    return b->access == VYRE_ACCESS_WRITE || b->access == VYRE_ACCESS_READ_WRITE;
}

/* Alignments are powers of two: metadata.c. */
static bool is_aligned(const void *bytes, const struct vyre_meta_buffer *b)
{
    return !((uintptr_t)bytes & (b->align_bytes - 1u));
}

/* Sizes alone may be those of data that runs in chunks. */
static uint64_t most_elements(const struct plan *plan)
{
    return plan->is_sizes ? PLAN_MOST_SIZE : UINT32_MAX;
}

/* The length rule; sets the count that the program will see. `where` and `name` are for the message. */
static vyre_status check_count(const char *where, const char *name, const struct vyre_meta_buffer *b, uint64_t most,
                               uint64_t *count, struct outcome *o)
{
    if (b->flags & VYRE_META_SIZED) {
        if (*count < b->count)
            return outcome_fail(o, VYRE_ERROR_LENGTH,
                                "%s: '%s' has %llu elements and needs %llu: give it a longer buffer", where, name,
                                (ull)*count, (ull)b->count);
        *count = b->count;
    }
    if (*count > most)
        return outcome_fail(o, VYRE_ERROR_LENGTH,
                            "%s: '%s' has %llu elements, and a buffer has at most 4294967295: give it "
                            "the data in pieces",
                            where, name, (ull)*count);
    return VYRE_OK;
}

/* The address of an argument in a vyre_buffer, which it then holds. */
static vyre_status bind_buffer(struct plan *plan, uint32_t i, const vyre_span *span, const char *name,
                               struct outcome *o)
{
    const struct vyre_unit *u = plan->unit;
    vyre_buffer *b = span->buffer;
    uint64_t n_bytes = plan->buffers[i].count * meta_buffer(u, i)->elem_bytes;
    if (b->context != u->module->context)
        return outcome_fail(o, VYRE_ERROR_WRONG_CONTEXT,
                            "%s: the buffer given for '%s' belongs to another context: create "
                            "it from the context that launches",
                            unit_name(u), name);
    if (span->offset_bytes > b->n_bytes || n_bytes > b->n_bytes - span->offset_bytes)
        return outcome_fail(o, VYRE_ERROR_LENGTH,
                            "%s: '%s' takes %llu bytes from byte %llu on, of a buffer of %llu bytes", unit_name(u),
                            name, (ull)n_bytes, (ull)span->offset_bytes, (ull)b->n_bytes);
    if (!buffer_hold(b))
        return outcome_fail(o, VYRE_ERROR_MAPPED, "%s: the buffer given for '%s' is mapped: unmap it before the launch",
                            unit_name(u), name);
    plan->held[i] = b;
    plan->buffers[i].bytes = b->bytes ? b->bytes + span->offset_bytes : NULL;
    return VYRE_OK;
}

static vyre_status bind_host(struct plan *plan, uint32_t i, const vyre_span *span, const char *name, struct outcome *o)
{
    uint64_t n_bytes = plan->buffers[i].count * meta_buffer(plan->unit, i)->elem_bytes;
    if (!span->host && n_bytes)
        return outcome_fail(o, VYRE_ERROR_INVALID_ARGUMENT, "%s: '%s' is a null pointer with %llu elements",
                            unit_name(plan->unit), name, (ull)plan->buffers[i].count);
    if ((uintptr_t)span->host > UINTPTR_MAX - n_bytes)
        return outcome_fail(o, VYRE_ERROR_OVERFLOW, "%s: '%s' passes the end of the address space",
                            unit_name(plan->unit), name);
    plan->buffers[i].bytes = span->host;
    return VYRE_OK;
}

static vyre_status bind_argument(struct plan *plan, uint32_t i, const char *args, struct outcome *o)
{
    const struct vyre_unit *u = plan->unit;
    const struct vyre_meta_buffer *b = meta_buffer(u, i);
    const char *name = unit_string(u, b->name);
    vyre_span span;
    memcpy(&span, args + b->arg_offset, sizeof span);
    plan->buffers[i].count = span.count;
    vyre_status status = check_count(unit_name(u), name, b, most_elements(plan), &plan->buffers[i].count, o);
    if (status || plan->is_sizes) return status;
    status = span.buffer ? bind_buffer(plan, i, &span, name, o) : bind_host(plan, i, &span, name, o);
    if (status || !plan->buffers[i].count || is_aligned(plan->buffers[i].bytes, b)) return status;
    return outcome_fail(o, VYRE_ERROR_MISALIGNED, "%s: '%s' is at address %p, which is not a multiple of %u",
                        unit_name(u), name, plan->buffers[i].bytes, b->align_bytes);
}

static void bind_param(struct plan *plan, uint32_t i, const char *args)
{
    const struct vyre_unit *u = plan->unit;
    const struct vyre_meta_param *p = &u->module->meta.params[u->meta->first_param + i];
    plan->params[i] = 0;
    memcpy(&plan->params[i], args + p->arg_offset, p->bytes); /* little-endian: the low bytes */
    if (p->type == VYRE_TYPE_BOOL) plan->params[i] = plan->params[i] != 0;
}

/* -- overlap ----------------------------------------------------------------------------------- */

static bool overlap(const struct plan *plan, uint32_t a, uint32_t b)
{
    const struct vyre_cpu_buffer *x = &plan->buffers[a], *y = &plan->buffers[b];
    uint64_t x_bytes = x->count * meta_buffer(plan->unit, a)->elem_bytes;
    uint64_t y_bytes = y->count * meta_buffer(plan->unit, b)->elem_bytes;
    if (!x_bytes || !y_bytes) return false;
    return (uintptr_t)x->bytes < (uintptr_t)y->bytes + y_bytes && (uintptr_t)y->bytes < (uintptr_t)x->bytes + x_bytes;
}

static vyre_status check_overlap(const struct plan *plan, struct outcome *o)
{
    const struct vyre_unit *u = plan->unit;
    for (uint32_t a = 0; a < u->meta->n_buffers; a++) {
        for (uint32_t b = a + 1; b < u->meta->n_buffers; b++) {
            const struct vyre_meta_buffer *x = meta_buffer(u, a), *y = meta_buffer(u, b);
            if ((!is_written(x) && !is_written(y)) || !overlap(plan, a, b)) continue;
            return outcome_fail(o, VYRE_ERROR_ALIASING,
                                "%s: '%s' and '%s' overlap, and '%s' is written: give them memory "
                                "of their own",
                                unit_name(u), unit_string(u, x->name), unit_string(u, y->name),
                                unit_string(u, is_written(x) ? x->name : y->name));
        }
    }
    return VYRE_OK;
}

/* -- temps ------------------------------------------------------------------------------------- */

static const struct vyre_meta_op *find_ops(const struct vyre_unit *u, vyre_meta_expr at)
{
    return &u->module->meta.ops[at];
}

/* How large a temp is, and with it its slot. */
static vyre_status size_temp(struct plan *plan, uint32_t i, struct outcome *o)
{
    const struct vyre_unit *u = plan->unit;
    uint32_t number = u->meta->n_buffers + i;
    const struct vyre_meta_buffer *b = meta_buffer(u, number);
    struct vyre_cpu_buffer *temp = &plan->buffers[number];
    if (!meta_eval(find_ops(u, b->count_expr), plan->buffers, plan->params, &temp->count) ||
        temp->count > most_elements(plan))
        return outcome_fail(o, VYRE_ERROR_OVERFLOW,
                            "%s: the size of '%s' overflows, is negative or passes 4294967295 "
                            "elements: check lengths and params",
                            unit_name(u), unit_string(u, b->name));
    uint64_t n_bytes = temp->count * b->elem_bytes; /* below 2^37, and fewer than 2^26 of them; of sizes nobody asks */
    temp->bytes = NULL;
    if (n_bytes > plan->slot_bytes[b->slot]) plan->slot_bytes[b->slot] = n_bytes;
    return VYRE_OK;
}

/* One slot after the other; slot_bytes become their places. */
static void place_slots(struct plan *plan)
{
    const struct vyre_unit *u = plan->unit;
    uint64_t align = u->temps_align;
    for (uint32_t s = 0; s < u->meta->n_temps; s++) {
        uint64_t n_bytes = plan->slot_bytes[s], at = (plan->temps_bytes + align - 1) / align * align;
        plan->slot_bytes[s] = at;
        if (n_bytes) plan->temps_bytes = at + n_bytes;
    }
    for (uint32_t i = 0; i < u->meta->n_temps; i++)
        plan->temp_offsets[i] = plan->slot_bytes[meta_buffer(u, u->meta->n_buffers + i)->slot];
}

static vyre_status place_temps(struct plan *plan, struct outcome *o)
{
    const struct vyre_unit *u = plan->unit;
    for (uint32_t i = 0; i < u->meta->n_temps; i++)
        plan->slot_bytes[i] = 0;
    for (uint32_t i = 0; i < u->meta->n_temps; i++) {
        vyre_status status = size_temp(plan, i, o);
        if (status) return status;
    }
    place_slots(plan);
    if (!plan->is_sizes && u->meta->budget_bytes && plan->temps_bytes > u->meta->budget_bytes)
        return outcome_fail(o, VYRE_ERROR_BUDGET,
                            "%s: temps need %llu bytes, and its budget is %llu: give it less at once, "
                            "or a larger budget",
                            unit_name(u), (ull)plan->temps_bytes, (ull)u->meta->budget_bytes);
    return VYRE_OK;
}

/* -- launches ---------------------------------------------------------------------------------- */

/* "scan" or, for an arm, "scan, arm decode". */
static const char *describe(const struct plan *plan, const struct launch *l, char *text, size_t n)
{
    size_t at = 0;
    const char *parts[] = {unit_name(plan->unit), *l->arm ? ", arm " : "", l->arm};
    for (uint32_t i = 0; i < 3; i++)
        for (const char *c = parts[i]; *c && at + 1 < n; c++)
            text[at++] = *c;
    text[at] = 0;
    return text;
}

static bool is_count_right(const struct vyre_meta_buffer *formal, uint64_t most, uint64_t count)
{
    return formal->flags & VYRE_META_SIZED ? count == formal->count : count <= most;
}

/* Whether the i-th argument is one of those before it, and one of the two is written. */
static bool is_aliased(const struct launch *l, const struct vyre_meta_arg *args, uint32_t i)
{
    for (uint32_t k = 0; k < i; k++)
        if (args[i].value == args[k].value && l->buffers[i].count && l->buffers[k].count &&
            (is_written(meta_buffer(l->program, i)) || is_written(meta_buffer(l->program, k))))
            return true;
    return false;
}

static vyre_status pass_buffer(struct plan *plan, struct launch *l, const struct vyre_meta_arg *args, uint32_t i,
                               struct outcome *o)
{
    const struct vyre_meta_buffer *formal = meta_buffer(l->program, i);
    struct vyre_cpu_buffer *b = &l->buffers[i];
    char where[256];
    *b = plan->buffers[args[i].value];
    uint64_t most = most_elements(plan);
    if (!is_count_right(formal, most, b->count) &&
        check_count(describe(plan, l, where, sizeof where), unit_string(plan->unit, formal->name), formal, most,
                    &b->count, o))
        return o->status;
    if (b->count && !is_aligned(b->bytes, formal))
        return outcome_fail(o, VYRE_ERROR_MISALIGNED, "%s: '%s' is at address %p, which is not a multiple of %u",
                            describe(plan, l, where, sizeof where), unit_string(plan->unit, formal->name), b->bytes,
                            formal->align_bytes);
    if (!is_aliased(l, args, i)) return VYRE_OK;
    return outcome_fail(o, VYRE_ERROR_ALIASING,
                        "%s: '%s' gets the same buffer as another of the program, and one of them is written",
                        describe(plan, l, where, sizeof where), unit_string(plan->unit, formal->name));
}

static vyre_status pass_buffers(struct plan *plan, struct launch *l, uint32_t first_arg, struct outcome *o)
{
    const struct vyre_meta_arg *args = plan->unit->module->meta.args + first_arg;
    vyre_status status = VYRE_OK;
    for (uint32_t i = 0; i < l->program->meta->n_buffers && !status; i++)
        status = pass_buffer(plan, l, args, i, o);
    return status;
}

static vyre_status pass_params(struct plan *plan, struct launch *l, uint32_t first_arg, struct outcome *o)
{
    const struct vyre_unit *u = plan->unit, *p = l->program;
    const struct vyre_meta_arg *args = u->module->meta.args + first_arg + p->meta->n_buffers;
    char where[256];
    for (uint32_t i = 0; i < p->meta->n_params; i++) {
        const struct vyre_meta_param *param = &u->module->meta.params[p->meta->first_param + i];
        const struct meta_type_info *type = meta_type_info(param->type);
        uint64_t value;
        const struct vyre_meta_op *ops = find_ops(u, (vyre_meta_expr)args[i].value);
        bool is_computed =
            ops->type != 0 && !plan->is_sizes; /* else a constant or a param of that very type, as it is */
        if (!meta_eval(ops, plan->buffers, plan->params, &value) ||
            (is_computed && !meta_fits_type(param->type, value)))
            return outcome_fail(o, VYRE_ERROR_OVERFLOW,
                                "%s: the value for '%s' overflows, is negative or does not fit %s",
                                describe(plan, l, where, sizeof where), unit_string(u, param->name), type->text);
        l->params[i] = value;
    }
    return VYRE_OK;
}

/* Workgroups are nearly always powers of two, and a division takes as long as ten other steps. */
static uint64_t divide_up(uint64_t n, uint64_t by)
{
    if (by & (by - 1)) return n / by + (n % by != 0);
    return (n >> __builtin_ctzll(by)) + ((n & (by - 1)) != 0);
}

/* ceil(dispatch / workgroup) in each dimension; ids are u32, and the linear id of an invocation u64. */
static vyre_status size_grid(struct plan *plan, struct launch *l, struct outcome *o)
{
    const struct vyre_meta_unit *m = l->program->meta;
    uint64_t all = 1;
    char where[256];
    l->n_groups = 1;
    l->width = 0;
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t wanted, size = m->workgroup[i];
        if (!meta_eval(find_ops(plan->unit, m->dispatch[i]), l->buffers, l->params, &wanted))
            return outcome_fail(o, VYRE_ERROR_OVERFLOW,
                                "%s: the dispatch of '%s' overflows, is negative or divides by zero: "
                                "check lengths and params",
                                describe(plan, l, where, sizeof where), unit_name(l->program));
        uint64_t groups = divide_up(wanted, size);
        bool is_far = plan->is_sizes && wanted <= PLAN_MOST_SIZE && !i;
        if ((!is_far && (groups > UINT32_MAX || groups * size > (uint64_t)UINT32_MAX + 1)) ||
            __builtin_mul_overflow(all, groups ? groups * size : 1, &all))
            return outcome_fail(o, VYRE_ERROR_GRID,
                                "%s: '%s' has %llu invocations in dimension %u, and ids are 32 bits: "
                                "launch it on less at once",
                                describe(plan, l, where, sizeof where), unit_name(l->program), (ull)wanted, i);
        l->groups[i] = (uint32_t)groups;
        l->n_groups *= groups;
    }
    return VYRE_OK;
}

/* Elements of `write` buffers that the program itself writes need no zeros. */
static void find_zeros(struct launch *l)
{
    for (uint32_t i = 0; i < l->program->meta->n_buffers; i++) {
        const struct vyre_meta_buffer *b = meta_buffer(l->program, i);
        uint64_t prefix = 0, count = l->buffers[i].count;
        if (b->access == VYRE_ACCESS_WRITE && b->prefix != VYRE_META_NONE &&
            !meta_eval(find_ops(l->program, b->prefix), l->buffers, l->params, &prefix))
            prefix = 0;
        l->zero_from[i] = b->access == VYRE_ACCESS_WRITE && prefix < count ? prefix : count;
    }
}

static vyre_status bind_launch(struct plan *plan, uint32_t i, struct outcome *o)
{
    struct launch *l = &plan->launches[i];
    uint32_t first_arg = plan->unit->steps[i].first_arg;
    vyre_status status = VYRE_OK;
    l->is_large = l->is_counted = l->was_cut = false;
    if (first_arg != NONE_BOUND) {
        status = pass_buffers(plan, l, first_arg, o);
        if (!status) status = pass_params(plan, l, first_arg, o);
    } else {
        memcpy(l->buffers, plan->buffers, plan->unit->meta->n_buffers * sizeof *l->buffers);
        memcpy(l->params, plan->params, plan->unit->meta->n_params * sizeof *l->params);
    }
    if (!status) status = size_grid(plan, l, o);
    if (!status) find_zeros(l);
    return status;
}

/* -- the whole --------------------------------------------------------------------------------- */

static vyre_status bind_all(struct plan *plan, const void *args, struct outcome *o)
{
    const struct vyre_unit *u = plan->unit;
    vyre_status status = VYRE_OK;
    for (uint32_t i = 0; i < u->meta->n_buffers && !status; i++)
        status = bind_argument(plan, i, args, o);
    for (uint32_t i = 0; i < u->meta->n_params; i++)
        bind_param(plan, i, args);
    if (!status && !plan->is_sizes) status = check_overlap(plan, o);
    if (!status) status = place_temps(plan, o);
    for (uint32_t i = 0; i < u->n_steps && !status; i++)
        status = bind_launch(plan, i, o);
    return status;
}

vyre_status plan_make(struct plan *plan, void *memory, const struct vyre_unit *unit, const void *args,
                      struct outcome *o)
{
    carve_plan(plan, memory, unit);
    for (uint32_t i = 0; i < unit->meta->n_buffers; i++)
        plan->held[i] = NULL;
    if (!args)
        return outcome_fail(o, VYRE_ERROR_INVALID_ARGUMENT, "%s: the argument struct is a null pointer",
                            unit_name(unit));
    vyre_status status = bind_all(plan, args, o);
    const struct backend *backend = unit->module->context->backend;
    if (!status && backend->scratch_bytes && !backend->scratch_bytes(unit->module->context, plan, &plan->scratch_bytes))
        status = outcome_fail(o, VYRE_ERROR_OVERFLOW, "%s: its workgroups need more memory than there are addresses",
                              unit_name(unit));
    if (status) plan_drop(plan);
    return status;
}

vyre_status plan_size(struct plan *plan, void *memory, const struct vyre_unit *unit, const void *args,
                      struct outcome *o)
{
    carve_plan(plan, memory, unit);
    plan->is_sizes = true;
    for (uint32_t i = 0; i < unit->meta->n_buffers; i++) {
        plan->held[i] = NULL;
        plan->buffers[i].bytes = NULL;
    }
    return bind_all(plan, args, o);
}

void plan_drop(struct plan *plan)
{
    for (uint32_t i = 0; i < plan->unit->meta->n_buffers; i++) {
        if (plan->held[i]) buffer_drop(plan->held[i]);
        plan->held[i] = NULL;
    }
}

void plan_place_temps(struct plan *plan, void *memory)
{
    const struct vyre_unit *u = plan->unit;
    for (uint32_t i = 0; i < u->meta->n_temps; i++)
        plan->buffers[u->meta->n_buffers + i].bytes = (char *)memory + plan->temp_offsets[i];
    for (uint32_t i = 0; i < u->n_steps; i++) {
        uint32_t first_arg = u->steps[i].first_arg;
        for (uint32_t k = 0; first_arg != NONE_BOUND && k < plan->launches[i].program->meta->n_buffers; k++)
            plan->launches[i].buffers[k].bytes = plan->buffers[u->module->meta.args[first_arg + k].value].bytes;
    }
}

const struct temp_life *plan_new_temp(const struct vyre_unit *u, uint32_t step, uint32_t k)
{
    uint32_t first_arg = u->steps[step].first_arg;
    if (first_arg == NONE_BOUND) return NULL;
    uint32_t b = u->module->meta.args[first_arg + k].value;
    if (b < u->meta->n_buffers) return NULL;
    const struct temp_life *t = &u->temps[b - u->meta->n_buffers];
    return t->first == step ? t : NULL;
}

bool plan_waits(const struct vyre_unit *u, uint32_t step, uint32_t since)
{
    const struct step *s = &u->steps[step];
    return s->n_deps && u->module->meta.deps[s->first_dep + s->n_deps - 1].launch >= since;
}
