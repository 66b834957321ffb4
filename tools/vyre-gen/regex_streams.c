/* regex_streams.c - the form of transposed bit streams. A workgroup turns 16 KiB of text into eight planes, the bits of its bytes, with ballots. Then
 * each lane takes 512 bytes, 32 at a time: a position of an expression is a number of 32 bits that has a one where the position may be after that
 * byte. It is made of the positions before it, shifted by one place, with the last place of the block before shifted in, and of its bytes, a boolean
 * function of planes. A position that leads to itself spreads through bytes that it takes by one addition, whose carries run as far as those do.
 *
 * Positions must lead onward, or to themselves: with other circles an expression does not suit.
 *
 * A lane begins a block before its bytes, without positions, and counts the matches that end in its bytes: those that began in that block or later.
 * Where matches may be longer, it goes through its last block once more, without positions: those that it had, and has not then, began before. They
 * are followed byte by byte as everywhere (regex_follow.c), and `later` has those that this second time has. So each end is told once. */
#include <string.h>

#include "tools/vyre-gen/regex_bits.h"

enum {
    BLOCK_BYTES = 32,
    LANES = 32,
    ROWS = 16, /* blocks of a lane */
    COLUMNS = LANES + 1,
    WINDOW_BYTES = LANES * ROWS * BLOCK_BYTES,
    GROUP_POSITIONS = 64,    /* one loop over blocks takes about so many, so that its code and its carries stay small */
    PATTERN_POSITIONS = 120, /* 32 KiB have so many carries beside the planes */
    MAX_STREAM_POSITIONS = 512, /* compiling them takes so long */
    UNBOUNDED = UINT32_MAX,
    NO_CARRY = UINT32_MAX
};

/* ---- what suits ---- */

/* Positions in an order in which each follows all that lead to it; false where there is none. */
static bool sort_positions(struct arena *arena, const struct machine *m, uint32_t *order)
{
    uint32_t *n_before = ARENA_ARRAY(arena, uint32_t, m->n), *first_move = ARENA_ARRAY(arena, uint32_t, m->n + 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n_moves; i++) {
        first_move[m->moves[i].from + 1] = i + 1;
        n_before[m->moves[i].to] += m->moves[i].to != m->moves[i].from;
    }
    for (uint32_t i = 1; i <= m->n; i++)
        if (!first_move[i]) first_move[i] = first_move[i - 1];
    for (uint32_t i = 0; i < m->n; i++)
        if (!n_before[i]) order[n++] = i;
    for (uint32_t done = 0; done < n; done++)
        for (uint32_t i = first_move[order[done]]; i < first_move[order[done] + 1]; i++)
            if (m->moves[i].to != order[done] && !--n_before[m->moves[i].to]) order[n++] = m->moves[i].to;
    return n == m->n;
}

/* The bytes of the longest match; 0 where positions lead in a circle. */
static uint32_t find_longest(struct arena *arena, const struct machine *m)
{
    uint32_t *order = ARENA_ARRAY(arena, uint32_t, m->n), *bytes = ARENA_ARRAY(arena, uint32_t, m->n), longest = 0;
    bool has_loop = false;
    if (!sort_positions(arena, m, order)) return 0;
    for (uint32_t i = 0; i < m->n; i++) {
        uint32_t from = order[i];
        bytes[from]++;
        if (bytes[from] > longest) longest = bytes[from];
        for (uint32_t k = 0; k < m->n_moves; k++) {
            const struct move *move = &m->moves[k];
            if (move->from != from) continue;
            has_loop = has_loop || move->to == from;
            if (move->to != from && bytes[from] > bytes[move->to]) bytes[move->to] = bytes[from];
        }
    }
    return has_loop ? UNBOUNDED : longest;
}

/* Whether matches may have begun before the block in front of their lane's bytes. */
static bool is_long(const struct pattern *p)
{
    return p->longest > BLOCK_BYTES;
}

