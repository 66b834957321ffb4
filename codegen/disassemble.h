/* disassemble.h - code of a device as text, for programs that look at it. */
#ifndef VYREC_CODEGEN_DISASSEMBLE_H
#define VYREC_CODEGEN_DISASSEMBLE_H

#include "ir/base/out.h"

/* Appends SPIR-V as spirv-dis writes it. False when these words, which may be any, are no module. */
bool codegen_disassemble_spirv(const uint32_t *words, size_t n, struct out *out);

#endif
