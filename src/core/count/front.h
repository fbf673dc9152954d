/* Times of a shard: how far each input has come, and the frontier (design 3, order). A value; no memory of its own.
 *
 *   S_k   largest accepted time of input k: a function of that log alone
 *   place max(time, S_k - lateness, F)
 *   F     max(min_k S_k, max_k S_k - hold) - lateness; an input without S counts as minus infinity; never falls
 */
#ifndef PL_CORE_COUNT_FRONT_H
#define PL_CORE_COUNT_FRONT_H

#include "core/count/shard.h"
#include "util/stamp.h"

struct pl_front {
    unsigned n_inputs;
    int64_t stream_us[PL_INPUTS_MAX]; /* S_k, PL_TIME_NONE at first */
    int64_t first_us[PL_INPUTS_MAX];  /* time of the first accepted event of each input */
    int64_t frontier_us;              /* F */
    int64_t complete_us;              /* the tick up to which sums are published */
    int64_t largest_place_us;         /* of events and control records */
    int64_t control_place_us;         /* of control records */
};

/* Empty: everything PL_TIME_NONE. */
void pl_front_init(struct pl_front *front, unsigned n_inputs);

/* Place of an event of this input, before it has moved anything. */
int64_t pl_front_place(const struct pl_front *front, const struct pl_rules *rules, unsigned input, int64_t time_us);

/* S_k after an event of this time. */
int64_t pl_front_stream(const struct pl_front *front, unsigned input, int64_t time_us);

/* Let S_k, the first time, the largest place and F take an event in. O(inputs). */
void pl_front_move(struct pl_front *front, const struct pl_rules *rules, unsigned input, int64_t time_us,
                   int64_t place_us);

/* Place of a control record, which is taken in: max(time, F), or the largest control place so far without a time. */
int64_t pl_front_control(struct pl_front *front, int64_t time_us);

/* Smallest first time of all inputs: the shard's first record. PL_TIME_NONE without one. */
int64_t pl_front_first(const struct pl_front *front);

#endif
