/* build.c - making IR: items, expressions, statements.
 *
 * Nothing is checked here beyond what typing needs; see build.h. Copies of whole programs and modules are in copy.c. */
#include "ir/build.h"

#include "ir/ops.h"

/* -- items -------------------------------------------------------------------------------------------------- */

struct ir_module *ir_module_new(struct arena *arena, struct intern *names, struct sources *sources)
{
    struct ir_module *m = ARENA_NEW(arena, struct ir_module);
    m->arena = arena;
    m->names = names;
    m->sources = sources;
    map_init(&m->item_names, arena);
    return m;
}

static void append_item(struct ir_module *m, struct ir_item item, const char *name)
{
    vec_push(m->arena, &m->items, item);
    map_set(&m->item_names, name, m);
}

struct ir_program *ir_program_new(struct ir_module *m, const char *name, struct src_range range)
{
    struct ir_program *p = ARENA_NEW(m->arena, struct ir_program);
    p->name = name;
    p->range = range;
    p->workgroup[0] = 64;
    p->workgroup[1] = p->workgroup[2] = 1;
    p->index = m->programs.n;
    p->module = m;
    map_init(&p->local_names, m->arena);
    vec_push(m->arena, &m->programs, p);
    append_item(m, (struct ir_item){.kind = IR_ITEM_PROGRAM, .program = p}, name);
    return p;
}

struct ir_pipeline *ir_pipeline_new(struct ir_module *m, const char *name, struct src_range range)
{
    struct ir_pipeline *p = ARENA_NEW(m->arena, struct ir_pipeline);
    p->name = name;
    p->range = range;
    p->index = m->pipelines.n;
    p->module = m;
    vec_push(m->arena, &m->pipelines, p);
    append_item(m, (struct ir_item){.kind = IR_ITEM_PIPELINE, .pipeline = p}, name);
    return p;
}

static void init_buffer(struct ir_buffer *b, const char *name, enum ir_space space, enum ir_access access, ir_type elem,
                        struct src_range range)
{
    b->name = name;
    b->range = range;
    b->space = space;
    b->access = access;
    b->elem = elem;
    b->binding = -1;
}

struct ir_data *ir_data_new(struct ir_module *m, const char *name, ir_type elem, uint64_t count, struct src_range range)
{
    struct ir_data *d = ARENA_NEW(m->arena, struct ir_data);
    init_buffer(&d->buffer, name, IR_SPACE_DATA, IR_ACCESS_READ, elem, range);
    d->buffer.sized = true;
    d->buffer.count = count;
    d->buffer.index = m->data.n;
    d->buffer.data = d;
    vec_push(m->arena, &m->data, d);
    append_item(m, (struct ir_item){.kind = IR_ITEM_DATA, .data = d}, name);
    return d;
}

struct ir_buffer *ir_buffer_new(struct ir_module *m, const char *name, enum ir_space space, enum ir_access access,
                                ir_type elem, struct src_range range)
{
    struct ir_buffer *b = ARENA_NEW(m->arena, struct ir_buffer);
    init_buffer(b, name, space, access, elem, range);
    return b;
}

struct ir_param *ir_param_new(struct ir_module *m, const char *name, ir_type type, struct src_range range)
{
    struct ir_param *p = ARENA_NEW(m->arena, struct ir_param);
    p->name = name;
    p->range = range;
    p->type = type;
    return p;
}

/* -- locals and their names --------------------------------------------------------------------------------- */

static void take_name(struct ir_program *p, const char *name)
{
    if (!map_find(&p->local_names, name)) map_set(&p->local_names, name, (void *)(uintptr_t)1);
}

/* Buffers and params are appended by whoever builds the program, so their names are taken up when the next local comes.
 */
static void take_declared_names(struct ir_program *p)
{
    uint32_t n = p->buffers.n + p->arrays.n + p->params.n;
    if (n == p->n_declared_names) return;
    for (uint32_t i = 0; i < p->buffers.n; i++)
        take_name(p, p->buffers.at[i]->name);
    for (uint32_t i = 0; i < p->arrays.n; i++)
        take_name(p, p->arrays.at[i]->name);
    for (uint32_t i = 0; i < p->params.n; i++)
        take_name(p, p->params.at[i]->name);
    p->n_declared_names = n;
}

static bool is_name_taken(const struct ir_program *p, const char *name)
{
    return map_find(&p->local_names, name) || map_find(&p->module->item_names, name);
}

/* The map holds, for each name in use, how many suffixes were tried, plus 1: a million locals of one name stay linear.
 */
