/* walk.h - visiting what is in a program, in the order of the text. */
#ifndef VYREC_IR_WALK_H
#define VYREC_IR_WALK_H

#include "ir/ir.h"

/* The blocks directly inside a statement: up to 2, in order. Returns how many. */
uint32_t ir_stmt_blocks(struct ir_stmt *s, struct ir_block *blocks[2]);
/* The expressions directly in a statement, as places that may be overwritten, in order of evaluation: up to 4. */
uint32_t ir_stmt_exprs(struct ir_stmt *s, struct ir_expr **places[4]);
/* The buffer a statement writes (STORE, ATOMIC, COPY_ASYNC), or NULL. */
struct ir_buffer *ir_stmt_written_buffer(const struct ir_stmt *s);
/* The local a statement defines or assigns, or NULL. */
struct ir_local *ir_stmt_written_local(const struct ir_stmt *s);

/* Calls `visit` for each statement below the block, a statement before those inside it. Visiting may remove the
 * statement itself. */
void ir_walk_stmts(struct ir_block *block, void (*visit)(void *ctx, struct ir_stmt *s), void *ctx);
/* Calls `visit` for the expression and each below it, operands before operations. `place` may be overwritten. */
void ir_walk_expr(struct ir_expr **place, void (*visit)(void *ctx, struct ir_expr **place), void *ctx);
/* Both: each expression of each statement below the block. */
void ir_walk_exprs(struct ir_block *block, void (*visit)(void *ctx, struct ir_expr **place), void *ctx);

#endif
