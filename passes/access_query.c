/* access_query.c - what follows from the relations: hazards, coverage, windows. Every answer is "no" or "unknown" when
 * the library gave up. */
#include "passes/access_isl.h"

#include "ir/ops.h"
#include "passes/access_form.h"
#include "passes/access_memo.h"

/* -- unions over the accesses of a buffer ------------------------------------------------------------------------- */

static bool is_of_kind(const struct access *a, const struct ir_buffer *buffer, bool reads, bool writes)
{
    if (a->buffer != buffer) return false;
    if (a->kind == ACCESS_ATOMIC) return true;
    return a->kind == ACCESS_LOAD ? reads : writes;
}

static bool has_relation(const struct access *a)
{
    return a->relation && a->relation->map;
}

/* All pairs of invocation and element; NULL: there are none, or unknown (then *known is false). With `only_exact`, those
 * that certainly are. */
static isl_map *unite(const struct access_facts *f, const struct ir_buffer *buffer, bool reads, bool writes,
                      bool only_exact, bool *known)
{
    isl_map *all = NULL;
    access_relate(f, buffer);
    *known = !access_solver_is_exhausted(f->solver);
    for (uint32_t i = 0; i < f->accesses.n; i++) {
        const struct access *a = &f->accesses.at[i];
        if (!is_of_kind(a, buffer, reads, writes) || (only_exact && !a->exact)) continue;
        if (!has_relation(a)) *known = false;
        isl_map *map = has_relation(a) ? isl_map_copy(a->relation->map) : NULL;
        all = all ? isl_map_union(all, map) : map;
    }
    return all;
}

/* (w, l) as six numbers, so that programs of one and of three dimensions can be compared. */
static isl_map *in_three_dimensions(const struct access_facts *f, isl_map *map)
{
    if (!f->one_dimensional || !map) return map;
    map = isl_map_insert_dims(map, isl_dim_in, 2, 2); /* w, l, y, z: of l */
    map = isl_map_insert_dims(map, isl_dim_in, 1, 2);
    for (uint32_t at = 1; at < 6; at++)
        if (at != 3) map = isl_map_fix_si(map, isl_dim_in, at, 0);
    return map;
}

bool access_is_related(const struct access_facts *facts, const struct access *a)
{
    access_relate(facts, a->buffer);
    return a->known;
}

bool access_is_known(const struct access_facts *facts, const struct access *a)
{
    return access_is_known_by_form(facts, a) || access_is_related(facts, a);
}

bool access_is_in_bounds(const struct access_facts *facts, const struct access *a)
{
    if (access_is_in_bounds_by_form(facts, a)) return true;
    access_relate(facts, a->buffer);
    return a->in_bounds;
}

/* -- hazards ------------------------------------------------------------------------------------------------------- */

enum { MAX_PAIRS = 4096 }; /* of accesses, that are compared before the library takes all at once */

static bool has_equal_workgroups(const struct ir_program *a, const struct ir_program *b)
{
    return a->workgroup[0] == b->workgroup[0] && a->workgroup[1] == b->workgroup[1] &&
           a->workgroup[2] == b->workgroup[2];
}

/* Pairs of six numbers each, of which the first `n_equal` are the same. */
static isl_map *make_equal_ids(isl_ctx *isl, uint32_t n_equal)
{
    isl_map *map = isl_map_universe(isl_space_alloc(isl, 0, 6, 6));
    for (uint32_t i = 0; i < n_equal; i++)
        map = isl_map_equate(map, isl_dim_in, (int)i, isl_dim_out, (int)i);
    return map;
}

static bool is_within(isl_map *pairs, isl_ctx *isl, uint32_t n_equal)
{
    isl_map *equal = make_equal_ids(isl, n_equal);
    isl_bool within = isl_map_is_subset(pairs, equal);
    isl_map_free(equal);
    return within == isl_bool_true;
}

