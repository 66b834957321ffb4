/* opt.h - the parts of vyre-opt. */
#ifndef VYREC_TOOLS_OPT_H
#define VYREC_TOOLS_OPT_H

#include "ir/ir.h"

/* One line per kind of thing that the module has: its number and name. */
void stats_print(const struct ir_module *m, struct arena *scratch, struct out *out);

/* The accesses of every program and arm: see passes/access.h. */
void facts_print(const struct ir_module *m, struct arena *scratch, struct out *out);

#endif
