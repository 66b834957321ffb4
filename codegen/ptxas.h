/* ptxas.h - NVIDIA's assembler, run as a process. */
#ifndef VYREC_CODEGEN_PTXAS_H
#define VYREC_CODEGEN_PTXAS_H

#include "ir/base/out.h"

/* From an image of PTX (runtime-stub/vyre_device.h) to the same with machine code for `arch`. False: it could not, and the first line that it
 * wrote, or what kept it from running, is in `fault`. May be called on any thread. */
bool ptxas_assemble_image(const char *ptxas, const char *arch, const struct out *image, struct out *cubin,
                          struct out *fault);

#endif
