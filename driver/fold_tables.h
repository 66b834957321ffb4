/* fold_tables.h - tables of LLVM's that are made when vyrec is built: tools/fold-tables. Private to that and fold_tables.c. */
#ifndef VYREC_DRIVER_FOLD_TABLES_H
#define VYREC_DRIVER_FOLD_TABLES_H

#include <stdint.h>

/* llvm::X86FoldTableEntry of LLVM 22. */
struct fold_entry {
    uint32_t key, to;
    uint16_t flags;
};
struct fold_row {
    uint32_t bits; /* of an element, which is part of the key; or 0 */
    struct fold_entry entry;
};

/* llvm::lookupUnfoldTable(unsigned), llvm::lookupBroadcastFoldTableBySize(unsigned, unsigned) */
#define FOLD_UNFOLD_SYMBOL "_ZN4llvm17lookupUnfoldTableEj"
#define FOLD_BROADCAST_SYMBOL "_ZN4llvm30lookupBroadcastFoldTableBySizeEjj"

#endif
