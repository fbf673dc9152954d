/* Headroom: how much is left if returns decay as they seem to (statistics.md 2.8). For display, never an alarm.
 *
 * Returns X_0 .. X_{n-1} in order, E[X_i] = A e^{-k i}. For each k of {0} and 120 geometric values from .001 to .3 the
 * best A = sum X e^{-k i} / sum e^{-2 k i} and its sum of squares SSE; sigma^2 = SSE_min / (n - 2); the interval of k
 * holds what has (SSE - SSE_min) / sigma^2 <= 3.84. Remaining after the n: A e^{-k n} / (1 - e^{-k}), and infinite for
 * k = 0: while the interval holds it there is "no evidence of a ceiling". Pure; O(121 n).
 */
#ifndef PL_CORE_JUDGE_HEADROOM_H
#define PL_CORE_JUDGE_HEADROOM_H

#include <stdbool.h>
#include <stddef.h>

struct pl_headroom {
    bool no_ceiling;                         /* true also when nothing is known */
    double k, a;                             /* the best fit; NAN below 3 returns */
    double k_lower, k_upper;                 /* among the values tried */
    double remaining;                        /* of the best fit, INFINITY at k = 0 */
    double remaining_lower, remaining_upper; /* over the interval of k, INFINITY where it holds 0 */
};

struct pl_headroom pl_headroom_fit(const double *x, size_t n);

#endif
