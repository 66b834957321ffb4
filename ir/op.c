/* op.c - what ops.def, stmts.def, spaces.def and atomics.def say, as tables, with the relations between their columns
 * asserted, and the typing of operations by their signatures. */
#include "ir/ops.h"

#include <string.h>

/* The words that the columns `types` and `traits` of the tables are written in. */
enum {
    BOOLS = IR_SET_BOOLS,
    UINTS = IR_SET_UINTS,
    SINTS = IR_SET_SINTS,
    INTS = IR_SET_INTS,
    FLTS = IR_SET_FLTS,
    F32S = IR_SET_F32S,
    NUMS = IR_SET_NUMS,
    BITS = IR_SET_BITS,
    ANY = IR_SET_ANY,

    COMM = IR_TRAIT_COMM,
    ASSOC = IR_TRAIT_ASSOC,
    LOADS = IR_TRAIT_LOADS,
    SUBGROUP = IR_TRAIT_SUBGROUP,
    HOST = IR_TRAIT_HOST,
    LANE = IR_TRAIT_LANE,

    BLOCKS = IR_STMT_TRAIT_BLOCKS,
    WRITES = IR_STMT_TRAIT_WRITES,
    SYNC = IR_STMT_TRAIT_SYNC,
    JUMP = IR_STMT_TRAIT_JUMP,
    DEFINES = IR_STMT_TRAIT_DEFINES,
    PIPELINE = IR_STMT_TRAIT_PIPELINE,
};

