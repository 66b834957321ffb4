/* merge_loops.c - arms of one launch that go over the same range do so in one loop, so that what they both load is loaded once.
 *
 *   region "sum"  { for i in 0..64 { s = s + a[x + i]; } ... }        region "sum_and_most" {
 *   region "most" { for k in 0..64 { m = max(m, a[x + k]); } ... }      for i in 0..64 {
 *                                                                =>       region "sum"  { s = s + a[x + i]; }
 *                                                                         region "most" { m = max(m, a[x + i]); }
 *                                                                       }
 *                                                                       ...
 *                                                                     }
 *
 * share_values then loads a[x + i] once. Two neighbouring regions are taken together when nothing that one of them writes is touched by
 * the other one, in the same or in another invocation, as the access facts have it: then the statements of both may alternate in any
 * way. Loops pair up when their bounds are the same value and their bodies load an element in common; so do branches with one
 * condition around such loops. Bodies with `break` or `continue` stay apart, and so do regions with barriers, or both with traps,
 * of which the first arm's counts.
 *
 * Linear in statements, times what is compared with each: up to MAX_LOADS loads of a loop, MAX_TRIES headers of a program. */
#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"
#include "passes/access_form.h"
#include "passes/pass.h"
#include "passes/plant.h"
#include "passes/program_uses.h"

enum { MAX_PAIRS = 4096, MAX_LOADS = 16, MAX_TRIES = 2000, MAX_MERGED = 8, MAX_STMTS = 4000, MAX_INDEX_DEPTH = 16 };

struct merger {
    struct pass_run *run;
    struct ir_program *p;
    struct ir_expr **lets;
    bool *written;                /* by index of a storage buffer */
    const struct ir_local **same; /* by index: the loop variable that this one's becomes; NULL: itself */
    uint32_t n_tries;
    struct src_range jump; /* of the last loop that stayed because of it */
    bool jumps;
    struct access_solver *solver; /* NULL until it is needed */
    struct access_facts *facts;
};

/* -- equal values ------------------------------------------------------------------------------------------------ */

static const struct ir_expr *resolve(const struct merger *m, const struct ir_expr *e)
{
    while (e->op == IR_OP_LOCAL && m->lets[e->local->index])
        e = m->lets[e->local->index];
    return e;
}

static const struct ir_local *variable_of(const struct merger *m, const struct ir_local *l)
{
    return m->same[l->index] ? m->same[l->index] : l;
}

/* Have both the same value, wherever in the two regions they stand? */
static bool is_equal(const struct merger *m, const struct ir_expr *a, const struct ir_expr *b, uint32_t depth)
{
    a = resolve(m, a);
    b = resolve(m, b);
    if (a->op != b->op || !ir_type_equal(a->type, b->type) || a->n_args != b->n_args || a->component != b->component)
        return false;
    if (depth == MAX_INDEX_DEPTH || ir_op_infos[a->op].traits & IR_TRAIT_SUBGROUP) return false;
    if (a->op == IR_OP_LOCAL) return !a->local->is_mutable && variable_of(m, a->local) == variable_of(m, b->local);
    if (a->op == IR_OP_LOAD) {
        if (a->buffer != b->buffer || a->buffer->space != IR_SPACE_STORAGE || m->written[a->buffer->index])
            return false;
    } else if (!a->n_args) {
        return ir_expr_equal(a, b);
    }
    for (uint32_t i = 0; i < a->n_args; i++)
        if (!is_equal(m, a->args[i], b->args[i], depth + 1)) return false;
    return true;
}

/* -- loads that two loops have in common ------------------------------------------------------------------------- */

struct load_list {
    const struct merger *m;
    const struct ir_expr *at[MAX_LOADS];
    uint32_t n;
};

