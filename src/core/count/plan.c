#include "core/count/plan.h"

#include "core/cell.h"

#include <stdlib.h>

#define PAIRS_OF_METRIC 4 /* at most */
#define PAIRS_OF_AREA 4   /* of its goal with its value */

static uint32_t *table(uint32_t n)
{
    return calloc(n + 1u, sizeof(uint32_t));
}

static bool make_tables(struct pl_plan *plan)
{
    const struct pl_rules *rules = plan->rules;
    uint32_t most = rules->n_metrics * PAIRS_OF_METRIC + rules->n_areas * PAIRS_OF_AREA;

    plan->at = table(rules->n_metrics);
    plan->n_words = table(rules->n_metrics);
    plan->entry = table(rules->n_areas);
    plan->first = table(rules->n_areas);
    plan->of_area = table(rules->n_metrics);
    plan->first_pair = table(rules->n_areas);
    plan->pairs = calloc(most + 1u, sizeof(*plan->pairs));
    plan->first_partner = table(rules->n_metrics);
    plan->partners = table(most * 2);
    plan->first_of_funnel = table(rules->n_funnels);
    plan->of_funnel = table(rules->n_metrics);
    return plan->at && plan->n_words && plan->entry && plan->first && plan->of_area && plan->first_pair &&
           plan->pairs && plan->first_partner && plan->partners && plan->first_of_funnel && plan->of_funnel;
}

static uint32_t words_of(const struct pl_metric_rule *metric)
{
    uint32_t n = metric->type == PL_METRIC_RATIO ? 0 : metric->type == PL_METRIC_MEAN ? 2 : 1;

    return n + pl_plan_has_before(metric);
}

static void place_metrics(struct pl_plan *plan)
{
    const struct pl_rules *rules = plan->rules;
    uint32_t n = 0;

    for (uint32_t area = 0; area < rules->n_areas; area++) {
        plan->first[area] = n;
        plan->entry[area] = PL_PLAN_AT;
        for (uint32_t metric = 0; metric < rules->n_metrics; metric++) {
            if (rules->metrics[metric].area != area)
                continue;
            plan->at[metric] = plan->entry[area];
            plan->n_words[metric] = words_of(&rules->metrics[metric]);
            plan->wide |= plan->n_words[metric] > 1;
            plan->entry[area] += plan->n_words[metric];
            plan->of_area[n++] = metric;
        }
    }
    plan->first[rules->n_areas] = n;
}

static uint32_t find_pair(const struct pl_plan *plan, uint32_t from, uint32_t to, struct pl_plan_pair pair)
{
    for (uint32_t at = from; at < to; at++)
        if (plan->pairs[at].a == pair.a && plan->pairs[at].b == pair.b)
            return at;
    return PL_RULES_NONE;
}

static void add_pair(struct pl_plan *plan, uint32_t area, uint32_t a, uint32_t b)
{
    struct pl_plan_pair pair = {a < b ? a : b, a < b ? b : a};

    if (find_pair(plan, plan->first_pair[area], plan->n_pairs, pair) == PL_RULES_NONE)
        plan->pairs[plan->n_pairs++] = pair;
}

static void add_pairs_of(struct pl_plan *plan, uint32_t index)
{
    const struct pl_metric_rule *metric = &plan->rules->metrics[index];
    uint32_t top = metric->parts[0], below = metric->parts[1];

    if (pl_plan_has_before(metric))
        add_pair(plan, metric->area, PL_CELL_VARIABLE(index, 0), PL_CELL_VARIABLE(index, 1));
    if (metric->type != PL_METRIC_RATIO)
        return;
    add_pair(plan, metric->area, PL_CELL_VARIABLE(top, 0), PL_CELL_VARIABLE(below, 0));
    if (metric->before_us == 0)
        return;
    add_pair(plan, metric->area, PL_CELL_VARIABLE(top, 0), PL_CELL_VARIABLE(below, 1));
    add_pair(plan, metric->area, PL_CELL_VARIABLE(below, 0), PL_CELL_VARIABLE(top, 1));
    add_pair(plan, metric->area, PL_CELL_VARIABLE(top, 1), PL_CELL_VARIABLE(below, 1));
}

static bool has_x(const struct pl_rules *rules, uint32_t metric)
{
    return metric != PL_RULES_NONE && rules->metrics[metric].type != PL_METRIC_RATIO;
}

