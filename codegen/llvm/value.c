/* value.c - values of all lanes: shared, linear or varying, and how they change form; what they look like in memory. */
#include "codegen/llvm/lower.h"

/* -- making ---------------------------------------------------------------------------------------------------- */

static uint64_t f32_bits(enum ir_scalar s, uint64_t bits)
{
    struct ir_value v = {{bits}};
    ir_type from = {(uint8_t)s, 1};
    return s == IR_F32 ? bits : ir_op_eval(IR_OP_CAST, IR_TYPE(F32), 0, &from, &v, 1).lane[0];
}

LLVMValueRef value_const(struct lower *l, enum ir_scalar s, uint64_t bits)
{
    const struct ir_scalar_info *info = &ir_scalar_infos[s];
    if (info->kind != IR_KIND_FLOAT) return const_int(l, info->bits, bits);
    LLVMValueRef pattern = s == IR_F64 ? const_int(l, 64, bits) : const_int(l, 32, f32_bits(s, bits));
    return LLVMConstBitCast(pattern, type_value(l, s));
}

struct value value_uniform(ir_type type, LLVMValueRef v)
{
    return (struct value){.type = type, .shape = SHAPE_UNIFORM, .at = {v}, .scale = 1};
}

struct value value_varying(ir_type type, LLVMValueRef v)
{
    return (struct value){.type = type, .shape = SHAPE_VARYING, .at = {v}, .scale = 1};
}

struct value value_linear(ir_type type, LLVMValueRef root, int64_t scale, int64_t offset, int64_t stride)
{
    return (struct value){.type = type,
                          .shape = {false, shape_wrap(type, stride)},
                          .at = {root},
                          .scale = shape_wrap(type, scale),
                          .offset = shape_wrap(type, offset)};
}

