/* The rules seen from the count room: which metrics belong to an area, which words of a unit's entry in an experiment
 * are whose, and which pairs of variables are counted.
 *
 * Words of a metric there (measure.h tells what they hold): ratio none, mean two, every other one; one more, the last,
 * for the covariate of a metric with `before` that is no ratio.
 *
 * Pairs (CROSS cells) of an area, each once. A variable is x of a metric, or its covariate p:
 *   a metric with `before` that is no ratio: (x, p)
 *   a ratio of n and d: (n, d); with `before` also (n, p of d), (d, p of n), (p of n, p of d); the parts have the rest
 *   the area's goal and value metric, when they are two and no ratio: (x, x)
 *
 * Made once per shard from sealed rules, then only read. Owns its tables; the rules outlive it.
 */
#ifndef PL_CORE_COUNT_PLAN_H
#define PL_CORE_COUNT_PLAN_H

#include "core/rules.h"

#define PL_PLAN_AT 2 /* words of an experiment's entry before its metrics: header, t0 */

struct pl_plan_pair {
    uint32_t a, b; /* PL_CELL_VARIABLE, a below b */
};

struct pl_plan {
    const struct pl_rules *rules; /* ref: outlives us */
    uint32_t *at;                 /* owned, one per metric: where its words begin in an entry */
    uint32_t *n_words;            /* owned, one per metric */
    bool wide;                    /* some metric has more than one */
    uint32_t *entry;              /* owned, one per area: words of an entry */
    uint32_t *first;              /* owned, n_areas + 1: where an area's metrics begin in of_area */
    uint32_t *of_area;            /* owned, n_metrics: metric indexes, area by area in declared order */
    uint32_t *first_pair;         /* owned, n_areas + 1: where an area's pairs begin in pairs */
    struct pl_plan_pair *pairs;   /* owned, n_pairs, area by area */
    uint32_t n_pairs;
    uint32_t *first_partner;   /* owned, n_metrics + 1: where a metric's partners begin in partners */
    uint32_t *partners;        /* owned: variables that stand in a pair with x of the metric */
    uint32_t *first_of_funnel; /* owned, n_funnels + 1: where a funnel's metrics begin in of_funnel */
    uint32_t *of_funnel;       /* owned: metric indexes */
};

/* NULL when out of memory. */
struct pl_plan *pl_plan_new(const struct pl_rules *rules);
void pl_plan_free(struct pl_plan *plan);

/* Metrics of an area; *n of them. PL_RULES_NONE has none. */
const uint32_t *pl_plan_metrics(const struct pl_plan *plan, uint32_t area, uint32_t *n);

/* Words of an entry in an experiment of the area. PL_RULES_NONE: PL_PLAN_AT. */
uint32_t pl_plan_entry(const struct pl_plan *plan, uint32_t area);

/* Index in pairs of the first pair of an area; *n of them. PL_RULES_NONE has none. */
uint32_t pl_plan_pairs(const struct pl_plan *plan, uint32_t area, uint32_t *n);

/* Index in pairs, or PL_RULES_NONE when these two are none. */
uint32_t pl_plan_find_pair(const struct pl_plan *plan, uint32_t area, uint32_t a, uint32_t b);

/* Does the metric have a covariate of its own? */
static inline bool pl_plan_has_before(const struct pl_metric_rule *metric)
{
    return metric->before_us > 0 && metric->type != PL_METRIC_RATIO;
}

/* Variables that stand in a pair with x of the metric; *n of them. */
static inline const uint32_t *pl_plan_partners(const struct pl_plan *plan, uint32_t metric, uint32_t *n)
{
    *n = plan->first_partner[metric + 1] - plan->first_partner[metric];
    return plan->partners + plan->first_partner[metric];
}

/* Metrics of type funnel that name this funnel; *n of them. */
static inline const uint32_t *pl_plan_of_funnel(const struct pl_plan *plan, uint32_t funnel, uint32_t *n)
{
    *n = plan->first_of_funnel[funnel + 1] - plan->first_of_funnel[funnel];
    return plan->of_funnel + plan->first_of_funnel[funnel];
}

#endif
