/* told.c - see told.h. Statements have numbers in the order of the text; what follows a trap is all from the outermost loop around it
 * on. Costs a few walks for each arm that may trap, and one for each trap. */
#include "passes/told.h"

#include "ir/build.h"
#include "ir/ops.h"
#include "ir/traps.h"
#include "ir/walk.h"
#include "passes/plant.h"
#include "passes/trap_arms.h"

/* A text that goes around no more often than that for any data has not got stuck. */
static const uint64_t most_rounds = UINT64_C(1) << 24;

static const struct {
    const char *why, *edit;
} refusals[] = {
    {"", ""},
#define TOLD(NAME, why, edit) {why, edit},
#include "passes/told.def"
};

const char *told_refusal_why(enum told_refusal r)
{
    return refusals[r].why;
}

const char *told_refusal_edit(enum told_refusal r)
{
    return refusals[r].edit;
}

/* A statement, and where the outermost loop around it, or itself, begins and ends. */
struct place {
    struct ir_stmt *stmt;
    uint32_t number, begin, end;
};

/* What decides whether invocations of an arm, or of one before, trap. */
struct reasons {
    bool found;
    uint32_t end;  /* behind the last of these traps */
    bool *locals;  /* by index */
    bool *buffers; /* storage by index, then arrays */
};

struct told_proof {
    const struct ir_program *program;
    struct arena *arena;
    VEC(struct place) places;
    struct map numbers; /* statement -> its place's number + 1 */
    const struct ir_expr *
        *values; /* by local: what a let is given, or where a loop ends; NULL: it may change, or comes from memory */
    const struct ir_stmt **loops; /* by local: the FOR whose variable it is */
    struct reasons *reasons;      /* by arm */
    bool mixes_atomics;
    bool changed;
};

/* -- the text ----------------------------------------------------------------------------------------------------------------- */

static struct place *place_of(struct told_proof *t, const struct ir_stmt *s)
{
    return &t->places.at[(uintptr_t)map_find(&t->numbers, s) - 1];
}

static void add_place(struct told_proof *t, struct ir_stmt *s)
{
    uint32_t number = t->places.n;
    map_set(&t->numbers, s, (void *)(uintptr_t)(number + 1));
    vec_push(t->arena, &t->places, ((struct place){s, number, number, number + 1}));
    if (s->kind == IR_STMT_LET) t->values[s->let.local->index] = s->let.value;
    if (s->kind == IR_STMT_FOR) t->loops[s->for_.local->index] = s;
}

static void note_text(void *ctx, struct ir_stmt *s)
{
    add_place(ctx, s);
}

static struct ir_stmt *outermost_loop(struct ir_stmt *s)
{
    struct ir_stmt *loop = s;
    for (struct ir_stmt *owner = s; owner; owner = owner->parent->owner)
        if (owner->kind == IR_STMT_FOR || owner->kind == IR_STMT_WHILE) loop = owner;
    return loop;
}

static void find_loops(struct told_proof *t)
{
    for (uint32_t i = 0; i < t->places.n; i++) {
        struct place *p = &t->places.at[i];
        const struct ir_stmt *outer = outermost_loop(p->stmt);
        p->begin = place_of(t, outer)->number;
        if (p->begin != i) /* seen before: it reaches so far at least */
            t->places.at[p->begin].end = i + 1;
    }
    for (uint32_t i = 0; i < t->places.n; i++)
        t->places.at[i].end = t->places.at[t->places.at[i].begin].end;
}

/* -- memory --------------------------------------------------------------------------------------------------------------------- */

static uint32_t number_of(const struct told_proof *t, const struct ir_buffer *b)
{
    return b->space == IR_SPACE_STORAGE ? b->index : t->program->buffers.n + b->index;
}

static uint32_t count_buffers(const struct told_proof *t)
{
    return t->program->buffers.n + t->program->arrays.n;
}

struct mix {
    const struct told_proof *t;
    bool *plain, *atomic;
};

static void mix_expr(void *ctx, struct ir_expr **place)
{
    struct mix *m = ctx;
    if ((*place)->op == IR_OP_LOAD && (*place)->buffer->space != IR_SPACE_DATA)
        m->plain[number_of(m->t, (*place)->buffer)] = true;
}

