/* cpu_helper.c - what kernels have the runtime do for them, see vyre_cpu.h. Here it is compiled once, not into every
 * object for every level. Knows nothing of the runtime, so that whoever calls kernels may have it. */
#include "runtime-stub/cpu_helper.h"

#include <string.h>

static void copy_element(char *to, const char *from, uint32_t bytes)
{
    switch (bytes) { /* a call of memcpy each would take longer than the rest */
    case 1:
        memcpy(to, from, 1);
        break;
    case 2:
        memcpy(to, from, 2);
        break;
    case 4:
        memcpy(to, from, 4);
        break;
    case 8:
        memcpy(to, from, 8);
        break;
    default:
        memcpy(to, from, bytes);
    }
}

static bool wraps(uint32_t first, uint32_t n)
{
    return (uint64_t)first + n > UINT64_C(1) << 32;
}

/* How many of n elements from `first` on are below count. */
static uint64_t count_inside(uint64_t count, uint32_t first, uint32_t n)
{
    return first >= count ? 0 : count - first < n ? count - first : n;
}

static void load_partial(void *lanes, const void *base, uint64_t count, uint32_t first, uint32_t n, uint32_t bytes)
{
    if (!wraps(first, n)) {
        uint64_t n_inside = count_inside(count, first, n);
        if (n_inside) memcpy(lanes, (const char *)base + (uint64_t)first * bytes, n_inside * bytes);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = first + i;
        if (at < count)
            copy_element((char *)lanes + (uint64_t)i * bytes, (const char *)base + (uint64_t)at * bytes, bytes);
    }
}

static void store_partial(const void *lanes, void *base, uint64_t count, uint32_t first, uint64_t shape, uint64_t mask)
{
    uint32_t n = (uint32_t)shape, bytes = (uint32_t)(shape >> 32);
    if (!wraps(first, n)) {
        n = (uint32_t)count_inside(count, first, n);
        if (mask == UINT64_MAX) {
            if (n) memcpy((char *)base + (uint64_t)first * bytes, lanes, (uint64_t)n * bytes);
            return;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = first + i;
        if (at < count && mask >> (i & 63) & 1)
            copy_element((char *)base + (uint64_t)at * bytes, (const char *)lanes + (uint64_t)i * bytes, bytes);
    }
}

/* One loop per size of element and of index. */
#define STORE_LANES(element, index)                                                                                    \
    for (; mask; mask &= mask - 1) {                                                                                   \
        int k = __builtin_ctzll(mask);                                                                                 \
        ((element *)base)[((const index *)indices)[k]] = ((const element *)lanes)[k];                                  \
    }                                                                                                                  \
    return

static void store_lanes(const void *lanes, void *base, const void *indices, uint64_t mask, uint64_t shape)
{
    switch (shape) {
    case UINT64_C(4) << 32 | 1:
        STORE_LANES(uint8_t, uint32_t);
    case UINT64_C(4) << 32 | 2:
        STORE_LANES(uint16_t, uint32_t);
    case UINT64_C(4) << 32 | 4:
        STORE_LANES(uint32_t, uint32_t);
    case UINT64_C(4) << 32 | 8:
        STORE_LANES(uint64_t, uint32_t);
    case UINT64_C(8) << 32 | 1:
        STORE_LANES(uint8_t, uint64_t);
    case UINT64_C(8) << 32 | 2:
        STORE_LANES(uint16_t, uint64_t);
    case UINT64_C(8) << 32 | 4:
        STORE_LANES(uint32_t, uint64_t);
    default:
        STORE_LANES(uint64_t, uint64_t);
    }
}

const struct vyre_cpu_helpers cpu_helpers = {load_partial, store_partial, store_lanes};
