/* needs.c - see needs.h. One walk over statements, one over expressions. */
#include "codegen/needs.h"

#include "ir/build.h"
#include "ir/facts.h"
#include "ir/ops.h"
#include "ir/walk.h"
#include "runtime-stub/vyre_container.h"

enum { FEW_ROUNDS = 1024, SHALLOW_NESTING = 24 };

#define BIT(NAME) (1u << VYRE_NEED_##NAME)
_Static_assert(VYRE_NEED_COUNT <= 32, "needs are bits of a word");

/* -- expressions ----------------------------------------------------------------------------------------------------- */

static uint32_t needs_of_float(enum ir_op op, bool is_wide)
{
    switch (op) {
    case IR_OP_FMA:
        return is_wide ? BIT(FLOAT64_FMA) : BIT(FMA);
    case IR_OP_DIV:
    case IR_OP_RECIP:
        return is_wide ? BIT(FLOAT64_DIVISION) : BIT(DIVISION);
    case IR_OP_SQRT:
        return is_wide ? BIT(FLOAT64_DIVISION) : BIT(ROOT);
    case IR_OP_RSQRT:
        return is_wide ? BIT(FLOAT64_DIVISION) : BIT(DIVISION) | BIT(ROOT);
    default:
        return ir_op_is_transcendental(op) ? BIT(FMA) | BIT(DIVISION) | BIT(ROOT) : 0;
    }
}

static uint32_t needs_of_type(ir_type t)
{
    const struct ir_scalar_info *info = ir_type_info(t);
    if (info->kind == IR_KIND_FLOAT) return info->bits == 64 ? BIT(FLOAT64) : BIT(FLOATS);
    return info->bits == 64 ? BIT(INT64) : 0;
}

static void visit_expr(void *ctx, struct ir_expr **place)
{
    uint32_t *bits = ctx;
    const struct ir_expr *e = *place;
    *bits |= needs_of_type(e->type);
    if (ir_type_is_float(e->type)) *bits |= needs_of_float((enum ir_op)e->op, ir_type_info(e->type)->bits == 64);
    if (e->op == IR_OP_CAST && (ir_type_is_float(e->type) || ir_type_is_float(e->args[0]->type)))
        *bits |= BIT(FLOAT_CASTS) | BIT(FLOATS);
    if (ir_op_infos[e->op].traits & IR_TRAIT_SUBGROUP) *bits |= BIT(SUBGROUPS);
}

/* -- statements ------------------------------------------------------------------------------------------------------ */

struct walk {
    uint32_t bits, deepest;
};

static void visit_block(struct walk *w, const struct ir_block *b, uint32_t depth, bool in_loop);

/* An addition of floats is a loop on most devices. */
static void visit_atomic(struct walk *w, const struct ir_stmt *s, bool in_loop)
{
    bool is_float = ir_type_is_float(s->atomic.buffer->elem);
    w->bits |= BIT(ATOMICS);
    if (in_loop || is_float) w->bits |= BIT(LOOP_ATOMICS);
    if (ir_type_info(s->atomic.buffer->elem)->bits == 64) w->bits |= BIT(ATOMICS64) | BIT(INT64);
}

/* What ends an invocation is written down by an atomic. */
static void note_trap(struct walk *w, bool in_loop)
{
    w->bits |= BIT(TRAPS);
    if (in_loop) w->bits |= BIT(LOOP_ATOMICS);
}

/* Devices that have words alone store parts of them by atomics. */
static void note_small_store(struct walk *w, const struct ir_buffer *b, bool in_loop)
{
    if (b->space != IR_SPACE_STORAGE || ir_type_info(b->elem)->mem_bytes >= 4) return;
    w->bits |= BIT(SMALL_STORES) | (in_loop ? BIT(SMALL_LOOP_STORES) : 0);
}

