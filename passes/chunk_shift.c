/* chunk_shift.c - says of a unit that runs in chunks whether the ids of a chunk may begin anew.
 *
 * A step is so many workgroups of each arm, and with them so many elements of each buffer that has parts, as the windows say: a
 * chunk that lies `steps` steps behind the beginning has ids and lengths that are less by that. What is to be shown is that nobody
 * can tell: positions are used to reach elements, are compared with each other and with what is near, and become 64-bit
 * numbers, which get what they lack. */
#include "passes/chunk_shift.h"

#include <string.h>

#include "ir/ops.h"
#include "passes/chunk_shift_value.h"

/* -- weights of grids and buffers, from the windows ---------------------------------------------- */

struct weights {
    struct ratio *arms, *buffers; /* per step that is not scaled yet */
};

/* Takes over what is known of one side to the other; false: the two contradict. */
static bool carry(struct ratio *to, struct ratio value, bool *changes)
{
    if (to->num) return ratio_equal(*to, value);
    *to = value;
    *changes = true;
    return value.num != 0;
}

static bool carry_window(const struct ir_chunk_window *w, struct weights *k, bool *changes)
{
    struct ratio *arm = &k->arms[w->arm], *buffer = &k->buffers[w->buffer];
    if (arm->num) return carry(buffer, ratio_scale(*arm, w->numerator, w->denominator), changes);
    return !buffer->num || carry(arm, ratio_scale(*buffer, w->denominator, w->numerator), changes);
}

/* From the first window on; what is not connected with it stays as it is. */
static bool find_weights(const struct ir_chunks *c, struct weights *k)
{
    bool changes = c->windows.n != 0;
    if (changes) k->arms[c->windows.at[0].arm] = ratio_new(1, 1);
    while (changes) {
        changes = false;
        for (uint32_t i = 0; i < c->windows.n; i++)
            if (!carry_window(&c->windows.at[i], k, &changes)) return false;
    }
    return c->windows.n != 0;
}

/* -- statements -------------------------------------------------------------------------------- */

static void set_local(struct shift_look *k, const struct ir_local *l, struct shift_value v)
{
    struct shift_value *old = &k->locals[l->index];
    if (!k->has_value[l->index]) {
        *old = v;
        k->changes = k->has_value[l->index] = true;
        return;
    }
    struct shift_value all = shift_join(k, *old, v, l->name);
    if (all.is_bounded && k->widens && (all.low < old->low || all.high > old->high)) {
        all.is_bounded = false;
        all.low = all.high = 0;
    }
    k->changes |=
        all.is_bounded != old->is_bounded || all.is_cut != old->is_cut || all.low != old->low || all.high != old->high;
    *old = all;
}

static void expect_fixed(struct shift_look *k, const struct ir_expr *e, const char *what)
{
    if (e && shift_value_of(k, e).kind != SHIFT_FIXED) shift_refuse(k, "'%s' has a position in %s", what);
}

static void expect_index(struct shift_look *k, const struct ir_buffer *b, const struct ir_expr *index)
{
    struct shift_value v = shift_value_of(k, index);
    struct ratio weight = b->space == IR_SPACE_STORAGE ? k->elements[b->index] : ratio_new(0, 1);
    if (v.kind > SHIFT_MOVES || !ratio_equal(v.weight, weight))
        shift_refuse(k, "what '%s' writes of '%s' does not move with it", b->name);
}

static void expect_stored(struct shift_look *k, const struct ir_buffer *b, const struct ir_expr *value)
{
    if (value && shift_value_of(k, value).kind != SHIFT_FIXED)
        shift_refuse(k, "'%s' keeps a position in 32 bits of '%s': make it 64 with u64()", b->name);
}

