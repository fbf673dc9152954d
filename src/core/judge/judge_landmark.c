/* An experiment at its landmark as a row of the ledger: effect in the area's unit, several arms, value of the same
 * units (statistics.md 2.3, 2.4, 2.8).
 */
#include "core/judge/judge_internal.h"

#include "core/judge/measure.h"
#include "util/stamp.h"

#include <math.h>
#include <string.h>

#define BASELINE_EXPERIMENTS 5

/* A goal or value that was changed meanwhile is another metric; what older rows measured is not known. */
static bool is_of(const char *measured, const char *metric)
{
    return !measured[0] || strcmp(measured, metric) == 0;
}

/* Pooled control mean of the last 5 that entered before, else the experiment's own. */
static double pooled(const struct pl_judge *judge, uint32_t area, uint32_t metric, double own)
{
    const char *id = judge->rules->metrics[metric].id;
    bool of_value = judge->rules->areas[area].value == metric;
    double units = 0, sum = 0;
    int n = 0;

    for (size_t at = judge->ledger.n; at-- > 0 && n < BASELINE_EXPERIMENTS;) {
        const struct pl_row *row = &judge->ledger.rows[at];
        double mean = of_value ? row->value.mean_control : row->mean_control;

        if (row->kind != PL_ROW_RESULT || row->area != area || row->excluded != PL_ENTERED || isnan(mean) ||
            !is_of(of_value ? row->value.metric : row->metric, id))
            continue;
        units += row->n_control;
        sum += row->n_control * mean;
        n++;
    }
    return units > 0 && fabs(sum) > 0 ? sum / units : own;
}

/* The area's fixed baseline m0: configured, else from history. */
static double baseline_of(const struct pl_judge *judge, uint32_t area, double own)
{
    const struct pl_area_rule *rule = &judge->rules->areas[area];

    return isnan(rule->baseline) ? pooled(judge, area, rule->goal, own) : rule->baseline;
}

/* An experiment at its landmark: arm 0 is the control, the others follow in their order. */
struct landmark {
    struct pl_measure_where where;
    const struct pl_area_rule *area;
    unsigned n;
    unsigned arms[PL_VARIANTS_MAX];
    struct pl_measure_arm goal[PL_VARIANTS_MAX];
};

static bool enough(const struct landmark *at)
{
    for (unsigned arm = 0; arm < at->n; arm++)
        if (!pl_measure_enough_to_enter(at->where.rules, at->area->goal, &at->goal[arm]))
            return false;
    return true;
}

static struct pl_effect scaled(const struct landmark *at, uint32_t metric, const struct pl_effect *absolute,
                               double baseline)
{
    return pl_effect_scaled(absolute, baseline, at->area->coverage, at->where.rules->metrics[metric].lower_is_better);
}

/* What the same units got. Both estimates are adjusted by their own covariates, and so is their covariance. It needs as
 * much data as the goal: of too little, or where the covariance is not kept, it is not known. */
static void measure_value(const struct pl_judge *judge, const struct landmark *at, double goal_theta,
                          struct pl_row *row)
{
    const struct pl_rules *rules = at->where.rules;
    uint32_t goal = at->area->goal, value = at->area->value;
    struct pl_measure_arm a = pl_measure_arm(&at->where, at->arms[0], value);
    struct pl_measure_arm b = pl_measure_arm(&at->where, at->arms[1], value);
    struct pl_cuped effect = pl_measure_effect(rules, value, &a, &b, true);
    double thetas[2] = {goal_theta, effect.theta}, mean = pl_measure_mean(rules, value, &a);
    double baseline = pooled(judge, row->area, value, mean);
    double sign = rules->metrics[goal].lower_is_better != rules->metrics[value].lower_is_better ? -1 : 1;
    struct pl_effect in_unit = scaled(at, value, &effect.absolute, baseline);
    double cov = pl_measure_covariance(&at->where, at->arms, (const uint32_t[]){goal, value}, thetas);

    if (!pl_measure_enough_to_enter(rules, value, &a) || !pl_measure_enough_to_enter(rules, value, &b) ||
        !(in_unit.se > 0) || !isfinite(in_unit.se) || !isfinite(in_unit.estimate) || isnan(cov))
        return;
    row->value = (struct pl_row_value){
        .effect = in_unit.estimate,
        .se = in_unit.se,
        .cov = sign * cov * at->area->coverage * at->area->coverage / fabs(row->baseline) / fabs(baseline),
        .mean_control = mean,
    };
    memcpy(row->value.metric, rules->metrics[value].id, sizeof(row->value.metric));
}

static void measure_one(const struct pl_judge *judge, const struct landmark *at, struct pl_row *row)
{
    uint32_t goal = at->area->goal;
    struct pl_cuped effect = pl_measure_effect(at->where.rules, goal, &at->goal[0], &at->goal[1], true);
    struct pl_effect in_unit = scaled(at, goal, &effect.absolute, row->baseline);

    row->effect = in_unit.estimate;
    row->se = in_unit.se;
    if (at->area->value != PL_RULES_NONE)
        measure_value(judge, at, effect.theta, row);
}

