/* control.c - where lanes part: conditions, loops, jumps.
 *
 * What the lanes share is a branch. Otherwise each side runs under a mask, skipped when no lane takes it; a loop goes on until no lane
 * is left. A jump that only some lanes take is recorded in masks: `ended` of the group, `broken` and `continued` of the loop. After a
 * statement in which that happened the running lanes are what they were, less those.
 *
 * A condition such as gid.x < n holds for all lanes of almost every group: such an `if`, and `if gid.x >= n { return; }`, gets a second body for
 * full groups, without masks. */
#include "codegen/llvm/lower.h"
#include "ir/traps.h"

/* -- which lanes still run ------------------------------------------------------------------------------------------------- */

struct mark {
    LLVMValueRef exec;
    uint32_t n_ends, n_breaks, n_continues;
};

static struct mark mark_now(struct lower *l)
{
    return (struct mark){l->exec, l->n_ends, l->loop ? l->loop->n_breaks : 0, l->loop ? l->loop->n_continues : 0};
}

static LLVMValueRef load_mask(struct lower *l, LLVMValueRef slot)
{
    return LLVMBuildLoad2(l->b, mask_type(l), slot, "");
}

/* Running lanes after a statement: those before it, less those that jumped. */
static void refresh(struct lower *l, const struct mark *before)
{
    l->exec = before->exec;
    if (block_is_closed(l) || l->at_workgroup) return; /* each phase knows which lanes are still there */
    if (l->n_ends != before->n_ends) l->exec = mask_and_not(l, l->exec, load_mask(l, l->ended));
    if (l->loop && l->loop->n_breaks != before->n_breaks)
        l->exec = mask_and_not(l, l->exec, load_mask(l, l->loop->broken));
    if (l->loop && l->loop->n_continues != before->n_continues)
        l->exec = mask_and_not(l, l->exec, load_mask(l, l->loop->continued));
    if (l->n_ends != before->n_ends && l->scope == 0 && !l->loop) { /* nobody comes back */
        LLVMBasicBlockRef on = block_new(l, "on");
        block_branch(l, mask_any(l, l->exec), on, l->end);
        block_enter(l, on);
    }
}

static LLVMValueRef running(struct lower *l)
{
    return l->exec ? l->exec : mask_full(l);
}

static void add_to_mask(struct lower *l, LLVMValueRef slot)
{
    LLVMBuildStore(l->b, LLVMBuildOr(l->b, load_mask(l, slot), running(l), ""), slot);
}

/* -- jumps ------------------------------------------------------------------------------------------------------------------ */

/* In scope 0 the lanes that do not run never will again: when the rest ends too, the group is done. */
void control_end_lanes(struct lower *l)
{
    if (l->ended && !l->at_workgroup) add_to_mask(l, l->ended);
    if (l->width == 1 || l->scope == 0)
        block_jump(l, l->end);
    else
        l->n_ends++;
}

void control_break(struct lower *l)
{
    if (l->loop->masked) {
        add_to_mask(l, l->loop->broken);
        l->loop->n_breaks++;
    } else {
        block_jump(l, l->loop->break_to);
    }
}

void control_continue(struct lower *l)
{
    if (l->loop->masked) {
        add_to_mask(l, l->loop->continued);
        l->loop->n_continues++;
    } else {
        block_jump(l, l->loop->continue_to);
    }
}

static LLVMValueRef value_of_lane(struct lower *l, const struct value *v, LLVMValueRef lane)
{
    if (value_is_uniform(v)) return v->at[0];
    struct value wide = value_widen(l, *v);
    return LLVMBuildExtractElement(l->b, wide.at[0], lane, "");
}

