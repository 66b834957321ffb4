/* verify_fusion.c - see verify_fusion.h.
 *
 * An input is lengths, params and seeds; it is told as words that vyre-run takes. A pipeline whose arms race by themselves has no one
 * answer and is left out. Runs of the interpreter are bounded in steps. */
#include "driver/verify_fusion.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "ir/base/process.h"
#include "ir/interp.h"
#include "ir/sample.h"

enum { MAX_STEPS = 20000000, MAX_LENGTHS = 24, MAX_RANDOM_LENGTH = 1000, MAX_COMPILED_RUNS = 5 };

struct sample {
    uint64_t *lens, *params; /* by index */
    uint64_t seed;           /* 0: all bytes are zero */
};

struct outcome {
    struct ir_run_result result;
    struct ir_run_buffer *buffers;
};

struct verifier {
    struct tool *tool;
    struct arena arena;
    const struct ir_pipeline *before, *after;
    const char *input;
    uint64_t random; /* state */
    uint32_t n_compiled;
    const char *difference; /* of the last comparison that failed */
};

static uint64_t draw(struct verifier *v, uint64_t below)
{
    v->random = v->random * 6364136223846793005u + 1442695040888963407u;
    return (v->random >> 33) % below;
}

/* -- running ---------------------------------------------------------------------------------------------------- */

static void run(struct verifier *v, const struct ir_pipeline *p, const struct sample *s, struct arena *arena,
                struct outcome *o)
{
    struct ir_run_options options = {.detect_races = true, .max_steps = MAX_STEPS};
    o->buffers = ARENA_ARRAY(arena, struct ir_run_buffer, p->buffers.n + 1);
    for (uint32_t i = 0; i < p->buffers.n; i++) {
        const struct ir_buffer *b = v->before->buffers.at[i];
        void *bytes = arena_alloc(arena, s->lens[i] * ir_type_mem_bytes(b->elem) + 1);
        if (s->seed) ir_sample_fill(b->elem, bytes, s->lens[i], s->seed + i);
        o->buffers[i] = (struct ir_run_buffer){bytes, s->lens[i]};
    }
    o->result = ir_run_pipeline(arena, p, o->buffers, s->params, &options);
}

/* NULL, or what is different. */
static const char *compare(struct verifier *v, const struct outcome *a, const struct outcome *b, const struct sample *s,
                           struct arena *arena)
{
    bool traps = a->result.status == IR_RUN_TRAP;
    if (b->result.status == IR_RUN_RACE) return "the fused launch has a race";
    if (b->result.status == IR_RUN_TOO_LONG) return NULL;
    if (a->result.status != b->result.status) return traps ? "only the unfused one traps" : "the fused one fails";
    if (traps &&
        (a->result.trap_code != b->result.trap_code || a->result.trap_invocation != b->result.trap_invocation ||
         strcmp(a->result.trap_of, b->result.trap_of)))
        return "they trap in other invocations or arms, or with other codes";
    for (uint32_t i = 0; i < v->before->buffers.n && !traps; i++) {
        const struct ir_buffer *buffer = v->before->buffers.at[i];
        const unsigned char *x = a->buffers[i].bytes, *y = b->buffers[i].bytes;
        for (uint64_t k = 0; k < s->lens[i] * ir_type_mem_bytes(buffer->elem); k++)
            if (x[k] != y[k])
                return arena_printf(arena, "'%s' differs at byte %" PRIu64 ": 0x%02x unfused, 0x%02x fused",
                                    buffer->name, k, x[k], y[k]);
    }
    return NULL;
}

/* True when both give the same; *comparable: there was something to compare. */
static bool agree(struct verifier *v, const struct sample *s, bool *comparable)
{
    struct arena arena;
    struct outcome a, b;
    const char *difference = NULL;
    arena_init(&arena, &v->tool->mem);
    run(v, v->before, s, &arena, &a);
    *comparable = a.result.status == IR_RUN_OK || a.result.status == IR_RUN_TRAP;
    if (*comparable) {
        run(v, v->after, s, &arena, &b);
        difference = compare(v, &a, &b, s, &arena);
        if (difference) v->difference = arena_printf(&v->tool->arena, "%s", difference);
    }
    *comparable = a.result.status == IR_RUN_OK;
    arena_release(&arena);
    return !difference;
}

/* -- compiled code ------------------------------------------------------------------------------------------------ */

typedef VEC(const char *) word_list;

