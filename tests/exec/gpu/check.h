/* check.h - the parts of gpu-check, which shows on a machine with a GPU, and with nothing of ours installed, that compiled
 * programs compute there what the interpreter computes, and how fast. docs/gpu-check.md is for its users. */
#ifndef VYREC_TESTS_EXEC_GPU_CHECK_H
#define VYREC_TESTS_EXEC_GPU_CHECK_H

#include "codegen/codegen.h"
#include "tests/exec/gpu/driver.h"
#include "tools/vyre-run/run.h"

struct settings {
    const char *backend; /* "cuda", "vulkan", "hsa" */
    const char *root;    /* the folder with programs.list and what it names */
    const char *only;    /* one of the checks; NULL: all */
    uint64_t seed;
    uint32_t seconds, megabytes; /* of random programs; of a buffer */
};

enum verdict { CHECK_RIGHT, CHECK_WRONG, CHECK_SKIPPED };
/* A line of the table, as soon as it is known. */
void print_row(enum verdict verdict, const char *check, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Images of a module for the backend, loaded and open. False when something was printed. */
struct program {
    struct arena arena;
    struct sources sources;
    struct intern names;
    struct diags diags;
    struct run run;
    struct ir_module *module;
    struct library *library;
    struct compiled *compiled;
};
bool program_open(struct program *p, struct memory *mem, const struct settings *s, const char *name, const char *text,
                  size_t n);
void program_close(struct program *p);
/* The module as PTX text for every GPU, ended by a NUL. */
const char *program_ptx(struct program *p);

/* Each prints its rows and returns how many of them are wrong. */
uint32_t check_operations(struct memory *mem, const struct settings *s);
uint32_t check_programs(struct memory *mem, const struct settings *s);
uint32_t check_random(struct memory *mem, const struct settings *s);
uint32_t check_speed(struct memory *mem, const struct settings *s);

#endif
