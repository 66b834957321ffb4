/* check.c - the rules of the language that show on the IR: control flow, synchronisation, geometry. The other families
 * are in check_expr.c, check_memory.c, check_atomic.c and check_pipeline.c. Linear, times the nesting. */
#include "ir/check.h"
#include "ir/limits.h"
#include "ir/verify.h"

/* -- control flow ------------------------------------------------------------------------------------------- */

static void check_reached(struct checker *c, const struct ir_stmt *s, const struct ir_uniformity *u)
{
    if (ir_stmt_is_uniform(u, s)) return;
    const char *all = u->of_grid ? "grid" : "workgroup";
    struct diag *d = diag_report(c->diags, DIAG_BARRIER_DIVERGENT, s->range, all, ir_stmt_infos[s->kind].text);
    diag_add_note(c->diags, d, ir_divergence_cause(u, s), "the invocations of a %s may part here", all);
}

/* All of a workgroup run out of the rounds of a loop with barriers at once: nobody could say whose other invocation comes first. */
static void check_loops_around(struct checker *c, const struct ir_stmt *barrier)
{
    for (const struct ir_stmt *s = barrier->parent->owner; s; s = s->parent->owner)
        if (s->kind == IR_STMT_WHILE && s->while_.told.invocation)
            diag_report(c->diags, DIAG_TOLD_IN_PHASES, s->while_.told.invocation->range);
}

static void check_grid_barrier(struct checker *c, const struct ir_stmt *s)
{
    if (s->parent != &c->program->body) diag_report(c->diags, DIAG_GRID_BARRIER_NESTED, s->range);
    if (!c->grid_uniformity.arena) ir_grid_uniformity_compute(&c->grid_uniformity, c->arena, c->program);
    check_reached(c, s, &c->grid_uniformity);
}

static bool check_block(struct checker *c, const struct ir_block *b, bool in_loop);

static bool check_if(struct checker *c, struct ir_stmt *s, bool in_loop)
{
    bool then_ends = check_block(c, &s->if_.then_block, in_loop);
    bool else_ends = check_block(c, &s->if_.else_block, in_loop);
    return then_ends || else_ends;
}

/* Whether control can come out at the end of the statement. */
static bool check_stmt(struct checker *c, struct ir_stmt *s, bool in_loop)
{
    check_stmt_exprs(c, s);
    check_access(c, s);
    switch (s->kind) {
    case IR_STMT_IF:
        return check_if(c, s, in_loop);
    case IR_STMT_FOR:
        check_block(c, &s->for_.body, true);
        return true;
    case IR_STMT_WHILE:
        check_block(c, &s->while_.body, true);
        return true;
    case IR_STMT_BLOCK:
    case IR_STMT_REGION:
        return check_block(c, &s->scope.body, in_loop);
    case IR_STMT_BARRIER:
        check_reached(c, s, &c->uniformity);
        check_loops_around(c, s);
        return true;
    case IR_STMT_GRID_BARRIER:
        check_grid_barrier(c, s);
        return true;
    case IR_STMT_BREAK:
    case IR_STMT_CONTINUE:
        if (!in_loop) diag_report(c->diags, DIAG_JUMP_OUTSIDE_LOOP, s->range, ir_stmt_infos[s->kind].text);
        return false;
    default:
        return !(ir_stmt_infos[s->kind].traits & IR_STMT_TRAIT_JUMP);
    }
}

static bool check_block(struct checker *c, const struct ir_block *b, bool in_loop)
{
    bool ends = true;
    IR_EACH_STMT(s, b)
    {
        bool goes_on = check_stmt(c, s, in_loop);
        if (ends && !goes_on && s->next) {
            struct diag *d = diag_report(c->diags, DIAG_UNREACHABLE, s->next->range);
            diag_add_note(c->diags, d, s->range, "nothing gets past this");
        }
        ends = ends && goes_on;
    }
    return ends;
}

/* -- geometry ----------------------------------------------------------------------------------------------- */

static void check_workgroup(struct checker *c)
{
    const struct ir_program *p = c->program;
    struct src_range at = p->workgroup_range.end ? p->workgroup_range : p->range;
    uint64_t size = 1;
    bool too_large = false;
    for (uint32_t i = 0; i < 3; i++) {
        if (p->workgroup[i] == 0) diag_report(c->diags, DIAG_WORKGROUP_ZERO, at, "xyz"[i]);
        too_large = __builtin_mul_overflow(size, (uint64_t)p->workgroup[i], &size) || too_large;
    }
    if (too_large || size > IR_LIMIT_WORKGROUP_INVOCATIONS)
        diag_report(c->diags, DIAG_WORKGROUP_TOO_LARGE, at, p->workgroup[0], p->workgroup[1], p->workgroup[2],
                    IR_LIMIT_WORKGROUP_INVOCATIONS);
}

static void check_program(struct checker *c, const struct ir_program *p)
{
    c->program = p;
    ir_uniformity_compute(&c->uniformity, c->arena, p);
    check_workgroup(c);
    for (uint32_t i = 0; i < p->n_dispatch; i++)
        check_host_expr(c, p->dispatch[i]);
    check_declarations(c);
    check_block(c, &p->body, false);
    check_atomic_phases(c);
}

static void check_item(const struct ir_item *item, struct memory *mem, struct diags *d)
{
    struct arena scratch;
    struct checker c = {.diags = d, .arena = &scratch};
    arena_init(&scratch, mem);
    if (item->kind == IR_ITEM_PROGRAM) check_program(&c, item->program);
    if (item->kind == IR_ITEM_PIPELINE) check_pipeline(&c, item->pipeline);
    arena_release(&scratch);
}

bool ir_check_module(const struct ir_module *m, struct diags *d)
{
    uint32_t n_errors = d->n_errors;
    for (uint32_t i = 0; i < m->items.n; i++)
        check_item(&m->items.at[i], m->arena->mem, d);
    return d->n_errors == n_errors;
}
