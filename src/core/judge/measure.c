#include "core/judge/measure.h"

#include "core/judge/sequence.h"
#include "util/num.h"

#include <string.h>

#define MICRO2 ((double)PL_MICRO * (double)PL_MICRO)

static bool is_proportion(enum pl_metric_type type)
{
    return type == PL_METRIC_CONVERSION || type == PL_METRIC_RETENTION || type == PL_METRIC_FUNNEL ||
           type == PL_METRIC_TIME_TO;
}

static struct pl_cell range(const struct pl_measure_where *where, enum pl_cell_kind kind, unsigned arm, uint32_t detail)
{
    const struct pl_cell_key key = {
        .kind = (uint16_t)kind, .arm = (uint16_t)arm, .subject = where->experiment, .metric = detail};

    return pl_sums_range(where->sums, key, where->first, where->last);
}

static uint32_t variable(uint32_t metric, bool before)
{
    return PL_CELL_VARIABLE(metric, before) & 0xffff;
}

static pl_int128 cross(const struct pl_measure_where *where, unsigned arm, uint32_t a, uint32_t b)
{
    return range(where, PL_CELL_CROSS, arm, PL_CELL_PAIR(a, b)).sum2;
}

/* A metric or its covariate as variable `at` of the set. */
static void put_variable(const struct pl_measure_where *where, unsigned arm, uint32_t metric, unsigned at,
                         struct pl_moment_set *set)
{
    struct pl_cell x = range(where, PL_CELL_METRIC, arm, metric);

    set->sum[at] = x.sum;
    set->cross[at][at] = x.sum2;
}

static void put_before(const struct pl_measure_where *where, unsigned arm, uint32_t metric, unsigned at,
                       struct pl_moment_set *set)
{
    struct pl_cell p = range(where, PL_CELL_BEFORE, arm, metric);

    set->sum[at] = p.sum;
    set->cross[at][at] = p.sum2;
}

static void put_ratio(const struct pl_measure_where *where, unsigned arm, const struct pl_metric_rule *rule,
                      struct pl_moment_set *set)
{
    uint32_t variables[PL_CUPED_VARIABLES];
    unsigned n = rule->before_us ? 4 : 2;

    for (unsigned at = 0; at < n; at++) {
        variables[at] = variable(rule->parts[at % 2], at >= 2);
        if (at < 2)
            put_variable(where, arm, rule->parts[at], at, set);
        else
            put_before(where, arm, rule->parts[at - 2], at, set);
    }
    for (unsigned a = 0; a < n; a++)
        for (unsigned b = a + 1; b < n; b++)
            set->cross[a][b] = cross(where, arm, variables[a], variables[b]);
}

struct pl_measure_arm pl_measure_arm(const struct pl_measure_where *where, unsigned arm, uint32_t metric)
{
    const struct pl_metric_rule *rule = &where->rules->metrics[metric];
    uint32_t counted = rule->type == PL_METRIC_RATIO ? rule->parts[0] : metric;
    struct pl_measure_arm result = {.units = range(where, PL_CELL_EXPOSED, arm, 0).n};

    result.cell = range(where, PL_CELL_METRIC, arm, counted);
    if (rule->type != PL_METRIC_MEAN)
        result.cell.n = result.units;
    result.set.n = result.cell.n;
    if (rule->type == PL_METRIC_RATIO) {
        put_ratio(where, arm, rule, &result.set);
        return result;
    }
    result.set.sum[0] = result.cell.sum;
    result.set.cross[0][0] = result.cell.sum2;
    if (rule->before_us) {
        put_before(where, arm, metric, 1, &result.set);
        result.set.cross[0][1] = cross(where, arm, variable(metric, false), variable(metric, true));
    }
    return result;
}

static struct pl_moments moments_of(const struct pl_metric_rule *rule, const struct pl_measure_arm *arm)
{
    if (rule->type == PL_METRIC_RATIO)
        return pl_cuped_ratio_moments(&arm->set);
    return is_proportion(rule->type) ? pl_effect_proportion(&arm->cell) : pl_effect_mean(&arm->cell);
}

double pl_measure_mean(const struct pl_rules *rules, uint32_t metric, const struct pl_measure_arm *arm)
{
    return moments_of(&rules->metrics[metric], arm).mean;
}

