/* leave.c - how a group of lanes is left to the function that runs invocations one by one (cpu_lower_singles).
 *
 * A group in which not all lanes do the same, or that reaches past the end of an array, is rare where invocations are in one row: the
 * first and the last. As long as it has done nothing that another could see it may begin again elsewhere, so that its level needs
 * neither masks nor loads of a part of a window. What is asked before it goes on is asked at once:
 *
 *   if gid.x < len(out) {                 lane0 < limit(out), limit(a), limit(b), each without what its lanes reach further
 *     out[gid.x] = a[gid.x] ^ b[gid.x];
 *   }
 */
#include "codegen/llvm/lower.h"

LLVMValueRef bounds_below(struct lower *l, const struct value *first, LLVMValueRef count, uint64_t span)
{
    LLVMTypeRef i64 = type_int(l, 64);
    struct bounds b = {0};
    bool has_root = first->scale == 1 && first->offset >= 0 && !LLVMIsNull(first->at[0]);
    LLVMValueRef low = has_root ? first->at[0] : value_base(l, first);
    LLVMValueRef args[2] = {count, const_int(l, 64, has_root ? span + (uint64_t)first->offset : span)};
    b.limit = LLVMIsNull(args[1]) ? count : build_call(l, "llvm.usub.sat", i64, args, 2);
    b.below = LLVMBuildICmp(l->b, LLVMIntULT, LLVMBuildZExt(l->b, low, i64, ""), b.limit, "");
    if (has_root) b.root = low;
    l->bounds = b;
    return b.below;
}

bool leave_allowed(const struct lower *l)
{
    return l->leave && l->untouched && !l->exec && !l->loop && l->scope == 0;
}

void leave_unless(struct lower *l, LLVMValueRef all, LLVMBasicBlockRef inside, LLVMBasicBlockRef otherwise)
{
    l->check = (struct leave_check){.inside = inside};
    if (l->bounds.below == all)
        l->check.bounds = l->bounds;
    else
        l->check.rest = all;
    block_branch_likely(l, all, inside, otherwise);
    l->check.branch = LLVMGetLastInstruction(LLVMGetInsertBlock(l->b));
}

/* Two comparisons of one number are one with the lesser limit, which loops do not compute again. */
static void add_bounds(struct lower *l, struct leave_check *c, struct bounds more)
{
    struct bounds *have = &c->bounds;
    if (!have->below) {
        *have = more;
    } else if (have->root && have->root == more.root) {
        LLVMTypeRef i64 = type_int(l, 64);
        LLVMValueRef limits[2] = {have->limit, more.limit};
        have->limit = build_call(l, "llvm.umin", i64, limits, 2);
        have->below = LLVMBuildICmp(l->b, LLVMIntULT, LLVMBuildZExt(l->b, have->root, i64, ""), have->limit, "");
    } else {
        c->rest = c->rest ? LLVMBuildAnd(l->b, c->rest, more.below, "") : more.below;
    }
}

/* Nothing but arithmetic happened since the last check, and what `first` is made from was known before it. */
static bool may_join(struct lower *l, const struct value *first)
{
    LLVMBasicBlockRef here = LLVMGetInsertBlock(l->b);
    return l->check.branch && l->check.inside == here &&
           !(LLVMIsAInstruction(first->at[0]) && LLVMGetInstructionParent(first->at[0]) == here);
}

void leave_unless_below(struct lower *l, const struct value *first, LLVMValueRef count, uint64_t span)
{
    if (!may_join(l, first)) {
        LLVMBasicBlockRef inside = block_new(l, "inside");
        leave_unless(l, bounds_below(l, first, count, span), inside, l->leave);
        block_enter(l, inside);
        return;
    }
    struct leave_check *c = &l->check;
    LLVMPositionBuilderBefore(l->b, c->branch);
    bounds_below(l, first, count, span);
    add_bounds(l, c, l->bounds);
    LLVMSetCondition(c->branch, c->rest ? LLVMBuildAnd(l->b, c->rest, c->bounds.below, "") : c->bounds.below);
    LLVMPositionBuilderAtEnd(l->b, c->inside);
}
