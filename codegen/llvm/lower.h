/* lower.h - private to codegen/llvm: from a program's tree to LLVM IR, once for all targets that LLVM has.
 *
 * An invocation is a lane of a group of `width` lanes that run in lockstep, as in ispc. A value that all lanes of a group share stays a
 * scalar; one that grows by a constant from lane to lane is kept as its formula; the others are vectors <width x T>. Control flow that
 * the lanes share stays branches; where they part, each side runs under a mask. With width 1 everything is shared and what comes out is
 * ordinary scalar code: that is what GPUs want, and what -O0 gives.
 *
 *   shape.c      which locals are shared, linear or varying; which loops lanes leave apart
 *   plan.c       workgroups with barriers: what runs once, what runs lane by lane between barriers
 *   type.c value.c mask.c   types, values, masks
 *   expr.c op_*.c           expressions
 *   memory.c gather.c helper.c atomic.c   loads, stores, read-modify-writes
 *   stmt.c control.c        statements
 *   workgroup.c cpu.c leave.c alias.c   the loops over workgroups and lanes that make a CPU kernel
 *   device*.c nvptx.c amdgpu.c   kernels of GPUs
 *   host.c emit.c debug.c   the module, its object, its line table */
#ifndef VYREC_LLVM_LOWER_H
#define VYREC_LLVM_LOWER_H

#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/TargetMachine.h>

#include "codegen/llvm/index_facts.h"
#include "codegen/llvm/plan.h"
#include "codegen/llvm/shape.h"
#include "ir/base/map.h"
#include "ir/ops.h"

/* What the processor can do. One per level. */
enum { MAX_SHUFFLE_BYTES = 64 };
struct lower_features {
    const char *cpu;            /* "target-cpu" */
    const char *features;       /* "target-features", or NULL */
    const char *vector_width;   /* "prefer-vector-width" in bits, or NULL */
    uint32_t vector_bytes;      /* of its registers */
    bool gathers;               /* 32- and 64-bit gathers */
    bool scatters;              /* 32- and 64-bit scatters, masked stores of bytes */
    bool masked_stores;         /* of 32- and 64-bit elements */
    bool fma, half_conversions; /* in hardware */
    bool float_choices;         /* minima and maxima of f32 as the language has them: of NaNs and zeros */
    const char *byte_shuffle;   /* intrinsic (row of 16 bytes repeated, indices) -> bytes; NULL: none */
    uint32_t shuffle_bytes;     /* its width */
    bool
        shuffle_checks_index; /* 0 for any index past the row; otherwise where the top bit is set, and the low half counts */
    const char *
        byte_pack; /* intrinsic: the low bytes of two vectors of words, 8 of each in turn; NULL: LLVM does well without */
};

/* A value of all lanes. */
struct value {
    ir_type type;
    struct shape shape;
    /* Components. Uniform: scalars. Varying: vectors. Linear (stride not 0): lane k has at[0] * scale + offset + stride * k. */
    LLVMValueRef at[4];
    int64_t scale, offset; /* 1 and 0 unless linear */
};

/* How an array is reached. */
struct array {
    const struct ir_buffer *buffer;
    LLVMValueRef base;  /* pointer to the first element */
    LLVMValueRef count; /* i64: elements */
    bool interleaved;   /* element i of lane k lies at i * width + k */
    bool in_bounds;     /* for one access: its index, of the lanes that are there, is proved to be below the count */
};

/* Where a local is. A let is a value; a var is memory that LLVM turns into registers. */
struct slot {
    bool bound; /* `value` holds */
    struct value value;
    LLVMValueRef at[4]; /* per component: alloca of a scalar (uniform, linear) or a vector */
    struct shape shape;
    uint32_t scope; /* where it was declared */
};

