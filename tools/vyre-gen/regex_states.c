/* regex_states.c - the form that has a table of states: each is a set of positions that may be open at once. At the end of a chunk the set is taken
 * from another table, and its matches are followed as everywhere. States can be as many as sets of positions, so they are limited; making them takes
 * time of states times classes of bytes times words. */
#include <string.h>

#include "tools/vyre-gen/regex.h"

enum { MAX_STATES = 8192, MAX_TABLE_BYTES = 4 << 20, MAX_STATE_WORDS = 64, N_SLOTS = 4 * MAX_STATES };

struct automaton {
    struct arena *arena;
    const struct regex_set *set;
    struct byte_classes classes;
    uint32_t first_word, n_words;
    bool by_kind;       /* a state knows what stands before */
    uint64_t *follows;  /* of each position */
    uint64_t *accepted; /* of each class */
    uint64_t *first;    /* of each of enum before */
    VEC(uint64_t) sets; /* n_words of each state */
    VEC(uint8_t) kinds; /* of each state */
    VEC(uint32_t) next; /* n_classes of each state */
    uint32_t *slots;    /* a state's number, from 1 */
    uint32_t n_states, start[N_BEFORE];
};

/* ---- what it is made of ---- */

static bool is_here(const struct pattern *p)
{
    return p->part == PART_STATES;
}

static void find_classes(struct automaton *a)
{
    classes_begin(&a->classes);
    for (uint32_t i = 0; i < a->set->list->patterns.n; i++) {
        const struct pattern *p = &a->set->list->patterns.at[i];
        for (uint32_t k = 0; is_here(p) && k < p->machine.n; k++) {
            classes_tell_apart(&a->classes, &p->machine.positions[k].set);
            if (p->machine.positions[k].first && p->machine.positions[k].first != ANY_BEFORE) a->by_kind = true;
        }
    }
    if (a->by_kind) classes_tell_kinds(&a->classes);
}

static void add_bit(uint64_t *words, uint32_t at)
{
    words[at / WORD_BITS] |= UINT64_C(1) << at % WORD_BITS;
}

static void add_pattern(struct automaton *a, const struct pattern *p)
{
    uint32_t base = (p->word - a->first_word) * WORD_BITS + p->bit;
    for (uint32_t i = 0; i < p->machine.n; i++) {
        const struct position *position = &p->machine.positions[i];
        for (uint32_t c = 0; c < a->classes.n; c++)
            if (set_has(&position->set, a->classes.sample[c])) add_bit(a->accepted + (size_t)c * a->n_words, base + i);
        for (uint32_t k = 0; k < N_BEFORE; k++)
            if (position->first >> k & 1) add_bit(a->first + (size_t)k * a->n_words, base + i);
    }
    for (uint32_t i = 0; i < p->machine.n_moves; i++)
        add_bit(a->follows + (size_t)(base + p->machine.moves[i].from) * a->n_words, base + p->machine.moves[i].to);
}

static void prepare(struct automaton *a)
{
    size_t n = a->n_words;
    find_classes(a);
    a->follows = ARENA_ARRAY(a->arena, uint64_t, n * WORD_BITS * n);
    a->accepted = ARENA_ARRAY(a->arena, uint64_t, n * a->classes.n);
    a->first = ARENA_ARRAY(a->arena, uint64_t, n *N_BEFORE);
    a->slots = ARENA_ARRAY(a->arena, uint32_t, N_SLOTS);
    for (uint32_t i = 0; i < a->set->list->patterns.n; i++)
        if (is_here(&a->set->list->patterns.at[i])) add_pattern(a, &a->set->list->patterns.at[i]);
}

/* ---- states ---- */

static uint32_t hash_set(const uint64_t *words, uint32_t n, uint32_t kind)
{
    uint64_t hash = kind + 1;
    for (uint32_t i = 0; i < n; i++)
        hash = (hash ^ words[i]) * UINT64_C(0x9E3779B97F4A7C15), hash ^= hash >> 29;
    return (uint32_t)(hash >> 32);
}

/* The number of a state, a new one where there is none of it. */
static uint32_t find_state(struct automaton *a, const uint64_t *words, uint32_t kind)
{
    size_t bytes = a->n_words * sizeof *words;
    uint32_t at = hash_set(words, a->n_words, kind) % N_SLOTS;
    for (; a->slots[at]; at = (at + 1) % N_SLOTS) {
        uint32_t state = a->slots[at] - 1;
        if (a->kinds.at[state] == kind && !memcmp(a->sets.at + (size_t)state * a->n_words, words, bytes)) return state;
    }
    a->slots[at] = ++a->n_states;
    for (uint32_t i = 0; i < a->n_words; i++)
        vec_push(a->arena, &a->sets, words[i]);
    vec_push(a->arena, &a->kinds, (uint8_t)kind);
    return a->n_states - 1;
}

