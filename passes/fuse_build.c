/* fuse_build.c - the program that several arms become, and the arm that runs it.
 *
 *   arm first  = scale(from: a, to: t);           arm first_and_second = p_first_and_second(a: a, t: t, b: b);
 *   arm second = shift(from: t, to: b);      =>
 *                                                 #[internal]
 *                                                 program p_first_and_second {
 *                                                   ...
 *                                                   region "first"  { the body of scale }
 *                                                   region "second" { the body of shift }
 *                                                 }
 *
 * Buffers and params have the names of the pipeline. Where the arms ask for grids of different sizes each region begins with a test
 * of its own number of workgroups, which the host computes: a param. Linear. */
#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"
#include "passes/fusion.h"
#include "passes/host_size.h"
#include "passes/returns.h"
#include "passes/plant.h"
#include "passes/trap_arms.h"

struct made_param {
    struct ir_param *param;
    struct ir_expr *value; /* in terms of the pipeline, as it goes to the arm */
};

struct fuse_build {
    struct fuse_group *g;
    struct ir_module *m;
    struct ir_program *p;
    const char *arm_name;
    struct map taken; /* names of buffers, arrays and params */
    VEC(struct made_param) params;
};

/* -- names ------------------------------------------------------------------------------------------------- */

static const char *choose_name(struct fuse_build *b, const char *wanted)
{
    const char *name = intern_string(b->m->names, wanted);
    for (uint32_t n = 1; map_find(&b->taken, name) || map_find(&b->m->item_names, name); n++)
        name = intern_string(b->m->names, arena_printf(b->m->arena, "%s_%u", wanted, n));
    map_set(&b->taken, name, b);
    return name;
}

static bool has_arm(const struct ir_pipeline *p, const char *name)
{
    IR_EACH_STMT(s, &p->body)
    {
        if (s->kind == IR_STMT_ARM && s->arm->name == name) return true;
    }
    return false;
}

/* "first_and_second", or "first_to_last" of more than two. */
static const char *name_arm(struct fuse_build *b)
{
    struct ir_pipeline *p = b->g->pipeline;
    const char *first = b->g->members.at[0].stmt->arm->name,
               *last = b->g->members.at[b->g->members.n - 1].stmt->arm->name;
    const char *wanted = arena_printf(b->m->arena, "%s_%s_%s", first, b->g->members.n == 2 ? "and" : "to", last);
    const char *name = intern_string(b->m->names, wanted);
    for (uint32_t n = 1; has_arm(p, name) || map_find(&b->m->item_names, name); n++)
        name = intern_string(b->m->names, arena_printf(b->m->arena, "%s_%u", wanted, n));
    return name;
}

static const char *join_names(const struct fuse_build *b)
{
    const char *names = ir_arm_written_names(b->g->members.at[0].stmt->arm);
    for (uint32_t i = 1; i < b->g->members.n; i++)
        names = arena_printf(b->m->arena, "%s %s", names, ir_arm_written_names(b->g->members.at[i].stmt->arm));
    return names;
}

static struct src_range range_of_members(const struct fuse_group *g)
{
    struct src_range range = SRC_NONE;
    for (uint32_t i = 0; i < g->members.n; i++)
        range = src_join(range, g->members.at[i].stmt->range);
    return range;
}

static void begin_program(struct fuse_build *b)
{
    struct fuse_group *g = b->g;
    b->arm_name = name_arm(b);
    const char *wanted = arena_printf(b->m->arena, "%s_%s", g->pipeline->name, b->arm_name);
    const char *name = choose_name(b, wanted);
    b->p = ir_program_new(b->m, name, range_of_members(g));
    b->p->internal = true;
    b->p->arms = join_names(b);
    b->p->n_workgroup = g->workgroup[2] > 1 ? 3 : g->workgroup[1] > 1 ? 2 : 1;
    for (uint32_t d = 0; d < 3; d++)
        b->p->workgroup[d] = g->workgroup[d];
}

/* -- declarations ------------------------------------------------------------------------------------------ */

static enum ir_access slot_access(const struct fuse_slot *s)
{
    if (s->writes) return s->reads || (s->needs_zeros && s->n_members > 1) ? IR_ACCESS_READ_WRITE : IR_ACCESS_WRITE;
    return s->uniform ? IR_ACCESS_UNIFORM : IR_ACCESS_READ;
}

