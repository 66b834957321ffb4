/* cross_arm_cse.c - an arm that computes what an earlier one has computed is not run again.
 *
 *   temp t : u32[len(a)];
 *   temp u : u32[len(a)];                        temp t : u32[len(a)];
 *   arm first  = scale(from: a, to: t);          arm first = scale(from: a, to: t);
 *   arm second = scale(from: a, to: u);     =>   arm last  = add(x: t, y: t, to: b);
 *   arm last   = add(x: t, y: u, to: b);
 *
 * Two arms are equal when they run one program on the same versions of the same buffers with the same params, and the program only
 * reads its inputs and only writes its outputs, without atomics: then it is a function. The later one goes when it writes the same
 * outputs, unchanged since, or when its outputs are temps that are written nowhere else, like those of the first: their readers take
 * these. Where it has another output that must be there, it becomes a copy of the first one's, if that is less work. Equal arms that
 * must stay are reported. One look at each arm: linear. */
#include "ir/build.h"
#include "ir/ops.h"
#include "ir/print.h"
#include "ir/walk.h"
#include "passes/host_size.h"
#include "passes/pass.h"
#include "passes/plant.h"

enum { WORTH_A_COPY = 4 }; /* statements; any loop is */

/* A buffer of the pipeline. */
struct cse_buffer {
    uint32_t version; /* how many arms had it to write, so far */
    uint32_t n_writers;
    bool pinned;                  /* the host, the caller or a length needs it as it is */
    struct ir_buffer *stands_for; /* another that holds the same, or NULL */
};

/* An arm that was kept, with the versions that it left behind. */
struct cse_arm {
    struct ir_stmt *stmt;
    uint32_t *versions; /* of its outputs, by index of the formal */
};

struct cse {
    struct pass_run *run;
    struct ir_pipeline *p;
    struct cse_buffer *buffers; /* by index */
    struct map kept;            /* key -> struct cse_arm */
    struct map functions;       /* program -> is it a function? 1 no, 2 yes */
    VEC(struct ir_program *) copiers;
    bool changed;
};

/* -- programs that are functions ---------------------------------------------------------------------------- */

static void note_impure(void *ctx, struct ir_stmt *s)
{
    bool *impure = ctx;
    if (s->kind == IR_STMT_ATOMIC && s->atomic.buffer->space == IR_SPACE_STORAGE) *impure = true;
    if (s->kind == IR_STMT_ATOMIC && s->atomic.result) *impure = true;
    if (s->kind == IR_STMT_ATOMIC && ir_type_is_float(s->atomic.buffer->elem)) *impure = true;
}

static bool is_function(struct cse *c, struct ir_program *p)
{
    uintptr_t known = (uintptr_t)map_find(&c->functions, p);
    bool impure = false;
    if (known) return known == 2;
    for (uint32_t i = 0; i < p->buffers.n; i++)
        impure |= PLANT(CSE_READ_WRITE, p->buffers.at[i]->access == IR_ACCESS_READ_WRITE, false);
    if (!impure) ir_walk_stmts(&p->body, note_impure, &impure);
    map_set(&c->functions, p, (void *)(uintptr_t)(impure ? 1 : 2));
    return !impure;
}

/* -- keys --------------------------------------------------------------------------------------------------- */

/* Equal for arms that compute the same: program, inputs with their versions, lengths of outputs, params. */
static const char *make_key(struct cse *c, const struct ir_arm *arm)
{
    struct out text;
    out_init(&text, c->run->scratch->mem);
    out_printf(&text, "%u", arm->program->index);
    for (uint32_t i = 0; i < arm->args.n; i++) {
        const struct ir_arg *a = &arm->args.at[i];
        out_text(&text, ";");
        if (a->value) {
            if (PLANT(CSE_PARAM, true, false)) ir_print_expr(a->value, &text);
        } else if (ir_access_writes(a->formal_buffer->access)) {
            ir_print_expr(host_size_length(c->run->module, a->buffer), &text);
        } else {
            out_printf(&text, "%u.%u", a->buffer->index, PLANT(CSE_VERSION, c->buffers[a->buffer->index].version, 0));
        }
    }
    const char *key = intern(c->run->module->names, text.bytes, text.n);
    out_release(&text);
    return key;
}

