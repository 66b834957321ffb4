/* interp_flatten.c - from a program's tree to the list of instructions that interp_step.c runs; see interp_code.h.
 *
 * Registers are a stack: a local takes the next one when it is declared and gives it back at the end of its block, and
 * so do the intermediate values of an expression. Recursion is bounded by the limits of the IR. */
#include "ir/interp_code.h"

#include <string.h>

struct loop {
    struct loop *outer;
    VEC(uint32_t) breaks, continues; /* jumps that wait for their target */
};

struct flattener {
    struct launch *launch;
    struct code *code;
    const uint64_t *params;
    operand *local_regs; /* by local index */
    operand next_reg;
    struct loop *loop;
    struct src_range range; /* of the statement at hand */
    bool begins;            /* it has no instruction yet */
};

static operand take_reg(struct flattener *f)
{
    operand r = f->next_reg++;
    if ((uint32_t)f->next_reg > f->code->n_regs) f->code->n_regs = (uint32_t)f->next_reg;
    return r;
}

static operand add_constant(struct flattener *f, uint64_t bits)
{
    struct ir_value v = {{bits, bits, bits, bits}};
    vec_push(f->code->arena, &f->code->pool, v);
    return ~(operand)(f->code->pool.n - 1);
}

/* The instruction may move when the next one is appended. */
static struct inst *append(struct flattener *f, enum interp_code code)
{
    struct inst i = {.code = code, .range = f->range};
    if (f->begins) i.statement = ++f->code->n_statements;
    f->begins = false;
    vec_push(f->code->arena, &f->code->insts, i);
    return &f->code->insts.at[f->code->insts.n - 1];
}

static uint32_t next_place(const struct flattener *f)
{
    return f->code->insts.n;
}

static uint32_t append_jump(struct flattener *f, enum interp_code code, operand condition, uint32_t target)
{
    struct inst *i = append(f, code);
    i->args[0] = condition;
    i->target = target;
    return next_place(f) - 1;
}

static void set_target(struct flattener *f, uint32_t jump)
{
    f->code->insts.at[jump].target = next_place(f);
}

/* -- expressions ----------------------------------------------------------------------------------------- */

static operand flatten_expr(struct flattener *f, const struct ir_expr *e, operand wanted);
enum { ANY_REG = INT32_MIN };

/* The destination: `wanted`, or a new register. */
static operand choose_dst(struct flattener *f, operand wanted)
{
    return wanted == ANY_REG ? take_reg(f) : wanted;
}

static uint64_t find_uniform(const struct launch *l, const struct ir_expr *e)
{
    switch (e->op) {
    case IR_OP_CONST:
        return e->bits;
    case IR_OP_WORKGROUP_SIZE:
        return l->size[e->component];
    case IR_OP_NUM_WORKGROUPS:
        return l->groups[e->component];
    case IR_OP_SUBGROUP_SIZE:
        return IR_SUBGROUP_SIZE;
    case IR_OP_LEN:
        return e->buffer->space == IR_SPACE_STORAGE ? l->storage[e->buffer->index].count : e->buffer->count;
    default:
        bug("%s is no leaf of the interpreter", ir_op_infos[e->op].name);
    }
}

static operand flatten_leaf(struct flattener *f, const struct ir_expr *e, operand wanted)
{
    switch (e->op) {
    case IR_OP_LOCAL:
        return f->local_regs[e->local->index];
    case IR_OP_PARAM:
        return add_constant(f, ir_value_from_memory(e->type.scalar, f->params[e->param->index]));
    case IR_OP_GID:
    case IR_OP_LID:
    case IR_OP_WID:
    case IR_OP_LANE: {
        operand dst = choose_dst(f, wanted);
        struct inst *i = append(f, CODE_ID);
        i->op = e->op;
        i->component = e->component;
        i->dst = dst;
        return dst;
    }
    default:
        return add_constant(f, find_uniform(f->launch, e));
    }
}

static bool is_leaf(const struct ir_expr *e)
{
    return e->op != IR_OP_LOAD && !e->n_args;
}

