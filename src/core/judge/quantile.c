#include "core/judge/quantile.h"

#include "core/judge/dist.h"
#include "core/sketch.h"
#include "util/num.h"

#include <math.h>

#define NOT_REACHED UINT32_MAX

/* -1 when the bins hold more than the units there are. */
static int64_t reached(const struct pl_quantile_sample *sample)
{
    int64_t left = sample->n;

    for (size_t at = 0; at < sample->n_bins; at++) {
        if (sample->bins[at].n < 0 || sample->bins[at].n > left)
            return -1;
        left -= sample->bins[at].n;
    }
    return sample->n - left;
}

/* The bucket of the unit of a rank; ranks before the first are the first. */
static uint32_t bucket_of(const struct pl_quantile_sample *sample, double rank)
{
    int64_t sum = 0;

    for (size_t at = 0; at < sample->n_bins; at++) {
        sum += sample->bins[at].n;
        if (sum > 0 && (double)sum >= rank)
            return sample->bins[at].bucket;
    }
    return NOT_REACHED;
}

static double time_of(uint32_t bucket, int64_t (*edge)(unsigned))
{
    int64_t time_us = bucket == NOT_REACHED ? INT64_MAX : edge(bucket);

    return time_us == INT64_MAX ? PL_INFINITY : (double)time_us;
}

struct pl_quantile pl_quantile_of(const struct pl_quantile_sample *sample, double nu, double alpha)
{
    double n = (double)sample->n;
    double z = -pl_dist_quantile(.5 * alpha);
    double half = z * sqrt(nu * (1. - nu) / n);

    if (reached(sample) < 0 || !(n > z * z * nu / (1. - nu)) || !(n > z * z * (1. - nu) / nu))
        return (struct pl_quantile){sample->n, PL_NAN, PL_NAN, PL_NAN};
    return (struct pl_quantile){
        .n = sample->n,
        .value_us = time_of(bucket_of(sample, ceil(n * nu)), pl_sketch_middle),
        .lower_us = time_of(bucket_of(sample, floor(n * (nu - half))), pl_sketch_lower),
        .upper_us = time_of(bucket_of(sample, ceil(n * (nu + half))), pl_sketch_upper),
    };
}

struct pl_moments pl_quantile_moments(const struct pl_quantile *quantile, double alpha)
{
    double z = -pl_dist_quantile(.5 * alpha);
    double one = (quantile->upper_us - quantile->lower_us) / (2. * z);

    if (!isfinite(quantile->value_us) || !isfinite(one))
        return (struct pl_moments){quantile->n, PL_NAN, PL_NAN};
    return (struct pl_moments){quantile->n, quantile->value_us, ((double)quantile->n - 1.) * one * one};
}
