/* Clocks that run ahead (design 3, time): events of an input whose producers' clocks nobody bounds.
 *
 * S_k follows the largest time, so one producer a year ahead would carry a whole input into next year. Therefore, where
 * the topic bounds nothing, an event more than PL_HELD_AHEAD_US ahead of S_k is held, and so is every event while there
 * is no S_k. Then, in log order:
 *
 *   an event within PL_HELD_AHEAD_US of S_k, on either side: the log is where it was; what is held is refused
 *     (clock_ahead)
 *   an older one, or one that the rules refuse: says nothing about where the log is
 *   the PL_HELD_RECORDS-th record in a row: the log really is there. Where the smallest of the held times says, that
 * is: in log order, events not more than PL_HELD_AHEAD_US ahead of the larger of that time and S_k are taken, the
 * others stay held
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

/* Records that are held, those of one more event at `offset` included. */
unsigned pl_held_records(const struct pl_held *held, int64_t offset);

/* The smallest held time, time_us included. */
int64_t pl_held_smallest(const struct pl_held *held, int64_t time_us);

#endif
