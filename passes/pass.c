/* pass.c - what a pass may ask of the manager: facts, remarks, counters, its options. */
#include "passes/pass.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "passes/fact.h"
#include "passes/launches.h"
#include "passes/manager.h"
#include "passes/table.h"

/* -- facts ---------------------------------------------------------------------------------------------------- */

static const void *get_fact(struct pass_run *run, enum pass_fact fact, struct ir_program *p)
{
    const struct pass_info *info = &pass_infos[run->id];
    if (!(info->needs >> fact & 1))
        bug("pass %s asks for %s, which its row does not name", info->name, pass_fact_names[fact]);
    return pass_facts_get(run->facts, fact, p);
}

#define FACT(NAME, type, help)                                                                                         \
    const type *pass_get_##NAME(struct pass_run *run, struct ir_program *p)                                            \
    {                                                                                                                  \
        return get_fact(run, PASS_FACT_##NAME, p);                                                                     \
    }
#include "passes/passes.def"

void pass_drop_facts(struct pass_run *run, const struct ir_program *p)
{
    pass_facts_drop(run->facts, p, PASS_FACTS_NONE);
}

/* -- remarks -------------------------------------------------------------------------------------------------- */

struct compiled_regex {
    struct memory_cleanup cleanup;
    regex_t regex;
};

static void free_regex(struct memory_cleanup *c)
{
    regfree(&((struct compiled_regex *)c)->regex);
}

bool pass_name_matches(const char *expression, enum pass_id id, struct memory *mem)
{
    struct compiled_regex r = {.cleanup.run = free_regex};
    if (!expression || regcomp(&r.regex, expression, REG_EXTENDED | REG_NOSUB)) return false;
    memory_push_cleanup(mem, &r.cleanup);
    bool matches = !regexec(&r.regex, pass_infos[id].name, 0, NULL, 0);
    memory_pop_cleanup(mem);
    regfree(&r.regex);
    return matches;
}

static struct diag *remark(struct diags *to, bool wanted, enum diag_id id, struct src_range range, va_list args)
{
    bool before = to->remarks;
    to->remarks = wanted;
    struct diag *g = diag_report_v(to, id, range, args);
    to->remarks = before;
    return g;
}

struct diag *pass_remark_done(struct pass_run *run, enum diag_id id, struct src_range range, ...)
{
    va_list args;
    va_start(args, range);
    struct diag *g = remark(run->diags, run->shows_done, id, range, args);
    va_end(args);
    return g;
}

struct diag *pass_remark_missed(struct pass_run *run, enum diag_id id, struct src_range range, ...)
{
    va_list args;
    struct diags *reasons = run->settings->reasons;
    va_start(args, range);
    struct diag *g = remark(reasons ? reasons : run->diags, reasons || run->shows_missed, id, range, args);
    if (reasons && run->shows_missed) vec_push(run->diags->arena, &run->diags->list, g);
    va_end(args);
    return g;
}

void pass_note_stakes(struct pass_run *run, struct diag *g, const struct ir_pipeline *p, const struct ir_arm *first,
                      const struct ir_arm *second)
{
    struct traffic shared = {0};
    struct out formula;
    if (!run->shows_missed && !run->settings->reasons) return;
    out_init(&formula, run->scratch->mem);
    traffic_add_shared(&shared, run->module, p, first, second);
    traffic_print(&shared, &formula);
    diag_add_note(run->diags, g, SRC_NONE, "at stake: a launch, and up to %s bytes moved", formula.bytes);
    out_release(&formula);
}

static bool does_any(const struct ir_arm *arm, const struct fuse_request *r)
{
    for (uint32_t i = 0; i < r->arms.n; i++)
        if (launch_does(arm, r->arms.at[i])) return true;
    return false;
}

bool pass_insists(const struct pass_run *run, const struct ir_arm *first, const struct ir_arm *second)
{
    for (uint32_t i = 0; i < run->settings->fuse.n; i++) {
        const struct fuse_request *r = &run->settings->fuse.at[i];
        if (does_any(first, r) && does_any(second, r)) return true;
    }
    return false;
}

/* -- counters ------------------------------------------------------------------------------------------------- */

void pass_count(struct pass_run *run, const char *what, uint64_t n)
{
    for (uint32_t i = 0; i < run->counters->list.n; i++) {
        struct pass_counter *c = &run->counters->list.at[i];
        if (c->pass != run->id || strcmp(c->what, what)) continue;
        c->n += n;
        return;
    }
    vec_push(run->counters->arena, &run->counters->list, ((struct pass_counter){run->id, what, n}));
}

/* -- options: `a=3;b` ----------------------------------------------------------------------------------------- */

/* What follows the key: "=3", "" or, when it is not there, NULL. */
static const char *find_option(const struct pass_run *run, const char *key)
{
    size_t n = strlen(key);
    for (const char *at = run->options; *at; at += strcspn(at, ";"), at += *at == ';') {
        if (strncmp(at, key, n)) continue;
        if (at[n] == '=' || at[n] == ';' || !at[n]) return at + n;
    }
    return NULL;
}

bool pass_option_has(const struct pass_run *run, const char *key)
{
    return find_option(run, key) != NULL;
}

uint64_t pass_option_number(const struct pass_run *run, const char *key, uint64_t otherwise)
{
    const char *value = find_option(run, key);
    return value && *value == '=' ? strtoull(value + 1, NULL, 0) : otherwise;
}
