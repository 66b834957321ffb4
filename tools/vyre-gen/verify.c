/* verify.c - around a filter and after it. A workgroup of 32 lanes takes a window of text, 64 positions at a time: two vectors, whose hits become
 * the bits of one number and are noted in a list. Then each lane takes positions from the list, looks up the literals by a hash of the bytes there,
 * and compares them in full. */
#include <string.h>

#include "tools/vyre-gen/gen.h"

enum { WINDOW_BYTES = 8192, STEP_BYTES = 64, LANES = 32, MAX_HASHED = 3, KEY_BYTES = 4, LIST_ELEMENTS = 2048 };

/* Bytes of a literal as a number; where case is ignored, bit 5 of each is set, which is coarser than folding and quicker. */
static uint32_t key_of(const struct scanner *s, const struct literal *l, uint32_t begin, uint32_t n_bytes)
{
    uint32_t key = 0;
    for (uint32_t i = 0; i < n_bytes; i++)
        key |= (uint32_t)(l->bytes[begin + i] | (s->request->ignore_case ? 32 : 0)) << 8 * i;
    return key;
}

static uint32_t gram_key(const struct scanner *s, const struct literal *l, uint32_t n_bytes)
{
    return key_of(s, l, l->gram, n_bytes);
}

/* The bytes that are hashed: literals of fewer have tables of their own. */
static uint32_t hashed_bytes(const struct scanner *s, const struct literal *l)
{
    uint32_t n = gram_bytes(l, s->gram_width);
    return n < MAX_HASHED ? n : MAX_HASHED;
}

static uint32_t compared_bytes(const struct scanner *s, const struct literal *l)
{
    uint32_t n = gram_bytes(l, s->gram_width);
    return n < KEY_BYTES ? n : KEY_BYTES;
}

/* What is compared at once: the first bytes of the gram, up to four behind them and up to four before it. */
struct keys {
    uint32_t n, n_behind, n_before;
};

static struct keys keys_of(const struct scanner *s, const struct literal *l)
{
    struct keys k = {.n = compared_bytes(s, l), .n_before = l->gram < KEY_BYTES ? l->gram : KEY_BYTES};
    uint32_t rest = l->n - l->gram - k.n;
    if (k.n == KEY_BYTES) k.n_behind = rest < KEY_BYTES ? rest : KEY_BYTES;
    return k;
}

static uint32_t count_grams(const struct scanner *s, uint32_t n_bytes)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->list->literals.n; i++)
        n += hashed_bytes(s, &s->list->literals.at[i]) == n_bytes;
    return n;
}

static uint32_t slot_bits(const struct scanner *s, uint32_t n_bytes)
{
    uint32_t bits = 4;
    while ((UINT32_C(1) << bits) < 2 * count_grams(s, n_bytes))
        bits++;
    return bits;
}

static const uint32_t key_factor = 0x9E3779B1;

/* The literals with grams of this many hashed bytes, by slots. */
static uint32_t *sort_by_slot(struct scanner *s, uint32_t n_bytes, uint32_t *begin)
{
    uint32_t bits = slot_bits(s, n_bytes), *order = ARENA_ARRAY(s->arena, uint32_t, count_grams(s, n_bytes));
    for (uint32_t pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < s->list->literals.n; i++) {
            const struct literal *l = &s->list->literals.at[i];
            if (hashed_bytes(s, l) != n_bytes) continue;
            uint32_t slot = gram_key(s, l, n_bytes) * key_factor >> (32 - bits);
            if (pass == 0)
                begin[slot + 2]++;
            else
                order[begin[slot + 1]++] = i;
        }
        for (uint32_t k = 2; pass == 0 && k < (UINT32_C(1) << bits) + 2; k++)
            begin[k] += begin[k - 1];
    }
    return order;
}

enum column { COLUMN_KEYS, COLUMN_BEHIND, COLUMN_BEFORE, COLUMN_UNUSED, COLUMN_KNOWN, COLUMN_FROM, N_COLUMNS };
static const char *const column_names[N_COLUMNS] = {"keys", "behind", "before", "unused", "known", "from"};
static const uint32_t column_bits[N_COLUMNS] = {32, 32, 32, 32, 8, 8}; /* at least */

