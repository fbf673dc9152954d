/* What a unit's metrics come to in an experiment: x and p of each, and their METRIC, BEFORE, CROSS and TIME cells.
 *
 * A unit's entry in an experiment (PL_WORDS_EXPERIMENT, not mixed) is header, t0, and the words of each metric of the
 * experiment's area, all 0 at first (plan.h says where they stand). An action is taken by a metric that reads it, in
 * each experiment of the metric's area that the unit is in (placed after the first exposure: place orders) and is not
 * mixed in, when t0 + from <= time < t0 + window (time decides windows).
 *
 *   type                    words                       x
 *   conversion, retention   1 (micro) once taken        the word
 *   funnel                  likewise, see below         the word
 *   count                   number of actions, micro    cut at cap
 *   sum                     total of the property       cut at cap
 *   mean                    total, number of values     total / number rounded toward zero, cut at cap; none without
 *   time_to                 0, or 1 + bucket            1 (micro) unless 0
 *   ratio                   none                        none: it is made of its parts' cells and their CROSS cells
 *
 * Sum and mean take nothing from an action without the property. Only types said to be cut are cut, by a cap above 0,
 * and only from above; words are not cut. Totals stop at +-PL_TOTAL_MAX. A funnel metric takes each action that
 * completes an attempt of the unit at its funnel (funnel.h), whatever the attempt's entry. time_to takes the first
 * matching action by place, with the bucket of time - t0 (sketch.h).
 *
 * A metric with `before` that is no ratio has p as its last word: taken at the first exposure from what the unit did
 * before (before.h), cut as x is, and fixed from then on.
 *
 * Cells, by day of t0 (TIME: by its week), of units that are not mixed:
 *   METRIC  sum x, sum x^2; n 0, of mean the units with an x
 *   BEFORE  sum p, sum p^2; n 0
 *   CROSS   sum of a x b over each pair of plan.h in sum2; an x that is none counts as 0
 *   TIME    n: units by bucket
 * All are exact at every moment: what leaves is what had been added, to the last unit.
 */
#ifndef PL_CORE_COUNT_MEASURE_H
#define PL_CORE_COUNT_MEASURE_H

#include "core/count/step.h"

#define PL_MEASURE_WORDS_MAX 3 /* of one metric */

/* A first exposure: the unit gets its entry, at the end of state, under this header (n_words is set). False without
 * memory. */
bool pl_measure_enter(const struct pl_step *step, struct pl_words *state, struct pl_words_head head,
                      int64_t t0_us) PL_MUSTCHECK;

/* The unit is mixed: take back what its metrics contributed. `at` is where its entry is; it stays as it is. */
void pl_measure_leave(const struct pl_step *step, const struct pl_words *state, uint32_t at);

/* Take an action into a metric that reads it, and note it for the covariate. False without memory. */
bool pl_measure_act(const struct pl_step *step, struct pl_words *state, const struct pl_tail_event *event,
                    uint32_t metric) PL_MUSTCHECK;

/* Take an action that completed an attempt into the metrics of type funnel that name this funnel. */
void pl_measure_funnel(const struct pl_step *step, struct pl_words *state, const struct pl_tail_event *event,
                       uint32_t funnel);

/* Add the product of one pair, an index of the plan, to its CROSS cell: the entry came from the store, where the pair
 * was not counted yet. */
void pl_measure_pair(const struct pl_step *step, const struct pl_words *state, uint32_t at, uint32_t pair);

/* Can these be the words of a metric, n of them? */
bool pl_measure_valid(const struct pl_plan *plan, uint32_t metric, const int64_t *words, uint32_t n);

#endif
