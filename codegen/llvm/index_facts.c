/* index_facts.c - see index_facts.h. A look at the text alone: a let stands for what it is given, where that can be told without following more
 * than a few of them. */
#include "codegen/llvm/index_facts.h"

#include "ir/build.h"
#include "ir/ops.h"
#include "ir/walk.h"

enum { MAX_STEPS = 64 }; /* of expressions looked at: lets may name one another many times over */

static void note_definition(void *ctx, struct ir_stmt *s)
{
    struct index_facts *f = ctx;
    if (s->kind == IR_STMT_LET) f->definitions[s->let.local->index] = s;
    if (s->kind == IR_STMT_FOR) f->definitions[s->for_.local->index] = s;
}

void index_facts_find(struct index_facts *f, struct arena *arena, const struct ir_program *p)
{
    f->definitions = ARENA_ARRAY(arena, const struct ir_stmt *, p->locals.n + 1);
    ir_walk_stmts((struct ir_block *)&p->body, note_definition, f); /* only looked at */
}

static const struct ir_stmt *definition_of(const struct index_facts *f, const struct ir_expr *e)
{
    return e->op == IR_OP_LOCAL && !e->local->is_mutable ? f->definitions[e->local->index] : NULL;
}

/* -- divisors --------------------------------------------------------------------------------------------------------------------- */

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t greatest(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t zeros_of_bits(uint64_t bits)
{
    return bits ? (uint32_t)__builtin_ctzll(bits) : 64;
}

static uint32_t count_zeros(const struct index_facts *f, const struct ir_expr *e, uint32_t *steps);

static uint32_t zeros_of_local(const struct index_facts *f, const struct ir_expr *e, uint32_t *steps)
{
    const struct ir_stmt *s = definition_of(f, e);
    if (!s) return 0;
    if (s->kind == IR_STMT_LET) return count_zeros(f, s->let.value, steps);
    return least(count_zeros(f, s->for_.from, steps), zeros_of_bits(s->for_.step));
}

static uint32_t zeros_of_shift(const struct index_facts *f, const struct ir_expr *e, uint32_t *steps)
{
    if (!ir_is_const(e->args[1])) return 0;
    uint32_t amount = (uint32_t)e->args[1]->bits & (ir_type_info(e->type)->bits - 1u);
    uint32_t zeros = count_zeros(f, e->args[0], steps);
    return e->op == IR_OP_SHL ? zeros + amount : zeros > amount ? zeros - amount : 0;
}

static uint32_t zeros_of_operation(const struct index_facts *f, const struct ir_expr *e, uint32_t *steps)
{
    const struct ir_expr *last = e->args[e->n_args - 1];
    uint32_t zeros = count_zeros(f, last, steps), other;
    if (e->n_args == 1) return zeros;
    other = count_zeros(f, e->args[e->n_args - 2], steps);
    return e->op == IR_OP_MUL ? zeros + other : e->op == IR_OP_AND ? greatest(zeros, other) : least(zeros, other);
}

static uint32_t count_zeros(const struct index_facts *f, const struct ir_expr *e, uint32_t *steps)
{
    uint32_t zeros = 0, bits = ir_type_info(e->type)->bits;
    if (!*steps || !ir_type_is_int(e->type) || e->type.lanes != 1) return 0;
    --*steps;
    switch (e->op) {
    case IR_OP_CONST:
        zeros = zeros_of_bits(e->bits);
        break;
    case IR_OP_LOCAL:
        zeros = zeros_of_local(f, e, steps);
        break;
    case IR_OP_SHL:
    case IR_OP_SHR:
        zeros = zeros_of_shift(f, e, steps);
        break;
    case IR_OP_CAST:
    case IR_OP_NEG:
    case IR_OP_MUL:
    case IR_OP_AND:
    case IR_OP_ADD:
    case IR_OP_SUB:
    case IR_OP_OR:
    case IR_OP_XOR:
    case IR_OP_MIN:
    case IR_OP_MAX:
    case IR_OP_SELECT:
        zeros = zeros_of_operation(f, e, steps);
        break;
    default:
        break;
    }
    return least(zeros, bits);
}

uint32_t index_zeros(const struct index_facts *f, const struct ir_expr *e)
{
    uint32_t steps = MAX_STEPS;
    return count_zeros(f, e, &steps);
}

/* -- forms ------------------------------------------------------------------------------------------------------------------------ */

/* Whether an expression has the same value wherever it stands: nothing in it is assigned or written. */
static bool is_still(const struct ir_expr *e, uint32_t *steps)
{
    if (!*steps || (ir_op_infos[e->op].traits & IR_TRAIT_SUBGROUP) || e->op == IR_OP_LOAD) return false;
    --*steps;
    if (e->op == IR_OP_LOCAL && e->local->is_mutable) return false;
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!is_still(e->args[i], steps)) return false;
    return true;
}

static bool find_form(const struct index_facts *f, const struct ir_expr *e, uint32_t *steps, struct index_form *form);

/* Of a sum where one side is a constant; of `x | c` too, where x has zeros in all places of c. */
static bool find_sum(const struct index_facts *f, const struct ir_expr *e, uint32_t *steps, struct index_form *form)
{
    struct index_form a, b;
    if (!find_form(f, e->args[0], steps, &a) || !find_form(f, e->args[1], steps, &b)) return false;
    if (e->op != IR_OP_SUB && !a.root) {
        struct index_form constant = a;
        a = b;
        b = constant;
    }
    if (b.root || (e->op == IR_OP_OR && (a.offset || (a.zeros < 32 && b.offset >> a.zeros)))) return false;
    *form = a;
    form->offset += e->op == IR_OP_SUB ? -b.offset : b.offset;
    return true;
}

static bool find_form(const struct index_facts *f, const struct ir_expr *e, uint32_t *steps, struct index_form *form)
{
    const struct ir_stmt *definition = definition_of(f, e);
    if (!*steps) return false;
    --*steps;
    if (ir_is_const(e)) {
        *form = (struct index_form){.offset = (uint32_t)e->bits, .zeros = 32};
        return true;
    }
    if (definition && definition->kind == IR_STMT_LET && find_form(f, definition->let.value, steps, form)) return true;
    bool is_sum = e->op == IR_OP_ADD || e->op == IR_OP_SUB || e->op == IR_OP_OR;
    if (is_sum && find_sum(f, e, steps, form)) return true;
    if (!is_still(e, steps)) return false;
    *form = (struct index_form){.root = e, .zeros = index_zeros(f, e)};
    return true;
}

bool index_form_of(const struct index_facts *f, const struct ir_expr *e, struct index_form *form)
{
    uint32_t steps = MAX_STEPS;
    return find_form(f, e, &steps, form);
}

bool index_roots_equal(const struct index_form *a, const struct index_form *b)
{
    return a->root == b->root || (a->root && b->root && ir_expr_equal(a->root, b->root));
}
