/* stats.c - how many of each thing a module has, by the names in the tables of the IR. */
#include "tools/vyre-opt/opt.h"

#include "ir/ops.h"
#include "ir/walk.h"

struct stats {
    uint64_t stmts[IR_STMT_COUNT], exprs[IR_OP_COUNT];
    uint64_t n_buffers, n_arrays, n_params, n_locals, data_bytes;
};

static void count_stmt(void *ctx, struct ir_stmt *s)
{
    ((struct stats *)ctx)->stmts[s->kind]++;
}

static void count_expr(void *ctx, struct ir_expr **place)
{
    ((struct stats *)ctx)->exprs[(*place)->op]++;
}

static void count_program(struct stats *stats, struct ir_program *p)
{
    stats->n_buffers += p->buffers.n;
    stats->n_arrays += p->arrays.n;
    stats->n_params += p->params.n;
    stats->n_locals += p->locals.n;
    for (uint32_t i = 0; i < p->n_dispatch; i++)
        ir_walk_expr(&p->dispatch[i], count_expr, stats);
    ir_walk_stmts(&p->body, count_stmt, stats);
    ir_walk_exprs(&p->body, count_expr, stats);
}

static void count_pipeline(struct stats *stats, struct ir_pipeline *p)
{
    stats->n_buffers += p->buffers.n + p->temps.n;
    stats->n_params += p->params.n;
    ir_walk_stmts(&p->body, count_stmt, stats);
    ir_walk_exprs(&p->body, count_expr, stats);
}

static void print_count(uint64_t n, const char *name, struct out *out)
{
    if (n) out_printf(out, "%10llu  %s\n", (unsigned long long)n, name);
}

void stats_print(const struct ir_module *m, struct arena *scratch, struct out *out)
{
    struct stats *stats = ARENA_NEW(scratch, struct stats);
    for (uint32_t i = 0; i < m->data.n; i++)
        stats->data_bytes += m->data.at[i]->size_bytes;
    for (uint32_t i = 0; i < m->programs.n; i++)
        count_program(stats, m->programs.at[i]);
    for (uint32_t i = 0; i < m->pipelines.n; i++)
        count_pipeline(stats, m->pipelines.at[i]);
    print_count(m->data.n, "data", out);
    print_count(stats->data_bytes, "data bytes", out);
    print_count(m->programs.n, "programs", out);
    print_count(m->pipelines.n, "pipelines", out);
    print_count(stats->n_buffers, "buffers", out);
    print_count(stats->n_arrays, "arrays", out);
    print_count(stats->n_params, "params", out);
    print_count(stats->n_locals, "locals", out);
    for (int i = 0; i < IR_STMT_COUNT; i++)
        print_count(stats->stmts[i], arena_printf(scratch, "statements %s", ir_stmt_infos[i].name), out);
    for (int i = 0; i < IR_OP_COUNT; i++)
        print_count(stats->exprs[i], arena_printf(scratch, "operations %s", ir_op_infos[i].name), out);
}
