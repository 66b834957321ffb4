/* value_range.c - see value_range.h.
 *
 * First every local may be anything of its type. Then each gets what its definition or all its assignments give under that, and again,
 * a few times: every step only takes away what cannot be. */
#include "passes/value_range.h"

#include "ir/ops.h"
#include "ir/walk.h"
#include "passes/plant.h"

enum { STEPS = 3 };

/* -- tables ----------------------------------------------------------------------------------------------------------- */

void table_ranges_init(struct table_ranges *t, struct arena *arena, const struct ir_module *m)
{
    t->ranges = ARENA_ARRAY(arena, struct ir_range, m->data.n + 1);
    t->known = ARENA_ARRAY(arena, bool, m->data.n + 1);
}

static uint64_t element_of(const struct ir_data *d, uint32_t bytes, uint64_t i)
{
    uint64_t v = 0;
    for (uint32_t k = bytes; k-- > 0;)
        v = v << 8 | d->bytes[i * bytes + k];
    return v;
}

/* Of what a load finds: an element, or 0 past the end. */
static struct ir_range range_of_table(void *ctx, const struct ir_data *d)
{
    struct table_ranges *t = ctx;
    uint32_t at = d->buffer.index, bytes = ir_type_mem_bytes(d->buffer.elem);
    if (!ir_range_is_followed(d->buffer.elem) || d->buffer.elem.scalar == IR_BOOL || !d->bytes)
        return ir_range_whole(d->buffer.elem);
    if (t->known[at]) return t->ranges[at];
    struct ir_range r = {0, 0};
    for (uint64_t i = 0; i < d->buffer.count; i++)
        r = ir_range_join(r, ir_range_exactly(element_of(d, bytes, i)));
    t->known[at] = true;
    t->ranges[at] = r;
    return r;
}

/* -- locals ----------------------------------------------------------------------------------------------------------- */

bool value_is_loaded(const struct value_ranges *r, const struct ir_expr *e)
{
    if (e->op == IR_OP_LOAD || ir_op_infos[e->op].traits & IR_TRAIT_SUBGROUP) return true;
    if (e->op == IR_OP_LOCAL) return r->loaded[e->local->index];
    for (uint32_t i = 0; i < e->n_args; i++)
        if (value_is_loaded(r, e->args[i])) return true;
    return false;
}

struct step {
    struct value_ranges *r;
    struct ir_range *next; /* what the assignments give that were met so far */
    bool *met;
};

static void add(struct step *s, const struct ir_local *l, struct ir_range range)
{
    s->next[l->index] = s->met[l->index] ? ir_range_join(s->next[l->index], range) : range;
    s->met[l->index] = true;
}

static void add_loop(struct step *s, const struct ir_stmt *loop)
{
    add(s, loop->for_.local, ir_range_of_loop(&s->r->known, loop));
    s->r->loaded[loop->for_.local->index] |=
        value_is_loaded(s->r, loop->for_.from) || value_is_loaded(s->r, loop->for_.to);
}

static void visit(void *ctx, struct ir_stmt *stmt)
{
    struct step *s = ctx;
    const struct ir_local *l = ir_stmt_written_local(stmt);
    if (!l) return;
    if (stmt->kind == IR_STMT_FOR) {
        add_loop(s, stmt);
    } else if (stmt->kind == IR_STMT_ATOMIC) {
        add(s, l, ir_range_whole(l->type));
        s->r->loaded[l->index] = true;
    } else {
        add(s, l, value_range_of(s->r, stmt->let.value));
        s->r->loaded[l->index] |= value_is_loaded(s->r, stmt->let.value);
    }
    if (!l->is_mutable)
        s->r->known.locals[l->index] = s->next[l->index]; /* its one definition comes before all that read it */
}

void value_ranges_compute(struct value_ranges *r, struct arena *arena, const struct ir_program *p,
                          struct table_ranges *tables)
{
    uint32_t n = p->locals.n;
    ir_ranges_init(&r->known, arena, p, PLANT(BOUNDS_WRAP, IR_RANGE_PROVED, IR_RANGE_SUPPOSED));
    r->known.table = range_of_table;
    r->known.ctx = tables;
    r->loaded = ARENA_ARRAY(arena, bool, n + 1);
    struct step s = {r, ARENA_ARRAY(arena, struct ir_range, n + 1), NULL};
    for (int k = 0; k < STEPS; k++) {
        s.met = ARENA_ARRAY(arena, bool, n + 1);
        ir_walk_stmts((struct ir_block *)(uintptr_t)&p->body, visit, &s); /* only looked at */
        for (uint32_t i = 0; i < n; i++)
            if (s.met[i]) r->known.locals[i] = s.next[i];
    }
}
