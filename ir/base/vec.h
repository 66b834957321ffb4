/* vec.h - growable arrays in an arena: `VEC(struct ir_stmt *) list; vec_push(arena, &list, s); list.at[i], list.n`.
 * Zero-initialised is empty. Growing doubles; the old block stays with the arena. */
#ifndef VYREC_BASE_VEC_H
#define VYREC_BASE_VEC_H

#include "ir/base/arena.h"

#define VEC(T)                                                                                                         \
    struct {                                                                                                           \
        T *at;                                                                                                         \
        uint32_t n, cap;                                                                                               \
    }

#define vec_push(arena, vec, value)                                                                                    \
    (vec_reserve_one((arena), (void **)&(vec)->at, &(vec)->cap, (vec)->n, sizeof *(vec)->at),                          \
     (void)((vec)->at[(vec)->n++] = (value)))

void vec_reserve_one(struct arena *a, void **at, uint32_t *cap, uint32_t n, size_t elem_bytes);

#endif
