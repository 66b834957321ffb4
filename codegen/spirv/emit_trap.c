/* emit_trap.c - the record of the lowest trapping invocation: struct vyre_trap_record of spirv.h, zeroed by the runtime. */
#include "codegen/spirv/emit.h"

enum { RECORD_LOCK, RECORD_TRAPPED, RECORD_CODE, RECORD_LOW, RECORD_HIGH };

static spv_id word(struct spirv *e, uint32_t value)
{
    return spv_const_u32(&e->m, value);
}

static spv_id field(struct spirv *e, uint32_t which)
{
    spv_id type = spv_type_pointer(&e->m, SpvStorageClassStorageBuffer, spv_type_uint(&e->m, 32));
    return SPV_OP(&e->m, SpvOpAccessChain, type, e->trap_record, word(e, 0), word(e, which));
}

/* Fields are read and written by atomics, so that what the holder of the lock before us wrote is seen without further ado. */
static spv_id read_field(struct spirv *e, uint32_t which)
{
    return SPV_OP(&e->m, SpvOpAtomicLoad, spv_type_uint(&e->m, 32), field(e, which), word(e, SpvScopeDevice), word(e, 0));
}

static void write_field(struct spirv *e, uint32_t which, spv_id value)
{
    SPV_DO(&e->m, SpvOpAtomicStore, field(e, which), word(e, SpvScopeDevice), word(e, 0), value);
}

static spv_id is_lowest(struct spirv *e)
{
    spv_id low = read_field(e, RECORD_LOW), high = read_field(e, RECORD_HIGH);
    spv_id first = spirv_test(e, SpvOpIEqual, read_field(e, RECORD_TRAPPED), word(e, 0));
    spv_id below = spirv_test(e, SpvOpULessThan, e->linear_gid_high, high);
    spv_id same = spirv_test(e, SpvOpIEqual, e->linear_gid_high, high);
    spv_id low_below = spirv_test(e, SpvOpULessThan, e->linear_gid_low, low);
    spv_id lower = spirv_test(e, SpvOpLogicalOr, below, spirv_test(e, SpvOpLogicalAnd, same, low_below));
    return spirv_test(e, SpvOpLogicalOr, first, lower);
}

static void write_record(struct spirv *e, spv_id code)
{
    spv_id merge = spirv_if_begin(e, is_lowest(e));
    write_field(e, RECORD_TRAPPED, word(e, 1));
    write_field(e, RECORD_CODE, code);
    write_field(e, RECORD_LOW, e->linear_gid_low);
    write_field(e, RECORD_HIGH, e->linear_gid_high);
    spirv_if_end(e, merge);
}

/* do { if (lock taken) { ...; release; done } } while (!done): lanes of one subgroup get their turn one after the other, because none
 * waits inside the branch. */
static void record(struct spirv *e, spv_id code)
{
    struct spv_module *m = &e->m;
    spv_id boolean = spv_type_bool(m), done = spv_variable(m, SpvStorageClassFunction, boolean);
    spv_id header = spv_new_id(m), body = spv_new_id(m), next = spv_new_id(m), merge = spv_new_id(m);
    uint32_t memory = SpvMemorySemanticsUniformMemoryMask;
    spv_id device = word(e, SpvScopeDevice), acquire = word(e, SpvMemorySemanticsAcquireMask | memory);
    SPV_DO(m, SpvOpStore, done, spv_const_bool(m, false));
    spv_branch(m, header);
    spv_label(m, header);
    SPV_DO(m, SpvOpLoopMerge, merge, next, SpvLoopControlMaskNone);
    spv_branch(m, body);
    spv_label(m, body);
    spv_id old = SPV_OP(m, SpvOpAtomicCompareExchange, spv_type_uint(m, 32), field(e, RECORD_LOCK), device, acquire, acquire,
                        word(e, 1), word(e, 0));
    spv_id taken = spirv_if_begin(e, spirv_test(e, SpvOpIEqual, old, word(e, 0)));
    write_record(e, code);
    SPV_DO(m, SpvOpAtomicStore, field(e, RECORD_LOCK), device, word(e, SpvMemorySemanticsReleaseMask | memory), word(e, 0));
    SPV_DO(m, SpvOpStore, done, spv_const_bool(m, true));
    spirv_if_end(e, taken);
    spv_branch(m, next);
    spv_label(m, next);
    SPV_DO(m, SpvOpBranchConditional, SPV_OP(m, SpvOpLoad, boolean, done), merge, header);
    spv_label(m, merge);
}

void spirv_trap(struct spirv *e, spv_id code)
{
    if (!e->alive) {
        record(e, code);
        spv_do(&e->m, SpvOpReturn);
        e->block_ended = true;
        return;
    }
    spv_id alive = SPV_OP(&e->m, SpvOpLoad, spv_type_bool(&e->m), e->alive);
    spv_id merge = spirv_if_begin(e, alive);
    record(e, code);
    SPV_DO(&e->m, SpvOpStore, e->alive, spv_const_bool(&e->m, false));
    spirv_if_end(e, merge);
}
