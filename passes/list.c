/* list.c - from words on the command line, or the row of a level, to passes. Also passes.def as a table. */
#include "passes/list.h"

#include <regex.h>
#include <string.h>

#define PASS_FUNCTION_MODULE(name) .on_module = name
#define PASS_FUNCTION_PIPELINE(name) .on_pipeline = name
#define PASS_FUNCTION_PROGRAM(name) .on_program = name

/* The sets in the rows. */
enum {
    NONE = PASS_FACTS_NONE,
    ALL = PASS_FACTS_ALL,
#define FACT(NAME, type, help) NAME = PASS_FACTS_##NAME,
#include "passes/passes.def"
};

const struct pass_info pass_infos[PASS_COUNT] = {
#define PASS(name, scope, needs, keeps, help)                                                                          \
    {#name, PASS_SCOPE_##scope, needs, keeps, help, PASS_FUNCTION_##scope(name)},
#include "passes/passes.def"
};

/* By level; -O3 is LLVM's business and runs what -O2 does. */
static const char *const levels[] = {
#define LEVEL(n, list) [n] = list,
#include "passes/passes.def"
};
enum { LAST_LEVEL = sizeof levels / sizeof levels[0] - 1 };

const char *passes_name(uint32_t k)
{
    return k < PASS_COUNT ? pass_infos[k].name : NULL;
}

enum pass_id pass_find(const char *name, size_t n)
{
    int i = 0;
    while (i < PASS_COUNT && (strlen(pass_infos[i].name) != n || memcmp(pass_infos[i].name, name, n)))
        i++;
    return (enum pass_id)i;
}

static void report_unknown(struct diags *diags, struct arena *arena, const char *name, size_t n)
{
    const char *names[PASS_COUNT], *bad = arena_copy(arena, name, n);
    for (int i = 0; i < PASS_COUNT; i++)
        names[i] = pass_infos[i].name;
    struct diag *g = diag_report(diags, DIAG_UNKNOWN_PASS, SRC_NONE, bad);
    const char *near = diag_nearest(bad, names, PASS_COUNT);
    if (near) diag_add_fix(diags, g, SRC_NONE, NULL, "did you mean '%s'?", near);
}

/* Reads one word at *at and what follows it up to the next. */
static bool read_use(const char **at, struct pass_list *list, struct diags *diags, struct arena *arena)
{
    const char *name = *at, *options = "";
    size_t n = strcspn(name, ",(");
    *at += n;
    if (**at == '(') {
        size_t n_options = strcspn(*at + 1, ")");
        options = arena_copy(arena, *at + 1, n_options);
        *at += 1 + n_options;
        *at += **at == ')';
    }
    bool ended = **at == ',' || !**at;
    *at += **at == ',';
    enum pass_id id = pass_find(name, n);
    if (id == PASS_COUNT || !ended) {
        if (diags) report_unknown(diags, arena, name, ended ? n : (size_t)(*at - name) + strcspn(*at, ","));
        if (!ended) *at += strcspn(*at, ",");
        return false;
    }
    vec_push(arena, &list->uses, ((struct pass_use){id, options}));
    return true;
}

bool pass_list_read(struct pass_list *list, const struct pass_settings *s, struct diags *diags, struct arena *arena)
{
    const char *at = s->list ? s->list : levels[s->level > LAST_LEVEL ? LAST_LEVEL : s->level];
    bool ok = true;
    while (*at)
        ok &= read_use(&at, list, diags, arena);
    return ok;
}

/* -- checking the settings ------------------------------------------------------------------------------------ */

static bool check_name(const char *name, bool allows_all, struct diags *diags, struct arena *arena)
{
    if (!name || (allows_all && !strcmp(name, "all")) || pass_find(name, strlen(name)) != PASS_COUNT) return true;
    report_unknown(diags, arena, name, strlen(name));
    return false;
}

static bool check_names(const pass_names *names, bool allows_all, struct diags *diags, struct arena *arena)
{
    bool ok = true;
    for (uint32_t i = 0; i < names->n; i++)
        ok &= check_name(names->at[i], allows_all, diags, arena);
    return ok;
}

static bool names_a_pass(const regex_t *regex)
{
    for (uint32_t i = 0; i < PASS_COUNT; i++)
        if (!regexec(regex, pass_infos[i].name, 0, NULL, 0)) return true;
    return false;
}

static bool check_regex(const char *expression, const char *option, struct diags *diags)
{
    regex_t regex;
    char why[128];
    bool names = true;
    if (!expression) return true;
    int error = regcomp(&regex, expression, REG_EXTENDED | REG_NOSUB);
    if (error) {
        regerror(error, NULL, why, sizeof why);
        diag_report(diags, DIAG_BAD_EXPRESSION, SRC_NONE, expression, option, why);
    } else {
        names = names_a_pass(&regex);
        regfree(&regex);
    }
    if (!names) diag_report(diags, DIAG_NAMES_NO_PASS, SRC_NONE, expression, option);
    return !error;
}

bool pass_settings_check(const struct pass_settings *s, struct diags *diags, struct arena *arena)
{
    struct pass_list list = {0};
    bool ok = pass_list_read(&list, s, diags, arena);
    ok &= check_names(&s->skip, false, diags, arena);
    ok &= check_names(&s->before, true, diags, arena);
    ok &= check_names(&s->after, true, diags, arena);
    ok &= check_name(s->stop_after, false, diags, arena);
    ok &= check_regex(s->remarks, "-Rpass=", diags);
    ok &= check_regex(s->missed, "-Rpass-missed=", diags);
    return ok;
}

void passes_print_list(const struct pass_settings *s, struct out *out)
{
    static const char *const scopes[] = {
        [PASS_SCOPE_MODULE] = "module",
        [PASS_SCOPE_PIPELINE] = "pipeline",
        [PASS_SCOPE_PROGRAM] = "program",
    };
    struct arena arena;
    struct pass_list list = {0};
    arena_init(&arena, out->mem);
    pass_list_read(&list, s, NULL, &arena);
    for (uint32_t i = 0; i < list.uses.n; i++) {
        const struct pass_info *info = &pass_infos[list.uses.at[i].id];
        out_printf(out, "%-20s %-9s %s\n", info->name, scopes[info->scope], info->help);
    }
    arena_release(&arena);
}
