/* fuse_group.c - may one more arm join a launch? Every rule is one function that refuses by name; see docs/passes.md.
 *
 * Uses of a buffer by all members are summed up, so that adding an arm costs its own size, however many there are. */
#include <string.h>

#include "ir/build.h"
#include "ir/limits.h"
#include "ir/ops.h"
#include "passes/fusion.h"
#include "passes/host_size.h"
#include "passes/plant.h"
#include "passes/trap_arms.h"

enum { MAX_STMTS = 4096, MAX_SLOTS = 64, DEFAULT_WORKGROUP_BYTES = 16384, OVER_DISPATCH = 4, EXTRA_NESTING = 3 };
/* Local arrays are zero at the start of each invocation: of more than this, that costs more than a launch. */
enum { CLEARED_BYTES = 128 };

void fuse_group_init(struct fuse_group *g, struct pass_run *run, struct ir_pipeline *p, const bool *touched,
                     struct access_solver *solver)
{
    *g = (struct fuse_group){
        .run = run, .pipeline = p, .solver = solver, .touched = touched, .one_row = true, .same_sizes = true};
    g->same_extents[0] = g->same_extents[1] = g->same_extents[2] = true;
    map_init(&g->first_slot, run->scratch);
}

static struct fuse_reason refuse(enum fuse_refusal refusal, const char *text)
{
    return (struct fuse_reason){.refusal = refusal, .text = text};
}

static const struct fuse_reason allowed = {FUSE_ALLOWED};

/* -- copies of one program --------------------------------------------------------------------------------- */

static bool is_copy(struct fuse_group *g, const struct ir_program *a, const struct ir_program *b)
{
    if (a == b) return true;
    if (a->op_name && b->op_name) return !strcmp(a->op_name, b->op_name);
    struct ir_fingerprint x = ir_program_fingerprint(a, g->run->scratch),
                          y = ir_program_fingerprint(b, g->run->scratch);
    return !memcmp(x.bytes, y.bytes, sizeof x.bytes);
}

static struct fuse_reason check_copies(struct fuse_group *g, const struct fuse_member *new)
{
    const struct ir_program *p = new->stmt->arm->program;
    for (uint32_t i = 0; p->self_exclusive && i < g->members.n; i++) {
        const struct fuse_member *m = &g->members.at[i];
        if (!m->stmt->arm->program->self_exclusive || !is_copy(g, m->stmt->arm->program, p)) continue;
        struct fuse_reason r = refuse(FUSE_SELF_ALIASING, "they are copies of one program that is self_exclusive");
        r.earlier = m->stmt;
        return r;
    }
    return allowed;
}

/* -- grid and workgroups ----------------------------------------------------------------------------------- */

static bool has_size(const struct ir_program *p, const uint32_t size[3])
{
    return !memcmp(p->workgroup, size, sizeof p->workgroup);
}

static bool is_power_of_two(uint32_t n)
{
    return (n & (n - 1)) == 0;
}

/* The size that the launch gets with one more member; the members that do not look at theirs can have any. With a power of two the
 * rounded grid stays within 2^32 where each arm's is. */
static struct fuse_reason choose_size(const struct fuse_group *g, const struct fuse_member *new, uint32_t size[3])
{
    const struct ir_program *p = new->stmt->arm->program;
    memcpy(size, g->members.n ? g->workgroup : p->workgroup, sizeof p->workgroup);
    if (!g->members.n || has_size(p, size)) return allowed;
    if (!g->one_row || !new->uses->in_one_row)
        return refuse(FUSE_WORKGROUP_GEOMETRY, "their workgroups have several dimensions and differ");
    if (PLANT(FUSE_SIZES, g->fixed_size && new->uses->fixed_size, false))
        return refuse(FUSE_WORKGROUP_GEOMETRY, "both look at their workgroups, which differ in size");
    if (new->uses->fixed_size || (!g->fixed_size && p->workgroup[0] > size[0])) size[0] = p->workgroup[0];
    if (!is_power_of_two(size[0]))
        return refuse(FUSE_WORKGROUP_GEOMETRY,
                      "their workgroups differ in size, and the common one is no power of two");
    return allowed;
}

