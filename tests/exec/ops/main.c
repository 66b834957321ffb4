/* main.c - exec-ops [-O N] FAMILY...: runs the families named; `coverage` checks that all of them together use every
 * operation. */
#include <stdio.h>
#include <stdlib.h>
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

static bool run_named(struct batch *b, const char *name)
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

static bool run_all(struct batch *b, int argc, char **argv)
{
    int first = 1;
    if (argc > 2 && !strcmp(argv[1], "-O")) {
        b->opt_level = (uint32_t)atoi(argv[2]);
        first = 3;
    }
    bool known = first < argc;
    for (int i = first; i < argc && known; i++)
        known = run_named(b, argv[i]);
    return known;
}

int main(int argc, char **argv)
{
    static struct memory mem;
    static bool used[IR_OP_COUNT];
    static struct batch b = {.mem = &mem, .used = used, .opt_level = 2};
    if (setjmp(mem.recover)) {
        fprintf(stderr, "exec-ops: out of memory\n");
        return 2;
    }
    run_set_up();
    arena_init(&b.arena, &mem);
    out_init(&b.text, &mem);
    bool known = run_all(&b, argc, argv);
    arena_release(&b.arena);
    out_release(&b.text);
    run_clean_up();
    printf("%lu passed, %lu failed\n", b.n_passed, b.n_failed);
    return !known || b.n_failed || !b.n_passed;
}
