/* op_int.c - integer and bool operations on scalars or vectors, as ops.def defines them for every operand. Nothing here may be
 * undefined or poison in LLVM's sense: divisors and shift amounts are made harmless first. */
#include "codegen/llvm/lower.h"

static bool is_signed(const struct operands *o)
{
    return ir_scalar_infos[o->type].kind == IR_KIND_SINT;
}
static uint32_t width_of(const struct operands *o)
{
    return ir_scalar_infos[o->type].bits;
}
static LLVMBuilderRef builder(const struct operands *o)
{
    return o->l->b;
}

static LLVMValueRef call_unary(struct operands *o, const char *intrinsic)
{
    return build_call(o->l, intrinsic, o->llvm, &o->a, 1);
}

static LLVMValueRef call_binary(struct operands *o, const char *intrinsic, LLVMValueRef a, LLVMValueRef b)
{
    LLVMValueRef args[2] = {a, b};
    return build_call(o->l, intrinsic, o->llvm, args, 2);
}

static LLVMValueRef is_zero(struct operands *o, LLVMValueRef v)
{
    return LLVMBuildICmp(builder(o), LLVMIntEQ, v, LLVMConstNull(LLVMTypeOf(v)), "");
}

static LLVMValueRef extend(struct operands *o, LLVMValueRef v, uint32_t bits)
{
    return value_resize(o->l, v, type_int(o->l, bits), is_signed(o));
}

/* -- sums, products, bits -------------------------------------------------------------------------------------- */

LLVMValueRef op_add(struct operands *o)
{
    return LLVMBuildAdd(builder(o), o->a, o->b, "");
}
LLVMValueRef op_sub(struct operands *o)
{
    return LLVMBuildSub(builder(o), o->a, o->b, "");
}
LLVMValueRef op_mul(struct operands *o)
{
    return LLVMBuildMul(builder(o), o->a, o->b, "");
}
LLVMValueRef op_neg(struct operands *o)
{
    return LLVMBuildNeg(builder(o), o->a, "");
}
LLVMValueRef op_and(struct operands *o)
{
    return LLVMBuildAnd(builder(o), o->a, o->b, "");
}
LLVMValueRef op_or(struct operands *o)
{
    return LLVMBuildOr(builder(o), o->a, o->b, "");
}
LLVMValueRef op_xor(struct operands *o)
{
    return LLVMBuildXor(builder(o), o->a, o->b, "");
}
LLVMValueRef op_not(struct operands *o)
{
    return LLVMBuildNot(builder(o), o->a, "");
}
LLVMValueRef op_select(struct operands *o)
{
    return LLVMBuildSelect(builder(o), o->a, o->b, o->c, "");
}

/* -- division -------------------------------------------------------------------------------------------------- */

/* The divisor, or 1 where the quotient is not defined by the machine: zero, and MIN / -1 (whose quotient by 1 is right). */
static LLVMValueRef safe_divisor(struct operands *o)
{
    LLVMValueRef bad = is_zero(o, o->b), one = const_like(o->llvm, 1);
    if (is_signed(o)) {
        LLVMValueRef least = const_like(o->llvm, UINT64_C(1) << (width_of(o) - 1));
        LLVMValueRef at_least = LLVMBuildICmp(builder(o), LLVMIntEQ, o->a, least, "");
        LLVMValueRef by_minus_1 = LLVMBuildICmp(builder(o), LLVMIntEQ, o->b, LLVMConstAllOnes(o->llvm), "");
        bad = LLVMBuildOr(builder(o), bad, LLVMBuildAnd(builder(o), at_least, by_minus_1, ""), "");
    }
    return LLVMBuildSelect(builder(o), bad, one, o->b, "");
}

/* Processors have no vector division of integers. A float quotient of n-bit integers, rounded and then truncated, is exact when the float has
 * 2 n bits less one or more: below an integer q the next quotient is q - 1 / b, which does not round up to q. */