/* The input as vyre-run takes it. */
static void add_words(struct verifier *v, const struct sample *s, word_list *words)
{
    struct arena *arena = &v->tool->arena;
    for (uint32_t i = 0; i < v->before->buffers.n; i++) {
        const struct ir_buffer *b = v->before->buffers.at[i];
        const char *type = ir_type_text(b->elem);
        const char *word =
            s->seed ? arena_printf(arena, "%s=random:%s[%" PRIu64 "]:%" PRIu64, b->name, type, s->lens[i], s->seed + i)
                    : arena_printf(arena, "%s=%s[%" PRIu64 "]", b->name, type, s->lens[i]);
        vec_push(arena, words, word);
    }
    for (uint32_t i = 0; i < v->before->params.n; i++) {
        const struct ir_param *p = v->before->params.at[i];
        const char *value = p->type.scalar == IR_BOOL ? (s->params[i] ? "true" : "false")
                                                      : arena_printf(arena, "%" PRIu64, s->params[i]);
        vec_push(arena, words, arena_printf(arena, "%s=%s", p->name, value));
    }
}

/* vyre-run beside this program, else that of the PATH. */
static const char *find_runner(struct arena *arena)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return "vyre-run";
    self[n] = 0;
    const char *slash = strrchr(self, '/');
    const char *path = arena_printf(arena, "%.*s/vyre-run", (int)(slash - self), self);
    return access(path, X_OK) ? "vyre-run" : path;
}

/* Those of our options that say what the passes do, and where data files are. */
static void add_options(struct verifier *v, word_list *words)
{
    const struct option_list *list = &v->tool->options;
    for (uint32_t i = 0; i < list->uses.n; i++) {
        const struct option_use *use = &list->uses.at[i];
        for (uint32_t k = 0; k < n_option_rows; k++) {
            const struct option_row *row = &option_rows[k];
            bool counts = row->help && row->id == use->id && row->tools & TOOL_RUN &&
                          (row->group == OPTION_GROUP_PASSES || row->group == OPTION_GROUP_CODE ||
                           row->group == OPTION_GROUP_PREPROCESS);
            if (!counts) continue;
            bool joined = row->form == OPTION_JOINED || row->form == OPTION_SEPARATE || !use->argument;
            vec_push(&v->tool->arena, words,
                     arena_printf(&v->tool->arena, "%s%s%s", row->spelling, joined ? "" : "=",
                                  use->argument ? use->argument : ""));
        }
    }
}

/* False when the compiled code of what was fused differs from the unfused interpreter, or vyre-run cannot be had. */
static bool agree_compiled(struct verifier *v, const struct sample *s)
{
    word_list words = {0};
    struct out said;
    struct arena *arena = &v->tool->arena;
    if (!strcmp(v->input, "-") || v->n_compiled++ >= MAX_COMPILED_RUNS) return true;
    vec_push(arena, &words, find_runner(arena));
    add_options(v, &words);
    vec_push(arena, &words, "--check");
    vec_push(arena, &words, arena_printf(arena, "--pipeline=%s", v->before->name));
    vec_push(arena, &words, v->input);
    add_words(v, s, &words);
    vec_push(arena, &words, NULL);
    out_init(&said, &v->tool->mem);
    int status = process_run(&(struct process){.words = words.at}, &said, &said);
    if (status) {
        process_explain(status, &said);
        v->difference = status < 0 ? "vyre-run, which runs the compiled code, cannot be started"
                                   : arena_printf(arena, "compiled code: %s", said.bytes);
    }
    out_release(&said);
    return !status;
}

/* -- inputs --------------------------------------------------------------------------------------------------------- */

static struct sample make_sample(struct verifier *v, uint64_t seed)
{
    const struct ir_pipeline *p = v->before;
    return (struct sample){ARENA_ARRAY(&v->arena, uint64_t, p->buffers.n + 1),
                           ARENA_ARRAY(&v->arena, uint64_t, p->params.n + 1), seed};
}

static void set_length(struct verifier *v, struct sample *s, uint32_t at, uint64_t n)
{
    const struct ir_buffer *b = v->before->buffers.at[at];
    s->lens[at] = b->sized ? b->count : n;
}

/* Params are often lengths, or small. */
static void set_params(struct verifier *v, struct sample *s, uint64_t n)
{
    for (uint32_t i = 0; i < v->before->params.n; i++) {
        uint64_t choices[] = {n, 0, 1, draw(v, 100)};
        s->params[i] = choices[draw(v, 4)];
        if (v->before->params.at[i]->type.scalar == IR_BOOL) s->params[i] &= 1;
        if (ir_type_info(v->before->params.at[i]->type)->bits == 8) s->params[i] &= 127;
        if (ir_type_is_float(v->before->params.at[i]->type)) s->params[i] = 0;
    }
}

static void add_length(uint64_t *lengths, uint32_t *n, uint64_t length)
{
    for (uint32_t i = 0; i < *n; i++)
        if (lengths[i] == length) return;
    if (*n < MAX_LENGTHS) lengths[(*n)++] = length;
}

/* What passes keep in workgroup memory may be the part of several workgroups: about one and two of them. */
static void add_tiles(uint64_t *lengths, uint32_t *n, const struct ir_program *p)
{
    for (uint32_t i = 0; i < p->arrays.n; i++) {
        const struct ir_buffer *array = p->arrays.at[i];
        if (array->space != IR_SPACE_WORKGROUP || array->count <= p->workgroup[0]) continue;
        add_length(lengths, n, array->count + 1);
        add_length(lengths, n, 2 * array->count + 1);
    }
}

