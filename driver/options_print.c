/* options_print.c - the table of options as help, manual page and shell completions. */
#include <stdio.h>
#include <string.h>

#include "driver/options.h"

enum { HELP_COLUMN = 34, HELP_WIDTH = 110 };

static const struct {
    enum tool_id id;
    const char *name, *synopsis, *purpose, *description;
} tools[] = {
    {TOOL_VYREC, "vyrec", "[options] file.vir...", "compile .vir programs to object files",
     "Reads each file, or standard input for -, and writes an ordinary object file for the linker, which holds the "
     "code of all "
     "its programs. Without -o the object of dir/name.vir is name.o in the current folder."},
    {TOOL_OPT, "vyre-opt", "[options] file.vir", "read, check and print .vir programs",
     "Reads the file, or standard input for -, checks it, and prints it in its canonical form."},
    {TOOL_RUN, "vyre-run", "[options] file [name=value...]", "run programs of .vir files and objects",
     "Runs a program or pipeline of a .vir file or of an object, on this machine's processor or in the interpreter. A "
     "buffer "
     "is given as name=@FILE, name=TYPE[COUNT] for zeros, name=random:TYPE[COUNT]:SEED, name=[1,2,3] or name=\"text\", "
     "a param "
     "as name=NUMBER. Exit status: 0 it ran; 1 a fault, a trap, a race or a difference; 2 the command line is wrong."},
    {TOOL_FUZZ, "vyre-fuzz", "[options]", "compare compilers and interpreter on random programs",
     "Makes random programs that have one answer, and compares the bytes that compiled code, at every level of this "
     "machine, and "
     "the interpreter leave in their buffers. The same seed makes the same programs."},
    {TOOL_OBJDUMP, "vyre-objdump", "[options] file", "show what vyrec put into an object",
     "Lists the images in an object, or in an executable or shared library that objects were linked into, and the "
     "programs and pipelines with their arguments, sizes and arms. Exit status: 0 shown; 1 the file is damaged, or "
     "vyrec "
     "did not make it; 2 the command line is wrong."},
    {TOOL_REDUCE, "vyre-reduce", "[options] file.vir -- command [word...]", "shrink a program that shows a fault",
     "Runs the command on smaller and smaller programs, and keeps each for which it succeeds: it should do so, with "
     "exit status 0, as long as the fault shows. {} in its words stands for the file; without one the file is its last "
     "word. All programs that it sees are valid. The best so far is always in the output, file.vir.reduced without "
     "-o."},
    {TOOL_GEN, "vyre-gen", "[options] literals list.txt", "make programs that find literals",
     "Reads a list of literals, one to a line, and prints a .vir file with programs that count them in a text, list "
     "them, "
     "list them in order, and tell which files of a batch have them. Exit status: 0 made; 1 a fault in the list, and "
     "no "
     "file was written; 2 the command line is wrong."},
    {TOOL_PLAN, "vyre-plan", "[options] stages.csv | file.vir [name=count...]",
     "group stages into launches under a budget",
     "Reads a list of stages as CSV (id,layout,input,output,scratch,host), or a pipeline of a .vir file with the "
     "element "
     "counts of its buffers, and prints which of them become one launch. Exit status: 0 planned; 1 no plan, or a fault "
     "in "
     "the file; 2 the command line is wrong."},
};

const char *tool_name(enum tool_id tool)
{
    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++)
        if (tools[i].id == tool) return tools[i].name;
    bug("there is no tool %d", tool);
}

static size_t tool_index(enum tool_id tool)
{
    size_t i = 0;
    while (tools[i].id != tool)
        i++;
    return i;
}

/* Calls print for each option of the group that the tool takes. Gives their number. */
static uint32_t each_option(enum tool_id tool, enum option_group group,
                            void (*print)(const struct option_row *, struct out *), struct out *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < n_option_rows; i++) {
        const struct option_row *row = &option_rows[i];
        if (!row->help || !(row->tools & tool) || row->group != group) continue;
        if (out) print(row, out);
        n++;
    }
    return n;
}

