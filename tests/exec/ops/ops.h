/* ops.h - every operation of ops.def on every executor: the parts of the test.
 *
 * Programs are written from the tables, as .vir text, each with the buffers it is launched on (cases_*.c). A batch of
 * them is read by the frontend, run in the interpreter, compiled into one object, loaded, and run at each level that
 * this processor has; every byte of every written buffer must be equal (run.c). Buffers end at a page that may not be
 * touched. */
#ifndef VYREC_TESTS_EXEC_OPS_H
#define VYREC_TESTS_EXEC_OPS_H

#include "ir/ops.h"

enum { N_BOUNDARY = 24, MAX_BUFFERS = 8, MAX_OPERANDS = 4 };

struct case_buffer {
    ir_type type;
    uint64_t count;
    unsigned char *bytes; /* contents before the launch; NULL: zeros */
};

struct test_case {
    const char *name;                        /* of the program */
    struct case_buffer buffers[MAX_BUFFERS]; /* in the program's order */
    uint32_t n_buffers;
    uint64_t params[MAX_OPERANDS];
    uint32_t n_operands; /* the first buffers are operands, to be shown when results differ */
};

struct batch {
    struct memory *mem;
    struct arena arena;
    struct out text;
    VEC(struct test_case *) cases;
    uint32_t n_data; /* `data` items so far, for their names */
    bool dry;        /* only note which operations are used */
    bool *used;      /* by enum ir_op */
    uint32_t opt_level;
    bool is_wide_only; /* cases with buffers of 64-bit elements */
    unsigned long n_passed, n_failed;
};

/* -- values.c ---------------------------------------------------------------------------------------------------- */

/* Value k modulo 24 of the boundary values of a type, as a bit pattern. */
uint64_t boundary_value(enum ir_scalar s, uint32_t k);
/* A pattern of the type; k gives the same one each time. */
uint64_t random_value(enum ir_scalar s, uint64_t k);
/* Element i of a buffer gets the patterns of its components. */
void put_value(struct case_buffer *b, uint64_t i, uint32_t component, uint64_t bits);
struct case_buffer buffer_new(struct batch *b, ir_type type, uint64_t count);
/* A buffer with the 24 boundary values. */
struct case_buffer buffer_of_boundary(struct batch *b, ir_type type);

/* -- text.c ------------------------------------------------------------------------------------------------------ */

/* A new case whose program has this name and, from the buffers given, these declarations; the text of the body must
 * follow, and then end_program. Names of buffers: a, b, c, d for operands, then out. */
struct test_case *begin_program(struct batch *b, const char *workgroup, const char *dispatch,
                                const struct case_buffer *operands, uint32_t n_operands, struct case_buffer out,
                                const char *format, ...) __attribute__((format(printf, 7, 8)));
void end_program(struct batch *b);
/* op(args), as it is written. `result` decides casts. */
void write_operation(struct batch *b, enum ir_op op, ir_type result, const char *const *args);
const char *constant_text(struct batch *b, ir_type type,
                          uint32_t k); /* boundary value k, for vectors in each component */

/* -- cases_*.c: each writes the programs of a family, calling flush_batch now and then ------------------------------
 */

typedef void write_family(struct batch *b);
write_family write_byte_cases, write_integer_cases, write_float_cases, write_math_cases, write_cast_cases,
    write_vector_cases, write_lane_cases, write_memory_cases;

/* -- families.c -------------------------------------------------------------------------------------------------- */

/* False when there is no such family; `coverage` runs none, and looks whether all of them use every operation. */
bool run_named_family(struct batch *b, const char *name);
const char *family_name(uint32_t k); /* NULL: there are no more */

/* -- run.c ------------------------------------------------------------------------------------------------------- */

/* Runs what has been written and begins anew. */
void flush_batch(struct batch *b);
/* The same when the batch is large enough. */
void flush_full_batch(struct batch *b);
void run_set_up(void);

#endif