/* Several arms are not adjusted: each pair would have its own theta, and the control's mean would not be shared. */
static void measure_several(const struct landmark *at, struct pl_row *row)
{
    uint32_t goal = at->area->goal;
    double scale = at->area->coverage / fabs(row->baseline), square = 0;

    row->arms.n = at->n - 1;
    row->arms.shared = pl_measure_mean_variance(at->where.rules, goal, &at->goal[0]) * scale * scale;
    for (unsigned arm = 1; arm < at->n; arm++) {
        struct pl_cuped effect = pl_measure_effect(at->where.rules, goal, &at->goal[0], &at->goal[arm], false);
        struct pl_effect in_unit = scaled(at, goal, &effect.absolute, row->baseline);

        row->arms.effect[arm - 1] = in_unit.estimate;
        row->arms.se[arm - 1] = in_unit.se;
        row->effect = arm == 1 ? in_unit.estimate : fmax(row->effect, in_unit.estimate);
        square += in_unit.se * in_unit.se;
    }
    row->se = sqrt(square / row->arms.n);
}

/* A variant all of whose units were seen in others too is no arm. */
static struct landmark landmark_of(const struct pl_judge *judge, unsigned index, const struct pl_experiment_view *view,
                                   const struct judge_span *span)
{
    unsigned n = judge->sums.experiments[index].n_variants;
    struct landmark at = {.where = {judge->rules, &judge->sums, index, span->first, span->last},
                          .area = &judge->rules->areas[view->area]};

    at.arms[at.n++] = view->control;
    for (unsigned arm = 0; arm < n; arm++)
        if (arm != view->control && pl_judge_exposed(judge, index, arm, INT32_MIN, INT32_MAX) > 0)
            at.arms[at.n++] = arm;
    for (unsigned arm = 0; arm < at.n; arm++)
        at.goal[arm] = pl_measure_arm(&at.where, at.arms[arm], at.area->goal);
    return at;
}

static bool is_known(const struct pl_row *row)
{
    for (unsigned arm = 0; arm < row->arms.n; arm++)
        if (!isfinite(row->arms.effect[arm]) || !(row->arms.se[arm] > 0))
            return false;
    return isfinite(row->effect) && isfinite(row->se) && row->se > 0;
}

/* Nothing of a measurement that failed may stand in the ledger: it holds numbers. */
static void leave_out(struct pl_row *row)
{
    const struct pl_row nothing = pl_ledger_row(PL_ROW_RESULT);

    row->effect = row->se = PL_NAN;
    row->arms = nothing.arms;
    row->value = nothing.value;
    if (row->excluded == PL_ENTERED)
        row->excluded = PL_EXCLUDED_TOO_SMALL;
}

static void measure(const struct pl_judge *judge, unsigned index, const struct pl_experiment_view *view,
                    const struct judge_span *span, struct pl_row *row)
{
    struct landmark at = landmark_of(judge, index, view, span);

    if (!enough(&at)) {
        leave_out(row);
        return;
    }
    memcpy(row->metric, judge->rules->metrics[at.area->goal].id, sizeof(row->metric));
    row->mean_control = pl_measure_mean(judge->rules, at.area->goal, &at.goal[0]);
    row->n_control = (double)at.goal[0].units;
    row->baseline = baseline_of(judge, view->area, row->mean_control);
    if (at.n == 2)
        measure_one(judge, &at, row);
    else
        measure_several(&at, row);
    if (!is_known(row))
        leave_out(row);
}

/* A holdout is measured although the programme leaves it out; in its quarter nothing else may be wrong with it. */
static bool is_measured(const struct pl_judge *judge, unsigned index, const struct pl_row *row)
{
    return row->excluded == PL_ENTERED ||
           (row->excluded == PL_EXCLUDED_KIND && row->work == PL_WORK_HOLDOUT && !row->early &&
            pl_judge_arms(judge, index) == 2 && judge->rules->areas[row->area].goal != PL_RULES_NONE);
}

static double units_of(const struct pl_judge *judge, unsigned index)
{
    int64_t units = 0;

    for (unsigned arm = 0; arm < judge->sums.experiments[index].n_variants; arm++)
        units += pl_judge_exposed(judge, index, arm, INT32_MIN, INT32_MAX);
    return (double)units;
}

void pl_judge_row_of(const struct pl_judge *judge, unsigned index, int64_t tick_us, struct pl_row *row)
{
    const struct pl_sums_experiment *experiment = &judge->sums.experiments[index];
    struct pl_experiment_view view;
    struct judge_life life = pl_judge_life(judge, index);

    pl_judge_experiment(judge, index, &view);
    *row = pl_ledger_row(PL_ROW_RESULT);
    row->excluded = view.excluded;
    row->work = view.work;
    row->area = view.area;
    row->tick_us = tick_us;
    row->time_us = pl_judge_span(judge, &life).end_us;
    row->start_us = view.start_us;
    row->early = view.end_us != PL_TIME_NONE && view.end_us < row->time_us;
    row->shipped = life.shipped;
    row->cost = life.cost;
    row->units = units_of(judge, index);
    memcpy(row->id, experiment->name, sizeof(row->id));
    memcpy(row->experiment, experiment->name, sizeof(row->experiment));
}

void pl_judge_measure(const struct pl_judge *judge, unsigned index, struct pl_row *row)
{
    struct pl_experiment_view view;
    struct judge_life life = pl_judge_life(judge, index);
    struct judge_span span = pl_judge_span(judge, &life);

    if (!is_measured(judge, index, row))
        return;
    pl_judge_experiment(judge, index, &view);
    measure(judge, index, &view, &span, row);
}