/* Takes `pairs`: of invocations that touch one element. */
static enum access_hazard classify(isl_map *pairs, isl_ctx *isl, bool comparable)
{
    enum access_hazard hazard = ACCESS_HAZARD_GRID;
    if (isl_map_is_empty(pairs) == isl_bool_true)
        hazard = ACCESS_HAZARD_NONE;
    else if (comparable && is_within(pairs, isl, 6))
        hazard = ACCESS_HAZARD_INVOCATION;
    else if (comparable && is_within(pairs, isl, 3))
        hazard = ACCESS_HAZARD_WORKGROUP;
    isl_map_free(pairs);
    return hazard;
}

static bool commutes(const struct access *a, const struct access *b)
{
    if (a->kind != ACCESS_ATOMIC || b->kind != ACCESS_ATOMIC) return false;
    const struct ir_stmt *s = a->stmt, *t = b->stmt;
    bool exact =
        !ir_type_is_float(a->buffer->elem) && s->atomic.op != IR_ATOMIC_EXCHANGE && s->atomic.op != IR_ATOMIC_CAS;
    bool additive = (s->atomic.op == IR_ATOMIC_ADD || s->atomic.op == IR_ATOMIC_SUB) &&
                    (t->atomic.op == IR_ATOMIC_ADD || t->atomic.op == IR_ATOMIC_SUB);
    return exact && (s->atomic.op == t->atomic.op || additive) && !s->atomic.result && !t->atomic.result;
}

static enum access_hazard find_hazard(const struct access_facts *f, const struct access *a,
                                      const struct access_facts *g, const struct access *b)
{
    if (a->kind == ACCESS_LOAD && b->kind == ACCESS_LOAD) return ACCESS_HAZARD_NONE;
    if (commutes(a, b)) return ACCESS_HAZARD_NONE;
    enum access_hazard cheap = access_find_hazard_by_form(f, a, g, b);
    if (cheap <= ACCESS_HAZARD_INVOCATION) return cheap;
    access_relate(f, a->buffer);
    access_relate(g, b->buffer);
    if (!has_relation(a) || !has_relation(b) || access_solver_is_exhausted(f->solver)) return cheap;
    isl_map *first = in_three_dimensions(f, isl_map_copy(a->relation->map));
    isl_map *second = in_three_dimensions(g, isl_map_copy(b->relation->map));
    enum access_hazard exact = classify(isl_map_apply_range(first, isl_map_reverse(second)), f->solver->isl,
                                        has_equal_workgroups(f->program, g->program));
    return exact < cheap ? exact : cheap;
}

static struct access_conflict find_conflict(const struct access_facts *first, const struct ir_buffer *first_buffer,
                                            const struct access_facts *second, const struct ir_buffer *second_buffer)
{
    struct access_conflict worst = {ACCESS_HAZARD_NONE, NULL, NULL};
    for (uint32_t i = 0; i < first->accesses.n; i++) {
        const struct access *a = &first->accesses.at[i];
        if (a->buffer != first_buffer) continue;
        for (uint32_t k = 0; k < second->accesses.n && worst.hazard != ACCESS_HAZARD_GRID; k++) {
            const struct access *b = &second->accesses.at[k];
            if (b->buffer != second_buffer) continue;
            enum access_hazard hazard = find_hazard(first, a, second, b);
            if (hazard > worst.hazard) worst = (struct access_conflict){hazard, a, b};
        }
    }
    return worst;
}

struct access_conflict access_find_conflict(const struct access_facts *first, const struct ir_buffer *first_buffer,
                                            const struct access_facts *second, const struct ir_buffer *second_buffer)
{
    struct access_question q = {
        .topic = ACCESS_CONFLICT, .other = second, .first = first_buffer, .second = second_buffer};
    const struct access_answer *known = access_recall(first, &q);
    if (known) return known->conflict;
    struct access_answer answer = {.conflict = find_conflict(first, first_buffer, second, second_buffer)};
    access_remember(first, &q, answer);
    return answer.conflict;
}

