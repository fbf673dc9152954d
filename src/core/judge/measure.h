/* What sums say of one experiment on one metric: arms over some days, and the effect between two of them.
 *
 * By type (core/rule.h): conversion, retention, funnel and time_to are proportions of the exposed units; count and sum
 * means over them; mean is a mean over the units that have an x; a ratio is of sums (delta method). With a covariate
 * (`before`) effects are those of CUPED (cuped.h). Used by figures.h for display and by judge_entry at the landmark.
 *
 * Pure; O(cells of the experiment in these panes) for an arm, O(1) for an effect.
 */
#ifndef PL_CORE_JUDGE_MEASURE_H
#define PL_CORE_JUDGE_MEASURE_H

#include "core/judge/cuped.h"
#include "core/rules.h"
#include "core/sums.h"

/* Which arm of which experiment (index in the sums), over units first exposed on the days first..last. */
struct pl_measure_where {
    const struct pl_rules *rules;
    const struct pl_sums *sums;
    unsigned experiment;
    int32_t first, last;
};

struct pl_measure_arm {
    int64_t units;            /* exposed */
    struct pl_cell cell;      /* n: units, or those with an x; of a ratio the numerator's */
    struct pl_moment_set set; /* count and proportion: x, p; ratio: m, d, pm, pd */
};

struct pl_measure_arm pl_measure_arm(const struct pl_measure_where *where, unsigned arm, uint32_t metric);

/* The metric's value in an arm: share, mean, or ratio; NAN without units. */
double pl_measure_mean(const struct pl_rules *rules, uint32_t metric, const struct pl_measure_arm *arm);

/* Both effects, adjusted when the metric has a covariate and `adjust`. */
struct pl_cuped pl_measure_effect(const struct pl_rules *rules, uint32_t metric, const struct pl_measure_arm *control,
                                  const struct pl_measure_arm *treated, bool adjust);

/* Variance of an arm's mean, unadjusted; NAN without units. */
double pl_measure_mean_variance(const struct pl_rules *rules, uint32_t metric, const struct pl_measure_arm *arm);

/* Covariance of the absolute effects on two metrics of the same units, each adjusted by its theta: the sum over both
 * arms of cov(x - theta p, y - theta' q) / n. The products are kept for an area's goal with its value; NAN for a mean
 * or a ratio, of which they never are. */
double pl_measure_covariance(const struct pl_measure_where *where, const unsigned arms[2], const uint32_t metrics[2],
                             const double thetas[2]);

/* Enough data in an arm to enter the programme (statistics.md 2.3): 25 conversions and 25 others; else 1,000 units and
 * a cap on what each may count. */
bool pl_measure_enough_to_enter(const struct pl_rules *rules, uint32_t metric, const struct pl_measure_arm *arm);

/* Enough to show an interval (statistics.md 1.3): 20 conversions and 20 others in the smaller arm; else 100 units. */
bool pl_measure_enough_to_show(const struct pl_rules *rules, uint32_t metric, const struct pl_measure_arm *control,
                               const struct pl_measure_arm *treated);

#endif
