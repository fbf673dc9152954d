/* The effect of one experiment on one metric: from exact integer sums to estimate, standard error and p.
 *
 * Two arms, control and treated. Sums are fixed-point micro-units (core/sums.h); second central moments are formed in
 * 192-bit integers, so nothing cancels however large the mean is against the spread. Doubles begin afterwards.
 *
 * Formulas: statistics.md 1.2 (mean m = S/n, v = (Q - S^2/n)/(n - 1); proportion v = p (1 - p); delta method for the
 * relative effect; Welch df; interval on the log ratio) and 2.3 (units of a fixed baseline). Pure; O(1).
 *
 * What cannot be computed (no units, control mean 0, no spread) is NAN, never a guess.
 */
#ifndef PL_CORE_JUDGE_EFFECT_H
#define PL_CORE_JUDGE_EFFECT_H

#include "core/sums.h"

#include <stdbool.h>

struct pl_moments {
    int64_t n;
    double mean;
    double var; /* of one unit */
};

/* Of a cell of kind METRIC whose n was replaced by the arm's number of exposed units. */
struct pl_moments pl_effect_mean(const struct pl_cell *cell);
struct pl_moments pl_effect_proportion(const struct pl_cell *cell);

/* n Q - S_a S_b for the sums of two variables and of their products, n >= 0: exact, rounded once (n (n - 1) times their
 * covariance). */
double pl_effect_central(int64_t n, int64_t a, int64_t b, pl_int128 cross);

struct pl_effect {
    double estimate;
    double se;
    double df; /* Welch, of the absolute variances also for the relative effect */
    int64_t n; /* units of both arms */
};

/* m_b - m_a, and (m_b - m_a) / |m_a|. */
struct pl_effect pl_effect_absolute(const struct pl_moments *control, const struct pl_moments *treated);
struct pl_effect pl_effect_relative(const struct pl_moments *control, const struct pl_moments *treated);

/* d and s of statistics.md 2.3: the absolute effect in units of the fixed baseline m0, times the share of the area's
 * traffic that the experiment targets; better is always positive. */
struct pl_effect pl_effect_scaled(const struct pl_effect *absolute, double baseline, double coverage,
                                  bool lower_is_better);

enum pl_side {
    PL_TWO_SIDED,
    PL_GREATER, /* alternative: the effect is positive; only a lower bound */
    PL_LESS,    /* alternative: the effect is negative; only an upper bound */
};

struct pl_interval {
    double lower, upper; /* -INFINITY or INFINITY on the open side */
    double p;
};

/* Fixed horizon, Student t. Valid for one look only. */
struct pl_interval pl_effect_fixed(const struct pl_effect *effect, double alpha, enum pl_side side);

/* Enough data for an entry into the programme, of one arm (statistics.md 2.3): at least 25 conversions and 25
 * non-conversions; for sums a cap per unit and 1,000 units. */
bool pl_effect_enough_conversions(const struct pl_cell *cell);
bool pl_effect_enough_sum(const struct pl_cell *cell, bool capped);

#endif
