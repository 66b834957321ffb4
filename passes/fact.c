/* fact.c - computing facts when they are asked for, and forgetting them when a pass made them stale. */
#include "passes/fact.h"

#include <string.h>

/* -- one pair of functions for each row ---------------------------------------------------------------------- */

static void fact_compute_UNIFORMITY(struct ir_uniformity *u, struct arena *arena, const struct ir_program *p)
{
    ir_uniformity_compute(u, arena, p);
}

static bool fact_equal_UNIFORMITY(const struct ir_uniformity *a, const struct ir_uniformity *b)
{
    const struct ir_program *p = a->program;
    for (uint32_t i = 0; i < p->locals.n; i++)
        if (a->local_uniform[i] != b->local_uniform[i]) return false;
    for (uint32_t i = 0; i < p->buffers.n; i++)
        if (a->buffer_written[i] != b->buffer_written[i]) return false;
    return a->divergent.n == b->divergent.n;
}

static void fact_compute_LIVENESS(struct ir_liveness *l, struct arena *arena, const struct ir_program *p)
{
    ir_liveness_compute(l, arena, p);
}

static bool fact_equal_LIVENESS(const struct ir_liveness *a, const struct ir_liveness *b)
{
    for (uint32_t i = 0; i < a->program->locals.n; i++)
        if (a->locals[i].declared != b->locals[i].declared || a->locals[i].last_use != b->locals[i].last_use)
            return false;
    return a->positions.n == b->positions.n;
}

/* -- the table ------------------------------------------------------------------------------------------------ */

#define FACT(NAME, type, help)                                                                                         \
    static void *make_##NAME(struct arena *arena, const struct ir_program *p)                                          \
    {                                                                                                                  \
        type *fact = ARENA_NEW(arena, type);                                                                           \
        fact_compute_##NAME(fact, arena, p);                                                                           \
        return fact;                                                                                                   \
    }                                                                                                                  \
    static bool match_##NAME(const void *a, const void *b)                                                             \
    {                                                                                                                  \
        return fact_equal_##NAME(a, b);                                                                                \
    }
#include "passes/passes.def"

static const struct {
    void *(*make)(struct arena *arena, const struct ir_program *p);
    bool (*match)(const void *a, const void *b);
} rows[PASS_FACT_COUNT] = {
#define FACT(NAME, type, help) {make_##NAME, match_##NAME},
#include "passes/passes.def"
};
const char *const pass_fact_names[PASS_FACT_COUNT] = {
#define FACT(NAME, type, help) #NAME,
#include "passes/passes.def"
};

/* -- the cache ------------------------------------------------------------------------------------------------ */

void pass_facts_init(struct pass_facts *f, struct memory *mem)
{
    memset(f, 0, sizeof *f);
    arena_init(&f->arena, mem);
    map_init(&f->listed, &f->arena);
    for (int i = 0; i < PASS_FACT_COUNT; i++)
        map_init(&f->known[i], &f->arena);
}

void pass_facts_release(struct pass_facts *f)
{
    arena_release(&f->arena);
}

const void *pass_facts_get(struct pass_facts *f, enum pass_fact fact, struct ir_program *p)
{
    void *known = map_find(&f->known[fact], p);
    if (known) return known;
    known = rows[fact].make(&f->arena, p);
    map_set(&f->known[fact], p, known);
    if (!map_find(&f->listed, p)) {
        map_set(&f->listed, p, p);
        vec_push(&f->arena, &f->programs, p);
    }
    return known;
}

static void drop_of_program(struct pass_facts *f, const struct ir_program *p, uint32_t keeps)
{
    for (int i = 0; i < PASS_FACT_COUNT; i++)
        if (!(keeps >> i & 1)) map_set(&f->known[i], p, NULL);
}

void pass_facts_drop(struct pass_facts *f, const struct ir_program *p, uint32_t keeps)
{
    if (p) {
        drop_of_program(f, p, keeps);
        return;
    }
    if (keeps == PASS_FACTS_NONE) { /* nothing is left to point into the arena */
        struct memory *mem = f->arena.mem;
        arena_release(&f->arena);
        pass_facts_init(f, mem);
        return;
    }
    for (uint32_t i = 0; i < f->programs.n; i++)
        drop_of_program(f, f->programs.at[i], keeps);
}

enum pass_fact pass_facts_check(struct pass_facts *f, const struct ir_program **of)
{
    for (uint32_t i = 0; i < f->programs.n; i++) {
        *of = f->programs.at[i];
        for (int fact = 0; fact < PASS_FACT_COUNT; fact++) {
            const void *known = map_find(&f->known[fact], *of);
            if (known && !rows[fact].match(known, rows[fact].make(&f->arena, *of))) return (enum pass_fact)fact;
        }
    }
    return PASS_FACT_COUNT;
}
