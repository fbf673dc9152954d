#include "core/judge/split.h"

#include "core/judge/dist.h"

#include <math.h>

#define KAPPA 100.
#define MIXED_UNITS 10
#define MIXED_SHARE 100 /* one in a hundred */

static double total(const struct pl_split *segment)
{
    double n = 0.;

    for (unsigned arm = 0; arm < segment->n_arms; arm++)
        n += (double)segment->counts[arm];
    return n;
}

static double log_e(const struct pl_split *segment)
{
    double sum = pl_dist_log_gamma(KAPPA) - pl_dist_log_gamma(KAPPA + total(segment));

    for (unsigned arm = 0; arm < segment->n_arms; arm++) {
        double x = (double)segment->counts[arm];
        double prior = KAPPA * segment->shares[arm];

        if (segment->counts[arm] == 0)
            continue; /* exactly nothing, also when nothing was declared: its units may have seen two variants */
        sum += pl_dist_log_gamma(prior + x) - pl_dist_log_gamma(prior) - x * log(segment->shares[arm]);
    }
    return sum;
}

double pl_split_log_e(const struct pl_split *segments, unsigned n_segments)
{
    double sum = 0.;

    for (unsigned at = 0; at < n_segments; at++)
        sum += log_e(&segments[at]);
    return sum;
}

bool pl_split_uneven(double log_e_sum)
{
    return log_e_sum >= -log(PL_SPLIT_ALPHA);
}

double pl_split_p(double log_e_sum)
{
    return fmin(1., exp(-log_e_sum));
}

bool pl_split_mixed(int64_t mixed, int64_t exposed)
{
    return mixed >= MIXED_UNITS && mixed * MIXED_SHARE >= exposed + mixed;
}
