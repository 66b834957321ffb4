/* print.h - IR as .vir text: canonical, and reading it back gives the same IR. */
#ifndef VYREC_IR_PRINT_H
#define VYREC_IR_PRINT_H

#include "ir/ir.h"

void ir_print_module(const struct ir_module *m, struct out *out);
void ir_print_program(const struct ir_program *p, struct out *out);
void ir_print_pipeline(const struct ir_pipeline *p, struct out *out);
void ir_print_stmt(const struct ir_stmt *s, uint32_t indent, struct out *out);
void ir_print_expr(const struct ir_expr *e, struct out *out);

#endif
