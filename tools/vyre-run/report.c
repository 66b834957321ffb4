/* report.c - faults of a run, each with what to do about it. */
#include <stdio.h>

#include "tools/vyre-run/run.h"

bool run_fail(const struct run *r, const char *fix, const char *format, ...)
{
    static const char *const plain[] = {"", "", ""}, *const coloured[] = {"\033[1;31m", "\033[1;32m", "\033[0m"};
    const char *const *colour = r->colour ? coloured : plain;
    va_list args;
    va_start(args, format);
    fflush(stdout);
    fprintf(stderr, "%s: %serror:%s ", r->tool, colour[0], colour[2]);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    if (*fix) fprintf(stderr, "%s: %sfix:%s %s\n", r->tool, colour[1], colour[2], fix);
    va_end(args);
    return false;
}
