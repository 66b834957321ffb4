/* plan.c - finds what each launch of a pipeline waits for, and packs temps that are never alive at once into one slot.
 *
 *     temp a, b, c : u8[n];
 *     arm 0 writes a                    waits for -     a in slot 0
 *     arm 1 reads a, writes b           waits for 0     b in slot 1
 *     arm 2 reads b, writes c           waits for 1     c in slot 0, a is not used any more
 *
 * Slots have as many bytes as their largest temp. Sizes are formulas here, so a temp prefers the slot of one with the
 * same formula; never more bytes are needed than without slots. Sharing a slot orders launches as sharing a buffer
 * does. */
#include <string.h>

#include "codegen/plan.h"
#include "ir/build.h"
#include "ir/ops.h"

enum { NOBODY = UINT32_MAX };

/* What launches may collide on: an argument of the pipeline, or a slot. */
struct resource {
    uint32_t writer;       /* the last, or NOBODY */
    VEC(uint32_t) readers; /* since then */
};

struct finder {
    const struct ir_pipeline *pipeline;
    struct arena *arena;
    struct plan *plan;
    struct resource *resources; /* arguments, then slots */
    uint32_t *first, *last;     /* per temp: launches that use it; NOBODY: none does */
    uint32_t *owner;            /* per slot: the temp that had it last */
    uint32_t *seen_by;          /* per launch: 1 + the last launch that waits for it */
};

static bool is_temp(const struct finder *f, const struct ir_buffer *b)
{
    return b->index >= f->pipeline->buffers.n;
}

static uint32_t temp_number(const struct finder *f, const struct ir_buffer *b)
{
    return b->index - f->pipeline->buffers.n;
}

static void find_lives(struct finder *f)
{
    for (uint32_t k = 0; k < f->plan->launches.n; k++) {
        const struct ir_arm *arm = f->plan->launches.at[k].arm;
        for (uint32_t i = 0; i < arm->args.n; i++) {
            const struct ir_buffer *b = arm->args.at[i].buffer;
            if (!b || !is_temp(f, b)) continue;
            uint32_t t = temp_number(f, b);
            if (f->first[t] == NOBODY) f->first[t] = k;
            f->last[t] = k;
        }
    }
}

/* -- slots ------------------------------------------------------------------------------------- */

static bool is_same_size(const struct ir_buffer *a, const struct ir_buffer *b)
{
    if (ir_type_mem_bytes(a->elem) != ir_type_mem_bytes(b->elem)) return false;
    if (!a->count_expr || !b->count_expr) return !a->count_expr && !b->count_expr && a->count == b->count;
    return ir_expr_equal(a->count_expr, b->count_expr);
}

/* A slot whose temps are all dead before the launch: one of the same size if there is one. */
static uint32_t choose_slot(const struct finder *f, uint32_t temp, uint32_t launch)
{
    const struct ir_buffer *const *temps = (const struct ir_buffer *const *)f->pipeline->temps.at;
    uint32_t any = f->plan->n_slots;
    for (uint32_t s = 0; s < f->plan->n_slots; s++) {
        if (f->last[f->owner[s]] >= launch) continue;
        if (is_same_size(temps[f->owner[s]], temps[temp])) return s;
        if (any == f->plan->n_slots) any = s;
    }
    return any;
}

static void place_temp(struct finder *f, uint32_t temp, uint32_t launch)
{
    uint32_t slot = choose_slot(f, temp, launch);
    if (slot == f->plan->n_slots) f->plan->n_slots++;
    f->plan->slots[temp] = slot;
    f->owner[slot] = temp;
}

/* -- what waits for what ----------------------------------------------------------------------- */

static void wait_for(struct finder *f, uint32_t launch, uint32_t earlier)
{
    if (earlier == NOBODY || earlier == launch || f->seen_by[earlier] == launch + 1) return;
    f->seen_by[earlier] = launch + 1;
    vec_push(f->arena, &f->plan->launches.at[launch].deps, earlier);
}

static void use_resource(struct finder *f, uint32_t launch, struct resource *r, bool writes)
{
    wait_for(f, launch, r->writer);
    for (uint32_t i = 0; writes && i < r->readers.n; i++)
        wait_for(f, launch, r->readers.at[i]);
    if (writes) {
        r->writer = launch;
        r->readers.n = 0;
    } else if (r->writer != launch) {
        vec_push(f->arena, &r->readers, launch);
    }
}

