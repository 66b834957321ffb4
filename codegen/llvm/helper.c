/* helper.c - functions that the kernels of a level share: rare or long sequences that would bloat each place that needs them. Internal, made
 * when first asked for, named for what they take. */
#include <string.h>

#include "codegen/llvm/lower.h"

/* -- making one ---------------------------------------------------------------------------------------------------- */

static void add_attribute(struct lower *l, LLVMValueRef fn, const char *name)
{
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    LLVMAddAttributeAtIndex(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(l->context, kind, 0));
}

bool helper_begin(struct lower *l, struct helper *h, const char *name, LLVMTypeRef result, LLVMTypeRef *params, uint32_t n_params)
{
    h->type = LLVMFunctionType(result, params, n_params, false);
    h->fn = LLVMGetNamedFunction(l->module, name);
    if (h->fn)
        return false;
    h->outer_block = LLVMGetInsertBlock(l->b);
    h->outer_fn = l->fn;
    h->outer_allocas = l->allocas;
    h->outer_place = LLVMGetCurrentDebugLocation2(l->b);
    l->fn = h->fn = LLVMAddFunction(l->module, name, h->type);
    LLVMSetLinkage(h->fn, LLVMInternalLinkage);
    LLVMSetSection(h->fn, arena_printf(l->arena, ".text.%s", name));
    function_set_features(l, h->fn);
    add_attribute(l, h->fn, "noinline");
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

static const char *type_text(LLVMTypeRef t)
{
    if (type_is_vector(t))
        t = LLVMGetElementType(t);
    switch (LLVMGetTypeKind(t)) {
    case LLVMFloatTypeKind: return "f32";
    case LLVMDoubleTypeKind: return "f64";
    default: return type_bits(t) == 8 ? "8" : type_bits(t) == 16 ? "16" : type_bits(t) == 32 ? "32" : "64";
    }
}

static LLVMValueRef argument(struct helper *h, uint32_t k) { return LLVMGetParam(h->fn, k); }

LLVMValueRef helper_zeros(struct lower *l)
{
    static const char name[] = "vyre.zeros";
    LLVMValueRef zeros = LLVMGetNamedGlobal(l->module, name);
    if (zeros)
        return zeros;
    LLVMTypeRef type = LLVMArrayType2(type_int(l, 8), 64);
    zeros = LLVMAddGlobal(l->module, type, name);
    LLVMSetInitializer(zeros, LLVMConstNull(type));
    LLVMSetLinkage(zeros, LLVMInternalLinkage);
    LLVMSetGlobalConstant(zeros, true);
    LLVMSetAlignment(zeros, 64);
    return zeros;
}

/* -- a counted loop in a helper --------------------------------------------------------------------------------------- */

struct counted {
    LLVMBasicBlockRef head, exit;
    LLVMValueRef slot, i;
};

static struct counted begin_counted(struct lower *l, uint32_t n)
{
    LLVMTypeRef i32 = type_int(l, 32);
    struct counted c = {.head = block_new(l, "each"), .exit = block_new(l, "done"), .slot = build_alloca(l, i32, "i")};
    LLVMBasicBlockRef body = block_new(l, "one");
    build_store(l, LLVMConstNull(i32), c.slot, 4);
    block_enter(l, c.head);
    c.i = build_load(l, i32, c.slot, 4);
    block_branch(l, LLVMBuildICmp(l->b, LLVMIntULT, c.i, const_int(l, 32, n), ""), body, c.exit);
    block_enter(l, body);
    return c;
}

static void end_counted(struct lower *l, struct counted *c)
{
    build_store(l, LLVMBuildAdd(l->b, c->i, const_int(l, 32, 1), ""), c->slot, 4);
    block_jump(l, c->head);
    block_enter(l, c->exit);
}

/* -- loads near the end of an array ------------------------------------------------------------------------------------ */

/* for (i = 0; i < n; i++) if (first + i < count) out[i] = base[first + i]; the rest stays zero. An element is `lanes` scalars. */
static void fill_load_partial(struct lower *l, struct helper *h, LLVMTypeRef elem, uint32_t n, uint32_t lanes)
{
    LLVMTypeRef i64 = type_int(l, 64), vector = LLVMVectorType(elem, n * lanes), whole = LLVMArrayType2(elem, lanes);
    LLVMValueRef out = build_alloca(l, vector, "out");
    build_store(l, LLVMConstNull(vector), out, type_bits(elem) / 8);
    struct counted each = begin_counted(l, n);
    LLVMValueRef index = LLVMBuildZExt(l->b, LLVMBuildAdd(l->b, argument(h, 2), each.i, ""), i64, "");
    LLVMBasicBlockRef yes = block_new(l, "inside"), next = block_new(l, "next");
    block_branch(l, LLVMBuildICmp(l->b, LLVMIntULT, index, argument(h, 1), ""), yes, next);
    block_enter(l, yes);
    LLVMValueRef v = build_load(l, whole, build_element(l, whole, argument(h, 0), index), type_bits(elem) / 8);
    build_store(l, v, build_element(l, whole, out, LLVMBuildZExt(l->b, each.i, i64, "")), type_bits(elem) / 8);
    block_enter(l, next);
    end_counted(l, &each);
    LLVMBuildRet(l->b, build_load(l, vector, out, type_bits(elem) / 8));
}

LLVMValueRef helper_load_partial(struct lower *l, LLVMTypeRef elem, uint32_t lanes, LLVMValueRef base, LLVMValueRef count,
                                 LLVMValueRef first, uint32_t n)
{
    struct helper h;
    LLVMTypeRef params[3] = {type_ptr(l), type_int(l, 64), type_int(l, 32)};
    const char *name = arena_printf(l->arena, "vyre.load_partial.%s.%ux%u.%s", type_text(elem), n, lanes, l->features->cpu);
    if (helper_begin(l, &h, name, LLVMVectorType(elem, n * lanes), params, 3)) {
        add_attribute(l, h.fn, "cold");
        fill_load_partial(l, &h, elem, n, lanes);
        helper_end(l, &h);
    }
    LLVMValueRef args[3] = {base, count, first};
    return LLVMBuildCall2(l->b, h.type, h.fn, args, 3, "");
}

/* -- scattered stores --------------------------------------------------------------------------------------------------- */

/* for (m = mask; m; m &= m - 1) { k = ctz(m); base[index[k]] = values[k]; } */
static void fill_store_lanes(struct lower *l, struct helper *h)
{
    LLVMTypeRef values = LLVMTypeOf(argument(h, 0)), indices = LLVMTypeOf(argument(h, 2)), bits = LLVMTypeOf(argument(h, 3));
    LLVMTypeRef elem = LLVMGetElementType(values), i64 = type_int(l, 64);
    LLVMValueRef left = build_alloca(l, bits, "left"), value_slot = build_alloca(l, values, "values"),
                 index_slot = build_alloca(l, indices, "indices");
    LLVMBuildStore(l->b, argument(h, 0), value_slot);
    LLVMBuildStore(l->b, argument(h, 2), index_slot);
    LLVMBuildStore(l->b, argument(h, 3), left);
    LLVMBasicBlockRef head = block_new(l, "each"), body = block_new(l, "one"), exit = block_new(l, "done");
    block_enter(l, head);
    LLVMValueRef m = LLVMBuildLoad2(l->b, bits, left, "");
    block_branch(l, LLVMBuildICmp(l->b, LLVMIntNE, m, LLVMConstNull(bits), ""), body, exit);
    block_enter(l, body);
    LLVMValueRef args[2] = {m, const_int(l, 1, 1)};
    LLVMValueRef k = value_resize(l, build_call(l, "llvm.cttz", bits, args, 2), i64, false);
    LLVMValueRef index = build_load(l, LLVMGetElementType(indices), build_element(l, LLVMGetElementType(indices), index_slot, k),
                                    type_bits(indices) / 8);
    LLVMValueRef v = build_load(l, elem, build_element(l, elem, value_slot, k), type_bits(elem) / 8);
    build_store(l, v, build_element(l, elem, argument(h, 1), value_resize(l, index, i64, false)), type_bits(elem) / 8);
    LLVMValueRef less = LLVMBuildSub(l->b, m, LLVMConstInt(bits, 1, false), "");
    LLVMBuildStore(l->b, LLVMBuildAnd(l->b, m, less, ""), left);
    block_jump(l, head);
    block_enter(l, exit);
    LLVMBuildRetVoid(l->b);
}

void helper_store_lanes(struct lower *l, LLVMValueRef values, LLVMValueRef base, LLVMValueRef index, LLVMValueRef mask)
{
    struct helper h;
    LLVMValueRef args[4] = {values, base, index, mask_bits(l, mask)};
    LLVMTypeRef params[4];
    for (uint32_t i = 0; i < 4; i++)
        params[i] = LLVMTypeOf(args[i]);
    const char *name = arena_printf(l->arena, "vyre.store_lanes.%s.%u.%u.%s", type_text(params[0]), type_bits(params[2]), l->width,
                                    l->features->cpu);
    if (helper_begin(l, &h, name, LLVMVoidTypeInContext(l->context), params, 4)) {
        fill_store_lanes(l, &h);
        helper_end(l, &h);
    }
    LLVMBuildCall2(l->b, h.type, h.fn, args, 4, "");
}
