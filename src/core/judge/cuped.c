#include "core/judge/cuped.h"

#include "util/num.h"

#include <math.h>

#define MICRO 1e6

static double mean_of(const struct pl_moment_set *arm, unsigned i)
{
    return (double)arm->sum[i] / (double)arm->n / MICRO;
}

static double covariance(const struct pl_moment_set *arm, unsigned i, unsigned j)
{
    double n = (double)arm->n;

    return pl_effect_central(arm->n, arm->sum[i], arm->sum[j], arm->cross[i][j]) / n / (n - 1.) / (MICRO * MICRO);
}

static struct pl_effect unknown(const struct pl_moment_set *control, const struct pl_moment_set *treated)
{
    return (struct pl_effect){PL_NAN, PL_NAN, PL_NAN, control->n + treated->n};
}

/* How much of the variance an adjustment left. */
static double share_kept(const struct pl_effect *adjusted, const struct pl_effect *plain)
{
    return plain->se > 0. ? adjusted->se * adjusted->se / (plain->se * plain->se) : PL_NAN;
}

static struct pl_cuped unadjusted(const struct pl_moments *control, const struct pl_moments *treated)
{
    struct pl_cuped result = {.absolute = pl_effect_absolute(control, treated),
                              .relative = pl_effect_relative(control, treated)};

    result.kept = result.absolute.se > 0. ? 1. : PL_NAN;
    return result;
}

/* One arm of a mean with covariate. */
struct arm {
    double n, x, p, var_x, var_p, cov;
};

static struct arm arm_of(const struct pl_moment_set *set)
{
    return (struct arm){
        .n = (double)set->n,
        .x = mean_of(set, 0),
        .p = mean_of(set, 1),
        .var_x = covariance(set, 0, 0),
        .var_p = covariance(set, 1, 1),
        .cov = covariance(set, 0, 1),
    };
}

/* Pooled over both arms, so that theta is the same for both: within the arms, and between their means. */
static double pooled_theta(const struct arm *a, const struct arm *b)
{
    double between = a->n * b->n / (a->n + b->n);
    double gap = b->p - a->p;
    double cov = a->cov * (a->n - 1.) + b->cov * (b->n - 1.) + gap * (b->x - a->x) * between;
    double var = a->var_p * (a->n - 1.) + b->var_p * (b->n - 1.) + gap * gap * between;

    return var > 0. ? cov / var : 0.;
}

/* The variance of scale x - theta p. Rounding may leave a little less than nothing. */
static double variance(const struct arm *arm, double scale, double theta)
{
    return fmax(0., scale * scale * arm->var_x + theta * theta * arm->var_p - 2. * scale * theta * arm->cov);
}

static struct pl_effect relative_mean(const struct arm *a, const struct arm *b, double theta, double gap)
{
    struct pl_effect effect = {PL_NAN, PL_NAN, PL_NAN, 0};

    if (!(fabs(a->x) > 0.))
        return effect;
    effect.estimate = gap / fabs(a->x);
    effect.se = sqrt(variance(b, 1., theta) / b->n + variance(a, b->x / a->x, theta) / a->n) / fabs(a->x);
    return effect;
}

struct pl_cuped pl_cuped_mean(const struct pl_moment_set *control, const struct pl_moment_set *treated)
{
    if (control->n < 2 || treated->n < 2)
        return (struct pl_cuped){0., PL_NAN, unknown(control, treated), unknown(control, treated)};
    struct arm a = arm_of(control);
    struct arm b = arm_of(treated);
    struct pl_moments plain_a = {control->n, a.x, a.var_x};
    struct pl_moments plain_b = {treated->n, b.x, b.var_x};
    struct pl_cuped result = unadjusted(&plain_a, &plain_b);
    double theta = pooled_theta(&a, &b);

    if (!(fabs(theta) > 0.) || isinf(theta))
        return result;
    struct pl_moments adjusted_a = {control->n, a.x - theta * a.p, variance(&a, 1., theta)};
    struct pl_moments adjusted_b = {treated->n, b.x - theta * b.p, variance(&b, 1., theta)};
    struct pl_effect absolute = pl_effect_absolute(&adjusted_a, &adjusted_b);
    /* from differences: less is lost than between two large adjusted means */
    absolute.estimate = b.x - a.x - theta * (b.p - a.p);
    struct pl_effect relative = relative_mean(&a, &b, theta, absolute.estimate);

    relative.n = absolute.n;
    relative.df = absolute.df;
    return (struct pl_cuped){theta, share_kept(&absolute, &result.absolute), absolute, relative};
}

