/* differ.c - see differ.h. The module that is run is the one that was printed and read again, as a user's would be. */
#include "tools/vyre-fuzz/differ.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "frontend/frontend.h"
#include "ir/build.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "passes/manager.h"

enum { MAX_STEPS = 10000000, HANDOFF_ROUNDS = 4 };

struct fuzz_place fuzz_place;

/* A module, its surroundings, and its outcome. */
struct trial {
    const struct fuzz_options *options;
    struct fuzz_counts *counts;
    struct run run;
    struct arena arena;
    struct sources sources;
    struct intern names;
    struct diags diags;
    struct random random;
    struct ir_module *module; /* as read back */
    struct ir_module *passed; /* what passes made of it: this is compiled */
    struct pass_settings passes;
    struct out text;
    uint64_t seed;
    uint32_t opt_level;
    bool kept;
};

/* -- levels of this machine ------------------------------------------------------------------------------ */

#if defined(__x86_64__)
enum { N_LEVELS = 3 };
static bool has_level(uint32_t k)
{
    bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
    bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
              __builtin_cpu_supports("avx512vl");
    return k == 0 || (k == 1 && v3) || (k == 2 && v4);
}
static const char *const levels[N_LEVELS] = {"x86-64-v2", "x86-64-v3", "x86-64-v4"};
static const enum target_id level_targets[N_LEVELS] = {TARGET_CPU_X86_64_V2, TARGET_CPU_X86_64_V3,
                                                       TARGET_CPU_X86_64_V4};
#else
enum { N_LEVELS = 1 };
static bool has_level(uint32_t k)
{
    return k == 0;
}
static const char *const levels[N_LEVELS] = {"aarch64"};
static const enum target_id level_targets[N_LEVELS] = {TARGET_CPU_AARCH64};
#endif

enum { ON_PTX = N_LEVELS + 1 };

const char *fuzz_executor_name(uint32_t k)
{
    return k < N_LEVELS ? levels[k] : k == N_LEVELS ? "device" : k == ON_PTX ? "ptx" : NULL;
}

/* -- reports --------------------------------------------------------------------------------------------- */

static void keep_text(struct trial *t)
{
    if (!t->options->keep_dir || t->kept) return;
    const char *path = arena_printf(&t->arena, "%s/seed%" PRIu64 ".vir", t->options->keep_dir, t->seed);
    out_write_file(&t->text, path, false);
    t->kept = true;
}

static void report_module(struct trial *t, const char *what, const char *details)
{
    keep_text(t);
    printf("seed %" PRIu64 ": %s\n%s\n", t->seed, what, details);
    fflush(stdout);
}

/* A unit under test: its arguments as words, and what the interpreter made of them. */
struct subject {
    struct run_unit unit;
    VEC(const char *) words;
    struct ir_run_result expected;
    unsigned char **expected_bytes;
};

static void report_subject(struct trial *t, const struct subject *s, const char *executor, const char *what)
{
    keep_text(t);
    printf("seed %" PRIu64 ": %s on %s: %s\n  vyre-fuzz --print --seed=%" PRIu64
           " --programs=%u --statements=%u%s > seed%" PRIu64 ".vir\n",
           t->seed, s->unit.name, executor, what, t->seed, t->options->size.n_programs,
           t->options->size.most_statements, t->options->handoffs ? " --handoffs" : "", t->seed);
    printf("  vyre-run seed%" PRIu64 ".vir --check -O%u %s%s --%s=%s", t->seed, t->opt_level,
           t->passes.list ? "--passes=" : "", t->passes.list ? t->passes.list : "",
           s->unit.is_pipeline ? "pipeline" : "program", s->unit.name);
    for (uint32_t k = 0; k < s->words.n; k++)
        printf(" '%s'", s->words.at[k]);
    printf("\n");
    fflush(stdout);
}

/* -- making the module ----------------------------------------------------------------------------------- */

static const char *render_messages(struct trial *t);

/* Handoffs are made as text. */
static struct ir_module *read_handoffs(struct trial *t)
{
    struct frontend_options options = {0};
    struct out text;
    out_init(&text, t->arena.mem);
    generate_handoffs(&t->random, &text);
    struct source_file *file = sources_add(&t->sources, "handoffs.vir", text.bytes, text.n);
    struct ir_module *m = frontend_read(&t->arena, &t->names, &t->sources, &t->diags, file, &options);
    if (!m) bug("the generated text is refused:\n%s%s", text.bytes, render_messages(t));
    out_release(&text);
    return m;
}

