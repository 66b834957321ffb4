/* features.c - see features.h. */
#include "tools/vyre-fuzz/features.h"

#include <inttypes.h>
#include <stdio.h>

#include "ir/walk.h"

static void count_expr(void *ctx, struct ir_expr **place)
{
    struct fuzz_features *f = ctx;
    f->ops[(*place)->op]++;
    f->types[(*place)->type.scalar]++;
}

static void count_stmt(void *ctx, struct ir_stmt *s)
{
    struct fuzz_features *f = ctx;
    f->stmts[s->kind]++;
    if (s->kind == IR_STMT_ATOMIC) f->atomics[s->atomic.op]++;
}

static bool had_argument(const struct ir_stmt *arm, const struct ir_buffer *b)
{
    for (const struct ir_stmt *s = arm->prev; s; s = s->prev)
        for (uint32_t k = 0; s->kind == IR_STMT_ARM && k < s->arm->args.n; k++)
            if (s->arm->args.at[k].buffer == b) return true;
    return false;
}

static void count_handovers(struct fuzz_features *f, const struct ir_pipeline *p)
{
    IR_EACH_STMT(s, &p->body)
    {
        f->stmts[s->kind]++;
        for (uint32_t k = 0; s->kind == IR_STMT_ARM && k < s->arm->args.n; k++)
            f->handovers += s->arm->args.at[k].buffer && had_argument(s, s->arm->args.at[k].buffer);
    }
}

void features_count(struct fuzz_features *f, struct ir_module *m)
{
    for (uint32_t k = 0; k < m->programs.n; k++) {
        ir_walk_stmts(&m->programs.at[k]->body, count_stmt, f);
        ir_walk_exprs(&m->programs.at[k]->body, count_expr, f);
    }
    f->pipelines += m->pipelines.n;
    for (uint32_t k = 0; k < m->pipelines.n; k++)
        count_handovers(f, m->pipelines.at[k]);
}

static void print_table(const char *what, const uint64_t *counts, uint32_t first, uint32_t n,
                        const char *(*name)(uint32_t row))
{
    uint32_t n_seen = 0;
    for (uint32_t k = first; k < n; k++)
        n_seen += counts[k] > 0;
    printf("%s: %u of %u", what, n_seen, n - first);
    for (uint32_t k = first, shown = 0; k < n; k++)
        if (!counts[k]) printf("%s%s", shown++ ? ", " : "; never ", name(k));
    printf("\n");
}

static const char *name_op(uint32_t row)
{
    return ir_op_infos[row].name;
}
static const char *name_type(uint32_t row)
{
    return ir_scalar_infos[row].text;
}
static const char *name_stmt(uint32_t row)
{
    return ir_stmt_infos[row].name;
}
static const char *name_atomic(uint32_t row)
{
    return ir_atomic_texts[row];
}

void features_print(const struct fuzz_features *f)
{
    print_table("operations", f->ops, 0, IR_OP_COUNT, name_op);
    print_table("types", f->types, IR_NONE + 1, IR_SCALAR_COUNT, name_type);
    print_table("statements", f->stmts, 0, IR_STMT_COUNT, name_stmt);
    print_table("atomics", f->atomics, 0, IR_ATOMIC_CAS + 1, name_atomic);
    printf("%" PRIu64 " barriers, %" PRIu64 " atomics, %" PRIu64 " loops, %" PRIu64 " pipelines, %" PRIu64
           " buffers handed from arm to arm\n",
           f->stmts[IR_STMT_BARRIER] + f->stmts[IR_STMT_GRID_BARRIER], f->stmts[IR_STMT_ATOMIC],
           f->stmts[IR_STMT_FOR] + f->stmts[IR_STMT_WHILE], f->pipelines, f->handovers);
}
