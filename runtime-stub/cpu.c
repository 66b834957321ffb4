/* cpu.c - runs plans on the processor: workgroups in chunks on the pool's threads, arms and grid barriers one after the
 * other.
 *
 * What a launch computes never depends on the number of threads or on the chunks. */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "runtime-stub/cpu_helper.h"
#include "runtime-stub/runtime.h"

enum { CHUNKS_PER_SLOT = 8 };
static const uint64_t parallel_from_ns = 15000;     /* shorter launches are over before another thread is awake */
static const uint64_t zero_chunk_bytes = 256 << 10; /* of memory that is zeroed in parallel */

/* -- opening ----------------------------------------------------------------------------------- */

static uint32_t count_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set)) return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? (uint32_t)n : 1;
}

static vyre_status choose_level(vyre_context *c, const char *wanted, struct outcome *o)
{
    enum vyre_cpu_level best = cpu_level_detect();
    c->level = best;
    if (best == VYRE_CPU_LEVELS)
        return outcome_fail(o, VYRE_ERROR_UNSUPPORTED,
                            "this processor is older than x86-64-v2, for which CPU code is made");
    if (!wanted) return VYRE_OK;
    if (!cpu_level_parse(wanted, &c->level))
        return outcome_fail(o, VYRE_ERROR_INVALID_ARGUMENT,
                            "there is no CPU level '%s': x86-64-v2, x86-64-v3, x86-64-v4, "
                            "aarch64",
                            wanted);
    if (!cpu_level_fits(c->level, best))
        return outcome_fail(o, VYRE_ERROR_UNSUPPORTED, "CPU level %s was asked for, and this processor has %s at best",
                            wanted, cpu_level_name(best));
    return VYRE_OK;
}

static void cpu_close(vyre_context *c)
{
    pool_destroy(c->pool);
    c->pool = NULL;
}

/* "#0", or part of the name: the CPU is one device. */
static vyre_status match_device(const vyre_context *c, const char *wanted, struct outcome *o)
{
    if (!wanted || !strcmp(wanted, "#0") || (*wanted != '#' && strcasestr(c->device, wanted))) return VYRE_OK;
    return outcome_fail(o, VYRE_ERROR_NO_DEVICE, "device '%s' was asked for, and there is only #0, '%s'", wanted,
                        c->device);
}

vyre_status cpu_prepare(vyre_context *c, const char *level, struct outcome *o)
{
    vyre_status status = choose_level(c, level, o);
    if (status) return status;
    uint32_t n = c->threads ? c->threads : count_processors();
    c->pool = pool_create(c, n, c->executor.run ? &c->executor : NULL);
    return c->pool ? VYRE_OK : outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory for a pool of %u threads", n);
}

static vyre_status cpu_open(vyre_context *c, const struct settings *s, struct outcome *o)
{
    if (s->executor && (!s->executor->run || !s->executor->n_workers))
        return outcome_fail(o, VYRE_ERROR_INVALID_ARGUMENT, "the executor has no run function or no workers");
    vyre_status status = cpu_prepare(c, s->cpu_level, o);
    if (status) return status;
    snprintf(c->device, sizeof c->device, "CPU %s, %u thread%s", cpu_level_name(c->level), pool_slots(c->pool),
             pool_slots(c->pool) == 1 ? "" : "s");
    status = match_device(c, s->device, o);
    if (status) cpu_close(c);
    return status;
}

bool cpu_pick_code(struct module *m)
{
    for (uint32_t p = 0; p < m->linked->n_programs; p++) {
        const struct vyre_cpu_code *row = m->linked->code + (size_t)p * VYRE_CPU_LEVELS;
        for (uint32_t level = 0; level < VYRE_CPU_LEVELS; level++) {
            const struct vyre_cpu_code *code = &row[level];
            if (!code->kernel || !cpu_level_fits((enum vyre_cpu_level)level, m->context->level)) continue;
            const char *entry = (const char *)&code->kernel + code->kernel;
            m->programs[p].kernel = (vyre_cpu_kernel *)(uintptr_t)entry;
            m->programs[p].n_phases = code->n_phases;
            m->programs[p].scratch_bytes = code->scratch_bytes;
        }
    }
    return true;
}

/* -- traps ------------------------------------------------------------------------------------- */

/* The lowest invocation that trapped, and its code. */
struct trap_cell {
    _Atomic uint64_t lowest;
    pthread_mutex_t lock;
    uint32_t code;
};
static const uint64_t no_trap = UINT64_MAX;

static void record_trap(void *ctx, uint64_t invocation, uint32_t code)
{
    struct trap_cell *cell = ctx;
    if (invocation >= atomic_load_explicit(&cell->lowest, memory_order_relaxed)) return;
    pthread_mutex_lock(&cell->lock);
    if (invocation < atomic_load_explicit(&cell->lowest, memory_order_relaxed)) {
        atomic_store_explicit(&cell->lowest, invocation, memory_order_relaxed);
        cell->code = code;
    }
    pthread_mutex_unlock(&cell->lock);
}

