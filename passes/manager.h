/* manager.h - running passes: which, in what order, and what is shown of it. */
#ifndef VYREC_PASSES_MANAGER_H
#define VYREC_PASSES_MANAGER_H

#include "ir/ir.h"

/* The text of the module must read back as the same module; `why` says how not. Given by who knows the frontend. */
typedef bool pass_read_back_fn(void *ctx, const struct ir_module *m, struct out *why);

typedef VEC(const char *) pass_names;

/* Arms that the user wants in one launch: --fuse=a,b. */
struct fuse_request {
    const char *text;
    pass_names arms;
};

/* What the command line says. All zero: nothing is shown, nothing is skipped. */
struct pass_settings {
    const char *list;         /* --passes, or NULL: what the level runs */
    uint32_t level;           /* -O */
    pass_names skip;          /* --skip-pass */
    pass_names before, after; /* --print-before, --print-after: names, or "all" */
    bool print_changed;       /* the text after each pass that changed it */
    const char *stop_after;   /* --stop-after, or NULL */
    bool has_limit;           /* --pass-limit */
    uint32_t limit;           /* calls of passes that may still do something */
    bool verify_each;         /* recompute kept facts, read back what was printed */
    bool time, stats;         /* tables in the end */
    bool never_fuse;          /* --fuse=never: arms keep launches of their own */
    VEC(struct fuse_request) fuse;
    struct diags *reasons;        /* or NULL: takes every remark on what was left alone, whatever `missed` shows */
    const char *remarks, *missed; /* regular expressions over names of passes, or NULL */
    pass_read_back_fn *read_back; /* for verify_each; may be NULL */
    void *read_back_ctx;
};

/* Whether a list of passes, names in the settings, and expressions make sense; what does not is reported. */
bool pass_settings_check(const struct pass_settings *s, struct diags *diags, struct arena *arena);
/* Runs the passes over the module. What the options show goes to `log`, remarks to `diags`. The module is sound after each
 * pass, or this is a bug. */
void passes_run(struct ir_module *m, const struct pass_settings *s, struct diags *diags, struct out *log);
/* The name of the k-th pass there is, or NULL. */
const char *passes_name(uint32_t k);
/* The passes that the settings choose, one per line with its scope and help. */
void passes_print_list(const struct pass_settings *s, struct out *out);

#endif
