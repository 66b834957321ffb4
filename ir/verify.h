/* verify.h - is this IR what the passes and emitters may rely on? Collects every violation.
 *
 * The rules of the language that need no source text live in ir/check.c, once; the frontend reports them as the user's
 * faults, the verifier (run after each pass) as ours. */
#ifndef VYREC_IR_VERIFY_H
#define VYREC_IR_VERIFY_H

#include "ir/ir.h"

/* Reports, as diagnostics, each rule of the language that the module breaks and that shows on the IR: barriers and
 * subgroup operations that not all invocations reach, plain and atomic access without a barrier between, jumps outside
 * loops, code that cannot be reached, limits of workgroup size and memory, bindings used twice, arms whose arguments do
 * not match, arms without the order they need, writes to read buffers, reads of write buffers, constant zero divisors,
 * constant indices out of range. True when none. */
bool ir_check_module(const struct ir_module *m, struct diags *d);
/* Structure: parents and links, types against ops.def, depths, ownership, definitions before uses. Prints each
 * violation inside the IR text to `out`. True when sound. */
bool ir_verify_module(const struct ir_module *m, struct out *out);

#endif
