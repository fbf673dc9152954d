#include "core/judge/figures.h"

#include "core/judge/adjust.h"
#include "core/judge/histogram.h"
#include "core/judge/sequence.h"
#include "util/num.h"
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

struct pl_measure_arm pl_figures_arm(const struct pl_judge *judge, unsigned experiment, unsigned arm, uint32_t metric,
                                     enum pl_figures_window window, int64_t tick_us)
{
    struct pl_measure_where where = {
        .rules = pl_judge_rules(judge), .sums = pl_judge_sums(judge), .experiment = experiment};

    days_of(judge, experiment, metric, window, tick_us, &where.first, &where.last);
    return pl_measure_arm(&where, arm, metric);
}

struct pl_figures_lift pl_figures_compare(const struct pl_rules *rules, uint32_t metric,
                                          const struct pl_measure_arm *control, const struct pl_measure_arm *treated)
{
    const struct pl_metric_rule *rule = &rules->metrics[metric];
    struct pl_figures_lift lift = {PL_NAN, PL_NAN, PL_NAN, PL_NAN, PL_NAN, PL_NAN, PL_MARGIN_UNMEASURED};
    struct pl_interval interval;
    struct pl_cuped effect;

    if (!pl_measure_enough_to_show(rules, metric, control, treated))
        return lift;
    effect = pl_measure_effect(rules, metric, control, treated, true);
    interval = pl_sequence_interval(&effect.relative, rule->n_star, ALPHA, PL_TWO_SIDED);
    lift.lift = effect.relative.estimate;
    lift.se = effect.relative.se;
    lift.lower = interval.lower;
    lift.upper = interval.upper;
    lift.p = interval.p;
    if (rule->before_us)
        lift.kept = effect.kept;
    if (rule->role == PL_ROLE_GUARDRAIL)
        lift.guardrail = pl_margin_judge(&interval, rule->margin, rule->lower_is_better);
    return lift;
}

/* p of one goal metric for every arm. */
static void family_of(const struct pl_judge *judge, unsigned experiment, uint32_t metric, unsigned control,
                      int64_t tick_us, double *p)
{
    const struct pl_rules *rules = pl_judge_rules(judge);
    unsigned n = pl_judge_sums(judge)->experiments[experiment].n_variants;
    struct pl_measure_arm base = pl_figures_arm(judge, experiment, control, metric, PL_FIGURES_LIFE, tick_us);

    for (unsigned arm = 0; arm < n; arm++) {
        struct pl_measure_arm treated;

        if (arm == control)
            continue;
        treated = pl_figures_arm(judge, experiment, arm, metric, PL_FIGURES_LIFE, tick_us);
        p[arm] = pl_figures_compare(rules, metric, &base, &treated).p;
    }
}

void pl_figures_adjusted(const struct pl_judge *judge, unsigned experiment, int64_t tick_us, double *adjusted)
{
    const struct pl_rules *rules = pl_judge_rules(judge);
    unsigned n = rules->n_metrics * PL_VARIANTS_MAX;
    unsigned order[PL_RULES_METRICS_MAX * PL_VARIANTS_MAX];
    struct pl_experiment_view view;

    pl_judge_experiment(judge, experiment, &view);
    for (unsigned at = 0; at < n; at++)
        adjusted[at] = PL_NAN;
    if (view.area == PL_RULES_NONE)
        return;
    for (uint32_t metric = 0; metric < rules->n_metrics; metric++)
        if (rules->metrics[metric].area == view.area && rules->metrics[metric].role == PL_ROLE_DELIVERY)
            family_of(judge, experiment, metric, view.control, tick_us, adjusted + metric * PL_VARIANTS_MAX);
    if (rules->areas[view.area].adjust == PL_ADJUST_BH)
        pl_adjust_bh(adjusted, n, order, adjusted);
    else
        pl_adjust_holm(adjusted, n, order, adjusted);
}

struct pl_quantile pl_figures_time(const struct pl_judge *judge, unsigned experiment, unsigned arm, uint32_t metric,
                                   double nu, int64_t tick_us)
{
    const struct pl_sums *sums = pl_judge_sums(judge);
    int64_t window_us = pl_judge_rules(judge)->metrics[metric].window_us;
    int32_t last = (int32_t)(pl_stamp_monday(tick_us - window_us) / PL_DAY_US) - 7; /* the last mature week's Monday */
    const struct pl_cell_key times = {
        .kind = PL_CELL_TIME, .arm = (uint16_t)arm, .subject = experiment, .metric = metric};
    const struct pl_cell_key units = {.kind = PL_CELL_EXPOSED, .arm = (uint16_t)arm, .subject = experiment};
    struct pl_quantile_bin bins[PL_SKETCH_BUCKETS];
    struct pl_quantile_sample sample = {.bins = bins};
    struct pl_histogram reached = {0};

    pl_histogram_add(&reached, sums, times, INT32_MIN, last);
    for (uint32_t bucket = 0; bucket < PL_SKETCH_BUCKETS; bucket++)
        if (reached.counts[bucket] > 0)
            bins[sample.n_bins++] = (struct pl_quantile_bin){bucket, reached.counts[bucket]};
    sample.n = pl_sums_range(sums, units, INT32_MIN, last + 6).n;
    return pl_quantile_of(&sample, nu, ALPHA);
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