/* -- one arm after the other -------------------------------------------------------------------------------- */

static bool is_output(const struct ir_arg *a)
{
    return a->formal_buffer && ir_access_writes(a->formal_buffer->access);
}

/* Readers take what stands for a buffer. */
static void redirect_inputs(struct cse *c, struct ir_arm *arm)
{
    for (uint32_t i = 0; i < arm->args.n; i++) {
        struct ir_arg *a = &arm->args.at[i];
        if (a->buffer && c->buffers[a->buffer->index].stands_for) a->buffer = c->buffers[a->buffer->index].stands_for;
    }
}

static bool is_single_temp(const struct cse *c, const struct ir_buffer *b)
{
    const struct cse_buffer *info = &c->buffers[b->index];
    return b->index >= c->p->buffers.n && PLANT(CSE_WRITERS, info->n_writers == 1, true) && !info->pinned &&
           !b->live_out;
}

/* May the output of the later arm be that of the first? */
static bool may_share(const struct cse *c, const struct cse_arm *first, const struct ir_arg *a,
                      const struct ir_arg *of_first)
{
    uint32_t left = first->versions[a->formal_buffer->index];
    if (a->buffer == of_first->buffer) return PLANT(CSE_OUTPUT, c->buffers[a->buffer->index].version == left, true);
    return is_single_temp(c, a->buffer) && is_single_temp(c, of_first->buffer) &&
           a->buffer->align_bytes <= of_first->buffer->align_bytes;
}

/* NULL, or the output because of which the later arm must run. */
static const struct ir_arg *find_obstacle(const struct cse *c, const struct cse_arm *first, const struct ir_arm *arm)
{
    for (uint32_t i = 0; i < arm->args.n; i++)
        if (is_output(&arm->args.at[i]) && !may_share(c, first, &arm->args.at[i], &first->stmt->arm->args.at[i]))
            return &arm->args.at[i];
    return NULL;
}

static void drop(struct cse *c, const struct cse_arm *first, struct ir_stmt *s)
{
    const struct ir_arm *kept = first->stmt->arm;
    for (uint32_t i = 0; i < s->arm->args.n; i++) {
        const struct ir_arg *a = &s->arm->args.at[i];
        if (is_output(a) && a->buffer != kept->args.at[i].buffer)
            c->buffers[a->buffer->index].stands_for = kept->args.at[i].buffer;
    }
    struct diag *g = pass_remark_done(c->run, DIAG_EQUAL_ARM_DROPPED, s->range, s->arm->name, kept->name);
    diag_add_note(c->run->diags, g, first->stmt->range, "arm '%s' is here", kept->name);
    pass_count(c->run, "arms computed once", 1);
    ir_remove(s);
}

static void report_kept(struct cse *c, const struct cse_arm *first, const struct ir_stmt *s,
                        const struct ir_arg *because)
{
    const struct ir_arm *kept = first->stmt->arm;
    struct diag *g =
        pass_remark_missed(c->run, DIAG_EQUAL_ARM_KEPT, s->range, s->arm->name, kept->name, because->buffer->name);
    diag_add_note(c->run->diags, g, first->stmt->range, "arm '%s' is here", kept->name);
    pass_count(c->run, "equal arms", 1);
}

/* -- copies ----------------------------------------------------------------------------------------------------- */

static void count_work(void *ctx, struct ir_stmt *s)
{
    bool is_loop = s->kind == IR_STMT_FOR || s->kind == IR_STMT_WHILE;
    *(uint32_t *)ctx += is_loop ? WORTH_A_COPY : 1;
}

