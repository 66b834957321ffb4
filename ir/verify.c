/* verify.c - is this IR what the passes and emitters may rely on?
 *
 * The user's faults are check.c's business; what is wrong here is ours: links, owners, types against the tables,
 * definitions before uses, shared nodes. Every violation is collected and shown as a comment under its line of the IR
 * text. Linear. */
#include <stdlib.h>

#include "ir/ops.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "ir/walk.h"

struct violation {
    const char *text;
    struct violation *next;
};

struct verifier {
    const struct ir_module *m;
    struct arena *arena;
    struct map violations; /* node that is printed on a line of its own -> its struct violation */
    struct map owned;      /* buffers, params and locals that may be named here -> the verifier; expressions seen */
    uint32_t n_violations;
    const void *at;                   /* the node to blame */
    const struct ir_program *program; /* or NULL in a pipeline */
    bool *in_scope;                   /* by local */
};

__attribute__((format(printf, 2, 3))) static void fail(struct verifier *v, const char *format, ...)
{
    struct violation *found = ARENA_NEW(v->arena, struct violation), *first = map_find(&v->violations, v->at);
    va_list args;
    va_start(args, format);
    found->text = arena_vprintf(v->arena, format, args);
    va_end(args);
    v->n_violations++;
    if (!first) {
        map_set(&v->violations, v->at, found);
        return;
    }
    while (first->next)
        first = first->next;
    first->next = found;
}

/* -- expressions -------------------------------------------------------------------------------------------- */

static const char *type_text(ir_type t)
{
    return t.scalar == IR_NONE || t.scalar >= IR_SCALAR_COUNT ? "nothing" : ir_type_text(t);
}

static void need_type(struct verifier *v, const char *what, ir_type got, ir_type want)
{
    if (!ir_type_equal(got, want)) fail(v, "%s is a %s, not a %s", what, type_text(got), type_text(want));
}

static void need_owned(struct verifier *v, const void *node, const char *what, const char *name)
{
    if (!node)
        fail(v, "%s is missing", what);
    else if (!map_find(&v->owned, node))
        fail(v, "%s '%s' does not belong here", what, name);
}

static void verify_local_use(struct verifier *v, const struct ir_local *l)
{
    need_owned(v, l, "local", l ? l->name : "");
    if (l && map_find(&v->owned, l) && !v->in_scope[l->index])
        fail(v, "local '%s' is used where it is not defined", l->name);
}

static void verify_leaf(struct verifier *v, const struct ir_expr *e)
{
    if (e->op == IR_OP_LOCAL) {
        verify_local_use(v, e->local);
        if (e->local) need_type(v, "a local's value", e->type, e->local->type);
    } else if (e->op == IR_OP_PARAM) {
        need_owned(v, e->param, "param", e->param ? e->param->name : "");
        if (e->param) need_type(v, "a param's value", e->type, e->param->type);
    } else if (e->op == IR_OP_CONST) {
        uint32_t bits = e->type.scalar < IR_SCALAR_COUNT ? ir_type_info(e->type)->bits : 0;
        if (e->type.lanes != 1 || !bits)
            fail(v, "a constant is a %s, not a scalar", type_text(e->type));
        else if (bits < 64 && e->bits >> bits)
            fail(v, "a constant has bits beyond its width");
    } else if (e->op != IR_OP_LEN) {
        need_type(v, "an id", e->type, IR_TYPE(U32));
        if (e->component > 2) fail(v, "an id has component %u", (unsigned)e->component);
    }
}

static void verify_buffer_expr(struct verifier *v, const struct ir_expr *e)
{
    need_owned(v, e->buffer, "buffer", e->buffer ? e->buffer->name : "");
    if (!e->buffer) return;
    need_type(v, ir_op_infos[e->op].name, e->type, e->op == IR_OP_LEN ? IR_TYPE(U32) : e->buffer->elem);
    if (e->op == IR_OP_LOAD) need_type(v, "an index", e->args[0]->type, IR_TYPE(U32));
}

