#include "core/judge/pool.h"

#include "core/judge/dist.h"
#include "util/num.h"

#include <math.h>
#include <stdbool.h>

#define STEPS_MAX 200
#define CONVERGED 1e-15

struct effects {
    const double *y, *s;
    size_t n;
};

static bool is_known(const struct effects *effects, size_t at)
{
    return isfinite(effects->y[at]) && isfinite(effects->s[at]) && effects->s[at] > 0.;
}

static double weight(const struct effects *effects, size_t at, double tau2)
{
    return 1. / (effects->s[at] * effects->s[at] + tau2);
}

/* The weighted mean at one tau^2, the weighted sum of squares about it, and minus its derivative: sum w^2 (y - mu)^2.
 */
struct mean {
    size_t n;
    double mu, sum_w, squares, slope;
};

static struct mean mean_at(const struct effects *effects, double tau2)
{
    struct mean mean = {0};
    double sum_wy = 0.;

    for (size_t at = 0; at < effects->n; at++) {
        if (!is_known(effects, at))
            continue;
        double w = weight(effects, at, tau2);

        mean.n++;
        mean.sum_w += w;
        sum_wy += w * effects->y[at];
    }
    mean.mu = sum_wy / mean.sum_w;
    for (size_t at = 0; at < effects->n; at++) {
        if (!is_known(effects, at))
            continue;
        double w = weight(effects, at, tau2);
        double off = effects->y[at] - mean.mu;

        mean.squares += w * off * off;
        mean.slope += w * w * off * off;
    }
    return mean;
}

/* The sum of squares is y'Py with dP/dtau^2 = -PP: falling and convex in tau^2, so Newton's steps from 0 climb to the
 * root from the left and cannot pass it. */
static double paule_mandel(const struct effects *effects, double degrees)
{
    double tau2 = 0.;

    for (unsigned step = 0; step < STEPS_MAX; step++) {
        struct mean mean = mean_at(effects, tau2);
        double move = (mean.squares - degrees) / mean.slope;

        if (!(move > CONVERGED * tau2))
            break;
        tau2 += move;
    }
    return tau2;
}

static void intervals(struct pl_pool *pool, double alpha)
{
    double k = (double)pool->n;
    double half = -pl_dist_t_quantile(.5 * alpha, k - 1.) * pool->kh_se;

    pool->lower = pool->mu - half;
    pool->upper = pool->mu + half;
    if (pool->n < 3)
        return;
    half = -pl_dist_t_quantile(.5 * alpha, k - 2.) * sqrt(pool->tau2 + pool->se * pool->se);
    pool->predict_lower = pool->mu - half;
    pool->predict_upper = pool->mu + half;
}

/* In the form that also holds for tau^2 = 0, where every effect shrinks to the mean. */
static void shrink(const struct effects *effects, const struct pl_pool *pool, double *blups)
{
    for (size_t at = 0; at < effects->n; at++) {
        double v = effects->s[at] * effects->s[at];

        blups[at] = is_known(effects, at) ? (effects->y[at] * pool->tau2 + pool->mu * v) / (pool->tau2 + v) : PL_NAN;
    }
}

struct pl_pool pl_pool_fit(const double *y, const double *s, size_t n, double alpha, double *blups)
{
    struct effects effects = {y, s, n};
    struct mean fixed = mean_at(&effects, 0.);
    double degrees = (double)fixed.n - 1.;
    struct pl_pool pool = {
        .n = fixed.n,
        .mu = PL_NAN,
        .se = PL_NAN,
        .tau2 = PL_NAN,
        .q = PL_NAN,
        .i2 = PL_NAN,
        .fixed_mu = fixed.n > 0 ? fixed.mu : PL_NAN,
        .fixed_se = fixed.n > 0 ? 1. / sqrt(fixed.sum_w) : PL_NAN,
        .kh_se = PL_NAN,
        .lower = PL_NAN,
        .upper = PL_NAN,
        .predict_lower = PL_NAN,
        .predict_upper = PL_NAN,
    };

    if (fixed.n >= 2) {
        pool.tau2 = paule_mandel(&effects, degrees);
        struct mean mean = mean_at(&effects, pool.tau2);

        pool.mu = mean.mu;
        pool.se = 1. / sqrt(mean.sum_w);
        pool.q = fixed.squares;
        pool.i2 = fixed.squares > degrees ? 1. - degrees / fixed.squares : 0.;
        pool.kh_se = sqrt(mean.squares / (degrees * mean.sum_w));
        intervals(&pool, alpha);
    }
    if (blups)
        shrink(&effects, &pool, blups);
    return pool;
}
