/* vyre_container.h - what lies in an object's section .vyre.images: the one description that codegen/container.c, which
 * writes it, and the runtime and vyre-objdump, which read it, share. Not for users.
 *
 *     +--------------------+ 0, aligned to 64
 *     | struct vyre_container
 *     | struct vyre_image [n_images]          the index
 *     | strings                               NUL-terminated, the first one is ""
 *     +--------------------+ head_bytes       everything so far is under one checksum
 *     | image, image, ...                     each aligned to 64, followed by at least 64 bytes that may be read
 *     +--------------------+ size_bytes
 *
 * All integers are little-endian, all structs of natural alignment without holes. Offsets are from the container's
 * start unless said otherwise. Several containers may follow each other in a section (`ld -r`, or a linked program):
 * size_bytes leads to the next. The contents depend on the source, options and compiler version alone. A reader refuses
 * another major version and ignores kinds and flags below VYRE_IMAGE_MUST that it does not know. */
#ifndef VYRE_CONTAINER_H
#define VYRE_CONTAINER_H

#include <stdint.h>

#include "runtime-stub/vyrert.h"

#define VYRE_CONTAINER_MAGIC "VYREIMGS" /* 8 bytes, without the NUL */
enum { VYRE_CONTAINER_VERSION = 1, VYRE_CONTAINER_ALIGN = 64, VYRE_CONTAINER_TAIL = 64 };

struct vyre_container {
    uint8_t magic[8];
    uint32_t version;
    uint32_t self_check; /* low half of vyre_checksum of the rest of this struct, bytes 16 .. 63 */
    uint64_t checksum;   /* vyre_checksum of bytes 24 .. head_bytes - 1 */
    uint64_t size_bytes; /* of everything, a multiple of 64 */
    uint64_t head_bytes; /* of this struct, the index and the strings */
    uint32_t n_images;
    uint32_t image_bytes; /* of an index entry, at least 64 */
    uint64_t strings;     /* offset */
    uint64_t strings_bytes;
};

/* Numbers are for ever. */
enum vyre_image_kind {
    VYRE_IMAGE_METADATA = 1, /* struct vyre_meta and its tables; exactly one, never compressed */
    VYRE_IMAGE_DATA = 2,     /* of the `data` item of its name; never compressed: CPU code reads it in place */
    VYRE_IMAGE_CPU = 3, /* tells that the object has CPU code for triple and arch; no bytes: the code is in .text */
    VYRE_IMAGE_PTX = 4, /* text, NUL-terminated */
    VYRE_IMAGE_CUBIN = 5,
    VYRE_IMAGE_AMDGCN = 6, /* linked code object */
    VYRE_IMAGE_SPIRV = 7,  /* words */
};

enum vyre_image_flag {
    VYRE_IMAGE_ZSTD = 1,          /* one zstd frame of real_bytes */
    VYRE_IMAGE_MUST = 0x40000000, /* this and higher bits: a reader that does not know the flag must refuse the image */
};

struct vyre_image {
    uint32_t kind, flags;
    uint64_t offset;
    uint64_t stored_bytes; /* in the container */
    uint64_t real_bytes;   /* when decompressed; else the same */
    uint64_t checksum;     /* vyre_checksum of the stored bytes */
    uint32_t triple, arch; /* in the strings: "x86_64-unknown-linux-gnu", "x86-64-v3" */
    uint32_t name;         /* in the strings: of a data item, of a program for images that hold just one; else "" */
    uint32_t reserved;
    uint64_t reserved2;
};

/* -- metadata: the interface of programs and pipelines, and how to launch them ----------------- */

enum { VYRE_META_VERSION = 8, VYRE_META_NONE = -1, VYRE_META_MAX_DEPTH = 1024 };

/* A table: offset from the start of the metadata, and entries. Tables lie one after the other in the order below. */
struct vyre_meta_table {
    uint32_t offset, n;
};

struct vyre_meta {
    uint32_t version;
    uint32_t n_programs; /* the first units; the others are pipelines */
    struct vyre_meta_table units, trap_arms, buffers, params, steps, deps, args, chunks, windows, weights, ops;
    struct vyre_meta_table strings; /* n is bytes; the last one is a NUL */
};

/* Where a host expression begins in the table of ops, or VYRE_META_NONE. */
typedef int32_t vyre_meta_expr;

