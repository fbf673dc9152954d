/* Rules for tests of the decoder: one area, "Order Completed" counted and summed by revenue, "Cart Opened" counted
 * only.
 */
#ifndef PL_TESTS_SUPPORT_RULES_FIXTURE_H
#define PL_TESTS_SUPPORT_RULES_FIXTURE_H

#include "core/rules.h"
#include "util/num.h"

#include <math.h>
#include <stdlib.h>

static inline void fixture_metric(struct pl_rules *rules, const char *id, enum pl_metric_type type, uint32_t action,
                                  uint32_t value)
{
    struct pl_metric_rule metric = {.type = type, .events = {{action}, 1}, .value = value};

    metric.window_us = 7 * PL_DAY_US;
    metric.bound_micro = INT64_C(1000000000000000);
    metric.n_star = 5000;
    (void)pl_span_copy(pl_span_of(id), metric.id, sizeof(metric.id));
    if (pl_rules_add_metric(rules, &metric, NULL, NULL))
        abort();
}

static inline struct pl_rules *fixture_rules(const char *value_path)
{
    struct pl_rules *rules = pl_rules_new();
    struct pl_area_rule area = {.id = "checkout",
                                .owner = "web",
                                .unit = "%",
                                .goal = PL_RULES_NONE,
                                .value = PL_RULES_NONE,
                                .funnel = PL_RULES_NONE,
                                .smallest_return = (double)NAN,
                                .false_alarm_every_years = 1,
                                .baseline = (double)NAN,
                                .coverage = 1,
                                .landmark_us = 14 * PL_DAY_US};
    uint32_t order, cart, value;

    if (!rules || pl_rules_add_area(rules, &area, NULL, NULL))
        abort();
    order = pl_rules_action(rules, pl_span_of("Order Completed"));
    cart = pl_rules_action(rules, pl_span_of("Cart Opened"));
    value = pl_rules_value(rules, pl_span_of(value_path));
    fixture_metric(rules, "orders", PL_METRIC_CONVERSION, order, PL_RULES_NONE);
    fixture_metric(rules, "revenue", PL_METRIC_SUM, order, value);
    fixture_metric(rules, "carts", PL_METRIC_CONVERSION, cart, PL_RULES_NONE);
    if (pl_rules_seal(rules, NULL))
        abort();
    return rules;
}

#endif
