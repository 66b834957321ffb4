/* traffic.h - how many bytes a launch moves between memory and itself, as a formula in lengths.
 *
 * The model: what a launch reads of a buffer it reads once, what it writes it writes once, all elements of it; a buffer that must
 * be zeros before is written once more. Caches may spare some of that, strides may cost more. */
#ifndef VYREC_PASSES_TRAFFIC_H
#define VYREC_PASSES_TRAFFIC_H

#include "ir/ir.h"
#include "ir/ops.h"

/* A sum of bytes * length. */
struct traffic_term {
    const struct ir_expr *length; /* over a pipeline's lengths and params; NULL: 1 */
    uint64_t bytes;
};
struct traffic {
    VEC(struct traffic_term) terms; /* no two with one length */
};

/* `times` times the bytes of a buffer of a pipeline. */
void traffic_add_buffer(struct traffic *t, struct ir_module *m, struct ir_buffer *b, uint64_t times);
void traffic_add(struct traffic *t, struct arena *arena, const struct traffic *more);
/* What a launch of the arm moves. */
void traffic_add_arm(struct traffic *t, struct ir_module *m, const struct ir_arm *arm);
/* What two arms in a row move that one launch of both need not: at most, as far as buffers tell. */
void traffic_add_shared(struct traffic *t, struct ir_module *m, const struct ir_pipeline *p, const struct ir_arm *first,
                        const struct ir_arm *second);
/* `8 * len(a) + 16`. */
void traffic_print(const struct traffic *t, struct out *out);
/* False when a length has no value, or the sum passes 2^64. */
bool traffic_eval(const struct traffic *t, const struct ir_host_env *env, uint64_t *bytes);

#endif