enum { MAX_WINDOW_SCALARS = 256, MAX_WINDOW_STRIDE = 8 };
/* Elements first .. first + stride * width - 1 of an array, loaded once. */
struct window {
    const struct ir_buffer *buffer;
    const struct ir_buffer *table; /* not the bytes themselves but what this table has for them; or NULL */
    LLVMValueRef root;
    int64_t scale, first, stride;
    struct index_form form; /* devices: of the first element, and `buffer` is NULL when the row holds no longer */
    LLVMValueRef elements;  /* vector of stride * width * lanes scalars, as in memory */
};

struct loop_scope {
    struct loop_scope *outer;
    LLVMBasicBlockRef break_to, continue_to;
    bool masked;                    /* lanes leave one by one: jumps only set the masks below */
    LLVMValueRef broken, continued; /* allocas of masks */
    uint32_t n_breaks, n_continues; /* emitted so far as masks */
};

/* zext(root) < limit; without a root another form of it. */
struct bounds {
    LLVMValueRef root, limit, below;
};
/* The last branch that leaves a group's usual way: to `inside` where `bounds` and `rest`, which may be NULL, hold. */
struct leave_check {
    LLVMValueRef branch;
    LLVMBasicBlockRef inside;
    struct bounds bounds;
    LLVMValueRef rest;
};

struct lower;
/* What differs between targets. */
struct lower_target {
    const char *name;
    struct value (*id)(struct lower *l, enum ir_op op, uint32_t component);
    LLVMValueRef (*param)(struct lower *l, const struct ir_param *p); /* its 8-byte slot, as i64 */
    LLVMValueRef (*invocation)(struct lower *l, LLVMValueRef lane);   /* linear global id of a lane of the group, i64 */
    void (*barrier)(struct lower *l);                                 /* NULL: the workgroup loop takes care */
    void (*report_trap)(struct lower *l, LLVMValueRef invocation, LLVMValueRef code, uint32_t arm);
    /* A function of the runtime, by its place in struct vyre_cpu_helpers; NULL: kernels have one lane and need none. */
    LLVMValueRef (*helper)(struct lower *l, uint64_t offset);
    bool shared_is_private; /* a workgroup runs on one thread: its memory needs no atomics */
    bool is_device;         /* a GPU: arrays are never empty, and aligned so that elements of vectors are */
    const char *scope_device,
        *scope_workgroup; /* of atomics in memory of the launch, of a workgroup; NULL: the system's */
    struct value (*subgroup)(struct lower *l, const struct ir_expr *e,
                             const struct value *args); /* NULL: the group is one */
    /* A load together with its neighbours, a store with those that follow; NULL: by itself. */
    bool (*load_row)(struct lower *l, const struct ir_expr *e, const struct value *index, struct value *result);
    struct ir_stmt *(*store_rows)(struct lower *l, struct ir_stmt *first); /* returns the last statement done */
    void (*forget_rows)(struct lower *l, const struct ir_stmt *s);         /* that do not outlive a statement */
    /* Copies that go on while the program does; NULL: they are done at once. */
    bool (*copy)(struct lower *l, struct ir_stmt *s, LLVMValueRef to, LLVMValueRef from, LLVMValueRef n);
    void (*wait)(struct lower *l, struct ir_stmt *s);
};

/* What an atomic has brought so far, in a variable of the kernel: atomic.c. */
struct total {
    struct ir_stmt *s;
    LLVMTypeRef type; /* of all lanes */
    LLVMValueRef slot;
};

struct debug_info;

struct lower {
    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMBuilderRef b;
    LLVMValueRef fn;
    LLVMBasicBlockRef allocas; /* the entry block: allocas, then a jump */
    const struct lower_target *target;
    const struct lower_features *features;
    struct arena *arena;
    struct debug_info *debug; /* NULL without -g */
    bool optimize;
    bool checks_claims;
    const char *suffix; /* of helper functions' names: the level */

