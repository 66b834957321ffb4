/* launch.c - what the functions of generated headers call: run, queue, or measure a unit. */
#include <string.h>

#include "runtime-stub/runtime.h"

enum { STACK_PLAN_BYTES = 4096 };

vyre_status launch_trap(const struct plan *plan, const struct launch *l, uint32_t arm_number, uint32_t code,
                        uint64_t invocation, struct outcome *o)
{
    const struct vyre_meta_unit *m = l->program->meta;
    const struct vyre_meta_trap_arm *of = l->program->module->meta.trap_arms + m->first_trap_arm + arm_number;
    bool of_member = arm_number < m->n_trap_arms;
    const char *program = of_member ? unit_string(plan->unit, of->program) : unit_name(l->program);
    const char *arm = of_member ? unit_string(plan->unit, of->arm) : l->arm;
    o->trap = (vyre_trap){.code = code, .invocation = invocation, .program = program, .arm = arm};
    return outcome_fail(
        o, VYRE_ERROR_TRAP, "%s%s%s: '%s' executed trap(%u) in invocation %llu: what it writes is unspecified",
        unit_name(plan->unit), *arm ? ", arm " : "", arm, program, code, (unsigned long long)invocation);
}

/* What a device cannot do, or not right, and, where nobody named a backend, objects without code for the device. */
static bool is_for_cpu(const vyre_context *c, const struct plan *plan, vyre_status status)
{
    if (c->strict || c->backend == &cpu_backend || plan->has_begun) return false;
    return status == VYRE_ERROR_UNSUPPORTED || (status == VYRE_ERROR_NO_IMAGE && c->is_default);
}

/* A device gets what it does right; the CPU the rest. */
static vyre_status run_plan(vyre_context *c, struct plan *plan, struct outcome *o)
{
    bool is_probe = plan->unit->module == c->qualification.probes;
    vyre_status status = VYRE_OK;
    if (c->backend->fingerprint && !is_probe) status = plan_qualify(c, plan, o);
    if (!status && !is_probe) tuner_choose(c, plan);
    if (!status) status = c->backend->run(c, plan, o);
    if (is_probe || !is_for_cpu(c, plan, status)) return status;
    char why[MESSAGE_BYTES];
    memcpy(why, o->message, sizeof why);
    stats_add_fallback(c);
    return fallback_run(c, plan, why, o);
}

vyre_status plan_run(vyre_context *c, struct plan *plan, struct outcome *o)
{
    uint64_t begin = c->trace || c->log_level > VYRE_LOG_DETAIL ? clock_ns() : 0;
    vyre_status status = context_check(c, unit_name(plan->unit), o);
    if (status) return status;
    status = context_note(c, run_plan(c, plan, o));
    if (plan->unit->module != c->qualification.probes) stats_add_run(c, plan, status);
    if (!begin) return status;
    uint64_t end = clock_ns();
    trace_add(c->trace, &(struct trace_event){
                            .category = "run", .name = unit_name(plan->unit), .begin_ns = begin, .end_ns = end});
    context_log(c, VYRE_LOG_DETAIL, "%s: %s, %llu ns", unit_name(plan->unit), vyre_status_name(status),
                (unsigned long long)(end - begin));
    return status;
}

/* The unit, loading its object the first time. NULL: *o says why. */
static const struct vyre_unit *find_unit(vyre_context *c, const struct vyre_module *linked, uint32_t unit,
                                         struct outcome *o)
{
    if (!linked) {
        outcome_fail(o, VYRE_ERROR_INVALID_ARGUMENT, "the object is a null pointer");
        return NULL;
    }
    struct module *m = module_get(c, linked, o);
    if (!m) return NULL;
    if (unit < m->meta.head->units.n) return &m->units[unit];
    outcome_fail(o, VYRE_ERROR_INVALID_ARGUMENT,
                 "the object has %u programs and pipelines, and number %u was asked for", m->meta.head->units.n, unit);
    return NULL;
}

/* -- in memory for a plan: the stack's, or more when the unit is large ------------------------- */

typedef vyre_status plan_user(vyre_context *c, struct plan *plan, void *ctx, struct outcome *o);

static vyre_status use_plan(const struct vyre_unit *u, void *memory, const void *args, plan_user *use, void *ctx,
                            struct outcome *o)
{
    struct plan plan;
    vyre_status status = plan_make(&plan, memory, u, args, o);
    if (status) return status;
    status = use(u->module->context, &plan, ctx, o);
    plan_drop(&plan);
    return status;
}

static vyre_status with_plan(const struct vyre_unit *u, const void *args, plan_user *use, void *ctx, struct outcome *o)
{
    _Alignas(16) char small[STACK_PLAN_BYTES];
    vyre_context *c = u->module->context;
    if (u->plan_bytes <= sizeof small) return use_plan(u, small, args, use, ctx, o);
    struct block *block = block_acquire(c, u->plan_bytes, 16);
    if (!block)
        return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "%s: no memory for a plan of %zu bytes", unit_name(u),
                            u->plan_bytes);
    vyre_status status = use_plan(u, block->bytes, args, use, ctx, o);
    block_release(c, block);
    return status;
}

