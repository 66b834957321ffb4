/* emit_pair.h - 64-bit integers where the device has none: vectors of two words, the lower one first, as they lie in memory. Private to
 * codegen/spirv/. */
#ifndef VYREC_SPIRV_EMIT_PAIR_H
#define VYREC_SPIRV_EMIT_PAIR_H

#include "codegen/spirv/emit.h"

/* What the instruction would do to 64-bit registers: arithmetic, bitwise, shifts by a word below 64. Divisors are not 0. */
spv_id spirv_pair_op(struct spirv *e, SpvOp op, spv_id a, spv_id b);
spv_id spirv_pair_test(struct spirv *e, SpvOp op, spv_id a, spv_id b);
spv_id spirv_pair_select(struct spirv *e, spv_id c, spv_id a, spv_id b);
/* To the float register of `to`, f64 or a type that f32 holds, rounded once. */
spv_id spirv_pair_to_float(struct spirv *e, enum ir_scalar to, bool is_signed, spv_id a);
/* Toward zero; the value is in range. */
spv_id spirv_pair_from_float(struct spirv *e, enum ir_scalar from, bool is_signed, spv_id a);

#endif