    const struct ir_program *program;
    const struct ir_uniformity *uniformity;
    struct shapes shapes;
    struct plan *plan;
    bool at_workgroup; /* between phases, once for the workgroup */
    uint32_t width;    /* lanes now: that of the groups, or 1 at workgroup level */
    uint32_t group_width;
    struct slot *slots;        /* by local index */
    const struct ir_stmt *now; /* the statement that is being lowered, or one inside it */
    struct array *buffers, *arrays, *data;
    const bool *still_arrays;   /* by index: workgroup arrays that nobody writes until the next barrier; NULL: none */
    VEC(struct window) windows; /* valid here; blocks drop theirs at their end */
    uint32_t run_begin;         /* the first of this block */

    LLVMValueRef exec;        /* mask of the running lanes; NULL: all */
    uint32_t scope, n_scopes; /* which divergent construct we are in; 0: lanes that do not run have ended for good */
    LLVMValueRef ended;       /* alloca of the mask of lanes that returned or trapped; NULL with width 1 */
    uint32_t n_ends;          /* emitted so far as masks */
    LLVMBasicBlockRef end;    /* where the group's work is done */
    struct loop_scope *loop;
    uint32_t n_copies;       /* bodies made twice around here, for full groups and for others */
    LLVMValueRef singles;    /* what a flat program's groups may be left to: see cpu_lower_singles; or NULL */
    LLVMBasicBlockRef leave; /* where this group is left to it, from its beginning; NULL: nowhere */
    VEC(struct total) totals;
    const bool *other_uses; /* by buffer: that it has others than atomics that bring a total; NULL: nobody has asked */
    bool untouched;         /* so far the group has done nothing that another could see */
    struct leave_check check;
    struct bounds bounds;   /* of the last call of bounds_below */
    bool has_counted_loops; /* so far, with a number of rounds that is known */
    void *frame;            /* of the target */
};

/* -- types: type.c */

LLVMTypeRef type_int(struct lower *l, uint32_t bits);
LLVMTypeRef type_ptr(struct lower *l);
LLVMTypeRef type_value(struct lower *l, enum ir_scalar s);    /* in registers: f16 and bf16 are float */
LLVMTypeRef type_memory(struct lower *l, enum ir_scalar s);   /* in memory: an integer; bool is i32 */
LLVMTypeRef type_lanes(struct lower *l, LLVMTypeRef scalar);  /* <width x scalar>; the scalar with width 1 */
LLVMTypeRef type_like(LLVMTypeRef model, LLVMTypeRef scalar); /* a vector where the model is one */
LLVMTypeRef type_of_slot(struct lower *l, enum ir_scalar s, struct shape shape);
bool type_is_vector(LLVMTypeRef t);
uint32_t type_bits(LLVMTypeRef t); /* of a scalar or of an element */

/* -- values: value.c. "Operands" are LLVM values that are all scalars or all vectors of one width. */

LLVMValueRef const_int(struct lower *l, uint32_t bits, uint64_t v);
LLVMValueRef const_like(LLVMTypeRef model, uint64_t v); /* an integer or vector of equal ones */
LLVMValueRef const_float_like(LLVMTypeRef model, double v);
LLVMValueRef const_iota(LLVMTypeRef scalar, uint32_t n, int64_t first, int64_t stride);
LLVMValueRef value_const(struct lower *l, enum ir_scalar s, uint64_t bits); /* scalar */
struct value value_uniform(ir_type type, LLVMValueRef v);
struct value value_varying(ir_type type, LLVMValueRef v);
struct value value_linear(ir_type type, LLVMValueRef root, int64_t scale, int64_t offset, int64_t stride);
static inline bool value_is_uniform(const struct value *v)
{
    return !v->shape.varying && v->shape.stride == 0;
}
bool value_is_const(const struct value *v, int64_t *bits);       /* a uniform integer known now */
LLVMValueRef value_base(struct lower *l, const struct value *v); /* of lane 0; not for varying ones */
LLVMValueRef value_splat(struct lower *l, LLVMValueRef scalar);
struct value value_widen(struct lower *l, struct value v); /* as vectors; with width 1 as it is */
/* The linear result of an integer operation on linear operands, if it has one. */
bool value_combine(struct lower *l, const struct ir_expr *e, const struct value *args, struct value *result);
LLVMValueRef value_to_memory(struct lower *l, enum ir_scalar s, LLVMValueRef v); /* operands; canonical NaNs */
LLVMValueRef value_from_memory(struct lower *l, enum ir_scalar s, LLVMValueRef v);
LLVMValueRef value_round(struct lower *l, enum ir_scalar s,
                         LLVMValueRef v); /* a float result to f16 or bf16; else as it is */
