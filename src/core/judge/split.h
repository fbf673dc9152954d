/* Is an experiment's traffic split as declared? Judged before any effect is looked at (statistics.md 1.4).
 *
 * The alarm is an e-value, valid at every look and free of order: for counts x with expected shares theta and a
 * Dirichlet(kappa theta) alternative, kappa = 100,
 *   log E = lnG(kappa) - lnG(kappa + n) + sum [lnG(kappa theta_i + x_i) - lnG(kappa theta_i)] - sum x_i ln theta_i.
 * When shares change (a ramp), every declared segment has its own shares and counts, a unit counts in the segment of
 * its first exposure, and the log E add up. Source: Lindon and Malek, NeurIPS 2022. Pure; O(arms).
 */
#ifndef PL_CORE_JUDGE_SPLIT_H
#define PL_CORE_JUDGE_SPLIT_H

#include <stdbool.h>
#include <stdint.h>

#define PL_SPLIT_ALPHA .001

/* One allocation segment. Borrowed arrays of n_arms; shares positive where counts are, sum 1. */
struct pl_split {
    unsigned n_arms;
    const int64_t *counts;
    const double *shares;
};

/* Sum of log E over segments; 0 without units. */
double pl_split_log_e(const struct pl_split *segments, unsigned n_segments);

/* log E >= ln(1 / PL_SPLIT_ALPHA). */
bool pl_split_uneven(double log_e);

/* min(1, 1/E): the p shown beside it, at this look. */
double pl_split_p(double log_e);

/* Too many units seen in two variants: at least 1 % of all and at least 10. exposed excludes the mixed ones. */
bool pl_split_mixed(int64_t mixed, int64_t exposed);

#endif