/* Where a state may go to, before the byte is looked at. */
static void find_reach(const struct automaton *a, uint32_t state, uint64_t *reach)
{
    const uint64_t *words = a->sets.at + (size_t)state * a->n_words;
    memcpy(reach, a->first + (size_t)a->kinds.at[state] * a->n_words, a->n_words * sizeof *reach);
    for (uint32_t i = 0; i < a->n_words; i++)
        for (uint64_t rest = words[i]; rest; rest &= rest - 1) {
            const uint64_t *row = a->follows + ((size_t)i * WORD_BITS + (uint32_t)__builtin_ctzll(rest)) * a->n_words;
            for (uint32_t k = 0; k < a->n_words; k++)
                reach[k] |= row[k];
        }
}

static void find_next(struct automaton *a, uint32_t state, uint64_t *reach, uint64_t *words)
{
    find_reach(a, state, reach);
    for (uint32_t c = 0; c < a->classes.n; c++) {
        for (uint32_t k = 0; k < a->n_words; k++)
            words[k] = reach[k] & a->accepted[(size_t)c * a->n_words + k];
        uint32_t kind = a->by_kind ? byte_kind(a->classes.sample[c]) : 0;
        uint32_t next = find_state(a, words, kind);
        vec_push(a->arena, &a->next, next);
    }
}

/* False where there are too many. */
static bool find_states(struct automaton *a)
{
    uint64_t *reach = ARENA_ARRAY(a->arena, uint64_t, a->n_words), *words = ARENA_ARRAY(a->arena, uint64_t, a->n_words);
    for (uint32_t kind = 0; kind < N_BEFORE; kind++)
        a->start[kind] = find_state(a, words, a->by_kind ? kind : 0);
    for (uint32_t state = 0; state < a->n_states; state++) {
        find_next(a, state, reach, words);
        if (a->n_states > MAX_STATES || (size_t)a->n_states * a->classes.n * 4 > MAX_TABLE_BYTES) return false;
    }
    return true;
}

/* For the patterns that are of this part now; `words_assign` has been called. NULL where they have too many states. */
static struct automaton *build(struct regex_set *set)
{
    struct automaton *a = ARENA_NEW(set->s.arena, struct automaton);
    *a = (struct automaton){.arena = set->s.arena, .set = set, .first_word = set->part_word[PART_STATES]};
    a->n_words = set->part_word[PART_STATES + 1] - a->first_word;
    if (!a->n_words || a->n_words > MAX_STATE_WORDS) return NULL;
    prepare(a);
    return find_states(a) ? a : NULL;
}

bool states_suit(struct regex_set *set)
{
    words_assign(set);
    set->automaton = build(set);
    return set->automaton;
}

double states_cost(const struct regex_set *set)
{
    size_t bytes = (size_t)set->automaton->n_states * set->automaton->classes.n * 2;
    return bytes < 32000 ? 2.2 : bytes < 1000000 ? 3 : 5;
}

/* ---- tables ---- */

/* States in which matches may end have the highest numbers. */
static uint32_t *number_states(const struct automaton *a, const uint64_t *ends, uint32_t *first_final)
{
    uint32_t *number = ARENA_ARRAY(a->arena, uint32_t, a->n_states), n = 0;
    for (uint32_t final = 0; final < 2; final++) {
        if (final) *first_final = n;
        for (uint32_t i = 0; i < a->n_states; i++) {
            uint64_t any = 0;
            for (uint32_t k = 0; k < a->n_words; k++)
                any |= a->sets.at[(size_t)i * a->n_words + k] & ends[k];
            if ((any != 0) == final) number[i] = n++;
        }
    }
    return number;
}

struct outputs {
    uint32_t *begin;
    VEC(uint32_t) pattern, when;
};

/* What stands behind the ends of a pattern that this set of positions may be. */
static uint32_t ends_of(const struct automaton *a, const uint64_t *words, const struct pattern *p)
{
    uint32_t base = (p->word - a->first_word) * WORD_BITS + p->bit, when = 0;
    for (uint32_t i = 0; i < p->machine.n; i++)
        if (words[(base + i) / WORD_BITS] >> (base + i) % WORD_BITS & 1) when |= p->machine.positions[i].last;
    return when;
}

static void add_outputs(const struct automaton *a, uint32_t state, struct outputs *out)
{
    for (uint32_t i = 0; i < a->set->list->patterns.n; i++) {
        const struct pattern *p = &a->set->list->patterns.at[i];
        uint32_t when = is_here(p) ? ends_of(a, a->sets.at + (size_t)state * a->n_words, p) : 0;
        if (!when) continue;
        vec_push(a->arena, &out->pattern, i);
        vec_push(a->arena, &out->when, when);
    }
}

static uint64_t *find_ends(const struct automaton *a)
{
    uint64_t *ends = ARENA_ARRAY(a->arena, uint64_t, a->n_words);
    for (uint32_t i = 0; i < a->set->list->patterns.n; i++) {
        const struct pattern *p = &a->set->list->patterns.at[i];
        for (uint32_t k = 0; is_here(p) && k < p->machine.n; k++)
            if (p->machine.positions[k].last) add_bit(ends, (p->word - a->first_word) * WORD_BITS + p->bit + k);
    }
    return ends;
}