static LLVMValueRef divide_as_floats(struct operands *o, LLVMValueRef divisor)
{
    LLVMTypeRef scalar = type_value(o->l, width_of(o) <= 16 ? IR_F32 : IR_F64), type = type_like(o->llvm, scalar);
    LLVMBuilderRef b = builder(o);
    if (is_signed(o)) {
        LLVMValueRef quotient =
            LLVMBuildFDiv(b, LLVMBuildSIToFP(b, o->a, type, ""), LLVMBuildSIToFP(b, divisor, type, ""), "");
        return LLVMBuildFPToSI(b, quotient, o->llvm, "");
    }
    LLVMValueRef quotient =
        LLVMBuildFDiv(b, LLVMBuildUIToFP(b, o->a, type, ""), LLVMBuildUIToFP(b, divisor, type, ""), "");
    return LLVMBuildFPToUI(b, quotient, o->llvm, "");
}

static LLVMValueRef quotient_by(struct operands *o, LLVMValueRef divisor)
{
    if (type_is_vector(o->llvm) && !LLVMIsConstant(divisor) && width_of(o) <= 32) return divide_as_floats(o, divisor);
    return is_signed(o) ? LLVMBuildSDiv(builder(o), o->a, divisor, "") : LLVMBuildUDiv(builder(o), o->a, divisor, "");
}

LLVMValueRef op_div(struct operands *o)
{
    LLVMValueRef quotient = quotient_by(o, safe_divisor(o));
    LLVMValueRef by_zero = is_signed(o) ? LLVMConstNull(o->llvm) : LLVMConstAllOnes(o->llvm);
    return LLVMBuildSelect(builder(o), is_zero(o, o->b), by_zero, quotient, "");
}

/* By the safe divisor 1 the remainder is 0, which is what x % 0 and MIN % -1 give. */
LLVMValueRef op_rem(struct operands *o)
{
    LLVMValueRef divisor = safe_divisor(o);
    LLVMValueRef product = LLVMBuildMul(builder(o), quotient_by(o, divisor), divisor, "");
    return LLVMBuildSub(builder(o), o->a, product, "");
}

/* -- shifts ---------------------------------------------------------------------------------------------------- */

/* An amount given as u32, modulo the width, in the type of what is shifted. */
static LLVMValueRef amount(struct operands *o, LLVMValueRef n)
{
    LLVMValueRef low = LLVMBuildAnd(builder(o), n, const_like(LLVMTypeOf(n), width_of(o) - 1), "");
    return value_resize(o->l, low, type_int(o->l, width_of(o)), false);
}

LLVMValueRef op_shl(struct operands *o)
{
    return LLVMBuildShl(builder(o), o->a, amount(o, o->b), "");
}

static LLVMValueRef shift_right(struct operands *o, LLVMValueRef v, LLVMValueRef n)
{
    return is_signed(o) ? LLVMBuildAShr(builder(o), v, n, "") : LLVMBuildLShr(builder(o), v, n, "");
}

LLVMValueRef op_shr(struct operands *o)
{
    return shift_right(o, o->a, amount(o, o->b));
}

static LLVMValueRef funnel(struct operands *o, const char *intrinsic)
{
    LLVMValueRef args[3] = {o->a, o->a, amount(o, o->b)};
    return build_call(o->l, intrinsic, o->llvm, args, 3);
}

/* Without passes before it, LLVM's x86 backend may learn only after it has split a rotate into shifts that a lane turns
 * by 0 of a constant; it then makes an undefined shift by the whole width of that lane. These shifts are all defined:
 * (v << n) | ((v >> 1) >> (width - 1 - n)), and the other way round. */
static LLVMValueRef rotate_by_shifts(struct operands *o, bool left)
{
    LLVMBuilderRef b = builder(o);
    LLVMTypeRef type = LLVMTypeOf(o->a);
    LLVMValueRef n = amount(o, o->b), one = const_like(type, 1);
    LLVMValueRef rest = LLVMBuildSub(b, const_like(type, width_of(o) - 1), n, "");
    LLVMValueRef near = left ? LLVMBuildShl(b, o->a, n, "") : LLVMBuildLShr(b, o->a, n, "");
    LLVMValueRef half = left ? LLVMBuildLShr(b, o->a, one, "") : LLVMBuildShl(b, o->a, one, "");
    LLVMValueRef far = left ? LLVMBuildLShr(b, half, rest, "") : LLVMBuildShl(b, half, rest, "");
    return LLVMBuildOr(b, near, far, "");
}

