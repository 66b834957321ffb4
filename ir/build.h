/* build.h - making IR. Builders allocate in the module's arena, compute types and depths from ops.def, and check
 * nothing else: the frontend checks what users wrote, verify.h what passes made. */
#ifndef VYREC_IR_BUILD_H
#define VYREC_IR_BUILD_H

#include "ir/ir.h"

struct ir_module *ir_module_new(struct arena *arena, struct intern *names, struct sources *sources);
struct ir_program *ir_program_new(struct ir_module *m, const char *name, struct src_range range);   /* appended */
struct ir_pipeline *ir_pipeline_new(struct ir_module *m, const char *name, struct src_range range); /* appended */
/* Appended; the bytes are for the caller to set. */
struct ir_data *ir_data_new(struct ir_module *m, const char *name, ir_type elem, uint64_t count,
                            struct src_range range);
struct ir_buffer *ir_buffer_new(struct ir_module *m, const char *name, enum ir_space space, enum ir_access access,
                                ir_type elem, struct src_range range); /* not appended anywhere */
struct ir_param *ir_param_new(struct ir_module *m, const char *name, ir_type type, struct src_range range);
/* A new local of the program. A name that another item, buffer, param or local of it has gets a suffix _1, _2, ...
 * The name need not be interned. */
struct ir_local *ir_local_new(struct ir_program *p, const char *name, ir_type type, bool is_mutable,
                              struct src_range range);

/* -- expressions */
/* Keeps the bits of the type's width; every NaN becomes the one quiet NaN. */
struct ir_expr *ir_const(struct ir_module *m, ir_type type, uint64_t bits, struct src_range range);
struct ir_expr *ir_const_u32(struct ir_module *m, uint32_t value);
struct ir_expr *ir_get_local(struct ir_module *m, struct ir_local *l, struct src_range range);
struct ir_expr *ir_get_param(struct ir_module *m, struct ir_param *p, struct src_range range);
struct ir_expr *ir_id(struct ir_module *m, enum ir_op op, uint8_t component, struct src_range range);
struct ir_expr *ir_len(struct ir_module *m, struct ir_buffer *b, struct src_range range);
struct ir_expr *ir_load(struct ir_module *m, struct ir_buffer *b, struct ir_expr *index, struct src_range range);
/* Operations with a signature; the type follows from the operands. */
struct ir_expr *ir_unary(struct ir_module *m, enum ir_op op, struct ir_expr *a, struct src_range range);
struct ir_expr *ir_binary(struct ir_module *m, enum ir_op op, struct ir_expr *a, struct ir_expr *b,
                          struct src_range range);
/* Any operation with operands, of the given type. */
struct ir_expr *ir_expr_new(struct ir_module *m, enum ir_op op, ir_type type, struct ir_expr *const *args,
                            uint32_t n_args, struct src_range range);
struct ir_expr *ir_expr_copy(struct ir_module *m, const struct ir_expr *e); /* deep */
struct ir_expr *ir_zero(struct ir_module *m, ir_type type);                 /* of each component */
bool ir_expr_equal(const struct ir_expr *a, const struct ir_expr *b);       /* same tree, places apart */
/* Has it one value in an invocation, wherever it stands? No load, variable or subgroup operation is in it. */
bool ir_expr_is_fixed(const struct ir_expr *e);
/* After operands were exchanged. */
void ir_expr_update_depth(struct ir_expr *e);
static inline bool ir_is_const(const struct ir_expr *e)
{
    return e->op == IR_OP_CONST;
}

/* -- statements: made detached, then put somewhere */
struct ir_stmt *ir_stmt_new(struct ir_module *m, enum ir_stmt_kind kind, struct src_range range);
void ir_block_append(struct ir_block *b, struct ir_stmt *s);
void ir_insert_before(struct ir_stmt *at, struct ir_stmt *s);
void ir_insert_after(struct ir_stmt *at, struct ir_stmt *s);
void ir_remove(struct ir_stmt *s); /* unlinks; the node stays usable */
struct ir_program *ir_program_copy(struct ir_module *m, const struct ir_program *p, const char *name);
/* Appends copies of the statements of a block to another. `moved`: from old buffers, params and locals to those that stand for
 * them in the copy; what is absent stays as it is. */
void ir_block_copy(struct ir_module *m, const struct ir_block *from, struct ir_block *to, const struct map *moved);
struct ir_expr *ir_expr_copy_moved(struct ir_module *m, const struct ir_expr *e, const struct map *moved);
struct ir_module *ir_module_copy(struct arena *arena, const struct ir_module *m);

#endif