/* `-o FILE`, `--emit=obj|vir`, `-O0|1|2|3`: one spelling with its argument. */
static void add_spelling(const struct option_row *row, const char *argument, struct out *out)
{
    static const char *const formats[] = {
        [OPTION_FLAG] = "%s",     [OPTION_JOINED] = "%s%s",  [OPTION_SEPARATE] = "%s %s",
        [OPTION_VALUE] = "%s=%s", [OPTION_EQUALS] = "%s=%s", [OPTION_OPTIONAL] = "%s[=%s]",
    };
    const char *format = formats[row->form];
    for (int n = 0; *format; format++) {
        if (*format != '%')
            out_bytes(out, format, 1);
        else
            out_text(out, n++ ? argument : row->spelling), format++;
    }
}

/* The aliases that follow a row. */
static const struct option_row *next_alias(const struct option_row *row)
{
    row++;
    return row < option_rows + n_option_rows && !row->help ? row : NULL;
}

static void add_spellings(const struct option_row *row, struct out *out)
{
    add_spelling(row, row->argument, out);
    for (const struct option_row *alias = next_alias(row); alias; alias = next_alias(alias)) {
        out_text(out, ", ");
        add_spelling(alias, row->argument, out);
    }
}

/* ---- help ---- */

/* Text in lines of the width, from the column on. */
static void add_wrapped(struct out *out, const char *text, size_t column, size_t width)
{
    size_t at = column;
    while (*text) {
        size_t word = strcspn(text, " ");
        if (at > column && at + 1 + word > width) {
            out_printf(out, "\n%*s", (int)column, "");
            at = column;
        } else if (at > column) {
            out_text(out, " ");
            at++;
        }
        out_bytes(out, text, word);
        at += word;
        text += word + (text[word] == ' ');
    }
    out_text(out, "\n");
}

static void print_help_row(const struct option_row *row, struct out *out)
{
    size_t start = out->n;
    out_text(out, "  ");
    add_spellings(row, out);
    size_t width = out->n - start;
    if (width + 2 > HELP_COLUMN) out_text(out, "\n"), width = 0;
    out_printf(out, "%*s", (int)(HELP_COLUMN - width), "");
    add_wrapped(out, row->help, HELP_COLUMN, HELP_WIDTH);
}

void options_print_help(enum tool_id tool, struct out *out)
{
    size_t t = tool_index(tool);
    out_printf(out, "usage: %s %s\n\n", tools[t].name, tools[t].synopsis);
    add_wrapped(out, tools[t].description, 0, HELP_WIDTH);
    for (int group = 0; group < OPTION_GROUP_COUNT; group++) {
        if (!each_option(tool, (enum option_group)group, NULL, NULL)) continue;
        out_printf(out, "\n%s:\n", option_group_titles[group]);
        each_option(tool, (enum option_group)group, print_help_row, out);
    }
    out_text(out, "\n@FILE stands for the words in FILE; -- ends the options.\n"
                  "Exit status: 0 success, 1 something was reported, 2 wrong command line, 70 internal error.\n");
}

/* ---- manual page ---- */

/* Roff: a dash that is typed, and a line that must not begin a request. */
static void add_roff(struct out *out, const char *text)
{
    for (const char *at = text; *at; at++) {
        if (at == text && (*at == '.' || *at == '\'')) out_text(out, "\\&");
        if (*at == '-')
            out_text(out, "\\-");
        else if (*at == '\\')
            out_text(out, "\\e");
        else
            out_bytes(out, at, 1);
    }
}

static void print_man_row(const struct option_row *row, struct out *out)
{
    struct out spellings;
    out_init(&spellings, out->mem);
    add_spellings(row, &spellings);
    out_text(out, ".TP\n.B ");
    add_roff(out, spellings.bytes);
    out_text(out, "\n");
    add_roff(out, row->help);
    out_text(out, ".\n");
    out_release(&spellings);
}

