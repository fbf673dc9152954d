/* The return of one experiment with several treatment arms that share a control (statistics.md 2.4).
 *
 * The reference team of returns.h now has a choice: to each arm's effect d_i it adds noise of its own with variance
 * s_i^2 and ships the arm whose copy is the largest, if that clears the bar K. With
 *   g_i = integral_K^oo (1/s_i) phi((x-d_i)/s_i) prod_{j != i} Phi((x-d_j)/s_j) dx
 * (the chance that arm i is shipped, given the effects) the return is
 *   X = sum_i [d_i g_i - sum_j Sigma_ij dg_i/dd_j],   E[X | theta] = sum_i theta_i P(ship i),
 * exactly, by Stein's lemma, whatever the covariance: Sigma_ii = s_i^2, Sigma_ij = the variance of the control's mean.
 * As everything depends on differences of x and d only, with H_ij the integral over both densities at one x,
 *   X = sum_i [d_i g_i - s_i phi((K-d_i)/s_i) prod_{j != i} Phi((K-d_j)/s_j)] - sum_{i<j} Var(d_i - d_j) H_ij.
 * K = 1.96 sqrt(mean s_i^2). One arm gives pl_returns_credited. Integrals: 32-node Gauss-Legendre between break points
 * at each d_i -+ multiples of s_i, about 1e-12. Pure; about 5 us for two or three arms, 70 us for fifteen.
 */
#ifndef PL_CORE_JUDGE_ARMS_H
#define PL_CORE_JUDGE_ARMS_H

#include "core/ledger.h"

#define PL_ARMS_MAX (PL_VARIANTS_MAX - 1)

struct pl_arms {
    unsigned n; /* treatment arms, 1 .. PL_ARMS_MAX */
    double d[PL_ARMS_MAX];
    double s[PL_ARMS_MAX]; /* > 0 */
    double shared;         /* variance of the control's mean in the same unit, squared; at most s_i^2 */
};

/* The arms that a row of the ledger has; n 0: the row's own effect and se are its only arm. */
struct pl_arms pl_arms_of(const struct pl_row *row);

/* sqrt(mean s_i^2): the standard error of the entry as a whole, for bar, cap and floor. */
double pl_arms_se(const struct pl_arms *arms);

/* At least minus the smallest value of X: pl_returns_floor for one arm, .13 n se for several. The smallest values found
 * over all effects, unequal s and shared variances are -.128 n se at two and three arms and less beyond. */
double pl_arms_floor(const struct pl_arms *arms);

/* X. */
double pl_arms_credited(const struct pl_arms *arms);

#endif
