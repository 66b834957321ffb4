/* access_form.c - see access_form.h.
 *
 *   let i = gid.x * 8;                       512 * w + 8 * l                  w: workgroup, l: invocation in it
 *   bytes[i + 3]                             512 * w + 8 * l + [3, 3]
 *   while n < 9 && text[i + n] ... max 9     512 * w + 8 * l + [0, 9]
 *
 * Sums are those of the language, modulo 2^32. In the end no number on the way to the greatest index may be that large, and lengths
 * must be bounded such that an index below zero, which is a great number, is past the end. */
#include "passes/access_form.h"
#include "passes/plant.h"

#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"

enum { MAX_BELOW_ZERO = 1 << 20 };
#define MOST (INT64_C(1) << 40)

/* -- values ------------------------------------------------------------------------------------------------------ */

static bool is_small(int64_t v)
{
    return v < MOST && v > -MOST;
}

static struct access_form checked(struct access_form f)
{
    f.known &= is_small(f.group) && is_small(f.lane) && is_small(f.low) && is_small(f.high);
    return f;
}

static struct access_form between(int64_t low, int64_t high)
{
    return checked((struct access_form){.known = true, .low = low, .high = high});
}

static struct access_form unknown(void)
{
    return (struct access_form){0};
}

static struct access_form sum(struct access_form a, struct access_form b)
{
    if (!a.known || !b.known) return unknown();
    return checked((struct access_form){true, a.group + b.group, a.lane + b.lane, a.low + b.low, a.high + b.high});
}

static struct access_form product(struct access_form a, int64_t factor)
{
    int64_t parts[4] = {a.group, a.lane, a.low, a.high}, most = MOST / (factor < 0 ? -factor : factor ? factor : 1);
    for (int i = 0; i < 4; i++)
        if (!a.known || parts[i] > most || parts[i] < -most) return unknown();
    struct access_form f = {true, a.group * factor, a.lane * factor, a.low * factor, a.high * factor};
    if (factor < 0) f.low = a.high * factor, f.high = a.low * factor;
    return f;
}

/* A constant as the nearest integer of its class modulo 2^32. */
static int64_t signed_const(const struct ir_expr *e)
{
    return (int32_t)(uint32_t)e->bits;
}

static struct access_form form_of_id(const struct ir_program *p, const struct ir_expr *e)
{
    int64_t size = p->workgroup[0];
    if (e->op == IR_OP_WORKGROUP_SIZE) return between(p->workgroup[e->component], p->workgroup[e->component]);
    if (e->op != IR_OP_LANE && e->component) return between(0, 0); /* one row */
    switch (e->op) {
    case IR_OP_GID:
        return (struct access_form){.known = true, .group = size, .lane = 1};
    case IR_OP_WID:
        return (struct access_form){.known = true, .group = 1};
    case IR_OP_LID:
        return (struct access_form){.known = true, .lane = 1};
    case IR_OP_LANE:
        return between(0, IR_SUBGROUP_SIZE - 1);
    default:
        return unknown();
    }
}

/* What has few values whatever its operands are. */
static struct access_form form_of_small(const struct ir_expr *e)
{
    const struct ir_expr *by = e->n_args == 2 && ir_is_const(e->args[1]) ? e->args[1] : NULL;
    switch (e->op) {
    case IR_OP_AND:
        return by && by->bits <= INT32_MAX ? between(0, (int64_t)by->bits) : unknown();
    case IR_OP_REM:
        return by && by->bits && by->bits <= INT32_MAX ? between(0, (int64_t)by->bits - 1) : unknown();
    case IR_OP_SHR:
        return by ? between(0, (int64_t)(UINT32_MAX >> (by->bits & 31))) : unknown();
    case IR_OP_CTZ:
    case IR_OP_CLZ:
    case IR_OP_POPCOUNT:
        return between(0, ir_type_info(e->args[0]->type)->bits);
    case IR_OP_CAST: {
        const struct ir_scalar_info *from = ir_type_info(e->args[0]->type);
        return from->kind == IR_KIND_UINT && from->bits <= 16 ? between(0, (INT64_C(1) << from->bits) - 1) : unknown();
    }
    default:
        return unknown();
    }
}

