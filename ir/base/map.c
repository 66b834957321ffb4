/* map.c - open addressing with linear probing; a slot without a value is empty. */
#include "ir/base/map.h"

struct map_slot {
    const void *key;
    void *value;
};

void map_init(struct map *m, struct arena *arena)
{
    *m = (struct map){.arena = arena};
}

static uint32_t home_of(const struct map *m, const void *key)
{
    uint64_t h = (uint64_t)(uintptr_t)key * 0x9e3779b97f4a7c15u;
    return (uint32_t)(h ^ h >> 32) & (m->cap - 1);
}

/* The slot with this key, or the empty one where it belongs. */
static struct map_slot *find_slot(const struct map *m, const void *key)
{
    uint32_t i = home_of(m, key);
    while (m->slots[i].value && m->slots[i].key != key)
        i = (i + 1) & (m->cap - 1);
    return &m->slots[i];
}

static void grow(struct map *m)
{
    if (m->cap > UINT32_MAX / 4) memory_fail(m->arena->mem);
    struct map bigger = {.arena = m->arena, .n = m->n, .cap = m->cap ? m->cap * 2 : 16};
    bigger.slots = ARENA_ARRAY(m->arena, struct map_slot, bigger.cap);
    for (uint32_t i = 0; i < m->cap; i++)
        if (m->slots[i].value) *find_slot(&bigger, m->slots[i].key) = m->slots[i];
    *m = bigger;
}

/* Empties a slot and closes the gap: a later slot of the same run moves up unless its home lies behind the gap. */
static void remove_slot(struct map *m, uint32_t gap)
{
    uint32_t mask = m->cap - 1;
    for (uint32_t i = (gap + 1) & mask; m->slots[i].value; i = (i + 1) & mask) {
        uint32_t from_home = (i - home_of(m, m->slots[i].key)) & mask;
        if (from_home < ((i - gap) & mask)) continue;
        m->slots[gap] = m->slots[i];
        gap = i;
    }
    m->slots[gap] = (struct map_slot){0};
    m->n--;
}

void *map_find(const struct map *m, const void *key)
{
    return m->cap ? find_slot(m, key)->value : NULL;
}

void map_set(struct map *m, const void *key, void *value)
{
    if (value && m->n >= m->cap / 4 * 3) grow(m);
    if (!m->cap) return;
    struct map_slot *slot = find_slot(m, key);
    if (!value) {
        if (slot->value) remove_slot(m, (uint32_t)(slot - m->slots));
        return;
    }
    m->n += !slot->value;
    *slot = (struct map_slot){key, value};
}
