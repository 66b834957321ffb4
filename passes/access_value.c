/* access_value.c - expressions as functions of ids, loop variables, lengths and params.
 *
 * A value is exact: where arithmetic may leave the range of its type, it is taken modulo the width, and only where that
 * is proved impossible is the modulo left out. What is not affine is NULL; where it is still known to be small it gets a
 * dimension of its own. */
#include "passes/access_isl.h"

#include "ir/build.h"
#include "ir/ops.h"

/* -- small parts -------------------------------------------------------------------------------------------- */

static isl_set *universe(struct access_walk *w)
{
    return isl_set_universe(isl_space_set_alloc(w->isl, 0, 0));
}

static isl_val *make_val(struct access_walk *w, uint64_t value)
{
    return isl_val_int_from_ui(w->isl, value);
}

static isl_pw_aff *make_const(struct access_walk *w, isl_val *value)
{
    return isl_pw_aff_val_on_domain(universe(w), value);
}

isl_pw_aff *access_const(struct access_walk *w, int64_t value)
{
    return make_const(w, isl_val_int_from_si(w->isl, value));
}

isl_pw_aff *access_id_value(struct access_walk *w, isl_id *id)
{
    return isl_pw_aff_param_on_domain_id(universe(w), isl_id_copy(id));
}

void access_assume(struct access_walk *w, isl_set *set)
{
    w->context = isl_set_intersect(w->context, set);
}

bool access_is_impossible(struct access_walk *w, isl_set *set)
{
    set = isl_set_intersect(set, isl_set_copy(w->path));
    set = isl_set_intersect(set, isl_set_copy(w->context));
    isl_bool empty = isl_set_is_empty(set);
    isl_set_free(set);
    return empty == isl_bool_true;
}

isl_pw_aff *access_new_dim(struct access_walk *w, const char *name, isl_pw_aff *low, isl_pw_aff *high, bool exact)
{
    struct access_dim dim = {.exact = exact};
    dim.id = isl_id_alloc(w->isl, arena_printf(w->arena, "%s#%u", name, (unsigned)w->n_names++), NULL);
    vec_push(w->arena, &w->dims, dim);
    isl_pw_aff *value = access_id_value(w, dim.id);
    if (low) access_assume(w, isl_pw_aff_ge_set(isl_pw_aff_copy(value), isl_pw_aff_copy(low)));
    if (high) access_assume(w, isl_pw_aff_le_set(isl_pw_aff_copy(value), isl_pw_aff_copy(high)));
    return value;
}

/* -- types -------------------------------------------------------------------------------------------------- */

static bool is_followed(ir_type type)
{
    return type.lanes == 1 && ir_type_is_int(type);
}

/* 2^(bits of the type). */
static isl_val *modulus_of(struct access_walk *w, ir_type type)
{
    return isl_val_2exp(make_val(w, ir_type_info(type)->bits));
}

static isl_val *least_of(struct access_walk *w, ir_type type)
{
    if (!ir_type_is_signed(type)) return isl_val_zero(w->isl);
    return isl_val_neg(isl_val_2exp(make_val(w, ir_type_info(type)->bits - 1u)));
}

/* The exact result as the type holds it. */
static isl_pw_aff *wrap(struct access_walk *w, isl_pw_aff *value, ir_type type)
{
    isl_val *least = least_of(w, type), *modulus = modulus_of(w, type);
    if (!value) goto done;
    isl_pw_aff *low = make_const(w, isl_val_copy(least));
    isl_pw_aff *end = make_const(w, isl_val_add(isl_val_copy(least), isl_val_copy(modulus)));
    isl_set *outside =
        isl_set_union(isl_pw_aff_lt_set(isl_pw_aff_copy(value), low), isl_pw_aff_ge_set(isl_pw_aff_copy(value), end));
    if (!access_is_impossible(w, outside)) {
        value = isl_pw_aff_add_constant_val(value, isl_val_neg(isl_val_copy(least)));
        value = isl_pw_aff_mod_val(value, isl_val_copy(modulus));
        value = isl_pw_aff_add_constant_val(value, isl_val_copy(least));
    }
done:
    isl_val_free(least);
    isl_val_free(modulus);
    return value;
}

