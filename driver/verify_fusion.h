/* verify_fusion.h - --verify-fusion: runs what passes made of each pipeline beside what was written. */
#ifndef VYREC_DRIVER_VERIFY_FUSION_H
#define VYREC_DRIVER_VERIFY_FUSION_H

#include "driver/tool.h"

enum { VERIFY_FUSION_DEFAULT = 20 }; /* random inputs, beside those at the boundaries of workgroups */

/* Runs both modules' pipelines in the interpreter on inputs of lengths about those of workgroups, and on `n_random` more; and the file
 * `input` (unless it is standard input) as compiled code through vyre-run, with the same options. The first input that makes a
 * difference is made as small as can be, and reported. True when there is none. */
bool verify_fusion(struct tool *tool, const struct ir_module *before, const struct ir_module *after, const char *input,
                   uint32_t n_random);

#endif