/* Do forms show that what an invocation writes (or, with `reads`, also reads) is written by no other one? */
static bool is_own_by_form(const struct access_facts *facts, const struct ir_buffer *buffer, bool reads)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < facts->accesses.n; i++) {
        const struct access *a = &facts->accesses.at[i];
        if (!is_of_kind(a, buffer, false, true)) continue;
        for (uint32_t k = 0; k < facts->accesses.n; k++) {
            const struct access *b = &facts->accesses.at[k];
            if (!is_of_kind(b, buffer, reads, true)) continue;
            if (++n > MAX_PAIRS || access_find_hazard_by_form(facts, a, facts, b) > ACCESS_HAZARD_INVOCATION)
                return false;
        }
    }
    return true;
}

static enum access_hazard find_sharing(const struct access_facts *facts, const struct ir_buffer *buffer)
{
    bool known, writes_known;
    if (is_own_by_form(facts, buffer, true)) return ACCESS_HAZARD_NONE;
    if (access_solver_is_exhausted(facts->solver)) return ACCESS_HAZARD_GRID;
    isl_map *all = unite(facts, buffer, true, true, false, &known);
    isl_map *writes = unite(facts, buffer, false, true, false, &writes_known);
    if (!known || !writes_known) {
        isl_map_free(all);
        isl_map_free(writes);
        return ACCESS_HAZARD_GRID;
    }
    if (!writes) {
        isl_map_free(all);
        return ACCESS_HAZARD_NONE;
    }
    writes = in_three_dimensions(facts, writes);
    all = in_three_dimensions(facts, all);
    enum access_hazard hazard = classify(isl_map_apply_range(writes, isl_map_reverse(all)), facts->solver->isl, true);
    return hazard == ACCESS_HAZARD_INVOCATION ? ACCESS_HAZARD_NONE : hazard;
}

enum access_hazard access_find_sharing(const struct access_facts *facts, const struct ir_buffer *buffer)
{
    struct access_question q = {.topic = ACCESS_SHARING, .first = buffer};
    const struct access_answer *known = access_recall(facts, &q);
    if (known) return known->hazard;
    struct access_answer answer = {.hazard = find_sharing(facts, buffer)};
    access_remember(facts, &q, answer);
    return answer.hazard;
}

/* -- handoffs ----------------------------------------------------------------------------------------------------- */

static bool is_injective(const struct access_facts *facts, const struct ir_buffer *buffer)
{
    bool known;
    if (is_own_by_form(facts, buffer, false)) return true;
    if (access_solver_is_exhausted(facts->solver)) return false;
    isl_map *writes = unite(facts, buffer, false, true, false, &known);
    isl_bool injective = writes && known ? isl_map_is_injective(writes) : isl_bool_error;
    isl_map_free(writes);
    return injective == isl_bool_true;
}

bool access_is_injective(const struct access_facts *facts, const struct ir_buffer *buffer)
{
    struct access_question q = {.topic = ACCESS_INJECTIVE, .first = buffer};
    const struct access_answer *known = access_recall(facts, &q);
    if (known) return known->yes;
    struct access_answer answer = {.yes = is_injective(facts, buffer)};
    access_remember(facts, &q, answer);
    return answer.yes;
}

static bool is_covered(const struct access_facts *first, const struct ir_buffer *first_buffer,
                       const struct access_facts *second, const struct ir_buffer *second_buffer)
{
    bool reads_known, writes_known;
    if (access_solver_is_exhausted(first->solver)) return false;
    isl_map *reads = unite(second, second_buffer, true, false, false, &reads_known);
    isl_map *writes = unite(first, first_buffer, false, true, true, &writes_known);
    isl_bool covered = isl_bool_false;
    if (reads_known && writes_known && reads && writes) {
        isl_set *read = isl_set_intersect_params(isl_map_range(isl_map_copy(reads)),
                                                 isl_set_copy(access_relate(first, first_buffer)->set));
        isl_set *written = isl_map_range(isl_map_copy(writes));
        covered = isl_set_is_subset(read, written);
        isl_set_free(read);
        isl_set_free(written);
    }
    isl_map_free(reads);
    isl_map_free(writes);
    return covered == isl_bool_true;
}