static void verify_vector_expr(struct verifier *v, const struct ir_expr *e)
{
    ir_type scalar = {e->type.scalar, 1};
    if (e->op == IR_OP_EXTRACT) {
        need_type(v, "a component", e->type, (ir_type){e->args[0]->type.scalar, 1});
        if (e->component >= e->args[0]->type.lanes || e->args[0]->type.lanes == 1)
            fail(v, "component %u of a %s", (unsigned)e->component, type_text(e->args[0]->type));
        return;
    }
    if (e->n_args != e->type.lanes || e->type.lanes == 1)
        fail(v, "a %s of %u components", type_text(e->type), (unsigned)e->n_args);
    for (uint32_t i = 0; i < e->n_args; i++)
        need_type(v, "a component", e->args[i]->type, scalar);
}

/* Operations whose row has no signature. */
static void verify_special_type(struct verifier *v, const struct ir_expr *e)
{
    switch (e->op) {
    case IR_OP_LOAD:
    case IR_OP_LEN:
        verify_buffer_expr(v, e);
        break;
    case IR_OP_VEC:
    case IR_OP_EXTRACT:
        verify_vector_expr(v, e);
        break;
    case IR_OP_CAST:
        if (e->type.lanes != e->args[0]->type.lanes)
            fail(v, "a %s is cast to a %s", type_text(e->args[0]->type), type_text(e->type));
        break;
    case IR_OP_BITCAST:
        if (e->type.lanes != e->args[0]->type.lanes ||
            ir_type_info(e->type)->bits != ir_type_info(e->args[0]->type)->bits)
            fail(v, "the bits of a %s are taken as a %s", type_text(e->args[0]->type), type_text(e->type));
        break;
    case IR_OP_BALLOT:
        need_type(v, "a ballot", e->type, IR_TYPE(U32));
        need_type(v, "a ballot's condition", e->args[0]->type, IR_TYPE(BOOL));
        break;
    default:
        verify_leaf(v, e);
        break;
    }
}

static void verify_operation(struct verifier *v, const struct ir_expr *e)
{
    const struct ir_op_info *info = &ir_op_infos[e->op];
    ir_type types[4], result;
    uint32_t bad_arg = 0;
    if (info->sig == IR_SIG_NONE) {
        verify_special_type(v, e);
        return;
    }
    for (uint32_t i = 0; i < e->n_args; i++)
        types[i] = e->args[i]->type;
    if (!ir_op_result_type((enum ir_op)e->op, types, &result, &bad_arg))
        fail(v, "operand %u of %s is a %s", (unsigned)bad_arg, info->name, type_text(types[bad_arg]));
    else
        need_type(v, info->name, e->type, result);
}

static bool has_expected_args(const struct ir_expr *e)
{
    if (e->op == IR_OP_VEC) return e->n_args == 2 || e->n_args == 4;
    return e->n_args == ir_op_infos[e->op].n_args;
}

static void verify_expr(struct verifier *v, const struct ir_expr *e)
{
    uint32_t depth = 0;
    if (!e) {
        fail(v, "an expression is missing");
        return;
    }
    if (e->op >= IR_OP_COUNT || !has_expected_args(e)) {
        fail(v, "operation %u has %u operands", (unsigned)e->op, (unsigned)e->n_args);
        return;
    }
    if (map_find(&v->owned, e)) {
        fail(v, "a %s expression stands in two places", ir_op_infos[e->op].name);
        return;
    }
    map_set(&v->owned, e, v);
    if (e->depth > IR_MAX_EXPR_DEPTH) {
        fail(v, "an expression is %u deep", (unsigned)e->depth);
        return;
    }
    for (uint32_t i = 0; i < e->n_args; i++) {
        if (!e->args[i] || e->args[i]->depth >= e->depth) {
            fail(v, "operand %u of %s is missing or as deep as the operation", (unsigned)i, ir_op_infos[e->op].name);
            return;
        }
        verify_expr(v, e->args[i]);
        if (e->args[i]->depth > depth) depth = e->args[i]->depth;
    }
    if (e->depth != depth + 1)
        fail(v, "%s says it is %u deep, and is %u", ir_op_infos[e->op].name, (unsigned)e->depth, (unsigned)depth + 1);
    verify_operation(v, e);
}

