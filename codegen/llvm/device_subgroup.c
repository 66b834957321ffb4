/* device_subgroup.c - operations across the 32 lanes of a subgroup, by the exchanges that GPUs have between lanes of a wave.
 *
 * Where all lanes from 0 up to some number run, the tree of a reduction is five exchanges, and lane 0 has the result: a lane that is missing has
 * only missing ones above it in the tree. In a program that may trap, any lane may be missing. Then each lane gets the values of all and goes
 * through the reference's tree itself. */
#include "codegen/llvm/device.h"

struct combine {
    struct lower *l;
    const struct ir_expr *e;
    enum ir_scalar scalar;
    op_function *step;
    LLVMValueRef running; /* i32, lanes that take part; NULL: all 32 */
};

static LLVMValueRef word(struct lower *l, uint32_t v)
{
    return const_int(l, 32, v);
}

static LLVMValueRef lane_of(struct lower *l)
{
    return LLVMBuildAnd(l->b, device_frame_of(l)->linear_lid, word(l, IR_SUBGROUP_SIZE - 1), "");
}

/* -- values of any type, 32 bits at a time --------------------------------------------------------------------------------------- */

static LLVMValueRef exchange(struct lower *l, LLVMValueRef v, LLVMValueRef lane)
{
    LLVMTypeRef type = LLVMTypeOf(v), i32 = type_int(l, 32);
    uint32_t bits = type_bits(type);
    const struct device_family *family = device_frame_of(l)->family;
    LLVMValueRef whole = LLVMBuildBitCast(l->b, v, type_int(l, bits), ""), moved;
    if (bits <= 32) {
        moved = family->shuffle(l, value_resize(l, whole, i32, false), lane);
    } else {
        LLVMValueRef half = const_int(l, 64, 32);
        LLVMValueRef low = family->shuffle(l, LLVMBuildTrunc(l->b, whole, i32, ""), lane);
        LLVMValueRef high =
            family->shuffle(l, LLVMBuildTrunc(l->b, LLVMBuildLShr(l->b, whole, half, ""), i32, ""), lane);
        moved = LLVMBuildShl(l->b, LLVMBuildZExt(l->b, high, type_int(l, 64), ""), half, "");
        moved = LLVMBuildOr(l->b, moved, LLVMBuildZExt(l->b, low, type_int(l, 64), ""), "");
    }
    return LLVMBuildBitCast(l->b, value_resize(l, moved, type_int(l, bits), false), type, "");
}

static LLVMValueRef is_running(struct lower *l, LLVMValueRef running, LLVMValueRef lane)
{
    return LLVMBuildTrunc(l->b, LLVMBuildLShr(l->b, running, lane, ""), type_int(l, 1), "");
}

/* A lane's value; `others` for one that takes no part. */
static LLVMValueRef take(struct lower *l, LLVMValueRef running, LLVMValueRef v, LLVMValueRef lane, LLVMValueRef others)
{
    LLVMValueRef moved = exchange(l, v, lane);
    return running ? LLVMBuildSelect(l->b, is_running(l, running, lane), moved, others, "") : moved;
}

/* -- reductions and scans -------------------------------------------------------------------------------------------------------- */

static op_function *step_of(const struct ir_expr *e)
{
    bool is_float = ir_type_is_float(e->type);
    switch (e->op) {
    case IR_OP_REDUCE_ADD:
    case IR_OP_SCAN_ADD:
        return is_float ? op_fadd : op_add;
    case IR_OP_REDUCE_MUL:
        return is_float ? op_fmul : op_mul;
    case IR_OP_REDUCE_MIN:
        return is_float ? op_fmin : op_min;
    case IR_OP_REDUCE_MAX:
        return is_float ? op_fmax : op_max;
    case IR_OP_REDUCE_AND:
        return op_and;
    case IR_OP_REDUCE_OR:
        return op_or;
    default:
        return op_xor;
    }
}

static LLVMValueRef combine(const struct combine *c, LLVMValueRef a, LLVMValueRef b)
{
    struct operands o = {.l = c->l, .type = c->scalar, .result = c->scalar, .llvm = LLVMTypeOf(a), .a = a, .b = b};
    return value_round(c->l, c->scalar, c->step(&o));
}

static LLVMValueRef identity(const struct combine *c)
{
    return value_const(c->l, c->scalar, ir_reduce_identity((enum ir_op)c->e->op, c->scalar));
}

