/* emit.h - private to codegen/llvm: from a finished module to text, assembly or an object, through LLVM's passes. */
#ifndef VYREC_LLVM_EMIT_H
#define VYREC_LLVM_EMIT_H

#include <pthread.h>

#include "codegen/llvm/llvm.h"
#include "codegen/llvm/lower.h"

struct emitter {
    const struct codegen_options *options;
    const struct target_info *cpu;
    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMTargetMachineRef machine; /* made when it is first needed */
    LLVMMemoryBufferRef code;     /* the result: an object or assembly, */
    char *text;                   /* or LLVM's own text */
    bool has_counted_loops;       /* in the module: see struct lower */
    uint32_t n_errors;            /* that LLVM has reported */
    char first_error[512];
    pthread_t thread; /* that works on it */
    bool is_started;
};

/* The CPU row that machines are made from: the least of those chosen, or where device code alone is wanted, of those that there are for
 * the host. NULL: none is known. */
const struct target_info *emitter_find_cpu(const struct codegen_options *options);
LLVMTargetMachineRef emitter_create_machine(const struct target_info *cpu, uint32_t opt_level);
/* LLVM's list of targets is not made for several threads: adds to it, once for each `done`. */
void llvm_register_targets(void (*initialize)(void), bool *done);
/* A fault of ours ends the process. Where time counts it is a hundredth of all: the release build leaves it to the others. */
void llvm_verify(LLVMModuleRef module);
/* An empty module for the chosen CPU. `model` is open already, for the same CPU; NULL: there is none yet. */
void emitter_open(struct emitter *e, const struct codegen_options *options, const struct emitter *model);
/* The module is whole: begins to optimise it, and to make what options->emit asks for, on another thread where there is a
 * processor for it. Nothing of it may be touched until emitters_finish. */
void emitter_start(struct emitter *e);
/* A thread with a stack that suits LLVM, if there is a processor for it. */
bool emitter_start_thread(pthread_t *thread, void *(*run)(void *), void *argument);
/* As emitter_start, for a thread that is there already, and calls emitter_run. */
void emitter_set_thread(struct emitter *e, pthread_t thread);
void *emitter_run(void *emitter);
/* The module is whole, and the worker's next and last work. */
void worker_give(struct codegen_worker *worker, struct emitter *e);
/* Waits for those that are started, and does the others. What comes out does not depend on the number of threads. */
void emitters_finish(struct emitter *const *emitters, uint32_t n);
/* Until no thread works on it. */
void emitter_wait(struct emitter *e);
void emitter_close(struct emitter *e);

/* host.c: of a row of family CPU. */
const struct lower_features *host_level_features(enum target_id level);

#endif
