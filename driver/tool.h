/* tool.h - what all tools share: memory, the command line, messages, the exit status.
 *
 *   static int work(struct tool *tool) { ...; return 0; }
 *   int main(int argc, char **argv) { return tool_main(TOOL_OPT, argc, argv, work); }
 *
 * Exit status: 0 success, 1 something was reported, 2 the command line is wrong, 70 a fault of ours; or what `work`
 * returned. */
#ifndef VYREC_DRIVER_TOOL_H
#define VYREC_DRIVER_TOOL_H

#include "driver/options.h"
#include "ir/ir.h"

enum tool_status { TOOL_SUCCESS = 0, TOOL_REPORTED = 1, TOOL_USAGE = 2, TOOL_INTERNAL = 70 };
enum tool_colour { TOOL_COLOUR_AUTO, TOOL_COLOUR_ALWAYS, TOOL_COLOUR_NEVER };

struct tool {
    enum tool_id id;
    int argc;
    char **argv;
    int (*work)(struct tool *);
    int status;
    bool has_work, no_memory;

    struct memory mem;
    struct arena arena; /* lives as long as the tool */
    struct sources sources;
    struct diags diags;
    struct option_list options;
    enum diag_format format;
    enum tool_colour colour;
    VEC(const char *) include_dirs;
};

/* Runs `work` on a stack that suits the deepest program the language allows, unless the command line is wrong or asks
 * for information only; prints the messages; gives the exit status. */
int tool_main(enum tool_id id, int argc, char **argv, int (*work)(struct tool *));
/* The end of a tool for which a library found no memory: the one message, nothing half-made, status 1. */
_Noreturn void tool_end_without_memory(void);
/* Whether messages on standard error are coloured. */
bool tool_wants_colour(const struct tool *tool);
/* Reads and checks one input. Everything but its text lives in `arena`. NULL when something was reported. */
struct ir_module *tool_read_module(struct tool *tool, struct arena *arena, struct intern *names, const char *path);
/* Writes all or none of the files; reports the one that failed. */
bool tool_write_files(struct tool *tool, const struct out_file *files, uint32_t n);
/* Text for people, at once, to standard error. */
void tool_print_log(const struct out *log);
bool tool_write_file(struct tool *tool, const char *path, const struct out *content);

#endif