static vyre_status run_now(vyre_context *c, struct plan *plan, void *ctx, struct outcome *o)
{
    (void)ctx;
    return plan_run(c, plan, o);
}

static vyre_status measure(vyre_context *c, struct plan *plan, void *ctx, struct outcome *o)
{
    (void)c, (void)o;
    *(uint64_t *)ctx = plan->temps_bytes + plan->scratch_bytes;
    return VYRE_OK;
}

/* -- by unit ----------------------------------------------------------------------------------- */

/* Only the first bytes of an outcome are cleared: its message is long, and a launch is short. */
static void outcome_init(struct outcome *o)
{
    o->status = VYRE_OK;
    o->message[0] = 0;
}

vyre_status vyre_unit_run(const vyre_unit *unit, const void *args)
{
    struct outcome o;
    if (!unit) return VYRE_ERROR_INVALID_ARGUMENT;
    outcome_init(&o);
    vyre_status status = with_plan(unit, args, run_now, NULL, &o);
    return status ? context_report(unit->module->context, &o) : VYRE_OK;
}

vyre_status unit_run_silently(const struct vyre_unit *u, const void *args, struct outcome *o)
{
    outcome_init(o);
    return with_plan(u, args, run_now, NULL, o);
}

static vyre_status run_wide(vyre_context *c, struct plan *plan, void *ctx, struct outcome *o)
{
    plan->width = plan->launches[0].width = *(const uint32_t *)ctx;
    plan->is_timed = true;
    return c->backend->run(c, plan, o);
}

static vyre_status run_large(vyre_context *c, struct plan *plan, void *ctx, struct outcome *o)
{
    plan->launches[0].is_large = plan->launches[0].is_counted = true;
    vyre_status status = c->backend->run(c, plan, o);
    *(bool *)ctx = plan->launches[0].was_cut;
    return status;
}

vyre_status unit_run_large(const struct vyre_unit *u, const void *args, bool *was_cut, struct outcome *o)
{
    outcome_init(o);
    return with_plan(u, args, run_large, was_cut, o);
}

vyre_status unit_run_wide(const struct vyre_unit *u, const void *args, uint32_t width, struct outcome *o)
{
    outcome_init(o);
    return with_plan(u, args, run_wide, &width, o);
}

vyre_status vyre_unit_workspace(const vyre_unit *unit, const void *args, uint64_t *bytes)
{
    struct outcome o;
    if (!unit) return VYRE_ERROR_INVALID_ARGUMENT;
    outcome_init(&o);
    if (!bytes)
        return context_fail(unit->module->context, VYRE_ERROR_INVALID_ARGUMENT, "%s: no place for the bytes",
                            unit_name(unit));
    vyre_status status = with_plan(unit, args, measure, bytes, &o);
    return status ? context_report(unit->module->context, &o) : VYRE_OK;
}

vyre_status vyre_unit_run_async(const vyre_unit *unit, vyre_stream *stream, const void *args, vyre_event **event)
{
    struct outcome o;
    if (event) *event = NULL;
    if (!unit) return VYRE_ERROR_INVALID_ARGUMENT;
    vyre_context *c = unit->module->context;
    outcome_init(&o);
    struct task *t = task_create(c, TASK_RUN, unit->plan_bytes, event);
    if (!t) return context_fail(c, VYRE_ERROR_OUT_OF_MEMORY, "%s: no memory to queue it", unit_name(unit));
    vyre_status status = plan_make(&t->plan, task_extra(t), unit, args, &o);
    if (!status && (status = stream_submit(c, stream, t, &o))) plan_drop(&t->plan);
    if (!status) return VYRE_OK;
    task_discard(c, t, event);
    return context_report(c, &o);
}

/* -- by number, from generated functions ------------------------------------------------------- */

vyre_status vyre_rt_unit(vyre_context *context, const struct vyre_module *module, uint32_t unit,
                         const vyre_unit **description)
{
    struct outcome o;
    if (!context) return VYRE_ERROR_INVALID_ARGUMENT;
    if (!description) return context_fail(context, VYRE_ERROR_INVALID_ARGUMENT, "no place for the description");
    outcome_init(&o);
    *description = find_unit(context, module, unit, &o);
    return *description ? VYRE_OK : context_report(context, &o);
}

vyre_status vyre_rt_run(vyre_context *context, const struct vyre_module *module, uint32_t unit, const void *args)
{
    const vyre_unit *u;
    vyre_status status = vyre_rt_unit(context, module, unit, &u);
    return status ? status : vyre_unit_run(u, args);
}

vyre_status vyre_rt_run_async(vyre_context *context, const struct vyre_module *module, uint32_t unit,
                              vyre_stream *stream, const void *args, vyre_event **event)
{
    const vyre_unit *u;
    if (event) *event = NULL;
    vyre_status status = vyre_rt_unit(context, module, unit, &u);
    return status ? status : vyre_unit_run_async(u, stream, args, event);
}

vyre_status vyre_rt_workspace(vyre_context *context, const struct vyre_module *module, uint32_t unit, const void *args,
                              uint64_t *bytes)
{
    const vyre_unit *u;
    vyre_status status = vyre_rt_unit(context, module, unit, &u);
    return status ? status : vyre_unit_workspace(u, args, bytes);
}
