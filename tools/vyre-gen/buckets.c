/* buckets.c - a filter of half bytes. Grams are dealt to buckets of 8 to a set; for each of the first bytes of a gram a table has, for each
 * value of the byte's lower half, the buckets that some gram of it allows, and another table the same for the upper half. The buckets left
 * after all tables are and-ed are those that may begin here. All of it happens in registers. The merging of buckets takes time that is cubic in
 * the number of grams, at worst, which is why it is limited. */
#include <math.h>
#include <string.h>

#include "tools/vyre-gen/gen.h"

enum { BUCKETS_PER_SET = 8, MAX_SETS = 4, HALVES = 16, ANY = 0xFFFF };

struct bucket {
    uint32_t low[MAX_WIDTH], high[MAX_WIDTH]; /* values of half bytes that occur */
    double share;                             /* of positions that pass */
};
struct bucket_plan {
    uint32_t width, n_sets;
    double share;
    uint32_t n_buckets;
    uint32_t *bucket_of; /* of each gram */
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
    for (uint32_t i = 0; i < MAX_WIDTH; i++) {
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

static struct bucket bucket_of(const struct gram *gram, uint32_t width)
{
    struct bucket b = {0};
    for (uint32_t i = 0; i < width; i++) {
        if (i >= gram->n) b.low[i] = b.high[i] = ANY;
        for (uint32_t c = 0; i < gram->n && c < 256; c++)
            if (set_has(&gram->bytes[i], c)) add_byte(&b, i, (unsigned char)c);
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
    double joint; /* the estimated share of the grams themselves; negative where it is to be found from their sets */
    uint32_t *bucket_of, n_grams;
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
    for (uint32_t i = 0; i < p->n_grams; i++) {
        if (p->bucket_of[i] == gone) p->bucket_of[i] = best;
        if (p->bucket_of[i] == last && last != gone) p->bucket_of[i] = gone;
    }
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

static double share_of_bytes(const struct bucket *b, uint32_t width)
{
    struct byte_set sets[MAX_WIDTH] = {{{0}}};
    for (uint32_t i = 0; i < width; i++)
        for (uint32_t c = 0; c < 256; c++)
            if (b->low[i] >> (c & 15) & b->high[i] >> (c >> 4) & 1) set_add(&sets[i], c);
    return model_sets(sets, width);
}

/* Sets of many bytes are followed by one another as classes of bytes are; of single ones that would say too little. */
static double share_of_pile(const struct pile *p)
{
    double share = p->joint; /* the grams themselves */
    if (p->joint < 0) {
        share = 0;
        for (uint32_t i = 0; i < p->n; i++)
            share += share_of_bytes(&p->at[i], p->width);
        return share < 1 ? share : 1;
    }
    for (uint32_t i = 0; i < p->n; i++)
        share += p->at[i].share;
    share *= dependence[p->width];
    return share < 1 ? share : 1;
}

static void keep_best(struct scanner *s, struct bucket_plan **plan, const struct pile *p, uint32_t n_sets,
                      double per_candidate, double *best)
{
    double share = share_of_pile(p), cost = filter_cost(loop_cycles(p->width, n_sets), share, per_candidate);
    if (cost >= *best) return;
    *best = cost;
    struct bucket_plan *kept = *plan = ARENA_NEW(s->arena, struct bucket_plan);
    *kept = (struct bucket_plan){.width = p->width, .n_sets = n_sets, .share = share, .n_buckets = p->n};
    memcpy(kept->buckets, p->at, p->n * sizeof *p->at);
    kept->bucket_of = ARENA_ARRAY(s->arena, uint32_t, p->n_grams);
    memcpy(kept->bucket_of, p->bucket_of, p->n_grams * sizeof *p->bucket_of);
}

void buckets_try(struct scanner *s, struct bucket_plan **plan, const struct gram *grams, uint32_t n, uint32_t width,
                 double joint, double per_candidate, double *best)
{
    struct pile p = {.at = ARENA_ARRAY(s->arena, struct bucket, n), .n = n, .width = width, .n_grams = n};
    p.partner = ARENA_ARRAY(s->arena, uint32_t, n);
    p.increase = ARENA_ARRAY(s->arena, double, n);
    p.bucket_of = ARENA_ARRAY(s->arena, uint32_t, n);
    p.joint = joint;
    for (uint32_t i = 0; i < n; i++) {
        p.at[i] = bucket_of(&grams[i], width);
        p.bucket_of[i] = i;
    }
    for (uint32_t i = 0; i < n; i++)
        find_partner(&p, i);
    for (uint32_t n_sets = MAX_SETS; n_sets; n_sets /= 2) {
        while (p.n > n_sets * BUCKETS_PER_SET)
            merge_cheapest(&p);
        keep_best(s, plan, &p, n_sets, per_candidate, best);
    }
}

uint32_t buckets_width(const struct bucket_plan *plan)
{
    return plan->width;
}

double buckets_share(const struct bucket_plan *plan)
{
    return plan->share;
}

uint32_t buckets_count(const struct bucket_plan *plan)
{
    return plan->n_buckets;
}

const uint32_t *buckets_of_grams(const struct bucket_plan *plan)
{
    return plan->bucket_of;
}

/* ---- text ---- */

static void print_half(struct scanner *s, const struct bucket_plan *plan, const char *half, uint32_t set, uint32_t at)
{
    unsigned char table[HALVES] = {0};
    for (uint32_t i = 0; i < BUCKETS_PER_SET && set * BUCKETS_PER_SET + i < plan->n_buckets; i++) {
        const struct bucket *b = &plan->buckets[set * BUCKETS_PER_SET + i];
        uint32_t values = *half == 'l' ? b->low[at] : b->high[at];
        for (uint32_t v = 0; v < HALVES; v++)
            table[v] |= (unsigned char)((values >> v & 1) << i);
    }
    print_byte_table(s, arena_printf(s->arena, "%s%u%c", half, set, 'a' + (int)at), table, HALVES);
}

void buckets_print_tables(struct scanner *s, const struct bucket_plan *plan)
{
    out_printf(s->out, "\n// The buckets that each half of each byte of a gram allows: %u in %u set%s.\n",
               plan->n_buckets, plan->n_sets, plan->n_sets > 1 ? "s" : "");
    for (uint32_t set = 0; set < plan->n_sets; set++)
        for (uint32_t at = 0; at < plan->width; at++) {
            print_half(s, plan, "low", set, at);
            print_half(s, plan, "high", set, at);
        }
}

void buckets_print_hits(struct scanner *s, const struct bucket_plan *plan, uint32_t vector)
{
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

void buckets_print_bits(struct scanner *s, const struct bucket_plan *plan, const char *indent)
{
    for (uint32_t at = 0; at < plan->width; at++)
        print_text(s, indent, "let text%c = text[at + %u];\n", 'a' + (int)at, at);
    print_text(s, indent, "let met = ");
    for (uint32_t set = 0; set < plan->n_sets; set++) {
        print_text(s, "", "%su32(", set ? " | " : "");
        for (uint32_t at = 0; at < plan->width; at++)
            print_text(s, "", "%s@_low%u%c[u32(text%c & 15)] & @_high%u%c[u32(text%c >> 4)]", at ? " & " : "", set,
                       'a' + (int)at, 'a' + (int)at, set, 'a' + (int)at, 'a' + (int)at);
        print_text(s, "", ")%s", set ? arena_printf(s->arena, " << %u", set * BUCKETS_PER_SET) : "");
    }
    print_text(s, "", ";\n");
}

/* ---- literals ---- */

static struct gram gram_of(const struct literal *l, uint32_t width, bool ignore_case)
{
    struct gram gram = {.n = gram_bytes(l, width)};
    for (uint32_t i = 0; i < gram.n; i++) {
        unsigned char c = l->bytes[l->gram + i];
        set_add(&gram.bytes[i], c);
        if (ignore_case && c >= 'a' && c <= 'z') set_add(&gram.bytes[i], c ^ 32u);
    }
    return gram;
}

static double plan_literals(struct scanner *s, const char **why)
{
    uint32_t n = s->list->literals.n;
    struct bucket_plan *plan = NULL;
    double best = INFINITY;
    *why = "it takes at most 400 literals";
    if (n > MAX_GRAMS) return -1;
    struct gram *grams = ARENA_ARRAY(s->arena, struct gram, n);
    for (uint32_t width = 1; width <= MAX_WIDTH; width++) {
        double joint = model_choose_grams(s->list, width, s->request->ignore_case);
        for (uint32_t i = 0; i < n; i++)
            grams[i] = gram_of(&s->list->literals.at[i], width, s->request->ignore_case);
        buckets_try(s, &plan, grams, n, width, joint, CYCLES_PER_LITERAL, &best);
    }
    s->plan = plan;
    s->gram_width = plan->width;
    model_choose_grams(s->list, s->gram_width, s->request->ignore_case);
    return best;
}

static void print_literal_hits(struct scanner *s, uint32_t vector)
{
    buckets_print_hits(s, s->plan, vector);
}

static void print_tables(struct scanner *s)
{
    buckets_print_tables(s, s->plan);
    verify_print_tables(s);
}

static void print_program(struct scanner *s, enum report report)
{
    static const struct filter_kind kind = {print_literal_hits, verify_print_candidate, NULL, NULL};
    filter_print_program(s, report, buckets_share(s->plan), &kind);
}

const struct form_kind form_buckets = {"buckets", plan_literals, print_tables, print_program};
