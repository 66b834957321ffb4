/* module.c - loads an object into a context: checks its container once, picks code, and works out what is the same for
 * all launches.
 *
 * The loaded modules are a list that only grows, so that a launch finds its module without a lock. */
#include <string.h>

#include "runtime-stub/runtime.h"

static size_t round_up(size_t n, size_t alignment)
{
    return (n + alignment - 1) / alignment * alignment;
}

/* -- what a unit's launches are ---------------------------------------------------------------- */

static uint32_t count_arms(const struct metadata_view *v, const struct vyre_meta_unit *u)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < u->n_steps; i++)
        n += v->steps[u->first_step + i].kind == VYRE_META_ARM;
    return n;
}

static const struct vyre_meta_unit *step_program(const struct vyre_unit *u, const struct step *s)
{
    return &u->module->meta.units[s->program];
}

/* `host` steps have nothing to do where the host's memory is the device's. */
static void fill_steps(struct vyre_unit *u, bool is_program)
{
    const struct metadata_view *v = &u->module->meta;
    if (is_program) {
        u->steps[0] = (struct step){.program = u->index, .first_arg = NONE_BOUND};
        u->n_steps = 1;
        return;
    }
    for (uint32_t i = 0; i < u->meta->n_steps; i++) {
        const struct vyre_meta_step *s = &v->steps[u->meta->first_step + i];
        if (s->kind != VYRE_META_ARM) continue;
        u->steps[u->n_steps++] = (struct step){s->target, s->name, s->first_arg, s->first_dep, s->n_deps};
    }
}

/* Calls `use` for each temp that a step uses. */
typedef bool temp_user(struct vyre_unit *u, uint32_t step, uint32_t temp, uint8_t access);
static bool each_temp(struct vyre_unit *u, temp_user *use)
{
    const struct metadata_view *v = &u->module->meta;
    for (uint32_t i = 0; i < u->n_steps && u->meta->n_temps; i++) {
        const struct vyre_meta_unit *program = step_program(u, &u->steps[i]);
        for (uint32_t k = 0; k < program->n_buffers; k++) {
            uint32_t b = v->args[u->steps[i].first_arg + k].value;
            if (b < u->meta->n_buffers) continue;
            if (!use(u, i, b - u->meta->n_buffers, v->buffers[program->first_buffer + k].access)) return false;
        }
    }
    return true;
}

/* Temps start as zeros, but one that is first written by a `write` buffer gets its zeros from that launch. */
static bool live(struct vyre_unit *u, uint32_t step, uint32_t temp, uint8_t access)
{
    struct temp_life *t = &u->temps[temp];
    if (t->first == NONE_BOUND) t->first = step;
    if (t->first == step && access != VYRE_ACCESS_WRITE) t->needs_zeros = true;
    t->last = step;
    return true;
}

/* Takes the slot that the object gives it; false where another temp still has it. */
static bool settle(struct vyre_unit *u, uint32_t step, uint32_t temp, uint8_t access)
{
    struct temp_life *t = &u->temps[temp];
    struct temp_life *slot = &u->temps[u->module->meta.buffers[u->meta->first_buffer + u->meta->n_buffers + temp].slot];
    (void)access;
    if (t->first != step || t->is_settled) return true;
    if (slot->is_taken && slot->busy_until >= step) return false;
    t->is_settled = true;
    t->is_first = !slot->is_taken;
    slot->is_taken = true;
    slot->busy_until = t->last;
    return true;
}

static void align_temps(struct vyre_unit *u)
{
    const struct vyre_meta_buffer *buffers = u->module->meta.buffers + u->meta->first_buffer;
    u->temps_align = CACHE_LINE;
    for (uint32_t i = 0; i < u->meta->n_temps; i++) {
        uint32_t b = u->meta->n_buffers + i;
        if (buffers[b].align_bytes > u->temps_align) u->temps_align = buffers[b].align_bytes;
    }
    for (uint32_t i = 0; i < u->n_steps && u->meta->n_temps; i++) {
        const struct vyre_meta_unit *program = step_program(u, &u->steps[i]);
        for (uint32_t k = 0; k < program->n_buffers; k++) {
            uint32_t align = u->module->meta.buffers[program->first_buffer + k].align_bytes;
            if (align > u->temps_align) u->temps_align = align;
        }
    }
}

/* False where two temps have one slot at a time. */
static bool fill_temps(struct vyre_unit *u)
{
    for (uint32_t i = 0; i < u->meta->n_temps; i++)
        u->temps[i] = (struct temp_life){.first = NONE_BOUND, .last = NONE_BOUND};
    align_temps(u);
    return each_temp(u, live) && each_temp(u, settle);
}