static void visit_stmt(struct walk *w, const struct ir_stmt *s, uint32_t depth, bool in_loop)
{
    switch (s->kind) {
    case IR_STMT_IF:
        visit_block(w, &s->if_.then_block, depth + 1, in_loop);
        visit_block(w, &s->if_.else_block, depth + 1, in_loop);
        break;
    case IR_STMT_FOR:
        visit_block(w, &s->for_.body, depth + 2, true);
        break;
    case IR_STMT_WHILE:
        note_trap(w, true);
        visit_block(w, &s->while_.body, depth + 3, true);
        break;
    case IR_STMT_BLOCK:
    case IR_STMT_REGION:
        visit_block(w, &s->scope.body, depth, in_loop);
        break;
    case IR_STMT_STORE:
        note_small_store(w, s->store.buffer, in_loop);
        break;
    case IR_STMT_COPY_ASYNC:
        note_small_store(w, s->copy.dst, true);
        if (ir_type_info(s->copy.dst->elem)->mem_bytes == 8) w->bits |= BIT(INT64);
        break;
    case IR_STMT_ATOMIC:
        visit_atomic(w, s, in_loop);
        break;
    case IR_STMT_TRAP:
    case IR_STMT_TELL:
        note_trap(w, in_loop);
        break;
    default:
        if (s->kind == IR_STMT_BARRIER) w->bits |= BIT(WORKGROUP_MEMORY);
        break;
    }
}

static void visit_block(struct walk *w, const struct ir_block *b, uint32_t depth, bool in_loop)
{
    if (b->first && depth > w->deepest) w->deepest = depth;
    IR_EACH_STMT(s, b) visit_stmt(w, s, depth, in_loop);
}

/* -- the whole ------------------------------------------------------------------------------------------------------- */

/* Workgroup arrays are zeroed by loops on devices. */
static uint64_t zeroing_rounds(const struct ir_program *p)
{
    uint64_t n = 0, size = (uint64_t)p->workgroup[0] * p->workgroup[1] * p->workgroup[2];
    for (uint32_t i = 0; i < p->arrays.n; i++) {
        const struct ir_buffer *a = p->arrays.at[i];
        if (a->space == IR_SPACE_WORKGROUP) n += a->count * a->elem.lanes / size + 2;
    }
    return n;
}

static struct ir_expr *find_rounds(struct ir_module *m, const struct ir_program *p, bool with_copies,
                                   struct arena *scratch)
{
    struct ir_expr *written = ir_rounds_bound(m, p, with_copies, scratch);
    uint64_t more = zeroing_rounds(p), all;
    if (!written || !more) return written;
    if (!ir_is_const(written))
        return ir_binary(m, IR_OP_ADD, written, ir_const(m, IR_TYPE(U64), more, SRC_NONE), SRC_NONE);
    return __builtin_add_overflow(written->bits, more, &all) ? NULL : ir_const(m, IR_TYPE(U64), all, SRC_NONE);
}

static uint32_t needs_of_arrays(const struct ir_program *p)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < p->arrays.n; i++)
        bits |= p->arrays.at[i]->space == IR_SPACE_WORKGROUP ? BIT(WORKGROUP_MEMORY) : BIT(LOCAL_ARRAYS);
    return bits;
}

struct needs needs_find(struct ir_module *m, const struct ir_program *p, struct arena *scratch)
{
    struct walk w = {.bits = BIT(ANYTHING) | needs_of_arrays(p)};
    struct ir_block *body = (struct ir_block *)&p->body; /* only looked at */
    visit_block(&w, body, 0, false);
    ir_walk_exprs(body, visit_expr, &w.bits);
    if (w.bits & BIT(SUBGROUPS)) w.bits |= BIT(WORKGROUP_MEMORY);
    struct needs needs = {.bits = w.bits, .nesting = w.deepest, .rounds = find_rounds(m, p, false, scratch)};
    bool is_known = needs.rounds && ir_is_const(needs.rounds);
    if (!is_known || needs.rounds->bits > FEW_ROUNDS) needs.bits |= BIT(MANY_ROUNDS);
    if (needs.bits & BIT(MANY_ROUNDS) && ir_has_loop_copies(p))
        needs.rounds_of_large = find_rounds(m, p, true, scratch);
    if (needs.nesting > SHALLOW_NESTING) needs.bits |= BIT(DEEP_NESTING);
    return needs;
}
