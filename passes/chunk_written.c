/* chunk_written.c - pipelines as they were written, kept from before the passes: where the arms that passes have joined do not show
 * what a workgroup touches, a chunk runs the arms as they were. */
#include "passes/chunk_written.h"

#include "ir/build.h"

/* An argument or temp of the copy; sizes of temps are in terms of what was copied before. */
static struct ir_buffer *copy_buffer(struct ir_module *m, const struct ir_buffer *b, struct map *moved)
{
    struct ir_buffer *copy = ARENA_NEW(m->arena, struct ir_buffer);
    *copy = *b;
    if (b->count_expr) copy->count_expr = ir_expr_copy_moved(m, b->count_expr, moved);
    map_set(moved, b, copy);
    return copy;
}

static struct ir_param *copy_param(struct ir_module *m, const struct ir_param *p, struct map *moved)
{
    struct ir_param *copy = ARENA_NEW(m->arena, struct ir_param);
    *copy = *p;
    map_set(moved, p, copy);
    return copy;
}

static struct ir_stmt *copy_arm(struct ir_module *m, const struct ir_stmt *s, const struct map *moved)
{
    struct ir_stmt *copy = ir_stmt_new(m, IR_STMT_ARM, s->range);
    struct ir_arm *arm = copy->arm = ARENA_NEW(m->arena, struct ir_arm);
    *arm = (struct ir_arm){.name = s->arm->name, .range = s->arm->range, .program = s->arm->program};
    for (uint32_t i = 0; i < s->arm->args.n; i++) {
        struct ir_arg a = s->arm->args.at[i];
        if (a.buffer) a.buffer = map_find(moved, a.buffer);
        if (a.value) a.value = ir_expr_copy_moved(m, a.value, moved);
        vec_push(m->arena, &arm->args, a);
    }
    return copy;
}

/* Not in the module's lists. */
static struct ir_pipeline *copy_pipeline(struct ir_module *m, const struct ir_pipeline *p, struct arena *scratch)
{
    struct ir_pipeline *copy = ARENA_NEW(m->arena, struct ir_pipeline);
    struct map moved;
    map_init(&moved, scratch);
    *copy = (struct ir_pipeline){
        .name = p->name, .range = p->range, .budget_bytes = p->budget_bytes, .internal = true, .module = m};
    for (uint32_t i = 0; i < p->params.n; i++)
        vec_push(m->arena, &copy->params, copy_param(m, p->params.at[i], &moved));
    for (uint32_t i = 0; i < p->buffers.n; i++)
        vec_push(m->arena, &copy->buffers, copy_buffer(m, p->buffers.at[i], &moved));
    for (uint32_t i = 0; i < p->temps.n; i++)
        vec_push(m->arena, &copy->temps, copy_buffer(m, p->temps.at[i], &moved));
    IR_EACH_STMT(s, &p->body)
    {
        ir_block_append(&copy->body, copy_arm(m, s, &moved));
    }
    return copy;
}

/* Of several arms and nothing else: one arm is joined with nobody. */
static bool has_arms(const struct ir_pipeline *p)
{
    uint32_t n = 0;
    IR_EACH_STMT(s, &p->body)
    {
        if (s->kind != IR_STMT_ARM) return false;
        n++;
    }
    return n > 1;
}

bool chunk_has_input(struct ir_buffer *const *buffers, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (chunk_is_streamed(buffers[i]) && buffers[i]->access == IR_ACCESS_READ) return true;
    return false;
}

void chunk_written_keep(struct ir_module *m, struct arena *scratch)
{
    if (m->chunks) return;
    m->chunks = ARENA_NEW(m->arena, struct ir_chunk_list);
    for (uint32_t i = 0; i < m->pipelines.n; i++) {
        const struct ir_pipeline *p = m->pipelines.at[i];
        if (!chunk_has_input(p->buffers.at, p->buffers.n) || !has_arms(p)) continue;
        struct ir_written written = {p, copy_pipeline(m, p, scratch)};
        vec_push(m->arena, &m->chunks->written, written);
    }
}

/* -- afterwards -------------------------------------------------------------------------------- */

static bool has_program(const struct ir_module *m, const struct ir_program *p)
{
    return p->index < m->programs.n && m->programs.at[p->index] == p;
}

/* Whether passes have left something of it that is not in the pipeline any more, and its programs are all there. */
static bool is_useful(const struct ir_module *m, const struct ir_pipeline *p, const struct ir_pipeline *written)
{
    const struct ir_stmt *now = p->body.first;
    bool differs = false;
    IR_EACH_STMT(s, &written->body)
    {
        if (!has_program(m, s->arm->program)) return false;
        differs |= !now || now->kind != IR_STMT_ARM || now->arm->program != s->arm->program;
        now = now ? now->next : NULL;
    }
    return differs || now;
}

struct ir_pipeline *chunk_written_find(const struct ir_module *m, const struct ir_pipeline *p)
{
    for (uint32_t i = 0; i < m->chunks->written.n; i++)
        if (m->chunks->written.at[i].of == p)
            return is_useful(m, p, m->chunks->written.at[i].copy) ? m->chunks->written.at[i].copy : NULL;
    return NULL;
}

struct ir_pipeline *chunk_written_add(struct ir_module *m, const struct ir_pipeline *written, const char *name)
{
    struct ir_pipeline *added = ir_pipeline_new(m, name, written->range);
    uint32_t index = added->index;
    *added = *written;
    added->name = name;
    added->index = index;
    return added;
}
