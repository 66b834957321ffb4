/* gen_module.c - random items: data, programs with their buffers, pipelines over them, and arguments to run them with.
 */
#include "tools/vyre-fuzz/generate.h"

#include <inttypes.h>
#include <string.h>

/* What an array is for follows from its name: counts* (counters* in workgroup memory) are shared and changed by one
 * atomic, sum* the same with f32, cells* are own elements changed by any atomic; all others are plain. */
static const char *const atomic_names[] = {"counts", "sum", "cells"};

static const char *name(struct gen *g, const char *text, uint32_t number)
{
    return intern_string(g->m->names, arena_printf(g->m->arena, "%s%u", text, number));
}

static void add_array(struct gen *g, struct ir_buffer *b, enum phase phase, bool fixed)
{
    struct gen_array a = {.buffer = b, .phase = phase, .fixed = fixed, .own_atomics = !strncmp(b->name, "cells", 5)};
    a.op = (enum ir_atomic)random_below(g->random, IR_ATOMIC_EXCHANGE); /* ADD .. XOR: the order does not show */
    if (ir_type_is_float(b->elem) && phase == PHASE_ATOMIC) a.op = IR_ATOMIC_ADD;
    if (a.op == IR_ATOMIC_SUB) a.op = IR_ATOMIC_ADD;
    vec_push(g->m->arena, &g->arrays, a);
}

static ir_type atomic_type(struct gen *g, bool is_sum)
{
    static const enum ir_scalar types[] = {IR_U32, IR_I32, IR_U64};
    return (ir_type){(uint8_t)(is_sum ? IR_F32 : types[random_below(g->random, 3)]), 1};
}

/* -- data ------------------------------------------------------------------------------------------------ */

static void generate_data(struct gen *g, uint32_t number)
{
    ir_type elem;
    do
        elem = gen_type(g);
    while (elem.lanes > 1);
    uint64_t count = random_between(g->random, 1, 40), size = count * ir_type_mem_bytes(elem);
    struct ir_data *d = ir_data_new(g->m, name(g, "data", number), elem, count, SRC_NONE);
    unsigned char *bytes = arena_alloc(g->m->arena, size);
    for (uint64_t k = 0; k < count; k++) {
        uint64_t bits = gen_const(g, elem)->bits;
        memcpy(bytes + k * ir_type_mem_bytes(elem), &bits, ir_type_mem_bytes(elem));
    }
    d->bytes = bytes;
    d->size_bytes = size;
}

/* -- buffers --------------------------------------------------------------------------------------------- */

static struct ir_buffer *add_storage(struct gen *g, const char *text, enum ir_access access, ir_type elem)
{
    struct ir_buffer *b = ir_buffer_new(g->m, name(g, text, g->p->buffers.n), IR_SPACE_STORAGE, access, elem, SRC_NONE);
    b->index = g->p->buffers.n;
    b->sized = access == IR_ACCESS_UNIFORM || random_chance(g->random, 25);
    b->count = b->sized ? random_between(g->random, 1, access == IR_ACCESS_UNIFORM ? 16 : 300) : 0;
    vec_push(g->m->arena, &g->p->buffers, b);
    return b;
}

static void add_readable_buffers(struct gen *g)
{
    for (uint32_t n = random_between(g->random, 1, 3); n; n--)
        add_array(g, add_storage(g, "in", IR_ACCESS_READ, gen_type(g)), PHASE_READ, true);
    if (random_chance(g->random, 30))
        add_array(g, add_storage(g, "same", IR_ACCESS_UNIFORM, gen_type(g)), PHASE_READ, true);
    for (uint32_t k = 0; k < g->m->data.n; k++)
        if (random_chance(g->random, 40)) add_array(g, &g->m->data.at[k]->buffer, PHASE_READ, true);
}

static void add_written_buffers(struct gen *g)
{
    for (uint32_t n = random_between(g->random, 1, 3); n; n--)
        add_array(
            g,
            add_storage(g, "out", random_chance(g->random, 50) ? IR_ACCESS_WRITE : IR_ACCESS_READ_WRITE, gen_type(g)),
            PHASE_OWN, false);
    for (uint32_t k = 0; k < sizeof atomic_names / sizeof *atomic_names; k++)
        if (random_chance(g->random, 25)) {
            bool own = k == 2;
            add_array(g, add_storage(g, atomic_names[k], IR_ACCESS_READ_WRITE, atomic_type(g, k == 1)),
                      own ? PHASE_OWN : PHASE_ATOMIC, own || k == 1);
        }
}