/* The one output of the arm, if a copy of what the first one has left there is less work and the same. */
static const struct ir_arg *find_copied(const struct cse *c, const struct cse_arm *first, const struct ir_arm *arm)
{
    const struct ir_arg *output = NULL;
    uint32_t work = 0;
    for (uint32_t i = 0; i < arm->args.n; i++) {
        if (!is_output(&arm->args.at[i])) continue;
        if (output) return NULL;
        output = &arm->args.at[i];
    }
    ir_walk_stmts(&arm->program->body, count_work, &work);
    if (!output || output->formal_buffer->sized || work < WORTH_A_COPY) return NULL;
    const struct ir_buffer *source = arm_buffer(first->stmt->arm, output->formal_buffer);
    bool is_there = PLANT(CSE_COPY_OF_OLD,
                          c->buffers[source->index].version == first->versions[output->formal_buffer->index], true);
    return source != output->buffer && is_there && ir_access_reads(source->access) ? output : NULL;
}

/* program copy_u32 { dispatch len(to); to[gid.x] = from[gid.x]; }, once for each type. */
static struct ir_program *get_copier(struct cse *c, ir_type elem)
{
    struct ir_module *m = c->run->module;
    for (uint32_t i = 0; i < c->copiers.n; i++)
        if (ir_type_equal(c->copiers.at[i]->buffers.at[0]->elem, elem)) return c->copiers.at[i];
    const char *wanted = arena_printf(m->arena, "%s_copy_%s%u", c->p->name, ir_type_info(elem)->text, elem.lanes);
    const char *name = intern_string(m->names, wanted);
    for (uint32_t n = 1; map_find(&m->item_names, name); n++)
        name = intern_string(m->names, arena_printf(m->arena, "%s_%u", wanted, n));
    struct ir_program *p = ir_program_new(m, name, SRC_NONE);
    struct ir_buffer *from =
        ir_buffer_new(m, intern_string(m->names, "from"), IR_SPACE_STORAGE, IR_ACCESS_READ, elem, SRC_NONE);
    struct ir_buffer *to =
        ir_buffer_new(m, intern_string(m->names, "to"), IR_SPACE_STORAGE, IR_ACCESS_WRITE, elem, SRC_NONE);
    struct ir_stmt *store = ir_stmt_new(m, IR_STMT_STORE, SRC_NONE);
    p->internal = true;
    to->index = 1;
    vec_push(m->arena, &p->buffers, from);
    vec_push(m->arena, &p->buffers, to);
    p->n_dispatch = 1;
    p->dispatch[0] = ir_len(m, to, SRC_NONE);
    store->store.buffer = to;
    store->store.index = ir_id(m, IR_OP_GID, 0, SRC_NONE);
    store->store.value = ir_load(m, from, ir_id(m, IR_OP_GID, 0, SRC_NONE), SRC_NONE);
    ir_block_append(&p->body, store);
    vec_push(c->run->scratch, &c->copiers, p);
    return p;
}

static void make_copy(struct cse *c, const struct cse_arm *first, struct ir_stmt *s, const struct ir_arg *output)
{
    struct ir_buffer *source = arm_buffer(first->stmt->arm, output->formal_buffer), *target = output->buffer;
    struct ir_program *p = get_copier(c, target->elem);
    struct ir_arm *arm = s->arm;
    struct diag *g =
        pass_remark_done(c->run, DIAG_EQUAL_ARM_COPIED, s->range, arm->name, first->stmt->arm->name, source->name);
    diag_add_note(c->run->diags, g, first->stmt->range, "arm '%s' is here", first->stmt->arm->name);
    pass_count(c->run, "arms become copies", 1);
    arm->program = p;
    arm->args.n = 0;
    for (uint32_t i = 0; i < 2; i++) {
        struct ir_buffer *formal = p->buffers.at[i];
        struct ir_arg a = {
            .name = formal->name, .range = arm->range, .formal_buffer = formal, .buffer = i ? target : source};
        vec_push(c->run->module->arena, &arm->args, a);
    }
}

