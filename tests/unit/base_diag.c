/* How messages are collected and shown. */
#include "ir/base/diag.h"
#include "tests/unit/test.h"

static struct memory memory;
static struct arena arena;
static struct sources sources;
static struct diags diags;

static struct source_file *begin(const char *text)
{
    sources_init(&sources, &arena);
    diags_init(&diags, &arena, &sources);
    return sources_add(&sources, "dir/a b.vir", text, strlen(text));
}

static struct src_range range_of(const struct source_file *file, uint32_t begin_offset, uint32_t end_offset)
{
    return (struct src_range){file->base + begin_offset, file->base + end_offset};
}

static void check_print(enum diag_format format, bool colour, const char *want)
{
    struct out out;
    out_init(&out, &memory);
    out_text(&out, "");
    diags_print(&diags, format, colour, &out);
    CHECK_STRING(out.bytes, want);
    out_release(&out);
}

static void text_shows_the_place(void)
{
    struct source_file *file = begin("one\n\tlet \xc3\xa9 = wrong;\n");
    struct diag *g = diag_report(&diags, DIAG_CANNOT_READ, range_of(file, 14, 19), "x", "y");
    diag_add_note(&diags, g, range_of(file, 0, 3), "see %d", 1);
    diag_add_note(&diags, g, SRC_NONE, "no place");
    check_print(DIAG_FORMAT_TEXT, false,
                "dir/a b.vir:2:11: fatal error: cannot read 'x': y [E0001]\n"
                "    2 |  let \xc3\xa9 = wrong;\n"
                "      |          ^~~~~\n"
                "dir/a b.vir:1:1: note: see 1\n"
                "    1 | one\n"
                "      | ^~~\n"
                "      = note: no place\n"
                "      = fix: check the path and its permissions\n");
}

static void text_without_a_place(void)
{
    begin("");
    diag_add_fix(&diags, diag_report(&diags, DIAG_CANNOT_READ, SRC_NONE, "\033[1m", "y"), SRC_NONE, NULL, "do %s",
                 "that");
    check_print(DIAG_FORMAT_TEXT, false, "fatal error: cannot read '\\x1b[1m': y [E0001]\n      = fix: do that\n");
    check_print(DIAG_FORMAT_TEXT, true,
                "\033[1m\033[1;31mfatal error: \033[0m\033[1mcannot read '\\x1b[1m': y\033[0m [E0001]\n"
                "      = \033[32mfix: \033[0mdo that\n");
}

static void the_end_of_the_text_is_a_place(void)
{
    struct source_file *file = begin("ab\n");
    struct diag *g = diag_report(&diags, DIAG_CANNOT_READ, range_of(file, 2, 2), "x", "y");
    diag_add_fix(&diags, g, SRC_NONE, NULL, "%s", "");
    g = diag_report(&diags, DIAG_CANNOT_READ, range_of(file, 3, 3), "x", "y");
    diag_add_fix(&diags, g, SRC_NONE, NULL, "%s", "");
    check_print(DIAG_FORMAT_TEXT, false,
                "dir/a b.vir:1:3: fatal error: cannot read 'x': y [E0001]\n    1 | ab\n      |   ^\n"
                "dir/a b.vir:2:1: fatal error: cannot read 'x': y [E0001]\n    2 | \n      | ^\n");
}

static void long_lines_are_cut(void)
{
    static char text[100001];
    memset(text, '.', 100000);
    memcpy(text + 50000, "here", 4);
    struct source_file *file = begin(text);
    struct out out;
    out_init(&out, &memory);
    diag_report(&diags, DIAG_CANNOT_READ, range_of(file, 50000, 90000), "x", "y");
    diags_print(&diags, DIAG_FORMAT_TEXT, false, &out);
    CHECK(out.n < 500);
    const char *line = strstr(out.bytes, "here"), *mark = strchr(out.bytes, '^');
    CHECK(line && mark);
    const char *line_start = strstr(out.bytes, "    1 | "), *mark_start = strstr(out.bytes, "      | ");
    CHECK(line_start && mark_start);
    CHECK_INT(line - line_start, mark - mark_start);
    out_release(&out);
}

static void messages_are_sorted_and_not_repeated(void)
{
    struct source_file *file = begin("abc");
    diags.max_errors = 3;
    for (uint32_t i = 3; i-- > 0;)
        diag_report(&diags, DIAG_CANNOT_READ, range_of(file, i, i + 1), "f", "e");
    diag_report(&diags, DIAG_CANNOT_READ, range_of(file, 1, 2), "again", "e");
    CHECK_UINT(diags.n_errors, 3);
    struct diag *dropped = diag_report(&diags, DIAG_CANNOT_READ, range_of(file, 0, 3), "too many", "e");
    diag_add_note(&diags, dropped, SRC_NONE, "lost");
    diag_add_fix(&diags, dropped, SRC_NONE, NULL, "lost");
    CHECK_UINT(diags.n_errors, 4);
    CHECK_UINT(diags.list.n, 3);
    struct out out;
    out_init(&out, &memory);
    diags_print(&diags, DIAG_FORMAT_TEXT, false, &out);
    const char *a = strstr(out.bytes, ":1:1:"), *b = strstr(out.bytes, ":1:2:"), *c = strstr(out.bytes, ":1:3:");
    CHECK(a && b && c && a < b && b < c);
    CHECK(strstr(out.bytes, "\n1 more error not shown; -fmax-errors=0 shows all\n"));
    CHECK(!strstr(out.bytes, "again") && !strstr(out.bytes, "lost"));
    out_release(&out);
}

