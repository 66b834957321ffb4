/* frontend.h - from .vir text to checked IR. The one entry. */
#ifndef VYREC_FRONTEND_H
#define VYREC_FRONTEND_H

#include "ir/ir.h"

enum { FRONTEND_MAX_INLINED = 1 << 22 };

struct frontend_options {
    const char *const
        *include_dirs; /* -I: searched for imports and data files after the folder of the file that names them */
    uint32_t n_include_dirs;
    bool no_data_files;   /* file("...") reads nothing and gives zeros */
    bool no_imports;      /* fuzzing: imports are empty */
    uint32_t max_inlined; /* nodes that inlining may add to the module; 0 is the default, FRONTEND_MAX_INLINED */
};

/* Reads, checks, inlines. Everything in the module lives in `arena`. Reports every fault it can find to `diags`; NULL
 * when there was an error. The module has passed ir_check_module. */
struct ir_module *frontend_read(struct arena *arena, struct intern *names, struct sources *sources, struct diags *diags,
                                const struct source_file *file, const struct frontend_options *options);

#endif
