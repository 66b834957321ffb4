/* request.h - --fuse=a,b: arms that the user wants in one launch, and what is said when they are not. */
#ifndef VYREC_PASSES_REQUEST_H
#define VYREC_PASSES_REQUEST_H

#include "passes/manager.h"

/* A request as it stands in one pipeline, before passes change that. */
struct fuse_wish {
    const struct fuse_request *request;
    const struct ir_pipeline *pipeline;
    struct src_range *places; /* of its arms */
};
struct fuse_wishes {
    VEC(struct fuse_wish) list;
};

/* One word behind --fuse=. */
void fuse_request_read(struct pass_settings *s, const char *text, struct arena *arena);
/* Finds the arms; those that are nowhere are reported, and false is returned. */
bool fuse_wishes_find(struct fuse_wishes *w, const struct ir_module *m, const struct pass_settings *s,
                      struct diags *diags, struct arena *arena);
/* After the passes, which had s->reasons: reports each wish that did not come true. */
bool fuse_wishes_check(const struct fuse_wishes *w, const struct pass_settings *s, struct diags *diags);

#endif