static struct access_form form_of(const struct access_forms *forms, const struct ir_program *p, const struct ir_expr *e)
{
    if (!ir_type_equal(e->type, IR_TYPE(U32))) return unknown();
    switch (e->op) {
    case IR_OP_CONST:
        return between(signed_const(e), signed_const(e));
    case IR_OP_LOCAL:
        return forms->locals[e->local->index];
    case IR_OP_ADD:
        return sum(form_of(forms, p, e->args[0]), form_of(forms, p, e->args[1]));
    case IR_OP_SUB:
        return sum(form_of(forms, p, e->args[0]), product(form_of(forms, p, e->args[1]), -1));
    case IR_OP_MUL:
        if (ir_is_const(e->args[1])) return product(form_of(forms, p, e->args[0]), signed_const(e->args[1]));
        return ir_is_const(e->args[0]) ? product(form_of(forms, p, e->args[1]), signed_const(e->args[0])) : unknown();
    case IR_OP_SHL:
        if (!ir_is_const(e->args[1]) || (e->args[1]->bits & 31) > 30) return unknown();
        return product(form_of(forms, p, e->args[0]), INT64_C(1) << (e->args[1]->bits & 31));
    default:
        return e->n_args ? form_of_small(e) : form_of_id(p, e);
    }
}

/* -- locals -------------------------------------------------------------------------------------------------------- */

struct walk {
    struct access_forms *forms;
    const struct ir_program *program;
    struct ir_stmt **declared, **assigned; /* of vars, by index of the local */
    uint32_t *n_assigned;
};

static void note_stmt(void *ctx, struct ir_stmt *s)
{
    struct walk *w = ctx;
    const struct ir_local *l = ir_stmt_written_local(s);
    if (!l) return;
    struct access_form *form = &w->forms->locals[l->index];
    if (s->kind == IR_STMT_LET) {
        *form = form_of(w->forms, w->program, s->let.value);
    } else if (s->kind == IR_STMT_FOR) {
        bool constant = ir_is_const(s->for_.from) && ir_is_const(s->for_.to) && s->for_.to->bits <= INT32_MAX;
        if (constant && s->for_.from->bits < s->for_.to->bits)
            *form = between((int64_t)s->for_.from->bits, (int64_t)s->for_.to->bits - 1);
    } else if (s->kind == IR_STMT_VAR) {
        w->declared[l->index] = s;
    } else {
        w->n_assigned[l->index]++;
        w->assigned[l->index] = s->kind == IR_STMT_ASSIGN ? s : NULL;
    }
}

static int64_t most_rounds(const struct ir_stmt *s)
{
    if (s->kind == IR_STMT_WHILE) return ir_is_const(s->while_.max) ? (int64_t)s->while_.max->bits : -1;
    if (s->kind != IR_STMT_FOR) return 1;
    return -1;
}

/* var n = 0; while ... max K { ... n = n + 1; ... }: n is at most K. */
static void bound_counter(struct walk *w, const struct ir_local *l)
{
    const struct ir_stmt *var = w->declared[l->index], *step = w->assigned[l->index];
    if (!var || !step || w->n_assigned[l->index] != 1 || !ir_is_const(var->let.value)) return;
    const struct ir_expr *e = step->let.value;
    bool counts =
        e->op == IR_OP_ADD && e->args[0]->op == IR_OP_LOCAL && e->args[0]->local == l && ir_is_const(e->args[1]);
    if (!counts || e->args[1]->bits > UINT16_MAX || var->let.value->bits > INT32_MAX) return;
    int64_t rounds = 1;
    const struct ir_stmt *s = step;
    while (s && s->parent != var->parent) {
        s = s->parent->owner;
        int64_t more = s ? most_rounds(s) : -1;
        if (more < 0 || more > INT32_MAX || (rounds > 1 && more > 1)) return;
        if (more != 1) rounds = more;
    }
    int64_t first = (int64_t)var->let.value->bits;
    if (s) w->forms->locals[l->index] = between(first, first + rounds * (int64_t)e->args[1]->bits);
}