LLVMValueRef value_resize(struct lower *l, LLVMValueRef v, LLVMTypeRef scalar, bool is_signed); /* integers */
LLVMValueRef build_call(struct lower *l, const char *intrinsic, LLVMTypeRef overload, LLVMValueRef *args, uint32_t n);
LLVMValueRef build_call_overloaded(struct lower *l, const char *intrinsic, LLVMTypeRef *overloads, uint32_t n_overloads,
                                   LLVMValueRef *args, uint32_t n);
LLVMValueRef build_alloca(struct lower *l, LLVMTypeRef type, const char *name);
/* One that has a value when the function begins. */
LLVMValueRef build_variable(struct lower *l, LLVMValueRef first, const char *name);
LLVMValueRef build_element(struct lower *l, LLVMTypeRef elem, LLVMValueRef base,
                           LLVMValueRef index); /* address; index i64 */
LLVMValueRef build_load(struct lower *l, LLVMTypeRef type, LLVMValueRef ptr, uint32_t align_bytes);
void build_store(struct lower *l, LLVMValueRef v, LLVMValueRef ptr, uint32_t align_bytes);
LLVMBasicBlockRef block_new(struct lower *l, const char *name);
void block_enter(struct lower *l,
                 LLVMBasicBlockRef block); /* and goes there from where we are, unless that is closed */
bool block_is_closed(struct lower *l);
void block_jump(struct lower *l, LLVMBasicBlockRef to); /* unless closed */
void block_branch(struct lower *l, LLVMValueRef cond, LLVMBasicBlockRef yes, LLVMBasicBlockRef no);
void block_branch_likely(struct lower *l, LLVMValueRef cond, LLVMBasicBlockRef yes, LLVMBasicBlockRef no);

/* -- masks: mask.c. A mask is <width x i1>, with width 1 an i1; NULL is all lanes. */

LLVMTypeRef mask_type(struct lower *l);
LLVMValueRef mask_full(struct lower *l);
LLVMValueRef mask_and(struct lower *l, LLVMValueRef a, LLVMValueRef b);     /* either may be NULL */
LLVMValueRef mask_and_not(struct lower *l, LLVMValueRef a, LLVMValueRef b); /* a may be NULL */
LLVMValueRef mask_bits(struct lower *l, LLVMValueRef m);                    /* integer, bit k for lane k; m not NULL */
LLVMValueRef mask_any(struct lower *l, LLVMValueRef m);                     /* i1; NULL gives true */
LLVMValueRef mask_first_lane(struct lower *l, LLVMValueRef m);              /* i32: lowest active; m may be NULL */
LLVMValueRef mask_is_full(struct lower *l, LLVMValueRef m);
LLVMValueRef mask_below(struct lower *l, LLVMValueRef n); /* the first n lanes; n is i32 or i64 */

/* -- expressions: expr.c and op_*.c */

struct value expr_lower(struct lower *l, const struct ir_expr *e);
LLVMValueRef expr_lower_uniform(struct lower *l, const struct ir_expr *e); /* bug() when it is not */
/* One component of an elementwise operation. */
struct operands {
    struct lower *l;
    enum ir_scalar type, result; /* T of the signature, and what comes out */
    LLVMTypeRef llvm;            /* of a: scalar or vector */
    LLVMValueRef a, b, c, d;
};
typedef LLVMValueRef op_function(struct operands *o);
op_function op_add, op_sub, op_mul, op_div, op_rem, op_neg, op_and, op_or, op_xor, op_not, op_shl, op_shr, op_eq, op_ne,
    op_lt, op_le, op_gt, op_ge, op_min, op_max, op_abs, op_abs_diff, op_sat_add, op_sat_sub, op_sat_mul, op_mul_hi,
    op_rotl, op_rotr, op_popcount, op_clz, op_ctz, op_reverse_bits, op_extract_bits, op_insert_bits, op_select, op_cast,
    op_bitcast, op_unpack4, op_unpack8, op_dot4_u8, op_sign;