/* 0, 1, and those about one and several workgroups of each size there is. */
static uint32_t list_lengths(struct verifier *v, uint64_t *lengths)
{
    const struct ir_pipeline *both[] = {v->after, v->before};
    uint32_t n = 0;
    add_length(lengths, &n, 0);
    add_length(lengths, &n, 1);
    for (uint32_t k = 0; k < 2; k++) {
        IR_EACH_STMT(s, &both[k]->body)
        {
            if (s->kind != IR_STMT_ARM) continue;
            uint64_t tile = s->arm->program->workgroup[0];
            const uint64_t about[] = {tile, 3 * tile + 1, tile + 1, tile - 1, 8 * tile - 1};
            for (size_t i = 0; i < sizeof about / sizeof *about; i++)
                add_length(lengths, &n, about[i]);
            if (k == 0) add_tiles(lengths, &n, s->arm->program);
        }
    }
    return n;
}

/* -- making an input small -------------------------------------------------------------------------------------------- */

static bool differs(struct verifier *v, const struct sample *s)
{
    bool comparable;
    return !agree(v, s, &comparable);
}

/* A number becomes as small as the difference allows: first by halves, then by ones. */
static void shrink_number(struct verifier *v, struct sample *s, uint64_t *number)
{
    for (uint64_t step = *number; step; step /= 2) {
        while (*number >= step) {
            *number -= step;
            if (differs(v, s)) continue;
            *number += step;
            break;
        }
    }
}

static void shrink(struct verifier *v, struct sample *s)
{
    uint64_t seed = s->seed;
    for (uint32_t i = 0; i < v->before->buffers.n; i++)
        if (!v->before->buffers.at[i]->sized) shrink_number(v, s, &s->lens[i]);
    for (uint32_t i = 0; i < v->before->params.n; i++)
        shrink_number(v, s, &s->params[i]);
    s->seed = 0;
    if (!differs(v, s)) s->seed = seed;
    differs(v, s); /* what is said is about the smallest */
}

static void report(struct verifier *v, struct sample *s, bool compiled)
{
    word_list words = {0};
    struct out text;
    if (!compiled) shrink(v, s);
    add_words(v, s, &words);
    out_init(&text, &v->tool->mem);
    out_printf(&text, "--pipeline=%s", v->before->name);
    for (uint32_t i = 0; i < words.n; i++)
        out_printf(&text, " '%s'", words.at[i]);
    struct diag *g =
        diag_report(&v->tool->diags, DIAG_FUSION_DIFFERS, v->before->range, v->before->name, v->difference);
    diag_add_note(&v->tool->diags, g, SRC_NONE, "the smallest input found: %s", text.bytes);
    out_release(&text);
}

/* -- the whole -------------------------------------------------------------------------------------------------------- */

static bool try_sample(struct verifier *v, struct sample *s, bool may_compile)
{
    bool comparable;
    if (!agree(v, s, &comparable)) {
        report(v, s, false);
        return false;
    }
    if (!comparable || !may_compile || agree_compiled(v, s)) return true;
    report(v, s, true);
    return false;
}

static bool verify_pipeline(struct verifier *v, uint32_t n_random)
{
    uint64_t lengths[MAX_LENGTHS];
    uint32_t n = list_lengths(v, lengths);
    for (uint32_t k = 0; k < n; k++) {
        struct sample s = make_sample(v, k + 1);
        for (uint32_t i = 0; i < v->before->buffers.n; i++)
            set_length(v, &s, i, lengths[k]);
        set_params(v, &s, lengths[k]);
        if (!try_sample(v, &s, true)) return false;
    }
    for (uint32_t k = 0; k < n_random; k++) {
        struct sample s = make_sample(v, 1000 + k);
        uint64_t common = draw(v, MAX_RANDOM_LENGTH);
        for (uint32_t i = 0; i < v->before->buffers.n; i++)
            set_length(v, &s, i, draw(v, 2) ? common : draw(v, MAX_RANDOM_LENGTH));
        set_params(v, &s, common);
        if (!try_sample(v, &s, false)) return false;
    }
    return true;
}

bool verify_fusion(struct tool *tool, const struct ir_module *before, const struct ir_module *after, const char *input,
                   uint32_t n_random)
{
    bool ok = true;
    for (uint32_t i = 0; i < before->pipelines.n; i++) {
        struct verifier v = {.tool = tool,
                             .before = before->pipelines.at[i],
                             .after = after->pipelines.at[i],
                             .input = input,
                             .random = i + 1};
        arena_init(&v.arena, &tool->mem);
        ok &= verify_pipeline(&v, n_random);
        arena_release(&v.arena);
    }
    return ok;
}
