/* hoist_loads.c - what is the same for all invocations in all rounds of a loop is loaded once, before it.
 *
 *   for k in 0..64 {                            let scale_once = scale[2];
 *     let i = gid.x * 64 + k;                   for k in 0..64 {
 *     if i < len(a) {                     =>      let i = gid.x * 64 + k;
 *       sum = sum + a[i] * scale[2];              if i < len(a) { sum = sum + a[i] * scale_once; }
 *     }                                         }
 *   }
 *
 * LLVM may not load where the text does not, past an end perhaps; here a load has a value everywhere. Taken out of a loop is a load at an
 * index that is one for the workgroup and none of the loop's rounds changes (lets of the loop are put in). Where nobody writes the buffer,
 * that is all. A buffer or workgroup array that is written elsewhere is loaded first where each launch of the loop loads it at once: no
 * write of it and no barrier in the loop, no way around the load. Not more than a few for each loop, since each holds a register in it.
 * Linear in expressions, times the loops around them. */
#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"
#include "passes/pass.h"
#include "passes/plant.h"
#include "passes/positions.h"

enum { MAX_HOISTED = 8, MAX_INDEX_NODES = 24 };

struct hoisted {
    const struct ir_buffer *buffer;
    const struct ir_expr *index; /* as it stands before the loop */
    struct ir_local *local;
};

struct loop {
    struct ir_stmt *stmt;
    uint32_t first, end; /* the positions of what its rounds do */
    uint32_t n_hoisted;
    struct hoisted hoisted[MAX_HOISTED];
};

struct hoister {
    struct pass_run *run;
    struct ir_program *p;
    const struct ir_uniformity *uniformity;
    const struct ir_liveness *order;
    uint32_t n_locals, n_buffers; /* that were there before; workgroup arrays are numbered behind storage buffers */
    struct ir_stmt **lets;        /* by local: the let of it; NULL for others */
    struct position_list *definitions; /* by local, but for lets */
    struct position_list *writes;      /* by buffer and array */
    struct position_list barriers, jumps;
    VEC(struct ir_stmt *) added; /* by local, less n_locals: the lets that this pass made */
    VEC(struct loop) loops;      /* around what is looked at, the outermost first */
    struct ir_stmt *at;
    bool changed;
};

/* -- where things are done ---------------------------------------------------------------------------------------------- */

static uint32_t position_of(const struct hoister *h, const struct ir_stmt *s)
{
    return (uint32_t)(uintptr_t)map_find(&h->order->positions, s) - 1;
}

static bool is_shared(const struct ir_buffer *b)
{
    return b->space == IR_SPACE_STORAGE || b->space == IR_SPACE_WORKGROUP;
}

static uint32_t object_of(const struct hoister *h, const struct ir_buffer *b)
{
    return b->index + (b->space == IR_SPACE_WORKGROUP ? h->n_buffers : 0);
}

static void note_stmt(void *ctx, struct ir_stmt *s)
{
    struct hoister *h = ctx;
    struct arena *scratch = h->run->scratch;
    const struct ir_buffer *written = ir_stmt_written_buffer(s);
    const struct ir_local *l = ir_stmt_written_local(s);
    uint32_t here = position_of(h, s), traits = ir_stmt_infos[s->kind].traits;
    if (written && is_shared(written)) vec_push(scratch, &h->writes[object_of(h, written)].at, here);
    if (traits & IR_STMT_TRAIT_SYNC || s->kind == IR_STMT_WAIT) vec_push(scratch, &h->barriers.at, here);
    if (traits & IR_STMT_TRAIT_JUMP) vec_push(scratch, &h->jumps.at, here);
    if (l && s->kind == IR_STMT_LET)
        h->lets[l->index] = s;
    else if (l)
        vec_push(scratch, &h->definitions[l->index].at, here);
}

static bool is_inside(const struct ir_stmt *s, const struct ir_stmt *loop)
{
    while (s && s != loop)
        s = s->parent->owner;
    return s == loop;
}

static struct ir_stmt *let_of(const struct hoister *h, const struct ir_local *l)
{
    return l->index < h->n_locals ? h->lets[l->index] : h->added.at[l->index - h->n_locals];
}

/* -- indices -------------------------------------------------------------------------------------------------------------- */

