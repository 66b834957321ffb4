/* emit_exact.c - fma, division and square root: a function each, which uses the device's own instruction where the specialisation
 * constant says that it is exact, and ir/op_soft.h where not. Drivers fold the constant when they compile the module. */
#include "codegen/spirv/algebra.h"

#include "ir/op_soft.h"

spv_id spirv_exact_flag(struct spirv *e, enum spirv_exact which)
{
    if (e->exact_flags[which]) return e->exact_flags[which];
    spv_id id = e->exact_flags[which] = spv_new_id(&e->m);
    SPV_PUT(&e->m, &e->m.sections[SPV_GLOBALS], SpvOpSpecConstantFalse, spv_type_bool(&e->m), id);
    SPV_DECORATE(&e->m, id, SpvDecorationSpecId, (uint32_t)which);
    return id;
}

static spv_id native(struct spirv *e, enum spirv_exact which, const spv_id *args)
{
    spv_id type = spv_type_float(&e->m, 32);
    switch (which) {
    case SPIRV_EXACT_FMA:
        return spv_glsl(&e->m, GLSLstd450Fma, type, args, 3);
    case SPIRV_EXACT_DIV:
        return SPV_OP(&e->m, SpvOpFDiv, type, args[0], args[1]);
    case SPIRV_EXACT_SQRT:
        return spv_glsl(&e->m, GLSLstd450Sqrt, type, args, 1);
    case SPIRV_EXACT_ZEROS:
    case SPIRV_EXACT_ORDERS:
    case SPIRV_EXACT_COUNT:
        break;
    }
    bug("no exact operation %d", (int)which);
}

static spv_id soft(struct spirv *e, enum spirv_exact which, const spv_id *args)
{
    switch (which) {
    case SPIRV_EXACT_FMA:
        return math_soft_fma(e, args[0], args[1], args[2]);
    case SPIRV_EXACT_DIV:
        return math_soft_div(e, args[0], args[1]);
    case SPIRV_EXACT_SQRT:
        return math_soft_sqrt(e, args[0]);
    case SPIRV_EXACT_ZEROS:
    case SPIRV_EXACT_ORDERS:
    case SPIRV_EXACT_COUNT:
        break;
    }
    bug("no exact operation %d", (int)which);
}

struct spirv_outer spirv_outer_save(struct spirv *e)
{
    struct spirv_outer outer = {e->m.code, e->m.variables, e->hidden_zero};
    e->hidden_zero = 0; /* is not known there, and such functions have no choice between the constants that it is for */
    return outer;
}

void spirv_outer_restore(struct spirv *e, const struct spirv_outer *outer)
{
    e->m.code = outer->code;
    e->m.variables = outer->variables;
    e->hidden_zero = outer->hidden_zero;
}

static spv_id make_function(struct spirv *e, enum spirv_exact which, uint32_t n)
{
    static const char *const names[] = {"exact_fma", "exact_div", "exact_sqrt"};
    struct spirv_outer outer = spirv_outer_save(e);
    spv_id parameters[3], type = spv_type_float(&e->m, 32);
    spv_id id = spv_function_begin_typed(&e->m, names[which], type, n, parameters);
    spv_id yes = spv_new_id(&e->m), no = spv_new_id(&e->m);
    SPV_DO(&e->m, SpvOpSelectionMerge, no, SpvSelectionControlMaskNone);
    SPV_DO(&e->m, SpvOpBranchConditional, spirv_exact_flag(e, which), yes, no);
    spv_label(&e->m, yes);
    SPV_DO(&e->m, SpvOpReturnValue, native(e, which, parameters));
    spv_label(&e->m, no);
    SPV_DO(&e->m, SpvOpReturnValue, soft(e, which, parameters));
    spv_function_end(&e->m);
    spirv_outer_restore(e, &outer);
    return id;
}

spv_id spirv_exact(struct spirv *e, enum spirv_exact which, const spv_id *args, uint32_t n)
{
    if (!e->exact_functions[which]) e->exact_functions[which] = make_function(e, which, n);
    spv_id operands[4] = {e->exact_functions[which]};
    for (uint32_t i = 0; i < n; i++)
        operands[i + 1] = args[i];
    return spv_op(&e->m, SpvOpFunctionCall, spv_type_float(&e->m, 32), operands, n + 1);
}
