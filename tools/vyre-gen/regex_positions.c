/* regex_positions.c - Glushkov's construction. Each set of a tree is a position; a match is a way from one to the next. What assertions ask for is
 * kept with each move, as the gaps in which it is possible, until positions are split by the kinds of their bytes: then a move is possible or not.
 * Takes time and memory of the number of moves, which is limited. */
#include <stdlib.h>

#include "tools/vyre-gen/regex.h"

/* ---- construction ---- */

struct point {
    uint32_t position, gaps;
};
struct points {
    struct point *at;
    uint32_t n, cap;
};
/* A part of the tree: the positions that may come first and last in it, and the gaps in which it may be passed without a byte. */
struct fragment {
    struct points first, last;
    uint32_t empty;
};
struct gap_move {
    uint32_t from, to, gaps;
};
struct builder {
    struct arena *arena;
    VEC(struct byte_set) sets;
    VEC(struct gap_move) moves;
    bool too_many;
};

static struct fragment build(struct builder *b, const struct regex *r);

static void push(struct builder *b, struct points *points, uint32_t position, uint32_t gaps)
{
    if (!gaps) return;
    vec_reserve_one(b->arena, (void **)&points->at, &points->cap, points->n, sizeof *points->at);
    points->at[points->n++] = (struct point){position, gaps};
}

static void append(struct builder *b, struct points *to, const struct points *from, uint32_t gaps)
{
    for (uint32_t i = 0; i < from->n; i++)
        push(b, to, from->at[i].position, from->at[i].gaps & gaps);
}

static void link(struct builder *b, const struct points *from, const struct points *to)
{
    if ((uint64_t)from->n * to->n + b->moves.n > MAX_MOVES) b->too_many = true;
    for (uint32_t i = 0; i < from->n && !b->too_many; i++)
        for (uint32_t k = 0; k < to->n; k++) {
            uint32_t gaps = from->at[i].gaps & to->at[k].gaps;
            struct gap_move move = {from->at[i].position, to->at[k].position, gaps};
            if (gaps) vec_push(b->arena, &b->moves, move);
        }
}

/* a then z. */
static struct fragment join(struct builder *b, struct fragment a, struct fragment z)
{
    link(b, &a.last, &z.first);
    append(b, &a.first, &z.first, a.empty);
    append(b, &z.last, &a.last, z.empty);
    return (struct fragment){a.first, z.last, a.empty & z.empty};
}

static struct fragment build_sequence(struct builder *b, const struct regex *r)
{
    struct fragment f = {.empty = ANY_GAP};
    for (uint32_t i = 0; i < r->of.n && !b->too_many; i++)
        f = join(b, f, build(b, r->of.at[i]));
    return f;
}

static struct fragment build_choice(struct builder *b, const struct regex *r)
{
    struct fragment f = {.empty = 0};
    for (uint32_t i = 0; i < r->of.n && !b->too_many; i++) {
        struct fragment part = build(b, r->of.at[i]);
        append(b, &f.first, &part.first, ANY_GAP);
        append(b, &f.last, &part.last, ANY_GAP);
        f.empty |= part.empty;
    }
    return f;
}

/* So many one after the other. One that has no positions is the same as any number of it. */
static struct fragment build_copies(struct builder *b, const struct regex *part, uint32_t n)
{
    struct fragment f = {.empty = ANY_GAP};
    uint32_t before = b->sets.n;
    for (uint32_t i = 0; i < n && !b->too_many && (i == 0 || b->sets.n > before); i++)
        f = join(b, f, build(b, part));
    return f;
}

/* Up to so many behind `f`. They are made in order, so that positions lie as they follow each other; each may be the last. */
static struct fragment build_optional(struct builder *b, struct fragment f, const struct regex *part, uint32_t n)
{
    struct points last = {0};
    uint32_t empty = f.empty, before = b->sets.n;
    append(b, &last, &f.last, ANY_GAP);
    for (uint32_t i = 0; i < n && !b->too_many && (i == 0 || b->sets.n > before); i++) {
        f = join(b, f, build(b, part));
        append(b, &last, &f.last, ANY_GAP);
    }
    return (struct fragment){f.first, last, empty};
}

