/* chunk_shift_value.h - positions among values, for chunk_shift.c. */
#ifndef VYREC_PASSES_CHUNK_SHIFT_VALUE_H
#define VYREC_PASSES_CHUNK_SHIFT_VALUE_H

#include "passes/chunk_shift.h"

/* Coprime; 0/1 is none. */
struct ratio {
    uint64_t num, den;
};
uint64_t ratio_common(uint64_t a, uint64_t b);      /* the greatest divisor of both */
struct ratio ratio_new(uint64_t num, uint64_t den); /* den is not 0 */
bool ratio_equal(struct ratio a, struct ratio b);
/* num 0 where it is too large. */
struct ratio ratio_scale(struct ratio r, uint64_t num, uint64_t den);

enum shift_kind {
    SHIFT_FIXED, /* the same wherever ids begin */
    SHIFT_MOVES, /* weight * step + offset: a position */
    SHIFT_END,   /* the same, of an end of the data; where that is far, only known to be far */
    SHIFT_REST,  /* from a position to an end; where that is far, only known to be far, and negative ones wrap */
};

struct shift_value {
    enum shift_kind kind;
    struct ratio weight; /* MOVES, END; per step */
    bool is_bounded;     /* low and high are known */
    bool is_cut;         /* MOVES: less than its offsets say where the data ends */
    int64_t low,
        high; /* FIXED: the value, u32 taken as near 0; MOVES: its offset from that of the workgroup's number */
};
enum { SHIFT_MOST_OFFSET = 1 << 24 };

/* What a unit needs for that, over all its arms. */
struct shift_needs {
    uint64_t scale;        /* steps are to be multiples of so many */
    uint64_t margin;       /* steps before the first position, so that none is near 0 */
    struct ratio heaviest; /* of all weights */
};

struct shift_look {
    const struct ir_program *program;
    struct arena *arena;
    struct ratio groups;              /* workgroups of this arm per step */
    const struct ratio *elements;     /* per buffer of the program; num 0: it stays as it is */
    const struct shift_value *params; /* of the program */
    struct shift_value *locals;       /* by index */
    bool *has_value;
    bool changes, widens; /* of a round: some local has become more; what grows has no bounds any more */
    struct shift_needs *needs;
    struct chunk_shift_wides *wides; /* NULL: nobody asks */
    const char *refusal;             /* the first */
};

struct shift_value shift_value_of(struct shift_look *k, const struct ir_expr *e);
struct shift_value shift_fixed(void); /* any value */
struct shift_value shift_join(struct shift_look *k, struct shift_value a, struct shift_value b, const char *name);
void shift_refuse(struct shift_look *k, const char *format, const char *name);

#endif
