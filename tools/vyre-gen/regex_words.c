/* regex_words.c - positions as bits. Patterns of at most 64 positions share words, those of one part of the set beside each other; a larger one
 * has words of its own. Most moves lead to the next position or stay: those are a shift and an and. The others have a row of a table. */
#include <string.h>

#include "tools/vyre-gen/regex.h"

/* ---- classes of bytes ---- */

void classes_begin(struct byte_classes *c)
{
    memset(c, 0, sizeof(*c));
    c->n = 1;
}

void classes_tell_apart(struct byte_classes *c, const struct byte_set *set)
{
    uint32_t with[ALL_BYTES], n = 0; /* of each old class: the new one of its bytes in the set, from 1, and without */
    uint32_t without[ALL_BYTES];
    unsigned char of[ALL_BYTES];
    memset(with, 0, sizeof(with));
    memset(without, 0, sizeof(without));
    for (uint32_t i = 0; i < ALL_BYTES; i++) {
        uint32_t *class = set_has(set, i) ? &with[c->of[i]] : &without[c->of[i]];
        if (!*class) {
            c->sample[n] = (unsigned char)i;
            *class = ++n;
        }
        of[i] = (unsigned char)(*class - 1);
    }
    memcpy(c->of, of, sizeof(of));
    c->n = n;
}

void classes_tell_kinds(struct byte_classes *c)
{
    struct byte_set newline = {{0}}, word = {{0}};
    for (uint32_t i = 0; i < ALL_BYTES; i++) {
        if (byte_kind((unsigned char)i) == BEFORE_NEWLINE) set_add(&newline, i);
        if (byte_kind((unsigned char)i) == BEFORE_WORD) set_add(&word, i);
    }
    classes_tell_apart(c, &newline);
    classes_tell_apart(c, &word);
}

/* ---- places ---- */

static void assign_narrow(struct regex_set *set, enum part_kind part)
{
    uint32_t used = WORD_BITS;
    set->part_word[part] = set->n_words;
    for (uint32_t i = 0; i < set->list->patterns.n; i++) {
        struct pattern *p = &set->list->patterns.at[i];
        if (p->part != part || p->machine.n > WORD_BITS) continue;
        if (used + p->machine.n > WORD_BITS) {
            set->n_words++;
            used = 0;
        }
        p->word = set->n_words - 1;
        p->n_words = 1;
        p->bit = used;
        used += p->machine.n;
    }
}

static void assign_wide(struct regex_set *set)
{
    for (uint32_t i = 0; i < set->list->patterns.n; i++) {
        struct pattern *p = &set->list->patterns.at[i];
        if (p->machine.n <= WORD_BITS) continue;
        p->word = set->n_words;
        p->n_words = (p->machine.n + WORD_BITS - 1) / WORD_BITS;
        p->bit = 0;
        set->n_words += p->n_words;
        if (p->n_words > set->widest) set->widest = p->n_words;
    }
}

static void look_at(struct regex_set *set, const struct machine *m)
{
    for (uint32_t i = 0; i < m->n; i++) {
        const struct position *p = &m->positions[i];
        if (!i || memcmp(&p->set, &m->positions[i - 1].set, sizeof(p->set)) != 0)
            classes_tell_apart(&set->classes, &p->set);
        if (p->first && p->first != ANY_BEFORE) set->has_before = true;
        if (p->last && p->last != ANY_BEHIND) set->has_behind = true;
        if (p->first && p->last) set->has_single = true;
    }
    for (uint32_t i = 0; i < m->n_moves; i++)
        if (m->moves[i].to != m->moves[i].from && m->moves[i].to != m->moves[i].from + 1) set->has_special = true;
}

void words_assign(struct regex_set *set)
{
    classes_begin(&set->classes);
    set->n_words = set->widest = 0;
    memset(set->has_part, 0, sizeof(set->has_part));
    for (uint32_t i = 0; i < set->list->patterns.n; i++) {
        look_at(set, &set->list->patterns.at[i].machine);
        set->has_part[set->list->patterns.at[i].part] = true;
    }
    for (uint32_t part = 0; part < N_PARTS; part++)
        assign_narrow(set, (enum part_kind)part);
    set->part_word[N_PARTS] = set->n_words;
    assign_wide(set);
}

