/* main.c - exec-ops [-O N] [--wide] FAMILY...: runs the families named; `coverage` checks that all of them together use every
 * operation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/exec/ops/ops.h"

static bool run_all(struct batch *b, int argc, char **argv)
{
    int first = 1;
    if (argc > 2 && !strcmp(argv[1], "-O")) {
        b->opt_level = (uint32_t)atoi(argv[2]);
        first = 3;
    }
    if (first < argc && !strcmp(argv[first], "--wide")) {
        b->is_wide_only = true;
        first++;
    }
    bool known = first < argc;
    for (int i = first; i < argc && known; i++)
        known = run_named_family(b, argv[i]);
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
    printf("%lu passed, %lu failed\n", b.n_passed, b.n_failed);
    return !known || b.n_failed || !b.n_passed;
}
