#include "core/judge/returns.h"

#include "core/judge/dist.h"

#include <math.h>

#define FLOOR .1076965989114625 /* max over z of phi(z - 1.96) - z Phi(z - 1.96), at z = .69310764 */
#define COMMON_SE_MAX .9
#define CAP_DELTAS 5.
#define CAP_ERRORS 2.
#define CAP_PAST .5

double pl_returns_credited(double d, double s)
{
    double u = d / s - PL_RETURNS_BAR;

    return d * pl_dist_cdf(u) - s * pl_dist_pdf(u);
}

double pl_returns_floor(double s)
{
    return FLOOR * s;
}

double pl_returns_common(double d, double s, double s_ref)
{
    double decided = sqrt(2.) * s_ref;

    if (s > COMMON_SE_MAX * decided)
        return PL_NAN;
    double sigma = sqrt(decided * decided - s * s);
    double u = (d - PL_RETURNS_BAR * s_ref) / sigma;

    return d * pl_dist_cdf(u) - s * s / sigma * pl_dist_pdf(u);
}

double pl_returns_cap(double delta, double s, double largest)
{
    return fmax(fmax(CAP_DELTAS * delta, PL_RETURNS_BAR * s + CAP_ERRORS * s), CAP_PAST * largest);
}