/* Of the lanes that trap, the one whose invocation is the lowest, in *lane. */
static LLVMValueRef find_lowest(struct lower *l, const struct value *told, LLVMValueRef *lane)
{
    if (l->width == 1 || value_is_uniform(told)) return told->at[0];
    LLVMValueRef numbers = value_widen(l, *told).at[0], all = LLVMConstAllOnes(LLVMTypeOf(numbers));
    LLVMValueRef traps = l->exec ? LLVMBuildSelect(l->b, l->exec, numbers, all, "") : numbers;
    LLVMValueRef lowest = build_call(l, "llvm.vector.reduce.umin", LLVMTypeOf(numbers), &traps, 1);
    LLVMValueRef is_lowest = LLVMBuildICmp(l->b, LLVMIntEQ, numbers, value_splat(l, lowest), "");
    *lane = mask_first_lane(l, l->exec ? mask_and(l, l->exec, is_lowest) : is_lowest);
    return lowest;
}

/* Lanes stand for the launch's invocations in ascending order, so the first one's is the lowest. */
static LLVMValueRef choose_trap(struct lower *l, const struct ir_told *told, LLVMValueRef *lane)
{
    *lane = mask_first_lane(l, l->exec);
    if (!told->invocation) return l->target->invocation(l, *lane);
    struct value v = expr_lower(l, told->invocation);
    LLVMValueRef number = find_lowest(l, &v, lane);
    return l->target->is_device ? number : LLVMBuildZExt(l->b, number, type_int(l, 64), "");
}

void control_tell(struct lower *l, const struct value *code, const struct ir_told *told)
{
    LLVMBasicBlockRef report = block_new(l, "trap"), done = block_new(l, "trapped");
    l->untouched = false;
    if (l->exec) /* lanes may have ended since the last branch */
        block_branch(l, mask_any(l, l->exec), report, done);
    block_enter(l, report);
    LLVMValueRef lane, invocation = choose_trap(l, told, &lane);
    l->target->report_trap(l, invocation, value_of_lane(l, code, lane), told->arm);
    block_enter(l, done);
}

void control_trap(struct lower *l, const struct value *code, const struct ir_told *told)
{
    control_tell(l, code, told);
    control_end_lanes(l);
}

/* -- conditions that whole groups share ------------------------------------------------------------------------------------------ */

static bool is_linear_index(struct lower *l, const struct ir_expr *e)
{
    struct shape shape = shape_of_expr(&l->shapes, e);
    return !shape.varying && shape.stride > 0 && ir_type_equal(e->type, IR_TYPE(U32));
}

/* a < b or, with or_equal, a <= b, for all lanes, where one side is linear and the other uniform; sufficient, not necessary. */
static LLVMValueRef all_below(struct lower *l, const struct ir_expr *a, const struct ir_expr *b, bool or_equal)
{
    bool a_moves = is_linear_index(l, a), b_moves = is_linear_index(l, b);
    const struct ir_expr *still = a_moves ? b : a;
    if (a_moves == b_moves || !shape_is_uniform(shape_of_expr(&l->shapes, still))) return NULL;
    LLVMTypeRef i64 = type_int(l, 64);
    struct value x = expr_lower(l, a), y = expr_lower(l, b);
    int64_t stride = a_moves ? x.shape.stride : y.shape.stride;
    uint64_t span = (uint64_t)stride * (l->width - 1);
    LLVMValueRef high = LLVMBuildZExt(l->b, value_base(l, &y), i64, "");
    if (a_moves) /* the last lane is the greatest; past 2^32 it is above any limit */
        return bounds_below(l, &x, or_equal ? LLVMBuildAdd(l->b, high, const_int(l, 64, 1), "") : high, span);
    LLVMValueRef low = LLVMBuildZExt(l->b, value_base(l, &x), i64, "");
    if (span > UINT32_MAX) return NULL;
    LLVMValueRef no_wrap = LLVMBuildICmp(l->b, LLVMIntULE, high, const_int(l, 64, UINT32_MAX - span), "");
    return LLVMBuildAnd(l->b, LLVMBuildICmp(l->b, or_equal ? LLVMIntULE : LLVMIntULT, low, high, ""), no_wrap, "");
}

static LLVMValueRef all_lanes(struct lower *l, const struct ir_expr *e, bool wanted);

