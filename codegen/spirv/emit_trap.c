/* emit_trap.c - the record of the lowest trapping invocation: the greatest of all ~invocation per code, or of all
 * `~invocation << 32 | code` where codes are many or computed; zeroed by the
 * runtime, and for each arm that the program stands for. One atomic, and no lock: that would be a loop
 * that lanes leave one by one, which not every driver compiles correctly around an atomic. */
#include "codegen/spirv/emit.h"
#include "codegen/spirv/plant.h"

static spv_id widen(struct spirv *e, spv_id v)
{
    return SPV_OP(&e->m, SpvOpUConvert, spv_type_uint(&e->m, 64), v);
}

static void record_any(struct spirv *e, spv_id code, uint32_t arm, spv_id invocation)
{
    struct spv_module *m = &e->m;
    spv_id wide = spv_type_uint(m, 64), zero = spv_const_u32(m, 0);
    spv_id inverse = SPV_OP(m, SpvOpNot, spv_type_uint(m, 32), invocation);
    spv_id upper = SPV_OP(m, SpvOpShiftLeftLogical, wide, widen(e, inverse), spv_const_u32(m, 32));
    spv_id key = SPV_OP(m, SpvOpBitwiseOr, wide, upper, widen(e, code));
    spv_id type = spv_type_pointer(m, SpvStorageClassStorageBuffer, wide);
    spv_id at = SPV_OP(m, SpvOpAccessChain, type, e->trap_record, zero, spv_const_u32(m, arm));
    SPV_OP(m, SpvOpAtomicUMax, wide, at, spv_const_u32(m, SpvScopeDevice), zero, key);
    spv_capability(m, SpvCapabilityInt64Atomics);
    e->interface->uses_int64_atomics = true;
}

static void record_known(struct spirv *e, uint32_t code, uint32_t arm, spv_id invocation)
{
    struct spv_module *m = &e->m;
    spv_id word = spv_type_uint(m, 32), zero = spv_const_u32(m, 0);
    const struct spirv_trap_code *codes = e->interface->trap_codes.at;
    uint32_t which = 0;
    while (codes[which].code != code || codes[which].arm != arm)
        which++;
    spv_id type = spv_type_pointer(m, SpvStorageClassStorageBuffer, word);
    spv_id at = SPV_OP(m, SpvOpAccessChain, type, e->trap_record, zero, spv_const_u32(m, which));
    spv_id key = SPV_OP(m, SpvOpNot, word, invocation);
    SPV_OP(m, SpvOpAtomicUMax, word, at, spv_const_u32(m, SpvScopeDevice), zero, key);
}

static void record(struct spirv *e, const struct ir_expr *code, spv_id value, const struct ir_told *told)
{
    spv_id invocation = told->invocation ? spirv_scalar(e, told->invocation) : e->linear_gid;
    if (e->interface->trap_codes.n)
        record_known(e, code ? (uint32_t)code->bits : 1, told->arm, invocation);
    else
        record_any(e, value, told->arm, invocation);
}

void spirv_tell(struct spirv *e, const struct ir_expr *code, const struct ir_told *told)
{
    spv_id value = code ? spirv_scalar(e, code) : spv_const_u32(&e->m, 1), merge = 0;
    if (e->alive) merge = spirv_if_begin(e, SPV_OP(&e->m, SpvOpLoad, spv_type_bool(&e->m), e->alive));
    record(e, code, value, told);
    if (e->alive) spirv_if_end(e, merge);
}

void spirv_trap(struct spirv *e, const struct ir_expr *code, const struct ir_told *told)
{
    spv_id value = code ? spirv_scalar(e, code) : spv_const_u32(&e->m, 1);
    if (!e->alive) {
        record(e, code, value, told);
        spirv_return(e);
        return;
    }
    spv_id alive = SPV_OP(&e->m, SpvOpLoad, spv_type_bool(&e->m), e->alive);
    spv_id merge = spirv_if_begin(e, alive);
    record(e, code, value, told);
    SPV_DO(&e->m, SpvOpStore, e->alive, spv_const_bool(&e->m, false));
    spirv_if_end(e, merge);
}

/* -- rounds of loops, counted ------------------------------------------------------------------------------------ */

void spirv_count_round(struct spirv *e)
{
    if (PLANT(ROUND_COUNT, !e->visits, true)) return;
    spv_id n = SPV_OP(&e->m, SpvOpLoad, spv_type_uint(&e->m, 32), e->visits);
    SPV_DO(&e->m, SpvOpStore, e->visits, spirv_u32(e, SpvOpIAdd, n, spv_const_u32(&e->m, 1)));
}

/* The count only grows, whatever a device does to the loops: once is enough, at the end. */
static void tell_rounds(struct spirv *e)
{
    struct spv_module *m = &e->m;
    spv_id word = spv_type_uint(m, 32), type = spv_type_pointer(m, SpvStorageClassStorageBuffer, word);
    spv_id n = SPV_OP(m, SpvOpLoad, word, e->visits);
    spv_id merge = spirv_if_begin(e, spirv_test(e, SpvOpUGreaterThan, n, e->max_visits));
    spv_id at = SPV_OP(m, SpvOpAccessChain, type, e->trap_record, spv_const_u32(m, 1));
    SPV_DO(m, SpvOpStore, at, spv_const_u32(m, 1));
    spirv_if_end(e, merge);
}

void spirv_return(struct spirv *e)
{
    if (e->visits) tell_rounds(e);
    spv_do(&e->m, SpvOpReturn);
    e->block_ended = true;
}