/* ---- tables ---- */

enum { NO_ROW = UINT32_MAX };

struct tables {
    uint64_t *accepted, *chain, *loops, *special, *first, *last, *ends, *own;
    uint32_t *rows, *pattern;
    VEC(uint64_t) follows;
};

static void fill_positions(const struct regex_set *set, struct tables *t, const struct pattern *p, uint32_t number)
{
    uint32_t n_classes = set->classes.n;
    for (uint32_t i = 0; i < p->machine.n; i++) {
        const struct position *position = &p->machine.positions[i];
        uint32_t word = p->word + (p->bit + i) / WORD_BITS;
        uint64_t bit = UINT64_C(1) << (p->bit + i) % WORD_BITS;
        for (uint32_t c = 0; c < n_classes; c++)
            if (set_has(&position->set, set->classes.sample[c])) t->accepted[word * n_classes + c] |= bit;
        for (uint32_t k = 0; k < N_BEFORE; k++)
            if (position->first >> k & 1) t->first[k * set->n_words + word] |= bit;
        for (uint32_t k = 0; k < N_BEHIND; k++)
            if (position->last >> k & 1) t->last[k * set->n_words + word] |= bit;
        if (position->last) t->ends[word] |= bit;
        t->pattern[word * WORD_BITS + (p->bit + i) % WORD_BITS] = number;
        if (p->n_words == 1) t->own[number] |= bit;
    }
}

static void fill_moves(struct tables *t, const struct pattern *p)
{
    for (uint32_t i = 0; i < p->machine.n_moves; i++) {
        const struct move *m = &p->machine.moves[i];
        uint32_t word = p->word + (p->bit + m->from) / WORD_BITS;
        uint64_t bit = UINT64_C(1) << (p->bit + m->from) % WORD_BITS;
        if (m->to == m->from)
            t->loops[word] |= bit;
        else if (m->to == m->from + 1)
            t->chain[word] |= bit;
        else
            t->special[word] |= bit;
    }
}

/* The moves of a position that are neither to itself nor to the next. */
static void add_row(struct arena *arena, struct tables *t, const struct pattern *p, uint32_t from, uint32_t first_move)
{
    uint32_t at = t->follows.n;
    for (uint32_t k = 0; k < p->n_words; k++)
        vec_push(arena, &t->follows, 0);
    for (uint32_t i = first_move; i < p->machine.n_moves && p->machine.moves[i].from == from; i++) {
        uint32_t to = p->machine.moves[i].to;
        if (to == from || to == from + 1) continue;
        t->follows.at[at + (p->bit + to) / WORD_BITS] |= UINT64_C(1) << (p->bit + to) % WORD_BITS;
    }
}

static void fill_rows(const struct regex_set *set, struct tables *t, const struct pattern *p)
{
    uint32_t move = 0;
    for (uint32_t i = 0; i < p->machine.n; i++) {
        uint32_t bit = p->bit + i, word = p->word + bit / WORD_BITS;
        while (move < p->machine.n_moves && p->machine.moves[move].from < i)
            move++;
        if (t->rows[word] == NO_ROW) t->rows[word] = t->follows.n;
        if (t->special[word] >> bit % WORD_BITS & 1) add_row(set->s.arena, t, p, i, move);
    }
}