static LLVMValueRef all_of_both(struct lower *l, const struct ir_expr *e, bool wanted)
{
    LLVMValueRef a = all_lanes(l, e->args[0], wanted), b = a ? all_lanes(l, e->args[1], wanted) : NULL;
    return b ? LLVMBuildAnd(l->b, a, b, "") : NULL;
}

static LLVMValueRef all_of_uniform(struct lower *l, const struct ir_expr *e, bool wanted)
{
    LLVMValueRef v = expr_lower_uniform(l, e);
    return wanted ? v : LLVMBuildNot(l->b, v, "");
}

/* An i1 that is true only when the condition is `wanted` in all lanes; NULL for conditions of which that is not to be expected. */
static LLVMValueRef all_lanes(struct lower *l, const struct ir_expr *e, bool wanted)
{
    if (shape_is_uniform(shape_of_expr(&l->shapes, e))) return all_of_uniform(l, e, wanted);
    switch (e->op) {
    case IR_OP_LT:
        return wanted ? all_below(l, e->args[0], e->args[1], false) : all_below(l, e->args[1], e->args[0], true);
    case IR_OP_LE:
        return wanted ? all_below(l, e->args[0], e->args[1], true) : all_below(l, e->args[1], e->args[0], false);
    case IR_OP_GT:
        return wanted ? all_below(l, e->args[1], e->args[0], false) : all_below(l, e->args[0], e->args[1], true);
    case IR_OP_GE:
        return wanted ? all_below(l, e->args[1], e->args[0], true) : all_below(l, e->args[0], e->args[1], false);
    case IR_OP_LAND:
        return wanted ? all_of_both(l, e, true) : NULL;
    case IR_OP_LOR:
        return wanted ? NULL : all_of_both(l, e, false);
    case IR_OP_LNOT:
        return all_lanes(l, e->args[0], !wanted);
    default:
        return NULL;
    }
}

/* An i1 that is true only when the condition holds in no lane, or NULL. */
static LLVMValueRef no_lanes(struct lower *l, const struct ir_expr *e)
{
    if (e->op != IR_OP_LAND || shape_is_uniform(shape_of_expr(&l->shapes, e))) return all_lanes(l, e, false);
    LLVMValueRef a = no_lanes(l, e->args[0]), b = no_lanes(l, e->args[1]);
    return a && b ? LLVMBuildOr(l->b, a, b, "") : a ? a : b;
}

/* Groups with nothing to do, as behind the end of a row, are told by a comparison or two, without making a mask. */
static void skip_idle_group(struct lower *l, const struct ir_expr *cond, LLVMBasicBlockRef done)
{
    LLVMValueRef none = no_lanes(l, cond);
    if (!none) return;
    LLVMBasicBlockRef some = block_new(l, "some");
    block_branch(l, none, done, some);
    block_enter(l, some);
}

/* Where `cond` is not `wanted` in all lanes: to `none` if it is in no lane, else the group is left. */
static void leave_or(struct lower *l, const struct ir_expr *cond, bool wanted, LLVMBasicBlockRef none)
{
    LLVMValueRef others = all_lanes(l, cond, !wanted);
    if (!others) {
        LLVMValueRef mask = value_widen(l, expr_lower(l, cond)).at[0];
        others = LLVMBuildNot(l->b, mask_any(l, wanted ? mask : LLVMBuildNot(l->b, mask, "")), "");
    }
    block_branch(l, others, none, l->leave);
}

/* -- if ------------------------------------------------------------------------------------------------------------------------ */

enum { MAX_TINY = 3, MAX_COPIES = 3 };

/* Not worth a branch around it: a few assignments. Nothing in it may need a running lane. */
static bool is_tiny(const struct ir_block *block)
{
    uint32_t n = 0;
    IR_EACH_STMT(s, block)
    if ((s->kind != IR_STMT_ASSIGN && s->kind != IR_STMT_LET) || s->let.value->depth > 3 || ++n > MAX_TINY)
        return false;
    return true;
}

