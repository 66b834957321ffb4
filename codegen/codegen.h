/* codegen.h - from checked IR to what --emit names. The one entry of codegen/ for the driver and the tools. */
#ifndef VYREC_CODEGEN_H
#define VYREC_CODEGEN_H

#include "codegen/target.h"
#include "ir/ir.h"

enum codegen_emit {
    CODEGEN_EMIT_OBJECT, /* one relocatable ELF object of the host */
    CODEGEN_EMIT_IMAGES, /* the container alone, which is all that a device needs of an object */
    CODEGEN_EMIT_CPU_ASM,
    CODEGEN_EMIT_PTX,           /* text of all programs for one chosen target */
    CODEGEN_EMIT_AMDGCN,        /* linked code object of all programs for one chosen target */
    CODEGEN_EMIT_AMDGCN_OBJECT, /* the same before linking */
    /* SPIR-V and what is made from it: every program, one after the other, but the binary form of one alone. */
    CODEGEN_EMIT_SPIRV,
    CODEGEN_EMIT_SPIRV_TEXT,
    CODEGEN_EMIT_GLSL,
    CODEGEN_EMIT_HLSL,
    CODEGEN_EMIT_MSL,
    CODEGEN_EMIT_BINDINGS, /* JSON */
    CODEGEN_EMIT_LLVM,     /* the host module as LLVM text, after optimisation */
    CODEGEN_EMIT_HEADER,
    CODEGEN_EMIT_MANIFEST, /* JSON, docs/manifest.schema.json */
};

struct codegen_worker;

struct codegen_options {
    enum codegen_emit emit;
    uint32_t opt_level;      /* 0 to 3 */
    bool debug_info;         /* -g */
    bool checks_claims;      /* an index that is past the end where the text says `in_bounds` stops the process */
    const char *cpu_triple;  /* NULL: this machine's family, x86_64-linux-gnu */
    const char *prefix;      /* --prefix: of the public symbols; "" for none */
    const char *header_name; /* for the guard; NULL: from the source's name */
    const char *source_name; /* of the .vir file, as given */
    const struct target_set *targets;
    const char *ptxas;             /* assembler of PTX, for cubins; NULL: none are made */
    bool ends_process;             /* afterwards: what libraries hold is left to the system, which is faster */
    struct codegen_worker *worker; /* begun for these options; or NULL */
};

/* What needs no program: for an object, and where there is a second processor, a thread makes LLVM ready while the caller reads the
 * text. NULL: nothing was begun. Works for one codegen_emit; codegen_end_worker comes after it, or instead. */
struct codegen_worker *codegen_begin_worker(const struct codegen_options *options, struct arena *arena);
void codegen_end_worker(struct codegen_worker *worker);

/* Why no Vulkan device can run a program, "it has a grid barrier"; NULL: one can. */
const char *codegen_device_refusal(const struct ir_program *p);

/* The same of code that comes through LLVM: PTX and AMDGCN. */
const char *codegen_kernel_refusal(const struct ir_program *p);
/* The tables that a kernel of PTX or AMDGCN takes, in the order of its arguments: runtime-stub/vyre_device.h. */
struct device_tables {
    const struct ir_data **at;
    uint32_t n, cap;
};
void codegen_find_device_tables(const struct ir_program *p, struct arena *arena, struct device_tables *tables);

/* What the whole process does when a library behind the emitters finds no memory; by themselves they abort it. `handler`
 * runs on the thread that asked, must not return, and may not allocate. For the tools; a library leaves it alone. */
void codegen_on_no_memory(void (*handler)(void));

/* False when something was reported. `out` is written only on success. */
bool codegen_emit(const struct ir_module *m, const struct codegen_options *options, struct diags *diags,
                  struct arena *scratch, struct out *out);

#endif