/* Formulas wrap; C's signed arithmetic must not. */
static int64_t wrapping_add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}
static int64_t wrapping_mul(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

bool value_is_const(const struct value *v, int64_t *bits)
{
    if (!value_is_uniform(v) || v->type.lanes != 1 || !LLVMIsAConstantInt(v->at[0])) return false;
    *bits = (int64_t)LLVMConstIntGetZExtValue(v->at[0]);
    return true;
}

/* -- changing form --------------------------------------------------------------------------------------------- */

LLVMValueRef value_base(struct lower *l, const struct value *v)
{
    LLVMTypeRef type = LLVMTypeOf(v->at[0]);
    LLVMValueRef base = v->at[0];
    if (v->scale != 1) base = LLVMBuildMul(l->b, base, const_like(type, (uint64_t)v->scale), "");
    if (v->offset != 0) base = LLVMBuildAdd(l->b, base, const_like(type, (uint64_t)v->offset), "");
    return base;
}

LLVMValueRef value_splat(struct lower *l, LLVMValueRef scalar)
{
    if (l->width == 1) return scalar;
    LLVMTypeRef type = LLVMVectorType(LLVMTypeOf(scalar), l->width);
    if (LLVMIsAConstantInt(scalar)) return const_like(type, LLVMConstIntGetZExtValue(scalar));
    LLVMTypeRef i32 = type_int(l, 32);
    LLVMValueRef poison = LLVMGetPoison(type);
    LLVMValueRef first = LLVMBuildInsertElement(l->b, poison, scalar, LLVMConstInt(i32, 0, false), "");
    return LLVMBuildShuffleVector(l->b, first, poison, LLVMConstNull(LLVMVectorType(i32, l->width)), "");
}

struct value value_widen(struct lower *l, struct value v)
{
    if (l->width == 1 || v.shape.varying) return v;
    struct value wide = {.type = v.type, .shape = SHAPE_VARYING, .scale = 1};
    for (uint32_t c = 0; c < v.type.lanes; c++)
        wide.at[c] = value_splat(l, v.shape.stride ? value_base(l, &v) : v.at[c]);
    if (v.shape.stride)
        wide.at[0] = LLVMBuildAdd(l->b, wide.at[0], const_iota(LLVMTypeOf(v.at[0]), l->width, 0, v.shape.stride), "");
    return wide;
}

LLVMValueRef value_resize(struct lower *l, LLVMValueRef v, LLVMTypeRef scalar, bool is_signed)
{
    LLVMTypeRef from = LLVMTypeOf(v), to = type_like(from, scalar);
    if (type_bits(to) < type_bits(from)) return LLVMBuildTrunc(l->b, v, to, "");
    if (type_bits(to) == type_bits(from)) return v;
    return is_signed ? LLVMBuildSExt(l->b, v, to, "") : LLVMBuildZExt(l->b, v, to, "");
}

/* -- linear arithmetic ----------------------------------------------------------------------------------------- */

/* A linear or uniform integer as root * scale + offset + stride * lane; constants have a zero root. */
static struct value as_linear(struct lower *l, const struct value *v)
{
    int64_t bits;
    if (!value_is_const(v, &bits)) return *v;
    return value_linear(v->type, LLVMConstNull(type_value(l, v->type.scalar)), 1, bits, 0);
}

static bool has_no_root(const struct value *v)
{
    return LLVMIsNull(v->at[0]);
}

static struct value add_linear(struct lower *l, struct value a, struct value b)
{
    struct value sum = value_linear(a.type, a.at[0], a.scale, wrapping_add(a.offset, b.offset),
                                    wrapping_add(a.shape.stride, b.shape.stride));
    if (has_no_root(&a)) {
        sum.at[0] = b.at[0];
        sum.scale = b.scale;
    } else if (!has_no_root(&b) && a.at[0] == b.at[0]) {
        sum.scale = shape_wrap(a.type, wrapping_add(a.scale, b.scale));
    } else if (!has_no_root(&b)) {
        a.offset = b.offset = 0;
        sum.at[0] = LLVMBuildAdd(l->b, value_base(l, &a), value_base(l, &b), "");
        sum.scale = 1;
    }
    return sum;
}

static struct value scale_linear(struct value v, int64_t factor)
{
    return value_linear(v.type, v.at[0], wrapping_mul(v.scale, factor), wrapping_mul(v.offset, factor),
                        wrapping_mul(v.shape.stride, factor));
}

static bool multiply_linear(const struct value *a, const struct value *b, struct value *result)
{
    int64_t factor;
    if (value_is_const(b, &factor))
        *result = scale_linear(*a, factor);
    else if (value_is_const(a, &factor))
        *result = scale_linear(*b, factor);
    else
        return false;
    return true;
}

static bool shift_linear(const struct value *a, const struct value *b, struct value *result)
{
    int64_t amount;
    if (!value_is_const(b, &amount)) return false;
    *result = scale_linear(*a, (int64_t)(UINT64_C(1) << ((uint64_t)amount & (ir_type_info(a->type)->bits - 1u))));
    return true;
}

static bool cast_linear(struct lower *l, const struct ir_expr *e, const struct value *a, struct value *result)
{
    if (!ir_type_is_int(e->type) || ir_type_info(e->type)->bits > ir_type_info(a->type)->bits) return false;
    LLVMValueRef root = value_resize(l, a->at[0], type_value(l, e->type.scalar), false);
    *result = value_linear(e->type, root, a->scale, a->offset, a->shape.stride);
    return true;
}

/* What comes out without a stride is uniform, which has no formula. */
static struct value settle(struct lower *l, struct value v)
{
    return v.shape.stride ? v : value_uniform(v.type, value_base(l, &v));
}

bool value_combine(struct lower *l, const struct ir_expr *e, const struct value *args, struct value *result)
{
    if (e->type.lanes != 1 || !ir_type_is_int(e->type)) return false;
    bool any_linear = false;
    for (uint32_t i = 0; i < e->n_args; i++) {
        if (args[i].shape.varying || args[i].type.lanes != 1 || !ir_type_is_int(args[i].type)) return false;
        any_linear |= args[i].shape.stride != 0;
    }
    if (!any_linear) return false;
    bool done = true;
    switch (e->op) {
    case IR_OP_ADD:
        *result = add_linear(l, as_linear(l, &args[0]), as_linear(l, &args[1]));
        break;
    case IR_OP_SUB:
        *result = add_linear(l, as_linear(l, &args[0]), scale_linear(as_linear(l, &args[1]), -1));
        break;
    case IR_OP_NEG:
        *result = scale_linear(args[0], -1);
        break;
    case IR_OP_NOT: /* -x - 1 */
        *result = scale_linear(args[0], -1);
        result->offset = shape_wrap(e->type, wrapping_add(result->offset, -1));
        break;
    case IR_OP_MUL:
        done = multiply_linear(&args[0], &args[1], result);
        break;
    case IR_OP_SHL:
        done = shift_linear(&args[0], &args[1], result);
        break;
    case IR_OP_CAST:
        done = cast_linear(l, e, &args[0], result);
        break;
    default:
        return false;
    }
    if (done) *result = settle(l, *result);
    return done;
}

/* -- memory ---------------------------------------------------------------------------------------------------- */

LLVMValueRef value_to_memory(struct lower *l, enum ir_scalar s, LLVMValueRef v)
{
    switch (s) {
    case IR_BOOL:
        return value_resize(l, v, type_int(l, 32), false);
    case IR_F16:
        return float_to_half_bits(l, v);
    case IR_BF16:
        return float_to_brain_bits(l, v);
    case IR_F32:
    case IR_F64:
        return float_canonical_bits(l, v);
    default:
        return v;
    }
}

LLVMValueRef value_from_memory(struct lower *l, enum ir_scalar s, LLVMValueRef v)
{
    switch (s) {
    case IR_BOOL:
        return LLVMBuildICmp(l->b, LLVMIntNE, v, LLVMConstNull(LLVMTypeOf(v)), "");
    case IR_F16:
        return float_from_half_bits(l, v);
    case IR_BF16:
        return float_from_brain_bits(l, v);
    case IR_F32:
    case IR_F64:
        return LLVMBuildBitCast(l->b, v, type_like(LLVMTypeOf(v), type_value(l, s)), "");
    default:
        return v;
    }
}

LLVMValueRef value_round(struct lower *l, enum ir_scalar s, LLVMValueRef v)
{
    if (s == IR_F16) return float_from_half_bits(l, float_to_half_bits(l, v));
    if (s == IR_BF16) return float_from_brain_bits(l, float_to_brain_bits(l, v));
    return v;
}