static struct ir_module *generate(struct trial *t)
{
    t->random.state = t->seed * 0x9E3779B97F4A7C15u + 1;
    if (t->options->handoffs) return read_handoffs(t);
    struct ir_module *m = ir_module_new(&t->arena, &t->names, &t->sources);
    generate_module(m, &t->random, &t->options->size);
    return m;
}

static void begin_trial(struct trial *t, struct memory *mem, uint64_t seed, const struct fuzz_options *options)
{
    *t = (struct trial){.options = options, .seed = seed};
    arena_init(&t->arena, mem);
    sources_init(&t->sources, &t->arena);
    intern_init(&t->names, &t->arena);
    diags_init(&t->diags, &t->arena, &t->sources);
    t->diags.no_warnings = true;
    out_init(&t->text, mem);
    t->run = (struct run){.arena = &t->arena, .tool = "vyre-fuzz"};
}

static void end_trial(struct trial *t)
{
    out_release(&t->text);
    arena_release(&t->arena);
}

void fuzz_print(struct memory *mem, uint64_t seed, const struct fuzz_options *options, struct out *out)
{
    struct trial t;
    begin_trial(&t, mem, seed, options);
    ir_print_module(generate(&t), out);
    end_trial(&t);
}

static const char *render_messages(struct trial *t)
{
    struct out out;
    out_init(&out, t->arena.mem);
    diags_print(&t->diags, DIAG_FORMAT_TEXT, false, &out);
    const char *copy = arena_copy(&t->arena, out.n ? out.bytes : "", out.n);
    out_release(&out);
    return copy;
}

/* False, reported, when the structure is not sound. */
static bool verify(struct trial *t, const struct ir_module *m, const char *which)
{
    struct out violations;
    out_init(&violations, t->arena.mem);
    bool ok = ir_verify_module(m, &violations);
    if (!ok) report_module(t, which, violations.bytes);
    out_release(&violations);
    return ok;
}

/* The first line in which two texts differ, in both. */
static const char *describe_difference(struct trial *t, const char *first, const char *second)
{
    size_t line = 0;
    for (size_t k = 0; first[k] && first[k] == second[k]; k++)
        if (first[k] == '\n') line = k + 1;
    return arena_printf(&t->arena, "printed:    %.*s\nread again: %.*s", (int)strcspn(first + line, "\n"), first + line,
                        (int)strcspn(second + line, "\n"), second + line);
}

/* Prints the generated module, reads the text, prints that, and compares. */
static bool read_back(struct trial *t, const struct ir_module *generated)
{
    struct frontend_options options = {0};
    struct out again;
    ir_print_module(generated, &t->text);
    struct source_file *file =
        sources_add(&t->sources, arena_printf(&t->arena, "seed%" PRIu64 ".vir", t->seed), t->text.bytes, t->text.n);
    t->module = frontend_read(&t->arena, &t->names, &t->sources, &t->diags, file, &options);
    if (!t->module) {
        t->counts->invalid++;
        report_module(t, "the module is refused", render_messages(t));
        return false;
    }
    out_init(&again, t->arena.mem);
    ir_print_module(t->module, &again);
    bool same = again.n == t->text.n && !memcmp(again.bytes, t->text.bytes, again.n);
    if (!same) report_module(t, "the text reads back as another", describe_difference(t, t->text.bytes, again.bytes));
    out_release(&again);
    return same;
}

/* -- the interpreter's answer ---------------------------------------------------------------------------- */

static struct ir_run_result interpret(struct trial *t, const struct run_unit *u, struct ir_run_options options)
{
    struct arena scratch;
    struct ir_run_buffer *buffers = ARENA_ARRAY(&t->arena, struct ir_run_buffer, u->n_arrays + 1);
    uint64_t *params = ARENA_ARRAY(&t->arena, uint64_t, u->n_params + 1);
    options.max_steps = MAX_STEPS;
    for (uint32_t k = 0; k < u->n_arrays; k++)
        buffers[k] = (struct ir_run_buffer){u->arrays[k].bytes, u->arrays[k].count};
    for (uint32_t k = 0; k < u->n_params; k++)
        params[k] = u->params[k].bits;
    arena_init(&scratch, t->arena.mem);
    struct ir_run_result r = u->is_pipeline ? ir_run_pipeline(&scratch, u->pipeline, buffers, params, &options)
                                            : ir_run_program(&scratch, u->program, buffers, params, &options);
    if (r.message) r.message = arena_printf(&t->arena, "%s", r.message);
    arena_release(&scratch);
    return r;
}

