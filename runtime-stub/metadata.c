/* metadata.c - checks the tables of an object's metadata once, so that launches may follow every number in them.
 *
 * Linear in their size: each operation may belong to one expression only, and what is looked at is counted. */
#include <string.h>

#include "runtime-stub/container.h"

static const struct meta_type_info type_infos[] = {
    [VYRE_TYPE_BOOL] = {"bool", 1, 4, 4, false, false}, [VYRE_TYPE_U8] = {"u8", 8, 1, 1, false, false},
    [VYRE_TYPE_I8] = {"i8", 8, 1, 1, true, false},      [VYRE_TYPE_U16] = {"u16", 16, 2, 2, false, false},
    [VYRE_TYPE_I16] = {"i16", 16, 2, 2, true, false},   [VYRE_TYPE_U32] = {"u32", 32, 4, 4, false, false},
    [VYRE_TYPE_I32] = {"i32", 32, 4, 4, true, false},   [VYRE_TYPE_U64] = {"u64", 64, 8, 8, false, false},
    [VYRE_TYPE_I64] = {"i64", 64, 8, 8, true, false},   [VYRE_TYPE_F16] = {"f16", 16, 2, 2, false, true},
    [VYRE_TYPE_BF16] = {"bf16", 16, 2, 2, false, true}, [VYRE_TYPE_F32] = {"f32", 32, 4, 4, false, true},
    [VYRE_TYPE_F64] = {"f64", 64, 8, 8, false, true},
};

const struct meta_type_info *meta_type_info(uint8_t type)
{
    return type && type < sizeof type_infos / sizeof *type_infos ? &type_infos[type] : NULL;
}

static const uint8_t op_args[VYRE_META_OP_COUNT] = {
#define META_OP(NAME, n_args) n_args,
    VYRE_META_OPS(META_OP)
#undef META_OP
};

struct checker {
    struct metadata_view *view;
    uint64_t n_ops_seen, n_buffers_seen, n_params_seen, n_steps_seen, n_deps_seen, n_args_seen, n_windows_seen,
        n_weights_seen, n_trap_arms_seen; /* each row belongs to one user */
};

/* `n` more of a table with `total` entries: false when some entry is used twice or does not exist. */
static bool take(uint64_t *seen, uint64_t first, uint64_t n, uint64_t total)
{
    *seen += n;
    return first <= total && n <= total - first && *seen <= total;
}

/* -- expressions ------------------------------------------------------------------------------- */

static bool check_op(const struct vyre_meta_op *op, uint32_t *depth, uint32_t n_buffers, uint32_t n_params)
{
    if (op->op >= VYRE_META_OP_COUNT || *depth < op_args[op->op]) return false;
    if (op->type && !meta_type_info(op->type)) return false;
    *depth = *depth + 1 - op_args[op->op];
    if (op->op == VYRE_META_OP_END) return *depth == 1;
    if (op->op == VYRE_META_OP_LEN && op->value >= n_buffers) return false;
    if (op->op == VYRE_META_OP_PARAM && op->value >= n_params) return false;
    return *depth <= VYRE_META_MAX_DEPTH;
}

/* An expression over the first `n_buffers` buffers of the unit. NONE is the caller's business. */
static bool check_expr(struct checker *k, uint64_t at, uint32_t n_buffers, uint32_t n_params)
{
    uint64_t n = k->view->head->ops.n;
    uint32_t depth = 0;
    for (; at < n && k->n_ops_seen < n; at++) {
        const struct vyre_meta_op *op = &k->view->ops[at];
        k->n_ops_seen++;
        if (!check_op(op, &depth, n_buffers, n_params)) return false;
        if (op->op == VYRE_META_OP_END) return true;
    }
    return false;
}

/* -- buffers and params ------------------------------------------------------------------------ */

static bool is_string(const struct checker *k, uint32_t at)
{
    return at < k->view->head->strings.n;
}