static void assume_type(struct access_walk *w, isl_pw_aff *value, ir_type type)
{
    isl_val *least = least_of(w, type);
    isl_val *end = isl_val_add(isl_val_copy(least), modulus_of(w, type));
    access_assume(w, isl_pw_aff_ge_set(isl_pw_aff_copy(value), make_const(w, least)));
    access_assume(w, isl_pw_aff_lt_set(isl_pw_aff_copy(value), make_const(w, end)));
}

/* A parameter that is known by its type alone. */
static isl_pw_aff *make_free(struct access_walk *w, const char *name, const void *owner, ir_type type)
{
    isl_id *id = isl_id_alloc(w->isl, name, (void *)owner);
    isl_pw_aff *value = access_id_value(w, id);
    isl_id_free(id);
    assume_type(w, value, type);
    return value;
}

/* -- lengths and params -------------------------------------------------------------------------------------- */

/* What was computed for a length or param before, or NULL: nearly every guard asks again, and what is assumed need not be twice. */
static isl_pw_aff *recall(const struct access_walk *w, const void *of)
{
    isl_pw_aff *value = map_find(&w->known, of);
    return value ? isl_pw_aff_copy(value) : NULL;
}

static isl_pw_aff *remember(struct access_walk *w, const void *of, isl_pw_aff *value)
{
    if (!value) return NULL;
    map_set(&w->known, of, value);
    vec_push(w->arena, &w->values, value);
    return isl_pw_aff_copy(value);
}

static const struct ir_arg *find_arg(const struct ir_arm *arm, const struct ir_buffer *buffer,
                                     const struct ir_param *param)
{
    for (uint32_t i = 0; i < arm->args.n; i++) {
        const struct ir_arg *a = &arm->args.at[i];
        if ((buffer && a->formal_buffer == buffer) || (param && a->formal_param == param)) return a;
    }
    return NULL;
}

static isl_pw_aff *compute_length(struct access_walk *w, const struct ir_buffer *b)
{
    isl_pw_aff *length = b->count_expr ? access_host_value(w, b->count_expr) : NULL;
    if (length)
        assume_type(w, length, IR_TYPE(U32));
    else
        length = make_free(w, arena_printf(w->arena, "len(%s)", b->name), b, IR_TYPE(U32));
    if (w->solver->most && length)
        access_assume(w, isl_pw_aff_le_set(isl_pw_aff_copy(length), make_const(w, make_val(w, w->solver->most))));
    return length;
}

/* Of a buffer of the pipeline, or of a program alone. A size that overflows is refused before the launch. */
static isl_pw_aff *length_of(struct access_walk *w, const struct ir_buffer *b)
{
    if (b->sized && !b->count_expr) return make_const(w, make_val(w, b->count));
    isl_pw_aff *known = recall(w, b);
    return known ? known : remember(w, b, compute_length(w, b));
}

isl_pw_aff *access_length(struct access_walk *w, const struct ir_buffer *b)
{
    if (b->sized || !w->facts->arm || b->space != IR_SPACE_STORAGE) return length_of(w, b);
    const struct ir_arg *a = find_arg(w->facts->arm, b, NULL);
    return a && a->buffer ? length_of(w, a->buffer) : length_of(w, b);
}

static isl_pw_aff *free_param(struct access_walk *w, const struct ir_param *p)
{
    return is_followed(p->type) ? make_free(w, p->name, p, p->type) : NULL;
}

static isl_pw_aff *literal(struct access_walk *w, ir_type type, uint64_t bits)
{
    if (!is_followed(type)) return NULL;
    if (!ir_type_is_signed(type)) return make_const(w, make_val(w, bits));
    uint32_t width = ir_type_info(type)->bits;
    return access_const(w, (int64_t)(bits << (64 - width)) >> (64 - width));
}