static void verify_value(struct verifier *v, const char *what, const struct ir_expr *e, ir_type want)
{
    verify_expr(v, e);
    if (e) need_type(v, what, e->type, want);
}

/* -- statements --------------------------------------------------------------------------------------------- */

static void define_local(struct verifier *v, const struct ir_local *l)
{
    need_owned(v, l, "local", l ? l->name : "");
    if (!l || !map_find(&v->owned, l)) return;
    if (v->in_scope[l->index]) fail(v, "local '%s' is defined twice", l->name);
    v->in_scope[l->index] = true;
}

static void verify_assignment(struct verifier *v, const struct ir_local *l)
{
    verify_local_use(v, l);
    if (l && !l->is_mutable) fail(v, "local '%s' is assigned, but is not a var", l->name);
}

static void verify_let(struct verifier *v, const struct ir_stmt *s)
{
    struct ir_local *l = s->let.local;
    verify_expr(v, s->let.value);
    if (l && s->let.value) need_type(v, "the value", s->let.value->type, l->type);
    if (s->kind == IR_STMT_ASSIGN) {
        verify_assignment(v, l);
        return;
    }
    define_local(v, l);
    if (l && l->is_mutable != (s->kind == IR_STMT_VAR))
        fail(v, "local '%s' is mutable in a let, or not in a var", l->name);
}

static void verify_buffer_use(struct verifier *v, const struct ir_buffer *b)
{
    need_owned(v, b, "buffer", b ? b->name : "");
}

static void verify_store(struct verifier *v, const struct ir_stmt *s)
{
    verify_buffer_use(v, s->store.buffer);
    verify_value(v, "an index", s->store.index, IR_TYPE(U32));
    if (s->store.buffer) verify_value(v, "the value", s->store.value, s->store.buffer->elem);
}

static void verify_atomic(struct verifier *v, const struct ir_stmt *s)
{
    const struct ir_buffer *b = s->atomic.buffer;
    verify_buffer_use(v, b);
    verify_value(v, "an index", s->atomic.index, IR_TYPE(U32));
    if (!b) return;
    verify_value(v, "the value", s->atomic.value, b->elem);
    if ((s->atomic.op == IR_ATOMIC_CAS) != (s->atomic.expected != NULL))
        fail(v, "expected value without a cas, or the reverse");
    if (s->atomic.expected) verify_value(v, "the expected value", s->atomic.expected, b->elem);
    if (!s->atomic.result) return;
    need_type(v, "the old value", b->elem, s->atomic.result->type);
    if (s->atomic.declares)
        define_local(v, s->atomic.result);
    else
        verify_assignment(v, s->atomic.result);
}

static void verify_copy(struct verifier *v, const struct ir_stmt *s)
{
    verify_buffer_use(v, s->copy.dst);
    verify_buffer_use(v, s->copy.src);
    verify_value(v, "an index", s->copy.dst_index, IR_TYPE(U32));
    verify_value(v, "an index", s->copy.src_index, IR_TYPE(U32));
    verify_value(v, "the count", s->copy.count, IR_TYPE(U32));
    if (s->copy.dst && s->copy.src) need_type(v, "the source", s->copy.src->elem, s->copy.dst->elem);
}

static void verify_block(struct verifier *v, const struct ir_block *b, const struct ir_stmt *owner, uint32_t depth);

static void verify_for(struct verifier *v, const struct ir_stmt *s, uint32_t depth)
{
    const struct ir_local *l = s->for_.local;
    ir_type type = l ? l->type : IR_TYPE(U32);
    verify_value(v, "the first value", s->for_.from, type);
    verify_value(v, "the end", s->for_.to, type);
    if (!ir_type_is_int(type) || type.lanes != 1) fail(v, "the loop variable is a %s", type_text(type));
    if (s->for_.step == 0) fail(v, "the step is 0");
    define_local(v, l);
    if (l && l->is_mutable) fail(v, "the loop variable '%s' is mutable", l->name);
    verify_block(v, &s->for_.body, s, depth);
    if (l && map_find(&v->owned, l)) v->in_scope[l->index] = false;
}