static struct tables fill_tables(struct regex_set *set)
{
    struct arena *a = set->s.arena;
    uint32_t n = set->list->patterns.n, words = set->n_words;
    struct tables t = {.accepted = ARENA_ARRAY(a, uint64_t, (size_t)words * set->classes.n),
                       .chain = ARENA_ARRAY(a, uint64_t, words),
                       .loops = ARENA_ARRAY(a, uint64_t, words),
                       .special = ARENA_ARRAY(a, uint64_t, words),
                       .first = ARENA_ARRAY(a, uint64_t, (size_t)words *N_BEFORE),
                       .last = ARENA_ARRAY(a, uint64_t, (size_t)words *N_BEHIND),
                       .ends = ARENA_ARRAY(a, uint64_t, words),
                       .own = ARENA_ARRAY(a, uint64_t, n),
                       .rows = ARENA_ARRAY(a, uint32_t, words),
                       .pattern = ARENA_ARRAY(a, uint32_t, (size_t)words *WORD_BITS)};
    memset(t.rows, 0xFF, words * sizeof *t.rows);
    for (uint32_t i = 0; i < n; i++) {
        fill_positions(set, &t, &set->list->patterns.at[i], i);
        fill_moves(&t, &set->list->patterns.at[i]);
    }
    /* Rows lie in the order of words, and so of patterns in them. */
    for (uint32_t part = 0; part < N_PARTS; part++)
        for (uint32_t i = 0; i < n; i++)
            if (set->list->patterns.at[i].part == part && set->list->patterns.at[i].n_words == 1)
                fill_rows(set, &t, &set->list->patterns.at[i]);
    for (uint32_t i = 0; i < n; i++)
        if (set->list->patterns.at[i].n_words > 1) fill_rows(set, &t, &set->list->patterns.at[i]);
    return t;
}

static void print_kind_table(struct regex_set *set)
{
    unsigned char kinds[ALL_BYTES];
    for (uint32_t c = 0; c < ALL_BYTES; c++)
        kinds[c] = (unsigned char)byte_kind((unsigned char)c);
    print_text(&set->s, "", "\n// What a byte is to assertions: %u a newline, %u of a word, %u any other.\n",
               BEFORE_NEWLINE, BEFORE_WORD, BEFORE_OTHER);
    print_byte_table(&set->s, "kind", kinds, ALL_BYTES);
}

static void print_places(struct regex_set *set)
{
    uint32_t n = set->list->patterns.n;
    uint32_t *words = ARENA_ARRAY(set->s.arena, uint32_t, n), *counts = ARENA_ARRAY(set->s.arena, uint32_t, n);
    for (uint32_t i = 0; i < n; i++) {
        words[i] = set->list->patterns.at[i].word;
        counts[i] = set->list->patterns.at[i].n_words;
    }
    print_text(&set->s, "", "\n// The first word of each pattern, and how many it has.\n");
    print_table(&set->s, "word", words, n, 8);
    print_table(&set->s, "n_words", counts, n, 8);
}

void words_print_tables(struct regex_set *set)
{
    struct scanner *s = &set->s;
    struct tables t = fill_tables(set);
    uint32_t words = set->n_words;
    print_text(s, "", "\n// %u classes of bytes; %u words of positions, and of each, by class, those that take it.\n",
               set->classes.n, words);
    print_byte_table(s, "class", set->classes.of, ALL_BYTES);
    print_word_table(s, "accepted", t.accepted, words * set->classes.n);
    print_text(s, "", "\n// Positions that lead to the next, to themselves%s.\n",
               set->has_special ? ", and elsewhere: where to is told by rows, in order from the word's first on" : "");
    print_word_table(s, "chain", t.chain, words);
    print_word_table(s, "loops", t.loops, words);
    if (set->has_special) {
        print_word_table(s, "special", t.special, words);
        print_table(s, "rows", t.rows, words, 8);
        print_word_table(s, "follows", t.follows.at, t.follows.n);
    }
    print_text(s, "", "\n// Those that may be first%s and last%s.\n", set->has_before ? ", by what stands before," : "",
               set->has_behind ? ", by what stands behind" : "");
    print_word_table(s, "first", t.first, set->has_before ? words * N_BEFORE : words);
    if (set->has_behind) print_word_table(s, "last", t.last, words * N_BEHIND);
    print_word_table(s, "ends", t.ends, words);
    print_text(s, "", "\n// The pattern of each position, and the positions of each pattern in its word.\n");
    print_table(s, "pattern", t.pattern, words * WORD_BITS, 8);
    print_word_table(s, "own", t.own, set->list->patterns.n);
    if (set->has_part[PART_FILTER] || set->widest) print_places(set);
    if (set->has_before || set->has_behind) print_kind_table(set);
}