double pl_measure_mean_variance(const struct pl_rules *rules, uint32_t metric, const struct pl_measure_arm *arm)
{
    struct pl_moments moments = moments_of(&rules->metrics[metric], arm);

    return moments.n > 0 ? moments.var / (double)moments.n : PL_NAN;
}

struct pl_cuped pl_measure_effect(const struct pl_rules *rules, uint32_t metric, const struct pl_measure_arm *control,
                                  const struct pl_measure_arm *treated, bool adjust)
{
    const struct pl_metric_rule *rule = &rules->metrics[metric];
    struct pl_moments a = moments_of(rule, control), b = moments_of(rule, treated);

    if (rule->before_us && adjust)
        return rule->type == PL_METRIC_RATIO ? pl_cuped_ratio(&control->set, &treated->set)
                                             : pl_cuped_mean(&control->set, &treated->set);
    return (struct pl_cuped){.kept = 1, .absolute = pl_effect_absolute(&a, &b), .relative = pl_effect_relative(&a, &b)};
}

/* Of one pair of variables over both arms: the covariance of their differences. */
static double covariance(const struct pl_measure_where *where, const unsigned arms[2], const struct pl_cell_key keys[2])
{
    double sum = 0;

    for (unsigned at = 0; at < 2; at++) {
        int64_t n = range(where, PL_CELL_EXPOSED, arms[at], 0).n;
        struct pl_cell x = range(where, (enum pl_cell_kind)keys[0].kind, arms[at], keys[0].metric);
        struct pl_cell y = range(where, (enum pl_cell_kind)keys[1].kind, arms[at], keys[1].metric);
        uint32_t a = variable(keys[0].metric, keys[0].kind == PL_CELL_BEFORE);
        uint32_t b = variable(keys[1].metric, keys[1].kind == PL_CELL_BEFORE);
        pl_int128 product = cross(where, arms[at], a, b);

        if (n < 2)
            return PL_NAN;
        sum += pl_effect_central(n, x.sum, y.sum, product) / (double)n / (double)(n - 1) / (double)n / MICRO2;
    }
    return sum;
}

/* Are the products of these two metrics kept? Only of totals over all units. */
static bool has_products(const struct pl_metric_rule *rule)
{
    return rule->type != PL_METRIC_RATIO && rule->type != PL_METRIC_MEAN;
}

double pl_measure_covariance(const struct pl_measure_where *where, const unsigned arms[2], const uint32_t metrics[2],
                             const double thetas[2])
{
    double sum = 0;

    if (!has_products(&where->rules->metrics[metrics[0]]) || !has_products(&where->rules->metrics[metrics[1]]))
        return PL_NAN;
    for (unsigned pair = 0; pair < 4; pair++) {
        const struct pl_cell_key keys[2] = {
            {.kind = pair & 1 ? PL_CELL_BEFORE : PL_CELL_METRIC, .metric = metrics[0]},
            {.kind = pair & 2 ? PL_CELL_BEFORE : PL_CELL_METRIC, .metric = metrics[1]},
        };
        double weight = (pair & 1 ? -thetas[0] : 1) * (pair & 2 ? -thetas[1] : 1);

        if (weight > 0 || weight < 0)
            sum += weight * covariance(where, arms, keys);
    }
    return sum;
}

static bool is_capped(const struct pl_metric_rule *rule)
{
    return is_proportion(rule->type) || rule->cap_micro > 0;
}

bool pl_measure_enough_to_enter(const struct pl_rules *rules, uint32_t metric, const struct pl_measure_arm *arm)
{
    const struct pl_metric_rule *rule = &rules->metrics[metric];
    bool capped = is_capped(rule);

    if (is_proportion(rule->type))
        return pl_effect_enough_conversions(&arm->cell);
    if (rule->type == PL_METRIC_RATIO)
        capped = is_capped(&rules->metrics[rule->parts[0]]) && is_capped(&rules->metrics[rule->parts[1]]);
    return pl_effect_enough_sum(&arm->cell, capped);
}

bool pl_measure_enough_to_show(const struct pl_rules *rules, uint32_t metric, const struct pl_measure_arm *control,
                               const struct pl_measure_arm *treated)
{
    if (is_proportion(rules->metrics[metric].type))
        return pl_sequence_enough_conversions(&control->cell, &treated->cell);
    return pl_sequence_enough_sum(&control->cell, &treated->cell);
}