static isl_pw_aff *compute_param(struct access_walk *w, const struct ir_param *p)
{
    if (!w->facts->arm) return free_param(w, p);
    const struct ir_arg *a = find_arg(w->facts->arm, NULL, p);
    if (!a || !a->value) return free_param(w, p);
    if (!is_followed(p->type)) return NULL;
    if (a->value->op == IR_OP_CONST) return literal(w, p->type, a->value->bits);
    if (a->value->op == IR_OP_PARAM) return free_param(w, a->value->param);
    isl_pw_aff *value = access_host_value(w, a->value);
    if (value) assume_type(w, value, p->type);
    return value ? value : make_free(w, arena_printf(w->arena, "%s.%s", w->facts->arm->name, p->name), p, p->type);
}

static isl_pw_aff *param_value(struct access_walk *w, const struct ir_param *p)
{
    isl_pw_aff *known = recall(w, p);
    return known ? known : remember(w, p, compute_param(w, p));
}

/* -- ids ------------------------------------------------------------------------------------------------------- */

isl_id *access_invocation_id(struct access_walk *w, bool local, uint32_t axis)
{
    const char *name = local ? "l" : "w";
    if (!w->facts->one_dimensional) name = arena_printf(w->arena, "%s.%c", name, "xyz"[axis]);
    return isl_id_alloc(w->isl, name, NULL);
}

static isl_pw_aff *id_value(struct access_walk *w, bool local, uint32_t axis)
{
    if (w->facts->one_dimensional && axis) return access_const(w, 0);
    isl_id *id = access_invocation_id(w, local, axis);
    isl_pw_aff *value = access_id_value(w, id);
    isl_id_free(id);
    return value;
}

static isl_pw_aff *global_id(struct access_walk *w, uint32_t axis)
{
    isl_pw_aff *value = isl_pw_aff_scale_val(id_value(w, false, axis), make_val(w, w->facts->program->workgroup[axis]));
    return isl_pw_aff_add(value, id_value(w, true, axis));
}

/* The elements of the largest written buffer. */
static isl_pw_aff *default_dispatch(struct access_walk *w)
{
    const struct ir_program *p = w->facts->program;
    isl_pw_aff *most = access_const(w, 0);
    for (uint32_t i = 0; i < p->buffers.n; i++)
        if (ir_access_writes(p->buffers.at[i]->access)) most = isl_pw_aff_max(most, access_length(w, p->buffers.at[i]));
    return most;
}

static isl_pw_aff *dispatch_of(struct access_walk *w, uint32_t axis)
{
    const struct ir_program *p = w->facts->program;
    if (p->n_dispatch == 0 && axis == 0) return default_dispatch(w);
    return axis < p->n_dispatch ? access_host_value(w, p->dispatch[axis]) : access_const(w, 1);
}

isl_pw_aff *access_groups(struct access_walk *w, uint32_t axis)
{
    isl_pw_aff *n = dispatch_of(w, axis);
    if (!n) return NULL;
    uint32_t size = w->facts->program->workgroup[axis];
    n = isl_pw_aff_add_constant_val(n, make_val(w, size - 1));
    return isl_pw_aff_floor(isl_pw_aff_scale_down_val(n, make_val(w, size)));
}

static isl_pw_aff *groups_value(struct access_walk *w, uint32_t axis)
{
    isl_pw_aff *n = access_groups(w, axis);
    if (!n) return make_free(w, arena_printf(w->arena, "groups.%c", "xyz"[axis]), w->facts, IR_TYPE(U32));
    assume_type(w, n, IR_TYPE(U32));
    return n;
}

/* The linear local id modulo 32. */
static isl_pw_aff *lane_value(struct access_walk *w)
{
    const uint32_t *size = w->facts->program->workgroup;
    isl_pw_aff *linear = id_value(w, true, 0);
    if (!w->facts->one_dimensional) {
        isl_pw_aff *y = isl_pw_aff_scale_val(id_value(w, true, 1), make_val(w, size[0]));
        isl_pw_aff *z = isl_pw_aff_scale_val(id_value(w, true, 2), make_val(w, (uint64_t)size[0] * size[1]));
        linear = isl_pw_aff_add(linear, isl_pw_aff_add(y, z));
    }
    return isl_pw_aff_mod_val(linear, make_val(w, IR_SUBGROUP_SIZE));
}

