/* Effects of several experiments together: random effects by Paule and Mandel (statistics.md 2.2). Descriptive: the
 * mean of ideas is not the return (half of them bad gives mu near 0 while what is shipped gains much).
 *
 * y_i with standard errors s_i, w = 1 / (s_i^2 + tau^2), mu = sum w y / sum w, se = (sum w)^-1/2; tau^2 is the root of
 * sum w (y - mu)^2 = k - 1, or 0. Q and I^2 = max(0, 1 - (k-1)/Q) and the fixed-effect mean have w = 1 / s_i^2.
 *  - Knapp-Hartung: se^2 = sum w (y - mu)^2 / ((k-1) sum w), interval with t_{k-1}. Where tau^2 > 0 it is
 *    the same se.
 *  - Prediction of the next experiment's effect: mu -+ t_{k-2} sqrt(tau^2 + se^2).
 *  - Shrunken effects (BLUP): (y_i/s_i^2 + mu/tau^2) / (1/s_i^2 + 1/tau^2).
 * Pure; O(k) for each of about ten Newton steps.
 */
#ifndef PL_CORE_JUDGE_POOL_H
#define PL_CORE_JUDGE_POOL_H

#include <stddef.h>

struct pl_pool {
    size_t n; /* k: finite effects with a finite positive standard error; the others are left out */
    double mu, se;
    double tau2, q, i2;
    double fixed_mu, fixed_se;
    double kh_se, lower, upper;          /* Knapp-Hartung */
    double predict_lower, predict_upper; /* NAN below 3 effects */
};

/* blups[n] may be NULL; NAN where an effect was left out. With fewer than 2 effects there is no spread to estimate:
 * everything but n, and for one effect fixed_mu and fixed_se, is NAN. 0 < alpha < 1 for the intervals. */
struct pl_pool pl_pool_fit(const double *y, const double *s, size_t n, double alpha, double *blups);

#endif
