/* chunk_parts.c - which workgroups and elements a chunk has.
 *
 * Chunk k of n takes of each arm the workgroups from k/n to (k+1)/n of its grid, so that all arms come along their data at
 * one pace. An arm that makes temps runs what the others need of them instead, some workgroups twice. Of buffers a chunk has
 * the windows of its workgroups, and nothing else. Any cut is right; this one needs little memory. */
#include "runtime-stub/chunks.h"

__extension__ typedef __int128 wide;

static const struct vyre_meta_buffer *meta_buffer(const struct vyre_unit *u, uint32_t i)
{
    return &u->module->meta.buffers[u->meta->first_buffer + i];
}

enum chunk_role chunk_role_of(const struct chunk_shape *s, uint32_t buffer)
{
    uint8_t flags = meta_buffer(s->pipeline, buffer)->flags;
    if (buffer >= s->unit->meta->n_buffers) return CHUNK_TEMP;
    return flags & VYRE_META_CHUNK_INPUT ? CHUNK_INPUT : flags & VYRE_META_CHUNK_OUTPUT ? CHUNK_OUTPUT : CHUNK_WHOLE;
}

uint64_t chunk_elem_bytes(const struct chunk_shape *s, uint32_t buffer)
{
    return meta_buffer(s->unit, buffer)->elem_bytes;
}

/* -- the shape --------------------------------------------------------------------------------- */

vyre_status chunk_find_shape(const struct vyre_unit *u, struct chunk_shape *s, struct outcome *o)
{
    const struct metadata_view *v = &u->module->meta;
    const struct vyre_meta_chunks *row = v->chunks, *end = row + v->head->chunks.n;
    while (row < end && row->unit != u->index)
        row++;
    if (row == end)
        return outcome_fail(o, VYRE_ERROR_UNSUPPORTED,
                            "%s cannot run in chunks: declare the inputs that are to be cut with 'streaming'",
                            unit_name(u));
    if (row->pipeline == NONE_BOUND)
        return outcome_fail(o, VYRE_ERROR_UNSUPPORTED, "%s cannot run in chunks: %s", unit_name(u),
                            unit_string(u, row->reason));
    const struct vyre_unit *plan = &u->module->units[row->plan];
    *s = (struct chunk_shape){.row = row,
                              .name = unit_name(u),
                              .unit = plan,
                              .pipeline = &u->module->units[row->pipeline],
                              .n_arms = plan->n_steps,
                              .n_buffers = plan->meta->n_buffers + plan->meta->n_temps};
    return VYRE_OK;
}

/* -- windows ----------------------------------------------------------------------------------- */

static wide floor_slope(const struct vyre_meta_window *w, uint64_t group)
{
    return (wide)w->numerator * group / w->denominator;
}

static uint64_t clip(wide v, uint64_t most)
{
    return v<0 ? 0 : v>(wide) most ? most : (uint64_t)v;
}

/* Adds what the workgroups touch, within the buffer. */
static void add_elements(struct part *to, const struct vyre_meta_window *w, struct part groups, uint64_t total)
{
    if (!part_count(groups)) return;
    struct part p = {clip(floor_slope(w, groups.first) + w->low, total),
                     clip(floor_slope(w, groups.end - 1) + w->low + (wide)w->count, total)};
    if (p.first >= p.end) return;
    bool is_empty = !part_count(*to);
    if (is_empty || p.first < to->first) to->first = p.first;
    if (is_empty || p.end > to->end) to->end = p.end;
}

/* The first workgroup whose window begins at `element` or later, its own low and all. */
static uint64_t find_group(const struct vyre_meta_window *w, wide element, uint64_t most)
{
    wide slope = element - w->low;
    return slope <= 0 ? 0 : clip((slope * w->denominator + (wide)w->numerator - 1) / w->numerator, most);
}

