/* The ticks of one shard that wait for the judge: a window on the hash in Redis into which the shard publishes.
 *
 * It holds the PL_TICK_WINDOW_MAX smallest ticks that are still needed, rising, without a hole: of those at or below
 * the tick in force only the last is needed. The hash is read as a whole, in any order; what does not fit is left
 * there, and `cut_us` says from where on. Owns the sums that were put into it. Single-threaded.
 */
#ifndef PL_APP_TICK_WINDOW_H
#define PL_APP_TICK_WINDOW_H

#include "core/sums.h"

#define PL_TICK_WINDOW_MAX 256

struct pl_tick {
    int64_t tick_us;
    struct pl_sums sums;
};

struct pl_tick_window {
    struct pl_tick ticks[PL_TICK_WINDOW_MAX];
    unsigned n;
    int64_t stale[PL_TICK_WINDOW_MAX]; /* replaced ticks that are still stored: to be deleted */
    unsigned n_stale;
    int64_t cut_us; /* the smallest tick that did not fit at the last reading; PL_TIME_MAX: all did */
};

/* A new reading of the hash begins. */
void pl_tick_window_begin(struct pl_tick_window *window);

/* Is the tick needed, and is there room? Then pl_tick_window_put it, at once, to *place. May push out the largest.
 * in_force_us: the tick that is judged, or restored; PL_TIME_NONE for none. */
bool pl_tick_window_place(struct pl_tick_window *window, int64_t in_force_us, int64_t tick_us, unsigned *place);
/* Takes the sums over. */
void pl_tick_window_put(struct pl_tick_window *window, unsigned place, int64_t tick_us, const struct pl_sums *sums);

/* Forget all ticks before the last one at or below tick_us: they are replaced, and noted as stale. */
void pl_tick_window_keep_latest(struct pl_tick_window *window, int64_t tick_us);

/* Were ticks left out for which there is room by now? */
bool pl_tick_window_wants_more(const struct pl_tick_window *window, int64_t in_force_us);

void pl_tick_window_fini(struct pl_tick_window *window);

#endif