static void fill_entry(const struct scanner *s, const struct literal *l, uint32_t **columns, uint32_t i)
{
    struct keys k = keys_of(s, l);
    uint32_t unused = 32 - 8 * k.n, unused_behind = 32 - 8 * k.n_behind, unused_before = 32 - 8 * k.n_before;
    columns[COLUMN_KEYS][i] = gram_key(s, l, k.n);
    columns[COLUMN_BEHIND][i] = key_of(s, l, l->gram + k.n, k.n_behind);
    columns[COLUMN_BEFORE][i] = k.n_before ? key_of(s, l, l->gram - k.n_before, k.n_before) << unused_before : 0;
    columns[COLUMN_UNUSED][i] = unused | unused_behind << 8 | unused_before << 16;
    columns[COLUMN_KNOWN][i] = k.n_before + k.n + k.n_behind;
    columns[COLUMN_FROM][i] = l->gram - k.n_before;
}

static void print_slots(struct scanner *s, uint32_t n_bytes)
{
    uint32_t n_slots = UINT32_C(1) << slot_bits(s, n_bytes), n = count_grams(s, n_bytes);
    uint32_t *begin = ARENA_ARRAY(s->arena, uint32_t, (size_t)n_slots + 2), *order = sort_by_slot(s, n_bytes, begin);
    uint32_t *columns[N_COLUMNS];
    for (uint32_t c = 0; c < N_COLUMNS; c++)
        columns[c] = ARENA_ARRAY(s->arena, uint32_t, n);
    for (uint32_t i = 0; i < n; i++)
        fill_entry(s, &s->list->literals.at[order[i]], columns, i);
    out_printf(
        s->out,
        "\n// By the hash of %u byte%s: the first entry; of each entry the first bytes of the gram, those behind "
        "them, those before,\n"
        "// how many bits of each number are unused, a byte each, the bytes that are known then, the first of "
        "them, and the literal.\n",
        n_bytes, n_bytes > 1 ? "s" : "");
    print_table(s, arena_printf(s->arena, "slots%u", n_bytes), begin, n_slots + 1, 8);
    for (uint32_t c = 0; c < N_COLUMNS; c++)
        print_table(s, arena_printf(s->arena, "%s%u", column_names[c], n_bytes), columns[c], n, column_bits[c]);
    print_table(s, arena_printf(s->arena, "order%u", n_bytes), order, n, 8);
}

void verify_print_tables(struct scanner *s)
{
    uint32_t n = s->list->literals.n, *gram = ARENA_ARRAY(s->arena, uint32_t, n);
    for (uint32_t i = 0; i < n; i++)
        gram[i] = s->list->literals.at[i].gram;
    print_literal_tables(s);
    out_text(s->out, "\n// Where the gram of each literal begins in it.\n");
    print_table(s, "gram", gram, n, 8);
    for (uint32_t k = 1; k <= MAX_HASHED; k++)
        if (count_grams(s, k)) print_slots(s, k);
}

/* ---- statements ----
 * Indices of the text are such that a compiler sees how far from the window they may be, by masks that change nothing, and no loop is one that
 * could trap: so a scanner shares a launch with what makes its text. */

/* The least 2^k - 1 that is no less. */
static uint32_t mask_for(uint32_t most)
{
    uint32_t mask = 1;
    while (mask < most)
        mask = mask * 2 + 1;
    return mask;
}

static uint32_t most_offset(const struct scanner *s)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < s->list->literals.n; i++)
        if (s->list->literals.at[i].gram > most) most = s->list->literals.at[i].gram;
    return most;
}

