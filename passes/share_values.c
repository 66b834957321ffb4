/* share_values.c - what several arms of one launch load from the same place is loaded once.
 *
 *   region "sum"  { t[gid.x] = t[gid.x] + a[gid.x]; }         let a_shared = a[gid.x];
 *   region "most" {                                     =>    region "sum"  { t[gid.x] = t[gid.x] + a_shared; }
 *     let i = gid.x;                                          region "most" {
 *     u[i] = max(u[i], a[i]);                                   let i = gid.x;
 *   }                                                           u[i] = max(u[i], a_shared);
 *                                                             }
 *
 * Loads of buffers that the program never writes, at indices made of ids, params, lengths and constants (lets stand for what they were
 * given): these have one value for the whole launch, and a load has a value everywhere, so it may come first. The same in a loop that
 * two arms have in common (merge_loops), where an index may have the variables of the loops around, for loads that each round makes.
 * Only what two regions of one block have in common is shared, and not more than a few values, since each holds a register from then on.
 * Linear in expressions, times the values. */
#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"
#include "passes/pass.h"
#include "passes/plant.h"
#include "passes/program_uses.h"

enum { MAX_SHARED = 8, MAX_CANDIDATES = 64, MAX_INDEX_DEPTH = 8 };

struct candidate {
    const struct ir_expr *load;   /* the first of them */
    const struct ir_stmt *region; /* it stands in */
    uint32_t n_uses;
    bool is_shared; /* by another region */
    struct ir_local *local;
};

struct sharer {
    struct pass_run *run;
    struct ir_program *p;
    struct ir_expr **lets;
    uint32_t n_lets; /* locals that there were before the first was added */
    bool *written;   /* by index of a storage buffer */
    bool *around;    /* by index of a local: the variable of a loop around the block */
    uint32_t n_done;
    /* Of the block whose regions are looked at. */
    VEC(struct candidate) candidates;
    const struct ir_stmt *region;
};

/* -- which loads ----------------------------------------------------------------------------------------------- */

static void note_written(void *ctx, struct ir_stmt *s)
{
    struct sharer *h = ctx;
    const struct ir_buffer *b = ir_stmt_written_buffer(s);
    if (b && b->space == IR_SPACE_STORAGE) h->written[b->index] = PLANT(SHARED_WRITTEN, true, false);
}

/* The expression behind lets. */
static const struct ir_expr *resolve(const struct sharer *h, const struct ir_expr *e)
{
    while (e->op == IR_OP_LOCAL && e->local->index < h->n_lets && h->lets[e->local->index])
        e = h->lets[e->local->index];
    return e;
}

/* Made of what is the same at every place of the program. */
static bool is_fixed(const struct sharer *h, const struct ir_expr *e, uint32_t depth)
{
    e = resolve(h, e);
    if (e->op == IR_OP_LOCAL) return h->around[e->local->index];
    if (e->op == IR_OP_LEN || ir_op_infos[e->op].form == IR_FORM_LEAF) return true;
    if (depth == MAX_INDEX_DEPTH || e->op == IR_OP_LOAD || !e->n_args) return false;
    if (ir_op_infos[e->op].traits & IR_TRAIT_SUBGROUP) return false;
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!is_fixed(h, e->args[i], depth + 1)) return false;
    return true;
}

static bool is_equal(const struct sharer *h, const struct ir_expr *a, const struct ir_expr *b)
{
    a = resolve(h, a);
    b = resolve(h, b);
    if (a->op != b->op || !ir_type_equal(a->type, b->type) || a->n_args != b->n_args || a->component != b->component)
        return false;
    if (!a->n_args) return ir_expr_equal(a, b);
    for (uint32_t i = 0; i < a->n_args; i++)
        if (!is_equal(h, a->args[i], b->args[i])) return false;
    return true;
}

static bool is_candidate(const struct sharer *h, const struct ir_expr *e)
{
    if (e->op != IR_OP_LOAD || e->buffer->space != IR_SPACE_STORAGE || h->written[e->buffer->index]) return false;
    return !ir_is_const(resolve(h, e->args[0])) && is_fixed(h, e->args[0], 0);
}

static struct candidate *find(struct sharer *h, const struct ir_expr *load)
{
    for (uint32_t i = 0; i < h->candidates.n; i++) {
        struct candidate *c = &h->candidates.at[i];
        if (c->load->buffer == load->buffer && is_equal(h, c->load->args[0], load->args[0])) return c;
    }
    return NULL;
}

static void note_load(void *ctx, struct ir_expr **place)
{
    struct sharer *h = ctx;
    if (!is_candidate(h, *place)) return;
    struct candidate *c = find(h, *place);
    if (!c && h->candidates.n < MAX_CANDIDATES) {
        vec_push(h->run->scratch, &h->candidates, ((struct candidate){.load = *place, .region = h->region}));
        c = &h->candidates.at[h->candidates.n - 1];
    }
    if (!c) return;
    c->n_uses++;
    c->is_shared |= c->region != h->region;
}

/* -- sharing them ------------------------------------------------------------------------------------------------ */

