/* cached.h - vyrec's use of the cache: what a result depends on, and which outputs it consists of. */
#ifndef VYREC_DRIVER_CACHED_H
#define VYREC_DRIVER_CACHED_H

#include "cache/cache.h"
#include "driver/vyrec.h"

/* One input's turn. */
struct cached {
    struct cache cache;
    struct cache_key key;
    struct out payload;
    size_t at;    /* of the next output in the payload */
    bool is_used; /* there is a cache, and it may be used for what was asked */
    bool is_hit;
    uint32_t n_messages; /* reported before anything was made */
};

/* Whether cached_begin will look into a folder for anything. */
bool cached_is_asked_for(const struct tool *tool);
/* Looks for the outputs of this module. The frontend has run, so its messages are there either way; passes and code
 * generation are what a hit spares. */
void cached_begin(struct cached *k, struct tool *tool, const struct settings *settings, const char *input,
                  const struct ir_module *m);
/* A hit: appends the next output. */
void cached_take(struct cached *k, struct out *content);
/* A miss: keeps the outputs, unless making them reported something that a hit could not repeat. */
void cached_keep(struct cached *k, const struct tool *tool, const struct out *contents, uint32_t n);
void cached_end(struct cached *k);

/* --cache-stats, --cache-prune; true when there is nothing else to do. */
bool cached_look_after(struct tool *tool);

#endif