/* The literal `pattern`, whose gram stands at `at` and of which `known` bytes from `from` on were compared: are the others around them? */
static void print_comparison(struct scanner *s, enum report report)
{
    const char *name = s->request->name;
    bool fold = s->request->ignore_case;
    uint32_t longest = s->list->longest, mask = mask_for(longest);
    out_printf(s->out,
               "        let begin = u32(%s_begin[pattern]);\n"
               "        let length = u32(%s_begin[pattern + 1]) - begin & %u;\n"
               "        let offset = u32(%s_gram[pattern]) & %u;\n"
               "        let start = at - offset;\n"
               "        if at < len(text) && offset <= at && length <= len(text) - start {\n"
               "          let unknown = length - known;\n"
               "          var same = 0u32;\n"
               "          while same < %u && same < unknown && %s%stext[start + (same + select(same < from, 0, known) "
               "& %u)]%s == "
               "%s_bytes[begin + same + select(same < from, 0, known)] max %u {\n"
               "            same = same + 1;\n"
               "          }\n"
               "          let last = start + length - 1;\n",
               name, name, mask, name, mask_for(most_offset(s)), longest, fold ? name : "", fold ? "_fold[" : "", mask,
               fold ? "]" : "", name, longest);
    out_printf(s->out, "          if same == unknown%s {\n",
               s->request->whole_words ? arena_printf(s->arena, " && %s_is_whole(text, start, last)", name) : "");
    report_match(s, report, "            ");
    out_text(s->out, "          }\n        }\n");
}

static void print_lookup(struct scanner *s, enum report report, uint32_t n_bytes)
{
    const char *name = s->request->name;
    out_printf(s->out,
               "    let slot%u = (key & 0x%X) * 0x%X >> %u;\n"
               "    for entry in u32(%s_slots%u[slot%u])..u32(%s_slots%u[slot%u + 1]) {\n",
               n_bytes, (UINT32_C(1) << 8 * n_bytes) - 1, key_factor, 32 - slot_bits(s, n_bytes), name, n_bytes,
               n_bytes, name, n_bytes, n_bytes);
    out_printf(
        s->out,
        "      let unused = %s_unused%u[entry];\n"
        "      let wrong = (key ^ %s_keys%u[entry]) << (unused & 31);\n"
        "      let wrong_behind = select((unused & 0x2000) == 0, (behind ^ %s_behind%u[entry]) << (unused >> 8 & "
        "31), 0);\n"
        "      let wrong_before = select((unused & 0x200000) == 0, (before ^ %s_before%u[entry]) >> (unused >> 16 "
        "& 31), 0);\n"
        "      if (wrong | wrong_behind | wrong_before) == 0 {\n",
        name, n_bytes, name, n_bytes, name, n_bytes, name, n_bytes);
    if (s->request->ignore_case) /* these keys are coarser than folding */
        out_text(s->out, "        let from = 0u32;\n        let known = 0u32;\n");
    else
        out_printf(s->out, "        let from = u32(%s_from%u[entry]);\n        let known = u32(%s_known%u[entry]);\n",
                   name, n_bytes, name, n_bytes);
    out_printf(s->out, "        let pattern = u32(%s_order%u[entry]);\n", name, n_bytes);
    print_comparison(s, report);
    out_text(s->out, "      }\n    }\n");
}

/* Four bytes of text, so far from where the gram may begin; outside the text they are zeros, which does not matter: there is no literal either. */
static void print_key(struct scanner *s, const char *name, int from)
{
    out_printf(s->out, "    let %s = ", name);
    for (int i = 0; i < KEY_BYTES; i++) {
        int at = from + i;
        out_printf(s->out, "%su32(text[at %c %d])", i ? " | " : "", at < 0 ? '-' : '+', at < 0 ? -at : at);
        if (i) out_printf(s->out, " << %d", 8 * i);
    }
    out_printf(s->out, "%s;\n", s->request->ignore_case ? " | 0x20202020" : "");
}

void verify_print_candidate(struct scanner *s, enum report report)
{
    print_key(s, "key", 0);
    print_key(s, "behind", KEY_BYTES);
    print_key(s, "before", -KEY_BYTES);
    for (uint32_t k = 1; k <= MAX_HASHED; k++)
        if (count_grams(s, k)) print_lookup(s, report, k);
}

