/* ir.h - the program IR: what a .vir file says, as a tree.
 *
 * There is one form. The frontend builds it, passes change it, the printer writes it as .vir text, emitters read it.
 * Functions (`fn`) are inlined by the frontend and never appear here. Everything lives in the module's arena; nodes
 * point to each other freely and are freed together. Expressions are pure trees and are never shared between two
 * places: copy with ir_expr_copy. Order of evaluation is the order of the text: operands left to right, nothing
 * short-circuits.
 *
 * Limits that every consumer may rely on (the frontend and the verifier enforce them), so that recursion is safe:
 * blocks nest at most IR_MAX_NESTING deep, expressions at most IR_MAX_EXPR_DEPTH. */
#ifndef VYREC_IR_H
#define VYREC_IR_H

#include "ir/base/diag.h"
#include "ir/base/intern.h"
#include "ir/base/map.h"
#include "ir/base/source.h"

enum { IR_MAX_NESTING = 256, IR_MAX_EXPR_DEPTH = 1000, IR_SUBGROUP_SIZE = 32 };

/* -- types -------------------------------------------------------------------------------------------------- */

enum ir_scalar {
    IR_NONE, /* no value */
#define TYPE(NAME, text, kind, bits, mem_bytes, compute) IR_##NAME,
#include "ir/types.def"
    IR_SCALAR_COUNT
};
enum ir_kind { IR_KIND_NONE, IR_KIND_BOOL, IR_KIND_UINT, IR_KIND_SINT, IR_KIND_FLOAT };

/* A scalar (lanes = 1) or vec2, vec4 of u32, i32 or f32. */
typedef struct {
    uint8_t scalar; /* enum ir_scalar */
    uint8_t lanes;  /* 1, 2, 4 */
} ir_type;

#define IR_TYPE(S) ((ir_type){IR_##S, 1})
static inline bool ir_type_equal(ir_type a, ir_type b)
{
    return a.scalar == b.scalar && a.lanes == b.lanes;
}
struct ir_scalar_info {
    const char *text;
    enum ir_kind kind;
    uint8_t bits, mem_bytes;
    enum ir_scalar compute;
};
extern const struct ir_scalar_info ir_scalar_infos[IR_SCALAR_COUNT];
static inline const struct ir_scalar_info *ir_type_info(ir_type t)
{
    return &ir_scalar_infos[t.scalar];
}
const char *ir_type_text(ir_type t);   /* "u32", "vec4<f32>"; static storage */
uint32_t ir_type_mem_bytes(ir_type t); /* of an element in a buffer */
static inline bool ir_type_is_int(ir_type t)
{
    return ir_type_info(t)->kind == IR_KIND_UINT || ir_type_info(t)->kind == IR_KIND_SINT;
}
static inline bool ir_type_is_signed(ir_type t)
{
    return ir_type_info(t)->kind == IR_KIND_SINT;
}
static inline bool ir_type_is_float(ir_type t)
{
    return ir_type_info(t)->kind == IR_KIND_FLOAT;
}

/* -- operations --------------------------------------------------------------------------------------------- */

enum ir_op {
#define OP(NAME, text, form, n_args, sig, types, traits, help) IR_OP_##NAME,
#include "ir/ops.def"
    IR_OP_COUNT
};
/* The other columns of ops.def: see ir/ops.h. */

enum ir_space {
#define SPACE(NAME, text, shared, help) IR_SPACE_##NAME,
#include "ir/spaces.def"
};
enum ir_access {
#define ACCESS(NAME, text, reads, writes, help) IR_ACCESS_##NAME,
#include "ir/spaces.def"
};
enum ir_atomic {
#define ATOMIC(NAME, text, floats, help) IR_ATOMIC_##NAME,
#include "ir/atomics.def"
};
enum ir_order {
#define ORDER(NAME, text) IR_ORDER_##NAME,
#include "ir/atomics.def"
};
enum ir_collective {
#define COLLECTIVE(NAME, text, help) IR_COLLECTIVE_##NAME,
#include "ir/spaces.def"
};
enum ir_stmt_kind {
#define STMT(NAME, text, traits, help) IR_STMT_##NAME,
#include "ir/stmts.def"
    IR_STMT_COUNT
};

/* -- declarations ------------------------------------------------------------------------------------------- */

struct ir_expr;
struct ir_stmt;