/* The first use of a temp writes its zeros. */
static void use_argument(struct finder *f, uint32_t launch, const struct ir_arg *a)
{
    bool writes = ir_access_writes(a->formal_buffer->access);
    uint32_t resource = a->buffer->index;
    if (is_temp(f, a->buffer)) {
        uint32_t t = temp_number(f, a->buffer);
        if (f->first[t] == launch && f->plan->slots[t] == NOBODY) {
            place_temp(f, t, launch);
            writes = true;
        }
        resource = f->pipeline->buffers.n + f->plan->slots[t];
    }
    use_resource(f, launch, &f->resources[resource], writes);
}

static void sort_deps(struct plan_launch *l)
{
    for (uint32_t i = 1; i < l->deps.n; i++)
        for (uint32_t k = i; k && l->deps.at[k] < l->deps.at[k - 1]; k--) {
            uint32_t other = l->deps.at[k];
            l->deps.at[k] = l->deps.at[k - 1];
            l->deps.at[k - 1] = other;
        }
}

static bool has_dep(const struct plan_launch *l, uint32_t dep)
{
    uint32_t i = 0;
    while (i < l->deps.n && l->deps.at[i] < dep)
        i++;
    return i < l->deps.n && l->deps.at[i] == dep;
}

/* Those that another one waits for already say nothing. */
static void drop_implied(const struct plan *plan, struct plan_launch *l)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < l->deps.n; i++) {
        bool is_implied = false;
        for (uint32_t k = i + 1; k < l->deps.n && !is_implied; k++)
            is_implied = has_dep(&plan->launches.at[l->deps.at[k]], l->deps.at[i]);
        if (!is_implied) l->deps.at[n++] = l->deps.at[i];
    }
    l->deps.n = n;
}

static void find_launches(struct finder *f)
{
    for (uint32_t k = 0; k < f->plan->launches.n; k++) {
        const struct ir_arm *arm = f->plan->launches.at[k].arm;
        for (uint32_t i = 0; i < arm->args.n; i++)
            if (arm->args.at[i].buffer) use_argument(f, k, &arm->args.at[i]);
        sort_deps(&f->plan->launches.at[k]);
        drop_implied(f->plan, &f->plan->launches.at[k]);
    }
}

/* -- the whole --------------------------------------------------------------------------------- */

static uint32_t *new_numbers(struct arena *arena, uint32_t n)
{
    uint32_t *numbers = ARENA_ARRAY(arena, uint32_t, n + 1);
    memset(numbers, 0xff, (n + 1) * sizeof *numbers); /* NOBODY */
    return numbers;
}

/* Temps that no launch uses have a slot all the same: they count for the budget. */
static void place_unused(struct finder *f)
{
    for (uint32_t t = 0; t < f->pipeline->temps.n; t++)
        if (f->plan->slots[t] == NOBODY) f->plan->slots[t] = f->plan->n_slots++;
}

void plan_find(const struct ir_pipeline *p, struct arena *arena, struct plan *plan)
{
    struct finder f = {.pipeline = p, .arena = arena, .plan = plan};
    uint32_t n_temps = p->temps.n;
    *plan = (struct plan){.slots = new_numbers(arena, n_temps)};
    IR_EACH_STMT(s, &p->body)
    {
        if (s->kind != IR_STMT_ARM) continue;
        struct plan_launch launch = {.arm = s->arm};
        vec_push(arena, &plan->launches, launch);
    }
    f.resources = ARENA_ARRAY(arena, struct resource, p->buffers.n + n_temps + 1);
    for (uint32_t i = 0; i < p->buffers.n + n_temps; i++)
        f.resources[i] = (struct resource){.writer = NOBODY};
    f.first = new_numbers(arena, n_temps);
    f.last = new_numbers(arena, n_temps);
    f.owner = new_numbers(arena, n_temps);
    f.seen_by = ARENA_ARRAY(arena, uint32_t, plan->launches.n + 1);
    memset(f.seen_by, 0, (plan->launches.n + 1) * sizeof *f.seen_by);
    find_lives(&f);
    find_launches(&f);
    place_unused(&f);
}