/* Each lane takes every 32nd of the positions found. */
static void print_verification(struct scanner *s, enum report report, const struct filter_kind *kind)
{
    out_printf(s->out,
               "  barrier;\n"
               "  let listed = n <= %u;\n",
               LIST_ELEMENTS);
    if (kind->print_begins) {
        kind->print_begins(s, report);
        print_text(s, "  ", "let n_candidates = select(listed, n, %u);\n", WINDOW_BYTES);
        print_text(s, "  ", "for candidate in lane..n_candidates + n_begins step %u {\n", LANES);
    } else {
        print_text(s, "  ", "for candidate in lane..select(listed, n, %u) step %u {\n", WINDOW_BYTES, LANES);
    }
    print_text(s, "    ", "let at = window + (select(listed, u32(candidates[candidate]), candidate) & %u);\n",
               WINDOW_BYTES - 1);
    if (kind->print_begins) print_text(s, "    ", "let is_begin = candidate >= n_candidates;\n");
    kind->print_candidate(s, report);
    out_text(s->out, "  }\n");
}

/* Measured on a processor with AVX-512. */
static const double cycles_to_note = 4, cycles_to_leave = 16;
static const double rare_share = 0.001; /* below it asking whether there are hits is quicker than noting them */

/* The positions that `rest` has, after those of `found` that it no longer has. */
static void print_note_loop(struct scanner *s)
{
    out_printf(s->out,
               "    for more in 0u32..popcount(rest) {\n"
               "      if lane == 0 {\n"
               "        candidates[n + popcount(found) - popcount(rest)] = u16(k * %u + ctz(rest));\n"
               "      }\n"
               "      rest = rest & (rest - 1);\n"
               "    }\n",
               STEP_BYTES);
}

/* Unless hits are rare, the first of 64 positions is noted without asking whether there is one: nothing has to be guessed then. */
static void print_notes(struct scanner *s, bool are_rare)
{
    out_printf(s->out, "    let found = u64(ballot(hit0)) | u64(ballot(hit1)) << %u;\n", LANES);
    if (are_rare)
        out_text(s->out, "    var rest = found;\n");
    else
        out_printf(s->out,
                   "    if lane == 0 {\n      candidates[n] = u16(k * %u + ctz(found));\n    }\n    var rest = found & "
                   "(found - 1);\n",
                   STEP_BYTES);
    print_note_loop(s);
    out_text(s->out, "    n = n + popcount(found);\n");
}

void filter_print_program(struct scanner *s, enum report report, double share, const struct filter_kind *kind)
{
    report_begin(
        s, report,
        arena_printf(s->arena, "  workgroup %u;\n  dispatch (len(text) / %u + 1) * %u;\n", LANES, WINDOW_BYTES, LANES));
    out_printf(s->out,
               "  workgroup candidates : u16[%u] no_zeros;        // where grams may begin, from the start of the "
               "window; all "
               "positions when there are more\n",
               LIST_ELEMENTS);
    if (kind->print_locals) kind->print_locals(s);
    report_open(s, report);
    out_printf(s->out, "  let window = wid.x * %u;\n  var n = 0u32;\n", WINDOW_BYTES);
    out_printf(s->out, "  for k in 0u32..%u {\n", WINDOW_BYTES / STEP_BYTES);
    for (uint32_t vector = 0; vector < STEP_BYTES / LANES; vector++) {
        out_printf(s->out, "    let at%u = window + k * %u + %u + lane;\n", vector, STEP_BYTES, vector * LANES);
        for (uint32_t j = 0; j < s->gram_width; j++)
            out_printf(s->out, "    let text%u%c = text[at%u + %u];\n", vector, 'a' + (int)j, vector, j);
        kind->print_hits(s, vector);
    }
    print_notes(s, share < rare_share);
    out_text(s->out, "  }\n");
    print_verification(s, report, kind);
    report_close(s, report, true);
    out_text(s->out, "}\n");
}

double filter_cost(double cycles, double share, double per_candidate)
{
    double candidates = STEP_BYTES * share, note = share < rare_share ? candidates * cycles_to_leave : cycles_to_note;
    return (cycles + note + candidates * per_candidate) / STEP_BYTES;
}
