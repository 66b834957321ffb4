/* work_items.c - see work_items.h. */
#include "passes/work_items.h"

#include <inttypes.h>
#include <string.h>

#include "ir/base/intern.h"
#include "ir/base/map.h"

/* -- what repeats -------------------------------------------------------------------------------------------- */

void work_items_report(struct work_report *report, struct arena *arena, const struct work_arm *arms, uint32_t n_arms)
{
    struct intern names;
    struct map first; /* key -> arm + 1 */
    *report = (struct work_report){0};
    intern_init(&names, arena);
    map_init(&first, arena);
    for (uint32_t a = 0; a < n_arms; a++) {
        for (uint32_t i = 0; i < arms[a].n; i++) {
            const struct work_item *w = &arms[a].items[i];
            const char *key = intern_string(
                &names, arena_printf(arena, "%" PRIx64 " %" PRIx64 " %" PRIx64, w->operation, w->input, w->output));
            uintptr_t had = (uintptr_t)map_find(&first, key);
            if (!had) map_set(&first, key, (void *)(uintptr_t)(a + 1));
            if (had && had - 1 != a)
                vec_push(arena, &report->repeats, ((struct work_repeat){(uint32_t)(had - 1), a, i}));
        }
    }
}

/* -- what need not run ---------------------------------------------------------------------------------------- */

/* An item that ran, and the versions of its buffers afterwards. */
struct done {
    struct work_place place;
    uintptr_t input_version, output_version;
};

struct sharer {
    struct arena *arena;
    struct intern names;
    struct map versions; /* buffer -> how often it was written */
    struct map done;     /* key -> struct done */
};

static const char *name_buffer(struct sharer *s, uint64_t buffer)
{
    return intern_string(&s->names, arena_printf(s->arena, "b%" PRIx64, buffer));
}

static uintptr_t version_of(struct sharer *s, uint64_t buffer)
{
    return (uintptr_t)map_find(&s->versions, name_buffer(s, buffer));
}

static const char *name_item(struct sharer *s, const struct work_item *w)
{
    return intern_string(&s->names, arena_printf(s->arena, "%" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64, w->operation,
                                                 w->input, w->output, w->parameter));
}

/* The item that has done it, or NULL. */
static const struct done *find_done(struct sharer *s, const struct work_item *w, uint32_t arm)
{
    if (!w->is_function || w->input == w->output) return NULL;
    const struct done *d = map_find(&s->done, name_item(s, w));
    bool holds = d && d->place.arm < arm && d->input_version == version_of(s, w->input) &&
                 d->output_version == version_of(s, w->output);
    return holds ? d : NULL;
}

static void run(struct sharer *s, const struct work_item *w, struct work_place place)
{
    struct done *d = ARENA_NEW(s->arena, struct done);
    map_set(&s->versions, name_buffer(s, w->output), (void *)(version_of(s, w->output) + 1));
    *d = (struct done){place, version_of(s, w->input), version_of(s, w->output)};
    map_set(&s->done, name_item(s, w), d);
}

/* The lists without what is dropped. */
static void copy_rest(struct work_result *result, struct arena *arena, const struct work_arm *arms, uint32_t n_arms)
{
    struct work_arm *copies = ARENA_ARRAY(arena, struct work_arm, n_arms);
    uint32_t next = 0;
    for (uint32_t a = 0; a < n_arms; a++) {
        struct work_item *items = ARENA_ARRAY(arena, struct work_item, arms[a].n + 1);
        copies[a].items = items;
        for (uint32_t i = 0; i < arms[a].n; i++) {
            const struct work_place *drop = next < result->drops.n ? &result->drops.at[next].dropped : NULL;
            if (drop && drop->arm == a && drop->index == i)
                next++;
            else
                items[copies[a].n++] = arms[a].items[i];
        }
    }
    result->arms = copies;
}

void work_items_share(struct work_result *result, struct arena *arena, const struct work_arm *arms, uint32_t n_arms)
{
    struct sharer s = {.arena = arena};
    *result = (struct work_result){.arms = arms};
    intern_init(&s.names, arena);
    map_init(&s.versions, arena);
    map_init(&s.done, arena);
    for (uint32_t a = 0; a < n_arms; a++) {
        for (uint32_t i = 0; i < arms[a].n; i++) {
            struct work_place place = {a, i};
            const struct done *d = find_done(&s, &arms[a].items[i], a);
            if (d)
                vec_push(arena, &result->drops, ((struct work_drop){d->place, place}));
            else
                run(&s, &arms[a].items[i], place);
        }
    }
    if (result->drops.n) copy_rest(result, arena, arms, n_arms);
}
