#include "core/count/plan.h"

#include <stdlib.h>

struct pl_plan *pl_plan_new(const struct pl_rules *rules)
{
    struct pl_plan *plan = calloc(1, sizeof(*plan));
    uint32_t at = 0;

    if (!plan)
        return NULL;
    plan->rules = rules;
    plan->slots = calloc(rules->n_metrics + 1u, sizeof(*plan->slots));
    plan->first = calloc(rules->n_areas + 1u, sizeof(*plan->first));
    plan->of_area = calloc(rules->n_metrics + 1u, sizeof(*plan->of_area));
    if (!plan->slots || !plan->first || !plan->of_area) {
        pl_plan_free(plan);
        return NULL;
    }
    for (uint32_t area = 0; area < rules->n_areas; area++) {
        plan->first[area] = at;
        for (uint32_t metric = 0; metric < rules->n_metrics; metric++) {
            if (rules->metrics[metric].area != area)
                continue;
            plan->slots[metric] = at - plan->first[area];
            plan->of_area[at++] = metric;
        }
    }
    plan->first[rules->n_areas] = at;
    return plan;
}

void pl_plan_free(struct pl_plan *plan)
{
    if (!plan)
        return;
    free(plan->slots);
    free(plan->first);
    free(plan->of_area);
    free(plan);
}

const uint32_t *pl_plan_metrics(const struct pl_plan *plan, uint32_t area, uint32_t *n)
{
    *n = 0;
    if (area == PL_RULES_NONE)
        return plan->of_area;
    *n = plan->first[area + 1] - plan->first[area];
    return plan->of_area + plan->first[area];
}
