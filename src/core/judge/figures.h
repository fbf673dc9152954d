/* Figures: what is shown of an experiment or a funnel, as windows over the panes of sums. For display; entries into the
 * programme are made by judge_entry at the landmark.
 *
 * A window of a metric is the sum of its mature panes: units whose day of first exposure ended at least one metric
 * window before the tick (design 4). `7d` and `28d` are the last 7 and 28 mature days, `life` all of them, `landmark`
 * the days day(start) .. day(start) + L - 1. Windows of a funnel are the last complete hour or days of entry, mature
 * when the funnel has a window; its `life` is every complete day that is kept (400). Effects: relative, with the
 * confidence sequence of statistics.md 1.3, valid at every look.
 */
#ifndef PL_CORE_JUDGE_FIGURES_H
#define PL_CORE_JUDGE_FIGURES_H

#include "core/judge/effect.h"
#include "core/judge/judge.h"

enum pl_figures_window { PL_FIGURES_LANDMARK, PL_FIGURES_7D, PL_FIGURES_28D, PL_FIGURES_LIFE, PL_FIGURES_WINDOWS };

/* "landmark", "7d", "28d", "life". Never NULL. */
const char *pl_figures_window_name(enum pl_figures_window window);

/* One arm in one window: n units, sum and sum2 of x over them. */
struct pl_cell pl_figures_arm(const struct pl_judge *judge, unsigned experiment, unsigned arm, uint32_t metric,
                              enum pl_figures_window window, int64_t tick_us);

/* Control against one arm: relative lift with its interval at 95 % and always-valid p; NAN everywhere while there is
 * not enough data to show one. */
struct pl_figures_lift {
    double lift, se, lower, upper, p;
};
struct pl_figures_lift pl_figures_compare(const struct pl_rules *rules, uint32_t metric, const struct pl_cell *control,
                                          const struct pl_cell *treated);

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