static void mix_stmt(void *ctx, struct ir_stmt *s)
{
    struct mix *m = ctx;
    const struct ir_buffer *b = ir_stmt_written_buffer(s);
    if (b) (s->kind == IR_STMT_ATOMIC ? m->atomic : m->plain)[number_of(m->t, b)] = true;
    if (s->kind == IR_STMT_COPY_ASYNC && s->copy.src->space != IR_SPACE_DATA)
        m->plain[number_of(m->t, s->copy.src)] = true;
}

/* Where both meet in a phase the language refuses them, and an invocation that has ended meets nothing. */
static bool mixes_atomics(struct told_proof *t)
{
    uint32_t n = count_buffers(t);
    struct mix m = {t, ARENA_ARRAY(t->arena, bool, n + 1), ARENA_ARRAY(t->arena, bool, n + 1)};
    struct ir_block *body = (struct ir_block *)&t->program->body; /* only looked at */
    bool any = false;
    ir_walk_exprs(body, mix_expr, &m);
    ir_walk_stmts(body, mix_stmt, &m);
    for (uint32_t i = 0; i < n; i++)
        any |= m.plain[i] && m.atomic[i];
    return any;
}

struct told_proof *told_begin(const struct ir_program *p, struct arena *scratch)
{
    struct told_proof *t = ARENA_NEW(scratch, struct told_proof);
    *t = (struct told_proof){.program = p, .arena = scratch};
    map_init(&t->numbers, scratch);
    t->values = ARENA_ARRAY(scratch, const struct ir_expr *, p->locals.n + 1);
    t->loops = ARENA_ARRAY(scratch, const struct ir_stmt *, p->locals.n + 1);
    t->reasons = ARENA_ARRAY(scratch, struct reasons, trap_arms_count(p) + 1);
    ir_walk_stmts((struct ir_block *)&p->body, note_text, t);
    find_loops(t);
    t->mixes_atomics = mixes_atomics(t);
    return t;
}

/* -- what traps depend on --------------------------------------------------------------------------------------------------------- */

struct slice {
    struct told_proof *t;
    struct reasons *of;
};

static void mark(struct slice *s, bool *flag)
{
    if (*flag) return;
    *flag = s->t->changed = true;
}

static void need_expr(struct slice *s, const struct ir_expr *e)
{
    if (e->op == IR_OP_LOCAL) mark(s, &s->of->locals[e->local->index]);
    if (e->op == IR_OP_LOAD && e->buffer->space != IR_SPACE_DATA) mark(s, &s->of->buffers[number_of(s->t, e->buffer)]);
    for (uint32_t i = 0; i < e->n_args; i++)
        need_expr(s, e->args[i]);
}

static void need_operands(struct slice *s, struct ir_stmt *stmt)
{
    struct ir_expr **places[4];
    for (uint32_t i = 0, n = ir_stmt_exprs(stmt, places); i < n; i++)
        need_expr(s, *places[i]);
}

/* Whether the statement runs, and what it does. */
static void need_stmt(struct slice *s, struct ir_stmt *stmt)
{
    for (; stmt; stmt = stmt->parent->owner)
        need_operands(s, stmt);
}

static bool is_trap_up_to(struct ir_stmt *s, uint32_t arm)
{
    return ir_stmt_may_trap(s) && trap_arms_told(s)->arm <= arm;
}

static bool decides(const struct slice *s, struct ir_stmt *stmt, uint32_t arm)
{
    const struct ir_local *local = ir_stmt_written_local(stmt);
    const struct ir_buffer *buffer = ir_stmt_written_buffer(stmt);
    bool jumps = (ir_stmt_infos[stmt->kind].traits & IR_STMT_TRAIT_JUMP) && stmt->kind != IR_STMT_TRAP;
    return jumps || is_trap_up_to(stmt, arm) || (local && s->of->locals[local->index]) ||
           (buffer && s->of->buffers[number_of(s->t, buffer)]) ||
           (stmt->kind == IR_STMT_COPY_ASYNC && s->of->buffers[number_of(s->t, stmt->copy.dst)]);
}

