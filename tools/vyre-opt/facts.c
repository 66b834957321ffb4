/* facts.c - what is known of each program alone, and of each arm of each pipeline. */
#include "passes/access.h"
#include "tools/vyre-opt/opt.h"

void facts_print(const struct ir_module *m, struct arena *scratch, struct out *out)
{
    for (uint32_t i = 0; i < m->programs.n; i++) {
        struct access_solver *solver = access_solver_new(scratch, ACCESS_DEFAULT_OPERATIONS);
        access_print(access_of_program(solver, m->programs.at[i]), out);
        access_solver_free(solver);
    }
    for (uint32_t i = 0; i < m->pipelines.n; i++) {
        const struct ir_pipeline *p = m->pipelines.at[i];
        struct access_solver *solver = access_solver_new(scratch, ACCESS_DEFAULT_OPERATIONS);
        IR_EACH_STMT(s, &p->body)
        {
            if (s->kind == IR_STMT_ARM) access_print(access_of_arm(solver, p, s->arm), out);
        }
        access_solver_free(solver);
    }
}
