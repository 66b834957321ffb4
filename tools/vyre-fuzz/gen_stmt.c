/* gen_stmt.c - random statements, one maker per row of stmts.def; see generate.h for what keeps them well-defined. */
#include "tools/vyre-fuzz/generate.h"

enum { MAX_NESTING = 4, MAX_LOOPS = 2, MAX_ROUNDS = 6 };

static struct ir_stmt *append(struct gen *g, enum ir_stmt_kind kind)
{
    struct ir_stmt *s = ir_stmt_new(g->m, kind, SRC_NONE);
    ir_block_append(g->block, s);
    return s;
}

static struct ir_expr *expr(struct gen *g, ir_type type, bool uniform)
{
    return gen_expr(g, type, random_between(g->random, 1, g->expr_depth), uniform);
}

static struct ir_local *declare(struct gen *g, const char *name, ir_type type, bool is_mutable, bool uniform)
{
    struct ir_local *l = ir_local_new(g->p, intern_string(g->m->names, name), type, is_mutable, SRC_NONE);
    struct gen_local visible = {l, uniform};
    vec_push(g->m->arena, &g->visible, visible);
    return l;
}

/* -- blocks ---------------------------------------------------------------------------------------------- */

/* The phases of all arrays, to be found again where flow meets. */
static enum phase *save_phases(struct gen *g)
{
    enum phase *saved = ARENA_ARRAY(g->m->arena, enum phase, g->arrays.n + 1);
    for (uint32_t k = 0; k < g->arrays.n; k++)
        saved[k] = g->arrays.at[k].phase;
    return saved;
}

static void restore_phases(struct gen *g, const enum phase *saved)
{
    bool differ = false;
    for (uint32_t k = 0; k < g->arrays.n; k++)
        differ |= g->arrays.at[k].phase != saved[k];
    if (differ) append(g, IR_STMT_BARRIER);
    for (uint32_t k = 0; k < g->arrays.n; k++)
        g->arrays.at[k].phase = saved[k];
}

/* What a block inside may do. */
struct flow {
    bool uniform, in_loop, is_loop;
};

static void fill_block(struct gen *g, struct ir_block *block, struct flow flow)
{
    struct gen saved = *g;
    enum phase *phases = save_phases(g);
    g->block = block;
    g->uniform = flow.uniform;
    g->in_loop = flow.in_loop;
    g->nesting++;
    g->loop_depth += flow.is_loop;
    gen_stmts(g, random_between(g->random, 1, 5));
    if (flow.uniform) restore_phases(g, phases);
    g->visible.n = saved.visible.n;
    g->block = saved.block;
    g->uniform = saved.uniform;
    g->in_loop = saved.in_loop;
    g->nesting = saved.nesting;
    g->loop_depth = saved.loop_depth;
}

static bool may_nest(const struct gen *g)
{
    return g->nesting < MAX_NESTING && g->budget > 2;
}

/* -- values ---------------------------------------------------------------------------------------------- */

static bool make_LET(struct gen *g)
{
    bool uniform = random_chance(g->random, 25);
    ir_type type = gen_type(g);
    struct ir_expr *value = expr(g, type, uniform);
    append(g, IR_STMT_LET)->let.value = value;
    g->block->last->let.local = declare(g, "v", type, false, uniform);
    return true;
}

static bool make_VAR(struct gen *g)
{
    ir_type type = gen_type(g);
    struct ir_expr *value = expr(g, type, false);
    append(g, IR_STMT_VAR)->let.value = value;
    g->block->last->let.local = declare(g, "x", type, true, false);
    return true;
}

static bool make_ASSIGN(struct gen *g)
{
    uint32_t n = g->visible.n, first = n ? random_below(g->random, n) : 0;
    for (uint32_t k = 0; k < n; k++) {
        struct ir_local *l = g->visible.at[(first + k) % n].local;
        if (!l->is_mutable || l->name[0] != 'x') /* counters of `while` are only counted down */
            continue;
        struct ir_expr *value = expr(g, l->type, false);
        struct ir_stmt *s = append(g, IR_STMT_ASSIGN);
        s->let.local = l;
        s->let.value = value;
        return true;
    }
    return false;
}

/* -- memory ---------------------------------------------------------------------------------------------- */