/* Memory that plan_make carves its arrays from, in the same order. */
static size_t measure_plan(const struct vyre_unit *u)
{
    const struct vyre_meta_unit *m = u->meta;
    size_t bytes = 0, slots = 0, buffers = (size_t)m->n_buffers + m->n_temps;
    slots += m->n_buffers + (size_t)m->n_params + 2 * (size_t)m->n_temps;
    for (uint32_t i = 0; i < u->n_steps; i++) {
        const struct vyre_meta_unit *program = step_program(u, &u->steps[i]);
        buffers += program->n_buffers;
        slots += (size_t)program->n_buffers + program->n_params;
    }
    bytes += u->n_steps * sizeof(struct launch) + buffers * sizeof(struct vyre_cpu_buffer) + slots * sizeof(uint64_t);
    return round_up(bytes, 16);
}

/* -- the block of a module --------------------------------------------------------------------- */

struct layout {
    size_t programs, units, steps, temps, n_bytes;
};

static struct layout measure_module(const struct metadata_view *v)
{
    struct layout l = {.programs = round_up(sizeof(struct module), 16)};
    size_t n_steps = 0, n_temps = 0;
    for (uint32_t i = 0; i < v->head->units.n; i++) {
        n_steps += i < v->head->n_programs ? 1 : count_arms(v, &v->units[i]);
        n_temps += v->units[i].n_temps;
    }
    l.units = round_up(l.programs + v->head->n_programs * sizeof(struct cpu_program), 16);
    l.steps = round_up(l.units + v->head->units.n * sizeof(struct vyre_unit), 16);
    l.temps = l.steps + n_steps * sizeof(struct step);
    l.n_bytes = l.temps + n_temps * sizeof(struct temp_life);
    return l;
}

static bool fill_units(struct module *m, const struct layout *l)
{
    struct step *steps = (struct step *)((char *)m + l->steps);
    struct temp_life *temps = (struct temp_life *)((char *)m + l->temps);
    for (uint32_t i = 0; i < m->meta.head->units.n; i++) {
        struct vyre_unit *u = &m->units[i];
        *u = (struct vyre_unit){.module = m, .meta = &m->meta.units[i], .index = i, .steps = steps, .temps = temps};
        fill_steps(u, i < m->meta.head->n_programs);
        if (!fill_temps(u)) return false;
        u->plan_bytes = measure_plan(u);
        steps += u->n_steps;
        temps += u->meta->n_temps;
    }
    return true;
}

/* -- loading ----------------------------------------------------------------------------------- */

/* CPU code reads `data` in place, so its bytes must be whole. Images of other devices are looked at when they are used.
 */
static const char *check_images(const struct container_view *view)
{
    const char *wrong = NULL;
    for (uint32_t i = 0; i < view->head->n_images && !wrong; i++) {
        const struct vyre_image *image = container_image(view, i);
        if (image->kind == VYRE_IMAGE_METADATA || image->kind == VYRE_IMAGE_DATA)
            wrong = container_check_image(view, image);
    }
    return wrong;
}

static const char *open_metadata(const struct vyre_module *linked, struct metadata_view *meta)
{
    struct container_view view;
    const char *wrong = container_open((const char *)&linked->container + linked->container, UINT64_MAX, &view);
    if (!wrong) wrong = check_images(&view);
    if (wrong) return wrong;
    const struct vyre_image *image = container_find(&view, VYRE_IMAGE_METADATA);
    if (!image || image->flags) return "it has no metadata";
    wrong = metadata_open(view.bytes + image->offset, image->stored_bytes, meta);
    if (!wrong && meta->head->n_programs != linked->n_programs) wrong = "its metadata does not belong to its code";
    return wrong;
}

static struct module *refuse(struct outcome *o, const char *wrong)
{
    outcome_fail(o, VYRE_ERROR_BAD_MODULE,
                 "an object compiled by vyrec cannot be used: %s; compile it again, with the "
                 "compiler that belongs to this runtime",
                 wrong);
    return NULL;
}

static struct module *load(vyre_context *c, const struct vyre_module *linked, struct outcome *o)
{
    struct metadata_view meta;
    const char *wrong = NULL;
    if (linked->magic != VYRE_MODULE_MAGIC)
        wrong = "it does not begin with the magic word";
    else if (linked->version != VYRE_MODULE_VERSION)
        wrong = "it was made by another compiler version";
    else
        wrong = open_metadata(linked, &meta);
    if (wrong) return refuse(o, wrong);
    struct layout l = measure_module(&meta);
    struct module *m = memory_get(&c->allocator, l.n_bytes, CACHE_LINE);
    if (!m) {
        outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory to load an object: %zu bytes", l.n_bytes);
        return NULL;
    }
    memset(m, 0, l.n_bytes);
    *m = (struct module){.linked = linked, .context = c, .meta = meta, .n_bytes = l.n_bytes};
    m->programs = (struct cpu_program *)((char *)m + l.programs);
    m->units = (struct vyre_unit *)((char *)m + l.units);
    bool is_whole = fill_units(m, &l);
    if (is_whole && (!c->backend->load || c->backend->load(m))) return m;
    memory_put(&c->allocator, m, m->n_bytes, CACHE_LINE);
    if (!is_whole) return refuse(o, "two temps of its plan have the same memory at the same time");
    outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory to load an object for %s", c->device);
    return NULL;
}

