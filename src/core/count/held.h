/* Clocks that run ahead (design 3, time): events of an input whose producers' clocks nobody bounds.
 *
 * S_k follows the largest time, so one producer a year ahead would carry a whole input into next year. Therefore, where
 * the topic bounds nothing, an event more than PL_HELD_AHEAD_US ahead of S_k is held, and so is every event while there
 * is no S_k. Then, in log order:
 *
 * - An event within PL_HELD_AHEAD_US of S_k, on either side: the log is where it was; what is held is refused
 *   (clock_ahead).
 * - An older one, or one that the rules refuse: says nothing about where the log is.
 * - The PL_HELD_RECORDS-th record in a row: the log really is there, namely where the smallest of the held times says.
 *   In log order, events not more than PL_HELD_AHEAD_US ahead of the larger of that time and S_k are released, the
 *   others stay held. What comes meanwhile is the last of them.
 *
 * Released events take their turns among the inputs by their own times, before anything else of their input.
 *
 * So S_k stays a function of that log alone. What is held is part of the state. A value of the shard.
 */
#ifndef PL_CORE_COUNT_HELD_H
#define PL_CORE_COUNT_HELD_H

#include "core/event.h"
#include "util/err.h"
#include "util/stamp.h"

#include <stdbool.h>

#define PL_HELD_AHEAD_US PL_DAY_US
#define PL_HELD_RECORDS 32
#define PL_HELD_EVENTS_MAX 2048 /* of all held records of an input together; further ones are refused */

/* `event` without its names, which are here. */
struct pl_held_event {
    struct pl_event event;
    char experiment[PL_NAME_BYTES], variant[PL_NAME_BYTES];
};

struct pl_held {
    bool on;                      /* nobody bounds the clocks of this input's producers */
    struct pl_held_event *events; /* owned, in log order */
    uint32_t n, room;
    bool releasing;      /* events[next] is the next of this input, */
    int64_t base_us;     /* the log is there, */
    uint32_t kept, next; /* events below kept stay held, those from next on are still to be looked at */
};

enum pl_held_view {
    PL_HELD_NEAR,  /* the log is here */
    PL_HELD_OLD,   /* says nothing */
    PL_HELD_AHEAD, /* to be held */
};

/* A zeroed struct is valid, off and empty. */
void pl_held_fini(struct pl_held *held);

enum pl_held_view pl_held_look(int64_t stream_us, int64_t time_us);

/* Hold a copy. False when PL_HELD_EVENTS_MAX are held, or without memory (*failed). */
bool pl_held_add(struct pl_held *held, const struct pl_event *event, bool *failed) PL_MUSTCHECK;

/* The event as it was; its names borrow from held. */
struct pl_event pl_held_at(const struct pl_held *held, uint32_t at);

/* How many records they are of; the smallest of their times. */
unsigned pl_held_records(const struct pl_held *held);
int64_t pl_held_smallest(const struct pl_held *held);

#endif