static void add_inner_array(struct gen *g, const char *text, enum ir_space space, ir_type elem, uint64_t count,
                            enum phase phase)
{
    struct ir_buffer *b =
        ir_buffer_new(g->m, name(g, text, g->p->arrays.n), space, IR_ACCESS_READ_WRITE, elem, SRC_NONE);
    b->index = g->p->arrays.n;
    b->sized = true;
    b->count = count;
    vec_push(g->m->arena, &g->p->arrays, b);
    add_array(g, b, phase, space == IR_SPACE_PRIVATE);
}

static void add_inner_arrays(struct gen *g)
{
    uint32_t size = g->p->workgroup[0] * g->p->workgroup[1] * g->p->workgroup[2];
    if (random_chance(g->random, 60))
        add_inner_array(g, "shared", IR_SPACE_WORKGROUP, gen_type(g), (uint64_t)size * OWN_ELEMENTS, PHASE_OWN);
    if (random_chance(g->random, 25))
        add_inner_array(g, "counters", IR_SPACE_WORKGROUP, atomic_type(g, false), random_between(g->random, 1, 40),
                        PHASE_ATOMIC);
    if (random_chance(g->random, 10))
        add_inner_array(g, "counters", IR_SPACE_WORKGROUP, IR_TYPE(F32), random_between(g->random, 1, 40),
                        PHASE_ATOMIC);
    if (random_chance(g->random, 40))
        add_inner_array(g, "mine", IR_SPACE_PRIVATE, gen_type(g), random_between(g->random, 1, 9), PHASE_OWN);
}

/* -- programs -------------------------------------------------------------------------------------------- */

static void choose_workgroup(struct gen *g)
{
    static const uint32_t sizes[][3] = {{64, 1, 1}, {1, 1, 1}, {32, 1, 1}, {40, 1, 1}, {256, 1, 1}, {7, 1, 1},
                                        {8, 4, 1},  {3, 5, 2}, {16, 1, 1}, {1, 33, 1}, {100, 1, 1}};
    uint32_t k = random_below(g->random, sizeof sizes / sizeof *sizes);
    if (random_chance(g->random, 15)) return; /* the default */
    memcpy(g->p->workgroup, sizes[k], sizeof g->p->workgroup);
    g->p->n_workgroup = sizes[k][2] > 1 ? 3 : sizes[k][1] > 1 ? 2 : 1;
}

/* Constants, or what the length of a buffer asks for; or nothing, the default. */
static void choose_dispatch(struct gen *g, bool is_small)
{
    uint32_t kind = random_below(g->random, 4);
    struct ir_buffer *b = g->p->buffers.at[random_below(g->random, g->p->buffers.n)];
    if (kind == 0) return;
    if (kind == 1) {
        g->p->dispatch[0] =
            ir_binary(g->m, IR_OP_DIV, ir_len(g->m, b, SRC_NONE), ir_const_u32(g->m, OWN_ELEMENTS), SRC_NONE);
        g->p->n_dispatch = 1;
        return;
    }
    g->p->n_dispatch = kind == 2 ? 1 : random_between(g->random, 1, 3);
    for (uint32_t k = 0; k < g->p->n_dispatch; k++)
        g->p->dispatch[k] = ir_const_u32(g->m, random_between(g->random, 1, k ? (is_small ? 2 : 5) : 200));
}

static void add_params(struct gen *g)
{
    for (uint32_t n = random_below(g->random, 3); n; n--) {
        ir_type type;
        do
            type = gen_type(g);
        while (type.lanes > 1);
        struct ir_param *p = ir_param_new(g->m, name(g, "param", g->p->params.n), type, SRC_NONE);
        p->index = g->p->params.n;
        vec_push(g->m->arena, &g->p->params, p);
    }
}

/* Every written buffer gets a last store of something that was computed, so that few statements are for nothing. */
static void store_results(struct gen *g)
{
    for (uint32_t k = 0; k < g->arrays.n; k++) {
        const struct gen_array *a = &g->arrays.at[k];
        if (a->buffer->space != IR_SPACE_STORAGE || !ir_access_writes(a->buffer->access) || a->phase != PHASE_OWN ||
            a->own_atomics)
            continue;
        struct ir_expr *index = gen_own_index(g, a->buffer),
                       *value = gen_expr(g, a->buffer->elem, g->expr_depth / 2 + 1, false);
        struct ir_stmt *s = ir_stmt_new(g->m, IR_STMT_STORE, SRC_NONE);
        s->store.buffer = a->buffer;
        s->store.index = index;
        s->store.value = value;
        ir_block_append(&g->p->body, s);
    }
}

