/* frontend_roundtrip.c - reading what was printed gives the same IR: every operation of ops.def on every type it takes,
 * every literal on the boundaries of its type, and random trees, where every pair of neighbours in precedence comes up.
 *
 * Same IR: the same text again, and the same fingerprint, which knows nothing of text. */
#include "ir/build.h"
#include "ir/facts.h"
#include "ir/ops.h"
#include "ir/verify.h"
#include "tests/unit/text_fixture.h"

struct builder {
    struct texts t;
    struct ir_module *m;
    struct ir_program *p;
    uint64_t random;
};

static void begin_module(struct builder *b)
{
    struct intern *names = ARENA_NEW(&b->t.arena, struct intern);
    intern_init(names, &b->t.arena);
    b->m = ir_module_new(&b->t.arena, names, NULL);
    b->p = ir_program_new(b->m, intern_string(names, "p"), SRC_NONE);
}

static struct ir_local *add_local(struct builder *b, const char *name, struct ir_expr *value)
{
    struct ir_stmt *s = ir_stmt_new(b->m, IR_STMT_LET, SRC_NONE);
    s->let.value = value;
    s->let.local = ir_local_new(b->p, intern_string(b->m->names, name), value->type, false, SRC_NONE);
    ir_block_append(&b->p->body, s);
    return s->let.local;
}

static const char *print_module(struct builder *b, const struct ir_module *m)
{
    struct out out;
    out_init(&out, &b->t.mem);
    ir_print_module(m, &out);
    const char *text = arena_copy(&b->t.arena, out.bytes ? out.bytes : "", out.n);
    out_release(&out);
    return text;
}

static void check_soundness(struct builder *b, const struct ir_module *m)
{
    struct out out;
    out_init(&out, &b->t.mem);
    if (!CHECK(ir_verify_module(m, &out))) fprintf(stderr, "%s\n", out.bytes);
    out_release(&out);
}

static void check_round_trip(struct builder *b)
{
    const char *text = print_module(b, b->m);
    check_soundness(b, b->m);
    struct ir_module *again = texts_read(&b->t, text);
    check_soundness(b, again);
    CHECK_STRING(print_module(b, again), text);
    struct ir_fingerprint x = ir_program_fingerprint(b->p, &b->t.arena);
    struct ir_fingerprint y = ir_program_fingerprint(again->programs.at[0], &b->t.arena);
    CHECK(!memcmp(x.bytes, y.bytes, sizeof x.bytes));
}

/* -- literals ---------------------------------------------------------------------------------------------------- */

static void check_literals(struct builder *b)
{
    begin_module(b);
    for (uint32_t scalar = IR_BOOL; scalar < IR_SCALAR_COUNT; scalar++) {
        ir_type type = {(uint8_t)scalar, 1};
        for (uint32_t bit = 0; bit < ir_type_info(type)->bits; bit++) {
            uint64_t one = (uint64_t)1 << bit;
            uint64_t values[] = {0, one, one - 1, one + 1, ~one, ~(one - 1), 0x5555555555555555u & ~(one - 1)};
            for (uint32_t i = 0; i < sizeof values / sizeof values[0]; i++)
                add_local(b, "x", ir_const(b->m, type, values[i], SRC_NONE));
        }
    }
    check_round_trip(b);
}

/* -- every operation --------------------------------------------------------------------------------------------- */

static struct ir_expr *make_operand(struct builder *b, ir_type type)
{
    struct ir_expr *parts[4];
    if (type.lanes == 1) return ir_const(b->m, type, 5, SRC_NONE);
    for (uint32_t i = 0; i < type.lanes; i++)
        parts[i] = ir_const(b->m, (ir_type){type.scalar, 1}, 5, SRC_NONE);
    return ir_expr_new(b->m, IR_OP_VEC, type, parts, type.lanes, SRC_NONE);
}

/* Which operand types a signature wants, for T. */
static bool find_operand_types(enum ir_op op, ir_type t, ir_type types[4], ir_type *result)
{
    uint32_t bad_arg;
    for (uint32_t pattern = 0; pattern < 81; pattern++) {
        const ir_type choices[] = {t, IR_TYPE(U32), IR_TYPE(BOOL)};
        uint32_t rest = pattern;
        bool has_t = false;
        for (uint32_t i = 0; i < ir_op_infos[op].n_args; i++, rest /= 3) {
            types[i] = choices[rest % 3];
            has_t = has_t || rest % 3 == 0;
        }
        if (has_t && ir_op_result_type(op, types, result, &bad_arg)) return true;
    }
    return false;
}

static uint32_t add_operation(struct builder *b, enum ir_op op, ir_type t)
{
    ir_type types[4], result;
    struct ir_expr *args[4];
    uint32_t n = ir_op_infos[op].n_args;
    if (ir_op_infos[op].sig == IR_SIG_NONE || !find_operand_types(op, t, types, &result)) return 0;
    for (uint32_t i = 0; i < n; i++)
        args[i] = ir_get_local(b->m, add_local(b, "arg", make_operand(b, types[i])), SRC_NONE);
    add_local(b, "result", ir_expr_new(b->m, op, result, args, n, SRC_NONE));
    return 1;
}

static void add_casts(struct builder *b, ir_type from, ir_type to)
{
    struct ir_expr *arg = ir_get_local(b->m, add_local(b, "arg", make_operand(b, from)), SRC_NONE), *bits;
    add_local(b, "cast", ir_expr_new(b->m, IR_OP_CAST, to, &arg, 1, SRC_NONE));
    if (from.scalar == IR_BOOL || to.scalar == IR_BOOL || ir_type_info(from)->bits != ir_type_info(to)->bits) return;
    bits = ir_expr_copy(b->m, arg);
    add_local(b, "bits", ir_expr_new(b->m, IR_OP_BITCAST, to, &bits, 1, SRC_NONE));
}