/* {2,} is one and one that comes again; {2,4} is two and perhaps one with perhaps one more. */
static struct fragment build_repeat(struct builder *b, const struct regex *r)
{
    const struct regex *part = r->of.at[0];
    if (r->most != REPEAT_FOREVER) return build_optional(b, build_copies(b, part, r->least), part, r->most - r->least);
    struct fragment f = build_copies(b, part, r->least ? r->least - 1 : 0), rest = build(b, part);
    link(b, &rest.last, &rest.first);
    if (!r->least) rest.empty = ANY_GAP;
    return join(b, f, rest);
}

static struct fragment build_set(struct builder *b, const struct regex *r)
{
    struct fragment f = {.empty = 0};
    uint32_t position = b->sets.n;
    if (position >= MAX_POSITIONS) b->too_many = true;
    vec_push(b->arena, &b->sets, r->set);
    push(b, &f.first, position, ANY_GAP);
    push(b, &f.last, position, ANY_GAP);
    return f;
}

static struct fragment build(struct builder *b, const struct regex *r)
{
    switch (r->kind) {
    case REGEX_SET:
        return build_set(b, r);
    case REGEX_ASSERTION:
        return (struct fragment){.empty = r->gaps};
    case REGEX_SEQUENCE:
        return build_sequence(b, r);
    case REGEX_CHOICE:
        return build_choice(b, r);
    case REGEX_REPEAT:
        return build_repeat(b, r);
    }
    bug("a tree of no kind");
}

/* ---- moves without doubles ---- */

static int compare_moves(const void *a, const void *b)
{
    const struct gap_move *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return x->to < y->to ? -1 : x->to > y->to;
}

static void unite_moves(struct builder *b)
{
    uint32_t n = 0;
    if (b->moves.n) qsort(b->moves.at, b->moves.n, sizeof *b->moves.at, compare_moves);
    for (uint32_t i = 0; i < b->moves.n; i++) {
        if (n && !compare_moves(&b->moves.at[n - 1], &b->moves.at[i]))
            b->moves.at[n - 1].gaps |= b->moves.at[i].gaps;
        else
            b->moves.at[n++] = b->moves.at[i];
    }
    b->moves.n = n;
}

/* ---- splitting ---- */

/* What a position becomes: itself, or one for each kind of byte. */
enum { LAST_NEWLINE = N_BEFORE, N_COPIES = N_BEFORE + 1, NO_COPY = UINT32_MAX };

struct split {
    uint32_t kinds;         /* of the set's bytes, as in enum before */
    uint32_t in, out;       /* the gaps of moves, as they occur: pairs of them that differ split */
    bool by_kind, has_last; /* a newline that is known to be the text's last byte is a position of its own */
    uint32_t copy[N_COPIES];
};
struct splitter {
    struct arena *arena;
    struct split *splits;
    struct machine *machine;
    VEC(struct position) positions;
};

static uint32_t kinds_of(const struct byte_set *set)
{
    uint32_t kinds = 0;
    for (uint32_t c = 0; c < ALL_BYTES; c++)
        if (set_has(set, c)) kinds |= UINT32_C(1) << byte_kind((unsigned char)c);
    return kinds;
}

/* The gaps that have the byte of this kind before them, as a set of what stands behind; and the other way round. */
static uint32_t row(uint32_t gaps, uint32_t before)
{
    return gaps >> before * N_BEHIND & ANY_BEHIND;
}

static uint32_t column(uint32_t gaps, uint32_t behind)
{
    uint32_t set = 0;
    for (uint32_t i = 0; i < N_BEFORE; i++)
        if (gaps & gap_bit(i, behind)) set |= UINT32_C(1) << i;
    return set;
}

static void look_before(struct split *s, uint32_t gaps)
{
    uint32_t common = UINT32_MAX;
    for (uint32_t kind = BEFORE_NEWLINE; kind < N_BEFORE; kind++) {
        if (!(s->kinds >> kind & 1)) continue;
        if (common != UINT32_MAX && common != row(gaps, kind)) s->by_kind = true;
        common = row(gaps, kind);
    }
}

