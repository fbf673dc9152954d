#include "ctl/progress.h"

#include "adapter/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define INTERVAL_US 100000
#define WIDTH 30

struct pl_progress pl_progress_init(const char *label, uint64_t total)
{
    return (struct pl_progress){.label = label, .total = total, .visible = isatty(STDERR_FILENO) == 1};
}

void pl_progress_set(struct pl_progress *progress, uint64_t done)
{
    int64_t now_us;
    char bar[WIDTH + 1];
    unsigned full;

    progress->done = done;
    if (!progress->visible)
        return;
    now_us = pl_clock_monotonic_us();
    if (progress->drawn_us && now_us - progress->drawn_us < INTERVAL_US)
        return;
    progress->drawn_us = now_us;
    if (progress->total == 0) {
        fprintf(stderr, "\r%s %" PRIu64 " ", progress->label, done);
        return;
    }
    full = done >= progress->total ? WIDTH : (unsigned)((double)done / (double)progress->total * WIDTH);
    for (unsigned at = 0; at < WIDTH; at++)
        bar[at] = at < full ? '#' : '.';
    bar[WIDTH] = '\0';
    fprintf(stderr, "\r%s [%s] %u %% ", progress->label, bar,
            (unsigned)(done >= progress->total ? 100 : (double)done / (double)progress->total * 100));
}

void pl_progress_end(struct pl_progress *progress)
{
    if (progress->visible && progress->drawn_us)
        fputs("\r\033[K", stderr);
    progress->visible = false;
}