static void check_operations(struct builder *b)
{
    uint32_t n_operations = 0;
    begin_module(b);
    for (uint32_t scalar = IR_BOOL; scalar < IR_SCALAR_COUNT; scalar++) {
        bool has_vectors = scalar == IR_U32 || scalar == IR_I32 || scalar == IR_F32;
        for (uint8_t lanes = 1; lanes <= (has_vectors ? 4 : 1); lanes = (uint8_t)(lanes * 2)) {
            ir_type type = {(uint8_t)scalar, lanes};
            for (uint32_t op = 0; op < IR_OP_COUNT; op++)
                n_operations += add_operation(b, (enum ir_op)op, type);
        }
        for (uint32_t to = IR_BOOL; to < IR_SCALAR_COUNT; to++)
            add_casts(b, (ir_type){(uint8_t)scalar, 1}, (ir_type){(uint8_t)to, 1});
    }
    CHECK(n_operations > 500);
    check_round_trip(b);
}

/* -- random trees ------------------------------------------------------------------------------------------------ */

static uint32_t draw(struct builder *b, uint32_t below)
{
    b->random = b->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(b->random >> 33) % below;
}

static struct ir_expr *make_tree(struct builder *b, ir_type type, uint32_t depth);

static struct ir_expr *make_leaf(struct builder *b, ir_type type)
{
    if (draw(b, 3) || type.scalar == IR_BOOL) {
        struct ir_local *l = b->p->locals.at[type.scalar == IR_BOOL ? 0 : type.scalar == IR_I32 ? 1 : 2];
        return ir_get_local(b->m, l, SRC_NONE);
    }
    return ir_const(b->m, type, (uint64_t)(int64_t)((int32_t)draw(b, 9) - 4), SRC_NONE);
}

/* Shifts and comparisons mix the types; a divisor must not fold to 0, so it is a local. */
static struct ir_expr *make_binary(struct builder *b, ir_type type, uint32_t depth)
{
    static const enum ir_op integer[] = {IR_OP_ADD, IR_OP_SUB, IR_OP_MUL, IR_OP_DIV, IR_OP_REM, IR_OP_AND,
                                         IR_OP_OR,  IR_OP_XOR, IR_OP_SHL, IR_OP_SHR, IR_OP_MIN};
    static const enum ir_op comparison[] = {IR_OP_EQ, IR_OP_NE, IR_OP_LT, IR_OP_LE, IR_OP_GT, IR_OP_GE};
    static const enum ir_op logic[] = {IR_OP_LAND, IR_OP_LOR, IR_OP_AND, IR_OP_OR, IR_OP_XOR, IR_OP_EQ};
    enum ir_op op = integer[draw(b, 11)];
    ir_type left = type, right = type;
    if (type.scalar == IR_BOOL && draw(b, 2)) {
        op = comparison[draw(b, 6)];
        left = right = draw(b, 2) ? IR_TYPE(I32) : IR_TYPE(U32);
    } else if (type.scalar == IR_BOOL) {
        op = logic[draw(b, 6)];
    }
    if (op == IR_OP_SHL || op == IR_OP_SHR) right = IR_TYPE(U32);
    struct ir_expr *a = make_tree(b, left, depth);
    bool divides = op == IR_OP_DIV || op == IR_OP_REM;
    struct ir_expr *c = divides ? ir_get_local(b->m, b->p->locals.at[right.scalar == IR_I32 ? 1 : 2], SRC_NONE)
                                : make_tree(b, right, depth);
    return ir_binary(b->m, op, a, c, SRC_NONE);
}

static struct ir_expr *make_tree(struct builder *b, ir_type type, uint32_t depth)
{
    static const enum ir_op prefixes[] = {[IR_BOOL] = IR_OP_LNOT, [IR_I32] = IR_OP_NEG, [IR_U32] = IR_OP_NOT};
    if (depth == 0 || !draw(b, 5)) return make_leaf(b, type);
    if (draw(b, 3)) return make_binary(b, type, depth - 1);
    enum ir_op op = type.scalar == IR_I32 && draw(b, 2) ? IR_OP_NOT : prefixes[type.scalar];
    return ir_unary(b->m, op, make_tree(b, type, depth - 1), SRC_NONE);
}

static void check_trees(struct builder *b)
{
    begin_module(b);
    b->random = 12345;
    struct ir_expr *truth = ir_const(b->m, IR_TYPE(BOOL), 1, SRC_NONE);
    add_local(b, "truth", truth);
    add_local(b, "number", ir_const(b->m, IR_TYPE(I32), 3, SRC_NONE));
    add_local(b, "count", ir_const_u32(b->m, 4));
    for (uint32_t i = 0; i < 3000; i++) {
        static const enum ir_scalar roots[] = {IR_BOOL, IR_I32, IR_U32};
        add_local(b, "x", make_tree(b, (ir_type){(uint8_t)roots[draw(b, 3)], 1}, 2 + draw(b, 5)));
    }
    check_round_trip(b);
}

int main(void)
{
    struct builder b;
    texts_init(&b.t);
    check_literals(&b);
    check_operations(&b);
    check_trees(&b);
    arena_release(&b.t.arena);
    return test_finish();
}