static void look_behind(struct split *s, uint32_t gaps)
{
    uint32_t common = UINT32_MAX;
    for (uint32_t kind = BEFORE_NEWLINE; kind < N_BEFORE; kind++) {
        if (!(s->kinds >> kind & 1)) continue;
        if (common != UINT32_MAX && common != column(gaps, kind + 1)) s->by_kind = true;
        common = column(gaps, kind + 1);
    }
    if (s->kinds >> BEFORE_NEWLINE & 1 && column(gaps, BEHIND_NEWLINE) != column(gaps, BEHIND_LAST_NEWLINE))
        s->by_kind = s->has_last = true;
}

static void find_splits(struct splitter *s, const struct builder *b, const struct fragment *whole)
{
    for (uint32_t i = 0; i < b->sets.n; i++)
        s->splits[i].kinds = kinds_of(&b->sets.at[i]);
    for (uint32_t i = 0; i < b->moves.n; i++) {
        look_before(&s->splits[b->moves.at[i].from], b->moves.at[i].gaps);
        look_behind(&s->splits[b->moves.at[i].to], b->moves.at[i].gaps);
    }
    for (uint32_t i = 0; i < whole->first.n; i++)
        look_behind(&s->splits[whole->first.at[i].position], whole->first.at[i].gaps);
    for (uint32_t i = 0; i < whole->last.n; i++)
        look_before(&s->splits[whole->last.at[i].position], whole->last.at[i].gaps);
}

static struct byte_set bytes_of_kind(const struct byte_set *set, uint32_t kind)
{
    struct byte_set some = {{0}};
    for (uint32_t c = 0; c < ALL_BYTES; c++)
        if (set_has(set, c) && byte_kind((unsigned char)c) == kind) set_add(&some, c);
    return some;
}

static uint32_t add_position(struct splitter *s, struct byte_set set)
{
    struct position position = {.set = set, .kinds = kinds_of(&set)};
    vec_push(s->arena, &s->positions, position);
    return s->positions.n - 1;
}

static void split_position(struct splitter *s, struct split *split, const struct byte_set *set)
{
    uint32_t whole = split->by_kind ? NO_COPY : add_position(s, *set);
    for (uint32_t kind = 0; kind < N_COPIES; kind++)
        split->copy[kind] = NO_COPY;
    for (uint32_t kind = BEFORE_NEWLINE; kind < N_BEFORE; kind++)
        if (split->kinds >> kind & 1)
            split->copy[kind] = split->by_kind ? add_position(s, bytes_of_kind(set, kind)) : whole;
    if (split->has_last) split->copy[LAST_NEWLINE] = add_position(s, bytes_of_kind(set, BEFORE_NEWLINE));
}

/* A copy as what stands behind a gap. That of the last newline is used where only such a one may stand. */
static bool may_enter(uint32_t copy, uint32_t columns)
{
    if (copy != LAST_NEWLINE) return columns >> (copy + 1) & 1;
    return (columns >> BEHIND_LAST_NEWLINE & 1) && !(columns >> BEHIND_NEWLINE & 1);
}

static void add_moves(struct splitter *s, const struct gap_move *move)
{
    const struct split *from = &s->splits[move->from], *to = &s->splits[move->to];
    uint32_t n_seen = 0, seen[N_COPIES * N_COPIES][2];
    for (uint32_t i = BEFORE_NEWLINE; i < N_BEFORE; i++) /* nothing stands behind the last newline */
        for (uint32_t k = BEFORE_NEWLINE; k < N_COPIES; k++) {
            if (from->copy[i] == NO_COPY || to->copy[k] == NO_COPY || !may_enter(k, row(move->gaps, i))) continue;
            bool is_new = true;
            for (uint32_t j = 0; j < n_seen; j++)
                is_new = is_new && (seen[j][0] != from->copy[i] || seen[j][1] != to->copy[k]);
            if (!is_new) continue;
            seen[n_seen][0] = from->copy[i];
            seen[n_seen++][1] = to->copy[k];
            s->machine->moves[s->machine->n_moves++] = (struct move){from->copy[i], to->copy[k]};
        }
}