static isl_pw_aff *leaf_value(struct access_walk *w, const struct ir_expr *e)
{
    isl_pw_aff *value;
    switch (e->op) {
    case IR_OP_CONST:
        return literal(w, e->type, e->bits);
    case IR_OP_LOCAL:
        value = w->locals[e->local->index];
        return value ? isl_pw_aff_copy(value) : NULL;
    case IR_OP_PARAM:
        return param_value(w, e->param);
    case IR_OP_LEN:
        return access_length(w, e->buffer);
    case IR_OP_GID:
        return global_id(w, e->component);
    case IR_OP_LID:
    case IR_OP_WID:
        return id_value(w, e->op == IR_OP_LID, e->component);
    case IR_OP_WORKGROUP_SIZE:
        return make_const(w, make_val(w, w->facts->program->workgroup[e->component]));
    case IR_OP_NUM_WORKGROUPS:
        return groups_value(w, e->component);
    case IR_OP_LANE:
        return lane_value(w);
    case IR_OP_SUBGROUP_SIZE:
        return access_const(w, IR_SUBGROUP_SIZE);
    default:
        return NULL;
    }
}

/* -- operations ------------------------------------------------------------------------------------------------- */

/* A value of which only bounds are known. */
static isl_pw_aff *bounded(struct access_walk *w, uint64_t high)
{
    isl_pw_aff *low = access_const(w, 0), *top = make_const(w, make_val(w, high));
    isl_pw_aff *value = access_new_dim(w, "some", low, top, false);
    isl_pw_aff_free(low);
    isl_pw_aff_free(top);
    return value;
}

static isl_pw_aff *product(isl_pw_aff *a, isl_pw_aff *b)
{
    if (isl_pw_aff_is_cst(a) == isl_bool_true || isl_pw_aff_is_cst(b) == isl_bool_true) return isl_pw_aff_mul(a, b);
    isl_pw_aff_free(a);
    isl_pw_aff_free(b);
    return NULL;
}

static bool is_never_negative(struct access_walk *w, isl_pw_aff *a, ir_type type)
{
    if (!ir_type_is_signed(type)) return true;
    return access_is_impossible(w, isl_pw_aff_lt_set(isl_pw_aff_copy(a), access_const(w, 0)));
}

static isl_pw_aff *divide(struct access_walk *w, isl_pw_aff *a, uint64_t by, ir_type type, bool remainder)
{
    if (by == 0 || !is_never_negative(w, a, type)) {
        isl_pw_aff_free(a);
        return NULL;
    }
    if (remainder) return isl_pw_aff_mod_val(a, make_val(w, by));
    return isl_pw_aff_floor(isl_pw_aff_scale_down_val(a, make_val(w, by)));
}

static uint64_t max_of(ir_type type)
{
    uint32_t bits = ir_type_info(type)->bits - (ir_type_is_signed(type) ? 1u : 0u);
    return bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
}

/* a | c or a ^ c, which has no more bits than the two: takes `a`. */
static isl_pw_aff *below_power(struct access_walk *w, isl_pw_aff *a, uint64_t c)
{
    static const uint64_t powers[] = {2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 65536};
    for (size_t i = 0; a && i < sizeof powers / sizeof *powers; i++) {
        if (powers[i] <= c) continue;
        isl_set *above = isl_pw_aff_ge_set(isl_pw_aff_copy(a), make_const(w, make_val(w, powers[i])));
        if (!access_is_impossible(w, above)) continue;
        isl_pw_aff_free(a);
        return bounded(w, powers[i] - 1);
    }
    return isl_pw_aff_free(a);
}

