/* loops.h - the loops that compiled programs are measured against: plain C, each over a part of its input, so that
 * threads can share the work. */
#ifndef VYREC_BENCH_LOOPS_H
#define VYREC_BENCH_LOOPS_H

#include <stddef.h>
#include <stdint.h>

/* As the data of scan_base64.vir; see examples/scan_base64/make_tables.c. */
struct loop_tables {
    const unsigned char *sextets, *literal_bytes, *first_of_hash, *next_of_hash;
    const uint16_t *literal_begin;
};

void loop_xor(const unsigned char *a, const unsigned char *b, unsigned char *out, size_t begin, size_t end);
/* Groups begin .. end of four characters, n_quads in all. Returns the number of faulty groups. */
size_t loop_decode(const struct loop_tables *tables, const unsigned char *text, unsigned char *plain, size_t begin,
                   size_t end, size_t n_quads);
/* Adds to counts. */
void loop_histogram(const unsigned char *bytes, uint32_t counts[256], size_t begin, size_t end);
uint64_t loop_sum(const uint32_t *numbers, size_t begin, size_t end);
/* Positions begin .. end of `plain`, whose size is n. Matches are counted in *count and stored while they are fewer
 * than `max`. */
void loop_scan(const struct loop_tables *tables, const unsigned char *plain, size_t n, uint32_t *count,
               uint32_t *positions, uint32_t max, size_t begin, size_t end);

#endif
