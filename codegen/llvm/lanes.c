/* lanes.c - how the invocations of a workgroup become lanes, and where a workgroup keeps what does not fit registers. */
#include "codegen/llvm/cpu.h"
#include "ir/facts.h"
#include "ir/walk.h"

/* -- what a program looks at ----------------------------------------------------------------------------------------------- */

struct survey {
    bool sees_workgroup; /* lid, wid, lane */
    bool has_subgroups;
    bool only_bytes; /* no varying value wider than a byte, as far as a look at loads and stores tells */
    uint32_t n_gathers, n_ops;
};

static void survey_expr(void *ctx, struct ir_expr **place)
{
    struct survey *s = ctx;
    const struct ir_expr *e = *place;
    s->sees_workgroup |= e->op == IR_OP_LID || e->op == IR_OP_WID || e->op == IR_OP_LANE;
    s->has_subgroups |= (ir_op_infos[e->op].traits & IR_TRAIT_SUBGROUP) != 0;
    s->n_ops++;
    if (e->op == IR_OP_LOAD && ir_type_mem_bytes(e->type) > 1) s->only_bytes = false;
    if (e->op == IR_OP_CAST && ir_type_mem_bytes(e->type) > ir_type_mem_bytes(e->args[0]->type)) s->only_bytes = false;
}

static struct survey survey_program(const struct ir_program *p)
{
    struct survey s = {.only_bytes = true};
    ir_walk_exprs((struct ir_block *)&p->body, survey_expr, &s);
    for (uint32_t i = 0; i < p->arrays.n; i++)
        s.sees_workgroup |= p->arrays.at[i]->space == IR_SPACE_WORKGROUP;
    for (uint32_t i = 0; i < p->buffers.n; i++)
        s.only_bytes &= ir_type_mem_bytes(p->buffers.at[i]->elem) == 1;
    for (uint32_t i = 0; i < p->locals.n; i++)
        if (p->locals.at[i]->is_mutable) s.only_bytes &= ir_type_mem_bytes(p->locals.at[i]->type) == 1;
    return s;
}

static uint32_t choose_width(const struct survey *s, const struct lower_features *features, bool optimize)
{
    if (s->has_subgroups) return IR_SUBGROUP_SIZE;
    if (!optimize) return 1;
    return s->only_bytes ? features->vector_bytes : features->vector_bytes / 4;
}

struct lane_layout lanes_choose(const struct ir_program *p, const struct lower_features *features,
                                const struct plan *plan, bool optimize, uint32_t max_width)
{
    struct survey s = survey_program(p);
    struct lane_layout lanes = {.program = p,
                                .width = choose_width(&s, features, optimize),
                                .size = {p->workgroup[0], p->workgroup[1], p->workgroup[2]}};
    if (lanes.width > max_width) lanes.width = max_width;
    lanes.n_invocations = lanes.size[0] * lanes.size[1] * lanes.size[2];
    lanes.is_flat = !plan->has_phases && !s.sees_workgroup && !s.has_subgroups && p->n_dispatch <= 1 &&
                    lanes.size[1] * lanes.size[2] == 1;
    while (!lanes.is_flat && !s.has_subgroups && lanes.width > 1 && lanes.width / 2 >= lanes.n_invocations)
        lanes.width /= 2;
    lanes.n_groups = (lanes.n_invocations + lanes.width - 1) / lanes.width;
    return lanes;
}

/* -- phases of bytes --------------------------------------------------------------------------------------------------------- */

/* Indices of byte tables are looked up as bytes. */
static bool is_table_index(const struct ir_expr *load)
{
    const struct ir_expr *index = load->args[0];
    return load->op == IR_OP_LOAD && load->buffer->space == IR_SPACE_DATA && load->buffer->count == 256 &&
           index->op == IR_OP_CAST && ir_type_equal(index->args[0]->type, IR_TYPE(U8));
}

/* Does every lane of its own hold a byte at most? Linear values are kept as formulas, conditions as masks. */
static bool is_of_bytes(struct lower *l, const struct ir_expr *e)
{
    bool small = e->type.scalar == IR_BOOL || (ir_type_mem_bytes(e->type) == 1 && e->type.lanes == 1);
    if (!small && shape_of_expr(&l->shapes, e).varying) return false;
    if (e->op == IR_OP_LOAD && is_table_index(e)) return is_of_bytes(l, e->args[0]->args[0]);
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!is_of_bytes(l, e->args[i])) return false;
    return true;
}

