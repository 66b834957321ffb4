/* pipeline.c - the arms of a pipeline as stages: input is what an arm reads, output what it writes, scratch the memory
 * of one workgroup; arms of one workgroup shape have one layout. */
#include <string.h>

#include "ir/ops.h"
#include "tools/vyre-plan/plan.h"

enum { DEFAULT_COUNT = 1 << 20 }; /* elements of a buffer of which nothing is said */

struct sizing {
    struct tool *tool;
    const struct ir_pipeline *pipeline;
    uint64_t *lens;   /* by index of a parameter or temp */
    uint64_t *params; /* by index */
    bool ok;
};

/* ---- sizes ---- */

__attribute__((format(printf, 3, 4))) static void fail(struct sizing *s, const char *word, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diag_report(&s->tool->diags, DIAG_BAD_SIZE, SRC_NONE, word, arena_vprintf(&s->tool->arena, format, args));
    va_end(args);
    s->ok = false;
}

static bool is_named(const char *name, const char *word, size_t n)
{
    return strlen(name) == n && !memcmp(name, word, n);
}

static uint64_t *find_size(struct sizing *s, const char *word, size_t n)
{
    const struct ir_pipeline *p = s->pipeline;
    for (uint32_t i = 0; i < p->buffers.n; i++)
        if (is_named(p->buffers.at[i]->name, word, n)) return &s->lens[i];
    for (uint32_t i = 0; i < p->params.n; i++)
        if (is_named(p->params.at[i]->name, word, n)) return &s->params[i];
    return NULL;
}

static void set_size(struct sizing *s, const char *word)
{
    size_t n = strcspn(word, "=");
    uint64_t *size = word[n] ? find_size(s, word, n) : NULL, value = 0;
    const char *digit = word + n + 1;
    if (!word[n]) {
        fail(s, word, "it has no '='");
        return;
    }
    if (!size) {
        fail(s, word, "'%s' has no buffer or param of this name", s->pipeline->name);
        return;
    }
    for (; *digit >= '0' && *digit <= '9' && value <= UINT32_MAX; digit++)
        value = value * 10 + (uint64_t)(*digit - '0');
    if (digit == word + n + 1 || *digit || value > UINT32_MAX)
        fail(s, word, "'%s' is not a whole number below 2^32", word + n + 1);
    else
        *size = value;
}

static uint64_t get_len(void *ctx, const struct ir_buffer *b)
{
    return ((struct sizing *)ctx)->lens[b->index];
}

static uint64_t get_param(void *ctx, const struct ir_param *p)
{
    return ((struct sizing *)ctx)->params[p->index];
}

static void set_sizes(struct sizing *s, const char *const *words, uint32_t n_words)
{
    const struct ir_pipeline *p = s->pipeline;
    const struct ir_host_env env = {s, get_len, get_param};
    s->lens = ARENA_ARRAY(&s->tool->arena, uint64_t, (size_t)p->buffers.n + p->temps.n + 1);
    s->params = ARENA_ARRAY(&s->tool->arena, uint64_t, (size_t)p->params.n + 1);
    for (uint32_t i = 0; i < p->buffers.n; i++)
        s->lens[i] = p->buffers.at[i]->sized ? p->buffers.at[i]->count : DEFAULT_COUNT;
    for (uint32_t i = 0; i < p->params.n; i++)
        s->params[i] = 1;
    for (uint32_t i = 0; i < n_words; i++)
        set_size(s, words[i]);
    for (uint32_t i = 0; i < p->temps.n && s->ok; i++) {
        const struct ir_buffer *t = p->temps.at[i];
        uint64_t *len = &s->lens[t->index];
        *len = t->count;
        if (t->count_expr && (!ir_host_eval(t->count_expr, &env, len) || *len > UINT32_MAX))
            fail(s, t->name, "with these sizes its count is none");
    }
}

/* ---- stages ---- */

/* Counts below 2^32 and elements of at most 16 bytes: sums of some thousands of buffers are far from 2^64. */
static uint64_t count_bytes(const struct sizing *s, const struct ir_arm *arm, bool (*is_counted)(enum ir_access))
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < arm->args.n; i++) {
        const struct ir_arg *arg = &arm->args.at[i];
        bool seen = !arg->buffer || !is_counted(arg->formal_buffer->access);
        for (uint32_t k = 0; k < i && !seen; k++)
            seen = arm->args.at[k].buffer == arg->buffer && is_counted(arm->args.at[k].formal_buffer->access);
        if (!seen) sum += s->lens[arg->buffer->index] * ir_type_mem_bytes(arg->buffer->elem);
    }
    return sum;
}

static uint64_t count_scratch(const struct ir_program *p)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < p->arrays.n; i++)
        if (p->arrays.at[i]->space == IR_SPACE_WORKGROUP)
            sum += p->arrays.at[i]->count * ir_type_mem_bytes(p->arrays.at[i]->elem);
    return sum;
}

static bool reads(enum ir_access access)
{
    return ir_access_reads(access);
}

static bool writes(enum ir_access access)
{
    return ir_access_writes(access);
}

static void add_stage(const struct sizing *s, const struct ir_arm *arm, bool host, struct stage_list *list)
{
    const uint32_t *size = arm->program->workgroup;
    struct plan_stage stage = {
        .id = list->stages.n + 1,
        .layout = (uint64_t)size[2] << 40 | (uint64_t)size[1] << 20 | size[0],
        .input_bytes = count_bytes(s, arm, reads),
        .output_bytes = count_bytes(s, arm, writes),
        .scratch_bytes = count_scratch(arm->program),
        .host = host,
    };
    vec_push(&s->tool->arena, &list->stages, stage);
    vec_push(&s->tool->arena, &list->names, arm->name);
}

static const struct ir_pipeline *find_pipeline(struct tool *tool, const struct ir_module *m, const char *name)
{
    if (!name && m->pipelines.n == 1) return m->pipelines.at[0];
    for (uint32_t i = 0; name && i < m->pipelines.n; i++)
        if (!strcmp(m->pipelines.at[i]->name, name)) return m->pipelines.at[i];
    if (name)
        diag_report(&tool->diags, DIAG_NO_PIPELINE, SRC_NONE, name);
    else
        diag_report(&tool->diags, DIAG_NEEDS_OPTION, SRC_NONE, "--pipeline", "the file does not have one pipeline");
    return NULL;
}

bool pipeline_read(struct tool *tool, const struct ir_module *m, const char *name, const char *const *sizes,
                   uint32_t n_sizes, struct stage_list *list)
{
    struct sizing s = {.tool = tool, .pipeline = find_pipeline(tool, m, name), .ok = true};
    bool host = false;
    if (!s.pipeline) return false;
    set_sizes(&s, sizes, n_sizes);
    IR_EACH_STMT(stmt, &s.pipeline->body)
    {
        bool is_arm = stmt->kind == IR_STMT_ARM;
        if (is_arm && s.ok) add_stage(&s, stmt->arm, host, list);
        host = !is_arm; /* the host, or other machines, look at what there is */
    }
    list->budget_bytes = s.pipeline->budget_bytes;
    return s.ok;
}