/* Every array: storage and uniform buffers, data, workgroup and local arrays, a pipeline's parameters and temps. */
struct ir_buffer {
    const char *name; /* interned */
    struct src_range range;
    enum ir_space space;
    enum ir_access access; /* DATA: READ; WORKGROUP, PRIVATE and temps: READ_WRITE */
    ir_type elem;
    bool sized;                 /* has a declared count */
    uint64_t count;             /* the count when it is a constant */
    struct ir_expr *count_expr; /* temps: a host expression over the pipeline's lengths and params; else NULL */
    int32_t binding;            /* -1 when not given */
    uint32_t align_bytes;       /* 0 when not given */
    bool streaming, live_out;
    bool no_zeros;  /* nobody sees the zeros that it begins with: workgroup and local arrays, `write` buffers */
    bool has_bytes; /* bytes(a..b) */
    uint64_t bytes_begin, bytes_end;
    uint32_t index;       /* position in its owner's list */
    struct ir_data *data; /* DATA only: the bytes */
};

/* A module-level constant table. */
struct ir_data {
    struct ir_buffer buffer;    /* space DATA, sized */
    const unsigned char *bytes; /* count * mem_bytes, little-endian */
    uint64_t size_bytes;
    const char *path;     /* as written in file("..."), else NULL */
    bool written_as_text; /* "..." rather than [...] */
};

/* A scalar given at launch, of a program or a pipeline. */
struct ir_param {
    const char *name;
    struct src_range range;
    ir_type type;
    uint32_t index;
};

/* A let, a var, or a loop variable. */
struct ir_local {
    const char *name; /* unique among the locals of its program (ir_local_new sees to it) */
    struct src_range range;
    ir_type type;
    bool is_mutable;
    uint32_t index; /* dense in the program: for side tables */
};

/* -- expressions -------------------------------------------------------------------------------------------- */

struct ir_expr {
    uint16_t op; /* enum ir_op */
    ir_type type;
    uint8_t n_args;
    union {
        uint8_t component; /* ids: 0..2 for .x .y .z; EXTRACT: 0..3 */
        bool in_bounds;    /* LOAD: a claim that the index is never past the end; see passes/bounds.h */
    };
    uint16_t depth; /* 1 + the deepest operand */
    struct src_range range;
    union {
        uint64_t bits;            /* CONST: zero-extended bit pattern; bool is 0 or 1 */
        struct ir_local *local;   /* LOCAL */
        struct ir_param *param;   /* PARAM */
        struct ir_buffer *buffer; /* LOAD, LEN */
    };
    struct ir_expr *args[]; /* n_args; LOAD: args[0] is the u32 index */
};

/* -- statements --------------------------------------------------------------------------------------------- */

struct ir_block {
    struct ir_stmt *first, *last;
    struct ir_stmt *owner; /* the statement it belongs to; NULL for a body */
};

struct ir_arg; /* of an arm */

/* What a trap tells in a program that stands for several arms: which of them, and which of its invocations. */
struct ir_told {
    uint32_t arm;               /* index into the program's trap_arms; 0 where it has none */
    struct ir_expr *invocation; /* u32; NULL: the launch's own */
    bool goes_on;               /* WHILE: the invocation leaves the loop, and does not end */
};

struct ir_stmt {
    enum ir_stmt_kind kind;
    struct src_range range;
    struct ir_stmt *prev, *next;
    struct ir_block *parent;
    /* clang-format off */
    union {
        struct { struct ir_local *local; struct ir_expr *value; } let;    /* LET, VAR, ASSIGN */
        struct { struct ir_buffer *buffer; struct ir_expr *index, *value; bool in_bounds; } store; /* a claim, as of loads */
        struct { struct ir_expr *cond; struct ir_block then_block, else_block; bool has_else; } if_;
        /* The variable takes from, from + step, ... as long as it is below `to`, without wrapping; step is positive. */
        struct { struct ir_local *local; struct ir_expr *from, *to; uint64_t step; struct ir_block body; } for_;
        struct { struct ir_expr *cond, *max; struct ir_block body; struct ir_told told; } while_; /* max: u32, read once */
        struct { const char *name; struct ir_block body; } scope;         /* BLOCK, REGION */
        struct {
            enum ir_atomic op;
            enum ir_order order;
            bool order_given;
            bool declares;           /* `let old = ...`; otherwise an assignment to a var */
            struct ir_local *result; /* NULL when the old value is not used */
            struct ir_buffer *buffer;
            struct ir_expr *index, *expected, *value; /* expected: CAS only */
            bool in_bounds;                           /* a claim, as of loads */
        } atomic;
        struct { struct ir_buffer *dst, *src; struct ir_expr *dst_index, *src_index, *count; uint32_t tag; } copy;
        struct { uint32_t tag; } wait;
        struct { struct ir_expr *code; struct ir_told told; } trap; /* TRAP, TELL; u32 */
        struct ir_arm *arm;
        struct { struct ir_buffer *buffer; } host;
        struct { enum ir_collective op; struct ir_buffer *dst, *src; } collective; /* BROADCAST: dst only */
    };
    /* clang-format on */
};

