/* hash.c - a filter of hashed grams: three bytes choose a word of a table; what their hash has left, the fourth and the fifth byte choose one bit
 * of each of three fields, and all three must be set. Shorter literals set all bits that the missing bytes could choose. */
#include "tools/vyre-gen/gen.h"

enum {
    LEAST_BITS = 8,
    MOST_BITS = 16,
    WORDS_PER_GRAM = 4,
    BYTES = 256,
    HASH_BITS = 16,
    HASHED = 3,
    FAST_BITS = 13 /* past it the table leaves the first cache */
};

/* The fields of a word: where each begins, and how many bits of its byte it has. The first is that of the hash. */
enum { N_FIELDS = 3 };
static const uint32_t field_at[N_FIELDS] = {0, 8, 16}, field_bits[N_FIELDS] = {3, 3, 4};

struct plan {
    uint32_t bits; /* of the number of words */
    uint32_t *words;
    double share; /* of positions that pass */
};

static const uint32_t factor_a = 1369, factor_b = 37;

/* As bytes come from the text: where case is ignored bit 5 is set in all of them. */
static uint32_t folded(const struct scanner *s, uint32_t byte)
{
    return s->request->ignore_case ? byte | 32 : byte;
}

static uint32_t field_mask(uint32_t field)
{
    return (UINT32_C(1) << field_bits[field]) - 1;
}

/* All bits of a field, or that which is chosen by the low bits of a byte. */
static uint32_t field_word(uint32_t field, bool any, uint32_t byte)
{
    uint32_t bits = any ? (UINT32_C(1) << (field_mask(field) + 1)) - 1 : UINT32_C(1) << (byte & field_mask(field));
    return bits << field_at[field];
}

static void add_gram(struct scanner *s, const unsigned char *gram, uint32_t n)
{
    struct plan *plan = s->plan;
    uint32_t mask = (UINT32_C(1) << plan->bits) - 1, tail = 0;
    for (uint32_t i = 1; i < N_FIELDS; i++)
        tail |= field_word(i, n < HASHED + i, n < HASHED + i ? 0 : gram[HASHED + i - 1]);
    uint32_t second = n > 1 ? gram[1] : 0, second_end = n > 1 ? second + 1 : BYTES;
    uint32_t third = n > 2 ? gram[2] : 0, third_end = n > 2 ? third + 1 : BYTES;
    for (uint32_t b = second; b < second_end; b++)
        for (uint32_t c = third; c < third_end; c++) {
            uint32_t hash = folded(s, gram[0]) * factor_a + folded(s, b) * factor_b + folded(s, c);
            uint32_t rest = (hash & ((UINT32_C(1) << HASH_BITS) - 1)) >> (HASH_BITS - field_bits[0]);
            plan->words[hash & mask] |= tail | field_word(0, false, rest);
        }
}

/* The share of random grams that pass. */
static double density(const struct plan *plan)
{
    double sum = 0;
    for (uint32_t w = 0; w < UINT32_C(1) << plan->bits; w++) {
        double passes = 1;
        for (uint32_t i = 0; i < N_FIELDS; i++)
            passes *= __builtin_popcount(plan->words[w] & field_word(i, true, 0)) / (field_mask(i) + 1.0);
        sum += passes;
    }
    return sum / (UINT32_C(1) << plan->bits);
}

static double plan_hash(struct scanner *s, const char **why)
{
    struct plan *plan = s->plan = ARENA_NEW(s->arena, struct plan);
    uint32_t n = s->list->literals.n;
    (void)why;
    plan->bits = LEAST_BITS;
    while (plan->bits < MOST_BITS && UINT32_C(1) << plan->bits < WORDS_PER_GRAM * n)
        plan->bits++;
    plan->words = ARENA_ARRAY(s->arena, uint32_t, UINT32_C(1) << plan->bits);
    s->gram_width = MAX_GRAM;
    double share = model_choose_grams(s->list, MAX_GRAM, s->request->ignore_case);
    for (uint32_t i = 0; i < n; i++) {
        const struct literal *l = &s->list->literals.at[i];
        add_gram(s, l->bytes + l->gram, gram_bytes(l, MAX_GRAM));
    }
    share += density(plan);
    plan->share = share < 1 ? share : 1;
    return filter_cost(plan->bits <= FAST_BITS ? 47 : 90, plan->share, CYCLES_PER_LITERAL);
}

static void print_tables(struct scanner *s)
{
    const struct plan *plan = s->plan;
    out_text(s->out, "\n// Whether a b c d e may be a gram is told by three bits of the word that a * 1369 + b * 37 + "
                     "c leads to.\n");
    print_table(s, "grams", plan->words, UINT32_C(1) << plan->bits, 32);
    verify_print_tables(s);
}

static void print_hits(struct scanner *s, uint32_t vector)
{
    const struct plan *plan = s->plan;
    const char *fold = s->request->ignore_case ? " | 32" : "";
    out_printf(s->out, "    let hash%u = u32(u16(text%ua%s) * %u + u16(text%ub%s) * %u + u16(text%uc%s));\n", vector,
               vector, fold, factor_a, vector, fold, factor_b, vector, fold);
    out_printf(s->out, "    let word%u = %s_grams[hash%u & %u];\n", vector, s->request->name, vector,
               (UINT32_C(1) << plan->bits) - 1);
    out_printf(s->out, "    let hit%u = (word%u >> (hash%u >> %u)", vector, vector, vector, HASH_BITS - field_bits[0]);
    for (uint32_t i = 1; i < N_FIELDS; i++) /* bit 5, which folding sets, is in no field */
        out_printf(s->out, " & word%u >> (u32(text%u%c & %u) + %u)", vector, vector, 'c' + (int)i, field_mask(i),
                   field_at[i]);
    out_text(s->out, " & 1) != 0;\n");
}

static void print_program(struct scanner *s, enum report report)
{
    static const struct filter_kind kind = {print_hits, verify_print_candidate, NULL, NULL};
    filter_print_program(s, report, ((const struct plan *)s->plan)->share, &kind);
}

const struct form_kind form_hash = {"hash", plan_hash, print_tables, print_program};
