/* type.c - LLVM's types for ours, and the small things every file builds with: blocks, addresses, loads, calls of intrinsics. */
#include <string.h>

#include "codegen/llvm/lower.h"

/* -- types ----------------------------------------------------------------------------------------------------- */

LLVMTypeRef type_int(struct lower *l, uint32_t bits)
{
    return LLVMIntTypeInContext(l->context, bits);
}
LLVMTypeRef type_ptr(struct lower *l)
{
    return LLVMPointerTypeInContext(l->context, 0);
}

static LLVMTypeRef float_type(struct lower *l, uint32_t bits)
{
    return bits == 64 ? LLVMDoubleTypeInContext(l->context) : LLVMFloatTypeInContext(l->context);
}

LLVMTypeRef type_value(struct lower *l, enum ir_scalar s)
{
    const struct ir_scalar_info *info = &ir_scalar_infos[s];
    return info->kind == IR_KIND_FLOAT ? float_type(l, info->bits) : type_int(l, info->bits);
}

LLVMTypeRef type_memory(struct lower *l, enum ir_scalar s)
{
    return type_int(l, ir_scalar_infos[s].mem_bytes * 8u);
}

LLVMTypeRef type_lanes(struct lower *l, LLVMTypeRef scalar)
{
    return l->width == 1 ? scalar : LLVMVectorType(scalar, l->width);
}

bool type_is_vector(LLVMTypeRef t)
{
    return LLVMGetTypeKind(t) == LLVMVectorTypeKind;
}

LLVMTypeRef type_like(LLVMTypeRef model, LLVMTypeRef scalar)
{
    return type_is_vector(model) ? LLVMVectorType(scalar, LLVMGetVectorSize(model)) : scalar;
}

LLVMTypeRef type_of_slot(struct lower *l, enum ir_scalar s, struct shape shape)
{
    return shape.varying ? type_lanes(l, type_value(l, s)) : type_value(l, s);
}

uint32_t type_bits(LLVMTypeRef t)
{
    if (type_is_vector(t)) t = LLVMGetElementType(t);
    switch (LLVMGetTypeKind(t)) {
    case LLVMIntegerTypeKind:
        return LLVMGetIntTypeWidth(t);
    case LLVMHalfTypeKind:
        return 16;
    case LLVMFloatTypeKind:
        return 32;
    default:
        return 64;
    }
}

/* -- constants ------------------------------------------------------------------------------------------------- */

LLVMValueRef const_int(struct lower *l, uint32_t bits, uint64_t v)
{
    return LLVMConstInt(type_int(l, bits), v, false);
}

static LLVMValueRef splat_constant(LLVMTypeRef model, LLVMValueRef c)
{
    if (!type_is_vector(model)) return c;
    LLVMValueRef elements[256];
    uint32_t n = LLVMGetVectorSize(model);
    for (uint32_t i = 0; i < n; i++)
        elements[i] = c;
    return LLVMConstVector(elements, n);
}

static LLVMTypeRef element_of(LLVMTypeRef t)
{
    return type_is_vector(t) ? LLVMGetElementType(t) : t;
}

LLVMValueRef const_like(LLVMTypeRef model, uint64_t v)
{
    return splat_constant(model, LLVMConstInt(element_of(model), v, true));
}

LLVMValueRef const_float_like(LLVMTypeRef model, double v)
{
    return splat_constant(model, LLVMConstReal(element_of(model), v));
}

LLVMValueRef const_iota(LLVMTypeRef scalar, uint32_t n, int64_t first, int64_t stride)
{
    LLVMValueRef elements[256];
    for (uint32_t i = 0; i < n; i++)
        elements[i] = LLVMConstInt(scalar, (uint64_t)(first + stride * (int64_t)i), true);
    return LLVMConstVector(elements, n);
}

/* -- instructions ---------------------------------------------------------------------------------------------- */

LLVMValueRef build_call_overloaded(struct lower *l, const char *intrinsic, LLVMTypeRef *overloads, uint32_t n_overloads,
                                   LLVMValueRef *args, uint32_t n)
{
    unsigned id = LLVMLookupIntrinsicID(intrinsic, strlen(intrinsic));
    if (!id) bug("LLVM does not know %s", intrinsic);
    LLVMValueRef fn = LLVMGetIntrinsicDeclaration(l->module, id, overloads, n_overloads);
    return LLVMBuildCall2(l->b, LLVMIntrinsicGetType(l->context, id, overloads, n_overloads), fn, args, n, "");
}

