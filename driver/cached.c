/* cached.c - see cached.h. */
#include "driver/cached.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what the command line says of the cache ---- */

struct request {
    const char *folder; /* NULL: no cache */
    uint64_t limit_bytes, prune_bytes;
    bool stats, prune;
};

static struct request read_request(const struct tool *tool)
{
    const char *variable = getenv("VYRE_CACHE_DIR");
    struct request r = {.folder = variable && *variable ? variable : NULL, .limit_bytes = CACHE_DEFAULT_LIMIT};
    bool has_size = false;
    for (uint32_t i = 0; i < tool->options.uses.n; i++) {
        const struct option_use *use = &tool->options.uses.at[i];
        if (use->id == OPTION_ID_CACHE_DIR) r.folder = use->argument;
        if (use->id == OPTION_ID_CACHE_LIMIT) r.limit_bytes = use->bytes;
        if (use->id == OPTION_ID_CACHE_STATS) r.stats = true;
        if (use->id != OPTION_ID_CACHE_PRUNE) continue;
        r.prune = true;
        has_size = use->argument != NULL;
        r.prune_bytes = use->bytes;
    }
    if (!has_size) r.prune_bytes = r.limit_bytes;
    return r;
}

/* ---- the key ---- */

/* Objects and assembly cost more than a look into a folder; what is printed from the IR alone does not. */
static bool may_use(const struct tool *tool, const struct settings *s)
{
    static const bool is_costly[] = {[EMIT_OBJECT] = true,    [EMIT_CPU_ASM] = true, [EMIT_LLVM] = true,
                                     [EMIT_PTX] = true,       [EMIT_AMDGCN] = true,  [EMIT_HEADER] = false,
                                     [EMIT_MANIFEST] = false, [EMIT_VIR] = false,    [EMIT_BINDINGS] = false};
    bool known = true;
    for (uint32_t i = 0; i < tool->options.uses.n; i++)
        known &= option_effects[tool->options.uses.at[i].id] != OPTION_SHOWS;
    return known && is_costly[s->emit] && s->depend != DEPEND_ONLY;
}

static void hash_options(struct cache_hash *h, const struct tool *tool)
{
    for (uint32_t i = 0; i < tool->options.uses.n; i++) {
        const struct option_use *use = &tool->options.uses.at[i];
        if (option_effects[use->id] != OPTION_MAKES) continue;
        cache_hash_text(h, use->spelling);
        cache_hash_text(h, use->argument);
    }
}

static void hash_settings(struct cache_hash *h, const struct tool *tool, const struct settings *s, const char *input)
{
    char folder[4096];
    for (int i = 0; i < TARGET_COUNT; i++)
        if (s->targets.has[i]) cache_hash_text(h, target_infos[i].text);
    cache_hash_text(h, "options");
    hash_options(h, tool);
    cache_hash_text(h, "outputs");
    cache_hash_number(h, s->emit);
    cache_hash_text(h, s->header);
    cache_hash_number(h, s->manifest != NULL);
    cache_hash_text(h, input); /* headers and debug information name it */
    cache_hash_text(h, s->debug_info ? getcwd(folder, sizeof folder) : NULL);
}

/* The text, what it imports, and each table as it was read. */
static void hash_constituents(struct cache_hash *h, const struct ir_module *m, bool has_names)
{
    for (uint32_t i = 0; i < m->files.n; i++) {
        if (i && has_names) cache_hash_text(h, m->files.at[i]->name);
        cache_hash_bytes(h, m->files.at[i]->text, m->files.at[i]->size_bytes);
    }
    for (uint32_t i = 0; i < m->data.n; i++) {
        cache_hash_text(h, m->data.at[i]->path);
        cache_hash_bytes(h, m->data.at[i]->bytes, m->data.at[i]->size_bytes);
    }
}

/* ---- one input ---- */

static uint32_t count_outputs(const struct settings *s)
{
    return 1 + (s->header != NULL) + (s->manifest != NULL);
}