static bool may_write(const struct gen_array *a)
{
    return ir_access_writes(a->buffer->access) && a->phase == PHASE_OWN && !a->own_atomics;
}

static struct gen_array *pick_array(struct gen *g, bool (*is_good)(const struct gen_array *a))
{
    uint32_t n = g->arrays.n, first = n ? random_below(g->random, n) : 0;
    for (uint32_t k = 0; k < n; k++)
        if (is_good(&g->arrays.at[(first + k) % n])) return &g->arrays.at[(first + k) % n];
    return NULL;
}

/* An own element, or for storage now and then one that is out of bounds for certain: len | 2^31 with anything. */
static struct ir_expr *write_index(struct gen *g, struct ir_buffer *b)
{
    if (b->space == IR_SPACE_PRIVATE) return gen_any_index(g, b, false);
    if (b->space == IR_SPACE_WORKGROUP || random_chance(g->random, 92)) return gen_own_index(g, b);
    struct ir_expr *high =
        ir_binary(g->m, IR_OP_OR, ir_len(g->m, b, SRC_NONE), ir_get_local(g->m, g->own, SRC_NONE), SRC_NONE);
    return ir_binary(g->m, IR_OP_OR, high, ir_const_u32(g->m, 0x80000000), SRC_NONE);
}

static bool make_STORE(struct gen *g)
{
    struct gen_array *a = pick_array(g, may_write);
    if (!a) return false;
    struct ir_buffer *b = a->buffer;
    struct ir_expr *index = write_index(g, b), *value = expr(g, b->elem, false);
    struct ir_stmt *s = append(g, IR_STMT_STORE);
    s->store.buffer = b;
    s->store.index = index;
    s->store.value = value;
    return true;
}

static bool may_change(const struct gen_array *a)
{
    return a->own_atomics || a->phase == PHASE_ATOMIC;
}

/* The operand: sums of floats are exact while they are of small integers. */
static struct ir_expr *atomic_operand(struct gen *g, ir_type elem)
{
    struct ir_expr *small;
    if (!ir_type_is_float(elem)) return gen_expr(g, elem, 3, false);
    small = ir_binary(g->m, IR_OP_AND, gen_expr(g, IR_TYPE(U32), 2, false), ir_const_u32(g->m, 255), SRC_NONE);
    return ir_expr_new(g->m, IR_OP_CAST, elem, &small, 1, SRC_NONE);
}

static bool make_ATOMIC(struct gen *g)
{
    struct gen_array *a = pick_array(g, may_change);
    if (!a) return false;
    struct ir_buffer *b = a->buffer;
    bool own = a->own_atomics, keep = own && random_chance(g->random, 60);
    enum ir_atomic op = own ? (enum ir_atomic)random_below(g->random, IR_ATOMIC_CAS + 1) : a->op;
    struct ir_expr *index = own ? gen_own_index(g, b) : gen_any_index(g, b, false);
    struct ir_expr *expected = op == IR_ATOMIC_CAS ? gen_expr(g, b->elem, 2, false) : NULL;
    struct ir_expr *value = atomic_operand(g, b->elem);
    struct ir_stmt *s = append(g, IR_STMT_ATOMIC);
    s->atomic.op = op;
    s->atomic.order_given = random_chance(g->random, 50);
    s->atomic.order =
        s->atomic.order_given ? (enum ir_order)random_below(g->random, IR_ORDER_SEQ_CST + 1) : IR_ORDER_SEQ_CST;
    s->atomic.buffer = b;
    s->atomic.index = index;
    s->atomic.expected = expected;
    s->atomic.value = value;
    s->atomic.declares = keep;
    s->atomic.result = keep ? declare(g, "old", b->elem, false, false) : NULL;
    return true;
}

static bool is_copy_source(const struct gen_array *a)
{
    return a->buffer->space == IR_SPACE_DATA ||
           (a->buffer->space == IR_SPACE_STORAGE && !ir_access_writes(a->buffer->access));
}

static bool is_copy_target(const struct gen_array *a)
{
    return may_write(a) && a->buffer->space != IR_SPACE_PRIVATE;
}

