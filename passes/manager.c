/* manager.c - runs a list of passes over a module, watches over them, and shows what they do. */
#include "passes/chunk_written.h"
#include "passes/manager.h"

#include <string.h>
#include <time.h>

#include "ir/print.h"
#include "ir/verify.h"
#include "passes/bounds.h"
#include "passes/fact.h"
#include "passes/list.h"
#include "passes/plant.h"
#include "passes/table.h"

struct manager {
    struct ir_module *m;
    const struct pass_settings *settings;
    struct diags *diags;
    struct out *log;
    struct arena arena; /* as long as the manager */
    struct pass_facts facts;
    struct pass_counters counters;
    uint64_t times_ns[PASS_COUNT], n_calls[PASS_COUNT], n_changes[PASS_COUNT];
    uint32_t n_run; /* calls so far, against the limit */
};

/* Processor time, which does not depend on who else is there. */
static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* -- watching ------------------------------------------------------------------------------------------------- */

static void verify_structure(struct manager *mg, const char *pass)
{
    struct out faults;
    out_init(&faults, mg->arena.mem);
    if (!ir_verify_module(mg->m, &faults)) bug("after %s the program is not sound:\n%s", pass, faults.bytes);
    out_release(&faults);
}

/* What the language refuses in a text, a pass may not make either. */
static void verify_rules(struct manager *mg, const char *pass)
{
    struct arena scratch;
    struct diags diags;
    arena_init(&scratch, mg->arena.mem);
    diags_init(&diags, &scratch, mg->m->sources);
    diags.no_warnings = true;
    if (!ir_check_module(mg->m, &diags)) {
        struct out text;
        out_init(&text, mg->arena.mem);
        diags_print(&diags, DIAG_FORMAT_TEXT, false, &text);
        ir_print_module(mg->m, &text);
        bug("%s made a program that the language refuses:\n%s", pass, text.bytes);
    }
    arena_release(&scratch);
}

static void verify_facts(struct manager *mg, const char *pass)
{
    const struct ir_program *of = NULL;
    enum pass_fact wrong = pass_facts_check(&mg->facts, &of);
    if (wrong != PASS_FACT_COUNT)
        bug("%s says that it keeps %s, but not of '%s'", pass, pass_fact_names[wrong], of->name);
}

static void verify_text(struct manager *mg, const char *pass)
{
    const struct pass_settings *s = mg->settings;
    struct out why;
    if (!s->read_back) return;
    out_init(&why, mg->arena.mem);
    if (!s->read_back(s->read_back_ctx, mg->m, &why)) bug("the text after %s does not read back:\n%s", pass, why.bytes);
    out_release(&why);
}

static void verify(struct manager *mg, const char *pass)
{
    verify_structure(mg, pass);
    verify_rules(mg, pass);
    if (!mg->settings->verify_each) return;
    verify_facts(mg, pass);
    verify_text(mg, pass);
}

/* -- showing -------------------------------------------------------------------------------------------------- */

static bool names_pass(const pass_names *names, const char *name)
{
    for (uint32_t i = 0; i < names->n; i++)
        if (!strcmp(names->at[i], name) || !strcmp(names->at[i], "all")) return true;
    return false;
}

static void print_text(struct manager *mg, const char *when, const char *name)
{
    out_printf(mg->log, "// %s %s\n", when, name);
    ir_print_module(mg->m, mg->log);
}

static void print_times(struct manager *mg)
{
    uint64_t sum_ns = 0;
    out_printf(mg->log, "%-20s %10s %10s %12s\n", "pass", "calls", "changes", "ms");
    for (int i = 0; i < PASS_COUNT; i++) {
        if (!mg->n_calls[i]) continue;
        sum_ns += mg->times_ns[i];
        out_printf(mg->log, "%-20s %10llu %10llu %12.3f\n", pass_infos[i].name, (unsigned long long)mg->n_calls[i],
                   (unsigned long long)mg->n_changes[i], (double)mg->times_ns[i] / 1e6);
    }
    out_printf(mg->log, "%-20s %10s %10s %12.3f\n", "sum", "", "", (double)sum_ns / 1e6);
}

static void print_stats(struct manager *mg)
{
    for (uint32_t i = 0; i < mg->counters.list.n; i++) {
        const struct pass_counter *c = &mg->counters.list.at[i];
        out_printf(mg->log, "%10llu  %s: %s\n", (unsigned long long)c->n, pass_infos[c->pass].name, c->what);
    }
}

/* -- running -------------------------------------------------------------------------------------------------- */

/* What a pass is called with: by its scope one of these, or none for a module. */
struct unit {
    struct ir_pipeline *pipeline;
    struct ir_program *program;
};

static enum pass_result call(const struct pass_info *info, struct pass_run *run, struct unit unit)
{
    if (unit.pipeline) return info->on_pipeline(run, unit.pipeline);
    if (unit.program) return info->on_program(run, unit.program);
    return info->on_module(run, run->module);
}

