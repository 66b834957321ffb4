/* emit_stmt.c - statements, as structured control flow: each selection and loop declares its merge block before it
 * branches. Locals are variables of the function; the optimizer and the driver make values of them.
 *
 * After a trap an invocation must still take part in barriers, where there are any. It then goes on as it would have,
 * uniform control flow included, but changes no memory any more (`alive` is false). Without barriers it just returns.
 */
#include "codegen/spirv/emit_int.h"
#include "codegen/spirv/plant.h"
#include "ir/facts.h"

static spv_id word(struct spirv *e, uint32_t value)
{
    return spv_const_u32(&e->m, value);
}

/* Leaves the current block. What follows in it, if anything, cannot be reached. */
static void jump(struct spirv *e, spv_id to)
{
    if (!e->block_ended) spv_branch(&e->m, to);
    e->block_ended = true;
}

static void enter(struct spirv *e, spv_id label)
{
    spv_label(&e->m, label);
    e->block_ended = false;
}

spv_id spirv_if_begin(struct spirv *e, spv_id c)
{
    spv_id then = spv_new_id(&e->m), merge = spv_new_id(&e->m);
    SPV_DO(&e->m, SpvOpSelectionMerge, merge, SpvSelectionControlMaskNone);
    SPV_DO(&e->m, SpvOpBranchConditional, c, then, merge);
    enter(e, then);
    return merge;
}

void spirv_if_end(struct spirv *e, spv_id merge)
{
    jump(e, merge);
    enter(e, merge);
}

static void store_local(struct spirv *e, const struct ir_local *local, spv_value value)
{
    for (uint32_t c = 0; c < local->type.lanes; c++)
        SPV_DO(&e->m, SpvOpStore, e->locals[local->index].at[c], value.at[c]);
}

static void lower_LET(struct spirv *e, const struct ir_stmt *s)
{
    store_local(e, s->let.local, spirv_expr(e, s->let.value));
}

/* A driver may make a choice of two assignments. */
static void lower_ASSIGN(struct spirv *e, const struct ir_stmt *s)
{
    const struct ir_local *local = s->let.local;
    spv_value value = spirv_expr(e, s->let.value);
    for (uint32_t c = 0; c < local->type.lanes; c++)
        value.at[c] = spirv_hide(e, local->type.scalar, value.at[c]);
    store_local(e, local, value);
}

#define lower_VAR lower_ASSIGN

static void lower_STORE(struct spirv *e, const struct ir_stmt *s)
{
    spv_id index = spirv_scalar(e, s->store.index);
    spirv_store(e, s->store.buffer, index, spirv_expr(e, s->store.value), s->store.in_bounds);
}

static void lower_IF(struct spirv *e, const struct ir_stmt *s)
{
    spv_id c = spirv_scalar(e, s->if_.cond), merge = spv_new_id(&e->m), then = spv_new_id(&e->m);
    spv_id otherwise = s->if_.has_else ? spv_new_id(&e->m) : merge;
    SPV_DO(&e->m, SpvOpSelectionMerge, merge, SpvSelectionControlMaskNone);
    SPV_DO(&e->m, SpvOpBranchConditional, c, then, otherwise);
    enter(e, then);
    spirv_block(e, &s->if_.then_block);
    jump(e, merge);
    if (s->if_.has_else) {
        enter(e, otherwise);
        spirv_block(e, &s->if_.else_block);
        jump(e, merge);
    }
    enter(e, merge);
}

/* -- loops: header, test, body, next, merge. In code for large launches test, body and next have copies, each behind the one before, so
 * that a device that counts rounds counts fewer. */

struct loop_labels {
    spv_id header, test, next, merge;
};

static struct loop_labels begin_loop(struct spirv *e)
{
    struct loop_labels l = {spv_new_id(&e->m), spv_new_id(&e->m), spv_new_id(&e->m), spv_new_id(&e->m)};
    jump(e, l.header);
    enter(e, l.header);
    SPV_DO(&e->m, SpvOpLoopMerge, l.merge, l.next, SpvLoopControlMaskNone);
    jump(e, l.test);
    enter(e, l.test);
    spirv_count_round(e);
    return l;
}

