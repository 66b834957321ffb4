/* autotune.c - widths of workgroups, measured: for programs that compute the same with any.
 *
 * A program is known by what it computes and by how much: the key of a width. One that is not known is measured at its first launch,
 * where that is wanted, on memory of its own: no argument is touched. The fastest of the median times wins, the first of equals. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime-stub/runtime.h"
#include "runtime-stub/sha256.h"

enum { N_WARM = 1, N_TIMED = 5, PATH_BYTES = 4096 };
static const char domain[] = "vyre workgroup width";

struct tuner {
    enum tuner_mode mode;
    pthread_mutex_t lock;
    struct tuner_entry *entries;
    char path[PATH_BYTES];
};

/* -- opening ----------------------------------------------------------------------------------- */

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
}

/* Where the context's caches are, or the user's: a file for each device. "" where there is no such place. */
static void find_path(const vyre_context *c, char *path)
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char adapter[sizeof c->device];
    uint32_t n = 0;
    for (; c->device[n]; n++)
        adapter[n] = is_plain(c->device[n]) ? c->device[n] : '_';
    adapter[n] = 0;
    int length = 0;
    if (c->cache_dir[0])
        length = snprintf(path, PATH_BYTES, "%s/tuner/%s.toml", c->cache_dir, adapter);
    else if (xdg && *xdg == '/')
        length = snprintf(path, PATH_BYTES, "%s/vyre/tuner/%s.toml", xdg, adapter);
    else if (home && *home == '/')
        length = snprintf(path, PATH_BYTES, "%s/.cache/vyre/tuner/%s.toml", home, adapter);
    if (length <= 0 || length >= PATH_BYTES) *path = 0;
}

vyre_status tuner_open(vyre_context *c, enum tuner_mode mode, struct tuner **tuner, struct outcome *o)
{
    *tuner = NULL;
    if (mode == TUNER_OFF || !c->backend->max_width) return VYRE_OK;
    struct tuner *t = memory_get(&c->allocator, sizeof *t, _Alignof(struct tuner));
    if (!t) return outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory for the tuner");
    *t = (struct tuner){.mode = mode};
    pthread_mutex_init(&t->lock, NULL);
    find_path(c, t->path);
    if (*t->path) tuner_cache_read(c, t->path, &t->entries);
    *tuner = t;
    return VYRE_OK;
}

void tuner_close(vyre_context *c, struct tuner *t)
{
    if (!t) return;
    tuner_cache_free(c, t->entries);
    pthread_mutex_destroy(&t->lock);
    memory_put(&c->allocator, t, sizeof *t, _Alignof(struct tuner));
}

/* -- keys -------------------------------------------------------------------------------------- */

static const struct vyre_meta_buffer *meta_buffer(const struct vyre_unit *u, uint32_t i)
{
    return &u->module->meta.buffers[u->meta->first_buffer + i];
}

static bool is_written(const struct vyre_meta_buffer *b)
{
    return b->access == VYRE_ACCESS_WRITE || b->access == VYRE_ACCESS_READ_WRITE;
}

static uint64_t output_bytes(const struct launch *l)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < l->program->meta->n_buffers; i++)
        if (is_written(meta_buffer(l->program, i))) n += l->buffers[i].count * meta_buffer(l->program, i)->elem_bytes;
    return n;
}

/* A grid that depends on nothing is the same for each launch. */
static bool has_fixed_grid(const struct vyre_unit *program)
{
    const struct vyre_meta_op *op = program->module->meta.ops + program->meta->dispatch[0];
    return op[0].op == VYRE_META_OP_CONST && op[1].op == VYRE_META_OP_END;
}

static void make_key(const struct launch *l, char key[TUNER_KEY_BYTES])
{
    const struct vyre_meta_unit *m = l->program->meta;
    uint64_t numbers[] = {m->workgroup[0], m->workgroup[1], m->workgroup[2],
                          has_fixed_grid(l->program) ? l->n_groups : 0, output_bytes(l)};
    uint8_t hash[32];
    struct sha256 s;
    sha256_begin(&s);
    sha256_add(&s, domain, sizeof domain);
    sha256_add(&s, m->fingerprint, sizeof m->fingerprint);
    sha256_add(&s, numbers, sizeof numbers);
    sha256_end(&s, hash);
    static const char digits[] = "0123456789abcdef";
    *key++ = 'v';
    *key++ = '1';
    *key++ = '-';
    for (uint32_t i = 0; i < sizeof hash; i++) {
        *key++ = digits[hash[i] >> 4];
        *key++ = digits[hash[i] & 15];
    }
    *key = 0;
}

/* -- measuring --------------------------------------------------------------------------------- */

/* A launch of the program alone, on memory of its own. */
struct trial {
    vyre_context *c;
    const struct vyre_unit *program;
    unsigned char *args;
    vyre_buffer **buffers;
};

static bool make_buffer(struct trial *t, const struct launch *l, uint32_t i)
{
    const struct vyre_meta_buffer *b = meta_buffer(t->program, i);
    uint64_t n_bytes = l->buffers[i].count * b->elem_bytes;
    if (vyre_buffer_create(t->c, VYRE_BUFFER_DEVICE, n_bytes, &t->buffers[i])) return false;
    vyre_span span = vyre_device(t->buffers[i], 0, l->buffers[i].count);
    memcpy(t->args + b->arg_offset, &span, sizeof span);
    return true;
}

