/* Inference that is valid at every look: the asymptotic confidence sequence and its p (statistics.md 1.3).
 *
 * With N units in both arms, se the fixed standard error and rho^2 = (-2 ln a + ln(1 - 2 ln a)) / N*, the half-width is
 *   two-sided (a = alpha):   se sqrt(N) sqrt( 2 (N rho^2 + 1) / (N^2 rho^2) ln( sqrt(N rho^2 + 1) / alpha) )
 *   one-sided (a = 2 alpha): the same with ln(1 + sqrt(N rho^2 + 1) / (2 alpha)).
 * p is the smallest level at which the interval leaves 0, rho held. N* (n_star) is where the interval is tightest and
 * must be fixed before the start. Intervals of earlier looks are not intersected: the estimand drifts.
 *
 * Source: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, arXiv 2103.06476; equal to the normal mixture of Howard et al.
 * Pure; O(1).
 */
#ifndef PL_CORE_JUDGE_SEQUENCE_H
#define PL_CORE_JUDGE_SEQUENCE_H

#include "core/judge/effect.h"

double pl_sequence_rho2(double n_star, double alpha, enum pl_side side);

/* Half-width in units of se, for n units in both arms. */
double pl_sequence_width(double n, double rho2, double alpha, enum pl_side side);

/* NAN when the effect has no standard error. */
struct pl_interval pl_sequence_interval(const struct pl_effect *effect, double n_star, double alpha, enum pl_side side);

/* Is there enough data to show an interval at all? In the smaller arm at least 20 conversions and 20 others; for sums
 * 100 units. With less the normal limit does not hold and false rejections reach .56. */
bool pl_sequence_enough_conversions(const struct pl_cell *control, const struct pl_cell *treated);
bool pl_sequence_enough_sum(const struct pl_cell *control, const struct pl_cell *treated);

#endif