/* Fills own elements from the first on, and waits: now, or after some statements that do not touch memory. */
static bool make_COPY_ASYNC(struct gen *g)
{
    struct gen_array *to = pick_array(g, is_copy_target), *from = NULL;
    for (uint32_t k = 0; to && k < g->arrays.n; k++)
        if (is_copy_source(&g->arrays.at[k]) && ir_type_equal(g->arrays.at[k].buffer->elem, to->buffer->elem))
            from = &g->arrays.at[k];
    if (!from) return false;
    struct ir_local *own = to->buffer->space == IR_SPACE_WORKGROUP ? g->own_in_group : g->own;
    struct ir_stmt *s = ir_stmt_new(g->m, IR_STMT_COPY_ASYNC, SRC_NONE);
    uint32_t tag = random_below(g->random, 4), count = random_between(g->random, 1, OWN_ELEMENTS);
    s->copy.dst = to->buffer;
    s->copy.src = from->buffer;
    s->copy.dst_index =
        ir_binary(g->m, IR_OP_MUL, ir_get_local(g->m, own, SRC_NONE), ir_const_u32(g->m, OWN_ELEMENTS), SRC_NONE);
    s->copy.src_index = gen_any_index(g, from->buffer, false);
    s->copy.count = ir_const_u32(g->m, count);
    s->copy.tag = tag;
    ir_block_append(g->block, s);
    append(g, IR_STMT_WAIT)->wait.tag = tag;
    return true;
}

static bool make_WAIT(struct gen *g)
{
    append(g, IR_STMT_WAIT)->wait.tag = random_below(g->random, 4);
    return true;
}

/* -- control flow ---------------------------------------------------------------------------------------- */

static bool make_IF(struct gen *g)
{
    bool uniform = g->uniform && random_chance(g->random, 30);
    if (!may_nest(g)) return false;
    struct ir_expr *cond = expr(g, IR_TYPE(BOOL), uniform);
    struct ir_stmt *s = append(g, IR_STMT_IF);
    struct flow flow = {uniform, g->in_loop, false};
    s->if_.cond = cond;
    fill_block(g, &s->if_.then_block, flow);
    s->if_.has_else = random_chance(g->random, 40);
    if (s->if_.has_else) fill_block(g, &s->if_.else_block, flow);
    return true;
}

/* A short range of the type, at its edges too: from, from + a few. */
static bool make_FOR(struct gen *g)
{
    bool uniform = g->uniform && random_chance(g->random, 50), synced = uniform && random_chance(g->random, 60);
    ir_type type;
    if (!may_nest(g) || g->loop_depth == MAX_LOOPS) return false;
    do
        type = gen_type(g);
    while (!ir_type_is_int(type) || type.lanes > 1);
    struct ir_expr *from = random_chance(g->random, 50) ? gen_const(g, type) : gen_expr(g, type, 2, uniform);
    struct ir_local *start = declare(g, "v", type, false, uniform);
    struct ir_stmt *let = append(g, IR_STMT_LET);
    let->let.local = start;
    let->let.value = from;
    struct ir_expr *rounds =
        ir_binary(g->m, IR_OP_REM, gen_expr(g, type, 2, uniform), ir_const(g->m, type, MAX_ROUNDS, SRC_NONE), SRC_NONE);
    struct ir_expr *to = ir_binary(g->m, IR_OP_ADD, ir_get_local(g->m, start, SRC_NONE), rounds, SRC_NONE);
    struct ir_stmt *s = append(g, IR_STMT_FOR);
    s->for_.from = ir_get_local(g->m, start, SRC_NONE);
    s->for_.to = to;
    s->for_.step = random_chance(g->random, 70) ? 1 : random_between(g->random, 2, 5);
    uint32_t n_visible = g->visible.n;
    s->for_.local = declare(g, "i", type, false, uniform);
    fill_block(g, &s->for_.body, (struct flow){synced, !synced, true});
    g->visible.n = n_visible;
    return true;
}

/* var c = ... % MAX_ROUNDS; while c != 0 [&& ...] max N { c = c - 1; ... }. Seldom N is too small, and the loop traps.
 */