/* What bytes that were looked at decide is the rare case: it may compute with more. */
static bool is_rare(struct lower *l, const struct ir_stmt *s)
{
    const struct ir_expr *c = s->kind == IR_STMT_IF ? s->if_.cond : NULL;
    bool compares = c && (c->op == IR_OP_NE || c->op == IR_OP_EQ) && ir_type_equal(c->args[0]->type, IR_TYPE(U8));
    return compares && !s->if_.has_else && shape_of_expr(&l->shapes, c).varying;
}

static bool is_phase_of_bytes(struct lower *l, const struct ir_stmt *first, const struct ir_stmt *end)
{
    for (const struct ir_stmt *s = first; s != end; s = s->next) {
        struct ir_expr **places[4];
        struct ir_block *blocks[2];
        if (s->kind == IR_STMT_ATOMIC || s->kind == IR_STMT_COPY_ASYNC) return false;
        for (uint32_t i = 0, n = ir_stmt_exprs((struct ir_stmt *)s, places); i < n; i++)
            if (!is_of_bytes(l, *places[i])) return false;
        if (is_rare(l, s)) continue;
        for (uint32_t i = 0, n = ir_stmt_blocks((struct ir_stmt *)s, blocks); i < n; i++)
            if (!is_phase_of_bytes(l, blocks[i]->first, NULL)) return false;
    }
    return true;
}

struct crossings {
    const struct plan *plan;
    bool any;
};

static void look_for_crossing(void *ctx, struct ir_expr **place)
{
    struct crossings *c = ctx;
    const struct ir_expr *e = *place;
    c->any |= e->op == IR_OP_LOCAL && plan_crosses(c->plan, e->local);
    c->any |= e->op == IR_OP_LANE || (ir_op_infos[e->op].traits & IR_TRAIT_SUBGROUP) != 0;
}

static void look_for_crossings(void *ctx, struct ir_stmt *s)
{
    struct crossings *c = ctx;
    struct ir_expr **places[4];
    const struct ir_local *local = ir_stmt_written_local(s);
    c->any |= local && plan_crosses(c->plan, local);
    for (uint32_t i = 0, n = ir_stmt_exprs(s, places); i < n; i++)
        ir_walk_expr(places[i], look_for_crossing, c);
}

/* Does a lane of the phase keep something from or for another phase, or exchange it with other lanes? */
static bool has_crossings(struct lower *l, const struct ir_stmt *first, const struct ir_stmt *end)
{
    struct crossings c = {.plan = l->plan};
    for (const struct ir_stmt *s = first; s != end; s = s->next) {
        struct ir_block *blocks[2];
        look_for_crossings(&c, (struct ir_stmt *)s);
        for (uint32_t i = 0, n = ir_stmt_blocks((struct ir_stmt *)s, blocks); i < n; i++)
            ir_walk_stmts(blocks[i], look_for_crossings, &c);
    }
    return c.any;
}

static bool has_private_arrays(const struct ir_program *p)
{
    for (uint32_t i = 0; i < p->arrays.n; i++)
        if (p->arrays.at[i]->space == IR_SPACE_PRIVATE) return true;
    return false;
}

uint32_t lanes_of_phase(struct lower *l, const struct ir_stmt *first, const struct ir_stmt *end)
{
    const struct lane_layout *lanes = &frame_of(l)->lanes;
    uint32_t wide = l->features->vector_bytes;
    bool may = l->plan->has_phases && !l->plan->keeps_alive && lanes->width > 1 && lanes->width < wide &&
               lanes->size[0] % wide == 0 && !has_private_arrays(l->program);
    return may && is_phase_of_bytes(l, first, end) && !has_crossings(l, first, end) ? wide : lanes->width;
}

/* -- ids ------------------------------------------------------------------------------------------------------------------------ */

/* lid: linear where a group never leaves a row, shared where it never leaves a plane's row. */
static struct shape shape_of_lid(const struct lane_layout *lanes, uint32_t component)
{
    if (lanes->size[component] == 1) return SHAPE_UNIFORM;
    bool one_row = lanes->size[0] % lanes->width == 0 || lanes->n_invocations == lanes->size[0];
    if (!one_row) return SHAPE_VARYING;
    return component == 0 ? (struct shape){false, 1} : SHAPE_UNIFORM;
}

