/* ops.h - what ops.def, stmts.def and their like say, as tables to look things up in. */
#ifndef VYREC_IR_OPS_H
#define VYREC_IR_OPS_H

#include "ir/ir.h"

/* clang-format off */
enum ir_form {
    IR_FORM_LEAF, IR_FORM_PREFIX, IR_FORM_CALL, IR_FORM_TYPED, IR_FORM_SPECIAL,
    IR_FORM_INFIX_1, IR_FORM_INFIX_2, IR_FORM_INFIX_3, IR_FORM_INFIX_4, IR_FORM_INFIX_5,
    IR_FORM_INFIX_6, IR_FORM_INFIX_7, IR_FORM_INFIX_8, IR_FORM_INFIX_9, IR_FORM_INFIX_10,
};
enum ir_sig {
    IR_SIG_NONE, IR_SIG_T_T, IR_SIG_T_TT, IR_SIG_T_TTT, IR_SIG_T_TU, IR_SIG_B_TT, IR_SIG_B_T, IR_SIG_U_T,
    IR_SIG_T_TUU, IR_SIG_T_TTUU, IR_SIG_U_UU, IR_SIG_U_UUU, IR_SIG_T_BTT,
};
/* clang-format on */
/* Sets of scalar types: bit s for enum ir_scalar s. */
enum ir_type_set {
    IR_SET_BOOLS = 1 << IR_BOOL,
    IR_SET_UINTS = 1 << IR_U8 | 1 << IR_U16 | 1 << IR_U32 | 1 << IR_U64,
    IR_SET_SINTS = 1 << IR_I8 | 1 << IR_I16 | 1 << IR_I32 | 1 << IR_I64,
    IR_SET_INTS = IR_SET_UINTS | IR_SET_SINTS,
    IR_SET_F32S = 1 << IR_F16 | 1 << IR_BF16 | 1 << IR_F32,
    IR_SET_FLTS = IR_SET_F32S | 1 << IR_F64,
    IR_SET_NUMS = IR_SET_INTS | IR_SET_FLTS,
    IR_SET_BITS = IR_SET_INTS | IR_SET_BOOLS,
    IR_SET_ANY = IR_SET_NUMS | IR_SET_BOOLS,
};
enum ir_trait {
    IR_TRAIT_COMM = 1,
    IR_TRAIT_ASSOC = 2,
    IR_TRAIT_LOADS = 4,
    IR_TRAIT_SUBGROUP = 8,
    IR_TRAIT_HOST = 16,
    IR_TRAIT_LANE = 32,
};
struct ir_op_info {
    const char *name, *text;
    enum ir_form form;
    uint8_t n_args;
    enum ir_sig sig;
    uint32_t types;  /* set */
    uint32_t traits; /* enum ir_trait */
    const char *help;
};
extern const struct ir_op_info ir_op_infos[IR_OP_COUNT];

enum ir_stmt_trait {
    IR_STMT_TRAIT_BLOCKS = 1,
    IR_STMT_TRAIT_WRITES = 2,
    IR_STMT_TRAIT_SYNC = 4,
    IR_STMT_TRAIT_JUMP = 8,
    IR_STMT_TRAIT_DEFINES = 16,
    IR_STMT_TRAIT_PIPELINE = 32,
};
struct ir_stmt_info {
    const char *name, *text;
    uint32_t traits;
    const char *help;
};
extern const struct ir_stmt_info ir_stmt_infos[IR_STMT_COUNT];

extern const char *const ir_space_texts[],
    *const ir_access_texts[], *const ir_atomic_texts[], *const ir_order_texts[], *const ir_collective_texts[];
bool ir_atomic_takes_f32(enum ir_atomic op);
static inline bool ir_access_reads(enum ir_access a)
{
    return a != IR_ACCESS_WRITE;
}
static inline bool ir_access_writes(enum ir_access a)
{
    return a == IR_ACCESS_WRITE || a == IR_ACCESS_READ_WRITE;
}

/* Precedence of an infix operator, 1 (loosest) to 10; 0 for other forms. */
static inline int ir_op_precedence(enum ir_op op)
{
    enum ir_form f = ir_op_infos[op].form;
    return f >= IR_FORM_INFIX_1 ? (int)(f - IR_FORM_INFIX_1) + 1 : 0;
}
bool ir_op_is_transcendental(enum ir_op op); /* exp, sin, ... on floats: long sequences of exact operations */
/* The builtin written as a call with this name (`min`, `reduce_add`, `select`), or -1. */
int ir_op_find_call(const char *name);

/* Checks operand types against the row's signature (rows with IR_SIG_NONE are the caller's business).
 * True, and *result set, or false, and *bad_arg the first operand that does not fit. */
bool ir_op_result_type(enum ir_op op, const ir_type *args, ir_type *result, uint32_t *bad_arg);

/* -- the one evaluator: constant folding, the interpreter, the fuzzer's oracle ------------------------------ */

/* A value: one bit pattern per vector component, zero-extended. */
struct ir_value {
    uint64_t lane[4];
};
/* Evaluates any operation but LEAF, LOAD, LEN and SUBGROUP ones. `arg_types` as the operands have them, `type` the
 * result's (it decides CAST and BITCAST); `component` for EXTRACT. Exact: this defines what the operation means. */
struct ir_value ir_op_eval(enum ir_op op, ir_type type, uint8_t component, const ir_type *arg_types,
                           const struct ir_value *args, uint32_t n_args);
/* The combining step of reduce_* and scan_add on one component, and its identity. */
uint64_t ir_reduce_step(enum ir_op op, enum ir_scalar s, uint64_t a, uint64_t b);
uint64_t ir_reduce_identity(enum ir_op op, enum ir_scalar s);
/* What an atomic leaves in memory. */
uint64_t ir_atomic_eval(enum ir_atomic op, enum ir_scalar s, uint64_t old, uint64_t expected, uint64_t value);
/* The value as it is stored: NaNs of floats become the one quiet NaN. And as it is loaded (bool: != 0). */
uint64_t ir_value_to_memory(enum ir_scalar s, uint64_t bits);
uint64_t ir_value_from_memory(enum ir_scalar s, uint64_t bits);

/* -- host expressions: dispatch sizes, temps' counts -------------------------------------------------------- */

/* Evaluates a host expression in checked unsigned 64-bit arithmetic. `len` gives a buffer's element count, `param` a
 * param's bits. False on overflow, a negative difference or a division by zero. */
struct ir_host_env {
    void *ctx;
    uint64_t (*len)(void *ctx, const struct ir_buffer *b);
    uint64_t (*param)(void *ctx, const struct ir_param *p);
};
bool ir_host_eval(const struct ir_expr *e, const struct ir_host_env *env, uint64_t *result);

#endif