struct access_forms *access_forms_new(struct arena *arena, const struct ir_program *p)
{
    struct access_forms *forms = ARENA_NEW(arena, struct access_forms);
    struct walk w = {.forms = forms, .program = p};
    forms->locals = ARENA_ARRAY(arena, struct access_form, p->locals.n + 1);
    w.declared = ARENA_ARRAY(arena, struct ir_stmt *, p->locals.n + 1);
    w.assigned = ARENA_ARRAY(arena, struct ir_stmt *, p->locals.n + 1);
    w.n_assigned = ARENA_ARRAY(arena, uint32_t, p->locals.n + 1);
    ir_walk_stmts((struct ir_block *)&p->body, note_stmt, &w);
    for (uint32_t i = 0; i < p->locals.n; i++)
        if (p->locals.at[i]->is_mutable && ir_type_equal(p->locals.at[i]->type, IR_TYPE(U32)))
            bound_counter(&w, p->locals.at[i]);
    ir_walk_stmts((struct ir_block *)&p->body, note_stmt, &w); /* lets that are made of counters */
    return forms;
}

/* -- sizes ----------------------------------------------------------------------------------------------------------- */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t length_bound(const struct access_facts *f, const struct ir_buffer *b, bool of_program);

/* An upper bound of a host expression of the program, or of the pipeline; UINT64_MAX: none. */
static uint64_t host_bound(const struct access_facts *f, const struct ir_expr *e, bool of_program)
{
    uint64_t a = 0, b = 0, r;
    if (e->n_args == 2) {
        a = host_bound(f, e->args[0], of_program);
        b = host_bound(f, e->args[1], of_program);
    }
    switch (e->op) {
    case IR_OP_CONST:
        return e->bits;
    case IR_OP_LEN:
        return length_bound(f, e->buffer, of_program);
    case IR_OP_PARAM:
        if (!of_program || !f->arm) return UINT32_MAX;
        return least(UINT32_MAX, host_bound(f, f->arm->args.at[f->program->buffers.n + e->param->index].value, false));
    case IR_OP_ADD:
        return __builtin_add_overflow(a, b, &r) ? UINT64_MAX : r;
    case IR_OP_MUL:
        return __builtin_mul_overflow(a, b, &r) ? UINT64_MAX : r;
    case IR_OP_SUB: /* refused where it would be negative */
        return a;
    case IR_OP_DIV:
        return ir_is_const(e->args[1]) && e->args[1]->bits ? a / e->args[1]->bits : a;
    case IR_OP_MIN:
        return least(a, b);
    case IR_OP_MAX:
        return a > b ? a : b;
    case IR_OP_CAST:
        return host_bound(f, e->args[0], of_program);
    default:
        return UINT64_MAX;
    }
}

static uint64_t length_bound(const struct access_facts *f, const struct ir_buffer *b, bool of_program)
{
    if (b->count_expr) {
        uint64_t bound = least(access_solver_most(f->solver), host_bound(f, b->count_expr, false));
        if (!f->pipeline || !f->pipeline->budget_bytes) return bound;
        return least(bound, f->pipeline->budget_bytes / ir_type_mem_bytes(b->elem));
    }
    if (b->sized) return b->count;
    if (of_program && f->arm) return length_bound(f, f->arm->args.at[b->index].buffer, false);
    return access_solver_most(f->solver);
}

/* Workgroups of a launch. */
static uint64_t group_bound(const struct access_facts *f)
{
    const struct ir_program *p = f->program;
    uint64_t most = 0, size = p->workgroup[0];
    if (p->n_dispatch) most = host_bound(f, p->dispatch[0], true);
    for (uint32_t i = 0; !p->n_dispatch && i < p->buffers.n; i++) {
        uint64_t n = ir_access_writes(p->buffers.at[i]->access) ? length_bound(f, p->buffers.at[i], true) : 0;
        if (n > most) most = n;
    }
    return least(most, access_solver_most(f->solver)) / size + 1;
}

/* -- single accesses ------------------------------------------------------------------------------------------------- */

static const struct ir_expr *index_of(const struct access *a)
{
    if (a->kind == ACCESS_LOAD) return a->load ? a->load->args[0] : NULL;
    if (a->kind == ACCESS_ATOMIC) return a->stmt->atomic.index;
    return a->stmt->kind == IR_STMT_STORE ? a->stmt->store.index : NULL;
}

