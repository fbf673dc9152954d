#include "core/rules_inside.h"

#include <assert.h>
#include <math.h>

#define BOUND_DEFAULT_MICRO (INT64_C(1000000000) * PL_MICRO)
#define BEFORE_MAX_US (28 * PL_DAY_US)

static bool reads_property(const struct pl_metric_rule *metric)
{
    return metric->type == PL_METRIC_SUM || metric->type == PL_METRIC_MEAN;
}

static bool is_total(enum pl_metric_type type)
{
    return type == PL_METRIC_CONVERSION || type == PL_METRIC_COUNT || type == PL_METRIC_SUM;
}

/* A ratio is made of two totals over the same window; the covariate of the ratio is that of its parts. */
static enum pl_status check_parts(const struct pl_rules *rules, const struct pl_metric_rule *metric, struct pl_err *err)
{
    for (unsigned at = 0; at < 2; at++) {
        const struct pl_metric_rule *part =
            metric->parts[at] < rules->n_metrics ? &rules->metrics[metric->parts[at]] : NULL;

        if (!part || part->area != metric->area || !is_total(part->type))
            return pl_err_set(err, PL_ERR_INPUT,
                              "metric '%s': a ratio needs two metrics of its area, of type conversion, count or sum",
                              metric->id);
        if (part->window_us != metric->window_us || part->before_us != metric->before_us)
            return pl_err_set(err, PL_ERR_INPUT, "metric '%s': window and before must be those of '%s'", metric->id,
                              part->id);
    }
    if (metric->parts[0] == metric->parts[1])
        return pl_err_set(err, PL_ERR_INPUT, "metric '%s': numerator and denominator are the same", metric->id);
    return PL_OK;
}

static enum pl_status check_funnel(const struct pl_rules *rules, const struct pl_metric_rule *metric,
                                   struct pl_err *err)
{
    if (metric->funnel < rules->n_funnels && rules->funnels[metric->funnel].area == metric->area)
        return PL_OK;
    return pl_err_set(err, PL_ERR_INPUT, "metric '%s': needs a funnel of its area", metric->id);
}

static enum pl_status check_source(const struct pl_rules *rules, const struct pl_metric_rule *metric,
                                   struct pl_err *err)
{
    bool made_of_others = metric->type == PL_METRIC_RATIO || metric->type == PL_METRIC_FUNNEL;

    if (reads_property(metric) && metric->value >= rules->n_values)
        return pl_err_set(err, PL_ERR_INPUT, "metric '%s': a sum or mean needs a property", metric->id);
    if (!reads_property(metric) && metric->value != PL_RULES_NONE)
        return pl_err_set(err, PL_ERR_INPUT, "metric '%s': only a sum or mean reads a property", metric->id);
    if (made_of_others && metric->events.n)
        return pl_err_set(err, PL_ERR_INPUT, "metric '%s': a ratio or funnel has no events of its own", metric->id);
    if (metric->type == PL_METRIC_RATIO)
        return check_parts(rules, metric, err);
    if (metric->type == PL_METRIC_FUNNEL)
        return check_funnel(rules, metric, err);
    return pl_rules_check_events(rules, "metric", metric->id, &metric->events, 1, err);
}

static enum pl_status check_window(const struct pl_metric_rule *metric, struct pl_err *err)
{
    if (metric->window_us < 1 || metric->window_us > PL_RULES_WINDOW_MAX_US)
        return pl_err_set(err, PL_ERR_INPUT, "metric '%s': window is not within 1us to 90d", metric->id);
    if (metric->from_us < 0 || metric->from_us >= metric->window_us)
        return pl_err_set(err, PL_ERR_INPUT, "metric '%s': from is not within 0 to the window", metric->id);
    if (metric->from_us > 0 && metric->type != PL_METRIC_RETENTION)
        return pl_err_set(err, PL_ERR_INPUT, "metric '%s': only retention has a from", metric->id);
    if (metric->before_us < 0 || metric->before_us > BEFORE_MAX_US || metric->before_us % PL_DAY_US)
        return pl_err_set(err, PL_ERR_INPUT, "metric '%s': before is not whole days up to 28d", metric->id);
    if (metric->before_us > 0 && !is_total(metric->type) && metric->type != PL_METRIC_RATIO)
        return pl_err_set(err, PL_ERR_INPUT, "metric '%s': before is for conversion, count, sum and ratio", metric->id);
    return PL_OK;
}

static enum pl_status check_metric(const struct pl_rules *rules, const struct pl_metric_rule *metric,
                                   struct pl_err *err)
{
    enum pl_status status;

    if ((unsigned)metric->type > PL_METRIC_TIME_TO)
        return pl_err_set(err, PL_ERR_INPUT, "metric '%s': unknown type", metric->id);
    if ((unsigned)metric->role > PL_ROLE_GUARDRAIL)
        return pl_err_set(err, PL_ERR_INPUT, "metric '%s': unknown role", metric->id);
    status = check_window(metric, err);
    if (status)
        return status;
    if (metric->cap_micro < 0 || metric->bound_micro < 1)
        return pl_err_set(err, PL_ERR_INPUT, "metric '%s': cap and bound must be positive", metric->id);
    if (!pl_rules_in_range(metric->n_star, 1, 1e12))
        return pl_err_set(err, PL_ERR_INPUT, "metric '%s': n_star is not within 1 to 1e12", metric->id);
    if (!isnan(metric->margin) && (metric->role != PL_ROLE_GUARDRAIL || !pl_rules_in_range(metric->margin, 0, 1)))
        return pl_err_set(err, PL_ERR_INPUT, "metric '%s': margin is for a guardrail, within 0 to 100%%", metric->id);
    return check_source(rules, metric, err);
}

enum pl_status pl_rules_add_metric(struct pl_rules *rules, const struct pl_metric_rule *metric, uint32_t *index,
                                   struct pl_err *err)
{
    struct pl_metric_rule row = *metric, *place;
    void *rows = rules->metrics;
    enum pl_status status = pl_rules_check_id("metric", metric->id, pl_rules_find_metric(rules, pl_span_of(metric->id)),
                                              rules->n_metrics == PL_RULES_METRICS_MAX, err);

    assert(!rules->by_action);
    if (!status)
        status = pl_rules_check_area(rules, "metric", metric->id, metric->area, err);
    if (status)
        return status;
    if (row.window_us == 0)
        row.window_us = 7 * PL_DAY_US;
    if (row.bound_micro == 0)
        row.bound_micro = BOUND_DEFAULT_MICRO;
    if (row.n_star == 0)
        row.n_star = 5000;
    if (row.margin == 0)
        row.margin = (double)NAN;
    status = check_metric(rules, &row, err);
    if (status)
        return status;
    place = pl_rules_grow(&rows, rules->n_metrics, sizeof(row));
    if (!place)
        return pl_rules_no_memory(err);
    rules->metrics = rows;
    *place = row;
    if (index)
        *index = rules->n_metrics;
    rules->n_metrics++;
    return PL_OK;
}
