#include "core/judge/trend.h"

#include "core/judge/dist.h"

#include <assert.h>
#include <math.h>

#define DRIFT_WEEKS 12.
#define CORRELATION_MAX .9
#define WEEKS_MIN 4 /* used weeks in a window below which nothing is fitted */

static const struct pl_week *week_of(const struct pl_trend_input *input, unsigned value, unsigned week)
{
    return &input->weeks[(size_t)value * input->n_weeks + week];
}

bool pl_trend_weights(const struct pl_trend_input *input, double weights[PL_TREND_VALUES_MAX])
{
    double total = 0.;

    assert(input->n_values <= PL_TREND_VALUES_MAX);
    for (unsigned value = 0; value < input->n_values; value++) {
        weights[value] = 0.;
        for (unsigned week = 0; week < PL_TREND_FIRST_WEEKS && week < input->n_weeks; week++)
            weights[value] += (double)week_of(input, value, week)->entries;
        total += weights[value];
    }
    bool known = total > 0. && input->n_weeks >= PL_TREND_FIRST_WEEKS;
    for (unsigned value = 0; value < input->n_values; value++)
        weights[value] = known ? weights[value] / total : 0.;
    return known;
}

static double share_of(double goals, double entries)
{
    if (goals <= 0. || goals >= entries)
        return (goals + .5) / (entries + 1.);
    return goals / entries;
}

double pl_trend_logit(double goals, double entries)
{
    if (!(entries > 0.))
        return PL_NAN;
    double p = share_of(goals, entries);
    return log(p / (1. - p));
}

/* The logit of the fixed mix; NAN without entries. A value without entries that week leaves the week's mix. */
static double logit_of(const struct pl_trend_input *input, const double *weights, unsigned week)
{
    double sum = 0.;
    double present = 0.;

    for (unsigned value = 0; value < input->n_values; value++) {
        const struct pl_week *cell = week_of(input, value, week);

        if (cell->entries <= 0)
            continue;
        sum += weights[value] * share_of((double)cell->goals, (double)cell->entries);
        present += weights[value];
    }
    if (!(present > 0.))
        return PL_NAN;
    double p = sum / present;
    return log(p / (1. - p));
}

/* Sum of squared residuals and of products of neighbours. */
struct residuals {
    double squares, products;
};

static struct residuals residuals_of(const double *week, const double *logit, unsigned m, const double line[2])
{
    struct residuals sums = {0., 0.};
    double last = 0.;

    for (unsigned at = 0; at < m; at++) {
        double e = logit[at] - line[0] - line[1] * week[at];

        sums.squares += e * e;
        if (at > 0 && week[at] - week[at - 1] < 1.5)
            sums.products += last * e;
        last = e;
    }
    return sums;
}

void pl_trend_fit(const double *week, const double *logit, unsigned m, double *drift, double *se)
{
    double week_mean = 0.;
    double logit_mean = 0.;
    double sxx = 0.;
    double sxy = 0.;

    assert(m > 2);
    for (unsigned at = 0; at < m; at++) {
        week_mean += week[at] / m;
        logit_mean += logit[at] / m;
    }
    for (unsigned at = 0; at < m; at++) {
        sxx += (week[at] - week_mean) * (week[at] - week_mean);
        sxy += (week[at] - week_mean) * (logit[at] - logit_mean);
    }
    double slope = sxy / sxx;
    double line[2] = {logit_mean - slope * week_mean, slope};
    struct residuals sums = residuals_of(week, logit, m, line);
    double correlation = sums.squares > 0. ? sums.products / sums.squares : 0.;
    double r = fmin(CORRELATION_MAX, fmax(0., correlation + 1. / m));

    *drift = DRIFT_WEEKS * slope;
    *se = DRIFT_WEEKS * sqrt(sums.squares / (m - 2.) / sxx) * sqrt((1. + r) / (1. - r));
}

static enum pl_trend_verdict verdict_of(const struct pl_trend *trend, double eps)
{
    if (!(trend->se > 0.))
        return PL_TREND_INCONCLUSIVE;
    if (trend->lower > -eps && trend->upper < eps)
        return PL_TREND_STABLE;
    if (trend->lower > 0.)
        return PL_TREND_RISING;
    return trend->upper < 0. ? PL_TREND_FALLING : PL_TREND_INCONCLUSIVE;
}

static struct pl_trend unknown(void)
{
    return (struct pl_trend){
        .verdict = PL_TREND_UNKNOWN, .drift = PL_NAN, .se = PL_NAN, .lower = PL_NAN, .upper = PL_NAN, .alpha = PL_NAN};
}

/* The weeks that a look reads, [from, to) of those given. False before the first look. */
static bool start_look(struct pl_trend *trend, unsigned first_week, unsigned n_weeks, double alpha, unsigned range[2])
{
    unsigned weeks = first_week + n_weeks;

    *trend = unknown();
    if (weeks < PL_TREND_FIRST_WEEKS)
        return false;
    trend->look = 1 + (weeks - PL_TREND_FIRST_WEEKS) / PL_TREND_STEP_WEEKS;
    trend->alpha = alpha / ((double)trend->look * (trend->look + 1.));
    trend->verdict = PL_TREND_INCONCLUSIVE;
    unsigned end = PL_TREND_FIRST_WEEKS + PL_TREND_STEP_WEEKS * (trend->look - 1);
    unsigned start = end > PL_TREND_WINDOW_WEEKS ? end - PL_TREND_WINDOW_WEEKS : 0;

    range[0] = start > first_week ? start - first_week : 0;
    range[1] = end > first_week ? end - first_week : 0;
    return true;
}

/* Fit n <= 52 weeks of y, without those that are NAN. */
static void look_at(struct pl_trend *trend, const double *y, unsigned n, double eps)
{
    double week[PL_TREND_WINDOW_WEEKS];
    double known[PL_TREND_WINDOW_WEEKS];
    unsigned m = 0;

    for (unsigned at = 0; at < n; at++) {
        if (isnan(y[at]))
            continue;
        week[m] = at;
        known[m++] = y[at];
    }
    trend->weeks = m;
    if (m < WEEKS_MIN)
        return;
    pl_trend_fit(week, known, m, &trend->drift, &trend->se);
    double half = -pl_dist_t_quantile(trend->alpha, m - 2.) * trend->se;
    trend->lower = trend->drift - half;
    trend->upper = trend->drift + half;
    trend->verdict = verdict_of(trend, eps);
}

struct pl_trend pl_trend_of(const struct pl_trend_series *series)
{
    struct pl_trend trend;
    unsigned range[2];

    if (start_look(&trend, series->first_week, series->n_weeks, series->alpha, range))
        look_at(&trend, series->y + range[0], range[1] - range[0], series->eps);
    return trend;
}

struct pl_trend pl_trend_judge(const struct pl_trend_input *input)
{
    double y[PL_TREND_WINDOW_WEEKS];
    double own[PL_TREND_VALUES_MAX];
    const double *weights = input->weights;
    struct pl_trend trend;
    unsigned range[2];

    if (!start_look(&trend, input->first_week, input->n_weeks, PL_TREND_ALPHA, range))
        return trend;
    if (!weights) {
        if (!pl_trend_weights(input, own))
            return trend;
        weights = own;
    }
    for (unsigned at = range[0]; at < range[1]; at++)
        y[at - range[0]] = input->omitted && input->omitted[at] ? PL_NAN : logit_of(input, weights, at);
    look_at(&trend, y, range[1] - range[0], input->eps);
    return trend;
}
