/* host_size.c - see host_size.h. Equal sizes mostly become equal trees: lengths of temps are expanded, the rest is as written. */
#include "passes/host_size.h"

#include "ir/build.h"
#include "ir/facts.h"
#include "ir/ops.h"

struct ir_buffer *arm_buffer(const struct ir_arm *arm, const struct ir_buffer *formal)
{
    return arm->args.at[formal->index].buffer; /* arguments are in the program's order, buffers first */
}

const struct ir_expr *arm_value(const struct ir_arm *arm, const struct ir_param *formal)
{
    return arm->args.at[arm->program->buffers.n + formal->index].value;
}

/* A tree that has LEN and PARAM nodes of the pipeline alone, with temps expanded. */
static struct ir_expr *expand(struct ir_module *m, const struct ir_arm *arm, const struct ir_expr *e)
{
    struct ir_expr *args[4];
    if (e->op == IR_OP_LEN && arm && e->buffer->sized) return ir_const(m, e->type, e->buffer->count, e->range);
    if (e->op == IR_OP_LEN) return host_size_length(m, arm ? arm_buffer(arm, e->buffer) : e->buffer);
    if (e->op == IR_OP_PARAM && arm) return expand(m, NULL, arm_value(arm, e->param));
    if (e->n_args == 0) return ir_expr_copy(m, e);
    for (uint32_t i = 0; i < e->n_args; i++)
        args[i] = expand(m, arm, e->args[i]);
    struct ir_expr *copy = ir_expr_new(m, (enum ir_op)e->op, e->type, args, e->n_args, e->range);
    copy->component = e->component;
    return copy;
}

struct ir_expr *host_size_of_arm(struct ir_module *m, const struct ir_arm *arm, const struct ir_expr *e)
{
    return expand(m, arm, e);
}

struct ir_expr *host_size_length(struct ir_module *m, struct ir_buffer *b)
{
    if (b->count_expr) return expand(m, NULL, b->count_expr);
    return b->sized ? ir_const(m, IR_TYPE(U32), b->count, SRC_NONE) : ir_len(m, b, SRC_NONE);
}

struct ir_expr *host_size_dispatch(struct ir_module *m, const struct ir_arm *arm, uint32_t dimension)
{
    const struct ir_program *p = arm->program;
    struct ir_expr *most = NULL;
    if (dimension < p->n_dispatch) return expand(m, arm, p->dispatch[dimension]);
    for (uint32_t i = 0; dimension == 0 && i < p->buffers.n; i++) {
        struct ir_buffer *b = p->buffers.at[i];
        if (!ir_access_writes(b->access)) continue;
        struct ir_expr *n = expand(m, arm, ir_len(m, b, SRC_NONE));
        most = !most || ir_expr_equal(most, n) ? n : ir_binary(m, IR_OP_MAX, most, n, SRC_NONE);
    }
    return most ? most : ir_const_u32(m, dimension == 0 ? 0 : 1);
}

struct ir_expr *host_size_ceil(struct ir_module *m, struct ir_expr *e, uint32_t by)
{
    if (by == 1) return e;
    if (ir_is_const(e)) return ir_const_u32(m, (uint32_t)(e->bits / by + (e->bits % by != 0)));
    struct ir_expr *sum = ir_binary(m, IR_OP_ADD, e, ir_const_u32(m, by - 1), SRC_NONE);
    return ir_binary(m, IR_OP_DIV, sum, ir_const_u32(m, by), SRC_NONE);
}

bool host_size_reaches(const struct ir_expr *size, const struct ir_expr *whole)
{
    if (ir_expr_equal(size, whole)) return true;
    if (ir_is_const(size) && ir_is_const(whole)) return size->bits >= whole->bits;
    if (size->op == IR_OP_MIN)
        return host_size_reaches(size->args[0], whole) && host_size_reaches(size->args[1], whole);
    return size->op == IR_OP_MAX &&
           (host_size_reaches(size->args[0], whole) || host_size_reaches(size->args[1], whole));
}

bool host_size_is_covered(struct ir_module *m, const struct ir_arm *arm, const struct ir_buffer *formal)
{
    struct ir_expr *prefix = ir_written_prefix(m, arm->program, formal);
    if (!prefix) return false;
    struct ir_expr *whole = host_size_of_arm(m, arm, ir_len(m, (struct ir_buffer *)formal, SRC_NONE));
    return host_size_reaches(host_size_of_arm(m, arm, prefix), whole);
}
