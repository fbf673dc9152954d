#include "core/judge/dist.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>

#define LOG_2PI 1.8378770664093454836 /* ln(2 pi) */
#define SQRT_2PI 2.5066282746310005024
#define STIRLING_FROM 10. /* the series below is exact to the last bit from here on */
#define T_NORMAL_FROM 5e4 /* degrees of freedom: a normal expansion of t is better than the fraction from here on */
#define STEPS_MAX 1000000

double pl_dist_pdf(double u)
{
    return exp(-.5 * u * u) / SQRT_2PI;
}

double pl_dist_cdf(double u)
{
    return .5 * erfc(-u / sqrt(2.));
}

/* Abramowitz and Stegun 26.2.23 (within 4.5e-4) polished by Halley steps, each of which triples the digits. */
double pl_dist_quantile(double p)
{
    assert(p > 0. && p < 1.);
    bool upper = p > .5;
    double q = upper ? 1. - p : p;
    double t = sqrt(-2. * log(q));
    double u = -(t - (2.515517 + t * (.802853 + t * .010328)) / (1. + t * (1.432788 + t * (.189269 + t * .001308))));

    for (int step = 0; step < 4; step++) {
        double e = (pl_dist_cdf(u) - q) / pl_dist_pdf(u);

        u -= e / (1. + .5 * u * e);
    }
    return upper ? -u : u;
}

double pl_dist_log_gamma(double x)
{
    int sign;

    assert(x > 0.);
    return lgamma_r(x, &sign);
}

/* ln Gamma(x) - [(x - 1/2) ln x - x + ln(2 pi) / 2], x >= STIRLING_FROM. */
static double stirling_rest(double x)
{
    static const double series[] = {1. / 12.,   -1. / 360.,      1. / 1260., -1. / 1680.,
                                    1. / 1188., -691. / 360360., 1. / 156.,  -3617. / 122400.};
    double sum = 0.;
    double w = 1. / (x * x);

    for (int at = 7; at >= 0; at--)
        sum = sum * w + series[at];
    return sum / x;
}

/* ln(1 + u) - u without cancellation near 0, u > -1. */
static double log1p_minus(double u)
{
    double power = u;
    double sum = 0.;

    if (fabs(u) > .25)
        return log1p(u) - u;
    for (int k = 2; k < 40; k++) {
        power *= -u;
        sum += power / k;
    }
    return sum;
}

/* ln Gamma(large) - ln Gamma(large + small), large >= STIRLING_FROM. */
static double log_gamma_ratio(double large, double small)
{
    double sum = large + small;

    return -(sum - .5) * log1p(small / large) - small * log(large) + small + stirling_rest(large) - stirling_rest(sum);
}

double pl_dist_log_beta(double a, double b)
{
    double small = fmin(a, b);
    double large = fmax(a, b);

    assert(small > 0.);
    if (large < STIRLING_FROM)
        return pl_dist_log_gamma(small) + pl_dist_log_gamma(large) - pl_dist_log_gamma(small + large);
    return pl_dist_log_gamma(small) + log_gamma_ratio(large, small);
}

/* x^a y^b / B(a, b) with y = 1 - x. For large a and b the exponents nearly cancel: they are taken around the mean. */
static double beta_front(double a, double b, double x, double y)
{
    if (fmin(a, b) < STIRLING_FROM) {
        double lx = x > .5 ? log1p(-y) : log(x);
        double ly = y > .5 ? log1p(-x) : log(y);

        return exp(a * lx + b * ly - pl_dist_log_beta(a, b));
    }
    double off = b * x - a * y; /* (a + b) (x - mean) */
    double rest = stirling_rest(a) + stirling_rest(b) - stirling_rest(a + b);
    double spread = a * log1p_minus(off / a) + b * log1p_minus(-off / b);

    return exp(spread - rest + .5 * (log(a) + log(b) - log(a + b) - LOG_2PI));
}

static double away_from_zero(double value)
{
    return fabs(value) < DBL_MIN ? DBL_MIN : value;
}

