/* metadata.c - writes the interface of programs and pipelines and the plan of their launches, in the tables of
 * runtime-stub/vyre_container.h.
 *
 * Host expressions become postfix code here; what they mean is ir_host_eval's business (ir/host_eval.c) and the
 * runtime's (runtime-stub/plan.c), which must agree. */
#include <string.h>

#include "codegen/container.h"
#include "codegen/needs.h"
#include "codegen/plan.h"
#include "ir/chunks.h"
#include "ir/facts.h"
#include "ir/ops.h"

struct metadata {
    struct ir_module *module;
    struct arena *arena;
    struct map strings_at; /* interned name -> 1 + offset */
    struct out units, trap_arms, buffers, params, steps, deps, args, chunks, windows, weights, ops, strings;
    uint32_t depth; /* values on the stack of the expression being written */
};

static uint32_t add_string(struct metadata *md, const char *text)
{
    if (!text || !*text) return 0;
    const char *name = intern_string(md->module->names, text);
    uintptr_t at = (uintptr_t)map_find(&md->strings_at, name);
    if (!at) {
        at = md->strings.n + 1;
        out_bytes(&md->strings, name, strlen(name) + 1);
        map_set(&md->strings_at, name, (void *)at);
    }
    return (uint32_t)(at - 1);
}

/* -- host expressions -------------------------------------------------------------------------- */

/* 1 + the container's number of an operation; 0 for those that the checker keeps out of host expressions. */
static const uint8_t op_numbers[IR_OP_COUNT] = {
#define HOST_OP(NAME) [IR_OP_##NAME] = 1 + VYRE_META_OP_##NAME
    HOST_OP(CONST), HOST_OP(PARAM), HOST_OP(LEN),  HOST_OP(ADD),    HOST_OP(SUB),  HOST_OP(MUL), HOST_OP(DIV),
    HOST_OP(REM),   HOST_OP(MIN),   HOST_OP(MAX),  HOST_OP(AND),    HOST_OP(OR),   HOST_OP(XOR), HOST_OP(SHL),
    HOST_OP(SHR),   HOST_OP(EQ),    HOST_OP(NE),   HOST_OP(LT),     HOST_OP(LE),   HOST_OP(GT),  HOST_OP(GE),
    HOST_OP(LAND),  HOST_OP(LOR),   HOST_OP(LNOT), HOST_OP(SELECT), HOST_OP(CAST),
#undef HOST_OP
};

static const uint8_t op_args[VYRE_META_OP_COUNT] = {
#define META_OP(NAME, n_args) n_args,
    VYRE_META_OPS(META_OP)
#undef META_OP
};

static void add_op(struct metadata *md, enum vyre_meta_op_kind op, uint8_t type, uint64_t value)
{
    md->depth = md->depth + 1 - op_args[op];
    struct vyre_meta_op row = {.op = (uint8_t)op, .type = type, .depth = md->depth, .value = value};
    out_bytes(&md->ops, &row, sizeof row);
}

static uint64_t leaf_value(const struct ir_expr *e)
{
    switch (e->op) {
    case IR_OP_CONST:
        return e->bits;
    case IR_OP_PARAM:
        return e->param->index;
    case IR_OP_LEN:
        return e->buffer->index;
    default:
        return 0;
    }
}

static void add_ops(struct metadata *md, const struct ir_expr *e)
{
    if (!op_numbers[e->op]) bug("operation '%s' in a host expression", ir_op_infos[e->op].name);
    for (uint32_t i = 0; i < e->n_args; i++)
        add_ops(md, e->args[i]);
    add_op(md, op_numbers[e->op] - 1, interface_types[e->type.scalar].number, leaf_value(e));
}

static vyre_meta_expr begin_expr(struct metadata *md)
{
    md->depth = 0;
    return (vyre_meta_expr)(md->ops.n / sizeof(struct vyre_meta_op));
}

static vyre_meta_expr add_expr(struct metadata *md, const struct ir_expr *e)
{
    if (!e) return VYRE_META_NONE;
    vyre_meta_expr at = begin_expr(md);
    add_ops(md, e);
    add_op(md, VYRE_META_OP_END, 0, 0);
    return at;
}