/* -- zeros ------------------------------------------------------------------------------------- */

struct zero_job {
    char *bytes;
    uint64_t n_bytes;
};

static void zero_chunks(void *ctx, uint32_t slot, uint64_t first, uint64_t n)
{
    const struct zero_job *job = ctx;
    uint64_t begin = first * zero_chunk_bytes, end = begin + n * zero_chunk_bytes;
    (void)slot;
    memset(job->bytes + begin, 0, (end < job->n_bytes ? end : job->n_bytes) - begin);
}

static void zero_memory(vyre_context *c, void *bytes, uint64_t n_bytes)
{
    struct zero_job job = {bytes, n_bytes};
    if (!n_bytes) return;
    pool_run(c->pool, (n_bytes + zero_chunk_bytes - 1) / zero_chunk_bytes, 1, zero_chunks, &job);
}

static void zero_unwritten(vyre_context *c, const struct launch *l)
{
    const struct vyre_meta_buffer *buffers = l->program->module->meta.buffers + l->program->meta->first_buffer;
    for (uint32_t i = 0; i < l->program->meta->n_buffers; i++) {
        uint64_t from = l->zero_from[i] * buffers[i].elem_bytes, end = l->buffers[i].count * buffers[i].elem_bytes;
        if (from < end) zero_memory(c, (char *)l->buffers[i].bytes + from, end - from);
    }
}

/* Of the temps that the step is the first to use. Memory that nobody had is zero. */
static void zero_temps(vyre_context *c, const struct plan *plan, uint32_t step, bool is_zero)
{
    const struct vyre_meta_unit *program = plan->launches[step].program->meta;
    const struct vyre_cpu_buffer *buffers = plan->launches[step].buffers;
    for (uint32_t i = 0; i < program->n_buffers; i++) {
        const struct temp_life *t = plan_new_temp(plan->unit, step, i);
        if (t && t->needs_zeros && !(is_zero && t->is_first))
            zero_memory(c, buffers[i].bytes,
                        buffers[i].count * plan->unit->module->meta.buffers[program->first_buffer + i].elem_bytes);
    }
}

/* -- workgroups -------------------------------------------------------------------------------- */

struct group_job {
    vyre_cpu_kernel *kernel;
    struct vyre_cpu_launch launch;
    char *scratch;
    uint64_t scratch_bytes; /* per workgroup */
    uint64_t ns, n_timed;   /* the calling thread's first chunk */
};

/* Between grid barriers each workgroup keeps its scratch; else each slot has one for all of its workgroups. */
static void run_groups(void *ctx, uint32_t slot, uint64_t first, uint64_t n)
{
    struct group_job *job = ctx;
    uint64_t at = job->launch.scratch_stride_bytes ? first : slot;
    job->kernel(&job->launch, first, n, job->scratch + at * job->scratch_bytes);
}

static void run_timed_groups(void *ctx, uint32_t slot, uint64_t first, uint64_t n)
{
    struct group_job *job = ctx;
    if (slot || job->n_timed) {
        run_groups(ctx, slot, first, n);
        return;
    }
    uint64_t begin = clock_ns();
    run_groups(ctx, slot, first, n);
    job->ns = clock_ns() - begin;
    job->n_timed = n;
}

static uint64_t choose_chunk(const vyre_context *c, const struct cpu_program *p, uint64_t n_groups)
{
    uint64_t ns_per_group = atomic_load_explicit(&p->ns_per_group, memory_order_relaxed), ns;
    uint32_t slots = pool_slots(c->pool);
    if (slots == 1) return n_groups;
    if (ns_per_group && !__builtin_mul_overflow(ns_per_group, n_groups, &ns) && ns < parallel_from_ns) return n_groups;
    uint64_t chunk = n_groups / (slots * CHUNKS_PER_SLOT);
    return chunk ? chunk : 1;
}

/* A mean over launches in which the newest counts a quarter, at least 1 where there is a measurement. */
static void learn_cost(struct cpu_program *p, const struct group_job *job)
{
    if (!job->n_timed) return;
    uint64_t now = job->ns / job->n_timed, before = atomic_load_explicit(&p->ns_per_group, memory_order_relaxed);
    uint64_t mean = before ? before - before / 4 + now / 4 : now;
    atomic_store_explicit(&p->ns_per_group, mean ? mean : 1, memory_order_relaxed);
}

static vyre_status end_launch(const struct plan *plan, const struct launch *l, struct trap_cell *cell,
                              struct outcome *o)
{
    uint64_t lowest = atomic_load_explicit(&cell->lowest, memory_order_relaxed), arm = 0;
    if (lowest == no_trap) return VYRE_OK;
    if (l->program->meta->n_trap_arms > 1) {
        arm = lowest >> VYRE_CPU_TRAP_ARM_SHIFT;
        lowest -= arm << VYRE_CPU_TRAP_ARM_SHIFT;
    }
    return launch_trap(plan, l, (uint32_t)arm, cell->code, lowest, o);
}