/* What a program asks of whoever runs it: bits 1 << VYRE_NEED_.... */
enum vyre_need {
#define NEED(NAME, text) VYRE_NEED_##NAME,
#include "runtime-stub/needs.def"
    VYRE_NEED_COUNT
};

struct vyre_meta_unit {
    uint32_t name, symbol;            /* in the metadata's strings */
    uint32_t first_buffer, n_buffers; /* arguments */
    uint32_t n_temps;                 /* pipelines: buffers that follow the arguments in the table */
    uint32_t first_param, n_params;
    uint32_t first_step, n_steps;         /* pipelines */
    uint32_t workgroup[3];                /* programs */
    vyre_meta_expr dispatch[3];           /* programs: invocations in x, y, z */
    uint32_t op_name;                     /* of #[op("...")]; "" */
    uint32_t first_trap_arm, n_trap_arms; /* programs: whose traps it reports; none: its own */
    uint64_t budget_bytes;                /* of temps; 0: no limit */
    uint64_t args_bytes;                  /* of the argument struct */
    uint8_t fingerprint[32];
    uint32_t needs;   /* programs: enum vyre_need */
    uint32_t nesting; /* programs: how deep blocks nest; a loop counts 2, one with `max` 3 */
    vyre_meta_expr
        rounds; /* programs: so often at most an invocation comes to the start of a loop; or NONE: no bound */
    uint32_t has_free_width; /* programs: workgroups of any width compute the same */
    uint32_t arms;           /* programs: names, with spaces between, of the arms that passes made it of; "": of none */
    vyre_meta_expr rounds_of_large; /* programs: `rounds` of the image VYRE_SPIRV_LARGE, where it has fewer; or NONE */
};

/* An arm of those that became one program, and the program that it was: in the metadata's strings. What such a program reports
 * of a trap has the arm's number: VYRE_CPU_TRAP_ARM_SHIFT, vyre_trap_record. */
enum { VYRE_META_MAX_TRAP_ARMS = 16 };
struct vyre_meta_trap_arm {
    uint32_t arm, program;
};

enum vyre_meta_buffer_flag {
    VYRE_META_SIZED = 1, /* `count` elements at least, and only those are used */
    VYRE_META_STREAMING = 2,
    VYRE_META_LIVE_OUT = 4,
    VYRE_META_BYTES = 8,        /* only bytes bytes_begin .. bytes_end - 1 need to return to the host */
    VYRE_META_CHUNK_INPUT = 16, /* of pipelines that run chunks: a part of it for each; temps have parts too */
    VYRE_META_CHUNK_OUTPUT = 32,
};

struct vyre_meta_buffer {
    uint32_t name;
    uint8_t type, lanes; /* enum vyre_type */
    uint8_t access;      /* enum vyre_access; temps are READ_WRITE */
    uint8_t flags;
    uint32_t elem_bytes, align_bytes;
    int32_t binding;           /* -1: none given */
    vyre_meta_expr prefix;     /* WRITE in a program: elements below it are all written, the others need zeros */
    vyre_meta_expr count_expr; /* temps: elements */
    uint32_t slot;             /* temps: those of one slot are never alive at once, and share its memory */
    uint64_t count;            /* SIZED */
    uint64_t bytes_begin, bytes_end;
    uint64_t arg_offset; /* of its vyre_span in the argument struct */
};

struct vyre_meta_param {
    uint32_t name;
    uint8_t type;
    uint8_t bytes; /* in the argument struct */
    uint16_t reserved;
    uint64_t arg_offset;
};

enum vyre_meta_step_kind {
    VYRE_META_ARM = 1,  /* launches program `target` */
    VYRE_META_HOST = 2, /* buffer `target` of the pipeline must be visible to the host here */
};

struct vyre_meta_step {
    uint32_t kind, name, target;
    uint32_t first_arg;         /* ARM: one per buffer of the program, then one per param */
    uint32_t first_dep, n_deps; /* ARM: the launches it waits for, in ascending order */
};

/* An earlier ARM of the same pipeline, the first being 0. A launch waits for those that write what it uses, or use what it
 * writes, slots included; what they wait for it need not name. */
struct vyre_meta_dep {
    uint32_t launch;
};

/* What an arm passes: for a buffer, its number in the pipeline (arguments, then temps); for a param, where its
 * expression begins. */
struct vyre_meta_arg {
    uint32_t value;
};

