/* regex_grams.c - the bytes that every match of a pattern has at some distance from its first one, or that stand around that: all sequences that the
 * positions there allow, each byte a set. The distance is where they are rarest. Takes time of the number of moves for each distance and length. */
#include <string.h>

#include "tools/vyre-gen/regex.h"

enum { MAX_DISTANCE = 32, MAX_GRAMS_OF_PATTERN = 48 };

struct walk {
    struct arena *arena;
    const struct machine *machine;
    const uint32_t *begin; /* of each position's moves, and the end of the last one's */
    uint32_t width;
    struct gram gram;  /* so far */
    struct grams *out; /* stops growing when there are too many */
};

static bool *reached_from(struct walk *w, const bool *positions)
{
    bool *next = ARENA_ARRAY(w->arena, bool, w->machine->n);
    for (uint32_t i = 0; i < w->machine->n; i++)
        for (uint32_t k = w->begin[i]; positions[i] && k < w->begin[i + 1]; k++)
            next[w->machine->moves[k].to] = true;
    return next;
}

static bool may_end(const struct machine *m, const bool *positions)
{
    for (uint32_t i = 0; i < m->n; i++)
        if (positions[i] && m->positions[i].last) return true;
    return false;
}

static bool same_set(const struct byte_set *a, const struct byte_set *b)
{
    return a->bits[0] == b->bits[0] && a->bits[1] == b->bits[1] && a->bits[2] == b->bits[2] && a->bits[3] == b->bits[3];
}

/* Of these positions those with the set of the first one, which are taken out. False when there are none. */
static bool take_group(const struct machine *m, bool *positions, bool *group, struct byte_set *set)
{
    bool found = false;
    for (uint32_t i = 0; i < m->n; i++) {
        group[i] = positions[i] && (!found || same_set(&m->positions[i].set, set));
        if (!group[i]) continue;
        *set = m->positions[i].set;
        found = true;
        positions[i] = false;
    }
    return found;
}

static void add_gram(struct walk *w, uint32_t n)
{
    w->gram.n = n;
    if (w->out->n <= MAX_GRAMS_OF_PATTERN)
        vec_reserve_one(w->arena, (void **)&w->out->at, &w->out->cap, w->out->n, sizeof *w->out->at),
            w->out->at[w->out->n++] = w->gram;
}

/* All sequences from byte `depth` on; the depth is at most that of a gram. */
static void extend(struct walk *w, bool *positions, uint32_t depth)
{
    bool *group = ARENA_ARRAY(w->arena, bool, w->machine->n);
    struct byte_set set;
    while (w->out->n <= MAX_GRAMS_OF_PATTERN && take_group(w->machine, positions, group, &set)) {
        w->gram.bytes[depth] = set;
        if (depth + 1 >= w->width || depth + 1 >= MAX_WIDTH || may_end(w->machine, group))
            add_gram(w, depth + 1);
        else
            extend(w, reached_from(w, group), depth + 1);
    }
}

static struct byte_set bytes_of(const struct machine *m, const bool *positions)
{
    struct byte_set set = {{0}};
    for (uint32_t i = 0; i < m->n; i++)
        for (uint32_t k = 0; positions[i] && k < 4; k++)
            set.bits[k] |= m->positions[i].set.bits[k];
    return set;
}

/* One sequence that has all: each byte is one of any position's. */
static void extend_roughly(struct walk *w, const bool *positions)
{
    uint32_t depth = 0;
    for (bool ends = false; depth < w->width && !ends; depth++) {
        w->gram.bytes[depth] = bytes_of(w->machine, positions);
        ends = may_end(w->machine, positions);
        positions = reached_from(w, positions);
    }
    w->out->n = 0;
    add_gram(w, depth);
}

static double probability(const struct grams *grams)
{
    double sum = 0;
    for (uint32_t i = 0; i < grams->n; i++)
        sum += model_sets(grams->at[i].bytes, grams->at[i].n);
    return sum;
}

