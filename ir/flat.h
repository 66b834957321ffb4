/* flat.h - the statements of a program as one array, in the order of the text, for analyses that keep something per
 * statement. */
#ifndef VYREC_IR_FLAT_H
#define VYREC_IR_FLAT_H

#include "ir/ir.h"

#define IR_FLAT_NONE UINT32_MAX

struct ir_flat_stmt {
    struct ir_stmt *stmt;
    uint32_t end;    /* position after the last statement inside it */
    uint32_t parent; /* position of the statement around it, or IR_FLAT_NONE */
    uint32_t loop;   /* of the innermost loop around it, or IR_FLAT_NONE */
};
struct ir_flat {
    VEC(struct ir_flat_stmt) stmts;
};

void ir_flatten(struct ir_flat *f, struct arena *arena, const struct ir_block *body);

#endif
