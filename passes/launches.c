/* launches.c - see launches.h. Linear. */
#include "passes/launches.h"

#include <string.h>

#include "ir/walk.h"
#include "passes/program_uses.h"

struct wanted {
    const char *name;
    bool found;
};

static void look_at_region(void *ctx, struct ir_stmt *s)
{
    struct wanted *w = ctx;
    if (s->kind == IR_STMT_REGION && s->scope.name && !strcmp(s->scope.name, w->name)) w->found = true;
}

bool launch_does(const struct ir_arm *arm, const char *name)
{
    struct wanted w = {name, !strcmp(arm->name, name)};
    if (!w.found && arm->program->internal) ir_walk_stmts(&arm->program->body, look_at_region, &w);
    return w.found;
}

static void count_barrier(void *ctx, struct ir_stmt *s)
{
    uint32_t *n = ctx;
    *n += s->kind == IR_STMT_BARRIER || s->kind == IR_STMT_GRID_BARRIER;
}

static void add_launch(struct launches *l, struct ir_module *m, const struct ir_arm *arm,
                       const struct ir_stmt *boundary)
{
    struct launch_summary s = {
        .arm = arm, .boundary = boundary, .workgroup_bytes = program_array_bytes(arm->program, IR_SPACE_WORKGROUP)};
    traffic_add_arm(&s.traffic, m, arm);
    traffic_add(&l->traffic, m->arena, &s.traffic);
    ir_walk_stmts(&arm->program->body, count_barrier, &s.n_barriers);
    l->n_barriers += s.n_barriers;
    if (s.workgroup_bytes > l->most_workgroup_bytes) l->most_workgroup_bytes = s.workgroup_bytes;
    vec_push(m->arena, &l->list, s);
}

void launches_summarize(struct launches *l, struct ir_module *m, struct ir_pipeline *p)
{
    const struct ir_stmt *boundary = NULL;
    *l = (struct launches){.pipeline = p};
    for (uint32_t i = 0; i < p->temps.n; i++)
        traffic_add_buffer(&l->temps, m, p->temps.at[i], 1);
    IR_EACH_STMT(s, &p->body)
    {
        if (s->kind == IR_STMT_ARM) add_launch(l, m, s->arm, boundary);
        boundary = s->kind == IR_STMT_ARM ? NULL : s;
    }
}
