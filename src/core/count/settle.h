/* Settling: events placed below the frontier move from tails into the settled state and cells (design 3, 7).
 *
 * Nothing can be placed below F, so how late or in which order units are settled cannot be seen, except at a tick: then
 * everything placed below it must be, and nothing else.
 */
#ifndef PL_CORE_COUNT_SETTLE_H
#define PL_CORE_COUNT_SETTLE_H

#include "core/count/shard.h"

/* Settle every event placed below limit_us. O(units with a tail). */
void pl_settle_all(struct pl_shard *shard, int64_t limit_us);

/* Settle units from the head of the queue while their first event is placed below limit_us. O(settled). */
void pl_settle_some(struct pl_shard *shard, int64_t limit_us);

/* Close what has nothing open any more and remove units of which nothing is known: a bounded number of each. */
void pl_settle_forget(struct pl_shard *shard);

/* Smallest place in all tails, INT64_MAX without one. O(units with a tail). */
int64_t pl_settle_first_place(const struct pl_shard *shard);

#endif