static void lower_masked(struct lower *l, struct ir_block *block, LLVMValueRef mask)
{
    uint32_t scope = l->scope;
    LLVMBasicBlockRef body = block_new(l, "some"), done = block_new(l, "joined");
    if (is_tiny(block))
        block_enter(l, body);
    else
        block_branch(l, mask_any(l, mask), body, done);
    if (!is_tiny(block)) block_enter(l, body);
    l->scope = ++l->n_scopes;
    l->exec = mask;
    stmt_lower_block(l, block);
    l->scope = scope;
    block_enter(l, done);
}

static void lower_both_masked(struct lower *l, struct ir_stmt *s, const struct value *cond)
{
    LLVMValueRef exec = l->exec, mask = cond->at[0];
    lower_masked(l, &s->if_.then_block, mask_and(l, exec, mask));
    if (s->if_.has_else) lower_masked(l, &s->if_.else_block, mask_and_not(l, exec, mask));
}

static void lower_branches(struct lower *l, struct ir_stmt *s, LLVMValueRef cond)
{
    LLVMValueRef exec = l->exec;
    LLVMBasicBlockRef yes = block_new(l, "then"), no = block_new(l, "else"), done = block_new(l, "fi");
    block_branch(l, cond, yes, s->if_.has_else ? no : done);
    block_enter(l, yes);
    stmt_lower_block(l, &s->if_.then_block);
    block_jump(l, done);
    if (s->if_.has_else) {
        l->exec = exec;
        LLVMPositionBuilderAtEnd(l->b, no);
        LLVMMoveBasicBlockAfter(no, LLVMGetLastBasicBlock(l->fn));
        stmt_lower_block(l, &s->if_.else_block);
        block_jump(l, done);
    } else {
        LLVMDeleteBasicBlock(no);
    }
    LLVMMoveBasicBlockAfter(done, LLVMGetLastBasicBlock(l->fn));
    LLVMPositionBuilderAtEnd(l->b, done);
}

static bool may_specialize(struct lower *l)
{
    return l->width > 1 && !l->exec && l->optimize && l->n_copies < MAX_COPIES;
}

/* Two bodies: for groups in which the condition holds everywhere, and for the others. */
static bool lower_specialized(struct lower *l, struct ir_stmt *s)
{
    if (!may_specialize(l)) return false;
    LLVMValueRef all = all_lanes(l, s->if_.cond, true);
    if (!all) return false;
    bool may_leave = leave_allowed(l) && !s->if_.has_else;
    l->n_copies++;
    LLVMBasicBlockRef full = block_new(l, "full"), part = block_new(l, "part"), done = block_new(l, "fi");
    leave_unless(l, all, full, part);
    block_enter(l, full);
    stmt_lower_block(l, &s->if_.then_block);
    block_jump(l, done);
    l->exec = NULL;
    LLVMPositionBuilderAtEnd(l->b, part);
    uint32_t n_copies = l->n_copies, n_windows = l->windows.n;
    l->n_copies = MAX_COPIES; /* the tail is rare: once is enough */
    if (may_leave) {
        leave_or(l, s->if_.cond, true, done);
    } else {
        if (!s->if_.has_else) skip_idle_group(l, s->if_.cond, done);
        struct value cond = value_widen(l, expr_lower(l, s->if_.cond));
        lower_both_masked(l, s, &cond);
    }
    l->n_copies = n_copies;
    l->windows.n = n_windows;
    block_enter(l, done);
    return true;
}

void control_if(struct lower *l, struct ir_stmt *s)
{
    struct mark before = mark_now(l);
    if (l->width == 1 || shape_is_uniform(shape_of_expr(&l->shapes, s->if_.cond))) {
        lower_branches(l, s, expr_lower_uniform(l, s->if_.cond));
    } else if (!lower_specialized(l, s)) {
        struct value cond = value_widen(l, expr_lower(l, s->if_.cond));
        lower_both_masked(l, s, &cond);
    }
    refresh(l, &before);
}