static operand flatten_operation(struct flattener *f, const struct ir_expr *e, operand wanted)
{
    bool is_load = e->op == IR_OP_LOAD;
    operand saved = f->next_reg, args[4], dst;
    for (uint32_t k = 0; k < e->n_args; k++)
        args[k] = flatten_expr(f, e->args[k], ANY_REG);
    f->next_reg = saved; /* the result may lie where an operand was: it is written last */
    dst = choose_dst(f, wanted);
    struct inst *i = append(f, is_load                                         ? CODE_LOAD
                               : ir_op_infos[e->op].traits & IR_TRAIT_SUBGROUP ? CODE_SUBGROUP
                                                                               : CODE_EVAL);
    i->op = e->op;
    i->type = e->type;
    i->component = is_load ? 0 : e->component;
    i->n_args = e->n_args;
    i->dst = dst;
    i->range = e->range.end ? e->range : f->range;
    for (uint32_t k = 0; k < e->n_args; k++) {
        i->args[k] = args[k];
        i->arg_types[k] = e->args[k]->type;
    }
    if (is_load) i->array = e->buffer;
    if (is_load) i->in_bounds = e->in_bounds;
    return dst;
}

static operand flatten_expr(struct flattener *f, const struct ir_expr *e, operand wanted)
{
    return is_leaf(e) ? flatten_leaf(f, e, wanted) : flatten_operation(f, e, wanted);
}

/* The value in exactly this register. */
static void flatten_into(struct flattener *f, const struct ir_expr *e, operand dst)
{
    operand from = flatten_expr(f, e, dst);
    if (from == dst) return;
    struct inst *i = append(f, CODE_COPY);
    i->dst = dst;
    i->args[0] = from;
}

/* A value that lasts until the end of the statement. */
static operand flatten_value(struct flattener *f, const struct ir_expr *e)
{
    return flatten_expr(f, e, ANY_REG);
}

/* -- statements: the register stack is put back after each by flatten_block, but for what a declaration took  */

static void flatten_block(struct flattener *f, const struct ir_block *b);

static void flatten_LET(struct flattener *f, const struct ir_stmt *s)
{
    operand dst = take_reg(f);
    flatten_into(f, s->let.value, dst);
    f->local_regs[s->let.local->index] = dst;
    f->next_reg = dst + 1;
}

static void flatten_VAR(struct flattener *f, const struct ir_stmt *s)
{
    flatten_LET(f, s);
}

static void flatten_ASSIGN(struct flattener *f, const struct ir_stmt *s)
{
    flatten_into(f, s->let.value, f->local_regs[s->let.local->index]);
}

static void flatten_STORE(struct flattener *f, const struct ir_stmt *s)
{
    operand index = flatten_value(f, s->store.index), value = flatten_value(f, s->store.value);
    struct inst *i = append(f, CODE_STORE);
    i->array = s->store.buffer;
    i->in_bounds = s->store.in_bounds;
    i->type = s->store.buffer->elem;
    i->args[0] = index;
    i->args[1] = value;
}

static void flatten_IF(struct flattener *f, const struct ir_stmt *s)
{
    uint32_t skip = append_jump(f, CODE_JUMP_UNLESS, flatten_value(f, s->if_.cond), 0);
    flatten_block(f, &s->if_.then_block);
    if (!s->if_.has_else) {
        set_target(f, skip);
        return;
    }
    uint32_t leave = append_jump(f, CODE_JUMP, 0, 0);
    set_target(f, skip);
    flatten_block(f, &s->if_.else_block);
    set_target(f, leave);
}

/* The body with its breaks and continues; the caller has the code of the next round follow, then calls end_loop. */
static void flatten_body(struct flattener *f, struct loop *loop, const struct ir_block *body)
{
    *loop = (struct loop){.outer = f->loop};
    f->loop = loop;
    flatten_block(f, body);
    for (uint32_t k = 0; k < loop->continues.n; k++)
        set_target(f, loop->continues.at[k]);
}

static void end_loop(struct flattener *f, struct loop *loop)
{
    for (uint32_t k = 0; k < loop->breaks.n; k++)
        set_target(f, loop->breaks.at[k]);
    f->loop = loop->outer;
}

static uint32_t append_compare(struct flattener *f, operand a, operand b, ir_type type)
{
    operand condition = take_reg(f);
    struct inst *i = append(f, CODE_EVAL);
    i->op = IR_OP_LT;
    i->type = IR_TYPE(BOOL);
    i->n_args = 2;
    i->dst = condition;
    i->args[0] = a;
    i->args[1] = b;
    i->arg_types[0] = i->arg_types[1] = type;
    return append_jump(f, CODE_JUMP_UNLESS, condition, 0);
}