bool streams_suit(struct regex_set *set, struct pattern *p)
{
    if (p->machine.n > PATTERN_POSITIONS) return false;
    p->longest = find_longest(set->s.arena, &p->machine);
    return p->longest && !(is_long(p) && p->machine.n > WORD_BITS);
}

static bool is_here(const struct pattern *p)
{
    return p->part == PART_STREAMS;
}

/* Deals patterns to groups, in order. */
static uint32_t assign_groups(struct regex_set *set)
{
    uint32_t group = 0, n = 0;
    for (uint32_t i = 0; i < set->list->patterns.n; i++) {
        struct pattern *p = &set->list->patterns.at[i];
        if (!is_here(p)) continue;
        if (n && n + p->machine.n > GROUP_POSITIONS) {
            group++;
            n = 0;
        }
        p->group = group;
        n += p->machine.n;
    }
    return group + 1;
}

/* ---- streams ---- */

struct streams {
    struct regex_set *set;
    enum report report;
    uint32_t group, first; /* and the patterns of those before */
    bool has_before, has_behind, has_long;
    struct bits bits;
    uint32_t n_carries;
    uint32_t border, border_next, border_second; /* whether the byte is the first of a text, and the next two */
    uint32_t newline_before, word_before, newline_behind, word_behind;
    VEC(uint32_t) ends;  /* of each pattern of the group */
    uint32_t **carry_of; /* of each of them, of each position: the number of its carry */
};