LLVMValueRef build_call(struct lower *l, const char *intrinsic, LLVMTypeRef overload, LLVMValueRef *args, uint32_t n)
{
    return build_call_overloaded(l, intrinsic, &overload, overload ? 1 : 0, args, n);
}

/* Going before an instruction takes over its place in the source: what comes after the alloca keeps its own. */
/* With a value at the beginning of the function, or with any: NULL. */
static LLVMValueRef build_slot(struct lower *l, LLVMTypeRef type, LLVMValueRef first, const char *name)
{
    LLVMBasicBlockRef here = LLVMGetInsertBlock(l->b);
    LLVMMetadataRef place = LLVMGetCurrentDebugLocation2(l->b);
    LLVMPositionBuilderBefore(l->b, LLVMGetBasicBlockTerminator(l->allocas));
    LLVMValueRef slot = LLVMBuildAlloca(l->b, type, name);
    if (first) LLVMBuildStore(l->b, first, slot);
    LLVMPositionBuilderAtEnd(l->b, here);
    LLVMSetCurrentDebugLocation2(l->b, place);
    return slot;
}

LLVMValueRef build_alloca(struct lower *l, LLVMTypeRef type, const char *name)
{
    return build_slot(l, type, NULL, name);
}

LLVMValueRef build_variable(struct lower *l, LLVMValueRef first, const char *name)
{
    return build_slot(l, LLVMTypeOf(first), first, name);
}

LLVMValueRef build_element(struct lower *l, LLVMTypeRef elem, LLVMValueRef base, LLVMValueRef index)
{
    return LLVMBuildGEP2(l->b, elem, base, &index, 1, "");
}

LLVMValueRef build_load(struct lower *l, LLVMTypeRef type, LLVMValueRef ptr, uint32_t align_bytes)
{
    LLVMValueRef v = LLVMBuildLoad2(l->b, type, ptr, "");
    LLVMSetAlignment(v, align_bytes);
    return v;
}

void build_store(struct lower *l, LLVMValueRef v, LLVMValueRef ptr, uint32_t align_bytes)
{
    LLVMSetAlignment(LLVMBuildStore(l->b, v, ptr), align_bytes);
}

/* -- blocks ---------------------------------------------------------------------------------------------------- */

LLVMBasicBlockRef block_new(struct lower *l, const char *name)
{
    return LLVMAppendBasicBlockInContext(l->context, l->fn, name);
}

bool block_is_closed(struct lower *l)
{
    return LLVMGetBasicBlockTerminator(LLVMGetInsertBlock(l->b)) != NULL;
}

void block_jump(struct lower *l, LLVMBasicBlockRef to)
{
    if (!block_is_closed(l)) LLVMBuildBr(l->b, to);
}

void block_enter(struct lower *l, LLVMBasicBlockRef block)
{
    block_jump(l, block);
    LLVMMoveBasicBlockAfter(block, LLVMGetInsertBlock(l->b)); /* text in the order of the source */
    LLVMPositionBuilderAtEnd(l->b, block);
}

void block_branch(struct lower *l, LLVMValueRef cond, LLVMBasicBlockRef yes, LLVMBasicBlockRef no)
{
    LLVMBuildCondBr(l->b, cond, yes, no);
}

void block_branch_likely(struct lower *l, LLVMValueRef cond, LLVMBasicBlockRef yes, LLVMBasicBlockRef no)
{
    LLVMValueRef branch = LLVMBuildCondBr(l->b, cond, yes, no);
    LLVMMetadataRef weights[3] = {
        LLVMMDStringInContext2(l->context, "branch_weights", strlen("branch_weights")),
        LLVMValueAsMetadata(const_int(l, 32, 2000)),
        LLVMValueAsMetadata(const_int(l, 32, 1)),
    };
    LLVMSetMetadata(branch, LLVMGetMDKindIDInContext(l->context, "prof", 4),
                    LLVMMetadataAsValue(l->context, LLVMMDNodeInContext2(l->context, weights, 3)));
}