/* The code under `body`, up to where the next round is prepared; the last copy's is the loop's continue target. */
static void run_body(struct spirv *e, const struct loop_labels *l, const struct ir_block *body, bool is_last)
{
    struct spirv_loop targets = {l->merge, l->next};
    spv_id next = is_last ? l->next : spv_new_id(&e->m);
    vec_push(e->arena, &e->loops, targets);
    spirv_block(e, body);
    jump(e, next);
    e->loops.n--;
    enter(e, next);
}

static void end_loop(struct spirv *e, const struct loop_labels *l)
{
    jump(e, l->header);
    enter(e, l->merge);
}

static uint32_t count_copies(const struct spirv *e, const struct ir_stmt *s)
{
    return e->options->is_large ? ir_loop_copies(s) : 1;
}

/* Goes on where the condition holds, and else leaves the loop. */
static void leave_unless(struct spirv *e, const struct loop_labels *l, spv_id c)
{
    spv_id body = spv_new_id(&e->m);
    SPV_DO(&e->m, SpvOpBranchConditional, c, body, l->merge);
    enter(e, body);
}

/* The next value is taken only where it is below the end without wrapping: otherwise the variable becomes the end
 * itself. */
static void lower_FOR(struct spirv *e, const struct ir_stmt *s)
{
    enum ir_scalar t = s->for_.local->type.scalar;
    spv_id type = spirv_reg_type(e, t), i = e->locals[s->for_.local->index].at[0];
    spv_id from = spirv_scalar(e, s->for_.from), to = spirv_scalar(e, s->for_.to),
           step = spirv_int_const(e, t, s->for_.step);
    SPV_DO(&e->m, SpvOpStore, i, from);
    struct loop_labels l = begin_loop(e);
    uint32_t n_copies = count_copies(e, s);
    for (uint32_t n = n_copies; n; n--) {
        spv_id below = spirv_int_test(e, t, spirv_is_signed(t) ? SpvOpSLessThan : SpvOpULessThan,
                                      SPV_OP(&e->m, SpvOpLoad, type, i), to);
        if (PLANT(COPY_TEST, true, n == n_copies)) leave_unless(e, &l, below);
        run_body(e, &l, &s->for_.body, n == 1);
        spv_id now = SPV_OP(&e->m, SpvOpLoad, type, i), rest = spirv_int_raw(e, t, SpvOpISub, to, now);
        spv_id is_last = spirv_int_test(e, t, SpvOpULessThanEqual, rest, step);
        spv_id following = spirv_int_raw(e, t, SpvOpIAdd, now, step);
        SPV_DO(&e->m, SpvOpStore, i, spirv_select(e, type, is_last, to, following));
    }
    end_loop(e, &l);
}

/* Counts the round that begins, or traps where it is one too many. */
static void count_round(struct spirv *e, const struct loop_labels *l, spv_id rounds, spv_id max,
                        const struct ir_told *told)
{
    spv_id out_of_rounds = spv_new_id(&e->m), count_merge = spv_new_id(&e->m);
    spv_id n = SPV_OP(&e->m, SpvOpLoad, spv_type_uint(&e->m, 32), rounds);
    spv_id has_rounds = spirv_test(e, SpvOpULessThan, n, max);
    SPV_DO(&e->m, SpvOpSelectionMerge, count_merge, SpvSelectionControlMaskNone);
    SPV_DO(&e->m, SpvOpBranchConditional, has_rounds, count_merge, out_of_rounds);
    enter(e, out_of_rounds);
    (told->goes_on ? spirv_tell : spirv_trap)(e, NULL, told);
    jump(e, l->merge);
    enter(e, count_merge);
    SPV_DO(&e->m, SpvOpStore, rounds, spirv_u32(e, SpvOpIAdd, n, word(e, 1)));
}

