/* value_range.c - see value_range.h.
 *
 * First every local may be anything of its type. Then each gets what its definition or all its assignments give under that, and again,
 * a few times: every step only takes away what cannot be. */
#include "passes/value_range.h"

#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"
#include "passes/plant.h"

enum { STEPS = 3 };

/* -- types and tables ------------------------------------------------------------------------------------------------- */

static bool is_followed(ir_type type)
{
    return type.lanes == 1 && (type.scalar == IR_BOOL || ir_type_info(type)->kind == IR_KIND_UINT);
}

static uint64_t most_of(ir_type type)
{
    uint32_t bits = type.scalar == IR_BOOL ? 1 : ir_type_info(type)->bits;
    return bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static struct value_range whole(ir_type type)
{
    return (struct value_range){0, is_followed(type) ? most_of(type) : UINT64_MAX};
}

static struct value_range exactly(uint64_t value)
{
    return (struct value_range){value, value};
}

static struct value_range join(struct value_range a, struct value_range b)
{
    return (struct value_range){a.low < b.low ? a.low : b.low, a.high > b.high ? a.high : b.high};
}

void table_ranges_init(struct table_ranges *t, struct arena *arena, const struct ir_module *m)
{
    t->ranges = ARENA_ARRAY(arena, struct value_range, m->data.n + 1);
    t->known = ARENA_ARRAY(arena, bool, m->data.n + 1);
}

static uint64_t element_of(const struct ir_data *d, uint32_t bytes, uint64_t i)
{
    uint64_t v = 0;
    for (uint32_t k = bytes; k-- > 0;)
        v = v << 8 | d->bytes[i * bytes + k];
    return v;
}

/* Of what a load finds: an element, or 0 past the end. */
static struct value_range range_of_table(struct table_ranges *t, const struct ir_data *d)
{
    uint32_t at = d->buffer.index, bytes = ir_type_mem_bytes(d->buffer.elem);
    if (!is_followed(d->buffer.elem) || d->buffer.elem.scalar == IR_BOOL || !d->bytes) return whole(d->buffer.elem);
    if (t->known[at]) return t->ranges[at];
    struct value_range r = {0, 0};
    for (uint64_t i = 0; i < d->buffer.count; i++)
        r = join(r, exactly(element_of(d, bytes, i)));
    t->known[at] = true;
    t->ranges[at] = r;
    return r;
}

/* -- operations ------------------------------------------------------------------------------------------------------- */

/* All bits up to the highest one set. */
static uint64_t fill_below(uint64_t value)
{
    return value ? UINT64_MAX >> __builtin_clzll(value) : 0;
}

static struct value_range sum_or_product(const struct ir_expr *e, struct value_range a, struct value_range b)
{
    struct value_range r;
    bool wraps = e->op == IR_OP_ADD ? __builtin_add_overflow(a.high, b.high, &r.high)
                                    : __builtin_mul_overflow(a.high, b.high, &r.high);
    bool may_wrap = wraps || r.high > most_of(e->type);
    if (PLANT(BOUNDS_WRAP, may_wrap, false)) return whole(e->type);
    r.low = e->op == IR_OP_ADD ? a.low + b.low : a.low * b.low;
    return r;
}

static struct value_range shift(const struct ir_expr *e, struct value_range a, struct value_range amount)
{
    if (e->op == IR_OP_SHR && amount.low != amount.high) return (struct value_range){0, a.high};
    if (amount.low != amount.high) return whole(e->type);
    uint64_t by = amount.low % ir_type_info(e->type)->bits;
    if (e->op == IR_OP_SHR) return (struct value_range){a.low >> by, a.high >> by};
    if (a.high > most_of(e->type) >> by) return whole(e->type);
    return (struct value_range){a.low << by, a.high << by};
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* x % 0 is 0. */
static struct value_range remainder_of(struct value_range a, struct value_range b)
{
    if (a.high < b.low) return a;
    return (struct value_range){0, lesser(a.high, b.high ? b.high - 1 : 0)};
}

static struct value_range range_of_binary(const struct ir_expr *e, struct value_range a, struct value_range b)
{
    switch (e->op) {
    case IR_OP_ADD:
    case IR_OP_MUL:
        return sum_or_product(e, a, b);
    case IR_OP_SUB:
        return a.low < b.high ? whole(e->type) : (struct value_range){a.low - b.high, a.high - b.low};
    case IR_OP_DIV:
        return b.low ? (struct value_range){a.low / b.high, a.high / b.low} : whole(e->type);
    case IR_OP_REM:
        return remainder_of(a, b);
    case IR_OP_AND:
        return (struct value_range){0, lesser(a.high, b.high)};
    case IR_OP_OR:
        return (struct value_range){greater(a.low, b.low), fill_below(a.high | b.high)};
    case IR_OP_XOR:
        return (struct value_range){0, fill_below(a.high | b.high)};
    case IR_OP_SHL:
    case IR_OP_SHR:
        return shift(e, a, b);
    case IR_OP_MIN:
        return (struct value_range){lesser(a.low, b.low), lesser(a.high, b.high)};
    case IR_OP_MAX:
        return (struct value_range){greater(a.low, b.low), greater(a.high, b.high)};
    case IR_OP_UNPACK4:
        return (struct value_range){0, 15};
    case IR_OP_UNPACK8:
        return (struct value_range){0, 255};
    default:
        return whole(e->type);
    }
}

/* -- leaves ----------------------------------------------------------------------------------------------------------- */

/* The workgroups of a launch along an axis; UINT32_MAX: as many as may be. */
static uint64_t most_groups(const struct ir_program *p, uint32_t axis)
{
    uint64_t size = p->workgroup[axis];
    if (!p->n_dispatch) return axis ? 1 : UINT32_MAX / size + 1;
    if (axis >= p->n_dispatch) return 1;
    if (!ir_is_const(p->dispatch[axis])) return UINT32_MAX / size + 1;
    return (p->dispatch[axis]->bits + size - 1) / size;
}

static struct value_range below(uint64_t count)
{
    return (struct value_range){0, lesser(UINT32_MAX, count ? count - 1 : 0)};
}

static struct value_range range_of_leaf(const struct value_ranges *r, const struct ir_expr *e)
{
    const struct ir_program *p = r->program;
    switch (e->op) {
    case IR_OP_CONST:
        return exactly(e->bits);
    case IR_OP_LOCAL:
        return r->locals[e->local->index];
    case IR_OP_LEN:
        return e->buffer->sized && !e->buffer->count_expr ? exactly(e->buffer->count) : whole(e->type);
    case IR_OP_GID:
        return below(most_groups(p, e->component) * p->workgroup[e->component]);
    case IR_OP_WID:
        return below(most_groups(p, e->component));
    case IR_OP_LID:
        return below(p->workgroup[e->component]);
    case IR_OP_LANE:
        return below(IR_SUBGROUP_SIZE);
    case IR_OP_WORKGROUP_SIZE:
        return exactly(p->workgroup[e->component]);
    case IR_OP_SUBGROUP_SIZE:
        return exactly(IR_SUBGROUP_SIZE);
    default:
        return whole(e->type);
    }
}

static struct value_range range_of_unary(const struct value_ranges *r, const struct ir_expr *e)
{
    ir_type from = e->args[0]->type;
    switch (e->op) {
    case IR_OP_LOAD:
        return e->buffer->space == IR_SPACE_DATA ? range_of_table(r->tables, e->buffer->data) : whole(e->type);
    case IR_OP_CAST: {
        struct value_range a = is_followed(from) ? value_range_of(r, e->args[0]) : whole(from);
        return is_followed(from) && a.high <= most_of(e->type) ? a : whole(e->type);
    }
    case IR_OP_POPCOUNT:
    case IR_OP_CLZ:
    case IR_OP_CTZ:
        return (struct value_range){0, ir_type_info(from)->bits};
    default:
        return whole(e->type);
    }
}

struct value_range value_range_of(const struct value_ranges *r, const struct ir_expr *e)
{
    if (!is_followed(e->type)) return whole(e->type);
    if (e->n_args == 0) return range_of_leaf(r, e);
    if (e->n_args == 1) return range_of_unary(r, e);
    if (e->op == IR_OP_SELECT) return join(value_range_of(r, e->args[1]), value_range_of(r, e->args[2]));
    if (e->n_args != 2 || !is_followed(e->args[0]->type) || !is_followed(e->args[1]->type)) return whole(e->type);
    return range_of_binary(e, value_range_of(r, e->args[0]), value_range_of(r, e->args[1]));
}

bool value_is_loaded(const struct value_ranges *r, const struct ir_expr *e)
{
    if (e->op == IR_OP_LOAD || ir_op_infos[e->op].traits & IR_TRAIT_SUBGROUP) return true;
    if (e->op == IR_OP_LOCAL) return r->loaded[e->local->index];
    for (uint32_t i = 0; i < e->n_args; i++)
        if (value_is_loaded(r, e->args[i])) return true;
    return false;
}

/* -- locals ----------------------------------------------------------------------------------------------------------- */

struct step {
    struct value_ranges *r;
    struct value_range *next; /* what the assignments give that were met so far */
    bool *met;
};

static void add(struct step *s, const struct ir_local *l, struct value_range range)
{
    s->next[l->index] = s->met[l->index] ? join(s->next[l->index], range) : range;
    s->met[l->index] = true;
}

/* The variable of a loop is below its end in every round. */
static void add_loop(struct step *s, const struct ir_stmt *loop)
{
    struct value_range from = value_range_of(s->r, loop->for_.from), to = value_range_of(s->r, loop->for_.to);
    bool runs = is_followed(loop->for_.local->type) && to.high > from.low;
    add(s, loop->for_.local, runs ? (struct value_range){from.low, to.high - 1} : whole(loop->for_.local->type));
    s->r->loaded[loop->for_.local->index] |=
        value_is_loaded(s->r, loop->for_.from) || value_is_loaded(s->r, loop->for_.to);
}

static void visit(void *ctx, struct ir_stmt *stmt)
{
    struct step *s = ctx;
    const struct ir_local *l = ir_stmt_written_local(stmt);
    if (!l) return;
    if (stmt->kind == IR_STMT_FOR) {
        add_loop(s, stmt);
    } else if (stmt->kind == IR_STMT_ATOMIC) {
        add(s, l, whole(l->type));
        s->r->loaded[l->index] = true;
    } else {
        add(s, l, value_range_of(s->r, stmt->let.value));
        s->r->loaded[l->index] |= value_is_loaded(s->r, stmt->let.value);
    }
    if (!l->is_mutable)
        s->r->locals[l->index] = s->next[l->index]; /* its one definition comes before all that read it */
}

void value_ranges_compute(struct value_ranges *r, struct arena *arena, const struct ir_program *p,
                          struct table_ranges *tables)
{
    uint32_t n = p->locals.n;
    *r = (struct value_ranges){.program = p, .tables = tables};
    r->locals = ARENA_ARRAY(arena, struct value_range, n + 1);
    r->loaded = ARENA_ARRAY(arena, bool, n + 1);
    for (uint32_t i = 0; i < n; i++)
        r->locals[i] = whole(p->locals.at[i]->type);
    struct step s = {r, ARENA_ARRAY(arena, struct value_range, n + 1), NULL};
    for (int k = 0; k < STEPS; k++) {
        s.met = ARENA_ARRAY(arena, bool, n + 1);
        ir_walk_stmts((struct ir_block *)(uintptr_t)&p->body, visit, &s); /* only looked at */
        for (uint32_t i = 0; i < n; i++)
            if (s.met[i]) r->locals[i] = s.next[i];
    }
}
