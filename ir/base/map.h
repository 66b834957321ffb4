/* map.h - from pointers (interned names, IR nodes) to pointers. There is no iteration, so no output can depend on
 * hash order. */
#ifndef VYREC_BASE_MAP_H
#define VYREC_BASE_MAP_H

#include "ir/base/arena.h"

struct map_slot;
struct map {
    struct arena *arena;
    struct map_slot *slots;
    uint32_t n, cap;
};

void map_init(struct map *m, struct arena *arena);
void *map_find(const struct map *m, const void *key);      /* NULL when absent */
void map_set(struct map *m, const void *key, void *value); /* value NULL removes */

#endif
