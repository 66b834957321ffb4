/* hash.c - a filter of hashed grams: three bytes choose a word of a table, the fourth a bit of it. Literals of three bytes set all bits of their
 * word, shorter ones those of all words that their bytes can lead to. */
#include "tools/vyre-gen/gen.h"

enum { LEAST_BITS = 8, MOST_BITS = 16, POSITIONS_PER_GRAM = 64, BYTES = 256 };

struct plan {
    uint32_t bits;   /* of the number of words */
    uint32_t *words; /* bit k: a gram whose fourth byte has k as its low bits */
};

static const uint32_t factor_a = 1369, factor_b = 37;

/* As bytes come from the text: where case is ignored bit 5 is set in all of them. */
static uint32_t folded(const struct scanner *s, uint32_t byte)
{
    return s->request->ignore_case ? byte | 32 : byte;
}

static void add_gram(struct scanner *s, const unsigned char *gram, uint32_t n)
{
    struct plan *plan = s->plan;
    uint32_t mask = (UINT32_C(1) << plan->bits) - 1;
    uint32_t second = n > 1 ? gram[1] : 0, second_end = n > 1 ? second + 1 : BYTES;
    uint32_t third = n > 2 ? gram[2] : 0, third_end = n > 2 ? third + 1 : BYTES;
    for (uint32_t b = second; b < second_end; b++)
        for (uint32_t c = third; c < third_end; c++) {
            uint32_t word = folded(s, gram[0]) * factor_a + folded(s, b) * factor_b + folded(s, c);
            plan->words[word & mask] |= n > 3 ? UINT32_C(1) << (folded(s, gram[3]) & 31) : UINT32_MAX;
        }
}

static double plan_hash(struct scanner *s, const char **why)
{
    struct plan *plan = s->plan = ARENA_NEW(s->arena, struct plan);
    uint32_t n = s->list->literals.n;
    (void)why;
    plan->bits = LEAST_BITS;
    while (plan->bits < MOST_BITS && (UINT32_C(32) << plan->bits) < POSITIONS_PER_GRAM * n)
        plan->bits++;
    plan->words = ARENA_ARRAY(s->arena, uint32_t, UINT32_C(1) << plan->bits);
    s->gram_width = MAX_GRAM;
    double share = model_choose_grams(s->list, MAX_GRAM, s->request->ignore_case);
    for (uint32_t i = 0; i < n; i++) {
        const struct literal *l = &s->list->literals.at[i];
        add_gram(s, l->bytes + l->gram, gram_bytes(l, MAX_GRAM));
    }
    uint32_t n_set = 0;
    for (uint32_t i = 0; i < UINT32_C(1) << plan->bits; i++)
        n_set += (uint32_t)__builtin_popcount(plan->words[i]);
    share += (double)n_set / (32.0 * (UINT32_C(1) << plan->bits));
    double cycles = plan->bits <= 13 ? 72 : 110; /* tables past 32 KiB leave the first cache */
    return filter_cost(cycles, share < 1 ? share : 1);
}

static void print_tables(struct scanner *s)
{
    const struct plan *plan = s->plan;
    out_text(s->out, "\n// Bit d of word (a * 1369 + b * 37 + c) may be the gram a b c d.\n");
    print_table(s, "grams", plan->words, UINT32_C(1) << plan->bits, 32);
    verify_print_tables(s);
}

static void print_hits(struct scanner *s, uint32_t vector)
{
    const struct plan *plan = s->plan;
    const char *fold = s->request->ignore_case ? " | 32" : "";
    out_printf(s->out, "    let hash%u = u16(text%ua%s) * %u + u16(text%ub%s) * %u + u16(text%uc%s);\n", vector, vector,
               fold, factor_a, vector, fold, factor_b, vector, fold);
    out_printf(s->out, "    let hit%u = (%s_grams[u32(hash%u & %u)] >> u32((text%ud%s) & 31) & 1) != 0;\n", vector,
               s->request->name, vector, (UINT32_C(1) << plan->bits) - 1, vector, fold);
}

static void print_program(struct scanner *s, enum report report)
{
    filter_print_program(s, report, print_hits);
}

const struct form_kind form_hash = {"hash", plan_hash, print_tables, print_program};