static void gather_all(const struct combine *c, LLVMValueRef v, LLVMValueRef *all)
{
    for (uint32_t k = 0; k < IR_SUBGROUP_SIZE; k++)
        all[k] = take(c->l, c->running, v, word(c->l, k), identity(c));
}

/* Lane k with lane k + 16, then 8, 4, 2, 1. */
static LLVMValueRef reduce_in_lane(const struct combine *c, LLVMValueRef v)
{
    LLVMValueRef all[IR_SUBGROUP_SIZE];
    gather_all(c, v, all);
    for (uint32_t n = IR_SUBGROUP_SIZE / 2; n; n /= 2)
        for (uint32_t k = 0; k < n; k++)
            all[k] = combine(c, all[k], all[k + n]);
    return all[0];
}

/* -- where the processor has the operation itself, on 32 bits -- */

static LLVMValueRef reduce_word(const struct combine *c, bool is_signed, LLVMValueRef v)
{
    return device_frame_of(c->l)->family->reduce(c->l, (enum ir_op)c->e->op, is_signed, v);
}

static LLVMValueRef reduce_integer(const struct combine *c, LLVMValueRef v)
{
    bool is_signed = ir_scalar_infos[c->scalar].kind == IR_KIND_SINT;
    LLVMValueRef total = reduce_word(c, is_signed, value_resize(c->l, v, type_int(c->l, 32), is_signed));
    return total ? value_resize(c->l, total, LLVMTypeOf(v), false) : NULL;
}

/* Bitwise operations, half by half. */
static LLVMValueRef reduce_halves(const struct combine *c, LLVMValueRef v)
{
    struct lower *l = c->l;
    LLVMTypeRef i32 = type_int(l, 32), i64 = type_int(l, 64);
    LLVMValueRef half = const_int(l, 64, 32);
    LLVMValueRef low = reduce_word(c, false, LLVMBuildTrunc(l->b, v, i32, ""));
    if (!low) return NULL;
    LLVMValueRef high = reduce_word(c, false, LLVMBuildTrunc(l->b, LLVMBuildLShr(l->b, v, half, ""), i32, ""));
    high = LLVMBuildShl(l->b, LLVMBuildZExt(l->b, high, i64, ""), half, "");
    return LLVMBuildOr(l->b, high, LLVMBuildZExt(l->b, low, i64, ""), "");
}

/* Unsigned numbers in the order of f32s: of positive ones the bits with the top bit set, of negative ones the bits' complement.
 * And back: whichever has the top bit set was positive. */
static LLVMValueRef order_bits(struct lower *l, LLVMValueRef bits, bool is_back)
{
    LLVMValueRef sign = LLVMBuildAShr(l->b, bits, word(l, 31), "");
    if (is_back) sign = LLVMBuildNot(l->b, sign, "");
    return LLVMBuildXor(l->b, bits, LLVMBuildOr(l->b, sign, word(l, UINT32_C(1) << 31), ""), "");
}

/* The least or greatest float: a NaN takes the place behind all numbers, and only where there is nothing else it comes out. */
static LLVMValueRef reduce_float(const struct combine *c, LLVMValueRef v)
{
    struct lower *l = c->l;
    LLVMValueRef nan = word(l, c->e->op == IR_OP_REDUCE_MIN ? UINT32_C(0x7FC00000) : UINT32_C(0xFFC00000));
    LLVMValueRef is_nan = LLVMBuildFCmp(l->b, LLVMRealUNO, v, v, "");
    LLVMValueRef bits = LLVMBuildSelect(l->b, is_nan, nan, LLVMBuildBitCast(l->b, v, type_int(l, 32), ""), "");
    LLVMValueRef best = reduce_word(c, false, order_bits(l, bits, false));
    return best ? LLVMBuildBitCast(l->b, order_bits(l, best, true), LLVMTypeOf(v), "") : NULL;
}

/* NULL: not in one operation. */
static LLVMValueRef reduce_in_hardware(const struct combine *c, LLVMValueRef v)
{
    uint32_t bits = ir_scalar_infos[c->scalar].bits;
    enum ir_op op = (enum ir_op)c->e->op;
    bool is_bitwise = op == IR_OP_REDUCE_AND || op == IR_OP_REDUCE_OR || op == IR_OP_REDUCE_XOR;
    bool is_choice = op == IR_OP_REDUCE_MIN || op == IR_OP_REDUCE_MAX;
    if (!device_frame_of(c->l)->family->reduce) return NULL;
    if (bits == 64) return is_bitwise ? reduce_halves(c, v) : NULL;
    if (ir_type_is_float(c->e->type)) return is_choice ? reduce_float(c, v) : NULL;
    return is_choice || is_bitwise || ir_type_is_int(c->e->type) ? reduce_integer(c, v) : NULL;
}

