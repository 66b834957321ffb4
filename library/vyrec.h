/* vyrec.h - the compiler as a library: .vir programs, as text or built call by call, become objects, headers, assembly or
 * device code in memory.
 *
 *   vyrec_options options;
 *   vyrec_options_init(&options);
 *   options.report = print;                        // who is told what is wrong
 *   vyrec_context_create(&options, &context);
 *   vyrec_module_parse(context, "scan.vir", text, size, &module);
 *   vyrec_module_compile(module, "obj", &output);  // the words of --emit
 *   bytes = vyrec_output_bytes(output, &size);
 *
 * There is no global state, nothing is printed, and every function may be called from any thread. Contexts, modules and
 * outputs never change once they are made: several threads may use one. A builder is for one thread at a time. Symbols
 * begin with vyrec_, vyre_try_fuse apart; all others are hidden. A fault of the compiler itself ends the process with a message. */
#ifndef VYREC_H
#define VYREC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VYREC_API __attribute__((visibility("default")))

typedef enum vyrec_status {
    VYREC_OK = 0,
    VYREC_REPORTED = -1,  /* the program or the options are at fault: report was told how */
    VYREC_NO_MEMORY = -2, /* nothing was made */
    VYREC_INVALID = -3    /* an argument is NULL, or no word that the function takes */
} vyrec_status;

/* "VYREC_OK", ... */
VYREC_API const char *vyrec_status_name(vyrec_status status);
VYREC_API const char *vyrec_version(void);

/* -- messages */

typedef struct vyrec_message {
    const char *severity;   /* "error", "warning", "remark", "fatal error" */
    const char *code;       /* "E0101" */
    const char *text, *fix; /* fix may be "" */
    const char *file;       /* NULL: of no place in a text */
    uint32_t line, column;  /* from 1; 0 without a place */
} vyrec_message;

/* Called in the thread that asked, before its function returns; the message is valid until this returns. */
typedef void vyrec_report(void *user, const vyrec_message *message);

/* -- contexts: what to compile for */

typedef struct vyrec_options {
    size_t size;                     /* of this struct, set by vyrec_options_init */
    const char *targets;             /* as --target: "cpu", "all", "cpu:x86-64-v3,spirv"; NULL: the default */
    const char *cpu_triple;          /* NULL: this machine's */
    const char *prefix;              /* of all C names; NULL: none */
    const char *passes;              /* as --passes; NULL: those of the level */
    uint32_t level;                  /* 0 to 3, as -O */
    int debug;                       /* as -g */
    const char *const *include_dirs; /* where imports and data files are looked for too */
    size_t n_include_dirs;
    const char *cache_dir; /* as --cache-dir; NULL: no cache */
    uint64_t cache_limit;  /* bytes */
    vyrec_report *report;  /* NULL: nobody is told */
    void *user;            /* for report */
} vyrec_options;

typedef struct vyrec_context vyrec_context;
typedef struct vyrec_module vyrec_module;
typedef struct vyrec_output vyrec_output;

VYREC_API void vyrec_options_init(vyrec_options *options);
/* Copies the options. REPORTED where they make no sense: targets, triple, passes. */
VYREC_API vyrec_status vyrec_context_create(const vyrec_options *options, vyrec_context **context);
/* After everything that was made with it. NULL is allowed, here and in the other functions that destroy. */
VYREC_API void vyrec_context_destroy(vyrec_context *context);

/* -- modules: programs and pipelines that were read and checked */

/* `name` stands in messages; imports and data files are looked for in its folder. The text is copied. */
VYREC_API vyrec_status vyrec_module_parse(vyrec_context *context, const char *name, const char *text, size_t size,
                                          vyrec_module **module);
VYREC_API void vyrec_module_destroy(vyrec_module *module);

/* What --emit makes: "obj", "cpu-asm", "llvm", "ptx", "amdgcn", "spirv", "header", "manifest", "vir". With a cache directory the
 * same result is made once. Imports and data files are read again by each call. */
VYREC_API vyrec_status vyrec_module_compile(const vyrec_module *module, const char *what, vyrec_output **output);
/* Valid until the output is destroyed; there is a NUL behind the last byte. */
VYREC_API const void *vyrec_output_bytes(const vyrec_output *output, size_t *size);
VYREC_API int vyrec_output_is_cached(const vyrec_output *output);
VYREC_API void vyrec_output_destroy(vyrec_output *output);

/* -- fusing parts that arrive late */

