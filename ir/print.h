/* print.h - IR as .vir text: canonical, and reading it back gives the same IR. */
#ifndef VYREC_IR_PRINT_H
#define VYREC_IR_PRINT_H

#include "ir/ir.h"

void ir_print_module(const struct ir_module *m, struct out *out);
void ir_print_program(const struct ir_program *p, struct out *out);
void ir_print_pipeline(const struct ir_pipeline *p, struct out *out);
void ir_print_stmt(const struct ir_stmt *s, uint32_t indent, struct out *out);
void ir_print_expr(const struct ir_expr *e, struct out *out);

/* A scalar constant as a literal, `-5i32`, or without its suffix, `-5`, where the type is known (data). Floats are the
 * shortest decimal that reads back to the same bits. */
void ir_print_constant(ir_type type, uint64_t bits, bool suffix, struct out *out);
/* Quoted, UTF-8 as it is, all else with the escapes \" \\ \n \t \xHH. */
void ir_print_string(const unsigned char *bytes, uint64_t n, struct out *out);

/* As ir_print_module, with `annotate` called after the line of each item, buffer, param and statement (its address is
 * `node`), to add lines of comment. Survives IR with missing parts, for showing what is wrong with it. */
typedef void ir_annotate_fn(void *ctx, const void *node, uint32_t indent, struct out *out);
void ir_print_annotated(const struct ir_module *m, ir_annotate_fn *annotate, void *ctx, struct out *out);

#endif
