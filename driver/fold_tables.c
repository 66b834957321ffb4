/* fold_tables.c - answers for LLVM what it would sort two tables for, in each process: a twelfth of the instructions of a small program.
 * The linker puts these functions in the place of LLVM's (--wrap), only in programs without shared libraries. */
#include "driver/fold_tables.h"

#include <stddef.h>

const struct fold_entry *__wrap__ZN4llvm17lookupUnfoldTableEj(unsigned instruction);
const struct fold_entry *__wrap__ZN4llvm30lookupBroadcastFoldTableBySizeEjj(unsigned instruction, unsigned bits);

static const struct fold_row unfold_rows[] = {
#include "driver/unfold_rows.inc"
};
static const struct fold_row broadcast_rows[] = {
#include "driver/broadcast_rows.inc"
};

static uint64_t order_of(uint32_t key, uint32_t bits)
{
    return (uint64_t)key << 32 | bits;
}

static const struct fold_entry *find(const struct fold_row *rows, size_t n, uint32_t key, uint32_t bits)
{
    uint64_t wanted = order_of(key, bits);
    while (n) {
        const struct fold_row *middle = &rows[n / 2];
        uint64_t order = order_of(middle->entry.key, middle->bits);
        if (order == wanted) return &middle->entry;
        if (order < wanted) {
            rows = middle + 1;
            n -= n / 2 + 1;
        } else {
            n /= 2;
        }
    }
    return NULL;
}

const struct fold_entry *__wrap__ZN4llvm17lookupUnfoldTableEj(unsigned instruction)
{
    return find(unfold_rows, sizeof unfold_rows / sizeof *unfold_rows, instruction, 0);
}

const struct fold_entry *__wrap__ZN4llvm30lookupBroadcastFoldTableBySizeEjj(unsigned instruction, unsigned bits)
{
    return find(broadcast_rows, sizeof broadcast_rows / sizeof *broadcast_rows, instruction, bits);
}
