/* Histograms out of sums: cells of one subject whose detail is a bucket, added over panes; and their quantiles
 * (design 4).
 *
 * The p % quantile is the bucket that holds the smallest value with at least p % of all at or below it: integers, no
 * interpolation, so an independent computation gives the same bucket.
 */
#ifndef PL_CORE_JUDGE_HISTOGRAM_H
#define PL_CORE_JUDGE_HISTOGRAM_H

#include "core/sketch.h"
#include "core/sums.h"

struct pl_histogram {
    int64_t n;
    int64_t counts[PL_SKETCH_BUCKETS];
};

/* Add the cells of key's kind, subject and arm in these panes whose detail is a bucket: all of it, or, where a kind has
 * a metric beside it (core/cell.def: METRIC_BUCKET), the bucket of key.metric. O(cells of the subject in these panes).
 */
void pl_histogram_add(struct pl_histogram *histogram, const struct pl_sums *sums, struct pl_cell_key key,
                      int32_t first_pane, int32_t last_pane);

/* The bucket of a quantile, 1 <= percent <= 100; -1 while it is empty. */
int pl_histogram_quantile(const struct pl_histogram *histogram, unsigned percent);

#endif