/* What an arm passes for a param: a constant or a param as it is, whatever its type; else a size that is computed. */
static vyre_meta_expr add_value(struct metadata *md, const struct ir_expr *e)
{
    if (e->op != IR_OP_CONST && e->op != IR_OP_PARAM) return add_expr(md, e);
    vyre_meta_expr at = begin_expr(md);
    add_op(md, op_numbers[e->op] - 1, 0, leaf_value(e));
    add_op(md, VYRE_META_OP_END, 0, 0);
    return at;
}

static vyre_meta_expr add_constant(struct metadata *md, uint64_t value)
{
    vyre_meta_expr at = begin_expr(md);
    add_op(md, VYRE_META_OP_CONST, VYRE_TYPE_U32, value);
    add_op(md, VYRE_META_OP_END, 0, 0);
    return at;
}

/* The default: the element count of the largest written buffer; 0 without one. */
static vyre_meta_expr add_default_dispatch(struct metadata *md, const struct ir_program *p)
{
    vyre_meta_expr at = begin_expr(md);
    for (uint32_t i = 0; i < p->buffers.n; i++) {
        if (!ir_access_writes(p->buffers.at[i]->access)) continue;
        bool first = md->depth == 0;
        add_op(md, VYRE_META_OP_LEN, VYRE_TYPE_U32, i);
        if (!first) add_op(md, VYRE_META_OP_MAX, VYRE_TYPE_U32, 0);
    }
    if (!md->depth) add_op(md, VYRE_META_OP_CONST, VYRE_TYPE_U32, 0);
    add_op(md, VYRE_META_OP_END, 0, 0);
    return at;
}

/* -- buffers and params ------------------------------------------------------------------------ */

static const uint8_t access_numbers[] = {
    [IR_ACCESS_READ] = VYRE_ACCESS_READ,
    [IR_ACCESS_WRITE] = VYRE_ACCESS_WRITE,
    [IR_ACCESS_READ_WRITE] = VYRE_ACCESS_READ_WRITE,
    [IR_ACCESS_UNIFORM] = VYRE_ACCESS_UNIFORM,
};

/* Only arguments have a length rule; a temp is made as long as it has to be. */
static uint8_t buffer_flags(const struct ir_buffer *b, bool is_temp)
{
    return (uint8_t)((b->sized && !is_temp ? VYRE_META_SIZED : 0) | (b->streaming ? VYRE_META_STREAMING : 0) |
                     (b->live_out ? VYRE_META_LIVE_OUT : 0) | (b->has_bytes ? VYRE_META_BYTES : 0));
}

static void add_buffer(struct metadata *md, const struct ir_buffer *b, uint64_t arg_offset, vyre_meta_expr prefix,
                       vyre_meta_expr count_expr, uint32_t slot)
{
    struct vyre_meta_buffer row = {.name = add_string(md, b->name),
                                   .type = interface_types[b->elem.scalar].number,
                                   .lanes = b->elem.lanes,
                                   .access = access_numbers[b->access],
                                   .flags = buffer_flags(b, count_expr != VYRE_META_NONE),
                                   .elem_bytes = ir_type_mem_bytes(b->elem),
                                   .align_bytes = interface_align_bytes(b),
                                   .binding = b->binding,
                                   .prefix = prefix,
                                   .count_expr = count_expr,
                                   .slot = slot,
                                   .count = b->sized ? b->count : 0,
                                   .bytes_begin = b->bytes_begin,
                                   .bytes_end = b->bytes_end,
                                   .arg_offset = arg_offset};
    out_bytes(&md->buffers, &row, sizeof row);
}

static vyre_meta_expr add_prefix(struct metadata *md, const struct ir_program *p, const struct ir_buffer *b)
{
    if (!p || b->access != IR_ACCESS_WRITE) return VYRE_META_NONE;
    return add_expr(md, ir_written_prefix(md->module, p, b));
}

