/* gen_text.c - see gen_text.h. A text is looked at once, and a choice once more; tables bound how deep they are nested. */
#include "tools/vyre-fuzz/gen_text.h"

#include <string.h>

enum { MAX_ALTERNATIVES = 64 };

struct alternatives {
    struct gen_span at[MAX_ALTERNATIVES];
    uint32_t n;
};

static bool is_name(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool opens(const char *p)
{
    return p[0] == '?' && (p[1] == '(' || (is_name(p[1]) && p[2] == '=' && p[3] == '('));
}

/* The alternatives behind a parenthesis, and where the text goes on. */
static const char *split(const char *p, struct alternatives *all)
{
    uint32_t depth = 0;
    all->n = 0;
    for (const char *begin = p; *p; p++) {
        if (opens(p)) {
            depth++;
        } else if (p[0] == '?' && p[1] == ')' && depth) {
            depth--;
        } else if (p[0] == '?' && (p[1] == ')' || p[1] == '/') && !depth) {
            if (all->n == MAX_ALTERNATIVES) bug("more than %u alternatives", MAX_ALTERNATIVES);
            all->at[all->n++] = (struct gen_span){begin, p};
            begin = p + 2;
            if (p[1] == ')') return begin;
        }
    }
    bug("a choice without an end");
}

static void print_span(struct gen_text *t, struct gen_span span);

/* The choice that begins at p. */
static const char *choose(struct gen_text *t, const char *p)
{
    struct alternatives all;
    bool named = p[1] != '(';
    const char *end = split(p + (named ? 4 : 2), &all);
    uint32_t drawn_at = random_below(t->random, all.n);
    if (t->other_choice == 1) drawn_at = random_below(t->other, all.n);
    if (t->other_choice) t->other_choice--;
    struct gen_span drawn = all.at[drawn_at];
    if (named)
        t->chosen[p[1] - 'A'] = drawn;
    else
        print_span(t, drawn);
    return end;
}

static void print_span(struct gen_text *t, struct gen_span span)
{
    for (const char *p = span.begin; p < span.end;) {
        if (opens(p)) {
            p = choose(t, p);
        } else if (p[0] == '?' && is_name(p[1])) {
            print_span(t, t->chosen[p[1] - 'A']);
            p += 2;
        } else if (*p == '$') {
            out_text(t->out, t->type);
            p++;
        } else {
            out_bytes(t->out, p++, 1);
        }
    }
}

void gen_text_print(struct gen_text *t, const char *text)
{
    print_span(t, (struct gen_span){text, text + strlen(text)});
}