op_function op_fadd, op_fsub, op_fmul, op_fdiv, op_fneg, op_fmin, op_fmax, op_fabs, op_fsign, op_fma, op_sqrt, op_rsqrt,
    op_recip, op_floor, op_ceil, op_round, op_trunc, op_is_nan, op_is_inf, op_is_finite;
op_function op_exp, op_exp2, op_log, op_log2, op_sin, op_cos, op_tan, op_asin, op_acos, op_atan, op_sinh, op_cosh,
    op_tanh;
/* a * b + c rounded once, of f32 or f64 operands, also where the processor has no such instruction. */
LLVMValueRef float_fma(struct lower *l, LLVMValueRef a, LLVMValueRef b, LLVMValueRef c);
/* Casts that touch a float: float_cast.c. */
LLVMValueRef float_cast(struct operands *o);
LLVMValueRef float_to_half_bits(struct lower *l,
                                LLVMValueRef v); /* float to i16, to nearest even; NaN is the quiet one */
LLVMValueRef float_from_half_bits(struct lower *l, LLVMValueRef v);
LLVMValueRef float_to_brain_bits(struct lower *l, LLVMValueRef v);
LLVMValueRef float_from_brain_bits(struct lower *l, LLVMValueRef v);
LLVMValueRef float_canonical_bits(struct lower *l, LLVMValueRef v); /* of an f32 or f64, its NaNs made the one */
/* Subgroup operations: op_subgroup.c. The group is the subgroup. */
struct value subgroup_lower(struct lower *l, const struct ir_expr *e, const struct value *args);

/* -- memory: memory.c, gather.c, atomic.c */

struct array *array_of(struct lower *l, const struct ir_buffer *b);
struct value memory_load(struct lower *l, const struct array *a, const struct value *index);
/* As memory_load of bytes from a window, each replaced by what the table of 256 bytes has for it. False where there is no window. */
bool memory_load_mapped(struct lower *l, const struct array *a, const struct value *index,
                        const struct ir_buffer *table, struct value *result);
void memory_store(struct lower *l, const struct array *a, const struct value *index, const struct value *v);
/* Stores one after the other, those that fill a window together as one. */
struct pending_store {
    struct value index, value;
    bool in_bounds;
};
/* parts[j], lane k, becomes scalar k * n + j. interleave.c */
LLVMValueRef memory_interleave(struct lower *l, LLVMValueRef *parts, uint32_t n);
void memory_store_run(struct lower *l, const struct array *a, const struct pending_store *pending, uint32_t n);
/* What this program only reads. */
bool memory_is_constant(const struct ir_buffer *b);
LLVMValueRef memory_address(struct lower *l, const struct array *a, LLVMValueRef index);
/* On a device: an element in the form it has in memory, 0 outside; neighbouring ones that are inside, the first aligned to all their bytes. */
void memory_load_clamped(struct lower *l, const struct array *a, LLVMValueRef index, LLVMValueRef *parts);
LLVMValueRef memory_load_row(struct lower *l, const struct array *a, LLVMValueRef first, LLVMTypeRef type);
void memory_store_row(struct lower *l, const struct array *a, LLVMValueRef first, const struct value *values,
                      uint32_t n);
/* i1 or mask: index < count. */
/* The array for an access with this claim, whose index has been lowered: where claims are checked, code that stops the process where it
 * is wrong. */
