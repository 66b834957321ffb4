/* fold-tables.c - prints two tables that LLVM sorts at the first question in each process, as rows of C in the order of their keys.
 *
 * They tell what an instruction of x86-64 that has an operand in memory is without, and what one with a constant in memory is with its
 * first element alone. LLVM is asked for each number that an instruction may have. driver/fold_tables.c answers from the rows. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "driver/fold_tables.h"

enum { N_INSTRUCTIONS = 1 << 16 };

const struct fold_entry *look_up_unfold(unsigned instruction) __asm__(FOLD_UNFOLD_SYMBOL);
const struct fold_entry *look_up_broadcast(unsigned instruction, unsigned bits) __asm__(FOLD_BROADCAST_SYMBOL);

static int print_row(const struct fold_entry *e, unsigned key, unsigned bits)
{
    if (!e) return 1;
    printf("{%u, {%u, %u, %u}},\n", bits, e->key, e->to, e->flags);
    return e->key == key;
}

int main(int argc, char **argv)
{
    static const unsigned sizes[] = {16, 32, 64};
    int ok = 1, is_unfold = argc == 2 && !strcmp(argv[1], "unfold");
    for (unsigned key = 0; key < N_INSTRUCTIONS; key++) {
        if (is_unfold) ok &= print_row(look_up_unfold(key), key, 0);
        for (unsigned i = 0; i < sizeof sizes / sizeof *sizes && !is_unfold; i++)
            ok &= print_row(look_up_broadcast(key, sizes[i]), key, sizes[i]);
    }
    if (!ok) fputs("fold-tables: this is another version of LLVM\n", stderr);
    return !ok;
}
