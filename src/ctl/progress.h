/* A progress bar on stderr, only when stderr is a terminal: nothing moves in a log file.
 */
#ifndef PL_CTL_PROGRESS_H
#define PL_CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct pl_progress {
    const char *label; /* ref */
    uint64_t total;    /* 0: unknown, only the count is shown */
    uint64_t done;
    int64_t drawn_us; /* monotonic; 0 before the first */
    bool visible;
};

/* total and done are in any unit, e.g. records or bytes. */
struct pl_progress pl_progress_init(const char *label, uint64_t total);

/* So far `done`; draws at most ten times a second. */
void pl_progress_set(struct pl_progress *progress, uint64_t done);

/* Remove the bar. */
void pl_progress_end(struct pl_progress *progress);

#endif