static void print_line(struct streams *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void print_line(struct streams *t, const char *format, ...)
{
    if (!t->bits.indent) return;
    va_list args;
    va_start(args, format);
    print_text(&t->set->s, t->bits.indent, "%s", arena_vprintf(t->set->s.arena, format, args));
    va_end(args);
}

/* A stream in the block before. */
static const char *carry_text(struct streams *t, uint32_t carry)
{
    return arena_printf(t->bits.arena, "carries[%u + lane]", carry * LANES);
}

/* Where a stream was one place before. */
static uint32_t advance(struct streams *t, uint32_t stream)
{
    struct bits *b = &t->bits;
    if (stream == BITS_NONE) return BITS_NONE;
    uint32_t known = bits_find(b, BIT_ADVANCE, stream, 0);
    if (known) return known;
    bool is_run = b->nodes.at[stream].op == BIT_RUN;
    uint32_t carry = is_run ? b->nodes.at[stream].carry : t->n_carries++;
    uint32_t node = bits_add(b, BIT_ADVANCE, stream, 0, arena_printf(b->arena, "a%u", carry));
    b->nodes.at[node].carry = carry;
    b->n_ops += 3;
    if (is_run) {
        print_line(t, "let a%u = %s << 1 | c%u;\n", carry, bits_text(b, stream), carry);
    } else {
        const char *text = bits_text(b, stream);
        print_line(t, "let a%u = %s << 1 | %s >> 31;\n", carry, text, carry_text(t, carry));
        print_line(t, "%s = %s;\n", carry_text(t, carry), text);
    }
    return node;
}

/* What is entered at the places of `entry` and stays while bytes are taken. */
static uint32_t run_on(struct streams *t, uint32_t entry, uint32_t taken)
{
    struct bits *b = &t->bits;
    if (entry == BITS_NONE) return BITS_NONE;
    uint32_t known = bits_find(b, BIT_RUN, entry, taken), carry = t->n_carries;
    if (known) return known;
    bool has_borders = t->report == REPORT_PRESENCE;
    uint32_t inside = has_borders ? bits_and_not(b, taken, t->border) : taken;
    uint32_t node = bits_add(b, BIT_RUN, entry, taken, arena_printf(b->arena, "s%u", carry));
    const char *text = bits_text(b, entry);
    b->nodes.at[node].carry = t->n_carries++;
    b->n_ops += has_borders ? 10 : 6;
    print_line(t, "let c%u = %s >> 31;\n", carry, carry_text(t, carry));
    if (has_borders)
        print_line(t, "let s%u = @_run(%s | (%s & border) << 1 | c%u, %s) | %s;\n", carry, text, text, carry,
                   bits_text(b, inside), text);
    else
        print_line(t, "let s%u = @_run(%s | c%u, %s);\n", carry, text, carry, bits_text(b, inside));
    print_line(t, "%s = s%u;\n", carry_text(t, carry), carry);
    return node;
}

/* Where this set of kinds stands before, or behind. */
static uint32_t find_before(struct streams *t, uint32_t kinds)
{
    uint32_t of[N_BEFORE];
    for (uint32_t i = 0; i < N_BEFORE; i++)
        of[i] = kinds >> i & 1 ? BITS_ALL : BITS_NONE;
    uint32_t inside = bits_choose(&t->bits, t->word_before, of[BEFORE_WORD], of[BEFORE_OTHER]);
    inside = bits_choose(&t->bits, t->newline_before, of[BEFORE_NEWLINE], inside);
    return bits_choose(&t->bits, t->border, of[BEFORE_BEGIN], inside);
}

static uint32_t find_behind(struct streams *t, uint32_t kinds)
{
    uint32_t of[N_BEHIND];
    for (uint32_t i = 0; i < N_BEHIND; i++)
        of[i] = kinds >> i & 1 ? BITS_ALL : BITS_NONE;
    uint32_t newline = bits_choose(&t->bits, t->border_second, of[BEHIND_LAST_NEWLINE], of[BEHIND_NEWLINE]);
    uint32_t inside = bits_choose(&t->bits, t->word_behind, of[BEHIND_WORD], of[BEHIND_OTHER]);
    inside = bits_choose(&t->bits, t->newline_behind, newline, inside);
    return bits_choose(&t->bits, t->border_next, of[BEHIND_END], inside);
}

/* Where positions of the pattern are that may be the last. */
static uint32_t print_pattern(struct streams *t, const struct pattern *p, uint32_t *carry_of)
{
    struct bits *b = &t->bits;
    const struct machine *m = &p->machine;
    uint32_t *order = ARENA_ARRAY(b->arena, uint32_t, m->n), *reached = ARENA_ARRAY(b->arena, uint32_t, m->n);
    uint32_t ends = BITS_NONE;
    sort_positions(b->arena, m, order);
    for (uint32_t i = 0; i < m->n; i++) {
        const struct position *position = &m->positions[order[i]];
        uint32_t taken = bits_set(b, &position->set), from = reached[order[i]], n_onward = 0;
        bool stays = false;
        if (t->report == REPORT_PRESENCE) from = bits_and_not(b, from, t->border);
        from = bits_or(b, from, find_before(t, position->first));
        for (uint32_t k = 0; k < m->n_moves; k++) {
            stays = stays || (m->moves[k].from == order[i] && m->moves[k].to == order[i]);
            n_onward += m->moves[k].from == order[i] && m->moves[k].to != order[i];
        }
        uint32_t stream = bits_and(b, taken, from);
        if (stays) stream = run_on(t, stream, taken);
        uint32_t next = n_onward ? advance(t, stream) : BITS_NONE;
        for (uint32_t k = 0; n_onward && k < m->n_moves; k++)
            if (m->moves[k].from == order[i] && m->moves[k].to != order[i])
                reached[m->moves[k].to] = bits_or(b, reached[m->moves[k].to], next);
        uint32_t kept = next > BITS_ALL ? next : stays ? stream : BITS_NONE;
        carry_of[order[i]] = kept > BITS_ALL ? b->nodes.at[kept].carry : NO_CARRY;
        ends = bits_or(b, ends, bits_and(b, stream, find_behind(t, position->last)));
    }
    return ends;
}

static void name_surroundings(struct streams *t)
{
    struct bits *b = &t->bits;
    t->border = bits_leaf(b, "border");
    t->border_next = bits_leaf(b, "border_next");
    t->border_second = bits_leaf(b, "border_second");
    t->newline_before = bits_leaf(b, "newline_before");
    t->word_before = bits_leaf(b, "word_before");
    t->newline_behind = bits_leaf(b, "newline_behind");
    t->word_behind = bits_leaf(b, "word_behind");
}

static bool is_in_group(const struct streams *t, const struct pattern *p)
{
    return is_here(p) && p->group == t->group;
}

static void look_at_pattern(struct streams *t, const struct pattern *p)
{
    t->has_long = t->has_long || is_long(p);
    for (uint32_t i = 0; i < p->machine.n; i++) {
        const struct position *position = &p->machine.positions[i];
        t->has_before = t->has_before || (position->first && position->first != ANY_BEFORE);
        t->has_behind = t->has_behind || (position->last && position->last != ANY_BEHIND);
    }
}

static void begin_streams(struct streams *t, struct regex_set *set, enum report report, uint32_t group,
                          const char *indent)
{
    *t = (struct streams){.set = set, .report = report, .group = group};
    bits_init(&t->bits, &set->s, set->s.arena, indent);
    name_surroundings(t);
    for (uint32_t i = 0; i < set->list->patterns.n; i++) {
        const struct pattern *p = &set->list->patterns.at[i];
        if (is_in_group(t, p)) look_at_pattern(t, p);
        t->first += is_here(p) && p->group < group;
    }
}

static void print_patterns(struct streams *t)
{
    struct arena *arena = t->bits.arena;
    t->carry_of = ARENA_ARRAY(arena, uint32_t *, t->set->list->patterns.n);
    for (uint32_t i = 0; i < t->set->list->patterns.n; i++) {
        const struct pattern *p = &t->set->list->patterns.at[i];
        if (!is_in_group(t, p)) continue;
        t->carry_of[i] = ARENA_ARRAY(arena, uint32_t, p->machine.n);
        uint32_t ends = print_pattern(t, p, t->carry_of[i]);
        vec_push(arena, &t->ends, ends);
    }
}

/* ---- the choice ---- */

/* For an operation on a block, and for what is there anyway; measured on a processor with AVX-512. */
static const double cycles_per_operation = 0.0008, cycles_to_transpose = 0.5;

/* The cost of the patterns of this part, in cycles per byte; negative where they are too many. */
double streams_cost(struct regex_set *set)
{
    uint32_t n_groups = assign_groups(set), n_positions = 0, n_ops = 0;
    for (uint32_t i = 0; i < set->list->patterns.n; i++)
        if (is_here(&set->list->patterns.at[i])) n_positions += set->list->patterns.at[i].machine.n;
    for (uint32_t group = 0; n_positions <= MAX_STREAM_POSITIONS && group < n_groups; group++) {
        struct streams t;
        begin_streams(&t, set, REPORT_COUNT, group, NULL);
        print_patterns(&t);
        n_ops += t.bits.n_ops;
    }
    return n_ops ? cycles_to_transpose + cycles_per_operation * n_ops : -1;
}

/* ---- text ---- */

void streams_print_tables(struct regex_set *set)
{
    struct scanner *s = &set->s;
    VEC(uint32_t) here = {0};
    for (uint32_t i = 0; i < set->list->patterns.n; i++)
        if (is_here(&set->list->patterns.at[i])) vec_push(s->arena, &here, i);
    print_text(s, "", "\n// Patterns that are streams.\n");
    print_table(s, "streamed", here.at, here.n, 8);
    print_text(s, "",
               "\n// What stays where it is entered while bytes are taken: a carry runs through them.\n"
               "fn @_run(entry : u32, taken : u32) -> u32 {\n"
               "  let entered = entry & taken;\n"
               "  return (entered + taken ^ taken | entered) & taken;\n"
               "}\n");
}

/* Eight planes of the window and of the block before it. Block i of lane k is at row i, column k + 1: so that a lane's last block is also what stands
 * before the next lane's first. */
static void print_transposition(struct scanner *s)
{
    print_text(s, "  ",
               "let window = wid.x * %u;\n"
               "for block in 0u32..%u {\n"
               "  let at = window + block * %u - %u + lane;\n"
               "  let byte = text[at];\n",
               WINDOW_BYTES, LANES * ROWS + 1, BLOCK_BYTES, BLOCK_BYTES);
    for (uint32_t i = 0; i < N_PLANES; i++)
        print_text(s, "    ", "let plane%u = ballot((byte & %u) != 0);\n", i, 1u << i);
    print_text(s, "    ",
               "if lane == 0 {\n"
               "  let slot = (block + %u) %% %u * %u + (block + %u) / %u;\n",
               ROWS - 1, ROWS, N_PLANES * COLUMNS, ROWS - 1, ROWS);
    for (uint32_t i = 0; i < N_PLANES; i++)
        print_text(s, "      ", "planes[slot + %u] = plane%u;\n", i * COLUMNS, i);
    print_text(s, "  ", "  }\n}\nbarrier;\n");
}

/* The next places from `from` on at which regions begin. */
static void print_next_borders(struct scanner *s, const char *from, const char *indent)
{
    print_text(s, indent,
               "next_borders = 0;\n"
               "for begun in latest..len(begins) {\n"
               "  let distance = begins[begun] - (%s);\n"
               "  if distance >= %u {\n"
               "    break;\n"
               "  }\n"
               "  next_borders = next_borders | 1 << distance;\n"
               "  latest = begun + 1;\n"
               "}\n",
               from, BLOCK_BYTES);
}

/* The regions that begin before the block in front of a lane's bytes. */
static void print_first_regions(struct scanner *s)
{
    print_text(s, "  ",
               "let in_front = max(begin, %u) - %u;\n"
               "var n_before = 0u32;\n"
               "{\n",
               BLOCK_BYTES + 1, BLOCK_BYTES + 1);
    report_search(s, "in_front", "    ");
    print_text(s, "  ", "  n_before = select(begin == 0, 0, low);\n}\n");
}

/* vars of the regions that begin before the block, and before the two that follow. */
static void print_regions(struct scanner *s)
{
    print_text(s, "    ",
               "var latest = n_before;\n"
               "var earlier = latest;\n"
               "var earliest = latest;\n"
               "var borders = 0u32;\n"
               "var next_borders = 0u32;\n");
    print_next_borders(s, arena_printf(s->arena, "begin - %u", BLOCK_BYTES), "    ");
}

/* let border and what follows it, by the report. */
static void print_borders(struct streams *t)
{
    struct scanner *s = &t->set->s;
    enum report report = t->report;
    if (report == REPORT_PRESENCE) {
        print_text(s, "      ", "if k <= %u {\n  earliest = earlier;\n  earlier = latest;\n  borders = next_borders;\n",
                   ROWS);
        print_next_borders(s, arena_printf(s->arena, "place + %u", BLOCK_BYTES), "        ");
        print_text(s, "      ", "}\n");
    }
    if (report != REPORT_PRESENCE && !t->has_before && !t->has_behind) return;
    print_text(s, "      ",
               "let rest_of_text = len(text) - place;\n"
               "let border = %s | select(rest_of_text < %u, 1u32 << (rest_of_text & 31), 0);\n"
               "let next_border = %s | select(rest_of_text - %u < %u, 1u32 << (rest_of_text & 31), 0);\n"
               "let border_next = border >> 1 | next_border << 31;\n"
               "let border_second = border >> 2 | next_border << 30;\n",
               report == REPORT_PRESENCE ? "borders" : "u32(place == 0)", BLOCK_BYTES,
               report == REPORT_PRESENCE ? "next_borders" : "0u32", BLOCK_BYTES, BLOCK_BYTES);
}

/* let newline_before and so on: kinds of bytes, shifted by one place; what stands around the block is looked up. */
static void print_surroundings(struct streams *t)
{
    if (!t->has_before && !t->has_behind) return;
    struct byte_set newlines = {{0}}, words = {{0}};
    for (uint32_t c = 0; c < ALL_BYTES; c++) {
        if (byte_kind((unsigned char)c) == BEFORE_NEWLINE) set_add(&newlines, c);
        if (byte_kind((unsigned char)c) == BEFORE_WORD) set_add(&words, c);
    }
    uint32_t newline = bits_set(&t->bits, &newlines), word = bits_set(&t->bits, &words);
    const char *newline_text = bits_text(&t->bits, newline), *word_text = bits_text(&t->bits, word);
    if (t->has_before)
        print_line(t,
                   "let kind_before = u32(@_kind[text[place - 1]]);\n"
                   "let newline_before = %s << 1 | u32(kind_before == %u);\n"
                   "let word_before = %s << 1 | u32(kind_before == %u);\n",
                   newline_text, BEFORE_NEWLINE, word_text, BEFORE_WORD);
    if (t->has_behind)
        print_line(t,
                   "let kind_behind = u32(@_kind[text[place + %u]]);\n"
                   "let newline_behind = %s >> 1 | u32(kind_behind == %u) << 31;\n"
                   "let word_behind = %s >> 1 | u32(kind_behind == %u) << 31;\n",
                   BLOCK_BYTES, newline_text, BEFORE_NEWLINE, word_text, BEFORE_WORD);
}

/* Three numbers of one weight become one of it and one of twice that, until there are at most two of each: these alone are counted. */
static void print_counts(struct streams *t)
{
    struct bits *b = &t->bits;
    VEC(uint32_t) values = {0};
    for (uint32_t i = 0; i < t->ends.n; i++)
        if (t->ends.at[i] != BITS_NONE) vec_push(b->arena, &values, t->ends.at[i]);
    for (uint32_t weight = 1; values.n; weight *= 2) {
        VEC(uint32_t) carried = {0};
        uint32_t at = 0;
        for (; values.n - at >= 3; at += 2) {
            uint32_t x = values.at[at], y = values.at[at + 1], z = values.at[at + 2], both = bits_xor(b, x, y);
            uint32_t twice = bits_or(b, bits_and(b, x, y), bits_and(b, both, z));
            values.at[at + 2] = bits_xor(b, both, z);
            if (twice != BITS_NONE) vec_push(b->arena, &carried, twice);
        }
        for (; at < values.n; at++)
            print_line(t, "matched = matched + popcount(%s & told) * %u;\n", bits_text(b, values.at[at]), weight);
        values.at = carried.at;
        values.n = carried.n;
        values.cap = carried.cap;
    }
}

/* Statements for all ends of a block. */
static void print_reports(struct streams *t)
{
    struct scanner *s = &t->set->s;
    uint32_t any = BITS_NONE;
    for (uint32_t i = 0; i < t->ends.n; i++) {
        print_line(t, "found[%u] = %s;\n", i, bits_text(&t->bits, t->ends.at[i]));
        any = bits_or(&t->bits, any, t->ends.at[i]);
    }
    print_line(t, "if (%s & told) != 0 {\n", bits_text(&t->bits, any));
    print_text(s, "        ",
               "for ended in 0u32..%u {\n"
               "  let pattern = u32(@_streamed[%u + ended]);\n"
               "  var rest = found[ended] & told;\n"
               "  for more in 0u32..%u {\n"
               "    if rest == 0 {\n"
               "      break;\n"
               "    }\n"
               "    let i = place + ctz(rest);\n"
               "    rest = rest & (rest - 1);\n",
               t->ends.n, t->first, BLOCK_BYTES);
    if (t->report == REPORT_PRESENCE)
        print_text(s, "            ",
                   "var low = earliest;\n"
                   "for passed in earliest..earlier {\n"
                   "  if begins[passed] > i {\n"
                   "    break;\n"
                   "  }\n"
                   "  low = passed + 1;\n"
                   "}\n");
    follow_print_match(t->set, t->report, "            ");
    print_text(s, "      ", "    }\n  }\n}\n");
}

/* ---- matches that go on ---- */

/* The positions of a word that are open behind the lane's bytes, and those of them that matches have which began in its last block. */
static void print_states(struct streams *t)
{
    struct regex_set *set = t->set;
    uint32_t first = set->part_word[PART_STREAMS], n = set->part_word[PART_STREAMS + 1] - first;
    print_text(&set->s, "      ", "if k >= %u {\n", ROWS);
    for (uint32_t word = 0; word < n; word++) {
        VEC(const char *) parts = {0};
        for (uint32_t i = 0; i < set->list->patterns.n; i++) {
            const struct pattern *p = &set->list->patterns.at[i];
            for (uint32_t k = 0; is_in_group(t, p) && is_long(p) && p->word == first + word && k < p->machine.n; k++)
                if (t->carry_of[i][k] != NO_CARRY)
                    vec_push(set->s.arena, &parts,
                             arena_printf(set->s.arena, "u64(%s >> 31) << %u", carry_text(t, t->carry_of[i][k]),
                                          p->bit + k));
        }
        for (uint32_t i = 0; i < parts.n; i++)
            print_text(&set->s, i ? "" : "        ", "%s%s",
                       i ? " | " : arena_printf(set->s.arena, "let open%u = ", word), parts.at[i]);
        if (parts.n)
            print_text(&set->s, "        ",
                       ";\nstates[%u] = states[%u] | select(k == %u, open%u, 0);\n"
                       "laters[%u] = laters[%u] | select(k != %u, open%u, 0);\n",
                       word, word, ROWS, word, word, word, ROWS, word);
    }
    print_text(&set->s, "      ", "}\n");
}

static void print_tails(struct regex_set *set, enum report report)
{
    struct scanner *s = &set->s;
    uint32_t first = set->part_word[PART_STREAMS], n = set->part_word[PART_STREAMS + 1] - first;
    print_text(s, "  ",
               "let stop = begin + %u;\n"
               "for which in 0u32..%u {\n"
               "  var later = laters[which];\n"
               "  var state = states[which];\n"
               "  if (state & ~later) != 0 && begin < len(text) && len(text) - begin > %u {\n"
               "    let word = which + %u;\n",
               ROWS * BLOCK_BYTES, n, ROWS * BLOCK_BYTES, first);
    bounds_print(set, report, "stop - 1", "      ");
    if (set->has_before) print_text(s, "      ", "var kind = u32(@_kind[text[stop - 1]]);\n");
    follow_print_lets(set, "      ");
    print_text(s, "      ", "var i = stop;\n");
    follow_print_rest(set, report, "      ");
    print_text(s, "  ", "  }\n}\n");
}

/* ---- programs ---- */

/* What the arrays of a program must hold. */
struct extent {
    uint32_t n_groups, n_carries, n_ends;
    bool has_long;
};

static struct extent measure(struct regex_set *set, enum report report)
{
    struct extent e = {.n_groups = assign_groups(set)};
    for (uint32_t group = 0; group < e.n_groups; group++) {
        struct streams t;
        begin_streams(&t, set, report, group, NULL);
        print_patterns(&t);
        if (t.n_carries > e.n_carries) e.n_carries = t.n_carries;
        if (t.ends.n > e.n_ends) e.n_ends = t.ends.n;
        e.has_long = e.has_long || t.has_long;
    }
    return e;
}

static void print_arrays(struct regex_set *set, enum report report, const struct extent *e)
{
    struct scanner *s = &set->s;
    uint32_t n_words = set->part_word[PART_STREAMS + 1] - set->part_word[PART_STREAMS];
    print_text(s, "  ", "workgroup planes : u32[%u] no_zeros;\n", ROWS * N_PLANES * COLUMNS);
    if (e->n_carries) print_text(s, "  ", "workgroup carries : u32[%u] no_zeros;\n", e->n_carries * LANES);
    if (report != REPORT_COUNT) print_text(s, "  ", "local found : u32[%u];\n", e->n_ends);
    if (e->has_long) print_text(s, "  ", "local states : u64[%u];\nlocal laters : u64[%u];\n", n_words, n_words);
}

/* let p0 and so on, of the lane's next block. */
static void print_block(struct streams *t)
{
    struct scanner *s = &t->set->s;
    print_text(s, "    ",
               "for k in 0u32..%u {\n"
               "  let place = begin + min(k, %u) * %u - %u;\n"
               "  let own = (min(k, %u) + %u) %% %u * %u + lane + u32(k != 0);\n",
               ROWS + 1 + t->has_long, ROWS, BLOCK_BYTES, BLOCK_BYTES, ROWS, ROWS - 1, ROWS, N_PLANES * COLUMNS);
    for (uint32_t i = 0; i < N_PLANES; i++)
        print_text(s, "      ", "let p%u = planes[own + %u];\n", i, i * COLUMNS);
    print_borders(t);
    print_text(s, "      ",
               "let n_left = sat_sub(len(text), place);\n"
               "let told = select(k - 1 < %u, select(n_left < %u, (1u32 << (n_left & 31)) - 1, "
               "0xFFFFFFFF), 0);\n",
               ROWS, BLOCK_BYTES);
}

/* Groups use the same carries one after the other. Nothing is open where the last block begins anew, nor before a text. */
static void print_clearing(struct streams *t, const char *indent, const char *when)
{
    print_text(&t->set->s, indent,
               "%s {\n"
               "  for stream in 0u32..%u {\n"
               "    carries[stream * %u + lane] = 0;\n"
               "  }\n"
               "}\n",
               when, t->n_carries, LANES);
}

static void print_group(struct streams *t, uint32_t n_carries)
{
    struct scanner *s = &t->set->s;
    print_text(s, "  ", "{\n");
    t->n_carries = n_carries;
    if (n_carries) print_clearing(t, "    ", "");
    t->n_carries = 0;
    if (t->report == REPORT_COUNT) print_text(s, "    ", "var matched = 0u32;\n");
    if (t->report == REPORT_PRESENCE) print_regions(s);
    print_block(t);
    print_surroundings(t);
    print_patterns(t);
    if (t->report == REPORT_COUNT)
        print_counts(t);
    else
        print_reports(t);
    if (t->has_long) print_states(t);
    if (n_carries)
        print_clearing(t, "      ", arena_printf(s->arena, "if k == %u || place + %u == 0", ROWS, BLOCK_BYTES));
    print_text(s, "  ", t->report == REPORT_COUNT ? "  }\n  matches = matches + u64(matched);\n}\n" : "  }\n}\n");
}

void streams_print_program(struct regex_set *set, enum report report)
{
    struct scanner *s = &set->s;
    struct extent extent = measure(set, report);
    report_begin(
        s, report,
        arena_printf(s->arena, "  workgroup %u;\n  dispatch (len(text) / %u + 1) * %u;\n", LANES, WINDOW_BYTES, LANES));
    print_arrays(set, report, &extent);
    report_open(s, report);
    print_transposition(s);
    print_text(s, "  ", "let begin = window + lane * %u;\n", ROWS * BLOCK_BYTES);
    if (report == REPORT_PRESENCE) print_first_regions(s);
    for (uint32_t group = 0; group < extent.n_groups; group++) {
        struct streams t;
        begin_streams(&t, set, report, group, "      ");
        print_group(&t, extent.n_carries);
    }
    if (extent.has_long) print_tails(set, report);
    report_close(s, report, true);
    out_text(s->out, "}\n");
}
