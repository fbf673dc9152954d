#include "app/tick_window.h"

#include "util/stamp.h"

#include <string.h>

void pl_tick_window_begin(struct pl_tick_window *window)
{
    window->cut_us = PL_TIME_MAX;
}

static void note_stale(struct pl_tick_window *window, int64_t tick_us)
{
    for (unsigned at = 0; at < window->n_stale; at++)
        if (window->stale[at] == tick_us)
            return;
    if (window->n_stale < PL_TICK_WINDOW_MAX)
        window->stale[window->n_stale++] = tick_us; /* else: it is found again at a later reading */
}

/* Once a tick was left out, no later one is taken in the same reading, even if there is room again: a hole would be
 * judged as if nothing had been published there. */
bool pl_tick_window_place(struct pl_tick_window *window, int64_t in_force_us, int64_t tick_us, unsigned *place)
{
    struct pl_tick *ticks = window->ticks;

    if (tick_us >= window->cut_us)
        return false;
    if (window->n == PL_TICK_WINDOW_MAX) /* most may be replaced, when their deletion was lost */
        pl_tick_window_keep_latest(window, in_force_us);
    if (window->n && tick_us < ticks[0].tick_us && ticks[0].tick_us <= in_force_us) {
        note_stale(window, tick_us);
        return false;
    }
    *place = window->n;
    while (*place > 0 && ticks[*place - 1].tick_us > tick_us)
        (*place)--;
    if (*place > 0 && ticks[*place - 1].tick_us == tick_us)
        return false; /* held already */
    if (window->n < PL_TICK_WINDOW_MAX)
        return true;
    window->cut_us = *place == window->n ? tick_us : ticks[window->n - 1].tick_us;
    if (*place == window->n)
        return false;
    pl_sums_fini(&ticks[--window->n].sums);
    return true;
}

void pl_tick_window_put(struct pl_tick_window *window, unsigned place, int64_t tick_us, const struct pl_sums *sums)
{
    struct pl_tick *at = &window->ticks[place];

    memmove(at + 1, at, (window->n - place) * sizeof(*at));
    *at = (struct pl_tick){.tick_us = tick_us, .sums = *sums};
    window->n++;
}

void pl_tick_window_keep_latest(struct pl_tick_window *window, int64_t tick_us)
{
    unsigned drop = 0;

    while (drop + 1 < window->n && window->ticks[drop + 1].tick_us <= tick_us) {
        note_stale(window, window->ticks[drop].tick_us);
        pl_sums_fini(&window->ticks[drop++].sums);
    }
    window->n -= drop;
    memmove(window->ticks, window->ticks + drop, window->n * sizeof(*window->ticks));
}

bool pl_tick_window_wants_more(const struct pl_tick_window *window, int64_t in_force_us)
{
    return window->cut_us < PL_TIME_MAX && (window->n < PL_TICK_WINDOW_MAX || window->ticks[1].tick_us <= in_force_us);
}

void pl_tick_window_fini(struct pl_tick_window *window)
{
    for (unsigned at = 0; at < window->n; at++)
        pl_sums_fini(&window->ticks[at].sums);
    window->n = window->n_stale = 0;
}
