/* buckets.c - a filter of half bytes. Literals are dealt to buckets of 8 to a set; for each of the first bytes of a gram a table has, for each
 * value of the byte's lower half, the buckets that some literal of it allows, and another table the same for the upper half. The buckets left
 * after all tables are and-ed are those that may begin here. All of it happens in registers. The merging of buckets takes time that is cubic in
 * the number of literals, at worst, which is why it is limited. */
#include <math.h>
#include <string.h>

#include "tools/vyre-gen/gen.h"

enum { MAX_WIDTH = 4, MAX_LITERALS = 400, BUCKETS_PER_SET = 8, MAX_SETS = 4, HALVES = 16, ANY = 0xFFFF };

struct bucket {
    uint32_t low[MAX_GRAM], high[MAX_GRAM]; /* values of half bytes that occur */
    double share;                           /* of positions that pass */
};
struct plan {
    uint32_t width, n_sets;
    double share;
    uint32_t n_buckets;
    struct bucket buckets[MAX_SETS * BUCKETS_PER_SET];
};

static double share_of_byte(uint32_t low, uint32_t high)
{
    double share = 0;
    if (low == ANY && high == ANY) return 1;
    for (uint32_t h = 0; h < HALVES; h++)
        for (uint32_t l = 0; high >> h & 1 && l < HALVES; l++)
            if (low >> l & 1) share += model_byte((unsigned char)(h * HALVES + l), false);
    return share;
}

static void measure(struct bucket *b, uint32_t width)
{
    b->share = 1;
    for (uint32_t i = 0; i < width; i++)
        b->share *= share_of_byte(b->low[i], b->high[i]);
}

static struct bucket join(const struct bucket *a, const struct bucket *b, uint32_t width)
{
    struct bucket both;
    for (uint32_t i = 0; i < MAX_GRAM; i++) {
        both.low[i] = a->low[i] | b->low[i];
        both.high[i] = a->high[i] | b->high[i];
    }
    measure(&both, width);
    return both;
}

static void add_byte(struct bucket *b, uint32_t at, unsigned char c)
{
    b->low[at] |= UINT32_C(1) << (c & 15);
    b->high[at] |= UINT32_C(1) << (c >> 4);
}

static struct bucket bucket_of(const struct literal *l, uint32_t width, bool ignore_case)
{
    struct bucket b = {0};
    for (uint32_t i = 0; i < width; i++) {
        if (i >= gram_bytes(l, width)) {
            b.low[i] = b.high[i] = ANY;
            continue;
        }
        unsigned char c = l->bytes[l->gram + i];
        add_byte(&b, i, c);
        if (ignore_case && c >= 'a' && c <= 'z') add_byte(&b, i, c ^ 32);
    }
    measure(&b, width);
    return b;
}

/* ---- merging ---- */

struct pile {
    struct bucket *at;
    uint32_t n, width;
    uint32_t *partner; /* of each bucket: that with a higher number which costs least to merge with */
    double *increase;
    double joint; /* the estimated share of the grams themselves */
};

static void find_partner(struct pile *p, uint32_t i)
{
    p->increase[i] = INFINITY;
    for (uint32_t k = i + 1; k < p->n; k++) {
        struct bucket both = join(&p->at[i], &p->at[k], p->width);
        double increase = both.share - p->at[i].share - p->at[k].share;
        if (increase >= p->increase[i]) continue;
        p->increase[i] = increase;
        p->partner[i] = k;
    }
}

static void merge_cheapest(struct pile *p)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < p->n; i++)
        if (p->increase[i] < p->increase[best]) best = i;
    uint32_t gone = p->partner[best], last = p->n - 1;
    p->at[best] = join(&p->at[best], &p->at[gone], p->width);
    p->at[gone] = p->at[last];
    p->n--;
    for (uint32_t i = 0; i < p->n; i++)
        if (i == best || i == gone || p->partner[i] == best || p->partner[i] == gone || p->partner[i] == last ||
            (i < best && p->partner[i] > p->n))
            find_partner(p, i);
}

/* ---- the choice ---- */

/* For 64 bytes, measured on a processor with AVX-512. */
static double loop_cycles(uint32_t width, uint32_t n_sets)
{
    return 7.6 + 1.05 * width + 1.15 * width * n_sets;
}

/* The bytes of text depend on one another: more get through than products of shares say. These are factors that measurements gave, by width. */
static const double dependence[MAX_WIDTH + 1] = {1, 1, 1.4, 14, 50};

static double share_of_pile(const struct pile *p)
{
    double share = p->joint; /* the grams themselves */
    for (uint32_t i = 0; i < p->n; i++)
        share += p->at[i].share;
    share *= dependence[p->width];
    return share < 1 ? share : 1;
}

