/* gather.c - one scalar per lane from anywhere, or to anywhere. Indices are compared with the length first, so that whatever lanes
 * hold, memory is touched only inside the array. */
#include "codegen/llvm/lower.h"

static LLVMValueRef lane_number(struct lower *l, uint32_t k)
{
    return const_int(l, 32, k);
}

/* -- addresses --------------------------------------------------------------------------------------------------- */

/* Arrays that cannot have 2^31 scalars, so that an index inside is its own signed value. */
static bool is_short(const struct array *a)
{
    return LLVMIsAConstantInt(a->count) && LLVMConstIntGetZExtValue(a->count) * 4 < INT32_MAX;
}

/* base + index for each lane, as a vector of pointers. Processors take 32-bit indices as signed; an unsigned one less 2^31, from a base that
 * lies 2^31 elements higher, is the same address and no slower. */
static LLVMValueRef addresses(struct lower *l, const struct array *a, LLVMTypeRef elem, LLVMValueRef base,
                              LLVMValueRef index)
{
    LLVMTypeRef i64 = type_like(LLVMTypeOf(index), type_int(l, 64));
    if (type_bits(LLVMTypeOf(index)) == 32 && !is_short(a)) {
        base = build_element(l, elem, base, const_int(l, 64, UINT64_C(1) << 31));
        index = LLVMBuildXor(l->b, index, const_like(LLVMTypeOf(index), UINT64_C(1) << 31), "");
    }
    return build_element(l, elem, base, LLVMBuildSExt(l->b, index, i64, ""));
}

/* -- loads ------------------------------------------------------------------------------------------------------- */

static LLVMValueRef gather_in_hardware(struct lower *l, LLVMTypeRef elem, LLVMValueRef pointers, LLVMValueRef mask)
{
    LLVMTypeRef type = type_lanes(l, elem), overloads[2] = {type, LLVMTypeOf(pointers)};
    LLVMValueRef args[3] = {pointers, mask, LLVMConstNull(type)};
    LLVMValueRef call = build_call_overloaded(l, "llvm.masked.gather", overloads, 2, args, 3);
    LLVMAddCallSiteAttribute(
        call, 1, LLVMCreateEnumAttribute(l->context, LLVMGetEnumAttributeKindForName("align", 5), type_bits(elem) / 8));
    return call;
}

/* Bytes and 16-bit words have no gather: the aligned 32-bit word around each does, and it never reaches into another page. */
static LLVMValueRef gather_through_words(struct lower *l, const struct array *a, LLVMTypeRef elem, LLVMValueRef index,
                                         LLVMValueRef mask)
{
    uint32_t bytes = type_bits(elem) / 8, per_word = 4 / bytes;
    LLVMTypeRef i64 = type_int(l, 64), i32 = type_int(l, 32), lanes = LLVMTypeOf(index);
    LLVMValueRef address = LLVMBuildPtrToInt(l->b, a->base, i64, "");
    LLVMValueRef below = LLVMBuildAnd(l->b, address, const_int(l, 64, 3), "");
    LLVMValueRef word_base = build_element(l, type_int(l, 8), a->base, LLVMBuildNeg(l->b, below, ""));
    LLVMValueRef skew = LLVMBuildTrunc(l->b, LLVMBuildUDiv(l->b, below, const_int(l, 64, bytes), ""), i32, "");
    /* index + skew might pass 2^32: the parts are added apart. */
    LLVMValueRef shift = const_like(lanes, per_word == 4 ? 2 : 1), low = const_like(lanes, per_word - 1);
    LLVMValueRef inside = LLVMBuildAdd(l->b, LLVMBuildAnd(l->b, index, low, ""), value_splat(l, skew), "");
    LLVMValueRef word =
        LLVMBuildAdd(l->b, LLVMBuildLShr(l->b, index, shift, ""), LLVMBuildLShr(l->b, inside, shift, ""), "");
    LLVMTypeRef i64_lanes = type_like(lanes, i64);
    LLVMValueRef pointers = build_element(l, i32, word_base, LLVMBuildSExt(l->b, word, i64_lanes, ""));
    LLVMValueRef words = gather_in_hardware(l, i32, pointers, mask);
    LLVMValueRef bits = LLVMBuildMul(l->b, LLVMBuildAnd(l->b, inside, low, ""), const_like(lanes, bytes * 8), "");
    return LLVMBuildTrunc(l->b, LLVMBuildLShr(l->b, words, bits, ""), type_like(lanes, elem), "");
}

/* Tables of the object have 64 readable bytes after them. */
static LLVMValueRef gather_from_table(struct lower *l, const struct array *a, LLVMTypeRef elem, LLVMValueRef index,
                                      LLVMValueRef mask)
{
    LLVMTypeRef i32 = type_int(l, 32), type = type_lanes(l, i32);
    LLVMValueRef pointers = addresses(l, a, elem, a->base, index);
    LLVMTypeRef overloads[2] = {type, LLVMTypeOf(pointers)};
    LLVMValueRef args[3] = {pointers, mask, LLVMConstNull(type)};
    LLVMValueRef words = build_call_overloaded(l, "llvm.masked.gather", overloads, 2, args, 3);
    return LLVMBuildTrunc(l->b, words, type_like(LLVMTypeOf(index), elem), "");
}

