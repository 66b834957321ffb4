/* chunk_shift_value.c - what operations make of positions.
 *
 * Ids and lengths are thought of as numbers of any size. In a chunk they are less by weight * step, and everything that is
 * computed from them must be less by a weight of its own, or not at all: then it is the same computation. Ends of the data that
 * are far away are cut off, so of them only comparisons with what is near are known. What cannot be shown is refused. */
#include "passes/chunk_shift_value.h"

#include "ir/ops.h"

/* -- ratios ------------------------------------------------------------------------------------ */

static const uint64_t most_weight = UINT64_C(1) << 31;

uint64_t ratio_common(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

struct ratio ratio_new(uint64_t num, uint64_t den)
{
    uint64_t common = ratio_common(num, den);
    return num ? (struct ratio){num / common, den / common} : (struct ratio){0, 1};
}

bool ratio_equal(struct ratio a, struct ratio b)
{
    return a.num == b.num && a.den == b.den;
}

struct ratio ratio_scale(struct ratio r, uint64_t num, uint64_t den)
{
    uint64_t a = ratio_common(r.num, den), b = ratio_common(num, r.den);
    if (!num || !r.num) return ratio_new(0, 1);
    uint64_t up = num / b, down = den / a;
    if (up >= most_weight || down >= most_weight) return ratio_new(0, 1);
    up *= r.num / a;
    down *= r.den / b;
    return up < most_weight && down < most_weight ? (struct ratio){up, down} : ratio_new(0, 1);
}

/* Below 2^31 each, so that nothing overflows. */
static bool is_less(struct ratio a, struct ratio b)
{
    return a.num * b.den < b.num * a.den;
}

static struct ratio add_ratios(struct ratio a, struct ratio b, bool is_difference)
{
    uint64_t x = a.num * b.den, y = b.num * a.den;
    struct ratio sum = ratio_new(is_difference ? x - y : x + y, a.den * b.den);
    return sum.num < most_weight && sum.den < most_weight ? sum : ratio_new(0, 1);
}

/* -- values ------------------------------------------------------------------------------------ */

void shift_refuse(struct shift_look *k, const char *format, const char *name)
{
    if (!k->refusal) k->refusal = arena_printf(k->program->module->arena, format, k->program->name, name);
}

struct shift_value shift_fixed(void)
{
    return (struct shift_value){.kind = SHIFT_FIXED, .weight = {0, 1}};
}

static struct shift_value bound(struct shift_value v, int64_t low, int64_t high)
{
    v.is_bounded = low >= -SHIFT_MOST_OFFSET && high <= SHIFT_MOST_OFFSET && low <= high;
    v.low = v.is_bounded ? low : 0;
    v.high = v.is_bounded ? high : 0;
    return v;
}

static struct shift_value fixed_within(int64_t low, int64_t high)
{
    return bound(shift_fixed(), low, high);
}

static struct shift_value moving(struct shift_look *k, enum shift_kind kind, struct ratio weight)
{
    struct shift_value v = {.kind = kind, .weight = weight};
    if (!weight.num) shift_refuse(k, "'%s' computes a position that is too far apart from its neighbours'", NULL);
    if (is_less(k->needs->heaviest, weight)) k->needs->heaviest = weight;
    return v;
}

static bool is_position(struct shift_value v)
{
    return v.kind == SHIFT_MOVES || v.kind == SHIFT_END;
}

static struct shift_value refuse_op(struct shift_look *k, const struct ir_expr *e)
{
    const struct ir_op_info *info = &ir_op_infos[e->op];
    shift_refuse(k, "'%s' computes '%s' of a position", *info->text ? info->text : info->name);
    return shift_fixed();
}

/* Steps are to be so many that the weight is a multiple of `divisor` for them. */
static void need_multiple(struct shift_look *k, struct ratio weight, uint64_t divisor)
{
    if (!weight.num || divisor >= most_weight) return;
    uint64_t many = weight.den * divisor / ratio_common(weight.num, weight.den * divisor);
    many = many < most_weight ? many * (k->needs->scale / ratio_common(k->needs->scale, many)) : many;
    if (many >= most_weight)
        shift_refuse(k, "'%s' divides positions by too many numbers", NULL);
    else
        k->needs->scale = many;
}

/* Positions of this weight are to be more than `distance`. */
static void need_distance(struct shift_look *k, struct ratio weight, int64_t distance)
{
    if (distance < 0 || !weight.num) return;
    uint64_t steps = ((uint64_t)distance + 1) * weight.den / weight.num + 1;
    if (steps > k->needs->margin) k->needs->margin = steps;
}

/* It is a number that does not wrap. */
static bool need_number(struct shift_look *k, struct shift_value v)
{
    if (!v.is_bounded) {
        shift_refuse(k, "how far a position of '%s' is from its workgroup is not known", NULL);
        return false;
    }
    need_distance(k, v.weight, -v.low);
    return true;
}

struct shift_value shift_join(struct shift_look *k, struct shift_value a, struct shift_value b, const char *name)
{
    if (a.kind != b.kind || !ratio_equal(a.weight, b.weight)) {
        shift_refuse(k, "'%s' has in '%s' now one position, now another, or none", name);
        return shift_fixed();
    }
    bool both = a.is_bounded && b.is_bounded;
    a = both ? bound(a, a.low < b.low ? a.low : b.low, a.high > b.high ? a.high : b.high) : bound(a, 1, 0);
    a.is_cut |= b.is_cut;
    return a;
}

/* A constant as a number near 0; false: it is none. */
static bool get_constant(const struct ir_expr *e, struct shift_value v, uint64_t *value)
{
    if (e->op == IR_OP_CONST)
        *value = e->bits;
    else if (v.kind == SHIFT_FIXED && v.is_bounded && v.low == v.high && v.low >= 0)
        *value = (uint64_t)v.low;
    else
        return false;
    return true;
}

/* -- leaves ------------------------------------------------------------------------------------ */

typedef struct shift_value maker(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args);

static struct shift_value make_constant(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    (void)k;
    (void)args;
    if (e->bits > INT64_MAX) return shift_fixed();
    int64_t value = (int64_t)e->bits;
    if (ir_type_equal(e->type, IR_TYPE(U32)) && value > INT32_MAX) value -= (int64_t)1 << 32;
    bool is_number = ir_type_is_int(e->type) && !ir_type_is_signed(e->type);
    return is_number || ir_type_equal(e->type, IR_TYPE(BOOL)) ? fixed_within(value, value) : shift_fixed();
}

static struct shift_value make_local(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    (void)args;
    return k->has_value[e->local->index] ? k->locals[e->local->index] : shift_fixed();
}

static struct shift_value make_param(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    (void)args;
    return k->params[e->param->index];
}

static struct ratio weight_of(const struct shift_look *k, const struct ir_buffer *b)
{
    return b->space == IR_SPACE_STORAGE ? k->elements[b->index] : ratio_new(0, 1);
}

static struct shift_value make_length(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    (void)args;
    struct ratio weight = weight_of(k, e->buffer);
    if (weight.num) return bound(moving(k, SHIFT_END, weight), 0, 0);
    return e->buffer->sized && e->buffer->count <= SHIFT_MOST_OFFSET
               ? fixed_within((int64_t)e->buffer->count, (int64_t)e->buffer->count)
               : shift_fixed();
}

/* gid, wid and num_workgroups in x; workgroups have one dimension. */
static struct shift_value make_id(struct shift_look *k, const struct ir_expr *e, uint32_t size, enum shift_kind kind)
{
    if (e->component) return shift_fixed();
    if (!k->groups.num) return shift_fixed();
    return bound(moving(k, kind, ratio_scale(k->groups, size, 1)), 0, size - 1);
}

static struct shift_value make_gid(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    (void)args;
    return make_id(k, e, k->program->workgroup[0], SHIFT_MOVES);
}

static struct shift_value make_wid(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    (void)args;
    return make_id(k, e, 1, SHIFT_MOVES);
}

static struct shift_value make_all(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    (void)args;
    return make_id(k, e, 1, SHIFT_END);
}

static struct shift_value make_lid(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    (void)args;
    return fixed_within(0, k->program->workgroup[e->component] - 1);
}

static struct shift_value make_size(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    (void)args;
    return fixed_within(k->program->workgroup[e->component], k->program->workgroup[e->component]);
}

/* Whatever has this type. */
static struct shift_value any_of(ir_type type)
{
    uint64_t bits = ir_type_is_int(type) && !ir_type_is_signed(type) ? ir_type_mem_bytes(type) * 8 : 0;
    if (ir_type_equal(type, IR_TYPE(BOOL))) bits = 1;
    return bits && bits < 24 ? fixed_within(0, (1 << bits) - 1) : shift_fixed();
}

static struct shift_value make_load(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    struct ratio weight = weight_of(k, e->buffer);
    if (args[0].kind > SHIFT_MOVES || !ratio_equal(args[0].weight, weight))
        shift_refuse(k, "what '%s' reads of '%s' does not move with it", e->buffer->name);
    return any_of(e->type);
}

/* -- arithmetic -------------------------------------------------------------------------------- */

static struct shift_value offset_by(struct shift_value v, struct shift_value by, int64_t sign)
{
    if (!v.is_bounded || !by.is_bounded) return bound(v, 1, 0);
    return sign > 0 ? bound(v, v.low + by.low, v.high + by.high) : bound(v, v.low - by.high, v.high - by.low);
}

static struct shift_value make_add(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    struct shift_value a = args[0], b = args[1];
    if (a.kind == SHIFT_FIXED && b.kind != SHIFT_REST) return offset_by(b, a, 1);
    if (b.kind == SHIFT_FIXED && a.kind != SHIFT_REST) return offset_by(a, b, 1);
    if (a.kind != SHIFT_MOVES || b.kind != SHIFT_MOVES) return refuse_op(k, e);
    struct shift_value sum = offset_by(moving(k, SHIFT_MOVES, add_ratios(a.weight, b.weight, false)), a, 1);
    if (a.is_bounded) sum = offset_by(bound(sum, a.low, a.high), b, 1);
    sum.is_cut = a.is_cut || b.is_cut;
    return sum;
}

static struct shift_value subtract_positions(struct shift_look *k, const struct ir_expr *e, struct shift_value a,
                                             struct shift_value b)
{
    if (a.kind == SHIFT_END && b.kind == SHIFT_MOVES && ratio_equal(a.weight, b.weight))
        return need_number(k, a) && need_number(k, b)
                   ? (struct shift_value){.kind = SHIFT_REST, .weight = a.weight, .low = a.low - b.high}
                   : shift_fixed();
    if (a.kind != SHIFT_MOVES || b.kind != SHIFT_MOVES || is_less(a.weight, b.weight)) return refuse_op(k, e);
    bool is_known = a.is_bounded && b.is_bounded && !a.is_cut && !b.is_cut;
    if (ratio_equal(a.weight, b.weight)) return is_known ? fixed_within(a.low - b.high, a.high - b.low) : shift_fixed();
    struct shift_value rest = moving(k, SHIFT_MOVES, add_ratios(a.weight, b.weight, true));
    return is_known ? bound(rest, a.low - b.high, a.high - b.low) : rest;
}

static struct shift_value make_subtract(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    if (args[1].kind == SHIFT_FIXED && args[0].kind != SHIFT_REST) return offset_by(args[0], args[1], -1);
    return subtract_positions(k, e, args[0], args[1]);
}

static struct shift_value multiply(struct shift_look *k, struct shift_value v, uint64_t by)
{
    if (!by || by > SHIFT_MOST_OFFSET) return by ? moving(k, v.kind, ratio_new(0, 1)) : fixed_within(0, 0);
    struct shift_value product = v.kind == SHIFT_FIXED ? v : moving(k, v.kind, ratio_scale(v.weight, by, 1));
    product.is_cut = v.is_cut;
    int64_t factor = (int64_t)by;
    return v.is_bounded ? bound(product, v.low * factor, v.high * factor) : product;
}

static struct shift_value make_product(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    uint64_t by;
    for (uint32_t i = 0; i < 2; i++) {
        if (args[i].kind == SHIFT_REST || !get_constant(e->args[!i], args[!i], &by)) continue;
        if (args[i].kind == SHIFT_FIXED && by > SHIFT_MOST_OFFSET) return shift_fixed();
        return multiply(k, args[i], by);
    }
    return args[0].kind == SHIFT_FIXED && args[1].kind == SHIFT_FIXED ? shift_fixed() : refuse_op(k, e);
}

static int64_t floor_div(int64_t a, int64_t by)
{
    return a >= 0 ? a / by : -((-a + by - 1) / by);
}

/* The weight over the workgroup's number need not be whole, so the offset of a quotient has one more on either side. */
static struct shift_value divide(struct shift_look *k, struct shift_value v, uint64_t by)
{
    int64_t divisor = (int64_t)by;
    if (by > SHIFT_MOST_OFFSET) return v.kind == SHIFT_FIXED ? shift_fixed() : moving(k, v.kind, ratio_new(0, 1));
    if (v.kind == SHIFT_FIXED)
        return v.is_bounded && v.low >= 0 ? fixed_within(v.low / divisor, v.high / divisor) : shift_fixed();
    if (!need_number(k, v)) return shift_fixed();
    need_multiple(k, v.weight, by);
    struct shift_value quotient = moving(k, v.kind, ratio_scale(v.weight, 1, by));
    quotient.is_cut = v.is_cut;
    return bound(quotient, floor_div(v.low, divisor) - 1, floor_div(v.high, divisor) + 1);
}

static struct shift_value take_rest(struct shift_look *k, const struct ir_expr *e, struct shift_value v, uint64_t by)
{
    if (v.kind == SHIFT_MOVES && need_number(k, v)) need_multiple(k, v.weight, by);
    if (v.kind > SHIFT_MOVES) return refuse_op(k, e);
    return by <= SHIFT_MOST_OFFSET ? fixed_within(0, (int64_t)by - 1) : shift_fixed();
}

static struct shift_value make_quotient(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    uint64_t by;
    if (args[0].kind != SHIFT_REST && ir_type_is_int(e->type) && !ir_type_is_signed(e->type) &&
        get_constant(e->args[1], args[1], &by) && by)
        return divide(k, args[0], by);
    return args[0].kind == SHIFT_FIXED && args[1].kind == SHIFT_FIXED ? shift_fixed() : refuse_op(k, e);
}

static struct shift_value make_remainder(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    uint64_t by;
    if (ir_type_is_int(e->type) && !ir_type_is_signed(e->type) && get_constant(e->args[1], args[1], &by) && by)
        return take_rest(k, e, args[0], by);
    return args[0].kind == SHIFT_FIXED && args[1].kind == SHIFT_FIXED ? shift_fixed() : refuse_op(k, e);
}

/* Shifts are products and quotients; amounts count modulo 32 where positions are. */
static bool get_shift(const struct ir_expr *e, const struct shift_value *args, uint64_t *by)
{
    uint64_t amount;
    if (!ir_type_equal(e->type, IR_TYPE(U32)) || !get_constant(e->args[1], args[1], &amount)) return false;
    *by = UINT64_C(1) << amount % 32;
    return *by <= SHIFT_MOST_OFFSET;
}

static struct shift_value make_left(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    uint64_t by;
    if (args[0].kind != SHIFT_REST && get_shift(e, args, &by)) return multiply(k, args[0], by);
    return args[0].kind == SHIFT_FIXED && args[1].kind == SHIFT_FIXED ? shift_fixed() : refuse_op(k, e);
}

static struct shift_value make_right(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    uint64_t by;
    if (args[0].kind != SHIFT_REST && get_shift(e, args, &by)) return divide(k, args[0], by);
    return args[0].kind == SHIFT_FIXED && args[1].kind == SHIFT_FIXED ? shift_fixed() : refuse_op(k, e);
}

/* The low bits of a position, or all others. */
static struct shift_value mask(struct shift_look *k, const struct ir_expr *e, struct shift_value v, uint64_t bits)
{
    uint64_t low = bits + 1, high = (~bits & UINT32_MAX) + 1;
    if (ir_type_equal(e->type, IR_TYPE(U32)) && v.kind == SHIFT_MOVES && !(low & (low - 1)))
        return take_rest(k, e, v, low);
    if (!ir_type_equal(e->type, IR_TYPE(U32)) || v.kind != SHIFT_MOVES || high & (high - 1) || high > SHIFT_MOST_OFFSET)
        return refuse_op(k, e);
    take_rest(k, e, v, high);
    return v.is_bounded ? bound(v, v.low - (int64_t)high + 1, v.high) : v;
}

static struct shift_value make_and(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    uint64_t bits;
    if (args[0].kind != SHIFT_FIXED && get_constant(e->args[1], args[1], &bits)) return mask(k, e, args[0], bits);
    if (args[1].kind != SHIFT_FIXED && get_constant(e->args[0], args[0], &bits)) return mask(k, e, args[1], bits);
    if (args[0].kind != SHIFT_FIXED || args[1].kind != SHIFT_FIXED) return refuse_op(k, e);
    for (uint32_t i = 0; i < 2; i++)
        if (args[i].is_bounded && args[i].low >= 0) return fixed_within(0, args[i].high);
    return any_of(e->type);
}

/* -- comparisons ------------------------------------------------------------------------------- */

/* A position against a number that is near 0: all are more, however far. */
static void compare_near(struct shift_look *k, const struct ir_expr *e, struct shift_value v, struct shift_value near)
{
    if (!near.is_bounded || near.low < 0) {
        refuse_op(k, e);
        return;
    }
    if (v.kind != SHIFT_REST && !need_number(k, v)) return;
    need_distance(k, v.weight, near.high - v.low);
}

static struct shift_value make_comparison(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    struct shift_value a = args[0], b = args[1];
    if (a.kind == SHIFT_FIXED && b.kind == SHIFT_FIXED) return fixed_within(0, 1);
    if (a.kind == SHIFT_FIXED || b.kind == SHIFT_FIXED) {
        compare_near(k, e, a.kind == SHIFT_FIXED ? b : a, a.kind == SHIFT_FIXED ? a : b);
    } else if (!is_position(a) || !is_position(b) || (a.kind == SHIFT_END && b.kind == SHIFT_END) ||
               !ratio_equal(a.weight, b.weight)) {
        refuse_op(k, e);
    } else if (need_number(k, a)) {
        need_number(k, b);
    }
    return fixed_within(0, 1);
}

static struct shift_value least_fixed(struct shift_value a, struct shift_value b)
{
    if (a.is_bounded && b.is_bounded && a.low >= 0 && b.low >= 0)
        return fixed_within(a.low < b.low ? a.low : b.low, a.high < b.high ? a.high : b.high);
    if (a.is_bounded && a.low >= 0) return fixed_within(0, a.high);
    return b.is_bounded && b.low >= 0 ? fixed_within(0, b.high) : shift_fixed();
}

/* Of a position and an end: a position still, but it may be less than its offsets say. */
static struct shift_value make_min(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    struct shift_value a = args[0], b = args[1];
    if (ir_type_is_int(e->type) && !ir_type_is_signed(e->type) && a.kind == SHIFT_FIXED && b.kind == SHIFT_FIXED)
        return least_fixed(a, b);
    if (a.kind == SHIFT_FIXED && b.kind == SHIFT_FIXED) return shift_fixed();
    if (a.kind == SHIFT_FIXED || b.kind == SHIFT_FIXED) {
        compare_near(k, e, a.kind == SHIFT_FIXED ? b : a, a.kind == SHIFT_FIXED ? a : b);
        struct shift_value near = a.kind == SHIFT_FIXED ? a : b;
        return fixed_within(0, near.high);
    }
    if (!is_position(a) || !is_position(b) || !ratio_equal(a.weight, b.weight)) return refuse_op(k, e);
    if (!need_number(k, a) || !need_number(k, b)) return shift_fixed();
    struct shift_value least = a.kind == SHIFT_MOVES ? a : b, other = a.kind == SHIFT_MOVES ? b : a;
    if (a.kind == b.kind)
        least = bound(a, a.low < b.low ? a.low : b.low, a.kind == SHIFT_MOVES && a.high < b.high ? a.high : b.high);
    if (a.kind == SHIFT_END && b.kind == SHIFT_END && a.high > b.high) least = bound(least, least.low, a.high);
    least.is_cut = a.is_cut || b.is_cut || other.kind == SHIFT_END;
    if (least.kind == SHIFT_MOVES && other.kind == SHIFT_END && other.low < least.low)
        least = bound(least, other.low < 0 ? other.low : least.low, least.high);
    return least;
}

static struct shift_value make_max(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    struct shift_value a = args[0], b = args[1];
    if (a.kind == SHIFT_FIXED && b.kind == SHIFT_FIXED) return shift_fixed();
    if ((a.kind == SHIFT_FIXED && is_position(b)) || (b.kind == SHIFT_FIXED && is_position(a))) {
        struct shift_value v = a.kind == SHIFT_FIXED ? b : a;
        compare_near(k, e, v, a.kind == SHIFT_FIXED ? a : b);
        return v;
    }
    if (a.kind != SHIFT_MOVES || b.kind != SHIFT_MOVES || !ratio_equal(a.weight, b.weight)) return refuse_op(k, e);
    return shift_join(k, a, b, "max");
}

/* The distance to an end, 0 behind it. */
static struct shift_value make_sat_sub(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    if (args[0].kind == SHIFT_FIXED && args[1].kind == SHIFT_FIXED) return shift_fixed();
    if (args[0].kind == SHIFT_MOVES && args[1].kind == SHIFT_FIXED) {
        compare_near(k, e, args[0], args[1]);
        return offset_by(args[0], args[1], -1);
    }
    if (args[0].kind != SHIFT_END || args[1].kind != SHIFT_MOVES) return refuse_op(k, e);
    return subtract_positions(k, e, args[0], args[1]);
}

static struct shift_value make_select(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    (void)e;
    if (args[0].kind != SHIFT_FIXED) return refuse_op(k, e);
    return shift_join(k, args[1], args[2], "select");
}

/* -- conversions ------------------------------------------------------------------------------- */

static bool is_wide(ir_type type)
{
    return ir_type_equal(type, IR_TYPE(U64)) || ir_type_equal(type, IR_TYPE(I64));
}

/* In 64 bits there is room for the position in all of the data. */
static struct shift_value widen(struct shift_look *k, const struct ir_expr *e, struct shift_value v)
{
    if (!need_number(k, v)) return shift_fixed();
    need_multiple(k, v.weight, 1);
    if (k->wides) {
        struct chunk_shift_wide wide = {e, v.weight.num * k->needs->scale / v.weight.den};
        vec_push(k->arena, &k->wides->list, wide);
    }
    return shift_fixed();
}

static struct shift_value make_cast(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    ir_type from = e->args[0]->type;
    struct shift_value v = args[0];
    if (v.kind == SHIFT_MOVES && is_wide(e->type)) return widen(k, e, v);
    if (v.kind != SHIFT_FIXED && ir_type_equal(e->type, from)) return v;
    if (v.kind == SHIFT_MOVES && (ir_type_equal(e->type, IR_TYPE(U8)) || ir_type_equal(e->type, IR_TYPE(U16))))
        return take_rest(k, e, v, UINT64_C(1) << ir_type_mem_bytes(e->type) * 8);
    if (v.kind != SHIFT_FIXED) return refuse_op(k, e);
    struct shift_value most = any_of(from), room = any_of(e->type);
    bool is_number = v.is_bounded && v.low >= 0 && (!most.is_bounded || v.high <= most.high);
    if (!is_number) v = most;
    bool fits = v.is_bounded && (!room.is_bounded || v.high <= room.high);
    if (fits && ir_type_is_int(e->type) && !ir_type_is_signed(e->type)) return v;
    return room;
}

/* -- all operations ---------------------------------------------------------------------------- */

static struct shift_value make_bits(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    return args[0].kind == SHIFT_FIXED ? fixed_within(0, 64) : refuse_op(k, e);
}

static struct shift_value make_lane(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    (void)k;
    (void)args;
    return e->op == IR_OP_LANE ? fixed_within(0, 31) : fixed_within(32, 32);
}

/* Of what stays the same. */
static struct shift_value make_other(struct shift_look *k, const struct ir_expr *e, const struct shift_value *args)
{
    for (uint32_t i = 0; i < e->n_args; i++)
        if (args[i].kind != SHIFT_FIXED) return refuse_op(k, e);
    return any_of(e->type);
}

static maker *const makers[IR_OP_COUNT] = {
    [IR_OP_CONST] = make_constant,  [IR_OP_LOCAL] = make_local,
    [IR_OP_PARAM] = make_param,     [IR_OP_LEN] = make_length,
    [IR_OP_GID] = make_gid,         [IR_OP_LID] = make_lid,
    [IR_OP_WID] = make_wid,         [IR_OP_WORKGROUP_SIZE] = make_size,
    [IR_OP_LANE] = make_lane,       [IR_OP_SUBGROUP_SIZE] = make_lane,
    [IR_OP_LOAD] = make_load,       [IR_OP_NUM_WORKGROUPS] = make_all,
    [IR_OP_CAST] = make_cast,       [IR_OP_SELECT] = make_select,
    [IR_OP_ADD] = make_add,         [IR_OP_SUB] = make_subtract,
    [IR_OP_MUL] = make_product,     [IR_OP_DIV] = make_quotient,
    [IR_OP_REM] = make_remainder,   [IR_OP_AND] = make_and,
    [IR_OP_SHL] = make_left,        [IR_OP_SHR] = make_right,
    [IR_OP_EQ] = make_comparison,   [IR_OP_NE] = make_comparison,
    [IR_OP_LT] = make_comparison,   [IR_OP_LE] = make_comparison,
    [IR_OP_GT] = make_comparison,   [IR_OP_GE] = make_comparison,
    [IR_OP_MIN] = make_min,         [IR_OP_MAX] = make_max,
    [IR_OP_SAT_SUB] = make_sat_sub, [IR_OP_POPCOUNT] = make_bits,
    [IR_OP_CLZ] = make_bits,        [IR_OP_CTZ] = make_bits,
};

struct shift_value shift_value_of(struct shift_look *k, const struct ir_expr *e)
{
    struct shift_value args[4], most = any_of(e->type);
    for (uint32_t i = 0; i < e->n_args; i++)
        args[i] = shift_value_of(k, e->args[i]);
    struct shift_value v = (makers[e->op] ? makers[e->op] : make_other)(k, e, args);
    bool wraps = v.kind == SHIFT_FIXED && v.is_bounded && most.is_bounded && (v.low < 0 || v.high > most.high);
    return wraps ? most : v;
}
