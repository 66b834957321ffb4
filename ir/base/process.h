/* process.h - runs another program to its end: the one place that does. */
#ifndef VYREC_BASE_PROCESS_H
#define VYREC_BASE_PROCESS_H

#include "ir/base/out.h"

/* Where the program finds process.input. */
#define PROCESS_INPUT_PATH "/dev/fd/3"

struct process {
    const char *program;      /* looked for in PATH where it has no slash; NULL: the first word */
    const char *const *words; /* what it is told, up to NULL; the first is its name */
    const char
        *folder; /* that it works in; NULL: this one's. A relative path of the program is one from here all the same */
    const void *input; /* bytes behind PROCESS_INPUT_PATH, of no name in any folder; NULL: none */
    size_t n_input;
};

/* Waits for its end. What it writes to standard output is added to `out`, to standard error to `said`, which may be the same and has both in the
 * order they were written in; its standard input is empty. The exit status, 128 and the number of the signal that ended it, or -1 with errno where
 * it could not be run. */
int process_run(const struct process *p, struct out *out, struct out *said);
/* Leaves one line of `said` that tells why a run failed: what errno says for -1, the program's first line, or its status where it said nothing. */
void process_explain(int status, struct out *said);

#endif
