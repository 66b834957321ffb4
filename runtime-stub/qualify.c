/* qualify.c - runs probes on a device, remembers what they showed, and tells whether a plan may run there. */
#include <string.h>

#include "runtime-stub/qualify_cache.h"
#include "runtime-stub/runtime.h"

typedef unsigned long long ull;
enum { PROBE_WORDS = 32, PROBE_RIGHT_WORD = 0x600D0000, PROBE_ROUNDS = 65600, TRAP_CODE = 11, TRAP_INVOCATION = 5 };

enum probe_kind { KIND_MUST, KIND_EXACT, KIND_TRAP, KIND_LIMIT, KIND_LARGE };
static const struct probe {
    const char *name, *program, *text;
    enum probe_kind kind;
    uint32_t need; /* bit */
    int decides;
} probes[PROBE_COUNT] = {
#define PROBE(NAME, kind, need, decides, text)                                                                         \
    [PROBE_##NAME] = {#NAME, "probe_" #NAME, text, KIND_##kind, 1u << VYRE_NEED_##need, decides},
#include "runtime-stub/probes.def"
};

/* The probes' object, where the runtime was linked with it. */
extern vyre_status probe_integers_unit(vyre_context *context, const vyre_unit **unit)
    __attribute__((weak, visibility("hidden")));

void qualification_init(struct qualification *q)
{
    pthread_mutex_init(&q->lock, NULL);
}

void qualification_end(struct qualification *q)
{
    pthread_mutex_destroy(&q->lock);
}

/* -- one probe --------------------------------------------------------------------------------- */

/* As many elements as a probe's largest buffer has. */
struct probe_memory {
    uint64_t words[8][PROBE_WORDS];
};

static const vyre_unit *find_probe(const vyre_unit *first, const char *name)
{
    const vyre_unit *u = first;
    for (uint32_t i = 0; u && strcmp(unit_name(u), name); i++)
        vyre_unit_sibling(first, i, &u);
    return u;
}

static vyre_status run_program(const struct probe *p, const vyre_unit *u, struct probe_memory *memory, bool *was_cut,
                               struct outcome *o)
{
    _Alignas(16) unsigned char args[512];
    vyre_unit_info info = {.size = sizeof info};
    vyre_unit_get_info(u, &info);
    memset(memory, 0, sizeof *memory);
    memset(args, 0, sizeof args);
    if (info.args_bytes > sizeof args || info.n_buffers > 8)
        return outcome_fail(o, VYRE_ERROR_BAD_MODULE, "%s has more buffers than probes have", info.name);
    for (uint32_t i = 0; i < info.n_buffers; i++) {
        vyre_buffer_arg arg = {.size = sizeof arg};
        vyre_unit_buffer(u, i, &arg);
        vyre_span span = vyre_host(memory->words[i], arg.min_count);
        memcpy(args + arg.arg_offset, &span, sizeof span);
    }
    if (p->kind != KIND_LARGE) return unit_run_silently(u, args, o);
    vyre_context *c = u->module->context;
    if (c->backend->has_large && c->backend->has_large(c, u)) return unit_run_large(u, args, was_cut, o);
    return outcome_fail(o, VYRE_ERROR_UNSUPPORTED, "%s has no code for large launches", c->device);
}

static bool is_all_right(const uint32_t *words)
{
    for (uint32_t i = 0; i < PROBE_WORDS; i++)
        if (words[i] != PROBE_RIGHT_WORD + i) return false;
    return true;
}

/* All invocations went around as often; fewer times than asked for is the limit. */
static uint32_t find_round_limit(const uint32_t *words)
{
    uint32_t least = UINT32_MAX;
    for (uint32_t i = 0; i < PROBE_WORDS; i++)
        if (words[i] < least) least = words[i];
    return least >= PROBE_ROUNDS ? UINT32_MAX : least;
}

/* Word i has to be 3 * i, that many conditions deep. */
static uint32_t find_nesting_limit(const uint32_t *words)
{
    for (uint32_t i = 0; i < PROBE_WORDS; i++)
        if (words[i] != 3 * i) return i ? 3 * (i - 1) : 0;
    return UINT32_MAX;
}

static void judge(const struct probe *p, vyre_status status, bool was_cut, const struct outcome *o,
                  const uint32_t *words, struct probe_result *r)
{
    bool right = !status;
    switch (p->kind) {
    case KIND_MUST:
    case KIND_EXACT:
        right = right && is_all_right(words);
        break;
    case KIND_TRAP:
        right = status == VYRE_ERROR_TRAP && o->trap.code == TRAP_CODE && o->trap.invocation == TRAP_INVOCATION;
        break;
    case KIND_LARGE:
        right = was_cut || (right && is_all_right(words));
        break;
    case KIND_LIMIT:
        r->value = p->decides == LIMIT_ROUNDS ? find_round_limit(words) : find_nesting_limit(words);
        right = right && r->value == UINT32_MAX;
        break;
    }
    bool has_run = !status || status == VYRE_ERROR_TRAP || was_cut;
    r->state = right ? PROBE_RIGHT : has_run ? PROBE_WRONG : PROBE_FAILED;
    if (!has_run) r->value = 0;
}

/* What an EXACT probe asks about is relied on while it runs, to see whether it may be. */
static void run_probe(vyre_context *c, const vyre_unit *first, enum probe_id id)
{
    const struct probe *p = &probes[id];
    struct probe_result *r = &c->qualification.results[id];
    const vyre_unit *u = find_probe(first, p->program);
    struct probe_memory memory;
    struct outcome o = {0};
    bool was_cut = false;
    if (p->kind == KIND_EXACT) c->backend->specialise(c, p->decides, true);
    vyre_status status = u ? run_program(p, u, &memory, &was_cut, &o)
                           : outcome_fail(&o, VYRE_ERROR_BAD_MODULE, "the runtime has no %s", p->program);
    judge(p, status, was_cut, &o, (const uint32_t *)memory.words[0], r);
    if (p->kind == KIND_EXACT) c->backend->specialise(c, p->decides, r->state == PROBE_RIGHT);
    if (r->state == PROBE_FAILED)
        context_log(c, VYRE_LOG_NOTE, "%s: probe %s could not run: %s", c->device, p->name, o.message);
    else if (p->kind == KIND_LIMIT && r->state == PROBE_WRONG)
        context_log(c, VYRE_LOG_NOTE, "%s: probe %s found a limit of %u", c->device, p->name, r->value);
    else if (r->state == PROBE_WRONG)
        context_log(c, VYRE_LOG_NOTE, "%s: probe %s: %s wrong on this device", c->device, p->name, p->text);
}

/* -- the probes of some needs ------------------------------------------------------------------ */

static void apply_cache(vyre_context *c)
{
    qualify_cache_read(c);
    for (uint32_t i = 0; i < PROBE_COUNT; i++)
        if (probes[i].kind == KIND_EXACT && c->qualification.results[i].state)
            c->backend->specialise(c, probes[i].decides, c->qualification.results[i].state == PROBE_RIGHT);
}

static const vyre_unit *open_probes(vyre_context *c)
{
    const vyre_unit *first = NULL;
    struct qualification *q = &c->qualification;
    if (!probe_integers_unit || probe_integers_unit(c, &first)) return NULL;
    q->probes = first->module;
    if (!q->is_open) apply_cache(c);
    q->is_open = true;
    return first;
}

/* Under the lock. */
static void run_missing(vyre_context *c, uint32_t needs)
{
    struct qualification *q = &c->qualification;
    const vyre_unit *first = open_probes(c);
    uint64_t begin = clock_ns();
    bool any = false;
    for (uint32_t i = 0; i < PROBE_COUNT && first; i++) {
        if (!(probes[i].need & needs) || q->results[i].state) continue;
        run_probe(c, first, (enum probe_id)i);
        any = true;
    }
    q->ns += clock_ns() - begin;
    if (any) qualify_cache_write(c);
    if (q->results[PROBE_rounds].state == PROBE_WRONG && c->backend->limit_rounds)
        c->backend->limit_rounds(c, q->results[PROBE_rounds].value);
}

bool qualify_large(vyre_context *c)
{
    struct qualification *q = &c->qualification;
    pthread_mutex_lock(&q->lock);
    run_missing(c, 1u << VYRE_NEED_MANY_ROUNDS); /* how many there may be is part of such code */
    run_missing(c, 1u << VYRE_NEED_LARGE);
    bool is_right = q->results[PROBE_large].state == PROBE_RIGHT;
    pthread_mutex_unlock(&q->lock);
    return is_right;
}

/* -- programs and launches --------------------------------------------------------------------- */

/* Under the lock. The first of the needs that the device is wrong about; PROBE_COUNT: none. */
static uint32_t find_wrong(const struct qualification *q, uint32_t needs, uint32_t nesting)
{
    for (uint32_t i = 0; i < PROBE_COUNT; i++) {
        const struct probe_result *r = &q->results[i];
        if (!(probes[i].need & needs) || r->state <= PROBE_RIGHT || probes[i].kind == KIND_EXACT) continue;
        if (probes[i].kind != KIND_LIMIT || r->state == PROBE_FAILED) return i;
        if (probes[i].decides == LIMIT_NESTING && nesting > r->value) return i;
    }
    return PROBE_COUNT;
}

static uint32_t limit_of(const struct qualification *q, enum probe_id id)
{
    return q->results[id].state == PROBE_WRONG ? q->results[id].value : UINT32_MAX;
}

static void find_fitness(vyre_context *c, struct vyre_unit *u)
{
    struct qualification *q = &c->qualification;
    pthread_mutex_lock(&q->lock);
    uint32_t needs = u->meta->needs;
    if (c->backend->more_needs) needs |= c->backend->more_needs(c, needs);
    run_missing(c, needs);
    u->wrong_probe = find_wrong(q, needs, u->meta->nesting);
    u->max_rounds = limit_of(q, PROBE_rounds);
    enum fitness fitness = FITS;
    if (u->max_rounds != UINT32_MAX && u->meta->needs & 1u << VYRE_NEED_MANY_ROUNDS) fitness = FITS_ROUNDS;
    if (u->wrong_probe != PROBE_COUNT) fitness = UNFIT;
    atomic_store_explicit(&u->fitness, fitness, memory_order_release);
    pthread_mutex_unlock(&q->lock);
}

static vyre_status refuse_wrong(vyre_context *c, const struct vyre_unit *u, struct outcome *o)
{
    const struct probe *p = &probes[u->wrong_probe];
    bool has_run =
        c->qualification.results[u->wrong_probe].state == PROBE_WRONG; /* known, and so not changed any more */
    return outcome_fail(o, VYRE_ERROR_UNSUPPORTED, "%s: '%s' needs %s, which %s %s (probe %s)", unit_name(u),
                        unit_name(u), p->text, c->device, has_run ? "gets wrong" : "lacks", p->name);
}

static bool find_rounds(const struct launch *l, vyre_meta_expr bound, uint64_t *rounds)
{
    const struct vyre_unit *u = l->program;
    return bound != VYRE_META_NONE && meta_eval(&u->module->meta.ops[bound], l->buffers, l->params, rounds);
}

/* Nothing that the launch reads is lost when it was in vain: what lies on the host is copied back only where it was not. */
static bool may_be_tried(const struct plan *plan)
{
    const struct vyre_unit *u = plan->unit;
    for (uint32_t i = 0; i < u->meta->n_buffers; i++)
        if (plan->held[i] && u->module->meta.buffers[u->meta->first_buffer + i].access == VYRE_ACCESS_READ_WRITE)
            return false;
    return true;
}

/* Where no bound is known, or one that is too high, the code counts. */
static bool is_countable(vyre_context *c, const struct plan *plan)
{
    return c->qualification.results[PROBE_counts].state == PROBE_RIGHT && may_be_tried(plan);
}

/* A bound counts the last test, which leaves the last loop, and which need not happen any more. */
static vyre_status check_rounds(vyre_context *c, const struct plan *plan, struct launch *l, struct outcome *o)
{
    const struct vyre_unit *u = l->program;
    uint64_t rounds, most = (uint64_t)u->max_rounds + 1;
    bool is_bound = find_rounds(l, u->meta->rounds, &rounds);
    if (is_bound && rounds <= most) return VYRE_OK;
    uint64_t fewer;
    l->is_large = c->backend->has_large && c->backend->has_large(c, u);
    if (l->is_large && find_rounds(l, u->meta->rounds_of_large, &fewer) && fewer <= most) return VYRE_OK;
    l->is_counted = l->is_large = l->is_large && is_countable(c, plan);
    if (l->is_counted) return VYRE_OK;
    if (is_bound)
        return outcome_fail(o, VYRE_ERROR_UNSUPPORTED,
                            "%s: the loops of '%s' may go around %llu times, and %s ends them after %u (probe rounds)",
                            unit_name(u), unit_name(u), (ull)(rounds - 1), c->device, u->max_rounds);
    return outcome_fail(o, VYRE_ERROR_UNSUPPORTED,
                        "%s: the loops of '%s' have no bound that the launch can compute, and %s ends loops after "
                        "%u rounds (probe rounds)",
                        unit_name(u), unit_name(u), c->device, u->max_rounds);
}

static vyre_status qualify_launch(vyre_context *c, const struct plan *plan, struct launch *l, struct outcome *o)
{
    struct vyre_unit *u = &l->program->module->units[l->program->index];
    int fitness = atomic_load_explicit(&u->fitness, memory_order_acquire);
    if (fitness == FITNESS_UNKNOWN) find_fitness(c, u);
    fitness = atomic_load_explicit(&u->fitness, memory_order_acquire);
    if (fitness == UNFIT) return refuse_wrong(c, u, o);
    return fitness == FITS_ROUNDS ? check_rounds(c, plan, l, o) : VYRE_OK;
}

vyre_status plan_qualify(vyre_context *c, const struct plan *plan, struct outcome *o)
{
    vyre_status status = VYRE_OK;
    for (uint32_t i = 0; i < plan->unit->n_steps && !status; i++)
        status = qualify_launch(c, plan, &plan->launches[i], o);
    return status;
}

/* -- for users --------------------------------------------------------------------------------- */

vyre_status vyre_context_probe(vyre_context *context, uint32_t i, vyre_probe_info *info)
{
    static const vyre_probe_state states[] = {
        [PROBE_UNKNOWN] = VYRE_PROBE_NOT_RUN,
        [PROBE_RIGHT] = VYRE_PROBE_RIGHT,
        [PROBE_WRONG] = VYRE_PROBE_WRONG,
        [PROBE_FAILED] = VYRE_PROBE_FAILED,
    };
    if (!context) return VYRE_ERROR_INVALID_ARGUMENT;
    if (!info || info->size < sizeof info->size)
        return context_fail(context, VYRE_ERROR_INVALID_ARGUMENT, "vyre_context_probe: set info->size first");
    if (i >= PROBE_COUNT)
        return context_fail(context, VYRE_ERROR_INVALID_ARGUMENT, "there are %d probes, and number %u is none of them",
                            PROBE_COUNT, i);
    struct qualification *q = &context->qualification;
    pthread_mutex_lock(&q->lock);
    if (context->backend->fingerprint) run_missing(context, probes[i].need);
    const struct probe_result *r = &q->results[i];
    vyre_probe_info mine = {.size = info->size,
                            .name = probes[i].name,
                            .text = probes[i].text,
                            .state = states[r->state],
                            .limit = probes[i].kind == KIND_LIMIT && r->state == PROBE_WRONG ? r->value : 0,
                            .all_ns = q->ns};
    pthread_mutex_unlock(&q->lock);
    size_t room = info->size;
    memset(info, 0, room);
    memcpy(info, &mine, room < sizeof mine ? room : sizeof mine);
    return VYRE_OK;
}