static void add_fields(struct metadata *md, const struct interface_unit *u, struct vyre_meta_unit *row)
{
    row->first_buffer = (uint32_t)(md->buffers.n / sizeof(struct vyre_meta_buffer));
    row->n_buffers = u->n_buffers;
    for (uint32_t i = 0; i < u->n_buffers; i++) {
        const struct interface_field *f = &u->fields[i];
        add_buffer(md, f->buffer, f->offset, add_prefix(md, u->program, f->buffer), VYRE_META_NONE, 0);
    }
    row->first_param = (uint32_t)(md->params.n / sizeof(struct vyre_meta_param));
    row->n_params = u->n_params;
    for (uint32_t i = 0; i < u->n_params; i++) {
        const struct interface_field *f = &u->fields[u->n_buffers + i];
        const struct interface_type *type = &interface_types[f->param->type.scalar];
        struct vyre_meta_param param = {.name = add_string(md, f->param->name),
                                        .type = type->number,
                                        .bytes = type->c_bytes,
                                        .arg_offset = f->offset};
        out_bytes(&md->params, &param, sizeof param);
    }
}

/* -- chunks ------------------------------------------------------------------------------------ */

_Static_assert((int)VYRE_META_ARM_PARAMS == (int)IR_CHUNK_ARM_PARAMS &&
                   (int)VYRE_META_BUFFER_PARAMS == (int)IR_CHUNK_BUFFER_PARAMS &&
                   VYRE_META_MOST_CHUNK_ELEMENTS == IR_CHUNK_MOST_ELEMENTS &&
                   VYRE_META_MOST_CHUNK_POSITION == IR_CHUNK_MOST_POSITION && VYRE_META_CHUNK_FAR == IR_CHUNK_FAR,
               "the params of a chunk are others in objects");

static uint32_t pipeline_unit(const struct metadata *md, const struct ir_pipeline *p)
{
    return md->module->programs.n + p->index;
}

static void add_chunks(struct metadata *md, const struct ir_chunks *c)
{
    const struct ir_pipeline *plan = c->pipeline ? c->plan : c->of; /* of a refusal nobody keeps it */
    struct vyre_meta_chunks row = {.unit = c->program ? c->program->index : pipeline_unit(md, c->of),
                                   .pipeline = c->pipeline ? pipeline_unit(md, c->pipeline) : UINT32_MAX,
                                   .plan = plan ? pipeline_unit(md, plan) : c->program->index,
                                   .reason = add_string(md, c->refusal),
                                   .first_window = (uint32_t)(md->windows.n / sizeof(struct vyre_meta_window)),
                                   .n_windows = c->pipeline ? c->windows.n : 0,
                                   .near_only = add_string(md, c->near_only),
                                   .first_weight = (uint32_t)(md->weights.n / sizeof(struct vyre_meta_weight)),
                                   .n_weights = c->pipeline && !c->near_only ? c->n_arms + c->n_buffers : 0,
                                   .margin = c->margin,
                                   .heaviest = c->heaviest};
    out_bytes(&md->chunks, &row, sizeof row);
    for (uint32_t i = 0; i < row.n_windows; i++) {
        const struct ir_chunk_window *w = &c->windows.at[i];
        struct vyre_meta_window window = {.arm = w->arm,
                                          .buffer = w->buffer,
                                          .is_store = w->is_store,
                                          .numerator = w->numerator,
                                          .denominator = w->denominator,
                                          .count = w->count,
                                          .low = w->low};
        out_bytes(&md->windows, &window, sizeof window);
    }
    for (uint32_t i = 0; i < row.n_weights; i++) {
        struct vyre_meta_weight w = {i < c->n_arms ? c->arm_weights[i] : c->buffer_weights[i - c->n_arms]};
        out_bytes(&md->weights, &w, sizeof w);
    }
}

/* The buffers of a pipeline that runs chunks say which of them have parts. */
static void mark_parts(struct metadata *md, const struct ir_pipeline *p, const struct vyre_meta_unit *row)
{
    static const uint8_t flags[] = {[IR_CHUNK_WHOLE] = 0,
                                    [IR_CHUNK_INPUT] = VYRE_META_CHUNK_INPUT,
                                    [IR_CHUNK_OUTPUT] = VYRE_META_CHUNK_OUTPUT,
                                    [IR_CHUNK_TEMP] = 0};
    for (uint32_t k = 0; md->module->chunks && k < md->module->chunks->all.n; k++) {
        const struct ir_chunks *c = md->module->chunks->all.at[k];
        if (c->pipeline != p) continue;
        struct vyre_meta_buffer *buffers = (struct vyre_meta_buffer *)md->buffers.bytes + row->first_buffer;
        for (uint32_t i = 0; i < c->n_buffers; i++)
            buffers[i].flags |= flags[c->roles[i]];
    }
}

