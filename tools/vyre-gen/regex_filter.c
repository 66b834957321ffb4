/* regex_filter.c - follows matches only from where a filter of half bytes lets them begin. A place that gets through has buckets, a bucket has
 * patterns, and each of these is followed from its first byte on. */
#include <math.h>

#include "tools/vyre-gen/regex.h"

/* The patterns of each bucket. Where a pattern is in several, the lowest of those that are met takes it. */
struct entries {
    uint32_t *begin;
    VEC(uint32_t) pattern, lower;
};

static void collect(struct regex_set *set, uint32_t width, struct gram *grams, uint32_t *n)
{
    for (uint32_t i = 0; i < set->list->patterns.n; i++) {
        struct pattern *p = &set->list->patterns.at[i];
        if (p->part != PART_FILTER) continue;
        const struct grams *of = &p->grams[width - 1];
        for (uint32_t k = 0; k < of->n && *n < MAX_GRAMS; k++)
            grams[(*n)++] = of->at[k];
    }
}

static uint32_t count(const struct regex_set *set, uint32_t width)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < set->list->patterns.n; i++)
        if (set->list->patterns.at[i].part == PART_FILTER) n += set->list->patterns.at[i].grams[width - 1].n;
    return n;
}

double filter_plan(struct regex_set *set)
{
    double best = INFINITY;
    set->buckets = NULL;
    struct gram *grams = ARENA_ARRAY(set->s.arena, struct gram, MAX_GRAMS);
    for (uint32_t width = 1; width <= MAX_WIDTH; width++) {
        uint32_t n = 0;
        if (count(set, width) > MAX_GRAMS) continue;
        collect(set, width, grams, &n);
        buckets_try(&set->s, &set->buckets, grams, n, width, -1, CYCLES_PER_PATTERN, &best);
    }
    return set->buckets ? best : -1;
}

/* ---- tables ---- */

static uint32_t buckets_of_pattern(const struct regex_set *set, uint32_t number)
{
    const uint32_t *bucket_of = buckets_of_grams(set->buckets);
    uint32_t at = 0, buckets = 0, width = buckets_width(set->buckets);
    for (uint32_t i = 0; i <= number; i++) {
        const struct pattern *p = &set->list->patterns.at[i];
        if (p->part != PART_FILTER) continue;
        for (uint32_t k = 0; k < p->grams[width - 1].n; k++, at++)
            if (i == number) buckets |= UINT32_C(1) << bucket_of[at];
    }
    return buckets;
}

static struct entries list_entries(struct regex_set *set)
{
    struct arena *arena = set->s.arena;
    uint32_t n = set->list->patterns.n, n_buckets = buckets_count(set->buckets);
    uint32_t *buckets = ARENA_ARRAY(arena, uint32_t, n);
    struct entries e = {.begin = ARENA_ARRAY(arena, uint32_t, (size_t)n_buckets + 1)};
    for (uint32_t i = 0; i < n; i++)
        if (set->list->patterns.at[i].part == PART_FILTER) buckets[i] = buckets_of_pattern(set, i);
    for (uint32_t b = 0; b < n_buckets; b++) {
        for (uint32_t i = 0; i < n; i++) {
            if (!(buckets[i] >> b & 1)) continue;
            vec_push(arena, &e.pattern, i);
            vec_push(arena, &e.lower, buckets[i] & ((UINT32_C(1) << b) - 1));
        }
        e.begin[b + 1] = e.pattern.n;
    }
    return e;
}

/* Sets as eight numbers of 32 bits. */
static void print_probes(struct regex_set *set)
{
    enum { PARTS = ALL_BYTES / 32 };
    struct scanner *s = &set->s;
    uint32_t n = s->n_patterns * N_PROBES;
    uint32_t *sets = ARENA_ARRAY(s->arena, uint32_t, (size_t)n *PARTS);
    for (uint32_t i = 0; i < n; i++) {
        const struct pattern *p = &set->list->patterns.at[i / N_PROBES];
        const struct probe *probe = &p->grams[buckets_width(set->buckets) - 1].probes[i % N_PROBES];
        for (uint32_t k = 0; k < PARTS; k++)
            sets[i * PARTS + k] = (uint32_t)(probe->set.bits[k / 2] >> 32 * (k % 2));
    }
    print_text(s, "", "\n// The bytes that each pattern may have at two such places, as bits.\n");
    print_table(s, "probed", sets, n * PARTS, 32);
}

/* One number has all that is needed of an entry at once: it is looked up for many places side by side. */
enum { GRAM_SHIFT = 14, PROBE_SHIFT = 20, PROBE_BITS = 6 };

