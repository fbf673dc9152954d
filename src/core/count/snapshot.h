/* Sums of a shard at one moment, from one of the two views of its cells, in a form that does not depend on how the
 * shard came to them: experiments by name; variants of settled sums by the place of their first exposure, then by name.
 */
#ifndef PL_CORE_COUNT_SNAPSHOT_H
#define PL_CORE_COUNT_SNAPSHOT_H

#include "core/count/cells.h"
#include "core/count/shard.h"

/* SETTLED: experiments and variants with a settled exposure, and only what events placed below tick_us say about them.
 * LIVE: all that are known. The caller owns *sums. O(cells log cells). */
enum pl_status pl_snapshot_make(const struct pl_shard *shard, enum pl_cells_view view, int64_t tick_us,
                                struct pl_sums *sums, struct pl_err *err) PL_MUSTCHECK;

/* Of everything but the tick: equal sums have equal hashes. */
uint64_t pl_snapshot_hash(const struct pl_sums *sums);

#endif