/* -- units ------------------------------------------------------------------------------------- */

static void add_trap_arms(struct metadata *md, const struct ir_program *p, struct vyre_meta_unit *row)
{
    row->first_trap_arm = (uint32_t)(md->trap_arms.n / sizeof(struct vyre_meta_trap_arm));
    row->n_trap_arms = p->trap_arms.n;
    for (uint32_t i = 0; i < p->trap_arms.n; i++) {
        const struct ir_trap_arm *a = &p->trap_arms.at[i];
        struct vyre_meta_trap_arm made = {add_string(md, a->arm), add_string(md, a->program)};
        out_bytes(&md->trap_arms, &made, sizeof made);
    }
}

static void fill_program(struct metadata *md, const struct ir_program *p, struct vyre_meta_unit *row)
{
    struct ir_fingerprint print = ir_program_fingerprint(p, md->arena);
    memcpy(row->fingerprint, print.bytes, sizeof row->fingerprint);
    row->op_name = add_string(md, p->op_name);
    add_trap_arms(md, p, row);
    row->arms = add_string(md, p->arms);
    interface_workgroup(p, row->workgroup);
    for (uint32_t i = 0; i < 3; i++)
        row->dispatch[i] = i < p->n_dispatch ? add_expr(md, p->dispatch[i]) : add_constant(md, 1);
    if (!p->n_dispatch) row->dispatch[0] = add_default_dispatch(md, p);
    struct needs needs = needs_find(md->module, p, md->arena);
    row->needs = needs.bits;
    row->nesting = needs.nesting;
    row->rounds = add_expr(md, needs.rounds);
    row->rounds_of_large = add_expr(md, needs.rounds_of_large);
    row->has_free_width = ir_has_free_width(p);
}

static void add_arm(struct metadata *md, const struct plan_launch *launch)
{
    const struct ir_arm *arm = launch->arm;
    struct vyre_meta_step row = {.kind = VYRE_META_ARM,
                                 .name = add_string(md, arm->name),
                                 .target = arm->program->index,
                                 .first_arg = (uint32_t)(md->args.n / sizeof(struct vyre_meta_arg)),
                                 .first_dep = (uint32_t)(md->deps.n / sizeof(struct vyre_meta_dep)),
                                 .n_deps = launch->deps.n};
    for (uint32_t i = 0; i < launch->deps.n; i++)
        out_u32(&md->deps, launch->deps.at[i]);
    for (uint32_t i = 0; i < arm->args.n; i++) {
        const struct ir_arg *a = &arm->args.at[i];
        out_u32(&md->args, a->buffer ? a->buffer->index : (uint32_t)add_value(md, a->value));
    }
    out_bytes(&md->steps, &row, sizeof row);
}

static void fill_pipeline(struct metadata *md, const struct ir_pipeline *p, const struct plan *plan,
                          struct vyre_meta_unit *row)
{
    const struct plan_launch *launch = plan->launches.at;
    struct ir_fingerprint print = ir_pipeline_fingerprint(p, md->arena);
    memcpy(row->fingerprint, print.bytes, sizeof row->fingerprint);
    row->budget_bytes = p->budget_bytes;
    row->n_temps = p->temps.n;
    for (uint32_t i = 0; i < 3; i++)
        row->dispatch[i] = VYRE_META_NONE;
    row->rounds = row->rounds_of_large = VYRE_META_NONE;
    row->first_step = (uint32_t)(md->steps.n / sizeof(struct vyre_meta_step));
    IR_EACH_STMT(s, &p->body)
    {
        if (s->kind == IR_STMT_ARM) add_arm(md, launch++);
        if (s->kind != IR_STMT_HOST) continue;
        struct vyre_meta_step host = {.kind = VYRE_META_HOST, .target = s->host.buffer->index};
        out_bytes(&md->steps, &host, sizeof host);
    }
    row->n_steps = (uint32_t)(md->steps.n / sizeof(struct vyre_meta_step)) - row->first_step;
}