const struct ir_op_info ir_op_infos[IR_OP_COUNT] = {
#define OP(NAME, text, form, n_args, sig, types, traits, help)                                                         \
    [IR_OP_##NAME] = {#NAME, text, IR_FORM_##form, n_args, IR_SIG_##sig, types, traits, help},
#include "ir/ops.def"
};

const struct ir_stmt_info ir_stmt_infos[IR_STMT_COUNT] = {
#define STMT(NAME, text, traits, help) [IR_STMT_##NAME] = {#NAME, text, traits, help},
#include "ir/stmts.def"
};

const char *const ir_space_texts[] = {
#define SPACE(NAME, text, shared, help) text,
#include "ir/spaces.def"
};
const char *const ir_access_texts[] = {
#define ACCESS(NAME, text, reads, writes, help) text,
#include "ir/spaces.def"
};
const char *const ir_collective_texts[] = {
#define COLLECTIVE(NAME, text, help) text,
#include "ir/spaces.def"
};
const char *const ir_atomic_texts[] = {
#define ATOMIC(NAME, text, floats, help) text,
#include "ir/atomics.def"
};
const char *const ir_order_texts[] = {
#define ORDER(NAME, text) text,
#include "ir/atomics.def"
};

bool ir_atomic_takes_f32(enum ir_atomic op)
{
    static const bool takes[] = {
#define ATOMIC(NAME, text, floats, help) [IR_ATOMIC_##NAME] = floats,
#include "ir/atomics.def"
    };
    return takes[op];
}

/* -- signatures ------------------------------------------------------------------------------------------------ */

/* What a place in a signature wants. */
enum { WANT_NOTHING, WANT_T, WANT_BOOL, WANT_U32 };

/* SIGNATURE(NAME, result, operands..., vectors) */
#define SIGNATURES(SIGNATURE)                                                                                          \
    SIGNATURE(T_T, T, T, NOTHING, NOTHING, NOTHING, true)                                                              \
    SIGNATURE(T_TT, T, T, T, NOTHING, NOTHING, true)                                                                   \
    SIGNATURE(T_TTT, T, T, T, T, NOTHING, true)                                                                        \
    SIGNATURE(T_TU, T, T, U32, NOTHING, NOTHING, true)                                                                 \
    SIGNATURE(B_TT, BOOL, T, T, NOTHING, NOTHING, false)                                                               \
    SIGNATURE(B_T, BOOL, T, NOTHING, NOTHING, NOTHING, false)                                                          \
    SIGNATURE(U_T, U32, T, NOTHING, NOTHING, NOTHING, false)                                                           \
    SIGNATURE(T_TUU, T, T, U32, U32, NOTHING, false)                                                                   \
    SIGNATURE(T_TTUU, T, T, T, U32, U32, false)                                                                        \
    SIGNATURE(U_UU, U32, U32, U32, NOTHING, NOTHING, false)                                                            \
    SIGNATURE(U_UUU, U32, U32, U32, U32, NOTHING, false)                                                               \
    SIGNATURE(T_BTT, T, BOOL, T, T, NOTHING, true)

struct signature {
    uint8_t result, args[4];
    bool vectors; /* T may be a vector */
};
static const struct signature signatures[] = {
#define SIGNATURE(NAME, result, a, b, c, d, vectors)                                                                   \
    [IR_SIG_##NAME] = {WANT_##result, {WANT_##a, WANT_##b, WANT_##c, WANT_##d}, vectors},
    SIGNATURES(SIGNATURE)
#undef SIGNATURE
};

/* The relations between the columns, stated for every row. */
enum {
#define SIGNATURE(NAME, result, a, b, c, d, vectors)                                                                   \
    ARITY_##NAME = (WANT_##a != WANT_NOTHING) + (WANT_##b != WANT_NOTHING) + (WANT_##c != WANT_NOTHING) +              \
                   (WANT_##d != WANT_NOTHING),                                                                         \
    FIRST_TWO_ALIKE_##NAME = WANT_##a == WANT_##b,                                                                     \
    CLOSED_##NAME = ARITY_##NAME == 2 && WANT_##a == WANT_T && WANT_##b == WANT_T && WANT_##result == WANT_T,
    SIGNATURES(SIGNATURE)
#undef SIGNATURE
        ARITY_NONE = -1,
    FIRST_TWO_ALIKE_NONE = 0,
    CLOSED_NONE = 0,
};
#define OP(NAME, text, form, n_args, sig, types, traits, help)                                                         \
    _Static_assert((n_args) == ARITY_##sig || ARITY_##sig < 0, #NAME ": as many operands as its signature");           \
    _Static_assert(!((traits) & COMM) || FIRST_TWO_ALIKE_##sig, #NAME ": swaps operands of one type");                 \
    _Static_assert(!((traits) & ASSOC) || (CLOSED_##sig && ((traits) & COMM)), #NAME ": regroups only (T, T) -> T");   \
    _Static_assert(IR_FORM_##form != IR_FORM_PREFIX || (n_args) == 1, #NAME ": a prefix has one operand");             \
    _Static_assert(IR_FORM_##form < IR_FORM_INFIX_1 || (n_args) == 2, #NAME ": an infix has two operands");            \
    _Static_assert(IR_FORM_##form != IR_FORM_LEAF || ((n_args) == 0 && IR_SIG_##sig == IR_SIG_NONE),                   \
                   #NAME ": a leaf has no operands");                                                                  \
    _Static_assert(!((traits) & SUBGROUP) || IR_FORM_##form == IR_FORM_CALL, #NAME ": lanes are seen by calls");       \
    _Static_assert(!((traits) & HOST) || !((traits) & (LANE | LOADS | SUBGROUP)), #NAME ": a host knows no lanes");    \
    _Static_assert((types) != 0, #NAME ": of some type");
#include "ir/ops.def"

#define STMT(NAME, text, traits, help)                                                                                 \
    _Static_assert(!((traits) & JUMP) || !((traits) & BLOCKS), #NAME ": a jump has no blocks");                        \
    _Static_assert(!((traits) & PIPELINE) || (traits) == PIPELINE, #NAME ": a pipeline's statement is nothing else");
#include "ir/stmts.def"

int ir_op_find_call(const char *name)
{
    for (int op = 0; op < IR_OP_COUNT; op++) {
        if (ir_op_infos[op].form == IR_FORM_CALL && strcmp(ir_op_infos[op].text, name) == 0) return op;
    }
    return -1;
}

static bool has_vectors(enum ir_scalar s)
{
    return s == IR_U32 || s == IR_I32 || s == IR_F32;
}

/* May T be this type in a row with these types and this signature? */
static bool is_allowed(const struct ir_op_info *info, const struct signature *sig, ir_type t)
{
    if (!(info->types & 1u << t.scalar)) return false;
    return t.lanes == 1 || (sig->vectors && has_vectors(t.scalar));
}

static ir_type wanted_type(int want, ir_type t)
{
    return want == WANT_BOOL ? IR_TYPE(BOOL) : want == WANT_U32 ? IR_TYPE(U32) : t;
}

bool ir_op_result_type(enum ir_op op, const ir_type *args, ir_type *result, uint32_t *bad_arg)
{
    const struct ir_op_info *info = &ir_op_infos[op];
    const struct signature *sig = &signatures[info->sig];
    ir_type t = IR_TYPE(NONE); /* unknown until the first operand of type T */
    for (uint32_t i = 0; i < info->n_args; i++) {
        *bad_arg = i;
        if (sig->args[i] == WANT_T && t.scalar == IR_NONE) {
            t = args[i];
            if (!is_allowed(info, sig, t)) return false;
        }
        if (!ir_type_equal(args[i], wanted_type(sig->args[i], t))) return false;
    }
    *result = wanted_type(sig->result, t);
    return true;
}

bool ir_op_is_transcendental(enum ir_op op)
{
    static const bool are[IR_OP_COUNT] = {
        [IR_OP_EXP] = true,  [IR_OP_EXP2] = true, [IR_OP_LOG] = true,  [IR_OP_LOG2] = true, [IR_OP_SIN] = true,
        [IR_OP_COS] = true,  [IR_OP_TAN] = true,  [IR_OP_ASIN] = true, [IR_OP_ACOS] = true, [IR_OP_ATAN] = true,
        [IR_OP_SINH] = true, [IR_OP_COSH] = true, [IR_OP_TANH] = true,
    };
    return are[op];
}