static void verify_if(struct verifier *v, const struct ir_stmt *s, uint32_t depth)
{
    verify_value(v, "the condition", s->if_.cond, IR_TYPE(BOOL));
    verify_block(v, &s->if_.then_block, s, depth);
    verify_block(v, &s->if_.else_block, s, depth);
    v->at = s;
    if (!s->if_.has_else && s->if_.else_block.first) fail(v, "the else block is not empty, though there is none");
}

static void verify_told(struct verifier *v, const struct ir_told *told)
{
    if (told->arm && told->arm >= v->program->trap_arms.n)
        fail(v, "a trap is told as one of arm %u", (unsigned)told->arm);
    if (told->invocation) verify_value(v, "the invocation", told->invocation, IR_TYPE(U32));
}

static void verify_while(struct verifier *v, const struct ir_stmt *s, uint32_t depth)
{
    verify_value(v, "the condition", s->while_.cond, IR_TYPE(BOOL));
    verify_value(v, "max", s->while_.max, IR_TYPE(U32));
    verify_told(v, &s->while_.told);
    verify_block(v, &s->while_.body, s, depth);
}

static void verify_program_stmt(struct verifier *v, const struct ir_stmt *s, uint32_t depth)
{
    switch (s->kind) {
    case IR_STMT_LET:
    case IR_STMT_VAR:
    case IR_STMT_ASSIGN:
        verify_let(v, s);
        break;
    case IR_STMT_STORE:
        verify_store(v, s);
        break;
    case IR_STMT_IF:
        verify_if(v, s, depth);
        break;
    case IR_STMT_FOR:
        verify_for(v, s, depth);
        break;
    case IR_STMT_WHILE:
        verify_while(v, s, depth);
        break;
    case IR_STMT_REGION:
        if (!s->scope.name) fail(v, "the region has no name");
        verify_block(v, &s->scope.body, s, depth);
        break;
    case IR_STMT_BLOCK:
        verify_block(v, &s->scope.body, s, depth);
        break;
    case IR_STMT_ATOMIC:
        verify_atomic(v, s);
        break;
    case IR_STMT_COPY_ASYNC:
        verify_copy(v, s);
        break;
    case IR_STMT_TRAP:
    case IR_STMT_TELL:
        verify_value(v, "the code", s->trap.code, IR_TYPE(U32));
        verify_told(v, &s->trap.told);
        break;
    default:
        break;
    }
}

static void verify_arm_arg(struct verifier *v, const struct ir_arm *arm, uint32_t i)
{
    const struct ir_program *p = arm->program;
    const struct ir_arg *a = &arm->args.at[i];
    if (i < p->buffers.n) {
        if (a->formal_buffer != p->buffers.at[i] || a->formal_param) fail(v, "argument %u is not for buffer %u", i, i);
        verify_buffer_use(v, a->buffer);
        return;
    }
    if (a->formal_param != p->params.at[i - p->buffers.n] || a->formal_buffer)
        fail(v, "argument %u is not for its param", i);
    verify_expr(v, a->value);
}

static void verify_arm(struct verifier *v, const struct ir_arm *arm)
{
    if (!arm || !arm->program || arm->program->module != v->m) {
        fail(v, "an arm without a program of this module");
        return;
    }
    uint32_t n_formals = arm->program->buffers.n + arm->program->params.n;
    if (arm->args.n != n_formals) {
        fail(v, "an arm with %u arguments for %u buffers and params", arm->args.n, n_formals);
        return;
    }
    for (uint32_t i = 0; i < n_formals; i++)
        verify_arm_arg(v, arm, i);
}