/* What the program says where its index does not tell: n elements back from the invocation's own. */
static struct access_form form_of_declaration(const struct access_facts *facts, const struct access *a)
{
    const struct ir_program *p = facts->program;
    if (!p->has_window || a->kind != ACCESS_LOAD || !a->load) return unknown();
    if (!access_solver_trusts_windows(facts->solver) || access_is_related(facts, a)) return unknown();
    int64_t back = p->window - PLANT(WINDOW_DECLARED, 0, p->window > 0);
    return (struct access_form){.known = true, .group = p->workgroup[0], .lane = 1, .low = -back};
}

/* Of an index that does not wrap around; one below zero is past the end. */
static struct access_form form_of_access(const struct access_facts *facts, const struct access *a)
{
    const struct ir_program *p = facts->program;
    const struct ir_expr *index = facts->one_dimensional ? index_of(a) : NULL;
    struct access_form f = index ? form_of(facts->forms, p, index) : unknown();
    uint64_t top = 0;
    if (index && !f.known) f = form_of_declaration(facts, a);
    if (!f.known || f.group < 0 || f.lane < 0) return unknown();
    if (__builtin_mul_overflow(group_bound(facts) - 1, (uint64_t)f.group, &top) || top > UINT32_MAX) return unknown();
    if ((int64_t)top + f.lane * (p->workgroup[0] - 1) + f.high > (int64_t)UINT32_MAX) return unknown();
    bool ends_early = length_bound(facts, a->buffer, true) <= UINT32_MAX - MAX_BELOW_ZERO;
    if (f.low < -MAX_BELOW_ZERO || (f.low < 0 && !ends_early)) return unknown();
    return f;
}

bool access_is_known_by_form(const struct access_facts *facts, const struct access *a)
{
    return form_of_access(facts, a).known;
}

/* Does the condition, or its contrary, say that index < len(buffer)? */
static bool says_in_bounds(const struct ir_expr *e, bool holds, const struct ir_expr *index, const struct ir_buffer *b)
{
    enum ir_op less = holds ? IR_OP_LT : IR_OP_GE, greater = holds ? IR_OP_GT : IR_OP_LE;
    if (e->op == IR_OP_LNOT) return says_in_bounds(e->args[0], !holds, index, b);
    if (e->op == (holds ? IR_OP_LAND : IR_OP_LOR))
        return says_in_bounds(e->args[0], holds, index, b) || says_in_bounds(e->args[1], holds, index, b);
    if (e->op != less && e->op != greater) return false;
    const struct ir_expr *small = e->args[e->op == greater], *great = e->args[e->op == less];
    return great->op == IR_OP_LEN && great->buffer == b && ir_expr_equal(small, index);
}

/* Is the statement reached only where index < len(buffer), as the text has it? */
static bool is_guarded(const struct ir_stmt *s, const struct ir_expr *index, const struct ir_buffer *b)
{
    if (!ir_expr_is_fixed(index)) return false;
    for (const struct ir_stmt *inner = s; inner; inner = inner->parent->owner) {
        const struct ir_stmt *outer = inner->parent->owner;
        if (outer && outer->kind == IR_STMT_IF &&
            says_in_bounds(outer->if_.cond, inner->parent == &outer->if_.then_block, index, b))
            return true;
    }
    return false;
}

bool access_is_in_bounds_by_form(const struct access_facts *facts, const struct access *a)
{
    const struct ir_expr *index = index_of(a);
    if (!index) return false;
    struct access_form f = form_of_access(facts, a);
    bool constant = f.known && !f.group && !f.lane && f.low >= 0;
    if (constant && a->buffer->sized && (uint64_t)f.high < a->buffer->count) return true;
    return is_guarded(a->stmt, index, a->buffer);
}

/* -- hazards ----------------------------------------------------------------------------------------------------------- */

/* e = lane * gid + [low, high] in both: where the elements of two are the same, lane * (their distance) lies between `low` and
 * `high`. */
static enum access_hazard hazard_of_invocations(int64_t lane, int64_t low, int64_t high)
{
    if (low > -lane && high < lane) return low <= 0 && high >= 0 ? ACCESS_HAZARD_INVOCATION : ACCESS_HAZARD_NONE;
    return ACCESS_HAZARD_GRID;
}