static void look_at_for(struct shift_look *k, const struct ir_stmt *s)
{
    struct shift_value from = shift_value_of(k, s->for_.from), to = shift_value_of(k, s->for_.to);
    if (from.kind > SHIFT_MOVES || to.kind != from.kind) {
        shift_refuse(k, "'%s' loops from or to a position in '%s'", s->for_.local->name);
        return;
    }
    bool is_unsigned = ir_type_is_int(s->for_.local->type) && !ir_type_is_signed(s->for_.local->type);
    bool is_known = from.is_bounded && to.is_bounded && !from.is_cut && is_unsigned &&
                    (from.kind == SHIFT_MOVES || (from.low >= 0 && to.low >= 0));
    struct shift_value v = shift_join(k, from, to, s->for_.local->name);
    v.is_bounded = is_known;
    v.is_cut = from.is_cut;
    v.low = is_known ? from.low : 0;
    v.high = is_known ? (to.high > from.low ? to.high - 1 : from.low) : 0;
    set_local(k, s->for_.local, v);
}

static void look_at_block(struct shift_look *k, const struct ir_block *block);

static void look_at_atomic(struct shift_look *k, const struct ir_stmt *s)
{
    expect_index(k, s->atomic.buffer, s->atomic.index);
    expect_stored(k, s->atomic.buffer, s->atomic.expected);
    expect_stored(k, s->atomic.buffer, s->atomic.value);
    if (s->atomic.result) set_local(k, s->atomic.result, shift_fixed());
}

static void look_at_scalars(struct shift_look *k, const struct ir_stmt *s)
{
    switch (s->kind) {
    case IR_STMT_LET:
    case IR_STMT_VAR:
    case IR_STMT_ASSIGN:
        set_local(k, s->let.local, shift_value_of(k, s->let.value));
        break;
    case IR_STMT_STORE:
        expect_index(k, s->store.buffer, s->store.index);
        expect_stored(k, s->store.buffer, s->store.value);
        break;
    case IR_STMT_ATOMIC:
        look_at_atomic(k, s);
        break;
    case IR_STMT_COPY_ASYNC:
        expect_fixed(k, s->copy.dst_index, "a copy");
        expect_fixed(k, s->copy.src_index, "a copy");
        expect_fixed(k, s->copy.count, "a copy");
        break;
    case IR_STMT_TRAP:
    case IR_STMT_TELL:
        expect_fixed(k, s->trap.code, "a trap's code");
        break;
    default:
        break;
    }
}

static void look_at_stmt(struct shift_look *k, const struct ir_stmt *s)
{
    switch (s->kind) {
    case IR_STMT_IF:
        expect_fixed(k, s->if_.cond, "a condition");
        look_at_block(k, &s->if_.then_block);
        look_at_block(k, &s->if_.else_block);
        break;
    case IR_STMT_FOR:
        look_at_for(k, s);
        look_at_block(k, &s->for_.body);
        break;
    case IR_STMT_WHILE:
        expect_fixed(k, s->while_.cond, "a condition");
        expect_fixed(k, s->while_.max, "a loop's bound");
        look_at_block(k, &s->while_.body);
        break;
    case IR_STMT_BLOCK:
    case IR_STMT_REGION:
        look_at_block(k, &s->scope.body);
        break;
    default:
        look_at_scalars(k, s);
        break;
    }
}

static void look_at_block(struct shift_look *k, const struct ir_block *block)
{
    IR_EACH_STMT(s, block)
    {
        look_at_stmt(k, s);
    }
}

/* -- programs ---------------------------------------------------------------------------------- */

enum { ROUNDS_BEFORE_WIDENING = 3, MOST_ROUNDS = 40 };

/* Until no local becomes more: a round more than that, so that everything has been looked at with all that there is. */
static void look_at_program(struct shift_look *k)
{
    const struct ir_program *p = k->program;
    struct chunk_shift_wides *wides = k->wides;
    k->locals = ARENA_ARRAY(k->arena, struct shift_value, p->locals.n + 1);
    k->has_value = ARENA_ARRAY(k->arena, bool, p->locals.n + 1);
    k->wides = NULL;
    k->changes = true;
    for (uint32_t round = 0; k->changes && !k->refusal; round++) {
        k->changes = false;
        k->widens = round >= ROUNDS_BEFORE_WIDENING;
        look_at_block(k, &p->body);
        if (round == MOST_ROUNDS) shift_refuse(k, "'%s' is too large to be looked through", NULL);
    }
    k->wides = wides;
    if (wides && !k->refusal) look_at_block(k, &p->body);
}