static const char *describe_race(struct trial *t, const struct ir_race *race)
{
    struct src_place a = source_locate(&t->sources, race->first.begin),
                     b = source_locate(&t->sources, race->second.begin);
    return arena_printf(&t->arena, "race on %s[%" PRIu64 "]: invocation %" PRIu64 ", line %u, and %" PRIu64 ", line %u",
                        race->buffer->name, race->index, race->first_invocation, a.line, race->second_invocation,
                        b.line);
}

static const char *describe_status(struct trial *t, const struct ir_run_result *r)
{
    if (r->status == IR_RUN_RACE) return describe_race(t, &r->race);
    return r->message ? r->message : r->status == IR_RUN_DEADLOCK ? "deadlock" : "an unexpected status";
}

/* NULL, or what is different about the arrays. */
static const char *find_difference(struct trial *t, const struct subject *s)
{
    for (uint32_t k = 0; k < s->unit.n_arrays; k++) {
        const struct run_array *a = &s->unit.arrays[k];
        uint64_t n = array_bytes(a), at = 0;
        if (!n || !memcmp(a->bytes, s->expected_bytes[k], n)) continue;
        while (a->bytes[at] == s->expected_bytes[k][at])
            at++;
        return arena_printf(&t->arena, "%s differs at byte %" PRIu64 ", element %" PRIu64 ": 0x%02x, not 0x%02x",
                            a->name, at, at / ir_type_mem_bytes(a->elem), a->bytes[at], s->expected_bytes[k][at]);
    }
    const struct run_array *overrun = args_find_overrun(&s->unit);
    return overrun ? arena_printf(&t->arena, "wrote behind the end of %s", overrun->name) : NULL;
}

static bool make_words(struct trial *t, struct subject *s)
{
    const struct run_unit *u = &s->unit;
    if (t->options->handoffs) {
        const char **words = ARENA_ARRAY(&t->arena, const char *, u->n_arrays + 1);
        generate_handoff_words(&t->arena, &t->random, u->pipeline, words);
        for (uint32_t k = 0; k <= u->n_arrays; k++)
            vec_push(&t->arena, &s->words, words[k]);
        return args_parse(&t->run, &s->unit, s->words.at, s->words.n);
    }
    for (uint32_t k = 0; k < u->n_arrays; k++) {
        const struct ir_buffer *b = u->is_pipeline ? u->pipeline->buffers.at[k] : u->program->buffers.at[k];
        vec_push(&t->arena, &s->words, generate_buffer_word(&t->arena, &t->random, b));
    }
    for (uint32_t k = 0; k < u->n_params; k++) {
        const struct ir_param *p = u->is_pipeline ? u->pipeline->params.at[k] : u->program->params.at[k];
        vec_push(&t->arena, &s->words, generate_param_word(&t->arena, &t->random, p));
    }
    return args_parse(&t->run, &s->unit, s->words.at, s->words.n);
}

/* What all others are compared with. False when there is nothing to compare. */
static bool find_expected(struct trial *t, struct subject *s)
{
    s->expected = interpret(t, &s->unit, (struct ir_run_options){.detect_races = true});
    if (s->expected.status == IR_RUN_TOO_LONG) {
        t->counts->too_long++;
        return false;
    }
    if (s->expected.status != IR_RUN_OK && s->expected.status != IR_RUN_TRAP) {
        report_subject(t, s, "the interpreter", describe_status(t, &s->expected));
        t->counts->failed++;
        return false;
    }
    t->counts->trapped += s->expected.status == IR_RUN_TRAP;
    t->counts->statements += s->expected.n_statements;
    t->counts->reached += s->expected.n_reached;
    s->expected_bytes = ARENA_ARRAY(&t->arena, unsigned char *, s->unit.n_arrays + 1);
    for (uint32_t k = 0; k < s->unit.n_arrays; k++) {
        s->expected_bytes[k] = arena_alloc(&t->arena, array_bytes(&s->unit.arrays[k]) + 1);
        memcpy(s->expected_bytes[k], s->unit.arrays[k].bytes, array_bytes(&s->unit.arrays[k]));
    }
    return true;
}