static const struct reasons *reasons_of(struct told_proof *t, uint32_t arm)
{
    struct reasons *r = &t->reasons[arm];
    struct slice s = {t, r};
    if (r->found) return r;
    r->found = true;
    r->locals = ARENA_ARRAY(t->arena, bool, t->program->locals.n + 1);
    r->buffers = ARENA_ARRAY(t->arena, bool, count_buffers(t) + 1);
    for (uint32_t i = 0; i < t->places.n; i++)
        if (is_trap_up_to(t->places.at[i].stmt, arm) && t->places.at[i].end > r->end) r->end = t->places.at[i].end;
    do {
        t->changed = false;
        for (uint32_t i = r->end; i--;)
            if (decides(&s, t->places.at[i].stmt, arm)) need_stmt(&s, t->places.at[i].stmt);
    } while (t->changed);
    return r;
}

static bool writes_a_reason(struct told_proof *t, const struct reasons *r, uint32_t from)
{
    for (uint32_t i = from; i < t->places.n; i++) {
        const struct ir_buffer *b = ir_stmt_written_buffer(t->places.at[i].stmt);
        if (b && b->space != IR_SPACE_PRIVATE && r->buffers[number_of(t, b)]) return true;
    }
    return false;
}

static void find_subgroup(void *ctx, struct ir_expr **place)
{
    *(bool *)ctx |= (ir_op_infos[(*place)->op].traits & IR_TRAIT_SUBGROUP) != 0;
}

static bool has_subgroups(struct told_proof *t, uint32_t from, uint32_t to)
{
    bool any = false;
    for (uint32_t i = from; i < to; i++) {
        struct ir_expr **places[4];
        for (uint32_t k = 0, n = ir_stmt_exprs(t->places.at[i].stmt, places); k < n; k++)
            ir_walk_expr(places[k], find_subgroup, &any);
    }
    return any;
}

/* -- codes -------------------------------------------------------------------------------------------------------------------------- */

/* The constant code that is told; -1: it is computed. */
static int64_t code_of(const struct ir_stmt *s)
{
    if (s->kind == IR_STMT_WHILE) return 1;
    return ir_is_const(s->trap.code) ? (int64_t)s->trap.code->bits : -1;
}

static enum told_refusal check_other_traps(struct told_proof *t, const struct place *at)
{
    uint32_t arm = trap_arms_told(at->stmt)->arm;
    int64_t code = code_of(at->stmt);
    bool loops = at->end - at->begin > 1 && at->stmt != t->places.at[at->begin].stmt;
    if (loops && code < 0) return TOLD_CODES;
    for (uint32_t i = at->begin; i < t->places.n; i++) {
        struct ir_stmt *s = t->places.at[i].stmt;
        if (!ir_stmt_may_trap(s) || s == at->stmt) continue;
        bool same_arm = trap_arms_told(s)->arm == arm;
        if (i < at->end && !same_arm) return TOLD_ARMS;
        if (same_arm && (code < 0 || code_of(s) != code)) return TOLD_CODES;
    }
    return TOLD_FINE;
}

/* -- rounds ------------------------------------------------------------------------------------------------------------------------- */

/* Is it the same for any data? */
static bool is_known(const struct told_proof *t, const struct ir_expr *e)
{
    if (e->op == IR_OP_LOCAL) {
        const struct ir_stmt *loop = t->loops[e->local->index];
        if (loop) return is_known(t, loop->for_.from) && is_known(t, loop->for_.to);
        return t->values[e->local->index] && is_known(t, t->values[e->local->index]);
    }
    if (ir_op_infos[e->op].traits & IR_TRAIT_SUBGROUP) return false;
    if (e->op == IR_OP_LOAD && e->buffer->access != IR_ACCESS_READ && e->buffer->access != IR_ACCESS_UNIFORM)
        return false;
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!is_known(t, e->args[i])) return false;
    return true;
}