static bool fill_trial(struct trial *t, const struct launch *l)
{
    const struct vyre_meta_unit *m = t->program->meta;
    for (uint32_t i = 0; i < m->n_params; i++) {
        const struct vyre_meta_param *p = &t->program->module->meta.params[m->first_param + i];
        memcpy(t->args + p->arg_offset, &l->params[i], p->bytes);
    }
    for (uint32_t i = 0; i < m->n_buffers; i++)
        if (!make_buffer(t, l, i)) return false;
    return true;
}

static int compare_times(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The median; UINT64_MAX where it does not run. */
static uint64_t measure(struct trial *t, uint32_t width)
{
    uint64_t times[N_TIMED];
    struct outcome o;
    for (uint32_t i = 0; i < N_WARM + N_TIMED; i++) {
        uint64_t begin = clock_ns();
        o.device_ns = 0;
        if (unit_run_wide(t->program, t->args, width, &o)) return UINT64_MAX;
        if (i >= N_WARM) times[i - N_WARM] = o.device_ns ? o.device_ns : clock_ns() - begin;
    }
    qsort(times, N_TIMED, sizeof *times, compare_times);
    return times[N_TIMED / 2];
}

/* Of the candidates, the declared one among them or not; 0: none could be measured. */
static uint32_t find_fastest(struct trial *t, uint32_t max_width)
{
    uint64_t best_ns = UINT64_MAX;
    uint32_t best = 0, declared = t->program->meta->workgroup[0];
    for (uint32_t width = TUNER_LEAST_WIDTH; width <= max_width; width *= 2) {
        uint64_t ns = measure(t, width == declared ? 0 : width);
        if (ns < best_ns) best = width;
        if (ns < best_ns) best_ns = ns;
    }
    return best;
}

static uint32_t sweep(vyre_context *c, const struct launch *l, uint32_t max_width)
{
    const struct vyre_meta_unit *m = l->program->meta;
    struct trial t = {.c = c, .program = l->program};
    size_t n_bytes = m->args_bytes + m->n_buffers * sizeof *t.buffers;
    struct block *block = block_acquire(c, n_bytes, 16);
    uint32_t width = 0;
    if (!block) return 0;
    memset(block->bytes, 0, n_bytes);
    t.args = block->bytes;
    t.buffers = (vyre_buffer **)(t.args + m->args_bytes / sizeof(void *) * sizeof(void *));
    if (m->args_bytes % sizeof(void *) == 0 && fill_trial(&t, l)) width = find_fastest(&t, max_width);
    for (uint32_t i = 0; i < m->n_buffers; i++)
        vyre_buffer_destroy(t.buffers[i]);
    block_release(c, block);
    stats_add_sweep(c);
    context_log(c, VYRE_LOG_NOTE, "%s: workgroups of %u are the fastest of 32 to %u", unit_name(l->program),
                width ? width : m->workgroup[0], max_width);
    return width ? width : m->workgroup[0];
}

/* -- choosing ---------------------------------------------------------------------------------- */

static bool is_legal(uint32_t width, uint32_t max_width)
{
    return width >= TUNER_LEAST_WIDTH && width <= max_width && !(width & (width - 1)) &&
           width <= TUNER_LEAST_WIDTH << (TUNER_WIDTHS - 1);
}

static uint32_t find_width(vyre_context *c, const struct launch *l, uint32_t max_width)
{
    struct tuner *t = c->tuner;
    char key[TUNER_KEY_BYTES];
    make_key(l, key);
    pthread_mutex_lock(&t->lock);
    struct tuner_entry *known = tuner_cache_find(t->entries, key);
    uint32_t width = known ? known->width : 0;
    stats_add_cache(c, known != NULL);
    if (!known && t->mode == TUNER_ON) {
        width = sweep(c, l, max_width);
        if (width && tuner_cache_add(c, &t->entries, key, width) && *t->path)
            tuner_cache_write(c, t->path, &t->entries);
    }
    pthread_mutex_unlock(&t->lock);
    return is_legal(width, max_width) ? width : 0;
}

void tuner_choose(vyre_context *c, struct plan *plan)
{
    if (!c->tuner || plan->width) return;
    for (uint32_t i = 0; i < plan->unit->n_steps; i++) {
        struct launch *l = &plan->launches[i];
        if (!l->program->meta->has_free_width || !l->n_groups) continue;
        uint32_t max_width = c->backend->max_width(c, l->program), most = TUNER_LEAST_WIDTH << (TUNER_WIDTHS - 1);
        uint32_t width = max_width ? find_width(c, l, max_width < most ? max_width : most) : 0;
        if (width == l->program->meta->workgroup[0]) width = 0;
        l->width = width;
        if (width) stats_add_tuned(c);
    }
}

/* -- the policy between windows ---------------------------------------------------------------- */

uint32_t vyre_width_after(uint32_t width, uint32_t max_width, uint64_t n_items, uint64_t idle_ns, uint64_t window_ns)
{
    const uint64_t long_ns = 100000000;
    if (idle_ns > long_ns) return width / 2 > TUNER_LEAST_WIDTH ? width / 2 : TUNER_LEAST_WIDTH;
    bool is_slow = n_items < window_ns / 1000;
    return is_slow && width <= max_width / 2 ? width * 2 : width;
}
