/* emit_subgroup.c - subgroup operations at 32 lanes on any hardware width: the lanes put their values into a workgroup array, and
 * each computes the answer from the 32 of its subgroup, in the order that ops.def fixes. Where the device's own subgroups are such, lanes
 * exchange their values instead; sums are then made pair by pair in the same tree, because the device's own have an order of theirs.
 *
 * All invocations of the workgroup get here together (the checker proves it), so that workgroup barriers are legal. */
#include "codegen/spirv/emit.h"
#include "codegen/spirv/plant.h"

enum { LANES = IR_SUBGROUP_SIZE, EXCHANGE_WORDS = 2 };

static spv_id word(struct spirv *e, uint32_t value)
{
    return spv_const_u32(&e->m, value);
}

static spv_id slot_pointer(struct spirv *e, spv_id invocation, uint32_t half)
{
    spv_id type = spv_type_pointer(&e->m, SpvStorageClassWorkgroup, spv_type_uint(&e->m, 32));
    spv_id at = spirv_u32(e, SpvOpIMul, invocation, word(e, EXCHANGE_WORDS));
    return SPV_OP(&e->m, SpvOpAccessChain, type, e->exchange, half ? spirv_u32(e, SpvOpIAdd, at, word(e, half)) : at);
}

static bool is_wide(enum ir_scalar s)
{
    return ir_scalar_infos[s].mem_bytes == 8;
}

/* Every invocation's value becomes visible to the workgroup. */
static void publish(struct spirv *e, enum ir_scalar s, spv_id value)
{
    spv_id bits = spirv_to_memory(e, s, value);
    spv_id low = is_wide(s) ? spirv_half(e, bits, 0) : bits;
    spirv_barrier(e); /* the last use of the array is over */
    SPV_DO(&e->m, SpvOpStore, slot_pointer(e, e->linear_lid, 0), low);
    if (is_wide(s))
        SPV_DO(&e->m, SpvOpStore, slot_pointer(e, e->linear_lid, 1), spirv_half(e, bits, PLANT(SUBGROUP_HALF, 1, 0)));
    spirv_barrier(e);
}

static spv_id read_slot(struct spirv *e, enum ir_scalar s, spv_id invocation)
{
    spv_id type = spv_type_uint(&e->m, 32), low = SPV_OP(&e->m, SpvOpLoad, type, slot_pointer(e, invocation, 0));
    if (!is_wide(s)) return spirv_from_memory(e, s, low);
    spv_id high = SPV_OP(&e->m, SpvOpLoad, type, slot_pointer(e, invocation, 1));
    return spirv_from_memory(e, s, spirv_join(e, low, high));
}

/* -- the device's own subgroups */

static spv_id exchange_word(struct spirv *e, spv_id bits, spv_id lane)
{
    spv_id scope = word(e, SpvScopeSubgroup);
    spv_capability(&e->m, SpvCapabilityGroupNonUniformShuffle);
    return SPV_OP(&e->m, SpvOpGroupNonUniformShuffle, spv_type_uint(&e->m, 32), scope, bits, lane);
}

/* Drivers need not bring the lanes together again behind a branch before something asks for it. */
static void converge(struct spirv *e)
{
    spv_id scope = word(e, SpvScopeSubgroup);
    spv_capability(&e->m, SpvCapabilityGroupNonUniform);
    SPV_DO(&e->m, SpvOpControlBarrier, scope, scope, word(e, SpvMemorySemanticsMaskNone));
}

/* The lane's value. */
static spv_id exchange(struct spirv *e, enum ir_scalar s, spv_id value, spv_id lane)
{
    spv_id bits = spirv_to_memory(e, s, value);
    if (!is_wide(s)) return spirv_from_memory(e, s, exchange_word(e, bits, lane));
    spv_id low = exchange_word(e, spirv_half(e, bits, 0), lane);
    return spirv_from_memory(e, s, spirv_join(e, low, exchange_word(e, spirv_half(e, bits, 1), lane)));
}

static spv_id native_ballot(struct spirv *e, spv_id condition)
{
    struct spv_module *m = &e->m;
    spv_id type = spv_type_uint(m, 32), vector = SPV_TYPE(m, SpvOpTypeVector, type, 4);
    spv_capability(m, SpvCapabilityGroupNonUniformBallot);
    spv_id bits = SPV_OP(m, SpvOpGroupNonUniformBallot, vector, word(e, SpvScopeSubgroup), condition);
    return SPV_OP(m, SpvOpCompositeExtract, type, bits, 0);
}

static uint32_t workgroup_invocations(const struct spirv *e)
{
    const uint32_t *size = e->program->workgroup;
    return size[0] * size[1] * size[2];
}

static spv_id lane_of(struct spirv *e)
{
    return spirv_u32(e, SpvOpBitwiseAnd, e->linear_lid, word(e, LANES - 1));
}

/* What the lane with this number published; `missing` where the workgroup has no such invocation. */
static spv_id read_lane(struct spirv *e, enum ir_scalar s, spv_id lane, spv_id missing)
{
    spv_id first = spirv_u32(e, SpvOpISub, e->linear_lid, lane_of(e));
    spv_id invocation = PLANT(SUBGROUP_FIRST, spirv_u32(e, SpvOpIAdd, first, lane), lane);
    spv_id value = read_slot(e, s, invocation);
    if (workgroup_invocations(e) % LANES == 0) return value;
    spv_id exists = spirv_test(e, SpvOpULessThan, invocation, word(e, workgroup_invocations(e)));
    return spirv_select(e, spirv_reg_type(e, s), exists, value, missing);
}