static void keep(struct cse *c, struct ir_stmt *s, const char *key)
{
    struct ir_arm *arm = s->arm;
    for (uint32_t i = 0; i < arm->args.n; i++)
        if (is_output(&arm->args.at[i])) c->buffers[arm->args.at[i].buffer->index].version++;
    if (!key) return;
    struct cse_arm *kept = ARENA_NEW(c->run->scratch, struct cse_arm);
    *kept = (struct cse_arm){s, ARENA_ARRAY(c->run->scratch, uint32_t, arm->program->buffers.n + 1)};
    for (uint32_t i = 0; i < arm->program->buffers.n; i++)
        kept->versions[i] = c->buffers[arm->args.at[i].buffer->index].version;
    map_set(&c->kept, key, kept);
}

/* True when the arm is gone. */
static bool take_arm(struct cse *c, struct ir_stmt *s)
{
    redirect_inputs(c, s->arm);
    const char *key = is_function(c, s->arm->program) ? make_key(c, s->arm) : NULL;
    const struct cse_arm *first = key ? map_find(&c->kept, key) : NULL;
    const struct ir_arg *obstacle = first ? find_obstacle(c, first, s->arm) : NULL;
    if (first && !obstacle) {
        drop(c, first, s);
        return true;
    }
    const struct ir_arg *copied = obstacle ? find_copied(c, first, s->arm) : NULL;
    if (copied)
        make_copy(c, first, s, copied);
    else if (obstacle)
        report_kept(c, first, s, obstacle);
    keep(c, s, copied ? NULL : key);
    c->changed |= copied != NULL;
    return false;
}

/* -- the whole ---------------------------------------------------------------------------------------------- */

static void note_len(void *ctx, struct ir_expr **place)
{
    struct cse_buffer *buffers = ctx;
    if ((*place)->op == IR_OP_LEN) buffers[(*place)->buffer->index].pinned = true;
}

static void look_ahead(struct cse *c, struct ir_stmt *s)
{
    if (s->kind == IR_STMT_HOST) c->buffers[s->host.buffer->index].pinned = true;
    if (s->kind == IR_STMT_COLLECTIVE) {
        c->buffers[s->collective.dst->index].pinned = true;
        if (s->collective.src) c->buffers[s->collective.src->index].pinned = true;
    }
    for (uint32_t i = 0; s->kind == IR_STMT_ARM && i < s->arm->args.n; i++) {
        struct ir_arg *a = &s->arm->args.at[i];
        if (is_output(a)) c->buffers[a->buffer->index].n_writers++;
        if (a->value) ir_walk_expr(&a->value, note_len, c->buffers);
    }
}

enum pass_result cross_arm_cse(struct pass_run *run, struct ir_pipeline *p)
{
    struct cse c = {.run = run, .p = p};
    bool changed = false;
    if (p->body.first == p->body.last) return PASS_SKIPPED;
    c.buffers = ARENA_ARRAY(run->scratch, struct cse_buffer, p->buffers.n + p->temps.n + 1);
    map_init(&c.kept, run->scratch);
    map_init(&c.functions, run->scratch);
    IR_EACH_STMT(s, &p->body) look_ahead(&c, s);
    for (uint32_t i = 0; i < p->temps.n; i++)
        if (p->temps.at[i]->count_expr) ir_walk_expr(&p->temps.at[i]->count_expr, note_len, c.buffers);
    for (struct ir_stmt *s = p->body.first, *next; s; s = next) {
        next = s->next;
        if (s->kind == IR_STMT_ARM) changed |= take_arm(&c, s);
        if (s->kind == IR_STMT_COLLECTIVE) c.buffers[s->collective.dst->index].version++;
    }
    return changed || c.changed ? PASS_CHANGED : PASS_UNCHANGED;
}
