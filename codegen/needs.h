/* needs.h - what a program asks of whoever runs it: runtime-stub/needs.def. */
#ifndef VYREC_CODEGEN_NEEDS_H
#define VYREC_CODEGEN_NEEDS_H

#include "ir/ir.h"

struct needs {
    uint32_t bits;                   /* 1 << enum vyre_need */
    uint32_t nesting;                /* of blocks; a `for` counts 2, a `while` 3, for the tests that they become */
    struct ir_expr *rounds;          /* ir_rounds_bound */
    struct ir_expr *rounds_of_large; /* the same with copies; NULL too where there are none or rounds are few */
};
struct needs needs_find(struct ir_module *m, const struct ir_program *p, struct arena *scratch);

#endif
