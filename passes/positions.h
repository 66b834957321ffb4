/* positions.h - where in the order of the text something is done (ir/facts.h, liveness): lists that are asked about ranges. */
#ifndef VYREC_PASSES_POSITIONS_H
#define VYREC_PASSES_POSITIONS_H

#include "ir/base/vec.h"

struct position_list {
    VEC(uint32_t) at; /* in order */
};

/* Is it done at a position from `first` up to, not including, `end`? */
static inline bool positions_any(const struct position_list *list, uint32_t first, uint32_t end)
{
    uint32_t low = 0, high = list->at.n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (list->at.at[middle] < first)
            low = middle + 1;
        else
            high = middle;
    }
    return low < list->at.n && list->at.at[low] < end;
}

#endif