static bool check_buffer(const struct checker *k, const struct vyre_meta_buffer *b)
{
    const struct meta_type_info *type = meta_type_info(b->type);
    if (!is_string(k, b->name) || !type || b->access > VYRE_ACCESS_UNIFORM) return false;
    if (b->lanes != 1 && b->lanes != 2 && b->lanes != 4) return false;
    if (b->elem_bytes != (uint32_t)type->memory_bytes * b->lanes) return false;
    if (b->align_bytes < b->elem_bytes || b->align_bytes & (b->align_bytes - 1)) return false;
    return b->count <= UINT32_MAX;
}

static bool check_argument_place(uint64_t offset, uint64_t n_bytes, uint64_t alignment, uint64_t args_bytes)
{
    return offset <= args_bytes && n_bytes <= args_bytes - offset && offset % alignment == 0;
}

static bool check_arguments(struct checker *k, const struct vyre_meta_unit *u, bool is_program)
{
    const struct vyre_meta_buffer *buffers = k->view->buffers + u->first_buffer;
    const struct vyre_meta_param *params = k->view->params + u->first_param;
    for (uint32_t i = 0; i < u->n_buffers; i++) {
        const struct vyre_meta_buffer *b = &buffers[i];
        if (!check_buffer(k, b) || b->count_expr != VYRE_META_NONE) return false;
        if (!check_argument_place(b->arg_offset, sizeof(vyre_span), _Alignof(vyre_span), u->args_bytes)) return false;
        if (b->prefix == VYRE_META_NONE) continue;
        if (!is_program || !check_expr(k, (uint32_t)b->prefix, u->n_buffers, u->n_params)) return false;
    }
    for (uint32_t i = 0; i < u->n_params; i++) {
        const struct meta_type_info *type = meta_type_info(params[i].type);
        if (!type || !is_string(k, params[i].name) || params[i].bytes != type->argument_bytes) return false;
        if (!check_argument_place(params[i].arg_offset, type->argument_bytes, type->argument_bytes, u->args_bytes))
            return false;
    }
    return true;
}

/* -- units ------------------------------------------------------------------------------------- */

static bool check_trap_arms(struct checker *k, const struct vyre_meta_unit *u)
{
    const struct vyre_meta_trap_arm *arms = k->view->trap_arms + u->first_trap_arm;
    if (u->n_trap_arms > VYRE_META_MAX_TRAP_ARMS) return false;
    if (!take(&k->n_trap_arms_seen, u->first_trap_arm, u->n_trap_arms, k->view->head->trap_arms.n)) return false;
    for (uint32_t i = 0; i < u->n_trap_arms; i++)
        if (!is_string(k, arms[i].arm) || !is_string(k, arms[i].program)) return false;
    return true;
}

static bool check_program(struct checker *k, const struct vyre_meta_unit *u)
{
    uint64_t size = 1;
    if (u->n_temps || u->n_steps) return false;
    for (uint32_t i = 0; i < 3; i++) {
        if (!u->workgroup[i] || __builtin_mul_overflow(size, u->workgroup[i], &size) || size > UINT32_MAX) return false;
        if (u->dispatch[i] < 0 || !check_expr(k, (uint32_t)u->dispatch[i], u->n_buffers, u->n_params)) return false;
    }
    if (u->rounds != VYRE_META_NONE && !check_expr(k, (uint32_t)u->rounds, u->n_buffers, u->n_params)) return false;
    if (u->rounds_of_large != VYRE_META_NONE && !check_expr(k, (uint32_t)u->rounds_of_large, u->n_buffers, u->n_params))
        return false;
    return is_string(k, u->op_name) && check_trap_arms(k, u) && is_string(k, u->arms);
}

/* What an arm passes for a formal buffer must be able to stand for it. */
static bool check_match(const struct vyre_meta_buffer *formal, const struct vyre_meta_buffer *actual)
{
    bool formal_writes = formal->access == VYRE_ACCESS_WRITE || formal->access == VYRE_ACCESS_READ_WRITE;
    bool actual_writes = actual->access == VYRE_ACCESS_WRITE || actual->access == VYRE_ACCESS_READ_WRITE;
    return formal->type == actual->type && formal->lanes == actual->lanes && (!formal_writes || actual_writes);
}

