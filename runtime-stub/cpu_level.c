/* cpu_level.c - which instruction sets this processor has and its operating system saves. */
#include <string.h>

#include "runtime-stub/runtime.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

static const char *const level_names[VYRE_CPU_LEVELS] = {
    [VYRE_CPU_X86_64_V2] = "x86-64-v2",
    [VYRE_CPU_X86_64_V3] = "x86-64-v3",
    [VYRE_CPU_X86_64_V4] = "x86-64-v4",
    [VYRE_CPU_AARCH64] = "aarch64",
};

const char *cpu_level_name(enum vyre_cpu_level level)
{
    return level < VYRE_CPU_LEVELS ? level_names[level] : "none";
}

bool cpu_level_parse(const char *text, enum vyre_cpu_level *level)
{
    for (uint32_t i = 0; i < VYRE_CPU_LEVELS; i++) {
        if (strcmp(text, level_names[i])) continue;
        *level = (enum vyre_cpu_level)i;
        return true;
    }
    return false;
}

bool cpu_level_fits(enum vyre_cpu_level level, enum vyre_cpu_level best)
{
    if (level == VYRE_CPU_AARCH64 || best == VYRE_CPU_AARCH64) return level == best;
    return level <= best && best < VYRE_CPU_LEVELS;
}

#if defined(__x86_64__)
/* Bits that a level needs, per the System V psABI for x86-64: a bit of a register of a leaf of cpuid. */
enum cpuid_place { LEAF1_ECX, LEAF7_EBX, LEAFX_ECX, N_PLACES };
struct level_bits {
    enum vyre_cpu_level level;
    uint32_t bits[N_PLACES];
    uint32_t xcr0; /* register state that the operating system saves */
};

static const struct level_bits level_table[] = {
    /* SSE3 SSSE3 CMPXCHG16B SSE4.1 SSE4.2 POPCNT; LAHF */
    {VYRE_CPU_X86_64_V2, {1u << 0 | 1u << 9 | 1u << 13 | 1u << 19 | 1u << 20 | 1u << 23, 0, 1u << 0}, 0},
    /* FMA MOVBE OSXSAVE AVX F16C; BMI1 AVX2 BMI2; LZCNT */
    {VYRE_CPU_X86_64_V3,
     {1u << 12 | 1u << 22 | 1u << 27 | 1u << 28 | 1u << 29, 1u << 3 | 1u << 5 | 1u << 8, 1u << 5},
     6},
    /* AVX-512 F DQ CD BW VL */
    {VYRE_CPU_X86_64_V4, {1u << 27, 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31, 0}, 0xe6},
};

static uint32_t read_xcr0(void)
{
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

enum vyre_cpu_level cpu_level_detect(void)
{
    enum vyre_cpu_level best = VYRE_CPU_LEVELS;
    uint32_t a, b, c, d, have[N_PLACES] = {0}, xcr0 = 0;
    if (__get_cpuid(1, &a, &b, &c, &d)) have[LEAF1_ECX] = c;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) have[LEAF7_EBX] = b;
    if (__get_cpuid(0x80000001, &a, &b, &c, &d)) have[LEAFX_ECX] = c;
    if (have[LEAF1_ECX] >> 27 & 1) xcr0 = read_xcr0();
    for (uint32_t i = 0; i < sizeof level_table / sizeof *level_table; i++) {
        const struct level_bits *row = &level_table[i];
        for (uint32_t p = 0; p < N_PLACES; p++)
            if ((have[p] & row->bits[p]) != row->bits[p]) return best;
        if ((xcr0 & row->xcr0) != row->xcr0) return best;
        best = row->level;
    }
    return best;
}
#elif defined(__aarch64__)
enum vyre_cpu_level cpu_level_detect(void)
{
    return VYRE_CPU_AARCH64;
}
#else
enum vyre_cpu_level cpu_level_detect(void)
{
    return VYRE_CPU_LEVELS;
}
#endif