/* Operations whose second operand is a constant. `a` is taken, and may be NULL: some results are small all the same. */
static isl_pw_aff *value_with_const(struct access_walk *w, const struct ir_expr *e, isl_pw_aff *a, uint64_t c)
{
    ir_type type = e->args[0]->type;
    bool low_bits = c != UINT64_MAX && (c & (c + 1)) == 0, positive = c <= max_of(type);
    uint32_t shift = (uint32_t)(c % ir_type_info(type)->bits);
    switch (e->op) {
    case IR_OP_DIV:
        return a && positive ? divide(w, a, c, type, false) : isl_pw_aff_free(a);
    case IR_OP_REM:
        if (a && positive) return divide(w, a, c, type, true);
        isl_pw_aff_free(a);
        return !ir_type_is_signed(type) && c ? bounded(w, c - 1) : NULL;
    case IR_OP_AND:
        if (a && low_bits && is_never_negative(w, a, type)) return isl_pw_aff_mod_val(a, make_val(w, c + 1));
        isl_pw_aff_free(a);
        return positive ? bounded(w, c) : NULL;
    case IR_OP_OR:
    case IR_OP_XOR:
        return ir_type_is_signed(type) ? isl_pw_aff_free(a) : below_power(w, a, c);
    case IR_OP_SHL:
        return a ? wrap(w, isl_pw_aff_scale_val(a, isl_val_2exp(make_val(w, shift))), e->type) : NULL;
    case IR_OP_SHR:
        if (a) return isl_pw_aff_floor(isl_pw_aff_scale_down_val(a, isl_val_2exp(make_val(w, shift))));
        return !ir_type_is_signed(type) && shift ? bounded(w, max_of(type) >> shift) : NULL;
    default:
        isl_pw_aff_free(a);
        return NULL;
    }
}

static isl_pw_aff *value_of_two(struct access_walk *w, const struct ir_expr *e, isl_pw_aff *a, isl_pw_aff *b)
{
    switch (e->op) {
    case IR_OP_ADD:
        return wrap(w, isl_pw_aff_add(a, b), e->type);
    case IR_OP_SUB:
        return wrap(w, isl_pw_aff_sub(a, b), e->type);
    case IR_OP_MUL:
        return wrap(w, product(a, b), e->type);
    case IR_OP_MIN:
        return isl_pw_aff_min(a, b);
    case IR_OP_MAX:
        return isl_pw_aff_max(a, b);
    case IR_OP_SAT_SUB:
        return ir_type_is_signed(e->type) ? (isl_pw_aff_free(a), isl_pw_aff_free(b))
                                          : isl_pw_aff_max(isl_pw_aff_sub(a, b), access_const(w, 0));
    default:
        isl_pw_aff_free(a);
        return isl_pw_aff_free(b);
    }
}

static isl_pw_aff *binary_value(struct access_walk *w, const struct ir_expr *e)
{
    isl_pw_aff *a = access_value(w, e->args[0]);
    if (ir_is_const(e->args[1])) {
        bool has_form = e->op == IR_OP_DIV || e->op == IR_OP_REM || e->op == IR_OP_AND || e->op == IR_OP_OR ||
                        e->op == IR_OP_XOR || e->op == IR_OP_SHL || e->op == IR_OP_SHR;
        if (has_form) return value_with_const(w, e, a, e->args[1]->bits);
    }
    isl_pw_aff *b = a ? access_value(w, e->args[1]) : NULL;
    if (!b) return isl_pw_aff_free(a);
    return value_of_two(w, e, a, b);
}

/* a where the condition holds, b where not; takes both. */
static isl_pw_aff *choose(struct access_cond *c, isl_pw_aff *a, isl_pw_aff *b)
{
    if (!c->exact || !a || !b) {
        isl_pw_aff_free(a);
        return isl_pw_aff_free(b);
    }
    a = isl_pw_aff_intersect_domain(a, isl_set_copy(c->yes));
    b = isl_pw_aff_intersect_domain(b, isl_set_copy(c->no));
    return isl_pw_aff_union_add(a, b);
}

static isl_pw_aff *select_value(struct access_walk *w, const struct ir_expr *e)
{
    isl_pw_aff *a = access_value(w, e->args[1]), *b = access_value(w, e->args[2]);
    struct access_cond c = access_cond_of(w, e->args[0]);
    isl_pw_aff *value = choose(&c, a, b);
    access_cond_free(&c);
    return value;
}