static void generate_program(struct ir_module *m, struct random *r, uint32_t number, uint32_t most_statements)
{
    bool is_small = most_statements < SMALL_STATEMENTS;
    struct gen g = {.m = m, .random = r, .uniform = true};
    g.budget = random_between(r, most_statements / 5, most_statements);
    g.expr_depth = is_small ? SMALL_EXPR_DEPTH : MAX_EXPR_DEPTH;
    g.p = ir_program_new(m, name(&g, "program", number), SRC_NONE);
    g.block = &g.p->body;
    choose_workgroup(&g);
    add_readable_buffers(&g);
    add_written_buffers(&g);
    add_inner_arrays(&g);
    add_params(&g);
    choose_dispatch(&g, is_small);
    gen_declare_ids(&g);
    gen_stmts(&g, random_between(r, most_statements / 8, most_statements / 2));
    g.at_end = true;
    g.uniform = false;
    gen_stmts(&g, random_below(r, 5));
    store_results(&g);
}

/* -- pipelines ------------------------------------------------------------------------------------------- */

static bool begins_with(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

/* A constant, or what the length of an argument gives. */
static void size_temp(struct ir_module *m, struct random *r, struct ir_pipeline *p, struct ir_buffer *temp,
                      const struct ir_buffer *formal)
{
    if (!formal->sized && p->buffers.n && random_chance(r, 60)) {
        struct ir_expr *len = ir_len(m, p->buffers.at[random_below(r, p->buffers.n)], SRC_NONE);
        temp->count_expr = ir_binary(m, IR_OP_DIV, len, ir_const_u32(m, random_between(r, 1, 4)), SRC_NONE);
        return;
    }
    temp->sized = true;
    temp->count = formal->sized ? formal->count : random_between(r, 1, 500);
}

static struct ir_buffer *new_pipeline_buffer(struct ir_module *m, struct random *r, struct ir_pipeline *p,
                                             const struct ir_buffer *formal)
{
    uint32_t number = p->buffers.n + p->temps.n;
    bool is_sum = begins_with(formal->name, "sum"), is_temp = random_chance(r, 50);
    const char *text = arena_printf(m->arena, "%s%u", is_sum ? "sums" : is_temp ? "middle" : "outer", number);
    struct ir_buffer *b =
        ir_buffer_new(m, intern_string(m->names, text), IR_SPACE_STORAGE, IR_ACCESS_READ_WRITE, formal->elem, SRC_NONE);
    if (is_temp) {
        size_temp(m, r, p, b, formal);
        vec_push(m->arena, &p->temps, b);
        return b;
    }
    if (!ir_access_writes(formal->access)) b->access = IR_ACCESS_READ;
    b->sized = formal->sized;
    b->count = formal->count;
    vec_push(m->arena, &p->buffers, b);
    return b;
}

static bool is_used(const struct ir_arm *arm, const struct ir_buffer *b)
{
    for (uint32_t k = 0; k < arm->args.n; k++)
        if (arm->args.at[k].buffer == b) return true;
    return false;
}

/* Handing over: a buffer that an earlier arm had, if it fits, else a new one. */
static struct ir_buffer *choose_actual(struct ir_module *m, struct random *r, struct ir_pipeline *p,
                                       const struct ir_arm *arm, const struct ir_buffer *formal)
{
    uint32_t n = p->buffers.n + p->temps.n, first = n ? random_below(r, n) : 0;
    bool is_sum = begins_with(formal->name, "sum");
    for (uint32_t k = 0; k < n && !is_sum && random_chance(r, 80); k++) {
        uint32_t at = (first + k) % n;
        struct ir_buffer *b = at < p->buffers.n ? p->buffers.at[at] : p->temps.at[at - p->buffers.n];
        bool long_enough = !formal->sized || (b->sized && b->count >= formal->count);
        bool writable = !ir_access_writes(formal->access) || b->access == IR_ACCESS_READ_WRITE;
        if (ir_type_equal(b->elem, formal->elem) && long_enough && writable && !is_used(arm, b) &&
            !begins_with(b->name, "sum"))
            return b;
    }
    return new_pipeline_buffer(m, r, p, formal);
}

static struct ir_expr *choose_value(struct ir_module *m, struct random *r, struct ir_pipeline *p, ir_type type)
{
    if (random_chance(r, 50) || ir_type_is_float(type) || type.scalar == IR_BOOL || ir_type_is_signed(type)) {
        struct ir_param *param =
            ir_param_new(m, intern_string(m->names, arena_printf(m->arena, "value%u", p->params.n)), type, SRC_NONE);
        param->index = p->params.n;
        vec_push(m->arena, &p->params, param);
        return ir_get_param(m, param, SRC_NONE);
    }
    if (type.scalar == IR_U32 && p->buffers.n && random_chance(r, 50))
        return ir_len(m, p->buffers.at[random_below(r, p->buffers.n)], SRC_NONE);
    return ir_const(m, type, random_below(r, 200), SRC_NONE);
}

static void generate_arm(struct ir_module *m, struct random *r, struct ir_pipeline *p, uint32_t number)
{
    struct ir_arm *arm = ARENA_NEW(m->arena, struct ir_arm);
    arm->name = intern_string(m->names, arena_printf(m->arena, "arm%u", number));
    arm->program = m->programs.at[random_below(r, m->programs.n)];
    for (uint32_t k = 0; k < arm->program->buffers.n; k++) {
        struct ir_buffer *formal = arm->program->buffers.at[k];
        struct ir_arg a = {
            .name = formal->name, .formal_buffer = formal, .buffer = choose_actual(m, r, p, arm, formal)};
        vec_push(m->arena, &arm->args, a);
    }
    for (uint32_t k = 0; k < arm->program->params.n; k++) {
        struct ir_param *formal = arm->program->params.at[k];
        struct ir_arg a = {.name = formal->name, .formal_param = formal, .value = choose_value(m, r, p, formal->type)};
        vec_push(m->arena, &arm->args, a);
    }
    struct ir_stmt *s = ir_stmt_new(m, IR_STMT_ARM, SRC_NONE);
    s->arm = arm;
    ir_block_append(&p->body, s);
    if (p->temps.n && random_chance(r, 20)) {
        struct ir_stmt *host = ir_stmt_new(m, IR_STMT_HOST, SRC_NONE);
        host->host.buffer = p->temps.at[random_below(r, p->temps.n)];
        ir_block_append(&p->body, host);
    }
}

void generate_pipeline(struct ir_module *m, struct random *r, const char *text)
{
    struct ir_pipeline *p = ir_pipeline_new(m, intern_string(m->names, text), SRC_NONE);
    for (uint32_t k = random_between(r, 1, 4); k; k--)
        generate_arm(m, r, p, k);
    for (uint32_t k = 0; k < p->buffers.n; k++)
        p->buffers.at[k]->index = k;
    for (uint32_t k = 0; k < p->temps.n; k++)
        p->temps.at[k]->index = p->buffers.n + k;
    if (random_chance(r, 30)) p->budget_bytes = (uint64_t)1 << random_between(r, 20, 30);
}

void generate_module(struct ir_module *m, struct random *r, const struct generate_size *size)
{
    struct gen g = {.m = m, .random = r};
    for (uint32_t k = 0, n = random_below(r, 4); k < n; k++)
        generate_data(&g, k);
    for (uint32_t k = 0; k < size->n_programs; k++)
        generate_program(m, r, k, size->most_statements);
    for (uint32_t k = 0; k < size->n_programs / 3; k++)
        generate_pipeline(m, r, name(&g, "pipeline", k));
}

/* -- arguments ------------------------------------------------------------------------------------------- */

const char *generate_buffer_word(struct arena *arena, struct random *r, const struct ir_buffer *b)
{
    uint64_t count = random_chance(r, 5) ? 0 : random_below(r, random_chance(r, 50) ? 60 : 900);
    if (b->sized) count = b->count + (random_chance(r, 20) ? random_below(r, 10) : 0);
    const char *type = ir_type_text(b->elem);
    if (begins_with(b->name, "sum")) return arena_printf(arena, "%s=%s[%" PRIu64 "]", b->name, type, count);
    return arena_printf(arena, "%s=random:%s[%" PRIu64 "]:%u", b->name, type, count, random_below(r, 1000));
}

const char *generate_param_word(struct arena *arena, struct random *r, const struct ir_param *p)
{
    if (p->type.scalar == IR_BOOL)
        return arena_printf(arena, "%s=%s", p->name, random_chance(r, 50) ? "true" : "false");
    if (ir_type_is_float(p->type))
        return arena_printf(arena, "%s=%d.%u", p->name, (int)random_below(r, 200) - 100, random_below(r, 100));
    return arena_printf(arena, "%s=%d", p->name, (int)random_below(r, 100) - (ir_type_is_signed(p->type) ? 50 : 0));
}