/* The covariance of two adjusted effects, x - theta p and y - theta' q, takes every product of the four. */
static void add_goal_and_value(struct pl_plan *plan, uint32_t index)
{
    const struct pl_area_rule *area = &plan->rules->areas[index];

    if (!has_x(plan->rules, area->goal) || !has_x(plan->rules, area->value) || area->goal == area->value)
        return;
    for (uint32_t which = 0; which < PAIRS_OF_AREA; which++) {
        uint32_t of_goal = which & 1, of_value = which >> 1;

        if ((!of_goal || pl_plan_has_before(&plan->rules->metrics[area->goal])) &&
            (!of_value || pl_plan_has_before(&plan->rules->metrics[area->value])))
            add_pair(plan, index, PL_CELL_VARIABLE(area->goal, of_goal), PL_CELL_VARIABLE(area->value, of_value));
    }
}

static void list_pairs(struct pl_plan *plan)
{
    const struct pl_rules *rules = plan->rules;

    for (uint32_t at = 0; at < rules->n_areas; at++) {
        plan->first_pair[at] = plan->n_pairs;
        for (uint32_t slot = plan->first[at]; slot < plan->first[at + 1]; slot++)
            add_pairs_of(plan, plan->of_area[slot]);
        add_goal_and_value(plan, at);
    }
    plan->first_pair[rules->n_areas] = plan->n_pairs;
}

static void list_partners(struct pl_plan *plan)
{
    uint32_t n = 0;

    for (uint32_t metric = 0; metric < plan->rules->n_metrics; metric++) {
        uint32_t x = PL_CELL_VARIABLE(metric, 0);

        plan->first_partner[metric] = n;
        for (uint32_t at = 0; at < plan->n_pairs; at++) {
            if (plan->pairs[at].a == x)
                plan->partners[n++] = plan->pairs[at].b;
            else if (plan->pairs[at].b == x)
                plan->partners[n++] = plan->pairs[at].a;
        }
    }
    plan->first_partner[plan->rules->n_metrics] = n;
}

static void list_of_funnels(struct pl_plan *plan)
{
    const struct pl_rules *rules = plan->rules;
    uint32_t n = 0;

    for (uint32_t funnel = 0; funnel < rules->n_funnels; funnel++) {
        plan->first_of_funnel[funnel] = n;
        for (uint32_t metric = 0; metric < rules->n_metrics; metric++)
            if (rules->metrics[metric].type == PL_METRIC_FUNNEL && rules->metrics[metric].funnel == funnel)
                plan->of_funnel[n++] = metric;
    }
    plan->first_of_funnel[rules->n_funnels] = n;
}

struct pl_plan *pl_plan_new(const struct pl_rules *rules)
{
    struct pl_plan *plan = calloc(1, sizeof(*plan));

    if (!plan)
        return NULL;
    plan->rules = rules;
    if (!make_tables(plan)) {
        pl_plan_free(plan);
        return NULL;
    }
    place_metrics(plan);
    list_pairs(plan);
    list_partners(plan);
    list_of_funnels(plan);
    return plan;
}

void pl_plan_free(struct pl_plan *plan)
{
    if (!plan)
        return;
    free(plan->at);
    free(plan->n_words);
    free(plan->entry);
    free(plan->first);
    free(plan->of_area);
    free(plan->first_pair);
    free(plan->pairs);
    free(plan->first_partner);
    free(plan->partners);
    free(plan->first_of_funnel);
    free(plan->of_funnel);
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

uint32_t pl_plan_entry(const struct pl_plan *plan, uint32_t area)
{
    return area == PL_RULES_NONE ? PL_PLAN_AT : plan->entry[area];
}

uint32_t pl_plan_pairs(const struct pl_plan *plan, uint32_t area, uint32_t *n)
{
    *n = 0;
    if (area == PL_RULES_NONE)
        return 0;
    *n = plan->first_pair[area + 1] - plan->first_pair[area];
    return plan->first_pair[area];
}

uint32_t pl_plan_find_pair(const struct pl_plan *plan, uint32_t area, uint32_t a, uint32_t b)
{
    uint32_t n, from = pl_plan_pairs(plan, area, &n);

    return find_pair(plan, from, from + n, (struct pl_plan_pair){a < b ? a : b, a < b ? b : a});
}