static bool may_rotate(const struct operands *o)
{
    return o->l->optimize || LLVMGetTypeKind(LLVMTypeOf(o->a)) != LLVMVectorTypeKind;
}

LLVMValueRef op_rotl(struct operands *o)
{
    return may_rotate(o) ? funnel(o, "llvm.fshl") : rotate_by_shifts(o, true);
}
LLVMValueRef op_rotr(struct operands *o)
{
    return may_rotate(o) ? funnel(o, "llvm.fshr") : rotate_by_shifts(o, false);
}

/* -- comparisons ----------------------------------------------------------------------------------------------- */

static LLVMValueRef compare(struct operands *o, LLVMIntPredicate unsigned_one, LLVMIntPredicate signed_one)
{
    return LLVMBuildICmp(builder(o), is_signed(o) ? signed_one : unsigned_one, o->a, o->b, "");
}

static LLVMValueRef compare_floats(struct operands *o, LLVMRealPredicate predicate)
{
    return LLVMBuildFCmp(builder(o), predicate, o->a, o->b, "");
}

#define COMPARISON(name, unsigned_one, signed_one, float_one)                                                          \
    LLVMValueRef op_##name(struct operands *o)                                                                         \
    {                                                                                                                  \
        if (ir_scalar_infos[o->type].kind == IR_KIND_FLOAT) return compare_floats(o, float_one);                       \
        return compare(o, unsigned_one, signed_one);                                                                   \
    }
COMPARISON(eq, LLVMIntEQ, LLVMIntEQ, LLVMRealOEQ)
COMPARISON(ne, LLVMIntNE, LLVMIntNE, LLVMRealUNE)
COMPARISON(lt, LLVMIntULT, LLVMIntSLT, LLVMRealOLT)
COMPARISON(le, LLVMIntULE, LLVMIntSLE, LLVMRealOLE)
COMPARISON(gt, LLVMIntUGT, LLVMIntSGT, LLVMRealOGT)
COMPARISON(ge, LLVMIntUGE, LLVMIntSGE, LLVMRealOGE)

/* -- by range -------------------------------------------------------------------------------------------------- */

LLVMValueRef op_min(struct operands *o)
{
    return call_binary(o, is_signed(o) ? "llvm.smin" : "llvm.umin", o->a, o->b);
}
LLVMValueRef op_max(struct operands *o)
{
    return call_binary(o, is_signed(o) ? "llvm.smax" : "llvm.umax", o->a, o->b);
}
LLVMValueRef op_abs(struct operands *o)
{
    return call_binary(o, "llvm.abs", o->a, const_int(o->l, 1, 0));
}
/* The difference, negated where it is of the wrong sign: (d ^ m) - m with m = -1 where a < b. */
static LLVMValueRef negate_where_below(struct operands *o)
{
    LLVMBuilderRef b = builder(o);
    LLVMValueRef below = LLVMBuildICmp(b, is_signed(o) ? LLVMIntSLT : LLVMIntULT, o->a, o->b, "");
    LLVMValueRef mask = LLVMBuildSExt(b, below, LLVMTypeOf(o->a), "");
    LLVMValueRef flipped = LLVMBuildXor(b, LLVMBuildSub(b, o->a, o->b, ""), mask, "");
    return LLVMBuildSub(b, flipped, mask, "");
}

/* max - min; but of vectors of 64 bits LLVM 22 makes that a difference which it negates, wrongly, where it knows that
 * one operand has its highest bit and the other has not. */
LLVMValueRef op_abs_diff(struct operands *o)
{
    bool is_vector = LLVMGetTypeKind(LLVMTypeOf(o->a)) == LLVMVectorTypeKind;
    if (is_vector && width_of(o) == 64) return negate_where_below(o);
    return LLVMBuildSub(builder(o), op_max(o), op_min(o), "");
}

