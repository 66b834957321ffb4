/* pipeline.c - a pipeline for the planner: sizes come as words, stages from passes/plan_stages.h. */
#include <string.h>

#include "passes/plan_stages.h"
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

static void set_sizes(struct sizing *s, const char *const *words, uint32_t n_words)
{
    const struct ir_pipeline *p = s->pipeline;
    s->lens = ARENA_ARRAY(&s->tool->arena, uint64_t, (size_t)p->buffers.n + p->temps.n + 1);
    s->params = ARENA_ARRAY(&s->tool->arena, uint64_t, (size_t)p->params.n + 1);
    for (uint32_t i = 0; i < p->buffers.n; i++)
        s->lens[i] = p->buffers.at[i]->sized ? p->buffers.at[i]->count : DEFAULT_COUNT;
    for (uint32_t i = 0; i < p->params.n; i++)
        s->params[i] = 1;
    for (uint32_t i = 0; i < n_words; i++)
        set_size(s, words[i]);
    const struct ir_buffer *none = s->ok ? plan_stages_size_temps(p, s->lens, s->params) : NULL;
    if (none) fail(s, none->name, "with these sizes its count is none");
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
    struct plan_stages found = {0};
    if (!s.pipeline) return false;
    set_sizes(&s, sizes, n_sizes);
    if (!s.ok) return false;
    plan_stages_find(s.pipeline, s.lens, &tool->arena, &found);
    for (uint32_t i = 0; i < found.list.n; i++) {
        vec_push(&tool->arena, &list->stages, found.list.at[i]);
        vec_push(&tool->arena, &list->names, found.arms.at[i]->name);
    }
    list->budget_bytes = s.pipeline->budget_bytes;
    return true;
}
