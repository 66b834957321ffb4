/* progress.c - a bar on a terminal, once a run has taken half a second. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/vyre-run/run.h"

static const double first_shown_after = 0.5, redrawn_every = 0.1;
enum { BAR_CELLS = 40 };

double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void progress_begin(struct progress *p, const char *what)
{
    *p = (struct progress){.what = what, .started = now_seconds(), .on_terminal = isatty(STDERR_FILENO)};
    p->next = p->started + first_shown_after;
}

static void draw(const struct progress *p, uint64_t done, uint64_t total, double elapsed)
{
    static const char full[] = "########################################";
    if (!total) {
        fprintf(stderr, "\r%s: %.1f s\033[K", p->what, elapsed);
        return;
    }
    double share = (double)done / (double)total;
    int cells = (int)(share * BAR_CELLS);
    double left = share > 0 ? elapsed / share - elapsed : 0;
    fprintf(stderr, "\r%s [%.*s%*s] %3.0f %%, %.0f s left\033[K", p->what, cells, full, BAR_CELLS - cells, "",
            share * 100, left);
}

void progress_report(void *progress, uint64_t done, uint64_t total)
{
    struct progress *p = progress;
    if (!p->on_terminal) return;
    double now = now_seconds();
    if (now < p->next) return;
    p->next = now + redrawn_every;
    p->shown = true;
    draw(p, done, total, now - p->started);
}

void progress_end(struct progress *p)
{
    if (p->shown) fputs("\r\033[K", stderr);
    p->shown = false;
}
