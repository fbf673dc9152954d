/* The rules seen from the count room: which metrics belong to an area, and where each has its place in a unit's state.
 *
 * Made once per shard from sealed rules, then only read. Owns its tables; the rules outlive it.
 */
#ifndef PL_CORE_COUNT_PLAN_H
#define PL_CORE_COUNT_PLAN_H

#include "core/rules.h"

struct pl_plan {
    const struct pl_rules *rules; /* ref: outlives us */
    uint32_t *slots;              /* owned, one per metric: its position among its area's metrics */
    uint32_t *first;              /* owned, n_areas + 1: where an area's metrics begin in of_area */
    uint32_t *of_area;            /* owned, n_metrics: metric indexes, area by area in declared order */
};

/* NULL when out of memory. */
struct pl_plan *pl_plan_new(const struct pl_rules *rules);
void pl_plan_free(struct pl_plan *plan);

/* Metrics of an area; *n of them. PL_RULES_NONE has none. */
const uint32_t *pl_plan_metrics(const struct pl_plan *plan, uint32_t area, uint32_t *n);

#endif
