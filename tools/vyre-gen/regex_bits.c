/* regex_bits.c - values of 32 places as statements. Equal values are one: nodes are found by what they are made of. */
#include "tools/vyre-gen/regex_bits.h"

/* ---- nodes ---- */

static uint32_t slot_of(const struct bits *b, uint32_t op, uint32_t x, uint32_t y)
{
    uint64_t hash = ((uint64_t)op * 0x9E3779B1 ^ x) * UINT64_C(0x9E3779B97F4A7C15) ^ y;
    hash = (hash ^ hash >> 31) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(hash >> 40) & (b->n_slots - 1);
}

static uint32_t *find_slot(const struct bits *b, uint32_t op, uint32_t x, uint32_t y)
{
    uint32_t at = slot_of(b, op, x, y);
    for (; b->slots[at]; at = (at + 1) & (b->n_slots - 1)) {
        const struct bit_node *n = &b->nodes.at[b->slots[at]];
        if (n->op == op && n->a == x && n->b == y) break;
    }
    return &b->slots[at];
}

static void grow_slots(struct bits *b)
{
    b->n_slots = b->n_slots ? b->n_slots * 2 : 1024;
    b->slots = ARENA_ARRAY(b->arena, uint32_t, b->n_slots);
    for (uint32_t i = BITS_ALL + 1; i < b->nodes.n; i++)
        *find_slot(b, b->nodes.at[i].op, b->nodes.at[i].a, b->nodes.at[i].b) = i;
}

uint32_t bits_add(struct bits *b, enum bit_op op, uint32_t x, uint32_t y, const char *text)
{
    if (2 * (b->nodes.n + 1) > b->n_slots) grow_slots(b);
    struct bit_node node = {op, x, y, text};
    vec_push(b->arena, &b->nodes, node);
    *find_slot(b, op, x, y) = b->nodes.n - 1;
    return b->nodes.n - 1;
}

uint32_t bits_find(const struct bits *b, enum bit_op op, uint32_t x, uint32_t y)
{
    return *find_slot(b, op, x, y);
}

/* A simple operation. */
static uint32_t operate(struct bits *b, enum bit_op op, uint32_t x, uint32_t y)
{
    static const char *const forms[] = {[BIT_AND] = "%s & %s",
                                        [BIT_AND_NOT] = "%s & ~%s",
                                        [BIT_OR] = "%s | %s",
                                        [BIT_XOR] = "%s ^ %s",
                                        [BIT_NOT] = "~%s"};
    uint32_t known = bits_find(b, op, x, y);
    if (known) return known;
    b->n_ops++;
    uint32_t node = bits_add(b, op, x, y, NULL);
    if (!b->indent) return node;
    print_text(b->s, b->indent, "let x%u = ", node);
    if (op == BIT_NOT)
        print_text(b->s, "", forms[op], bits_text(b, x));
    else
        print_text(b->s, "", forms[op], bits_text(b, x), bits_text(b, y));
    print_text(b->s, "", ";\n");
    return node;
}

uint32_t bits_leaf(struct bits *b, const char *name)
{
    return bits_add(b, BIT_LEAF, b->nodes.n, 0, name);
}

const char *bits_text(struct bits *b, uint32_t x)
{
    if (x == BITS_NONE) return "0u32";
    if (x == BITS_ALL) return "0xFFFFFFFFu32";
    const struct bit_node *n = &b->nodes.at[x];
    return n->text ? n->text : arena_printf(b->arena, "x%u", x);
}

void bits_init(struct bits *b, struct scanner *s, struct arena *arena, const char *indent)
{
    *b = (struct bits){.s = s, .arena = arena, .indent = indent};
    grow_slots(b);
    for (uint32_t constant = BITS_NONE; constant <= BITS_ALL; constant++) {
        struct bit_node none = {.op = UINT32_MAX};
        vec_push(arena, &b->nodes, none);
    }
    for (uint32_t i = 0; i < N_PLANES; i++)
        b->planes[i] = bits_leaf(b, arena_printf(arena, "p%u", i));
}

/* ---- operations ---- */

uint32_t bits_not(struct bits *b, uint32_t x)
{
    if (x <= BITS_ALL) return BITS_ALL - x;
    if (b->nodes.at[x].op == BIT_NOT) return b->nodes.at[x].a;
    return operate(b, BIT_NOT, x, 0);
}

static void swap_to_order(uint32_t *x, uint32_t *y)
{
    uint32_t lesser = *x < *y ? *x : *y;
    *y = *x < *y ? *y : *x;
    *x = lesser;
}

