/* emit_math.c - the transcendental functions of ir/op_math.h. */
#include "codegen/spirv/algebra.h"

#include "ir/op_math.h"

spv_id spirv_math(struct spirv *e, enum ir_op op, spv_id x)
{
    switch (op) {
    case IR_OP_EXP:
        return math_exp(e, x);
    case IR_OP_EXP2:
        return math_exp2(e, x);
    case IR_OP_LOG:
        return math_log(e, x);
    case IR_OP_LOG2:
        return math_log2(e, x);
    case IR_OP_SIN:
        return math_sin(e, x);
    case IR_OP_COS:
        return math_cos(e, x);
    case IR_OP_TAN:
        return math_tan(e, x);
    case IR_OP_ASIN:
        return math_asin(e, x);
    case IR_OP_ACOS:
        return math_acos(e, x);
    case IR_OP_ATAN:
        return math_atan(e, x);
    case IR_OP_SINH:
        return math_sinh(e, x);
    case IR_OP_COSH:
        return math_cosh(e, x);
    case IR_OP_TANH:
        return math_tanh(e, x);
    default:
        bug("%s is not a transcendental function", ir_op_infos[op].name);
    }
}
