/* Distributions: the few special functions that the judge needs, from libm alone.
 *
 * Pure and thread-safe. Relative error about 1e-13 where the result is a normal number: tails are computed as tails and
 * never as one minus something. Arguments outside the domain are bugs of the caller (asserted).
 *
 * Used by the formulas of statistics.md 1.2 to 1.4 and 2.8. Their own: Stirling series of the log-gamma difference,
 * continued fraction of the incomplete beta (DLMF 8.17.22). Cost: tens of operations to a few microseconds; the
 * continued fraction takes O(sqrt(a)) steps.
 */
#ifndef PL_CORE_JUDGE_DIST_H
#define PL_CORE_JUDGE_DIST_H

#include "util/num.h"

#include <math.h>
#include <stdint.h>

/* Standard normal: density, P(Z <= u), and the u with P(Z <= u) = p, 0 < p < 1. The upper tail is cdf(-u). */
double pl_dist_pdf(double u);
double pl_dist_cdf(double u);
double pl_dist_quantile(double p);

/* ln Gamma(x), x > 0; ln B(a, b), a and b > 0, without the cancellation of three log-gammas. */
double pl_dist_log_gamma(double x);
double pl_dist_log_beta(double a, double b);

/* Regularised incomplete beta I_x(a, b), 0 <= x <= 1. */
double pl_dist_beta(double a, double b, double x);

/* Student t with df > 0 degrees of freedom: P(T <= t) and the t with P(T <= t) = p, 0 < p < 1. The upper quantile of
 * a small alpha is -quantile(alpha). */
double pl_dist_t_cdf(double t, double df);
double pl_dist_t_quantile(double p, double df);

/* X of n trials at 0 < p < 1: P(X <= k) and P(X >= k), n >= 0. By the incomplete beta, so exact. */
double pl_dist_binomial_lower(int64_t k, int64_t n, double p);
double pl_dist_binomial_upper(int64_t k, int64_t n, double p);

#endif
