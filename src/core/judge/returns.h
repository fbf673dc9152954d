/* The return of one experiment: what a reference team gains from it, winner's curse included (statistics.md 2.4).
 *
 * For an effect d with standard error s and bar K = 1.96 s
 *   X = d Phi((d - K)/s) - s phi((d - K)/s),   E[X | theta] = theta Phi((theta - K) / (sqrt2 s)),
 * exactly unbiased by Stein's lemma for the gain of a team that ships when an estimate of standard error sqrt2 s clears
 * K. X >= -b(s). All in units of the area's baseline. Pure; O(1).
 */
#ifndef PL_CORE_JUDGE_RETURNS_H
#define PL_CORE_JUDGE_RETURNS_H

#define PL_RETURNS_BAR 1.96

/* X of the experiment's own bar. s > 0. */
double pl_returns_credited(double d, double s);

/* b(s) = .1076965989 s: minus the smallest value of X. */
double pl_returns_floor(double s);

/* X with one bar for all: K = 1.96 s_ref and decisions at standard error S_c = sqrt2 s_ref, so that changing traffic is
 * not taken for changing ideas. NAN when s > .9 S_c: such an experiment says nothing about that bar. */
double pl_returns_common(double d, double s, double s_ref);

/* The largest win counted: max(5 delta, K + 2 s, half the largest X credited earlier in the epoch). Known before d. */
double pl_returns_cap(double delta, double s, double largest);

#endif