static struct grams grams_at(struct walk *w, const bool *positions)
{
    struct grams grams = {0};
    bool *copy = ARENA_ARRAY(w->arena, bool, w->machine->n);
    for (uint32_t i = 0; i < w->machine->n; i++)
        copy[i] = positions[i];
    w->out = &grams;
    extend(w, copy, 0);
    if (grams.n > MAX_GRAMS_OF_PATTERN) extend_roughly(w, positions);
    grams.share = probability(&grams);
    return grams;
}

static struct byte_set bytes_of_kinds(uint32_t kinds)
{
    struct byte_set set = {{0}};
    for (uint32_t c = 0; c < ALL_BYTES; c++)
        if (kinds >> byte_kind((unsigned char)c) & 1) set_add(&set, c);
    return set;
}

/* With the byte before a match, by what the first positions ask of it. */
static struct grams grams_before(struct walk *w)
{
    const struct machine *m = w->machine;
    struct grams grams = {0};
    w->out = &grams;
    for (uint32_t kinds = 1; kinds <= ANY_BEFORE; kinds++) {
        bool *group = ARENA_ARRAY(w->arena, bool, m->n), any = false;
        for (uint32_t i = 0; i < m->n; i++) {
            group[i] = m->positions[i].first == kinds;
            any = any || group[i];
        }
        w->gram.bytes[0] = bytes_of_kinds(kinds);
        if (any && w->width == 1) add_gram(w, 1);
        if (any && w->width > 1) extend(w, group, 1);
    }
    w->out = NULL;
    grams.share = grams.n > MAX_GRAMS_OF_PATTERN ? 2 : probability(&grams);
    return grams;
}

static uint32_t *index_moves(struct arena *arena, const struct machine *m)
{
    uint32_t *begin = ARENA_ARRAY(arena, uint32_t, (size_t)m->n + 1);
    for (uint32_t i = 0; i < m->n_moves; i++)
        begin[m->moves[i].from + 1]++;
    for (uint32_t i = 0; i < m->n; i++)
        begin[i + 1] += begin[i];
    return begin;
}

/* The rarest bytes outside the gram, by how far they are from the first byte. */
static void choose_probes(struct grams *grams, uint32_t width, const struct byte_set *at, uint32_t n)
{
    bool taken[MAX_DISTANCE + 1] = {false};
    for (uint32_t k = 0; k < N_PROBES; k++) {
        struct probe *probe = &grams->probes[k];
        double least = 1;
        memset(&probe->set, 0xFF, sizeof(probe->set));
        for (uint32_t i = 0; i < n; i++) {
            double share = model_sets(&at[i], 1);
            if (share >= least || taken[i] || (i + 1 >= grams->distance && i + 1 < grams->distance + width)) continue;
            least = share;
            *probe = (struct probe){i, at[i]};
        }
        taken[probe->distance] = true;
    }
}

struct grams grams_choose(struct arena *arena, const struct machine *m, uint32_t width)
{
    struct walk w = {.arena = arena, .machine = m, .begin = index_moves(arena, m), .width = width};
    struct grams best = grams_before(&w);
    struct byte_set at[MAX_DISTANCE + 1]; /* the bytes of matches by their distance */
    uint32_t n = 0;
    bool *positions = ARENA_ARRAY(arena, bool, m->n);
    for (uint32_t i = 0; i < m->n; i++)
        positions[i] = m->positions[i].first != 0;
    while (n <= MAX_DISTANCE) {
        struct grams grams = grams_at(&w, positions);
        grams.distance = n + 1;
        if (grams.share < best.share) best = grams;
        at[n++] = bytes_of(m, positions);
        if (may_end(m, positions)) break; /* a match of this many bytes has none further on */
        positions = reached_from(&w, positions);
    }
    choose_probes(&best, width, at, n);
    return best;
}
