/* loops.c - see loops.h. Compiled by clang -O3 -march=native. */
#include "loops.h"

#include <string.h>

void loop_xor(const unsigned char *restrict a, const unsigned char *restrict b, unsigned char *restrict out,
              size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        out[i] = a[i] ^ b[i];
    }
}

size_t loop_decode(const struct loop_tables *tables, const unsigned char *restrict text, unsigned char *restrict plain,
                   size_t begin, size_t end, size_t n_quads)
{
    const unsigned char *restrict sextets = tables->sextets;
    size_t faults = 0;
    for (size_t quad = begin; quad < end; quad++) {
        uint32_t a = sextets[text[quad * 4]], b = sextets[text[quad * 4 + 1]];
        uint32_t c = sextets[text[quad * 4 + 2]], d = sextets[text[quad * 4 + 3]];
        if ((a | b | c | d) > 63) {
            faults += quad + 1 != n_quads || (a | b) > 63 || c > 64 || d != 64;
        }
        uint32_t bits = a << 18 | b << 12 | (c & 63) << 6 | (d & 63);
        plain[quad * 3] = (unsigned char)(bits >> 16);
        plain[quad * 3 + 1] = (unsigned char)(bits >> 8);
        plain[quad * 3 + 2] = (unsigned char)bits;
    }
    return faults;
}

/* Four tables, as in histogram.vir, for the same reason. */
void loop_histogram(const unsigned char *restrict bytes, uint32_t counts[256], size_t begin, size_t end)
{
    uint32_t bins[4][256] = {{0}};
    size_t i = begin;
    for (; i + 4 <= end; i += 4) {
        bins[0][bytes[i]]++;
        bins[1][bytes[i + 1]]++;
        bins[2][bytes[i + 2]]++;
        bins[3][bytes[i + 3]]++;
    }
    for (; i < end; i++) {
        bins[0][bytes[i]]++;
    }
    for (int value = 0; value < 256; value++) {
        uint32_t sum = bins[0][value] + bins[1][value] + bins[2][value] + bins[3][value];
        __atomic_fetch_add(&counts[value], sum, __ATOMIC_RELAXED);
    }
}

uint64_t loop_sum(const uint32_t *restrict numbers, size_t begin, size_t end)
{
    uint64_t sum = 0;
    for (size_t i = begin; i < end; i++) {
        sum += numbers[i];
    }
    return sum;
}

void loop_scan(const struct loop_tables *tables, const unsigned char *restrict plain, size_t n, uint32_t *count,
               uint32_t *positions, uint32_t max, size_t begin, size_t end)
{
    for (size_t i = begin; i < end && i + 4 < n; i++) {
        uint32_t key =
            plain[i] | (uint32_t)plain[i + 1] << 8 | (uint32_t)plain[i + 2] << 16 | (uint32_t)plain[i + 3] << 24;
        uint32_t hash = (key * 0x9E3779B1u + plain[i + 4] * 0x85EBCA6Bu) >> 20;
        uint32_t literal = tables->first_of_hash[hash];
        while (literal) {
            uint32_t from = tables->literal_begin[literal - 1], length = tables->literal_begin[literal] - from;
            if (i + length <= n && !memcmp(plain + i, tables->literal_bytes + from, length)) {
                uint32_t slot = __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
                if (slot < max) {
                    positions[slot] = (uint32_t)i;
                }
            }
            literal = tables->next_of_hash[literal];
        }
    }
}