static void lower_WHILE(struct spirv *e, const struct ir_stmt *s)
{
    spv_id rounds = spv_variable(&e->m, SpvStorageClassFunction, spv_type_uint(&e->m, 32));
    spv_id max = spirv_scalar(e, s->while_.max);
    SPV_DO(&e->m, SpvOpStore, rounds, word(e, 0));
    struct loop_labels l = begin_loop(e);
    uint32_t n_copies = count_copies(e, s);
    for (uint32_t n = n_copies; n; n--) {
        if (PLANT(COPY_WHILE, true, n == n_copies)) leave_unless(e, &l, spirv_scalar(e, s->while_.cond));
        count_round(e, &l, rounds, max, &s->while_.told);
        run_body(e, &l, &s->while_.body, n == 1);
    }
    end_loop(e, &l);
}

static void lower_BREAK(struct spirv *e, const struct ir_stmt *s)
{
    (void)s;
    jump(e, e->loops.at[e->loops.n - 1].merge);
}

static void lower_CONTINUE(struct spirv *e, const struct ir_stmt *s)
{
    (void)s;
    jump(e, e->loops.at[e->loops.n - 1].next);
}

static void lower_RETURN(struct spirv *e, const struct ir_stmt *s)
{
    (void)s;
    spirv_return(e);
}

static void lower_BLOCK(struct spirv *e, const struct ir_stmt *s)
{
    spirv_block(e, &s->scope.body);
}

#define lower_REGION lower_BLOCK

static void lower_BARRIER(struct spirv *e, const struct ir_stmt *s)
{
    (void)s;
    spirv_barrier(e);
}

#define lower_ATOMIC spirv_atomic

/* -- copies are done at once */

/* base + k, or an index that is out of bounds everywhere when that passes 32 bits. */
static spv_id offset_index(struct spirv *e, spv_id base, spv_id k)
{
    spv_id sum = spirv_u32(e, SpvOpIAdd, base, k);
    spv_id wrapped = spirv_test(e, SpvOpULessThan, sum, base);
    return spirv_select(e, spv_type_uint(&e->m, 32), wrapped, word(e, UINT32_MAX), sum);
}

static void lower_COPY_ASYNC(struct spirv *e, const struct ir_stmt *s)
{
    spv_id type = spv_type_uint(&e->m, 32), at = spv_variable(&e->m, SpvStorageClassFunction, type);
    spv_id to = spirv_scalar(e, s->copy.dst_index), from = spirv_scalar(e, s->copy.src_index);
    spv_id n = spirv_scalar(e, s->copy.count);
    SPV_DO(&e->m, SpvOpStore, at, word(e, 0));
    struct loop_labels l = begin_loop(e);
    spv_id k = SPV_OP(&e->m, SpvOpLoad, type, at);
    leave_unless(e, &l, spirv_test(e, SpvOpULessThan, k, n));
    spirv_copy_element(e, s->copy.dst, offset_index(e, to, k), s->copy.src, offset_index(e, from, k));
    jump(e, l.next);
    enter(e, l.next);
    SPV_DO(&e->m, SpvOpStore, at, spirv_u32(e, SpvOpIAdd, k, word(e, 1)));
    end_loop(e, &l);
}

static void lower_WAIT(struct spirv *e, const struct ir_stmt *s)
{
    (void)e, (void)s;
}

static void lower_TRAP(struct spirv *e, const struct ir_stmt *s)
{
    spirv_trap(e, s->trap.code, &s->trap.told);
}

static void lower_TELL(struct spirv *e, const struct ir_stmt *s)
{
    spirv_tell(e, s->trap.code, &s->trap.told);
}

static void refuse(struct spirv *e, const struct ir_stmt *s)
{
    (void)e;
    bug("statement '%s' in the body of a program for SPIR-V", ir_stmt_infos[s->kind].name);
}

#define lower_GRID_BARRIER refuse /* programs are cut there first */
#define lower_ARM refuse
#define lower_HOST refuse
#define lower_COLLECTIVE refuse

static void (*const handlers[IR_STMT_COUNT])(struct spirv *e, const struct ir_stmt *s) = {
#define STMT(NAME, text, traits, help) [IR_STMT_##NAME] = lower_##NAME,
#include "ir/stmts.def"
};

void spirv_block(struct spirv *e, const struct ir_block *b)
{
    IR_EACH_STMT(s, b)
    {
        if (e->block_ended) return;
        spirv_debug_place(e, s->range);
        handlers[s->kind](e, s);
    }
}