/* How a unit with `streaming` arguments runs in chunks, or why it cannot: ir/chunks.h says what the pipeline's params are. */
struct vyre_meta_chunks {
    uint32_t unit;
    uint32_t pipeline; /* that runs a chunk: a unit of the same buffers and arms as `plan`; or NONE (as u32) */
    uint32_t reason;   /* in the strings; NONE: why */
    uint32_t first_window, n_windows;
    uint32_t plan; /* whose grids and temps are meant: the unit, or a pipeline of the same arguments with other arms */
    uint32_t near_only;               /* in the strings: why ids cannot begin anew, or "" */
    uint32_t first_weight, n_weights; /* of each arm, then of each buffer; none where `near_only` says why */
    uint64_t margin, heaviest;        /* in steps; what no position grows by with a step */
};

/* Of a step: workgroups of an arm, or elements of a buffer; 0: it has none. */
struct vyre_meta_weight {
    uint64_t value;
};

/* Workgroup g of an arm touches elements of a buffer from floor(numerator * g / denominator) + low on, `count` of them, and no
 * others. Arms that write temps write nothing else. */
struct vyre_meta_window {
    uint32_t arm, buffer; /* of the plan: arguments, then temps */
    uint32_t is_store, reserved;
    uint64_t numerator, denominator, count; /* at least 1; below 2^40 */
    int64_t low;                            /* the same on both sides of 0 */
};
enum { VYRE_META_ARM_PARAMS = 4, VYRE_META_BUFFER_PARAMS = 3, VYRE_META_WINDOW_BITS = 40, VYRE_META_WEIGHT_BITS = 31 };
#define VYRE_META_MOST_CHUNK_ELEMENTS                                                                                  \
    UINT64_C(0xC0000000) /* of any buffer; and invocations of a grid: less the steps */
#define VYRE_META_MOST_CHUNK_POSITION                                                                                  \
    UINT64_C(0x80000000)                         /* what lies in a chunk ends here, where it counts in steps */
#define VYRE_META_CHUNK_FAR UINT64_C(0x20000000) /* and this far behind it are ends that do not lie in it */

/* Host expressions: postfix, over the unit's buffer lengths and params, ended by END with one value left. Values are
 * unsigned 64-bit; the arithmetic is checked: overflow, a negative difference, a division by zero, a shift by the
 * type's width or more, a float, and a constant, param or cast that its type cannot hold as a number that is not
 * negative, are errors of the launch. */
enum vyre_meta_op_kind {
#define VYRE_META_OP(NAME, n_args) VYRE_META_OP_##NAME,
#define VYRE_META_OPS(OP)                                                                                              \
    OP(END, 1)                                                                                                         \
    OP(CONST, 0) /* value */                                                                                           \
    OP(LEN, 0)   /* value: number of the unit's buffer */                                                              \
    OP(PARAM, 0) /* value: number of the unit's param; its bits */                                                     \
    OP(ADD, 2)                                                                                                         \
    OP(SUB, 2)                                                                                                         \
    OP(MUL, 2)                                                                                                         \
    OP(DIV, 2)                                                                                                         \
    OP(REM, 2)                                                                                                         \
    OP(MIN, 2)                                                                                                         \
    OP(MAX, 2)                                                                                                         \
    OP(AND, 2)                                                                                                         \
    OP(OR, 2)                                                                                                          \
    OP(XOR, 2)                                                                                                         \
    OP(SHL, 2)                                                                                                         \
    OP(SHR, 2)                                                                                                         \
    OP(EQ, 2)                                                                                                          \
    OP(NE, 2)                                                                                                          \
    OP(LT, 2)                                                                                                          \
    OP(LE, 2)                                                                                                          \
    OP(GT, 2)                                                                                                          \
    OP(GE, 2)                                                                                                          \
    OP(LAND, 2)                                                                                                        \
    OP(LOR, 2)                                                                                                         \
    OP(LNOT, 1)                                                                                                        \
    OP(SELECT, 3) /* condition, then, else */                                                                          \
    OP(CAST, 1)   /* to `type` */
    VYRE_META_OPS(VYRE_META_OP)
#undef VYRE_META_OP
        VYRE_META_OP_COUNT
};

struct vyre_meta_op {
    uint8_t op;
    uint8_t type; /* of the result: enum vyre_type; 0 for the bits as they are, of any type */
    uint16_t reserved;
    uint32_t depth; /* values on the stack after this operation; the unit's deepest is at most VYRE_META_MAX_DEPTH */
    uint64_t value;
};
/* -- images of kind SPIRV ---------------------------------------------------------------------- */