static void print_entries(struct regex_set *set, const struct entries *e)
{
    struct scanner *s = &set->s;
    uint32_t n_buckets = buckets_count(set->buckets), width = buckets_width(set->buckets);
    uint32_t *bounds = ARENA_ARRAY(s->arena, uint32_t, n_buckets),
             *entries = ARENA_ARRAY(s->arena, uint32_t, e->pattern.n);
    for (uint32_t b = 0; b < n_buckets; b++)
        bounds[b] = e->begin[b] | e->begin[b + 1] << 16;
    for (uint32_t i = 0; i < e->pattern.n; i++) {
        const struct grams *grams = &set->list->patterns.at[e->pattern.at[i]].grams[width - 1];
        entries[i] = e->pattern.at[i] | grams->distance << GRAM_SHIFT;
        for (uint32_t k = 0; k < N_PROBES; k++)
            entries[i] |= grams->probes[k].distance << (PROBE_SHIFT + k * PROBE_BITS);
    }
    print_text(s, "", "\n// Where the entries of each bucket begin, and, 16 bits up, where they end.\n");
    print_table(s, "entries", bounds, n_buckets, 32);
    print_text(s, "",
               "\n// A pattern; %u bits up how far from the byte before a match its gram is; %u bits up how far from "
               "the first "
               "one, twice, a\n// place that tells most of what is no match.\n",
               GRAM_SHIFT, PROBE_SHIFT);
    print_table(s, "entry", entries, e->pattern.n, 32);
    print_text(s, "", "\n// The lower buckets that have the same pattern.\n");
    print_table(s, "lower", e->lower.at, e->lower.n, 32);
}

void filter_print_tables(struct regex_set *set)
{
    struct entries e = list_entries(set);
    print_text(&set->s, "", "\n// The filter is expected to let through %.3f of 100 places.\n",
               100 * buckets_share(set->buckets));
    buckets_print_tables(&set->s, set->buckets);
    print_entries(set, &e);
    print_probes(set);
}

/* ---- text ---- */

static struct regex_set *set_of(struct scanner *s)
{
    return s->plan;
}

static void print_hits(struct scanner *s, uint32_t vector)
{
    buckets_print_hits(s, set_of(s)->buckets, vector);
}

/* The first byte by itself, then all that follow. */
static void print_narrow(struct regex_set *set, enum report report, const char *indent)
{
    follow_print_lets(set, indent);
    print_text(&set->s, indent, "var i = start;\nvar state = 0u64;\n{\n");
    const char *inner = arena_printf(set->s.arena, "%s  ", indent);
    follow_print_byte(set, inner);
    print_text(&set->s, inner, "state = %s & @_own[chosen] & accepted;\n",
               set->has_before ? arena_printf(set->s.arena, "@_first[kind * %u + word]", set->n_words) : "first");
    follow_print_kind(set, inner);
    if (set->has_single) follow_print_report(set, report, inner, false);
    print_text(&set->s, indent, "}\ni = i + 1;\n");
    follow_print_tail(set, report, indent);
}

static void print_wide(struct regex_set *set, enum report report, const char *indent)
{
    print_text(&set->s, indent,
               "let n_words = u32(@_n_words[chosen]);\n"
               "var i = start;\n"
               "for k in 0u32..n_words {\n"
               "  states[k] = 0;\n"
               "}\n");
    print_text(&set->s, indent, "{\n");
    wide_print_main(set, report, arena_printf(set->s.arena, "%s  ", indent));
    print_text(&set->s, indent, "}\ni = i + 1;\n");
    wide_print_tail(set, report, indent);
}

static void print_pattern(struct regex_set *set, enum report report, const char *indent)
{
    struct scanner *s = &set->s;
    uint32_t n_narrow = set->part_word[PART_FILTER + 1] - set->part_word[PART_FILTER];
    bool has_wide = false;
    for (uint32_t i = 0; i < s->n_patterns; i++)
        has_wide = has_wide || (set->list->patterns.at[i].part == PART_FILTER && set->list->patterns.at[i].n_words > 1);
    const char *inner = arena_printf(s->arena, "%s  ", indent);
    print_text(s, indent, "let word = u32(@_word[chosen]);\n");
    if (set->has_before) print_text(s, indent, "var kind = select(start == from, 0, u32(@_kind[text[start - 1]]));\n");
    if (n_narrow && has_wide) print_text(s, indent, "if @_n_words[chosen] == 1 {\n");
    if (n_narrow) print_narrow(set, report, has_wide ? inner : indent);
    if (n_narrow && has_wide) print_text(s, indent, "} else {\n");
    if (has_wide) print_wide(set, report, n_narrow ? inner : indent);
    if (n_narrow && has_wide) print_text(s, indent, "}\n");
}

