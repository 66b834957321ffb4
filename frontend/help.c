/* help.c - fixes from two tables: forms.def, what a statement looks like, and habits.def, what other languages write. */
#include "frontend/help.h"

#include <string.h>

#include "frontend/parse.h"
#include "vir.tab.h"

enum habit_place { HABIT_AT, HABIT_BEFORE, HABIT_THROUGH, HABIT_NAME };

static const struct habit {
    enum habit_place place;
    const char *text, *fix;
} habits[] = {
#define HABIT(place, text, fix) {HABIT_##place, text, fix},
#include "frontend/habits.def"
#undef HABIT
};

static const struct {
    int token;
    const char *form;
} forms[] = {
#define FORM(NAME, form) {VIR_##NAME, form},
#include "frontend/forms.def"
#undef FORM
};

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The text between two places of the file; a word of it must not go on past them. */
static bool matches(const struct parser *p, uint32_t begin, uint32_t size_bytes, const char *text)
{
    const char *all = p->file->text;
    uint32_t end = begin + size_bytes;

    if (end > p->file->size_bytes || memcmp(all + begin, text, size_bytes) != 0) return false;
    if (!is_word(text[0])) return true;
    return !(begin && is_word(all[begin - 1])) && !(end < p->file->size_bytes && is_word(all[end]));
}

/* Where the text of a row must begin, for an error at a place; false where the row is not about places, or would begin before the file. */
static bool habit_begin(const struct parser *p, const struct habit *habit, struct src_range place, uint32_t n,
                        uint32_t *begin)
{
    const uint32_t ends[] = {
        [HABIT_AT] = place.begin + n, [HABIT_BEFORE] = p->previous_end, [HABIT_THROUGH] = place.end, [HABIT_NAME] = 0};
    uint32_t end = ends[habit->place];

    if (end < p->file->base + n) return false;
    *begin = end - n - p->file->base;
    return true;
}

static const char *find_habit(const struct parser *p, struct src_range place)
{
    for (size_t i = 0; i < sizeof habits / sizeof habits[0]; i++) {
        uint32_t n = (uint32_t)strlen(habits[i].text), begin;

        if (habit_begin(p, &habits[i], place, n, &begin) && matches(p, begin, n, habits[i].text)) return habits[i].fix;
    }
    return NULL;
}

/* A name after a name that begins a statement: `int x`, `u32 x`. */
static bool is_type_first(const struct parser *p, struct src_range place)
{
    return p->first_token == VIR_NAME && p->previous_end == p->first_end &&
           is_word(p->file->text[place.begin - p->file->base]);
}

/* `=` where a condition goes on. */
static bool is_comparison(const struct parser *p, struct src_range place)
{
    return (p->first_token == VIR_IF || p->first_token == VIR_WHILE) && place.end == place.begin + 1 &&
           p->file->text[place.begin - p->file->base] == '=';
}

static const char *find_form(const struct parser *p)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (forms[i].token == p->first_token) return forms[i].form;
    return NULL;
}

void help_with_syntax(struct parser *p, struct diag *d, struct src_range place)
{
    const char *habit = find_habit(p, place), *form = find_form(p);

    if (!habit && is_comparison(p, place)) habit = "the sign for equal is ==";
    if (!habit && is_type_first(p, place))
        habit = "a type follows its name:  let NAME : TYPE = VALUE;  or  var NAME : TYPE = VALUE;";
    if (habit)
        diag_add_fix(p->diags, d, SRC_NONE, NULL, "%s", habit);
    else if (form)
        diag_add_fix(p->diags, d, SRC_NONE, NULL, "the form is:  %s", form);
}

void help_with_bytes(struct parser *p, struct diag *d, struct src_range place)
{
    const char *habit = find_habit(p, place);

    if (habit) diag_add_fix(p->diags, d, SRC_NONE, NULL, "%s", habit);
}

const char *help_with_name(const char *text)
{
    for (size_t i = 0; i < sizeof habits / sizeof habits[0]; i++)
        if (habits[i].place == HABIT_NAME && !strcmp(habits[i].text, text)) return habits[i].fix;
    return NULL;
}