static LLVMValueRef reduce(const struct combine *c, LLVMValueRef v)
{
    struct lower *l = c->l;
    LLVMValueRef total = reduce_in_hardware(c, v);
    if (total) return total;
    if (device_frame_of(l)->may_end_early) return reduce_in_lane(c, v);
    for (uint32_t n = IR_SUBGROUP_SIZE / 2; n; n /= 2) {
        LLVMValueRef other = LLVMBuildXor(l->b, lane_of(l), word(l, n), "");
        v = combine(c, v, take(l, c->running, v, other, identity(c)));
    }
    return c->running ? exchange(l, v, word(l, 0)) : v;
}

/* Each lane with the one `distance` below it; the lanes below that keep what they have. */
static LLVMValueRef scan_in_lane(const struct combine *c, LLVMValueRef v)
{
    struct lower *l = c->l;
    LLVMValueRef all[IR_SUBGROUP_SIZE];
    gather_all(c, v, all);
    for (uint32_t distance = 1; distance < IR_SUBGROUP_SIZE; distance *= 2)
        for (uint32_t k = IR_SUBGROUP_SIZE; k-- > distance;)
            all[k] = combine(c, all[k], all[k - distance]);
    LLVMValueRef result = all[0];
    for (uint32_t k = 1; k < IR_SUBGROUP_SIZE; k++) {
        LLVMValueRef is_this = LLVMBuildICmp(l->b, LLVMIntEQ, lane_of(l), word(l, k), "");
        result = LLVMBuildSelect(l->b, is_this, all[k], result, "");
    }
    return result;
}

static LLVMValueRef scan(const struct combine *c, LLVMValueRef v)
{
    struct lower *l = c->l;
    if (device_frame_of(l)->may_end_early) return scan_in_lane(c, v);
    for (uint32_t distance = 1; distance < IR_SUBGROUP_SIZE; distance *= 2) {
        LLVMValueRef below = LLVMBuildSub(l->b, lane_of(l), word(l, distance), "");
        LLVMValueRef is_low = LLVMBuildICmp(l->b, LLVMIntULT, lane_of(l), word(l, distance), "");
        LLVMValueRef moved = exchange(l, v, LLVMBuildAnd(l->b, below, word(l, IR_SUBGROUP_SIZE - 1), ""));
        v = LLVMBuildSelect(l->b, is_low, v, combine(c, v, moved), "");
    }
    return v;
}

/* -- the way in ------------------------------------------------------------------------------------------------------------------ */

static LLVMValueRef running_lanes(struct lower *l)
{
    const struct device_frame *f = device_frame_of(l);
    if (!f->may_end_early && f->n_invocations % IR_SUBGROUP_SIZE == 0) return NULL;
    return f->family->ballot(l, const_int(l, 1, 1));
}

static LLVMValueRef shuffle(const struct combine *c, LLVMValueRef v, LLVMValueRef which)
{
    LLVMValueRef lane = LLVMBuildAnd(c->l->b, which, word(c->l, IR_SUBGROUP_SIZE - 1), "");
    return take(c->l, c->running, v, lane, LLVMConstNull(LLVMTypeOf(v)));
}

struct value device_subgroup(struct lower *l, const struct ir_expr *e, const struct value *args)
{
    struct value result = {.type = e->type, .shape = SHAPE_UNIFORM, .scale = 1};
    if (e->op == IR_OP_BALLOT) {
        result.at[0] = device_frame_of(l)->family->ballot(l, args[0].at[0]);
        return result;
    }
    struct combine c = {
        .l = l, .e = e, .scalar = (enum ir_scalar)e->type.scalar, .step = step_of(e), .running = running_lanes(l)};
    for (uint32_t i = 0; i < e->type.lanes; i++)
        result.at[i] = e->op == IR_OP_SHUFFLE    ? shuffle(&c, args[0].at[i], args[1].at[0])
                       : e->op == IR_OP_SCAN_ADD ? scan(&c, args[0].at[i])
                                                 : reduce(&c, args[0].at[i]);
    return result;
}
