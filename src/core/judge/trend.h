/* The trend of a figure over weeks: is it stable, rising or falling? (statistics.md 2.8, design 10) One rule for the
 * funnel, for the value that users get and for what is taken from them.
 *
 * Of the funnel (entry -> goal), per week k, the logit of sum_b w_b p_bk over the values b of a breakdown, with weights
 * fixed at the first look so that a changing mix is not taken for a changing funnel; of the others, the logit of a
 * share or the logarithm of a rate. Ordinary least squares on the week number; the slope's standard error is widened by
 * sqrt((1+r)/(1-r)), r = clip(r1 + 1/m, 0, .9), r1 the lag-1 autocorrelation of residuals; t with m - 2 df. D = 12
 * slopes. Looks only at weeks 12, 16, 20, ... of the epoch, the k-th at alpha_k = .05 / (k (k+1)), over the last 52
 * weeks at most: STABLE   D -+ t SE inside (-eps, eps);   RISING  lower > 0;   FALLING  upper < 0; else INCONCLUSIVE.
 * Between looks the last look's verdict stands: the weeks after it are not read. Pure; O(weeks x values).
 */
#ifndef PL_CORE_JUDGE_TREND_H
#define PL_CORE_JUDGE_TREND_H

#include "core/judge/advice.h"

#include <stdint.h>

#define PL_TREND_VALUES_MAX 32
#define PL_TREND_FIRST_WEEKS 12
#define PL_TREND_STEP_WEEKS 4
#define PL_TREND_WINDOW_WEEKS 52
#define PL_TREND_ALPHA .05
#define PL_TREND_EPS .10 /* logit per 12 weeks, the default */

struct pl_week {
    int64_t entries;
    int64_t goals; /* of these entries; <= entries */
};

struct pl_trend_input {
    const struct pl_week *weeks; /* borrowed: weeks[value * n_weeks + week], mature weeks only */
    unsigned n_values;           /* 1 without a breakdown, at most PL_TREND_VALUES_MAX */
    unsigned n_weeks;
    unsigned first_week; /* of weeks[], counted from the epoch's first Monday: > 0 when older panes are gone */
    const double
        *weights;        /* borrowed [n_values]; NULL: shares of the first 12 weeks given (right if first_week is 0) */
    const bool *omitted; /* borrowed [n_weeks]: declared holidays; NULL for none */
    double eps;
};

struct pl_trend {
    enum pl_trend_verdict verdict; /* UNKNOWN before the first look */
    unsigned look;                 /* k, 0 before the first */
    unsigned weeks;                /* m used by it */
    double drift, se;              /* D and its standard error; NAN when not computed */
    double lower, upper;
    double alpha;
};

struct pl_trend pl_trend_judge(const struct pl_trend_input *input);

/* The rule on y itself, a logit or a logarithm. */
struct pl_trend_series {
    const double *y; /* borrowed [n_weeks], mature weeks only; NAN: nothing is known of that week */
    unsigned n_weeks;
    unsigned first_week; /* as above */
    double eps;
    double alpha; /* for all looks together: PL_TREND_ALPHA, or a part of it where several series ask one question */
};

struct pl_trend pl_trend_of(const struct pl_trend_series *series);

/* ln(p / (1 - p)) of goals among entries, with one half added where a share is 0 or 1; NAN without entries. */
double pl_trend_logit(double goals, double entries);

/* Shares of entries in the first 12 weeks given: to be kept when those weeks will be gone. False (and zeros) while
 * there are fewer than 12 weeks or no entries. */
bool pl_trend_weights(const struct pl_trend_input *input, double weights[PL_TREND_VALUES_MAX]);

/* D and its widened standard error for m > 2 logits at ascending week numbers; autocorrelation only over pairs of
 * neighbouring weeks. */
void pl_trend_fit(const double *week, const double *logit, unsigned m, double *drift, double *se);

#endif