enum vyre_spirv_flag {
    VYRE_SPIRV_INT64 = 1, /* uses 64-bit integers */
    VYRE_SPIRV_FLOAT64 = 2,
    VYRE_SPIRV_INT64_ATOMICS = 4,
    VYRE_SPIRV_FLOAT32 = 8,            /* uses f32, with the float controls that go with it */
    VYRE_SPIRV_SMALL_STORAGE = 16,     /* has storage of 8 or 16 bits */
    VYRE_SPIRV_ADDRESSES = 64,         /* takes addresses of its buffers, not bindings */
    VYRE_SPIRV_NATIVE_SUBGROUPS = 128, /* full subgroups of 32 lanes */
    VYRE_SPIRV_COUNTS_ROUNDS = 256, /* tells when an invocation went around more often than VYRE_SPIRV_ROUNDS_ID says */
    VYRE_SPIRV_FREE_WIDTH = 32,     /* the workgroup's width is the specialisation constant VYRE_SPIRV_WIDTH_ID */
};
enum { VYRE_SPIRV_WIDTH_ID = 16, VYRE_SPIRV_ROUNDS_ID = 17 };
enum { VYRE_SPIRV_CUT_AT = 128 }; /* of a u32 behind a launch's trap record */
enum { VYRE_SPIRV_NONE = 0xFFFFFFFF };

/* One program: this head, then n_buffers bindings, n_tables pairs of (number of the DATA image, binding), n_params
 * offsets in the launch's words, n_trap_codes codes, n_trap_codes arms, all u32, then the module. What the launch's words are:
 * codegen/spirv/spirv.h. A program may have a second image of the architecture VYRE_SPIRV_WORDS, without storage of 8 and
 * 16 bits and without 64-bit integers, for devices that lack one of them; and one of the architecture VYRE_SPIRV_LARGE, for
 * launches with a buffer that is longer than the device can bind or with more rounds of loops than it does: in place of bindings it has
 * offsets of addresses in the launch's words. */
#define VYRE_SPIRV_PLAIN "vulkan1.2"
#define VYRE_SPIRV_WORDS "vulkan1.2-words"
#define VYRE_SPIRV_SUBGROUPS "vulkan1.2-subgroups" /* with subgroup operations of the device's */
#define VYRE_SPIRV_LARGE "vulkan1.2-large"
struct vyre_spirv_head {
    uint32_t head_bytes;                  /* of this struct; the lists follow */
    uint32_t module_offset, module_bytes; /* from the image's start */
    uint32_t flags;
    uint32_t n_buffers, n_tables, n_params;
    uint32_t trap_binding; /* of struct vyre_trap_record, or NONE */
    uint32_t args_binding; /* of the launch's words where they are not push constants, else NONE */
    uint32_t args_bytes;
    uint32_t workgroup_bytes; /* shared memory */
    uint32_t n_trap_codes;    /* 0: of a trap record that tells the code */
};

/* What a program that may trap writes to; zeros before the launch. One that has few codes, all constants, writes to an array of u32
 * instead, one per code and arm: the greatest of ~invocation of those that trapped with it. Otherwise there is a record for each of the
 * arms that the program stands for, or one. */
enum { VYRE_SPIRV_MAX_TRAP_CODES = 16 };
struct vyre_trap_record {
    uint64_t key; /* the greatest of ~invocation << 32 | code, invocations as 32 bits; 0: none has trapped */
};

/* -- checksum ---------------------------------------------------------------------------------- */

/* A hash of little-endian 64-bit words, the last filled up with zeros, and of the length. Each step is a bijection of
 * the state for a given word and of the word for a given state: a change within one word is always found, any other
 * with 1 - 2^-64. For damage, not against forgery. */
static inline uint64_t vyre_checksum(const void *bytes, uint64_t n)
{
    const unsigned char *p = (const unsigned char *)bytes;
    uint64_t hash = UINT64_C(0x9e3779b97f4a7c15) ^ n;
    for (uint64_t i = 0; i < n; i += 8) {
        uint64_t word = 0, here = n - i < 8 ? n - i : 8;
        for (uint64_t k = 0; k < here; k++)
            word |= (uint64_t)p[i + k] << (8 * k);
        hash = (hash ^ word) * UINT64_C(0xd6e8feb86659fd93);
        hash ^= hash >> 32;
    }
    return hash;
}

#endif
