/* index_range.c - see index_range.h. Signed and float values are not followed. */
#include "ir/index_range.h"

#include "ir/ops.h"

static uint64_t max_of(ir_type type)
{
    if (ir_type_info(type)->kind != IR_KIND_UINT && type.scalar != IR_BOOL) return UINT64_MAX;
    uint32_t bits = ir_type_info(type)->bits;
    return bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
}

static struct index_range whole(ir_type type)
{
    return (struct index_range){0, max_of(type)};
}

static struct index_range exactly(uint64_t value)
{
    return (struct index_range){value, value};
}

void index_ranges_init(struct index_ranges *r, struct arena *arena, const struct ir_program *p)
{
    r->program = p;
    r->locals = ARENA_ARRAY(arena, struct index_range, p->locals.n);
    for (uint32_t i = 0; i < p->locals.n; i++)
        r->locals[i] = whole(p->locals.at[i]->type);
}

void index_ranges_pass(struct index_ranges *r, const struct ir_stmt *s)
{
    if (s->kind == IR_STMT_LET) {
        r->locals[s->let.local->index] = index_range_of(r, s->let.value);
    } else if (s->kind == IR_STMT_FOR) {
        uint64_t low = index_range_of(r, s->for_.from).low, high = index_range_of(r, s->for_.to).high;
        if (high > low) r->locals[s->for_.local->index] = (struct index_range){low, high - 1};
    }
}

/* All bits up to the highest one set. */
static uint64_t fill_below(uint64_t value)
{
    return value ? UINT64_MAX >> __builtin_clzll(value) : 0;
}

static struct index_range divide(struct index_range a, struct index_range b, ir_type type)
{
    return b.low ? (struct index_range){a.low / b.high, a.high / b.low} : whole(type);
}

static struct index_range shift(const struct ir_expr *e, struct index_range a, struct index_range b)
{
    struct index_range r = {0, 0};
    if (b.low != b.high || b.low >= ir_type_info(e->type)->bits) return whole(e->type);
    if (e->op == IR_OP_SHR) return (struct index_range){a.low >> b.low, a.high >> b.low};
    if (a.low > max_of(e->type) >> b.low) return whole(e->type);
    r.low = a.low << b.low;
    r.high = a.high > max_of(e->type) >> b.low ? max_of(e->type) : a.high << b.low;
    return r;
}

static struct index_range sum_or_product(const struct ir_expr *e, struct index_range a, struct index_range b)
{
    uint64_t most = max_of(e->type);
    struct index_range r;
    bool add = e->op == IR_OP_ADD;
    bool low_wraps = add ? __builtin_add_overflow(a.low, b.low, &r.low) : __builtin_mul_overflow(a.low, b.low, &r.low);
    bool high_wraps =
        add ? __builtin_add_overflow(a.high, b.high, &r.high) : __builtin_mul_overflow(a.high, b.high, &r.high);
    if (low_wraps || r.low > most) return whole(e->type);
    if (high_wraps || r.high > most) r.high = most;
    return r;
}

static struct index_range range_of_binary(const struct ir_expr *e, struct index_range a, struct index_range b)
{
    switch (e->op) {
    case IR_OP_ADD:
    case IR_OP_MUL:
        return sum_or_product(e, a, b);
    case IR_OP_SUB:
        return a.low < b.high ? whole(e->type) : (struct index_range){a.low - b.high, a.high - b.low};
    case IR_OP_DIV:
        return divide(a, b, e->type);
    case IR_OP_REM:
        return b.low ? (struct index_range){0, a.high < b.high ? a.high : b.high - 1} : whole(e->type);
    case IR_OP_AND:
        return (struct index_range){0, a.high < b.high ? a.high : b.high};
    case IR_OP_OR:
        return (struct index_range){a.low > b.low ? a.low : b.low, fill_below(a.high | b.high)};
    case IR_OP_XOR:
        return (struct index_range){0, fill_below(a.high | b.high)};
    case IR_OP_SHL:
    case IR_OP_SHR:
        return shift(e, a, b);
    case IR_OP_MIN:
        return (struct index_range){a.low < b.low ? a.low : b.low, a.high < b.high ? a.high : b.high};
    case IR_OP_MAX:
        return (struct index_range){a.low > b.low ? a.low : b.low, a.high > b.high ? a.high : b.high};
    case IR_OP_UNPACK4:
        return (struct index_range){0, 15};
    case IR_OP_UNPACK8:
        return (struct index_range){0, 255};
    default:
        return whole(e->type);
    }
}

static struct index_range range_of_select(struct index_range a, struct index_range b)
{
    return (struct index_range){a.low < b.low ? a.low : b.low, a.high > b.high ? a.high : b.high};
}

static struct index_range range_of_leaf(const struct index_ranges *r, const struct ir_expr *e)
{
    switch (e->op) {
    case IR_OP_CONST:
        return exactly(e->bits);
    case IR_OP_LOCAL:
        return r->locals[e->local->index];
    case IR_OP_LEN:
        return e->buffer->sized && !e->buffer->count_expr ? exactly(e->buffer->count) : whole(e->type);
    case IR_OP_LID:
        return (struct index_range){0, (uint64_t)r->program->workgroup[e->component] - 1};
    case IR_OP_LANE:
        return (struct index_range){0, IR_SUBGROUP_SIZE - 1};
    case IR_OP_WORKGROUP_SIZE:
        return exactly(r->program->workgroup[e->component]);
    case IR_OP_SUBGROUP_SIZE:
        return exactly(IR_SUBGROUP_SIZE);
    default:
        return whole(e->type);
    }
}

struct index_range index_range_of(const struct index_ranges *r, const struct ir_expr *e)
{
    if (e->type.lanes != 1 || max_of(e->type) == UINT64_MAX) return whole(e->type);
    if (e->n_args == 0) return range_of_leaf(r, e);
    if (e->op == IR_OP_SELECT) return range_of_select(index_range_of(r, e->args[1]), index_range_of(r, e->args[2]));
    if (e->op == IR_OP_CAST) {
        struct index_range a = index_range_of(r, e->args[0]);
        return a.high <= max_of(e->type) ? a : whole(e->type);
    }
    if (e->n_args != 2) return whole(e->type);
    return range_of_binary(e, index_range_of(r, e->args[0]), index_range_of(r, e->args[1]));
}