/* Adds the workgroups that may write one of the elements. */
static void add_groups(struct part *to, const struct vyre_meta_window *w, struct part elements, uint64_t most)
{
    if (!part_count(elements)) return;
    struct part p = {find_group(w, (wide)elements.first - (wide)w->count + 1, most),
                     find_group(w, (wide)elements.end, most)};
    if (p.first >= p.end) return;
    bool is_empty = !part_count(*to);
    if (is_empty || p.first < to->first) to->first = p.first;
    if (is_empty || p.end > to->end) to->end = p.end;
}

/* -- arms, from the last to the first ---------------------------------------------------------- */

static const struct vyre_meta_window *windows_of(const struct chunk_shape *s)
{
    return s->unit->module->meta.windows + s->row->first_window;
}

static bool makes_temps(const struct chunk_shape *s, uint32_t arm)
{
    const struct vyre_meta_window *w = windows_of(s);
    for (uint32_t i = 0; i < s->row->n_windows; i++)
        if (w[i].arm == arm && w[i].is_store && chunk_role_of(s, w[i].buffer) == CHUNK_TEMP) return true;
    return false;
}

static struct part own_groups(const struct chunk_shape *s, uint32_t arm, uint64_t k, uint64_t n)
{
    uint64_t all = s->whole->launches[arm].n_groups;
    return (struct part){(uint64_t)((wide)all * k / n), (uint64_t)((wide)all * (k + 1) / n)};
}

/* Those that later arms need something of. */
static struct part needed_groups(const struct chunk_shape *s, uint32_t arm, const struct part *buffers)
{
    const struct vyre_meta_window *w = windows_of(s);
    struct part groups = {0, 0};
    for (uint32_t i = 0; i < s->row->n_windows; i++)
        if (w[i].arm == arm && w[i].is_store)
            add_groups(&groups, &w[i], buffers[w[i].buffer], s->whole->launches[arm].n_groups);
    return groups;
}

/* Temps have what is read of them; outputs what is written. */
static void add_windows(const struct chunk_shape *s, uint32_t arm, struct part groups, struct part *buffers)
{
    const struct vyre_meta_window *w = windows_of(s);
    for (uint32_t i = 0; i < s->row->n_windows; i++) {
        if (w[i].arm != arm || (w[i].is_store && chunk_role_of(s, w[i].buffer) == CHUNK_TEMP)) continue;
        add_elements(&buffers[w[i].buffer], &w[i], groups, s->whole->buffers[w[i].buffer].count);
    }
}

void chunk_find_parts(const struct chunk_shape *s, uint64_t k, uint64_t n, struct part *arms, struct part *buffers)
{
    for (uint32_t i = 0; i < s->n_buffers; i++)
        buffers[i] = (struct part){0, 0};
    for (uint32_t arm = s->n_arms; arm--;) {
        arms[arm] = makes_temps(s, arm) ? needed_groups(s, arm, buffers) : own_groups(s, arm, k, n);
        add_windows(s, arm, arms[arm], buffers);
    }
}

/* -- steps: what ids and lengths are less by ----------------------------------------------------- */

static uint64_t weight_of(const struct chunk_shape *s, uint32_t i)
{
    return s->row->n_weights ? s->unit->module->meta.weights[s->row->first_weight + i].value : 0;
}

uint64_t chunk_arm_weight(const struct chunk_shape *s, uint32_t arm)
{
    return weight_of(s, arm);
}

uint64_t chunk_buffer_weight(const struct chunk_shape *s, uint32_t buffer)
{
    return weight_of(s, s->n_arms + buffer);
}

/* As many as leave the margin in front of a part, and before the end, wherever that is. */
static void bound_steps(uint64_t *steps, uint64_t margin, uint64_t weight, struct part p, uint64_t total)
{
    if (!weight) return;
    uint64_t most = (part_count(p) && p.first < total ? p.first : total) / weight;
    most = most > margin ? most - margin : 0;
    if (most < *steps) *steps = most;
}