/* The buckets of patterns whose grams begin before their matches. */
static uint32_t buckets_before(const struct regex_set *set)
{
    uint32_t buckets = 0, width = buckets_width(set->buckets);
    for (uint32_t i = 0; i < set->s.n_patterns; i++) {
        const struct pattern *p = &set->list->patterns.at[i];
        if (p->part == PART_FILTER && p->grams[width - 1].distance == 0) buckets |= buckets_of_pattern(set, i);
    }
    return buckets;
}

/* Where a text or a region begins, nothing stands before a match: those places of the window are candidates as well. */
static void print_begins(struct scanner *s, enum report report)
{
    if (!buckets_before(set_of(s))) {
        print_text(s, "  ", "let n_begins = 0u32;\n");
        return;
    }
    if (report != REPORT_PRESENCE) {
        print_text(s, "  ", "let n_begins = u32(window == 0);\n");
        return;
    }
    print_text(
        s, "  ",
        "var first_begin = 0u32;                   // the regions that begin before the window, and before its end\n"
        "var last_begin = 0u32;\n"
        "for half in 0u32..2 {\n"
        "  var low = 0u32;\n"
        "  var high = len(begins);\n"
        "  for halving in 0u32..32 {\n"
        "    if low >= high {\n"
        "      break;\n"
        "    }\n"
        "    let middle = low + (high - low) / 2;\n"
        "    if begins[middle] / 8192 < wid.x + half {\n"
        "      low = middle + 1;\n"
        "    } else {\n"
        "      high = middle;\n"
        "    }\n"
        "  }\n"
        "  first_begin = select(half == 0, low, first_begin);\n"
        "  last_begin = low;\n"
        "}\n"
        "let n_begins = last_begin - first_begin;\n");
}

static void print_place(struct regex_set *set, enum report report)
{
    struct scanner *s = &set->s;
    uint32_t before = buckets_before(set);
    print_text(s, "    ", "var place = at + 1;\nvar buckets = met;\n");
    if (before && report == REPORT_PRESENCE)
        print_text(s, "    ",
                   "if is_begin {                             // of regions that begin at one place all but the last "
                   "are empty\n"
                   "  let which = first_begin + candidate - n_candidates;\n"
                   "  place = begins[which];\n"
                   "  buckets = select(which + 1 != len(begins) && begins[which + 1] == place, 0, %u);\n"
                   "}\n",
                   before);
    if (before && report != REPORT_PRESENCE)
        print_text(s, "    ", "if is_begin {\n  place = 0;\n  buckets = %u;\n}\n", before);
    if (report == REPORT_PRESENCE)
        bounds_print(set, report, before ? "select(is_begin, place, at)" : "at", "    ");
    else
        print_text(s, "    ", "let from = 0u32;\nlet end = len(text);\n");
}

static void print_candidate(struct scanner *s, enum report report)
{
    struct regex_set *set = set_of(s);
    buckets_print_bits(s, set->buckets, "    ");
    print_place(set, report);
    print_text(
        s, "    ",
        "var rest_of_buckets = buckets;\n"
        "for turn in 0u32..popcount(buckets) {\n"
        "  let bucket = ctz(rest_of_buckets);\n"
        "  rest_of_buckets = rest_of_buckets & (rest_of_buckets - 1);\n"
        "  let bounds = @_entries[bucket];\n"
        "  for number in bounds & 0xFFFF..bounds >> 16 {\n"
        "    let entry = @_entry[number];\n"
        "    let chosen = entry & 0x3FFF;\n"
        "    let distance = entry >> 14 & 63;\n"
        "    let start = place - distance;\n"
        "    let probe0 = u32(text[start + (entry >> 20 & 63)]);\n"
        "    let probe1 = u32(text[start + (entry >> 26)]);\n"
        "    let passes = @_probed[chosen * 16 + probe0 / 32] >> (probe0 & 31) & @_probed[chosen * 16 + 8 + probe1 / "
        "32] >> (probe1 & 31);\n"
        "    if (buckets & @_lower[number]) == 0 && (passes & 1) != 0 && start < end && place <= end && place - "
        "from >= distance && (distance == 0 || !is_begin) {\n");
    print_pattern(set, report, "          ");
    print_text(s, "    ", "    }\n  }\n}\n");
}

static void print_locals(struct scanner *s)
{
    wide_print_locals(set_of(s));
}

void filter_print_programs(struct regex_set *set, enum report report)
{
    static const struct filter_kind kind = {print_hits, print_candidate, print_locals, print_begins};
    set->s.plan = set;
    set->s.gram_width = buckets_width(set->buckets);
    filter_print_program(&set->s, report, buckets_share(set->buckets), &kind);
}
