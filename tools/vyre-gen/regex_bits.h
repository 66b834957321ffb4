/* regex_bits.h - private to vyre-gen: values of 32 bits, one for each place of a block of text, as statements that compute each of them once.
 * A value is a number; what is known to be all zeros or all ones takes no statement. */
#ifndef VYREC_REGEX_BITS_H
#define VYREC_REGEX_BITS_H

#include "tools/vyre-gen/regex.h"

enum { BITS_NONE, BITS_ALL, N_PLANES = 8 };

enum bit_op { BIT_AND, BIT_AND_NOT, BIT_OR, BIT_XOR, BIT_NOT, BIT_ADVANCE, BIT_RUN, BIT_LEAF };

struct bit_node {
    uint32_t op, a, b;
    const char *text; /* the name of what was not made here */
    uint32_t carry;   /* for who makes it: of what goes from one block to the next */
};
struct bits {
    struct scanner *s;
    struct arena *arena;
    const char *indent; /* NULL: nothing is printed, operations are counted */
    VEC(struct bit_node) nodes;
    uint32_t *slots, n_slots; /* by hash: the number of a node */
    uint32_t planes[N_PLANES];
    uint32_t n_ops;
};

/* The values p0 to p7 are the bits of the bytes. */
void bits_init(struct bits *b, struct scanner *s, struct arena *arena, const char *indent);
/* The value that was added as this; 0 where there is none. Who adds one prints it. */
uint32_t bits_find(const struct bits *b, enum bit_op op, uint32_t x, uint32_t y);
uint32_t bits_add(struct bits *b, enum bit_op op, uint32_t x, uint32_t y, const char *text);
/* A value that has a name. */
uint32_t bits_leaf(struct bits *b, const char *name);
uint32_t bits_and(struct bits *b, uint32_t x, uint32_t y);
uint32_t bits_and_not(struct bits *b, uint32_t x, uint32_t y); /* x & ~y */
uint32_t bits_or(struct bits *b, uint32_t x, uint32_t y);
uint32_t bits_not(struct bits *b, uint32_t x);
uint32_t bits_xor(struct bits *b, uint32_t x, uint32_t y);
/* x where `which` has ones, else y. */
uint32_t bits_choose(struct bits *b, uint32_t which, uint32_t x, uint32_t y);
/* Where the byte is one of a set. */
uint32_t bits_set(struct bits *b, const struct byte_set *set);
/* How a value is written. */
const char *bits_text(struct bits *b, uint32_t x);

#endif
