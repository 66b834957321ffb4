/* vyrec.h - the parts of vyrec: settings (what is to be made), compile (one input), depfile (the make rule). */
#ifndef VYREC_DRIVER_VYREC_H
#define VYREC_DRIVER_VYREC_H

#include "codegen/codegen.h"
#include "driver/explain.h"
#include "driver/pass_options.h"
#include "driver/verify_fusion.h"

enum emit {
    EMIT_OBJECT,
    EMIT_VIR,
    EMIT_LLVM,
    EMIT_PTX,
    EMIT_AMDGCN,
    EMIT_AMDGCN_OBJECT,
    EMIT_SPIRV,
    EMIT_SPIRV_TEXT,
    EMIT_GLSL,
    EMIT_HLSL,
    EMIT_MSL,
    EMIT_BINDINGS,
    EMIT_CPU_ASM,
    EMIT_HEADER,
    EMIT_MANIFEST,
};
enum { VYREC_DEFAULT_LEVEL = 2 }; /* -O */
enum depend { DEPEND_NO, DEPEND_ONLY, DEPEND_ALSO };

/* What the command line says. */
struct settings {
    enum emit emit;
    const char *output, *header, *manifest; /* NULL when not given */
    const char *program;                    /* the only one that is wanted, or NULL */
    const char *prefix;                     /* "" when not given */
    uint32_t opt_level;
    bool checks_claims;
    bool debug_info;
    struct pass_settings passes;
    enum explain explain;
    bool verifies_fusion;
    uint32_t n_verified; /* random inputs */
    VEC(const char *) explain_sizes;
    const char *cpu_triple; /* NULL: this machine's */
    struct target_set targets;
    const char *ptxas; /* NULL when not given */
    bool ends_process; /* with the input that is compiled now */
    enum depend depend;
    const char *depend_file;          /* -MF, or NULL */
    VEC(const char *) depend_targets; /* -MT and -MQ, as they go to the rule */
    bool depend_phony;
};

/* False when something was reported: the command line is wrong. */
bool settings_read(struct tool *tool, struct settings *settings);
/* Compiles one input and writes all its outputs; what is wrong is reported. */
void compile_input(struct tool *tool, const struct settings *settings, const char *input);

/* Are outputs named for their inputs? */
bool compile_names_outputs(const struct settings *settings);
/* That name: the input's, without its folder, and `suffix` in place of its own. */
const char *compile_default_name(struct arena *arena, const char *input, const char *suffix);

/* `target: input files...`, with long lines broken. */
void depfile_print(const struct settings *settings, const char *target, const char *input, const char *const *files,
                   uint32_t n_files, struct out *out);
/* A name as make reads it back: space, tab, #, $, : and the backslashes before blanks are protected. */
void depfile_quote(const char *name, struct out *out);

#endif