static bool only_returns(const struct ir_block *block)
{
    return block->first && block->first->kind == IR_STMT_RETURN;
}

/* if c { return; } rest - as if !c { rest }, with two copies of the rest. True when it was, and the rest is done. */
bool control_guard(struct lower *l, struct ir_stmt *s, const struct ir_stmt *end)
{
    if (s->kind != IR_STMT_IF || s->if_.has_else || !only_returns(&s->if_.then_block) || s->next == end ||
        !may_specialize(l) || l->scope || l->loop || shape_is_uniform(shape_of_expr(&l->shapes, s->if_.cond)))
        return false;
    debug_place(l, s->range);
    LLVMValueRef none = all_lanes(l, s->if_.cond, false);
    if (!none) return false;
    struct mark before = mark_now(l);
    bool may_leave = leave_allowed(l);
    l->n_copies++;
    LLVMBasicBlockRef full = block_new(l, "full"), part = block_new(l, "part"), done = block_new(l, "guarded");
    leave_unless(l, none, full, part);
    block_enter(l, full);
    stmt_lower_run(l, s->next, end);
    block_jump(l, done);
    l->exec = NULL;
    LLVMPositionBuilderAtEnd(l->b, part);
    uint32_t n_copies = l->n_copies, n_windows = l->windows.n;
    l->n_copies = MAX_COPIES;
    if (may_leave) {
        leave_or(l, s->if_.cond, false, l->end);
    } else {
        stmt_lower(l, s);
        stmt_lower_run(l, s->next, end);
    }
    l->n_copies = n_copies;
    l->windows.n = n_windows;
    block_enter(l, done);
    refresh(l, &before);
    return true;
}

/* Lanes that ended have left a mask behind. Mostly there are none: the rest goes on without masks then, and has a second copy for when there are.
 * True when the rest up to `end` has been lowered. */
bool control_rest(struct lower *l, struct ir_stmt *rest, const struct ir_stmt *end)
{
    if (rest == end || !l->exec || l->scope || l->loop || l->width == 1 || !l->optimize || l->n_copies >= MAX_COPIES ||
        block_is_closed(l))
        return false;
    struct mark before = mark_now(l);
    LLVMBasicBlockRef full = block_new(l, "nobody_ended"), part = block_new(l, "some_ended"),
                      done = block_new(l, "rest_done");
    block_branch_likely(l, mask_is_full(l, before.exec), full, part);
    block_enter(l, full);
    uint32_t n_copies = l->n_copies++, n_windows = l->windows.n;
    l->exec = NULL;
    stmt_lower_run(l, rest, end);
    block_jump(l, done);
    LLVMPositionBuilderAtEnd(l->b, part);
    l->exec = before.exec;
    l->n_copies = MAX_COPIES;
    l->windows.n = n_windows;
    stmt_lower_run(l, rest, end);
    l->n_copies = n_copies + 1;
    block_enter(l, done);
    refresh(l, &before); /* `end` may be that of a block, with more after it */
    return true;
}

/* -- loops ----------------------------------------------------------------------------------------------------------------------- */

struct loop {
    struct loop_scope jumps;
    struct mark before;
    LLVMBasicBlockRef body, latch, exit;
    LLVMValueRef live; /* alloca: lanes still in a masked loop */
    uint32_t scope;    /* outside */
    bool ends;         /* lanes may end inside */
};

