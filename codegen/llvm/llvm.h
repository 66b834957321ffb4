/* llvm.h - the emitters that go through LLVM's C API. Only this folder includes llvm-c. */
#ifndef VYREC_CODEGEN_LLVM_H
#define VYREC_CODEGEN_LLVM_H

#include "codegen/object.h"

/* The host's object, assembly or IR (options->emit) with CPU code for every chosen level, the container and the entry functions. Where
 * there is a processor for it a thread works on what takes longest from `begin` on, while the caller collects what the object is to
 * contain. Either `finish` or `give_up` ends it. */
struct llvm_host;
struct llvm_host *llvm_host_begin(const struct ir_module *m, const struct codegen_options *options,
                                  struct arena *scratch);
void llvm_host_finish(struct llvm_host *h, const struct object_contents *contents, struct out *out);
void llvm_host_give_up(struct llvm_host *h);

/* Why a program cannot run on a GPU through PTX or AMDGCN, to follow "because": "it has a grid barrier"; NULL: it can. */
const char *llvm_device_refusal(const struct ir_program *p);
/* The tables that a kernel of PTX or AMDGCN reads, in the order of its arguments. */
void llvm_find_device_tables(const struct ir_program *p, struct arena *arena, struct device_tables *tables);
/* The program as an image of the container, for a row of family PTX or AMDGCN: runtime-stub/vyre_device.h. May run on any thread. */
void llvm_write_device_image(const struct ir_program *p, enum target_id target, const struct codegen_options *options,
                             struct arena *scratch, struct out *out);
/* All programs that can run on one as one text of PTX or one code object. */
void llvm_write_device_code(const struct ir_module *m, enum target_id target, const struct codegen_options *options,
                            struct arena *scratch, struct out *out);

#endif
