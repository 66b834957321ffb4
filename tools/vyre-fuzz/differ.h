/* differ.h - one random module: is it valid, does its text read back, do all executors agree? */
#ifndef VYREC_TOOLS_DIFFER_H
#define VYREC_TOOLS_DIFFER_H

#include "codegen/codegen.h"
#include "tools/vyre-fuzz/features.h"
#include "tools/vyre-fuzz/generate.h"
#include "tools/ptx-emulator/emulator.h"
#include "tools/vyre-run/run.h"

struct fuzz_options {
    struct generate_size size;
    bool run_cpu;
    const char *device;       /* backend of a device that runs the programs too, "vulkan" or "cuda"; NULL: none does */
    struct ptx_emulator *ptx; /* runs the programs as PTX too; NULL: none does */
    bool handoffs;            /* pipelines of gen_handoff.c */
    bool one_level;           /* each module on one level of CPU code, drawn by its seed, instead of on all */
    const char *keep_dir;     /* NULL: failing modules are not written */
};

/* The levels of CPU code, then devices. NULL: there are no more. */
enum { FUZZ_MAX_EXECUTORS = 8 };
const char *fuzz_executor_name(uint32_t k);

struct fuzz_counts {
    uint64_t modules, programs;   /* programs and pipelines */
    uint64_t invalid;             /* modules that the checks refused: a fault of the generator or of the checks */
    uint64_t passed, failed;      /* programs and pipelines, compared */
    uint64_t statements, reached; /* those that compute something, and those of them that the interpreter came to */
    uint64_t on_executor[FUZZ_MAX_EXECUTORS]; /* programs and pipelines that agreed there */
    struct fuzz_features features;
    uint64_t trapped, unsupported, too_long; /* unsupported: refused by the device; too_long ones were not compared */
};

/* Where we are, for the report of a crash. */
struct fuzz_place {
    uint64_t seed;
    const char *unit, *executor;
};
extern struct fuzz_place fuzz_place;

/* The text of the seed's module. */
void fuzz_print(struct memory *mem, uint64_t seed, const struct fuzz_options *options, struct out *out);
/* Everything with the seed's module. Faults are printed; counts are added to. */
void fuzz_module(struct memory *mem, uint64_t seed, const struct fuzz_options *options, struct fuzz_counts *counts);

#endif
