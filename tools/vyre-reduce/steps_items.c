/* steps_items.c - steps over what is declared: items of the module, arms, buffers and params, and numbers in headers. */
#include "ir/build.h"
#include "ir/walk.h"
#include "tools/vyre-reduce/reduce.h"

#include <string.h>

/* Which places a step is to change: numbers `first` to `first + n - 1`, as they come by. */
struct places {
    uint32_t next, first, n;
    bool hit;
};

static bool is_chosen(struct places *p)
{
    uint32_t at = p->next++;
    bool chosen = at >= p->first && at - p->first < p->n;
    p->hit |= chosen;
    return chosen;
}

/* -- items and arms -------------------------------------------------------------------------------------- */

static void remove_arms(struct places *at, struct ir_pipeline *p)
{
    for (struct ir_stmt *s = p->body.first, *next; s; s = next) {
        next = s->next;
        if (is_chosen(at)) ir_remove(s);
    }
}

/* Pipelines from the last on, so that programs come free; what is still used makes the text invalid. Then arms. */
bool step_remove_items(struct ir_module *m, uint32_t first, uint32_t n)
{
    struct places at = {.first = first, .n = n};
    uint32_t kept = m->items.n;
    for (uint32_t k = m->items.n; k-- > 0;)
        if (is_chosen(&at)) memmove(&m->items.at[k], &m->items.at[k + 1], (--kept - k) * sizeof *m->items.at);
    m->items.n = kept;
    for (uint32_t k = 0; k < m->pipelines.n; k++)
        remove_arms(&at, m->pipelines.at[k]);
    return at.hit;
}

/* -- buffers, arrays, params ----------------------------------------------------------------------------- */

static void remove_from_arms(struct ir_module *m, const void *formal)
{
    for (uint32_t k = 0; k < m->pipelines.n; k++)
        IR_EACH_STMT(s, &m->pipelines.at[k]->body)
        {
            for (uint32_t i = 0; s->kind == IR_STMT_ARM && i < s->arm->args.n; i++) {
                struct ir_arg *a = &s->arm->args.at[i];
                if (a->formal_buffer == formal || a->formal_param == formal)
                    memmove(a, a + 1, (--s->arm->args.n - i) * sizeof *a);
            }
        }
}

#define REMOVE_CHOSEN(m, list, places)                                                                                 \
    for (uint32_t k = 0; k < (list)->n; k++)                                                                           \
        if (is_chosen(places)) {                                                                                       \
            remove_from_arms(m, (list)->at[k]);                                                                        \
            memmove(&(list)->at[k], &(list)->at[k + 1], (--(list)->n - k) * sizeof *(list)->at);                       \
            k--;                                                                                                       \
        }

bool step_remove_interface(struct ir_module *m, uint32_t first, uint32_t n)
{
    struct places at = {.first = first, .n = n};
    for (uint32_t i = 0; i < m->pipelines.n; i++) {
        REMOVE_CHOSEN(m, &m->pipelines.at[i]->temps, &at)
        REMOVE_CHOSEN(m, &m->pipelines.at[i]->buffers, &at)
        REMOVE_CHOSEN(m, &m->pipelines.at[i]->params, &at)
    }
    for (uint32_t i = 0; i < m->programs.n; i++) {
        REMOVE_CHOSEN(m, &m->programs.at[i]->arrays, &at)
        REMOVE_CHOSEN(m, &m->programs.at[i]->buffers, &at)
        REMOVE_CHOSEN(m, &m->programs.at[i]->params, &at)
    }
    return at.hit;
}

/* -- sizes ----------------------------------------------------------------------------------------------- */

/* One, or half. */
static uint64_t shrink(uint64_t v, bool to_one)
{
    return to_one || v < 2 ? 1 : v / 2;
}

static void shrink_u32(struct places *at, uint32_t *v)
{
    for (int to_one = 1; to_one >= 0; to_one--)
        if (*v > 1 && is_chosen(at)) *v = (uint32_t)shrink(*v, to_one);
}

static void shrink_dispatch(struct ir_module *m, struct places *at, struct ir_program *p)
{
    for (uint32_t k = 0; k < p->n_dispatch; k++) {
        const struct ir_expr *e = p->dispatch[k];
        bool is_one = ir_is_const(e) && e->bits <= 1;
        if (!is_one && is_chosen(at)) p->dispatch[k] = ir_const_u32(m, 1);
        if (!is_one && ir_is_const(e) && is_chosen(at)) p->dispatch[k] = ir_const_u32(m, (uint32_t)e->bits / 2);
    }
    if (p->n_dispatch > 1 && is_chosen(at)) p->n_dispatch--;
}

static void shrink_counts(struct places *at, struct ir_buffer *const *buffers, uint32_t n)
{
    for (uint32_t k = 0; k < n; k++)
        for (int to_one = 1; to_one >= 0; to_one--)
            if (buffers[k]->sized && !buffers[k]->count_expr && buffers[k]->count > 1 && is_chosen(at))
                buffers[k]->count = shrink(buffers[k]->count, to_one);
}

static void shrink_data(struct places *at, struct ir_data *d)
{
    for (int to_one = 1; to_one >= 0; to_one--) {
        if (d->path || d->buffer.count < 2 || !is_chosen(at)) continue;
        uint64_t count = shrink(d->buffer.count, to_one);
        d->size_bytes = d->size_bytes / d->buffer.count * count;
        d->buffer.count = count;
    }
}

static void shrink_workgroup(struct places *at, struct ir_program *p)
{
    for (uint32_t k = 0; k < p->n_workgroup; k++)
        shrink_u32(at, &p->workgroup[k]);
    if (p->n_workgroup > 1 && p->workgroup[p->n_workgroup - 1] == 1 && is_chosen(at)) p->n_workgroup--;
}

bool step_shrink_sizes(struct ir_module *m, uint32_t first, uint32_t n)
{
    struct places at = {.first = first, .n = n};
    for (uint32_t k = 0; k < m->data.n; k++)
        shrink_data(&at, m->data.at[k]);
    for (uint32_t k = 0; k < m->programs.n; k++) {
        struct ir_program *p = m->programs.at[k];
        shrink_workgroup(&at, p);
        shrink_dispatch(m, &at, p);
        shrink_counts(&at, p->buffers.at, p->buffers.n);
        shrink_counts(&at, p->arrays.at, p->arrays.n);
    }
    for (uint32_t k = 0; k < m->pipelines.n; k++) {
        shrink_counts(&at, m->pipelines.at[k]->buffers.at, m->pipelines.at[k]->buffers.n);
        shrink_counts(&at, m->pipelines.at[k]->temps.at, m->pipelines.at[k]->temps.n);
    }
    return at.hit;
}