enum access_hazard access_find_hazard_by_form(const struct access_facts *first, const struct access *a,
                                              const struct access_facts *second, const struct access *b)
{
    struct access_form x = form_of_access(first, a), y = form_of_access(second, b);
    int64_t size = first->program->workgroup[0];
    if (!x.known || !y.known || size != second->program->workgroup[0] || x.group != y.group) return ACCESS_HAZARD_GRID;
    int64_t low = y.low - x.high, high = y.high - x.low;
    if (x.lane == y.lane && x.lane && x.group == size * x.lane) {
        enum access_hazard hazard = hazard_of_invocations(x.lane, low, high);
        if (hazard != ACCESS_HAZARD_GRID) return hazard;
    }
    low -= x.lane * (size - 1);
    high += y.lane * (size - 1);
    return low > -x.group && high < x.group ? ACCESS_HAZARD_WORKGROUP : ACCESS_HAZARD_GRID;
}

/* -- windows --------------------------------------------------------------------------------------------------------- */

static bool unite(struct access_form *all, struct access_form f)
{
    if (!f.known) return false;
    if (!all->known) *all = f;
    if (f.group != all->group || f.lane != all->lane) return false;
    if (f.low < all->low) all->low = f.low;
    if (f.high > all->high) all->high = f.high;
    return true;
}

/* All accesses of a kind as one form; not known when there are others, or numbers that wrap around. */
static struct access_form find_form(const struct access_facts *facts, const struct ir_buffer *buffer,
                                    enum access_kind kind)
{
    struct access_form all = unknown();
    for (uint32_t i = 0; facts->one_dimensional && i < facts->accesses.n; i++) {
        const struct access *a = &facts->accesses.at[i];
        if (a->buffer != buffer || (a->kind != kind && a->kind != ACCESS_ATOMIC)) continue;
        if (!unite(&all, form_of_access(facts, a))) return unknown();
    }
    return all;
}

struct access_window access_find_elements_by_form(const struct access_facts *facts, const struct ir_buffer *buffer,
                                                  enum access_kind kind, uint64_t unit)
{
    struct access_window none = {.denominator = 1};
    struct access_form f = find_form(facts, buffer, kind);
    int64_t size = facts->program->workgroup[0];
    if (!f.known) return none;
    if (unit % (uint64_t)size == 0) {
        f.high += f.lane * (size - 1) + f.group * ((int64_t)unit / size - 1);
        f.group *= (int64_t)unit / size;
    } else if (unit == 1 && f.group == size * f.lane) {
        f.group = f.lane;
    } else {
        return none;
    }
    f = checked(f);
    if (!f.known || f.high - f.low >= INT32_MAX) return none;
    return (struct access_window){true, (uint64_t)f.group, 1, f.low, (uint64_t)(f.high - f.low) + 1};
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

struct access_window access_find_producers_by_form(const struct access_facts *first,
                                                   const struct ir_buffer *first_buffer,
                                                   const struct access_facts *second,
                                                   const struct ir_buffer *second_buffer, uint64_t unit)
{
    struct access_window read = access_find_elements_by_form(second, second_buffer, ACCESS_LOAD, unit);
    struct access_form f = find_form(first, first_buffer, ACCESS_STORE);
    int64_t size = first->program->workgroup[0], step = f.lane;
    if (!read.known || !f.known || step < 1 || f.group != size * step || f.low < 0)
        return (struct access_window){.denominator = 1};
    uint64_t divisor = common_divisor(read.numerator, (uint64_t)step);
    if (divisor == 0) divisor = 1;
    struct access_window w = {
        .known = true, .numerator = read.numerator / divisor, .denominator = (uint64_t)step / divisor};
    int64_t rest = read.numerator % (uint64_t)step ? step - 1 : 0; /* of where a unit begins, divided by the step */
    int64_t end = read.low + (int64_t)read.count - 1;
    w.low = -floor_divide(f.high - read.low, step);
    int64_t high = floor_divide(rest + end - f.low, step);
    if (high < w.low) high = w.low;
    w.count = (uint64_t)(high - w.low) + 1;
    return w;
}