/* Without branches: a lane that may not load loads a zero. */
static LLVMValueRef gather_one_by_one(struct lower *l, const struct array *a, LLVMTypeRef elem, LLVMValueRef index,
                                      LLVMValueRef mask)
{
    LLVMValueRef result = LLVMGetPoison(type_lanes(l, elem)), zeros = helper_zeros(l);
    for (uint32_t k = 0; k < l->width; k++) {
        LLVMValueRef at =
            value_resize(l, LLVMBuildExtractElement(l->b, index, lane_number(l, k), ""), type_int(l, 64), false);
        LLVMValueRef allowed = LLVMBuildExtractElement(l->b, mask, lane_number(l, k), "");
        LLVMValueRef pointer = LLVMBuildSelect(l->b, allowed, build_element(l, elem, a->base, at), zeros, "");
        LLVMValueRef v = build_load(l, elem, pointer, type_bits(elem) / 8);
        result = LLVMBuildInsertElement(l->b, result, v, lane_number(l, k), "");
    }
    return result;
}

/* Many lanes one by one are hundreds of instructions, the same in each place: a function has them once. Vectors go through memory. */
static LLVMValueRef gather_by_call(struct lower *l, const struct array *a, LLVMTypeRef elem, LLVMValueRef index,
                                   LLVMValueRef mask)
{
    struct helper h;
    LLVMTypeRef type = type_lanes(l, elem), index_type = LLVMTypeOf(index), pointer = LLVMTypeOf(a->base);
    LLVMTypeRef params[4] = {pointer, pointer, pointer, type_int(l, l->width)};
    const char *name = arena_printf(l->arena, "vyre.gather.%ux%u.%u%s", l->width, type_bits(elem),
                                    type_bits(index_type), LLVMGetTypeKind(elem) == LLVMIntegerTypeKind ? "" : "f");
    if (helper_begin(l, &h, name, LLVMVoidTypeInContext(l->context), params, 4)) {
        struct array param = *a;
        param.base = LLVMGetParam(h.fn, 1);
        LLVMValueRef indices = build_load(l, index_type, LLVMGetParam(h.fn, 2), 16);
        LLVMValueRef lanes = LLVMBuildBitCast(l->b, LLVMGetParam(h.fn, 3), LLVMTypeOf(mask), "");
        build_store(l, gather_one_by_one(l, &param, elem, indices, lanes), LLVMGetParam(h.fn, 0), 16);
        LLVMBuildRetVoid(l->b);
        helper_end(l, &h);
    }
    LLVMValueRef result = build_alloca(l, type, "gathered"), at = build_alloca(l, index_type, "at");
    LLVMSetAlignment(result, 16);
    LLVMSetAlignment(at, 16);
    build_store(l, index, at, 16);
    LLVMValueRef args[4] = {result, a->base, at, mask_bits(l, mask)};
    LLVMBuildCall2(l->b, h.type, h.fn, args, 4, "");
    return build_load(l, type, result, 16);
}

enum { MANY_LANES = 32 };

LLVMValueRef gather_lanes(struct lower *l, const struct array *a, LLVMTypeRef elem, LLVMValueRef index,
                          LLVMValueRef mask)
{
    uint32_t bits = type_bits(elem);
    bool narrow_index = type_bits(LLVMTypeOf(index)) == 32;
    if (!l->features->gathers && l->width >= MANY_LANES) return gather_by_call(l, a, elem, index, mask);
    if (!l->features->gathers || l->width < 4) return gather_one_by_one(l, a, elem, index, mask);
    if (bits >= 32) return gather_in_hardware(l, elem, addresses(l, a, elem, a->base, index), mask);
    if (!narrow_index) return gather_one_by_one(l, a, elem, index, mask);
    if (a->buffer->space == IR_SPACE_DATA) return gather_from_table(l, a, elem, index, mask);
    return gather_through_words(l, a, elem, index, mask);
}

/* -- stores ------------------------------------------------------------------------------------------------------ */

static void scatter_in_hardware(struct lower *l, const struct array *a, LLVMValueRef values, LLVMValueRef index,
                                LLVMValueRef mask)
{
    LLVMTypeRef elem = LLVMGetElementType(LLVMTypeOf(values));
    LLVMValueRef pointers = addresses(l, a, elem, a->base, index);
    LLVMTypeRef overloads[2] = {LLVMTypeOf(values), LLVMTypeOf(pointers)};
    LLVMValueRef args[3] = {values, pointers, mask};
    LLVMValueRef call = build_call_overloaded(l, "llvm.masked.scatter", overloads, 2, args, 3);
    LLVMAddCallSiteAttribute(
        call, 2, LLVMCreateEnumAttribute(l->context, LLVMGetEnumAttributeKindForName("align", 5), type_bits(elem) / 8));
}

void scatter_lanes(struct lower *l, const struct array *a, LLVMValueRef values, LLVMValueRef index, LLVMValueRef mask)
{
    if (l->features->scatters && type_bits(LLVMTypeOf(values)) >= 32)
        scatter_in_hardware(l, a, values, index, mask);
    else
        helper_store_lanes(l, values, a->base, index, mask);
}
