/* range.c - see range.h. */
#include "ir/range.h"

#include "ir/build.h"
#include "ir/ops.h"

/* -- ranges ----------------------------------------------------------------------------------------------------------- */

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

bool ir_range_is_followed(ir_type type)
{
    return type.lanes == 1 && (type.scalar == IR_BOOL || ir_type_info(type)->kind == IR_KIND_UINT);
}

static uint64_t most_of(ir_type type)
{
    uint32_t bits = type.scalar == IR_BOOL ? 1 : ir_type_info(type)->bits;
    return bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

struct ir_range ir_range_whole(ir_type type)
{
    return (struct ir_range){0, ir_range_is_followed(type) ? most_of(type) : UINT64_MAX};
}

struct ir_range ir_range_join(struct ir_range a, struct ir_range b)
{
    return (struct ir_range){lesser(a.low, b.low), greater(a.high, b.high)};
}

static struct ir_range below(uint64_t count)
{
    return (struct ir_range){0, lesser(UINT32_MAX, count ? count - 1 : 0)};
}

/* -- operations ------------------------------------------------------------------------------------------------------- */

/* All bits up to the highest one set. */
static uint64_t fill_below(uint64_t value)
{
    return value ? UINT64_MAX >> __builtin_clzll(value) : 0;
}

/* Of an operation that grows with its operands: from `low` to `high`, unless they wrapped around. */
static struct ir_range growing(const struct ir_ranges *r, ir_type type, struct ir_range to, bool low_wraps,
                               bool high_wraps)
{
    uint64_t most = most_of(type);
    low_wraps |= to.low > most;
    high_wraps |= to.high > most;
    if (low_wraps || (high_wraps && r->rule == IR_RANGE_PROVED)) return ir_range_whole(type);
    return (struct ir_range){to.low, high_wraps ? most : to.high};
}

static struct ir_range sum_of(const struct ir_ranges *r, ir_type type, struct ir_range a, struct ir_range b)
{
    struct ir_range to;
    bool low_wraps = __builtin_add_overflow(a.low, b.low, &to.low);
    bool high_wraps = __builtin_add_overflow(a.high, b.high, &to.high);
    return growing(r, type, to, low_wraps, high_wraps);
}

static struct ir_range product_of(const struct ir_ranges *r, ir_type type, struct ir_range a, struct ir_range b)
{
    struct ir_range to;
    bool low_wraps = __builtin_mul_overflow(a.low, b.low, &to.low);
    bool high_wraps = __builtin_mul_overflow(a.high, b.high, &to.high);
    return growing(r, type, to, low_wraps, high_wraps);
}

static struct ir_range left_shift_of(const struct ir_ranges *r, ir_type type, struct ir_range a, struct ir_range amount)
{
    if (amount.low != amount.high) return ir_range_whole(type);
    return product_of(r, type, a, ir_range_exactly(UINT64_C(1) << amount.low % ir_type_info(type)->bits));
}

static struct ir_range right_shift_of(ir_type type, struct ir_range a, struct ir_range amount)
{
    if (amount.low != amount.high) return (struct ir_range){0, a.high};
    uint64_t by = amount.low % ir_type_info(type)->bits;
    return (struct ir_range){a.low >> by, a.high >> by};
}

/* x % 0 is 0. */
static struct ir_range remainder_of(struct ir_range a, struct ir_range b)
{
    if (a.high < b.low) return a;
    return (struct ir_range){0, lesser(a.high, b.high ? b.high - 1 : 0)};
}

static struct ir_range range_of_binary(const struct ir_ranges *r, const struct ir_expr *e, struct ir_range a,
                                       struct ir_range b)
{
    switch (e->op) {
    case IR_OP_ADD:
        return sum_of(r, e->type, a, b);
    case IR_OP_MUL:
        return product_of(r, e->type, a, b);
    case IR_OP_SUB:
        return a.low < b.high ? ir_range_whole(e->type) : (struct ir_range){a.low - b.high, a.high - b.low};
    case IR_OP_DIV:
        return b.low ? (struct ir_range){a.low / b.high, a.high / b.low} : ir_range_whole(e->type);
    case IR_OP_REM:
        return remainder_of(a, b);
    case IR_OP_AND:
        return (struct ir_range){0, lesser(a.high, b.high)};
    case IR_OP_OR:
        return (struct ir_range){greater(a.low, b.low), fill_below(a.high | b.high)};
    case IR_OP_XOR:
        return (struct ir_range){0, fill_below(a.high | b.high)};
    case IR_OP_SHL:
        return left_shift_of(r, e->type, a, b);
    case IR_OP_SHR:
        return right_shift_of(e->type, a, b);
    case IR_OP_MIN:
        return (struct ir_range){lesser(a.low, b.low), lesser(a.high, b.high)};
    case IR_OP_MAX:
        return (struct ir_range){greater(a.low, b.low), greater(a.high, b.high)};
    case IR_OP_UNPACK4:
        return below(16);
    case IR_OP_UNPACK8:
        return below(256);
    default:
        return ir_range_whole(e->type);
    }
}

/* -- leaves ----------------------------------------------------------------------------------------------------------- */

/* The workgroups of a launch along an axis: as many as may be, where the dispatch is not constant. */
static uint64_t most_groups(const struct ir_program *p, uint32_t axis)
{
    uint64_t size = p->workgroup[axis];
    if (!p->n_dispatch) return axis ? 1 : UINT32_MAX / size + 1;
    if (axis >= p->n_dispatch) return 1;
    if (!ir_is_const(p->dispatch[axis])) return UINT32_MAX / size + 1;
    return (p->dispatch[axis]->bits + size - 1) / size;
}

static struct ir_range range_of_leaf(const struct ir_ranges *r, const struct ir_expr *e)
{
    const struct ir_program *p = r->program;
    switch (e->op) {
    case IR_OP_CONST:
        return ir_range_exactly(e->bits);
    case IR_OP_LOCAL:
        return r->locals[e->local->index];
    case IR_OP_LEN:
        return e->buffer->sized && !e->buffer->count_expr ? ir_range_exactly(e->buffer->count)
                                                          : ir_range_whole(e->type);
    case IR_OP_GID:
        return below(most_groups(p, e->component) * p->workgroup[e->component]);
    case IR_OP_WID:
        return below(most_groups(p, e->component));
    case IR_OP_LID:
        return below(p->workgroup[e->component]);
    case IR_OP_LANE:
        return below(IR_SUBGROUP_SIZE);
    case IR_OP_WORKGROUP_SIZE:
        return ir_range_exactly(p->workgroup[e->component]);
    case IR_OP_SUBGROUP_SIZE:
        return ir_range_exactly(IR_SUBGROUP_SIZE);
    default:
        return ir_range_whole(e->type);
    }
}

static struct ir_range range_of_cast(const struct ir_ranges *r, const struct ir_expr *e)
{
    struct ir_range a = ir_range_of(r, e->args[0]);
    return ir_range_is_followed(e->args[0]->type) && a.high <= most_of(e->type) ? a : ir_range_whole(e->type);
}

static struct ir_range range_of_unary(const struct ir_ranges *r, const struct ir_expr *e)
{
    switch (e->op) {
    case IR_OP_LOAD:
        return r->table && e->buffer->space == IR_SPACE_DATA ? r->table(r->ctx, e->buffer->data)
                                                             : ir_range_whole(e->type);
    case IR_OP_CAST:
        return range_of_cast(r, e);
    case IR_OP_POPCOUNT:
    case IR_OP_CLZ:
    case IR_OP_CTZ:
        return (struct ir_range){0, ir_type_info(e->args[0]->type)->bits};
    default:
        return ir_range_whole(e->type);
    }
}

/* -- programs --------------------------------------------------------------------------------------------------------- */

void ir_ranges_init(struct ir_ranges *r, struct arena *arena, const struct ir_program *p, enum ir_range_rule rule)
{
    *r = (struct ir_ranges){.program = p, .rule = rule, .locals = ARENA_ARRAY(arena, struct ir_range, p->locals.n + 1)};
    for (uint32_t i = 0; i < p->locals.n; i++)
        r->locals[i] = ir_range_whole(p->locals.at[i]->type);
}

struct ir_range ir_range_of(const struct ir_ranges *r, const struct ir_expr *e)
{
    if (!ir_range_is_followed(e->type)) return ir_range_whole(e->type);
    if (e->n_args == 0) return range_of_leaf(r, e);
    if (e->n_args == 1) return range_of_unary(r, e);
    if (e->op == IR_OP_SELECT) return ir_range_join(ir_range_of(r, e->args[1]), ir_range_of(r, e->args[2]));
    if (e->n_args != 2) return ir_range_whole(e->type);
    if (!ir_range_is_followed(e->args[0]->type) || !ir_range_is_followed(e->args[1]->type))
        return ir_range_whole(e->type);
    return range_of_binary(r, e, ir_range_of(r, e->args[0]), ir_range_of(r, e->args[1]));
}

struct ir_range ir_range_of_loop(const struct ir_ranges *r, const struct ir_stmt *loop)
{
    struct ir_range from = ir_range_of(r, loop->for_.from), to = ir_range_of(r, loop->for_.to);
    bool runs = ir_range_is_followed(loop->for_.local->type) && to.high > from.low;
    return runs ? (struct ir_range){from.low, to.high - 1} : ir_range_whole(loop->for_.local->type);
}
