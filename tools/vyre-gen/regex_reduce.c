/* regex_reduce.c - leaves out what only moves the beginnings of matches: ends alone are looked for, and a match that begins later may have the same.
 * So x+y has the ends of xy, and [a-z]{0,50}key those of key. Takes time of the number of moves
 * times how often they lead back. */
#include <stdlib.h>

#include "tools/vyre-gen/regex.h"

/* ---- trees ---- */

static bool is_nothing(const struct regex *r)
{
    return (r->kind == REGEX_REPEAT && r->most == 0) || (r->kind == REGEX_SEQUENCE && r->of.n == 0);
}

static bool drop_in_sequence(struct regex *r)
{
    bool changed = false;
    for (uint32_t i = 0; i < r->of.n; i++) {
        changed = regex_drop_head(r->of.at[i]) || changed;
        if (!is_nothing(r->of.at[i])) break;
    }
    return changed;
}

/* Of the repetitions that a match may begin with the last ones are enough. */
static bool drop_repetitions(struct regex *r)
{
    bool changed = r->most > r->least;
    r->most = r->least;
    return (r->least == 1 && regex_drop_head(r->of.at[0])) || changed;
}

bool regex_drop_head(struct regex *r)
{
    bool changed = false;
    switch (r->kind) {
    case REGEX_SEQUENCE:
        return drop_in_sequence(r);
    case REGEX_CHOICE:
        for (uint32_t i = 0; i < r->of.n; i++)
            changed = regex_drop_head(r->of.at[i]) || changed;
        return changed;
    case REGEX_REPEAT:
        return drop_repetitions(r);
    case REGEX_SET:
    case REGEX_ASSERTION:
        break;
    }
    return false;
}

/* ---- automata ---- */

/* A move to where a match may begin as well. */
static bool is_needless(const struct machine *m, const struct move *move)
{
    uint32_t kinds = m->positions[move->from].kinds;
    return (m->positions[move->to].first & kinds) == kinds;
}

/* Marks what is reached over moves, from positions that are marked. */
static void spread(const struct machine *m, bool *marked, bool backward)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = 0; i < m->n_moves; i++) {
            const struct move *move = &m->moves[backward ? m->n_moves - 1 - i : i];
            uint32_t from = backward ? move->to : move->from, to = backward ? move->from : move->to;
            if (!marked[from] || marked[to]) continue;
            marked[to] = changed = true;
        }
    }
}

static int compare_moves(const void *a, const void *b)
{
    const struct move *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return x->to < y->to ? -1 : x->to > y->to;
}

void machine_reduce(struct arena *arena, struct machine *m)
{
    bool *begun = ARENA_ARRAY(arena, bool, m->n + 1), *ends = ARENA_ARRAY(arena, bool, m->n + 1);
    uint32_t *number = ARENA_ARRAY(arena, uint32_t, m->n + 1), n = 0, n_moves = 0;
    struct position *positions = ARENA_ARRAY(arena, struct position, m->n + 1);
    for (uint32_t i = 0; i < m->n_moves; i++)
        if (!is_needless(m, &m->moves[i])) m->moves[n_moves++] = m->moves[i];
    m->n_moves = n_moves;
    for (uint32_t i = 0; i < m->n; i++) {
        begun[i] = m->positions[i].first != 0;
        ends[i] = m->positions[i].last != 0;
    }
    spread(m, begun, false);
    spread(m, ends, true);
    for (uint32_t i = 0; i < m->n; i++) {
        number[i] = n;
        if (begun[i] && ends[i]) positions[n++] = m->positions[i];
    }
    struct move *moves = ARENA_ARRAY(arena, struct move, m->n_moves + 1);
    n_moves = 0;
    for (uint32_t i = 0; i < m->n_moves; i++) {
        struct move move = m->moves[i];
        if (begun[move.from] && ends[move.from] && begun[move.to] && ends[move.to])
            moves[n_moves++] = (struct move){number[move.from], number[move.to]};
    }
    if (n_moves) qsort(moves, n_moves, sizeof *moves, compare_moves);
    *m = (struct machine){positions, moves, n, n_moves};
}
