/* gen_expr.c - random expressions: any operation of ops.def that gives the wanted type, over what is visible. */
#include "tools/vyre-fuzz/generate.h"

#include <string.h>

uint64_t random_draw(struct random *r)
{
    uint64_t z = r->state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

uint32_t random_below(struct random *r, uint32_t n)
{
    return (uint32_t)((random_draw(r) >> 32) * n >> 32);
}

/* -- types and constants --------------------------------------------------------------------------------- */

static bool is_vector_scalar(uint8_t s)
{
    return s == IR_U32 || s == IR_I32 || s == IR_F32;
}

ir_type gen_type(struct gen *g)
{
    ir_type t = {(uint8_t)random_between(g->random, IR_NONE + 1, IR_SCALAR_COUNT - 1), 1};
    if (random_chance(g->random, 30)) t.scalar = IR_U32;
    if (is_vector_scalar(t.scalar) && random_chance(g->random, 12)) t.lanes = random_chance(g->random, 50) ? 2 : 4;
    return t;
}

static uint64_t draw_int(struct gen *g, uint32_t bits)
{
    uint64_t mask = UINT64_MAX >> (64 - bits), v = random_draw(g->random);
    switch (random_below(g->random, 6)) {
    case 0:
        return v & mask;
    case 1:
        return (UINT64_C(1) << v % bits) & mask; /* a power of two, the least number too */
    case 2:
        return ((UINT64_C(1) << v % bits) - 1) & mask; /* all ones below it */
    case 3:
        return ~(v % 4) & mask; /* -1 .. -4 */
    default:
        return v % 20 & mask;
    }
}

static uint64_t draw_float(struct gen *g, enum ir_scalar s)
{
    static const double values[] = {0.0,  -0.0, 1.0,   -1.0,    0.5,   2.0,  3.0,    10.0, 1.5,
                                    -2.5, 0.1,  100.0, 65504.0, 1e-40, 3e38, 1e-310, 1e300};
    struct ir_value v = {{0}};
    ir_type f64 = IR_TYPE(F64), type = {(uint8_t)s, 1};
    double d = values[random_below(g->random, sizeof values / sizeof *values)];
    if (random_chance(g->random, 30)) d = ((double)random_below(g->random, 2000001) - 1e6) / 1024;
    if (random_chance(g->random, 4)) d = random_chance(g->random, 50) ? __builtin_inf() : __builtin_nan("");
    memcpy(&v.lane[0], &d, sizeof d);
    uint64_t bits = s == IR_F64 ? v.lane[0] : ir_op_eval(IR_OP_CAST, type, 0, &f64, &v, 1).lane[0];
    return ir_value_to_memory(s, bits);
}

struct ir_expr *gen_const(struct gen *g, ir_type type)
{
    ir_type scalar = {type.scalar, 1};
    struct ir_expr *parts[4];
    for (uint32_t k = 0; k < type.lanes; k++) {
        uint64_t bits = ir_type_is_float(scalar) ? draw_float(g, type.scalar) : draw_int(g, ir_type_info(scalar)->bits);
        parts[k] = ir_const(g->m, scalar, bits, SRC_NONE);
    }
    return type.lanes == 1 ? parts[0] : ir_expr_new(g->m, IR_OP_VEC, type, parts, type.lanes, SRC_NONE);
}

/* -- indices --------------------------------------------------------------------------------------------- */

/* own * OWN_ELEMENTS + k, of the workgroup or of the grid. */
struct ir_expr *gen_own_index(struct gen *g, const struct ir_buffer *b)
{
    struct ir_local *own = b->space == IR_SPACE_WORKGROUP ? g->own_in_group : g->own;
    struct ir_expr *base =
        ir_binary(g->m, IR_OP_MUL, ir_get_local(g->m, own, SRC_NONE), ir_const_u32(g->m, OWN_ELEMENTS), SRC_NONE);
    return ir_binary(g->m, IR_OP_ADD, base, ir_const_u32(g->m, random_below(g->random, OWN_ELEMENTS)), SRC_NONE);
}

/* Mostly within bounds, sometimes far out; never a constant past a constant count. */
struct ir_expr *gen_any_index(struct gen *g, const struct ir_buffer *b, bool uniform)
{
    struct ir_expr *e = gen_expr(g, IR_TYPE(U32), 2, uniform);
    uint32_t count = b->sized && b->count ? (uint32_t)b->count : random_between(g->random, 1, 300);
    if (random_chance(g->random, 85)) return ir_binary(g->m, IR_OP_REM, e, ir_const_u32(g->m, count), SRC_NONE);
    return ir_binary(g->m, IR_OP_OR, e, ir_id(g->m, uniform ? IR_OP_WID : IR_OP_GID, 0, SRC_NONE), SRC_NONE);
}

/* -- leaves ---------------------------------------------------------------------------------------------- */

static bool may_read(const struct gen_array *a)
{
    return ir_access_reads(a->buffer->access) && !a->own_atomics && a->phase != PHASE_ATOMIC;
}

/* What differs between invocations: private and written arrays always do as far as the facts know. */
static bool is_uniform_array(const struct gen_array *a)
{
    return a->buffer->space == IR_SPACE_DATA ||
           (a->buffer->space == IR_SPACE_STORAGE && !ir_access_writes(a->buffer->access));
}

static struct ir_expr *find_load(struct gen *g, ir_type type, bool uniform)
{
    uint32_t n = g->load_depth < MAX_LOAD_DEPTH ? g->arrays.n : 0, first = n ? random_below(g->random, n) : 0;
    for (uint32_t k = 0; k < n; k++) {
        const struct gen_array *a = &g->arrays.at[(first + k) % n];
        if (!ir_type_equal(a->buffer->elem, type) || !may_read(a) || (uniform && !is_uniform_array(a))) continue;
        bool own = a->phase == PHASE_OWN && a->buffer->space != IR_SPACE_PRIVATE;
        g->load_depth++;
        struct ir_expr *index = own ? gen_own_index(g, a->buffer) : gen_any_index(g, a->buffer, uniform);
        g->load_depth--;
        return ir_load(g->m, a->buffer, index, SRC_NONE);
    }
    return NULL;
}

static struct ir_expr *find_local(struct gen *g, ir_type type, bool uniform)
{
    uint32_t n = g->visible.n, first = n ? random_below(g->random, n) : 0;
    for (uint32_t k = 0; k < n; k++) {
        const struct gen_local *l = &g->visible.at[(first + k) % n];
        if (ir_type_equal(l->local->type, type) && (!uniform || l->uniform))
            return ir_get_local(g->m, l->local, SRC_NONE);
    }
    return NULL;
}

static struct ir_expr *find_param(struct gen *g, ir_type type)
{
    for (uint32_t k = 0; k < g->p->params.n; k++)
        if (ir_type_equal(g->p->params.at[k]->type, type)) return ir_get_param(g->m, g->p->params.at[k], SRC_NONE);
    return NULL;
}

static struct ir_expr *gen_id(struct gen *g, bool uniform)
{
    static const enum ir_op ids[] = {
        IR_OP_WID, IR_OP_WORKGROUP_SIZE, IR_OP_NUM_WORKGROUPS, IR_OP_SUBGROUP_SIZE, IR_OP_GID, IR_OP_LID, IR_OP_LANE,
        IR_OP_GID};
    enum ir_op op = ids[random_below(g->random, uniform ? 4 : 8)];
    bool has_component = op != IR_OP_LANE && op != IR_OP_SUBGROUP_SIZE;
    return ir_id(g->m, op, (uint8_t)(has_component && random_chance(g->random, 30) ? random_below(g->random, 3) : 0),
                 SRC_NONE);
}

static struct ir_expr *gen_len(struct gen *g)
{
    const struct gen_array *a = g->arrays.n ? &g->arrays.at[random_below(g->random, g->arrays.n)] : NULL;
    return a ? ir_len(g->m, a->buffer, SRC_NONE) : gen_const(g, IR_TYPE(U32));
}

/* Any visible number, as this type: what the compiler can compute by itself is no test of what it generates. */
static struct ir_expr *convert_local(struct gen *g, ir_type type, bool uniform)
{
    uint32_t n = g->visible.n, first = n ? random_below(g->random, n) : 0;
    for (uint32_t k = 0; k < n && type.lanes == 1; k++) {
        const struct gen_local *l = &g->visible.at[(first + k) % n];
        if (l->local->type.lanes > 1 || (uniform && !l->uniform)) continue;
        struct ir_expr *e = ir_get_local(g->m, l->local, SRC_NONE);
        return ir_type_equal(e->type, type) ? e : ir_expr_new(g->m, IR_OP_CAST, type, &e, 1, SRC_NONE);
    }
    return gen_const(g, type);
}

static struct ir_expr *gen_leaf(struct gen *g, ir_type type, bool uniform)
{
    struct ir_expr *e = NULL;
    bool is_u32 = ir_type_equal(type, IR_TYPE(U32));
    switch (random_below(g->random, 6)) {
    case 0:
        e = find_param(g, type);
        break;
    case 1:
        e = is_u32 ? gen_id(g, uniform) : NULL;
        break;
    case 2:
        e = is_u32 && random_chance(g->random, 30) ? gen_len(g) : NULL;
        break;
    case 3:
        e = find_load(g, type, uniform);
        break;
    default:
        e = find_local(g, type, uniform);
    }
    return e ? e : random_chance(g->random, 60) ? convert_local(g, type, uniform) : gen_const(g, type);
}

/* -- operations ------------------------------------------------------------------------------------------ */

/* The operand types with which the operation gives `type`; false when there are none. T is drawn where it does not
 * follow. */
static bool choose_operands(struct gen *g, enum ir_op op, ir_type type, ir_type args[4])
{
    static const uint8_t u32 = IR_U32;
    const struct ir_op_info *info = &ir_op_infos[op];
    bool result_is_bool = ir_type_equal(type, IR_TYPE(BOOL)), result_is_u32 = ir_type_equal(type, IR_TYPE(U32));
    ir_type t = type, u = {u32, 1};
    if (info->sig == IR_SIG_B_TT || info->sig == IR_SIG_B_T || info->sig == IR_SIG_U_T) do
            t.scalar = (uint8_t)random_between(g->random, IR_NONE + 1, IR_SCALAR_COUNT - 1), t.lanes = 1;
        while (!(info->types >> t.scalar & 1));
    ir_type result;
    uint32_t bad;
    switch (info->sig) {
    case IR_SIG_NONE:
        return false;
    case IR_SIG_T_T:
        args[0] = t;
        break;
    case IR_SIG_T_TT:
        args[0] = args[1] = t;
        break;
    case IR_SIG_T_TTT:
        args[0] = args[1] = args[2] = t;
        break;
    case IR_SIG_T_TU:
        args[0] = t, args[1] = u;
        break;
    case IR_SIG_B_TT:
        args[0] = args[1] = t;
        return result_is_bool;
    case IR_SIG_B_T:
        args[0] = t;
        return result_is_bool;
    case IR_SIG_U_T:
        args[0] = t;
        return result_is_u32;
    case IR_SIG_T_TUU:
        args[0] = t, args[1] = args[2] = u;
        break;
    case IR_SIG_T_TTUU:
        args[0] = args[1] = t, args[2] = args[3] = u;
        break;
    case IR_SIG_U_UU:
        args[0] = args[1] = u;
        return result_is_u32;
    case IR_SIG_U_UUU:
        args[0] = args[1] = args[2] = u;
        return result_is_u32;
    case IR_SIG_T_BTT:
        args[0] = IR_TYPE(BOOL), args[1] = args[2] = t;
        break;
    }
    return (info->types >> type.scalar & 1) && ir_op_result_type(op, args, &result, &bad) &&
           ir_type_equal(result, type);
}

/* Whether the compiler could compute it. */
static bool is_constant(const struct ir_expr *e)
{
    switch (e->op) {
    case IR_OP_LOCAL:
    case IR_OP_PARAM:
    case IR_OP_GID:
    case IR_OP_LID:
    case IR_OP_WID:
    case IR_OP_NUM_WORKGROUPS:
    case IR_OP_LANE:
    case IR_OP_LOAD:
        return false;
    default:
        for (uint32_t k = 0; k < e->n_args; k++)
            if (!is_constant(e->args[k])) return false;
        return true;
    }
}

/* A divisor that is the constant 0 is refused by the compiler. */
static struct ir_expr *avoid_constant_zero(struct gen *g, struct ir_expr *divisor)
{
    ir_type scalar = {divisor->type.scalar, 1};
    struct ir_expr *parts[4];
    if (!is_constant(divisor)) return divisor;
    for (uint32_t k = 0; k < divisor->type.lanes; k++)
        parts[k] = ir_const(g->m, scalar, 3 + k, SRC_NONE);
    return divisor->type.lanes == 1 ? parts[0]
                                    : ir_expr_new(g->m, IR_OP_VEC, divisor->type, parts, divisor->type.lanes, SRC_NONE);
}

static struct ir_expr *gen_signed_op(struct gen *g, enum ir_op op, ir_type type, uint32_t depth, bool uniform)
{
    ir_type types[4];
    struct ir_expr *args[4];
    if (!choose_operands(g, op, type, types)) return NULL;
    for (uint32_t k = 0; k < ir_op_infos[op].n_args; k++)
        args[k] = gen_expr(g, types[k], depth - 1, uniform);
    if ((op == IR_OP_DIV || op == IR_OP_REM) && ir_type_is_int(type)) args[1] = avoid_constant_zero(g, args[1]);
    return ir_expr_new(g->m, op, type, args, ir_op_infos[op].n_args, SRC_NONE);
}

/* Operations whose signature is a rule of their own. */
static struct ir_expr *gen_special(struct gen *g, enum ir_op op, ir_type type, uint32_t depth, bool uniform)
{
    struct ir_expr *args[4];
    ir_type other = {type.scalar, 1};
    switch (op) {
    case IR_OP_VEC:
        if (type.lanes == 1) return NULL;
        for (uint32_t k = 0; k < type.lanes; k++)
            args[k] = gen_expr(g, other, depth - 1, uniform);
        return ir_expr_new(g->m, op, type, args, type.lanes, SRC_NONE);
    case IR_OP_EXTRACT: {
        if (type.lanes > 1 || !is_vector_scalar(type.scalar)) return NULL;
        other.lanes = random_chance(g->random, 50) ? 2 : 4;
        args[0] = gen_expr(g, other, depth - 1, uniform);
        struct ir_expr *e = ir_expr_new(g->m, op, type, args, 1, SRC_NONE);
        e->component = (uint8_t)random_below(g->random, other.lanes);
        return e;
    }
    case IR_OP_CAST:
        if (type.lanes > 1) return NULL;
        do
            other.scalar = (uint8_t)random_between(g->random, IR_NONE + 1, IR_SCALAR_COUNT - 1);
        while (other.scalar == type.scalar); /* that is no conversion: the text of one is read as its operand */
        args[0] = gen_expr(g, other, depth - 1, uniform);
        return ir_expr_new(g->m, op, type, args, 1, SRC_NONE);
    case IR_OP_BITCAST:
        if (type.lanes > 1 || type.scalar == IR_BOOL) return NULL;
        do
            other.scalar = (uint8_t)random_between(g->random, IR_NONE + 1, IR_SCALAR_COUNT - 1);
        while (ir_type_info(other)->bits != ir_type_info(type)->bits);
        args[0] = gen_expr(g, other, depth - 1, uniform);
        return ir_expr_new(g->m, op, type, args, 1, SRC_NONE);
    case IR_OP_BALLOT:
        if (!ir_type_equal(type, IR_TYPE(U32))) return NULL;
        args[0] = gen_expr(g, IR_TYPE(BOOL), depth - 1, uniform);
        return ir_expr_new(g->m, op, type, args, 1, SRC_NONE);
    case IR_OP_LOAD:
        return find_load(g, type, uniform);
    default:
        return NULL;
    }
}

struct ir_expr *gen_expr(struct gen *g, ir_type type, uint32_t depth, bool uniform)
{
    if (!depth || random_chance(g->random, 15)) return gen_leaf(g, type, uniform);
    for (uint32_t tries = 0; tries < 40; tries++) {
        enum ir_op op = (enum ir_op)random_below(g->random, IR_OP_COUNT);
        const struct ir_op_info *info = &ir_op_infos[op];
        if (!info->n_args ||
            ((info->traits & IR_TRAIT_SUBGROUP) && (uniform || !g->uniform || random_chance(g->random, 60))))
            continue;
        struct ir_expr *e = info->sig == IR_SIG_NONE ? gen_special(g, op, type, depth, uniform)
                                                     : gen_signed_op(g, op, type, depth, uniform);
        if (e) return e;
    }
    return gen_leaf(g, type, uniform);
}