static const char *choose_free_name(struct ir_program *p, const char *name)
{
    struct ir_module *m = p->module;
    const char *chosen = name;
    take_declared_names(p);
    if (is_name_taken(p, name)) {
        uintptr_t n_tried = (uintptr_t)map_find(&p->local_names, name);
        if (n_tried == 0) n_tried = 1;
        while (is_name_taken(p, chosen))
            chosen = intern_string(m->names, arena_printf(m->arena, "%s_%u", name, (unsigned)n_tried++));
        map_set(&p->local_names, name, (void *)n_tried);
    }
    take_name(p, chosen);
    return chosen;
}

struct ir_local *ir_local_new(struct ir_program *p, const char *name, ir_type type, bool is_mutable,
                              struct src_range range)
{
    struct arena *arena = p->module->arena;
    struct ir_local *l = ARENA_NEW(arena, struct ir_local);
    l->name = choose_free_name(p, intern_string(p->module->names, name));
    l->range = range;
    l->type = type;
    l->is_mutable = is_mutable;
    l->index = p->locals.n;
    vec_push(arena, &p->locals, l);
    return l;
}

/* -- expressions -------------------------------------------------------------------------------------------- */

void ir_expr_update_depth(struct ir_expr *e)
{
    e->depth = 1;
    for (uint32_t i = 0; i < e->n_args; i++)
        if (e->args[i]->depth >= e->depth) e->depth = (uint16_t)(e->args[i]->depth + 1);
}

struct ir_expr *ir_expr_new(struct ir_module *m, enum ir_op op, ir_type type, struct ir_expr *const *args,
                            uint32_t n_args, struct src_range range)
{
    struct ir_expr *e = arena_alloc(m->arena, sizeof *e + n_args * sizeof e->args[0]);
    e->op = (uint16_t)op;
    e->type = type;
    e->n_args = (uint8_t)n_args;
    e->range = range;
    for (uint32_t i = 0; i < n_args; i++)
        e->args[i] = args[i];
    ir_expr_update_depth(e);
    return e;
}

struct ir_expr *ir_const(struct ir_module *m, ir_type type, uint64_t bits, struct src_range range)
{
    struct ir_expr *e = ir_expr_new(m, IR_OP_CONST, type, NULL, 0, range);
    uint32_t width = ir_type_info(type)->bits;
    uint64_t kept = width == 64 ? bits : bits & (((uint64_t)1 << width) - 1);
    e->bits = ir_value_to_memory((enum ir_scalar)type.scalar, kept);
    return e;
}

struct ir_expr *ir_const_u32(struct ir_module *m, uint32_t value)
{
    return ir_const(m, IR_TYPE(U32), value, SRC_NONE);
}

struct ir_expr *ir_get_local(struct ir_module *m, struct ir_local *l, struct src_range range)
{
    struct ir_expr *e = ir_expr_new(m, IR_OP_LOCAL, l->type, NULL, 0, range);
    e->local = l;
    return e;
}

struct ir_expr *ir_get_param(struct ir_module *m, struct ir_param *p, struct src_range range)
{
    struct ir_expr *e = ir_expr_new(m, IR_OP_PARAM, p->type, NULL, 0, range);
    e->param = p;
    return e;
}

struct ir_expr *ir_id(struct ir_module *m, enum ir_op op, uint8_t component, struct src_range range)
{
    struct ir_expr *e = ir_expr_new(m, op, IR_TYPE(U32), NULL, 0, range);
    e->component = component;
    return e;
}

struct ir_expr *ir_len(struct ir_module *m, struct ir_buffer *b, struct src_range range)
{
    struct ir_expr *e = ir_expr_new(m, IR_OP_LEN, IR_TYPE(U32), NULL, 0, range);
    e->buffer = b;
    return e;
}

struct ir_expr *ir_load(struct ir_module *m, struct ir_buffer *b, struct ir_expr *index, struct src_range range)
{
    struct ir_expr *e = ir_expr_new(m, IR_OP_LOAD, b->elem, &index, 1, range);
    e->buffer = b;
    return e;
}

static struct ir_expr *build_signed_op(struct ir_module *m, enum ir_op op, struct ir_expr *const *args, uint32_t n_args,
                                       struct src_range range)
{
    ir_type types[2], result;
    uint32_t bad_arg;
    for (uint32_t i = 0; i < n_args; i++)
        types[i] = args[i]->type;
    if (!ir_op_result_type(op, types, &result, &bad_arg))
        bug("operand %u of '%s' cannot be a %s", (unsigned)bad_arg, ir_op_infos[op].name, ir_type_text(types[bad_arg]));
    return ir_expr_new(m, op, result, args, n_args, range);
}

struct ir_expr *ir_unary(struct ir_module *m, enum ir_op op, struct ir_expr *a, struct src_range range)
{
    return build_signed_op(m, op, &a, 1, range);
}