static void begin_loop(struct lower *l, struct ir_stmt *s, struct loop *loop)
{
    const struct loop_facts *facts = shape_of_loop(&l->shapes, s);
    *loop = (struct loop){.before = mark_now(l),
                          .body = block_new(l, "body"),
                          .latch = block_new(l, "next"),
                          .exit = block_new(l, "exit")};
    loop->scope = l->scope;
    loop->ends = facts->ends && l->width > 1;
    loop->jumps = (struct loop_scope){.outer = l->loop, .break_to = loop->exit, .continue_to = loop->latch};
    loop->jumps.masked = l->width > 1 && (facts->divergent || facts->ends);
    if (facts->divergent && l->width > 1) l->scope = ++l->n_scopes;
    if (!loop->jumps.masked) return;
    loop->live = build_alloca(l, mask_type(l), "live");
    loop->jumps.broken = build_alloca(l, mask_type(l), "broken");
    loop->jumps.continued = build_alloca(l, mask_type(l), "continued");
    LLVMBuildStore(l->b, LLVMConstNull(mask_type(l)), loop->jumps.broken);
    LLVMBuildStore(l->b, running(l), loop->live);
}

static void lower_body(struct lower *l, struct loop *loop, struct ir_block *body)
{
    if (loop->jumps.masked) {
        LLVMBuildStore(l->b, LLVMConstNull(mask_type(l)), loop->jumps.continued);
        l->exec = load_mask(l, loop->live);
    }
    l->loop = &loop->jumps;
    stmt_lower_block(l, body);
    l->loop = loop->jumps.outer;
    l->exec = loop->before.exec;
    block_enter(l, loop->latch);
}

/* In a masked loop's latch: the lanes that go on, but for the loop's own condition. */
static LLVMValueRef lanes_left(struct lower *l, struct loop *loop)
{
    LLVMValueRef left = mask_and_not(l, load_mask(l, loop->live), load_mask(l, loop->jumps.broken));
    return loop->ends ? mask_and_not(l, left, load_mask(l, l->ended)) : left;
}

static void end_loop(struct lower *l, struct loop *loop)
{
    block_enter(l, loop->exit);
    l->scope = loop->scope;
    refresh(l, &loop->before);
}

/* -- for ------------------------------------------------------------------------------------------------------------------------- */

struct counter {
    const struct ir_local *local;
    struct value to;
    LLVMValueRef slot; /* alloca of the variable, scalar unless it is varying */
    struct value i;    /* in this round */
    uint64_t step;
};

static LLVMValueRef compare_counter(struct lower *l, const struct counter *c, struct value a, struct value b)
{
    if (!value_is_uniform(&a) || !value_is_uniform(&b)) {
        a = value_widen(l, a);
        b = value_widen(l, b);
    }
    return LLVMBuildICmp(l->b, ir_type_is_signed(c->local->type) ? LLVMIntSLT : LLVMIntULT, a.at[0], b.at[0], "");
}

static struct value read_counter(struct lower *l, const struct counter *c, struct shape shape)
{
    LLVMTypeRef type = type_of_slot(l, (enum ir_scalar)c->local->type.scalar, shape);
    return (struct value){.type = c->local->type,
                          .shape = shape,
                          .scale = 1,
                          .at = {LLVMBuildLoad2(l->b, type, c->slot, c->local->name)}};
}

/* Whether there is a next round: to - i > step, without wrapping, because i is below `to`. */
static LLVMValueRef has_next(struct lower *l, const struct counter *c)
{
    struct value i = c->i, to = c->to;
    if (!value_is_uniform(&i) || !value_is_uniform(&to)) {
        i = value_widen(l, i);
        to = value_widen(l, to);
    }
    LLVMTypeRef type = LLVMTypeOf(i.at[0]);
    if (c->step == 1) {
        LLVMValueRef next = LLVMBuildAdd(l->b, i.at[0], const_like(type, 1), "");
        return LLVMBuildICmp(l->b, ir_type_is_signed(c->local->type) ? LLVMIntSLT : LLVMIntULT, next, to.at[0], "");
    }
    LLVMValueRef rest = LLVMBuildSub(l->b, to.at[0], i.at[0], "");
    return LLVMBuildICmp(l->b, LLVMIntUGT, rest, const_like(type, c->step), "");
}

static void advance(struct lower *l, const struct counter *c)
{
    LLVMValueRef i = c->i.at[0];
    LLVMBuildStore(l->b, LLVMBuildAdd(l->b, i, const_like(LLVMTypeOf(i), c->step), ""), c->slot);
}