static vyre_status run_launch(vyre_context *c, const struct plan *plan, const struct launch *l, void *scratch,
                              struct outcome *o)
{
    struct cpu_program *p = &l->program->module->programs[l->program->index];
    struct trap_cell cell = {.lowest = no_trap, .lock = PTHREAD_MUTEX_INITIALIZER};
    struct group_job job = {.kernel = p->kernel,
                            .scratch = scratch,
                            .scratch_bytes = p->scratch_bytes,
                            .launch = {.buffers = l->buffers,
                                       .params = l->params,
                                       .groups = {l->groups[0], l->groups[1], l->groups[2]},
                                       .scratch_stride_bytes = p->n_phases > 1 ? p->scratch_bytes : 0,
                                       .trap = record_trap,
                                       .trap_ctx = &cell,
                                       .helpers = &cpu_helpers}};
    const bool is_shared = pool_slots(c->pool) > 1; /* else nobody asks what a workgroup costs */
    uint64_t begin = c->trace ? clock_ns() : 0;
    zero_unwritten(c, l);
    for (uint32_t phase = 0; phase < p->n_phases && l->n_groups; phase++) {
        job.launch.phase = phase;
        pool_run(c->pool, l->n_groups, choose_chunk(c, p, l->n_groups), is_shared ? run_timed_groups : run_groups,
                 &job);
    }
    learn_cost(p, &job);
    if (c->trace) trace_add_launch(c->trace, l, begin, clock_ns());
    pthread_mutex_destroy(&cell.lock);
    return end_launch(plan, l, &cell, o);
}

/* -- plans ------------------------------------------------------------------------------------- */

static bool cpu_scratch_bytes(vyre_context *c, const struct plan *plan, uint64_t *bytes)
{
    *bytes = 0;
    for (uint32_t i = 0; i < plan->unit->n_steps; i++) {
        const struct launch *l = &plan->launches[i];
        const struct cpu_program *p = &l->program->module->programs[l->program->index];
        uint64_t n = p->n_phases > 1 ? l->n_groups : pool_slots(c->pool), need;
        if (__builtin_mul_overflow(n, p->scratch_bytes, &need) || need > SIZE_MAX / 2) return false;
        if (need > *bytes) *bytes = need;
    }
    return true;
}

static vyre_status check_code(const struct plan *plan, struct outcome *o)
{
    for (uint32_t i = 0; i < plan->unit->n_steps; i++) {
        const struct vyre_unit *p = plan->launches[i].program;
        if (p->module->programs[p->index].kernel) continue;
        return outcome_fail(o, VYRE_ERROR_NO_IMAGE,
                            "%s: the object has no CPU code for '%s' that %s runs: compile it with "
                            "--target=cpu:%s",
                            unit_name(plan->unit), unit_name(p), cpu_level_name(p->module->context->level),
                            cpu_level_name(p->module->context->level));
    }
    return VYRE_OK;
}

static vyre_status run_launches(vyre_context *c, struct plan *plan, const struct block *temps, void *scratch,
                                struct outcome *o)
{
    vyre_status status = VYRE_OK;
    for (uint32_t i = 0; i < plan->unit->n_steps && !status; i++) {
        zero_temps(c, plan, i, temps && temps->is_zero);
        status = run_launch(c, plan, &plan->launches[i], scratch, o);
    }
    return status;
}

static vyre_status cpu_run(vyre_context *c, struct plan *plan, struct outcome *o)
{
    struct block *temps = NULL, *scratch = NULL;
    vyre_status status = check_code(plan, o);
    if (status) return status;
    if (plan->temps_bytes) temps = block_acquire(c, plan->temps_bytes, plan->unit->temps_align);
    if (plan->scratch_bytes) scratch = block_acquire(c, plan->scratch_bytes, CACHE_LINE);
    if ((plan->temps_bytes && !temps) || (plan->scratch_bytes && !scratch)) {
        status = outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "%s: no memory for %llu bytes of temps and %llu of scratch",
                              unit_name(plan->unit), (unsigned long long)plan->temps_bytes,
                              (unsigned long long)plan->scratch_bytes);
    } else {
        if (plan->unit->meta->n_temps) plan_place_temps(plan, temps ? temps->bytes : NULL);
        status = run_launches(c, plan, temps, scratch ? scratch->bytes : NULL, o);
    }
    block_release(c, temps);
    block_release(c, scratch);
    return status;
}

static const char *level_name(const vyre_context *c)
{
    return cpu_level_name(c->level);
}

const struct backend cpu_backend = {.name = "cpu",
                                    .id = VYRE_BACKEND_CPU,
                                    .open = cpu_open,
                                    .close = cpu_close,
                                    .level = level_name,
                                    .load = cpu_pick_code,
                                    .run = cpu_run,
                                    .scratch_bytes = cpu_scratch_bytes};