static const char *arm_of(const struct ir_run_result *r)
{
    return r->trap_of ? r->trap_of : "";
}

static bool agree_on_traps(const struct subject *s, const struct outcome *o)
{
    const struct ir_run_result *expected = &s->expected;
    if (!o->trapped || expected->status != IR_RUN_TRAP) return !o->trapped && expected->status != IR_RUN_TRAP;
    return o->trap_code == expected->trap_code && o->trap_invocation == expected->trap_invocation &&
           !strcmp(o->trap_arm, arm_of(expected));
}

static struct outcome outcome_of(const struct ir_run_result *r)
{
    return (struct outcome){.trapped = r->status == IR_RUN_TRAP,
                            .trap_code = r->trap_code,
                            .trap_invocation = r->trap_invocation,
                            .trap_arm = arm_of(r)};
}

static const char *describe_traps(struct trial *t, const struct subject *s, const struct outcome *o)
{
    const struct ir_run_result *e = &s->expected;
    return arena_printf(
        &t->arena,
        "%s (code %" PRIu32 ", invocation %" PRIu64 ", arm '%s'), the interpreter %s (%" PRIu32 ", %" PRIu64 ", '%s')",
        o->trapped ? "traps" : "does not trap", o->trap_code, o->trap_invocation, o->trapped ? o->trap_arm : "",
        e->status == IR_RUN_TRAP ? "traps" : "does not", e->trap_code, e->trap_invocation, arm_of(e));
}

/* Another schedule must give the same. Where the launch traps, written buffers are unspecified. */
static bool try_schedule(struct trial *t, struct subject *s)
{
    enum ir_schedule schedule =
        (enum ir_schedule)random_between(&t->random, IR_SCHEDULE_REVERSED, IR_SCHEDULE_INTERLEAVED);
    args_restore(&s->unit);
    struct ir_run_result r = interpret(t, &s->unit, (struct ir_run_options){.schedule = schedule, .seed = t->seed});
    struct outcome o = outcome_of(&r);
    const char *what = NULL;
    if (!agree_on_traps(s, &o))
        what = describe_traps(t, s, &o);
    else if (r.status != IR_RUN_TRAP)
        what = find_difference(t, s);
    if (what) report_subject(t, s, arena_printf(&t->arena, "schedule %d", schedule), what);
    return !what;
}

/* -- passes ---------------------------------------------------------------------------------------------- */

/* Reads the text of the module again, as pass_options.c does for users. */
static bool reads_back(void *ctx, const struct ir_module *m, struct out *why)
{
    struct trial *t = ctx, again;
    begin_trial(&again, t->arena.mem, t->seed, t->options);
    again.counts = t->counts;
    bool same = read_back(&again, m);
    if (!same) out_text(why, again.text.bytes);
    end_trial(&again);
    return same;
}

/* What a level runs, or passes that work on what the others leave, or one pass alone, or any passes in any order. */
static const char *choose_passes(struct trial *t)
{
    static const char *const lists[] = {
#define LIST(passes) passes,
#include "tools/vyre-fuzz/pass_lists.def"
    };
    const char *list = "";
    uint32_t n_passes = 0;
    if (t->opt_level && random_chance(&t->random, 40)) return NULL; /* level 0 has none */
    if (random_chance(&t->random, 35)) return lists[random_below(&t->random, sizeof lists / sizeof *lists)];
    while (passes_name(n_passes))
        n_passes++;
    if (random_chance(&t->random, 30)) return passes_name(random_below(&t->random, n_passes));
    for (uint32_t n = random_between(&t->random, 1, 2 * n_passes); n; n--)
        list =
            arena_printf(&t->arena, "%s%s%s", list, *list ? "," : "", passes_name(random_below(&t->random, n_passes)));
    return list;
}

static void run_passes(struct trial *t)
{
    struct out log;
    out_init(&log, t->arena.mem);
    fuzz_place.unit = "(passes)";
    t->passes = (struct pass_settings){.level = t->opt_level, .list = choose_passes(t)};
    /* Inputs are small, and one tile would hold them. */
    if (t->passes.list && random_chance(&t->random, 50))
        t->passes.list = arena_printf(&t->arena, "decode_scan_fuse(factor=1),%s", t->passes.list);
    t->passes.verify_each = random_chance(&t->random, 30);
    t->passes.read_back = reads_back;
    t->passes.read_back_ctx = t;
    t->passed = ir_module_copy(&t->arena, t->module);
    passes_run(t->passed, &t->passes, &t->diags, &log);
    out_release(&log);
}