static isl_pw_aff *cast_value(struct access_walk *w, const struct ir_expr *e)
{
    ir_type from = e->args[0]->type;
    if (!is_followed(from)) return NULL;
    isl_pw_aff *a = access_value(w, e->args[0]);
    if (a) return wrap(w, a, e->type);
    bool small = !ir_type_is_signed(from) && ir_type_info(from)->bits <= 16 && max_of(e->type) >= max_of(from);
    return small ? bounded(w, max_of(from)) : NULL;
}

isl_pw_aff *access_value(struct access_walk *w, const struct ir_expr *e)
{
    if (!is_followed(e->type) || w->solver->exhausted) return NULL;
    if (e->n_args == 0) return leaf_value(w, e);
    if (e->op == IR_OP_CAST) return cast_value(w, e);
    if (e->op == IR_OP_SELECT) return select_value(w, e);
    return e->n_args == 2 && e->op != IR_OP_SHUFFLE ? binary_value(w, e) : NULL;
}

/* -- the host's arithmetic: unsigned, 64 bits, exact or refused --------------------------------------------------- */

static isl_pw_aff *host_leaf(struct access_walk *w, const struct ir_expr *e)
{
    bool of_program = w->facts->arm && e->op == IR_OP_LEN && e->buffer->index < w->facts->program->buffers.n &&
                      w->facts->program->buffers.at[e->buffer->index] == e->buffer;
    if (e->op == IR_OP_CONST) return make_const(w, make_val(w, e->bits));
    if (e->op == IR_OP_LEN) return of_program ? access_length(w, e->buffer) : length_of(w, e->buffer);
    if (e->op != IR_OP_PARAM || !is_followed(e->param->type)) return NULL;
    bool is_formal = w->facts->arm && find_arg(w->facts->arm, NULL, e->param);
    isl_pw_aff *value = is_formal ? param_value(w, e->param) : free_param(w, e->param);
    if (value) access_assume(w, isl_pw_aff_ge_set(isl_pw_aff_copy(value), access_const(w, 0)));
    return value;
}

static isl_pw_aff *host_binary(struct access_walk *w, const struct ir_expr *e, isl_pw_aff *a, isl_pw_aff *b)
{
    bool by_const = ir_is_const(e->args[1]) && e->args[1]->bits;
    switch (e->op) {
    case IR_OP_ADD:
        return isl_pw_aff_add(a, b);
    case IR_OP_SUB:
        a = isl_pw_aff_sub(a, b);
        access_assume(w, isl_pw_aff_ge_set(isl_pw_aff_copy(a), access_const(w, 0)));
        return a;
    case IR_OP_MUL:
        return product(a, b);
    case IR_OP_MIN:
        return isl_pw_aff_min(a, b);
    case IR_OP_MAX:
        return isl_pw_aff_max(a, b);
    case IR_OP_DIV:
    case IR_OP_REM:
        isl_pw_aff_free(b);
        return by_const ? divide(w, a, e->args[1]->bits, IR_TYPE(U64), e->op == IR_OP_REM) : isl_pw_aff_free(a);
    default:
        isl_pw_aff_free(a);
        return isl_pw_aff_free(b);
    }
}

/* x >> c and x << c, without bits lost. */
static isl_pw_aff *host_shift(struct access_walk *w, const struct ir_expr *e)
{
    isl_pw_aff *a = ir_is_const(e->args[1]) ? access_host_value(w, e->args[0]) : NULL;
    if (!a) return NULL;
    isl_val *by = isl_val_2exp(make_val(w, e->args[1]->bits % 64));
    if (e->op == IR_OP_SHL) return isl_pw_aff_scale_val(a, by);
    return isl_pw_aff_floor(isl_pw_aff_scale_down_val(a, by));
}

isl_pw_aff *access_host_value(struct access_walk *w, const struct ir_expr *e)
{
    if (w->solver->exhausted || e->type.lanes != 1) return NULL;
    if (e->n_args == 0) return host_leaf(w, e);
    if (e->op == IR_OP_CAST && is_followed(e->type))
        return access_host_value(w, e->args[0]); /* refused if it does not fit */
    if (e->n_args != 2) return NULL;
    if (e->op == IR_OP_SHL || e->op == IR_OP_SHR) return host_shift(w, e);
    isl_pw_aff *a = access_host_value(w, e->args[0]), *b = a ? access_host_value(w, e->args[1]) : NULL;
    if (!b) return isl_pw_aff_free(a);
    return host_binary(w, e, a, b);
}

