/* What a unit did before it came into an experiment: day totals of one metric, from which its covariate p is taken.
 *
 * Kept for each metric with `before` that is no ratio, in every unit with a matching action, in an experiment or not:
 * the newest day of matching actions (by their time) and the 28 days before it, each with its total when it has any.
 * An action timed before these days is not noted; when a newer day is noted, days more than 28 before it are dropped.
 *
 *   words: header (PL_WORDS_BEFORE, id: metric), map, then for count and sum the totals of the days, newest first
 *   map:   newest day in the low half; above it bit a: there is a total a days before the newest (0 to 28)
 *
 * p of an exposure at t0: total over actions placed before it and timed on the days day(t0) - before .. day(t0), of
 * what is kept; conversion: one for any. Not cut at cap: that is done with x. Totals stop at +-PL_TOTAL_MAX, those of
 * the days and the sum. O(days kept).
 */
#ifndef PL_CORE_COUNT_BEFORE_H
#define PL_CORE_COUNT_BEFORE_H

#include "core/count/words.h"
#include "core/rules.h"

#define PL_BEFORE_DAYS 29
#define PL_BEFORE_AT 2 /* words before the totals: header, map */

/* Note an action of this day. False without memory. */
bool pl_before_note(struct pl_words *state, const struct pl_rules *rules, uint32_t metric, int32_t day,
                    int64_t gain) PL_MUSTCHECK;

/* p of an exposure on this day. */
int64_t pl_before_total(const struct pl_words *state, const struct pl_rules *rules, uint32_t metric, int32_t day);

/* An entry from the store, of a metric that is kept and has none yet. False for what is none, and without memory. */
bool pl_before_restore(struct pl_words *state, const struct pl_rules *rules, uint32_t metric, uint64_t map,
                       uint32_t n_totals) PL_MUSTCHECK;

#endif