static void list_load(void *ctx, struct ir_expr **place)
{
    struct load_list *l = ctx;
    const struct ir_expr *e = *place;
    bool shared = e->op == IR_OP_LOAD && e->buffer->space == IR_SPACE_STORAGE && !l->m->written[e->buffer->index];
    if (shared && l->n < MAX_LOADS) l->at[l->n++] = e;
}

/* Those that every round makes. */
static void list_loads(struct load_list *l, struct ir_block *body)
{
    IR_EACH_STMT(s, body)
    {
        struct ir_expr **places[4];
        if (s->kind == IR_STMT_REGION) list_loads(l, &s->scope.body);
        for (uint32_t i = 0, n = ir_stmt_exprs(s, places); i < n; i++)
            ir_walk_expr(places[i], list_load, l);
    }
}

static uint32_t count_common_loads(const struct merger *m, struct ir_block *a, struct ir_block *b)
{
    struct load_list first = {.m = m}, second = {.m = m};
    uint32_t n = 0;
    list_loads(&first, a);
    list_loads(&second, b);
    for (uint32_t i = 0; i < second.n; i++)
        for (uint32_t k = 0; k < first.n; k++)
            if (is_equal(m, first.at[k], second.at[i], 0)) {
                n++;
                break;
            }
    return n;
}

/* -- which statements pair up ------------------------------------------------------------------------------------ */

/* A `break` or `continue` of the loop itself. */
static bool has_jump(const struct ir_block *b)
{
    IR_EACH_STMT(s, b)
    {
        struct ir_block *inner[2];
        if (s->kind == IR_STMT_BREAK || s->kind == IR_STMT_CONTINUE) return true;
        if (s->kind == IR_STMT_FOR || s->kind == IR_STMT_WHILE) continue;
        for (uint32_t i = 0, n = ir_stmt_blocks(s, inner); i < n; i++)
            if (has_jump(inner[i])) return true;
    }
    return false;
}

static uint32_t count_pairs(struct merger *m, struct ir_block *a, struct ir_block *b);

/* How many loads the two spare when they become one; 0: they stay two. */
static uint32_t gain_of(struct merger *m, struct ir_stmt *s, struct ir_stmt *t)
{
    if (s->kind != t->kind || (s->kind != IR_STMT_FOR && s->kind != IR_STMT_IF) || ++m->n_tries > MAX_TRIES) return 0;
    if (s->kind == IR_STMT_IF) {
        if (s->if_.has_else || t->if_.has_else || !is_equal(m, s->if_.cond, t->if_.cond, 0)) return 0;
        return count_pairs(m, &s->if_.then_block, &t->if_.then_block);
    }
    bool same_range = PLANT(MERGE_RANGE, is_equal(m, s->for_.to, t->for_.to, 0), true) &&
                      is_equal(m, s->for_.from, t->for_.from, 0) && s->for_.step == t->for_.step &&
                      ir_type_equal(s->for_.local->type, t->for_.local->type);
    if (!same_range) return 0;
    m->same[t->for_.local->index] = variable_of(m, s->for_.local);
    uint32_t n = count_common_loads(m, &s->for_.body, &t->for_.body);
    if (!n) n = count_pairs(m, &s->for_.body, &t->for_.body);
    if (n && (has_jump(&s->for_.body) || has_jump(&t->for_.body))) {
        m->jumps = true;
        m->jump = t->range;
        n = 0;
    }
    if (!n) m->same[t->for_.local->index] = NULL;
    return n;
}

/* The next statement of the second block that pairs up with one of the first. */
static struct ir_stmt *find_partner(struct merger *m, struct ir_stmt *s, struct ir_stmt *from, uint32_t *gain)
{
    for (struct ir_stmt *t = from; t; t = t->next)
        if ((*gain = gain_of(m, s, t))) return t;
    return NULL;
}

static uint32_t count_pairs(struct merger *m, struct ir_block *a, struct ir_block *b)
{
    struct ir_stmt *from = b->first;
    uint32_t sum = 0, gain;
    for (struct ir_stmt *s = a->first; s && from; s = s->next) {
        struct ir_stmt *t = find_partner(m, s, from, &gain);
        if (!t) continue;
        sum += gain;
        from = t->next;
    }
    return sum;
}

