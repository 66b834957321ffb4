/* words.h - building a SPIR-V module: one buffer of words per section, in the order that the specification's
 * section 2.4 asks for, types and constants made once each. Knows nothing of the program IR.
 *
 * Ids are handed out in order of use, so the same calls give the same words. */
#ifndef VYREC_SPIRV_WORDS_H
#define VYREC_SPIRV_WORDS_H

#include <stdbool.h>

#include <spirv/unified1/GLSL.std.450.h>
#include <spirv/unified1/spirv.h>

#include "ir/base/vec.h"

typedef uint32_t spv_id;

enum spv_section {
    SPV_CAPABILITIES,
    SPV_EXTENSIONS,
    SPV_IMPORTS,
    SPV_MEMORY_MODEL,
    SPV_ENTRY,
    SPV_MODES,
    SPV_STRINGS,
    SPV_NAMES,
    SPV_DECORATIONS,
    SPV_GLOBALS,
    SPV_FUNCTIONS,
    SPV_SECTIONS
};

struct spv_words {
    VEC(uint32_t) list;
};

struct spv_module {
    struct arena *arena;
    struct spv_words sections[SPV_SECTIONS];
    struct spv_words variables; /* of the function being built: they go before its first block's code */
    struct spv_words code;      /* of the function being built */
    spv_id next_id;
    spv_id glsl;      /* the imported extended instruction set, once used */
    uint32_t *unique; /* hash table over SPV_GLOBALS: where a type or constant begins, plus 1 */
    uint32_t n_unique, unique_cap;
    bool has_int64, has_float32, has_float64; /* types and capabilities in use */
    uint32_t version;                         /* 0x00010300 is SPIR-V 1.3, what Vulkan 1.1 and later take */
};

void spv_module_init(struct spv_module *m, struct arena *arena, uint32_t version);
spv_id spv_new_id(struct spv_module *m);
/* The whole module, header included. */
void spv_module_finish(const struct spv_module *m, struct spv_words *words);

/* -- one instruction, anywhere */
void spv_put(struct spv_module *m, struct spv_words *to, SpvOp op, const uint32_t *operands, uint32_t n);
#define SPV_PUT(m, to, op, ...)                                                                                        \
    spv_put((m), (to), (op), (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)
/* Operands, then a string, then operands. */
void spv_put_string(struct spv_module *m, struct spv_words *to, SpvOp op, const uint32_t *before, uint32_t n_before,
                    const char *text, const uint32_t *after, uint32_t n_after);

/* -- what must be declared once */
void spv_capability(struct spv_module *m, SpvCapability c);
void spv_extension(struct spv_module *m, const char *name);
void spv_name(struct spv_module *m, spv_id id, const char *name);
#define SPV_DECORATE(m, id, ...) SPV_PUT((m), &(m)->sections[SPV_DECORATIONS], SpvOpDecorate, (id), __VA_ARGS__)

/* -- types and constants, made once each */
spv_id spv_type(struct spv_module *m, SpvOp op, const uint32_t *operands, uint32_t n);
#define SPV_TYPE(m, op, ...)                                                                                           \
    spv_type((m), (op), (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)
spv_id spv_type_void(struct spv_module *m);
spv_id spv_type_bool(struct spv_module *m);
/* 64 bits wide ones bring their capability along. */
spv_id spv_type_uint(struct spv_module *m, uint32_t bits);
spv_id spv_type_float(struct spv_module *m, uint32_t bits);
spv_id spv_type_pointer(struct spv_module *m, SpvStorageClass storage, spv_id to);
/* A fresh type each time: decorations differ. */
spv_id spv_type_unshared(struct spv_module *m, SpvOp op, const uint32_t *operands, uint32_t n);
spv_id spv_const_u32(struct spv_module *m, uint32_t value);
spv_id spv_const_u64(struct spv_module *m, uint64_t value);
spv_id spv_const_f32(struct spv_module *m, uint32_t bits);
spv_id spv_const_f64(struct spv_module *m, uint64_t bits);
spv_id spv_const_bool(struct spv_module *m, bool value);
spv_id spv_const_null(struct spv_module *m, spv_id type);

/* -- code of the function being built */
spv_id spv_function_begin(struct spv_module *m, const char *name); /* void (void); opens its first block */
/* With n parameters of the type it returns. */
spv_id spv_function_begin_typed(struct spv_module *m, const char *name, spv_id type, uint32_t n, spv_id *parameters);
void spv_function_end(struct spv_module *m);
spv_id spv_variable(struct spv_module *m, SpvStorageClass storage,
                    spv_id type); /* Function storage: local; else global */
/* An instruction with a result. */
spv_id spv_op(struct spv_module *m, SpvOp op, spv_id type, const uint32_t *operands, uint32_t n);
#define SPV_OP(m, op, type, ...)                                                                                       \
    spv_op((m), (op), (type), (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)
/* One without. */
#define SPV_DO(m, op, ...) SPV_PUT((m), &(m)->code, (op), __VA_ARGS__)
void spv_do(struct spv_module *m, SpvOp op); /* no operands: OpReturn */
spv_id spv_glsl(struct spv_module *m, enum GLSLstd450 op, spv_id type, const spv_id *args, uint32_t n);
void spv_label(struct spv_module *m, spv_id label);
void spv_branch(struct spv_module *m, spv_id to);

#endif