static void print_outputs(struct regex_set *set, const struct outputs *out, uint32_t n_finals)
{
    print_text(&set->s, "", "\n// The patterns that may end in each of those states%s.\n",
               set->has_behind ? ", and what may stand behind them then" : "");
    print_table(&set->s, "out_begin", out->begin, n_finals + 1, 8);
    print_table(&set->s, "out", out->pattern.at, out->pattern.n, 8);
    if (set->has_behind) print_table(&set->s, "when", out->when.at, out->when.n, 8);
}

void states_print_tables(struct regex_set *set)
{
    struct automaton *a = set->automaton;
    struct scanner *s = &set->s;
    uint32_t n_classes = a->classes.n, first_final = 0, *number = number_states(a, find_ends(a), &first_final);
    uint32_t *next = ARENA_ARRAY(a->arena, uint32_t, (size_t)a->n_states *n_classes), *state_of;
    uint64_t *sets = ARENA_ARRAY(a->arena, uint64_t, (size_t)a->n_states * a->n_words);
    struct outputs out = {.begin = ARENA_ARRAY(a->arena, uint32_t, a->n_states - first_final + 1)};
    state_of = ARENA_ARRAY(a->arena, uint32_t, a->n_states);
    for (uint32_t i = 0; i < a->n_states; i++) {
        state_of[number[i]] = i;
        for (uint32_t c = 0; c < n_classes; c++)
            next[number[i] * n_classes + c] = number[a->next.at[i * n_classes + c]];
        memcpy(sets + (size_t)number[i] * a->n_words, a->sets.at + (size_t)i * a->n_words, a->n_words * sizeof *sets);
    }
    for (uint32_t i = first_final; i < a->n_states; i++) {
        add_outputs(a, state_of[i], &out);
        out.begin[i - first_final + 1] = out.pattern.n;
    }
    for (uint32_t kind = 0; kind < N_BEFORE; kind++)
        set->start[kind] = number[a->start[kind]];
    set->first_final = first_final;
    print_text(
        s, "",
        "\n// %u states over %u classes of bytes; in those from %u on matches end. The positions that each is.\n",
        a->n_states, n_classes, first_final);
    print_byte_table(s, "state_class", a->classes.of, ALL_BYTES);
    print_table(s, "next", next, a->n_states * n_classes, 16);
    print_word_table(s, "sets", sets, a->n_states * a->n_words);
    if (set->has_before) print_table(s, "start", set->start, N_BEFORE, 16);
    print_outputs(set, &out, a->n_states - first_final);
}

/* ---- text ---- */

static void print_reports(struct regex_set *set, enum report report)
{
    struct scanner *s = &set->s;
    print_text(s, "    ", "if number >= %u {\n", set->first_final);
    if (set->has_behind) follow_print_behind(set, "      ");
    print_text(s, "      ",
               "for entry in u32(@_out_begin[number - %u])..u32(@_out_begin[number - %u]) {\n"
               "  let pattern = u32(@_out[entry]);\n",
               set->first_final, set->first_final - 1);
    if (set->has_behind) print_text(s, "        ", "if (u32(@_when[entry]) >> behind & 1) != 0 {\n");
    follow_print_match(set, report, set->has_behind ? "          " : "        ");
    if (set->has_behind) print_text(s, "        ", "}\n");
    print_text(s, "    ", "  }\n}\n");
}

void states_print_program(struct regex_set *set, enum report report)
{
    const struct automaton *a = set->automaton;
    struct scanner *s = &set->s;
    chunks_print_layout(set, report, 1);
    report_open(s, report);
    chunks_print_begin(set, report);
    if (set->has_before)
        print_text(s, "  ", "var number = u32(@_start[kind]);\n");
    else
        print_text(s, "  ", "var number = %uu32;\n", set->start[0]);
    print_text(s, "  ", "for i in begin..stop {\n");
    bounds_print_border(set, report, arena_printf(s->arena, "  number = %u;\n", set->start[BEFORE_BEGIN]), "    ");
    print_text(s, "    ", "number = u32(@_next[number * %u + u32(@_state_class[text[i]])]);\n", a->classes.n);
    print_reports(set, report);
    print_text(s, "  ",
               "}\n"
               "for word in %uu32..%u {\n"
               "  var state = @_sets[number * %u + word - %u];\n",
               a->first_word, a->first_word + a->n_words, a->n_words, a->first_word);
    if (set->has_before) print_text(s, "    ", "kind = u32(@_kind[text[stop - 1]]);\n");
    print_text(s, "    ", "var i = stop;\n");
    follow_print_lets(set, "    ");
    follow_print_tail(set, report, "    ");
    print_text(s, "  ", "}\n");
    report_close(s, report, false);
    out_text(s->out, "}\n");
}
