/* tell_traps.c - traps of fused programs that are told and end nothing, where told.h says that nobody can tell the difference.
 *
 *   if a > 63 { trap(2u32, 0, decode_gid); }   =>   if a > 63 { tell(2u32, 0, decode_gid); }
 *   while literal != 0u32 max 256u32           =>   while literal != 0u32 max 256u32, tell(1u32)
 *
 * In programs with barriers alone: there a processor remembers from phase to phase who has ended, and asks at each store. */
#include "ir/traps.h"
#include "ir/walk.h"
#include "passes/pass.h"
#include "passes/told.h"
#include "passes/trap_arms.h"

struct teller {
    struct pass_run *run;
    struct told_proof *proof;
    VEC(struct ir_stmt *) told;
};

static void look_for_barrier(void *ctx, struct ir_stmt *s)
{
    *(bool *)ctx |= s->kind == IR_STMT_BARRIER;
}

static void look_for_end(void *ctx, struct ir_stmt *s)
{
    *(bool *)ctx |= ir_stmt_may_end(s);
}

static void look_at(void *ctx, struct ir_stmt *s)
{
    struct teller *t = ctx;
    if (!ir_stmt_may_end(s)) return;
    enum told_refusal r = told_check(t->proof, s);
    if (!r) {
        vec_push(t->run->scratch, &t->told, s);
        return;
    }
    struct diag *d = pass_remark_missed(t->run, DIAG_TRAP_ENDS, s->range, told_refusal_why(r));
    diag_add_fix(t->run->diags, d, SRC_NONE, NULL, "%s", told_refusal_edit(r));
    pass_count(t->run, "traps that end invocations", 1);
}

static void go_on(struct pass_run *run, struct ir_stmt *s)
{
    pass_remark_done(run, DIAG_TRAP_TOLD, s->range);
    pass_count(run, "traps that end nothing", 1);
    if (s->kind == IR_STMT_TRAP)
        s->kind = IR_STMT_TELL;
    else
        s->while_.told.goes_on = true;
}

enum pass_result tell_traps(struct pass_run *run, struct ir_program *p)
{
    bool has_barrier = false, ends = false;
    if (!p->internal) return PASS_SKIPPED;
    ir_walk_stmts(&p->body, look_for_barrier, &has_barrier);
    ir_walk_stmts(&p->body, look_for_end, &ends);
    if (!has_barrier || !ends) return PASS_SKIPPED;
    struct teller t = {.run = run, .proof = told_begin(p, run->scratch)};
    ir_walk_stmts(&p->body, look_at, &t);
    for (uint32_t i = 0; i < t.told.n; i++)
        go_on(run, t.told.at[i]);
    return t.told.n ? PASS_CHANGED : PASS_UNCHANGED;
}