/* -- conditions -------------------------------------------------------------------------------------------------- */

void access_cond_free(struct access_cond *c)
{
    isl_set_free(c->yes);
    isl_set_free(c->no);
}

static struct access_cond unknown_cond(struct access_walk *w)
{
    return (struct access_cond){universe(w), universe(w), false};
}

static struct access_cond compare(struct access_walk *w, const struct ir_expr *e)
{
    isl_pw_aff *a = access_value(w, e->args[0]), *b = a ? access_value(w, e->args[1]) : NULL;
    isl_pw_aff *a2 = a ? isl_pw_aff_copy(a) : NULL, *b2 = b ? isl_pw_aff_copy(b) : NULL;
    struct access_cond c = {.exact = true};
    if (!a || !b) {
        isl_pw_aff_free(a);
        isl_pw_aff_free(a2);
        return unknown_cond(w);
    }
    switch (e->op) {
    case IR_OP_EQ:
        c.yes = isl_pw_aff_eq_set(a, b), c.no = isl_pw_aff_ne_set(a2, b2);
        break;
    case IR_OP_NE:
        c.yes = isl_pw_aff_ne_set(a, b), c.no = isl_pw_aff_eq_set(a2, b2);
        break;
    case IR_OP_LT:
        c.yes = isl_pw_aff_lt_set(a, b), c.no = isl_pw_aff_ge_set(a2, b2);
        break;
    case IR_OP_LE:
        c.yes = isl_pw_aff_le_set(a, b), c.no = isl_pw_aff_gt_set(a2, b2);
        break;
    case IR_OP_GT:
        c.yes = isl_pw_aff_gt_set(a, b), c.no = isl_pw_aff_le_set(a2, b2);
        break;
    default:
        c.yes = isl_pw_aff_ge_set(a, b), c.no = isl_pw_aff_lt_set(a2, b2);
        break;
    }
    return c;
}

static struct access_cond both_conds(struct access_walk *w, const struct ir_expr *e)
{
    struct access_cond a = access_cond_of(w, e->args[0]), b = access_cond_of(w, e->args[1]), c;
    c.exact = a.exact && b.exact;
    if (e->op == IR_OP_LAND || e->op == IR_OP_AND) {
        c.yes = isl_set_intersect(a.yes, b.yes);
        c.no = isl_set_union(a.no, b.no);
    } else {
        c.yes = isl_set_union(a.yes, b.yes);
        c.no = isl_set_intersect(a.no, b.no);
    }
    return c;
}

static struct access_cond constant_cond(struct access_walk *w, bool value)
{
    isl_set *all = universe(w), *none = isl_set_empty(isl_space_set_alloc(w->isl, 0, 0));
    return (struct access_cond){value ? all : none, value ? none : all, true};
}

struct access_cond access_cond_of(struct access_walk *w, const struct ir_expr *e)
{
    if (w->solver->exhausted || e->type.scalar != IR_BOOL) return unknown_cond(w);
    switch (e->op) {
    case IR_OP_CONST:
        return constant_cond(w, e->bits);
    case IR_OP_LOCAL:
        return w->lets[e->local->index] ? access_cond_of(w, w->lets[e->local->index]) : unknown_cond(w);
    case IR_OP_LNOT: {
        struct access_cond c = access_cond_of(w, e->args[0]);
        return (struct access_cond){c.no, c.yes, c.exact};
    }
    case IR_OP_LAND:
    case IR_OP_LOR:
    case IR_OP_AND:
    case IR_OP_OR:
        return both_conds(w, e);
    case IR_OP_EQ:
    case IR_OP_NE:
    case IR_OP_LT:
    case IR_OP_LE:
    case IR_OP_GT:
    case IR_OP_GE:
        return compare(w, e);
    default:
        return unknown_cond(w);
    }
}