/* -- independence -------------------------------------------------------------------------------------------------- */

/* What a region does. */
struct deeds {
    const struct merger *m;
    bool *reads, *writes;          /* by place of a buffer or array */
    bool *uses_local, *sets_local; /* by index */
    bool stays, traps;             /* stays: barriers, returns, copies on their way */
    uint32_t n_stmts;
};

static uint32_t n_objects(const struct merger *m)
{
    return m->p->buffers.n + m->p->arrays.n;
}

static uint32_t object_of(const struct merger *m, const struct ir_buffer *b)
{
    if (b->space == IR_SPACE_STORAGE) return b->index;
    bool is_array = b->space == IR_SPACE_WORKGROUP || b->space == IR_SPACE_PRIVATE;
    return is_array ? m->p->buffers.n + b->index : n_objects(m); /* tables do not change */
}

static void note_expr(void *ctx, struct ir_expr **place)
{
    struct deeds *d = ctx;
    if ((*place)->op == IR_OP_LOAD) d->reads[object_of(d->m, (*place)->buffer)] = true;
    if ((*place)->op == IR_OP_LOCAL) d->uses_local[(*place)->local->index] = true;
}

static void note_stmt(void *ctx, struct ir_stmt *s)
{
    struct deeds *d = ctx;
    struct ir_expr **places[4];
    const struct ir_buffer *written = ir_stmt_written_buffer(s);
    const struct ir_local *set = ir_stmt_written_local(s);
    for (uint32_t i = 0, n = ir_stmt_exprs(s, places); i < n; i++)
        ir_walk_expr(places[i], note_expr, d);
    if (written) d->writes[object_of(d->m, written)] = true;
    if (set) d->sets_local[set->index] = true;
    d->stays |= (ir_stmt_infos[s->kind].traits & IR_STMT_TRAIT_SYNC) || s->kind == IR_STMT_RETURN ||
                s->kind == IR_STMT_COPY_ASYNC || s->kind == IR_STMT_WAIT;
    d->traps |= s->kind == IR_STMT_TRAP || s->kind == IR_STMT_TELL || s->kind == IR_STMT_WHILE;
    d->n_stmts++;
}

static struct deeds look_at(const struct merger *m, struct ir_stmt *region)
{
    struct arena *arena = m->run->scratch;
    struct deeds d = {.m = m};
    d.reads = ARENA_ARRAY(arena, bool, n_objects(m) + 1);
    d.writes = ARENA_ARRAY(arena, bool, n_objects(m) + 1);
    d.uses_local = ARENA_ARRAY(arena, bool, m->p->locals.n + 1);
    d.sets_local = ARENA_ARRAY(arena, bool, m->p->locals.n + 1);
    ir_walk_stmts(&region->scope.body, note_stmt, &d);
    return d;
}

static bool is_inside(const struct access *a, const struct ir_stmt *region)
{
    for (const struct ir_stmt *s = a->stmt; s; s = s->parent->owner)
        if (s == region) return true;
    return false;
}

/* Is an element of the buffer that one writes never touched by the other one, whatever the invocations? */
static bool are_apart(struct merger *m, const struct ir_stmt *first, const struct ir_stmt *second,
                      const struct ir_buffer *b)
{
    if (!m->solver) {
        m->solver = access_solver_new(m->run->scratch, ACCESS_DEFAULT_OPERATIONS);
        m->facts = access_of_program(m->solver, m->p);
    }
    const struct access_facts *f = m->facts;
    uint32_t n_pairs = 0;
    for (uint32_t i = 0; i < f->accesses.n; i++) {
        const struct access *a = &f->accesses.at[i];
        if (a->buffer != b || !is_inside(a, first)) continue;
        for (uint32_t k = 0; k < f->accesses.n; k++) {
            const struct access *c = &f->accesses.at[k];
            bool both_load = a->kind == ACCESS_LOAD && c->kind == ACCESS_LOAD;
            if (c->buffer != b || both_load || !is_inside(c, second)) continue;
            if (++n_pairs > MAX_PAIRS || access_find_hazard_by_form(f, a, f, c) != ACCESS_HAZARD_NONE) return false;
        }
    }
    return true;
}