/* Without lets, so that it may stand first. */
static struct ir_expr *expand(const struct sharer *h, const struct ir_expr *e)
{
    struct ir_expr *args[4];
    e = resolve(h, e);
    if (!e->n_args) return ir_expr_copy(h->run->module, e);
    for (uint32_t i = 0; i < e->n_args; i++)
        args[i] = expand(h, e->args[i]);
    struct ir_expr *copy = ir_expr_new(h->run->module, (enum ir_op)e->op, e->type, args, e->n_args, e->range);
    copy->component = e->component;
    return copy;
}

static void load_first(struct sharer *h, struct ir_block *block, struct candidate *c)
{
    struct ir_module *m = h->run->module;
    const char *name = arena_printf(m->arena, "%s_shared", c->load->buffer->name);
    struct ir_stmt *let = ir_stmt_new(m, IR_STMT_LET, c->load->range);
    let->let.value = ir_load(m, c->load->buffer, expand(h, c->load->args[0]), c->load->range);
    let->let.local = c->local = ir_local_new(h->p, name, let->let.value->type, false, c->load->range);
    ir_insert_before(block->first, let);
    pass_remark_done(h->run, DIAG_VALUE_SHARED, c->load->range, c->load->buffer->name, c->n_uses);
    pass_count(h->run, "loads spared", c->n_uses - 1);
}

static void replace_load(void *ctx, struct ir_expr **place)
{
    struct sharer *h = ctx;
    struct ir_expr *e = *place;
    ir_expr_update_depth(e);
    struct candidate *c = is_candidate(h, e) ? find(h, e) : NULL;
    if (c && c->local) *place = ir_get_local(h->run->module, c->local, e->range);
}

static void share(struct sharer *h, struct ir_block *block)
{
    struct ir_stmt *first = block->first;
    uint32_t n = 0;
    for (uint32_t i = 0; i < h->candidates.n && n < MAX_SHARED; i++) {
        if (!h->candidates.at[i].is_shared) continue;
        load_first(h, block, &h->candidates.at[i]);
        n++;
    }
    for (struct ir_stmt *s = first; n && s; s = s->next) {
        struct ir_expr **places[4];
        struct ir_block *inner[2];
        for (uint32_t i = 0, n_exprs = ir_stmt_exprs(s, places); i < n_exprs; i++)
            ir_walk_expr(places[i], replace_load, h);
        for (uint32_t i = 0, n_blocks = ir_stmt_blocks(s, inner); i < n_blocks; i++)
            ir_walk_exprs(inner[i], replace_load, h);
    }
    h->n_done += n;
}

/* -- blocks ---------------------------------------------------------------------------------------------------- */

/* Those that are made whenever the region is reached. */
static void note_direct_loads(struct sharer *h, struct ir_block *region)
{
    IR_EACH_STMT(s, region)
    {
        struct ir_expr **places[4];
        for (uint32_t i = 0, n = ir_stmt_exprs(s, places); i < n; i++)
            ir_walk_expr(places[i], note_load, h);
    }
}

static uint32_t count_regions(const struct ir_block *b)
{
    uint32_t n = 0;
    IR_EACH_STMT(s, b) n += s->kind == IR_STMT_REGION;
    return n;
}

static void look_at_block(struct sharer *h, struct ir_block *b)
{
    bool is_body = b == &h->p->body;
    h->candidates.n = 0;
    for (struct ir_stmt *s = count_regions(b) < 2 ? NULL : b->first; s; s = s->next) {
        if (s->kind != IR_STMT_REGION) continue;
        h->region = s;
        if (is_body)
            ir_walk_exprs(&s->scope.body, note_load, h);
        else
            note_direct_loads(h, &s->scope.body);
    }
    share(h, b);
    IR_EACH_STMT(s, b)
    {
        struct ir_block *inner[2];
        if (s->kind == IR_STMT_FOR) h->around[s->for_.local->index] = true;
        for (uint32_t i = 0, n = ir_stmt_blocks(s, inner); i < n; i++)
            look_at_block(h, inner[i]);
        if (s->kind == IR_STMT_FOR) h->around[s->for_.local->index] = false;
    }
}

static void find_regions(void *ctx, struct ir_stmt *s)
{
    *(uint32_t *)ctx += s->kind == IR_STMT_REGION;
}

enum pass_result share_values(struct pass_run *run, struct ir_program *p)
{
    struct sharer h = {.run = run, .p = p};
    uint32_t n_regions = 0;
    ir_walk_stmts(&p->body, find_regions, &n_regions);
    if (n_regions < 2) return PASS_SKIPPED;
    h.lets = collect_lets(run->scratch, p);
    h.n_lets = p->locals.n;
    h.written = ARENA_ARRAY(run->scratch, bool, p->buffers.n + 1);
    /* New locals are values, not variables of loops. */
    h.around = ARENA_ARRAY(run->scratch, bool, p->locals.n + (size_t)MAX_SHARED * (n_regions + 1));
    ir_walk_stmts(&p->body, note_written, &h);
    look_at_block(&h, &p->body);
    return h.n_done ? PASS_CHANGED : PASS_UNCHANGED;
}