static bool make_WHILE(struct gen *g)
{
    struct ir_module *m = g->m;
    if (!may_nest(g) || g->loop_depth == MAX_LOOPS) return false;
    struct ir_expr *rounds =
        ir_binary(m, IR_OP_REM, gen_expr(g, IR_TYPE(U32), 2, false), ir_const_u32(m, MAX_ROUNDS), SRC_NONE);
    struct ir_stmt *var = append(g, IR_STMT_VAR);
    struct ir_local *c = declare(g, "c", IR_TYPE(U32), true, false);
    var->let.local = c;
    var->let.value = rounds;
    bool saved = g->uniform;
    g->uniform = false; /* the condition is evaluated by those that are still in the loop */
    struct ir_expr *more = ir_binary(m, IR_OP_NE, ir_get_local(m, c, SRC_NONE), ir_const_u32(m, 0), SRC_NONE);
    if (random_chance(g->random, 40))
        more = ir_binary(m, IR_OP_LAND, more, gen_expr(g, IR_TYPE(BOOL), 3, false), SRC_NONE);
    g->uniform = saved;
    struct ir_stmt *s = append(g, IR_STMT_WHILE);
    s->while_.cond = more;
    s->while_.max = ir_const_u32(m, random_chance(g->random, 2) ? 2 : MAX_ROUNDS);
    struct ir_stmt *down = ir_stmt_new(m, IR_STMT_ASSIGN, SRC_NONE);
    down->let.local = c;
    down->let.value = ir_binary(m, IR_OP_SUB, ir_get_local(m, c, SRC_NONE), ir_const_u32(m, 1), SRC_NONE);
    ir_block_append(&s->while_.body, down);
    fill_block(g, &s->while_.body, (struct flow){false, true, true});
    return true;
}

/* A jump ends its block, which must be a branch of its own so that what follows can be reached. */
static struct ir_stmt *append_guarded(struct gen *g, enum ir_stmt_kind kind)
{
    struct ir_expr *cond = gen_expr(g, IR_TYPE(BOOL), 3, false);
    struct ir_stmt *s = append(g, IR_STMT_IF), *jump = ir_stmt_new(g->m, kind, SRC_NONE);
    s->if_.cond = cond;
    ir_block_append(&s->if_.then_block, jump);
    return jump;
}

static bool make_BREAK(struct gen *g)
{
    return g->in_loop && append_guarded(g, IR_STMT_BREAK);
}
static bool make_CONTINUE(struct gen *g)
{
    return g->in_loop && append_guarded(g, IR_STMT_CONTINUE);
}
static bool make_RETURN(struct gen *g)
{
    return g->at_end && append_guarded(g, IR_STMT_RETURN);
}

/* Rarely, and only for few invocations, so that most programs end well. */
static bool make_TRAP(struct gen *g)
{
    if (!random_chance(g->random, 20)) return false;
    struct ir_stmt *jump = append_guarded(g, IR_STMT_TRAP);
    jump->trap.code = g->visible.n && random_chance(g->random, 50)
                          ? ir_get_local(g->m, g->own, SRC_NONE)
                          : ir_const_u32(g->m, random_between(g->random, 1, 9));
    jump->parent->owner->if_.cond = ir_binary(g->m, IR_OP_EQ, gen_expr(g, IR_TYPE(U32), 2, false),
                                              ir_const_u32(g->m, random_below(g->random, 200)), SRC_NONE);
    return true;
}

static bool make_BLOCK(struct gen *g)
{
    if (!may_nest(g)) return false;
    fill_block(g, &append(g, IR_STMT_BLOCK)->scope.body, (struct flow){g->uniform, g->in_loop, false});
    return true;
}

static bool make_REGION(struct gen *g)
{
    if (!may_nest(g)) return false;
    struct ir_stmt *s = append(g, IR_STMT_REGION);
    s->scope.name = intern_string(g->m->names, random_chance(g->random, 50) ? "part" : "a \"quoted\" part");
    fill_block(g, &s->scope.body, (struct flow){g->uniform, g->in_loop, false});
    return true;
}

/* -- synchronisation ------------------------------------------------------------------------------------- */

