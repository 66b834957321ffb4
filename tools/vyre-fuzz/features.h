/* features.h - what random programs have in them, by the rows of the tables. */
#ifndef VYREC_TOOLS_FEATURES_H
#define VYREC_TOOLS_FEATURES_H

#include "ir/ops.h"

struct fuzz_features {
    uint64_t ops[IR_OP_COUNT], types[IR_SCALAR_COUNT], stmts[IR_STMT_COUNT], atomics[IR_ATOMIC_CAS + 1];
    uint64_t pipelines, handovers; /* handovers: arguments that an earlier arm of their pipeline had too */
};

void features_count(struct fuzz_features *f, struct ir_module *m);
/* A line for each table: how many of its rows were seen, and which never. */
void features_print(const struct fuzz_features *f);

#endif
