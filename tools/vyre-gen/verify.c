/* verify.c - after a filter: the few positions where a gram may begin are looked up by a hash of the gram's bytes, and the literals found so are
 * compared in full. The loop goes over 64 positions at a time: two vectors of 32 lanes, whose hits become the bits of one number. */
#include <string.h>

#include "tools/vyre-gen/gen.h"

enum { WINDOW_BYTES = 4096, STEP_BYTES = 64, LANES = 32 };

/* The bytes of a gram as a number; where case is ignored, bit 5 of each is set, which is coarser than folding and quicker. */
static uint32_t gram_key(const struct scanner *s, const struct literal *l)
{
    uint32_t key = 0;
    for (uint32_t i = 0; i < gram_bytes(l, s->gram_width); i++)
        key |= (uint32_t)(l->bytes[l->gram + i] | (s->request->ignore_case ? 32 : 0)) << 8 * i;
    return key;
}

static uint32_t count_grams(const struct scanner *s, uint32_t n_bytes)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->list->literals.n; i++)
        n += gram_bytes(&s->list->literals.at[i], s->gram_width) == n_bytes;
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

static void print_slots(struct scanner *s, uint32_t n_bytes)
{
    uint32_t bits = slot_bits(s, n_bytes), n_slots = UINT32_C(1) << bits, n = count_grams(s, n_bytes);
    uint32_t *begin = ARENA_ARRAY(s->arena, uint32_t, (size_t)n_slots + 2), *order = ARENA_ARRAY(s->arena, uint32_t, n);
    for (uint32_t pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < s->list->literals.n; i++) {
            const struct literal *l = &s->list->literals.at[i];
            if (gram_bytes(l, s->gram_width) != n_bytes) continue;
            uint32_t slot = gram_key(s, l) * key_factor >> (32 - bits);
            if (pass == 0)
                begin[slot + 2]++;
            else
                order[begin[slot + 1]++] = i;
        }
        for (uint32_t k = 2; pass == 0 && k < n_slots + 2; k++)
            begin[k] += begin[k - 1];
    }
    print_table(s, arena_printf(s->arena, "slots%u", n_bytes), begin, n_slots + 1, 8);
    print_table(s, arena_printf(s->arena, "order%u", n_bytes), order, n, 8);
}

void verify_print_tables(struct scanner *s)
{
    uint32_t n = s->list->literals.n, *gram = ARENA_ARRAY(s->arena, uint32_t, n);
    for (uint32_t i = 0; i < n; i++)
        gram[i] = s->list->literals.at[i].gram;
    print_table(s, "gram", gram, n, 8);
    print_literal_tables(s);
    for (uint32_t k = 1; k <= MAX_GRAM; k++)
        if (count_grams(s, k)) print_slots(s, k);
}

/* ---- statements ---- */

static void print_candidates(struct scanner *s, enum report report, uint32_t n_bytes)
{
    const char *name = s->request->name;
    uint32_t mask = n_bytes == 4 ? UINT32_MAX : (UINT32_C(1) << 8 * n_bytes) - 1;
    out_printf(s->out, "      let slot%u = (key & 0x%X) * 0x%X >> %u;\n", n_bytes, mask, key_factor,
               32 - slot_bits(s, n_bytes));
    out_printf(s->out, "      for entry in u32(%s_slots%u[slot%u])..u32(%s_slots%u[slot%u + 1]) {\n", name, n_bytes,
               n_bytes, name, n_bytes, n_bytes);
    out_printf(s->out, "        let pattern = u32(%s_order%u[entry]);\n", name, n_bytes);
    out_printf(s->out,
               "        let begin = u32(%s_begin[pattern]);\n"
               "        let length = u32(%s_begin[pattern + 1]) - begin;\n"
               "        let offset = u32(%s_gram[pattern]);\n"
               "        let start = at - offset;\n"
               "        if at < len(text) && offset <= at && length <= len(text) - start {\n"
               "          var same = 0u32;\n"
               "          while same < length && %s%stext[start + same]%s == %s_bytes[begin + same] max %u {\n"
               "            same = same + 1;\n"
               "          }\n"
               "          let last = start + length - 1;\n",
               name, name, name, s->request->ignore_case ? name : "", s->request->ignore_case ? "_fold[" : "",
               s->request->ignore_case ? "]" : "", name, s->list->longest);
    out_printf(s->out, "          if same == length%s {\n",
               s->request->whole_words ? arena_printf(s->arena, " && %s_is_whole(text, start, last)", name) : "");
    report_match(s, report, "            ", true);
    out_text(s->out, "          }\n        }\n      }\n");
}

void verify_print(struct scanner *s, enum report report)
{
    const char *folded = s->request->ignore_case ? " | 0x20202020" : "";
    out_printf(s->out,
               "    while found != 0 max %u {\n"
               "      let at = base + ctz(found);\n"
               "      found = found & (found - 1);\n"
               "      let key = u32(text[at]) | u32(text[at + 1]) << 8 | u32(text[at + 2]) << 16 | u32(text[at + 3]) "
               "<< 24%s;\n",
               STEP_BYTES, folded);
    for (uint32_t k = 1; k <= MAX_GRAM; k++)
        if (count_grams(s, k)) print_candidates(s, report, k);
    out_text(s->out, "    }\n");
}

void filter_print_program(struct scanner *s, enum report report, void (*print_hits)(struct scanner *s, uint32_t vector))
{
    report_begin(
        s, report,
        arena_printf(s->arena, "  workgroup %u;\n  dispatch (len(text) / %u + 1) * %u;\n", LANES, WINDOW_BYTES, LANES));
    report_open(s, report);
    out_printf(s->out, "  for k in 0u32..%u {\n    let base = wid.x * %u + k * %u;\n", WINDOW_BYTES / STEP_BYTES,
               WINDOW_BYTES, STEP_BYTES);
    for (uint32_t vector = 0; vector < STEP_BYTES / LANES; vector++) {
        out_printf(s->out, "    let at%u = base + %u + lane;\n", vector, vector * LANES);
        for (uint32_t j = 0; j < s->gram_width; j++)
            out_printf(s->out, "    let text%u%c = text[at%u + %u];\n", vector, 'a' + (int)j, vector, j);
        print_hits(s, vector);
    }
    out_text(s->out, "    var found = u64(ballot(hit0)) | u64(ballot(hit1)) << 32;\n");
    verify_print(s, report);
    out_text(s->out, "  }\n");
    report_close(s, report, true);
    out_text(s->out, "}\n");
}

/* Measured on a processor with AVX-512: to leave the loop, and for each position that is looked up. */
static const double cycles_to_leave = 16, cycles_per_candidate = 40;

double filter_cost(double cycles, double share)
{
    double candidates = STEP_BYTES * share, leaves = candidates < 1 ? candidates : 1;
    return (cycles + leaves * cycles_to_leave + candidates * cycles_per_candidate) / STEP_BYTES;
}