void options_print_man(enum tool_id tool, struct out *out)
{
    size_t t = tool_index(tool);
    out_printf(out, ".TH %s 1 \"\" \"vyrec %s\"\n.SH NAME\n", tools[t].name, VYRE_VERSION);
    add_roff(out, tools[t].name);
    out_text(out, " \\- ");
    add_roff(out, tools[t].purpose);
    out_printf(out, "\n.SH SYNOPSIS\n.B %s\n", tools[t].name);
    add_roff(out, tools[t].synopsis);
    out_text(out, "\n.SH DESCRIPTION\n");
    add_roff(out, tools[t].description);
    out_text(out, "\n.SH OPTIONS\n");
    for (int group = 0; group < OPTION_GROUP_COUNT; group++) {
        if (!each_option(tool, (enum option_group)group, NULL, NULL)) continue;
        out_printf(out, ".SS %s\n", option_group_titles[group]);
        each_option(tool, (enum option_group)group, print_man_row, out);
    }
    out_text(out, ".PP\n@FILE stands for the words in FILE, which blanks separate and quotes or backslashes protect. "
                  "\\-\\- ends the options.\n"
                  ".SH EXIT STATUS\n0 success, 1 something was reported, 2 wrong command line, 70 internal error.\n"
                  ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nwhen set and not empty, messages are not coloured by default.\n"
                  ".TP\n.B VYRE_FAIL_ALLOCATION\na testing aid: the allocation with this number fails.\n");
}

/* ---- completions ---- */

enum argument_kind { ARGUMENT_NONE, ARGUMENT_WORDS, ARGUMENT_FILE, ARGUMENT_DIR, ARGUMENT_OTHER };

static enum argument_kind kind_of(const struct option_row *row)
{
    if (!*row->argument) return ARGUMENT_NONE;
    if (strchr(row->argument, '|')) return ARGUMENT_WORDS;
    if (!strcmp(row->argument, "FILE")) return ARGUMENT_FILE;
    return strcmp(row->argument, "DIR") ? ARGUMENT_OTHER : ARGUMENT_DIR;
}

/* Each of "a|b|c" between `before` and `after`. */
static void add_words(struct out *out, const char *words, const char *before, const char *after)
{
    while (*words) {
        size_t n = strcspn(words, "|");
        out_text(out, before);
        out_bytes(out, words, n);
        out_text(out, after);
        words += n + (words[n] == '|');
    }
}

/* All that could be typed for this row: its spelling, or that with each word. */
static void print_bash_row(const struct option_row *row, struct out *out)
{
    char before[64];
    const char *equals = row->form >= OPTION_VALUE ? "=" : "";
    if (kind_of(row) == ARGUMENT_WORDS) {
        snprintf(before, sizeof before, "%s%s", row->spelling, equals);
        add_words(out, row->argument, before, " ");
    } else {
        out_printf(out, "%s%s ", row->spelling, equals);
    }
}

static void print_bash(enum tool_id tool, const char *name, struct out *out)
{
    out_printf(out,
               "# bash completion of %s\n"
               "_complete_%s() {\n"
               "    local word=${COMP_LINE:0:COMP_POINT} words\n"
               "    word=${word##*[[:space:]]}\n"
               "    words='",
               name, name);
    for (int group = 0; group < OPTION_GROUP_COUNT; group++)
        each_option(tool, (enum option_group)group, print_bash_row, out);
    out_printf(out,
               "'\n"
               "    case $word in\n"
               "    --*=*|-f*=*) COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
               "        if ((${#COMPREPLY[@]})); then COMPREPLY=(\"${COMPREPLY[@]#*=}\")\n"
               "        else COMPREPLY=($(compgen -f -- \"${word#*=}\")); fi ;;\n"
               "    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$word\")); [[ ${COMPREPLY[0]-} == *= ]] && compopt -o "
               "nospace ;;\n"
               "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
               "    esac\n"
               "}\n"
               "complete -o filenames -F _complete_%s %s\n",
               name, name);
}