static void flatten_FOR(struct flattener *f, const struct ir_stmt *s)
{
    struct loop loop;
    operand variable = take_reg(f), to = take_reg(f);
    flatten_into(f, s->for_.from, variable);
    flatten_into(f, s->for_.to, to);
    f->local_regs[s->for_.local->index] = variable;
    uint32_t skip = append_compare(f, variable, to, s->for_.local->type);
    uint32_t body = next_place(f);
    flatten_body(f, &loop, &s->for_.body);
    f->range = s->range;
    struct inst *i = append(f, CODE_FOR_NEXT);
    i->type = s->for_.local->type;
    i->dst = variable;
    i->args[0] = to;
    i->step = s->for_.step;
    i->target = body;
    set_target(f, skip);
    end_loop(f, &loop);
}

static operand flatten_told(struct flattener *f, const struct ir_told *told)
{
    return told->invocation ? flatten_value(f, told->invocation) : 0;
}

/* args[0] is the code. */
static void set_told(struct inst *i, const struct ir_told *told, operand invocation)
{
    i->target = told->arm;
    i->n_args = told->invocation ? 2 : 1;
    i->args[1] = invocation;
}

static void append_tell(struct flattener *f, operand code, const struct ir_told *told)
{
    operand invocation = flatten_told(f, told);
    struct inst *i = append(f, CODE_TELL);
    i->args[0] = code;
    set_told(i, told, invocation);
}

static void append_round(struct flattener *f, const struct ir_stmt *s, operand left)
{
    operand invocation = flatten_told(f, &s->while_.told);
    struct inst *round = append(f, CODE_WHILE_ROUND);
    round->dst = left;
    set_told(round, &s->while_.told, invocation);
}

static void flatten_WHILE(struct flattener *f, const struct ir_stmt *s)
{
    bool goes_on = s->while_.told.goes_on;
    struct loop loop;
    operand left = take_reg(f);
    flatten_into(f, s->while_.max, left);
    uint32_t again = next_place(f), over = 0, leave = 0;
    uint32_t skip = append_jump(f, CODE_JUMP_UNLESS, flatten_value(f, s->while_.cond), 0);
    if (goes_on) over = append_jump(f, CODE_JUMP_UNLESS, left, 0);
    append_round(f, s, left);
    flatten_body(f, &loop, &s->while_.body);
    f->range = s->range;
    append_jump(f, CODE_JUMP, 0, again);
    if (goes_on) {
        set_target(f, over);
        append_tell(f, add_constant(f, 1), &s->while_.told);
        leave = append_jump(f, CODE_JUMP, 0, 0);
        set_target(f, leave);
    }
    set_target(f, skip);
    end_loop(f, &loop);
}

static void flatten_BREAK(struct flattener *f, const struct ir_stmt *s)
{
    (void)s;
    vec_push(f->code->arena, &f->loop->breaks, append_jump(f, CODE_JUMP, 0, 0));
}

static void flatten_CONTINUE(struct flattener *f, const struct ir_stmt *s)
{
    (void)s;
    vec_push(f->code->arena, &f->loop->continues, append_jump(f, CODE_JUMP, 0, 0));
}

static void flatten_RETURN(struct flattener *f, const struct ir_stmt *s)
{
    (void)s;
    append(f, CODE_END);
}

static void flatten_BLOCK(struct flattener *f, const struct ir_stmt *s)
{
    flatten_block(f, &s->scope.body);
}
static void flatten_REGION(struct flattener *f, const struct ir_stmt *s)
{
    flatten_block(f, &s->scope.body);
}

static void flatten_BARRIER(struct flattener *f, const struct ir_stmt *s)
{
    (void)s;
    append(f, CODE_BARRIER);
}

static void flatten_GRID_BARRIER(struct flattener *f, const struct ir_stmt *s)
{
    (void)s;
    append(f, CODE_GRID_BARRIER);
}

static void flatten_ATOMIC(struct flattener *f, const struct ir_stmt *s)
{
    operand first = f->next_reg, dst = 0;
    if (s->atomic.result && s->atomic.declares)
        dst = f->local_regs[s->atomic.result->index] = take_reg(f);
    else if (s->atomic.result)
        dst = f->local_regs[s->atomic.result->index];
    operand index = flatten_value(f, s->atomic.index);
    operand expected = s->atomic.expected ? flatten_value(f, s->atomic.expected) : add_constant(f, 0);
    operand value = flatten_value(f, s->atomic.value);
    struct inst *i = append(f, CODE_ATOMIC);
    i->op = (uint16_t)s->atomic.op;
    i->type = s->atomic.buffer->elem;
    i->array = s->atomic.buffer;
    i->in_bounds = s->atomic.in_bounds;
    i->has_dst = s->atomic.result != NULL;
    i->dst = dst;
    i->args[0] = index;
    i->args[1] = expected;
    i->args[2] = value;
    f->next_reg = first + (s->atomic.result && s->atomic.declares);
}

