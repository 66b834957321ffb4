/* interp_race.c - finds two accesses to one element that nothing orders, of which one writes and not both are atomic.
 *
 * Accesses of one workgroup are ordered by its barriers, which the epoch counts. Those of different workgroups are not
 * ordered within a launch; a grid barrier makes interp_schedule.c forget all of them. */
#include "ir/interp_code.h"

#include <string.h>

static uint64_t number_of(const struct access *a)
{
    return (a->invocation & ~ACCESS_COPY) - 1;
}

static bool same_group(const struct launch *l, const struct access *a, const struct access *b)
{
    return number_of(a) / l->group_size == number_of(b) / l->group_size;
}

/* `a` is the earlier one. An invocation is ordered with itself, and what it did before with the copies it starts. */
static bool is_concurrent(const struct launch *l, const struct access *a, const struct access *b)
{
    if (!a->invocation || a->invocation == b->invocation || (a->invocation | ACCESS_COPY) == b->invocation)
        return false;
    return !same_group(l, a, b) || a->epoch == b->epoch;
}

static const struct access *find_concurrent(const struct launch *l, const struct access_history *h,
                                            const struct access *a)
{
    if (is_concurrent(l, &h->latest, a)) return &h->latest;
    if (is_concurrent(l, &h->neighbour, a)) return &h->neighbour;
    return is_concurrent(l, &h->stranger, a) ? &h->stranger : NULL;
}

static void remember(const struct launch *l, struct access_history *h, struct access a)
{
    if (h->latest.invocation && h->latest.invocation != a.invocation) {
        if (same_group(l, &h->latest, &a)) {
            h->neighbour = h->latest;
        } else {
            h->stranger = h->latest;
            h->neighbour = (struct access){0};
        }
    }
    h->latest = a;
}

static void report(struct launch *l, const struct ir_buffer *buffer, uint64_t index, const struct access *first,
                   const struct access *second)
{
    l->result->status = IR_RUN_RACE;
    l->result->race = (struct ir_race){
        .first = l->code.insts.at[first->inst].range,
        .second = l->code.insts.at[second->inst].range,
        .buffer = buffer,
        .index = index,
        .first_invocation = interp_linear_id(l, number_of(first)),
        .second_invocation = interp_linear_id(l, number_of(second)),
    };
    l->stop = true;
}

void interp_note_access(struct launch *l, struct shadow *shadow, const struct ir_buffer *buffer, uint64_t index,
                        enum access_kind kind, struct access access)
{
    static const bool conflicts[ACCESS_KINDS][ACCESS_KINDS] = {
        [ACCESS_READ] = {[ACCESS_WRITE] = true, [ACCESS_ATOMIC] = true},
        [ACCESS_WRITE] = {[ACCESS_READ] = true, [ACCESS_WRITE] = true, [ACCESS_ATOMIC] = true},
        [ACCESS_ATOMIC] = {[ACCESS_READ] = true, [ACCESS_WRITE] = true},
    };
    for (uint32_t k = 0; k < ACCESS_KINDS; k++) {
        const struct access *earlier = conflicts[kind][k] ? find_concurrent(l, &shadow->of[k], &access) : NULL;
        if (earlier && !l->ignores_races) {
            report(l, buffer, index, earlier, &access);
            return;
        }
    }
    remember(l, &shadow->of[kind], access);
}

static void settle(struct access *a, uint64_t invocation)
{
    if (a->invocation == (invocation | ACCESS_COPY)) a->invocation = invocation;
}

static void settle_shadow(struct shadow *s, enum access_kind kind, uint64_t invocation)
{
    settle(&s->of[kind].latest, invocation);
    settle(&s->of[kind].neighbour, invocation);
    settle(&s->of[kind].stranger, invocation);
}

void interp_settle_copy(const struct pending_copy *copy, uint64_t invocation)
{
    for (uint64_t k = 0; k < copy->n; k++) {
        if (copy->dst.shadow) settle_shadow(&copy->dst.shadow[copy->dst_index + k], ACCESS_WRITE, invocation);
        if (copy->src.shadow && copy->src_index + k < copy->src.count)
            settle_shadow(&copy->src.shadow[copy->src_index + k], ACCESS_READ, invocation);
    }
}