/* Why the two may not alternate, or NULL. */
static const char *find_obstacle(struct merger *m, struct ir_stmt *first, struct ir_stmt *second)
{
    struct deeds a = look_at(m, first), b = look_at(m, second);
    if (a.stays || b.stays) return "a barrier, a `return` or a copy stands in one of them";
    if (a.traps && b.traps) return "both may trap, and the first one counts";
    for (uint32_t i = 0; i < m->p->locals.n; i++)
        if ((a.sets_local[i] && (b.uses_local[i] || b.sets_local[i])) || (b.sets_local[i] && a.uses_local[i]))
            return "one needs a value of the other";
    for (uint32_t i = 0; i < n_objects(m); i++) {
        bool meets = (a.writes[i] && (b.reads[i] || b.writes[i])) || (b.writes[i] && a.reads[i]);
        if (!meets || PLANT(MERGE_DEPENDENT, false, true)) continue;
        if (i >= m->p->buffers.n || !are_apart(m, first, second, m->p->buffers.at[i]))
            return "one may touch an element that the other writes";
    }
    return NULL;
}

/* -- merging ----------------------------------------------------------------------------------------------------------- */

struct renaming {
    struct ir_module *m;
    const struct ir_local *from;
    struct ir_local *to;
};

static void rename_local(void *ctx, struct ir_expr **place)
{
    const struct renaming *r = ctx;
    if ((*place)->op == IR_OP_LOCAL && (*place)->local == r->from) (*place)->local = r->to;
}

static bool has_regions_only(const struct ir_block *b)
{
    IR_EACH_STMT(s, b)
    {
        if (s->kind != IR_STMT_REGION) return false;
    }
    return true;
}

static void move_all(struct ir_block *from, struct ir_block *to)
{
    while (from->first) {
        struct ir_stmt *s = from->first;
        ir_remove(s);
        ir_block_append(to, s);
    }
}

/* The body keeps its arm's name. */
static void wrap(struct merger *m, struct ir_block *body, const char *name, struct src_range range)
{
    if (has_regions_only(body)) return;
    struct ir_stmt *region = ir_stmt_new(m->run->module, IR_STMT_REGION, range);
    region->scope.name = name;
    move_all(body, &region->scope.body);
    ir_block_append(body, region);
}

struct names {
    const char *first, *second;
};

static void merge_blocks(struct merger *m, struct ir_block *a, struct ir_block *b, struct names names);

static void merge_pair(struct merger *m, struct ir_stmt *s, struct ir_stmt *t, struct names names)
{
    if (s->kind == IR_STMT_IF) {
        merge_blocks(m, &s->if_.then_block, &t->if_.then_block, names);
        return;
    }
    struct renaming r = {m->run->module, t->for_.local, s->for_.local};
    uint32_t n = count_common_loads(m, &s->for_.body, &t->for_.body);
    ir_walk_exprs(&t->for_.body, rename_local, &r);
    if (!n) {
        merge_blocks(m, &s->for_.body, &t->for_.body, names);
        return;
    }
    wrap(m, &s->for_.body, names.first, s->range);
    wrap(m, &t->for_.body, names.second, t->range);
    move_all(&t->for_.body, &s->for_.body);
    struct diag *g = pass_remark_done(m->run, DIAG_LOOPS_MERGED, t->range, names.second, names.first, n);
    diag_add_note(m->run->diags, g, s->range, "the other loop is here");
    pass_count(m->run, "loops merged", 1);
}