static void make_buffer(struct fuse_build *b, struct fuse_slot *s)
{
    const char *name = choose_name(b, s->actual->name);
    s->made = ir_buffer_new(b->m, name, IR_SPACE_STORAGE, slot_access(s), s->actual->elem, s->actual->range);
    s->made->sized = s->sized;
    s->made->count = s->count;
    s->made->align_bytes = s->align_bytes;
    s->made->streaming = s->streaming && s->made->access != IR_ACCESS_UNIFORM;
    s->made->index = b->p->buffers.n;
    vec_push(b->m->arena, &b->p->buffers, s->made);
}

/* A param for a value of the pipeline, shared by all that have the same. */
static struct ir_param *get_param(struct fuse_build *b, const char *wanted, ir_type type, struct ir_expr *value)
{
    for (uint32_t i = 0; i < b->params.n; i++) {
        const struct made_param *made = &b->params.at[i];
        if (ir_type_equal(made->param->type, type) && ir_expr_equal(made->value, value)) return made->param;
    }
    struct ir_param *param = ir_param_new(b->m, choose_name(b, wanted), type, value->range);
    param->index = b->p->params.n;
    vec_push(b->m->arena, &b->p->params, param);
    vec_push(b->m->arena, &b->params, ((struct made_param){param, value}));
    return param;
}

static void move_params(struct fuse_build *b, const struct ir_arm *arm, struct map *moved)
{
    const struct ir_program *from = arm->program;
    for (uint32_t i = 0; i < from->params.n; i++) {
        struct ir_param *formal = from->params.at[i];
        const struct ir_expr *value = arm_value(arm, formal);
        const char *wanted = value->op == IR_OP_PARAM ? value->param->name : formal->name;
        map_set(moved, formal, get_param(b, wanted, formal->type, ir_expr_copy(b->m, value)));
    }
}

static void move_arrays(struct fuse_build *b, const struct ir_program *from, struct map *moved)
{
    for (uint32_t i = 0; i < from->arrays.n; i++) {
        struct ir_buffer *copy = ARENA_NEW(b->m->arena, struct ir_buffer);
        *copy = *from->arrays.at[i];
        copy->name = choose_name(b, copy->name);
        copy->index = b->p->arrays.n;
        vec_push(b->m->arena, &b->p->arrays, copy);
        map_set(moved, from->arrays.at[i], copy);
    }
}

/* What stands for the declarations of a member in the fused program. Locals come when all other names are known. */
static void move_declarations(struct fuse_build *b, const struct fuse_member *member, struct map *moved)
{
    const struct ir_arm *arm = member->stmt->arm;
    const struct ir_program *from = arm->program;
    for (uint32_t i = 0; i < from->buffers.n; i++)
        map_set(moved, from->buffers.at[i], fuse_find_slot(b->g, arm, from->buffers.at[i])->made);
    move_params(b, arm, moved);
    move_arrays(b, from, moved);
}

static void move_locals(struct fuse_build *b, const struct ir_program *from, struct map *moved)
{
    for (uint32_t i = 0; i < from->locals.n; i++) {
        const struct ir_local *l = from->locals.at[i];
        map_set(moved, l, ir_local_new(b->p, l->name, l->type, l->is_mutable, l->range));
    }
}

/* -- grids ------------------------------------------------------------------------------------------------- */

static bool is_uniform_grid(const struct fuse_group *g, uint32_t d)
{
    return g->same_extents[d] && g->same_sizes;
}

/* The workgroups that the member would have had by itself. */
static struct ir_param *get_groups(struct fuse_build *b, const struct fuse_member *member, uint32_t d)
{
    static const char *const names[] = {"groups", "groups_y", "groups_z"};
    uint32_t size = member->stmt->arm->program->workgroup[d];
    struct ir_expr *value = host_size_ceil(b->m, ir_expr_copy(b->m, member->extent[d]), size);
    const char *wanted = arena_printf(b->m->arena, "%s_%s", member->stmt->arm->name, names[d]);
    return get_param(b, wanted, IR_TYPE(U32), value);
}

static struct ir_expr *max_of(struct fuse_build *b, struct ir_expr *most, struct ir_expr *e)
{
    return !most || ir_expr_equal(most, e) ? e : ir_binary(b->m, IR_OP_MAX, most, e, SRC_NONE);
}