/* Whether the launch may start many more invocations than the arms need: only where grids of several dimensions differ. */
static struct fuse_reason check_dispatch(const struct fuse_group *g, const struct fuse_member *new)
{
    uint64_t most[3] = {0}, limit = pass_option_number(g->run, "over_dispatch", OVER_DISPATCH);
    double sum = 0;
    bool same = true;
    for (uint32_t i = 0; i <= g->members.n && g->members.n; i++) {
        const struct fuse_member *m = i < g->members.n ? &g->members.at[i] : new;
        double all = 1;
        for (uint32_t d = 0; d < 3; d++) {
            same = same && ir_expr_equal(m->extent[d], new->extent[d]);
            uint64_t n = ir_is_const(m->extent[d]) ? m->extent[d]->bits : UINT32_MAX;
            if (n > most[d]) most[d] = n;
            all *= (double)n;
        }
        sum += all;
    }
    if (same || !g->members.n || pass_insists(g->run, g->members.at[0].stmt->arm, new->stmt->arm)) return allowed;
    if (g->local_bytes > CLEARED_BYTES || new->uses->local_bytes > CLEARED_BYTES)
        return refuse(FUSE_OVER_DISPATCH,
                      "their launches differ in size, and every invocation of both would clear the local arrays");
    if (g->one_row && new->uses->in_one_row) return allowed;
    if ((double)most[0] * (double)most[1] * (double)most[2] > (double)limit * sum)
        return refuse(FUSE_OVER_DISPATCH, "one grid over both would start too many invocations that do nothing");
    return allowed;
}

static struct fuse_reason check_geometry(const struct fuse_group *g, const struct fuse_member *new)
{
    uint32_t size[3];
    if (new->uses->has_grid_barrier || (g->members.n && g->members.at[0].uses->has_grid_barrier))
        return refuse(FUSE_GRID_ORDER, "a grid barrier cuts a program, and must stand at its top level");
    if (new->uses->n_returns && (new->uses->has_barrier || new->uses->has_subgroup))
        return refuse(FUSE_WORKGROUP_GEOMETRY, "it has a return, and barriers or subgroup operations");
    struct fuse_reason r = choose_size(g, new, size);
    return r.refusal ? r : check_dispatch(g, new);
}

/* -- traps ------------------------------------------------------------------------------------------------- */

/* A launch tells the traps of so many arms apart. */
static struct fuse_reason check_traps(const struct fuse_group *g, const struct fuse_member *new)
{
    uint32_t n = new->uses->may_trap ? trap_arms_count(new->stmt->arm->program) : 0;
    if (g->n_trap_arms + n <= IR_MAX_TRAP_ARMS) return allowed;
    return refuse(FUSE_BUDGET, "more arms may trap than one launch tells apart");
}

/* The linear number of an invocation, which a trap reports, depends on the shape of the grid. */
static struct fuse_reason check_trap_numbers(const struct fuse_group *g, const struct fuse_member *new)
{
    bool traps = g->n_trap_arms || new->uses->may_trap;
    if (!traps || !g->members.n || (g->one_row && new->uses->in_one_row)) return allowed;
    for (uint32_t d = 0; d < 3; d++)
        if (!g->same_extents[d] || !ir_expr_equal(g->members.at[0].extent[d], new->extent[d]))
            return refuse(FUSE_GRID_ORDER, "one may trap, and the number of the invocation would be another");
    return allowed;
}

/* -- buffers ----------------------------------------------------------------------------------------------- */

struct seen_length {
    bool sized;
    uint64_t count;
};

static struct seen_length length_seen(const struct ir_buffer *formal, const struct ir_buffer *actual)
{
    if (formal->sized) return (struct seen_length){true, formal->count};
    if (actual->sized && !actual->count_expr) return (struct seen_length){true, actual->count};
    return (struct seen_length){false, 0};
}

static struct fuse_slot *find_slot(const struct fuse_group *g, const struct ir_buffer *actual)
{
    uintptr_t at = (uintptr_t)map_find(&g->first_slot, actual);
    return at ? &g->slots.at[at - 1] : NULL;
}

struct fuse_slot *fuse_find_slot(const struct fuse_group *g, const struct ir_arm *arm, const struct ir_buffer *formal)
{
    return find_slot(g, arm_buffer(arm, formal));
}

static bool is_fresh_temp(const struct fuse_group *g, const struct ir_buffer *b)
{
    return b->index >= g->pipeline->buffers.n && !g->touched[b->index];
}

/* A barrier between two arms is one of workgroups that are those of both. */
static bool may_have_barrier(const struct fuse_group *g, const struct fuse_member *new)
{
    uint32_t size[3];
    for (uint32_t i = 0; i < g->members.n; i++)
        if (!has_size(g->members.at[i].stmt->arm->program, new->stmt->arm->program->workgroup)) return false;
    return !choose_size(g, new, size).refusal && has_size(new->stmt->arm->program, size);
}

