/* shape.h - how a value differs between the lanes of a group that run in lockstep. Finer than uniformity in a workgroup, and
 * only about locals: the shape of an expression follows while it is lowered. Knows nothing of LLVM. */
#ifndef VYREC_LLVM_SHAPE_H
#define VYREC_LLVM_SHAPE_H

#include "ir/base/map.h"
#include "ir/ir.h"

/* Lane k of a value that is not varying has the value of lane 0 plus k * stride, modulo the width of its type. */
struct shape {
    bool varying;
    int64_t stride; /* 0: uniform */
};
#define SHAPE_UNIFORM ((struct shape){false, 0})
#define SHAPE_VARYING ((struct shape){true, 0})
static inline bool shape_is_uniform(struct shape s)
{
    return !s.varying && s.stride == 0;
}
static inline bool shape_equal(struct shape a, struct shape b)
{
    return a.varying == b.varying && a.stride == b.stride;
}
/* A stride modulo the width of the type, as the least in magnitude. */
int64_t shape_wrap(ir_type type, int64_t stride);

struct loop_facts {
    bool divergent; /* lanes leave it, or skip the rest of a round, one by one */
    bool ends;      /* lanes end inside it one by one, by return or trap */
};

/* The shapes of ids, which depend on how lanes are laid out. */
typedef struct shape shape_of_id(const void *ctx, enum ir_op op, uint32_t component);

struct shapes {
    struct arena *arena;
    struct shape *locals; /* by index */
    bool *known;          /* locals seen so far */
    struct map loops;     /* FOR, WHILE -> struct loop_facts */
    shape_of_id *of_id;
    const void *of_id_ctx;
    const bool *scalar_locals; /* by index: known to be uniform; NULL: none */
    bool changed;
};
/* For groups of more than one lane. Linear, times the few rounds until loops are stable. */
void shapes_compute(struct shapes *s, struct arena *arena, const struct ir_program *p, shape_of_id *of_id,
                    const void *of_id_ctx, const bool *scalar_locals);
struct shape shape_of_expr(const struct shapes *s, const struct ir_expr *e);
const struct loop_facts *shape_of_loop(const struct shapes *s, const struct ir_stmt *loop);

#endif
