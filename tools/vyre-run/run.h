/* run.h - the parts of vyre-run: what is to be run (unit), on what bytes (args), by which executor, and what comes out.
 */
#ifndef VYREC_TOOLS_RUN_H
#define VYREC_TOOLS_RUN_H

#include "ir/interp.h"
#include "ir/ops.h"
#include "runtime-stub/vyrert.h"

/* The environment of all functions here. Faults are printed as they are found; a function that found one returns false.
 */
struct run {
    struct arena *arena;
    const char *tool; /* whose name comes first in messages */
    bool colour;
};
bool run_fail(const struct run *r, const char *fix, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* -- units: a program or pipeline with its interface, from IR or from an object -------------------------- */

struct run_array {
    const char *name;
    ir_type elem;
    enum ir_access access;
    bool sized;
    uint64_t declared;      /* count of a sized one */
    uint64_t align_bytes;   /* that executors may ask for */
    unsigned char *bytes;   /* what is run on; aligned, with canaries behind */
    unsigned char *initial; /* what it was before the run */
    uint64_t count;
    bool is_given;
    bool is_streamed; /* an input that can have parts */
    bool is_in_parts; /* and has: its bytes are in `file` */
    int file;
};
struct run_param {
    const char *name;
    enum ir_scalar type;
    uint64_t bits;
    bool is_given;
};
struct run_unit {
    const char *name;
    bool is_pipeline;
    struct run_array *arrays;
    uint32_t n_arrays;
    struct run_param *params;
    uint32_t n_params;
    const struct ir_program *program; /* from IR: one of the two */
    const struct ir_pipeline *pipeline;
    const vyre_unit *compiled; /* from an object */
    uint64_t chunk_bytes;      /* of --chunks; 0: none were asked for */
    bool in_chunks;
    bool keeps_bytes; /* somebody else looks at the inputs too: files are read whole */
};

/* The unit of this name (NULL: the only one) and kind (0 any, 1 program, 2 pipeline). */
enum run_unit_kind { RUN_ANY, RUN_PROGRAM, RUN_PIPELINE };
bool unit_from_module(const struct run *r, const struct ir_module *m, const char *name, enum run_unit_kind kind,
                      struct run_unit *unit);
bool unit_from_object(const struct run *r, const vyre_unit *any, const char *name, enum run_unit_kind kind,
                      struct run_unit *unit);
uint64_t array_bytes(const struct run_array *a);
uint64_t unit_bytes(const struct run_unit *u); /* of all its arrays */

/* -- arguments ------------------------------------------------------------------------------------------- */

/* `words` are NAME=VALUE. Arrays and params that nothing names are zeros where that has a meaning, else a fault. */
bool args_parse(const struct run *r, struct run_unit *unit, const char *const *words, uint32_t n_words);
/* The bytes as they were before the first run. */
void args_restore(struct run_unit *unit);
/* Whether something was written behind an array, and which one. */
const struct run_array *args_find_overrun(const struct run_unit *unit);

/* -- compiled code: in this process ---------------------------------------------------------------------- */

/* An object made a library by the system's C compiler, and loaded; and such a library in a context of the runtime. */
struct library;
struct compiled;
bool library_load(const struct run *r, const struct out *object, struct library **library);
/* The same of CODEGEN_EMIT_IMAGES, for devices: nothing is linked, so that no C compiler is needed. */
bool library_load_images(const struct run *r, const struct out *container, uint32_t n_programs,
                         struct library **library);
void library_unload(struct library *library);

struct compiled_options {
    const char *backend;   /* "cpu", "vulkan", "cuda" */
    const char *cpu_level; /* NULL: the best */
    uint32_t threads;
    bool tunes;  /* widths of workgroups */
    bool strict; /* what the device cannot do is no run on the CPU */
};
bool compiled_open(const struct run *r, const struct library *library, const struct compiled_options *options,
                   struct compiled **compiled);
void compiled_close(struct compiled *c);
/* One of the units of the object; its siblings are the others. */
const vyre_unit *compiled_any_unit(const struct compiled *c);
const char *compiled_device(const struct compiled *c);
vyre_context *compiled_context(const struct compiled *c);
const char *compiled_message(const struct compiled *c); /* of the last call that failed */
/* To standard output: what was launched and moved. */
void compiled_print_stats(const struct compiled *c);
/* To standard output: what every probe shows of the device. */
void compiled_print_probes(const struct compiled *c);
/* How a run went. After a trap `trapped` is set, and nothing has been printed. */
struct outcome {
    bool trapped;
    bool unsupported; /* by the device: what is missing has been printed */
    uint32_t trap_code;
    uint64_t trap_invocation;
    const char *trap_arm;   /* of a pipeline as it was written; "" in programs */
    const char *trap_place; /* "find, arm 'scan'", or "scan.vir:12:5" */
    uint64_t wall_ns, device_ns;
};
/* Runs unit->compiled on the unit's arrays. */
bool compiled_run(const struct run *r, struct compiled *c, const struct run_unit *unit, struct outcome *outcome);

/* -- chunks ---------------------------------------------------------------------------------------------- */

/* Whether the unit runs in chunks: when that was asked for, or when a file is long and it can. `message` is the runtime's reason. */
bool chunks_choose(const struct run *r, struct run_unit *unit, const char *const *words, uint32_t n_words,
                   const char *message);
/* The file as the array's contents, without reading it. */
bool chunks_open_file(const struct run *r, struct run_array *a, const char *path);
void chunks_close_files(struct run_unit *unit);
vyre_status chunks_run(const struct run_unit *unit, const void *args);

/* -- the interpreter ------------------------------------------------------------------------------------- */

/* Runs unit->program or unit->pipeline on the unit's arrays. */
bool interpreted_run(const struct run *r, const struct sources *sources, const struct run_unit *unit,
                     const struct ir_run_options *options, struct outcome *outcome);

/* -- output ---------------------------------------------------------------------------------------------- */

/* BUFFER as text to standard output, or BUFFER:FILE as bytes. */
bool dump_array(const struct run *r, const struct run_unit *unit, const char *what);
/* One line on a terminal that is drawn over; nothing elsewhere. */
struct progress {
    const char *what;
    double started, next; /* next: when to draw again */
    bool on_terminal, shown;
};
void progress_begin(struct progress *p, const char *what);
void progress_report(void *progress, uint64_t done, uint64_t total); /* total 0: unknown */
void progress_end(struct progress *p);
double now_seconds(void);

#endif