static struct fuse_reason describe_hazard(const struct fuse_slot *s, const struct buffer_use *use)
{
    struct fuse_reason r = refuse(FUSE_GRID_ORDER, NULL);
    bool read_after_write = s->use.writes && use->reads;
    r.text = s->use.atomics || use->atomics ? "atomic operations of one may meet other accesses of the second"
             : read_after_write             ? "an invocation may read what another wrote"
             : s->use.writes                ? "an invocation may overwrite what another wrote"
                                            : "an invocation may overwrite what another has yet to read";
    r.there = s->use.writes ? s->use.write : s->use.read;
    r.there_text = s->use.writes ? "written here" : "read here";
    r.here = read_after_write ? use->read : use->write;
    r.here_text = read_after_write ? "read here" : "written here";
    return r;
}

/* Where the cheap look says that any invocation may need any other, the access facts may know better. Atomics and plain accesses of
 * one buffer always have a barrier between them. */
static struct fuse_reason prove(const struct fuse_group *g, const struct fuse_member *new, const struct fuse_slot *s,
                                const struct buffer_use *use)
{
    enum hazard h = fuse_prove_hazard(g, new, s->actual);
    if (h < HAZARD_WORKGROUP && (s->use.atomics || use->atomics)) h = HAZARD_WORKGROUP;
    if (h == HAZARD_GRID || (h == HAZARD_WORKGROUP && !may_have_barrier(g, new))) return describe_hazard(s, use);
    return (struct fuse_reason){.refusal = FUSE_ALLOWED, .needs_barrier = h == HAZARD_WORKGROUP};
}

static struct fuse_reason check_layout(const struct fuse_group *g, const struct fuse_member *new,
                                       const struct fuse_slot *s, const struct ir_arg *a)
{
    if (PLANT(FUSE_ZEROS_BEFORE, s->needs_zeros, false) && !is_fresh_temp(g, a->buffer))
        return refuse(FUSE_LAYOUT, "the first has the buffer as `write` and may leave elements to its zeros, which no "
                                   "launch in between clears");
    if (PLANT(FUSE_ZEROS_BETWEEN, a->formal_buffer->access == IR_ACCESS_WRITE, false) &&
        !host_size_is_covered(g->run->module, new->stmt->arm, a->formal_buffer))
        return refuse(FUSE_LAYOUT, "the second has the buffer as `write`, which clears what the first did");
    return allowed;
}

static struct fuse_reason check_buffer(const struct fuse_group *g, const struct fuse_member *new, uint32_t at)
{
    const struct ir_arg *a = &new->stmt->arm->args.at[at];
    const struct fuse_slot *s = find_slot(g, a->buffer);
    if (!s || !s->n_members) return allowed;
    struct seen_length length = length_seen(a->formal_buffer, a->buffer);
    if (length.sized != s->sized || length.count != s->count)
        return refuse(FUSE_ALIASING, "they see one buffer with different lengths");
    const struct buffer_use *use = &new->uses->buffers[a->formal_buffer->index];
    struct fuse_reason layout = check_layout(g, new, s, a);
    if (buffer_use_hazard(&s->use, use) != HAZARD_GRID) return layout;
    return layout.refusal ? describe_hazard(s, use) : prove(g, new, s, use);
}

/* One buffer given for two formals, both of which read it. */
static struct fuse_reason check_twice(const struct fuse_member *new)
{
    const struct ir_arm *arm = new->stmt->arm;
    for (uint32_t i = 0; i < arm->program->buffers.n; i++) {
        for (uint32_t k = 0; k < i; k++) {
            const struct ir_arg *a = &arm->args.at[i], *b = &arm->args.at[k];
            if (a->buffer != b->buffer) continue;
            struct seen_length x = length_seen(a->formal_buffer, a->buffer),
                               y = length_seen(b->formal_buffer, b->buffer);
            if (x.sized != y.sized || x.count != y.count)
                return refuse(FUSE_ALIASING, "it sees one buffer with different lengths");
        }
    }
    return allowed;
}

static struct fuse_reason check_buffers(const struct fuse_group *g, const struct fuse_member *new)
{
    bool needs_barrier = false;
    for (uint32_t i = 0; i < new->stmt->arm->program->buffers.n; i++) {
        struct fuse_reason r = check_buffer(g, new, i);
        needs_barrier |= r.needs_barrier;
        if (r.refusal) {
            r.text = arena_printf(g->run->scratch, "'%s': %s", new->stmt->arm->args.at[i].buffer->name, r.text);
            return r;
        }
    }
    struct fuse_reason r = check_twice(new);
    r.needs_barrier = needs_barrier;
    return r;
}

/* -- sizes ------------------------------------------------------------------------------------------------- */

