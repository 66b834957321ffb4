/* unit.c - the interface of what is to be run, from IR or from the description in an object. */
#include <inttypes.h>
#include <string.h>

#include "tools/vyre-run/run.h"

/* -- choosing: candidates are numbered, programs first --------------------------------------------------- */

struct candidate {
    const char *name;
    bool is_pipeline;
    const void *what;
};
struct candidates {
    VEC(struct candidate) list;
};

static bool fits(const struct candidate *c, enum run_unit_kind kind)
{
    return kind == RUN_ANY || c->is_pipeline == (kind == RUN_PIPELINE);
}

static const char *list_candidates(const struct run *r, const struct candidates *all)
{
    const char *text = "there are:";
    for (uint32_t k = 0; k < all->list.n; k++)
        text = arena_printf(r->arena, "%s --%s=%s", text, all->list.at[k].is_pipeline ? "pipeline" : "program",
                            all->list.at[k].name);
    return all->list.n ? text : "there are none";
}

/* Without a name: the only pipeline, or else the only program. */
static const struct candidate *choose_alone(const struct candidates *all, enum run_unit_kind kind)
{
    for (int want_pipeline = 1; want_pipeline >= 0; want_pipeline--) {
        const struct candidate *found = NULL;
        uint32_t n = 0;
        for (uint32_t k = 0; k < all->list.n; k++)
            if (all->list.at[k].is_pipeline == (bool)want_pipeline && fits(&all->list.at[k], kind))
                found = &all->list.at[k], n++;
        if (n) return n == 1 ? found : NULL;
    }
    return NULL;
}

static const struct candidate *choose(const struct run *r, const struct candidates *all, const char *name,
                                      enum run_unit_kind kind)
{
    static const char *const kinds[] = {"program or pipeline", "program", "pipeline"};
    if (!name) {
        const struct candidate *alone = choose_alone(all, kind);
        if (!alone) run_fail(r, list_candidates(r, all), "no %s is named, and there is not just one", kinds[kind]);
        return alone;
    }
    for (uint32_t k = 0; k < all->list.n; k++)
        if (fits(&all->list.at[k], kind) && !strcmp(all->list.at[k].name, name)) return &all->list.at[k];
    run_fail(r, list_candidates(r, all), "there is no %s '%s'", kinds[kind], name);
    return NULL;
}

/* -- from IR --------------------------------------------------------------------------------------------- */

static void describe_ir(const struct run *r, struct run_unit *unit, struct ir_buffer *const *buffers,
                        uint32_t n_buffers, struct ir_param *const *params, uint32_t n_params)
{
    unit->n_arrays = n_buffers;
    unit->n_params = n_params;
    unit->arrays = ARENA_ARRAY(r->arena, struct run_array, n_buffers + 1);
    unit->params = ARENA_ARRAY(r->arena, struct run_param, n_params + 1);
    for (uint32_t k = 0; k < n_buffers; k++) {
        const struct ir_buffer *b = buffers[k];
        unit->arrays[k] = (struct run_array){.name = b->name,
                                             .elem = b->elem,
                                             .access = b->access,
                                             .sized = b->sized,
                                             .declared = b->count,
                                             .align_bytes = b->align_bytes,
                                             .is_streamed = b->streaming && b->access == IR_ACCESS_READ && !b->sized};
    }
    for (uint32_t k = 0; k < n_params; k++)
        unit->params[k] = (struct run_param){.name = params[k]->name, .type = params[k]->type.scalar};
}

bool unit_from_module(const struct run *r, const struct ir_module *m, const char *name, enum run_unit_kind kind,
                      struct run_unit *unit)
{
    struct candidates all = {0};
    for (uint32_t k = 0; k < m->programs.n; k++) {
        struct candidate c = {m->programs.at[k]->name, false, m->programs.at[k]};
        vec_push(r->arena, &all.list, c);
    }
    for (uint32_t k = 0; k < m->pipelines.n; k++) {
        struct candidate c = {m->pipelines.at[k]->name, true, m->pipelines.at[k]};
        vec_push(r->arena, &all.list, c);
    }
    const struct candidate *chosen = choose(r, &all, name, kind);
    if (!chosen) return false;
    *unit = (struct run_unit){.name = chosen->name, .is_pipeline = chosen->is_pipeline};
    if (chosen->is_pipeline) {
        const struct ir_pipeline *p = unit->pipeline = chosen->what;
        describe_ir(r, unit, p->buffers.at, p->buffers.n, p->params.at, p->params.n);
    } else {
        const struct ir_program *p = unit->program = chosen->what;
        describe_ir(r, unit, p->buffers.at, p->buffers.n, p->params.at, p->params.n);
    }
    return true;
}

/* -- from an object -------------------------------------------------------------------------------------- */

/* The container numbers types and accesses as the tables of the IR do, and always will. */
#define TYPE(NAME, text, kind, bits, mem_bytes, compute)                                                               \
    _Static_assert((int)VYRE_TYPE_##NAME == (int)IR_##NAME, "a type has another number in objects");
#include "ir/types.def"
#define ACCESS(NAME, text, reads, writes, help)                                                                        \
    _Static_assert((int)VYRE_ACCESS_##NAME == (int)IR_ACCESS_##NAME, "an access has another number in objects");
#include "ir/spaces.def"

static void describe_object(const struct run *r, struct run_unit *unit, const vyre_unit *of, const vyre_unit_info *info)
{
    unit->n_arrays = info->n_buffers;
    unit->n_params = info->n_params;
    unit->arrays = ARENA_ARRAY(r->arena, struct run_array, info->n_buffers + 1);
    unit->params = ARENA_ARRAY(r->arena, struct run_param, info->n_params + 1);
    for (uint32_t k = 0; k < info->n_buffers; k++) {
        vyre_buffer_arg b = {.size = sizeof b};
        vyre_unit_buffer(of, k, &b);
        unit->arrays[k] =
            (struct run_array){.name = b.name,
                               .elem = {(uint8_t)b.type, (uint8_t)b.lanes},
                               .access = (enum ir_access)b.access,
                               .sized = b.is_sized,
                               .declared = b.min_count,
                               .align_bytes = b.align_bytes,
                               .is_streamed = b.is_streaming && b.access == VYRE_ACCESS_READ && !b.is_sized};
    }
    for (uint32_t k = 0; k < info->n_params; k++) {
        vyre_param_arg p = {.size = sizeof p};
        vyre_unit_param(of, k, &p);
        unit->params[k] = (struct run_param){.name = p.name, .type = (enum ir_scalar)p.type};
    }
}

bool unit_from_object(const struct run *r, const vyre_unit *any, const char *name, enum run_unit_kind kind,
                      struct run_unit *unit)
{
    struct candidates all = {0};
    const vyre_unit *other;
    vyre_unit_info info = {.size = sizeof info};
    for (uint32_t k = 0; !vyre_unit_sibling(any, k, &other) && other; k++) {
        vyre_unit_get_info(other, &info);
        if (!*info.symbol) continue; /* of the runtime's own */
        struct candidate c = {info.name, info.is_pipeline, other};
        vec_push(r->arena, &all.list, c);
    }
    const struct candidate *chosen = choose(r, &all, name, kind);
    if (!chosen) return false;
    vyre_unit_get_info(chosen->what, &info);
    *unit = (struct run_unit){.name = info.name, .is_pipeline = info.is_pipeline, .compiled = chosen->what};
    describe_object(r, unit, chosen->what, &info);
    return true;
}