static uint64_t add(uint64_t a, uint64_t b)
{
    return __builtin_add_overflow(a, b, &a) ? UINT64_MAX : a;
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
    return __builtin_mul_overflow(a, b, &a) ? UINT64_MAX : a;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t greatest(const struct told_proof *t, const struct ir_expr *e);

static uint64_t greatest_of_op(const struct told_proof *t, const struct ir_expr *e)
{
    uint64_t a = e->n_args > 0 ? greatest(t, e->args[0]) : UINT64_MAX, b = e->n_args > 1 ? greatest(t, e->args[1]) : 0;
    switch (e->op) {
    case IR_OP_CONST:
        return e->bits;
    case IR_OP_LOCAL:
        return t->values[e->local->index] ? greatest(t, t->values[e->local->index]) : UINT64_MAX;
    case IR_OP_AND:
    case IR_OP_MIN:
        return lesser(a, b);
    case IR_OP_ADD:
        return add(a, b);
    case IR_OP_MUL:
        return multiply(a, b);
    case IR_OP_CAST:
        return ir_type_is_int(e->args[0]->type) && !ir_type_is_signed(e->args[0]->type) ? a : UINT64_MAX;
    case IR_OP_REM:
        return ir_is_const(e->args[1]) && e->args[1]->bits ? e->args[1]->bits - 1 : UINT64_MAX;
    default:
        return UINT64_MAX;
    }
}

/* What an unsigned value is at most; all that its type can hold where nothing more is known. */
static uint64_t greatest(const struct told_proof *t, const struct ir_expr *e)
{
    if (!ir_type_is_int(e->type) || ir_type_is_signed(e->type) || e->type.lanes != 1) return UINT64_MAX;
    uint32_t bits = ir_type_info(e->type)->bits;
    uint64_t most = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1, value = greatest_of_op(t, e);
    return lesser(value, most); /* what wraps around is no more than all */
}

static uint64_t rounds_of(const struct told_proof *t, const struct ir_stmt *s)
{
    if (s->kind == IR_STMT_WHILE) return greatest(t, s->while_.max);
    const struct ir_expr *from = s->for_.from, *to = s->for_.to;
    if (is_known(t, from) && is_known(t, to)) return 1; /* as often as without the trap */
    if (to->op == IR_OP_ADD && ir_expr_equal(from, to->args[0])) return greatest(t, to->args[1]);
    return greatest(t, to);
}

static uint64_t count_block(struct told_proof *t, const struct ir_block *b, uint32_t from);

static uint64_t count_stmt(struct told_proof *t, struct ir_stmt *s, uint32_t from)
{
    struct ir_block *inner[2];
    uint64_t sum = 0;
    bool loops = (s->kind == IR_STMT_FOR || s->kind == IR_STMT_WHILE) && place_of(t, s)->number >= from;
    if (s->kind == IR_STMT_COPY_ASYNC && !is_known(t, s->copy.count)) sum = greatest(t, s->copy.count);
    for (uint32_t i = 0, n = ir_stmt_blocks(s, inner); i < n; i++)
        sum = add(sum, count_block(t, inner[i], from));
    return loops ? multiply(rounds_of(t, s), add(sum, 1)) : sum;
}

static uint64_t count_block(struct told_proof *t, const struct ir_block *b, uint32_t from)
{
    uint64_t sum = 0;
    IR_EACH_STMT(s, b) sum = add(sum, count_stmt(t, s, from));
    return sum;
}

/* -- the proof ------------------------------------------------------------------------------------------------------------------------ */

enum told_refusal told_check(struct told_proof *t, const struct ir_stmt *trap)
{
    const struct place *at = place_of(t, trap);
    uint32_t arm = trap_arms_told(at->stmt)->arm;
    enum told_refusal r = check_other_traps(t, at);
    if (PLANT(TOLD_CODES, r, TOLD_FINE)) return r;
    if (t->mixes_atomics) return TOLD_ATOMICS;
    const struct reasons *reasons = reasons_of(t, arm);
    if (PLANT(TOLD_SEEN, writes_a_reason(t, reasons, at->begin), false)) return TOLD_SEEN;
    if (PLANT(TOLD_LANES, has_subgroups(t, at->begin, reasons->end), false)) return TOLD_LANES;
    return count_block(t, &t->program->body, at->begin) > most_rounds ? TOLD_ROUNDS : TOLD_FINE;
}

bool told_check_all(const struct ir_program *p, struct arena *scratch)
{
    struct told_proof *t = told_begin(p, scratch);
    for (uint32_t i = 0; i < t->places.n; i++)
        if (ir_stmt_may_end(t->places.at[i].stmt) && told_check(t, t->places.at[i].stmt)) return false;
    return true;
}
