/* access_solver.c - the library's context, and the bounds on what it does. */
#include "passes/access_isl.h"

#include <stddef.h>

/* Where memory runs out within a walk, what that holds is lost, and the context, which the library does not free then. */
static void release(struct memory_cleanup *cleanup)
{
    struct access_solver *s = (struct access_solver *)((char *)cleanup - offsetof(struct access_solver, cleanup));
    for (uint32_t i = 0; i < s->maps.n; i++)
        isl_map_free(s->maps.at[i]);
    for (uint32_t i = 0; i < s->sets.n; i++)
        isl_set_free(s->sets.at[i]);
    isl_ctx_free(s->isl);
}

enum { PROOFS = 8 }; /* that may take all the operations of one: then no more are made */

struct access_solver *access_solver_new(struct arena *arena, unsigned long max_operations)
{
    struct access_solver *s = ARENA_NEW(arena, struct access_solver);
    s->arena = arena;
    s->operations = max_operations;
    s->operations_left = max_operations * PROOFS;
    s->isl = isl_ctx_alloc();
    isl_options_set_on_error(s->isl, ISL_ON_ERROR_CONTINUE);
    isl_ctx_set_max_operations(s->isl, max_operations);
    map_init(&s->shapes, arena);
    s->cleanup.run = release;
    memory_push_cleanup(arena->mem, &s->cleanup);
    return s;
}

/* The library does not tell how many operations it has done, but does no more of them when that is its limit or more; making a space
 * is one. */
static bool has_done(struct access_solver *s, unsigned long n)
{
    isl_ctx_set_max_operations(s->isl, n);
    isl_space *next = isl_space_set_alloc(s->isl, 0, 0);
    bool done = !next;
    isl_space_free(next);
    isl_ctx_reset_error(s->isl);
    return done;
}

static unsigned long count_operations(struct access_solver *s, unsigned long most)
{
    unsigned long least = 0;
    while (least < most) {
        unsigned long middle = least + (most - least + 1) / 2;
        if (has_done(s, middle))
            least = middle;
        else
            most = middle - 1;
    }
    return least;
}

unsigned long access_solver_count(struct access_solver *s)
{
    unsigned long done = count_operations(s, s->operations);
    isl_ctx_set_max_operations(s->isl, s->operations);
    if (done >= s->operations) s->exhausted = true; /* counting takes the library's error away */
    return done;
}

void access_solver_begin(struct access_solver *s)
{
    unsigned long done = count_operations(s, s->operations);
    s->operations_left -= done < s->operations_left ? done : s->operations_left;
    if (s->operations > s->operations_left) s->operations = s->operations_left;
    isl_ctx_reset_operations(s->isl);
    isl_ctx_set_max_operations(s->isl, s->operations);
    s->exhausted = s->operations == 0;
}

void access_solver_limit(struct access_solver *s, uint64_t most)
{
    s->most = most;
}

void access_solver_trust_windows(struct access_solver *s)
{
    s->trusts_windows = true;
}

bool access_solver_trusts_windows(const struct access_solver *s)
{
    return s->trusts_windows;
}

uint64_t access_solver_most(const struct access_solver *s)
{
    return s->most ? s->most : UINT32_MAX;
}

void access_solver_free(struct access_solver *s)
{
    memory_pop_cleanup(s->arena->mem);
    release(&s->cleanup);
}

bool access_solver_is_exhausted(const struct access_solver *s)
{
    return s->exhausted || isl_ctx_last_error(s->isl) != isl_error_none;
}
