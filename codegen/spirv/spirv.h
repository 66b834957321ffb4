/* spirv.h - from one program to one SPIR-V module for Vulkan.
 *
 * How a module sees the world; runtime-stub/vulkan.c builds its pipelines from this:
 *   descriptor set 0   binding spirv_interface.buffers[i]: buffer i of the program, a storage buffer of packed elements, never empty
 *                      binding .data[k]: the k-th table of the program; .trap: where it may trap, an array of u32 per code, or struct vyre_trap_record;
 *                      .args: the words below, only when they do not fit into 128 bytes of push constants
 *                      In code for large launches buffers have no bindings, but addresses among the words below.
 *   push constants     u32 groups[3]   workgroups of the whole launch        u32 base[3]    first workgroup of this part of it
 *                      u32 zero        0, which the driver's compiler cannot know
 *                      u32 len[n]      element counts of the n buffers       params         each aligned to its size, at .params[i]
 *                      u64 at .buffers[i], in code for large launches: the address of buffer i
 *   rounds             code for large launches counts how often an invocation comes to the start of a loop; where that is more than the
 *                      specialisation constant VYRE_SPIRV_ROUNDS_ID, it sets the u32 at VYRE_SPIRV_CUT_AT behind the trap record: a device
 *                      that ends loops may have ended one
 *   specialisation     constant id enum spirv_exact: true where the device was found to do this exactly; false uses our own sequence.
 *                      ZEROS: what has a zero for an operand; Mesa makes x of x + 0.0, and -0.0 of `false ? -1.0 : 0.0`
 *                      ORDERS: orders of atomics in loops; Mesa's llvmpipe takes them for barriers of the workgroup. They are relaxed else: what
 *                      is not atomic is ordered by barriers alone in our language */
#ifndef VYREC_SPIRV_H
#define VYREC_SPIRV_H

#include "ir/ir.h"

enum spirv_exact {
    SPIRV_EXACT_FMA,
    SPIRV_EXACT_DIV,
    SPIRV_EXACT_SQRT,
    SPIRV_EXACT_ZEROS,
    SPIRV_EXACT_ORDERS,
    SPIRV_EXACT_COUNT
};

struct spirv_options {
    uint32_t version;                 /* 0x00010300 or later */
    uint32_t opt_level;               /* 0: as emitted */
    bool debug_info;                  /* OpLine, names of locals */
    bool storage_8bit, storage_16bit; /* false: such buffers are words */
    bool int64;                       /* false: such integers are pairs of words; but for 64-bit atomics */
    bool args_in_buffer;              /* however few they are */
    bool
        has_subgroups; /* the device's are of 32 lanes, lane k being invocation k modulo 32; else they are arrays in workgroup memory */
    bool
        is_large; /* buffers by their addresses, of any size; loops with copies of their bodies (ir_loop_copies). Needs all of the above */
    bool leaves_width; /* a width that is free is a specialisation constant */
};

enum { SPIRV_NONE = 0xFFFFFFFF };
struct spirv_trap_code {
    uint32_t arm, code;
};

struct spirv_interface {
    uint32_t *buffers; /* binding of each buffer; in code for large launches the byte offset of its address */
    VEC(const struct ir_data *) tables;
    uint32_t *data;      /* binding of each of them */
    uint32_t trap, args; /* bindings, or SPIRV_NONE */
    uint32_t *params;    /* byte offset of each param in the push constants or args */
    uint32_t args_bytes;
    uint32_t workgroup_bytes; /* shared memory used */
    bool uses_int64, uses_float32, uses_float64, uses_int64_atomics, uses_small_storage, has_free_width, has_addresses,
        has_subgroups, counts_rounds;
    VEC(struct spirv_trap_code) trap_codes; /* empty: of trap records that tell the code, one per arm */
};

/* Why a program cannot have SPIR-V code, to follow "because": "it has a grid barrier"; NULL: it can. */
const char *spirv_refusal(const struct ir_program *p);

/* Whether a buffer or table that it uses has elements of 8 or 16 bits, or something has 64: its code differs where a device has words alone. */
bool spirv_has_other_than_words(const struct ir_program *p);

/* Whether it has subgroup operations and workgroups of whole subgroups. */
bool spirv_may_have_subgroups(const struct ir_program *p);

/* Whether a launch of it may need code for large ones: a buffer longer than a device binds at least, or many rounds. */
bool spirv_may_be_large(const struct ir_program *p);

/* The words of the module, validated; the interface lives in `arena`. */
void spirv_emit_program(const struct ir_program *p, const struct spirv_options *options, struct arena *arena,
                        struct out *words, struct spirv_interface *interface);

/* The same as an image of the container: struct vyre_spirv_head of runtime-stub/vyre_container.h, lists, module. */
void spirv_write_image(const struct ir_program *p, const struct spirv_options *options, struct arena *scratch,
                       struct out *out);

/* Forms that a module can be written in. */
enum spirv_form {
    SPIRV_FORM_BINARY,
    SPIRV_FORM_TEXT, /* as spirv-dis writes it */
    SPIRV_FORM_GLSL,
    SPIRV_FORM_HLSL,
    SPIRV_FORM_MSL,
    SPIRV_FORM_BINDINGS, /* what is bound where, for Vulkan and Metal: an object in `list` */
    SPIRV_FORM_COUNT
};
struct json;
/* Appends one program; options.storage_* follow from the form. NULL, or why it has no such form (in `arena`). */
const char *spirv_write_form(const struct ir_program *p, enum spirv_form form, struct spirv_options options,
                             struct arena *arena, struct json *list, struct out *out);

#endif
