/* Reading command lines: every form of an option, response files' quoting, and that the table itself makes sense. */
#include "driver/options.h"
#include "tests/unit/test.h"

static struct memory memory;
static struct arena arena;
static struct sources sources;
static struct diags diags;
static struct option_list list;

#define PARSE(...) parse_words((char *[]){"tool", __VA_ARGS__, NULL})

static void parse_words(char **words)
{
    int n = 0;
    while (words[n])
        n++;
    list = (struct option_list){0};
    diags_init(&diags, &arena, &sources);
    options_parse(TOOL_VYREC, n, words, &arena, &diags, &list);
}

static void check_use(uint32_t i, enum option_id id, const char *argument)
{
    if (!CHECK(i < list.uses.n)) return;
    CHECK_INT(list.uses.at[i].id, id);
    CHECK_STRING(list.uses.at[i].argument, argument);
}

static void forms_are_read(void)
{
    PARSE("-c", "-O3", "-o", "x.o", "-oy.o", "--emit=vir", "--emit", "obj", "-fmax-errors=7", "in.vir",
          "-fdiagnostics-color", "-fdiagnostics-color=never", "-Wno-name", "-Werror=name", "-Wname", "-MFd", "-");
    CHECK_UINT(diags.n_errors, 0);
    CHECK_UINT(list.uses.n, 13);
    check_use(0, OPTION_ID_COMPILE, NULL);
    check_use(1, OPTION_ID_OPTIMIZE, "3");
    check_use(2, OPTION_ID_OUTPUT, "x.o");
    check_use(3, OPTION_ID_OUTPUT, "y.o");
    check_use(4, OPTION_ID_EMIT, "vir");
    check_use(5, OPTION_ID_EMIT, "obj");
    check_use(6, OPTION_ID_MAX_ERRORS, "7");
    CHECK_UINT(list.uses.at[6].number, 7);
    check_use(7, OPTION_ID_COLOUR, NULL);
    check_use(8, OPTION_ID_COLOUR, "never");
    check_use(9, OPTION_ID_WARNING_OFF, "name");
    check_use(10, OPTION_ID_WERROR_ONE, "name");
    check_use(11, OPTION_ID_WARNING_ON, "name");
    check_use(12, OPTION_ID_DEPEND_FILE, "d");
    CHECK_UINT(list.inputs.n, 2);
    CHECK_STRING(list.inputs.at[0], "in.vir");
    CHECK_STRING(list.inputs.at[1], "-");
}

static void the_longest_spelling_wins(void)
{
    PARSE("-MD", "-M", "-MM", "-MMD", "-MP", "-Werror", "-Wno-error", "-w", "-help", "--header-outfile=h");
    static const enum option_id want[] = {
        OPTION_ID_DEPEND_ALSO,  OPTION_ID_DEPEND, OPTION_ID_DEPEND,    OPTION_ID_DEPEND_ALSO,
        OPTION_ID_DEPEND_PHONY, OPTION_ID_WERROR, OPTION_ID_NO_WERROR, OPTION_ID_NO_WARNINGS,
        OPTION_ID_HELP,         OPTION_ID_HEADER,
    };
    CHECK_UINT(diags.n_errors, 0);
    for (uint32_t i = 0; i < 10; i++)
        CHECK_INT(list.uses.at[i].id, want[i]);
}

static void check_error(enum diag_id id)
{
    CHECK_UINT(diags.n_errors, 1);
    CHECK(diags.list.n == 1 && diags.list.at[0]->id == id);
}

static void faults_are_reported(void)
{
    PARSE("--nothing");
    check_error(DIAG_UNKNOWN_OPTION);
    PARSE("-cx");
    check_error(DIAG_UNKNOWN_OPTION);
    PARSE("--emit");
    check_error(DIAG_OPTION_NEEDS_ARGUMENT);
    PARSE("-O");
    check_error(DIAG_OPTION_NEEDS_ARGUMENT);
    PARSE("-fmax-errors", "7");
    check_error(DIAG_OPTION_NEEDS_ARGUMENT);
    PARSE("-O4");
    check_error(DIAG_BAD_OPTION_VALUE);
    PARSE("-O12");
    check_error(DIAG_BAD_OPTION_VALUE);
    PARSE("-fmax-errors=-1");
    check_error(DIAG_BAD_OPTION_VALUE);
    PARSE("--print-stats");
    check_error(DIAG_UNKNOWN_OPTION); /* of another tool */
}

static void two_dashes_end_the_options(void)
{
    PARSE("-c", "--", "-c", "@file", "--");
    CHECK_UINT(list.uses.n, 1);
    CHECK_UINT(list.inputs.n, 3);
    CHECK_STRING(list.inputs.at[1], "@file");
}

static void check_split(const char *text, uint32_t n, const char *first, const char *last)
{
    struct option_list words = {0};
    options_split(&arena, text, strlen(text), &words);
    if (!CHECK_UINT(words.inputs.n, n) || !n) return;
    CHECK_STRING(words.inputs.at[0], first);
    CHECK_STRING(words.inputs.at[n - 1], last);
}

static void response_files_are_split(void)
{
    check_split("", 0, NULL, NULL);
    check_split(" \t\n", 0, NULL, NULL);
    check_split("a b\nc", 3, "a", "c");
    check_split("\"a b\" 'c \"d'", 2, "a b", "c \"d");
    check_split("a\\ b \\\\", 2, "a b", "\\");
    check_split("-o'x y'z \"\"", 2, "-ox yz", "");
    check_split("'open", 1, "open", "open");
    check_split("end\\", 1, "end\\", "end\\");
}

/* What `find` and the printers rely on. */
static void the_table_makes_sense(void)
{
    CHECK(option_rows[0].help);
    for (uint32_t i = 0; i < n_option_rows; i++) {
        const struct option_row *row = &option_rows[i];
        CHECK(row->spelling[0] == '-' && row->spelling[1]);
        for (uint32_t k = 0; k < i; k++)
            CHECK(strcmp(option_rows[k].spelling, row->spelling) || !(option_rows[k].tools & row->tools));
        if (!row->help) continue;
        CHECK((row->form == OPTION_FLAG) == !*row->argument);
        CHECK(row->tools && *row->help && row->help[strlen(row->help) - 1] != '.');
    }
}

int main(void)
{
    if (setjmp(memory.recover)) return 1;
    arena_init(&arena, &memory);
    sources_init(&sources, &arena);
    forms_are_read();
    the_longest_spelling_wins();
    faults_are_reported();
    two_dashes_end_the_options();
    response_files_are_split();
    the_table_makes_sense();
    arena_release(&arena);
    return test_finish();
}