/* What is loaded first is uniform, whatever it is: that was asked of its index, and nobody writes it meanwhile. */
static bool is_uniform(const struct hoister *h, const struct ir_expr *e)
{
    if (e->op == IR_OP_LOCAL && e->local->index >= h->n_locals) return true;
    if (!e->n_args) return ir_expr_is_uniform(h->uniformity, e);
    if (e->op == IR_OP_LOAD || ir_op_infos[e->op].traits & IR_TRAIT_SUBGROUP) return false;
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!is_uniform(h, e->args[i])) return false;
    return true;
}

/* Has it one value in all rounds of the loop, which can be computed before it? */
static bool is_kept(const struct hoister *h, const struct ir_expr *e, const struct loop *loop, uint32_t *n_nodes)
{
    if (++*n_nodes > MAX_INDEX_NODES || e->op == IR_OP_LOAD) return false;
    if (e->op == IR_OP_LOCAL) {
        const struct ir_stmt *let = let_of(h, e->local);
        if (let) return !is_inside(let, loop->stmt) || is_kept(h, let->let.value, loop, n_nodes);
        return !positions_any(&h->definitions[e->local->index], loop->first, loop->end);
    }
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!is_kept(h, e->args[i], loop, n_nodes)) return false;
    return true;
}

/* As it is written before the loop. */
static struct ir_expr *expand(const struct hoister *h, const struct ir_expr *e, const struct loop *loop)
{
    const struct ir_stmt *let = e->op == IR_OP_LOCAL ? let_of(h, e->local) : NULL;
    struct ir_expr *args[4];
    if (let && is_inside(let, loop->stmt)) return expand(h, let->let.value, loop);
    if (!e->n_args) return ir_expr_copy(h->run->module, e);
    for (uint32_t i = 0; i < e->n_args; i++)
        args[i] = expand(h, e->args[i], loop);
    struct ir_expr *copy = ir_expr_new(h->run->module, (enum ir_op)e->op, e->type, args, e->n_args, e->range);
    copy->component = e->component;
    return copy;
}

/* -- loops ------------------------------------------------------------------------------------------------------------------ */

/* Is the statement done whenever the loop is come to, before anything in it could end or begin a round? */
static bool is_certain(const struct hoister *h, const struct loop *loop)
{
    const struct ir_stmt *s = h->at, *f = loop->stmt;
    if (s == f) return true; /* the condition of a while */
    if (f->kind != IR_STMT_FOR || !ir_is_const(f->for_.from) || !ir_is_const(f->for_.to)) return false;
    if (f->for_.from->bits >= f->for_.to->bits || ir_type_is_signed(f->for_.local->type)) return false;
    if (positions_any(&h->jumps, loop->first, position_of(h, s))) return false;
    for (s = s->parent->owner; s != f; s = s->parent->owner)
        if (s->kind != IR_STMT_BLOCK && s->kind != IR_STMT_REGION) return false;
    return true;
}

/* Does nobody change in the loop, or while others are in it, what is loaded there? */
static bool is_unwritten(const struct hoister *h, const struct ir_buffer *b, const struct loop *loop)
{
    if (b->space == IR_SPACE_DATA || !h->writes[object_of(h, b)].at.n) return true;
    return !positions_any(&h->writes[object_of(h, b)], PLANT(HOIST_WRITTEN, loop->first, loop->end), loop->end) &&
           !PLANT(HOIST_BARRIER, positions_any(&h->barriers, loop->first, loop->end), false) && is_certain(h, loop);
}

/* The outermost loop that the load can leave; NULL: none. */
static struct loop *find_loop(struct hoister *h, const struct ir_expr *load)
{
    struct loop *found = NULL;
    for (uint32_t i = h->loops.n; i-- > 0;) {
        uint32_t n_nodes = 0;
        struct loop *loop = &h->loops.at[i];
        if (!PLANT(HOIST_CHANGED, is_kept(h, load->args[0], loop, &n_nodes), i > 0)) break;
        if (!is_unwritten(h, load->buffer, loop)) {
            if (!found) pass_remark_missed(h->run, DIAG_LOAD_STAYS, load->range, load->buffer->name);
            break;
        }
        found = loop;
    }
    return found;
}