static void verify_pipeline_stmt(struct verifier *v, const struct ir_stmt *s)
{
    if (s->kind == IR_STMT_ARM) verify_arm(v, s->arm);
    if (s->kind == IR_STMT_HOST) verify_buffer_use(v, s->host.buffer);
    if (s->kind != IR_STMT_COLLECTIVE) return;
    verify_buffer_use(v, s->collective.dst);
    if (s->collective.src) verify_buffer_use(v, s->collective.src);
    if ((s->collective.op == IR_COLLECTIVE_BROADCAST) != (s->collective.src == NULL))
        fail(v, "a collective with a buffer too many or too few");
}

/* What a block defines is out of scope behind it. */
static void close_scope(struct verifier *v, const struct ir_block *b)
{
    IR_EACH_STMT(s, b)
    {
        bool declares =
            s->kind == IR_STMT_LET || s->kind == IR_STMT_VAR || (s->kind == IR_STMT_ATOMIC && s->atomic.declares);
        const struct ir_local *l = declares ? ir_stmt_written_local(s) : NULL;
        if (l && map_find(&v->owned, l)) v->in_scope[l->index] = false;
    }
}

static void verify_links(struct verifier *v, const struct ir_block *b, const struct ir_stmt *s)
{
    if (s->parent != b) fail(v, "the statement's parent is another block");
    if (s->prev ? s->prev->next != s : b->first != s) fail(v, "the statement before does not lead here");
    if (!s->next && b->last != s) fail(v, "the block does not end with its last statement");
}

static void verify_block(struct verifier *v, const struct ir_block *b, const struct ir_stmt *owner, uint32_t depth)
{
    const void *outer = v->at;
    if (b->owner != owner) fail(v, "a block does not belong to the statement around it");
    if (depth > IR_MAX_NESTING) {
        fail(v, "blocks nest more than %d deep", IR_MAX_NESTING);
        return;
    }
    IR_EACH_STMT(s, b)
    {
        v->at = s;
        verify_links(v, b, s);
        bool for_pipelines = ir_stmt_infos[s->kind].traits & IR_STMT_TRAIT_PIPELINE;
        if (for_pipelines != !v->program)
            fail(v, "the statement belongs in a %s", v->program ? "pipeline" : "program");
        else if (v->program)
            verify_program_stmt(v, s, depth + 1);
        else
            verify_pipeline_stmt(v, s);
    }
    close_scope(v, b);
    v->at = outer;
}

/* -- items -------------------------------------------------------------------------------------------------- */

static void own(struct verifier *v, const void *node)
{
    map_set(&v->owned, node, v);
}

static void own_buffer(struct verifier *v, const struct ir_buffer *b, uint32_t index, bool space_fits)
{
    v->at = b;
    if (b->index != index) fail(v, "buffer '%s' has index %u, not %u", b->name, b->index, index);
    if (!space_fits) fail(v, "buffer '%s' is in the wrong list for its space", b->name);
    if (b->elem.scalar == IR_NONE || b->elem.scalar >= IR_SCALAR_COUNT)
        fail(v, "buffer '%s' has no element type", b->name);
    own(v, b);
}

static void own_param(struct verifier *v, const struct ir_param *p, uint32_t index)
{
    v->at = p;
    if (p->index != index) fail(v, "param '%s' has index %u, not %u", p->name, p->index, index);
    own(v, p);
}

/* Names in one program are all different, or its text would mean something else. */
static void verify_name(struct verifier *v, struct map *names, const char *name)
{
    if (!name)
        fail(v, "something has no name");
    else if (map_find(names, name))
        fail(v, "the name '%s' is used twice", name);
    else
        map_set(names, name, v);
}

static void verify_names(struct verifier *v, const struct ir_program *p)
{
    struct map names;
    map_init(&names, v->arena);
    v->at = p;
    for (uint32_t i = 0; i < p->buffers.n; i++)
        verify_name(v, &names, p->buffers.at[i]->name);
    for (uint32_t i = 0; i < p->arrays.n; i++)
        verify_name(v, &names, p->arrays.at[i]->name);
    for (uint32_t i = 0; i < p->params.n; i++)
        verify_name(v, &names, p->params.at[i]->name);
    for (uint32_t i = 0; i < p->locals.n; i++)
        verify_name(v, &names, p->locals.at[i]->name);
}

