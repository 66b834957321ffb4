/* base64_vbmi.h - base64 to bytes with AVX-512 VBMI, 64 characters at a time, after W. Muła and D. Lemire, "Base64 encoding and decoding at
 * almost the speed of a memory copy", 2019: one table of 128 bytes in two registers gives each character's six bits, two multiplications join
 * those of four characters, a permutation closes the gaps. Where the processor, or the compiler's -march, has none of it, a table of 256. */
#ifndef VYREC_BENCH_BASE64_VBMI_H
#define VYREC_BENCH_BASE64_VBMI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __AVX512VBMI__
#include <immintrin.h>
static const char base64_way[] = "VBMI";
#else
static const char base64_way[] = "table";
#endif

static unsigned char base64_values[256]; /* bit 7: none of the alphabet */

static void prepare_decoder(void)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    memset(base64_values, 0x80, sizeof(base64_values));
    for (unsigned i = 0; i < 64; i++)
        base64_values[(unsigned char)alphabet[i]] = (unsigned char)i;
}

/* Of n characters without padding, a multiple of 64, 3 * n / 4 bytes; up to 16 more are written. False where some are not of the alphabet. */
static bool decode_groups(const unsigned char *text, size_t n, unsigned char *plain)
{
#ifdef __AVX512VBMI__
    const __m512i low = _mm512_loadu_si512(base64_values), high = _mm512_loadu_si512(base64_values + 64);
    unsigned char order[64] = {0};
    for (unsigned i = 0; i < 48; i++)
        order[i] = (unsigned char)(i / 3 * 4 + 2 - i % 3);
    const __m512i pack = _mm512_loadu_si512(order);
    __m512i faults = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += 64, plain += 48) {
        __m512i in = _mm512_loadu_si512(text + i), six = _mm512_permutex2var_epi8(low, in, high);
        faults = _mm512_or_si512(faults, _mm512_or_si512(in, six));
        __m512i twelve = _mm512_maddubs_epi16(six, _mm512_set1_epi32(0x01400140));
        __m512i all = _mm512_madd_epi16(twelve, _mm512_set1_epi32(0x00011000));
        _mm512_storeu_si512(plain, _mm512_permutexvar_epi8(pack, all));
    }
    return _mm512_movepi8_mask(faults) == 0;
#else
    unsigned faults = 0;
    for (size_t i = 0; i < n; i += 4, plain += 3) {
        unsigned a = base64_values[text[i]], b = base64_values[text[i + 1]], c = base64_values[text[i + 2]],
                 d = base64_values[text[i + 3]];
        unsigned bits = a << 18 | b << 12 | c << 6 | d;
        faults |= a | b | c | d;
        plain[0] = (unsigned char)(bits >> 16);
        plain[1] = (unsigned char)(bits >> 8);
        plain[2] = (unsigned char)bits;
    }
    return (faults & 0x80) == 0;
#endif
}

#endif