bool access_is_covered(const struct access_facts *first, const struct ir_buffer *first_buffer,
                       const struct access_facts *second, const struct ir_buffer *second_buffer)
{
    struct access_question q = {
        .topic = ACCESS_COVERED, .other = second, .first = first_buffer, .second = second_buffer};
    const struct access_answer *known = access_recall(first, &q);
    if (known) return known->yes;
    struct access_answer answer = {.yes = is_covered(first, first_buffer, second, second_buffer)};
    access_remember(first, &q, answer);
    return answer.yes;
}

bool access_is_written_whole(const struct access_facts *f, const struct ir_buffer *buffer)
{
    bool known;
    if (access_solver_is_exhausted(f->solver)) return false;
    isl_map *writes = unite(f, buffer, false, true, true, &known);
    isl_bool whole = isl_bool_false;
    if (known && writes) {
        const struct access_context *c = access_relate(f, buffer);
        isl_set *all = isl_set_intersect_params(isl_set_copy(c->elements), isl_set_copy(c->set));
        isl_set *written = isl_map_range(isl_map_copy(writes));
        whole = isl_set_is_subset(all, written);
        isl_set_free(all);
        isl_set_free(written);
    }
    isl_map_free(writes);
    return whole == isl_bool_true;
}

/* -- windows -------------------------------------------------------------------------------------------------------- */

/* Of [w, l] -> [x], the same from the unit's number. */
static isl_map *of_units(const struct access_facts *f, isl_map *map, uint64_t unit)
{
    uint32_t size = f->program->workgroup[0];
    char text[160];
    /* Whole workgroups need not look at l. */
    if (unit % size == 0)
        snprintf(text, sizeof text, "{ [w, l] -> [floor(w/%llu)] }", (unsigned long long)(unit / size));
    else
        snprintf(text, sizeof text, "{ [w, l] -> [floor((%u*w + l)/%llu)] }", (unsigned)size, (unsigned long long)unit);
    return isl_map_apply_domain(map, isl_map_read_from_str(f->solver->isl, text));
}

static bool is_int64(isl_val *v)
{
    bool fits = v && isl_val_is_int(v) == isl_bool_true && isl_val_cmp_si(v, INT64_MAX / 4) <= 0 &&
                isl_val_cmp_si(v, INT64_MIN / 4) >= 0;
    return fits;
}

/* The least or greatest element of a set, whatever the params are; false when there is none. Takes `set`. */
static bool find_extreme(isl_set *set, bool greatest, int64_t *result)
{
    if (isl_set_is_empty(set) != isl_bool_false) {
        isl_set_free(set);
        return false;
    }
    isl_val *v = greatest ? isl_set_dim_max_val(set, 0) : isl_set_dim_min_val(set, 0);
    bool fits = is_int64(v);
    if (fits) *result = isl_val_get_num_si(v);
    isl_val_free(v);
    return fits;
}

/* The least x of one unit. */
static bool find_least_at(isl_map *map, int64_t unit, int64_t *least)
{
    isl_map *at = isl_map_fix_val(isl_map_copy(map), isl_dim_in, 0, isl_val_int_from_si(isl_map_get_ctx(map), unit));
    return find_extreme(isl_map_range(at), false, least);
}

/* How far x moves from unit to unit, as a fraction: a guess, from two units that lie a multiple of everything likely
 * apart. */
static void guess_slope(isl_map *map, struct access_window *r)
{
    static const int64_t distances[] = {5040, 420, 60, 12, 4, 1};
    r->numerator = 0;
    r->denominator = 1;
    for (size_t i = 0; i < sizeof distances / sizeof *distances; i++) {
        int64_t d = distances[i], first, second;
        if (!find_least_at(map, d, &first) || !find_least_at(map, 2 * d, &second) || second < first) continue;
        uint64_t a = (uint64_t)(second - first), b = (uint64_t)d;
        while (b) {
            uint64_t rest = a % b;
            a = b;
            b = rest;
        }
        r->numerator = (uint64_t)(second - first) / a;
        r->denominator = (uint64_t)d / a;
        return;
    }
}