static void begin_item(struct verifier *v, const struct ir_program *p)
{
    v->program = p;
    map_init(&v->owned, v->arena);
    for (uint32_t i = 0; i < v->m->data.n; i++)
        own(v, &v->m->data.at[i]->buffer);
}

static void verify_program(struct verifier *v, const struct ir_program *p)
{
    begin_item(v, p);
    verify_names(v, p);
    v->in_scope = ARENA_ARRAY(v->arena, bool, p->locals.n);
    for (uint32_t i = 0; i < p->buffers.n; i++)
        own_buffer(v, p->buffers.at[i], i, p->buffers.at[i]->space == IR_SPACE_STORAGE);
    for (uint32_t i = 0; i < p->arrays.n; i++) {
        enum ir_space space = p->arrays.at[i]->space;
        own_buffer(v, p->arrays.at[i], i, space == IR_SPACE_WORKGROUP || space == IR_SPACE_PRIVATE);
    }
    for (uint32_t i = 0; i < p->params.n; i++)
        own_param(v, p->params.at[i], i);
    v->at = p;
    for (uint32_t i = 0; i < p->locals.n; i++) {
        if (p->locals.at[i]->index != i)
            fail(v, "local '%s' has the wrong index", p->locals.at[i]->name);
        else
            own(v, p->locals.at[i]);
    }
    if (p->module != v->m) fail(v, "the program belongs to another module");
    for (uint32_t i = 0; i < p->n_dispatch; i++)
        verify_value(v, "the dispatch", p->dispatch[i], IR_TYPE(U32));
    verify_block(v, &p->body, NULL, 0);
}

static void verify_pipeline(struct verifier *v, const struct ir_pipeline *p)
{
    begin_item(v, NULL);
    for (uint32_t i = 0; i < p->buffers.n; i++)
        own_buffer(v, p->buffers.at[i], i, p->buffers.at[i]->space == IR_SPACE_STORAGE);
    for (uint32_t i = 0; i < p->params.n; i++)
        own_param(v, p->params.at[i], i);
    for (uint32_t i = 0; i < p->temps.n; i++) {
        own_buffer(v, p->temps.at[i], p->buffers.n + i, p->temps.at[i]->space == IR_SPACE_STORAGE);
        if (p->temps.at[i]->count_expr) verify_expr(v, p->temps.at[i]->count_expr);
    }
    v->at = p;
    if (p->module != v->m) fail(v, "the pipeline belongs to another module");
    verify_block(v, &p->body, NULL, 0);
}

static void verify_data(struct verifier *v, const struct ir_data *d)
{
    v->at = d;
    if (d->buffer.data != d || d->buffer.space != IR_SPACE_DATA)
        fail(v, "data '%s' is not its own buffer", d->buffer.name);
    if (d->size_bytes != d->buffer.count * ir_type_mem_bytes(d->buffer.elem))
        fail(v, "data '%s' has the wrong size", d->buffer.name);
}

static void print_violations(void *ctx, const void *node, uint32_t indent, struct out *out)
{
    const struct verifier *v = ctx;
    for (const struct violation *found = map_find(&v->violations, node); found; found = found->next) {
        for (uint32_t i = 0; i < indent; i++)
            out_text(out, "  ");
        out_printf(out, "// ^ %s\n", found->text);
    }
}

bool ir_verify_module(const struct ir_module *m, struct out *out)
{
    struct arena scratch;
    struct verifier v = {.m = m, .arena = &scratch};
    arena_init(&scratch, m->arena->mem);
    map_init(&v.violations, v.arena);
    for (uint32_t i = 0; i < m->data.n; i++)
        verify_data(&v, m->data.at[i]);
    for (uint32_t i = 0; i < m->programs.n; i++)
        verify_program(&v, m->programs.at[i]);
    for (uint32_t i = 0; i < m->pipelines.n; i++)
        verify_pipeline(&v, m->pipelines.at[i]);
    if (v.n_violations) ir_print_annotated(m, print_violations, &v, out);
    arena_release(&scratch);
    return v.n_violations == 0;
}
