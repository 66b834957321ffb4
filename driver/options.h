/* options.h - reading command lines by the table options.def. */
#ifndef VYREC_DRIVER_OPTIONS_H
#define VYREC_DRIVER_OPTIONS_H

#include "ir/base/diag.h"

enum tool_id {
    TOOL_VYREC = 1,
    TOOL_OPT = 2,
    TOOL_RUN = 4,
    TOOL_FUZZ = 8,
    TOOL_OBJDUMP = 16,
    TOOL_REDUCE = 32,
    TOOL_PLAN = 128,
    TOOL_GEN = 256
};
enum option_form { OPTION_FLAG, OPTION_JOINED, OPTION_SEPARATE, OPTION_VALUE, OPTION_EQUALS, OPTION_OPTIONAL };
enum option_group {
#define OPTION_GROUP(NAME, title) OPTION_GROUP_##NAME,
#include "driver/options.def"
    OPTION_GROUP_COUNT
};
enum option_effect { OPTION_MAKES, OPTION_LEAVES, OPTION_SHOWS };
enum option_id {
#define OPTION(NAME, spelling, form, argument, tools, group, effect, help) OPTION_ID_##NAME,
#include "driver/options.def"
    OPTION_ID_COUNT
};

struct option_row {
    enum option_id id;
    const char *spelling;
    enum option_form form;
    const char *argument;
    unsigned tools; /* bits of enum tool_id */
    enum option_group group;
    const char *help; /* NULL for an alias */
};
extern const struct option_row option_rows[]; /* aliases follow their row */
extern const uint32_t n_option_rows;
extern const enum option_effect option_effects[OPTION_ID_COUNT];
extern const char *const option_group_titles[OPTION_GROUP_COUNT];

/* One option as it was given. */
struct option_use {
    enum option_id id;
    const char *spelling; /* for messages */
    const char *argument; /* NULL for flags and left-out optional arguments */
    uint32_t number;      /* of an argument N */
    uint64_t bytes;       /* of an argument BYTES */
};
struct option_list {
    VEC(struct option_use) uses; /* in order */
    VEC(const char *) inputs;    /* what is no option: files, and - */
};

/* Reads argv[1..]. `@file` is replaced by the words in it, `--` ends the options. Faults go to `diags`; the rest is
 * read all the same. */
void options_parse(enum tool_id tool, int argc, char **argv, struct arena *arena, struct diags *diags,
                   struct option_list *list);
/* The words of `text` as gcc reads response files: blanks separate, quotes of both kinds and backslashes protect. */
void options_split(struct arena *arena, const char *text, size_t size_bytes, struct option_list *words);

void options_print_help(enum tool_id tool, struct out *out);
void options_print_man(enum tool_id tool, struct out *out);
void options_print_completion(enum tool_id tool, const char *shell, struct out *out);
const char *tool_name(enum tool_id tool);

#endif
