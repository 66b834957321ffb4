/* llvm.h - the emitters that go through LLVM's C API. Only this folder includes llvm-c. */
#ifndef VYREC_CODEGEN_LLVM_H
#define VYREC_CODEGEN_LLVM_H

#include "codegen/object.h"

/* The host's object, assembly or IR (options->emit) with CPU code for every chosen level, the container and the entry
 * functions. False when something was reported. */
bool llvm_emit_host(const struct ir_module *m, const struct codegen_options *options,
                    const struct object_contents *contents, struct diags *diags, struct arena *scratch,
                    struct out *out);

#endif
