/* literals.c - vyre-gen literals: the form that a list suits, and the file that is made. */
#include <string.h>

#include "tools/vyre-gen/gen.h"

static const struct form_kind *const forms[] = {
    [FORM_AUTOMATON] = &form_automaton, [FORM_BUCKETS] = &form_buckets, [FORM_HASH] = &form_hash};
enum { N_FORMS = sizeof(forms) / sizeof(forms[0]) };

/* ---- tables ---- */

static void print_fold_table(struct scanner *s)
{
    unsigned char table[256];
    for (uint32_t c = 0; c < 256; c++)
        table[c] = fold_byte((unsigned char)c);
    out_text(s->out, "\n// Letters as lower case.\n");
    print_byte_table(s, "fold", table, 256);
}

void print_literal_tables(struct scanner *s)
{
    const struct literal_list *list = s->list;
    uint32_t n = list->literals.n, *begin = ARENA_ARRAY(s->arena, uint32_t, (size_t)n + 1);
    unsigned char *bytes = ARENA_ARRAY(s->arena, unsigned char, list->n_bytes);
    for (uint32_t i = 0; i < n; i++) {
        memcpy(bytes + begin[i], list->literals.at[i].bytes, list->literals.at[i].n);
        begin[i + 1] = begin[i] + list->literals.at[i].n;
    }
    out_text(s->out, "\n// Where each literal begins in the bytes of all, and the last ends.\n");
    print_table(s, "begin", begin, n + 1, 8);
    print_byte_table(s, "bytes", bytes, list->n_bytes);
    if (s->request->ignore_case) print_fold_table(s);
}

static void print_functions(struct scanner *s)
{
    const char *name = s->request->name;
    if (!s->request->whole_words) return;
    out_printf(s->out,
               "\nfn %s_is_word(c : u8) -> bool {\n"
               "  return c - 48 < 10 || (c | 32) - 97 < 26 || c == 95;\n"
               "}\n"
               "// Neither of the bytes around, where there are some, is a letter, a digit or _.\n"
               "fn %s_is_whole(text : &read u8[], start : u32, last : u32) -> bool {\n"
               "  return !(start != 0 && %s_is_word(text[start - 1])) && !(last + 1 < len(text) && "
               "%s_is_word(text[last + 1]));\n"
               "}\n",
               name, name, name, name);
}

/* ---- the choice ---- */

struct choice {
    const struct form_kind *form;
    void *plan;
    uint32_t gram_width;
    double costs[N_FORMS];
};

static struct choice choose(struct scanner *s)
{
    struct choice c = {0};
    double least = 0;
    for (uint32_t i = FORM_AUTO + 1; i < N_FORMS; i++) {
        const char *why = NULL;
        if (s->request->form != FORM_AUTO && s->request->form != i) continue;
        c.costs[i] = forms[i]->plan(s, &why);
        if (c.costs[i] < 0 && s->request->form == i)
            diag_report(&s->tool->diags, DIAG_FORM_UNSUITED, SRC_NONE, forms[i]->name, why);
        if (c.costs[i] < 0 || (c.form && c.costs[i] >= least)) continue;
        least = c.costs[i];
        c.form = forms[i];
        c.plan = s->plan;
        c.gram_width = s->gram_width;
    }
    s->plan = c.plan;
    s->gram_width = c.gram_width;
    if (s->gram_width) model_choose_grams(s->list, s->gram_width, s->request->ignore_case);
    return c;
}

static void print_head(struct scanner *s, const struct choice *c)
{
    out_printf(s->out, "// Finds %u literals%s%s, %u to %u bytes long. Made by vyre-gen literals; form %s.\n//\n",
               s->list->literals.n, s->request->ignore_case ? " of any letter case" : "",
               s->request->whole_words ? " as whole words" : "", s->list->shortest, s->list->longest, c->form->name);
    for (uint32_t i = FORM_AUTO + 1; i < N_FORMS; i++)
        if (c->costs[i] > 0)
            out_printf(s->out, "// estimated cycles per byte as %s: %.2f\n", forms[i]->name, c->costs[i]);
}

int literals_generate(struct tool *tool, const struct request *request, const char *path)
{
    struct source_file *file;
    struct literal_list list = {0};
    int error = sources_read(&tool->sources, path, &file);
    if (error) diag_report(&tool->diags, DIAG_CANNOT_READ, SRC_NONE, path, strerror(error));
    if (error || !list_read(tool, file, request->ignore_case, &list)) return TOOL_SUCCESS; /* reported */
    struct out out;
    out_init(&out, &tool->mem);
    struct scanner s = {.tool = tool,
                        .arena = &tool->arena,
                        .request = request,
                        .list = &list,
                        .n_patterns = list.literals.n,
                        .noun = "literal",
                        .out = &out};
    if (request->form == FORM_POSITIONS || request->form == FORM_STREAMS)
        diag_report(&tool->diags, DIAG_FORM_UNSUITED, SRC_NONE, request->form == FORM_STREAMS ? "streams" : "positions",
                    "it is for regular expressions");
    struct choice c = choose(&s);
    if (c.form) {
        print_head(&s, &c);
        decoder_print_import(&s);
        c.form->print_tables(&s);
        print_functions(&s);
        for (uint32_t report = 0; report < REPORT_KINDS; report++)
            c.form->print_program(&s, (enum report)report);
        sorted_print(&s);
        decoder_print_pipelines(&s);
        tool_write_file(tool, request->output, &out);
    }
    out_release(&out);
    return TOOL_SUCCESS;
}