static void flatten_COPY_ASYNC(struct flattener *f, const struct ir_stmt *s)
{
    operand to = flatten_value(f, s->copy.dst_index), from = flatten_value(f, s->copy.src_index);
    operand count = flatten_value(f, s->copy.count);
    struct inst *i = append(f, CODE_COPY_ASYNC);
    i->array = s->copy.dst;
    i->source = s->copy.src;
    i->type = s->copy.dst->elem;
    i->args[0] = to;
    i->args[1] = from;
    i->args[2] = count;
    i->target = s->copy.tag;
}

static void flatten_WAIT(struct flattener *f, const struct ir_stmt *s)
{
    append(f, CODE_WAIT)->target = s->wait.tag;
}

static void flatten_TRAP(struct flattener *f, const struct ir_stmt *s)
{
    operand code = flatten_value(f, s->trap.code);
    operand invocation = flatten_told(f, &s->trap.told);
    struct inst *i = append(f, CODE_TRAP);
    i->args[0] = code;
    set_told(i, &s->trap.told, invocation);
}

static void flatten_TELL(struct flattener *f, const struct ir_stmt *s)
{
    append_tell(f, flatten_value(f, s->trap.code), &s->trap.told);
}

static void refuse_pipeline_stmt(const struct ir_stmt *s)
{
    bug("%s in the body of a program", ir_stmt_infos[s->kind].name);
}
static void flatten_ARM(struct flattener *f, const struct ir_stmt *s)
{
    (void)f, refuse_pipeline_stmt(s);
}
static void flatten_HOST(struct flattener *f, const struct ir_stmt *s)
{
    (void)f, refuse_pipeline_stmt(s);
}
static void flatten_COLLECTIVE(struct flattener *f, const struct ir_stmt *s)
{
    (void)f, refuse_pipeline_stmt(s);
}

static void (*const flatten_stmt[IR_STMT_COUNT])(struct flattener *f, const struct ir_stmt *s) = {
#define STMT(NAME, text, traits, help) flatten_##NAME,
#include "ir/stmts.def"
};

static bool declares_local(const struct ir_stmt *s)
{
    return s->kind == IR_STMT_LET || s->kind == IR_STMT_VAR || s->kind == IR_STMT_ATOMIC;
}

static void flatten_block(struct flattener *f, const struct ir_block *b)
{
    operand first = f->next_reg;
    IR_EACH_STMT(s, b)
    {
        operand before = f->next_reg;
        f->range = s->range;
        f->begins = true;
        flatten_stmt[s->kind](f, s);
        if (!declares_local(s)) f->next_reg = before;
    }
    f->begins = false;
    f->next_reg = first;
}

/* -- arrays ---------------------------------------------------------------------------------------------- */

static void place_arrays(struct code *c, const struct ir_program *p, bool detect_races)
{
    c->arrays = ARENA_ARRAY(c->arena, struct array_view, p->arrays.n);
    for (uint32_t k = 0; k < p->arrays.n; k++) {
        const struct ir_buffer *b = p->arrays.at[k];
        bool is_private = b->space == IR_SPACE_PRIVATE;
        uint64_t *block = is_private ? &c->private_bytes : &c->workgroup_bytes;
        uint32_t elem_bytes = ir_type_mem_bytes(b->elem);
        c->arrays[k] = (struct array_view){
            .count = b->count, .elem_bytes = elem_bytes, .offset = *block, .shadow_offset = c->workgroup_shadows};
        *block += b->count * elem_bytes;
        if (!is_private && detect_races) c->workgroup_shadows += b->count;
    }
}

void interp_flatten(struct launch *l, const uint64_t *params)
{
    struct code *c = &l->code;
    c->arena = l->arena;
    struct flattener f = {.launch = l, .code = c, .params = params};
    f.local_regs = ARENA_ARRAY(l->arena, operand, l->program->locals.n + 1);
    place_arrays(c, l->program, l->options->detect_races);
    flatten_block(&f, &l->program->body);
    f.range = l->program->range;
    append(&f, CODE_END);
    c->reached = ARENA_ARRAY(l->arena, bool, c->n_statements + 1);
}