static struct fuse_reason check_budget(const struct fuse_group *g, const struct fuse_member *new)
{
    uint64_t most = pass_option_number(g->run, "workgroup_bytes", DEFAULT_WORKGROUP_BYTES);
    uint64_t bytes = g->workgroup_bytes + new->uses->workgroup_bytes;
    if (most > IR_LIMIT_WORKGROUP_BYTES) most = IR_LIMIT_WORKGROUP_BYTES;
    if (most > IR_LIMIT_WORKGROUP_BYTES) most = IR_LIMIT_WORKGROUP_BYTES;
    if (g->workgroup_bytes && new->uses->workgroup_bytes && bytes > most)
        return refuse(FUSE_BUDGET, "together they have too much workgroup memory");
    if (g->local_bytes + new->uses->local_bytes > IR_LIMIT_LOCAL_BYTES)
        return refuse(FUSE_BUDGET, "together they have too much local memory");
    if (g->members.n && g->n_stmts + new->uses->n_stmts > MAX_STMTS)
        return refuse(FUSE_BUDGET, "together they have too many statements");
    if (g->slots.n + new->stmt->arm->program->buffers.n > MAX_SLOTS)
        return refuse(FUSE_BUDGET, "together they have too many buffers");
    if (new->uses->nesting + new->uses->n_returns + EXTRA_NESTING > IR_MAX_NESTING)
        return refuse(FUSE_BUDGET, "its blocks nest too deep");
    return allowed;
}

/* -- joining ----------------------------------------------------------------------------------------------- */

static void join_buffer(struct fuse_group *g, const struct fuse_member *new, const struct ir_arg *a)
{
    const struct ir_buffer *formal = a->formal_buffer;
    const struct buffer_use *use = &new->uses->buffers[formal->index];
    struct fuse_slot *s = find_slot(g, a->buffer);
    if (!s) {
        struct seen_length length = length_seen(formal, a->buffer);
        struct fuse_slot fresh = {.actual = a->buffer, .sized = length.sized, .count = length.count, .use = *use};
        fresh.uniform = true;
        fresh.needs_zeros =
            formal->access == IR_ACCESS_WRITE && !host_size_is_covered(g->run->module, new->stmt->arm, formal);
        vec_push(g->run->scratch, &g->slots, fresh);
        map_set(&g->first_slot, a->buffer, (void *)(uintptr_t)g->slots.n);
        s = &g->slots.at[g->slots.n - 1];
    } else {
        s->use = buffer_use_join(&s->use, use);
    }
    s->n_members++;
    s->reads |= ir_access_reads(formal->access);
    s->writes |= ir_access_writes(formal->access);
    s->uniform &= formal->access == IR_ACCESS_UNIFORM;
    s->streaming |= formal->streaming;
    if (formal->align_bytes > s->align_bytes) s->align_bytes = formal->align_bytes;
}

static void join(struct fuse_group *g, const struct fuse_member *new)
{
    const struct ir_program *p = new->stmt->arm->program;
    uint32_t size[3];
    choose_size(g, new, size);
    memcpy(g->workgroup, size, sizeof size);
    for (uint32_t d = 0; d < 3 && g->members.n; d++)
        g->same_extents[d] &= ir_expr_equal(g->members.at[0].extent[d], new->extent[d]);
    g->same_sizes &= !g->members.n || has_size(p, g->members.at[0].stmt->arm->program->workgroup);
    g->fixed_size |= new->uses->fixed_size || new->after_barrier;
    g->one_row &= new->uses->in_one_row;
    if (new->uses->may_trap) g->n_trap_arms += trap_arms_count(p);
    g->n_stmts += new->uses->n_stmts;
    g->workgroup_bytes += new->uses->workgroup_bytes;
    g->local_bytes += new->uses->local_bytes;
    for (uint32_t i = 0; i < p->buffers.n; i++)
        join_buffer(g, new, &new->stmt->arm->args.at[i]);
    vec_push(g->run->scratch, &g->members, *new);
}

struct fuse_reason fuse_group_add(struct fuse_group *g, struct ir_stmt *stmt, const struct program_uses *uses)
{
    static struct fuse_reason (*const rules[])(const struct fuse_group *, const struct fuse_member *) = {
        check_geometry, check_buffers, check_traps, check_trap_numbers, check_budget,
    };
    struct fuse_member new = {.stmt = stmt, .uses = uses};
    for (uint32_t d = 0; d < 3; d++)
        new.extent[d] = host_size_dispatch(g->run->module, stmt->arm, d);
    struct fuse_reason r = g->members.n && g->alone.refusal ? g->alone : check_copies(g, &new);
    for (size_t i = 0; !r.refusal && i < sizeof rules / sizeof rules[0]; i++) {
        r = rules[i](g, &new);
        new.after_barrier |= r.needs_barrier;
    }
    if (r.refusal && g->members.n) return r;
    g->alone = r; /* what keeps the first one from sharing a launch keeps all others from joining it */
    join(g, &new);
    return allowed;
}
