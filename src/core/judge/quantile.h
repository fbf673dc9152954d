/* A quantile of times with its interval, from the buckets of core/sketch.h (statistics.md 1.2).
 *
 * n units, of which the bins hold those that got there; for the rest the time is infinite ("not reached"), so that a
 * quantile over all units cannot be improved by losing the slow ones. Order statistics, counted from 1: the quantile
 * nu is that of rank ceil(n nu), its interval reaches from rank floor(n (nu - z sqrt(nu (1-nu) / n))) to rank
 * ceil(n (nu + z ...)), outwards to the edges of their buckets. Refused (all NAN) while n <= z^2 nu / (1-nu) or
 * n <= z^2 (1-nu) / nu: then one end would be beyond the first or last unit. Two equal ends (the other refusal of 1.2)
 * cannot come out: a bucket has a width, and that stands for what is not known within it. Pure; O(bins).
 */
#ifndef PL_CORE_JUDGE_QUANTILE_H
#define PL_CORE_JUDGE_QUANTILE_H

#include "core/judge/effect.h"

#include <stddef.h>

struct pl_quantile_bin {
    uint32_t bucket; /* of core/sketch.h */
    int64_t n;       /* >= 0 */
};

/* Ascending buckets, borrowed. */
struct pl_quantile_sample {
    const struct pl_quantile_bin *bins;
    size_t n_bins;
    int64_t n; /* units, at least the sum of the bins, else all is refused */
};

struct pl_quantile {
    int64_t n;
    double value_us;           /* the middle of its bucket; INFINITY: not reached */
    double lower_us, upper_us; /* INFINITY likewise */
};

/* 0 < nu < 1, 0 < alpha < 1. */
struct pl_quantile pl_quantile_of(const struct pl_quantile_sample *sample, double nu, double alpha);

/* As moments of a mean, (n - 1) ((upper - lower) / 2z)^2 for one unit, to compare two arms by effect.h; alpha as it was
 * in pl_quantile_of. NAN unless all three are finite. */
struct pl_moments pl_quantile_moments(const struct pl_quantile *quantile, double alpha);

#endif
