/* interp_code.h - the inside of the interpreter: what interp.c, interp_flatten.c, interp_step.c and interp_race.c
 * share.
 *
 * A program becomes a list of instructions over registers, flattened anew for each launch, so that an invocation is a
 * place in the list plus registers and can stop anywhere. Whatever all invocations of a launch see alike (constants,
 * params, lengths) is in a pool of constants beside the registers.
 *
 *     let x = a[gid.x] + 1u32;        0  ID    r1 = gid.x
 *     if x < n {                      1  LOAD  r1 = a[r1]
 *       barrier;              =>      2  EVAL  r0 = r1 + pool0
 *     }                               3  EVAL  r1 = r0 < pool1
 *                                     4  JUMP_UNLESS r1, 6
 *                                     5  BARRIER
 *                                     6  END                                                          */
#ifndef VYREC_IR_INTERP_CODE_H
#define VYREC_IR_INTERP_CODE_H

#include "ir/interp.h"
#include "ir/ops.h"

/* Every instruction: pasted into CODE_NAME and into the handler run_NAME. */
#define INTERP_CODES(CODE)                                                                                             \
    CODE(EVAL)        /* dst = op(args) */                                                                             \
    CODE(COPY)        /* dst = args[0] */                                                                              \
    CODE(ID)          /* dst = gid, lid, wid or lane */                                                                \
    CODE(LOAD)        /* dst = array[args[0]] */                                                                       \
    CODE(STORE)       /* array[args[0]] = args[1] */                                                                   \
    CODE(ATOMIC)      /* dst = array[args[0]], which becomes what args[1] (expected) and args[2] make of it */         \
    CODE(COPY_ASYNC)  /* array[args[0]...] = source[args[1]...], args[2] elements */                                   \
    CODE(WAIT)        /* for the copies with this tag */                                                               \
    CODE(JUMP)        /* to target */                                                                                  \
    CODE(JUMP_UNLESS) /* args[0], to target */                                                                         \
    CODE(FOR_NEXT)    /* to target with dst advanced by step, if that stays below args[0] */                           \
    CODE(WHILE_ROUND) /* dst, the rounds left, loses one; none left is trap 1, as of args[1] if there are two */       \
    CODE(BARRIER)                                                                                                      \
    CODE(GRID_BARRIER)                                                                                                 \
    CODE(SUBGROUP) /* dst = op(args) over the subgroup */                                                              \
    CODE(TRAP)     /* with code args[0], as of invocation args[1] if there are two */                                  \
    CODE(TELL)     /* the same, and goes on */                                                                         \
    CODE(END)

enum interp_code {
#define CODE(NAME) CODE_##NAME,
    INTERP_CODES(CODE)
#undef CODE
};

/* What the bytes of arrays with `no_zeros` are before they are written: whoever reads one shows. */
enum { INTERP_NO_ZERO = 0xA5 };

/* An operand: a register from 0 on, a constant of the pool as ~position. */
typedef int32_t operand;

struct inst {
    enum interp_code code;
    uint16_t op;  /* EVAL, SUBGROUP, ID: enum ir_op; ATOMIC: enum ir_atomic */
    ir_type type; /* of the result or the element */
    uint8_t component, n_args;
    bool has_dst, in_bounds; /* LOAD, STORE, ATOMIC: in_bounds as the text has it */
    ir_type arg_types[4];
    operand dst, args[4];
    const struct ir_buffer *array, *source;
    uint32_t target;    /* of jumps; WAIT, COPY_ASYNC: the tag; TRAP, TELL, WHILE_ROUND: the arm that is told */
    uint64_t step;      /* FOR_NEXT */
    uint32_t statement; /* the number, from 1 on, of the statement that begins here; else 0 */
    struct src_range range;
};

/* An array as instructions use it. */
struct array_view {
    unsigned char *bytes; /* NULL for workgroup and private arrays in struct code: their block + offset */
    uint64_t count;       /* elements */
    uint32_t elem_bytes;
    struct shadow *shadow; /* per element; NULL without race detection and where there are none: data, private arrays */
    uint64_t offset, shadow_offset;
};