struct array array_for(struct lower *l, const struct ir_buffer *b, bool in_bounds, const struct value *index);
LLVMValueRef memory_in_bounds(struct lower *l, const struct array *a, LLVMValueRef index);
/* One scalar per lane from base + index, masked lanes 0. `index` counts scalars: vector of i32 (unsigned) or i64. */
LLVMValueRef gather_lanes(struct lower *l, const struct array *a, LLVMTypeRef elem, LLVMValueRef index,
                          LLVMValueRef mask);
void scatter_lanes(struct lower *l, const struct array *a, LLVMValueRef values, LLVMValueRef index, LLVMValueRef mask);
void atomic_lower(struct lower *l, struct ir_stmt *s);
/* At the end of a kernel: brings to memory what was kept in variables. */
void atomic_lower_totals(struct lower *l);
void copy_lower(struct lower *l, struct ir_stmt *s);
/* One element of a copy, its bytes as they are. */
void copy_element(struct lower *l, struct ir_stmt *s, LLVMValueRef to, LLVMValueRef from);
/* base + i, or an index that is out of bounds everywhere when that passes 32 bits. */
LLVMValueRef copy_index(struct lower *l, LLVMValueRef base, LLVMValueRef i);

/* Lookups in constant tables of 256 bytes by a byte: table.c. False when it is none, or a gather is as good. */
bool table_load(struct lower *l, const struct ir_expr *e, struct value *result);
LLVMValueRef table_map(struct lower *l, const struct ir_buffer *table, LLVMValueRef bytes);

/* -- functions shared by the kernels of a module, and those that the runtime has for them: helper.c, helper_fma.c */

struct helper {
    LLVMValueRef fn;
    LLVMTypeRef type;
    LLVMBasicBlockRef outer_block, outer_allocas;
    LLVMValueRef outer_fn;
    LLVMMetadataRef outer_place;
};
/* Starts an internal function for the least of the levels, and true; or finds it. Between begin and end, build_* work inside it. */
bool helper_begin(struct lower *l, struct helper *h, const char *name, LLVMTypeRef result, LLVMTypeRef *params,
                  uint32_t n_params);
void helper_end(struct lower *l, struct helper *h);
/* Elements first .. first + n - 1 (modulo 2^32) of an array as a vector, 0 past its end. */
LLVMValueRef helper_load_partial(struct lower *l, LLVMTypeRef type, uint32_t elem_bytes, LLVMValueRef base,
                                 LLVMValueRef count, LLVMValueRef first, uint32_t n);
/* Stores them: those inside, and, with a mask, of lanes in it (n is the width then). */
void helper_store_partial(struct lower *l, LLVMValueRef values, uint32_t elem_bytes, LLVMValueRef base,
                          LLVMValueRef count, LLVMValueRef first, uint32_t n, LLVMValueRef mask);
/* Stores the lanes of `mask` at base[index]. */
void helper_store_lanes(struct lower *l, LLVMValueRef values, LLVMValueRef base, LLVMValueRef index, LLVMValueRef mask);
/* a * b + c of doubles, rounded once, in integers. */
LLVMValueRef helper_fma_f64(struct lower *l, LLVMValueRef a, LLVMValueRef b, LLVMValueRef c);
LLVMValueRef helper_zeros(struct lower *l); /* 64 zero bytes, aligned */
/* Makes the entry block of l->fn, for allocas, and a first block after it. */
void function_open(struct lower *l);
void function_set_features(struct lower *l, LLVMValueRef fn);
void function_add_text(struct lower *l, LLVMValueRef fn, const char *key, const char *value);

/* -- statements: stmt.c, control.c */