/* The interpreter on what the passes made. */
static bool try_passed(struct trial *t, struct subject *s)
{
    struct run_unit passed = s->unit;
    const char *what = NULL;
    fuzz_place.executor = "the interpreter, after passes";
    for (uint32_t k = 0; k < t->passed->programs.n && !passed.is_pipeline; k++)
        if (!strcmp(t->passed->programs.at[k]->name, passed.name)) passed.program = t->passed->programs.at[k];
    for (uint32_t k = 0; k < t->passed->pipelines.n && passed.is_pipeline; k++)
        if (!strcmp(t->passed->pipelines.at[k]->name, passed.name)) passed.pipeline = t->passed->pipelines.at[k];
    args_restore(&s->unit);
    struct ir_run_result r = interpret(t, &passed, (struct ir_run_options){.detect_races = true, .seed = t->seed});
    struct outcome o = outcome_of(&r);
    if (r.status != IR_RUN_OK && r.status != IR_RUN_TRAP)
        what = describe_status(t, &r);
    else if (!agree_on_traps(s, &o))
        what = describe_traps(t, s, &o);
    else if (r.status != IR_RUN_TRAP)
        what = find_difference(t, s);
    if (what) report_subject(t, s, "the interpreter, after passes", what);
    return !what;
}

/* -- compiled code --------------------------------------------------------------------------------------- */

static bool judge(struct trial *t, const struct subject *s, const char *executor, bool ran, const struct outcome *o)
{
    const char *what = NULL;
    if (!ran)
        what = "fails to run";
    else if (!agree_on_traps(s, o))
        what = describe_traps(t, s, o);
    else if (!o->trapped)
        what = find_difference(t, s);
    if (what) report_subject(t, s, arena_printf(&t->arena, "%s -O%u", executor, t->opt_level), what);
    return !what;
}

static bool try_level(struct trial *t, struct subject *s, struct compiled *c, const char *level)
{
    struct run_unit linked;
    struct outcome o;
    fuzz_place.executor = level;
    if (!unit_from_object(&t->run, compiled_any_unit(c), s->unit.name, s->unit.is_pipeline ? RUN_PIPELINE : RUN_PROGRAM,
                          &linked))
        return false;
    s->unit.compiled = linked.compiled;
    args_restore(&s->unit);
    bool ran = compiled_run(&t->run, c, &s->unit, &o);
    if (!ran && o.unsupported) { /* and said so */
        t->counts->unsupported++;
        return true;
    }
    return judge(t, s, level, ran, &o);
}

/* -- PTX in the emulator ----------------------------------------------------------------------------------- */

enum { NEWEST_EMULATED_PTX = 78 };

/* All programs as one text, for a processor that the seed chooses. */
static bool load_ptx(struct trial *t)
{
    struct target_set targets = {0};
    struct codegen_options options = {.emit = CODEGEN_EMIT_PTX,
                                      .opt_level = t->opt_level,
                                      .prefix = "",
                                      .source_name = "fuzz.vir",
                                      .targets = &targets};
    uint32_t which;
    do {
        which = random_below(&t->random, TARGET_COUNT);
    } while (target_infos[which].family != TARGET_FAMILY_PTX || target_infos[which].level > NEWEST_EMULATED_PTX);
    struct out text;
    targets.has[which] = true;
    fuzz_place.unit = "(compiling)";
    out_init(&text, t->arena.mem);
    bool ok = codegen_emit(t->module, &options, &t->diags, &t->arena, &text);
    if (!ok) report_module(t, "does not compile to PTX", render_messages(t));
    if (ok && !ptx_emulator_load(t->options->ptx, text.bytes, text.n)) {
        report_module(t, "the emulator refuses the PTX", ptx_emulator_message(t->options->ptx));
        ok = false;
    }
    out_release(&text);
    return ok;
}

