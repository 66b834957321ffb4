/* vec.c - the growing of vec.h. */
#include "ir/base/vec.h"

#include <string.h>

void vec_reserve_one(struct arena *a, void **at, uint32_t *cap, uint32_t n, size_t elem_bytes)
{
    if (n < *cap) return;
    if (n == UINT32_MAX) memory_fail(a->mem);
    uint32_t new_cap = n < 4 ? 4 : n > UINT32_MAX / 2 ? UINT32_MAX : n * 2;
    void *grown = arena_array(a, new_cap, elem_bytes);
    if (n) memcpy(grown, *at, n * elem_bytes);
    *at = grown;
    *cap = new_cap;
}
