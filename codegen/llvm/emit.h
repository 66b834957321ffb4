/* emit.h - private to codegen/llvm: from a finished module to text, assembly or an object, through LLVM's passes. */
#ifndef VYREC_LLVM_EMIT_H
#define VYREC_LLVM_EMIT_H

#include "codegen/llvm/llvm.h"
#include "codegen/llvm/lower.h"

struct emitter {
    const struct codegen_options *options;
    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMTargetMachineRef machine;
    LLVMMemoryBufferRef code; /* the result: an object or assembly, */
    char *text;               /* or LLVM's own text */
    bool has_counted_loops;   /* in the module: see struct lower */
    uint32_t n_errors;        /* that LLVM has reported */
    char first_error[512];
};

/* LLVM's list of targets is not made for several threads: adds to it, once for each `done`. */
void llvm_register_targets(void (*initialize)(void), bool *done);
/* An empty module for the chosen CPU. */
void emitter_open(struct emitter *e, const struct codegen_options *options);
/* Optimises each, and makes what options->emit asks for, on as many threads as there are processors. What comes out does
 * not depend on their number. */
void emitters_run(struct emitter *const *emitters, uint32_t n);
void emitter_close(struct emitter *e);

#endif