/* Goes to the body with the lanes that have a round, or out. `more` is an i1 or a mask. */
static void branch_round(struct lower *l, struct loop *loop, LLVMValueRef lanes, LLVMValueRef more)
{
    if (!loop->jumps.masked) {
        block_branch(l, more, loop->body, loop->exit);
    } else if (type_is_vector(LLVMTypeOf(more))) {
        lanes = mask_and(l, lanes, more);
        LLVMBuildStore(l->b, lanes, loop->live);
        block_branch(l, mask_any(l, lanes), loop->body, loop->exit);
    } else {
        LLVMBuildStore(l->b, lanes, loop->live);
        block_branch(l, LLVMBuildAnd(l->b, mask_any(l, lanes), more, ""), loop->body, loop->exit);
    }
}

void control_for(struct lower *l, struct ir_stmt *s)
{
    struct counter c = {.local = s->for_.local, .step = s->for_.step};
    struct value from = expr_lower(l, s->for_.from);
    c.to = expr_lower(l, s->for_.to);
    int64_t bits;
    l->has_counted_loops |= value_is_const(&from, &bits) && value_is_const(&c.to, &bits);
    struct shape shape = l->width == 1 ? SHAPE_UNIFORM : l->shapes.locals[c.local->index];
    if (shape.varying) from = value_widen(l, from);
    c.slot = build_alloca(l, type_of_slot(l, (enum ir_scalar)c.local->type.scalar, shape), c.local->name);
    struct loop loop;
    begin_loop(l, s, &loop);
    LLVMBuildStore(l->b, shape.varying ? from.at[0] : value_base(l, &from), c.slot);
    branch_round(l, &loop, loop.jumps.masked ? running(l) : NULL, compare_counter(l, &c, from, c.to));
    LLVMPositionBuilderAtEnd(l->b, loop.body);
    c.i = read_counter(l, &c, shape);
    local_declare(l, c.local, c.i);
    lower_body(l, &loop, &s->for_.body);
    debug_place(l, s->range);
    LLVMValueRef more = has_next(l, &c), left = loop.jumps.masked ? lanes_left(l, &loop) : NULL;
    advance(l, &c);
    branch_round(l, &loop, left, more);
    end_loop(l, &loop);
}

/* -- while ----------------------------------------------------------------------------------------------------------------------- */

/* The lanes of `mask` (NULL: all that run) have used up their rounds. */
static void trap_too_many_rounds(struct lower *l, const struct ir_stmt *s, LLVMValueRef mask)
{
    LLVMValueRef exec = l->exec;
    struct value code = value_uniform(IR_TYPE(U32), const_int(l, 32, 1));
    if (mask) l->exec = mask;
    (s->while_.told.goes_on ? control_tell : control_trap)(l, &code, &s->while_.told);
    l->exec = exec;
}

static void test_uniform_while(struct lower *l, struct ir_stmt *s, struct loop *loop, LLVMValueRef count,
                               const struct value *max)
{
    if (!ir_while_may_trap(s)) {
        block_branch(l, expr_lower_uniform(l, s->while_.cond), loop->body, loop->exit);
        return;
    }
    LLVMBasicBlockRef again = block_new(l, "again"), too_many = block_new(l, "too_many");
    block_branch(l, expr_lower_uniform(l, s->while_.cond), again, loop->exit);
    block_enter(l, again);
    block_branch_likely(l, LLVMBuildICmp(l->b, LLVMIntULT, count, max->at[0], ""), loop->body, too_many);
    LLVMPositionBuilderAtEnd(l->b, too_many);
    trap_too_many_rounds(l, s, NULL);
    block_jump(l, loop->exit);
}