/* Sizes of temps and what arms are given are expressions over the unit's lengths. */
static struct shift_look begin_unit(const struct ir_chunks *c, const struct weights *w, const struct ir_program *p,
                                    struct shift_needs *needs, struct arena *scratch)
{
    struct ratio *elements = ARENA_ARRAY(scratch, struct ratio, c->n_buffers + 1);
    const struct ir_pipeline *plan = c->plan;
    uint32_t n_params = plan ? plan->params.n : c->program->params.n;
    struct shift_value *params = ARENA_ARRAY(scratch, struct shift_value, n_params + 1);
    for (uint32_t i = 0; i < c->n_buffers; i++)
        elements[i] = c->roles[i] == IR_CHUNK_WHOLE ? ratio_new(0, 1) : w->buffers[i];
    for (uint32_t i = 0; i < n_params; i++)
        params[i] = shift_fixed();
    return (struct shift_look){
        .program = p, .arena = scratch, .needs = needs, .elements = elements, .params = params, .groups = {0, 1}};
}

static struct shift_look begin(const struct ir_chunks *c, const struct weights *w, uint32_t index,
                               const struct chunk_shift_arm *a, struct shift_needs *needs, struct arena *scratch)
{
    const struct ir_program *p = a->program;
    struct shift_look unit = begin_unit(c, w, p, needs, scratch), k = unit;
    struct ratio *elements = ARENA_ARRAY(scratch, struct ratio, p->buffers.n + 1);
    struct shift_value *params = ARENA_ARRAY(scratch, struct shift_value, p->params.n + 1);
    for (uint32_t i = 0; i < p->buffers.n; i++)
        elements[i] = unit.elements[a->actual[i]];
    for (uint32_t i = 0; i < p->params.n; i++)
        params[i] = a->arguments ? shift_value_of(&unit, a->arguments[i]) : shift_fixed();
    k.groups = w->arms[index];
    k.elements = elements;
    k.params = params;
    k.refusal = unit.refusal;
    return k;
}

/* It is the length of what grows by this weight, so that it is less by that where all lengths are. */
static void expect_length(struct shift_look *k, const struct ir_expr *e, struct ratio weight, const char *what)
{
    struct shift_value v = shift_value_of(k, e);
    if (weight.num && (v.kind != SHIFT_END || !v.is_bounded || !ratio_equal(v.weight, weight)))
        shift_refuse(k, "'%s' has %s that does not grow with the data", what);
}

static void look_at_grid(struct shift_look *k)
{
    const struct ir_program *p = k->program;
    struct ratio weight = ratio_scale(k->groups, p->workgroup[0], 1);
    if (p->n_dispatch) expect_length(k, p->dispatch[0], weight, "a grid");
    for (uint32_t i = 0; i < p->buffers.n && !p->n_dispatch; i++)
        if (ir_access_writes(p->buffers.at[i]->access) && weight.num && !ratio_equal(k->elements[i], weight))
            shift_refuse(k, "'%s' has %s that does not grow with the data", "a grid");
}

static const char *look_at_temps(const struct ir_chunks *c, const struct weights *w, const struct ir_program *p,
                                 struct shift_needs *needs, struct arena *scratch)
{
    struct shift_look unit = begin_unit(c, w, p, needs, scratch);
    for (uint32_t i = 0; c->plan && i < c->plan->temps.n; i++) {
        const struct ir_buffer *b = c->plan->temps.at[i];
        expect_length(&unit, b->count_expr, w->buffers[b->index], "a temp");
    }
    return unit.refusal;
}