/* A member's dispatch over what the fused program declares. */
static struct ir_expr *move_dispatch(struct fuse_build *b, const struct fuse_member *member, const struct map *moved,
                                     uint32_t d)
{
    const struct ir_program *from = member->stmt->arm->program;
    struct ir_expr *most = NULL;
    if (d < from->n_dispatch) return ir_expr_copy_moved(b->m, from->dispatch[d], moved);
    for (uint32_t i = 0; d == 0 && i < from->buffers.n; i++)
        if (ir_access_writes(from->buffers.at[i]->access))
            most = max_of(b, most, ir_len(b->m, map_find(moved, from->buffers.at[i]), SRC_NONE));
    return most ? most : ir_const_u32(b->m, d == 0 ? 0 : 1);
}

/* As many invocations as the member has, in whole workgroups where those of the fused program are others. */
static struct ir_expr *make_extent(struct fuse_build *b, const struct fuse_member *member, const struct map *moved,
                                   uint32_t d)
{
    uint32_t size = member->stmt->arm->program->workgroup[d];
    if (size == b->p->workgroup[d]) return move_dispatch(b, member, moved, d);
    struct ir_expr *groups = ir_get_param(b->m, get_groups(b, member, d), SRC_NONE);
    return size == 1 ? groups : ir_binary(b->m, IR_OP_MUL, groups, ir_const_u32(b->m, size), SRC_NONE);
}

/* Whether an earlier member has as many invocations. */
static bool is_covered(const struct fuse_group *g, uint32_t at, uint32_t d)
{
    const struct fuse_member *m = &g->members.at[at];
    for (uint32_t i = 0; i < at; i++) {
        const struct fuse_member *other = &g->members.at[i];
        if (other->stmt->arm->program->workgroup[d] == m->stmt->arm->program->workgroup[d] &&
            ir_expr_equal(other->extent[d], m->extent[d]))
            return true;
    }
    return false;
}

static void make_dispatch(struct fuse_build *b, const struct map *moved)
{
    const struct fuse_group *g = b->g;
    b->p->n_dispatch = g->one_row ? 1 : 3;
    for (uint32_t d = 0; d < b->p->n_dispatch; d++) {
        struct ir_expr *most = NULL;
        for (uint32_t i = 0; i < g->members.n; i++)
            if (PLANT(FUSE_GRID, !is_covered(g, i, d), i == 0))
                most = max_of(b, most, make_extent(b, &g->members.at[i], &moved[i], d));
        b->p->dispatch[d] = most;
    }
}

/* `wid.x < groups`: uniform. For a member of another size of workgroups: by what would have been its own. */
static struct ir_expr *make_guard(struct fuse_build *b, const struct fuse_member *member)
{
    struct ir_expr *all = NULL;
    for (uint32_t d = 0; d < (b->g->one_row ? 1u : 3u); d++) {
        uint32_t size = member->stmt->arm->program->workgroup[d];
        if (is_uniform_grid(b->g, d) || PLANT(FUSE_GUARD, false, true)) continue;
        struct ir_expr *group = ir_id(b->m, IR_OP_WID, (uint8_t)d, SRC_NONE);
        if (size != b->p->workgroup[d]) {
            group = ir_id(b->m, IR_OP_GID, (uint8_t)d, SRC_NONE);
            if (size > 1) group = ir_binary(b->m, IR_OP_DIV, group, ir_const_u32(b->m, size), SRC_NONE);
        }
        struct ir_expr *groups = ir_get_param(b->m, get_groups(b, member, d), SRC_NONE);
        struct ir_expr *inside = ir_binary(b->m, IR_OP_LT, group, groups, SRC_NONE);
        all = all ? ir_binary(b->m, IR_OP_LAND, all, inside, SRC_NONE) : inside;
    }
    return all;
}

/* -- bodies ------------------------------------------------------------------------------------------------ */

struct own_groups {
    struct fuse_build *b;
    const struct fuse_member *member;
};

/* num_workgroups is the member's own. */
static void replace_groups(void *ctx, struct ir_expr **place)
{
    const struct own_groups *own = ctx;
    uint32_t d = (*place)->component;
    if ((*place)->op != IR_OP_NUM_WORKGROUPS || is_uniform_grid(own->b->g, d) ||
        PLANT(FUSE_NUM_WORKGROUPS, false, true))
        return;
    *place = ir_get_param(own->b->m, get_groups(own->b, own->member, d), (*place)->range);
}