/* What was proved of a text need not hold of another one. */
static void forget_claims(struct manager *mg, enum pass_id id, struct unit unit)
{
    static const bool keeps[PASS_COUNT] = {
#define KEEPS_CLAIMS(name) [PASS_ID_##name] = true,
#include "passes/passes.def"
    };
    if (!mg->m->has_claims || PLANT(BOUNDS_KEPT, keeps[id], true)) return;
    for (uint32_t i = 0; i < mg->m->programs.n; i++)
        if (!unit.program || unit.program == mg->m->programs.at[i]) bounds_forget(mg->m->programs.at[i]);
    if (!unit.program) mg->m->has_claims = false;
}

/* A pass on a program changes that program alone. */
static void after_change(struct manager *mg, const struct pass_info *info, struct unit unit)
{
    forget_claims(mg, (enum pass_id)(info - pass_infos), unit);
    mg->n_changes[info - pass_infos]++;
    pass_facts_drop(&mg->facts, unit.program, info->keeps);
}

static bool run_on_unit(struct manager *mg, const struct pass_use *use, struct unit unit)
{
    const struct pass_settings *s = mg->settings;
    const struct pass_info *info = &pass_infos[use->id];
    struct arena scratch;
    if (s->has_limit && mg->n_run >= s->limit) return false;
    mg->n_run++;
    arena_init(&scratch, mg->arena.mem);
    struct pass_run run = {.id = use->id,
                           .module = mg->m,
                           .scratch = &scratch,
                           .diags = mg->diags,
                           .options = use->options,
                           .settings = s,
                           .facts = &mg->facts,
                           .counters = &mg->counters,
                           .shows_done = pass_name_matches(s->remarks, use->id, mg->arena.mem),
                           .shows_missed = pass_name_matches(s->missed, use->id, mg->arena.mem)};
    uint64_t begin_ns = now_ns();
    enum pass_result result = call(info, &run, unit);
    mg->times_ns[use->id] += now_ns() - begin_ns;
    mg->n_calls[use->id]++;
    if (result == PASS_CHANGED) after_change(mg, info, unit);
    arena_release(&scratch);
    return result == PASS_CHANGED;
}

/* On each unit that was there before: what a pass adds is not its own business. */
static bool run_on_all(struct manager *mg, const struct pass_use *use)
{
    enum pass_scope scope = pass_infos[use->id].scope;
    bool changed = false;
    if (scope == PASS_SCOPE_MODULE) return run_on_unit(mg, use, (struct unit){0});
    uint32_t n = scope == PASS_SCOPE_PIPELINE ? mg->m->pipelines.n : mg->m->programs.n;
    for (uint32_t i = 0; i < n; i++) {
        struct unit unit = {0};
        if (scope == PASS_SCOPE_PIPELINE)
            unit.pipeline = mg->m->pipelines.at[i];
        else
            unit.program = mg->m->programs.at[i];
        changed |= run_on_unit(mg, use, unit);
    }
    return changed;
}

static bool is_refused(const struct pass_settings *s, enum pass_id id)
{
    static const bool fuses[PASS_COUNT] = {
#define FUSES(name) [PASS_ID_##name] = true,
#include "passes/passes.def"
    };
    return names_pass(&s->skip, pass_infos[id].name) || (s->never_fuse && fuses[id]);
}

static void run_pass(struct manager *mg, const struct pass_use *use)
{
    const struct pass_settings *s = mg->settings;
    const char *name = pass_infos[use->id].name;
    if (is_refused(s, use->id)) return;
    if (names_pass(&s->before, name)) print_text(mg, "before", name);
    bool changed = run_on_all(mg, use);
    if (changed) verify(mg, name);
    if (names_pass(&s->after, name) || (changed && s->print_changed)) print_text(mg, "after", name);
}

void passes_run(struct ir_module *m, const struct pass_settings *s, struct diags *diags, struct out *log)
{
    struct manager mg = {.m = m, .settings = s, .diags = diags, .log = log};
    struct pass_list list = {0};
    arena_init(&mg.arena, m->arena->mem);
    pass_facts_init(&mg.facts, m->arena->mem);
    mg.counters.arena = &mg.arena;
    pass_list_read(&list, s, NULL, &mg.arena);
    chunk_written_keep(m, &mg.arena);
    for (uint32_t i = 0; i < list.uses.n; i++) {
        run_pass(&mg, &list.uses.at[i]);
        if (s->stop_after && !strcmp(s->stop_after, pass_infos[list.uses.at[i].id].name)) break;
    }
    if (s->time) print_times(&mg);
    if (s->stats) print_stats(&mg);
    pass_facts_release(&mg.facts);
    arena_release(&mg.arena);
}