/* The phase of an array may change where all invocations of the workgroup, or of the grid, have met. */
static void change_phases(struct gen *g, enum ir_space space)
{
    for (uint32_t k = 0; k < g->arrays.n; k++) {
        struct gen_array *a = &g->arrays.at[k];
        bool has_atomics = a->buffer->name[0] == 'c'; /* counts, counters: see gen_module.c */
        if (a->buffer->space != space || a->fixed) continue;
        if (random_chance(g->random, 60))
            a->phase = a->phase != PHASE_READ ? PHASE_READ : has_atomics ? PHASE_ATOMIC : PHASE_OWN;
    }
}

static bool make_BARRIER(struct gen *g)
{
    if (!g->uniform || g->at_end) return false;
    append(g, IR_STMT_BARRIER);
    change_phases(g, IR_SPACE_WORKGROUP);
    return true;
}

static bool make_GRID_BARRIER(struct gen *g)
{
    if (!g->uniform || g->at_end || g->nesting || !random_chance(g->random, 35)) return false;
    append(g, IR_STMT_GRID_BARRIER);
    change_phases(g, IR_SPACE_WORKGROUP);
    change_phases(g, IR_SPACE_STORAGE);
    return true;
}

/* -- rows of pipelines are made in gen_module.c ---------------------------------------------------------- */

/* Passes alone may. */
static bool make_TELL(struct gen *g)
{
    return (void)g, false;
}

static bool make_ARM(struct gen *g)
{
    return (void)g, false;
}
static bool make_HOST(struct gen *g)
{
    return (void)g, false;
}
static bool make_COLLECTIVE(struct gen *g)
{
    return (void)g, false;
}

static bool (*const makers[IR_STMT_COUNT])(struct gen *g) = {
#define STMT(NAME, text, traits, help) make_##NAME,
#include "ir/stmts.def"
};

void gen_stmts(struct gen *g, uint32_t most)
{
    /* The rows whose share differs from one: a row has as many lots as it stands here, plus one. */
    static const enum ir_stmt_kind extra[] = {
        IR_STMT_LET,   IR_STMT_LET,   IR_STMT_VAR,   IR_STMT_ASSIGN, IR_STMT_ASSIGN, IR_STMT_STORE,
        IR_STMT_STORE, IR_STMT_STORE, IR_STMT_STORE, IR_STMT_IF,     IR_STMT_ATOMIC, IR_STMT_BARRIER,
    };
    enum { N_EXTRA = sizeof extra / sizeof *extra };
    for (uint32_t k = 0; k < most && g->budget; k++) {
        uint32_t lot = random_below(g->random, IR_STMT_COUNT + N_EXTRA);
        enum ir_stmt_kind kind = lot < IR_STMT_COUNT ? (enum ir_stmt_kind)lot : extra[lot - IR_STMT_COUNT];
        if (makers[kind](g)) g->budget--;
    }
}

/* -- the linear ids, first thing in a body --------------------------------------------------------------- */

static struct ir_expr *linear_id(struct gen *g, enum ir_op id, enum ir_op size)
{
    struct ir_module *m = g->m;
    struct ir_expr *sum = NULL;
    for (uint32_t k = 3; k-- > 0;) {
        struct ir_expr *extent = ir_id(m, IR_OP_WORKGROUP_SIZE, (uint8_t)k, SRC_NONE);
        if (size != IR_OP_WORKGROUP_SIZE)
            extent = ir_binary(m, IR_OP_MUL, ir_id(m, size, (uint8_t)k, SRC_NONE), extent, SRC_NONE);
        if (sum) sum = ir_binary(m, IR_OP_MUL, sum, extent, SRC_NONE);
        sum = sum ? ir_binary(m, IR_OP_ADD, sum, ir_id(m, id, (uint8_t)k, SRC_NONE), SRC_NONE)
                  : ir_id(m, id, (uint8_t)k, SRC_NONE);
    }
    return sum;
}

void gen_declare_ids(struct gen *g)
{
    struct ir_stmt *s = append(g, IR_STMT_LET);
    s->let.value = linear_id(g, IR_OP_GID, IR_OP_NUM_WORKGROUPS);
    s->let.local = g->own = declare(g, "own", IR_TYPE(U32), false, false);
    s = append(g, IR_STMT_LET);
    s->let.value = linear_id(g, IR_OP_LID, IR_OP_WORKGROUP_SIZE);
    s->let.local = g->own_in_group = declare(g, "own_in_group", IR_TYPE(U32), false, false);
}