static struct ir_local *load_before(struct hoister *h, struct loop *loop, const struct ir_expr *load)
{
    struct ir_module *m = h->run->module;
    struct ir_expr *index = expand(h, load->args[0], loop);
    for (uint32_t i = 0; i < loop->n_hoisted; i++)
        if (loop->hoisted[i].buffer == load->buffer && ir_expr_equal(loop->hoisted[i].index, index))
            return loop->hoisted[i].local;
    if (loop->n_hoisted == MAX_HOISTED) return NULL;
    struct ir_stmt *let = ir_stmt_new(m, IR_STMT_LET, load->range);
    let->let.value = ir_load(m, load->buffer, index, load->range);
    let->let.local =
        ir_local_new(h->p, arena_printf(m->arena, "%s_once", load->buffer->name), load->type, false, load->range);
    ir_insert_before(loop->stmt, let);
    vec_push(h->run->scratch, &h->added, let);
    loop->hoisted[loop->n_hoisted++] = (struct hoisted){load->buffer, index, let->let.local};
    pass_remark_done(h->run, DIAG_LOAD_HOISTED, load->range, load->buffer->name);
    pass_count(h->run, "loads made once before loops", 1);
    return let->let.local;
}

static bool is_candidate(const struct hoister *h, const struct ir_expr *e)
{
    if (e->op != IR_OP_LOAD || (!is_shared(e->buffer) && e->buffer->space != IR_SPACE_DATA)) return false;
    if (e->buffer->space == IR_SPACE_DATA && ir_is_const(e->args[0])) return false; /* a constant */
    return is_uniform(h, e->args[0]);
}

static void visit_expr(void *ctx, struct ir_expr **place)
{
    struct hoister *h = ctx;
    struct ir_expr *e = *place;
    ir_expr_update_depth(e);
    struct loop *loop = is_candidate(h, e) ? find_loop(h, e) : NULL;
    struct ir_local *local = loop ? load_before(h, loop, e) : NULL;
    if (!local) return;
    *place = ir_get_local(h->run->module, local, e->range);
    h->changed = true;
}

/* -- the walk --------------------------------------------------------------------------------------------------------------- */

static bool is_loop(const struct ir_stmt *s)
{
    return s->kind == IR_STMT_FOR || s->kind == IR_STMT_WHILE;
}

static void enter(struct hoister *h, struct ir_stmt *s)
{
    uint32_t here = position_of(h, s);
    vec_push(h->run->scratch, &h->loops, ((struct loop){.stmt = s, .first = here, .end = h->order->ends[here]}));
}

static void look_at_block(struct hoister *h, struct ir_block *b);

/* Of a `while`, the condition belongs to the rounds. */
static void look_at_stmt(struct hoister *h, struct ir_stmt *s)
{
    struct ir_expr **places[4];
    struct ir_block *inner[2];
    h->at = s;
    for (uint32_t i = 0, n = ir_stmt_exprs(s, places); i < n; i++)
        if (h->loops.n && (s->kind != IR_STMT_WHILE || *places[i] == s->while_.max))
            ir_walk_expr(places[i], visit_expr, h);
    if (is_loop(s)) enter(h, s);
    if (s->kind == IR_STMT_WHILE) ir_walk_expr(&s->while_.cond, visit_expr, h);
    for (uint32_t i = 0, n = ir_stmt_blocks(s, inner); i < n; i++)
        look_at_block(h, inner[i]);
    if (is_loop(s)) h->loops.n--;
}

static void look_at_block(struct hoister *h, struct ir_block *b)
{
    IR_EACH_STMT(s, b) look_at_stmt(h, s);
}

static void find_loops(void *ctx, struct ir_stmt *s)
{
    *(bool *)ctx |= is_loop(s);
}

enum pass_result hoist_loads(struct pass_run *run, struct ir_program *p)
{
    struct hoister h = {.run = run, .p = p, .n_locals = p->locals.n, .n_buffers = p->buffers.n};
    bool loops = false;
    ir_walk_stmts(&p->body, find_loops, &loops);
    if (!loops) return PASS_SKIPPED;
    h.uniformity = pass_get_UNIFORMITY(run, p);
    h.order = pass_get_LIVENESS(run, p);
    h.lets = ARENA_ARRAY(run->scratch, struct ir_stmt *, p->locals.n + 1);
    h.definitions = ARENA_ARRAY(run->scratch, struct position_list, p->locals.n + 1);
    h.writes = ARENA_ARRAY(run->scratch, struct position_list, p->buffers.n + p->arrays.n + 1);
    ir_walk_stmts(&p->body, note_stmt, &h);
    look_at_block(&h, &p->body);
    return h.changed ? PASS_CHANGED : PASS_UNCHANGED;
}