/* -- images ---------------------------------------------------------------------------------------- */

static bool open_container(const struct module *m, struct container_view *view)
{
    return !container_open((const char *)&m->linked->container + m->linked->container, UINT64_MAX, view);
}

/* The best for the device, of the program of this name or, for NULL, of any. */
static const struct vyre_image *find_image(const vyre_context *c, const struct container_view *view, image_rank *rank,
                                           uint32_t wanted, const char *name)
{
    const struct vyre_image *best = NULL;
    uint32_t best_rank = 0;
    for (uint32_t i = 0; i < view->head->n_images; i++) {
        const struct vyre_image *image = container_image(view, i);
        if (name && strcmp(view->strings + image->name, name) != 0) continue;
        uint32_t here = rank(c, wanted, image->kind, view->strings + image->arch);
        if (here > best_rank) best = image;
        if (here > best_rank) best_rank = here;
    }
    return best;
}

bool module_has_image(struct module *m, uint32_t kind, const char *arch, const char *name)
{
    struct container_view view = {0};
    if (!open_container(m, &view)) return false;
    for (uint32_t i = 0; i < view.head->n_images; i++) {
        const struct vyre_image *image = container_image(&view, i);
        if (image->kind == kind && !strcmp(view.strings + image->arch, arch) &&
            !strcmp(view.strings + image->name, name))
            return true;
    }
    return false;
}

const void *module_image(struct module *m, image_rank *rank, uint32_t wanted, const char *name, uint64_t *n_bytes,
                         struct outcome *o)
{
    struct container_view view = {0};
    const struct vyre_image *image =
        open_container(m, &view) ? find_image(m->context, &view, rank, wanted, name) : NULL;
    if (!image && view.bytes && find_image(m->context, &view, rank, wanted, NULL)) {
        outcome_fail(o, VYRE_ERROR_UNSUPPORTED,
                     "the object has code for %s, but none of '%s': the compiler has said why", m->context->device,
                     name);
        return NULL;
    }
    if (!image) {
        outcome_fail(o, VYRE_ERROR_NO_IMAGE, "the object has no code of '%s' for %s: compile it with --target=%s", name,
                     m->context->device, m->context->backend->level(m->context));
        return NULL;
    }
    const char *wrong = container_check_image(&view, image);
    struct image_copy *copy = wrong ? NULL : memory_get(&m->context->allocator, sizeof *copy + image->real_bytes, 64);
    if (!wrong && !copy) {
        outcome_fail(o, VYRE_ERROR_OUT_OF_MEMORY, "no memory for the code of '%s'", name);
        return NULL;
    }
    if (!wrong) wrong = container_extract(&view, image, copy + 1);
    if (wrong) {
        if (copy) memory_put(&m->context->allocator, copy, sizeof *copy + image->real_bytes, 64);
        outcome_fail(o, VYRE_ERROR_BAD_MODULE, "the code of '%s' in the object is damaged: %s", name, wrong);
        return NULL;
    }
    *copy = (struct image_copy){m->images, image->real_bytes};
    m->images = copy;
    *n_bytes = image->real_bytes;
    return copy + 1;
}

const void *module_table(struct module *m, uint32_t k, uint64_t *n_bytes)
{
    struct container_view view;
    if (!open_container(m, &view)) return NULL;
    for (uint32_t i = 0; i < view.head->n_images; i++) {
        const struct vyre_image *image = container_image(&view, i);
        if (image->kind != VYRE_IMAGE_DATA || k--) continue;
        *n_bytes = image->real_bytes;
        return view.bytes + image->offset;
    }
    return NULL;
}

static void free_images(struct module *m)
{
    while (m->images) {
        struct image_copy *next = m->images->next;
        memory_put(&m->context->allocator, m->images, sizeof *m->images + m->images->n_bytes, 64);
        m->images = next;
    }
}

static struct module *find_loaded(vyre_context *c, const struct vyre_module *linked)
{
    struct module *m = atomic_load_explicit(&c->modules, memory_order_acquire);
    while (m && m->linked != linked)
        m = m->next;
    return m;
}

struct module *module_get(vyre_context *c, const struct vyre_module *linked, struct outcome *o)
{
    struct module *m = find_loaded(c, linked);
    if (m) return m;
    pthread_mutex_lock(&c->loading);
    m = find_loaded(c, linked); /* by another thread meanwhile */
    if (!m && (m = load(c, linked, o))) {
        m->next = atomic_load_explicit(&c->modules, memory_order_relaxed);
        atomic_store_explicit(&c->modules, m, memory_order_release);
    }
    pthread_mutex_unlock(&c->loading);
    return m;
}

void modules_free(vyre_context *c)
{
    struct module *m = atomic_load_explicit(&c->modules, memory_order_acquire);
    while (m) {
        struct module *next = m->next;
        if (c->backend->unload) c->backend->unload(m);
        free_images(m);
        memory_put(&c->allocator, m, m->n_bytes, CACHE_LINE);
        m = next;
    }
}
