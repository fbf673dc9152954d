/* Effects with less noise: what units did before they were exposed explains part of what they do afterwards (CUPED),
 * for means and for ratios of two sums; and the effect on a ratio without it (statistics.md 1.2).
 *
 * Means, variables (x, p) = after and before: theta = cov(x, p) / var(p) pooled over both arms, adjusted mean
 * x - theta p with variance v_x + theta^2 v_p - 2 theta c. The relative effect is divided by the unadjusted control
 * mean: se^2 = (v_xb + theta^2 v_pb - 2 theta c_b) / (n_b x_a^2)
 *            + (v_xa x_b^2/x_a^2 - 2 theta c_a x_b/x_a + theta^2 v_pa) / (n_a x_a^2).
 * Ratios R = m/d with the same ratio before, Q = pm/pd, variables (m, d, pm, pd) with covariance L: gradients
 * (1/d, -m/d^2) and (1/pd, -pm/pd^2); theta = (c_a + c_b) / (w_a + w_b), c = cov(R, Q) and w = var(Q) of one unit by
 * them; the adjusted difference (R_b - theta Q_b) - (R_a - theta Q_a), relative to R_a by the delta method.
 *
 * Sums are micro-units, exact; central moments are formed in 192-bit integers (effect.h). With theta 0, or without any
 * spread or denominator before exposure, the result is the unadjusted one. What cannot be computed is NAN. Variances
 * have n - 1 also for conversions. Pure; O(1).
 */
#ifndef PL_CORE_JUDGE_CUPED_H
#define PL_CORE_JUDGE_CUPED_H

#include "core/judge/effect.h"

#define PL_CUPED_VARIABLES 4

/* One arm. Means use variables 0 and 1, ratios 0 to 3 (0 and 1 without covariate). Of cross only i <= j is read. */
struct pl_moment_set {
    int64_t n;
    int64_t sum[PL_CUPED_VARIABLES];
    pl_int128 cross[PL_CUPED_VARIABLES][PL_CUPED_VARIABLES];
};

struct pl_cuped {
    double theta; /* 0: not adjusted */
    double kept;  /* share of the absolute effect's variance that is left, 1: not adjusted; NAN without variance */
    struct pl_effect absolute;
    struct pl_effect relative;
};

struct pl_cuped pl_cuped_mean(const struct pl_moment_set *control, const struct pl_moment_set *treated);
struct pl_cuped pl_cuped_ratio(const struct pl_moment_set *control, const struct pl_moment_set *treated);

/* R and the variance of one unit, v_m/d^2 + v_d m^2/d^4 - 2 c_md m/d^3, to be compared by effect.h. */
struct pl_moments pl_cuped_ratio_moments(const struct pl_moment_set *arm);

#endif