void stmt_lower_block(struct lower *l, struct ir_block *block);
/* Statements from `first` up to and without `end`, NULL for the rest of the block. */
void stmt_lower_run(struct lower *l, struct ir_stmt *first, const struct ir_stmt *end);
void stmt_lower(struct lower *l, struct ir_stmt *s);
/* The memory of a local that has some. */
struct slot *local_slot(struct lower *l, const struct ir_local *local);
void local_declare(struct lower *l, const struct ir_local *local, struct value v);
void local_assign(struct lower *l, const struct ir_local *local, struct value v);
struct value local_read(struct lower *l, const struct ir_local *local);
void control_if(struct lower *l, struct ir_stmt *s);
/* An `if` that only returns, before others: true when it and the rest up to `end` have been lowered. */
bool control_guard(struct lower *l, struct ir_stmt *s, const struct ir_stmt *end);
bool control_rest(struct lower *l, struct ir_stmt *rest, const struct ir_stmt *end);
void control_for(struct lower *l, struct ir_stmt *s);
void control_while(struct lower *l, struct ir_stmt *s);
void control_break(struct lower *l);
void control_continue(struct lower *l);
/* Ends the running lanes. */
void control_end_lanes(struct lower *l);
/* The running lanes trap, and go on. */
void control_tell(struct lower *l, const struct value *code, const struct ir_told *told);
void control_trap(struct lower *l, const struct value *code, const struct ir_told *told);

/* -- groups that do not go on: leave.c */

/* i1: first + span, not wrapped, is below the i64 `count`. What does not change from round to round is on count's side. It may be
 * false for indices that pass 2^32 on the way. */
LLVMValueRef bounds_below(struct lower *l, const struct value *first, LLVMValueRef count, uint64_t span);
/* Whether the group may still jump to l->leave from here. */
bool leave_allowed(const struct lower *l);
/* To `inside` where `all` holds; it is likely. */
void leave_unless(struct lower *l, LLVMValueRef all, LLVMBasicBlockRef inside, LLVMBasicBlockRef otherwise);
/* Goes on where bounds_below holds, or to where the last check went. */
void leave_unless_below(struct lower *l, const struct value *first, LLVMValueRef count, uint64_t span);

/* -- a CPU kernel: workgroup.c, cpu.c */

/* Statements of workgroup level: phases, and what runs once. */
void workgroup_lower_run(struct lower *l, struct ir_stmt *first, const struct ir_stmt *end);
/* The linear local id of the first invocation that still runs, or -1. */
LLVMValueRef workgroup_first_alive(struct lower *l);

struct cpu_kernel {
    LLVMValueRef fn;
    uint32_t n_phases;
    uint64_t scratch_bytes;
};
struct cpu_kernel cpu_lower_program(struct lower *l, const struct ir_program *p, const char *name);
/* How many lanes the program has with these features. */
uint32_t cpu_count_lanes(struct lower *l, const struct ir_program *p);
/* A function that runs invocations one by one, with gid.x from `first` on, where all are in one row and no workgroup shows; others
 * have none. It has the parameters of a kernel. Groups of lanes that do not all do the same are left to it, so that each level has
 * one body without masks, and all levels share the other. */
bool cpu_has_singles(struct lower *l, const struct ir_program *p);
struct cpu_kernel cpu_lower_singles(struct lower *l, const struct ir_program *p, const char *name);
/* The same, as another module has it. */
LLVMValueRef cpu_declare_singles(struct lower *l, const char *name);
/* A kernel that leaves all to l->singles. */
LLVMValueRef cpu_lower_through_singles(struct lower *l, const struct ir_program *p, const char *name);

/* Tells LLVM that the buffers of a finished kernel do not overlap: alias.c. */
void alias_mark(struct lower *l, LLVMValueRef fn, const char *name);

/* -- debug info: debug.c. All take a NULL debug_info and do nothing. */

struct debug_info *debug_begin(struct arena *arena, LLVMModuleRef module, const struct ir_module *m,
                               const char *source_name, bool optimized, bool lines_only);
void debug_end(struct debug_info *d);
void debug_function(struct lower *l, LLVMValueRef fn, const struct ir_program *p);
void debug_place(struct lower *l, struct src_range range);
void debug_local(struct lower *l, const struct ir_local *local, LLVMValueRef slot);

#endif