struct shape lanes_shape_of_id(const void *layout, enum ir_op op, uint32_t component)
{
    const struct lane_layout *lanes = layout;
    if (lanes->width == 1 || op == IR_OP_WID) return SHAPE_UNIFORM;
    if (lanes->is_flat) return component == 0 ? (struct shape){false, 1} : SHAPE_UNIFORM;
    if (op == IR_OP_LANE) return lanes->width <= IR_SUBGROUP_SIZE ? (struct shape){false, 1} : SHAPE_VARYING;
    return shape_of_lid(lanes, component);
}

/* -- scratch -------------------------------------------------------------------------------------------------------------------- */

enum { MAX_STACK_BYTES = 4096 };

static uint64_t round_up(uint64_t n)
{
    return (n + 63) & ~UINT64_C(63);
}

static uint64_t take(struct scratch_layout *s, uint64_t bytes)
{
    uint64_t at = s->bytes;
    s->bytes += round_up(bytes);
    return at;
}

static uint64_t array_bytes(const struct ir_buffer *b)
{
    return b->count * ir_type_mem_bytes(b->elem);
}

static void place_arrays(struct lower *l, struct scratch_layout *s)
{
    const struct lane_layout *lanes = &frame_of(l)->lanes;
    const struct ir_program *p = l->program;
    s->arrays = ARENA_ARRAY(l->arena, uint64_t, p->arrays.n + 1);
    for (uint32_t i = 0; i < p->arrays.n; i++) {
        const struct ir_buffer *b = p->arrays.at[i];
        if (b->space == IR_SPACE_WORKGROUP && !b->no_zeros)
            s->arrays[i] = take(s, array_bytes(b));
        else if (b->space == IR_SPACE_PRIVATE && l->plan->has_phases && l->plan->crossing_arrays[i])
            s->arrays[i] = take(s, array_bytes(b) * lanes->width * lanes->n_groups);
    }
    s->zeroed_bytes = s->bytes;
    for (uint32_t i = 0; i < p->arrays.n; i++) {
        const struct ir_buffer *b = p->arrays.at[i];
        if (b->space == IR_SPACE_WORKGROUP && b->no_zeros) s->arrays[i] = take(s, array_bytes(b));
        bool crossing = l->plan->has_phases && l->plan->crossing_arrays[i];
        if (b->space == IR_SPACE_PRIVATE && !crossing && array_bytes(b) * lanes->width > MAX_STACK_BYTES)
            s->arrays[i] = take(s, array_bytes(b) * lanes->width);
        else if (b->space == IR_SPACE_PRIVATE && !crossing)
            s->arrays[i] = UINT64_MAX; /* on the stack */
    }
}

static uint64_t slot_bytes(struct lower *l, const struct ir_local *local)
{
    uint64_t lanes = l->group_width > 1 && l->shapes.locals[local->index].varying ? l->group_width : 1;
    return round_up(8 * lanes) * local->type.lanes;
}

static void place_locals(struct lower *l, struct scratch_layout *s)
{
    const struct ir_program *p = l->program;
    s->locals = ARENA_ARRAY(l->arena, uint64_t, p->locals.n + 1);
    s->scalars = ARENA_ARRAY(l->arena, uint64_t, p->locals.n + 1);
    for (uint32_t i = 0; i < p->locals.n; i++) {
        const struct ir_local *local = p->locals.at[i];
        if (plan_is_scalar(l->plan, local) && l->plan->n_launch_phases > 1)
            s->scalars[i] = take(s, (uint64_t)8 * local->type.lanes);
        else if (plan_crosses(l->plan, local))
            s->locals[i] = take(s, slot_bytes(l, local) * frame_of(l)->lanes.n_groups);
    }
}

void scratch_layout_compute(struct lower *l, struct scratch_layout *s)
{
    *s = (struct scratch_layout){0};
    place_arrays(l, s);
    if (!l->plan->has_phases) return;
    s->alive = take(s, (uint64_t)8 * frame_of(l)->lanes.n_groups);
    place_locals(l, s);
}

LLVMValueRef scratch_at(struct lower *l, uint64_t offset)
{
    return build_element(l, type_int(l, 8), frame_of(l)->base, const_int(l, 64, offset));
}