LLVMValueRef op_sign(struct operands *o)
{
    LLVMValueRef zero = LLVMConstNull(o->llvm);
    LLVMValueRef above = LLVMBuildICmp(builder(o), LLVMIntSGT, o->a, zero, "");
    LLVMValueRef below = LLVMBuildICmp(builder(o), LLVMIntSLT, o->a, zero, "");
    LLVMValueRef minus = LLVMBuildSExt(builder(o), below, o->llvm, ""),
                 plus = LLVMBuildZExt(builder(o), above, o->llvm, "");
    return LLVMBuildOr(builder(o), minus, plus, "");
}

LLVMValueRef op_sat_add(struct operands *o)
{
    return call_binary(o, is_signed(o) ? "llvm.sadd.sat" : "llvm.uadd.sat", o->a, o->b);
}

LLVMValueRef op_sat_sub(struct operands *o)
{
    return call_binary(o, is_signed(o) ? "llvm.ssub.sat" : "llvm.usub.sat", o->a, o->b);
}

static LLVMValueRef wide_product(struct operands *o)
{
    uint32_t bits = 2 * width_of(o);
    return LLVMBuildMul(builder(o), extend(o, o->a, bits), extend(o, o->b, bits), "");
}

/* The product of 64-bit operands has no wider type to be clamped in that is cheap: a fixed-point product of scale 0 is the same. */
static LLVMValueRef saturate_product_64(struct operands *o)
{
    LLVMValueRef args[3] = {o->a, o->b, const_int(o->l, 32, 0)};
    return build_call(o->l, is_signed(o) ? "llvm.smul.fix.sat" : "llvm.umul.fix.sat", o->llvm, args, 3);
}

LLVMValueRef op_sat_mul(struct operands *o)
{
    uint32_t bits = width_of(o);
    if (bits == 64) return saturate_product_64(o);
    LLVMValueRef product = wide_product(o);
    LLVMTypeRef wide = LLVMTypeOf(product);
    uint64_t most = (UINT64_C(1) << (bits - is_signed(o))) - 1;
    LLVMValueRef args[2] = {product, const_like(wide, most)};
    product = build_call(o->l, is_signed(o) ? "llvm.smin" : "llvm.umin", wide, args, 2);
    if (is_signed(o)) {
        LLVMValueRef bounds[2] = {product, const_like(wide, ~most)};
        product = build_call(o->l, "llvm.smax", wide, bounds, 2);
    }
    return value_resize(o->l, product, type_int(o->l, bits), false);
}

LLVMValueRef op_mul_hi(struct operands *o)
{
    LLVMValueRef product = wide_product(o);
    LLVMValueRef upper = LLVMBuildLShr(builder(o), product, const_like(LLVMTypeOf(product), width_of(o)), "");
    return value_resize(o->l, upper, type_int(o->l, width_of(o)), false);
}

/* -- counting and fields of bits ------------------------------------------------------------------------------- */

static LLVMValueRef as_u32(struct operands *o, LLVMValueRef v)
{
    return value_resize(o->l, v, type_int(o->l, 32), false);
}

LLVMValueRef op_popcount(struct operands *o)
{
    return as_u32(o, call_unary(o, "llvm.ctpop"));
}
LLVMValueRef op_clz(struct operands *o)
{
    return as_u32(o, call_binary(o, "llvm.ctlz", o->a, const_int(o->l, 1, 0)));
}
LLVMValueRef op_ctz(struct operands *o)
{
    return as_u32(o, call_binary(o, "llvm.cttz", o->a, const_int(o->l, 1, 0)));
}
LLVMValueRef op_reverse_bits(struct operands *o)
{
    return call_unary(o, "llvm.bitreverse");
}

/* offset and count within the width, as u32 operands. */
struct field {
    LLVMValueRef offset, count, is_empty;
};

static struct field clamp_field(struct operands *o, LLVMValueRef offset, LLVMValueRef count)
{
    LLVMTypeRef type = LLVMTypeOf(offset);
    LLVMValueRef width = const_like(type, width_of(o)), offsets[2] = {offset, width};
    struct field f = {.offset = build_call(o->l, "llvm.umin", type, offsets, 2)};
    LLVMValueRef counts[2] = {count, LLVMBuildSub(builder(o), width, f.offset, "")};
    f.count = build_call(o->l, "llvm.umin", type, counts, 2);
    f.is_empty = is_zero(o, f.count);
    return f;
}