struct ir_expr *ir_binary(struct ir_module *m, enum ir_op op, struct ir_expr *a, struct ir_expr *b,
                          struct src_range range)
{
    return build_signed_op(m, op, (struct ir_expr *[]){a, b}, 2, range);
}

struct ir_expr *ir_expr_copy(struct ir_module *m, const struct ir_expr *e)
{
    size_t size_bytes = sizeof *e + e->n_args * sizeof e->args[0];
    struct ir_expr *copy = arena_alloc(m->arena, size_bytes);
    *copy = *e;
    if (e->op == IR_OP_LOAD) copy->in_bounds &= m->copies_claims; /* claims are about a place in a program */
    for (uint32_t i = 0; i < e->n_args; i++)
        copy->args[i] = ir_expr_copy(m, e->args[i]);
    return copy;
}

/* Claims of loads say nothing about their values. */
static bool has_equal_component(const struct ir_expr *a, const struct ir_expr *b)
{
    return a->op == IR_OP_LOAD || a->component == b->component;
}

static bool has_equal_payload(const struct ir_expr *a, const struct ir_expr *b)
{
    switch (a->op) {
    case IR_OP_CONST:
        return a->bits == b->bits;
    case IR_OP_LOCAL:
        return a->local == b->local;
    case IR_OP_PARAM:
        return a->param == b->param;
    case IR_OP_LOAD:
    case IR_OP_LEN:
        return a->buffer == b->buffer;
    default:
        return true;
    }
}

struct ir_expr *ir_zero(struct ir_module *m, ir_type type)
{
    struct ir_expr *parts[4];
    ir_type scalar = {type.scalar, 1};
    for (uint32_t i = 0; i < type.lanes; i++)
        parts[i] = ir_const(m, scalar, 0, SRC_NONE);
    return type.lanes == 1 ? parts[0] : ir_expr_new(m, IR_OP_VEC, type, parts, type.lanes, SRC_NONE);
}

bool ir_expr_equal(const struct ir_expr *a, const struct ir_expr *b)
{
    if (a->op != b->op || !ir_type_equal(a->type, b->type) || !has_equal_component(a, b) || a->n_args != b->n_args ||
        !has_equal_payload(a, b))
        return false;
    for (uint32_t i = 0; i < a->n_args; i++)
        if (!ir_expr_equal(a->args[i], b->args[i])) return false;
    return true;
}

bool ir_expr_is_fixed(const struct ir_expr *e)
{
    if (e->op == IR_OP_LOAD || (e->op == IR_OP_LOCAL && e->local->is_mutable)) return false;
    if (ir_op_infos[e->op].traits & IR_TRAIT_SUBGROUP) return false;
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!ir_expr_is_fixed(e->args[i])) return false;
    return true;
}

/* -- statements --------------------------------------------------------------------------------------------- */

struct ir_stmt *ir_stmt_new(struct ir_module *m, enum ir_stmt_kind kind, struct src_range range)
{
    struct ir_stmt *s = ARENA_NEW(m->arena, struct ir_stmt);
    s->kind = kind;
    s->range = range;
    if (kind == IR_STMT_IF) {
        s->if_.then_block.owner = s;
        s->if_.else_block.owner = s;
    } else if (kind == IR_STMT_FOR) {
        s->for_.body.owner = s;
        s->for_.step = 1;
    } else if (kind == IR_STMT_WHILE) {
        s->while_.body.owner = s;
    } else if (kind == IR_STMT_BLOCK || kind == IR_STMT_REGION) {
        s->scope.body.owner = s;
    } else if (kind == IR_STMT_ATOMIC) {
        s->atomic.order = IR_ORDER_SEQ_CST;
    }
    return s;
}

/* Links s between two neighbours, either of which may be absent. */
static void link_between(struct ir_block *b, struct ir_stmt *prev, struct ir_stmt *s, struct ir_stmt *next)
{
    s->parent = b;
    s->prev = prev;
    s->next = next;
    if (prev)
        prev->next = s;
    else
        b->first = s;
    if (next)
        next->prev = s;
    else
        b->last = s;
}

void ir_block_append(struct ir_block *b, struct ir_stmt *s)
{
    link_between(b, b->last, s, NULL);
}

void ir_insert_before(struct ir_stmt *at, struct ir_stmt *s)
{
    link_between(at->parent, at->prev, s, at);
}

void ir_insert_after(struct ir_stmt *at, struct ir_stmt *s)
{
    link_between(at->parent, at, s, at->next);
}

void ir_remove(struct ir_stmt *s)
{
    if (s->prev)
        s->prev->next = s->next;
    else
        s->parent->first = s->next;
    if (s->next)
        s->next->prev = s->prev;
    else
        s->parent->last = s->prev;
    s->parent = NULL;
    s->prev = s->next = NULL;
}
