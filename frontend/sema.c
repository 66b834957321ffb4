/* sema.c - scopes, names, and the entry of the checker.
 *
 * No name may shadow a visible one, so a name means one thing at a time and its symbol hangs on it. What a scope
 * declared is on a list that gives the names back what they meant before. A function's body does not see the names of
 * the program it goes into: symbols know the frame that they belong to. */
#include "frontend/sema.h"

#include <ctype.h>

#include "frontend/help.h"
#include "ir/build.h"
#include "ir/ops.h"
#include "ir/verify.h"

static bool is_visible(const struct sema *s, const struct symbol *sym)
{
    return sym && (sym->kind <= SYMBOL_FN || sym->frame == s->frame);
}

struct syn_ref sema_name_of(const struct syn_expr *e)
{
    struct src_range range = {e->range.begin, e->range.begin + e->name->size_bytes};

    if (e->kind == SYN_MEMBER) range = (struct src_range){e->range.end - e->name->size_bytes, e->range.end};
    return (struct syn_ref){e->name, range};
}

/* -- scopes ------------------------------------------------------------------------------------------------- */

static void report_taken(struct sema *s, struct syn_ref name, const struct symbol *by)
{
    struct diag *d;

    if (by->kind <= SYMBOL_LAST_BUILTIN) {
        diag_report(s->diags, DIAG_RESERVED_NAME, name.range, name.name->text, symbol_kind_text(by->kind));
        return;
    }
    d = diag_report(s->diags, DIAG_NAME_TAKEN, name.range, name.name->text);
    diag_add_note(s->diags, d, by->range, "'%s' is declared here, as %s", name.name->text, symbol_kind_text(by->kind));
}

struct symbol *sema_declare(struct sema *s, enum symbol_kind kind, struct syn_ref name)
{
    struct symbol *sym = ARENA_NEW(s->arena, struct symbol), *before = name.name->symbol;
    struct scope_entry entry = {name.name, before};

    sym->kind = kind;
    sym->range = name.range;
    sym->frame = s->frame;
    if (is_visible(s, before) && !symbol_is_soft(before)) {
        if (before->kind != SYMBOL_BAD) report_taken(s, name, before);
        return sym;
    }
    vec_push(s->arena, &s->scope, entry);
    return name.name->symbol = sym;
}

uint32_t sema_open_scope(struct sema *s)
{
    return s->scope.n;
}

void sema_close_scope(struct sema *s, uint32_t mark)
{
    while (s->scope.n > mark) {
        s->scope.n--;
        s->scope.at[s->scope.n].name->symbol = s->scope.at[s->scope.n].before;
    }
}

/* -- looking up --------------------------------------------------------------------------------------------- */

static const char *find_near(struct sema *s, const char *text)
{
    VEC(const char *) names = {0};

    for (uint32_t i = 0; i < s->scope.n; i++)
        if (is_visible(s, s->scope.at[i].name->symbol)) vec_push(s->arena, &names, s->scope.at[i].name->text);
    for (enum ir_op op = 0; op < IR_OP_COUNT; op++)
        if (isalpha((unsigned char)ir_op_infos[op].text[0])) vec_push(s->arena, &names, ir_op_infos[op].text);
    for (uint32_t i = 1; i < IR_SCALAR_COUNT; i++)
        vec_push(s->arena, &names, ir_scalar_infos[i].text);
    return diag_nearest(text, names.at, names.n);
}

struct symbol *sema_lookup(struct sema *s, struct syn_ref name)
{
    struct symbol *sym = name.name->symbol;
    const char *near, *habit;
    struct diag *d;

    if (is_visible(s, sym) && !symbol_is_soft(sym)) return sym->kind == SYMBOL_BAD ? NULL : sym;
    d = diag_report(s->diags, DIAG_UNKNOWN_NAME, name.range, name.name->text);
    habit = help_with_name(name.name->text);
    near = habit ? NULL : find_near(s, name.name->text);
    if (habit) diag_add_fix(s->diags, d, SRC_NONE, NULL, "%s", habit);
    if (near) diag_add_fix(s->diags, d, name.range, near, "did you mean '%s'?", near);
    return NULL;
}

void sema_report_kind(struct sema *s, struct syn_ref name, const struct symbol *sym, const char *needed)
{
    struct diag *d =
        diag_report(s->diags, DIAG_WRONG_KIND, name.range, name.name->text, symbol_kind_text(sym->kind), needed);

    diag_add_fix(s->diags, d, SRC_NONE, NULL, "%s", symbol_kind_use(sym->kind));
}

/* -- depth -------------------------------------------------------------------------------------------------- */

bool sema_enter(struct sema *s, struct src_range range)
{
    if (s->depth < SEMA_MAX_DEPTH) {
        s->depth++;
        return true;
    }
    diag_report(s->diags, DIAG_INLINE_DEPTH, range);
    return false;
}

bool sema_count_inlined(struct sema *s, struct src_range range)
{
    if (!s->frame || s->checking) return true;
    if (s->n_inlined < s->max_inlined) {
        s->n_inlined++;
        return true;
    }
    if (!s->inlined_reported) diag_report(s->diags, DIAG_INLINE_SIZE, range, s->max_inlined);
    s->inlined_reported = true;
    return false;
}

void sema_leave(struct sema *s)
{
    s->depth--;
}

/* -- the entry ---------------------------------------------------------------------------------------------- */

static struct ir_module *read_module(struct arena *tree, struct ir_module *m, struct diags *diags,
                                     const struct source_file *file, const struct frontend_options *options)
{
    struct parser p = {.arena = tree, .diags = diags, .intern = m->names};
    struct sema s = {.p = &p, .arena = tree, .m = m, .diags = diags, .options = options};
    uint32_t n_errors = diags->n_errors;

    s.max_inlined = options->max_inlined ? options->max_inlined : FRONTEND_MAX_INLINED;
    map_init(&p.names, tree);
    symbols_add_builtins(&p);
    if (!sema_import_all(&s, file)) return NULL;
    sema_items(&s);
    if (diags->n_errors == n_errors) ir_check_module(m, diags);
    return diags->n_errors == n_errors ? m : NULL;
}

struct ir_module *frontend_read(struct arena *arena, struct intern *names, struct sources *sources, struct diags *diags,
                                const struct source_file *file, const struct frontend_options *options)
{
    struct ir_module *m = ir_module_new(arena, names, sources), *result;
    struct arena tree;

    arena_init(&tree, arena->mem);
    result = read_module(&tree, m, diags, file, options);
    arena_release(&tree);
    return result;
}