/* Up to the top, then down again: the second shift brings the sign. Amounts of an empty field mean nothing. */
LLVMValueRef op_extract_bits(struct operands *o)
{
    struct field f = clamp_field(o, o->b, o->c);
    LLVMValueRef width = const_like(LLVMTypeOf(f.count), width_of(o)),
                 above = LLVMBuildSub(builder(o), width, f.count, "");
    LLVMValueRef up = amount(o, LLVMBuildSub(builder(o), above, f.offset, ""));
    LLVMValueRef v = shift_right(o, LLVMBuildShl(builder(o), o->a, up, ""), amount(o, above));
    return LLVMBuildSelect(builder(o), f.is_empty, LLVMConstNull(o->llvm), v, "");
}

LLVMValueRef op_insert_bits(struct operands *o)
{
    struct field f = clamp_field(o, o->c, o->d);
    LLVMValueRef width = const_like(LLVMTypeOf(f.count), width_of(o));
    LLVMValueRef above = amount(o, LLVMBuildSub(builder(o), width, f.count, "")), offset = amount(o, f.offset);
    LLVMValueRef ones = LLVMBuildLShr(builder(o), LLVMConstAllOnes(o->llvm), above, "");
    LLVMValueRef mask = LLVMBuildShl(builder(o), ones, offset, "");
    LLVMValueRef kept = LLVMBuildAnd(builder(o), o->a, LLVMBuildNot(builder(o), mask, ""), "");
    LLVMValueRef field = LLVMBuildAnd(builder(o), LLVMBuildShl(builder(o), o->b, offset, ""), mask, "");
    return LLVMBuildSelect(builder(o), f.is_empty, o->a, LLVMBuildOr(builder(o), kept, field, ""), "");
}

/* -- packed ---------------------------------------------------------------------------------------------------- */

static LLVMValueRef unpack(struct operands *o, uint32_t bits)
{
    LLVMValueRef k = LLVMBuildAnd(builder(o), o->b, const_like(o->llvm, 32 / bits - 1), "");
    LLVMValueRef shifted =
        LLVMBuildLShr(builder(o), o->a, LLVMBuildMul(builder(o), k, const_like(o->llvm, bits), ""), "");
    return LLVMBuildAnd(builder(o), shifted, const_like(o->llvm, (UINT64_C(1) << bits) - 1), "");
}

LLVMValueRef op_unpack4(struct operands *o)
{
    return unpack(o, 4);
}
LLVMValueRef op_unpack8(struct operands *o)
{
    return unpack(o, 8);
}

LLVMValueRef op_dot4_u8(struct operands *o)
{
    LLVMValueRef sum = o->c, byte = const_like(o->llvm, 0xFF);
    for (uint32_t shift = 0; shift < 32; shift += 8) {
        LLVMValueRef n = const_like(o->llvm, shift);
        LLVMValueRef a = LLVMBuildAnd(builder(o), LLVMBuildLShr(builder(o), o->a, n, ""), byte, "");
        LLVMValueRef b = LLVMBuildAnd(builder(o), LLVMBuildLShr(builder(o), o->b, n, ""), byte, "");
        sum = LLVMBuildAdd(builder(o), sum, LLVMBuildMul(builder(o), a, b, ""), "");
    }
    return sum;
}

/* -- casts ----------------------------------------------------------------------------------------------------- */

static bool is_float(enum ir_scalar s)
{
    return ir_scalar_infos[s].kind == IR_KIND_FLOAT;
}

LLVMValueRef op_cast(struct operands *o)
{
    if (is_float(o->type) || is_float(o->result)) return float_cast(o);
    if (o->result == IR_BOOL) return LLVMBuildICmp(builder(o), LLVMIntNE, o->a, LLVMConstNull(o->llvm), "");
    return value_resize(o->l, o->a, type_value(o->l, o->result), is_signed(o));
}

/* Through the bits in memory, where NaNs are canonical; only the registers of f16 and bf16 look different. */
LLVMValueRef op_bitcast(struct operands *o)
{
    return value_from_memory(o->l, o->result, value_to_memory(o->l, o->type, o->a));
}
