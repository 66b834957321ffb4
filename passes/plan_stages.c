/* plan_stages.c - see plan_stages.h. */
#include "passes/plan_stages.h"

#include "ir/ops.h"
#include "passes/program_uses.h"

/* -- sizes ------------------------------------------------------------------------------------------------------- */

struct known_sizes {
    const uint64_t *lens, *params;
};

static uint64_t get_len(void *ctx, const struct ir_buffer *b)
{
    return ((const struct known_sizes *)ctx)->lens[b->index];
}

static uint64_t get_param(void *ctx, const struct ir_param *p)
{
    return ((const struct known_sizes *)ctx)->params[p->index];
}

const struct ir_buffer *plan_stages_size_temps(const struct ir_pipeline *p, uint64_t *lens, const uint64_t *params)
{
    struct known_sizes known = {lens, params};
    const struct ir_host_env env = {&known, get_len, get_param};
    for (uint32_t i = 0; i < p->temps.n; i++) {
        const struct ir_buffer *t = p->temps.at[i];
        lens[t->index] = t->count;
        if (t->count_expr && (!ir_host_eval(t->count_expr, &env, &lens[t->index]) || lens[t->index] > UINT32_MAX))
            return t;
    }
    return NULL;
}

/* -- stages ------------------------------------------------------------------------------------------------------ */

static bool reads(enum ir_access access)
{
    return ir_access_reads(access);
}

static bool writes(enum ir_access access)
{
    return ir_access_writes(access);
}

/* Counts below 2^32 and elements of at most 16 bytes: sums of some thousands of buffers are far from 2^64. */
static uint64_t count_bytes(const struct ir_arm *arm, const uint64_t *lens, bool (*is_counted)(enum ir_access))
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < arm->args.n; i++) {
        const struct ir_arg *arg = &arm->args.at[i];
        bool seen = !arg->buffer || !is_counted(arg->formal_buffer->access);
        for (uint32_t k = 0; k < i && !seen; k++)
            seen = arm->args.at[k].buffer == arg->buffer && is_counted(arm->args.at[k].formal_buffer->access);
        if (!seen) sum += lens[arg->buffer->index] * ir_type_mem_bytes(arg->buffer->elem);
    }
    return sum;
}

void plan_stages_find(const struct ir_pipeline *p, const uint64_t *lens, struct arena *arena,
                      struct plan_stages *stages)
{
    bool host = false;
    IR_EACH_STMT(s, &p->body)
    {
        if (s->kind == IR_STMT_ARM) {
            const uint32_t *size = s->arm->program->workgroup;
            struct plan_stage stage = {
                .id = stages->list.n + 1,
                .layout = (uint64_t)size[2] << 40 | (uint64_t)size[1] << 20 | size[0],
                .input_bytes = count_bytes(s->arm, lens, reads),
                .output_bytes = count_bytes(s->arm, lens, writes),
                .scratch_bytes = program_array_bytes(s->arm->program, IR_SPACE_WORKGROUP),
                .host = host,
            };
            vec_push(arena, &stages->list, stage);
            vec_push(arena, &stages->arms, s->arm);
        }
        host = s->kind != IR_STMT_ARM; /* the host, or other machines, look at what there is */
    }
}