static bool try_ptx(struct trial *t, struct subject *s)
{
    struct ir_run_buffer *buffers = ARENA_ARRAY(&t->arena, struct ir_run_buffer, s->unit.n_arrays + 1);
    uint64_t *params = ARENA_ARRAY(&t->arena, uint64_t, s->unit.n_params + 1);
    fuzz_place.executor = "ptx";
    args_restore(&s->unit);
    for (uint32_t k = 0; k < s->unit.n_arrays; k++) {
        struct run_array *a = &s->unit.arrays[k];
        buffers[k] = (struct ir_run_buffer){a->bytes, a->count};
        uint64_t used = a->sized ? a->declared : a->count;
        if (a->access == IR_ACCESS_WRITE)
            memset(a->bytes, 0, used * ir_type_mem_bytes(a->elem)); /* as the runtime does */
    }
    for (uint32_t k = 0; k < s->unit.n_params; k++)
        params[k] = s->unit.params[k].bits;
    struct ptx_launch launch = {
        .program = s->unit.program, .buffers = buffers, .params = params, .seed = random_below(&t->random, 4)};
    bool ran = ptx_emulator_run(t->options->ptx, &launch, &t->arena);
    if (!ran) printf("ptx: %s\n", ptx_emulator_message(t->options->ptx));
    struct outcome o = {.trapped = launch.trapped,
                        .trap_code = launch.trap_code,
                        .trap_invocation = launch.trap_invocation,
                        .trap_arm = ""};
    return judge(t, s, "ptx", ran, &o);
}

static bool may_run_as_ptx(const struct trial *t, const struct subject *s)
{
    return t->options->ptx && s->unit.program && !codegen_kernel_refusal(s->unit.program);
}

/* Some programs have CPU code only. */
static bool has_image(const struct trial *t, const struct ir_program *p)
{
    return strcmp(t->options->device, "vulkan") ? !codegen_kernel_refusal(p) : !codegen_device_refusal(p);
}

static bool may_run_on_device(const struct trial *t, const struct subject *s)
{
    if (s->unit.program) return has_image(t, s->unit.program);
    IR_EACH_STMT(arm, &s->unit.pipeline->body)
    {
        if (arm->kind == IR_STMT_ARM && !has_image(t, arm->arm->program)) return false;
    }
    return true;
}

struct executors {
    struct library *library, *images;
    bool runs[N_LEVELS];               /* the machine has this level, and it was chosen */
    struct compiled *at[N_LEVELS + 1]; /* NULL: is not run; the last is the device */
};

/* All levels that the machine has, or one of them; code for all, or for that one. */
static void choose_levels(struct trial *t, struct executors *e, struct target_set *targets)
{
    uint32_t one = N_LEVELS;
    target_set_default(targets, NULL);
    while (t->options->one_level && (one == N_LEVELS || !has_level(one)))
        one = random_below(&t->random, N_LEVELS);
    for (uint32_t k = 0; k < N_LEVELS; k++) {
        e->runs[k] = has_level(k) && (one == N_LEVELS || one == k);
        if (one != N_LEVELS) targets->has[level_targets[k]] = one == k;
    }
}

static bool compile(struct trial *t, enum codegen_emit form, const struct target_set *targets, struct out *code)
{
    struct codegen_options options = {.emit = form,
                                      .opt_level = t->opt_level,
                                      .prefix = "",
                                      .source_name = "fuzz.vir",
                                      .targets = targets,
                                      .checks_claims = t->seed % 4 == 0};
    fuzz_place.unit = "(compiling)";
    out_init(code, t->arena.mem);
    bool ok = codegen_emit(t->passed, &options, &t->diags, &t->arena, code);
    if (!ok) report_module(t, "does not compile", render_messages(t));
    return ok;
}

static bool open_levels(struct trial *t, struct executors *e)
{
    struct target_set targets = {0};
    struct out object;
    choose_levels(t, e, &targets);
    bool ok = compile(t, CODEGEN_EMIT_OBJECT, &targets, &object) && library_load(&t->run, &object, &e->library);
    out_release(&object);
    for (uint32_t k = 0; ok && k < N_LEVELS; k++)
        if (e->runs[k])
            ok = compiled_open(&t->run, e->library,
                               &(struct compiled_options){"cpu", levels[k], random_between(&t->random, 1, 4), false},
                               &e->at[k]);
    return ok;
}

/* What the devices of a backend take: the targets of --target=all, and of PTX one more, which a device that is too old
 * for it passes over. */