uint64_t chunk_find_steps(const struct chunk_shape *s, const struct part *arms, const struct part *buffers)
{
    uint64_t steps = UINT32_MAX, margin = s->row->margin;
    if (!s->row->n_weights) return 0;
    for (uint32_t a = 0; a < s->n_arms; a++)
        bound_steps(&steps, margin, chunk_arm_weight(s, a), arms[a], s->whole->launches[a].n_groups);
    for (uint32_t b = 0; b < s->n_buffers; b++)
        bound_steps(&steps, margin, chunk_buffer_weight(s, b), buffers[b], s->whole->buffers[b].count);
    return steps == UINT32_MAX ? 0 : steps;
}

static bool ends_near(uint64_t weight, struct part p, uint64_t steps, uint64_t most)
{
    return !weight || !part_count(p) || p.end / weight - steps < most;
}

bool chunk_is_near(const struct chunk_shape *s, const struct part *arms, const struct part *buffers)
{
    uint64_t steps = chunk_find_steps(s, arms, buffers);
    uint64_t most = s->row->n_weights ? VYRE_META_MOST_CHUNK_POSITION / s->row->heaviest : 0;
    bool is_near = true;
    for (uint32_t a = 0; a < s->n_arms; a++)
        is_near &= ends_near(chunk_arm_weight(s, a), arms[a], steps, most);
    for (uint32_t b = 0; b < s->n_buffers; b++)
        is_near &= ends_near(chunk_buffer_weight(s, b), buffers[b], steps, most);
    return is_near;
}

uint64_t chunk_find_end(const struct chunk_shape *s, uint64_t total, uint64_t weight, uint64_t steps)
{
    uint64_t most = weight ? (VYRE_META_MOST_CHUNK_POSITION + VYRE_META_CHUNK_FAR) / s->row->heaviest * weight : total;
    uint64_t end = total - steps * weight;
    return end < most ? end : most;
}

/* -- how many ---------------------------------------------------------------------------------- */

struct chunk_bytes chunk_measure(const struct chunk_shape *s, const struct part *buffers)
{
    struct chunk_bytes bytes = {0, 0};
    for (uint32_t i = 0; i < s->n_buffers; i++) {
        enum chunk_role role = chunk_role_of(s, i);
        uint64_t n = part_count(buffers[i]) * chunk_elem_bytes(s, i);
        if (role == CHUNK_TEMP) bytes.temps += n;
        if (role == CHUNK_INPUT || role == CHUNK_OUTPUT) bytes.arguments += n;
    }
    return bytes;
}

/* Looked at the ends and in the middle: all others are like that in the middle. */
static bool fits(const struct chunk_shape *s, uint64_t n, uint32_t n_slots, uint64_t budget_bytes, struct part *arms,
                 struct part *buffers)
{
    const uint64_t places[] = {0, n / 2, n - 1};
    for (uint32_t i = 0; i < 3; i++) {
        chunk_find_parts(s, places[i], n, arms, buffers);
        struct chunk_bytes b = chunk_measure(s, buffers);
        if (b.arguments * n_slots + b.temps > budget_bytes) return false;
        if (!chunk_is_near(s, arms, buffers)) return false;
        for (uint32_t a = 0; a < s->n_arms; a++)
            if (part_count(arms[a]) * s->whole->launches[a].program->meta->workgroup[0] > UINT32_MAX) return false;
    }
    return true;
}

uint64_t chunk_count(const struct chunk_shape *s, uint32_t n_slots, uint64_t budget_bytes, struct part *arms,
                     struct part *buffers)
{
    uint64_t most = 1;
    for (uint32_t a = 0; a < s->n_arms; a++)
        if (s->whole->launches[a].n_groups > most) most = s->whole->launches[a].n_groups;
    for (uint64_t n = 1; n < most; n += n / 8 + 1)
        if (fits(s, n, n_slots, budget_bytes, arms, buffers)) return n;
    return fits(s, most, n_slots, budget_bytes, arms, buffers) ? most : 0;
}