/* The launches that the n-th of a pipeline waits for. */
static bool check_deps(struct checker *k, const struct vyre_meta_step *s, uint32_t n)
{
    const struct vyre_meta_dep *deps = k->view->deps + s->first_dep;
    if (!take(&k->n_deps_seen, s->first_dep, s->n_deps, k->view->head->deps.n)) return false;
    for (uint32_t i = 0; i < s->n_deps; i++)
        if (deps[i].launch >= n || (i && deps[i].launch <= deps[i - 1].launch)) return false;
    return true;
}

static bool check_arm(struct checker *k, const struct vyre_meta_unit *u, const struct vyre_meta_step *s, uint32_t n)
{
    const struct metadata_view *v = k->view;
    if (!check_deps(k, s, n)) return false;
    if (!is_string(k, s->name) || s->target >= v->head->n_programs) return false;
    const struct vyre_meta_unit *program = &v->units[s->target];
    uint32_t n_visible = u->n_buffers + u->n_temps;
    if (!take(&k->n_args_seen, s->first_arg, (uint64_t)program->n_buffers + program->n_params, v->head->args.n))
        return false;
    const struct vyre_meta_arg *args = v->args + s->first_arg;
    for (uint32_t i = 0; i < program->n_buffers; i++) {
        if (args[i].value >= n_visible) return false;
        if (!check_match(&v->buffers[program->first_buffer + i], &v->buffers[u->first_buffer + args[i].value]))
            return false;
    }
    for (uint32_t i = 0; i < program->n_params; i++)
        if (!check_expr(k, args[program->n_buffers + i].value, n_visible, u->n_params)) return false;
    return true;
}

static bool check_pipeline(struct checker *k, const struct vyre_meta_unit *u)
{
    const struct metadata_view *v = k->view;
    uint32_t n_arms = 0;
    if (!take(&k->n_steps_seen, u->first_step, u->n_steps, v->head->steps.n)) return false;
    for (uint32_t i = 0; i < u->n_temps; i++) {
        const struct vyre_meta_buffer *b = &v->buffers[u->first_buffer + u->n_buffers + i];
        if (!check_buffer(k, b) || b->count_expr < 0 || b->prefix != VYRE_META_NONE || b->flags & VYRE_META_SIZED)
            return false;
        if (b->slot >= u->n_temps) return false; /* who has it when: module.c */
        if (!check_expr(k, (uint32_t)b->count_expr, u->n_buffers + i, u->n_params)) return false;
    }
    for (uint32_t i = 0; i < u->n_steps; i++) {
        const struct vyre_meta_step *s = &v->steps[u->first_step + i];
        if (s->kind == VYRE_META_HOST && s->target < u->n_buffers + u->n_temps) continue;
        if (s->kind != VYRE_META_ARM || !check_arm(k, u, s, n_arms++)) return false;
    }
    return true;
}

/* Names and ranges of a unit: after it, what other units say of this one can be checked. */
static bool check_unit_ranges(struct checker *k, const struct vyre_meta_unit *u)
{
    const struct vyre_meta *head = k->view->head;
    if (!is_string(k, u->name) || !is_string(k, u->symbol) || !u->args_bytes || u->args_bytes > UINT32_MAX)
        return false;
    return take(&k->n_buffers_seen, u->first_buffer, (uint64_t)u->n_buffers + u->n_temps, head->buffers.n) &&
           take(&k->n_params_seen, u->first_param, u->n_params, head->params.n);
}

static bool check_units(struct checker *k)
{
    const struct vyre_meta *head = k->view->head;
    if (head->n_programs > head->units.n) return false;
    for (uint32_t i = 0; i < head->units.n; i++)
        if (!check_unit_ranges(k, &k->view->units[i])) return false;
    for (uint32_t i = 0; i < head->units.n; i++) {
        const struct vyre_meta_unit *u = &k->view->units[i];
        bool is_program = i < head->n_programs;
        if (!check_arguments(k, u, is_program)) return false;
        if (is_program ? !check_program(k, u) : !check_pipeline(k, u)) return false;
    }
    return true;
}