/* In single quotes; zsh takes colons and brackets for its own. */
static void add_zsh(struct out *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            out_text(out, "'\\''");
        else if (strchr("[]:\\", *text))
            out_printf(out, "\\%c", *text);
        else
            out_bytes(out, text, 1);
    }
}

static void print_zsh_row(const struct option_row *row, struct out *out)
{
    static const char *const joins[] = {
        [OPTION_FLAG] = "",   [OPTION_JOINED] = "-",  [OPTION_SEPARATE] = "+",
        [OPTION_VALUE] = "=", [OPTION_EQUALS] = "=-", [OPTION_OPTIONAL] = "=-",
    };
    static const char *const actions[] = {
        [ARGUMENT_FILE] = ":file:_files",
        [ARGUMENT_DIR] = ":folder:_files -/",
        [ARGUMENT_OTHER] = ":value: ",
        [ARGUMENT_NONE] = "",
    };
    out_printf(out, "    '*%s%s[", row->spelling, joins[row->form]);
    add_zsh(out, row->help);
    out_text(out, "]");
    if (kind_of(row) == ARGUMENT_WORDS) {
        out_text(out, row->form == OPTION_OPTIONAL ? "::value:(" : ":value:(");
        add_words(out, row->argument, "", " ");
        out_text(out, ")");
    } else {
        out_text(out, actions[kind_of(row)]);
    }
    out_text(out, "' \\\n");
}

static void print_zsh(enum tool_id tool, const char *name, struct out *out)
{
    out_printf(out, "#compdef %s\n_arguments \\\n", name);
    for (int group = 0; group < OPTION_GROUP_COUNT; group++)
        each_option(tool, (enum option_group)group, print_zsh_row, out);
    out_text(out, "    '*:file:_files'\n");
}

static void add_fish(struct out *out, const char *text)
{
    for (; *text; text++)
        out_printf(out, strchr("'\\", *text) ? "\\%c" : "%c", *text);
}

/* The name of the tool goes in front; fish has short (-o), old (-MF) and long (--emit) options. */
static void print_fish_row(const struct option_row *row, struct out *out)
{
    bool is_long = row->spelling[1] == '-', is_short = !is_long && !row->spelling[2];
    const char *name = row->spelling + (is_long ? 2 : 1);
    out_printf(out, " %s '%.*s'", is_long ? "-l" : is_short ? "-s" : "-o", (int)strcspn(name, "="), name);
    enum argument_kind kind = kind_of(row);
    if (kind == ARGUMENT_WORDS) {
        out_text(out, " -x -a '");
        add_words(out, row->argument, "", " ");
        out_text(out, "'");
    } else if (kind != ARGUMENT_NONE) {
        out_text(out, kind == ARGUMENT_FILE  ? " -r -F"
                      : kind == ARGUMENT_DIR ? " -x -a '(__fish_complete_directories)'"
                                             : " -x");
    }
    out_text(out, " -d '");
    add_fish(out, row->help);
    out_text(out, "'\n");
}

static void print_fish(enum tool_id tool, const char *name, struct out *out)
{
    out_printf(out, "# fish completion of %s\n", name);
    for (uint32_t i = 0; i < n_option_rows; i++) {
        if (!option_rows[i].help || !(option_rows[i].tools & tool)) continue;
        out_printf(out, "complete -c %s", name);
        print_fish_row(&option_rows[i], out);
    }
}

void options_print_completion(enum tool_id tool, const char *shell, struct out *out)
{
    static const struct {
        const char *shell;
        void (*print)(enum tool_id, const char *, struct out *);
    } rows[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!strcmp(rows[i].shell, shell)) rows[i].print(tool, tool_name(tool), out);
}