static void add_first(struct splitter *s, const struct point *point)
{
    const struct split *split = &s->splits[point->position];
    for (uint32_t before = 0; before < N_BEFORE; before++)
        for (uint32_t k = BEFORE_NEWLINE; k < N_COPIES; k++)
            if (split->copy[k] != NO_COPY && may_enter(k, row(point->gaps, before)))
                s->positions.at[split->copy[k]].first |= UINT32_C(1) << before;
}

static void add_last(struct splitter *s, const struct point *point)
{
    const struct split *split = &s->splits[point->position];
    for (uint32_t i = BEFORE_NEWLINE; i < N_BEFORE; i++)
        if (split->copy[i] != NO_COPY) s->positions.at[split->copy[i]].last |= row(point->gaps, i);
    if (split->copy[LAST_NEWLINE] != NO_COPY)
        s->positions.at[split->copy[LAST_NEWLINE]].last |= row(point->gaps, BEFORE_NEWLINE) & 1 << BEHIND_END;
}

static void split_positions(struct arena *arena, const struct builder *b, const struct fragment *whole,
                            struct machine *machine)
{
    struct splitter s = {.arena = arena, .machine = machine};
    s.splits = ARENA_ARRAY(arena, struct split, b->sets.n + 1);
    find_splits(&s, b, whole);
    for (uint32_t i = 0; i < b->sets.n; i++)
        split_position(&s, &s.splits[i], &b->sets.at[i]);
    machine->moves = ARENA_ARRAY(arena, struct move, (size_t)b->moves.n * N_COPIES * N_BEFORE + 1);
    for (uint32_t i = 0; i < b->moves.n; i++)
        add_moves(&s, &b->moves.at[i]);
    for (uint32_t i = 0; i < whole->first.n; i++)
        add_first(&s, &whole->first.at[i]);
    for (uint32_t i = 0; i < whole->last.n; i++)
        add_last(&s, &whole->last.at[i]);
    machine->positions = s.positions.at;
    machine->n = s.positions.n;
}

/* ---- */

static void restrict_to_words(struct fragment *f)
{
    uint32_t word_before = 1 << BEFORE_WORD, word_behind = 1 << BEHIND_WORD;
    for (uint32_t i = 0; i < f->first.n; i++)
        f->first.at[i].gaps &= gap_pairs(ANY_BEFORE & ~word_before, ANY_BEHIND);
    for (uint32_t i = 0; i < f->last.n; i++)
        f->last.at[i].gaps &= gap_pairs(ANY_BEFORE, ANY_BEHIND & ~word_behind);
}

bool machine_build(struct tool *tool, const struct request *request, const struct expression *e, struct regex *tree,
                   struct machine *machine)
{
    struct arena scratch;
    arena_init(&scratch, &tool->mem);
    struct builder b = {.arena = &scratch};
    struct fragment whole = build(&b, tree);
    if (!request->whole_words && !whole.empty && !b.too_many && regex_drop_head(tree)) {
        b.sets.n = b.moves.n = 0;
        whole = build(&b, tree);
    }
    struct src_range range = {e->file->base + (uint32_t)(e->at - e->file->text),
                              e->file->base + (uint32_t)(e->end - e->file->text)};
    if (b.too_many) {
        diag_report(&tool->diags, DIAG_REGEX_SIZE, range, e->number, (uint32_t)MAX_POSITIONS, (uint32_t)MAX_MOVES);
    } else {
        unite_moves(&b);
        if (request->whole_words) restrict_to_words(&whole);
        split_positions(&scratch, &b, &whole, machine);
        machine_reduce(&tool->arena, machine);
        if (!machine->n) diag_report(&tool->diags, DIAG_REGEX_EMPTY, range, e->number);
        if (machine->n > MAX_POSITIONS) b.too_many = true; /* splitting made them more */
        if (b.too_many)
            diag_report(&tool->diags, DIAG_REGEX_SIZE, range, e->number, (uint32_t)MAX_POSITIONS, (uint32_t)MAX_MOVES);
    }
    arena_release(&scratch);
    return !b.too_many && machine->n;
}
