/* emit.h - what the files of the SPIR-V emitter share. Private to codegen/spirv/.
 *
 * How values are held. bool is OpTypeBool. Integers of up to 32 bits are one 32-bit register, kept zero-extended (unsigned) or
 * sign-extended (signed), so that a device needs no small integer arithmetic; 64-bit ones are one 64-bit register, or where the device has
 * none a vector of two words, the lower one first (emit_pair.h). f16, bf16
 * and f32 are a 32-bit float register whose value is one of the type's. Vectors are their components, one id each.
 *
 * How a program sees the world (the contract with runtime-stub/vulkan.c): see spirv.h. */
#ifndef VYREC_SPIRV_EMIT_H
#define VYREC_SPIRV_EMIT_H

#include "codegen/spirv/spirv.h"
#include "codegen/spirv/words.h"
#include "ir/ops.h"

typedef struct {
    spv_id at[4];
} spv_value;

/* An array of the program: where its words are. */
struct spirv_array {
    const struct ir_buffer *buffer;
    spv_id variable;  /* 0: it is reached by its address */
    spv_id address;   /* u64 */
    spv_id len;       /* u32: element count; a constant, or loaded once at the start */
    spv_id unit_type; /* of one memory unit: 8, 16, 32 or 64 bits wide unsigned */
    uint32_t unit_bits;
    uint32_t units; /* per element: components of vectors, twice as many for 64-bit ones in 32-bit units */
    bool is_packed; /* several elements share a unit */
    SpvStorageClass storage;
    bool is_block; /* reached through member 0 of a block */
};

struct spirv_loop {
    spv_id merge, next; /* where break and continue go */
};

struct spirv {
    struct spv_module m;
    struct arena *arena;
    const struct ir_program *program;
    const struct spirv_options *options;
    struct spirv_interface *interface;
    spv_id main;
    VEC(spv_id) entry_interface; /* input and, from 1.4 on, all global variables of the entry point */
    VEC(struct spirv_array) arrays;
    spv_value *locals; /* by index: variables, one per component */
    spv_value *params; /* by index: values, loaded at the start */
    spv_id width;      /* of the workgroup, where it is chosen when the pipeline is made; else 0 */
    spv_id groups[3], lid[3], wid[3], gid[3], linear_lid, linear_gid;
    spv_id alive;         /* bool variable, where the program has both traps and synchronisation; else 0 */
    spv_id trap_record;   /* the block the trap is written to; 0 without traps and counts */
    spv_id visits;        /* u32 variable: of starts of loops, where they are counted; else 0 */
    spv_id max_visits;    /* specialisation constant */
    spv_id hidden_zero;   /* u32: 0, a constant that the driver cannot see, where it is wrong about zeros; or no id */
    bool has_pairs;       /* 64-bit integers are */
    spv_id pair_division; /* the function, once made */
    spv_id exchange;      /* workgroup array for subgroup operations, one u32 pair per invocation */
    VEC(struct spirv_loop) loops;
    spv_id exact_functions[SPIRV_EXACT_COUNT]; /* made on first use */
    spv_id exact_flags[SPIRV_EXACT_COUNT];     /* specialisation constants */
    const struct source_file *debug_file;      /* of the last OpLine */
    spv_id debug_file_id;
    bool block_ended; /* the current block has its terminator */
};

/* -- types of registers and memory */
spv_id spirv_reg_type(struct spirv *e, enum ir_scalar s);
spv_id spirv_const(struct spirv *e, enum ir_scalar s, uint64_t bits); /* bits as in struct ir_expr */
/* Brings a 32-bit register back into the range of a smaller integer, or a float to the nearest of f16 or bf16. */
spv_id spirv_wrap(struct spirv *e, enum ir_scalar s, spv_id value);
/* Bit pattern in a memory unit (u32, or u64 for 64-bit types), NaN made canonical; and back. */
spv_id spirv_to_memory(struct spirv *e, enum ir_scalar s, spv_id value);
spv_id spirv_from_memory(struct spirv *e, enum ir_scalar s, spv_id bits);
spv_id spirv_canonical_nan(struct spirv *e, enum ir_scalar s, spv_id value); /* of f32 and f64 registers */

