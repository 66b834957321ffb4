/* bounds.c - see bounds.h. The cheapest proof first: numbers, then the text of conditions, and the relations of access.h for what is made
 * of ids, loops and lengths and neither has told. */
#include "passes/bounds.h"

#include "ir/ops.h"
#include "ir/walk.h"
#include "passes/access.h"
#include "passes/access_form.h"
#include "passes/bounds_guard.h"
#include "passes/plant.h"

enum {
    MAX_OPERATIONS = 20000,     /* of the library, for a program */
    MODULE_OPERATIONS = 400000, /* and for all of them */
    MAX_ACCESSES = 1000,        /* of an array that the library looks at */
};

struct prover {
    struct arena *arena;
    const struct ir_program *program;
    const struct access_facts *facts;
    struct value_ranges ranges;
    struct bounds_guards guards;
    struct map n_accesses; /* of arrays */
    struct map lengths;    /* arrays whose length the body names: something may follow from that */
    bool jumps;            /* there are statements that leave a block */
};

/* -- accesses --------------------------------------------------------------------------------------------------------- */

static struct ir_expr *index_of(const struct access *a)
{
    if (a->kind == ACCESS_LOAD) return a->load ? a->load->args[0] : NULL;
    if (a->kind == ACCESS_ATOMIC) return a->stmt->atomic.index;
    return a->stmt->kind == IR_STMT_STORE ? a->stmt->store.index : NULL;
}

/* The IR is the caller's, who may change it. */
bool *bounds_claim_of(const struct access *a)
{
    struct ir_stmt *s = (struct ir_stmt *)(uintptr_t)a->stmt;
    if (a->kind == ACCESS_LOAD) return &((struct ir_expr *)(uintptr_t)a->load)->in_bounds;
    return a->kind == ACCESS_ATOMIC ? &s->atomic.in_bounds : &s->store.in_bounds;
}

static void forget_load(void *ctx, struct ir_expr **place)
{
    (void)ctx;
    if ((*place)->op == IR_OP_LOAD) (*place)->in_bounds = false;
}

static void forget_stmt(void *ctx, struct ir_stmt *s)
{
    (void)ctx;
    if (s->kind == IR_STMT_STORE) s->store.in_bounds = false;
    if (s->kind == IR_STMT_ATOMIC) s->atomic.in_bounds = false;
}

void bounds_forget(struct ir_program *p)
{
    ir_walk_stmts(&p->body, forget_stmt, NULL);
    ir_walk_exprs(&p->body, forget_load, NULL);
}

/* -- proofs ----------------------------------------------------------------------------------------------------------- */

static enum bounds_reason prove_cheaply(const struct prover *p, const struct access *a, const struct ir_expr *index)
{
    const struct ir_buffer *b = a->buffer;
    uint64_t most = bounds_most_of(&p->guards, &p->ranges, a->stmt, index);
    if (b->sized && !b->count_expr && PLANT(BOUNDS_RANGE, most < b->count, most <= b->count)) return BOUNDS_PROVED;
    if (bounds_is_guarded(&p->guards, a->stmt, index, b)) return BOUNDS_PROVED;
    if (access_is_in_bounds_by_form(p->facts, a)) return BOUNDS_PROVED;
    return value_is_loaded(&p->ranges, index) ? BOUNDS_LOADED : BOUNDS_UNKNOWN;
}

static bool prove_by_relation(const struct prover *p, const struct access *a)
{
    return access_is_in_bounds(p->facts, a) || PLANT(BOUNDS_RELATION, false, a->known);
}

/* -- what is worth asking --------------------------------------------------------------------------------------------- */

static void note_length(void *ctx, struct ir_expr **place)
{
    struct prover *p = ctx;
    if ((*place)->op == IR_OP_LEN) map_set(&p->lengths, (*place)->buffer, (*place)->buffer);
}

static void note_jump(void *ctx, struct ir_stmt *s)
{
    struct prover *p = ctx;
    p->jumps |= (ir_stmt_infos[s->kind].traits & IR_STMT_TRAIT_JUMP) != 0;
}

static uint64_t no_length(void *ctx, const struct ir_buffer *b)
{
    (void)ctx, (void)b;
    return 0;
}

static uint64_t no_param(void *ctx, const struct ir_param *param)
{
    (void)ctx, (void)param;
    return 0;
}

static bool is_positive_where_all_are_empty(const struct ir_expr *from, const struct ir_expr *to)
{
    struct ir_host_env env = {NULL, no_length, no_param};
    uint64_t low = 0, high;
    return (!from || ir_host_eval(from, &env, &low)) && ir_host_eval(to, &env, &high) && high > low;
}

