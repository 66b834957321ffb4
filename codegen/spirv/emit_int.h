/* emit_int.h - integer operations on registers, one function per row of ops.def that has integers. Private to codegen/spirv/.
 * Each takes registers in the range of `s` and gives one in that range. */
#ifndef VYREC_SPIRV_EMIT_INT_H
#define VYREC_SPIRV_EMIT_INT_H

#include "codegen/spirv/emit.h"

typedef spv_id spirv_part(struct spirv *e, enum ir_scalar s, const spv_id *a);

static inline bool spirv_is_signed(enum ir_scalar s)
{
    return ir_scalar_infos[s].kind == IR_KIND_SINT;
}
static inline bool spirv_is_float(enum ir_scalar s)
{
    return ir_scalar_infos[s].kind == IR_KIND_FLOAT;
}
static inline bool spirv_is_wide(enum ir_scalar s)
{
    return !spirv_is_float(s) && ir_scalar_infos[s].bits == 64;
}

spv_id spirv_int_op(struct spirv *e, enum ir_scalar s, SpvOp op, spv_id a, spv_id b); /* then wrapped */
/* Instructions on whole registers, also where these are pairs; shift amounts are words. */
spv_id spirv_int_raw(struct spirv *e, enum ir_scalar s, SpvOp op, spv_id a, spv_id b);
spv_id spirv_int_test(struct spirv *e, enum ir_scalar s, SpvOp op, spv_id a, spv_id b);
spv_id spirv_int_const(struct spirv *e, enum ir_scalar s, uint64_t value); /* of the register's width, not wrapped */
spirv_part spirv_int_div, spirv_int_rem, spirv_int_shl, spirv_int_shr, spirv_int_min, spirv_int_max, spirv_int_abs,
    spirv_int_abs_diff, spirv_int_sat_add, spirv_int_sat_sub, spirv_int_sat_mul, spirv_int_mul_hi, spirv_int_rotl,
    spirv_int_rotr, spirv_int_popcount, spirv_int_clz, spirv_int_ctz, spirv_int_reverse_bits, spirv_int_extract_bits,
    spirv_int_insert_bits, spirv_int_sign;

#endif
