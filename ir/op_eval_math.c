/* op_eval_math.c - the transcendental functions of op_math.h on C floats. f16 and bf16 compute in f32 and round. */
#include "ir/op_eval.h"

#include "ir/op_math_c.h"

#define MATH(name)                                                                                                     \
    uint64_t eval_math_##name(const struct operands *o)                                                                \
    {                                                                                                                  \
        return eval_float_round(o->type, math_##name((float)eval_float_value(o->type, o->a)));                         \
    }
MATH_FUNCTIONS(MATH)
