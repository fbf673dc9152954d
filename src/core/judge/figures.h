/* Figures: what is shown of an experiment or a funnel, as windows over the panes of sums. For display; entries into the
 * programme are made by judge_entry at the landmark.
 *
 * A window of a metric is the sum of its mature panes: units whose day of first exposure ended at least one metric
 * window before the tick (design 4). `7d` and `28d` are the last 7 and 28 mature days, `life` all of them, `landmark`
 * the days day(start) .. day(start) + L - 1. Windows of a funnel are the last complete hour or days of entry, mature
 * when the funnel has a window; its `life` is every complete day that is kept (400). Effects: relative, adjusted by the
 * covariate where there is one, with the confidence sequence of statistics.md 1.3, valid at every look. p of the area's
 * goals (metrics of role delivery) x arms over `life` are one family, adjusted by Holm or BH (1.4).
 */
#ifndef PL_CORE_JUDGE_FIGURES_H
#define PL_CORE_JUDGE_FIGURES_H

#include "core/judge/judge.h"
#include "core/judge/margin.h"
#include "core/judge/measure.h"
#include "core/judge/quantile.h"

enum pl_figures_window { PL_FIGURES_LANDMARK, PL_FIGURES_7D, PL_FIGURES_28D, PL_FIGURES_LIFE, PL_FIGURES_WINDOWS };

/* "landmark", "7d", "28d", "life". Never NULL. */
const char *pl_figures_window_name(enum pl_figures_window window);

/* One arm in one window. */
struct pl_measure_arm pl_figures_arm(const struct pl_judge *judge, unsigned experiment, unsigned arm, uint32_t metric,
                                     enum pl_figures_window window, int64_t tick_us);

/* Control against one arm: relative lift with its interval at 95 % and always-valid p; NAN everywhere while there is
 * not enough data to show one. */
struct pl_figures_lift {
    double lift, se, lower, upper, p;
    double kept;                      /* share of the variance that the covariate leaves; NAN without one */
    enum pl_margin_verdict guardrail; /* of metrics of that role, else UNMEASURED */
};
struct pl_figures_lift pl_figures_compare(const struct pl_rules *rules, uint32_t metric,
                                          const struct pl_measure_arm *control, const struct pl_measure_arm *treated);

/* Adjusted p of every goal metric and arm of an experiment over `life`: adjusted[metric * PL_VARIANTS_MAX + arm], NAN
 * where there is none. */
void pl_figures_adjusted(const struct pl_judge *judge, unsigned experiment, int64_t tick_us, double *adjusted);

/* time_to: the quantile nu of the time from t0 to the first matching action, over all exposed units of mature weeks
 * (those who did not get there are never there), with its interval at 95 %. */
struct pl_quantile pl_figures_time(const struct pl_judge *judge, unsigned experiment, unsigned arm, uint32_t metric,
                                   double nu, int64_t tick_us);

enum pl_figures_span {
    PL_FIGURES_1H,
    PL_FIGURES_FUNNEL_1D,
    PL_FIGURES_FUNNEL_7D,
    PL_FIGURES_FUNNEL_28D,
    PL_FIGURES_FUNNEL_LIFE,
    PL_FIGURES_SPANS
};

/* "1h", "1d", "7d", "28d", "life". Never NULL. */
const char *pl_figures_span_name(enum pl_figures_span span);

/* Attempts that reached a step (n) and units with at least one such attempt per pane, added over panes (sum). */
struct pl_cell pl_figures_step(const struct pl_judge *judge, uint32_t funnel, unsigned step, enum pl_figures_span span,
                               int64_t tick_us);

#endif