/* -- programs and pipelines --------------------------------------------------------------------------------- */

struct ir_trap_arm {
    const char *arm, *program;
};
enum { IR_MAX_TRAP_ARMS = 16 };

struct ir_program {
    const char *name;
    struct src_range range;
    const char *op_name; /* #[op("...")] or NULL */
    bool self_exclusive;
    bool internal;                     /* #[internal]: run by pipelines alone, no functions for C */
    VEC(struct ir_trap_arm) trap_arms; /* #[internal("arm", "program", ...)]: whose traps it reports; empty: its own */
    const char
        *arms; /* #[arms("one two")]: those that became it, as they were written; NULL: it is nobody but itself */
    bool has_window;
    uint32_t window;       /* #[window(n)] */
    uint32_t workgroup[3]; /* always set: a new program has 64, 1, 1 */
    uint32_t n_workgroup;  /* components written; 0: none */
    struct src_range workgroup_range;
    struct ir_expr
        *dispatch[3];    /* invocations; host expressions of type u32 over own buffers' lengths, params, constants */
    uint32_t n_dispatch; /* components written; 0: the element count of the largest written buffer */
    VEC(struct ir_buffer *) buffers; /* STORAGE, in order of declaration */
    VEC(struct ir_buffer *) arrays;  /* WORKGROUP and PRIVATE */
    VEC(struct ir_param *) params;
    VEC(struct ir_local *) locals; /* all, by index */
    struct ir_block body;
    struct map local_names;    /* build.c: names in use -> suffixes tried + 1 */
    uint32_t n_declared_names; /* build.c: buffers, arrays and params that are in local_names */
    uint32_t index;
    struct ir_module *module;
};

struct ir_arg {
    const char *name; /* of the program's buffer or param */
    struct src_range range;
    struct ir_buffer *formal_buffer; /* one of the two formals */
    struct ir_param *formal_param;
    struct ir_buffer *buffer; /* pipeline parameter, temp, for a formal buffer */
    struct ir_expr *value;    /* host expression, for a formal param */
};

struct ir_arm {
    const char *name;
    struct src_range range;
    struct ir_program *program;
    VEC(struct ir_arg) args; /* one per buffer and param of the program, in the program's order: buffers, then params */
};

/* What the arm was before passes made it: names with spaces between. */
static inline const char *ir_arm_written_names(const struct ir_arm *arm)
{
    return arm->program->arms ? arm->program->arms : arm->name;
}

struct ir_pipeline {
    const char *name;
    struct src_range range;
    VEC(struct ir_buffer *) buffers; /* parameters */
    VEC(struct ir_param *) params;
    VEC(struct ir_buffer *) temps; /* index continues that of buffers */
    uint64_t budget_bytes;         /* 0: none given */
    struct ir_block body;          /* ARM, HOST, COLLECTIVE */
    bool internal;                 /* run by the runtime alone (chunks.h): no functions for C, never printed */
    uint32_t index;
    struct ir_module *module;
};

struct ir_chunk_list;

enum ir_item_kind { IR_ITEM_DATA, IR_ITEM_PROGRAM, IR_ITEM_PIPELINE };
struct ir_item {
    enum ir_item_kind kind;
    union {
        struct ir_data *data;
        struct ir_program *program;
        struct ir_pipeline *pipeline;
    };
};

struct ir_module {
    struct arena *arena;
    struct intern *names;
    struct sources *sources;
    VEC(const struct source_file *) files; /* whose text it is: the one that was read, then its imports by first use */
    VEC(struct ir_item) items;             /* in order of declaration: the order of printing */
    VEC(struct ir_data *) data;
    VEC(struct ir_program *) programs;
    VEC(struct ir_pipeline *) pipelines;
    struct map item_names;          /* build.c: the names of items; locals keep clear of them */
    VEC(const char *) dependencies; /* files read beside the first, for depfiles; in order of first use */
    struct ir_chunk_list *chunks;   /* chunks.h; NULL: none were looked for */
    bool has_claims;                /* some access may have in_bounds */
    bool copies_claims;             /* copies of statements and expressions keep it */
};

#define IR_EACH_STMT(s, block) for (struct ir_stmt *s = (block)->first; s; s = s->next)

#endif