/* Whoever wrote an entry with a checksum that is right: it has exactly so many outputs, or is none. */
static bool has_pieces(const struct out *payload, uint32_t n)
{
    size_t at = 0, size;
    const char *bytes;
    while (n && cache_piece_next(payload, &at, &bytes, &size))
        n--;
    return !n && at == payload->n;
}

bool cached_is_asked_for(const struct tool *tool)
{
    return read_request(tool).folder != NULL;
}

void cached_begin(struct cached *k, struct tool *tool, const struct settings *settings, const char *input,
                  const struct ir_module *m)
{
    struct request r = read_request(tool);
    struct cache_hash h;
    *k = (struct cached){.n_messages = tool->diags.list.n, .is_used = r.folder && may_use(tool, settings)};
    out_init(&k->payload, &tool->mem);
    if (!k->is_used) return;
    cache_hash_begin(&h);
    hash_settings(&h, tool, settings, input);
    hash_constituents(&h, m, settings->debug_info);
    k->key = cache_hash_end(&h);
    cache_open(&k->cache, &tool->mem, r.folder, r.limit_bytes);
    k->is_hit = cache_find(&k->cache, &k->key, &k->payload) && has_pieces(&k->payload, count_outputs(settings));
    if (!k->is_hit) k->payload.n = 0;
}

void cached_take(struct cached *k, struct out *content)
{
    const char *bytes;
    size_t n;
    if (!cache_piece_next(&k->payload, &k->at, &bytes, &n)) bug("an entry of the cache has too few outputs");
    out_bytes(content, bytes, n);
}

void cached_keep(struct cached *k, const struct tool *tool, const struct out *contents, uint32_t n)
{
    if (!k->is_used || k->is_hit || tool->diags.list.n != k->n_messages) return;
    size_t room = 0;
    for (uint32_t i = 0; i < n; i++)
        room += 8 + contents[i].n;
    if (!out_try_reserve(&k->payload, room)) return;
    for (uint32_t i = 0; i < n; i++)
        cache_piece_add(&k->payload, contents[i].bytes, contents[i].n);
    cache_store(&k->cache, &k->key, &k->payload);
}

void cached_end(struct cached *k)
{
    if (k->is_used) cache_close(&k->cache);
    out_release(&k->payload);
}

/* ---- looking after it ---- */

static void print_stats(const struct request *r, struct cache *cache, struct out *out)
{
    struct cache_totals t = cache_measure(cache);
    out_printf(out, "folder     %s\n", r->folder);
    if (cache->refusal) {
        out_printf(out, "not used   %s\n", cache->refusal);
        return;
    }
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {{"entries", t.n_entries},       {"bytes", t.n_bytes},        {"limit", r->limit_bytes},
                {"hits", t.counts.hits},        {"misses", t.counts.misses}, {"stores", t.counts.stores},
                {"dropped", t.counts.evictions}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        out_printf(out, "%-10s %" PRIu64 "\n", rows[i].name, rows[i].value);
}

/* Beside inputs, the figures do not mix with an output that goes to standard output. */
static void look_after(struct tool *tool, const struct request *r)
{
    struct cache cache;
    struct out text;
    out_init(&text, &tool->mem);
    out_text(&text, "");
    cache_open(&cache, &tool->mem, r->folder, r->limit_bytes);
    if (r->prune) cache_prune(&cache, r->prune_bytes);
    if (r->stats) print_stats(r, &cache, &text);
    cache_close(&cache);
    if (tool->options.inputs.n)
        tool_print_log(&text);
    else
        tool_write_file(tool, "-", &text);
    out_release(&text);
}

bool cached_look_after(struct tool *tool)
{
    struct request r = read_request(tool);
    if (!r.stats && !r.prune) return false;
    if (r.folder)
        look_after(tool, &r);
    else
        diag_report(&tool->diags, DIAG_NEEDS_OPTION, SRC_NONE, "--cache-dir", "nothing else says where the cache is");
    return !tool->options.inputs.n;
}
