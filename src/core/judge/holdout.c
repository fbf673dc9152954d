#include "core/judge/holdout.h"

#include "util/num.h"

#include <math.h>
#include <stddef.h>

static const double lambdas[] = {.5, 1., 2., 3.};

#define N_LAMBDAS (sizeof(lambdas) / sizeof(lambdas[0]))

double pl_holdout_e(const struct pl_holdout_quarter *quarter)
{
    double missing = (quarter->entries * quarter->delta - quarter->lift) / quarter->se;
    double sum = 0.;

    if (!(quarter->se > 0.) || isnan(missing))
        return PL_NAN;
    for (size_t at = 0; at < N_LAMBDAS; at++)
        sum += exp(lambdas[at] * missing - .5 * lambdas[at] * lambdas[at]);
    return sum / (double)N_LAMBDAS;
}

double pl_holdout_take(struct pl_holdout *holdout, const struct pl_holdout_quarter *quarter, double clamp)
{
    double e = pl_holdout_e(quarter);

    if (!isnan(e))
        holdout->m = fmin(clamp, fmax(1., holdout->m) * e);
    return holdout->m;
}
