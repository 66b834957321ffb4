/* internal.h - what the files of the library share. */
#ifndef VYREC_LIBRARY_INTERNAL_H
#define VYREC_LIBRARY_INTERNAL_H

#include "codegen/codegen.h"
#include "library/vyrec.h"
#include "passes/manager.h"

/* A handle lies in memory of its own, all of which goes with it. */
struct vyrec_context {
    struct memory mem;
    struct arena arena;
    vyrec_options options; /* its texts are copies */
    struct target_set targets;
};
struct vyrec_module {
    struct memory mem;
    const vyrec_context *context;
    char *name, *text; /* NUL-terminated */
    size_t size_bytes;
};
struct vyrec_output {
    struct memory mem;
    struct out bytes;
    bool is_cached;
};

/* A zeroed block that begins with the memory it lies in; NULL without memory. */
void *handle_new(size_t size_bytes);
/* `handle` may be NULL. */
void handle_release(void *handle);

/* A module with copies of both, its text taken as it is; NULL without memory. */
vyrec_module *module_new(const vyrec_context *context, const char *name, const char *text, size_t size_bytes);

/* What one call works with. Nothing of it outlives the call. */
struct work {
    const vyrec_context *context;
    void (*run)(struct work *);
    vyrec_status status;
    struct memory mem;
    struct arena arena;
    struct intern names;
    struct sources sources;
    struct diags diags;
    /* of vyrec_module_compile */
    const vyrec_module *module;
    const char *what;
    vyrec_output *output;
    vyrec_fusion *fusion; /* of vyre_try_fuse */
};

/* Calls run on a stack that suits the deepest program, with everything above ready; tells the messages, and releases all.
 * The status is the worst of what happened. */
vyrec_status work_do(struct work *w);
/* The module's text as IR; NULL when something was reported. */
struct ir_module *work_read(struct work *w, const char *name, const char *text, size_t size_bytes);
struct pass_settings work_passes(const vyrec_options *options);

#endif
