/* Hollow growth: what ships raises delivery while value does not rise with it (statistics.md 2.8).
 *
 * For one entry with delivery d (standard error s, bar K = 1.96 s) and value v measured on the same units,
 * c = Cov(d, v):
 *   X^V = v g(d) - c g'(d),   g(d) = Phi((d-K)/s),  g'(d) = phi((d-K)/s)/s,
 * unbiased for the value gained by the reference team of returns.h, which looks at delivery alone. eta is how much
 * value must rise with one unit of delivery, a policy:
 *   Y = clip(X^V - eta X, -+c_Y),  c_Y = max(cap of X, 4 s_v),
 *   M_j <- max(1, M_j) (1 - f_j Y/c_Y)  with the bets f of FLAT (detect.h),  E = mean M_j.
 * Against "E[Y] >= 0 always", an e-CUSUM as FLAT is: at least 20 entries on average to a false alarm whatever the law,
 * and far more in worlds like those of 2.8 (value that just keeps up: an alarm within 120 entries in at most .003 of
 * paths).
 *
 * The alarm comes at E >= 20 and stands until E < 2 (as FLAT is left) or a new epoch (a zeroed struct). M is cut at
 * ten times the alarm, so that a long bad past can be outlived. Slow by nature: see the figures of 2.8.
 *
 * Entries that ended early count as they do for FLAT: c_Y if shipped, else 0; dropping them would let those who stop
 * on bad value hide it. Pure; O(1).
 */
#ifndef PL_CORE_JUDGE_HOLLOW_H
#define PL_CORE_JUDGE_HOLLOW_H

#include "core/judge/detect.h"

#define PL_HOLLOW_ALARM 20.
#define PL_HOLLOW_CLEAR 2.

struct pl_hollow_entry {
    double d, s;            /* delivery: effect and standard error, s > 0 */
    double value, value_se; /* the same of value, better positive; NAN: not measured */
    double cov;             /* Cov(d, v) of the two estimates, in their units */
    double cap;             /* of X, as FLAT has it (pl_returns_cap) */
    bool early, shipped;
};

/* X^V. */
double pl_hollow_value(const struct pl_hollow_entry *entry);

/* State of an area's epoch; zeroed is its start. */
struct pl_hollow {
    struct pl_bets bets;
    double e;
    bool alarm;
};

/* Takes one entry and returns E. eta NAN (unset) counts as 0: then only value that falls is found. An entry without
 * value changes nothing. */
double pl_hollow_take(struct pl_hollow *hollow, const struct pl_hollow_entry *entry, double eta);

#endif
