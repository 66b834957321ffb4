/* facts.h - what can be proved about a program without running it. Conservative: "no" means "not proved".
 * A fact is computed for one program at one time; changing the program makes it stale. All are linear up to the nesting
 * of loops. */
#ifndef VYREC_IR_FACTS_H
#define VYREC_IR_FACTS_H

#include "ir/ir.h"
#include "ir/base/map.h"

/* -- uniformity: is a value the same for all invocations of a workgroup; do all of them execute a statement together?
 * Or of the whole grid, for grid_barrier.
 * ------------------------------------------------------------------------------------ */

struct ir_uniformity {
    struct arena *arena;
    const struct ir_program *program;
    bool of_grid;         /* for all invocations of the launch, not of one workgroup */
    bool *local_uniform;  /* by local index: at every use all invocations that are there hold one value */
    bool *buffer_written; /* by index of a storage buffer: the program writes it somewhere */
    struct map divergent; /* statement or block that not all invocations (trapped ones apart) reach together, each round
                             of its loops -> the statement that may split them */
};
void ir_uniformity_compute(struct ir_uniformity *u, struct arena *arena, const struct ir_program *p);
void ir_grid_uniformity_compute(struct ir_uniformity *u, struct arena *arena, const struct ir_program *p);
bool ir_expr_is_uniform(const struct ir_uniformity *u, const struct ir_expr *e);
bool ir_stmt_is_uniform(const struct ir_uniformity *u, const struct ir_stmt *s);
/* Is every round of it begun by all? For the body of a `while` this also holds of its condition. */
bool ir_block_is_uniform(const struct ir_uniformity *u, const struct ir_block *b);
/* Why a statement is divergent: the place of the condition, jump or loop that may split the workgroup. */
struct src_range ir_divergence_cause(const struct ir_uniformity *u, const struct ir_stmt *s);
struct src_range ir_block_divergence_cause(const struct ir_uniformity *u, const struct ir_block *b);

/* -- liveness: at a statement, which locals' values may still be read after it
 * ---------------------------------------------- One interval per local, from its declaration to its last reader, a
 * whole loop where that stands in a loop that does not declare it: linear where sets per statement would not be. So a
 * var that is assigned before it is read again counts as live. */

struct ir_live_interval {
    uint32_t declared;       /* positions of statements in the order of the text; none: never defined */
    uint32_t last_use;       /* of the last reader, 0 without one */
    uint32_t loop, loop_end; /* the last loop around a reader that does not declare the local */
};
struct ir_liveness {
    const struct ir_program *program;
    struct map positions;            /* statement -> position + 1 */
    uint32_t *ends;                  /* by position: after the last statement inside */
    struct ir_live_interval *locals; /* by index */
};
void ir_liveness_compute(struct ir_liveness *l, struct arena *arena, const struct ir_program *p);
bool ir_is_live_after(const struct ir_liveness *l, const struct ir_stmt *s, const struct ir_local *local);

/* -- aliasing: may two buffers of a pipeline or program be the same memory? ---------------------------------------- */

enum ir_alias { IR_ALIAS_NO, IR_ALIAS_MAY, IR_ALIAS_MUST };
/* Within a program: different spaces and different arrays never; two storage buffers NO, because a launch refuses
 * overlapping buffers of which one is written. Within a pipeline's arm: MUST when both formals get the same buffer. */
enum ir_alias ir_alias_in_program(const struct ir_buffer *a, const struct ir_buffer *b);
enum ir_alias ir_alias_in_arm(const struct ir_arm *arm, const struct ir_buffer *formal_a,
                              const struct ir_buffer *formal_b);

/* -- coverage: how far from element 0 a launch provably writes every element of a `write` buffer
 * ----------------------------- NULL, or a host expression E over the program's lengths and params, checked 64-bit: all
 * elements below E are written, so only those from E on need zeros first. Where E has no value (ir_host_eval is false)
 * nothing is proved. From stores b[a * gid.x + c], c = 0 .. a-1, in the body or in loops with constant bounds, guarded
 * only by gid.x < H. */
struct ir_expr *ir_written_prefix(struct ir_module *m, const struct ir_program *p, const struct ir_buffer *b);

/* -- rounds: how often an invocation comes to the start of a loop at most, all of its loops together, those of copy_async included: once
 * for each round and once more to leave --- NULL, or a host expression over the program's lengths and params, checked 64-bit; where it has
 * no value there is no bound either. `with_copies`: of code that has ir_loop_copies(loop) of each body, one behind the other. */
struct ir_expr *ir_rounds_bound(struct ir_module *m, const struct ir_program *p, bool with_copies,
                                struct arena *scratch);
/* How many copies of its body a `for` or `while` may have in code for devices that count rounds: up to 8 of short bodies without
 * `continue`, barriers and loops; else 1. */
uint32_t ir_loop_copies(const struct ir_stmt *loop);
bool ir_has_loop_copies(const struct ir_program *p); /* more than 1 anywhere */

/* -- width: whether the program computes the same with workgroups of any width in x: 1-D, without lid, wid, workgroup memory,
 * barriers or subgroups. Only the set of invocations must stay the same. */
bool ir_has_free_width(const struct ir_program *p);

/* -- fingerprint: 32 bytes that are equal for programs that mean the same up to names of locals and order of
 * declarations --- */

struct ir_fingerprint {
    uint8_t bytes[32];
};
struct ir_fingerprint ir_program_fingerprint(const struct ir_program *p, struct arena *scratch);
struct ir_fingerprint ir_pipeline_fingerprint(const struct ir_pipeline *p, struct arena *scratch);

#endif
