/* Sums of a shard at one moment, seen in one of two ways, in a form that does not depend on how the
 * shard came to them: experiments by name; variants of settled sums by the place of their first exposure, then by name.
 */
#ifndef PL_CORE_COUNT_SNAPSHOT_H
#define PL_CORE_COUNT_SNAPSHOT_H

#include "core/count/cells.h"
#include "core/count/shard.h"

enum pl_cells_view { PL_CELLS_LIVE, PL_CELLS_SETTLED };

/* SETTLED: experiments and variants with a settled exposure, and only what events placed below tick_us say about them.
 * LIVE: all that are known, as if everything that waits in tails were settled. The caller owns *sums.
 * O(cells log cells), LIVE also O(events that wait). */
enum pl_status pl_snapshot_make(const struct pl_shard *shard, enum pl_cells_view view, int64_t tick_us,
                                struct pl_sums *sums, struct pl_err *err) PL_MUSTCHECK;

/* Of everything but the tick, and of the sample of units its newest day only: equal sums have equal hashes, and as what
 * has another hash is published, the sample is, about once a day, also of a shard that counts nothing else. */
uint64_t pl_snapshot_hash(const struct pl_sums *sums);

#endif