static void json_has_one_object_per_line(void)
{
    struct source_file *file = begin("a\nbcd");
    struct diag *g = diag_report(&diags, DIAG_CANNOT_READ, range_of(file, 2, 4), "\"", "y");
    diag_add_fix(&diags, g, range_of(file, 3, 4), "\n", "now");
    diag_add_note(&diags, g, SRC_NONE, "note");
    diag_report(&diags, DIAG_CANNOT_READ, SRC_NONE, "z", "y");
    check_print(
        DIAG_FORMAT_JSON, false,
        "{\"severity\": \"fatal error\", \"code\": \"E0001\", \"message\": \"cannot read 'z': y\", "
        "\"fix\": \"check the path and its permissions\"}\n"
        "{\"severity\": \"fatal error\", \"code\": \"E0001\", \"message\": \"cannot read '\\\"': y\", "
        "\"file\": \"dir/a b.vir\", \"line\": 2, \"column\": 1, \"end_line\": 2, \"end_column\": 3, "
        "\"begin\": 2, \"end\": 4, \"fix\": \"now\", \"replacement\": {\"begin\": 3, \"end\": 4, \"text\": \"\\n\"}, "
        "\"notes\": [{\"message\": \"note\"}]}\n");
}

static void sarif_names_rules_and_places(void)
{
    struct source_file *file = begin("\xc3\xa9 x");
    struct out out;
    out_init(&out, &memory);
    diag_report(&diags, DIAG_CANNOT_READ, range_of(file, 3, 4), "x", "y");
    diags_print(&diags, DIAG_FORMAT_SARIF, false, &out);
    CHECK(strstr(out.bytes, "\"version\": \"2.1.0\""));
    CHECK(strstr(out.bytes, "{\"id\": \"E0001\", \"name\": \"CANNOT_READ\""));
    CHECK(strstr(out.bytes, "\"uri\": \"dir/a%20b.vir\""));
    CHECK(strstr(out.bytes, "\"region\": {\"startLine\": 1, \"startColumn\": 3, \"endLine\": 1, \"endColumn\": 4, "
                            "\"byteOffset\": 3, \"byteLength\": 1}"));
    out_release(&out);
}

static void near_names_are_suggested(void)
{
    static const char *const names[] = {"workgroup", "dispatch", "buffer", "x"};
    CHECK_STRING(diag_nearest("bufer", names, 4), "buffer");
    CHECK_STRING(diag_nearest("bfufer", names, 4), "buffer");
    CHECK_STRING(diag_nearest("dipsatch", names, 4), "dispatch");
    CHECK_STRING(diag_nearest("workgruop", names, 4), "workgroup");
    CHECK_STRING(diag_nearest("y", names, 4), NULL);
    CHECK_STRING(diag_nearest("pipeline", names, 4), NULL);
    CHECK_STRING(diag_nearest("", names, 4), NULL);
    CHECK_STRING(diag_nearest("buffer", names, 0), NULL);
}

static void rows_are_found(void)
{
    CHECK(diag_find_code("e0001") == &diag_infos[DIAG_CANNOT_READ]);
    CHECK(!diag_find_code("E000"));
    CHECK_INT(diag_find_name("cannot-read"), DIAG_CANNOT_READ);
    CHECK_INT(diag_find_name("E0001"), DIAG_CANNOT_READ);
    CHECK_INT(diag_find_name("cannot-rea"), DIAG_COUNT);
    CHECK_INT(diag_find_name("cannot-reads"), DIAG_COUNT);
}

/* Codes are unique and their letter agrees with the severity; texts begin in lower case and have no full stop. */
static void rows_are_well_formed(void)
{
    static const char letters[] = "RWEE";
    for (int i = 0; i < DIAG_COUNT; i++) {
        const struct diag_info *row = &diag_infos[i];
        CHECK(strlen(row->code) == 5 && row->code[0] == letters[row->severity]);
        CHECK(diag_find_code(row->code) == row);
        CHECK(*row->text && row->text[strlen(row->text) - 1] != '.');
        CHECK(!(row->text[0] >= 'A' && row->text[0] <= 'Z'));
        CHECK(*row->explanation);
    }
}

int main(void)
{
    if (setjmp(memory.recover)) return 1;
    arena_init(&arena, &memory);
    text_shows_the_place();
    text_without_a_place();
    the_end_of_the_text_is_a_place();
    long_lines_are_cut();
    messages_are_sorted_and_not_repeated();
    json_has_one_object_per_line();
    sarif_names_rules_and_places();
    near_names_are_suggested();
    rows_are_found();
    rows_are_well_formed();
    arena_release(&arena);
    return test_finish();
}
