/* helper.c - functions that all kernels of a module share: rare or long sequences that would bloat each place that needs them. Internal, made when
 * first asked for, and scalar, so that one serves every level: vectors are passed through memory. */
#include <string.h>

#include "codegen/llvm/lower.h"

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

/* Without this LLVM unrolls loops that run once in a while. With it, on the other hand, it calls libraries for 128-bit shifts. */
static void keep_small(struct lower *l, const struct helper *h)
{
    add_attribute(l, h->fn, "minsize");
    add_attribute(l, h->fn, "optsize");
}

static LLVMValueRef argument(struct helper *h, uint32_t k)
{
    return LLVMGetParam(h->fn, k);
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

/* -- loops in a helper ------------------------------------------------------------------------------------------------- */

static LLVMValueRef u64_const(struct lower *l, uint64_t v)
{
    return const_int(l, 64, v);
}

static LLVMValueRef load_u64(struct lower *l, LLVMValueRef slot)
{
    return build_load(l, type_int(l, 64), slot, 8);
}

static LLVMValueRef new_u64(struct lower *l, const char *name, LLVMValueRef first)
{
    LLVMValueRef slot = build_alloca(l, type_int(l, 64), name);
    build_store(l, first, slot, 8);
    return slot;
}

/* An element is moved as an array of bytes or words, so that no type of element needs its own function. */
static LLVMTypeRef element_type(struct lower *l, uint32_t bytes)
{
    return bytes > 8 ? LLVMArrayType2(type_int(l, 64), bytes / 8) : type_int(l, bytes * 8);
}

static LLVMValueRef element_at(struct lower *l, uint32_t bytes, LLVMValueRef base, LLVMValueRef index)
{
    return build_element(l, element_type(l, bytes), base, index);
}

static void move_element(struct lower *l, uint32_t bytes, LLVMValueRef to, LLVMValueRef from)
{
    build_store(l, build_load(l, element_type(l, bytes), from, 1), to, 1); /* vectors are aligned as their scalars */
}

static LLVMValueRef below(struct lower *l, LLVMValueRef a, LLVMValueRef b)
{
    return LLVMBuildICmp(l->b, LLVMIntULT, a, b, "");
}

/* -- the end of an array -------------------------------------------------------------------------------------------------- */

enum { PARTIAL_LANES, PARTIAL_BASE, PARTIAL_COUNT, PARTIAL_FIRST, PARTIAL_N, PARTIAL_MASK, N_PARTIAL };

/* Leaves at once when nothing is inside and no number wraps: invocations that start past the end are common. */
static void return_if_outside(struct lower *l, struct helper *h)
{
    LLVMBasicBlockRef out = block_new(l, "outside"), in = block_new(l, "near");
    LLVMValueRef first = LLVMBuildZExt(l->b, argument(h, PARTIAL_FIRST), type_int(l, 64), "");
    LLVMValueRef past = LLVMBuildICmp(l->b, LLVMIntUGE, first, argument(h, PARTIAL_COUNT), "");
    LLVMValueRef end = LLVMBuildAdd(l->b, first, argument(h, PARTIAL_N), "");
    LLVMValueRef stays = LLVMBuildICmp(l->b, LLVMIntULE, end, u64_const(l, UINT64_C(1) << 32), "");
    block_branch(l, LLVMBuildAnd(l->b, past, stays, ""), out, in);
    block_enter(l, out);
    LLVMBuildRetVoid(l->b);
    block_enter(l, in);
}

/* for (i = 0; i < n; i++) if (first + i < count && (mask >> i & 1)) move lanes[i] to base[first + i], or the other way; first + i is a u32, and the
 * mask, which only stores have, counts modulo 64. What is not loaded stays as it was. */
static void fill_partial(struct lower *l, struct helper *h, uint32_t bytes, bool store)
{
    LLVMTypeRef i64 = type_int(l, 64);
    LLVMValueRef slot = new_u64(l, "i", u64_const(l, 0)), lanes = argument(h, PARTIAL_LANES),
                 base = argument(h, PARTIAL_BASE);
    LLVMBasicBlockRef head = block_new(l, "each"), body = block_new(l, "one"), inside = block_new(l, "inside"),
                      next = block_new(l, "next"), exit = block_new(l, "done");
    return_if_outside(l, h);
    block_enter(l, head);
    LLVMValueRef i = load_u64(l, slot);
    block_branch(l, below(l, i, argument(h, PARTIAL_N)), body, exit);
    block_enter(l, body);
    LLVMValueRef number =
        LLVMBuildAdd(l->b, argument(h, PARTIAL_FIRST), LLVMBuildTrunc(l->b, i, type_int(l, 32), ""), "");
    LLVMValueRef index = LLVMBuildZExt(l->b, number, i64, ""), wanted = below(l, index, argument(h, PARTIAL_COUNT));
    if (store) {
        LLVMValueRef amount = LLVMBuildAnd(l->b, i, u64_const(l, 63), "");
        LLVMValueRef bit =
            LLVMBuildTrunc(l->b, LLVMBuildLShr(l->b, argument(h, PARTIAL_MASK), amount, ""), type_int(l, 1), "");
        wanted = LLVMBuildAnd(l->b, wanted, bit, "");
    }
    block_branch(l, wanted, inside, next);
    block_enter(l, inside);
    LLVMValueRef there = element_at(l, bytes, base, index), here = element_at(l, bytes, lanes, i);
    move_element(l, bytes, store ? there : here, store ? here : there);
    block_enter(l, next);
    build_store(l, LLVMBuildAdd(l->b, i, u64_const(l, 1), ""), slot, 8);
    block_jump(l, head);
    block_enter(l, exit);
    LLVMBuildRetVoid(l->b);
}

static void call_partial(struct lower *l, uint32_t bytes, bool store, LLVMValueRef *args)
{
    struct helper h;
    LLVMTypeRef i64 = type_int(l, 64), params[N_PARTIAL] = {type_ptr(l), type_ptr(l), i64, type_int(l, 32), i64, i64};
    const char *name = arena_printf(l->arena, "vyre.%s_partial.%u", store ? "store" : "load", bytes);
    if (helper_begin(l, &h, name, LLVMVoidTypeInContext(l->context), params, N_PARTIAL)) {
        add_attribute(l, h.fn, "cold");
        keep_small(l, &h);
        fill_partial(l, &h, bytes, store);
        helper_end(l, &h);
    }
    LLVMBuildCall2(l->b, h.type, h.fn, args, N_PARTIAL, "");
}

static LLVMValueRef as_u64(struct lower *l, LLVMValueRef v)
{
    return value_resize(l, v, type_int(l, 64), false);
}

LLVMValueRef helper_load_partial(struct lower *l, LLVMTypeRef type, uint32_t elem_bytes, LLVMValueRef base,
                                 LLVMValueRef count, LLVMValueRef first, uint32_t n)
{
    LLVMValueRef lanes = build_alloca(l, type, "lanes");
    LLVMBuildStore(l->b, LLVMConstNull(type), lanes);
    call_partial(l, elem_bytes, false, (LLVMValueRef[]){lanes, base, count, first, u64_const(l, n), u64_const(l, 0)});
    return LLVMBuildLoad2(l->b, type, lanes, "");
}

void helper_store_partial(struct lower *l, LLVMValueRef values, uint32_t elem_bytes, LLVMValueRef base,
                          LLVMValueRef count, LLVMValueRef first, uint32_t n, LLVMValueRef mask)
{
    LLVMValueRef lanes = build_alloca(l, LLVMTypeOf(values), "lanes");
    LLVMBuildStore(l->b, values, lanes);
    LLVMValueRef bits = mask ? as_u64(l, mask_bits(l, mask)) : u64_const(l, UINT64_MAX);
    call_partial(l, elem_bytes, true, (LLVMValueRef[]){lanes, base, count, first, u64_const(l, n), bits});
}

/* -- scattered stores -------------------------------------------------------------------------------------------------------- */

enum { SCATTER_LANES, SCATTER_BASE, SCATTER_INDICES, SCATTER_MASK, N_SCATTER };

/* for (m = mask; m; m &= m - 1) { k = ctz(m); base[indices[k]] = lanes[k]; } */
static void fill_scatter(struct lower *l, struct helper *h, uint32_t bytes, uint32_t index_bytes)
{
    LLVMTypeRef i64 = type_int(l, 64), index_type = type_int(l, index_bytes * 8);
    LLVMValueRef slot = new_u64(l, "left", argument(h, SCATTER_MASK));
    LLVMBasicBlockRef head = block_new(l, "each"), body = block_new(l, "one"), exit = block_new(l, "done");
    block_enter(l, head);
    LLVMValueRef left = load_u64(l, slot);
    block_branch(l, LLVMBuildICmp(l->b, LLVMIntNE, left, u64_const(l, 0), ""), body, exit);
    block_enter(l, body);
    LLVMValueRef args[2] = {left, const_int(l, 1, 1)};
    LLVMValueRef k = build_call(l, "llvm.cttz", i64, args, 2);
    LLVMValueRef index =
        build_load(l, index_type, build_element(l, index_type, argument(h, SCATTER_INDICES), k), index_bytes);
    move_element(l, bytes, element_at(l, bytes, argument(h, SCATTER_BASE), as_u64(l, index)),
                 element_at(l, bytes, argument(h, SCATTER_LANES), k));
    build_store(l, LLVMBuildAnd(l->b, left, LLVMBuildSub(l->b, left, u64_const(l, 1), ""), ""), slot, 8);
    block_jump(l, head);
    block_enter(l, exit);
    LLVMBuildRetVoid(l->b);
}

static LLVMValueRef spill(struct lower *l, LLVMValueRef v)
{
    LLVMValueRef slot = build_alloca(l, LLVMTypeOf(v), "lanes");
    LLVMBuildStore(l->b, v, slot);
    return slot;
}

void helper_store_lanes(struct lower *l, LLVMValueRef values, LLVMValueRef base, LLVMValueRef index, LLVMValueRef mask)
{
    struct helper h;
    uint32_t bytes = type_bits(LLVMTypeOf(values)) / 8, index_bytes = type_bits(LLVMTypeOf(index)) / 8;
    LLVMTypeRef params[N_SCATTER] = {type_ptr(l), type_ptr(l), type_ptr(l), type_int(l, 64)};
    const char *name = arena_printf(l->arena, "vyre.store_lanes.%u.%u", bytes, index_bytes);
    if (helper_begin(l, &h, name, LLVMVoidTypeInContext(l->context), params, N_SCATTER)) {
        keep_small(l, &h);
        fill_scatter(l, &h, bytes, index_bytes);
        helper_end(l, &h);
    }
    LLVMValueRef args[N_SCATTER] = {spill(l, values), base, spill(l, index), as_u64(l, mask_bits(l, mask))};
    LLVMBuildCall2(l->b, h.type, h.fn, args, N_SCATTER, "");
}