struct code {
    struct arena *arena;
    VEC(struct inst) insts;
    VEC(struct ir_value) pool;
    uint32_t n_regs, n_statements;
    bool *reached;                                              /* statements that ran, by number */
    struct array_view *arrays;                                  /* of the program's `arrays` */
    uint64_t private_bytes, workgroup_bytes, workgroup_shadows; /* the size of each block */
};

/* -- race detection: what is remembered of the accesses to one element ----------------------------------- */

enum access_kind { ACCESS_READ, ACCESS_WRITE, ACCESS_ATOMIC, ACCESS_KINDS };

struct access {
    uint64_t invocation; /* 1 + position in the launch, workgroup by workgroup; 0: no access. See ACCESS_COPY */
    uint32_t epoch;      /* barriers that its workgroup had passed */
    uint32_t inst;
};
/* Marks accesses by a copy_async that was not waited for: it is an agent of its own. */
#define ACCESS_COPY ((uint64_t)1 << 63)

/* The latest access, another invocation's of the same workgroup before it, and another workgroup's: any later access
 * that conflicts with one that is forgotten conflicts with one of these too. */
struct access_history {
    struct access latest, neighbour, stranger;
};
struct shadow {
    struct access_history of[ACCESS_KINDS];
};

/* -- a launch -------------------------------------------------------------------------------------------- */

enum invocation_state { INVOCATION_RUNS, INVOCATION_AT_BARRIER, INVOCATION_AT_SUBGROUP, INVOCATION_ENDED };

struct pending_copy {
    struct pending_copy *next;
    struct array_view dst, src;
    uint64_t dst_index, src_index, n;
    uint32_t tag;
};

struct invocation {
    uint32_t pc;
    enum invocation_state state;
    uint32_t lid[3];
    uint32_t position; /* in the workgroup */
    struct ir_value *regs;
    unsigned char *private_bytes;
    struct pending_copy *copies; /* kept only for race detection */
};

struct group {
    uint64_t number; /* linear; GROUP_NONE when the slot is free */
    uint32_t wid[3];
    uint32_t epoch;
    uint32_t n_blocked, n_waiting, n_ended;      /* at a barrier, at a subgroup operation, gone */
    uint32_t *subgroup_waiting, *subgroup_ended; /* the latter two per subgroup */
    bool at_grid_barrier;
    uint32_t cursor; /* of the interleaved schedule */
    struct invocation *invocations;
    unsigned char *bytes; /* its workgroup arrays */
    struct shadow *shadow;
};
#define GROUP_NONE UINT64_MAX

struct launch {
    struct arena *arena;
    const struct ir_program *program;
    const struct ir_run_options *options;
    struct ir_run_result *result;
    struct code code;
    struct array_view *storage, *data;
    uint32_t groups[3], size[3]; /* workgroups of the launch, invocations of a workgroup */
    uint32_t group_size, n_subgroups;
    uint64_t n_groups;
    bool stop;          /* the result is final */
    bool ignores_races; /* an invocation has told a trap and goes on */
    struct pending_copy *free_copies;
};

/* How far an instruction brought its invocation. */
enum outcome { OUTCOME_NEXT, OUTCOME_ACCESS, OUTCOME_BLOCKED };

/* Fills l->code; params (bits) and array lengths become constants. */
void interp_flatten(struct launch *l, const uint64_t *params);
/* Runs the invocation until an outcome of at least `until`, or for one instruction when `until` is OUTCOME_NEXT. */
void interp_step(struct launch *l, struct group *g, struct invocation *i, enum outcome until);
/* Runs all workgroups by the schedule. */
void interp_schedule(struct launch *l);
/* Notes an access; a conflict with an earlier one ends the launch as a race. */
void interp_note_access(struct launch *l, struct shadow *shadow, const struct ir_buffer *buffer, uint64_t index,
                        enum access_kind kind, struct access access);
/* The copy is waited for: its accesses become the invocation's own. */
void interp_settle_copy(const struct pending_copy *copy, uint64_t invocation);
/* By number in the launch (workgroup by workgroup) to the id that users see: linear over the grid, x fastest. */
uint64_t interp_linear_id(const struct launch *l, uint64_t number);

#endif