/* Where all lanes have as many rounds: one comparison tells that nobody has used them up. */
static LLVMValueRef trap_all_over(struct lower *l, const struct ir_stmt *s, LLVMValueRef going, LLVMValueRef count,
                                  const struct value *max)
{
    LLVMBasicBlockRef too_many = block_new(l, "too_many"), checked = block_new(l, "checked");
    LLVMBasicBlockRef some = block_new(l, "some_over"), head = LLVMGetInsertBlock(l->b);
    block_branch_likely(l, LLVMBuildICmp(l->b, LLVMIntULT, count, max->at[0], ""), checked, too_many);
    LLVMPositionBuilderAtEnd(l->b, too_many);
    block_branch(l, mask_any(l, going), some, checked);
    block_enter(l, some);
    trap_too_many_rounds(l, s, going);
    LLVMBasicBlockRef told = LLVMGetInsertBlock(l->b);
    bool comes_back = !block_is_closed(l); /* not where the whole group has ended */
    block_enter(l, checked);
    LLVMValueRef left = LLVMBuildPhi(l->b, mask_type(l), ""), none = LLVMConstNull(mask_type(l));
    LLVMValueRef values[3] = {going, none, none};
    LLVMBasicBlockRef blocks[3] = {head, too_many, told};
    LLVMAddIncoming(left, values, blocks, comes_back ? 3 : 2);
    return left;
}

/* Of the lanes that would go on, those that have used up their rounds trap. */
static LLVMValueRef trap_over(struct lower *l, const struct ir_stmt *s, LLVMValueRef going, LLVMValueRef count,
                              const struct value *max)
{
    LLVMBasicBlockRef too_many = block_new(l, "too_many"), checked = block_new(l, "checked");
    struct value limit = value_widen(l, *max);
    LLVMValueRef over = LLVMBuildICmp(l->b, LLVMIntUGE, value_splat(l, count), limit.at[0], "");
    LLVMValueRef trapped = mask_and(l, going, over);
    block_branch_likely(l, LLVMBuildNot(l->b, mask_any(l, trapped), ""), checked, too_many);
    LLVMPositionBuilderAtEnd(l->b, too_many);
    trap_too_many_rounds(l, s, trapped);
    block_enter(l, checked);
    return mask_and_not(l, going, over);
}

static void test_masked_while(struct lower *l, struct ir_stmt *s, struct loop *loop, LLVMValueRef count,
                              const struct value *max)
{
    l->exec = load_mask(l, loop->live);
    struct value cond = value_widen(l, expr_lower(l, s->while_.cond));
    LLVMValueRef going = mask_and(l, l->exec, cond.at[0]);
    if (ir_while_may_trap(s)) going = (value_is_uniform(max) ? trap_all_over : trap_over)(l, s, going, count, max);
    LLVMBuildStore(l->b, going, loop->live);
    block_branch(l, mask_any(l, going), loop->body, loop->exit);
}

void control_while(struct lower *l, struct ir_stmt *s)
{
    struct value max = expr_lower(l, s->while_.max);
    LLVMTypeRef i32 = type_int(l, 32);
    LLVMValueRef slot = build_alloca(l, i32, "rounds");
    LLVMBuildStore(l->b, LLVMConstNull(i32), slot);
    struct loop loop;
    begin_loop(l, s, &loop);
    LLVMBasicBlockRef head = block_new(l, "while");
    block_enter(l, head);
    uint32_t n_windows = l->windows.n;
    LLVMValueRef count = LLVMBuildLoad2(l->b, i32, slot, "");
    if (loop.jumps.masked)
        test_masked_while(l, s, &loop, count, &max);
    else
        test_uniform_while(l, s, &loop, count, &max);
    LLVMPositionBuilderAtEnd(l->b, loop.body);
    lower_body(l, &loop, &s->while_.body);
    l->windows.n = n_windows; /* those of the condition hold in the body, not after it */
    debug_place(l, s->range);
    LLVMBuildStore(l->b, LLVMBuildAdd(l->b, count, const_int(l, 32, 1), ""), slot);
    if (loop.jumps.masked) LLVMBuildStore(l->b, lanes_left(l, &loop), loop.live);
    block_jump(l, head);
    end_loop(l, &loop);
}