static void count_groups(void *ctx, struct ir_expr **place)
{
    const struct own_groups *own = ctx;
    if ((*place)->op == IR_OP_NUM_WORKGROUPS && !is_uniform_grid(own->b->g, (*place)->component))
        get_groups(own->b, own->member, (*place)->component);
}

/* All params must be known before the first local is named. */
static void declare_groups(struct fuse_build *b, const struct fuse_member *member)
{
    struct own_groups own = {b, member};
    ir_walk_exprs(&member->stmt->arm->program->body, count_groups, &own);
    make_guard(b, member);
}

static void make_body(struct fuse_build *b, const struct fuse_member *member, struct map *moved)
{
    const struct ir_arm *arm = member->stmt->arm;
    struct own_groups own = {b, member};
    struct ir_stmt *region = ir_stmt_new(b->m, IR_STMT_REGION, arm->range);
    struct ir_block *body = &region->scope.body;
    struct ir_expr *guard = make_guard(b, member);
    region->scope.name = arm->name;
    if (guard) {
        struct ir_stmt *test = ir_stmt_new(b->m, IR_STMT_IF, arm->range);
        test->if_.cond = guard;
        ir_block_append(body, test);
        body = &test->if_.then_block;
    }
    move_locals(b, arm->program, moved);
    ir_block_copy(b->m, &arm->program->body, body, moved);
    returns_remove(b->p, body);
    if (member->uses->may_trap) {
        uint32_t first = trap_arms_add(b->m, b->p, arm);
        trap_arms_shift(body, PLANT(FUSE_TRAP_ARM, first, 0));
    }
    ir_walk_exprs(body, replace_groups, &own);
    if (member->after_barrier && PLANT(FUSE_BARRIER, true, false))
        ir_block_append(&b->p->body, ir_stmt_new(b->m, IR_STMT_BARRIER, SRC_NONE));
    ir_block_append(&b->p->body, region);
}

/* -- the arm ----------------------------------------------------------------------------------------------- */

static struct ir_arm *make_arm(struct fuse_build *b)
{
    struct ir_arm *arm = ARENA_NEW(b->m->arena, struct ir_arm);
    arm->name = b->arm_name;
    arm->range = b->p->range;
    arm->program = b->p;
    for (uint32_t i = 0; i < b->g->slots.n; i++) {
        struct fuse_slot *s = &b->g->slots.at[i];
        struct ir_arg a = {.name = s->made->name, .range = arm->range, .formal_buffer = s->made, .buffer = s->actual};
        vec_push(b->m->arena, &arm->args, a);
    }
    for (uint32_t i = 0; i < b->params.n; i++) {
        struct ir_param *param = b->params.at[i].param;
        struct ir_arg a = {
            .name = param->name, .range = arm->range, .formal_param = param, .value = b->params.at[i].value};
        vec_push(b->m->arena, &arm->args, a);
    }
    return arm;
}

struct ir_arm *fuse_build(struct fuse_group *g)
{
    struct fuse_build b = {.g = g, .m = g->run->module};
    struct map *moved = ARENA_ARRAY(g->run->scratch, struct map, g->members.n);
    map_init(&b.taken, g->run->scratch);
    begin_program(&b);
    for (uint32_t i = 0; i < g->slots.n; i++)
        make_buffer(&b, &g->slots.at[i]);
    for (uint32_t i = 0; i < g->members.n; i++) {
        map_init(&moved[i], b.m->arena);
        move_declarations(&b, &g->members.at[i], &moved[i]);
        declare_groups(&b, &g->members.at[i]);
    }
    make_dispatch(&b, moved);
    for (uint32_t i = 0; i < g->members.n; i++)
        make_body(&b, &g->members.at[i], &moved[i]);
    struct ir_stmt *s = ir_stmt_new(b.m, IR_STMT_ARM, b.p->range);
    s->arm = make_arm(&b);
    ir_insert_before(g->members.at[0].stmt, s);
    for (uint32_t i = 0; i < g->members.n; i++)
        ir_remove(g->members.at[i].stmt);
    return s->arm;
}