/* What is in `b` goes into `a`. */
static void merge_blocks(struct merger *m, struct ir_block *a, struct ir_block *b, struct names names)
{
    uint32_t gain;
    for (struct ir_stmt *s = a->first; s && b->first; s = s->next) {
        struct ir_stmt *t = find_partner(m, s, b->first, &gain);
        if (!t) continue;
        while (b->first != t) {
            struct ir_stmt *before = b->first;
            ir_remove(before);
            ir_insert_before(s, before);
        }
        ir_remove(t);
        merge_pair(m, s, t, names);
    }
    move_all(b, a);
}

static void merge_regions(struct merger *m, struct ir_stmt *first, struct ir_stmt *second)
{
    struct names names = {first->scope.name, second->scope.name};
    merge_blocks(m, &first->scope.body, &second->scope.body, names);
    first->scope.name = intern_string(m->run->module->names,
                                      arena_printf(m->run->module->arena, "%s_and_%s", names.first, names.second));
    first->range = src_join(first->range, second->range);
    ir_remove(second);
    if (m->solver) access_solver_free(m->solver); /* whose facts are of the program as it was */
    m->solver = NULL;
}

static void report_obstacle(struct merger *m, const struct ir_stmt *first, const struct ir_stmt *second,
                            const char *why, struct src_range at)
{
    struct diag *g = pass_remark_missed(m->run, DIAG_LOOPS_NOT_MERGED, at, first->scope.name, second->scope.name, why);
    diag_add_note(m->run->diags, g, first->range, "arm '%s' is here", first->scope.name);
}

/* Merges the two if that spares loads, and can be. */
static bool try_regions(struct merger *m, struct ir_stmt *first, struct ir_stmt *second)
{
    m->jumps = false;
    bool gains = count_pairs(m, &first->scope.body, &second->scope.body) > 0;
    if (!gains && m->jumps) report_obstacle(m, first, second, "a `break` or `continue` would end both", m->jump);
    if (!gains) return false;
    const char *why = find_obstacle(m, first, second);
    if (why)
        report_obstacle(m, first, second, why, second->range);
    else
        merge_regions(m, first, second);
    return !why;
}

static void count_stmt(void *ctx, struct ir_stmt *s)
{
    (void)s;
    ++*(uint32_t *)ctx;
}

static void note_written(void *ctx, struct ir_stmt *s)
{
    bool *written = ctx;
    const struct ir_buffer *b = ir_stmt_written_buffer(s);
    if (b && b->space == IR_SPACE_STORAGE) written[b->index] = true;
}

enum pass_result merge_loops(struct pass_run *run, struct ir_program *p)
{
    struct merger m = {.run = run, .p = p};
    uint32_t n_regions = 0, n_stmts = 0, n_merged = 1;
    bool changed = false;
    IR_EACH_STMT(s, &p->body) n_regions += s->kind == IR_STMT_REGION;
    ir_walk_stmts(&p->body, count_stmt, &n_stmts);
    if (n_regions < 2 || n_stmts > MAX_STMTS) return PASS_SKIPPED;
    m.lets = collect_lets(run->scratch, p);
    m.written = ARENA_ARRAY(run->scratch, bool, p->buffers.n + 1);
    m.same = ARENA_ARRAY(run->scratch, const struct ir_local *, p->locals.n + 1);
    ir_walk_stmts(&p->body, note_written, m.written);
    for (struct ir_stmt *s = p->body.first; s && s->next;) {
        bool both = s->kind == IR_STMT_REGION && s->next->kind == IR_STMT_REGION;
        if (both && n_merged < MAX_MERGED && try_regions(&m, s, s->next)) {
            changed = true;
            n_merged++;
            continue;
        }
        n_merged = 1;
        s = s->next;
    }
    if (m.solver) access_solver_free(m.solver);
    return changed ? PASS_CHANGED : PASS_UNCHANGED;
}
