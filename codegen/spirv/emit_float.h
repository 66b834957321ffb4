/* emit_float.h - float operations and conversions on registers. Private to codegen/spirv/. */
#ifndef VYREC_SPIRV_EMIT_FLOAT_H
#define VYREC_SPIRV_EMIT_FLOAT_H

#include "codegen/spirv/emit_int.h"

/* One instruction that must not be contracted or regrouped, then rounded to f16 or bf16 where `s` is one. */
spv_id spirv_float_op(struct spirv *e, enum ir_scalar s, SpvOp op, spv_id a, spv_id b);
spirv_part spirv_float_neg, spirv_float_div, spirv_float_fma, spirv_float_sqrt, spirv_float_rsqrt, spirv_float_recip,
    spirv_float_min, spirv_float_max, spirv_float_abs, spirv_float_sign;
spv_id spirv_float_glsl(struct spirv *e, enum ir_scalar s, enum GLSLstd450 op, spv_id a);
/* The three that a device may not do exactly: native where its specialisation constant says so, else our own function. */
spv_id spirv_exact(struct spirv *e, enum spirv_exact which, const spv_id *args, uint32_t n);
spv_id spirv_cast(struct spirv *e, enum ir_scalar from, enum ir_scalar to, spv_id a);

#endif