/* -- chunks ------------------------------------------------------------------------------------ */

static uint32_t count_arms(const struct metadata_view *v, uint32_t unit)
{
    const struct vyre_meta_unit *u = &v->units[unit];
    uint32_t n = 0;
    if (unit < v->head->n_programs) return 1;
    for (uint32_t i = 0; i < u->n_steps; i++)
        n += v->steps[u->first_step + i].kind == VYRE_META_ARM;
    return n;
}

static bool has_parts(const struct vyre_meta_unit *u, const struct vyre_meta_buffer *buffers, uint32_t i)
{
    return i >= u->n_buffers || buffers[i].flags & (VYRE_META_CHUNK_INPUT | VYRE_META_CHUNK_OUTPUT);
}

/* One argument struct fits both. */
static bool have_same_arguments(const struct metadata_view *v, const struct vyre_meta_unit *a,
                                const struct vyre_meta_unit *b)
{
    const struct vyre_meta_buffer *x = v->buffers + a->first_buffer, *y = v->buffers + b->first_buffer;
    const struct vyre_meta_param *p = v->params + a->first_param, *q = v->params + b->first_param;
    if (a->n_buffers != b->n_buffers || a->n_params != b->n_params || a->args_bytes != b->args_bytes) return false;
    for (uint32_t i = 0; i < a->n_buffers; i++)
        if (x[i].arg_offset != y[i].arg_offset || x[i].type != y[i].type || x[i].lanes != y[i].lanes) return false;
    for (uint32_t i = 0; i < a->n_params; i++)
        if (p[i].arg_offset != q[i].arg_offset || p[i].type != q[i].type) return false;
    return true;
}

/* Both have the same buffers; the pipeline has params of its own behind those of the unit, all u32. */
static bool check_chunk_shape(const struct metadata_view *v, const struct vyre_meta_unit *u,
                              const struct vyre_meta_unit *p, uint32_t n_arms)
{
    const struct vyre_meta_buffer *mine = v->buffers + u->first_buffer, *theirs = v->buffers + p->first_buffer;
    const struct vyre_meta_param *params = v->params + p->first_param;
    if (u->n_buffers != p->n_buffers || u->n_temps != p->n_temps) return false;
    uint64_t n_params = u->n_params + (uint64_t)n_arms * VYRE_META_ARM_PARAMS;
    for (uint32_t i = 0; i < u->n_buffers + u->n_temps; i++) {
        if (mine[i].type != theirs[i].type || mine[i].lanes != theirs[i].lanes) return false;
        if (has_parts(p, theirs, i)) n_params += VYRE_META_BUFFER_PARAMS;
    }
    if (n_params != p->n_params) return false;
    for (uint32_t i = 0; i < p->n_params; i++)
        if (params[i].type != (i < u->n_params ? v->params[u->first_param + i].type : VYRE_TYPE_U32)) return false;
    return true;
}

static bool check_window(const struct metadata_view *v, const struct vyre_meta_unit *p, uint32_t n_arms,
                         const struct vyre_meta_window *w)
{
    const uint64_t most = UINT64_C(1) << VYRE_META_WINDOW_BITS;
    if (w->arm >= n_arms || w->buffer >= p->n_buffers + p->n_temps) return false;
    if (!has_parts(p, v->buffers + p->first_buffer, w->buffer)) return false;
    return w->numerator && w->denominator && w->count && w->numerator < most && w->denominator < most &&
           w->count < most && w->low < (int64_t)most && w->low > -(int64_t)most;
}

static bool check_weights(const struct metadata_view *v, const struct vyre_meta_chunks *c, uint32_t n)
{
    const uint64_t most = UINT64_C(1) << VYRE_META_WEIGHT_BITS;
    if (c->n_weights != n || !c->heaviest || c->heaviest > VYRE_META_CHUNK_FAR || c->margin >= most) return false;
    for (uint32_t i = 0; i < n; i++)
        if (v->weights[c->first_weight + i].value > c->heaviest) return false;
    return true;
}