/* A word of a 64-bit integer, 0 being the lower one; and the integer of two words. */
spv_id spirv_half(struct spirv *e, spv_id a, uint32_t which);
spv_id spirv_join(struct spirv *e, spv_id low, spv_id high);

/* -- functions beside the entry point, made while it is being built */
struct spirv_outer {
    struct spv_words code, variables;
    spv_id hidden_zero;
};
struct spirv_outer spirv_outer_save(struct spirv *e);
void spirv_outer_restore(struct spirv *e, const struct spirv_outer *outer);

/* -- shorthands on u32 and bool registers */
spv_id spirv_u32(struct spirv *e, SpvOp op, spv_id a, spv_id b);
spv_id spirv_test(struct spirv *e, SpvOp op, spv_id a, spv_id b);
spv_id spirv_select(struct spirv *e, spv_id type, spv_id c, spv_id a, spv_id b);
/* The same between values of the program, which may be constants that some drivers choose wrongly between. */
spv_id spirv_choose(struct spirv *e, enum ir_scalar s, spv_id c, spv_id a, spv_id b);
/* The value, as one that the driver does not know to be a constant, where that matters. */
spv_id spirv_hide(struct spirv *e, enum ir_scalar s, spv_id value);
/* The specialisation constant. */
spv_id spirv_exact_flag(struct spirv *e, enum spirv_exact which);

/* -- expressions */
spv_value spirv_expr(struct spirv *e, const struct ir_expr *x);
spv_id spirv_scalar(struct spirv *e, const struct ir_expr *x); /* its only component */
/* One component of an operation that works by components; of a reduction, the step that joins two lanes' values. */
spv_id spirv_part_of(struct spirv *e, enum ir_op op, enum ir_scalar s, const spv_id *args);
spv_id spirv_math(struct spirv *e, enum ir_op op, spv_id x); /* transcendental functions on f32 */
spv_value spirv_subgroup(struct spirv *e, const struct ir_expr *x);

/* -- memory */
void spirv_declare_arrays(struct spirv *e);
uint32_t spirv_array_units(const struct spirv_array *a); /* all of them */
struct spirv_array *spirv_array_get(struct spirv *e, const struct ir_buffer *b);
/* `in_bounds`: the index is proved to be below the length. */
spv_value spirv_load(struct spirv *e, const struct ir_buffer *b, spv_id index, bool in_bounds);
void spirv_store(struct spirv *e, const struct ir_buffer *b, spv_id index, spv_value value, bool in_bounds);
/* One element, the bytes as they are. */
void spirv_copy_element(struct spirv *e, const struct ir_buffer *dst, spv_id to, const struct ir_buffer *src,
                        spv_id from);
void spirv_atomic(struct spirv *e, const struct ir_stmt *s);
void spirv_zero_workgroup_arrays(struct spirv *e);
void spirv_zero_private_arrays(struct spirv *e);
void spirv_barrier(struct spirv *e);
/* Records a trap and goes on. */
void spirv_tell(struct spirv *e, const struct ir_expr *code, const struct ir_told *told);
void spirv_trap(struct spirv *e, const struct ir_expr *code,
                const struct ir_told *told); /* NULL: code 1, of a `while` */

/* At the start of a loop's rounds. */
void spirv_count_round(struct spirv *e);
/* Ends the invocation; tells before when it has gone around more often than it may. */
void spirv_return(struct spirv *e);

/* -- statements */
void spirv_block(struct spirv *e, const struct ir_block *b);
void spirv_debug_place(struct spirv *e, struct src_range range); /* OpLine, under -g */
/* if (c) { ... }: between them goes the code under the condition. */
spv_id spirv_if_begin(struct spirv *e, spv_id c);
void spirv_if_end(struct spirv *e, spv_id merge);

#endif