static void keep_best(struct scanner *s, const struct pile *p, uint32_t n_sets, double *best)
{
    double share = share_of_pile(p), cost = filter_cost(loop_cycles(p->width, n_sets), share);
    if (cost >= *best) return;
    *best = cost;
    struct plan *plan = s->plan;
    *plan = (struct plan){.width = p->width, .n_sets = n_sets, .share = share, .n_buckets = p->n};
    memcpy(plan->buckets, p->at, p->n * sizeof *p->at);
}

static void try_width(struct scanner *s, uint32_t width, double *best)
{
    uint32_t n = s->list->literals.n;
    struct pile p = {.at = ARENA_ARRAY(s->arena, struct bucket, n), .n = n, .width = width};
    p.partner = ARENA_ARRAY(s->arena, uint32_t, n);
    p.increase = ARENA_ARRAY(s->arena, double, n);
    p.joint = model_choose_grams(s->list, width, s->request->ignore_case);
    for (uint32_t i = 0; i < n; i++)
        p.at[i] = bucket_of(&s->list->literals.at[i], width, s->request->ignore_case);
    for (uint32_t i = 0; i < n; i++)
        find_partner(&p, i);
    for (uint32_t n_sets = MAX_SETS; n_sets; n_sets /= 2) {
        while (p.n > n_sets * BUCKETS_PER_SET)
            merge_cheapest(&p);
        keep_best(s, &p, n_sets, best);
    }
}

static double plan_buckets(struct scanner *s, const char **why)
{
    double best = INFINITY;
    *why = "it takes at most 400 literals";
    if (s->list->literals.n > MAX_LITERALS) return -1;
    s->plan = ARENA_NEW(s->arena, struct plan);
    for (uint32_t width = 1; width <= MAX_WIDTH; width++)
        try_width(s, width, &best);
    s->gram_width = ((struct plan *)s->plan)->width;
    model_choose_grams(s->list, s->gram_width, s->request->ignore_case);
    return best;
}

/* ---- text ---- */

static void print_half(struct scanner *s, const char *half, uint32_t set, uint32_t at)
{
    const struct plan *plan = s->plan;
    unsigned char table[HALVES] = {0};
    for (uint32_t i = 0; i < BUCKETS_PER_SET && set * BUCKETS_PER_SET + i < plan->n_buckets; i++) {
        const struct bucket *b = &plan->buckets[set * BUCKETS_PER_SET + i];
        uint32_t values = *half == 'l' ? b->low[at] : b->high[at];
        for (uint32_t v = 0; v < HALVES; v++)
            table[v] |= (unsigned char)((values >> v & 1) << i);
    }
    print_byte_table(s, arena_printf(s->arena, "%s%u%c", half, set, 'a' + (int)at), table, HALVES);
}

static void print_tables(struct scanner *s)
{
    const struct plan *plan = s->plan;
    out_printf(s->out, "\n// The buckets that each half of each byte of a gram allows: %u in %u set%s.\n",
               plan->n_buckets, plan->n_sets, plan->n_sets > 1 ? "s" : "");
    for (uint32_t set = 0; set < plan->n_sets; set++)
        for (uint32_t at = 0; at < plan->width; at++) {
            print_half(s, "low", set, at);
            print_half(s, "high", set, at);
        }
    verify_print_tables(s);
}

static void print_hits(struct scanner *s, uint32_t vector)
{
    const struct plan *plan = s->plan;
    const char *name = s->request->name;
    for (uint32_t set = 0; set < plan->n_sets; set++) {
        out_printf(s->out, "    let buckets%u%u =", vector, set);
        for (uint32_t at = 0; at < plan->width; at++) {
            int c = 'a' + (int)at;
            out_printf(s->out, "%s %s_low%u%c[u32(text%u%c & 15)] & %s_high%u%c[u32(text%u%c >> 4)]", at ? " &" : "",
                       name, set, c, vector, c, name, set, c, vector, c);
        }
        out_text(s->out, ";\n");
    }
    out_printf(s->out, "    let hit%u = (", vector);
    for (uint32_t set = 0; set < plan->n_sets; set++)
        out_printf(s->out, "%sbuckets%u%u", set ? " | " : "", vector, set);
    out_text(s->out, ") != 0;\n");
}

static void print_program(struct scanner *s, enum report report)
{
    filter_print_program(s, report, ((const struct plan *)s->plan)->share, print_hits);
}

const struct form_kind form_buckets = {"buckets", plan_buckets, print_tables, print_program};