/* -- the unit ---------------------------------------------------------------------------------- */

static void add_weight(struct shift_needs *needs, struct ratio weight, uint32_t size)
{
    struct ratio w = ratio_scale(weight, size, 1);
    needs->scale *= weight.den / ratio_common(weight.den, needs->scale);
    if (w.num * needs->heaviest.den > needs->heaviest.num * w.den) needs->heaviest = w;
}

static uint64_t scale_weight(struct ratio weight, uint64_t scale)
{
    return weight.num * scale / weight.den;
}

static void set_steps(struct ir_chunks *c, const struct ir_module *m, const struct weights *w,
                      const struct shift_needs *needs)
{
    c->arm_weights = ARENA_ARRAY(m->arena, uint64_t, c->n_arms + 1);
    c->buffer_weights = ARENA_ARRAY(m->arena, uint64_t, c->n_buffers + 1);
    for (uint32_t i = 0; i < c->n_arms; i++)
        c->arm_weights[i] = scale_weight(w->arms[i], needs->scale);
    for (uint32_t i = 0; i < c->n_buffers; i++)
        c->buffer_weights[i] = scale_weight(w->buffers[i], needs->scale);
    c->margin = needs->margin / needs->scale + 1;
    c->heaviest = scale_weight(needs->heaviest, needs->scale) + 1;
    if (c->heaviest > IR_CHUNK_FAR / (c->margin * 4 + 8)) c->near_only = "its steps are too large";
}

void chunk_shift_find(struct ir_chunks *c, const struct ir_module *m, const struct chunk_shift_arm *arms,
                      struct arena *scratch)
{
    struct weights w = {ARENA_ARRAY(scratch, struct ratio, c->n_arms + 1),
                        ARENA_ARRAY(scratch, struct ratio, c->n_buffers + 1)};
    struct shift_needs needs = {.scale = 1, .margin = 1, .heaviest = {0, 1}};
    for (uint32_t i = 0; i < c->n_arms + c->n_buffers; i++)
        *(i < c->n_arms ? &w.arms[i] : &w.buffers[i - c->n_arms]) = ratio_new(0, 1);
    if (!find_weights(c, &w)) c->near_only = "its arms do not go along their data at one pace";
    for (uint32_t i = 0; i < c->n_arms + c->n_buffers && !c->near_only; i++)
        add_weight(&needs, i < c->n_arms ? w.arms[i] : w.buffers[i - c->n_arms],
                   i < c->n_arms ? arms[i].program->workgroup[0] : 1);
    for (uint32_t i = 0; i < c->n_arms && !c->near_only; i++) {
        struct shift_look k = begin(c, &w, i, &arms[i], &needs, scratch);
        look_at_grid(&k);
        look_at_program(&k);
        c->near_only = k.refusal;
    }
    if (!c->near_only) c->near_only = look_at_temps(c, &w, arms[0].program, &needs, scratch);
    if (!c->near_only) set_steps(c, m, &w, &needs);
}

void chunk_shift_find_wides(const struct ir_chunks *c, uint32_t index, const struct chunk_shift_arm *arm,
                            struct arena *scratch, struct chunk_shift_wides *wides)
{
    struct weights w = {ARENA_ARRAY(scratch, struct ratio, c->n_arms + 1),
                        ARENA_ARRAY(scratch, struct ratio, c->n_buffers + 1)};
    struct shift_needs needs = {.scale = 1, .margin = 1, .heaviest = {0, 1}};
    if (c->near_only) return;
    for (uint32_t i = 0; i < c->n_arms; i++)
        w.arms[i] = ratio_new(c->arm_weights[i], 1);
    for (uint32_t i = 0; i < c->n_buffers; i++)
        w.buffers[i] = ratio_new(c->buffer_weights[i], 1);
    struct shift_look k = begin(c, &w, index, arm, &needs, scratch);
    k.wides = wides;
    look_at_program(&k);
}