/* Temps stand behind the arguments in the table of buffers, so that their numbers continue. */
static void add_temps(struct metadata *md, const struct ir_pipeline *p, const struct plan *plan)
{
    for (uint32_t i = 0; i < p->temps.n; i++) {
        struct ir_buffer *b = p->temps.at[i];
        vyre_meta_expr count = b->count_expr ? add_expr(md, b->count_expr) : add_constant(md, b->count);
        add_buffer(md, b, 0, VYRE_META_NONE, count, plan->slots[i]);
    }
}

static void add_unit(struct metadata *md, const struct interface_unit *u)
{
    struct vyre_meta_unit row = {
        .name = add_string(md, u->name), .symbol = add_string(md, u->symbol), .args_bytes = u->args_bytes};
    struct plan plan;
    add_fields(md, u, &row);
    if (u->program) {
        fill_program(md, u->program, &row);
    } else {
        plan_find(u->pipeline, md->arena, &plan);
        add_temps(md, u->pipeline, &plan);
        fill_pipeline(md, u->pipeline, &plan, &row);
        if (u->pipeline->internal) mark_parts(md, u->pipeline, &row);
    }
    out_bytes(&md->units, &row, sizeof row);
}

/* -- the whole --------------------------------------------------------------------------------- */

static struct vyre_meta_table place_table(const struct out *table, size_t row_bytes, uint64_t *at)
{
    struct vyre_meta_table t = {(uint32_t)*at, (uint32_t)(table->n / row_bytes)};
    *at = (*at + table->n + 7) / 8 * 8;
    return t;
}

void metadata_write(const struct ir_module *m, const struct interface *face, struct arena *scratch, struct out *out)
{
    /* Facts allocate in the module's arena; what the module says stays as it is. */
    struct metadata md = {.module = (struct ir_module *)(uintptr_t)m, .arena = scratch};
    struct out *tables[] = {&md.units, &md.trap_arms, &md.buffers, &md.params,  &md.steps, &md.deps,
                            &md.args,  &md.chunks,    &md.windows, &md.weights, &md.ops,   &md.strings};
    enum { N_TABLES = sizeof tables / sizeof *tables };
    struct vyre_meta head = {.version = VYRE_META_VERSION, .n_programs = m->programs.n};
    uint64_t at = sizeof head;
    map_init(&md.strings_at, scratch);
    for (uint32_t i = 0; i < N_TABLES; i++)
        out_init(tables[i], out->mem);
    out_bytes(&md.strings, "", 1);
    for (uint32_t i = 0; i < face->n_units; i++)
        add_unit(&md, &face->units[i]);
    for (uint32_t i = 0; m->chunks && i < m->chunks->all.n; i++)
        add_chunks(&md, m->chunks->all.at[i]);

    head.units = place_table(&md.units, sizeof(struct vyre_meta_unit), &at);
    head.trap_arms = place_table(&md.trap_arms, sizeof(struct vyre_meta_trap_arm), &at);
    head.buffers = place_table(&md.buffers, sizeof(struct vyre_meta_buffer), &at);
    head.params = place_table(&md.params, sizeof(struct vyre_meta_param), &at);
    head.steps = place_table(&md.steps, sizeof(struct vyre_meta_step), &at);
    head.deps = place_table(&md.deps, sizeof(struct vyre_meta_dep), &at);
    head.args = place_table(&md.args, sizeof(struct vyre_meta_arg), &at);
    head.chunks = place_table(&md.chunks, sizeof(struct vyre_meta_chunks), &at);
    head.windows = place_table(&md.windows, sizeof(struct vyre_meta_window), &at);
    head.weights = place_table(&md.weights, sizeof(struct vyre_meta_weight), &at);
    head.ops = place_table(&md.ops, sizeof(struct vyre_meta_op), &at);
    head.strings = place_table(&md.strings, 1, &at);
    if (at > INT32_MAX) bug("metadata of %llu bytes", (unsigned long long)at);
    size_t start = out->n;
    out_bytes(out, &head, sizeof head);
    for (uint32_t i = 0; i < N_TABLES; i++) {
        out_bytes(out, tables[i]->bytes, tables[i]->n);
        while ((out->n - start) % 8)
            out_bytes(out, "", 1);
        out_release(tables[i]);
    }
}