/* Takes `map`: [unit] -> [x]. The slope is guessed, the window around it is proved. */
static struct access_window fit_window(isl_map *map)
{
    struct access_window r = {.denominator = 1};
    int64_t low, high;
    char text[128];
    if (isl_map_is_empty(map) == isl_bool_true) {
        isl_map_free(map);
        return (struct access_window){.known = true, .denominator = 1, .count = 1};
    }
    guess_slope(map, &r);
    snprintf(text, sizeof text, "{ [u] -> [-(floor((%llu*u)/%llu))] }", (unsigned long long)r.numerator,
             (unsigned long long)r.denominator);
    isl_map *offset = isl_map_align_params(isl_map_read_from_str(isl_map_get_ctx(map), text), isl_map_get_space(map));
    map = isl_map_sum(map, offset);
    isl_set *distances = isl_map_range(map);
    if (find_extreme(isl_set_copy(distances), false, &low) && find_extreme(isl_set_copy(distances), true, &high)) {
        r.known = high - low < INT32_MAX; /* more is an index that wraps around */
        r.low = low;
        r.count = (uint64_t)(high - low) + 1;
    }
    isl_set_free(distances);
    return r;
}

static struct access_window find_elements(const struct access_facts *facts, const struct ir_buffer *buffer,
                                          enum access_kind kind, uint64_t unit)
{
    bool known;
    if (access_solver_is_exhausted(facts->solver)) return (struct access_window){.denominator = 1};
    isl_map *map = unite(facts, buffer, kind == ACCESS_LOAD, kind == ACCESS_STORE, false, &known);
    if (!known || !facts->one_dimensional) {
        isl_map_free(map);
        return (struct access_window){.denominator = 1};
    }
    if (!map) return (struct access_window){.known = true, .denominator = 1, .count = 1};
    return fit_window(of_units(facts, map, unit));
}

struct access_window access_find_elements(const struct access_facts *facts, const struct ir_buffer *buffer,
                                          enum access_kind kind, uint64_t unit)
{
    struct access_window cheap = access_find_elements_by_form(facts, buffer, kind, unit);
    if (cheap.known) return cheap;
    struct access_question q = {.topic = ACCESS_ELEMENTS, .first = buffer, .kind = kind, .unit = unit};
    const struct access_answer *known = access_recall(facts, &q);
    if (known) return known->window;
    struct access_answer answer = {.window = find_elements(facts, buffer, kind, unit)};
    access_remember(facts, &q, answer);
    return answer.window;
}

static struct access_window find_producers(const struct access_facts *first, const struct ir_buffer *first_buffer,
                                           const struct access_facts *second, const struct ir_buffer *second_buffer,
                                           uint64_t unit)
{
    bool reads_known, writes_known;
    if (access_solver_is_exhausted(first->solver)) return (struct access_window){.denominator = 1};
    isl_map *reads = unite(second, second_buffer, true, false, false, &reads_known);
    isl_map *writes = unite(first, first_buffer, false, true, false, &writes_known);
    bool one_dimensional = first->one_dimensional && second->one_dimensional;
    if (!reads || !writes || !reads_known || !writes_known || !one_dimensional) {
        isl_map_free(reads);
        isl_map_free(writes);
        return (struct access_window){.denominator = 1};
    }
    isl_map *units = of_units(second, reads, unit);
    units = isl_map_intersect_params(units, isl_set_copy(access_relate(first, first_buffer)->set));
    return fit_window(isl_map_apply_range(units, isl_map_reverse(of_units(first, writes, 1))));
}

struct access_window access_find_producers(const struct access_facts *first, const struct ir_buffer *first_buffer,
                                           const struct access_facts *second, const struct ir_buffer *second_buffer,
                                           uint64_t unit)
{
    struct access_window cheap = access_find_producers_by_form(first, first_buffer, second, second_buffer, unit);
    if (cheap.known) return cheap;
    struct access_question q = {
        .topic = ACCESS_PRODUCERS, .other = second, .first = first_buffer, .second = second_buffer, .unit = unit};
    const struct access_answer *known = access_recall(first, &q);
    if (known) return known->window;
    struct access_answer answer = {.window = find_producers(first, first_buffer, second, second_buffer, unit)};
    access_remember(first, &q, answer);
    return answer.window;
}