static bool check_chunk(struct checker *k, const struct vyre_meta_chunks *c)
{
    const struct metadata_view *v = k->view;
    uint32_t n_units = v->head->units.n;
    if (c->unit >= n_units || c->plan >= n_units || !is_string(k, c->reason) || !is_string(k, c->near_only))
        return false;
    if (!take(&k->n_windows_seen, c->first_window, c->n_windows, v->head->windows.n)) return false;
    if (!take(&k->n_weights_seen, c->first_weight, c->n_weights, v->head->weights.n)) return false;
    if (c->pipeline == UINT32_MAX) return true;
    if (c->pipeline >= n_units || c->pipeline < v->head->n_programs) return false;
    const struct vyre_meta_unit *p = &v->units[c->pipeline];
    uint32_t n_arms = count_arms(v, c->plan);
    if (!have_same_arguments(v, &v->units[c->unit], &v->units[c->plan])) return false;
    if (count_arms(v, c->pipeline) != n_arms || !check_chunk_shape(v, &v->units[c->plan], p, n_arms)) return false;
    for (uint32_t i = 0; i < c->n_windows; i++)
        if (!check_window(v, p, n_arms, &v->windows[c->first_window + i])) return false;
    return !c->n_weights || check_weights(v, c, n_arms + p->n_buffers + p->n_temps);
}

static bool check_chunks(struct checker *k)
{
    for (uint32_t i = 0; i < k->view->head->chunks.n; i++)
        if (!check_chunk(k, &k->view->chunks[i])) return false;
    return true;
}

/* -- tables ------------------------------------------------------------------------------------ */

/* The table's address, or NULL when it does not lie inside. */
static const void *find_table(const unsigned char *bytes, uint64_t n_bytes, struct vyre_meta_table table,
                              uint64_t row_bytes)
{
    if (table.offset % 8 || table.offset > n_bytes || table.n > (n_bytes - table.offset) / row_bytes) return NULL;
    return bytes + table.offset;
}

static bool has_all(const void *const *tables, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!tables[i]) return false;
    return true;
}

const char *metadata_open(const void *bytes, uint64_t n_bytes, struct metadata_view *view)
{
    const struct vyre_meta *head = bytes;
    if (n_bytes < sizeof *head) return "its metadata is too short";
    if (head->version != VYRE_META_VERSION)
        return "its metadata is of another version: it was made by another compiler version";
    *view = (struct metadata_view){
        .head = head,
        .units = find_table(bytes, n_bytes, head->units, sizeof *view->units),
        .trap_arms = find_table(bytes, n_bytes, head->trap_arms, sizeof *view->trap_arms),
        .buffers = find_table(bytes, n_bytes, head->buffers, sizeof *view->buffers),
        .params = find_table(bytes, n_bytes, head->params, sizeof *view->params),
        .steps = find_table(bytes, n_bytes, head->steps, sizeof *view->steps),
        .deps = find_table(bytes, n_bytes, head->deps, sizeof *view->deps),
        .args = find_table(bytes, n_bytes, head->args, sizeof *view->args),
        .chunks = find_table(bytes, n_bytes, head->chunks, sizeof *view->chunks),
        .windows = find_table(bytes, n_bytes, head->windows, sizeof *view->windows),
        .weights = find_table(bytes, n_bytes, head->weights, sizeof *view->weights),
        .ops = find_table(bytes, n_bytes, head->ops, sizeof *view->ops),
        .strings = find_table(bytes, n_bytes, head->strings, 1),
    };
    const void *tables[] = {view->units, view->trap_arms, view->buffers, view->params,  view->steps, view->deps,
                            view->args,  view->chunks,    view->windows, view->weights, view->ops,   view->strings};
    if (!has_all(tables, sizeof tables / sizeof *tables)) return "a table of its metadata is misplaced";
    if (!head->strings.n || view->strings[head->strings.n - 1]) return "the strings of its metadata are malformed";
    struct checker k = {.view = view};
    return check_units(&k) && check_chunks(&k) ? NULL : "its metadata contradicts itself";
}