/* One arm of a ratio: the two ratios, and their variances and covariance for one unit. */
struct ratio {
    double n, r, q, var_r, var_q, cov;
};

/* g' L h over the 2 x 2 block of L whose corner is (row, column), in front of or on the diagonal. */
static double form(const struct pl_moment_set *set, unsigned row, unsigned column, const double g[2], const double h[2])
{
    double sum = 0.;

    for (unsigned i = 0; i < 2; i++) {
        for (unsigned j = 0; j < 2; j++) {
            unsigned low = row + i < column + j ? row + i : column + j;
            unsigned high = row + i < column + j ? column + j : row + i;

            sum += g[i] * h[j] * covariance(set, low, high);
        }
    }
    return sum;
}

/* The ratio of variables i and i + 1, and its gradient. */
static double ratio(const struct pl_moment_set *set, unsigned i, double gradient[2])
{
    double below = mean_of(set, i + 1);

    gradient[0] = 1. / below;
    gradient[1] = -mean_of(set, i) / (below * below);
    return mean_of(set, i) / below;
}

static struct ratio ratio_of(const struct pl_moment_set *set)
{
    double g[2], h[2];
    struct ratio arm = {.n = (double)set->n, .r = ratio(set, 0, g), .q = ratio(set, 2, h)};

    arm.var_r = form(set, 0, 0, g, g);
    arm.var_q = form(set, 2, 2, h, h);
    arm.cov = form(set, 0, 2, g, h);
    return arm;
}

struct pl_moments pl_cuped_ratio_moments(const struct pl_moment_set *arm)
{
    double g[2];

    if (arm->n < 2 || arm->sum[1] == 0)
        return (struct pl_moments){arm->n, PL_NAN, PL_NAN};
    double r = ratio(arm, 0, g);

    return (struct pl_moments){arm->n, r, fmax(0., form(arm, 0, 0, g, g))};
}

/* The variance of scale R - theta Q for one unit. */
static double ratio_variance(const struct ratio *arm, double scale, double theta)
{
    return fmax(0., scale * scale * arm->var_r + theta * theta * arm->var_q - 2. * scale * theta * arm->cov);
}

static struct pl_effect relative_ratio(const struct ratio *a, const struct ratio *b, double theta)
{
    struct pl_effect effect = {PL_NAN, PL_NAN, PL_NAN, 0};

    if (!(fabs(a->r) > 0.))
        return effect;
    /* f = (R_b - theta Q_b + theta Q_a) / R_a - 1: its derivative by R_a is -scale / R_a, by Q_a theta / R_a */
    double scale = (b->r - theta * b->q + theta * a->q) / a->r;

    effect.estimate = (b->r - a->r - theta * (b->q - a->q)) / fabs(a->r);
    effect.se = sqrt(ratio_variance(b, 1., theta) / b->n + ratio_variance(a, scale, theta) / a->n) / fabs(a->r);
    return effect;
}

static double ratio_theta(const struct ratio *a, const struct ratio *b)
{
    double theta = (a->cov + b->cov) / (a->var_q + b->var_q);

    return isnan(theta) || isinf(theta) ? 0. : theta;
}

struct pl_cuped pl_cuped_ratio(const struct pl_moment_set *control, const struct pl_moment_set *treated)
{
    struct pl_moments plain_a = pl_cuped_ratio_moments(control);
    struct pl_moments plain_b = pl_cuped_ratio_moments(treated);
    struct pl_cuped result = unadjusted(&plain_a, &plain_b);

    if (isnan(plain_a.mean) || isnan(plain_b.mean) || control->sum[3] == 0 || treated->sum[3] == 0)
        return result;
    struct ratio a = ratio_of(control);
    struct ratio b = ratio_of(treated);
    double theta = ratio_theta(&a, &b);

    if (!(fabs(theta) > 0.))
        return result;
    struct pl_moments adjusted_a = {control->n, a.r - theta * a.q, ratio_variance(&a, 1., theta)};
    struct pl_moments adjusted_b = {treated->n, b.r - theta * b.q, ratio_variance(&b, 1., theta)};
    struct pl_effect absolute = pl_effect_absolute(&adjusted_a, &adjusted_b);
    struct pl_effect relative = relative_ratio(&a, &b, theta);

    relative.n = absolute.n;
    relative.df = absolute.df;
    return (struct pl_cuped){theta, share_kept(&absolute, &result.absolute), absolute, relative};
}
