/* sample.c - see sample.h. SplitMix64. */
#include "ir/sample.h"

#include <string.h>

void ir_sample_fill(ir_type elem, void *bytes, uint64_t count, uint64_t seed)
{
    unsigned char *at = bytes;
    uint64_t n = count * ir_type_mem_bytes(elem);
    for (uint64_t k = 0; k < n; k += 8) {
        uint64_t z = seed += 0x9E3779B97F4A7C15u;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
        z = (z ^ z >> 27) * 0x94D049BB133111EBu;
        z ^= z >> 31;
        memcpy(at + k, &z, n - k < 8 ? n - k : 8);
    }
    for (uint64_t k = 0; elem.scalar == IR_BOOL && k < n; k += 4)
        memcpy(at + k, &(uint32_t){at[k] & 1}, 4);
}
