/* helper.c - functions that all kernels of a module share, internal, made when first asked for; and calls of what the
 * runtime has for kernels: rare or long sequences that would bloat each place that needs them. */
#include <stddef.h>
#include <string.h>

#include "codegen/llvm/lower.h"
#include "runtime-stub/vyre_cpu.h"

/* -- making one ---------------------------------------------------------------------------------------------------- */

static void add_attribute(struct lower *l, LLVMValueRef fn, const char *name)
{
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    LLVMAddAttributeAtIndex(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(l->context, kind, 0));
}

bool helper_begin(struct lower *l, struct helper *h, const char *name, LLVMTypeRef result, LLVMTypeRef *params,
                  uint32_t n_params)
{
    h->type = LLVMFunctionType(result, params, n_params, false);
    h->fn = LLVMGetNamedFunction(l->module, name);
    if (h->fn) return false;
    h->outer_block = LLVMGetInsertBlock(l->b);
    h->outer_fn = l->fn;
    h->outer_allocas = l->allocas;
    h->outer_place = LLVMGetCurrentDebugLocation2(l->b);
    l->fn = h->fn = LLVMAddFunction(l->module, name, h->type);
    LLVMSetLinkage(h->fn, LLVMInternalLinkage);
    LLVMSetSection(h->fn, arena_printf(l->arena, ".text.%s", name));
    add_attribute(l, h->fn, "noinline");
    add_attribute(l, h->fn, "nounwind");
    LLVMSetCurrentDebugLocation2(l->b, NULL);
    function_open(l);
    return true;
}

void helper_end(struct lower *l, struct helper *h)
{
    l->fn = h->outer_fn;
    l->allocas = h->outer_allocas;
    LLVMPositionBuilderAtEnd(l->b, h->outer_block);
    LLVMSetCurrentDebugLocation2(l->b, h->outer_place);
}

void function_open(struct lower *l)
{
    l->allocas = block_new(l, "entry");
    LLVMBasicBlockRef start = block_new(l, "start");
    LLVMPositionBuilderAtEnd(l->b, l->allocas);
    LLVMBuildBr(l->b, start);
    LLVMPositionBuilderAtEnd(l->b, start);
}

LLVMValueRef helper_zeros(struct lower *l)
{
    static const char name[] = "vyre.zeros";
    LLVMValueRef zeros = LLVMGetNamedGlobal(l->module, name);
    if (zeros) return zeros;
    LLVMTypeRef type = LLVMArrayType2(type_int(l, 8), 64);
    zeros = LLVMAddGlobal(l->module, type, name);
    LLVMSetInitializer(zeros, LLVMConstNull(type));
    LLVMSetLinkage(zeros, LLVMInternalLinkage);
    LLVMSetGlobalConstant(zeros, true);
    LLVMSetAlignment(zeros, 64);
    return zeros;
}

/* -- what the runtime does --------------------------------------------------------------------------------------- */

static LLVMValueRef u64_const(struct lower *l, uint64_t v)
{
    return const_int(l, 64, v);
}

/* Vectors go through memory. */
static LLVMValueRef spill(struct lower *l, LLVMValueRef v)
{
    LLVMValueRef slot = build_alloca(l, LLVMTypeOf(v), "lanes");
    LLVMBuildStore(l->b, v, slot);
    return slot;
}

static LLVMValueRef as_u64(struct lower *l, LLVMValueRef v)
{
    return value_resize(l, v, type_int(l, 64), false);
}

static void call_runtime(struct lower *l, size_t offset, LLVMValueRef *args, uint32_t n)
{
    LLVMTypeRef params[6];
    for (uint32_t i = 0; i < n; i++)
        params[i] = LLVMTypeOf(args[i]);
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(l->context), params, n, false);
    LLVMBuildCall2(l->b, type, l->target->helper(l, offset), args, n, "");
}

LLVMValueRef helper_load_partial(struct lower *l, LLVMTypeRef type, uint32_t elem_bytes, LLVMValueRef base,
                                 LLVMValueRef count, LLVMValueRef first, uint32_t n)
{
    LLVMValueRef lanes = spill(l, LLVMConstNull(type));
    LLVMValueRef args[6] = {lanes, base, count, first, const_int(l, 32, n), const_int(l, 32, elem_bytes)};
    call_runtime(l, offsetof(struct vyre_cpu_helpers, load_partial), args, 6);
    return LLVMBuildLoad2(l->b, type, lanes, "");
}

void helper_store_partial(struct lower *l, LLVMValueRef values, uint32_t elem_bytes, LLVMValueRef base,
                          LLVMValueRef count, LLVMValueRef first, uint32_t n, LLVMValueRef mask)
{
    LLVMValueRef bits = mask ? as_u64(l, mask_bits(l, mask)) : u64_const(l, UINT64_MAX);
    LLVMValueRef args[6] = {spill(l, values), base, count, first, u64_const(l, (uint64_t)elem_bytes << 32 | n), bits};
    call_runtime(l, offsetof(struct vyre_cpu_helpers, store_partial), args, 6);
}

void helper_store_lanes(struct lower *l, LLVMValueRef values, LLVMValueRef base, LLVMValueRef index, LLVMValueRef mask)
{
    uint64_t bytes = type_bits(LLVMTypeOf(values)) / 8, index_bytes = type_bits(LLVMTypeOf(index)) / 8;
    LLVMValueRef args[5] = {spill(l, values), base, spill(l, index), as_u64(l, mask_bits(l, mask)),
                            u64_const(l, index_bytes << 32 | bytes)};
    call_runtime(l, offsetof(struct vyre_cpu_helpers, store_lanes), args, 5);
}