typedef struct vyrec_fusion {
    vyrec_module *fused;    /* the pipeline is one launch; NULL: it cannot be */
    vyrec_module *sequence; /* the same pipeline as it is written, its arms one after the other: always right */
    uint32_t n_launches;    /* that are left after fusing what can be */
    char reason[32];        /* why it is not one: "grid_order", ... (docs/passes.md); "" when it is */
    char message[400];      /* the same in words, with the arms that it is about */
} vyrec_fusion;

/* Joins the programs of the parts by the text of a pipeline, and makes one launch of it where nobody can tell the
 * difference. VYREC_OK either way: a caller compiles `fused` or falls back to `sequence`. Imports and data files are looked for beside
 * the first part. */
VYREC_API vyrec_status vyre_try_fuse(vyrec_context *context, const vyrec_module *const *parts, size_t n_parts,
                                     const char *pipeline, vyrec_fusion *fusion);
VYREC_API void vyrec_fusion_release(vyrec_fusion *fusion); /* its modules; not the struct */

/* -- building programs call by call
 *
 * Names, types and operations are spelled as in .vir text (docs/language.md); what is wrong with them is reported when the
 * module is made. A value is an expression: used twice it is computed twice, unless vyrec_build_let names it. After a
 * failed allocation all calls do nothing, and vyrec_build_finish says so. */

typedef struct vyrec_builder vyrec_builder;
typedef struct vyrec_value {
    uint32_t id;
} vyrec_value;

VYREC_API vyrec_status vyrec_builder_create(vyrec_builder **builder);
VYREC_API void vyrec_builder_destroy(vyrec_builder *builder);

/* Opens what vyrec_build_end closes: a program; `workgroup` is "64" or "8, 8". */
VYREC_API void vyrec_build_program(vyrec_builder *b, const char *name, const char *workgroup);
/* access: "read", "write", "read_write", "uniform"; type: "u32[]", "f32[16]". */
VYREC_API void vyrec_build_buffer(vyrec_builder *b, const char *name, const char *access, const char *type);
VYREC_API void vyrec_build_param(vyrec_builder *b, const char *name, const char *type);
/* "workgroup" or "local" arrays: type is "u32[64]". */
VYREC_API void vyrec_build_array(vyrec_builder *b, const char *space, const char *name, const char *type);

VYREC_API vyrec_value vyrec_build_int(vyrec_builder *b, const char *type, int64_t number);
VYREC_API vyrec_value vyrec_build_float(vyrec_builder *b, const char *type, double number);
/* Whatever is a value by itself: "gid.x", "true", "len(a)", the name of a param. */
VYREC_API vyrec_value vyrec_build_name(vyrec_builder *b, const char *name);
/* "+", "<", "-" with one operand, "min", "select", a cast "u32", "bitcast<f32>". */
VYREC_API vyrec_value vyrec_build_op(vyrec_builder *b, const char *op, size_t n, const vyrec_value *operands);
VYREC_API vyrec_value vyrec_build_load(vyrec_builder *b, const char *buffer, vyrec_value index);

VYREC_API vyrec_value vyrec_build_let(vyrec_builder *b, const char *name, vyrec_value value);
VYREC_API vyrec_value vyrec_build_var(vyrec_builder *b, const char *name, vyrec_value value);
VYREC_API void vyrec_build_assign(vyrec_builder *b, vyrec_value var, vyrec_value value);
VYREC_API void vyrec_build_store(vyrec_builder *b, const char *buffer, vyrec_value index, vyrec_value value);
/* Each opens a block that vyrec_build_end closes. */
VYREC_API void vyrec_build_if(vyrec_builder *b, vyrec_value condition);
VYREC_API void vyrec_build_else(vyrec_builder *b);
VYREC_API vyrec_value vyrec_build_for(vyrec_builder *b, const char *name, vyrec_value from, vyrec_value to);
VYREC_API void vyrec_build_while(vyrec_builder *b, vyrec_value condition, vyrec_value max);
VYREC_API void vyrec_build_end(vyrec_builder *b);
/* Any other line: "barrier;", "atomic_add(count[0], 1u32);", a whole pipeline. */
VYREC_API void vyrec_build_text(vyrec_builder *b, const char *text);
/* The text so far, as vyrec_module_parse would take it. */
VYREC_API const char *vyrec_build_get_text(const vyrec_builder *b);
/* Reads and checks what was built. The builder can be used on. */
VYREC_API vyrec_status vyrec_build_finish(const vyrec_builder *b, vyrec_context *context, const char *name,
                                          vyrec_module **module);

#ifdef __cplusplus
}
#endif
#endif
