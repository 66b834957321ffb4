/* spawn.c - how long a command takes from start to end, how long processors work for it, and the most memory it had.
 * `spawn ROUNDS COMMAND ARGUMENT...` runs it so often, with its output thrown away, and prints a line of JSON. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "measure.h"

enum { MAX_ROUNDS = 10000 };
extern char **environ;

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

/* Seconds of one run, or less than 0 when it failed; and of processors' work. */
static double run_once(char **command, const posix_spawn_file_actions_t *actions, double *work, long *peak_kib)
{
    pid_t child;
    int status;
    struct rusage usage;
    double start = seconds_now();
    if (posix_spawnp(&child, command[0], actions, NULL, command, environ) || wait4(child, &status, 0, &usage) < 0 ||
        status) {
        fprintf(stderr, "spawn: %s failed\n", command[0]);
        return -1;
    }
    double seconds = seconds_now() - start;
    *work = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
    *peak_kib = usage.ru_maxrss > *peak_kib ? usage.ru_maxrss : *peak_kib;
    return seconds;
}

int main(int argc, char **argv)
{
    static double seconds[MAX_ROUNDS], work[MAX_ROUNDS];
    int rounds = argc > 2 ? atoi(argv[1]) : 0;
    long peak_kib = 0;
    posix_spawn_file_actions_t actions;
    if (rounds < 1 || rounds > MAX_ROUNDS) {
        fputs("usage: spawn ROUNDS COMMAND ARGUMENT...\n", stderr);
        return 2;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    for (int i = 0; i < rounds; i++) {
        seconds[i] = run_once(argv + 2, &actions, &work[i], &peak_kib);
        if (seconds[i] < 0) {
            return 1;
        }
    }
    qsort(seconds, (size_t)rounds, sizeof(*seconds), compare_doubles);
    qsort(work, (size_t)rounds, sizeof(*work), compare_doubles);
    printf("{\"rounds\": %d, \"median_s\": %.9g, \"p25_s\": %.9g, \"p75_s\": %.9g, \"least_s\": %.9g, "
           "\"least_cpu_s\": %.9g, \"peak_bytes\": %ld}\n",
           rounds, seconds[rounds / 2], seconds[rounds / 4], seconds[rounds * 3 / 4], seconds[0], work[0],
           peak_kib * 1024);
    return 0;
}