/* A trapped lane publishes what does not count. */
static spv_id value_if_alive(struct spirv *e, enum ir_scalar s, spv_id value, spv_id missing)
{
    if (!e->alive) return value;
    spv_id alive = SPV_OP(&e->m, SpvOpLoad, spv_type_bool(&e->m), e->alive);
    return spirv_select(e, spirv_reg_type(e, s), alive, value, missing);
}

/* The lane's value; each has put up its own. */
static spv_id fetch(struct spirv *e, enum ir_scalar s, spv_id value, spv_id lane, spv_id missing)
{
    if (e->options->has_subgroups) return exchange(e, s, value, lane);
    publish(e, s, value);
    return read_lane(e, s, lane, missing);
}

static spv_id ballot(struct spirv *e, spv_id condition)
{
    spv_id no = spv_const_bool(&e->m, false), bits = word(e, 0), mine = value_if_alive(e, IR_BOOL, condition, no);
    if (e->options->has_subgroups) return native_ballot(e, mine);
    publish(e, IR_BOOL, mine);
    for (uint32_t k = 0; k < LANES; k++) {
        spv_id set = read_lane(e, IR_BOOL, word(e, k), no);
        spv_id bit = spirv_select(e, spv_type_uint(&e->m, 32), set, word(e, 1u << k), word(e, 0));
        bits = spirv_u32(e, SpvOpBitwiseOr, bits, bit);
    }
    return bits;
}

static spv_id shuffle(struct spirv *e, enum ir_scalar s, spv_id value, spv_id lane)
{
    spv_id zero = spirv_const(e, s, 0);
    return fetch(e, s, value_if_alive(e, s, value, zero), spirv_u32(e, SpvOpBitwiseAnd, lane, word(e, LANES - 1)),
                 zero);
}

/* The tree below, in every lane: what lane k joins with lane k + d, lane k + d joins with lane k, and all steps commute. */
static spv_id native_reduce(struct spirv *e, enum ir_op op, enum ir_scalar s, spv_id value)
{
    for (uint32_t d = LANES / 2; d; d /= 2) {
        spv_id other = spirv_u32(e, SpvOpBitwiseXor, lane_of(e), word(e, d));
        value = spirv_part_of(e, op, s, (spv_id[]){value, exchange(e, s, value, other)});
    }
    return value;
}

/* The tree: lane k with lane k + 16, then 8, 4, 2, 1. */
static spv_id reduce(struct spirv *e, enum ir_op op, enum ir_scalar s, spv_id value)
{
    spv_id missing = spirv_const(e, s, ir_reduce_identity(op, s)), lanes[LANES];
    value = value_if_alive(e, s, value, missing);
    if (e->options->has_subgroups) return native_reduce(e, op, s, value);
    publish(e, s, value);
    for (uint32_t k = 0; k < LANES; k++)
        lanes[k] = read_lane(e, s, word(e, k), missing);
    for (uint32_t d = LANES / 2; d; d /= 2)
        for (uint32_t k = 0; k < d; k++)
            lanes[k] = spirv_part_of(
                e, op, s,
                (spv_id[]){lanes[PLANT(SUBGROUP_TREE, k, 2 * k)], lanes[PLANT(SUBGROUP_TREE, k + d, 2 * k + 1)]});
    return lanes[0];
}

/* Hillis and Steele: after the step with distance d each lane has the sum of itself and 2d - 1 before it. */
static spv_id scan(struct spirv *e, enum ir_op op, enum ir_scalar s, spv_id value)
{
    spv_id missing = spirv_const(e, s, ir_reduce_identity(op, s)), lane = lane_of(e);
    value = value_if_alive(e, s, value, missing);
    for (uint32_t d = 1; d < LANES; d *= 2) {
        spv_id has = spirv_test(e, SpvOpUGreaterThanEqual, lane, word(e, d));
        spv_id from = spirv_select(e, spv_type_uint(&e->m, 32), has, spirv_u32(e, SpvOpISub, lane, word(e, d)), lane);
        spv_id sum = spirv_part_of(e, op, s, (spv_id[]){fetch(e, s, value, from, missing), value});
        value = spirv_select(e, spirv_reg_type(e, s), has, sum, value);
    }
    return value;
}

spv_value spirv_subgroup(struct spirv *e, const struct ir_expr *x)
{
    enum ir_scalar s = x->args[0]->type.scalar;
    spv_value value = spirv_expr(e, x->args[0]), result = {{0}};
    spv_id lane = x->op == IR_OP_SHUFFLE ? spirv_scalar(e, x->args[1]) : 0;
    if (e->options->has_subgroups) converge(e);
    for (uint32_t c = 0; c < x->type.lanes; c++) {
        switch (x->op) {
        case IR_OP_BALLOT:
            result.at[c] = ballot(e, value.at[c]);
            break;
        case IR_OP_SHUFFLE:
            result.at[c] = shuffle(e, s, value.at[c], lane);
            break;
        case IR_OP_SCAN_ADD:
            result.at[c] = scan(e, x->op, s, value.at[c]);
            break;
        default:
            result.at[c] = reduce(e, x->op, s, value.at[c]);
        }
    }
    return result;
}