static void choose_images(struct trial *t, struct target_set *targets)
{
    static const enum target_id ptx[] = {TARGET_PTX_SM_80, TARGET_PTX_SM_86, TARGET_PTX_SM_89, TARGET_PTX_SM_90};
    const char *device = t->options->device;
    enum target_family family = !strcmp(device, "cuda")  ? TARGET_FAMILY_PTX
                                : !strcmp(device, "hsa") ? TARGET_FAMILY_AMDGCN
                                                         : TARGET_FAMILY_SPIRV;
    for (uint32_t k = 0; k < TARGET_COUNT; k++)
        targets->has[k] = target_infos[k].family == family && target_infos[k].in_all;
    if (family == TARGET_FAMILY_PTX) targets->has[ptx[random_below(&t->random, sizeof ptx / sizeof *ptx)]] = true;
}

static bool open_device(struct trial *t, struct executors *e)
{
    struct target_set targets = {0};
    struct out images;
    choose_images(t, &targets);
    bool ok = compile(t, CODEGEN_EMIT_IMAGES, &targets, &images) &&
              library_load_images(&t->run, &images, t->passed->programs.n, &e->images) &&
              compiled_open(&t->run, e->images, &(struct compiled_options){t->options->device, NULL, 0, true},
                            &e->at[N_LEVELS]);
    out_release(&images);
    return ok;
}

static void close_executors(struct executors *e)
{
    for (uint32_t k = 0; k <= N_LEVELS; k++)
        if (e->at[k]) compiled_close(e->at[k]);
    if (e->library) library_unload(e->library);
    if (e->images) library_unload(e->images);
}

/* -- all of a module ------------------------------------------------------------------------------------- */

/* Runs the subject where it can run; counts where it agreed. */
static bool try_executors(struct trial *t, const struct executors *e, struct subject *s)
{
    bool ok = try_schedule(t, s) && try_passed(t, s);
    for (uint32_t k = 0; k <= N_LEVELS; k++) {
        if (!e->at[k] || (k == N_LEVELS && !may_run_on_device(t, s))) continue;
        uint64_t unsupported = t->counts->unsupported;
        bool agrees = try_level(t, s, e->at[k], k == N_LEVELS ? t->options->device : fuzz_executor_name(k));
        t->counts->on_executor[k] += agrees && t->counts->unsupported == unsupported;
        ok &= agrees;
    }
    if (may_run_as_ptx(t, s)) {
        bool agrees = try_ptx(t, s);
        t->counts->on_executor[ON_PTX] += agrees;
        ok &= agrees;
    }
    return ok;
}

static void try_unit(struct trial *t, const struct executors *e, const char *name, enum run_unit_kind kind)
{
    struct subject s = {0};
    fuzz_place.unit = name;
    fuzz_place.executor = "the interpreter";
    t->counts->programs++;
    uint64_t unsupported = t->counts->unsupported;
    if (!unit_from_module(&t->run, t->module, name, kind, &s.unit) || !make_words(t, &s)) {
        t->counts->failed++;
        return;
    }
    if (!find_expected(t, &s)) return;
    bool ok = try_executors(t, e, &s);
    t->counts->passed += ok && t->counts->unsupported == unsupported;
    t->counts->failed += !ok;
}

static void try_module(struct trial *t)
{
    struct ir_module *generated = generate(t);
    struct executors e = {0};
    t->opt_level = random_below(&t->random, 4);
    features_count(&t->counts->features, generated);
    bool ok = verify(t, generated, "the generated module is not sound") && read_back(t, generated) &&
              verify(t, t->module, "the module that was read is not sound");
    if (ok) run_passes(t);
    ok = ok && (!t->options->run_cpu || open_levels(t, &e)) && (!t->options->device || open_device(t, &e)) &&
         (!t->options->ptx || load_ptx(t));
    t->counts->failed += !ok;
    for (uint32_t k = 0; ok && k < t->module->programs.n && !t->options->handoffs; k++)
        try_unit(t, &e, t->module->programs.at[k]->name, RUN_PROGRAM);
    uint32_t n_rounds = t->options->handoffs ? HANDOFF_ROUNDS : 1; /* launches cost little against compiling */
    for (uint32_t k = 0; ok && k < t->module->pipelines.n * n_rounds; k++)
        try_unit(t, &e, t->module->pipelines.at[k / n_rounds]->name, RUN_PIPELINE);
    close_executors(&e);
}

void fuzz_module(struct memory *mem, uint64_t seed, const struct fuzz_options *options, struct fuzz_counts *counts)
{
    struct trial t;
    begin_trial(&t, mem, seed, options);
    t.counts = counts;
    fuzz_place = (struct fuzz_place){seed, "(reading)", "the compiler"};
    counts->modules++;
    try_module(&t);
    end_trial(&t);
}