/* The coefficient d_step of DLMF 8.17.22. */
static double beta_term(double a, double b, double x, int step)
{
    double m = step / 2;

    if (step % 2 == 0)
        return m * (b - m) * x / ((a + 2. * m - 1.) * (a + 2. * m));
    return -(a + m) * (a + b + m) * x / ((a + 2. * m) * (a + 2. * m + 1.));
}

/* 1 / (1 + d1 / (1 + d2 / (1 + ...))) by Lentz' method. */
static double beta_fraction(double a, double b, double x)
{
    double value = 1.;
    double c = 1.;
    double d = 0.;

    for (int step = 1; step < STEPS_MAX; step++) {
        double term = beta_term(a, b, x, step);

        d = 1. / away_from_zero(1. + term * d);
        c = away_from_zero(1. + term / c);
        value *= c * d;
        if (fabs(c * d - 1.) < 2. * DBL_EPSILON)
            break;
    }
    return 1. / value;
}

/* I_x(a, b) with y = 1 - x given, so that nothing is lost when x is next to 1. */
static double beta_both(double a, double b, double x, double y)
{
    if (x <= 0.)
        return 0.;
    if (y <= 0.)
        return 1.;
    if (x <= (a + 1.) / (a + b + 2.))
        return beta_front(a, b, x, y) * beta_fraction(a, b, x) / a;
    return 1. - beta_front(b, a, y, x) * beta_fraction(b, a, y) / b;
}

double pl_dist_beta(double a, double b, double x)
{
    assert(a > 0. && b > 0. && x >= 0. && x <= 1.);
    return beta_both(a, b, x, 1. - x);
}

double pl_dist_binomial_lower(int64_t k, int64_t n, double p)
{
    assert(n >= 0 && p > 0. && p < 1.);
    if (k >= n)
        return 1.;
    return k < 0 ? 0. : beta_both((double)(n - k), (double)k + 1., 1. - p, p);
}

double pl_dist_binomial_upper(int64_t k, int64_t n, double p)
{
    assert(n >= 0 && p > 0. && p < 1.);
    if (k <= 0)
        return 1.;
    return k > n ? 0. : beta_both((double)k, (double)(n - k) + 1., p, 1. - p);
}

/* P(T > t), t >= 0. */
static double t_upper(double t, double df)
{
    double t2 = t * t;

    if (df > T_NORMAL_FROM) { /* Hill, CACM 13 (1970) 617; the next term is below 1e-13 */
        double w2 = (df - .5) * log1p(t2 / df);

        return pl_dist_cdf(-sqrt(w2) * (1. + (w2 + 3.) / (48. * (df - .5) * (df - .5))));
    }
    return .5 * beta_both(.5 * df, .5, df / (df + t2), t2 / (df + t2));
}

double pl_dist_t_cdf(double t, double df)
{
    assert(df > 0.);
    return t < 0. ? t_upper(-t, df) : 1. - t_upper(t, df);
}

static double t_pdf(double t, double df)
{
    return exp(-.5 * (df + 1.) * log1p(t * t / df) - pl_dist_log_beta(.5 * df, .5)) / sqrt(df);
}

/* The t with P(T > t) = q, q < 1/2: Newton steps kept inside a bracket that bisection shrinks. */
static double t_upper_quantile(double q, double df)
{
    double low = 0.;
    double high = 1.;

    while (t_upper(high, df) > q && high < DBL_MAX / 4.) {
        low = high;
        high *= 2.;
    }
    double t = .5 * (low + high);
    for (int step = 0; step < 200; step++) {
        double miss = t_upper(t, df) - q;
        double next = t + miss / t_pdf(t, df);

        if (miss > 0.)
            low = t;
        else
            high = t;
        if (!(next > low && next < high))
            next = .5 * (low + high);
        if (fabs(next - t) <= DBL_EPSILON * t)
            return next;
        t = next;
    }
    return t;
}

double pl_dist_t_quantile(double p, double df)
{
    assert(p > 0. && p < 1. && df > 0.);
    if (p < .5)
        return -t_upper_quantile(p, df);
    return p > .5 ? t_upper_quantile(1. - p, df) : 0.;
}
