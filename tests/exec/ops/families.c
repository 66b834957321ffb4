/* families.c - the families by name, and what all of them together use. */
#include <stdio.h>
#include <string.h>

#include "tests/exec/ops/ops.h"

static const struct {
    const char *name;
    write_family *write;
} families[] = {
    {"bytes", write_byte_cases}, {"integers", write_integer_cases}, {"floats", write_float_cases},
    {"math", write_math_cases},  {"casts", write_cast_cases},       {"vectors", write_vector_cases},
    {"lanes", write_lane_cases}, {"memory", write_memory_cases},
};
enum { N_FAMILIES = sizeof families / sizeof *families };

static void run_family(struct batch *b, uint32_t k)
{
    families[k].write(b);
    flush_batch(b);
}

/* Constants and locals have no text of their own; every program has some. */
static void check_coverage(struct batch *b)
{
    b->dry = true;
    for (uint32_t k = 0; k < N_FAMILIES; k++)
        run_family(b, k);
    b->dry = false;
    for (enum ir_op op = 0; op < IR_OP_COUNT; op++) {
        bool used = b->used[op] || op == IR_OP_CONST || op == IR_OP_LOCAL;
        b->n_passed += used;
        b->n_failed += !used;
        if (!used) fprintf(stderr, "no family uses %s\n", ir_op_infos[op].name);
    }
}

bool run_named_family(struct batch *b, const char *name)
{
    if (!strcmp(name, "coverage")) {
        check_coverage(b);
        return true;
    }
    for (uint32_t k = 0; k < N_FAMILIES; k++) {
        if (!strcmp(name, families[k].name)) {
            run_family(b, k);
            return true;
        }
    }
    fprintf(stderr, "exec-ops: no family '%s'\n", name);
    return false;
}

const char *family_name(uint32_t k)
{
    return k < N_FAMILIES ? families[k].name : NULL;
}
