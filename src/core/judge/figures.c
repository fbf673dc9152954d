#include "core/judge/figures.h"

#include "core/judge/dist.h"
#include "core/judge/sequence.h"
#include "util/stamp.h"

#define ALPHA .05

const char *pl_figures_window_name(enum pl_figures_window window)
{
    static const char *const names[PL_FIGURES_WINDOWS] = {"landmark", "7d", "28d", "life"};

    return names[window];
}

const char *pl_figures_span_name(enum pl_figures_span span)
{
    static const char *const names[PL_FIGURES_SPANS] = {"1h", "1d", "7d", "28d", "life"};

    return names[span];
}

/* The last day whose pane is mature at the tick: day end + window <= tick. */
static int32_t last_mature_day(int64_t tick_us, int64_t window_us)
{
    return (int32_t)(pl_stamp_floor(tick_us - window_us, PL_DAY_US) / PL_DAY_US) - 1;
}

/* First and last day of a window; an empty one has last < first. */
static void days_of(const struct pl_judge *judge, unsigned experiment, uint32_t metric, enum pl_figures_window window,
                    int64_t tick_us, int32_t *first, int32_t *last)
{
    const struct pl_rules *rules = pl_judge_rules(judge);
    int32_t landmark_last;

    *first = INT32_MIN;
    *last = last_mature_day(tick_us, rules->metrics[metric].window_us);
    switch (window) {
    case PL_FIGURES_LANDMARK:
        *first = (int32_t)(pl_stamp_day(pl_judge_start(judge, experiment)) / PL_DAY_US);
        landmark_last = *first + (int32_t)(rules->areas[rules->metrics[metric].area].landmark_us / PL_DAY_US) - 1;
        if (landmark_last < *last)
            *last = landmark_last;
        return;
    case PL_FIGURES_7D:
        *first = *last - 6;
        return;
    case PL_FIGURES_28D:
        *first = *last - 27;
        return;
    case PL_FIGURES_LIFE:
    case PL_FIGURES_WINDOWS:
        return;
    }
}

struct pl_cell pl_figures_arm(const struct pl_judge *judge, unsigned experiment, unsigned arm, uint32_t metric,
                              enum pl_figures_window window, int64_t tick_us)
{
    const struct pl_sums *sums = pl_judge_sums(judge);
    struct pl_cell_key key = {.kind = PL_CELL_METRIC, .arm = (uint16_t)arm, .subject = experiment, .metric = metric};
    struct pl_cell cell;
    int32_t first, last;

    days_of(judge, experiment, metric, window, tick_us, &first, &last);
    cell = pl_sums_range(sums, key, first, last);
    key.kind = PL_CELL_EXPOSED;
    key.metric = 0;
    cell.n = pl_sums_range(sums, key, first, last).n;
    return cell;
}

struct pl_figures_lift pl_figures_compare(const struct pl_rules *rules, uint32_t metric, const struct pl_cell *control,
                                          const struct pl_cell *treated)
{
    const struct pl_metric_rule *rule = &rules->metrics[metric];
    bool conversion = rule->type == PL_METRIC_CONVERSION;
    struct pl_moments a = conversion ? pl_effect_proportion(control) : pl_effect_mean(control);
    struct pl_moments b = conversion ? pl_effect_proportion(treated) : pl_effect_mean(treated);
    struct pl_effect effect;
    struct pl_interval interval;

    if (conversion ? !pl_sequence_enough_conversions(control, treated) : !pl_sequence_enough_sum(control, treated))
        return (struct pl_figures_lift){PL_NAN, PL_NAN, PL_NAN, PL_NAN, PL_NAN};
    effect = pl_effect_relative(&a, &b);
    interval = pl_sequence_interval(&effect, rule->n_star, ALPHA, PL_TWO_SIDED);
    return (struct pl_figures_lift){effect.estimate, effect.se, interval.lower, interval.upper, interval.p};
}

struct pl_cell pl_figures_step(const struct pl_judge *judge, uint32_t funnel, unsigned step, enum pl_figures_span span,
                               int64_t tick_us)
{
    static const int32_t lengths[] = {1, 1, 7, 28};
    bool hours = span == PL_FIGURES_1H;
    int64_t width_us = hours ? PL_HOUR_US : PL_DAY_US;
    int64_t mature_us = tick_us - pl_judge_rules(judge)->funnels[funnel].window_us;
    int32_t last = (int32_t)(pl_stamp_floor(mature_us, width_us) / width_us) - 1;
    const struct pl_cell_key key = {
        .kind = (uint16_t)(hours ? PL_CELL_FUNNEL_HOUR : PL_CELL_FUNNEL), .arm = (uint16_t)step, .subject = funnel};

    return pl_sums_range(pl_judge_sums(judge), key,
                         span == PL_FIGURES_FUNNEL_LIFE ? INT32_MIN : last - lengths[span] + 1, last);
}