uint32_t bits_and(struct bits *b, uint32_t x, uint32_t y)
{
    swap_to_order(&x, &y);
    if (x == BITS_NONE || x == y) return x;
    if (x == BITS_ALL) return y;
    if (b->nodes.at[y].op == BIT_NOT) return bits_and_not(b, x, b->nodes.at[y].a);
    if (b->nodes.at[x].op == BIT_NOT) return bits_and_not(b, y, b->nodes.at[x].a);
    return operate(b, BIT_AND, x, y);
}

uint32_t bits_and_not(struct bits *b, uint32_t x, uint32_t y)
{
    if (x == BITS_NONE || y == BITS_ALL || x == y) return BITS_NONE;
    if (y == BITS_NONE) return x;
    if (x == BITS_ALL) return bits_not(b, y);
    if (b->nodes.at[y].op == BIT_NOT) return bits_and(b, x, b->nodes.at[y].a);
    return operate(b, BIT_AND_NOT, x, y);
}

uint32_t bits_or(struct bits *b, uint32_t x, uint32_t y)
{
    swap_to_order(&x, &y);
    if (x == BITS_ALL || x == y) return x;
    if (x == BITS_NONE) return y;
    if (y == BITS_ALL) return y;
    return operate(b, BIT_OR, x, y);
}

uint32_t bits_xor(struct bits *b, uint32_t x, uint32_t y)
{
    swap_to_order(&x, &y);
    if (x == y) return BITS_NONE;
    if (x == BITS_NONE) return y;
    if (x == BITS_ALL) return bits_not(b, y);
    return operate(b, BIT_XOR, x, y);
}

static bool are_opposite(const struct bits *b, uint32_t x, uint32_t y)
{
    return (b->nodes.at[x].op == BIT_NOT && b->nodes.at[x].a == y) ||
           (b->nodes.at[y].op == BIT_NOT && b->nodes.at[y].a == x);
}

uint32_t bits_choose(struct bits *b, uint32_t which, uint32_t x, uint32_t y)
{
    if (which == BITS_ALL || x == y) return x;
    if (which == BITS_NONE) return y;
    if (are_opposite(b, x, y)) return bits_xor(b, which, y);
    return bits_or(b, bits_and(b, x, which), bits_and_not(b, y, which));
}

/* ---- sets of bytes ---- */

enum { NIBBLE_BITS = 4, NIBBLES = 16 };

/* A function of `n` planes from the first one on: bit i of `values` is its value for the number i. */
static uint32_t choose_values(struct bits *b, const uint32_t *planes, uint32_t n, uint32_t values)
{
    if (n == 0) return values & 1 ? BITS_ALL : BITS_NONE;
    uint32_t half = 1u << (n - 1), low = values & ((1u << half) - 1), high = values >> half;
    if (low == high) return choose_values(b, planes, n - 1, low);
    uint32_t without = choose_values(b, planes, n - 1, low);
    return bits_choose(b, planes[n - 1], choose_values(b, planes, n - 1, high), without);
}

static uint32_t low_nibbles(const struct byte_set *set, uint32_t high)
{
    return (uint32_t)(set->bits[high / 4] >> high % 4 * NIBBLES) & 0xFFFF;
}

static uint32_t add_rows(struct bits *b, const struct byte_set *set)
{
    uint32_t result = BITS_NONE, done = 0;
    for (uint32_t high = 0; high < NIBBLES; high++) {
        uint32_t low = low_nibbles(set, high), rows = 0;
        for (uint32_t i = high; i < NIBBLES; i++)
            rows |= (uint32_t)(low_nibbles(set, i) == low) << i;
        if (low && !(done >> high & 1))
            result = bits_or(b, result,
                             bits_and(b, choose_values(b, b->planes + NIBBLE_BITS, NIBBLE_BITS, rows),
                                      choose_values(b, b->planes, NIBBLE_BITS, low)));
        done |= rows;
    }
    return result;
}

/* Upper halves of bytes that have the same lower halves are one term. Of a set of most bytes the others are looked for. */
uint32_t bits_set(struct bits *b, const struct byte_set *set)
{
    uint32_t n = 0;
    struct byte_set others;
    for (uint32_t i = 0; i < 4; i++) {
        n += (uint32_t)__builtin_popcountll(set->bits[i]);
        others.bits[i] = ~set->bits[i];
    }
    return n > ALL_BYTES / 2 ? bits_not(b, add_rows(b, &others)) : add_rows(b, set);
}
