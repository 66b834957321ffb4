/* emit.h - private to codegen/llvm: from a finished module to text, assembly or an object, through LLVM's passes. */
#ifndef VYREC_LLVM_EMIT_H
#define VYREC_LLVM_EMIT_H

#include "codegen/llvm/llvm.h"
#include "codegen/llvm/lower.h"

struct emitter {
    const struct codegen_options *options;
    struct diags *diags;
    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMTargetMachineRef machine;
    LLVMMemoryBufferRef code; /* LLVM's results, until they are copied */
    char *text;
    uint32_t n_errors; /* that LLVM has reported */
    char first_error[512];
};

/* An empty module for the chosen CPU. False when it was reported that there is no such target. */
bool emitter_open(struct emitter *e, const struct codegen_options *options, struct diags *diags, struct arena *scratch);
/* Optimises, and appends what options->emit asks for. False when something was reported. */
bool emitter_write(struct emitter *e, struct out *out);
void emitter_close(struct emitter *e);

#endif