/* Is it certain that a launch with empty buffers makes the access? Then nothing proves that its index is below a length. Loops alone are
 * around it, and they go around. */
static bool is_made_in_empty(const struct prover *p, const struct access *a)
{
    if (a->buffer->sized || p->jumps || !p->program->n_dispatch) return false;
    for (uint32_t i = 0; i < p->program->n_dispatch; i++)
        if (!is_positive_where_all_are_empty(NULL, p->program->dispatch[i])) return false;
    for (const struct ir_stmt *outer = a->stmt->parent->owner; outer; outer = outer->parent->owner) {
        bool runs = outer->kind == IR_STMT_FOR && is_positive_where_all_are_empty(outer->for_.from, outer->for_.to);
        if (!runs && outer->kind != IR_STMT_BLOCK && outer->kind != IR_STMT_REGION) return false;
    }
    return true;
}

/* May the library find more than the cheap proofs? Of a length that nothing is compared with the launch alone could tell something, and
 * it has whole workgroups. */
static bool is_worth_it(const struct prover *p, const struct bounds_finding *f)
{
    const struct ir_buffer *b = f->access->buffer;
    if (f->reason != BOUNDS_UNKNOWN || (uintptr_t)map_find(&p->n_accesses, b) > MAX_ACCESSES) return false;
    return (b->sized || map_find(&p->lengths, b)) && !is_made_in_empty(p, f->access);
}

static void ask_for_relations(struct bounds_prover *prover, const struct prover *p, struct access_solver *solver,
                              struct bounds_findings *f)
{
    bool asked = false;
    for (uint32_t i = 0; i < f->all.n && !access_solver_is_exhausted(solver); i++) {
        struct bounds_finding *one = &f->all.at[i];
        if (!is_worth_it(p, one)) continue;
        asked = true;
        if (prove_by_relation(p, one->access)) one->reason = BOUNDS_PROVED;
    }
    if (asked) prover->operations_left -= access_solver_count(solver);
}

void bounds_prover_init(struct bounds_prover *p, struct arena *arena, const struct ir_module *m)
{
    *p = (struct bounds_prover){.arena = arena, .operations_left = MODULE_OPERATIONS};
    table_ranges_init(&p->tables, arena, m);
    program_runs_find(&p->runs, arena, m);
}

void bounds_prove(struct bounds_prover *prover, const struct ir_program *program, struct bounds_findings *f)
{
    struct prover p = {.arena = prover->arena, .program = program};
    struct access_solver *solver = access_solver_new(p.arena, MAX_OPERATIONS);
    p.facts = access_of_arrays(solver, program);
    map_init(&p.n_accesses, p.arena);
    map_init(&p.lengths, p.arena);
    value_ranges_compute(&p.ranges, p.arena, program, &prover->tables);
    bounds_guards_find(&p.guards, p.arena, program, &p.ranges.known, map_find(&prover->runs.arms, program));
    ir_walk_exprs((struct ir_block *)(uintptr_t)&program->body, note_length, &p); /* only looked at */
    ir_walk_stmts((struct ir_block *)(uintptr_t)&program->body, note_jump, &p);
    for (uint32_t i = 0; i < p.facts->accesses.n; i++) {
        const struct access *a = &p.facts->accesses.at[i];
        const struct ir_expr *index = index_of(a);
        if (!index) continue; /* of a copy: those are many */
        vec_push(p.arena, &f->all, ((struct bounds_finding){a, prove_cheaply(&p, a, index)}));
        map_set(&p.n_accesses, a->buffer, (void *)((uintptr_t)map_find(&p.n_accesses, a->buffer) + 1));
    }
    if (prover->operations_left >= MAX_OPERATIONS) ask_for_relations(prover, &p, solver, f);
    access_solver_free(solver);
}

/* -- what a user wrote ------------------------------------------------------------------------------------------------ */

bool bounds_check_claims(struct ir_module *m, struct diags *diags, struct arena *arena)
{
    struct bounds_prover prover;
    bool ok = true;
    if (!m->has_claims) return true;
    bounds_prover_init(&prover, arena, m);
    for (uint32_t i = 0; i < m->programs.n; i++) {
        struct bounds_findings f = {0};
        bounds_prove(&prover, m->programs.at[i], &f);
        for (uint32_t k = 0; k < f.all.n; k++) {
            const struct access *a = f.all.at[k].access;
            if (!*bounds_claim_of(a) || f.all.at[k].reason == BOUNDS_PROVED) continue;
            diag_report(diags, DIAG_CLAIM_NOT_PROVED, a->range, a->buffer->name);
            ok = false;
        }
    }
    return ok;
}
